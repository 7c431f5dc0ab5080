/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The line by which a value follows its raw. Finding it may use what arithmetic it
 * likes; going along it is whole numbers alone, the same on every machine.
 */
#ifndef HYDROPON_FIT_H
#define HYDROPON_FIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The value grows by (offset + slope * growth of the raw) >> shift, rounded down. */
struct fit {
	int64_t slope;
	uint64_t offset;	/* below 1 << shift */
	unsigned int shift;	/* at most FIT_SHIFT_MAX */
};

enum { FIT_SHIFT_MAX = 62 };

/*
 * The line through @n pairs, with as few digits as serve; where no line meets all of
 * them, one that passes near. False: there is none worth trying.
 */
bool fit_find(struct fit *fit, const int32_t *raw, const int64_t *value, size_t n);

/* The growth of the value when the raw has grown by @growth. Wraps. */
static inline uint64_t fit_along(const struct fit *fit, int64_t growth)
{
	uint64_t at = fit->offset + (uint64_t)fit->slope * (uint64_t)growth;

	return (uint64_t)((int64_t)at >> fit->shift);
}

#endif
