// SPDX-License-Identifier: GPL-2.0-only
#include "harness.h"

#include <stdlib.h>

#include "channel/total.h"

#define HOUR_NS (3600 * NS_PER_SEC)
#define DAY_NS (24 * HOUR_NS)

static struct local_day day_of(const char *zone, int64_t wall_s)
{
	setenv("TZ", zone, 1);
	clock_load_zone();
	return clock_local_day(wall_s * 1000);
}

TEST(a_day_begins_at_local_midnight)
{
	/* 2026-07-01 12:00:00 UTC */
	struct local_day utc = day_of("UTC", 1782907200), berlin = day_of("CET-1CEST,M3.5.0,M10.5.0/3",
									   1782907200);

	EXPECT_EQ(utc.number, 20260701);
	EXPECT_EQ(utc.since_ns, 12 * HOUR_NS);
	EXPECT_EQ(berlin.number, 20260701);
	EXPECT_EQ(berlin.since_ns, 14 * HOUR_NS);
	/* 23:30 UTC is tomorrow in Berlin. */
	berlin = day_of("CET-1CEST,M3.5.0,M10.5.0/3", 1782907200 + 11 * 3600 + 1800);
	EXPECT_EQ(berlin.number, 20260702);
	EXPECT_EQ(berlin.since_ns, HOUR_NS + HOUR_NS / 2);
}

TEST(where_summer_time_begins_or_ends_a_day_has_its_true_length)
{
	const char *berlin = "CET-1CEST,M3.5.0,M10.5.0/3";

	/* 2026-03-29: 2:00 is 3:00. At 12:00 CEST, 10:00 UTC, eleven hours are over. */
	EXPECT_EQ(day_of(berlin, 1774778400).since_ns, 11 * HOUR_NS);
	EXPECT_EQ(day_of(berlin, 1774778400).number, 20260329);
	/* 2026-10-25: 3:00 is 2:00. At 12:00 CET, 11:00 UTC, thirteen. */
	EXPECT_EQ(day_of(berlin, 1792926000).since_ns, 13 * HOUR_NS);
	EXPECT_EQ(day_of(berlin, 1792926000).number, 20261025);
	/* Half an hour after midnight nothing has changed yet. */
	EXPECT_EQ(day_of(berlin, 1774778400 - 11 * 3600 + 1800).since_ns, HOUR_NS / 2);
}

/* 500 umol/m2/s for 16 h is 28.8 mol/m2, 200 for 12 h is 8.64 (PPFD x 3600 x hours / 10^6). */
TEST(a_photoperiod_gives_its_integral)
{
	struct total total = { 0 };
	const struct local_day day = { 20260701, 0 };

	total_turn_day(&total, &day);
	for (int i = 0; i < 16 * 3600; i++)
		total_add(&total, 500e-6, NS_PER_SEC, DAY_NS);
	EXPECT_NEAR(total.sum, 28.8, 1e-9);
	total = (struct total){ 0 };
	for (int i = 0; i < 12 * 3600; i++)
		total_add(&total, 200e-6, NS_PER_SEC, DAY_NS);
	EXPECT_NEAR(total.sum, 8.64, 1e-9);
}

TEST(a_new_day_begins_with_what_came_after_midnight)
{
	struct total total = { 0 };

	total_turn_day(&total, &(struct local_day){ 20260701, 0 });
	total_add(&total, 3, 10 * NS_PER_SEC, DAY_NS);
	total_turn_day(&total, &(struct local_day){ 20260701, 0 });
	EXPECT_NEAR(total.sum, 30, 1e-12);
	total_turn_day(&total, &(struct local_day){ 20260702, 0 });
	total_add(&total, 3, NS_PER_SEC, NS_PER_SEC / 4);
	EXPECT_NEAR(total.sum, 0.75, 1e-12);
	EXPECT_EQ(total.seen_ns, NS_PER_SEC / 4);
}

