// SPDX-License-Identifier: GPL-2.0-only
#include "forward/cursor.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/pack.h"

enum {
	CURSOR_FIELDS_2 = 12 + 4 * CURSOR_RANGES,
	CURSOR_FIELDS_3 = CURSOR_FIELDS_2 + 2,
	CURSOR_FIELDS = CURSOR_FIELDS_3 + 2,
	CURSOR_BYTES = FILE_SEAL + 8 * CURSOR_FIELDS,
};

#define MAGIC "HSC4"

/* The newest first; earlier ones lack the last fields. */
static const struct {
	const char *magic;
	size_t bytes;
} versions[] = {
	{ MAGIC, CURSOR_BYTES },
	{ "HSC3", FILE_SEAL + 8 * CURSOR_FIELDS_3 },
	{ "HSC2", FILE_SEAL + 8 * CURSOR_FIELDS_2 },
};

/* In the order of the file. */
static void list_fields(struct cursor *cursor, uint64_t *fields[CURSOR_FIELDS])
{
	uint64_t *const list[12] = {
		&cursor->id, &cursor->record, &cursor->passed, &cursor->start, &cursor->earlier,
		&cursor->known, &cursor->delivered, &cursor->set_aside, &cursor->dropped_full,
		&cursor->dropped_corrupt, &cursor->dropped_replaced, &cursor->ranges_n,
	};

	memcpy(fields, list, 12 * sizeof(*list));
	for (size_t i = 0; i < CURSOR_RANGES; i++) {
		struct cursor_range *range = &cursor->ranges[i];
		uint64_t **at = &fields[12 + 4 * i];

		at[0] = &range->first;
		at[1] = &range->end;
		at[2] = &range->passed;
		at[3] = &range->passed_end;
	}
	fields[CURSOR_FIELDS_2] = &cursor->dropped_undated;
	fields[CURSOR_FIELDS_2 + 1] = &cursor->dropped_beyond;
	fields[CURSOR_FIELDS_3] = &cursor->allowance.month;
	fields[CURSOR_FIELDS_3 + 1] = &cursor->allowance.bytes;
}

static bool are_ranges_good(const struct cursor *cursor)
{
	uint64_t record = cursor->record, passed = cursor->passed;

	if (cursor->ranges_n > CURSOR_RANGES)
		return false;
	for (uint64_t i = 0; i < cursor->ranges_n; i++) {
		const struct cursor_range *range = &cursor->ranges[i];

		if (range->first <= record || range->end <= range->first || range->passed < passed ||
		    range->passed_end < range->passed || range->passed_end > cursor->known)
			return false;
		record = range->end;
		passed = range->passed_end;
	}
	return true;
}

int cursor_load(const char *path, struct cursor *cursor)
{
	uint8_t bytes[CURSOR_BYTES];
	uint64_t *fields[CURSOR_FIELDS];
	int error = -EBADMSG;

	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]) && error == -EBADMSG; i++) {
		memset(bytes, 0, sizeof(bytes));
		error = file_read_sealed(path, versions[i].magic, bytes, versions[i].bytes);
	}
	if (error)
		return error;
	list_fields(cursor, fields);
	for (size_t i = 0; i < CURSOR_FIELDS; i++)
		*fields[i] = get_le64(bytes + FILE_SEAL + 8 * i);
	return cursor->start <= cursor->passed && cursor->passed <= cursor->known &&
	       cursor->passed <= cursor->record && are_ranges_good(cursor) ? 0 : -EBADMSG;
}

int cursor_save(const char *path, const struct cursor *cursor)
{
	uint8_t bytes[CURSOR_BYTES] = { 0 };
	uint64_t *fields[CURSOR_FIELDS];
	struct cursor copy = *cursor;

	list_fields(&copy, fields);
	for (size_t i = 0; i < CURSOR_FIELDS; i++)
		put_le64(bytes + FILE_SEAL + 8 * i, *fields[i]);
	file_seal(MAGIC, bytes, sizeof(bytes));
	return file_replace_durable(path, bytes, sizeof(bytes));
}

static void begin(struct cursor *cursor, const struct spool_view *view)
{
	cursor->id = view->id;
	cursor->start = view->start;
	cursor->record = view->first;
	cursor->passed = view->start;
	cursor->known = view->samples;
	cursor->ranges_n = 0;
}

static uint64_t ahead(const struct cursor *cursor)
{
	uint64_t samples = 0;

	for (uint64_t i = 0; i < cursor->ranges_n; i++)
		samples += cursor->ranges[i].passed_end - cursor->ranges[i].passed;
	return samples;
}

