/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Samples summed up: least, mean and greatest value of each series in equal steps of time.
 * Memory is bounded by what is asked for; nothing here waits. One thread.
 */
#ifndef HYDROPON_SPOOL_HISTORY_H
#define HYDROPON_SPOOL_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sample.h"
#include "spool/schema.h"

enum {
	HISTORY_STEPS_MAX = 100000,	/* of one series */
	HISTORY_SERIES_MAX = 4 * HYDROPON_MAX_CHANNELS,
};

/* Samples of one series in one step. */
struct history_step {
	uint64_t n;		/* with a value, whatever its quality */
	uint64_t without;	/* without one: BAD */
	uint64_t uncertain;	/* of the n */
	double least, greatest, sum;
	int64_t least_ms, greatest_ms, last_ms;	/* the first with that value; the newest */
	double last;		/* value of the newest of the n by its stamp */
};

struct history_series {
	struct spool_series series;
	struct history_step *steps;	/* history.steps_n */
};

struct history {
	int64_t from_ms, step_ms;
	size_t steps_n, series_n;
	struct history_series series[HISTORY_SERIES_MAX];
	uint64_t left_out;		/* samples of more series than there is room for */
	bool is_out_of_memory;
	/* Where the series of the newest schema are; -1: not looked for. */
	struct spool_schema schema;
	int at[HYDROPON_MAX_CHANNELS];
};

/*
 * Steps of @step_ms, 1 or more, from @from_ms on, the last of which ends at or after @to_ms. False
 * if these are none, or more than HISTORY_STEPS_MAX.
 */
bool history_begin(struct history *history, int64_t from_ms, int64_t to_ms, int64_t step_ms);
void history_end(struct history *history);

/* What explains the samples that come next; a channel whose quantity or unit has changed is another series. */
void history_explain(struct history *history, const struct spool_schema *schema);
/* Counts a sample by its stamp. What is outside of the steps is not counted. Not finite values count as
 * none.
 */
void history_add(struct history *history, const struct sample *sample);
double history_mean(const struct history_step *step);

/*
 * A length of step that people count in (1 s, 5 s, 1 min, 1 h, 1 d, ...), so that @span_ms has at
 * most @most of them.
 */
int64_t history_step_for(int64_t span_ms, size_t most);
/* The stamp at or before @ms at which a step of that length begins where the clock is @ahead_ms before UTC. */
int64_t history_align(int64_t ms, int64_t step_ms, int64_t ahead_ms);

#endif
