// SPDX-License-Identifier: GPL-2.0-only
#include "channel/check.h"

#include <math.h>

#define CONFIRM_N 3
#define CONFIRM_NS (10 * NS_PER_SEC)
/* Whatever is read more seldom than that may not have moved further either. */
#define SLOWEST_MIN 5.0
/* Longer than so many intervals is a pause, of which nobody knows what it was. */
#define PAUSE_INTERVALS 3.0

/* How far it may go from one reading to another. */
static double reach(const struct look *look, uint64_t before_ns)
{
	double minutes = look->at_ns > before_ns ?
			 (double)(look->at_ns - before_ns) / WINDOW_MINUTE_NS : 0;

	return look->conf->judge.step +
	       look->conf->judge.rate_per_min * fmin(minutes, SLOWEST_MIN);
}

double check_allowance(const struct look *look, const struct judgement *judgement)
{
	uint64_t before_ns = judgement->window.newest_ns;
	double interval_ns = judgement->window.interval_ns;

	/* What comes back from a pause, or from being bad, far away is to be confirmed. */
	if (look->at_ns > before_ns &&
	    (double)(look->at_ns - before_ns) > PAUSE_INTERVALS * interval_ns)
		return look->conf->judge.step;
	return reach(look, before_ns);
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
		       fabs(look->value - judgement->spike.value) <=
		       reach(look, judgement->spike.last_ns);

	if (!is_near) {
		judgement->spike.n = 0;
		judgement->spike.since_ns = look->at_ns;
	}
	judgement->spike.n++;
	judgement->spike.value = look->value;
	judgement->spike.last_ns = look->at_ns;
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
