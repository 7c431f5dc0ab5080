// SPDX-License-Identifier: GPL-2.0-only
#include "spool/segments.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME "segment-"
#define FILES_MAX 100000
/* So often is a file tried to be used again, until the next open. */
#define FAILURES_MAX 3

void segment_name(char name[DISK_NAME_MAX], unsigned int file)
{
	snprintf(name, DISK_NAME_MAX, NAME "%05u", file % FILES_MAX);
}

int segment_number(const char *name)
{
	char again[DISK_NAME_MAX];
	unsigned int file;

	if (sscanf(name, NAME "%5u", &file) != 1)
		return -1;
	segment_name(again, file);
	return strcmp(again, name) ? -1 : (int)file;
}

static int open_file(const struct segments *segments, const struct segment *segment, bool create)
{
	char name[DISK_NAME_MAX];

	segment_name(name, segment->file);
	return disk_open(segments->disk, name, create);
}

static int compare(const void *a, const void *b)
{
	const struct segment *x = a, *y = b;

	return x->generation < y->generation ? -1 : x->generation > y->generation;
}

static int add_file(void *data, const char *name)
{
	struct segments *segments = data;
	int file = segment_number(name);
	struct segment *list;

	if (file < 0)
		return 0;
	if (segments->n == segments->allocated) {
		segments->allocated = 2 * segments->allocated + 16;
		list = realloc(segments->list, segments->allocated * sizeof(*list));
		if (!list)
			return -ENOMEM;
		segments->list = list;
	}
	segments->list[segments->n++] = (struct segment){ .file = (unsigned int)file };
	return 0;
}

/* The whole frame at @at of a file. 0; -EBADMSG if there is none; or -errno. */
static int read_frame(const struct segments *segments, int handle, const struct segment *segment,
		      uint32_t at, uint8_t *buffer, struct frame *frame)
{
	int error;

	if (at > segment->bytes - PAGE_BYTES)
		return -EBADMSG;
	error = disk_read(segments->disk, handle, buffer, PAGE_BYTES, at);
	if (error)
		return error == -ENODATA ? -EBADMSG : error;
	if (!frame_get(buffer, frame) || frame->kind == FRAME_COMMIT ||
	    (segments->id && frame->id != segments->id) ||
	    (segment->generation && frame->salt != segment->generation) ||
	    frame->length > segment->bytes - at)
		return -EBADMSG;
	if (frame->length > PAGE_BYTES)
		error = disk_read(segments->disk, handle, buffer + PAGE_BYTES,
				  frame->length - PAGE_BYTES, at + PAGE_BYTES);
	if (!error && !frame_is_whole(buffer, frame))
		error = -EBADMSG;
	return error == -ENODATA ? -EBADMSG : error;
}

int segment_find_frame(const struct segments *segments, int handle, const struct segment *segment,
		       uint32_t *at, uint8_t *buffer, struct frame *frame)
{
	for (; *at < segment->bytes; *at += PAGE_BYTES) {
		int error = read_frame(segments, handle, segment, *at, buffer, frame);

		if (error != -EBADMSG && (error != -EIO || !segments->passes_unreadable))
			return error;
	}
	return -ENODATA;
}

static void take_gaps(struct segments *segments, const struct segment_head *head)
{
	/* Each head has all there were: the newest is right. */
	if (head->generation < segments->newest)
		return;
	memcpy(segments->gaps, head->gaps, sizeof(segments->gaps));
	segments->gaps_n = head->gaps_n;
}

