/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The line or connection of a bus: asks a question and waits for its answer. Every wait has an
 * end that is known beforehand, whatever the other side does, and ends at once when the stop
 * file becomes readable. One thread.
 */
#ifndef HYDROPON_MODBUS_LINK_H
#define HYDROPON_MODBUS_LINK_H

#include "acquire/modbus_frame.h"

#define MODBUS_CONNECT_MS 2000

struct modbus_link;

/* @conf must outlive it; @stop_fd: an eventfd. NULL: out of memory or of files. */
struct modbus_link *modbus_link_new(const struct conf_bus *conf, int stop_fd);
void modbus_link_free(struct modbus_link *link);
/* 0 or -errno; -ECANCELED: the thread shall end. */
int modbus_link_open(struct modbus_link *link);
void modbus_link_close(struct modbus_link *link);
bool modbus_link_is_open(const struct modbus_link *link);
/*
 * Asks @slave. What came unasked before is thrown away and counted in result->foreign, as are
 * answers to other questions while it waits. After anything but an answer the line is drained,
 * and a connection closed: what comes late is not to be taken for the answer to the next question.
 * At most: 20 ms for a line that is never silent; the question's time on the wire; the response
 * timeout; twice the answer's time on the wire; the byte timeout, and four of them to drain.
 */
void modbus_link_ask(struct modbus_link *link, const struct conf_slave *slave,
		     const struct modbus_question *question, struct modbus_answer *answer,
		     struct modbus_result *result);

#endif
