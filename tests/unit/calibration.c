// SPDX-License-Identifier: GPL-2.0-only
#include "harness.h"

#include <math.h>

#include "base/nernst.h"
#include "channel/calibrate.h"
#include "channel/calibration.h"
#include "channel/compensate.h"

/* An amplifier that adds 1500 mV, as on the virtual gateway. */
static const struct conf_channel ph_conf = {
	.quantity = QUANTITY_PH, .buffer_ph = { 7, 4 }, .buffer_mv = { 1500, 1677.477 },
	.buffer_c = 25,
};
static const struct conf_channel ec_conf = {
	.quantity = QUANTITY_EC, .cell_per_cm = 1, .us_per_mv = 2,
};
static const struct conf_channel water_conf = {
	.quantity = QUANTITY_TEMPERATURE, .zero_mv = 500, .mv_per_unit = 10,
};

/* What an electrode of that slope and offset gives. */
static struct calibration_point buffer(double ph, double celsius, double percent, double offset_mv)
{
	return (struct calibration_point){
		ph, 1500 + offset_mv + percent / 100 * nernst_mv_per_ph(celsius) * (ph - 7), celsius,
	};
}

static struct calibration_solution solve(const struct conf_channel *conf,
					 const struct calibration_point *points, size_t n)
{
	struct calibration_solution out;
	bool is_usable = calibration_solve(conf, conf, points, n, &out);

	EXPECT_EQ(is_usable, out.verdict != VERDICT_REFUSED);
	EXPECT_TRUE(*out.words);
	return out;
}

static void expect_refused(const struct conf_channel *conf, const struct calibration_point *points,
			   size_t n, const char *words)
{
	struct calibration_solution out = solve(conf, points, n);

	EXPECT_EQ(out.verdict, VERDICT_REFUSED);
	EXPECT_CONTAINS(out.words, words);
}

TEST(two_buffers_give_slope_and_offset)
{
	const struct calibration_point points[] = {
		buffer(7.02, 20, 97, 12), buffer(4.00, 20, 97, 12),
	};
	struct calibration_solution out = solve(&ph_conf, points, 2);

	EXPECT_EQ(out.verdict, VERDICT_GOOD);
	EXPECT_NEAR(out.slope_percent, 97, 1e-6);
	EXPECT_NEAR(out.offset, 12, 1e-6);
	EXPECT_TRUE(isnan(out.residual));
	for (double ph = 1; ph < 13; ph++)
		for (double celsius = 5; celsius <= 40; celsius += 5) {
			double mv = buffer(ph, celsius, 97, 12).reading;

			EXPECT_NEAR(compensate(&out.conf, calibrate(&out.conf, mv), celsius), ph, 1e-9);
		}
}

TEST(three_buffers_give_each_side_its_own_slope)
{
	const struct calibration_point points[] = {
		buffer(10.06, 20, 96, 0), buffer(7.02, 20, 100, 0), buffer(4.00, 20, 99, 0),
	};
	struct calibration_solution out = solve(&ph_conf, points, 3);

	EXPECT_EQ(out.verdict, VERDICT_GOOD);
	EXPECT_TRUE(out.acid_percent > 98.9 && out.acid_percent < 99.1);
	EXPECT_TRUE(out.alkaline_percent > 95.9 && out.alkaline_percent < 96.1);
	for (size_t i = 0; i < 3; i++)
		EXPECT_NEAR(calibrate(&out.conf, points[i].reading), points[i].reference, 1e-9);
	EXPECT_NEAR(calibrate(&out.conf, (points[0].reading + points[1].reading) / 2), 8.54, 1e-9);
	EXPECT_NEAR(calibrate(&out.conf, (points[2].reading + points[1].reading) / 2), 5.51, 1e-9);
	EXPECT_TRUE(fabs(out.residual) > 0.02 && fabs(out.residual) < 0.05);
}

TEST(ph_7_is_on_the_side_that_it_is_on)
{
	const struct calibration_point points[] = {
		buffer(4.00, 25, 100, 0), buffer(6.86, 25, 100, 0), buffer(9.18, 25, 96, 0),
	};
	struct calibration_solution out = solve(&ph_conf, points, 3);

	EXPECT_NEAR(calibrate(&out.conf, calibration_zero_mv(&out.conf)), 7, 1e-9);
	EXPECT_NEAR(calibration_expected_mv(&out.conf, 9.18, 25), points[2].reading, 1e-9);
}

