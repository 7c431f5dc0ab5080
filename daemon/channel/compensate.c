// SPDX-License-Identifier: GPL-2.0-only
#include "channel/compensate.h"

#include <math.h>

#include "base/nernst.h"

#define ISOPOTENTIAL_PH 7.0
#define REFERENCE_C 25.0

static double compensate_ph(const struct conf_channel *conf, double ph, double celsius)
{
	double kelvin = celsius + ZERO_C_IN_K;

	if (!(kelvin > 0))
		return NAN;
	return ISOPOTENTIAL_PH + (ph - ISOPOTENTIAL_PH) * (conf->buffer_c + ZERO_C_IN_K) / kelvin;
}

static double compensate_ec(const struct conf_channel *conf, double us_per_cm, double celsius)
{
	double share = 1 + conf->alpha_per_c * (celsius - REFERENCE_C);

	return share > 0 ? us_per_cm / share : NAN;
}

double compensate(const struct conf_channel *conf, double value, double celsius)
{
	if (conf->quantity == QUANTITY_PH)
		return compensate_ph(conf, value, celsius);
	if (conf->quantity == QUANTITY_EC)
		return compensate_ec(conf, value, celsius);
	return value;
}
