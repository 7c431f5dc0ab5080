// SPDX-License-Identifier: GPL-2.0-only
/* What is kept of outputs, and restored to one that is probed again. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "support/random.h"

#include "protect/keep.h"

FIXTURE(keep)
{
	struct keep keep;
	struct hydropon_output_info info;
};

FIXTURE_SETUP(keep)
{
	self->info = (struct hydropon_output_info){ .index = 3, .present = 1, .restored = 1,
						    .name = "doser" };
}

FIXTURE_TEARDOWN(keep)
{
}

static void take(struct fixture_keep *self, uint32_t latched)
{
	self->info.latched = latched;
	keep_take(&self->keep, &self->info, 1);
}

static uint32_t kept(struct fixture_keep *self)
{
	bool is_known;

	return keep_restore(&self->keep, &self->info, 1, &is_known).latched;
}

TEST_F(keep, of_what_it_has_not_seen_it_knows_no_latch_and_the_whole_budget_used)
{
	struct hydropon_restore restore;
	bool is_known;

	self->info.budget_ms = 60000;
	restore = keep_restore(&self->keep, &self->info, 1, &is_known);
	EXPECT_FALSE(is_known);
	EXPECT_EQ(restore.output, 3);
	EXPECT_EQ(restore.latched, 0);
	EXPECT_EQ(restore.uses_n, 1);
	EXPECT_EQ(restore.uses[0].ago_ms, 0);
	EXPECT_EQ(restore.uses[0].used_ms, 60000);
	EXPECT_EQ(restore.reserved, 0);
	self->info.budget_ms = 0;
	EXPECT_EQ(keep_restore(&self->keep, &self->info, 1, &is_known).uses_n, 0);
	EXPECT_TRUE(is_known);
}

TEST_F(keep, the_latches_that_it_saw_last)
{
	take(self, HYDROPON_LATCH_WELDED | HYDROPON_TRIP_OFF);
	EXPECT_EQ(kept(self), HYDROPON_LATCH_WELDED | HYDROPON_TRIP_OFF);
	take(self, HYDROPON_LATCH_WELDED);
	EXPECT_EQ(kept(self), HYDROPON_LATCH_WELDED);
	take(self, 0);
	EXPECT_EQ(kept(self), 0);
}

TEST_F(keep, nothing_is_forgotten_while_it_is_gone_or_not_restored)
{
	take(self, HYDROPON_LATCH_BUDGET);
	self->info.present = 0;
	take(self, 0);
	self->info.present = 1;
	self->info.restored = 0;
	take(self, 0);
	EXPECT_EQ(kept(self), HYDROPON_LATCH_BUDGET);
}

TEST_F(keep, bits_that_the_kernel_would_not_take_are_left_out)
{
	take(self, HYDROPON_LATCH_BUDGET | 1u << 31);
	EXPECT_EQ(kept(self), HYDROPON_LATCH_BUDGET);
}

/* As many outputs as a gateway can have, all of them latched. */
static void fill(struct fixture_keep *self)
{
	for (int i = 0; i < HYDROPON_MAX_OUTPUTS; i++) {
		snprintf(self->info.name, sizeof(self->info.name), "output-%d", i);
		take(self, HYDROPON_LATCH_WELDED);
	}
}

TEST_F(keep, every_output_of_a_gateway_has_a_place)
{
	fill(self);
	for (int i = 0; i < HYDROPON_MAX_OUTPUTS; i++) {
		snprintf(self->info.name, sizeof(self->info.name), "output-%d", i);
		EXPECT_EQ(kept(self), HYDROPON_LATCH_WELDED);
	}
}

TEST_F(keep, a_place_is_used_again_only_when_it_says_nothing)
{
	fill(self);
	snprintf(self->info.name, sizeof(self->info.name), "one-more");
	take(self, HYDROPON_LATCH_BUDGET);
	EXPECT_EQ(kept(self), 0);
	snprintf(self->info.name, sizeof(self->info.name), "output-7");
	EXPECT_EQ(kept(self), HYDROPON_LATCH_WELDED);
	take(self, 0);
	snprintf(self->info.name, sizeof(self->info.name), "one-more");
	take(self, HYDROPON_LATCH_BUDGET);
	EXPECT_EQ(kept(self), HYDROPON_LATCH_BUDGET);
}

