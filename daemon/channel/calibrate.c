// SPDX-License-Identifier: GPL-2.0-only
#include "channel/calibrate.h"

#include <math.h>

#define NS_PER_MINUTE 60e9

static double calibrate_ph(const struct conf_channel *conf, double mv)
{
	double mv_per_ph = (conf->buffer_mv[1] - conf->buffer_mv[0]) /
			   (conf->buffer_ph[1] - conf->buffer_ph[0]);

	return conf->buffer_ph[0] + (mv - conf->buffer_mv[0]) / mv_per_ph;
}

double calibrate(const struct conf_channel *conf, double reading)
{
	switch (conf->quantity) {
	case QUANTITY_PH:
		return calibrate_ph(conf, reading);
	case QUANTITY_EC:
		return conf->cell_per_cm * conf->us_per_mv * reading;
	case QUANTITY_TEMPERATURE:
	case QUANTITY_LEVEL:
		return (reading - conf->zero_mv) / conf->mv_per_unit;
	case QUANTITY_LIGHT:
	case QUANTITY_VOLTAGE:
		return reading;
	case QUANTITY_FLOW:
		break;
	}
	return NAN;
}

double calibrate_flow(const struct conf_channel *conf, uint32_t pulses, uint64_t interval_ns)
{
	return pulses / conf->pulses_per_litre / ((double)interval_ns / NS_PER_MINUTE);
}
