/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dates for samples that were taken before the clock was set: what the newest note of time in
 * the spool tells of their boots.
 */
#ifndef HYDROPON_SPOOL_DATES_H
#define HYDROPON_SPOOL_DATES_H

#include "spool/reader.h"
#include "spool/time_note.h"

/* All 0 to begin with. */
struct dates {
	uint64_t id;		/* of the spool that was looked at */
	uint64_t until;		/* for records before this the note tells all there is to know */
	bool has_note;		/* one that can be believed, with its boots */
	struct time_note note;
	unsigned int unreadable;	/* tries in a row that gave -EIO */
};

enum date {
	DATE_KNOWN,
	DATE_WAITS,		/* for the clock to be set */
	DATE_NEVER,		/* nothing will ever tell */
};

/*
 * Looks for the newest note, as of the newest refresh of @reader; batches of it that were given
 * before are no good after that. 0 or -errno: nothing has changed then. After some tries places
 * that cannot be read are passed over.
 */
int dates_refresh(struct dates *dates, struct spool_reader *reader);
/* Whether they know all that the spool of @reader, as of its newest refresh, has for @record. */
bool dates_cover(const struct dates *dates, const struct spool_reader *reader, uint64_t record);
/*
 * The sample that is record @record, with its stamp and clk if that is DATE_KNOWN; else as it is.
 * For one that has no date dates_cover() must be true.
 */
enum date dates_find(const struct dates *dates, uint64_t record, const struct sample *sample,
		     struct sample *dated);

#endif
