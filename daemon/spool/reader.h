/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reading end of the spool, for another process than the one that writes it.
 * Never writes, never waits. One thread.
 */
#ifndef HYDROPON_SPOOL_READER_H
#define HYDROPON_SPOOL_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spool/journal_reader.h"
#include "spool/schema.h"
#include "spool/time_search.h"

struct spool_reader;

/* Records that follow each other; the pointers are good until the next call of the reader. */
struct spool_batch {
	uint64_t first;			/* number of the first */
	uint64_t before;		/* samples before it, over the life of the spool */
	const struct pending *records;
	const struct spool_schema *schema;	/* its series cover all the samples */
};

/* How far the spool may be read now. */
struct spool_view {
	uint64_t id;
	uint64_t first, start;		/* the oldest record there is, and the samples before it */
	uint64_t records, samples;	/* committed, over the life of the spool */
	bool is_marked;			/* it is what hydropond says, not only what blocks show */
	bool is_unattended;		/* nobody had it to write, and the ring was read as well */
};

/* NULL: out of memory. The spool need not be there yet. */
struct spool_reader *spool_reader_open(const char *state_dir, const char *run_dir);
/*
 * For one who looks at a spool by himself, whether hydropond runs or not: @dir is its folder,
 * @run_dir where its mark would be, or NULL. Where nobody has the folder to write, the ring is
 * read by itself: no hydropond can begin while a refresh does that. Places that cannot be read
 * are holes. NULL: out of memory.
 */
struct spool_reader *spool_reader_look(const char *dir, const char *run_dir);
void spool_reader_close(struct spool_reader *reader);

/*
 * Looks how far the spool is committed now, and whether it was replaced: to be
 * called now and then. 0; -ENOENT if there is no spool; -EAGAIN if hydropond is just
 * replacing it; -ESTALE if the mark is older than all there is; -EBADMSG if the mark is none; -EPROTONOSUPPORT: a later version wrote it; or
 * -errno.
 */
int spool_reader_refresh(struct spool_reader *reader);
/* As of the last refresh that returned 0; NULL if there was none since the last
 * that did not. */
const struct spool_view *spool_reader_view(const struct spool_reader *reader);

/* The journal of it, for what only that knows; another one with each refresh. NULL: none. */
struct journal_reader *spool_reader_journal(struct spool_reader *reader);

/*
 * The batch that holds record @at. 0; -EAGAIN if it is not committed yet, or is where only the
 * next refresh will tell; -ENODATA: @hole tells how far there is nothing; or -errno.
 */
int spool_reader_get(struct spool_reader *reader, uint64_t at, struct spool_batch *batch,
		     struct journal_hole *hole);
/* The same where a place cannot be read, after some tries: it is a hole. */
int spool_reader_pass(struct spool_reader *reader, uint64_t at, struct spool_batch *batch,
		      struct journal_hole *hole);

/* The newest note of time, as time_search(). @passes_unreadable: what cannot be read is a hole. 0;
 * -EAGAIN: the next refresh will tell; or -errno. Batches that were given before are no good then.
 */
int spool_reader_find_time(struct spool_reader *reader, bool passes_unreadable,
			   struct time_found *found);

#endif
