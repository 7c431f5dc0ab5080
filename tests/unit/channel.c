// SPDX-License-Identifier: GPL-2.0-only
#include "harness.h"

#include <errno.h>
#include <math.h>

#include "base/clock.h"
#include "channel/channel.h"

enum { PH, EC, WATER, FLOW, LIGHT, CHANNELS };
#define KERNEL(index) (10 + (index))	/* the kernel counts otherwise */
#define START_NS (100 * NS_PER_SEC)
#define START_WALL_MS 1700000000000LL

FIXTURE(channel)
{
	struct conf conf;
	struct channels *channels;
	struct clock_pair now;
	struct sample out;
};

static void add(struct conf *conf, const char *name, enum quantity quantity, double min, double max)
{
	struct conf_channel *channel = &conf->channels[conf->channels_n++];

	strcpy(channel->name, name);
	channel->quantity = quantity;
	channel->min = min;
	channel->max = max;
	channel->stale_ms = 3000;
	channel->temperature = -1;
}

static void bind(struct channels *channels, const char *name, unsigned int kernel, int expected)
{
	struct hydropon_channel_info info = { .index = kernel, .present = 1 };

	strcpy(info.name, name);
	EXPECT_EQ(channels_bind(channels, &info), expected);
}

/* Hands @record over at @self->now; true if it gave a sample. */
static bool take(struct fixture_channel *self, struct hydropon_record record, int channel)
{
	record.channel = (__u16)KERNEL(channel);
	if (!record.time_ns)
		record.time_ns = self->now.boot_ns;
	return channels_take(self->channels, &record, &self->now, &self->out);
}

static bool read_int(struct fixture_channel *self, int channel, int value)
{
	return take(self, (struct hydropon_record){ .type = HYDROPON_REC_SAMPLE, .value = value },
		    channel);
}

static bool pulse(struct fixture_channel *self, uint32_t count)
{
	return take(self, (struct hydropon_record){ .type = HYDROPON_REC_PULSE,
						    .value = (__s32)count }, FLOW);
}

static void scale(struct fixture_channel *self, int channel, int value)
{
	EXPECT_FALSE(take(self, (struct hydropon_record){ .type = HYDROPON_REC_SCALE,
							  .value = value }, channel));
}

static void pass(struct fixture_channel *self, unsigned int ms)
{
	self->now.boot_ns += ms * NS_PER_MS;
	self->now.wall_ms += ms;
}

FIXTURE_SETUP(channel)
{
	struct conf *conf = &self->conf;

	add(conf, "ph-a", QUANTITY_PH, 0, 14);
	add(conf, "ec-a", QUANTITY_EC, 0, 4000);
	add(conf, "water-a", QUANTITY_TEMPERATURE, -5, 60);
	add(conf, "flow-a", QUANTITY_FLOW, 0, 30);
	add(conf, "light-a", QUANTITY_LIGHT, 0, 200000);
	conf->channels[PH].compensate = conf->channels[EC].compensate = true;
	conf->channels[PH].temperature = conf->channels[EC].temperature = WATER;
	conf->channels[PH].buffer_ph[0] = 7;
	conf->channels[PH].buffer_mv[0] = 1500;
	conf->channels[PH].buffer_ph[1] = 4;
	conf->channels[PH].buffer_mv[1] = 1677.477;
	conf->channels[PH].buffer_c = 25;
	conf->channels[EC].cell_per_cm = 1;
	conf->channels[EC].us_per_mv = 2;
	conf->channels[EC].alpha_per_c = 0.02;
	conf->channels[WATER].zero_mv = 500;
	conf->channels[WATER].mv_per_unit = 10;
	conf->channels[FLOW].pulses_per_litre = 450;
	self->now = (struct clock_pair){ START_NS, START_WALL_MS, true };
	self->channels = channels_new(conf);
	ASSERT_TRUE(self->channels != NULL);
	for (int i = 0; i < CHANNELS; i++)
		bind(self->channels, conf->channels[i].name, (unsigned int)KERNEL(i), i);
}

FIXTURE_TEARDOWN(channel)
{
	channels_free(self->channels);
}

static void expect_bad(struct fixture_channel *self, int channel, enum quality q, int raw)
{
	EXPECT_EQ(self->out.q, q);
	EXPECT_EQ(self->out.raw, raw);
	EXPECT_EQ(self->out.channel, channel);
	EXPECT_NEAR(self->out.value, 0, 0);
	EXPECT_FALSE(channels_is_good(self->channels, (size_t)channel, self->now.boot_ns));
}

