// SPDX-License-Identifier: GPL-2.0-only
#include "control/status.h"

#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "base/clock.h"
#include "base/field.h"
#include "base/log.h"
#include "control/describe.h"

static uint64_t ms_since(uint64_t then_ns, uint64_t now_ns)
{
	return now_ns > then_ns ? (now_ns - then_ns) / NS_PER_MS : 0;
}

static uint64_t ms_until(uint64_t then_ns, uint64_t now_ns)
{
	return then_ns > now_ns ? (then_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS : 0;
}

/* Before any calibration: mV, pulses, or whatever the device gives. */
static void add_reading(struct json_object *object, const struct channel *channel, uint64_t now_ns)
{
	bool is_known = channel->reading_ns;

	json_object_object_add(object, "reading", is_known ? field_new_number(channel->reading) : NULL);
	json_object_object_add(object, "reading_age_ms", is_known ?
			       json_object_new_uint64(ms_since(channel->reading_ns, now_ns)) : NULL);
}

static struct json_object *new_channel(const struct channel *channel, bool is_present,
				       uint64_t now_ns)
{
	const struct conf_channel *conf = channel->conf;
	const struct sample *last = &channel->last;
	struct json_object *object = json_object_new_object();

	field_put_string(object, "name", conf->name);
	field_put_string(object, "quantity", quantity_name(conf->quantity));
	field_put_string(object, "unit", quantity_unit(conf->quantity));
	json_object_object_add(object, "decimals", json_object_new_int(conf->decimals));
	field_put_string(object, "source", conf->is_derived ? "derived" :
			conf_source_name(conf->source));
	field_put_bool(object, "present", is_present);
	json_object_object_add(object, "value",
			       quality_has_value(last->q) ? field_new_number(last->value) : NULL);
	field_put_count(object, "q", last->q);
	field_put_string(object, "quality", quality_name(last->q));
	if (last->q == Q_BAD_READ && last->raw < 0)
		field_put_error(object, "error", last->raw);
	json_object_object_add(object, "age_ms", channel->heard_ns ?
			       json_object_new_uint64(ms_since(channel->heard_ns, now_ns)) : NULL);
	add_reading(object, channel, now_ns);
	if (conf->source == SOURCE_MANUAL)
		field_put_count(object, "holds_ms", ms_until(channel->until_ns, now_ns));
	field_put_count(object, "samples", channel->samples);
	field_put_count(object, "bad", channel->bad);
	return object;
}

/* Channels and outputs that it is derived from, or NULL: it is measured. */
static struct json_object *new_sources(const struct conf *conf, const struct conf_channel *channel)
{
	const int channels[] = { channel->from, channel->humidity };
	struct json_object *array;

	if (!channel->is_derived)
		return NULL;
	array = json_object_new_array();
	for (size_t i = 0; i < sizeof(channels) / sizeof(channels[0]); i++)
		if (channels[i] >= 0)
			json_object_array_add(array, json_object_new_string(
				conf->channels[channels[i]].name));
	if (channel->output >= 0)
		json_object_array_add(array, json_object_new_string(
			conf->outputs[channel->output].name));
	return array;
}

static struct json_object *new_channels(const struct status_sources *sources, uint64_t now_ns)
{
	const struct channels *channels = sources->turn->channels;
	const struct clock_pair now = clock_pair_now(sources->conf->trusts_clock);
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < channels_count(channels); i++) {
		const struct channel *channel = channels_get(channels, i);
		struct json_object *object =
			new_channel(channel, channels_is_present(channels, i), now_ns);
		int temperature = channel->conf->temperature;

		json_object_object_add(object, "derived_from",
				       new_sources(sources->conf, &sources->conf->channels[i]));
		field_put_string(object, "temperature_from", temperature < 0 ? NULL :
				sources->conf->channels[temperature].name);
		if (sources->calibrator)
			json_object_object_add(object, "calibration",
					       calibrator_describe(sources->calibrator, i, &now));
		json_object_array_add(array, object);
	}
	return array;
}

static void add_ms(struct json_object *object, const char *key, bool is_known, uint64_t ns)
{
	json_object_object_add(object, key,
			       is_known ? field_new_number((double)ns / (double)NS_PER_MS) : NULL);
}

