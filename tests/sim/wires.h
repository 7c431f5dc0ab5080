/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Simulated wires: an I2C bus whose chips answer as real ones would, and GPIO
 * chips whose lines are driven from outside through debugfs. The drivers above
 * them are the kernel's own and know nothing of it.
 *
 * /sys/kernel/debug/hydropon-sim/NODE/ is named after the device tree node,
 * without its unit address. Below an I2C node each chip has a folder of its own:
 * adc-48, lux-23. See i2c.c, gpio.c and the file of each chip for the files.
 */
#ifndef HYDROPON_SIM_WIRES_H
#define HYDROPON_SIM_WIRES_H

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/types.h>

struct dentry;
struct device;
struct platform_driver;

extern struct dentry *sim_root;
extern struct platform_driver sim_i2c_driver;
extern struct platform_driver sim_gpio_driver;

/* The debugfs folder of @dev's node. Made last, so that it is the first to go. */
struct dentry *sim_folder_create(struct device *dev);

/* Ways in which a kernel goes wrong: see crash.c. */
void sim_crash_create_files(void);
void sim_crash_stop(void);
/* Faults for the debug kernel to find: see plant.c. */
void sim_plant_create_files(void);

/* The number that beats begin with: see beat.c. */
void sim_beat_create_files(void);
void sim_beat_stop(void);

/*
 * What is wrong with a bus or a chip. Files: latency_us, errno (positive, 0 for
 * none).
 */
struct sim_fault {
	u32 latency_us;
	u32 error;
	bool absent;
	bool impossible;	/* a line that takes no time and cannot fail */
};

/* Sleeps for the latency, then 0 or -errno. */
int sim_fault_apply(const struct sim_fault *fault);
void sim_fault_create_files(struct sim_fault *fault, struct dentry *folder);

struct sim_chip;

/* A kind of I2C chip. Its functions are called with chip->lock held. */
struct sim_chip_model {
	const char *compatible;
	const char *prefix;	/* of its debugfs folder */
	size_t size;		/* of its struct, which begins with a struct sim_chip */
	void (*power_up)(struct sim_chip *chip);
	void (*write)(struct sim_chip *chip, const u8 *bytes, size_t n);
	void (*read)(struct sim_chip *chip, u8 *bytes, size_t n);
	void (*create_files)(struct sim_chip *chip, struct dentry *folder);
};

struct sim_chip {
	const struct sim_chip_model *model;
	u32 address;
	struct sim_fault fault;
	atomic_t transfers;
	struct mutex lock;	/* between the bus and debugfs */
};

extern const struct sim_chip_model sim_ads1115;
extern const struct sim_chip_model sim_bh1750;
extern const struct sim_chip_model sim_opt3001;
extern const struct sim_chip_model sim_mlx90614;

#endif
