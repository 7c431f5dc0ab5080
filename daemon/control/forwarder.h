/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the forwarder says of itself in <run_dir>/forward/forward.json, in a folder of
 * its own. The spool thread reads and parses it, since main touches no file; main takes
 * over what was parsed. It informs the status and nothing else.
 */
#ifndef HYDROPON_FORWARDER_H
#define HYDROPON_FORWARDER_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json_types.h>

#include "base/conf.h"
#include "spool/point.h"

#define FORWARDER_FILE_MAX (64 * 1024)
#define FORWARDER_SILENT_MS 10000	/* not updated for longer: it is not running */

struct forwarder;

/* @run_dir must outlive it. NULL: out of memory. */
struct forwarder *forwarder_new(const char *run_dir);
void forwarder_free(struct forwarder *forwarder);
/* Spool thread, about once a second. */
void forwarder_read(struct forwarder *forwarder);
/* Spool thread. A point without a time for each store of the newest report, at most @max; none
 * while the forwarder does not run. Returns how many.
 */
size_t forwarder_health(struct forwarder *forwarder, struct point *points, size_t max);
/* Main thread. The newest good content, NULL if there never was one; it stays the
 * forwarder's and is good until the next call. @running: its process is there and
 * has updated the file within FORWARDER_SILENT_MS. */
struct json_object *forwarder_get(struct forwarder *forwarder, bool *running);

#endif
