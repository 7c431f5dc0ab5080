/* SPDX-License-Identifier: GPL-2.0-only */
/* The newest note of time in a journal. */
#ifndef HYDROPON_SPOOL_TIME_SEARCH_H
#define HYDROPON_SPOOL_TIME_SEARCH_H

#include "spool/journal_reader.h"
#include "spool/time_note.h"

struct time_found {
	bool has_note;
	uint64_t at;			/* its record */
	struct time_note note;
	bool has_boots;			/* those of the note are there */
	bool is_over_damage;		/* records between the note and the end are missing */
	uint64_t last_boot_ns;		/* BOOTTIME of the last that was sampled after it, or of it */
	/* The newest clk that stamps after the note are by, and the latest of these; 0 and
	 * INT64_MIN if there are none. Without a note: of all that was looked at.
	 */
	int8_t clk;
	int64_t top_ms;
};

/* As of the newest refresh of @reader. Looks no further back than some times what the ring holds:
 * hydropond writes a note before each block. 0, or what journal_reader_get() gave: nothing is
 * known then.
 */
int time_search(struct journal_reader *reader, struct time_found *found);

#endif
