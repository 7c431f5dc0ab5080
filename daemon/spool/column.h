/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A column: whole numbers that follow each other, kept as what a prediction missed
 * them by. docs/spool-codec.md describes the bytes. What tells of a column goes to
 * one stream, what was missed to another, where alike stands beside alike.
 *
 * Whoever writes has made room: VARINT_MAX bytes of residuals a number and
 * COLUMN_HEAD_MAX bytes of head. Whoever reads has 0 bytes behind the end, as many as
 * the column has numbers and COLUMN_READ_AHEAD more: running beyond the end is found
 * afterwards, and harmless until then.
 */
#ifndef HYDROPON_COLUMN_H
#define HYDROPON_COLUMN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	VARINT_MAX = 10,
	COLUMN_HEADED = 4,	/* numbers from which on a head is worth its bytes */
	COLUMN_HEAD_MAX = 1 + 2 * VARINT_MAX,
	COLUMN_READ_AHEAD = 64,
};

struct column_out {
	uint8_t *heads, *residuals;
};

struct column_in {
	const uint8_t *heads, *heads_end;
	const uint8_t *residuals, *residuals_end;
};

/* How a column is predicted. */
struct column_way {
	uint8_t head;
	int64_t trend;		/* growth from number to number, in 1/256 */
};

/* Chooses the way for @n numbers; returns about how many bits they take. */
uint64_t column_choose(const int64_t *x, size_t n, struct column_way *way);
/* The first of the @n numbers is kept as its distance from @base. */
void column_put(struct column_out *out, const int64_t *x, size_t n, int64_t base,
		const struct column_way *way);
/* False: the bytes end before; @x is written all the same. */
bool column_get(struct column_in *in, int64_t *x, size_t n, int64_t base);

static inline uint64_t zigzag(int64_t value)
{
	return (uint64_t)value << 1 ^ (uint64_t)(value >> 63);
}

static inline int64_t unzigzag(uint64_t value)
{
	return (int64_t)(value >> 1 ^ -(value & 1));
}

static inline uint8_t *put_varint(uint8_t *to, uint64_t value)
{
	for (; value >= 0x80; value >>= 7)
		*to++ = (uint8_t)(value | 0x80);
	*to++ = (uint8_t)value;
	return to;
}

uint64_t get_long_varint(const uint8_t **from);

/* Reads at most VARINT_MAX bytes, whatever they are. */
static inline uint64_t get_varint(const uint8_t **from)
{
	return **from < 0x80 ? *(*from)++ : get_long_varint(from);
}

#endif
