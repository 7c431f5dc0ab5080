// SPDX-License-Identifier: GPL-2.0-only
#include "spool/journal_reader.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "spool/kept.h"

/* So often, with a refresh each, it is tried to read what cannot be read. */
#define INDEX_TRIES 25

struct journal_reader {
	struct disk *disk;
	bool (*get_series)(const uint8_t *bytes, size_t size, struct journal_series *series);
	struct codec *codec;
	struct pending *records;
	uint8_t *buffer;		/* of FRAME_BYTES_MAX */
	struct journal_mark mark;
	struct segments segments;
	struct segments_end end;	/* of the newest, when it was indexed */
	struct kept_places kept;	/* looked for when the first hole is come by */
	bool is_kept_found;
	bool is_indexed;
	bool passes_unreadable;
	unsigned int unreadable;	/* tries in a row to make an index that gave EIO */
	bool is_unattended;		/* what follows the blocks is in @leftover */
	struct leftover leftover;
	void (*tell)(void *data, const struct journal_damage *damage);	/* NULL: nobody asks */
	void *tell_data;
	int slots_handle;
	uint32_t slots_pages;
	/* The context that was read last, and where a search in the same segment may begin. */
	struct journal_series series;
	uint8_t context[CONTEXT_BYTES_MAX];
	size_t context_size;
	uint32_t context_crc;
	int handle;			/* of the segment that was read last, or -1 */
	uint64_t generation;
	uint64_t at_record;
	uint32_t at;
	/* What was given last. A number always means the same record. */
	struct journal_batch batch;
	uint64_t batch_end;		/* 0: none */
};

struct journal_reader *journal_reader_open(struct disk *disk,
					   bool (*series)(const uint8_t *bytes, size_t size,
							  struct journal_series *series))
{
	struct journal_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->disk = disk;
	reader->get_series = series;
	reader->slots_handle = -1;
	reader->handle = -1;
	reader->segments.disk = disk;
	reader->segments.handle = -1;
	reader->leftover.slots.handle = -1;
	reader->codec = codec_new();
	reader->records = calloc(1, sizeof(*reader->records));
	reader->buffer = malloc(FRAME_BYTES_MAX);
	if (reader->codec && reader->records && reader->buffer)
		return reader;
	journal_reader_close(reader);
	return NULL;
}

static void leave_segment(struct journal_reader *reader)
{
	disk_close(reader->disk, reader->handle);
	reader->handle = -1;
}

static void forget(struct journal_reader *reader)
{
	reader->batch_end = 0;
	leave_segment(reader);
	segments_close(&reader->segments);
	reader->is_indexed = false;
	kept_free(&reader->kept);
	reader->is_kept_found = false;
	disk_close(reader->disk, reader->slots_handle);
	reader->slots_handle = -1;
}

void journal_reader_close(struct journal_reader *reader)
{
	if (!reader)
		return;
	forget(reader);
	leftover_close(&reader->leftover);
	codec_free(reader->codec);
	free(reader->records);
	free(reader->buffer);
	free(reader);
}

void journal_reader_pass_unreadable(struct journal_reader *reader, bool passes)
{
	reader->passes_unreadable = passes;
	reader->segments.passes_unreadable = passes;
}

/* The ring may have been replaced by another one. */
static int open_slots(struct journal_reader *reader)
{
	struct slots_head head;
	int error;

	disk_close(reader->disk, reader->slots_handle);
	reader->slots_handle = disk_open(reader->disk, SLOTS_NAME, false);
	if (reader->slots_handle < 0)
		return reader->slots_handle;
	error = disk_read(reader->disk, reader->slots_handle, reader->buffer, PAGE_BYTES, 0);
	if (error)
		return error;
	if (!slots_head_get(reader->buffer, &head) ||
	    (reader->mark.id && head.id != reader->mark.id))
		return -ESTALE;
	reader->mark.id = head.id;
	reader->slots_pages = head.pages;
	return 0;
}

