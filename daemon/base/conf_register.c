// SPDX-License-Identifier: GPL-2.0-only
/* The keys of a [channel NAME] section that say where on a bus its number is. */
#include <stdlib.h>
#include <string.h>

#include "base/conf_value.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *const tables[] = {
	[TABLE_HOLDING] = "holding", [TABLE_INPUT] = "input", [TABLE_COIL] = "coil",
	[TABLE_DISCRETE] = "discrete",
};

static const char *const numbers[] = {
	[NUMBER_U16] = "u16", [NUMBER_S16] = "s16", [NUMBER_U32] = "u32", [NUMBER_S32] = "s32",
	[NUMBER_U64] = "u64", [NUMBER_S64] = "s64", [NUMBER_F32] = "f32", [NUMBER_F64] = "f64",
};

static const uint8_t bytes[] = {
	[NUMBER_U16] = 2, [NUMBER_S16] = 2, [NUMBER_U32] = 4, [NUMBER_S32] = 4,
	[NUMBER_U64] = 8, [NUMBER_S64] = 8, [NUMBER_F32] = 4, [NUMBER_F64] = 8,
};

const char *conf_table_name(enum conf_table table)
{
	return tables[table];
}

const char *conf_number_name(enum conf_number type)
{
	return numbers[type];
}

unsigned int conf_number_bytes(enum conf_number type)
{
	return bytes[type];
}

void conf_register_read_slave(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	const char *names[CONF_MAX_SLAVES];
	int index;

	for (size_t i = 0; i < reader->conf->slaves_n; i++)
		names[i] = reader->conf->slaves[i].name;
	index = conf_parse_word(reader, "slave", names, reader->conf->slaves_n);
	if (index >= 0)
		*(int *)field = index;
}

void conf_register_read_table(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	int index = conf_parse_word(reader, "table", tables, COUNT(tables));

	if (index >= 0)
		*(enum conf_table *)field = (enum conf_table)index;
}

void conf_register_read_type(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	int index = conf_parse_word(reader, "type", numbers, COUNT(numbers));

	if (index >= 0)
		*(enum conf_number *)field = (enum conf_number)index;
}

void conf_register_read_multiply(struct conf_reader *reader, const struct conf_key *key,
				 void *field)
{
	double multiply = 1;

	if (!conf_parse_number(reader, reader->setting->value, key->units, key->min, key->max,
			       &multiply))
		return;
	if (multiply == 0)
		conf_mistake(reader->tree, reader->section, reader->setting,
			     "0 would make every reading the same; write what one step of the "
			     "register is worth");
	else
		*(double *)field = multiply;
}

void conf_register_begin(struct conf_register *reg)
{
	reg->slave = -1;
	reg->multiply = 1;
	reg->interval_ms = 1000;
}

static const struct conf_setting *find(struct conf_reader *reader, const char *key)
{
	return conf_section_find(reader->section, key);
}

/* Most significant first, as the protocol has its registers. */
static void set_usual_order(struct conf_register *reg)
{
	for (uint8_t i = 0; i < CONF_VALUE_BYTES; i++)
		reg->order[i] = i;
}

/* "cdab": each byte of the number once, a is the most significant. */
static void read_order(struct conf_reader *reader, struct conf_register *reg)
{
	const struct conf_setting *setting = find(reader, "order");
	unsigned int n = conf_number_bytes(reg->type), seen = 0;

	set_usual_order(reg);
	if (!setting)
		return;
	for (const char *c = setting->value; *c; c++)
		if (*c >= 'a' && *c < 'a' + (int)n)
			seen |= 1U << (*c - 'a');
	if (strlen(setting->value) != n || seen != (1U << n) - 1) {
		conf_mistake(reader->tree, reader->section, setting,
			     "\"%s\" is not an order of the %u bytes of %s; write each of %.*s "
			     "once, a for the most significant, in the order in which they come",
			     setting->value, n, numbers[reg->type], (int)n, "abcdefgh");
		return;
	}
	for (unsigned int i = 0; i < n; i++)
		reg->order[i] = (uint8_t)(setting->value[i] - 'a');
}