TEST_F(channel, begins_unbound)
{
	struct channels *channels = channels_new(&self->conf);

	ASSERT_TRUE(channels != NULL);
	for (size_t i = 0; i < CHANNELS; i++) {
		EXPECT_EQ(channels_get(channels, i)->kernel, -1);
		EXPECT_EQ(channels_get(channels, i)->index, i);
	}
	channels_free(channels);
}

TEST_F(channel, begins_not_ready)
{
	EXPECT_EQ(channels_count(self->channels), CHANNELS);
	for (size_t i = 0; i < CHANNELS; i++) {
		EXPECT_EQ(channels_get(self->channels, i)->last.q, Q_BAD_NOT_READY);
		EXPECT_FALSE(channels_is_good(self->channels, i, self->now.boot_ns));
		EXPECT_FALSE(channels_is_good(self->channels, i, 0));
	}
}

TEST_F(channel, goes_the_whole_way_from_record_to_value)
{
	struct hydropon_record ads = { .type = HYDROPON_REC_SCALE, .value = 2048, .aux = 15,
				       .flags = HYDROPON_VAL_FRACTION_LOG2 };

	EXPECT_FALSE(take(self, ads, WATER));
	ASSERT_TRUE(read_int(self, WATER, 11200));	/* 700 mV: 20 C */
	EXPECT_EQ(self->out.q, Q_GOOD);
	EXPECT_EQ(self->out.raw, 11200);
	EXPECT_EQ(self->out.boot_ns, START_NS);
	EXPECT_EQ(self->out.wall_ms, START_WALL_MS);
	EXPECT_NEAR(self->out.value, 20, 1e-9);
	EXPECT_TRUE(channels_is_good(self->channels, WATER, self->now.boot_ns));

	EXPECT_FALSE(take(self, ads, EC));
	ASSERT_TRUE(read_int(self, EC, 11520));		/* 720 mV: 1440 uS/cm at 20 C */
	EXPECT_EQ(self->out.q, Q_GOOD);
	EXPECT_NEAR(self->out.value, 1600, 1e-9);

	EXPECT_FALSE(take(self, ads, PH));
	ASSERT_TRUE(read_int(self, PH, 24930));		/* 1558.125 mV at 20 C */
	EXPECT_EQ(self->out.q, Q_GOOD);
	EXPECT_NEAR(self->out.value, 7 - 58.125 / (59.159 * 293.15 / 298.15), 1e-9);
	EXPECT_EQ(channels_get(self->channels, PH)->samples, 1);
	EXPECT_EQ(channels_get(self->channels, PH)->bad, 0);
}

TEST_F(channel, offset_is_added_before_the_scale)
{
	scale(self, WATER, 10);
	EXPECT_FALSE(take(self, (struct hydropon_record){ .type = HYDROPON_REC_OFFSET,
							  .value = -30 }, WATER));
	ASSERT_TRUE(read_int(self, WATER, 100));	/* 700 mV */
	EXPECT_NEAR(self->out.value, 20, 1e-9);
	/* A broken offset must not leave the old one in use. */
	EXPECT_FALSE(take(self, (struct hydropon_record){ .type = HYDROPON_REC_OFFSET, .value = 1,
							  .flags = HYDROPON_VAL_FRACTION }, WATER));
	ASSERT_TRUE(read_int(self, WATER, 100));
	expect_bad(self, WATER, Q_BAD_NOT_READY, 100);
}

TEST_F(channel, a_failed_read_never_becomes_a_number)
{
	struct hydropon_record failed = { .type = HYDROPON_REC_SAMPLE, .status = -EIO,
					  .value = 700 };

	scale(self, WATER, 1);
	ASSERT_TRUE(read_int(self, WATER, 700));
	ASSERT_TRUE(take(self, failed, WATER));
	expect_bad(self, WATER, Q_BAD_READ, -EIO);
	failed.status = EIO;
	ASSERT_TRUE(take(self, failed, WATER));
	expect_bad(self, WATER, Q_BAD_READ, -EIO);
	failed.type = HYDROPON_REC_PULSE;
	ASSERT_TRUE(take(self, failed, FLOW));
	expect_bad(self, FLOW, Q_BAD_READ, -EIO);
	EXPECT_EQ(channels_get(self->channels, WATER)->samples, 3);
	EXPECT_EQ(channels_get(self->channels, WATER)->bad, 2);
}

