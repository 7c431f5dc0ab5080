/* SPDX-License-Identifier: GPL-2.0-only */
/* Why a channel is judged as it is: docs/control-protocol.md describes it. Main thread only. */
#ifndef HYDROPON_EXPLAIN_H
#define HYDROPON_EXPLAIN_H

#include <json-c/json_types.h>

#include "channel/channel.h"

/* The answer for a channel, by its index in the configuration; to be put by the caller. */
struct json_object *explain_build(const struct channels *channels, size_t index, uint64_t now_ns);

#endif
