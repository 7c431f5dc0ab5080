// SPDX-License-Identifier: GPL-2.0-only
#include "harness.h"

#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "protect/output.h"
#include "support/catch_log.h"

#define SECOND NS_PER_SEC
#define MINUTE_MS 60000ULL

enum { PUMP, AIR, DOSER };	/* pump and doser: safe off, air: safe on */
enum { PH, EC };

FIXTURE(output)
{
	struct conf conf;
	struct outputs *outputs;
	struct hydropon_output_info info[3];
	bool good[2];
	struct output_turn turn;
	struct hydropon_set set;
};

FIXTURE_SETUP(output)
{
	static const char *const channels[] = { "ph", "ec" };
	static const char *const outputs[] = { "pump", "air", "doser" };

	for (int i = 0; i < 2; i++)
		snprintf(self->conf.channels[i].name, HYDROPON_NAME_MAX, "%s", channels[i]);
	self->conf.channels_n = 2;
	self->conf.outputs_n = 3;
	for (int i = 0; i < 3; i++) {
		struct conf_output *output = &self->conf.outputs[i];

		snprintf(output->name, HYDROPON_NAME_MAX, "%s", outputs[i]);
		output->want_on = i != DOSER;
		output->lease_ms = 2000;
		self->info[i] = (struct hydropon_output_info){
			.index = (uint32_t)i + 10, .lease_max_ms = 2000, .present = 1,
			.safe_on = i == AIR, .on = i == AIR, .shed = i != AIR,
		};
		snprintf(self->info[i].name, HYDROPON_NAME_MAX, "%s", outputs[i]);
	}
	self->conf.outputs[PUMP].needs[self->conf.outputs[PUMP].needs_n++] = PH;
	self->conf.outputs[PUMP].needs[self->conf.outputs[PUMP].needs_n++] = EC;
	self->outputs = outputs_new(&self->conf);
	self->turn = (struct output_turn){ .now_ns = 100 * SECOND, .good = self->good,
					   .beat = 41 };
	for (int i = 0; i < 3; i++)
		outputs_bind(self->outputs, &self->info[i], self->turn.now_ns);
}

FIXTURE_TEARDOWN(output)
{
	outputs_free(self->outputs);
}

typedef struct fixture_output fixture;

/* A new turn @ms later that has read a new beat. */
static void next_beat(fixture *self, uint64_t ms)
{
	self->turn.now_ns += ms * NS_PER_MS;
	self->turn.has_beat = true;
	self->turn.beat++;
	self->turn.beat_ns = self->turn.now_ns;
}

static bool decide(fixture *self, size_t index)
{
	return outputs_decide(self->outputs, index, &self->turn, &self->set);
}

static void done(fixture *self, size_t index, int error)
{
	outputs_done(self->outputs, index, &self->turn, &self->set, error);
}

/* Decides, and says that the kernel took what was decided. */
static bool order(fixture *self, size_t index)
{
	bool ordered = decide(self, index);

	if (ordered)
		done(self, index, 0);
	return ordered;
}

static void all_good(fixture *self)
{
	self->good[PH] = self->good[EC] = true;
}

static void start_pump(fixture *self)
{
	all_good(self);
	next_beat(self, 1000);
	ASSERT_TRUE(order(self, PUMP));
	ASSERT_EQ(self->set.on, 1);
}

static void record(fixture *self, size_t index, bool on, enum hydropon_cause cause)
{
	const struct hydropon_record record = {
		.type = HYDROPON_REC_OUTPUT, .channel = (uint16_t)self->info[index].index,
		.value = on, .aux = cause, .time_ns = self->turn.now_ns,
	};

	bool line_changed;

	ASSERT_EQ(outputs_take(self->outputs, &record, &line_changed), index);
	EXPECT_FALSE(line_changed);
}

