// SPDX-License-Identifier: GPL-2.0-only
/* What commands do to the outputs of a gateway that is there. */
#include "support/fake_kernel.h"

#include "control/protocol.h"

FIXTURE(protocol)
{
	struct conf conf;
	struct turn turn;
	struct status_sources sources;
	struct protocol protocol;
	char *answer;
};

static void ignore_sample(void *data, const struct sample *sample)
{
}

static void ignore_opened(void *data, int fd)
{
}

static void ignore_closing(void *data)
{
}

static const struct turn_hooks hooks = {
	.sample = ignore_sample, .opened = ignore_opened, .closing = ignore_closing,
};

FIXTURE_SETUP(protocol)
{
	struct conf *conf = &self->conf;

	fake_gateway(conf);
	conf->outputs[0].needs_n = 0;
	conf->outputs[0].want_on = false;
	turn_start(&self->turn, conf, stream_new(conf->device, &fake_device), channels_new(conf),
		   outputs_new(conf), &hooks, NULL);
	self->sources = (struct status_sources){ .conf = conf, .turn = &self->turn };
	self->protocol = (struct protocol){ .sources = &self->sources, .turn = &self->turn };
	turn_run(&self->turn);
	ASSERT_TRUE(kernel.armed);
}

FIXTURE_TEARDOWN(protocol)
{
	free(self->answer);
	stream_free(self->turn.stream);
	channels_free(self->turn.channels);
	outputs_free(self->turn.outputs);
}

static const char *ask(struct fixture_protocol *self, const char *request, bool may_control)
{
	free(self->answer);
	self->answer = protocol_answer(&self->protocol, request, strlen(request), may_control);
	ASSERT_TRUE(self->answer != NULL);
	return self->answer;
}

#define RESET "{\"cmd\":\"reset\",\"output\":\"pump\"}"
#define SET "{\"cmd\":\"set\",\"output\":\"pump\",\"on\":true}"

/* The guard has latched the pump, and has told so. */
static void latch(struct fixture_protocol *self, uint32_t bits, enum hydropon_cause cause)
{
	kernel.outputs[0].latched = bits;
	put_output(0, false, cause);
	turn_run(&self->turn);
}

TEST_F(protocol, a_reset_ends_what_is_latched)
{
	latch(self, HYDROPON_LATCH_WELDED | HYDROPON_TRIP_OFF, HYDROPON_CAUSE_WELDED);
	EXPECT_STREQ(ask(self, RESET, true), "{\"ok\":true,\"output\":\"pump\",\"want_on\":false,"
		     "\"ended\":[\"trip-off\",\"welded\"]}\n");
	EXPECT_EQ(kernel.resets, 1);
	EXPECT_EQ(kernel.outputs[0].latched, 0);
	EXPECT_STREQ(ask(self, RESET, true),
		     "{\"ok\":false,\"error\":\"nothing of pump is latched\"}\n");
}

TEST_F(protocol, a_reset_acts_at_once)
{
	latch(self, HYDROPON_LATCH_WELDED, HYDROPON_CAUSE_WELDED);
	ask(self, SET, true);
	EXPECT_EQ(kernel.sets_n, 0);
	kernel.outputs[0].cause = HYDROPON_CAUSE_CLEARED;
	put_beat();
	EXPECT_CONTAINS(ask(self, RESET, true), "\"want_on\":true,\"ended\"");
	EXPECT_EQ(kernel.sets_n, 1);
	EXPECT_TRUE(kernel.outputs[0].on);
}

TEST_F(protocol, only_the_control_socket_resets)
{
	latch(self, HYDROPON_LATCH_WELDED, HYDROPON_CAUSE_WELDED);
	EXPECT_CONTAINS(ask(self, RESET, false), "read only");
	EXPECT_CONTAINS(ask(self, "{\"cmd\":\"reset\",\"output\":\"pump\",\"until_boot_ns\":1}",
			    true), "too late");
	EXPECT_CONTAINS(ask(self, "{\"cmd\":\"reset\"}", true), "must be the name of an output");
	EXPECT_CONTAINS(ask(self, "{\"cmd\":\"reset\",\"output\":\"x\"}", true),
			"there are: pump, air");
	EXPECT_EQ(kernel.resets, 0);
}

TEST_F(protocol, a_reset_that_is_refused_says_what_lasts)
{
	struct hydropon_output_info *pump = &kernel.outputs[0];

	kernel.reset_error = EBUSY;
	pump->faults = 1 << HYDROPON_FAULT_WELDED;
	latch(self, HYDROPON_LATCH_WELDED, HYDROPON_CAUSE_WELDED);
	EXPECT_CONTAINS(ask(self, RESET, true), "{\"ok\":false,\"error\":\"pump stays latched: its "
			"relay is still on; switch off what feeds it");
	pump->faults = 0;
	EXPECT_CONTAINS(ask(self, RESET, true), "what latched it lasts");

	pump->trip_id = 23;
	pump->trips = HYDROPON_TRIP_OFF;
	latch(self, HYDROPON_TRIP_OFF, HYDROPON_CAUSE_TRIP_OFF);
	EXPECT_CONTAINS(ask(self, RESET, true), "interlock 23 still trips");

	pump->trips = 0;
	pump->budget_window_ms = 3600000;
	latch(self, HYDROPON_LATCH_BUDGET, HYDROPON_CAUSE_BUDGET);
	EXPECT_CONTAINS(ask(self, RESET, true), "its budget is still spent; reset it again when more "
			"of its window of 1 h has passed");
	EXPECT_EQ(kernel.outputs[0].latched, HYDROPON_LATCH_BUDGET);
}

