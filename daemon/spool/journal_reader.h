/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reading end of the journal, also for another process than the one that writes it. Never
 * writes, never waits. One thread. What it has read is checked, and was whole; where the
 * writer is faster, and has given up what is asked for, that is what it tells.
 */
#ifndef HYDROPON_JOURNAL_READER_H
#define HYDROPON_JOURNAL_READER_H

#include "spool/journal.h"
#include "spool/leftover.h"
#include "spool/pending.h"
#include "spool/segments.h"

struct journal_reader;

/* Records that follow each other. The pointers are good until the next call of the reader. */
struct journal_batch {
	uint64_t first;			/* number of the first */
	uint64_t samples;		/* before it, over the life of the spool */
	const struct pending *records;
	const uint8_t *context;		/* what explains them */
	size_t context_size;
};

/* Where there is nothing to read any more. */
struct journal_hole {
	uint64_t first, end;		/* record numbers */
	uint64_t samples_end;		/* before @end, over the life of the spool */
	bool is_given_up;		/* for room, and counted; else it is damaged or gone */
};

/* A place that should hold records and does not, or that makes no sense. */
struct journal_damage {
	char file[DISK_NAME_MAX];
	uint64_t at;			/* its byte */
	uint64_t first, records;	/* that are missing because of it; 0 records: none is */
};

/* @series: as of journal_context. NULL: out of memory. */
struct journal_reader *journal_reader_open(struct disk *disk,
					   bool (*series)(const uint8_t *bytes, size_t size,
							  struct journal_series *series));
void journal_reader_close(struct journal_reader *reader);
/* From here on pages that cannot be read are holes, and not -EIO: after some tries. */
void journal_reader_pass_unreadable(struct journal_reader *reader, bool passes);

/*
 * Looks what there is, up to @mark; NULL: nothing is known of a writer, and blocks are taken
 * for as far as they are good. 0; -ENOENT if there is no journal, -ESTALE if it is another
 * one than the mark says; or -errno.
 */
int journal_reader_refresh(struct journal_reader *reader, const struct journal_mark *mark);
/*
 * The same in a folder that the caller keeps writers out of during this call: the ring is read
 * as the next opening would read it. @known: NULL, or a mark that a writer has left: what it
 * tells of this journal and is not there is a hole. When somebody begins to write later,
 * journal_reader_get() gives -ESTALE where that matters.
 */
int journal_reader_refresh_unattended(struct journal_reader *reader,
				      const struct journal_mark *known);
/* As of the newest refresh. Without a mark @records and @samples are what it has found. */
void journal_reader_mark(const struct journal_reader *reader, struct journal_mark *out);

/* The files, as of the newest refresh that returned 0; NULL if there is none since. */
const struct segments *journal_reader_segments(const struct journal_reader *reader);
/* What an unattended ring was found to be; NULL if that is not what was looked at last. */
const struct leftover *journal_reader_leftover(const struct journal_reader *reader);
/*
 * From here on @tell is called for damage that a reading comes by: of each place once, if every
 * batch and hole is asked for in turn.
 */
void journal_reader_tell(struct journal_reader *reader,
			 void (*tell)(void *data, const struct journal_damage *damage), void *data);

/* The oldest record that is in a segment, and the samples before it; the first in the ring if
 * none is.
 */
void journal_reader_first(const struct journal_reader *reader, uint64_t *record, uint64_t *samples);

/* The oldest record of those that were kept of what was given up. 0; -ENOENT: there is none; or
 * -errno.
 */
int journal_reader_first_kept(struct journal_reader *reader, uint64_t *record);

/*
 * The batch that holds record @at; where it was given up and is a note that was kept, that note
 * alone. 0; -EAGAIN: not committed yet; -ENODATA: @hole tells how far
 * there is nothing; -ESTALE: the writer has gone on, refresh and try again; or -errno.
 */
int journal_reader_get(struct journal_reader *reader, uint64_t at, struct journal_batch *batch,
		       struct journal_hole *hole);

#endif
