// SPDX-License-Identifier: GPL-2.0-only
#include "channel/total.h"

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

void total_turn_day(struct total *total, const struct local_day *day)
{
	if (total->day != day->number)
		*total = (struct total){ .day = day->number };
}

void total_add(struct total *total, double rate, uint64_t ns, uint64_t most_ns)
{
	ns = least(ns, most_ns);
	total->sum += rate * ((double)ns / NS_PER_SEC);
	total->seen_ns += ns;
}

double total_missing(const struct total *total, uint64_t elapsed_ns, uint64_t whole_ns)
{
	if (elapsed_ns <= total->seen_ns || !whole_ns)
		return 0;
	return (double)(elapsed_ns - total->seen_ns) / (double)whole_ns;
}

/* What was counted after the change had the old level. */
static void correct(struct output_total *total, const struct output_level *level, double rate,
		    uint64_t since_ns)
{
	const struct output_level *before = &total->level;
	uint64_t changed_ns = level->changed_ns > before->changed_ns ? level->changed_ns :
								       before->changed_ns;
	uint64_t late_ns = least(total->at_ns > changed_ns ? total->at_ns - changed_ns : 0,
				 since_ns);

	total->total.sum += (level->on ? rate : -rate) * ((double)late_ns / NS_PER_SEC);
	if (total->total.sum < 0)
		total->total.sum = 0;
}

void output_total_take(struct output_total *total, const struct output_level *level, double rate,
		       uint64_t at_ns, uint64_t since_ns)
{
	bool goes_on = total->at_ns && total->level.is_known && level->is_known;
	uint64_t from_ns = total->at_ns, until_ns = at_ns > from_ns ? at_ns : from_ns;
	uint64_t changed_ns = until_ns;

	if (goes_on && level->on != total->level.on) {
		correct(total, level, rate, since_ns);
		changed_ns = level->changed_ns > from_ns ? least(level->changed_ns, until_ns) : from_ns;
	}
	if (goes_on) {
		uint64_t newer_ns = least(until_ns - changed_ns, since_ns);

		total_add(&total->total, total->level.on ? rate : 0, changed_ns - from_ns,
			  since_ns - newer_ns);
		total_add(&total->total, level->on ? rate : 0, newer_ns, since_ns);
	}
	total->level = *level;
	total->at_ns = until_ns;
}

void output_total_break(struct output_total *total)
{
	total->level.is_known = false;
}
