// SPDX-License-Identifier: GPL-2.0-only
/* The driver of a gateway: its lines, its one timer, and the ends of everything. */
#include <linux/idr.h>
#include <linux/of_platform.h>
#include <linux/panic_notifier.h>
#include <linux/poll.h>
#include <linux/reboot.h>
#include <linux/slab.h>
#include <linux/suspend.h>

#include "guard.h"
#include "compat.h"

#define SHED_DEBOUNCE_MS	10
#define RESTORE_MS		30000

static DEFINE_IDA(gateway_ids);

static void gateway_free(struct kref *refs)
{
	struct hydropon_gateway *gateway = container_of(refs, struct hydropon_gateway, refs);

	for (u32 i = 0; i < gateway->channels_n; i++)
		kfree(gateway->channels[i]);
	hydropon_ring_free(&gateway->ring);
	kfree(gateway);
}

void hydropon_gateway_put(struct hydropon_gateway *gateway)
{
	kref_put(&gateway->refs, gateway_free);
}

/* The gateway above a child device, or NULL. A child is gone before its gateway. */
struct hydropon_gateway *hydropon_gateway_of_child(struct device *child)
{
	struct device *parent = child->parent;

	if (!parent || parent->driver != &hydropon_gateway_driver.driver)
		return NULL;
	return dev_get_drvdata(parent);
}

static enum hrtimer_restart gateway_deadline(struct hrtimer *timer)
{
	struct hydropon_gateway *gateway = container_of(timer, struct hydropon_gateway, timer);
	unsigned long flags;

	raw_spin_lock_irqsave(&gateway->lock, flags);
	hydropon_evaluate(gateway, 0, hydropon_now());
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	return HRTIMER_NORESTART;
}

static void gateway_wake(struct irq_work *work)
{
	struct hydropon_gateway *gateway = container_of(work, struct hydropon_gateway, wake);

	wake_up_interruptible_poll(&gateway->wait, EPOLLIN | EPOLLRDNORM);
}

/* Lines behind a bus get a bounded time to follow, all of them together. */
static void gateway_settle(struct hydropon_gateway *gateway, unsigned long until)
{
	mutex_lock(&gateway->table);
	for (u32 i = 0; i < gateway->outputs_n; i++) {
		struct hydropon_output *output = gateway->outputs[i];

		if (output && !hydropon_output_wait_settled(output, until))
			dev_crit(gateway->dev, "%s: its bus did not take the safe state in time\n",
				 output->name);
	}
	mutex_unlock(&gateway->table);
}

/* Outputs go to their declared safe state for good. */
static void gateway_end(struct hydropon_gateway *gateway, enum hydropon_cause cause)
{
	unsigned long until = jiffies + msecs_to_jiffies(SETTLE_MS);
	unsigned long flags;

	raw_spin_lock_irqsave(&gateway->lock, flags);
	if (!gateway->terminal)
		gateway->terminal = cause;
	hydropon_evaluate(gateway, 0, hydropon_now());
	raw_spin_unlock_irqrestore(&gateway->lock, flags);

	gateway_settle(gateway, until);
}

static int gateway_reboot(struct notifier_block *block, unsigned long action, void *data)
{
	gateway_end(container_of(block, struct hydropon_gateway, reboot),
		    HYDROPON_CAUSE_SHUTDOWN);
	return NOTIFY_DONE;
}

static void gateway_shutdown(struct platform_device *pdev)
{
	gateway_end(platform_get_drvdata(pdev), HYDROPON_CAUSE_SHUTDOWN);
}

/* A line's controller takes the device along when it leaves, and brings it back. */
int hydropon_follow_line(struct device *dev, struct gpio_desc *line)
{
	struct gpio_chip *chip = gpiod_to_chip(line);

	return hydropon_follow(dev, chip ? chip->parent : NULL);
}

/* The last that this kernel does. No lock: its holder may have been stopped. Lines that
 * are behind a bus cannot be written here.
 */
static int gateway_panic(struct notifier_block *block, unsigned long action, void *data)
{
	struct hydropon_gateway *gateway = container_of(block, struct hydropon_gateway, panic);

	WRITE_ONCE(gateway->terminal, HYDROPON_CAUSE_SHUTDOWN);
	for (u32 i = 0; i < HYDROPON_MAX_OUTPUTS; i++) {
		struct hydropon_output *output = READ_ONCE(gateway->outputs[i]);

		if (output && !output->worker)
			gpiod_set_value(output->line, READ_ONCE(output->state.end_on));
	}
	return NOTIFY_DONE;
}

static void gateway_suspend(struct hydropon_gateway *gateway)
{
	unsigned long until = jiffies + msecs_to_jiffies(SETTLE_MS);
	unsigned long flags;

	raw_spin_lock_irqsave(&gateway->lock, flags);
	gateway->suspended = true;
	hydropon_disarm(gateway, HYDROPON_CAUSE_SUSPEND, hydropon_now());
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	gateway_settle(gateway, until);
}

