// SPDX-License-Identifier: GPL-2.0-only
#include "harness.h"

#include "base/clock.h"
#include "spool/timekeeper.h"

#define NOW_MS 1790000000000LL		/* when the board was switched on, by a clock that is right */
#define HOUR_MS 3600000LL

/* A board: its clocks go on while it is off. */
FIXTURE(timekeeper) {
	struct timekeeper keeper;
	int64_t true_ms;		/* what the time is */
	int64_t on_ms;			/* when it was switched on */
	int64_t wrong_ms;		/* by how much the wall clock is ahead of that */
	int64_t rtc_wrong_ms;
	bool has_rtc, is_set;
	uint8_t boots;
	uint64_t record;
	struct time_note stored;	/* as a spool keeps it: the newest, with its boots */
	uint64_t note_at;
	bool is_over_damage;
	struct sample sample;		/* the newest */
	int64_t top_ms[CLK_MAX + 1][2];	/* latest stamp by clk and channel */
};

/* What an opening finds: the newest note, and that @clk and @top_ms were stamped after it. */
static void reopen_after(struct fixture_timekeeper *self, int8_t clk, int64_t top_ms)
{
	struct time_found found = {
		.has_note = self->stored.boot > 0, .note = self->stored, .at = self->note_at,
		.has_boots = true, .last_boot_ns = self->sample.boot_ns, .clk = clk,
		.top_ms = top_ms, .is_over_damage = self->is_over_damage,
	};

	timekeeper_open(&self->keeper, &found);
}

static void reopen(struct fixture_timekeeper *self)
{
	reopen_after(self, 0, INT64_MIN);
}

static void start(struct fixture_timekeeper *self)
{
	uint8_t id[TIME_BOOT_ID_BYTES] = { self->boots };

	timekeeper_begin(&self->keeper, id);
	reopen(self);
}

static void switch_on(struct fixture_timekeeper *self)
{
	self->boots++;
	self->on_ms = self->true_ms;
	self->is_set = false;
	start(self);
}

FIXTURE_SETUP(timekeeper)
{
	self->true_ms = NOW_MS;
	for (int clk = 0; clk <= CLK_MAX; clk++)
		self->top_ms[clk][0] = self->top_ms[clk][1] = INT64_MIN;
	switch_on(self);
}

FIXTURE_TEARDOWN(timekeeper)
{
}

static uint64_t boot_ns(const struct fixture_timekeeper *self)
{
	return (uint64_t)(self->true_ms - self->on_ms) * NS_PER_MS;
}

static void write_note(struct fixture_timekeeper *self, bool is_short)
{
	uint8_t bytes[NOTE_BYTES_MAX];
	size_t size = timekeeper_put(&self->keeper, bytes, self->record, boot_ns(self),
				     self->true_ms + self->wrong_ms, is_short);
	struct time_note read;

	ASSERT_TRUE(time_note_get(bytes, size, &read));
	EXPECT_EQ(read.is_short, is_short);
	if (!is_short)
		timekeeper_written(&self->keeper, self->record);
	self->note_at = self->record++;
	if (is_short) {
		EXPECT_EQ(read.boots_n, 0);
		memcpy(read.boots, self->stored.boots, sizeof(read.boots));
		read.boots_n = self->stored.boots_n;
	}
	self->stored = read;
}

static void read_rtc(struct fixture_timekeeper *self)
{
	if (self->has_rtc)
		timekeeper_take_rtc(&self->keeper, boot_ns(self),
				    (uint32_t)((self->true_ms + self->rtc_wrong_ms) / 1000));
}

/* A sample of @channel, committed; expects that its stamp is nobody else's. */
static void take(struct fixture_timekeeper *self, uint16_t channel)
{
	struct sample *sample = &self->sample;

	*sample = (struct sample){
		.boot_ns = boot_ns(self),
		.wall_ms = self->true_ms + self->wrong_ms,
		.channel = channel,
		.clk = self->is_set ? 0 : CLK_UNSET,
	};
	timekeeper_stamp(&self->keeper, sample, 1);
	if (self->keeper.is_due)
		write_note(self, false);
	self->record++;
	if (sample->clk == CLK_UNSET)
		return;
	EXPECT_GT(sample->wall_ms, self->top_ms[sample->clk][channel]);
	self->top_ms[sample->clk][channel] = sample->wall_ms;
}

