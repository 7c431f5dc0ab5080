// SPDX-License-Identifier: GPL-2.0-only
/* An output: its line, its lease, and the errand of writing lines behind a bus. */
#include <dt-bindings/gpio/gpio.h>
#include <linux/of.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "guard.h"
#include "compat.h"

#define LEASE_MAX_MS_DEFAULT	2000
#define WRITE_RETRY_MS		100

/* Must hold gateway->lock. @status is of the newest write that has ended. */
static void output_tell(struct hydropon_output *output, bool on, int status, u64 now_ns)
{
	struct hydropon_record record = {
		.time_ns = now_ns,
		.type = HYDROPON_REC_OUTPUT,
		.channel = output->index,
		.status = status,
		.value = on,
		.aux = output->state.cause,
	};

	hydropon_ring_push(output->gateway, &record, now_ns);
}

/* Must hold gateway->lock. Decides, drives the line, tells; returns when to decide again
 * at the latest.
 */
u64 hydropon_output_step(struct hydropon_output *output, enum hydropon_cause let_go, u64 now_ns)
{
	struct hydropon_gateway *gateway = output->gateway;
	bool was_on = output->state.on;
	u32 was_cause = output->state.cause;
	u64 next_ns;

	if (output->gone)
		let_go = HYDROPON_CAUSE_UNBIND;
	else if (gateway->terminal)
		let_go = gateway->terminal;
	next_ns = hydropon_decide(&output->state, gateway->power.shedding, let_go, now_ns);

	if (output->state.on != was_on) {
		if (output->worker)
			kthread_mod_delayed_work(output->worker, &output->write, 0);
		else
			gpiod_set_value(output->line, output->state.on);
		output->changed_ns = now_ns;
		output->changes++;
	}
	if (output->state.cause == HYDROPON_CAUSE_SHED)
		output->forced_ns = now_ns;
	if (output->state.on != was_on || output->state.cause != was_cause)
		output_tell(output, output->state.on, output->line_status, now_ns);
	return next_ns;
}

static int check_set(const struct hydropon_output *output, const struct hydropon_set *set,
		     u64 now_ns, u64 *expiry_ns)
{
	const struct hydropon_gateway *gateway = output->gateway;
	const struct hydropon_beats *beats = &gateway->beats;
	u64 latency_ns = gateway->ring.max_latency_ns + 2 * BEAT_NS;
	u32 age = beats->newest - set->beat;
	u64 beat_ns;

	if (gateway->terminal)
		return -ESHUTDOWN;
	if (output->gone)
		return -ENODEV;
	if (!gateway->armed)
		return -EPERM;
	if (set->lease_ms < HYDROPON_LEASE_MIN_MS || set->lease_ms > output->lease_max_ms ||
	    set->lease_ms * (u64)NSEC_PER_MSEC < 3 * latency_ns)
		return -ERANGE;
	if (!beats->emitted || (s32)age < 0)
		return -EINVAL;
	if (age >= beats->emitted)
		return -ESTALE;
	if (output->state.cause == HYDROPON_CAUSE_SHED)
		return -EBUSY;
	beat_ns = beats->time_ns[set->beat % BEAT_HISTORY];
	*expiry_ns = beat_ns + set->lease_ms * (u64)NSEC_PER_MSEC;
	if (beat_ns <= output->forced_ns || *expiry_ns <= now_ns)
		return -ESTALE;
	return 0;
}

/* Must hold gateway->lock; the caller evaluates. */
int hydropon_output_set(struct hydropon_output *output, const struct hydropon_set *set,
			u64 now_ns)
{
	u64 expiry_ns;
	int ret;

	if (!!set->on == output->state.safe_on) {
		hydropon_output_step(output, HYDROPON_CAUSE_RELEASED, now_ns);
		return 0;
	}
	ret = check_set(output, set, now_ns, &expiry_ns);
	if (ret) {
		output->refused++;
		return ret;
	}
	output->state.lease_expiry_ns = max(output->state.lease_expiry_ns, expiry_ns);
	return 0;
}

/* A line behind a bus is written with an answer, and read back. What an open-drain line
 * reads is up to what it is wired to.
 */
static int write_line(struct hydropon_output *output, bool on)
{
	int ret = gpiod_direction_output(output->line, on);

	if (ret || output->single_ended)
		return ret;
	ret = gpiod_get_value_cansleep(output->line);
	if (ret < 0)
		return ret;
	return ret == on ? 0 : -EIO;
}

