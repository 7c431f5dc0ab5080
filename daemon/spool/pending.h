/* SPDX-License-Identifier: GPL-2.0-only */
/* Records in memory, in order: samples, and notes between them. */
#ifndef HYDROPON_PENDING_H
#define HYDROPON_PENDING_H

#include <sys/types.h>

#include "base/sample.h"
#include "spool/codec.h"
#include "spool/frame.h"

enum { PENDING_NOTES = 64 };

struct pending_note {
	uint32_t before;	/* samples before it */
	uint32_t size;
	uint8_t bytes[NOTE_BYTES_MAX];
};

struct pending {
	uint32_t samples_n, notes_n;
	struct sample samples[CODEC_SAMPLES];
	struct pending_note notes[PENDING_NOTES];
};

static inline uint32_t pending_records(const struct pending *pending)
{
	return pending->samples_n + pending->notes_n;
}

static inline bool pending_has_room(const struct pending *pending, size_t samples, size_t notes)
{
	return pending->samples_n + samples <= CODEC_SAMPLES &&
	       pending->notes_n + notes <= PENDING_NOTES;
}

/*
 * Writes the records from @*at on as parts, at most @most of them, and advances @*at. @kind:
 * how samples are written. Returns the bytes, or -errno as codec_pack() does.
 */
ssize_t pending_put(const struct pending *pending, struct codec *codec, enum part_kind kind,
		    uint32_t *at, uint32_t most, uint8_t *to, size_t capacity,
		    const uint8_t *decimals, size_t series_n);
/*
 * Adds the records of a whole frame. 0; -EBADMSG if its parts make no sense, -ENOSPC if they
 * do not fit; nothing was added then.
 */
int pending_take(struct pending *pending, struct codec *codec, const uint8_t *bytes,
		 const struct frame *frame, const uint8_t *decimals, size_t series_n);
/* Samples among the records from @begin to before @end. */
uint32_t pending_samples(const struct pending *pending, uint32_t begin, uint32_t end);
/* The sample that is record @at; NULL if that is a note. */
const struct sample *pending_sample(const struct pending *pending, uint32_t at);
/* The note that is record @at; NULL if that is a sample. */
const struct pending_note *pending_note(const struct pending *pending, uint32_t at);
/* Takes out @n records from record @at on. */
void pending_drop(struct pending *pending, uint32_t at, uint32_t n);
/* Bytes of all its notes. */
uint32_t pending_note_bytes(const struct pending *pending);
static inline void pending_clear(struct pending *pending)
{
	pending->samples_n = 0;
	pending->notes_n = 0;
}

#endif
