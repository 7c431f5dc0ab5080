// SPDX-License-Identifier: GPL-2.0-only
/* Channels that follow from others, the way that the turn asks for them. */
#include "harness.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "channel/channel.h"

enum { EC, LIGHT, FLOW, AIR, HUMIDITY, MEASURED, TDS = MEASURED, PPFD, DLI, VOLUME, VPD, DOSE,
       ON_TIME, CHANNELS };
#define HOUR_MS (3600 * 1000)
#define START_NS (100 * NS_PER_SEC)
#define MIDNIGHT_MS 1782864000000LL	/* 2026-07-01 00:00 UTC */

FIXTURE(derived)
{
	struct conf conf;
	struct channels *channels;
	struct clock_pair now;
	struct sample out[CHANNELS];	/* the newest of each */
	unsigned int given[CHANNELS];
	uint32_t pulses;
};

static struct conf_channel *add(struct conf *conf, const char *name, enum quantity quantity,
				double max)
{
	struct conf_channel *channel = &conf->channels[conf->channels_n++];

	strcpy(channel->name, name);
	*channel = (struct conf_channel){ .quantity = quantity, .max = max, .stale_ms = 3000,
					  .temperature = -1, .from = -1, .humidity = -1,
					  .output = -1, .mv_per_unit = 10, .may_miss = 0.02 };
	strcpy(channel->name, name);
	return channel;
}

static void add_derived(struct conf *conf, const char *name, enum quantity quantity, double max,
			int from)
{
	struct conf_channel *channel = add(conf, name, quantity, max);

	channel->is_derived = true;
	channel->from = from;
}

static void begin(struct fixture_derived *self)
{
	channels_free(self->channels);
	self->channels = channels_new(&self->conf);
	ASSERT_TRUE(self->channels != NULL);
	for (unsigned int i = 0; i < MEASURED; i++) {
		struct hydropon_channel_info info = { .index = i, .present = 1 };

		strcpy(info.name, self->conf.channels[i].name);
		channels_bind(self->channels, &info);
		channels_take(self->channels, &(struct hydropon_record){
			.type = HYDROPON_REC_SCALE, .channel = (__u16)i, .value = 1 }, &self->now,
			&self->out[i]);
	}
}

FIXTURE_SETUP(derived)
{
	struct conf *conf = &self->conf;

	setenv("TZ", "UTC", 1);
	add(conf, "ec", QUANTITY_EC, 4000)->cell_per_cm = 1;
	conf->channels[EC].us_per_mv = 1;
	add(conf, "light", QUANTITY_LIGHT, 200e3);
	add(conf, "flow", QUANTITY_FLOW, 30)->pulses_per_litre = 450;
	add(conf, "air", QUANTITY_TEMPERATURE, 60);
	add(conf, "humidity", QUANTITY_HUMIDITY, 100);
	add_derived(conf, "tds", QUANTITY_TDS, 1400, EC);
	conf->channels[TDS].factor = 0.5;
	add_derived(conf, "ppfd", QUANTITY_PPFD, 3000, LIGHT);
	conf->channels[PPFD].factor = 0.0185;
	add_derived(conf, "dli", QUANTITY_DLI, 100, PPFD);
	add_derived(conf, "volume", QUANTITY_VOLUME, 1e6, FLOW);
	add_derived(conf, "vpd", QUANTITY_VPD, 10, AIR);
	conf->channels[VPD].humidity = HUMIDITY;
	add_derived(conf, "dose", QUANTITY_DOSE, 1e6, -1);
	conf->channels[DOSE].output = 0;
	conf->channels[DOSE].ml_per_s = 1.5;
	add_derived(conf, "on-time", QUANTITY_ON_TIME, 90e3, -1);
	conf->channels[ON_TIME].output = 0;
	self->now = (struct clock_pair){ START_NS, MIDNIGHT_MS, true };
	begin(self);
}

FIXTURE_TEARDOWN(derived)
{
	channels_free(self->channels);
}

static void give(struct fixture_derived *self, const struct sample *sample)
{
	struct sample derived;

	self->out[sample->channel] = *sample;
	self->given[sample->channel]++;
	for (size_t i = 0; i < CHANNELS; i++)
		if (channels_derive(self->channels, i, sample, &self->now, &derived))
			give(self, &derived);
}

