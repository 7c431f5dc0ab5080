/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Makes stamps of what the wall clock said. No I/O and no clock of its own.
 *
 * A stamp that is by a set clock is final. In one channel and clk none comes twice and none goes
 * back: a wall clock that is set back by more than 1.5 s begins another clk; within that the
 * stamps wait for it. Before the clock is set in a boot there are no stamps: once it is, the
 * note tells how far the wall clock is ahead of BOOTTIME in that boot, and what is known by then
 * of earlier boots that ended without it. What was once told of a boot is never told otherwise.
 */
#ifndef HYDROPON_SPOOL_TIMEKEEPER_H
#define HYDROPON_SPOOL_TIMEKEEPER_H

#include "base/conf.h"
#include "base/sample.h"
#include "spool/point.h"
#include "spool/time_search.h"

enum {
	TIMEKEEPER_POINTS = HYDROPON_MAX_CHANNELS,	/* all points, as if they were a channel */
	TIMEKEEPER_SERIES,
};

struct timekeeper {
	struct time_note note;		/* what is to be told */
	bool is_due;			/* before what was stamped is committed */
	bool has_ahead;			/* of stamps by a set clock: */
	int64_t ahead_ms;		/* wall clock less BOOTTIME, of the newest */
	int64_t top_ahead_ms;		/* the most of this clk and process */
	int64_t last_ms[TIMEKEEPER_SERIES];	/* stamp of this clk; INT64_MIN: none */
	int64_t unset_ms[TIMEKEEPER_SERIES];	/* BOOTTIME of the newest without; -1: none */
	uint64_t point_ns;		/* BOOTTIME of the newest point */
	int64_t rtc_ahead_ms;		/* as in time_boot; the last is note.rtc_s */
	uint32_t rtc_first_s;
	bool has_unset;			/* samples were taken before the clock was set */
};

/* @boot_id: random, another one with each boot of the board. */
void timekeeper_begin(struct timekeeper *keeper, const uint8_t boot_id[TIME_BOOT_ID_BYTES]);
/* A spool was opened, in which that was found; NULL: it is a new one. */
void timekeeper_open(struct timekeeper *keeper, const struct time_found *found);
/* A reading of the RTC, in seconds since 1970. Of no use once the clock is set: then the kernel
 * may have set the RTC by it.
 */
void timekeeper_take_rtc(struct timekeeper *keeper, uint64_t boot_ns, uint32_t rtc_s);
/* Stamps samples in place, in the order in which they were taken; each once. */
void timekeeper_stamp(struct timekeeper *keeper, struct sample *samples, size_t n);

/* The same of a point: no other has its stamp, or its BOOTTIME in ms. */
void timekeeper_stamp_point(struct timekeeper *keeper, struct point *point);

/* The bytes of a note that is to be record @record. @is_short: where nothing is due. */
size_t timekeeper_put(struct timekeeper *keeper, uint8_t to[NOTE_BYTES_MAX], uint64_t record,
		      uint64_t boot_ns, int64_t wall_ms, bool is_short);
/* That note, with all boots, is durable. */
void timekeeper_written(struct timekeeper *keeper, uint64_t record);

#endif
