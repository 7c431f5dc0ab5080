// SPDX-License-Identifier: GPL-2.0-only
/* Whose turn it is, on a bus whose time is the test's own. */
#include "harness.h"

#include <errno.h>

#include "acquire/modbus_poll.h"
#include "base/clock.h"

#define START_NS (1000 * NS_PER_SEC)
#define HOUR_NS (3600 * NS_PER_SEC)
#define TIMEOUT_MS 500
#define SLAVES 8
/* 8 bytes there, 9 back and two silences at 9600 baud, and 20 ms until the slave answers */
#define ANSWER_NS (45 * NS_PER_MS)

FIXTURE(poll)
{
	struct conf conf;
	struct modbus_poll poll;
	uint64_t now_ns;
	bool is_dead[SLAVES];
	unsigned int asked[SLAVES];
};

FIXTURE_SETUP(poll)
{
	self->now_ns = START_NS;
}

FIXTURE_TEARDOWN(poll)
{
}

static void begin(struct fixture_poll *self, size_t slaves, uint32_t interval_ms)
{
	self->conf.slaves_n = self->conf.channels_n = slaves;
	for (size_t i = 0; i < slaves; i++) {
		self->conf.slaves[i] = (struct conf_slave){
			.address = (uint32_t)i + 1, .response_timeout_ms = TIMEOUT_MS,
		};
		self->conf.channels[i].source = SOURCE_MODBUS;
		self->conf.channels[i].reg = (struct conf_register){
			.slave = (int)i, .interval_ms = interval_ms,
		};
	}
	modbus_poll_begin(&self->poll, &self->conf, 0, self->now_ns);
}

static bool done(struct fixture_poll *self, int request, enum modbus_outcome outcome,
		 uint64_t cost_ns)
{
	static const int errors[] = { 0, -ENXIO, -ETIMEDOUT, -EBADMSG };
	struct modbus_result result = { .outcome = outcome, .error = errors[outcome],
					.begun_ns = self->now_ns, .response_ns = cost_ns / 2 };

	self->now_ns += cost_ns;
	result.done_ns = self->now_ns;
	return modbus_poll_done(&self->poll, request, &result);
}

/* As the thread does it. */
static void run(struct fixture_poll *self, uint64_t for_ns)
{
	uint64_t end_ns = self->now_ns + for_ns, until_ns;

	while (self->now_ns < end_ns) {
		int request;

		while (modbus_poll_skip(&self->poll, self->now_ns) >= 0)
			;
		request = modbus_poll_next(&self->poll, self->now_ns, &until_ns);
		if (request < 0) {
			self->now_ns = until_ns;
			continue;
		}
		self->asked[self->poll.plan.requests[request].slave]++;
		if (self->is_dead[self->poll.plan.requests[request].slave])
			done(self, request, MODBUS_SILENT, TIMEOUT_MS * NS_PER_MS);
		else
			done(self, request, MODBUS_ANSWERED, ANSWER_NS);
	}
}

static int next(struct fixture_poll *self)
{
	uint64_t until_ns;

	return modbus_poll_next(&self->poll, self->now_ns, &until_ns);
}

/* The lowest share of its rate that a healthy slave keeps over an hour, in per cent. */
static double lowest_rate(struct fixture_poll *self, size_t dead, uint32_t interval_ms)
{
	double lowest = 1e9;

	for (size_t i = 0; i < dead; i++)
		self->is_dead[i * 3 % SLAVES] = true;
	begin(self, SLAVES, interval_ms);
	run(self, HOUR_NS);
	for (size_t i = 0; i < SLAVES; i++) {
		double wanted = (double)HOUR_NS / (double)NS_PER_MS / interval_ms;
		double rate = 100 * (double)self->poll.slaves[i].stats.answers / wanted;

		if (!self->is_dead[i] && rate < lowest)
			lowest = rate;
	}
	harness_note("%zu dead of %d, each %u ms: the others keep %.2f %%", dead, SLAVES,
		     interval_ms, lowest);
	return lowest;
}

