/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When which slave of a bus is asked for what. Requests fall due on a grid of their interval;
 * the one that has waited longest is next. Two things keep a slave from being asked: its breaker
 * (acquire/breaker.h), and a timeout that was just had, after which it is left alone for as long
 * again: an answer that comes late falls into that time, and not into the next question's.
 * No I/O and no clock of its own; times are CLOCK_BOOTTIME. One thread.
 */
#ifndef HYDROPON_MODBUS_POLL_H
#define HYDROPON_MODBUS_POLL_H

#include "acquire/breaker.h"
#include "acquire/bus.h"
#include "acquire/modbus_plan.h"

enum modbus_outcome {
	MODBUS_ANSWERED,
	MODBUS_EXCEPTION,	/* the slave has answered that it cannot */
	MODBUS_SILENT,		/* nothing came in time */
	MODBUS_GARBLED,		/* something came, and no answer could be made of it */
	MODBUS_LINK_LOST,	/* the bus itself has failed */
	MODBUS_STOPPED,		/* the thread shall end */
};

/* Of a request that was made. */
struct modbus_result {
	enum modbus_outcome outcome;
	int error;			/* 0 or -errno, for people and for the sample */
	uint64_t begun_ns, done_ns;
	uint64_t response_ns;		/* from the question's end to the first byte */
	unsigned int foreign;		/* answers to other questions that came meanwhile */
};

struct modbus_slave_state {
	struct device_stats stats;
	struct breaker breaker;
	uint64_t quiet_ns;		/* left alone until then */
	bool is_used;			/* it is on this bus, and a channel is read from it */
	bool is_repeated;		/* the newest request was one already */
};

struct modbus_poll {
	const struct conf *conf;
	struct modbus_plan plan;
	/* Of each request: when it is due, and since when it has been, which giving it up for
	 * once does not change: it would lose its place in the queue.
	 */
	uint64_t due_ns[HYDROPON_MAX_CHANNELS], since_ns[HYDROPON_MAX_CHANNELS];
	struct modbus_slave_state slaves[CONF_MAX_SLAVES];	/* by the configuration's index */
	struct probing probing;
};

void modbus_poll_begin(struct modbus_poll *poll, const struct conf *conf, int bus, uint64_t now_ns);
/* The request to be made now, or -1: there is none before *until_ns. */
int modbus_poll_next(const struct modbus_poll *poll, uint64_t now_ns, uint64_t *until_ns);
/* False: it is to be made once more at once, and nothing is to be told yet. */
bool modbus_poll_done(struct modbus_poll *poll, int request, const struct modbus_result *result);
/* A request that is late by a whole interval and is given up for this time, or -1: its slave is
 * not asked now, or the bus is too slow for all that it is asked.
 */
int modbus_poll_skip(struct modbus_poll *poll, uint64_t now_ns);
/* A request that is due, on a bus that cannot be used: given up for this time. -1: none is due. */
int modbus_poll_pass(struct modbus_poll *poll, uint64_t now_ns, uint64_t *until_ns);

#endif