/* Runs for so long, a sample a second. */
static void run(struct fixture_timekeeper *self, int seconds)
{
	for (int i = 0; i < seconds; i++) {
		self->true_ms += 1000;
		read_rtc(self);
		take(self, 0);
		if (i % 60 == 59)
			write_note(self, true);
	}
}

static const struct time_boot *boot_of(const struct fixture_timekeeper *self, uint32_t number)
{
	for (size_t i = 0; i < self->stored.boots_n; i++)
		if (self->stored.boots[i].number == number)
			return &self->stored.boots[i];
	return NULL;
}

static int proof_of(const struct fixture_timekeeper *self, uint32_t number)
{
	const struct time_boot *boot = boot_of(self, number);

	return boot ? (int)boot->proof : -1;
}

TEST_F(timekeeper, a_clock_that_is_set_is_taken_at_its_word)
{
	self->is_set = true;
	run(self, 100);
	EXPECT_EQ(self->sample.wall_ms, self->true_ms);
	EXPECT_EQ(self->sample.clk, 0);
	EXPECT_EQ(self->stored.boots_n, 0);
	EXPECT_EQ(self->stored.boot, 1);
	EXPECT_TRUE(self->stored.is_set);
	EXPECT_EQ(self->stored.top_ms, NOW_MS + 60000);
}

TEST_F(timekeeper, what_came_before_the_clock_was_set_is_dated_by_it)
{
	uint64_t first;

	self->wrong_ms = -NOW_MS;
	take(self, 0);
	EXPECT_EQ(self->sample.clk, CLK_UNSET);
	EXPECT_EQ(self->sample.wall_ms, 0);
	first = self->record - 1;
	EXPECT_EQ(proof_of(self, 1), TIME_WAITS);
	EXPECT_LE(boot_of(self, 1)->first, first);
	run(self, 30);
	EXPECT_EQ(proof_of(self, 1), TIME_WAITS);
	EXPECT_FALSE(self->stored.is_set);
	self->wrong_ms = 0;
	self->is_set = true;
	run(self, 1);
	EXPECT_EQ(self->sample.wall_ms, self->true_ms);
	EXPECT_EQ(self->sample.clk, 0);
	ASSERT_EQ(proof_of(self, 1), TIME_BY_CLOCK);
	EXPECT_EQ(boot_of(self, 1)->ahead_ms, NOW_MS);
	EXPECT_EQ(boot_of(self, 1)->clk, 0);
	EXPECT_LE(boot_of(self, 1)->first, first);
}

/* What is told of a boot stays, whatever the clock does later. */
TEST_F(timekeeper, a_boot_is_dated_once)
{
	run(self, 10);
	self->is_set = true;
	self->wrong_ms = 5;
	run(self, 10);
	EXPECT_EQ(boot_of(self, 1)->ahead_ms, NOW_MS + 5);
	self->wrong_ms = -86400000;
	run(self, 10);
	start(self);
	self->is_set = false;
	run(self, 10);
	EXPECT_EQ(boot_of(self, 1)->ahead_ms, NOW_MS + 5);
	EXPECT_EQ(boot_of(self, 1)->clk, 0);
	EXPECT_EQ(self->sample.clk, 1);
}

/* The kernel forgets that it was synchronized some hours after the network is gone. */
TEST_F(timekeeper, a_clock_that_was_set_stays_so_until_the_next_boot)
{
	self->is_set = true;
	run(self, 10);
	self->is_set = false;
	run(self, 10);
	EXPECT_EQ(self->sample.clk, 0);
	EXPECT_EQ(self->sample.wall_ms, self->true_ms);
	/* Also for another process. */
	start(self);
	run(self, 10);
	EXPECT_EQ(self->sample.clk, 0);
	EXPECT_EQ(self->stored.boot, 1);
	EXPECT_EQ(self->stored.boots_n, 0);
	switch_on(self);
	run(self, 10);
	EXPECT_EQ(self->sample.clk, CLK_UNSET);
	EXPECT_EQ(self->stored.boot, 2);
	EXPECT_EQ(proof_of(self, 2), TIME_WAITS);
}