TEST_F(output, stays_safe_until_every_need_is_good)
{
	next_beat(self, 100);
	EXPECT_FALSE(decide(self, PUMP));
	EXPECT_EQ(outputs_get(self->outputs, PUMP)->waits_for, PH);
	self->good[PH] = true;
	next_beat(self, 100);
	EXPECT_FALSE(decide(self, PUMP));
	EXPECT_EQ(outputs_get(self->outputs, PUMP)->waits_for, EC);
	self->good[EC] = true;
	next_beat(self, 100);
	ASSERT_TRUE(decide(self, PUMP));
	EXPECT_EQ(self->set.output, 10);
	EXPECT_EQ(self->set.on, 1);
	EXPECT_EQ(self->set.beat, self->turn.beat);
	EXPECT_EQ(self->set.lease_ms, 2000);
}

TEST_F(output, needs_a_beat_that_this_turn_has_read)
{
	all_good(self);
	EXPECT_FALSE(decide(self, PUMP));
	next_beat(self, 100);
	EXPECT_TRUE(order(self, PUMP));
	self->turn.has_beat = false;
	self->turn.now_ns += 100 * NS_PER_MS;
	EXPECT_FALSE(decide(self, PUMP));
}

TEST_F(output, renews_once_per_beat)
{
	start_pump(self);
	EXPECT_FALSE(decide(self, PUMP));
	next_beat(self, 100);
	EXPECT_TRUE(order(self, PUMP));
	EXPECT_FALSE(decide(self, PUMP));
}

TEST_F(output, is_released_at_once_and_once_when_a_need_fails)
{
	start_pump(self);
	self->good[EC] = false;
	self->turn.has_beat = false;	/* towards safe takes no beat */
	ASSERT_TRUE(order(self, PUMP));
	EXPECT_EQ(self->set.on, 0);
	EXPECT_EQ(outputs_get(self->outputs, PUMP)->waits_for, EC);
	EXPECT_EQ(outputs_get(self->outputs, PUMP)->lease_until_ns, 0);
	EXPECT_FALSE(decide(self, PUMP));
	next_beat(self, 100);
	EXPECT_FALSE(decide(self, PUMP));
}

TEST_F(output, release_is_tried_again_until_the_kernel_takes_it)
{
	start_pump(self);
	self->good[PH] = false;
	ASSERT_TRUE(decide(self, PUMP));
	done(self, PUMP, -EIO);
	EXPECT_TRUE(order(self, PUMP));
	EXPECT_FALSE(decide(self, PUMP));
}

TEST_F(output, that_wants_its_safe_state_is_left_alone)
{
	all_good(self);
	next_beat(self, 1000);
	EXPECT_FALSE(decide(self, AIR));
	EXPECT_FALSE(decide(self, DOSER));
}

TEST_F(output, with_safe_state_on_is_held_off_by_a_lease)
{
	ASSERT_EQ(outputs_override(self->outputs, AIR, false, MINUTE_MS, self->turn.now_ns), 0);
	next_beat(self, 1000);
	ASSERT_TRUE(order(self, AIR));
	EXPECT_EQ(self->set.on, 0);
	EXPECT_EQ(self->set.beat, self->turn.beat);
	ASSERT_EQ(outputs_release(self->outputs, AIR), 0);
	ASSERT_TRUE(order(self, AIR));
	EXPECT_EQ(self->set.on, 1);
}

TEST_F(output, override_ends_at_its_time)
{
	ASSERT_EQ(outputs_override(self->outputs, DOSER, true, 1000, self->turn.now_ns), 0);
	next_beat(self, 900);
	ASSERT_TRUE(order(self, DOSER));
	EXPECT_EQ(self->set.on, 1);
	self->turn.now_ns += 99 * NS_PER_MS;
	EXPECT_FALSE(decide(self, DOSER));
	self->turn.now_ns += NS_PER_MS;
	ASSERT_TRUE(order(self, DOSER));
	EXPECT_EQ(self->set.on, 0);
	EXPECT_FALSE(outputs_get(self->outputs, DOSER)->override_active);
	EXPECT_EQ(outputs_release(self->outputs, DOSER), -ENOENT);
}

