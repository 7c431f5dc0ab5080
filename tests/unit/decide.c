// SPDX-License-Identifier: GPL-2.0-only
/* What an output does: one behaviour a test, at each deadline and one nanosecond beside it. */
#include "../../kmod/guard/decide.c"
#include "harness.h"

#define NS_PER_MS HYDROPON_MS_NS
#define SEC (1000 * NS_PER_MS)
#define GRAIN HYDROPON_BUDGET_GRAIN_NS

FIXTURE(output)
{
	struct hydropon_limits limits;
	struct hydropon_output_state state;
	struct hydropon_inputs inputs;
	__u64 next_ns;
};

FIXTURE_SETUP(output)
{
	memset(self, 0, sizeof(*self));
	self->state.restored = true;
}

FIXTURE_TEARDOWN(output)
{
}

typedef struct fixture_output output;

/* Decides at @now_ns, and again: what was decided stands. */
static void at(output *o, __u64 now_ns)
{
	struct hydropon_output_state again;

	o->next_ns = hydropon_decide(&o->limits, &o->state, &o->inputs, now_ns);
	again = o->state;
	EXPECT_EQ(hydropon_decide(&o->limits, &again, &o->inputs, now_ns), o->next_ns);
	EXPECT_FALSE(memcmp(&again, &o->state, sizeof(again)));
	EXPECT_TRUE(o->next_ns > now_ns);
}

static void let_go(output *o, enum hydropon_cause cause, __u64 now_ns)
{
	o->inputs.let_go = cause;
	at(o, now_ns);
	o->inputs.let_go = 0;
}

static void lease_until(output *o, __u64 expiry_ns, __u64 now_ns)
{
	o->state.lease_expiry_ns = expiry_ns;
	at(o, now_ns);
}

static void turn_switch(output *o, enum hydropon_manual manual, __u64 now_ns)
{
	o->inputs.manual = manual;
	at(o, now_ns);
}

static void trip(output *o, __u32 trips, __u64 now_ns)
{
	o->inputs.trips = trips;
	at(o, now_ns);
}

/* An output declared like this, since a probe at 0. */
static void declare(output *o, bool safe_on, bool shed)
{
	memset(o, 0, sizeof(*o));
	o->limits.safe_on = safe_on;
	o->limits.shed = shed;
	o->state.on = safe_on;
	o->state.restored = true;
}

#define EXPECT_ON(o, why)					\
	do {							\
		EXPECT_TRUE((o)->state.on);			\
		EXPECT_EQ((o)->state.cause, why);		\
	} while (0)
#define EXPECT_OFF(o, why)					\
	do {							\
		EXPECT_FALSE((o)->state.on);			\
		EXPECT_EQ((o)->state.cause, why);		\
	} while (0)
#define EXPECT_IS(o, as, why)					\
	do {							\
		EXPECT_EQ((o)->state.on, as);			\
		EXPECT_EQ((o)->state.cause, why);		\
	} while (0)
#define EXPECT_MAY(o, now_ns, error) \
	EXPECT_EQ(hydropon_may_lease(&(o)->limits, &(o)->state, now_ns), error)

/* Leases */

TEST_F(output, is_as_declared_from_its_probe)
{
	for (int safe_on = 0; safe_on <= 1; safe_on++) {
		declare(self, safe_on, true);
		at(self, SEC);
		EXPECT_IS(self, safe_on, HYDROPON_CAUSE_PROBE);
		EXPECT_EQ(self->next_ns, HYDROPON_NEVER);
		EXPECT_MAY(self, SEC, 0);
	}
}

TEST_F(output, is_away_from_safe_until_the_lease_expires_and_not_a_nanosecond_longer)
{
	for (int safe_on = 0; safe_on <= 1; safe_on++) {
		declare(self, safe_on, false);
		lease_until(self, 5 * SEC, SEC);
		EXPECT_IS(self, !safe_on, HYDROPON_CAUSE_LEASE);
		EXPECT_EQ(self->next_ns, 5 * SEC);
		EXPECT_EQ(self->state.since_ns, SEC);
		at(self, 5 * SEC - 1);
		EXPECT_IS(self, !safe_on, HYDROPON_CAUSE_LEASE);
		EXPECT_EQ(self->next_ns, 5 * SEC);
		at(self, 5 * SEC);
		EXPECT_IS(self, safe_on, HYDROPON_CAUSE_EXPIRED);
		EXPECT_EQ(self->next_ns, HYDROPON_NEVER);
		EXPECT_EQ(self->state.lease_expiry_ns, 0);
		EXPECT_EQ(self->state.since_ns, 5 * SEC);
	}
}

