// SPDX-License-Identifier: GPL-2.0-only
/* hydropon-guard.ko: outputs that go safe without userspace, and the stream. */
#include <linux/module.h>

#include "guard.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static struct platform_driver * const drivers[] = {
	&hydropon_gateway_driver,
	&hydropon_output_driver,
};

static int __init guard_init(void)
{
	return platform_register_drivers(drivers, ARRAY_SIZE(drivers));
}

static void __exit guard_exit(void)
{
	platform_unregister_drivers(drivers, ARRAY_SIZE(drivers));
}

module_init(guard_init);
module_exit(guard_exit);

MODULE_DESCRIPTION("Hydropon fail-safe outputs and record stream");
MODULE_LICENSE("GPL");
