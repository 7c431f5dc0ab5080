/* SPDX-License-Identifier: GPL-2.0-only */
/* How long to wait after a failure: 1 s, 2 s ... 30 s, each less up to half of it at
 * random, so that a fleet does not return in one step; never less than 1 s. */
#ifndef HYDROPON_BACKOFF_H
#define HYDROPON_BACKOFF_H

#include <stdint.h>

#define BACKOFF_MIN_MS 1000
#define BACKOFF_MAX_MS 30000
/* More than this a server's Retry-After is not believed. */
#define BACKOFF_RETRY_AFTER_MAX_MS 300000

struct backoff {
	uint32_t next_ms;	/* 0: no failure yet */
	uint32_t random;	/* seed; not 0 */
};

/* @retry_after_s: what the server asked for, 0 if it did not. */
uint32_t backoff_fail_ms(struct backoff *backoff, uint64_t retry_after_s);
void backoff_succeed(struct backoff *backoff);

#endif
