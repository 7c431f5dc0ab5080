// SPDX-License-Identifier: GPL-2.0-only
/* hydropon.ko: feeds IIO channels and pulse inputs into the guard's stream. */
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/of.h>

#include "compat.h"
#include "internal.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

#define INTERVAL_MIN_MS		10
#define INTERVAL_MAX_MS		3600000

int hydropon_read_number(struct device *dev, const char *property, u32 min, u32 max, u32 *value)
{
	u32 number;

	if (!of_find_property(dev->of_node, property, NULL))
		return 0;
	if (of_property_count_u32_elems(dev->of_node, property) != 1 ||
	    of_property_read_u32(dev->of_node, property, &number))
		return dev_err_probe(dev, -EINVAL, "%s: not one number; say %u .. %u\n", property,
				     min, max);
	if (number < min || number > max)
		return dev_err_probe(dev, -EINVAL, "%s: %u is not within %u .. %u\n", property,
				     number, min, max);
	*value = number;
	return 0;
}

int hydropon_read_interval(struct device *dev, u32 *interval_ms)
{
	int ret;

	*interval_ms = 0;
	ret = hydropon_read_number(dev, "hydropon,interval-ms", INTERVAL_MIN_MS, INTERVAL_MAX_MS,
				   interval_ms);
	if (ret || *interval_ms)
		return ret;
	return dev_err_probe(dev, -EINVAL, "hydropon,interval-ms: missing; say %u .. %u\n",
			     INTERVAL_MIN_MS, INTERVAL_MAX_MS);
}

int hydropon_add_channel(struct device *dev, const char *where, const char *name,
			 enum hydropon_kind kind, u32 interval_ms,
			 struct hydropon_channel **channel)
{
	struct hydropon_channel *added = hydropon_channel_add(dev, name, kind, interval_ms);
	int ret = PTR_ERR_OR_ZERO(added);

	switch (ret) {
	case 0:
		*channel = added;
		return 0;
	case -EINVAL:
		return dev_err_probe(dev, ret, "%s: \"%s\" is not of 1 .. %d bytes\n", where, name,
				     HYDROPON_NAME_MAX - 1);
	case -EEXIST:
		return dev_err_probe(dev, ret, "%s: \"%s\" is taken by another channel\n", where,
				     name);
	case -ENOSPC:
		return dev_err_probe(dev, ret, "%s: \"%s\" is one more than the %d of a gateway\n",
				     where, name, HYDROPON_MAX_CHANNELS);
	case -ENODEV:
		return dev_err_probe(dev, ret, "%s: \"%s\" is not below a gateway\n", where, name);
	default:
		return dev_err_probe(dev, ret, "%s: \"%s\" cannot be added\n", where, name);
	}
}

u64 hydropon_begin_tick(const struct device_node *node, struct hydropon_channel *channel,
			u64 now_ns, u64 due_ns, u64 interval_ns)
{
	u64 late_ns = now_ns - min(now_ns, due_ns), missed;

	missed = div64_u64_rem(late_ns, interval_ns, &late_ns);
	trace_hydropon_tick(node, late_ns, missed);
	if (missed) {
		struct hydropon_record record = {
			.time_ns = now_ns,
			.type = HYDROPON_REC_MISSED,
			.value = min_t(u64, missed, S32_MAX),
		};

		hydropon_channel_push(channel, &record);
	}
	return due_ns + missed * interval_ns;
}

static struct platform_driver * const drivers[] = {
	&hydropon_sampler_driver,
	&hydropon_pulse_driver,
};

static int __init sampler_init(void)
{
	int ret = hydropon_absent_start();

	if (ret)
		return ret;
	ret = platform_register_drivers(drivers, ARRAY_SIZE(drivers));
	if (ret)
		hydropon_absent_stop();
	return ret;
}

static void __exit sampler_exit(void)
{
	platform_unregister_drivers(drivers, ARRAY_SIZE(drivers));
	hydropon_absent_stop();
}

module_init(sampler_init);
module_exit(sampler_exit);

MODULE_DESCRIPTION("Hydropon samplers for IIO channels and pulse inputs");
MODULE_LICENSE("GPL");
HYDROPON_IMPORT_IIO_CONSUMER;
