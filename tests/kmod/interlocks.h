/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests in the guest: tables of interlocks. */
#ifndef HYDROPON_TESTS_INTERLOCKS_H
#define HYDROPON_TESTS_INTERLOCKS_H

#include "controller.h"

/* An ADS1115 at 2.048 V full scale. */
static inline int64_t raw_nano(int64_t microvolts)
{
	return microvolts * 32768 / 2048000 * 1000000000LL;
}

static inline int load_table(int fd, const struct hydropon_interlock *table, uint32_t n,
			     uint32_t *bad)
{
	struct hydropon_interlocks all = { .n = n, .bad = 77, .entries = (uintptr_t)table };
	int ret = ioctl_errno(fd, HYDROPON_IOC_INTERLOCKS, &all);

	if (bad)
		*bad = all.bad;
	return ret;
}

/* Loads it, and arms again. */
static inline void load(struct controller *c, const struct hydropon_interlock *table, uint32_t n)
{
	EXPECT_EQ(load_table(c->fd, table, n, NULL), 0);
	arm(c->fd);
}

static inline struct hydropon_interlock_info interlock_info(int fd, uint32_t index)
{
	struct hydropon_interlock_info info = { .index = index };

	EXPECT_EQ(ioctl_errno(fd, HYDROPON_IOC_INTERLOCK, &info), 0);
	return info;
}

#endif
