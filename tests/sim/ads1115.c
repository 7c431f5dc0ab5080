// SPDX-License-Identifier: GPL-2.0-only
/*
 * The ADS1115 of Texas Instruments (SBAS444E): four inputs, 16 bits, a gain and a
 * multiplexer, continuous and single-shot conversion. A conversion takes its time
 * and ends with the settings that it began with, so that a driver which reads too
 * early gets the old result here too. The comparator is not simulated.
 *
 * Files: ain0_uv .. ain3_uv, the voltage at the pins in microvolt; clock, 1 for a chip
 * whose result is not a voltage but when it was read: BOOTTIME in units of 2^14 ns.
 */
#include "wires.h"

#include <linux/bits.h>
#include <linux/debugfs.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/timekeeping.h>

#define PINS 4
#define PIN_MAX_UV 10000000LL

enum ads1115_register {
	REG_CONVERSION,
	REG_CONFIG,
	REG_LO_THRESH,
	REG_HI_THRESH,
	REGISTERS,
};

#define CONFIG_OS BIT(15)	/* write: start one conversion; read: none is under way */
#define CONFIG_SINGLE BIT(8)
#define CONFIG_RESET 0x8583
#define CONFIG_MUX(config) (((config) >> 12) & 7)
#define CONFIG_PGA(config) (((config) >> 9) & 7)
#define CONFIG_RATE(config) (((config) >> 5) & 7)

struct ads1115_pin {
	struct ads1115 *adc;
	s64 uv;
};

struct ads1115 {
	struct sim_chip chip;
	struct ads1115_pin pins[PINS];
	u8 pointer;
	u16 registers[REGISTERS];
	bool clock;
	bool converting;
	u16 converting_config;	/* what the conversion under way began with */
	u64 converting_since_ns;
};

static const u32 full_scale_mv[8] = { 6144, 4096, 2048, 1024, 512, 256, 256, 256 };
static const u32 samples_per_s[8] = { 8, 16, 32, 64, 128, 250, 475, 860 };

static struct ads1115 *to_ads1115(struct sim_chip *chip)
{
	return container_of(chip, struct ads1115, chip);
}

static u64 conversion_ns(u16 config)
{
	return NSEC_PER_SEC / samples_per_s[CONFIG_RATE(config)];
}

static s64 input_uv(const struct ads1115 *adc, u16 config)
{
	static const u8 minus_pin[4] = { 1, 3, 3, 3 };
	static const u8 plus_pin[4] = { 0, 0, 1, 2 };
	unsigned int mux = CONFIG_MUX(config);

	if (mux >= 4)
		return adc->pins[mux - 4].uv;
	return adc->pins[plus_pin[mux]].uv - adc->pins[minus_pin[mux]].uv;
}

static u16 convert(const struct ads1115 *adc, u16 config)
{
	s64 uv = input_uv(adc, config);
	s32 full_scale_uv = full_scale_mv[CONFIG_PGA(config)] * 1000;
	s64 half = uv < 0 ? -full_scale_uv / 2 : full_scale_uv / 2;

	return clamp_t(s64, div_s64(uv * 32768 + half, full_scale_uv), S16_MIN, S16_MAX);
}

/* Ends every conversion that is due by now. */
static void ads1115_advance(struct ads1115 *adc)
{
	u64 now_ns = ktime_get_ns();

	while (adc->converting) {
		u16 config = adc->registers[REG_CONFIG];
		u64 period_ns = conversion_ns(adc->converting_config);
		u64 elapsed_ns = now_ns - adc->converting_since_ns;

		if (elapsed_ns < period_ns)
			break;
		/* Nothing changed meanwhile: only the last of many conversions counts. */
		if (adc->converting_config == config)
			adc->converting_since_ns += div64_u64(elapsed_ns, period_ns) * period_ns;
		else
			adc->converting_since_ns += period_ns;
		adc->registers[REG_CONVERSION] = convert(adc, adc->converting_config);
		adc->converting_config = config;
		adc->converting = !(config & CONFIG_SINGLE);
	}
}

static void config_write(struct ads1115 *adc, u16 config)
{
	bool start = !(config & CONFIG_SINGLE) || (config & CONFIG_OS);

	ads1115_advance(adc);
	adc->registers[REG_CONFIG] = config & ~CONFIG_OS;
	if (start && !adc->converting) {
		adc->converting = true;
		adc->converting_config = config & ~CONFIG_OS;
		adc->converting_since_ns = ktime_get_ns();
	}
}

static void ads1115_write(struct sim_chip *chip, const u8 *bytes, size_t n)
{
	struct ads1115 *adc = to_ads1115(chip);
	u16 value;

	if (n < 1)
		return;
	adc->pointer = bytes[0] & 3;
	if (n < 3)
		return;
	value = bytes[1] << 8 | bytes[2];
	if (adc->pointer == REG_CONFIG)
		config_write(adc, value);
	else if (adc->pointer != REG_CONVERSION)
		adc->registers[adc->pointer] = value;
}

static void ads1115_read(struct sim_chip *chip, u8 *bytes, size_t n)
{
	struct ads1115 *adc = to_ads1115(chip);
	u16 value;
	size_t i;

	ads1115_advance(adc);
	value = adc->registers[adc->pointer];
	if (adc->pointer == REG_CONFIG && !adc->converting)
		value |= CONFIG_OS;
	if (adc->pointer == REG_CONVERSION && READ_ONCE(adc->clock))
		value = ktime_get_boottime_ns() >> 14;
	for (i = 0; i < n; i++)
		bytes[i] = i & 1 ? value & 0xff : value >> 8;
}

static void ads1115_power_up(struct sim_chip *chip)
{
	struct ads1115 *adc = to_ads1115(chip);
	unsigned int i;

	for (i = 0; i < PINS; i++)
		adc->pins[i].adc = adc;
	adc->registers[REG_CONFIG] = CONFIG_RESET & ~CONFIG_OS;
	adc->registers[REG_LO_THRESH] = 0x8000;
	adc->registers[REG_HI_THRESH] = 0x7fff;
}

static int pin_get(void *data, u64 *value)
{
	struct ads1115_pin *pin = data;

	mutex_lock(&pin->adc->chip.lock);
	*value = pin->uv;
	mutex_unlock(&pin->adc->chip.lock);
	return 0;
}

static int pin_set(void *data, u64 value)
{
	struct ads1115_pin *pin = data;
	s64 uv = value;

	if (uv < -PIN_MAX_UV || uv > PIN_MAX_UV)
		return -ERANGE;
	mutex_lock(&pin->adc->chip.lock);
	/* What was converted before keeps the voltage it had. */
	ads1115_advance(pin->adc);
	pin->uv = uv;
	mutex_unlock(&pin->adc->chip.lock);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE_SIGNED(pin_fops, pin_get, pin_set, "%lld\n");

static void ads1115_create_files(struct sim_chip *chip, struct dentry *folder)
{
	struct ads1115 *adc = to_ads1115(chip);
	unsigned int i;

	debugfs_create_bool("clock", 0600, folder, &adc->clock);
	for (i = 0; i < PINS; i++) {
		char name[16];

		snprintf(name, sizeof(name), "ain%u_uv", i);
		debugfs_create_file_unsafe(name, 0600, folder, &adc->pins[i], &pin_fops);
	}
}

const struct sim_chip_model sim_ads1115 = {
	.compatible = "ti,ads1115",
	.prefix = "adc",
	.size = sizeof(struct ads1115),
	.power_up = ads1115_power_up,
	.write = ads1115_write,
	.read = ads1115_read,
	.create_files = ads1115_create_files,
};
