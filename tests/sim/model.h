/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A nutrient tank of 60 L and what its probes say. Pure: no clock, no I/O; the same
 * seed and the same steps give the same readings. Quick enough to watch: a dose is
 * due about once a minute.
 */
#ifndef HYDROPON_TESTS_MODEL_H
#define HYDROPON_TESTS_MODEL_H

#include <stdbool.h>
#include <stdint.h>

/* What the relays do. */
struct model_outputs {
	bool pump, air, ph_down, nutrient, lights, fill;
};

/* The truth in the tank. */
struct model {
	uint64_t random;
	double time_s;
	double pace;		/* of the plants: 1, or less as in a farm; may be set */
	double ph;
	double ec25_us_cm;	/* at 25 C */
	double water_c;
	double level_cm;
	double flow_l_min;
	double lux;
	/* Dosed, but not yet mixed to where the probes are. */
	double ph_unmixed;
	double ec_unmixed_us_cm;
	/* What a probe has wandered away from the truth. */
	double ph_drift;
	double ec_drift_us_cm;
};

/* What the probes say, noise included, and what that is at the pins. */
struct model_readings {
	double ph, ec25_us_cm, water_c, level_cm;
	long long ph_uv, ec_uv, water_uv, level_uv;
	long long millilux;
	unsigned int flow_hz_milli;
};

void model_init(struct model *model, uint64_t seed);
void model_step(struct model *model, const struct model_outputs *outputs, double dt_s);
/* Draws the noise, hence not const. */
void model_read(struct model *model, struct model_readings *readings);

/* The front ends: what a probe's amplifier gives to the ADC. */
double front_end_ph_mv(double ph, double water_c);
double front_end_ec_mv(double ec_us_cm);	/* conductivity as it is, not at 25 C */
double front_end_water_mv(double water_c);
double front_end_level_mv(double level_cm);

#endif
