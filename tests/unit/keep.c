// SPDX-License-Identifier: GPL-2.0-only
/* What is restored to an output that is probed again. */
#include "harness.h"

#include <stdio.h>

#include "protect/keep.h"

FIXTURE(keep)
{
	struct keep keep;
	struct hydropon_output_info info;
};

FIXTURE_SETUP(keep)
{
	self->info = (struct hydropon_output_info){ .index = 3, .present = 1, .restored = 1,
						    .name = "doser" };
}

FIXTURE_TEARDOWN(keep)
{
}

static void take(struct fixture_keep *self, uint32_t latched)
{
	self->info.latched = latched;
	keep_take(&self->keep, &self->info);
}

static uint32_t kept(struct fixture_keep *self)
{
	return keep_restore(&self->keep, &self->info).latched;
}

TEST_F(keep, of_what_it_has_not_seen_it_knows_no_latch_and_the_whole_budget_used)
{
	struct hydropon_restore restore;

	self->info.budget_ms = 60000;
	restore = keep_restore(&self->keep, &self->info);
	EXPECT_EQ(restore.output, 3);
	EXPECT_EQ(restore.latched, 0);
	EXPECT_EQ(restore.uses_n, 1);
	EXPECT_EQ(restore.uses[0].ago_ms, 0);
	EXPECT_EQ(restore.uses[0].used_ms, 60000);
	EXPECT_EQ(restore.reserved, 0);
	self->info.budget_ms = 0;
	EXPECT_EQ(keep_restore(&self->keep, &self->info).uses_n, 0);
}

TEST_F(keep, the_latches_that_it_saw_last)
{
	take(self, HYDROPON_LATCH_WELDED | HYDROPON_TRIP_OFF);
	EXPECT_EQ(kept(self), HYDROPON_LATCH_WELDED | HYDROPON_TRIP_OFF);
	take(self, HYDROPON_LATCH_WELDED);
	EXPECT_EQ(kept(self), HYDROPON_LATCH_WELDED);
	take(self, 0);
	EXPECT_EQ(kept(self), 0);
}

TEST_F(keep, nothing_is_forgotten_while_it_is_gone_or_not_restored)
{
	take(self, HYDROPON_LATCH_BUDGET);
	self->info.present = 0;
	take(self, 0);
	self->info.present = 1;
	self->info.restored = 0;
	take(self, 0);
	EXPECT_EQ(kept(self), HYDROPON_LATCH_BUDGET);
}

TEST_F(keep, bits_that_the_kernel_would_not_take_are_left_out)
{
	take(self, HYDROPON_LATCH_BUDGET | 1u << 31);
	EXPECT_EQ(kept(self), HYDROPON_LATCH_BUDGET);
}

/* As many outputs as a gateway can have, all of them latched. */
static void fill(struct fixture_keep *self)
{
	for (int i = 0; i < HYDROPON_MAX_OUTPUTS; i++) {
		snprintf(self->info.name, sizeof(self->info.name), "output-%d", i);
		take(self, HYDROPON_LATCH_WELDED);
	}
}

TEST_F(keep, every_output_of_a_gateway_has_a_place)
{
	fill(self);
	for (int i = 0; i < HYDROPON_MAX_OUTPUTS; i++) {
		snprintf(self->info.name, sizeof(self->info.name), "output-%d", i);
		EXPECT_EQ(kept(self), HYDROPON_LATCH_WELDED);
	}
}

TEST_F(keep, a_place_is_used_again_only_when_it_says_nothing)
{
	fill(self);
	snprintf(self->info.name, sizeof(self->info.name), "one-more");
	take(self, HYDROPON_LATCH_BUDGET);
	EXPECT_EQ(kept(self), 0);
	snprintf(self->info.name, sizeof(self->info.name), "output-7");
	EXPECT_EQ(kept(self), HYDROPON_LATCH_WELDED);
	take(self, 0);
	snprintf(self->info.name, sizeof(self->info.name), "one-more");
	take(self, HYDROPON_LATCH_BUDGET);
	EXPECT_EQ(kept(self), HYDROPON_LATCH_BUDGET);
}
