// SPDX-License-Identifier: GPL-2.0-only
#include "channel/channel.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "channel/calibrate.h"
#include "channel/compensate.h"
#include "channel/decode.h"
#include "channel/derived.h"
#include "channel/judge.h"
#include "channel/judgement.h"

#define RAW_A_UNIT 1000		/* of what is entered */

struct slot {
	struct channel channel;
	struct conf_channel conf;	/* the channel's, once it was calibrated */
	enum quality doubt;		/* Q_GOOD: none */
	uint64_t doubtful_ns;		/* what was measured up to then was while calibrating */
	struct temperature temperature;	/* of a temperature channel; is_good unused */
	bool is_offset_bad;
	uint64_t awaited_ns;		/* staleness counts from here until the first record */
	struct judgement judgement;
	struct derivation derivation;
	uint64_t total_ns;		/* BOOTTIME of the newest sample of channels_total() */
};

struct channels {
	size_t count;
	struct driver drivers[HYDROPON_MAX_OUTPUTS];	/* by index in the configuration */
	struct slot slots[];
};

/* What a record says of a channel, before it is a sample. */
struct reading {
	uint64_t boot_ns;
	double value;
	int32_t raw;
	enum quality q;		/* Q_GOOD: the value is worth judging */
};

struct channels *channels_new(const struct conf *conf)
{
	struct channels *channels = calloc(1, sizeof(*channels) +
					   conf->channels_n * sizeof(channels->slots[0]));

	if (!channels)
		return NULL;
	channels->count = conf->channels_n;
	clock_load_zone();
	for (size_t i = 0; i < channels->count; i++) {
		struct channel *channel = &channels->slots[i].channel;

		channel->conf = &conf->channels[i];
		channel->index = (uint16_t)i;
		channel->kernel = -1;
		channel->last = (struct sample){ .channel = (uint16_t)i, .q = Q_BAD_NOT_READY };
	}
	return channels;
}

void channels_free(struct channels *channels)
{
	free(channels);
}

size_t channels_count(const struct channels *channels)
{
	return channels->count;
}

const struct channel *channels_get(const struct channels *channels, size_t index)
{
	return &channels->slots[index].channel;
}

/* What the kernel told about it no longer holds, nor does what was read of it. */
static void forget(struct slot *slot)
{
	slot->channel.kernel = -1;
	slot->channel.last.q = Q_BAD_NOT_READY;
	slot->channel.reading_ns = 0;
	slot->channel.has_scale = false;
	slot->channel.has_pulses = false;
	slot->channel.offset = 0;
	slot->is_offset_bad = false;
	judgement_begin(&slot->judgement);
}

/* What was derived from a sample is not better than what is thought of it now. */
static void taint(struct channels *channels, size_t index)
{
	const struct sample *source = &channels->slots[index].channel.last;

	for (size_t i = 0; i < channels->count; i++) {
		const struct conf_channel *conf = channels->slots[i].channel.conf;
		struct sample *last = &channels->slots[i].channel.last;

		if (!conf->is_derived ||
		    (conf->from != (int)index && conf->humidity != (int)index) ||
		    quality_worse(last->q, source->q) == last->q)
			continue;
		last->q = source->q;
		taint(channels, i);
	}
}

static struct slot *find_bound(struct channels *channels, unsigned int kernel)
{
	for (size_t i = 0; i < channels->count; i++)
		if (channels->slots[i].channel.kernel == (int)kernel)
			return &channels->slots[i];
	return NULL;
}

int channels_bind(struct channels *channels, const struct hydropon_channel_info *info)
{
	int found = -1;

	for (size_t i = 0; i < channels->count; i++) {
		struct slot *slot = &channels->slots[i];

		if (slot->channel.conf->source != SOURCE_KERNEL || slot->channel.conf->is_derived)
			continue;
		if (!strncmp(slot->channel.conf->name, info->name, sizeof(info->name)))
			found = (int)i;
		else if (slot->channel.kernel == (int)info->index) {
			forget(slot);
			taint(channels, i);
		}
	}
	if (found >= 0) {
		forget(&channels->slots[found]);
		taint(channels, (size_t)found);
		if (info->present)
			channels->slots[found].channel.kernel = (int)info->index;
	}
	return found;
}

void channels_check(struct channels *channels, const struct hydropon_channel_info *info)
{
	const struct slot *slot = find_bound(channels, info->index);

	if (slot ? !info->present || strncmp(slot->channel.conf->name, info->name,
					     sizeof(info->name)) : info->present)
		channels_bind(channels, info);
}

