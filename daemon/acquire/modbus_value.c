// SPDX-License-Identifier: GPL-2.0-only
#include "acquire/modbus_value.h"

#include <string.h>

#define BYTES_A_REGISTER 2
#define BITS_A_BYTE 8

unsigned int modbus_value_width(const struct conf_register *reg)
{
	if (conf_table_has_bits(reg->table))
		return 1;
	return conf_number_bytes(reg->type) / BYTES_A_REGISTER;
}

/* All of its bytes as one integer, the most significant first. */
static uint64_t gather(const struct conf_register *reg, const uint16_t *words, unsigned int bytes)
{
	uint64_t gathered = 0;

	for (unsigned int i = 0; i < bytes; i++) {
		uint16_t word = words[i / BYTES_A_REGISTER];
		uint64_t byte = i % BYTES_A_REGISTER ? word & 0xff : word >> BITS_A_BYTE;

		gathered |= byte << (BITS_A_BYTE * (bytes - 1 - reg->order[i]));
	}
	return gathered;
}

static double read_f32(uint64_t gathered)
{
	uint32_t bits = (uint32_t)gathered;
	float number;

	memcpy(&number, &bits, sizeof(number));
	return (double)number;
}

static double read_f64(uint64_t gathered)
{
	double number;

	memcpy(&number, &gathered, sizeof(number));
	return number;
}

static double read_number(enum conf_number type, uint64_t gathered)
{
	switch (type) {
	case NUMBER_U16:
	case NUMBER_U32:
	case NUMBER_U64:
		return (double)gathered;
	case NUMBER_S16:
		return (int16_t)gathered;
	case NUMBER_S32:
		return (int32_t)gathered;
	case NUMBER_S64:
		return (double)(int64_t)gathered;
	case NUMBER_F32:
		return read_f32(gathered);
	case NUMBER_F64:
		return read_f64(gathered);
	}
	return 0;
}

/* A part of an integer has no sign. */
static uint64_t take_bits(const struct conf_register *reg, uint64_t gathered)
{
	return gathered >> reg->first_bit & (UINT64_MAX >> (64 - reg->bits));
}

struct modbus_value modbus_value(const struct conf_register *reg, const uint16_t *words)
{
	uint64_t gathered;
	double number;

	if (conf_table_has_bits(reg->table)) {
		gathered = words[0] != 0;
		number = (double)gathered;
	} else {
		gathered = gather(reg, words, conf_number_bytes(reg->type));
		number = reg->bits ? (double)take_bits(reg, gathered) :
				     read_number(reg->type, gathered);
	}
	return (struct modbus_value){
		.number = number * reg->multiply + reg->add,
		.raw = (int32_t)(uint32_t)gathered,
	};
}
