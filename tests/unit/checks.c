// SPDX-License-Identifier: GPL-2.0-only
#include "harness.h"

#include <math.h>

#include "base/conf_value.h"
#include "base/quantity.h"
#include "channel/judgement.h"

/* One channel that is judged, with twins and outputs beside it. */
FIXTURE(checks)
{
	struct conf_channel conf;
	struct judgement judgement, twins[CONF_MAX_TWINS];
	struct driver pump, lamp, dosers[2];
	enum quality doubt;
	uint64_t at_ns, every_ns;
	unsigned int twins_n;
	double twin_value[CONF_MAX_TWINS];
	enum quality twin_given;
	bool has_pump, has_lamp, has_dosers, is_clock_wrong;
	int64_t wall_ms;
	uint64_t random;
};

static void be(struct fixture_checks *self, enum quantity quantity)
{
	self->conf.quantity = quantity;
	self->conf.min = quantity_traits(quantity)->min;
	self->conf.max = quantity_traits(quantity)->max;
	conf_judge_defaults(quantity, &self->conf.judge);
}

FIXTURE_SETUP(checks)
{
	be(self, QUANTITY_PH);
	self->at_ns = 1000 * NS_PER_SEC;
	self->every_ns = NS_PER_SEC;
	self->random = 1;
}

FIXTURE_TEARDOWN(checks)
{
}

static struct look look_at(struct fixture_checks *self, double value)
{
	struct look look = {
		.conf = &self->conf, .at_ns = self->at_ns, .value = value, .plain = value,
		.doubt = self->doubt, .wall_ms = self->wall_ms,
		.is_wall_set = self->wall_ms && !self->is_clock_wrong,
		.pump = self->has_pump ? &self->pump : NULL,
		.lamp = self->has_lamp ? &self->lamp : NULL,
	};

	if (value < self->conf.min || value > self->conf.max)
		look.given = Q_BAD_RANGE;
	for (unsigned int i = 0; i < 2 && self->has_dosers; i++)
		look.dosers[i] = &self->dosers[i];
	for (unsigned int i = 0; i < self->twins_n; i++)
		look.twins[i] = &self->twins[i];
	return look;
}

/* Noise of about @size, in steps of a tenth of it. */
static double noise(struct fixture_checks *self, double size)
{
	self->random = self->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return size / 10 * (double)((int)(self->random >> 33) % 21 - 10);
}

static enum quality given(struct fixture_checks *self, double value, enum quality q)
{
	struct look look;

	self->at_ns += self->every_ns;
	for (unsigned int i = 0; i < self->twins_n; i++) {
		look = look_at(self, self->twin_value[i] + noise(self, 0.01));
		look.twins[0] = look.twins[1] = NULL;
		look.given = self->twin_given ? self->twin_given : look.given;
		judgement_take(&self->twins[i], &look);
	}
	look = look_at(self, value);
	if (q)
		look.given = q;
	return judgement_take(&self->judgement, &look);
}

static enum quality put(struct fixture_checks *self, double value)
{
	return given(self, value, Q_GOOD);
}

/* Reads @value with noise for @seconds; returns the worst quality. */
static enum quality stay(struct fixture_checks *self, double value, double size,
			 unsigned int seconds)
{
	uint64_t end_ns = self->at_ns + seconds * NS_PER_SEC;
	enum quality worst = Q_GOOD, q;

	while (self->at_ns < end_ns) {
		q = put(self, value + noise(self, size));
		worst = q > worst ? q : worst;
	}
	return worst;
}

static void turn(struct fixture_checks *self, struct driver *driver, bool is_on)
{
	driver->on_ns = driver_on_ns(driver, self->at_ns);
	driver->is_on = is_on;
	driver->is_known = true;
	driver->changed_ns = self->at_ns;
}

TEST_F(checks, a_steady_probe_is_good)
{
	EXPECT_EQ(stay(self, 6, 0.02, 24 * 3600), Q_GOOD);
}

TEST_F(checks, what_the_reading_says_comes_first)
{
	EXPECT_EQ(put(self, 6), Q_GOOD);
	EXPECT_EQ(given(self, 6, Q_BAD_READ), Q_BAD_READ);
	EXPECT_EQ(given(self, 6, Q_BAD_STALE), Q_BAD_STALE);
	EXPECT_EQ(given(self, 6, Q_BAD_NOT_READY), Q_BAD_NOT_READY);
	EXPECT_EQ(given(self, 6, Q_BAD_STORM), Q_BAD_STORM);
	EXPECT_EQ(put(self, 15), Q_BAD_RANGE);
	EXPECT_EQ(given(self, 6, Q_UNCERTAIN_TEMPERATURE), Q_UNCERTAIN_TEMPERATURE);
	EXPECT_EQ(put(self, 6), Q_GOOD);
}

