// SPDX-License-Identifier: GPL-2.0-only
/* The whole way from records to leases, with a kernel of the test's own behind it. */
#include "support/fake_kernel.h"

#include <poll.h>
#include <unistd.h>

#include "support/catch_log.h"

FIXTURE(turn)
{
	struct conf conf;
	struct turn turn;
	unsigned int samples, opened, closed, urgent, events;
	struct event event;		/* the newest */
};

static void count_sample(void *data, const struct sample *sample)
{
	((struct fixture_turn *)data)->samples++;
}

static void count_opened(void *data, int fd)
{
	((struct fixture_turn *)data)->opened++;
	EXPECT_EQ(fd, DEVICE_FD);
}

static void count_closing(void *data)
{
	((struct fixture_turn *)data)->closed++;
	EXPECT_TRUE(kernel.is_open);
}

static void count_urgent(void *data)
{
	((struct fixture_turn *)data)->urgent++;
}

static void catch_event(void *data, const struct event *event)
{
	struct fixture_turn *self = data;

	self->events++;
	self->event = *event;
}

static const struct turn_hooks hooks = {
	.sample = count_sample, .opened = count_opened, .closing = count_closing,
	.urgent = count_urgent, .event = catch_event,
};

FIXTURE_SETUP(turn)
{
	struct conf *conf = &self->conf;

	fake_gateway(conf);
	turn_start(&self->turn, conf, stream_new(conf->device, &fake_device), channels_new(conf),
		   outputs_new(conf), &hooks, self);
	put((struct hydropon_record){ .type = HYDROPON_REC_SCALE, .value = 1 });
}

FIXTURE_TEARDOWN(turn)
{
	stream_free(self->turn.stream);
	channels_free(self->turn.channels);
	outputs_free(self->turn.outputs);
}

static const struct hydropon_set *last_set(void)
{
	ASSERT_GT(kernel.sets_n, 0);
	return &kernel.sets[kernel.sets_n - 1];
}

/* The pump runs. */
static void start_pump(struct fixture_turn *self)
{
	put_water(WATER_MV, 0);
	put_beat();
	turn_run(&self->turn);
	ASSERT_EQ(kernel.sets_n, 1);
	ASSERT_EQ(last_set()->output, 0);
	ASSERT_EQ(last_set()->on, 1);
}

/* The water's front end is one of conductivity; what the pump needs, and its doses, are derived. */
static void derive(struct fixture_turn *self)
{
	struct conf *conf = &self->conf;

	turn_close(&self->turn, 0);
	channels_free(self->turn.channels);
	conf->trusts_clock = true;
	conf->channels[0] = (struct conf_channel){
		.name = "water", .quantity = QUANTITY_EC, .max = 4000, .stale_ms = 1000,
		.temperature = -1, .cell_per_cm = 1, .us_per_mv = 1,
	};
	conf->channels[1] = (struct conf_channel){
		.name = "tds", .quantity = QUANTITY_TDS, .max = 500, .stale_ms = 1000, .factor = 0.5,
		.is_derived = true, .from = 0, .humidity = -1, .output = -1, .temperature = -1,
	};
	conf->channels[2] = (struct conf_channel){
		.name = "dose", .quantity = QUANTITY_DOSE, .max = 1e6, .stale_ms = 3000,
		.is_derived = true, .from = -1, .humidity = -1, .temperature = -1, .ml_per_s = 10,
		.may_miss = 1,
	};
	conf->channels_n = 3;
	conf->outputs[0].needs[0] = 1;
	self->turn.channels = channels_new(conf);
	self->turn.next_open_ns = 0;
	put((struct hydropon_record){ .type = HYDROPON_REC_SCALE, .value = 1 });
}

TEST_F(turn, an_output_may_need_what_is_derived)
{
	int log = catch_log();

	derive(self);
	turn_run(&self->turn);
	EXPECT_EQ(logged(log, "tds"), 1);	/* "stays off: tds has no good reading" */
	EXPECT_EQ(logged(log, "check the device tree"), 0);
	self->samples = 0;
	start_pump(self);
	EXPECT_EQ(self->samples, 2);
	EXPECT_NEAR(channels_get(self->turn.channels, 1)->last.value, 375, 1e-9);
	/* The water is good, and what follows from it is out of range. */
	put_water(1100, 0);
	put_beat();
	turn_run(&self->turn);
	EXPECT_EQ(channels_get(self->turn.channels, 0)->last.q, Q_GOOD);
	EXPECT_EQ(last_set()->on, 0);
	close(log);
}

TEST_F(turn, what_is_derived_ends_with_its_source)
{
	derive(self);
	start_pump(self);
	put_water(WATER_MV, -EIO);
	put_beat();
	turn_run(&self->turn);
	EXPECT_EQ(channels_get(self->turn.channels, 1)->last.q, Q_BAD_READ);
	EXPECT_EQ(last_set()->output, 0);
	EXPECT_EQ(last_set()->on, 0);
}

