// SPDX-License-Identifier: GPL-2.0-only
/* Which requests are made of which channels. */
#include "harness.h"

#include "acquire/modbus_plan.h"

FIXTURE(plan)
{
	struct conf conf;
	struct modbus_plan plan;
};

FIXTURE_SETUP(plan)
{
	self->conf.slaves_n = 3;
	self->conf.slaves[2].bus = 1;
}

FIXTURE_TEARDOWN(plan)
{
}

static struct conf_register *add(struct fixture_plan *self, uint32_t address, enum conf_number type)
{
	struct conf_channel *channel = &self->conf.channels[self->conf.channels_n++];

	channel->source = SOURCE_MODBUS;
	channel->reg = (struct conf_register){ .address = address, .type = type,
					       .interval_ms = 1000 };
	return &channel->reg;
}

static void make(struct fixture_plan *self, size_t requests)
{
	modbus_plan_make(&self->plan, &self->conf, 0);
	ASSERT_EQ(self->plan.requests_n, requests);
}

static void expect(struct fixture_plan *self, size_t request, uint32_t first, uint32_t count,
		   size_t channels)
{
	EXPECT_EQ(self->plan.requests[request].first, first);
	EXPECT_EQ(self->plan.requests[request].count, count);
	EXPECT_EQ(self->plan.requests[request].channels_n, channels);
}

TEST_F(plan, neighbours_share_a_request)
{
	add(self, 12, NUMBER_U16);
	add(self, 10, NUMBER_F32);
	add(self, 13, NUMBER_U64);
	make(self, 1);
	expect(self, 0, 10, 7, 3);
	EXPECT_EQ(self->plan.channels[0], 1);
	EXPECT_EQ(self->plan.channels[1], 0);
	EXPECT_EQ(self->plan.channels[2], 2);
}

TEST_F(plan, parts_of_one_register_are_read_once)
{
	add(self, 10, NUMBER_U64);
	add(self, 10, NUMBER_U16);
	add(self, 11, NUMBER_U16);
	make(self, 1);
	expect(self, 0, 10, 4, 3);
}

TEST_F(plan, nothing_is_read_for_nothing_unless_it_may)
{
	add(self, 10, NUMBER_U16);
	add(self, 12, NUMBER_U16);
	make(self, 2);
	self->conf.slaves[0].fill = 1;
	make(self, 1);
	expect(self, 0, 10, 3, 2);
}

TEST_F(plan, what_is_read_for_nothing_is_bounded_for_each_request)
{
	self->conf.slaves[0].fill = 3;
	add(self, 10, NUMBER_U16);
	add(self, 13, NUMBER_U16);	/* 2 */
	add(self, 15, NUMBER_U16);	/* 3 */
	add(self, 17, NUMBER_U16);	/* one too many */
	add(self, 21, NUMBER_U16);	/* a budget anew */
	make(self, 2);
	expect(self, 0, 10, 6, 3);
	expect(self, 1, 17, 5, 2);
}

TEST_F(plan, a_request_asks_for_what_the_protocol_allows)
{
	self->conf.slaves[0].fill = 125;
	add(self, 0, NUMBER_U16);
	add(self, 124, NUMBER_U16);
	make(self, 1);
	expect(self, 0, 0, 125, 2);
	add(self, 125, NUMBER_U16);
	make(self, 2);
	expect(self, 1, 125, 1, 1);
}

TEST_F(plan, no_number_is_torn_apart)
{
	self->conf.slaves[0].fill = 125;
	add(self, 0, NUMBER_U16);
	add(self, 124, NUMBER_U32);
	make(self, 2);
	expect(self, 0, 0, 1, 1);
	expect(self, 1, 124, 2, 1);
}

TEST_F(plan, bits_have_a_bound_and_a_fill_of_their_own)
{
	add(self, 0, NUMBER_U16)->table = TABLE_COIL;
	add(self, 16, NUMBER_U16)->table = TABLE_COIL;
	make(self, 2);
	self->conf.slaves[0].fill = 1;
	make(self, 1);
	expect(self, 0, 0, 17, 2);
	self->conf.slaves[0].fill = 125;
	self->conf.channels[1].reg.address = 1999;
	make(self, 1);
	expect(self, 0, 0, 2000, 2);
	self->conf.channels[1].reg.address = 2000;
	make(self, 2);
}

TEST_F(plan, what_differs_is_asked_for_apart)
{
	add(self, 10, NUMBER_U16);
	add(self, 11, NUMBER_U16)->table = TABLE_INPUT;
	add(self, 12, NUMBER_U16)->interval_ms = 500;
	add(self, 13, NUMBER_U16)->slave = 1;
	make(self, 4);
}

TEST_F(plan, two_slaves_are_never_one)
{
	add(self, 10, NUMBER_U16);
	add(self, 11, NUMBER_U16)->slave = 1;
	make(self, 2);
}

TEST_F(plan, other_buses_and_sources_are_left_alone)
{
	add(self, 10, NUMBER_U16);
	add(self, 11, NUMBER_U16)->slave = 2;
	add(self, 12, NUMBER_U16);
	self->conf.channels[2].source = SOURCE_KERNEL;
	make(self, 1);
	expect(self, 0, 10, 1, 1);
	modbus_plan_make(&self->plan, &self->conf, 1);
	ASSERT_EQ(self->plan.requests_n, 1);
	expect(self, 0, 11, 1, 1);
}

TEST_F(plan, the_last_register_can_be_read)
{
	add(self, 65535, NUMBER_U16);
	add(self, 65534, NUMBER_U16);
	make(self, 1);
	expect(self, 0, 65534, 2, 2);
}
