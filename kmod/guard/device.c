// SPDX-License-Identifier: GPL-2.0-only
/* /dev/hydroponN: see include/uapi/linux/hydropon.h for what each call does. */
#include <linux/fs.h>
#include <linux/nospec.h>
#include <linux/poll.h>
#include <linux/random.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "guard.h"

#define MAX_LATENCY_LIMIT_MS	10000

struct hydropon_file {
	struct hydropon_gateway *gateway;
	bool controller;
};

static int device_open(struct inode *inode, struct file *file)
{
	struct hydropon_gateway *gateway = container_of(file->private_data,
							struct hydropon_gateway, misc);
	struct hydropon_file *opened;
	u32 first_beat = get_random_u32();
	unsigned long flags;
	int ret = 0;

	if (!(file->f_mode & FMODE_READ))
		return -EINVAL;
	opened = kzalloc(sizeof(*opened), GFP_KERNEL_ACCOUNT);
	if (!opened)
		return -ENOMEM;
	opened->gateway = gateway;
	opened->controller = file->f_mode & FMODE_WRITE;

	raw_spin_lock_irqsave(&gateway->lock, flags);
	if (opened->controller && gateway->controlled) {
		ret = -EBUSY;
	} else if (opened->controller) {
		gateway->controlled = true;
		hydropon_ring_open(gateway, first_beat);
		hydropon_evaluate(gateway, 0, hydropon_now());
	}
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	if (ret) {
		kfree(opened);
		return ret;
	}
	kref_get(&gateway->refs);
	file->private_data = opened;
	return stream_open(inode, file);
}

static int device_release(struct inode *inode, struct file *file)
{
	struct hydropon_file *opened = file->private_data;
	struct hydropon_gateway *gateway = opened->gateway;
	unsigned long flags;

	if (opened->controller) {
		raw_spin_lock_irqsave(&gateway->lock, flags);
		hydropon_disarm(gateway, HYDROPON_CAUSE_CLOSED, hydropon_now());
		gateway->controlled = false;
		raw_spin_unlock_irqrestore(&gateway->lock, flags);
	}
	hydropon_gateway_put(gateway);
	kfree(opened);
	return 0;
}

static bool is_ready(struct hydropon_gateway *gateway)
{
	unsigned long flags;
	bool ready;

	raw_spin_lock_irqsave(&gateway->lock, flags);
	ready = gateway->dead || hydropon_ring_ready(&gateway->ring, hydropon_now());
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	return ready;
}

static ssize_t device_read(struct file *file, char __user *to, size_t size, loff_t *position)
{
	struct hydropon_file *opened = file->private_data;
	struct hydropon_gateway *gateway = opened->gateway;
	bool nonblock = file->f_flags & O_NONBLOCK;
	bool dead;
	ssize_t ret;

	if (!opened->controller)
		return -EPERM;
	if (size < sizeof(struct hydropon_record))
		return -EINVAL;
	do {
		if (!nonblock) {
			ret = wait_event_interruptible(gateway->wait, is_ready(gateway));
			if (ret)
				return ret;
		}
		if (mutex_lock_interruptible(&gateway->read))
			return -ERESTARTSYS;
		/* Asked first: what was written before the end is still read. */
		dead = READ_ONCE(gateway->dead);
		ret = hydropon_ring_read(gateway, to, size);
		mutex_unlock(&gateway->read);
		if (ret)
			return ret;
		if (dead)
			return -ENODEV;
	} while (!nonblock);
	return -EAGAIN;
}

static __poll_t device_poll(struct file *file, poll_table *wait)
{
	struct hydropon_file *opened = file->private_data;
	struct hydropon_gateway *gateway = opened->gateway;
	__poll_t events = 0;

	poll_wait(file, &gateway->wait, wait);
	if (opened->controller && is_ready(gateway))
		events |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(gateway->dead))
		events |= EPOLLHUP;
	return events;
}

static u32 left_ms(u64 until_ns, u64 now_ns)
{
	return until_ns > now_ns ? DIV_ROUND_UP_ULL(until_ns - now_ns, NSEC_PER_MSEC) : 0;
}