static void output_write(struct kthread_work *work)
{
	struct hydropon_output *output = container_of(work, struct hydropon_output, write.work);
	struct hydropon_gateway *gateway = output->gateway;
	unsigned long flags;
	bool on;
	int ret;

	raw_spin_lock_irqsave(&gateway->lock, flags);
	on = output->state.on;
	/* Until it has ended nobody knows what the line is. */
	output->written = NOT_WRITTEN;
	raw_spin_unlock_irqrestore(&gateway->lock, flags);

	ret = write_line(output, on);

	raw_spin_lock_irqsave(&gateway->lock, flags);
	if (!ret)
		output->written = on;
	if (ret != output->line_status) {
		output->line_status = ret;
		output_tell(output, on, ret, hydropon_now());
		hydropon_gateway_evaluate(gateway, 0, hydropon_now());
	}
	/* Only the same level is tried again later: another one is due now. */
	if (output->state.on != on)
		kthread_mod_delayed_work(output->worker, &output->write, 0);
	else if (ret)
		kthread_mod_delayed_work(output->worker, &output->write,
					 msecs_to_jiffies(WRITE_RETRY_MS));
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	wake_up_all(&output->settled);
}

/* Must hold gateway->lock. 0: the line is what was decided. */
int hydropon_output_line_status(const struct hydropon_output *output)
{
	if (!output->worker || output->written == output->state.on)
		return 0;
	return output->line_status ? output->line_status : -EINPROGRESS;
}

static bool is_settled(struct hydropon_output *output)
{
	unsigned long flags;
	bool settled;

	raw_spin_lock_irqsave(&output->gateway->lock, flags);
	settled = !hydropon_output_line_status(output);
	raw_spin_unlock_irqrestore(&output->gateway->lock, flags);
	return settled;
}

/* Until the line is what was decided; false if it is not so by @until (jiffies). */
bool hydropon_output_wait_settled(struct hydropon_output *output, unsigned long until)
{
	long left = until - jiffies;

	return wait_event_timeout(output->settled, is_settled(output), max(left, 0L)) > 0;
}

static int read_safe_state(struct device *dev, bool *safe_on)
{
	const char *text;

	if (of_property_read_string(dev->of_node, "hydropon,safe-state", &text))
		return dev_err_probe(dev, -EINVAL,
				     "hydropon,safe-state: missing; say \"off\" or \"on\"\n");
	*safe_on = !strcmp(text, "on");
	if (!*safe_on && strcmp(text, "off"))
		return dev_err_probe(dev, -EINVAL,
				     "hydropon,safe-state: \"%s\" is neither \"off\" nor \"on\"\n",
				     text);
	return 0;
}

/* Gives the output an index: its old one if it was here before. */
static int output_attach(struct hydropon_output *output)
{
	struct hydropon_gateway *gateway = output->gateway;
	unsigned long flags;
	u32 index;
	int ret = 0;

	mutex_lock(&gateway->table);
	for (index = 0; index < gateway->outputs_n; index++)
		if (!strcmp(gateway->output_names[index], output->name))
			break;
	if (index == HYDROPON_MAX_OUTPUTS)
		ret = -ENOSPC;
	else if (gateway->outputs[index])
		ret = -EEXIST;
	if (ret)
		goto out;

	raw_spin_lock_irqsave(&gateway->lock, flags);
	strscpy(gateway->output_names[index], output->name, HYDROPON_NAME_MAX);
	output->index = index;
	gateway->outputs[index] = output;
	gateway->outputs_n = max(gateway->outputs_n, index + 1);
	hydropon_gateway_tell_presence(gateway, HYDROPON_KIND_OUTPUT, index, true);
	hydropon_gateway_evaluate(gateway, 0, hydropon_now());
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
out:
	mutex_unlock(&gateway->table);
	return ret;
}

static void output_detach(struct hydropon_output *output)
{
	struct hydropon_gateway *gateway = output->gateway;
	unsigned long flags;

	raw_spin_lock_irqsave(&gateway->lock, flags);
	output->gone = true;
	hydropon_gateway_evaluate(gateway, 0, hydropon_now());
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	hydropon_output_wait_settled(output, jiffies + msecs_to_jiffies(SETTLE_MS));

	mutex_lock(&gateway->table);
	raw_spin_lock_irqsave(&gateway->lock, flags);
	gateway->outputs[output->index] = NULL;
	hydropon_gateway_tell_presence(gateway, HYDROPON_KIND_OUTPUT, output->index, false);
	hydropon_gateway_evaluate(gateway, 0, hydropon_now());
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	mutex_unlock(&gateway->table);
}

/* Open-drain and open-source lines change their direction with each write, which goes
 * through code of the pin controller that may sleep, whatever the line says of itself.
 */
