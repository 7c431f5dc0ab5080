// SPDX-License-Identifier: GPL-2.0-only
/* What a line may carry: the data budget of a month, and the rate of what has waited. */
#include "harness.h"

#include <stdlib.h>
#include <time.h>

#include "support/forward_rig.h"

#define MAY_31 1780272000000LL		/* 2026-06-01T00:00Z */

static struct conf_store budget(uint64_t bytes, uint32_t begins)
{
	return (struct conf_store){ .monthly_bytes = bytes, .month_begins = begins };
}

TEST(a_month_begins_on_its_day)
{
	setenv("TZ", "UTC", 1);
	tzset();
	EXPECT_EQ(allowance_month(MAY_31, 1), allowance_month(MAY_31 - 1, 1) + 1);
	EXPECT_EQ(allowance_month(MAY_31, 15), allowance_month(MAY_31 - 1, 15));
	EXPECT_EQ(allowance_month(MAY_31 + 14 * 86400000LL, 15), allowance_month(MAY_31, 15) + 1);
	EXPECT_EQ(allowance_next_ms(MAY_31 - 1, 1), MAY_31);
	EXPECT_EQ(allowance_next_ms(MAY_31, 15), MAY_31 + 14 * 86400000LL);
	/* December goes over into the next year. */
	EXPECT_EQ(allowance_month(1798761600000LL, 1), allowance_month(1798761600000LL - 1, 1) + 1);
	EXPECT_EQ(allowance_next_ms(1798761600000LL - 1, 1), 1798761600000LL);
	/* Local time. */
	setenv("TZ", "XST-2", 1);
	tzset();
	EXPECT_EQ(allowance_next_ms(MAY_31 - 3 * 3600000, 1), MAY_31 - 2 * 3600000);
	EXPECT_EQ(allowance_month(MAY_31 - 2 * 3600000, 1), allowance_month(MAY_31 - 3 * 3600000, 1) + 1);
	setenv("TZ", "UTC", 1);
	tzset();
	EXPECT_EQ(allowance_month(0, 1), 0);
}

TEST(a_month_is_given_once)
{
	struct conf_store conf = budget(1000, 1);
	struct allowance allowance = { 0 };

	allowance_follow(&allowance, &conf, MAY_31 - 1);
	EXPECT_EQ(allowance_left(&allowance, &conf), ALLOWANCE_ALL);
	allowance.bytes = 799;
	EXPECT_EQ(allowance_left(&allowance, &conf), ALLOWANCE_ALL);
	allowance.bytes = 800;
	EXPECT_EQ(allowance_left(&allowance, &conf), ALLOWANCE_NEW_ONLY);
	allowance.bytes = 1000;
	EXPECT_EQ(allowance_left(&allowance, &conf), ALLOWANCE_NOTHING);
	/* A clock that was lost, or set back. */
	allowance_follow(&allowance, &conf, 0);
	allowance_follow(&allowance, &conf, MAY_31 - 40 * 86400000LL);
	EXPECT_EQ(allowance.bytes, 1000);
	allowance_follow(&allowance, &conf, MAY_31);
	EXPECT_EQ(allowance.bytes, 0);
	/* Far ahead for a moment: the months until then are not lost. */
	allowance.bytes = 500;
	allowance_follow(&allowance, &conf, MAY_31 + 20LL * 365 * 86400000);
	allowance.bytes = 700;
	allowance_follow(&allowance, &conf, MAY_31);
	EXPECT_EQ(allowance.bytes, 700);
	allowance_follow(&allowance, &conf, MAY_31 + 32 * 86400000LL);
	EXPECT_EQ(allowance.bytes, 0);
	conf.monthly_bytes = 0;
	allowance.bytes = UINT64_MAX;
	EXPECT_EQ(allowance_left(&allowance, &conf), ALLOWANCE_ALL);
	conf.drain_rate = 2000;
	EXPECT_EQ(allowance_drain_ns(&conf, 3000), 1500000000);
	conf.drain_rate = 0;
	EXPECT_EQ(allowance_drain_ns(&conf, 3000), 0);
}

static struct conf_store *conf_of(struct fixture_forward *self)
{
	return &self->rig.conf.stores[0];
}

/* So many bytes of its month are used already. */
static void use_up(struct fixture_forward *self, uint64_t bytes)
{
	char path[CONF_PATH_MAX + 32];
	struct cursor cursor;

	forward_free(self->forward);
	snprintf(path, sizeof(path), "%s/cursors/local", self->rig.conf.state_dir);
	ASSERT_EQ(cursor_load(path, &cursor), 0);
	cursor.allowance.bytes = bytes;
	ASSERT_EQ(cursor_save(path, &cursor), 0);
	start(self);
}

/* 100 samples wait, of which what is left of the month is not for. */
static void come_to_the_end_of_a_month(struct fixture_forward *self)
{
	conf_of(self)->batch_lines = 10;
	conf_of(self)->monthly_bytes = 1 << 20;
	deliver_one(self);
	ASSERT_EQ(rig_append(&self->rig, 100), 0);
	use_up(self, 900000);
}