TEST_F(channel, without_a_scale_it_is_not_ready)
{
	ASSERT_TRUE(read_int(self, LIGHT, 500));
	expect_bad(self, LIGHT, Q_BAD_NOT_READY, 500);
	scale(self, LIGHT, 1);
	ASSERT_TRUE(read_int(self, LIGHT, 500));
	EXPECT_EQ(self->out.q, Q_GOOD);
	/* A scale that cannot be used replaces one that could. */
	scale(self, LIGHT, 0);
	ASSERT_TRUE(read_int(self, LIGHT, 500));
	expect_bad(self, LIGHT, Q_BAD_NOT_READY, 500);
	scale(self, LIGHT, 1);
	EXPECT_FALSE(take(self, (struct hydropon_record){ .type = HYDROPON_REC_SCALE, .value = 1,
							  .status = -EIO }, LIGHT));
	ASSERT_TRUE(read_int(self, LIGHT, 500));
	expect_bad(self, LIGHT, Q_BAD_NOT_READY, 500);
	scale(self, LIGHT, 1);
	ASSERT_TRUE(take(self, (struct hydropon_record){ .type = HYDROPON_REC_SAMPLE, .value = 500,
							 .flags = HYDROPON_VAL_FRACTION }, LIGHT));
	expect_bad(self, LIGHT, Q_BAD_NOT_READY, 500);
}

TEST_F(channel, out_of_range_has_no_value)
{
	scale(self, WATER, 1);
	ASSERT_TRUE(read_int(self, WATER, 3050));	/* the 255 C of a real garden */
	expect_bad(self, WATER, Q_BAD_RANGE, 3050);
}

TEST_F(channel, never_assumes_a_temperature)
{
	scale(self, EC, 1);
	scale(self, WATER, 1);
	ASSERT_TRUE(read_int(self, EC, 800));
	expect_bad(self, EC, Q_BAD_NOT_READY, 800);
	/* A temperature that was never good is none. */
	ASSERT_TRUE(read_int(self, WATER, 3050));
	ASSERT_TRUE(read_int(self, EC, 800));
	expect_bad(self, EC, Q_BAD_NOT_READY, 800);
}

TEST_F(channel, goes_by_the_last_good_temperature_and_says_so)
{
	scale(self, EC, 1);
	scale(self, WATER, 1);
	ASSERT_TRUE(read_int(self, WATER, 700));
	pass(self, 100);
	ASSERT_TRUE(read_int(self, WATER, 3050));
	ASSERT_TRUE(read_int(self, EC, 720));
	EXPECT_EQ(self->out.q, Q_UNCERTAIN_TEMPERATURE);
	EXPECT_NEAR(self->out.value, 1600, 1e-9);
	EXPECT_FALSE(channels_is_good(self->channels, EC, self->now.boot_ns));
	EXPECT_EQ(channels_get(self->channels, EC)->bad, 0);
	pass(self, 100);
	ASSERT_TRUE(read_int(self, WATER, 750));
	ASSERT_TRUE(read_int(self, EC, 720));
	EXPECT_EQ(self->out.q, Q_GOOD);
	EXPECT_NEAR(self->out.value, 1440, 1e-9);
}

TEST_F(channel, a_stale_temperature_is_not_good_before_anyone_has_told)
{
	scale(self, EC, 1);
	scale(self, WATER, 1);
	ASSERT_TRUE(read_int(self, WATER, 700));
	pass(self, 3000);
	ASSERT_TRUE(read_int(self, EC, 720));
	EXPECT_EQ(self->out.q, Q_GOOD);
	pass(self, 1);
	ASSERT_TRUE(read_int(self, EC, 720));
	EXPECT_EQ(self->out.q, Q_UNCERTAIN_TEMPERATURE);
}

TEST_F(channel, compensation_off_needs_no_temperature)
{
	self->conf.channels[EC].compensate = false;
	scale(self, EC, 1);
	ASSERT_TRUE(read_int(self, EC, 720));
	EXPECT_EQ(self->out.q, Q_GOOD);
	EXPECT_NEAR(self->out.value, 1440, 1e-9);
}

