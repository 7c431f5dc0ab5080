// SPDX-License-Identifier: GPL-2.0-only
#include "forward/gzip.h"

#include <errno.h>
#include <stdlib.h>

#include <zlib.h>

#define LEVEL 1
#define WINDOW_BITS_GZIP (15 + 16)	/* + 16: gzip, not zlib */
#define MEMORY_LEVEL 8
#define OUTPUT_FIRST_BYTES (32 * 1024)

struct gzip {
	z_stream stream;
	struct gzip_output *output;
};

struct gzip *gzip_new(void)
{
	struct gzip *gzip = calloc(1, sizeof(*gzip));

	if (gzip && deflateInit2(&gzip->stream, LEVEL, Z_DEFLATED, WINDOW_BITS_GZIP, MEMORY_LEVEL,
				 Z_DEFAULT_STRATEGY) != Z_OK) {
		free(gzip);
		return NULL;
	}
	return gzip;
}

void gzip_free(struct gzip *gzip)
{
	if (!gzip)
		return;
	deflateEnd(&gzip->stream);
	free(gzip);
}

void gzip_begin(struct gzip *gzip, struct gzip_output *output)
{
	deflateReset(&gzip->stream);
	output->size = 0;
	gzip->output = output;
}

static int make_room(struct gzip_output *output)
{
	size_t capacity = output->capacity ? output->capacity * 2 : OUTPUT_FIRST_BYTES;
	uint8_t *bytes;

	if (output->size < output->capacity)
		return 0;
	bytes = realloc(output->bytes, capacity);
	if (!bytes)
		return -ENOMEM;
	output->bytes = bytes;
	output->capacity = capacity;
	return 0;
}

static int deflate_all(struct gzip *gzip, int flush)
{
	struct gzip_output *output = gzip->output;
	int result;

	do {
		int error = make_room(output);

		if (error)
			return error;
		gzip->stream.next_out = output->bytes + output->size;
		gzip->stream.avail_out = (uInt)(output->capacity - output->size);
		result = deflate(&gzip->stream, flush);
		output->size = output->capacity - gzip->stream.avail_out;
	} while (flush == Z_FINISH ? result != Z_STREAM_END : gzip->stream.avail_in > 0);
	return 0;
}

int gzip_put(struct gzip *gzip, const void *text, size_t size)
{
	gzip->stream.next_in = (z_const Bytef *)text;
	gzip->stream.avail_in = (uInt)size;
	return deflate_all(gzip, Z_NO_FLUSH);
}

int gzip_end(struct gzip *gzip)
{
	gzip->stream.next_in = NULL;
	gzip->stream.avail_in = 0;
	return deflate_all(gzip, Z_FINISH);
}
