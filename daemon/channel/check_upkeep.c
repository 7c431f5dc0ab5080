// SPDX-License-Identifier: GPL-2.0-only
#include "channel/check.h"

#define MS_PER_DAY 86400000.0

static enum finding check_age(const struct look *look, struct check_state *state)
{
	const struct conf_judge *conf = &look->conf->judge;

	if (!conf->probe_since_ms || !conf->probe_life_days || !look->is_wall_set)
		return FINDING_NONE;
	state->seen = (double)(look->wall_ms - conf->probe_since_ms) / MS_PER_DAY;
	state->limit = conf->probe_life_days;
	return state->seen > state->limit ? FINDING_FAULT : FINDING_FINE;
}

static enum finding check_warm_up(const struct look *look, const struct judgement *judgement,
				  struct check_state *state)
{
	uint64_t for_ns = look->at_ns > judgement->begun_ns ?
			  look->at_ns - judgement->begun_ns : 0;

	if (!look->conf->judge.warm_up_ms)
		return FINDING_NONE;
	state->seen = (double)for_ns / NS_PER_SEC;
	state->limit = look->conf->judge.warm_up_ms / 1e3;
	return state->seen < state->limit ? FINDING_FAULT : FINDING_FINE;
}

/* What is not in the readings, but known of the probe. */
enum finding check_upkeep(const struct look *look, struct judgement *judgement,
			  struct check_state *state)
{
	switch (look->asked) {
	case Q_UNCERTAIN_OVERRIDE:
		return look->conf->judge.is_out_of_service ? FINDING_FAULT : FINDING_FINE;
	case Q_UNCERTAIN_WARM_UP:
		return check_warm_up(look, judgement, state);
	case Q_UNCERTAIN_PROBE_AGE:
		return check_age(look, state);
	default:
		return FINDING_NONE;
	}
}
