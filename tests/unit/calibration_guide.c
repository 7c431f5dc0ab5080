// SPDX-License-Identifier: GPL-2.0-only
/* The guided calibration, with a hydropond and hands of the test's own: a probe that is put into
 * one bottle after another, and takes its time. */
#include "harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "base/buffers.h"
#include "base/clock.h"
#include "base/nernst.h"
#include "channel/calibration.h"
#include "ctl/calibration_guide.h"
#include "ctl/fail.h"
#include "base/field.h"
#include "support/catch_log.h"

#define START_NS (1000 * NS_PER_SEC)
#define NEVER UINT64_MAX
#define LINES 8

static const struct conf_channel ph_conf = {
	.name = "ph-a", .quantity = QUANTITY_PH, .buffer_ph = { 7, 4 },
	.buffer_mv = { 1500, 1677.477 }, .buffer_c = 25,
};
static const struct conf_channel ec_conf = {
	.name = "ph-a", .quantity = QUANTITY_EC, .cell_per_cm = 1, .us_per_mv = 2,
};
static const struct conf_channel water_conf = {
	.name = "ph-a", .quantity = QUANTITY_TEMPERATURE, .zero_mv = 500, .mv_per_unit = 10,
};
static const struct conf_channel flow_conf = {
	.name = "ph-a", .quantity = QUANTITY_FLOW, .pulses_per_litre = 450,
};

static const struct conf_channel dose_conf = {
	.name = "ph-a", .quantity = QUANTITY_DOSE, .ml_per_s = 1.5,
};

FIXTURE(guide)
{
	/* the world */
	const struct conf_channel *conf;
	double bottles[LINES];		/* in the order in which the probe is put into them; NaN: dry */
	size_t bottle, bottles_n;
	double percent, offset_mv, celsius;
	bool moves_itself;		/* a script: every minute into the next one */
	double drift_mv_s;		/* for ever */
	bool has_no_temperature, temperature_stale, disk_hangs, disk_fails;
	bool is_left_open;		/* what is expected of the session */
	uint64_t kept_at_ns;		/* from then on is the session durable */
	uint64_t interrupt_at_ns;
	const char *answers[LINES];	/* what the person types; NULL: Ctrl-C */
	size_t answers_n;
	/* what it is */
	uint64_t now_ns, put_ns;	/* since when the probe is where it is */
	unsigned int begun, ended, stored, kept;
	uint64_t on_ns, off_ns;		/* of the pump: since when, and when its override ends */
	unsigned int sets, releases;
	const char *limits;		/* of the pump in the status */
	bool is_held;			/* it does not move */
	int answered;
	uint64_t word_ns;
	char *text;
	size_t size;
	int errors;
	struct calibrate_world world;
	struct calibrate_options options;
};

static double true_mv(const struct fixture_guide *self)
{
	double seconds = (double)(self->now_ns - self->put_ns) / NS_PER_SEC;
	double bottle = self->bottles[self->bottle], mv;

	if (self->conf->quantity == QUANTITY_TEMPERATURE)
		return 750;
	if (self->conf->quantity == QUANTITY_DOSE)
		return !self->on_ns || self->is_held ? 100 : 100 + (double)
		       ((self->now_ns < self->off_ns ? self->now_ns : self->off_ns) - self->on_ns) /
		       NS_PER_SEC;
	if (self->conf->quantity == QUANTITY_FLOW)
		return seconds < 2 ? 4294967290.0 : fmod(4294967290.0 + fmin(seconds - 2, 20) * 220,
							  4294967296.0);
	if (self->conf->quantity == QUANTITY_EC)
		mv = isnan(bottle) ? 2 : 2 + buffer_value(buffer_find_ec(bottle), self->celsius) / 1.9;
	else
		mv = 1500 + self->offset_mv + self->percent / 100 * nernst_mv_per_ph(self->celsius) *
		     (buffer_value(buffer_find_ph(bottle), self->celsius) - 7);
	/* It comes to rest, and has half a millivolt of noise. */
	return mv + 40 * exp(-seconds / 4) + self->drift_mv_s * seconds +
	       ((self->now_ns / NS_PER_SEC) % 2 ? 0.2 : -0.2);
}

