/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every source beside the kernel's stream hands to the channels: readings by value,
 * from the thread that waits for its devices to the main loop, which waits for nobody.
 */
#ifndef HYDROPON_SOURCE_H
#define HYDROPON_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

struct source_reading {
	uint64_t boot_ns;	/* CLOCK_BOOTTIME of the measurement, or of its failure */
	double number;		/* meaningless with an error */
	int32_t error;		/* 0, or -errno: there is no number */
	int32_t raw;		/* as read, of a wider number its low bits */
	uint16_t channel;	/* index in the configuration */
	bool is_anew;		/* its device was gone before: it warms up again */
};

#endif