TEST(one_buffer_moves_the_offset_and_keeps_the_slope)
{
	const struct calibration_point point = buffer(4.00, 12, 100, 15);
	struct calibration_solution out = solve(&ph_conf, &point, 1);

	EXPECT_EQ(out.verdict, VERDICT_GOOD);
	EXPECT_NEAR(out.offset, 15, 0.001);
	EXPECT_TRUE(isnan(out.slope_percent));
	EXPECT_NEAR(compensate(&out.conf, calibrate(&out.conf, point.reading), 12), 4.00, 1e-9);
	EXPECT_CONTAINS(out.words, "two buffers would show it");
}

TEST(a_worn_electrode_is_told)
{
	const struct calibration_point flat[] = { buffer(4, 25, 91, 0), buffer(7, 25, 91, 0) };
	const struct calibration_point off[] = { buffer(4, 25, 99, -41), buffer(7, 25, 99, -41) };

	EXPECT_EQ(solve(&ph_conf, flat, 2).verdict, VERDICT_WORN);
	EXPECT_CONTAINS(solve(&ph_conf, flat, 2).words, "slope is 91.0 %");
	EXPECT_EQ(solve(&ph_conf, off, 2).verdict, VERDICT_WORN);
	EXPECT_CONTAINS(solve(&ph_conf, off, 2).words, "-41.0 mV");
}

TEST(wrong_swapped_and_equal_buffers_are_refused_with_what_was_seen)
{
	struct calibration_point points[3];

	points[0] = buffer(4, 25, 100, 0);
	points[1] = buffer(7, 25, 100, 0);
	points[0].reference = 7;
	points[1].reference = 4;
	expect_refused(&ph_conf, points, 2, "the buffers were swapped");

	points[0] = buffer(7, 25, 100, 0);
	points[1] = buffer(7, 25, 100, 0.3);
	points[1].reference = 4;
	expect_refused(&ph_conf, points, 2, "1500.3 mV in pH 4.00 and 1500.0 mV in pH 7.00 is the same");

	points[0] = buffer(6.86, 25, 100, 0);
	points[1] = buffer(7, 25, 100, 0);
	expect_refused(&ph_conf, points, 2, "are not 1 pH apart");

	/* 9.18 in the glass, 10.01 on the label */
	points[0] = buffer(9.18, 25, 100, 0);
	points[0].reference = 10.01;
	points[1] = buffer(7, 25, 100, 0);
	expect_refused(&ph_conf, points, 2, "the slope is 72.4 %");

	/* 6.86 in the glass, 7.00 on the label: only the third tells */
	points[0] = buffer(4, 25, 100, 0);
	points[1] = buffer(6.86, 25, 100, 0);
	points[1].reference = 7;
	points[2] = buffer(10, 25, 100, 0);
	expect_refused(&ph_conf, points, 3, "pH 7.00 reads as 6.86");

	points[0] = buffer(4, 25, 100, 75);
	points[1] = buffer(7, 25, 100, 75);
	expect_refused(&ph_conf, points, 2, "+75.0 mV");

	points[0] = buffer(4, 20, 100, 0);
	points[1] = buffer(7, 24, 100, 0);
	expect_refused(&ph_conf, points, 2, "same temperature");
	points[1].celsius = NAN;
	expect_refused(&ph_conf, points, 2, "its temperature must be known, in C");
	points[0].reading = NAN;
	expect_refused(&ph_conf, points, 2, "no number");
	expect_refused(&ph_conf, points, 0, "1 to 3 points");
}

static struct recognition recognise(double ph, double percent, double offset_mv, size_t from,
				    size_t to, const struct calibration_point *known)
{
	struct recognition out;

	recognise_ph(&ph_conf, ph_buffers + from, to - from,
		     buffer(ph, 25, percent, offset_mv).reading, 25, known, &out);
	return out;
}

TEST(a_buffer_is_recognised_by_any_electrode_that_works)
{
	const struct buffer *const usual[] = {
		buffer_find_ph(4), buffer_find_ph(7), buffer_find_ph(10),
	};

	for (double percent = 85; percent <= 105; percent += 5)
		for (double offset_mv = -60; offset_mv <= 60; offset_mv += 20)
			for (size_t i = 0; i < 3; i++) {
				double ph = buffer_value(usual[i], 25);
				struct recognition out;

				recognise_ph(&ph_conf, usual, 3,
					     buffer(ph, 25, percent, offset_mv).reading, 25, NULL,
					     &out);
				ASSERT_EQ(out.n, 1);
				EXPECT_TRUE(out.found[0] == usual[i]);
			}
}