static void take(struct fixture_derived *self, int channel, struct hydropon_record record)
{
	struct sample sample;

	record.channel = (__u16)channel;
	record.time_ns = self->now.boot_ns;
	if (channels_take(self->channels, &record, &self->now, &sample))
		give(self, &sample);
}

static void read_mv(struct fixture_derived *self, int channel, int mv)
{
	take(self, channel, (struct hydropon_record){ .type = HYDROPON_REC_SAMPLE, .value = mv });
}

static void fail_read(struct fixture_derived *self, int channel)
{
	take(self, channel, (struct hydropon_record){ .type = HYDROPON_REC_SAMPLE,
						      .status = -EIO });
}

static void pulse(struct fixture_derived *self, uint32_t more)
{
	self->pulses += more;
	take(self, FLOW, (struct hydropon_record){ .type = HYDROPON_REC_PULSE,
						   .value = (__s32)self->pulses });
}

static void pass(struct fixture_derived *self, int64_t ms)
{
	self->now.boot_ns += (uint64_t)ms * NS_PER_MS;
	self->now.wall_ms += ms;
}

static void expire(struct fixture_derived *self)
{
	struct sample sample;

	for (size_t i = 0; i < CHANNELS; i++)
		if (channels_expire(self->channels, i, &self->now, &sample))
			give(self, &sample);
}

static bool is_good(struct fixture_derived *self, size_t channel)
{
	return channels_is_good(self->channels, channel, self->now.boot_ns);
}

static void expect(struct fixture_derived *self, size_t channel, enum quality q, double value)
{
	EXPECT_STREQ(quality_name(self->out[channel].q), quality_name(q));
	EXPECT_NEAR(self->out[channel].value, value, 1e-6 + fabs(value) * 1e-6);
	EXPECT_EQ(channels_get(self->channels, channel)->last.q, q);
}

TEST_F(derived, follows_each_sample_at_its_time)
{
	read_mv(self, EC, 1413);
	expect(self, TDS, Q_GOOD, 706.5);
	EXPECT_EQ(self->out[TDS].boot_ns, self->out[EC].boot_ns);
	EXPECT_EQ(self->out[TDS].wall_ms, self->out[EC].wall_ms);
	EXPECT_EQ(self->out[TDS].channel, TDS);
	EXPECT_TRUE(is_good(self, TDS));
	EXPECT_TRUE(channels_is_present(self->channels, TDS));
	pass(self, 1000);
	read_mv(self, LIGHT, 108000);
	expect(self, PPFD, Q_GOOD, 1998);
	/* One from the other, in one go. */
	expect(self, DLI, Q_GOOD, 0);
	EXPECT_EQ(self->given[TDS], 1);
	EXPECT_EQ(self->given[VPD], 0);
}

TEST_F(derived, is_never_better_than_what_it_follows_from)
{
	read_mv(self, EC, 1000);
	pass(self, 100);
	fail_read(self, EC);
	expect(self, TDS, Q_BAD_READ, 0);
	EXPECT_FALSE(is_good(self, TDS));
	read_mv(self, EC, 5000);
	expect(self, TDS, Q_BAD_RANGE, 0);
	/* Good, but beyond what the derived one may be. */
	read_mv(self, EC, 3000);
	EXPECT_EQ(self->out[EC].q, Q_GOOD);
	expect(self, TDS, Q_BAD_RANGE, 0);
	read_mv(self, EC, 1000);
	EXPECT_TRUE(is_good(self, TDS));

	channels_doubt(self->channels, EC, Q_UNCERTAIN_CALIBRATING, self->now.boot_ns);
	/* At once. */
	EXPECT_EQ(channels_get(self->channels, TDS)->last.q, Q_UNCERTAIN_CALIBRATING);
	EXPECT_FALSE(is_good(self, TDS));
	pass(self, 100);
	read_mv(self, EC, 1000);
	expect(self, TDS, Q_UNCERTAIN_CALIBRATING, 500);
	channels_doubt(self->channels, EC, Q_GOOD, self->now.boot_ns);
	pass(self, 100);
	read_mv(self, EC, 1000);
	expect(self, TDS, Q_GOOD, 500);
}

