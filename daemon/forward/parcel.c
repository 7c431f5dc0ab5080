// SPDX-License-Identifier: GPL-2.0-only
#include "forward/parcel.h"

#include <errno.h>

#include "base/clock.h"

/* So many are passed over at once. */
#define UNDATED_MAX 100000

static int add_line(struct parcel *parcel, size_t length, int64_t wall_ms, struct gzip *gzip,
		    size_t *bytes)
{
	if (!parcel->count++)
		parcel->first_wall_ms = wall_ms;
	*bytes += length;
	return gzip_put(gzip, parcel->line, length);
}

static int add_sample(struct parcel *parcel, const struct spool_schema *schema,
		      const struct sample *sample, struct gzip *gzip, size_t *bytes)
{
	bool not_finite = false;
	size_t length = line_put(parcel->line, schema, sample, &not_finite);

	parcel->not_finite += not_finite;
	parcel->passed++;
	return add_line(parcel, length, sample->wall_ms, gzip, bytes);
}

static int add_point(struct parcel *parcel, const struct spool_schema *schema,
		     const struct point *point, struct gzip *gzip, size_t *bytes)
{
	size_t length = point_line_put(parcel->line, schema, point);

	parcel->points++;
	return add_line(parcel, length, point->wall_ms, gzip, bytes);
}

/* What nothing proves is only sent if it is wanted, and makes sense. */
static bool is_estimate(const struct packing *packing, const struct sample *sample)
{
	return packing->sends_estimates && clock_is_plausible(sample->wall_ms);
}

/* Dates what is record parcel->record. -ESTALE: the dates must be refreshed first. */
static int find_date(const struct parcel *parcel, const struct packing *packing,
		     const struct sample *sample, struct sample *dated)
{
	enum date date;

	if (sample->clk == CLK_UNSET &&
	    !dates_cover(&packing->dates, packing->reader, parcel->record))
		return -ESTALE;
	date = dates_find(&packing->dates, parcel->record, sample, dated);
	/* There may be a note by now. */
	if (date == DATE_WAITS)
		return packing->dates.until < spool_reader_view(packing->reader)->records ?
			       -ESTALE : -EAGAIN;
	return date == DATE_NEVER && !is_estimate(packing, sample) ? -ENODATA : 0;
}

/* Notes that are no points are the spool's own affair. */
static int take_note(struct parcel *parcel, const struct spool_batch *batch,
		     const struct pending_note *note, struct packing *packing, size_t *bytes)
{
	struct point point;
	struct sample dated;
	int error;

	if (!point_get(note->bytes, note->size, &point))
		return 0;
	dated = (struct sample){ .boot_ns = point.boot_ns, .wall_ms = point.wall_ms,
				 .clk = point.clk };
	error = find_date(parcel, packing, &dated, &dated);
	if (error)
		return error == -ENODATA ? 0 : error;
	point.wall_ms = dated.wall_ms;
	point.clk = dated.clk;
	return add_point(parcel, batch->schema, &point, packing->gzip, bytes);
}

static int take_sample(struct parcel *parcel, const struct spool_batch *batch,
		       const struct sample *sample, struct packing *packing, size_t *bytes)
{
	struct sample dated;
	int error = find_date(parcel, packing, sample, &dated);

	if (error == -ENODATA) {
		parcel->undated++;
		parcel->passed++;
		return 0;
	}
	return error ? error : add_sample(parcel, batch->schema, &dated, packing->gzip, bytes);
}

/* The records of a batch, as far as they go into the parcel. */
static int add_batch(struct parcel *parcel, const struct spool_batch *batch,
		     struct packing *packing, size_t limit, uint64_t until, size_t *bytes)
{
	const size_t bytes_max = PARCEL_BYTES_MAX - LINE_MAX_BYTES;
	uint64_t end = batch->first + pending_records(batch->records);

	if (end > until)
		end = until;
	for (; parcel->record < end && parcel->count < limit && parcel->undated < UNDATED_MAX &&
	       *bytes < bytes_max; parcel->record++) {
		uint32_t at = (uint32_t)(parcel->record - batch->first);
		const struct sample *sample = pending_sample(batch->records, at);
		int error = sample ? take_sample(parcel, batch, sample, packing, bytes) :
				     take_note(parcel, batch, pending_note(batch->records, at),
					       packing, bytes);

		if (error)
			return error;
	}
	return 0;
}

int parcel_fill(struct parcel *parcel, const struct cursor *cursor, struct packing *packing,
		size_t limit, uint64_t until)
{
	const size_t bytes_max = PARCEL_BYTES_MAX - LINE_MAX_BYTES;
	struct journal_hole hole;
	struct spool_batch batch;
	size_t bytes = 0;
	int error = 0;

	parcel->count = 0;
	parcel->points = 0;
	parcel->not_finite = 0;
	parcel->undated = 0;
	parcel->date_error = 0;
	parcel->record = cursor->record;
	parcel->passed = cursor->passed;
	gzip_begin(packing->gzip, &parcel->body);
	while (!error && parcel->count < limit && parcel->undated < UNDATED_MAX &&
	       bytes < bytes_max && parcel->record < until &&
	       !spool_reader_get(packing->reader, parcel->record, &batch, &hole)) {
		error = add_batch(parcel, &batch, packing, limit, until, &bytes);
		if (error == -ESTALE) {
			error = dates_refresh(&packing->dates, packing->reader);
			parcel->date_error = error;
		}
	}
	parcel->waits_for_clock = error == -EAGAIN && !parcel->date_error;
	return error == -ENOMEM ? error : gzip_end(packing->gzip);
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