/* A doser with 60 s in an hour, of which the kernel has counted @used_ms. */
static void doser(struct fixture_keep *self, uint32_t used_ms, bool on)
{
	self->info.budget_ms = 60000;
	self->info.budget_window_ms = 3600000;
	self->info.budget_left_ms = 60000 - used_ms;
	self->info.changes += self->info.on != on;
	self->info.on = on;
}

static void take_at(struct fixture_keep *self, uint64_t s)
{
	keep_take(&self->keep, &self->info, s * NS_PER_SEC);
}

static bool may(struct fixture_keep *self, uint64_t s)
{
	return keep_may_use(&self->keep, &self->info, 2000, s * NS_PER_SEC);
}

static struct keep_note put_at(struct fixture_keep *self, uint64_t s)
{
	const struct clock_pair now = { .boot_ns = s * NS_PER_SEC };
	struct keep_note note;

	keep_put(&self->keep, &note, &now);
	return note;
}

static void begin(struct fixture_keep *self, uint8_t boot)
{
	uint8_t id[KEEP_BOOT_ID_BYTES] = { boot };

	keep_begin(&self->keep, id);
}

/* The first boot of all. */
static void begin_new(struct fixture_keep *self)
{
	begin(self, 1);
	keep_load(&self->keep, NULL, &(struct clock_pair){ 0 });
}

/* A doser that has used nothing may begin at 1 s: 6 s are reserved. */
static void begin_reserved(struct fixture_keep *self)
{
	begin_new(self);
	doser(self, 0, false);
	take_at(self, 1);
	keep_want(&self->keep, &self->info, 2000);
	put_at(self, 1);
	keep_written(&self->keep, NS_PER_SEC);
}

static struct hydropon_restore restore_after(struct fixture_keep *self, const struct keep_note *note,
					     const struct clock_pair *now)
{
	bool is_known;

	begin(self, 2);
	keep_load(&self->keep, note, now);
	return keep_restore(&self->keep, &self->info, now->boot_ns, &is_known);
}

TEST_F(keep, what_a_doser_may_use_is_reserved_before)
{
	struct keep_note note;

	begin_new(self);
	doser(self, 0, false);
	EXPECT_FALSE(may(self, 1));
	take_at(self, 1);
	EXPECT_FALSE(may(self, 1));
	/* It was never heard of before: that it is known now is worth a note. */
	EXPECT_TRUE(keep_is_due(&self->keep, NS_PER_SEC));
	keep_want(&self->keep, &self->info, 2000);
	EXPECT_TRUE(keep_is_due(&self->keep, NS_PER_SEC));
	note = put_at(self, 1);
	ASSERT_EQ(note.n, 1);
	EXPECT_STREQ(note.entries[0].name, "doser");
	EXPECT_TRUE(note.entries[0].has_budget);
	EXPECT_EQ(note.entries[0].reserved_ms, 6000);
	EXPECT_EQ(note.entries[0].uses_n, 0);
	/* On its way, and not there yet. */
	EXPECT_FALSE(may(self, 2));
	EXPECT_FALSE(keep_is_due(&self->keep, 100 * NS_PER_SEC));
	keep_written(&self->keep, 2 * NS_PER_SEC);
	EXPECT_TRUE(may(self, 2));
	EXPECT_FALSE(keep_is_due(&self->keep, 2 * NS_PER_SEC));
	/* On for 4 s: 2 s are left, which is one lease. */
	doser(self, 0, true);
	self->info.changed_ns = 2 * NS_PER_SEC;
	take_at(self, 2);
	doser(self, 4000, true);
	take_at(self, 6);
	EXPECT_TRUE(may(self, 6));
	EXPECT_FALSE(may(self, 7));
	EXPECT_TRUE(keep_is_due(&self->keep, 6 * NS_PER_SEC));
	note = put_at(self, 6);
	EXPECT_EQ(note.entries[0].uses_n, 1);
	EXPECT_EQ(note.entries[0].uses[0].used_ms, 4000);
	EXPECT_EQ(note.entries[0].uses[0].ago_ms, 0);
	EXPECT_EQ(note.entries[0].reserved_ms, 6000);
	/* A disk that does not answer ends it when the first 6 s are used. */
	EXPECT_FALSE(may(self, 7));
	doser(self, 5000, true);
	take_at(self, 7);
	keep_written(&self->keep, 7 * NS_PER_SEC);
	EXPECT_TRUE(may(self, 7));
	EXPECT_TRUE(may(self, 10));
	EXPECT_FALSE(may(self, 11));
}

