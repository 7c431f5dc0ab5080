/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A point that is no sample, as a note in the spool: an event, or how the gateway itself is.
 * It goes to the stores as it is. docs/spool-format.md describes the bytes.
 */
#ifndef HYDROPON_SPOOL_POINT_H
#define HYDROPON_SPOOL_POINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spool/frame.h"

enum { POINT_WORD = 32, POINT_TAGS = 2, POINT_FIELDS = 14 };

struct point {
	uint64_t boot_ns;
	int64_t wall_ms;		/* with clk as in struct sample */
	int8_t clk;
	/* Words of a-z, 0-9, - and _, with a NUL; gateway, site and clk come by themselves. */
	char measurement[POINT_WORD];
	size_t tags_n;
	struct { char key[POINT_WORD], value[POINT_WORD]; } tags[POINT_TAGS];
	size_t fields_n;		/* at least one */
	struct { char key[POINT_WORD]; int64_t value; } fields[POINT_FIELDS];
};

/* A point of @measurement without tags, fields and time. */
struct point point_new(const char *measurement);
/* What is too much, or is no word, is left out: a point is worth more than one of its tags. */
void point_tag(struct point *point, const char *key, const char *value);
void point_field(struct point *point, const char *key, int64_t value);

/* The measurement of events: who did what, and what tripped. */
#define POINT_EVENT "hydropon_event"

/* Returns the size. */
size_t point_put(uint8_t to[NOTE_BYTES_MAX], const struct point *point);
/* False if the bytes are none, or break a limit above. */
bool point_get(const uint8_t *from, size_t size, struct point *point);
/* Whether the bytes are an event. */
bool point_is_event(const uint8_t *from, size_t size);

#endif
