// SPDX-License-Identifier: GPL-2.0-only
/* What a channel is judged by: the defaults of each quantity, and the keys that change them. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/conf_value.h"
#include "base/quantity.h"
#include "base/words.h"

#define STUCK_MS (5 * 60 * 1000)

/*
 * For a tank of some ten to some thousand litres, whose doses move it by less than a step. EC in
 * uS/cm: fertilizer by hand makes 100 and more, but not within a second or ten. docs/judgement.md
 * tells where each comes from.
 */
static const struct conf_judge defaults[] = {
	[QUANTITY_PH] = { .step = 0.3, .rate_per_min = 0.3, .noise = 0.1, .twin_within = 0.2,
			  .moved = 0.5 },
	[QUANTITY_EC] = { .step = 100, .rate_per_min = 100, .noise = 30, .twin_within = 100,
			  .moved = 200, .no_signal_below = 5 },
	[QUANTITY_TEMPERATURE] = { .step = 2, .rate_per_min = 1, .noise = 0.5,
				   .twin_within = 1 },
	[QUANTITY_LIGHT] = { .stuck_above = 100, .lit_least = 500 },
	[QUANTITY_FLOW] = { .step = 2, .rate_per_min = 5, .noise = 1, .stuck_above = 0.5,
			    .twin_within = 1, .flow_least = 0.5 },
	[QUANTITY_LEVEL] = { .step = 3, .rate_per_min = 20, .noise = 1, .twin_within = 2 },
};

void conf_judge_defaults(enum quantity quantity, struct conf_judge *judge)
{
	if ((size_t)quantity >= sizeof(defaults) / sizeof(defaults[0]))
		return;
	*judge = defaults[quantity];
	judge->stuck_ms = STUCK_MS;
	judge->has_codes = true;
}

static struct conf_channel *channel_of(struct conf_reader *reader)
{
	return &reader->conf->channels[conf_find_channel(reader->conf, reader->section->name)];
}

void conf_read_limit(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	const struct quantity_traits *traits = quantity_traits(channel_of(reader)->quantity);

	if (!strcmp(reader->setting->value, "off"))
		*(double *)field = 0;
	else
		conf_parse_number(reader, reader->setting->value, traits->units, 0,
				  traits->highest, field);
}

void conf_read_stuck_for(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	if (!strcmp(reader->setting->value, "off"))
		*(uint32_t *)field = 0;
	else
		conf_read_u32(reader, key, field);
}

/* 1 + index of the output @name, or 0 after telling that there is none. */
static unsigned int parse_output(struct conf_reader *reader, const char *name)
{
	const char *names[HYDROPON_MAX_OUTPUTS] = { NULL };
	char list[256];
	size_t n = 0;

	/* Outputs may come after this section: their names are asked of the tree. */
	for (size_t i = 0; i < reader->tree->sections_n && n < HYDROPON_MAX_OUTPUTS; i++) {
		if (reader->tree->sections[i].kind != CONF_OUTPUT)
			continue;
		names[n++] = reader->tree->sections[i].name;
		if (!strcmp(names[n - 1], name))
			return (unsigned int)n;
	}
	words_list(names, n, list, sizeof(list));
	if (n)
		conf_mistake(reader->tree, reader->section, reader->setting,
			     "there is no output \"%s\"; the outputs are %s", name, list);
	else
		conf_mistake(reader->tree, reader->section, reader->setting,
			     "there is no output \"%s\"; add a section [output %s]", name, name);
	return 0;
}

void conf_read_driver(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	*(unsigned int *)field = parse_output(reader, reader->setting->value);
}

/* 1 + index of a twin, or 0 after telling why it cannot be one. */
static unsigned int parse_twin(struct conf_reader *reader, const char *name)
{
	const struct conf_channel *channel = channel_of(reader);
	int index = conf_parse_channel(reader, name);
	const struct conf_channel *twin;

	if (index < 0 || reader->is_quantity_wrong[index])
		return 0;
	twin = &reader->conf->channels[index];
	if (twin == channel) {
		conf_mistake(reader->tree, reader->section, reader->setting,
			     "a channel is no twin of itself; name another one in the same water");
		return 0;
	}
	if (twin->quantity == channel->quantity)
		return 1 + (unsigned int)index;
	conf_mistake(reader->tree, reader->section, reader->setting,
		     "channel \"%s\" measures %s; name one that measures %s too", twin->name,
		     quantity_name(twin->quantity), quantity_name(channel->quantity));
	return 0;
}

/* Reads up to @max names with @parse into @list, which ends with 0. */
static void read_list(struct conf_reader *reader, unsigned int *list, size_t max,
		      unsigned int (*parse)(struct conf_reader *reader, const char *name))
{
	char *names = strdup(reader->setting->value), *rest = names, *name;
	size_t n = 0;

	while (names && (name = strsep(&rest, ", \t"))) {
		if (!*name)
			continue;
		if (n == max) {
			conf_mistake(reader->tree, reader->section, reader->setting,
				     "more than %zu are named; remove some", max);
			break;
		}
		list[n] = parse(reader, name);
		if (!list[n++])
			break;
	}
	if (!n)
		conf_mistake(reader->tree, reader->section, reader->setting,
			     "there is no name in it; name one or remove the line");
	free(names);
}

void conf_read_twins(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	read_list(reader, field, CONF_MAX_TWINS, parse_twin);
}

void conf_read_dosers(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	read_list(reader, field, CONF_MAX_DOSERS, parse_output);
}

void conf_read_date(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	struct tm date = { 0 };
	const char *end = strptime(reader->setting->value, "%Y-%m-%d", &date);

	if (!end || *end)
		conf_mistake(reader->tree, reader->section, reader->setting,
			     "\"%s\" is not a day; write it as in 2026-03-31",
			     reader->setting->value);
	else
		*(int64_t *)field = (int64_t)timegm(&date) * 1000;
}

/* What is left is judged by each reading alone. */
void conf_judge_off(struct conf_judge *judge)
{
	const struct conf_judge kept = *judge;

	*judge = (struct conf_judge){
		.warm_up_ms = kept.warm_up_ms,
		.probe_since_ms = kept.probe_since_ms,
		.probe_life_days = kept.probe_life_days,
		.is_out_of_service = kept.is_out_of_service,
	};
}
