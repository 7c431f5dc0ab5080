// SPDX-License-Identifier: GPL-2.0-only
/* One thread per node reads the channels of one IIO device at absolute times. */
#include <linux/freezer.h>
#include <linux/hrtimer.h>
#include <linux/iio/consumer.h>
#include <linux/iio/iio.h>
#include <linux/kthread.h>
#include <linux/of.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include "compat.h"
#include "internal.h"

/* A factor that goes with a reading, as it was last told. */
struct factor {
	u8 type;		/* HYDROPON_REC_SCALE or _OFFSET; 0: the channel has none */
	bool told;
	u8 format;
	s32 value;
	s64 aux;
};

struct sampler_channel {
	struct hydropon_channel *guard;
	struct iio_channel *iio;
	enum iio_chan_info_enum reading;	/* RAW, or PROCESSED where there is no RAW */
	struct factor scale, offset;
};

struct sampler {
	const struct device_node *node;
	struct iio_channel *iio;
	struct task_struct *thread;
	struct hrtimer timer;
	wait_queue_head_t wait;
	bool due;
	u64 interval_ns;
	u32 channels_n;
	struct sampler_channel channels[];
};

static int value_format(int iio_type)
{
	switch (iio_type) {
	case IIO_VAL_INT:
		return HYDROPON_VAL_INT;
	case IIO_VAL_INT_PLUS_MICRO:
		return HYDROPON_VAL_MICRO;
	case IIO_VAL_INT_PLUS_NANO:
		return HYDROPON_VAL_NANO;
	case IIO_VAL_FRACTIONAL:
		return HYDROPON_VAL_FRACTION;
	case IIO_VAL_FRACTIONAL_LOG2:
		return HYDROPON_VAL_FRACTION_LOG2;
	default:
		return iio_type < 0 ? iio_type : -EOPNOTSUPP;
	}
}

static void fill(struct hydropon_record *record, int format, int value, int aux)
{
	record->status = format < 0 ? format : 0;
	record->flags = format < 0 ? 0 : format;
	record->value = format < 0 ? 0 : value;
	/* a driver need not set the second number where there is only one */
	record->aux = format < 0 || format == HYDROPON_VAL_INT ? 0 : aux;
}

/* Reads scale or offset, and tells it if it is not what was told before: 1 if so, else 0 or
 * -errno.
 */
static int read_factor(struct sampler_channel *channel, struct factor *factor, u64 now_ns)
{
	enum iio_chan_info_enum info = factor->type == HYDROPON_REC_SCALE ? IIO_CHAN_INFO_SCALE :
									     IIO_CHAN_INFO_OFFSET;
	struct hydropon_record record = { .time_ns = now_ns, .type = factor->type };
	int value = 1, aux = 0, format = HYDROPON_VAL_INT;

	if (!factor->type)
		return 0;
	if (channel->reading == IIO_CHAN_INFO_RAW)
		format = value_format(iio_read_channel_attribute(channel->iio, &value, &aux, info));
	if (format < 0)
		return format;
	fill(&record, format, value, aux);
	if (factor->told && factor->format == format && factor->value == record.value &&
	    factor->aux == record.aux)
		return 0;
	*factor = (struct factor) {
		.type = factor->type, .told = true, .format = format,
		.value = record.value, .aux = record.aux,
	};
	hydropon_channel_push(channel->guard, &record);
	return 1;
}

/* 1 if what a reading means has changed, else 0 or -errno. */
static int read_factors(struct sampler_channel *channel, u64 now_ns)
{
	int scale = read_factor(channel, &channel->scale, now_ns);
	int offset;

	if (scale < 0)
		return scale;
	offset = read_factor(channel, &channel->offset, now_ns);
	return offset < 0 ? offset : scale || offset;
}

static void read_channel(struct sampler_channel *channel)
{
	struct hydropon_record record = {
		.time_ns = ktime_get_boottime_ns(),
		.type = HYDROPON_REC_SAMPLE,
	};
	int value = 0, aux = 0, format, ret;
	bool again = false;

	do {
		format = value_format(iio_read_channel_attribute(channel->iio, &value, &aux,
								 channel->reading));
		if (format < 0)
			break;
		ret = read_factors(channel, record.time_ns);
		if (ret < 0)
			format = ret;
		/* The gain was changed: before or after the reading? Read once more; a gain
		 * that changes faster than it can be read gives no sample.
		 */
		if (ret > 0 && again)
			format = -EAGAIN;
		again = ret > 0 && !again;
	} while (again);
	fill(&record, format, value, aux);
	hydropon_channel_push(channel->guard, &record);
}

