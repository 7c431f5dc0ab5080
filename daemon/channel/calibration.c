// SPDX-License-Identifier: GPL-2.0-only
#include "channel/calibration.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/nernst.h"
#include "base/quantity.h"
#include "channel/calibrate.h"

#define ISOPOTENTIAL_PH 7.0
#define APART_PH 1.0
#define APART_C 3.0
#define SAME_MV 10.0		/* of buffers 1 pH apart the worst electrode gives five times that */
#define SLOPE_GOOD 95.0
#define SLOPE_LEAST 85.0
#define SLOPE_MOST 105.0
#define OFFSET_GOOD_MV 30.0
#define OFFSET_MOST_MV 60.0
#define RESIDUAL_GOOD_PH 0.05
#define RESIDUAL_MOST_PH 0.10
#define KNOWN_MV 6.0
#define FACTOR_GOOD 1.25	/* and its inverse */
#define FACTOR_MOST 1.6
#define DRY_SHARE 0.05		/* of the lowest standard */
#define ZERO_MOST_US_CM 50.0	/* or of the standard, what is larger: */
#define ZERO_SHARE 0.05
#define SHIFT_GOOD 2.0		/* C or cm */
#define SHIFT_MOST 5.0
#define PULSES_GOOD 100.0
#define PULSES_LEAST 20.0
#define DOSE_LEAST_S 5.0	/* a start and an end of some 50 ms are 2 % of it */
#define FAHRENHEIT_NEAR 3.0

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = { "good", "worn", "refused" };

	return names[verdict];
}

__attribute__((format(printf, 3, 4)))
static void judge(struct calibration_solution *out, enum verdict verdict, const char *format, ...)
{
	va_list arguments;

	if (verdict < out->verdict || (verdict == out->verdict && *out->words))
		return;
	out->verdict = verdict;
	va_start(arguments, format);
	vsnprintf(out->words, sizeof(out->words), format, arguments);
	va_end(arguments);
}

#define refuse(out, ...) judge(out, VERDICT_REFUSED, __VA_ARGS__)

double calibration_zero_mv(const struct conf_channel *conf)
{
	/* Of two buffers or of the middle and the next: the line on which pH 7 lies. */
	size_t i = conf->has_third_buffer && ISOPOTENTIAL_PH > conf->buffer_ph[1];
	double mv_per_ph = (conf->buffer_mv[i + 1] - conf->buffer_mv[i]) /
			   (conf->buffer_ph[i + 1] - conf->buffer_ph[i]);

	return conf->buffer_mv[i] + (ISOPOTENTIAL_PH - conf->buffer_ph[i]) * mv_per_ph;
}

double calibration_expected_mv(const struct conf_channel *conf, double ph, double celsius)
{
	double zero_mv = calibration_zero_mv(conf);
	size_t i = conf->has_third_buffer && ph > conf->buffer_ph[1];
	double mv_per_ph = (conf->buffer_mv[i + 1] - conf->buffer_mv[i]) /
			   (conf->buffer_ph[i + 1] - conf->buffer_ph[i]);
	double at_buffer_c = conf->buffer_mv[i] + (ph - conf->buffer_ph[i]) * mv_per_ph;

	return zero_mv + (at_buffer_c - zero_mv) * (celsius + ZERO_C_IN_K) /
	       (conf->buffer_c + ZERO_C_IN_K);
}

/* Ascending by what was there. */
static void sort(struct calibration_point *points, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t j = i; j && points[j].reference < points[j - 1].reference; j--) {
			struct calibration_point point = points[j];

			points[j] = points[j - 1];
			points[j - 1] = point;
		}
}

