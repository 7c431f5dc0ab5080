// SPDX-License-Identifier: GPL-2.0-only
#include "channel/check.h"

#include <math.h>

#define CONFIRM_N 3
#define CONFIRM_NS (10 * NS_PER_SEC)
#define SLOWEST_MIN 60.0

double check_allowance(const struct look *look, const struct judgement *judgement)
{
	const struct conf_judge *conf = &look->conf->judge;
	uint64_t before_ns = judgement->window.newest_ns;
	double minutes = look->at_ns > before_ns ?
			 (double)(look->at_ns - before_ns) / WINDOW_MINUTE_NS : 0;

	return conf->step + conf->rate_per_min * fmin(minutes, SLOWEST_MIN);
}

bool check_is_steady(const struct look *look)
{
	const struct driver *driver = look->conf->quantity == QUANTITY_FLOW ? look->pump :
				      look->conf->quantity == QUANTITY_LIGHT ? look->lamp : NULL;

	if (look->conf->quantity != QUANTITY_FLOW && look->conf->quantity != QUANTITY_LIGHT)
		return true;
	return driver_for_ns(driver, look->at_ns) > DRIVER_SETTLE_NS;
}

/* Readings that are off, but together, are the new level: a spike has an end. */
static bool confirms(const struct look *look, struct judgement *judgement)
{
	bool is_near = judgement->spike.n &&
		       fabs(look->value - judgement->spike.value) <= look->conf->judge.step;

	if (!is_near) {
		judgement->spike.n = 0;
		judgement->spike.since_ns = look->at_ns;
	}
	judgement->spike.n++;
	judgement->spike.value = look->value;
	return judgement->spike.n >= CONFIRM_N &&
	       look->at_ns - judgement->spike.since_ns >= CONFIRM_NS;
}

enum finding check_spike(const struct look *look, struct judgement *judgement,
			 struct check_state *state)
{
	double before;

	judgement->was_read = true;
	if (!look->conf->judge.step)
		return FINDING_NONE;
	if (!check_is_steady(look)) {
		window_forget_recent(&judgement->window);
		judgement->spike.n = 0;
		return FINDING_NONE;
	}
	if (!window_reference(&judgement->window, &before))
		return FINDING_FINE;
	state->seen = fabs(look->value - before);
	state->limit = check_allowance(look, judgement);
	if (state->seen <= state->limit) {
		judgement->spike.n = 0;
		return FINDING_FINE;
	}
	judgement->was_read = false;
	if (!confirms(look, judgement))
		return FINDING_FAULT;
	judgement->was_read = true;
	judgement->spike.n = 0;
	judgement->spike.stepped_ns = look->at_ns;
	judgement->spike.stepped_by = look->value - before;
	window_forget_recent(&judgement->window);
	return FINDING_FINE;
}
