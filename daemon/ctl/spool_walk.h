/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The samples of a spool within a span of time, oldest record first: of all channels, or of
 * some. hydropond goes on meanwhile. What is said on standard error is said here.
 */
#ifndef HYDROPON_CTL_SPOOL_WALK_H
#define HYDROPON_CTL_SPOOL_WALK_H

#include "ctl/spool.h"
#include "spool/point.h"

struct spool_walk {
	struct spool_source source;
	int64_t from_ms, to_ms;		/* the first stamp that is asked for, the first that is not */
	const char *const *channels;	/* NULL: all */
	size_t channels_n;
	bool found[HYDROPON_MAX_CHANNELS];	/* a series of channels[] */
	struct spool_schema schema;	/* the newest that was read */
	uint64_t missing, given_up;	/* records */

	/* What explains the samples that come next. NULL: nobody wants to know before. */
	void (*explain)(void *data, const struct spool_schema *schema);
	/*
	 * NULL: only points are wanted. Sample of series @series of @schema: within the span, with its date; or, if @date is not
	 * DATE_KNOWN, with what its clock said.
	 */
	void (*sample)(void *data, const struct spool_schema *schema, const struct sample *sample,
		       enum date date);
	/* A point within the span, where all channels are asked for; also one that was kept of what
	 * was given up for room. NULL: none is wanted.
	 */
	void (*point)(void *data, const struct spool_schema *schema, const struct point *point);
	/* Whether no more is wanted. NULL: never */
	bool (*is_enough)(void *data);
	void *data;
};

/*
 * Reads the bounds: NULL: none; what is relative is so to @now_ms. False, and told, if one is no
 * time, or they are in the wrong order.
 */
bool spool_walk_bounds(struct spool_walk *walk, const char *from, const char *to, int64_t now_ms);
/* Opens what walk->source will be. 0, or an exit code after telling. */
int spool_walk_open(struct spool_walk *walk, const struct spool_options *options);
/* The newest stamp that is in the spool. False: none has a date. */
bool spool_walk_newest(struct spool_walk *walk, int64_t *ms);
/* That of the oldest record. False: it has none, or is not there. */
bool spool_walk_oldest(struct spool_walk *walk, int64_t *ms);
/* All of it. 0, or an exit code after telling, also of what could not be read. */
int spool_walk(struct spool_walk *walk);

#endif
