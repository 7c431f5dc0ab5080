// SPDX-License-Identifier: GPL-2.0-only
#include "spool/leftover.h"

#include <errno.h>
#include <stdlib.h>

int leftover_open(struct leftover *leftover, struct disk *disk, bool passes_unreadable)
{
	int error;

	*leftover = (struct leftover){ 0 };
	error = slots_open_to_read(&leftover->slots, disk, SLOTS_NAME, passes_unreadable);
	leftover->has_head = !error && leftover->slots.id;
	if (!error)
		return 0;
	leftover->slots.handle = -1;
	/* What is too small to hold a commit is as good as none. */
	return error == -ENOENT || error == -EBADMSG ? 0 : error;
}

void leftover_close(struct leftover *leftover)
{
	if (leftover->slots.disk)
		slots_close(&leftover->slots);
	free(leftover->commits);
	*leftover = (struct leftover){ .slots.handle = -1 };
}

/* A block that failed may be on the disk whole, and end amid a commit of the ring that came
 * later: the rest of that one follows the blocks.
 */
static bool is_next(const struct leftover *leftover, const struct frame *frame)
{
	if (frame->first >= leftover->records)
		return true;
	return !leftover->n && frame->first + frame->count > leftover->records;
}

/* Keeps those that follow each other, at the beginning of the list. */
static void choose(struct leftover *leftover, unsigned int found)
{
	for (unsigned int i = 0; i < found; i++) {
		const struct slots_commit commit = leftover->commits[i];

		if (!is_next(leftover, &commit.frame))
			continue;
		leftover->commits[leftover->n++] = commit;
		leftover->records = commit.frame.first + commit.frame.count;
	}
}

int leftover_find(struct leftover *leftover, uint64_t id, uint64_t records, uint64_t samples,
		  uint8_t *buffer)
{
	const struct slots_commit *last;
	int found, error;
	int64_t in_last;

	leftover->records = records;
	leftover->samples = samples;
	if (leftover->slots.handle < 0)
		return 0;
	leftover->slots.id = id;
	found = slots_scan(&leftover->slots, buffer, &leftover->commits);
	if (found < 0)
		return found;
	choose(leftover, (unsigned int)found);
	if (!leftover->n)
		return 0;
	last = &leftover->commits[leftover->n - 1];
	error = leftover_read(leftover, last, buffer);
	if (error)
		return error;
	in_last = frame_samples(buffer, &last->frame);
	leftover->samples = last->frame.samples + (in_last < 0 ? 0 : (uint64_t)in_last);
	return 0;
}

const struct slots_commit *leftover_commit(const struct leftover *leftover, uint64_t at)
{
	for (unsigned int i = 0; i < leftover->n; i++) {
		const struct frame *frame = &leftover->commits[i].frame;

		if (frame->first + frame->count > at)
			return &leftover->commits[i];
	}
	return NULL;
}

int leftover_read(struct leftover *leftover, const struct slots_commit *commit, uint8_t *buffer)
{
	int error = slots_read(&leftover->slots, commit, buffer);
	struct frame frame;

	/* It was whole when it was found. */
	if (error == -EBADMSG || error == -ENODATA)
		return -ESTALE;
	if (error)
		return error;
	return frame_get(buffer, &frame) && frame.id == commit->frame.id &&
	       frame.first == commit->frame.first && frame.epoch == commit->frame.epoch ? 0 :
	       -ESTALE;
}

uint64_t leftover_place(const struct leftover *leftover, const struct slots_commit *commit)
{
	const struct slots_commit *last = leftover->n ? &leftover->commits[leftover->n - 1] : NULL;
	uint64_t page = commit ? commit->page : 0;

	if (!commit && last)
		page = (last->page + pages_bytes(last->frame.length) / PAGE_BYTES) %
		       leftover->slots.pages;
	return (1 + page) * PAGE_BYTES;
}
