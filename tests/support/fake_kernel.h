/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel of the test's own: answers a controller as the guard would, keeps its orders,
 * and tells what the test wants it to tell. Its gateway has a channel, "water", and two
 * outputs: "pump", which needs it, and "air", whose safe state is on.
 */
#ifndef HYDROPON_TEST_FAKE_KERNEL_H
#define HYDROPON_TEST_FAKE_KERNEL_H

#include "harness.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "protect/turn.h"

#define DEVICE_FD 1000
#define RECORDS 8192
#define SETS 64

/* 25.0 C at the front end of the fixture's channel: 500 mV + 10 mV/C */
#define WATER_MV 750

static struct {
	int open_error, read_error, arm_error, restore_error, reset_error, set_error;
	bool is_open, armed;
	struct hydropon_stream stream;
	struct hydropon_info info;
	struct hydropon_output_info outputs[2];
	struct hydropon_channel_info channels[1];
	struct hydropon_record records[RECORDS];
	size_t first, end;
	struct hydropon_set sets[SETS];
	size_t sets_n;
	struct hydropon_restore restores[SETS];
	size_t restores_n;
	unsigned int arms, resets;
	uint32_t beat;
	bool comes_at_arm;	/* output 1 is probed just before ARM */
} kernel;

static inline int kernel_open(const char *path, int flags, ...)
{
	if (kernel.open_error) {
		errno = kernel.open_error;
		return -1;
	}
	kernel.is_open = true;
	return DEVICE_FD;
}

static inline int kernel_close(int fd)
{
	kernel.is_open = kernel.armed = false;
	kernel.info.armed = 0;
	return 0;
}

static inline ssize_t kernel_read(int fd, void *buffer, size_t size)
{
	size_t n = size / sizeof(struct hydropon_record);

	if (n > kernel.end - kernel.first)
		n = kernel.end - kernel.first;
	if (!n) {
		errno = kernel.read_error ? kernel.read_error : EAGAIN;
		return -1;
	}
	memcpy(buffer, &kernel.records[kernel.first], n * sizeof(kernel.records[0]));
	kernel.first += n;
	return (ssize_t)(n * sizeof(kernel.records[0]));
}

static inline int kernel_fail(int error)
{
	errno = error;
	return error ? -1 : 0;
}

static inline int kernel_set(const struct hydropon_set *set)
{
	struct hydropon_output_info *output = &kernel.outputs[set->output];
	bool away = set->on != output->safe_on;

	ASSERT_LT(kernel.sets_n, SETS);
	kernel.sets[kernel.sets_n++] = *set;
	if (away && (!kernel.armed || !output->restored))
		return EPERM;
	if (away && kernel.set_error)
		return kernel.set_error;
	output->on = (uint8_t)set->on;
	output->cause = away ? HYDROPON_CAUSE_LEASE : HYDROPON_CAUSE_RELEASED;
	output->lease_left_ms = away ? set->lease_ms : 0;
	return 0;
}

static inline int kernel_restore(const struct hydropon_restore *kept)
{
	struct hydropon_output_info *output = &kernel.outputs[kept->output];

	ASSERT_LT(kernel.restores_n, SETS);
	kernel.restores[kernel.restores_n++] = *kept;
	if (!output->present)
		return ENODEV;
	if (output->restored)
		return EALREADY;
	if (kernel.restore_error)
		return kernel.restore_error;
	output->restored = 1;
	output->latched |= kept->latched;
	return 0;
}

static inline int kernel_arm(void)
{
	kernel.arms++;
	if (kernel.comes_at_arm)
		kernel.outputs[1].restored = 0;
	kernel.comes_at_arm = false;
	if (kernel.arm_error)
		return kernel.arm_error;
	for (uint32_t i = 0; i < kernel.info.outputs; i++)
		if (kernel.outputs[i].present && !kernel.outputs[i].restored)
			return EAGAIN;
	kernel.armed = true;
	kernel.info.armed = 1;
	return 0;
}

static inline int kernel_reset(uint32_t index)
{
	kernel.resets++;
	if (kernel.reset_error)
		return kernel.reset_error;
	kernel.outputs[index].latched = 0;
	return 0;
}

