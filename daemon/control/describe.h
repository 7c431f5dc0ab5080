/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel says of a gateway and of an output, as the status document says it
 * (docs/control-protocol.md). Also for whoever has asked the kernel by itself.
 */
#ifndef HYDROPON_DESCRIBE_H
#define HYDROPON_DESCRIBE_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json_types.h>
#include <linux/hydropon.h>

/* Adds armed, terminal, master_closed, interlocks and power. */
void describe_gateway(struct json_object *object, const struct hydropon_info *info);
/* Adds all of an output that the kernel alone knows. @known: it has such an output, and
 * its device is there; otherwise what would tell of its state is null. */
void describe_output(struct json_object *object, const struct hydropon_output_info *info,
		     bool known, uint64_t now_ns);

#endif
