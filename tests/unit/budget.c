// SPDX-License-Identifier: GPL-2.0-only
/* What an output may use of its budget: one behaviour a test, and lives of random schedules. */
#include "support/output_rig.h"

#define GRAIN HYDROPON_BUDGET_GRAIN_NS

static __u64 left(output *o, __u64 now_ns)
{
	return hydropon_budget_left(&o->limits, &o->state, now_ns);
}

/* On by a lease from @on_ns to @off_ns. */
static void use(output *o, __u64 on_ns, __u64 off_ns)
{
	lease_until(o, off_ns, on_ns);
	EXPECT_ON(o, HYDROPON_CAUSE_LEASE);
	at(o, off_ns);
}

TEST_F(output, without_a_budget_has_no_end_of_it)
{
	EXPECT_EQ(left(self, SEC), HYDROPON_NEVER);
	self->state.restored = false;
	use(self, SEC, 5 * SEC);
	EXPECT_EQ(self->state.uses_n, 0);
	EXPECT_MAY(self, 5 * SEC, 0);
}

TEST_F(output, is_latched_when_its_budget_runs_out_to_the_nanosecond)
{
	give_budget(self, 5 * SEC, 60 * SEC);
	lease_until(self, 50 * SEC, 10 * SEC);
	EXPECT_EQ(self->next_ns, 15 * SEC);
	at(self, 15 * SEC - 1);
	EXPECT_ON(self, HYDROPON_CAUSE_LEASE);
	EXPECT_EQ(self->next_ns, 15 * SEC);
	at(self, 15 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_BUDGET);
	EXPECT_EQ(self->state.latched, HYDROPON_LATCH_BUDGET);
	EXPECT_MAY(self, 15 * SEC, -EDQUOT);
	/* also when the window has passed */
	at(self, 500 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_BUDGET);
}

TEST_F(output, is_reset_after_its_budget_once_there_is_a_grain_of_it)
{
	give_budget(self, 5 * SEC, 60 * SEC);
	lease_until(self, 50 * SEC, 10 * SEC);
	at(self, 15 * SEC);
	EXPECT_EQ(hydropon_reset(&self->limits, &self->state, 0, 70 * SEC + GRAIN - 1), -EBUSY);
	EXPECT_EQ(self->state.latched, HYDROPON_LATCH_BUDGET);
	EXPECT_EQ(hydropon_reset(&self->limits, &self->state, 0, 70 * SEC + GRAIN), 0);
	at(self, 70 * SEC + GRAIN);
	EXPECT_OFF(self, HYDROPON_CAUSE_CLEARED);
	EXPECT_MAY(self, 70 * SEC + GRAIN, 0);
}

TEST_F(output, is_reset_from_another_latch_although_its_budget_is_spent)
{
	give_budget(self, 5 * SEC, 60 * SEC);
	use(self, 10 * SEC, 15 * SEC - 1);
	self->state.latched = HYDROPON_LATCH_WELDED;
	EXPECT_EQ(hydropon_reset(&self->limits, &self->state, 0, 16 * SEC), 0);
}

TEST_F(output, uses_its_budget_by_whatever_puts_it_on)
{
	give_budget(self, 5 * SEC, 60 * SEC);
	turn_switch(self, HYDROPON_MANUAL_ON, 10 * SEC);
	turn_switch(self, HYDROPON_MANUAL_AUTO, 12 * SEC);
	trip(self, HYDROPON_TRIP_ON, 20 * SEC);
	EXPECT_EQ(self->next_ns, 23 * SEC);
	at(self, 23 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_BUDGET);
	EXPECT_EQ(self->state.latched, HYDROPON_LATCH_BUDGET);
}

TEST_F(output, counts_in_its_budget_what_is_within_the_window)
{
	give_budget(self, 5 * SEC, 60 * SEC);
	use(self, 10 * SEC, 12 * SEC);
	use(self, 20 * SEC, 21 * SEC);
	EXPECT_EQ(left(self, 21 * SEC), 2 * SEC);
	EXPECT_EQ(left(self, 70 * SEC), 2 * SEC);
	EXPECT_EQ(left(self, 70 * SEC + 1), 2 * SEC + 1);
	EXPECT_EQ(left(self, 72 * SEC - 1), 4 * SEC - 1);
	EXPECT_EQ(left(self, 72 * SEC), 4 * SEC);
	EXPECT_EQ(left(self, 80 * SEC), 4 * SEC);
	EXPECT_EQ(left(self, 81 * SEC), 5 * SEC);
	EXPECT_EQ(left(self, 500 * SEC), 5 * SEC);
}

