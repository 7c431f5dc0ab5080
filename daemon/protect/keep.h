/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is kept of the outputs, to RESTORE it to the kernel when one is probed again:
 * the latches that this process has seen and nobody has reset. Nothing durable: of the
 * time before its own start it knows nothing, so that a budget counts as spent just now,
 * all of it. Main thread only.
 */
#ifndef HYDROPON_KEEP_H
#define HYDROPON_KEEP_H

#include <stdint.h>

#include <linux/hydropon.h>

struct keep {
	struct {
		char name[HYDROPON_NAME_MAX];
		uint32_t latched;
	} list[HYDROPON_MAX_OUTPUTS];
};

/* Takes what the kernel says of an output that is there and restored; of others it
 * takes nothing. */
void keep_take(struct keep *keep, const struct hydropon_output_info *info);
/* What the output that @info tells of is to be restored by. */
struct hydropon_restore keep_restore(const struct keep *keep,
				     const struct hydropon_output_info *info);

#endif