static void fill_info(struct hydropon_gateway *gateway, struct hydropon_info *info)
{
	const struct hydropon_power *power = &gateway->power;
	u64 restored_ns = power->since_ns + hydropon_power_wait_ns(power);
	u64 now_ns = hydropon_now();

	*info = (struct hydropon_info) {
		.abi_version = HYDROPON_ABI_VERSION,
		.beat_ms = HYDROPON_BEAT_MS,
		.channels = gateway->channels_n,
		.outputs = gateway->outputs_n,
		.ring_records = RING_RECORDS,
		.armed = gateway->armed,
		.terminal = gateway->terminal != 0,
		.has_power_good = !!gateway->power_good.line,
		.power_good = power->good,
		.shedding = power->shedding,
		.controlled = gateway->controlled,
		.master = gateway->master_closed,
		.power_storm = gateway->power_good.storming,
		.interlocks = gateway->interlocks_n,
		.shed_left_ms = power->shedding && power->good ? left_ms(restored_ns, now_ns) : 0,
		.records = gateway->ring.written,
		.lost = gateway->ring.lost,
		.lost_urgent = gateway->ring.lost_urgent,
		.sheds = gateway->sheds,
	};
}

static u32 ns_to_ms(u64 ns)
{
	return div_u64(ns, NSEC_PER_MSEC);
}

/* What does not change while the output is there. */
static void fill_declared(const struct hydropon_output *output, struct hydropon_output_info *info)
{
	info->present = 1;
	info->lease_max_ms = output->lease_max_ms;
	info->safe_on = output->limits.safe_on;
	info->shed = output->limits.shed;
	info->sleeping = !!output->worker;
	info->behind_master = output->behind_master;
	info->max_on_ms = ns_to_ms(output->limits.max_on_ns);
	info->min_off_ms = ns_to_ms(output->limits.min_off_ns);
	info->budget_ms = ns_to_ms(output->limits.budget_ns);
	info->budget_window_ms = ns_to_ms(output->limits.window_ns);
}

static int fill_output(struct hydropon_gateway *gateway, struct hydropon_output_info *info)
{
	u64 now_ns = hydropon_now(), next_ns = HYDROPON_NEVER;
	const struct hydropon_output_state *state;
	const struct hydropon_output *output;
	u32 index = info->index;

	if (index >= gateway->outputs_n)
		return -EINVAL;
	index = array_index_nospec(index, HYDROPON_MAX_OUTPUTS);
	output = gateway->outputs[index];
	*info = (struct hydropon_output_info) {
		.index = index, .feedback = HYDROPON_NO_FEEDBACK, .stale_need = HYDROPON_NONE,
	};
	memcpy(info->name, gateway->output_names[index], sizeof(info->name));
	if (!output)
		return 0;
	state = &output->state;
	fill_declared(output, info);
	info->on = state->on;
	info->restored = state->restored;
	info->manual = output->position.manual;
	if (output->feedback_line)
		info->feedback = gpiod_get_value(output->feedback_line) > 0;
	info->faults = output->faults;
	info->cause = state->cause;
	info->line_status = hydropon_output_line_status(output);
	info->lease_left_ms = left_ms(state->lease_expiry_ns, now_ns);
	info->trips = output->trips;
	info->latched = state->latched;
	info->trip_id = output->trip_id;
	info->stale_need = hydropon_output_stale_need(output, now_ns, &next_ns);
	if (output->limits.budget_ns)
		info->budget_left_ms = ns_to_ms(state->restored ?
			hydropon_budget_left(&output->limits, state, now_ns) : 0);
	info->changed_ns = state->since_ns;
	info->changes = output->changes;
	info->refused = output->refused;
	return 0;
}

static long device_info(struct hydropon_gateway *gateway, void __user *argument)
{
	struct hydropon_info info;
	unsigned long flags;

	raw_spin_lock_irqsave(&gateway->lock, flags);
	fill_info(gateway, &info);
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	return copy_to_user(argument, &info, sizeof(info)) ? -EFAULT : 0;
}

static long device_channel(struct hydropon_gateway *gateway, void __user *argument)
{
	struct hydropon_channel_info info;
	unsigned long flags;
	int ret = -EINVAL;

	if (copy_from_user(&info, argument, sizeof(info)))
		return -EFAULT;
	raw_spin_lock_irqsave(&gateway->lock, flags);
	if (info.index < gateway->channels_n) {
		info.index = array_index_nospec(info.index, HYDROPON_MAX_CHANNELS);
		info = gateway->channels[info.index]->info;
		ret = 0;
	}
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	if (ret)
		return ret;
	return copy_to_user(argument, &info, sizeof(info)) ? -EFAULT : 0;
}

