// SPDX-License-Identifier: GPL-2.0-only
/* IIO channels, through Debian's own drivers; and the stream. */
#include <sys/mount.h>

#include "records.h"

#define INTERVAL_MS 100	/* of ph-a, level-a, ec-a and water-a */
#define LATE_NS (5 * MS)	/* where all of the gateway tick at once */
/* The processors of the virtual machine take turns: one in a while waits for the other. */
#define LATEST_NS (20 * MS)

FIXTURE(sampler) { int fd, pump; uint32_t ph, level, ec, water, light, flow; };

FIXTURE_SETUP(sampler)
{
	power_is_good();
	self->fd = device_open(O_RDWR | O_NONBLOCK);
	ASSERT_GE(self->fd, 0);
	self->ph = channel_info(self->fd, "ph-a").index;
	self->level = channel_info(self->fd, "level-a").index;
	self->ec = channel_info(self->fd, "ec-a").index;
	self->water = channel_info(self->fd, "water-a").index;
	self->light = channel_info(self->fd, "light-a").index;
	self->flow = channel_info(self->fd, "flow-a").index;
	self->pump = find_output(self->fd, "pump-a");
}

FIXTURE_TEARDOWN(sampler)
{
	static const char *const chips[] = { "i2c/adc-48", "i2c-b/adc-49", "i2c/adc-4a", "i2c/lux-23" };
	char path[64];

	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/errno", chips[i]);
		sim_write(path, 0);
		snprintf(path, sizeof(path), "%s/latency_us", chips[i]);
		sim_write(path, 0);
		snprintf(path, sizeof(path), "%s/absent", chips[i]);
		sim_write(path, 0);
	}
	/* The last slow read ends, and what it missed is told. */
	sleep_ms(3 * INTERVAL_MS);
	close(self->fd);
}

TEST_F(sampler, a_voltage_at_the_pin_is_the_value_in_the_stream)
{
	static const long microvolts[] = { 0, 1000000, 62500, 2047000 };
	struct hydropon_record scale;
	struct tally *tally;

	/* Told again to each controller, before the first sample. */
	close(self->fd);
	self->fd = device_open(O_RDWR | O_NONBLOCK);
	do
		scale = next_of_type(self->fd, HYDROPON_REC_SCALE);
	while (scale.type && scale.channel != self->ec);
	EXPECT_EQ(scale.flags, HYDROPON_VAL_FRACTION_LOG2);
	EXPECT_EQ(scale.value, 2048);
	EXPECT_EQ(scale.aux, 15);
	for (size_t i = 0; i < 4; i++) {
		sim_write("i2c-b/adc-49/ain0_uv", microvolts[i]);
		sleep_ms(250);
		tally = listen_for(self->fd, 250);
		EXPECT_EQ(tally->last[self->ec].flags, HYDROPON_VAL_INT);
		EXPECT_NEAR(tally->last[self->ec].value * 2048.0 / 32768, microvolts[i] / 1000.0, 0.0626);
	}
}

TEST_F(sampler, two_channels_of_one_chip_are_not_mixed_up)
{
	struct tally *tally;

	sim_write("i2c/adc-48/ain0_uv", 1500000);
	sim_write("i2c/adc-48/ain1_uv", 400000);
	sleep_ms(250);
	tally = listen_for(self->fd, 1000);
	EXPECT_EQ(tally->last[self->ph].value, 24000);
	EXPECT_EQ(tally->last[self->level].value, 6400);
	sim_write("i2c/adc-48/ain1_uv", 800000);
	sleep_ms(250);
	tally = listen_for(self->fd, 300);
	EXPECT_EQ(tally->last[self->ph].value, 24000);
	EXPECT_EQ(tally->last[self->level].value, 12800);
}

TEST_F(sampler, light_is_read_in_lux)
{
	struct tally *tally;

	sim_write("i2c/lux-23/millilux", 12000000);
	sleep_ms(1200);
	tally = listen_for(self->fd, 1200);
	/* bh1750: scale is 1/1.2 lx at the default measurement time */
	EXPECT_NEAR(tally->last[self->light].value / 1.2, 12000, 2);
}

/* The first reading of all is at no tick. */
static void sleep_past_first(void)
{
	sleep_ms(3000);
}

