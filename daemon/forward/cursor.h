/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a store is in the spool, and the sum of what became of every sample:
 *
 *	earlier + (known - start) = delivered + set aside + dropped + queued
 *
 * docs/spool-format.md has the file. Nothing here reads the spool.
 */
#ifndef HYDROPON_CURSOR_H
#define HYDROPON_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "forward/allowance.h"
#include "spool/reader.h"

enum { CURSOR_RANGES = 16 };

/* Delivered before what is older, so that what is new need not wait for it. */
struct cursor_range {
	uint64_t first, end;		/* records */
	uint64_t passed, passed_end;	/* samples before these, over the life of the spool */
};

struct cursor {
	uint64_t id;			/* of the spool, 0: none seen yet */
	uint64_t record;		/* the next that the store has not had */
	uint64_t passed;		/* samples before it, over the life of the spool */
	uint64_t start;			/* of them before the place where this store began */
	uint64_t earlier;		/* produced for this store before this spool */
	uint64_t known;			/* most samples seen of it, never below passed */
	uint64_t delivered, set_aside;
	uint64_t dropped_full;		/* given up for room before the store had them */
	uint64_t dropped_corrupt;	/* unreadable in the spool */
	uint64_t dropped_replaced;	/* queued in a spool that is no longer there */
	uint64_t dropped_undated;	/* passed over: nothing tells when they were taken */
	uint64_t dropped_beyond;	/* older than the store keeps any */
	struct allowance allowance;	/* of the line to this store */
	uint64_t ranges_n;
	struct cursor_range ranges[CURSOR_RANGES];	/* beyond record, apart, in order */
};

/* 0; -ENOENT; -EBADMSG if it is no cursor; or -errno. */
int cursor_load(const char *path, struct cursor *cursor);
/* Durable once 0 is returned. */
int cursor_save(const char *path, const struct cursor *cursor);

enum cursor_fit {
	CURSOR_FITS,
	CURSOR_BEGUN,		/* the first spool of this store */
	CURSOR_REPLACED,	/* another spool: what was queued is counted as dropped */
	CURSOR_REWOUND,		/* the spool lost what it held: back to its start */
	CURSOR_AHEAD,		/* beyond what may be read now: wait for hydropond */
};

/* Brings @cursor in line with the spool of @view. @begins_at_oldest: one that has seen no spool
 * begins at the oldest record, and not with what comes now.
 */
enum cursor_fit cursor_follow(struct cursor *cursor, const struct spool_view *view,
			      bool begins_at_oldest);
/* Goes to a place before or at the next range, and over the ranges that begin there. */
void cursor_move(struct cursor *cursor, uint64_t record, uint64_t passed);
/* Goes over a hole. Returns how many samples in it were not delivered. */
uint64_t cursor_drop(struct cursor *cursor, uint64_t end, uint64_t passed_end);
/* The first record beyond its place that has been delivered; UINT64_MAX if none has. */
uint64_t cursor_next_range(const struct cursor *cursor);
/* Whether a range may begin at @record: it goes on with the last one, or there is room. */
bool cursor_may_deliver_ahead(const struct cursor *cursor, uint64_t record);
/* That range was delivered, beyond all others. Its samples are counted by the caller. */
void cursor_deliver_ahead(struct cursor *cursor, const struct cursor_range *range);
/* What was delivered ahead will be delivered again. */
void cursor_forget_ranges(struct cursor *cursor);
/* Back to the start of the spool: all of it is delivered again. */
void cursor_rewind(struct cursor *cursor, const struct spool_view *view);

/* As of the last cursor_follow(). */
uint64_t cursor_produced(const struct cursor *cursor);
uint64_t cursor_queued(const struct cursor *cursor);
/* Produced less all that is known to have become of it: 0, or there is a fault. */
int64_t cursor_uncounted(const struct cursor *cursor);

#endif
