// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/spool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "ctl/fail.h"
#include "ctl/stamp.h"
#include "ctl/table.h"

/* Of many segments, so many of the oldest and of the newest have a row of their own. */
#define OLDEST_ROWS 2
#define NEWEST_ROWS 8
#define GAP_LINES 4
#define DAY_MS 86400000.0

/* What the samples at both ends tell, the first and the last that have a date. */
struct ends {
	bool has_oldest, has_newest;
	int64_t oldest_ms, newest_ms;
	char gateway[64], site[64];	/* of the newest schema; "": none was read */
};

#define line(options, mark, ...) mark_print(stdout, (options)->colour, mark, __VA_ARGS__)

static bool take_dated(const struct spool_source *source, const struct spool_batch *batch,
		       uint32_t i, int64_t *ms)
{
	const struct sample *sample = pending_sample(batch->records, i);
	struct sample dated;

	if (!sample || dates_find(&source->dates, batch->first + i, sample, &dated) != DATE_KNOWN)
		return false;
	*ms = dated.wall_ms;
	return true;
}

static int find_oldest(struct spool_source *source, struct ends *ends)
{
	uint64_t at = source->view.first;
	struct journal_hole hole;
	struct spool_batch batch;
	int error;

	do {
		error = spool_source_next(source, &at, &batch, &hole);
		for (uint32_t i = 0; !error && !ends->has_oldest &&
		     i < pending_records(batch.records); i++)
			ends->has_oldest = take_dated(source, &batch, i, &ends->oldest_ms);
	} while ((!error || error == -ENODATA) && !ends->has_oldest);
	return error == -ENODATA || error == -ENOENT ? 0 : error;
}

/* The newest from record @at on. */
static int find_newest_from(struct spool_source *source, uint64_t at, struct ends *ends)
{
	struct journal_hole hole;
	struct spool_batch batch;
	int error;

	for (;;) {
		error = spool_source_next(source, &at, &batch, &hole);
		if (error && error != -ENODATA)
			return error == -ENOENT ? 0 : error;
		if (error)
			continue;
		snprintf(ends->gateway, sizeof(ends->gateway), "%s", batch.schema->gateway);
		snprintf(ends->site, sizeof(ends->site), "%s", batch.schema->site);
		for (uint32_t i = pending_records(batch.records); i--;)
			if (take_dated(source, &batch, i, &ends->newest_ms)) {
				ends->has_newest = true;
				break;
			}
	}
}

/* Segment by segment, from the newest back, until there is a sample. */
static int find_newest(struct spool_source *source, struct ends *ends)
{
	const struct segments *segments;
	uint64_t from = source->view.records;
	int error = 0;

	while (!error && !ends->has_newest && from > source->view.first) {
		int i;

		segments = journal_reader_segments(spool_reader_journal(source->reader));
		if (!segments)
			return -EAGAIN;
		i = segments_find(segments, from - 1);
		from = i < 0 ? source->view.first : segments->list[i].first;
		error = find_newest_from(source, from, ends);
	}
	return error;
}