TEST_F(sampler, keeps_its_interval)
{
	unsigned int uneven = 0;
	struct tally *tally;
	uint64_t before_ns = 0;

	sleep_past_first();
	tally = listen_for(self->fd, 2000);
	EXPECT_GE(tally->samples[self->ec], 19);
	EXPECT_LE(tally->samples[self->ec], 21);
	for (size_t i = 0; i < tally->n; i++) {
		const struct hydropon_record *r = &tally->records[i];

		if (r->type != HYDROPON_REC_SAMPLE || r->channel != self->ec)
			continue;
		if (before_ns && (r->time_ns - before_ns < 99 * MS ||
				  r->time_ns - before_ns > 101 * MS))
			uneven++;
		before_ns = r->time_ns;
	}
	/* A reading that was held up is late, and so has an interval on each side. */
	EXPECT_LE(uneven, 2);
	EXPECT_EQ(tally->missed, 0);
	EXPECT_EQ(tally->lost, 0);
	EXPECT_EQ(channel_info(self->fd, "ec-a").interval_ms, 100);
	EXPECT_EQ(channel_info(self->fd, "ec-a").kind, HYDROPON_KIND_IIO);
}

/* Expects that what @name gave is of the multiples of @interval_ms. */
static void expect_on_ticks(int fd, const struct tally *tally, const char *name, int interval_ms)
{
	uint32_t channel = channel_info(fd, name).index;
	unsigned int n = 0, late = 0;

	for (size_t i = 0; i < tally->n; i++) {
		const struct hydropon_record *r = &tally->records[i];

		if ((r->type != HYDROPON_REC_SAMPLE && r->type != HYDROPON_REC_PULSE) ||
		    r->channel != channel)
			continue;
		if (r->time_ns % (uint64_t)(interval_ms * MS) > LATE_NS) {
			harness_note("%s at %llu ns", name, (unsigned long long)r->time_ns);
			late++;
		}
		EXPECT_LE(r->time_ns % (uint64_t)(interval_ms * MS), LATEST_NS);
		n++;
	}
	EXPECT_LE(late, 1);
	EXPECT_NEAR(n, 6000.0 / interval_ms, 1);
}

TEST_F(sampler, ticks_are_at_the_multiples_of_their_interval)
{
	const struct tally *tally;

	sleep_past_first();
	tally = listen_for(self->fd, 6000);
	expect_on_ticks(self->fd, tally, "ph-a", INTERVAL_MS);
	expect_on_ticks(self->fd, tally, "ec-a", INTERVAL_MS);
	expect_on_ticks(self->fd, tally, "water-a", INTERVAL_MS);
	expect_on_ticks(self->fd, tally, "leaf-a", 300);
	expect_on_ticks(self->fd, tally, "light-a", 500);
	expect_on_ticks(self->fd, tally, "light-b", 2000);
	expect_on_ticks(self->fd, tally, "flow-a", 500);
	expect_on_ticks(self->fd, tally, "zone-1", 500);
	for (size_t i = 0; i < tally->n; i++)
		if (tally->records[i].type == HYDROPON_REC_BEAT)
			EXPECT_LE(tally->records[i].time_ns % (HYDROPON_BEAT_MS * MS), LATE_NS);
}

TEST_F(sampler, one_that_comes_later_reads_at_once_and_then_with_the_others)
{
	uint64_t times_ns[4] = { 0 }, bound_ns;
	const struct tally *tally;
	size_t n = 0;

	unbind("hydropon-sampler", "hydropon:probe-b");
	/* A third into an interval. */
	sleep_ms(INTERVAL_MS + INTERVAL_MS / 3 - (long)(clock_boot_ns() / MS % INTERVAL_MS));
	drain(self->fd);
	bound_ns = clock_boot_ns();
	bind("hydropon-sampler", "hydropon:probe-b");
	tally = listen_on(self->fd, 1000);
	for (size_t i = 0; i < tally->n && n < 4; i++)
		if (tally->records[i].type == HYDROPON_REC_SAMPLE && tally->records[i].channel == self->ec)
			times_ns[n++] = tally->records[i].time_ns;
	ASSERT_EQ(n, 4);
	EXPECT_LE(times_ns[0], bound_ns + 30 * MS);
	EXPECT_GT(times_ns[0] % (INTERVAL_MS * MS), LATE_NS);
	/* The tick after it, and no later one. */
	EXPECT_EQ(times_ns[1] / (INTERVAL_MS * MS), times_ns[0] / (INTERVAL_MS * MS) + 1);
	for (size_t i = 1; i < 4; i++)
		EXPECT_LE(times_ns[i] % (INTERVAL_MS * MS), LATE_NS);
	EXPECT_EQ(tally->missed_by[self->ec], 0);
}

