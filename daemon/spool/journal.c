// SPDX-License-Identifier: GPL-2.0-only
#include "spool/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "spool/kept.h"
#include "spool/pending.h"
#include "spool/segments.h"
#include "spool/slots.h"

#define SLOTS_NEW_NAME "slots.new"

struct journal {
	struct disk *disk;
	const struct journal_config *config;
	struct codec *codec;
	struct slots slots;
	struct segments segments;
	struct journal_series series;	/* of the context that applies */
	uint32_t context_crc;
	uint32_t epoch;
	uint64_t records, samples;	/* committed */
	uint64_t blocked;		/* records of them in durable blocks */
	uint64_t blocked_samples;
	uint64_t blocks, lost_records;
	unsigned int bad_places;
	struct pending *pending;	/* committed, and not in a block yet */
	uint8_t *buffer;		/* of FRAME_BYTES_MAX */
	uint8_t *context_frame;		/* of the context that applies, to be sealed */
	uint32_t context_size;
	struct kept kept;		/* of segments that were given up, not durable elsewhere yet */
};

/* A ring that is replaced is there twice for a moment. */
static uint64_t slots_bytes(uint32_t pages)
{
	return 2 * (1 + (uint64_t)pages) * PAGE_BYTES;
}

uint64_t journal_min_bytes(uint32_t slots_pages, uint32_t segment_bytes)
{
	/* The current segment, the one that is ready, and one that can be given up for it. */
	return slots_bytes(slots_pages) + 3 * (uint64_t)segment_bytes;
}

static uint32_t context_frame_bytes(const struct journal *journal)
{
	return FRAME_HEADER_BYTES + journal->context_size;
}

/* Bytes of a block, however badly it compresses. */
static uint64_t block_bound(uint64_t samples, uint64_t notes, uint64_t note_bytes)
{
	return FRAME_HEADER_BYTES + (2 * notes + 1) * PART_HEADER_BYTES + note_bytes +
	       notes * codec_pack_bound(1) + codec_pack_bound((size_t)samples);
}

/* Bytes of a block that fit a segment which begins with the context. */
static uint64_t block_capacity(const struct journal *journal)
{
	uint64_t left = journal->config->segment_bytes - PAGE_BYTES -
			pages_bytes(context_frame_bytes(journal));

	return left < FRAME_BYTES_MAX - PAGE_BYTES ? left : FRAME_BYTES_MAX - PAGE_BYTES;
}

/* Whether all that is pending and so much more is one block. */
static bool fits_block(const struct journal *journal, size_t samples, size_t notes)
{
	const struct pending *pending = journal->pending;

	return pending_has_room(pending, samples, notes) &&
	       block_bound(pending->samples_n + samples, pending->notes_n + notes,
			   pending_note_bytes(pending) + notes * NOTE_BYTES_MAX) <=
		       block_capacity(journal);
}

/* Writes pending records from @*at on, at most @most, to the ring as one commit, syncs it, and
 * advances @*at.
 */
static int put_commit(struct journal *journal, uint32_t *at, uint32_t most, uint64_t first,
		      uint64_t samples)
{
	struct frame frame = {
		.kind = FRAME_COMMIT,
		.id = journal->slots.id,
		.epoch = journal->epoch,
		.first = first,
		.samples = samples,
		.blocked = journal->blocked,
		.context = journal->context_crc,
	};
	uint32_t begin = *at;
	ssize_t size = pending_put(journal->pending, journal->codec, PART_PACKED, at, most,
				   journal->buffer + FRAME_HEADER_BYTES,
				   FRAME_BYTES_MAX - PAGE_BYTES, journal->series.decimals,
				   journal->series.n);

	if (size < 0)
		return (int)size;
	frame.length = FRAME_HEADER_BYTES + (uint32_t)size;
	frame.count = *at - begin;
	if (!slots_has_room(&journal->slots, frame.length)) {
		*at = begin;
		return -ENOSPC;
	}
	frame_seal(journal->buffer, &frame);
	return slots_append(&journal->slots, journal->buffer, frame.length);
}