TEST_F(turn, doses_are_counted_by_what_the_kernel_says)
{
	struct sample total;
	struct clock_pair now;
	double ml;

	derive(self);
	start_pump(self);
	turn_run(&self->turn);
	/* On and off between two turns. */
	put_output(0, true, HYDROPON_CAUSE_LEASE);
	poll(NULL, 0, 50);
	put_output(0, false, HYDROPON_CAUSE_MAX_ON);
	poll(NULL, 0, 50);
	turn_run(&self->turn);
	now = clock_pair_now(true);
	now.boot_ns += NS_PER_SEC;
	ASSERT_TRUE(channels_total(self->turn.channels, 2, &now, &total));
	ml = (double)(kernel.records[kernel.end - 1].time_ns - kernel.records[kernel.end - 2].time_ns)
	     / NS_PER_SEC * 10;
	EXPECT_NEAR(total.value, ml, 0.02);
	EXPECT_GT(ml * 1000, 499);
}

TEST_F(turn, has_samples_stored_at_once_when_power_or_an_interlock_wants_it)
{
	turn_run(&self->turn);
	put_beat();
	put((struct hydropon_record){ .type = HYDROPON_REC_TRIP, .value = 0 });
	put_power(true, false);
	turn_run(&self->turn);
	EXPECT_EQ(self->urgent, 0);
	put((struct hydropon_record){ .type = HYDROPON_REC_TRIP, .value = 1 });
	turn_run(&self->turn);
	turn_run(&self->turn);
	EXPECT_GE(self->urgent, 1);
	self->urgent = 0;
	poll(NULL, 0, 2);
	turn_run(&self->turn);
	EXPECT_EQ(self->urgent, 0);
	/* A supply holds up for a while: each turn may be the last one. */
	put_power(false, true);
	turn_run(&self->turn);
	poll(NULL, 0, 2);
	turn_run(&self->turn);
	EXPECT_EQ(self->urgent, 2);
}

TEST_F(turn, opens_binds_and_arms)
{
	turn_run(&self->turn);
	EXPECT_TRUE(turn_is_protected(&self->turn));
	EXPECT_TRUE(kernel.armed);
	EXPECT_TRUE(self->turn.info.armed);
	EXPECT_EQ(self->opened, 1);
	EXPECT_EQ(kernel.stream.watermark, STREAM_WATERMARK);
	EXPECT_EQ(channels_get(self->turn.channels, 0)->kernel, 0);
	EXPECT_EQ(outputs_get(self->turn.outputs, 1)->kernel, 1);
	EXPECT_EQ(kernel.sets_n, 0);
}

TEST_F(turn, latency_leaves_room_for_the_shortest_lease)
{
	turn_run(&self->turn);
	EXPECT_LE(3 * (kernel.stream.max_latency_ms + 2 * HYDROPON_BEAT_MS), HYDROPON_LEASE_MIN_MS);
}

TEST_F(turn, renews_by_the_newest_beat_when_the_need_is_good)
{
	put_water(WATER_MV, 0);
	put_beat();
	put_beat();
	put_beat();	/* 1, past the wrap */
	turn_run(&self->turn);
	ASSERT_EQ(kernel.sets_n, 1);
	EXPECT_EQ(last_set()->beat, 1);
	EXPECT_EQ(last_set()->lease_ms, 2000);
	EXPECT_EQ(self->samples, 1);
}

TEST_F(turn, without_a_beat_renews_nothing)
{
	put_water(WATER_MV, 0);
	turn_run(&self->turn);
	EXPECT_EQ(kernel.sets_n, 0);
	put_beat();
	turn_run(&self->turn);
	EXPECT_EQ(kernel.sets_n, 1);
	put_water(WATER_MV, 0);
	turn_run(&self->turn);
	EXPECT_EQ(kernel.sets_n, 1);
}

TEST_F(turn, does_not_name_the_beat_of_an_earlier_turn)
{
	put_beat();
	turn_run(&self->turn);
	put_water(WATER_MV, 0);
	turn_run(&self->turn);
	EXPECT_EQ(kernel.sets_n, 0);
}

TEST_F(turn, judges_what_came_after_the_beat_before_it_renews)
{
	put_water(WATER_MV, 0);
	put_beat();
	put_water(0, -ETIMEDOUT);
	turn_run(&self->turn);
	EXPECT_EQ(kernel.sets_n, 0);
}

TEST_F(turn, a_failed_read_releases_at_once)
{
	start_pump(self);
	put_water(0, -ETIMEDOUT);
	turn_run(&self->turn);
	ASSERT_EQ(kernel.sets_n, 2);
	EXPECT_EQ(last_set()->on, 0);
}

TEST_F(turn, a_reading_out_of_range_releases_at_once)
{
	start_pump(self);
	put_water(500 + 2550, 0);
	put_beat();
	turn_run(&self->turn);
	ASSERT_EQ(kernel.sets_n, 2);
	EXPECT_EQ(last_set()->on, 0);
}

TEST_F(turn, silence_releases_although_beats_go_on)
{
	start_pump(self);
	usleep(1100 * 1000);
	put_beat();
	turn_run(&self->turn);
	EXPECT_EQ(last_set()->on, 0);
	EXPECT_EQ(self->samples, 2);	/* one of them says stale */
}