static int make_index(struct journal_reader *reader, uint64_t id)
{
	int error;

	forget(reader);
	error = segments_open(&reader->segments, reader->disk, id, NULL,
			      reader->passes_unreadable || reader->unreadable >= INDEX_TRIES,
			      reader->buffer, &reader->end);
	reader->unreadable = error == -EIO ? reader->unreadable + 1 : 0;
	reader->segments.passes_unreadable = reader->passes_unreadable;
	if (!error && segments_next(&reader->segments, -1) < 0)
		error = -ENOENT;
	reader->is_indexed = !error;
	return error;
}

/* What the blocks alone show. */
static void take_blocks_for_mark(struct journal_reader *reader)
{
	reader->mark = (struct journal_mark){
		.id = reader->segments.id,
		.records = reader->end.records,
		.samples = reader->end.samples,
		.blocked = reader->end.records,
		.blocked_samples = reader->end.samples,
		.generation = reader->segments.newest,
	};
}

int journal_reader_refresh(struct journal_reader *reader, const struct journal_mark *mark)
{
	int error;

	reader->is_unattended = false;
	leftover_close(&reader->leftover);
	if (!mark) {
		/* Whose ring it is, whatever else is in the folder. */
		reader->mark.id = 0;
		open_slots(reader);
		error = make_index(reader, reader->mark.id);
		if (!error)
			take_blocks_for_mark(reader);
		return error;
	}
	if (!reader->is_indexed || mark->id != reader->mark.id ||
	    mark->generation != reader->mark.generation || mark->current != reader->mark.current) {
		error = make_index(reader, mark->id);
		if (error)
			return error;
	}
	reader->mark = *mark;
	return open_slots(reader);
}

int journal_reader_refresh_unattended(struct journal_reader *reader,
				      const struct journal_mark *known)
{
	struct leftover *leftover = &reader->leftover;
	int error;

	leftover_close(leftover);
	reader->is_unattended = false;
	error = leftover_open(leftover, reader->disk, reader->passes_unreadable);
	if (!error)
		error = make_index(reader, leftover->slots.id);
	if (error)
		goto err_close;
	take_blocks_for_mark(reader);
	error = leftover_find(leftover, reader->mark.id, reader->mark.records,
			      reader->mark.samples, reader->buffer);
	if (error)
		goto err_forget;
	reader->mark.records = leftover->records;
	reader->mark.samples = leftover->samples;
	if (known && known->id == reader->mark.id && known->records > reader->mark.records) {
		reader->mark.records = known->records;
		reader->mark.samples = known->samples;
	}
	reader->is_unattended = true;
	return 0;

err_forget:
	forget(reader);
err_close:
	leftover_close(leftover);
	return error;
}

const struct segments *journal_reader_segments(const struct journal_reader *reader)
{
	return reader->is_indexed ? &reader->segments : NULL;
}

const struct leftover *journal_reader_leftover(const struct journal_reader *reader)
{
	return reader->is_unattended ? &reader->leftover : NULL;
}

void journal_reader_tell(struct journal_reader *reader,
			 void (*tell)(void *data, const struct journal_damage *damage), void *data)
{
	reader->tell = tell;
	reader->tell_data = data;
}

void journal_reader_mark(const struct journal_reader *reader, struct journal_mark *out)
{
	*out = reader->mark;
}

static int take_context(struct journal_reader *reader, const uint8_t *bytes, size_t size)
{
	reader->batch_end = 0;
	if (size > CONTEXT_BYTES_MAX || !reader->get_series(bytes, size, &reader->series))
		return -EBADMSG;
	memcpy(reader->context, bytes, size);
	reader->context_size = size;
	reader->context_crc = crc32c(bytes, size);
	return 0;
}

/* Makes a batch of the frame in the buffer. */
static int give(struct journal_reader *reader, const struct frame *frame,
		struct journal_batch *batch)
{
	int error;

	/* The context before a block may be damaged: another copy will do. */
	if (frame->context != reader->context_crc &&
	    frame->context == crc32c(reader->end.context, reader->end.context_size))
		take_context(reader, reader->end.context, reader->end.context_size);
	if (frame->context != reader->context_crc)
		return -EBADMSG;
	reader->batch_end = 0;
	pending_clear(reader->records);
	error = pending_take(reader->records, reader->codec, reader->buffer, frame,
			     reader->series.decimals, reader->series.n);
	if (error)
		return error == -ENOSPC ? -EBADMSG : error;
	*batch = (struct journal_batch){
		.first = frame->first,
		.samples = frame->samples,
		.records = reader->records,
		.context = reader->context,
		.context_size = reader->context_size,
	};
	reader->batch = *batch;
	reader->batch_end = frame->first + frame->count;
	return 0;
}

