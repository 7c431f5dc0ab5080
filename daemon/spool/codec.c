// SPDX-License-Identifier: GPL-2.0-only
#include "spool/codec.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <zstd.h>
#include <zstd_errors.h>

#include "base/pack.h"
#include "spool/column.h"
#include "spool/fit.h"
#include "spool/rows.h"

#define MAGIC_BYTES 4
#define SCALED_MAX 9007199254740992.0	/* 2^53: up to it a double holds every integer */

enum {
	/*
	 * The most that a sample takes. Heads: 5 of a shape, 2 of the quality, 20 of the
	 * first numbers of three columns that have but one; where they have more, 16 of
	 * first numbers and heads. Residuals: 33 of four columns, as none is put in a way
	 * that takes more than the plain one, and 11 of an exact value. Of both together
	 * less, as a first number is no residual, and an exact value 1 byte of its column.
	 */
	HEAD_BYTES = 28,
	RESIDUAL_BYTES = 44,
	PLAIN_BYTES = 56,
	FIXED_BYTES = 128,

	ZSTD_LEVEL = 1,
	ZSTD_WINDOW_LOG = 16,
	ZSTD_HASH_LOG = 13,
	ZSTD_MIN_MATCH = 7,	/* shorter ones in noise cost more than they save */
};

struct codec {
	struct rows rows;

	/* Samples by what is the column at hand, and what is in it. */
	uint16_t order[CODEC_SAMPLES], spare[CODEC_SAMPLES];
	uint16_t series_end[CODEC_SERIES], valued_end[CODEC_SERIES];
	int64_t x[CODEC_SAMPLES], value[CODEC_SAMPLES];
	int32_t raw[CODEC_SAMPLES];

	ZSTD_CCtx *compressor;
	ZSTD_DCtx *decompressor;
	/* Heads, then residuals; for reading all, and 0 behind it. */
	uint8_t bytes[FIXED_BYTES + CODEC_SAMPLES * (HEAD_BYTES + RESIDUAL_BYTES)];
};

_Static_assert(HEAD_BYTES + RESIDUAL_BYTES > PLAIN_BYTES && FIXED_BYTES == 2 * COLUMN_READ_AHEAD,
	       "what is read fits, with the zeros behind it");

static const double powers[CODEC_DECIMALS_MAX + 1] = { 1e0, 1e1, 1e2, 1e3, 1e4,
						       1e5, 1e6, 1e7, 1e8, 1e9 };

struct codec *codec_new(void)
{
	struct codec *codec = calloc(1, sizeof(*codec));

	if (!codec)
		return NULL;
	codec->compressor = ZSTD_createCCtx();
	codec->decompressor = ZSTD_createDCtx();
	if (!codec->compressor || !codec->decompressor)
		goto err_free;
	ZSTD_CCtx_setParameter(codec->compressor, ZSTD_c_compressionLevel, ZSTD_LEVEL);
	ZSTD_CCtx_setParameter(codec->compressor, ZSTD_c_strategy, ZSTD_fast);
	ZSTD_CCtx_setParameter(codec->compressor, ZSTD_c_windowLog, ZSTD_WINDOW_LOG);
	ZSTD_CCtx_setParameter(codec->compressor, ZSTD_c_hashLog, ZSTD_HASH_LOG);
	ZSTD_CCtx_setParameter(codec->compressor, ZSTD_c_minMatch, ZSTD_MIN_MATCH);
	return codec;

err_free:
	codec_free(codec);
	return NULL;
}

void codec_free(struct codec *codec)
{
	if (!codec)
		return;
	ZSTD_freeCCtx(codec->compressor);
	ZSTD_freeDCtx(codec->decompressor);
	free(codec);
}

static size_t plain_bound(size_t n)
{
	return COLUMN_READ_AHEAD + n * PLAIN_BYTES;
}

size_t codec_pack_bound(size_t n)
{
	return 2 * ZSTD_compressBound(0) + ZSTD_compressBound(plain_bound(n));
}

static bool are_decimals_good(const uint8_t *decimals, size_t series_n)
{
	for (size_t i = 0; i < series_n; i++)
		if (decimals[i] > CODEC_DECIMALS_MAX)
			return false;
	return series_n && series_n <= CODEC_SERIES;
}

