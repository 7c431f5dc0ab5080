/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two sockets in run_dir: status.sock for everybody, control.sock for group
 * hydropon. A client that is slow, silent or hostile costs a bounded buffer and
 * nobody's time:
 *   - at most SERVER_CLIENTS_MAX on each socket; one more is told so and closed
 *   - a line longer than SERVER_REQUEST_MAX is answered with an error, then closed
 *   - no request is read while an answer is not yet taken, so that one answer is all
 *     that is ever kept for a client
 *   - one request a dispatch, in priority behind all else in the loop, and among
 *     clients behind those that have waited longer
 *   - after SERVER_BUDGET dispatches of all clients together a rest of
 *     SERVER_REST_MS, so that no flood keeps the loop from sleeping
 *   - idle_ms without a complete request: closed
 * Main thread only.
 */
#ifndef HYDROPON_SERVER_H
#define HYDROPON_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#define SERVER_CLIENTS_MAX 16
#define SERVER_REQUEST_MAX 4096
#define SERVER_BUDGET 8
#define SERVER_REST_MS 100
#define SERVER_IDLE_MS 30000	/* for idle_ms; it is looked at once a second */

struct server;

/* Returns the answer to a line, newline and NUL at its end, to be freed. */
typedef char *server_answer(void *data, const char *line, size_t length, bool may_control);

/*
 * Listens on both sockets below @run_dir, which is made if it is missing, and must
 * outlive the server. A stale socket is replaced; -EADDRINUSE if another hydropond
 * answers. What else keeps a socket from being bound is logged and tried again every
 * second: it ends neither leases nor sampling. Errors have been logged.
 */
int server_start(struct server **server, sd_event *event, const char *run_dir,
		 uint32_t idle_ms, server_answer *answer, void *data);
/* Closes all clients and removes the sockets. */
void server_stop(struct server *server);

#endif