TEST_F(checks, what_was_not_read_is_not_looked_at)
{
	be(self, QUANTITY_EC);
	stay(self, 1500, 5, 60);
	EXPECT_EQ(given(self, 0, Q_BAD_READ), Q_BAD_READ);
	for (size_t i = 0; i < checks_n; i++)
		EXPECT_EQ(self->judgement.states[i].is_fault, checks[i].q == Q_BAD_READ);
	EXPECT_EQ(put(self, 1500), Q_GOOD);
}

TEST_F(checks, a_spike_costs_a_sample)
{
	stay(self, 6, 0.02, 60);
	EXPECT_EQ(put(self, 6.5), Q_UNCERTAIN_SPIKE);
	EXPECT_EQ(put(self, 6), Q_GOOD);
	EXPECT_EQ(put(self, 5.5), Q_UNCERTAIN_SPIKE);
	EXPECT_EQ(put(self, 6.25), Q_GOOD);
}

TEST_F(checks, a_step_is_believed_by_and_by)
{
	stay(self, 6, 0.02, 600);
	EXPECT_EQ(stay(self, 7, 0.02, 10), Q_UNCERTAIN_SPIKE);
	EXPECT_EQ(stay(self, 7, 0.02, 1), Q_UNCERTAIN_RATE);
	EXPECT_EQ(stay(self, 7, 0.02, 595), Q_UNCERTAIN_RATE);
	stay(self, 7, 0.02, 10);
	EXPECT_EQ(stay(self, 7, 0.02, 3600), Q_GOOD);
}

TEST_F(checks, a_slow_reader_may_have_moved_further)
{
	self->every_ns = 300 * NS_PER_SEC;
	stay(self, 6, 0.02, 7200);
	EXPECT_EQ(put(self, 7), Q_GOOD);
	EXPECT_EQ(put(self, 9.5), Q_UNCERTAIN_SPIKE);
}

TEST_F(checks, what_comes_back_far_away_must_be_confirmed)
{
	const uint64_t every_s[] = { 1, 60 }, out_s[] = { 240, 900, 7200 };

	for (int i = 0; i < 6; i++) {
		memset(&self->judgement, 0, sizeof(self->judgement));
		self->every_ns = every_s[i % 2] * NS_PER_SEC;
		stay(self, 5.8, 0.02, 3600);
		for (uint64_t s = 0; s < out_s[i / 2]; s += every_s[i % 2])
			EXPECT_EQ(put(self, -1), Q_BAD_RANGE);
		EXPECT_EQ(put(self, 7), Q_UNCERTAIN_SPIKE);
		EXPECT_EQ(put(self, 7), Q_UNCERTAIN_SPIKE);
		stay(self, 7, 0.02, 660);
		EXPECT_EQ(stay(self, 7, 0.02, 600), Q_GOOD);
	}
}

TEST_F(checks, what_comes_back_near_is_good)
{
	stay(self, 5.8, 0.02, 3600);
	self->at_ns += 7200 * NS_PER_SEC;
	EXPECT_EQ(put(self, 6), Q_GOOD);
}

/* A pause says nothing of how far the tank may have gone. */
TEST_F(checks, after_a_pause_a_slow_reader_must_confirm_too)
{
	self->every_ns = 300 * NS_PER_SEC;
	stay(self, 6, 0.02, 7200);
	self->at_ns += 7200 * NS_PER_SEC;
	EXPECT_EQ(put(self, 7), Q_UNCERTAIN_SPIKE);
}

/* However far it is off, it goes no faster than it may: it must not be a spike for ever. */
TEST_F(checks, a_slow_reader_that_moves_on_is_believed_by_and_by)
{
	double value = 4;

	self->every_ns = 300 * NS_PER_SEC;
	stay(self, value, 0.02, 7200);
	EXPECT_EQ(put(self, value += 2), Q_UNCERTAIN_SPIKE);
	for (int i = 0; i < 8; i++)
		put(self, value += 0.5);
	EXPECT_EQ(put(self, value), Q_GOOD);
}

TEST_F(checks, too_fast_a_ramp_is_told)
{
	double value = 6;
	enum quality q = Q_GOOD;

	stay(self, value, 0.02, 600);
	for (int i = 0; i < 180; i++)
		q = put(self, value += 0.01);	/* 0.6 a minute */
	EXPECT_EQ(q, Q_UNCERTAIN_RATE);
	EXPECT_EQ(stay(self, value, 0.02, 500), Q_UNCERTAIN_RATE);
	stay(self, value, 0.02, 300);
	EXPECT_EQ(stay(self, value, 0.02, 600), Q_GOOD);
}

TEST_F(checks, a_ramp_that_can_be_is_none)
{
	double value = 6;

	stay(self, value, 0.02, 600);
	for (int i = 0; i < 600; i++)
		EXPECT_EQ(put(self, value += 0.004), Q_GOOD);	/* 0.24 a minute */
}

