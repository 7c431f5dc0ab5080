/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verdict on a value, and how old a reading may be. Pure functions; any thread.
 */
#ifndef HYDROPON_JUDGE_H
#define HYDROPON_JUDGE_H

#include "base/conf.h"
#include "base/sample.h"

/* The temperature that a compensated channel goes by. */
struct temperature {
	double celsius;		/* now, or when it was last good */
	bool is_known;		/* it has been good at least once */
	bool is_good;		/* it is now */
};

/*
 * Of a value that was read, calibrated and compensated. @temperature: NULL for a
 * channel without compensation. Not finite or outside min .. max: Q_BAD_RANGE.
 */
enum quality judge_value(const struct conf_channel *conf, double value,
			 const struct temperature *temperature);

/*
 * True if something of @then_ns is too old at @now_ns for this channel. What claims
 * to be of more than a second ahead is too old as well: nobody knows its age.
 */
bool judge_is_stale(const struct conf_channel *conf, uint64_t then_ns, uint64_t now_ns);

#endif
