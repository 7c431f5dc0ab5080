// SPDX-License-Identifier: GPL-2.0-only
/*
 * The keys of a [channel NAME] section with "derive". Each derived quantity follows from another
 * one, never from itself, so that no channel can be derived from itself over others.
 */
#include <string.h>

#include "base/conf_value.h"
#include "base/quantity.h"
#include "base/words.h"

#define DECIMALS_MAX 6
#define FOR(quantity) (1U << QUANTITY_##quantity)
#define TOTALS (FOR(DLI) | FOR(VOLUME) | FOR(DOSE) | FOR(ON_TIME))
#define CHANNEL(member) CONF_FIELD(struct conf_channel, member)

/* Of a channel in the key that is being read; -1 after telling that it is none of @wanted. */
static int parse_source(struct conf_reader *reader, enum quantity wanted)
{
	int index = conf_parse_channel(reader, reader->setting->value);
	const struct conf_channel *source;

	if (index < 0 || reader->is_quantity_wrong[index])
		return -1;
	source = &reader->conf->channels[index];
	if (source->quantity == wanted)
		return index;
	conf_mistake(reader->tree, reader->section, reader->setting,
		     "channel \"%s\" is of quantity %s, and %s is derived from %s; name one of that",
		     source->name, quantity_name(source->quantity),
		     quantity_name(conf_section_channel(reader)->quantity), quantity_name(wanted));
	return -1;
}

static void read_from(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	static const enum quantity from[] = {
		[QUANTITY_TDS] = QUANTITY_EC, [QUANTITY_PPFD] = QUANTITY_LIGHT,
		[QUANTITY_DLI] = QUANTITY_PPFD, [QUANTITY_VOLUME] = QUANTITY_FLOW,
		[QUANTITY_VPD] = QUANTITY_TEMPERATURE,
	};

	*(int *)field = parse_source(reader, from[conf_section_channel(reader)->quantity]);
}

static void read_humidity(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	*(int *)field = parse_source(reader, QUANTITY_HUMIDITY);
}

static void read_output(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	const char *names[HYDROPON_MAX_OUTPUTS], *value = reader->setting->value, *meant;
	const struct conf *conf = reader->conf;

	*(int *)field = conf_find_output(conf, value);
	if (*(int *)field >= 0)
		return;
	for (size_t i = 0; i < conf->outputs_n; i++)
		names[i] = conf->outputs[i].name;
	meant = words_nearest(value, names, conf->outputs_n);
	if (meant)
		conf_mistake(reader->tree, reader->section, reader->setting,
			     "there is no output \"%s\"; did you mean \"%s\"?", value, meant);
	else
		conf_mistake(reader->tree, reader->section, reader->setting,
			     "there is no output \"%s\"; add a section [output %s]", value, value);
}

static const struct conf_key keys[] = {
	{ .name = "derive" },	/* read before */
	{ .name = "min", .read = conf_read_bound, CHANNEL(min) },
	{ .name = "max", .read = conf_read_bound, CHANNEL(max) },
	{ .name = "decimals", .read = conf_read_int, CHANNEL(decimals), .units = &units_none,
	  .min = 0, .max = DECIMALS_MAX },
	{ .name = "from", .read = read_from, CHANNEL(from), .quantities = FOR(TDS),
	  .is_required = true, .example = "ec-a" },
	{ .name = "from", .read = read_from, CHANNEL(from), .quantities = FOR(PPFD),
	  .is_required = true, .example = "light-a" },
	{ .name = "from", .read = read_from, CHANNEL(from), .quantities = FOR(DLI),
	  .is_required = true, .example = "ppfd-a" },
	{ .name = "from", .read = read_from, CHANNEL(from), .quantities = FOR(VOLUME),
	  .is_required = true, .example = "flow-a" },
	{ .name = "from", .read = read_from, CHANNEL(from), .quantities = FOR(VPD),
	  .is_required = true, .example = "air-a" },
	{ .name = "humidity", .read = read_humidity, CHANNEL(humidity), .quantities = FOR(VPD),
	  .is_required = true, .example = "humidity-a" },
	{ .name = "output", .read = read_output, CHANNEL(output),
	  .quantities = FOR(DOSE) | FOR(ON_TIME), .is_required = true, .example = "dose-a" },
	{ .name = "factor", .read = conf_read_number, CHANNEL(factor), .quantities = FOR(TDS),
	  .is_required = true, .example = "0.5", .units = &units_none,
	  .min = 0.3, .max = 1 },
	{ .name = "factor", .read = conf_read_number, CHANNEL(factor), .quantities = FOR(PPFD),
	  .is_required = true, .example = "0.0185", .units = &units_none,
	  .min = 0.001, .max = 0.2 },
	{ .name = "ml-per-s", .read = conf_read_number, CHANNEL(ml_per_s), .quantities = FOR(DOSE),
	  .is_required = true, .example = "1.2 ml/s", .units = &units_ml_per_s,
	  .min = 1e-4, .max = 1000 },
	{ .name = "may-miss", .read = conf_read_number, CHANNEL(may_miss), .quantities = TOTALS,
	  .units = &units_share, .min = 0, .max = 1 },
};

void conf_derived_read(struct conf_reader *reader, struct conf_channel *channel)
{
	if (reader->is_quantity_wrong[channel - reader->conf->channels])
		return;
	conf_read_section(reader, keys, sizeof(keys) / sizeof(keys[0]), (int)channel->quantity,
			  channel);
	conf_check_bounds(reader, channel);
}

uint32_t conf_derived_stale_ms(const struct conf *conf, const struct conf_channel *channel)
{
	while (channel->is_derived && channel->from >= 0)
		channel = &conf->channels[channel->from];
	return channel->stale_ms;
}
