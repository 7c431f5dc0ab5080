/* SPDX-License-Identifier: GPL-2.0-only */
/* A farm of 80 channels at 1 Hz, for what is measured of the spool. */
#ifndef HYDROPON_TESTS_FARM_H
#define HYDROPON_TESTS_FARM_H

#include <math.h>

#include "base/sample.h"
#include "support/random.h"

#define FARM_DEVICES 10
#define FARM_CHANNELS_EACH 8
#define FARM_CHANNELS (FARM_DEVICES * FARM_CHANNELS_EACH)
#define FARM_BEGIN_MS 1790000000000

static inline uint32_t farm_below(uint32_t n)
{
	static uint64_t state = 1;

	return (uint32_t)(random_next(&state) % n);
}

/* What a second brings: readings of 16 bits with 2 LSB of noise around what drifts slowly.
 * @begin_ms: the wall clock when it began.
 */
static inline void farm_measure(unsigned int second, int64_t begin_ms,
				struct sample samples[FARM_CHANNELS])
{
	for (int device = 0; device < FARM_DEVICES; device++) {
		uint64_t boot_ms = 1000ull * (second + 100) + (uint64_t)device * 20 + farm_below(2);

		for (int i = 0; i < FARM_CHANNELS_EACH; i++) {
			int channel = device * FARM_CHANNELS_EACH + i;
			double drift = 300 * sin((second + 97.0 * channel) / 900);
			int32_t raw = 12000 + 20 * channel + (int32_t)drift +
				      (int32_t)farm_below(5) - 2;

			samples[channel] = (struct sample){
				.channel = (uint16_t)channel,
				.boot_ns = boot_ms * 1000000,
				.wall_ms = begin_ms + (int64_t)boot_ms,
				.raw = raw,
				.value = raw * 0.000545 + 0.12,
			};
		}
	}
}

#endif
