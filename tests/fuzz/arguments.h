/* SPDX-License-Identifier: GPL-2.0-only */
/* Arguments for ioctls: valid ones, valid ones with something changed, noise; at addresses
 * that are the caller's, that nearly are, and that are not.
 */
#ifndef HYDROPON_TESTS_ARGUMENTS_H
#define HYDROPON_TESTS_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <linux/hydropon.h>

#include "support/random.h"

struct rng { uint64_t state; };

static inline uint64_t rng_next(struct rng *rng)
{
	return random_next(&rng->state);
}

static inline uint32_t below(struct rng *rng, uint32_t n)
{
	return (uint32_t)(rng_next(rng) % n);
}

static inline bool one_in(struct rng *rng, uint32_t n)
{
	return !below(rng, n);
}

/* A number at which code goes wrong. */
static inline uint32_t edge_number(struct rng *rng)
{
	static const uint32_t numbers[] = {
		0, 1, 2, 3, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 255, 256, 899, 900, 999, 1000,
		2000, 2001, 4095, 4096, 4097, 10000, 10001, 3600000, 3600001, 0x7fffffff, 0x80000000,
		0xfffffffe, 0xffffffff,
	};

	return numbers[below(rng, sizeof(numbers) / sizeof(*numbers))];
}

static inline void fill_noise(struct rng *rng, void *to, size_t size)
{
	for (size_t i = 0; i < size; i++)
		((uint8_t *)to)[i] = (uint8_t)rng_next(rng);
}

/* A bit, a byte, or a number of 32 bits. */
static inline void mutate(struct rng *rng, void *at, size_t size)
{
	uint8_t *bytes = at;
	uint32_t number;

	if (!size)
		return;
	for (uint32_t n = 1 + below(rng, 3); n; n--) {
		switch (below(rng, 3)) {
		case 0:
			bytes[below(rng, (uint32_t)size)] ^= (uint8_t)(1U << below(rng, 8));
			break;
		case 1:
			bytes[below(rng, (uint32_t)size)] = (uint8_t)rng_next(rng);
			break;
		default:
			number = edge_number(rng);
			if (size >= 4)
				memcpy(bytes + 4 * below(rng, (uint32_t)size / 4), &number, 4);
		}
	}
}

/* Pages of a thread in which arguments are put. */
struct places {
	char *pages[2];	/* two of the caller's, then one that is nobody's; twice */
	char *sealed;	/* one that cannot be written */
	char *shared;	/* one in which every thread scribbles */
	size_t page;
};

static inline bool places_init(struct places *places, char *shared)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	places->page = page;
	places->shared = shared;
	places->sealed = mmap(NULL, page, PROT_READ, flags, -1, 0);
	if (places->sealed == MAP_FAILED)
		return false;
	for (int i = 0; i < 2; i++) {
		places->pages[i] = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, flags, -1, 0);
		if (places->pages[i] == MAP_FAILED ||
		    mprotect(places->pages[i] + 2 * page, page, PROT_NONE))
			return false;
	}
	return true;
}

/* Where an argument of @size bytes goes: @from is copied there if it can be. Nine times in
 * ten it is the caller's whole own memory. @which: 1 for what another argument points to.
 */
static inline void *place(struct rng *rng, const struct places *places, int which,
			  const void *from, size_t size)
{
	char *pages = places->pages[which], *end = pages + 2 * places->page, *at;
	uint32_t way = below(rng, 40);

	if (way < 30) {
		/* across the border of two pages, or anywhere before it, at any alignment */
		at = pages + below(rng, (uint32_t)places->page);
	} else if (way < 35) {
		at = end - size;
	} else if (way < 37) {
		at = places->shared + below(rng, (uint32_t)(places->page - size));
	} else if (way == 37) {
		/* it ends in what is nobody's */
		at = end - below(rng, (uint32_t)size + 1);
		memcpy(at, from, (size_t)(end - at));
		return at;
	} else if (way == 38) {
		return places->sealed + below(rng, (uint32_t)(places->page - size));
	} else {
		static const uintptr_t nobodys[] = {
			0, 1, 0xffff800010000000, 0xffffffffffffffff, 0x0001000000000000,
			0xdead000000000100,
		};

		return (void *)nobodys[below(rng, sizeof(nobodys) / sizeof(*nobodys))];
	}
	memcpy(at, from, size);
	return at;
}

/* What the gateway is like, as the process has seen it. */
struct gateway_view {
	uint32_t outputs, channels, beat;
	bool safe_on[HYDROPON_MAX_OUTPUTS];
};

static inline struct hydropon_interlock valid_interlock(struct rng *rng,
							const struct gateway_view *view)
{
	struct hydropon_interlock entry = {
		.id = (uint32_t)rng_next(rng),
		.channel = below(rng, view->channels + 1),
		.output = below(rng, view->outputs),
		.while_output = one_in(rng, 2) ? HYDROPON_NONE : below(rng, view->outputs),
		.compare = (uint8_t)(1 + below(rng, 2)),
		.level = (uint8_t)(1 + below(rng, 3)),
		.hold_ms = one_in(rng, 2) ? 0 : below(rng, 500),
		.stale_ms = one_in(rng, 2) ? 0 : below(rng, 2000),
		.release_ms = one_in(rng, 2) ? 1000 + below(rng, 1000) : below(rng, 2000),
		.threshold = (int64_t)(rng_next(rng) >> below(rng, 64)),
	};

	if (entry.while_output != HYDROPON_NONE)
		entry.flags = (uint8_t)below(rng, 8);
	else
		entry.flags = (uint8_t)below(rng, 4);
	/* Most never trip, so that there are leases as well. */
	if (!one_in(rng, 8)) {
		entry.compare = HYDROPON_ABOVE;
		entry.threshold = INT64_MAX;
		entry.stale_ms = 0;
	}
	return entry;
}

#endif