/*
 * Rounds as printf() does. The product is rounded before that, which may make a tie of
 * what was none, or hide one: fma() tells on which side of it the value was, as its sign
 * is exact, whether or not a compiler makes one of the other expressions as well.
 * False: the value is to be kept exactly.
 */
static bool scale(double value, double power, int64_t *to)
{
	double product = value * power, nearest = rint(product);

	if (!(fabs(product) < SCALED_MAX))
		return false;
	if (fabs(product - nearest) >= 0.25) {
		if (fma(value, power, -(nearest + 0.5)) > 0)
			nearest++;
		else if (fma(value, power, -(nearest - 0.5)) < 0)
			nearest--;
	}
	*to = (int64_t)nearest;
	return *to || !signbit(value);	/* "-0.00" */
}

/* Orders the samples by series. */
static void order_samples(struct codec *codec, const struct sample *samples, size_t n,
			  size_t series_n)
{
	size_t end = 0;

	memset(codec->series_end, 0, series_n * sizeof(codec->series_end[0]));
	for (size_t i = 0; i < n; i++)
		codec->series_end[samples[i].channel]++;
	for (size_t i = 0; i < series_n; i++) {
		size_t of_series = codec->series_end[i];

		codec->series_end[i] = (uint16_t)end;
		end += of_series;
	}
	for (size_t i = 0; i < n; i++)
		codec->order[codec->series_end[samples[i].channel]++] = (uint16_t)i;
}

/* In each series, those with a value go before those without. */
static void order_valued(struct codec *codec, const struct sample *samples, size_t series_n)
{
	uint16_t *order = codec->order;
	size_t i = 0;

	for (size_t series = 0; series < series_n; series++) {
		size_t valued = i, others = 0;

		for (; i < codec->series_end[series]; i++) {
			if (quality_has_value(samples[order[i]].q))
				order[valued++] = order[i];
			else
				codec->spare[others++] = order[i];
		}
		codec->valued_end[series] = (uint16_t)valued;
		memcpy(&order[valued], codec->spare, others * sizeof(*order));
	}
}

static uint8_t *put_qualities(const struct codec *codec, uint8_t *to, const struct sample *samples,
			      size_t n)
{
	size_t begin = 0;

	while (begin < n) {
		uint8_t q = samples[codec->order[begin]].q;
		size_t end = begin + 1;

		while (end < n && samples[codec->order[end]].q == q)
			end++;
		*to++ = q;
		to = put_varint(to, end - begin - 1);
		begin = end;
	}
	return to;
}

static bool get_qualities(const struct codec *codec, struct column_in *in, struct sample *samples,
			  size_t n)
{
	size_t at = 0;

	while (at < n) {
		uint8_t q = *in->heads++;
		uint64_t more = get_varint(&in->heads);

		if (in->heads > in->heads_end || more >= n - at)
			return false;
		for (size_t end = at + (size_t)more; at <= end; at++)
			samples[codec->order[at]].q = q;
	}
	return true;
}

static void put_raws_of(struct codec *codec, struct column_out *out, const struct sample *samples,
			const uint16_t *order, size_t n)
{
	struct column_way way;

	if (!n)
		return;
	for (size_t i = 0; i < n; i++)
		codec->x[i] = samples[order[i]].raw;
	column_choose(codec->x, n, &way);
	column_put(out, codec->x, n, 0, &way);
}

static void put_raws(struct codec *codec, struct column_out *out, const struct sample *samples,
		     size_t series_n)
{
	size_t begin = 0;

	for (size_t i = 0; i < series_n; i++) {
		size_t valued_end = codec->valued_end[i], end = codec->series_end[i];

		put_raws_of(codec, out, samples, &codec->order[begin], valued_end - begin);
		put_raws_of(codec, out, samples, &codec->order[valued_end], end - valued_end);
		begin = end;
	}
}

static bool get_raws_of(struct codec *codec, struct column_in *in, struct sample *samples,
			const uint16_t *order, size_t n)
{
	if (!n)
		return true;
	if (!column_get(in, codec->x, n, 0))
		return false;
	for (size_t i = 0; i < n; i++)
		samples[order[i]].raw = (int32_t)codec->x[i];
	return true;
}

