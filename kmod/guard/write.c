// SPDX-License-Identifier: GPL-2.0-only
/* The line of an output: written at once on the SoC, by a thread behind a bus. */
#include <dt-bindings/gpio/gpio.h>
#include <linux/of.h>
#include <linux/sched.h>

#include "guard.h"
#include "compat.h"

#define WRITE_RETRY_MS		100

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
		hydropon_output_tell(output, on, ret, hydropon_now());
		hydropon_evaluate(gateway, 0, hydropon_now());
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

/* Must hold gateway->lock. Has the line at what was decided. */
void hydropon_output_drive(struct hydropon_output *output)
{
	if (output->worker)
		kthread_mod_delayed_work(output->worker, &output->write, 0);
	else
		gpiod_set_value(output->line, output->state.on);
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

/* Open-drain and open-source lines change their direction with each write, which goes
 * through code of the pin controller that may sleep, whatever the line says of itself.
 */
bool hydropon_is_single_ended(struct device *dev, const char *property)
{
	struct of_phandle_args args;
	bool single_ended;

	if (of_parse_phandle_with_args(dev->of_node, property, "#gpio-cells", 0, &args))
		return false;
	single_ended = args.args_count > 1 &&
		       args.args[args.args_count - 1] & GPIO_SINGLE_ENDED;
	of_node_put(args.np);
	return single_ended;
}

/* Takes the line, and has it at the first level: at once, or by a thread that does not give
 * up, which is started once the output has its index, for what it tells names that. The
 * level is set before the direction: the relay never sees another.
 */
int hydropon_output_get_line(struct device *dev, struct hydropon_output *output)
{
	int ret;

	init_waitqueue_head(&output->settled);
	kthread_init_delayed_work(&output->write, output_write);
	output->written = NOT_WRITTEN;
	ret = of_find_property(dev->of_node, "relay-gpios", NULL) ?
	      hydropon_count_lines(dev, "relay", 1) : 0;
	if (ret <= 0)
		return ret ?: dev_err_probe(dev, -EINVAL, "relay-gpios: 0 lines; say 1\n");
	output->line = gpiod_get(dev, "relay", GPIOD_ASIS);
	if (IS_ERR(output->line))
		return dev_err_probe(dev, PTR_ERR(output->line),
				     "relay-gpios: cannot get the line: not there, or taken\n");
	ret = hydropon_follow_line(dev, output->line);
	if (ret)
		goto err_put_line;

	output->single_ended = hydropon_is_single_ended(dev, "relay-gpios");
	if (!gpiod_cansleep(output->line) && !output->single_ended) {
		ret = gpiod_direction_output(output->line, output->state.on);
		if (ret) {
			dev_err_probe(dev, ret, "relay-gpios: cannot drive the line\n");
			goto err_put_line;
		}
		return 0;
	}
	output->worker = hydropon_kthread_run_worker("hydropon-%s", output->name);
	if (IS_ERR(output->worker)) {
		ret = PTR_ERR(output->worker);
		goto err_put_line;
	}
	sched_set_fifo(output->worker->task);
	return 0;

err_put_line:
	gpiod_put(output->line);
	return ret;
}

/* Nothing is decided any more. A write that was not begun is made up for. */
void hydropon_output_put_line(struct device *dev, struct hydropon_output *output)
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

