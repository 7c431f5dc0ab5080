// SPDX-License-Identifier: GPL-2.0-only
/* The keys of [bus NAME] and [slave NAME] sections, and what they must be to each other. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "base/conf_value.h"
#include "base/words.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define RTU_ADDRESS_MAX 247	/* Modbus over Serial Line V1.02, 2.2 */

static const char *const kinds[] = {
	[BUS_MODBUS_RTU] = "modbus-rtu", [BUS_MODBUS_TCP] = "modbus-tcp", [BUS_EZO] = "ezo",
};
static const char *const parities[] = {
	[PARITY_NONE] = "none", [PARITY_EVEN] = "even", [PARITY_ODD] = "odd",
};
/* What termios knows and a transmitter may have. */
static const char *const bauds[] = {
	"1200", "2400", "4800", "9600", "19200", "38400", "57600", "115200", "230400",
};

const char *conf_bus_kind_name(enum conf_bus_kind kind)
{
	return kinds[kind];
}

static void read_kind(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	int index = conf_parse_word(reader, "kind", kinds, COUNT(kinds));

	if (index >= 0)
		*(enum conf_bus_kind *)field = (enum conf_bus_kind)index;
}

static void read_parity(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	int index = conf_parse_word(reader, "parity", parities, COUNT(parities));

	if (index >= 0)
		*(enum conf_parity *)field = (enum conf_parity)index;
}

static void read_baud(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	char list[128];

	for (size_t i = 0; i < COUNT(bauds); i++)
		if (!strcmp(reader->setting->value, bauds[i])) {
			*(uint32_t *)field = (uint32_t)strtoul(bauds[i], NULL, 10);
			return;
		}
	words_list(bauds, COUNT(bauds), list, sizeof(list));
	conf_mistake(reader->tree, reader->section, reader->setting,
		     "there is no baud rate \"%s\"; write one of %s", reader->setting->value, list);
}

/* No name: whoever is asked for it may not answer. */
static void read_address(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	const char *value = reader->setting->value;
	unsigned char parsed[sizeof(struct in6_addr)];

	if (inet_pton(AF_INET, value, parsed) != 1 && inet_pton(AF_INET6, value, parsed) != 1)
		conf_mistake(reader->tree, reader->section, reader->setting,
			     "\"%s\" is not the number of an IPv4 or IPv6 address; write it as in "
			     "192.168.10.7", value);
	else
		snprintf(field, key->size, "%s", value);
}

#define BUS(member) CONF_FIELD(struct conf_bus, member)
#define SLAVE(member) CONF_FIELD(struct conf_slave, member)

static const struct conf_key bus_keys[] = {
	{ .name = "kind", .read = read_kind, BUS(kind), .is_required = true,
	  .example = "modbus-rtu" },
	{ .name = "device", .read = conf_read_path, BUS(device), .max = CONF_PATH_MAX - 1 },
	{ .name = "baud", .read = read_baud, BUS(baud) },
	{ .name = "parity", .read = read_parity, BUS(parity) },
	{ .name = "stop-bits", .read = conf_read_u32, BUS(stop_bits), .units = &units_none,
	  .min = 1, .max = 2 },
	{ .name = "rs485", .read = conf_read_yes_no, BUS(has_rs485) },
	{ .name = "echo", .read = conf_read_yes_no, BUS(has_echo) },
	{ .name = "address", .read = read_address, BUS(address) },
	{ .name = "port", .read = conf_read_u32, BUS(port), .units = &units_none,
	  .min = 1, .max = 65535 },
};

void conf_read_bus_of(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	const char *names[CONF_MAX_BUSES];
	int index;

	for (size_t i = 0; i < reader->conf->buses_n; i++)
		names[i] = reader->conf->buses[i].name;
	index = conf_parse_word(reader, "bus", names, reader->conf->buses_n);
	if (index >= 0)
		*(int *)field = index;
}

static const struct conf_key slave_keys[] = {
	{ .name = "bus", .read = conf_read_bus_of, SLAVE(bus), .is_required = true,
	  .example = "field" },
	{ .name = "address", .read = conf_read_u32, SLAVE(address), .is_required = true,
	  .example = "1", .units = &units_none, .min = 0, .max = 255 },
	{ .name = "response-timeout", .read = conf_read_u32, SLAVE(response_timeout_ms),
	  .units = &units_time, .min = 10, .max = 5e3 },
	{ .name = "byte-timeout", .read = conf_read_u32, SLAVE(byte_timeout_ms),
	  .units = &units_time, .min = 5, .max = 1e3 },
	{ .name = "fill", .read = conf_read_u32, SLAVE(fill), .units = &units_none,
	  .min = 0, .max = 124 },
};