TEST_F(turn, names_no_beat_that_waits_behind_the_bound)
{
	put_water(WATER_MV, 0);
	put_beat();
	for (int i = 0; i < TURN_RECORDS_MAX; i++)
		put_water(WATER_MV, 0);
	put_beat();
	put_water(0, -EIO);
	EXPECT_EQ(turn_run(&self->turn), TURN_RECORDS_MAX);
	ASSERT_EQ(kernel.sets_n, 1);
	EXPECT_EQ(last_set()->beat, UINT32_MAX);
	turn_run(&self->turn);
	EXPECT_EQ(kernel.sets_n, 2);
	EXPECT_EQ(last_set()->on, 0);
}

TEST_F(turn, does_not_ask_for_what_is_shed)
{
	start_pump(self);
	put_power(false, true);
	put_output(0, false, HYDROPON_CAUSE_SHED);
	put_beat();
	turn_run(&self->turn);
	EXPECT_EQ(kernel.sets_n, 1);
	EXPECT_TRUE(self->turn.info.shedding);
	EXPECT_FALSE(self->turn.info.power_good);
	usleep(OUTPUT_STAGGER_MS * 1000);
	put_power(true, false);
	put_output(0, false, HYDROPON_CAUSE_RESTORED);
	put_water(WATER_MV, 0);
	put_beat();
	turn_run(&self->turn);
	EXPECT_EQ(kernel.sets_n, 2);
	EXPECT_EQ(last_set()->on, 1);
}

TEST_F(turn, closes_what_is_gone_and_opens_it_again)
{
	start_pump(self);
	kernel.read_error = ENODEV;
	turn_run(&self->turn);
	EXPECT_FALSE(turn_is_protected(&self->turn));
	EXPECT_EQ(self->closed, 1);
	EXPECT_EQ(self->turn.open_error, -ENODEV);
	EXPECT_EQ(outputs_get(self->turn.outputs, 0)->kernel, -1);
	EXPECT_EQ(channels_get(self->turn.channels, 0)->kernel, -1);
	kernel.read_error = 0;
	turn_run(&self->turn);
	EXPECT_EQ(self->opened, 1);	/* a second has not passed */
	usleep((TURN_RETRY_MS + 50) * 1000);
	turn_run(&self->turn);
	EXPECT_EQ(self->opened, 2);
	EXPECT_TRUE(kernel.armed);
}

TEST_F(turn, runs_without_a_device)
{
	kernel.open_error = ENOENT;
	turn_run(&self->turn);
	EXPECT_FALSE(turn_is_protected(&self->turn));
	EXPECT_EQ(self->turn.open_error, -ENOENT);
	EXPECT_EQ(self->closed, 0);
}

TEST_F(turn, refuses_a_module_of_another_version)
{
	kernel.info.abi_version++;
	turn_run(&self->turn);
	EXPECT_EQ(self->turn.open_error, -EPROTO);
	EXPECT_FALSE(kernel.is_open);
}

TEST_F(turn, sets_nothing_until_it_is_armed)
{
	kernel.arm_error = ESHUTDOWN;
	put_water(WATER_MV, 0);
	put_beat();
	turn_run(&self->turn);
	EXPECT_FALSE(self->turn.info.armed);
	EXPECT_EQ(kernel.sets_n, 0);
}

TEST_F(turn, learns_once_a_second_what_no_record_told)
{
	turn_run(&self->turn);
	kernel.outputs[0].cause = HYDROPON_CAUSE_SHUTDOWN;
	kernel.info.lost = 7;
	usleep((TURN_REFRESH_MS + 50) * 1000);
	turn_run(&self->turn);
	EXPECT_EQ(outputs_get(self->turn.outputs, 0)->info.cause, HYDROPON_CAUSE_SHUTDOWN);
	EXPECT_EQ(self->turn.info.lost, 7);
}

TEST_F(turn, binds_a_channel_that_returns_at_another_index)
{
	kernel.info.channels = 0;
	turn_run(&self->turn);
	EXPECT_EQ(channels_get(self->turn.channels, 0)->kernel, -1);
	put((struct hydropon_record){ .type = HYDROPON_REC_CHANNEL, .flags = HYDROPON_KIND_IIO,
				      .value = 1 });
	turn_run(&self->turn);
	EXPECT_EQ(channels_get(self->turn.channels, 0)->kernel, 0);
}

/* The device is closed, and in its next open has @channels. No reading is given. */
static void reopen(struct fixture_turn *self, unsigned int channels)
{
	self->conf.channels[0].stale_ms = 60000;
	kernel.read_error = ENODEV;
	turn_run(&self->turn);
	ASSERT_FALSE(turn_is_protected(&self->turn));
	kernel.read_error = 0;
	kernel.info.channels = channels;
	kernel.outputs[0].on = 0;
	kernel.outputs[0].lease_left_ms = 0;
	usleep((TURN_RETRY_MS + 50) * 1000);
	put_beat();
	turn_run(&self->turn);
	ASSERT_TRUE(turn_is_protected(&self->turn));
}

