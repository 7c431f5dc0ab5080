// SPDX-License-Identifier: GPL-2.0-only
/* The bytes of what is kept of outputs. */
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "support/random.h"

#include "spool/keep_note.h"

static void name_entry(struct keep_entry *entry, const char *name)
{
	snprintf(entry->name, sizeof(entry->name), "%s", name);
}

static struct keep_note some(void)
{
	struct keep_note note = { .is_set = true, .boot_ns = 123456789, .wall_ms = 1790000000123LL,
				  .n = 2 };

	memset(note.boot_id, 7, sizeof(note.boot_id));
	name_entry(&note.entries[0], "ph-down");
	note.entries[0].latched = HYDROPON_LATCH_WELDED;
	note.entries[0].has_budget = true;
	note.entries[0].reserved_ms = 6000;
	note.entries[0].uses_n = 2;
	note.entries[0].uses[0] = (struct keep_use){ 3600000, 1500 };
	note.entries[0].uses[1] = (struct keep_use){ 10, 2500 };
	name_entry(&note.entries[1], "pump-a");
	note.entries[1].latched = HYDROPON_TRIP_OFF;
	return note;
}

TEST(comes_back_as_it_was)
{
	struct keep_note note = some(), back;
	uint8_t bytes[NOTE_BYTES_MAX];
	size_t size = keep_note_put(bytes, &note);

	ASSERT_TRUE(keep_note_get(bytes, size, &back));
	EXPECT_EQ(memcmp(&note, &back, sizeof(note)), 0);
	note = (struct keep_note){ 0 };
	size = keep_note_put(bytes, &note);
	ASSERT_TRUE(keep_note_get(bytes, size, &back));
	EXPECT_EQ(back.n, 0);
}

TEST(puts_uses_together_where_there_is_no_room)
{
	struct keep_note note = { .n = HYDROPON_MAX_OUTPUTS }, back;
	uint8_t bytes[NOTE_BYTES_MAX];
	size_t size;

	for (size_t i = 0; i < note.n; i++) {
		struct keep_entry *entry = &note.entries[i];

		snprintf(entry->name, sizeof(entry->name), "a-long-name-of-an-output-%06u", (unsigned int)i % 100);
		entry->has_budget = true;
		entry->uses_n = KEEP_USES;
		for (uint32_t n = 0; n < KEEP_USES; n++)
			entry->uses[n] = (struct keep_use){ 1000 - n, 100 + n };
	}
	size = keep_note_put(bytes, &note);
	ASSERT_LE(size, NOTE_BYTES_MAX);
	ASSERT_TRUE(keep_note_get(bytes, size, &back));
	EXPECT_EQ(back.n, HYDROPON_MAX_OUTPUTS);
	for (size_t i = 0; i < back.n; i++) {
		uint32_t sum = 0;

		ASSERT_GE(back.entries[i].uses_n, 1);
		for (size_t n = 0; n < back.entries[i].uses_n; n++)
			sum += back.entries[i].uses[n].used_ms;
		EXPECT_EQ(sum, KEEP_USES * 100 + KEEP_USES * (KEEP_USES - 1) / 2);
		/* The newest end is kept: nothing is forgotten too early. */
		EXPECT_EQ(back.entries[i].uses[back.entries[i].uses_n - 1].ago_ms, 1000 - KEEP_USES + 1);
	}
}

TEST(a_sum_of_uses_does_not_wrap)
{
	struct keep_use uses[2] = { { 10, UINT32_MAX - 1 }, { 5, 7 } };
	size_t n = 2;

	keep_merge(uses, &n, 1);
	EXPECT_EQ(n, 1);
	EXPECT_EQ(uses[0].ago_ms, 5);
	EXPECT_EQ(uses[0].used_ms, UINT32_MAX);
}

TEST(refuses_what_no_writer_makes)
{
	struct keep_note note = some(), back;
	uint8_t bytes[NOTE_BYTES_MAX];
	size_t size;

	memcpy(note.entries[1].name, note.entries[0].name, HYDROPON_NAME_MAX);
	size = keep_note_put(bytes, &note);
	EXPECT_FALSE(keep_note_get(bytes, size, &back));
	note = some();
	note.entries[0].uses[1].ago_ms = 3600001;
	size = keep_note_put(bytes, &note);
	EXPECT_FALSE(keep_note_get(bytes, size, &back));
	note = some();
	size = keep_note_put(bytes, &note);
	bytes[37] = 0;
	EXPECT_FALSE(keep_note_get(bytes, size, &back));
}

TEST(refuses_what_is_none)
{
	struct keep_note note = some(), back;
	uint8_t bytes[NOTE_BYTES_MAX], copy[NOTE_BYTES_MAX];
	size_t size = keep_note_put(bytes, &note);

	for (size_t i = 0; i < size; i++)
		EXPECT_FALSE(keep_note_get(bytes, i, &back));
	bytes[size] = 0;
	EXPECT_FALSE(keep_note_get(bytes, size + 1, &back));
	for (int i = 0; i < 4; i++) {
		memcpy(copy, bytes, size);
		copy[i == 2 ? 3 : i] ^= 0x40;
		if (i != 3)
			EXPECT_FALSE(keep_note_get(copy, size, &back));
	}
	/* Whatever the bytes are, it stays within them. */
	for (uint64_t seed = 1; seed < 20000; seed++) {
		uint64_t random = seed;

		memcpy(copy, bytes, size);
		for (int i = 0; i < 3; i++)
			copy[random_next(&random) % size] = (uint8_t)random_next(&random);
		if (keep_note_get(copy, size, &back))
			EXPECT_LE(back.n, HYDROPON_MAX_OUTPUTS);
	}
}