TEST_F(output, override_ends_at_its_time_without_a_device)
{
	outputs_unbind(self->outputs);
	ASSERT_EQ(outputs_override(self->outputs, DOSER, true, 1000, self->turn.now_ns), 0);
	next_beat(self, 1000);
	EXPECT_FALSE(decide(self, DOSER));
	EXPECT_FALSE(outputs_get(self->outputs, DOSER)->override_active);
}

TEST_F(output, override_ends_with_its_device)
{
	const struct output *doser = outputs_get(self->outputs, DOSER);

	ASSERT_EQ(outputs_override(self->outputs, DOSER, true, MINUTE_MS, self->turn.now_ns), 0);
	self->info[DOSER].present = 0;
	outputs_bind(self->outputs, &self->info[DOSER], self->turn.now_ns);
	EXPECT_FALSE(doser->override_active);
	self->info[DOSER].present = 1;
	outputs_bind(self->outputs, &self->info[DOSER], self->turn.now_ns);
	next_beat(self, 1000);
	EXPECT_FALSE(decide(self, DOSER));

	ASSERT_EQ(outputs_override(self->outputs, DOSER, true, MINUTE_MS, self->turn.now_ns), 0);
	outputs_unbind(self->outputs);
	EXPECT_FALSE(doser->override_active);
}

TEST_F(output, override_ends_when_its_device_was_probed_again_unseen)
{
	const struct output *doser = outputs_get(self->outputs, DOSER);

	ASSERT_EQ(outputs_override(self->outputs, DOSER, true, MINUTE_MS, self->turn.now_ns), 0);
	outputs_bind(self->outputs, &self->info[DOSER], self->turn.now_ns);
	EXPECT_TRUE(doser->override_active);
	self->info[DOSER].changed_ns = self->turn.now_ns;
	outputs_bind(self->outputs, &self->info[DOSER], self->turn.now_ns);
	EXPECT_FALSE(doser->override_active);
}

TEST_F(output, override_has_bounds)
{
	uint64_t now_ns = self->turn.now_ns;

	EXPECT_EQ(outputs_override(self->outputs, PUMP, true, 0, now_ns), -ERANGE);
	EXPECT_EQ(outputs_override(self->outputs, PUMP, true, OUTPUT_OVERRIDE_MAX_MS + 1, now_ns),
		  -ERANGE);
	EXPECT_FALSE(outputs_get(self->outputs, PUMP)->override_active);
	EXPECT_EQ(outputs_override(self->outputs, PUMP, true, OUTPUT_OVERRIDE_MAX_MS, now_ns), 0);
	EXPECT_EQ(outputs_override(self->outputs, PUMP, false, 1, now_ns), 0);
	EXPECT_EQ(outputs_get(self->outputs, PUMP)->override_until_ns, now_ns + NS_PER_MS);
}

TEST_F(output, override_does_not_pass_over_needs)
{
	ASSERT_EQ(outputs_override(self->outputs, PUMP, true, MINUTE_MS, self->turn.now_ns), 0);
	self->good[PH] = true;
	next_beat(self, 100);
	EXPECT_FALSE(decide(self, PUMP));
	EXPECT_EQ(outputs_get(self->outputs, PUMP)->waits_for, EC);
}

TEST_F(output, is_not_asked_for_while_it_is_shed)
{
	start_pump(self);
	record(self, PUMP, false, HYDROPON_CAUSE_SHED);
	self->turn.shedding = true;
	next_beat(self, 600);
	EXPECT_FALSE(decide(self, PUMP));
	self->turn.shedding = false;
	record(self, PUMP, false, HYDROPON_CAUSE_RESTORED);
	next_beat(self, 600);
	EXPECT_TRUE(decide(self, PUMP));
}

TEST_F(output, is_not_asked_for_before_its_record_tells_that_it_is_shed)
{
	all_good(self);
	self->turn.shedding = true;
	next_beat(self, 1000);
	EXPECT_FALSE(decide(self, PUMP));
}

