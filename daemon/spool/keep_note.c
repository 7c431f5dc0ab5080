// SPDX-License-Identifier: GPL-2.0-only
#include "spool/keep_note.h"

#include <string.h>

#include "base/pack.h"
#include "base/sample.h"

enum {
	NOTE_KEEP = 3,
	VERSION = 1,
	FLAG_SET = 1 << 0,
	FLAG_BUDGET = 1 << 0,
	HEAD_BYTES = 36,
	/* Flags, latches, what is reserved, and how many uses. */
	ENTRY_BYTES = 1 + HYDROPON_NAME_MAX - 1 + 1 + 4 + 4 + 1,
	USE_BYTES = 8,
};

_Static_assert(HEAD_BYTES + HYDROPON_MAX_OUTPUTS * (ENTRY_BYTES + USE_BYTES) <= NOTE_BYTES_MAX,
	       "a use of each output fits");

static uint32_t sum_of(uint64_t a, uint64_t b)
{
	return a + b < UINT32_MAX ? (uint32_t)(a + b) : UINT32_MAX;
}

void keep_merge(struct keep_use *uses, size_t *n, size_t most)
{
	while (*n > most) {
		uses[1].used_ms = sum_of(uses[0].used_ms, uses[1].used_ms);
		(*n)--;
		memmove(uses, uses + 1, *n * sizeof(*uses));
	}
}

static size_t uses_room(const struct keep_note *note)
{
	size_t entries = HEAD_BYTES;

	for (size_t i = 0; i < note->n; i++)
		entries += ENTRY_BYTES;
	if (!note->n)
		return KEEP_USES;
	return (NOTE_BYTES_MAX - entries) / note->n / USE_BYTES;
}

static uint8_t *put_entry(uint8_t *to, const struct keep_entry *entry, size_t most)
{
	struct keep_use uses[KEEP_USES];
	size_t n = entry->uses_n, length = strnlen(entry->name, HYDROPON_NAME_MAX - 1);

	memcpy(uses, entry->uses, sizeof(uses));
	keep_merge(uses, &n, most < KEEP_USES ? most : KEEP_USES);
	*to++ = (uint8_t)length;
	memcpy(to, entry->name, length);
	to += length;
	*to++ = entry->has_budget ? FLAG_BUDGET : 0;
	put_le32(to, entry->latched);
	put_le32(to + 4, entry->reserved_ms);
	to[8] = (uint8_t)n;
	to += 9;
	for (size_t i = 0; i < n; i++, to += USE_BYTES) {
		put_le32(to, uses[i].ago_ms);
		put_le32(to + 4, uses[i].used_ms);
	}
	return to;
}

size_t keep_note_put(uint8_t to[NOTE_BYTES_MAX], const struct keep_note *note)
{
	uint8_t *at = to + HEAD_BYTES;

	to[0] = NOTE_KEEP;
	to[1] = VERSION;
	to[2] = note->is_set ? FLAG_SET : 0;
	to[3] = (uint8_t)note->n;
	memcpy(to + 4, note->boot_id, KEEP_BOOT_ID_BYTES);
	put_le64(to + 20, note->boot_ns);
	put_le64(to + 28, (uint64_t)note->wall_ms);
	for (size_t i = 0; i < note->n; i++)
		at = put_entry(at, &note->entries[i], uses_room(note));
	return (size_t)(at - to);
}

/* As the guard takes them: printable. */
static bool is_name(const char *name)
{
	for (; *name; name++)
		if (*name < ' ' || *name > '~')
			return false;
	return true;
}

static const uint8_t *get_entry(const uint8_t *from, const uint8_t *end, struct keep_entry *entry)
{
	size_t length;

	*entry = (struct keep_entry){ 0 };
	if (from == end)
		return NULL;
	length = *from++;
	if (!length || length >= HYDROPON_NAME_MAX || (size_t)(end - from) < length + 10 ||
	    memchr(from, 0, length))
		return NULL;
	memcpy(entry->name, from, length);
	from += length;
	entry->has_budget = *from & FLAG_BUDGET;
	entry->latched = get_le32(from + 1);
	entry->reserved_ms = get_le32(from + 5);
	entry->uses_n = from[9];
	from += 10;
	if (!is_name(entry->name) || entry->latched & ~(uint32_t)HYDROPON_LATCHES ||
	    entry->uses_n > KEEP_USES || (size_t)(end - from) < entry->uses_n * USE_BYTES)
		return NULL;
	for (size_t i = 0; i < entry->uses_n; i++, from += USE_BYTES)
		entry->uses[i] = (struct keep_use){ get_le32(from), get_le32(from + 4) };
	for (size_t i = 1; i < entry->uses_n; i++)
		if (entry->uses[i].ago_ms > entry->uses[i - 1].ago_ms)
			return NULL;
	return from;
}

bool keep_note_get(const uint8_t *from, size_t size, struct keep_note *note)
{
	const uint8_t *end = from + size, *at = from + HEAD_BYTES;

	if (size < HEAD_BYTES || from[0] != NOTE_KEEP || from[1] != VERSION ||
	    from[3] > HYDROPON_MAX_OUTPUTS)
		return false;
	*note = (struct keep_note){
		.is_set = from[2] & FLAG_SET,
		.boot_ns = get_le64(from + 20),
		.wall_ms = (int64_t)get_le64(from + 28),
		.n = from[3],
	};
	memcpy(note->boot_id, from + 4, KEEP_BOOT_ID_BYTES);
	for (size_t i = 0; i < note->n && at; i++) {
		at = get_entry(at, end, &note->entries[i]);
		for (size_t k = 0; k < i; k++)
			if (!strcmp(note->entries[k].name, note->entries[i].name))
				return false;
	}
	return at == end && note->wall_ms >= -WALL_MS_LIMIT && note->wall_ms < WALL_MS_LIMIT;
}