TEST_F(keep, what_was_not_used_is_given_back)
{
	struct keep_note note;

	begin_reserved(self);
	doser(self, 1000, true);
	take_at(self, 2);
	doser(self, 1000, false);
	take_at(self, 3);
	EXPECT_FALSE(keep_is_due(&self->keep, 6 * NS_PER_SEC));
	EXPECT_TRUE(keep_is_due(&self->keep, 8 * NS_PER_SEC));
	note = put_at(self, 8);
	EXPECT_EQ(note.entries[0].reserved_ms, 0);
	EXPECT_EQ(note.entries[0].uses[0].ago_ms, 5000);
	keep_written(&self->keep, 8 * NS_PER_SEC);
	EXPECT_FALSE(may(self, 9));
	EXPECT_FALSE(keep_is_due(&self->keep, 500 * NS_PER_SEC));
	/* Now and then: time with power counts as far as a note tells. */
	EXPECT_TRUE(keep_is_due(&self->keep, 700 * NS_PER_SEC));
}

TEST_F(keep, what_is_being_given_back_may_not_be_used)
{
	begin_reserved(self);
	take_at(self, 70);
	EXPECT_TRUE(may(self, 70));
	EXPECT_EQ(put_at(self, 70).entries[0].reserved_ms, 0);
	EXPECT_FALSE(may(self, 70));
}

TEST_F(keep, one_that_was_just_set_is_not_given_back_for_another)
{
	begin_reserved(self);
	/* A note of something else, before it is on; and one long after, as it is just set. */
	EXPECT_EQ(put_at(self, 3).entries[0].reserved_ms, 6000);
	keep_written(&self->keep, 3 * NS_PER_SEC);
	take_at(self, 100);
	keep_set(&self->keep, &self->info);
	EXPECT_EQ(put_at(self, 100).entries[0].reserved_ms, 6000);
}

/* 5 s each 2 minutes is 150 s an hour and would be too much; each 10 minutes it is 30 s of 60. */
TEST_F(keep, an_ordinary_day_does_not_grow_into_a_spent_budget)
{
	const struct clock_pair now = { .boot_ns = 20 * NS_PER_SEC };
	struct hydropon_restore kept;
	struct keep_note note;
	uint64_t sum = 0;

	begin_new(self);
	for (uint64_t s = 1; s < 86400; s += 100) {
		/* In pieces, so that they are close to each other. */
		doser(self, s < 3600 ? (uint32_t)(s / 100 * 800) : 28800, false);
		self->info.changes += 2;
		take_at(self, s);
	}
	note = put_at(self, 86400);
	kept = restore_after(self, &note, &now);
	for (uint32_t i = 0; i < kept.uses_n; i++)
		sum += kept.uses[i].used_ms;
	EXPECT_GE(sum, 28800);
	EXPECT_LE(sum, 30000);
}