TEST_F(forward, counts_what_a_line_carries)
{
	uint64_t bytes, again;

	deliver_one(self);
	bytes = report(self).cursor.allowance.bytes;
	/* A small request, its head, the answer, a connection. */
	EXPECT_GT(bytes, 500);
	EXPECT_LT(bytes, 2000);
	/* Refused ones count, and it is kept. */
	self->status = 500;
	ASSERT_EQ(rig_append(&self->rig, 1000), 0);
	turn_requests(self, 40);
	again = report(self).cursor.allowance.bytes;
	EXPECT_GT(again, bytes + 40 * 500);
	LOCKED(self, self->status = 204);
	turn_until_idle(self);
	EXPECT_GT(report(self).cursor.allowance.bytes, again);
	bytes = report(self).cursor.allowance.bytes;
	restart(self);
	EXPECT_EQ(report(self).cursor.allowance.bytes, bytes);
}

TEST_F(forward, keeps_all_when_its_month_is_used_up)
{
	struct store_report now;

	conf_of(self)->monthly_bytes = 1 << 20;
	deliver_one(self);
	use_up(self, 1 << 20);
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	for (int i = 0; i < 50; i++)
		turn(self);
	now = report(self);
	EXPECT_EQ(http_requests(self->server), 1);
	EXPECT_EQ(cursor_queued(&now.cursor), 10);
	EXPECT_EQ(now.state, STORE_WAITING);
	ASSERT_TRUE(now.error != NULL);
	EXPECT_CONTAINS(now.error, "the monthly-data of this store is used up, all is kept in the "
			"spool; it goes on with 20");
	/* More is bought. */
	conf_of(self)->monthly_bytes *= 2;
	turn_until_idle(self);
	now = report(self);
	EXPECT_EQ(now.state, STORE_OK);
	EXPECT_EQ(now.cursor.delivered, 11);
	expect_stored(self, 0, 11);
}

TEST_F(forward, keeps_the_end_of_a_month_for_what_is_new)
{
	struct store_report now;
	uint64_t before;

	come_to_the_end_of_a_month(self);
	/* One request shows that the store takes samples; then what waits must go on waiting. */
	turn_requests(self, 1);
	for (int i = 0; i < 20; i++)
		turn(self);
	before = http_requests(self->server);
	for (int i = 0; i < 50; i++)
		turn(self);
	EXPECT_EQ(http_requests(self->server), before);
	EXPECT_EQ(queued(self), 90);
	for (int i = 0; i < 5; i++) {
		ASSERT_EQ(rig_append(&self->rig, 3), 0);
		turn_requests(self, 1);
	}
	now = report(self);
	EXPECT_EQ(cursor_queued(&now.cursor), 90);
	EXPECT_EQ(now.cursor.delivered, 1 + 10 + 15);
	EXPECT_EQ(now.state, STORE_OK);
	conf_of(self)->monthly_bytes = 0;
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.delivered, 116);
}

/* While what has waited may not go, what is new is gathered as it is told. */
TEST_F(forward, gathers_what_is_new_at_the_end_of_a_month)
{
	unsigned int before;

	come_to_the_end_of_a_month(self);
	turn_requests(self, 1);
	conf_of(self)->send_every_ms = 60000;
	ASSERT_EQ(rig_append(&self->rig, 1), 0);
	turn_requests(self, 1);
	before = http_requests(self->server);
	for (int i = 0; i < 8; i++) {
		ASSERT_EQ(rig_append(&self->rig, 1), 0);
		for (int j = 0; j < 5; j++)
			turn(self);
	}
	EXPECT_EQ(http_requests(self->server), before);
	self->now_ns += 60 * NS_PER_SEC;
	turn_requests(self, 1);
	EXPECT_EQ(report(self).cursor.delivered, 1 + 10 + 1 + 8);
}

TEST_F(forward, a_refusal_is_told_although_its_bytes_are_saved)
{
	deliver_one(self);
	self->body = "the store is full";
	self->status = 500;
	use_up(self, 0);
	ASSERT_EQ(rig_append(&self->rig, 1), 0);
	/* More than is kept in memory alone. */
	turn_requests(self, 140);
	ASSERT_TRUE(report(self).error != NULL);
	EXPECT_EQ(report(self).state, STORE_BACKOFF);
	EXPECT_GT(report(self).cursor.allowance.bytes, 65536);
}

TEST_F(forward, drains_at_its_rate)
{
	uint64_t begun_ns, bytes, new_ns;

	conf_of(self)->batch_lines = 10;
	deliver_one(self);
	conf_of(self)->drain_rate = 100;
	bytes = report(self).cursor.allowance.bytes;
	ASSERT_EQ(rig_append(&self->rig, 200), 0);
	begun_ns = self->now_ns;
	turn_requests(self, 10);
	bytes = report(self).cursor.allowance.bytes - bytes;
	/* The last request is not over when it has been answered. */
	EXPECT_GE(self->now_ns - begun_ns, bytes * 85 / 100 * NS_PER_SEC / 100);
	EXPECT_LE(self->now_ns - begun_ns, bytes * 115 / 100 * NS_PER_SEC / 100);
	/* What is new does not wait for it. */
	ASSERT_EQ(rig_append(&self->rig, 3), 0);
	new_ns = self->now_ns;
	turn_requests(self, 1);
	EXPECT_LT(self->now_ns - new_ns, NS_PER_SEC);
	EXPECT_TRUE(was_stored(self, " 1690000000203\n"));
	EXPECT_EQ(report(self).state, STORE_OK);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.delivered, self->rig.next);
}
