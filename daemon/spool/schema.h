/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What explains the samples of the spool: the gateway and its series, as one context of the
 * journal. docs/spool-format.md describes the bytes. What is read is taken as hostile.
 */
#ifndef HYDROPON_SPOOL_SCHEMA_H
#define HYDROPON_SPOOL_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "spool/journal.h"

enum {
	SPOOL_SCHEMA_MAX = 8192,	/* bytes of one */
	SPOOL_DECIMALS_MAX = 9,
};

struct spool_series {
	char channel[HYDROPON_NAME_MAX];
	char quantity[16];
	char unit[16];
	int decimals;
};

struct spool_schema {
	char gateway[64], site[64];
	size_t series_n;
	struct spool_series series[HYDROPON_MAX_CHANNELS];
};

/* The schema of @conf; returns its size. */
size_t spool_schema_put(uint8_t to[SPOOL_SCHEMA_MAX], const struct conf *conf);
/* False if the bytes are none, or break a limit above. */
bool spool_schema_get(const uint8_t *from, size_t size, struct spool_schema *schema);
/* The same, as a journal asks. */
bool spool_schema_series(const uint8_t *from, size_t size, struct journal_series *series);

#endif
