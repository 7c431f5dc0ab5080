/* SPDX-License-Identifier: GPL-2.0-only */
/* Stamps of samples for people: milliseconds since 1970, and text. */
#ifndef HYDROPON_STAMP_H
#define HYDROPON_STAMP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define STAMP_SIZE 40

/*
 * "2026-11-28", "2026-11-28T10:00", "2026-11-28T10:00:30.123", in local time, or with a Z
 * behind in UTC; or "-2h", so long before @now_ms. False: @why says what is wrong, and what to do.
 */
bool stamp_parse(const char *text, int64_t now_ms, int64_t *ms, char *why, size_t why_size);
/* "2026-11-28T10:00:30+01:00" */
const char *stamp_local(int64_t ms, char text[STAMP_SIZE]);
/* "2026-11-28T09:00:30.123Z" */
const char *stamp_utc(int64_t ms, char text[STAMP_SIZE]);

#endif
