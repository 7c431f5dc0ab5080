// SPDX-License-Identifier: GPL-2.0-only
/* A rule over readings: one behaviour a test, at each deadline and one nanosecond beside it. */
#include "../../kmod/guard/interlock.c"
#include "harness.h"

#include <limits.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#define NS_PER_MS HYDROPON_MS_NS
#define SEC (1000 * NS_PER_MS)

/* Numbers */

static __s64 number(int format, __s32 value, __s64 aux)
{
	EXPECT_TRUE(hydropon_reading_is_number(format, aux));
	return hydropon_reading_value(format, value, aux);
}

TEST(a_number_is_read_in_each_format)
{
	EXPECT_EQ(number(HYDROPON_VAL_INT, 7, 99), 7 * NANO);
	EXPECT_EQ(number(HYDROPON_VAL_MICRO, 1, 500000), 1500000000);
	EXPECT_EQ(number(HYDROPON_VAL_NANO, 3, 125), 3000000125);
	EXPECT_EQ(number(HYDROPON_VAL_FRACTION, 3, 4), 750000000);
	EXPECT_EQ(number(HYDROPON_VAL_FRACTION_LOG2, 2048, 15), 62500000);
	EXPECT_EQ(number(HYDROPON_VAL_FRACTION_LOG2, -3, 0), -3 * NANO);
}

TEST(a_decimal_is_negative_if_either_part_is)
{
	EXPECT_EQ(number(HYDROPON_VAL_MICRO, 0, 500000), 500000000);
	EXPECT_EQ(number(HYDROPON_VAL_MICRO, 1, 0), NANO);
	EXPECT_EQ(number(HYDROPON_VAL_MICRO, 0, -500000), -500000000);
	EXPECT_EQ(number(HYDROPON_VAL_MICRO, -1, 500000), -1500000000);
	EXPECT_EQ(number(HYDROPON_VAL_MICRO, -1, -500000), -1500000000);
	EXPECT_EQ(number(HYDROPON_VAL_MICRO, 1, -500000), -1500000000);
	EXPECT_EQ(number(HYDROPON_VAL_NANO, 0, -5), -5);
	EXPECT_EQ(number(HYDROPON_VAL_NANO, -2, 5), -2000000005);
	EXPECT_EQ(number(HYDROPON_VAL_NANO, 2, -5), -2000000005);
	EXPECT_EQ(number(HYDROPON_VAL_MICRO, -1, 0), -NANO);
}

TEST(a_fraction_is_cut_towards_zero)
{
	EXPECT_EQ(number(HYDROPON_VAL_FRACTION, 2, 3), 666666666);
	EXPECT_EQ(number(HYDROPON_VAL_FRACTION, -2, 3), -666666666);
	EXPECT_EQ(number(HYDROPON_VAL_FRACTION, 2, -3), -666666666);
	EXPECT_EQ(number(HYDROPON_VAL_FRACTION_LOG2, -1, 40), 0);
}

TEST(the_extremes_of_a_number_do_not_overflow)
{
	EXPECT_EQ(number(HYDROPON_VAL_INT, INT_MIN, LLONG_MIN), INT_MIN * NANO);
	EXPECT_EQ(number(HYDROPON_VAL_INT, INT_MAX, LLONG_MAX), INT_MAX * NANO);
	EXPECT_EQ(number(HYDROPON_VAL_MICRO, INT_MIN, 999999), INT_MIN * NANO - 999999000);
	EXPECT_EQ(number(HYDROPON_VAL_MICRO, INT_MAX, -999999), -(INT_MAX * NANO + 999999000));
	EXPECT_EQ(number(HYDROPON_VAL_NANO, INT_MAX, 999999999), INT_MAX * NANO + 999999999);
	EXPECT_EQ(number(HYDROPON_VAL_FRACTION, INT_MIN, -1), -(INT_MIN * NANO));
	EXPECT_EQ(number(HYDROPON_VAL_FRACTION, INT_MIN, LLONG_MIN), 0);
	EXPECT_EQ(number(HYDROPON_VAL_FRACTION, INT_MAX, LLONG_MAX), 0);
	EXPECT_EQ(number(HYDROPON_VAL_FRACTION_LOG2, INT_MIN, 61), 0);
	EXPECT_EQ(number(HYDROPON_VAL_FRACTION_LOG2, INT_MAX, 62), 0);
}