static struct json_object *new_device(const char *name, uint32_t address,
				      const struct device_stats *stats, uint64_t now_ns)
{
	struct json_object *object = json_object_new_object(), *response = json_object_new_object();
	uint64_t mean_ns = stats->answers ? stats->response_sum_ns / stats->answers : 0;

	field_put_string(object, "name", name);
	field_put_count(object, "address", address);
	field_put_string(object, "state", stats->is_open ? "not asked" :
			!stats->requests ? "not asked yet" : stats->error ? "failing" : "ok");
	field_put_error(object, "error", stats->error);
	field_put_count(object, "retry_ms", stats->is_open ? ms_until(stats->retry_ns, now_ns) : 0);
	field_put_count(object, "requests", stats->requests);
	field_put_count(object, "answers", stats->answers);
	field_put_count(object, "silent", stats->silent);
	field_put_count(object, "garbled", stats->garbled);
	field_put_count(object, "exceptions", stats->exceptions);
	field_put_count(object, "foreign", stats->foreign);
	field_put_count(object, "missed", stats->missed);
	add_ms(response, "last", stats->answers, stats->response_last_ns);
	add_ms(response, "mean", stats->answers, mean_ns);
	add_ms(response, "max", stats->answers, stats->response_max_ns);
	json_object_object_add(object, "response_ms", response);
	return object;
}

static struct json_object *new_slave(const struct conf_slave *conf,
				     const struct device_stats *stats, uint64_t now_ns)
{
	struct json_object *object = new_device(conf->name, conf->address, stats, now_ns);

	field_put_count(object, "response_timeout_ms", conf->response_timeout_ms);
	field_put_count(object, "byte_timeout_ms", conf->byte_timeout_ms);
	return object;
}

static struct json_object *new_board(const struct conf_ezo *conf, const struct device_stats *stats,
				     uint64_t now_ns)
{
	struct json_object *object = new_device(conf->name, conf->address, stats, now_ns);

	field_put_string(object, "kind", conf_ezo_kind_name(conf->kind));
	return object;
}

static struct json_object *new_devices(const struct conf *conf, enum conf_bus_kind kind,
				       struct bus *bus, uint64_t now_ns)
{
	size_t n = kind == BUS_EZO ? conf->ezos_n : conf->slaves_n;
	struct json_object *devices = json_object_new_array();
	struct device_stats stats;

	for (size_t i = 0; i < n; i++)
		if (bus_device_stats(bus, (int)i, &stats))
			json_object_array_add(devices, kind == BUS_EZO ?
					      new_board(&conf->ezos[i], &stats, now_ns) :
					      new_slave(&conf->slaves[i], &stats, now_ns));
	return devices;
}

static struct json_object *new_bus(const struct conf *conf, size_t index, struct bus *bus,
				   uint64_t now_ns)
{
	const struct conf_bus *conf_bus = &conf->buses[index];
	struct json_object *object = json_object_new_object();
	struct bus_stats stats;

	bus_stats(bus, &stats);
	field_put_string(object, "name", conf_bus->name);
	field_put_string(object, "kind", conf_bus_kind_name(conf_bus->kind));
	field_put_string(object, "device", bus_place(bus));
	field_put_bool(object, "open", stats.is_open);
	field_put_error(object, "error", stats.error);
	field_put_count(object, "opens", stats.opens);
	field_put_count(object, "refused", stats.refused);
	json_object_object_add(object, "slaves", new_devices(conf, conf_bus->kind, bus, now_ns));
	return object;
}

static struct json_object *new_buses(const struct status_sources *sources, uint64_t now_ns)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; sources->turn->sources && i < sources->conf->buses_n; i++)
		json_object_array_add(array, new_bus(sources->conf, i,
						     sources_bus(sources->turn->sources, i),
						     now_ns));
	return array;
}

static struct json_object *new_override(const struct output *output, uint64_t now_ns)
{
	struct json_object *object;

	if (!output->override_active)
		return NULL;
	object = json_object_new_object();
	field_put_bool(object, "on", output->override_on);
	field_put_count(object, "left_ms", ms_until(output->override_until_ns, now_ns));
	return object;
}

static struct json_object *new_needs(const struct status_sources *sources,
				     const struct output *output, uint64_t now_ns)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < output->conf->needs_n; i++) {
		struct json_object *need = json_object_new_object();
		int channel = output->conf->needs[i];

		field_put_string(need, "channel", sources->conf->channels[channel].name);
		field_put_bool(need, "good",
			 channels_is_good(sources->turn->channels, (size_t)channel, now_ns));
		json_object_array_add(array, need);
	}
	return array;
}

/* The name of the channel that the kernel itself misses for an output, or NULL. */
static const char *stale_need(const struct channels *channels, const struct output *output)
{
	if (output->kernel < 0 || !output->info.present ||
	    output->info.stale_need == HYDROPON_NONE)
		return NULL;
	for (size_t i = 0; i < channels_count(channels); i++)
		if (channels_get(channels, i)->kernel == (int)output->info.stale_need)
			return channels_get(channels, i)->conf->name;
	return "a channel that is not in the configuration";
}

