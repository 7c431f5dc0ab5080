// SPDX-License-Identifier: GPL-2.0-only
/* Interlocks: rules over the readings of a channel, in integers only. */
#include "decide.h"

#ifdef __KERNEL__
#include <linux/math64.h>
#else
static inline __s64 div64_s64(__s64 dividend, __s64 divisor)
{
	return dividend / divisor;
}

static inline __u64 div_u64(__u64 dividend, __u32 divisor)
{
	return dividend / divisor;
}
#endif

#define MICRO 1000000LL
#define NANO 1000000000LL
#define LOG2_MAX 62
#define SPAN_MAX_US 3600000000ULL
#define THRESHOLD_MAX 0x7fffffffLL

bool hydropon_reading_is_number(int format, __s64 aux)
{
	switch (format) {
	case HYDROPON_VAL_INT:
		return true;
	case HYDROPON_VAL_MICRO:
		return aux > -MICRO && aux < MICRO;
	case HYDROPON_VAL_NANO:
		return aux > -NANO && aux < NANO;
	case HYDROPON_VAL_FRACTION:
		return aux != 0;
	case HYDROPON_VAL_FRACTION_LOG2:
		return aux >= 0 && aux <= LOG2_MAX;
	default:
		return false;
	}
}

/* Negative if either part is. */
static __s64 decimal(__s64 whole, __s64 part)
{
	__s64 size = (whole < 0 ? -whole : whole) + (part < 0 ? -part : part);

	return whole < 0 || part < 0 ? -size : size;
}

__s64 hydropon_reading_value(int format, __s32 value, __s64 aux)
{
	__s64 nano = value * NANO;

	if (!hydropon_reading_is_number(format, aux))
		return 0;
	switch (format) {
	case HYDROPON_VAL_MICRO:
		return decimal(nano, aux * (NANO / MICRO));
	case HYDROPON_VAL_NANO:
		return decimal(nano, aux);
	case HYDROPON_VAL_FRACTION:
		return div64_s64(nano, aux);
	case HYDROPON_VAL_FRACTION_LOG2:
		return div64_s64(nano, 1LL << aux);
	default:
		return nano;
	}
}

void hydropon_reading_pulse(struct hydropon_reading *reading, __u32 edges, __u64 edge_ns,
			    __u64 last_edge_ns, __u64 now_ns)
{
	__u64 edge_us = div_u64(edge_ns, 1000), last_us = div_u64(last_edge_ns, 1000);
	__u64 idle_us = div_u64(now_ns, 1000) - edge_us;

	reading->is_pulse = true;
	reading->good = true;
	reading->good_ns = now_ns;
	if (idle_us > SPAN_MAX_US)
		idle_us = SPAN_MAX_US;
	if (edges && last_edge_ns) {
		reading->value = edges;
		reading->span_us = edge_us > last_us ? edge_us - last_us : 1;
	} else if (edges || !edge_ns) {
		/* None yet, or the first: how long they took is not known. */
		reading->value = 0;
		reading->span_us = 1;
	} else if ((__u64)reading->value * idle_us > reading->span_us) {
		reading->value = 1;
		reading->span_us = idle_us;
	}
	if (reading->span_us > SPAN_MAX_US)
		reading->span_us = SPAN_MAX_US;
}

/* Rates compare by cross-multiplication. No product leaves 63 bits: edges are 32 bits
 * wide, and a threshold of 31 bits meets a span of at most an hour.
 */
static bool is_true(const struct hydropon_interlock *interlock,
		    const struct hydropon_reading *reading)
{
	__s64 value = reading->value, threshold = interlock->threshold;

	if (reading->is_pulse) {
		if (threshold > THRESHOLD_MAX)
			threshold = THRESHOLD_MAX;
		value *= NANO;
		threshold = threshold < 0 ? -1 : threshold * (__s64)reading->span_us;
	}
	return interlock->compare == HYDROPON_BELOW ? value < threshold : value > threshold;
}