TEST_F(checks, noise_is_told_and_ends)
{
	stay(self, 6, 0.02, 600);
	EXPECT_EQ(stay(self, 6, 0.29, 60), Q_UNCERTAIN_NOISE);
	/* It does not flap: a minute of quiet ends it. */
	stay(self, 6, 0.02, 50);
	EXPECT_EQ(put(self, 6), Q_UNCERTAIN_NOISE);
	stay(self, 6, 0.02, 120);
	EXPECT_EQ(stay(self, 6, 0.02, 600), Q_GOOD);
}

TEST_F(checks, one_spike_is_no_noise)
{
	stay(self, 6, 0.02, 600);
	for (int i = 0; i < 10; i++) {
		EXPECT_EQ(put(self, 9), Q_UNCERTAIN_SPIKE);
		EXPECT_EQ(stay(self, 6, 0.02, 60), Q_GOOD);
	}
}

TEST_F(checks, a_lively_probe_that_stays_is_stuck_and_moves_again)
{
	stay(self, 6, 0.02, 3600);
	EXPECT_EQ(stay(self, 6.01, 0, 295), Q_GOOD);
	EXPECT_EQ(stay(self, 6.01, 0, 10), Q_UNCERTAIN_STUCK);
	EXPECT_EQ(stay(self, 6.01, 0, 3600), Q_UNCERTAIN_STUCK);
	EXPECT_EQ(put(self, 6.02), Q_GOOD);
	EXPECT_EQ(stay(self, 6, 0.02, 3600), Q_GOOD);
	EXPECT_EQ(stay(self, 6, 0, 310), Q_UNCERTAIN_STUCK);
}

TEST_F(checks, a_stuck_probe_is_stuck_still_after_a_gap)
{
	stay(self, 6, 0.02, 3600);
	EXPECT_EQ(stay(self, 6.01, 0, 310), Q_UNCERTAIN_STUCK);
	for (int i = 0; i < 12; i++)
		given(self, 0, Q_BAD_READ);
	EXPECT_EQ(put(self, 6.01), Q_UNCERTAIN_STUCK);
	self->at_ns += 3600 * NS_PER_SEC;
	EXPECT_EQ(put(self, 6.01), Q_UNCERTAIN_STUCK);
	EXPECT_EQ(put(self, 6.02), Q_GOOD);
}

/* What is not heard of does not stay the same. */
TEST_F(checks, a_gap_is_no_time_in_which_a_reading_stayed)
{
	stay(self, 6, 0.02, 3600);
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(put(self, 6), Q_GOOD);
		self->at_ns += 600 * NS_PER_SEC;
		EXPECT_EQ(stay(self, 6, 0, 30), Q_GOOD);
		EXPECT_EQ(stay(self, 6, 0.02, 600), Q_GOOD);
	}
	EXPECT_EQ(stay(self, 6, 0, 310), Q_UNCERTAIN_STUCK);
}

TEST_F(checks, a_probe_that_has_never_moved_is_not_good_for_days)
{
	EXPECT_EQ(stay(self, 6, 0, 3590), Q_GOOD);
	EXPECT_EQ(stay(self, 6, 0, 20), Q_UNCERTAIN_STUCK);
	/* It moves, if seldom: so it may be calm. */
	EXPECT_EQ(put(self, 6.1), Q_GOOD);
	EXPECT_EQ(stay(self, 6.1, 0, 24 * 3600), Q_GOOD);
}

TEST_F(checks, another_number_after_a_gap_is_no_movement)
{
	EXPECT_EQ(stay(self, 6, 0, 600), Q_GOOD);
	self->at_ns += 60 * NS_PER_SEC;
	EXPECT_EQ(stay(self, 6.1, 0, 3590), Q_GOOD);
	EXPECT_EQ(stay(self, 6.1, 0, 20), Q_UNCERTAIN_STUCK);
}

TEST_F(checks, a_thermometer_may_never_have_moved)
{
	be(self, QUANTITY_TEMPERATURE);
	EXPECT_EQ(stay(self, 20, 0, 24 * 3600), Q_GOOD);
}

TEST_F(checks, a_coarse_sensor_is_not_stuck)
{
	be(self, QUANTITY_TEMPERATURE);
	/* Steps of 0.5 C through two warm days and calm nights. */
	for (int i = 0; i < 2 * 86400; i++) {
		double truth = 20 + 2 * fmax(0, sin(i * 2 * M_PI / 86400));

		EXPECT_EQ(put(self, round(truth / 0.5 + noise(self, 0.1)) * 0.5), Q_GOOD);
	}
	/* But not for ever. */
	EXPECT_EQ(stay(self, 20, 0, 73 * 3600), Q_UNCERTAIN_STUCK);
}

/* Between two numbers a coarse sensor trembles for a while, and then does not. */
TEST_F(checks, trembling_is_no_liveliness)
{
	be(self, QUANTITY_TEMPERATURE);
	for (int i = 0; i < 3600; i++)
		put(self, 20 + 0.1 * (noise(self, 1) > 0));
	EXPECT_EQ(stay(self, 20, 0, 12 * 3600), Q_GOOD);
}