TEST_F(derived, goes_stale_and_away_with_what_it_follows_from)
{
	struct hydropon_channel_info gone = { .index = LIGHT, .name = "light" };

	read_mv(self, LIGHT, 1000);
	pass(self, 3000);
	expire(self);
	EXPECT_TRUE(is_good(self, DLI));
	pass(self, 1);
	EXPECT_FALSE(is_good(self, DLI));
	expire(self);
	expect(self, PPFD, Q_BAD_STALE, 0);
	expect(self, DLI, Q_BAD_STALE, 0);
	read_mv(self, LIGHT, 1000);
	EXPECT_TRUE(is_good(self, PPFD));
	EXPECT_EQ(channels_bind(self->channels, &gone), LIGHT);
	EXPECT_FALSE(is_good(self, DLI));
	EXPECT_FALSE(channels_is_present(self->channels, DLI));
	EXPECT_EQ(channels_get(self->channels, DLI)->last.q, Q_BAD_NOT_READY);
}

TEST_F(derived, is_no_channel_of_the_kernel)
{
	struct hydropon_channel_info info = { .index = 20, .present = 1, .name = "tds" };

	EXPECT_EQ(channels_bind(self->channels, &info), -1);
	EXPECT_EQ(channels_get(self->channels, TDS)->kernel, -1);
	EXPECT_FALSE(channels_expire(self->channels, TDS, &self->now, &self->out[0]));
}

TEST_F(derived, a_deficit_needs_both_its_sources)
{
	read_mv(self, AIR, 250);
	expect(self, VPD, Q_BAD_NOT_READY, 0);
	read_mv(self, HUMIDITY, 600);
	EXPECT_FALSE(is_good(self, VPD));
	read_mv(self, AIR, 250);
	/* 3.168 kPa saturate air of 25 C. */
	EXPECT_EQ(self->out[VPD].q, Q_GOOD);
	EXPECT_NEAR(self->out[VPD].value, 0.4 * 3.168, 0.001);
	EXPECT_TRUE(is_good(self, VPD));
	/* The one that it does not follow, uncertain, failed, and silent. */
	channels_doubt(self->channels, HUMIDITY, Q_UNCERTAIN_EXPIRED, self->now.boot_ns);
	EXPECT_FALSE(is_good(self, VPD));
	read_mv(self, AIR, 250);
	EXPECT_EQ(self->out[VPD].q, Q_UNCERTAIN_EXPIRED);
	channels_doubt(self->channels, HUMIDITY, Q_GOOD, self->now.boot_ns);
	fail_read(self, HUMIDITY);
	read_mv(self, AIR, 250);
	expect(self, VPD, Q_BAD_READ, 0);
	read_mv(self, HUMIDITY, 600);
	pass(self, 2000);
	read_mv(self, AIR, 250);
	EXPECT_TRUE(is_good(self, VPD));
	pass(self, 1001);
	EXPECT_FALSE(is_good(self, VPD));
	read_mv(self, AIR, 250);
	expect(self, VPD, Q_BAD_STALE, 0);
}

/* Light of 500 umol/m2/s from 6:00 to 22:00 is 28.8 mol/m2. */
TEST_F(derived, a_day_of_light_adds_up)
{
	self->conf.channels[PPFD].factor = 0.02;
	for (int second = 0; second < 24 * 3600; second++) {
		int hour = second / 3600;

		read_mv(self, LIGHT, hour >= 6 && hour < 22 ? 25000 : 0);
		pass(self, 1000);
		if (second == 21600 + 3600)
			EXPECT_NEAR(self->out[DLI].value, 1.8, 0.001);
	}
	EXPECT_EQ(self->out[DLI].q, Q_GOOD);
	EXPECT_NEAR(self->out[DLI].value, 28.8, 0.001);
	/* The next day begins at 0. */
	read_mv(self, LIGHT, 25000);
	expect(self, DLI, Q_GOOD, 0);
	pass(self, 1000);
	read_mv(self, LIGHT, 25000);
	expect(self, DLI, Q_GOOD, 500e-6);
}

