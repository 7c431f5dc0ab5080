// SPDX-License-Identifier: GPL-2.0-only
#include "spool/pending.h"

#include <errno.h>
#include <string.h>

/* What comes at record @at: a note, or so many samples until the next one or the end. */
struct run {
	const struct pending_note *note;
	uint32_t sample, n;
};

static struct run run_at(const struct pending *pending, uint32_t at)
{
	struct run run = { .n = pending->samples_n };
	uint32_t i = 0;

	/* Note i has the number before + i. */
	while (i < pending->notes_n && pending->notes[i].before + i < at)
		i++;
	run.sample = at - i;
	run.n = pending->samples_n - run.sample;
	if (i < pending->notes_n) {
		run.n = pending->notes[i].before - run.sample;
		if (!run.n)
			run.note = &pending->notes[i];
	}
	return run;
}

static ssize_t put_note(const struct pending_note *note, uint8_t *to, size_t capacity)
{
	const struct part part = { PART_NOTE, 1, note->size };

	if (capacity < PART_HEADER_BYTES + note->size)
		return -ENOSPC;
	part_put(to, &part);
	memcpy(to + PART_HEADER_BYTES, note->bytes, note->size);
	return PART_HEADER_BYTES + (ssize_t)note->size;
}

static ssize_t put_samples(const struct sample *samples, uint32_t n, struct codec *codec,
			   enum part_kind kind, uint8_t *to, size_t capacity,
			   const uint8_t *decimals, size_t series_n)
{
	struct part part = { kind, n, 0 };
	ssize_t size;

	if (capacity < PART_HEADER_BYTES)
		return -ENOSPC;
	capacity -= PART_HEADER_BYTES;
	size = (kind == PART_DENSE ? codec_dense : codec_pack)(codec, to + PART_HEADER_BYTES,
							       capacity, samples, n, decimals,
							       series_n);
	if (size < 0)
		return size;
	part.length = (uint32_t)size;
	part_put(to, &part);
	return PART_HEADER_BYTES + size;
}

ssize_t pending_put(const struct pending *pending, struct codec *codec, enum part_kind kind,
		    uint32_t *at, uint32_t most, uint8_t *to, size_t capacity,
		    const uint8_t *decimals, size_t series_n)
{
	uint32_t end = pending_records(pending), next = *at;
	size_t length = 0;
	ssize_t size;

	if (end - next > most)
		end = next + most;
	while (next < end) {
		struct run run = run_at(pending, next);

		if (run.note) {
			size = put_note(run.note, to + length, capacity - length);
			next++;
		} else {
			if (run.n > end - next)
				run.n = end - next;
			size = put_samples(pending->samples + run.sample, run.n, codec, kind,
					   to + length, capacity - length, decimals, series_n);
			next += run.n;
		}
		if (size < 0)
			return size;
		length += (size_t)size;
	}
	*at = next;
	return (ssize_t)length;
}

static int take_part(struct pending *pending, struct codec *codec, const uint8_t *bytes,
		     const struct part *part, const uint8_t *decimals, size_t series_n)
{
	struct sample *samples = pending->samples + pending->samples_n;
	struct pending_note *note = &pending->notes[pending->notes_n];
	int error;

	if (part->kind == PART_NOTE) {
		if (!pending_has_room(pending, 0, 1))
			return -ENOSPC;
		note->before = pending->samples_n;
		note->size = part->length;
		memcpy(note->bytes, bytes, part->length);
		pending->notes_n++;
		return 0;
	}
	if (!pending_has_room(pending, part->count, 0))
		return -ENOSPC;
	error = (part->kind == PART_DENSE ? codec_undense : codec_unpack)(codec, bytes,
									  part->length, samples,
									  part->count, decimals,
									  series_n);
	if (!error)
		pending->samples_n += part->count;
	return error;
}

int pending_take(struct pending *pending, struct codec *codec, const uint8_t *bytes,
		 const struct frame *frame, const uint8_t *decimals, size_t series_n)
{
	uint32_t samples_n = pending->samples_n, notes_n = pending->notes_n;
	struct part part;
	int error = 0;

	if (frame_samples(bytes, frame) < 0)
		return -EBADMSG;
	for (uint32_t at = FRAME_HEADER_BYTES; !error && at < frame->length;
	     at += PART_HEADER_BYTES + part.length) {
		part_get(bytes + at, frame->length - at, &part);
		error = take_part(pending, codec, bytes + at + PART_HEADER_BYTES, &part, decimals,
				  series_n);
	}
	if (error) {
		pending->samples_n = samples_n;
		pending->notes_n = notes_n;
	}
	return error;
}

uint32_t pending_samples(const struct pending *pending, uint32_t begin, uint32_t end)
{
	uint32_t n = end - begin;

	for (uint32_t i = 0; i < pending->notes_n; i++)
		n -= pending->notes[i].before + i >= begin && pending->notes[i].before + i < end;
	return n;
}

const struct sample *pending_sample(const struct pending *pending, uint32_t at)
{
	struct run run = run_at(pending, at);

	return run.note ? NULL : &pending->samples[run.sample];
}

const struct pending_note *pending_note(const struct pending *pending, uint32_t at)
{
	return run_at(pending, at).note;
}

uint32_t pending_note_bytes(const struct pending *pending)
{
	uint32_t bytes = 0;

	for (uint32_t i = 0; i < pending->notes_n; i++)
		bytes += pending->notes[i].size;
	return bytes;
}

void pending_drop(struct pending *pending, uint32_t at, uint32_t n)
{
	uint32_t samples = pending_samples(pending, at, at + n), first = at, left = 0;
	uint32_t total = pending->samples_n;

	if (!n)
		return;
	first = pending_samples(pending, 0, at);
	for (uint32_t i = 0; i < pending->notes_n; i++) {
		uint32_t number = pending->notes[i].before + i;

		if (number >= at && number < at + n)
			continue;
		pending->notes[left] = pending->notes[i];
		if (number >= at + n)
			pending->notes[left].before -= samples;
		left++;
	}
	pending->notes_n = left;
	memmove(pending->samples + first, pending->samples + first + samples,
		(total - first - samples) * sizeof(*pending->samples));
	pending->samples_n -= samples;
}