/* Three samplers, ten pulse inputs and the beats; on one bus, what a tick gives takes 30 ms. */
TEST_F(sampler, one_wake_up_takes_all_that_a_tick_gives)
{
	/* What these read comes in the middle between ticks. */
	static const char *const slow[] = { "hydropon:light", "hydropon:sun" };
	struct hydropon_stream stream = { 1000, 50 };
	struct hydropon_record records[256];
	unsigned int wake_ups = 0;
	uint64_t end_ns;

	for (size_t i = 0; i < 2; i++)
		unbind("hydropon-sampler", slow[i]);
	sleep_past_first();
	EXPECT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_STREAM, &stream), 0);
	drain(self->fd);
	end_ns = clock_boot_ns() + 5000 * MS;
	while (clock_boot_ns() < end_ns) {
		struct pollfd p = { .fd = self->fd, .events = POLLIN };

		EXPECT_EQ(poll(&p, 1, 5000), 1);
		EXPECT_GT(read(self->fd, records, sizeof(records)), 0);
		wake_ups++;
	}
	EXPECT_NEAR(wake_ups, 5000 / INTERVAL_MS, 1);
	harness_note("%u wake-ups in %d ticks", wake_ups, 5000 / INTERVAL_MS);
	for (size_t i = 0; i < 2; i++)
		bind("hydropon-sampler", slow[i]);
}

TEST_F(sampler, a_failed_read_is_an_errno_and_never_a_number)
{
	struct tally *tally;
	uint64_t errors = channel_info(self->fd, "ec-a").errors;

	sim_write("i2c-b/adc-49/ain0_uv", 1000000);
	sim_write("i2c-b/adc-49/errno", ETIMEDOUT);
	sleep_ms(150);
	tally = listen_for(self->fd, 1000);
	EXPECT_GE(tally->samples[self->ec], 9);
	EXPECT_EQ(tally->errors[self->ec], tally->samples[self->ec]);
	EXPECT_EQ(tally->last[self->ec].status, -ETIMEDOUT);
	EXPECT_EQ(tally->last[self->ec].value, 0);
	/* The others go on at their rate. */
	EXPECT_GE(tally->samples[self->ph], 9);
	EXPECT_EQ(tally->errors[self->ph], 0);
	EXPECT_GT(channel_info(self->fd, "ec-a").errors, errors);

	sim_write("i2c-b/adc-49/errno", 0);
	sleep_ms(150);
	tally = listen_for(self->fd, 500);
	EXPECT_EQ(tally->errors[self->ec], 0);
	EXPECT_EQ(tally->last[self->ec].value, 16000);
}

TEST_F(sampler, an_absent_chip_is_told_and_recovers)
{
	struct tally *tally;

	sim_write("i2c/adc-4a/absent", 1);
	sleep_ms(150);
	tally = listen_for(self->fd, 500);
	EXPECT_EQ(tally->errors[self->water], tally->samples[self->water]);
	EXPECT_EQ(tally->last[self->water].status, -ENXIO);
	EXPECT_EQ(tally->errors[self->ec], 0);
	sim_write("i2c/adc-4a/absent", 0);
	sleep_ms(150);
	EXPECT_EQ(listen_for(self->fd, 500)->errors[self->water], 0);
}

TEST_F(sampler, a_slow_chip_delays_itself_alone)
{
	struct tally *tally;

	sim_write("i2c-b/adc-49/latency_us", 100000);
	sleep_ms(500);
	tally = listen_for(self->fd, 2000);
	EXPECT_GT(tally->missed, 0);
	EXPECT_LT(tally->samples[self->ec], 15);
	EXPECT_GE(tally->samples[self->ph], 19);
	EXPECT_GE(tally->samples[self->water], 19);
}

/* The I2C device at @address: the number of its bus is not ours to choose. */
static const char *i2c_device(unsigned int address)
{
	static char name[16];

	for (unsigned int bus = 0; bus < 16; bus++) {
		char path[64];

		snprintf(name, sizeof(name), "%u-%04x", bus, address);
		snprintf(path, sizeof(path), "/sys/bus/i2c/devices/%s", name);
		if (!access(path, F_OK))
			return name;
	}
	harness_fail(__FILE__, __LINE__, "no I2C device at 0x%x", address);
	return "";
}

static const char *adc_b(void)
{
	return i2c_device(0x49);
}

static int iio_number(const char *device)
{
	for (int number = 0; number < 16; number++) {
		char path[96];

		snprintf(path, sizeof(path), "/sys/bus/i2c/devices/%s/iio:device%d", device, number);
		if (!access(path, F_OK))
			return number;
	}
	harness_fail(__FILE__, __LINE__, "%s has no IIO device", device);
	return -1;
}

/* Expects that nobody but ec-a noticed anything in @ms, pump-a held on included. */
static void expect_others_steady(const struct fixture_sampler *self, const struct tally *tally, int ms)
{
	expect_steady(tally, self->ph, INTERVAL_MS, ms);
	expect_steady(tally, self->level, INTERVAL_MS, ms);
	expect_steady(tally, self->water, INTERVAL_MS, ms);
	expect_steady(tally, self->light, 500, ms);
	expect_steady(tally, self->flow, 500, ms);
	EXPECT_EQ(tally->refused, 0);
	EXPECT_EQ(sim_output_level(SIM_SOC, SIM_PUMP), 1);
}

