/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests in the guest: the device as a controller uses it, and the lines as the
 * simulated wires recorded them.
 */
#ifndef HYDROPON_TESTS_DEVICE_H
#define HYDROPON_TESTS_DEVICE_H

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <linux/hydropon.h>

#include "base/clock.h"
#include "harness.h"
#include "sim/sim.h"

#define DEVICE "/dev/hydropon0"
#define MS 1000000LL

static inline void sleep_ms(long ms)
{
	struct timespec ts = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&ts, &ts) && errno == EINTR)
		;
}

static inline int device_open(int flags)
{
	return open(DEVICE, flags | O_CLOEXEC);
}

static inline int ioctl_errno(int fd, unsigned long request, void *argument)
{
	return ioctl(fd, request, argument) ? errno : 0;
}

static inline struct hydropon_info device_info(int fd)
{
	struct hydropon_info info = { 0 };

	EXPECT_EQ(ioctl_errno(fd, HYDROPON_IOC_INFO, &info), 0);
	return info;
}

static inline struct hydropon_output_info output_info(int fd, uint32_t index)
{
	struct hydropon_output_info info = { .index = index };

	EXPECT_EQ(ioctl_errno(fd, HYDROPON_IOC_OUTPUT, &info), 0);
	return info;
}

static inline int find_output(int fd, const char *name)
{
	struct hydropon_info info = device_info(fd);

	for (uint32_t i = 0; i < info.outputs; i++)
		if (!strcmp(output_info(fd, i).name, name))
			return (int)i;
	harness_fail(__FILE__, __LINE__, "no output %s", name);
	return -1;
}

static inline struct hydropon_channel_info channel_info(int fd, const char *name)
{
	struct hydropon_info info = device_info(fd);

	for (uint32_t i = 0; i < info.channels; i++) {
		struct hydropon_channel_info channel = { .index = i };

		EXPECT_EQ(ioctl_errno(fd, HYDROPON_IOC_CHANNEL, &channel), 0);
		if (!strcmp(channel.name, name))
			return channel;
	}
	harness_fail(__FILE__, __LINE__, "no channel %s", name);
	return (struct hydropon_channel_info){ .index = UINT32_MAX };
}

/* Reads until a record matches; false after @timeout_ms. */
static inline bool read_until(int fd, bool (*matches)(const struct hydropon_record *, const void *),
			      const void *data, struct hydropon_record *out, int timeout_ms)
{
	uint64_t end_ns = clock_boot_ns() + (uint64_t)timeout_ms * MS;

	while (clock_boot_ns() < end_ns) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		struct hydropon_record record;

		if (poll(&p, 1, 10) < 0)
			return false;
		/* One at a time, so that what follows the match stays unread. */
		while (read(fd, &record, sizeof(record)) == sizeof(record)) {
			if (matches(&record, data)) {
				*out = record;
				return true;
			}
		}
	}
	return false;
}

static inline bool is_type(const struct hydropon_record *record, const void *type)
{
	return record->type == *(const int *)type;
}

static inline struct hydropon_record next_of_type(int fd, int type)
{
	struct hydropon_record record = { 0 };

	if (!read_until(fd, is_type, &type, &record, 3000))
		harness_fail(__FILE__, __LINE__, "no record of type %d within 3 s", type);
	return record;
}

static inline void drain(int fd)
{
	struct hydropon_record records[64];

	while (read(fd, records, sizeof(records)) > 0)
		;
}

/* The newest beat there is: older ones are read away. */
static inline struct hydropon_record newest_beat(int fd)
{
	drain(fd);
	return next_of_type(fd, HYDROPON_REC_BEAT);
}

static inline int set_output(int fd, int output, bool on, uint32_t beat, uint32_t lease_ms)
{
	struct hydropon_set set = {
		.output = (uint32_t)output, .on = on, .beat = beat, .lease_ms = lease_ms,
	};

	return ioctl_errno(fd, HYDROPON_IOC_SET, &set);
}

static inline int lease(int fd, int output, bool on, uint32_t lease_ms)
{
	return set_output(fd, output, on, (uint32_t)newest_beat(fd).value, lease_ms);
}

#endif
