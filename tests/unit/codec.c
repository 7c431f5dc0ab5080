// SPDX-License-Identifier: GPL-2.0-only
/* Samples through both codings and back. */
#include "harness.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "spool/codec.h"

#define WALL_MS 1690000000000LL
#define MS 1000000ULL
#define SERIES 80
#define GUARD 0xa5
#define GUARD_BYTES 64
#define LONG_S 120	/* for the sanitizers */

FIXTURE(codec)
{
	struct codec *codec;
	struct sample *samples, *back;
	size_t n, series_n, capacity;
	uint8_t decimals[CODEC_SERIES + 1];
	uint8_t *bytes;
	uint64_t random;
};

FIXTURE_SETUP(codec)
{
	self->codec = codec_new();
	self->capacity = codec_pack_bound(CODEC_SAMPLES);
	self->samples = calloc(CODEC_SAMPLES + 1, sizeof(*self->samples));
	self->back = calloc(CODEC_SAMPLES + GUARD_BYTES, sizeof(*self->back));
	self->bytes = malloc(self->capacity);
	self->series_n = SERIES;
	self->random = 1;
	for (size_t i = 0; i < CODEC_SERIES; i++)
		self->decimals[i] = 2 + i % 2;
	ASSERT_TRUE(self->codec && self->samples && self->back && self->bytes);
}

FIXTURE_TEARDOWN(codec)
{
	codec_free(self->codec);
	free(self->samples);
	free(self->back);
	free(self->bytes);
}

typedef ssize_t put_function(struct codec *codec, uint8_t *to, size_t capacity,
			     const struct sample *samples, size_t n, const uint8_t *decimals,
			     size_t series_n);
typedef int get_function(struct codec *codec, const uint8_t *from, size_t size,
			 struct sample *samples, size_t n, const uint8_t *decimals,
			 size_t series_n);

static const struct way {
	put_function *put;
	get_function *get;
} packed = { codec_pack, codec_unpack }, dense = { codec_dense, codec_undense },
  *const ways[] = { &packed, &dense };

static ssize_t put(struct fixture_codec *self, const struct way *way, uint8_t *to, size_t capacity)
{
	return way->put(self->codec, to, capacity, self->samples, self->n, self->decimals,
			self->series_n);
}

/* From memory of exactly that size, so that the sanitizers see whoever reads beyond; what
 * is behind the samples stays. */
static int get(struct fixture_codec *self, const struct way *way, const uint8_t *from, size_t size)
{
	uint8_t *copy = malloc(size ? size : 1);
	size_t end = self->n < CODEC_SAMPLES ? self->n : CODEC_SAMPLES;
	int error;

	ASSERT_TRUE(copy != NULL);
	memcpy(copy, from, size);
	memset(&self->back[end], GUARD, GUARD_BYTES);
	error = way->get(self->codec, copy, size, self->back, self->n, self->decimals,
			 self->series_n);
	for (size_t i = 0; i < GUARD_BYTES; i++)
		ASSERT_EQ(((uint8_t *)&self->back[end])[i], GUARD);
	free(copy);
	return error;
}

/* Up to @n - 1. */
static uint64_t at_random(struct fixture_codec *self, uint64_t n)
{
	self->random ^= self->random << 13;
	self->random ^= self->random >> 7;
	self->random ^= self->random << 17;
	return (self->random * 0x2545f4914f6cdd1dULL >> 11) % n;
}

static uint64_t bits_at_random(struct fixture_codec *self)
{
	uint64_t bits = at_random(self, 1ULL << 32) << 32 | at_random(self, 1ULL << 32);

	return bits >> at_random(self, 64);
}

static uint64_t bits_of(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return bits;
}

/* Any that can be kept. */
static int64_t wall_of(uint64_t bits)
{
	return (int64_t)(bits % (2 * (uint64_t)WALL_MS_LIMIT)) - WALL_MS_LIMIT;
}

static bool is_kept(const struct sample *sample, const struct sample *back, int decimals)
{
	char text[512], back_text[512];

	if (back->channel != sample->channel || back->q != sample->q || back->raw != sample->raw ||
	    back->wall_ms != sample->wall_ms || back->clk != sample->clk ||
	    back->boot_ns != sample->boot_ns / MS * MS)
		return false;
	if (!quality_has_value(sample->q))
		return bits_of(back->value) == 0;
	if (!(fabs(sample->value * pow(10, decimals)) < 0x1p53))
		return bits_of(back->value) == bits_of(sample->value);
	snprintf(text, sizeof(text), "%.*f", decimals, sample->value);
	snprintf(back_text, sizeof(back_text), "%.*f", decimals, back->value);
	return !strcmp(text, back_text);
}

