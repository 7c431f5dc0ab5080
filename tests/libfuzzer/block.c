// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is read from a disk, whatever is on it: heads, frames, the samples of blocks and commits,
 * schemas and notes. The first byte chooses; CRCs are made right, so that what is behind them is
 * reached. What was read is written again, and must read the same.
 */
#include <stdlib.h>
#include <string.h>

#include "base/crc32c.h"
#include "base/pack.h"
#include "spool/pending.h"
#include "spool/point.h"
#include "spool/schema.h"
#include "spool/time_note.h"

#define SERIES 6

static const uint8_t decimals[SERIES] = { 3, 1, 2, 0, 9, 3 };
static struct codec *codec;
static struct pending *pending, *again;
static uint8_t *frame_bytes;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool is_true)
{
	if (!is_true)
		abort();
}

static void set_up(void)
{
	if (codec)
		return;
	codec = codec_new();
	pending = calloc(1, sizeof(*pending));
	again = calloc(1, sizeof(*again));
	frame_bytes = malloc(FRAME_BYTES_MAX);
	check(codec && pending && again && frame_bytes);
}

static bool are_same(const struct sample *a, const struct sample *b)
{
	return a->boot_ns == b->boot_ns && a->wall_ms == b->wall_ms && a->raw == b->raw &&
	       a->channel == b->channel && a->q == b->q && a->clk == b->clk &&
	       !memcmp(&a->value, &b->value, sizeof(a->value));
}

static int take(struct pending *to, uint32_t length, uint32_t count)
{
	struct frame frame = { .kind = FRAME_BLOCK, .length = length, .id = 1, .salt = 1,
			       .count = count, .context_at = PAGE_BYTES };

	pending_clear(to);
	return pending_take(to, codec, frame_bytes, &frame, decimals, SERIES);
}

/* Parts of a frame; the first two bytes say how many records they are. */
static void try_block(const uint8_t *data, size_t size)
{
	uint32_t at = 0, count;
	ssize_t length;

	if (size < 2 || size > 65536)
		return;
	count = get_le16(data) % (CODEC_SAMPLES + PENDING_NOTES + 2);
	memset(frame_bytes, 0, FRAME_HEADER_BYTES);
	memcpy(frame_bytes + FRAME_HEADER_BYTES, data + 2, size - 2);
	if (take(pending, FRAME_HEADER_BYTES + (uint32_t)size - 2, count))
		return;
	check(pending_records(pending) == count);
	for (uint32_t i = 0; i < pending->samples_n; i++)
		check(pending->samples[i].channel < SERIES);
	for (uint32_t i = 0; i < count; i++)
		check(!pending_sample(pending, i) == !!pending_note(pending, i));
	if (!count)
		return;
	length = pending_put(pending, codec, PART_DENSE, &at, UINT32_MAX,
			     frame_bytes + FRAME_HEADER_BYTES, FRAME_BYTES_MAX - PAGE_BYTES,
			     decimals, SERIES);
	/* What was made by hand may be what no writer takes. */
	if (length < 0)
		return;
	check(!take(again, FRAME_HEADER_BYTES + (uint32_t)length, count));
	check(again->samples_n == pending->samples_n && again->notes_n == pending->notes_n);
	for (uint32_t i = 0; i < pending->samples_n; i++)
		check(are_same(&pending->samples[i], &again->samples[i]));
	for (uint32_t i = 0; i < pending->notes_n; i++)
		check(pending->notes[i].size == again->notes[i].size &&
		      !memcmp(pending->notes[i].bytes, again->notes[i].bytes, pending->notes[i].size));
}

static void try_heads(const uint8_t *data, size_t size)
{
	uint8_t page[PAGE_BYTES] = { 0 };
	struct segment_head segment;
	struct slots_head slots;
	struct frame frame;

	memcpy(page, data, size < sizeof(page) ? size : sizeof(page));
	if (frame_get(page, &frame))
		check(frame.length >= FRAME_HEADER_BYTES && frame.length <= FRAME_BYTES_MAX);
	put_le32(page + 12, crc32c(page + 16, PAGE_BYTES - 16));
	if (slots_head_get(page, &slots))
		check(slots.id && slots.pages && slots.pages <= SLOTS_PAGES_MAX);
	if (segment_head_get(page, &segment)) {
		check(segment.gaps_n <= GAPS_MAX);
		for (uint32_t i = 0; i < segment.gaps_n; i++)
			check(segment.gaps[i].first < segment.gaps[i].end);
	}
}

static void try_schema(const uint8_t *data, size_t size)
{
	struct spool_schema schema;
	struct journal_series series;

	if (!spool_schema_get(data, size, &schema))
		return;
	check(schema.series_n <= HYDROPON_MAX_CHANNELS);
	for (size_t i = 0; i < schema.series_n; i++)
		check(schema.series[i].decimals >= 0 &&
		      schema.series[i].decimals <= SPOOL_DECIMALS_MAX);
	check(spool_schema_series(data, size, &series) && series.n == schema.series_n);
}

static void try_notes(const uint8_t *data, size_t size)
{
	uint8_t bytes[NOTE_BYTES_MAX], bytes_again[NOTE_BYTES_MAX];
	struct time_note note;
	struct point point;

	if (size > NOTE_BYTES_MAX)
		return;
	if (time_note_get(data, size, &note)) {
		check(time_note_put(bytes, &note) == size && time_note_get(bytes, size, &note) &&
		      time_note_put(bytes_again, &note) == size &&
		      !memcmp(bytes, bytes_again, size));
	}
	if (point_get(data, size, &point)) {
		check(point_put(bytes, &point) == size && point_get(bytes, size, &point) &&
		      point_put(bytes_again, &point) == size && !memcmp(bytes, bytes_again, size));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(const uint8_t *data, size_t size) = {
		try_block, try_heads, try_schema, try_notes,
	};

	set_up();
	if (size)
		tries[*data % (sizeof(tries) / sizeof(tries[0]))](data + 1, size - 1);
	return 0;
}
