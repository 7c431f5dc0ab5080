/* SPDX-License-Identifier: GPL-2.0-only */
/* Absolute deadlines on CLOCK_BOOTTIME, as the sampler has them. */
#ifndef HYDROPON_TESTS_PACE_H
#define HYDROPON_TESTS_PACE_H

#include <errno.h>
#include <stdint.h>
#include <time.h>

#define PACE_NS_PER_S 1000000000ULL

static inline uint64_t pace_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (uint64_t)now.tv_sec * PACE_NS_PER_S + (uint64_t)now.tv_nsec;
}

/* Sleeps until @at_ns. A signal ends it early with -EINTR. */
static inline int pace_sleep_until(uint64_t at_ns)
{
	struct timespec at = {
		.tv_sec = (time_t)(at_ns / PACE_NS_PER_S),
		.tv_nsec = (long)(at_ns % PACE_NS_PER_S),
	};

	return -clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &at, NULL);
}

#endif