TEST(what_makes_no_number_is_none)
{
	static const struct {
		int format;
		__s64 aux;
	} cases[] = {
		{ HYDROPON_VAL_MICRO, 1000000 },	{ HYDROPON_VAL_MICRO, -1000000 },
		{ HYDROPON_VAL_MICRO, LLONG_MAX },	{ HYDROPON_VAL_MICRO, LLONG_MIN },
		{ HYDROPON_VAL_NANO, 1000000000 },	{ HYDROPON_VAL_NANO, -1000000000 },
		{ HYDROPON_VAL_NANO, LLONG_MIN },	{ HYDROPON_VAL_FRACTION, 0 },
		{ HYDROPON_VAL_FRACTION_LOG2, -1 },	{ HYDROPON_VAL_FRACTION_LOG2, 63 },
		{ HYDROPON_VAL_FRACTION_LOG2, LLONG_MAX }, { -1, 1 }, { 5, 1 }, { INT_MAX, 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		EXPECT_FALSE(hydropon_reading_is_number(cases[i].format, cases[i].aux));
		EXPECT_EQ(hydropon_reading_value(cases[i].format, 5, cases[i].aux), 0);
	}
}

/* Pulses */

/* Whether @edges within @span_us, as read, are below or above so many mHz. */
static bool is_below(const struct hydropon_reading *reading, __s64 threshold)
{
	struct hydropon_interlock below = { .compare = HYDROPON_BELOW, .threshold = threshold };

	return is_true(&below, reading);
}

static bool is_above(const struct hydropon_reading *reading, __s64 threshold)
{
	struct hydropon_interlock above = { .compare = HYDROPON_ABOVE, .threshold = threshold };

	return is_true(&above, reading);
}

/* The rate is exactly so many mHz. */
static void expect_rate(const struct hydropon_reading *reading, __s64 rate)
{
	EXPECT_FALSE(is_below(reading, rate));
	EXPECT_FALSE(is_above(reading, rate));
	EXPECT_TRUE(is_below(reading, rate + 1));
	EXPECT_TRUE(is_above(reading, rate - 1));
}

TEST(a_pulse_reading_is_good_and_new)
{
	struct hydropon_reading reading = { .value = 5 };

	hydropon_reading_pulse(&reading, 0, 0, 0, 7 * SEC);
	EXPECT_TRUE(reading.is_pulse);
	EXPECT_TRUE(reading.good);
	EXPECT_EQ(reading.good_ns, 7 * SEC);
}

TEST(a_rate_is_from_edge_to_edge)
{
	struct hydropon_reading reading = { 0 };

	/* 3 edges in 0.4 s: 7.5 Hz, whenever it is looked at */
	hydropon_reading_pulse(&reading, 3, 10 * SEC + SEC / 10 * 4, 10 * SEC, 10 * SEC + SEC / 2);
	expect_rate(&reading, 7500);
	EXPECT_EQ(reading.value, 3);
	EXPECT_EQ(reading.span_us, 400000);
}

TEST(a_rate_is_not_known_before_the_second_edge)
{
	struct hydropon_reading reading = { 0 };

	hydropon_reading_pulse(&reading, 0, 0, 0, SEC);
	expect_rate(&reading, 0);
	/* the first ones: how long they took nobody knows */
	hydropon_reading_pulse(&reading, 5, 2 * SEC, 0, 2 * SEC + 1);
	expect_rate(&reading, 0);
	hydropon_reading_pulse(&reading, 0, 2 * SEC, 2 * SEC, 3 * SEC);
	expect_rate(&reading, 0);
	hydropon_reading_pulse(&reading, 1, 4 * SEC, 2 * SEC, 4 * SEC);
	expect_rate(&reading, 500);
}

TEST(a_rate_is_not_known_when_its_input_was_probed_anew)
{
	struct hydropon_reading reading = { 0 };

	hydropon_reading_pulse(&reading, 1, 10 * SEC, 9 * SEC, 10 * SEC);
	expect_rate(&reading, 1000);
	hydropon_reading_pulse(&reading, 0, 0, 0, 11 * SEC);
	expect_rate(&reading, 0);
	hydropon_reading_pulse(&reading, 1, 20 * SEC, 19 * SEC, 20 * SEC);
	expect_rate(&reading, 1000);
	hydropon_reading_pulse(&reading, 3, 21 * SEC, 0, 21 * SEC);
	expect_rate(&reading, 0);
}

TEST(a_rate_falls_when_no_edge_comes)
{
	struct hydropon_reading reading = { 0 };

	/* 2 Hz */
	hydropon_reading_pulse(&reading, 1, 10 * SEC, 10 * SEC - SEC / 2, 10 * SEC);
	expect_rate(&reading, 2000);
	/* it may still be 2 Hz until the next edge is late */
	hydropon_reading_pulse(&reading, 0, 10 * SEC, 10 * SEC, 10 * SEC + SEC / 4);
	expect_rate(&reading, 2000);
	hydropon_reading_pulse(&reading, 0, 10 * SEC, 10 * SEC, 10 * SEC + SEC / 2);
	expect_rate(&reading, 2000);
	EXPECT_EQ(reading.span_us, 500000);
	hydropon_reading_pulse(&reading, 0, 10 * SEC, 10 * SEC, 11 * SEC);
	expect_rate(&reading, 1000);
	hydropon_reading_pulse(&reading, 0, 10 * SEC, 10 * SEC, 110 * SEC);
	expect_rate(&reading, 10);
	/* and it is what it is when one comes */
	hydropon_reading_pulse(&reading, 1, 135 * SEC, 10 * SEC, 135 * SEC);
	expect_rate(&reading, 8);
}

TEST(a_rate_of_many_edges_falls_when_one_is_late)
{
	struct hydropon_reading reading = { 0 };

	/* 4 Hz by 8 edges in 2 s: the next one is due after 250 ms */
	hydropon_reading_pulse(&reading, 8, 10 * SEC, 8 * SEC, 10 * SEC);
	hydropon_reading_pulse(&reading, 0, 10 * SEC, 10 * SEC, 10 * SEC + SEC / 4);
	expect_rate(&reading, 4000);
	EXPECT_EQ(reading.value, 8);
	hydropon_reading_pulse(&reading, 0, 10 * SEC, 10 * SEC, 10 * SEC + SEC / 4 + 1000);
	EXPECT_TRUE(is_below(&reading, 4000));
	EXPECT_EQ(reading.value, 1);
	EXPECT_EQ(reading.span_us, 250001);
}

TEST(a_rate_is_looked_at_for_an_hour_at_most)
{
	struct hydropon_reading reading = { 0 };

	hydropon_reading_pulse(&reading, 1, 10 * SEC, 9 * SEC, 10 * SEC);
	hydropon_reading_pulse(&reading, 0, 10 * SEC, 10 * SEC, 3610 * SEC + 1000);
	EXPECT_EQ(reading.value, 1);
	EXPECT_EQ(reading.span_us, SPAN_MAX_US);
	hydropon_reading_pulse(&reading, 2, 9000 * SEC, 10 * SEC, 9000 * SEC);
	EXPECT_EQ(reading.value, 2);
	EXPECT_EQ(reading.span_us, SPAN_MAX_US);
}

TEST(edges_within_a_microsecond_take_one)
{
	struct hydropon_reading reading = { 0 };

	hydropon_reading_pulse(&reading, 4, 10 * SEC + 999, 10 * SEC, 11 * SEC);
	EXPECT_EQ(reading.span_us, 1);
	hydropon_reading_pulse(&reading, 4, 11 * SEC + 2000, 11 * SEC, 12 * SEC);
	EXPECT_EQ(reading.span_us, 2);
	hydropon_reading_pulse(&reading, 4, 11 * SEC + 1000, 11 * SEC, 12 * SEC);
	EXPECT_EQ(reading.span_us, 1);
}

TEST(the_extremes_of_a_rate_do_not_overflow)
{
	struct hydropon_reading reading = { 0 };

	hydropon_reading_pulse(&reading, UINT_MAX, UINT64_MAX, 1000, UINT64_MAX);
	EXPECT_EQ(reading.value, UINT_MAX);
	EXPECT_EQ(reading.span_us, SPAN_MAX_US);
	/* 1.19 MHz */
	EXPECT_TRUE(is_above(&reading, 1193046470));
	EXPECT_TRUE(is_below(&reading, 1193046472));
	hydropon_reading_pulse(&reading, 0, UINT64_MAX - 4000 * SEC, 1, UINT64_MAX);
	EXPECT_EQ(reading.value, 1);
	/* what would wrap to nothing: 2^31 edges times 2^33 us */
	hydropon_reading_pulse(&reading, 1U << 31, 10 * SEC, 9 * SEC, 10 * SEC);
	hydropon_reading_pulse(&reading, 0, 10 * SEC, 10 * SEC, 10 * SEC + (1000ULL << 33));
	EXPECT_EQ(reading.value, 1);
	hydropon_reading_pulse(&reading, UINT_MAX, 10 * SEC, 10 * SEC, 10 * SEC);
	EXPECT_TRUE(is_above(&reading, LLONG_MAX));
	EXPECT_FALSE(is_below(&reading, LLONG_MAX));
	EXPECT_FALSE(is_below(&reading, LLONG_MIN));
}

TEST(a_threshold_past_any_rate_is_the_highest_there_is)
{
	struct hydropon_reading reading = { .is_pulse = true, .value = 1, .span_us = SPAN_MAX_US };

	EXPECT_TRUE(is_below(&reading, LLONG_MAX));
	EXPECT_FALSE(is_above(&reading, LLONG_MAX));
	reading.span_us = 1;
	reading.value = 3;	/* 3 MHz: past 2^31 - 1 mHz */
	EXPECT_TRUE(is_above(&reading, THRESHOLD_MAX));
	EXPECT_TRUE(is_above(&reading, LLONG_MAX));
	reading.value = 2;
	EXPECT_TRUE(is_below(&reading, THRESHOLD_MAX));
}

TEST(no_rate_is_below_a_negative_threshold_and_each_is_above)
{
	struct hydropon_reading reading = { .is_pulse = true, .value = 0, .span_us = 1 };

	EXPECT_FALSE(is_below(&reading, -1));
	EXPECT_TRUE(is_above(&reading, -1));
	EXPECT_FALSE(is_below(&reading, LLONG_MIN));
	EXPECT_TRUE(is_above(&reading, LLONG_MIN));
	EXPECT_FALSE(is_below(&reading, 0));
	EXPECT_FALSE(is_above(&reading, 0));
}

TEST(a_reading_compares_with_its_threshold_to_the_last_digit)
{
	static const __s64 values[] = { LLONG_MIN + 1, -NANO, -1, 0, 1, NANO, LLONG_MAX - 1 };

	for (size_t i = 0; i < 7; i++) {
		struct hydropon_reading reading = { .value = values[i] };

		expect_rate(&reading, values[i]);
	}
}

/* Steps */

FIXTURE(rule)
{
	struct hydropon_interlock interlock;
	struct hydropon_interlock_state state;
	struct hydropon_reading reading;
	bool applies;
	__u64 next_ns;
};

/* Above 10, for 2 s; stale after 5 s; ends after 3 s; loaded at 100 s with a good reading. */
FIXTURE_SETUP(rule)
{
	memset(self, 0, sizeof(*self));
	self->interlock = (struct hydropon_interlock){
		.compare = HYDROPON_ABOVE, .level = HYDROPON_LEVEL_OFF,
		.threshold = 10, .hold_ms = 2000, .stale_ms = 5000, .release_ms = 3000,
	};
	self->state.loaded_ns = 100 * SEC;
	self->applies = true;
}

FIXTURE_TEARDOWN(rule)
{
}

typedef struct fixture_rule rule;

/* Steps at @now_ns, and again: what came out stands. */
static bool at(rule *r, __u64 now_ns)
{
	struct hydropon_interlock_state again;

	r->next_ns = hydropon_interlock_step(&r->interlock, &r->state, &r->reading, r->applies,
					     now_ns);
	again = r->state;
	EXPECT_EQ(hydropon_interlock_step(&r->interlock, &again, &r->reading, r->applies, now_ns),
		  r->next_ns);
	EXPECT_FALSE(memcmp(&again, &r->state, sizeof(again)));
	EXPECT_TRUE(r->next_ns > now_ns);
	return r->state.tripping;
}

static bool read_good(rule *r, __s64 value, __u64 now_ns)
{
	r->reading.good = true;
	r->reading.good_ns = now_ns;
	r->reading.value = value;
	return at(r, now_ns);
}

static bool read_bad(rule *r, __u64 now_ns)
{
	r->reading.good = false;
	return at(r, now_ns);
}

TEST_F(rule, trips_when_its_condition_has_held_so_long)
{
	EXPECT_FALSE(read_good(self, 11, 101 * SEC));
	EXPECT_EQ(self->next_ns, 103 * SEC);
	EXPECT_FALSE(at(self, 103 * SEC - 1));
	EXPECT_EQ(self->next_ns, 103 * SEC);
	EXPECT_TRUE(at(self, 103 * SEC));
	EXPECT_FALSE(self->state.stale);
	/* from here it is silence that would change something */
	EXPECT_EQ(self->next_ns, 106 * SEC);
}

TEST_F(rule, without_a_hold_trips_at_once)
{
	self->interlock.hold_ms = 0;
	EXPECT_FALSE(read_good(self, 10, 101 * SEC));
	EXPECT_TRUE(read_good(self, 11, 102 * SEC));
}

TEST_F(rule, trips_on_what_is_below_too)
{
	self->interlock.compare = HYDROPON_BELOW;
	self->interlock.hold_ms = 0;
	EXPECT_FALSE(read_good(self, 10, 101 * SEC));
	EXPECT_TRUE(read_good(self, 9, 102 * SEC));
}

TEST_F(rule, begins_its_hold_anew_when_the_condition_was_false)
{
	read_good(self, 11, 101 * SEC);
	EXPECT_FALSE(read_good(self, 10, 102 * SEC));
	EXPECT_EQ(self->next_ns, 107 * SEC);
	EXPECT_FALSE(read_good(self, 11, 102 * SEC + 1));
	EXPECT_FALSE(at(self, 104 * SEC));
	EXPECT_EQ(self->next_ns, 104 * SEC + 1);
	EXPECT_TRUE(at(self, 104 * SEC + 1));
}

TEST_F(rule, does_not_begin_its_hold_anew_by_a_reading_that_says_the_same)
{
	read_good(self, 11, 101 * SEC);
	read_good(self, 12, 102 * SEC);
	EXPECT_TRUE(read_good(self, 11, 103 * SEC));
}

TEST_F(rule, ends_when_its_condition_was_false_so_long)
{
	read_good(self, 11, 101 * SEC);
	at(self, 103 * SEC);
	EXPECT_TRUE(read_good(self, 9, 105 * SEC));
	EXPECT_EQ(self->next_ns, 108 * SEC);
	EXPECT_TRUE(at(self, 108 * SEC - 1));
	EXPECT_EQ(self->next_ns, 108 * SEC);
	EXPECT_FALSE(at(self, 108 * SEC));
	EXPECT_EQ(self->next_ns, 110 * SEC);
}

TEST_F(rule, without_a_release_ends_at_once)
{
	self->interlock.release_ms = 0;
	read_good(self, 11, 101 * SEC);
	EXPECT_TRUE(at(self, 103 * SEC));
	EXPECT_FALSE(read_good(self, 9, 104 * SEC));
}

TEST_F(rule, begins_its_release_anew_when_the_condition_was_true)
{
	read_good(self, 11, 101 * SEC);
	at(self, 103 * SEC);
	read_good(self, 9, 105 * SEC);
	/* however short, and before the hold */
	EXPECT_TRUE(read_good(self, 11, 106 * SEC));
	EXPECT_EQ(self->next_ns, 108 * SEC);
	EXPECT_TRUE(read_good(self, 9, 106 * SEC + 1));
	EXPECT_TRUE(at(self, 109 * SEC));
	EXPECT_EQ(self->next_ns, 109 * SEC + 1);
	EXPECT_FALSE(at(self, 109 * SEC + 1));
}

TEST_F(rule, trips_a_second_time_as_the_first)
{
	for (int i = 0; i < 2; i++) {
		__u64 start_ns = (101 + 20 * i) * SEC;

		EXPECT_FALSE(read_good(self, 11, start_ns));
		EXPECT_FALSE(at(self, start_ns + 2 * SEC - 1));
		EXPECT_TRUE(at(self, start_ns + 2 * SEC));
		EXPECT_TRUE(read_good(self, 9, start_ns + 4 * SEC));
		EXPECT_TRUE(at(self, start_ns + 7 * SEC - 1));
		EXPECT_FALSE(at(self, start_ns + 7 * SEC));
		EXPECT_FALSE(read_good(self, 9, start_ns + 11 * SEC));
		EXPECT_FALSE(read_good(self, 9, start_ns + 15 * SEC));
	}
}

TEST_F(rule, holds_on_through_the_hold_of_a_second_trip)
{
	read_good(self, 11, 101 * SEC);
	at(self, 103 * SEC);
	read_good(self, 9, 104 * SEC);
	read_good(self, 11, 106 * SEC);
	/* true for 2 s: a trip anew, whose release counts anew */
	EXPECT_TRUE(at(self, 108 * SEC));
	EXPECT_TRUE(read_good(self, 9, 108 * SEC + 1));
	EXPECT_EQ(self->next_ns, 111 * SEC + 1);
}

TEST_F(rule, trips_when_its_channel_was_silent_so_long)
{
	EXPECT_FALSE(read_good(self, 9, 101 * SEC));
	EXPECT_EQ(self->next_ns, 106 * SEC);
	EXPECT_FALSE(at(self, 106 * SEC - 1));
	EXPECT_TRUE(at(self, 106 * SEC));
	EXPECT_TRUE(self->state.stale);
	EXPECT_EQ(self->next_ns, HYDROPON_NEVER);
}

TEST_F(rule, misses_nothing_from_before_it_was_loaded)
{
	self->reading.good = true;
	self->reading.good_ns = 50 * SEC;
	EXPECT_FALSE(at(self, 100 * SEC));
	EXPECT_EQ(self->next_ns, 105 * SEC);
	EXPECT_FALSE(at(self, 105 * SEC - 1));
	EXPECT_TRUE(at(self, 105 * SEC));
}

TEST_F(rule, trips_by_a_channel_that_never_gave_anything)
{
	EXPECT_FALSE(at(self, 105 * SEC - 1));
	EXPECT_EQ(self->next_ns, 105 * SEC);
	EXPECT_TRUE(at(self, 105 * SEC));
	EXPECT_TRUE(self->state.stale);
}

TEST_F(rule, ends_by_silence_only_after_good_readings_for_the_release)
{
	read_good(self, 9, 101 * SEC);
	at(self, 106 * SEC);
	EXPECT_TRUE(read_good(self, 9, 110 * SEC));
	EXPECT_TRUE(self->state.stale);
	EXPECT_EQ(self->next_ns, 113 * SEC);
	EXPECT_TRUE(read_good(self, 9, 113 * SEC - 1));
	EXPECT_FALSE(read_good(self, 9, 113 * SEC));
	EXPECT_FALSE(self->state.stale);
}

TEST_F(rule, begins_its_release_anew_when_its_channel_was_silent_again)
{
	self->interlock.release_ms = 8000;
	read_good(self, 9, 101 * SEC);
	at(self, 106 * SEC);
	EXPECT_TRUE(read_good(self, 9, 110 * SEC));
	/* silence first, then the release */
	EXPECT_EQ(self->next_ns, 115 * SEC);
	EXPECT_TRUE(at(self, 115 * SEC));
	EXPECT_TRUE(read_good(self, 9, 116 * SEC));
	EXPECT_TRUE(read_good(self, 9, 120 * SEC));
	EXPECT_TRUE(at(self, 124 * SEC - 1));
	EXPECT_FALSE(at(self, 124 * SEC));
}

TEST_F(rule, stays_tripped_by_silence_until_its_condition_has_tripped_it)
{
	read_good(self, 9, 101 * SEC);
	at(self, 106 * SEC);
	EXPECT_TRUE(read_good(self, 11, 110 * SEC));
	EXPECT_TRUE(self->state.stale);
	EXPECT_EQ(self->next_ns, 112 * SEC);
	EXPECT_TRUE(at(self, 112 * SEC));
	EXPECT_FALSE(self->state.stale);
}

TEST_F(rule, judges_bad_readings_by_the_last_good_one_until_it_is_stale)
{
	read_good(self, 11, 101 * SEC);
	EXPECT_FALSE(read_bad(self, 102 * SEC));
	EXPECT_EQ(self->next_ns, 103 * SEC);
	EXPECT_TRUE(read_bad(self, 103 * SEC));
	EXPECT_FALSE(self->state.stale);
	EXPECT_TRUE(read_bad(self, 106 * SEC));
	EXPECT_TRUE(self->state.stale);
}

TEST_F(rule, that_may_not_trip_by_silence_takes_a_bad_reading_for_false)
{
	self->interlock.stale_ms = 0;
	self->interlock.release_ms = 0;
	read_good(self, 11, 101 * SEC);
	EXPECT_EQ(self->next_ns, 103 * SEC);
	EXPECT_FALSE(read_bad(self, 102 * SEC));
	EXPECT_EQ(self->next_ns, HYDROPON_NEVER);
	EXPECT_FALSE(read_bad(self, 103 * SEC));
	read_good(self, 11, 104 * SEC);
	EXPECT_TRUE(at(self, 106 * SEC));
	EXPECT_EQ(self->next_ns, HYDROPON_NEVER);
	EXPECT_FALSE(read_bad(self, 107 * SEC));
	EXPECT_FALSE(at(self, 10000 * SEC));
}

TEST_F(rule, says_nothing_without_a_reading)
{
	self->interlock.stale_ms = 0;
	self->interlock.hold_ms = 0;
	self->interlock.compare = HYDROPON_BELOW;
	self->reading.good = true;	/* as it is after probe: no time, and 0 */
	EXPECT_FALSE(at(self, 500 * SEC));
}

TEST_F(rule, is_stale_by_a_scale_that_changed)
{
	self->interlock.hold_ms = 0;
	self->reading.changed = true;
	EXPECT_TRUE(read_good(self, 9, 101 * SEC));
	EXPECT_TRUE(self->state.stale);
	EXPECT_EQ(self->next_ns, HYDROPON_NEVER);
	EXPECT_TRUE(read_good(self, 11, 102 * SEC));
	EXPECT_TRUE(self->state.stale);
}

TEST_F(rule, that_may_not_trip_by_silence_takes_a_changed_scale_for_false)
{
	self->interlock.stale_ms = 0;
	self->interlock.hold_ms = 0;
	self->reading.changed = true;
	EXPECT_FALSE(read_good(self, 11, 101 * SEC));
}

TEST_F(rule, waits_for_its_output)
{
	self->applies = false;
	EXPECT_FALSE(read_good(self, 11, 101 * SEC));
	EXPECT_EQ(self->next_ns, HYDROPON_NEVER);
	EXPECT_FALSE(at(self, 150 * SEC));
	/* and its hold begins with the output */
	self->applies = true;
	EXPECT_FALSE(read_good(self, 11, 150 * SEC));
	EXPECT_FALSE(at(self, 152 * SEC - 1));
	EXPECT_TRUE(at(self, 152 * SEC));
}

TEST_F(rule, releases_when_its_output_is_not_as_it_wants_it)
{
	read_good(self, 11, 101 * SEC);
	at(self, 103 * SEC);
	self->applies = false;
	EXPECT_TRUE(at(self, 104 * SEC));
	EXPECT_EQ(self->next_ns, 107 * SEC);
	EXPECT_TRUE(at(self, 107 * SEC - 1));
	EXPECT_FALSE(at(self, 107 * SEC));
}

TEST_F(rule, that_tripped_by_silence_releases_too_when_its_output_is_not_as_it_wants_it)
{
	at(self, 105 * SEC);
	self->applies = false;
	EXPECT_TRUE(at(self, 106 * SEC));
	EXPECT_TRUE(at(self, 109 * SEC - 1));
	EXPECT_FALSE(at(self, 109 * SEC));
	EXPECT_FALSE(self->state.stale);
}

TEST_F(rule, takes_the_longest_times_there_are)
{
	self->interlock.hold_ms = HYDROPON_INTERLOCK_MAX_MS;
	self->interlock.stale_ms = 0;
	read_good(self, 11, 101 * SEC);
	EXPECT_EQ(self->next_ns, 3701 * SEC);
	EXPECT_FALSE(at(self, 3701 * SEC - 1));
	EXPECT_TRUE(at(self, 3701 * SEC));
}

/* The table */

TEST(a_rule_has_the_bit_of_its_level)
{
	static const struct {
		__u8 level, flags;
		__u32 bit;
	} cases[] = {
		{ HYDROPON_LEVEL_OFF, 0, HYDROPON_TRIP_OFF },
		{ HYDROPON_LEVEL_ON, HYDROPON_LATCHING, HYDROPON_TRIP_ON },
		{ HYDROPON_LEVEL_SAFE, HYDROPON_WHILE_OFF, HYDROPON_TRIP_SAFE },
		{ HYDROPON_LEVEL_OFF, HYDROPON_HOLD_PASSES,
		  HYDROPON_TRIP_OFF << HYDROPON_TRIP_PASS_SHIFT },
		{ HYDROPON_LEVEL_SAFE, HYDROPON_HOLD_PASSES | HYDROPON_LATCHING,
		  HYDROPON_TRIP_SAFE << HYDROPON_TRIP_PASS_SHIFT },
	};

	for (size_t i = 0; i < 5; i++) {
		struct hydropon_interlock interlock = { .level = cases[i].level,
							.flags = cases[i].flags };

		EXPECT_EQ(hydropon_interlock_bit(&interlock), cases[i].bit);
		EXPECT_FALSE(cases[i].bit & ~HYDROPON_LATCHES);
	}
}

/* For a gateway with 3 channels and 2 outputs. */
static struct hydropon_interlock sensible(void)
{
	return (struct hydropon_interlock){
		.id = ~0U, .channel = 2, .output = 1, .while_output = HYDROPON_NONE,
		.compare = HYDROPON_BELOW, .level = HYDROPON_LEVEL_OFF, .threshold = LLONG_MIN,
		.hold_ms = HYDROPON_INTERLOCK_MAX_MS, .stale_ms = HYDROPON_INTERLOCK_MAX_MS,
		.release_ms = HYDROPON_INTERLOCK_MAX_MS,
	};
}

#define EXPECT_SENSE(is_sensible, ...)						\
	do {									\
		struct hydropon_interlock changed = sensible();			\
										\
		__VA_ARGS__;							\
		EXPECT_EQ(hydropon_interlock_is_valid(&changed, 3, 2), is_sensible);	\
	} while (0)

TEST(an_entry_may_be_all_that_makes_sense)
{
	EXPECT_SENSE(true, (void)0);
	EXPECT_SENSE(true, changed.channel = changed.output = 0);
	EXPECT_SENSE(true, changed.compare = HYDROPON_ABOVE);
	EXPECT_SENSE(true, changed.level = HYDROPON_LEVEL_ON);
	EXPECT_SENSE(true, changed.level = HYDROPON_LEVEL_SAFE);
	EXPECT_SENSE(true, changed.hold_ms = changed.stale_ms = changed.release_ms = 0);
	EXPECT_SENSE(true, changed.flags = HYDROPON_LATCHING | HYDROPON_HOLD_PASSES);
	EXPECT_SENSE(true, changed.while_output = 0);
	EXPECT_SENSE(true, changed.while_output = 0; changed.flags = HYDROPON_WHILE_OFF);
}

TEST(an_entry_may_not_be_what_makes_no_sense)
{
	EXPECT_SENSE(false, changed.channel = 3);
	EXPECT_SENSE(false, changed.channel = ~0U);
	EXPECT_SENSE(false, changed.output = 2);
	EXPECT_SENSE(false, changed.output = ~0U);
	EXPECT_SENSE(false, changed.while_output = 2);
	EXPECT_SENSE(false, changed.while_output = HYDROPON_NONE - 1);
	EXPECT_SENSE(false, changed.compare = 0);
	EXPECT_SENSE(false, changed.compare = HYDROPON_ABOVE + 1);
	EXPECT_SENSE(false, changed.level = 0);
	EXPECT_SENSE(false, changed.level = HYDROPON_LEVEL_SAFE + 1);
	EXPECT_SENSE(false, changed.flags = 1 << 3);
	EXPECT_SENSE(false, changed.flags = 1 << 7);
	EXPECT_SENSE(false, changed.flags = HYDROPON_WHILE_OFF);
	EXPECT_SENSE(false, changed.reserved = 1);
	EXPECT_SENSE(false, changed.hold_ms++);
	EXPECT_SENSE(false, changed.stale_ms++);
	EXPECT_SENSE(false, changed.release_ms++);
}

TEST(an_entry_on_the_output_it_waits_for_must_latch_or_last)
{
	EXPECT_SENSE(true, changed.while_output = 1);
	EXPECT_SENSE(true, changed.while_output = 1; changed.release_ms = 1000);
	EXPECT_SENSE(false, changed.while_output = 1; changed.release_ms = 999);
	EXPECT_SENSE(false, changed.while_output = 1; changed.release_ms = 0;
			    changed.flags = HYDROPON_HOLD_PASSES | HYDROPON_WHILE_OFF);
	EXPECT_SENSE(true, changed.while_output = 1; changed.release_ms = 0;
			   changed.flags = HYDROPON_LATCHING);
	EXPECT_SENSE(true, changed.while_output = 0; changed.release_ms = 0);
}

/* A table */

#define CHANNELS 4
#define OUTPUTS HYDROPON_MAX_OUTPUTS

/* While @from is on, @to is forced off, for at least @release_ms. */
static struct hydropon_interlock link_of(__u32 from, __u32 to, __u32 release_ms, __u8 flags)
{
	return (struct hydropon_interlock) {
		.output = to, .while_output = from, .compare = HYDROPON_ABOVE,
		.level = HYDROPON_LEVEL_OFF, .release_ms = release_ms, .flags = flags,
	};
}

TEST(outputs_that_would_switch_one_another_for_ever_are_refused)
{
	struct hydropon_interlock pair[] = { link_of(0, 1, 999, 0), link_of(1, 0, 0, HYDROPON_WHILE_OFF) };
	struct hydropon_interlock ring[OUTPUTS];

	EXPECT_EQ(hydropon_interlocks_bad(pair, 1, CHANNELS, OUTPUTS), 1);
	EXPECT_EQ(hydropon_interlocks_bad(pair, 2, CHANNELS, OUTPUTS), 1);
	/* the entry that closes the circle is named, wherever it stands */
	for (__u32 start = 0; start < OUTPUTS; start++) {
		for (__u32 i = 0; i < OUTPUTS; i++) {
			__u32 from = (start + 5 * i) % OUTPUTS;

			ring[i] = link_of(from, (from + 1) % OUTPUTS, 0, 0);
		}
		EXPECT_EQ(hydropon_interlocks_bad(ring, OUTPUTS, CHANNELS, OUTPUTS), OUTPUTS - 1);
		EXPECT_EQ(hydropon_interlocks_bad(ring, OUTPUTS - 1, CHANNELS, OUTPUTS), OUTPUTS - 1);
	}
}

TEST(a_circle_with_one_that_latches_or_waits_is_none)
{
	struct hydropon_interlock pair[] = { link_of(0, 1, 0, 0), link_of(1, 0, 0, 0) };

	pair[0] = link_of(0, 1, 1000, 0);
	EXPECT_EQ(hydropon_interlocks_bad(pair, 2, CHANNELS, OUTPUTS), 2);
	pair[0] = link_of(0, 1, 0, HYDROPON_LATCHING);
	EXPECT_EQ(hydropon_interlocks_bad(pair, 2, CHANNELS, OUTPUTS), 2);
	pair[0] = link_of(0, 1, 0, 0);
	pair[1] = link_of(1, 0, 1000, 0);
	EXPECT_EQ(hydropon_interlocks_bad(pair, 2, CHANNELS, OUTPUTS), 2);
	pair[1] = link_of(HYDROPON_NONE, 0, 0, 0);
	EXPECT_EQ(hydropon_interlocks_bad(pair, 2, CHANNELS, OUTPUTS), 2);
}

TEST(ways_that_meet_are_no_circle)
{
	struct hydropon_interlock table[] = {
		link_of(31, 1, 0, 0), link_of(31, 2, 0, 0), link_of(1, 3, 0, 0), link_of(2, 3, 0, 0),
		link_of(31, 3, 0, 0), link_of(3, 31, 0, 0),
	};

	EXPECT_EQ(hydropon_interlocks_bad(table, 5, CHANNELS, OUTPUTS), 5);
	EXPECT_EQ(hydropon_interlocks_bad(table, 6, CHANNELS, OUTPUTS), 5);
}

TEST(a_table_is_read_to_its_end_and_no_further)
{
	const long page = sysconf(_SC_PAGESIZE);
	char *pages = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			   0);
	struct hydropon_interlock *table = (struct hydropon_interlock *)(pages + page) - 2;

	ASSERT_TRUE(pages != MAP_FAILED);
	ASSERT_EQ(mprotect(pages + page, page, PROT_NONE), 0);
	table[0] = link_of(0, 1, 0, 0);
	table[1] = link_of(1, 2, 0, 0);
	EXPECT_EQ(hydropon_interlocks_bad(table, 2, CHANNELS, OUTPUTS), 2);
}

TEST(the_first_bad_entry_of_a_table_is_named)
{
	struct hydropon_interlock table[] = {
		link_of(0, 1, 0, 0), link_of(1, 2, 0, 0), link_of(2, 3, 0, 0),
	};

	EXPECT_EQ(hydropon_interlocks_bad(table, 0, CHANNELS, OUTPUTS), 0);
	EXPECT_EQ(hydropon_interlocks_bad(table, 3, CHANNELS, OUTPUTS), 3);
	table[2].channel = CHANNELS;
	EXPECT_EQ(hydropon_interlocks_bad(table, 3, CHANNELS, OUTPUTS), 2);
	table[1].output = OUTPUTS;
	EXPECT_EQ(hydropon_interlocks_bad(table, 3, CHANNELS, OUTPUTS), 1);
	table[0].level = 0;
	EXPECT_EQ(hydropon_interlocks_bad(table, 3, CHANNELS, OUTPUTS), 0);
}