static int get_status(void *data, struct json_object **status)
{
	struct fixture_guide *self = data;
	char text[1024];

	snprintf(text, sizeof(text), "{\"ok\":true,\"boot_ns\":%llu,\"channels\":[{\"name\":\"ph-a\","
		 "\"quantity\":\"%s\",\"present\":true,\"reading\":%.4f,\"reading_age_ms\":0,"
		 "\"quality\":\"calibrating\",\"derived_from\":[\"dose-a\"],"
		 "\"temperature_from\":%s},{\"name\":\"water-a\","
		 "\"value\":%.2f,\"q\":%d,\"quality\":\"%s\"}],\"outputs\":[{\"name\":\"dose-a\","
		 "\"present\":true,%s}]}",
		 (unsigned long long)self->now_ns, quantity_name(self->conf->quantity), true_mv(self),
		 self->has_no_temperature ? "null" : "\"water-a\"", self->celsius,
		 self->temperature_stale ? 102 : 0, self->temperature_stale ? "stale" : "good", self->limits);
	*status = json_tokener_parse(text);
	ASSERT_TRUE(*status != NULL);
	return EXIT_OK;
}

static double number_in(struct json_object *object, const char *key)
{
	return field_is_number(object, key) ? json_object_get_double(field(object, key)) : NAN;
}

static struct json_object *recognise(struct fixture_guide *self, struct json_object *request)
{
	const struct buffer *candidates[8];
	size_t n = field_length(request, "labels");
	struct json_object *answer = json_object_new_object(), *found = json_object_new_array();
	struct json_object *known = field(request, "known");
	const struct calibration_point before = { number_in(known, "reference"),
						  number_in(known, "reading"), NAN };
	struct recognition seen;

	for (size_t i = 0; i < n; i++) {
		double label = json_object_get_double(field_element(request, "labels", i));

		candidates[i] = self->conf->quantity == QUANTITY_PH ? buffer_find_ph(label) :
								      buffer_find_ec(label);
		ASSERT_TRUE(candidates[i] != NULL);
	}
	if (self->conf->quantity == QUANTITY_PH)
		recognise_ph(self->conf, candidates, n, number_in(request, "reading"),
			     number_in(request, "celsius"), known ? &before : NULL, &seen);
	else
		recognise_ec(self->conf, candidates, n, number_in(request, "reading"),
			     number_in(request, "celsius"), &seen);
	for (size_t i = 0; i < seen.n; i++)
		json_object_array_add(found, json_object_new_double(buffer_nominal(seen.found[i])));
	json_object_object_add(answer, "found", found);
	json_object_object_add(answer, "seen", json_object_new_double(seen.seen));
	return answer;
}

static struct json_object *solve(struct fixture_guide *self, struct json_object *request,
				 struct calibration_solution *solution)
{
	struct calibration_point points[CALIBRATION_POINTS];
	size_t n = field_length(request, "points");
	struct json_object *answer, *object;

	for (size_t i = 0; i < n; i++) {
		struct json_object *point = field_element(request, "points", i);

		points[i] = (struct calibration_point){ number_in(point, "reference"),
							number_in(point, "reading"),
							number_in(point, "celsius") };
	}
	if (!calibration_solve(self->conf, self->conf, points, n, solution))
		return NULL;
	answer = json_object_new_object();
	object = json_object_new_object();
	json_object_object_add(object, "verdict",
			       json_object_new_string(verdict_name(solution->verdict)));
	json_object_object_add(object, "words", json_object_new_string(solution->words));
	if (!isnan(solution->slope_percent))
		json_object_object_add(object, "slope_percent",
				       json_object_new_double(solution->slope_percent));
	json_object_object_add(object, "offset", json_object_new_double(solution->offset));
	json_object_object_add(answer, "solution", object);
	return answer;
}

