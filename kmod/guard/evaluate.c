// SPDX-License-Identifier: GPL-2.0-only
/* The turn of the guard: on every record, edge, ioctl and deadline, everything is brought
 * up to now. All of it under gateway->lock.
 */
#include "guard.h"

#define PASSES		3	/* until outputs and interlocks agree */
#define TIME_STEP_NS	((s64)NSEC_PER_MSEC)

/* What an output does may be what an interlock waits for: then both are asked again. */
static u64 step_outputs(struct hydropon_gateway *gateway, enum hydropon_cause let_go, u64 now_ns)
{
	u64 next_ns = HYDROPON_NEVER;
	bool changed = true;

	for (int pass = 0; pass < PASSES && changed; pass++) {
		changed = false;
		next_ns = hydropon_interlocks_step(gateway, now_ns);
		for (u32 i = 0; i < gateway->outputs_n; i++)
			if (gateway->outputs[i])
				next_ns = min(next_ns,
					      hydropon_output_step(gateway->outputs[i], let_go,
								   now_ns, &changed));
	}
	/* They never agree: go on at a pace that leaves time for everything else. */
	return changed ? min_t(u64, next_ns, now_ns + NSEC_PER_MSEC) : next_ns;
}

static u64 sense_outputs(struct hydropon_gateway *gateway, u64 now_ns)
{
	u64 next_ns = HYDROPON_NEVER;

	for (u32 i = 0; i < gateway->outputs_n; i++)
		if (gateway->outputs[i])
			next_ns = min(next_ns, hydropon_output_sense(gateway->outputs[i], now_ns));
	return next_ns;
}

/* The master contactor opens once a relay behind it is welded, until that is reset. */
static void step_master(struct hydropon_gateway *gateway)
{
	bool closed = true;

	for (u32 i = 0; i < gateway->outputs_n; i++) {
		const struct hydropon_output *output = gateway->outputs[i];

		if (output && output->behind_master &&
		    (output->state.latched & HYDROPON_LATCH_WELDED))
			closed = false;
	}
	if (gateway->master_line && closed != gateway->master_closed)
		gpiod_set_value(gateway->master_line, closed);
	gateway->master_closed = closed;
}

void hydropon_tell_fault(struct hydropon_gateway *gateway, u32 output, enum hydropon_fault fault,
			 bool begins, u64 now_ns)
{
	struct hydropon_record record = {
		.time_ns = now_ns,
		.type = HYDROPON_REC_FAULT,
		.channel = output,
		.flags = fault,
		.value = begins,
	};

	hydropon_ring_push(gateway, &record, now_ns);
}

static u64 step_power(struct hydropon_gateway *gateway, u64 now_ns)
{
	struct hydropon_contact *contact = &gateway->power_good;
	struct hydropon_power *power = &gateway->power;
	bool was_shedding = power->shedding;
	u64 next_ns;

	if (!contact->line)
		return HYDROPON_NEVER;
	next_ns = hydropon_power_step(power, hydropon_contact_closed(contact), contact->edge,
				      now_ns);
	contact->edge = false;

	if (contact->storming != gateway->power_storm_told) {
		gateway->power_storm_told = contact->storming;
		hydropon_tell_fault(gateway, 0, HYDROPON_FAULT_POWER_STORM, contact->storming,
				    now_ns);
	}
	if (power->shedding && !was_shedding)
		gateway->sheds++;
	/* A line that chatters is told once a beat, so that it crowds out nothing else. */
	if (power->shedding != was_shedding ||
	    (power->good != gateway->power_told_good &&
	     now_ns >= gateway->power_told_ns + BEAT_NS)) {
		struct hydropon_record record = {
			.time_ns = now_ns,
			.type = HYDROPON_REC_POWER,
			.value = power->good,
			.aux = power->shedding,
		};

		gateway->power_told_good = power->good;
		gateway->power_told_ns = now_ns;
		hydropon_ring_push(gateway, &record, now_ns);
	}
	return next_ns;
}

static void end_storm_windows(struct hydropon_gateway *gateway)
{
	hydropon_contact_window(&gateway->power_good);
	for (u32 i = 0; i < gateway->outputs_n; i++) {
		if (!gateway->outputs[i])
			continue;
		hydropon_contact_window(&gateway->outputs[i]->on_contact);
		hydropon_contact_window(&gateway->outputs[i]->off_contact);
	}
}

