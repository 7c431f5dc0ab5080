// SPDX-License-Identifier: GPL-2.0-only
#include "spool/kept.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/pack.h"

enum { ITEM_HEADER_BYTES = 20, SHARE = 8 };

uint32_t kept_capacity(uint32_t segment_bytes)
{
	uint32_t pages = segment_bytes / PAGE_BYTES / SHARE;

	if (pages > KEPT_PAGES_MAX)
		pages = KEPT_PAGES_MAX;
	return (pages ? pages : 1) * PAGE_BYTES - FRAME_HEADER_BYTES;
}

static uint32_t item_bytes(const uint8_t *item)
{
	return ITEM_HEADER_BYTES + get_le32(item + 16);
}

/* Where the first item is whose record is not before @record. */
static uint32_t place_of(const struct kept *kept, uint64_t record)
{
	const uint8_t *items = kept->frame + FRAME_HEADER_BYTES;
	uint32_t at = 0;

	while (at < kept->size && get_le64(items + at) < record)
		at += item_bytes(items + at);
	return at;
}

static void drop_oldest(struct kept *kept)
{
	uint8_t *items = kept->frame + FRAME_HEADER_BYTES;
	uint32_t length = item_bytes(items);

	kept->size -= length;
	memmove(items, items + length, kept->size);
}

/* In the order of their numbers, and each once: a write that failed may have left a copy. */
static void add_item(struct kept *kept, const struct kept_note *note, uint32_t capacity)
{
	uint32_t size = ITEM_HEADER_BYTES + note->size, at = place_of(kept, note->record);
	uint8_t *items = kept->frame + FRAME_HEADER_BYTES, *item;

	if (size > capacity || (at < kept->size && get_le64(items + at) == note->record))
		return;
	while (kept->size + size > capacity) {
		/* It is itself the oldest. */
		if (!at)
			return;
		at -= item_bytes(items);
		drop_oldest(kept);
	}
	item = items + at;
	memmove(item + size, item, kept->size - at);
	put_le64(item, note->record);
	put_le64(item + 8, note->samples);
	put_le32(item + 16, note->size);
	memcpy(item + ITEM_HEADER_BYTES, note->bytes, note->size);
	kept->size += size;
}

bool kept_next(const uint8_t *bytes, const struct frame *frame, uint32_t *at,
	       struct kept_note *note)
{
	const uint8_t *item = bytes + *at;
	uint32_t left = frame->length - *at;

	if (left < ITEM_HEADER_BYTES)
		return false;
	*note = (struct kept_note){
		.record = get_le64(item),
		.samples = get_le64(item + 8),
		.size = get_le32(item + 16),
		.bytes = item + ITEM_HEADER_BYTES,
	};
	if (!note->size || note->size > NOTE_BYTES_MAX || note->size > left - ITEM_HEADER_BYTES ||
	    note->record >= frame->first || note->samples > note->record)
		return false;
	*at += ITEM_HEADER_BYTES + note->size;
	return true;
}

/* Of a block in which each part makes sense. */
static void collect_block(struct kept *kept, const uint8_t *bytes, const struct frame *frame,
			  bool (*is_kept)(const uint8_t *bytes, size_t size), uint32_t capacity)
{
	struct kept_note note = { .record = frame->first, .samples = frame->samples };
	struct part part;

	if (frame_samples(bytes, frame) < 0)
		return;
	for (uint32_t at = FRAME_HEADER_BYTES; at < frame->length;
	     at += PART_HEADER_BYTES + part.length) {
		part_get(bytes + at, frame->length - at, &part);
		note.bytes = bytes + at + PART_HEADER_BYTES;
		note.size = part.length;
		if (part.kind == PART_NOTE && is_kept(note.bytes, note.size))
			add_item(kept, &note, capacity);
		note.record += part.count;
		note.samples += part.kind == PART_NOTE ? 0 : part.count;
	}
}

static void collect_frame(struct kept *kept, const uint8_t *bytes, const struct frame *frame,
			  bool (*is_kept)(const uint8_t *bytes, size_t size), uint32_t capacity)
{
	uint32_t at = FRAME_HEADER_BYTES;
	struct kept_note note;

	if (frame->kind == FRAME_BLOCK)
		collect_block(kept, bytes, frame, is_kept, capacity);
	else if (frame->kind == FRAME_KEPT)
		while (kept_next(bytes, frame, &at, &note))
			add_item(kept, &note, capacity);
}

