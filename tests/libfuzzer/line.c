// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lines of line protocol, whatever the names are: a parser of its own, written after InfluxDB's
 * description of the protocol, must find the same tags and fields in what is sent.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/pack.h"
#include "forward/line_protocol.h"

#define TAGS_MAX 8

struct parsed {
	char measurement[64];
	size_t tags_n;
	struct { char key[64], value[256]; } tags[TAGS_MAX];
	char fields[1024];
	char stamp[32];
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is_true)
{
	if (!is_true)
		abort();
}

/* Up to an end that no backslash stands before; NULL: there is none. */
static const char *take(const char *from, const char *ends, char *to, size_t room)
{
	size_t n = 0;

	for (; *from && !strchr(ends, *from); from++) {
		if (*from == '\\' && from[1] && strchr(", =", from[1]))
			from++;
		check(n + 1 < room);
		to[n++] = *from;
	}
	to[n] = 0;
	return *from ? from : NULL;
}

static void parse(const char *line, struct parsed *parsed)
{
	const char *at = take(line, ", ", parsed->measurement, sizeof(parsed->measurement));

	check(at != NULL);
	parsed->tags_n = 0;
	while (*at == ',') {
		check(parsed->tags_n < TAGS_MAX);
		at = take(at + 1, "=", parsed->tags[parsed->tags_n].key, 64);
		check(at != NULL);
		at = take(at + 1, ", ", parsed->tags[parsed->tags_n].value, 256);
		check(at != NULL && *parsed->tags[parsed->tags_n].value);
		parsed->tags_n++;
	}
	check(*at == ' ');
	at = take(at + 1, " ", parsed->fields, sizeof(parsed->fields));
	check(at != NULL && *parsed->fields);
	at = take(at + 1, "\n", parsed->stamp, sizeof(parsed->stamp));
	check(at != NULL && !strcmp(at, "\n"));
	for (size_t i = 1; i < parsed->tags_n; i++)
		check(strcmp(parsed->tags[i - 1].key, parsed->tags[i].key) < 0);
}

/* What may be sent of a name: a letter that no server takes for something else. */
static void sent_as(const char *name, char *out)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < n; i++) {
		bool is_end = name[i] == '\\' && (i + 1 == n || strchr(", =\\", name[i + 1]));

		out[i] = is_end || (unsigned char)name[i] < ' ' || name[i] == 0x7f ? '_' : name[i];
	}
	out[n] = 0;
}

static void check_tag(const struct parsed *parsed, const char *key, const char *name)
{
	char wanted[256];
	size_t i = 0;

	sent_as(name, wanted);
	while (i < parsed->tags_n && strcmp(parsed->tags[i].key, key))
		i++;
	check(*name ? i < parsed->tags_n && !strcmp(parsed->tags[i].value, wanted) :
		      i == parsed->tags_n);
}

/* The next text of the input: up to a NUL, as far as there is room. */
static void next_text(const uint8_t **data, size_t *size, char *to, size_t room)
{
	size_t n = 0;

	while (*size && n + 1 < room && **data) {
		to[n++] = (char)**data;
		++*data;
		--*size;
	}
	to[n] = 0;
	if (*size) {
		++*data;
		--*size;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct spool_schema schema;
	struct spool_series *series = &schema.series[0];
	struct sample sample = { 0 };
	char line[LINE_MAX_BYTES], wanted[128];
	bool not_finite = false;
	struct parsed parsed;
	size_t length;

	if (size < 24)
		return 0;
	sample.q = data[0];
	sample.clk = (int8_t)data[1];
	series->decimals = data[2] % (SPOOL_DECIMALS_MAX + 1);
	sample.wall_ms = (int64_t)get_le64(data + 4);
	memcpy(&sample.value, data + 12, sizeof(sample.value));
	data += 20;
	size -= 20;
	next_text(&data, &size, schema.gateway, sizeof(schema.gateway));
	next_text(&data, &size, schema.site, sizeof(schema.site));
	next_text(&data, &size, series->channel, sizeof(series->channel));
	next_text(&data, &size, series->quantity, sizeof(series->quantity));
	next_text(&data, &size, series->unit, sizeof(series->unit));
	schema.series_n = 1;

	length = line_put(line, &schema, &sample, &not_finite);
	check(length < sizeof(line) && length == strlen(line));
	parse(line, &parsed);
	check(!strcmp(parsed.measurement, "hydropon"));
	check_tag(&parsed, "gateway", schema.gateway);
	check_tag(&parsed, "site", schema.site);
	check_tag(&parsed, "channel", series->channel);
	check_tag(&parsed, "quantity", series->quantity);
	check_tag(&parsed, "unit", series->unit);
	snprintf(wanted, sizeof(wanted), "%" PRId64, sample.wall_ms);
	check(!strcmp(parsed.stamp, wanted));
	check(not_finite == (quality_has_value(sample.q) && !isfinite(sample.value)));
	check(!strstr(parsed.fields, "nan") && !strstr(parsed.fields, "inf"));
	check(!strncmp(parsed.fields, "value=", 6) ==
	      (quality_has_value(sample.q) && isfinite(sample.value)));
	if (!strncmp(parsed.fields, "value=", 6) && fabs(sample.value) < 1e15)
		check(fabs(strtod(parsed.fields + 6, NULL) - sample.value) <=
		      0.5000001 * pow(10, -series->decimals) + fabs(sample.value) * 1e-15);
	snprintf(wanted, sizeof(wanted), "q=%ui", sample.q);
	check(strstr(parsed.fields, wanted) != NULL);
	return 0;
}
