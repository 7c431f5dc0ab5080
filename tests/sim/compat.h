/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYDROPON_SIM_COMPAT_H
#define HYDROPON_SIM_COMPAT_H

#include <linux/gpio/driver.h>
#include <linux/hrtimer.h>
#include <linux/version.h>

/* 6.13: hrtimer_setup() takes the place of hrtimer_init() */
static inline void sim_hrtimer_setup(struct hrtimer *timer,
				     enum hrtimer_restart (*function)(struct hrtimer *),
				     clockid_t clock, enum hrtimer_mode mode)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup(timer, function, clock, mode);
#else
	hrtimer_init(timer, clock, mode);
	timer->function = function;
#endif
}

/* 6.17: gpio_chip.set() returns an error; before, a failed write is silent */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 17, 0)
#define DEFINE_GPIO_SET(name, writer)							\
	static int name(struct gpio_chip *chip, unsigned int offset, int level)		\
	{										\
		return writer(chip, offset, level);					\
	}
#else
#define DEFINE_GPIO_SET(name, writer)							\
	static void name(struct gpio_chip *chip, unsigned int offset, int level)	\
	{										\
		writer(chip, offset, level);						\
	}
#endif

#endif