static void pump_on(const struct fixture_sampler *self)
{
	arm(self->fd);
	ASSERT_EQ(lease(self->fd, self->pump, true, 1500), 0);
	sim_record_clear(SIM_SOC);
}

static void expect_pump_stayed_on(void)
{
	struct sim_transition *all;
	size_t n;

	ASSERT_EQ(sim_record_read(SIM_SOC, &all, &n), 0);
	for (size_t i = 0; i < n; i++)
		EXPECT_NE(all[i].line, SIM_PUMP);
	free(all);
}

/* What ec-a reads is on the pin of a chip that is not kept busy. */
static long long transfers_of_a_read(const struct fixture_sampler *self)
{
	long long before, after;
	const struct tally *tally;

	sim_read("i2c-b/adc-49/transfers", &before);
	tally = listen_for(self->fd, 1000);
	sim_read("i2c-b/adc-49/transfers", &after);
	ASSERT_GT(tally->samples[self->ec], 0);
	return (after - before + tally->samples[self->ec] / 2) / tally->samples[self->ec];
}

TEST_F(sampler, a_chip_that_sleeps_950_ms_delays_itself_alone)
{
	long long transfers = transfers_of_a_read(self);
	const struct tally *tally;
	unsigned int ticks;
	uint64_t span_ns;

	pump_on(self);
	sim_write("i2c-b/adc-49/latency_us", 950000 / transfers);
	listen_holding(self->fd, 3000, self->pump);
	tally = listen_holding(self->fd, 10000, self->pump);
	expect_others_steady(self, tally, 10000);
	expect_pump_stayed_on();
	EXPECT_GE(tally->samples[self->ec], 9);
	EXPECT_LE(tally->samples[self->ec], 12);
	EXPECT_EQ(tally->errors[self->ec], 0);
	/* Every tick is a sample or is told as missed. */
	span_ns = tally->last[self->ec].time_ns - tally->first[self->ec].time_ns;
	ticks = tally->samples[self->ec] - 1 + tally->missed_by[self->ec];
	EXPECT_NEAR(ticks, (double)span_ns / (INTERVAL_MS * MS), 10);
	EXPECT_LE(tally->missed_records[self->ec], tally->samples[self->ec] + 1);
	/* What it reads, it reads at a tick. */
	for (size_t i = 0; i < tally->n; i++)
		if (tally->records[i].type == HYDROPON_REC_SAMPLE && tally->records[i].channel == self->ec)
			EXPECT_LE(tally->records[i].time_ns % (INTERVAL_MS * MS), LATE_NS);
}

/* A read that begins from now on hangs for @ms, and those after it do not. */
static void hang_one_read(int ms)
{
	long long before, now;

	sim_read("i2c-b/adc-49/transfers", &before);
	sim_write("i2c-b/adc-49/latency_us", ms * 1000LL);
	do {
		sleep_ms(5);
		sim_read("i2c-b/adc-49/transfers", &now);
	} while (now == before);
	sim_write("i2c-b/adc-49/latency_us", 0);
}

TEST_F_TIMEOUT(sampler, a_read_that_hangs_is_one_gap_and_no_burst, 90)
{
	const struct tally *tally;
	unsigned int after = 0;
	uint64_t end_ns = 0;

	pump_on(self);
	hang_one_read(20000);
	tally = listen_holding(self->fd, 23000, self->pump);
	expect_others_steady(self, tally, 23000);
	expect_pump_stayed_on();
	EXPECT_EQ(tally->missed_records[self->ec], 1);
	EXPECT_NEAR(tally->missed_by[self->ec], 200, 3);
	for (size_t i = 0; i < tally->n; i++) {
		const struct hydropon_record *r = &tally->records[i];

		if (r->channel != self->ec)
			continue;
		if (r->type == HYDROPON_REC_MISSED)
			end_ns = r->time_ns;
		after += end_ns && r->type == HYDROPON_REC_SAMPLE && r->time_ns < end_ns + 1000 * MS;
	}
	EXPECT_GE(after, 9);
	EXPECT_LE(after, 11);
	EXPECT_EQ(tally->last[self->ec].status, 0);
}

/* Unbinds in a process of its own; its exit status is 0. */
static pid_t unbind_aside(const char *driver, const char *device)
{
	pid_t pid = fork();

	if (!pid) {
		unbind(driver, device);
		_exit(0);
	}
	return pid;
}

static bool has_ended(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) == pid;
}

