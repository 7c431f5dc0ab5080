// SPDX-License-Identifier: GPL-2.0-only
#include "harness.h"

#include <math.h>

#include "base/nernst.h"
#include "channel/calibrate.h"
#include "channel/compensate.h"

/* An amplifier that adds 1500 mV to an ideal electrode, as on the virtual gateway. */
static double probe_mv(double ph, double celsius)
{
	return 1500 - 59.159 * (celsius + 273.15) / 298.15 * (ph - 7);
}

TEST(nernst_slope_follows_the_absolute_temperature)
{
	EXPECT_NEAR(nernst_mv_per_ph(25), -59.159, 1e-9);
	/* Textbook values: 54.20 at 0 C, 58.17 at 20 C, 61.14 at 35 C. */
	EXPECT_NEAR(nernst_mv_per_ph(0), -54.20, 0.005);
	EXPECT_NEAR(nernst_mv_per_ph(20), -58.17, 0.005);
	EXPECT_NEAR(nernst_mv_per_ph(35), -61.14, 0.005);
}

TEST(ph_comes_back_at_any_temperature)
{
	for (double buffer_c = 5; buffer_c <= 45; buffer_c += 10) {
		const struct conf_channel conf = {
			.quantity = QUANTITY_PH, .buffer_ph = { 7, 4.01 }, .buffer_c = buffer_c,
			.buffer_mv = { probe_mv(7, buffer_c), probe_mv(4.01, buffer_c) },
		};

		for (double celsius = 0; celsius <= 50; celsius += 5)
			for (double ph = 0; ph <= 14; ph += 0.5) {
				double read = calibrate(&conf, probe_mv(ph, celsius));

				EXPECT_NEAR(compensate(&conf, read, celsius), ph, 1e-9);
			}
	}
}

TEST(the_isopotential_point_is_ph_7_also_between_other_buffers)
{
	/* Offset of 12 mV, slope of 95 %. */
	const struct conf_channel conf = {
		.quantity = QUANTITY_PH, .buffer_ph = { 4.01, 10.01 }, .buffer_c = 25,
		.buffer_mv = { 12 + 0.95 * 59.159 * 2.99, 12 - 0.95 * 59.159 * 3.01 },
	};

	EXPECT_NEAR(compensate(&conf, calibrate(&conf, 12), 10), 7, 1e-9);
	EXPECT_NEAR(compensate(&conf, calibrate(&conf, 12), 40), 7, 1e-9);
	/* A colder electrode gives fewer mV, so the same mV are further from 7. */
	EXPECT_NEAR(compensate(&conf, calibrate(&conf, 100), 10),
		    7 - 88 / (0.95 * 59.159 * 283.15 / 298.15), 1e-9);
}

TEST(ec_is_brought_to_25_c)
{
	const struct conf_channel conf = { .quantity = QUANTITY_EC, .alpha_per_c = 0.02 };

	EXPECT_NEAR(compensate(&conf, 1413, 25), 1413, 1e-9);
	EXPECT_NEAR(compensate(&conf, 1413 * 0.9, 20), 1413, 1e-9);
	EXPECT_NEAR(compensate(&conf, 1413 * 1.2, 35), 1413, 1e-9);
}

/* ISO 7888 as Chauvin Arnoux prints it: between the lines that the code has. */
TEST(natural_water_follows_its_table)
{
	static const struct {
		double celsius, factor;
	} rows[] = {
		{ 0.0, 1.918 }, { 0.3, 1.899 }, { 4.2, 1.683 }, { 9.3, 1.455 }, { 14.1, 1.284 },
		{ 20.0, 1.116 }, { 20.1, 1.113 }, { 24.1, 1.019 }, { 25.0, 1.000 }, { 25.3, 0.994 },
		{ 30.2, 0.900 }, { 34.3, 0.832 }, { 35.3, 0.817 },
	};
	const struct conf_channel conf = { .quantity = QUANTITY_EC, .alpha_per_c = 0.02,
					   .is_natural_water = true };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		EXPECT_NEAR(compensate(&conf, 1000, rows[i].celsius), 1000 * rows[i].factor, 1.01);
	EXPECT_FALSE(isnan(compensate(&conf, 1000, 35.9)));
	EXPECT_TRUE(isnan(compensate(&conf, 1000, 36)));
	EXPECT_TRUE(isnan(compensate(&conf, 1000, -0.1)));
	EXPECT_TRUE(isnan(compensate(&conf, 1000, NAN)));
}

TEST(a_formula_that_means_nothing_gives_no_number)
{
	const struct conf_channel ec = { .quantity = QUANTITY_EC, .alpha_per_c = 0.1 };
	const struct conf_channel ph = { .quantity = QUANTITY_PH, .buffer_c = 25 };

	EXPECT_TRUE(isnan(compensate(&ec, 1000, 15)));
	EXPECT_TRUE(isnan(compensate(&ec, 1000, -5)));
	EXPECT_TRUE(isnan(compensate(&ph, 6, -273.15)));
	EXPECT_TRUE(isnan(compensate(&ph, 6, NAN)));
	EXPECT_TRUE(isnan(compensate(&ec, 1000, NAN)));
}

TEST(other_quantities_are_left_alone)
{
	const struct conf_channel light = { .quantity = QUANTITY_LIGHT };

	EXPECT_NEAR(compensate(&light, 1000, 40), 1000, 0);
}
