// SPDX-License-Identifier: GPL-2.0-only
#include "spool/slots.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static uint64_t page_at(uint32_t page)
{
	return (1 + (uint64_t)page) * PAGE_BYTES;
}

static uint32_t pages_of(uint32_t length)
{
	return (uint32_t)(pages_bytes(length) / PAGE_BYTES);
}

/* Zeros that are written, and not only set aside: a commit then changes nothing but its pages,
 * and costs the file system no more than that.
 */
static int fill(struct slots *slots)
{
	static const uint8_t zeros[16 * PAGE_BYTES];
	uint64_t size = page_at(slots->pages), n;
	int error = disk_allocate(slots->disk, slots->handle, size);

	for (uint64_t at = PAGE_BYTES; !error && at < size; at += n) {
		n = size - at < sizeof(zeros) ? size - at : sizeof(zeros);
		error = disk_write(slots->disk, slots->handle, zeros, (size_t)n, at);
	}
	return error;
}

int slots_create(struct slots *slots, struct disk *disk, const char *name, uint64_t id,
		 uint32_t pages)
{
	const struct slots_head head = { id, pages };
	uint8_t page[PAGE_BYTES];
	int error;

	*slots = (struct slots){ .disk = disk, .id = id, .pages = pages };
	slots->handle = disk_open(disk, name, true);
	if (slots->handle < 0)
		return slots->handle;
	slots_head_put(page, &head);
	error = fill(slots);
	if (!error)
		error = disk_write(disk, slots->handle, page, sizeof(page), 0);
	if (!error)
		error = disk_sync(disk, slots->handle);
	if (error)
		slots_close(slots);
	return error;
}

/* By its head, or by its size if that is no good. */
static int read_head(struct slots *slots, bool passes_unreadable)
{
	int64_t size = disk_size(slots->disk, slots->handle);
	uint8_t page[PAGE_BYTES];
	struct slots_head head;
	int error;

	if (size < 0)
		return (int)size;
	if (size < (int64_t)page_at(1) || (uint64_t)size > page_at(SLOTS_PAGES_MAX))
		return -EBADMSG;
	slots->pages = (uint32_t)(size / PAGE_BYTES) - 1;
	error = disk_read(slots->disk, slots->handle, page, sizeof(page), 0);
	if (error == -EIO && passes_unreadable)
		return 0;
	if (!error && head_is_newer(page))
		return -EPROTONOSUPPORT;
	if (!error && slots_head_get(page, &head) && page_at(head.pages) == (uint64_t)size)
		slots->id = head.id;
	return error;
}

static int open_file(struct slots *slots, struct disk *disk, const char *name,
		     bool passes_unreadable, bool is_writer)
{
	int error = 0;

	*slots = (struct slots){ .disk = disk, .passes_unreadable = passes_unreadable };
	slots->handle = disk_open(disk, name, false);
	if (slots->handle < 0)
		return slots->handle;
	/* What a writer that was killed has left in memory, and what a failed write has left
	 * there as if it were on the disk.
	 */
	if (is_writer) {
		error = disk_sync(disk, slots->handle);
		if (!error)
			disk_forget(disk, slots->handle);
	}
	if (!error)
		error = read_head(slots, passes_unreadable);
	if (error)
		slots_close(slots);
	return error;
}

int slots_open(struct slots *slots, struct disk *disk, const char *name, bool passes_unreadable)
{
	return open_file(slots, disk, name, passes_unreadable, true);
}

int slots_open_to_read(struct slots *slots, struct disk *disk, const char *name,
		       bool passes_unreadable)
{
	return open_file(slots, disk, name, passes_unreadable, false);
}

void slots_close(struct slots *slots)
{
	disk_close(slots->disk, slots->handle);
	slots->handle = -1;
}

int slots_read(struct slots *slots, const struct slots_commit *commit, uint8_t *buffer)
{
	int error = disk_read(slots->disk, slots->handle, buffer, commit->frame.length,
			      page_at(commit->page));

	if (!error && !frame_is_whole(buffer, &commit->frame))
		error = -EBADMSG;
	return error;
}

/* The commit at a page. 0; -EBADMSG if there is none; or -errno. */
static int get_commit(struct slots *slots, struct slots_commit *commit, uint8_t *buffer)
{
	int error = disk_read(slots->disk, slots->handle, buffer, FRAME_HEADER_BYTES,
			      page_at(commit->page));

	if (error)
		return error;
	if (!frame_get(buffer, &commit->frame) || commit->frame.kind != FRAME_COMMIT ||
	    (slots->id && commit->frame.id != slots->id) ||
	    pages_of(commit->frame.length) > slots->pages - commit->page)
		return -EBADMSG;
	return slots_read(slots, commit, buffer);
}

static int by_first_and_epoch(const void *a, const void *b)
{
	const struct frame *x = &((const struct slots_commit *)a)->frame;
	const struct frame *y = &((const struct slots_commit *)b)->frame;

	if (x->first != y->first)
		return x->first < y->first ? -1 : 1;
	return x->epoch > y->epoch ? -1 : x->epoch < y->epoch;
}

int slots_scan(struct slots *slots, uint8_t *buffer, struct slots_commit **found)
{
	struct slots_commit commit, *list = calloc(slots->pages, sizeof(*list));
	int n = 0;

	if (!list)
		return -ENOMEM;
	for (commit.page = 0; commit.page < slots->pages; commit.page++) {
		int error = get_commit(slots, &commit, buffer);

		if (!error) {
			slots->id = commit.frame.id;
			list[n++] = commit;
		} else if (error == -EIO && slots->passes_unreadable) {
			slots->unreadable++;
		} else if (error != -EBADMSG) {
			free(list);
			return error;
		}
	}
	qsort(list, (size_t)n, sizeof(*list), by_first_and_epoch);
	*found = list;
	return n;
}

/* How many pages are lost because a frame does not go around the end of the ring. */
static uint32_t skipped(const struct slots *slots, uint32_t n)
{
	return n > slots->pages - slots->head ? slots->pages - slots->head : 0;
}

bool slots_has_room(const struct slots *slots, uint32_t length)
{
	uint32_t n = pages_of(length);

	return slots->used + skipped(slots, n) + n <= slots->pages;
}

int slots_append(struct slots *slots, uint8_t *frame, uint32_t length)
{
	uint32_t n = pages_of(length), skip = skipped(slots, n);
	uint32_t page = skip ? 0 : slots->head;
	int error;

	if (slots->handle < 0)
		return -EBADF;
	memset(frame + length, 0, (size_t)(pages_bytes(length) - length));
	error = disk_write(slots->disk, slots->handle, frame, (size_t)n * PAGE_BYTES,
			   page_at(page));
	if (!error)
		error = disk_sync(slots->disk, slots->handle);
	if (error) {
		/* Its next sync would report success over the pages that were lost. */
		slots_close(slots);
		return error;
	}
	slots->head = (page + n) % slots->pages;
	slots->used += skip + n;
	return 0;
}

void slots_release(struct slots *slots)
{
	slots->used = 0;
}