TEST_F(output, is_not_asked_for_while_something_stronger_holds_it)
{
	static const enum hydropon_cause stronger[] = {
		HYDROPON_CAUSE_SHED, HYDROPON_CAUSE_WELDED, HYDROPON_CAUSE_TRIP_OFF,
		HYDROPON_CAUSE_MANUAL_OFF, HYDROPON_CAUSE_BUDGET, HYDROPON_CAUSE_TRIP_ON,
		HYDROPON_CAUSE_TRIP_SAFE,
	};

	start_pump(self);
	for (size_t i = 0; i < sizeof(stronger) / sizeof(stronger[0]); i++) {
		next_beat(self, 600);
		record(self, PUMP, stronger[i] == HYDROPON_CAUSE_TRIP_ON, stronger[i]);
		EXPECT_FALSE(decide(self, PUMP));
		EXPECT_EQ(outputs_get(self->outputs, PUMP)->lease_until_ns, 0);
		record(self, PUMP, false, HYDROPON_CAUSE_CLEARED);
		EXPECT_TRUE(order(self, PUMP));
		EXPECT_EQ(self->set.on, 1);
	}
}

TEST_F(output, a_lease_lives_below_a_switch_at_on)
{
	start_pump(self);
	next_beat(self, 100);
	record(self, PUMP, true, HYDROPON_CAUSE_MANUAL_ON);
	EXPECT_GT(outputs_get(self->outputs, PUMP)->lease_until_ns, 0);
	EXPECT_TRUE(order(self, PUMP));		/* renewed, and not as a start */
	EXPECT_EQ(self->set.on, 1);
	self->good[PH] = false;
	ASSERT_TRUE(order(self, PUMP));
	EXPECT_EQ(self->set.on, 0);
}

/* It was on for as long as it may be. */
static void overrun(fixture *self)
{
	start_pump(self);
	next_beat(self, 1000);
	record(self, PUMP, false, HYDROPON_CAUSE_MAX_ON);
}

/* Nothing is asked for, although a beat is there and its cause is over. */
static void expect_off_for_good(fixture *self)
{
	next_beat(self, 1000);
	EXPECT_FALSE(decide(self, PUMP));
	record(self, PUMP, false, HYDROPON_CAUSE_CLEARED);
	next_beat(self, 1000);
	EXPECT_FALSE(decide(self, PUMP));
	EXPECT_TRUE(outputs_get(self->outputs, PUMP)->overran);
}

/* It is let go of, without a beat, and then set again. */
static void expect_let_go_and_set(fixture *self)
{
	self->turn.has_beat = false;
	ASSERT_TRUE(order(self, PUMP));
	EXPECT_EQ(self->set.on, 0);
	EXPECT_FALSE(outputs_get(self->outputs, PUMP)->overran);
	EXPECT_FALSE(decide(self, PUMP));
	next_beat(self, 1000);
	ASSERT_TRUE(order(self, PUMP));
	EXPECT_EQ(self->set.on, 1);
}

TEST_F(output, that_was_on_for_as_long_as_it_may_be_stays_off)
{
	overrun(self);
	expect_off_for_good(self);
}

TEST_F(output, refused_for_max_on_stays_off)
{
	all_good(self);
	next_beat(self, 1000);
	ASSERT_TRUE(decide(self, PUMP));
	done(self, PUMP, -ETIME);
	expect_off_for_good(self);
}

TEST_F(output, that_the_kernel_held_off_is_not_let_go_of_unasked)
{
	start_pump(self);
	next_beat(self, 1000);
	ASSERT_TRUE(decide(self, PUMP));
	done(self, PUMP, -ETIME);		/* its record comes later */
	expect_off_for_good(self);
}

TEST_F(output, after_max_on_an_override_is_a_command)
{
	overrun(self);
	ASSERT_EQ(outputs_override(self->outputs, PUMP, true, MINUTE_MS, self->turn.now_ns), 0);
	expect_let_go_and_set(self);
	/* The same of a second time; that the override ends changes nothing that is wanted. */
	record(self, PUMP, false, HYDROPON_CAUSE_MAX_ON);
	next_beat(self, MINUTE_MS);
	EXPECT_FALSE(decide(self, PUMP));
	EXPECT_FALSE(outputs_get(self->outputs, PUMP)->override_active);
	expect_off_for_good(self);
}

