/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The committed mark in run_dir: how far the spool is durable, and where its newest end is.
 * Written by hydropond after each commit, read by the forwarder.
 */
#ifndef HYDROPON_SPOOL_MARK_H
#define HYDROPON_SPOOL_MARK_H

#include "spool/journal.h"

/* 0 or -errno. */
int spool_mark_publish(const char *run_dir, const struct journal_mark *mark);
/* 0, -ENOENT if there is none, -EBADMSG if it is not a mark, or -errno. */
int spool_mark_read(const char *run_dir, struct journal_mark *mark);

#endif
