// SPDX-License-Identifier: GPL-2.0-only
#include "support/scratch.h"

#include <errno.h>

#include "base/file.h"
#include "forward/cursor.h"

#define CURSOR_SIZE 648

FIXTURE(cursor) {
	char dir[SCRATCH_PATH_MAX];
	char path[SCRATCH_PATH_MAX + 16], new_path[SCRATCH_PATH_MAX + 16];
};
FIXTURE_SETUP(cursor)
{
	scratch_make(self->dir);
	snprintf(self->path, sizeof(self->path), "%s/local", self->dir);
	snprintf(self->new_path, sizeof(self->new_path), "%s/local.new", self->dir);
}
FIXTURE_TEARDOWN(cursor) { scratch_remove(self->dir); }

static const struct cursor some = {
	.id = 7, .record = 130, .passed = 120, .start = 20, .earlier = 1000,
	.known = 150, .delivered = 1052, .set_aside = 10, .dropped_full = 5, .dropped_corrupt = 20,
	.dropped_replaced = 10, .dropped_undated = 2, .dropped_beyond = 1,
};

static bool is_balanced(const struct cursor *cursor)
{
	return cursor_produced(cursor) == cursor->delivered + cursor->set_aside +
		cursor->dropped_full + cursor->dropped_corrupt + cursor->dropped_replaced +
		cursor->dropped_undated + cursor->dropped_beyond +
		cursor_queued(cursor);
}

TEST_F(cursor, comes_back_as_it_was)
{
	struct cursor back = { 0 };

	EXPECT_EQ(cursor_load(self->path, &back), -ENOENT);
	ASSERT_EQ(cursor_save(self->path, &some), 0);
	ASSERT_EQ(cursor_load(self->path, &back), 0);
	EXPECT_EQ(memcmp(&back, &some, sizeof(back)), 0);
	EXPECT_EQ(scratch_size(self->path), CURSOR_SIZE);
	EXPECT_EQ(scratch_size(self->new_path), -1);
}

/* As the versions before this one wrote it. */
TEST_F(cursor, of_an_earlier_version_is_taken_over)
{
	uint8_t bytes[CURSOR_SIZE];
	struct cursor back, before = some;

	ASSERT_EQ(cursor_save(self->path, &some), 0);
	ASSERT_EQ(scratch_read(self->path, bytes, sizeof(bytes)), CURSOR_SIZE);
	file_seal("HSC3", bytes, CURSOR_SIZE - 16);
	scratch_write(self->path, bytes, CURSOR_SIZE - 16);
	ASSERT_EQ(cursor_load(self->path, &back), 0);
	before.allowance = (struct allowance){ 0 };
	EXPECT_EQ(memcmp(&back, &before, sizeof(back)), 0);
	file_seal("HSC2", bytes, CURSOR_SIZE - 32);
	scratch_write(self->path, bytes, CURSOR_SIZE - 32);
	ASSERT_EQ(cursor_load(self->path, &back), 0);
	before.dropped_undated = before.dropped_beyond = 0;
	EXPECT_EQ(memcmp(&back, &before, sizeof(back)), 0);
	bytes[100] ^= 1;
	scratch_write(self->path, bytes, CURSOR_SIZE - 32);
	EXPECT_EQ(cursor_load(self->path, &back), -EBADMSG);
}

TEST_F(cursor, does_not_mind_what_a_crash_left)
{
	struct cursor back, moved = some;

	ASSERT_EQ(cursor_save(self->path, &some), 0);
	scratch_write(self->new_path, "HSC2 half a cur", 15);
	ASSERT_EQ(cursor_load(self->path, &back), 0);
	EXPECT_EQ(back.record, some.record);
	moved.record = 8192;
	ASSERT_EQ(cursor_save(self->path, &moved), 0);
	ASSERT_EQ(cursor_load(self->path, &back), 0);
	EXPECT_EQ(back.record, 8192);
	EXPECT_EQ(scratch_size(self->new_path), -1);
}