TEST_F(channel, flow_is_counted_between_records)
{
	ASSERT_TRUE(pulse(self, 1000));
	expect_bad(self, FLOW, Q_BAD_NOT_READY, 1000);
	pass(self, 500);
	ASSERT_TRUE(pulse(self, 1015));
	EXPECT_EQ(self->out.q, Q_GOOD);
	EXPECT_NEAR(self->out.value, 4, 1e-9);
	EXPECT_EQ(self->out.raw, 1015);
	/* The time between the records, not the nominal interval. */
	pass(self, 1000);
	ASSERT_TRUE(pulse(self, 1045));
	EXPECT_NEAR(self->out.value, 4, 1e-9);
	pass(self, 500);
	ASSERT_TRUE(pulse(self, 1045));
	EXPECT_EQ(self->out.q, Q_GOOD);
	EXPECT_NEAR(self->out.value, 0, 0);
}

TEST_F(channel, the_pulse_counter_wraps)
{
	ASSERT_TRUE(pulse(self, UINT32_MAX - 4));
	pass(self, 500);
	ASSERT_TRUE(pulse(self, 10));
	EXPECT_EQ(self->out.q, Q_GOOD);
	EXPECT_NEAR(self->out.value, 4, 1e-9);
}

TEST_F(channel, flow_needs_an_interval_that_means_something)
{
	struct hydropon_record back = { .type = HYDROPON_REC_PULSE, .value = 2,
					.time_ns = START_NS - 1 };

	ASSERT_TRUE(pulse(self, 0));
	ASSERT_TRUE(pulse(self, 1));		/* no time between */
	expect_bad(self, FLOW, Q_BAD_NOT_READY, 1);
	ASSERT_TRUE(take(self, back, FLOW));	/* time going back */
	expect_bad(self, FLOW, Q_BAD_NOT_READY, 2);
	pass(self, 3001);
	ASSERT_TRUE(pulse(self, 50));		/* a mean over what was long ago */
	expect_bad(self, FLOW, Q_BAD_NOT_READY, 50);
	pass(self, 500);
	ASSERT_TRUE(pulse(self, 65));
	EXPECT_NEAR(self->out.value, 4, 1e-9);
	/* A counter that began again looks like a flood. */
	pass(self, 500);
	ASSERT_TRUE(pulse(self, 3));
	expect_bad(self, FLOW, Q_BAD_RANGE, 3);
}

TEST_F(channel, a_pulse_storm_is_never_good_and_counting_begins_after_it)
{
	ASSERT_TRUE(pulse(self, 0));
	pass(self, 500);
	ASSERT_TRUE(pulse(self, 15));
	EXPECT_EQ(self->out.q, Q_GOOD);
	pass(self, 500);
	/* as few as a good flow would have: still nobody knows */
	ASSERT_TRUE(take(self, (struct hydropon_record){ .type = HYDROPON_REC_PULSE, .value = 30,
							 .status = -EOVERFLOW }, FLOW));
	expect_bad(self, FLOW, Q_BAD_STORM, 30);
	EXPECT_FALSE(channels_is_good(self->channels, FLOW, self->now.boot_ns));
	EXPECT_STREQ(quality_name(self->out.q), "pulse storm");
	pass(self, 500);
	ASSERT_TRUE(pulse(self, 45));
	EXPECT_EQ(self->out.q, Q_GOOD);
	EXPECT_NEAR(self->out.value, 4, 1e-9);
}

TEST_F(channel, the_wrong_kind_of_record_is_no_value)
{
	scale(self, FLOW, 1);
	ASSERT_TRUE(read_int(self, FLOW, 5));
	expect_bad(self, FLOW, Q_BAD_NOT_READY, 5);
	for (int i = 0; i < 2; i++) {
		pass(self, 500);
		ASSERT_TRUE(take(self, (struct hydropon_record){ .type = HYDROPON_REC_PULSE,
								 .value = 5 }, LIGHT));
		expect_bad(self, LIGHT, Q_BAD_NOT_READY, 5);
	}
}

TEST_F(channel, ignores_records_of_others)
{
	scale(self, LIGHT, 1);
	EXPECT_FALSE(read_int(self, CHANNELS, 5));
	EXPECT_FALSE(take(self, (struct hydropon_record){ .type = HYDROPON_REC_MISSED, .value = 5 },
			  LIGHT));
	EXPECT_FALSE(take(self, (struct hydropon_record){ .type = HYDROPON_REC_OUTPUT, .value = 1 },
			  LIGHT));
	EXPECT_FALSE(take(self, (struct hydropon_record){ .type = 200 }, LIGHT));
	EXPECT_EQ(channels_get(self->channels, LIGHT)->samples, 0);
	EXPECT_EQ(channels_get(self->channels, LIGHT)->heard_ns, 0);
	bind(self->channels, "not-in-the-configuration", 40, -1);
}

