// SPDX-License-Identifier: GPL-2.0-only
/*
 * A GPIO chip of 16 lines on a "hydropon,sim-gpio" node. As it stands it is like
 * the lines of a SoC: it never sleeps and works in hard interrupts. With the
 * property hydropon,sleeping it is like an expander behind a bus: writes may take
 * time and fail. Interrupts on each line, of either kind, by edge.
 *
 * hydropon,relays = <OUTPUT INPUT>, ...: a relay with an auxiliary contact hangs on that
 * output, so that the input follows it; stuckINPUT, 1 while the relay does not move.
 *
 * Files: line0 .. line15, the level at the pin; written, it drives an input from
 * outside (-EBUSY for an output). hz_milli0 .. hz_milli15: see pulse.c. record,
 * record_clear, record_lost: see record.c. latency_us, errno: of each write of a
 * level or direction. deaf: 1 while writes of levels are acknowledged and do nothing.
 * forgets: 1 if all outputs are at 0 after the system has slept.
 */
#include "compat.h"
#include "gpio.h"

#include <linux/debugfs.h>
#include <linux/irq.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/pm.h>

/* Must hold gpio->lock. */
static bool line_level(const struct sim_line *line)
{
	return line->is_output ? line->driven : line->outside;
}

bool sim_line_drive(struct sim_line *line, bool level)
{
	unsigned int edge = 0;
	unsigned long flags;
	bool before, raise;

	raw_spin_lock_irqsave(&line->gpio->lock, flags);
	before = line_level(line);
	line->outside = level;
	if (line_level(line) != before)
		edge = before ? IRQ_TYPE_EDGE_FALLING : IRQ_TYPE_EDGE_RISING;
	raise = line->irq_unmasked && (line->irq_edges & edge);
	raw_spin_unlock_irqrestore(&line->gpio->lock, flags);
	return raise;
}

static int line_get_direction(struct gpio_chip *chip, unsigned int offset)
{
	struct sim_gpio *gpio = gpiochip_get_data(chip);

	return READ_ONCE(gpio->lines[offset].is_output) ? GPIO_LINE_DIRECTION_OUT :
							  GPIO_LINE_DIRECTION_IN;
}

static int line_get(struct gpio_chip *chip, unsigned int offset)
{
	struct sim_gpio *gpio = gpiochip_get_data(chip);
	unsigned long flags;
	bool level;

	raw_spin_lock_irqsave(&gpio->lock, flags);
	level = line_level(&gpio->lines[offset]);
	raw_spin_unlock_irqrestore(&gpio->lock, flags);
	return level;
}

/* Must hold gpio->lock. */
static void relay_move(struct sim_line *line)
{
	if (line->follower && !line->follower->stuck)
		line->follower->outside = line->driven;
}

/* Must hold gpio->lock. */
static void line_take(struct sim_line *line, bool level)
{
	if (line->driven == level || line->gpio->deaf)
		return;
	line->driven = level;
	if (line->is_output)
		sim_record_add(line->gpio, line, SIM_RECORD_CHANGE);
	relay_move(line);
}

static int bus_write(const struct sim_gpio *gpio)
{
	return gpio->chip.can_sleep ? sim_fault_apply(&gpio->fault) : 0;
}

static int line_write(struct gpio_chip *chip, unsigned int offset, int level)
{
	struct sim_gpio *gpio = gpiochip_get_data(chip);
	struct sim_line *line = &gpio->lines[offset];
	unsigned long flags;
	int ret;

	ret = bus_write(gpio);
	if (ret)
		return ret;

	raw_spin_lock_irqsave(&gpio->lock, flags);
	line_take(line, level);
	raw_spin_unlock_irqrestore(&gpio->lock, flags);
	return 0;
}
DEFINE_GPIO_SET(line_set, line_write)

static int line_direction_output(struct gpio_chip *chip, unsigned int offset, int level)
{
	struct sim_gpio *gpio = gpiochip_get_data(chip);
	struct sim_line *line = &gpio->lines[offset];
	unsigned long flags;
	int ret;

	ret = bus_write(gpio);
	if (ret)
		return ret;

	raw_spin_lock_irqsave(&gpio->lock, flags);
	if (!line->is_output) {
		line->is_output = true;
		line->driven = level;
		sim_record_add(gpio, line, SIM_RECORD_INIT);
		relay_move(line);
	} else {
		line_take(line, level);
	}
	raw_spin_unlock_irqrestore(&gpio->lock, flags);
	return 0;
}

