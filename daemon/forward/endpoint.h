/* SPDX-License-Identifier: GPL-2.0-only */
/* Where a store wants its lines, and how it knows who sends them. */
#ifndef HYDROPON_ENDPOINT_H
#define HYDROPON_ENDPOINT_H

#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"

/* A base URL, a path with a stamp, and names of which each character may be escaped. */
enum { ENDPOINT_URL_MAX = CONF_URL_MAX + 192 + 2 * 3 * CONF_WORD_MAX, CREDENTIAL_MAX = 2048 };

/*
 * The whole write URL with a precision of milliseconds:
 *	influxdb-1		/write?db=DATABASE[&rp=POLICY]
 *	influxdb-2		/api/v2/write?org=ORG&bucket=BUCKET
 *	influxdb-3		/api/v3/write_lp?db=DATABASE&no_sync=false
 *	victoriametrics		/write
 *	line-protocol		as it is
 */
void endpoint_url(const struct conf_store *conf, char url[ENDPOINT_URL_MAX]);

/*
 * Where VictoriaMetrics tells of the points of a series named @name and of one gateway, from the stamp
 * @from_ms on.
 */
void endpoint_export_url(const struct conf_store *conf, const char *name, const char *gateway,
			 int64_t from_ms, char url[ENDPOINT_URL_MAX]);

/*
 * Reads a token or password from @file, which nobody but its owner may read, or, without a
 * slash, from the systemd credential of that name; white space around it does not count.
 * Returns NULL, or a sentence with what to do, good until the next call.
 */
const char *credential_read(const char *file, char credential[CREDENTIAL_MAX]);

/* The value of Authorization for a token. */
void endpoint_authorization(const struct conf_store *conf, const char *token, char *out, size_t size);

#endif
