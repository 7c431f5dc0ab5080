// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/spool.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/units.h"
#include "ctl/csv.h"
#include "ctl/fail.h"
#include "ctl/spool_walk.h"
#include "ctl/stamp.h"
#include "ctl/table.h"
#include "forward/line_protocol.h"
#include "spool/history.h"

#define DAY_MS INT64_C(86400000)
#define ROWS_WANTED 24
#define GRAPH_COLUMNS 20

struct query {
	const struct spool_options *options;
	struct spool_walk walk;
	struct history history;
	uint64_t undated;
};

static void explain(void *data, const struct spool_schema *schema)
{
	history_explain(&((struct query *)data)->history, schema);
}

static void take_sample(void *data, const struct spool_schema *schema, const struct sample *sample,
			enum date date)
{
	struct query *query = data;

	if (date == DATE_KNOWN)
		history_add(&query->history, sample);
	else
		query->undated++;
}

static bool is_enough(void *data)
{
	return ((struct query *)data)->history.is_out_of_memory;
}

/* How far local time is ahead of UTC then. */
static int64_t local_ahead_ms(int64_t ms)
{
	time_t time = (time_t)(ms / 1000);
	struct tm tm;

	return localtime_r(&time, &tm) ? tm.tm_gmtoff * 1000 : 0;
}

/* The span, where it was not said: the last day, or as much of it as there is. */
static bool choose_span(struct query *query)
{
	struct spool_walk *walk = &query->walk;
	const struct spool_options *options = query->options;
	int64_t newest_ms, oldest_ms;
	char text[STAMP_SIZE];

	if (walk->to_ms == INT64_MAX)
		walk->to_ms = spool_walk_newest(walk, &newest_ms) ? newest_ms + 1 : clock_wall_ms();
	if (walk->from_ms == INT64_MIN) {
		walk->from_ms = walk->to_ms - DAY_MS;
		if (spool_walk_oldest(walk, &oldest_ms) && oldest_ms > walk->from_ms &&
		    oldest_ms < walk->to_ms)
			walk->from_ms = oldest_ms;
	}
	if (walk->from_ms < walk->to_ms)
		return true;
	fail(SPOOL_UNREADABLE, "--from %s is after the newest sample, which is of %s", options->from,
	     stamp_local(walk->to_ms - 1, text));
	return false;
}

static bool choose_steps(struct query *query)
{
	const struct spool_walk *walk = &query->walk;
	const struct spool_options *options = query->options;
	int64_t span_ms = walk->to_ms - walk->from_ms, from_ms = walk->from_ms;
	int64_t step_ms = (int64_t)options->every_ms;
	char span[32], step[32];

	if (!options->channels_n && !options->every_ms) {
		step_ms = span_ms;
	} else {
		if (!step_ms)
			step_ms = history_step_for(span_ms, ROWS_WANTED);
		from_ms = history_align(from_ms, step_ms, local_ahead_ms(from_ms));
	}
	if (history_begin(&query->history, from_ms, walk->to_ms, step_ms))
		return true;
	units_format(&units_time, (double)step_ms, step, sizeof(step));
	fail(SPOOL_UNREADABLE, "--every %s makes more than %d rows of %s; choose a longer time", step,
	     HISTORY_STEPS_MAX, duration_text((uint64_t)span_ms, span, sizeof(span)));
	return false;
}

static const char *value_text(char text[VALUE_MAX_BYTES], const struct history_series *series,
			      const struct history_step *step, double value)
{
	if (step->n)
		value_put(text, &series->series, value);
	else
		*text = 0;
	return text;
}

/* When a step begins, as much of it as tells it from the others. */
static const char *begin_text(const struct history *history, int64_t ms, char text[STAMP_SIZE])
{
	time_t time = (time_t)(ms / 1000);
	struct tm tm;
	size_t n = 0;

	if (localtime_r(&time, &tm))
		n = history->step_ms % DAY_MS == 0 && !tm.tm_hour && !tm.tm_min ?
		    strftime(text, STAMP_SIZE, "%F", &tm) :
		    history->step_ms % 60000 == 0 ? strftime(text, STAMP_SIZE, "%F %H:%M", &tm) :
		    strftime(text, STAMP_SIZE, "%F %H:%M:%S", &tm);
	if (!n)
		snprintf(text, STAMP_SIZE, "%" PRId64 " ms", ms);
	return text;
}