static int put_context(struct journal *journal)
{
	struct frame frame = {
		.kind = FRAME_CONTEXT,
		.length = context_frame_bytes(journal),
		.epoch = journal->epoch,
		.first = journal->blocked,
		.samples = journal->blocked_samples,
		.blocked = journal->blocked,
		.context = journal->context_crc,
	};

	return segments_put(&journal->segments, journal->context_frame, &frame);
}

/*
 * What is to be kept goes to the current segment, if there is room where a reader looks for it;
 * else it waits for the next one, and a crash until then loses it.
 */
static void put_kept(struct journal *journal)
{
	struct segments *segments = &journal->segments;
	struct frame frame = {
		.kind = FRAME_KEPT,
		.length = FRAME_HEADER_BYTES + journal->kept.size,
		.epoch = journal->epoch,
		.first = journal->blocked,
		.samples = journal->blocked_samples,
		.blocked = journal->blocked,
		.context = journal->context_crc,
	};

	if (!journal->kept.size || !segments->context_at ||
	    segments->frames >= KEPT_AMONG_FRAMES || !segments_has_room(segments, frame.length))
		return;
	if (!segments_put(segments, journal->kept.frame, &frame) && !segments_sync(segments))
		journal->kept.size = 0;
}

/* Whatever comes of it, the segment is given up: what is new needs the room. */
static void on_giving_up(void *data, const struct segment *segment)
{
	struct journal *journal = data;

	kept_collect(&journal->kept, &journal->segments, segment, journal->config->is_kept,
		     kept_capacity(journal->config->segment_bytes));
	put_kept(journal);
}

/* A segment explains itself: it begins with the context that applies, and that is durable
 * before a block that needs it is written.
 */
static int begin_segment(struct journal *journal)
{
	int error = segments_advance(&journal->segments, journal->blocked,
				     journal->blocked_samples);

	if (!error)
		error = put_context(journal);
	return error ? error : segments_sync(&journal->segments);
}

/* The frame of a block that has been built in the buffer goes where there is room. */
static int put_block(struct journal *journal, struct frame *frame)
{
	int error = 0;

	/* A block without a context would explain nothing. */
	if (!journal->segments.context_at ||
	    !segments_has_room(&journal->segments, frame->length))
		error = begin_segment(journal);
	if (!error)
		error = segments_put(&journal->segments, journal->buffer, frame);
	if (!error)
		error = segments_sync(&journal->segments);
	return error;
}

static int make_block(struct journal *journal)
{
	uint32_t at = 0, records = pending_records(journal->pending);
	struct frame frame = {
		.kind = FRAME_BLOCK,
		.epoch = journal->epoch,
		.count = records,
		.first = journal->blocked,
		.samples = journal->blocked_samples,
		.blocked = journal->blocked,
		.context = journal->context_crc,
	};
	ssize_t size;
	int error;

	if (!records)
		return 0;
	size = pending_put(journal->pending, journal->codec, PART_DENSE, &at, UINT32_MAX,
			   journal->buffer + FRAME_HEADER_BYTES, FRAME_BYTES_MAX - PAGE_BYTES,
			   journal->series.decimals, journal->series.n);
	if (size < 0)
		return (int)size;
	frame.length = FRAME_HEADER_BYTES + (uint32_t)size;
	error = put_block(journal, &frame);
	if (error)
		return error;
	journal->blocked += records;
	journal->blocked_samples += journal->pending->samples_n;
	journal->blocks++;
	pending_clear(journal->pending);
	slots_release(&journal->slots);
	/* What had to wait: behind the block, which may need all the room there is. */
	put_kept(journal);
	return 0;
}

static void learn_delivered(struct journal *journal)
{
	const struct journal_config *config = journal->config;

	if (config->delivered)
		config->delivered(config->delivered_data, journal->segments.id,
				  &journal->segments.delivered);
}

int journal_block(struct journal *journal)
{
	int error;

	learn_delivered(journal);
	error = make_block(journal);
	if (error)
		return error;
	/* If that fails now it is tried again when the segment is needed. */
	segments_prepare(&journal->segments);
	return 0;
}

bool journal_is_filling(const struct journal *journal)
{
	const struct pending *pending = journal->pending;

	return journal->slots.used > journal->slots.pages / 2 ||
	       !fits_block(journal, pending->samples_n, pending->notes_n);
}