TEST_F(turn, what_was_read_before_a_reopen_gives_no_lease)
{
	start_pump(self);
	reopen(self, 1);
	EXPECT_EQ(kernel.sets_n, 1);
	put((struct hydropon_record){ .type = HYDROPON_REC_SCALE, .value = 1 });
	put_water(WATER_MV, 0);
	put_beat();
	turn_run(&self->turn);
	ASSERT_EQ(kernel.sets_n, 2);
	EXPECT_EQ(last_set()->on, 1);
}

TEST_F(turn, a_reopen_without_the_channel_gives_no_lease)
{
	start_pump(self);
	reopen(self, 0);
	EXPECT_EQ(kernel.sets_n, 1);
}

TEST_F(turn, a_channel_that_goes_releases_at_once)
{
	start_pump(self);
	kernel.channels[0].present = 0;
	put((struct hydropon_record){ .type = HYDROPON_REC_CHANNEL, .flags = HYDROPON_KIND_IIO });
	put_beat();
	turn_run(&self->turn);
	ASSERT_EQ(kernel.sets_n, 2);
	EXPECT_EQ(last_set()->on, 0);
}

TEST_F(turn, learns_of_a_channel_that_went_when_the_record_was_lost)
{
	self->conf.channels[0].stale_ms = 60000;
	start_pump(self);
	kernel.channels[0].present = 0;
	kernel.info.lost_urgent = 1;
	usleep((TURN_REFRESH_MS + 50) * 1000);
	put_beat();
	turn_run(&self->turn);
	ASSERT_EQ(kernel.sets_n, 2);
	EXPECT_EQ(last_set()->on, 0);
}

TEST_F(turn, a_lost_record_does_not_unsettle_a_channel_that_stayed)
{
	self->conf.channels[0].stale_ms = 60000;
	start_pump(self);
	kernel.info.lost_urgent = 1;
	usleep((TURN_REFRESH_MS + 50) * 1000);
	put_beat();
	turn_run(&self->turn);
	ASSERT_EQ(kernel.sets_n, 2);
	EXPECT_EQ(last_set()->on, 1);
}

TEST_F(turn, learns_of_a_channel_that_came_when_the_record_was_lost)
{
	kernel.info.channels = 0;
	turn_run(&self->turn);
	kernel.info.channels = 1;
	usleep((TURN_REFRESH_MS + 50) * 1000);
	turn_run(&self->turn);
	EXPECT_EQ(channels_get(self->turn.channels, 0)->kernel, 0);
}

TEST_F(turn, an_output_that_went_and_came_between_two_turns_has_no_override)
{
	struct hydropon_record record = { .type = HYDROPON_REC_CHANNEL,
					  .flags = HYDROPON_KIND_OUTPUT, .channel = 1 };

	turn_run(&self->turn);
	ASSERT_EQ(outputs_override(self->turn.outputs, 1, false, 60000, clock_boot_ns()), 0);
	put(record);
	record.value = 1;
	put(record);
	put_beat();
	turn_run(&self->turn);
	EXPECT_FALSE(outputs_get(self->turn.outputs, 1)->override_active);
	EXPECT_EQ(kernel.sets_n, 0);
}

TEST_F(turn, restores_every_output_and_then_arms)
{
	int log = catch_log();

	snprintf(kernel.outputs[1].name, HYDROPON_NAME_MAX, "unheard-of");
	kernel.outputs[0].budget_ms = 60000;
	kernel.outputs[0].budget_window_ms = 3600000;
	turn_run(&self->turn);
	ASSERT_EQ(kernel.restores_n, 2);
	EXPECT_EQ(kernel.restores[0].output, 0);
	EXPECT_EQ(kernel.restores[0].uses_n, 1);
	EXPECT_EQ(kernel.restores[0].uses[0].used_ms, 60000);
	EXPECT_EQ(kernel.restores[0].uses[0].ago_ms, 0);
	EXPECT_EQ(kernel.restores[0].latched, 0);
	EXPECT_EQ(kernel.restores[1].output, 1);
	EXPECT_EQ(kernel.restores[1].uses_n, 0);
	EXPECT_EQ(kernel.arms, 1);
	EXPECT_TRUE(kernel.armed);
	EXPECT_EQ(logged(log, "pump: what it used of its budget before is not known"), 1);
	EXPECT_EQ(logged(log, "window of 1 h"), 1);
	EXPECT_TRUE(outputs_get(self->turn.outputs, 0)->info.restored);
}

TEST_F(turn, restores_nothing_that_the_guard_has_counted_all_along)
{
	kernel.outputs[0].restored = kernel.outputs[1].restored = 1;
	kernel.outputs[0].budget_ms = 60000;
	turn_run(&self->turn);
	EXPECT_EQ(kernel.restores_n, 0);
	EXPECT_TRUE(kernel.armed);
}