static bool are_buffers_fit(const struct calibration_point *points, size_t n,
			    struct calibration_solution *out)
{
	for (size_t i = 0; i < n; i++)
		if (!(points[i].reference > 0 && points[i].reference < 14) ||
		    !(points[i].celsius >= 0 && points[i].celsius <= 100)) {
			refuse(out, "a buffer of pH %.2f at %.1f C is none; its temperature must be "
			       "known, in C", points[i].reference, points[i].celsius);
			return false;
		}
	for (size_t i = 0; i + 1 < n; i++) {
		const struct calibration_point *low = &points[i], *high = &points[i + 1];

		if (high->reference - low->reference < APART_PH) {
			refuse(out, "the buffers %.2f and %.2f are not 1 pH apart; use different "
			       "ones, such as 7.00 and 4.01", low->reference, high->reference);
			return false;
		}
		if (fabs(high->reading - low->reading) < SAME_MV) {
			refuse(out, "%.1f mV in pH %.2f and %.1f mV in pH %.2f is the same: the probe "
			       "stood in the same liquid twice, or it is broken or not connected",
			       low->reading, low->reference, high->reading, high->reference);
			return false;
		}
	}
	for (size_t i = 0; i < n; i++)
		if (fabs(points[i].celsius - points[0].celsius) > APART_C) {
			refuse(out, "one buffer has %.1f C and another %.1f C; let them come to the "
			       "same temperature", points[0].celsius, points[i].celsius);
			return false;
		}
	return true;
}

static double percent_of_ideal(const struct calibration_point *low,
			       const struct calibration_point *high)
{
	return 100 * (high->reading - low->reading) / (high->reference - low->reference) /
	       nernst_mv_per_ph((low->celsius + high->celsius) / 2);
}

static void judge_slope(double percent, const char *side, struct calibration_solution *out)
{
	if (percent < 0)
		refuse(out, "the voltage rises with pH, by %.1f %% of an ideal electrode: the buffers "
		       "were swapped, or one is not what its label says", -percent);
	else if (percent < SLOPE_LEAST || percent > SLOPE_MOST)
		refuse(out, "the slope%s is %.1f %% of an ideal electrode, not %.0f to %.0f %%: one "
		       "buffer is not what its label says or is old, or the electrode is worn out; "
		       "try fresh buffers, then another electrode", side, percent, SLOPE_LEAST,
		       SLOPE_MOST);
	else if (percent < SLOPE_GOOD)
		judge(out, VERDICT_WORN, "the slope%s is %.1f %%, and %.0f %% or more is good: clean "
		      "the electrode, and have another one ready", side, percent, SLOPE_GOOD);
}

static void judge_offset(struct calibration_solution *out)
{
	if (fabs(out->offset) > OFFSET_MOST_MV)
		refuse(out, "at pH 7 it is %+.1f mV from where the configuration has it, and %.0f mV "
		       "is the most: a buffer is not what its label says, or the electrode or its "
		       "amplifier is another one; for a new one write its buffers into the "
		       "configuration", out->offset, OFFSET_MOST_MV);
	else if (fabs(out->offset) > OFFSET_GOOD_MV)
		judge(out, VERDICT_WORN, "at pH 7 it is %+.1f mV from where the configuration has it, "
		      "and %.0f mV or less is good: clean the electrode and its diaphragm",
		      out->offset, OFFSET_GOOD_MV);
}

/* How far the middle buffer is from the line through the others. */
static void judge_middle(const struct calibration_point *points, struct calibration_solution *out)
{
	double ph_per_mv = (points[2].reference - points[0].reference) /
			   (points[2].reading - points[0].reading);
	double on_line = points[0].reference + (points[1].reading - points[0].reading) * ph_per_mv;

	out->residual = on_line - points[1].reference;
	if (fabs(out->residual) > RESIDUAL_MOST_PH)
		refuse(out, "the buffer of pH %.2f reads as %.2f by the other two: one of them is not "
		       "what its label says (6.86 and 7.00 are different buffers), or is old",
		       points[1].reference, on_line);
	else if (fabs(out->residual) > RESIDUAL_GOOD_PH)
		judge(out, VERDICT_WORN, "the buffer of pH %.2f reads as %.2f by the other two: use "
		      "fresh buffers, and rinse between them", points[1].reference, on_line);
}