/* As hydropond does: the override ends by itself. */
static int command_pump(struct fixture_guide *self, struct json_object *request,
			struct json_object **answer)
{
	EXPECT_STREQ(field_text(request, "output"), "dose-a");
	if (!strcmp(field_text(request, "cmd"), "set")) {
		self->sets++;
		EXPECT_TRUE(field_is_true(request, "on"));
		self->on_ns = self->now_ns;
		self->off_ns = self->now_ns + field_count(request, "for_ms") * NS_PER_MS;
	} else {
		self->releases++;
		self->off_ns = self->off_ns < self->now_ns ? self->off_ns : self->now_ns;
	}
	json_object_put(request);
	*answer = json_object_new_object();
	return EXIT_OK;
}

static int answer(void *data, struct json_object *request, struct json_object **answer)
{
	struct fixture_guide *self = data;
	const char *what = field_text(request, "do");
	struct calibration_solution solution;

	if (strcmp(field_text(request, "cmd"), "calibrate"))
		return command_pump(self, request, answer);
	self->word_ns = self->now_ns;
	*answer = NULL;
	EXPECT_STREQ(field_text(request, "who"), "anna");
	EXPECT_EQ(field_count(request, "session"), strcmp(what, "begin") ? 7 : 0);
	if (!strcmp(what, "recognise")) {
		*answer = recognise(self, request);
	} else if (!strcmp(what, "solve") || !strcmp(what, "store")) {
		*answer = solve(self, request, &solution);
		if (!*answer)
			fail(EXIT_REFUSED, "hydropond refuses: %s", solution.words);
		self->stored += !strcmp(what, "store");
	} else {
		self->begun += !strcmp(what, "begin");
		self->ended += !strcmp(what, "end");
		self->kept += !strcmp(what, "keep");
		*answer = json_tokener_parse("{\"session\":7,\"version\":3,\"locks\":[\"ph-down\"]}");
		json_object_object_add(*answer, "kept", json_object_new_boolean(
			self->now_ns >= self->kept_at_ns));
	}
	if (*answer)
		json_object_object_add(*answer, "state", json_object_new_string(
			!self->stored ? "idle" : self->disk_fails ? "failed" :
			self->disk_hangs || !strcmp(what, "store") ? "storing" : "stored"));
	json_object_put(request);
	return *answer ? EXIT_OK : EXIT_REFUSED;
}

/* Every line that is typed follows on what was asked: the probe stands in the next bottle. */
static int read_line(void *data, uint64_t ms, char *text, size_t size)
{
	struct fixture_guide *self = data;
	const char *line;

	if (self->answered == (int)self->answers_n || !self->answers[self->answered])
		return -1;
	/* A person takes two minutes, in which hydropond hears of us. */
	if (self->now_ns < self->put_ns + 120 * NS_PER_SEC) {
		self->now_ns += ms * NS_PER_MS;
		EXPECT_LT(self->now_ns - self->word_ns, 2 * CALIBRATE_WORD_MS * NS_PER_MS);
		return 0;
	}
	line = self->answers[self->answered++];
	snprintf(text, size, "%s", line);
	if (!*line && self->answered > 1 && self->bottle + 1 < self->bottles_n)
		self->bottle++;
	self->put_ns = self->now_ns;
	return 1;
}

static uint64_t get_now(void *data)
{
	return ((struct fixture_guide *)data)->now_ns;
}

static bool do_wait(void *data, uint64_t ms)
{
	struct fixture_guide *self = data;

	self->now_ns += ms * NS_PER_MS;
	if (self->moves_itself && self->now_ns - self->put_ns > 60 * NS_PER_SEC &&
	    self->bottle + 1 < self->bottles_n) {
		self->bottle++;
		self->put_ns = self->now_ns;
	}
	return self->now_ns >= self->interrupt_at_ns;
}

FIXTURE_SETUP(guide)
{
	self->conf = &ph_conf;
	self->percent = 98;
	self->offset_mv = 8;
	self->celsius = 21;
	self->interrupt_at_ns = NEVER;
	self->limits = "\"on\":false,\"safe_on\":false,\"want_on\":false,\"max_on_ms\":null,"
		       "\"budget_left_ms\":null,\"override\":null";
	self->now_ns = self->put_ns = self->word_ns = START_NS;
	self->errors = catch_log();
	self->options = (struct calibrate_options){ .channel = "ph-a", .who = "anna" };
	self->world = (struct calibrate_world){
		.data = self, .out = open_memstream(&self->text, &self->size), .is_screen = true,
		.status = get_status, .ask = answer, .read_line = read_line, .now_ns = get_now,
		.wait = do_wait,
	};
}