TEST_F(cursor, keeps_the_old_one_when_the_new_cannot_be_written)
{
	struct cursor back, moved = some;

	ASSERT_EQ(cursor_save(self->path, &some), 0);
	/* Nothing can be created where a directory is in the way. */
	ASSERT_EQ(mkdir(self->new_path, 0700), 0);
	moved.record = 8192;
	EXPECT_NE(cursor_save(self->path, &moved), 0);
	ASSERT_EQ(cursor_load(self->path, &back), 0);
	EXPECT_EQ(back.record, some.record);
}

TEST_F(cursor, is_refused_with_any_bit_flipped_or_byte_missing)
{
	uint8_t bytes[1024];
	struct cursor back;

	ASSERT_EQ(cursor_save(self->path, &some), 0);
	ASSERT_EQ(scratch_read(self->path, bytes, sizeof(bytes)), CURSOR_SIZE);
	for (size_t bit = 0; bit < CURSOR_SIZE * 8; bit++) {
		bytes[bit / 8] ^= 1u << bit % 8;
		scratch_write(self->path, bytes, CURSOR_SIZE);
		EXPECT_EQ(cursor_load(self->path, &back), -EBADMSG);
		bytes[bit / 8] ^= 1u << bit % 8;
	}
	for (size_t size = 0; size < CURSOR_SIZE; size++) {
		scratch_write(self->path, bytes, size);
		EXPECT_EQ(cursor_load(self->path, &back), -EBADMSG);
	}
	scratch_write(self->path, bytes, CURSOR_SIZE + 1);
	EXPECT_EQ(cursor_load(self->path, &back), -EBADMSG);
}

TEST_F(cursor, is_refused_when_it_contradicts_itself)
{
	struct cursor back, wrong = some;

	wrong.passed = wrong.known + 1;
	ASSERT_EQ(cursor_save(self->path, &wrong), 0);
	EXPECT_EQ(cursor_load(self->path, &back), -EBADMSG);
	wrong = some;
	wrong.record = wrong.passed - 1;
	ASSERT_EQ(cursor_save(self->path, &wrong), 0);
	EXPECT_EQ(cursor_load(self->path, &back), -EBADMSG);
	wrong = some;
	wrong.start = wrong.passed + 1;
	ASSERT_EQ(cursor_save(self->path, &wrong), 0);
	EXPECT_EQ(cursor_load(self->path, &back), -EBADMSG);
}

/* 200 samples behind, of which 30 and 40 were delivered ahead. */
static const struct cursor ahead = {
	.id = 7, .record = 130, .passed = 120, .start = 20, .earlier = 1000, .known = 320,
	.delivered = 1170, .ranges_n = 2,
	.ranges = { { 200, 230, 190, 220 }, { 280, 320, 270, 310 } },
};

TEST_F(cursor, keeps_what_was_delivered_ahead)
{
	struct cursor back = { 0 };

	ASSERT_TRUE(is_balanced(&ahead));
	ASSERT_EQ(cursor_save(self->path, &ahead), 0);
	ASSERT_EQ(cursor_load(self->path, &back), 0);
	EXPECT_EQ(memcmp(&back, &ahead, sizeof(back)), 0);
	EXPECT_EQ(cursor_queued(&back), 130);
}

/* Ranges that cannot be: in the wrong order, empty, before the cursor, beyond what is known. */
static const struct cursor_range wrong_ranges[] = {
	{ 230, 240, 219, 230 }, { 229, 240, 220, 230 }, { 240, 240, 230, 230 },
	{ 240, 250, 240, 239 }, { 400, 500, 310, 321 },
};

