// SPDX-License-Identifier: GPL-2.0-only
#include "forward/parcel.h"

static int add_line(struct parcel *parcel, const struct spool_batch *batch, struct gzip *gzip,
		    size_t *bytes)
{
	struct sample sample;
	bool not_finite = false;
	size_t length;

	spool_sample_get(batch->samples + parcel->index * SPOOL_SAMPLE_BYTES, &sample);
	length = line_put(parcel->line, batch->schema, &sample, &not_finite);
	if (!parcel->count++)
		parcel->first_wall_ms = sample.wall_ms;
	parcel->not_finite += not_finite;
	parcel->index++;
	parcel->passed++;
	*bytes += length;
	return gzip_put(gzip, parcel->line, length);
}

static bool is_at(const struct parcel *parcel, const struct spool_batch *batch)
{
	return parcel->index < batch->count && batch->before + parcel->index == parcel->passed;
}

int parcel_fill(struct parcel *parcel, const struct cursor *cursor, struct spool_reader *reader,
		struct gzip *gzip, size_t limit)
{
	const size_t bytes_max = PARCEL_BYTES_MAX - LINE_MAX_BYTES;
	struct spool_batch batch;
	size_t bytes = 0;

	parcel->count = 0;
	parcel->not_finite = 0;
	parcel->offset = cursor->offset;
	parcel->index = cursor->index;
	parcel->passed = cursor->passed;
	gzip_begin(gzip, &parcel->body);
	while (parcel->count < limit && bytes < bytes_max) {
		if (spool_reader_next(reader, &parcel->offset, &batch) || !is_at(parcel, &batch))
			break;
		while (parcel->index < batch.count && parcel->count < limit && bytes < bytes_max) {
			int error = add_line(parcel, &batch, gzip, &bytes);

			if (error)
				return error;
		}
		if (parcel->index == batch.count) {
			parcel->offset = batch.next;
			parcel->index = 0;
		}
	}
	return gzip_end(gzip);
}

bool parcel_skip(struct cursor *at, struct spool_reader *reader, uint64_t n)
{
	struct spool_batch batch;

	while (!spool_reader_next(reader, &at->offset, &batch) && at->index < batch.count &&
	       batch.before + at->index == at->passed) {
		uint64_t left = batch.count - at->index;

		if (n < left) {
			at->index += n;
			at->passed += n;
			return true;
		}
		n -= left;
		at->passed += left;
		at->offset = batch.next;
		at->index = 0;
	}
	return false;
}