static enum hrtimer_restart sampler_tick(struct hrtimer *timer)
{
	struct sampler *sampler = container_of(timer, struct sampler, timer);

	WRITE_ONCE(sampler->due, true);
	wake_up(&sampler->wait);
	return HRTIMER_NORESTART;
}

/* When to wake up for the tick at @due_ns, or for the first one after it that has not passed
 * during the read: between two reads there is a pause for others on the bus and the CPU, and
 * for a suspension.
 */
static u64 wake_up_ns(const struct sampler *sampler, u64 due_ns)
{
	return max(due_ns, hydropon_next_tick(ktime_get_boottime_ns(), sampler->interval_ns));
}

static int sampler_run(void *data)
{
	struct sampler *sampler = data;
	/* At once for the first time: the tick after it may be an hour away. */
	u64 due_ns = ktime_get_boottime_ns();

	/* It does little, and that on time: among eight busy processes on one CPU it is up to
	 * 20 ms late with the fair scheduler of 6.12.
	 */
	sched_set_fifo_low(current);
	set_freezable();
	while (!kthread_should_stop()) {
		due_ns = hydropon_begin_tick(sampler->node, sampler->channels[0].guard,
					     ktime_get_boottime_ns(), due_ns,
					     sampler->interval_ns);
		for (u32 i = 0; i < sampler->channels_n && !kthread_should_stop(); i++)
			read_channel(&sampler->channels[i]);

		due_ns = hydropon_next_tick(due_ns, sampler->interval_ns);
		WRITE_ONCE(sampler->due, false);
		hrtimer_start(&sampler->timer, ns_to_ktime(wake_up_ns(sampler, due_ns)),
			      HRTIMER_MODE_ABS);
		wait_event_freezable(sampler->wait,
				     READ_ONCE(sampler->due) || kthread_should_stop());
	}
	return 0;
}

/* Why the entries of io-channels gave no channels. */
static int say_bad_channels(struct device *dev, int ret)
{
	struct of_phandle_args entry;

	if (ret != -EINVAL)
		return dev_err_probe(dev, ret, "io-channels: cannot get the channels\n");
	for (int i = 0; !of_parse_phandle_with_args(dev->of_node, "io-channels",
						    "#io-channel-cells", i, &entry); i++) {
		struct device *iio = bus_find_device_by_of_node(&iio_bus_type, entry.np);
		int channels_n = iio ? dev_to_iio_dev(iio)->num_channels : 0;

		put_device(iio);
		of_node_put(entry.np);
		if (channels_n && entry.args_count && entry.args[0] >= channels_n)
			return dev_err_probe(dev, ret,
					     "io-channels: entry %d: %u is not within 0 .. %d\n",
					     i, entry.args[0], channels_n - 1);
	}
	return dev_err_probe(dev, ret, "io-channels: an entry is no channel of its device\n");
}

/* How many channels the node has; they must be of one device and have a name each. */
static int count_channels(struct device *dev)
{
	int n = of_count_phandle_with_args(dev->of_node, "io-channels", "#io-channel-cells");
	int names_n = of_property_count_strings(dev->of_node, "io-channel-names");
	struct of_phandle_args entry;
	struct device_node *first;

	if (n <= 0)
		return dev_err_probe(dev, -EINVAL,
				     "io-channels: missing, or not channels of an IIO device\n");
	if (n > HYDROPON_MAX_CHANNELS)
		return dev_err_probe(dev, -EINVAL,
				     "io-channels: %d entries are not within 1 .. %d\n", n,
				     HYDROPON_MAX_CHANNELS);
	if (names_n != n)
		return dev_err_probe(dev, -EINVAL,
				     "io-channel-names: %d names are not one for each of %d io-channels\n",
				     max(names_n, 0), n);
	first = of_parse_phandle(dev->of_node, "io-channels", 0);
	for (int i = 1; i < n; i++) {
		if (of_parse_phandle_with_args(dev->of_node, "io-channels", "#io-channel-cells", i,
					       &entry))
			entry.np = NULL;
		of_node_put(entry.np);
		if (entry.np != first) {
			of_node_put(first);
			return dev_err_probe(dev, -EINVAL,
					     "io-channels: entry %d is of another device than entry 0; use a node for each device\n",
					     i);
		}
	}
	of_node_put(first);
	return n;
}