TEST_F(timekeeper, a_clock_that_makes_no_sense_any_more_goes_on)
{
	self->is_set = true;
	run(self, 10);
	self->wrong_ms = -NOW_MS;
	self->is_set = false;
	run(self, 10);
	EXPECT_EQ(self->sample.wall_ms, self->true_ms);
	EXPECT_EQ(self->sample.clk, 0);
	/* For another process nothing goes on: what it takes waits for the clock. */
	start(self);
	run(self, 10);
	EXPECT_EQ(self->sample.clk, CLK_UNSET);
	EXPECT_EQ(proof_of(self, 1), TIME_WAITS);
	self->wrong_ms = 0;
	run(self, 1);
	EXPECT_EQ(self->sample.wall_ms, self->true_ms);
	EXPECT_EQ(proof_of(self, 1), TIME_BY_CLOCK);
	EXPECT_EQ(boot_of(self, 1)->ahead_ms, NOW_MS);
}

TEST_F(timekeeper, stamps_wait_for_a_small_step_back)
{
	int64_t before_ms;

	self->is_set = true;
	run(self, 10);
	before_ms = self->sample.wall_ms;
	/* A leap second that is not smeared. */
	self->wrong_ms = -1000;
	run(self, 1);
	EXPECT_EQ(self->sample.wall_ms, before_ms + 1);
	run(self, 1);
	EXPECT_EQ(self->sample.wall_ms, self->true_ms - 1000);
	EXPECT_EQ(self->sample.clk, 0);
	/* More small ones. */
	for (int i = 0; i < 600; i++) {
		self->wrong_ms -= i % 2;
		run(self, 1);
	}
	EXPECT_EQ(self->sample.wall_ms, self->true_ms + self->wrong_ms);
	EXPECT_EQ(self->sample.clk, 0);
	/* Many samples within a millisecond. */
	for (int i = 0; i < 100; i++)
		take(self, 1);
	EXPECT_EQ(self->sample.wall_ms, self->true_ms + self->wrong_ms + 99);
}

TEST_F(timekeeper, a_step_back_begins_another_clock)
{
	self->is_set = true;
	run(self, 10);
	self->wrong_ms = -2000;
	run(self, 1);
	EXPECT_EQ(self->sample.wall_ms, self->true_ms - 2000);
	EXPECT_EQ(self->sample.clk, 1);
	/* One channel has noticed it for all. */
	take(self, 1);
	EXPECT_EQ(self->sample.clk, 1);
	/* By steps that are each lived with, but not together. */
	for (int i = 0; i < 10; i++) {
		self->true_ms += 10;
		self->wrong_ms -= 1400;
		take(self, 0);
	}
	EXPECT_GT(self->sample.clk, 1);
	run(self, 10);
	EXPECT_EQ(self->sample.wall_ms, self->true_ms + self->wrong_ms);
}

TEST_F(timekeeper, ten_years_to_and_fro_repeat_nothing)
{
	self->is_set = true;
	run(self, 10);
	for (int i = 0; i < 10; i++) {
		self->wrong_ms = i % 2 ? 0 : 87600 * HOUR_MS;
		run(self, 5);
		EXPECT_EQ(self->sample.wall_ms, self->true_ms + self->wrong_ms);
		EXPECT_EQ(self->sample.clk, (i + 1) / 2);
	}
}

TEST_F(timekeeper, a_step_back_while_nobody_looked_is_found)
{
	self->is_set = true;
	run(self, 100);
	/* Of what was stamped after the newest note the spool itself tells. */
	self->wrong_ms = -50000;
	start(self);
	reopen_after(self, 0, self->true_ms);
	run(self, 1);
	EXPECT_EQ(self->sample.clk, 1);
	EXPECT_EQ(self->sample.wall_ms, self->true_ms + self->wrong_ms);
	/* And in another boot. */
	self->wrong_ms = -HOUR_MS;
	switch_on(self);
	self->is_set = true;
	run(self, 1);
	EXPECT_EQ(self->sample.clk, 2);
	/* Without a note, as one of an earlier version left it. */
	self->stored.boot = 0;
	switch_on(self);
	reopen_after(self, 2, self->true_ms + HOUR_MS);
	self->is_set = true;
	run(self, 1);
	EXPECT_EQ(self->sample.clk, 3);
}