TEST_F(output, stays_safe_if_the_lease_is_over_before_it_is_looked_at)
{
	at(self, SEC);
	lease_until(self, 2 * SEC, 2 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_PROBE);
	EXPECT_EQ(self->state.lease_expiry_ns, 0);
}

TEST_F(output, goes_safe_by_each_way_of_letting_go_and_tells_it)
{
	static const enum hydropon_cause causes[] = {
		HYDROPON_CAUSE_RELEASED, HYDROPON_CAUSE_CLOSED, HYDROPON_CAUSE_REPLACED,
		HYDROPON_CAUSE_SUSPEND, HYDROPON_CAUSE_SHUTDOWN, HYDROPON_CAUSE_UNBIND,
	};

	for (int safe_on = 0; safe_on <= 1; safe_on++)
		for (size_t i = 0; i < 6; i++) {
			declare(self, safe_on, false);
			lease_until(self, 5 * SEC, SEC);
			let_go(self, causes[i], 2 * SEC);
			EXPECT_IS(self, safe_on, causes[i]);
			EXPECT_EQ(self->next_ns, HYDROPON_NEVER);
			/* and what let go does not come back */
			at(self, 2 * SEC + 1);
			EXPECT_IS(self, safe_on, causes[i]);
		}
}

TEST_F(output, that_has_no_lease_says_nothing_when_the_controller_lets_go)
{
	static const enum hydropon_cause causes[] = {
		HYDROPON_CAUSE_RELEASED, HYDROPON_CAUSE_CLOSED, HYDROPON_CAUSE_REPLACED,
	};

	for (size_t i = 0; i < 3; i++) {
		let_go(self, causes[i], SEC);
		EXPECT_OFF(self, HYDROPON_CAUSE_PROBE);
	}
}

TEST_F(output, tells_the_end_of_everything_even_without_a_lease)
{
	static const enum hydropon_cause causes[] = {
		HYDROPON_CAUSE_SUSPEND, HYDROPON_CAUSE_SHUTDOWN, HYDROPON_CAUSE_UNBIND,
	};

	for (size_t i = 0; i < 3; i++) {
		declare(self, i & 1, false);
		let_go(self, causes[i], SEC);
		EXPECT_IS(self, i & 1, causes[i]);
	}
}

TEST_F(output, that_was_let_go_of_does_not_expire_a_second_time)
{
	lease_until(self, 5 * SEC, SEC);
	let_go(self, HYDROPON_CAUSE_RELEASED, 2 * SEC);
	at(self, 5 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_RELEASED);
}

TEST_F(output, tells_letting_go_before_a_need_and_a_need_before_the_expiry)
{
	lease_until(self, 5 * SEC, SEC);
	self->inputs.needs_stale = true;
	at(self, 5 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_NEED);

	declare(self, false, false);
	lease_until(self, 5 * SEC, SEC);
	self->inputs.needs_stale = true;
	let_go(self, HYDROPON_CAUSE_CLOSED, 5 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_CLOSED);
}

TEST_F(output, keeps_the_cause_of_its_state_while_nothing_changes)
{
	lease_until(self, 5 * SEC, SEC);
	at(self, 5 * SEC);
	self->inputs.needs_stale = true;
	at(self, 6 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_EXPIRED);
	let_go(self, HYDROPON_CAUSE_RELEASED, 7 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_EXPIRED);
}

/* Levels */

enum strength {
	WELDED, TRIP_OFF, SHED, AT_OFF, OVERRUN, SPENT, TRIP_ON, TRIP_SAFE, AT_ON, LEASED, NOTHING,
	STRENGTHS,
};

static const struct {
	enum hydropon_cause cause;
	int on;	/* -1: as declared; -2: the opposite of it */
	int held;
} strengths[] = {
	[WELDED] = { HYDROPON_CAUSE_WELDED, 0, -EBUSY },
	[TRIP_OFF] = { HYDROPON_CAUSE_TRIP_OFF, 0, -EBUSY },
	[SHED] = { HYDROPON_CAUSE_SHED, 0, -EBUSY },
	[AT_OFF] = { HYDROPON_CAUSE_MANUAL_OFF, 0, -EBUSY },
	[OVERRUN] = { HYDROPON_CAUSE_MAX_ON, 0, -ETIME },
	[SPENT] = { HYDROPON_CAUSE_BUDGET, 0, -EDQUOT },
	[TRIP_ON] = { HYDROPON_CAUSE_TRIP_ON, 1, -EBUSY },
	[TRIP_SAFE] = { HYDROPON_CAUSE_TRIP_SAFE, -1, -EBUSY },
	[AT_ON] = { HYDROPON_CAUSE_MANUAL_ON, 1, 0 },
	[LEASED] = { HYDROPON_CAUSE_LEASE, -2, 0 },
	[NOTHING] = { HYDROPON_CAUSE_PROBE, -1, 0 },
};

