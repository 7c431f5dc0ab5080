// SPDX-License-Identifier: GPL-2.0-only
#include "forward/parcel.h"

static int add_line(struct parcel *parcel, const struct spool_schema *schema,
		    const struct sample *sample, struct gzip *gzip, size_t *bytes)
{
	bool not_finite = false;
	size_t length = line_put(parcel->line, schema, sample, &not_finite);

	if (!parcel->count++)
		parcel->first_wall_ms = sample->wall_ms;
	parcel->not_finite += not_finite;
	parcel->passed++;
	*bytes += length;
	return gzip_put(gzip, parcel->line, length);
}

int parcel_fill(struct parcel *parcel, const struct cursor *cursor, struct spool_reader *reader,
		struct gzip *gzip, size_t limit, uint64_t until)
{
	const size_t bytes_max = PARCEL_BYTES_MAX - LINE_MAX_BYTES;
	struct journal_hole hole;
	struct spool_batch batch;
	size_t bytes = 0;

	parcel->count = 0;
	parcel->not_finite = 0;
	parcel->record = cursor->record;
	parcel->passed = cursor->passed;
	gzip_begin(gzip, &parcel->body);
	while (parcel->count < limit && bytes < bytes_max && parcel->record < until &&
	       !spool_reader_get(reader, parcel->record, &batch, &hole)) {
		uint64_t end = batch.first + pending_records(batch.records);

		if (end > until)
			end = until;
		for (; parcel->record < end && parcel->count < limit && bytes < bytes_max;
		     parcel->record++) {
			uint32_t at = (uint32_t)(parcel->record - batch.first);
			const struct sample *sample = pending_sample(batch.records, at);
			int error = sample ? add_line(parcel, batch.schema, sample, gzip, &bytes) : 0;

			if (error)
				return error;
		}
	}
	return gzip_end(gzip);
}

bool parcel_skip(struct cursor *at, struct spool_reader *reader, uint64_t n)
{
	struct journal_hole hole;
	struct spool_batch batch;

	while (!spool_reader_get(reader, at->record, &batch, &hole)) {
		uint64_t end = batch.first + pending_records(batch.records);

		for (; at->record < end; at->record++) {
			bool is_sample = pending_sample(batch.records,
							(uint32_t)(at->record - batch.first));

			if (is_sample && !n)
				return true;
			n -= is_sample;
			at->passed += is_sample;
		}
	}
	return false;
}
