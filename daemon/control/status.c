// SPDX-License-Identifier: GPL-2.0-only
#include "control/status.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "base/clock.h"
#include "base/log.h"
#include "protect/cause.h"

static void add_string(struct json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, json_object_new_string(value));
}

static void add_bool(struct json_object *object, const char *key, bool value)
{
	json_object_object_add(object, key, json_object_new_boolean(value));
}

static void add_count(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

static uint64_t ms_since(uint64_t then_ns, uint64_t now_ns)
{
	return now_ns > then_ns ? (now_ns - then_ns) / NS_PER_MS : 0;
}

static uint64_t ms_until(uint64_t then_ns, uint64_t now_ns)
{
	return then_ns > now_ns ? (then_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS : 0;
}

/* Short digits: json-c would print 6.123 with 17 of them. */
static struct json_object *new_number(double value)
{
	char digits[32];

	if (!isfinite(value))
		return NULL;
	snprintf(digits, sizeof(digits), "%.9g", value);
	return json_object_new_double_s(value, digits);
}

/* In words; NULL, which is null, if there is none. */
static struct json_object *new_error(int error)
{
	const char *text = strerrordesc_np(-error);

	return error ? json_object_new_string(text ? text : "unknown error") : NULL;
}

static struct json_object *new_set_error(const struct output *output)
{
	return output->error ? json_object_new_string(output_error_text(output->error)) : NULL;
}

static struct json_object *new_power(const struct hydropon_info *info)
{
	struct json_object *power = json_object_new_object();

	add_bool(power, "present", info->has_power_good);
	add_bool(power, "good", info->power_good);
	add_bool(power, "shedding", info->shedding);
	add_count(power, "shed_left_ms", info->shed_left_ms);
	return power;
}

static struct json_object *new_channel(const struct channel *channel, uint64_t now_ns)
{
	const struct conf_channel *conf = channel->conf;
	const struct sample *last = &channel->last;
	struct json_object *object = json_object_new_object();

	add_string(object, "name", conf->name);
	add_string(object, "quantity", quantity_name(conf->quantity));
	add_string(object, "unit", quantity_unit(conf->quantity));
	json_object_object_add(object, "decimals", json_object_new_int(conf->decimals));
	add_bool(object, "present", channel->kernel >= 0);
	json_object_object_add(object, "value",
			       quality_has_value(last->q) ? new_number(last->value) : NULL);
	add_count(object, "q", last->q);
	add_string(object, "quality", quality_name(last->q));
	if (last->q == Q_BAD_READ && last->raw < 0)
		json_object_object_add(object, "error", new_error(last->raw));
	json_object_object_add(object, "age_ms", channel->heard_ns ?
			       json_object_new_uint64(ms_since(channel->heard_ns, now_ns)) : NULL);
	add_count(object, "samples", channel->samples);
	add_count(object, "bad", channel->bad);
	return object;
}

static struct json_object *new_channels(const struct channels *channels, uint64_t now_ns)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < channels_count(channels); i++)
		json_object_array_add(array, new_channel(channels_get(channels, i), now_ns));
	return array;
}

static struct json_object *new_override(const struct output *output, uint64_t now_ns)
{
	struct json_object *object;

	if (!output->override_active)
		return NULL;
	object = json_object_new_object();
	add_bool(object, "on", output->override_on);
	add_count(object, "left_ms", ms_until(output->override_until_ns, now_ns));
	return object;
}

static struct json_object *new_needs(const struct status_sources *sources,
				     const struct output *output, uint64_t now_ns)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < output->conf->needs_n; i++) {
		struct json_object *need = json_object_new_object();
		int channel = output->conf->needs[i];

		add_string(need, "channel", sources->conf->channels[channel].name);
		add_bool(need, "good",
			 channels_is_good(sources->turn->channels, (size_t)channel, now_ns));
		json_object_array_add(array, need);
	}
	return array;
}