TEST_F(keep, what_is_refused_by_the_guard_costs_few_notes)
{
	unsigned int notes = 0;

	begin_new(self);
	doser(self, 0, false);
	for (uint64_t s = 1; s < 600; s++) {
		take_at(self, s);
		if (!may(self, s))
			keep_want(&self->keep, &self->info, 2000);
		if (!keep_is_due(&self->keep, s * NS_PER_SEC))
			continue;
		put_at(self, s);
		keep_written(&self->keep, s * NS_PER_SEC);
		notes++;
	}
	EXPECT_LE(notes, 22);
	EXPECT_GE(notes, 2);
	/* The budget is spent: nothing is to be reserved. */
	doser(self, 60000, false);
	take_at(self, 700);
	keep_want(&self->keep, &self->info, 2000);
	put_at(self, 700);
	keep_written(&self->keep, 700 * NS_PER_SEC);
	EXPECT_FALSE(keep_is_due(&self->keep, 1200 * NS_PER_SEC));
}

TEST_F(keep, what_was_found_is_written_again_by_its_finder)
{
	const struct clock_pair now = { .boot_ns = 20 * NS_PER_SEC };
	struct keep_note note;

	begin(self, 1);
	keep_load(&self->keep, NULL, &now);
	take(self, HYDROPON_LATCH_WELDED);
	note = put_at(self, 1);
	begin(self, 2);
	keep_load(&self->keep, &note, &now);
	EXPECT_TRUE(keep_is_due(&self->keep, now.boot_ns));
	note = put_at(self, 21);
	EXPECT_EQ(note.entries[0].latched, HYDROPON_LATCH_WELDED);
	EXPECT_EQ(note.boot_id[0], 2);
	keep_written(&self->keep, now.boot_ns);
	EXPECT_FALSE(keep_is_due(&self->keep, now.boot_ns));
}

TEST_F(keep, after_a_power_cut_all_that_was_reserved_counts_as_used)
{
	struct clock_pair now = { .boot_ns = 20 * NS_PER_SEC };
	struct hydropon_restore kept;
	struct keep_note note;

	begin_new(self);
	doser(self, 7000, false);
	take_at(self, 100);
	keep_want(&self->keep, &self->info, 2000);
	note = put_at(self, 130);
	kept = restore_after(self, &note, &now);
	/* Without a clock the time without power is none: the cut was right after the note. */
	ASSERT_EQ(kept.uses_n, 2);
	EXPECT_EQ(kept.uses[0].used_ms, 7000);
	EXPECT_EQ(kept.uses[0].ago_ms, 50000);
	EXPECT_EQ(kept.uses[1].used_ms, 6000);
	EXPECT_EQ(kept.uses[1].ago_ms, 20000);
	/* With a clock in both boots it has passed; when the reserved was used nobody knows. */
	note.is_set = now.is_set = true;
	note.wall_ms = 1790000000000LL;
	now.wall_ms = note.wall_ms + 1000000;
	kept = restore_after(self, &note, &now);
	ASSERT_EQ(kept.uses_n, 2);
	EXPECT_EQ(kept.uses[0].ago_ms, 1000000 + 30000);
	EXPECT_EQ(kept.uses[1].ago_ms, 20000);
	/* A clock that went back tells nothing. */
	now.wall_ms = note.wall_ms - 5000;
	kept = restore_after(self, &note, &now);
	EXPECT_EQ(kept.uses[0].ago_ms, 50000);
	/* All of it counts to the end of the window. */
	now.wall_ms = note.wall_ms + 3500000;
	ASSERT_EQ(restore_after(self, &note, &now).uses_n, 2);
	/* What the guard would not count any more is left out. */
	now.wall_ms = note.wall_ms + 4000000;
	kept = restore_after(self, &note, &now);
	ASSERT_EQ(kept.uses_n, 1);
	EXPECT_EQ(kept.uses[0].used_ms, 6000);
}

