// SPDX-License-Identifier: GPL-2.0-only
/* An output at work: what it senses, what is decided, and its lease. All of it under
 * gateway->lock.
 */
#include "guard.h"
#include "trace.h"

/* @status is of the newest write that has ended. */
void hydropon_output_tell(struct hydropon_output *output, bool on, int status, u64 now_ns)
{
	struct hydropon_record record = {
		.time_ns = now_ns,
		.type = HYDROPON_REC_OUTPUT,
		.channel = output->index,
		.status = status,
		.value = on,
		.aux = output->state.cause,
	};

	hydropon_ring_push(output->gateway, &record, now_ns);
}

static void tell_manual(struct hydropon_output *output, u64 now_ns)
{
	struct hydropon_record record = {
		.time_ns = now_ns,
		.type = HYDROPON_REC_MANUAL,
		.channel = output->index,
		.value = output->position.manual,
	};

	if (output->position.manual == output->manual_told)
		return;
	output->manual_told = output->position.manual;
	hydropon_ring_push(output->gateway, &record, now_ns);
}

static void note_fault(struct hydropon_output *output, enum hydropon_fault fault, bool lasts,
		       u64 now_ns)
{
	u32 bit = 1U << fault;

	if (!(output->faults & bit) == !lasts)
		return;
	output->faults ^= bit;
	hydropon_tell_fault(output->gateway, output->index, fault, lasts, now_ns);
}

/* Looks at the switch and at the relay's auxiliary contact. */
u64 hydropon_output_sense(struct hydropon_output *output, u64 now_ns)
{
	bool storm = output->on_contact.storming || output->off_contact.storming;
	u64 next_ns = HYDROPON_NEVER;
	bool fault;

	if (output->on_contact.line) {
		next_ns = hydropon_switch_step(&output->position,
					       hydropon_contact_closed(&output->on_contact),
					       hydropon_contact_closed(&output->off_contact),
					       storm, now_ns);
		note_fault(output, HYDROPON_FAULT_SWITCH, output->position.broken, now_ns);
		note_fault(output, HYDROPON_FAULT_SWITCH_STORM, storm, now_ns);
		tell_manual(output, now_ns);
	}
	if (output->feedback_line) {
		next_ns = min(next_ns,
			      hydropon_feedback_step(&output->feedback, output->state.on,
						     gpiod_get_value(output->feedback_line) > 0,
						     now_ns));
		fault = output->feedback.fault;
		note_fault(output, HYDROPON_FAULT_WELDED, fault && !output->state.on, now_ns);
		note_fault(output, HYDROPON_FAULT_NOT_CLOSING, fault && output->state.on, now_ns);
	}
	return next_ns;
}

/* The first channel that it needs and that is stale, or HYDROPON_NONE; @next_ns is brought
 * forward to when the next one will be.
 */
u32 hydropon_output_stale_need(const struct hydropon_output *output, u64 now_ns, u64 *next_ns)
{
	for (u32 i = 0; i < output->needs_n; i++) {
		const struct hydropon_need *need = &output->needs[i];
		u64 good_ns = need->channel->reading.good_ns;

		if (!good_ns || now_ns >= good_ns + need->stale_ns)
			return need->channel->info.index;
		*next_ns = min(*next_ns, good_ns + need->stale_ns);
	}
	return HYDROPON_NONE;
}

/* Latched off: it is on without being told to be, which is not its safe state. */
static u32 weld(const struct hydropon_output *output)
{
	bool welded = output->faults & (1U << HYDROPON_FAULT_WELDED);

	return welded && !output->limits.safe_on ? HYDROPON_LATCH_WELDED : 0;
}

/* Why its lease ends now: while an end lasts, that, whatever is asked for. 0: it does not. */
static enum hydropon_cause let_go_for(const struct hydropon_output *output,
				      enum hydropon_cause asked)
{
	const struct hydropon_gateway *gateway = output->gateway;

	if (output->gone)
		return HYDROPON_CAUSE_UNBIND;
	if (gateway->terminal)
		return gateway->terminal;
	return gateway->suspended ? HYDROPON_CAUSE_SUSPEND : asked;
}

