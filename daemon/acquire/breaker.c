// SPDX-License-Identifier: GPL-2.0-only
#include "acquire/breaker.h"

#include "base/clock.h"

uint64_t breaker_until(const struct breaker *breaker, const struct probing *probing)
{
	if (!breaker->is_open)
		return 0;
	return breaker->probe_ns > probing->next_ns ? breaker->probe_ns : probing->next_ns;
}

bool breaker_good(struct breaker *breaker)
{
	bool was_open = breaker->is_open;

	*breaker = (struct breaker){ 0 };
	return was_open;
}

bool breaker_bad(struct breaker *breaker, struct probing *probing, uint64_t now_ns,
		 uint64_t cost_ns)
{
	bool was_open = breaker->is_open;

	breaker->failures++;
	if (breaker->failures < BREAKER_FAILURES)
		return false;
	if (!was_open)
		breaker->pause_ms = BREAKER_PAUSE_MIN_MS;
	else if (breaker->pause_ms < BREAKER_PAUSE_MAX_MS / 2)
		breaker->pause_ms *= 2;
	else
		breaker->pause_ms = BREAKER_PAUSE_MAX_MS;
	breaker->is_open = true;
	breaker->probe_ns = now_ns + breaker->pause_ms * NS_PER_MS;
	probing->next_ns = now_ns + cost_ns * BREAKER_REST;
	return !was_open;
}
