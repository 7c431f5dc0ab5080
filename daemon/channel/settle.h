/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Has a reading come to rest? It has when it stayed within a band for long enough, and its
 * course through that time is level. Pure; no clock of its own; any thread.
 */
#ifndef HYDROPON_SETTLE_H
#define HYDROPON_SETTLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"

enum { SETTLE_READINGS = 512 };

struct settle_limits {
	double band;		/* largest minus smallest reading, in the reading's unit */
	double drift_a_min;	/* at most so much a minute, up or down */
	uint64_t hold_ms;	/* for so long */
	uint64_t gap_ms;	/* a pause longer than this begins anew */
	size_t readings;	/* and so many of them */
};

struct settle {
	struct settle_limits limits;
	/* inside: a ring of the newest */
	size_t first, n;
	uint64_t at_ns[SETTLE_READINGS];
	double reading[SETTLE_READINGS];
};

struct settle_state {
	bool is_settled;
	size_t readings;	/* that stayed within the band, up to the newest */
	uint64_t held_ms;	/* for how long they did */
	uint64_t left_ms;	/* until it can be settled, at the earliest */
	double mean, spread;	/* of them; spread is the largest minus the smallest */
	double drift_a_min;	/* the line through them, per minute; 0 of fewer than three */
	bool drifts;		/* within the band for long enough, and only that is missing */
};

/*
 * What a probe of @quantity must hold. Of pH 1 mV for 20 s and 1 mV a minute: 0.02 pH, what buffers
 * are labelled with. Of others a share of @reading, which is about what is read. In the reading's
 * unit.
 */
struct settle_limits settle_limits_of(enum quantity quantity, double reading);

void settle_begin(struct settle *settle, const struct settle_limits *limits);
/* A reading that was no good: what came before it proves nothing. */
void settle_break(struct settle *settle);
/* One of a time that is not later than that of the newest is left out. */
void settle_take(struct settle *settle, uint64_t at_ns, double reading);
struct settle_state settle_judge(const struct settle *settle);

#endif