TEST_F(cursor, is_refused_with_ranges_that_cannot_be)
{
	struct cursor back, wrong;

	for (size_t i = 0; i < sizeof(wrong_ranges) / sizeof(*wrong_ranges); i++) {
		wrong = ahead;
		wrong.ranges[1] = wrong_ranges[i];
		ASSERT_EQ(cursor_save(self->path, &wrong), 0);
		EXPECT_EQ(cursor_load(self->path, &back), -EBADMSG);
	}
	wrong = ahead;
	wrong.record = 200;
	ASSERT_EQ(cursor_save(self->path, &wrong), 0);
	EXPECT_EQ(cursor_load(self->path, &back), -EBADMSG);
	wrong = ahead;
	wrong.ranges_n = CURSOR_RANGES + 1;
	ASSERT_EQ(cursor_save(self->path, &wrong), 0);
	EXPECT_EQ(cursor_load(self->path, &back), -EBADMSG);
}

TEST(goes_over_what_was_delivered_ahead)
{
	struct cursor cursor = ahead;

	EXPECT_EQ(cursor_next_range(&cursor), 200);
	cursor.delivered += 70;
	cursor_move(&cursor, 200, 190);
	EXPECT_EQ(cursor.record, 230);
	EXPECT_EQ(cursor.passed, 220);
	EXPECT_EQ(cursor_next_range(&cursor), 280);
	EXPECT_TRUE(is_balanced(&cursor));
	cursor.delivered += 50;
	cursor_move(&cursor, 280, 270);
	EXPECT_EQ(cursor.record, 320);
	EXPECT_EQ(cursor_next_range(&cursor), UINT64_MAX);
	EXPECT_EQ(cursor_queued(&cursor), 10);
	EXPECT_TRUE(is_balanced(&cursor));
}

TEST(drops_no_sample_of_a_hole_that_was_delivered)
{
	static const struct {
		uint64_t end, passed_end, lost, record, passed;
	} holes[] = {
		{ 150, 140, 20, 150, 140 },	/* before the first range */
		{ 200, 190, 70, 230, 220 },	/* up to it */
		{ 210, 200, 70, 230, 220 },	/* ends within it */
		{ 250, 240, 90, 250, 240 },	/* over it */
		{ 330, 320, 130, 330, 320 },	/* over both */
	};

	for (size_t i = 0; i < sizeof(holes) / sizeof(*holes); i++) {
		struct cursor cursor = ahead;

		EXPECT_EQ(cursor_drop(&cursor, holes[i].end, holes[i].passed_end), holes[i].lost);
		cursor.dropped_full += holes[i].lost;
		EXPECT_EQ(cursor.record, holes[i].record);
		EXPECT_EQ(cursor.passed, holes[i].passed);
		EXPECT_TRUE(is_balanced(&cursor));
	}
}

TEST(widens_the_last_range_and_begins_no_more_than_it_may)
{
	struct cursor cursor = ahead;

	for (uint64_t i = 0; i < 100; i++) {
		const uint64_t at = 320 + 20 * i;
		const struct cursor_range next = { at, at + 10, at - 10, at };
		const struct cursor_range more = { at + 10, at + 15, at, at + 5 };

		EXPECT_EQ(cursor_may_deliver_ahead(&cursor, at), i < 15);
		if (!cursor_may_deliver_ahead(&cursor, at))
			break;
		cursor_deliver_ahead(&cursor, &next);
		EXPECT_TRUE(cursor_may_deliver_ahead(&cursor, at + 10));
		cursor_deliver_ahead(&cursor, &more);
		cursor.delivered += 15;
	}
	/* The first of them went on with the last one there was. */
	EXPECT_EQ(cursor.ranges_n, CURSOR_RANGES);
	EXPECT_EQ(cursor.ranges[1].end, 335);
	EXPECT_TRUE(is_balanced(&cursor));
	cursor_forget_ranges(&cursor);
	EXPECT_EQ(cursor.ranges_n, 0);
	EXPECT_TRUE(is_balanced(&cursor));
}

