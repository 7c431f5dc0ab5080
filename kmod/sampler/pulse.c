// SPDX-License-Identifier: GPL-2.0-only
/* A pulse input: edges counted in the interrupt, told once an interval. */
#include <linux/gpio/consumer.h>
#include <linux/gpio/driver.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/math64.h>
#include <linux/of.h>
#include <linux/pm.h>
#include <linux/slab.h>

#include "compat.h"
#include "internal.h"
#include "storm.h"

#define MAX_HZ			1000
#define MAX_HZ_MAX		10000
/* A storm ends within a beat of the guard, whatever the interval. */
#define WINDOW_MS		100
/* Edges that a contact may add when it bounces, or that come bunched. */
#define WINDOW_SLACK		8
/* One edge more than the rate gives falls into an interval, and one comes a little late. */
#define INTERVAL_SLACK		2

struct pulse {
	const struct device_node *node;
	struct hydropon_channel *guard;
	struct gpio_desc *line;
	struct hrtimer tick;
	struct hrtimer window;	/* runs while the line is masked */
	raw_spinlock_t lock;
	u64 interval_ns;
	u32 max_hz;
	/* under lock: */
	struct hydropon_storm storm;
	u64 window_ns;		/* when the window began: at the first edge after the last one */
	u64 last_edge_ns;
	u32 count;
	u64 told_ns;		/* what the record before said */
	u32 told_count;
	int uncounted;		/* why edges of this interval may have gone by, as -errno */
	bool asleep;		/* the system is suspended, or about to be */
};

static irqreturn_t pulse_edge(int irq, void *data)
{
	struct pulse *pulse = data;

	raw_spin_lock(&pulse->lock);
	pulse->count++;
	pulse->last_edge_ns = ktime_get_boottime_ns();
	if (pulse->last_edge_ns - pulse->window_ns >= WINDOW_MS * (u64)NSEC_PER_MSEC) {
		hydropon_storm_window(&pulse->storm);
		pulse->window_ns = pulse->last_edge_ns;
	}
	if (hydropon_storm_edge(&pulse->storm, 0)) {
		pulse->uncounted = -EOVERFLOW;
		hrtimer_start(&pulse->window,
			      ns_to_ktime(pulse->window_ns + WINDOW_MS * (u64)NSEC_PER_MSEC),
			      HRTIMER_MODE_ABS_HARD);
	}
	raw_spin_unlock(&pulse->lock);
	return IRQ_HANDLED;
}

static enum hrtimer_restart pulse_window(struct hrtimer *timer)
{
	struct pulse *pulse = container_of(timer, struct pulse, window);
	unsigned long flags;

	raw_spin_lock_irqsave(&pulse->lock, flags);
	hydropon_storm_window(&pulse->storm);
	raw_spin_unlock_irqrestore(&pulse->lock, flags);
	return HRTIMER_NORESTART;
}

/* Must hold pulse->lock. What the interval that ends now was worth: 0, or -errno. */
static int pulse_end_interval(struct pulse *pulse, u64 now_ns)
{
	u64 believed = mul_u64_u32_div(now_ns - pulse->told_ns, pulse->max_hz, NSEC_PER_SEC);
	int status = pulse->uncounted;

	if (!status && pulse->count - pulse->told_count > believed + INTERVAL_SLACK)
		status = -EOVERFLOW;
	pulse->told_ns = now_ns;
	pulse->told_count = pulse->count;
	pulse->uncounted = pulse->asleep ? -EINTR :
			   hydropon_storm_masked(&pulse->storm) ? -EOVERFLOW : 0;
	return status;
}

static enum hrtimer_restart pulse_tick(struct hrtimer *timer)
{
	struct pulse *pulse = container_of(timer, struct pulse, tick);
	struct hydropon_record record = { .type = HYDROPON_REC_PULSE };
	unsigned long flags;
	u64 due_ns;

	raw_spin_lock_irqsave(&pulse->lock, flags);
	record.time_ns = ktime_get_boottime_ns();
	record.value = pulse->count;
	record.aux = pulse->last_edge_ns;
	record.status = pulse_end_interval(pulse, record.time_ns);
	raw_spin_unlock_irqrestore(&pulse->lock, flags);

	due_ns = hydropon_begin_tick(pulse->node, pulse->guard, record.time_ns,
				     ktime_to_ns(hrtimer_get_expires(timer)), pulse->interval_ns);
	hydropon_channel_push(pulse->guard, &record);

	hrtimer_set_expires(timer, ns_to_ktime(hydropon_next_tick(due_ns, pulse->interval_ns)));
	return HRTIMER_RESTART;
}

/* A sleeping system counts nothing. */
static void pulse_set_asleep(struct device *dev, bool asleep)
{
	struct pulse *pulse = dev_get_drvdata(dev);
	unsigned long flags;

	raw_spin_lock_irqsave(&pulse->lock, flags);
	pulse->asleep = asleep;
	pulse->uncounted = -EINTR;
	raw_spin_unlock_irqrestore(&pulse->lock, flags);
}