TEST_F(output, after_max_on_a_release_is_a_command)
{
	ASSERT_EQ(outputs_override(self->outputs, PUMP, true, MINUTE_MS, self->turn.now_ns), 0);
	overrun(self);
	ASSERT_EQ(outputs_release(self->outputs, PUMP), 0);
	expect_let_go_and_set(self);
}

TEST_F(output, after_max_on_a_change_of_what_is_wanted_is_a_command)
{
	ASSERT_EQ(outputs_override(self->outputs, DOSER, true, MINUTE_MS, self->turn.now_ns), 0);
	next_beat(self, 1000);
	ASSERT_TRUE(order(self, DOSER));
	record(self, DOSER, false, HYDROPON_CAUSE_MAX_ON);
	next_beat(self, MINUTE_MS);
	ASSERT_TRUE(order(self, DOSER));	/* let go of, so that it can be set again */
	EXPECT_EQ(self->set.on, 0);
	EXPECT_FALSE(outputs_get(self->outputs, DOSER)->overran);
	EXPECT_FALSE(decide(self, DOSER));
}

TEST_F(output, after_max_on_its_switch_is_a_command)
{
	overrun(self);
	next_beat(self, 1000);
	record(self, PUMP, true, HYDROPON_CAUSE_MANUAL_ON);
	record(self, PUMP, false, HYDROPON_CAUSE_CLEARED);
	EXPECT_TRUE(decide(self, PUMP));
	EXPECT_EQ(self->set.on, 1);
}

TEST_F(output, letting_go_after_max_on_is_tried_until_the_kernel_takes_it)
{
	overrun(self);
	ASSERT_EQ(outputs_override(self->outputs, PUMP, true, MINUTE_MS, self->turn.now_ns), 0);
	ASSERT_TRUE(decide(self, PUMP));
	done(self, PUMP, -EIO);
	expect_let_go_and_set(self);
}

TEST_F(output, a_need_that_fails_is_no_command)
{
	overrun(self);
	self->good[PH] = false;
	next_beat(self, 1000);
	EXPECT_FALSE(decide(self, PUMP));
	self->good[PH] = true;
	expect_off_for_good(self);
}

TEST_F(output, max_on_outlasts_the_device)
{
	overrun(self);
	outputs_unbind(self->outputs);
	outputs_bind(self->outputs, &self->info[PUMP], self->turn.now_ns);
	next_beat(self, 1000);
	EXPECT_FALSE(decide(self, PUMP));
}

/* Another daemon than the one under which max-on was reached. */
static void restart(fixture *self)
{
	outputs_free(self->outputs);
	self->outputs = outputs_new(&self->conf);
	for (int i = 0; i < 3; i++) {
		self->info[i].max_on_ms = i == AIR ? 0 : 60000;
		outputs_bind(self->outputs, &self->info[i], self->turn.now_ns);
	}
}

TEST_F(output, max_on_outlasts_the_daemon)
{
	int log = catch_log();
	char text[128];

	all_good(self);
	self->info[PUMP].cause = HYDROPON_CAUSE_MAX_ON;
	for (int crash = 1; crash <= 3; crash++) {
		restart(self);
		next_beat(self, 1000);
		EXPECT_FALSE(decide(self, PUMP));
		next_beat(self, 1000);
		EXPECT_FALSE(decide(self, PUMP));
		EXPECT_EQ(logged(log, "pump: stays off, it was on for as long"), crash);
		ASSERT_TRUE(output_refusal(outputs_get(self->outputs, PUMP), text, sizeof(text)));
		EXPECT_CONTAINS(text, "waits for a command");
	}
	close(log);
	ASSERT_EQ(outputs_override(self->outputs, PUMP, true, MINUTE_MS, self->turn.now_ns), 0);
	expect_let_go_and_set(self);
}

