/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records that every store has had, as ranges of numbers. A hint: it decides in which order a spool that
 * is full gives up what it holds, and nothing else.
 */
#ifndef HYDROPON_SPOOL_DELIVERED_H
#define HYDROPON_SPOOL_DELIVERED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DELIVERED_MAX = 128 };

struct delivered_range {
	uint64_t first, end;
};

/* Apart, in order. All 0: nothing. */
struct delivered {
	size_t n;
	struct delivered_range ranges[DELIVERED_MAX];
};

/* Everything: of no store at all. */
void delivered_all(struct delivered *delivered);
/* Leaves what is in these ranges, apart and in order, as well. What is more than there is room for is left
 * out.
 */
void delivered_meet(struct delivered *delivered, const struct delivered_range *ranges, size_t n);
/* Whether all of the records from @first on, before @end, are among them. */
bool delivered_holds(const struct delivered *delivered, uint64_t first, uint64_t end);

#endif