/* Both ways, with room for just what is promised to suffice; the bytes of a sample. */
static double round_trip(struct fixture_codec *self, const struct way *way)
{
	size_t wrong = 0, bound = codec_pack_bound(self->n);
	ssize_t size = put(self, way, self->bytes, bound);

	ASSERT_GT(size, 0);
	EXPECT_LE(size, bound);
	memset(self->back, GUARD, self->n * sizeof(*self->back));
	ASSERT_EQ(get(self, way, self->bytes, (size_t)size), 0);
	for (size_t i = 0; i < self->n; i++) {
		const struct sample *sample = &self->samples[i];

		if (is_kept(sample, &self->back[i], self->decimals[sample->channel]))
			continue;
		if (!wrong++)
			harness_note("sample %zu: value %.17g raw %d, back %.17g %d", i,
				     sample->value, sample->raw, self->back[i].value,
				     self->back[i].raw);
	}
	EXPECT_EQ(wrong, 0);
	return (double)size / (double)self->n;
}

static void round_trips(struct fixture_codec *self)
{
	for (size_t i = 0; i < 2; i++)
		round_trip(self, ways[i]);
}

static struct sample good_sample(uint64_t boot_ms, uint16_t channel, int32_t raw, double value)
{
	return (struct sample){
		.boot_ns = boot_ms * MS,
		.wall_ms = WALL_MS + (int64_t)boot_ms,
		.value = value,
		.raw = raw,
		.channel = channel,
		.q = Q_GOOD,
	};
}

static void add(struct fixture_codec *self, struct sample sample)
{
	self->samples[self->n++] = sample;
}

/*
 * A farm: devices of four to eight channels are scanned once a second, 0 or 1 ms late;
 * raws of 16 bits drift, within 2 steps of noise; the value goes along a line.
 */
static void fill_with_farm(struct fixture_codec *self, unsigned int seconds)
{
	double raw[SERIES], drift[SERIES], slope[SERIES], offset[SERIES];

	self->n = 0;
	for (size_t i = 0; i < SERIES; i++) {
		raw[i] = 1000 + (double)at_random(self, 30000);
		drift[i] = ((double)at_random(self, 200) - 100) / 1000;
		/* over the range of the raw some tens or hundreds of a unit */
		slope[i] = (1 + (double)at_random(self, 1000)) / 1e5;
		offset[i] = ((double)at_random(self, 2000) - 1000) / 100;
	}
	for (unsigned int second = 0; second < seconds; second++) {
		uint64_t boot_ms = 1000000 + 1000ULL * second;
		uint16_t channel = 0;

		for (unsigned int device = 0; channel < SERIES; device++) {
			uint64_t stamp = boot_ms + 55 * device + at_random(self, 2);

			for (unsigned int left = 4 + device * 7 % 5; left && channel < SERIES;
			     left--, channel++) {
				double noise = (double)at_random(self, 5) - 2;
				int32_t read = (int32_t)lround(raw[channel] +
							       drift[channel] * second + noise);

				add(self, good_sample(stamp, channel, read,
						      slope[channel] * read + offset[channel]));
			}
		}
	}
}

TEST_F(codec, a_minute_of_a_farm_takes_0_7_bytes_a_sample)
{
	double bytes;

	fill_with_farm(self, 60);
	ASSERT_EQ(self->n, 60 * SERIES);
	round_trip(self, &packed);
	bytes = round_trip(self, &dense);
	harness_note("dense: %.3f bytes a sample", bytes);
	EXPECT_TRUE(bytes <= 0.7);
}

TEST_F(codec, a_second_of_a_farm_takes_6_bytes_a_sample)
{
	double bytes;

	fill_with_farm(self, 1);
	ASSERT_EQ(self->n, SERIES);
	round_trip(self, &dense);
	bytes = round_trip(self, &packed);
	harness_note("packed: %.3f bytes a sample", bytes);
	EXPECT_TRUE(bytes <= 6);
}

TEST_F(codec, keeps_one_sample)
{
	add(self, good_sample(0, 0, 0, 0));
	self->series_n = 1;
	round_trips(self);
	self->samples[0] = good_sample(UINT64_MAX / MS, SERIES - 1, INT32_MIN, -1234.567);
	self->series_n = SERIES;
	round_trips(self);
}

TEST_F(codec, keeps_few)
{
	for (uint16_t i = 0; i < 20; i++) {
		add(self, good_sample(1000 * i, i % 3, 100 + i * i, i * 1.5));
		round_trips(self);
	}
}

TEST_F(codec, keeps_as_many_as_it_takes)
{
	fill_with_farm(self, CODEC_SAMPLES / SERIES);
	while (self->n < CODEC_SAMPLES)
		add(self, good_sample(self->n, (uint16_t)(self->n % SERIES), 0, 1));
	round_trips(self);
}

TEST_F(codec, keeps_what_one_series_alone_has)
{
	for (size_t i = 0; i < CODEC_SAMPLES; i++)
		add(self, good_sample(i * 10, 5, (int32_t)at_random(self, 100), 20.5));
	round_trips(self);
}

TEST_F(codec, keeps_all_series)
{
	self->series_n = CODEC_SERIES;
	for (size_t i = 0; i < CODEC_SAMPLES; i++)
		add(self, good_sample(i / CODEC_SERIES * 1000, (uint16_t)(i % CODEC_SERIES),
				      (int32_t)i, (double)i / 100));
	round_trips(self);
	self->n = CODEC_SERIES;
	round_trips(self);
}

