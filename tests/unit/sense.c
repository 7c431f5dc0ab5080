// SPDX-License-Identifier: GPL-2.0-only
/* What the lines say: one behaviour a test, at each deadline and one nanosecond beside it. */
#include "../../kmod/guard/sense.c"
#include "harness.h"

#define NS_PER_MS HYDROPON_MS_NS
#define SEC (1000 * NS_PER_MS)

/* Mains power: 10 ms of debounce, 30 s to return. */

FIXTURE(power)
{
	struct hydropon_power power;
	__u64 next_ns;
};

FIXTURE_SETUP(power)
{
	memset(self, 0, sizeof(*self));
	self->power.debounce_ns = 10 * NS_PER_MS;
	self->power.restore_ns = 30 * SEC;
	self->power.good = true;
}

FIXTURE_TEARDOWN(power)
{
}

typedef struct fixture_power power;

/* Steps at @now_ns, and again without an edge: what came out stands. */
static bool power_at(power *p, bool good, bool edge, __u64 now_ns)
{
	struct hydropon_power again;

	p->next_ns = hydropon_power_step(&p->power, good, edge, now_ns);
	again = p->power;
	EXPECT_EQ(hydropon_power_step(&again, good, false, now_ns), p->next_ns);
	EXPECT_FALSE(memcmp(&again, &p->power, sizeof(again)));
	EXPECT_TRUE(p->next_ns > now_ns);
	return p->power.shedding;
}

static bool lost(power *p, __u64 now_ns)
{
	return power_at(p, false, p->power.good, now_ns);
}

static bool good(power *p, __u64 now_ns)
{
	return power_at(p, true, !p->power.good, now_ns);
}

TEST_F(power, that_is_good_sheds_nothing)
{
	EXPECT_FALSE(good(self, 1));
	EXPECT_EQ(self->next_ns, HYDROPON_NEVER);
	EXPECT_FALSE(good(self, 1000 * SEC));
}

TEST_F(power, that_is_lost_sheds_after_the_debounce)
{
	EXPECT_FALSE(lost(self, 5 * SEC));
	EXPECT_EQ(self->next_ns, 5 * SEC + 10 * NS_PER_MS);
	EXPECT_FALSE(lost(self, 5 * SEC + 10 * NS_PER_MS - 1));
	EXPECT_EQ(self->next_ns, 5 * SEC + 10 * NS_PER_MS);
	EXPECT_TRUE(lost(self, 5 * SEC + 10 * NS_PER_MS));
	EXPECT_EQ(self->next_ns, HYDROPON_NEVER);
	EXPECT_TRUE(lost(self, 5000 * SEC));
}

TEST_F(power, that_dips_for_less_than_the_debounce_sheds_nothing)
{
	lost(self, 5 * SEC);
	EXPECT_FALSE(good(self, 5 * SEC + 10 * NS_PER_MS - 1));
	EXPECT_EQ(self->next_ns, HYDROPON_NEVER);
	EXPECT_FALSE(good(self, 50 * SEC));
	/* and the next dip has a debounce of its own */
	EXPECT_FALSE(lost(self, 60 * SEC));
	EXPECT_EQ(self->next_ns, 60 * SEC + 10 * NS_PER_MS);
}

TEST_F(power, must_be_good_so_long_before_shedding_ends)
{
	lost(self, 5 * SEC);
	lost(self, 6 * SEC);
	EXPECT_TRUE(good(self, 10 * SEC));
	EXPECT_EQ(self->next_ns, 40 * SEC);
	EXPECT_TRUE(good(self, 40 * SEC - 1));
	EXPECT_EQ(self->next_ns, 40 * SEC);
	EXPECT_FALSE(good(self, 40 * SEC));
	EXPECT_EQ(self->next_ns, HYDROPON_NEVER);
}

TEST_F(power, that_dips_while_it_returns_waits_anew)
{
	lost(self, 5 * SEC);
	lost(self, 6 * SEC);
	good(self, 10 * SEC);
	EXPECT_TRUE(lost(self, 39 * SEC));
	EXPECT_EQ(self->next_ns, HYDROPON_NEVER);
	EXPECT_TRUE(good(self, 39 * SEC + 1));
	EXPECT_EQ(self->next_ns, 69 * SEC + 1);
}

