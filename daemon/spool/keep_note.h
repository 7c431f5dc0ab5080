/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is kept of outputs over a power cut, as a note in the spool: latches that nobody has reset, and
 * what was used of budgets. docs/spool-format.md describes the bytes. The newest one tells all.
 */
#ifndef HYDROPON_SPOOL_KEEP_NOTE_H
#define HYDROPON_SPOOL_KEEP_NOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/hydropon.h>

#include "spool/frame.h"

/* One of those of a RESTORE is for what was reserved. */
enum { KEEP_USES = HYDROPON_MAX_USES - 1, KEEP_BOOT_ID_BYTES = 16 };

struct keep_use {
	uint32_t ago_ms;		/* when it ended, before the note */
	uint32_t used_ms;
};

struct keep_entry {
	char name[HYDROPON_NAME_MAX];
	uint32_t latched;		/* HYDROPON_LATCHES */
	bool has_budget;		/* else what follows is nothing */
	uint32_t reserved_ms;		/* it may be on for so long after the note */
	size_t uses_n;
	struct keep_use uses[KEEP_USES];	/* the oldest first */
};

struct keep_note {
	uint8_t boot_id[KEEP_BOOT_ID_BYTES];	/* the kernel's name of the boot */
	bool is_set;			/* the clock, in that boot */
	uint64_t boot_ns;		/* when it was made */
	int64_t wall_ms;
	size_t n;
	struct keep_entry entries[HYDROPON_MAX_OUTPUTS];
};

/* Returns the size. Uses are put together, as if they were the latest of them, as far as it takes to have
 * room.
 */
size_t keep_note_put(uint8_t to[NOTE_BYTES_MAX], const struct keep_note *note);
/* False if the bytes are none, or break a limit above. */
bool keep_note_get(const uint8_t *from, size_t size, struct keep_note *note);
/* Puts the oldest uses together until there are at most @most, 1 or more. */
void keep_merge(struct keep_use *uses, size_t *n, size_t most);

#endif
