// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/spool.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/words.h"
#include "ctl/fail.h"
#include "ctl/stamp.h"
#include "ctl/table.h"
#include "forward/line_protocol.h"

/* A segment of which both ends are further than this outside of what is asked for is passed
 * over: so far a clock that is set back within it may go unnoticed.
 */
#define MARGIN_MS 86400000LL

struct export {
	struct spool_source source;
	const struct spool_options *options;
	int64_t from_ms, to_ms;		/* the first that is written, the first that is not */
	bool found[HYDROPON_MAX_CHANNELS];	/* a series of options->channels[] */
	struct spool_schema schema;	/* the newest that was read */
	uint64_t missing, given_up;	/* records */
	uint64_t not_finite;		/* values that are no numbers */
	uint64_t undated;		/* samples without a date that were left out */
};

static bool parse_bound(const char *option, const char *text, int64_t *ms)
{
	char why[256];

	if (!text || stamp_parse(text, clock_wall_ms(), ms, why, sizeof(why)))
		return true;
	fail(SPOOL_UNREADABLE, "%s: %s", option, why);
	return false;
}

static bool parse_options(struct export *export, const struct spool_options *options)
{
	export->options = options;
	export->from_ms = INT64_MIN;
	export->to_ms = INT64_MAX;
	if (!parse_bound("--from", options->from, &export->from_ms) ||
	    !parse_bound("--to", options->to, &export->to_ms))
		return false;
	if (export->from_ms < export->to_ms)
		return true;
	fail(SPOOL_UNREADABLE, "--from is not before --to; exchange them");
	return false;
}

/* Which series of a schema are written. */
static void choose(struct export *export, const struct spool_schema *schema,
		   bool chosen[HYDROPON_MAX_CHANNELS])
{
	const struct spool_options *options = export->options;

	for (size_t i = 0; i < schema->series_n; i++) {
		chosen[i] = !options->channels_n;
		for (size_t n = 0; n < options->channels_n; n++)
			if (!strcmp(options->channels[n], schema->series[i].channel)) {
				chosen[i] = true;
				export->found[n] = true;
			}
	}
}

/* As RFC 4180 quotes it. */
static void put_field(const char *text)
{
	char clean[64];
	bool is_quoted;

	snprintf(clean, sizeof(clean), "%s", text);
	text_clean(clean);
	is_quoted = strpbrk(clean, ",\"") != NULL;
	if (is_quoted)
		putchar('"');
	for (const char *c = clean; *c; c++) {
		if (*c == '"')
			putchar('"');
		putchar(*c);
	}
	if (is_quoted)
		putchar('"');
	putchar(',');
}

static void put_csv(struct export *export, const struct spool_schema *schema,
		    const struct sample *sample)
{
	const struct spool_series *series = &schema->series[sample->channel];
	char time[STAMP_SIZE], value[VALUE_MAX_BYTES] = "";

	if (quality_has_value(sample->q) && isfinite(sample->value))
		value_put(value, series, sample->value);
	else if (quality_has_value(sample->q))
		export->not_finite++;
	printf("%s,", stamp_utc(sample->wall_ms, time));
	put_field(series->channel);
	put_field(series->quantity);
	put_field(series->unit);
	printf("%s,%s,%" PRId32 ",", value, quality_name(sample->q), sample->raw);
	if (sample->clk == CLK_UNSET)
		puts("unset");
	else
		printf("%d\n", sample->clk);
}

static void put_line(struct export *export, const struct spool_schema *schema,
		     const struct sample *sample)
{
	char text[LINE_MAX_BYTES];
	bool not_finite = false;

	fwrite(text, 1, line_put(text, schema, sample, &not_finite), stdout);
	export->not_finite += not_finite;
}

/* Whether it is among what is asked for; one without a date is when all is, as CSV. */
static bool is_asked_for(struct export *export, enum date date, const struct sample *sample)
{
	if (date == DATE_KNOWN)
		return sample->wall_ms >= export->from_ms && sample->wall_ms < export->to_ms;
	if (export->options->csv && !export->options->from && !export->options->to)
		return true;
	export->undated++;
	return false;
}

/* What is no sample is of no channel, and of no table. */
static void put_note(struct export *export, const struct spool_batch *batch, uint64_t at)
{
	const struct pending_note *note = pending_note(batch->records, (uint32_t)(at - batch->first));
	char text[LINE_MAX_BYTES];
	struct sample dated;
	struct point point;

	if (export->options->csv || export->options->channels_n ||
	    !point_get(note->bytes, note->size, &point))
		return;
	dated = (struct sample){ .boot_ns = point.boot_ns, .wall_ms = point.wall_ms,
				 .clk = point.clk };
	if (dates_find(&export->source.dates, at, &dated, &dated) != DATE_KNOWN ||
	    dated.wall_ms < export->from_ms || dated.wall_ms >= export->to_ms)
		return;
	point.wall_ms = dated.wall_ms;
	point.clk = dated.clk;
	fwrite(text, 1, point_line_put(text, batch->schema, &point), stdout);
}

