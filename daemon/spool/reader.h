/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reading end of the spool, for another process than the one that writes it.
 * Never writes, never waits. One thread.
 */
#ifndef HYDROPON_SPOOL_READER_H
#define HYDROPON_SPOOL_READER_H

#include <stddef.h>
#include <stdint.h>

#include "spool/format.h"

struct spool_reader;

/* A batch of samples; the pointers are good until the next call of the reader. */
struct spool_batch {
	uint64_t offset, next;		/* where it begins, and the one after it */
	uint64_t before;		/* produced before its first sample */
	size_t count;
	const uint8_t *samples;		/* count times SPOOL_SAMPLE_BYTES */
	const struct spool_schema *schema;	/* its series cover all the samples */
};

/* How far the spool may be read now. */
struct spool_view {
	uint64_t id, start;		/* as in the file's header */
	uint64_t first;			/* offset of the first batch */
	uint64_t end;			/* of what is committed */
	uint64_t produced;		/* up to end */
	bool is_marked;			/* end is what hydropond says, not a guess */
};

/* NULL: out of memory. The spool need not be there yet. */
struct spool_reader *spool_reader_open(const char *state_dir, const char *run_dir);
void spool_reader_close(struct spool_reader *reader);

/*
 * Looks how far the spool is committed now, and whether it was replaced: to be
 * called now and then. 0; -ENOENT if there is no spool; -EAGAIN if hydropond is just
 * replacing it; -EBADMSG if it or the mark cannot be read as such; or -errno.
 */
int spool_reader_refresh(struct spool_reader *reader);
/* As of the last refresh that returned 0; NULL if there was none since the last
 * that did not. */
const struct spool_view *spool_reader_view(const struct spool_reader *reader);

/*
 * Reads the first batch of samples at or after *@offset, which must be the beginning
 * of a batch; *@offset becomes its. 0; -EAGAIN if nothing more is committed there;
 * -EBADMSG if it is not good; or -errno.
 */
int spool_reader_next(struct spool_reader *reader, uint64_t *offset, struct spool_batch *batch);
/*
 * Goes past a bad place: looks for the next good batch of samples after *@offset. 0
 * with *@offset of it; -EAGAIN or -ENODATA (there is none yet) if the search is to be
 * called again from *@offset, in the next turn; or -errno.
 */
int spool_reader_skip(struct spool_reader *reader, uint64_t *offset, struct spool_batch *batch);

#endif
