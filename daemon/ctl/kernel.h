/* SPDX-License-Identifier: GPL-2.0-only */
/* What the guard in the kernel says by itself, while hydropond does not answer. */
#ifndef HYDROPON_KERNEL_H
#define HYDROPON_KERNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <linux/hydropon.h>

struct kernel_view {
	struct hydropon_info info;
	struct hydropon_channel_info channels[HYDROPON_MAX_CHANNELS];
	struct hydropon_output_info outputs[HYDROPON_MAX_OUTPUTS];
	uint64_t now_ns;	/* BOOTTIME at which it was read */
};

/* Opens @path as an onlooker, which disturbs nobody. 0 or -errno. */
int kernel_read(const char *path, struct kernel_view *view);
/* The same for one output, by its name. -ENOENT: there is none of that name. */
int kernel_read_output(const char *path, const char *name, struct hydropon_output_info *output);
void kernel_show(FILE *out, const struct kernel_view *view, bool colour);

#endif
