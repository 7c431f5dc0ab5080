/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a store makes of a point that comes twice, as the last batch before a power cut does:
 * InfluxDB has it once. VictoriaMetrics does with -dedup.minScrapeInterval=1ms, so there one point of
 * a series of its own is written twice, and read back: soon after the start, and each day. Of what
 * only speaks line protocol nobody knows how to ask.
 */
#ifndef HYDROPON_CANARY_H
#define HYDROPON_CANARY_H

#include <stdbool.h>
#include <stdint.h>

#include <curl/curl.h>

#include "base/conf.h"
#include "forward/gzip.h"

struct canary;

enum repeated {
	REPEATED_UNKNOWN,
	REPEATED_ONCE,		/* a point that comes twice is there once */
	REPEATED_TWICE,
};

/* @url: where the store of @conf wants its lines. NULL: out of memory. */
struct canary *canary_new(CURLM *multi, struct gzip *gzip, const struct conf *conf,
			  const struct conf_store *store, const char *url);
/* Breaks off a request that is under way. */
void canary_free(struct canary *canary);
/* Begins a request if it is time. To be called while the store takes lines. */
void canary_turn(struct canary *canary, uint64_t now_ns);
enum repeated canary_repeated(const struct canary *canary);
/* Bytes that it has put on the line since the last call. */
uint64_t canary_take_bytes(struct canary *canary);
/*
 * How often the point of @stamp_ms is in @text, an answer of VictoriaMetrics' /api/v1/export;
 * -1: that is none.
 */
int canary_count(const char *text, int64_t stamp_ms);

#endif