TEST_F(turn, an_output_without_its_device_waits_for_nothing)
{
	kernel.outputs[0].present = 0;
	turn_run(&self->turn);
	EXPECT_EQ(kernel.restores_n, 1);
	EXPECT_TRUE(kernel.armed);
	kernel.outputs[0].present = 1;
	put((struct hydropon_record){ .type = HYDROPON_REC_CHANNEL, .flags = HYDROPON_KIND_OUTPUT,
				      .value = 1 });
	turn_run(&self->turn);
	ASSERT_EQ(kernel.restores_n, 2);
	EXPECT_EQ(kernel.restores[1].output, 0);
	put_water(WATER_MV, 0);
	put_beat();
	turn_run(&self->turn);
	ASSERT_EQ(kernel.sets_n, 1);
	EXPECT_TRUE(kernel.outputs[0].on);
}

TEST_F(turn, restores_an_output_whose_coming_no_record_has_told)
{
	turn_run(&self->turn);
	kernel.outputs[1].restored = 0;
	usleep((TURN_REFRESH_MS + 50) * 1000);
	turn_run(&self->turn);
	EXPECT_EQ(kernel.restores_n, 3);
	EXPECT_TRUE(kernel.outputs[1].restored);
}

TEST_F(turn, an_output_that_comes_while_it_arms_is_restored)
{
	kernel.comes_at_arm = true;
	turn_run(&self->turn);
	EXPECT_EQ(kernel.restores_n, 3);
	EXPECT_EQ(kernel.arms, 2);
	EXPECT_TRUE(kernel.armed);
	EXPECT_TRUE(self->turn.info.armed);
}

TEST_F(turn, what_was_latched_is_latched_again_when_its_device_returns)
{
	const struct hydropon_record record = { .type = HYDROPON_REC_CHANNEL, .value = 1,
						.flags = HYDROPON_KIND_OUTPUT };
	int log = catch_log();

	turn_run(&self->turn);
	kernel.outputs[0].latched = HYDROPON_LATCH_WELDED;
	put_output(0, false, HYDROPON_CAUSE_WELDED);
	turn_run(&self->turn);		/* reads the latch at once, not a second later */
	kernel.outputs[0].latched = 0;
	kernel.outputs[0].restored = 0;
	put(record);
	turn_run(&self->turn);
	ASSERT_EQ(kernel.restores_n, 3);
	EXPECT_EQ(kernel.restores[2].latched, HYDROPON_LATCH_WELDED);
	EXPECT_EQ(logged(log, "pump: it is latched as before: welded"), 1);

	/* The whole gateway, too, and at another index. */
	kernel.read_error = ENODEV;
	turn_run(&self->turn);
	kernel.read_error = 0;
	kernel.outputs[0].latched = 0;
	kernel.outputs[0].restored = 0;
	snprintf(kernel.outputs[0].name, HYDROPON_NAME_MAX, "air");
	snprintf(kernel.outputs[1].name, HYDROPON_NAME_MAX, "pump");
	kernel.outputs[1].restored = 0;
	usleep((TURN_RETRY_MS + 50) * 1000);
	turn_run(&self->turn);
	ASSERT_EQ(kernel.restores_n, 5);
	EXPECT_EQ(kernel.restores[3].latched, 0);
	EXPECT_EQ(kernel.restores[4].latched, HYDROPON_LATCH_WELDED);
}

TEST_F(turn, what_was_reset_is_not_latched_again)
{
	const struct hydropon_record record = { .type = HYDROPON_REC_CHANNEL, .value = 1,
						.flags = HYDROPON_KIND_OUTPUT };

	kernel.outputs[0].latched = HYDROPON_LATCH_WELDED;
	kernel.outputs[0].restored = 1;
	turn_run(&self->turn);
	EXPECT_EQ(turn_reset(&self->turn, 0), 0);
	EXPECT_EQ(kernel.resets, 1);
	EXPECT_EQ(outputs_get(self->turn.outputs, 0)->info.latched, 0);
	kernel.outputs[0].restored = 0;
	put(record);
	turn_run(&self->turn);
	ASSERT_EQ(kernel.restores_n, 2);
	EXPECT_EQ(kernel.restores[1].latched, 0);
}

TEST_F(turn, a_reset_that_is_refused_changes_nothing)
{
	turn_run(&self->turn);
	kernel.outputs[0].latched = HYDROPON_LATCH_WELDED;
	kernel.reset_error = EBUSY;
	EXPECT_EQ(turn_reset(&self->turn, 0), -EBUSY);
	/* and what the kernel says is known now */
	EXPECT_EQ(outputs_get(self->turn.outputs, 0)->info.latched, HYDROPON_LATCH_WELDED);
}

TEST_F(turn, what_the_kernel_does_not_know_cannot_be_reset)
{
	EXPECT_EQ(turn_reset(&self->turn, 0), -ENODEV);
	kernel.info.outputs = 1;
	turn_run(&self->turn);
	EXPECT_EQ(turn_reset(&self->turn, 1), -ENODEV);
	EXPECT_EQ(kernel.resets, 0);
}

