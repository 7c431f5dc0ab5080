/* SPDX-License-Identifier: GPL-2.0-only */
/* The command "calibrate" of the control socket (docs/control-protocol.md). Main thread only. */
#ifndef HYDROPON_CALIBRATE_COMMAND_H
#define HYDROPON_CALIBRATE_COMMAND_H

#include <json-c/json_types.h>

#include "control/status.h"

/* The answer, to be put. */
struct json_object *calibrate_command(const struct status_sources *sources,
				      struct json_object *request);

#endif
