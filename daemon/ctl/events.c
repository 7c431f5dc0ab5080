// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/spool.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "ctl/csv.h"
#include "ctl/spool_walk.h"
#include "ctl/stamp.h"
#include "ctl/table.h"
#include "protect/cause.h"
#include "protect/terms.h"

/* As wide as names of events and of what they happen to mostly are. */
#define LINE "%-25s  %-9s %-12s  %s\n"

struct events {
	const struct spool_options *options;
	uint64_t n;
};

static const char *tag(const struct point *point, const char *key)
{
	for (size_t i = 0; i < point->tags_n; i++)
		if (!strcmp(point->tags[i].key, key))
			return point->tags[i].value;
	return "";
}

static bool is_safe_to_name(int64_t value)
{
	return value >= 0 && value <= UINT32_MAX;
}

/* A number as the word that it stands for; @text otherwise. docs/stores.md, hydropon_event */
static const char *value_text(const char *key, int64_t value, char *text, size_t size)
{
	if (!strcmp(key, "cause") && is_safe_to_name(value))
		return cause_text((uint32_t)value);
	if (!strcmp(key, "fault") && is_safe_to_name(value))
		return fault_name((unsigned int)value);
	if (!strcmp(key, "position") && is_safe_to_name(value))
		return manual_name((unsigned int)value);
	if (!strcmp(key, "on"))
		return value ? "on" : "off";
	if (!strcmp(key, "error") && value > 0 && strerrordesc_np((int)value))
		return strerrordesc_np((int)value);
	if (!strcmp(key, "for_ms") && value >= 0)
		return duration_text((uint64_t)value, text, size);
	snprintf(text, size, "%" PRId64, value);
	return text;
}

static bool says_nothing(const char *key, int64_t value)
{
	return !strcmp(key, "error") && !value;
}

/* What stands before a value: nothing where that speaks for itself. */
static const char *prefix_of(const char *key, char *text, size_t size)
{
	if (!strcmp(key, "on") || !strcmp(key, "cause") || !strcmp(key, "fault") ||
	    !strcmp(key, "error"))
		return "";
	if (!strcmp(key, "for_ms"))
		return "for ";
	snprintf(text, size, "%s ", key);
	return text;
}

/* "off: forced off, mains power was lost" */
static void describe(const struct point *point, char *text, size_t size)
{
	size_t length = 0;

	*text = 0;
	for (size_t i = 0; i < point->fields_n && length < size; i++) {
		const char *key = point->fields[i].key;
		char value[64], prefix[POINT_WORD + 1];

		if (says_nothing(key, point->fields[i].value))
			continue;
		length += (size_t)snprintf(text + length, size - length, "%s%s%s",
					   !length ? "" : strcmp(key, "cause") ? ", " : ": ",
					   prefix_of(key, prefix, sizeof(prefix)),
					   value_text(key, point->fields[i].value, value,
						      sizeof(value)));
	}
}

static void put_titles(bool csv)
{
	if (csv)
		puts("time,event,subject,what");
	else
		printf(LINE, "TIME", "EVENT", "OF", "WHAT");
}

static void put_event(void *data, const struct spool_schema *schema, const struct point *point)
{
	struct events *events = data;
	char time[STAMP_SIZE], text[512];

	if (strcmp(point->measurement, POINT_EVENT))
		return;
	describe(point, text, sizeof(text));
	if (!events->n++)
		put_titles(events->options->csv);
	if (events->options->csv) {
		printf("%s,", stamp_utc(point->wall_ms, time));
		csv_put_text(tag(point, "event"));
		csv_put_text(tag(point, "subject"));
		printf("\"%s\"\n", text);
		return;
	}
	printf(LINE, stamp_local(point->wall_ms, time), tag(point, "event"),
	       *tag(point, "subject") ? tag(point, "subject") : "the gateway", text);
}

static bool is_closed(void *data)
{
	(void)data;
	return ferror(stdout);
}

int spool_events(const struct spool_options *options)
{
	struct events events = { .options = options };
	struct spool_walk walk = {
		.point = put_event, .is_enough = is_closed, .data = &events,
	};
	int code;

	if (!spool_walk_bounds(&walk, options->from, options->to, clock_wall_ms()))
		return SPOOL_UNREADABLE;
	code = spool_walk_open(&walk, options);
	if (code)
		return code;
	code = spool_walk(&walk);
	if (!events.n && !code)
		fprintf(stderr, "hydroponctl: nothing happened in that time, as far as the spool "
			"goes\n");
	if (!spool_is_printed())
		code = SPOOL_DAMAGED;
	spool_source_close(&walk.source);
	return code;
}
