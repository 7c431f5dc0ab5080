// SPDX-License-Identifier: GPL-2.0-only
/* The whole way from records to leases, with a kernel of the test's own behind it. */
#include "harness.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "protect/turn.h"

#define DEVICE_FD 1000
#define RECORDS 8192
#define SETS 64

/* 25.0 C at the front end of the fixture's channel: 500 mV + 10 mV/C */
#define WATER_MV 750

static struct {
	int open_error, read_error, arm_error;
	bool is_open, armed;
	struct hydropon_stream stream;
	struct hydropon_info info;
	struct hydropon_output_info outputs[2];
	struct hydropon_channel_info channels[1];
	struct hydropon_record records[RECORDS];
	size_t first, end;
	struct hydropon_set sets[SETS];
	size_t sets_n;
	uint32_t beat;
} kernel;

static int kernel_open(const char *path, int flags, ...)
{
	if (kernel.open_error) {
		errno = kernel.open_error;
		return -1;
	}
	kernel.is_open = true;
	return DEVICE_FD;
}

static int kernel_close(int fd)
{
	kernel.is_open = kernel.armed = false;
	kernel.info.armed = 0;
	return 0;
}

static ssize_t kernel_read(int fd, void *buffer, size_t size)
{
	size_t n = size / sizeof(struct hydropon_record);

	if (n > kernel.end - kernel.first)
		n = kernel.end - kernel.first;
	if (!n) {
		errno = kernel.read_error ? kernel.read_error : EAGAIN;
		return -1;
	}
	memcpy(buffer, &kernel.records[kernel.first], n * sizeof(kernel.records[0]));
	kernel.first += n;
	return (ssize_t)(n * sizeof(kernel.records[0]));
}

static int kernel_fail(int error)
{
	errno = error;
	return error ? -1 : 0;
}

static void kernel_set(const struct hydropon_set *set)
{
	struct hydropon_output_info *output = &kernel.outputs[set->output];

	ASSERT_LT(kernel.sets_n, SETS);
	kernel.sets[kernel.sets_n++] = *set;
	output->on = (uint8_t)set->on;
	output->lease_left_ms = output->on == output->safe_on ? 0 : set->lease_ms;
}

static int kernel_ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;
	void *argument;

	va_start(arguments, request);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	if (request == HYDROPON_IOC_INFO) {
		*(struct hydropon_info *)argument = kernel.info;
	} else if (request == HYDROPON_IOC_STREAM) {
		kernel.stream = *(struct hydropon_stream *)argument;
	} else if (request == HYDROPON_IOC_CHANNEL) {
		struct hydropon_channel_info *info = argument;

		*info = kernel.channels[info->index];
	} else if (request == HYDROPON_IOC_OUTPUT) {
		struct hydropon_output_info *info = argument;

		*info = kernel.outputs[info->index];
	} else if (request == HYDROPON_IOC_ARM) {
		kernel.armed = !kernel.arm_error;
		kernel.info.armed = kernel.armed;
		return kernel_fail(kernel.arm_error);
	} else if (request == HYDROPON_IOC_SET) {
		kernel_set(argument);
	}
	return 0;
}

static const struct stream_device fake_device = {
	.open = kernel_open, .close = kernel_close, .read = kernel_read, .ioctl = kernel_ioctl,
};

static void put(struct hydropon_record record)
{
	record.time_ns = clock_boot_ns();
	record.seq = (uint32_t)kernel.end;
	ASSERT_LT(kernel.end, RECORDS);
	kernel.records[kernel.end++] = record;
}

static void put_water(int millivolt, int status)
{
	put((struct hydropon_record){ .type = HYDROPON_REC_SAMPLE, .value = millivolt,
				      .status = status });
}

static void put_beat(void)
{
	put((struct hydropon_record){ .type = HYDROPON_REC_BEAT, .value = (int32_t)++kernel.beat });
}

static void put_power(bool good, bool shedding)
{
	kernel.info.power_good = good;
	kernel.info.shedding = shedding;
	put((struct hydropon_record){ .type = HYDROPON_REC_POWER, .value = good, .aux = shedding });
}

FIXTURE(turn)
{
	struct conf conf;
	struct turn turn;
	unsigned int samples, opened, closed;
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

static const struct turn_hooks hooks = {
	.sample = count_sample, .opened = count_opened, .closing = count_closing,
};

FIXTURE_SETUP(turn)
{
	struct conf *conf = &self->conf;

	snprintf(conf->device, sizeof(conf->device), "the test's");
	conf->channels_n = 1;
	conf->channels[0] = (struct conf_channel){
		.name = "water", .quantity = QUANTITY_TEMPERATURE, .min = 0, .max = 50,
		.stale_ms = 1000, .temperature = -1, .zero_mv = 500, .mv_per_unit = 10,
	};
	conf->outputs_n = 2;
	conf->outputs[0] = (struct conf_output){ .name = "pump", .want_on = true, .lease_ms = 2000,
						 .needs_n = 1 };
	conf->outputs[1] = (struct conf_output){ .name = "air", .want_on = true, .lease_ms = 2000 };
	kernel.info = (struct hydropon_info){
		.abi_version = HYDROPON_ABI_VERSION, .beat_ms = HYDROPON_BEAT_MS, .channels = 1,
		.outputs = 2, .ring_records = 4096, .has_power_good = 1, .power_good = 1,
	};
	kernel.channels[0] = (struct hydropon_channel_info){ .kind = HYDROPON_KIND_IIO,
							     .present = 1, .name = "water" };
	kernel.outputs[0] = (struct hydropon_output_info){ .lease_max_ms = 2000, .present = 1,
							   .shed = 1, .name = "pump" };
	kernel.outputs[1] = (struct hydropon_output_info){ .index = 1, .lease_max_ms = 2000,
							   .present = 1, .safe_on = 1, .on = 1,
							   .name = "air" };
	kernel.beat = UINT32_MAX - 1;	/* it wraps on the way */
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
	put((struct hydropon_record){ .type = HYDROPON_REC_OUTPUT, .aux = HYDROPON_CAUSE_SHED });
	put_beat();
	turn_run(&self->turn);
	EXPECT_EQ(kernel.sets_n, 1);
	EXPECT_TRUE(self->turn.info.shedding);
	EXPECT_FALSE(self->turn.info.power_good);
	usleep(OUTPUT_STAGGER_MS * 1000);
	put_power(true, false);
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
	EXPECT_EQ(outputs_get(self->turn.outputs, 0)->cause, HYDROPON_CAUSE_SHUTDOWN);
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
