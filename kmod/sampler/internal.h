/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYDROPON_SAMPLER_INTERNAL_H
#define HYDROPON_SAMPLER_INTERNAL_H

#include <linux/platform_device.h>

#define INTERVAL_MIN_MS		10
#define INTERVAL_MAX_MS		3600000

extern struct platform_driver hydropon_sampler_driver;
extern struct platform_driver hydropon_pulse_driver;

/* Reads hydropon,interval-ms, which must be there; complains with node and range. */
int hydropon_read_interval(struct device *dev, u32 *interval_ms);

#endif
