// SPDX-License-Identifier: GPL-2.0-only
#include "wires.h"

#include <linux/debugfs.h>
#include <linux/device.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/platform_device.h>
#include <linux/suspend.h>
#include <linux/timekeeping.h>

static struct platform_driver *const sim_drivers[] = {
	&sim_i2c_driver,
	&sim_gpio_driver,
};

struct dentry *sim_root;

static void folder_remove(void *folder)
{
	debugfs_remove(folder);
}

struct dentry *sim_folder_create(struct device *dev)
{
	struct dentry *folder;
	char *name;
	int ret;

	name = kasprintf(GFP_KERNEL, "%pOFn", dev->of_node);
	if (!name)
		return ERR_PTR(-ENOMEM);
	folder = debugfs_create_dir(name, sim_root);
	kfree(name);
	if (IS_ERR(folder))
		return folder;
	ret = devm_add_action_or_reset(dev, folder_remove, folder);
	return ret ? ERR_PTR(ret) : folder;
}

/* When it was first told that the system sleeps and wakes: CLOCK_BOOTTIME. */
static u64 sleeps_ns, woke_ns;

static int sim_pm(struct notifier_block *block, unsigned long action, void *data)
{
	if (action == PM_SUSPEND_PREPARE)
		WRITE_ONCE(sleeps_ns, ktime_get_boottime_ns());
	else if (action == PM_POST_SUSPEND)
		WRITE_ONCE(woke_ns, ktime_get_boottime_ns());
	return NOTIFY_DONE;
}

static struct notifier_block sim_pm_first = { .notifier_call = sim_pm, .priority = INT_MAX };

static int __init sim_init(void)
{
	int ret;

	sim_root = debugfs_create_dir("hydropon-sim", NULL);
	if (IS_ERR(sim_root))
		return PTR_ERR(sim_root);

	sim_crash_create_files();
	sim_plant_create_files();
	sim_beat_create_files();
	debugfs_create_u64("sleeps_ns", 0400, sim_root, &sleeps_ns);
	debugfs_create_u64("woke_ns", 0400, sim_root, &woke_ns);
	ret = register_pm_notifier(&sim_pm_first);
	if (ret)
		goto no_files;
	ret = platform_register_drivers(sim_drivers, ARRAY_SIZE(sim_drivers));
	if (ret)
		goto no_notifier;
	return 0;

no_notifier:
	unregister_pm_notifier(&sim_pm_first);
no_files:
	debugfs_remove(sim_root);
	return ret;
}
module_init(sim_init);

static void __exit sim_exit(void)
{
	platform_unregister_drivers(sim_drivers, ARRAY_SIZE(sim_drivers));
	unregister_pm_notifier(&sim_pm_first);
	debugfs_remove(sim_root);
	sim_crash_stop();
	sim_beat_stop();
}
module_exit(sim_exit);

MODULE_DESCRIPTION("Simulated I2C and GPIO wires for the tests of Hydropon");
MODULE_LICENSE("GPL");
