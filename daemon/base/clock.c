// SPDX-License-Identifier: GPL-2.0-only
#include "base/clock.h"

#include <string.h>
#include <sys/timex.h>

#include <systemd/sd-id128.h>

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

bool clock_boot_id(uint8_t id[16])
{
	sd_id128_t boot;
	int error = sd_id128_get_boot(&boot);

	if (error < 0)
		sd_id128_randomize(&boot);
	memcpy(id, boot.bytes, sizeof(boot.bytes));
	return error >= 0;
}
