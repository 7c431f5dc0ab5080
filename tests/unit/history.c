// SPDX-License-Identifier: GPL-2.0-only
/* Samples summed up in steps of time. */
#include "harness.h"

#include <math.h>
#include <stdlib.h>

#include "spool/history.h"

#define SECOND 1000
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

FIXTURE(history)
{
	struct history history;
	struct spool_schema schema;
};

FIXTURE_SETUP(history)
{
	self->schema.series_n = 2;
	self->schema.series[0] = (struct spool_series){ "ph-a", "ph", "pH", 2 };
	self->schema.series[1] = (struct spool_series){ "ec-a", "ec", "uS/cm", 0 };
}

FIXTURE_TEARDOWN(history) { history_end(&self->history); }

static void add(struct fixture_history *self, uint16_t channel, int64_t ms, double value, uint8_t q)
{
	struct sample sample = { .wall_ms = ms, .value = value, .channel = channel, .q = q };

	history_explain(&self->history, &self->schema);
	history_add(&self->history, &sample);
}

TEST_F(history, sums_up_each_step_by_itself)
{
	const struct history_step *steps;

	ASSERT_TRUE(history_begin(&self->history, 1000, 3001, 1000));
	EXPECT_EQ(self->history.steps_n, 3);
	add(self, 0, 999, 9, Q_GOOD);
	add(self, 0, 1000, 5, Q_GOOD);
	add(self, 0, 1500, 7, Q_UNCERTAIN_TEMPERATURE);
	add(self, 0, 1200, 3, Q_GOOD);
	add(self, 0, 1999, 0, Q_BAD_READ);
	add(self, 0, 3999, -1, Q_GOOD);
	add(self, 0, 4000, 8, Q_GOOD);
	ASSERT_EQ(self->history.series_n, 1);
	EXPECT_STREQ(self->history.series[0].series.channel, "ph-a");
	steps = self->history.series[0].steps;
	EXPECT_EQ(steps[0].n, 3);
	EXPECT_EQ(steps[0].without, 1);
	EXPECT_EQ(steps[0].uncertain, 1);
	EXPECT_TRUE(steps[0].least == 3 && steps[0].least_ms == 1200);
	EXPECT_TRUE(steps[0].greatest == 7 && steps[0].greatest_ms == 1500);
	/* The newest by its stamp, in whichever order they came. */
	EXPECT_TRUE(steps[0].last == 7 && steps[0].last_ms == 1500);
	EXPECT_TRUE(history_mean(&steps[0]) == 5);
	EXPECT_EQ(steps[1].n + steps[1].without, 0);
	EXPECT_TRUE(history_mean(&steps[1]) == 0);
	EXPECT_EQ(steps[2].n, 1);
	EXPECT_TRUE(steps[2].least == -1 && steps[2].greatest == -1);
}

TEST_F(history, keeps_apart_what_is_measured_otherwise)
{
	ASSERT_TRUE(history_begin(&self->history, 0, 10, 10));
	add(self, 1, 1, 100, Q_GOOD);
	add(self, 0, 1, 6, Q_GOOD);
	/* The same memory with another schema: channels in another order, one in another unit. */
	self->schema.series[0] = (struct spool_series){ "ec-a", "ec", "mS/cm", 3 };
	self->schema.series[1] = (struct spool_series){ "ph-a", "ph", "pH", 2 };
	add(self, 0, 2, 0.1, Q_GOOD);
	add(self, 1, 2, 7, Q_GOOD);
	/* More exact than before. */
	self->schema.series[1].decimals = 4;
	add(self, 1, 3, 6.5, Q_GOOD);
	EXPECT_EQ(self->history.series[1].series.decimals, 4);
	ASSERT_EQ(self->history.series_n, 3);
	EXPECT_STREQ(self->history.series[0].series.unit, "uS/cm");
	EXPECT_TRUE(self->history.series[0].steps[0].n == 1);
	EXPECT_STREQ(self->history.series[1].series.channel, "ph-a");
	EXPECT_TRUE(history_mean(self->history.series[1].steps) == 6.5);
	EXPECT_STREQ(self->history.series[2].series.unit, "mS/cm");
}

