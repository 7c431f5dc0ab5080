// SPDX-License-Identifier: GPL-2.0-only
#include "harness.h"

#include <math.h>

#include "base/clock.h"
#include "channel/judge.h"

static const struct conf_channel channel = { .min = 3.5, .max = 9, .stale_ms = 3000 };

TEST(bounds_belong_to_the_range)
{
	EXPECT_EQ(judge_value(&channel, 3.5, NULL), Q_GOOD);
	EXPECT_EQ(judge_value(&channel, 9, NULL), Q_GOOD);
	EXPECT_EQ(judge_value(&channel, 3.4999, NULL), Q_BAD_RANGE);
	EXPECT_EQ(judge_value(&channel, 9.0001, NULL), Q_BAD_RANGE);
}

TEST(what_is_not_finite_is_out_of_range)
{
	const struct conf_channel voltage = { .min = -INFINITY, .max = INFINITY };

	EXPECT_EQ(judge_value(&channel, NAN, NULL), Q_BAD_RANGE);
	EXPECT_EQ(judge_value(&voltage, NAN, NULL), Q_BAD_RANGE);
	EXPECT_EQ(judge_value(&voltage, INFINITY, NULL), Q_BAD_RANGE);
	EXPECT_EQ(judge_value(&voltage, -INFINITY, NULL), Q_BAD_RANGE);
	EXPECT_EQ(judge_value(&voltage, -1e300, NULL), Q_GOOD);
}

TEST(compensation_is_as_good_as_its_temperature)
{
	const struct temperature good = { 20, true, true }, old = { 20, true, false };
	const struct temperature never = { 0, false, false };

	EXPECT_EQ(judge_value(&channel, 6, &good), Q_GOOD);
	EXPECT_EQ(judge_value(&channel, 6, &old), Q_UNCERTAIN_TEMPERATURE);
	EXPECT_EQ(judge_value(&channel, 6, &never), Q_BAD_NOT_READY);
	EXPECT_EQ(judge_value(&channel, 99, &good), Q_BAD_RANGE);
	EXPECT_EQ(judge_value(&channel, 99, &old), Q_BAD_RANGE);
}

TEST(stale_begins_after_stale_for)
{
	const uint64_t then = 1000 * NS_PER_SEC;

	EXPECT_FALSE(judge_is_stale(&channel, then, then));
	EXPECT_FALSE(judge_is_stale(&channel, then, then + 3000 * NS_PER_MS));
	EXPECT_TRUE(judge_is_stale(&channel, then, then + 3000 * NS_PER_MS + 1));
	EXPECT_FALSE(judge_is_stale(&channel, then + NS_PER_SEC, then));
	EXPECT_TRUE(judge_is_stale(&channel, then + NS_PER_SEC + 1, then));
	EXPECT_TRUE(judge_is_stale(&channel, UINT64_MAX, then));
}

TEST(each_quality_has_a_name)
{
	EXPECT_STREQ(quality_name(Q_GOOD), "good");
	EXPECT_STREQ(quality_name(Q_UNCERTAIN_TEMPERATURE), "temperature");
	EXPECT_STREQ(quality_name(Q_BAD_READ), "read error");
	EXPECT_STREQ(quality_name(Q_BAD_RANGE), "out of range");
	EXPECT_STREQ(quality_name(Q_BAD_STALE), "stale");
	EXPECT_STREQ(quality_name(Q_BAD_NOT_READY), "not ready");
	EXPECT_STREQ(quality_name(99), "uncertain");
	EXPECT_STREQ(quality_name(255), "bad");
}