static void remove_first_range(struct cursor *cursor)
{
	cursor->ranges_n--;
	memmove(cursor->ranges, cursor->ranges + 1, cursor->ranges_n * sizeof(*cursor->ranges));
	cursor->ranges[cursor->ranges_n] = (struct cursor_range){ 0 };
}

void cursor_move(struct cursor *cursor, uint64_t record, uint64_t passed)
{
	cursor->record = record;
	cursor->passed = passed;
	while (cursor->ranges_n && cursor->ranges[0].first <= cursor->record) {
		cursor->record = cursor->ranges[0].end;
		cursor->passed = cursor->ranges[0].passed_end;
		remove_first_range(cursor);
	}
}

uint64_t cursor_drop(struct cursor *cursor, uint64_t end, uint64_t passed_end)
{
	uint64_t lost = 0;

	while (cursor->record < end) {
		bool is_range = cursor->ranges_n && cursor->ranges[0].first < end;
		uint64_t record = is_range ? cursor->ranges[0].first : end;
		uint64_t passed = is_range ? cursor->ranges[0].passed : passed_end;

		if (passed < cursor->passed)
			passed = cursor->passed;
		lost += passed - cursor->passed;
		cursor_move(cursor, record, passed);
	}
	if (cursor->known < cursor->passed)
		cursor->known = cursor->passed;
	return lost;
}

uint64_t cursor_next_range(const struct cursor *cursor)
{
	return cursor->ranges_n ? cursor->ranges[0].first : UINT64_MAX;
}

bool cursor_may_deliver_ahead(const struct cursor *cursor, uint64_t record)
{
	return cursor->ranges_n < CURSOR_RANGES ||
	       cursor->ranges[cursor->ranges_n - 1].end == record;
}

void cursor_deliver_ahead(struct cursor *cursor, const struct cursor_range *range)
{
	struct cursor_range *last = &cursor->ranges[cursor->ranges_n];

	if (cursor->known < range->passed_end)
		cursor->known = range->passed_end;
	if (cursor->ranges_n && last[-1].end == range->first) {
		last[-1].end = range->end;
		last[-1].passed_end = range->passed_end;
	} else {
		*last = *range;
		cursor->ranges_n++;
	}
}

void cursor_forget_ranges(struct cursor *cursor)
{
	cursor->earlier += ahead(cursor);
	cursor->ranges_n = 0;
}

void cursor_rewind(struct cursor *cursor, const struct spool_view *view)
{
	cursor_forget_ranges(cursor);
	cursor->earlier += cursor->passed - cursor->start;
	begin(cursor, view);
}

enum cursor_fit cursor_follow(struct cursor *cursor, const struct spool_view *view,
			      bool begins_at_oldest)
{
	if (!cursor->id) {
		begin(cursor, view);
		if (!begins_at_oldest) {
			cursor->record = view->records;
			cursor->passed = cursor->start = view->samples;
		}
		return CURSOR_BEGUN;
	}
	if (cursor->id != view->id) {
		cursor->dropped_replaced += cursor_queued(cursor);
		cursor->earlier += cursor->known - cursor->start;
		begin(cursor, view);
		return CURSOR_REPLACED;
	}
	if (view->is_marked && (view->samples < cursor->known || view->records < cursor->record)) {
		uint64_t held = view->samples > cursor->passed ? view->samples : cursor->passed;
		uint64_t lost = cursor->known > held ? cursor->known - held : 0;

		cursor->dropped_corrupt += lost;
		cursor->earlier += lost;
		cursor_rewind(cursor, view);
		return CURSOR_REWOUND;
	}
	if (cursor->passed > view->samples || cursor->record > view->records)
		return CURSOR_AHEAD;
	if (view->samples > cursor->known)
		cursor->known = view->samples;
	return CURSOR_FITS;
}

uint64_t cursor_produced(const struct cursor *cursor)
{
	return cursor->earlier + cursor->known - cursor->start;
}

uint64_t cursor_queued(const struct cursor *cursor)
{
	return cursor->known - cursor->passed - ahead(cursor);
}

int64_t cursor_uncounted(const struct cursor *cursor)
{
	return (int64_t)(cursor_produced(cursor) - cursor_queued(cursor) - cursor->delivered -
			 cursor->set_aside - cursor->dropped_full - cursor->dropped_corrupt -
			 cursor->dropped_replaced - cursor->dropped_undated -
			 cursor->dropped_beyond);
}