/* What a file is, by its head, or by its frames if that cannot be read. */
static int read_file(struct segments *segments, struct segment *segment, bool is_writer,
		     uint8_t *buffer)
{
	int handle = open_file(segments, segment, false), error;
	struct segment_head head = { 0 };
	uint32_t at = PAGE_BYTES;
	struct frame frame;
	int64_t size;

	if (handle < 0)
		return handle;
	/* What a writer that was killed has left in memory, and what a failed write has left
	 * there as if it were on the disk.
	 */
	error = is_writer ? disk_sync(segments->disk, handle) : 0;
	if (error)
		goto out;
	if (is_writer)
		disk_forget(segments->disk, handle);
	size = disk_size(segments->disk, handle);
	if (size < 2 * PAGE_BYTES || size > INT32_MAX)
		goto out;
	segment->bytes = (uint32_t)size / PAGE_BYTES * PAGE_BYTES;
	error = disk_read(segments->disk, handle, buffer, PAGE_BYTES, 0);
	if (error && (error != -EIO || !segments->passes_unreadable))
		goto out;
	if (!error && segment_head_get(buffer, &head)) {
		if (!segments->id)
			segments->id = head.id;
		/* Another spool's: not ours to overwrite. */
		segment->is_foreign = head.id != segments->id;
		if (segment->is_foreign)
			goto out;
		segment->generation = head.generation;
		take_gaps(segments, &head);
		if (head.generation > segments->newest)
			segments->newest = head.generation;
	}
	error = segment_find_frame(segments, handle, segment, &at, buffer, &frame);
	if (error) {
		error = error == -ENODATA ? 0 : error;
		goto out;
	}
	segment->is_headless = !segment->generation;
	segments->bad_places += at != PAGE_BYTES;
	if (!segments->id)
		segments->id = frame.id;
	segment->generation = frame.salt;
	segment->has_frames = true;
	segment->first = frame.first;
	segment->samples = frame.samples;
	if (frame.salt > segments->newest)
		segments->newest = frame.salt;
out:
	disk_close(segments->disk, handle);
	return error;
}

static void take_frame(struct segments *segments, uint32_t at, const uint8_t *buffer,
		       const struct frame *frame, struct segments_end *end)
{
	int64_t samples = frame_samples(buffer, frame);

	if (frame->kind == FRAME_CONTEXT && frame->length - FRAME_HEADER_BYTES <= CONTEXT_BYTES_MAX) {
		end->context_size = frame->length - FRAME_HEADER_BYTES;
		memcpy(end->context, buffer + FRAME_HEADER_BYTES, end->context_size);
		segments->context_at = at;
	}
	end->records = frame->first + frame->count;
	end->samples = frame->samples + (samples > 0 ? (uint64_t)samples : 0);
	if (frame->epoch > end->epoch)
		end->epoch = frame->epoch;
}

/* Goes over the frames of the newest segment that has some, up to the end of them. */
static int walk_current(struct segments *segments, uint8_t *buffer, struct segments_end *end)
{
	const struct segment *segment = &segments->list[segments->current];
	uint32_t at = PAGE_BYTES, found;
	struct frame frame;
	int error;

	for (;;) {
		found = at;
		error = segment_find_frame(segments, segments->handle, segment, &found, buffer,
					   &frame);
		if (error)
			break;
		/* A frame is only written when the one before it is durable. */
		segments->bad_places += found != at;
		take_frame(segments, found, buffer, &frame, end);
		at = found + (uint32_t)pages_bytes(frame.length);
	}
	segments->end = at;
	return error == -ENODATA ? 0 : error;
}

int segments_open(struct segments *segments, struct disk *disk, uint64_t id,
		  const struct segments_limits *limits, bool passes_unreadable, uint8_t *buffer,
		  struct segments_end *end)
{
	int error;

	*segments = (struct segments){
		.disk = disk,
		.id = id,
		.passes_unreadable = passes_unreadable,
		.handle = -1,
	};
	if (limits)
		segments->limits = *limits;
	*end = (struct segments_end){ 0 };
	error = disk_list(disk, add_file, segments);
	for (unsigned int i = 0; !error && i < segments->n; i++)
		error = read_file(segments, &segments->list[i], limits != NULL, buffer);
	if (error)
		goto err_close;
	if (segments->n)
		qsort(segments->list, segments->n, sizeof(*segments->list), compare);
	/* The oldest may just have been given up when the power was cut. */
	for (int i = segments_next(segments, -1); i >= 0; i = segments_next(segments, i))
		segments->bad_places += segments->list[i].is_headless &&
					i != segments_next(segments, -1);
	for (unsigned int i = segments->n; i--;)
		if (segments->list[i].has_frames) {
			segments->current = i;
			segments->handle = open_file(segments, &segments->list[i], false);
			error = segments->handle < 0 ? segments->handle :
						       walk_current(segments, buffer, end);
			break;
		}
	if (!error)
		return 0;
err_close:
	segments_close(segments);
	return error;
}

int segments_next(const struct segments *segments, int at)
{
	while (++at < (int)segments->n)
		if (segments->list[at].has_frames)
			return at;
	return -1;
}

int segments_find(const struct segments *segments, uint64_t at)
{
	int found = -1;

	for (int i = segments_next(segments, -1); i >= 0; i = segments_next(segments, i))
		if (segments->list[i].first <= at)
			found = i;
	return found;
}

