/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The thread of a Modbus bus: asks its slaves when it is time, hands what they answer to the
 * main loop, and opens the line or connection again when it is lost, once a second.
 */
#ifndef HYDROPON_MODBUS_BUS_H
#define HYDROPON_MODBUS_BUS_H

#include "acquire/modbus_poll.h"
#include "acquire/source.h"

struct modbus_bus;

struct modbus_bus_stats {
	bool is_open;
	int error;		/* why it is not open, or 0 */
	uint64_t opens;		/* times that it was opened */
	uint64_t refused;	/* readings lost since the main loop did not take them */
};

/* Starts the thread of bus @index of @conf, which must outlive it. @wake_fd: an eventfd to which
 * it writes when there are readings. NULL: no memory, files or thread left.
 */
struct modbus_bus *modbus_bus_start(const struct conf *conf, int index, int wake_fd);
/* Main thread. At most @max readings; never waits. */
size_t modbus_bus_pop(struct modbus_bus *bus, struct source_reading *readings, size_t max);
/* Any thread; they hold a lock for the time of a copy. False: no channel is read from it. */
void modbus_bus_stats(struct modbus_bus *bus, struct modbus_bus_stats *stats);
bool modbus_bus_slave_stats(struct modbus_bus *bus, int slave, struct modbus_slave_stats *stats);
/* Tells the thread to end, and waits for that until @until_ns (CLOCK_BOOTTIME). False: it is stuck
 * in its device, and was left behind with all that it uses.
 */
void modbus_bus_tell_to_end(struct modbus_bus *bus);
bool modbus_bus_end(struct modbus_bus *bus, uint64_t until_ns);

#endif