/* So that a commit of that much cannot fail for want of room. */
static int make_room(struct journal *journal, size_t samples, size_t notes)
{
	uint64_t length = block_bound(samples, notes, notes * NOTE_BYTES_MAX);

	if (journal->slots.handle < 0)
		return -EBADF;
	if (pages_bytes(length) > (uint64_t)journal->slots.pages * PAGE_BYTES ||
	    length > block_capacity(journal))
		return -EINVAL;
	if (slots_has_room(&journal->slots, (uint32_t)length) && fits_block(journal, samples, notes))
		return 0;
	return journal_block(journal);
}

/* Commits the last records that are pending; if that fails they are not pending any more. */
static int commit(struct journal *journal, uint32_t samples, uint32_t notes)
{
	struct pending *pending = journal->pending;
	uint32_t at = pending_records(pending) - samples - notes;
	int error;

	if (disk_is_named(journal->disk, journal->slots.handle, SLOTS_NAME)) {
		error = put_commit(journal, &at, UINT32_MAX, journal->records, journal->samples);
	} else {
		slots_close(&journal->slots);
		error = -ESTALE;
	}
	if (error) {
		pending->samples_n -= samples;
		pending->notes_n -= notes;
		return error;
	}
	journal->records += samples + notes;
	journal->samples += samples;
	return 0;
}

int journal_append(struct journal *journal, const struct sample *samples, size_t n)
{
	struct pending *pending = journal->pending;
	int error;

	if (!n || n > JOURNAL_COMMIT_SAMPLES)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (samples[i].channel >= journal->series.n)
			return -EINVAL;
	error = make_room(journal, n, 0);
	if (error)
		return error;
	memcpy(pending->samples + pending->samples_n, samples, n * sizeof(*samples));
	pending->samples_n += (uint32_t)n;
	return commit(journal, (uint32_t)n, 0);
}

static void add_note(struct pending *pending, const void *bytes, size_t size)
{
	struct pending_note *note = &pending->notes[pending->notes_n++];

	note->before = pending->samples_n;
	note->size = (uint32_t)size;
	memcpy(note->bytes, bytes, size);
}

int journal_note(struct journal *journal, const void *bytes, size_t size)
{
	int error;

	if (!size || size > NOTE_BYTES_MAX)
		return -EINVAL;
	error = make_room(journal, 0, 1);
	if (error)
		return error;
	add_note(journal->pending, bytes, size);
	return commit(journal, 0, 1);
}

int journal_notes(struct journal *journal, const struct journal_note *notes, size_t n)
{
	int error;

	if (!n || n > JOURNAL_COMMIT_NOTES)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (!notes[i].size || notes[i].size > NOTE_BYTES_MAX)
			return -EINVAL;
	error = make_room(journal, 0, n);
	if (error)
		return error;
	for (size_t i = 0; i < n; i++)
		add_note(journal->pending, notes[i].bytes, notes[i].size);
	return commit(journal, 0, (uint32_t)n);
}

/* Makes a ring under another name that holds what is pending. */
static int make_slots(struct journal *journal)
{
	uint64_t first = journal->blocked, samples = journal->blocked_samples;
	struct pending *pending = journal->pending;
	uint32_t at = 0, records = pending_records(pending);
	int error;

	slots_close(&journal->slots);
	error = slots_create(&journal->slots, journal->disk, SLOTS_NEW_NAME, journal->segments.id,
			     journal->config->slots_pages);
	journal->epoch++;
	while (!error && at < records) {
		uint32_t begin = at;

		error = put_commit(journal, &at, JOURNAL_COMMIT_SAMPLES, first, samples);
		first += at - begin;
		samples += pending_samples(pending, begin, at);
	}
	return error;
}

/* Another ring in place of the one that failed; its name comes last. */
static int replace_slots(struct journal *journal)
{
	int error = make_slots(journal);

	if (error == -ENOSPC && !make_block(journal))
		error = make_slots(journal);
	if (!error)
		error = disk_rename(journal->disk, SLOTS_NEW_NAME, SLOTS_NAME);
	if (!error)
		error = disk_sync_names(journal->disk);
	if (error)
		slots_close(&journal->slots);
	return error;
}

