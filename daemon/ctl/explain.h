/* SPDX-License-Identifier: GPL-2.0-only */
/* hydroponctl explain: why a channel is judged as it is. */
#ifndef HYDROPON_CTL_EXPLAIN_H
#define HYDROPON_CTL_EXPLAIN_H

#include <stdbool.h>
#include <stdio.h>

#include <json-c/json_types.h>

#include "ctl/command.h"

/* Returns the exit code. */
int explain(const struct command_line *line, const char *channel, bool as_json);
/* The answer for people. Whatever is missing in it is shown as not known. */
void explain_show(FILE *out, struct json_object *answer, bool colour);

#endif
