// SPDX-License-Identifier: GPL-2.0-only
#include "model.h"

#include <math.h>

#define LITRES_PER_CM 2.0
#define LEVEL_MAX_CM 50.0
#define LEVEL_DRY_CM 3.0	/* below it the pump draws air */
#define FULL_CM 30.0		/* the level that the dose strengths are for */

/* Strength of the dosers at FULL_CM: two seconds make 0.15 pH, 60 uS/cm. */
#define PH_DOWN_PER_S 0.075
#define NUTRIENT_US_CM_PER_S 30.0
/* Dosed liquid reaches the probes by the pump's circulation, else by diffusion. */
#define MIXING_PUMP_S 8.0
#define MIXING_STILL_S 240.0

#define FILL_CM_PER_S 0.3
#define FILL_PH 7.4
#define FILL_EC_US_CM 250.0

#define PH_RISE_PER_S 0.002
#define UPTAKE_US_CM_PER_S 0.5
#define UPTAKE_CM_PER_S 0.01
#define DARK_UPTAKE 0.3		/* share of the uptake that is left without light */

#define FLOW_L_MIN 6.0
#define FLOW_RISE_S 0.2		/* time constant: 90 % after half a second */
#define HZ_PER_L_MIN 7.5	/* YF-S201 */
#define FLOW_STALL_L_MIN 0.5	/* its wheel stands still below */

#define LAMP_LUX 18000.0
#define LAMP_RISE_S 0.3
#define ROOM_LUX 150.0

#define ROOM_C 20.0
#define LAMP_HEAT_C 1.5
#define WATER_S 1800.0

#define ADC_LSB_UV 62.5
#define ADC_NOISE_LSB 2.0
#define PH_NOISE 0.005
#define FLOW_NOISE 0.01
#define LIGHT_NOISE 0.005
/* Drifts: standard deviation in the long run, and how long they remember. */
#define PH_DRIFT 0.01
#define EC_DRIFT_US_CM 3.0
#define DRIFT_S 600.0

/* xorshift64* (Vigna 2016), the upper 53 bits; in (0, 1). */
static double random_uniform(struct model *model)
{
	uint64_t x = model->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	model->random = x;
	return ((double)((x * 0x2545f4914f6cdd1dULL) >> 11) + 0.5) * 0x1p-53;
}

/* Box-Muller, standard deviation 1. */
static double random_normal(struct model *model)
{
	double radius = sqrt(-2 * log(random_uniform(model)));

	return radius * cos(2 * M_PI * random_uniform(model));
}

static double limit(double value, double low, double high)
{
	return fmin(fmax(value, low), high);
}

/* Share of the way to its goal that a first order lag makes in @dt_s. */
static double lag(double dt_s, double time_constant_s)
{
	return 1 - exp(-dt_s / time_constant_s);
}

static double drift_step(struct model *model, double drift, double deviation, double dt_s)
{
	double step = lag(dt_s, DRIFT_S);

	return drift * (1 - step) + deviation * sqrt(step * (2 - step)) * random_normal(model);
}

void model_init(struct model *model, uint64_t seed)
{
	/* The multiplier spreads small seeds; xorshift must not start at 0. */
	*model = (struct model){ .random = (seed + 1) * 0x9e3779b97f4a7c15ULL | 1, .pace = 1 };
	for (int i = 0; i < 8; i++)
		random_uniform(model);
	model->ph = 6.10 + 0.05 * random_uniform(model);
	model->ec25_us_cm = 1510 + 20 * random_uniform(model);
	model->water_c = ROOM_C + random_uniform(model);
	model->level_cm = 25.1 + 0.3 * random_uniform(model);
	model->lux = ROOM_LUX;
	model->ph_drift = PH_DRIFT * random_normal(model);
	model->ec_drift_us_cm = EC_DRIFT_US_CM * random_normal(model);
}

static void step_hydraulics(struct model *model, const struct model_outputs *outputs, double dt_s)
{
	bool flows = outputs->pump && model->level_cm > LEVEL_DRY_CM;

	model->flow_l_min += ((flows ? FLOW_L_MIN : 0) - model->flow_l_min) *
			     lag(dt_s, FLOW_RISE_S);
	if (outputs->fill) {
		double added_cm = fmin(FILL_CM_PER_S * dt_s, LEVEL_MAX_CM - model->level_cm);
		double share = added_cm / (model->level_cm + added_cm);

		/* In part of what is not yet mixed: water dilutes that as well. */
		model->level_cm += added_cm;
		model->ph_unmixed += (FILL_PH - model->ph - model->ph_unmixed) * share;
		model->ec_unmixed_us_cm +=
			(FILL_EC_US_CM - model->ec25_us_cm - model->ec_unmixed_us_cm) * share;
	}
}