static void print_head(const struct spool_options *options, const struct spool_source *source,
		       const struct ends *ends, uint64_t bytes)
{
	const struct spool_view *view = &source->view;
	char oldest[STAMP_SIZE], newest[STAMP_SIZE], used[32], most[32];
	int64_t span_ms = ends->newest_ms - ends->oldest_ms;

	if (*ends->gateway)
		line(options, MARK_NONE, "%s%s%s, spool %016" PRIx64, ends->gateway,
		     *ends->site ? " at " : "", ends->site,
		     view->id);
	else
		line(options, MARK_NONE, "spool %016" PRIx64, view->id);
	line(options, MARK_NONE, "%s", source->dir);
	line(options, view->is_unattended || view->is_marked ? MARK_NONE : MARK_WARN, "%s",
	     spool_source_state(source));
	line(options, MARK_NONE, "records   %" PRIu64 " to %" PRIu64 ": %" PRIu64 ", %" PRIu64
	     " of them samples", view->first, view->records, view->records - view->first,
	     view->samples - view->start);
	line(options, MARK_NONE, "oldest    %s",
	     ends->has_oldest ? stamp_local(ends->oldest_ms, oldest) : "-");
	line(options, MARK_NONE, "newest    %s",
	     ends->has_newest ? stamp_local(ends->newest_ms, newest) : "-");
	bytes_text(bytes, used, sizeof(used));
	line(options, MARK_NONE, "bytes     %s%s%s", used, source->max_bytes ? " of " : "",
	     source->max_bytes ? bytes_text(source->max_bytes, most, sizeof(most)) : "");
	/* Of less than a minute nothing can be said of a day. */
	if (ends->has_oldest && ends->has_newest && span_ms >= 60000)
		line(options, MARK_NONE, "a day     about %.0f samples",
		     (double)(view->samples - view->start) * DAY_MS / (double)span_ms);
}

static void print_time(const struct spool_options *options, const struct dates *dates)
{
	const struct time_note *note = &dates->note;
	unsigned int waiting = 0, never = 0;

	if (!dates->has_note)
		return;
	for (size_t i = 0; i < note->boots_n; i++) {
		waiting += note->boots[i].proof == TIME_WAITS;
		never += note->boots[i].proof == TIME_NEVER;
	}
	line(options, note->is_set ? MARK_NONE : MARK_WARN, "time      boot %u, clk=%d: %s",
	     note->boot, note->clk, note->is_set ? "the clock is set" :
	     "the clock was not set yet");
	if (waiting)
		line(options, MARK_WARN, "undated   what was sampled in %u boot%s waits for the clock "
		     "to be set", waiting, waiting == 1 ? "" : "s");
	if (never)
		line(options, MARK_WARN, "undated   nothing tells when what was sampled in %u "
		     "boot%s was", never, never == 1 ? "" : "s");
}

static void print_ring(const struct spool_options *options, const struct spool_source *source,
		       struct journal_reader *journal)
{
	const struct leftover *leftover = journal_reader_leftover(journal);
	struct journal_mark mark;

	journal_reader_mark(journal, &mark);
	if (!leftover && !source->view.is_marked)
		line(options, MARK_NONE, "ring      not read");
	else if (leftover && leftover->slots.handle < 0)
		line(options, MARK_BAD, "ring      it is gone, and what was committed last with it");
	else
		line(options, MARK_NONE, "ring      %" PRIu64 " records that are in no block yet",
		     mark.records - mark.blocked);
	if (leftover && leftover->slots.handle >= 0 && !leftover->has_head)
		line(options, MARK_BAD, "ring      its head is damaged");
	if (leftover && leftover->slots.unreadable)
		line(options, MARK_BAD, "ring      %u of its pages cannot be read",
		     leftover->slots.unreadable);
}

static void print_gaps(const struct spool_options *options, const struct segments *segments)
{
	for (uint32_t i = 0; i < segments->gaps_n && i < GAP_LINES; i++)
		line(options, MARK_NONE, "given up  %" PRIu64 " to %" PRIu64 " for room, %" PRIu64
		     " of them samples", segments->gaps[i].first, segments->gaps[i].end,
		     segments->gaps[i].samples);
	if (segments->gaps_n > GAP_LINES)
		line(options, MARK_NONE, "given up  and in %u places more",
		     segments->gaps_n - GAP_LINES);
	if (segments->bad_places)
		line(options, MARK_BAD, "damaged   in %u places: hydroponctl spool check tells more",
		     segments->bad_places);
}

/* Segments that stand in one row: one, or many of the same kind. */
struct row {
	unsigned int files, file;
	uint64_t generation, first, records, bytes;
	const char *state;
	enum mark mark;
};

