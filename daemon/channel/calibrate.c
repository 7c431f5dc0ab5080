// SPDX-License-Identifier: GPL-2.0-only
#include "channel/calibrate.h"

#include <math.h>

#define NS_PER_MINUTE 60e9

static double calibrate_ph(const struct conf_channel *conf, double mv)
{
	/* Of three buffers the middle one ends the acid side, whose voltages are the higher ones. */
	size_t i = conf->has_third_buffer && mv < conf->buffer_mv[1];
	double mv_per_ph = (conf->buffer_mv[i + 1] - conf->buffer_mv[i]) /
			   (conf->buffer_ph[i + 1] - conf->buffer_ph[i]);

	return conf->buffer_ph[i] + (mv - conf->buffer_mv[i]) / mv_per_ph;
}

double calibrate(const struct conf_channel *conf, double reading)
{
	switch (conf->quantity) {
	case QUANTITY_PH:
		return calibrate_ph(conf, reading);
	case QUANTITY_EC:
		return conf->cell_per_cm * conf->us_per_mv * (reading - conf->zero_mv);
	case QUANTITY_TEMPERATURE:
	case QUANTITY_LEVEL:
	case QUANTITY_HUMIDITY:
	case QUANTITY_PPFD:
		return (reading - conf->zero_mv) / conf->mv_per_unit;
	case QUANTITY_LIGHT:
		return conf->light_factor > 0 ? conf->light_factor * reading : reading;
	case QUANTITY_VOLTAGE:
		return reading;
	default:
		/* made from pulses, or derived */
		return NAN;
	}
}

double calibrate_flow(const struct conf_channel *conf, uint32_t pulses, uint64_t interval_ns)
{
	return pulses / conf->pulses_per_litre / ((double)interval_ns / NS_PER_MINUTE);
}
