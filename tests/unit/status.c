// SPDX-License-Identifier: GPL-2.0-only
/* What the status document says of readings and outputs, of which a part is not known. */
#include "unit/process.h"

#include <json-c/json.h>

#include "control/status.h"

static void ignore_sample(void *data, const struct sample *sample)
{
}

static const struct turn_hooks hooks = { .sample = ignore_sample };

FIXTURE(status)
{
	struct conf conf;
	struct turn turn;
	struct status_sources sources;
	struct json_object *document;
};

FIXTURE_SETUP(status)
{
	struct conf *conf = &self->conf;

	directory_make(conf->state_dir, sizeof(conf->state_dir));
	snprintf(conf->run_dir, sizeof(conf->run_dir), "%s", conf->state_dir);
	conf->spool_max_bytes = 1 << 20;
	conf->commit_ms = 1000;
	conf->channels_n = 1;
	conf->channels[0] = (struct conf_channel){
		.name = "water", .quantity = QUANTITY_TEMPERATURE, .min = 0, .max = 50,
		.stale_ms = 1000, .temperature = -1, .zero_mv = 500, .mv_per_unit = 10,
	};
	conf->outputs_n = 1;
	conf->outputs[0] = (struct conf_output){ .name = "pump", .lease_ms = 2000 };
	turn_start(&self->turn, conf, stream_new("none", NULL), channels_new(conf),
		   outputs_new(conf), &hooks, NULL);
	self->sources = (struct status_sources){
		.conf = conf, .turn = &self->turn, .spooler = spooler_start(conf, NULL, NULL),
		.forwarder = forwarder_new(conf->run_dir),
	};
}

FIXTURE_TEARDOWN(status)
{
	json_object_put(self->document);
	spooler_stop(self->sources.spooler, 2000);
	forwarder_free(self->sources.forwarder);
	stream_free(self->turn.stream);
	channels_free(self->turn.channels);
	outputs_free(self->turn.outputs);
	directory_remove(self->conf.state_dir);
}

static void read_water(struct fixture_status *self, int millivolt, int error)
{
	const struct clock_pair now = { clock_boot_ns(), clock_wall_ms(), true };
	struct hydropon_channel_info info = { .kind = HYDROPON_KIND_IIO, .present = 1,
					      .name = "water" };
	struct hydropon_record record = { .type = HYDROPON_REC_SCALE, .time_ns = now.boot_ns,
					  .value = 1 };
	struct sample sample;

	channels_bind(self->turn.channels, &info);
	channels_take(self->turn.channels, &record, &now, &sample);
	record.type = HYDROPON_REC_SAMPLE;
	record.value = millivolt;
	record.status = error;
	ASSERT_TRUE(channels_take(self->turn.channels, &record, &now, &sample));
}

/* The text of a member of the first element of @array. */
static const char *member(struct fixture_status *self, const char *array, const char *key)
{
	struct json_object *element, *value;

	json_object_put(self->document);
	self->document = status_build(&self->sources);
	element = json_object_array_get_idx(json_object_object_get(self->document, array), 0);
	ASSERT_TRUE(json_object_object_get_ex(element, key, &value));
	return value ? json_object_get_string(value) : "null";
}

TEST_F(status, a_good_reading_has_a_value)
{
	read_water(self, 753, 0);
	EXPECT_STREQ(member(self, "channels", "value"), "25.3");
	EXPECT_STREQ(member(self, "channels", "q"), "0");
	EXPECT_LT(atoll(member(self, "channels", "age_ms")), 5000);
}

TEST_F(status, a_failed_read_has_none)
{
	read_water(self, 753, 0);
	read_water(self, 0, -ETIMEDOUT);
	EXPECT_STREQ(member(self, "channels", "value"), "null");
	EXPECT_STREQ(member(self, "channels", "q"), "100");
	EXPECT_STREQ(member(self, "channels", "error"), "Connection timed out");
	EXPECT_STREQ(member(self, "channels", "bad"), "1");
}

TEST_F(status, a_reading_out_of_range_has_none)
{
	read_water(self, 500 + 2550, 0);
	EXPECT_STREQ(member(self, "channels", "value"), "null");
	EXPECT_STREQ(member(self, "channels", "q"), "101");
}

