// SPDX-License-Identifier: GPL-2.0-only
#include "acquire/serial.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "base/clock.h"

static const struct {
	uint32_t baud;
	speed_t speed;
} speeds[] = {
	{ 1200, B1200 }, { 2400, B2400 }, { 4800, B4800 }, { 9600, B9600 }, { 19200, B19200 },
	{ 38400, B38400 }, { 57600, B57600 }, { 115200, B115200 }, { 230400, B230400 },
};

static speed_t speed_of(uint32_t baud)
{
	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++)
		if (speeds[i].baud == baud)
			return speeds[i].speed;
	return B9600;
}

/* Bytes as they are; reads return at once what there is. */
static int set_line(int fd, const struct conf_bus *bus)
{
	struct termios line;

	if (tcgetattr(fd, &line))
		return -errno;
	cfmakeraw(&line);
	line.c_cflag |= CLOCAL | CREAD;
	line.c_cflag &= ~(tcflag_t)(CRTSCTS | HUPCL | CSTOPB | PARENB | PARODD);
	if (bus->stop_bits == 2)
		line.c_cflag |= CSTOPB;
	if (bus->parity != PARITY_NONE)
		line.c_cflag |= PARENB;
	if (bus->parity == PARITY_ODD)
		line.c_cflag |= PARODD;
	/* What fails its parity fails its checksum. */
	line.c_iflag &= ~(tcflag_t)(INPCK | IGNPAR);
	/* With 0 a line that has nothing would look like one that was unplugged. */
	line.c_cc[VMIN] = 1;
	line.c_cc[VTIME] = 0;
	cfsetspeed(&line, speed_of(bus->baud));
	return tcsetattr(fd, TCSANOW, &line) ? -errno : 0;
}

int serial_set_rs485(int fd, int (*control)(int fd, unsigned long request, ...))
{
	struct serial_rs485 mode;

	/* Delays and termination are the device tree's. */
	if (control(fd, TIOCGRS485, &mode))
		return errno == ENOTTY ? -EOPNOTSUPP : -errno;
	mode.flags |= SER_RS485_ENABLED | SER_RS485_RTS_ON_SEND;
	mode.flags &= ~(__u32)SER_RS485_RTS_AFTER_SEND;
	if (control(fd, TIOCSRS485, &mode))
		return errno == ENOTTY ? -EOPNOTSUPP : -errno;
	/* The driver takes back what it cannot do. */
	if (control(fd, TIOCGRS485, &mode))
		return -errno;
	return mode.flags & SER_RS485_ENABLED ? 0 : -EOPNOTSUPP;
}

int serial_open(const struct conf_bus *bus)
{
	/* Without waiting for a carrier. */
	int fd = open(bus->device, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC), error;

	if (fd < 0)
		return -errno;
	error = set_line(fd, bus);
	if (!error && ioctl(fd, TIOCEXCL))
		error = -errno;
	if (!error && bus->has_rs485)
		error = serial_set_rs485(fd, ioctl);
	if (error) {
		serial_close(fd);
		return error;
	}
	tcflush(fd, TCIOFLUSH);
	return fd;
}

void serial_close(int fd)
{
	tcflush(fd, TCIOFLUSH);
	close(fd);
}

uint64_t serial_wire_ns(const struct conf_bus *bus, size_t n)
{
	/* start, eight, parity, stop */
	uint64_t bits = 1 + 8 + (bus->parity != PARITY_NONE) + bus->stop_bits;

	return n * bits * NS_PER_SEC / bus->baud;
}