static int line_direction_input(struct gpio_chip *chip, unsigned int offset)
{
	struct sim_gpio *gpio = gpiochip_get_data(chip);
	struct sim_line *line = &gpio->lines[offset];
	unsigned long flags;
	int ret;

	ret = bus_write(gpio);
	if (ret)
		return ret;

	raw_spin_lock_irqsave(&gpio->lock, flags);
	if (line->is_output) {
		line->is_output = false;
		sim_record_add(gpio, line, SIM_RECORD_INPUT);
	}
	raw_spin_unlock_irqrestore(&gpio->lock, flags);
	return 0;
}

static struct sim_line *irq_line(struct irq_data *data)
{
	struct sim_gpio *gpio = gpiochip_get_data(irq_data_get_irq_chip_data(data));

	return &gpio->lines[irqd_to_hwirq(data)];
}

static void irq_set_unmasked(struct sim_line *line, bool unmasked)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&line->gpio->lock, flags);
	line->irq_unmasked = unmasked;
	raw_spin_unlock_irqrestore(&line->gpio->lock, flags);
}

static void line_irq_mask(struct irq_data *data)
{
	struct sim_line *line = irq_line(data);

	irq_set_unmasked(line, false);
	gpiochip_disable_irq(&line->gpio->chip, line->offset);
}

static void line_irq_unmask(struct irq_data *data)
{
	struct sim_line *line = irq_line(data);

	gpiochip_enable_irq(&line->gpio->chip, line->offset);
	irq_set_unmasked(line, true);
}

/* handle_edge_irq() calls it; an edge here leaves nothing behind to acknowledge. */
static void line_irq_ack(struct irq_data *data)
{
}

static int line_irq_set_type(struct irq_data *data, unsigned int type)
{
	struct sim_line *line = irq_line(data);
	unsigned long flags;

	if (type & ~IRQ_TYPE_EDGE_BOTH)
		return -EINVAL;
	raw_spin_lock_irqsave(&line->gpio->lock, flags);
	line->irq_edges = type;
	raw_spin_unlock_irqrestore(&line->gpio->lock, flags);
	return 0;
}

static const struct irq_chip sim_irq_chip = {
	.name = "hydropon-sim",
	.irq_ack = line_irq_ack,
	.irq_mask = line_irq_mask,
	.irq_unmask = line_irq_unmask,
	.irq_set_type = line_irq_set_type,
	.flags = IRQCHIP_IMMUTABLE,
	GPIOCHIP_IRQ_RESOURCE_HELPERS,
};

static int level_get(void *data, u64 *value)
{
	struct sim_line *line = data;

	*value = line_get(&line->gpio->chip, line->offset);
	return 0;
}

