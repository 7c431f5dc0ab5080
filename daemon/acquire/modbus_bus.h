/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A Modbus bus: its thread asks its slaves when it is time, hands what they answer to the
 * main loop, and opens the line or connection again when it is lost, once a second.
 */
#ifndef HYDROPON_MODBUS_BUS_H
#define HYDROPON_MODBUS_BUS_H

#include "acquire/bus.h"

/* Starts the thread of bus @index of @conf, which must outlive it. @wake_fd: an eventfd to which
 * it writes when there are readings. NULL: no memory, files or thread left.
 */
struct bus *modbus_bus_start(const struct conf *conf, int index, int wake_fd);

#endif
