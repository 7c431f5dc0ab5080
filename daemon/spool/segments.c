// SPDX-License-Identifier: GPL-2.0-only
#include "spool/segments.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME "segment-"
#define FILES_MAX 100000
#define GENERATIONS_LEFT_OUT 65536
/* So often is it tried to begin a file anew. Then other pages of the disk shall take its place. */
#define FAILURES_MAX 10

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
	unsigned int more = 2 * segments->allocated + 16;
	struct segment *list;

	if (file < 0)
		return 0;
	if (segments->n == segments->allocated) {
		list = realloc(segments->list, more * sizeof(*list));
		if (!list)
			return -ENOMEM;
		segments->list = list;
		segments->allocated = more;
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

int segment_find_frame(struct segments *segments, int handle, const struct segment *segment,
		       uint32_t *at, uint8_t *buffer, struct frame *frame)
{
	for (; *at < segment->bytes; *at += PAGE_BYTES) {
		int error = read_frame(segments, handle, segment, *at, buffer, frame);

		if (error == -EIO && segments->passes_unreadable)
			segments->unreadable++;
		else if (error != -EBADMSG)
			return error;
	}
	return -ENODATA;
}

static void take_gaps(struct segments *segments, const struct segment_head *head)
{
	/* Each head has all there were: the newest is right. */
	if (head->generation < segments->gaps_generation)
		return;
	segments->gaps_generation = head->generation;
	memcpy(segments->gaps, head->gaps, sizeof(segments->gaps));
	segments->gaps_n = head->gaps_n;
}

/* What a file is, by its head, or by its frames if that cannot be read. */
static int read_open_file(struct segments *segments, struct segment *segment, int handle,
			  uint8_t *buffer)
{
	int64_t size = disk_size(segments->disk, handle);
	struct segment_head head = { 0 };
	uint32_t at = PAGE_BYTES;
	struct frame frame;
	int error;

	if (size < 0)
		return (int)size;
	if (size < 2 * PAGE_BYTES || size > INT32_MAX)
		return 0;
	segment->bytes = (uint32_t)size / PAGE_BYTES * PAGE_BYTES;
	error = disk_read(segments->disk, handle, buffer, PAGE_BYTES, 0);
	if (!error && head_is_newer(buffer))
		return -EPROTONOSUPPORT;
	if (error == -EIO && segments->passes_unreadable)
		segments->unreadable++;
	else if (error)
		return error;
	if (!error && segment_head_get(buffer, &head)) {
		if (!segments->id)
			segments->id = head.id;
		/* Another spool's: not ours to overwrite. */
		segment->is_foreign = head.id != segments->id;
		if (segment->is_foreign)
			return 0;
		segment->generation = head.generation;
		take_gaps(segments, &head);
		if (head.generation > segments->newest)
			segments->newest = head.generation;
	}
	error = segment_find_frame(segments, handle, segment, &at, buffer, &frame);
	if (error)
		return error == -ENODATA ? 0 : error;
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
	return 0;
}

static int read_file(struct segments *segments, struct segment *segment, bool is_writer,
		     uint8_t *buffer)
{
	int handle = open_file(segments, segment, false), error = handle < 0 ? handle : 0;
	unsigned int unreadable = segments->unreadable;

	/* What a writer that was killed has left in memory, and what a failed write has left
	 * there as if it were on the disk.
	 */
	if (!error && is_writer) {
		error = disk_sync(segments->disk, handle);
		if (!error)
			disk_forget(segments->disk, handle);
	}
	if (!error)
		error = read_open_file(segments, segment, handle, buffer);
	disk_close(segments->disk, handle);
	if (error == -EIO && segments->passes_unreadable) {
		segments->unreadable++;
		error = 0;
	}
	/* Something else of that name, no file. */
	if (error == -EISDIR || error == -ELOOP || (error == -EINVAL && handle < 0)) {
		segment->is_foreign = true;
		return 0;
	}
	if (!error && segments->unreadable != unreadable) {
		segments->bad_places++;
		/* Nothing is known of it: perhaps it can be read another day. */
		segment->is_foreign = !segment->has_frames;
	}
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
	struct segment *segment = &segments->list[segments->current];
	unsigned int unreadable = segments->unreadable;
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
		segments->frames++;
		take_frame(segments, found, buffer, &frame, end);
		at = found + (uint32_t)pages_bytes(frame.length);
	}
	segments->end = at;
	if (error == -ENODATA && segments->unreadable != unreadable) {
		segments->bad_places++;
		segment->is_sealed = true;
		disk_close(segments->disk, segments->handle);
		segments->handle = -1;
	}
	return error == -ENODATA ? 0 : error;
}

