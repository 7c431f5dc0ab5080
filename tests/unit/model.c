// SPDX-License-Identifier: GPL-2.0-only
#include "harness.h"

#include "../sim/model.c"

static void run(struct model *model, struct model_outputs outputs, double seconds)
{
	for (double t = 0; t < seconds - 0.05; t += 0.1)
		model_step(model, &outputs, 0.1);
}

FIXTURE(tank) {
	struct model model;
	struct model_readings readings;
};

FIXTURE_SETUP(tank)
{
	model_init(&self->model, 1);
	run(&self->model, (struct model_outputs){ .pump = true }, 5);
}

FIXTURE_TEARDOWN(tank)
{
}

TEST(same_seed_same_readings)
{
	struct model a, b;
	struct model_readings from_a, from_b;

	model_init(&a, 7);
	model_init(&b, 7);
	for (int i = 0; i < 100; i++) {
		run(&a, (struct model_outputs){ .pump = true, .lights = true }, 1);
		run(&b, (struct model_outputs){ .pump = true, .lights = true }, 1);
		model_read(&a, &from_a);
		model_read(&b, &from_b);
		ASSERT_EQ(from_a.ph_uv, from_b.ph_uv);
		ASSERT_EQ(from_a.ec_uv, from_b.ec_uv);
		ASSERT_EQ(from_a.flow_hz_milli, from_b.flow_hz_milli);
	}
}

TEST(another_seed_other_readings)
{
	struct model models[2];
	struct model_readings readings[2];

	for (unsigned int i = 0; i < 2; i++) {
		model_init(&models[i], i);
		model_read(&models[i], &readings[i]);
	}
	EXPECT_NE(readings[0].ph_uv, readings[1].ph_uv);
	EXPECT_NE(readings[0].ec_uv, readings[1].ec_uv);
}

TEST_F(tank, ph_down_lowers_ph_after_mixing)
{
	double before = self->model.ph, at_once;

	run(&self->model, (struct model_outputs){ .pump = true, .ph_down = true }, 2);
	at_once = self->model.ph;
	run(&self->model, (struct model_outputs){ .pump = true }, 28);
	EXPECT_GT(1000 * at_once, 1000 * (before - 0.03));
	EXPECT_NEAR(self->model.ph, before - 0.15 * 30 / 25 + 30 * 0.002, 0.02);
}

TEST_F(tank, a_dose_mixes_slowly_without_the_pump)
{
	double before = self->model.ph;

	run(&self->model, (struct model_outputs){ .ph_down = true }, 2);
	run(&self->model, (struct model_outputs){ 0 }, 20);
	EXPECT_GT(1000 * self->model.ph, 1000 * before);
	run(&self->model, (struct model_outputs){ .pump = true }, 30);
	EXPECT_LT(1000 * self->model.ph, 1000 * (before - 0.03));
}

TEST_F(tank, nutrient_raises_ec)
{
	double before = self->model.ec25_us_cm;

	run(&self->model, (struct model_outputs){ .pump = true, .nutrient = true }, 2);
	run(&self->model, (struct model_outputs){ .pump = true }, 28);
	EXPECT_GT(self->model.ec25_us_cm, before + 50);
	EXPECT_LT(self->model.ec25_us_cm, before + 80);
}

TEST_F(tank, plants_eat_more_in_the_light)
{
	struct model dark = self->model;
	double before = self->model.ec25_us_cm;

	run(&self->model, (struct model_outputs){ .pump = true, .lights = true }, 60);
	run(&dark, (struct model_outputs){ .pump = true }, 60);
	EXPECT_LT(self->model.ec25_us_cm, dark.ec25_us_cm);
	EXPECT_LT(dark.ec25_us_cm, before);
	EXPECT_LT(1000 * self->model.level_cm, 1000 * dark.level_cm);
}

