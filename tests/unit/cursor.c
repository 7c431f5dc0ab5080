// SPDX-License-Identifier: GPL-2.0-only
#include "support/scratch.h"

#include <errno.h>

#include "forward/cursor.h"

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
	.known = 150, .delivered = 1055, .set_aside = 10, .dropped_full = 5, .dropped_corrupt = 20,
	.dropped_replaced = 10,
};

static bool is_balanced(const struct cursor *cursor)
{
	return cursor_produced(cursor) == cursor->delivered + cursor->set_aside +
		cursor->dropped_full + cursor->dropped_corrupt + cursor->dropped_replaced +
		cursor_queued(cursor);
}

TEST_F(cursor, comes_back_as_it_was)
{
	struct cursor back = { 0 };

	EXPECT_EQ(cursor_load(self->path, &back), -ENOENT);
	ASSERT_EQ(cursor_save(self->path, &some), 0);
	ASSERT_EQ(cursor_load(self->path, &back), 0);
	EXPECT_EQ(memcmp(&back, &some, sizeof(back)), 0);
	EXPECT_EQ(scratch_size(self->path), 120);
	EXPECT_EQ(scratch_size(self->new_path), -1);
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
	uint8_t bytes[128];
	struct cursor back;

	ASSERT_EQ(cursor_save(self->path, &some), 0);
	ASSERT_EQ(scratch_read(self->path, bytes, sizeof(bytes)), 120);
	for (size_t bit = 0; bit < 120 * 8; bit++) {
		bytes[bit / 8] ^= 1u << bit % 8;
		scratch_write(self->path, bytes, 120);
		EXPECT_EQ(cursor_load(self->path, &back), -EBADMSG);
		bytes[bit / 8] ^= 1u << bit % 8;
	}
	for (size_t size = 0; size < 120; size++) {
		scratch_write(self->path, bytes, size);
		EXPECT_EQ(cursor_load(self->path, &back), -EBADMSG);
	}
	scratch_write(self->path, bytes, 121);
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

/* What a spool can do between two looks, and what the cursor must make of it. */
static const struct {
	const char *name;
	struct spool_view view;
	enum cursor_fit fit;
	uint64_t produced, queued, replaced, corrupt;
} follows[] = {
	{ "nothing", { 7, 25, 20, 165, 150, true }, CURSOR_FITS, 1130, 30, 10, 20 },
	{ "it grew", { 7, 25, 20, 190, 170, true }, CURSOR_FITS, 1150, 50, 10, 20 },
	{ "only blocks are seen", { 7, 25, 20, 110, 100, false }, CURSOR_AHEAD, 1130, 30, 10, 20 },
	{ "lost its tail", { 7, 25, 20, 155, 140, true }, CURSOR_REWOUND, 1230, 120, 10, 30 },
	{ "lost what was passed", { 7, 25, 20, 100, 90, true }, CURSOR_REWOUND, 1200, 70, 10, 50 },
	{ "another one", { 8, 2, 1, 7, 6, true }, CURSOR_REPLACED, 1135, 5, 40, 20 },
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

TEST(begins_at_the_start_of_the_first_spool)
{
	const struct spool_view view = { 9, 110, 100, 175, 160, true };
	struct cursor cursor = { 0 };

	EXPECT_EQ(cursor_follow(&cursor, &view, true), CURSOR_BEGUN);
	EXPECT_EQ(cursor.record, 110);
	EXPECT_EQ(cursor_produced(&cursor), 60);
	EXPECT_EQ(cursor_queued(&cursor), 60);
	EXPECT_TRUE(is_balanced(&cursor));
}

TEST(begins_with_what_comes_now_unless_told)
{
	const struct spool_view view = { 9, 110, 100, 175, 160, true };
	const struct spool_view later = { 9, 110, 100, 177, 162, true };
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
