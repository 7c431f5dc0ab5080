/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * When which board of a bus is written to or read. Each is asked on a grid of its interval; while
 * it is at its answer the bus is free for the others. A turn is all that it is asked for one
 * reading: its settings too, each EZO_CHECK_MS and after anything that went wrong. One that does
 * not answer is asked only now and then (acquire/breaker.h). No I/O and no clock of its own;
 * times are CLOCK_BOOTTIME. One thread.
 */
#ifndef HYDROPON_EZO_POLL_H
#define HYDROPON_EZO_POLL_H

#include "acquire/breaker.h"
#include "acquire/bus.h"
#include "acquire/ezo_board.h"

#define EZO_AGAIN_MS 50		/* after "still processing" */
#define EZO_LATE_MS 1000	/* so much longer than its data sheet says */
#define EZO_CHECK_MS 30000

struct ezo_device {
	struct device_stats stats;
	struct ezo_board board;
	struct breaker breaker;
	bool is_used;		/* it is on this bus, and a channel is read from it */
	bool is_in_turn;
	bool is_asked;		/* a command is written, and its answer is to be read */
	bool is_anew;		/* no reading since the start, or since it was given up */
	uint64_t due_ns;
	uint64_t ready_ns;	/* in a turn: not before */
	uint64_t asked_ns, end_ns;	/* while is_asked */
	uint64_t checked_ns;	/* when its settings were looked at */
	uint64_t busy_ns;	/* of the bus, in this turn */
};

struct ezo_poll {
	const struct conf *conf;
	struct ezo_device devices[CONF_MAX_EZOS];	/* by the configuration's index */
	struct probing probing;
};

/* One transfer. */
struct ezo_action {
	int device;		/* index in the configuration */
	uint32_t address;
	const char *command;	/* to be written; NULL: its answer is to be read */
};

enum ezo_outcome { EZO_GOES_ON, EZO_NUMBER, EZO_FAILED, EZO_LOST };

struct ezo_result {
	enum ezo_outcome outcome;
	int error;		/* EZO_FAILED, EZO_LOST (the bus itself): -errno */
	double number;		/* EZO_NUMBER */
	bool is_anew;		/* the first one of its device, or after it was given up */
};

void ezo_poll_begin(struct ezo_poll *poll, const struct conf *conf, int bus, uint64_t now_ns);
/* False: there is nothing to be done before *until_ns. */
bool ezo_poll_next(const struct ezo_poll *poll, uint64_t now_ns, struct ezo_action *action,
		   uint64_t *until_ns);
/* @error: of the transfer, 0 or -errno; @bytes: what was read. */
void ezo_poll_done(struct ezo_poll *poll, const struct ezo_action *action, int error,
		   const uint8_t bytes[EZO_ANSWER_BYTES], uint64_t begun_ns, uint64_t done_ns,
		   struct ezo_result *result);
/* A device that is not asked now and is due: its reading is given up for this time. -1: none is. */
int ezo_poll_skip(struct ezo_poll *poll, uint64_t now_ns);
/* The same on a bus that cannot be used, for any device. */
int ezo_poll_pass(struct ezo_poll *poll, uint64_t now_ns, uint64_t *until_ns);

#endif
