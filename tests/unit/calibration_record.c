// SPDX-License-Identifier: GPL-2.0-only
/* What is written of a calibration comes back, and what is none is not taken for one. */
#include "harness.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "channel/calibrate.h"
#include "channel/calibration_record.h"

static const struct conf_channel confs[] = {
	{ .quantity = QUANTITY_PH, .buffer_ph = { 7, 4 }, .buffer_mv = { 1500, 1677.477 },
	  .buffer_c = 25 },
	{ .quantity = QUANTITY_EC, .cell_per_cm = 1, .us_per_mv = 2 },
	{ .quantity = QUANTITY_TEMPERATURE, .zero_mv = 500, .mv_per_unit = 10 },
	{ .quantity = QUANTITY_LEVEL, .zero_mv = 0, .mv_per_unit = 40 },
	{ .quantity = QUANTITY_LIGHT },
	{ .quantity = QUANTITY_FLOW, .pulses_per_litre = 450 },
	{ .quantity = QUANTITY_HUMIDITY, .zero_mv = 0, .mv_per_unit = 10 },
	{ .quantity = QUANTITY_DOSE, .ml_per_s = 1.5 },
};

static const struct {
	size_t n;
	struct calibration_point points[CALIBRATION_POINTS];
} points[] = {
	{ 3, { { 4.00, 1679.612345678901, 20.1 }, { 7.02, 1501.3, 20.3 }, { 10.06, 1326, 20 } } },
	{ 2, { { 0, 3.1, NAN }, { 1413, 703.3333333333, 25 } } },
	{ 1, { { 24.1, 750, NAN } } },
	{ 1, { { 20, 830, NAN } } },
	{ 1, { { 11000, 10000.1, NAN } } },
	{ 1, { { 10, 4321, NAN } } },
	{ 1, { { 56.5, 551, NAN } } },
	{ 1, { { 44.3, 30.03, NAN } } },
};

#define KINDS (sizeof(confs) / sizeof(confs[0]))

static struct calibration_record solve(size_t kind)
{
	struct calibration_record record = {
		.version = 5, .previous = 4, .made_ms = 1795911409026, .is_dated = true,
		.who = "anna \"the\" grower", .quantity = confs[kind].quantity, .n = points[kind].n,
	};

	for (size_t i = 0; i < record.n; i++) {
		record.points[i] = points[kind].points[i];
		record.notes[i] = (struct calibration_note){ "4.01", "lot 17", "water-a", 0.25 };
	}
	EXPECT_TRUE(calibration_solve(&confs[kind], &confs[kind], record.points, record.n,
				      &record.solution));
	return record;
}

