/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What outputs do, as pure functions: no lock, no clock, no line. They also compile on
 * the host, for the tests.
 *
 *	decide.c	an output: levels, lease, limits, latches
 *	interlock.c	a rule over the readings of a channel
 *	sense.c		what the lines say: power, a switch, relay feedback
 *
 * Each step returns when it must be called again at the latest, or HYDROPON_NEVER. All
 * times are BOOTTIME.
 */
#ifndef HYDROPON_DECIDE_H
#define HYDROPON_DECIDE_H

#include <linux/hydropon.h>
#include <linux/types.h>
#ifndef __KERNEL__
#include <stdbool.h>
#endif

#define HYDROPON_NEVER ((__u64)~0ULL)
#define HYDROPON_MS_NS 1000000ULL

#define HYDROPON_USES		32	/* remembered; when there are more, close ones are joined */
#define HYDROPON_BUDGET_GRAIN_NS HYDROPON_MS_NS	/* with less than this left it is spent */

static inline __u64 hydropon_earlier(__u64 a, __u64 b)
{
	return a < b ? a : b;
}

/**
 * struct hydropon_limits - an output as it was declared
 * @max_on_ns: 0: no limit
 * @min_off_ns: 0: no pause
 * @budget_ns: 0: no budget
 * @window_ns: of the budget
 * @safe_on: the declared safe state
 * @shed: in the shed set
 *
 * Only an output whose safe state is off has limits.
 */
struct hydropon_limits {
	__u64 max_on_ns;
	__u64 min_off_ns;
	__u64 budget_ns;
	__u64 window_ns;
	bool safe_on;
	bool shed;
};

/**
 * struct hydropon_used - a time on, or several joined, which count against the budget
 * @end_ns: when it ended
 * @first_ns: when the first of them did
 * @used_ns: how long they were
 */
struct hydropon_used {
	__u64 end_ns;
	__u64 first_ns;
	__u64 used_ns;
};

/**
 * struct hydropon_output_state - one output
 * @lease_expiry_ns: the lease is over at this time; 0: there is none
 * @since_ns: when @on last changed, or the probe
 * @budget_check_ns: the budget is not looked at before: while on, because it cannot be
 *	spent earlier; while off, because it stays as @spent says
 * @uses: of the budget, oldest first
 * @uses_n: of these, how many
 * @cause: enum hydropon_cause of @on
 * @held_by: the cause that forbids a lease, 0: none does
 * @latched: HYDROPON_LATCHES
 * @on: the outcome
 * @end_on: what it would be if everything ended now: what a panic writes
 * @restored: RESTORE was there
 * @overrun: max-on was reached, and nobody has let go of it or pressed its switch since
 * @spent: nothing is left of the budget
 * @pressed: its switch is at ON
 */
struct hydropon_output_state {
	__u64 lease_expiry_ns;
	__u64 since_ns;
	__u64 budget_check_ns;
	struct hydropon_used uses[HYDROPON_USES];
	__u32 uses_n;
	__u32 cause;
	__u32 held_by;
	__u32 latched;
	bool on;
	bool end_on;
	bool restored;
	bool overrun;
	bool spent;
	bool pressed;
};

/**
 * struct hydropon_inputs - what an output is decided by
 * @let_go: 0, or why leases end now: RELEASED, CLOSED or REPLACED once; SUSPEND,
 *	SHUTDOWN or UNBIND for as long as it lasts. Only RELEASED is a command.
 * @manual: its switch
 * @trips: HYDROPON_TRIP_* of the interlocks that trip now
 * @latching: of these, and of HYDROPON_LATCHES, what latches
 * @shedding: mains power is lost
 * @needs_stale: a channel that it needs is stale
 */
struct hydropon_inputs {
	enum hydropon_cause let_go;
	enum hydropon_manual manual;
	__u32 trips;
	__u32 latching;
	bool shedding;
	bool needs_stale;
};

/* What an output does. @state is changed in place. */
__u64 hydropon_decide(const struct hydropon_limits *limits, struct hydropon_output_state *state,
		      const struct hydropon_inputs *inputs, __u64 now_ns);

/* Whether a lease may begin or go on, as hydropon_decide() left @state: 0 or the -errno
 * that HYDROPON_IOC_SET documents.
 */
int hydropon_may_lease(const struct hydropon_limits *limits,
		       const struct hydropon_output_state *state, __u64 now_ns);

/* What is left of the budget; HYDROPON_NEVER if there is none. */
__u64 hydropon_budget_left(const struct hydropon_limits *limits,
			   const struct hydropon_output_state *state, __u64 now_ns);

/* Takes what a controller has kept; the caller decides afterwards. 0, -EALREADY or -EINVAL,
 * which change nothing.
 */
int hydropon_restore(const struct hydropon_limits *limits, struct hydropon_output_state *state,
		     const struct hydropon_restore *kept, __u64 now_ns);

/* Ends the latches; the caller decides afterwards. @lasting: HYDROPON_TRIP_* and
 * HYDROPON_LATCH_WELDED whose reason is still there. 0, or -EBUSY, which changes nothing.
 */
int hydropon_reset(const struct hydropon_limits *limits, struct hydropon_output_state *state,
		   __u32 lasting, __u64 now_ns);