TEST_F(checks, a_device_that_measures_seldom_is_not_stuck)
{
	be(self, QUANTITY_TEMPERATURE);
	for (int i = 0; i < 600; i++)
		stay(self, 20 + noise(self, 0.1), 0, 20);
	EXPECT_EQ(stay(self, 20, 0, 3600), Q_GOOD);
}

TEST_F(checks, a_channel_that_often_rests_is_not_stuck)
{
	stay(self, 6, 0.02, 3600);
	for (int i = 0; i < 2; i++) {
		stay(self, 6, 0, 200);
		stay(self, 6, 0.02, 600);
	}
	EXPECT_EQ(stay(self, 6, 0, 3600), Q_GOOD);
}

TEST_F(checks, the_dark_is_not_stuck)
{
	be(self, QUANTITY_LIGHT);
	stay(self, 18000, 90, 3600);
	EXPECT_EQ(stay(self, 0, 0, 100 * 3600), Q_GOOD);
	EXPECT_EQ(stay(self, 18000, 90, 3600), Q_GOOD);
	EXPECT_EQ(stay(self, 18000, 0, 310), Q_UNCERTAIN_STUCK);
}

TEST_F(checks, a_level_may_stay_while_its_pump_is_off)
{
	be(self, QUANTITY_LEVEL);
	self->has_pump = true;
	turn(self, &self->pump, true);
	EXPECT_EQ(stay(self, 25, 0.3, 3600), Q_GOOD);
	turn(self, &self->pump, false);
	EXPECT_EQ(stay(self, 25, 0, 100 * 3600), Q_GOOD);
	turn(self, &self->pump, true);
	EXPECT_EQ(stay(self, 25, 0, 290), Q_GOOD);
	EXPECT_EQ(stay(self, 25, 0, 20), Q_UNCERTAIN_STUCK);
}

/* Whoever lets the pump go for that shall not be told that all is well. */
TEST_F(checks, a_stuck_level_is_not_cured_by_its_pump)
{
	be(self, QUANTITY_LEVEL);
	self->has_pump = true;
	turn(self, &self->pump, true);
	EXPECT_EQ(stay(self, 25, 0.3, 3600), Q_GOOD);
	EXPECT_EQ(stay(self, 25, 0, 310), Q_UNCERTAIN_STUCK);
	turn(self, &self->pump, false);
	for (int i = 0; i < 3600; i++)
		EXPECT_EQ(put(self, 25), Q_UNCERTAIN_STUCK);
	EXPECT_EQ(put(self, 25.1), Q_GOOD);
	EXPECT_EQ(stay(self, 25.1, 0, 3600), Q_GOOD);
}

TEST_F(checks, an_answer_code_is_bad_while_it_lasts)
{
	be(self, QUANTITY_EC);
	self->every_ns = 300 * NS_PER_SEC;
	EXPECT_EQ(put(self, 255), Q_BAD_CODE);
	EXPECT_EQ(put(self, 1350), Q_GOOD);
	for (int i = 0; i < 100; i++)
		EXPECT_EQ(put(self, 255), Q_BAD_CODE);
	EXPECT_EQ(put(self, 1350), Q_GOOD);
}

TEST_F(checks, a_power_on_value_is_no_temperature)
{
	be(self, QUANTITY_TEMPERATURE);
	self->conf.max = 150;
	EXPECT_EQ(stay(self, 22.5, 0.1, 60), Q_GOOD);
	EXPECT_EQ(put(self, 85), Q_BAD_CODE);
	EXPECT_EQ(put(self, 2), Q_BAD_CODE);
	EXPECT_EQ(put(self, 22.5), Q_GOOD);
}

TEST_F(checks, a_tank_may_pass_the_number_of_a_code)
{
	be(self, QUANTITY_EC);
	for (double ec = 240; ec < 270; ec += 0.5)
		EXPECT_EQ(put(self, ec), Q_GOOD);
}

TEST_F(checks, a_probe_in_the_air_has_no_signal)
{
	be(self, QUANTITY_EC);
	stay(self, 1500, 5, 60);
	EXPECT_EQ(put(self, 0), Q_BAD_NO_SIGNAL);
	EXPECT_EQ(stay(self, 0.5, 0.2, 3600), Q_BAD_NO_SIGNAL);
	EXPECT_EQ(put(self, 7), Q_BAD_NO_SIGNAL);
	EXPECT_EQ(put(self, 1500), Q_GOOD);
}

TEST_F(checks, two_that_differ_are_both_doubted)
{
	self->twins_n = 1;
	self->twin_value[0] = 6;
	EXPECT_EQ(stay(self, 6.15, 0.02, 1800), Q_GOOD);
	EXPECT_EQ(stay(self, 6.25, 0.02, 1800), Q_UNCERTAIN_DISAGREEMENT);
	stay(self, 6.18, 0.02, 3600);	/* near the limit it does not flap */
	EXPECT_EQ(put(self, 6.18), Q_UNCERTAIN_DISAGREEMENT);
	stay(self, 6.1, 0.02, 1800);
	EXPECT_EQ(stay(self, 6.1, 0.02, 600), Q_GOOD);
}