/* Puts a strength into the inputs or the state of an output, as it is at 10 s. */
static void apply(output *o, enum strength strength)
{
	switch (strength) {
	case WELDED:
		o->inputs.latching |= HYDROPON_LATCH_WELDED;
		break;
	case TRIP_OFF:
		o->inputs.trips |= HYDROPON_TRIP_OFF;
		break;
	case SHED:
		o->inputs.shedding = true;
		break;
	case AT_OFF:
		o->inputs.manual = HYDROPON_MANUAL_OFF;
		break;
	case OVERRUN:
		o->state.overrun = true;
		/* and what wants it on is no new command */
		o->state.demanded = true;
		o->state.pressed = true;
		break;
	case SPENT:
		o->state.restored = false;
		break;
	case TRIP_ON:
		o->inputs.trips |= HYDROPON_TRIP_ON;
		break;
	case TRIP_SAFE:
		o->inputs.trips |= HYDROPON_TRIP_SAFE;
		break;
	case AT_ON:
		if (o->inputs.manual == HYDROPON_MANUAL_AUTO)
			o->inputs.manual = HYDROPON_MANUAL_ON;
		break;
	case LEASED:
		o->state.lease_expiry_ns = 20 * SEC;
		break;
	default:
		break;
	}
}

static void expect_strength(output *o, enum strength strength, bool safe_on)
{
	int on = strengths[strength].on;

	EXPECT_IS(o, on == -1 ? safe_on : on == -2 ? !safe_on : on, strengths[strength].cause);
	EXPECT_MAY(o, 10 * SEC, strengths[strength].held);
}

static bool is_limit(enum strength strength)
{
	return strength == OVERRUN || strength == SPENT;
}

TEST_F(output, obeys_the_stronger_of_any_two)
{
	for (int safe_on = 0; safe_on <= 1; safe_on++)
		for (enum strength strong = 0; strong < STRENGTHS; strong++)
			for (enum strength weak = strong; weak < STRENGTHS; weak++) {
				if (safe_on && (is_limit(strong) || is_limit(weak)))
					continue;
				declare(self, safe_on, true);
				if (!safe_on) {
					self->limits.max_on_ns = 100 * SEC;
					self->limits.budget_ns = 50 * SEC;
					self->limits.window_ns = 500 * SEC;
				}
				apply(self, strong);
				apply(self, weak);
				at(self, 10 * SEC);
				expect_strength(self, strong, safe_on);
			}
}

TEST_F(output, comes_down_the_levels_one_by_one)
{
	self->limits = (struct hydropon_limits){ .shed = true, .max_on_ns = 100 * SEC,
						 .budget_ns = 50 * SEC, .window_ns = 500 * SEC };
	for (enum strength strength = 0; strength < STRENGTHS; strength++) {
		struct hydropon_limits limits = self->limits;

		declare(self, false, true);
		self->limits = limits;
		for (enum strength weaker = strength; weaker < STRENGTHS; weaker++)
			apply(self, weaker);
		at(self, 10 * SEC);
		expect_strength(self, strength, false);
	}
}

TEST_F(output, whose_safe_state_is_on_stops_for_a_leak)
{
	declare(self, true, false);
	trip(self, HYDROPON_TRIP_OFF, SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_TRIP_OFF);
	trip(self, 0, 2 * SEC);
	EXPECT_ON(self, HYDROPON_CAUSE_CLEARED);
}

TEST_F(output, is_held_at_its_declared_state_by_a_trip_to_safe)
{
	for (int safe_on = 0; safe_on <= 1; safe_on++) {
		declare(self, safe_on, false);
		lease_until(self, 9 * SEC, SEC);
		trip(self, HYDROPON_TRIP_SAFE, 2 * SEC);
		EXPECT_IS(self, safe_on, HYDROPON_CAUSE_TRIP_SAFE);
		trip(self, 0, 3 * SEC);
		EXPECT_IS(self, safe_on, HYDROPON_CAUSE_CLEARED);
	}
}