FIXTURE_TEARDOWN(guide)
{
	fclose(self->world.out);
	free(self->text);
	close(self->errors);
}

static void put_into(struct fixture_guide *self, size_t n, const double *bottles)
{
	memcpy(self->bottles, bottles, n * sizeof(*bottles));
	self->bottles_n = n;
}

#define BOTTLES(self, ...)								\
	put_into(self, sizeof((const double[]){ __VA_ARGS__ }) / sizeof(double),	\
		 (const double[]){ __VA_ARGS__ })

static void type(struct fixture_guide *self, size_t n, const char *const *lines)
{
	memcpy(self->answers, lines, n * sizeof(*lines));
	self->answers_n = n;
}

#define TYPE(self, ...)									\
	type(self, sizeof((const char *const []){ __VA_ARGS__ }) / sizeof(char *),	\
	     (const char *const []){ __VA_ARGS__ })

static int run(struct fixture_guide *self)
{
	int code = calibration_guide(&self->world, &self->options);

	fflush(self->world.out);
	EXPECT_EQ(self->begun - self->is_left_open, self->ended);
	EXPECT_EQ(self->is_left_open, strstr(self->text, "hydroponctl calibrate ph-a --abort") != NULL);
	EXPECT_EQ(self->sets, self->releases);
	return code;
}

TEST_F(guide, recognises_the_buffers_and_stores_what_was_agreed_to)
{
	self->kept_at_ns = START_NS + 2 * NS_PER_SEC;
	BOTTLES(self, 7, 4, 10);
	TYPE(self, "", "", "d", "y", "");
	EXPECT_EQ(run(self), EXIT_OK);
	EXPECT_CONTAINS(self->text, "ph-a: ph-down stays in its safe state until this is over");
	EXPECT_CONTAINS(self->text, "put it into 7.00 or 4.01 or 10.01, and press Enter:");
	EXPECT_CONTAINS(self->text, " s left  within ");
	EXPECT_CONTAINS(self->text, "settled: within");
	EXPECT_CONTAINS(self->text, "7.00 recognised: it is 7.02 at 21.0 C");
	EXPECT_CONTAINS(self->text, "put it into 4.01 or 10.01, and press Enter (d and Enter: no more):");
	EXPECT_CONTAINS(self->text, "4.01 recognised: it is 4.00 at 21.0 C");
	EXPECT_CONTAINS(self->text, "slope             98");
	EXPECT_CONTAINS(self->text, "offset             8");
	EXPECT_CONTAINS(self->text, "GOOD: slope and offset are those of a good electrode");
	EXPECT_CONTAINS(self->text, "Store it? [y/N]");
	EXPECT_CONTAINS(self->text, "stored as calibration 3; to go back: hydroponctl calibrate ph-a "
			"--undo");
	EXPECT_CONTAINS(self->text, "Put the probe back into its place");
	EXPECT_CONTAINS(self->text, "goes on once its reading has settled, in 5 minutes at most");
	EXPECT_EQ(self->stored, 1);
	EXPECT_GT(self->kept, 3);
}

TEST_F(guide, without_a_yes_nothing_is_stored)
{
	BOTTLES(self, 7, 4);
	TYPE(self, "", "", "d", "n", "");
	EXPECT_EQ(run(self), EXIT_REFUSED);
	EXPECT_EQ(self->stored, 0);
	EXPECT_CONTAINS(self->text, "Put the probe back into its place");
	EXPECT_EQ(self->answered, 5);
	EXPECT_CONTAINS(self->text, "nothing was changed");
}

TEST_F(guide, ctrl_c_before_the_first_bottle_ends_the_session)
{
	BOTTLES(self, 7);
	TYPE(self, NULL);
	EXPECT_EQ(run(self), EXIT_REFUSED);
	EXPECT_EQ(self->ended, 1);
	EXPECT_CONTAINS(self->text, "nothing was changed");
}

