// SPDX-License-Identifier: GPL-2.0-only
#include "channel/check.h"

#include <math.h>

#define SPAN_MINUTES 30
#define MEAN_MINUTES 3
/* A dose may take this long to be everywhere. */
#define DOSE_NS ((SPAN_MINUTES + 15) * WINDOW_MINUTE_NS)
/* A step is in one of the means, or between them, for so long. */
#define STEP_NS ((SPAN_MINUTES + MEAN_MINUTES + 1) * WINDOW_MINUTE_NS)

/* True if none of them has run lately, and that is known. */
static bool is_undosed(const struct look *look)
{
	if (!look->dosers[0])
		return false;
	for (size_t i = 0; i < CONF_MAX_DOSERS && look->dosers[i]; i++)
		if (look->dosers[i]->is_on || driver_for_ns(look->dosers[i], look->at_ns) < DOSE_NS)
			return false;
	return true;
}

/* The rate of change has told it: a change of water is no news half an hour later. */
static bool has_stepped(const struct look *look, const struct judgement *judgement)
{
	uint64_t stepped_ns = judgement->spike.stepped_ns;

	return stepped_ns && look->at_ns < stepped_ns + STEP_NS;
}

enum finding check_undosed(const struct look *look, struct judgement *judgement,
			   struct check_state *state)
{
	double now, before;

	if (!look->conf->judge.moved || !is_undosed(look) ||
	    has_stepped(look, judgement))
		return FINDING_NONE;
	if (!look->begins_minute)
		return FINDING_SAME;
	if (!window_mean(&judgement->window, look->at_ns, 0, MEAN_MINUTES, &now) ||
	    !window_mean(&judgement->window, look->at_ns, SPAN_MINUTES - MEAN_MINUTES,
			 2 * MEAN_MINUTES, &before))
		return FINDING_NONE;
	state->seen = fabs(now - before);
	state->limit = look->conf->judge.moved;
	return state->seen > state->limit ? FINDING_FAULT : FINDING_FINE;
}