TEST_F(keep, a_latch_outlives_a_power_cut_until_it_is_reset)
{
	const struct clock_pair now = { .boot_ns = 20 * NS_PER_SEC };
	struct keep_note note;

	begin(self, 1);
	keep_load(&self->keep, NULL, &now);
	take(self, 0);
	EXPECT_FALSE(keep_is_due(&self->keep, 1));
	take(self, HYDROPON_LATCH_WELDED);
	EXPECT_TRUE(keep_is_due(&self->keep, 1));
	note = put_at(self, 1);
	keep_written(&self->keep, NS_PER_SEC);
	EXPECT_FALSE(keep_is_due(&self->keep, NS_PER_SEC));
	EXPECT_EQ(restore_after(self, &note, &now).latched, HYDROPON_LATCH_WELDED);
	put_at(self, 21);
	keep_written(&self->keep, NS_PER_SEC);
	take(self, HYDROPON_LATCH_WELDED);
	EXPECT_FALSE(keep_is_due(&self->keep, NS_PER_SEC));
	take(self, 0);
	EXPECT_TRUE(keep_is_due(&self->keep, NS_PER_SEC));
	note = put_at(self, 2);
	EXPECT_EQ(restore_after(self, &note, &now).latched, 0);
}

TEST_F(keep, a_latch_that_comes_while_a_note_is_on_its_way_has_one_of_its_own)
{
	struct keep_note note;

	begin_new(self);
	take(self, HYDROPON_LATCH_WELDED);
	put_at(self, 1);
	take(self, HYDROPON_LATCH_WELDED | HYDROPON_TRIP_OFF);
	EXPECT_FALSE(keep_is_due(&self->keep, NS_PER_SEC));
	keep_written(&self->keep, NS_PER_SEC);
	EXPECT_TRUE(keep_is_due(&self->keep, NS_PER_SEC));
	note = put_at(self, 2);
	EXPECT_EQ(note.entries[0].latched, HYDROPON_LATCH_WELDED | HYDROPON_TRIP_OFF);
}

TEST_F(keep, a_note_for_another_reason_leaves_what_is_in_use_reserved)
{
	struct hydropon_output_info other = { .index = 4, .present = 1, .restored = 1, .name = "pump",
					      .latched = HYDROPON_TRIP_OFF };
	struct keep_note note;

	begin_reserved(self);
	doser(self, 0, true);
	self->info.changed_ns = NS_PER_SEC;
	take_at(self, 1);
	keep_take(&self->keep, &other, NS_PER_SEC);
	note = put_at(self, 1);
	ASSERT_EQ(note.n, 2);
	EXPECT_EQ(note.entries[0].reserved_ms, 6000);
	EXPECT_FALSE(note.entries[1].has_budget);
	EXPECT_EQ(note.entries[1].latched, HYDROPON_TRIP_OFF);
	keep_written(&self->keep, NS_PER_SEC);
	EXPECT_TRUE(may(self, 2));
}

TEST_F(keep, a_guard_that_has_counted_all_along_knows_better)
{
	struct clock_pair now = { .boot_ns = 200 * NS_PER_SEC };
	struct keep_note note;

	begin_new(self);
	doser(self, 7000, false);
	take_at(self, 100);
	keep_want(&self->keep, &self->info, 2000);
	note = put_at(self, 130);
	/* hydropond alone is new. */
	begin(self, 1);
	keep_load(&self->keep, &note, &now);
	doser(self, 8000, false);
	take_at(self, 201);
	keep_want(&self->keep, &self->info, 2000);
	note = put_at(self, 202);
	ASSERT_EQ(note.entries[0].uses_n, 1);
	EXPECT_EQ(note.entries[0].uses[0].used_ms, 8000);
	/* The guard was loaded anew in the same boot: the time since the note has passed. */
	now.boot_ns = 260 * NS_PER_SEC;
	begin(self, 1);
	keep_load(&self->keep, &note, &now);
	EXPECT_EQ(keep_restore(&self->keep, &self->info, now.boot_ns, &(bool){ 0 }).uses[0].ago_ms, 59000);
}

