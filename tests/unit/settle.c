// SPDX-License-Identifier: GPL-2.0-only
#include "harness.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "channel/settle.h"

FIXTURE(settle)
{
	struct settle settle;
	uint64_t now_ns;
};

FIXTURE_SETUP(settle)
{
	const struct settle_limits limits = settle_limits_of(QUANTITY_PH, 1500);

	EXPECT_NEAR(limits.band, 1, 0);
	EXPECT_EQ(limits.hold_ms, 20000);
	settle_begin(&self->settle, &limits);
	self->now_ns = 1000 * NS_PER_SEC;
}

FIXTURE_TEARDOWN(settle)
{
}

static struct settle_state read_for(struct fixture_settle *self, double seconds, double from,
				    double each_second)
{
	for (double s = 0; s < seconds; s++) {
		self->now_ns += NS_PER_SEC;
		settle_take(&self->settle, self->now_ns, from + s * each_second);
	}
	return settle_judge(&self->settle);
}

TEST_F(settle, nothing_is_not_settled)
{
	struct settle_state state = settle_judge(&self->settle);

	EXPECT_FALSE(state.is_settled);
	EXPECT_EQ(state.left_ms, 20000);
	EXPECT_TRUE(isnan(state.mean));
}

TEST_F(settle, counts_down_and_is_settled)
{
	struct settle_state state = read_for(self, 11, 1500, 0);

	EXPECT_FALSE(state.is_settled);
	EXPECT_EQ(state.held_ms, 10000);
	EXPECT_EQ(state.left_ms, 10000);
	state = read_for(self, 10, 1500, 0);
	EXPECT_TRUE(state.is_settled);
	EXPECT_EQ(state.left_ms, 0);
	EXPECT_NEAR(state.mean, 1500, 1e-9);
	EXPECT_NEAR(state.spread, 0, 1e-9);
}

TEST_F(settle, noise_within_the_band_does_no_harm)
{
	struct settle_state state;

	for (int i = 0; i < 40; i++)
		state = read_for(self, 1, i % 2 ? 1500.4 : 1499.6, 0);
	EXPECT_TRUE(state.is_settled);
	EXPECT_NEAR(state.spread, 0.8, 1e-9);
	EXPECT_NEAR(state.mean, 1500, 0.05);
}

TEST_F(settle, a_jump_begins_anew)
{
	struct settle_state state;

	read_for(self, 19, 1500, 0);
	state = read_for(self, 1, 1501.5, 0);
	EXPECT_EQ(state.readings, 1);
	EXPECT_EQ(state.left_ms, 20000);
}

TEST_F(settle, a_slow_drift_never_settles)
{
	struct settle_state state = { 0 };

	/* 2.4 mV a minute: within the band for 25 s, and on its way all the same. */
	for (int i = 0; i < 300; i++) {
		state = read_for(self, 1, 1500 + i * 0.04, 0);
		EXPECT_FALSE(state.is_settled);
	}
	EXPECT_TRUE(state.drifts);
	EXPECT_NEAR(state.drift_a_min, 2.4, 1e-6);
}

TEST_F(settle, bad_readings_and_pauses_prove_nothing)
{
	struct settle_state state;

	read_for(self, 19, 1500, 0);
	settle_break(&self->settle);
	state = read_for(self, 2, 1500, 0);
	EXPECT_EQ(state.held_ms, 1000);
	read_for(self, 19, 1500, 0);
	self->now_ns += 11 * NS_PER_SEC;
	state = read_for(self, 1, 1500, 0);
	EXPECT_EQ(state.held_ms, 0);
	settle_take(&self->settle, self->now_ns + NS_PER_SEC, NAN);
	EXPECT_EQ(settle_judge(&self->settle).readings, 0);
}

TEST_F(settle, a_reading_that_was_seen_already_counts_once)
{
	read_for(self, 3, 1500, 0);
	for (int i = 0; i < 100; i++)
		settle_take(&self->settle, self->now_ns, 1500);
	EXPECT_EQ(settle_judge(&self->settle).readings, 3);
}

TEST_F(settle, few_readings_are_not_enough)
{
	struct settle_state state = { 0 };

	for (int i = 0; i < 4; i++) {
		self->now_ns += 8 * NS_PER_SEC;
		settle_take(&self->settle, self->now_ns, 1500);
		state = settle_judge(&self->settle);
	}
	EXPECT_EQ(state.held_ms, 24000);
	EXPECT_FALSE(state.is_settled);
	EXPECT_EQ(state.left_ms, 1000);
}

TEST_F(settle, the_oldest_go_when_it_is_full)
{
	struct settle_state state = read_for(self, 3 * SETTLE_READINGS, 1500, 0);

	EXPECT_TRUE(state.is_settled);
	EXPECT_EQ(state.readings, SETTLE_READINGS);
}
