// SPDX-License-Identifier: GPL-2.0-only
#include "base/conf.h"

#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "base/conf_value.h"
#include "base/quantity.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MIB (1024.0 * 1024.0)

/* Below it comes the longest socket name, and the kernel ends at sun_path. */
#define RUN_DIR_MAX (sizeof(((struct sockaddr_un *)0)->sun_path) - sizeof("/control.sock"))
/* Below it come spool and cursor files. */
#define STATE_DIR_MAX (CONF_PATH_MAX - 1 - 96)

#define GATEWAY(member) CONF_FIELD(struct conf, member)
#define OUTPUT(member) CONF_FIELD(struct conf_output, member)
#define STORE(member) CONF_FIELD(struct conf_store, member)

static const struct conf_key gateway_keys[] = {
	{ .name = "name", .read = conf_read_name, GATEWAY(gateway), .is_required = true,
	  .example = "greenhouse" },
	{ .name = "site", .read = conf_read_name, GATEWAY(site), .is_required = true,
	  .example = "home" },
	{ .name = "device", .read = conf_read_path, GATEWAY(device), .max = CONF_PATH_MAX - 1 },
	{ .name = "run-dir", .read = conf_read_path, GATEWAY(run_dir), .max = RUN_DIR_MAX },
	{ .name = "state-dir", .read = conf_read_path, GATEWAY(state_dir), .max = STATE_DIR_MAX },
};

static const struct conf_key spool_keys[] = {
	{ .name = "max-bytes", .read = conf_read_u64, GATEWAY(spool_max_bytes),
	  .units = &units_bytes, .min = 4 * MIB, .max = 256 * 1024 * MIB },
	{ .name = "commit-every", .read = conf_read_u32, GATEWAY(commit_ms),
	  .units = &units_time, .min = 100, .max = 60e3 },
};

static void read_trust(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	conf_read_choice(reader, "clock", "synchronized", field);
}

static const struct conf_key time_keys[] = {
	{ .name = "trust", .read = read_trust, GATEWAY(trusts_clock) },
	{ .name = "estimate", .read = conf_read_yes_no, GATEWAY(sends_estimates) },
	{ .name = "rtc", .read = conf_read_name, GATEWAY(rtc) },
};

static const struct conf_key power_keys[] = {
	{ .name = "hold-up", .read = conf_read_u32, GATEWAY(hold_up_ms), .units = &units_time,
	  .min = 10, .max = 60e3 },
};

static bool add_need(struct conf_reader *reader, struct conf_output *output, const char *name)
{
	int channel = conf_parse_channel(reader, name);

	if (channel < 0)
		return true;
	for (size_t i = 0; i < output->needs_n; i++) {
		if (output->needs[i] == channel) {
			conf_mistake(reader->tree, reader->section, reader->setting,
				     "\"%s\" is listed twice; remove one", name);
			return true;
		}
	}
	if (output->needs_n == CONF_MAX_NEEDS) {
		conf_mistake(reader->tree, reader->section, reader->setting,
			     "there are more than %d channels; remove some", CONF_MAX_NEEDS);
		return false;
	}
	output->needs[output->needs_n++] = channel;
	return true;
}

/* "ph-a, water-a" */
static void read_needs(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	struct conf_output *output = field;
	char *names = strdup(reader->setting->value), *rest = names, *name;
	size_t names_n = 0;

	if (!names) {
		conf_mistake(reader->tree, reader->section, reader->setting,
			     "out of memory; free some and try again");
		return;
	}
	while ((name = strsep(&rest, ", \t"))) {
		if (!*name)
			continue;
		names_n++;
		if (!add_need(reader, output, name))
			break;
	}
	/* Nothing but commas must not pass for "needs nothing". */
	if (!names_n)
		conf_mistake(reader->tree, reader->section, reader->setting,
			     "there is no channel in it; name some or remove the line");
	free(names);
}

static const struct conf_key output_keys[] = {
	{ .name = "want", .read = conf_read_on_off, OUTPUT(want_on), .is_required = true,
	  .example = "off" },
	{ .name = "needs", .read = read_needs },	/* field: the whole output */
	{ .name = "lease", .read = conf_read_u32, OUTPUT(lease_ms), .units = &units_time,
	  .min = HYDROPON_LEASE_MIN_MS, .max = HYDROPON_LEASE_MAX_MS },
};

/* Counts one more of at most @max; false after telling that it is one too many. */
static bool count_one(struct conf_reader *reader, size_t *count, size_t max)
{
	if (*count < max) {
		++*count;
		return true;
	}
	conf_mistake(reader->tree, reader->section, NULL,
		     "there are more than %zu %ss; remove some", max,
		     conf_kind_name(reader->section->kind));
	return false;
}

