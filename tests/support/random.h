/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers by chance that a seed brings back, and what the environment asks for. */
#ifndef HYDROPON_TESTS_RANDOM_H
#define HYDROPON_TESTS_RANDOM_H

#include <stdint.h>
#include <stdlib.h>

/* splitmix64 */
static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static inline uint64_t number_from(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

#endif