/* Where the clock had been ahead, stamps of the boot that waited would come once more. */
TEST_F(timekeeper, what_waited_is_not_dated_over_what_was_sent)
{
	self->is_set = true;
	self->wrong_ms = HOUR_MS;
	run(self, 10);
	self->wrong_ms = 0;
	switch_on(self);
	run(self, 10);
	self->is_set = true;
	run(self, 10);
	EXPECT_EQ(proof_of(self, 2), TIME_BY_CLOCK);
	EXPECT_EQ(boot_of(self, 2)->clk, 1);
	EXPECT_EQ(self->sample.clk, 1);
	/* What came later did not: by the old clock it is free. */
	self->true_ms += 2 * HOUR_MS;
	switch_on(self);
	run(self, 10);
	self->is_set = true;
	run(self, 10);
	EXPECT_EQ(boot_of(self, 3)->clk, 1);
}

TEST_F(timekeeper, a_clock_is_numbered_no_further_than_it_can_be)
{
	self->is_set = true;
	for (int i = 0; i < 2 * CLK_MAX; i++) {
		self->true_ms += 100;
		self->wrong_ms -= 10000;
		self->top_ms[CLK_MAX][0] = INT64_MIN;
		take(self, 0);
	}
	EXPECT_EQ(self->sample.clk, CLK_MAX);
	EXPECT_EQ(self->sample.wall_ms, self->true_ms + self->wrong_ms);
}

TEST_F(timekeeper, the_rtc_dates_boots_that_never_saw_a_server)
{
	int64_t on_ms[4];

	self->has_rtc = true;
	self->rtc_wrong_ms = -3 * HOUR_MS;
	self->wrong_ms = -NOW_MS;
	on_ms[1] = self->on_ms;
	run(self, 100);
	self->true_ms += 5 * HOUR_MS;
	switch_on(self);
	on_ms[2] = self->on_ms;
	run(self, 100);
	self->true_ms += 5 * HOUR_MS;
	switch_on(self);
	on_ms[3] = self->on_ms;
	run(self, 20);
	for (uint32_t i = 1; i <= 3; i++)
		EXPECT_EQ(proof_of(self, i), TIME_WAITS);
	self->wrong_ms = 0;
	self->is_set = true;
	run(self, 1);
	/* The kernel sets the RTC by the clock now: that is not to be read. */
	self->rtc_wrong_ms = 0;
	run(self, 100);
	EXPECT_EQ(proof_of(self, 1), TIME_BY_RTC);
	EXPECT_EQ(proof_of(self, 2), TIME_BY_RTC);
	EXPECT_EQ(proof_of(self, 3), TIME_BY_CLOCK);
	for (uint32_t i = 1; i <= 3; i++)
		EXPECT_NEAR(boot_of(self, i)->ahead_ms, on_ms[i], 1000);
	EXPECT_EQ(boot_of(self, 3)->ahead_ms, on_ms[3]);
	EXPECT_LT(boot_of(self, 1)->first, boot_of(self, 2)->first);
	EXPECT_LT(boot_of(self, 2)->first, boot_of(self, 3)->first);
}

