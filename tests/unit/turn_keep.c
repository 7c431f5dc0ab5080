// SPDX-License-Identifier: GPL-2.0-only
/* What is kept of outputs on its way: from the spool to the kernel, and back. */
#include "support/fake_kernel.h"

#include <poll.h>
#include <unistd.h>

#include "support/catch_log.h"

FIXTURE(turn_keep)
{
	struct conf conf;
	struct turn turn;
	struct keep_note found, note;	/* in the spool at first, and the newest that is to be there */
	int found_error;
	unsigned int notes;
	bool is_stuck;			/* the disk */
};

static void no_sample(void *data, const struct sample *sample) { (void)data, (void)sample; }
static void no_open(void *data, int fd) { (void)data, (void)fd; }
static void no_close(void *data) { (void)data; }

static void keep(void *data, const struct keep_note *note)
{
	struct fixture_turn_keep *self = data;

	self->note = *note;
	self->notes++;
}

static bool is_kept(void *data)
{
	return !((struct fixture_turn_keep *)data)->is_stuck;
}

static int kept(void *data, struct keep_note *note)
{
	struct fixture_turn_keep *self = data;

	*note = self->found;
	return self->found_error;
}

static const struct turn_hooks hooks = {
	.sample = no_sample, .opened = no_open, .closing = no_close,
	.keep = keep, .is_kept = is_kept, .kept = kept,
};

FIXTURE_SETUP(turn_keep)
{
	struct conf *conf = &self->conf;

	fake_gateway(conf);
	self->found_error = -ENOENT;
	turn_start(&self->turn, conf, stream_new(conf->device, &fake_device), channels_new(conf),
		   outputs_new(conf), &hooks, self);
	put((struct hydropon_record){ .type = HYDROPON_REC_SCALE, .value = 1 });
	/* The pump is a doser now. */
	kernel.outputs[0].budget_ms = kernel.outputs[0].budget_left_ms = 60000;
	kernel.outputs[0].budget_window_ms = 3600000;
}

FIXTURE_TEARDOWN(turn_keep)
{
	stream_free(self->turn.stream);
	channels_free(self->turn.channels);
	outputs_free(self->turn.outputs);
}

static void run_with_beat(struct fixture_turn_keep *self)
{
	put_water(WATER_MV, 0);
	put_beat();
	turn_run(&self->turn);
}

TEST_F(turn_keep, nothing_is_restored_before_it_is_known_what_was_kept)
{
	self->found_error = -EAGAIN;
	run_with_beat(self);
	EXPECT_EQ(kernel.restores_n, 0);
	EXPECT_EQ(kernel.arms, 0);
	self->found_error = 0;
	/* In this boot: the guard alone is new. */
	clock_boot_id(self->found.boot_id);
	self->found.boot_ns = clock_boot_ns();
	self->found.n = 1;
	snprintf(self->found.entries[0].name, HYDROPON_NAME_MAX, "pump");
	self->found.entries[0].has_budget = true;
	self->found.entries[0].latched = HYDROPON_LATCH_WELDED;
	self->found.entries[0].reserved_ms = 4000;
	run_with_beat(self);
	ASSERT_EQ(kernel.restores_n, 2);
	EXPECT_EQ(kernel.restores[0].latched, HYDROPON_LATCH_WELDED);
	ASSERT_EQ(kernel.restores[0].uses_n, 1);
	EXPECT_EQ(kernel.restores[0].uses[0].used_ms, 4000);
	EXPECT_TRUE(kernel.armed);
}

TEST_F(turn_keep, a_spool_that_does_not_open_keeps_outputs_waiting_for_so_long_only)
{
	int log = catch_log();

	self->found_error = -EAGAIN;
	run_with_beat(self);
	self->turn.started_ns -= TURN_KEPT_WAIT_MS * NS_PER_MS;
	run_with_beat(self);
	EXPECT_TRUE(kernel.armed);
	ASSERT_EQ(kernel.restores_n, 2);
	EXPECT_EQ(kernel.restores[0].uses[0].used_ms, 60000);
	EXPECT_EQ(logged(log, "what was kept of outputs cannot be read, as the spool cannot be opened"), 1);
}

