// SPDX-License-Identifier: GPL-2.0-only
/* Against what others have published, not against ourselves. */
#include "harness.h"

#include <math.h>

#include "channel/derive.h"

TEST(one_millisiemens_is_what_each_scale_says)
{
	/* The 500, 640 and 700 scales have their names from it. */
	EXPECT_NEAR(derive_tds(1000, 0.5), 500, 1e-9);
	EXPECT_NEAR(derive_tds(1000, 0.64), 640, 1e-9);
	EXPECT_NEAR(derive_tds(1000, 0.7), 700, 1e-9);
	EXPECT_NEAR(derive_tds(0, 0.7), 0, 0);
}

TEST(full_sun_is_two_thousand_micromoles)
{
	static const struct {
		double lx_per_umol, factor;
	} lamps[] = { { 54, 0.0185 }, { 82, 0.0122 }, { 71, 0.0141 }, { 74, 0.0135 } };

	/* Apogee Instruments, conversion of PPFD to lux. */
	EXPECT_NEAR(derive_ppfd(108000, 0.0185), 2000, 10);
	/* Thimijan and Heins give lx for each umol/m2/s. */
	for (size_t i = 0; i < sizeof(lamps) / sizeof(lamps[0]); i++)
		EXPECT_NEAR(derive_ppfd(lamps[i].lx_per_umol, lamps[i].factor), 1, 0.005);
}

/* Steam tables (IAPWS-IF97), in kPa: what the formula comes near to. */
TEST(dry_air_lacks_what_saturates_it)
{
	static const struct {
		double celsius, kpa;
	} table[] = {
		{ 5, 0.8726 }, { 10, 1.2282 }, { 15, 1.7058 }, { 20, 2.3393 },
		{ 25, 3.1698 }, { 30, 4.2470 }, { 35, 5.6290 }, { 40, 7.3849 },
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		double kpa = table[i].kpa;

		EXPECT_NEAR(derive_vpd(table[i].celsius, 0), kpa, 0.0015 * kpa);
		EXPECT_NEAR(derive_vpd(table[i].celsius, 60), 0.4 * kpa, 0.0015 * kpa);
		EXPECT_NEAR(derive_vpd(table[i].celsius, 100), 0, 1e-12);
	}
	/* FAO Irrigation and Drainage Paper 56, example 3. */
	EXPECT_NEAR(derive_vpd(24.5, 0), 3.075, 0.0005);
	EXPECT_NEAR(derive_vpd(15, 0), 1.705, 0.0005);
}

TEST(a_temperature_that_no_air_has_gives_no_deficit)
{
	EXPECT_TRUE(isnan(derive_vpd(-41, 50)));
	EXPECT_TRUE(isnan(derive_vpd(81, 50)));
	EXPECT_TRUE(isnan(derive_vpd(NAN, 50)));
	EXPECT_TRUE(isnan(derive_vpd(20, NAN)));
	EXPECT_FALSE(isnan(derive_vpd(-40, 50)));
}