TEST_F(output, counts_in_its_budget_the_time_that_is_still_going_on)
{
	give_budget(self, 5 * SEC, 60 * SEC);
	lease_until(self, 50 * SEC, 10 * SEC);
	EXPECT_EQ(left(self, 13 * SEC), 2 * SEC);
	EXPECT_EQ(left(self, 15 * SEC), 0);
	EXPECT_EQ(left(self, 20 * SEC), 0);
}

TEST_F(output, goes_on_while_old_use_leaves_the_window)
{
	give_budget(self, 5 * SEC, 60 * SEC);
	use(self, 10 * SEC, 14 * SEC);
	lease_until(self, 500 * SEC, 69 * SEC + SEC / 2);
	EXPECT_EQ(self->next_ns, 70 * SEC + SEC / 2);
	/* half a second has left by then, and it goes on leaving as fast as it comes */
	at(self, 70 * SEC + SEC / 2);
	EXPECT_ON(self, HYDROPON_CAUSE_LEASE);
	EXPECT_EQ(self->next_ns, 71 * SEC);
	for (int i = 0; i < 6; i++) {
		at(self, 71 * SEC + i * SEC / 2);
		EXPECT_ON(self, HYDROPON_CAUSE_LEASE);
		EXPECT_EQ(self->next_ns, 71 * SEC + (i + 1) * SEC / 2);
	}
	at(self, 74 * SEC);
	EXPECT_ON(self, HYDROPON_CAUSE_LEASE);
	EXPECT_EQ(self->next_ns, 74 * SEC + SEC / 2);
	at(self, 74 * SEC + SEC / 2);
	EXPECT_OFF(self, HYDROPON_CAUSE_BUDGET);
	EXPECT_EQ(self->state.uses[0].used_ns, 5 * SEC);
}

TEST_F(output, does_not_begin_with_less_than_a_grain_of_its_budget)
{
	give_budget(self, 5 * SEC, 60 * SEC);
	use(self, 10 * SEC, 15 * SEC - GRAIN + 1);
	/* that it is spent is told at once, and does not latch */
	EXPECT_OFF(self, HYDROPON_CAUSE_BUDGET);
	EXPECT_EQ(self->state.latched, 0);
	EXPECT_MAY(self, 20 * SEC, -EDQUOT);

	declare(self, false, false);
	give_budget(self, 5 * SEC, 60 * SEC);
	use(self, 10 * SEC, 15 * SEC - GRAIN);
	EXPECT_OFF(self, HYDROPON_CAUSE_EXPIRED);
	EXPECT_MAY(self, 20 * SEC, 0);
	lease_until(self, 50 * SEC, 20 * SEC);
	EXPECT_ON(self, HYDROPON_CAUSE_LEASE);
	EXPECT_EQ(self->next_ns, 20 * SEC + GRAIN);
	at(self, 20 * SEC + GRAIN);
	EXPECT_OFF(self, HYDROPON_CAUSE_BUDGET);
}

TEST_F(output, that_spent_its_budget_while_off_is_off_until_the_window_has_passed)
{
	give_budget(self, 5 * SEC, 60 * SEC);
	use(self, 10 * SEC, 15 * SEC - 1);
	EXPECT_OFF(self, HYDROPON_CAUSE_BUDGET);
	EXPECT_EQ(self->next_ns, 70 * SEC + GRAIN - 1);
	at(self, 70 * SEC + GRAIN - 2);
	EXPECT_OFF(self, HYDROPON_CAUSE_BUDGET);
	at(self, 70 * SEC + GRAIN - 1);
	EXPECT_OFF(self, HYDROPON_CAUSE_CLEARED);
	EXPECT_EQ(self->next_ns, HYDROPON_NEVER);
}

