// SPDX-License-Identifier: GPL-2.0-only
/* What the lines say: mains power, an operator's switch, a relay's auxiliary contact. */
#include "decide.h"

/* A place in lost_ns; the newest loss of n is at n - 1. */
static __u32 loss(__u32 n)
{
	return n % HYDROPON_FLICKERS;
}

__u64 hydropon_power_wait_ns(const struct hydropon_power *power)
{
	__u64 newest_ns, oldest_ns;

	if (power->losses < HYDROPON_FLICKERS || power->restore_ns >= HYDROPON_FLICKER_NS)
		return power->restore_ns;
	newest_ns = power->lost_ns[loss(power->losses - 1)];
	oldest_ns = power->lost_ns[loss(power->losses)];
	return newest_ns - oldest_ns < HYDROPON_FLICKER_NS ? HYDROPON_FLICKER_NS :
							     power->restore_ns;
}

static void note_loss(struct hydropon_power *power, __u64 now_ns)
{
	power->lost_ns[loss(power->losses)] = now_ns;
	power->losses++;
	/* Keeps its place in the ring, and more than a ring of them, for ever. */
	if (power->losses == 3 * HYDROPON_FLICKERS)
		power->losses = 2 * HYDROPON_FLICKERS;
}

__u64 hydropon_power_step(struct hydropon_power *power, bool good, bool edge, __u64 now_ns)
{
	__u64 deadline_ns;

	if (good != power->good || (edge && power->shedding)) {
		/* A contact that bounces when power returns was not lost again. */
		if (power->good && !good && now_ns >= power->since_ns + power->debounce_ns)
			note_loss(power, now_ns);
		power->good = good;
		power->since_ns = now_ns;
	}
	if (power->good != power->shedding)
		return HYDROPON_NEVER;

	deadline_ns = power->since_ns + (power->good ? hydropon_power_wait_ns(power) :
						       power->debounce_ns);
	if (now_ns < deadline_ns)
		return deadline_ns;
	power->shedding = !power->shedding;
	return HYDROPON_NEVER;
}

__u64 hydropon_switch_step(struct hydropon_switch *position, bool on_closed, bool off_closed,
			   bool storm, __u64 now_ns)
{
	if (on_closed != position->on_closed || off_closed != position->off_closed || storm) {
		position->on_closed = on_closed;
		position->off_closed = off_closed;
		position->since_ns = now_ns;
		/* Hold to run: it ends when a contact moves, and begins after the debounce. */
		if (storm || position->manual == HYDROPON_MANUAL_ON)
			position->manual = HYDROPON_MANUAL_AUTO;
	}
	if (storm) {
		position->broken = false;
		return HYDROPON_NEVER;
	}
	if (now_ns < position->since_ns + HYDROPON_SWITCH_DEBOUNCE_NS)
		return position->since_ns + HYDROPON_SWITCH_DEBOUNCE_NS;
	position->broken = on_closed && off_closed;
	if (on_closed == off_closed)
		position->manual = HYDROPON_MANUAL_AUTO;
	else
		position->manual = on_closed ? HYDROPON_MANUAL_ON : HYDROPON_MANUAL_OFF;
	return HYDROPON_NEVER;
}

__u64 hydropon_feedback_step(struct hydropon_feedback *feedback, bool told_on, bool is_on,
			     __u64 now_ns)
{
	if (told_on == is_on) {
		feedback->differs = false;
		feedback->fault = false;
		return HYDROPON_NEVER;
	}
	if (!feedback->differs || told_on != feedback->told_on) {
		feedback->differs = true;
		feedback->fault = false;
		feedback->told_on = told_on;
		feedback->since_ns = now_ns;
	}
	if (now_ns < feedback->since_ns + HYDROPON_FEEDBACK_NS)
		return feedback->since_ns + HYDROPON_FEEDBACK_NS;
	feedback->fault = true;
	return HYDROPON_NEVER;
}
