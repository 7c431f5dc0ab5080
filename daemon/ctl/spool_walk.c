// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/spool_walk.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/words.h"
#include "ctl/fail.h"
#include "ctl/stamp.h"

/* A segment of which both ends are further than this outside of what is asked for is passed
 * over: so far a clock that is set back within it may go unnoticed.
 */
#define MARGIN_MS 86400000LL

/* So many batches without a date may be newer than the newest that has one. */
#define NEWEST_TRIES 4096

static bool parse_bound(const char *option, const char *text, int64_t now_ms, int64_t *ms)
{
	char why[256];

	if (!text || stamp_parse(text, now_ms, ms, why, sizeof(why)))
		return true;
	fail(SPOOL_UNREADABLE, "%s: %s", option, why);
	return false;
}

bool spool_walk_bounds(struct spool_walk *walk, const char *from, const char *to, int64_t now_ms)
{
	walk->from_ms = INT64_MIN;
	walk->to_ms = INT64_MAX;
	if (!parse_bound("--from", from, now_ms, &walk->from_ms) ||
	    !parse_bound("--to", to, now_ms, &walk->to_ms))
		return false;
	if (walk->from_ms < walk->to_ms)
		return true;
	fail(SPOOL_UNREADABLE, "--from is not before --to; exchange them");
	return false;
}

/* The card is hydropond's first: what it writes does not wait for what is read here, where the
 * scheduler of the card's queue knows priorities (bfq and mq-deadline do).
 */
static void stand_back(void)
{
	enum { IOPRIO_WHO_PROCESS = 1, IOPRIO_CLASS_IDLE = 3, IOPRIO_CLASS_SHIFT = 13 };

	syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_CLASS_IDLE << IOPRIO_CLASS_SHIFT);
	if (nice(10) < 0)
		return;
}

int spool_walk_open(struct spool_walk *walk, const struct spool_options *options)
{
	int code;

	stand_back();
	walk->channels_n = options->channels_n;
	walk->channels = options->channels_n ? options->channels : NULL;
	code = spool_source_open(&walk->source, options);
	if (!code)
		spool_source_date(&walk->source);
	return code;
}

/* Which series of a schema are asked for. */
static void choose(struct spool_walk *walk, const struct spool_schema *schema,
		   bool chosen[HYDROPON_MAX_CHANNELS])
{
	for (size_t i = 0; i < schema->series_n; i++) {
		chosen[i] = !walk->channels;
		for (size_t n = 0; n < walk->channels_n; n++)
			if (!strcmp(walk->channels[n], schema->series[i].channel)) {
				chosen[i] = true;
				walk->found[n] = true;
			}
	}
}

/* What is no sample is of no channel. */
static void take_note(struct spool_walk *walk, const struct spool_batch *batch, uint64_t at)
{
	const struct pending_note *note = pending_note(batch->records, (uint32_t)(at - batch->first));
	struct sample dated;
	struct point point;

	if (!walk->point || walk->channels || !point_get(note->bytes, note->size, &point))
		return;
	dated = (struct sample){ .boot_ns = point.boot_ns, .wall_ms = point.wall_ms,
				 .clk = point.clk };
	if (dates_find(&walk->source.dates, at, &dated, &dated) != DATE_KNOWN ||
	    dated.wall_ms < walk->from_ms || dated.wall_ms >= walk->to_ms)
		return;
	point.wall_ms = dated.wall_ms;
	point.clk = dated.clk;
	walk->point(walk->data, batch->schema, &point);
}

/* The samples of a batch, from record @begin on. */
static void take_batch(struct spool_walk *walk, const struct spool_batch *batch, uint64_t begin)
{
	uint64_t end = batch->first + pending_records(batch->records);
	bool chosen[HYDROPON_MAX_CHANNELS];

	choose(walk, batch->schema, chosen);
	walk->schema = *batch->schema;
	if (walk->explain)
		walk->explain(walk->data, batch->schema);
	for (uint64_t at = begin; at < end; at++) {
		const struct sample *sample = pending_sample(batch->records,
							     (uint32_t)(at - batch->first));
		struct sample dated;
		enum date date;

		if (!sample) {
			take_note(walk, batch, at);
			continue;
		}
		if (!walk->sample || !chosen[sample->channel])
			continue;
		date = dates_find(&walk->source.dates, at, sample, &dated);
		if (date != DATE_KNOWN ||
		    (dated.wall_ms >= walk->from_ms && dated.wall_ms < walk->to_ms))
			walk->sample(walk->data, batch->schema, &dated, date);
	}
}

/* The stamp of the first sample from record @at on, if that can be seen at once. */
static bool stamp_at(struct spool_walk *walk, uint64_t at, int64_t *ms)
{
	struct journal_hole hole;
	struct spool_batch batch;
	struct sample dated;

	if (spool_reader_get(walk->source.reader, at, &batch, &hole) ||
	    !batch.records->samples_n ||
	    dates_find(&walk->source.dates, batch.first, batch.records->samples, &dated) !=
		    DATE_KNOWN)
		return false;
	*ms = dated.wall_ms;
	return true;
}

