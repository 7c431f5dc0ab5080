/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ring of slots: where commits go first, each to pages that hold nothing that is still
 * needed. One writer; what it holds is described by numbers of records, see frame.h.
 */
#ifndef HYDROPON_SLOTS_H
#define HYDROPON_SLOTS_H

#include "spool/disk.h"
#include "spool/frame.h"

struct slots {
	struct disk *disk;
	int handle;		/* -1: none, or given up after an error */
	uint64_t id;
	uint32_t pages;		/* of the ring */
	uint32_t head;		/* the page for the next commit, from 0 */
	uint32_t used;		/* pages before it that are still needed */
};

/* A commit that was found in the ring. */
struct slots_commit {
	uint32_t page;		/* from 0 */
	struct frame frame;
};

/* Makes a ring under @name; the name is not durable yet. 0 or -errno; -1 is its handle then. */
int slots_create(struct slots *slots, struct disk *disk, const char *name, uint64_t id,
		 uint32_t pages);
/* -ENOENT: there is none; -EBADMSG: it is no ring, or of another size than it says. */
int slots_open(struct slots *slots, struct disk *disk, const char *name);
void slots_close(struct slots *slots);

/*
 * Finds all whole commits, in no order: at most @slots->pages. @buffer of FRAME_BYTES_MAX.
 * @found is the caller's to free. @passes_unreadable: a page that cannot be read holds none,
 * else it is -EIO. Returns how many, or -errno.
 */
int slots_scan(struct slots *slots, bool passes_unreadable, uint8_t *buffer,
	       struct slots_commit **found);
/* Reads and checks one that was found. 0, -EBADMSG or -errno. */
int slots_read(struct slots *slots, const struct slots_commit *commit, uint8_t *buffer);

/* Whether a frame of @length bytes fits without a page that is still needed. */
bool slots_has_room(const struct slots *slots, uint32_t length);
/*
 * Writes a sealed frame, with room behind it in the buffer up to a whole page, and syncs it.
 * After an error the ring is given up: what it held must be written to another one.
 */
int slots_append(struct slots *slots, uint8_t *frame, uint32_t length);
/* Nothing that was committed so far is needed any more. */
void slots_release(struct slots *slots);

#endif