TEST_F(output, max_on_ends_with_a_daemon_that_wants_the_safe_state)
{
	self->info[PUMP].cause = HYDROPON_CAUSE_MAX_ON;
	self->conf.outputs[PUMP].want_on = false;
	restart(self);
	/* off already, without a lease and without a beat */
	ASSERT_TRUE(order(self, PUMP));
	EXPECT_EQ(self->set.output, self->info[PUMP].index);
	EXPECT_EQ(self->set.on, 0);
	EXPECT_FALSE(outputs_get(self->outputs, PUMP)->overran);
	EXPECT_FALSE(decide(self, PUMP));
	/* The next one may want it on again. */
	self->info[PUMP].cause = HYDROPON_CAUSE_CLEARED;
	self->conf.outputs[PUMP].want_on = true;
	restart(self);
	start_pump(self);
}

TEST_F(output, max_on_ends_so_although_something_stronger_hides_it)
{
	self->info[PUMP].cause = HYDROPON_CAUSE_SHED;
	self->conf.outputs[PUMP].want_on = false;
	restart(self);
	ASSERT_TRUE(decide(self, PUMP));
	done(self, PUMP, -EIO);
	ASSERT_TRUE(order(self, PUMP));
	EXPECT_EQ(self->set.on, 0);
	EXPECT_FALSE(decide(self, PUMP));
	/* and once: what its switch does later is not the daemon's */
	record(self, PUMP, false, HYDROPON_CAUSE_MAX_ON);
	outputs_bind(self->outputs, &self->info[PUMP], self->turn.now_ns);
	EXPECT_FALSE(decide(self, PUMP));
}

TEST_F(output, without_max_on_is_not_let_go_of_at_the_start)
{
	restart(self);
	EXPECT_FALSE(decide(self, AIR));
	/* and one with it, that wants to go on, is not either */
	EXPECT_FALSE(decide(self, PUMP));
}

TEST_F(output, refused_as_busy_waits_for_the_next_beat)
{
	all_good(self);
	next_beat(self, 1000);
	ASSERT_TRUE(decide(self, PUMP));
	done(self, PUMP, -EBUSY);
	EXPECT_EQ(outputs_get(self->outputs, PUMP)->error, -EBUSY);
	EXPECT_FALSE(decide(self, PUMP));
	next_beat(self, 100);
	EXPECT_TRUE(order(self, PUMP));
	EXPECT_EQ(outputs_get(self->outputs, PUMP)->error, 0);
	EXPECT_EQ(outputs_get(self->outputs, PUMP)->info.refused, 1);
}

TEST_F(output, starts_one_at_a_time)
{
	all_good(self);
	outputs_override(self->outputs, DOSER, true, MINUTE_MS, self->turn.now_ns);
	next_beat(self, 1000);
	EXPECT_TRUE(order(self, PUMP));
	EXPECT_FALSE(decide(self, DOSER));
	next_beat(self, OUTPUT_STAGGER_MS - 1);
	EXPECT_TRUE(order(self, PUMP));
	EXPECT_FALSE(decide(self, DOSER));
	next_beat(self, 1);
	EXPECT_TRUE(order(self, PUMP));
	EXPECT_TRUE(order(self, DOSER));
}

TEST_F(output, a_refused_start_holds_up_nobody)
{
	all_good(self);
	outputs_override(self->outputs, DOSER, true, MINUTE_MS, self->turn.now_ns);
	next_beat(self, 1000);
	ASSERT_TRUE(decide(self, PUMP));
	done(self, PUMP, -EBUSY);
	EXPECT_TRUE(decide(self, DOSER));
}