/* The probe is in a bottle, and nobody may be there to say when it is not any more. */
TEST_F(guide, ctrl_c_in_a_bottle_stores_nothing_and_leaves_the_channel_locked)
{
	self->is_left_open = true;
	for (uint64_t s = 1; s < 120; s += 7) {
		self->begun = self->ended = 0;
		self->answered = 0;
		self->bottle = 0;
		self->put_ns = self->word_ns = self->now_ns;
		self->interrupt_at_ns = self->now_ns + 120 * NS_PER_SEC + s * NS_PER_SEC;
		BOTTLES(self, 7, 4);
		TYPE(self, "", "", NULL);
		EXPECT_EQ(run(self), EXIT_REFUSED);
		EXPECT_EQ(self->begun, 1);
		EXPECT_EQ(self->stored, 0);
	}
	EXPECT_CONTAINS(self->text, "nothing was changed");
}

TEST_F(guide, a_wrong_bottle_is_told_with_what_was_seen_and_asked_for_again)
{
	self->options.points = "7,4";
	BOTTLES(self, 10, 7, 4);
	TYPE(self, "", "", "", "y", "");
	EXPECT_EQ(run(self), EXIT_OK);
	EXPECT_CONTAINS(self->text, "at 21.0 C is not 7.00: it looks like 9.85 pH by the calibration "
			"until now");
	EXPECT_EQ(self->stored, 1);
}

TEST_F(guide, the_same_bottle_twice_is_no_second_point)
{
	BOTTLES(self, 7, 7, 4);
	TYPE(self, "", "", "", "d", "y", "");
	EXPECT_EQ(run(self), EXIT_OK);
	EXPECT_CONTAINS(self->text, "is not 4.01 or 10.01: it looks like 6.8");
	EXPECT_EQ(self->stored, 1);
}

TEST_F(guide, a_worn_out_electrode_is_refused_by_hydropond)
{
	self->percent = 84;
	self->options.points = "7,4";
	BOTTLES(self, 7, 4);
	TYPE(self, "", "", "");
	EXPECT_EQ(run(self), EXIT_REFUSED);
	EXPECT_EQ(logged(self->errors, "the slope is 84.0 %"), 1);
	EXPECT_EQ(self->stored, 0);
	EXPECT_CONTAINS(self->text, "Put the probe back into its place");
}

TEST_F(guide, what_drifts_does_not_count)
{
	self->drift_mv_s = 0.1;
	BOTTLES(self, 7);
	TYPE(self, "", "");
	EXPECT_EQ(run(self), EXIT_REFUSED);
	EXPECT_CONTAINS(self->text, ", +6.0 a minute");
	EXPECT_CONTAINS(self->text, "the reading does not settle");
	EXPECT_EQ(self->stored, 0);
	EXPECT_CONTAINS(self->text, "Put the probe back into its place");
}

TEST_F(guide, a_script_needs_nobody)
{
	self->options.is_confirmed = true;
	self->options.points = "7,4,10";
	self->moves_itself = true;
	self->is_left_open = true;
	BOTTLES(self, 7, 4, 10);
	EXPECT_EQ(run(self), EXIT_OK);
	EXPECT_EQ(self->answered, 0);
	EXPECT_EQ(self->stored, 1);
	EXPECT_TRUE(strstr(self->text, "press Enter") == NULL);
	/* Where it has put the probe, only the script knows. */
	EXPECT_CONTAINS(self->text, "the session is open, and what needs it stays in its safe state; once "
			"it is back in its place: hydroponctl calibrate ph-a --abort");
	EXPECT_EQ(self->ended, 0);

	self->options.points = NULL;
	EXPECT_EQ(run(self), EXIT_USAGE);
}

