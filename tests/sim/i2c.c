// SPDX-License-Identifier: GPL-2.0-only
/*
 * An I2C adapter on a "hydropon,sim-i2c" node. The children of the node are the
 * chips on the bus: they are answered here, and the I2C core binds the drivers
 * that their compatible names.
 *
 * Files of each chip: latency_us and errno, applied to each transfer; absent, 1
 * for a chip that does not acknowledge its address; transfers, a count. With the
 * property hydropon,absent in its node a chip is absent from the start.
 * A slow chip holds up the whole bus, as one that stretches the clock does. For
 * independent buses use several nodes.
 */
#include "wires.h"

#include <linux/debugfs.h>
#include <linux/i2c.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/of.h>
#include <linux/platform_device.h>

static const struct sim_chip_model *const chip_models[] = {
	&sim_ads1115,
	&sim_bh1750,
	&sim_opt3001,
	&sim_mlx90614,
};

struct sim_i2c {
	struct i2c_adapter adapter;
	unsigned int chips_n;
	struct sim_chip *chips[];
};

static struct sim_chip *chip_find(const struct sim_i2c *bus, const struct i2c_msg *msg)
{
	unsigned int i;

	for (i = 0; i < bus->chips_n; i++)
		if (bus->chips[i]->address == msg->addr && !(msg->flags & I2C_M_TEN))
			return bus->chips[i];
	return NULL;
}

static int sim_i2c_xfer(struct i2c_adapter *adapter, struct i2c_msg *msgs, int n)
{
	struct sim_i2c *bus = i2c_get_adapdata(adapter);
	struct sim_chip *chip = NULL;
	int i, ret;

	for (i = 0; i < n; i++) {
		struct sim_chip *addressed = chip_find(bus, &msgs[i]);

		if (!addressed)
			return -ENXIO;
		if (addressed != chip) {
			chip = addressed;
			atomic_inc(&chip->transfers);
			ret = sim_fault_apply(&chip->fault);
			if (ret)
				return ret;
		}
		mutex_lock(&chip->lock);
		if (msgs[i].flags & I2C_M_RD)
			chip->model->read(chip, msgs[i].buf, msgs[i].len);
		else
			chip->model->write(chip, msgs[i].buf, msgs[i].len);
		mutex_unlock(&chip->lock);
	}
	return n;
}

static u32 sim_i2c_functionality(struct i2c_adapter *adapter)
{
	return I2C_FUNC_I2C | I2C_FUNC_SMBUS_EMUL;
}

static const struct i2c_algorithm sim_i2c_algorithm = {
	.master_xfer = sim_i2c_xfer,
	.functionality = sim_i2c_functionality,
};

static const struct sim_chip_model *model_find(const struct device_node *node)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(chip_models); i++)
		if (of_device_is_compatible(node, chip_models[i]->compatible))
			return chip_models[i];
	return NULL;
}

static struct sim_chip *chip_create(struct device *dev, const struct device_node *node)
{
	const struct sim_chip_model *model = model_find(node);
	struct sim_chip *chip;

	if (!model)
		return ERR_PTR(dev_err_probe(dev, -EINVAL, "%pOF: no such chip is simulated\n",
					     node));
	chip = devm_kzalloc(dev, model->size, GFP_KERNEL);
	if (!chip)
		return ERR_PTR(-ENOMEM);
	if (of_property_read_u32(node, "reg", &chip->address))
		return ERR_PTR(dev_err_probe(dev, -EINVAL, "%pOF: no reg\n", node));
	chip->model = model;
	chip->fault.absent = of_property_read_bool(node, "hydropon,absent");
	mutex_init(&chip->lock);
	model->power_up(chip);
	return chip;
}

static int absent_get(void *data, u64 *value)
{
	const struct sim_chip *chip = data;

	*value = READ_ONCE(chip->fault.absent);
	return 0;
}

static int absent_set(void *data, u64 value)
{
	struct sim_chip *chip = data;

	if (value > 1)
		return -ERANGE;
	WRITE_ONCE(chip->fault.absent, value);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(absent_fops, absent_get, absent_set, "%llu\n");

static void chip_create_files(struct sim_chip *chip, struct dentry *bus_folder)
{
	struct dentry *folder;
	char name[16];

	snprintf(name, sizeof(name), "%s-%02x", chip->model->prefix, chip->address);
	folder = debugfs_create_dir(name, bus_folder);
	sim_fault_create_files(&chip->fault, folder);
	debugfs_create_file_unsafe("absent", 0600, folder, chip, &absent_fops);
	debugfs_create_atomic_t("transfers", 0400, folder, &chip->transfers);
	chip->model->create_files(chip, folder);
}

static int sim_i2c_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct device_node *node;
	struct dentry *folder;
	struct sim_i2c *bus;
	unsigned int i;
	int ret;

	bus = devm_kzalloc(dev, struct_size(bus, chips, of_get_available_child_count(dev->of_node)),
			   GFP_KERNEL);
	if (!bus)
		return -ENOMEM;
	for_each_available_child_of_node(dev->of_node, node) {
		struct sim_chip *chip = chip_create(dev, node);

		if (IS_ERR(chip)) {
			of_node_put(node);
			return PTR_ERR(chip);
		}
		bus->chips[bus->chips_n++] = chip;
	}

	bus->adapter.owner = THIS_MODULE;
	bus->adapter.algo = &sim_i2c_algorithm;
	bus->adapter.dev.parent = dev;
	bus->adapter.dev.of_node = dev->of_node;
	snprintf(bus->adapter.name, sizeof(bus->adapter.name), "hydropon-sim %pOFn", dev->of_node);
	i2c_set_adapdata(&bus->adapter, bus);
	ret = devm_i2c_add_adapter(dev, &bus->adapter);
	if (ret)
		return ret;

	folder = sim_folder_create(dev);
	if (IS_ERR(folder))
		return PTR_ERR(folder);
	for (i = 0; i < bus->chips_n; i++)
		chip_create_files(bus->chips[i], folder);
	return 0;
}

static const struct of_device_id sim_i2c_of_match[] = {
	{ .compatible = "hydropon,sim-i2c" },
	{ }
};
MODULE_DEVICE_TABLE(of, sim_i2c_of_match);

struct platform_driver sim_i2c_driver = {
	.driver = {
		.name = "hydropon-sim-i2c",
		.of_match_table = sim_i2c_of_match,
	},
	.probe = sim_i2c_probe,
};