static bool get_raws(struct codec *codec, struct column_in *in, struct sample *samples,
		     size_t series_n)
{
	size_t begin = 0;

	for (size_t i = 0; i < series_n; i++) {
		size_t valued_end = codec->valued_end[i], end = codec->series_end[i];

		if (!get_raws_of(codec, in, samples, &codec->order[begin], valued_end - begin) ||
		    !get_raws_of(codec, in, samples, &codec->order[valued_end], end - valued_end))
			return false;
		begin = end;
	}
	return true;
}

/* Takes the line off the values, to codec->x. */
static void straighten(struct codec *codec, const struct fit *fit, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int64_t growth = (int64_t)codec->raw[i] - codec->raw[0];

		codec->x[i] = (int64_t)((uint64_t)codec->value[i] - fit_along(fit, growth));
	}
}

static void put_column_of_values(struct codec *codec, struct column_out *out, size_t n)
{
	struct column_way way, straight_way;
	struct fit fit;
	uint64_t cost, fit_cost;

	cost = column_choose(codec->value, n, &way);
	if (n < COLUMN_HEADED) {
		column_put(out, codec->value, n, 0, &way);
		return;
	}
	if (cost && fit_find(&fit, codec->raw, codec->value, n)) {
		uint8_t *head = put_varint(out->heads + 1, zigzag(fit.slope));

		head = put_varint(head, fit.offset);
		straighten(codec, &fit, n);
		fit_cost = column_choose(codec->x, n, &straight_way) +
			   8 * (uint64_t)(head - out->heads - 1);
		if (fit_cost < cost) {
			*out->heads = (uint8_t)(1 + fit.shift);
			out->heads = head;
			column_put(out, codec->x, n, 0, &straight_way);
			return;
		}
	}
	*out->heads++ = 0;
	column_put(out, codec->value, n, 0, &way);
}

/* Returns how many are to be kept exactly. */
static size_t put_values(struct codec *codec, struct column_out *out, const struct sample *samples,
			 const uint8_t *decimals, size_t series_n)
{
	size_t begin = 0, exact = 0;

	for (size_t i = 0; i < series_n; i++) {
		const uint16_t *order = &codec->order[begin];
		size_t n = codec->valued_end[i] - begin;
		int64_t value = 0;

		for (size_t j = 0; j < n; j++) {
			const struct sample *sample = &samples[order[j]];

			/* In the column an exact one is as the one before. */
			exact += !scale(sample->value, powers[decimals[i]], &value);
			codec->value[j] = value;
			codec->raw[j] = sample->raw;
		}
		if (n)
			put_column_of_values(codec, out, n);
		begin = codec->series_end[i];
	}
	return exact;
}

static bool get_values_of(struct codec *codec, struct column_in *in, struct sample *samples,
			  const uint16_t *order, size_t n, double power)
{
	struct fit fit = { 0 };
	bool has_line = false;

	if (!n)
		return true;
	if (n >= COLUMN_HEADED && *in->heads++) {
		has_line = true;
		fit.shift = in->heads[-1] - 1U;
		fit.slope = unzigzag(get_varint(&in->heads));
		fit.offset = get_varint(&in->heads);
		if (in->heads > in->heads_end || fit.shift > FIT_SHIFT_MAX)
			return false;
	}
	if (!column_get(in, codec->x, n, 0))
		return false;
	if (has_line) {
		int64_t first = samples[order[0]].raw;

		for (size_t i = 0; i < n; i++) {
			uint64_t along = fit_along(&fit, samples[order[i]].raw - first);

			codec->x[i] = (int64_t)((uint64_t)codec->x[i] + along);
		}
	}
	for (size_t i = 0; i < n; i++)
		samples[order[i]].value = (double)codec->x[i] / power;
	return true;
}

static bool get_values(struct codec *codec, struct column_in *in, struct sample *samples,
		       const uint8_t *decimals, size_t series_n)
{
	size_t begin = 0;

	for (size_t i = 0; i < series_n; i++) {
		size_t valued_end = codec->valued_end[i], end = codec->series_end[i];

		if (!get_values_of(codec, in, samples, &codec->order[begin], valued_end - begin,
				   powers[decimals[i]]))
			return false;
		for (size_t j = valued_end; j < end; j++)
			samples[codec->order[j]].value = 0;
		begin = end;
	}
	return true;
}

