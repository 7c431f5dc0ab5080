/* SPDX-License-Identifier: GPL-2.0-only */
/* The command "enter": a number that a person has measured (docs/control-protocol.md). */
#ifndef HYDROPON_ENTER_H
#define HYDROPON_ENTER_H

#include <json-c/json_types.h>

#include "protect/turn.h"

#define ENTER_DEFAULT_MS (4 * 3600 * 1000ULL)
#define ENTER_MAX_MS (7 * 24 * 3600 * 1000ULL)

/* The answer, to be put. */
struct json_object *enter_command(struct turn *turn, struct json_object *request);

#endif
