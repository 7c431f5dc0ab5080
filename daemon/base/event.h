/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Something that happened, for the stores: what, to what, when, and some numbers. docs/stores.md
 * lists them. Passed by value; owns nothing.
 */
#ifndef HYDROPON_EVENT_H
#define HYDROPON_EVENT_H

#include <stddef.h>
#include <stdint.h>

#include <linux/hydropon.h>

enum { EVENT_NUMBERS = 4 };

struct event_number {
	const char *key;		/* static; [a-z_]+ */
	int64_t value;
};

struct event {
	uint64_t boot_ns;
	int64_t wall_ms;		/* with clk as in struct sample */
	int8_t clk;
	const char *name;		/* static; "trip", "power", ... */
	char subject[HYDROPON_NAME_MAX];	/* of the configuration; "": the gateway itself */
	size_t numbers_n;
	struct event_number numbers[EVENT_NUMBERS];
};

#endif