TEST_F(checks, two_out_of_three_are_right)
{
	self->twins_n = 2;
	self->twin_value[0] = 6;
	self->twin_value[1] = 6.05;
	EXPECT_EQ(stay(self, 6.1, 0.02, 1800), Q_GOOD);
	EXPECT_EQ(stay(self, 6.3, 0.02, 1800), Q_UNCERTAIN_OUTVOTED);
	self->twin_value[0] = 6.3;	/* now it is the other one */
	stay(self, 6.3, 0.02, 2400);
	EXPECT_EQ(stay(self, 6.3, 0.02, 600), Q_GOOD);
	self->twin_value[0] = 5.7;	/* and now nobody knows */
	stay(self, 6.4, 0.02, 1800);
	EXPECT_EQ(put(self, 6.4), Q_UNCERTAIN_DISAGREEMENT);
}

TEST_F(checks, twins_are_compared_by_minutes_that_both_have)
{
	double value = 6;

	self->twins_n = 1;
	self->twin_value[0] = value;
	EXPECT_EQ(stay(self, value, 0.02, 1200), Q_GOOD);
	for (int i = 0; i < 480; i++) {
		put(self, value += 0.002);
		self->twin_value[0] = value;
	}
	/* It was calibrated: what it read before is no measure any more. */
	judgement_forget(&self->twins[0]);
	EXPECT_EQ(stay(self, value, 0.02, 1200), Q_GOOD);
}

TEST_F(checks, twins_that_are_read_seldom_need_no_minute_in_common)
{
	struct look look;

	self->every_ns = 300 * NS_PER_SEC;
	for (int i = 0; i < 40; i++) {
		self->twins_n = 0;
		self->at_ns += 120 * NS_PER_SEC;
		look = look_at(self, 6 + noise(self, 0.02));
		judgement_take(&self->twins[0], &look);
		self->at_ns -= 120 * NS_PER_SEC;
		self->twins_n = 1;
		self->at_ns += self->every_ns;
		look = look_at(self, 6.3 + noise(self, 0.02));
		judgement_take(&self->judgement, &look);
	}
	EXPECT_EQ(self->judgement.q, Q_UNCERTAIN_DISAGREEMENT);
}

TEST_F(checks, a_twin_that_is_wrong_itself_has_no_vote)
{
	self->twins_n = 1;
	self->twin_value[0] = 15;
	EXPECT_EQ(stay(self, 6, 0.02, 3600), Q_GOOD);
	self->twin_value[0] = 7;
	self->twin_given = Q_UNCERTAIN_TEMPERATURE;
	EXPECT_EQ(stay(self, 6, 0.02, 3600), Q_GOOD);
}

/* A dose of 2 s and what comes of it, and its time; the worst quality. */
static enum quality dose(struct fixture_checks *self, double *value, double effect)
{
	enum quality worst, q;

	worst = stay(self, *value, 0.02, 1200);
	turn(self, &self->dosers[0], true);
	stay(self, *value, 0.02, 2);
	turn(self, &self->dosers[0], false);
	*value += effect;
	q = stay(self, *value, 0.02, 700);
	return q > worst ? q : worst;
}

TEST_F(checks, doses_that_do_nothing_are_told)
{
	double value = 6.5;

	self->has_dosers = true;
	turn(self, &self->dosers[0], false);
	turn(self, &self->dosers[1], false);
	for (int i = 0; i < 7; i++)
		EXPECT_EQ(dose(self, &value, -0.15), Q_GOOD);
	EXPECT_EQ(dose(self, &value, 0), Q_GOOD);
	EXPECT_EQ(dose(self, &value, 0), Q_GOOD);
	EXPECT_EQ(dose(self, &value, 0.01), Q_UNCERTAIN_NO_RESPONSE);
	/* One dose an hour may show that all is well again. */
	stay(self, value, 0.02, 3600);
	EXPECT_EQ(stay(self, value, 0.02, 600), Q_GOOD);
	EXPECT_EQ(dose(self, &value, 0), Q_UNCERTAIN_NO_RESPONSE);
	dose(self, &value, -0.15);
	EXPECT_EQ(stay(self, value, 0.02, 600), Q_GOOD);
}

/* A dose of 3 s that begins and ends between two readings, and what comes of it. */
static enum quality dose_between(struct fixture_checks *self, unsigned int doser, double *value,
				 double effect)
{
	enum quality worst = stay(self, *value, 0.02, 1200), q;

	self->at_ns += NS_PER_SEC;
	turn(self, &self->dosers[doser], true);
	self->at_ns += 3 * NS_PER_SEC;
	turn(self, &self->dosers[doser], false);
	self->at_ns -= 4 * NS_PER_SEC;
	*value += effect;
	q = stay(self, *value, 0.02, 900);
	return q > worst ? q : worst;
}

