// SPDX-License-Identifier: GPL-2.0-only
/* Who is asked no longer, and what asking once more may cost. */
#include "harness.h"

#include "acquire/breaker.h"
#include "base/clock.h"

#define TIMEOUT_NS (500 * NS_PER_MS)
#define START_NS (1000 * NS_PER_SEC)

FIXTURE(breaker)
{
	struct breaker breaker;
	struct probing probing;
	uint64_t now_ns;
};

FIXTURE_SETUP(breaker)
{
	self->now_ns = START_NS;
}

FIXTURE_TEARDOWN(breaker)
{
}

static bool fail(struct fixture_breaker *self)
{
	self->now_ns += TIMEOUT_NS;
	return breaker_bad(&self->breaker, &self->probing, self->now_ns, TIMEOUT_NS);
}

static uint64_t until(struct fixture_breaker *self)
{
	return breaker_until(&self->breaker, &self->probing);
}

TEST_F(breaker, opens_after_failures_in_a_row)
{
	EXPECT_FALSE(fail(self));
	EXPECT_FALSE(fail(self));
	EXPECT_EQ(until(self), 0);
	EXPECT_TRUE(fail(self));
	EXPECT_TRUE(self->breaker.is_open);
	EXPECT_GT(until(self), self->now_ns);
}

TEST_F(breaker, an_answer_in_between_begins_anew)
{
	fail(self);
	fail(self);
	EXPECT_FALSE(breaker_good(&self->breaker));
	fail(self);
	EXPECT_FALSE(fail(self));
	EXPECT_EQ(until(self), 0);
}

TEST_F(breaker, an_answer_closes_it)
{
	for (int i = 0; i < BREAKER_FAILURES; i++)
		fail(self);
	EXPECT_TRUE(breaker_good(&self->breaker));
	EXPECT_EQ(until(self), 0);
	EXPECT_FALSE(fail(self));
}

TEST_F(breaker, pauses_double_up_to_a_bound)
{
	uint64_t pauses_ms[] = { 1000, 2000, 4000, 8000, 16000, 30000, 30000 };

	for (int i = 1; i < BREAKER_FAILURES; i++)
		fail(self);
	for (size_t i = 0; i < sizeof(pauses_ms) / sizeof(pauses_ms[0]); i++) {
		EXPECT_EQ(fail(self), i == 0);
		EXPECT_EQ(self->breaker.probe_ns - self->now_ns, pauses_ms[i] * NS_PER_MS);
	}
}

TEST_F(breaker, opening_again_begins_with_the_shortest_pause)
{
	for (int i = 0; i < BREAKER_FAILURES + 5; i++)
		fail(self);
	breaker_good(&self->breaker);
	for (int i = 0; i < BREAKER_FAILURES; i++)
		fail(self);
	EXPECT_EQ(self->breaker.pause_ms, BREAKER_PAUSE_MIN_MS);
}

/* However many are dead, and however much each probe costs. */
TEST_F(breaker, failing_probes_have_a_share_of_the_bus)
{
	struct breaker breakers[7] = { 0 };
	uint64_t spent_ns = 0, begun_ns;

	for (size_t i = 0; i < 7; i++)
		for (int j = 0; j < BREAKER_FAILURES; j++)
			breaker_bad(&breakers[i], &self->probing, self->now_ns, TIMEOUT_NS);
	begun_ns = self->now_ns;
	while (self->now_ns < begun_ns + 3600 * NS_PER_SEC) {
		size_t first = 0;
		uint64_t cost_ns;

		/* Who has waited longest, or the first would be the only one. */
		for (size_t i = 1; i < 7; i++)
			if (breakers[i].probe_ns < breakers[first].probe_ns)
				first = i;
		self->now_ns = breaker_until(&breakers[first], &self->probing);
		cost_ns = (1 + first) * TIMEOUT_NS;
		self->now_ns += cost_ns;
		spent_ns += cost_ns;
		breaker_bad(&breakers[first], &self->probing, self->now_ns, cost_ns);
	}
	EXPECT_LE(spent_ns * (BREAKER_REST + 1),
		  self->now_ns - begun_ns + 7 * TIMEOUT_NS * BREAKER_REST);
	EXPECT_GT(spent_ns * 100 / (self->now_ns - begun_ns), 1);
	for (size_t i = 0; i < 7; i++)
		EXPECT_GT(breakers[i].failures, BREAKER_FAILURES + 3);
}
