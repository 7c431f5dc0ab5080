// SPDX-License-Identifier: GPL-2.0-only
/* An I2C bus with its thread: what the main loop, the log and the status have of EZO boards. */
#include "harness.h"

#include <math.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <json-c/json.h>

#include "acquire/ezo_bus.h"
#include "acquire/sources.h"
#include "channel/channel.h"
#include "support/catch_log.h"
#include "support/ezo_board.h"

#define STOP_NS (20 * NS_PER_SEC)
#define BUS_WAIT_S 120		/* for what comes within seconds on a machine that is not busy */

FIXTURE(bus)
{
	struct conf conf;
	struct ezo_sim sim;
	struct bus *bus;
	int wake_fd;
	struct source_reading newest[EZO_BOARDS_MAX];
	unsigned int good[EZO_BOARDS_MAX], bad[EZO_BOARDS_MAX];
};

FIXTURE_SETUP(bus)
{
	self->sim.goes_by_clock = true;
	pthread_mutex_init(&self->sim.lock, NULL);
	self->conf.buses_n = 1;
	self->conf.buses[0] = (struct conf_bus){ .name = "i2c", .kind = BUS_EZO,
						 .device = "/dev/i2c-1" };
	self->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	ASSERT_GE(self->wake_fd, 0);
}

FIXTURE_TEARDOWN(bus)
{
	if (self->bus) {
		bus_tell_to_end(self->bus);
		EXPECT_TRUE(bus_end(self->bus, clock_boot_ns() + STOP_NS));
	}
	close(self->wake_fd);
	pthread_mutex_destroy(&self->sim.lock);
}

static struct ezo_sim_board *add(struct fixture_bus *self, const char *name, double value)
{
	struct conf *conf = &self->conf;
	uint32_t address = 99 + (uint32_t)conf->ezos_n;

	conf->channels[conf->channels_n++] = (struct conf_channel){
		.name = "c", .source = SOURCE_EZO, .ezo = (int)conf->ezos_n, .is_direct = true,
		.quantity = QUANTITY_PH, .max = 14, .stale_ms = 60000, .temperature = -1,
	};
	conf->ezos[conf->ezos_n] = (struct conf_ezo){
		.kind = EZO_PH, .address = address, .interval_ms = 1000,
	};
	snprintf(conf->ezos[conf->ezos_n++].name, HYDROPON_NAME_MAX, "%s", name);
	return ezo_sim_add(&self->sim, address, "pH", value);
}

static void start(struct fixture_bus *self)
{
	self->bus = ezo_bus_start_on(&self->conf, 0, self->wake_fd, &ezo_sim_wire, &self->sim);
	ASSERT_TRUE(self->bus != NULL);
}

static void take(struct fixture_bus *self)
{
	struct pollfd wake = { .fd = self->wake_fd, .events = POLLIN };
	struct source_reading readings[16];
	size_t n;

	poll(&wake, 1, 100);
	eventfd_read(self->wake_fd, &(eventfd_t){ 0 });
	n = bus_pop(self->bus, readings, 16);
	for (size_t i = 0; i < n; i++) {
		ASSERT_LT(readings[i].channel, self->conf.channels_n);
		self->newest[readings[i].channel] = readings[i];
		self->good[readings[i].channel] += !readings[i].error;
		self->bad[readings[i].channel] += readings[i].error != 0;
	}
}

static void set_error(struct fixture_bus *self, int *error, int value)
{
	pthread_mutex_lock(&self->sim.lock);
	*error = value;
	pthread_mutex_unlock(&self->sim.lock);
}

TEST_F_TIMEOUT(bus, readings_come_with_number_time_and_raw, BUS_WAIT_S)
{
	uint64_t begun_ns = clock_boot_ns();
	struct device_stats stats;

	add(self, "ph-a", 6.123);
	add(self, "ph-b", 5.5);
	start(self);
	while (!self->good[0] || !self->good[1])
		take(self);
	EXPECT_EQ(self->bad[0], 0);
	EXPECT_NEAR(self->newest[0].number, 6.123, 1e-9);
	EXPECT_EQ(self->newest[0].raw, 6123);
	EXPECT_EQ(self->newest[1].raw, 5500);
	EXPECT_GE(self->newest[0].boot_ns, begun_ns + 900 * NS_PER_MS);
	EXPECT_LE(self->newest[0].boot_ns, clock_boot_ns());
	EXPECT_TRUE(bus_device_stats(self->bus, 1, &stats));
	EXPECT_EQ(stats.error, 0);
	EXPECT_GE(stats.answers, 3);
	EXPECT_FALSE(bus_device_stats(self->bus, 2, &stats));
}