int segment_open(const struct segments *segments, const struct segment *segment)
{
	return open_file(segments, segment, false);
}

int segment_check(const struct segments *segments, int handle, const struct segment *segment,
		  uint8_t *buffer)
{
	struct segment_head head;
	int error = disk_read(segments->disk, handle, buffer, PAGE_BYTES, 0);

	if (error || !segment_head_get(buffer, &head))
		return error == -EIO ? 0 : error;
	return head.generation == segment->generation ? 0 : -ESTALE;
}

void segments_close(struct segments *segments)
{
	disk_close(segments->disk, segments->handle);
	segments->handle = -1;
	free(segments->list);
	segments->list = NULL;
	segments->n = segments->allocated = 0;
}

/* Gaps are kept by their numbers, and apart from each other. */
static void add_gap(struct segments *segments, const struct gap *gap)
{
	struct gap *gaps = segments->gaps;
	uint32_t at = 0;

	while (at < segments->gaps_n && gaps[at].end < gap->first)
		at++;
	if (at < segments->gaps_n && gaps[at].end == gap->first) {
		gaps[at].end = gap->end;
		gaps[at].samples += gap->samples;
	} else {
		if (segments->gaps_n == GAPS_MAX) {
			/* What lies between the first two is given up soon, too. */
			gaps[1].first = gaps[0].first;
			gaps[1].samples += gaps[0].samples;
			memmove(gaps, gaps + 1, (GAPS_MAX - 1) * sizeof(*gaps));
			segments->gaps_n--;
			at -= at > 0;
		}
		memmove(gaps + at + 1, gaps + at, (segments->gaps_n - at) * sizeof(*gaps));
		gaps[at] = *gap;
		segments->gaps_n++;
	}
	if (at + 1 < segments->gaps_n && gaps[at].end == gaps[at + 1].first) {
		gaps[at].end = gaps[at + 1].end;
		gaps[at].samples += gaps[at + 1].samples;
		memmove(gaps + at + 1, gaps + at + 2,
			(segments->gaps_n - at - 2) * sizeof(*gaps));
		segments->gaps_n--;
	}
}

/* Makes a file the newest segment, without frames. */
static int write_head(struct segments *segments, struct segment *segment, bool is_new)
{
	struct segment_head head = {
		.id = segments->id,
		.generation = segments->newest + 1,
		.bytes = segments->limits.bytes,
		.gaps_n = segments->gaps_n,
	};
	int handle = open_file(segments, segment, is_new), error;
	uint8_t page[PAGE_BYTES];

	if (handle < 0)
		return handle;
	memcpy(head.gaps, segments->gaps, sizeof(head.gaps));
	segment_head_put(page, &head);
	error = disk_allocate(segments->disk, handle, head.bytes);
	if (!error)
		error = disk_write(segments->disk, handle, page, sizeof(page), 0);
	if (!error)
		error = disk_sync(segments->disk, handle);
	if (!error && is_new)
		error = disk_sync_names(segments->disk);
	disk_close(segments->disk, handle);
	/* Whether it reached the disk or not: this number is not used again. */
	segments->newest++;
	if (error)
		return error;
	segment->generation = head.generation;
	segment->has_frames = false;
	segment->bytes = head.bytes;
	return 0;
}

/* Brings a segment that has become the newest to its place in the list. */
static void move_last(struct segments *segments, unsigned int at)
{
	struct segment segment = segments->list[at];

	memmove(&segments->list[at], &segments->list[at + 1],
		(segments->n - at - 1) * sizeof(segment));
	segments->list[segments->n - 1] = segment;
	if (segments->current > at)
		segments->current--;
}

static bool is_current(const struct segments *segments, unsigned int at)
{
	return segments->handle >= 0 && at == segments->current;
}

static int make_file(struct segments *segments)
{
	unsigned int file = 0;
	char name[DISK_NAME_MAX];
	int error;

	for (unsigned int i = 0; i < segments->n; i++)
		if (segments->list[i].file >= file)
			file = segments->list[i].file + 1;
	segment_name(name, file);
	error = add_file(segments, name);
	if (error)
		return error;
	error = write_head(segments, &segments->list[segments->n - 1], true);
	if (error) {
		segments->n--;
		disk_remove(segments->disk, name);
	}
	return error;
}

