/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A circuit breaker for each device of a bus that all of them share: one that does not answer
 * costs a timeout each time it is asked. After BREAKER_FAILURES in a row it is no longer asked
 * but for a probe now and then. What probes cost is capped for the whole bus: after one that
 * failed there is none for BREAKER_REST times as long as it took, so that failing probes have at
 * most 1 / (1 + BREAKER_REST) of the bus, however many devices are dead. Pure; times are
 * CLOCK_BOOTTIME; one thread.
 */
#ifndef HYDROPON_BREAKER_H
#define HYDROPON_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#define BREAKER_FAILURES 3
#define BREAKER_REST 24			/* 4 % */
#define BREAKER_PAUSE_MIN_MS 1000	/* doubles with each probe that fails */
#define BREAKER_PAUSE_MAX_MS 30000

/* Of a bus. */
struct probing {
	uint64_t next_ns;
};

/* Of a device; all zero: closed. */
struct breaker {
	bool is_open;
	unsigned int failures;		/* in a row */
	uint32_t pause_ms;
	uint64_t probe_ns;		/* while open: not before */
};

/* The earliest time at which the device may be asked; 0: at any. */
uint64_t breaker_until(const struct breaker *breaker, const struct probing *probing);
/* It has answered, whatever the answer was. True: the breaker was open. */
bool breaker_good(struct breaker *breaker);
/* It has not, which took @cost_ns until @now_ns. True: that has opened the breaker. */
bool breaker_bad(struct breaker *breaker, struct probing *probing, uint64_t now_ns,
		 uint64_t cost_ns);

#endif
