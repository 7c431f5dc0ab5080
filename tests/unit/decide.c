// SPDX-License-Identifier: GPL-2.0-only
/* What an output does: one behaviour a test, at each deadline and one nanosecond beside it. */
#include "support/output_rig.h"

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
		/* and a switch at ON is no new command */
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

TEST_F(output, is_off_when_max_on_is_reached_although_it_is_let_go_of_under_a_held_switch)
{
	self->limits.max_on_ns = 3 * SEC;
	lease_until(self, 9 * SEC, SEC);
	turn_switch(self, HYDROPON_MANUAL_ON, 2 * SEC);
	let_go(self, HYDROPON_CAUSE_RELEASED, 4 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_MAX_ON);
}

TEST_F(output, that_is_let_go_of_when_max_on_is_reached_may_be_set_again)
{
	self->limits.max_on_ns = 3 * SEC;
	lease_until(self, 9 * SEC, SEC);
	let_go(self, HYDROPON_CAUSE_RELEASED, 4 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_RELEASED);
	EXPECT_MAY(self, 4 * SEC, 0);
}

/* No command: to let go of it is one, and to press its switch. */
static const enum hydropon_cause no_commands[] = {
	HYDROPON_CAUSE_CLOSED, HYDROPON_CAUSE_REPLACED, HYDROPON_CAUSE_SUSPEND,
};

TEST_F(output, stays_off_after_max_on_for_controllers_that_come_and_go)
{
	self->limits.max_on_ns = 3 * SEC;
	lease_until(self, 9 * SEC, SEC);
	at(self, 4 * SEC);
	for (__u64 i = 0; i < 9; i++) {
		__u64 now_ns = (5 + 2 * i) * SEC;

		let_go(self, no_commands[i % 3], now_ns);
		EXPECT_OFF(self, HYDROPON_CAUSE_MAX_ON);
		EXPECT_MAY(self, now_ns, -ETIME);
		/* one that does not care for the refusal */
		lease_until(self, now_ns + 3 * SEC, now_ns + SEC);
		EXPECT_OFF(self, HYDROPON_CAUSE_MAX_ON);
		EXPECT_EQ(self->state.lease_expiry_ns, 0);
	}
	let_go(self, HYDROPON_CAUSE_RELEASED, 30 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_CLEARED);
	EXPECT_MAY(self, 30 * SEC, 0);
}

TEST_F(output, has_reached_max_on_although_the_controller_goes_at_that_time)
{
	for (size_t i = 0; i < 3; i++) {
		declare(self, false, false);
		self->limits.max_on_ns = 3 * SEC;
		lease_until(self, 9 * SEC, SEC);
		let_go(self, no_commands[i], 4 * SEC);
		EXPECT_OFF(self, HYDROPON_CAUSE_MAX_ON);
		EXPECT_MAY(self, 4 * SEC, -ETIME);
	}
}

TEST_F(output, may_be_set_again_if_the_controller_goes_before_max_on)
{
	self->limits.max_on_ns = 3 * SEC;
	lease_until(self, 9 * SEC, SEC);
	let_go(self, HYDROPON_CAUSE_CLOSED, 4 * SEC - 1);
	EXPECT_OFF(self, HYDROPON_CAUSE_CLOSED);
	EXPECT_MAY(self, 4 * SEC, 0);
}

TEST_F(output, may_be_let_go_of_after_max_on_while_something_else_forces_it_off)
{
	self->limits.max_on_ns = 3 * SEC;
	lease_until(self, 9 * SEC, SEC);
	at(self, 4 * SEC);
	trip(self, HYDROPON_TRIP_OFF, 5 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_TRIP_OFF);
	let_go(self, HYDROPON_CAUSE_RELEASED, 6 * SEC);
	trip(self, 0, 7 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_CLEARED);
	EXPECT_MAY(self, 7 * SEC, 0);
}

TEST_F(output, is_not_reset_out_of_max_on)
{
	self->limits.max_on_ns = 3 * SEC;
	lease_until(self, 9 * SEC, SEC);
	at(self, 4 * SEC);
	EXPECT_EQ(hydropon_reset(&self->limits, &self->state, 0, 5 * SEC), 0);
	at(self, 5 * SEC);
	EXPECT_OFF(self, HYDROPON_CAUSE_MAX_ON);
}

TEST_F(output, stays_off_after_max_on_for_a_trip_that_lasts_or_begins_anew)
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
	EXPECT_OFF(self, HYDROPON_CAUSE_MAX_ON);
	/* once it is let go of between two trips, the next one has it on again */
	trip(self, 0, 8 * SEC);
	let_go(self, HYDROPON_CAUSE_RELEASED, 9 * SEC);
	trip(self, HYDROPON_TRIP_ON, 10 * SEC);
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