static bool is_before(int64_t a_ms, int64_t b_ms)
{
	return b_ms > INT64_MIN + MARGIN_MS && a_ms < b_ms - MARGIN_MS;
}

static bool is_after(int64_t a_ms, int64_t b_ms)
{
	return b_ms < INT64_MAX - MARGIN_MS && a_ms > b_ms + MARGIN_MS;
}

/* The record at or after @at where the reading goes on: segments in which nothing can be that
 * was asked for are passed over.
 */
static uint64_t pass_segments(struct spool_walk *walk, uint64_t at)
{
	for (;;) {
		const struct segments *segments =
			journal_reader_segments(spool_reader_journal(walk->source.reader));
		int i = segments ? segments_find(segments, at) : -1;
		int next = i < 0 ? -1 : segments_next(segments, i);
		int64_t begin_ms, end_ms;
		uint64_t end;

		if (next < 0 || segments->list[i].first != at)
			return at;
		end = segments->list[next].first;
		if (!stamp_at(walk, at, &begin_ms) || !stamp_at(walk, end, &end_ms))
			return at;
		if (!(is_before(begin_ms, walk->from_ms) && is_before(end_ms, walk->from_ms)) &&
		    !(is_after(begin_ms, walk->to_ms) && is_after(end_ms, walk->to_ms)))
			return at;
		at = end;
	}
}

/* Points that were kept of what is not there any more come first. */
static uint64_t first_record(const struct spool_walk *walk)
{
	uint64_t first = walk->source.view.first, kept;

	if (!walk->point || walk->channels ||
	    journal_reader_first_kept(spool_reader_journal(walk->source.reader), &kept))
		return first;
	return kept < first ? kept : first;
}

/* 0, or what the reading ended with. */
static int take_all(struct spool_walk *walk)
{
	uint64_t at = first_record(walk);
	struct journal_hole hole;
	struct spool_batch batch;
	int error;

	while (!walk->is_enough || !walk->is_enough(walk->data)) {
		uint64_t begin = pass_segments(walk, at);

		at = begin;
		error = spool_source_next(&walk->source, &at, &batch, &hole);
		if (!error)
			take_batch(walk, &batch, begin);
		else if (error != -ENODATA)
			return error == -ENOENT ? 0 : error;
		else if (!hole.is_given_up)
			walk->missing += at - begin;
		else if (begin >= walk->source.view.first)
			walk->given_up += at - begin;
	}
	return 0;
}

static int tell_unknown(const struct spool_walk *walk)
{
	const char *names[HYDROPON_MAX_CHANNELS];
	char list[512];
	int code = EXIT_OK;

	for (size_t i = 0; i < walk->schema.series_n; i++)
		names[i] = walk->schema.series[i].channel;
	words_list(names, walk->schema.series_n, list, sizeof(list));
	for (size_t i = 0; i < walk->channels_n; i++)
		if (!walk->found[i])
			code = fail(SPOOL_DAMAGED, "no channel \"%s\" was there; there are: %s",
				    walk->channels[i], list);
	return code;
}

static int tell_end(const struct spool_walk *walk)
{
	int code = tell_unknown(walk);

	if (!walk->source.view.is_unattended && !walk->source.view.is_marked)
		fprintf(stderr, "hydroponctl: %s: %s\n", walk->source.dir,
			spool_source_state(&walk->source));
	if (walk->given_up)
		fprintf(stderr, "hydroponctl: %" PRIu64 " records were given up for room, and are "
			"not among these\n", walk->given_up);
	if (walk->missing)
		code = fail(SPOOL_DAMAGED, "%" PRIu64 " records are missing, as the spool is "
			    "damaged; hydroponctl spool check tells where", walk->missing);
	return code;
}

int spool_walk(struct spool_walk *walk)
{
	int error = take_all(walk);

	return error ? spool_source_fail(&walk->source, error) : tell_end(walk);
}

bool spool_walk_oldest(struct spool_walk *walk, int64_t *ms)
{
	return stamp_at(walk, walk->source.view.first, ms);
}

bool spool_walk_newest(struct spool_walk *walk, int64_t *ms)
{
	uint64_t at = walk->source.view.records;

	for (int i = 0; i < NEWEST_TRIES && at > walk->source.view.first; i++) {
		uint64_t next = --at;
		struct journal_hole hole;
		struct spool_batch batch;

		if (spool_source_next(&walk->source, &next, &batch, &hole))
			continue;
		for (uint32_t n = batch.records->samples_n; n > 0; n--) {
			struct sample dated;

			/* Its own number matters only to what has no date. */
			if (dates_find(&walk->source.dates, at, &batch.records->samples[n - 1],
				       &dated) == DATE_KNOWN) {
				*ms = dated.wall_ms;
				return true;
			}
		}
		at = batch.first;
	}
	return false;
}