TEST_F(turn, what_the_kernel_does_not_take_back_is_told_once)
{
	int log = catch_log();

	kernel.restore_error = EINVAL;
	turn_run(&self->turn);
	EXPECT_FALSE(kernel.armed);
	usleep((TURN_REFRESH_MS + 50) * 1000);
	turn_run(&self->turn);
	EXPECT_EQ(logged(log, "the test's refuses what was kept of pump: Invalid argument"), 1);
	EXPECT_EQ(logged(log, "refuses to arm: an output waits for what was kept of it"), 1);
	put_water(WATER_MV, 0);
	put_beat();
	turn_run(&self->turn);
	EXPECT_EQ(kernel.sets_n, 0);
	kernel.restore_error = 0;
	usleep((TURN_REFRESH_MS + 50) * 1000);
	turn_run(&self->turn);
	EXPECT_TRUE(kernel.armed);
	EXPECT_EQ(logged(log, "the test's is armed"), 1);
}

/* The system was suspended: leases ended, and nothing is armed. */
static void suspend(void)
{
	kernel.armed = false;
	kernel.info.armed = 0;
}

TEST_F(turn, arms_at_once_after_a_suspend)
{
	start_pump(self);
	suspend();
	put_output(0, false, HYDROPON_CAUSE_SUSPEND);
	turn_run(&self->turn);
	EXPECT_TRUE(kernel.armed);
	EXPECT_EQ(kernel.arms, 2);
	usleep(OUTPUT_STAGGER_MS * 1000);
	put_water(WATER_MV, 0);
	put_beat();
	turn_run(&self->turn);
	EXPECT_TRUE(kernel.outputs[0].on);
}

TEST_F(turn, arms_at_once_when_it_was_refused_as_disarmed)
{
	start_pump(self);
	suspend();
	put_beat();
	turn_run(&self->turn);
	EXPECT_FALSE(kernel.armed);
	EXPECT_EQ(outputs_get(self->turn.outputs, 0)->error, -EPERM);
	turn_run(&self->turn);
	EXPECT_TRUE(kernel.armed);
}

TEST_F(turn, while_the_system_suspends_it_arms_once_a_second)
{
	int log = catch_log();

	start_pump(self);
	suspend();
	kernel.arm_error = EBUSY;
	put_output(0, false, HYDROPON_CAUSE_SUSPEND);
	for (int i = 0; i < 5; i++)
		turn_run(&self->turn);
	EXPECT_EQ(kernel.arms, 2);
	EXPECT_EQ(logged(log, "refuses to arm: the system is being suspended"), 1);
	kernel.arm_error = 0;
	usleep((TURN_REFRESH_MS + 50) * 1000);
	turn_run(&self->turn);
	EXPECT_TRUE(kernel.armed);
}

static void put_trip(bool trips, enum hydropon_level level, int status)
{
	put((struct hydropon_record){ .type = HYDROPON_REC_TRIP, .value = trips, .aux = 17,
				      .flags = (uint8_t)level, .status = status });
}

TEST_F(turn, tells_of_interlocks_and_keeps_what_they_do)
{
	const struct output *pump = outputs_get(self->turn.outputs, 0);
	int log = catch_log();

	turn_run(&self->turn);
	kernel.outputs[0].trips = kernel.outputs[0].latched = HYDROPON_TRIP_OFF;
	kernel.outputs[0].trip_id = 17;
	put_trip(true, HYDROPON_LEVEL_OFF, 0);
	turn_run(&self->turn);
	EXPECT_EQ(pump->info.trips, HYDROPON_TRIP_OFF);
	EXPECT_EQ(pump->info.latched, HYDROPON_TRIP_OFF);
	EXPECT_EQ(pump->info.trip_id, 17);
	put_trip(true, HYDROPON_LEVEL_ON, -ESTALE);
	put_trip(true, HYDROPON_LEVEL_SAFE, 0);
	put_trip(false, HYDROPON_LEVEL_OFF, 0);
	turn_run(&self->turn);
	EXPECT_EQ(logged(log, "pump: interlock 17 trips and forces it off\n"), 1);
	EXPECT_EQ(logged(log, "pump: interlock 17 trips and forces it on: its channel has no good "
			 "reading\n"), 1);
	EXPECT_EQ(logged(log, "pump: interlock 17 trips and holds it safe\n"), 1);
	EXPECT_EQ(logged(log, "pump: interlock 17 does not trip any more\n"), 1);
}

TEST_F(turn, tells_of_switches)
{
	struct hydropon_record record = { .type = HYDROPON_REC_MANUAL, .channel = 1,
					  .value = HYDROPON_MANUAL_OFF };
	int log = catch_log();

	turn_run(&self->turn);
	kernel.outputs[1].manual = HYDROPON_MANUAL_OFF;
	put(record);
	turn_run(&self->turn);
	EXPECT_EQ(logged(log, "air: its switch is at off\n"), 1);
	EXPECT_EQ(outputs_get(self->turn.outputs, 1)->info.manual, HYDROPON_MANUAL_OFF);
}