TEST_F(output, follows_a_held_switch_when_the_window_has_passed)
{
	give_budget(self, 5 * SEC, 60 * SEC);
	use(self, 10 * SEC, 15 * SEC - 1);
	turn_switch(self, HYDROPON_MANUAL_ON, 20 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_BUDGET);
	EXPECT_EQ(self->next_ns, 70 * SEC + GRAIN - 1);
	at(self, self->next_ns);
	EXPECT_ON(self, HYDROPON_CAUSE_MANUAL_ON);
}

TEST_F(output, tells_what_is_stronger_than_a_budget_that_is_spent)
{
	give_budget(self, 5 * SEC, 60 * SEC);
	lease_until(self, 50 * SEC, 10 * SEC);
	trip(self, HYDROPON_TRIP_OFF, 15 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_TRIP_OFF);
	/* it ran out while on all the same */
	EXPECT_EQ(self->state.latched, HYDROPON_LATCH_BUDGET);
	trip(self, 0, 16 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_BUDGET);
}

TEST_F(output, with_a_budget_wider_than_its_window_never_spends_it)
{
	give_budget(self, 60 * SEC + GRAIN, 60 * SEC);
	lease_until(self, 5000 * SEC, 10 * SEC);
	for (__u64 t = 11 * SEC; t < 200 * SEC; t += SEC)
		at(self, t);
	EXPECT_ON(self, HYDROPON_CAUSE_LEASE);
	EXPECT_EQ(left(self, 200 * SEC), GRAIN);
}

TEST_F(output, remembers_more_uses_than_it_has_places_and_none_for_shorter)
{
	const int uses = HYDROPON_USES + 2;

	give_budget(self, 100 * SEC, 1000 * SEC);
	/* the sixth follows the fifth closely, and the last one that before it */
	for (int i = 0; i < uses; i++)
		use(self, (10 + 4 * i - 2 * (i == 5) - (i == uses - 1)) * SEC,
		    (11 + 4 * i - 2 * (i == 5) - (i == uses - 1)) * SEC);
	EXPECT_EQ(self->state.uses_n, HYDROPON_USES);
	EXPECT_EQ(left(self, 200 * SEC), (100 - uses) * SEC);
	/* Those two are one now, and so are the first of those that are four seconds apart. */
	EXPECT_EQ(self->state.uses[0].first_ns, 11 * SEC);
	EXPECT_EQ(self->state.uses[0].end_ns, 15 * SEC);
	EXPECT_EQ(self->state.uses[0].used_ns, 2 * SEC);
	EXPECT_EQ(self->state.uses[3].first_ns, 27 * SEC);
	EXPECT_EQ(self->state.uses[3].end_ns, 29 * SEC);
	EXPECT_EQ(self->state.uses[3].used_ns, 2 * SEC);
	/* The first one would leave from 1010 s on; joined with the second, both do from 1013 s. */
	EXPECT_EQ(left(self, 1013 * SEC), (100 - uses) * SEC);
	EXPECT_EQ(left(self, 1013 * SEC + 1), (100 - uses) * SEC + 1);
	EXPECT_EQ(left(self, 1015 * SEC), (100 - uses + 2) * SEC);
}

TEST_F(output, does_not_run_out_by_many_short_uses_that_its_budget_allows)
{
	__u64 on_ns = 10 * SEC;

	/* 60 in each window, with room for the fifteenth that joined ones count for longer */
	give_budget(self, 65 * SEC, 600 * SEC);
	for (int i = 0; i < 600; i++, on_ns += 10 * SEC) {
		use(self, on_ns, on_ns + SEC);
		ASSERT_EQ(self->state.cause, HYDROPON_CAUSE_EXPIRED);
	}
	EXPECT_LE(self->state.uses_n, HYDROPON_USES);
}

TEST_F(output, forgets_uses_that_have_left_the_window_to_the_nanosecond)
{
	give_budget(self, 5 * SEC, 60 * SEC);
	use(self, 10 * SEC, 11 * SEC);
	use(self, 20 * SEC, 21 * SEC);
	use(self, 71 * SEC - 1, 71 * SEC);
	EXPECT_EQ(self->state.uses_n, 2);
	EXPECT_EQ(self->state.uses[0].end_ns, 21 * SEC);
	EXPECT_EQ(self->state.uses[1].end_ns, 71 * SEC);
}

/* Against a model that knows nothing but when it was on. */

#define MODEL_TIMES 400