TEST_F(output, runs_by_a_trip_to_on_without_any_lease)
{
	for (int safe_on = 0; safe_on <= 1; safe_on++) {
		declare(self, safe_on, false);
		lease_until(self, 9 * SEC, SEC);
		trip(self, HYDROPON_TRIP_ON, 2 * SEC);
		EXPECT_ON(self, HYDROPON_CAUSE_TRIP_ON);
		trip(self, 0, 3 * SEC);
		EXPECT_IS(self, safe_on, HYDROPON_CAUSE_CLEARED);
	}
}

TEST_F(output, is_ended_in_its_lease_by_all_that_is_stronger)
{
	static const enum strength stronger[] = {
		WELDED, TRIP_OFF, SHED, AT_OFF, OVERRUN, TRIP_ON, TRIP_SAFE,
	};

	for (size_t i = 0; i < 7; i++) {
		declare(self, false, true);
		lease_until(self, 20 * SEC, SEC);
		apply(self, stronger[i]);
		at(self, 2 * SEC);
		EXPECT_EQ(self->state.cause, strengths[stronger[i]].cause);
		EXPECT_EQ(self->state.lease_expiry_ns, 0);
		/* and it does not come back by itself */
		memset(&self->inputs, 0, sizeof(self->inputs));
		self->state.latched = 0;
		self->state.overrun = false;
		at(self, 3 * SEC);
		EXPECT_OFF(self, stronger[i] == SHED ? HYDROPON_CAUSE_RESTORED :
						       HYDROPON_CAUSE_CLEARED);
	}
}

TEST_F(output, that_is_shed_is_off_whatever_is_declared)
{
	for (int safe_on = 0; safe_on <= 1; safe_on++) {
		declare(self, safe_on, true);
		lease_until(self, 5 * SEC, SEC);
		self->inputs.shedding = true;
		at(self, 2 * SEC);
		EXPECT_OFF(self, HYDROPON_CAUSE_SHED);
		self->inputs.shedding = false;
		at(self, 2 * SEC + 1);
		EXPECT_IS(self, safe_on, HYDROPON_CAUSE_RESTORED);
	}
}

TEST_F(output, outside_the_shed_set_does_not_care_for_power)
{
	declare(self, true, false);
	self->inputs.shedding = true;
	at(self, SEC);
	EXPECT_ON(self, HYDROPON_CAUSE_PROBE);
	EXPECT_MAY(self, SEC, 0);
	lease_until(self, 5 * SEC, 2 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_LEASE);
}

/* The switch */

TEST_F(output, runs_while_its_switch_is_held)
{
	turn_switch(self, HYDROPON_MANUAL_ON, SEC);
	EXPECT_ON(self, HYDROPON_CAUSE_MANUAL_ON);
	turn_switch(self, HYDROPON_MANUAL_AUTO, 2 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_CLEARED);
}

TEST_F(output, is_locked_off_by_its_switch_whatever_is_declared)
{
	declare(self, true, false);
	turn_switch(self, HYDROPON_MANUAL_OFF, SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_MANUAL_OFF);
	turn_switch(self, HYDROPON_MANUAL_AUTO, 2 * SEC);
	EXPECT_ON(self, HYDROPON_CAUSE_CLEARED);
}

TEST_F(output, keeps_its_lease_under_a_switch_at_on)
{
	for (int safe_on = 0; safe_on <= 1; safe_on++) {
		declare(self, safe_on, false);
		lease_until(self, 9 * SEC, SEC);
		turn_switch(self, HYDROPON_MANUAL_ON, 2 * SEC);
		EXPECT_ON(self, HYDROPON_CAUSE_MANUAL_ON);
		EXPECT_EQ(self->next_ns, 9 * SEC);
		EXPECT_MAY(self, 2 * SEC, 0);
		turn_switch(self, HYDROPON_MANUAL_AUTO, 3 * SEC);
		EXPECT_IS(self, !safe_on, HYDROPON_CAUSE_LEASE);
		EXPECT_EQ(self->next_ns, 9 * SEC);
	}
}

TEST_F(output, loses_its_lease_under_a_switch_at_on_as_at_any_time)
{
	lease_until(self, 5 * SEC, SEC);
	turn_switch(self, HYDROPON_MANUAL_ON, 2 * SEC);
	at(self, 5 * SEC);
	EXPECT_ON(self, HYDROPON_CAUSE_MANUAL_ON);
	turn_switch(self, HYDROPON_MANUAL_AUTO, 6 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_CLEARED);

	declare(self, false, false);
	lease_until(self, 5 * SEC, SEC);
	turn_switch(self, HYDROPON_MANUAL_ON, 2 * SEC);
	let_go(self, HYDROPON_CAUSE_RELEASED, 3 * SEC);
	EXPECT_ON(self, HYDROPON_CAUSE_MANUAL_ON);
	turn_switch(self, HYDROPON_MANUAL_AUTO, 4 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_CLEARED);
}

