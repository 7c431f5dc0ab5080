// SPDX-License-Identifier: GPL-2.0-only
/* The table of interlocks at work. All of it under gateway->lock. */
#include <linux/string.h>

#include "guard.h"
#include "trace.h"

static void tell_trip(struct hydropon_gateway *gateway, u32 index, u64 now_ns)
{
	const struct hydropon_interlock *interlock = &gateway->interlocks[index];
	const struct hydropon_interlock_state *state = &gateway->interlock_states[index];
	struct hydropon_record record = {
		.time_ns = now_ns,
		.type = HYDROPON_REC_TRIP,
		.channel = interlock->output,
		.flags = interlock->level,
		.status = state->stale ? -ESTALE : 0,
		.value = state->tripping,
		.aux = interlock->id,
	};

	trace_hydropon_trip(interlock->id, interlock->output, state->tripping, state->stale);
	hydropon_ring_push(gateway, &record, now_ns);
}

/* While its output is as it waits for; one that is gone is neither on nor off. */
static bool applies(const struct hydropon_gateway *gateway,
		    const struct hydropon_interlock *interlock)
{
	const struct hydropon_output *output;

	if (interlock->while_output == HYDROPON_NONE)
		return true;
	output = gateway->outputs[interlock->while_output];
	return output && output->state.on == !(interlock->flags & HYDROPON_WHILE_OFF);
}

u64 hydropon_interlocks_step(struct hydropon_gateway *gateway, u64 now_ns)
{
	u64 next_ns = HYDROPON_NEVER, step_ns;

	for (u32 i = 0; i < gateway->outputs_n; i++) {
		if (!gateway->outputs[i])
			continue;
		gateway->outputs[i]->trips = 0;
		gateway->outputs[i]->latching = 0;
	}
	for (u32 i = 0; i < gateway->interlocks_n; i++) {
		const struct hydropon_interlock *interlock = &gateway->interlocks[i];
		struct hydropon_interlock_state *state = &gateway->interlock_states[i];
		struct hydropon_output *output = gateway->outputs[interlock->output];
		bool was_tripping = state->tripping;
		u32 bit = hydropon_interlock_bit(interlock);

		step_ns = hydropon_interlock_step(interlock, state,
						  &gateway->channels[interlock->channel]->reading,
						  applies(gateway, interlock), now_ns);
		next_ns = min(next_ns, step_ns);
		if (state->tripping != was_tripping)
			tell_trip(gateway, i, now_ns);
		if (!output || !state->tripping)
			continue;
		output->trips |= bit;
		if (interlock->flags & HYDROPON_LATCHING)
			output->latching |= bit;
		if (!was_tripping)
			output->trip_id = interlock->id;
	}
	return next_ns;
}

/* What the old table knows of an entry that stands in the new one as well. */
static struct hydropon_interlock_state carry_over(const struct hydropon_gateway *gateway,
						  const struct hydropon_interlock *interlock,
						  u64 now_ns)
{
	for (u32 i = 0; i < gateway->interlocks_n; i++)
		if (!memcmp(&gateway->interlocks[i], interlock, sizeof(*interlock)))
			return gateway->interlock_states[i];
	return (struct hydropon_interlock_state) { .loaded_ns = now_ns };
}

/* Must hold gateway->lock. -EINVAL, which changes nothing, with the first bad entry. */
int hydropon_interlocks_replace(struct hydropon_gateway *gateway,
				const struct hydropon_interlock *table, u32 n, u32 *bad)
{
	struct hydropon_interlock_state *states = gateway->interlock_scratch;
	u64 now_ns = hydropon_now();

	*bad = hydropon_interlocks_bad(table, n, gateway->channels_n, gateway->outputs_n);
	if (*bad < n)
		return -EINVAL;
	for (u32 i = 0; i < n; i++)
		states[i] = carry_over(gateway, &table[i], now_ns);
	memcpy(gateway->interlocks, table, n * sizeof(*table));
	for (u32 i = 0; i < n; i++)
		gateway->interlock_states[i] = states[i];
	gateway->interlocks_n = n;
	for (u32 i = 0; i < gateway->channels_n; i++) {
		gateway->channels[i]->reading.changed = false;
		gateway->channels[i]->interlocked = false;
	}
	for (u32 i = 0; i < n; i++)
		gateway->channels[table[i].channel]->interlocked = true;
	hydropon_disarm(gateway, HYDROPON_CAUSE_REPLACED, now_ns);
	return 0;
}