struct model {
	struct { __u64 from_ns, to_ns; } times[MODEL_TIMES];	/* what was restored comes first */
	int restored_n, times_n;
	bool on, overlaps;
	/* what came about, so that nothing is proven by its absence */
	int runs, latches, waits, joins, resets;
};

/* Time on within the window that ends at @end_ns, from the time with index @first on; in how
 * many pieces. Restored times may overlap: each counts.
 */
static __u64 model_used(const struct model *model, __u64 window_ns, int first, __u64 end_ns,
			int *pieces)
{
	__u64 used_ns = 0;

	*pieces = 0;
	for (int i = first; i < model->times_n; i++) {
		/* Times before boot wrap: only differences can be compared. */
		__s64 from_ago_ns = end_ns - model->times[i].from_ns;
		__s64 to_ago_ns = end_ns - model->times[i].to_ns;

		if ((model->on && i == model->times_n - 1) || to_ago_ns < 0)
			to_ago_ns = 0;
		if (from_ago_ns <= 0 || to_ago_ns >= (__s64)window_ns)
			continue;
		if (from_ago_ns > (__s64)window_ns)
			from_ago_ns = window_ns;
		used_ns += from_ago_ns - to_ago_ns;
		++*pieces;
	}
	return used_ns;
}

static void model_follow(struct model *model, bool on, __u64 now_ns)
{
	if (on && !model->on) {
		ASSERT_LT(model->times_n, MODEL_TIMES);
		model->times[model->times_n++].from_ns = now_ns;
		model->runs++;
	} else if (!on && model->on) {
		model->times[model->times_n - 1].to_ns = now_ns;
	}
	model->on = on;
}

static __u64 random_state;

static __u64 pick(__u64 below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % below;
}

/* Kept times, oldest first; they may overlap, as reserved ones do. */
static void restore_some(output *o, struct model *model, __u64 now_ns, bool overlap)
{
	struct hydropon_restore kept = { .uses_n = (__u32)pick(HYDROPON_MAX_USES + 1) };
	__u32 ago_ms = (__u32)(2 * o->limits.window_ns / NS_PER_MS);

	for (__u32 i = 0; i < kept.uses_n; i++) {
		__u32 gap_ms = (__u32)pick(ago_ms / 4 + 1), used_ms;

		ago_ms -= gap_ms;
		used_ms = (__u32)pick((overlap ? 3 * gap_ms : gap_ms / 4) + 1);
		kept.uses[i] = (struct hydropon_use){ .ago_ms = ago_ms, .used_ms = used_ms };
		model->times[i].to_ns = now_ns - ago_ms * NS_PER_MS;
		model->times[i].from_ns = model->times[i].to_ns - used_ms * NS_PER_MS;
	}
	model->restored_n = model->times_n = (int)kept.uses_n;
	EXPECT_EQ(hydropon_restore(&o->limits, &o->state, &kept, now_ns), 0);
}

/* What must be true right after a decision. As long as no uses were joined the output may use
 * its budget but for the grain; then it may be less, as if the window were a fifteenth longer.
 */
static void expect_budget(output *o, struct model *model, bool was_latched, __u64 now_ns)
{
	struct hydropon_output_state copy = o->state;
	__u64 budget_ns = o->limits.budget_ns;
	int pieces, reset;
	__u64 used_ns = model_used(model, o->limits.window_ns, 0, now_ns, &pieces);
	__u64 left_ns = used_ns < budget_ns ? budget_ns - used_ns : 0;
	bool spent = left_ns < GRAIN;

	if (pieces > HYDROPON_USES)
		model->joins++;
	reset = hydropon_reset(&o->limits, &copy, 0, now_ns);
	if (o->state.on)
		ASSERT_LT(used_ns, budget_ns);
	if (spent && !o->state.on)
		ASSERT_EQ(o->state.held_by, HYDROPON_CAUSE_BUDGET);
	if (spent && o->state.latched)
		ASSERT_EQ(reset, -EBUSY);
	if (model->joins) {
		__u64 longer_ns = o->limits.window_ns + o->limits.window_ns / 15;

		ASSERT_LE(left(o, now_ns), left_ns);
		used_ns = model_used(model, longer_ns, 0, now_ns, &pieces);
		if (!model->overlaps)
			ASSERT_GE(left(o, now_ns) + used_ns, budget_ns);
		return;
	}
	ASSERT_EQ(left(o, now_ns), left_ns);
	if (o->state.latched && !was_latched)
		ASSERT_TRUE(spent);
	if (!spent)
		ASSERT_EQ(reset, 0);
	if (!spent && !o->state.latched)
		ASSERT_EQ(o->state.held_by, 0);
}