static void begin_channel(struct conf_reader *reader)
{
	struct conf *conf = reader->conf;
	struct conf_channel *channel = &conf->channels[conf->channels_n];

	if (!count_one(reader, &conf->channels_n, HYDROPON_MAX_CHANNELS))
		return;
	snprintf(channel->name, sizeof(channel->name), "%s", reader->section->name);
	conf_channel_begin(reader, channel);
}

static void read_channel(struct conf_reader *reader)
{
	int index = conf_find_channel(reader->conf, reader->section->name);

	if (index >= 0 && !reader->conf->channels[index].is_derived)
		conf_channel_read(reader, &reader->conf->channels[index]);
}

static void begin_bus(struct conf_reader *reader)
{
	struct conf *conf = reader->conf;
	struct conf_bus *bus = &conf->buses[conf->buses_n];

	if (count_one(reader, &conf->buses_n, CONF_MAX_BUSES))
		snprintf(bus->name, sizeof(bus->name), "%s", reader->section->name);
}

static void begin_slave(struct conf_reader *reader)
{
	struct conf *conf = reader->conf;
	struct conf_slave *slave = &conf->slaves[conf->slaves_n];

	if (count_one(reader, &conf->slaves_n, CONF_MAX_SLAVES))
		snprintf(slave->name, sizeof(slave->name), "%s", reader->section->name);
}

static void begin_ezo(struct conf_reader *reader)
{
	struct conf *conf = reader->conf;
	struct conf_ezo *ezo = &conf->ezos[conf->ezos_n];

	if (count_one(reader, &conf->ezos_n, CONF_MAX_EZOS))
		snprintf(ezo->name, sizeof(ezo->name), "%s", reader->section->name);
}

static void read_bus(struct conf_reader *reader)
{
	int index = conf_find_bus(reader->conf, reader->section->name);

	if (index >= 0)
		conf_bus_read(reader, &reader->conf->buses[index]);
}

static void read_slave(struct conf_reader *reader)
{
	int index = conf_find_slave(reader->conf, reader->section->name);

	if (index >= 0)
		conf_slave_read(reader, &reader->conf->slaves[index]);
}

/* What rests on sections that may come after that of the channel. */
static void finish_channels(struct conf_reader *reader)
{
	for (size_t i = 0; i < reader->tree->sections_n; i++) {
		int index = conf_find_channel(reader->conf, reader->tree->sections[i].name);

		reader->section = &reader->tree->sections[i];
		reader->setting = NULL;
		if (reader->section->kind != CONF_CHANNEL || index < 0)
			continue;
		if (reader->conf->channels[index].is_derived)
			conf_derived_read(reader, &reader->conf->channels[index]);
		else
			conf_channel_settle_age(reader, &reader->conf->channels[index]);
	}
	for (size_t i = 0; i < reader->conf->channels_n; i++)
		reader->conf->channels[i].stale_ms =
			conf_derived_stale_ms(reader->conf, &reader->conf->channels[i]);
}

static void read_ezo(struct conf_reader *reader)
{
	int index = conf_find_ezo(reader->conf, reader->section->name);

	if (index >= 0)
		conf_ezo_read(reader, &reader->conf->ezos[index]);
}

static void read_output(struct conf_reader *reader)
{
	struct conf *conf = reader->conf;
	struct conf_output *output = &conf->outputs[conf->outputs_n];

	if (!count_one(reader, &conf->outputs_n, HYDROPON_MAX_OUTPUTS))
		return;
	snprintf(output->name, sizeof(output->name), "%s", reader->section->name);
	output->lease_ms = 2000;
	conf_read_section(reader, output_keys, COUNT(output_keys), -1, output);
}

static void read_store(struct conf_reader *reader)
{
	struct conf *conf = reader->conf;
	struct conf_store *store = &conf->stores[conf->stores_n];

	if (!count_one(reader, &conf->stores_n, CONF_MAX_STORES))
		return;
	snprintf(store->name, sizeof(store->name), "%s", reader->section->name);
	conf_store_read(reader, store);
}