TEST_F(turn_keep, of_what_is_damaged_the_latches_alone_are_believed)
{
	int log = catch_log();

	self->found_error = -EBADMSG;
	self->found.n = 1;
	snprintf(self->found.entries[0].name, HYDROPON_NAME_MAX, "pump");
	self->found.entries[0].has_budget = true;
	self->found.entries[0].latched = HYDROPON_LATCH_WELDED;
	run_with_beat(self);
	ASSERT_EQ(kernel.restores_n, 2);
	EXPECT_EQ(kernel.restores[0].latched, HYDROPON_LATCH_WELDED);
	EXPECT_EQ(kernel.restores[0].uses[0].used_ms, 60000);
	EXPECT_EQ(logged(log, "may be lost, as the spool is damaged"), 1);
}

TEST_F(turn_keep, a_doser_doses_when_its_share_is_on_the_disk)
{
	char text[128];

	self->is_stuck = true;
	run_with_beat(self);
	EXPECT_EQ(kernel.sets_n, 0);
	EXPECT_EQ(self->notes, 1);
	EXPECT_GT(self->note.entries[0].reserved_ms, 0);
	EXPECT_TRUE(output_refusal(outputs_get(self->turn.outputs, 0), text, sizeof(text)));
	EXPECT_CONTAINS(text, "not on the disk yet");
	run_with_beat(self);
	EXPECT_EQ(kernel.sets_n, 0);
	EXPECT_EQ(self->notes, 1);
	self->is_stuck = false;
	run_with_beat(self);
	ASSERT_EQ(kernel.sets_n, 1);
	EXPECT_EQ(kernel.sets[0].on, 1);
	EXPECT_FALSE(output_refusal(outputs_get(self->turn.outputs, 0), text, sizeof(text)));
}

TEST_F(turn_keep, a_dose_ends_when_its_share_is_spent_and_the_disk_takes_nothing)
{
	int log = catch_log();
	struct output *output;

	run_with_beat(self);
	run_with_beat(self);
	ASSERT_EQ(kernel.sets_n, 1);
	self->is_stuck = true;
	/* The kernel has counted more than was reserved. */
	kernel.outputs[0].budget_left_ms = 60000 - self->note.entries[0].reserved_ms;
	self->turn.next_refresh_ns = 0;
	run_with_beat(self);
	run_with_beat(self);
	output = (struct output *)outputs_get(self->turn.outputs, 0);
	EXPECT_FALSE(output->holding);
	EXPECT_FALSE(kernel.outputs[0].on);
	EXPECT_EQ(logged(log, "pump: released to off: what it uses of its budget cannot be written"), 1);
}

TEST_F(turn_keep, a_latch_is_kept_at_once)
{
	run_with_beat(self);
	self->notes = 0;
	kernel.outputs[1].latched = HYDROPON_TRIP_OFF;
	put((struct hydropon_record){ .type = HYDROPON_REC_TRIP, .channel = 1, .value = 1 });
	run_with_beat(self);
	EXPECT_GE(self->notes, 1);
	EXPECT_EQ(self->note.n, 2);
	EXPECT_EQ(self->note.entries[1].latched, HYDROPON_TRIP_OFF);
}

TEST_F(turn_keep, the_end_gives_back_what_is_not_used)
{
	run_with_beat(self);
	run_with_beat(self);
	ASSERT_EQ(kernel.sets_n, 1);
	turn_close(&self->turn, 0);
	self->notes = 0;
	turn_end(&self->turn);
	EXPECT_EQ(self->notes, 1);
	EXPECT_EQ(self->note.entries[0].reserved_ms, 0);
}
