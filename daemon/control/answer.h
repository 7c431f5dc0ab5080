/* SPDX-License-Identifier: GPL-2.0-only */
/* Answers of the control sockets that more than one command gives. */
#ifndef HYDROPON_ANSWER_H
#define HYDROPON_ANSWER_H

#include <json-c/json_types.h>

/* {"ok":false,"error":...}, to be put. */
struct json_object *new_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