static void shift_buffers(const struct calibration_point *point, struct conf_channel *conf)
{
	double shift_mv = point->reading -
			  calibration_expected_mv(conf, point->reference, point->celsius);

	for (size_t i = 0; i < CONF_MAX_BUFFERS; i++)
		conf->buffer_mv[i] += shift_mv;
}

static void solve_ph(const struct conf_channel *base, const struct calibration_point *points,
		     size_t n, struct calibration_solution *out)
{
	struct conf_channel *conf = &out->conf;

	if (!are_buffers_fit(points, n, out))
		return;
	if (n == 1) {
		shift_buffers(points, conf);
	} else {
		conf->buffer_c = 0;
		conf->has_third_buffer = n == 3;
		for (size_t i = 0; i < n; i++) {
			conf->buffer_ph[i] = points[i].reference;
			conf->buffer_mv[i] = points[i].reading;
			conf->buffer_c += points[i].celsius / (double)n;
		}
		out->slope_percent = percent_of_ideal(&points[0], &points[n - 1]);
		judge_slope(out->slope_percent, "", out);
	}
	if (n == 3) {
		out->acid_percent = percent_of_ideal(&points[0], &points[1]);
		out->alkaline_percent = percent_of_ideal(&points[1], &points[2]);
		judge_slope(out->acid_percent, " of the acid side", out);
		judge_slope(out->alkaline_percent, " of the alkaline side", out);
		judge_middle(points, out);
	}
	out->offset = calibration_zero_mv(conf) - calibration_zero_mv(base);
	judge_offset(out);
	judge(out, VERDICT_GOOD, n == 1 ? "the offset is set; the slope stays as it was, and two "
	      "buffers would show it" : "slope and offset are those of a good electrode");
}

/* @factor: how much steeper it is than by the configuration. */
static void judge_factor(double factor, const char *what, struct calibration_solution *out)
{
	out->slope_percent = 100 * factor;
	if (!(factor >= 1 / FACTOR_MOST && factor <= FACTOR_MOST))
		refuse(out, "%s would be %.1f %% of what the configuration says, not %.0f to %.0f %%: "
		       "see whether the reference is right and in the right unit", what,
		       out->slope_percent, 100 / FACTOR_MOST, 100 * FACTOR_MOST);
	else if (!(factor >= 1 / FACTOR_GOOD && factor <= FACTOR_GOOD))
		judge(out, VERDICT_WORN, "%s is %.1f %% of what the configuration says: clean the "
		      "sensor, and check it with another reference", what, out->slope_percent);
	else
		judge(out, VERDICT_GOOD, "%s is near what the configuration says", what);
}

static bool are_standards_fit(const struct calibration_point *points, size_t n,
			      struct calibration_solution *out)
{
	for (size_t i = 0; i < n; i++)
		if (!(points[i].reference >= 0) ||
		    (points[i].reference > 0 && !isfinite(points[i].celsius))) {
			refuse(out, "a standard of %.1f uS/cm at %.1f C is none; its temperature must "
			       "be known, in C", points[i].reference, points[i].celsius);
			return false;
		}
	for (size_t i = 0; i + 1 < n; i++) {
		const struct calibration_point *low = &points[i], *high = &points[i + 1];

		if (high->reference - low->reference < 1) {
			refuse(out, "two points are both %.1f uS/cm; use different standards, such as "
			       "1413 uS/cm and 12880 uS/cm", low->reference);
			return false;
		}
		if (!((high->reading - low->reading) * out->conf.us_per_mv > 0)) {
			refuse(out, "%.1f mV at %.1f uS/cm and %.1f mV at %.1f uS/cm: it does not rise; "
			       "the standards were swapped, or the probe is broken or not connected",
			       low->reading, low->reference, high->reading, high->reference);
			return false;
		}
	}
	return true;
}