TEST_F(sampler, unbinding_waits_for_a_read_that_hangs_and_nobody_else_does)
{
	const struct tally *tally;
	pid_t unbinding;

	pump_on(self);
	hang_one_read(4000);
	unbinding = unbind_aside("hydropon-sampler", "hydropon:probe-b");
	tally = listen_holding(self->fd, 3000, self->pump);
	expect_others_steady(self, tally, 3000);
	EXPECT_FALSE(has_ended(unbinding));
	tally = listen_holding(self->fd, 2000, self->pump);
	expect_others_steady(self, tally, 2000);
	expect_pump_stayed_on();
	EXPECT_TRUE(has_ended(unbinding));
	EXPECT_EQ(channel_info(self->fd, "ec-a").present, 0);

	bind("hydropon-sampler", "hydropon:probe-b");
	EXPECT_EQ(channel_info(self->fd, "ec-a").index, self->ec);
	expect_steady(listen_for(self->fd, 1000), self->ec, INTERVAL_MS, 1000);
}

TEST_F(sampler, unbinding_the_gateway_during_a_read_that_hangs_is_safe_at_once)
{
	uint64_t start_ns;
	pid_t unbinding;

	pump_on(self);
	hang_one_read(4000);
	start_ns = clock_boot_ns();
	unbinding = unbind_aside("hydropon-gateway", "hydropon");
	sleep_ms(1000);
	EXPECT_FALSE(has_ended(unbinding));
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 0);
	EXPECT_LE(last_transition(SIM_SOC, SIM_PUMP).ns, start_ns + 10 * MS);
	harness_note("off %lld us after the unbinding began",
		     (long long)(last_transition(SIM_SOC, SIM_PUMP).ns - start_ns) / 1000);
	/* Other chips are waited for as well, for a second at most. */
	sleep_ms(5500);
	EXPECT_TRUE(has_ended(unbinding));
	bind("hydropon-gateway", "hydropon");
	power_is_good();
}

TEST_F_TIMEOUT(sampler, a_chip_that_gets_power_late_comes_by_itself, 120)
{
	const struct tally *tally;
	int waited_s = 0;
	uint32_t late;

	/* Absent from the start: nobody has bound its driver. */
	if (has_channel(self->fd, "ph-b"))
		ASSERT_EQ(channel_info(self->fd, "ph-b").present, 0);
	sim_write("i2c/adc-4b/ain0_uv", 1200000);
	sim_write("i2c/adc-4b/absent", 0);
	/* It is tried again each half minute at least. */
	do {
		tally = listen_for(self->fd, 1000);
		expect_steady(tally, self->ec, INTERVAL_MS, 1000);
		waited_s++;
	} while (waited_s < 35 && !(has_channel(self->fd, "ph-b") &&
				    channel_info(self->fd, "ph-b").present));
	harness_note("after %d s", waited_s);
	ASSERT_TRUE(has_channel(self->fd, "ph-b"));
	late = channel_info(self->fd, "ph-b").index;
	/* Its first tick may be over before the device is ready for it, and is told as missed. */
	listen_for(self->fd, 1000);
	tally = listen_for(self->fd, 1000);
	expect_steady(tally, late, INTERVAL_MS, 1000);
	EXPECT_EQ(tally->last[late].value, 19200);

	/* Whose driver is unbound by a person stays so. */
	write_text("/sys/bus/i2c/drivers/ads1015/unbind", i2c_device(0x4b));
	for (int s = 0; s < 35; s++)
		sleep_ms(1000);
	EXPECT_EQ(channel_info(self->fd, "ph-b").present, 0);
	write_text("/sys/bus/i2c/drivers/ads1015/bind", i2c_device(0x4b));
}

TEST_F(sampler, a_processed_reading_keeps_its_fraction)
{
	struct hydropon_record scale;
	const struct tally *tally;
	uint32_t sun = channel_info(self->fd, "light-b").index;

	sim_write("i2c/lux-44/millilux", 40950);
	close(self->fd);
	self->fd = device_open(O_RDWR | O_NONBLOCK);
	do
		scale = next_of_type(self->fd, HYDROPON_REC_SCALE);
	while (scale.type && scale.channel != sun);
	EXPECT_EQ(scale.flags, HYDROPON_VAL_INT);
	EXPECT_EQ(scale.value, 1);
	EXPECT_EQ(scale.aux, 0);
	listen_for(self->fd, 2500);
	tally = listen_for(self->fd, 8500);
	/* Its driver sleeps for a second in each read. */
	EXPECT_GE(tally->samples[sun], 4);
	EXPECT_EQ(tally->missed_by[sun], 0);
	EXPECT_EQ(tally->errors[sun], 0);
	EXPECT_EQ(tally->last[sun].flags, HYDROPON_VAL_MICRO);
	EXPECT_EQ(tally->last[sun].value, 40);
	EXPECT_EQ(tally->last[sun].aux, 950000);
	for (size_t i = 0; i < tally->n; i++)
		EXPECT_FALSE(tally->records[i].type == HYDROPON_REC_OFFSET &&
			     tally->records[i].channel == sun);
}

