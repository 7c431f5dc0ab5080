/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An I2C bus with EZO boards: its thread asks them when it is time, hands what they answer to the
 * main loop, and opens the bus again when it is lost, once a second. Reading.raw is the number in
 * thousandths.
 */
#ifndef HYDROPON_EZO_BUS_H
#define HYDROPON_EZO_BUS_H

#include "acquire/bus.h"
#include "acquire/ezo_wire.h"

/* Starts the thread of bus @index of @conf, which must outlive it. @wake_fd: an eventfd to which
 * it writes when there are readings. NULL: no memory, files or thread left.
 */
struct bus *ezo_bus_start(const struct conf *conf, int index, int wake_fd);
/* The same on another wire, whose @data must outlive it too. */
struct bus *ezo_bus_start_on(const struct conf *conf, int index, int wake_fd,
			     const struct ezo_wire *wire, void *data);

#endif
