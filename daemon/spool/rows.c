// SPDX-License-Identifier: GPL-2.0-only
#include "spool/rows.h"

#include <string.h>

#define NS_PER_MS 1000000
#define STAMP_BITS 48
_Static_assert(2 * WALL_MS_LIMIT == 1LL << STAMP_BITS, "a stamp fits its bits");

/* What a row begins with. */
enum {
	SHAPE_EXPECTED = 0,	/* the one that came after this one the last time */
	SHAPE_NEW = 1,
	SHAPE_RUN = 1,		/* + its length: a new one, where it is expected */
	SHAPE_RUN_MAX = 32,
	SHAPE_KNOWN = SHAPE_RUN + SHAPE_RUN_MAX + 1,	/* + its number */
};

#define NO_SHAPE UINT16_MAX
_Static_assert(CODEC_SAMPLES < UINT16_MAX, "a sample or a shape has 16 bits");

static uint64_t boot_ms(const struct sample *sample)
{
	return sample->boot_ns / NS_PER_MS;
}

/* The stamp, and in the bits above it the clock it is by. */
static uint64_t stamp_word(const struct sample *sample)
{
	return (uint64_t)sample->wall_ms + ((uint64_t)(int64_t)sample->clk << STAMP_BITS);
}

static bool take_stamp(struct sample *sample, uint64_t word)
{
	int64_t clk = (int64_t)(word + (uint64_t)WALL_MS_LIMIT) >> STAMP_BITS;

	sample->clk = (int8_t)clk;
	sample->wall_ms = (int64_t)(word - ((uint64_t)clk << STAMP_BITS));
	return sample->clk == clk;
}

/* What a row has in common beside the boot time. Wraps. */
static uint64_t wall_ahead(const struct sample *sample)
{
	return stamp_word(sample) - boot_ms(sample);
}

static size_t row_length(const struct sample *samples, size_t n)
{
	uint64_t boot = boot_ms(samples), ahead = wall_ahead(samples);
	size_t i = 1;

	while (i < n && samples[i].channel > samples[i - 1].channel &&
	       boot_ms(&samples[i]) == boot && wall_ahead(&samples[i]) == ahead)
		i++;
	return i;
}

static void forget_rows(struct rows *rows)
{
	rows->shapes_n = 0;
	rows->channels_n = 0;
	rows->n = 0;
}

static struct shape *add_shape(struct rows *rows)
{
	struct shape *shape = &rows->shapes[rows->shapes_n++];

	shape->first = (uint16_t)rows->channels_n;
	shape->n = 0;
	shape->rows = 0;
	shape->next = NO_SHAPE;
	return shape;
}

static void add_row(struct rows *rows, size_t number)
{
	if (rows->n)
		rows->shapes[rows->row_shape[rows->n - 1]].next = (uint16_t)number;
	rows->row_shape[rows->n++] = (uint16_t)number;
	rows->shapes[number].rows++;
}

