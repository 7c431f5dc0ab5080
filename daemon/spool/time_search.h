/* SPDX-License-Identifier: GPL-2.0-only */
/* The newest note of time in a journal. */
#ifndef HYDROPON_SPOOL_TIME_SEARCH_H
#define HYDROPON_SPOOL_TIME_SEARCH_H

#include "spool/journal_reader.h"
#include "spool/time_note.h"

struct time_found {
	bool has_note;
	struct time_note note;		/* with its boots, if these are still there */
	/* The newest clk that stamps after the note are by, and the latest of these; 0 and
	 * INT64_MIN if there are none. Without a note: of all that was looked at.
	 */
	int8_t clk;
	int64_t top_ms;
};

/* As of the newest refresh of @reader. Looks some hundred batches back at most: hydropond writes
 * a note before each block. 0, or what journal_reader_get() gave.
 */
int time_search(struct journal_reader *reader, struct time_found *found);

#endif