TEST_F(guide, a_temperature_is_never_taken_for_granted)
{
	self->has_no_temperature = true;
	BOTTLES(self, 7, 4);
	TYPE(self, "", "", "d", "y", "");
	EXPECT_EQ(run(self), EXIT_USAGE);
	EXPECT_EQ(self->begun, 0);
	EXPECT_EQ(logged(self->errors, "say --temperature 22.5C"), 1);
	self->options.temperature = "72F";
	EXPECT_EQ(run(self), EXIT_USAGE);
	self->options.temperature = "21";
	EXPECT_EQ(run(self), EXIT_USAGE);
	EXPECT_EQ(logged(self->errors, "has no unit; write it in C"), 1);
	self->options.temperature = "21C";
	EXPECT_EQ(run(self), EXIT_OK);
	EXPECT_CONTAINS(self->text, "7.00 recognised: it is 7.02 at 21.0 C");
}

TEST_F(guide, a_stale_temperature_is_none)
{
	self->temperature_stale = true;
	BOTTLES(self, 7, 4);
	TYPE(self, "", "");
	EXPECT_EQ(run(self), EXIT_REFUSED);
	EXPECT_CONTAINS(self->text, "but water-a is stale");
	EXPECT_EQ(self->stored, 0);
	EXPECT_CONTAINS(self->text, "Put the probe back into its place");
}

TEST_F(guide, ec_is_dry_first)
{
	self->conf = &ec_conf;
	BOTTLES(self, NAN, 1413, 12880);
	TYPE(self, "", "", "d", "y", "");
	EXPECT_EQ(run(self), EXIT_OK);
	EXPECT_CONTAINS(self->text, "dry it, hold it in the air");
	EXPECT_CONTAINS(self->text, "ph-a: dry: 2.1 mV");
	EXPECT_CONTAINS(self->text, "1413 uS/cm recognised: it is 1304 at 21.0 C");
	EXPECT_EQ(self->stored, 1);
}

TEST_F(guide, a_thermometer_is_asked_for)
{
	self->conf = &water_conf;
	TYPE(self, "", "75 F", "24.2", "y", "");
	EXPECT_EQ(run(self), EXIT_OK);
	EXPECT_CONTAINS(self->text, "What does the reference say, in C?");
	EXPECT_CONTAINS(self->text, "\"75 F\" is not in a unit that fits");
	EXPECT_CONTAINS(self->text, "offset             0.80 C");
}

TEST_F(guide, a_bucket_calibrates_a_flow_meter)
{
	self->conf = &flow_conf;
	TYPE(self, "10", "y", "");
	EXPECT_EQ(run(self), EXIT_OK);
	EXPECT_CONTAINS(self->text, "4400 pulses\n");
	EXPECT_CONTAINS(self->text, "How many litres was that?");
	EXPECT_EQ(self->stored, 1);
}

/* Before that a restart of hydropond would make the probe in its bottle good. */
TEST_F(guide, nobody_is_sent_to_a_bottle_before_the_session_is_kept)
{
	self->kept_at_ns = NEVER;
	BOTTLES(self, 7, 4);
	TYPE(self, "", "", "d", "y", "");
	EXPECT_EQ(run(self), EXIT_REFUSED);
	EXPECT_TRUE(strstr(self->text, "put it into") == NULL);
	EXPECT_CONTAINS(self->text, "has not kept for 30 s that it is being calibrated");
	EXPECT_EQ(self->answered, 0);
	EXPECT_EQ(self->stored, 0);
}

TEST_F(guide, a_cylinder_calibrates_a_dosing_pump)
{
	self->conf = &dose_conf;
	TYPE(self, "", "42 L", "42", "y", "");
	EXPECT_EQ(run(self), EXIT_REFUSED);
	EXPECT_CONTAINS(self->text, "a measuring cylinder, and press Enter; dose-a then runs:");
	EXPECT_CONTAINS(self->text, "dose-a runs for 30 s");
	EXPECT_CONTAINS(self->text, "dose-a was on for 30.00 s");
	EXPECT_EQ(self->stored, 0);
	self->answered = 0;
	self->on_ns = self->begun = self->ended = 0;
	TYPE(self, "", "much", "42 ml", "y", "");
	EXPECT_EQ(run(self), EXIT_OK);
	EXPECT_CONTAINS(self->text, "GOOD: 1.400 ml/s, -6.7 % from 1.500 before");
	EXPECT_CONTAINS(self->text, "Put the hose back into its place");
	EXPECT_EQ(self->stored, 1);
}