TEST_F(derived, a_gap_in_the_light_is_not_made_up)
{
	read_mv(self, LIGHT, 50000);
	pass(self, 2000);
	read_mv(self, LIGHT, 50000);
	expect(self, DLI, Q_GOOD, 2 * 925e-6);
	/* Longer than stale-for, and bad in between. */
	pass(self, 3001);
	read_mv(self, LIGHT, 50000);
	expect(self, DLI, Q_GOOD, 2 * 925e-6);
	pass(self, 1000);
	fail_read(self, LIGHT);
	expect(self, DLI, Q_BAD_READ, 0);
	pass(self, 1000);
	read_mv(self, LIGHT, 50000);
	expect(self, DLI, Q_GOOD, 2 * 925e-6);
	/* 2 % of the day are 28 min 48 s. */
	pass(self, 28 * 60000 + 40000);
	read_mv(self, LIGHT, 50000);
	expect(self, DLI, Q_GOOD, 2 * 925e-6);
	pass(self, 10000);
	read_mv(self, LIGHT, 50000);
	expect(self, DLI, Q_UNCERTAIN_INCOMPLETE, 2 * 925e-6);
	EXPECT_FALSE(is_good(self, DLI));
	EXPECT_TRUE(is_good(self, PPFD));
}

TEST_F(derived, uncertain_light_is_not_added_up)
{
	read_mv(self, LIGHT, 50000);
	channels_doubt(self->channels, LIGHT, Q_UNCERTAIN_EXPIRED, self->now.boot_ns);
	for (int i = 0; i < 10; i++) {
		pass(self, 1000);
		read_mv(self, LIGHT, 50000);
	}
	expect(self, DLI, Q_UNCERTAIN_EXPIRED, 0);
}

TEST_F(derived, there_is_no_day_without_a_clock)
{
	self->now.is_set = false;
	read_mv(self, LIGHT, 50000);
	expect(self, PPFD, Q_GOOD, 925);
	expect(self, DLI, Q_BAD_NOT_READY, 0);
	pass(self, 1000);
	self->now.is_set = true;
	read_mv(self, LIGHT, 50000);
	expect(self, DLI, Q_GOOD, 0);
	pass(self, 1000);
	read_mv(self, LIGHT, 50000);
	expect(self, DLI, Q_GOOD, 925e-6);
}

/* At noon half of the day is missing, and the stores have what was there. */
TEST_F(derived, after_a_restart_the_day_until_then_is_missing)
{
	pass(self, 12 * HOUR_MS);
	begin(self);
	read_mv(self, LIGHT, 50000);
	pass(self, 1000);
	read_mv(self, LIGHT, 50000);
	expect(self, DLI, Q_UNCERTAIN_INCOMPLETE, 925e-6);
	self->conf.channels[DLI].may_miss = 0.6;
	pass(self, 1000);
	read_mv(self, LIGHT, 50000);
	expect(self, DLI, Q_GOOD, 2 * 925e-6);
}

TEST_F(derived, litres_are_the_pulses)
{
	pulse(self, 10);
	expect(self, VOLUME, Q_BAD_NOT_READY, 0);
	for (int i = 0; i < 900; i++) {
		pass(self, i % 3 ? 900 : 1200);
		pulse(self, 1);
	}
	expect(self, VOLUME, Q_GOOD, 2);
	/* A read that failed costs no pulse: the next one counts them. */
	pass(self, 1000);
	take(self, FLOW, (struct hydropon_record){ .type = HYDROPON_REC_PULSE, .status = -EIO });
	expect(self, VOLUME, Q_BAD_READ, 0);
	pass(self, 1000);
	pulse(self, 45);
	expect(self, VOLUME, Q_GOOD, 2.1);
}

TEST_F(derived, what_flowed_unseen_is_missing_in_litres)
{
	pulse(self, 0);
	for (int i = 0; i < 100; i++) {
		pass(self, 1000);
		pulse(self, 9);
	}
	expect(self, VOLUME, Q_GOOD, 2);
	pass(self, 4000);
	pulse(self, 36);
	expect(self, VOLUME, Q_BAD_NOT_READY, 0);
	pass(self, 1000);
	pulse(self, 9);
	expect(self, VOLUME, Q_UNCERTAIN_INCOMPLETE, 2.02);
	/* It becomes less than 2 % of the whole. */
	for (int i = 0; i < 100; i++) {
		pass(self, 1000);
		pulse(self, 9);
	}
	expect(self, VOLUME, Q_GOOD, 4.02);
	/* What is uncertain does not count either. */
	channels_doubt(self->channels, FLOW, Q_UNCERTAIN_CALIBRATING, self->now.boot_ns);
	pass(self, 1000);
	pulse(self, 9);
	expect(self, VOLUME, Q_UNCERTAIN_CALIBRATING, 4.02);
	/* A restart begins at 0: the stores add up increases. */
	begin(self);
	pulse(self, 9);
	pass(self, 1000);
	pulse(self, 9);
	expect(self, VOLUME, Q_GOOD, 0.02);
}