TEST_F(checks, doses_between_readings_are_seen)
{
	const uint64_t every_s[] = { 10, 60, 300 };

	for (size_t i = 0; i < sizeof(every_s) / sizeof(every_s[0]); i++) {
		double value = 6.5;

		memset(&self->judgement, 0, sizeof(self->judgement));
		self->every_ns = every_s[i] * NS_PER_SEC;
		self->has_dosers = true;
		turn(self, &self->dosers[0], false);
		turn(self, &self->dosers[1], false);
		for (int j = 0; j < 7; j++)
			EXPECT_EQ(dose_between(self, 0, &value, -0.15), Q_GOOD);
		EXPECT_EQ(self->judgement.dose.learned, 5);
		EXPECT_TRUE(fabs(self->judgement.dose.per_s + 0.05) < 0.005);
		for (int j = 0; j < 3; j++)
			dose_between(self, 0, &value, 0);
		EXPECT_EQ(put(self, value), Q_UNCERTAIN_NO_RESPONSE);
	}
}

/* What another doser has done in the meantime is no answer to this one's. */
TEST_F(checks, a_dose_of_another_between_readings_is_seen)
{
	double value = 6.5;

	self->every_ns = 60 * NS_PER_SEC;
	self->has_dosers = true;
	turn(self, &self->dosers[0], false);
	turn(self, &self->dosers[1], false);
	for (int i = 0; i < 5; i++)
		dose_between(self, 0, &value, -0.15);
	stay(self, value, 0.02, 1200);
	self->at_ns += NS_PER_SEC;
	turn(self, &self->dosers[0], true);
	turn(self, &self->dosers[1], true);
	self->at_ns += 3 * NS_PER_SEC;
	turn(self, &self->dosers[0], false);
	turn(self, &self->dosers[1], false);
	self->at_ns -= 4 * NS_PER_SEC;
	stay(self, value, 0.02, 900);
	EXPECT_EQ(self->judgement.dose.misses, 0);
	EXPECT_TRUE(self->judgement.dose.per_s < -0.045);
}

TEST_F(checks, what_moves_without_a_dose_is_told)
{
	double value = 6;
	enum quality worst = Q_GOOD, q;

	self->has_dosers = true;
	turn(self, &self->dosers[0], false);
	turn(self, &self->dosers[1], false);
	EXPECT_EQ(stay(self, value, 0.02, 7200), Q_GOOD);
	for (int i = 0; i < 3600; i++) {
		q = put(self, value += 0.0004);		/* 0.72 in half an hour */
		worst = q > worst ? q : worst;
	}
	EXPECT_EQ(worst, Q_UNCERTAIN_UNDOSED);
}

TEST_F(checks, a_change_of_water_is_told_once)
{
	self->has_dosers = true;
	turn(self, &self->dosers[0], false);
	turn(self, &self->dosers[1], false);
	stay(self, 5.8, 0.02, 7200);
	EXPECT_EQ(stay(self, 7.2, 0.02, 600), Q_UNCERTAIN_RATE);
	stay(self, 7.2, 0.02, 15);
	EXPECT_EQ(stay(self, 7.2, 0.02, 7200), Q_GOOD);
}

TEST_F(checks, what_a_doser_moves_is_not_told)
{
	double value = 6;

	self->has_dosers = true;
	turn(self, &self->dosers[0], false);
	turn(self, &self->dosers[1], false);
	stay(self, value, 0.02, 7200);
	turn(self, &self->dosers[1], true);
	for (int i = 0; i < 7200; i++)
		EXPECT_EQ(put(self, value += 0.0004), Q_GOOD);
}

TEST_F(checks, flow_goes_with_its_pump)
{
	be(self, QUANTITY_FLOW);
	self->has_pump = true;
	turn(self, &self->pump, false);
	EXPECT_EQ(stay(self, 0, 0, 600), Q_GOOD);
	turn(self, &self->pump, true);
	EXPECT_EQ(stay(self, 0, 0, 5), Q_GOOD);		/* it has to start */
	EXPECT_EQ(stay(self, 6, 0.2, 600), Q_GOOD);
	EXPECT_EQ(stay(self, 0.1, 0.05, 30), Q_UNCERTAIN_FLOW);
	/* Whoever lets the pump go for that shall not be told at once that all is well. */
	turn(self, &self->pump, false);
	EXPECT_EQ(stay(self, 0, 0, 300), Q_UNCERTAIN_FLOW);
	stay(self, 0, 0, 600);
	EXPECT_EQ(stay(self, 0, 0, 300), Q_GOOD);
	EXPECT_EQ(stay(self, 1, 0.05, 300), Q_UNCERTAIN_FLOW);
}

