/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an output must do, for the walks: from the header, and from histories of its own. It
 * knows what happened and what was seen of the output, never what the guard remembers.
 */
#ifndef HYDROPON_ORACLE_H
#define HYDROPON_ORACLE_H

#include "../../kmod/guard/decide.h"

#include <errno.h>
#include <stddef.h>

/**
 * struct facts - how things are now
 * @off, @on, @safe: an interlock of this level trips or is latched, and the switch does not
 *	pass it
 * @shed: power is lost, and it is in the shed set
 * @welded: its relay was on unasked, and nobody has reset that
 * @needs_stale: a channel that it needs is stale
 * @manual: its switch
 * @let_go: why leases end in this step, or 0
 * @end: SUSPEND or SHUTDOWN while it lasts, or 0
 */
struct facts {
	bool off, on, safe, shed, welded, needs_stale;
	enum hydropon_manual manual;
	enum hydropon_cause let_go, end;
};

/**
 * struct oracle - what happened until now
 * @lease_until: how far a lease reaches that was given and not ended, 0: there is none
 * @history: bit n: it was on in the tick that began n + 1 ticks ago, within the window
 * @kept: the same of what was restored
 * @on_for, @off_for: since when it is, cut off
 * @on, @cause: how it was found last
 * @late: the last step came a tick after its deadline
 * @over: the window is fuller than it should be, and that is accounted for
 * @reached_max: it was on for max-on, and no command has come since
 * @pressed: its switch was at ON
 * @budget_latched: its budget ran out while it was on
 * @restored: RESTORE was there
 * @exact: no uses are joined, so that the budget is known to the grain
 */
struct oracle {
	__u64 lease_until;
	__u64 history;
	__u64 kept[2];
	unsigned int on_for, off_for;
	bool on, late, over, reached_max, pressed, budget_latched, restored, exact;
	enum hydropon_cause cause;
};

/* Ticks on within the window, those that were restored included. */
static inline unsigned int oracle_used(const struct oracle *seen)
{
	return (unsigned int)(__builtin_popcountll(seen->history) +
			      __builtin_popcountll(seen->kept[0]) +
			      __builtin_popcountll(seen->kept[1]));
}

static inline bool oracle_is_spent(const struct oracle *seen, const struct hydropon_limits *limits,
				   bool told_spent)
{
	return limits->budget_ns &&
	       (oracle_used(seen) + HYDROPON_BUDGET_GRAIN_NS > limits->budget_ns ||
		(!seen->exact && told_spent));
}

static inline void oracle_pass(struct oracle *seen, const struct hydropon_limits *limits,
			       unsigned int ticks, bool late)
{
	__u64 window = (1ULL << limits->window_ns) - 1;
	__u64 passed = ticks < 64 ? (1ULL << ticks) - 1 : ~0ULL;

	seen->history = ticks < 64 ? seen->history << ticks : 0;
	seen->kept[0] = ticks < 64 ? seen->kept[0] << ticks & window : 0;
	seen->kept[1] = ticks < 64 ? seen->kept[1] << ticks & window : 0;
	if (seen->on) {
		seen->history |= passed;
		seen->on_for = (unsigned int)hydropon_earlier(seen->on_for + ticks,
							      limits->max_on_ns + 1);
	} else {
		seen->off_for = (unsigned int)hydropon_earlier(seen->off_for + ticks,
							       limits->min_off_ns);
	}
	seen->history &= window;
	seen->late = late;
}

static inline enum hydropon_cause oracle_forced_off(const struct oracle *seen,
						    const struct hydropon_limits *limits,
						    const struct facts *facts, bool told_spent)
{
	if (facts->welded)
		return HYDROPON_CAUSE_WELDED;
	if (facts->off)
		return HYDROPON_CAUSE_TRIP_OFF;
	if (facts->shed)
		return HYDROPON_CAUSE_SHED;
	if (facts->manual == HYDROPON_MANUAL_OFF)
		return HYDROPON_CAUSE_MANUAL_OFF;
	if (seen->reached_max)
		return HYDROPON_CAUSE_MAX_ON;
	if (limits->budget_ns && (!seen->restored || seen->budget_latched))
		return HYDROPON_CAUSE_BUDGET;
	/* While it is on it may use up what is left. */
	if (!seen->on && oracle_is_spent(seen, limits, told_spent))
		return HYDROPON_CAUSE_BUDGET;
	return 0;
}

static inline enum hydropon_cause oracle_why_safe(const struct facts *facts,
						  enum hydropon_cause before)
{
	switch (before) {
	case HYDROPON_CAUSE_LEASE:
		if (facts->let_go)
			return facts->let_go;
		return facts->needs_stale ? HYDROPON_CAUSE_NEED : HYDROPON_CAUSE_EXPIRED;
	case HYDROPON_CAUSE_SHED:
		return HYDROPON_CAUSE_RESTORED;
	case HYDROPON_CAUSE_PROBE:
	case HYDROPON_CAUSE_RELEASED:
	case HYDROPON_CAUSE_EXPIRED:
	case HYDROPON_CAUSE_CLOSED:
	case HYDROPON_CAUSE_RESTORED:
	case HYDROPON_CAUSE_SHUTDOWN:
	case HYDROPON_CAUSE_UNBIND:
	case HYDROPON_CAUSE_NEED:
	case HYDROPON_CAUSE_SUSPEND:
	case HYDROPON_CAUSE_REPLACED:
	case HYDROPON_CAUSE_CLEARED:
		return before;
	default:
		return HYDROPON_CAUSE_CLEARED;
	}
}