/* One turn: the output is as @on says since @ago_ms. */
static void turn(struct fixture_derived *self, bool is_known, bool on, uint64_t ago_ms)
{
	const struct output_level level = {
		.is_known = is_known, .on = on,
		.changed_ns = self->now.boot_ns - ago_ms * NS_PER_MS,
	};
	struct sample sample;

	for (size_t i = DOSE; i <= ON_TIME; i++) {
		channels_take_output(self->channels, i, &level, self->now.boot_ns, &self->now);
		if (channels_total(self->channels, i, &self->now, &sample))
			give(self, &sample);
	}
}

TEST_F(derived, doses_of_today_add_up)
{
	turn(self, true, false, 0);
	expect(self, DOSE, Q_GOOD, 0);
	pass(self, 1000);
	turn(self, true, true, 400);
	expect(self, ON_TIME, Q_GOOD, 0.4);
	expect(self, DOSE, Q_GOOD, 0.6);
	pass(self, 500);
	turn(self, true, true, 900);
	/* Once a second. */
	EXPECT_EQ(self->given[DOSE], 2);
	pass(self, 500);
	turn(self, true, false, 300);
	expect(self, DOSE, Q_GOOD, 1.65);
	EXPECT_TRUE(is_good(self, DOSE));
	/* Its device is gone for a while: that is missing, and not a dose. */
	pass(self, 1000);
	turn(self, false, false, 0);
	expect(self, DOSE, Q_BAD_NOT_READY, 0);
	EXPECT_FALSE(is_good(self, DOSE));
	EXPECT_FALSE(channels_is_present(self->channels, DOSE));
	pass(self, HOUR_MS);
	turn(self, true, false, 0);
	expect(self, DOSE, Q_UNCERTAIN_INCOMPLETE, 1.65);
	/* Another day. */
	pass(self, 23 * HOUR_MS);
	turn(self, true, true, 0);
	pass(self, 1000);
	turn(self, true, true, 1000);
	expect(self, ON_TIME, Q_GOOD, 1);
}

TEST_F(derived, a_pump_is_calibrated_by_its_seconds)
{
	const struct channel *dose = channels_get(self->channels, DOSE);
	struct conf_channel conf = self->conf.channels[DOSE];

	/* A clock is not needed for that. */
	self->now.is_set = false;
	turn(self, true, false, 0);
	pass(self, 1000);
	turn(self, true, true, 250);
	EXPECT_NEAR(dose->reading, 0.25, 1e-9);
	EXPECT_EQ(dose->reading_ns, self->now.boot_ns);
	self->now.is_set = true;
	turn(self, true, true, 250);
	channels_calibrate(self->channels, DOSE, &conf, self->now.boot_ns);
	conf.ml_per_s = 2;
	channels_doubt(self->channels, DOSE, Q_UNCERTAIN_CALIBRATING, self->now.boot_ns);
	EXPECT_FALSE(is_good(self, DOSE));
	pass(self, 1000);
	turn(self, true, true, 1250);
	EXPECT_NEAR(dose->reading, 1.25, 1e-9);
	expect(self, DOSE, Q_UNCERTAIN_CALIBRATING, 1.5);
	/* What it has given was given at the old rate. */
	channels_calibrate(self->channels, DOSE, &conf, self->now.boot_ns);
	channels_doubt(self->channels, DOSE, Q_GOOD, self->now.boot_ns);
	pass(self, 1000);
	turn(self, true, true, 2250);
	expect(self, DOSE, Q_GOOD, 3.5);
	/* Midnight does not touch it. */
	pass(self, 24 * HOUR_MS);
	turn(self, false, true, 0);
	EXPECT_NEAR(dose->reading, 2.25, 1e-9);
	EXPECT_EQ(dose->reading_ns, 0);
}

TEST_F(derived, doses_have_no_day_without_a_clock)
{
	self->now.is_set = false;
	turn(self, true, true, 0);
	expect(self, DOSE, Q_BAD_NOT_READY, 0);
	EXPECT_TRUE(channels_is_present(self->channels, DOSE));
	pass(self, 1000);
	self->now.is_set = true;
	turn(self, true, true, 1000);
	expect(self, DOSE, Q_GOOD, 0);
}