/* The header of the commit at a page of the ring. */
static int get_commit(struct journal_reader *reader, uint32_t page, struct frame *frame)
{
	int error;

	if (page >= reader->slots_pages)
		return -EBADMSG;
	error = disk_read(reader->disk, reader->slots_handle, reader->buffer, FRAME_HEADER_BYTES,
			  (1 + (uint64_t)page) * PAGE_BYTES);
	if (error)
		return error;
	return frame_get(reader->buffer, frame) && frame->kind == FRAME_COMMIT &&
	       frame->id == reader->mark.id ? 0 : -EBADMSG;
}

/* The ring from the oldest commit that is needed on; one does not go around its end. */
static int get_from_slots(struct journal_reader *reader, uint64_t at, struct journal_batch *batch)
{
	uint32_t page = reader->mark.slot, left = reader->mark.slots_used, n;
	uint64_t next = reader->mark.blocked;
	struct frame frame;
	int error;

	while (left) {
		error = get_commit(reader, page, &frame);
		if ((error == -EBADMSG || (!error && frame.first != next)) && page &&
		    left >= reader->slots_pages - page) {
			left -= reader->slots_pages - page;
			page = 0;
			continue;
		}
		if (error || frame.first != next)
			return error && error != -EBADMSG ? error : -ESTALE;
		if (at < next + frame.count) {
			/* The context of the ring is not that of the segment in which a search
			 * may have ended.
			 */
			leave_segment(reader);
			error = disk_read(reader->disk, reader->slots_handle, reader->buffer,
					  frame.length, (1 + (uint64_t)page) * PAGE_BYTES);
			if (!error && !frame_is_whole(reader->buffer, &frame))
				error = -EBADMSG;
			if (!error)
				error = take_context(reader, reader->end.context,
						     reader->end.context_size);
			if (!error)
				error = give(reader, &frame, batch);
			return error == -EBADMSG || error == -ENODATA ? -ESTALE : error;
		}
		n = (uint32_t)(pages_bytes(frame.length) / PAGE_BYTES);
		next += frame.count;
		page = (page + n) % reader->slots_pages;
		left -= n < left ? n : left;
	}
	return -ESTALE;
}

static void tell_damage(const struct journal_reader *reader, const char *file, uint64_t at,
			uint64_t first, uint64_t records)
{
	struct journal_damage damage = { .at = at, .first = first, .records = records };

	if (!reader->tell)
		return;
	snprintf(damage.file, sizeof(damage.file), "%s", file);
	reader->tell(reader->tell_data, &damage);
}

static void tell_segment_damage(const struct journal_reader *reader, const struct segment *segment,
				uint64_t at, uint64_t first, uint64_t records)
{
	char name[DISK_NAME_MAX];

	segment_name(name, segment->file);
	tell_damage(reader, name, at, first, records);
}

/* @from: where all begins that is not there around @at. It is one hole, whatever was kept within: it
 * was given up if that was told of any of it up to there.
 */
static int tell_hole(const struct journal_reader *reader, uint64_t from, uint64_t at, uint64_t end,
		     uint64_t samples_end, struct journal_hole *hole)
{
	/* The index may be newer than the mark; what is in no block is no affair of segments. */
	if (at < reader->mark.blocked && end > reader->mark.blocked) {
		end = reader->mark.blocked;
		samples_end = reader->mark.blocked_samples;
	}
	*hole = (struct journal_hole){ .first = at, .end = end, .samples_end = samples_end };
	for (uint32_t i = 0; i < reader->segments.gaps_n; i++)
		if (at >= reader->segments.gaps[i].first && from < reader->segments.gaps[i].end)
			hole->is_given_up = true;
	return -ENODATA;
}

