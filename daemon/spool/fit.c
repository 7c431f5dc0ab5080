// SPDX-License-Identifier: GPL-2.0-only
#include "spool/fit.h"

#include <math.h>

/*
 * A value that was rounded from a line lies less than 1 above the floor of it. So a
 * slope serves if what it leaves of the values spreads over less than 1; the spread
 * is convex in the slope, and the two values at its ends tell which way to go.
 */

#define HALVINGS 60
/* So that nothing below overflows: values shifted left by the shift. */
#define BITS_MAX 60

static unsigned int bits(uint64_t value)
{
	return value ? 64 - (unsigned int)__builtin_clzll(value) : 0;
}

static double slope_between(double low, double high, const int32_t *raw, const int64_t *value,
			    size_t n)
{
	double slope = low;

	for (int i = 0; i < HALVINGS; i++) {
		double highest = 0, lowest = 0;
		size_t at_highest = 0, at_lowest = 0;

		slope = (low + high) / 2;
		for (size_t j = 1; j < n; j++) {
			double left = (double)(value[j] - value[0]) -
				      slope * ((double)raw[j] - (double)raw[0]);

			if (left > highest) {
				highest = left;
				at_highest = j;
			} else if (left < lowest) {
				lowest = left;
				at_lowest = j;
			}
		}
		if (highest - lowest < 1 || raw[at_highest] == raw[at_lowest])
			break;
		if (raw[at_highest] > raw[at_lowest])
			low = slope;
		else
			high = slope;
	}
	return slope;
}

/* Whether some offset makes the line meet every value; sets it. */
static bool meets_all(struct fit *fit, const int32_t *raw, const int64_t *value, size_t n)
{
	int64_t highest = 0, lowest = 0, room = (INT64_C(1) << fit->shift) - 1;

	for (size_t i = 1; i < n; i++) {
		int64_t left = (value[i] - value[0]) * (INT64_C(1) << fit->shift) -
			       fit->slope * ((int64_t)raw[i] - raw[0]);

		highest = left > highest ? left : highest;
		lowest = left < lowest ? left : lowest;
		if (highest - lowest > room)
			return false;
	}
	fit->offset = (uint64_t)highest;
	return true;
}

bool fit_find(struct fit *fit, const int32_t *raw, const int64_t *value, size_t n)
{
	size_t least = 0, most = 0;
	int64_t lowest = value[0], highest = value[0];
	unsigned int shift_max;
	double run, steepest, slope;

	for (size_t i = 1; i < n; i++) {
		if (raw[i] < raw[least])
			least = i;
		if (raw[i] > raw[most])
			most = i;
		lowest = value[i] < lowest ? value[i] : lowest;
		highest = value[i] > highest ? value[i] : highest;
	}
	if (raw[most] == raw[least] || highest == lowest)
		return false;

	run = (double)raw[most] - (double)raw[least];
	steepest = ((double)(highest - lowest) + 1) / run;
	slope = slope_between(-steepest, steepest, raw, value, n);

	/* A slope finer than this makes no difference over the run. */
	shift_max = bits((uint64_t)run) + 3;
	if (bits((uint64_t)(highest - lowest)) + shift_max > BITS_MAX)
		return false;
	for (fit->shift = 0; fit->shift <= shift_max; fit->shift++) {
		double scaled = ldexp(slope, (int)fit->shift);

		fit->slope = (int64_t)floor(scaled);
		if (meets_all(fit, raw, value, n))
			return true;
		fit->slope++;
		if (meets_all(fit, raw, value, n))
			return true;
	}
	fit->shift = shift_max - 2;
	fit->slope = llrint(ldexp(slope, (int)fit->shift));
	fit->offset = UINT64_C(1) << fit->shift >> 1;
	return true;
}