TEST_F(output, that_expired_starts_again_as_any_other)
{
	start_pump(self);
	outputs_override(self->outputs, DOSER, true, MINUTE_MS, self->turn.now_ns);
	next_beat(self, OUTPUT_STAGGER_MS);
	EXPECT_TRUE(order(self, DOSER));
	record(self, PUMP, false, HYDROPON_CAUSE_EXPIRED);
	EXPECT_FALSE(outputs_get(self->outputs, PUMP)->info.on);
	next_beat(self, 100);
	EXPECT_FALSE(decide(self, PUMP));
	next_beat(self, OUTPUT_STAGGER_MS);
	EXPECT_TRUE(decide(self, PUMP));
}

TEST_F(output, lease_is_cut_to_what_the_kernel_takes)
{
	self->info[PUMP].lease_max_ms = 1000;
	outputs_unbind(self->outputs);
	outputs_bind(self->outputs, &self->info[PUMP], self->turn.now_ns);
	start_pump(self);
	EXPECT_EQ(self->set.lease_ms, 1000);
	EXPECT_EQ(outputs_get(self->outputs, PUMP)->lease_until_ns, self->turn.beat_ns + SECOND);
}

TEST_F(output, tells_each_refusal_once)
{
	static const struct {
		int error;
		const char *text;
	} cases[] = {
		{ EBUSY, "something stronger holds it" },
		{ ENODATA, "a channel that it needs is stale" },
		{ EDQUOT, "its budget is spent" },
		{ EAGAIN, "its pause (min-off) is not over yet" },
		{ EPERM, "the kernel is not armed" },
		{ ESTALE, "the kernel found the beat too old" },
		{ ENODEV, "its device is gone" },
		{ ESHUTDOWN, "the system is going down" },
		{ ERANGE, "the kernel refuses its lease" },
		{ EIO, "Input/output error" },
		{ ETIME, "it was on for as long as it may be" },
	};
	const struct output *pump = outputs_get(self->outputs, PUMP);
	int log = catch_log();
	char text[256];

	all_good(self);
	EXPECT_FALSE(output_refusal(pump, text, sizeof(text)));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (int again = 0; again < 2; again++) {
			next_beat(self, 1000);
			if (decide(self, PUMP))
				done(self, PUMP, -cases[i].error);
			ASSERT_TRUE(output_refusal(pump, text, sizeof(text)));
			EXPECT_CONTAINS(text, cases[i].text);
		}
		EXPECT_EQ(logged(log, cases[i].text), 1);
	}
	EXPECT_EQ(logged(log, "takes orders again"), 0);
	outputs_override(self->outputs, PUMP, true, MINUTE_MS, self->turn.now_ns);
	ASSERT_TRUE(order(self, PUMP));
	EXPECT_FALSE(output_refusal(pump, text, sizeof(text)));
	EXPECT_EQ(logged(log, "takes orders again"), 1);
	close(log);
}

TEST_F(output, a_refusal_names_what_holds_it)
{
	const struct output *pump = outputs_get(self->outputs, PUMP);
	char text[256];

	all_good(self);
	next_beat(self, 1000);
	ASSERT_TRUE(decide(self, PUMP));
	done(self, PUMP, -EBUSY);
	record(self, PUMP, false, HYDROPON_CAUSE_MANUAL_OFF);
	ASSERT_TRUE(output_refusal(pump, text, sizeof(text)));
	EXPECT_STREQ(text, "something stronger holds it: forced off, its switch is at OFF");
}

TEST_F(output, lease_is_not_judged_before_its_device_is_there)
{
	int log = catch_log();

	outputs_unbind(self->outputs);
	outputs_bind(self->outputs, &(struct hydropon_output_info){ .name = "pump" },
		     self->turn.now_ns);
	EXPECT_STREQ(log_text(log), "");
	self->info[PUMP].lease_max_ms = 1000;
	outputs_bind(self->outputs, &self->info[PUMP], self->turn.now_ns);
	EXPECT_EQ(logged(log, "using 1000 ms"), 1);
	close(log);
}