void channels_unbind(struct channels *channels)
{
	for (size_t i = 0; i < channels->count; i++)
		if (channels->slots[i].channel.conf->source == SOURCE_KERNEL)
			forget(&channels->slots[i]);
}

/* A scale of 0 would turn every reading into the same number. */
static void take_scale(struct slot *slot, const struct hydropon_record *record)
{
	slot->channel.has_scale = decode_number(record, &slot->channel.scale) &&
				  slot->channel.scale != 0;
}

static void take_offset(struct slot *slot, const struct hydropon_record *record)
{
	slot->is_offset_bad = !decode_number(record, &slot->channel.offset);
}

static struct reading read_iio(struct slot *slot, const struct hydropon_record *record)
{
	struct channel *channel = &slot->channel;
	struct reading reading = { .boot_ns = record->time_ns, .raw = record->value };
	double number;

	if (!channel->has_scale || slot->is_offset_bad ||
	    channel->conf->quantity == QUANTITY_FLOW || !decode_number(record, &number)) {
		reading.q = Q_BAD_NOT_READY;
		return reading;
	}
	channel->reading = (number + channel->offset) * channel->scale;
	channel->reading_ns = record->time_ns;
	reading.value = calibrate(channel->conf, channel->reading);
	return reading;
}

/*
 * Flow is a mean over the time between two counts. Over a gap longer than stale-for
 * it would speak of the past, so counting begins anew; and so it does from a count that
 * is known to be too small.
 */
static struct reading read_pulses(struct channel *channel, const struct hydropon_record *record)
{
	struct reading reading = { .boot_ns = record->time_ns, .raw = record->value };
	uint32_t pulses = (uint32_t)record->value, counted = pulses - channel->pulses;
	uint64_t since_ns = channel->pulses_ns;
	bool has_interval = channel->has_pulses && record->time_ns > since_ns &&
			    !judge_is_stale(channel->conf, since_ns, record->time_ns);

	channel->pulses = pulses;
	channel->pulses_ns = record->time_ns;
	channel->has_pulses = true;
	channel->reading = pulses;
	channel->reading_ns = record->status ? 0 : record->time_ns;
	channel->interval_ns = has_interval ? record->time_ns - since_ns : 0;
	if (record->status)
		reading.q = Q_BAD_STORM;
	else if (!has_interval || channel->conf->quantity != QUANTITY_FLOW)
		reading.q = Q_BAD_NOT_READY;
	else
		reading.value = calibrate_flow(channel->conf, counted, record->time_ns - since_ns);
	return reading;
}

static struct reading read_failed(const struct hydropon_record *record)
{
	int32_t status = record->status;

	return (struct reading){
		.boot_ns = record->time_ns,
		.raw = status > 0 ? -status : status,
		.q = Q_BAD_READ,
	};
}

static struct temperature find_temperature(const struct channels *channels,
					   const struct conf_channel *conf, uint64_t now_ns)
{
	struct temperature temperature = { .is_known = false };

	if (conf->temperature >= 0 && (size_t)conf->temperature < channels->count) {
		temperature = channels->slots[conf->temperature].temperature;
		temperature.is_good = channels_is_good(channels, (size_t)conf->temperature, now_ns);
	}
	return temperature;
}

/* What its bounds and its temperature say, with the value compensated. */
static enum quality judge_alone(const struct channels *channels, const struct conf_channel *conf,
				uint64_t now_ns, struct reading *reading)
{
	struct temperature temperature;

	if (reading->q != Q_GOOD)
		return reading->q;
	if (!conf->compensate)
		return judge_value(conf, reading->value, NULL);
	temperature = find_temperature(channels, conf, now_ns);
	if (temperature.is_known)
		reading->value = compensate(conf, reading->value, temperature.celsius);
	return judge_value(conf, reading->value, &temperature);
}

/* @output: 1 + index, 0: none. */
static const struct driver *find_driver(const struct channels *channels, unsigned int output)
{
	return output && output <= HYDROPON_MAX_OUTPUTS ? &channels->drivers[output - 1] : NULL;
}

/* What else a sample is judged by. */
static void find_others(const struct channels *channels, const struct conf_judge *conf,
			struct look *look)
{
	look->pump = find_driver(channels, conf->pump);
	look->lamp = find_driver(channels, conf->lamp);
	for (size_t i = 0; i < CONF_MAX_DOSERS; i++)
		look->dosers[i] = find_driver(channels, conf->dosers[i]);
	for (size_t i = 0; i < CONF_MAX_TWINS; i++)
		if (conf->twins[i] && conf->twins[i] <= channels->count)
			look->twins[i] = &channels->slots[conf->twins[i] - 1].judgement;
}