TEST_F(keep, what_is_damaged_counts_as_not_known)
{
	const struct clock_pair now = { .boot_ns = 20 * NS_PER_SEC };
	struct keep_note note;
	bool is_known;

	begin(self, 1);
	keep_load(&self->keep, NULL, &now);
	doser(self, 7000, false);
	self->info.latched = HYDROPON_LATCH_WELDED;
	take_at(self, 100);
	note = put_at(self, 101);
	note.entries[0].has_budget = false;
	EXPECT_GE(note.entries[0].uses_n, 1);
	begin(self, 2);
	keep_load(&self->keep, &note, &now);
	EXPECT_EQ(keep_restore(&self->keep, &self->info, now.boot_ns, &is_known).uses[0].used_ms, 60000);
	EXPECT_FALSE(is_known);
	EXPECT_EQ(kept(self), HYDROPON_LATCH_WELDED);
}

TEST_F(keep, the_end_gives_back_what_is_reserved)
{
	struct keep_note note;

	begin_reserved(self);
	doser(self, 0, true);
	self->info.changed_ns = 2 * NS_PER_SEC;
	take_at(self, 2);
	keep_end(&self->keep, 4 * NS_PER_SEC);
	EXPECT_TRUE(keep_is_due(&self->keep, 4 * NS_PER_SEC));
	note = put_at(self, 4);
	EXPECT_EQ(note.entries[0].reserved_ms, 0);
	ASSERT_EQ(note.entries[0].uses_n, 1);
	EXPECT_GE(note.entries[0].uses[0].used_ms, 2000);
	EXPECT_LE(note.entries[0].uses[0].used_ms, 2001);
}

/*
 * Boots that end at any moment, a disk that takes its time, hydropond and the guard loaded anew, a person
 * at the switch: whatever comes, over all boots the doser is never on for longer than its budget in any
 * window of time with power. The guard is a plain one: it counts each millisecond.
 */
enum { TICKS = 400000, TICK_MS = 50, BUDGET = 20000, WINDOW = 300000, LEASE = 2000 };

struct world {
	struct keep keep;
	struct hydropon_output_info info;
	struct keep_note durable, written;
	bool has_durable, is_written;
	uint64_t random, written_at;		/* ticks */
	uint64_t tick, boot_tick, lease_until, changes;
	uint32_t boot;
	uint8_t on[TICKS];
	/* Of the guard: */
	uint8_t counted[TICKS];			/* in ms, by the tick in which it is counted */
	bool restored;
};

static bool chance(struct world *world, unsigned int of)
{
	return random_next(&world->random) % of == 0;
}

static uint64_t spent_in(const uint8_t *ticks, uint64_t until)
{
	uint64_t sum = 0, begin = until > WINDOW / TICK_MS ? until - WINDOW / TICK_MS : 0;

	for (uint64_t i = begin; i < until; i++)
		sum += ticks[i];
	return sum;
}

static uint64_t now_of(const struct world *world)
{
	return (world->tick - world->boot_tick) * TICK_MS * NS_PER_MS;
}

static void begin_daemon(struct world *world)
{
	const struct clock_pair now = { .boot_ns = now_of(world) };
	uint8_t id[KEEP_BOOT_ID_BYTES] = { 0 };

	memcpy(id, &world->boot, sizeof(world->boot));
	keep_begin(&world->keep, id);
	keep_load(&world->keep, world->has_durable ? &world->durable : NULL, &now);
	world->is_written = false;
}

static void restore_all(struct world *world)
{
	bool is_known;
	struct hydropon_restore kept = keep_restore(&world->keep, &world->info, now_of(world), &is_known);
	int64_t before = (int64_t)world->tick;

	for (uint32_t i = 0; i < kept.uses_n; i++) {
		int64_t end = before - kept.uses[i].ago_ms / TICK_MS;
		uint32_t left = kept.uses[i].used_ms;

		/* As the guard does: at the latest, and back from there. */
		for (int64_t at = end; left && at >= 0; at--) {
			uint32_t room = (uint32_t)TICK_MS - world->counted[at];
			uint32_t part = left < room ? left : room;

			world->counted[at] = (uint8_t)(world->counted[at] + part);
			left -= part;
		}
	}
	world->restored = true;
}

