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

void clock_load_zone(void)
{
	tzset();
}

static int32_t second_of_day(const struct tm *tm)
{
	return (tm->tm_hour * 60 + tm->tm_min) * 60 + tm->tm_sec;
}

static int32_t number_of_day(const struct tm *tm)
{
	return ((tm->tm_year + 1900) * 100 + tm->tm_mon + 1) * 100 + tm->tm_mday;
}

/* mktime() would look at the file of the time zone each time. */
struct local_day clock_local_day(int64_t wall_ms)
{
	time_t now_s = (time_t)(wall_ms / 1000), midnight_s;
	struct tm now = { 0 }, then = { 0 };

	localtime_r(&now_s, &now);
	midnight_s = now_s - second_of_day(&now);
	/* Where the clock was changed since, that is an hour off. */
	localtime_r(&midnight_s, &then);
	if (number_of_day(&then) == number_of_day(&now))
		midnight_s -= second_of_day(&then);
	else
		midnight_s += 24 * 3600 - second_of_day(&then);
	return (struct local_day){
		.number = number_of_day(&now),
		.since_ns = (uint64_t)(wall_ms - (int64_t)midnight_s * 1000) * NS_PER_MS,
	};
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