/* The pump of aeroponics is never on long enough for a verdict, but a flow is a flow. */
TEST_F(checks, a_flow_in_short_cycles_ends_the_verdict)
{
	be(self, QUANTITY_FLOW);
	self->has_pump = true;
	turn(self, &self->pump, true);
	EXPECT_EQ(stay(self, 0, 0, 60), Q_UNCERTAIN_FLOW);
	for (int i = 0; i < 10; i++) {
		turn(self, &self->pump, false);
		EXPECT_EQ(stay(self, 0, 0, 90), Q_UNCERTAIN_FLOW);
		turn(self, &self->pump, true);
		EXPECT_EQ(stay(self, 0, 0, 15), Q_UNCERTAIN_FLOW);
	}
	for (int i = 0; i < 10; i++) {
		turn(self, &self->pump, false);
		stay(self, 0, 0, 90);
		turn(self, &self->pump, true);
		stay(self, 5, 0.2, 15);
	}
	turn(self, &self->pump, false);
	EXPECT_EQ(stay(self, 0, 0, 60), Q_GOOD);
}

/* Flow while the pump is on says nothing of a siphon. */
TEST_F(checks, a_siphon_is_not_ended_by_its_pump)
{
	be(self, QUANTITY_FLOW);
	self->has_pump = true;
	turn(self, &self->pump, false);
	EXPECT_EQ(stay(self, 1, 0.05, 300), Q_UNCERTAIN_FLOW);
	for (int i = 0; i < 10; i++) {
		turn(self, &self->pump, true);
		stay(self, 5, 0.2, 15);
		turn(self, &self->pump, false);
		stay(self, 1, 0.05, 90);
	}
	EXPECT_EQ(put(self, 1), Q_UNCERTAIN_FLOW);
}

TEST_F(checks, noise_of_a_flow_lapses_in_short_cycles)
{
	be(self, QUANTITY_FLOW);
	self->has_pump = true;
	turn(self, &self->pump, true);
	stay(self, 6, 0.2, 60);
	EXPECT_EQ(stay(self, 6, 1.99, 60), Q_UNCERTAIN_NOISE);
	for (int i = 0; i < 20; i++) {
		turn(self, &self->pump, i % 2);
		stay(self, i % 2 ? 5 : 0, 0, 12);
	}
	EXPECT_EQ(put(self, 5), Q_GOOD);
}

TEST_F(checks, a_lamp_lights)
{
	be(self, QUANTITY_LIGHT);
	self->has_lamp = true;
	turn(self, &self->lamp, false);
	EXPECT_EQ(stay(self, 3, 0, 600), Q_GOOD);
	turn(self, &self->lamp, true);
	EXPECT_EQ(stay(self, 3, 0, 175), Q_GOOD);
	EXPECT_EQ(stay(self, 3, 0, 20), Q_UNCERTAIN_LIGHT);
	stay(self, 18000, 90, 600);
	EXPECT_EQ(stay(self, 18000, 90, 600), Q_GOOD);
}

TEST_F(checks, a_step_with_the_pump_is_a_ground_loop)
{
	self->has_pump = true;
	turn(self, &self->pump, false);
	for (int i = 0; i < 4; i++) {
		stay(self, 6, 0.02, 300);
		turn(self, &self->pump, true);
		stay(self, 6.2, 0.02, 300);
		turn(self, &self->pump, false);
	}
	EXPECT_EQ(stay(self, 6, 0.02, 300), Q_UNCERTAIN_GROUND_LOOP);
}

/* A circulation pump may not be switched again for months. */
TEST_F(checks, a_ground_loop_lapses_if_its_pump_stays_as_it_is)
{
	self->has_pump = true;
	turn(self, &self->pump, false);
	for (int i = 0; i < 4; i++) {
		stay(self, 6, 0.02, 300);
		turn(self, &self->pump, true);
		stay(self, 6.2, 0.02, 300);
		turn(self, &self->pump, i == 3);
	}
	EXPECT_EQ(stay(self, 6.2, 0.02, 300), Q_UNCERTAIN_GROUND_LOOP);
	stay(self, 6.2, 0.02, 6 * 3600 + 600);
	EXPECT_EQ(stay(self, 6.2, 0.02, 3600), Q_GOOD);
	/* Once more each way, and it is told again. */
	turn(self, &self->pump, false);
	stay(self, 6, 0.02, 300);
	turn(self, &self->pump, true);
	EXPECT_EQ(stay(self, 6.2, 0.02, 300), Q_UNCERTAIN_GROUND_LOOP);
}

TEST_F(checks, what_the_pump_mixes_is_no_ground_loop)
{
	double value = 6;

	self->has_pump = true;
	turn(self, &self->pump, false);
	for (int i = 0; i < 6; i++) {
		EXPECT_EQ(stay(self, value, 0.02, 300), Q_GOOD);
		turn(self, &self->pump, true);
		value -= 0.15;
		EXPECT_EQ(stay(self, value, 0.02, 300), Q_GOOD);
		turn(self, &self->pump, false);
	}
}