TEST_F(codec, a_bad_sample_has_no_value_but_its_errno)
{
	static const int32_t raws[] = { -EIO, -ENXIO, INT32_MIN, INT32_MAX, 0, -1 };

	fill_with_farm(self, 20);
	for (size_t i = 0; i < self->n; i++) {
		if (at_random(self, 3))
			continue;
		self->samples[i].q = (uint8_t)(Q_BAD_READ + at_random(self, 5));
		self->samples[i].raw = raws[at_random(self, 6)];
		self->samples[i].value = NAN;
	}
	round_trips(self);
}

TEST_F(codec, keeps_when_all_is_bad)
{
	fill_with_farm(self, 60);
	for (size_t i = 0; i < self->n; i++) {
		self->samples[i].q = Q_BAD_READ;
		self->samples[i].raw = -EIO;
	}
	EXPECT_LT(1000 * round_trip(self, &dense), 150);
	round_trip(self, &packed);
}

TEST_F(codec, keeps_every_quality)
{
	fill_with_farm(self, 20);
	for (size_t i = 0; i < self->n; i++)
		self->samples[i].q = (uint8_t)i;
	round_trips(self);
}

TEST_F(codec, keeps_what_decimals_cannot_tell)
{
	static const double values[] = {
		NAN, INFINITY, -INFINITY, 1e300, -1e300, 0x1p53, -0x1p53, 0x1p53 - 1, 1 - 0x1p53,
		90071992547409.91, 90071992547409.92, 90071992547409.93, -0.0, 0.0, -0.001, 0.001,
		-0.005, -1e-300, 1e-300, 5e-324,
	};
	size_t values_n = sizeof(values) / sizeof(values[0]);

	for (size_t i = 0; i < 3 * values_n; i++)
		add(self, good_sample(i, 3, (int32_t)i, values[i % values_n]));
	for (size_t i = 0; i < values_n; i++)
		add(self, good_sample(i, 4, (int32_t)i, i % 4 ? 25.5 : values[i]));
	for (self->decimals[3] = 0; self->decimals[3] <= CODEC_DECIMALS_MAX; self->decimals[3]++)
		round_trips(self);
}

TEST_F(codec, every_bit_of_a_nan_is_kept)
{
	uint64_t bits = 0x7ff4000012345678;

	add(self, good_sample(0, 0, 0, 0));
	memcpy(&self->samples[0].value, &bits, sizeof(bits));
	round_trips(self);
}

/* 1.115 * 100 is 111.50000000000001, but 1.115 is less; 0.125 is a tie. */
TEST_F(codec, a_value_prints_the_same)
{
	static const double values[] = { 1.115, 1.005, 2.675, 0.145, 0.285, 0.125, 0.375, 0.625,
					 -1.115, -0.125, -0.375, 8.345, 1e9 + 0.125, 4.35 };

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		add(self, good_sample(i, 0, 0, values[i]));
	while (self->n < CODEC_SAMPLES) {
		double thousandths = (double)at_random(self, 20000000) - 10000000;

		add(self, good_sample(self->n, (uint16_t)(self->n % 10), 0, thousandths / 1000));
	}
	for (uint8_t i = 0; i < 10; i++)
		self->decimals[i] = i;
	round_trips(self);
}

TEST_F(codec, a_value_that_was_read_is_read_again_as_it_is)
{
	size_t other = 0;

	fill_with_farm(self, 20);
	round_trip(self, &packed);
	memcpy(self->samples, self->back, self->n * sizeof(*self->samples));
	round_trip(self, &dense);
	for (size_t i = 0; i < self->n; i++)
		other += bits_of(self->samples[i].value) != bits_of(self->back[i].value);
	EXPECT_EQ(other, 0);
}

TEST_F(codec, keeps_clocks_that_jump)
{
	static const int64_t jumps_ms[] = { 1, -1, 1000, 86400000, -3600000, 50LL * 365 * 86400000,
					    -50LL * 365 * 86400000 };
	int64_t wall_ms = 0;

	fill_with_farm(self, 60);
	for (size_t i = 0; i < self->n; i++) {
		if (!at_random(self, 50))
			wall_ms += jumps_ms[at_random(self, 7)];
		self->samples[i].wall_ms += wall_ms;
	}
	round_trips(self);
	for (size_t i = 0; i < self->n; i++)
		if (!at_random(self, 7))
			self->samples[i].wall_ms = at_random(self, 2) ? -WALL_MS_LIMIT :
									WALL_MS_LIMIT - 1;
	round_trips(self);
	for (size_t i = 0; i < self->n; i++)
		if (!at_random(self, 50))
			self->samples[i].clk = (int8_t)(at_random(self, 256) - 128);
	round_trips(self);
}

/* What is as far out as can be has no room for a fraction. */
TEST_F(codec, keeps_a_clock_at_its_end)
{
	fill_with_farm(self, 60);
	for (size_t i = 0; i < self->n; i++) {
		self->samples[i].wall_ms = -WALL_MS_LIMIT;
		self->samples[i].boot_ns = 1000 * MS;
		self->samples[i].clk = INT8_MIN;
	}
	round_trips(self);
}

