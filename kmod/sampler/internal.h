/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYDROPON_SAMPLER_INTERNAL_H
#define HYDROPON_SAMPLER_INTERNAL_H

#include <linux/platform_device.h>

#include "hydropon-guard.h"

extern struct platform_driver hydropon_sampler_driver;
extern struct platform_driver hydropon_pulse_driver;

/* Reads hydropon,interval-ms, which must be there. Complains with property, value and range. */
int hydropon_read_interval(struct device *dev, u32 *interval_ms);
/* Reads one number of @min .. @max, or leaves *value as it is where there is none. */
int hydropon_read_number(struct device *dev, const char *property, u32 min, u32 max, u32 *value);

/* Announces a channel; @where its name comes from is for the complaint. */
int hydropon_add_channel(struct device *dev, const char *where, const char *name,
			 enum hydropon_kind kind, u32 interval_ms,
			 struct hydropon_channel **channel);

/* At @now_ns, for the tick that was due at @due_ns. What is a whole interval behind or more
 * is left out and told, so that nobody makes up for it in a burst. Context: any. Return:
 * when the tick was due that is not left out.
 */
u64 hydropon_begin_tick(const struct device_node *node, struct hydropon_channel *channel,
			u64 now_ns, u64 due_ns, u64 interval_ns);

/* Tries chips that did not answer again. */
int hydropon_absent_start(void);
void hydropon_absent_stop(void);

#endif
