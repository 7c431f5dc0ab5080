/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYDROPON_CLOCK_H
#define HYDROPON_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_MS 1000000ULL
#define NS_PER_SEC 1000000000ULL

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

#endif