/* What follows the blocks where nobody writes. */
static int get_from_leftover(struct journal_reader *reader, uint64_t at,
			     struct journal_batch *batch, struct journal_hole *hole)
{
	const struct slots_commit *commit = leftover_commit(&reader->leftover, at);
	uint64_t end = commit ? commit->frame.first : reader->mark.records;
	uint64_t samples_end = commit ? commit->frame.samples : reader->mark.samples;
	uint64_t place = leftover_place(&reader->leftover, commit);
	int error;

	if (at < end) {
		tell_damage(reader, SLOTS_NAME, place, at, end - at);
		return tell_hole(reader, at, at, end, samples_end, hole);
	}
	leave_segment(reader);
	error = leftover_read(&reader->leftover, commit, reader->buffer);
	if (error == -EIO && reader->passes_unreadable)
		error = -EBADMSG;
	if (!error)
		error = take_context(reader, reader->end.context, reader->end.context_size);
	if (!error)
		error = give(reader, &commit->frame, batch);
	if (error != -EBADMSG)
		return error;
	end = commit->frame.first + commit->frame.count;
	commit = leftover_commit(&reader->leftover, end);
	samples_end = commit ? commit->frame.samples : reader->mark.samples;
	tell_damage(reader, SLOTS_NAME, place, at, end - at);
	return tell_hole(reader, at, at, end, samples_end, hole);
}

static int enter_segment(struct journal_reader *reader, const struct segment *segment, uint64_t at)
{
	if (reader->handle >= 0 && reader->generation == segment->generation &&
	    reader->at_record <= at)
		return 0;
	leave_segment(reader);
	reader->handle = segment_open(&reader->segments, segment);
	if (reader->handle < 0)
		return reader->handle == -ENOENT ? -ESTALE : reader->handle;
	reader->generation = segment->generation;
	reader->at = PAGE_BYTES;
	reader->at_record = segment->first;
	reader->batch_end = 0;
	reader->context_size = 0;
	reader->context_crc = 0;
	return 0;
}

/* The block with record @at in a segment; -ENODATA with @frame the first one after it, or with
 * a length of 0 at the end.
 */
static int find_block(struct journal_reader *reader, const struct segment *segment, uint64_t at,
		      uint64_t limit, struct frame *frame)
{
	uint32_t found = reader->at;
	uint8_t page[PAGE_BYTES];
	int error;

	for (;;) {
		error = segment_find_frame(&reader->segments, reader->handle, segment, &found,
					   reader->buffer, frame);
		if (error == -ENODATA || (!error && frame->first >= limit)) {
			frame->length = 0;
			return -ENODATA;
		}
		if (error)
			return error;
		/* A frame is only written when the one before it is durable. */
		if (found != reader->at) {
			error = segment_check(&reader->segments, reader->handle, segment, page);
			if (error)
				return error;
			tell_segment_damage(reader, segment, reader->at, reader->at_record,
					    frame->first > reader->at_record ?
					    frame->first - reader->at_record : 0);
			reader->at = found;
		}
		if (frame->kind == FRAME_CONTEXT)
			take_context(reader, reader->buffer + FRAME_HEADER_BYTES,
				     frame->length - FRAME_HEADER_BYTES);
		else if (frame->kind == FRAME_BLOCK && at < frame->first)
			return -ENODATA;
		else if (frame->kind == FRAME_BLOCK && at < frame->first + frame->count)
			return 0;
		found += (uint32_t)pages_bytes(frame->length);
		reader->at = found;
		reader->at_record = frame->first + frame->count;
	}
}

static int get_from_segments(struct journal_reader *reader, uint64_t at,
			     struct journal_batch *batch, struct journal_hole *hole)
{
	const struct segments *segments = &reader->segments;
	int i = segments_find(segments, at), next = segments_next(segments, i), error;
	uint64_t end = next < 0 ? reader->mark.blocked : segments->list[next].first;
	uint64_t samples_end = next < 0 ? reader->mark.blocked_samples :
					  segments->list[next].samples;
	struct frame frame = { 0 };
	bool is_told = false;