TEST_F(status, an_output_says_its_state_lease_and_cause)
{
	struct hydropon_output_info info = {
		.present = 1, .on = 1, .cause = HYDROPON_CAUSE_LEASE, .lease_max_ms = 2000,
		.lease_left_ms = 2000, .line_status = -EIO, .refused = 3, .name = "pump",
	};

	EXPECT_STREQ(member(self, "outputs", "on"), "null");
	outputs_bind(self->turn.outputs, &info, clock_boot_ns());
	EXPECT_STREQ(member(self, "outputs", "on"), "true");
	EXPECT_STREQ(member(self, "outputs", "safe_on"), "false");
	EXPECT_STREQ(member(self, "outputs", "cause"), "lease");
	EXPECT_STREQ(member(self, "outputs", "line_error"), "Input/output error");
	EXPECT_STREQ(member(self, "outputs", "refused"), "3");
	EXPECT_GT(atoll(member(self, "outputs", "lease_left_ms")), 0);
	EXPECT_LE(atoll(member(self, "outputs", "lease_left_ms")), 2000);
}

TEST_F(status, an_output_without_its_device_has_no_state)
{
	const struct hydropon_output_info gone = { .name = "pump" };

	outputs_bind(self->turn.outputs, &gone, clock_boot_ns());
	EXPECT_STREQ(member(self, "outputs", "present"), "false");
	EXPECT_STREQ(member(self, "outputs", "switch"), "null");
	EXPECT_STREQ(member(self, "outputs", "feedback"), "null");
	EXPECT_STREQ(member(self, "outputs", "held"), "null");
	EXPECT_STREQ(member(self, "outputs", "latched"), "[ ]");
	EXPECT_STREQ(member(self, "outputs", "on"), "null");
	EXPECT_STREQ(member(self, "outputs", "safe_on"), "null");
	EXPECT_STREQ(member(self, "outputs", "cause"), "null");
}

TEST_F(status, a_write_under_way_is_no_error)
{
	const struct hydropon_output_info info = { .present = 1, .lease_max_ms = 2000,
						   .line_status = -EINPROGRESS, .name = "pump" };

	outputs_bind(self->turn.outputs, &info, clock_boot_ns());
	EXPECT_STREQ(member(self, "outputs", "switching"), "true");
	EXPECT_FALSE(json_object_object_get_ex(json_object_array_get_idx(
		json_object_object_get(self->document, "outputs"), 0), "line_error", NULL));
}

TEST_F(status, an_output_says_why_the_kernel_refused)
{
	const struct hydropon_output_info info = { .present = 1, .lease_max_ms = 2000,
						   .name = "pump" };
	const struct hydropon_set set = { .on = 1, .lease_ms = 2000 };
	const struct output_turn turn = { .now_ns = clock_boot_ns() };

	outputs_bind(self->turn.outputs, &info, turn.now_ns);
	EXPECT_STREQ(member(self, "outputs", "set_error"), "null");
	outputs_done(self->turn.outputs, 0, &turn, &set, -EBUSY);
	EXPECT_STREQ(member(self, "outputs", "set_error"), "something stronger holds it");
	outputs_done(self->turn.outputs, 0, &turn, &set, 0);
	EXPECT_STREQ(member(self, "outputs", "set_error"), "null");
}

TEST_F(status, an_output_says_what_is_latched_and_what_is_wrong_with_its_wires)
{
	struct hydropon_output_info info = {
		.present = 1, .restored = 1, .lease_max_ms = 2000, .name = "pump",
		.cause = HYDROPON_CAUSE_WELDED, .manual = HYDROPON_MANUAL_OFF, .feedback = 1,
		.faults = 1 << HYDROPON_FAULT_WELDED | 1 << HYDROPON_FAULT_SWITCH,
		.latched = HYDROPON_LATCH_WELDED, .trips = HYDROPON_TRIP_SAFE, .trip_id = 4,
		.behind_master = 1, .stale_need = HYDROPON_NONE,
	};

	outputs_bind(self->turn.outputs, &info, clock_boot_ns());
	EXPECT_STREQ(member(self, "outputs", "held"), "true");
	EXPECT_STREQ(member(self, "outputs", "latched"), "[ \"welded\" ]");
	EXPECT_STREQ(member(self, "outputs", "tripping"), "[ \"trip-safe\" ]");
	EXPECT_STREQ(member(self, "outputs", "trip_id"), "4");
	EXPECT_STREQ(member(self, "outputs", "faults"), "[ \"welded\", \"switch\" ]");
	EXPECT_STREQ(member(self, "outputs", "switch"), "off");
	EXPECT_STREQ(member(self, "outputs", "feedback"), "true");
	EXPECT_STREQ(member(self, "outputs", "restored"), "true");
	EXPECT_STREQ(member(self, "outputs", "behind_master"), "true");
	EXPECT_STREQ(member(self, "outputs", "stale_need"), "null");

	info.trips = 0;
	info.feedback = HYDROPON_NO_FEEDBACK;
	outputs_bind(self->turn.outputs, &info, clock_boot_ns());
	EXPECT_STREQ(member(self, "outputs", "trip_id"), "null");
	EXPECT_STREQ(member(self, "outputs", "feedback"), "null");
	info.latched = HYDROPON_TRIP_ON << HYDROPON_TRIP_PASS_SHIFT;
	outputs_bind(self->turn.outputs, &info, clock_boot_ns());
	EXPECT_STREQ(member(self, "outputs", "trip_id"), "4");
}

