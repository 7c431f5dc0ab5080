// SPDX-License-Identifier: GPL-2.0-only
/* The keys of [ezo NAME] sections, and what they and a channel must be to each other. */
#include "base/conf_value.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
/* Addresses that I2C leaves to devices. */
#define ADDRESS_MIN 8
#define ADDRESS_MAX 119
#define INTERVAL_MIN_MS 1000	/* a board measures once a second at best */

static const struct {
	const char *name;
	enum quantity quantity;		/* what it measures */
	uint32_t address;		/* as it is sold */
} kinds[] = {
	[EZO_PH] = { "ph", QUANTITY_PH, 99 },
	[EZO_EC] = { "ec", QUANTITY_EC, 100 },
	[EZO_RTD] = { "rtd", QUANTITY_TEMPERATURE, 102 },
	[EZO_FLOW] = { "flow", QUANTITY_FLOW, 104 },
};

const char *conf_ezo_kind_name(enum conf_ezo_kind kind)
{
	return kinds[kind].name;
}

static void read_kind(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	const char *names[COUNT(kinds)];
	int index;

	for (size_t i = 0; i < COUNT(kinds); i++)
		names[i] = kinds[i].name;
	index = conf_parse_word(reader, "kind", names, COUNT(kinds));
	if (index >= 0)
		*(enum conf_ezo_kind *)field = (enum conf_ezo_kind)index;
}

#define EZO(member) CONF_FIELD(struct conf_ezo, member)

static const struct conf_key keys[] = {
	{ .name = "bus", .read = conf_read_bus_of, EZO(bus), .is_required = true, .example = "i2c" },
	{ .name = "kind", .read = read_kind, EZO(kind), .is_required = true, .example = "ph" },
	{ .name = "address", .read = conf_read_u32, EZO(address), .units = &units_none,
	  .min = ADDRESS_MIN, .max = ADDRESS_MAX },
	{ .name = "interval", .read = conf_read_u32, EZO(interval_ms), .units = &units_time,
	  .min = INTERVAL_MIN_MS, .max = 3600e3 },
};

void conf_ezo_read(struct conf_reader *reader, struct conf_ezo *ezo)
{
	ezo->bus = -1;
	ezo->interval_ms = INTERVAL_MIN_MS;
	conf_read_section(reader, keys, COUNT(keys), -1, ezo);
	if (!conf_section_find(reader->section, "address"))
		ezo->address = kinds[ezo->kind].address;
}

void conf_ezo_check(struct conf_reader *reader, const struct conf_ezo *ezo)
{
	const struct conf_setting *setting = conf_section_find(reader->section, "address");

	if (ezo->bus < 0)
		return;
	if (reader->conf->buses[ezo->bus].kind != BUS_EZO)
		conf_mistake(reader->tree, reader->section,
			     conf_section_find(reader->section, "bus"),
			     "bus \"%s\" is of kind %s; name one of kind ezo, or write a section "
			     "[slave NAME]", reader->conf->buses[ezo->bus].name,
			     conf_bus_kind_name(reader->conf->buses[ezo->bus].kind));
	for (const struct conf_ezo *other = reader->conf->ezos; other < ezo; other++)
		if (other->bus == ezo->bus && other->address == ezo->address)
			conf_mistake(reader->tree, reader->section, setting,
				     "board \"%s\" has address %u on the same bus; make them one, "
				     "or give each its own address", other->name, ezo->address);
}

void conf_ezo_read_name(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	const char *names[CONF_MAX_EZOS];
	int index;

	for (size_t i = 0; i < reader->conf->ezos_n; i++)
		names[i] = reader->conf->ezos[i].name;
	index = conf_parse_word(reader, "ezo", names, reader->conf->ezos_n);
	if (index >= 0)
		*(int *)field = index;
}

void conf_ezo_check_channel(struct conf_reader *reader, const struct conf_channel *channel)
{
	static const char *const registers[] = { "slave", "table", "register", "type", "order",
						 "bits", "multiply", "add" };
	static const char *const often[] = { "interval" };
	const struct conf_ezo *ezo;

	conf_source_reject(reader, registers, COUNT(registers), "an EZO board has no registers; "
			   "remove it, or remove ezo");
	conf_source_reject(reader, often, COUNT(often), "a board is asked once for all its "
			   "channels; write it into its section [ezo NAME]");
	conf_source_reject_calibration(reader, "an EZO board is calibrated itself, and gives no mV; "
				       "remove it");
	/* A wrong name has been told. */
	if (channel->ezo < 0)
		return;
	ezo = &reader->conf->ezos[channel->ezo];
	if (kinds[ezo->kind].quantity != channel->quantity)
		conf_mistake(reader->tree, reader->section,
			     conf_section_find(reader->section, "ezo"),
			     "board \"%s\" is of kind %s, which measures %s, not %s; name another "
			     "board, or correct its kind or the quantity", ezo->name,
			     kinds[ezo->kind].name, quantity_name(kinds[ezo->kind].quantity),
			     quantity_name(channel->quantity));
}
