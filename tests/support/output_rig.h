/* SPDX-License-Identifier: GPL-2.0-only */
/* An output alone, for the tests of what it does. */
#ifndef HYDROPON_OUTPUT_RIG_H
#define HYDROPON_OUTPUT_RIG_H

#include "../../kmod/guard/decide.c"
#include "harness.h"

#define NS_PER_MS HYDROPON_MS_NS
#define SEC (1000 * NS_PER_MS)

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
static inline void at(output *o, __u64 now_ns)
{
	struct hydropon_output_state again;

	o->next_ns = hydropon_decide(&o->limits, &o->state, &o->inputs, now_ns);
	again = o->state;
	EXPECT_EQ(hydropon_decide(&o->limits, &again, &o->inputs, now_ns), o->next_ns);
	EXPECT_FALSE(memcmp(&again, &o->state, sizeof(again)));
	EXPECT_TRUE(o->next_ns > now_ns);
}

static inline void let_go(output *o, enum hydropon_cause cause, __u64 now_ns)
{
	o->inputs.let_go = cause;
	at(o, now_ns);
	o->inputs.let_go = 0;
}

static inline void lease_until(output *o, __u64 expiry_ns, __u64 now_ns)
{
	o->state.lease_expiry_ns = expiry_ns;
	at(o, now_ns);
}

static inline void turn_switch(output *o, enum hydropon_manual manual, __u64 now_ns)
{
	o->inputs.manual = manual;
	at(o, now_ns);
}

static inline void trip(output *o, __u32 trips, __u64 now_ns)
{
	o->inputs.trips = trips;
	at(o, now_ns);
}

/* An output declared like this, since a probe at 0. */
static inline void declare(output *o, bool safe_on, bool shed)
{
	memset(o, 0, sizeof(*o));
	o->limits.safe_on = safe_on;
	o->limits.shed = shed;
	o->state.on = safe_on;
	o->state.restored = true;
}

static inline void give_budget(output *o, __u64 budget_ns, __u64 window_ns)
{
	o->limits.budget_ns = budget_ns;
	o->limits.window_ns = window_ns;
	at(o, SEC);
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

#endif
