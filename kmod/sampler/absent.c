// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel binds a driver to a chip once. A chip that does not answer then, because its
 * board gets power later or is plugged in later, would stay without one for good, and so
 * would the sampler that reads it. So it is tried again until it has answered once. A
 * driver that somebody unbinds afterwards is left alone.
 */
#include <linux/i2c.h>
#include <linux/list.h>
#include <linux/of.h>
#include <linux/slab.h>
#include <linux/spi/spi.h>
#include <linux/workqueue.h>

#include "internal.h"

/* Some drivers say at each attempt that they failed: 2880 lines a day at most. */
#define FIRST_MS	1000U
#define LONGEST_MS	30000U

struct absent {
	struct list_head list;
	struct device_node *chip;
};

/* Touched by the work while it is queued, else by start and stop. */
static LIST_HEAD(absents);
static unsigned int delay_ms = FIRST_MS;

static void absent_try(struct work_struct *work);
static DECLARE_DELAYED_WORK(absent_work, absent_try);

static struct device *find_chip(const struct device_node *node)
{
	struct device *dev = NULL;

	if (IS_ENABLED(CONFIG_I2C))
		dev = bus_find_device_by_of_node(&i2c_bus_type, node);
	if (IS_ENABLED(CONFIG_SPI) && !dev)
		dev = bus_find_device_by_of_node(&spi_bus_type, node);
	return dev;
}

static void forget(struct absent *absent)
{
	list_del(&absent->list);
	of_node_put(absent->chip);
	kfree(absent);
}

static void absent_try(struct work_struct *work)
{
	struct absent *absent, *next;

	list_for_each_entry_safe(absent, next, &absents, list) {
		struct device *dev = find_chip(absent->chip);
		bool bound = dev && device_attach(dev) == 1;

		put_device(dev);
		if (bound)
			forget(absent);
	}
	if (list_empty(&absents))
		return;
	queue_delayed_work(system_freezable_wq, &absent_work, msecs_to_jiffies(delay_ms));
	delay_ms = min(2 * delay_ms, LONGEST_MS);
}

int hydropon_absent_start(void)
{
	struct device_node *node;

	for_each_compatible_node(node, NULL, "hydropon,sampler") {
		/* All channels of a node are of one device. */
		struct device_node *chip = of_parse_phandle(node, "io-channels", 0);
		struct absent *absent;

		if (!chip || !of_device_is_available(node)) {
			of_node_put(chip);
			continue;
		}
		absent = kzalloc(sizeof(*absent), GFP_KERNEL);
		if (!absent) {
			of_node_put(chip);
			of_node_put(node);
			hydropon_absent_stop();
			return -ENOMEM;
		}
		absent->chip = chip;
		list_add_tail(&absent->list, &absents);
	}
	/* The first look comes later: whoever is here has a driver then. */
	queue_delayed_work(system_freezable_wq, &absent_work, msecs_to_jiffies(FIRST_MS));
	return 0;
}

void hydropon_absent_stop(void)
{
	struct absent *absent, *next;

	cancel_delayed_work_sync(&absent_work);
	list_for_each_entry_safe(absent, next, &absents, list)
		forget(absent);
}
