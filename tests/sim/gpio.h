/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYDROPON_SIM_GPIO_H
#define HYDROPON_SIM_GPIO_H

#include "wires.h"

#include <linux/gpio/driver.h>
#include <linux/hrtimer.h>
#include <linux/spinlock.h>

#define SIM_GPIO_LINES 16
#define SIM_GPIO_RECORDS 8192	/* a power of two */

enum sim_record_kind {
	SIM_RECORD_CHANGE,	/* the level of an output changed */
	SIM_RECORD_INIT,	/* the line became an output, at this level */
	SIM_RECORD_INPUT,	/* the line became an input */
};

struct sim_record {
	u64 at_ns;
	u8 line;
	u8 kind;
	bool level;
};

/*
 * A rate of pulses on one line. But for the timer itself, changed only while the
 * timer is not running, under gpio->pulse_lock.
 */
struct sim_pulse {
	struct hrtimer timer;
	u32 hz_milli;
	u64 half_ns;		/* half a period: half_ns + half_rest / hz_milli */
	u32 half_rest;
	u32 carry;		/* sum of the rests, below hz_milli */
	u64 next_ns;
	atomic_t pulses;	/* so far */
};

struct sim_line {
	struct sim_gpio *gpio;
	unsigned int offset;
	struct sim_pulse pulse;
	/* gpio->lock: */
	bool is_output;
	bool driven;		/* the level that the chip drives as an output */
	bool outside;		/* the level that the world drives it to as an input */
	struct sim_line *follower;	/* the input that this output's relay closes */
	struct sim_line *leader;	/* the other way round */
	bool stuck;			/* the relay does not move: welded, or broken */
	bool irq_unmasked;
	unsigned int irq_edges;	/* IRQ_TYPE_EDGE_* */
};

struct sim_gpio {
	struct gpio_chip chip;
	struct sim_line lines[SIM_GPIO_LINES];
	struct sim_fault fault;
	bool deaf;
	bool forgets;
	bool ended;		/* under lock: the machine shuts down, and this chip has */
	struct mutex pulse_lock;
	/*
	 * Taken in hard interrupts and below a line's irq_desc lock: it is released
	 * before an interrupt is raised.
	 */
	raw_spinlock_t lock;
	struct sim_record *records;
	u64 records_written;
	u64 records_cleared;	/* of these, how many are wanted no more */
};

/* Drives the line from outside. True if an interrupt is to be raised for it. */
bool sim_line_drive(struct sim_line *line, bool level);

void sim_pulse_init(struct sim_line *line);
void sim_pulse_stop(struct sim_line *line);
void sim_pulse_create_file(struct sim_line *line, struct dentry *folder);

/* The system shuts down; may sleep. */
void sim_record_end(struct sim_gpio *gpio);
/* Must hold gpio->lock. */
void sim_record_add(struct sim_gpio *gpio, const struct sim_line *line,
		    enum sim_record_kind kind);
void sim_record_create_files(struct sim_gpio *gpio, struct dentry *folder);
void sim_crash_create_lock_file(struct sim_gpio *gpio, struct dentry *folder);

#endif