static int level_set(void *data, u64 value)
{
	struct sim_line *line = data;

	if (value > 1)
		return -ERANGE;
	if (READ_ONCE(line->is_output))
		return -EBUSY;
	if (sim_line_drive(line, value))
		generic_handle_domain_irq_safe(line->gpio->chip.irq.domain, line->offset);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(level_fops, level_get, level_set, "%llu\n");

static int stuck_get(void *data, u64 *value)
{
	const struct sim_line *line = data;

	*value = READ_ONCE(line->stuck);
	return 0;
}

static int stuck_set(void *data, u64 value)
{
	struct sim_line *line = data;
	unsigned long flags;

	if (value > 1)
		return -ERANGE;
	raw_spin_lock_irqsave(&line->gpio->lock, flags);
	line->stuck = value;
	relay_move(line->leader);
	raw_spin_unlock_irqrestore(&line->gpio->lock, flags);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(stuck_fops, stuck_get, stuck_set, "%llu\n");

static void line_create_files(struct sim_line *line, struct dentry *folder)
{
	char name[16];

	if (line->leader) {
		snprintf(name, sizeof(name), "stuck%u", line->offset);
		debugfs_create_file_unsafe(name, 0600, folder, line, &stuck_fops);
	}

	snprintf(name, sizeof(name), "line%u", line->offset);
	debugfs_create_file_unsafe(name, 0600, folder, line, &level_fops);
	sim_pulse_create_file(line, folder);
}

static void pulses_stop(void *data)
{
	struct sim_gpio *gpio = data;
	unsigned int i;

	for (i = 0; i < SIM_GPIO_LINES; i++)
		sim_pulse_stop(&gpio->lines[i]);
}

static int relays_add(struct device *dev, struct sim_gpio *gpio)
{
	u32 output, input;
	int i;

	for (i = 0; !of_property_read_u32_index(dev->of_node, "hydropon,relays", 2 * i, &output) &&
		    !of_property_read_u32_index(dev->of_node, "hydropon,relays", 2 * i + 1, &input);
	     i++) {
		if (output >= SIM_GPIO_LINES || input >= SIM_GPIO_LINES)
			return dev_err_probe(dev, -EINVAL, "hydropon,relays: no such line\n");
		gpio->lines[output].follower = &gpio->lines[input];
		gpio->lines[input].leader = &gpio->lines[output];
	}
	return 0;
}

static int chip_add(struct device *dev, struct sim_gpio *gpio)
{
	struct gpio_chip *chip = &gpio->chip;

	chip->label = devm_kasprintf(dev, GFP_KERNEL, "%pOFn", dev->of_node);
	if (!chip->label)
		return -ENOMEM;
	chip->parent = dev;
	chip->owner = THIS_MODULE;
	chip->base = -1;
	chip->ngpio = SIM_GPIO_LINES;
	chip->can_sleep = of_property_read_bool(dev->of_node, "hydropon,sleeping");
	chip->get_direction = line_get_direction;
	chip->direction_input = line_direction_input;
	chip->direction_output = line_direction_output;
	chip->get = line_get;
	chip->set = line_set;
	gpio_irq_chip_set_chip(&chip->irq, &sim_irq_chip);
	chip->irq.handler = handle_edge_irq;
	chip->irq.default_type = IRQ_TYPE_NONE;
	return devm_gpiochip_add_data(dev, chip, gpio);
}

static int sim_gpio_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct dentry *folder;
	struct sim_gpio *gpio;
	unsigned int i;
	int ret;

	gpio = devm_kzalloc(dev, sizeof(*gpio), GFP_KERNEL);
	if (!gpio)
		return -ENOMEM;
	gpio->records = devm_kcalloc(dev, SIM_GPIO_RECORDS, sizeof(*gpio->records), GFP_KERNEL);
	if (!gpio->records)
		return -ENOMEM;
	raw_spin_lock_init(&gpio->lock);
	mutex_init(&gpio->pulse_lock);
	for (i = 0; i < SIM_GPIO_LINES; i++) {
		gpio->lines[i].gpio = gpio;
		gpio->lines[i].offset = i;
		sim_pulse_init(&gpio->lines[i]);
	}

	ret = relays_add(dev, gpio);
	if (ret)
		return ret;
	ret = chip_add(dev, gpio);
	if (ret)
		return dev_err_probe(dev, ret, "no GPIO chip\n");
	gpio->fault.impossible = !gpio->chip.can_sleep;
	ret = devm_add_action_or_reset(dev, pulses_stop, gpio);
	if (ret)
		return ret;

	folder = sim_folder_create(dev);
	if (IS_ERR(folder))
		return PTR_ERR(folder);
	for (i = 0; i < SIM_GPIO_LINES; i++)
		line_create_files(&gpio->lines[i], folder);
	sim_record_create_files(gpio, folder);
	sim_crash_create_lock_file(gpio, folder);
	sim_fault_create_files(&gpio->fault, folder);
	debugfs_create_bool("deaf", 0600, folder, &gpio->deaf);
	debugfs_create_bool("forgets", 0600, folder, &gpio->forgets);
	platform_set_drvdata(pdev, gpio);
	return 0;
}

static int sim_gpio_resume(struct device *dev)
{
	struct sim_gpio *gpio = dev_get_drvdata(dev);
	unsigned long flags;
	unsigned int i;

	raw_spin_lock_irqsave(&gpio->lock, flags);
	for (i = 0; gpio->forgets && i < SIM_GPIO_LINES; i++)
		if (gpio->lines[i].is_output)
			line_take(&gpio->lines[i], false);
	raw_spin_unlock_irqrestore(&gpio->lock, flags);
	return 0;
}
static DEFINE_SIMPLE_DEV_PM_OPS(sim_gpio_pm_ops, NULL, sim_gpio_resume);

static void sim_gpio_shutdown(struct platform_device *pdev)
{
	sim_record_end(platform_get_drvdata(pdev));
}

static const struct of_device_id sim_gpio_of_match[] = {
	{ .compatible = "hydropon,sim-gpio" },
	{ }
};
MODULE_DEVICE_TABLE(of, sim_gpio_of_match);

struct platform_driver sim_gpio_driver = {
	.driver = {
		.name = "hydropon-sim-gpio",
		.of_match_table = sim_gpio_of_match,
		.pm = pm_sleep_ptr(&sim_gpio_pm_ops),
	},
	.probe = sim_gpio_probe,
	.shutdown = sim_gpio_shutdown,
};