TEST(what_could_be_two_buffers_is_not_guessed)
{
	const struct calibration_point seven = buffer(7, 25, 98, 20);
	struct recognition out = recognise(7, 100, 0, 0, 6, NULL);

	EXPECT_EQ(out.n, 2);	/* 6.86 and 7.00 */
	EXPECT_NEAR(out.seen, 7, 1e-3);
	out = recognise(9.18, 98, 20, 4, 6, NULL);
	EXPECT_EQ(out.n, 2);	/* 9.18 and 10.01 */
	/* One that is known tells them apart. */
	out = recognise(10.01, 98, 20, 4, 6, &seven);
	ASSERT_EQ(out.n, 1);
	EXPECT_STREQ(buffer_name(out.found[0]), "10.01");
	out = recognise(9.45, 98, 20, 4, 6, &seven);
	EXPECT_EQ(out.n, 0);
	EXPECT_EQ(recognise(5.5, 100, 0, 0, 6, NULL).n, 0);
	EXPECT_NEAR(recognise(5.5, 100, 0, 0, 6, NULL).seen, 5.5, 1e-3);
}

TEST(ec_by_dry_and_one_standard)
{
	const struct calibration_point points[] = { { 0, 4, NAN }, { 1413, 4 + 1413 / 1.9, 25 } };
	struct calibration_solution out = solve(&ec_conf, points, 2);

	EXPECT_EQ(out.verdict, VERDICT_GOOD);
	EXPECT_NEAR(out.slope_percent, 95, 1e-6);
	EXPECT_NEAR(calibrate(&out.conf, 4), 0, 1e-9);
	EXPECT_NEAR(calibrate(&out.conf, 4 + 1000 / 1.9), 1000, 1e-9);
	out = solve(&ec_conf, points, 1);
	EXPECT_NEAR(calibrate(&out.conf, 4 + 500), 1000, 1e-9);
}

TEST(ec_by_two_standards_and_how_far_dry_is_from_nothing)
{
	const struct calibration_point points[] = {
		{ 12880, 3 + 12880 / 2.1, 25 }, { 1413, 3 + 1413 / 2.1, 25 }, { 0, 4, NAN },
	};
	struct calibration_solution out = solve(&ec_conf, points, 3);

	EXPECT_EQ(out.verdict, VERDICT_GOOD);
	EXPECT_NEAR(out.residual, 2.1, 1e-6);
	EXPECT_NEAR(calibrate(&out.conf, 3), 0, 1e-9);
	EXPECT_NEAR(calibrate(&out.conf, 3 + 5000 / 2.1), 5000, 1e-9);
}

TEST(a_zero_far_from_that_of_the_configuration_is_refused)
{
	/* A tank of 1400 uS/cm read 700 by it. */
	const struct calibration_point wet = { 0, 700, NAN }, damp = { 0, 26, NAN };
	const struct calibration_point edge = { 0, 24, NAN }, below = { 0, -26, NAN };
	struct calibration_point both[] = { { 0, 40, NAN }, { 1413, 750, 25 } };

	expect_refused(&ec_conf, &wet, 1, "dry, the probe gives 700.0 mV: that is +1400 uS/cm from the "
		       "zero of the configuration, and 50 is the most; see that it is clean, dry");
	expect_refused(&ec_conf, &damp, 1, "+52 uS/cm");
	expect_refused(&ec_conf, &below, 1, "-52 uS/cm");
	EXPECT_EQ(solve(&ec_conf, &edge, 1).verdict, VERDICT_GOOD);
	/* By what the standard makes of it: 1.99 uS/cm a mV. */
	expect_refused(&ec_conf, both, 2, "+80 uS/cm from the zero of the configuration, and 71 is");
	both[0].reading = 34;
	EXPECT_EQ(solve(&ec_conf, both, 2).verdict, VERDICT_GOOD);
	both[0].reading = 200;
	both[1] = (struct calibration_point){ 12880, 6640, 25 };
	EXPECT_EQ(solve(&ec_conf, both, 2).verdict, VERDICT_GOOD);
}

TEST(wrong_standards_are_refused)
{
	const struct calibration_point swapped[] = { { 12880, 706, 25 }, { 1413, 6440, 25 } };
	const struct calibration_point other = { 1413, 6440, 25 };	/* 12880 in the glass */
	const struct calibration_point cold = { 1413, 706, NAN };
	const struct calibration_point wet[] = { { 0, 300, NAN }, { 1413, 710, 25 } };

	expect_refused(&ec_conf, swapped, 2, "it does not rise");
	expect_refused(&ec_conf, &other, 1, "11.0 % of what the configuration says");
	expect_refused(&ec_conf, &cold, 1, "temperature must be known");
	expect_refused(&ec_conf, wet, 2, "dry, the probe gives 300.0 mV");
}

