// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the output lines did, each transition with its BOOTTIME, in a ring that is
 * there from the start.
 *
 * Files: record, a line of text each, oldest first:
 *	TIME_NS LINE LEVEL		the level changed
 *	TIME_NS LINE LEVEL init		the line became an output, at this level
 *	TIME_NS LINE in			it became an input
 * record_clear, written, forgets them. record_lost: how many since then were
 * overwritten by newer ones.
 */
#include "gpio.h"

#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/moduleparam.h>
#include <linux/seq_file.h>
#include <linux/timekeeping.h>

static bool log_transitions;
module_param(log_transitions, bool, 0644);
MODULE_PARM_DESC(log_transitions,
		 "also tell the kernel's log, for what happens as the machine ends");

/* Records are numbered from 0 at load; number n is in slot n % SIM_GPIO_RECORDS. */
struct record_reader {
	struct sim_gpio *gpio;
	u64 first;
	u64 end;
};

void sim_record_add(struct sim_gpio *gpio, const struct sim_line *line,
		    enum sim_record_kind kind)
{
	struct sim_record *record =
		&gpio->records[gpio->records_written++ & (SIM_GPIO_RECORDS - 1)];

	record->at_ns = ktime_get_boottime_ns();
	record->line = line->offset;
	record->kind = kind;
	record->level = line->driven;
	if (log_transitions && !gpio->ended)
		pr_info("hydropon-sim: %s line %u %d\n", gpio->chip.label, line->offset,
			line->driven);
}

/* What comes later comes too late. Where consoles are written by a thread, that needs a moment
 * for what was told so far.
 */
void sim_record_end(struct sim_gpio *gpio)
{
	unsigned long flags;

	raw_spin_lock_irqsave(&gpio->lock, flags);
	gpio->ended = true;
	raw_spin_unlock_irqrestore(&gpio->lock, flags);
	if (!log_transitions)
		return;
	pr_info("hydropon-sim: %s ends\n", gpio->chip.label);
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		msleep(500);
}

/* Must hold gpio->lock. */
static u64 overwritten(const struct sim_gpio *gpio)
{
	return gpio->records_written > SIM_GPIO_RECORDS ?
	       gpio->records_written - SIM_GPIO_RECORDS : 0;
}

static bool record_fetch(struct sim_gpio *gpio, u64 number, struct sim_record *record)
{
	unsigned long flags;
	bool there;

	raw_spin_lock_irqsave(&gpio->lock, flags);
	there = number >= overwritten(gpio) && number >= gpio->records_cleared;
	if (there)
		*record = gpio->records[number & (SIM_GPIO_RECORDS - 1)];
	raw_spin_unlock_irqrestore(&gpio->lock, flags);
	return there;
}

static void *record_start(struct seq_file *file, loff_t *position)
{
	struct record_reader *reader = file->private;

	return *position < reader->end - reader->first ? position : NULL;
}

static void *record_next(struct seq_file *file, void *v, loff_t *position)
{
	++*position;
	return record_start(file, position);
}

static void record_stop(struct seq_file *file, void *v)
{
}

static int record_show(struct seq_file *file, void *v)
{
	struct record_reader *reader = file->private;
	struct sim_record record;

	if (!record_fetch(reader->gpio, reader->first + *(loff_t *)v, &record))
		return SEQ_SKIP;
	seq_printf(file, "%llu %u ", record.at_ns, record.line);
	if (record.kind == SIM_RECORD_INPUT)
		seq_puts(file, "in\n");
	else
		seq_printf(file, "%d%s\n", record.level,
			   record.kind == SIM_RECORD_INIT ? " init" : "");
	return 0;
}

static const struct seq_operations record_ops = {
	.start = record_start,
	.next = record_next,
	.stop = record_stop,
	.show = record_show,
};

static int record_open(struct inode *inode, struct file *file)
{
	struct sim_gpio *gpio = inode->i_private;
	struct record_reader *reader;
	unsigned long flags;

	reader = __seq_open_private(file, &record_ops, sizeof(*reader));
	if (!reader)
		return -ENOMEM;
	reader->gpio = gpio;
	raw_spin_lock_irqsave(&gpio->lock, flags);
	reader->first = max(gpio->records_cleared, overwritten(gpio));
	reader->end = gpio->records_written;
	raw_spin_unlock_irqrestore(&gpio->lock, flags);
	return 0;
}

static const struct file_operations record_fops = {
	.owner = THIS_MODULE,
	.open = record_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = seq_release_private,
};

static int clear_set(void *data, u64 value)
{
	struct sim_gpio *gpio = data;
	unsigned long flags;

	raw_spin_lock_irqsave(&gpio->lock, flags);
	gpio->records_cleared = gpio->records_written;
	raw_spin_unlock_irqrestore(&gpio->lock, flags);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(clear_fops, NULL, clear_set, "%llu\n");

static int lost_get(void *data, u64 *value)
{
	struct sim_gpio *gpio = data;
	unsigned long flags;

	raw_spin_lock_irqsave(&gpio->lock, flags);
	*value = overwritten(gpio);
	*value -= min(*value, gpio->records_cleared);
	raw_spin_unlock_irqrestore(&gpio->lock, flags);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(lost_fops, lost_get, NULL, "%llu\n");

void sim_record_create_files(struct sim_gpio *gpio, struct dentry *folder)
{
	debugfs_create_file("record", 0400, folder, gpio, &record_fops);
	debugfs_create_file_unsafe("record_clear", 0200, folder, gpio, &clear_fops);
	debugfs_create_file_unsafe("record_lost", 0400, folder, gpio, &lost_fops);
}
