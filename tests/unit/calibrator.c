// SPDX-License-Identifier: GPL-2.0-only
/* Calibrations as they are asked for, kept and lost; a pump needs the channel. */
#include "support/fake_kernel.h"

#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <json-c/json.h>

#include "control/calibrator.h"
#include "control/protocol.h"
#include "support/catch_log.h"
#include "support/scratch.h"

/* In the place of that of libc: the disk, or who it belongs to, is in the way. */
static int read_errno;

ssize_t read(int fd, void *to, size_t size)
{
	if (read_errno) {
		errno = read_errno;
		return -1;
	}
	return syscall(SYS_read, fd, to, size);
}

/* The same: main may run at a real-time priority, and must not wait for a thread that does not. */
static unsigned int locks_without_inheritance;

int pthread_mutex_init(pthread_mutex_t *lock, const pthread_mutexattr_t *attributes)
{
	static int (*real)(pthread_mutex_t *lock, const pthread_mutexattr_t *attributes);
	int protocol = PTHREAD_PRIO_NONE;

	if (!real)
		real = (typeof(real))dlsym(RTLD_NEXT, "pthread_mutex_init");
	if (attributes)
		pthread_mutexattr_getprotocol(attributes, &protocol);
	locks_without_inheritance += protocol != PTHREAD_PRIO_INHERIT;
	return real(lock, attributes);
}

