// SPDX-License-Identifier: GPL-2.0-only
#include "channel/check.h"

#include <math.h>

#define WINDOW_S 30.0
#define LEAST_N 16
#define CLIP 4.0
#define LEAVE 0.6		/* of the limit */
/* White noise of standard deviation 1 has second differences of this mean size. */
#define MEAN_OF_WHITE 1.9544

/* A second difference does not see a ramp, and hardly a slow change. */
static void take(struct judgement *judgement, double value, double interval_s, double limit)
{
	double size = fabs(value - 2 * judgement->noise.last[0] + judgement->noise.last[1]);
	double n_max = fmax(WINDOW_S / fmax(interval_s, 1e-3), LEAST_N);

	judgement->noise.mean_n = fmin(judgement->noise.mean_n + 1, n_max);
	/* One spike is not noise. */
	size = fmin(size / MEAN_OF_WHITE, CLIP * limit);
	judgement->noise.mean += (size - judgement->noise.mean) / judgement->noise.mean_n;
}

enum finding check_noise(const struct look *look, struct judgement *judgement,
			 struct check_state *state)
{
	const struct conf_judge *conf = &look->conf->judge;
	double interval_s = judgement->window.interval_ns / NS_PER_SEC;

	if (!conf->noise)
		return FINDING_NONE;
	if (!check_is_steady(look)) {
		judgement->noise.n = 0;
		/* In short cycles it is never steady: the verdict must end all the same. */
		return FINDING_NONE;
	}
	/* Between slow readings the tank itself moves. */
	state->limit = conf->noise + conf->rate_per_min * interval_s / 60;
	if (judgement->noise.n >= 2)
		take(judgement, look->value, interval_s, state->limit);
	judgement->noise.last[1] = judgement->noise.last[0];
	judgement->noise.last[0] = look->value;
	judgement->noise.n += judgement->noise.n < 2;
	if (judgement->noise.mean_n < LEAST_N)
		return FINDING_NONE;
	state->seen = judgement->noise.mean;
	if (state->is_fault)
		state->limit *= LEAVE;
	return state->seen > state->limit ? FINDING_FAULT : FINDING_FINE;
}
