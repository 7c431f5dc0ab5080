// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults in code, on demand: each is one that the debug kernel must find. Write-only files
 * below plant/, each named after what is done.
 */
#include "wires.h"

#include <linux/debugfs.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/timer.h>

static DEFINE_MUTEX(first);
static DEFINE_MUTEX(second);
static DEFINE_RAW_SPINLOCK(raw);
static DEFINE_SPINLOCK(sleeping_on_rt);

static int use_after_free(void *data, u64 value)
{
	u32 *word = kmalloc(64, GFP_KERNEL);
	u32 *gone = word;

	/* The compiler must not see that they are one. */
	OPTIMIZER_HIDE_VAR(gone);
	kfree(word);
	if (gone)
		WRITE_ONCE(*gone, value);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(use_after_free_fops, NULL, use_after_free, "%llu\n");

static int leak(void *data, u64 value)
{
	/* More than one, lest a register or a stack remembers the last. */
	for (int i = 0; i < 16; i++) {
		u64 *word = kmalloc(64, GFP_KERNEL);

		if (word)
			WRITE_ONCE(*word, value);
	}
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(leak_fops, NULL, leak, "%llu\n");

static int sleep_under_raw_lock(void *data, u64 value)
{
	raw_spin_lock(&raw);
	mutex_lock(&first);
	mutex_unlock(&first);
	raw_spin_unlock(&raw);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(sleep_under_raw_lock_fops, NULL, sleep_under_raw_lock, "%llu\n");

/* Harmless on most kernels, a sleep under a raw lock on an rt one. */
static int lock_under_raw_lock(void *data, u64 value)
{
	raw_spin_lock(&raw);
	spin_lock(&sleeping_on_rt);
	spin_unlock(&sleeping_on_rt);
	raw_spin_unlock(&raw);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(lock_under_raw_lock_fops, NULL, lock_under_raw_lock, "%llu\n");

/* Nobody else takes them: it never comes to the deadlock. */
static int locks_inverted(void *data, u64 value)
{
	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);
	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(locks_inverted_fops, NULL, locks_inverted, "%llu\n");

static int past_the_end(void *data, u64 value)
{
	u32 words[4] = { 1, 2, 3, 4 };
	u64 index = value + ARRAY_SIZE(words) - 1;

	OPTIMIZER_HIDE_VAR(index);
	return words[index] ? 0 : -EIO;
}
DEFINE_DEBUGFS_ATTRIBUTE(past_the_end_fops, NULL, past_the_end, "%llu\n");

static void plant_timer_expired(struct timer_list *timer)
{
}

static int free_armed_timer(void *data, u64 value)
{
	struct timer_list *timer = kmalloc(sizeof(*timer), GFP_KERNEL);

	if (!timer)
		return -ENOMEM;
	timer_setup(timer, plant_timer_expired, 0);
	mod_timer(timer, jiffies + 3600 * HZ);
	kfree(timer);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(free_armed_timer_fops, NULL, free_armed_timer, "%llu\n");

void sim_plant_create_files(void)
{
	static const struct {
		const char *name;
		const struct file_operations *fops;
	} plants[] = {
		{ "use_after_free", &use_after_free_fops },
		{ "leak", &leak_fops },
		{ "sleep_under_raw_lock", &sleep_under_raw_lock_fops },
		{ "lock_under_raw_lock", &lock_under_raw_lock_fops },
		{ "locks_inverted", &locks_inverted_fops },
		{ "past_the_end", &past_the_end_fops },
		{ "free_armed_timer", &free_armed_timer_fops },
	};
	struct dentry *folder = debugfs_create_dir("plant", sim_root);

	for (unsigned int i = 0; i < ARRAY_SIZE(plants); i++)
		debugfs_create_file_unsafe(plants[i].name, 0200, folder, NULL, plants[i].fops);
}