static int pulse_suspend(struct device *dev)
{
	pulse_set_asleep(dev, true);
	return 0;
}

static int pulse_resume(struct device *dev)
{
	pulse_set_asleep(dev, false);
	return 0;
}

static DEFINE_SIMPLE_DEV_PM_OPS(pulse_pm, pulse_suspend, pulse_resume);

static int pulse_get_line(struct device *dev, struct pulse *pulse)
{
	int lines_n = gpiod_count(dev, "pulse");
	struct gpio_chip *chip;
	int ret;

	if (lines_n != 1)
		return dev_err_probe(dev, -EINVAL, "pulse-gpios: %d lines; say 1\n",
				     max(lines_n, 0));
	pulse->line = gpiod_get(dev, "pulse", GPIOD_IN);
	if (IS_ERR(pulse->line))
		return dev_err_probe(dev, PTR_ERR(pulse->line),
				     "pulse-gpios: cannot get the line: not there, or taken\n");
	if (gpiod_cansleep(pulse->line)) {
		ret = dev_err_probe(dev, -EINVAL,
				    "pulse-gpios: a line behind a bus loses pulses; use a SoC line\n");
		goto err_put;
	}
	ret = gpiod_to_irq(pulse->line);
	if (ret < 0) {
		dev_err_probe(dev, ret, "pulse-gpios: the line has no interrupt\n");
		goto err_put;
	}
	hydropon_storm_init(&pulse->storm, ret,
			    DIV_ROUND_UP(pulse->max_hz * WINDOW_MS, MSEC_PER_SEC) + WINDOW_SLACK);
	chip = gpiod_to_chip(pulse->line);
	ret = hydropon_follow(dev, chip ? chip->parent : NULL);
	if (ret)
		goto err_put;
	return 0;

err_put:
	gpiod_put(pulse->line);
	return ret;
}

/* Afterwards nothing is counted any more, and nothing unmasks the line. */
static void pulse_free_irq(struct pulse *pulse)
{
	disable_irq(pulse->storm.irq);
	hrtimer_cancel(&pulse->window);
	hydropon_storm_stop(&pulse->storm);
	free_irq(pulse->storm.irq, pulse);
}

static int pulse_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	char name[HYDROPON_NAME_MAX + 1];
	u32 interval_ms, max_hz = MAX_HZ;
	struct pulse *pulse;
	unsigned long edge;
	int ret;

	ret = hydropon_read_interval(dev, &interval_ms);
	if (ret)
		return ret;
	ret = hydropon_read_number(dev, "hydropon,max-hz", 1, MAX_HZ_MAX, &max_hz);
	if (ret)
		return ret;
	pulse = kzalloc(sizeof(*pulse), GFP_KERNEL);
	if (!pulse)
		return -ENOMEM;
	raw_spin_lock_init(&pulse->lock);
	pulse->node = dev->of_node;
	pulse->interval_ns = interval_ms * (u64)NSEC_PER_MSEC;
	pulse->max_hz = max_hz;
	hydropon_hrtimer_setup(&pulse->tick, pulse_tick, HRTIMER_MODE_ABS_HARD);
	hydropon_hrtimer_setup(&pulse->window, pulse_window, HRTIMER_MODE_ABS_HARD);

	ret = pulse_get_line(dev, pulse);
	if (ret)
		goto err_free;
	edge = gpiod_is_active_low(pulse->line) ? IRQF_TRIGGER_FALLING : IRQF_TRIGGER_RISING;
	pulse->told_ns = ktime_get_boottime_ns();
	ret = request_irq(pulse->storm.irq, pulse_edge, edge | IRQF_NO_THREAD, dev_name(dev),
			  pulse);
	if (ret) {
		dev_err_probe(dev, ret, "pulse-gpios: cannot get the interrupt of the line\n");
		goto err_put_line;
	}
	/* A name that is too long stays so, and is refused. */
	snprintf(name, sizeof(name), "%pOFn", dev->of_node);
	ret = hydropon_add_channel(dev, "name of the node", name, HYDROPON_KIND_PULSE, interval_ms,
				   &pulse->guard);
	if (ret)
		goto err_free_irq;
	platform_set_drvdata(pdev, pulse);
	hrtimer_start(&pulse->tick,
		      ns_to_ktime(hydropon_next_tick(pulse->told_ns, pulse->interval_ns)),
		      HRTIMER_MODE_ABS_HARD);
	return 0;

err_free_irq:
	pulse_free_irq(pulse);
err_put_line:
	gpiod_put(pulse->line);
err_free:
	kfree(pulse);
	return ret;
}

static HYDROPON_REMOVE_RETURN pulse_remove(struct platform_device *pdev)
{
	struct pulse *pulse = platform_get_drvdata(pdev);

	hrtimer_cancel(&pulse->tick);
	pulse_free_irq(pulse);
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
		.pm = pm_sleep_ptr(&pulse_pm),
	},
	.probe = pulse_probe,
	.remove = pulse_remove,
};
