/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The committed mark in run_dir: how far the spool is durable. Written by hydropond
 * after each commit, read by the forwarder.
 */
#ifndef HYDROPON_SPOOL_MARK_H
#define HYDROPON_SPOOL_MARK_H

#include <stdint.h>

struct spool_mark {
	uint64_t id;		/* of the spool */
	uint64_t offset;	/* end of the last committed batch */
	uint64_t produced;	/* samples committed up to there, over the spool's life */
};

/* 0 or -errno. */
int spool_mark_publish(const char *run_dir, const struct spool_mark *mark);
/* 0, -ENOENT if there is none, -EBADMSG if it is not a mark, or -errno. */
int spool_mark_read(const char *run_dir, struct spool_mark *mark);

#endif