TEST_F(power, that_flickers_faster_than_it_is_read_waits_anew_while_it_returns)
{
	lost(self, 5 * SEC);
	lost(self, 6 * SEC);
	good(self, 10 * SEC);
	EXPECT_TRUE(power_at(self, true, true, 20 * SEC));
	EXPECT_EQ(self->next_ns, 50 * SEC);
	/* but nothing is shed for it */
	good(self, 50 * SEC);
	EXPECT_FALSE(power_at(self, true, true, 60 * SEC));
	EXPECT_EQ(self->next_ns, HYDROPON_NEVER);
}

TEST_F(power, that_flickers_faster_than_it_is_read_while_lost_sheds_no_later)
{
	lost(self, 5 * SEC);
	EXPECT_FALSE(power_at(self, false, true, 5 * SEC + 9 * NS_PER_MS));
	EXPECT_EQ(self->next_ns, 5 * SEC + 10 * NS_PER_MS);
}

TEST_F(power, that_is_lost_at_probe_is_shed_until_it_returns)
{
	self->power.good = false;
	self->power.shedding = true;
	self->power.since_ns = 5 * SEC;
	EXPECT_TRUE(lost(self, 5 * SEC));
	EXPECT_EQ(self->next_ns, HYDROPON_NEVER);
	EXPECT_TRUE(good(self, 6 * SEC));
	EXPECT_FALSE(good(self, 36 * SEC));
}

/* @n times, every @every_ns: lost, and good again a second later. The last time it came back. */
static __u64 flicker(power *p, int n, __u64 every_ns, __u64 now_ns)
{
	for (int i = 0; i < n; i++) {
		lost(p, now_ns + i * every_ns);
		lost(p, now_ns + i * every_ns + SEC / 2);
		good(p, now_ns + i * every_ns + SEC);
	}
	return now_ns + (n - 1) * every_ns + SEC;
}

TEST_F(power, that_was_lost_nine_times_in_ten_minutes_waits_as_always)
{
	__u64 good_ns = flicker(self, 9, 5 * SEC, 100 * SEC);

	EXPECT_EQ(hydropon_power_wait_ns(&self->power), 30 * SEC);
	EXPECT_EQ(self->next_ns, good_ns + 30 * SEC);
}

TEST_F(power, that_was_lost_ten_times_in_ten_minutes_waits_for_ten_minutes)
{
	__u64 good_ns = flicker(self, 10, 5 * SEC, 100 * SEC);

	EXPECT_EQ(hydropon_power_wait_ns(&self->power), 600 * SEC);
	EXPECT_EQ(self->next_ns, good_ns + 600 * SEC);
	EXPECT_TRUE(good(self, good_ns + 600 * SEC - 1));
	EXPECT_FALSE(good(self, good_ns + 600 * SEC));
}

TEST_F(power, that_was_lost_ten_times_in_just_ten_minutes_waits_as_always)
{
	/* the first and the tenth are nine apart */
	flicker(self, 9, 60 * SEC, 100 * SEC);
	flicker(self, 1, 0, 700 * SEC - 1);
	EXPECT_EQ(hydropon_power_wait_ns(&self->power), 600 * SEC);
	power_setup(self);
	flicker(self, 9, 60 * SEC, 100 * SEC);
	flicker(self, 1, 0, 700 * SEC);
	EXPECT_EQ(hydropon_power_wait_ns(&self->power), 30 * SEC);
}

TEST_F(power, counts_the_newest_ten_losses_for_ever)
{
	/* slow ones never count, and fast ones do, wherever they fall in the ring */
	for (int slow = 0; slow < 45; slow++) {
		__u64 now_ns;

		power_setup(self);
		now_ns = 100 * SEC;
		for (int i = 0; i < slow; i++, now_ns += 70 * SEC)
			flicker(self, 1, 0, now_ns);
		EXPECT_EQ(hydropon_power_wait_ns(&self->power), 30 * SEC);
		now_ns += 500 * SEC;
		for (int i = 0; i < 9; i++, now_ns += 60 * SEC) {
			flicker(self, 1, 0, now_ns);
			EXPECT_EQ(hydropon_power_wait_ns(&self->power), 30 * SEC);
		}
		flicker(self, 1, 0, now_ns);
		EXPECT_EQ(hydropon_power_wait_ns(&self->power), 600 * SEC);
		EXPECT_GE(self->power.losses, HYDROPON_FLICKERS);
		EXPECT_LT(self->power.losses, 3 * HYDROPON_FLICKERS);
		now_ns += 600 * SEC;
		flicker(self, 1, 0, now_ns);
		EXPECT_EQ(hydropon_power_wait_ns(&self->power), 30 * SEC);
	}
}