int journal_recover(struct journal *journal)
{
	if (journal->slots.handle >= 0)
		return 0;
	return replace_slots(journal);
}

static int open_slots(struct journal *journal)
{
	int error = slots_open(&journal->slots, journal->disk, SLOTS_NAME,
			       journal->config->passes_unreadable);

	/* What is too small to hold a commit is as good as none. */
	return error == -ENOENT || error == -EBADMSG ? 0 : error;
}

/* Records that had been committed, and are in no file any more. */
static int lose(struct journal *journal, uint64_t first, uint64_t samples)
{
	int error = make_block(journal);

	if (error)
		return error;
	journal->lost_records += first - journal->records;
	journal->records = first;
	journal->blocked = first;
	if (samples > journal->samples)
		journal->samples = samples;
	journal->blocked_samples = journal->samples;
	return 0;
}

/* The context of the files applies to what is in them, whatever the configuration says now. */
static int take_context(struct journal *journal, const uint8_t *bytes, size_t size)
{
	if (!size || !journal->config->context.series(bytes, size, &journal->series))
		return -EBADMSG;
	memcpy(journal->context_frame + FRAME_HEADER_BYTES, bytes, size);
	journal->context_size = (uint32_t)size;
	journal->context_crc = crc32c(bytes, size);
	return 0;
}

/* What was recorded under another context comes into a block first. @is_there: the current
 * segment holds the one that applies.
 */
static int change_context(struct journal *journal, bool is_there)
{
	const struct journal_context *context = &journal->config->context;
	uint32_t crc = crc32c(context->bytes, context->size);
	int error;

	if (journal->segments.handle >= 0 && is_there && crc == journal->context_crc)
		return 0;
	error = make_block(journal);
	if (error)
		return error;
	if (take_context(journal, context->bytes, context->size))
		return -EINVAL;
	if (!segments_has_room(&journal->segments, context_frame_bytes(journal)))
		return begin_segment(journal);
	error = put_context(journal);
	return error ? error : segments_sync(&journal->segments);
}

/* A commit that is the next one becomes pending. */
static int take_commit(struct journal *journal, const struct slots_commit *found)
{
	struct pending *pending = journal->pending;
	const struct frame *frame = &found->frame;
	uint32_t samples_n, before, known = 0;
	int64_t samples;
	bool is_read;
	int error;

	/* The one before it had been durable when it was written. */
	if (frame->first > journal->records) {
		error = lose(journal, frame->first, frame->samples);
		if (error)
			return error;
	}
	if (!fits_block(journal, frame->count, 1)) {
		error = make_block(journal);
		if (error)
			return error;
	}
	/* The page in which its context was is damaged, but here it is. */
	if (frame->context != journal->context_crc &&
	    frame->context == crc32c(journal->config->context.bytes,
				     journal->config->context.size)) {
		journal->bad_places++;
		error = change_context(journal, false);
		if (error)
			return error;
	}
	error = slots_read(&journal->slots, found, journal->buffer);
	is_read = !error;
	samples_n = pending->samples_n;
	before = pending_records(pending);
	if (frame->first < journal->records)
		known = (uint32_t)(journal->records - frame->first);
	if (error == -EIO && journal->slots.passes_unreadable)
		error = -EBADMSG;
	if (!error && frame->context != journal->context_crc)
		error = -EBADMSG;
	if (!error)
		error = pending_take(pending, journal->codec, journal->buffer, frame,
				     journal->series.decimals, journal->series.n);
	if (error == -EBADMSG || error == -ENOSPC) {
		journal->bad_places++;
		samples = is_read ? frame_samples(journal->buffer, frame) : -1;
		return lose(journal, frame->first + frame->count,
			    frame->samples + (samples < 0 ? 0 : (uint64_t)samples));
	}
	if (error)
		return error;
	pending_drop(pending, before, known);
	journal->records += frame->count - known;
	journal->samples += pending->samples_n - samples_n;
	return 0;
}

