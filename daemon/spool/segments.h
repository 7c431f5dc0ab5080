/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The segments: files of one size, in the order of their generations, that hold blocks. The
 * newest is written, one is free and ready ahead, and when the bound leaves no room for
 * another file, one is given up for it: of the older half the oldest that every store has had, else
 * the oldest.
 */
#ifndef HYDROPON_SEGMENTS_H
#define HYDROPON_SEGMENTS_H

#include "spool/delivered.h"
#include "spool/disk.h"
#include "spool/frame.h"

struct segment {
	unsigned int file;	/* the number in its name */
	uint64_t generation;	/* 0: not in use, to be overwritten */
	bool has_frames;
	bool is_sealed;		/* a write or a sync has failed: nothing more is written to it */
	bool is_foreign;	/* of another spool, or not to be read: left alone */
	unsigned int failures;	/* to begin it anew */
	bool is_headless;	/* known by its frames: its head is no good */
	uint64_t first;		/* record number, and samples, before its first frame */
	uint64_t samples;
	uint32_t bytes;
};

struct segments_limits {
	uint32_t bytes;		/* of a segment that is made */
	uint64_t total;		/* of all of them, at least three times that */
};

struct segments {
	struct disk *disk;
	uint64_t id;
	bool passes_unreadable;	/* pages that cannot be read are none, and not -EIO */
	unsigned int unreadable;	/* so many of them */
	struct segments_limits limits;
	struct segment *list;	/* by generation; those not in use first */
	unsigned int n, allocated;
	uint64_t newest;	/* generation, with or without frames */
	int handle;		/* of the current one; -1: there is none, or it is sealed */
	uint32_t end;		/* where its next frame goes */
	uint32_t context_at;	/* of its newest context */
	bool is_durable;	/* something in the current one has been synced */
	struct gap gaps[GAPS_MAX];
	uint32_t gaps_n;
	uint64_t gaps_generation;	/* of the head that told them */
	unsigned int bad_places;	/* found by the opening */
	struct delivered delivered;	/* what every store has had */
	/* Asked before what a segment holds is given up; NULL: nobody. */
	void (*giving_up)(void *data, const struct segment *segment);
	void *giving_up_data;
	unsigned int frames;		/* in the current one */
	unsigned int current;	/* its place in the list, if handle is not -1 */
};

/* What the newest segment says of the end of all that is in blocks. */
struct segments_end {
	uint64_t records, samples;
	uint32_t epoch;		/* the highest seen */
	uint8_t context[CONTEXT_BYTES_MAX];	/* the newest */
	size_t context_size;	/* 0: there is none */
};

/*
 * Reads heads and the newest segment. @id: 0 takes that of the files. @limits: NULL for one who
 * only reads, beside a writer. @buffer has FRAME_BYTES_MAX. 0 or -errno. Corruption is counted
 * and passed.
 */
int segments_open(struct segments *segments, struct disk *disk, uint64_t id,
		  const struct segments_limits *limits, bool passes_unreadable, uint8_t *buffer,
		  struct segments_end *end);
void segments_close(struct segments *segments);

/*
 * Makes a segment ready ahead if there is none: a new file, or one that is
 * given up. What is beyond the bound, as it has become smaller, is given up as well. 0 or
 * -errno; -ENOSPC also if there is none to give up.
 */
int segments_prepare(struct segments *segments);
/* The ready one becomes the current one, in which @records come next. 0 or -errno. */
int segments_advance(struct segments *segments, uint64_t records, uint64_t samples);
/* Whether a frame of @length bytes goes into the current segment. */
bool segments_has_room(const struct segments *segments, uint32_t length);
/*
 * Writes a frame to the current segment: fills in and seals @frame, and zeroes what is left of
 * its last page. Durable with the next segments_sync(). An error of either seals the segment:
 * what was not synced goes to the next one.
 */
int segments_put(struct segments *segments, uint8_t *bytes, struct frame *frame);
int segments_sync(struct segments *segments);
/* Its generation, 0: there is none that can be written. */
static inline uint64_t segments_current(const struct segments *segments)
{
	return segments->handle < 0 ? 0 : segments->list[segments->current].generation;
}
/* Bytes of all files. */
uint64_t segments_bytes(const struct segments *segments);

/* The last with frames that begins at or before record @at, or -1. */
int segments_find(const struct segments *segments, uint64_t at);
/* The next with frames after that of place @at in the list, or -1. */
int segments_next(const struct segments *segments, int at);
/*
 * Whether the head of the segment with frames at place @at in the list is damage, and not just
 * what a power cut left while it was written. @records: that are in blocks.
 */
bool segments_head_is_damaged(const struct segments *segments, int at, uint64_t records);
/* Opens the file of a segment for reading. A handle or -errno. */
int segment_open(const struct segments *segments, const struct segment *segment);
/*
 * The next whole frame from byte @*at of a segment on, over pages that are none. 0, -ENODATA
 * or -errno.
 */
int segment_find_frame(struct segments *segments, int handle, const struct segment *segment,
		       uint32_t *at, uint8_t *buffer, struct frame *frame);
/* Whether the file still holds that segment: 0, -ESTALE or -errno. @buffer: of PAGE_BYTES. */
int segment_check(const struct segments *segments, int handle, const struct segment *segment,
		  uint8_t *buffer);

/* Name of a file by its number. */
void segment_name(char name[DISK_NAME_MAX], unsigned int file);
/* The number in the name of a segment, or -1. */
int segment_number(const char *name);

#endif