TEST_F(timekeeper, an_rtc_that_lost_power_dates_nothing)
{
	self->has_rtc = true;
	run(self, 100);
	self->true_ms += 5 * HOUR_MS;
	/* It begins anew, as some do, at a time that makes sense. */
	self->rtc_wrong_ms = NOW_MS - self->true_ms;
	switch_on(self);
	run(self, 100);
	EXPECT_EQ(proof_of(self, 2), TIME_WAITS);
	self->true_ms += 5 * HOUR_MS;
	switch_on(self);
	run(self, 20);
	self->is_set = true;
	run(self, 1);
	EXPECT_EQ(proof_of(self, 1), TIME_NEVER);
	EXPECT_EQ(proof_of(self, 2), TIME_BY_RTC);
	EXPECT_EQ(proof_of(self, 3), TIME_BY_CLOCK);
	/* That of 1970 is none. */
	self->rtc_wrong_ms = -self->true_ms;
	switch_on(self);
	run(self, 20);
	self->true_ms += 5 * HOUR_MS;
	self->rtc_wrong_ms = 0;
	switch_on(self);
	run(self, 20);
	self->is_set = true;
	run(self, 1);
	EXPECT_EQ(proof_of(self, 4), TIME_NEVER);
	EXPECT_EQ(proof_of(self, 5), TIME_BY_CLOCK);
}

/* By then the kernel may have set the RTC, and nothing tells how it went before. */
TEST_F(timekeeper, an_rtc_that_was_first_read_after_the_clock_was_set_dates_nothing)
{
	self->has_rtc = true;
	run(self, 100);
	switch_on(self);
	self->is_set = true;
	run(self, 10);
	EXPECT_EQ(proof_of(self, 1), TIME_NEVER);
}

TEST_F(timekeeper, without_an_rtc_a_boot_without_a_clock_stays_undated)
{
	run(self, 100);
	switch_on(self);
	run(self, 10);
	EXPECT_EQ(proof_of(self, 1), TIME_WAITS);
	self->is_set = true;
	run(self, 10);
	EXPECT_EQ(proof_of(self, 1), TIME_NEVER);
	EXPECT_EQ(proof_of(self, 2), TIME_BY_CLOCK);
}

TEST_F(timekeeper, boots_beyond_what_a_note_holds_go_the_oldest_first)
{
	self->has_rtc = true;
	for (int i = 0; i < TIME_BOOTS + 4; i++) {
		run(self, 2);
		self->true_ms += 10000;
		switch_on(self);
	}
	run(self, 2);
	EXPECT_EQ(self->stored.boots_n, TIME_BOOTS);
	EXPECT_EQ(self->stored.boots[0].number, 6);
	EXPECT_EQ(self->stored.boots[TIME_BOOTS - 1].number, TIME_BOOTS + 5);
	self->is_set = true;
	run(self, 2);
	for (size_t i = 0; i < TIME_BOOTS - 1; i++)
		EXPECT_EQ(self->stored.boots[i].proof, TIME_BY_RTC);
}

/* What waits in memory while the folder is replaced belongs to a boot of the new spool too. */
TEST_F(timekeeper, another_spool_hears_of_this_boot)
{
	run(self, 10);
	self->stored.boot = 0;
	reopen(self);
	write_note(self, false);
	EXPECT_EQ(proof_of(self, 1), TIME_WAITS);
	self->is_set = true;
	run(self, 10);
	EXPECT_EQ(proof_of(self, 1), TIME_BY_CLOCK);
	self->stored.boot = 0;
	reopen(self);
	write_note(self, false);
	EXPECT_EQ(proof_of(self, 1), TIME_BY_CLOCK);
	EXPECT_EQ(boot_of(self, 1)->ahead_ms, NOW_MS);
}

/* One sample, of a reading that began so long ago. */
static void take_late(struct fixture_timekeeper *self, uint16_t channel, int64_t late_ms)
{
	self->true_ms -= late_ms;
	take(self, channel);
	self->true_ms += late_ms;
}

/* A reading that hung has the time at which it began; its channel was called stale meanwhile. */
TEST_F(timekeeper, a_late_reading_is_no_clock_that_was_set_back)
{
	self->is_set = true;
	for (int i = 0; i < 300; i++) {
		self->true_ms += 4000;
		take(self, 0);
		take(self, 1);
		take_late(self, 0, 2500);
		EXPECT_EQ(self->sample.clk, 0);
	}
	EXPECT_LE(self->sample.wall_ms, self->true_ms + 1000);
}

