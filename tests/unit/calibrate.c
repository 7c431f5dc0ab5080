// SPDX-License-Identifier: GPL-2.0-only
#include "harness.h"

#include <math.h>

#include "channel/calibrate.h"
#include "channel/decode.h"

static struct hydropon_record number(unsigned int format, int value, long long aux)
{
	return (struct hydropon_record){ .flags = (__u8)format, .value = value, .aux = aux };
}

static double decoded(unsigned int format, int value, long long aux)
{
	const struct hydropon_record record = number(format, value, aux);
	double result = NAN;

	EXPECT_TRUE(decode_number(&record, &result));
	return result;
}

static bool is_refused(unsigned int format, int value, long long aux)
{
	const struct hydropon_record record = number(format, value, aux);
	double result = 4711;
	bool is_decoded = decode_number(&record, &result);

	EXPECT_TRUE(is_decoded || result == 4711);
	return !is_decoded;
}

TEST(decodes_what_iio_writes)
{
	EXPECT_NEAR(decoded(HYDROPON_VAL_INT, -7, 99), -7, 0);
	EXPECT_NEAR(decoded(HYDROPON_VAL_MICRO, 1, 500000), 1.5, 0);
	EXPECT_NEAR(decoded(HYDROPON_VAL_NANO, 0, 125000000), 0.125, 0);
	EXPECT_NEAR(decoded(HYDROPON_VAL_FRACTION, -3, 4), -0.75, 0);
	EXPECT_NEAR(decoded(HYDROPON_VAL_FRACTION, 3, -4), -0.75, 0);
	/* The scale of an ADS1115 at +-2.048 V. */
	EXPECT_NEAR(decoded(HYDROPON_VAL_FRACTION_LOG2, 2048, 15), 0.0625, 0);
	EXPECT_NEAR(decoded(HYDROPON_VAL_FRACTION_LOG2, -3, 0), -3, 0);
	EXPECT_NEAR(decoded(HYDROPON_VAL_FRACTION_LOG2, INT32_MIN, 62), -0x1p-31, 0);
}

TEST(decodes_the_sign_of_either_part)
{
	EXPECT_NEAR(decoded(HYDROPON_VAL_MICRO, 0, -500000), -0.5, 0);
	EXPECT_NEAR(decoded(HYDROPON_VAL_MICRO, -1, 500000), -1.5, 0);
	EXPECT_NEAR(decoded(HYDROPON_VAL_MICRO, -1, -500000), -1.5, 0);
	EXPECT_NEAR(decoded(HYDROPON_VAL_NANO, 1, -250000000), -1.25, 0);
	EXPECT_NEAR(decoded(HYDROPON_VAL_NANO, INT32_MIN, 0), -2147483648.0, 0);
}

TEST(refuses_what_makes_no_number)
{
	struct hydropon_record failed = number(HYDROPON_VAL_INT, 5, 0);
	double result = 4711;

	EXPECT_TRUE(is_refused(HYDROPON_VAL_FRACTION, 1, 0));
	EXPECT_TRUE(is_refused(HYDROPON_VAL_FRACTION_LOG2, 1, -1));
	EXPECT_TRUE(is_refused(HYDROPON_VAL_FRACTION_LOG2, 1, 63));
	EXPECT_TRUE(is_refused(HYDROPON_VAL_FRACTION_LOG2, 1, 1LL << 32));
	EXPECT_TRUE(is_refused(HYDROPON_VAL_MICRO, 1, 1000000));
	EXPECT_TRUE(is_refused(HYDROPON_VAL_MICRO, 1, -1000000));
	EXPECT_TRUE(is_refused(HYDROPON_VAL_NANO, 1, 1000000000));
	EXPECT_TRUE(is_refused(HYDROPON_VAL_NANO, 1, INT64_MIN));
	EXPECT_TRUE(is_refused(5, 1, 1));
	EXPECT_TRUE(is_refused(255, 1, 1));
	failed.status = -5;
	EXPECT_FALSE(decode_number(&failed, &result));
	EXPECT_NEAR(result, 4711, 0);
}

TEST(ph_lies_on_the_line_through_both_buffers)
{
	const struct conf_channel conf = {
		.quantity = QUANTITY_PH,
		.buffer_ph = { 7.00, 4.01 }, .buffer_mv = { 1503.2, 1671.8 }, .buffer_c = 21.5,
	};
	const struct conf_channel swapped = {
		.quantity = QUANTITY_PH,
		.buffer_ph = { 4.01, 7.00 }, .buffer_mv = { 1671.8, 1503.2 }, .buffer_c = 21.5,
	};

	EXPECT_NEAR(calibrate(&conf, 1503.2), 7.00, 1e-12);
	EXPECT_NEAR(calibrate(&conf, 1671.8), 4.01, 1e-12);
	EXPECT_NEAR(calibrate(&conf, (1503.2 + 1671.8) / 2), 5.505, 1e-12);
	EXPECT_NEAR(calibrate(&conf, 1400), calibrate(&swapped, 1400), 1e-12);
	EXPECT_TRUE(calibrate(&conf, 1400) > 8);
}

TEST(conductivity_is_cell_constant_times_conductance)
{
	const struct conf_channel conf = {
		.quantity = QUANTITY_EC, .cell_per_cm = 1.02, .us_per_mv = 2,
	};

	EXPECT_NEAR(calibrate(&conf, 692.647), 1413, 0.001);
	EXPECT_NEAR(calibrate(&conf, 0), 0, 0);
}

TEST(temperature_and_level_are_linear)
{
	const struct conf_channel water = {
		.quantity = QUANTITY_TEMPERATURE, .zero_mv = 500, .mv_per_unit = 10,
	};
	const struct conf_channel level = {
		.quantity = QUANTITY_LEVEL, .zero_mv = 2000, .mv_per_unit = -40,
	};

	/* 0 to 1 V for 0 to 100 %; a quantum sensor of 0.2 mV for each umol/m2/s. */
	const struct conf_channel air = { .quantity = QUANTITY_HUMIDITY, .mv_per_unit = 10 };
	const struct conf_channel sun = { .quantity = QUANTITY_PPFD, .mv_per_unit = 0.2 };

	EXPECT_NEAR(calibrate(&water, 725), 22.5, 1e-12);
	EXPECT_NEAR(calibrate(&water, 480), -2, 1e-12);
	EXPECT_NEAR(calibrate(&level, 800), 30, 1e-12);
	EXPECT_NEAR(calibrate(&air, 550), 55, 1e-12);
	EXPECT_NEAR(calibrate(&sun, 400), 2000, 1e-9);
}

TEST(light_and_voltage_are_as_read)
{
	const struct conf_channel light = { .quantity = QUANTITY_LIGHT };
	const struct conf_channel voltage = { .quantity = QUANTITY_VOLTAGE };

	EXPECT_NEAR(calibrate(&light, 54612.5), 54612.5, 0);
	EXPECT_NEAR(calibrate(&voltage, -3.25), -3.25, 0);
}

TEST(flow_is_pulses_by_k_factor_and_time)
{
	const struct conf_channel conf = { .quantity = QUANTITY_FLOW, .pulses_per_litre = 450 };

	/* YF-S201: 7.5 Hz for each L/min. */
	EXPECT_NEAR(calibrate_flow(&conf, 75, 1000000000), 10, 1e-9);
	EXPECT_NEAR(calibrate_flow(&conf, 15, 500000000), 4, 1e-9);
	EXPECT_NEAR(calibrate_flow(&conf, 0, 500000000), 0, 0);
	EXPECT_TRUE(isnan(calibrate(&conf, 5)));
}
