// SPDX-License-Identifier: GPL-2.0-only
/* The gateway: power, the one timer, and the life of what hangs below it. */
#include <linux/idr.h>
#include <linux/interrupt.h>
#include <linux/of_platform.h>
#include <linux/poll.h>
#include <linux/reboot.h>
#include <linux/slab.h>

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

/* Must hold gateway->lock. */
static u64 step_power(struct hydropon_gateway *gateway, bool edge, u64 now_ns)
{
	struct hydropon_power *power = &gateway->power;
	bool was_shedding = power->shedding;
	u64 next_ns;

	if (!gateway->power_good)
		return HYDROPON_NEVER;
	next_ns = hydropon_power_step(power, gpiod_get_value(gateway->power_good) > 0, edge, now_ns);

	if (power->shedding && !was_shedding)
		gateway->sheds++;
	/* A line that chatters is told once a beat, so that it crowds out nothing else. */
	if (power->shedding != was_shedding ||
	    (power->good != gateway->power_told_good &&
	     now_ns >= gateway->power_told_ns + BEAT_NS)) {
		struct hydropon_record record = {
			.time_ns = now_ns,
			.type = HYDROPON_REC_POWER,
			.value = power->good,
			.aux = power->shedding,
		};

		gateway->power_told_good = power->good;
		gateway->power_told_ns = now_ns;
		hydropon_ring_push(gateway, &record, now_ns);
	}
	return next_ns;
}

/* Must hold gateway->lock. */
static u64 step_beats(struct hydropon_gateway *gateway, u64 now_ns)
{
	struct hydropon_beats *beats = &gateway->beats;
	struct hydropon_record record = {
		.time_ns = now_ns,
		.type = HYDROPON_REC_BEAT,
		.value = (s32)(beats->newest + 1),
	};

	if (now_ns < beats->next_ns)
		return beats->next_ns;
	beats->next_ns += BEAT_NS;
	if (beats->next_ns <= now_ns)
		beats->next_ns = now_ns + BEAT_NS;

	/* A beat that did not fit the stream was not emitted: nobody can have read it. */
	if (gateway->controlled && hydropon_ring_push(gateway, &record, now_ns)) {
		beats->newest++;
		beats->time_ns[beats->newest % BEAT_HISTORY] = now_ns;
		beats->emitted = min(beats->emitted + 1, BEAT_HISTORY);
	}
	return beats->next_ns;
}

static void evaluate(struct hydropon_gateway *gateway, enum hydropon_cause let_go, bool edge,
		     u64 now_ns)
{
	u64 next_ns;

	if (gateway->dead)
		return;
	next_ns = step_power(gateway, edge, now_ns);
	for (u32 i = 0; i < gateway->outputs_n; i++)
		if (gateway->outputs[i])
			next_ns = min(next_ns, hydropon_output_step(gateway->outputs[i], let_go,
								    now_ns));
	next_ns = min(next_ns, step_beats(gateway, now_ns));
	next_ns = min(next_ns, hydropon_ring_step(gateway, now_ns));

	hrtimer_start(&gateway->timer, ns_to_ktime(next_ns), HRTIMER_MODE_ABS_HARD);
}

/* Must hold gateway->lock. Brings everything up to now: decides on every output, writes
 * the records that follow, wakes the reader if it is time, and sets the timer to the
 * next deadline.
 */
void hydropon_gateway_evaluate(struct hydropon_gateway *gateway, enum hydropon_cause let_go,
			       u64 now_ns)
{
	evaluate(gateway, let_go, false, now_ns);
}

/* Must hold gateway->lock. */
void hydropon_gateway_tell_presence(struct hydropon_gateway *gateway, enum hydropon_kind kind,
				    u32 index, bool present)
{
	struct hydropon_record record = {
		.time_ns = hydropon_now(),
		.type = HYDROPON_REC_CHANNEL,
		.channel = index,
		.flags = kind,
		.value = present,
	};

	hydropon_ring_push(gateway, &record, record.time_ns);
}

static enum hrtimer_restart gateway_deadline(struct hrtimer *timer)
{
	struct hydropon_gateway *gateway = container_of(timer, struct hydropon_gateway, timer);
	unsigned long flags;

	raw_spin_lock_irqsave(&gateway->lock, flags);
	hydropon_gateway_evaluate(gateway, 0, hydropon_now());
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	return HRTIMER_NORESTART;
}

static irqreturn_t gateway_power_edge(int irq, void *data)
{
	struct hydropon_gateway *gateway = data;
	unsigned long flags;

	raw_spin_lock_irqsave(&gateway->lock, flags);
	evaluate(gateway, 0, true, hydropon_now());
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	return IRQ_HANDLED;
}

static void gateway_wake(struct irq_work *work)
{
	struct hydropon_gateway *gateway = container_of(work, struct hydropon_gateway, wake);

	wake_up_interruptible_poll(&gateway->wait, EPOLLIN | EPOLLRDNORM);
}

/* Outputs go to their declared safe state for good. Lines behind a bus get a bounded
 * time to follow.
 */
