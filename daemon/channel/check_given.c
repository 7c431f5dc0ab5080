// SPDX-License-Identifier: GPL-2.0-only
#include "channel/check.h"

/* What was known before the tests: a failed read, a gap, no temperature. */
enum finding check_given(const struct look *look, struct judgement *judgement,
			 struct check_state *state)
{
	return look->given == look->asked ? FINDING_FAULT : FINDING_FINE;
}

enum finding check_range(const struct look *look, struct judgement *judgement,
			 struct check_state *state)
{
	if (quality_has_value((uint8_t)look->given) || look->given == Q_BAD_RANGE) {
		state->seen = look->value;
		state->limit = look->value < look->conf->min ? look->conf->min : look->conf->max;
	}
	return check_given(look, judgement, state);
}

/* What its calibration says of it. */
enum finding check_doubt(const struct look *look, struct judgement *judgement,
			 struct check_state *state)
{
	return look->doubt == look->asked ? FINDING_FAULT : FINDING_FINE;
}