static inline int kernel_ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (request == HYDROPON_IOC_INFO) {
		*(struct hydropon_info *)argument = kernel.info;
	} else if (request == HYDROPON_IOC_STREAM) {
		kernel.stream = *(struct hydropon_stream *)argument;
	} else if (request == HYDROPON_IOC_CHANNEL) {
		struct hydropon_channel_info *info = argument;

		*info = kernel.channels[info->index];
	} else if (request == HYDROPON_IOC_OUTPUT) {
		struct hydropon_output_info *info = argument;

		*info = kernel.outputs[info->index];
	} else if (request == HYDROPON_IOC_ARM) {
		return kernel_fail(kernel_arm());
	} else if (request == HYDROPON_IOC_SET) {
		return kernel_fail(kernel_set(argument));
	} else if (request == HYDROPON_IOC_RESTORE) {
		return kernel_fail(kernel_restore(argument));
	} else if (request == HYDROPON_IOC_RESET) {
		return kernel_fail(kernel_reset(*(uint32_t *)argument));
	}
	return 0;
}

static const struct stream_device fake_device = {
	.open = kernel_open, .close = kernel_close, .read = kernel_read, .ioctl = kernel_ioctl,
};

static inline void put(struct hydropon_record record)
{
	record.time_ns = clock_boot_ns();
	record.seq = (uint32_t)kernel.end;
	ASSERT_LT(kernel.end, RECORDS);
	kernel.records[kernel.end++] = record;
}

static inline void put_water(int millivolt, int status)
{
	put((struct hydropon_record){ .type = HYDROPON_REC_SAMPLE, .value = millivolt,
				      .status = status });
}

static inline void put_beat(void)
{
	put((struct hydropon_record){ .type = HYDROPON_REC_BEAT, .value = (int32_t)++kernel.beat });
}

/* The kernel has changed an output, and tells. */
static inline void put_output(uint16_t index, bool on, enum hydropon_cause cause)
{
	struct hydropon_output_info *output = &kernel.outputs[index];

	output->on = on;
	output->cause = cause;
	output->changed_ns = clock_boot_ns();
	if (cause != HYDROPON_CAUSE_LEASE)
		output->lease_left_ms = 0;
	put((struct hydropon_record){ .type = HYDROPON_REC_OUTPUT, .channel = index, .value = on,
				      .aux = cause });
}

static inline void put_power(bool good, bool shedding)
{
	kernel.info.power_good = good;
	kernel.info.shedding = shedding;
	put((struct hydropon_record){ .type = HYDROPON_REC_POWER, .value = good, .aux = shedding });
}

/* The gateway as it is after its probe, and a configuration for all of it. */
static inline void fake_gateway(struct conf *conf)
{
	snprintf(conf->device, sizeof(conf->device), "the test's");
	conf->channels_n = 1;
	conf->channels[0] = (struct conf_channel){
		.name = "water", .quantity = QUANTITY_TEMPERATURE, .min = 0, .max = 50,
		.stale_ms = 1000, .temperature = -1, .zero_mv = 500, .mv_per_unit = 10,
	};
	conf->outputs_n = 2;
	conf->outputs[0] = (struct conf_output){ .name = "pump", .want_on = true, .lease_ms = 2000,
						 .needs_n = 1 };
	conf->outputs[1] = (struct conf_output){ .name = "air", .want_on = true, .lease_ms = 2000 };
	kernel.info = (struct hydropon_info){
		.abi_version = HYDROPON_ABI_VERSION, .beat_ms = HYDROPON_BEAT_MS, .channels = 1,
		.outputs = 2, .ring_records = 4096, .has_power_good = 1, .power_good = 1,
		.master = 1,
	};
	kernel.channels[0] = (struct hydropon_channel_info){ .kind = HYDROPON_KIND_IIO,
							     .present = 1, .name = "water" };
	kernel.outputs[0] = (struct hydropon_output_info){ .lease_max_ms = 2000, .present = 1,
							   .shed = 1, .stale_need = HYDROPON_NONE,
							   .feedback = HYDROPON_NO_FEEDBACK,
							   .name = "pump" };
	kernel.outputs[1] = (struct hydropon_output_info){ .index = 1, .lease_max_ms = 2000,
							   .present = 1, .safe_on = 1, .on = 1,
							   .stale_need = HYDROPON_NONE,
							   .feedback = HYDROPON_NO_FEEDBACK,
							   .name = "air" };
	kernel.beat = UINT32_MAX - 1;	/* it wraps on the way */
}

#endif