static void read_section(struct conf_reader *reader)
{
	switch (reader->section->kind) {
	case CONF_GATEWAY:
		conf_read_section(reader, gateway_keys, COUNT(gateway_keys), -1, reader->conf);
		break;
	case CONF_SPOOL:
		conf_read_section(reader, spool_keys, COUNT(spool_keys), -1, reader->conf);
		break;
	case CONF_TIME:
		conf_read_section(reader, time_keys, COUNT(time_keys), -1, reader->conf);
		break;
	case CONF_POWER:
		conf_read_section(reader, power_keys, COUNT(power_keys), -1, reader->conf);
		break;
	case CONF_BUS:
		read_bus(reader);
		break;
	case CONF_SLAVE:
		read_slave(reader);
		break;
	case CONF_EZO:
		read_ezo(reader);
		break;
	case CONF_CHANNEL:
		read_channel(reader);
		break;
	case CONF_OUTPUT:
		read_output(reader);
		break;
	case CONF_STORE:
		read_store(reader);
		break;
	}
}

static void set_defaults(struct conf *conf)
{
	snprintf(conf->device, sizeof(conf->device), "/dev/hydropon0");
	snprintf(conf->run_dir, sizeof(conf->run_dir), "/run/hydropon");
	snprintf(conf->state_dir, sizeof(conf->state_dir), "/var/lib/hydropon");
	conf->spool_max_bytes = 1ULL << 30;
	conf->commit_ms = CONF_COMMIT_MS;
	snprintf(conf->rtc, sizeof(conf->rtc), "rtc0");
}

/* What relies on a channel that is derived from it relies on the channel. */
static bool is_relied_on(const struct conf *conf, size_t derived)
{
	for (size_t i = 0; i < conf->outputs_n; i++)
		for (size_t j = 0; j < conf->outputs[i].needs_n; j++)
			if (conf_rests_on(conf, (size_t)conf->outputs[i].needs[j], derived))
				return true;
	return false;
}

/* Who relies on the channel: the first channel that is compensated by it, or output. */
static bool find_user(const struct conf *conf, int index, enum conf_kind *kind, const char **name)
{
	for (size_t i = 0; i < conf->channels_n; i++) {
		const struct conf_channel *channel = &conf->channels[i];

		if (channel->is_derived && (channel->from == index || channel->humidity == index) &&
		    is_relied_on(conf, i)) {
			*kind = CONF_CHANNEL;
			*name = channel->name;
			return true;
		}
		if (conf->channels[i].temperature == index) {
			*kind = CONF_CHANNEL;
			*name = conf->channels[i].name;
			return true;
		}
	}
	for (size_t i = 0; i < conf->outputs_n; i++) {
		for (size_t j = 0; j < conf->outputs[i].needs_n; j++) {
			if (conf->outputs[i].needs[j] == index) {
				*kind = CONF_OUTPUT;
				*name = conf->outputs[i].name;
				return true;
			}
		}
	}
	return false;
}

static void check_bound(struct conf_reader *reader, const char *key, const char *example,
			enum conf_kind kind, const char *user)
{
	if (!conf_section_find(reader->section, key))
		conf_mistake(reader->tree, reader->section, NULL,
			     "%s \"%s\" relies on it, but %s is missing; add \"%s = %s\", or what "
			     "no working sensor can pass in your tank",
			     conf_kind_name(kind), user, key, key, example);
}

/* The default bounds are those of the quantity: a dead or saturated converter reads a
 * value within them, and nobody but the grower knows what the tank cannot have. */
static void check_bounds_of_needs(struct conf_reader *reader)
{
	for (size_t i = 0; i < reader->tree->sections_n; i++) {
		const struct quantity_traits *traits;
		const char *user;
		enum conf_kind kind;
		int index;

		reader->section = &reader->tree->sections[i];
		if (reader->section->kind != CONF_CHANNEL)
			continue;
		index = conf_find_channel(reader->conf, reader->section->name);
		if (index < 0 || reader->is_quantity_wrong[index] ||
		    !find_user(reader->conf, index, &kind, &user))
			continue;
		traits = quantity_traits(reader->conf->channels[index].quantity);
		check_bound(reader, "min", traits->example_min, kind, user);
		check_bound(reader, "max", traits->example_max, kind, user);
	}
}

static void check_source(struct conf_reader *reader, int index)
{
	const struct conf_channel *channel = &reader->conf->channels[index];
	enum conf_kind kind;
	const char *user;

	if (channel->source == SOURCE_EZO)
		conf_ezo_check_channel(reader, channel);
	if (channel->source != SOURCE_MANUAL)
		return;
	conf_source_check_manual(reader);
	if (find_user(reader->conf, index, &kind, &user))
		conf_mistake(reader->tree, reader->section,
			     conf_section_find(reader->section, "source"),
			     "%s \"%s\" relies on it, but what is entered by hand is never good; "
			     "have it rely on a sensor", conf_kind_name(kind), user);
}