TEST_F(protocol, without_the_device_nothing_is_reset)
{
	latch(self, HYDROPON_LATCH_WELDED, HYDROPON_CAUSE_WELDED);
	kernel.reset_error = ENODEV;
	EXPECT_CONTAINS(ask(self, RESET, true), "pump cannot be reset: its device is gone");
	turn_close(&self->turn, -ENODEV);
	EXPECT_CONTAINS(ask(self, RESET, true), "pump cannot be reset: its device is gone");
}

TEST_F(protocol, a_set_says_what_is_stronger)
{
	latch(self, HYDROPON_LATCH_WELDED, HYDROPON_CAUSE_WELDED);
	EXPECT_CONTAINS(ask(self, SET, true), "\"note\":\"will wait, since it is latched, for: "
			"hydroponctl reset pump\"");
	latch(self, 0, HYDROPON_CAUSE_MANUAL_OFF);
	EXPECT_CONTAINS(ask(self, SET, true),
			"\"note\":\"will wait: forced off, its switch is at OFF\"");
	latch(self, 0, HYDROPON_CAUSE_CLEARED);
	EXPECT_TRUE(strstr(ask(self, SET, true), "note") == NULL);
}

TEST_F(protocol, a_set_after_max_on_waits_for_nothing)
{
	ask(self, SET, true);
	latch(self, 0, HYDROPON_CAUSE_MAX_ON);
	EXPECT_EQ(kernel.sets_n, 0);
	EXPECT_TRUE(strstr(ask(self, SET, true), "note") == NULL);
	ASSERT_EQ(kernel.sets_n, 1);
	EXPECT_EQ(kernel.sets[0].on, 0);
}

TEST_F(protocol, a_set_says_why_the_kernel_refused)
{
	outputs_override(self->turn.outputs, 0, true, 60000, clock_boot_ns());
	kernel.set_error = ENODATA;
	put_beat();
	turn_run(&self->turn);
	EXPECT_EQ(kernel.sets_n, 1);
	EXPECT_CONTAINS(ask(self, SET, true),
			"\"note\":\"will wait: a channel that it needs is stale\"");
}

/* A reading of the only channel, and what the turn makes of it. */
static void read_light(int value)
{
	put((struct hydropon_record){ .type = HYDROPON_REC_SCALE, .value = 1 });
	put((struct hydropon_record){ .type = HYDROPON_REC_SAMPLE, .value = value,
				      .time_ns = clock_boot_ns() });
}

TEST_F(protocol, explains_a_verdict_by_what_outputs_do)
{
	struct conf_channel *light = &self->conf.channels[0];

	light->quantity = QUANTITY_LIGHT;
	light->max = 100000;
	light->judge.lamp = 2;		/* "air" is on, and was so since the clock began */
	light->judge.lit_least = 500;
	read_light(3);
	turn_run(&self->turn);
	ask(self, "{\"cmd\":\"explain\",\"channel\":\"water\"}", false);
	EXPECT_CONTAINS(self->answer, "{\"ok\":true,\"channel\":\"water\",\"unit\":\"lx\",");
	EXPECT_CONTAINS(self->answer, "\"value\":3,\"q\":11,\"quality\":\"dark under the lamp\",");
	EXPECT_CONTAINS(self->answer, "\"remedy\":\"see lamp, contactor and sensor\"");
	EXPECT_CONTAINS(self->answer, "{\"name\":\"dark under the lamp\",\"q\":11,\"state\":\"fault\","
			"\"seen\":3,\"limit\":500,\"what\":\"value and least\",\"since_ms\":");
	EXPECT_CONTAINS(self->answer, "{\"name\":\"stuck\",\"q\":5,\"state\":\"none\",\"seen\":null,");
	EXPECT_TRUE(strstr(self->answer, "ground loop") == NULL);	/* not of light */
	/* Without the device nobody knows what the lamp does. */
	turn_close(&self->turn, -EIO);
	EXPECT_EQ(channels_get(self->turn.channels, 0)->last.q, Q_BAD_NOT_READY);
}

TEST_F(protocol, explains_no_channel_that_there_is_not)
{
	const char *sentence = "{\"ok\":false,\"error\":\"no such channel; there are: water\"}\n";

	EXPECT_STREQ(ask(self, "{\"cmd\":\"explain\",\"channel\":\"x\"}", false), sentence);
	EXPECT_STREQ(ask(self, "{\"cmd\":\"explain\"}", false), sentence);
	EXPECT_STREQ(ask(self, "{\"cmd\":\"explain\",\"channel\":\"water\\u0000\"}", false), sentence);
}
