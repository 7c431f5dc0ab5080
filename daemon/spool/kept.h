/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Records that outlive their segment: before one is given up for room, those of its notes that
 * matter longest (events: who set what, and what tripped), and what it had itself been handed so,
 * go to the segment that is written. docs/spool-format.md, "Kept notes".
 */
#ifndef HYDROPON_KEPT_H
#define HYDROPON_KEPT_H

#include "spool/pending.h"
#include "spool/segments.h"

enum {
	KEPT_PAGES_MAX = 5,		/* of one frame */
	KEPT_AMONG_FRAMES = 32,		/* a reader looks at so many first frames of a segment */
};

/* What waits to be written. All 0: nothing. */
struct kept {
	uint32_t size;			/* of the items */
	uint8_t frame[KEPT_PAGES_MAX * PAGE_BYTES];
};

/* One of them, as it was found. */
struct kept_note {
	uint64_t record, samples;	/* its number, and the samples before it */
	uint32_t size;
	const uint8_t *bytes;
};

/*
 * Adds what is to be kept of a segment, in the order of its records; of what is more than @capacity
 * bytes (kept_capacity()) the oldest goes. What cannot be read is passed. 0 or -ENOMEM.
 */
int kept_collect(struct kept *kept, struct segments *segments, const struct segment *segment,
		 bool (*is_kept)(const uint8_t *bytes, size_t size), uint32_t capacity);
/* Bytes of items that a segment of that size takes over at once. */
uint32_t kept_capacity(uint32_t segment_bytes);
/* The next item of a whole frame from byte *@at on (FRAME_HEADER_BYTES at first). False: the end. */
bool kept_next(const uint8_t *bytes, const struct frame *frame, uint32_t *at,
	       struct kept_note *note);

/* Where all of them are, for a reader. All 0: none. */
struct kept_places {
	struct kept_place {
		uint64_t record, samples;
		unsigned int segment;	/* its place in the list */
		uint32_t at;		/* of the frame in its file */
	} *list;
	size_t n, allocated;
};

/* Finds them; what cannot be read is passed. @buffer has FRAME_BYTES_MAX. 0 or -ENOMEM. */
int kept_find(struct kept_places *places, struct segments *segments, uint8_t *buffer);
void kept_free(struct kept_places *places);
/* The first at or after record @at, or NULL. */
const struct kept_place *kept_at(const struct kept_places *places, uint64_t at);
/* 0 and @note; -ESTALE: it is not there any more; or -errno. */
int kept_read(struct segments *segments, const struct kept_place *place, uint8_t *buffer,
	      struct pending_note *note);

#endif
