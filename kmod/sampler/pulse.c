// SPDX-License-Identifier: GPL-2.0-only
/* A pulse input: edges counted in the interrupt, told once an interval. */
#include <linux/gpio/consumer.h>
#include <linux/gpio/driver.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/of.h>
#include <linux/slab.h>

#include "compat.h"
#include "hydropon-guard.h"
#include "internal.h"

struct pulse {
	struct hydropon_channel *guard;
	struct gpio_desc *line;
	struct hrtimer timer;
	raw_spinlock_t lock;
	u64 interval_ns;
	u64 last_edge_ns;	/* under lock */
	u32 count;		/* under lock */
	int irq;
};

static irqreturn_t pulse_edge(int irq, void *data)
{
	struct pulse *pulse = data;

	raw_spin_lock(&pulse->lock);
	pulse->count++;
	pulse->last_edge_ns = ktime_get_boottime_ns();
	raw_spin_unlock(&pulse->lock);
	return IRQ_HANDLED;
}

static enum hrtimer_restart pulse_tick(struct hrtimer *timer)
{
	struct pulse *pulse = container_of(timer, struct pulse, timer);
	struct hydropon_record record = { .type = HYDROPON_REC_PULSE };
	unsigned long flags;

	raw_spin_lock_irqsave(&pulse->lock, flags);
	record.time_ns = ktime_get_boottime_ns();
	record.value = pulse->count;
	record.aux = pulse->last_edge_ns;
	raw_spin_unlock_irqrestore(&pulse->lock, flags);
	hydropon_channel_push(pulse->guard, &record);

	hrtimer_forward_now(timer, ns_to_ktime(pulse->interval_ns));
	return HRTIMER_RESTART;
}

static int pulse_get_line(struct device *dev, struct pulse *pulse)
{
	pulse->line = gpiod_get(dev, "pulse", GPIOD_IN);
	if (IS_ERR(pulse->line))
		return dev_err_probe(dev, PTR_ERR(pulse->line),
				     "pulse-gpios: cannot get the line\n");
	if (gpiod_cansleep(pulse->line)) {
		gpiod_put(pulse->line);
		return dev_err_probe(dev, -EINVAL,
				     "pulse-gpios: a line behind a bus loses pulses; use a SoC line\n");
	}
	pulse->irq = gpiod_to_irq(pulse->line);
	if (pulse->irq < 0) {
		gpiod_put(pulse->line);
		return dev_err_probe(dev, pulse->irq, "pulse-gpios: the line has no interrupt\n");
	}
	return 0;
}

static int pulse_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	char name[HYDROPON_NAME_MAX];
	struct gpio_chip *chip;
	struct pulse *pulse;
	u32 interval_ms;
	int ret;

	ret = hydropon_read_interval(dev, &interval_ms);
	if (ret)
		return ret;
	if (snprintf(name, sizeof(name), "%pOFn", dev->of_node) >= sizeof(name))
		return dev_err_probe(dev, -EINVAL, "the name of the node is longer than %zu\n",
				     sizeof(name) - 1);
	pulse = kzalloc(sizeof(*pulse), GFP_KERNEL);
	if (!pulse)
		return -ENOMEM;
	raw_spin_lock_init(&pulse->lock);
	pulse->interval_ns = interval_ms * (u64)NSEC_PER_MSEC;
	hydropon_hrtimer_setup(&pulse->timer, pulse_tick, HRTIMER_MODE_ABS_HARD);

	ret = pulse_get_line(dev, pulse);
	if (ret)
		goto err_free;
	chip = gpiod_to_chip(pulse->line);
	ret = hydropon_follow(dev, chip ? chip->parent : NULL);
	if (ret)
		goto err_put_line;
	pulse->guard = hydropon_channel_add(dev, name, HYDROPON_KIND_PULSE, interval_ms);
	if (IS_ERR(pulse->guard)) {
		ret = dev_err_probe(dev, PTR_ERR(pulse->guard),
				    "cannot be added: the name is taken, or no gateway above\n");
		goto err_put_line;
	}
	ret = request_irq(pulse->irq, pulse_edge, IRQF_TRIGGER_RISING | IRQF_NO_THREAD,
			  dev_name(dev), pulse);
	if (ret) {
		dev_err_probe(dev, ret, "pulse-gpios: cannot get its interrupt\n");
		goto err_remove_channel;
	}
	hrtimer_start(&pulse->timer, ns_to_ktime(ktime_get_boottime_ns() + pulse->interval_ns),
		      HRTIMER_MODE_ABS_HARD);
	platform_set_drvdata(pdev, pulse);
	return 0;

err_remove_channel:
	hydropon_channel_remove(pulse->guard);
err_put_line:
	gpiod_put(pulse->line);
err_free:
	kfree(pulse);
	return ret;
}

static HYDROPON_REMOVE_RETURN pulse_remove(struct platform_device *pdev)
{
	struct pulse *pulse = platform_get_drvdata(pdev);

	hrtimer_cancel(&pulse->timer);
	free_irq(pulse->irq, pulse);
	hydropon_channel_remove(pulse->guard);
	gpiod_put(pulse->line);
	kfree(pulse);
	return HYDROPON_REMOVED;
}

static const struct of_device_id pulse_of_match[] = {
	{ .compatible = "hydropon,pulse" },
	{ }
};
MODULE_DEVICE_TABLE(of, pulse_of_match);

struct platform_driver hydropon_pulse_driver = {
	.driver = {
		.name = "hydropon-pulse",
		.of_match_table = pulse_of_match,
	},
	.probe = pulse_probe,
	.remove = pulse_remove,
};
