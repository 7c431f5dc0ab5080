// SPDX-License-Identifier: GPL-2.0-only
#include "forward/cursor.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/pack.h"

#define MAGIC "HSC2"

enum { CURSOR_FIELDS = 11, CURSOR_BYTES = 120 };

_Static_assert(FILE_SEAL + 8 * CURSOR_FIELDS <= CURSOR_BYTES, "the fields fit");

/* In the order of the file. */
static void list_fields(struct cursor *cursor, uint64_t *fields[CURSOR_FIELDS])
{
	uint64_t *const list[CURSOR_FIELDS] = {
		&cursor->id, &cursor->record, &cursor->passed, &cursor->start, &cursor->earlier,
		&cursor->known, &cursor->delivered, &cursor->set_aside, &cursor->dropped_full,
		&cursor->dropped_corrupt, &cursor->dropped_replaced,
	};

	memcpy(fields, list, sizeof(list));
}

int cursor_load(const char *path, struct cursor *cursor)
{
	uint8_t bytes[CURSOR_BYTES];
	uint64_t *fields[CURSOR_FIELDS];
	int error = file_read_sealed(path, MAGIC, bytes, sizeof(bytes));

	if (error)
		return error;
	list_fields(cursor, fields);
	for (size_t i = 0; i < CURSOR_FIELDS; i++)
		*fields[i] = get_le64(bytes + FILE_SEAL + 8 * i);
	return cursor->start <= cursor->passed && cursor->passed <= cursor->known &&
	       cursor->passed <= cursor->record ? 0 : -EBADMSG;
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
}

void cursor_rewind(struct cursor *cursor, const struct spool_view *view)
{
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
		cursor->dropped_replaced += cursor->known - cursor->passed;
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
	return cursor->known - cursor->passed;
}
