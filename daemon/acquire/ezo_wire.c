// SPDX-License-Identifier: GPL-2.0-only
#include "acquire/ezo_wire.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <linux/i2c.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int i2c_open(void *data, const struct conf_bus *conf)
{
	int fd = open(conf->device, O_RDWR | O_CLOEXEC | O_NONBLOCK), error = 0;
	unsigned long functions;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, I2C_FUNCS, &functions) < 0)
		error = -errno;
	else if (!(functions & I2C_FUNC_I2C))
		error = -EOPNOTSUPP;
	if (error)
		close(fd);
	else
		*(int *)data = fd;
	return error;
}

static void i2c_close(void *data)
{
	int *fd = data;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int result_of(ssize_t moved, size_t wanted)
{
	if (moved < 0)
		return -errno;
	return (size_t)moved == wanted ? 0 : -EIO;
}

static int i2c_write(void *data, uint32_t address, const char *command)
{
	int fd = *(int *)data;

	if (ioctl(fd, I2C_SLAVE, (unsigned long)address) < 0)
		return -errno;
	return result_of(write(fd, command, strlen(command)), strlen(command));
}

static int i2c_read(void *data, uint32_t address, uint8_t bytes[EZO_ANSWER_BYTES])
{
	int fd = *(int *)data;

	if (ioctl(fd, I2C_SLAVE, (unsigned long)address) < 0)
		return -errno;
	return result_of(read(fd, bytes, EZO_ANSWER_BYTES), EZO_ANSWER_BYTES);
}

const struct ezo_wire ezo_wire_i2c = {
	.open = i2c_open,
	.close = i2c_close,
	.write = i2c_write,
	.read = i2c_read,
};
