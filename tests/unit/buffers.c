// SPDX-License-Identifier: GPL-2.0-only
/* The tables against values that others have published. */
#include "harness.h"

#include <math.h>

#include "base/buffers.h"

static double ph(double label, double celsius)
{
	const struct buffer *buffer = buffer_find_ph(label);

	ASSERT_TRUE(buffer != NULL);
	return buffer_value(buffer, celsius);
}

static double us_per_cm(double label, double celsius)
{
	const struct buffer *buffer = buffer_find_ec(label);

	ASSERT_TRUE(buffer != NULL);
	return buffer_value(buffer, celsius);
}

/* Hanna Instruments, HI 2214, table of buffers: another maker's. */
TEST(ph_buffers_are_as_another_maker_has_them)
{
	static const struct {
		double celsius, tetroxalate, phthalate, phosphate, borax, carbonate;
	} rows[] = {
		{ 5, 1.67, 4.00, 6.95, 9.39, 10.24 }, { 10, 1.67, 4.00, 6.92, 9.33, 10.18 },
		{ 15, 1.67, 4.00, 6.90, 9.27, 10.12 }, { 20, 1.68, 4.00, 6.88, 9.22, 10.06 },
		{ 25, 1.68, 4.01, 6.86, 9.18, 10.01 }, { 30, 1.68, 4.02, 6.85, 9.14, 9.96 },
		{ 35, 1.69, 4.03, 6.84, 9.10, 9.92 }, { 40, 1.69, 4.04, 6.84, 9.07, 9.88 },
		{ 45, 1.70, 4.05, 6.83, 9.04, 9.85 }, { 50, 1.71, 4.06, 6.83, 9.01, 9.82 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		EXPECT_NEAR(ph(1.68, rows[i].celsius), rows[i].tetroxalate, 0.0101);
		EXPECT_NEAR(ph(4.01, rows[i].celsius), rows[i].phthalate, 0.0101);
		EXPECT_NEAR(ph(6.86, rows[i].celsius), rows[i].phosphate, 0.0001);
		EXPECT_NEAR(ph(9.18, rows[i].celsius), rows[i].borax, 0.0001);
		EXPECT_NEAR(ph(10.01, rows[i].celsius), rows[i].carbonate, 0.0101);
	}
	EXPECT_NEAR(ph(7.00, 0), 7.12, 1e-9);
	EXPECT_NEAR(ph(7.00, 20), 7.02, 1e-9);
	EXPECT_NEAR(ph(7.00, 50), 6.97, 1e-9);
}

/* Mettler Toledo, SevenCompact S230: standards of the same strengths, measured by themselves. */
TEST(ec_standards_are_as_their_makers_have_them)
{
	EXPECT_NEAR(us_per_cm(1413, 15), 1147, 0.002 * 1147);
	EXPECT_NEAR(us_per_cm(1413, 20), 1278, 0.002 * 1278);
	EXPECT_NEAR(us_per_cm(1413, 25), 1413, 1e-9);
	EXPECT_NEAR(us_per_cm(1413, 30), 1552, 0.002 * 1552);
	EXPECT_NEAR(us_per_cm(12880, 15), 10480, 0.002 * 10480);
	EXPECT_NEAR(us_per_cm(12880, 20), 11670, 0.002 * 11670);
	EXPECT_NEAR(us_per_cm(12880, 25), 12880, 1e-9);
	EXPECT_NEAR(us_per_cm(12880, 30), 14120, 0.002 * 14120);
	EXPECT_NEAR(us_per_cm(84, 15), 84 * (1 - 10 * 0.0195), 0.1);
	EXPECT_NEAR(us_per_cm(84, 35), 84 * (1 + 10 * 0.0201), 0.1);
}

TEST(between_two_lines_it_is_between_them)
{
	EXPECT_NEAR(ph(9.18, 22.5), 9.20, 1e-9);
	EXPECT_NEAR(us_per_cm(84, 22.5), 79.9, 1e-9);
}

TEST(nobody_knows_what_is_outside_of_a_table)
{
	EXPECT_TRUE(isnan(ph(4.01, -0.01)));
	EXPECT_TRUE(isnan(ph(4.01, 50.01)));
	EXPECT_TRUE(isnan(ph(4.01, 72)));	/* a room, in Fahrenheit */
	EXPECT_TRUE(isnan(ph(4.01, NAN)));
	EXPECT_TRUE(isnan(us_per_cm(84, 9.9)));
	EXPECT_FALSE(isnan(ph(4.01, 0)));
	EXPECT_FALSE(isnan(ph(4.01, 50)));
}

TEST(labels_are_understood_as_people_say_them)
{
	EXPECT_STREQ(buffer_name(buffer_find_ph(4)), "4.01");
	EXPECT_STREQ(buffer_name(buffer_find_ph(7)), "7.00");
	EXPECT_STREQ(buffer_name(buffer_find_ph(10)), "10.01");
	EXPECT_STREQ(buffer_name(buffer_find_ec(12880)), "12880 uS/cm");
	EXPECT_TRUE(buffer_find_ph(6.9) == NULL);
	EXPECT_TRUE(buffer_find_ph(NAN) == NULL);
	EXPECT_TRUE(buffer_find_ec(1400) == NULL);
	EXPECT_TRUE(buffer_find_ec(0) == NULL);
}
