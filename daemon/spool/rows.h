/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which channels there are at which times: samples of one scan of a device, with one
 * stamp and rising channels, are a row; the list of its channels is its shape, and
 * the shapes come again. docs/spool-codec.md describes the bytes.
 */
#ifndef HYDROPON_ROWS_H
#define HYDROPON_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sample.h"
#include "spool/codec.h"
#include "spool/column.h"

enum { ROWS_BUCKETS = 4096 };

struct shape {
	uint16_t first, n;	/* in rows.channels */
	uint16_t rows, rows_end;
	uint16_t next;		/* expected after it */
	uint16_t chain;		/* another with the same hash */
};

struct rows {
	struct shape shapes[CODEC_SAMPLES];
	uint16_t channels[CODEC_SAMPLES];	/* of all shapes */
	uint16_t row_shape[CODEC_SAMPLES];
	uint16_t buckets[ROWS_BUCKETS];
	size_t shapes_n, channels_n, n;
};

/* Finds the rows in @n samples, whose channels are below CODEC_SERIES; returns the end
 * of what is written. */
uint8_t *rows_put(struct rows *rows, uint8_t *to, const struct sample *samples, size_t n);
/* False if the bytes are not those of rows of @n samples in @series_n series. */
bool rows_get(struct rows *rows, struct column_in *in, size_t n, size_t series_n);

/* The stamps of these rows; on reading the channels as well are put into the samples.
 * @order and @x are scratch memory, as long as there are samples. */
void rows_put_stamps(struct rows *rows, struct column_out *out, const struct sample *samples,
		     uint16_t *order, int64_t *x);
bool rows_get_stamps(struct rows *rows, struct column_in *in, struct sample *samples,
		     uint16_t *order, int64_t *x);

#endif