#define RTU (1U << BUS_MODBUS_RTU)
#define TCP (1U << BUS_MODBUS_TCP)
#define I2C (1U << BUS_EZO)

/* Of the keys that are not for every kind, which they are for. */
static const struct {
	const char *key, *kinds;
	unsigned int mask;
} fits[] = {
	{ "device", "modbus-rtu or ezo", RTU | I2C }, { "baud", "modbus-rtu", RTU },
	{ "parity", "modbus-rtu", RTU }, { "stop-bits", "modbus-rtu", RTU },
	{ "rs485", "modbus-rtu", RTU }, { "echo", "modbus-rtu", RTU },
	{ "address", "modbus-tcp", TCP }, { "port", "modbus-tcp", TCP },
};

static void check_kind(struct conf_reader *reader, const struct conf_bus *bus)
{
	static const char *const examples[] = {
		[BUS_MODBUS_RTU] = "/dev/serial/by-id/NAME", [BUS_MODBUS_TCP] = "192.168.10.7",
		[BUS_EZO] = "/dev/i2c-1",
	};
	const char *needed = bus->kind == BUS_MODBUS_TCP ? "address" : "device";

	for (size_t i = 0; i < COUNT(fits); i++) {
		const struct conf_setting *setting = conf_section_find(reader->section, fits[i].key);

		if (setting && !(fits[i].mask & 1U << bus->kind))
			conf_mistake(reader->tree, reader->section, setting,
				     "this key is for kind %s, not for %s; remove it",
				     fits[i].kinds, kinds[bus->kind]);
	}
	if (!conf_section_find(reader->section, needed))
		conf_mistake(reader->tree, reader->section, NULL,
			     "%s is missing, which %s needs; add \"%s = %s\"", needed,
			     kinds[bus->kind], needed, examples[bus->kind]);
}

/* Two that take turns on one line without knowing of each other disturb each other. */
static void check_alone(struct conf_reader *reader, const struct conf_bus *bus)
{
	for (const struct conf_bus *other = reader->conf->buses; other < bus; other++)
		if (*bus->device && !strcmp(other->device, bus->device))
			conf_mistake(reader->tree, reader->section,
				     conf_section_find(reader->section, "device"),
				     "another bus has this device; make them one");
}

void conf_bus_read(struct conf_reader *reader, struct conf_bus *bus)
{
	bus->baud = 9600;
	bus->stop_bits = 1;
	bus->port = 502;
	conf_read_section(reader, bus_keys, COUNT(bus_keys), -1, bus);
	if (!conf_section_find(reader->section, "kind"))
		return;
	check_kind(reader, bus);
	check_alone(reader, bus);
}

void conf_slave_read(struct conf_reader *reader, struct conf_slave *slave)
{
	slave->bus = -1;
	slave->response_timeout_ms = 500;
	slave->byte_timeout_ms = 100;
	conf_read_section(reader, slave_keys, COUNT(slave_keys), -1, slave);
}

void conf_slave_check(struct conf_reader *reader, const struct conf_slave *slave)
{
	const struct conf_setting *setting = conf_section_find(reader->section, "address");

	if (!setting || slave->bus < 0)
		return;
	if (reader->conf->buses[slave->bus].kind == BUS_EZO)
		conf_mistake(reader->tree, reader->section,
			     conf_section_find(reader->section, "bus"),
			     "bus \"%s\" is of kind ezo; name one of kind modbus-rtu or modbus-tcp, "
			     "or write a section [ezo NAME]", reader->conf->buses[slave->bus].name);
	if (reader->conf->buses[slave->bus].kind == BUS_MODBUS_RTU &&
	    (slave->address < 1 || slave->address > RTU_ADDRESS_MAX))
		conf_mistake(reader->tree, reader->section, setting,
			     "%u is not the address of a slave on a serial line; write 1 to %d",
			     slave->address, RTU_ADDRESS_MAX);
	for (const struct conf_slave *other = reader->conf->slaves; other < slave; other++)
		if (other->bus == slave->bus && other->address == slave->address)
			conf_mistake(reader->tree, reader->section, setting,
				     "slave \"%s\" has it on the same bus; make them one, or "
				     "correct it", other->name);
}