static bool is_of_shape(const struct rows *rows, size_t number, const struct sample *row,
			size_t n)
{
	const struct shape *shape = &rows->shapes[number];

	if (shape->n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (rows->channels[shape->first + i] != row[i].channel)
			return false;
	return true;
}

static size_t bucket_of(const struct sample *row, size_t n)
{
	uint32_t hash = 2166136261;	/* FNV-1a, a channel at a time */

	for (size_t i = 0; i < n; i++)
		hash = (hash ^ row[i].channel) * 16777619;
	return (hash ^ hash >> 16) % ROWS_BUCKETS;
}

static size_t find_shape(const struct rows *rows, size_t bucket, const struct sample *row,
			 size_t n)
{
	size_t number = rows->buckets[bucket];

	while (number != NO_SHAPE && !is_of_shape(rows, number, row, n))
		number = rows->shapes[number].chain;
	return number;
}

/* What came the last time after the last row, if anything did. */
static size_t shape_expected(const struct rows *rows)
{
	return rows->n ? rows->shapes[rows->row_shape[rows->n - 1]].next : NO_SHAPE;
}

/* Where the channels of a shape that is new usually begin. */
static uint16_t channel_expected(const struct rows *rows)
{
	return rows->channels_n ? (uint16_t)(rows->channels[rows->channels_n - 1] + 1) : 0;
}

static uint8_t *put_shape(struct rows *rows, uint8_t *to, size_t bucket, const struct sample *row,
			  size_t n)
{
	uint16_t expected = channel_expected(rows);
	struct shape *shape = add_shape(rows);
	size_t begin = 0;

	shape->n = (uint16_t)n;
	shape->chain = rows->buckets[bucket];
	rows->buckets[bucket] = (uint16_t)(rows->shapes_n - 1);
	for (size_t i = 0; i < n; i++)
		rows->channels[rows->channels_n++] = row[i].channel;

	if (n <= SHAPE_RUN_MAX && row[0].channel == expected &&
	    row[n - 1].channel == expected + n - 1) {
		*to++ = (uint8_t)(SHAPE_RUN + n);
		return to;
	}
	*to++ = SHAPE_NEW;
	while (begin < n) {
		size_t end = begin + 1;
		uint64_t gap = begin ? (uint64_t)(row[begin].channel - row[begin - 1].channel - 2) :
				       zigzag(row[0].channel - expected);

		while (end < n && row[end].channel == row[end - 1].channel + 1)
			end++;
		to = put_varint(to, (end - begin - 1) << 1 | (end < n));
		to = put_varint(to, gap);
		begin = end;
	}
	return to;
}

uint8_t *rows_put(struct rows *rows, uint8_t *to, const struct sample *samples, size_t n)
{
	size_t at = 0;

	forget_rows(rows);
	memset(rows->buckets, 0xff, sizeof(rows->buckets));
	while (at < n) {
		const struct sample *row = &samples[at];
		size_t length = row_length(row, n - at), number = shape_expected(rows);

		if (number != NO_SHAPE && is_of_shape(rows, number, row, length)) {
			*to++ = SHAPE_EXPECTED;
		} else {
			size_t bucket = bucket_of(row, length);

			number = find_shape(rows, bucket, row, length);
			if (number != NO_SHAPE) {
				to = put_varint(to, SHAPE_KNOWN + number);
			} else {
				number = rows->shapes_n;
				to = put_shape(rows, to, bucket, row, length);
			}
		}
		add_row(rows, number);
		at += length;
	}
	return to;
}

/* Adds @length channels from @channel on to the last shape, of at most @n_max. */
static bool add_run(struct rows *rows, int64_t channel, uint64_t length, size_t n_max,
		    size_t series_n)
{
	struct shape *shape = &rows->shapes[rows->shapes_n - 1];

	if (length > n_max - shape->n || channel < 0 ||
	    channel + (int64_t)length > (int64_t)series_n)
		return false;
	shape->n = (uint16_t)(shape->n + length);
	for (uint64_t i = 0; i < length; i++)
		rows->channels[rows->channels_n++] = (uint16_t)(channel + (int64_t)i);
	return true;
}

static bool get_shape(struct rows *rows, struct column_in *in, size_t n_max, size_t series_n)
{
	int64_t channel = channel_expected(rows);
	bool is_first = true, has_more;

	add_shape(rows);
	do {
		uint64_t code = get_varint(&in->heads), length = (code >> 1) + 1;
		uint64_t gap = get_varint(&in->heads);

		has_more = code & 1;
		if (in->heads > in->heads_end || gap > 2 * CODEC_SERIES)
			return false;
		channel += is_first ? unzigzag(gap) : (int64_t)gap + 1;
		if (!add_run(rows, channel, length, n_max, series_n))
			return false;
		channel += (int64_t)length;
		is_first = false;
	} while (has_more);
	return true;
}

static bool get_shape_run(struct rows *rows, uint64_t length, size_t n_max, size_t series_n)
{
	uint16_t channel = channel_expected(rows);

	add_shape(rows);
	return add_run(rows, channel, length, n_max, series_n);
}

bool rows_get(struct rows *rows, struct column_in *in, size_t n, size_t series_n)
{
	size_t at = 0;

	forget_rows(rows);
	while (at < n) {
		uint64_t code = get_varint(&in->heads);
		size_t number = rows->shapes_n;

		if (in->heads > in->heads_end)
			return false;
		if (code >= SHAPE_KNOWN) {
			if (code - SHAPE_KNOWN >= rows->shapes_n)
				return false;
			number = (size_t)code - SHAPE_KNOWN;
		} else if (code > SHAPE_RUN) {
			if (!get_shape_run(rows, code - SHAPE_RUN, n - at, series_n))
				return false;
		} else if (code == SHAPE_NEW) {
			if (!get_shape(rows, in, n - at, series_n))
				return false;
		} else {
			number = shape_expected(rows);
		}
		if (number == NO_SHAPE || rows->shapes[number].n > n - at)
			return false;
		add_row(rows, number);
		at += rows->shapes[number].n;
	}
	return true;
}

/* Orders the first samples of the rows by shape. */
static void order_rows(struct rows *rows, uint16_t *order)
{
	size_t end = 0, at = 0;

	for (size_t i = 0; i < rows->shapes_n; i++) {
		rows->shapes[i].rows_end = (uint16_t)end;
		end += rows->shapes[i].rows;
	}
	for (size_t i = 0; i < rows->n; i++) {
		struct shape *shape = &rows->shapes[rows->row_shape[i]];

		order[shape->rows_end++] = (uint16_t)at;
		at += shape->n;
	}
}

void rows_put_stamps(struct rows *rows, struct column_out *out, const struct sample *samples,
		     uint16_t *order, int64_t *x)
{
	struct column_way way;
	int64_t base = 0;
	size_t at = 0;

	order_rows(rows, order);
	for (size_t i = 0; i < rows->shapes_n; i++) {
		size_t rows_n = rows->shapes[i].rows;

		for (size_t j = 0; j < rows_n; j++)
			x[j] = (int64_t)boot_ms(&samples[order[j]]);
		column_choose(x, rows_n, &way);
		column_put(out, x, rows_n, base, &way);
		base = x[0];
		order += rows_n;
	}

	for (size_t i = 0; i < rows->n; i++) {
		x[i] = (int64_t)wall_ahead(&samples[at]);
		at += rows->shapes[rows->row_shape[i]].n;
	}
	column_choose(x, rows->n, &way);
	column_put(out, x, rows->n, 0, &way);
}

bool rows_get_stamps(struct rows *rows, struct column_in *in, struct sample *samples,
		     uint16_t *order, int64_t *x)
{
	int64_t base = 0;

	order_rows(rows, order);
	for (size_t i = 0; i < rows->shapes_n; i++) {
		size_t rows_n = rows->shapes[i].rows;

		if (!column_get(in, x, rows_n, base))
			return false;
		base = x[0];
		for (size_t j = 0; j < rows_n; j++)
			samples[order[j]].boot_ns = (uint64_t)x[j];
		order += rows_n;
	}

	if (!column_get(in, x, rows->n, 0))
		return false;
	for (size_t i = 0; i < rows->n; i++) {
		const struct shape *shape = &rows->shapes[rows->row_shape[i]];
		const uint16_t *channels = &rows->channels[shape->first];
		uint64_t boot = samples->boot_ns, wall = boot + (uint64_t)x[i];

		for (size_t j = 0; j < shape->n; j++, samples++) {
			samples->boot_ns = boot * NS_PER_MS;
			samples->channel = channels[j];
			if (!take_stamp(samples, wall))
				return false;
		}
	}
	return true;
}