TEST_F(codec, a_clock_that_is_not_set_costs_nothing)
{
	size_t size[2];

	fill_with_farm(self, 60);
	for (size_t i = 0; i < 2; i++)
		size[i] = (size_t)put(self, ways[i], self->bytes, self->capacity);
	for (size_t i = 0; i < self->n; i++) {
		self->samples[i].wall_ms -= WALL_MS;
		self->samples[i].clk = CLK_UNSET;
	}
	for (size_t i = 0; i < 2; i++)
		EXPECT_LE(put(self, ways[i], self->bytes, self->capacity), size[i] + 8);
	round_trips(self);
}

TEST_F(codec, keeps_a_boot_time_that_goes_back)
{
	fill_with_farm(self, 60);
	for (size_t i = 0; i < self->n; i++)
		if (!at_random(self, 9))
			self->samples[i].boot_ns = bits_at_random(self);
	round_trips(self);
}

TEST_F(codec, keeps_any_order)
{
	fill_with_farm(self, 60);
	for (size_t i = self->n - 1; i; i--) {
		size_t other = at_random(self, i + 1);
		struct sample sample = self->samples[i];

		self->samples[i] = self->samples[other];
		self->samples[other] = sample;
	}
	round_trips(self);
}

TEST_F(codec, keeps_channels_that_repeat_and_skip)
{
	for (size_t i = 0; i < 3000; i++)
		add(self, good_sample(i / 100 * 1000, (uint16_t)(i % 100 / 7 * 5 % SERIES),
				      (int32_t)i, 1));
	round_trips(self);
	self->n = 0;
	for (size_t i = 0; i < 3000; i++)
		add(self, good_sample(i / 20 * 1000, (uint16_t)(i % 20 * 4), (int32_t)i, 1));
	round_trips(self);
}

TEST_F(codec, keeps_counters_and_what_is_no_line)
{
	double level = 0;

	for (size_t i = 0; i < 6000; i++) {
		uint16_t channel = (uint16_t)(i % 6);
		int32_t raw = (int32_t)at_random(self, 1000);

		switch (channel) {
		case 0:		/* wraps */
			raw = (int32_t)(uint32_t)(INT32_MAX - 500000 + (int64_t)i * 357);
			level = (double)i;
			break;
		case 1:
			level = log(1.0 + raw) * 100;
			break;
		case 2:
			level += (double)at_random(self, 7) / 100;
			break;
		case 3:		/* all 32 bits of a steep line */
			raw = (int32_t)(uint32_t)bits_at_random(self);
			level = raw * 1000.0;
			break;
		case 4:		/* and of a flat one */
			raw = (int32_t)(uint32_t)bits_at_random(self);
			level = raw * 1e-7;
			break;
		default:
			level = raw * -0.4 + (raw % 100 ? 0 : 1e9);
		}
		add(self, good_sample(i, channel, raw, level));
	}
	round_trips(self);
}

TEST_F(codec, what_goes_straight_on_takes_no_bytes)
{
	for (size_t i = 0; i < 100 * SERIES; i++)
		add(self, good_sample(i / SERIES * 1000, (uint16_t)(i % SERIES),
				      (int32_t)(i / SERIES * (i % SERIES)),
				      (double)(i / SERIES) / 4));
	EXPECT_LE(round_trip(self, &packed) * (double)self->n, 100 + 16 * SERIES);
}

/* Everything at random, each field in a way of its own. */
static void fill_at_random(struct fixture_codec *self)
{
	unsigned int wild_stamps = (unsigned int)at_random(self, 3);
	unsigned int wild_raws = (unsigned int)at_random(self, 3);
	unsigned int wild_values = (unsigned int)at_random(self, 4);
	unsigned int wild_qualities = (unsigned int)at_random(self, 3);
	uint64_t boot_ms = at_random(self, 1000000);

	self->n = 1 + at_random(self, at_random(self, 2) ? 300 : CODEC_SAMPLES);
	self->series_n = 1 + at_random(self, at_random(self, 2) ? 256 : 8);
	for (size_t i = 0; i < self->series_n; i++)
		self->decimals[i] = (uint8_t)at_random(self, CODEC_DECIMALS_MAX + 1);
	for (size_t i = 0; i < self->n; i++) {
		struct sample sample = good_sample(boot_ms, (uint16_t)(i % self->series_n), 0, 0);

		boot_ms += at_random(self, 8) ? 0 : at_random(self, 1000);
		if (wild_stamps && !at_random(self, 4))
			sample.channel = (uint16_t)at_random(self, self->series_n);
		if (wild_stamps == 2) {
			sample.boot_ns = bits_at_random(self);
			sample.wall_ms = wall_of(bits_at_random(self));
			sample.clk = (int8_t)(at_random(self, 256) - 128);
		}
		sample.raw = (int32_t)at_random(self, 9);
		if (wild_raws)
			sample.raw = (int32_t)(uint32_t)(wild_raws == 1 ? bits_at_random(self) :
							 at_random(self, 1ULL << 32));
		if (wild_qualities)
			sample.q = at_random(self, 4) ? 0 : (uint8_t)at_random(self, 256);
		sample.value = sample.raw * 0.37 - 5;
		if (wild_values == 1) {
			sample.value = ((double)at_random(self, 20000) - 10000) / 100;
		} else if (wild_values >= 2 && (wild_values == 3 || !at_random(self, 2))) {
			uint64_t bits = bits_at_random(self) ^ bits_at_random(self) << 30;

			memcpy(&sample.value, &bits, sizeof(bits));
		}
		self->samples[i] = sample;
	}
}

