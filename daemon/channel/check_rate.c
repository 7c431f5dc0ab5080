// SPDX-License-Identifier: GPL-2.0-only
#include "channel/check.h"

#include <math.h>

/*
 * The way from one minute to the next that had readings, in units a minute. Half a step more is
 * not a rate yet: a minute's mean of a single reading may be off by that.
 */
static enum finding look_at_minutes(const struct look *look, const struct judgement *judgement,
				    struct check_state *state)
{
	const struct conf_judge *conf = &look->conf->judge;
	double now, before;
	unsigned int ago = 2;

	if (!window_mean(&judgement->window, look->at_ns, 1, 1, &now)) {
		/* Read less than once a minute: this reading is its minute. */
		now = look->value;
		ago = 1;
	}
	for (unsigned int i = ago; i < ago + 15; i++) {
		double minutes = i - ago + 1;

		if (!window_mean(&judgement->window, look->at_ns, i, 1, &before))
			continue;
		state->seen = fabs(now - before) / minutes;
		state->limit = conf->rate_per_min + conf->step / 2 / minutes;
		return state->seen > state->limit ? FINDING_FAULT : FINDING_FINE;
	}
	return FINDING_NONE;
}

enum finding check_rate(const struct look *look, struct judgement *judgement,
			struct check_state *state)
{
	if (!look->conf->judge.rate_per_min || !check_is_steady(look))
		return FINDING_NONE;
	if (judgement->spike.stepped_ns == look->at_ns) {
		state->seen = fabs(judgement->spike.stepped_by);
		state->limit = look->conf->judge.step;
		return FINDING_FAULT;
	}
	/* What came before the step is no measure of what comes after it. */
	if (judgement->spike.stepped_ns &&
	    look->at_ns - judgement->spike.stepped_ns < 2 * WINDOW_MINUTE_NS)
		return FINDING_SAME;
	return look->begins_minute ? look_at_minutes(look, judgement, state) : FINDING_SAME;
}