TEST_F(channel, binding_again_forgets_scale_and_pulses)
{
	scale(self, LIGHT, 1);
	ASSERT_TRUE(pulse(self, 100));
	pass(self, 500);
	bind(self->channels, "light-a", KERNEL(LIGHT), LIGHT);
	bind(self->channels, "flow-a", KERNEL(FLOW), FLOW);
	ASSERT_TRUE(read_int(self, LIGHT, 500));
	expect_bad(self, LIGHT, Q_BAD_NOT_READY, 500);
	ASSERT_TRUE(pulse(self, 0));
	expect_bad(self, FLOW, Q_BAD_NOT_READY, 0);
}

static void expect_forgotten(struct fixture_channel *self, int channel)
{
	EXPECT_EQ(channels_get(self->channels, (size_t)channel)->last.q, Q_BAD_NOT_READY);
	EXPECT_FALSE(channels_is_good(self->channels, (size_t)channel, self->now.boot_ns));
}

TEST_F(channel, what_was_read_before_is_no_evidence_after)
{
	scale(self, LIGHT, 1);
	ASSERT_TRUE(read_int(self, LIGHT, 500));
	EXPECT_TRUE(channels_is_good(self->channels, LIGHT, self->now.boot_ns));
	channels_unbind(self->channels);
	expect_forgotten(self, LIGHT);
	bind(self->channels, "light-a", KERNEL(LIGHT), LIGHT);
	expect_forgotten(self, LIGHT);
	ASSERT_TRUE(read_int(self, LIGHT, 500));
	EXPECT_EQ(self->out.q, Q_BAD_NOT_READY);
	scale(self, LIGHT, 1);
	ASSERT_TRUE(read_int(self, LIGHT, 500));
	EXPECT_TRUE(channels_is_good(self->channels, LIGHT, self->now.boot_ns));
}

TEST_F(channel, whose_device_is_gone_is_not_bound)
{
	struct hydropon_channel_info gone = { .index = KERNEL(LIGHT), .name = "light-a" };

	scale(self, LIGHT, 1);
	ASSERT_TRUE(read_int(self, LIGHT, 500));
	EXPECT_EQ(channels_bind(self->channels, &gone), LIGHT);
	EXPECT_EQ(channels_get(self->channels, LIGHT)->kernel, -1);
	expect_forgotten(self, LIGHT);
	EXPECT_FALSE(read_int(self, LIGHT, 500));
}

TEST_F(channel, is_forgotten_by_a_check_only_if_something_is_new)
{
	struct hydropon_channel_info info = { .index = KERNEL(LIGHT), .present = 1,
					      .name = "light-a" };

	scale(self, LIGHT, 1);
	ASSERT_TRUE(read_int(self, LIGHT, 500));
	channels_check(self->channels, &info);
	EXPECT_TRUE(channels_is_good(self->channels, LIGHT, self->now.boot_ns));
	info.present = 0;
	channels_check(self->channels, &info);
	expect_forgotten(self, LIGHT);
	info.present = 1;
	info.index = KERNEL(WATER);
	channels_check(self->channels, &info);
	EXPECT_EQ(channels_get(self->channels, LIGHT)->kernel, KERNEL(WATER));
	EXPECT_EQ(channels_get(self->channels, WATER)->kernel, -1);
}

TEST_F(channel, an_index_belongs_to_one_channel)
{
	bind(self->channels, "light-a", KERNEL(WATER), LIGHT);
	EXPECT_EQ(channels_get(self->channels, LIGHT)->kernel, KERNEL(WATER));
	EXPECT_EQ(channels_get(self->channels, WATER)->kernel, -1);
	/* Even by a channel that is not in the configuration. */
	bind(self->channels, "other", KERNEL(WATER), -1);
	EXPECT_EQ(channels_get(self->channels, LIGHT)->kernel, -1);
	channels_unbind(self->channels);
	EXPECT_FALSE(read_int(self, PH, 1));
	EXPECT_EQ(channels_get(self->channels, PH)->kernel, -1);
}