/* "4" or "4-7"; strtoul() alone would take blanks and signs as well. */
static bool parse_bits(const char *text, unsigned int *first, unsigned int *last)
{
	char *end;

	if (text[strspn(text, "0123456789-")] || *text == '-' || strlen(text) > 5)
		return false;
	*first = *last = (unsigned int)strtoul(text, &end, 10);
	if (*end == '-' && end[1] && end[1] != '-')
		*last = (unsigned int)strtoul(end + 1, &end, 10);
	return !*end && *first <= *last;
}

static void read_bits(struct conf_reader *reader, struct conf_register *reg)
{
	const struct conf_setting *setting = find(reader, "bits");
	unsigned int n = 8 * conf_number_bytes(reg->type), first, last;

	if (!setting)
		return;
	if (reg->type == NUMBER_F32 || reg->type == NUMBER_F64) {
		conf_mistake(reader->tree, reader->section, setting,
			     "a float has no bits of its own; write type = u16, u32 or u64, or "
			     "remove it");
	} else if (!parse_bits(setting->value, &first, &last) || last >= n) {
		conf_mistake(reader->tree, reader->section, setting,
			     "\"%s\" is not a bit of %s, nor a row of them; write one of 0 to %u, "
			     "0 for the least significant, or two as in \"4-7\"", setting->value,
			     numbers[reg->type], n - 1);
	} else {
		reg->first_bit = (uint8_t)first;
		reg->bits = (uint8_t)(last - first + 1);
	}
}

/* Of a coil there is nothing more to say. */
static void reject_of_bits(struct conf_reader *reader, const struct conf_register *reg)
{
	static const char *const keys[] = { "type", "order", "bits" };

	for (size_t i = 0; i < COUNT(keys); i++)
		if (find(reader, keys[i]))
			conf_mistake(reader->tree, reader->section, find(reader, keys[i]),
				     "a %s is a single bit; remove it, or write table = holding "
				     "or input",
				     reg->table == TABLE_COIL ? "coil" : "discrete input");
}

static void reject_without_slave(struct conf_reader *reader)
{
	static const char *const keys[] = { "table", "register", "type", "order", "bits",
					    "multiply", "add", "interval" };

	for (size_t i = 0; i < COUNT(keys); i++)
		if (find(reader, keys[i]))
			conf_mistake(reader->tree, reader->section, find(reader, keys[i]),
				     "there is no slave whose register it would be; add "
				     "\"slave = NAME\" and a section [slave NAME], or remove it");
}

static void check_end(struct conf_reader *reader, const struct conf_register *reg)
{
	unsigned int registers = conf_number_bytes(reg->type) / 2;

	if (reg->address + registers > 65536)
		conf_mistake(reader->tree, reader->section, find(reader, "register"),
			     "%s takes %u registers, and %u is followed by fewer; write at most "
			     "%u", numbers[reg->type], registers, reg->address,
			     65536 - registers);
}

void conf_register_read(struct conf_reader *reader, struct conf_channel *channel)
{
	struct conf_register *reg = &channel->reg;

	if (channel->source == SOURCE_EZO || channel->source == SOURCE_MANUAL)
		return;
	if (!find(reader, "slave")) {
		reject_without_slave(reader);
		return;
	}
	channel->source = SOURCE_MODBUS;
	if (!find(reader, "register"))
		conf_mistake(reader->tree, reader->section, NULL,
			     "register is missing; add \"register = 0\", counted from 0 as in the "
			     "protocol");
	if (conf_table_has_bits(reg->table)) {
		reject_of_bits(reader, reg);
		return;
	}
	read_bits(reader, reg);
	read_order(reader, reg);
	check_end(reader, reg);
}
