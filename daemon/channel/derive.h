/* SPDX-License-Identifier: GPL-2.0-only */
/* What follows from one or two quantities at one moment. Pure functions; any thread. */
#ifndef HYDROPON_DERIVE_H
#define HYDROPON_DERIVE_H

/*
 * Total dissolved solids in ppm (mg/L), as meters show them: conductivity times a factor that
 * stands for a salt. @us_cm at 25 C. @factor in ppm per uS/cm: 0.5 of NaCl ("500 scale"), 0.64,
 * 0.7 of the mixture 442 ("700 scale"): 1 mS/cm is 500, 640 or 700 ppm.
 */
double derive_tds(double us_cm, double factor);

/*
 * Photosynthetic photon flux density, 400 to 700 nm, in umol/m2/s. @factor in umol/m2/s per lx: of
 * the spectrum, so of the lamp. Sunlight 0.0185, high-pressure sodium 0.0122, metal halide 0.0141,
 * cool white fluorescent 0.0135 (Thimijan and Heins, HortScience 18(6), 1983: 54, 82, 71 and 74 lx
 * for each umol/m2/s).
 */
double derive_ppfd(double lx, double factor);

/*
 * Vapour-pressure deficit of air in kPa, of @celsius and @humidity in %: es(T) (1 - RH / 100),
 * where es = 0.6108 exp(17.27 T / (T + 237.3)) is the pressure at saturation over water (Tetens
 * 1930; FAO Irrigation and Drainage Paper 56, equation 11). -40 to 80 C, else NaN.
 */
double derive_vpd(double celsius, double humidity);

#endif
