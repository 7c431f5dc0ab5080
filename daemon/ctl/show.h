/* SPDX-License-Identifier: GPL-2.0-only */
/* The status document for people: first what is not as it should be, then all of it. */
#ifndef HYDROPON_SHOW_H
#define HYDROPON_SHOW_H

#include <stdbool.h>
#include <stdio.h>

#include <json-c/json_types.h>

/* Whatever is missing in @status, or of another type, is shown as not known. */
void show_status(FILE *out, struct json_object *status, bool colour);
/* The same of a document that the kernel's words alone made. */
void show_kernel(FILE *out, struct json_object *document, bool colour);

#endif