TEST_F(sampler, an_offset_is_told_before_the_first_sample)
{
	uint32_t leaf = channel_info(self->fd, "leaf-a").index;
	const struct tally *tally;
	bool has_offset = false, has_scale = false;
	unsigned int samples = 0;

	sim_write("i2c/ir-5a/object_mc", 25500);
	unbind("hydropon-sampler", "hydropon:leaf");
	drain(self->fd);
	bind("hydropon-sampler", "hydropon:leaf");
	/* listen_for() would begin with what comes after now. */
	for (int i = 0; i < 100 && samples < 2; i++) {
		struct hydropon_record r;

		while (read(self->fd, &r, sizeof(r)) == sizeof(r)) {
			if (r.channel != leaf)
				continue;
			if (r.type == HYDROPON_REC_OFFSET) {
				has_offset = true;
				EXPECT_EQ(r.flags, HYDROPON_VAL_MICRO);
				EXPECT_EQ(r.value, -13657);
				EXPECT_EQ(r.aux, 500000);
			}
			if (r.type == HYDROPON_REC_SCALE) {
				has_scale = true;
				EXPECT_EQ(r.flags, HYDROPON_VAL_INT);
				EXPECT_EQ(r.value, 20);
			}
			if (r.type == HYDROPON_REC_SAMPLE) {
				EXPECT_TRUE(has_offset && has_scale);
				EXPECT_EQ(r.status, 0);
				EXPECT_NEAR((r.value - 13657.5) * 20, 25500, 20);
				samples++;
			}
		}
		sleep_ms(20);
	}
	EXPECT_EQ(samples, 2);
	tally = listen_for(self->fd, 1000);
	for (size_t i = 0; i < tally->n; i++)
		EXPECT_NE(tally->records[i].type, HYDROPON_REC_OFFSET);
}

TEST_F_TIMEOUT(sampler, a_suspended_system_wakes_up_to_one_record_of_what_was_missed, 120)
{
	static const char *const names[] = { "ph-a", "ec-a", "water-a" };
	const struct tally *tally;
	uint64_t start_ns, woken_ns;
	unsigned int ticks;

	listen_for(self->fd, 500);
	start_ns = clock_boot_ns();
	suspend_for(60);
	woken_ns = clock_boot_ns();
	ticks = (unsigned int)((woken_ns - start_ns) / (INTERVAL_MS * MS));
	ASSERT_GT(ticks, 580);
	/* What the stream holds of that time, and a second more. */
	tally = listen_on(self->fd, 1000);
	for (size_t i = 0; i < 3; i++) {
		uint32_t channel = channel_info(self->fd, names[i]).index;
		unsigned int after = 0, gaps = 0;

		EXPECT_NEAR(tally->missed_by[channel], ticks, 3);
		for (size_t r = 0; r < tally->n; r++)
			gaps += tally->records[r].type == HYDROPON_REC_MISSED &&
				tally->records[r].channel == channel && tally->records[r].value > 1;
		/* Who is woken up shortly before a tick may still be reading then. */
		EXPECT_EQ(gaps, 1);
		EXPECT_LE(tally->missed_records[channel], 2);
		for (size_t r = 0; r < tally->n; r++)
			after += tally->records[r].type == HYDROPON_REC_SAMPLE &&
				 tally->records[r].channel == channel &&
				 tally->records[r].time_ns > woken_ns;
		EXPECT_GE(after, 9);
		EXPECT_LE(after, 12);
		EXPECT_EQ(tally->errors[channel], 0);
	}
	harness_note("%u ticks missed", ticks);
}

TEST_F_TIMEOUT(sampler, a_chip_slower_than_its_interval_keeps_no_system_awake, 60)
{
	uint64_t start_ns;

	sim_write("i2c-b/adc-49/latency_us", 60000);
	sleep_ms(1000);
	start_ns = clock_boot_ns();
	suspend_for(5);
	EXPECT_GE(clock_boot_ns() - start_ns, 3000 * MS);
	EXPECT_LE(clock_boot_ns() - start_ns, 7000 * MS);
}

