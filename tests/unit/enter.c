// SPDX-License-Identifier: GPL-2.0-only
/* What a person enters: what becomes of it, and what is refused. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "base/clock.h"
#include "control/protocol.h"

#define HOUR_NS (3600 * NS_PER_SEC)

FIXTURE(enter)
{
	struct conf conf;
	struct turn turn;
	struct status_sources sources;
	struct protocol protocol;
	char *answer;
};

static struct sample newest;
static struct event event;
static unsigned int samples, events;

static void take_sample(void *data, const struct sample *sample)
{
	newest = *sample;
	samples++;
}

static void take_event(void *data, const struct event *given)
{
	event = *given;
	events++;
}

static void ignore_opened(void *data, int fd)
{
}

static void ignore_closing(void *data)
{
}

static const struct turn_hooks hooks = {
	.sample = take_sample, .event = take_event, .opened = ignore_opened,
	.closing = ignore_closing,
};

static void add(struct conf *conf, const char *name, enum quantity quantity,
		enum conf_source source, double min, double max)
{
	struct conf_channel *channel = &conf->channels[conf->channels_n++];

	*channel = (struct conf_channel){
		.quantity = quantity, .source = source, .min = min, .max = max,
		.is_direct = true, .temperature = -1, .stale_ms = 3600000, .ezo = -1,
	};
	snprintf(channel->name, sizeof(channel->name), "%s", name);
}

FIXTURE_SETUP(enter)
{
	struct conf *conf = &self->conf;

	add(conf, "ph-a", QUANTITY_PH, SOURCE_MANUAL, 4, 8);
	add(conf, "ec-a", QUANTITY_EC, SOURCE_MANUAL, 0, 5000);
	add(conf, "ph-b", QUANTITY_PH, SOURCE_EZO, 4, 8);
	add(conf, "volt", QUANTITY_VOLTAGE, SOURCE_MANUAL, -1 / 0.0, 1 / 0.0);
	turn_start(&self->turn, conf, stream_new("none", NULL), channels_new(conf),
		   outputs_new(conf), &hooks, NULL);
	self->sources = (struct status_sources){ .conf = conf, .turn = &self->turn };
	self->protocol = (struct protocol){ .sources = &self->sources, .turn = &self->turn };
}

FIXTURE_TEARDOWN(enter)
{
	free(self->answer);
	stream_free(self->turn.stream);
	channels_free(self->turn.channels);
	outputs_free(self->turn.outputs);
}

static const char *ask(struct fixture_enter *self, const char *request, bool may_control)
{
	free(self->answer);
	self->answer = protocol_answer(&self->protocol, request, strlen(request), may_control);
	ASSERT_TRUE(self->answer != NULL);
	return self->answer;
}

#define ENTER(rest) "{\"cmd\":\"enter\"," rest "}"

TEST_F(enter, a_number_becomes_a_sample_and_an_event)
{
	EXPECT_STREQ(ask(self, ENTER("\"channel\":\"ph-a\",\"value\":\"6.1\",\"who\":\"anna\","
				     "\"for_ms\":60000"), true),
		     "{\"ok\":true,\"channel\":\"ph-a\",\"value\":6.1,\"unit\":\"pH\","
		     "\"for_ms\":60000}\n");
	EXPECT_EQ(samples, 1);
	EXPECT_EQ(newest.channel, 0);
	EXPECT_EQ(newest.q, Q_UNCERTAIN_ENTERED);
	EXPECT_NEAR(newest.value, 6.1, 1e-9);
	EXPECT_EQ(newest.raw, 6100);
	EXPECT_EQ(events, 1);
	EXPECT_STREQ(event.name, "enter");
	EXPECT_STREQ(event.subject, "ph-a");
	EXPECT_STREQ(event.numbers[0].key, "thousandths");
	EXPECT_EQ(event.numbers[0].value, 6100);
	EXPECT_EQ(event.numbers[1].value, 60000);
}

TEST_F(enter, units_are_those_of_the_configuration)
{
	EXPECT_CONTAINS(ask(self, ENTER("\"channel\":\"ec-a\",\"value\":\"1.4 mS/cm\""), true),
			"\"value\":1400,");
	EXPECT_CONTAINS(self->answer, "\"for_ms\":14400000");
	EXPECT_NEAR(newest.value, 1400, 1e-9);
	EXPECT_CONTAINS(ask(self, ENTER("\"channel\":\"ec-a\",\"value\":900.5"), true),
			"\"value\":900.5,");
	EXPECT_CONTAINS(ask(self, ENTER("\"channel\":\"ec-a\",\"value\":\"6.1 pH\""), true),
			"\"ok\":false");
	EXPECT_EQ(samples, 2);
}

TEST_F(enter, it_is_never_good)
{
	const struct channels *channels = self->turn.channels;

	ask(self, ENTER("\"channel\":\"ph-a\",\"value\":6.1"), true);
	EXPECT_TRUE(channel_is_present(channels_get(channels, 0)));
	EXPECT_FALSE(channels_is_good(channels, 0, clock_boot_ns()));
	ask(self, ENTER("\"channel\":\"ph-a\",\"value\":6.1"), true);
	EXPECT_EQ(newest.q, Q_UNCERTAIN_ENTERED);
	EXPECT_FALSE(channels_is_good(channels, 0, clock_boot_ns()));
}

TEST_F(enter, it_holds_as_long_as_was_said)
{
	struct clock_pair now = clock_pair_now(true);
	struct sample sample;

	ask(self, ENTER("\"channel\":\"ph-a\",\"value\":6.1,\"for_ms\":36000000"), true);
	now.boot_ns = clock_boot_ns() + 9 * HOUR_NS;
	EXPECT_FALSE(channels_expire(self->turn.channels, 0, &now, &sample));
	now.boot_ns += 2 * HOUR_NS;
	EXPECT_TRUE(channels_expire(self->turn.channels, 0, &now, &sample));
	EXPECT_EQ(sample.q, Q_BAD_STALE);
	EXPECT_FALSE(channel_is_present(channels_get(self->turn.channels, 0)));
	/* Told once an hour, as long as nobody enters anything. */
	EXPECT_FALSE(channels_expire(self->turn.channels, 0, &now, &sample));
	now.boot_ns += HOUR_NS + NS_PER_SEC;
	EXPECT_TRUE(channels_expire(self->turn.channels, 0, &now, &sample));
}