static struct json_object *new_output(const struct status_sources *sources,
				      const struct output *output, uint64_t now_ns)
{
	struct json_object *object = json_object_new_object();
	/* Of a device that is gone the kernel has nothing to tell but zeros. */
	bool known = output->kernel >= 0 && output->present;

	add_string(object, "name", output->conf->name);
	add_bool(object, "present", known);
	json_object_object_add(object, "on", known ? json_object_new_boolean(output->on) : NULL);
	json_object_object_add(object, "safe_on",
			       known ? json_object_new_boolean(output->safe_on) : NULL);
	json_object_object_add(object, "cause",
			       known ? json_object_new_string(cause_name(output->cause)) : NULL);
	json_object_object_add(object, "changed_ago_ms", known ?
			       json_object_new_uint64(ms_since(output->changed_ns, now_ns)) : NULL);
	add_bool(object, "switching", known && output->line_status == -EINPROGRESS);
	if (known && output->line_status && output->line_status != -EINPROGRESS)
		json_object_object_add(object, "line_error", new_error(output->line_status));
	add_count(object, "lease_left_ms", ms_until(output->lease_until_ns, now_ns));
	add_bool(object, "want_on", output->want_on);
	json_object_object_add(object, "override", new_override(output, now_ns));
	json_object_object_add(object, "needs", new_needs(sources, output, now_ns));
	add_count(object, "refused", output->refused);
	json_object_object_add(object, "set_error", new_set_error(output));
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

	add_count(stream, "records", turn->info.records);
	add_count(stream, "lost", turn->info.lost);
	add_count(stream, "lost_urgent", turn->info.lost_urgent);
	add_count(stream, "missed", turn->missed);
	return stream;
}

static struct json_object *new_spool(struct spooler *spooler)
{
	struct json_object *spool = json_object_new_object();
	struct spooler_stats stats;

	spooler_stats(spooler, &stats);
	add_count(spool, "produced", stats.produced);
	add_count(spool, "pending", stats.pending);
	add_count(spool, "refused_queue", stats.refused_queue);
	add_count(spool, "refused_full", stats.refused_full);
	add_count(spool, "refused_error", stats.refused_error);
	add_count(spool, "bytes", stats.bytes);
	add_count(spool, "max_bytes", stats.max_bytes);
	add_count(spool, "commits", stats.commits);
	add_count(spool, "commit_last_us", stats.commit_last_us);
	add_count(spool, "commit_max_us", stats.commit_max_us);
	add_count(spool, "stuck_ms", stats.stuck_ms);
	json_object_object_add(spool, "error", new_error(stats.error));
	return spool;
}

static void add_stores(const struct status_sources *sources, struct json_object *status)
{
	struct json_object *forwarder = json_object_new_object(), *stores;
	bool running;

	stores = forwarder_get(sources->forwarder, &running);
	json_object_object_add(status, "stores", json_object_get(stores));
	add_count(forwarder, "configured", sources->conf->stores_n);
	add_bool(forwarder, "running", running);
	json_object_object_add(status, "forwarder", forwarder);
}

struct json_object *status_build(const struct status_sources *sources)
{
	const struct turn *turn = sources->turn;
	struct json_object *status = json_object_new_object();
	uint64_t now_ns = clock_boot_ns();

	add_bool(status, "ok", true);
	add_string(status, "gateway", sources->conf->gateway);
	add_string(status, "site", sources->conf->site);
	add_string(status, "version", HYDROPON_VERSION);
	add_count(status, "uptime_s", ms_since(sources->started_ns, now_ns) / 1000);
	add_count(status, "boot_ns", now_ns);
	add_string(status, "device", sources->conf->device);
	add_bool(status, "protected", turn_is_protected(turn));
	add_bool(status, "armed", turn->info.armed);
	add_bool(status, "terminal", turn->info.terminal);
	json_object_object_add(status, "device_error", new_error(turn->open_error));
	json_object_object_add(status, "power", new_power(&turn->info));
	json_object_object_add(status, "channels", new_channels(turn->channels, now_ns));
	json_object_object_add(status, "outputs", new_outputs(sources, now_ns));
	json_object_object_add(status, "stream", new_stream(turn));
	json_object_object_add(status, "spool", new_spool(sources->spooler));
	add_stores(sources, status);
	add_count(status, "log_dropped", log_dropped());
	return status;
}
