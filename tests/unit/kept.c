// SPDX-License-Identifier: GPL-2.0-only
/* What is taken over from segments that are given up: in order, each once, and as much as goes. */
#include "harness.h"

#include "spool/kept.h"
#include "support/scratch.h"

#define PAGES 40

FIXTURE(kept) {
	char dir[SCRATCH_PATH_MAX], path[SCRATCH_PATH_MAX + 32];
	struct disk *disk;
	struct segments segments;
	struct segment segment;
	uint8_t file[PAGES * PAGE_BYTES];
	uint32_t end;
	struct kept kept;
};

FIXTURE_SETUP(kept)
{
	const struct segment_head head = { .id = 7, .generation = 3, .bytes = sizeof(self->file) };

	scratch_make(self->dir);
	snprintf(self->path, sizeof(self->path), "%s/segment-00000", self->dir);
	ASSERT_EQ(disk_open_folder(self->dir, true, &self->disk), 0);
	self->segments = (struct segments){ .disk = self->disk, .id = 7 };
	self->segment = (struct segment){ .generation = 3, .bytes = sizeof(self->file) };
	segment_head_put(self->file, &head);
	self->end = PAGE_BYTES;
}

FIXTURE_TEARDOWN(kept)
{
	disk_close_folder(self->disk);
	scratch_remove(self->dir);
}

static void put_frame(struct fixture_kept *self, enum frame_kind kind, uint32_t payload,
		      uint64_t first, uint32_t count)
{
	struct frame frame = {
		.kind = kind, .length = FRAME_HEADER_BYTES + payload, .id = 7, .salt = 3,
		.count = count, .first = first, .blocked = first, .context_at = PAGE_BYTES,
	};

	frame_seal(self->file + self->end, &frame);
	self->end += (uint32_t)pages_bytes(frame.length);
}

/* A block of @n notes from record @first on, each of its number in so many bytes. */
static void put_block(struct fixture_kept *self, uint64_t first, uint32_t n, uint32_t size)
{
	uint8_t *to = self->file + self->end + FRAME_HEADER_BYTES;
	uint32_t length = 0;

	for (uint32_t i = 0; i < n; i++) {
		part_put(to + length, &(struct part){ PART_NOTE, 1, size });
		memset(to + length + PART_HEADER_BYTES, (int)(first + i), size);
		length += PART_HEADER_BYTES + size;
	}
	put_frame(self, FRAME_BLOCK, length, first, n);
}

/* What was handed to the segment: as collected so far. */
static void hand_over(struct fixture_kept *self, uint64_t first)
{
	memcpy(self->file + self->end, self->kept.frame, sizeof(self->kept.frame));
	put_frame(self, FRAME_KEPT, self->kept.size, first, 0);
}

static bool is_even(const uint8_t *bytes, size_t size)
{
	return bytes[0] % 2 == 0;
}

static void collect(struct fixture_kept *self, uint32_t capacity)
{
	scratch_write(self->path, self->file, sizeof(self->file));
	ASSERT_EQ(kept_collect(&self->kept, &self->segments, &self->segment, is_even, capacity), 0);
}

/* Records @from, @from + 2 ... before @to, and nothing else. */
static void expect(struct fixture_kept *self, uint64_t from, uint64_t to)
{
	const struct frame frame = { .length = FRAME_HEADER_BYTES + self->kept.size, .first = 1000 };
	uint32_t at = FRAME_HEADER_BYTES;
	struct kept_note note;

	for (; kept_next(self->kept.frame, &frame, &at, &note); from += 2) {
		EXPECT_EQ(note.record, from);
		EXPECT_EQ(note.bytes[0], (uint8_t)from);
	}
	EXPECT_EQ(at, frame.length);
	EXPECT_EQ(from, to);
}

TEST_F(kept, notes_come_in_order_and_each_once)
{
	const uint32_t capacity = kept_capacity(1u << 20);

	/* Older ones, twice, behind newer ones. */
	put_block(self, 10, 10, 30);
	collect(self, capacity);
	expect(self, 10, 20);
	self->end = PAGE_BYTES;
	put_block(self, 20, 10, 30);
	hand_over(self, 30);
	hand_over(self, 30);
	self->kept.size = 0;
	collect(self, capacity);
	expect(self, 10, 30);
	/* A segment that could not be given up is asked again. */
	collect(self, capacity);
	expect(self, 10, 30);
}

TEST_F(kept, of_too_many_the_newest_stay)
{
	const uint32_t capacity = 3 * (20 + 30);

	put_block(self, 40, 10, 30);
	collect(self, capacity);
	expect(self, 44, 50);
	/* What is older than all of them does not push one out. */
	self->end = PAGE_BYTES;
	put_block(self, 10, 10, 30);
	collect(self, capacity);
	expect(self, 44, 50);
}
