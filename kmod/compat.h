/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One source for Linux 6.1 and newer. Each wrapper is titled by the change that
 * it follows.
 */
#ifndef HYDROPON_COMPAT_H
#define HYDROPON_COMPAT_H

#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/version.h>

/* 6.11: "platform: Make platform_driver::remove() return void" */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 11, 0)
#define HYDROPON_REMOVE_RETURN void
#define HYDROPON_REMOVED
#else
#define HYDROPON_REMOVE_RETURN int
#define HYDROPON_REMOVED 0
#endif

/* 6.13: "hrtimers: Introduce hrtimer_setup() to replace hrtimer_init()" */
static inline void hydropon_hrtimer_setup(struct hrtimer *timer,
					  enum hrtimer_restart (*function)(struct hrtimer *),
					  enum hrtimer_mode mode)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
	hrtimer_setup(timer, function, CLOCK_BOOTTIME, mode);
#else
	hrtimer_init(timer, CLOCK_BOOTTIME, mode);
	timer->function = function;
#endif
}

/* 6.13: "module: Convert symbol namespace to string literal";
 * 6.14: "iio: inkern: move to the cleanup.h magic" exports into IIO_CONSUMER.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define HYDROPON_IMPORT_IIO_CONSUMER MODULE_IMPORT_NS("IIO_CONSUMER")
#else
#define HYDROPON_IMPORT_IIO_CONSUMER MODULE_IMPORT_NS(IIO_CONSUMER)
#endif

/* 6.14: "kthread: Make sure kthread_create_worker() won't start it": kthread_run_worker()
 * is what starts it.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 14, 0)
#define hydropon_kthread_run_worker(...) kthread_run_worker(0, __VA_ARGS__)
#else
#define hydropon_kthread_run_worker(...) kthread_create_worker(0, __VA_ARGS__)
#endif

#endif /* HYDROPON_COMPAT_H */
