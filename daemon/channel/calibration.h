/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From readings in known liquids, beside known lamps, of known volumes, to what calibrate() goes
 * by; and the verdict on it. Pure functions; any thread.
 */
#ifndef HYDROPON_CALIBRATION_H
#define HYDROPON_CALIBRATION_H

#include <stddef.h>

#include "base/buffers.h"
#include "base/conf.h"

enum { CALIBRATION_POINTS = 3, CALIBRATION_WORDS = 400 };

/*
 * What was there, and what was read of it before any calibration.
 *
 *		reference		reading
 * ph		pH at @celsius		mV
 * ec		uS/cm at @celsius,	mV
 *		0: the probe is dry
 * temperature	C			mV (or what IIO gives)
 * humidity	%			mV (the same)
 * level	cm			mV
 * light	lx			lx as the device gives it
 * flow		litres			pulses
 * dose		ml			seconds that the pump was on
 *
 * @celsius: of the liquid; only ph and ec ask for it.
 */
struct calibration_point {
	double reference, reading, celsius;
};

enum verdict {
	VERDICT_GOOD,
	VERDICT_WORN,		/* usable, but the probe is near its end or was cleaned badly */
	VERDICT_REFUSED,	/* nothing to go by */
};

/* "good", "worn", "refused" */
const char *verdict_name(enum verdict verdict);

struct calibration_solution {
	enum verdict verdict;
	char words[CALIBRATION_WORDS];	/* why, and what to do; one sentence */
	struct conf_channel conf;	/* as it is from now on; not if it is refused */
	/* NaN: not of this quantity, or not by so few points */
	double slope_percent;		/* ph: of an ideal electrode; ec, light, flow: of base */
	double acid_percent, alkaline_percent;	/* ph by three points: of each side */
	double offset;			/* of base: ph in mV at pH 7, else in the channel's unit */
	double residual;		/* what the points do not agree in, in the channel's unit */
};

/* There is something that can be measured beside it. */
bool calibration_is_possible(enum quantity quantity);

/*
 * @base: by the configuration, so that what the years have done is seen. @now: as it is calibrated
 * now; what the points do not tell stays: by one buffer the slope, by one standard the zero.
 *
 * ph: 1 to 3 buffers at least 1 pH apart, at one temperature within 3 C. By three, the middle one
 * lies on both of two lines. Good: a slope of 95 to 105 % and at most 30 mV of offset, as makers of
 * electrodes say; below 85 % or beyond 60 mV the electrode is worn out or the buffers are wrong.
 * ec: dry, or one standard, or both: a zero and a factor. Two standards: the line through them; dry
 * then shows how far it is from 0.
 * temperature, level, humidity: one point moves the zero. light, flow: one point is a factor. dose:
 * one point is the rate.
 *
 * The verdict in @out, and false if it is VERDICT_REFUSED.
 */
bool calibration_solve(const struct conf_channel *base, const struct conf_channel *now,
		       const struct calibration_point *points, size_t n,
		       struct calibration_solution *out);

/* mV at pH 7, at any temperature: there the lines of an electrode meet. */
double calibration_zero_mv(const struct conf_channel *conf);
/* What a channel as @conf would read at @ph and @celsius, in mV. */
double calibration_expected_mv(const struct conf_channel *conf, double ph, double celsius);

/* What a reading may be. */
struct recognition {
	size_t n;			/* 0: none, 2 and more: it could be any of these */
	const struct buffer *found[8];
	double seen;			/* as the channel is calibrated now: pH, or uS/cm at @celsius */
};

/*
 * Which of @candidates a probe in working order (slope 85 to 105 %, offset up to 60 mV; after
 * @known, a buffer that was measured just before, up to 6 mV) can read as @mv at @celsius. @known:
 * NULL: none.
 */
void recognise_ph(const struct conf_channel *now, const struct buffer *const *candidates, size_t n,
		  double mv, double celsius, const struct calibration_point *known,
		  struct recognition *out);
/* The same of conductivity: a factor of 0.6 to 1.6 of what is calibrated now. */
void recognise_ec(const struct conf_channel *now, const struct buffer *const *candidates, size_t n,
		  double mv, double celsius, struct recognition *out);

#endif
