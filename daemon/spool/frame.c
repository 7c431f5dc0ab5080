// SPDX-License-Identifier: GPL-2.0-only
#include "spool/frame.h"

#include <string.h>

#include "base/crc32c.h"
#include "base/pack.h"

#define SLOTS_MAGIC "HYDROPSL"
#define SEGMENT_MAGIC "HYDROPSG"
#define FRAME_MAGIC "HSFR"
#define FILE_VERSION 2

/* Where the part begins that a CRC covers; in a head that is the whole page. */
enum { HEAD_COVERED = 16, FRAME_COVERED = 8, GAPS_AT = 64, GAP_BYTES = 24 };

_Static_assert(GAPS_AT + GAPS_MAX * GAP_BYTES <= PAGE_BYTES, "a head fits its page");

static void head_seal(uint8_t page[PAGE_BYTES], const char *magic)
{
	memcpy(page, magic, 8);
	put_le32(page + 8, FILE_VERSION);
	put_le32(page + 12, crc32c(page + HEAD_COVERED, PAGE_BYTES - HEAD_COVERED));
}

/* No CRC covers it: a bit that has flipped makes no other version of it. The next one is 5. */
static bool is_this_version(uint32_t version)
{
	return __builtin_popcount(version ^ FILE_VERSION) <= 1;
}

static bool head_is_whole(const uint8_t page[PAGE_BYTES], const char *magic)
{
	return !memcmp(page, magic, 8) && is_this_version(get_le32(page + 8)) &&
	       get_le32(page + 12) == crc32c(page + HEAD_COVERED, PAGE_BYTES - HEAD_COVERED);
}

bool head_is_newer(const uint8_t page[PAGE_BYTES])
{
	return (!memcmp(page, SLOTS_MAGIC, 8) || !memcmp(page, SEGMENT_MAGIC, 8)) &&
	       get_le32(page + 8) > FILE_VERSION && !is_this_version(get_le32(page + 8)) &&
	       get_le32(page + 12) == crc32c(page + HEAD_COVERED, PAGE_BYTES - HEAD_COVERED);
}

void slots_head_put(uint8_t page[PAGE_BYTES], const struct slots_head *head)
{
	memset(page, 0, PAGE_BYTES);
	put_le64(page + 16, head->id);
	put_le32(page + 24, head->pages);
	head_seal(page, SLOTS_MAGIC);
}

bool slots_head_get(const uint8_t page[PAGE_BYTES], struct slots_head *head)
{
	if (!head_is_whole(page, SLOTS_MAGIC))
		return false;
	head->id = get_le64(page + 16);
	head->pages = get_le32(page + 24);
	return head->id && head->pages && head->pages <= SLOTS_PAGES_MAX;
}

void segment_head_put(uint8_t page[PAGE_BYTES], const struct segment_head *head)
{
	memset(page, 0, PAGE_BYTES);
	put_le64(page + 16, head->id);
	put_le64(page + 24, head->generation);
	put_le32(page + 32, head->bytes);
	put_le32(page + 36, head->gaps_n);
	for (uint32_t i = 0; i < head->gaps_n; i++) {
		uint8_t *at = page + GAPS_AT + i * GAP_BYTES;

		put_le64(at, head->gaps[i].first);
		put_le64(at + 8, head->gaps[i].end);
		put_le64(at + 16, head->gaps[i].samples);
	}
	head_seal(page, SEGMENT_MAGIC);
}

bool segment_head_get(const uint8_t page[PAGE_BYTES], struct segment_head *head)
{
	uint64_t end = 0;

	if (!head_is_whole(page, SEGMENT_MAGIC))
		return false;
	head->id = get_le64(page + 16);
	head->generation = get_le64(page + 24);
	head->bytes = get_le32(page + 32);
	head->gaps_n = get_le32(page + 36);
	if (!head->id || !head->generation || head->bytes < 2 * PAGE_BYTES ||
	    head->bytes % PAGE_BYTES || head->gaps_n > GAPS_MAX)
		return false;
	for (uint32_t i = 0; i < head->gaps_n; i++) {
		const uint8_t *at = page + GAPS_AT + i * GAP_BYTES;
		struct gap *gap = &head->gaps[i];

		*gap = (struct gap){ get_le64(at), get_le64(at + 8), get_le64(at + 16) };
		if (gap->first < end || gap->end <= gap->first ||
		    gap->samples > gap->end - gap->first)
			return false;
		end = gap->end;
	}
	return true;
}

