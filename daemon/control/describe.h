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

void describe_string(struct json_object *object, const char *key, const char *value);
void describe_bool(struct json_object *object, const char *key, bool value);
void describe_count(struct json_object *object, const char *key, uint64_t value);
/* With short digits: json-c would print 6.123 with 17 of them. NULL, null: not finite. */
struct json_object *describe_new_number(double value);
/* In words; null for 0. */
void describe_error(struct json_object *object, const char *key, int error);

/* Adds armed, terminal, master_closed, interlocks and power. */
void describe_gateway(struct json_object *object, const struct hydropon_info *info);
/* Adds all of an output that the kernel alone knows. @known: it has such an output, and
 * its device is there; otherwise what would tell of its state is null. */
void describe_output(struct json_object *object, const struct hydropon_output_info *info,
		     bool known, uint64_t now_ns);

#endif