TEST(what_was_not_seen_is_missing)
{
	struct total total = { .seen_ns = 9 * HOUR_NS };

	EXPECT_NEAR(total_missing(&total, 9 * HOUR_NS, DAY_NS), 0, 0);
	EXPECT_NEAR(total_missing(&total, 8 * HOUR_NS, DAY_NS), 0, 0);
	EXPECT_NEAR(total_missing(&total, 12 * HOUR_NS, DAY_NS), 0.125, 1e-12);
	EXPECT_NEAR(total_missing(&total, 12 * HOUR_NS, 12 * HOUR_NS), 0.25, 1e-12);
	EXPECT_NEAR(total_missing(&total, 0, 0), 0, 0);
}

FIXTURE(output)
{
	struct output_total total;
	struct output_level level;
	uint64_t now_ns;
};

FIXTURE_SETUP(output)
{
	self->level.is_known = true;
	self->level.changed_ns = 1;
	self->now_ns = 100 * NS_PER_SEC;
	output_total_take(&self->total, &self->level, 2, self->now_ns, DAY_NS);
}

FIXTURE_TEARDOWN(output)
{
}

/* Looked at @later_ms after the time before; the output was switched @ago_ms before that. */
static void look(struct fixture_output *self, bool on, uint64_t later_ms, uint64_t ago_ms)
{
	self->now_ns += later_ms * NS_PER_MS;
	if (on != self->level.on)
		self->level.changed_ns = self->now_ns - ago_ms * NS_PER_MS;
	self->level.on = on;
	output_total_take(&self->total, &self->level, 2, self->now_ns, DAY_NS);
}

TEST_F(output, is_counted_from_the_change_and_not_from_when_it_was_seen)
{
	look(self, true, 100, 30);
	EXPECT_NEAR(self->total.total.sum, 0.06, 1e-12);
	look(self, true, 100, 0);
	look(self, false, 100, 90);
	EXPECT_NEAR(self->total.total.sum, 0.28, 1e-12);
	look(self, false, 5000, 0);
	EXPECT_NEAR(self->total.total.sum, 0.28, 1e-12);
	EXPECT_EQ(self->total.total.seen_ns, 5300 * NS_PER_MS);
}

TEST_F(output, a_change_that_is_told_late_is_put_right)
{
	look(self, false, 100, 0);
	look(self, true, 0, 40);
	EXPECT_NEAR(self->total.total.sum, 0.08, 1e-12);
	look(self, true, 100, 0);
	/* It went off 20 ms before that. */
	look(self, false, 0, 20);
	EXPECT_NEAR(self->total.total.sum, 0.24, 1e-12);
	EXPECT_EQ(self->total.total.seen_ns, 200 * NS_PER_MS);
}

TEST_F(output, what_nobody_saw_is_not_counted)
{
	look(self, true, 0, 0);
	output_total_break(&self->total);
	look(self, true, 60000, 0);
	EXPECT_NEAR(self->total.total.sum, 0, 0);
	self->level.is_known = false;
	look(self, true, 1000, 0);
	self->level.is_known = true;
	look(self, true, 1000, 0);
	EXPECT_NEAR(self->total.total.sum, 0, 0);
	look(self, true, 1000, 0);
	EXPECT_NEAR(self->total.total.sum, 2, 1e-12);
	EXPECT_EQ(self->total.total.seen_ns, NS_PER_SEC);
}

TEST_F(output, over_midnight_only_what_came_after_it_counts)
{
	look(self, true, 0, 0);
	total_turn_day(&self->total.total, &(struct local_day){ 20260702, 0 });
	self->now_ns += NS_PER_SEC;
	self->level.on = false;
	self->level.changed_ns = self->now_ns - 100 * NS_PER_MS;
	/* 300 ms after midnight; it was on for 200 of them. */
	output_total_take(&self->total, &self->level, 2, self->now_ns, 300 * NS_PER_MS);
	EXPECT_NEAR(self->total.total.sum, 0.4, 1e-12);
	EXPECT_EQ(self->total.total.seen_ns, 300 * NS_PER_MS);
}