TEST_F(output, without_its_device_gets_no_orders)
{
	start_pump(self);
	self->info[PUMP].present = 0;
	outputs_bind(self->outputs, &self->info[PUMP], self->turn.now_ns);
	next_beat(self, 100);
	EXPECT_FALSE(decide(self, PUMP));
	outputs_unbind(self->outputs);
	EXPECT_FALSE(decide(self, PUMP));
	EXPECT_EQ(outputs_get(self->outputs, PUMP)->kernel, -1);
}

TEST_F(output, a_release_of_a_device_that_is_gone_is_not_repeated)
{
	start_pump(self);
	self->good[PH] = false;
	ASSERT_TRUE(decide(self, PUMP));
	done(self, PUMP, -ENODEV);
	EXPECT_FALSE(decide(self, PUMP));
}

TEST_F(output, old_record_does_not_undo_newer_knowledge)
{
	self->info[PUMP].on = 1;
	self->info[PUMP].cause = HYDROPON_CAUSE_LEASE;
	self->info[PUMP].lease_left_ms = 2000;
	self->info[PUMP].changed_ns = self->turn.now_ns + 1;
	outputs_bind(self->outputs, &self->info[PUMP], self->turn.now_ns);
	record(self, PUMP, false, HYDROPON_CAUSE_CLOSED);
	EXPECT_TRUE(outputs_get(self->outputs, PUMP)->info.on);
	EXPECT_EQ(outputs_get(self->outputs, PUMP)->info.cause, HYDROPON_CAUSE_LEASE);
}

TEST_F(output, a_report_of_its_line_is_no_change_of_state)
{
	struct hydropon_record report = {
		.type = HYDROPON_REC_OUTPUT, .channel = (uint16_t)self->info[PUMP].index,
		.value = 0, .aux = HYDROPON_CAUSE_LEASE, .status = -EIO,
	};
	const struct output *pump = outputs_get(self->outputs, PUMP);
	bool line_changed;

	start_pump(self);
	record(self, PUMP, true, HYDROPON_CAUSE_LEASE);
	report.time_ns = self->turn.now_ns + SECOND;
	ASSERT_EQ(outputs_take(self->outputs, &report, &line_changed), PUMP);
	EXPECT_TRUE(line_changed);
	EXPECT_EQ(pump->info.line_status, -EIO);
	EXPECT_TRUE(pump->info.on);
	EXPECT_EQ(pump->info.changed_ns, self->turn.now_ns);
	report.status = 0;
	ASSERT_EQ(outputs_take(self->outputs, &report, &line_changed), PUMP);
	EXPECT_TRUE(line_changed);
	EXPECT_EQ(pump->info.line_status, 0);
}

TEST_F(output, a_write_that_is_under_way_is_no_failure)
{
	struct hydropon_record report = {
		.type = HYDROPON_REC_OUTPUT, .channel = (uint16_t)self->info[PUMP].index,
		.status = -EINPROGRESS, .time_ns = self->turn.now_ns,
	};
	bool line_changed;

	ASSERT_EQ(outputs_take(self->outputs, &report, &line_changed), PUMP);
	EXPECT_FALSE(line_changed);
	self->info[PUMP].line_status = -EINPROGRESS;
	outputs_bind(self->outputs, &self->info[PUMP], self->turn.now_ns);
	report.status = 0;
	ASSERT_EQ(outputs_take(self->outputs, &report, &line_changed), PUMP);
	EXPECT_FALSE(line_changed);
	outputs_bind(self->outputs, &self->info[PUMP], self->turn.now_ns);
	report.status = -EIO;
	ASSERT_EQ(outputs_take(self->outputs, &report, &line_changed), PUMP);
	EXPECT_TRUE(line_changed);
}

TEST_F(output, of_another_name_is_none_of_ours)
{
	const struct hydropon_record other = { .type = HYDROPON_REC_OUTPUT, .channel = 3 };
	struct hydropon_output_info info = { .index = 3, .name = "heater" };
	bool line_changed;

	EXPECT_EQ(outputs_bind(self->outputs, &info, 0), -1);
	EXPECT_EQ(outputs_take(self->outputs, &other, &line_changed), -1);
}