/* A controller of lines may have forgotten them: all are written again. What was read
 * before is older than the sleep.
 */
static void gateway_resume(struct hydropon_gateway *gateway)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&gateway->lock, flags);
	gateway->suspended = false;
	hydropon_disarm(gateway, 0, hydropon_now());
	for (u32 i = 0; i < gateway->outputs_n; i++)
		if (gateway->outputs[i])
			hydropon_output_drive(gateway->outputs[i]);
	if (gateway->master_line)
		gpiod_set_value(gateway->master_line, gateway->master_closed);
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
}

static int gateway_pm(struct notifier_block *block, unsigned long action, void *data)
{
	struct hydropon_gateway *gateway = container_of(block, struct hydropon_gateway, pm);

	switch (action) {
	case PM_SUSPEND_PREPARE:
	case PM_HIBERNATION_PREPARE:
		gateway_suspend(gateway);
		break;
	case PM_POST_SUSPEND:
	case PM_POST_HIBERNATION:
		gateway_resume(gateway);
		break;
	}
	return NOTIFY_DONE;
}

static int gateway_get_power_good(struct hydropon_gateway *gateway)
{
	int ret = hydropon_count_lines(gateway->dev, "power-good", 1);

	if (ret <= 0)
		return ret;
	ret = hydropon_contact_get(gateway->dev, gateway, "power-good", 0, &gateway->power_good);
	if (ret)
		return ret;
	gateway->power.good = hydropon_contact_closed(&gateway->power_good);
	/* Booted on battery: shed until power has been stable. */
	gateway->power.shedding = !gateway->power.good;
	gateway->power.since_ns = hydropon_now();
	gateway->power_told_good = gateway->power.good;
	return 0;
}

/* Closed from the beginning: what hangs behind it may have to be on to be safe. */
static int gateway_get_master(struct hydropon_gateway *gateway)
{
	struct device *dev = gateway->dev;
	struct gpio_desc *line;
	int ret;

	ret = hydropon_count_lines(dev, "master-relay", 1);
	if (ret <= 0)
		return ret;
	line = gpiod_get(dev, "master-relay", GPIOD_OUT_HIGH);
	if (IS_ERR(line))
		return dev_err_probe(dev, PTR_ERR(line),
				     "master-relay-gpios: cannot get the line: not there, or taken\n");
	if (gpiod_cansleep(line))
		ret = dev_err_probe(dev, -EINVAL,
				    "master-relay-gpios: a line behind a bus may fail when it is wanted; use a SoC line\n");
	else if (hydropon_is_single_ended(dev, "master-relay-gpios"))
		ret = dev_err_probe(dev, -EINVAL,
				    "master-relay-gpios: an open-drain line cannot be written at once; use a push-pull line\n");
	else
		ret = hydropon_follow_line(dev, line);
	if (ret)
		gpiod_put(line);
	else
		gateway->master_line = line;
	return ret;
}

static void gateway_put_lines(struct hydropon_gateway *gateway)
{
	hydropon_contact_put(&gateway->power_good);
	if (gateway->master_line)
		gpiod_put(gateway->master_line);
	gateway->master_line = NULL;
}

static struct hydropon_gateway *gateway_new(struct device *dev)
{
	struct hydropon_gateway *gateway = kzalloc(sizeof(*gateway), GFP_KERNEL);

	if (!gateway)
		return NULL;
	if (hydropon_ring_init(&gateway->ring)) {
		kfree(gateway);
		return NULL;
	}
	kref_init(&gateway->refs);
	gateway->dev = dev;
	raw_spin_lock_init(&gateway->lock);
	mutex_init(&gateway->read);
	mutex_init(&gateway->table);
	init_waitqueue_head(&gateway->wait);
	init_irq_work(&gateway->wake, gateway_wake);
	hydropon_hrtimer_setup(&gateway->timer, gateway_deadline, HRTIMER_MODE_ABS_HARD);
	gateway->power.good = true;
	gateway->power_told_good = true;
	gateway->master_closed = true;
	return gateway;
}

/* From here on nothing happens by itself any more. */
static void gateway_stop(struct hydropon_gateway *gateway)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&gateway->lock, flags);
	gateway->dead = true;
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	hrtimer_cancel(&gateway->timer);
	irq_work_sync(&gateway->wake);
	wake_up_interruptible_poll(&gateway->wait, EPOLLIN | EPOLLHUP);
}

/* The ends of everything. They come first: what else is told of an end may hang. */
static int gateway_register_ends(struct hydropon_gateway *gateway)
{
	int ret;

	gateway->reboot = (struct notifier_block) {
		.notifier_call = gateway_reboot, .priority = INT_MAX,
	};
	gateway->pm = (struct notifier_block) {
		.notifier_call = gateway_pm, .priority = INT_MAX,
	};
	gateway->panic = (struct notifier_block) {
		.notifier_call = gateway_panic, .priority = INT_MAX,
	};
	ret = register_reboot_notifier(&gateway->reboot);
	if (ret)
		return ret;
	ret = register_pm_notifier(&gateway->pm);
	if (ret)
		goto err_reboot;
	ret = atomic_notifier_chain_register(&panic_notifier_list, &gateway->panic);
	if (ret)
		goto err_pm;
	return 0;

err_pm:
	unregister_pm_notifier(&gateway->pm);
err_reboot:
	unregister_reboot_notifier(&gateway->reboot);
	return ret;
}

