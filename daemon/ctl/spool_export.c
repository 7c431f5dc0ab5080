// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/spool.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "base/clock.h"
#include "ctl/csv.h"
#include "ctl/spool_walk.h"
#include "ctl/stamp.h"
#include "forward/line_protocol.h"

struct export {
	const struct spool_options *options;
	uint64_t not_finite;		/* values that are no numbers */
	uint64_t undated;		/* samples without a date that were left out */
};

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
	csv_put_text(series->channel);
	csv_put_text(series->quantity);
	csv_put_text(series->unit);
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

/* One without a date is wanted when all is, as CSV. */
static void put_sample(void *data, const struct spool_schema *schema, const struct sample *sample,
		       enum date date)
{
	struct export *export = data;
	const struct spool_options *options = export->options;

	if (date != DATE_KNOWN && (!options->csv || options->from || options->to))
		export->undated++;
	else if (options->csv)
		put_csv(export, schema, sample);
	else
		put_line(export, schema, sample);
}

/* A point has no place in a table of samples. */
static void put_point(void *data, const struct spool_schema *schema, const struct point *point)
{
	const struct export *export = data;
	char text[LINE_MAX_BYTES];

	if (!export->options->csv)
		fwrite(text, 1, point_line_put(text, schema, point), stdout);
}

/* Nothing can be written any more. */
static bool is_closed(void *data)
{
	(void)data;
	return ferror(stdout);
}

static void tell_left_out(const struct export *export)
{
	if (export->undated)
		fprintf(stderr, "hydroponctl: %" PRIu64 " samples were taken before the clock was "
			"set, and have no date: --csv without --from and --to has them, with what "
			"the clock said\n", export->undated);
	if (export->not_finite)
		fprintf(stderr, "hydroponctl: %" PRIu64 " values were no numbers, and are left "
			"out\n", export->not_finite);
}

int spool_export(const struct spool_options *options)
{
	static char buffer[1 << 16];
	struct export export = { .options = options };
	struct spool_walk walk = {
		.sample = put_sample, .point = put_point, .is_enough = is_closed, .data = &export,
	};
	int code;

	if (!spool_walk_bounds(&walk, options->from, options->to, clock_wall_ms()))
		return SPOOL_UNREADABLE;
	code = spool_walk_open(&walk, options);
	if (code)
		return code;
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	if (options->csv)
		puts("time,channel,quantity,unit,value,quality,raw,clk");
	code = spool_walk(&walk);
	tell_left_out(&export);
	if (!spool_is_printed())
		code = SPOOL_DAMAGED;
	spool_source_close(&walk.source);
	return code;
}