static const char *line_of(const struct calibration_record *record)
{
	static char line[8192];
	struct json_object *object = calibration_record_describe(record);

	snprintf(line, sizeof(line), "%s",
		 json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
	json_object_put(object);
	return line;
}

static double read_as(const struct conf_channel *conf, double reading)
{
	if (conf->quantity == QUANTITY_DOSE)
		return conf->ml_per_s;
	return conf->quantity == QUANTITY_FLOW ? calibrate_flow(conf, 1000, 1000000000) :
						 calibrate(conf, reading);
}

TEST(a_version_comes_back_to_the_last_bit)
{
	for (size_t kind = 0; kind < KINDS; kind++) {
		const struct calibration_record record = solve(kind);
		const char *line = line_of(&record);
		struct calibration_record again;
		struct conf_channel conf = confs[kind];

		ASSERT_TRUE(calibration_record_parse(line, strlen(line), &confs[kind], &again));
		EXPECT_EQ(again.version, 5);
		EXPECT_EQ(again.previous, 4);
		EXPECT_FALSE(again.is_undo);
		EXPECT_EQ(again.made_ms, 1795911409026);
		EXPECT_TRUE(again.is_dated);
		EXPECT_STREQ(again.who, "anna \"the\" grower");
		EXPECT_EQ(again.n, record.n);
		EXPECT_STREQ(again.notes[0].lot, "lot 17");
		EXPECT_TRUE(again.points[0].reading == record.points[0].reading);
		EXPECT_STREQ(again.solution.words, record.solution.words);
		EXPECT_STREQ(line_of(&again), line_of(&record));
		calibration_record_apply(&again, &conf);
		for (double reading = 100; reading < 2000; reading += 100)
			EXPECT_NEAR(read_as(&conf, reading),
				    read_as(&record.solution.conf, reading), 1e-9);
	}
}

TEST(the_gain_of_the_front_end_is_not_its_business)
{
	const struct calibration_record record = solve(1);
	struct conf_channel other = confs[1];
	struct calibration_record again;
	const char *line = line_of(&record);

	other.us_per_mv = 4;
	ASSERT_TRUE(calibration_record_parse(line, strlen(line), &other, &again));
	calibration_record_apply(&again, &other);
	EXPECT_NEAR(calibrate(&other, 1000), calibrate(&record.solution.conf, 1000), 1e-9);
}

/* Cut anywhere, with each number or text turned into something else. */
TEST(what_is_no_version_is_not_taken_for_one)
{
	for (size_t kind = 0; kind < KINDS; kind++) {
		const struct calibration_record record = solve(kind);
		const struct conf_channel *other = &confs[(kind + 1) % KINDS];
		struct calibration_record again;
		char *line = strdup(line_of(&record));
		size_t size = strlen(line);

		EXPECT_FALSE(calibration_record_parse(line, size, other, &again));
		for (size_t n = 0; n < size; n++)
			EXPECT_FALSE(calibration_record_parse(line, n, &confs[kind], &again));
		free(line);
	}
}

static bool takes(const char *from, const char *to)
{
	const struct calibration_record record = solve(0);
	struct calibration_record again;
	const char *line = line_of(&record), *at = strstr(line, from);
	char changed[8192];

	ASSERT_TRUE(at != NULL);
	snprintf(changed, sizeof(changed), "%.*s%s%s", (int)(at - line), line, to, at + strlen(from));
	return calibration_record_parse(changed, strlen(changed), &confs[0], &again);
}

TEST(a_number_that_means_nothing_is_refused)
{
	EXPECT_TRUE(takes("\"version\":5", "\"version\":6"));
	EXPECT_FALSE(takes("\"version\":5", "\"version\":0"));
	EXPECT_FALSE(takes("\"version\":5", "\"version\":-1"));
	EXPECT_FALSE(takes("\"version\":5", "\"version\":4294967296"));
	EXPECT_FALSE(takes("\"previous\":4", "\"previous\":5"));
	EXPECT_FALSE(takes("\"format\":1", "\"format\":2"));
	EXPECT_FALSE(takes("\"verdict\":\"good\"", "\"verdict\":\"refused\""));
	EXPECT_FALSE(takes("\"buffer_ph\":[4,7.02,", "\"buffer_ph\":[4,4,"));
	EXPECT_FALSE(takes("\"buffer_ph\":[4,7.02,", "\"buffer_ph\":[4,"));
	EXPECT_FALSE(takes("\"buffer_ph\":[4,7.02,10.06]", "\"buffer_ph\":[4]"));
	EXPECT_FALSE(takes("\"buffer_ph\":[", "\"buffer_ph\":[9,"));
	EXPECT_FALSE(takes("\"buffer_mv\":", "\"buffer_xx\":"));
	EXPECT_FALSE(takes("\"buffer_c\":", "\"buffer_c\":null,\"x\":"));
	EXPECT_FALSE(takes("\"by\":{", "\"by\":7,\"x\":{"));
	EXPECT_FALSE(takes("\"by\":{", "\"by\":null,\"x\":{"));
	EXPECT_FALSE(takes("\"points\":[", "\"points\":[7,"));
	EXPECT_FALSE(takes("\"lot\":\"lot 17\"", "\"lot\":\"\\u0007\""));
	EXPECT_FALSE(takes("\"who\":\"anna", "\"who\":\"\\u0000anna"));
}
