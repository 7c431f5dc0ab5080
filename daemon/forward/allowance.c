// SPDX-License-Identifier: GPL-2.0-only
#include "forward/allowance.h"

#include <time.h>

#include "base/clock.h"

uint64_t allowance_month(int64_t wall_ms, uint32_t begins_day)
{
	time_t time = (time_t)(wall_ms / 1000);
	struct tm tm;

	if (!clock_is_plausible(wall_ms) || !localtime_r(&time, &tm))
		return 0;
	return (uint64_t)(tm.tm_year * 12 + tm.tm_mon + (tm.tm_mday >= (int)begins_day));
}

int64_t allowance_next_ms(int64_t wall_ms, uint32_t begins_day)
{
	time_t time = (time_t)(wall_ms / 1000);
	struct tm tm, next = { .tm_mday = (int)begins_day, .tm_isdst = -1 };

	if (!localtime_r(&time, &tm))
		return wall_ms;
	next.tm_year = tm.tm_year;
	next.tm_mon = tm.tm_mon + (tm.tm_mday >= (int)begins_day);
	return (int64_t)mktime(&next) * 1000;
}

void allowance_follow(struct allowance *allowance, const struct conf_store *conf, int64_t wall_ms)
{
	uint64_t month = allowance_month(wall_ms, conf->month_begins);

	/* A clock that was far ahead for a moment must not keep the months until then. */
	if (month && month + 1 < allowance->month)
		allowance->month = month;
	/* A clock that goes back into the month before does not give that one again. */
	if (month <= allowance->month)
		return;
	allowance->month = month;
	allowance->bytes = 0;
}

enum allowance_left allowance_left(const struct allowance *allowance, const struct conf_store *conf)
{
	uint64_t all = conf->monthly_bytes;

	if (!all || allowance->bytes < all / 100 * ALLOWANCE_BACKLOG_PERCENT)
		return ALLOWANCE_ALL;
	return allowance->bytes < all ? ALLOWANCE_NEW_ONLY : ALLOWANCE_NOTHING;
}

uint64_t allowance_drain_ns(const struct conf_store *conf, uint64_t bytes)
{
	return conf->drain_rate ? bytes * NS_PER_SEC / conf->drain_rate : 0;
}