TEST_F(channel, goes_stale_and_says_so_again_and_again)
{
	scale(self, LIGHT, 1);
	ASSERT_TRUE(read_int(self, LIGHT, 500));
	EXPECT_TRUE(channels_is_good(self->channels, LIGHT, self->now.boot_ns));
	pass(self, 3000);
	EXPECT_FALSE(channels_expire(self->channels, LIGHT, &self->now, &self->out));
	EXPECT_TRUE(channels_is_good(self->channels, LIGHT, self->now.boot_ns));
	pass(self, 1);
	EXPECT_FALSE(channels_is_good(self->channels, LIGHT, self->now.boot_ns));
	ASSERT_TRUE(channels_expire(self->channels, LIGHT, &self->now, &self->out));
	expect_bad(self, LIGHT, Q_BAD_STALE, 0);
	EXPECT_EQ(self->out.boot_ns, self->now.boot_ns);
	EXPECT_EQ(self->out.wall_ms, self->now.wall_ms);
	EXPECT_FALSE(channels_expire(self->channels, LIGHT, &self->now, &self->out));
	pass(self, 3000);
	EXPECT_FALSE(channels_expire(self->channels, LIGHT, &self->now, &self->out));
	pass(self, 1);
	EXPECT_TRUE(channels_expire(self->channels, LIGHT, &self->now, &self->out));
	EXPECT_EQ(channels_get(self->channels, LIGHT)->bad, 2);
	/* Heard of again, and lost again. */
	ASSERT_TRUE(read_int(self, LIGHT, 500));
	EXPECT_TRUE(channels_is_good(self->channels, LIGHT, self->now.boot_ns));
	EXPECT_FALSE(channels_expire(self->channels, LIGHT, &self->now, &self->out));
	pass(self, 3001);
	EXPECT_TRUE(channels_expire(self->channels, LIGHT, &self->now, &self->out));
}

TEST_F(channel, one_that_was_never_heard_of_goes_stale_too)
{
	EXPECT_FALSE(channels_expire(self->channels, PH, &self->now, &self->out));
	pass(self, 3001);
	ASSERT_TRUE(channels_expire(self->channels, PH, &self->now, &self->out));
	expect_bad(self, PH, Q_BAD_STALE, 0);
}

TEST_F(channel, failing_reads_are_heard_of)
{
	for (int i = 0; i < 10; i++) {
		ASSERT_TRUE(take(self, (struct hydropon_record){ .type = HYDROPON_REC_SAMPLE,
								 .status = -EIO }, PH));
		pass(self, 1000);
		EXPECT_FALSE(channels_expire(self->channels, PH, &self->now, &self->out));
	}
}

TEST_F(channel, a_backlog_is_read_up_on_without_crying_stale_each_time)
{
	unsigned int told = 0;

	scale(self, LIGHT, 1);
	ASSERT_TRUE(read_int(self, LIGHT, 500));
	pass(self, 20000);
	for (unsigned int i = 1; i <= 100; i++) {
		ASSERT_TRUE(take(self, (struct hydropon_record){
			.type = HYDROPON_REC_SAMPLE, .value = 500,
			.time_ns = START_NS + i * 100 * NS_PER_MS }, LIGHT));
		EXPECT_FALSE(channels_is_good(self->channels, LIGHT, self->now.boot_ns));
		told += channels_expire(self->channels, LIGHT, &self->now, &self->out);
	}
	EXPECT_EQ(told, 1);
}

TEST_F(channel, stamps_say_when_it_was_measured)
{
	scale(self, LIGHT, 1);
	pass(self, 5000);
	ASSERT_TRUE(take(self, (struct hydropon_record){ .type = HYDROPON_REC_SAMPLE, .value = 1,
							 .time_ns = START_NS + 2000 * NS_PER_MS },
			 LIGHT));
	EXPECT_EQ(self->out.wall_ms, START_WALL_MS + 2000);
	EXPECT_EQ(self->out.boot_ns, START_NS + 2000 * NS_PER_MS);
	/* Newer than the clock at the beginning of the turn. */
	ASSERT_TRUE(take(self, (struct hydropon_record){ .type = HYDROPON_REC_SAMPLE, .value = 1,
							 .time_ns = START_NS + 5010 * NS_PER_MS },
			 LIGHT));
	EXPECT_EQ(self->out.wall_ms, START_WALL_MS + 5010);
}

TEST_F(channel, stamps_tell_whether_the_clock_was_set)
{
	scale(self, LIGHT, 1);
	ASSERT_TRUE(read_int(self, LIGHT, 1));
	EXPECT_EQ(self->out.clk, 0);
	self->now.is_set = false;
	ASSERT_TRUE(read_int(self, LIGHT, 1));
	EXPECT_EQ(self->out.clk, CLK_UNSET);
	pass(self, 60000);
	ASSERT_TRUE(channels_expire(self->channels, LIGHT, &self->now, &self->out));
	EXPECT_EQ(self->out.clk, CLK_UNSET);
}