static void run_tick(struct world *world)
{
	struct hydropon_output_info *info = &world->info;
	uint64_t spent, now_ns;
	bool wants = (world->tick / 400) % 3 != 0, on;

	if (chance(world, 1500)) {
		/* The power is cut. */
		world->boot++;
		world->boot_tick = world->tick;
		/* It takes a second to come back. */
		world->tick += 20;
		memset(world->counted, 0, sizeof(world->counted));
		world->restored = false;
		world->lease_until = 0;
		info->on = 0;
		begin_daemon(world);
	} else if (chance(world, 2000)) {
		/* hydropond dies; what it was to write may be durable or not. */
		begin_daemon(world);
	}
	now_ns = now_of(world);
	if (!world->restored)
		restore_all(world);
	info->restored = 1;
	spent = spent_in(world->counted, world->tick + 1);
	info->budget_left_ms = spent < BUDGET ? (uint32_t)(BUDGET - spent) : 0;
	if (world->tick % 20 == 0 || info->changes != world->changes)
		keep_take(&world->keep, info, now_ns);
	world->changes = info->changes;
	if (world->is_written && world->tick >= world->written_at) {
		world->durable = world->written;
		world->has_durable = true;
		world->is_written = false;
		keep_written(&world->keep, now_ns);
	}
	if (wants && world->tick % 2 == 0) {
		if (keep_may_use(&world->keep, info, LEASE, now_ns))
			world->lease_until = world->tick + LEASE / TICK_MS;
		else
			keep_want(&world->keep, info, LEASE);
	} else if (!wants) {
		world->lease_until = 0;
	}
	if (!world->is_written && keep_is_due(&world->keep, now_ns)) {
		const struct clock_pair now = { .boot_ns = now_ns };

		keep_put(&world->keep, &world->written, &now);
		world->is_written = true;
		/* Mostly at once, now and then for seconds, or never before the end. */
		world->written_at = world->tick + (chance(world, 20) ? 300 : chance(world, 5) ? 40 : 1);
	}
	on = world->tick < world->lease_until && info->budget_left_ms >= TICK_MS;
	if (on != (bool)info->on) {
		info->on = on;
		info->changes++;
		info->changed_ns = now_ns;
	}
	if (on) {
		world->on[world->tick] = TICK_MS;
		world->counted[world->tick] = (uint8_t)(world->counted[world->tick] < TICK_MS ?
							TICK_MS : world->counted[world->tick]);
	}
}

TEST_TIMEOUT(never_more_than_the_budget_over_all_boots, 120)
{
	static struct world world;
	uint64_t seeds = number_from("HYDROPON_SEEDS", 2), most = 0, used = 0, boots = 0;

	for (uint64_t seed = 1; seed <= seeds; seed++) {
		memset(&world, 0, sizeof(world));
		world.random = seed;
		world.info = (struct hydropon_output_info){
			.present = 1, .name = "doser", .budget_ms = BUDGET, .budget_window_ms = WINDOW,
		};
		world.tick = 20;
		begin_daemon(&world);
		for (world.tick = 20; world.tick < TICKS - 20; world.tick++) {
			run_tick(&world);
			used += world.on[world.tick];
		}
		for (uint64_t tick = 0; tick < TICKS; tick += 7) {
			uint64_t spent = spent_in(world.on, tick);

			most = spent > most ? spent : most;
		}
		boots += world.boot;
	}
	EXPECT_LE(most, BUDGET);
	/* It is of use: it does dose. */
	EXPECT_GT(used, seeds * TICKS / WINDOW * TICK_MS * BUDGET / 10);
	printf("# %llu boots, %llu ms used, %llu ms in a window at most, of %d\n",
	       (unsigned long long)boots, (unsigned long long)used, (unsigned long long)most, BUDGET);
}