/* In any window at all: the fullest ones begin where a time on begins, or end where one
 * ends. What was restored is not the guard's doing.
 */
static void expect_cap(const output *o, const struct model *model)
{
	int pieces;

	for (int i = model->restored_n; i < model->times_n; i++) {
		ASSERT_LE(model_used(model, o->limits.window_ns, model->restored_n,
				     model->times[i].to_ns, &pieces), o->limits.budget_ns);
		ASSERT_LE(model_used(model, o->limits.window_ns, model->restored_n,
				     model->times[i].from_ns + o->limits.window_ns, &pieces),
			  o->limits.budget_ns);
	}
}

enum life { LIFE_LONG_TIMES, LIFE_SHORT_TIMES, LIFE_OVERLAPPING };

/* An output that is wanted on and off at random; now and then somebody resets it. */
static void live(output *o, struct model *model, enum life life, __u64 seed)
{
	/* Soon after boot, so that restored times are from before it. */
	__u64 now_ns = 1 + seed % 20 * SEC, wanted_ns = now_ns, longest_ns;
	bool wanted = false;

	random_state = seed * 0x9e3779b97f4a7c15ULL + life;
	declare(o, false, false);
	o->state.restored = false;
	o->limits.window_ns = (10 + pick(50)) * SEC + pick(2);
	o->limits.budget_ns = (1 + pick(8)) * SEC + pick(SEC);
	longest_ns = life == LIFE_LONG_TIMES ? 6 * SEC : SEC / 4;
	model->times_n = model->restored_n = model->joins = 0;
	model->overlaps = life == LIFE_OVERLAPPING;
	if (seed & 1)
		restore_some(o, model, now_ns, life == LIFE_OVERLAPPING);
	o->state.restored = true;

	for (int i = 0; i < 250; i++) {
		bool was_latched = o->state.latched;

		if (now_ns == wanted_ns) {
			wanted = !wanted;
			wanted_ns += 1 + pick(longest_ns);
			if (wanted && !hydropon_may_lease(&o->limits, &o->state, now_ns))
				o->state.lease_expiry_ns = wanted_ns;
		}
		at(o, now_ns);
		model_follow(model, o->state.on, now_ns);
		expect_budget(o, model, was_latched, now_ns);
		model->latches += o->state.latched && !was_latched;
		model->waits += !o->state.latched && o->state.held_by == HYDROPON_CAUSE_BUDGET;
		if (o->state.latched && !pick(4))
			model->resets += !hydropon_reset(&o->limits, &o->state, 0, now_ns);
		now_ns = o->next_ns < wanted_ns ? o->next_ns : wanted_ns;
	}
	model_follow(model, false, now_ns);
	expect_cap(o, model);
}

static int live_many(output *o, enum life life)
{
	static struct model model;
	int joins = 0;

	memset(&model, 0, sizeof(model));
	for (__u64 seed = 1; seed <= 200; seed++) {
		live(o, &model, life, seed);
		joins += !!model.joins;
	}
	harness_note("%d runs, %d latches, %d resets, %d waits; %d lives of 200 had uses joined",
		     model.runs, model.latches, model.resets, model.waits, joins);
	EXPECT_GT(model.runs, 1000);
	EXPECT_GT(model.latches, 100);
	EXPECT_GT(model.resets, 50);
	EXPECT_GT(model.waits, 50);
	return joins;
}

TEST_F(output, uses_its_budget_in_no_window_more_than_once)
{
	EXPECT_EQ(live_many(self, LIFE_LONG_TIMES), 0);
}

TEST_F(output, uses_its_budget_in_no_window_more_than_once_by_many_short_times)
{
	EXPECT_GT(live_many(self, LIFE_SHORT_TIMES), 50);
}

