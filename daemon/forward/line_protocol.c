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
