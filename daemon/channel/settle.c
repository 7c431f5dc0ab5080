// SPDX-License-Identifier: GPL-2.0-only
#include "channel/settle.h"

#include <math.h>

#include "base/clock.h"

#define PH_BAND_MV 1.0
#define PH_DRIFT_MV_A_MIN 1.0
#define EC_SHARE 0.005
#define EC_LEAST_MV 1.0
#define LIGHT_SHARE 0.03
#define TEMPERATURE_SHARE 0.003
#define LEAST 1.0
#define HOLD_MS 20000
#define GAP_MS 10000
#define READINGS_MIN 8

struct settle_limits settle_limits_of(enum quantity quantity, double reading)
{
	struct settle_limits limits = { .hold_ms = HOLD_MS, .gap_ms = GAP_MS,
					.readings = READINGS_MIN };

	switch (quantity) {
	case QUANTITY_PH:
		limits.band = PH_BAND_MV;
		limits.drift_a_min = PH_DRIFT_MV_A_MIN;
		return limits;
	case QUANTITY_EC:
		limits.band = fmax(EC_SHARE * fabs(reading), EC_LEAST_MV);
		break;
	case QUANTITY_LIGHT:
		limits.band = fmax(LIGHT_SHARE * fabs(reading), LEAST);
		break;
	default:
		limits.band = fmax(TEMPERATURE_SHARE * fabs(reading), LEAST);
	}
	limits.drift_a_min = 2 * limits.band;
	return limits;
}

void settle_begin(struct settle *settle, const struct settle_limits *limits)
{
	settle->limits = *limits;
	settle->first = settle->n = 0;
}

void settle_break(struct settle *settle)
{
	settle->n = 0;
}

static size_t slot_of(const struct settle *settle, size_t index)
{
	return (settle->first + index) % SETTLE_READINGS;
}

void settle_take(struct settle *settle, uint64_t at_ns, double reading)
{
	uint64_t newest_ns;
	size_t slot;

	if (!isfinite(reading)) {
		settle_break(settle);
		return;
	}
	newest_ns = settle->n ? settle->at_ns[slot_of(settle, settle->n - 1)] : 0;
	if (settle->n && at_ns <= newest_ns)
		return;
	if (settle->n && at_ns - newest_ns > settle->limits.gap_ms * NS_PER_MS)
		settle->n = 0;
	if (settle->n == SETTLE_READINGS) {
		settle->first = slot_of(settle, 1);
		settle->n--;
	}
	slot = slot_of(settle, settle->n++);
	settle->at_ns[slot] = at_ns;
	settle->reading[slot] = reading;
}

/* How many of the newest lie within the band; their spread and mean. */
static size_t count_within(const struct settle *settle, struct settle_state *state)
{
	double low = INFINITY, high = -INFINITY, sum = 0;
	size_t within = 0;

	while (within < settle->n) {
		double reading = settle->reading[slot_of(settle, settle->n - 1 - within)];

		if (fmax(high, reading) - fmin(low, reading) > settle->limits.band)
			break;
		high = fmax(high, reading);
		low = fmin(low, reading);
		sum += reading;
		within++;
	}
	state->spread = within ? high - low : 0;
	state->mean = within ? sum / (double)within : NAN;
	return within;
}

/* Least squares through the newest @n. */
static double drift_of(const struct settle *settle, size_t n, double mean)
{
	uint64_t from_ns = settle->at_ns[slot_of(settle, settle->n - n)];
	double mean_min = 0, covariance = 0, variance = 0;

	for (size_t pass = 0; pass < 2; pass++)
		for (size_t i = settle->n - n; i < settle->n; i++) {
			size_t slot = slot_of(settle, i);
			double min = (double)(settle->at_ns[slot] - from_ns) / (60.0 * NS_PER_SEC);

			if (!pass) {
				mean_min += min / (double)n;
				continue;
			}
			covariance += (min - mean_min) * (settle->reading[slot] - mean);
			variance += (min - mean_min) * (min - mean_min);
		}
	return variance > 0 ? covariance / variance : 0;
}

struct settle_state settle_judge(const struct settle *settle)
{
	const struct settle_limits *limits = &settle->limits;
	struct settle_state state = { 0 };
	bool has_held;

	state.readings = count_within(settle, &state);
	if (state.readings)
		state.held_ms = (settle->at_ns[slot_of(settle, settle->n - 1)] -
				 settle->at_ns[slot_of(settle, settle->n - state.readings)]) /
				NS_PER_MS;
	if (state.readings > 2)
		state.drift_a_min = drift_of(settle, state.readings, state.mean);
	has_held = state.held_ms >= limits->hold_ms && state.readings >= limits->readings;
	state.drifts = has_held && fabs(state.drift_a_min) > limits->drift_a_min;
	state.is_settled = has_held && !state.drifts;
	if (state.held_ms < limits->hold_ms)
		state.left_ms = limits->hold_ms - state.held_ms;
	else if (!state.is_settled)
		state.left_ms = 1000;
	return state;
}