TEST_F(channel, a_time_far_ahead_spoils_neither_stamps_nor_verdicts)
{
	scale(self, LIGHT, 1);
	ASSERT_TRUE(take(self, (struct hydropon_record){ .type = HYDROPON_REC_SAMPLE, .value = 1,
							 .time_ns = START_NS * 1000 }, LIGHT));
	EXPECT_FALSE(channels_is_good(self->channels, LIGHT, self->now.boot_ns));
	EXPECT_EQ(self->out.wall_ms, START_WALL_MS);
	pass(self, 100);
	ASSERT_TRUE(read_int(self, LIGHT, 1));
	EXPECT_EQ(self->out.wall_ms, START_WALL_MS + 100);
	EXPECT_TRUE(channels_is_good(self->channels, LIGHT, self->now.boot_ns));
}

/* A channel of its own that is judged by its past. */
static void judged(struct fixture_channel *self)
{
	struct conf_judge *judge = &self->conf.channels[LIGHT].judge;

	judge->step = 100;
	judge->stuck_ms = 10000;
	judge->lit_least = 500;
	judge->lamp = 3;
	scale(self, LIGHT, 1);
}

static enum quality read_after(struct fixture_channel *self, unsigned int ms, int lux)
{
	pass(self, ms);
	EXPECT_TRUE(read_int(self, LIGHT, lux));
	return self->out.q;
}

TEST_F(channel, what_is_uncertain_keeps_its_value_and_is_not_good)
{
	judged(self);
	EXPECT_EQ(read_after(self, 1000, 3), Q_GOOD);
	channels_tell_output(self->channels, 2, true, true, self->now.boot_ns);
	for (int i = 0; i < 179; i++)
		EXPECT_EQ(read_after(self, 1000, 3 + i % 7), Q_GOOD);
	EXPECT_EQ(read_after(self, 2000, 3), Q_UNCERTAIN_LIGHT);
	EXPECT_NEAR(self->out.value, 3, 0);
	EXPECT_FALSE(channels_is_good(self->channels, LIGHT, self->now.boot_ns));
	EXPECT_EQ(channels_get(self->channels, LIGHT)->bad, 0);
	/* Unknown is not on. */
	channels_tell_output(self->channels, 2, false, false, self->now.boot_ns);
	EXPECT_EQ(read_after(self, 1000, 3), Q_UNCERTAIN_LIGHT);
	pass(self, 600000);
	EXPECT_EQ(read_after(self, 1000, 3), Q_GOOD);
}

TEST_F(channel, doubt_of_its_calibration_is_told)
{
	judged(self);
	EXPECT_EQ(read_after(self, 1000, 3), Q_GOOD);
	channels_doubt(self->channels, LIGHT, Q_UNCERTAIN_EXPIRED, 0);
	EXPECT_EQ(read_after(self, 1000, 3), Q_UNCERTAIN_EXPIRED);
	EXPECT_EQ(channels_judgement(self->channels, LIGHT)->q, Q_UNCERTAIN_EXPIRED);
}

TEST_F(channel, a_time_far_ahead_spoils_none_that_come_after_it)
{
	struct hydropon_record ahead = { .type = HYDROPON_REC_SAMPLE, .value = 700,
					 .time_ns = START_NS * 1000 };

	self->conf.channels[LIGHT].judge.stuck_ms = 10000;
	scale(self, LIGHT, 1);
	take(self, ahead, LIGHT);
	for (int i = 0; i < 3 * 24 * 60; i++)
		EXPECT_EQ(read_after(self, 60000, 700), Q_GOOD);
	EXPECT_EQ(read_after(self, 600000, 700), Q_UNCERTAIN_STUCK);
}

static bool give(struct fixture_channel *self, int channel, double number, int error)
{
	const struct source_reading reading = {
		.boot_ns = self->now.boot_ns, .number = number, .error = error, .raw = 4711,
		.channel = (uint16_t)channel,
	};

	return channels_take_reading(self->channels, &reading, &self->now, &self->out);
}

