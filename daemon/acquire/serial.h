/* SPDX-License-Identifier: GPL-2.0-only */
/* A serial line, by itself. Any thread. Nothing here waits for the other end. */
#ifndef HYDROPON_SERIAL_H
#define HYDROPON_SERIAL_H

#include <stdint.h>

#include "base/conf.h"

/*
 * Opens the device of @bus raw, for nobody else, in the kernel's RS-485 mode if @bus has it.
 * Returns the file descriptor, which does not block, or -errno: -EOPNOTSUPP: the driver has no
 * RS-485 mode; -ENOTTY: it is no serial line.
 */
int serial_open(const struct conf_bus *bus);
/* Throws away what was not sent: a line that takes nothing would hold up the close. */
void serial_close(int fd);
/* How long @n characters take on the line. */
uint64_t serial_wire_ns(const struct conf_bus *bus, size_t n);
/* Of serial_open(); @control: ioctl(), or what stands in for it in a test. */
int serial_set_rs485(int fd, int (*control)(int fd, unsigned long request, ...));

#endif
