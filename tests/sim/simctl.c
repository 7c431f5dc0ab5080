// SPDX-License-Identifier: GPL-2.0-only
/*
 * simctl: the simulated wires from a shell.
 *
 *	simctl set PATH VALUE		prints the BOOTTIME in ns just before
 *	simctl get PATH
 *	simctl last CHIP LINE		"NS LEVEL" of the newest transition of a line
 *	simctl after CHIP LINE LEVEL NS	"NS" of the first transition to LEVEL since NS
 *	simctl now			"BOOTTIME_NS REALTIME_MS"
 *	simctl clock REALTIME_MS	sets the wall clock, and tells the kernel that it is right,
 *					as who has asked a time server does
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

#include "base/clock.h"
#include "sim.h"

static int fail(const char *what, int ret)
{
	fprintf(stderr, "simctl: %s: %s\n", what, strerror(-ret));
	return 1;
}

static int set_clock(int64_t wall_ms)
{
	struct timex timex = { .modes = ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR, .status = STA_PLL };
	struct timespec ts = { .tv_sec = wall_ms / 1000, .tv_nsec = wall_ms % 1000 * 1000000 };

	return clock_settime(CLOCK_REALTIME, &ts) < 0 || adjtimex(&timex) < 0 ? -errno : 0;
}

int main(int argc, char **argv)
{
	struct sim_transition found;
	long long value;
	int ret;

	if (argc == 4 && !strcmp(argv[1], "set")) {
		uint64_t now_ns = clock_boot_ns();

		ret = sim_write(argv[2], strtoll(argv[3], NULL, 0));
		if (ret)
			return fail(argv[2], ret);
		printf("%" PRIu64 "\n", now_ns);
	} else if (argc == 3 && !strcmp(argv[1], "get")) {
		ret = sim_read(argv[2], &value);
		if (ret)
			return fail(argv[2], ret);
		printf("%lld\n", value);
	} else if (argc == 4 && !strcmp(argv[1], "last")) {
		ret = sim_transition_last(argv[2], (unsigned int)atoi(argv[3]), &found);
		if (ret)
			return fail(argv[2], ret);
		printf("%" PRIu64 " %d\n", found.ns, found.level);
	} else if (argc == 6 && !strcmp(argv[1], "after")) {
		ret = sim_transition_first(argv[2], (unsigned int)atoi(argv[3]), atoi(argv[4]) != 0,
					   strtoull(argv[5], NULL, 10), &found);
		if (ret)
			return fail(argv[2], ret);
		printf("%" PRIu64 "\n", found.ns);
	} else if (argc == 2 && !strcmp(argv[1], "now")) {
		printf("%" PRIu64 " %" PRId64 "\n", clock_boot_ns(), clock_wall_ms());
	} else if (argc == 3 && !strcmp(argv[1], "clock")) {
		ret = set_clock(strtoll(argv[2], NULL, 10));
		if (ret)
			return fail("the clock", ret);
	} else {
		fputs("usage: simctl set PATH VALUE | get PATH | last CHIP LINE | after CHIP LINE LEVEL NS | "
		      "now | clock REALTIME_MS\n", stderr);
		return 2;
	}
	return 0;
}