TEST_F_TIMEOUT(bus, a_reading_becomes_a_good_sample_and_a_failure_a_bad_one, BUS_WAIT_S)
{
	struct ezo_sim_board *board = add(self, "ph-a", 6.123);
	struct clock_pair now = clock_pair_now(true);
	struct channels *channels;
	struct sample sample;

	start(self);
	channels = channels_new(&self->conf);
	while (!self->good[0])
		take(self);
	now.boot_ns = clock_boot_ns();
	EXPECT_TRUE(channels_take_reading(channels, &self->newest[0], &now, &sample));
	EXPECT_EQ(sample.q, Q_GOOD);
	EXPECT_NEAR(sample.value, 6.123, 1e-9);
	set_error(self, &board->error, -ENXIO);
	while (!self->bad[0])
		take(self);
	now.boot_ns = clock_boot_ns();
	EXPECT_TRUE(channels_take_reading(channels, &self->newest[0], &now, &sample));
	EXPECT_EQ(sample.q, Q_BAD_READ);
	EXPECT_EQ(sample.raw, -ENXIO);
	EXPECT_FALSE(channels_is_good(channels, 0, clock_boot_ns()));
	channels_free(channels);
}

TEST_F_TIMEOUT(bus, what_is_wrong_is_told_once_with_its_remedy, BUS_WAIT_S)
{
	int log = catch_log();

	add(self, "ph-a", 6)->kind = "ORP";
	add(self, "ph-b", 6)->celsius = 21;
	start(self);
	while (self->bad[0] < 3 || !self->good[1])
		take(self);
	EXPECT_EQ(logged(log, "board ph-a (ph, address 99) on bus i2c: Wrong medium type, it said "
			 "\"?I,ORP,2.12\"; it is of another kind; correct kind or address"), 1);
	EXPECT_EQ(logged(log, "board ph-b on bus i2c was set to compensate to another temperature"),
		  1);
	close(log);
}

TEST_F_TIMEOUT(bus, a_bus_that_is_gone_is_opened_again, BUS_WAIT_S)
{
	struct bus_stats stats;

	add(self, "ph-a", 6);
	self->sim.open_error = -ENOENT;
	start(self);
	while (self->bad[0] < 2)
		take(self);
	EXPECT_EQ(self->newest[0].error, -ENOENT);
	bus_stats(self->bus, &stats);
	EXPECT_FALSE(stats.is_open);
	EXPECT_EQ(stats.error, -ENOENT);
	set_error(self, &self->sim.open_error, 0);
	while (!self->good[0])
		take(self);
	set_error(self, &self->sim.error, -ENODEV);
	self->bad[0] = 0;
	while (!self->bad[0])
		take(self);
	EXPECT_EQ(self->newest[0].error, -ENODEV);
	set_error(self, &self->sim.error, 0);
	self->good[0] = 0;
	while (!self->good[0])
		take(self);
	bus_stats(self->bus, &stats);
	EXPECT_GE(stats.opens, 2);
	EXPECT_TRUE(stats.is_open);
}

/* It waits for a board most of the time. */
TEST_F_TIMEOUT(bus, stopping_does_not_wait_for_a_board, BUS_WAIT_S)
{
	struct ezo_sim_board *board = add(self, "ph-a", 6);
	uint64_t begun_ns;
	bool is_asked = false;

	self->conf.ezos[0].interval_ms = 3600000;
	board->late_ns = EZO_FOR_EVER;
	start(self);
	while (!is_asked) {
		take(self);
		pthread_mutex_lock(&self->sim.lock);
		is_asked = board->readings;
		pthread_mutex_unlock(&self->sim.lock);
	}
	begun_ns = clock_boot_ns();
	bus_tell_to_end(self->bus);
	EXPECT_TRUE(bus_end(self->bus, begun_ns + STOP_NS));
	self->bus = NULL;
	EXPECT_EQ(self->sim.closes, 1);
}

/* Files that are no I2C bus: the real wire, as far as it goes without one. */
TEST_F_TIMEOUT(bus, what_is_no_i2c_bus_is_told, BUS_WAIT_S)
{
	static const struct {
		const char *device;
		int error;
	} devices[] = { { "/dev/null", -ENOTTY }, { "/dev/no-such-bus", -ENOENT } };
	int log = catch_log();

	add(self, "ph-a", 6);
	for (int i = 0; i < 2; i++) {
		struct source_reading reading = { .error = 0 };
		struct sources *sources;
		struct bus_stats stats;

		strcpy(self->conf.buses[0].device, devices[i].device);
		sources = sources_start(&self->conf);
		ASSERT_TRUE(sources != NULL);
		while (!sources_pop(sources, &reading, 1))
			poll(&(struct pollfd){ .fd = sources_fd(sources), .events = POLLIN }, 1, 100);
		EXPECT_EQ(reading.error, devices[i].error);
		bus_stats(sources_bus(sources, 0), &stats);
		EXPECT_EQ(stats.error, devices[i].error);
		sources_stop(sources, 20000);
	}
	EXPECT_CONTAINS(log_text(log), "it is no I2C bus, correct device");
	EXPECT_CONTAINS(log_text(log), "switch I2C on and load i2c-dev");
	close(log);
}
