/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The simulated wires as a test or the tank sees them: hydropon-sim.ko's files in
 * debugfs. Paths are relative to its folder, such as "i2c/adc-48/ain0_uv"; chips
 * are "gpio-soc", "gpio-bus", "gpio-panel" and "gpio-meters". Everything returns 0 or
 * more, or -errno. -ENOENT: the module is not loaded, debugfs is not mounted, or the
 * device is unbound.
 */
#ifndef HYDROPON_TESTS_SIM_H
#define HYDROPON_TESTS_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SIM_ROOT "/sys/kernel/debug/hydropon-sim"
#define SIM_SOC "gpio-soc"
#define SIM_BUS "gpio-bus"
#define SIM_PANEL "gpio-panel"
#define SIM_METERS "gpio-meters"

/* Lines of gpio-soc. */
enum sim_soc_line {
	SIM_PUMP = 0,
	SIM_AIR = 1,
	SIM_PH_DOWN = 2,
	SIM_NUTRIENT = 3,
	SIM_LIGHTS = 4,
	SIM_FLOW = 8,
	SIM_POWER_GOOD = 9,
	SIM_OVERRIDE = 10,
	SIM_FEEDBACK = 11,
};

/* Lines of gpio-meters: zone-1 to zone-8 are 0 to 7. */
enum sim_meters_line {
	SIM_ZONES = 8,
	SIM_WATER_METER = 8,
};

/* Lines of gpio-bus. */
enum sim_bus_line {
	SIM_FILL = 0,
};

/* Lines of gpio-panel. */
enum sim_panel_line {
	SIM_MASTER = 0,
	SIM_CIRC = 1,
	SIM_CIRC_ON = 2,	/* contacts of its switch */
	SIM_CIRC_OFF = 3,
	SIM_CIRC_FEEDBACK = 4,
	SIM_DOSE = 5,
	SIM_DOSE_ON = 6,
	SIM_DOSE_OFF = 7,
	SIM_VALVE = 8,
	SIM_VALVE_FEEDBACK = 9,
};

/* One line of a record file. */
struct sim_transition {
	uint64_t ns;		/* CLOCK_BOOTTIME */
	unsigned int line;
	bool level;		/* physical; of an input: false */
	bool is_init;		/* the line became an output at this level */
	bool is_input;		/* the line became an input */
};

/* Another folder in place of SIM_ROOT; @root is kept, not copied. */
void sim_use_root(const char *root);

int sim_write(const char *path, long long value);
int sim_read(const char *path, long long *value);

/* Level of a line, 0 or 1. */
int sim_output_level(const char *chip, unsigned int line);
/* Drives an input from outside. */
int sim_input_set(const char *chip, unsigned int line, bool level);
/* Pulses per 1000 s on an input, 0 for none. */
int sim_pulses_set(const char *chip, unsigned int line, unsigned int hz_milli);

/*
 * All transitions of @chip since load or the last clear, oldest first. free() the
 * array. -EOVERFLOW if older ones were overwritten: what is left proves nothing.
 * -EBADMSG if the file is not what the module writes.
 */
int sim_record_read(const char *chip, struct sim_transition **transitions, size_t *n);
int sim_record_clear(const char *chip);
/* The first transition of @line to @level at or after @from_ns. -ENODATA: none. */
int sim_transition_first(const char *chip, unsigned int line, bool level, uint64_t from_ns,
			 struct sim_transition *found);
/* The newest transition of @line. -ENODATA: none. */
int sim_transition_last(const char *chip, unsigned int line, struct sim_transition *found);
/* One line of text, its newline included or not. 0 or -EBADMSG. */
int sim_transition_parse(const char *text, struct sim_transition *transition);

#endif
