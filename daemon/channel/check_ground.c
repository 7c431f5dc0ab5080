// SPDX-License-Identifier: GPL-2.0-only
#include "channel/check.h"

#include <math.h>

/*
 * A pump that leaks current into the water moves a probe's reading when it starts, and back when
 * it stops, each time by the same. What the water does by itself goes one way.
 *
 * A circulation pump may then run for months, and nothing could show that all is well: the verdict
 * lapses FORGET_NS after the last switch. One more step each way brings it back.
 */
#define SKIP_NS (2 * NS_PER_SEC)
#define SPAN_NS (12 * NS_PER_SEC)
#define LEAST_N 4
#define SWITCHES 3
#define WEIGHT 0.5
#define LEAVE 0.5		/* of the limit */
#define FORGET_NS (6 * 3600 * NS_PER_SEC)

static void take_step(struct judgement *judgement, bool is_on)
{
	double step = judgement->ground.sum / judgement->ground.n - judgement->ground.before;
	double *mean = &judgement->ground.step[is_on];
	unsigned int *n = &judgement->ground.steps_n[is_on];

	judgement->ground.waits = false;
	*n += *n < SWITCHES;
	*mean += (step - *mean) * (*n < SWITCHES ? 1.0 / *n : WEIGHT);
}

static void follow(const struct look *look, struct judgement *judgement)
{
	uint64_t for_ns = driver_for_ns(look->pump, look->at_ns);

	if (look->pump->is_on != judgement->ground.was_on || !judgement->ground.is_known) {
		judgement->ground.waits = judgement->ground.is_known &&
			window_reference(&judgement->window, &judgement->ground.before);
		judgement->ground.sum = 0;
		judgement->ground.n = 0;
	}
	judgement->ground.is_known = true;
	judgement->ground.was_on = look->pump->is_on;
	if (!judgement->ground.waits || for_ns < SKIP_NS)
		return;
	if (for_ns <= SPAN_NS) {
		judgement->ground.sum += look->value;
		judgement->ground.n++;
	} else if (judgement->ground.n >= LEAST_N) {
		take_step(judgement, look->pump->is_on);
	} else {
		judgement->ground.waits = false;
	}
}

static void forget(struct judgement *judgement)
{
	judgement->ground.steps_n[0] = judgement->ground.steps_n[1] = SWITCHES - 1;
}

enum finding check_ground(const struct look *look, struct judgement *judgement,
			  struct check_state *state)
{
	const double *step = judgement->ground.step;

	if (!look->pump || !look->pump->is_known || !look->conf->judge.moved)
		return FINDING_NONE;
	follow(look, judgement);
	if (state->found == FINDING_FAULT &&
	    driver_for_ns(look->pump, look->at_ns) > FORGET_NS)
		forget(judgement);
	if (judgement->ground.steps_n[0] < SWITCHES || judgement->ground.steps_n[1] < SWITCHES)
		return FINDING_NONE;
	state->seen = step[0] * step[1] < 0 ? fmin(fabs(step[0]), fabs(step[1])) : 0;
	state->limit = check_movement(&look->conf->judge) * (state->is_fault ? LEAVE : 1);
	return state->seen > state->limit ? FINDING_FAULT : FINDING_FINE;
}
