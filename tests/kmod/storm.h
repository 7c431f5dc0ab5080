/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests in the guest: a line that chatters. */
#ifndef HYDROPON_TESTS_STORM_H
#define HYDROPON_TESTS_STORM_H

#include <sched.h>

#include "controller.h"

/* From the end of a storm on: what is left of the masked time, a beat to see it. */
#define STORM_OVER_MS 1300

static inline void pin_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	EXPECT_EQ(sched_setaffinity(0, sizeof(set), &set), 0);
}

/* The edges are made by a CPU of their own: on a farm a wire makes them. */
static inline void set_storm(const char *chip, unsigned int line, unsigned int hz_milli)
{
	pin_to(1);
	EXPECT_EQ(sim_pulses_set(chip, line, hz_milli), 0);
	pin_to(0);
}

/* Interrupts so far of the lines that the kernel lists under that name, on all CPUs. */
static inline long long count_interrupts(const char *name)
{
	FILE *file = fopen("/proc/interrupts", "r");
	long long sum = 0;
	char text[256];

	while (file && fgets(text, sizeof(text), file)) {
		char *last = strrchr(text, ' '), *at = strchr(text, ':');
		int length;

		if (!last || !at || strcspn(last + 1, "\n") != strlen(name) ||
		    strncmp(last + 1, name, strlen(name)))
			continue;
		for (at++; sscanf(at, "%*d%n", &length) == 0 && length > 0; at += length, length = 0)
			sum += atoll(at);
	}
	if (file)
		fclose(file);
	return sum;
}

#endif