/* What a spool can do between two looks, and what the cursor must make of it. */
static const struct {
	const char *name;
	struct spool_view view;
	enum cursor_fit fit;
	uint64_t produced, queued, replaced, corrupt;
} follows[] = {
	{ "nothing", { 7, 25, 20, 165, 150, true, false }, CURSOR_FITS, 1130, 30, 10, 20 },
	{ "it grew", { 7, 25, 20, 190, 170, true, false }, CURSOR_FITS, 1150, 50, 10, 20 },
	{ "only blocks are seen", { 7, 25, 20, 110, 100, false, false }, CURSOR_AHEAD, 1130, 30, 10, 20 },
	{ "lost its tail", { 7, 25, 20, 155, 140, true, false }, CURSOR_REWOUND, 1230, 120, 10, 30 },
	{ "lost what was passed", { 7, 25, 20, 100, 90, true, false }, CURSOR_REWOUND, 1200, 70, 10, 50 },
	{ "another one", { 8, 2, 1, 7, 6, true, false }, CURSOR_REPLACED, 1135, 5, 40, 20 },
};

TEST(follows_its_spool_and_stays_balanced)
{
	ASSERT_TRUE(is_balanced(&some));
	for (size_t i = 0; i < sizeof(follows) / sizeof(*follows); i++) {
		struct cursor cursor = some;
		enum cursor_fit fit = cursor_follow(&cursor, &follows[i].view, true);

		harness_note("%s", follows[i].name);
		EXPECT_EQ(fit, follows[i].fit);
		EXPECT_TRUE(is_balanced(&cursor));
		EXPECT_EQ(cursor_produced(&cursor), follows[i].produced);
		EXPECT_EQ(cursor_queued(&cursor), follows[i].queued);
		EXPECT_EQ(cursor.dropped_replaced, follows[i].replaced);
		EXPECT_EQ(cursor.dropped_corrupt, follows[i].corrupt);
		EXPECT_EQ(cursor.delivered, some.delivered);
		if (fit == CURSOR_REPLACED || fit == CURSOR_REWOUND) {
			EXPECT_EQ(cursor.record, follows[i].view.first);
			EXPECT_EQ(cursor.passed, follows[i].view.start);
		} else {
			EXPECT_EQ(cursor.record, some.record);
		}
	}
}

TEST(stays_balanced_with_what_was_delivered_ahead)
{
	for (size_t i = 0; i < sizeof(follows) / sizeof(*follows); i++) {
		struct cursor cursor = ahead;

		cursor_follow(&cursor, &follows[i].view, true);
		harness_note("%s", follows[i].name);
		EXPECT_TRUE(is_balanced(&cursor));
	}
}

TEST(begins_at_the_start_of_the_first_spool)
{
	const struct spool_view view = { 9, 110, 100, 175, 160, true, false };
	struct cursor cursor = { 0 };

	EXPECT_EQ(cursor_follow(&cursor, &view, true), CURSOR_BEGUN);
	EXPECT_EQ(cursor.record, 110);
	EXPECT_EQ(cursor_produced(&cursor), 60);
	EXPECT_EQ(cursor_queued(&cursor), 60);
	EXPECT_TRUE(is_balanced(&cursor));
}

TEST(begins_with_what_comes_now_unless_told)
{
	const struct spool_view view = { 9, 110, 100, 175, 160, true, false };
	const struct spool_view later = { 9, 110, 100, 177, 162, true, false };
	struct cursor cursor = { 0 };

	EXPECT_EQ(cursor_follow(&cursor, &view, false), CURSOR_BEGUN);
	EXPECT_EQ(cursor.record, 175);
	EXPECT_EQ(cursor_produced(&cursor), 0);
	EXPECT_EQ(cursor_queued(&cursor), 0);
	EXPECT_EQ(cursor_follow(&cursor, &later, false), CURSOR_FITS);
	EXPECT_EQ(cursor.record, 175);
	EXPECT_EQ(cursor_queued(&cursor), 2);
	EXPECT_TRUE(is_balanced(&cursor));
}