static void step_dosing(struct model *model, const struct model_outputs *outputs, double dt_s)
{
	double strength = FULL_CM / fmax(model->level_cm, 1);
	double mixed = lag(dt_s, model->flow_l_min > 1 ? MIXING_PUMP_S : MIXING_STILL_S);
	double ph_mixed, ec_mixed_us_cm;

	if (outputs->ph_down)
		model->ph_unmixed -= PH_DOWN_PER_S * strength * dt_s;
	if (outputs->nutrient)
		model->ec_unmixed_us_cm += NUTRIENT_US_CM_PER_S * strength * dt_s;
	ph_mixed = model->ph_unmixed * mixed;
	ec_mixed_us_cm = model->ec_unmixed_us_cm * mixed;
	model->ph_unmixed -= ph_mixed;
	model->ec_unmixed_us_cm -= ec_mixed_us_cm;
	model->ph += ph_mixed;
	model->ec25_us_cm += ec_mixed_us_cm;
}

static void step_plants(struct model *model, const struct model_outputs *outputs, double dt_s)
{
	double appetite = model->pace * (outputs->lights ? 1 : DARK_UPTAKE);

	model->ph += PH_RISE_PER_S * model->pace * dt_s;
	model->ec25_us_cm -= UPTAKE_US_CM_PER_S * appetite * dt_s;
	model->level_cm -= UPTAKE_CM_PER_S * appetite * dt_s;
}

void model_step(struct model *model, const struct model_outputs *outputs, double dt_s)
{
	double warm_c = ROOM_C + (outputs->lights ? LAMP_HEAT_C : 0) +
			sin(2 * M_PI * model->time_s / 7200);
	double lux = ROOM_LUX + (outputs->lights ? LAMP_LUX : 0);

	model->time_s += dt_s;
	step_hydraulics(model, outputs, dt_s);
	step_dosing(model, outputs, dt_s);
	step_plants(model, outputs, dt_s);
	model->water_c += (warm_c - model->water_c) * lag(dt_s, WATER_S);
	model->lux += (lux - model->lux) * lag(dt_s, LAMP_RISE_S);
	model->ph_drift = drift_step(model, model->ph_drift, PH_DRIFT, dt_s);
	model->ec_drift_us_cm = drift_step(model, model->ec_drift_us_cm, EC_DRIFT_US_CM, dt_s);

	model->ph = limit(model->ph, 0, 14);
	model->ec25_us_cm = limit(model->ec25_us_cm, 0, 3000);
	model->level_cm = limit(model->level_cm, 0, LEVEL_MAX_CM);
}

double front_end_ph_mv(double ph, double water_c)
{
	return 1500 - 59.159 * (water_c + 273.15) / 298.15 * (ph - 7);
}

double front_end_ec_mv(double ec_us_cm)
{
	return 0.5 * ec_us_cm;
}

double front_end_water_mv(double water_c)
{
	return 500 + 10 * water_c;
}

double front_end_level_mv(double level_cm)
{
	return 40 * level_cm;
}

static long long pin_uv(struct model *model, double mv)
{
	return llround(mv * 1000 + ADC_NOISE_LSB * ADC_LSB_UV * random_normal(model));
}

void model_read(struct model *model, struct model_readings *readings)
{
	double ec_us_cm, flow_l_min;

	readings->ph = model->ph + model->ph_drift + PH_NOISE * random_normal(model);
	readings->ec25_us_cm = fmax(model->ec25_us_cm + model->ec_drift_us_cm, 0);
	readings->water_c = model->water_c;
	readings->level_cm = model->level_cm;

	ec_us_cm = readings->ec25_us_cm * (1 + 0.02 * (model->water_c - 25));
	readings->ph_uv = pin_uv(model, front_end_ph_mv(readings->ph, model->water_c));
	readings->ec_uv = pin_uv(model, front_end_ec_mv(ec_us_cm));
	readings->water_uv = pin_uv(model, front_end_water_mv(readings->water_c));
	readings->level_uv = pin_uv(model, front_end_level_mv(readings->level_cm));

	readings->millilux = llround(fmax(1000 * model->lux *
					  (1 + LIGHT_NOISE * random_normal(model)), 0));
	flow_l_min = model->flow_l_min * (1 + FLOW_NOISE * random_normal(model));
	readings->flow_hz_milli = flow_l_min < FLOW_STALL_L_MIN ? 0 :
				  (unsigned int)lround(1000 * HZ_PER_L_MIN * flow_l_min);
}
