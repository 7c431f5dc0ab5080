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
	struct clock_pair now = { .boot_ns = clock_boot_ns(), .wall_ms = clock_wall_ms() };

	now.is_set = clock_is_plausible(now.wall_ms) &&
		     (trusts_unsynchronized || is_synchronized());
	return now;
}
