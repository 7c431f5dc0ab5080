// SPDX-License-Identifier: GPL-2.0-only
#include "channel/check.h"

#define RUN_UP_NS (20 * NS_PER_SEC)
#define RUN_DOWN_NS (2 * WINDOW_MINUTE_NS)

/*
 * A pump that is switched in short cycles is never settled. Too little flow is answered by a flow
 * while it is on, and a siphon by none while it is off, however short that was.
 */
static bool is_answered(const struct look *look, const struct check_state *state, double least)
{
	bool has_flow = look->value >= least, was_flow = state->seen >= least;

	return state->found == FINDING_FAULT && has_flow == look->pump->is_on &&
	       was_flow != look->pump->is_on;
}

/* A flow is the mean since the reading before: that must have been after the switch as well. */
enum finding check_flow(const struct look *look, struct judgement *judgement,
			struct check_state *state)
{
	uint64_t for_ns = driver_for_ns(look->pump, look->at_ns);
	uint64_t settle_ns = look->pump && look->pump->is_on ? RUN_UP_NS : RUN_DOWN_NS;
	uint64_t whole_ns = 2 * (uint64_t)judgement->window.interval_ns;
	double least = look->conf->judge.flow_least;

	if (!look->pump || !least)
		return FINDING_NONE;
	if (for_ns < settle_ns + whole_ns &&
	    (for_ns < whole_ns || !is_answered(look, state, least)))
		return FINDING_SAME;
	state->seen = look->value;
	state->limit = least;
	return (look->value >= least) == look->pump->is_on ? FINDING_FINE : FINDING_FAULT;
}
