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
	uint64_t id;		/* 0: its head is no good, and what it holds will tell */
	uint32_t pages;		/* of the ring */
	bool passes_unreadable;	/* pages that cannot be read hold nothing, and are no -EIO */
	unsigned int unreadable;	/* so many of them */
	uint32_t head;		/* the page for the next commit, from 0 */
	uint32_t used;		/* pages before it that are still needed */
};

#define SLOTS_NAME "slots"

/* A commit that was found in the ring. */
struct slots_commit {
	uint32_t page;		/* from 0 */
	struct frame frame;
};

/* Makes a ring under @name; the name is not durable yet. 0 or -errno; -1 is its handle then. */
int slots_create(struct slots *slots, struct disk *disk, const char *name, uint64_t id,
		 uint32_t pages);
/*
 * Opens one, also without a good head, by the size of its file. -ENOENT: there is none; -EBADMSG:
 * it cannot be one. @passes_unreadable: pages that cannot be read hold nothing, else it is -EIO.
 */
int slots_open(struct slots *slots, struct disk *disk, const char *name, bool passes_unreadable);
/* The same for one who only reads: nothing is synced. */
int slots_open_to_read(struct slots *slots, struct disk *disk, const char *name,
		       bool passes_unreadable);
void slots_close(struct slots *slots);

/*
 * Finds all whole commits, in the order of their first records, of one the highest epoch first:
 * at most @slots->pages. @buffer of FRAME_BYTES_MAX. @found is the caller's to free. Returns
 * how many, or -errno.
 */
int slots_scan(struct slots *slots, uint8_t *buffer, struct slots_commit **found);
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
