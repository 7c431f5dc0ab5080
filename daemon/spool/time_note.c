// SPDX-License-Identifier: GPL-2.0-only
#include "spool/time_note.h"

#include <string.h>

#include "base/pack.h"
#include "base/sample.h"

enum {
	NOTE_TIME = 1,		/* the first byte of a note tells its kind */
	VERSION = 1,
	FLAG_SET = 1 << 0,
	FLAG_SHORT = 1 << 1,
	HEAD_BYTES = 64,
	BOOT_BYTES = 48,
};

_Static_assert(HEAD_BYTES + TIME_BOOTS * BOOT_BYTES <= NOTE_BYTES_MAX, "all boots fit");

static bool is_clk(int8_t clk)
{
	return clk >= 0 && clk <= CLK_MAX;
}

/* So that sums of some of them fit. */
static bool is_time(int64_t ms)
{
	return ms >= -WALL_MS_LIMIT && ms < WALL_MS_LIMIT;
}

static void put_boot(uint8_t *to, const struct time_boot *boot)
{
	put_le64(to, boot->first);
	put_le32(to + 8, boot->number);
	to[12] = (uint8_t)boot->proof;
	to[13] = (uint8_t)boot->clk;
	put_le64(to + 16, (uint64_t)boot->ahead_ms);
	put_le64(to + 24, (uint64_t)boot->rtc_ahead_ms);
	put_le32(to + 32, boot->rtc_first_s);
	put_le32(to + 36, boot->rtc_last_s);
	put_le64(to + 40, (uint64_t)boot->end_ms);
}

static bool get_boot(const uint8_t *from, struct time_boot *boot)
{
	*boot = (struct time_boot){
		.first = get_le64(from),
		.number = get_le32(from + 8),
		.proof = from[12],
		.clk = (int8_t)from[13],
		.ahead_ms = (int64_t)get_le64(from + 16),
		.rtc_ahead_ms = (int64_t)get_le64(from + 24),
		.rtc_first_s = get_le32(from + 32),
		.rtc_last_s = get_le32(from + 36),
		.end_ms = (int64_t)get_le64(from + 40),
	};
	return boot->proof <= TIME_NEVER && is_clk(boot->clk) && is_time(boot->ahead_ms) &&
	       is_time(boot->rtc_ahead_ms) && is_time(boot->end_ms);
}

size_t time_note_put(uint8_t to[NOTE_BYTES_MAX], const struct time_note *note)
{
	size_t boots_n = note->is_short ? 0 : note->boots_n;

	memset(to, 0, HEAD_BYTES + boots_n * BOOT_BYTES);
	to[0] = NOTE_TIME;
	to[1] = VERSION;
	to[2] = (uint8_t)((note->is_set ? FLAG_SET : 0) | (note->is_short ? FLAG_SHORT : 0));
	to[3] = (uint8_t)note->clk;
	put_le32(to + 4, note->boot);
	memcpy(to + 8, note->boot_id, TIME_BOOT_ID_BYTES);
	put_le64(to + 24, note->boot_ns);
	put_le64(to + 32, (uint64_t)note->wall_ms);
	put_le64(to + 40, (uint64_t)note->top_ms);
	put_le64(to + 48, note->rtc_s);
	put_le64(to + 56, note->is_short ? note->boots_at : 0);
	for (size_t i = 0; i < boots_n; i++)
		put_boot(to + HEAD_BYTES + i * BOOT_BYTES, &note->boots[i]);
	return HEAD_BYTES + boots_n * BOOT_BYTES;
}

bool time_note_get(const uint8_t *from, size_t size, struct time_note *note)
{
	size_t boots_n;

	if (size < HEAD_BYTES || from[0] != NOTE_TIME || from[1] != VERSION)
		return false;
	boots_n = (size - HEAD_BYTES) / BOOT_BYTES;
	if ((size - HEAD_BYTES) % BOOT_BYTES || boots_n > TIME_BOOTS)
		return false;
	*note = (struct time_note){
		.boot = get_le32(from + 4),
		.is_set = from[2] & FLAG_SET,
		.is_short = from[2] & FLAG_SHORT,
		.clk = (int8_t)from[3],
		.boot_ns = get_le64(from + 24),
		.wall_ms = (int64_t)get_le64(from + 32),
		.top_ms = (int64_t)get_le64(from + 40),
		.rtc_s = get_le32(from + 48),
		.boots_at = from[2] & FLAG_SHORT ? get_le64(from + 56) : 0,
		.boots_n = boots_n,
	};
	memcpy(note->boot_id, from + 8, TIME_BOOT_ID_BYTES);
	for (size_t i = 0; i < boots_n; i++)
		if (!get_boot(from + HEAD_BYTES + i * BOOT_BYTES, &note->boots[i]) ||
		    (i && note->boots[i].first < note->boots[i - 1].first))
			return false;
	return is_clk(note->clk) && is_time(note->wall_ms) &&
	       (is_time(note->top_ms) || note->top_ms == INT64_MIN) &&
	       (!note->is_short || !boots_n);
}
