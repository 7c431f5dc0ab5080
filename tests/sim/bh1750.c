// SPDX-License-Identifier: GPL-2.0-only
/*
 * The BH1750FVI of ROHM: an ambient light sensor with opcodes instead of
 * registers. High resolution modes 1 and 2, one-time and continuous, and the
 * measurement time. A measurement takes its time, and a read before its end gives
 * the one before.
 *
 * File: millilux, the light that falls on it.
 */
#include "wires.h"

#include <linux/debugfs.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/timekeeping.h>

enum bh1750_opcode {
	OP_POWER_DOWN = 0x00,
	OP_POWER_ON = 0x01,
	OP_RESET = 0x07,
	OP_CONTINUOUS_H = 0x10,
	OP_CONTINUOUS_H2 = 0x11,
	OP_ONE_TIME_H = 0x20,
	OP_ONE_TIME_H2 = 0x21,
	OP_TIME_HIGH = 0x40,	/* low 3 bits: bits 7..5 of the measurement time */
	OP_TIME_LOW = 0x60,	/* low 5 bits: bits 4..0 */
};

#define TIME_DEFAULT 69
/* Of one step of the measurement time: 120 ms at the default. */
#define TIME_STEP_NS 1740000ULL
#define MILLILUX_MAX 200000000ULL

struct bh1750 {
	struct sim_chip chip;
	u64 millilux;
	u16 result;
	u8 time;
	bool powered;
	u8 mode;		/* opcode of the measurement under way, 0 for none */
	u64 measuring_since_ns;
};

static struct bh1750 *to_bh1750(struct sim_chip *chip)
{
	return container_of(chip, struct bh1750, chip);
}

/* 1.2 counts per lux at the default measurement time, twice as many in mode 2. */
static u16 measure(const struct bh1750 *sensor)
{
	bool mode2 = sensor->mode == OP_CONTINUOUS_H2 || sensor->mode == OP_ONE_TIME_H2;
	u64 counts = sensor->millilux * 12 * sensor->time * (mode2 ? 2 : 1);

	return min_t(u64, DIV_ROUND_CLOSEST_ULL(counts, 10 * 1000 * TIME_DEFAULT), U16_MAX);
}

/* Ends the measurement that is due by now. */
static void bh1750_advance(struct bh1750 *sensor)
{
	u64 period_ns = max_t(u64, sensor->time, 1) * TIME_STEP_NS;
	u64 elapsed_ns = ktime_get_ns() - sensor->measuring_since_ns;

	if (!sensor->mode || elapsed_ns < period_ns)
		return;
	sensor->result = measure(sensor);
	if (sensor->mode == OP_ONE_TIME_H || sensor->mode == OP_ONE_TIME_H2) {
		sensor->mode = 0;
		sensor->powered = false;
	} else {
		sensor->measuring_since_ns += div64_u64(elapsed_ns, period_ns) * period_ns;
	}
}

static void opcode_execute(struct bh1750 *sensor, u8 opcode)
{
	switch (opcode) {
	case OP_POWER_DOWN:
		sensor->powered = false;
		sensor->mode = 0;
		break;
	case OP_POWER_ON:
		sensor->powered = true;
		break;
	case OP_RESET:
		if (sensor->powered)
			sensor->result = 0;
		break;
	case OP_CONTINUOUS_H:
	case OP_CONTINUOUS_H2:
	case OP_ONE_TIME_H:
	case OP_ONE_TIME_H2:
		sensor->powered = true;
		sensor->mode = opcode;
		sensor->measuring_since_ns = ktime_get_ns();
		break;
	default:
		if ((opcode & ~0x07) == OP_TIME_HIGH)
			sensor->time = (sensor->time & 0x1f) | (opcode & 0x07) << 5;
		else if ((opcode & ~0x1f) == OP_TIME_LOW)
			sensor->time = (sensor->time & 0xe0) | (opcode & 0x1f);
		break;
	}
}

static void bh1750_write(struct sim_chip *chip, const u8 *bytes, size_t n)
{
	struct bh1750 *sensor = to_bh1750(chip);
	size_t i;

	bh1750_advance(sensor);
	for (i = 0; i < n; i++)
		opcode_execute(sensor, bytes[i]);
}

static void bh1750_read(struct sim_chip *chip, u8 *bytes, size_t n)
{
	struct bh1750 *sensor = to_bh1750(chip);
	size_t i;

	bh1750_advance(sensor);
	for (i = 0; i < n; i++)
		bytes[i] = i & 1 ? sensor->result & 0xff : sensor->result >> 8;
}

static void bh1750_power_up(struct sim_chip *chip)
{
	to_bh1750(chip)->time = TIME_DEFAULT;
}

static int millilux_get(void *data, u64 *value)
{
	struct bh1750 *sensor = data;

	mutex_lock(&sensor->chip.lock);
	*value = sensor->millilux;
	mutex_unlock(&sensor->chip.lock);
	return 0;
}

static int millilux_set(void *data, u64 value)
{
	struct bh1750 *sensor = data;

	if (value > MILLILUX_MAX)
		return -ERANGE;
	mutex_lock(&sensor->chip.lock);
	/* What was measured before keeps the light it had. */
	bh1750_advance(sensor);
	sensor->millilux = value;
	mutex_unlock(&sensor->chip.lock);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(millilux_fops, millilux_get, millilux_set, "%llu\n");

static void bh1750_create_files(struct sim_chip *chip, struct dentry *folder)
{
	debugfs_create_file_unsafe("millilux", 0600, folder, to_bh1750(chip), &millilux_fops);
}

const struct sim_chip_model sim_bh1750 = {
	.compatible = "rohm,bh1750",
	.prefix = "lux",
	.size = sizeof(struct bh1750),
	.power_up = bh1750_power_up,
	.write = bh1750_write,
	.read = bh1750_read,
	.create_files = bh1750_create_files,
};
