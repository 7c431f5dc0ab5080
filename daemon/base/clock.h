/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYDROPON_CLOCK_H
#define HYDROPON_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#define NS_PER_MS 1000000ULL
#define NS_PER_SEC 1000000000ULL

/* 2026-01-01: no board that runs this was ever before it, whatever its clock says. */
#define CLOCK_EARLIEST_MS 1767225600000LL

static inline uint64_t clock_ns(clockid_t id)
{
	struct timespec ts;

	clock_gettime(id, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_SEC + (uint64_t)ts.tv_nsec;
}

/* For every deadline. Counts through suspend, never steps. */
static inline uint64_t clock_boot_ns(void) { return clock_ns(CLOCK_BOOTTIME); }
/* Data to be stored, never a deadline. */
static inline int64_t clock_wall_ms(void) { return (int64_t)(clock_ns(CLOCK_REALTIME) / NS_PER_MS); }

static inline bool clock_is_plausible(int64_t wall_ms) { return wall_ms >= CLOCK_EARLIEST_MS; }

/* Both clocks read at one moment, to turn BOOTTIME into wall time. */
struct clock_pair {
	uint64_t boot_ns;
	int64_t wall_ms;
	bool is_set;		/* the wall clock is right: by a server's word, or the operator's */
};

/* @trusts_unsynchronized: the operator's word is given for a clock that no server has set. */
struct clock_pair clock_pair_now(bool trusts_unsynchronized);

/* A day of the wall clock, in the time zone of the machine. */
struct local_day {
	int32_t number;		/* 20260131 */
	uint64_t since_ns;	/* since its midnight, by true time: summer time may begin or end in it */
};

/*
 * The day of @wall_ms. Touches no disk, if clock_load_zone() was called before: then a change of
 * the time zone is only seen by the next process.
 */
struct local_day clock_local_day(int64_t wall_ms);
void clock_load_zone(void);

/* The kernel's name of this boot, 16 bytes. False: it cannot be read, and a random one was made. */
bool clock_boot_id(uint8_t id[16]);

#endif