/* It is none where it was just being written when the power was cut: of the oldest, which is
 * given up, or of one that held no record.
 */
bool segments_head_is_damaged(const struct segments *segments, int at, uint64_t records)
{
	int next = segments_next(segments, at);
	uint64_t end = next < 0 ? records : segments->list[next].first;

	return segments->list[at].is_headless && at != segments_next(segments, -1) &&
	       end > segments->list[at].first;
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
	/* A head that may be read again another day has a generation that nobody knows now. */
	if (segments->unreadable)
		segments->newest += GENERATIONS_LEFT_OUT;
	if (segments->n)
		qsort(segments->list, segments->n, sizeof(*segments->list), compare);
	for (unsigned int i = segments->n; i--;)
		if (segments->list[i].has_frames) {
			segments->current = i;
			segments->is_durable = true;
			segments->handle = open_file(segments, &segments->list[i], false);
			error = segments->handle < 0 ? segments->handle :
						       walk_current(segments, buffer, end);
			break;
		}
	if (error)
		goto err_close;
	for (int i = segments_next(segments, -1); i >= 0; i = segments_next(segments, i))
		segments->bad_places += segments_head_is_damaged(segments, i, end->records);
	/* Too large for a bound that has become smaller: it shall become the oldest. */
	if (limits && segments->handle >= 0 && segments_bytes(segments) > limits->total &&
	    segments->list[segments->current].bytes > limits->bytes) {
		disk_close(disk, segments->handle);
		segments->handle = -1;
	}
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
static void add_gap(struct segments *segments, struct gap gap)
{
	struct gap *gaps = segments->gaps;
	uint32_t at = 0, left = 0;

	/* What lies within it was told before, of a segment that could not be read, and is part
	 * of it.
	 */
	for (uint32_t i = 0; i < segments->gaps_n; i++)
		if (gaps[i].first < gap.first || gaps[i].end > gap.end)
			gaps[left++] = gaps[i];
	segments->gaps_n = left;
	for (uint32_t i = 0; i < left; i++)
		if (gaps[i].first > gap.first && gaps[i].first < gap.end)
			gap.end = gaps[i].first;
	if (gap.samples > gap.end - gap.first)
		gap.samples = gap.end - gap.first;
	while (at < segments->gaps_n && gaps[at].end < gap.first)
		at++;
	if (at < segments->gaps_n && gaps[at].end == gap.first) {
		gaps[at].end = gap.end;
		gaps[at].samples += gap.samples;
	} else {
		if (segments->gaps_n == GAPS_MAX) {
			/* What lies between the first two is mostly given up soon, too. */
			gaps[1].first = gaps[0].first;
			gaps[1].samples += gaps[0].samples;
			memmove(gaps, gaps + 1, (GAPS_MAX - 1) * sizeof(*gaps));
			segments->gaps_n--;
			at -= at > 0;
			/* It is within them now. */
			if (gap.first >= gaps[0].first && gap.first < gaps[0].end)
				return;
		}
		memmove(gaps + at + 1, gaps + at, (segments->gaps_n - at) * sizeof(*gaps));
		gaps[at] = gap;
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

/* Makes a file the newest segment, without frames. @is_touched: it may not hold what it held. */
static int write_head(struct segments *segments, struct segment *segment, bool is_new,
		      bool *is_touched)
{
	struct segment_head head = {
		.id = segments->id,
		.generation = segments->newest + 1,
		.bytes = segments->limits.bytes,
		.gaps_n = segments->gaps_n,
	};
	/* Somebody may have removed it. */
	int handle = open_file(segments, segment, true), error;
	uint8_t page[PAGE_BYTES];

	*is_touched = false;
	if (handle < 0)
		return handle;
	memcpy(head.gaps, segments->gaps, sizeof(head.gaps));
	segment_head_put(page, &head);
	*is_touched = true;
	error = disk_allocate(segments->disk, handle, head.bytes);
	if (!error)
		error = disk_write(segments->disk, handle, page, sizeof(page), 0);
	if (!error)
		error = disk_sync(segments->disk, handle);
	if (!error)
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

static unsigned int free_number(const struct segments *segments)
{
	unsigned int file = 0, i = 0;

	while (i < segments->n)
		if (segments->list[i++].file == file) {
			file++;
			i = 0;
		}
	return file;
}

static int make_file(struct segments *segments)
{
	char name[DISK_NAME_MAX];
	bool is_touched;
	int error;

	segment_name(name, free_number(segments));
	error = add_file(segments, name);
	if (error)
		return error;
	error = write_head(segments, &segments->list[segments->n - 1], true, &is_touched);
	if (error) {
		segments->n--;
		disk_remove(segments->disk, name);
	}
	return error;
}

/* What it held is given up, and none of it is believed again. If a write of that fails the file
 * holds what it held, or nothing; both are right, and the gap is told by the next head.
 */
static int reuse_file(struct segments *segments, unsigned int at, bool *is_touched)
{
	struct segment *segment = &segments->list[at];
	int error = write_head(segments, segment, false, is_touched);

	if (error) {
		segment->failures++;
		if (*is_touched) {
			segment->generation = 0;
			segment->has_frames = false;
		}
		return error;
	}
	segment->is_sealed = false;
	segment->failures = 0;
	move_last(segments, at);
	return 0;
}

/* What is in it and has not been given up before, as by a head that was cut. */
static struct gap gap_of(const struct segments *segments, int at, int next)
{
	struct gap gap = { segments->list[at].first, segments->list[next].first,
			   segments->list[next].samples - segments->list[at].samples };

	for (uint32_t i = 0; i < segments->gaps_n; i++) {
		const struct gap *told = &segments->gaps[i];
		uint64_t both;

		if (told->first > gap.first || told->end <= gap.first)
			continue;
		both = (told->end < gap.end ? told->end : gap.end) - gap.first;
		gap.first += both;
		gap.samples -= both < gap.samples ? both : gap.samples;
	}
	return gap;
}

/* The oldest, but never the newest, as it ends where the next one begins; or -1. */
static int find_oldest(const struct segments *segments)
{
	int at = segments_next(segments, -1);

	return at >= 0 && segments_next(segments, at) >= 0 &&
	       !is_current(segments, (unsigned int)at) ? at : -1;
}

static unsigned int count_with_frames(const struct segments *segments)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < segments->n; i++)
		n += segments->list[i].has_frames;
	return n;
}

/*
 * The one to give up, or -1. While a backlog drains, what is new is delivered before it: the older half
 * may hold what every store has had, behind what none has. The newer half stays, as there are the notes
 * that what is older needs, and what people look at.
 */
static int find_spare(const struct segments *segments)
{
	unsigned int left = count_with_frames(segments) / 2;
	int oldest = find_oldest(segments), at = oldest, next;

	for (; at >= 0 && left--; at = next) {
		next = segments_next(segments, at);
		if (next >= 0 && !is_current(segments, (unsigned int)at) &&
		    delivered_holds(&segments->delivered, segments->list[at].first,
				    segments->list[next].first))
			return at;
	}
	return oldest;
}

static void tell_gap(struct segments *segments, int at)
{
	struct gap gap = gap_of(segments, at, segments_next(segments, at));

	if (gap.end > gap.first)
		add_gap(segments, gap);
}

static void ask_before(struct segments *segments, int at)
{
	if (segments->giving_up)
		segments->giving_up(segments->giving_up_data, &segments->list[at]);
}

static int give_up(struct segments *segments, int at)
{
	struct gap before[GAPS_MAX];
	uint32_t before_n = segments->gaps_n;
	bool is_touched;
	int error;

	ask_before(segments, at);
	memcpy(before, segments->gaps, sizeof(before));
	tell_gap(segments, at);
	error = reuse_file(segments, (unsigned int)at, &is_touched);
	if (error && !is_touched) {
		memcpy(segments->gaps, before, sizeof(before));
		segments->gaps_n = before_n;
	}
	return error;
}

/* One that holds nothing, of those the one that failed the fewest times; or -1. */
static int find_unused(const struct segments *segments)
{
	int found = -1;

	for (unsigned int i = 0; i < segments->n; i++) {
		const struct segment *segment = &segments->list[i];

		if (!segment->has_frames && !segment->is_foreign && !is_current(segments, i) &&
		    (found < 0 || segment->failures < segments->list[found].failures))
			found = (int)i;
	}
	return found;
}

static bool is_ready(const struct segments *segments)
{
	const struct segment *last;

	if (!segments->n)
		return false;
	last = &segments->list[segments->n - 1];
	return last->generation && last->generation == segments->newest && !last->has_frames &&
	       !last->is_sealed &&
	       (last->bytes <= segments->limits.bytes ||
		segments_bytes(segments) <= segments->limits.total);
}

/* A file goes. Its gap is told by the next head; until there is one, a hole is only a hole. */
static int remove_file(struct segments *segments, int at)
{
	char name[DISK_NAME_MAX];
	int error;

	if (segments->list[at].has_frames) {
		ask_before(segments, at);
		tell_gap(segments, at);
	}
	segment_name(name, segments->list[at].file);
	error = disk_remove(segments->disk, name);
	if (error && error != -ENOENT)
		return error;
	segments->n--;
	memmove(&segments->list[at], &segments->list[at + 1],
		(segments->n - (unsigned int)at) * sizeof(*segments->list));
	segments->current -= segments->current > (unsigned int)at;
	return 0;
}

/* A bound that has become smaller: first goes what holds nothing. */
static int shrink(struct segments *segments)
{
	bool is_less = false;
	int at, error = 0;

	while (!error && segments_bytes(segments) > segments->limits.total) {
		at = find_unused(segments);
		if (at < 0 || at + 1 == (int)segments->n)
			at = find_spare(segments);
		if (at < 0)
			break;
		error = remove_file(segments, at);
		is_less = true;
	}
	if (is_less && !error)
		error = disk_sync_names(segments->disk);
	return error ? error : is_less;
}

/* Whether the bound allows that a file becomes as long as a new one. @at: -1 for one more. */
static bool may_have(const struct segments *segments, int at)
{
	uint64_t bytes = segments_bytes(segments) - (at < 0 ? 0 : segments->list[at].bytes);

	return bytes + segments->limits.bytes <= segments->limits.total;
}

/* Whether what is in use is of larger files than there should be: the only way is one more. */
static bool is_too_large(const struct segments *segments)
{
	int at = segments_next(segments, -1);

	return at >= 0 && segments->list[at].bytes > segments->limits.bytes;
}

static int prepare(struct segments *segments)
{
	bool is_touched;
	int at, error;

	for (;;) {
		/* Nothing is given up while a file holds nothing, whatever its faults. */
		at = find_unused(segments);
		if (at >= 0 && may_have(segments, at) && segments->list[at].failures < FAILURES_MAX &&
		    (!segments->list[at].failures || !may_have(segments, -1)))
			return reuse_file(segments, (unsigned int)at, &is_touched);
		error = may_have(segments, -1) ? make_file(segments) : -ENOSPC;
		if (error != -ENOSPC && error != -EDQUOT)
			return error;
		if (at >= 0 && may_have(segments, -1))
			return may_have(segments, at) ?
			       reuse_file(segments, (unsigned int)at, &is_touched) : error;
		if (at < 0) {
			at = find_spare(segments);
			if (at < 0)
				return is_too_large(segments) ? make_file(segments) : -ENOSPC;
			if (may_have(segments, at))
				return give_up(segments, at);
		}
		error = remove_file(segments, at);
		if (error)
			return error;
	}
}

int segments_prepare(struct segments *segments)
{
	int is_less = shrink(segments);
	bool is_touched;

	if (is_less < 0)
		return is_less;
	if (!is_ready(segments))
		return prepare(segments);
	/* What has gone is told. */
	return is_less ? reuse_file(segments, segments->n - 1, &is_touched) : 0;
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
	segments->frames = 0;
	segments->context_at = 0;
	segments->is_durable = false;
	return 0;
}

bool segments_has_room(const struct segments *segments, uint32_t length)
{
	return segments->handle >= 0 &&
	       pages_bytes(length) <= segments->list[segments->current].bytes - segments->end;
}

/* One in which nothing was durable yet holds nothing: it comes next, before a full one. */
static void seal_current(struct segments *segments)
{
	struct segment *segment = &segments->list[segments->current];

	if (segments->handle >= 0) {
		segment->is_sealed = true;
		segment->has_frames = segments->is_durable;
		segment->failures += !segments->is_durable;
	}
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
	if (!segments->context_at)
		return -EINVAL;
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
	segments->frames += !error;
	return error;
}

/* Whether somebody has moved or removed its file. */
static bool is_current_named(const struct segments *segments)
{
	char name[DISK_NAME_MAX];

	segment_name(name, segments->list[segments->current].file);
	return disk_is_named(segments->disk, segments->handle, name);
}

int segments_sync(struct segments *segments)
{
	int error = segments->handle < 0 ? -EBADF : disk_sync(segments->disk, segments->handle);

	if (!error && !is_current_named(segments))
		error = -ESTALE;
	if (error)
		seal_current(segments);
	else
		segments->is_durable = true;
	return error;
}

uint64_t segments_bytes(const struct segments *segments)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < segments->n; i++)
		sum += segments->list[i].is_foreign ? 0 : segments->list[i].bytes;
	return sum;
}
