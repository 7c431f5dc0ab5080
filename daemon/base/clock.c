// SPDX-License-Identifier: GPL-2.0-only
#include "base/clock.h"

#include <sys/timex.h>

/* The kernel's own word: whoever sets the clock by a server tells it so, and it forgets that
 * some hours after the last correction.
 */
static bool is_synchronized(void)
{
	struct timex timex = { .modes = 0 };

	return adjtimex(&timex) >= 0 && !(timex.status & STA_UNSYNC);
}

struct clock_pair clock_pair_now(bool trusts_unsynchronized)
{
	struct clock_pair now;
	int tries = 3;

	/* First: a clock that is stepped right after that is only taken for not set yet. */
	now.is_set = trusts_unsynchronized || is_synchronized();
	do {
		now.boot_ns = clock_boot_ns();
		now.wall_ms = clock_wall_ms();
	} while (clock_boot_ns() - now.boot_ns > NS_PER_MS && --tries);
	now.is_set = now.is_set && clock_is_plausible(now.wall_ms);
	return now;
}
