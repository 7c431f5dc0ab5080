// SPDX-License-Identifier: GPL-2.0-only
#include "spool/point.h"

#include <stdio.h>
#include <string.h>

#include "base/pack.h"

enum {
	NOTE_POINT = 2,		/* the first byte of a note tells its kind */
	VERSION = 1,
	HEAD_BYTES = 20,
};

_Static_assert(HEAD_BYTES + (1 + 2 * POINT_TAGS + POINT_FIELDS) * POINT_WORD + 2 + 8 * POINT_FIELDS <=
		       NOTE_BYTES_MAX, "the longest point fits");

static bool is_word(const char *text)
{
	size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_");

	return n && n < POINT_WORD && !text[n];
}

struct point point_new(const char *measurement)
{
	struct point point = { 0 };

	snprintf(point.measurement, sizeof(point.measurement), "%s", measurement);
	return point;
}

void point_tag(struct point *point, const char *key, const char *value)
{
	if (point->tags_n == POINT_TAGS || !is_word(key) || !is_word(value))
		return;
	snprintf(point->tags[point->tags_n].key, POINT_WORD, "%s", key);
	snprintf(point->tags[point->tags_n++].value, POINT_WORD, "%s", value);
}

void point_field(struct point *point, const char *key, int64_t value)
{
	if (point->fields_n == POINT_FIELDS || !is_word(key))
		return;
	snprintf(point->fields[point->fields_n].key, POINT_WORD, "%s", key);
	point->fields[point->fields_n++].value = value;
}

static uint8_t *put_text(uint8_t *to, const char *text)
{
	size_t n = strlen(text);

	*to++ = (uint8_t)n;
	memcpy(to, text, n);
	return to + n;
}

size_t point_put(uint8_t to[NOTE_BYTES_MAX], const struct point *point)
{
	uint8_t *at = to + HEAD_BYTES;

	to[0] = NOTE_POINT;
	to[1] = VERSION;
	to[2] = (uint8_t)point->clk;
	to[3] = 0;
	put_le64(to + 4, point->boot_ns);
	put_le64(to + 12, (uint64_t)point->wall_ms);
	at = put_text(at, point->measurement);
	*at++ = (uint8_t)point->tags_n;
	for (size_t i = 0; i < point->tags_n; i++) {
		at = put_text(at, point->tags[i].key);
		at = put_text(at, point->tags[i].value);
	}
	*at++ = (uint8_t)point->fields_n;
	for (size_t i = 0; i < point->fields_n; i++) {
		at = put_text(at, point->fields[i].key);
		put_le64(at, (uint64_t)point->fields[i].value);
		at += 8;
	}
	return (size_t)(at - to);
}

struct bytes {
	const uint8_t *at, *end;
};

static bool get_word(struct bytes *bytes, char word[POINT_WORD])
{
	size_t left = (size_t)(bytes->end - bytes->at), n = left ? *bytes->at : 0;

	if (!n || n >= POINT_WORD || n >= left)
		return false;
	memcpy(word, bytes->at + 1, n);
	word[n] = 0;
	bytes->at += 1 + n;
	/* No NUL amid it. */
	return strlen(word) == n && is_word(word);
}

static bool get_count(struct bytes *bytes, size_t most, size_t *n)
{
	if (bytes->at == bytes->end || *bytes->at > most)
		return false;
	*n = *bytes->at++;
	return true;
}

bool point_get(const uint8_t *from, size_t size, struct point *point)
{
	struct bytes bytes = { from + HEAD_BYTES, from + size };

	if (size < HEAD_BYTES || from[0] != NOTE_POINT || from[1] != VERSION)
		return false;
	*point = (struct point){
		.clk = (int8_t)from[2],
		.boot_ns = get_le64(from + 4),
		.wall_ms = (int64_t)get_le64(from + 12),
	};
	if (!get_word(&bytes, point->measurement) || !get_count(&bytes, POINT_TAGS, &point->tags_n))
		return false;
	for (size_t i = 0; i < point->tags_n; i++)
		if (!get_word(&bytes, point->tags[i].key) || !get_word(&bytes, point->tags[i].value))
			return false;
	if (!get_count(&bytes, POINT_FIELDS, &point->fields_n))
		return false;
	for (size_t i = 0; i < point->fields_n; i++) {
		if (!get_word(&bytes, point->fields[i].key) || bytes.end - bytes.at < 8)
			return false;
		point->fields[i].value = (int64_t)get_le64(bytes.at);
		bytes.at += 8;
	}
	return bytes.at == bytes.end && point->fields_n;
}

bool point_is_event(const uint8_t *from, size_t size)
{
	struct point point;

	return point_get(from, size, &point) && !strcmp(point.measurement, POINT_EVENT);
}
