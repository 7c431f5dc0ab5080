// SPDX-License-Identifier: GPL-2.0-only
#include "channel/check.h"

enum finding check_signal(const struct look *look, struct judgement *judgement,
			  struct check_state *state)
{
	double least = look->conf->judge.no_signal_below;

	if (!least)
		return FINDING_NONE;
	state->seen = look->plain;
	state->limit = state->is_fault ? 2 * least : least;
	return look->plain < state->limit ? FINDING_FAULT : FINDING_FINE;
}