/* Decides, drives the line, tells; returns when to decide again at the latest. @let_go: 0,
 * or why its lease ends now.
 */
u64 hydropon_output_step(struct hydropon_output *output, enum hydropon_cause let_go, u64 now_ns,
			 bool *changed)
{
	struct hydropon_gateway *gateway = output->gateway;
	u32 was_cause = output->state.cause;
	bool was_on = output->state.on;
	u64 stale_at_ns = HYDROPON_NEVER, next_ns;
	struct hydropon_inputs inputs = {
		.let_go = let_go_for(output, let_go),
		.manual = output->position.manual,
		.trips = output->trips,
		.latching = output->latching | weld(output),
		.shedding = gateway->power.shedding,
		.needs_stale = hydropon_output_stale_need(output, now_ns, &stale_at_ns) !=
			       HYDROPON_NONE,
	};

	next_ns = hydropon_decide(&output->limits, &output->state, &inputs, now_ns);
	if (output->state.lease_expiry_ns)
		next_ns = min(next_ns, stale_at_ns);
	if (output->state.held_by)
		output->forced_ns = now_ns;

	if (output->state.on != was_on) {
		hydropon_output_drive(output);
		output->changes++;
		*changed = true;
	}
	if (output->state.on != was_on || output->state.cause != was_cause) {
		trace_hydropon_output(output->index, output->state.on, output->state.cause);
		hydropon_output_tell(output, output->state.on, output->line_status, now_ns);
	}
	return next_ns;
}

static int check_set(const struct hydropon_output *output, const struct hydropon_set *set,
		     u64 now_ns, u64 *expiry_ns)
{
	const struct hydropon_gateway *gateway = output->gateway;
	const struct hydropon_beats *beats = &gateway->beats;
	u64 latency_ns = gateway->ring.max_latency_ns + 2 * BEAT_NS;
	u32 age = beats->newest - set->beat;
	u64 beat_ns;
	int ret;

	if (gateway->terminal)
		return -ESHUTDOWN;
	if (output->gone)
		return -ENODEV;
	if (!gateway->armed || !output->state.restored)
		return -EPERM;
	if (set->lease_ms < HYDROPON_LEASE_MIN_MS || set->lease_ms > output->lease_max_ms ||
	    set->lease_ms * (u64)NSEC_PER_MSEC < 3 * latency_ns)
		return -ERANGE;
	if (!beats->emitted || (s32)age < 0)
		return -EINVAL;
	if (age >= beats->emitted)
		return -ESTALE;
	ret = hydropon_may_lease(&output->limits, &output->state, now_ns);
	if (ret)
		return ret;
	beat_ns = beats->time_ns[set->beat % BEAT_HISTORY];
	*expiry_ns = beat_ns + set->lease_ms * (u64)NSEC_PER_MSEC;
	if (beat_ns <= output->forced_ns || *expiry_ns <= now_ns)
		return -ESTALE;
	return 0;
}

/* Must hold gateway->lock; the caller evaluates, before and after. */
int hydropon_output_set(struct hydropon_output *output, const struct hydropon_set *set,
			u64 now_ns)
{
	bool changed = false;
	u64 expiry_ns;
	int ret;

	if (!!set->on == output->limits.safe_on) {
		hydropon_output_step(output, HYDROPON_CAUSE_RELEASED, now_ns, &changed);
		return 0;
	}
	ret = check_set(output, set, now_ns, &expiry_ns);
	if (ret) {
		output->refused++;
		return ret;
	}
	output->state.lease_expiry_ns = max(output->state.lease_expiry_ns, expiry_ns);
	trace_hydropon_lease(output->index, set->beat, output->state.lease_expiry_ns);
	return 0;
}

/* Must hold gateway->lock; the caller evaluates, before and after. */
int hydropon_output_reset(struct hydropon_output *output, u64 now_ns)
{
	int ret = hydropon_reset(&output->limits, &output->state, output->trips | weld(output),
				 now_ns);

	if (!ret)
		output->forced_ns = now_ns;
	return ret;
}