static void gateway_end(struct hydropon_gateway *gateway, enum hydropon_cause cause)
{
	unsigned long until = jiffies + msecs_to_jiffies(SETTLE_MS);
	unsigned long flags;

	raw_spin_lock_irqsave(&gateway->lock, flags);
	if (!gateway->terminal)
		gateway->terminal = cause;
	hydropon_gateway_evaluate(gateway, 0, hydropon_now());
	raw_spin_unlock_irqrestore(&gateway->lock, flags);

	mutex_lock(&gateway->table);
	for (u32 i = 0; i < gateway->outputs_n; i++)
		if (gateway->outputs[i] && !hydropon_output_wait_settled(gateway->outputs[i], until))
			dev_crit(gateway->dev, "%s: its bus did not take the safe state in time\n",
				 gateway->output_names[i]);
	mutex_unlock(&gateway->table);
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

static int gateway_get_power_good(struct hydropon_gateway *gateway)
{
	struct device *dev = gateway->dev;
	struct gpio_desc *line = gpiod_get_optional(dev, "power-good", GPIOD_IN);
	struct gpio_chip *chip;
	int irq, ret;

	if (IS_ERR(line))
		return dev_err_probe(dev, PTR_ERR(line), "power-good-gpios: cannot get the line\n");
	if (!line)
		return 0;
	if (gpiod_cansleep(line)) {
		gpiod_put(line);
		return dev_err_probe(dev, -EINVAL,
				     "power-good-gpios: a line behind a bus is too slow to shed load; use a SoC line\n");
	}
	irq = gpiod_to_irq(line);
	if (irq < 0) {
		gpiod_put(line);
		return dev_err_probe(dev, irq, "power-good-gpios: the line has no interrupt\n");
	}
	chip = gpiod_to_chip(line);
	ret = hydropon_follow(dev, chip ? chip->parent : NULL);
	if (ret) {
		gpiod_put(line);
		return ret;
	}
	gateway->power_good = line;
	gateway->power_irq = irq;
	gateway->power.good = gpiod_get_value(line) > 0;
	/* Booted on battery: shed until power has been stable. */
	gateway->power.shedding = !gateway->power.good;
	gateway->power.since_ns = hydropon_now();
	gateway->power_told_good = gateway->power.good;
	return 0;
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
	ida_free(&gateway_ids, gateway->id);
	if (gateway->power_good)
		gpiod_put(gateway->power_good);
}

static int gateway_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct hydropon_gateway *gateway;
	u32 debounce_ms, restore_ms;
	unsigned long flags;
	int ret;

	ret = hydropon_read_ms(dev, "hydropon,shed-debounce-ms", 1, 1000, SHED_DEBOUNCE_MS,
			       &debounce_ms);
	if (ret)
		return ret;
	ret = hydropon_read_ms(dev, "hydropon,restore-ms", 1000, 3600000, RESTORE_MS, &restore_ms);
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

	gateway->id = ida_alloc(&gateway_ids, GFP_KERNEL);
	if (gateway->id < 0) {
		ret = gateway->id;
		goto err_put_line;
	}
	snprintf(gateway->misc_name, sizeof(gateway->misc_name), "hydropon%d", gateway->id);

	raw_spin_lock_irqsave(&gateway->lock, flags);
	hydropon_gateway_evaluate(gateway, 0, hydropon_now());
	raw_spin_unlock_irqrestore(&gateway->lock, flags);

	if (gateway->power_good) {
		ret = request_irq(gateway->power_irq, gateway_power_edge,
				  IRQF_TRIGGER_RISING | IRQF_TRIGGER_FALLING | IRQF_NO_THREAD,
				  gateway->misc_name, gateway);
		if (ret) {
			dev_err_probe(dev, ret, "power-good-gpios: cannot get its interrupt\n");
			goto err_stop;
		}
	}

	gateway->reboot.notifier_call = gateway_reboot;
	ret = register_reboot_notifier(&gateway->reboot);
	if (ret)
		goto err_free_irq;

	gateway->misc.minor = MISC_DYNAMIC_MINOR;
	gateway->misc.name = gateway->misc_name;
	gateway->misc.fops = &hydropon_fops;
	gateway->misc.parent = dev;
	gateway->misc.mode = 0600;
	ret = misc_register(&gateway->misc);
	if (ret)
		goto err_unregister_reboot;

	ret = of_platform_populate(dev->of_node, NULL, NULL, dev);
	if (ret)
		goto err_deregister;
	return 0;

err_deregister:
	of_platform_depopulate(dev);
	misc_deregister(&gateway->misc);
err_unregister_reboot:
	unregister_reboot_notifier(&gateway->reboot);
err_free_irq:
	if (gateway->power_good)
		free_irq(gateway->power_irq, gateway);
err_stop:
	gateway_stop(gateway);
	goto err_put;
err_put_line:
	if (gateway->power_good)
		gpiod_put(gateway->power_good);
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
	unregister_reboot_notifier(&gateway->reboot);
	if (gateway->power_good)
		free_irq(gateway->power_irq, gateway);

	gateway_stop(gateway);
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