TEST_F(history, counts_what_it_has_no_room_for)
{
	ASSERT_TRUE(history_begin(&self->history, 0, 10, 10));
	for (int i = 0; i < HISTORY_SERIES_MAX + 3; i++) {
		snprintf(self->schema.series[0].channel, HYDROPON_NAME_MAX, "c%d", i);
		add(self, 0, 1, 6, Q_GOOD);
	}
	EXPECT_EQ(self->history.series_n, HISTORY_SERIES_MAX);
	EXPECT_EQ(self->history.left_out, 3);
}

TEST_F(history, not_a_number_is_no_value)
{
	ASSERT_TRUE(history_begin(&self->history, 0, 10, 10));
	add(self, 0, 1, (double)NAN, Q_GOOD);
	add(self, 0, 1, (double)INFINITY, Q_GOOD);
	EXPECT_EQ(self->history.series[0].steps[0].n, 0);
	EXPECT_EQ(self->history.series[0].steps[0].without, 2);
}

TEST_F(history, a_mean_is_between_the_others_whatever_they_are)
{
	const struct history_step *step;

	ASSERT_TRUE(history_begin(&self->history, 0, 30, 10));
	add(self, 0, 1, 1.7e308, Q_GOOD);
	add(self, 0, 2, 1.7e308, Q_GOOD);
	add(self, 0, 11, -1.7e308, Q_GOOD);
	add(self, 0, 12, -1.7e308, Q_GOOD);
	add(self, 0, 13, 1, Q_GOOD);
	step = self->history.series[0].steps;
	EXPECT_TRUE(history_mean(&step[0]) == 1.7e308);
	EXPECT_TRUE(history_mean(&step[1]) == -1.7e308);
	EXPECT_TRUE(history_mean(&step[2]) == 0);
}

TEST_F(history, refuses_steps_without_end)
{
	EXPECT_FALSE(history_begin(&self->history, 10, 10, 1));
	EXPECT_FALSE(history_begin(&self->history, 10, 9, 1));
	EXPECT_FALSE(history_begin(&self->history, 0, 10, 0));
	EXPECT_FALSE(history_begin(&self->history, INT64_MIN, INT64_MAX, 1));
	EXPECT_FALSE(history_begin(&self->history, 0, HISTORY_STEPS_MAX + 1, 1));
	EXPECT_TRUE(history_begin(&self->history, 0, HISTORY_STEPS_MAX, 1));
}

TEST(steps_are_lengths_that_people_count_in)
{
	EXPECT_EQ(history_step_for(DAY, 24), HOUR);
	EXPECT_EQ(history_step_for(DAY + 1, 24), 2 * HOUR);
	EXPECT_EQ(history_step_for(HOUR, 24), 5 * MINUTE);
	EXPECT_EQ(history_step_for(1, 24), SECOND);
	EXPECT_EQ(history_step_for(7LL * DAY, 24), 12 * HOUR);
	EXPECT_EQ(history_step_for(3650LL * DAY, 24), 22LL * 7 * DAY);
}

TEST(steps_begin_where_the_clock_shows_round_numbers)
{
	EXPECT_EQ(history_align(5 * DAY + 1, DAY, 0), 5 * DAY);
	EXPECT_EQ(history_align(5 * DAY, DAY, 0), 5 * DAY);
	/* At 23:00 UTC it is tomorrow in Oslo. */
	EXPECT_EQ(history_align(5 * DAY + 23 * HOUR, DAY, HOUR), 5 * DAY + 23 * HOUR);
	EXPECT_EQ(history_align(5 * DAY + 22 * HOUR, DAY, HOUR), 4 * DAY + 23 * HOUR);
	EXPECT_EQ(history_align(-1, HOUR, 0), -HOUR);
}