TEST_F(checks, what_goes_one_way_is_no_ground_loop)
{
	double value = 6;

	self->has_pump = true;
	turn(self, &self->pump, false);
	for (int i = 0; i < 12; i++) {
		EXPECT_EQ(stay(self, value, 0.02, 300), Q_GOOD);
		turn(self, &self->pump, i % 2 == 0);
		value -= 0.15;
	}
}

TEST_F(checks, upkeep_is_told)
{
	self->conf.judge.warm_up_ms = 30000;
	EXPECT_EQ(stay(self, 6, 0.02, 30), Q_UNCERTAIN_WARM_UP);
	EXPECT_EQ(stay(self, 6, 0.02, 30), Q_GOOD);
	judgement_begin(&self->judgement);
	EXPECT_EQ(stay(self, 6, 0.02, 30), Q_UNCERTAIN_WARM_UP);
	self->doubt = Q_UNCERTAIN_EXPIRED;
	EXPECT_EQ(stay(self, 6, 0.02, 30), Q_UNCERTAIN_EXPIRED);
	self->doubt = Q_UNCERTAIN_CALIBRATION;
	EXPECT_EQ(put(self, 6), Q_UNCERTAIN_CALIBRATION);
	self->conf.judge.is_out_of_service = true;
	EXPECT_EQ(put(self, 6), Q_UNCERTAIN_OVERRIDE);
	self->conf.judge.is_out_of_service = false;
	self->doubt = Q_GOOD;
	EXPECT_EQ(put(self, 6), Q_GOOD);
}

/* In the bottles and on the way between them it reads what it likes, and none of that counts later. */
TEST_F(checks, a_calibration_is_no_fault_of_the_probe)
{
	EXPECT_EQ(stay(self, 6, 0.02, 600), Q_GOOD);
	self->doubt = Q_UNCERTAIN_CALIBRATING;
	EXPECT_EQ(stay(self, 4.01, 0, 600), Q_UNCERTAIN_CALIBRATING);
	EXPECT_EQ(stay(self, 7, 0.3, 600), Q_UNCERTAIN_CALIBRATING);
	self->doubt = Q_GOOD;
	judgement_forget(&self->judgement);
	EXPECT_EQ(put(self, 6.2), Q_GOOD);
	EXPECT_EQ(stay(self, 6.2, 0.02, 600), Q_GOOD);
}

TEST_F(checks, a_probe_grows_old_only_by_a_clock_that_is_set)
{
	self->conf.judge.probe_since_ms = 1700000000000;
	self->conf.judge.probe_life_days = 365;
	EXPECT_EQ(put(self, 6), Q_GOOD);
	self->wall_ms = 1700000000000 + 365 * 86400000LL;
	EXPECT_EQ(put(self, 6), Q_GOOD);
	self->wall_ms += 86400000;
	self->is_clock_wrong = true;
	EXPECT_EQ(put(self, 6), Q_GOOD);
	self->is_clock_wrong = false;
	EXPECT_EQ(put(self, 6), Q_UNCERTAIN_PROBE_AGE);
}

TEST_F(checks, a_clock_that_stands_or_goes_back_harms_nothing)
{
	stay(self, 6, 0.02, 600);
	self->every_ns = 0;
	for (int i = 0; i < 100; i++)
		EXPECT_EQ(put(self, 6 + noise(self, 0.02)), Q_GOOD);
	self->at_ns -= 300 * NS_PER_SEC;
	EXPECT_EQ(put(self, 6), Q_GOOD);
	self->every_ns = NS_PER_SEC;
	EXPECT_EQ(stay(self, 6, 0.02, 3600), Q_GOOD);
}

TEST(each_row_has_a_name_of_its_own_and_bad_ones_come_first)
{
	bool is_uncertain = false;

	for (size_t i = 0; i < checks_n; i++) {
		EXPECT_STREQ(checks[i].name, quality_name((uint8_t)checks[i].q));
		EXPECT_TRUE(check_find((uint8_t)checks[i].q) == &checks[i]);
		is_uncertain |= quality_has_value((uint8_t)checks[i].q);
		EXPECT_EQ(is_uncertain, quality_has_value((uint8_t)checks[i].q));
		EXPECT_TRUE(checks[i].remedy && *checks[i].remedy);
	}
	EXPECT_TRUE(check_find(Q_GOOD) == NULL);
}

TEST(without_limits_only_the_reading_counts)
{
	static struct judgement judgement;
	const struct conf_channel conf = { .quantity = QUANTITY_EC, .min = 0, .max = 20000 };
	struct look look = { .conf = &conf, .at_ns = NS_PER_SEC };
	const double values[] = { 0, 255, 20000, 1, 1, 255, 0 };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		look.value = look.plain = values[i];
		look.at_ns += NS_PER_SEC;
		EXPECT_EQ(judgement_take(&judgement, &look), Q_GOOD);
	}
}