/* Of a value from @low to @high, which may be any numbers: halves of them have a difference. */
static int column_of(double value, double low, double high)
{
	double span = high / 2 - low / 2;

	return span > 0 ? (int)((value / 2 - low / 2) / span * (GRAPH_COLUMNS - 1) + 0.5) : 0;
}

/* "  --*---  ": from least to greatest, and the mean, where the whole width is @low .. @high. */
static const char *graph_text(const struct history_step *step, double low, double high,
			      char text[GRAPH_COLUMNS + 1])
{
	int begin, end, mean;

	*text = 0;
	if (!step->n)
		return text;
	begin = column_of(step->least, low, high);
	end = column_of(step->greatest, low, high);
	mean = column_of(history_mean(step), low, high);
	for (int i = 0; i <= end; i++)
		text[i] = i == mean ? '*' : i < begin ? ' ' : '-';
	text[end + 1] = 0;
	return text;
}

static uint64_t samples_of(const struct history *history, const struct history_series *series)
{
	uint64_t n = 0;

	for (size_t i = 0; i < history->steps_n; i++)
		n += series->steps[i].n + series->steps[i].without;
	return n;
}

static void bounds_of(const struct history *history, const struct history_series *series,
		      double *low, double *high)
{
	bool is_first = true;

	*low = *high = 0;
	for (size_t i = 0; i < history->steps_n; i++) {
		const struct history_step *step = &series->steps[i];

		if (!step->n)
			continue;
		if (is_first || step->least < *low)
			*low = step->least;
		if (is_first || step->greatest > *high)
			*high = step->greatest;
		is_first = false;
	}
}

/* A column that is empty all the way is left out. */
struct columns {
	int value, count;	/* width */
	bool without, uncertain;
};

static struct columns columns_of(const struct history *history, const struct history_series *series)
{
	struct columns columns = { .value = 7, .count = 7 };
	char text[VALUE_MAX_BYTES];

	for (size_t i = 0; i < history->steps_n; i++) {
		const struct history_step *step = &series->steps[i];
		double values[] = { step->least, step->greatest, history_mean(step) };

		for (size_t n = 0; n < 3; n++) {
			int width = (int)strlen(value_text(text, series, step, values[n]));

			if (width > columns.value)
				columns.value = width;
		}
		columns.without |= step->without != 0;
		columns.uncertain |= step->uncertain != 0;
	}
	return columns;
}

static void print_step(const struct query *query, const struct history_series *series, size_t at,
		       const struct columns *columns, double low, double high)
{
	const struct history *history = &query->history;
	const struct history_step *step = &series->steps[at];
	bool is_bad = !step->n, is_doubtful = step->without || step->uncertain;
	char begin[STAMP_SIZE], least[VALUE_MAX_BYTES], mean[VALUE_MAX_BYTES];
	char greatest[VALUE_MAX_BYTES], graph[GRAPH_COLUMNS + 1];
	char line[TABLE_CELL * 2];
	size_t n;

	n = (size_t)snprintf(line, sizeof(line), "%s  %*s  %*s  %*s  %*" PRIu64,
			     begin_text(history, history->from_ms + (int64_t)at * history->step_ms,
					begin),
			     columns->value, value_text(least, series, step, step->least),
			     columns->value, value_text(mean, series, step, history_mean(step)),
			     columns->value, value_text(greatest, series, step, step->greatest),
			     columns->count, step->n);
	if (columns->without)
		n += (size_t)snprintf(line + n, sizeof(line) - n, "  %7" PRIu64, step->without);
	if (columns->uncertain)
		n += (size_t)snprintf(line + n, sizeof(line) - n, "  %9" PRIu64, step->uncertain);
	if (*graph_text(step, low, high, graph))
		snprintf(line + n, sizeof(line) - n, "  %s", graph);
	mark_print(stdout, query->options->colour, is_bad ? MARK_BAD : is_doubtful ? MARK_WARN :
		   MARK_NONE, "%s", line);
}

