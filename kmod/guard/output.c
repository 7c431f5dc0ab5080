// SPDX-License-Identifier: GPL-2.0-only
/* An output: its line, its lease, and the errand of writing lines behind a bus. */
#include <linux/of.h>
#include <linux/slab.h>

#include "guard.h"
#include "compat.h"

#define LEASE_MAX_MS_DEFAULT	2000
#define WRITE_RETRY_MS		100
#define SETTLE_MS		1000

static void output_tell(struct hydropon_output *output, int status, u64 now_ns)
{
	struct hydropon_record record = {
		.time_ns = now_ns,
		.type = HYDROPON_REC_OUTPUT,
		.channel = output->index,
		.status = status,
		.value = output->state.on,
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
		output_tell(output, 0, now_ns);
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

/* A line behind a bus is written with an answer, and read back. */
static int write_line(struct gpio_desc *line, bool on)
{
	int ret = gpiod_direction_output(line, on);

	if (ret)
		return ret;
	ret = gpiod_get_value_cansleep(line);
	if (ret < 0)
		return ret;
	return ret == on ? 0 : -EIO;
}

static void output_write(struct kthread_work *work)
{
	struct hydropon_output *output = container_of(work, struct hydropon_output, write.work);
	struct hydropon_gateway *gateway = output->gateway;
	unsigned long flags;
	bool on, again;
	int ret;

	raw_spin_lock_irqsave(&gateway->lock, flags);
	on = output->state.on;
	raw_spin_unlock_irqrestore(&gateway->lock, flags);

	ret = write_line(output->line, on);

	raw_spin_lock_irqsave(&gateway->lock, flags);
	if (ret != output->line_status) {
		output->line_status = ret;
		output_tell(output, ret, hydropon_now());
		hydropon_gateway_evaluate(gateway, 0, hydropon_now());
	}
	if (!ret)
		output->written = on;
	again = ret || output->state.on != on;
	if (again)
		kthread_mod_delayed_work(output->worker, &output->write,
					 msecs_to_jiffies(ret ? WRITE_RETRY_MS : 0));
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	wake_up_all(&output->settled);
}

static bool is_settled(struct hydropon_output *output)
{
	unsigned long flags;
	bool settled;

	raw_spin_lock_irqsave(&output->gateway->lock, flags);
	settled = !output->worker ||
		  (!output->line_status && output->written == output->state.on);
	raw_spin_unlock_irqrestore(&output->gateway->lock, flags);
	return settled;
}

void hydropon_output_wait_settled(struct hydropon_output *output)
{
	wait_event_timeout(output->settled, is_settled(output), msecs_to_jiffies(SETTLE_MS));
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
	hydropon_output_wait_settled(output);

	mutex_lock(&gateway->table);
	raw_spin_lock_irqsave(&gateway->lock, flags);
	gateway->outputs[output->index] = NULL;
	hydropon_gateway_tell_presence(gateway, HYDROPON_KIND_OUTPUT, output->index, false);
	hydropon_gateway_evaluate(gateway, 0, hydropon_now());
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	mutex_unlock(&gateway->table);
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
	output->written = output->state.safe_on;
	output->state.cause = HYDROPON_CAUSE_PROBE;
	output->changed_ns = hydropon_now();
	output->forced_ns = output->changed_ns;

	/* The level is set before the direction: the relay never sees another one. */
	output->line = gpiod_get(dev, "relay",
				 output->state.safe_on ? GPIOD_OUT_HIGH : GPIOD_OUT_LOW);
	if (IS_ERR(output->line)) {
		ret = dev_err_probe(dev, PTR_ERR(output->line),
				    "relay-gpios: cannot get the line\n");
		goto err_free;
	}
	ret = hydropon_follow(dev, gpiod_to_chip(output->line)->parent);
	if (ret)
		goto err_put_line;
	if (gpiod_cansleep(output->line)) {
		output->worker = kthread_create_worker(0, "hydropon-%s", output->name);
		if (IS_ERR(output->worker)) {
			ret = PTR_ERR(output->worker);
			goto err_put_line;
		}
	}

	ret = output_attach(output);
	if (ret) {
		dev_err_probe(dev, ret, "cannot be added: %s\n",
			      ret == -EEXIST ? "two outputs have this name" : "too many outputs");
		goto err_destroy_worker;
	}
	return 0;

err_destroy_worker:
	if (output->worker)
		kthread_destroy_worker(output->worker);
err_put_line:
	gpiod_put(output->line);
err_free:
	kfree(output);
	return ret;
}

static HYDROPON_REMOVE_RETURN output_remove(struct platform_device *pdev)
{
	struct hydropon_output *output = platform_get_drvdata(pdev);

	output_detach(output);
	if (output->worker) {
		kthread_cancel_delayed_work_sync(&output->write);
		kthread_destroy_worker(output->worker);
	}
	gpiod_put(output->line);
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