TEST_F(sampler, keeps_its_interval_under_load)
{
	uint64_t latest_ns = 0;
	const struct tally *tally;
	struct load load;

	load_start(&load, 8);
	tally = listen_for(self->fd, 5000);
	load_stop(&load);
	expect_steady(tally, self->ec, INTERVAL_MS, 5000);
	expect_steady(tally, self->ph, INTERVAL_MS, 5000);
	for (size_t i = 0; i < tally->n; i++) {
		const struct hydropon_record *r = &tally->records[i];
		uint64_t late_ns = r->time_ns % (INTERVAL_MS * MS);

		if (r->type == HYDROPON_REC_SAMPLE && r->channel == self->ec && late_ns > latest_ns)
			latest_ns = late_ns;
	}
	EXPECT_LE(latest_ns, 10 * MS);
	harness_note("at most %llu us after their tick", (unsigned long long)latest_ns / 1000);
}

TEST_F(sampler, each_tick_can_be_traced)
{
	static char text[1 << 20];
	unsigned int of_node[3] = { 0 };
	static const char *const nodes[3] = { "node=probe-b ", "node=flow-a ", "node=light " };
	unsigned long long late_ns;
	size_t n = 0;
	ssize_t got;
	int fd;

	mount("tracefs", "/sys/kernel/tracing", "tracefs", 0, NULL);
	write_text("/sys/kernel/tracing/trace", "");
	write_text("/sys/kernel/tracing/events/hydropon/hydropon_tick/enable", "1");
	listen_for(self->fd, 3000);
	write_text("/sys/kernel/tracing/events/hydropon/hydropon_tick/enable", "0");
	fd = open("/sys/kernel/tracing/trace", O_RDONLY);
	ASSERT_GE(fd, 0);
	while (n < sizeof(text) - 1 && (got = read(fd, text + n, sizeof(text) - 1 - n)) > 0)
		n += (size_t)got;
	close(fd);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		const char *late = strstr(line, "late_ns=");

		if (line[0] == '#' || !late)
			continue;
		EXPECT_CONTAINS(line, "hydropon_tick: ");
		EXPECT_CONTAINS(line, "missed=0");
		ASSERT_EQ(sscanf(late, "late_ns=%llu", &late_ns), 1);
		EXPECT_LT(late_ns, INTERVAL_MS * MS);
		for (size_t i = 0; i < 3; i++)
			of_node[i] += strstr(line, nodes[i]) != NULL;
	}
	EXPECT_NEAR(of_node[0], 30, 2);
	EXPECT_NEAR(of_node[1], 6, 1);
	EXPECT_NEAR(of_node[2], 6, 1);
}

TEST_F(sampler, a_driver_that_leaves_takes_its_channel_and_returns_it)
{
	struct tally *tally;

	write_text("/sys/bus/i2c/drivers/ads1015/unbind", adc_b());
	sleep_ms(100);
	EXPECT_EQ(channel_info(self->fd, "ec-a").present, 0);
	tally = listen_for(self->fd, 500);
	EXPECT_EQ(tally->samples[self->ec], 0);
	EXPECT_GE(tally->samples[self->ph], 4);
	EXPECT_GE(tally->samples[self->water], 4);
	write_text("/sys/bus/i2c/drivers/ads1015/bind", adc_b());
	for (int i = 0; i < 100 && !channel_info(self->fd, "ec-a").present; i++)
		sleep_ms(20);
	EXPECT_EQ(channel_info(self->fd, "ec-a").index, self->ec);
	tally = listen_for(self->fd, 500);
	EXPECT_GE(tally->samples[self->ec], 4);
	EXPECT_EQ(tally->errors[self->ec], 0);
}

TEST_F(sampler, a_new_gain_is_told_before_the_first_sample_that_has_it)
{
	static struct hydropon_record records[8192];
	char path[96];
	size_t n = 0;
	ssize_t got;
	double scale = 0;
	int changes = 0;

	sim_write("i2c-b/adc-49/ain0_uv", 1000000);
	sleep_ms(250);
	close(self->fd);
	self->fd = device_open(O_RDWR | O_NONBLOCK);
	snprintf(path, sizeof(path), "/sys/bus/i2c/devices/%s/iio:device%d/in_voltage0_scale",
		 adc_b(), iio_number(adc_b()));
	sleep_ms(500);
	write_text(path, "0.125");
	sleep_ms(500);
	write_text(path, "0.0625");
	sleep_ms(500);
	while (n < 8192 && (got = read(self->fd, records + n, sizeof(records[0]) * 64)) > 0)
		n += (size_t)got / sizeof(records[0]);
	for (size_t i = 0; i < n; i++) {
		const struct hydropon_record *r = &records[i];

		if (r->channel != self->ec)
			continue;
		if (r->type == HYDROPON_REC_SCALE) {
			scale = r->value / (double)(1 << r->aux);
			changes++;
		}
		if (r->type == HYDROPON_REC_SAMPLE) {
			ASSERT_GT(scale * 1e6, 0);
			EXPECT_NEAR(r->value * scale, 1000.0, 0.2);
		}
	}
	EXPECT_EQ(changes, 3);
}

