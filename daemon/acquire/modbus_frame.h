/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Questions and answers of Modbus as bytes. libmodbus makes and checks them, and is given one end
 * of a socket pair in place of the line: its own waits begin anew with each byte and cannot be
 * told to stop, so that a slave that dribbles would hold the thread for minutes.
 * One thread each.
 */
#ifndef HYDROPON_MODBUS_FRAME_H
#define HYDROPON_MODBUS_FRAME_H

#include <stddef.h>

#include "acquire/modbus_poll.h"

#define MODBUS_FRAME_MAX 260		/* of Modbus over TCP; over a line 256 */
#define MODBUS_FRAME_DATA 250		/* of an answer */

struct modbus_question {
	uint8_t slave;
	enum conf_table table;
	uint16_t first, count;
};

struct modbus_answer {
	size_t bytes;
	uint8_t data[MODBUS_FRAME_DATA];	/* registers, or bits from the lowest on */
};

struct modbus_frame;

/* NULL: out of memory or of files. */
struct modbus_frame *modbus_frame_new(enum conf_bus_kind kind);
void modbus_frame_free(struct modbus_frame *frame);

/* Returns the number of bytes in @bytes, or -errno. */
int modbus_frame_ask(struct modbus_frame *frame, const struct modbus_question *question,
		     uint8_t bytes[MODBUS_FRAME_MAX]);
/* How long the answer to @question is if all is well. */
size_t modbus_frame_expected(const struct modbus_frame *frame,
			     const struct modbus_question *question);
/* How long the frame is that begins with these bytes: 0: they do not tell yet. Never more than
 * MODBUS_FRAME_MAX.
 */
size_t modbus_frame_length(const struct modbus_frame *frame, const uint8_t *bytes, size_t n);

enum modbus_verdict {
	MODBUS_VERDICT_ANSWER,
	MODBUS_VERDICT_EXCEPTION,
	MODBUS_VERDICT_FOREIGN,		/* whole, and the answer to another question */
	MODBUS_VERDICT_BROKEN,
};

/* Of a whole frame. @error: of an exception what the slave means by it. */
enum modbus_verdict modbus_frame_judge(struct modbus_frame *frame,
				       const struct modbus_question *question,
				       const uint8_t *bytes, size_t n,
				       struct modbus_answer *answer, int *error);

/* The registers or bits of an answer, from @offset on: for modbus_value(). */
void modbus_answer_words(const struct modbus_answer *answer, enum conf_table table, size_t offset,
			 size_t n, uint16_t *words);

#endif
