// SPDX-License-Identifier: GPL-2.0-only
#include "spool/history.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool history_begin(struct history *history, int64_t from_ms, int64_t to_ms, int64_t step_ms)
{
	uint64_t steps;

	memset(history, 0, sizeof(*history));
	if (step_ms < 1 || to_ms <= from_ms)
		return false;
	steps = ((uint64_t)to_ms - (uint64_t)from_ms - 1) / (uint64_t)step_ms + 1;
	if (steps > HISTORY_STEPS_MAX)
		return false;
	history->from_ms = from_ms;
	history->step_ms = step_ms;
	history->steps_n = (size_t)steps;
	return true;
}

void history_end(struct history *history)
{
	for (size_t i = 0; i < history->series_n; i++)
		free(history->series[i].steps);
	history->series_n = 0;
}

static bool is_same(const struct spool_series *a, const struct spool_series *b)
{
	return !strcmp(a->channel, b->channel) && !strcmp(a->quantity, b->quantity) &&
	       !strcmp(a->unit, b->unit);
}

static struct history_series *find_series(struct history *history,
					  const struct spool_series *wanted)
{
	struct history_series *series;

	for (size_t i = 0; i < history->series_n; i++) {
		series = &history->series[i];
		if (!is_same(&series->series, wanted))
			continue;
		/* As exact as any of it. */
		if (series->series.decimals < wanted->decimals)
			series->series.decimals = wanted->decimals;
		return series;
	}
	if (history->series_n == HISTORY_SERIES_MAX)
		return NULL;
	series = &history->series[history->series_n];
	series->steps = calloc(history->steps_n, sizeof(*series->steps));
	if (!series->steps) {
		history->is_out_of_memory = true;
		return NULL;
	}
	series->series = *wanted;
	history->series_n++;
	return series;
}

void history_explain(struct history *history, const struct spool_schema *schema)
{
	if (history->schema.series_n == schema->series_n &&
	    !memcmp(history->schema.series, schema->series,
		    schema->series_n * sizeof(schema->series[0])))
		return;
	history->schema = *schema;
	for (size_t i = 0; i < HYDROPON_MAX_CHANNELS; i++)
		history->at[i] = -1;
}

static struct history_series *series_of(struct history *history, size_t channel)
{
	struct history_series *series;

	if (history->at[channel] >= 0)
		return &history->series[history->at[channel]];
	series = find_series(history, &history->schema.series[channel]);
	if (series)
		history->at[channel] = (int)(series - history->series);
	return series;
}

static void add_value(struct history_step *step, const struct sample *sample)
{
	if (!step->n || sample->value < step->least) {
		step->least = sample->value;
		step->least_ms = sample->wall_ms;
	}
	if (!step->n || sample->value > step->greatest) {
		step->greatest = sample->value;
		step->greatest_ms = sample->wall_ms;
	}
	if (!step->n || sample->wall_ms >= step->last_ms) {
		step->last = sample->value;
		step->last_ms = sample->wall_ms;
	}
	step->n++;
	step->uncertain += !quality_is_good(sample->q);
	step->sum += sample->value;
}

void history_add(struct history *history, const struct sample *sample)
{
	struct history_series *series;
	struct history_step *step;
	uint64_t at;

	if (sample->wall_ms < history->from_ms)
		return;
	at = ((uint64_t)sample->wall_ms - (uint64_t)history->from_ms) / (uint64_t)history->step_ms;
	if (at >= history->steps_n)
		return;
	series = series_of(history, sample->channel);
	if (!series) {
		history->left_out++;
		return;
	}
	step = &series->steps[at];
	if (quality_has_value(sample->q) && isfinite(sample->value))
		add_value(step, sample);
	else
		step->without++;
}

double history_mean(const struct history_step *step)
{
	double mean = step->n ? step->sum / (double)step->n : 0;

	/* The sum of huge numbers is none. */
	return mean > step->greatest ? step->greatest : mean >= step->least ? mean : step->least;
}

int64_t history_step_for(int64_t span_ms, size_t most)
{
	static const int64_t lengths_s[] = {
		1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200,
		86400, 2 * 86400, 7 * 86400,
	};
	const int64_t week_ms = 7 * 86400 * INT64_C(1000);
	int64_t weeks;

	for (size_t i = 0; i < sizeof(lengths_s) / sizeof(lengths_s[0]); i++)
		if (span_ms / (lengths_s[i] * 1000) < (int64_t)most ||
		    span_ms == lengths_s[i] * 1000 * (int64_t)most)
			return lengths_s[i] * 1000;
	weeks = span_ms / week_ms / (int64_t)most + 1;
	return weeks * week_ms;
}

int64_t history_align(int64_t ms, int64_t step_ms, int64_t ahead_ms)
{
	int64_t local = ms + ahead_ms, rest = local % step_ms;

	if (rest < 0)
		rest += step_ms;
	return ms - rest;
}