static void judge_dry(const struct calibration_point *dry, double us_cm_per_mv, double lowest,
		      struct calibration_solution *out)
{
	out->residual = us_cm_per_mv * (dry->reading - out->conf.zero_mv);
	if (fabs(out->residual) > DRY_SHARE * lowest)
		judge(out, VERDICT_WORN, "dry, the probe reads as %+.1f uS/cm by the two standards: "
		      "see whether it was dry, and whether they are fresh", out->residual);
}

/* A wet probe, or a wire that is off, would take what is in every tank away from its reading. */
static void judge_zero(const struct calibration_point *dry, double standard,
		       struct calibration_solution *out)
{
	double most = fmax(ZERO_MOST_US_CM, ZERO_SHARE * standard);

	if (fabs(out->offset) > most)
		refuse(out, "dry, the probe gives %.1f mV: that is %+.0f uS/cm from the zero of the "
		       "configuration, and %.0f is the most; see that it is clean, dry and in the air, "
		       "and its wires; for another amplifier write its zero into the configuration",
		       dry->reading, out->offset, most);
}

static void solve_ec(const struct conf_channel *base, const struct calibration_point *points,
		     size_t n, struct calibration_solution *out)
{
	struct conf_channel *conf = &out->conf;
	const struct calibration_point *high = &points[n - 1];
	double us_cm_per_mv = conf->cell_per_cm * conf->us_per_mv;
	size_t dry = points[0].reference == 0, standards = n - dry;

	if (!are_standards_fit(points, n, out))
		return;
	if (dry && standards < 2)
		conf->zero_mv = points[0].reading;
	if (standards == 1) {
		us_cm_per_mv = high->reference / (high->reading - conf->zero_mv);
	} else if (standards >= 2) {
		us_cm_per_mv = (high->reference - points[dry].reference) /
			       (high->reading - points[dry].reading);
		conf->zero_mv = high->reading - high->reference / us_cm_per_mv;
		if (standards == 3)
			out->residual = us_cm_per_mv * (points[1].reading - conf->zero_mv) -
					points[1].reference;
	}
	conf->cell_per_cm = us_cm_per_mv / conf->us_per_mv;
	out->offset = us_cm_per_mv * (conf->zero_mv - base->zero_mv);
	if (dry && standards < 2)
		judge_zero(&points[0], standards ? high->reference : 0, out);
	if (dry && standards >= 2)
		judge_dry(&points[0], us_cm_per_mv, points[1].reference, out);
	if (standards >= 2 && fabs(out->offset) > points[dry].reference)
		refuse(out, "by these standards a reading of 0 mV would be %+.0f uS/cm: one is not "
		       "what its label says", -us_cm_per_mv * conf->zero_mv);
	if (standards)
		judge_factor(conf->cell_per_cm / base->cell_per_cm, "the cell constant", out);
	else
		judge(out, VERDICT_GOOD, "the zero is set; a standard would show the cell constant");
}

static void solve_zero(const struct conf_channel *base, const struct calibration_point *point,
		       struct calibration_solution *out)
{
	double was = calibrate(base, point->reading), shift = was - point->reference;
	const char *unit = quantity_unit(base->quantity);
	double as_celsius = (point->reference - 32) / 1.8;

	out->conf.zero_mv = point->reading - point->reference * base->mv_per_unit;
	out->offset = shift;
	if (!(fabs(shift) <= SHIFT_MOST) && base->quantity == QUANTITY_TEMPERATURE &&
	    fabs(was - as_celsius) < FAHRENHEIT_NEAR)
		refuse(out, "it reads %.1f C and the reference says %.1f: that is %.1f C if it was "
		       "read in Fahrenheit; give it in C", was, point->reference, as_celsius);
	else if (!(fabs(shift) <= SHIFT_MOST))
		refuse(out, "it reads %.2f %s and the reference says %.2f: more than %.0f %s apart; see "
		       "whether both are in the same place and in the same unit", was, unit,
		       point->reference, SHIFT_MOST, unit);
	else if (fabs(shift) > SHIFT_GOOD)
		judge(out, VERDICT_WORN, "it reads %.2f %s where the reference says %.2f: see to the "
		      "sensor and its wires", was, unit, point->reference);
	else
		judge(out, VERDICT_GOOD, "sensor and reference agree within %.0f %s", SHIFT_GOOD, unit);
}

