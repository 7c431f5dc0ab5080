/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is in a ring in which nobody writes, and in no block: its commits in the order of their
 * records, as an opening of the journal would take them. Only reads.
 */
#ifndef HYDROPON_LEFTOVER_H
#define HYDROPON_LEFTOVER_H

#include "spool/slots.h"

struct leftover {
	struct slots slots;		/* handle -1: there is no ring */
	bool has_head;
	struct slots_commit *commits;	/* each begins where the one before it ends, or later */
	unsigned int n;
	uint64_t records, samples;	/* before the end of all that is known of */
};

/* Opens the ring, if there is one; slots.id is 0 if its head does not tell. 0 or -errno. */
int leftover_open(struct leftover *leftover, struct disk *disk, bool passes_unreadable);
void leftover_close(struct leftover *leftover);
/*
 * Finds what follows the first @records, with @samples, of spool @id, which are in blocks.
 * @buffer of FRAME_BYTES_MAX. 0 or -errno.
 */
int leftover_find(struct leftover *leftover, uint64_t id, uint64_t records, uint64_t samples,
		  uint8_t *buffer);
/* The commit that holds record @at, or the first after it; NULL: there is none. */
const struct slots_commit *leftover_commit(const struct leftover *leftover, uint64_t at);
/* Reads it. 0; -ESTALE if it is another one by now: somebody writes; or -errno. */
int leftover_read(struct leftover *leftover, const struct slots_commit *commit, uint8_t *buffer);
/* The byte of the ring's file where a commit begins; NULL: where the next one would. */
uint64_t leftover_place(const struct leftover *leftover, const struct slots_commit *commit);

#endif