TEST_F(output, is_passed_by_a_held_switch_only_where_the_interlock_says_so)
{
	static const struct {
		__u32 trips;
		bool on;
		enum hydropon_cause cause;
	} cases[] = {
		{ HYDROPON_TRIP_OFF, false, HYDROPON_CAUSE_TRIP_OFF },
		{ HYDROPON_TRIP_SAFE, false, HYDROPON_CAUSE_TRIP_SAFE },
		{ HYDROPON_TRIP_ON, true, HYDROPON_CAUSE_TRIP_ON },
		{ HYDROPON_TRIP_OFF << HYDROPON_TRIP_PASS_SHIFT, true, HYDROPON_CAUSE_MANUAL_ON },
		{ HYDROPON_TRIP_SAFE << HYDROPON_TRIP_PASS_SHIFT, true, HYDROPON_CAUSE_MANUAL_ON },
		{ HYDROPON_TRIP_ON << HYDROPON_TRIP_PASS_SHIFT, true, HYDROPON_CAUSE_MANUAL_ON },
		/* one interlock lets the switch pass, another does not */
		{ HYDROPON_TRIP_OFF | HYDROPON_TRIP_OFF << HYDROPON_TRIP_PASS_SHIFT, false,
		  HYDROPON_CAUSE_TRIP_OFF },
	};

	for (size_t i = 0; i < 7; i++) {
		declare(self, false, false);
		self->inputs.manual = HYDROPON_MANUAL_ON;
		trip(self, cases[i].trips, SEC);
		EXPECT_IS(self, cases[i].on, cases[i].cause);
		/* what is latched is passed in the same way */
		declare(self, false, false);
		self->inputs.manual = HYDROPON_MANUAL_ON;
		self->inputs.latching = cases[i].trips;
		at(self, SEC);
		EXPECT_IS(self, cases[i].on, cases[i].cause);
	}
}

TEST_F(output, is_held_by_a_trip_that_passes_when_the_switch_is_not_at_on)
{
	static const enum hydropon_manual positions[] = {
		HYDROPON_MANUAL_AUTO, HYDROPON_MANUAL_OFF,
	};

	for (size_t i = 0; i < 2; i++) {
		declare(self, true, false);
		self->inputs.manual = positions[i];
		trip(self, HYDROPON_TRIP_OFF << HYDROPON_TRIP_PASS_SHIFT, SEC);
		EXPECT_OFF(self, HYDROPON_CAUSE_TRIP_OFF);
	}
}

TEST_F(output, is_tripped_again_when_the_switch_that_passed_is_let_go_of)
{
	self->inputs.manual = HYDROPON_MANUAL_ON;
	trip(self, HYDROPON_TRIP_OFF << HYDROPON_TRIP_PASS_SHIFT, SEC);
	EXPECT_ON(self, HYDROPON_CAUSE_MANUAL_ON);
	turn_switch(self, HYDROPON_MANUAL_AUTO, 2 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_TRIP_OFF);
}

/* Needs */

TEST_F(output, loses_its_lease_with_a_channel_that_it_needs)
{
	for (int safe_on = 0; safe_on <= 1; safe_on++) {
		declare(self, safe_on, false);
		lease_until(self, 9 * SEC, SEC);
		self->inputs.needs_stale = true;
		at(self, 2 * SEC);
		EXPECT_IS(self, safe_on, HYDROPON_CAUSE_NEED);
		EXPECT_MAY(self, 2 * SEC, -ENODATA);
		self->inputs.needs_stale = false;
		at(self, 3 * SEC);
		EXPECT_IS(self, safe_on, HYDROPON_CAUSE_NEED);
		EXPECT_MAY(self, 3 * SEC, 0);
	}
}

TEST_F(output, runs_by_its_switch_or_a_trip_without_what_it_needs)
{
	self->inputs.needs_stale = true;
	turn_switch(self, HYDROPON_MANUAL_ON, SEC);
	EXPECT_ON(self, HYDROPON_CAUSE_MANUAL_ON);
	EXPECT_MAY(self, SEC, -ENODATA);
	turn_switch(self, HYDROPON_MANUAL_AUTO, 2 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_CLEARED);
	trip(self, HYDROPON_TRIP_ON, 3 * SEC);
	EXPECT_ON(self, HYDROPON_CAUSE_TRIP_ON);
	EXPECT_MAY(self, 3 * SEC, -EBUSY);
}

/* Latches */