/* What rounds to -0 is kept as that, so that it prints the same and costs little. */
static double exact_value(double value, double power)
{
	return fabs(value) * power < 1 ? -0.0 : value;
}

static void put_exact(struct column_out *out, const struct sample *samples, size_t n,
		      const uint8_t *decimals, size_t exact)
{
	size_t after = 0;
	int64_t ignored;

	out->residuals = put_varint(out->residuals, exact);
	for (size_t i = 0; exact && i < n; i++) {
		double power = powers[decimals[samples[i].channel]];

		if (!quality_has_value(samples[i].q) || scale(samples[i].value, power, &ignored))
			continue;
		out->residuals = put_varint(out->residuals, i - after);
		put_le_double(out->residuals, exact_value(samples[i].value, power));
		out->residuals += 8;
		after = i + 1;
		exact--;
	}
}

static bool get_exact(struct column_in *in, struct sample *samples, size_t n)
{
	size_t at = 0;

	for (uint64_t left = get_varint(&in->residuals); left; left--, at++) {
		uint64_t gap = get_varint(&in->residuals);

		if (in->residuals > in->residuals_end || gap >= n - at)
			return false;
		at += (size_t)gap;
		if (!quality_has_value(samples[at].q))
			return false;
		samples[at].value = get_le_double(in->residuals);
		in->residuals += 8;
	}
	return true;
}

/* What was put together, in codec->bytes. */
struct streams {
	const uint8_t *heads, *residuals;
	size_t heads_n, residuals_n;
};

/* 0 or -EINVAL. */
static int put_all(struct codec *codec, struct streams *streams, const struct sample *samples,
		   size_t n, const uint8_t *decimals, size_t series_n)
{
	struct column_out out;
	size_t exact;

	if (!n || n > CODEC_SAMPLES || !are_decimals_good(decimals, series_n))
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (samples[i].channel >= series_n ||
		    samples[i].wall_ms < -WALL_MS_LIMIT || samples[i].wall_ms >= WALL_MS_LIMIT)
			return -EINVAL;

	streams->heads = out.heads = codec->bytes;
	streams->residuals = out.residuals = codec->bytes + COLUMN_READ_AHEAD + n * HEAD_BYTES;
	out.heads = rows_put(&codec->rows, out.heads, samples, n);
	rows_put_stamps(&codec->rows, &out, samples, codec->order, codec->x);
	order_samples(codec, samples, n, series_n);
	out.heads = put_qualities(codec, out.heads, samples, n);
	order_valued(codec, samples, series_n);
	put_raws(codec, &out, samples, series_n);
	exact = put_values(codec, &out, samples, decimals, series_n);
	put_exact(&out, samples, n, decimals, exact);
	streams->heads_n = (size_t)(out.heads - streams->heads);
	streams->residuals_n = (size_t)(out.residuals - streams->residuals);
	return 0;
}

/* From codec->bytes, where residuals follow heads. */
static int get_all(struct codec *codec, size_t begin, size_t heads_n, size_t residuals_n,
		   struct sample *samples, size_t n, const uint8_t *decimals, size_t series_n)
{
	uint8_t *heads = codec->bytes + begin, *middle = heads + heads_n;
	uint8_t *end = middle + residuals_n;
	struct column_in in = { heads, middle, middle, end };

	memset(end, 0, n + COLUMN_READ_AHEAD);
	if (!rows_get(&codec->rows, &in, n, series_n) ||
	    !rows_get_stamps(&codec->rows, &in, samples, codec->order, codec->x))
		return -EBADMSG;
	order_samples(codec, samples, n, series_n);
	if (!get_qualities(codec, &in, samples, n))
		return -EBADMSG;
	order_valued(codec, samples, series_n);
	if (!get_raws(codec, &in, samples, series_n) ||
	    !get_values(codec, &in, samples, decimals, series_n) || !get_exact(&in, samples, n))
		return -EBADMSG;
	return in.heads == in.heads_end && in.residuals == in.residuals_end ? 0 : -EBADMSG;
}