static bool is_empty(const struct history_step *step)
{
	return !step->n && !step->without;
}

/* Steps from @at on in which nothing was sampled. */
static size_t empty_steps(const struct history *history, const struct history_series *series,
			  size_t at)
{
	size_t end = at;

	while (end < history->steps_n && is_empty(&series->steps[end]))
		end++;
	return end - at;
}

/* Where nothing was sampled is one line, however long it was. */
static void print_gap(const struct query *query, size_t begin, size_t steps)
{
	const struct history *history = &query->history;
	int64_t begin_ms = history->from_ms + (int64_t)begin * history->step_ms;
	char from[STAMP_SIZE], to[STAMP_SIZE];

	mark_print(stdout, query->options->colour, MARK_BAD, "%s  no samples before %s",
		   begin_text(history, begin_ms, from),
		   begin_text(history, begin_ms + (int64_t)steps * history->step_ms, to));
}

static void print_series(const struct query *query, const struct history_series *series)
{
	const struct history *history = &query->history;
	struct columns columns = columns_of(history, series);
	char step[32], from[STAMP_SIZE], title[TABLE_CELL * 2], low_text[VALUE_MAX_BYTES];
	char high_text[VALUE_MAX_BYTES];
	double low, high;
	int begin_width;

	bounds_of(history, series, &low, &high);
	units_format(&units_time, (double)history->step_ms, step, sizeof(step));
	snprintf(title, sizeof(title), "%s%s%s, a row is %s", series->series.channel,
		 *series->series.unit ? " in " : "", series->series.unit, step);
	text_clean(title);
	value_put(low_text, &series->series, low);
	value_put(high_text, &series->series, high);
	begin_width = (int)strlen(begin_text(history, history->from_ms, from));
	printf("%s\n  %-*s  %*s  %*s  %*s  %*s%s%s  %-*s%s\n", title, begin_width, "from",
	       columns.value, "min", columns.value, "mean", columns.value, "max", columns.count,
	       "samples", columns.without ? "  without" : "", columns.uncertain ? "  uncertain" : "",
	       GRAPH_COLUMNS - (int)strlen(high_text), low_text, high_text);
	for (size_t i = 0; i < history->steps_n; i++) {
		size_t empty = empty_steps(history, series, i);

		if (empty) {
			print_gap(query, i, empty);
			i += empty - 1;
		} else {
			print_step(query, series, i, &columns, low, high);
		}
	}
}

static void put_time(struct table *table, const struct history_step *step, int64_t ms)
{
	char text[STAMP_SIZE];
	time_t time = (time_t)(ms / 1000);
	struct tm tm;

	if (step->n && localtime_r(&time, &tm) && strftime(text, sizeof(text), "%m-%d %H:%M", &tm))
		table_cell(table, "%s", text);
	else
		table_cell(table, "%s", "");
}

static int print_summary(const struct query *query)
{
	static const char *const titles[] = { "channel", "mean", "min", "at", "max", "at",
					      "samples", "without" };
	const struct history *history = &query->history;
	struct table *table = table_new("lrrrrrrr", titles);
	char from[STAMP_SIZE], to[STAMP_SIZE], text[VALUE_MAX_BYTES];

	if (!table)
		return fail(SPOOL_DAMAGED, "out of memory; end what else runs here, and try again");
	printf("from %s to %s\n", stamp_local(query->walk.from_ms, from),
	       stamp_local(query->walk.to_ms - 1, to));
	for (size_t i = 0; i < history->series_n; i++) {
		const struct history_series *series = &history->series[i];
		const struct history_step *step = &series->steps[0];

		table_row(table, !step->n ? MARK_BAD : step->without ? MARK_WARN : MARK_NONE);
		table_cell(table, "%s", series->series.channel);
		table_cell(table, "%s%s%s", value_text(text, series, step, history_mean(step)),
			   step->n && *series->series.unit ? " " : "",
			   step->n ? series->series.unit : "");
		table_cell(table, "%s", value_text(text, series, step, step->least));
		put_time(table, step, step->least_ms);
		table_cell(table, "%s", value_text(text, series, step, step->greatest));
		put_time(table, step, step->greatest_ms);
		table_cell(table, "%" PRIu64, step->n);
		if (step->without)
			table_cell(table, "%" PRIu64, step->without);
		else
			table_cell(table, "%s", "");
	}
	table_print(table, stdout, query->options->colour);
	free(table);
	return EXIT_OK;
}