TEST_F(guide, a_pump_runs_no_longer_than_its_limits_leave_it)
{
	self->conf = &dose_conf;
	self->limits = "\"on\":false,\"safe_on\":false,\"want_on\":false,\"max_on_ms\":20000,"
		       "\"budget_left_ms\":9000,\"override\":null";
	TYPE(self, "", "11.2", "y", "");
	EXPECT_EQ(run(self), EXIT_OK);
	EXPECT_CONTAINS(self->text, "dose-a was on for 8.00 s");
	/* Running into its budget would latch it. */
	self->limits = "\"on\":false,\"safe_on\":false,\"want_on\":false,\"max_on_ms\":null,"
		       "\"budget_left_ms\":5000,\"override\":null";
	self->sets = self->releases = 0;
	self->answered = 0;
	EXPECT_EQ(run(self), EXIT_REFUSED);
	EXPECT_CONTAINS(self->text, "dose-a may not run for 6 s now, by its limits");
	EXPECT_EQ(self->sets, 0);
}

TEST_F(guide, a_pump_that_is_on_or_held_is_not_calibrated)
{
	self->conf = &dose_conf;
	self->limits = "\"on\":false,\"safe_on\":false,\"want_on\":true,\"override\":null";
	TYPE(self, "", "42", "y", "");
	EXPECT_EQ(run(self), EXIT_REFUSED);
	EXPECT_CONTAINS(self->text, "it must be off");
	EXPECT_EQ(self->sets, 0);
	self->limits = "\"on\":false,\"safe_on\":false,\"want_on\":false,\"override\":null";
	self->answered = 0;
	self->is_held = true;
	EXPECT_EQ(run(self), EXIT_REFUSED);
	EXPECT_CONTAINS(self->text, "dose-a did not run; \"hydroponctl status\" says what holds it");
	EXPECT_EQ(self->sets, 1);
	EXPECT_EQ(self->stored, 0);
}

TEST_F(guide, ctrl_c_lets_the_pump_go)
{
	self->conf = &dose_conf;
	self->is_left_open = true;
	self->interrupt_at_ns = START_NS + 125 * NS_PER_SEC;
	TYPE(self, "", "42", "y", "");
	EXPECT_EQ(run(self), EXIT_REFUSED);
	EXPECT_EQ(self->sets, 1);
	EXPECT_EQ(self->releases, 1);
	EXPECT_EQ(self->off_ns, self->now_ns);
	EXPECT_LT(self->off_ns - self->on_ns, 6 * NS_PER_SEC);
	EXPECT_CONTAINS(self->text, "nothing was changed");
}

TEST_F(guide, stored_is_said_only_when_it_is)
{
	self->options.points = "7,4";
	self->disk_hangs = true;
	BOTTLES(self, 7, 4);
	TYPE(self, "", "", "y", "");
	EXPECT_EQ(run(self), EXIT_REFUSED);
	EXPECT_CONTAINS(self->text, "the disk does not take it");
	EXPECT_TRUE(strstr(self->text, "stored as") == NULL);
}

TEST_F(guide, what_failed_is_told)
{
	self->options.points = "7,4";
	self->disk_fails = true;
	BOTTLES(self, 7, 4);
	TYPE(self, "", "", "y", "");
	EXPECT_EQ(run(self), EXIT_REFUSED);
	EXPECT_CONTAINS(self->text, "it could not be stored: ?; the calibration until now holds");
}

TEST_F(guide, points_that_are_none_are_told_before_it_begins)
{
	BOTTLES(self, 7);
	self->options.points = "7,5.5";
	EXPECT_EQ(run(self), EXIT_USAGE);
	self->options.points = "7,4,10,9.18";
	EXPECT_EQ(run(self), EXIT_USAGE);
	self->options.channel = "x";
	EXPECT_EQ(run(self), EXIT_REFUSED);
	EXPECT_EQ(self->begun, 0);
	EXPECT_EQ(logged(self->errors, "\"5.5\" is no bottle that is known"), 1);
	EXPECT_EQ(logged(self->errors, "these are more than 3"), 1);
}