/* 36 % of the bus is used when all are well. */
TEST_F(poll, one_dead_slave_leaves_the_others_their_rate)
{
	EXPECT_GE(lowest_rate(self, 1, 1000), 95);
	EXPECT_GT(self->asked[0], 30);
	EXPECT_TRUE(self->poll.slaves[0].stats.is_open);
}

/* 90 % */
TEST_F(poll, one_dead_slave_leaves_the_others_their_rate_on_a_busy_bus)
{
	EXPECT_GE(lowest_rate(self, 1, 400), 95);
}

TEST_F(poll, seven_dead_slaves_leave_the_last_its_rate)
{
	EXPECT_GE(lowest_rate(self, 7, 1000), 95);
	for (size_t i = 0; i < SLAVES; i++)
		EXPECT_GT(self->asked[i], 20);
}

/* All of them are alike: none is always the last. */
TEST_F(poll, a_bus_that_is_too_slow_is_shared)
{
	begin(self, SLAVES, 200);
	run(self, 600 * NS_PER_SEC);
	for (size_t i = 0; i < SLAVES; i++) {
		/* 13333 in all */
		EXPECT_GE(self->asked[i], 1400);
		EXPECT_LE(self->asked[i], 2100);
		EXPECT_GE(self->poll.slaves[i].stats.missed + self->asked[i], 2990);
	}
}

TEST_F(poll, a_slave_that_answers_again_is_asked_as_before)
{
	self->is_dead[0] = true;
	begin(self, 2, 1000);
	run(self, 600 * NS_PER_SEC);
	self->is_dead[0] = false;
	run(self, 31 * NS_PER_SEC);
	EXPECT_FALSE(self->poll.slaves[0].stats.is_open);
	self->asked[0] = 0;
	run(self, 100 * NS_PER_SEC);
	EXPECT_GE(self->asked[0], 99);
}

TEST_F(poll, requests_stay_on_their_grid)
{
	begin(self, 1, 1000);
	ASSERT_EQ(next(self), 0);
	done(self, 0, MODBUS_ANSWERED, 300 * NS_PER_MS);
	EXPECT_EQ(next(self), -1);
	EXPECT_EQ(self->poll.due_ns[0], START_NS + NS_PER_SEC);
	self->now_ns = START_NS + NS_PER_SEC;
	EXPECT_EQ(next(self), 0);
}

/* After a suspend, for instance: no burst of what was missed. */
TEST_F(poll, what_was_missed_is_counted_and_not_made_up_for)
{
	begin(self, 1, 1000);
	done(self, 0, MODBUS_ANSWERED, ANSWER_NS);
	self->now_ns += 10 * NS_PER_SEC;
	EXPECT_EQ(modbus_poll_skip(&self->poll, self->now_ns), 0);
	EXPECT_EQ(modbus_poll_skip(&self->poll, self->now_ns), -1);
	ASSERT_EQ(next(self), 0);
	done(self, 0, MODBUS_ANSWERED, ANSWER_NS);
	EXPECT_EQ(next(self), -1);
	EXPECT_EQ(self->poll.slaves[0].stats.missed, 9);
}

/* A late answer falls into that time. */
TEST_F(poll, a_slave_that_was_silent_is_left_alone_for_a_while)
{
	begin(self, 2, 200);
	ASSERT_EQ(next(self), 0);
	done(self, 0, MODBUS_SILENT, TIMEOUT_MS * NS_PER_MS);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(next(self), 1);
		done(self, 1, MODBUS_ANSWERED, 200 * NS_PER_MS);
	}
	self->now_ns += (TIMEOUT_MS - 400) * NS_PER_MS;
	EXPECT_EQ(next(self), 0);
}