TEST_F(sampler, reader_is_woken_by_watermark_or_latency)
{
	struct hydropon_stream stream = { 1000, 700 };
	struct pollfd p = { .fd = self->fd, .events = POLLIN };
	struct hydropon_record records[256];
	uint64_t start_ns, waited_ns;
	ssize_t n;

	ASSERT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_STREAM, &stream), 0);
	drain(self->fd);
	start_ns = clock_boot_ns();
	ASSERT_EQ(poll(&p, 1, 5000), 1);
	waited_ns = clock_boot_ns() - start_ns;
	EXPECT_GE(waited_ns, 690 * MS);
	EXPECT_LE(waited_ns, 830 * MS);

	stream = (struct hydropon_stream){ 20, 10000 };
	ASSERT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_STREAM, &stream), 0);
	drain(self->fd);
	ASSERT_EQ(poll(&p, 1, 5000), 1);
	n = read(self->fd, records, sizeof(records));
	EXPECT_GE(n / (ssize_t)sizeof(records[0]), 20);
	EXPECT_LE(n / (ssize_t)sizeof(records[0]), 30);
	EXPECT_EQ(n % (ssize_t)sizeof(records[0]), 0);
}

TEST_F(sampler, urgent_records_wake_at_once)
{
	struct hydropon_stream stream = { 2048, 10000 };
	struct pollfd p = { .fd = self->fd, .events = POLLIN };
	uint64_t start_ns;

	ASSERT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_STREAM, &stream), 0);
	drain(self->fd);
	sim_write("gpio-soc/line9", 0);
	start_ns = clock_boot_ns();
	ASSERT_EQ(poll(&p, 1, 5000), 1);
	EXPECT_LE(clock_boot_ns() - start_ns, 5 * MS);
	sim_write("gpio-soc/line9", 1);
}

TEST_F_TIMEOUT(sampler, a_stalled_reader_is_told_what_it_lost, 240)
{
	static struct hydropon_record records[8192];
	struct hydropon_info info;
	unsigned long long told = 0;
	bool power_told = false;
	double scale = 0.0625;
	char path[96];
	size_t n = 0, after_lost = 0;
	uint32_t seq;
	ssize_t got;

	sim_write("i2c-b/adc-49/ain0_uv", 1000000);
	sleep_ms(500);
	drain(self->fd);
	/* About 60 records a second against 4096 slots. */
	for (int i = 0; i < 200 && !device_info(self->fd).lost; i++)
		sleep_ms(1000);
	sleep_ms(2000);
	info = device_info(self->fd);
	ASSERT_GT(info.lost, 0);
	EXPECT_EQ(info.lost_urgent, 0);
	/* A new gain while nothing fits: it is told before the first sample that has it. */
	snprintf(path, sizeof(path), "/sys/bus/i2c/devices/%s/iio:device%d/in_voltage0_scale",
		 adc_b(), iio_number(adc_b()));
	write_text(path, "0.125");
	sleep_ms(500);
	/* An urgent record still finds room. */
	sim_write("gpio-soc/line9", 0);
	sim_write("gpio-soc/line9", 1);
	sleep_ms(5);
	EXPECT_EQ(device_info(self->fd).lost_urgent, 0);

	while (n < 8192 && (got = read(self->fd, records + n, (8192 - n) * sizeof(records[0]))) > 0)
		n += (size_t)got / sizeof(records[0]);
	/* What came after the gap. */
	sleep_ms(1000);
	while (n < 8192 && (got = read(self->fd, records + n, (8192 - n) * sizeof(records[0]))) > 0)
		n += (size_t)got / sizeof(records[0]);
	seq = records[0].seq;
	for (size_t i = 0; i < n; i++) {
		EXPECT_EQ(records[i].seq, seq + i);
		if (records[i].type == HYDROPON_REC_LOST) {
			told += (unsigned long long)records[i].value;
			after_lost = n - i;
		}
		power_told = power_told || records[i].type == HYDROPON_REC_POWER;
		if (records[i].channel != self->ec)
			continue;
		if (records[i].type == HYDROPON_REC_SCALE)
			scale = records[i].value / (double)(1 << records[i].aux);
		if (records[i].type == HYDROPON_REC_SAMPLE)
			EXPECT_NEAR(records[i].value * scale, 1000.0, 0.2);
	}
	EXPECT_NEAR(scale, 0.125, 1e-9);
	write_text(path, "0.0625");
	EXPECT_EQ(told, device_info(self->fd).lost);
	EXPECT_GT(after_lost, 1);
	EXPECT_TRUE(power_told);
	harness_note("%llu lost and told, %zu read", told, n);
}
