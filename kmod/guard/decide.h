/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Arbitration, as pure functions: no lock, no clock, no line. They also compile
 * on the host, for the tests.
 */
#ifndef HYDROPON_DECIDE_H
#define HYDROPON_DECIDE_H

#include <linux/hydropon.h>
#include <linux/types.h>
#ifndef __KERNEL__
#include <stdbool.h>
#endif

#define HYDROPON_NEVER ((__u64)~0ULL)

/**
 * struct hydropon_power - mains power, and whether to shed
 * @debounce_ns: how long the line must say lost before outputs are shed
 * @restore_ns: how long it must say good before shedding ends
 * @since_ns: when the line last changed
 * @good: what the line says
 * @shedding: the verdict
 */
struct hydropon_power {
	__u64 debounce_ns;
	__u64 restore_ns;
	__u64 since_ns;
	bool good;
	bool shedding;
};

/**
 * struct hydropon_output_state - one output
 * @lease_expiry_ns: the lease is over at this time; 0: there is none
 * @cause: enum hydropon_cause of @on
 * @safe_on: the declared safe state
 * @shed: in the shed set
 * @on: the outcome
 */
struct hydropon_output_state {
	__u64 lease_expiry_ns;
	__u32 cause;
	bool safe_on;
	bool shed;
	bool on;
};

/**
 * hydropon_power_step() - follow the power-good line
 * @power: changed in place
 * @good: what the line says now
 * @edge: an edge was seen, even if the line says the same as before: power that
 *	flickered faster than it could be read has not been stable
 * @now_ns: BOOTTIME
 *
 * Return: when to look again at the latest, or HYDROPON_NEVER.
 */
__u64 hydropon_power_step(struct hydropon_power *power, bool good, bool edge, __u64 now_ns);

/**
 * hydropon_decide() - what an output does
 * @output: changed in place
 * @shedding: mains power is lost
 * @let_go: 0, or the cause for which leases end now: RELEASED, CLOSED, SHUTDOWN,
 *	UNBIND
 * @now_ns: BOOTTIME
 *
 * Return: when to decide again at the latest, or HYDROPON_NEVER.
 */
__u64 hydropon_decide(struct hydropon_output_state *output, bool shedding,
		      enum hydropon_cause let_go, __u64 now_ns);

#endif /* HYDROPON_DECIDE_H */