TEST_F(power, that_bounces_when_it_returns_was_lost_once)
{
	lost(self, 100 * SEC);
	lost(self, 101 * SEC);
	for (int i = 0; i < 30; i++) {
		good(self, 110 * SEC + i * 10 * NS_PER_MS);
		lost(self, 110 * SEC + (i + 1) * 10 * NS_PER_MS - 1);
	}
	EXPECT_EQ(self->power.losses, 1);
	/* one that was good for the debounce was lost again */
	good(self, 120 * SEC);
	lost(self, 120 * SEC + 10 * NS_PER_MS);
	EXPECT_EQ(self->power.losses, 2);
}

TEST_F(power, that_bounces_when_it_is_lost_was_lost_once)
{
	for (int i = 0; i < 10; i++) {
		lost(self, 100 * SEC + 2 * i * NS_PER_MS);
		good(self, 100 * SEC + (2 * i + 1) * NS_PER_MS);
	}
	EXPECT_EQ(self->power.losses, 1);
}

TEST_F(power, that_flickers_faster_than_it_is_read_was_not_lost_more_often)
{
	lost(self, 100 * SEC);
	lost(self, 101 * SEC);
	EXPECT_TRUE(power_at(self, false, true, 102 * SEC));
	EXPECT_EQ(self->power.losses, 1);
	good(self, 103 * SEC);
	EXPECT_TRUE(power_at(self, true, true, 104 * SEC));
	EXPECT_EQ(self->power.losses, 1);
}

TEST_F(power, that_waits_longer_by_itself_waits_so_after_flickers_too)
{
	self->power.restore_ns = 601 * SEC;
	flicker(self, 10, 5 * SEC, 100 * SEC);
	EXPECT_EQ(hydropon_power_wait_ns(&self->power), 601 * SEC);
}

/* Switches */

FIXTURE(contacts)
{
	struct hydropon_switch position;
	__u64 next_ns;
};

FIXTURE_SETUP(contacts)
{
	memset(self, 0, sizeof(*self));
}

FIXTURE_TEARDOWN(contacts)
{
}

typedef struct fixture_contacts contacts;

#define DEBOUNCE HYDROPON_SWITCH_DEBOUNCE_NS

static enum hydropon_manual contacts_at(contacts *c, bool on_closed, bool off_closed,
					__u64 now_ns)
{
	struct hydropon_switch again;

	c->next_ns = hydropon_switch_step(&c->position, on_closed, off_closed, false, now_ns);
	again = c->position;
	EXPECT_EQ(hydropon_switch_step(&again, on_closed, off_closed, false, now_ns), c->next_ns);
	EXPECT_FALSE(memcmp(&again, &c->position, sizeof(again)));
	EXPECT_TRUE(c->next_ns > now_ns);
	return c->position.manual;
}

TEST_F(contacts, that_are_open_are_auto)
{
	EXPECT_EQ(contacts_at(self, false, false, SEC), HYDROPON_MANUAL_AUTO);
	EXPECT_EQ(self->next_ns, HYDROPON_NEVER);
	EXPECT_FALSE(self->position.broken);
}

TEST_F(contacts, count_after_the_debounce)
{
	static const enum hydropon_manual positions[] = { HYDROPON_MANUAL_ON, HYDROPON_MANUAL_OFF };

	for (int i = 0; i < 2; i++) {
		memset(self, 0, sizeof(*self));
		EXPECT_EQ(contacts_at(self, !i, i, SEC), HYDROPON_MANUAL_AUTO);
		EXPECT_EQ(self->next_ns, SEC + DEBOUNCE);
		EXPECT_EQ(contacts_at(self, !i, i, SEC + DEBOUNCE - 1), HYDROPON_MANUAL_AUTO);
		EXPECT_EQ(self->next_ns, SEC + DEBOUNCE);
		EXPECT_EQ(contacts_at(self, !i, i, SEC + DEBOUNCE), positions[i]);
		EXPECT_EQ(self->next_ns, HYDROPON_NEVER);
		EXPECT_FALSE(self->position.broken);
	}
}

