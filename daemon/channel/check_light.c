// SPDX-License-Identifier: GPL-2.0-only
#include "channel/check.h"

/* Discharge lamps take minutes to run up. */
#define RUN_UP_NS (3 * WINDOW_MINUTE_NS)

/* Only the dark under a lamp is wrong: light without a lamp is the sun. */
enum finding check_light(const struct look *look, struct judgement *judgement,
			 struct check_state *state)
{
	double least = look->conf->judge.lit_least;

	if (!look->lamp || !look->lamp->is_known || !least)
		return FINDING_NONE;
	if (!look->lamp->is_on)
		return FINDING_NONE;
	if (driver_for_ns(look->lamp, look->at_ns) < RUN_UP_NS)
		return FINDING_SAME;
	state->seen = look->value;
	state->limit = least;
	return look->value < least ? FINDING_FAULT : FINDING_FINE;
}
