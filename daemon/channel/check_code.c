// SPDX-License-Identifier: GPL-2.0-only
#include "channel/check.h"

#include <math.h>

#define CODES 8

/*
 * Numbers that devices give when they have no value, and that loggers have stored as one: the
 * response codes of Atlas EZO circuits (1, 2, 254, 255), the power-on value of a DS18B20 (85),
 * a failed read as 0, the end of a 16-bit register (a BH1750 counts 1.2 to the lux). Bounds that
 * take them mostly are wider than any tank needs; this is for those who have left them so.
 */
static const double codes[][CODES] = {
	[QUANTITY_PH] = { 0, 1, 2, 14 },
	[QUANTITY_EC] = { 1, 2, 254, 255, 65535 },
	[QUANTITY_TEMPERATURE] = { 0, 1, 2, 85, 254, 255 },
	[QUANTITY_LIGHT] = { 54612.5, 65535, 65536 },
	[QUANTITY_FLOW] = { 254, 255, 65535, 6553.5, 655.35 },
	[QUANTITY_LEVEL] = { 254, 255, 65535, 6553.5, 655.35 },
};
#define QUANTITIES_WITH_CODES (sizeof(codes) / sizeof(codes[0]))

static bool is_code(enum quantity quantity, double value)
{
	if ((size_t)quantity >= QUANTITIES_WITH_CODES)
		return false;
	for (size_t i = 0; i < CODES; i++)
		if (fabs(codes[quantity][i] - value) < 1e-6 &&
		    (codes[quantity][i] || quantity == QUANTITY_PH ||
		     quantity == QUANTITY_TEMPERATURE))
			return true;
	return false;
}

/*
 * A tank may really have 255 uS/cm, and get there by and by. So the number counts as a code when it
 * comes by a jump or as the first thing of all, and as it is never taken, until another one comes.
 */
enum finding check_code(const struct look *look, struct judgement *judgement,
			struct check_state *state)
{
	double step = look->conf->judge.step, before;

	if (!look->conf->judge.has_codes)
		return FINDING_NONE;
	if (!is_code(look->conf->quantity, look->plain))
		return FINDING_FINE;
	state->seen = look->plain;
	if (!step || !window_reference(&judgement->window, &before))
		return FINDING_FAULT;
	state->limit = before;
	return fabs(look->value - before) > step ? FINDING_FAULT : FINDING_FINE;
}