/* A probe in a buffer reads well, and nothing of the tank. */
static enum quality doubt_of(const struct slot *slot, uint64_t at_ns)
{
	if (slot->channel.conf->source == SOURCE_MANUAL)
		return Q_UNCERTAIN_ENTERED;
	return at_ns <= slot->doubtful_ns ? Q_UNCERTAIN_CALIBRATING : slot->doubt;
}

/* Of what is not judged by tests. */
static void apply_doubt(const struct slot *slot, struct reading *reading)
{
	enum quality doubt = doubt_of(slot, reading->boot_ns);

	if (doubt != Q_GOOD && quality_has_value(reading->q))
		reading->q = doubt;
}

static void judge(const struct channels *channels, struct slot *slot, const struct clock_pair *now,
		  struct reading *reading)
{
	const struct conf_channel *conf = slot->channel.conf;
	struct look look = {
		.conf = conf,
		/* One time far ahead would make all that come after it old. */
		.at_ns = reading->boot_ns > now->boot_ns + NS_PER_SEC ? now->boot_ns :
									reading->boot_ns,
		.wall_ms = now->wall_ms,
		.is_wall_set = now->is_set,
		.plain = reading->value,
		.doubt = doubt_of(slot, reading->boot_ns),
	};

	look.given = judge_alone(channels, conf, now->boot_ns, reading);
	look.value = reading->value;
	find_others(channels, &conf->judge, &look);
	reading->q = judgement_take(&slot->judgement, &look);
}

static int64_t wall_at(const struct clock_pair *now, uint64_t boot_ns)
{
	int64_t age_ns = (int64_t)(now->boot_ns - boot_ns);

	/* A time of measurement far ahead is none. */
	if (age_ns <= -(int64_t)NS_PER_SEC)
		return now->wall_ms;
	return now->wall_ms - age_ns / (int64_t)NS_PER_MS;
}

static void give_sample(struct slot *slot, const struct reading *reading,
			const struct clock_pair *now, struct sample *out)
{
	struct channel *channel = &slot->channel;

	*out = (struct sample){
		.boot_ns = reading->boot_ns,
		.wall_ms = wall_at(now, reading->boot_ns),
		.value = quality_has_value(reading->q) ? reading->value : 0,
		.raw = reading->raw,
		.channel = channel->index,
		.q = reading->q,
		.clk = now->is_set ? 0 : CLK_UNSET,
	};
	channel->last = *out;
	channel->samples++;
	channel->bad += !quality_has_value(out->q);
	if (channel->conf->quantity == QUANTITY_TEMPERATURE && quality_is_good(out->q))
		slot->temperature = (struct temperature){ .celsius = out->value, .is_known = true };
}

/* Something was heard of it, good or not, and is now to be judged and told. */
static void finish(struct channels *channels, struct slot *slot, struct reading *reading,
		   const struct clock_pair *now, struct sample *out)
{
	slot->channel.heard_ns = reading->boot_ns;
	/* Reading up on a backlog is not being heard of again. */
	if (!judge_is_stale(slot->channel.conf, reading->boot_ns, now->boot_ns))
		slot->channel.stale_told_ns = 0;
	judge(channels, slot, now, reading);
	give_sample(slot, reading, now, out);
}

bool channels_take(struct channels *channels, const struct hydropon_record *record,
		   const struct clock_pair *now, struct sample *out)
{
	struct slot *slot = find_bound(channels, record->channel);
	struct reading reading;

	if (!slot)
		return false;
	switch (record->type) {
	case HYDROPON_REC_SCALE:
		take_scale(slot, record);
		return false;
	case HYDROPON_REC_OFFSET:
		take_offset(slot, record);
		return false;
	case HYDROPON_REC_SAMPLE:
		reading = record->status ? read_failed(record) : read_iio(slot, record);
		break;
	case HYDROPON_REC_PULSE:
		reading = record->status && record->status != -EOVERFLOW ?
			  read_failed(record) : read_pulses(&slot->channel, record);
		break;
	default:
		return false;
	}
	if (reading.q != Q_GOOD && record->type == HYDROPON_REC_SAMPLE)
		slot->channel.reading_ns = 0;
	finish(channels, slot, &reading, now, out);
	return true;
}