TEST_F(turn, tells_of_each_fault_and_what_to_do)
{
	static const struct {
		enum hydropon_fault fault;
		const char *begins, *ends;
	} cases[] = {
		{ HYDROPON_FAULT_WELDED,
		  "pump: its relay is on without being told: welded, or somebody else drives it; "
		  "the output is latched off and the master contactor is open, see the wiring, "
		  "then: hydroponctl reset pump\n", "pump: its relay is as it was told again\n" },
		{ HYDROPON_FAULT_NOT_CLOSING, "pump: its relay does not close: ",
		  "pump: its relay closes again" },
		{ HYDROPON_FAULT_SWITCH, "pump: both contacts of its switch are closed",
		  "pump: the contacts of its switch are in order again\n" },
		{ HYDROPON_FAULT_SWITCH_STORM, "pump: the contacts of its switch chatter",
		  "pump: the contacts of its switch are in order again\n" },
		{ HYDROPON_FAULT_POWER_STORM, "the power-good line chatters: mains power counts as "
		  "lost", "the power-good line is still again\n" },
	};
	struct hydropon_record record = { .type = HYDROPON_REC_FAULT };

	kernel.outputs[0].behind_master = 1;
	turn_run(&self->turn);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int log = catch_log();

		record.flags = cases[i].fault;
		record.value = 1;
		put(record);
		kernel.outputs[0].faults = (uint8_t)(1 << cases[i].fault);
		turn_run(&self->turn);
		EXPECT_EQ(logged(log, cases[i].begins), 1);
		EXPECT_EQ(outputs_get(self->turn.outputs, 0)->info.faults, 1 << cases[i].fault);
		record.value = 0;
		put(record);
		turn_run(&self->turn);
		EXPECT_EQ(logged(log, cases[i].ends), 1);
		EXPECT_EQ(logged(log, cases[i].begins), 1);
		close(log);
	}
}

TEST_F(turn, a_weld_of_an_output_that_is_safe_on_latches_nothing)
{
	int log = catch_log();

	turn_run(&self->turn);
	put((struct hydropon_record){ .type = HYDROPON_REC_FAULT, .channel = 1, .value = 1,
				      .flags = HYDROPON_FAULT_WELDED });
	turn_run(&self->turn);
	EXPECT_EQ(logged(log, "air: its relay is on without being told"), 1);
	EXPECT_EQ(logged(log, "latched"), 0);
}

TEST_F(turn, a_fault_of_an_output_that_is_not_in_the_configuration_is_told)
{
	int log = catch_log();

	snprintf(kernel.outputs[1].name, HYDROPON_NAME_MAX, "heater");
	turn_run(&self->turn);
	put((struct hydropon_record){ .type = HYDROPON_REC_FAULT, .channel = 1, .value = 1,
				      .flags = HYDROPON_FAULT_WELDED });
	turn_run(&self->turn);
	EXPECT_EQ(logged(log, "heater: its relay is on without being told"), 1);
}

TEST_F(turn, max_on_is_an_alarm_with_a_remedy)
{
	int log = catch_log();

	start_pump(self);
	put_output(0, false, HYDROPON_CAUSE_MAX_ON);
	put_beat();
	turn_run(&self->turn);
	EXPECT_EQ(logged(log, "pump: off, it was on for as long as it may be"), 1);
	EXPECT_EQ(logged(log, "such as: hydroponctl set pump on\n"), 1);
	EXPECT_EQ(kernel.sets_n, 1);
	/* a command: let go, and then it is set again */
	outputs_override(self->turn.outputs, 0, true, 60000, clock_boot_ns());
	turn_run(&self->turn);
	ASSERT_EQ(kernel.sets_n, 2);
	EXPECT_EQ(last_set()->on, 0);
	usleep(OUTPUT_STAGGER_MS * 1000);
	put_water(WATER_MV, 0);
	put_beat();
	turn_run(&self->turn);
	ASSERT_EQ(kernel.sets_n, 3);
	EXPECT_EQ(last_set()->on, 1);
}

TEST_F(turn, a_daemon_that_starts_after_max_on_lets_go_only_if_it_wants_the_safe_state)
{
	kernel.outputs[0].max_on_ms = 60000;
	for (int want_on = 1; want_on >= 0; want_on--) {
		struct outputs *outputs = self->turn.outputs;

		self->conf.outputs[0].want_on = want_on;
		kernel.outputs[0].cause = HYDROPON_CAUSE_MAX_ON;
		turn_close(&self->turn, 0);
		self->turn.next_open_ns = 0;
		self->turn.outputs = outputs_new(&self->conf);
		outputs_free(outputs);
		put_water(WATER_MV, 0);
		put_beat();
		turn_run(&self->turn);
		ASSERT_TRUE(turn_is_protected(&self->turn));
		EXPECT_EQ(kernel.sets_n, !want_on);
		put_beat();
		turn_run(&self->turn);
		EXPECT_EQ(kernel.sets_n, !want_on);
	}
	EXPECT_EQ(last_set()->output, 0);
	EXPECT_EQ(last_set()->on, 0);
}

/* Wall time is @ahead_s ahead of BOOTTIME. */
static void put_time(int64_t ahead_s, bool stepped)
{
	struct hydropon_record *record = &kernel.records[kernel.end];

	put((struct hydropon_record){ .type = HYDROPON_REC_TIME, .value = stepped });
	record->aux = ahead_s * (int64_t)NS_PER_SEC + (int64_t)record->time_ns;
}

