/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One store: takes what is committed from the spool, in order, in requests of at
 * most batch_lines lines, and moves its cursor only when the store has answered 204.
 * A refused request is halved until the refused line is alone; that one is set aside if
 * the store takes others.
 * Any other answer keeps everything, and is asked again after a pause.
 */
#ifndef HYDROPON_STORE_H
#define HYDROPON_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>

#include "base/conf.h"
#include "forward/canary.h"
#include "forward/cursor.h"
#include "forward/parcel.h"
#include "spool/reader.h"

struct store;

/* What all stores of the process use, one at a time. */
struct store_tools {
	const struct conf *conf;
	struct packing packing;
	CURLM *multi;
};

enum store_state {
	STORE_OK,
	STORE_BACKOFF,		/* the store or the disk does not take what it is given */
	STORE_WAITING,		/* there is no spool to read now */
};

struct store_report {
	const char *name, *url;		/* url without user, password and query */
	enum store_state state;
	const char *error;		/* NULL: none */
	struct cursor cursor;
	uint64_t not_finite;		/* values left out since start: no numbers */
	int64_t lag_ms;			/* age of the oldest queued sample, -1: not known */
	int64_t last_ok_ms;		/* wall time of the newest 204, 0: none since start */
	int64_t expires_ms;		/* of its certificate, 0: not known */
	enum repeated repeated;		/* what it makes of a point that comes twice */
	uint64_t monthly_bytes;		/* its budget, 0: none; cursor.allowance has what is used */
};

/*
 * Loads its cursor from <state_dir>/cursors, which must be there, or begins one; if that
 * fails its turns try again. @tools must outlive it; @random is any number but 0. NULL
 * after an error that was logged.
 */
struct store *store_new(const struct conf_store *conf, struct store_tools *tools, uint32_t random);
/* Breaks off a request that is under way: its samples stay queued. */
void store_free(struct store *store);

/*
 * Sends the next request if it is time. @spool_error: what the newest refresh of the
 * reader returned. Call it again when something has happened, and at least every
 * 200 ms.
 */
void store_turn(struct store *store, int spool_error, uint64_t now_ns);
bool store_is_busy(const struct store *store);
/* BOOTTIME before which store_turn() will not send, 0: now. */
uint64_t store_retry_ns(const struct store *store);
/* Counts up whenever the report changes in more than its ages. */
uint64_t store_changes(const struct store *store);
/* The strings are good until the next call. */
void store_report(const struct store *store, int64_t wall_ms, struct store_report *report);

#endif