TEST_F(channel, another_source_gives_the_quantity_itself)
{
	self->conf.channels[WATER].source = SOURCE_MODBUS;
	self->conf.channels[WATER].is_direct = true;
	ASSERT_TRUE(give(self, WATER, 21.5, 0));
	EXPECT_EQ(self->out.q, Q_GOOD);
	EXPECT_NEAR(self->out.value, 21.5, 0);
	EXPECT_EQ(self->out.raw, 4711);
	EXPECT_EQ(self->out.boot_ns, self->now.boot_ns);
	EXPECT_TRUE(channels_is_good(self->channels, WATER, self->now.boot_ns));
	EXPECT_TRUE(channel_is_present(channels_get(self->channels, WATER)));
}

TEST_F(channel, another_source_is_calibrated_compensated_and_judged_alike)
{
	self->conf.channels[WATER].source = self->conf.channels[EC].source = SOURCE_MODBUS;
	ASSERT_TRUE(give(self, WATER, 850, 0));		/* 35 C */
	EXPECT_NEAR(self->out.value, 35, 1e-9);
	ASSERT_TRUE(give(self, EC, 600, 0));		/* 1200 uS/cm at 35 C */
	EXPECT_EQ(self->out.q, Q_GOOD);
	EXPECT_NEAR(self->out.value, 1000, 1e-9);
	ASSERT_TRUE(give(self, EC, 6000, 0));
	EXPECT_EQ(self->out.q, Q_BAD_RANGE);
	ASSERT_TRUE(give(self, EC, NAN, 0));
	expect_bad(self, EC, Q_BAD_RANGE, 4711);
}

/* A reading that failed once is no reason to begin again; that its device was gone is. */
TEST_F(channel, a_device_that_comes_anew_warms_up_again)
{
	struct source_reading reading = { .number = 21.5, .channel = WATER };

	self->conf.channels[WATER].source = SOURCE_EZO;
	self->conf.channels[WATER].is_direct = true;
	self->conf.channels[WATER].judge.warm_up_ms = 60000;
	give(self, WATER, 21.5, 0);
	EXPECT_EQ(self->out.q, Q_UNCERTAIN_WARM_UP);
	self->now.boot_ns += 61 * NS_PER_SEC;
	give(self, WATER, 21.5, 0);
	EXPECT_EQ(self->out.q, Q_GOOD);
	give(self, WATER, 21.5, -ETIMEDOUT);
	give(self, WATER, 21.5, 0);
	EXPECT_EQ(self->out.q, Q_GOOD);
	reading.is_anew = true;
	reading.boot_ns = self->now.boot_ns;
	EXPECT_TRUE(channels_take_reading(self->channels, &reading, &self->now, &self->out));
	EXPECT_EQ(self->out.q, Q_UNCERTAIN_WARM_UP);
}

TEST_F(channel, a_failure_of_another_source_is_never_a_number)
{
	self->conf.channels[WATER].source = SOURCE_MODBUS;
	self->conf.channels[WATER].is_direct = true;
	give(self, WATER, 21.5, 0);
	ASSERT_TRUE(give(self, WATER, 21.5, -ETIMEDOUT));
	expect_bad(self, WATER, Q_BAD_READ, -ETIMEDOUT);
	EXPECT_FALSE(channel_is_present(channels_get(self->channels, WATER)));
}

TEST_F(channel, another_source_goes_stale_alike)
{
	self->conf.channels[WATER].source = SOURCE_MODBUS;
	self->conf.channels[WATER].is_direct = true;
	give(self, WATER, 21.5, 0);
	pass(self, 3001);
	EXPECT_FALSE(channels_is_good(self->channels, WATER, self->now.boot_ns));
	ASSERT_TRUE(channels_expire(self->channels, WATER, &self->now, &self->out));
	EXPECT_EQ(self->out.q, Q_BAD_STALE);
}

/* Neither has a say in what is the other's. */
TEST_F(channel, the_kernel_and_another_source_are_apart)
{
	struct channels *channels;
	const struct hydropon_channel_info info = { .index = 3, .present = 1, .name = "water-a" };

	EXPECT_FALSE(give(self, LIGHT, 1, 0));
	EXPECT_FALSE(give(self, CHANNELS, 1, 0));
	self->conf.channels[WATER].source = SOURCE_MODBUS;
	self->conf.channels[WATER].is_direct = true;
	channels = channels_new(&self->conf);
	ASSERT_TRUE(channels != NULL);
	EXPECT_EQ(channels_bind(channels, &info), -1);
	EXPECT_EQ(channels_get(channels, WATER)->kernel, -1);
	channels_free(channels);
	give(self, WATER, 21.5, 0);
	channels_unbind(self->channels);
	EXPECT_TRUE(channels_is_good(self->channels, WATER, self->now.boot_ns));
}