/* Both refer to buses and, for what is there twice, to each other; a channel to its board. */
static void check_devices(struct conf_reader *reader)
{
	for (size_t i = 0; i < reader->tree->sections_n; i++) {
		int index;

		reader->section = &reader->tree->sections[i];
		if (reader->section->kind == CONF_SLAVE) {
			index = conf_find_slave(reader->conf, reader->section->name);
			if (index >= 0)
				conf_slave_check(reader, &reader->conf->slaves[index]);
		} else if (reader->section->kind == CONF_EZO) {
			index = conf_find_ezo(reader->conf, reader->section->name);
			if (index >= 0)
				conf_ezo_check(reader, &reader->conf->ezos[index]);
		} else if (reader->section->kind == CONF_CHANNEL) {
			index = conf_find_channel(reader->conf, reader->section->name);
			if (index >= 0)
				check_source(reader, index);
		}
	}
}

/* A power cut costs what was not committed: at most a second, or nothing. */
static void check_commit(struct conf_reader *reader)
{
	if (reader->conf->commit_ms <= CONF_COMMIT_MS || reader->conf->hold_up_ms)
		return;
	for (size_t i = 0; i < reader->tree->sections_n; i++) {
		const struct conf_section *section = &reader->tree->sections[i];

		if (section->kind == CONF_SPOOL)
			conf_mistake(reader->tree, section, conf_section_find(section, "commit-every"),
				     "a power cut would cost more than a second; write 1 s, or add "
				     "hold-up in [power], for how long the supply lasts after "
				     "power-good has fallen");
	}
}

static void begin_section(struct conf_reader *reader)
{
	if (reader->section->kind == CONF_BUS)
		begin_bus(reader);
	else if (reader->section->kind == CONF_SLAVE)
		begin_slave(reader);
	else if (reader->section->kind == CONF_EZO)
		begin_ezo(reader);
	else if (reader->section->kind == CONF_CHANNEL)
		begin_channel(reader);
}

/* All names first: sections refer to channels that come after them. */
static void read_sections(struct conf *conf, struct conf_tree *tree)
{
	struct conf_reader reader = { .conf = conf, .tree = tree };
	bool has_gateway = false;

	for (size_t i = 0; i < tree->sections_n; i++) {
		reader.section = &tree->sections[i];
		has_gateway |= reader.section->kind == CONF_GATEWAY;
		begin_section(&reader);
	}
	for (size_t i = 0; i < tree->sections_n; i++) {
		reader.section = &tree->sections[i];
		reader.setting = NULL;
		read_section(&reader);
	}
	finish_channels(&reader);
	if (!tree->is_partial) {
		check_devices(&reader);
		check_bounds_of_needs(&reader);
		check_commit(&reader);
	}
	if (!has_gateway && !tree->is_partial)
		conf_mistake_overall(tree, "the section [gateway] is missing; add it with name and "
				     "site");
}

struct conf *conf_load(const char *path, FILE *errors)
{
	struct conf_tree tree = { .errors = errors };
	struct conf *conf = calloc(1, sizeof(*conf));

	if (!conf) {
		fputs("out of memory; free some and try again\n", errors);
		return NULL;
	}
	set_defaults(conf);
	conf_tree_read(&tree, path);
	read_sections(conf, &tree);
	if (tree.mistakes) {
		conf_free(conf);
		conf = NULL;
	}
	conf_tree_free(&tree);
	return conf;
}

void conf_free(struct conf *conf)
{
	free(conf);
}

int conf_find_channel(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->channels_n; i++)
		if (!strcmp(conf->channels[i].name, name))
			return (int)i;
	return -1;
}

int conf_find_output(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->outputs_n; i++)
		if (!strcmp(conf->outputs[i].name, name))
			return (int)i;
	return -1;
}

int conf_find_bus(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->buses_n; i++)
		if (!strcmp(conf->buses[i].name, name))
			return (int)i;
	return -1;
}

int conf_find_slave(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->slaves_n; i++)
		if (!strcmp(conf->slaves[i].name, name))
			return (int)i;
	return -1;
}

bool conf_rests_on(const struct conf *conf, size_t index, size_t other)
{
	const struct conf_channel *channel = &conf->channels[index];
	int temperature = channel->compensate ? channel->temperature : -1;

	if (index == other || (temperature >= 0 && (size_t)temperature == other))
		return true;
	if (!channel->is_derived)
		return false;
	return (channel->from >= 0 && conf_rests_on(conf, (size_t)channel->from, other)) ||
	       (channel->humidity >= 0 && conf_rests_on(conf, (size_t)channel->humidity, other));
}

int conf_find_ezo(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->ezos_n; i++)
		if (!strcmp(conf->ezos[i].name, name))
			return (int)i;
	return -1;
}
