/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Totals: what something has added up to since the beginning of the local day, or since it was
 * first looked at, and how much of that time was seen. What was not seen is not made up: it is
 * missing, and whoever asks is told how much. Pure; no clock of its own; any thread.
 */
#ifndef HYDROPON_TOTAL_H
#define HYDROPON_TOTAL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/clock.h"

struct total {
	double sum;			/* in the unit of what was added */
	uint64_t seen_ns;		/* that it was added up over */
	int32_t day;			/* struct local_day; 0: of no day */
};

/* Begins anew if @day is another one. */
void total_turn_day(struct total *total, const struct local_day *day);
/*
 * Adds @rate, per second, over the newest @ns. Of them only the last @most_ns count: the rest was
 * before the beginning.
 */
void total_add(struct total *total, double rate, uint64_t ns, uint64_t most_ns);
/* How much of @elapsed_ns since the beginning is missing, as a share of @whole_ns. */
double total_missing(const struct total *total, uint64_t elapsed_ns, uint64_t whole_ns);

/* What an output was told to be, as the kernel says. */
struct output_level {
	bool is_known;			/* its device is there */
	bool on;
	uint64_t changed_ns;		/* BOOTTIME since when */
};

/* For how long an output was on, times a rate. */
struct output_total {
	struct total total;
	struct output_level level;	/* up to @at_ns */
	uint64_t at_ns;			/* 0: not looked at yet */
};

/*
 * Takes the level at @at_ns; @since_ns of the day are over. May be told of a change after it has
 * counted beyond it, and corrects that; of each change, or one that was undone is not seen.
 */
void output_total_take(struct output_total *total, const struct output_level *level, double rate,
		       uint64_t at_ns, uint64_t since_ns);
/* Nothing is known of the time until the next level. */
void output_total_break(struct output_total *total);

#endif
