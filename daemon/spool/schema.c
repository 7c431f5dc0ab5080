// SPDX-License-Identifier: GPL-2.0-only
#include "spool/schema.h"

#include <string.h>

#include "base/pack.h"

#define VERSION 1

_Static_assert(1 + 2 * 64 + 2 + HYDROPON_MAX_CHANNELS * (HYDROPON_NAME_MAX + 2 * 16 + 1) <=
	       SPOOL_SCHEMA_MAX, "a full schema fits");
_Static_assert(HYDROPON_MAX_CHANNELS <= CODEC_SERIES &&
	       (int)SPOOL_DECIMALS_MAX <= (int)CODEC_DECIMALS_MAX, "the codec takes every series");

/* @size is that of the reader's array: what it could not take is not written. */
static uint8_t *put_text(uint8_t *to, const char *text, size_t size)
{
	size_t n = strnlen(text, size - 1);

	*to = (uint8_t)n;
	memcpy(to + 1, text, n);
	return to + 1 + n;
}

size_t spool_schema_put(uint8_t to[SPOOL_SCHEMA_MAX], const struct conf *conf)
{
	const struct spool_schema *schema;
	const struct spool_series *series;
	uint8_t *at = to;

	*at++ = VERSION;
	at = put_text(at, conf->gateway, sizeof(schema->gateway));
	at = put_text(at, conf->site, sizeof(schema->site));
	put_le16(at, (uint16_t)conf->channels_n);
	at += 2;
	for (size_t i = 0; i < conf->channels_n; i++) {
		const struct conf_channel *channel = &conf->channels[i];

		int decimals = channel->decimals < 0 ? 0 : channel->decimals;

		at = put_text(at, channel->name, sizeof(series->channel));
		at = put_text(at, quantity_name(channel->quantity), sizeof(series->quantity));
		at = put_text(at, quantity_unit(channel->quantity), sizeof(series->unit));
		*at++ = (uint8_t)(decimals < SPOOL_DECIMALS_MAX ? decimals : SPOOL_DECIMALS_MAX);
	}
	return (size_t)(at - to);
}

struct bytes {
	const uint8_t *at, *end;
};

static bool get_text(struct bytes *in, char *to, size_t size)
{
	size_t n;

	if (in->at == in->end)
		return false;
	n = *in->at++;
	if (n >= size || n > (size_t)(in->end - in->at) || memchr(in->at, 0, n))
		return false;
	memcpy(to, in->at, n);
	to[n] = 0;
	in->at += n;
	return true;
}

bool spool_schema_get(const uint8_t *from, size_t size, struct spool_schema *schema)
{
	struct bytes in = { from, from + size };

	if (!size || *in.at++ != VERSION ||
	    !get_text(&in, schema->gateway, sizeof(schema->gateway)) ||
	    !get_text(&in, schema->site, sizeof(schema->site)) || in.end - in.at < 2)
		return false;
	schema->series_n = get_le16(in.at);
	in.at += 2;
	if (schema->series_n > HYDROPON_MAX_CHANNELS)
		return false;
	for (size_t i = 0; i < schema->series_n; i++) {
		struct spool_series *series = &schema->series[i];

		if (!get_text(&in, series->channel, sizeof(series->channel)) ||
		    !get_text(&in, series->quantity, sizeof(series->quantity)) ||
		    !get_text(&in, series->unit, sizeof(series->unit)) || in.at == in.end ||
		    *in.at > SPOOL_DECIMALS_MAX)
			return false;
		series->decimals = *in.at++;
	}
	return in.at == in.end;
}

bool spool_schema_series(const uint8_t *from, size_t size, struct journal_series *series)
{
	struct spool_schema schema;

	if (!spool_schema_get(from, size, &schema))
		return false;
	series->n = schema.series_n;
	for (size_t i = 0; i < schema.series_n; i++)
		series->decimals[i] = (uint8_t)schema.series[i].decimals;
	return true;
}