void frame_seal(uint8_t *bytes, const struct frame *frame)
{
	memcpy(bytes, FRAME_MAGIC, 4);
	put_le32(bytes + 8, frame->length);
	put_le32(bytes + 12, (uint32_t)frame->kind);
	put_le64(bytes + 16, frame->id);
	put_le64(bytes + 24, frame->salt);
	put_le32(bytes + 32, frame->epoch);
	put_le32(bytes + 36, frame->count);
	put_le64(bytes + 40, frame->first);
	put_le64(bytes + 48, frame->samples);
	put_le64(bytes + 56, frame->blocked);
	put_le32(bytes + 64, frame->context);
	put_le32(bytes + 68, frame->context_at);
	put_le32(bytes + 4, crc32c(bytes + FRAME_COVERED, frame->length - FRAME_COVERED));
}

bool frame_get(const uint8_t bytes[FRAME_HEADER_BYTES], struct frame *frame)
{
	uint32_t kind = get_le32(bytes + 12);

	if (memcmp(bytes, FRAME_MAGIC, 4) || kind < FRAME_COMMIT || kind > FRAME_KEPT)
		return false;
	*frame = (struct frame){
		.kind = (enum frame_kind)kind,
		.length = get_le32(bytes + 8),
		.id = get_le64(bytes + 16),
		.salt = get_le64(bytes + 24),
		.epoch = get_le32(bytes + 32),
		.count = get_le32(bytes + 36),
		.first = get_le64(bytes + 40),
		.samples = get_le64(bytes + 48),
		.blocked = get_le64(bytes + 56),
		.context = get_le32(bytes + 64),
		.context_at = get_le32(bytes + 68),
	};
	return frame->length > FRAME_HEADER_BYTES && frame->length <= FRAME_BYTES_MAX &&
	       !frame->count == (kind == FRAME_CONTEXT || kind == FRAME_KEPT) && frame->first <= INT64_MAX &&
	       frame->samples <= frame->first && !frame->salt == (kind == FRAME_COMMIT) &&
	       !frame->context_at == (kind == FRAME_COMMIT) &&
	       frame->context_at % PAGE_BYTES == 0 && frame->blocked <= frame->first;
}

bool frame_is_whole(const uint8_t *bytes, const struct frame *frame)
{
	return get_le32(bytes + 4) == crc32c(bytes + FRAME_COVERED, frame->length - FRAME_COVERED);
}

void part_put(uint8_t to[PART_HEADER_BYTES], const struct part *part)
{
	put_le32(to, (uint32_t)part->kind);
	put_le32(to + 4, part->count);
	put_le32(to + 8, part->length);
}

bool part_get(const uint8_t *from, size_t left, struct part *part)
{
	uint32_t kind;

	if (left < PART_HEADER_BYTES)
		return false;
	kind = get_le32(from);
	part->kind = (enum part_kind)kind;
	part->count = get_le32(from + 4);
	part->length = get_le32(from + 8);
	if (kind < PART_PACKED || kind > PART_NOTE || part->length > left - PART_HEADER_BYTES)
		return false;
	return kind == PART_NOTE ? part->count == 1 && part->length <= NOTE_BYTES_MAX :
				   part->count != 0;
}

int64_t frame_samples(const uint8_t *bytes, const struct frame *frame)
{
	uint64_t records = 0;
	int64_t samples = 0;
	struct part part;

	if (frame->kind == FRAME_CONTEXT || frame->kind == FRAME_KEPT)
		return 0;
	for (uint32_t at = FRAME_HEADER_BYTES; at < frame->length;
	     at += PART_HEADER_BYTES + part.length) {
		if (!part_get(bytes + at, frame->length - at, &part))
			return -1;
		records += part.count;
		samples += part.kind == PART_NOTE ? 0 : part.count;
	}
	return records == frame->count ? samples : -1;
}
