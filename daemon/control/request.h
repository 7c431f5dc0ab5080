/* SPDX-License-Identifier: GPL-2.0-only */
/* What more than one command reads from its request. Each returns NULL, or an error to be sent. */
#ifndef HYDROPON_REQUEST_H
#define HYDROPON_REQUEST_H

#include <stddef.h>

#include <json-c/json_types.h>

#include "base/conf.h"

#define REQUEST_WHO 48

/* "channel": its index in the configuration. */
struct json_object *request_channel(const struct conf *conf, struct json_object *request,
				    size_t *index);
/* "who": the person; "nobody named" if it is left out. */
struct json_object *request_who(struct json_object *request, char who[REQUEST_WHO]);

#endif