FIXTURE(calibrator)
{
	struct conf conf;
	struct turn turn;
	struct status_sources sources;
	struct protocol protocol;
	struct calibrator *calibrator;
	struct clock_pair now;
	char dir[SCRATCH_PATH_MAX], path[SCRATCH_PATH_MAX + 64];
	char *answer;
	bool is_patient;
	unsigned int events;
	struct event event;
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

static void catch_event(void *data, const struct event *event)
{
	struct fixture_calibrator *self = data;

	if (strcmp(event->name, "calibration"))
		return;
	self->events++;
	self->event = *event;
}

static const struct turn_hooks hooks = {
	.sample = ignore_sample, .opened = ignore_opened, .closing = ignore_closing,
	.event = catch_event,
};

/* A hydropond that was started. */
static void start(struct fixture_calibrator *self)
{
	turn_start(&self->turn, &self->conf, stream_new(self->conf.device, &fake_device),
		   channels_new(&self->conf), outputs_new(&self->conf), &hooks, self);
	self->calibrator = calibrator_new(&self->conf, &self->turn, 0);
	ASSERT_TRUE(self->calibrator != NULL);
	self->sources = (struct status_sources){ .conf = &self->conf, .turn = &self->turn,
						 .calibrator = self->calibrator };
	self->protocol = (struct protocol){ .sources = &self->sources, .turn = &self->turn };
	put((struct hydropon_record){ .type = HYDROPON_REC_SCALE, .value = 1 });
	turn_run(&self->turn);
}

static void stop(struct fixture_calibrator *self)
{
	calibrator_free(self->calibrator);
	turn_close(&self->turn, 0);
	stream_free(self->turn.stream);
	channels_free(self->turn.channels);
	outputs_free(self->turn.outputs);
}

static void restart(struct fixture_calibrator *self)
{
	stop(self);
	start(self);
}

FIXTURE_SETUP(calibrator)
{
	struct conf *conf = &self->conf;

	scratch_make(self->dir);
	fake_gateway(conf);
	snprintf(conf->state_dir, sizeof(conf->state_dir), "%s/state", self->dir);
	snprintf(self->path, sizeof(self->path), "%s/state/calibration/water", self->dir);
	conf->trusts_clock = true;
	start(self);
}

FIXTURE_TEARDOWN(calibrator)
{
	free(self->answer);
	stop(self);
	scratch_remove(self->dir);
}

static const char *ask(struct fixture_calibrator *self, const char *request)
{
	free(self->answer);
	self->answer = protocol_answer(&self->protocol, request, strlen(request), true);
	ASSERT_TRUE(self->answer != NULL);
	return self->answer;
}

#define DO(what) \
	"{\"cmd\":\"calibrate\",\"channel\":\"water\",\"who\":\"anna\",\"do\":\"" what "\"}"
#define IN_SESSION(what, session, more) \
	"{\"cmd\":\"calibrate\",\"channel\":\"water\",\"who\":\"anna\",\"do\":\"" what \
	"\",\"session\":" session more "}"
/* The thermometer says 24.0 where the channel reads 25.0. */
#define POINTS ",\"points\":[{\"reference\":24,\"reading\":750,\"label\":\"thermometer\"}]"

/* As the main loop does, after the time that is given. */
static void run(struct fixture_calibrator *self, uint64_t later_ms)
{
	self->now = clock_pair_now(true);
	self->now.boot_ns += later_ms * NS_PER_MS;
	self->now.wall_ms += (int64_t)later_ms;
	calibrator_run(self->calibrator, &self->now);
}

/* What the channel says of 750 mV now, and whether the pump has a lease by it. */
static bool read_water(struct fixture_calibrator *self)
{
	size_t before = kernel.sets_n;

	/* Outputs do not start one right after the other. */
	usleep(kernel.outputs[0].on ? 0 : OUTPUT_STAGGER_MS * 1000 * self->is_patient);
	put_water(WATER_MV, 0);
	put_beat();
	turn_run(&self->turn);
	return kernel.sets_n > before && kernel.sets[kernel.sets_n - 1].on;
}

static const struct sample *last(struct fixture_calibrator *self)
{
	return &channels_get(self->turn.channels, 0)->last;
}

static void write_and_take(struct fixture_calibrator *self)
{
	calibrator_write(self->calibrator);
	run(self, 0);
}

/* One calibration, from begin to end. */
static void calibrate_water(struct fixture_calibrator *self, const char *session)
{
	char request[512];

	EXPECT_CONTAINS(ask(self, DO("begin")), "\"ok\":true");
	snprintf(request, sizeof(request), IN_SESSION("store", "%s", POINTS), session);
	EXPECT_CONTAINS(ask(self, request), "\"state\":\"storing\"");
	write_and_take(self);
	snprintf(request, sizeof(request), IN_SESSION("end", "%s", ""), session);
	EXPECT_CONTAINS(ask(self, request), "\"state\":\"stored\"");
	write_and_take(self);
}

TEST_F(calibrator, dosing_is_locked_until_a_fresh_good_sample)
{
	self->is_patient = true;
	EXPECT_TRUE(read_water(self));
	EXPECT_CONTAINS(ask(self, DO("begin")), "\"session\":1,\"silence_ms\":600000,"
			"\"locks\":[\"pump\"]");
	/* At once, without another sample. */
	EXPECT_FALSE(kernel.outputs[0].on);
	EXPECT_FALSE(read_water(self));
	EXPECT_EQ(last(self)->q, Q_UNCERTAIN_CALIBRATING);
	EXPECT_NEAR(last(self)->value, 25, 1e-9);

	/* Measured before the end, read after it. */
	put_water(WATER_MV, 0);
	put_beat();
	EXPECT_CONTAINS(ask(self, IN_SESSION("end", "1", "")), "\"ok\":true");
	turn_run(&self->turn);
	EXPECT_EQ(last(self)->q, Q_UNCERTAIN_CALIBRATING);
	EXPECT_FALSE(kernel.outputs[0].on);
	EXPECT_TRUE(read_water(self));
	EXPECT_EQ(last(self)->q, Q_GOOD);
}

TEST_F(calibrator, what_is_compensated_by_it_locks_as_well)
{
	struct conf *conf = &self->conf;

	conf->channels_n = 2;
	conf->channels[1] = (struct conf_channel){
		.name = "ec", .quantity = QUANTITY_EC, .compensate = true, .temperature = 0,
	};
	conf->outputs[1].needs_n = 1;
	conf->outputs[1].needs[0] = 1;
	restart(self);
	EXPECT_CONTAINS(ask(self, DO("begin")), "\"locks\":[\"pump\",\"air\"]");
}

TEST_F(calibrator, what_is_derived_from_it_locks_as_well)
{
	struct conf *conf = &self->conf;
	struct json_object *status, *channels;
	const char *text;

	conf->channels_n = 3;
	conf->channels[1] = (struct conf_channel){
		.name = "vpd", .quantity = QUANTITY_VPD, .max = 10, .stale_ms = 1000,
		.is_derived = true, .from = 0, .humidity = 2, .output = -1, .temperature = -1,
	};
	conf->channels[2] = (struct conf_channel){ .name = "humidity", .quantity = QUANTITY_HUMIDITY,
						   .temperature = -1 };
	conf->outputs[1].needs_n = 1;
	conf->outputs[1].needs[0] = 1;
	restart(self);
	EXPECT_CONTAINS(ask(self, "{\"cmd\":\"calibrate\",\"channel\":\"vpd\",\"do\":\"begin\"}"),
			"vpd is derived from water; calibrate that");
	EXPECT_CONTAINS(ask(self, DO("begin")), "\"locks\":[\"pump\",\"air\"]");
	EXPECT_CONTAINS(ask(self, "{\"cmd\":\"calibrate\",\"channel\":\"humidity\",\"do\":\"begin\"}"),
			"\"locks\":[\"air\"]");
	self->sources.forwarder = forwarder_new(self->dir);
	self->conf.spool_max_bytes = 1 << 22;
	self->conf.commit_ms = 1000;
	self->sources.spooler = spooler_start(&self->conf, NULL, NULL);
	ASSERT_TRUE(self->sources.spooler != NULL);
	status = status_build(&self->sources);
	json_object_object_get_ex(status, "channels", &channels);
	text = json_object_to_json_string_ext(channels, JSON_C_TO_STRING_PLAIN);
	/* One of its sources has no device. */
	EXPECT_CONTAINS(text, "\"name\":\"vpd\",\"quantity\":\"vpd\",\"unit\":\"kPa\",\"decimals\":0,"
			"\"source\":\"derived\",\"present\":false");
	EXPECT_CONTAINS(text, "\"derived_from\":[\"water\",\"humidity\"]");
	EXPECT_CONTAINS(text, "\"derived_from\":null");
	json_object_put(status);
	spooler_stop(self->sources.spooler, 2000);
	forwarder_free(self->sources.forwarder);
}

TEST_F(calibrator, the_rate_of_a_pump_is_calibrated_and_its_time_is_not)
{
	struct conf *conf = &self->conf;

	conf->channels_n = 3;
	conf->channels[1] = (struct conf_channel){
		.name = "dose", .quantity = QUANTITY_DOSE, .max = 1000, .stale_ms = 3000,
		.is_derived = true, .from = -1, .humidity = -1, .temperature = -1, .ml_per_s = 1.5,
	};
	conf->channels[2] = conf->channels[1];
	strcpy(conf->channels[2].name, "on");
	conf->channels[2].quantity = QUANTITY_ON_TIME;
	restart(self);
	EXPECT_CONTAINS(ask(self, "{\"cmd\":\"calibrate\",\"channel\":\"on\",\"do\":\"begin\"}"),
			"on is on-time as its configuration says");
	/* Nothing is locked: the pump itself has to run. */
	EXPECT_CONTAINS(ask(self, "{\"cmd\":\"calibrate\",\"channel\":\"dose\",\"do\":\"begin\"}"),
			"\"locks\":[]");
	EXPECT_CONTAINS(ask(self, "{\"cmd\":\"calibrate\",\"channel\":\"dose\",\"do\":\"store\","
			"\"session\":1,\"points\":[{\"reference\":42,\"reading\":30}]}"), "storing");
	write_and_take(self);
	ask(self, "{\"cmd\":\"calibrate\",\"channel\":\"dose\",\"do\":\"end\"}");
	write_and_take(self);
	restart(self);
	EXPECT_EQ(calibrator_version(self->calibrator, 1), 1);
	EXPECT_NEAR(channels_get(self->turn.channels, 1)->conf->ml_per_s, 1.4, 1e-12);
}

/* Of a client that knew the hydropond before this one. */
TEST_F(calibrator, a_session_of_before_is_none_of_now)
{
	stop(self);
	turn_start(&self->turn, &self->conf, stream_new(self->conf.device, &fake_device),
		   channels_new(&self->conf), outputs_new(&self->conf), &hooks, self);
	self->calibrator = calibrator_new(&self->conf, &self->turn, 4711);
	self->sources.calibrator = self->calibrator;
	EXPECT_CONTAINS(ask(self, DO("begin")), "\"session\":4712");
	EXPECT_CONTAINS(ask(self, IN_SESSION("end", "1", "")), "not by this session");
	EXPECT_TRUE(calibrator_who(self->calibrator, 0) != NULL);
}

TEST_F(calibrator, a_session_belongs_to_one)
{
	ask(self, DO("begin"));
	EXPECT_CONTAINS(ask(self, DO("begin")), "water is being calibrated by anna; end that first");
	EXPECT_CONTAINS(ask(self, IN_SESSION("keep", "2", "")), "by anna, not by this session");
	EXPECT_CONTAINS(ask(self, IN_SESSION("store", "2", POINTS)), "not by this session");
	EXPECT_CONTAINS(ask(self, DO("undo")), "is being calibrated by anna");
	EXPECT_CONTAINS(ask(self, IN_SESSION("keep", "1", "")), "\"ok\":true,\"channel\":\"water\","
			"\"kept\":false,\"state\":\"idle\"");
	/* Whoever stands before a locked pump may end it. */
	EXPECT_CONTAINS(ask(self, DO("end")), "\"ok\":true");
	EXPECT_CONTAINS(ask(self, IN_SESSION("keep", "1", "")), "nobody calibrates water");
	EXPECT_CONTAINS(ask(self, DO("end")), "nobody calibrates water");
	EXPECT_EQ(scratch_size(self->path), -1);
}

TEST_F(calibrator, silence_ends_a_session)
{
	int log = catch_log();

	ask(self, DO("begin"));
	run(self, CALIBRATOR_SILENCE_MS - 1000);
	EXPECT_STREQ(calibrator_who(self->calibrator, 0), "anna");
	EXPECT_TRUE(calibrator_keep(self->calibrator, 0, 1, self->now.boot_ns));
	run(self, 2 * CALIBRATOR_SILENCE_MS - 2000);
	EXPECT_TRUE(calibrator_who(self->calibrator, 0) != NULL);
	run(self, 2 * CALIBRATOR_SILENCE_MS);
	EXPECT_TRUE(calibrator_who(self->calibrator, 0) == NULL);
	EXPECT_EQ(logged(log, "was silent for 10 min"), 1);
	close(log);
}

static void mark_path(const struct fixture_calibrator *self, char path[SCRATCH_PATH_MAX + 80])
{
	snprintf(path, SCRATCH_PATH_MAX + 80, "%s.session", self->path);
}

TEST_F(calibrator, a_session_has_begun_once_a_restart_does_not_end_it)
{
	char mark[SCRATCH_PATH_MAX + 80], half[SCRATCH_PATH_MAX + 90];

	/* Killed before its mark is there: the answer said so, and nobody has moved the probe. */
	self->is_patient = true;
	EXPECT_CONTAINS(ask(self, DO("begin")), "\"kept\":false");
	EXPECT_FALSE(read_water(self));
	mark_path(self, mark);
	EXPECT_EQ(scratch_size(mark), -1);
	/* Killed while it writes it. */
	snprintf(half, sizeof(half), "%s.new", mark);
	mkdir(self->conf.state_dir, 0700);
	*strrchr(self->path, '/') = 0;
	mkdir(self->path, 0700);
	scratch_write(half, "hydropon-ses", 12);
	restart(self);
	EXPECT_TRUE(calibrator_who(self->calibrator, 0) == NULL);
	EXPECT_CONTAINS(ask(self, IN_SESSION("keep", "1", "")), "nobody calibrates water");
	EXPECT_TRUE(read_water(self));
}

TEST_F(calibrator, a_session_survives_a_restart)
{
	int log = catch_log();

	self->is_patient = true;
	ask(self, DO("begin"));
	ask(self, IN_SESSION("end", "1", ""));
	ask(self, DO("begin"));
	write_and_take(self);
	EXPECT_CONTAINS(ask(self, IN_SESSION("keep", "2", "")), "\"kept\":true");
	restart(self);
	EXPECT_EQ(logged(log, "anna was calibrating it when hydropond ended"), 1);
	EXPECT_STREQ(calibrator_who(self->calibrator, 0), "anna");
	EXPECT_FALSE(read_water(self));
	EXPECT_FALSE(read_water(self));
	EXPECT_EQ(last(self)->q, Q_UNCERTAIN_CALIBRATING);
	/* And another one. */
	write_and_take(self);
	restart(self);
	EXPECT_FALSE(read_water(self));

	/* Its client was only waiting for an answer, and goes on. */
	EXPECT_CONTAINS(ask(self, IN_SESSION("keep", "1", "")), "not by this session");
	EXPECT_CONTAINS(ask(self, IN_SESSION("keep", "2", "")), "\"kept\":true");
	EXPECT_CONTAINS(ask(self, DO("begin")), "is being calibrated by anna");
	EXPECT_CONTAINS(ask(self, IN_SESSION("end", "2", "")), "\"ok\":true");
	EXPECT_TRUE(read_water(self));
	close(log);
}

TEST_F(calibrator, killed_while_a_session_ends_it_goes_on_until_silence)
{
	char mark[SCRATCH_PATH_MAX + 80];
	int log = catch_log();

	self->is_patient = true;
	ask(self, DO("begin"));
	write_and_take(self);
	ask(self, DO("end"));
	EXPECT_TRUE(read_water(self));
	restart(self);
	EXPECT_FALSE(read_water(self));
	EXPECT_EQ(last(self)->q, Q_UNCERTAIN_CALIBRATING);
	run(self, CALIBRATOR_SILENCE_MS - 1000);
	EXPECT_TRUE(calibrator_who(self->calibrator, 0) != NULL);
	run(self, CALIBRATOR_SILENCE_MS + 1000);
	EXPECT_TRUE(calibrator_who(self->calibrator, 0) == NULL);
	EXPECT_EQ(logged(log, "was silent for 10 min"), 1);
	write_and_take(self);
	mark_path(self, mark);
	EXPECT_EQ(scratch_size(mark), -1);
	restart(self);
	EXPECT_TRUE(read_water(self));
	close(log);
}

TEST_F(calibrator, a_mark_that_cannot_be_read_counts_as_one)
{
	char mark[SCRATCH_PATH_MAX + 80], file[256], copy[256];
	ssize_t size;

	ask(self, DO("begin"));
	write_and_take(self);
	mark_path(self, mark);
	size = scratch_read(mark, file, sizeof(file));
	ASSERT_GT(size, 20);
	for (ssize_t i = 0; i < 2 * size; i++) {
		memcpy(copy, file, (size_t)size);
		copy[i % size] ^= (char)(1 << i % 8);
		scratch_write(mark, copy, (size_t)(i < size ? i : size));
		restart(self);
		EXPECT_FALSE(read_water(self));
		EXPECT_EQ(last(self)->q, Q_UNCERTAIN_CALIBRATING);
		kernel.sets_n = kernel.first = kernel.end = 0;
	}
	EXPECT_CONTAINS(calibrator_who(self->calibrator, 0), "somebody");
	/* --abort */
	EXPECT_CONTAINS(ask(self, DO("end")), "\"ok\":true");
	write_and_take(self);
	EXPECT_EQ(scratch_size(mark), -1);
}

TEST_F(calibrator, without_a_mark_there_is_no_session)
{
	int log = catch_log();

	self->is_patient = true;
	scratch_write(self->conf.state_dir, "", 0);
	EXPECT_CONTAINS(ask(self, DO("begin")), "\"kept\":false");
	write_and_take(self);
	EXPECT_CONTAINS(ask(self, IN_SESSION("keep", "1", "")), "\"ok\":false,\"error\":\"that water "
			"is being calibrated cannot be kept (Not a directory)");
	EXPECT_EQ(logged(log, "the session is over"), 1);
	EXPECT_TRUE(read_water(self));
	close(log);
}

TEST_F(calibrator, what_was_found_is_taken_over_without_being_good_in_between)
{
	int log = catch_log();

	self->is_patient = true;
	ask(self, DO("begin"));
	write_and_take(self);
	restart(self);
	EXPECT_CONTAINS(ask(self, DO("begin")), "\"kept\":false");
	EXPECT_FALSE(read_water(self));
	write_and_take(self);
	EXPECT_CONTAINS(ask(self, IN_SESSION("keep", "2", "")), "\"kept\":true");
	EXPECT_FALSE(read_water(self));

	/* If that cannot be kept, the channel is not unlocked: its probe is where it was. */
	restart(self);
	scratch_remove(self->conf.state_dir);
	scratch_write(self->conf.state_dir, "", 0);
	ask(self, DO("begin"));
	write_and_take(self);
	run(self, 0);
	EXPECT_CONTAINS(ask(self, IN_SESSION("keep", "3", "")), "cannot be kept (Not a directory)");
	EXPECT_EQ(logged(log, "cannot be kept"), 1);
	EXPECT_FALSE(read_water(self));
	EXPECT_CONTAINS(ask(self, DO("end")), "\"ok\":true");
	EXPECT_TRUE(read_water(self));
	close(log);
}

TEST_F(calibrator, holds_once_it_is_durable_and_not_before)
{
	ask(self, DO("begin"));
	EXPECT_CONTAINS(ask(self, IN_SESSION("solve", "1", POINTS)), "\"offset\":1");
	EXPECT_CONTAINS(ask(self, IN_SESSION("keep", "1", "")), "\"state\":\"idle\"");
	EXPECT_CONTAINS(ask(self, IN_SESSION("store", "1", POINTS)), "\"state\":\"storing\"");
	run(self, 0);
	EXPECT_EQ(calibrator_version(self->calibrator, 0), 0);
	EXPECT_CONTAINS(ask(self, IN_SESSION("store", "1", POINTS)), "is being written");
	write_and_take(self);
	EXPECT_CONTAINS(ask(self, IN_SESSION("keep", "1", "")), "\"state\":\"stored\","
			"\"store_error\":null,\"version\":1");
	EXPECT_EQ(self->events, 1);
	EXPECT_STREQ(self->event.subject, "water");
	EXPECT_EQ(self->event.numbers[0].value, 1);
	EXPECT_FALSE(read_water(self));
	EXPECT_NEAR(last(self)->value, 24, 1e-9);
	ask(self, IN_SESSION("end", "1", ""));
	EXPECT_TRUE(read_water(self));
	write_and_take(self);

	restart(self);
	EXPECT_EQ(calibrator_version(self->calibrator, 0), 1);
	read_water(self);
	EXPECT_NEAR(last(self)->value, 24, 1e-9);
	/* Whoever reads the spool finds the version there. */
	run(self, 0);
	EXPECT_EQ(self->events, 2);
}

TEST_F(calibrator, what_cannot_be_written_does_not_hold)
{
	int log = catch_log();

	ask(self, DO("begin"));
	write_and_take(self);
	scratch_remove(self->conf.state_dir);
	scratch_write(self->conf.state_dir, "", 0);
	ask(self, IN_SESSION("store", "1", POINTS));
	write_and_take(self);
	EXPECT_CONTAINS(ask(self, IN_SESSION("keep", "1", "")), "\"state\":\"failed\","
			"\"store_error\":\"Not a directory\",\"version\":0");
	read_water(self);
	EXPECT_NEAR(last(self)->value, 25, 1e-9);
	EXPECT_EQ(logged(log, "the one before holds"), 1);
	EXPECT_EQ(self->events, 0);
	close(log);
}

/* Its number is the quantity itself: that of a channel which was calibrated before is left alone. */
TEST_F(calibrator, a_transmitter_is_calibrated_at_the_transmitter)
{
	EXPECT_CONTAINS(ask(self, DO("begin")), "\"session\":1");
	ask(self, IN_SESSION("store", "1", POINTS));
	calibrator_write(self->calibrator);
	run(self, 0);
	EXPECT_EQ(calibrator_version(self->calibrator, 0), 1);
	ask(self, IN_SESSION("end", "1", ""));
	calibrator_write(self->calibrator);
	self->conf.channels[0].source = SOURCE_MODBUS;
	self->conf.channels[0].is_direct = true;
	restart(self);
	EXPECT_EQ(calibrator_version(self->calibrator, 0), 0);
	EXPECT_CONTAINS(ask(self, DO("begin")), "transmitter that gives C: calibrate it there");
	EXPECT_TRUE(calibrator_who(self->calibrator, 0) == NULL);
}

TEST_F(calibrator, what_is_refused_is_not_stored)
{
	ask(self, DO("begin"));
	EXPECT_CONTAINS(ask(self, IN_SESSION("store", "1", ",\"points\":[{\"reference\":77,"
			"\"reading\":750}]")), "\"ok\":false,\"error\":\"it reads 25.0 C and the reference "
			"says 77.0: that is 25.0 C if it was read in Fahrenheit");
	EXPECT_CONTAINS(ask(self, IN_SESSION("store", "1", ",\"points\":[]")), "1 to 3 points");
	EXPECT_CONTAINS(ask(self, IN_SESSION("store", "1", ",\"points\":[{\"reference\":\"24\"}]")),
			"must have the numbers");
	EXPECT_CONTAINS(ask(self, IN_SESSION("keep", "1", "")), "\"state\":\"idle\"");
}

TEST_F(calibrator, undo_goes_back_as_a_version_of_its_own)
{
	EXPECT_CONTAINS(ask(self, DO("undo")), "there is nothing to undo");
	calibrate_water(self, "1");
	self->conf.channels[0].mv_per_unit = 10;
	EXPECT_CONTAINS(ask(self, DO("begin")), "\"ok\":true");
	EXPECT_CONTAINS(ask(self, IN_SESSION("store", "2", ",\"points\":[{\"reference\":26,"
			"\"reading\":750}]")), "storing");
	write_and_take(self);
	ask(self, IN_SESSION("end", "2", ""));
	write_and_take(self);
	read_water(self);
	EXPECT_NEAR(last(self)->value, 26, 1e-9);

	EXPECT_CONTAINS(ask(self, DO("undo")), "storing");
	write_and_take(self);
	EXPECT_EQ(last(self)->q, Q_UNCERTAIN_CALIBRATING);
	EXPECT_TRUE(read_water(self));
	EXPECT_NEAR(last(self)->value, 24, 1e-9);
	EXPECT_EQ(calibrator_version(self->calibrator, 0), 3);
	restart(self);
	read_water(self);
	EXPECT_NEAR(last(self)->value, 24, 1e-9);

	EXPECT_CONTAINS(ask(self, DO("undo")), "storing");
	write_and_take(self);
	read_water(self);
	EXPECT_NEAR(last(self)->value, 25, 1e-9);
	EXPECT_CONTAINS(ask(self, DO("undo")), "there is nothing to undo");
	restart(self);
	read_water(self);
	EXPECT_NEAR(last(self)->value, 25, 1e-9);
	EXPECT_EQ(calibrator_version(self->calibrator, 0), 4);
	ask(self, DO("history"));
	EXPECT_CONTAINS(self->answer, "\"version\":4,\"previous\":0,\"returns_to\":0");
	EXPECT_CONTAINS(self->answer, "\"slope_percent\":null,\"acid_percent\":null,"
			"\"alkaline_percent\":null,\"offset\":null,\"residual\":null,\"points\":[],"
			"\"by\":null}");
	EXPECT_CONTAINS(self->answer, "\"version\":3,\"previous\":0,\"returns_to\":1");
	EXPECT_CONTAINS(self->answer, "\"version\":2,\"previous\":1,\"returns_to\":null");
	EXPECT_CONTAINS(self->answer, "\"label\":\"thermometer\"");
	EXPECT_CONTAINS(self->answer, "\"who\":\"anna\"");
}

/* Either the version that was stored, or the configuration with the doubt that it deserves. */
static void expect_never_wrong(struct fixture_calibrator *self, const char *what, size_t at)
{
	bool has_lease;

	restart(self);
	has_lease = read_water(self);
	if (calibrator_version(self->calibrator, 0)) {
		EXPECT_NEAR(last(self)->value, 24, 1e-9);
	} else if (last(self)->q != Q_UNCERTAIN_CALIBRATION || has_lease) {
		harness_fail(__FILE__, __LINE__, "%s at %zu: %s", what, at, quality_name(last(self)->q));
	}
	kernel.sets_n = kernel.first = kernel.end = 0;
}

TEST_F_TIMEOUT(calibrator, a_damaged_file_is_never_a_wrong_calibration, 120)
{
	char file[4096], copy[4096];
	int log = catch_log();
	ssize_t size;

	calibrate_water(self, "1");
	size = scratch_read(self->path, file, sizeof(file));
	ASSERT_GT(size, 100);
	for (ssize_t n = 0; n < size; n++) {
		scratch_write(self->path, file, (size_t)n);
		expect_never_wrong(self, "cut", (size_t)n);
		EXPECT_EQ(calibrator_version(self->calibrator, 0), 0);
	}
	for (ssize_t i = 0; i < size; i++) {
		memcpy(copy, file, (size_t)size);
		copy[i] ^= (char)(1 << i % 8);
		scratch_write(self->path, copy, (size_t)size);
		expect_never_wrong(self, "flipped", (size_t)i);
		EXPECT_EQ(calibrator_version(self->calibrator, 0), 0);
	}
	EXPECT_GT(logged(log, "water: its calibration cannot be read"), 10);
	EXPECT_GT(logged(log, "calibrate it: hydroponctl calibrate water"), 10);
	close(log);
}

TEST_F(calibrator, a_damaged_history_is_kept_aside_and_numbers_go_on)
{
	char file[4096], aside[SCRATCH_PATH_MAX + 80];
	int log = catch_log();
	ssize_t size;

	calibrate_water(self, "1");
	calibrate_water(self, "2");
	size = scratch_read(self->path, file, sizeof(file));
	file[size - 20] ^= 1;
	scratch_write(self->path, file, (size_t)size);
	restart(self);
	EXPECT_FALSE(read_water(self));
	calibrate_water(self, "1");
	EXPECT_TRUE(read_water(self));
	EXPECT_NEAR(last(self)->value, 24, 1e-9);
	/* The one that can still be read was number 1; 2 may have been given out. */
	EXPECT_GT(calibrator_version(self->calibrator, 0), 1);
	snprintf(aside, sizeof(aside), "%s.damaged", self->path);
	EXPECT_EQ(scratch_size(aside), size);
	restart(self);
	EXPECT_TRUE(read_water(self));
	close(log);
}

TEST_F(calibrator, a_damaged_file_is_there_until_a_new_one_replaces_it)
{
	char in_the_way[SCRATCH_PATH_MAX + 80];
	int log = catch_log();

	self->is_patient = true;
	calibrate_water(self, "1");
	scratch_write(self->path, "damaged", 7);
	restart(self);
	/* The new file cannot be written beside it. */
	snprintf(in_the_way, sizeof(in_the_way), "%s.new", self->path);
	ASSERT_EQ(mkdir(in_the_way, 0700), 0);
	for (int i = 0; i < 2; i++) {
		ask(self, DO("begin"));
		ask(self, i ? IN_SESSION("store", "2", POINTS) : IN_SESSION("store", "1", POINTS));
		write_and_take(self);
		EXPECT_CONTAINS(ask(self, DO("end")), "\"state\":\"failed\"");
		write_and_take(self);
		EXPECT_FALSE(read_water(self));
	}
	restart(self);
	EXPECT_FALSE(read_water(self));
	EXPECT_EQ(last(self)->q, Q_UNCERTAIN_CALIBRATION);
	rmdir(in_the_way);
	calibrate_water(self, "1");
	EXPECT_TRUE(read_water(self));
	close(log);
}

TEST_F(calibrator, what_cannot_be_read_is_not_replaced)
{
	const int errors[] = { EIO, EACCES, ENOMEM };
	char aside[SCRATCH_PATH_MAX + 80];
	int log = catch_log();

	self->is_patient = true;
	calibrate_water(self, "1");
	for (size_t i = 0; i < 3; i++) {
		read_errno = errors[i];
		restart(self);
		read_errno = 0;
		EXPECT_FALSE(read_water(self));
		EXPECT_EQ(last(self)->q, Q_UNCERTAIN_CALIBRATION);
		EXPECT_CONTAINS(ask(self, DO("begin")), "see that hydropond can read that file, and "
				"restart it");
		EXPECT_CONTAINS(ask(self, DO("undo")), "a new one would take its place");
		write_and_take(self);
	}
	EXPECT_EQ(logged(log, "none is stored; see that hydropond can read that file"), 3);
	snprintf(aside, sizeof(aside), "%s.damaged", self->path);
	EXPECT_EQ(scratch_size(aside), -1);
	restart(self);
	EXPECT_TRUE(read_water(self));
	EXPECT_EQ(calibrator_version(self->calibrator, 0), 1);
	close(log);
}

/* hydropond ended in a session, and then the file could not be read. */
TEST_F(calibrator, a_session_that_was_found_stores_nothing_over_what_cannot_be_read)
{
	char away[SCRATCH_PATH_MAX + 80];
	int log = catch_log();

	calibrate_water(self, "1");
	ask(self, DO("begin"));
	write_and_take(self);
	snprintf(away, sizeof(away), "%s.away", self->path);
	ASSERT_EQ(rename(self->path, away), 0);
	ASSERT_EQ(symlink(self->path, self->path), 0);
	restart(self);
	EXPECT_CONTAINS(ask(self, IN_SESSION("store", "2", POINTS)), "\"ok\":false,\"error\":\"what is "
			"kept of water in calibration/ of state-dir could not be read (Too many");
	ask(self, DO("end"));
	write_and_take(self);
	EXPECT_FALSE(read_water(self));
	EXPECT_EQ(last(self)->q, Q_UNCERTAIN_CALIBRATION);
	close(log);
}

TEST_F(calibrator, a_file_of_another_quantity_is_no_calibration)
{
	int log = catch_log();

	calibrate_water(self, "1");
	self->conf.channels[0].quantity = QUANTITY_LEVEL;
	restart(self);
	EXPECT_FALSE(read_water(self));
	EXPECT_EQ(last(self)->q, Q_UNCERTAIN_CALIBRATION);
	close(log);
}

TEST_F(calibrator, what_is_too_old_is_uncertain)
{
	const uint64_t day_ms = 86400000;
	struct json_object *described;
	int log = catch_log();

	self->is_patient = true;
	calibrate_water(self, "1");
	self->conf.channels[0].calibration_due_d = 30;
	self->conf.channels[0].calibration_expires_d = 60;
	run(self, 31 * day_ms);
	EXPECT_TRUE(read_water(self));
	described = calibrator_describe(self->calibrator, 0, &self->now);
	EXPECT_CONTAINS(json_object_to_json_string_ext(described, JSON_C_TO_STRING_PLAIN),
			"\"expired\":false,\"due\":true");
	json_object_put(described);
	run(self, 61 * day_ms);
	EXPECT_FALSE(read_water(self));
	EXPECT_EQ(last(self)->q, Q_UNCERTAIN_EXPIRED);
	EXPECT_EQ(logged(log, "older than 60 d"), 1);
	/* A clock that nobody has set says nothing of age, so that the verdict stays. */
	self->now.is_set = false;
	self->now.boot_ns += 2 * NS_PER_SEC;
	calibrator_run(self->calibrator, &self->now);
	EXPECT_FALSE(read_water(self));
	EXPECT_EQ(last(self)->q, Q_UNCERTAIN_EXPIRED);
	/* Set again, it says the same. */
	run(self, 62 * day_ms);
	EXPECT_FALSE(read_water(self));
	calibrate_water(self, "2");
	EXPECT_TRUE(read_water(self));
	close(log);
}

TEST_F(calibrator, what_was_loaded_grows_old_without_a_clock)
{
	const uint64_t day_ms = 86400000;
	int log = catch_log();

	self->is_patient = true;
	calibrate_water(self, "1");
	self->conf.channels[0].calibration_expires_d = 60;
	restart(self);
	self->now = clock_pair_now(true);
	self->now.is_set = false;
	self->now.boot_ns += 59 * day_ms * NS_PER_MS;
	calibrator_run(self->calibrator, &self->now);
	EXPECT_TRUE(read_water(self));
	self->now.boot_ns += 2 * day_ms * NS_PER_MS;
	calibrator_run(self->calibrator, &self->now);
	EXPECT_FALSE(read_water(self));
	EXPECT_EQ(last(self)->q, Q_UNCERTAIN_EXPIRED);
	close(log);
}

#define RECOGNISE(more) "{\"cmd\":\"calibrate\",\"do\":\"recognise\",\"channel\":\"ph\"," more "}"

TEST_F(calibrator, a_bottle_is_recognised)
{
	struct conf *conf = &self->conf;

	conf->channels_n = 2;
	conf->channels[1] = (struct conf_channel){
		.name = "ph", .quantity = QUANTITY_PH, .buffer_ph = { 7, 4 }, .temperature = -1,
		.buffer_mv = { 1500, 1677.477 }, .buffer_c = 25,
	};
	restart(self);
	ask(self, RECOGNISE("\"labels\":[7,4,10],\"reading\":1675,\"celsius\":25"));
	EXPECT_CONTAINS(self->answer, "\"found\":[4.01]");
	EXPECT_CONTAINS(self->answer, "\"seen\":4.0");
	EXPECT_CONTAINS(ask(self, RECOGNISE("\"labels\":[6.86,7],\"reading\":1502,\"celsius\":25")),
			"\"found\":[6.86,7]");
	/* After 7.00 the next one is looked at more closely. */
	EXPECT_CONTAINS(ask(self, RECOGNISE("\"labels\":[9.18,10.01],\"reading\":1360,\"celsius\":25")),
			"\"found\":[9.18,10.01]");
	EXPECT_CONTAINS(ask(self, RECOGNISE("\"labels\":[9.18,10.01],\"reading\":1345,\"celsius\":25,"
			"\"known\":{\"reference\":7,\"reading\":1520}")), "\"found\":[10.01]");
	EXPECT_CONTAINS(ask(self, RECOGNISE("\"labels\":[7,4,10],\"reading\":1590,\"celsius\":25")),
			"\"found\":[]");
	EXPECT_CONTAINS(ask(self, RECOGNISE("\"labels\":[5],\"reading\":1590,\"celsius\":25")),
			"must name buffers or standards that are known");
	EXPECT_CONTAINS(ask(self, RECOGNISE("\"labels\":[7],\"reading\":1590")), "must be numbers");
	EXPECT_CONTAINS(ask(self, DO("recognise")), "only pH and EC");
}

TEST_F(calibrator, the_status_says_what_was_read_and_by_what_it_goes)
{
	struct forwarder *forwarder = forwarder_new(self->dir);
	struct json_object *status, *water;
	const char *text;

	snprintf(self->conf.run_dir, sizeof(self->conf.run_dir), "%s", self->dir);
	self->conf.channels[0].calibration_due_d = 30;
	self->conf.spool_max_bytes = 1 << 22;
	self->conf.commit_ms = 1000;
	calibrate_water(self, "1");
	read_water(self);
	self->sources.forwarder = forwarder;
	self->sources.spooler = spooler_start(&self->conf, NULL, NULL);
	ASSERT_TRUE(self->sources.spooler != NULL);
	status = status_build(&self->sources);
	json_object_object_get_ex(status, "channels", &water);
	text = json_object_to_json_string_ext(json_object_array_get_idx(water, 0),
					      JSON_C_TO_STRING_PLAIN);
	EXPECT_CONTAINS(text, "\"value\":24,");
	EXPECT_CONTAINS(text, "\"reading\":750,\"reading_age_ms\":");
	EXPECT_CONTAINS(text, "\"temperature_from\":null,\"calibration\":{\"version\":1,\"verdict\":"
			"\"good\",\"damaged\":false,\"read_error\":null,\"expired\":false,\"due\":false,\"age_ms\":");
	EXPECT_CONTAINS(text, "\"settling\":false,\"calibrating\":null}");
	json_object_put(status);

	put_water(0, -EIO);
	turn_run(&self->turn);
	status = status_build(&self->sources);
	text = json_object_to_json_string_ext(status, JSON_C_TO_STRING_PLAIN);
	EXPECT_CONTAINS(text, "\"reading\":null,\"reading_age_ms\":null");
	json_object_put(status);
	spooler_stop(self->sources.spooler, 2000);
	forwarder_free(forwarder);
}

TEST_F(calibrator, only_the_control_socket_calibrates)
{
	free(self->answer);
	self->answer = protocol_answer(&self->protocol, DO("begin"), strlen(DO("begin")), false);
	EXPECT_CONTAINS(self->answer, "read only");
	EXPECT_CONTAINS(ask(self, "{\"cmd\":\"calibrate\",\"do\":\"begin\"}"),
			"must be the name of a channel");
	EXPECT_CONTAINS(ask(self, "{\"cmd\":\"calibrate\",\"do\":\"begin\",\"channel\":\"x\"}"),
			"there are: water");
	EXPECT_CONTAINS(ask(self, DO("dance")), "must be \\\"begin\\\"");
	EXPECT_CONTAINS(ask(self, IN_SESSION("keep", "-1", "")), "the number that begin gave");
	EXPECT_CONTAINS(ask(self, "{\"cmd\":\"calibrate\",\"do\":\"begin\",\"channel\":\"water\","
			"\"who\":\"\\u001b[2J\"}"), "cannot be printed");
	EXPECT_TRUE(calibrator_who(self->calibrator, 0) == NULL);
}

TEST_F(calibrator, main_lends_its_priority_to_whoever_holds_a_lock)
{
	locks_without_inheritance = 0;
	restart(self);
	EXPECT_EQ(locks_without_inheritance, 0);
}

/* Its channel is of pH from here on. */
static void make_ph(struct fixture_calibrator *self)
{
	struct conf_channel *conf = &self->conf.channels[0];

	conf->quantity = QUANTITY_PH;
	conf->buffer_ph[0] = 7;
	conf->buffer_mv[0] = 750;
	conf->buffer_ph[1] = 4;
	conf->buffer_mv[1] = 927;
	conf->buffer_c = 25;
	/* The time of its readings is the test's own. */
	conf->stale_ms = 3600000;
	self->is_patient = true;
	restart(self);
}

/* A reading of @mv, so long after @from_ns. */
static void read_later(struct fixture_calibrator *self, uint64_t from_ns, uint64_t s, int mv)
{
	kernel.first = kernel.end = 0;
	put_water(mv, 0);
	kernel.records[0].time_ns = from_ns + s * NS_PER_SEC;
	turn_run(&self->turn);
	run(self, s * 1000);
}

TEST_F(calibrator, an_electrode_on_its_way_from_a_buffer_is_not_good)
{
	uint64_t from_ns;

	make_ph(self);
	EXPECT_TRUE(read_water(self));
	ask(self, DO("begin"));
	ask(self, DO("end"));
	from_ns = clock_boot_ns();
	for (uint64_t s = 1; s < 60; s++) {
		read_later(self, from_ns, s, WATER_MV + (int)s);
		EXPECT_FALSE(quality_is_good(last(self)->q));
	}
	EXPECT_EQ(last(self)->q, Q_UNCERTAIN_CALIBRATING);
	EXPECT_FALSE(kernel.outputs[0].on);
	for (uint64_t s = 60; s < 90; s++)
		read_later(self, from_ns, s, WATER_MV + 60);
	EXPECT_TRUE(calibrator_who(self->calibrator, 0) == NULL);
	read_later(self, from_ns, 7200, WATER_MV + 60);
	EXPECT_EQ(last(self)->q, Q_GOOD);
}

TEST_F(calibrator, what_never_settles_is_waited_for_five_minutes)
{
	uint64_t from_ns;

	make_ph(self);
	ask(self, DO("begin"));
	ask(self, DO("end"));
	from_ns = clock_boot_ns();
	for (uint64_t s = 1; s < 299; s++)
		read_later(self, from_ns, s, WATER_MV + 5 * (int)(s % 2));
	EXPECT_EQ(last(self)->q, Q_UNCERTAIN_CALIBRATING);
	for (uint64_t s = 299; s < 302; s++)
		read_later(self, from_ns, s, WATER_MV + 5 * (int)(s % 2));
	read_later(self, from_ns, 7200, WATER_MV);
	EXPECT_EQ(last(self)->q, Q_GOOD);
}

static void *write_for_a_while(void *data)
{
	for (int i = 0; i < 2000; i++)
		calibrator_write(data);
	return NULL;
}

TEST_F(calibrator, another_thread_writes_while_main_goes_on)
{
	pthread_t thread;
	int error, log = catch_log();

	ask(self, DO("begin"));
	ASSERT_EQ(pthread_create(&thread, NULL, write_for_a_while, self->calibrator), 0);
	ask(self, IN_SESSION("store", "1", POINTS));
	for (int i = 0; i < 2000; i++)
		run(self, 0);
	pthread_join(thread, NULL);
	write_and_take(self);
	EXPECT_EQ(calibrator_state(self->calibrator, 0, &error), CALIBRATOR_STORED);
	close(log);
}