/* A block that failed may be on the disk whole, and end amid a commit of the ring that came
 * later. (Elsewhere the commit of the higher epoch is right, and comes first.)
 */
static bool is_cut_by_blocks(const struct journal *journal, const struct frame *frame)
{
	return !pending_records(journal->pending) && journal->records == journal->blocked &&
	       frame->first < journal->records && frame->first + frame->count > journal->records;
}

/* The newest commits are not there, nobody knows how many. Their numbers, which readers may
 * know, are not used again: as many are lost as can have been.
 */
static int lose_newest(struct journal *journal)
{
	const struct journal_config *config = journal->config;

	journal->bad_places++;
	if (config->known.id && config->known.id == journal->segments.id)
		return 0;
	return lose(journal, journal->records + CODEC_SAMPLES + PENDING_NOTES,
		    journal->samples + CODEC_SAMPLES);
}

/* The id is told by heads, by frames if these are no good, or is a new one. */
static void settle_id(struct journal *journal)
{
	if (!journal->segments.id)
		journal->segments.id = journal->slots.id;
	if (!journal->segments.id)
		journal->segments.id = journal->config->new_id();
}

/* What had not come into a block yet. @buffer is used by the scan, and again by each. */
static int load_slots(struct journal *journal)
{
	struct slots *slots = &journal->slots;
	struct slots_commit *found = NULL, *newest = NULL;
	uint64_t blocked_before = journal->records;
	bool is_cut = false;
	int n, error = 0;

	if (slots->handle < 0) {
		settle_id(journal);
		/* A ring there is before a segment. */
		return segments_next(&journal->segments, -1) < 0 ? 0 : lose_newest(journal);
	}
	if (!slots->id)
		slots->id = journal->segments.id;
	n = slots_scan(slots, journal->buffer, &found);
	if (n < 0)
		return n;
	settle_id(journal);
	for (int i = 0; i < n; i++) {
		if (found[i].frame.epoch > journal->epoch)
			journal->epoch = found[i].frame.epoch;
		/* Blocks that it knew of, and that are there no more. */
		if (!error && found[i].frame.blocked > blocked_before)
			blocked_before = found[i].frame.blocked;
	}
	for (int i = 0; !error && i < n; i++) {
		if (!newest || found[i].frame.first > newest->frame.first)
			newest = &found[i];
		if (is_cut_by_blocks(journal, &found[i].frame))
			is_cut = true;
		else if (found[i].frame.first < journal->records)
			continue;
		error = take_commit(journal, &found[i]);
	}
	if (newest) {
		slots->head = newest->page +
			      (uint32_t)(pages_bytes(newest->frame.length) / PAGE_BYTES);
		slots->head %= slots->pages;
	}
	/* All but what is in blocks: as far back as the oldest that is not. */
	for (int i = 0; !error && i < n; i++)
		if (found[i].frame.first + found[i].frame.count > journal->blocked) {
			slots->used = (slots->head + slots->pages - found[i].page) % slots->pages;
			if (!slots->used)
				slots->used = slots->pages;
			break;
		}
	if (!error && journal->records < blocked_before)
		error = lose(journal, blocked_before, 0);
	if (!error && slots->unreadable)
		error = lose_newest(journal);
	/* A reader finds its way by commits that begin where blocks end. */
	if (!error && is_cut)
		error = make_block(journal);
	free(found);
	return error;
}