static bool is_single_ended(struct device *dev)
{
	struct of_phandle_args args;
	bool single_ended;

	if (of_parse_phandle_with_args(dev->of_node, "relay-gpios", "#gpio-cells", 0, &args))
		return false;
	single_ended = args.args_count > 1 &&
		       args.args[args.args_count - 1] & GPIO_SINGLE_ENDED;
	of_node_put(args.np);
	return single_ended;
}

/* Takes the line, and has it at the declared safe level: at once, or by a thread that
 * does not give up. The level is set before the direction: the relay never sees another.
 */
static int output_get_line(struct device *dev, struct hydropon_output *output)
{
	struct gpio_chip *chip;
	int ret;

	output->line = gpiod_get(dev, "relay", GPIOD_ASIS);
	if (IS_ERR(output->line))
		return dev_err_probe(dev, PTR_ERR(output->line),
				     "relay-gpios: cannot get the line\n");
	chip = gpiod_to_chip(output->line);
	ret = hydropon_follow(dev, chip ? chip->parent : NULL);
	if (ret)
		goto err_put_line;

	output->single_ended = is_single_ended(dev);
	if (!gpiod_cansleep(output->line) && !output->single_ended) {
		ret = gpiod_direction_output(output->line, output->state.safe_on);
		if (ret) {
			dev_err_probe(dev, ret, "relay-gpios: cannot drive the line\n");
			goto err_put_line;
		}
		return 0;
	}
	output->worker = kthread_create_worker(0, "hydropon-%s", output->name);
	if (IS_ERR(output->worker)) {
		ret = PTR_ERR(output->worker);
		goto err_put_line;
	}
	sched_set_fifo(output->worker->task);
	kthread_queue_delayed_work(output->worker, &output->write, 0);
	return 0;

err_put_line:
	gpiod_put(output->line);
	return ret;
}

/* Nothing is decided any more. A write that was queued but not begun is made up for. */
static void output_put_line(struct device *dev, struct hydropon_output *output)
{
	if (output->worker) {
		kthread_cancel_delayed_work_sync(&output->write);
		if (output->written != output->state.on && write_line(output, output->state.on))
			dev_crit(dev, "its bus does not take the safe state: the relay may be %s\n",
				 output->state.on ? "off" : "on");
		kthread_destroy_worker(output->worker);
	}
	gpiod_put(output->line);
}

static int output_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct hydropon_output *output;
	int ret;

	output = kzalloc(sizeof(*output), GFP_KERNEL);
	if (!output)
		return -ENOMEM;
	output->gateway = hydropon_gateway_of_child(dev);
	if (!output->gateway) {
		ret = dev_err_probe(dev, -ENODEV, "not a child of a hydropon,gateway\n");
		goto err_free;
	}
	platform_set_drvdata(pdev, output);
	init_waitqueue_head(&output->settled);
	kthread_init_delayed_work(&output->write, output_write);
	snprintf(output->name, sizeof(output->name), "%pOFn", dev->of_node);

	ret = read_safe_state(dev, &output->state.safe_on);
	if (ret)
		goto err_free;
	ret = hydropon_read_ms(dev, "hydropon,lease-max-ms", HYDROPON_LEASE_MIN_MS,
			       HYDROPON_LEASE_MAX_MS, LEASE_MAX_MS_DEFAULT, &output->lease_max_ms);
	if (ret)
		goto err_free;
	output->state.shed = of_property_read_bool(dev->of_node, "hydropon,shed");
	output->state.on = output->state.safe_on;
	output->written = NOT_WRITTEN;
	output->state.cause = HYDROPON_CAUSE_PROBE;
	output->changed_ns = hydropon_now();
	output->forced_ns = output->changed_ns;

	ret = output_get_line(dev, output);
	if (ret)
		goto err_free;

	ret = output_attach(output);
	if (ret) {
		dev_err_probe(dev, ret, "cannot be added: %s\n",
			      ret == -EEXIST ? "two outputs have this name" : "too many outputs");
		goto err_put_line;
	}
	return 0;

err_put_line:
	output_put_line(dev, output);
err_free:
	kfree(output);
	return ret;
}

static HYDROPON_REMOVE_RETURN output_remove(struct platform_device *pdev)
{
	struct hydropon_output *output = platform_get_drvdata(pdev);

	output_detach(output);
	output_put_line(&pdev->dev, output);
	kfree(output);
	return HYDROPON_REMOVED;
}

static const struct of_device_id output_of_match[] = {
	{ .compatible = "hydropon,output" },
	{ }
};
MODULE_DEVICE_TABLE(of, output_of_match);

struct platform_driver hydropon_output_driver = {
	.driver = {
		.name = "hydropon-output",
		.of_match_table = output_of_match,
	},
	.probe = output_probe,
	.remove = output_remove,
};
