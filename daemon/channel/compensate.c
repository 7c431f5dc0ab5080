// SPDX-License-Identifier: GPL-2.0-only
#include "channel/compensate.h"

#include <math.h>
#include <stddef.h>

#include "base/nernst.h"

#define ISOPOTENTIAL_PH 7.0
#define REFERENCE_C 25.0
#define NATURAL_MAX_C 35.9

static double compensate_ph(const struct conf_channel *conf, double ph, double celsius)
{
	double kelvin = celsius + ZERO_C_IN_K;

	if (!(kelvin > 0))
		return NAN;
	return ISOPOTENTIAL_PH + (ph - ISOPOTENTIAL_PH) * (conf->buffer_c + ZERO_C_IN_K) / kelvin;
}

/* ISO 7888, f25 at 0, 1 ... 35 C. Beyond 35 C the last step goes on, up to where the table ends. */
static double compensate_natural(double us_per_cm, double celsius)
{
	static const double factors[] = {
		1.918, 1.857, 1.800, 1.745, 1.693, 1.643, 1.596, 1.551, 1.508, 1.467, 1.428, 1.390,
		1.354, 1.320, 1.287, 1.256, 1.225, 1.196, 1.168, 1.141, 1.116, 1.091, 1.067, 1.044,
		1.021, 1.000, 0.979, 0.959, 0.940, 0.921, 0.903, 0.886, 0.869, 0.853, 0.837, 0.822,
	};
	const size_t last = sizeof(factors) / sizeof(factors[0]) - 2;
	size_t i;

	if (!(celsius >= 0 && celsius <= NATURAL_MAX_C))
		return NAN;
	i = (size_t)celsius < last ? (size_t)celsius : last;
	return us_per_cm * (factors[i] + (celsius - (double)i) * (factors[i + 1] - factors[i]));
}

static double compensate_ec(const struct conf_channel *conf, double us_per_cm, double celsius)
{
	double share;

	if (conf->is_natural_water)
		return compensate_natural(us_per_cm, celsius);
	share = 1 + conf->alpha_per_c * (celsius - REFERENCE_C);

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
