// SPDX-License-Identifier: GPL-2.0-only
/*
 * The OPT3001 of Texas Instruments (SBOS681C): an ambient light sensor whose driver
 * gives lux, not a raw number. Single-shot and continuous conversion, 100 ms or 800 ms,
 * automatic full scale. The comparator and the interrupt are not simulated.
 *
 * File: millilux, the light that falls on it.
 */
#include "wires.h"

#include <linux/bits.h>
#include <linux/debugfs.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/timekeeping.h>

enum opt3001_register {
	REG_RESULT = 0x00,
	REG_CONFIG = 0x01,
	REG_LOW_LIMIT = 0x02,
	REG_HIGH_LIMIT = 0x03,
	REGISTERS = 4,
	REG_MANUFACTURER = 0x7e,
	REG_DEVICE = 0x7f,
};

#define MANUFACTURER 0x5449	/* "TI" */
#define DEVICE 0x3001
#define CONFIG_RESET 0xc810
#define CONFIG_CT BIT(11)	/* 800 ms, else 100 ms */
#define CONFIG_MODE(config) (((config) >> 9) & 3)
#define CONFIG_SHUTDOWN 0
#define CONFIG_SINGLE 1
#define CONFIG_MODE_MASK GENMASK(10, 9)
#define CONFIG_OVF BIT(8)
#define CONFIG_CRF BIT(7)	/* a result is there; ends with the next access */
#define CONFIG_READ_ONLY GENMASK(8, 5)
#define MANTISSA_MAX 0xfff
#define EXPONENT_MAX 11
#define MILLILUX_MAX 200000000ULL

struct opt3001 {
	struct sim_chip chip;
	u64 millilux;
	u8 pointer;
	u16 registers[REGISTERS];
	u64 converting_since_ns;
};

static struct opt3001 *to_opt3001(struct sim_chip *chip)
{
	return container_of(chip, struct opt3001, chip);
}

/* Exponent and mantissa: 0.01 lux times mantissa times 2^exponent. */
static u16 convert(const struct opt3001 *sensor, bool *overflow)
{
	u64 steps = DIV_ROUND_CLOSEST_ULL(sensor->millilux, 10);
	unsigned int exponent = 0;

	while (exponent < EXPONENT_MAX && steps >> exponent > MANTISSA_MAX)
		exponent++;
	*overflow = steps >> exponent > MANTISSA_MAX;
	return exponent << 12 | min_t(u64, steps >> exponent, MANTISSA_MAX);
}

/* Ends the conversion that is due by now. */
static void opt3001_advance(struct opt3001 *sensor)
{
	u16 *config = &sensor->registers[REG_CONFIG];
	u64 period_ns = (*config & CONFIG_CT ? 800 : 100) * (u64)NSEC_PER_MSEC;
	u64 elapsed_ns = ktime_get_ns() - sensor->converting_since_ns;
	bool overflow;

	if (CONFIG_MODE(*config) == CONFIG_SHUTDOWN || elapsed_ns < period_ns)
		return;
	sensor->registers[REG_RESULT] = convert(sensor, &overflow);
	*config &= ~CONFIG_OVF;
	*config |= CONFIG_CRF | (overflow ? CONFIG_OVF : 0);
	if (CONFIG_MODE(*config) == CONFIG_SINGLE)
		*config &= ~CONFIG_MODE_MASK;
	else
		sensor->converting_since_ns += div64_u64(elapsed_ns, period_ns) * period_ns;
}

static void opt3001_write(struct sim_chip *chip, const u8 *bytes, size_t n)
{
	struct opt3001 *sensor = to_opt3001(chip);
	u16 value;

	opt3001_advance(sensor);
	if (n < 1)
		return;
	sensor->pointer = bytes[0];
	if (n < 3 || sensor->pointer == REG_RESULT || sensor->pointer >= REGISTERS)
		return;
	value = bytes[1] << 8 | bytes[2];
	if (sensor->pointer == REG_CONFIG) {
		value = (value & ~CONFIG_READ_ONLY) |
			(sensor->registers[REG_CONFIG] & CONFIG_READ_ONLY & ~CONFIG_CRF);
		sensor->converting_since_ns = ktime_get_ns();
	}
	sensor->registers[sensor->pointer] = value;
}

static void opt3001_read(struct sim_chip *chip, u8 *bytes, size_t n)
{
	struct opt3001 *sensor = to_opt3001(chip);
	u16 value = 0;
	size_t i;

	opt3001_advance(sensor);
	if (sensor->pointer < REGISTERS)
		value = sensor->registers[sensor->pointer];
	else if (sensor->pointer == REG_MANUFACTURER)
		value = MANUFACTURER;
	else if (sensor->pointer == REG_DEVICE)
		value = DEVICE;
	if (sensor->pointer == REG_CONFIG)
		sensor->registers[REG_CONFIG] &= ~CONFIG_CRF;
	for (i = 0; i < n; i++)
		bytes[i] = i & 1 ? value & 0xff : value >> 8;
}

static void opt3001_power_up(struct sim_chip *chip)
{
	struct opt3001 *sensor = to_opt3001(chip);

	sensor->registers[REG_CONFIG] = CONFIG_RESET;
	sensor->registers[REG_LOW_LIMIT] = 0xc000;
	sensor->registers[REG_HIGH_LIMIT] = 0xbfff;
}

static int millilux_get(void *data, u64 *value)
{
	struct opt3001 *sensor = data;

	mutex_lock(&sensor->chip.lock);
	*value = sensor->millilux;
	mutex_unlock(&sensor->chip.lock);
	return 0;
}

static int millilux_set(void *data, u64 value)
{
	struct opt3001 *sensor = data;

	if (value > MILLILUX_MAX)
		return -ERANGE;
	mutex_lock(&sensor->chip.lock);
	/* What was converted before keeps the light it had. */
	opt3001_advance(sensor);
	sensor->millilux = value;
	mutex_unlock(&sensor->chip.lock);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(millilux_fops, millilux_get, millilux_set, "%llu\n");

static void opt3001_create_files(struct sim_chip *chip, struct dentry *folder)
{
	debugfs_create_file_unsafe("millilux", 0600, folder, to_opt3001(chip), &millilux_fops);
}

const struct sim_chip_model sim_opt3001 = {
	.compatible = "ti,opt3001",
	.prefix = "lux",
	.size = sizeof(struct opt3001),
	.power_up = opt3001_power_up,
	.write = opt3001_write,
	.read = opt3001_read,
	.create_files = opt3001_create_files,
};