static struct json_object *new_output(const struct status_sources *sources,
				      const struct output *output, uint64_t now_ns)
{
	struct json_object *object = json_object_new_object();
	bool known = output->kernel >= 0 && output->info.present;
	char refusal[256];

	field_put_string(object, "name", output->conf->name);
	describe_output(object, &output->info, known, now_ns);
	field_put_count(object, "lease_left_ms", ms_until(output->lease_until_ns, now_ns));
	field_put_bool(object, "want_on", output->want_on);
	json_object_object_add(object, "override", new_override(output, now_ns));
	json_object_object_add(object, "needs", new_needs(sources, output, now_ns));
	field_put_string(object, "stale_need", stale_need(sources->turn->channels, output));
	field_put_bool(object, "overran", output->overran);
	field_put_count(object, "refused", output->info.refused);
	field_put_string(object, "set_error",
			output_refusal(output, refusal, sizeof(refusal)) ? refusal : NULL);
	return object;
}

static struct json_object *new_outputs(const struct status_sources *sources, uint64_t now_ns)
{
	const struct outputs *outputs = sources->turn->outputs;
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < outputs_count(outputs); i++)
		json_object_array_add(array, new_output(sources, outputs_get(outputs, i), now_ns));
	return array;
}

static struct json_object *new_stream(const struct turn *turn)
{
	struct json_object *stream = json_object_new_object();

	field_put_count(stream, "records", turn->info.records);
	field_put_count(stream, "lost", turn->info.lost);
	field_put_count(stream, "lost_urgent", turn->info.lost_urgent);
	field_put_count(stream, "missed", turn->missed);
	return stream;
}

/* NULL: no spool was opened yet, so nothing is known of the boots before. */
static struct json_object *new_clock(const struct spooler_stats *stats)
{
	struct json_object *clock;

	if (!stats->boot)
		return NULL;
	clock = json_object_new_object();
	field_put_bool(clock, "set", stats->is_clock_set);
	field_put_count(clock, "boot", stats->boot);
	field_put_count(clock, "clk", (uint64_t)stats->clk);
	return clock;
}

static struct json_object *new_spool(struct spooler *spooler)
{
	struct json_object *spool = json_object_new_object();
	struct spooler_stats stats;

	spooler_stats(spooler, &stats);
	field_put_count(spool, "produced", stats.produced);
	field_put_count(spool, "pending", stats.pending);
	field_put_count(spool, "refused_queue", stats.refused_queue);
	field_put_count(spool, "refused_error", stats.refused_error);
	field_put_count(spool, "refused_events", stats.refused_events);
	field_put_count(spool, "bytes", stats.bytes);
	field_put_count(spool, "max_bytes", stats.max_bytes);
	field_put_count(spool, "blocks", stats.blocks);
	field_put_count(spool, "lost", stats.lost);
	field_put_count(spool, "commits", stats.commits);
	field_put_count(spool, "commit_every_ms", stats.commit_every_ms);
	field_put_count(spool, "commit_last_us", stats.commit_last_us);
	field_put_count(spool, "commit_max_us", stats.commit_max_us);
	field_put_count(spool, "stuck_ms", stats.stuck_ms);
	field_put_error(spool, "error", stats.error);
	field_put_error(spool, "block_error", stats.block_error);
	json_object_object_add(spool, "clock", new_clock(&stats));
	return spool;
}

static void add_stores(const struct status_sources *sources, struct json_object *status)
{
	struct json_object *forwarder = json_object_new_object(), *stores;
	bool running;

	stores = forwarder_get(sources->forwarder, &running);
	json_object_object_add(status, "stores", json_object_get(stores));
	field_put_count(forwarder, "configured", sources->conf->stores_n);
	field_put_bool(forwarder, "running", running);
	json_object_object_add(status, "forwarder", forwarder);
}

struct json_object *status_build(const struct status_sources *sources)
{
	const struct turn *turn = sources->turn;
	struct json_object *status = json_object_new_object();
	uint64_t now_ns = clock_boot_ns();

	field_put_bool(status, "ok", true);
	field_put_string(status, "gateway", sources->conf->gateway);
	field_put_string(status, "site", sources->conf->site);
	field_put_string(status, "version", HYDROPON_VERSION);
	field_put_count(status, "uptime_s", ms_since(sources->started_ns, now_ns) / 1000);
	field_put_count(status, "boot_ns", now_ns);
	field_put_string(status, "device", sources->conf->device);
	field_put_bool(status, "protected", turn_is_protected(turn));
	field_put_error(status, "device_error", turn->open_error);
	describe_gateway(status, &turn->info);
	json_object_object_add(status, "channels", new_channels(sources, now_ns));
	json_object_object_add(status, "buses", new_buses(sources, now_ns));
	json_object_object_add(status, "outputs", new_outputs(sources, now_ns));
	json_object_object_add(status, "stream", new_stream(turn));
	json_object_object_add(status, "spool", new_spool(sources->spooler));
	add_stores(sources, status);
	field_put_count(status, "clock_steps", turn->clock_steps);
	field_put_count(status, "log_dropped", log_dropped());
	return status;
}
