// SPDX-License-Identifier: GPL-2.0-only
/* Buses with their threads: what comes of slaves that work and of those that do not. */
#include "harness.h"

#include <math.h>

#include <json-c/json.h>

#include "acquire/sources.h"
#include "base/clock.h"
#include "control/status.h"
#include "ctl/show.h"
#include "support/modbus_slave.h"

#define BUS_WAIT_S 60		/* for what comes at once on a machine that is not busy */
#define STOP_MS 20000

FIXTURE(bus)
{
	struct conf conf;
	struct line line, spare;
	struct sources *sources;
	char dir[64], link[128];
	struct source_reading newest[HYDROPON_MAX_CHANNELS];
	unsigned int good[HYDROPON_MAX_CHANNELS], bad[HYDROPON_MAX_CHANNELS];
};

FIXTURE_SETUP(bus)
{
	self->conf.buses_n = 1;
	self->conf.buses[0] = (struct conf_bus){ .name = "field", .baud = 115200, .stop_bits = 1,
						 .address = "127.0.0.1" };
	strcpy(self->dir, "/tmp/hydropon-bus-XXXXXX");
	ASSERT_TRUE(mkdtemp(self->dir) != NULL);
	snprintf(self->link, sizeof(self->link), "%s/by-id", self->dir);
	snprintf(self->conf.buses[0].device, sizeof(self->conf.buses[0].device), "%s", self->link);
}

FIXTURE_TEARDOWN(bus)
{
	sources_stop(self->sources, STOP_MS);
	line_end(&self->line);
	line_end(&self->spare);
	unlink(self->link);
	rmdir(self->dir);
}

static struct conf_register *add(struct fixture_bus *self, uint32_t address, uint32_t where)
{
	struct conf *conf = &self->conf;
	size_t slave = 0;

	while (slave < conf->slaves_n && conf->slaves[slave].address != address)
		slave++;
	if (slave == conf->slaves_n)
		conf->slaves[conf->slaves_n++] = (struct conf_slave){
			.name = "s", .address = address, .response_timeout_ms = 2000,
			.byte_timeout_ms = 500,
		};
	conf->channels[conf->channels_n].source = SOURCE_MODBUS;
	conf->channels[conf->channels_n].reg = (struct conf_register){
		.slave = (int)slave, .address = where, .order = { 0, 1, 2, 3, 4, 5, 6, 7 },
		.multiply = 1, .interval_ms = 100,
	};
	return &conf->channels[conf->channels_n++].reg;
}

static void plug(struct fixture_bus *self, struct line *line)
{
	line_begin(line);
	ASSERT_EQ(symlink(line->path, self->link), 0);
}

static void start(struct fixture_bus *self)
{
	self->sources = sources_start(&self->conf);
	ASSERT_TRUE(self->sources != NULL);
}

/* As the main loop does it: never waits but for the file. */
static void take(struct fixture_bus *self)
{
	struct source_reading readings[16];
	struct pollfd wake = { .fd = sources_fd(self->sources), .events = POLLIN };
	size_t n;

	if (poll(&wake, 1, 100) <= 0)
		return;
	n = sources_pop(self->sources, readings, 16);
	for (size_t i = 0; i < n; i++) {
		uint16_t channel = readings[i].channel;

		ASSERT_LT(channel, self->conf.channels_n);
		self->newest[channel] = readings[i];
		if (readings[i].error)
			self->bad[channel]++;
		else
			self->good[channel]++;
	}
}

static bool has(const unsigned int *counts, size_t n, unsigned int least)
{
	for (size_t i = 0; i < n; i++)
		if (counts[i] < least)
			return false;
	return true;
}

/* Until each channel has had so many. */
static void await(struct fixture_bus *self, const unsigned int *counts, unsigned int least)
{
	uint64_t until_ns = clock_boot_ns() + BUS_WAIT_S * NS_PER_SEC;

	while (!has(counts, self->conf.channels_n, least) && clock_boot_ns() < until_ns)
		take(self);
	ASSERT_TRUE(has(counts, self->conf.channels_n, least));
}

static void forget(struct fixture_bus *self)
{
	struct pollfd wake = { .fd = sources_fd(self->sources), .events = POLLIN };

	/* What was on its way. */
	while (poll(&wake, 1, 0) > 0)
		take(self);
	memset(self->good, 0, sizeof(self->good));
	memset(self->bad, 0, sizeof(self->bad));
}

