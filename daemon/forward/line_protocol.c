// SPDX-License-Identifier: GPL-2.0-only
#include "forward/line_protocol.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* From here on a double has no digits after the point, and %f gets long. */
#define FIXED_BELOW 1e15

/* Every character of every tag escaped, and the rest of the line. */
_Static_assert(2 * (64 + 64 + HYDROPON_NAME_MAX + 16 + 16) + 256 < LINE_MAX_BYTES,
	       "the longest line fits");
_Static_assert((1 + 2 * POINT_TAGS) * POINT_WORD + 2 * (64 + 64) + POINT_FIELDS * (POINT_WORD + 24) + 128 <
		       LINE_MAX_BYTES, "the longest line of a point fits");

static bool is_escaped(char c)
{
	return c == ',' || c == ' ' || c == '=';
}

/*
 * A backslash is plain text to InfluxDB and an escape to VictoriaMetrics where it
 * stands before another one, before an escaped character or at the end: no spelling
 * of it means the same to both. There, and for control characters, '_' is sent.
 */
static bool is_sendable(const char *c)
{
	if (*c == '\\')
		return c[1] && c[1] != '\\' && !is_escaped(c[1]);
	return (unsigned char)*c >= ' ' && *c != 0x7f;
}

static char *put_text(char *to, const char *text)
{
	size_t n = strlen(text);

	memcpy(to, text, n);
	return to + n;
}

static char *put_tag(char *to, const char *key, const char *value)
{
	if (!*value)
		return to;
	*to++ = ',';
	to = put_text(to, key);
	*to++ = '=';
	for (const char *c = value; *c; c++) {
		if (is_escaped(*c))
			*to++ = '\\';
		*to++ = is_sendable(c) ? *c : '_';
	}
	return to;
}

size_t value_put(char out[VALUE_MAX_BYTES], const struct spool_series *series, double value)
{
	int n = fabs(value) < FIXED_BELOW ? sprintf(out, "%.*f", series->decimals, value) :
					    sprintf(out, "%.17g", value);

	return (size_t)n;
}

static const char *put_clk(char to[8], int8_t clk)
{
	snprintf(to, 8, clk == CLK_UNSET ? "est" : "%d", clk);
	return to;
}

size_t line_put(char out[LINE_MAX_BYTES], const struct spool_schema *schema,
		const struct sample *sample, bool *not_finite)
{
	const struct spool_series *series = &schema->series[sample->channel];
	char *at = put_text(out, "hydropon"), clk[8];

	at = put_tag(at, "channel", series->channel);
	at = put_tag(at, "clk", put_clk(clk, sample->clk));
	at = put_tag(at, "gateway", schema->gateway);
	at = put_tag(at, "quantity", series->quantity);
	at = put_tag(at, "site", schema->site);
	at = put_tag(at, "unit", series->unit);
	*at++ = ' ';
	if (quality_has_value(sample->q) && !isfinite(sample->value)) {
		*not_finite = true;
	} else if (quality_has_value(sample->q)) {
		at = put_text(at, "value=");
		at += value_put(at, series, sample->value);
		*at++ = ',';
	}
	at += sprintf(at, "q=%ui %" PRId64 "\n", sample->q, sample->wall_ms);
	return (size_t)(at - out);
}

size_t point_line_put(char out[LINE_MAX_BYTES], const struct spool_schema *schema,
		      const struct point *point)
{
	struct { const char *key, *value; } tags[3 + POINT_TAGS];
	char *at = put_text(out, point->measurement), clk[8];
	size_t n = 0;

	tags[n].key = "clk";
	tags[n++].value = put_clk(clk, point->clk);
	tags[n].key = "gateway";
	tags[n++].value = schema->gateway;
	tags[n].key = "site";
	tags[n++].value = schema->site;
	for (size_t i = 0; i < point->tags_n; i++) {
		size_t to = n++;

		/* In their order: some servers index by the line as it comes. */
		for (; to && strcmp(tags[to - 1].key, point->tags[i].key) > 0; to--)
			tags[to] = tags[to - 1];
		tags[to].key = point->tags[i].key;
		tags[to].value = point->tags[i].value;
	}
	for (size_t i = 0; i < n; i++)
		at = put_tag(at, tags[i].key, tags[i].value);
	for (size_t i = 0; i < point->fields_n; i++)
		at += sprintf(at, "%c%s=%" PRId64 "i", i ? ',' : ' ', point->fields[i].key,
			      point->fields[i].value);
	at += sprintf(at, " %" PRId64 "\n", point->wall_ms);
	return (size_t)(at - out);
}