TEST_F(poll, a_disturbed_answer_is_asked_for_once_more)
{
	begin(self, 1, 1000);
	EXPECT_FALSE(done(self, 0, MODBUS_GARBLED, ANSWER_NS));
	EXPECT_EQ(next(self), 0);
	EXPECT_TRUE(done(self, 0, MODBUS_GARBLED, ANSWER_NS));
	EXPECT_EQ(next(self), -1);
	self->now_ns += NS_PER_SEC;
	EXPECT_TRUE(done(self, 0, MODBUS_GARBLED, ANSWER_NS));
	EXPECT_TRUE(done(self, 0, MODBUS_ANSWERED, ANSWER_NS));
	EXPECT_FALSE(done(self, 0, MODBUS_GARBLED, ANSWER_NS));
	EXPECT_EQ(self->poll.slaves[0].stats.garbled, 4);
}

/* It is there, whatever it says. */
TEST_F(poll, an_exception_does_not_open_the_breaker)
{
	begin(self, 1, 1000);
	for (int i = 0; i < 10; i++)
		EXPECT_TRUE(done(self, 0, MODBUS_EXCEPTION, ANSWER_NS));
	EXPECT_FALSE(self->poll.slaves[0].stats.is_open);
	EXPECT_EQ(self->poll.slaves[0].stats.exceptions, 10);
	EXPECT_EQ(self->poll.slaves[0].stats.error, -ENXIO);
}

TEST_F(poll, a_gateway_that_does_not_reach_it_opens_the_breaker)
{
	const struct modbus_result result = { .outcome = MODBUS_EXCEPTION, .error = -EHOSTUNREACH,
					      .begun_ns = START_NS, .done_ns = START_NS + 1 };

	begin(self, 1, 1000);
	for (int i = 0; i < BREAKER_FAILURES; i++)
		modbus_poll_done(&self->poll, 0, &result);
	EXPECT_TRUE(self->poll.slaves[0].stats.is_open);
}

/* Its turn comes on the grid all the same, when it is well again. */
TEST_F(poll, a_probe_does_not_put_off_what_is_due)
{
	begin(self, 1, 600000);
	for (int i = 0; i < 8; i++)
		done(self, 0, MODBUS_SILENT, TIMEOUT_MS * NS_PER_MS);
	self->now_ns = self->poll.slaves[0].stats.retry_ns;
	EXPECT_EQ(next(self), 0);
	done(self, 0, MODBUS_ANSWERED, ANSWER_NS);
	EXPECT_EQ(self->poll.due_ns[0], START_NS + 600 * NS_PER_SEC);
}

TEST_F(poll, response_times_are_measured)
{
	begin(self, 1, 1000);
	done(self, 0, MODBUS_ANSWERED, 100);
	done(self, 0, MODBUS_ANSWERED, 400);
	done(self, 0, MODBUS_ANSWERED, 200);
	EXPECT_EQ(self->poll.slaves[0].stats.response_last_ns, 100);
	EXPECT_EQ(self->poll.slaves[0].stats.response_max_ns, 200);
	EXPECT_EQ(self->poll.slaves[0].stats.response_sum_ns, 350);
	EXPECT_EQ(self->poll.slaves[0].stats.answers, 3);
}

TEST_F(poll, without_a_line_all_that_is_due_is_given_up)
{
	uint64_t until_ns;

	begin(self, 2, 1000);
	EXPECT_EQ(modbus_poll_pass(&self->poll, self->now_ns, &until_ns), 0);
	EXPECT_EQ(modbus_poll_pass(&self->poll, self->now_ns, &until_ns), 1);
	EXPECT_EQ(modbus_poll_pass(&self->poll, self->now_ns, &until_ns), -1);
	EXPECT_EQ(until_ns, START_NS + NS_PER_SEC);
	EXPECT_FALSE(self->poll.slaves[0].stats.is_open);
	EXPECT_EQ(self->poll.slaves[1].stats.missed, 1);
}