int kept_collect(struct kept *kept, struct segments *segments, const struct segment *segment,
		 bool (*is_kept)(const uint8_t *bytes, size_t size), uint32_t capacity)
{
	uint8_t *buffer = malloc(FRAME_BYTES_MAX);
	uint32_t at = PAGE_BYTES;
	struct frame frame;
	int handle;

	if (!buffer)
		return -ENOMEM;
	handle = segment_open(segments, segment);
	while (handle >= 0 &&
	       !segment_find_frame(segments, handle, segment, &at, buffer, &frame)) {
		collect_frame(kept, buffer, &frame, is_kept, capacity);
		at += (uint32_t)pages_bytes(frame.length);
	}
	disk_close(segments->disk, handle);
	free(buffer);
	return 0;
}

static int add_place(struct kept_places *places, const struct kept_place *place)
{
	size_t more = 2 * places->allocated + 64;
	struct kept_place *list;

	if (places->n == places->allocated) {
		list = realloc(places->list, more * sizeof(*list));
		if (!list)
			return -ENOMEM;
		places->list = list;
		places->allocated = more;
	}
	places->list[places->n++] = *place;
	return 0;
}

static int find_in_frame(struct kept_places *places, unsigned int segment, uint32_t at,
			 const uint8_t *bytes, const struct frame *frame)
{
	uint32_t item = FRAME_HEADER_BYTES;
	struct kept_note note;
	int error = 0;

	while (!error && kept_next(bytes, frame, &item, &note))
		error = add_place(places, &(struct kept_place){ note.record, note.samples, segment,
								at });
	return error;
}

static int find_in_segment(struct kept_places *places, struct segments *segments, unsigned int i,
			   uint8_t *buffer)
{
	const struct segment *segment = &segments->list[i];
	int handle = segment_open(segments, segment), error = 0;
	uint32_t at = PAGE_BYTES;
	struct frame frame;

	if (handle < 0)
		return 0;
	for (unsigned int n = 0; !error && n < KEPT_AMONG_FRAMES; n++) {
		if (segment_find_frame(segments, handle, segment, &at, buffer, &frame))
			break;
		if (frame.kind == FRAME_KEPT)
			error = find_in_frame(places, i, at, buffer, &frame);
		at += (uint32_t)pages_bytes(frame.length);
	}
	disk_close(segments->disk, handle);
	return error;
}

static int compare(const void *a, const void *b)
{
	const struct kept_place *x = a, *y = b;

	return x->record < y->record ? -1 : x->record > y->record;
}

int kept_find(struct kept_places *places, struct segments *segments, uint8_t *buffer)
{
	int error = 0;

	places->n = 0;
	for (int i = segments_next(segments, -1); !error && i >= 0; i = segments_next(segments, i))
		error = find_in_segment(places, segments, (unsigned int)i, buffer);
	if (places->n)
		qsort(places->list, places->n, sizeof(*places->list), compare);
	return error;
}

void kept_free(struct kept_places *places)
{
	free(places->list);
	*places = (struct kept_places){ 0 };
}

const struct kept_place *kept_at(const struct kept_places *places, uint64_t at)
{
	size_t first = 0, end = places->n;

	while (first < end) {
		size_t middle = first + (end - first) / 2;

		if (places->list[middle].record < at)
			first = middle + 1;
		else
			end = middle;
	}
	return first < places->n ? &places->list[first] : NULL;
}

int kept_read(struct segments *segments, const struct kept_place *place, uint8_t *buffer,
	      struct pending_note *note)
{
	const struct segment *segment = &segments->list[place->segment];
	int handle = segment_open(segments, segment), error;
	uint32_t at = place->at, item = FRAME_HEADER_BYTES;
	struct kept_note found;
	struct frame frame;

	if (handle < 0)
		return handle == -ENOENT ? -ESTALE : handle;
	error = segment_find_frame(segments, handle, segment, &at, buffer, &frame);
	disk_close(segments->disk, handle);
	if (error)
		return error == -ENODATA ? -ESTALE : error;
	if (at != place->at || frame.kind != FRAME_KEPT)
		return -ESTALE;
	while (kept_next(buffer, &frame, &item, &found))
		if (found.record == place->record) {
			note->before = 0;
			note->size = found.size;
			memcpy(note->bytes, found.bytes, found.size);
			return 0;
		}
	return -ESTALE;
}