static struct row row_of(const struct segments *segments, unsigned int at,
			 const struct journal_mark *mark)
{
	const struct segment *segment = &segments->list[at];
	int next = segments_next(segments, (int)at);
	uint64_t end = next < 0 ? mark->blocked : segments->list[next].first;
	struct row row = { .files = 1, .file = segment->file, .generation = segment->generation,
			   .bytes = segment->bytes, .state = "full" };

	if (segment->has_frames) {
		row.first = segment->first;
		row.records = end > segment->first ? end - segment->first : 0;
	}
	if (segment->is_foreign) {
		row.state = "left alone";
		row.mark = MARK_WARN;
	} else if (segment->has_frames &&
		   segments_head_is_damaged(segments, (int)at, mark->blocked)) {
		row.state = "head damaged";
		row.mark = MARK_BAD;
	} else if (!segment->has_frames) {
		row.state = segment->generation ? "ready" : "not in use";
		row.bytes = 0;
	} else if (next < 0) {
		row.state = "newest";
		row.bytes = segments->end;
	}
	return row;
}

static void put_row(struct table *table, const struct row *row)
{
	char text[32];

	table_row(table, row->mark);
	if (row->files == 1)
		segment_name(text, row->file);
	else
		snprintf(text, sizeof(text), "(%u files)", row->files);
	table_cell(table, "%s", text);
	if (row->files == 1)
		table_cell(table, "%" PRIu64, row->generation);
	else
		table_cell(table, "%s", "");
	table_cell(table, "%" PRIu64, row->first);
	table_cell(table, "%" PRIu64, row->records);
	table_cell(table, "%s", bytes_text(row->bytes, text, sizeof(text)));
	table_cell(table, "%s", row->state);
}

static void print_segments(const struct spool_options *options, const struct segments *segments,
			   const struct journal_mark *mark)
{
	static const char *const titles[] = { "FILE", "GENERATION", "FIRST RECORD", "RECORDS",
					      "BYTES", "STATE" };
	struct table *table = table_new("lrrrrl", titles);
	struct row many = { 0 };

	if (!table)
		return;
	for (unsigned int i = 0; i < segments->n; i++) {
		struct row row = row_of(segments, i, mark);
		bool is_one = i < OLDEST_ROWS || i + NEWEST_ROWS >= segments->n || row.mark;

		if (is_one) {
			if (many.files)
				put_row(table, &many);
			many.files = 0;
			put_row(table, &row);
		} else if (!many.files) {
			many = row;
		} else {
			many.files++;
			many.records += row.records;
			many.bytes += row.bytes;
		}
	}
	putchar('\n');
	table_print(table, stdout, options->colour);
	free(table);
}

/* Of the ring and all segments. */
static uint64_t bytes_of(const struct segments *segments)
{
	int handle = disk_open(segments->disk, SLOTS_NAME, false);
	int64_t ring = handle < 0 ? 0 : disk_size(segments->disk, handle);

	disk_close(segments->disk, handle);
	return segments_bytes(segments) + (ring > 0 ? (uint64_t)ring : 0);
}

int spool_show(const struct spool_options *options)
{
	struct spool_source source;
	struct ends ends = { 0 };
	const struct segments *segments;
	struct journal_reader *journal;
	struct journal_mark mark;
	int code = spool_source_open(&source, options), error;

	if (code)
		return code;
	spool_source_date(&source);
	error = find_oldest(&source, &ends);
	if (!error)
		error = find_newest(&source, &ends);
	journal = spool_reader_journal(source.reader);
	segments = error ? NULL : journal_reader_segments(journal);
	if (!segments) {
		code = spool_source_fail(&source, error ? error : -EAGAIN);
		goto close;
	}
	journal_reader_mark(journal, &mark);
	print_head(options, &source, &ends, bytes_of(segments));
	print_time(options, &source.dates);
	print_ring(options, &source, journal);
	print_gaps(options, segments);
	print_segments(options, segments, &mark);
	if (!spool_is_printed())
		code = SPOOL_DAMAGED;
close:
	spool_source_close(&source);
	return code;
}