TEST_F(enter, a_shorter_time_than_that_of_sensors_is_kept_too)
{
	struct clock_pair now = clock_pair_now(true);
	struct sample sample;

	ask(self, ENTER("\"channel\":\"ph-a\",\"value\":6.1,\"for_ms\":60000"), true);
	now.boot_ns = clock_boot_ns() + 61 * NS_PER_SEC;
	EXPECT_TRUE(channels_expire(self->turn.channels, 0, &now, &sample));
}

TEST_F(enter, what_makes_no_sense_is_refused_with_a_reason)
{
	static const struct {
		const char *request, *why;
	} refused[] = {
		{ ENTER("\"channel\":\"ph-b\",\"value\":6"), "ph-b is measured (source ezo), and "
		  "nothing can be entered for it; write a channel of its own with" },
		{ ENTER("\"channel\":\"ph-c\",\"value\":6"), "no such channel; there are: ph-a, " },
		{ ENTER("\"value\":6"), "must be the name of a channel" },
		{ ENTER("\"channel\":\"ph-a\""), "must be a number in pH, or text with a unit" },
		{ ENTER("\"channel\":\"ph-a\",\"value\":true"), "must be a number in pH" },
		{ ENTER("\"channel\":\"ph-a\",\"value\":61"), "ph-a takes 4 to 8 pH; measure again" },
		{ ENTER("\"channel\":\"ph-a\",\"value\":3.9"), "ph-a takes 4 to 8 pH" },
		{ ENTER("\"channel\":\"ph-a\",\"value\":\"nan\""), "nan" },
		{ ENTER("\"channel\":\"volt\",\"value\":1e300"), "volt takes -1e+06 to 1e+06 mV" },
		{ ENTER("\"channel\":\"ph-a\",\"value\":6,\"for_ms\":0"), "1 to 604800000 (7 d)" },
		{ ENTER("\"channel\":\"ph-a\",\"value\":6,\"for_ms\":604800001"), "(7 d)" },
		{ ENTER("\"channel\":\"ph-a\",\"value\":6,\"who\":7"), "at most 47 characters" },
		{ ENTER("\"channel\":\"ph-a\",\"value\":6,\"until_boot_ns\":1"), "came too late" },
	};

	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		EXPECT_CONTAINS(ask(self, refused[i].request, true), "\"ok\":false");
		EXPECT_CONTAINS(self->answer, refused[i].why);
	}
	EXPECT_CONTAINS(ask(self, ENTER("\"channel\":\"ph-a\",\"value\":6"), false), "read only");
	EXPECT_EQ(samples, 0);
	EXPECT_EQ(events, 0);
}

TEST_F(enter, nothing_but_a_person_gives_it_a_number)
{
	const struct source_reading reading = { .boot_ns = clock_boot_ns(), .number = 6 };
	struct clock_pair now = clock_pair_now(true);
	struct sample sample;

	EXPECT_FALSE(channels_take_reading(self->turn.channels, &reading, &now, &sample));
}