TEST_F_TIMEOUT(codec, keeps_what_comes_at_random, LONG_S)
{
	harness_note("seed 1");
	for (int i = 0; i < 150; i++) {
		fill_at_random(self);
		round_trips(self);
	}
}

/* A row of its own for each, nothing near what was before it, and every value exact. */
TEST_F(codec, the_bound_suffices_for_the_worst)
{
	self->series_n = CODEC_SERIES;
	for (size_t repeat = 1; repeat <= 8; repeat++) {
		self->n = 0;
		for (size_t i = 0; i < CODEC_SAMPLES; i++) {
			uint64_t far = i % 2 ? UINT64_MAX - at_random(self, 1000) : 0;
			struct sample sample = good_sample(
				0, (uint16_t)((i / repeat * 389) % CODEC_SERIES),
				i % 2 ? INT32_MIN : INT32_MAX,
				i % 3 ? 1e300 : (i % 2 ? -9e13 : 9e13));

			sample.boot_ns = far;
			sample.wall_ms = wall_of(far ^ at_random(self, 2) << 47);
			sample.clk = i % 2 ? CLK_UNSET : 0;
			sample.q = (uint8_t)(i % 2);
			add(self, sample);
		}
		round_trips(self);
	}
}

TEST_F(codec, refuses_to_write_what_it_could_not_read)
{
	fill_with_farm(self, 1);
	for (size_t i = 0; i < 2; i++) {
		size_t n = self->n;

		self->n = 0;
		EXPECT_EQ(put(self, ways[i], self->bytes, self->capacity), -EINVAL);
		self->n = CODEC_SAMPLES + 1;
		EXPECT_EQ(put(self, ways[i], self->bytes, self->capacity), -EINVAL);
		self->n = n;
		self->series_n = SERIES - 1;
		EXPECT_EQ(put(self, ways[i], self->bytes, self->capacity), -EINVAL);
		self->series_n = 0;
		EXPECT_EQ(put(self, ways[i], self->bytes, self->capacity), -EINVAL);
		self->series_n = CODEC_SERIES + 1;
		EXPECT_EQ(put(self, ways[i], self->bytes, self->capacity), -EINVAL);
		self->series_n = SERIES;
		self->decimals[7] = CODEC_DECIMALS_MAX + 1;
		EXPECT_EQ(put(self, ways[i], self->bytes, self->capacity), -EINVAL);
		self->decimals[7] = CODEC_DECIMALS_MAX;
		for (size_t j = 0; j < 2; j++) {
			int64_t wall_ms = self->samples[n / 2].wall_ms;

			self->samples[n / 2].wall_ms = j ? -WALL_MS_LIMIT - 1 : WALL_MS_LIMIT;
			EXPECT_EQ(put(self, ways[i], self->bytes, self->capacity), -EINVAL);
			self->samples[n / 2].wall_ms = wall_ms;
		}
		EXPECT_GT(put(self, ways[i], self->bytes, self->capacity), 0);
	}
}

TEST_F(codec, refuses_to_read_other_numbers_of_samples_and_series)
{
	fill_with_farm(self, 3);
	for (size_t i = 0; i < 2; i++) {
		ssize_t size = put(self, ways[i], self->bytes, self->capacity);
		size_t n = self->n, wrong_n[] = { 0, 1, n - 1, n + 1, CODEC_SAMPLES,
						  CODEC_SAMPLES + 1, SIZE_MAX };

		ASSERT_GT(size, 0);
		for (size_t j = 0; j < sizeof(wrong_n) / sizeof(wrong_n[0]); j++) {
			self->n = wrong_n[j];
			EXPECT_EQ(get(self, ways[i], self->bytes, (size_t)size), -EBADMSG);
		}
		self->n = n;
		self->series_n = SERIES - 1;
		EXPECT_EQ(get(self, ways[i], self->bytes, (size_t)size), -EBADMSG);
		self->series_n = 0;
		EXPECT_EQ(get(self, ways[i], self->bytes, (size_t)size), -EBADMSG);
		self->series_n = CODEC_SERIES + 1;
		EXPECT_EQ(get(self, ways[i], self->bytes, (size_t)size), -EBADMSG);
		self->series_n = SERIES;
		EXPECT_EQ(get(self, ways[i], self->bytes, (size_t)size), 0);
	}
}

