/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYDROPON_REPORT_H
#define HYDROPON_REPORT_H

#include <stddef.h>
#include <stdint.h>

#include "forward/store.h"

/* "ok", "backoff", "waiting". */
const char *store_state_name(enum store_state state);

/* Replaces <run_dir>/forward/forward.json, and makes its folder if it is missing and
 * may be made. @wall_ms: now. 0 or -errno. */
int report_write(const char *run_dir, int64_t wall_ms, const struct store_report *stores, size_t n);

#endif
