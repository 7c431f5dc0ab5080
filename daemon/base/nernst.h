/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ideal pH electrode. Nernst: E = E0 - (R T ln 10 / F) pH, which is 59.159 mV
 * per pH at 25 C (IUPAC, Pure Appl. Chem. 74 (2002) 2169: 59.16 mV) and
 * proportional to the absolute temperature.
 */
#ifndef HYDROPON_NERNST_H
#define HYDROPON_NERNST_H

#define ZERO_C_IN_K 273.15
#define NERNST_MV_PER_PH_AT_25_C (-59.159)

static inline double nernst_mv_per_ph(double celsius)
{
	return NERNST_MV_PER_PH_AT_25_C * (celsius + ZERO_C_IN_K) / (25.0 + ZERO_C_IN_K);
}

#endif