	if (i < 0)
		return tell_hole(reader, 0, at, end, samples_end, hole);
	error = enter_segment(reader, &segments->list[i], at);
	if (error)
		return error;
	error = find_block(reader, &segments->list[i], at, end, &frame);
	if (!error)
		error = give(reader, &frame, batch);
	if (!error)
		return 0;
	if (error == -EBADMSG) {
		int64_t samples = frame_samples(reader->buffer, &frame);

		end = frame.first + frame.count;
		samples_end = frame.samples + (samples < 0 ? frame.count : (uint64_t)samples);
	} else if (error == -ENODATA && frame.length) {
		end = frame.first;
		samples_end = frame.samples;
		is_told = true;
	} else if (error != -ENODATA) {
		return error;
	}
	/* It may be another segment by now. */
	error = segment_check(segments, reader->handle, &segments->list[i], reader->buffer);
	if (error)
		return error;
	error = tell_hole(reader, at < reader->at_record ? at : reader->at_record, at, end,
			  samples_end, hole);
	/* What was passed over before a frame was told when that was found. */
	if (!is_told && !hole->is_given_up)
		tell_segment_damage(reader, &segments->list[i], reader->at, at, end - at);
	return error;
}

static int find_kept(struct journal_reader *reader)
{
	int error = reader->is_kept_found ? 0 :
		    kept_find(&reader->kept, &reader->segments, reader->buffer);

	reader->is_kept_found = !error;
	return error;
}

int journal_reader_first_kept(struct journal_reader *reader, uint64_t *record)
{
	const struct kept_place *place;
	int error = reader->is_indexed ? find_kept(reader) : -ENOENT;

	if (error)
		return error;
	place = kept_at(&reader->kept, 0);
	if (!place)
		return -ENOENT;
	*record = place->record;
	return 0;
}

/* Within what was given up: what was kept of it, each note a batch of its own between holes. */
static int get_kept(struct journal_reader *reader, uint64_t at, struct journal_batch *batch,
		    struct journal_hole *hole)
{
	const struct kept_place *place;
	int error = find_kept(reader);

	if (error)
		return error;
	place = kept_at(&reader->kept, at);
	if (!place || place->record >= hole->end || place->samples > hole->samples_end)
		return -ENODATA;
	if (place->record > at) {
		hole->end = place->record;
		hole->samples_end = place->samples;
		return -ENODATA;
	}
	/* It is explained by the newest context: a note needs no series. */
	leave_segment(reader);
	error = take_context(reader, reader->end.context, reader->end.context_size);
	if (error)
		return -ENODATA;
	pending_clear(reader->records);
	error = kept_read(&reader->segments, place, reader->buffer, &reader->records->notes[0]);
	if (error)
		return error;
	reader->records->notes_n = 1;
	*batch = (struct journal_batch){
		.first = at,
		.samples = place->samples,
		.records = reader->records,
		.context = reader->context,
		.context_size = reader->context_size,
	};
	reader->batch = *batch;
	reader->batch_end = at + 1;
	return 0;
}

void journal_reader_first(const struct journal_reader *reader, uint64_t *record, uint64_t *samples)
{
	int i = segments_next(&reader->segments, -1);

	*record = i < 0 ? reader->mark.blocked : reader->segments.list[i].first;
	*samples = i < 0 ? reader->mark.blocked_samples : reader->segments.list[i].samples;
}

int journal_reader_get(struct journal_reader *reader, uint64_t at, struct journal_batch *batch,
		       struct journal_hole *hole)
{
	int error;

	if (!reader->is_indexed || at >= reader->mark.records)
		return -EAGAIN;
	if (reader->batch_end && at >= reader->batch.first && at < reader->batch_end) {
		*batch = reader->batch;
		return 0;
	}
	if (at >= reader->mark.blocked && reader->is_unattended)
		error = get_from_leftover(reader, at, batch, hole);
	else if (at >= reader->mark.blocked)
		error = get_from_slots(reader, at, batch);
	else
		error = get_from_segments(reader, at, batch, hole);
	if (error == -ENODATA && hole->is_given_up && at < reader->mark.blocked)
		error = get_kept(reader, at, batch, hole);
	if (error == -ESTALE)
		forget(reader);
	return error;
}
