/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the temperature does to a measurement, taken out of it. Pure functions; any
 * thread.
 */
#ifndef HYDROPON_COMPENSATE_H
#define HYDROPON_COMPENSATE_H

#include "base/conf.h"

/*
 * @value: of calibrate(), at @celsius.
 *
 * ph: the slope of an electrode is proportional to its absolute temperature, and
 * all its lines meet at the isopotential point, pH 7 (Nernst; base/nernst.h). So
 *	slope(T) = slope(buffer_c) * (T + 273.15) / (buffer_c + 273.15)
 *	pH = 7 + (mV - mV at pH 7) / slope(T)
 *	   = 7 + (value - 7) * (buffer_c + 273.15) / (T + 273.15)
 * It takes out what the electrode does, not what the solution does.
 * ec: value / (1 + alpha * (T - 25)), the conductivity at 25 C; alpha about
 * 0.02 /C (linear compensation as in ISO 7888). Of natural water: value * f25(T), the table of
 * ISO 7888 (EN 27888), 0 to 35.9 C, here by Chauvin Arnoux, C.A 10141, annex 1; NaN outside.
 * NaN where the formula means nothing: at absolute zero, or where alpha would make
 * the conductivity vanish. Other quantities: @value.
 */
double compensate(const struct conf_channel *conf, double value, double celsius);

#endif
