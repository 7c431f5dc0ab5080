// SPDX-License-Identifier: GPL-2.0-only
#include "channel/derive.h"

#include <math.h>

#define VPD_LEAST_C (-40.0)
#define VPD_MOST_C 80.0

double derive_tds(double us_cm, double factor)
{
	return us_cm * factor;
}

double derive_ppfd(double lx, double factor)
{
	return lx * factor;
}

static double saturation_kpa(double celsius)
{
	return 0.6108 * exp(17.27 * celsius / (celsius + 237.3));
}

double derive_vpd(double celsius, double humidity)
{
	if (!(celsius >= VPD_LEAST_C && celsius <= VPD_MOST_C))
		return NAN;
	return saturation_kpa(celsius) * (1 - humidity / 100);
}