static struct device_stats stats(struct fixture_bus *self, int slave)
{
	struct device_stats stats;

	EXPECT_TRUE(bus_device_stats(sources_bus(self->sources, 0), slave, &stats));
	return stats;
}

static struct bus_stats stats_of_bus(struct fixture_bus *self)
{
	struct bus_stats stats;

	bus_stats(sources_bus(self->sources, 0), &stats);
	return stats;
}

/* Its age counts from the question: the slave may have measured at once. */
TEST_F_TIMEOUT(bus, a_number_is_as_old_as_its_answer_was_late, 120)
{
	plug(self, &self->line);
	add(self, 1, 5)->interval_ms = 1000;
	atomic_store(&self->line.late_ms, 400);
	atomic_store(&self->line.manners[1], LATE);
	start(self);
	await(self, self->good, 1);
	/* The question itself is a little while on the line. */
	EXPECT_GE(clock_boot_ns() - self->newest[0].boot_ns, 390 * NS_PER_MS);
}

TEST_F_TIMEOUT(bus, numbers_come_from_their_registers, 120)
{
	uint64_t before_ns = clock_boot_ns();

	plug(self, &self->line);
	atomic_store(&self->line.late_ms, 20);
	atomic_store(&self->line.manners[1], LATE);
	add(self, 1, 100);
	add(self, 1, 101)->multiply = 0.01;
	add(self, 2, 9)->table = TABLE_COIL;
	add(self, 2, 10)->table = TABLE_COIL;
	add(self, 1, 102)->type = NUMBER_U32;
	start(self);
	await(self, self->good, 2);
	EXPECT_NEAR(self->newest[0].number, 1000, 0);
	EXPECT_NEAR(self->newest[1].number, 10.1, 1e-9);
	EXPECT_EQ(self->newest[1].raw, 1010);
	EXPECT_NEAR(self->newest[2].number, 1, 0);
	EXPECT_NEAR(self->newest[3].number, 0, 0);
	EXPECT_NEAR(self->newest[4].number, 1020 * 65536 + 1030, 0);
	EXPECT_GE(self->newest[0].boot_ns, before_ns);
	EXPECT_LE(self->newest[0].boot_ns, clock_boot_ns());
	EXPECT_TRUE(stats_of_bus(self).is_open);
	EXPECT_GE(stats(self, 0).answers, 2);
	EXPECT_GT(stats(self, 0).response_max_ns, 10 * NS_PER_MS);
}

TEST_F_TIMEOUT(bus, tcp_is_a_bus_as_well, 120)
{
	line_begin_tcp(&self->line);
	self->conf.buses[0].kind = BUS_MODBUS_TCP;
	self->conf.buses[0].port = self->line.port;
	add(self, 1, 100);
	add(self, 1, 200);
	start(self);
	await(self, self->good, 3);
	EXPECT_NEAR(self->newest[1].number, 2000, 0);
	EXPECT_EQ(stats_of_bus(self).opens, 1);
}

TEST_F_TIMEOUT(bus, a_failed_request_is_told_and_never_a_number, 120)
{
	plug(self, &self->line);
	add(self, 1, 100);
	add(self, 2, 100);
	self->conf.slaves[0].response_timeout_ms = 50;
	atomic_store(&self->line.manners[1], SILENT);
	atomic_store(&self->line.manners[2], REFUSING);
	start(self);
	await(self, self->bad, 3);
	EXPECT_EQ(self->newest[0].error, -ETIMEDOUT);
	EXPECT_EQ(self->newest[1].error, -ENXIO);
	EXPECT_EQ(self->good[0] + self->good[1], 0);
	EXPECT_EQ(stats(self, 1).error, -ENXIO);
}

TEST_F_TIMEOUT(bus, a_disturbance_alone_is_not_seen, 120)
{
	plug(self, &self->line);
	add(self, 1, 100);
	atomic_store(&self->line.manners[1], WRONG_CRC_ONCE);
	start(self);
	await(self, self->good, 2);
	EXPECT_EQ(self->bad[0], 0);
	EXPECT_EQ(stats(self, 0).garbled, 1);
}