TEST(a_standard_is_recognised)
{
	struct recognition out;

	recognise_ec(&ec_conf, ec_standards, ec_standards_n, 1277 / 2.0 * 1.3, 20, &out);
	ASSERT_EQ(out.n, 1);
	EXPECT_STREQ(buffer_name(out.found[0]), "1413 uS/cm");
	recognise_ec(&ec_conf, ec_standards, ec_standards_n, 200, 20, &out);
	EXPECT_EQ(out.n, 0);
	EXPECT_NEAR(out.seen, 400, 1e-9);
	recognise_ec(&ec_conf, ec_standards, ec_standards_n, 0, 20, &out);
	EXPECT_EQ(out.n, 0);
}

TEST(a_thermometer_moves_the_zero)
{
	const struct calibration_point point = { 21.2, 725, NAN };	/* reads 22.5 */
	struct calibration_solution out = solve(&water_conf, &point, 1);

	EXPECT_EQ(out.verdict, VERDICT_GOOD);
	EXPECT_NEAR(out.offset, 1.3, 1e-9);
	EXPECT_NEAR(calibrate(&out.conf, 725), 21.2, 1e-9);
	EXPECT_NEAR(calibrate(&out.conf, 825), 31.2, 1e-9);
}

TEST(fahrenheit_is_not_taken_for_celsius)
{
	const struct calibration_point fahrenheit = { 72, 725, NAN };
	const struct calibration_point elsewhere = { 30, 725, NAN };

	expect_refused(&water_conf, &fahrenheit, 1, "22.2 C if it was read in Fahrenheit");
	expect_refused(&water_conf, &elsewhere, 1, "more than 5 C apart");
}

TEST(a_pump_is_a_rate_and_told_by_how_much_it_has_changed)
{
	const struct conf_channel pump = { .quantity = QUANTITY_DOSE, .ml_per_s = 1.5 };
	const struct conf_channel worn = { .quantity = QUANTITY_DOSE, .ml_per_s = 1.44 };
	const struct calibration_point cylinder = { 42, 30, NAN }, old = { 35, 30, NAN },
				       litres = { 0.042, 30, NAN }, drop = { 6, 4, NAN };
	struct calibration_solution out;

	EXPECT_TRUE(calibration_solve(&pump, &worn, &cylinder, 1, &out));
	EXPECT_EQ(out.verdict, VERDICT_GOOD);
	EXPECT_NEAR(out.conf.ml_per_s, 1.4, 1e-12);
	EXPECT_NEAR(out.slope_percent, 93.333333, 1e-5);
	EXPECT_STREQ(out.words, "1.400 ml/s, -2.8 % from 1.440 before");
	out = solve(&pump, &old, 1);
	EXPECT_EQ(out.verdict, VERDICT_WORN);
	EXPECT_CONTAINS(out.words, "see to its hose");
	expect_refused(&pump, &litres, 1, "the volume is in ml");
	expect_refused(&pump, &drop, 1, "by less than 5 s");
}

TEST(light_and_flow_are_factors)
{
	const struct conf_channel light = { .quantity = QUANTITY_LIGHT };
	const struct conf_channel flow = { .quantity = QUANTITY_FLOW, .pulses_per_litre = 450 };
	const struct calibration_point lamp = { 11000, 10000, NAN }, dark = { 100, 0, NAN };
	const struct calibration_point bucket = { 10, 4300, NAN }, cup = { 0.01, 5, NAN };
	const struct calibration_point glass = { 0.1, 45, NAN }, gallons = { 2.64, 4500, NAN };
	struct calibration_solution out = solve(&light, &lamp, 1);

	EXPECT_NEAR(calibrate(&out.conf, 2000), 2200, 1e-9);
	expect_refused(&light, &dark, 1, "in the light");
	out = solve(&flow, &bucket, 1);
	EXPECT_NEAR(out.conf.pulses_per_litre, 430, 1e-9);
	EXPECT_EQ(out.verdict, VERDICT_GOOD);
	EXPECT_EQ(solve(&flow, &glass, 1).verdict, VERDICT_WORN);
	expect_refused(&flow, &cup, 1, "5 pulses of 0.010 L");
	expect_refused(&flow, &gallons, 1, "in the right unit");
}

TEST(what_has_no_calibration_says_so)
{
	const struct conf_channel voltage = { .quantity = QUANTITY_VOLTAGE };
	const struct calibration_point point = { 1, 1, NAN };

	expect_refused(&voltage, &point, 1, "as the device gives it");
	EXPECT_FALSE(calibration_is_possible(QUANTITY_VOLTAGE));
	EXPECT_FALSE(calibration_is_possible(QUANTITY_PPFD));
	EXPECT_TRUE(calibration_is_possible(QUANTITY_HUMIDITY));
}