/**
 * struct hydropon_reading - what interlocks know of a channel
 * @good_ns: time of the newest good reading, 0: there was none
 * @value: an IIO reading in 10^-9, of a channel that @is_pulse: edges within @span_us
 * @span_us: time in which there were so many edges
 * @is_pulse: it counts edges
 * @good: the newest reading is good
 * @changed: scale or offset changed since the interlocks were loaded
 */
struct hydropon_reading {
	__u64 good_ns;
	__s64 value;
	__u64 span_us;
	bool is_pulse;
	bool good;
	bool changed;
};

/* Whether a record of enum hydropon_value_format @format with such an @aux is a number. What
 * is none is no good reading.
 */
bool hydropon_reading_is_number(int format, __s64 aux);

/* The number that such a record stands for, in 10^-9, towards 0; 0 for what is none. */
__s64 hydropon_reading_value(int format, __s32 value, __s64 aux);

/* Takes a pulse record: @edges more since the last one, the last edge at @edge_ns, before
 * that @last_edge_ns. Where no edge came, the rate is at most one edge in the time since.
 */
void hydropon_reading_pulse(struct hydropon_reading *reading, __u32 edges, __u64 edge_ns,
			    __u64 last_edge_ns, __u64 now_ns);

/**
 * struct hydropon_interlock_state - an interlock at work
 * @loaded_ns: when it came into the table: before that nothing was missed
 * @since_ns: since when its condition is true, 0: it is not
 * @false_since_ns: while it trips: since when its condition is false, 0: it is true
 * @tripping: the outcome
 * @stale: it trips because its channel is stale
 */
struct hydropon_interlock_state {
	__u64 loaded_ns;
	__u64 since_ns;
	__u64 false_since_ns;
	bool tripping;
	bool stale;
};

/* Follows the readings. @applies: its while_output is as it wants it. */
__u64 hydropon_interlock_step(const struct hydropon_interlock *interlock,
			      struct hydropon_interlock_state *state,
			      const struct hydropon_reading *reading, bool applies, __u64 now_ns);

/* Whether an entry makes sense for a gateway with so many channels and outputs. */
bool hydropon_interlock_is_valid(const struct hydropon_interlock *interlock, __u32 channels,
				 __u32 outputs);

/* The first entry of a table that makes no sense by itself, or that closes a circle in which
 * outputs would switch one another as fast as they are decided on; @n: there is none.
 */
__u32 hydropon_interlocks_bad(const struct hydropon_interlock *table, __u32 n, __u32 channels,
			      __u32 outputs);

/* Its HYDROPON_TRIP_* bit. */
__u32 hydropon_interlock_bit(const struct hydropon_interlock *interlock);

#define HYDROPON_FLICKERS	10
#define HYDROPON_FLICKER_NS	(600000 * HYDROPON_MS_NS)

/**
 * struct hydropon_power - mains power, and whether to shed
 * @debounce_ns: how long the line must say lost before outputs are shed
 * @restore_ns: how long it must say good before shedding ends; HYDROPON_FLICKER_NS if it
 *	was lost HYDROPON_FLICKERS times within that time
 * @since_ns: when the line last changed
 * @lost_ns: when it was lost, the newest HYDROPON_FLICKERS times
 * @losses: how often it was lost
 * @good: what the line says
 * @shedding: the verdict
 */
struct hydropon_power {
	__u64 debounce_ns;
	__u64 restore_ns;
	__u64 since_ns;
	__u64 lost_ns[HYDROPON_FLICKERS];
	__u32 losses;
	bool good;
	bool shedding;
};

/* Follows the power-good line. @edge: an edge was seen, even if the line says the same as
 * before: power that flickered faster than it could be read has not been stable.
 */
__u64 hydropon_power_step(struct hydropon_power *power, bool good, bool edge, __u64 now_ns);

/* How long power must be good before shedding ends. */
__u64 hydropon_power_wait_ns(const struct hydropon_power *power);

#define HYDROPON_SWITCH_DEBOUNCE_NS	(50 * HYDROPON_MS_NS)

/**
 * struct hydropon_switch - an operator's switch with two contacts
 * @since_ns: when the contacts last changed
 * @on_closed, @off_closed: the contacts
 * @manual: the verdict, after the debounce
 * @broken: both contacts are closed
 */
struct hydropon_switch {
	__u64 since_ns;
	bool on_closed, off_closed;
	enum hydropon_manual manual;
	bool broken;
};

/* Follows the contacts. ON ends without a debounce. @storm: they chatter, which makes the
 * verdict AUTO at once.
 */
__u64 hydropon_switch_step(struct hydropon_switch *position, bool on_closed, bool off_closed,
			   bool storm, __u64 now_ns);

#define HYDROPON_FEEDBACK_NS	(500 * HYDROPON_MS_NS)

/**
 * struct hydropon_feedback - a relay's auxiliary contact
 * @since_ns: since when it contradicts the output
 * @told_on: what the output was then
 * @differs: it contradicts the output
 * @fault: for HYDROPON_FEEDBACK_NS
 */
struct hydropon_feedback {
	__u64 since_ns;
	bool told_on;
	bool differs;
	bool fault;
};

/* Compares what the relay does with what it was told. To be on unasked and to be off although
 * it was asked are two faults: the time of one is not that of the other.
 */
__u64 hydropon_feedback_step(struct hydropon_feedback *feedback, bool told_on, bool is_on,
			     __u64 now_ns);

#endif /* HYDROPON_DECIDE_H */