TEST_F(output, uses_its_budget_in_no_window_more_than_once_with_times_that_overlap)
{
	EXPECT_GT(live_many(self, LIFE_OVERLAPPING), 50);
}

TEST_F(output, joins_two_uses_that_overlap_into_one_that_counts_for_longer)
{
	__u64 now_ns = 1000 * SEC;

	random_state = 1;
	self->limits.window_ns = 100;
	self->limits.budget_ns = 100;
	for (int i = 0; i < 20000; i++) {
		struct hydropon_output_state two = { .uses_n = 2 }, one = { .uses_n = 1 };
		struct hydropon_used first, second;

		second.end_ns = now_ns - pick(60);
		first.end_ns = second.end_ns - pick(60);
		/* as another one left it that was joined before */
		if (!pick(4))
			first.end_ns = now_ns + pick(20);
		first.used_ns = 1 + pick(60);
		second.used_ns = 1 + pick(60);
		two.uses[0] = first;
		two.uses[1] = second;
		join(&first, &second);
		one.uses[0] = second;
		for (__u64 t = now_ns; t < now_ns + 250; t++)
			ASSERT_LE(hydropon_budget_left(&self->limits, &one, t),
				  hydropon_budget_left(&self->limits, &two, t));
	}
}

/* What was kept */

static int restore(output *o, const struct hydropon_restore *kept, __u64 now_ns)
{
	int ret = hydropon_restore(&o->limits, &o->state, kept, now_ns);

	at(o, now_ns);
	return ret;
}

TEST_F(output, counts_its_budget_as_spent_until_it_is_restored)
{
	struct hydropon_restore nothing = { 0 };

	self->state.restored = false;
	give_budget(self, 5 * SEC, 60 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_BUDGET);
	EXPECT_MAY(self, SEC, -EDQUOT);
	turn_switch(self, HYDROPON_MANUAL_ON, 2 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_BUDGET);
	EXPECT_EQ(self->state.latched, 0);
	EXPECT_EQ(restore(self, &nothing, 3 * SEC), 0);
	EXPECT_ON(self, HYDROPON_CAUSE_MANUAL_ON);
	EXPECT_EQ(self->next_ns, 8 * SEC);
}

TEST_F(output, is_restored_once)
{
	struct hydropon_restore nothing = { 0 };
	struct hydropon_restore more = { .latched = HYDROPON_TRIP_OFF, .uses_n = 1,
					 .uses = { { .used_ms = 1000 } } };

	self->state.restored = false;
	give_budget(self, 5 * SEC, 60 * SEC);
	EXPECT_EQ(restore(self, &nothing, 2 * SEC), 0);
	EXPECT_EQ(restore(self, &more, 2 * SEC), -EALREADY);
	EXPECT_EQ(self->state.latched, 0);
	EXPECT_EQ(left(self, 2 * SEC), 5 * SEC);
}

TEST_F(output, is_restored_with_its_latches_and_takes_none_away)
{
	struct hydropon_restore kept = { .latched = HYDROPON_LATCHES & ~HYDROPON_TRIP_SAFE };

	self->state.restored = false;
	self->inputs.latching = HYDROPON_TRIP_SAFE;
	at(self, SEC);
	EXPECT_EQ(restore(self, &kept, 2 * SEC), 0);
	EXPECT_TRUE(self->state.restored);
	EXPECT_EQ(self->state.latched, HYDROPON_LATCHES);
	EXPECT_OFF(self, HYDROPON_CAUSE_WELDED);
}

TEST_F(output, keeps_a_latched_budget_over_a_restore)
{
	struct hydropon_restore kept = { .latched = HYDROPON_LATCH_BUDGET };

	self->state.restored = false;
	give_budget(self, 5 * SEC, 60 * SEC);
	EXPECT_EQ(restore(self, &kept, 2 * SEC), 0);
	EXPECT_OFF(self, HYDROPON_CAUSE_BUDGET);
	EXPECT_EQ(hydropon_reset(&self->limits, &self->state, 0, 2 * SEC), 0);
	at(self, 2 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_CLEARED);
}

