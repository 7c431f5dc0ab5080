// SPDX-License-Identifier: GPL-2.0-only
/* A serial line as its slaves want it. */
#include "harness.h"

#include <errno.h>
#include <linux/serial.h>
#include <pty.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "acquire/serial.h"
#include "base/clock.h"

/* A driver of the test's own. */
static struct {
	struct serial_rs485 mode;
	bool has_none, takes_it_back;
	unsigned int sets;
} driver;

static int driver_control(int fd, unsigned long request, ...)
{
	struct serial_rs485 *mode;
	va_list arguments;

	va_start(arguments, request);
	mode = va_arg(arguments, struct serial_rs485 *);
	va_end(arguments);
	if (driver.has_none) {
		errno = ENOTTY;
		return -1;
	}
	if (request == TIOCGRS485) {
		*mode = driver.mode;
		return 0;
	}
	driver.sets++;
	driver.mode = *mode;
	if (driver.takes_it_back)
		driver.mode.flags &= ~(__u32)SER_RS485_ENABLED;
	return 0;
}

TEST(rs485_raises_rts_while_it_sends)
{
	driver.mode = (struct serial_rs485){ .flags = SER_RS485_RTS_AFTER_SEND |
						      SER_RS485_TERMINATE_BUS,
					     .delay_rts_after_send = 3 };
	ASSERT_EQ(serial_set_rs485(0, driver_control), 0);
	EXPECT_EQ(driver.sets, 1);
	EXPECT_EQ(driver.mode.flags, SER_RS485_ENABLED | SER_RS485_RTS_ON_SEND |
				     SER_RS485_TERMINATE_BUS);
	EXPECT_EQ(driver.mode.delay_rts_after_send, 3);
}

TEST(a_driver_without_rs485_is_told)
{
	driver.has_none = true;
	EXPECT_EQ(serial_set_rs485(0, driver_control), -EOPNOTSUPP);
}

TEST(a_driver_that_takes_rs485_back_is_told)
{
	driver.takes_it_back = true;
	EXPECT_EQ(serial_set_rs485(0, driver_control), -EOPNOTSUPP);
	EXPECT_EQ(driver.sets, 1);
}

static void open_as(const struct conf_bus *wanted, struct termios *line)
{
	struct conf_bus bus = *wanted;
	char path[128];
	int master, slave, fd;

	ASSERT_EQ(openpty(&master, &slave, path, NULL, NULL), 0);
	snprintf(bus.device, sizeof(bus.device), "%s", path);
	fd = serial_open(&bus);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(tcgetattr(fd, line), 0);
	serial_close(fd);
	close(slave);
	close(master);
}

TEST(a_line_is_raw)
{
	struct termios line;

	open_as(&(struct conf_bus){ .baud = 19200, .stop_bits = 2 }, &line);
	EXPECT_EQ(cfgetospeed(&line), B19200);
	EXPECT_EQ(cfgetispeed(&line), B19200);
	EXPECT_TRUE(line.c_cflag & CSTOPB);
	EXPECT_EQ(line.c_cflag & CRTSCTS, 0);
	EXPECT_TRUE(line.c_cflag & CLOCAL);
	EXPECT_EQ(line.c_lflag & (ICANON | ECHO | ISIG), 0);
	EXPECT_EQ(line.c_iflag & (IXON | ICRNL | ISTRIP), 0);
	EXPECT_EQ(line.c_oflag & OPOST, 0);
}

/* A pseudo terminal has no parity to keep: only what is worked out from it can be seen. */
TEST(characters_take_their_time)
{
	struct conf_bus bus = { .baud = 9600, .stop_bits = 1 };

	EXPECT_EQ(serial_wire_ns(&bus, 96), NS_PER_SEC / 10);
	bus.parity = PARITY_EVEN;
	EXPECT_EQ(serial_wire_ns(&bus, 96), NS_PER_SEC * 11 / 100);
	bus.stop_bits = 2;
	EXPECT_EQ(serial_wire_ns(&bus, 96), NS_PER_SEC * 12 / 100);
}