TEST_F(codec, writes_nothing_beyond_a_capacity_that_is_too_small)
{
	fill_with_farm(self, 2);
	self->samples[3].value = NAN;
	for (size_t i = 0; i < 2; i++) {
		ssize_t size = put(self, ways[i], self->bytes, self->capacity);

		ASSERT_GT(size, 0);
		for (size_t capacity = 0; capacity < (size_t)size; capacity++) {
			memset(self->bytes, GUARD, (size_t)size + GUARD_BYTES);
			ASSERT_EQ(put(self, ways[i], self->bytes, capacity), -ENOSPC);
			for (size_t j = capacity; j < (size_t)size + GUARD_BYTES; j++)
				ASSERT_EQ(self->bytes[j], GUARD);
		}
	}
	EXPECT_GT(put(self, &packed, self->bytes, self->capacity), 0);
}

TEST_F(codec, packs_into_just_the_room_that_it_needs)
{
	ssize_t size;

	fill_with_farm(self, 2);
	size = put(self, &packed, self->bytes, self->capacity);
	ASSERT_GT(size, 0);
	EXPECT_EQ(put(self, &packed, self->bytes, (size_t)size), size);
}

TEST_F(codec, writes_the_same_whatever_was_before)
{
	uint8_t *first = malloc(self->capacity);
	ssize_t size;

	for (size_t i = 0; i < 2; i++) {
		self->random = 7;
		fill_with_farm(self, 10);
		size = put(self, ways[i], first, self->capacity);
		ASSERT_GT(size, 0);
		fill_at_random(self);
		round_trips(self);
		memset(self->bytes, GUARD, 1000);
		get(self, ways[i], self->bytes, 1000);

		self->random = 7;
		self->series_n = SERIES;
		for (size_t j = 0; j < CODEC_SERIES; j++)
			self->decimals[j] = 2 + j % 2;
		fill_with_farm(self, 10);
		EXPECT_EQ(put(self, ways[i], self->bytes, self->capacity), size);
		EXPECT_EQ(memcmp(first, self->bytes, (size_t)size), 0);
	}
	free(first);
}

/* One of each: heads, lines, bad samples, exact values, shapes that come again. */
static void fill_with_some_of_all(struct fixture_codec *self)
{
	self->n = 0;
	self->series_n = 6;
	for (size_t i = 0; i < 60; i++) {
		int32_t raw = (int32_t)at_random(self, 50);
		uint64_t stamp = i / 6 * 1000 + i % 6 / 3 * 20 + at_random(self, 2);
		struct sample sample = good_sample(stamp, (uint16_t)(i % 6), raw, raw * 0.7 + 3);

		if (i % 6 == 4 && i > 20)
			sample.q = Q_BAD_READ;
		if (i % 6 == 5 && i % 4)
			sample.value = INFINITY;
		add(self, sample);
	}
}

/* Either as many samples as asked for, of series that there are, or a refusal. */
static bool is_read_or_refused(struct fixture_codec *self, const struct way *way,
			       const uint8_t *bytes, size_t size)
{
	int error = get(self, way, bytes, size);

	if (error)
		return error == -EBADMSG;
	for (size_t i = 0; i < self->n; i++)
		if (self->back[i].channel >= self->series_n)
			return false;
	return true;
}

TEST_F(codec, whatever_is_cut_off_is_noticed)
{
	fill_with_some_of_all(self);
	round_trips(self);
	for (size_t i = 0; i < 2; i++) {
		ssize_t size = put(self, ways[i], self->bytes, self->capacity);

		ASSERT_GT(size, 0);
		for (size_t cut = 0; cut < (size_t)size; cut++)
			ASSERT_EQ(get(self, ways[i], self->bytes, cut), -EBADMSG);
		self->bytes[size] = 0;
		EXPECT_EQ(get(self, ways[i], self->bytes, (size_t)size + 1), -EBADMSG);
		memmove(self->bytes + size, self->bytes, (size_t)size);
		EXPECT_EQ(get(self, ways[i], self->bytes, 2 * (size_t)size), -EBADMSG);
	}
}