static int load(struct journal *journal, struct segments_end *end)
{
	const struct journal_config *config = journal->config;
	const struct segments_limits limits = {
		.bytes = config->segment_bytes,
		.total = config->max_bytes - slots_bytes(config->slots_pages),
	};
	bool has_context, has_head;
	int error;

	disk_remove(journal->disk, SLOTS_NEW_NAME);
	/* A writer that was killed may not have come so far: what is built on a name needs it. */
	error = disk_sync_names(journal->disk);
	if (!error)
		error = open_slots(journal);
	if (!error)
		error = segments_open(&journal->segments, journal->disk, journal->slots.id,
				      &limits, config->passes_unreadable, journal->buffer, end);
	if (error)
		return error;
	if (config->is_kept) {
		journal->segments.giving_up = on_giving_up;
		journal->segments.giving_up_data = journal;
	}
	has_head = journal->slots.handle >= 0 && journal->slots.id;
	journal->bad_places += journal->slots.handle >= 0 && !has_head;
	journal->bad_places += journal->segments.bad_places;
	journal->epoch = end->epoch;
	journal->records = end->records;
	journal->samples = end->samples;
	journal->blocked = end->records;
	journal->blocked_samples = end->samples;
	/* Without one, what is in the ring is read by that of the configuration, if it fits. */
	has_context = !take_context(journal, end->context, end->context_size);
	if (!has_context &&
	    take_context(journal, config->context.bytes, config->context.size))
		return -EINVAL;
	error = load_slots(journal);
	if (!error && config->known.id == journal->segments.id &&
	    journal->records < config->known.records)
		error = lose(journal, config->known.records, config->known.samples);
	if (error)
		return error;
	journal->epoch++;
	learn_delivered(journal);
	error = !has_head || journal->slots.unreadable ||
		journal->slots.pages != config->slots_pages ? replace_slots(journal) : 0;
	/* Numbers that were passed over are durable with the frame of the context. */
	if (!error)
		error = change_context(journal, has_context && !journal->lost_records);
	if (!error)
		segments_prepare(&journal->segments);
	return error;
}

int journal_open(struct disk *disk, const struct journal_config *config, struct journal **out)
{
	struct segments_end *end = malloc(sizeof(*end));
	struct journal *journal = calloc(1, sizeof(*journal));
	int error = -ENOMEM;

	if (!journal || !end)
		goto err_free;
	journal->disk = disk;
	journal->config = config;
	journal->slots.disk = disk;
	journal->slots.handle = -1;
	journal->segments.disk = disk;
	journal->segments.handle = -1;
	journal->codec = codec_new();
	journal->pending = calloc(1, sizeof(*journal->pending));
	journal->buffer = malloc(FRAME_BYTES_MAX);
	journal->context_frame =
		malloc((size_t)pages_bytes(FRAME_HEADER_BYTES + CONTEXT_BYTES_MAX));
	if (!journal->codec || !journal->pending || !journal->buffer || !journal->context_frame)
		goto err_close;
	error = config->max_bytes < journal_min_bytes(config->slots_pages, config->segment_bytes) ||
		config->segment_bytes % PAGE_BYTES || !config->slots_pages ||
		!config->context.size || config->context.size > CONTEXT_BYTES_MAX ||
		config->segment_bytes <= 2 * PAGE_BYTES +
			pages_bytes(FRAME_HEADER_BYTES + config->context.size) ? -EINVAL : 0;
	if (!error)
		error = load(journal, end);
	if (error)
		goto err_close;
	free(end);
	*out = journal;
	return 0;

err_close:
	journal_close(journal);
	journal = NULL;
err_free:
	free(journal);
	free(end);
	return error;
}

void journal_close(struct journal *journal)
{
	if (!journal)
		return;
	slots_close(&journal->slots);
	segments_close(&journal->segments);
	codec_free(journal->codec);
	free(journal->pending);
	free(journal->buffer);
	free(journal->context_frame);
	free(journal);
}

void journal_stats(const struct journal *journal, struct journal_stats *out)
{
	*out = (struct journal_stats){
		.records = journal->records,
		.samples = journal->samples,
		.blocked = journal->blocked,
		.bytes = (1 + (uint64_t)journal->config->slots_pages) * PAGE_BYTES +
			 segments_bytes(&journal->segments),
		.blocks = journal->blocks,
		.bad_places = journal->bad_places,
		.lost_records = journal->lost_records,
	};
}

void journal_mark(const struct journal *journal, struct journal_mark *out)
{
	const struct slots *slots = &journal->slots;

	*out = (struct journal_mark){
		.id = journal->segments.id,
		.records = journal->records,
		.samples = journal->samples,
		.blocked = journal->blocked,
		.blocked_samples = journal->blocked_samples,
		.generation = journal->segments.newest,
		.current = segments_current(&journal->segments),
		.slot = slots->pages ? (slots->head + slots->pages - slots->used) % slots->pages : 0,
		.slots_used = slots->used,
	};
}
