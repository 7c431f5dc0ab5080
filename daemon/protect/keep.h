/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is kept of the outputs, to RESTORE it to the kernel when one is probed again, in this boot or
 * after a power cut: latches that nobody has reset, and what was used of budgets.
 *
 * The guard counts what is used, to the millisecond, but forgets it with the power. So what an output
 * with a budget may use is reserved before it is used, as a note that is durable by then
 * (spool/keep_note.h), and after a power cut all that was reserved counts as used: never more than the
 * budget over all boots, possibly less. Without a note an output with a budget stays safe; a note
 * that cannot be written ends what it does when that much is used. When the output has been off for a while,
 * what it did not use is given back by the next note.
 *
 * Time without power counts as no time, unless the clock was set when the note was made and is set now.
 * Of an output without a note the whole budget counts as used just now.
 *
 * No I/O and no clock of its own. Main thread only.
 */
#ifndef HYDROPON_KEEP_H
#define HYDROPON_KEEP_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/hydropon.h>

#include "base/clock.h"
#include "spool/keep_note.h"

struct keep_output {
	char name[HYDROPON_NAME_MAX];	/* "": a free place */
	uint32_t latched;
	/* Of its budget, if it has one: */
	uint32_t budget_ms, window_ms;
	bool is_known;			/* what was used is in @uses; else all of it was */
	size_t uses_n;
	struct { int64_t end_ms; uint32_t used_ms; } uses[KEEP_USES];	/* by BOOTTIME; the oldest first */
	uint32_t lease_ms;		/* the longest that was asked for */
	uint64_t taken_ns;		/* when the kernel was heard last; 0: not, or not restored then */
	bool was_on, is_restored;	/* then; and by us */
	uint64_t changes;
	uint64_t off_ns;		/* since when it is off */
	uint64_t reserved_ms;		/* durable, of which so much was used since: */
	uint64_t since_ms;
	bool is_wanted;			/* more should be reserved */
	bool is_changed;		/* what the newest note tells of it is not so any more */
	/* Of the note that is on its way: */
	uint64_t put_since_ms, put_reserved_ms;
};

struct keep {
	uint8_t boot_id[KEEP_BOOT_ID_BYTES];
	bool is_loaded;			/* what was kept before is known, or that it is not */
	bool is_on_its_way;		/* a note */
	uint64_t put_ns;		/* when the newest was made */
	struct keep_output list[HYDROPON_MAX_OUTPUTS];
};

/* @boot_id: another one with each boot of the board. */
void keep_begin(struct keep *keep, const uint8_t boot_id[KEEP_BOOT_ID_BYTES]);
/* What an earlier hydropond has kept; NULL: nothing. Once, before anything is restored. */
void keep_load(struct keep *keep, const struct keep_note *note, const struct clock_pair *now);

/* Takes what the kernel says of an output that is there and restored; of others it
 * takes nothing. */
void keep_take(struct keep *keep, const struct hydropon_output_info *info, uint64_t now_ns);
/* What the output that @info tells of is to be restored by. @is_known: what it used is. */
struct hydropon_restore keep_restore(struct keep *keep, const struct hydropon_output_info *info,
				     uint64_t now_ns, bool *is_known);

/* Whether an output may be on by a lease of so long: it has no budget, or so much is reserved. */
bool keep_may_use(const struct keep *keep, const struct hydropon_output_info *info,
		  uint32_t lease_ms, uint64_t now_ns);
/* It would be on, if it might. */
void keep_want(struct keep *keep, const struct hydropon_output_info *info, uint32_t lease_ms);

/* It was just set away from its safe state, whatever the kernel tells of it later. */
void keep_set(struct keep *keep, const struct hydropon_output_info *info);
/* The device is closed: nothing is heard of any output. */
void keep_lose(struct keep *keep, uint64_t now_ns);

/* Whether a note is to be written; none while one is on its way. */
bool keep_is_due(const struct keep *keep, uint64_t now_ns);
/* That note. It is on its way then, until keep_written() tells that it is durable. */
void keep_put(struct keep *keep, struct keep_note *note, const struct clock_pair *now);
void keep_written(struct keep *keep, uint64_t now_ns);
/* hydropond ends, and has let go of all outputs: what is reserved is given back. */
void keep_end(struct keep *keep, uint64_t now_ns);

#endif