ssize_t codec_pack(struct codec *codec, uint8_t *to, size_t capacity, const struct sample *samples,
		   size_t n, const uint8_t *decimals, size_t series_n)
{
	uint8_t length[VARINT_MAX];
	struct streams streams;
	size_t length_n;
	int error = put_all(codec, &streams, samples, n, decimals, series_n);

	if (error)
		return error;
	length_n = (size_t)(put_varint(length, streams.heads_n) - length);
	if (length_n + streams.heads_n + streams.residuals_n > capacity)
		return -ENOSPC;
	memcpy(to, length, length_n);
	to += length_n;
	memcpy(to, streams.heads, streams.heads_n);
	memcpy(to + streams.heads_n, streams.residuals, streams.residuals_n);
	return (ssize_t)(length_n + streams.heads_n + streams.residuals_n);
}

/* The bytes written, -ENOSPC or -ENOMEM. */
static ssize_t put_frame(struct codec *codec, uint8_t *to, size_t capacity, const uint8_t *from,
			 size_t size)
{
	size = ZSTD_compress2(codec->compressor, to, capacity, from, size);
	if (!ZSTD_isError(size))
		return (ssize_t)size;
	return ZSTD_getErrorCode(size) == ZSTD_error_dstSize_tooSmall ? -ENOSPC : -ENOMEM;
}

ssize_t codec_dense(struct codec *codec, uint8_t *to, size_t capacity,
		    const struct sample *samples, size_t n, const uint8_t *decimals,
		    size_t series_n)
{
	struct streams streams;
	ssize_t heads, residuals;
	int error = put_all(codec, &streams, samples, n, decimals, series_n);

	if (error)
		return error;
	heads = put_frame(codec, to, capacity, streams.heads, streams.heads_n);
	if (heads < 0)
		return heads;
	residuals = put_frame(codec, to + heads, capacity - (size_t)heads, streams.residuals,
			      streams.residuals_n);
	return residuals < 0 ? residuals : heads + residuals;
}

static bool are_arguments_good(size_t n, const uint8_t *decimals, size_t series_n)
{
	return n && n <= CODEC_SAMPLES && are_decimals_good(decimals, series_n);
}

int codec_unpack(struct codec *codec, const uint8_t *from, size_t size, struct sample *samples,
		 size_t n, const uint8_t *decimals, size_t series_n)
{
	const uint8_t *heads = codec->bytes, *end = codec->bytes + size;
	uint64_t heads_n;

	if (!size || !are_arguments_good(n, decimals, series_n) || size > plain_bound(n))
		return -EBADMSG;
	memcpy(codec->bytes, from, size);
	memset(codec->bytes + size, 0, VARINT_MAX);
	heads_n = get_varint(&heads);
	if (heads > end || heads_n > (uint64_t)(end - heads))
		return -EBADMSG;
	return get_all(codec, (size_t)(heads - codec->bytes), (size_t)heads_n,
		       (size_t)(end - heads) - (size_t)heads_n, samples, n, decimals, series_n);
}

/* Takes a frame of today's format off @from; what it holds, or -EBADMSG. */
static ssize_t get_frame(struct codec *codec, uint8_t *to, size_t capacity, const uint8_t **from,
			 size_t *size)
{
	size_t frame, n;

	if (*size < MAGIC_BYTES || get_le32(*from) != ZSTD_MAGICNUMBER)
		return -EBADMSG;
	frame = ZSTD_findFrameCompressedSize(*from, *size);
	if (ZSTD_isError(frame))
		return -EBADMSG;
	n = ZSTD_decompressDCtx(codec->decompressor, to, capacity, *from, frame);
	if (ZSTD_isError(n))
		return -EBADMSG;
	*from += frame;
	*size -= frame;
	return (ssize_t)n;
}

int codec_undense(struct codec *codec, const uint8_t *from, size_t size, struct sample *samples,
		  size_t n, const uint8_t *decimals, size_t series_n)
{
	size_t capacity = plain_bound(n);
	ssize_t heads, residuals;

	if (!are_arguments_good(n, decimals, series_n))
		return -EBADMSG;
	heads = get_frame(codec, codec->bytes, capacity, &from, &size);
	if (heads < 0)
		return -EBADMSG;
	residuals = get_frame(codec, codec->bytes + heads, capacity - (size_t)heads, &from, &size);
	if (residuals < 0 || size)
		return -EBADMSG;
	return get_all(codec, 0, (size_t)heads, (size_t)residuals, samples, n, decimals,
		       series_n);
}
