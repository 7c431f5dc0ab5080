// SPDX-License-Identifier: GPL-2.0-only
#include "forward/backoff.h"

/* Marsaglia, Xorshift RNGs (2003), the triple 13, 17, 5. */
static uint32_t next_random(struct backoff *backoff)
{
	uint32_t x = backoff->random;

	x ^= x << 13;
	x ^= x >> 17;
	x ^= x << 5;
	return backoff->random = x;
}

uint32_t backoff_fail_ms(struct backoff *backoff, uint64_t retry_after_s)
{
	uint32_t full_ms = backoff->next_ms ? backoff->next_ms : BACKOFF_MIN_MS;
	uint32_t wait_ms = full_ms - next_random(backoff) % (full_ms / 2 + 1);

	backoff->next_ms = full_ms < BACKOFF_MAX_MS / 2 ? full_ms * 2 : BACKOFF_MAX_MS;
	if (wait_ms < BACKOFF_MIN_MS)
		wait_ms = BACKOFF_MIN_MS;
	if (retry_after_s > BACKOFF_RETRY_AFTER_MAX_MS / 1000)
		return BACKOFF_RETRY_AFTER_MAX_MS;
	return retry_after_s * 1000 > wait_ms ? (uint32_t)retry_after_s * 1000 : wait_ms;
}

void backoff_succeed(struct backoff *backoff)
{
	backoff->next_ms = 0;
}