/* What it held is given up, and none of it is believed again. If that fails the file holds
 * what it held, or nothing; both are right, and the gap is told by the next head.
 */
static int reuse_file(struct segments *segments, unsigned int at)
{
	struct segment *segment = &segments->list[at];
	int error = write_head(segments, segment, false);

	if (error) {
		segment->generation = 0;
		segment->has_frames = false;
		segment->failures++;
		return error;
	}
	segment->is_sealed = false;
	segment->failures = 0;
	move_last(segments, at);
	return 0;
}

/* The oldest, but never the newest: where the next one begins, it ends. */
static int give_up_oldest(struct segments *segments)
{
	int at = segments_next(segments, -1);
	int next = at < 0 ? -1 : segments_next(segments, at);
	struct gap gap;

	if (next < 0 || is_current(segments, (unsigned int)at))
		return -ENOSPC;
	gap = (struct gap){ segments->list[at].first, segments->list[next].first,
			    segments->list[next].samples - segments->list[at].samples };
	if (gap.end > gap.first)
		add_gap(segments, &gap);
	return reuse_file(segments, (unsigned int)at);
}

/* One that holds nothing: of generation 0, or made ready and never used but for the newest. */
static int find_unused(const struct segments *segments)
{
	for (unsigned int i = 0; i < segments->n; i++)
		if (!segments->list[i].has_frames && !segments->list[i].is_foreign &&
		    segments->list[i].failures < FAILURES_MAX)
			return (int)i;
	return -1;
}

static bool is_ready(const struct segments *segments)
{
	const struct segment *last;

	if (!segments->n)
		return false;
	last = &segments->list[segments->n - 1];
	return last->generation && last->generation == segments->newest && !last->has_frames &&
	       !last->is_sealed;
}

int segments_prepare(struct segments *segments)
{
	int at, error;

	if (is_ready(segments))
		return 0;
	at = find_unused(segments);
	if (at >= 0)
		return reuse_file(segments, (unsigned int)at);
	error = -ENOSPC;
	if (segments->n < segments->limits.n)
		error = make_file(segments);
	if (error == -ENOSPC || error == -EDQUOT)
		error = give_up_oldest(segments);
	return error;
}

int segments_advance(struct segments *segments, uint64_t records, uint64_t samples)
{
	struct segment *segment;
	int error = segments_prepare(segments);

	if (error)
		return error;
	disk_close(segments->disk, segments->handle);
	segments->current = segments->n - 1;
	segment = &segments->list[segments->current];
	segments->handle = open_file(segments, segment, false);
	if (segments->handle < 0) {
		segment->is_sealed = true;
		return segments->handle;
	}
	segment->has_frames = true;
	segment->first = records;
	segment->samples = samples;
	segments->end = PAGE_BYTES;
	segments->context_at = 0;
	return 0;
}

bool segments_has_room(const struct segments *segments, uint32_t length)
{
	return segments->handle >= 0 &&
	       pages_bytes(length) <= segments->list[segments->current].bytes - segments->end;
}

static void seal_current(struct segments *segments)
{
	if (segments->handle >= 0)
		segments->list[segments->current].is_sealed = true;
	disk_close(segments->disk, segments->handle);
	segments->handle = -1;
}

int segments_put(struct segments *segments, uint8_t *bytes, struct frame *frame)
{
	size_t size = (size_t)pages_bytes(frame->length);
	int error;

	if (segments->handle < 0)
		return -EBADF;
	if (!segments_has_room(segments, frame->length))
		return -ENOSPC;
	if (frame->kind == FRAME_CONTEXT)
		segments->context_at = segments->end;
	frame->id = segments->id;
	frame->salt = segments->list[segments->current].generation;
	frame->context_at = segments->context_at;
	memset(bytes + frame->length, 0, size - frame->length);
	frame_seal(bytes, frame);
	error = disk_write(segments->disk, segments->handle, bytes, size, segments->end);
	if (error)
		seal_current(segments);
	else
		segments->end += (uint32_t)size;
	return error;
}

int segments_sync(struct segments *segments)
{
	int error = segments->handle < 0 ? -EBADF : disk_sync(segments->disk, segments->handle);

	if (error)
		seal_current(segments);
	return error;
}

uint64_t segments_bytes(const struct segments *segments)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < segments->n; i++)
		sum += segments->list[i].bytes;
	return sum;
}