/* /dev/serial/by-id names the same device, whatever number it has got. */
TEST_F_TIMEOUT(bus, a_device_comes_back_under_another_number, 180)
{
	add(self, 1, 100);
	/* First: the thread has files of its own, and would keep this end of the line. */
	start(self);
	plug(self, &self->line);
	await(self, self->good, 2);
	/* Before the other goes, whose number it would get. */
	line_begin(&self->spare);
	EXPECT_NE(strcmp(self->line.path, self->spare.path), 0);
	unlink(self->link);
	line_end(&self->line);
	forget(self);
	await(self, self->bad, 2);
	EXPECT_FALSE(stats_of_bus(self).is_open);
	ASSERT_EQ(symlink(self->spare.path, self->link), 0);
	forget(self);
	await(self, self->good, 3);
	EXPECT_EQ(stats_of_bus(self).opens, 2);
	EXPECT_EQ(stats_of_bus(self).error, 0);
}

TEST_F_TIMEOUT(bus, a_device_that_is_not_there_yet_is_awaited, 120)
{
	add(self, 1, 100);
	start(self);
	await(self, self->bad, 1);
	EXPECT_EQ(self->newest[0].error, -ENOENT);
	EXPECT_EQ(stats_of_bus(self).error, -ENOENT);
	plug(self, &self->line);
	await(self, self->good, 1);
}

TEST_F_TIMEOUT(bus, a_gateway_that_goes_is_called_again, 180)
{
	line_begin_tcp(&self->line);
	line_end(&self->line);
	self->conf.buses[0].kind = BUS_MODBUS_TCP;
	self->conf.buses[0].port = self->spare.port = self->line.port;
	add(self, 1, 100);
	start(self);
	line_begin_tcp(&self->line);
	await(self, self->good, 1);
	line_end(&self->line);
	forget(self);
	await(self, self->bad, 2);
	EXPECT_FALSE(stats_of_bus(self).is_open);
	EXPECT_EQ(self->newest[0].error, -ECONNREFUSED);
	line_begin_tcp(&self->spare);
	await(self, self->good, 1);
}

/*
 * Eight slaves at 9600 baud, one of which is dead. No rate is judged here, as this machine may be
 * slower than the bus (tests/unit/modbus_poll.c does that): all the healthy ones are asked as
 * often as each other, none of them fails, and the dead one is hardly asked.
 */
TEST_F_TIMEOUT(bus, a_dead_slave_does_not_stall_the_others, 240)
{
	uint64_t answers = 0, missed = 0;

	self->conf.buses[0].baud = self->line.baud = 9600;
	plug(self, &self->line);
	for (uint32_t i = 0; i < 8; i++)
		add(self, i + 1, 100)->interval_ms = 500;
	self->conf.slaves[3].response_timeout_ms = 200;
	self->conf.slaves[3].byte_timeout_ms = 20;
	atomic_store(&self->line.manners[4], SILENT);
	start(self);
	while (!has(self->good, 3, 20))
		take(self);
	EXPECT_TRUE(stats(self, 3).is_open);
	EXPECT_EQ(self->good[3], 0);
	EXPECT_GE(self->bad[3], 5);
	EXPECT_LE(atomic_load(&self->line.asked[4]), 10);
	for (int i = 0; i < 8; i++) {
		if (i == 3)
			continue;
		EXPECT_EQ(self->bad[i], 0);
		EXPECT_GE(self->good[i], 16);
		answers += stats(self, i).answers;
		missed += stats(self, i).missed;
	}
	harness_note("of what was due of the healthy ones %.1f %% was had",
		     100.0 * (double)answers / (double)(answers + missed));
	/* And it is heard again once it answers. */
	atomic_store(&self->line.manners[4], GOOD);
	while (!self->good[3])
		take(self);
	EXPECT_EQ(stats(self, 3).error, 0);
}

TEST_F_TIMEOUT(bus, stopping_does_not_wait_for_a_slave, 120)
{
	uint64_t begun_ns;

	plug(self, &self->line);
	add(self, 1, 100);
	self->conf.slaves[0].response_timeout_ms = 3600000;
	atomic_store(&self->line.manners[1], SILENT);
	start(self);
	while (!atomic_load(&self->line.asked[1]))
		line_sleep(&self->line, 1000);
	begun_ns = clock_boot_ns();
	sources_stop(self->sources, STOP_MS);
	self->sources = NULL;
	EXPECT_LT(clock_boot_ns() - begun_ns, (STOP_MS - 5000) * NS_PER_MS);
}

