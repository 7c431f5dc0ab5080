/* SPDX-License-Identifier: GPL-2.0-only */
/* Looks for the newest record of a kind: from the end of a journal back. */
#ifndef HYDROPON_SPOOL_SEARCH_BACK_H
#define HYDROPON_SPOOL_SEARCH_BACK_H

#include "spool/journal_reader.h"

/*
 * Shows @look one batch after the other, the newest first, until it returns true: those in the ring, and at
 * most @blocks_max of the blocks. *@over_damage is set if records behind the last one that was shown are
 * not there and were not given up. 0, also if nothing is there or no more of it, or -errno.
 */
int search_back(struct journal_reader *reader, unsigned int blocks_max,
		bool (*look)(void *data, const struct journal_batch *batch), void *data,
		bool *over_damage);

#endif
