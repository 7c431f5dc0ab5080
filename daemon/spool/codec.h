/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Samples to bytes and back. Packed: columns, for a commit of a second. Dense: the
 * same columns through zstd, for a block of a minute. docs/spool-codec.md describes
 * the bytes.
 *
 * Kept are the order of the samples and of each
 *	channel		series, below series_n
 *	q		exactly
 *	raw		exactly
 *	wall_ms		exactly, within WALL_MS_LIMIT
 *	clk		exactly
 *	boot_ns		to the millisecond, rounded down
 *	value		without one (quality_has_value()) 0; else what prints the same
 *			with the decimals of its series if |value * 10^decimals| < 2^53,
 *			and all 8 bytes if not, or if it is not finite
 *
 * A codec has an address space of about 2 MiB and touches of it what its calls need:
 * some 0.2 MiB for a minute of 80 series, 1.5 MiB at worst. One thread at a time.
 */
#ifndef HYDROPON_CODEC_H
#define HYDROPON_CODEC_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/sample.h"

enum {
	CODEC_SAMPLES = 16384,	/* most that one call takes */
	CODEC_SERIES = 1024,	/* most series */
	CODEC_DECIMALS_MAX = 9,
};

struct codec;

/* NULL: out of memory. */
struct codec *codec_new(void);
void codec_free(struct codec *codec);

/* The capacity that suffices for any @n samples, both ways. */
size_t codec_pack_bound(size_t n);

/*
 * Write @n samples to @to. decimals[i], 0..9, are those of series i. Return the bytes
 * written; -ENOSPC if they do not fit @capacity (what is in it then is undefined);
 * -EINVAL: no samples or too many, too many series, a channel that is none of them, a stamp
 * beyond WALL_MS_LIMIT, or too many decimals; or, codec_dense() alone, -ENOMEM.
 */
ssize_t codec_pack(struct codec *codec, uint8_t *to, size_t capacity, const struct sample *samples,
		   size_t n, const uint8_t *decimals, size_t series_n);
ssize_t codec_dense(struct codec *codec, uint8_t *to, size_t capacity,
		    const struct sample *samples, size_t n, const uint8_t *decimals,
		    size_t series_n);

/*
 * Read exactly @n samples back, with the same decimals and series. Return 0, or -EBADMSG
 * if the bytes, all of them, are not those of @n samples (what is in @samples then is
 * undefined) or the other arguments are none that were ever written. The bytes may be
 * anything: the time is bounded by @size, @n and @series_n. A change of them need not be
 * noticed; a CRC is the caller's.
 */
int codec_unpack(struct codec *codec, const uint8_t *from, size_t size, struct sample *samples,
		 size_t n, const uint8_t *decimals, size_t series_n);
int codec_undense(struct codec *codec, const uint8_t *from, size_t size, struct sample *samples,
		  size_t n, const uint8_t *decimals, size_t series_n);

#endif