bool channels_take_reading(struct channels *channels, const struct source_reading *read,
			   const struct clock_pair *now, struct sample *out)
{
	struct reading reading = { .boot_ns = read->boot_ns, .raw = read->raw };
	struct slot *slot;

	if (read->channel >= channels->count)
		return false;
	slot = &channels->slots[read->channel];
	if (slot->channel.conf->source == SOURCE_KERNEL ||
	    slot->channel.conf->source == SOURCE_MANUAL)
		return false;
	if (read->is_anew)
		judgement_begin(&slot->judgement);
	slot->channel.answers = !read->error;
	slot->channel.reading = read->number;
	slot->channel.reading_ns = read->error ? 0 : read->boot_ns;
	if (read->error) {
		reading.q = Q_BAD_READ;
		reading.raw = read->error;
	} else {
		reading.value = slot->channel.conf->is_direct ? read->number :
				calibrate(slot->channel.conf, read->number);
	}
	finish(channels, slot, &reading, now, out);
	return true;
}

void channels_enter(struct channels *channels, size_t index, double value, uint64_t until_ns,
		    const struct clock_pair *now, struct sample *out)
{
	struct slot *slot = &channels->slots[index];
	struct reading reading = { .boot_ns = now->boot_ns, .value = value,
				   .raw = (int32_t)lround(value * RAW_A_UNIT) };

	slot->channel.until_ns = until_ns;
	slot->channel.answers = true;
	slot->channel.reading = value;
	slot->channel.reading_ns = now->boot_ns;
	finish(channels, slot, &reading, now, out);
}

/* Whether what was heard of it at @since_ns holds no more. */
static bool is_over(const struct channel *channel, uint64_t since_ns, uint64_t now_ns)
{
	if (channel->until_ns)
		return now_ns >= channel->until_ns;
	return judge_is_stale(channel->conf, since_ns, now_ns);
}

bool channel_is_present(const struct channel *channel)
{
	return channel->conf->source == SOURCE_KERNEL ? channel->kernel >= 0 : channel->answers;
}

static struct sample humidity_now(const struct channels *channels, int index, uint64_t now_ns)
{
	const struct channel *channel = &channels->slots[index].channel;
	struct sample sample = channel->last;

	if (quality_has_value(sample.q) && judge_is_stale(channel->conf, sample.boot_ns, now_ns))
		sample.q = Q_BAD_STALE;
	return sample;
}

bool channels_derive(struct channels *channels, size_t index, const struct sample *source,
		     const struct clock_pair *now, struct sample *out)
{
	struct slot *slot = &channels->slots[index];
	const struct conf_channel *conf = slot->channel.conf;
	const struct channel *from = &channels->slots[source->channel].channel;
	struct derived_sources sources = { .from = source, .interval_ns = from->interval_ns,
					   .stale_ms = from->conf->stale_ms };
	struct reading reading = { .boot_ns = source->boot_ns };
	struct sample humidity;

	if (!conf->is_derived || conf->from != (int)source->channel)
		return false;
	if (conf->humidity >= 0) {
		humidity = humidity_now(channels, conf->humidity, now->boot_ns);
		sources.humidity = &humidity;
	}
	reading.q = derived_take(&slot->derivation, conf, &sources, &reading.value);
	slot->channel.heard_ns = from->heard_ns;
	give_sample(slot, &reading, now, out);
	return true;
}

void channels_take_output(struct channels *channels, size_t index,
			  const struct output_level *level, uint64_t at_ns,
			  const struct clock_pair *now)
{
	struct slot *slot = &channels->slots[index];
	const struct local_day day = clock_local_day(wall_at(now, at_ns));

	derived_take_output(&slot->derivation, slot->channel.conf, level, at_ns,
			    now->is_set ? &day : NULL);
	slot->channel.reading = slot->derivation.whole.total.sum;
	slot->channel.reading_ns = level->is_known ? at_ns : 0;
	slot->channel.heard_ns = level->is_known ? at_ns : slot->channel.heard_ns;
}

bool channels_total(struct channels *channels, size_t index, const struct clock_pair *now,
		    struct sample *out)
{
	struct slot *slot = &channels->slots[index];
	const struct local_day day = clock_local_day(now->wall_ms);
	struct reading reading = { .boot_ns = now->boot_ns };