TEST_F(tank, fill_raises_the_level_and_dilutes)
{
	double level_cm = self->model.level_cm, ec_us_cm = self->model.ec25_us_cm;

	run(&self->model, (struct model_outputs){ .pump = true, .fill = true }, 10);
	run(&self->model, (struct model_outputs){ .pump = true }, 30);
	EXPECT_NEAR(self->model.level_cm, level_cm + 3, 0.2);
	EXPECT_NEAR(self->model.ec25_us_cm,
		    (ec_us_cm * level_cm + 250 * 3) / (level_cm + 3), 15);
}

TEST_F(tank, pump_makes_flow_in_half_a_second)
{
	run(&self->model, (struct model_outputs){ 0 }, 5);
	model_read(&self->model, &self->readings);
	EXPECT_EQ(self->readings.flow_hz_milli, 0);
	run(&self->model, (struct model_outputs){ .pump = true }, 0.5);
	EXPECT_NEAR(self->model.flow_l_min, 5.5, 0.1);
	run(&self->model, (struct model_outputs){ .pump = true }, 2);
	model_read(&self->model, &self->readings);
	EXPECT_NEAR(self->readings.flow_hz_milli, 45000, 2500);
}

TEST_F(tank, a_dry_pump_makes_no_flow)
{
	self->model.level_cm = 2;
	run(&self->model, (struct model_outputs){ .pump = true }, 5);
	model_read(&self->model, &self->readings);
	EXPECT_EQ(self->readings.flow_hz_milli, 0);
}

TEST_F(tank, lights_give_lux)
{
	model_read(&self->model, &self->readings);
	EXPECT_NEAR(self->readings.millilux, 150e3, 5e3);
	run(&self->model, (struct model_outputs){ .lights = true }, 3);
	model_read(&self->model, &self->readings);
	EXPECT_NEAR(self->readings.millilux, 18150e3, 500e3);
}

TEST(front_ends_are_as_wired)
{
	EXPECT_NEAR(front_end_ph_mv(7, 10), 1500, 1e-9);
	EXPECT_NEAR(front_end_ph_mv(4, 25), 1500 + 3 * 59.159, 1e-9);
	EXPECT_NEAR(front_end_ph_mv(4, 0), 1500 + 3 * 59.159 * 273.15 / 298.15, 1e-9);
	EXPECT_NEAR(front_end_ec_mv(1413), 706.5, 1e-9);
	EXPECT_NEAR(front_end_water_mv(20), 700, 1e-9);
	EXPECT_NEAR(front_end_level_mv(50), 2000, 1e-9);
}

/* The noise at the pH pin: 2 LSB of the ADC and 0.005 pH of the probe together. */
TEST_F(tank, noise_is_as_large_as_said)
{
	double sum = 0, squares = 0, deviation_uv, expected_uv;
	enum { N = 20000 };

	for (int i = 0; i < N; i++) {
		model_read(&self->model, &self->readings);
		sum += (double)self->readings.ph_uv / N;
	}
	for (int i = 0; i < N; i++) {
		model_read(&self->model, &self->readings);
		squares += pow((double)self->readings.ph_uv - sum, 2) / N;
	}
	deviation_uv = sqrt(squares);
	expected_uv = hypot(2 * 62.5, 0.005 * 59159 * (self->model.water_c + 273.15) / 298.15);
	EXPECT_NEAR(deviation_uv, expected_uv, 0.05 * expected_uv);
}

/* A day without anyone looking: nothing leaves what a front end can carry. */
TEST_F(tank, stays_within_the_adc_whatever_is_left_on)
{
	struct model_outputs all = { true, true, true, true, true, true };

	for (int hour = 0; hour < 24; hour++) {
		run(&self->model, hour & 1 ? all : (struct model_outputs){ 0 }, 3600);
		model_read(&self->model, &self->readings);
		EXPECT_LT(self->readings.ph_uv, 2048000);
		EXPECT_GE(self->readings.ph_uv, 0);
		EXPECT_LT(self->readings.ec_uv, 2048000);
		EXPECT_LT(self->readings.water_uv, 2048000);
		EXPECT_LT(self->readings.level_uv, 2048000);
		EXPECT_GE(self->model.level_cm, 0);
	}
}
