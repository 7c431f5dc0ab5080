/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The gateway's and the outputs' part of the status document for people. A document that
 * was made from the kernel's words alone says nothing of what is wanted.
 */
#ifndef HYDROPON_SHOW_OUTPUT_H
#define HYDROPON_SHOW_OUTPUT_H

#include <json-c/json_types.h>

#include "ctl/problems.h"

#define TIME_SIZE 32

/* "12 s", or "never" if it is no number. @text: TIME_SIZE */
const char *time_text(struct json_object *object, const char *key, char *text);

/* Mains power, and the master contactor. */
void find_gateway_problems(struct problems *problems, struct json_object *status);
/* To be freed with free(). @is_protected: the kernel has been asked. */
struct table *show_outputs(struct problems *problems, struct json_object *status,
			   bool is_protected);

#endif