TEST_F(turn, tells_when_the_wall_clock_is_set)
{
	int log = catch_log();

	turn_run(&self->turn);
	put_time(1700000000, false);
	put_time(1700000000, false);
	turn_run(&self->turn);
	EXPECT_EQ(logged(log, "wall clock"), 0);
	EXPECT_EQ(self->turn.clock_steps, 0);
	put_time(1700000000 + 7200, true);
	put_time(1700000000, true);	/* told at most every ten seconds */
	turn_run(&self->turn);
	EXPECT_EQ(logged(log, "the wall clock was set forward by 2 h\n"), 1);
	EXPECT_EQ(logged(log, "wall clock"), 1);
	EXPECT_EQ(self->turn.clock_steps, 2);
}

TEST_F(turn, a_step_of_the_wall_clock_has_a_direction)
{
	int log = catch_log();

	turn_run(&self->turn);
	put_time(1700000000, false);
	put_time(1700000000 - 5, true);
	turn_run(&self->turn);
	EXPECT_EQ(logged(log, "the wall clock was set back by 5 s\n"), 1);
}

TEST_F(turn, a_step_before_which_nothing_is_known_has_no_size)
{
	int log = catch_log();

	turn_run(&self->turn);
	put_time(1, true);
	turn_run(&self->turn);
	EXPECT_EQ(logged(log, "the wall clock was set\n"), 1);
}

/* Expects that the newest event is that one, with these numbers as "key=value ...". */
static void expect_event(struct fixture_turn *self, const char *name, const char *subject,
			 const char *numbers)
{
	char text[256] = "";

	for (size_t i = 0; i < self->event.numbers_n; i++) {
		size_t used = strlen(text);

		snprintf(text + used, sizeof(text) - used, "%s%s=%lld", i ? " " : "",
			 self->event.numbers[i].key, (long long)self->event.numbers[i].value);
	}
	EXPECT_STREQ(self->event.name, name);
	EXPECT_STREQ(self->event.subject, subject);
	EXPECT_STREQ(text, numbers);
}

TEST_F(turn, gives_events_to_the_stores)
{
	uint64_t before_ns = clock_boot_ns();

	turn_run(&self->turn);
	self->events = 0;
	put((struct hydropon_record){ .type = HYDROPON_REC_TRIP, .value = 1, .aux = 9,
				      .flags = HYDROPON_LEVEL_OFF });
	turn_run(&self->turn);
	expect_event(self, "trip", "pump", "on=1 interlock=9 level=1");
	put((struct hydropon_record){ .type = HYDROPON_REC_FAULT, .value = 1,
				      .flags = HYDROPON_FAULT_WELDED });
	turn_run(&self->turn);
	expect_event(self, "fault", "pump", "on=1 fault=1");
	put((struct hydropon_record){ .type = HYDROPON_REC_FAULT, .value = 1,
				      .flags = HYDROPON_FAULT_POWER_STORM });
	turn_run(&self->turn);
	expect_event(self, "fault", "", "on=1 fault=5");
	put((struct hydropon_record){ .type = HYDROPON_REC_MANUAL, .value = HYDROPON_MANUAL_ON });
	turn_run(&self->turn);
	expect_event(self, "switch", "pump", "position=1");
	put_power(false, true);
	turn_run(&self->turn);
	expect_event(self, "power", "", "on=0 shedding=1");
	put_output(0, false, HYDROPON_CAUSE_SHED);
	turn_run(&self->turn);
	EXPECT_STREQ(self->event.name, "output");
	EXPECT_EQ(self->event.numbers[1].value, HYDROPON_CAUSE_SHED);
	EXPECT_EQ(self->events, 6);
	EXPECT_GE(self->event.boot_ns, before_ns);
	EXPECT_LE(self->event.boot_ns, clock_boot_ns());
	EXPECT_LE(self->event.wall_ms, clock_wall_ms());
	EXPECT_GE(self->event.wall_ms, clock_wall_ms() - 5000);
}

TEST_F(turn, gives_so_many_events_and_counts_the_others)
{
	turn_run(&self->turn);
	self->events = 0;
	for (int i = 0; i < 200; i++) {
		put((struct hydropon_record){ .type = HYDROPON_REC_TRIP, .value = i % 2 });
		turn_run(&self->turn);
	}
	EXPECT_GE(self->events, EVENTS_A_MINUTE - 5);
	EXPECT_LE(self->events, EVENTS_A_MINUTE + 10);
	self->events = 0;
	self->turn.events_ns -= 2 * (int64_t)NS_PER_SEC;
	put_power(true, false);
	turn_run(&self->turn);
	EXPECT_EQ(self->events, 1);
	ASSERT_EQ(self->event.numbers_n, 3);
	EXPECT_STREQ(self->event.numbers[2].key, "left_out");
	EXPECT_GE(self->event.numbers[2].value, 130);
	put_power(true, false);
	turn_run(&self->turn);
	EXPECT_EQ(self->event.numbers_n, 2);
}