TEST_F(status, an_output_says_its_limits_if_it_has_any)
{
	static const char *const limits[] = { "max_on_ms", "budget_ms", "budget_window_ms",
					      "budget_left_ms" };
	struct hydropon_output_info info = { .present = 1, .lease_max_ms = 2000, .name = "pump",
					     .stale_need = HYDROPON_NONE };

	outputs_bind(self->turn.outputs, &info, clock_boot_ns());
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		EXPECT_STREQ(member(self, "outputs", limits[i]), "null");
	EXPECT_STREQ(member(self, "outputs", "min_off_ms"), "0");
	info.max_on_ms = 1;
	info.min_off_ms = 2;
	info.budget_ms = 3;
	info.budget_window_ms = 4;
	outputs_bind(self->turn.outputs, &info, clock_boot_ns());
	EXPECT_STREQ(member(self, "outputs", "max_on_ms"), "1");
	EXPECT_STREQ(member(self, "outputs", "min_off_ms"), "2");
	EXPECT_STREQ(member(self, "outputs", "budget_ms"), "3");
	EXPECT_STREQ(member(self, "outputs", "budget_window_ms"), "4");
	EXPECT_STREQ(member(self, "outputs", "budget_left_ms"), "0");	/* spent, not unknown */
}

TEST_F(status, an_output_names_the_channel_that_the_kernel_misses)
{
	const struct hydropon_output_info info = { .present = 1, .lease_max_ms = 2000,
						   .name = "pump", .stale_need = 5 };
	const struct hydropon_channel_info water = { .index = 5, .present = 1, .name = "water" };

	outputs_bind(self->turn.outputs, &info, clock_boot_ns());
	EXPECT_CONTAINS(member(self, "outputs", "stale_need"), "not in the configuration");
	channels_bind(self->turn.channels, &water);
	EXPECT_STREQ(member(self, "outputs", "stale_need"), "water");
}

TEST_F(status, an_output_that_was_on_for_too_long_says_so)
{
	const struct hydropon_output_info info = { .present = 1, .lease_max_ms = 2000,
						   .name = "pump", .cause = HYDROPON_CAUSE_MAX_ON };

	EXPECT_STREQ(member(self, "outputs", "overran"), "false");
	outputs_bind(self->turn.outputs, &info, clock_boot_ns());
	EXPECT_STREQ(member(self, "outputs", "overran"), "true");
	EXPECT_STREQ(member(self, "outputs", "cause"), "max-on");
	EXPECT_CONTAINS(member(self, "outputs", "set_error"), "waits for a command");
}

TEST_F(status, the_gateway_says_what_is_wrong_with_its_own_wires)
{
	struct json_object *power;

	self->turn.info = (struct hydropon_info){ .power_storm = 1, .interlocks = 7 };
	self->turn.clock_steps = 2;
	self->document = status_build(&self->sources);
	EXPECT_FALSE(json_object_get_boolean(json_object_object_get(self->document,
								     "master_closed")));
	EXPECT_EQ(json_object_get_int(json_object_object_get(self->document, "interlocks")), 7);
	EXPECT_EQ(json_object_get_int(json_object_object_get(self->document, "clock_steps")), 2);
	power = json_object_object_get(self->document, "power");
	EXPECT_TRUE(json_object_get_boolean(json_object_object_get(power, "storm")));
}

TEST_F(status, says_that_the_system_goes_down_and_how_long_the_spool_is_stuck)
{
	struct json_object *stuck;

	self->turn.info.terminal = 1;
	self->document = status_build(&self->sources);
	EXPECT_TRUE(json_object_get_boolean(json_object_object_get(self->document, "terminal")));
	ASSERT_TRUE(json_object_object_get_ex(json_object_object_get(self->document, "spool"),
					      "stuck_ms", &stuck));
	/* a commit that is just under way counts too */
	EXPECT_GE(json_object_get_int64(stuck), 0);
}
