/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What stands in the bottles: pH buffers and conductivity standards, by temperature.
 * Between two lines of a table values are interpolated; outside of it they are NaN, since
 * nobody has measured them. Any thread.
 *
 * pH 1.68 (tetroxalate), 4.01 (phthalate), 6.86 (equimolal phosphate), 9.18 (borax): JIS Z 8802,
 * confirmed 2011, the values of NIST to two decimals.
 * pH 7.00 (phosphate 0.041/0.026 mol), 10.01 (carbonate 0.025/0.025 mol): the technical buffers
 * that meters are sold with in America; Waring PC50, MI 611-211 (2005), table 7.
 * 1413 uS/cm and 12880 uS/cm (KCl 0.01 and 0.1 mol/L): the course of 0.01 and 0.1 mol/kg by Wu,
 * Koch and Pratt, J. Res. NIST 96 (1991) 191 (CRC Handbook, section 5), through the value at 25 C.
 * 84 uS/cm (KCl): Mettler Toledo, SevenCompact S230, conductivity standards.
 */
#ifndef HYDROPON_BUFFERS_H
#define HYDROPON_BUFFERS_H

#include <stdbool.h>
#include <stddef.h>

struct buffer;

/* All of a kind, ascending; for loops and lists. */
extern const struct buffer *const ph_buffers[];
extern const size_t ph_buffers_n;
extern const struct buffer *const ec_standards[];
extern const size_t ec_standards_n;

/* As its label says: "4.01", "1413 uS/cm". */
const char *buffer_name(const struct buffer *buffer);
/* What it is at 25 C: pH, or uS/cm. */
double buffer_nominal(const struct buffer *buffer);
/* The same at @celsius; NaN outside of its table, or if that is no number. */
double buffer_value(const struct buffer *buffer, double celsius);
/* Of what its label says, within half of its last digit; "4", "7" and "10" are 4.01, 7.00 and
 * 10.01. NULL: no table is known. */
const struct buffer *buffer_find_ph(double nominal);
/* Within half a percent of what its label says, in uS/cm. NULL: no table is known. */
const struct buffer *buffer_find_ec(double us_per_cm);

#endif
