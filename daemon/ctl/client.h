/* SPDX-License-Identifier: GPL-2.0-only */
/* One request to hydropond and its answer; never longer than CLIENT_TIMEOUT_MS. */
#ifndef HYDROPON_CLIENT_H
#define HYDROPON_CLIENT_H

#include <stddef.h>

#include <json-c/json_types.h>

#define CLIENT_TIMEOUT_MS 3000
#define CLIENT_ANSWER_MAX (1024 * 1024)

/*
 * Sends @request (a line, with its newline) to @socket below @dir. 0 and an object in
 * @answer, to be put; or -errno, meaning that hydropond cannot be reached:
 * -ENOENT, -ECONNREFUSED: not running, -ETIMEDOUT: does not answer, -EACCES: not
 * allowed, -EPROTO: what answers is not hydropond.
 */
int client_ask(const char *dir, const char *socket, const char *request,
	       struct json_object **answer);
/* One sentence on such an error, with a remedy. */
void client_explain(int error, const char *dir, const char *socket, char *text, size_t size);

#endif
