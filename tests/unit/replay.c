// SPDX-License-Identifier: GPL-2.0-only
#include "harness.h"

#include <unistd.h>

#include "../sim/model.c"
#include "../sim/replay.c"

/* The wires, in memory: the last value of each file. */
static struct {
	long long ec_uv, water_uv, ec_absent, water_absent;
	unsigned int writes;
	int error;
} wires;

int sim_write(const char *path, long long value)
{
	wires.writes++;
	if (!strcmp(path, "i2c-b/adc-49/ain0_uv"))
		wires.ec_uv = value;
	else if (!strcmp(path, "i2c/adc-4a/ain0_uv"))
		wires.water_uv = value;
	else if (!strcmp(path, "i2c-b/adc-49/absent"))
		wires.ec_absent = value;
	else if (!strcmp(path, "i2c/adc-4a/absent"))
		wires.water_absent = value;
	return wires.error;
}

FIXTURE(recording) {
	char path[64];
	struct replay replay;
	char *text;
	size_t length;
	FILE *stream;	/* into text */
};

FIXTURE_SETUP(recording)
{
	int fd;

	strcpy(self->path, "/tmp/hydropon-replay-XXXXXX");
	fd = mkstemp(self->path);
	ASSERT_GE(fd, 0);
	close(fd);
	self->stream = open_memstream(&self->text, &self->length);
	ASSERT_TRUE(self->stream);
}

FIXTURE_TEARDOWN(recording)
{
	replay_free(&self->replay);
	fclose(self->stream);
	free(self->text);
	unlink(self->path);
}

static int load(struct fixture_recording *self, const char *csv, size_t rows_max)
{
	FILE *file = fopen(self->path, "w");
	int ret;

	ASSERT_TRUE(file);
	fputs(csv, file);
	fclose(file);
	ret = replay_load(&self->replay, self->path, rows_max, self->stream);
	fflush(self->stream);
	return ret;
}

TEST_F(recording, finds_its_columns_by_name)
{
	ASSERT_EQ(load(self, "time,water_c,x,ec_us_cm\r\nt,20.5,,1413\r\nt,,7,1\r\n", 0), 0);
	ASSERT_EQ(self->replay.n, 2);
	EXPECT_EQ(self->replay.rows[0].ec_uv, 706500);
	EXPECT_EQ(self->replay.rows[0].water_uv, 705000);
	EXPECT_FALSE(self->replay.rows[1].has_water);
	EXPECT_TRUE(self->replay.rows[1].has_ec);
}

TEST_F(recording, a_short_row_has_gaps)
{
	ASSERT_EQ(load(self, "ec_us_cm,water_c\n1000\n", 0), 0);
	EXPECT_TRUE(self->replay.rows[0].has_ec);
	EXPECT_FALSE(self->replay.rows[0].has_water);
}

TEST_F(recording, names_the_line_that_is_wrong)
{
	EXPECT_EQ(load(self, "ec_us_cm,water_c\n1,2\n1,warm\n", 0), -EINVAL);
	EXPECT_CONTAINS(self->text, ":3: ");
	EXPECT_EQ(self->replay.n, 0);
}

TEST_F(recording, wants_both_columns)
{
	EXPECT_EQ(load(self, "ec_us_cm,air_c\n1,2\n", 0), -EINVAL);
	EXPECT_CONTAINS(self->text, "water_c");
}

TEST_F(recording, takes_no_more_rows_than_told)
{
	ASSERT_EQ(load(self, "ec_us_cm,water_c\n1,1\n2,2\n3,3\n", 2), 0);
	EXPECT_EQ(self->replay.n, 2);
}

TEST_F(recording, plays_gaps_as_absence_at_the_rate)
{
	volatile sig_atomic_t stop = 0;
	uint64_t start_ns, end_ns;

	ASSERT_EQ(load(self, "ec_us_cm,water_c\n1,1\n2,\n,3\n,4\n", 0), 0);
	start_ns = pace_now_ns();
	ASSERT_EQ(replay_play(&self->replay, 20, self->stream, &stop), 0);
	end_ns = pace_now_ns();
	EXPECT_GE(end_ns - start_ns, 4 * 50 * 1000000ULL);
	EXPECT_EQ(wires.ec_uv, 1000);
	EXPECT_EQ(wires.ec_absent, 1);
	EXPECT_EQ(wires.water_uv, 540000);
	EXPECT_EQ(wires.water_absent, 0);
	fflush(self->stream);
	EXPECT_CONTAINS(self->text, " 0 500 510000\n");
	EXPECT_CONTAINS(self->text, " 1 1000 -\n");
	EXPECT_CONTAINS(self->text, " 3 - 540000\n");
}

TEST_F(recording, stops_when_told_and_when_a_wire_is_gone)
{
	volatile sig_atomic_t stop = 1;

	ASSERT_EQ(load(self, "ec_us_cm,water_c\n1,1\n2,2\n", 0), 0);
	EXPECT_EQ(replay_play(&self->replay, 100, NULL, &stop), 0);
	EXPECT_EQ(wires.writes, 0);
	stop = 0;
	wires.error = -ENOENT;
	EXPECT_EQ(replay_play(&self->replay, 100, NULL, &stop), -ENOENT);
	EXPECT_EQ(wires.writes, 1);
}