static double factor_of(const struct conf_channel *conf)
{
	return conf->light_factor > 0 ? conf->light_factor : 1;
}

static void solve_light(const struct conf_channel *base, const struct calibration_point *point,
			struct calibration_solution *out)
{
	if (!(point->reading > 0 && point->reference > 0)) {
		refuse(out, "the sensor reads %.1f lx and the reference %.1f; calibrate in the light",
		       point->reading, point->reference);
		return;
	}
	out->conf.light_factor = point->reference / point->reading;
	judge_factor(out->conf.light_factor / factor_of(base), "the factor", out);
}

static void solve_flow(const struct conf_channel *base, const struct calibration_point *point,
		       struct calibration_solution *out)
{
	if (!(point->reading >= PULSES_LEAST && point->reference > 0)) {
		refuse(out, "%.0f pulses of %.3f L: no meter can be judged by fewer than %.0f; let "
		       "more run through", point->reading, point->reference, PULSES_LEAST);
		return;
	}
	out->conf.pulses_per_litre = point->reading / point->reference;
	out->residual = point->reference / point->reading;
	if (point->reading < PULSES_GOOD)
		judge(out, VERDICT_WORN, "%.0f pulses are few: one more or less is %.1f %%; let more "
		      "run through", point->reading, 100 / point->reading);
	judge_factor(out->conf.pulses_per_litre / base->pulses_per_litre, "the K-factor", out);
}

static void solve_dose(const struct conf_channel *base, const struct calibration_point *point,
		       struct calibration_solution *out)
{
	double before = out->conf.ml_per_s, rate, factor;

	if (!(point->reading >= DOSE_LEAST_S && point->reference > 0)) {
		refuse(out, "%.2f ml in %.1f s: no pump can be judged by less than %.0f s; let it run "
		       "longer", point->reference, point->reading, DOSE_LEAST_S);
		return;
	}
	rate = point->reference / point->reading;
	factor = rate / base->ml_per_s;
	out->slope_percent = 100 * factor;
	out->conf.ml_per_s = rate;
	if (!(factor >= 1 / FACTOR_MOST && factor <= FACTOR_MOST))
		refuse(out, "%.3f ml/s would be %.1f %% of what the configuration says, not %.0f to %.0f "
		       "%%: see whether the hose was full and the volume is in ml", rate,
		       100 * factor, 100 / FACTOR_MOST, 100 * FACTOR_MOST);
	else if (!(factor >= 1 / FACTOR_GOOD && factor <= FACTOR_GOOD))
		judge(out, VERDICT_WORN, "%.3f ml/s, %+.1f %% from %.3f before: see to its hose, and "
		      "calibrate it again", rate, 100 * (rate / before - 1), before);
	else
		judge(out, VERDICT_GOOD, "%.3f ml/s, %+.1f %% from %.3f before", rate,
		      100 * (rate / before - 1), before);
}

/* How many points a calibration of it can have. */
static size_t points_max(enum quantity quantity)
{
	switch (quantity) {
	case QUANTITY_PH:
	case QUANTITY_EC:
		return CALIBRATION_POINTS;
	case QUANTITY_TEMPERATURE:
	case QUANTITY_LEVEL:
	case QUANTITY_HUMIDITY:
	case QUANTITY_LIGHT:
	case QUANTITY_FLOW:
	case QUANTITY_DOSE:
		return 1;
	default:
		return 0;
	}
}

