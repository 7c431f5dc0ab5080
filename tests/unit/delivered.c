// SPDX-License-Identifier: GPL-2.0-only
/* What every store has had, and what a full spool gives up for it. */
#include "harness.h"

#include <errno.h>
#include <limits.h>

#include "support/spool_rig.h"

#include "forward/cursor.h"
#include "spool/delivered.h"

#define MEET(delivered, ...)								\
	delivered_meet(delivered, (const struct delivered_range[]){ __VA_ARGS__ },	\
		       sizeof((const struct delivered_range[]){ __VA_ARGS__ }) /	\
		       sizeof(struct delivered_range))

TEST(what_two_stores_have_had_is_what_both_have)
{
	struct delivered delivered;

	delivered_all(&delivered);
	EXPECT_TRUE(delivered_holds(&delivered, 0, 1000));
	MEET(&delivered, { 0, 100 }, { 200, 300 }, { 400, 500 });
	EXPECT_EQ(delivered.n, 3);
	EXPECT_TRUE(delivered_holds(&delivered, 200, 300));
	EXPECT_FALSE(delivered_holds(&delivered, 199, 300));
	EXPECT_FALSE(delivered_holds(&delivered, 200, 301));
	EXPECT_FALSE(delivered_holds(&delivered, 50, 250));
	MEET(&delivered, { 0, 50 }, { 90, 250 }, { 290, 1000 });
	EXPECT_TRUE(delivered_holds(&delivered, 0, 50));
	EXPECT_TRUE(delivered_holds(&delivered, 90, 100));
	EXPECT_TRUE(delivered_holds(&delivered, 200, 250));
	EXPECT_TRUE(delivered_holds(&delivered, 290, 300));
	EXPECT_TRUE(delivered_holds(&delivered, 400, 500));
	EXPECT_EQ(delivered.n, 5);
	delivered_meet(&delivered, NULL, 0);
	EXPECT_FALSE(delivered_holds(&delivered, 0, 1));
}

TEST(what_does_not_fit_counts_as_not_delivered)
{
	static struct delivered_range many[2 * DELIVERED_MAX];
	struct delivered delivered;

	for (uint64_t i = 0; i < 2 * DELIVERED_MAX; i++)
		many[i] = (struct delivered_range){ 10 * i, 10 * i + 5 };
	delivered_all(&delivered);
	delivered_meet(&delivered, many, 2 * DELIVERED_MAX);
	EXPECT_EQ(delivered.n, DELIVERED_MAX);
	EXPECT_TRUE(delivered_holds(&delivered, 10 * (DELIVERED_MAX - 1), 10 * DELIVERED_MAX - 5));
	EXPECT_FALSE(delivered_holds(&delivered, 10 * DELIVERED_MAX, 10 * DELIVERED_MAX + 5));
}

FIXTURE(full_spool)
{
	struct spool_rig rig;
};

FIXTURE_SETUP(full_spool)
{
	rig_make(&self->rig);
	self->rig.conf.spool_max_bytes = 8 << 20;
	self->rig.conf.stores_n = 1;
	snprintf(self->rig.conf.stores[0].name, sizeof(self->rig.conf.stores[0].name), "a");
	rig_open(&self->rig);
}

FIXTURE_TEARDOWN(full_spool) { rig_remove(&self->rig); }

static void fill_to(struct fixture_full_spool *self, uint64_t next)
{
	while (self->rig.next < next)
		ASSERT_EQ(rig_append_block(&self->rig, 1), 0);
}

static struct spool_view view_of(const struct spool_rig *rig)
{
	struct spool_reader *reader = spool_reader_open(rig->conf.state_dir, rig->conf.run_dir);
	struct spool_view view;

	ASSERT_EQ(spool_reader_refresh(reader), 0);
	view = *spool_reader_view(reader);
	spool_reader_close(reader);
	return view;
}

/* The store has had all before record @first, and what is from record @begin to before @end. */
static void deliver_of(struct fixture_full_spool *self, const char *store, uint64_t other,
		       uint64_t first, uint64_t begin, uint64_t end)
{
	struct spool_view view = view_of(&self->rig);
	struct cursor cursor = {
		.id = view.id ^ other, .record = first, .passed = first, .known = view.samples,
		.ranges_n = 1, .ranges = { { begin, end, begin, end } },
	};
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/cursors", self->rig.conf.state_dir);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/cursors/%s", self->rig.conf.state_dir, store);
	ASSERT_EQ(cursor_save(path, &cursor), 0);
}

static void deliver(struct fixture_full_spool *self, const char *store, uint64_t first,
		    uint64_t begin, uint64_t end)
{
	deliver_of(self, store, 0, first, begin, end);
}

/* A block is a page, a segment some 250 of them, and there is room for five. */
TEST_F(full_spool, gives_up_what_the_store_has_had)
{
	struct rig_found found;
	uint64_t next;

	fill_to(self, 700);
	EXPECT_EQ(view_of(&self->rig).first, 0);
	/* The oldest 50 are still to be delivered, while what came later was. */
	deliver(self, "a", 1, 50, 700);
	fill_to(self, 1200);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.error, 0);
	EXPECT_EQ(found.wrong, 0);
	EXPECT_EQ(found.first, 0);
	EXPECT_GT(found.missing, 50);
	EXPECT_EQ(found.samples + found.missing, 1200);
	/* When nothing more of the older half was delivered, the oldest goes. */
	next = self->rig.next + 1500;
	deliver(self, "a", 1, 50, 60);
	fill_to(self, next);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.error, 0);
	EXPECT_EQ(found.wrong, 0);
	EXPECT_GT(found.first, 50);
}

TEST_F(full_spool, gives_up_the_oldest_that_nobody_or_not_everybody_has_had)
{
	struct rig_found found;

	self->rig.conf.stores_n = 2;
	snprintf(self->rig.conf.stores[1].name, sizeof(self->rig.conf.stores[1].name), "b");
	fill_to(self, 700);
	deliver(self, "a", 1, 50, 700);
	fill_to(self, 1200);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.wrong + (uint64_t)(found.error != 0), 0);
	EXPECT_GT(found.first, 0);
}

TEST_F(full_spool, heeds_no_cursor_of_another_spool_and_none_of_a_store_that_is_gone)
{
	struct rig_found found;

	fill_to(self, 700);
	deliver(self, "gone", 1, 50, 700);
	deliver_of(self, "a", 1, 1, 50, 700);
	fill_to(self, 1200);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.error, 0);
	EXPECT_GT(found.first, 0);
}

TEST_F(full_spool, heeds_cursors_when_it_opens_with_a_bound_that_became_smaller)
{
	struct rig_found found;

	rig_close(&self->rig);
	self->rig.conf.spool_max_bytes = 3 * SPOOL_MIN_BYTES;
	rig_open(&self->rig);
	fill_to(self, 1700);
	EXPECT_EQ(view_of(&self->rig).first, 0);
	deliver(self, "a", 1, 50, 1700);
	rig_close(&self->rig);
	self->rig.conf.spool_max_bytes = 2 * SPOOL_MIN_BYTES;
	rig_open(&self->rig);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.error, 0);
	EXPECT_EQ(found.wrong, 0);
	EXPECT_EQ(found.first, 0);
	EXPECT_GT(found.missing, 50);
	EXPECT_EQ(found.samples + found.missing, 1700);
}
