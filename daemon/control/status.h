/* SPDX-License-Identifier: GPL-2.0-only */
/* The status document: docs/control-protocol.md describes it. Main thread only. */
#ifndef HYDROPON_STATUS_H
#define HYDROPON_STATUS_H

#include <json-c/json_types.h>

#include "control/calibrator.h"
#include "control/forwarder.h"
#include "protect/turn.h"
#include "spool/spooler.h"

/* Where it takes everything from. Owns nothing. */
struct status_sources {
	const struct conf *conf;
	struct turn *turn;
	struct spooler *spooler;
	struct forwarder *forwarder;
	struct calibrator *calibrator;
	uint64_t started_ns;		/* BOOTTIME */
};

/* To be put by the caller. */
struct json_object *status_build(const struct status_sources *sources);

#endif
