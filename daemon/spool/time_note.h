/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the spool knows of time, as a note in it: docs/spool-format.md describes the bytes.
 * The newest one tells all.
 */
#ifndef HYDROPON_SPOOL_TIME_NOTE_H
#define HYDROPON_SPOOL_TIME_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spool/frame.h"

enum { TIME_BOOTS = 40, TIME_BOOT_ID_BYTES = 16 };

enum time_proof {
	TIME_WAITS,		/* its clock was not set yet, or its board has lost power so */
	TIME_BY_CLOCK,		/* the clock was set later in that boot */
	TIME_BY_RTC,		/* the RTC counted through from there to where a clock was set */
	TIME_NEVER,		/* nothing tells any more */
};

/* A boot with samples whose stamps were taken before the clock was set. */
struct time_boot {
	uint64_t first;		/* record from which on they are of this boot */
	uint32_t number;
	enum time_proof proof;
	int8_t clk;		/* of the stamps, once there is a proof */
	int64_t ahead_ms;	/* wall clock less BOOTTIME, once there is a proof */
	int64_t rtc_ahead_ms;	/* RTC less BOOTTIME, when it was first read */
	/* RTC, before the clock was set; 0: none. The last may be later: rtc_s of a short note of
	 * that boot. The first is UINT32_MAX where somebody set the RTC in that time.
	 */
	uint32_t rtc_first_s, rtc_last_s;
	int64_t end_ms;		/* BOOTTIME of its last sample, once another boot has come */
};

struct time_note {
	uint32_t boot;		/* 1, 2 ... over the life of the spool */
	uint8_t boot_id[TIME_BOOT_ID_BYTES];
	bool is_set;		/* the clock, at some time in this boot */
	int8_t clk;		/* of the newest stamp */
	int64_t top_ms;		/* the latest stamp of that clk; INT64_MIN: none */
	uint64_t boot_ns;	/* when it was written */
	int64_t wall_ms;
	uint32_t rtc_s;		/* RTC at that time, before the clock was set; 0: none */
	/* A short note leaves the boots out, and names the record that has them. */
	bool is_short;
	uint64_t boots_at;
	size_t boots_n;
	struct time_boot boots[TIME_BOOTS];	/* the oldest first */
};

/* Returns the size. */
size_t time_note_put(uint8_t to[NOTE_BYTES_MAX], const struct time_note *note);
/* False if the bytes are none, or break a limit above. */
bool time_note_get(const uint8_t *from, size_t size, struct time_note *note);

#endif