TEST_F(contacts, that_bounce_count_from_the_last_bounce)
{
	contacts_at(self, true, false, SEC);
	contacts_at(self, false, false, SEC + DEBOUNCE / 2);
	contacts_at(self, true, false, SEC + DEBOUNCE / 2 + 1);
	EXPECT_EQ(contacts_at(self, true, false, SEC + DEBOUNCE), HYDROPON_MANUAL_AUTO);
	EXPECT_EQ(self->next_ns, SEC + DEBOUNCE / 2 + 1 + DEBOUNCE);
	/* the other one bounces as well */
	memset(self, 0, sizeof(*self));
	contacts_at(self, false, true, SEC);
	contacts_at(self, false, false, SEC + DEBOUNCE / 2);
	contacts_at(self, false, true, SEC + DEBOUNCE / 2 + 1);
	EXPECT_EQ(contacts_at(self, false, true, SEC + DEBOUNCE), HYDROPON_MANUAL_AUTO);
}

static void hold(contacts *c, __u64 now_ns)
{
	contacts_at(c, true, false, now_ns - DEBOUNCE);
	EXPECT_EQ(contacts_at(c, true, false, now_ns), HYDROPON_MANUAL_ON);
}

TEST_F(contacts, that_are_let_go_of_end_the_run_at_once)
{
	hold(self, SEC);
	EXPECT_EQ(contacts_at(self, false, false, 2 * SEC), HYDROPON_MANUAL_AUTO);
	/* and pressing again takes a debounce again */
	EXPECT_EQ(contacts_at(self, true, false, 2 * SEC + 1), HYDROPON_MANUAL_AUTO);
	EXPECT_EQ(self->next_ns, 2 * SEC + 1 + DEBOUNCE);
}

TEST_F(contacts, that_turn_from_on_to_off_end_the_run_at_once_and_lock_after_the_debounce)
{
	hold(self, SEC);
	EXPECT_EQ(contacts_at(self, false, true, 2 * SEC), HYDROPON_MANUAL_AUTO);
	EXPECT_EQ(contacts_at(self, false, true, 2 * SEC + DEBOUNCE - 1), HYDROPON_MANUAL_AUTO);
	EXPECT_EQ(contacts_at(self, false, true, 2 * SEC + DEBOUNCE), HYDROPON_MANUAL_OFF);
}

TEST_F(contacts, that_are_both_closed_end_the_run_at_once_and_are_broken_after_the_debounce)
{
	hold(self, SEC);
	EXPECT_EQ(contacts_at(self, true, true, 2 * SEC), HYDROPON_MANUAL_AUTO);
	EXPECT_FALSE(self->position.broken);
	EXPECT_EQ(contacts_at(self, true, true, 2 * SEC + DEBOUNCE), HYDROPON_MANUAL_AUTO);
	EXPECT_TRUE(self->position.broken);
	/* until one opens, for the debounce */
	contacts_at(self, true, false, 3 * SEC);
	EXPECT_TRUE(self->position.broken);
	EXPECT_EQ(contacts_at(self, true, false, 3 * SEC + DEBOUNCE), HYDROPON_MANUAL_ON);
	EXPECT_FALSE(self->position.broken);
}

TEST_F(contacts, locked_off_stay_so_until_they_are_open_for_the_debounce)
{
	contacts_at(self, false, true, SEC);
	contacts_at(self, false, true, 2 * SEC);
	EXPECT_EQ(contacts_at(self, false, false, 3 * SEC), HYDROPON_MANUAL_OFF);
	EXPECT_EQ(self->next_ns, 3 * SEC + DEBOUNCE);
	EXPECT_EQ(contacts_at(self, false, false, 3 * SEC + DEBOUNCE - 1), HYDROPON_MANUAL_OFF);
	EXPECT_EQ(contacts_at(self, false, false, 3 * SEC + DEBOUNCE), HYDROPON_MANUAL_AUTO);
	/* and both closed are no lock any more */
	contacts_at(self, false, true, 4 * SEC);
	contacts_at(self, false, true, 5 * SEC);
	EXPECT_EQ(contacts_at(self, true, true, 6 * SEC), HYDROPON_MANUAL_OFF);
	EXPECT_EQ(contacts_at(self, true, true, 6 * SEC + DEBOUNCE), HYDROPON_MANUAL_AUTO);
}

TEST_F(contacts, that_chatter_are_auto_at_once_whatever_they_say)
{
	for (int contact = 0; contact < 4; contact++) {
		bool on_closed = contact & 1, off_closed = contact & 2;

		memset(self, 0, sizeof(*self));
		contacts_at(self, on_closed, off_closed, SEC);
		contacts_at(self, on_closed, off_closed, 2 * SEC);
		EXPECT_EQ(hydropon_switch_step(&self->position, on_closed, off_closed, true,
					       3 * SEC), HYDROPON_NEVER);
		EXPECT_EQ(self->position.manual, HYDROPON_MANUAL_AUTO);
		EXPECT_FALSE(self->position.broken);
		EXPECT_EQ(hydropon_switch_step(&self->position, on_closed, off_closed, true,
					       9 * SEC), HYDROPON_NEVER);
		EXPECT_EQ(self->position.manual, HYDROPON_MANUAL_AUTO);
	}
}

