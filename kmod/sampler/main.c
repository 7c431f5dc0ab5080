// SPDX-License-Identifier: GPL-2.0-only
/* hydropon.ko: feeds IIO channels and pulse inputs into the guard's stream. */
#include <linux/module.h>
#include <linux/of.h>

#include "compat.h"
#include "internal.h"

int hydropon_read_interval(struct device *dev, u32 *interval_ms)
{
	int ret = of_property_read_u32(dev->of_node, "hydropon,interval-ms", interval_ms);

	if (ret)
		return dev_err_probe(dev, -EINVAL,
				     "hydropon,interval-ms: missing or not one number; say %u .. %u\n",
				     INTERVAL_MIN_MS, INTERVAL_MAX_MS);
	if (*interval_ms < INTERVAL_MIN_MS || *interval_ms > INTERVAL_MAX_MS)
		return dev_err_probe(dev, -EINVAL,
				     "hydropon,interval-ms: %u is not within %u .. %u\n",
				     *interval_ms, INTERVAL_MIN_MS, INTERVAL_MAX_MS);
	return 0;
}

static struct platform_driver * const drivers[] = {
	&hydropon_sampler_driver,
	&hydropon_pulse_driver,
};

static int __init sampler_init(void)
{
	return platform_register_drivers(drivers, ARRAY_SIZE(drivers));
}

static void __exit sampler_exit(void)
{
	platform_unregister_drivers(drivers, ARRAY_SIZE(drivers));
}

module_init(sampler_init);
module_exit(sampler_exit);

MODULE_DESCRIPTION("Hydropon samplers for IIO channels and pulse inputs");
MODULE_LICENSE("GPL");
HYDROPON_IMPORT_IIO_CONSUMER;