/* A main loop that takes nothing costs readings, which are counted, and nothing else. */
TEST_F_TIMEOUT(bus, what_nobody_takes_is_counted, 120)
{
	plug(self, &self->line);
	for (uint32_t i = 0; i < 64; i++)
		add(self, 1, 100 + i)->interval_ms = 50;
	start(self);
	while (stats_of_bus(self).refused < 64)
		line_sleep(&self->line, 10000);
	await(self, self->good, 1);
}

static struct sample newest_sample;

static void keep_sample(void *data, const struct sample *sample)
{
	if (sample->q == Q_GOOD || !newest_sample.boot_ns)
		newest_sample = *sample;
}

static const struct turn_hooks hooks = { .sample = keep_sample };

/* The whole way: register, thread, turn, channel, status, and what people are shown. */
static void look(struct fixture_bus *self, struct turn *turn, char *text, size_t size)
{
	char run_dir[80];
	FILE *out = fmemopen(text, size, "w");
	struct json_object *document;
	struct status_sources status = { .conf = &self->conf, .turn = turn };

	snprintf(run_dir, sizeof(run_dir), "%s/run", self->dir);
	snprintf(self->conf.state_dir, sizeof(self->conf.state_dir), "%s/none", self->dir);
	status.forwarder = forwarder_new(run_dir);
	status.spooler = spooler_start(&self->conf, NULL, NULL);
	ASSERT_TRUE(status.spooler != NULL && out != NULL);
	document = status_build(&status);
	show_status(out, document, false);
	fclose(out);
	json_object_put(document);
	spooler_stop(status.spooler, STOP_MS);
	forwarder_free(status.forwarder);
}

TEST_F_TIMEOUT(bus, a_register_goes_the_whole_way_to_the_status, 180)
{
	static char text[16384];
	struct turn turn;

	plug(self, &self->line);
	add(self, 1, 2);
	strcpy(self->conf.slaves[0].name, "probe");
	self->conf.slaves[0].response_timeout_ms = 300;
	strcpy(self->conf.channels[0].name, "water");
	self->conf.channels[0].quantity = QUANTITY_TEMPERATURE;
	self->conf.channels[0].is_direct = true;
	self->conf.channels[0].max = 50;
	self->conf.channels[0].stale_ms = 60000;
	self->conf.channels[0].temperature = -1;
	turn_start(&turn, &self->conf, stream_new("none", NULL), channels_new(&self->conf),
		   outputs_new(&self->conf), &hooks, NULL);
	start(self);
	turn.sources = self->sources;
	while (newest_sample.q != Q_GOOD || !newest_sample.boot_ns) {
		poll(&(struct pollfd){ .fd = sources_fd(self->sources), .events = POLLIN }, 1, 100);
		turn_run(&turn);
	}
	EXPECT_NEAR(newest_sample.value, 20, 0);
	EXPECT_TRUE(channels_is_good(turn.channels, 0, clock_boot_ns()));
	look(self, &turn, text, sizeof(text));
	EXPECT_CONTAINS(text, "RESPONSE LAST / MEAN / MAX");
	EXPECT_CONTAINS(text, "field  probe   ok");
	atomic_store(&self->line.manners[1], SILENT);
	while (!stats(self, 0).is_open) {
		line_sleep(&self->line, 10000);
		turn_run(&turn);
	}
	look(self, &turn, text, sizeof(text));
	EXPECT_CONTAINS(text, "slave probe on bus field does not answer: Connection timed out; "
			"asked again in ");
	stream_free(turn.stream);
	channels_free(turn.channels);
	outputs_free(turn.outputs);
}

TEST(no_bus_is_no_source)
{
	static const struct conf conf;
	struct source_reading reading;
	struct sources *sources = sources_start(&conf);

	ASSERT_TRUE(sources != NULL);
	EXPECT_EQ(sources_pop(sources, &reading, 1), 0);
	sources_stop(sources, STOP_MS);
	sources_stop(NULL, STOP_MS);
}
