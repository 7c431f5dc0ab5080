/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The writing end of the spool. One thread, one process: the directory is locked.
 * After a failed append only spool_recover() and spool_close() may follow.
 */
#ifndef HYDROPON_SPOOL_H
#define HYDROPON_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/sample.h"

struct spool;

/*
 * Opens <state_dir>/spool/log of @conf, which must outlive it, making it if need be.
 * Reads the whole file, so it takes as long as that. 0; -EBUSY if another process
 * has it; or -errno.
 */
int spool_open(const struct conf *conf, struct spool **out);
void spool_close(struct spool *spool);

/* Whether @n more samples stay within spool_max_bytes. */
bool spool_has_room(const struct spool *spool, size_t n);
/*
 * Commits 1 .. SPOOL_BATCH_SAMPLES samples: durable once 0 is returned. -EINVAL: a
 * sample of no known channel, nothing was done. Any other -errno: nothing was
 * committed, and the file must be recovered before the samples are appended again.
 */
int spool_append(struct spool *spool, const struct sample *samples, size_t n);
/* Opens the file anew and cuts it at the last commit. 0 or -errno: call it again. */
int spool_recover(struct spool *spool);

uint64_t spool_id(const struct spool *spool);
/* Samples committed over the life of the spool, replaced files included. */
uint64_t spool_produced(const struct spool *spool);
uint64_t spool_bytes(const struct spool *spool);

#endif
