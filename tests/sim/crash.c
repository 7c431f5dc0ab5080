// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ways in which a kernel goes wrong, on demand. Write-only files below crash/:
 *	oops_in_irq	a null pointer is followed in a hard interrupt
 *	spin_ms		the CPU that writes it does nothing else for so long, with
 *			interrupts on and preemption off
 * and beside the lines of each GPIO chip
 *	hold_lock_ms	the writing CPU holds the chip's lock for so long, interrupts off
 */
#include "compat.h"
#include "gpio.h"

#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/preempt.h>

#define SPIN_MAX_MS 10000

static struct hrtimer oops_timer;

static enum hrtimer_restart oops_expired(struct hrtimer *timer)
{
	u32 *volatile nowhere = NULL;

	WRITE_ONCE(*nowhere, 1);
	return HRTIMER_NORESTART;
}

static int oops_set(void *data, u64 value)
{
	hrtimer_start(&oops_timer, ms_to_ktime(1), HRTIMER_MODE_REL_HARD);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(oops_fops, NULL, oops_set, "%llu\n");

static int spin_set(void *data, u64 value)
{
	if (value > SPIN_MAX_MS)
		return -ERANGE;
	preempt_disable();
	while (value--)
		mdelay(1);
	preempt_enable();
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(spin_fops, NULL, spin_set, "%llu\n");

static int hold_lock_set(void *data, u64 value)
{
	struct sim_gpio *gpio = data;
	unsigned long flags;

	if (value > SPIN_MAX_MS)
		return -ERANGE;
	raw_spin_lock_irqsave(&gpio->lock, flags);
	while (value--)
		mdelay(1);
	raw_spin_unlock_irqrestore(&gpio->lock, flags);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(hold_lock_fops, NULL, hold_lock_set, "%llu\n");

void sim_crash_create_lock_file(struct sim_gpio *gpio, struct dentry *folder)
{
	debugfs_create_file_unsafe("hold_lock_ms", 0200, folder, gpio, &hold_lock_fops);
}

void sim_crash_create_files(void)
{
	struct dentry *folder = debugfs_create_dir("crash", sim_root);

	sim_hrtimer_setup(&oops_timer, oops_expired, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	debugfs_create_file_unsafe("oops_in_irq", 0200, folder, NULL, &oops_fops);
	debugfs_create_file_unsafe("spin_ms", 0200, folder, NULL, &spin_fops);
}

void sim_crash_stop(void)
{
	hrtimer_cancel(&oops_timer);
}