TEST_F_TIMEOUT(codec, any_bit_may_be_wrong, LONG_S)
{
	fill_with_some_of_all(self);
	for (size_t i = 0; i < 2; i++) {
		ssize_t size = put(self, ways[i], self->bytes, self->capacity);

		ASSERT_GT(size, 0);
		for (size_t bit = 0; bit < 8 * (size_t)size; bit++) {
			self->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			ASSERT_TRUE(is_read_or_refused(self, ways[i], self->bytes, (size_t)size));
			self->bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
		EXPECT_EQ(get(self, ways[i], self->bytes, (size_t)size), 0);
	}
}

TEST_F_TIMEOUT(codec, any_bytes_may_be_wrong, LONG_S)
{
	static const uint8_t favourites[] = { 0, 1, 2, 0x7f, 0x80, 0xff, 0xf0, 34 };
	uint8_t *bytes = malloc(self->capacity);

	harness_note("seed 1");
	for (int round = 0; round < 60; round++) {
		ssize_t size;

		if (round % 2)
			fill_with_some_of_all(self);
		else
			fill_at_random(self);
		if (self->n > 500)
			self->n = 500;
		size = put(self, &packed, bytes, self->capacity);
		ASSERT_GT(size, 0);
		for (int i = 0; i < 300; i++) {
			memcpy(self->bytes, bytes, (size_t)size);
			for (size_t wrong = 1 + at_random(self, 8); wrong; wrong--) {
				size_t at = at_random(self, (uint64_t)size);

				self->bytes[at_random(self, 3) ? at : at % 40] =
					favourites[at_random(self, sizeof(favourites))];
			}
			ASSERT_TRUE(is_read_or_refused(self, &packed, self->bytes, (size_t)size));
		}
	}
	free(bytes);
}

/* Packed by hand; docs/spool-codec.md tells what each byte is. */
static const struct by_hand {
	const char *what;
	size_t n, series_n;
	const char *heads;
	size_t heads_n;
	const char *residuals;
	size_t residuals_n;
	int error;
} by_hand[] = {
#define BY_HAND(what, n, series_n, heads, residuals, error) \
	{ what, n, series_n, heads, sizeof(heads) - 1, residuals, sizeof(residuals) - 1, error }
#define HUGE "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
#define ROW2 "\x03\0\0"			/* channels 0 and 1, boot 0, wall 0 */
#define ROWS4 "\x02\x22\0\0\xf0\0\xf0\0"	/* channel 0, four times */
	BY_HAND("two samples", 2, 2, ROW2 "\0\x01" "\x02\x04\x06\x08", "\0", 0),
	BY_HAND("four samples", 4, 1, ROWS4 "\0\x03" "\xf0\0" "\0\xf0\0", "\0", 0),
	BY_HAND("a clock of -128", 2, 2, "\x03\0\xff\xff\xff\xff\xff\xff\xff\x7f" "\0\x01"
		"\x02\x04\x06\x08", "\0", 0),
	BY_HAND("a clock of 128", 2, 2, "\x03\0\x80\x80\x80\x80\x80\x80\x80\x80\x01" "\0\x01"
		"\x02\x04\x06\x08", "\0", -EBADMSG),
	BY_HAND("one head too many", 2, 2, ROW2 "\0\x01" "\0\0\0\0\0", "\0", -EBADMSG),
	BY_HAND("one head too few", 2, 2, ROW2 "\0\x01" "\0\0\0", "\0", -EBADMSG),
	BY_HAND("one residual too many", 2, 2, ROW2 "\0\x01" "\0\0\0\0", "\0\0", -EBADMSG),
	BY_HAND("no residuals", 2, 2, ROW2 "\0\x01" "\0\0\0\0", "", -EBADMSG),
	BY_HAND("a column's residuals missing", 4, 1, ROWS4 "\0\x03" "\0\0" "\0\xf0\0", "\0",
		-EBADMSG),
	BY_HAND("a row longer than the samples", 2, 3, "\x04\0\0" "\0\x01" "\0\0\0\0", "\0",
		-EBADMSG),
	BY_HAND("a row longer than the series", 2, 1, ROW2 "\0\x01" "\0\0\0\0", "\0", -EBADMSG),
	BY_HAND("a row beyond all series", 8, 80, "\x01\x0e\xf8\x0f\0\0\0\x07"
		"\0\0\0\0\0\0\0\0" "\0\0\0\0\0\0\0\0", "\0", -EBADMSG),
	BY_HAND("a shape of many", 2, 2, "\x01" HUGE "\0", "\0", -EBADMSG),
	BY_HAND("a shape of as many as there are bits", 2, 2, "\x01\xfe\xff\x7f\0", "\0", -EBADMSG),
	BY_HAND("a second part of many", 3, 80, "\x01\x01\0\xfe\xff\x7f\0", "\0", -EBADMSG),
	BY_HAND("a channel before the first", 1, 1, "\x01\0\x01\0\0\0\0\0\0", "\0", -EBADMSG),
	BY_HAND("a channel behind the last", 1, 1, "\x01\0\x02\0\0\0\0\0\0", "\0", -EBADMSG),
	BY_HAND("a channel far behind the last", 1, 1, "\x01\0" HUGE "\0\0\0\0\0\0", "\0",
		-EBADMSG),
	BY_HAND("a gap that wraps", 2, 80, "\x01\x01\0\0" HUGE "\0\0\0\x01\0\0\0\0", "\0",
		-EBADMSG),
	BY_HAND("a shape that nothing announced", 1, 1, "\0\0\0\0\0\0\0", "\0", -EBADMSG),
	BY_HAND("a shape that did not come again", 2, 1, "\x02\0\0\0\0\x01\0\0\0\0", "\0",
		-EBADMSG),
	BY_HAND("a shape that there is not", 1, 1, "\x22\0\0\0\0\0\0", "\0", -EBADMSG),
	BY_HAND("a shape of a huge number", 1, 1, HUGE "\0\0\0\0\0\0", "\0", -EBADMSG),
	BY_HAND("a shape again, with no room left", 3, 2, "\x03\x22\0\0\0\x02\0\0\0\0",
		"\0\0\0\0\0", -EBADMSG),
	BY_HAND("more qualities than samples", 2, 2, ROW2 "\0\x02" "\0\0\0\0", "\0", -EBADMSG),
	BY_HAND("very many qualities", 2, 2, ROW2 "\0" HUGE "\0\0\0\0", "\0", -EBADMSG),
	BY_HAND("a line of shift 62", 4, 1, ROWS4 "\0\x03" "\xf0\0" "\x3f" HUGE HUGE "\xf0\0", "\0",
		0),
	BY_HAND("a line of shift 63", 4, 1, ROWS4 "\0\x03" "\xf0\0" "\x40\0\0\xf0\0", "\0",
		-EBADMSG),
	BY_HAND("a line of shift 254", 4, 1, ROWS4 "\0\x03" "\xf0\0" "\xff\0\0\xf0\0", "\0",
		-EBADMSG),
	BY_HAND("the steepest trend", 4, 1,
		ROWS4 "\0\x03" "\xf8" HUGE HUGE "\0\xf8" HUGE HUGE, "\0", 0),
	BY_HAND("a number ends with its tenth byte", 1, 1,
		"\x02\0\0\0\0" "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff" "\0", "\0", 0),
	BY_HAND("an exact value", 2, 2, ROW2 "\0\x01" "\0\0\0\0", "\x01\x01" "12345678", 0),
	BY_HAND("more exact values than samples", 2, 2, ROW2 "\0\x01" "\0\0\0\0",
		"\x03\0" "12345678" "\0" "12345678" "\0" "12345678", -EBADMSG),
	BY_HAND("very many exact values", 2, 2, ROW2 "\0\x01" "\0\0\0\0", HUGE "\0" "12345678",
		-EBADMSG),
	BY_HAND("an exact value behind the last sample", 2, 2, ROW2 "\0\x01" "\0\0\0\0",
		"\x01\x02" "12345678", -EBADMSG),
	BY_HAND("an exact value far behind it", 2, 2, ROW2 "\0\x01" "\0\0\0\0",
		"\x01" HUGE "12345678", -EBADMSG),
	BY_HAND("an exact value cut short", 2, 2, ROW2 "\0\x01" "\0\0\0\0", "\x01\0" "1234567",
		-EBADMSG),
	BY_HAND("an exact value of a bad sample", 2, 2, ROW2 "\x64\x01" "\0\0", "\x01\0" "12345678",
		-EBADMSG),
#undef BY_HAND
};

TEST_F(codec, bytes_made_by_hand_are_what_the_documentation_says)
{
	for (size_t i = 0; i < sizeof(by_hand) / sizeof(by_hand[0]); i++) {
		const struct by_hand *made = &by_hand[i];
		uint8_t *to = self->bytes;
		int error;

		*to++ = (uint8_t)made->heads_n;
		memcpy(to, made->heads, made->heads_n);
		to += made->heads_n;
		memcpy(to, made->residuals, made->residuals_n);
		to += made->residuals_n;
		self->n = made->n;
		self->series_n = made->series_n;
		error = get(self, &packed, self->bytes, (size_t)(to - self->bytes));
		if (error != made->error)
			harness_note("%s", made->what);
		EXPECT_EQ(error, made->error);
	}
}

TEST_F(codec, heads_that_are_longer_than_all_are_refused)
{
	static const char *const begins[] = { "\x03\x02", HUGE, "\xff", "\x80" };

	self->n = 1;
	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		EXPECT_EQ(get(self, &packed, (const uint8_t *)begins[i], strlen(begins[i])),
			  -EBADMSG);
}

TEST_F(codec, more_bytes_than_ever_written_are_refused)
{
	size_t size = 4 << 20;
	uint8_t *bytes = calloc(1, size);

	self->n = 1;
	EXPECT_EQ(get(self, &packed, bytes, size), -EBADMSG);
	EXPECT_EQ(get(self, &dense, bytes, size), -EBADMSG);
	free(bytes);
}

TEST_F(codec, bytes_that_were_never_written_are_refused)
{
	self->n = CODEC_SAMPLES;
	for (int byte = 0; byte < 256; byte++) {
		memset(self->bytes, byte, 100000);
		for (size_t i = 0; i < 2; i++)
			EXPECT_TRUE(is_read_or_refused(self, ways[i], self->bytes, 100000));
	}
	EXPECT_EQ(get(self, &packed, self->bytes, self->capacity), -EBADMSG);
}

/* What a few bytes of zstd may grow to. */
TEST_F(codec, a_frame_of_many_zeros_is_refused)
{
	uint8_t frame[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x50,	/* a window of 1 MiB */
			    0x02, 0x00, 0x10, 0x00,	/* not the last block: RLE of 128 KiB */
			    0x03, 0x00, 0x10, 0x00 };	/* the last */

	self->n = 1;
	EXPECT_EQ(get(self, &dense, frame, sizeof(frame)), -EBADMSG);
	self->n = CODEC_SAMPLES;
	EXPECT_EQ(get(self, &dense, frame, sizeof(frame)), -EBADMSG);
}