static void print_csv(const struct query *query)
{
	const struct history *history = &query->history;

	puts("time,channel,quantity,unit,min,mean,max,last,samples,without,uncertain");
	for (size_t i = 0; i < history->series_n; i++)
		for (size_t n = 0; n < history->steps_n; n++) {
			const struct history_series *series = &history->series[i];
			const struct history_step *step = &series->steps[n];
			double values[] = { step->least, history_mean(step), step->greatest,
					    step->last };
			char text[VALUE_MAX_BYTES], time[STAMP_SIZE];

			printf("%s,", stamp_utc(history->from_ms + (int64_t)n * history->step_ms,
						time));
			csv_put_text(series->series.channel);
			csv_put_text(series->series.quantity);
			csv_put_text(series->series.unit);
			for (size_t v = 0; v < 4; v++)
				printf("%s,", value_text(text, series, step, values[v]));
			printf("%" PRIu64 ",%" PRIu64 ",%" PRIu64 "\n", step->n, step->without,
			       step->uncertain);
		}
}

static int print_all(const struct query *query)
{
	const struct history *history = &query->history;
	bool is_first = true;

	if (query->options->csv) {
		print_csv(query);
		return EXIT_OK;
	}
	if (!query->options->channels_n && !query->options->every_ms)
		return print_summary(query);
	for (size_t i = 0; i < history->series_n; i++) {
		if (!samples_of(history, &history->series[i]))
			continue;
		if (!is_first)
			putchar('\n');
		is_first = false;
		print_series(query, &history->series[i]);
	}
	return EXIT_OK;
}

static void tell_undated(const struct query *query)
{
	if (query->undated)
		fprintf(stderr, "hydroponctl: %" PRIu64 " samples were taken before the clock was "
			"set, and have no date; they are not counted\n", query->undated);
}

static int answer(struct query *query)
{
	int code = spool_walk(&query->walk), printed;

	if (query->history.is_out_of_memory)
		return fail(SPOOL_DAMAGED, "out of memory; ask for fewer channels, or a longer --every");
	if (code == SPOOL_UNREADABLE)
		return code;
	if (!query->history.series_n)
		tell_undated(query);
	if (!query->history.series_n)
		return code ? code : fail(SPOOL_DAMAGED, "there are no samples of that time; "
					  "hydroponctl spool show tells of which there are");
	printed = print_all(query);
	tell_undated(query);
	if (query->history.left_out)
		fprintf(stderr, "hydroponctl: %" PRIu64 " samples of channels that were named or "
			"measured otherwise are not counted; ask for fewer channels\n",
			query->history.left_out);
	if (!spool_is_printed())
		return SPOOL_DAMAGED;
	return code ? code : printed;
}

int spool_history(const struct spool_options *options)
{
	struct query *query = calloc(1, sizeof(*query));
	int code;

	if (!query)
		return fail(SPOOL_DAMAGED, "out of memory; end what else runs here, and try again");
	query->options = options;
	query->walk.explain = explain;
	query->walk.sample = take_sample;
	query->walk.is_enough = is_enough;
	query->walk.data = query;
	if (!spool_walk_bounds(&query->walk, options->from, options->to, clock_wall_ms())) {
		free(query);
		return SPOOL_UNREADABLE;
	}
	code = spool_walk_open(&query->walk, options);
	if (!code) {
		code = choose_span(query) && choose_steps(query) ? answer(query) : SPOOL_UNREADABLE;
		history_end(&query->history);
		spool_source_close(&query->walk.source);
	}
	free(query);
	return code;
}