/* The same before there is a clock: what will be stamps rises. */
TEST_F(timekeeper, what_waits_rises)
{
	uint64_t before_ns = 0;

	for (int i = 0; i < 10; i++) {
		self->true_ms += 4000;
		take(self, 0);
		EXPECT_GT(self->sample.boot_ns, before_ns);
		before_ns = self->sample.boot_ns;
		take_late(self, 0, 2500);
		EXPECT_GT(self->sample.boot_ns, before_ns);
		before_ns = self->sample.boot_ns;
	}
}

TEST_F(timekeeper, a_small_step_back_repeats_nothing_that_was_dated)
{
	int64_t dated_ms;

	self->true_ms += 100000;
	take(self, 1);
	dated_ms = NOW_MS + (int64_t)(self->sample.boot_ns / NS_PER_MS);
	self->is_set = true;
	take(self, 0);
	EXPECT_EQ(boot_of(self, 1)->ahead_ms, NOW_MS);
	self->wrong_ms = -1000;
	self->true_ms += 1000;
	take(self, 1);
	EXPECT_EQ(self->sample.clk, 0);
	EXPECT_GT(self->sample.wall_ms, dated_ms);
}

/* In ten days an RTC goes another way than the processor's clock: boots would overlap. */
TEST_F(timekeeper, boots_that_the_rtc_dates_do_not_overlap)
{
	int64_t end_ms;

	self->has_rtc = true;
	run(self, 10);
	for (int i = 0; i < 240; i++) {
		self->true_ms += HOUR_MS;
		self->rtc_wrong_ms -= 180;
		read_rtc(self);
		take(self, 0);
		write_note(self, true);
	}
	end_ms = (int64_t)(self->sample.boot_ns / NS_PER_MS);
	self->true_ms += 5000;
	switch_on(self);
	run(self, 5);
	self->is_set = true;
	run(self, 5);
	ASSERT_EQ(proof_of(self, 1), TIME_BY_RTC);
	EXPECT_EQ(boot_of(self, 1)->end_ms, end_ms);
	/* The one runs into the other, so the other has a clock of its own. */
	EXPECT_GT(boot_of(self, 1)->ahead_ms + end_ms, boot_of(self, 2)->ahead_ms);
	EXPECT_EQ(boot_of(self, 1)->clk, 0);
	EXPECT_EQ(boot_of(self, 2)->clk, 1);
	EXPECT_EQ(self->sample.clk, 1);
}

/* By hand, as timedatectl does: what it said before says nothing of the time any more. */
TEST_F(timekeeper, an_rtc_that_was_set_in_a_boot_dates_it_not)
{
	for (int again = 0; again < 2; again++) {
		uint32_t boot = self->stored.boot ? self->stored.boot + 1 : 1;

		if (again)
			switch_on(self);
		self->has_rtc = true;
		self->rtc_wrong_ms = -3 * HOUR_MS;
		run(self, 10);
		self->rtc_wrong_ms = 0;
		run(self, 10);
		/* Not even another process takes it for one. */
		if (again) {
			write_note(self, false);
			start(self);
			run(self, 10);
		}
		switch_on(self);
		run(self, 10);
		self->is_set = true;
		run(self, 1);
		EXPECT_EQ(proof_of(self, boot), TIME_NEVER);
		EXPECT_EQ(proof_of(self, boot + 1), TIME_BY_CLOCK);
	}
}

/* Behind damage there may have been another boot, and another clk. */
TEST_F(timekeeper, nothing_is_dated_over_damage)
{
	uint64_t note_at;

	run(self, 10);
	note_at = self->note_at;
	self->is_over_damage = true;
	switch_on(self);
	self->is_over_damage = false;
	run(self, 10);
	self->is_set = true;
	run(self, 10);
	ASSERT_EQ(self->stored.boots_n, 3);
	EXPECT_EQ(self->stored.boots[1].first, note_at + 1);
	EXPECT_EQ(self->stored.boots[1].proof, TIME_NEVER);
	EXPECT_EQ(proof_of(self, 2), TIME_BY_CLOCK);
	EXPECT_EQ(self->sample.clk, 1);
}

