/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Requests and answers of the control sockets, one JSON object a line. A request is
 * hostile until proven otherwise. docs/control-protocol.md describes them.
 */
#ifndef HYDROPON_PROTOCOL_H
#define HYDROPON_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>

#include "control/status.h"

struct protocol {
	const struct status_sources *sources;
	struct turn *turn;	/* run after what changes an output, so that it acts at once */
};

/* The answer to one line (without its newline), newline and NUL at the end; to be
 * freed. @may_control: false on the status socket. NULL: out of memory. */
char *protocol_answer(const struct protocol *protocol, const char *line, size_t length,
		      bool may_control);
/* An error answer in the same form. */
char *protocol_error(const char *sentence);

#endif
