// SPDX-License-Identifier: GPL-2.0-only
/* The guard's arbitration, at each deadline and one nanosecond before and after. */
#include "../../kmod/guard/decide.c"
#include "harness.h"

#define SEC 1000000000ULL

static struct hydropon_output_state output(bool safe_on, bool shed)
{
	return (struct hydropon_output_state) {
		.safe_on = safe_on, .shed = shed, .on = safe_on, .cause = HYDROPON_CAUSE_PROBE,
	};
}

TEST(an_output_without_a_lease_is_as_declared)
{
	for (int safe_on = 0; safe_on <= 1; safe_on++) {
		struct hydropon_output_state o = output(safe_on, true);

		EXPECT_EQ(hydropon_decide(&o, false, 0, SEC), HYDROPON_NEVER);
		EXPECT_EQ(o.on, safe_on);
		EXPECT_EQ(o.cause, HYDROPON_CAUSE_PROBE);
	}
}

TEST(a_lease_holds_until_its_expiry_and_not_a_nanosecond_longer)
{
	for (int safe_on = 0; safe_on <= 1; safe_on++) {
		struct hydropon_output_state o = output(safe_on, false);

		o.lease_expiry_ns = 5 * SEC;
		EXPECT_EQ(hydropon_decide(&o, false, 0, SEC), 5 * SEC);
		EXPECT_EQ(o.on, !safe_on);
		EXPECT_EQ(o.cause, HYDROPON_CAUSE_LEASE);
		EXPECT_EQ(hydropon_decide(&o, false, 0, 5 * SEC - 1), 5 * SEC);
		EXPECT_EQ(o.on, !safe_on);
		EXPECT_EQ(hydropon_decide(&o, false, 0, 5 * SEC), HYDROPON_NEVER);
		EXPECT_EQ(o.on, safe_on);
		EXPECT_EQ(o.cause, HYDROPON_CAUSE_EXPIRED);
		EXPECT_EQ(o.lease_expiry_ns, 0);
	}
}

TEST(each_way_of_letting_go_ends_the_lease_and_is_told)
{
	static const enum hydropon_cause causes[] = {
		HYDROPON_CAUSE_RELEASED, HYDROPON_CAUSE_CLOSED,
		HYDROPON_CAUSE_SHUTDOWN, HYDROPON_CAUSE_UNBIND,
	};

	for (size_t i = 0; i < 4; i++) {
		struct hydropon_output_state o = output(false, false);

		o.lease_expiry_ns = 5 * SEC;
		hydropon_decide(&o, false, 0, SEC);
		EXPECT_EQ(hydropon_decide(&o, false, causes[i], 2 * SEC), HYDROPON_NEVER);
		EXPECT_FALSE(o.on);
		EXPECT_EQ(o.cause, causes[i]);
		/* and what let go does not come back */
		hydropon_decide(&o, false, 0, 2 * SEC + 1);
		EXPECT_FALSE(o.on);
		EXPECT_EQ(o.cause, causes[i]);
	}
}

TEST(letting_go_of_nothing_says_nothing)
{
	struct hydropon_output_state o = output(false, false);

	hydropon_decide(&o, false, HYDROPON_CAUSE_CLOSED, SEC);
	EXPECT_EQ(o.cause, HYDROPON_CAUSE_PROBE);
	/* but the end of everything is told of every output */
	hydropon_decide(&o, false, HYDROPON_CAUSE_SHUTDOWN, SEC);
	EXPECT_EQ(o.cause, HYDROPON_CAUSE_SHUTDOWN);
}

TEST(shedding_beats_a_lease_and_the_declared_state)
{
	for (int safe_on = 0; safe_on <= 1; safe_on++) {
		struct hydropon_output_state o = output(safe_on, true);

		o.lease_expiry_ns = 5 * SEC;
		hydropon_decide(&o, false, 0, SEC);
		EXPECT_EQ(hydropon_decide(&o, true, 0, SEC), HYDROPON_NEVER);
		EXPECT_FALSE(o.on);
		EXPECT_EQ(o.cause, HYDROPON_CAUSE_SHED);
		/* the lease is gone with it */
		hydropon_decide(&o, false, 0, SEC + 1);
		EXPECT_EQ(o.on, safe_on);
		EXPECT_EQ(o.cause, HYDROPON_CAUSE_RESTORED);
	}
}

TEST(shedding_leaves_outputs_outside_its_set_alone)
{
	struct hydropon_output_state o = output(true, false);

	hydropon_decide(&o, true, 0, SEC);
	EXPECT_TRUE(o.on);
	o.lease_expiry_ns = 5 * SEC;
	hydropon_decide(&o, true, 0, SEC);
	EXPECT_FALSE(o.on);
	EXPECT_EQ(o.cause, HYDROPON_CAUSE_LEASE);
}

static struct hydropon_power power(bool good)
{
	return (struct hydropon_power) {
		.debounce_ns = 10, .restore_ns = 1000, .good = good, .shedding = !good,
	};
}

TEST(power_lost_for_the_debounce_sheds)
{
	struct hydropon_power p = power(true);

	EXPECT_EQ(hydropon_power_step(&p, true, false, 100), HYDROPON_NEVER);
	EXPECT_EQ(hydropon_power_step(&p, false, true, 200), 210);
	EXPECT_FALSE(p.shedding);
	EXPECT_EQ(hydropon_power_step(&p, false, false, 209), 210);
	EXPECT_FALSE(p.shedding);
	EXPECT_EQ(hydropon_power_step(&p, false, false, 210), HYDROPON_NEVER);
	EXPECT_TRUE(p.shedding);
	EXPECT_EQ(hydropon_power_step(&p, false, false, 5000), HYDROPON_NEVER);
	EXPECT_TRUE(p.shedding);
}

TEST(a_dip_shorter_than_the_debounce_sheds_nothing)
{
	struct hydropon_power p = power(true);

	hydropon_power_step(&p, false, true, 200);
	EXPECT_EQ(hydropon_power_step(&p, true, true, 209), HYDROPON_NEVER);
	EXPECT_EQ(hydropon_power_step(&p, true, false, 300), HYDROPON_NEVER);
	EXPECT_FALSE(p.shedding);
}

TEST(power_must_be_stable_before_shedding_ends)
{
	struct hydropon_power p = power(false);

	EXPECT_EQ(hydropon_power_step(&p, true, true, 1000), 2000);
	EXPECT_EQ(hydropon_power_step(&p, true, false, 1999), 2000);
	EXPECT_TRUE(p.shedding);
	/* A dip starts the wait anew, and so does one too short to be read. */
	hydropon_power_step(&p, false, true, 1999);
	EXPECT_EQ(hydropon_power_step(&p, true, true, 2001), 3001);
	EXPECT_EQ(hydropon_power_step(&p, true, true, 2500), 3500);
	EXPECT_TRUE(p.shedding);
	EXPECT_EQ(hydropon_power_step(&p, true, false, 3500), HYDROPON_NEVER);
	EXPECT_FALSE(p.shedding);
}

TEST(an_edge_that_changes_nothing_does_not_shed)
{
	struct hydropon_power p = power(true);

	EXPECT_EQ(hydropon_power_step(&p, true, true, 5), HYDROPON_NEVER);
	EXPECT_EQ(hydropon_power_step(&p, true, true, 5000), HYDROPON_NEVER);
	EXPECT_FALSE(p.shedding);
}