/* At the same moment, and of the same kind, whether there is a clock or not. */
TEST_F(timekeeper, points_have_stamps_of_their_own)
{
	struct point point;

	for (int is_set = 0; is_set < 2; is_set++) {
		uint64_t before_ns = 0;
		int64_t before_ms = 0;

		for (int i = 0; i < 20; i++) {
			point = point_new("m");
			point.boot_ns = boot_ns(self) + (uint64_t)(i / 10) * NS_PER_MS;
			point.wall_ms = self->true_ms + i / 10;
			point.clk = is_set ? 0 : CLK_UNSET;
			timekeeper_stamp_point(&self->keeper, &point);
			EXPECT_EQ(point.clk, is_set ? 0 : CLK_UNSET);
			EXPECT_GE(point.boot_ns, before_ns + NS_PER_MS);
			EXPECT_GT(point.wall_ms, before_ms);
			before_ns = point.boot_ns;
			before_ms = point.wall_ms;
		}
		EXPECT_LE(point.wall_ms, self->true_ms + 40);
		self->true_ms += 1000;
	}
	/* And they hold up no sample. */
	self->is_set = true;
	run(self, 1);
	EXPECT_EQ(self->sample.wall_ms, self->true_ms);
}

TEST(a_time_note_is_read_as_it_was_written)
{
	struct time_note note = {
		.boot = 7, .boot_id = { 1, 2, 3 }, .is_set = true, .clk = 3,
		.top_ms = NOW_MS, .boot_ns = 5, .wall_ms = -6, .rtc_s = 4, .boots_n = TIME_BOOTS,
	}, read;
	uint8_t bytes[NOTE_BYTES_MAX];
	size_t size;

	for (size_t i = 0; i < TIME_BOOTS; i++)
		note.boots[i] = (struct time_boot){
			.first = 100 + i, .number = (uint32_t)i, .proof = i % 4, .clk = 2,
			.ahead_ms = NOW_MS + (int64_t)i, .rtc_ahead_ms = -1, .rtc_first_s = 8,
			.rtc_last_s = 9, .end_ms = 10,
		};
	size = time_note_put(bytes, &note);
	ASSERT_TRUE(time_note_get(bytes, size, &read));
	EXPECT_EQ(memcmp(&note, &read, sizeof(note)), 0);
	for (size_t i = 0; i < size; i++)
		EXPECT_FALSE(time_note_get(bytes, i, &read) && read.boots_n == TIME_BOOTS);
	EXPECT_FALSE(time_note_get(bytes, size + 1, &read));

	/* Each byte that may not be just anything. */
	for (size_t at = 0; at < 4; at++) {
		bytes[at] ^= 0x80;
		EXPECT_EQ(time_note_get(bytes, size, &read), at == 2);
		bytes[at] ^= 0x80;
	}
	bytes[64 + 12] = 4;
	EXPECT_FALSE(time_note_get(bytes, size, &read));
	bytes[64 + 12] = 0;
	bytes[64 + 13] = 0xff;
	EXPECT_FALSE(time_note_get(bytes, size, &read));
	bytes[64 + 13] = 0;
	bytes[64 + 7] = 1;
	EXPECT_FALSE(time_note_get(bytes, size, &read));
	bytes[64 + 7] = 0;
	/* Times whose sums would not fit: of the boot, and of the note. */
	for (size_t i = 0; i < 5; i++) {
		static const size_t at[] = { 64 + 23, 64 + 31, 64 + 47, 39, 47 };
		uint8_t before = bytes[at[i]];

		bytes[at[i]] = 0x7f;
		EXPECT_FALSE(time_note_get(bytes, size, &read));
		bytes[at[i]] = before;
	}
	EXPECT_TRUE(time_note_get(bytes, size, &read));

	note.is_short = true;
	note.boots_at = 1234;
	size = time_note_put(bytes, &note);
	EXPECT_EQ(size, 64);
	ASSERT_TRUE(time_note_get(bytes, size, &read));
	EXPECT_TRUE(read.is_short);
	EXPECT_EQ(read.boots_at, 1234);
	EXPECT_EQ(read.boots_n, 0);
}
