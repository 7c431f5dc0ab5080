/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much a store may still be sent: so many bytes in a month, for a line that is paid by them, and
 * so many a second of what has waited, for a line that others use as well. What is new goes before
 * what has waited: that may use 80 % of a month, and what is new all of it.
 */
#ifndef HYDROPON_ALLOWANCE_H
#define HYDROPON_ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/conf.h"

enum { ALLOWANCE_BACKLOG_PERCENT = 80 };

/* Kept with the cursor. */
struct allowance {
	uint64_t month;			/* of @bytes, as allowance_month() counts; 0: none yet */
	uint64_t bytes;			/* carried in that month, both ways */
};

/*
 * The month that @wall_ms is in, from 1 on, in local time; a month begins on day @begins_day, 1 .. 28.
 * 0: the clock is not set.
 */
uint64_t allowance_month(int64_t wall_ms, uint32_t begins_day);
/* When the month after that of @wall_ms begins. */
int64_t allowance_next_ms(int64_t wall_ms, uint32_t begins_day);
/* Begins the month of @wall_ms if it is another one. Without a clock the old one lasts. */
void allowance_follow(struct allowance *allowance, const struct conf_store *conf, int64_t wall_ms);

enum allowance_left {
	ALLOWANCE_ALL,
	ALLOWANCE_NEW_ONLY,		/* what has waited waits for the next month */
	ALLOWANCE_NOTHING,
};

/* As of the last allowance_follow(). */
enum allowance_left allowance_left(const struct allowance *allowance, const struct conf_store *conf);
/* How long a line of the drain rate is taken by so many bytes, 0 without a rate. */
uint64_t allowance_drain_ns(const struct conf_store *conf, uint64_t bytes);

#endif