/* The samples of a batch, from record @begin on. */
static void put_batch(struct export *export, const struct spool_batch *batch, uint64_t begin)
{
	uint64_t end = batch->first + pending_records(batch->records);
	bool chosen[HYDROPON_MAX_CHANNELS];

	choose(export, batch->schema, chosen);
	export->schema = *batch->schema;
	for (uint64_t at = begin; at < end; at++) {
		const struct sample *sample = pending_sample(batch->records,
							     (uint32_t)(at - batch->first));
		struct sample dated;

		if (!sample) {
			put_note(export, batch, at);
			continue;
		}
		if (!chosen[sample->channel] ||
		    !is_asked_for(export, dates_find(&export->source.dates, at, sample, &dated),
				  &dated))
			continue;
		if (export->options->csv)
			put_csv(export, batch->schema, &dated);
		else
			put_line(export, batch->schema, &dated);
	}
}

/* The stamp of the first sample from record @at on, if that can be seen at once. */
static bool stamp_at(struct export *export, uint64_t at, int64_t *ms)
{
	struct journal_hole hole;
	struct spool_batch batch;
	struct sample dated;

	if (spool_reader_get(export->source.reader, at, &batch, &hole) ||
	    !batch.records->samples_n ||
	    dates_find(&export->source.dates, batch.first, batch.records->samples, &dated) !=
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
static uint64_t pass_segments(struct export *export, uint64_t at)
{
	for (;;) {
		const struct segments *segments =
			journal_reader_segments(spool_reader_journal(export->source.reader));
		int i = segments ? segments_find(segments, at) : -1;
		int next = i < 0 ? -1 : segments_next(segments, i);
		int64_t begin_ms, end_ms;
		uint64_t end;

		if (next < 0 || segments->list[i].first != at)
			return at;
		end = segments->list[next].first;
		if (!stamp_at(export, at, &begin_ms) || !stamp_at(export, end, &end_ms))
			return at;
		if (!(is_before(begin_ms, export->from_ms) && is_before(end_ms, export->from_ms)) &&
		    !(is_after(begin_ms, export->to_ms) && is_after(end_ms, export->to_ms)))
			return at;
		at = end;
	}
}

/* 0, or what the reading ended with; 0 also if nothing can be written any more. */
static int put_all(struct export *export)
{
	uint64_t at = export->source.view.first;
	struct journal_hole hole;
	struct spool_batch batch;
	int error;

	while (!ferror(stdout)) {
		uint64_t begin = pass_segments(export, at);

		at = begin;
		error = spool_source_next(&export->source, &at, &batch, &hole);
		if (!error)
			put_batch(export, &batch, begin);
		else if (error != -ENODATA)
			return error == -ENOENT ? 0 : error;
		else if (hole.is_given_up)
			export->given_up += at - begin;
		else
			export->missing += at - begin;
	}
	return 0;
}

static int tell_unknown(const struct export *export)
{
	const struct spool_options *options = export->options;
	const char *names[HYDROPON_MAX_CHANNELS];
	char list[512];
	int code = EXIT_OK;

	for (size_t i = 0; i < export->schema.series_n; i++)
		names[i] = export->schema.series[i].channel;
	words_list(names, export->schema.series_n, list, sizeof(list));
	for (size_t i = 0; i < options->channels_n; i++)
		if (!export->found[i])
			code = fail(SPOOL_DAMAGED, "no channel \"%s\" was there; there are: %s",
				    options->channels[i], list);
	return code;
}

static int tell_end(const struct export *export)
{
	int code = tell_unknown(export);

	if (!export->source.view.is_unattended && !export->source.view.is_marked)
		fprintf(stderr, "hydroponctl: %s: %s\n", export->source.dir,
			spool_source_state(&export->source));
	if (export->given_up)
		fprintf(stderr, "hydroponctl: %" PRIu64 " records were given up for room, and are "
			"not among these\n", export->given_up);
	if (export->undated)
		fprintf(stderr, "hydroponctl: %" PRIu64 " samples were taken before the clock was "
			"set, and have no date: --csv without --from and --to has them, with what "
			"the clock said\n", export->undated);
	if (export->not_finite)
		fprintf(stderr, "hydroponctl: %" PRIu64 " values were no numbers, and are left "
			"out\n", export->not_finite);
	if (export->missing)
		code = fail(SPOOL_DAMAGED, "%" PRIu64 " records are missing, as the spool is "
			    "damaged; hydroponctl spool check tells where", export->missing);
	return code;
}

int spool_export(const struct spool_options *options)
{
	static char buffer[1 << 16];
	struct export export = { 0 };
	int code, error;

	if (!parse_options(&export, options))
		return SPOOL_UNREADABLE;
	code = spool_source_open(&export.source, options);
	if (code)
		return code;
	spool_source_date(&export.source);
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	if (options->csv)
		puts("time,channel,quantity,unit,value,quality,raw,clk");
	error = put_all(&export);
	if (error)
		code = spool_source_fail(&export.source, error);
	else
		code = tell_end(&export);
	if (!spool_is_printed())
		code = SPOOL_DAMAGED;
	spool_source_close(&export.source);
	return code;
}