/* After a decision: follows what happened, and says how the output must be now. @told is
 * looked at only for whether its budget ran out, which may be a grain early. What is wrong
 * with that is returned, or NULL.
 */
static inline const char *oracle_expect(struct oracle *seen, const struct hydropon_limits *limits,
					const struct facts *facts,
					const struct hydropon_output_state *told, __u64 now_ns)
{
	bool pressed = facts->manual == HYDROPON_MANUAL_ON, was_on = seen->on, lives;
	enum hydropon_cause off, before = seen->cause;

	/* The controller's SET to safe is a command where nothing else wants it on, and so is a
	 * press of its switch; no other way to let go is one, and no trip. But a press makes no
	 * time on any longer.
	 */
	if (facts->let_go == HYDROPON_CAUSE_RELEASED && !pressed && !facts->on)
		seen->reached_max = false;
	else if (was_on && limits->max_on_ns && seen->on_for >= limits->max_on_ns)
		seen->reached_max = true;
	else if (pressed && !seen->pressed)
		seen->reached_max = false;
	seen->pressed = pressed;

	if (limits->budget_ns && !seen->budget_latched && told->latched & HYDROPON_LATCH_BUDGET) {
		if (!was_on)
			return "latched by its budget while it was off";
		if (seen->exact && !oracle_is_spent(seen, limits, false))
			return "latched by its budget before that ran out";
		seen->budget_latched = true;
	}
	if (was_on && limits->budget_ns && oracle_used(seen) >= limits->budget_ns &&
	    !seen->budget_latched)
		return "not latched by its budget that ran out";

	off = oracle_forced_off(seen, limits, facts, told->spent);
	lives = seen->lease_until > now_ns && !facts->let_go && !off && !facts->needs_stale &&
		!facts->on && !facts->safe;
	if (!lives)
		seen->lease_until = 0;

	seen->on = limits->safe_on;
	if (off) {
		seen->on = false;
		seen->cause = off;
	} else if (facts->end) {
		seen->cause = facts->end;
	} else if (facts->on) {
		seen->on = true;
		seen->cause = HYDROPON_CAUSE_TRIP_ON;
	} else if (facts->safe) {
		seen->cause = HYDROPON_CAUSE_TRIP_SAFE;
	} else if (pressed) {
		seen->on = true;
		seen->cause = HYDROPON_CAUSE_MANUAL_ON;
	} else if (lives) {
		seen->on = !limits->safe_on;
		seen->cause = HYDROPON_CAUSE_LEASE;
	} else {
		seen->cause = oracle_why_safe(facts, before);
	}
	/* Going off with less than a grain left it is spent from now on. */
	if (was_on && !seen->on && !off && oracle_is_spent(seen, limits, told->spent))
		seen->cause = HYDROPON_CAUSE_BUDGET;
	if (seen->on != was_on)
		seen->on_for = seen->off_for = 0;

	if (told->on != seen->on)
		return "at another level than documented";
	if (told->cause != seen->cause)
		return "of another cause than documented";
	if (seen->on != was_on && seen->cause == before)
		return "changed without a cause";
	if (told->lease_expiry_ns != seen->lease_until)
		return "with a lease that was ended, or without one that was not";
	return NULL;
}

/* What may never be, in as few words as there are. */
static inline const char *oracle_safety(struct oracle *seen, const struct hydropon_limits *limits,
					const struct facts *facts, bool on, __u64 now_ns)
{
	bool leased = seen->lease_until > now_ns;

	if (on && !limits->safe_on && !leased &&
	    (facts->end || (!facts->on && facts->manual != HYDROPON_MANUAL_ON)))
		return "on without a reason";
	if (!on && limits->safe_on && !leased && !facts->welded && !facts->off && !facts->shed &&
	    facts->manual != HYDROPON_MANUAL_OFF)
		return "off without a reason";
	if (on && facts->off)
		return "on past a trip to off";
	if (on && facts->shed)
		return "on while it is shed";
	if (on && facts->manual == HYDROPON_MANUAL_OFF)
		return "on past a switch at OFF";
	if (on && facts->welded)
		return "on past a weld";
	if (on && limits->max_on_ns && seen->on_for >= limits->max_on_ns)
		return "on past max-on";
	if (!limits->budget_ns)
		return NULL;
	if (on && oracle_used(seen) >= limits->budget_ns)
		return "on past its budget";
	/* A window is too full only by what was restored, or by the tick of a late timer. */
	if (oracle_used(seen) <= limits->budget_ns)
		seen->over = false;
	else if (!seen->over && (!seen->late || oracle_used(seen) > limits->budget_ns + 1))
		return "on for more than its budget in a window";
	else
		seen->over = true;
	return NULL;
}

/* By which error a lease is refused now. */
static inline int oracle_refusal(const struct oracle *seen, const struct hydropon_limits *limits,
				 const struct facts *facts)
{
	switch (seen->cause) {
	case HYDROPON_CAUSE_WELDED:
	case HYDROPON_CAUSE_TRIP_OFF:
	case HYDROPON_CAUSE_SHED:
	case HYDROPON_CAUSE_MANUAL_OFF:
	case HYDROPON_CAUSE_TRIP_ON:
	case HYDROPON_CAUSE_TRIP_SAFE:
		return -EBUSY;
	case HYDROPON_CAUSE_MAX_ON:
		return -ETIME;
	case HYDROPON_CAUSE_BUDGET:
		return -EDQUOT;
	default:
		break;
	}
	if (facts->needs_stale)
		return -ENODATA;
	return !seen->on && seen->off_for < limits->min_off_ns ? -EAGAIN : 0;
}

#endif
