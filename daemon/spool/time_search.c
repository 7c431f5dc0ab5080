// SPDX-License-Identifier: GPL-2.0-only
#include "spool/time_search.h"

#include <errno.h>
#include <string.h>

#include "spool/search_back.h"

/* Each block ends with a note; only damage makes it more. */
#define BLOCKS_MAX (3 * JOURNAL_SLOTS)

static void look_at_samples(const struct sample *samples, uint32_t n, struct time_found *found)
{
	for (uint32_t i = 0; i < n; i++) {
		const struct sample *sample = &samples[i];

		if (sample->boot_ns > found->last_boot_ns)
			found->last_boot_ns = sample->boot_ns;
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
		if (found->has_note) {
			begin = note->before;
			found->at = batch->first + begin + i;
		}
	}
	look_at_samples(records->samples + begin, records->samples_n - begin, found);
	return found->has_note;
}

/* A short note tells where its boots are. */
static int find_boots(struct journal_reader *reader, struct time_found *found)
{
	struct time_note *note = &found->note, full;
	const struct pending_note *at;
	struct journal_batch batch;
	struct journal_hole hole;
	int error;

	if (note->boots_at >= found->at)
		return 0;
	error = journal_reader_get(reader, note->boots_at, &batch, &hole);
	at = error ? NULL : pending_note(batch.records, (uint32_t)(note->boots_at - batch.first));
	if (at && time_note_get(at->bytes, at->size, &full) && !full.is_short) {
		note->boots_n = full.boots_n;
		memcpy(note->boots, full.boots, sizeof(full.boots));
		found->has_boots = true;
	}
	return error == -ENODATA ? 0 : error;
}

static bool look(void *data, const struct journal_batch *batch)
{
	return look_at_batch(batch, data);
}

int time_search(struct journal_reader *reader, struct time_found *found)
{
	int error;

	*found = (struct time_found){ .top_ms = INT64_MIN };
	error = search_back(reader, BLOCKS_MAX, look, found, &found->is_over_damage);
	if (!error && found->has_note) {
		if (found->note.boot_ns > found->last_boot_ns)
			found->last_boot_ns = found->note.boot_ns;
		if (found->note.is_short)
			error = find_boots(reader, found);
		else
			found->has_boots = true;
	}
	return error;
}
