// SPDX-License-Identifier: GPL-2.0-only
/*
 * The MLX90614 of Melexis (3901090614): an infrared thermometer for the temperature of
 * leaves, one object without touching it. Its driver has a scale and an offset. Only what
 * is read of it is simulated; the packet error code is not.
 *
 * File: object_mc, the temperature that it sees, in 10^-3 degrees Celsius.
 */
#include "wires.h"

#include <linux/debugfs.h>
#include <linux/math64.h>

#define RAM_AMBIENT 0x06
#define RAM_OBJECT 0x07
#define EEPROM_CONFIG 0x25
#define CONFIG_FACTORY 0x9fb4	/* one sensor */
#define AMBIENT_MC 22000
#define ZERO_CELSIUS_MK 273150
#define STEP_MK 20
#define OBJECT_MIN_MC -70000LL
#define OBJECT_MAX_MC 380000LL

struct mlx90614 {
	struct sim_chip chip;
	s64 object_mc;
	u8 pointer;
};

static struct mlx90614 *to_mlx90614(struct sim_chip *chip)
{
	return container_of(chip, struct mlx90614, chip);
}

static void mlx90614_write(struct sim_chip *chip, const u8 *bytes, size_t n)
{
	if (n)
		to_mlx90614(chip)->pointer = bytes[0];
}

static u16 kelvin(s64 mc)
{
	return div_s64(mc + ZERO_CELSIUS_MK + STEP_MK / 2, STEP_MK);
}

static void mlx90614_read(struct sim_chip *chip, u8 *bytes, size_t n)
{
	const struct mlx90614 *sensor = to_mlx90614(chip);
	u16 value = 0;
	size_t i;

	if (sensor->pointer == RAM_AMBIENT)
		value = kelvin(AMBIENT_MC);
	else if (sensor->pointer == RAM_OBJECT)
		value = kelvin(sensor->object_mc);
	else if (sensor->pointer == EEPROM_CONFIG)
		value = CONFIG_FACTORY;
	for (i = 0; i < n; i++)
		bytes[i] = i & 1 ? value >> 8 : value & 0xff;
}

static void mlx90614_power_up(struct sim_chip *chip)
{
	to_mlx90614(chip)->object_mc = AMBIENT_MC;
}

static int object_get(void *data, u64 *value)
{
	struct mlx90614 *sensor = data;

	mutex_lock(&sensor->chip.lock);
	*value = sensor->object_mc;
	mutex_unlock(&sensor->chip.lock);
	return 0;
}

static int object_set(void *data, u64 value)
{
	struct mlx90614 *sensor = data;
	s64 mc = value;

	if (mc < OBJECT_MIN_MC || mc > OBJECT_MAX_MC)
		return -ERANGE;
	mutex_lock(&sensor->chip.lock);
	sensor->object_mc = mc;
	mutex_unlock(&sensor->chip.lock);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE_SIGNED(object_fops, object_get, object_set, "%lld\n");

static void mlx90614_create_files(struct sim_chip *chip, struct dentry *folder)
{
	debugfs_create_file_unsafe("object_mc", 0600, folder, to_mlx90614(chip), &object_fops);
}

const struct sim_chip_model sim_mlx90614 = {
	.compatible = "melexis,mlx90614",
	.prefix = "ir",
	.size = sizeof(struct mlx90614),
	.power_up = mlx90614_power_up,
	.write = mlx90614_write,
	.read = mlx90614_read,
	.create_files = mlx90614_create_files,
};