static int set_channel(struct device *dev, struct sampler_channel *channel,
		       struct iio_channel *iio, int index)
{
	bool has_scale = iio_channel_has_info(iio->channel, IIO_CHAN_INFO_SCALE);
	bool has_raw = iio_channel_has_info(iio->channel, IIO_CHAN_INFO_RAW);

	channel->iio = iio;
	channel->scale.type = HYDROPON_REC_SCALE;
	if (has_raw && has_scale) {
		channel->reading = IIO_CHAN_INFO_RAW;
		if (iio_channel_has_info(iio->channel, IIO_CHAN_INFO_OFFSET))
			channel->offset.type = HYDROPON_REC_OFFSET;
		return 0;
	}
	if (iio_channel_has_info(iio->channel, IIO_CHAN_INFO_PROCESSED)) {
		channel->reading = IIO_CHAN_INFO_PROCESSED;
		return 0;
	}
	return dev_err_probe(dev, -EINVAL, "io-channels: entry %d %s\n", index,
			     has_raw ? "has no scale" : "can be read neither raw nor processed");
}

static int add_channel(struct device *dev, struct sampler_channel *channel, int index,
		       u32 interval_ms)
{
	const char *name;
	int ret = of_property_read_string_index(dev->of_node, "io-channel-names", index, &name);

	if (ret)
		return dev_err_probe(dev, ret, "io-channel-names: entry %d is no text\n", index);
	return hydropon_add_channel(dev, "io-channel-names", name, HYDROPON_KIND_IIO, interval_ms,
				    &channel->guard);
}

static int sampler_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct sampler *sampler;
	u32 interval_ms;
	int n, ret;

	ret = hydropon_read_interval(dev, &interval_ms);
	if (ret)
		return ret;
	n = count_channels(dev);
	if (n < 0)
		return n;
	sampler = kzalloc(struct_size(sampler, channels, n), GFP_KERNEL);
	if (!sampler)
		return -ENOMEM;
	sampler->node = dev->of_node;
	sampler->interval_ns = interval_ms * (u64)NSEC_PER_MSEC;
	init_waitqueue_head(&sampler->wait);
	hydropon_hrtimer_setup(&sampler->timer, sampler_tick, HRTIMER_MODE_ABS);

	/* -EPROBE_DEFER while the device is not there. */
	sampler->iio = iio_channel_get_all(dev);
	if (IS_ERR(sampler->iio)) {
		ret = say_bad_channels(dev, PTR_ERR(sampler->iio));
		goto err_free;
	}
	ret = hydropon_follow(dev, sampler->iio[0].indio_dev->dev.parent);
	if (ret)
		goto err_release_iio;
	for (int i = 0; i < n && !ret; i++)
		ret = set_channel(dev, &sampler->channels[i], &sampler->iio[i], i);
	if (ret)
		goto err_release_iio;

	for (; sampler->channels_n < n; sampler->channels_n++) {
		u32 i = sampler->channels_n;

		ret = add_channel(dev, &sampler->channels[i], i, interval_ms);
		if (ret)
			goto err_remove_channels;
	}

	sampler->thread = kthread_run(sampler_run, sampler, "hydropon-%pOFn", dev->of_node);
	if (IS_ERR(sampler->thread)) {
		ret = dev_err_probe(dev, PTR_ERR(sampler->thread), "cannot start its thread\n");
		goto err_remove_channels;
	}
	platform_set_drvdata(pdev, sampler);
	return 0;

err_remove_channels:
	while (sampler->channels_n--)
		hydropon_channel_remove(sampler->channels[sampler->channels_n].guard);
err_release_iio:
	iio_channel_release_all(sampler->iio);
err_free:
	kfree(sampler);
	return ret;
}

static HYDROPON_REMOVE_RETURN sampler_remove(struct platform_device *pdev)
{
	struct sampler *sampler = platform_get_drvdata(pdev);

	kthread_stop(sampler->thread);
	hrtimer_cancel(&sampler->timer);
	for (u32 i = 0; i < sampler->channels_n; i++)
		hydropon_channel_remove(sampler->channels[i].guard);
	iio_channel_release_all(sampler->iio);
	kfree(sampler);
	return HYDROPON_REMOVED;
}

static const struct of_device_id sampler_of_match[] = {
	{ .compatible = "hydropon,sampler" },
	{ }
};
MODULE_DEVICE_TABLE(of, sampler_of_match);

struct platform_driver hydropon_sampler_driver = {
	.driver = {
		.name = "hydropon-sampler",
		.of_match_table = sampler_of_match,
	},
	.probe = sampler_probe,
	.remove = sampler_remove,
};