TEST_F(output, stays_as_a_latching_trip_put_it)
{
	static const struct {
		__u32 trip;
		bool on;
		enum hydropon_cause cause;
	} cases[] = {
		{ HYDROPON_TRIP_OFF, false, HYDROPON_CAUSE_TRIP_OFF },
		{ HYDROPON_TRIP_ON, true, HYDROPON_CAUSE_TRIP_ON },
		{ HYDROPON_TRIP_SAFE, true, HYDROPON_CAUSE_TRIP_SAFE },
		{ HYDROPON_LATCH_WELDED, false, HYDROPON_CAUSE_WELDED },
	};

	for (size_t i = 0; i < 4; i++) {
		declare(self, true, false);
		self->inputs.latching = cases[i].trip;
		at(self, SEC);
		EXPECT_IS(self, cases[i].on, cases[i].cause);
		self->inputs.latching = 0;
		at(self, 2 * SEC);
		EXPECT_IS(self, cases[i].on, cases[i].cause);
		EXPECT_EQ(self->state.latched, cases[i].trip);
		EXPECT_EQ(hydropon_reset(&self->limits, &self->state, 0, 3 * SEC), 0);
		at(self, 3 * SEC);
		EXPECT_ON(self, HYDROPON_CAUSE_CLEARED);
	}
}

TEST_F(output, collects_its_latches)
{
	self->inputs.latching = HYDROPON_TRIP_ON;
	at(self, SEC);
	self->inputs.latching = HYDROPON_TRIP_SAFE;
	at(self, 2 * SEC);
	EXPECT_EQ(self->state.latched, HYDROPON_TRIP_ON | HYDROPON_TRIP_SAFE);
}

TEST_F(output, is_not_reset_while_what_latched_it_lasts)
{
	static const __u32 bits[] = {
		HYDROPON_TRIP_OFF, HYDROPON_TRIP_ON, HYDROPON_TRIP_SAFE, HYDROPON_LATCH_WELDED,
		HYDROPON_TRIP_OFF << HYDROPON_TRIP_PASS_SHIFT,
	};

	for (size_t i = 0; i < 5; i++) {
		declare(self, false, false);
		self->state.latched = bits[i] | HYDROPON_TRIP_SAFE;
		EXPECT_EQ(hydropon_reset(&self->limits, &self->state, bits[i], SEC), -EBUSY);
		EXPECT_EQ(self->state.latched, bits[i] | HYDROPON_TRIP_SAFE);
		/* another one's reason is no obstacle */
		self->state.latched = bits[i];
		EXPECT_EQ(hydropon_reset(&self->limits, &self->state,
					 ~bits[i] & HYDROPON_LATCHES, SEC), 0);
		EXPECT_EQ(self->state.latched, 0);
	}
}

/* Max-on and min-off */

TEST_F(output, is_off_when_max_on_is_reached_and_not_a_nanosecond_later)
{
	self->limits.max_on_ns = 3 * SEC;
	lease_until(self, 9 * SEC, SEC);
	EXPECT_EQ(self->next_ns, 4 * SEC);
	at(self, 4 * SEC - 1);
	EXPECT_ON(self, HYDROPON_CAUSE_LEASE);
	EXPECT_EQ(self->next_ns, 4 * SEC);
	at(self, 4 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_MAX_ON);
	EXPECT_MAY(self, 4 * SEC, -ETIME);
	EXPECT_EQ(self->next_ns, HYDROPON_NEVER);
}

TEST_F(output, without_max_on_runs_for_ever)
{
	lease_until(self, HYDROPON_NEVER - 1, SEC);
	at(self, HYDROPON_NEVER - 2);
	EXPECT_ON(self, HYDROPON_CAUSE_LEASE);
}

TEST_F(output, may_be_set_again_after_max_on_once_the_controller_lets_go)
{
	self->limits.max_on_ns = 3 * SEC;
	lease_until(self, 9 * SEC, SEC);
	at(self, 4 * SEC);
	at(self, 60 * SEC);
	EXPECT_MAY(self, 60 * SEC, -ETIME);
	let_go(self, HYDROPON_CAUSE_RELEASED, 61 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_CLEARED);
	EXPECT_MAY(self, 61 * SEC, 0);
	lease_until(self, 70 * SEC, 61 * SEC);
	EXPECT_ON(self, HYDROPON_CAUSE_LEASE);
	EXPECT_EQ(self->next_ns, 64 * SEC);
}