static long device_output(struct hydropon_gateway *gateway, void __user *argument)
{
	struct hydropon_output_info info;
	unsigned long flags;
	int ret;

	if (copy_from_user(&info, argument, sizeof(info)))
		return -EFAULT;
	raw_spin_lock_irqsave(&gateway->lock, flags);
	ret = fill_output(gateway, &info);
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	if (ret)
		return ret;
	return copy_to_user(argument, &info, sizeof(info)) ? -EFAULT : 0;
}

static long device_stream(struct hydropon_gateway *gateway, const void __user *argument)
{
	struct hydropon_stream stream;
	unsigned long flags;

	if (copy_from_user(&stream, argument, sizeof(stream)))
		return -EFAULT;
	if (!stream.watermark || stream.watermark > RING_RECORDS / 2 ||
	    !stream.max_latency_ms || stream.max_latency_ms > MAX_LATENCY_LIMIT_MS)
		return -ERANGE;
	raw_spin_lock_irqsave(&gateway->lock, flags);
	gateway->ring.watermark = stream.watermark;
	gateway->ring.max_latency_ns = stream.max_latency_ms * (u64)NSEC_PER_MSEC;
	gateway->ring.told = false;
	hydropon_evaluate(gateway, 0, hydropon_now());
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	return 0;
}

/* Must hold gateway->lock. An output that is there, or an ERR_PTR. */
static struct hydropon_output *output_at(struct hydropon_gateway *gateway, u32 index)
{
	if (index >= gateway->outputs_n)
		return ERR_PTR(-EINVAL);
	index = array_index_nospec(index, HYDROPON_MAX_OUTPUTS);
	return gateway->outputs[index] ?: ERR_PTR(-ENODEV);
}

static long device_set(struct hydropon_gateway *gateway, const void __user *argument)
{
	struct hydropon_output *output;
	struct hydropon_set set;
	unsigned long flags;
	u64 now_ns;
	int ret;

	if (copy_from_user(&set, argument, sizeof(set)))
		return -EFAULT;
	if (set.on > 1)
		return -EINVAL;
	raw_spin_lock_irqsave(&gateway->lock, flags);
	now_ns = hydropon_now();
	output = output_at(gateway, set.output);
	ret = PTR_ERR_OR_ZERO(output);
	if (!ret) {
		/* What is due by now is done first: an expired lease is not renewed. */
		hydropon_evaluate(gateway, 0, now_ns);
		ret = hydropon_output_set(output, &set, now_ns);
		hydropon_evaluate(gateway, 0, now_ns);
	}
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	return ret;
}

static bool all_restored(const struct hydropon_gateway *gateway)
{
	for (u32 i = 0; i < gateway->outputs_n; i++)
		if (gateway->outputs[i] && !gateway->outputs[i]->state.restored)
			return false;
	return true;
}

static long device_arm(struct hydropon_gateway *gateway)
{
	unsigned long flags;
	int ret = 0;

	raw_spin_lock_irqsave(&gateway->lock, flags);
	if (gateway->terminal)
		ret = -ESHUTDOWN;
	else if (gateway->suspended)
		ret = -EBUSY;
	else if (!all_restored(gateway))
		ret = -EAGAIN;
	else
		gateway->armed = true;
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	return ret;
}

static long device_restore(struct hydropon_gateway *gateway, const void __user *argument)
{
	struct hydropon_restore kept;
	struct hydropon_output *output;
	unsigned long flags;
	u64 now_ns;
	int ret;

	if (copy_from_user(&kept, argument, sizeof(kept)))
		return -EFAULT;
	raw_spin_lock_irqsave(&gateway->lock, flags);
	now_ns = hydropon_now();
	output = output_at(gateway, kept.output);
	ret = PTR_ERR_OR_ZERO(output);
	if (!ret)
		ret = hydropon_restore(&output->limits, &output->state, &kept, now_ns);
	if (!ret)
		hydropon_evaluate(gateway, 0, now_ns);
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	return ret;
}

