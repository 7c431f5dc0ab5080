/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers with units, as a person writes them: "3 s", "1.8 mS/cm", "1 GiB".
 * Any thread.
 */
#ifndef HYDROPON_UNITS_H
#define HYDROPON_UNITS_H

#include <stdbool.h>
#include <stddef.h>

struct unit {
	const char *name;	/* NULL ends a list */
	double factor;		/* of the unit that the program keeps the number in */
	bool is_alias;		/* understood, but not offered */
};

/* Ascending. The unit may be left out if @bare: where there is no doubt which one. */
struct units {
	const struct unit *list;
	bool bare;
};

extern const struct units units_none;
extern const struct units units_time;		/* in ms */
extern const struct units units_days;		/* in d */
extern const struct units units_bytes;		/* in bytes, the unit may be left out */
extern const struct units units_rate;		/* in B/s */
extern const struct units units_ph, units_conductivity, units_temperature, units_light,
	units_flow, units_level, units_voltage;	/* pH, uS/cm, C, lx, L/min, cm, mV */
extern const struct units units_humidity, units_ppfd;	/* %, umol/m2/s */
extern const struct units units_tds, units_dli, units_volume, units_vpd, units_dose,
	units_on_time;				/* ppm, mol/m2, L, kPa, ml, s */
extern const struct units units_ml_per_s;
extern const struct units units_share;		/* %, of 1 */
extern const struct units units_per_cm;		/* cell constant: /cm */
extern const struct units units_us_per_mv;	/* gain of a conductivity front end: uS/mV */
extern const struct units units_per_c;		/* temperature coefficient: /C, %/C */
extern const struct units units_mv_per_c, units_mv_per_cm, units_mv_per_percent, units_mv_per_umol;
extern const struct units units_pulses_per_litre;

/*
 * Reads the whole of @text. False: @why says what is wrong and, after a semicolon,
 * what to do. Not a number, NaN, infinite, wrong unit, missing unit are all wrong.
 */
bool units_parse(const struct units *units, const char *text, double *number, char *why,
		 size_t why_size);
/* @number in the largest unit that leaves it at least 1: "900 ms", "10 s". */
void units_format(const struct units *units, double number, char *text, size_t size);

#endif
