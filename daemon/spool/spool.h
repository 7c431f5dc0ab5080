/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The spool of hydropond: the journal in <state_dir>/spool, with the configuration's channels
 * as its series, and the mark that tells the forwarder how far it goes. One thread, one
 * process: the directory is locked. docs/spool-format.md describes the files.
 */
#ifndef HYDROPON_SPOOL_H
#define HYDROPON_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/sample.h"
#include "spool/journal.h"
#include "spool/keep_note.h"
#include "spool/time_search.h"

enum {
	SPOOL_BATCH_SAMPLES = JOURNAL_COMMIT_SAMPLES,
	/* So far back is looked for what is kept of outputs: it must be written again as often. */
	SPOOL_KEEP_BLOCKS = 30,
};

/* The least max-bytes that a spool needs. */
#define SPOOL_MIN_BYTES (4u << 20)

struct spool;

/*
 * Opens the spool of @conf, which must outlive it, after whatever end, and makes it if need be.
 * @passes_unreadable: what the disk cannot read is lost, and told; else that is -EIO. 0; -EBUSY
 * if another process has it; -EPROTONOSUPPORT: a later version wrote it; or -errno.
 */
int spool_open(const struct conf *conf, bool passes_unreadable, struct spool **out);
void spool_close(struct spool *spool);

/*
 * Commits 1 .. SPOOL_BATCH_SAMPLES samples: durable once 0 is returned. -EINVAL: a
 * sample of no known channel, nothing was done. -ENODEV: the directory is not that of the
 * configuration any more, close it and open another. Any other -errno: nothing was
 * committed, and the spool must be recovered before the samples are appended again.
 */
int spool_append(struct spool *spool, const struct sample *samples, size_t n);
/* The same of notes, as journal_notes(), and of one. */
int spool_notes(struct spool *spool, const struct journal_note *notes, size_t n);
int spool_note(struct spool *spool, const void *bytes, size_t size);
/* 0; -ENODEV as above; or -errno: call it again. */
int spool_recover(struct spool *spool);
/* Makes a block of what was committed if it is time; to be called after commits. */
void spool_tend(struct spool *spool, uint64_t now_ns);
/* Whether spool_tend() would. */
bool spool_is_block_due(const struct spool *spool, uint64_t now_ns);

/* Of the newest segment: another one, once blocks go to another. */
uint64_t spool_generation(const struct spool *spool);

/* What the spool knows of time. 0 or -errno: then @found is what could be found. */
int spool_find_time(struct spool *spool, struct time_found *found);

/* The newest note of what is kept of outputs. 0; -ENOENT: there is none; -EBADMSG: one that is newer may have
 * been lost; or -errno.
 */
int spool_find_keep(struct spool *spool, struct keep_note *found);

/* 0, or -errno of the newest block: it and what follows are in the ring alone. */
int spool_block_error(const struct spool *spool);

void spool_stats(const struct spool *spool, struct journal_stats *out);

#endif