TEST_F(output, has_the_use_from_before_boot_in_its_budget)
{
	/* 50 s before boot, and some that ends with it */
	struct hydropon_restore kept = { .uses_n = 2, .uses = { { 52000, 1000 }, { 2000, 3000 } } };

	self->state.restored = false;
	give_budget(self, 5 * SEC, 60 * SEC);
	EXPECT_EQ(restore(self, &kept, 2 * SEC), 0);
	EXPECT_EQ(left(self, 2 * SEC), 1 * SEC);
	EXPECT_EQ(left(self, 9 * SEC), 1 * SEC);
	EXPECT_EQ(left(self, 10 * SEC), 2 * SEC);
	EXPECT_EQ(left(self, 57 * SEC), 2 * SEC);
	EXPECT_EQ(left(self, 60 * SEC), 5 * SEC);
}

TEST_F(output, that_was_restored_with_all_its_budget_used_waits_for_the_window)
{
	struct hydropon_restore kept = { .uses_n = 1, .uses = { { 0, 5000 } } };

	self->state.restored = false;
	give_budget(self, 5 * SEC, 60 * SEC);
	EXPECT_EQ(restore(self, &kept, 2 * SEC), 0);
	EXPECT_OFF(self, HYDROPON_CAUSE_BUDGET);
	EXPECT_EQ(self->state.latched, 0);
	EXPECT_EQ(self->next_ns, 57 * SEC + GRAIN);
	at(self, 57 * SEC + GRAIN);
	EXPECT_OFF(self, HYDROPON_CAUSE_CLEARED);
}

TEST_F(output, ignores_what_was_kept_from_before_the_window)
{
	struct hydropon_restore kept = { .uses_n = 3, .uses = { { ~0U, ~0U }, { 60000, 5000 },
								{ 59999, 2 } } };

	self->state.restored = false;
	give_budget(self, 5 * SEC, 60 * SEC);
	EXPECT_EQ(restore(self, &kept, 2 * SEC), 0);
	EXPECT_EQ(self->state.uses_n, 1);
	EXPECT_EQ(left(self, 2 * SEC), 5 * SEC - NS_PER_MS);
}

TEST_F(output, counts_a_kept_use_longer_than_the_window_as_the_window)
{
	struct hydropon_restore kept = { .uses_n = 1, .uses = { { 10, ~0U } } };

	self->state.restored = false;
	give_budget(self, 5 * SEC, 60 * SEC);
	EXPECT_EQ(restore(self, &kept, 2 * SEC), 0);
	EXPECT_EQ(self->state.uses[0].used_ns, 60 * SEC);
	EXPECT_EQ(left(self, 2 * SEC), 0);
	EXPECT_EQ(left(self, 62 * SEC - 10 * NS_PER_MS), 5 * SEC);
}

TEST_F(output, without_a_budget_needs_no_use)
{
	struct hydropon_restore kept = { .uses_n = 1, .uses = { { 10, 1000 } } };

	self->state.restored = false;
	EXPECT_EQ(restore(self, &kept, SEC), 0);
	EXPECT_TRUE(self->state.restored);
	EXPECT_EQ(self->state.uses_n, 0);
}

TEST_F(output, refuses_to_restore_what_makes_no_sense)
{
	static const struct hydropon_restore cases[] = {
		{ .latched = 1 << 3 },
		{ .latched = 1 << 7 },
		{ .latched = 1 << 10 },
		{ .latched = 1U << 31 },
		{ .uses_n = HYDROPON_MAX_USES + 1 },
		{ .uses_n = ~0U },
		{ .reserved = 1 },
		{ .uses_n = 2, .uses = { { 10, 1 }, { 11, 1 } } },
		{ .uses_n = 3, .uses = { { 12, 1 }, { 10, 1 }, { 11, 1 } } },
	};
	static const struct hydropon_restore good = {
		.latched = HYDROPON_LATCHES, .uses_n = HYDROPON_MAX_USES,
		.uses = { { 20, 1 }, { 20, 1 }, { 10, 1 } },
	};

	self->state.restored = false;
	give_budget(self, 5 * SEC, 60 * SEC);
	for (size_t i = 0; i < 9; i++) {
		EXPECT_EQ(restore(self, &cases[i], SEC), -EINVAL);
		EXPECT_FALSE(self->state.restored);
		EXPECT_EQ(self->state.latched, 0);
		EXPECT_EQ(self->state.uses_n, 0);
	}
	EXPECT_EQ(restore(self, &good, SEC), 0);
}