static void gateway_unregister_ends(struct hydropon_gateway *gateway)
{
	atomic_notifier_chain_unregister(&panic_notifier_list, &gateway->panic);
	unregister_pm_notifier(&gateway->pm);
	unregister_reboot_notifier(&gateway->reboot);
}

static int gateway_register_device(struct hydropon_gateway *gateway)
{
	gateway->misc.minor = MISC_DYNAMIC_MINOR;
	gateway->misc.name = gateway->misc_name;
	gateway->misc.fops = &hydropon_fops;
	gateway->misc.parent = gateway->dev;
	gateway->misc.mode = 0600;
	return misc_register(&gateway->misc);
}

static int gateway_probe(struct platform_device *pdev)
{
	static const char * const known[] = { "hydropon,shed-debounce-ms", "hydropon,restore-ms" };
	struct device *dev = &pdev->dev;
	struct hydropon_gateway *gateway;
	u32 debounce_ms, restore_ms;
	unsigned long flags;
	int ret;

	ret = hydropon_refuse_unknown(dev, known, ARRAY_SIZE(known)) ?:
	      hydropon_read_ms(dev, "hydropon,shed-debounce-ms", 1, 1000, SHED_DEBOUNCE_MS,
			       &debounce_ms) ?:
	      hydropon_read_ms(dev, "hydropon,restore-ms", 1000, 3600000, RESTORE_MS, &restore_ms);
	if (ret)
		return ret;

	gateway = gateway_new(dev);
	if (!gateway)
		return -ENOMEM;
	gateway->power.debounce_ns = debounce_ms * (u64)NSEC_PER_MSEC;
	gateway->power.restore_ns = restore_ms * (u64)NSEC_PER_MSEC;
	platform_set_drvdata(pdev, gateway);

	ret = gateway_get_power_good(gateway);
	if (ret)
		goto err_put;
	ret = gateway_get_master(gateway);
	if (ret)
		goto err_put_lines;

	gateway->id = ida_alloc(&gateway_ids, GFP_KERNEL);
	if (gateway->id < 0) {
		ret = gateway->id;
		goto err_put_lines;
	}
	snprintf(gateway->misc_name, sizeof(gateway->misc_name), "hydropon%d", gateway->id);

	raw_spin_lock_irqsave(&gateway->lock, flags);
	hydropon_evaluate(gateway, 0, hydropon_now());
	raw_spin_unlock_irqrestore(&gateway->lock, flags);

	ret = hydropon_contact_watch(dev, &gateway->power_good, gateway->misc_name);
	if (ret)
		goto err_stop;
	ret = gateway_register_ends(gateway);
	if (ret)
		goto err_stop;
	ret = gateway_register_device(gateway);
	if (ret)
		goto err_unregister_ends;
	ret = of_platform_populate(dev->of_node, NULL, NULL, dev);
	if (ret)
		goto err_deregister;
	return 0;

err_deregister:
	of_platform_depopulate(dev);
	misc_deregister(&gateway->misc);
err_unregister_ends:
	gateway_unregister_ends(gateway);
err_stop:
	gateway_stop(gateway);
	hydropon_contact_unwatch(&gateway->power_good);
	ida_free(&gateway_ids, gateway->id);
err_put_lines:
	gateway_put_lines(gateway);
err_put:
	hydropon_gateway_put(gateway);
	return ret;
}

static HYDROPON_REMOVE_RETURN gateway_remove(struct platform_device *pdev)
{
	struct hydropon_gateway *gateway = platform_get_drvdata(pdev);

	/* Safe first; only then may anything below be taken apart. */
	gateway_end(gateway, HYDROPON_CAUSE_UNBIND);
	of_platform_depopulate(&pdev->dev);
	misc_deregister(&gateway->misc);
	gateway_unregister_ends(gateway);

	gateway_stop(gateway);
	hydropon_contact_unwatch(&gateway->power_good);
	ida_free(&gateway_ids, gateway->id);
	gateway_put_lines(gateway);
	hydropon_gateway_put(gateway);
	return HYDROPON_REMOVED;
}

static const struct of_device_id gateway_of_match[] = {
	{ .compatible = "hydropon,gateway" },
	{ }
};
MODULE_DEVICE_TABLE(of, gateway_of_match);

struct platform_driver hydropon_gateway_driver = {
	.driver = {
		.name = "hydropon-gateway",
		.of_match_table = gateway_of_match,
	},
	.probe = gateway_probe,
	.remove = gateway_remove,
	.shutdown = gateway_shutdown,
};
