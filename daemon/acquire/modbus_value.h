/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From the registers of a Modbus slave to a number. The protocol says that a register is two
 * bytes, the more significant first, and nothing of what is larger than that: each maker has
 * an order of its own. Pure functions; any thread.
 */
#ifndef HYDROPON_MODBUS_VALUE_H
#define HYDROPON_MODBUS_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/conf.h"

struct modbus_value {
	double number;		/* can be infinite or NaN: it is judged */
	int32_t raw;		/* the low 32 bits of what was read */
};

/* Registers that the number takes; of coils and discrete inputs, bits. At least 1. */
unsigned int modbus_value_width(const struct conf_register *reg);

/*
 * @words: the registers, as many as modbus_value_width(), or one word that is 0 or 1 for
 * a coil. Above 2^53 an integer loses its lowest bits, as a double has no more.
 */
struct modbus_value modbus_value(const struct conf_register *reg, const uint16_t *words);

#endif
