// SPDX-License-Identifier: GPL-2.0-only
#include "channel/check.h"

#define RUN_UP_NS (20 * NS_PER_SEC)
#define RUN_DOWN_NS (2 * WINDOW_MINUTE_NS)

/* A flow is the mean since the reading before: that must have been after the switch as well. */
enum finding check_flow(const struct look *look, struct judgement *judgement,
			struct check_state *state)
{
	uint64_t for_ns = driver_for_ns(look->pump, look->at_ns);
	uint64_t settle_ns = look->pump && look->pump->is_on ? RUN_UP_NS : RUN_DOWN_NS;
	double least = look->conf->judge.flow_least;

	if (!look->pump || !least)
		return FINDING_NONE;
	if (for_ns < settle_ns + 2 * (uint64_t)judgement->window.interval_ns)
		return FINDING_SAME;
	state->seen = look->value;
	state->limit = least;
	return (look->value >= least) == look->pump->is_on ? FINDING_FINE : FINDING_FAULT;
}
