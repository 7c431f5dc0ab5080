/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The journal: everything that a gateway has recorded, oldest first, each record with a number
 * that is never used again. This is its writing end; one thread. Committed means durable.
 *
 * A commit goes to the ring of slots; journal_block() makes one dense block of what has
 * gathered there. Nothing that was committed is in one place only until it is durable in the
 * next, and no page that holds it is ever written again before that.
 */
#ifndef HYDROPON_JOURNAL_H
#define HYDROPON_JOURNAL_H

#include "base/sample.h"
#include "spool/codec.h"
#include "spool/delivered.h"
#include "spool/disk.h"
#include "spool/frame.h"

enum {
	JOURNAL_COMMIT_SAMPLES = 4096,	/* most of one commit */
	JOURNAL_SLOTS = 256,		/* pages of the ring */
};

/* How the samples of a context are kept. */
struct journal_series {
	size_t n;			/* at most CODEC_SERIES */
	uint8_t decimals[CODEC_SERIES];
};

/* What explains records: bytes that the journal stores, compares and hands out. */
struct journal_context {
	const uint8_t *bytes;
	size_t size;			/* 1 .. CONTEXT_BYTES_MAX */
	/* False if these bytes, from whenever, are no context. */
	bool (*series)(const uint8_t *bytes, size_t size, struct journal_series *series);
};

struct journal_config {
	struct journal_context context;
	uint64_t max_bytes;		/* of all files; see journal_min_bytes() */
	uint32_t slots_pages;
	uint32_t segment_bytes;		/* whole pages */
	/* Random, for a new spool; never 0. */
	uint64_t (*new_id)(void);
	/* Whether a note is kept when the segment that holds it is given up for room, as far as an
	 * eighth of the next one goes; NULL: none is.
	 */
	bool (*is_kept)(const uint8_t *bytes, size_t size);
	/* Tells what every store has had of the spool of that id: what is given up first when it is
	 * full. Asked before room is made. NULL: nothing is known.
	 */
	void (*delivered)(void *data, uint64_t id, struct delivered *out);
	void *delivered_data;
	/*
	 * Whether pages that cannot be read hold nothing. An opening that may be tried again
	 * should not think so: it ends with -EIO.
	 */
	bool passes_unreadable;
	/* What is known to be committed to the spool of that id, from a mark: what is not there of
	 * it is lost, and its numbers are not used again.
	 */
	struct {
		uint64_t id, records, samples;
	} known;
};

struct journal_stats {
	uint64_t records, samples;	/* committed, over the life of the spool */
	uint64_t blocked;		/* records of them in blocks */
	uint64_t bytes;			/* of all files */
	uint64_t blocks;		/* made since it was opened */
	unsigned int bad_places;	/* found by opening: pages that should hold a frame */
	uint64_t lost_records;		/* found by opening: committed, and nowhere any more */
};

/* How far it may be read: what the reader in the other process is told. */
struct journal_mark {
	uint64_t id;
	uint64_t records, samples;	/* committed */
	uint64_t blocked;		/* records of them that are in blocks */
	uint64_t blocked_samples;
	uint64_t generation;		/* of the newest segment, with or without blocks */
	uint64_t current;		/* of the newest with blocks, 0: none can be written */
	uint32_t slot, slots_used;	/* where in the ring the others begin, and how far they go */
};

struct journal;

/* The least @max_bytes that works with a ring and segments of these sizes. */
uint64_t journal_min_bytes(uint32_t slots_pages, uint32_t segment_bytes);

/*
 * Opens what is there, after whatever end, or begins anew; @disk and the bytes of the context
 * must outlive it. 0; -EINVAL if the bound is too small or the segments are; or -errno, then it
 * may be tried again.
 */
int journal_open(struct disk *disk, const struct journal_config *config, struct journal **out);
void journal_close(struct journal *journal);

/*
 * Commits 1 .. JOURNAL_COMMIT_SAMPLES samples: durable once 0 is returned. -EINVAL: a sample
 * of no known series, nothing was done. Any other -errno: nothing was committed; journal_recover()
 * must succeed before it is tried again.
 */
int journal_append(struct journal *journal, const struct sample *samples, size_t n);
enum { JOURNAL_COMMIT_NOTES = 16 };	/* most of one commit */

struct journal_note {
	uint32_t size;			/* 1 .. NOTE_BYTES_MAX */
	uint8_t bytes[NOTE_BYTES_MAX];
};

/* The same of 1 .. JOURNAL_COMMIT_NOTES records of another kind. */
int journal_notes(struct journal *journal, const struct journal_note *notes, size_t n);
/* The same of one. */
int journal_note(struct journal *journal, const void *bytes, size_t size);
/* Puts another ring in the place of one that failed. 0 also if that is not needed. */
int journal_recover(struct journal *journal);

/* Makes a block of what is in the ring. 0, or -errno: it is all still there. */
int journal_block(struct journal *journal);
/* Whether the ring fills up, so that a block should be made before its time. */
bool journal_is_filling(const struct journal *journal);

void journal_stats(const struct journal *journal, struct journal_stats *out);
void journal_mark(const struct journal *journal, struct journal_mark *out);

#endif