TEST_F(output, does_not_count_max_on_anew_when_a_switch_takes_over_from_a_lease)
{
	self->limits.max_on_ns = 3 * SEC;
	lease_until(self, 2 * SEC, SEC);
	self->inputs.manual = HYDROPON_MANUAL_ON;
	at(self, 2 * SEC);
	EXPECT_ON(self, HYDROPON_CAUSE_MANUAL_ON);
	EXPECT_EQ(self->next_ns, 4 * SEC);
	at(self, 4 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_MAX_ON);
}

TEST_F(output, stays_off_after_max_on_while_the_switch_is_held_or_let_go_of)
{
	self->limits.max_on_ns = 3 * SEC;
	turn_switch(self, HYDROPON_MANUAL_ON, SEC);
	at(self, 4 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_MAX_ON);
	/* nobody lets go of a switch for the one who holds it */
	let_go(self, HYDROPON_CAUSE_RELEASED, 5 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_MAX_ON);
	turn_switch(self, HYDROPON_MANUAL_AUTO, 6 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_MAX_ON);
	turn_switch(self, HYDROPON_MANUAL_ON, 7 * SEC);
	EXPECT_ON(self, HYDROPON_CAUSE_MANUAL_ON);
	EXPECT_EQ(self->next_ns, 10 * SEC);
}

TEST_F(output, gets_no_more_time_by_a_switch_that_is_pressed_when_max_on_is_reached)
{
	self->limits.max_on_ns = 3 * SEC;
	lease_until(self, 9 * SEC, SEC);
	turn_switch(self, HYDROPON_MANUAL_ON, 4 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_MAX_ON);
	turn_switch(self, HYDROPON_MANUAL_AUTO, 5 * SEC);
	turn_switch(self, HYDROPON_MANUAL_ON, 6 * SEC);
	EXPECT_ON(self, HYDROPON_CAUSE_MANUAL_ON);
}

TEST_F(output, that_is_let_go_of_when_max_on_is_reached_may_be_set_again)
{
	self->limits.max_on_ns = 3 * SEC;
	lease_until(self, 9 * SEC, SEC);
	let_go(self, HYDROPON_CAUSE_RELEASED, 4 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_RELEASED);
	EXPECT_MAY(self, 4 * SEC, 0);
}

TEST_F(output, runs_again_after_max_on_by_a_trip_that_begins)
{
	self->limits.max_on_ns = 3 * SEC;
	trip(self, HYDROPON_TRIP_ON, SEC);
	at(self, 4 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_MAX_ON);
	let_go(self, HYDROPON_CAUSE_RELEASED, 5 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_MAX_ON);
	trip(self, 0, 6 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_MAX_ON);
	trip(self, HYDROPON_TRIP_ON, 7 * SEC);
	EXPECT_ON(self, HYDROPON_CAUSE_TRIP_ON);
}

TEST_F(output, runs_again_after_max_on_by_a_switch_although_a_trip_lasts)
{
	self->limits.max_on_ns = 3 * SEC;
	trip(self, HYDROPON_TRIP_ON, SEC);
	at(self, 4 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_MAX_ON);
	turn_switch(self, HYDROPON_MANUAL_ON, 5 * SEC);
	EXPECT_ON(self, HYDROPON_CAUSE_TRIP_ON);
	EXPECT_EQ(self->next_ns, 8 * SEC);
	at(self, 8 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_MAX_ON);
	/* that a trip takes over again from the switch is no command */
	turn_switch(self, HYDROPON_MANUAL_AUTO, 9 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_MAX_ON);
}

TEST_F(output, begins_no_lease_before_min_off_is_over)
{
	self->limits.min_off_ns = 10 * SEC;
	self->state.since_ns = SEC;
	at(self, SEC);
	/* counted from its probe as well */
	EXPECT_MAY(self, 11 * SEC - 1, -EAGAIN);
	EXPECT_MAY(self, 11 * SEC, 0);
	lease_until(self, 13 * SEC, 11 * SEC);
	EXPECT_MAY(self, 11 * SEC, 0);
	at(self, 13 * SEC);
	EXPECT_MAY(self, 23 * SEC - 1, -EAGAIN);
	EXPECT_MAY(self, 23 * SEC, 0);
}

/* Budgets */

