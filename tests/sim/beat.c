// SPDX-License-Identifier: GPL-2.0-only
/*
 * beat/first: the number that the beats of the next opens begin behind, in place of a
 * random one, so that a test sees it wrap; -1 ends that. Only on arm64; elsewhere, and
 * while hydropon-guard is not loaded, the file cannot be written.
 */
#include "wires.h"

#include <linux/debugfs.h>
#include <linux/kprobes.h>
#include <linux/mutex.h>

static DEFINE_MUTEX(beat_lock);
static bool beat_probed;
static u32 beat_first;

/* hydropon_ring_open(gateway, first_beat) */
static int beat_at_open(struct kprobe *probe, struct pt_regs *regs)
{
#ifdef CONFIG_ARM64
	regs->regs[1] = READ_ONCE(beat_first);
#endif
	return 0;
}

static struct kprobe beat_probe = {
	.symbol_name = "hydropon_ring_open",
	.pre_handler = beat_at_open,
};

/* Must hold beat_lock. */
static void beat_end(void)
{
	if (beat_probed)
		unregister_kprobe(&beat_probe);
	beat_probed = false;
	/* The core wants it as new. */
	beat_probe.addr = NULL;
	beat_probe.flags = 0;
}

static int first_set(void *data, u64 value)
{
	int ret = IS_ENABLED(CONFIG_ARM64) ? 0 : -EOPNOTSUPP;

	mutex_lock(&beat_lock);
	beat_end();
	if (!ret && value <= U32_MAX) {
		WRITE_ONCE(beat_first, value);
		ret = register_kprobe(&beat_probe);
		beat_probed = !ret;
	}
	mutex_unlock(&beat_lock);
	return ret;
}
DEFINE_DEBUGFS_ATTRIBUTE_SIGNED(first_fops, NULL, first_set, "%lld\n");

void sim_beat_create_files(void)
{
	debugfs_create_file_unsafe("first", 0200, debugfs_create_dir("beat", sim_root), NULL,
				   &first_fops);
}

void sim_beat_stop(void)
{
	mutex_lock(&beat_lock);
	beat_end();
	mutex_unlock(&beat_lock);
}