TEST_F(contacts, count_again_after_a_debounce_without_chatter)
{
	hydropon_switch_step(&self->position, false, true, true, SEC);
	hydropon_switch_step(&self->position, false, true, true, 3 * SEC);
	EXPECT_EQ(contacts_at(self, false, true, 3 * SEC + DEBOUNCE - 1), HYDROPON_MANUAL_AUTO);
	EXPECT_EQ(self->next_ns, 3 * SEC + DEBOUNCE);
	EXPECT_EQ(contacts_at(self, false, true, 3 * SEC + DEBOUNCE), HYDROPON_MANUAL_OFF);
}

/* Feedback */

FIXTURE(relay)
{
	struct hydropon_feedback feedback;
	__u64 next_ns;
};

FIXTURE_SETUP(relay)
{
	memset(self, 0, sizeof(*self));
}

FIXTURE_TEARDOWN(relay)
{
}

typedef struct fixture_relay relay;

static bool relay_at(relay *r, bool told_on, bool is_on, __u64 now_ns)
{
	struct hydropon_feedback again;

	r->next_ns = hydropon_feedback_step(&r->feedback, told_on, is_on, now_ns);
	again = r->feedback;
	EXPECT_EQ(hydropon_feedback_step(&again, told_on, is_on, now_ns), r->next_ns);
	EXPECT_FALSE(memcmp(&again, &r->feedback, sizeof(again)));
	EXPECT_TRUE(r->next_ns > now_ns);
	return r->feedback.fault;
}

TEST_F(relay, that_does_as_it_is_told_is_fine)
{
	EXPECT_FALSE(relay_at(self, true, true, SEC));
	EXPECT_EQ(self->next_ns, HYDROPON_NEVER);
	EXPECT_FALSE(relay_at(self, false, false, 9 * SEC));
	EXPECT_EQ(self->next_ns, HYDROPON_NEVER);
}

TEST_F(relay, that_contradicts_for_500_ms_is_faulty)
{
	for (int told_on = 0; told_on <= 1; told_on++) {
		memset(self, 0, sizeof(*self));
		EXPECT_FALSE(relay_at(self, told_on, !told_on, SEC));
		EXPECT_EQ(self->next_ns, SEC + SEC / 2);
		EXPECT_FALSE(relay_at(self, told_on, !told_on, SEC + SEC / 2 - 1));
		EXPECT_EQ(self->next_ns, SEC + SEC / 2);
		EXPECT_TRUE(relay_at(self, told_on, !told_on, SEC + SEC / 2));
		EXPECT_EQ(self->next_ns, HYDROPON_NEVER);
		EXPECT_TRUE(relay_at(self, told_on, !told_on, 9 * SEC));
		/* until it does as it is told */
		EXPECT_FALSE(relay_at(self, told_on, told_on, 10 * SEC));
		EXPECT_FALSE(relay_at(self, told_on, !told_on, 11 * SEC));
		EXPECT_EQ(self->next_ns, 11 * SEC + SEC / 2);
	}
}

TEST_F(relay, that_takes_its_time_is_fine)
{
	EXPECT_FALSE(relay_at(self, true, false, SEC));
	EXPECT_FALSE(relay_at(self, true, true, SEC + SEC / 2 - 1));
	EXPECT_FALSE(relay_at(self, false, true, 2 * SEC));
	EXPECT_EQ(self->next_ns, 2 * SEC + SEC / 2);
}

TEST_F(relay, that_is_told_otherwise_while_it_does_otherwise_contradicts_anew)
{
	EXPECT_FALSE(relay_at(self, true, false, SEC));
	/* it closes in the instant in which it is told to open: that is no weld yet */
	EXPECT_FALSE(relay_at(self, false, true, SEC + 400 * NS_PER_MS));
	EXPECT_EQ(self->next_ns, SEC + 900 * NS_PER_MS);
	EXPECT_TRUE(relay_at(self, false, true, SEC + 900 * NS_PER_MS));
	EXPECT_FALSE(relay_at(self, true, false, 2 * SEC));
	EXPECT_EQ(self->next_ns, 2 * SEC + SEC / 2);
}