static void give_budget(output *o, __u64 budget_ns, __u64 window_ns)
{
	o->limits.budget_ns = budget_ns;
	o->limits.window_ns = window_ns;
	at(o, SEC);
}

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
	const int uses = HYDROPON_USES + 8;

	give_budget(self, 100 * SEC, 1000 * SEC);
	for (int i = 0; i < uses; i++)
		use(self, (10 + 2 * i) * SEC, (11 + 2 * i) * SEC);
	EXPECT_EQ(self->state.uses_n, HYDROPON_USES);
	EXPECT_EQ(left(self, 200 * SEC), (100 - uses) * SEC);
	/* The first one began to leave the window at 1010 s; joined with 8 more it does so later,
	 * and they are all gone when the last of them is.
	 */
	EXPECT_EQ(left(self, 1018 * SEC), (100 - uses) * SEC);
	EXPECT_EQ(left(self, 1027 * SEC), (100 - uses + 9) * SEC);
	EXPECT_EQ(left(self, 1028 * SEC), (100 - uses + 9) * SEC);
	EXPECT_EQ(left(self, 1029 * SEC), (100 - uses + 10) * SEC);
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
	bool on;
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
 * its budget but for the grain; then it may be less.
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
		ASSERT_LE(left(o, now_ns), left_ns);
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

/* Suspend, and the end of everything */

static const enum hydropon_cause ends[] = {
	HYDROPON_CAUSE_SUSPEND, HYDROPON_CAUSE_SHUTDOWN, HYDROPON_CAUSE_UNBIND,
};

TEST_F(output, is_not_switched_on_by_anything_once_the_end_has_begun)
{
	static const enum strength wishes[] = { TRIP_ON, AT_ON, LEASED, NOTHING };

	for (size_t i = 0; i < 3; i++)
		for (size_t j = 0; j < 4; j++) {
			declare(self, false, false);
			apply(self, wishes[j]);
			at(self, 10 * SEC);
			self->inputs.let_go = ends[i];
			at(self, 11 * SEC);
			EXPECT_OFF(self, ends[i]);
			at(self, 12 * SEC);
			EXPECT_OFF(self, ends[i]);
		}
}

TEST_F(output, is_at_its_declared_state_at_the_end_unless_something_forces_it_off)
{
	static const enum strength forces[] = { WELDED, TRIP_OFF, SHED, AT_OFF };

	for (size_t i = 0; i < 3; i++) {
		declare(self, true, true);
		self->inputs.let_go = ends[i];
		self->inputs.trips = HYDROPON_TRIP_SAFE;
		at(self, 10 * SEC);
		EXPECT_ON(self, ends[i]);
		for (size_t j = 0; j < 4; j++) {
			declare(self, true, true);
			self->inputs.let_go = ends[i];
			apply(self, forces[j]);
			at(self, 10 * SEC);
			EXPECT_OFF(self, strengths[forces[j]].cause);
			/* and when that is over it is the end that tells */
			declare(self, true, true);
			self->state.cause = strengths[forces[j]].cause;
			self->inputs.let_go = ends[i];
			at(self, 11 * SEC);
			EXPECT_ON(self, ends[i]);
		}
	}
}

TEST_F(output, is_safe_after_suspend_until_something_wants_otherwise)
{
	lease_until(self, 90 * SEC, SEC);
	self->inputs.let_go = HYDROPON_CAUSE_SUSPEND;
	at(self, 2 * SEC);
	self->inputs.let_go = 0;
	at(self, 3 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_SUSPEND);
	turn_switch(self, HYDROPON_MANUAL_ON, 4 * SEC);
	EXPECT_ON(self, HYDROPON_CAUSE_MANUAL_ON);
}

TEST_F(output, says_what_a_panic_is_to_write)
{
	static const bool on[] = {
		[WELDED] = false, [TRIP_OFF] = false, [SHED] = false, [AT_OFF] = false,
		[TRIP_ON] = true, [TRIP_SAFE] = true, [AT_ON] = true, [LEASED] = true,
		[NOTHING] = true,
	};

	for (int safe_on = 0; safe_on <= 1; safe_on++)
		for (enum strength strength = 0; strength < STRENGTHS; strength++) {
			declare(self, safe_on, true);
			if (is_limit(strength))
				continue;
			apply(self, strength);
			at(self, 10 * SEC);
			EXPECT_EQ(self->state.end_on, on[strength] && safe_on);
		}
}

TEST_F(output, is_looked_at_again_at_the_first_of_its_deadlines)
{
	static const __u64 orders[][3] = {	/* expiry, max-on, budget */
		{ 1, 2, 3 }, { 2, 1, 3 }, { 2, 3, 1 }, { 3, 1, 2 }, { 1, 3, 2 }, { 3, 2, 1 },
	};

	for (size_t i = 0; i < 6; i++) {
		declare(self, false, false);
		self->limits.max_on_ns = orders[i][1] * SEC;
		give_budget(self, orders[i][2] * SEC, 60 * SEC);
		lease_until(self, (10 + orders[i][0]) * SEC, 10 * SEC);
		EXPECT_EQ(self->next_ns, 11 * SEC);
	}
}
