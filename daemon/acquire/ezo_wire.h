/* SPDX-License-Identifier: GPL-2.0-only */
/* The wire of EZO boards, so that a test can stand in for it: one transfer a call. */
#ifndef HYDROPON_EZO_WIRE_H
#define HYDROPON_EZO_WIRE_H

#include "acquire/ezo_answer.h"
#include "base/conf.h"

/* All return 0 or -errno. @data is that of whoever gives the wire. */
struct ezo_wire {
	int (*open)(void *data, const struct conf_bus *conf);
	void (*close)(void *data);
	/* @command without its NUL. */
	int (*write)(void *data, uint32_t address, const char *command);
	int (*read)(void *data, uint32_t address, uint8_t bytes[EZO_ANSWER_BYTES]);
};

/*
 * Through i2c-dev. Its data is an int, the file, -1 while closed. A transfer takes some ms (40
 * bytes at 100 kHz: 4 ms) or, on a bus that is held, what its adapter's driver waits, mostly 1 s.
 * An address that a driver of the kernel has is refused with -EBUSY; one that nobody answers at
 * mostly with -ENXIO or -EREMOTEIO (the kernel's Documentation/i2c/fault-codes.rst).
 */
extern const struct ezo_wire ezo_wire_i2c;

#endif
