/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pages of the journal: heads of its files, and frames, which hold what was committed.
 * docs/spool-format.md describes the bytes. All that is read is taken as hostile: a get
 * function returns false rather than a value that breaks a limit below.
 */
#ifndef HYDROPON_FRAME_H
#define HYDROPON_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PAGE_BYTES = 4096,
	FRAME_HEADER_BYTES = 72,
	FRAME_BYTES_MAX = 1 << 20,	/* a frame, header included */
	CONTEXT_BYTES_MAX = 32768,
	GAPS_MAX = 64,
	SLOTS_PAGES_MAX = 16384,
};

/* The ring of slots: page 0 is its head, the others are the ring. */
struct slots_head {
	uint64_t id;		/* of the spool: random, never 0 */
	uint32_t pages;		/* of the ring */
};

/* Records that were given up for room: they are in no segment any more. */
struct gap {
	uint64_t first, end;	/* record numbers */
	uint64_t samples;	/* in it */
};

/* A segment: page 0 is its head, frames begin at page 1. */
struct segment_head {
	uint64_t id;
	uint64_t generation;	/* 1, 2 ...: the order of the segments; new with each use */
	uint32_t bytes;		/* of the file */
	uint32_t gaps_n;	/* all that there were when the head was written */
	struct gap gaps[GAPS_MAX];	/* by record number; they neither touch nor overlap */
};

enum frame_kind {
	FRAME_COMMIT = 1,	/* in the ring: what was committed at once */
	FRAME_CONTEXT = 2,	/* in a segment: what explains the blocks that follow */
	FRAME_BLOCK = 3,	/* in a segment: some commits, densely */
	FRAME_KEPT = 4,		/* in a segment: notes of segments that were given up */
};

struct frame {
	enum frame_kind kind;
	uint32_t length;	/* header included */
	uint64_t id;		/* of the spool */
	uint64_t salt;		/* of a segment its generation, of the ring 0 */
	uint32_t epoch;		/* of the writer: one more with each open */
	uint32_t count;		/* records in it; 0 in a context and in what is kept */
	uint64_t first;		/* number of the first, or of the next one */
	uint64_t samples;	/* before it, over the life of the spool */
	uint64_t blocked;	/* commit: records in durable blocks at that time */
	uint32_t context;	/* commit, block: the CRC of the context's bytes that applies */
	uint32_t context_at;	/* block, kept: where in its file that is; context: itself */
};

/* Whether it is the whole head of a file of a later version than this one. */
bool head_is_newer(const uint8_t page[PAGE_BYTES]);
void slots_head_put(uint8_t page[PAGE_BYTES], const struct slots_head *head);
bool slots_head_get(const uint8_t page[PAGE_BYTES], struct slots_head *head);
void segment_head_put(uint8_t page[PAGE_BYTES], const struct segment_head *head);
bool segment_head_get(const uint8_t page[PAGE_BYTES], struct segment_head *head);

/* Writes the header before a payload that is in place already, CRC and all. */
void frame_seal(uint8_t *bytes, const struct frame *frame);
/* Checks what the header alone can tell: magic, kind and limits, not the CRC. */
bool frame_get(const uint8_t bytes[FRAME_HEADER_BYTES], struct frame *frame);
/* Checks the CRC of a whole frame. */
bool frame_is_whole(const uint8_t *bytes, const struct frame *frame);

/* Bytes rounded up to whole pages. */
static inline uint64_t pages_bytes(uint64_t bytes)
{
	return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

/*
 * The payload of commits and blocks is parts, in the order of their records:
 * kind u32, count u32, length u32, then that many bytes.
 */
enum part_kind {
	PART_PACKED = 1,	/* samples, codec_pack() */
	PART_DENSE = 2,		/* samples, codec_dense() */
	PART_NOTE = 3,		/* one record of another kind, as it is */
};

enum { PART_HEADER_BYTES = 12, NOTE_BYTES_MAX = 2048 };

struct part {
	enum part_kind kind;
	uint32_t count;
	uint32_t length;
};

void part_put(uint8_t to[PART_HEADER_BYTES], const struct part *part);
/* @left: bytes from @from to the end of the payload. */
bool part_get(const uint8_t *from, size_t left, struct part *part);
/* Samples in a whole frame; -1 if its parts do not make up the records it says. */
int64_t frame_samples(const uint8_t *bytes, const struct frame *frame);

#endif
