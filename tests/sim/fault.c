// SPDX-License-Identifier: GPL-2.0-only
#include "wires.h"

#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/err.h>

/* Uninterruptible sleeps past this would alarm the hung task watchdog. */
#define LATENCY_MAX_US (60 * USEC_PER_SEC)

int sim_fault_apply(const struct sim_fault *fault)
{
	u32 latency_us = READ_ONCE(fault->latency_us);

	if (latency_us)
		usleep_range(latency_us, latency_us);
	if (READ_ONCE(fault->absent))
		return -ENXIO;
	return -(int)READ_ONCE(fault->error);
}

static int latency_get(void *data, u64 *value)
{
	const struct sim_fault *fault = data;

	*value = READ_ONCE(fault->latency_us);
	return 0;
}

static int latency_set(void *data, u64 value)
{
	struct sim_fault *fault = data;

	if (value > LATENCY_MAX_US)
		return -ERANGE;
	if (value && fault->impossible)
		return -EOPNOTSUPP;
	WRITE_ONCE(fault->latency_us, value);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(latency_fops, latency_get, latency_set, "%llu\n");

static int error_get(void *data, u64 *value)
{
	const struct sim_fault *fault = data;

	*value = READ_ONCE(fault->error);
	return 0;
}

static int error_set(void *data, u64 value)
{
	struct sim_fault *fault = data;

	if (value > MAX_ERRNO)
		return -ERANGE;
	if (value && fault->impossible)
		return -EOPNOTSUPP;
	WRITE_ONCE(fault->error, value);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(error_fops, error_get, error_set, "%llu\n");

void sim_fault_create_files(struct sim_fault *fault, struct dentry *folder)
{
	debugfs_create_file_unsafe("latency_us", 0600, folder, fault, &latency_fops);
	debugfs_create_file_unsafe("errno", 0600, folder, fault, &error_fops);
}
