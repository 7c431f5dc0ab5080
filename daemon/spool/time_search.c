// SPDX-License-Identifier: GPL-2.0-only
#include "spool/time_search.h"

#include <errno.h>
#include <string.h>

#define BATCHES_MAX 200

/* The last batch before record @at. 0, -ENODATA if there is none, or -errno. */
static int batch_before(struct journal_reader *reader, uint64_t first, uint64_t at,
			struct journal_batch *batch)
{
	uint64_t probe = at - 1, step = 1, next;
	struct journal_hole hole;
	int error;

	if (at <= first)
		return -ENODATA;
	/* Back over a hole, of which only the end is told ... */
	while ((error = journal_reader_get(reader, probe, batch, &hole)) == -ENODATA) {
		if (probe == first)
			return -ENODATA;
		probe = probe - first > step ? probe - step : first;
		step *= 2;
	}
	/* ... and on to the end of what is there. */
	while (!error) {
		next = batch->first + pending_records(batch->records);
		if (next >= at)
			return 0;
		probe = next - 1;
		error = journal_reader_get(reader, next, batch, &hole);
		if (error == -ENODATA && hole.end < at)
			error = journal_reader_get(reader, hole.end, batch, &hole);
	}
	return error == -ENODATA ? journal_reader_get(reader, probe, batch, &hole) : error;
}

static void look_at_samples(const struct sample *samples, uint32_t n, struct time_found *found)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct sample *sample = &samples[i];

		if (sample->clk < found->clk)
			continue;
		if (sample->clk > found->clk)
			found->top_ms = INT64_MIN;
		found->clk = sample->clk;
		if (sample->wall_ms > found->top_ms)
			found->top_ms = sample->wall_ms;
	}
}

/* The newest one of a batch, and what was stamped after it. */
static bool look_at_batch(const struct journal_batch *batch, struct time_found *found)
{
	const struct pending *records = batch->records;
	uint32_t i = records->notes_n, begin = 0;

	while (i-- && !found->has_note) {
		const struct pending_note *note = &records->notes[i];

		found->has_note = time_note_get(note->bytes, note->size, &found->note);
		if (found->has_note)
			begin = note->before;
	}
	look_at_samples(records->samples + begin, records->samples_n - begin, found);
	return found->has_note;
}

/* A short note tells where its boots are. */
static int find_boots(struct journal_reader *reader, struct time_note *note)
{
	struct journal_batch batch;
	struct journal_hole hole;
	struct time_note full;
	int error = journal_reader_get(reader, note->boots_at, &batch, &hole);

	for (uint32_t i = 0; !error && i < batch.records->notes_n; i++) {
		const struct pending_note *at = &batch.records->notes[i];

		if (batch.first + at->before + i != note->boots_at ||
		    !time_note_get(at->bytes, at->size, &full))
			continue;
		note->boots_n = full.boots_n;
		memcpy(note->boots, full.boots, sizeof(full.boots));
	}
	/* It was given up with all that was older. */
	return error == -ENODATA ? 0 : error;
}

int time_search(struct journal_reader *reader, struct time_found *found)
{
	struct journal_batch batch;
	struct journal_mark mark;
	uint64_t first, samples, at;
	int error = 0;

	*found = (struct time_found){ .top_ms = INT64_MIN };
	journal_reader_mark(reader, &mark);
	journal_reader_first(reader, &first, &samples);
	at = mark.records;
	for (int i = 0; i < BATCHES_MAX; i++) {
		error = batch_before(reader, first, at, &batch);
		if (error || look_at_batch(&batch, found))
			break;
		at = batch.first;
	}
	if (!error && found->has_note && found->note.is_short)
		error = find_boots(reader, &found->note);
	return error == -ENODATA ? 0 : error;
}