bool calibration_is_possible(enum quantity quantity)
{
	return points_max(quantity) > 0;
}

static void solve(const struct conf_channel *base, struct calibration_point *points, size_t n,
		  struct calibration_solution *out)
{
	switch (base->quantity) {
	case QUANTITY_PH:
		sort(points, n);
		solve_ph(base, points, n, out);
		break;
	case QUANTITY_EC:
		sort(points, n);
		solve_ec(base, points, n, out);
		break;
	case QUANTITY_TEMPERATURE:
	case QUANTITY_LEVEL:
	case QUANTITY_HUMIDITY:
		solve_zero(base, points, out);
		break;
	case QUANTITY_LIGHT:
		solve_light(base, points, out);
		break;
	case QUANTITY_FLOW:
		solve_flow(base, points, out);
		break;
	case QUANTITY_DOSE:
		solve_dose(base, points, out);
		break;
	default:
		break;
	}
}

bool calibration_solve(const struct conf_channel *base, const struct conf_channel *now,
		       const struct calibration_point *points, size_t n,
		       struct calibration_solution *out)
{
	struct calibration_point sorted[CALIBRATION_POINTS];
	size_t most = points_max(base->quantity);

	*out = (struct calibration_solution){
		.conf = *now, .slope_percent = NAN, .acid_percent = NAN, .alkaline_percent = NAN,
		.offset = NAN, .residual = NAN,
	};
	if (!n || n > most) {
		refuse(out, "%s is calibrated by %s, not by %zu", quantity_name(base->quantity),
		       !most ? "nobody: it is as the device gives it" : most > 1 ?
		       "1 to 3 points" : "one point", n);
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		sorted[i] = points[i];
		if (!isfinite(points[i].reading) || !isfinite(points[i].reference)) {
			refuse(out, "a reading or its reference is no number");
			return false;
		}
	}
	solve(base, sorted, n, out);
	return out->verdict != VERDICT_REFUSED;
}

static void note(struct recognition *out, const struct buffer *buffer)
{
	if (out->n < sizeof(out->found) / sizeof(out->found[0]))
		out->found[out->n++] = buffer;
}

void recognise_ph(const struct conf_channel *now, const struct buffer *const *candidates, size_t n,
		  double mv, double celsius, const struct calibration_point *known,
		  struct recognition *out)
{
	double ideal = nernst_mv_per_ph(celsius), zero_mv = calibration_zero_mv(now);
	double from_ph = known ? known->reference : ISOPOTENTIAL_PH;
	double from_mv = known ? known->reading : zero_mv;
	double tolerance_mv = known ? KNOWN_MV : OFFSET_MOST_MV;

	*out = (struct recognition){ .seen = ISOPOTENTIAL_PH + (mv - zero_mv) /
		((calibration_expected_mv(now, ISOPOTENTIAL_PH + 1, celsius) - zero_mv)) };
	for (size_t i = 0; i < n; i++) {
		double apart_mv = (buffer_value(candidates[i], celsius) - from_ph) * ideal / 100;
		double least = from_mv + fmin(SLOPE_LEAST * apart_mv, SLOPE_MOST * apart_mv);
		double most = from_mv + fmax(SLOPE_LEAST * apart_mv, SLOPE_MOST * apart_mv);

		if (mv >= least - tolerance_mv && mv <= most + tolerance_mv)
			note(out, candidates[i]);
	}
}

void recognise_ec(const struct conf_channel *now, const struct buffer *const *candidates, size_t n,
		  double mv, double celsius, struct recognition *out)
{
	*out = (struct recognition){ .seen = calibrate(now, mv) };
	for (size_t i = 0; i < n; i++) {
		double factor = buffer_value(candidates[i], celsius) / out->seen;

		if (factor >= 1 / FACTOR_MOST && factor <= FACTOR_MOST)
			note(out, candidates[i]);
	}
}