	if (slot->total_ns && now->boot_ns - slot->total_ns < NS_PER_SEC)
		return false;
	slot->total_ns = now->boot_ns;
	reading.q = derived_total_output(&slot->derivation, slot->channel.conf,
					 now->is_set ? &day : NULL, &reading.value);
	apply_doubt(slot, &reading);
	give_sample(slot, &reading, now, out);
	return true;
}

bool channels_expire(struct channels *channels, size_t index,
		     const struct clock_pair *now, struct sample *out)
{
	struct slot *slot = &channels->slots[index];
	struct channel *channel = &slot->channel;
	struct reading reading = { .boot_ns = now->boot_ns, .q = Q_BAD_STALE };
	uint64_t since_ns;

	if (channel->conf->is_derived)
		return false;
	if (!slot->awaited_ns)
		slot->awaited_ns = now->boot_ns;
	since_ns = channel->heard_ns ? channel->heard_ns : slot->awaited_ns;
	if (!is_over(channel, since_ns, now->boot_ns))
		return false;
	if (channel->conf->source == SOURCE_MANUAL)
		channel->answers = false;
	if (channel->stale_told_ns &&
	    !judge_is_stale(channel->conf, channel->stale_told_ns, now->boot_ns))
		return false;
	channel->stale_told_ns = now->boot_ns;
	judge(channels, slot, now, &reading);
	give_sample(slot, &reading, now, out);
	return true;
}

/* Of a sample that was given out already. */
static void doubt_last(struct slot *slot, enum quality doubt)
{
	if (quality_has_value(slot->channel.last.q) && doubt != Q_GOOD)
		slot->channel.last.q = (uint8_t)doubt;
}

void channels_calibrate(struct channels *channels, size_t index, const struct conf_channel *conf,
			uint64_t now_ns)
{
	struct slot *slot = &channels->slots[index];

	slot->conf = *conf;
	slot->channel.conf = &slot->conf;
	slot->doubtful_ns = now_ns;
	/* What was known of the water was known by what holds no more. */
	slot->temperature.is_known = false;
	judgement_forget(&slot->judgement);
	doubt_last(slot, Q_UNCERTAIN_CALIBRATING);
	taint(channels, index);
}

void channels_doubt(struct channels *channels, size_t index, enum quality doubt, uint64_t now_ns)
{
	struct slot *slot = &channels->slots[index];

	if (slot->doubt == Q_UNCERTAIN_CALIBRATING && doubt != Q_UNCERTAIN_CALIBRATING) {
		slot->doubtful_ns = now_ns;
		judgement_forget(&slot->judgement);
	}
	slot->doubt = doubt;
	doubt_last(slot, doubt);
	taint(channels, index);
}

bool channels_is_present(const struct channels *channels, size_t index)
{
	const struct slot *slot = &channels->slots[index];
	const struct conf_channel *conf = slot->channel.conf;

	if (!conf->is_derived)
		return channel_is_present(&slot->channel);
	if (conf->output >= 0)
		return slot->derivation.has_output;
	return channels_is_present(channels, (size_t)conf->from) &&
	       (conf->humidity < 0 || channels_is_present(channels, (size_t)conf->humidity));
}

static bool are_sources_good(const struct channels *channels, const struct conf_channel *conf,
			     uint64_t now_ns)
{
	return (conf->from < 0 || channels_is_good(channels, (size_t)conf->from, now_ns)) &&
	       (conf->humidity < 0 || channels_is_good(channels, (size_t)conf->humidity, now_ns));
}

bool channels_is_good(const struct channels *channels, size_t index, uint64_t now_boot_ns)
{
	const struct channel *channel = &channels->slots[index].channel;

	if (channel->conf->is_derived && !are_sources_good(channels, channel->conf, now_boot_ns))
		return false;
	return channels_is_present(channels, index) && quality_is_good(channel->last.q) &&
	       !judge_is_stale(channel->conf, channel->last.boot_ns, now_boot_ns);
}

void channels_tell_output(struct channels *channels, size_t output, bool is_known, bool is_on,
			  uint64_t at_ns)
{
	struct driver *driver = &channels->drivers[output];

	if (!is_known) {
		driver->on_ns = driver_on_ns(driver, at_ns);
		driver->is_known = driver->is_on = false;
		return;
	}
	if (driver->is_known && driver->is_on == is_on)
		return;
	driver->on_ns = driver_on_ns(driver, at_ns);
	driver->changed_ns = at_ns;
	driver->is_on = is_on;
	driver->is_known = true;
}

const struct judgement *channels_judgement(const struct channels *channels, size_t index)
{
	return &channels->slots[index].judgement;
}