__u64 hydropon_interlock_step(const struct hydropon_interlock *interlock,
			      struct hydropon_interlock_state *state,
			      const struct hydropon_reading *reading, bool applies, __u64 now_ns)
{
	__u64 hold_ns = interlock->hold_ms * HYDROPON_MS_NS;
	__u64 stale_ns = interlock->stale_ms * HYDROPON_MS_NS;
	__u64 release_ns = interlock->release_ms * HYDROPON_MS_NS;
	__u64 stale_at_ns, next_ns = HYDROPON_NEVER;
	bool stale, truth;

	/* Where it may not judge by staleness, a reading that is not good says nothing. */
	stale_at_ns = (reading->good_ns > state->loaded_ns ? reading->good_ns :
							     state->loaded_ns) + stale_ns;
	stale = applies && stale_ns && (reading->changed || now_ns >= stale_at_ns);
	truth = applies && reading->good_ns && !reading->changed &&
		(reading->good || (stale_ns && !stale)) && is_true(interlock, reading);
	if (applies && stale_ns && !stale)
		next_ns = stale_at_ns;

	if (!truth)
		state->since_ns = 0;
	else if (!state->since_ns)
		state->since_ns = now_ns;

	if (stale || (truth && now_ns >= state->since_ns + hold_ns)) {
		state->tripping = true;
		state->stale = stale;
		state->false_since_ns = 0;
		return next_ns;
	}
	if (truth) {
		state->false_since_ns = 0;
		return hydropon_earlier(next_ns, state->since_ns + hold_ns);
	}
	if (!state->tripping)
		return next_ns;
	if (!state->false_since_ns)
		state->false_since_ns = now_ns;
	if (now_ns < state->false_since_ns + release_ns)
		return hydropon_earlier(next_ns, state->false_since_ns + release_ns);
	state->tripping = false;
	state->stale = false;
	return next_ns;
}

__u32 hydropon_interlock_bit(const struct hydropon_interlock *interlock)
{
	__u32 bit = 1U << (interlock->level - 1);

	return interlock->flags & HYDROPON_HOLD_PASSES ? bit << HYDROPON_TRIP_PASS_SHIFT : bit;
}

bool hydropon_interlock_is_valid(const struct hydropon_interlock *interlock, __u32 channels,
				 __u32 outputs)
{
	const __u8 known = HYDROPON_LATCHING | HYDROPON_HOLD_PASSES | HYDROPON_WHILE_OFF;
	bool waits = interlock->while_output != HYDROPON_NONE;

	if (interlock->channel >= channels || interlock->output >= outputs ||
	    (waits && interlock->while_output >= outputs))
		return false;
	if (interlock->compare != HYDROPON_BELOW && interlock->compare != HYDROPON_ABOVE)
		return false;
	if (!interlock->level || interlock->level > HYDROPON_LEVEL_SAFE)
		return false;
	if ((interlock->flags & ~known) || interlock->reserved ||
	    (!waits && (interlock->flags & HYDROPON_WHILE_OFF)))
		return false;
	if (interlock->hold_ms > HYDROPON_INTERLOCK_MAX_MS ||
	    interlock->stale_ms > HYDROPON_INTERLOCK_MAX_MS ||
	    interlock->release_ms > HYDROPON_INTERLOCK_MAX_MS)
		return false;
	return interlock->while_output != interlock->output || interlock->release_ms >= 1000 ||
	       (interlock->flags & HYDROPON_LATCHING);
}

/* It acts within a beat on what its own output, or others behind it, may undo. */
static bool is_quick(const struct hydropon_interlock *interlock)
{
	return interlock->while_output != HYDROPON_NONE && interlock->release_ms < 1000 &&
	       !(interlock->flags & HYDROPON_LATCHING);
}

__u32 hydropon_interlocks_bad(const struct hydropon_interlock *table, __u32 n, __u32 channels,
			      __u32 outputs)
{
	/* As bits: which outputs each one moves at once, through others too. */
	__u32 moves[HYDROPON_MAX_OUTPUTS] = { 0 }, i, output;

	for (i = 0; i < n; i++) {
		const struct hydropon_interlock *interlock = &table[i];

		if (!hydropon_interlock_is_valid(interlock, channels, outputs))
			return i;
		if (!is_quick(interlock))
			continue;
		if (moves[interlock->output] & (1U << interlock->while_output))
			return i;
		moves[interlock->while_output] |= (1U << interlock->output) |
						  moves[interlock->output];
		for (output = 0; output < HYDROPON_MAX_OUTPUTS; output++)
			if (moves[output] & (1U << interlock->while_output))
				moves[output] |= moves[interlock->while_output];
	}
	return n;
}