static void step_time(struct hydropon_gateway *gateway, u64 now_ns)
{
	struct hydropon_record record = { .type = HYDROPON_REC_TIME };
	s64 offset_ns, moved_ns;

	record.time_ns = hydropon_now();
	record.aux = ktime_get_real_ns();
	offset_ns = record.aux - (s64)record.time_ns;
	moved_ns = offset_ns - gateway->time_offset_ns;
	record.value = gateway->time_next_ns &&
		       (moved_ns > TIME_STEP_NS || moved_ns < -TIME_STEP_NS);
	if (!record.value && now_ns < gateway->time_next_ns)
		return;
	if (!hydropon_ring_push(gateway, &record, now_ns))
		return;
	gateway->time_offset_ns = offset_ns;
	gateway->time_next_ns = now_ns + HYDROPON_TIME_MS * (u64)NSEC_PER_MSEC;
}

/* At each beat, also without a controller: what must not depend on edges is looked at. */
static u64 step_beats(struct hydropon_gateway *gateway, u64 now_ns)
{
	struct hydropon_beats *beats = &gateway->beats;
	struct hydropon_record record = {
		.time_ns = now_ns,
		.type = HYDROPON_REC_BEAT,
		.value = (s32)(beats->newest + 1),
	};

	if (now_ns < beats->next_ns)
		return beats->next_ns;
	beats->next_ns = hydropon_next_tick(now_ns, BEAT_NS);

	end_storm_windows(gateway);
	if (!gateway->controlled)
		return beats->next_ns;
	step_time(gateway, now_ns);
	/* A beat that did not fit the stream was not emitted: nobody can have read it. */
	if (hydropon_ring_push(gateway, &record, now_ns)) {
		beats->newest++;
		beats->time_ns[beats->newest % BEAT_HISTORY] = now_ns;
		beats->emitted = min(beats->emitted + 1, BEAT_HISTORY);
	}
	return beats->next_ns;
}

static void set_timer(struct hydropon_gateway *gateway, u64 next_ns)
{
	gateway->timer_ns = next_ns;
	hrtimer_start(&gateway->timer, ns_to_ktime(next_ns), HRTIMER_MODE_ABS_HARD);
}

/* Must hold gateway->lock. Decides on every output, writes the records that follow, wakes
 * the reader if it is time, and sets the timer to the next deadline. @let_go: 0, or why
 * all leases end now.
 */
void hydropon_evaluate(struct hydropon_gateway *gateway, enum hydropon_cause let_go, u64 now_ns)
{
	u64 next_ns;

	if (gateway->dead)
		return;
	next_ns = step_power(gateway, now_ns);
	next_ns = min(next_ns, sense_outputs(gateway, now_ns));
	next_ns = min(next_ns, step_outputs(gateway, let_go, now_ns));
	step_master(gateway);
	next_ns = min(next_ns, step_beats(gateway, now_ns));
	next_ns = min(next_ns, hydropon_ring_step(gateway, now_ns));

	set_timer(gateway, next_ns);
}

/* Must hold gateway->lock. A turn for what changes nothing that outputs are decided by: the
 * reader is woken if it is time, and the timer waits for that as well. A timer that is late, on
 * a CPU that takes no interrupts, is done for.
 */
void hydropon_evaluate_stream(struct hydropon_gateway *gateway, u64 now_ns)
{
	u64 next_ns;

	if (gateway->dead)
		return;
	if (now_ns >= gateway->timer_ns) {
		hydropon_evaluate(gateway, 0, now_ns);
		return;
	}
	next_ns = hydropon_ring_step(gateway, now_ns);
	if (next_ns < gateway->timer_ns)
		set_timer(gateway, next_ns);
}

/* Must hold gateway->lock. Every lease ends, and none begins by a beat from before. */
void hydropon_disarm(struct hydropon_gateway *gateway, enum hydropon_cause cause, u64 now_ns)
{
	gateway->armed = false;
	hydropon_evaluate(gateway, cause, now_ns);
	for (u32 i = 0; i < gateway->outputs_n; i++)
		if (gateway->outputs[i])
			gateway->outputs[i]->forced_ns = now_ns;
}

/* Must hold gateway->lock. */
void hydropon_tell_presence(struct hydropon_gateway *gateway, enum hydropon_kind kind, u32 index,
			    bool present)
{
	struct hydropon_record record = {
		.time_ns = hydropon_now(),
		.type = HYDROPON_REC_CHANNEL,
		.channel = index,
		.flags = kind,
		.value = present,
	};

	hydropon_ring_push(gateway, &record, record.time_ns);
}