static long device_reset(struct hydropon_gateway *gateway, const void __user *argument)
{
	struct hydropon_output *output;
	unsigned long flags;
	u64 now_ns;
	u32 index;
	int ret;

	if (copy_from_user(&index, argument, sizeof(index)))
		return -EFAULT;
	raw_spin_lock_irqsave(&gateway->lock, flags);
	now_ns = hydropon_now();
	output = output_at(gateway, index);
	ret = PTR_ERR_OR_ZERO(output);
	if (!ret) {
		hydropon_evaluate(gateway, 0, now_ns);
		ret = hydropon_output_reset(output, now_ns);
		hydropon_evaluate(gateway, 0, now_ns);
	}
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	return ret;
}

static long device_interlocks(struct hydropon_gateway *gateway,
			      struct hydropon_interlocks __user *argument)
{
	struct hydropon_interlock *table = NULL;
	struct hydropon_interlocks asked;
	unsigned long flags;
	int ret;

	if (copy_from_user(&asked, argument, sizeof(asked)))
		return -EFAULT;
	asked.bad = HYDROPON_MAX_INTERLOCKS;
	ret = -EINVAL;
	if (asked.n > HYDROPON_MAX_INTERLOCKS)
		goto out;
	if (asked.n) {
		table = memdup_user(u64_to_user_ptr(asked.entries), asked.n * sizeof(*table));
		if (IS_ERR(table))
			return PTR_ERR(table);
	}
	raw_spin_lock_irqsave(&gateway->lock, flags);
	if (gateway->terminal)
		ret = -ESHUTDOWN;
	else
		ret = hydropon_interlocks_replace(gateway, table, asked.n, &asked.bad);
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	kfree(table);
out:
	if (ret == -EINVAL && put_user(asked.bad, &argument->bad))
		return -EFAULT;
	return ret;
}

static long device_interlock(struct hydropon_gateway *gateway, void __user *argument)
{
	struct hydropon_interlock_info info;
	unsigned long flags;
	u32 index;
	int ret = -EINVAL;

	if (copy_from_user(&info, argument, sizeof(info)))
		return -EFAULT;
	index = info.index;
	raw_spin_lock_irqsave(&gateway->lock, flags);
	if (index < gateway->interlocks_n) {
		index = array_index_nospec(index, HYDROPON_MAX_INTERLOCKS);
		info = (struct hydropon_interlock_info) {
			.index = index,
			.tripping = gateway->interlock_states[index].tripping,
			.stale = gateway->interlock_states[index].stale,
			.interlock = gateway->interlocks[index],
		};
		ret = 0;
	}
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	if (ret)
		return ret;
	return copy_to_user(argument, &info, sizeof(info)) ? -EFAULT : 0;
}

static long device_ioctl(struct file *file, unsigned int command, unsigned long value)
{
	struct hydropon_file *opened = file->private_data;
	struct hydropon_gateway *gateway = opened->gateway;
	void __user *argument = (void __user *)value;

	if (READ_ONCE(gateway->dead))
		return -ENODEV;
	switch (command) {
	case HYDROPON_IOC_INFO:
		return device_info(gateway, argument);
	case HYDROPON_IOC_CHANNEL:
		return device_channel(gateway, argument);
	case HYDROPON_IOC_OUTPUT:
		return device_output(gateway, argument);
	case HYDROPON_IOC_INTERLOCK:
		return device_interlock(gateway, argument);
	case HYDROPON_IOC_STREAM:
		return opened->controller ? device_stream(gateway, argument) : -EPERM;
	case HYDROPON_IOC_SET:
		return opened->controller ? device_set(gateway, argument) : -EPERM;
	case HYDROPON_IOC_ARM:
		return opened->controller ? device_arm(gateway) : -EPERM;
	case HYDROPON_IOC_RESTORE:
		return opened->controller ? device_restore(gateway, argument) : -EPERM;
	case HYDROPON_IOC_RESET:
		return opened->controller ? device_reset(gateway, argument) : -EPERM;
	case HYDROPON_IOC_INTERLOCKS:
		return opened->controller ? device_interlocks(gateway, argument) : -EPERM;
	default:
		return -ENOTTY;
	}
}

const struct file_operations hydropon_fops = {
	.owner = THIS_MODULE,
	.open = device_open,
	.release = device_release,
	.read = device_read,
	.poll = device_poll,
	.unlocked_ioctl = device_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
};
