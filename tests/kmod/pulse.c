// SPDX-License-Identifier: GPL-2.0-only
/* Pulse inputs: counted one by one, and masked when the wire goes wild. */

#include "records.h"

#define ZONE_INTERVAL_MS 500
#define ZONE_MAX_HZ 250
#define WATER_INTERVAL_MS 10000
#define WATER_MAX_HZ 20
/* What is believed of 100 ms, as kmod/sampler/pulse.c has it. */
#define WINDOW_EDGES(max_hz) ((max_hz) / 10 + 8)

FIXTURE(pulse) { int fd, pump; uint32_t zone[SIM_ZONES], flow, water, ec, ph; };

FIXTURE_SETUP(pulse)
{
	power_is_good();
	self->fd = device_open(O_RDWR | O_NONBLOCK);
	ASSERT_GE(self->fd, 0);
	for (int i = 0; i < SIM_ZONES; i++) {
		char name[16];

		snprintf(name, sizeof(name), "zone-%d", i + 1);
		self->zone[i] = channel_info(self->fd, name).index;
	}
	self->flow = channel_info(self->fd, "flow-a").index;
	self->water = channel_info(self->fd, "water-meter").index;
	self->ec = channel_info(self->fd, "ec-a").index;
	self->ph = channel_info(self->fd, "ph-a").index;
	self->pump = find_output(self->fd, "pump-a");
}

FIXTURE_TEARDOWN(pulse)
{
	for (unsigned int i = 0; i <= SIM_WATER_METER; i++)
		sim_pulses_set(SIM_METERS, i, 0);
	sim_pulses_set(SIM_SOC, SIM_FLOW, 0);
	/* An interval that was flagged is over when the next test begins. */
	sleep_ms(2 * ZONE_INTERVAL_MS);
	close(self->fd);
}

/* How many pulses the wire has had. */
static uint32_t pulses_on(const char *chip, unsigned int line)
{
	char path[64];
	long long pulses = 0;

	snprintf(path, sizeof(path), "%s/pulses%u", chip, line);
	EXPECT_EQ(sim_read(path, &pulses), 0);
	return (uint32_t)pulses;
}

static uint32_t counted(const struct tally *tally, uint32_t channel)
{
	return (uint32_t)tally->last[channel].value - (uint32_t)tally->first[channel].value;
}

static void stop_and_settle(const struct fixture_pulse *self)
{
	for (unsigned int i = 0; i < SIM_ZONES; i++)
		sim_pulses_set(SIM_METERS, i, 0);
	listen_for(self->fd, 2 * ZONE_INTERVAL_MS);
}

TEST_F(pulse, pulses_are_counted_one_by_one)
{
	uint32_t before = pulses_on(SIM_SOC, SIM_FLOW), at_first;
	const struct tally *tally;
	uint64_t span_ns;

	tally = listen_for(self->fd, 600);
	at_first = (uint32_t)tally->last[self->flow].value;
	sim_pulses_set(SIM_SOC, SIM_FLOW, 45000);
	tally = listen_for(self->fd, 4600);
	span_ns = tally->last[self->flow].time_ns - tally->first[self->flow].time_ns;
	EXPECT_NEAR(counted(tally, self->flow), 45.0 * (double)span_ns / 1e9, 1.0);
	expect_steady(tally, self->flow, 500, 4600);
	/* The last edge is told with its own time. */
	EXPECT_LE((uint64_t)tally->last[self->flow].aux, tally->last[self->flow].time_ns);
	EXPECT_GE((uint64_t)tally->last[self->flow].aux, tally->last[self->flow].time_ns - 23 * MS);
	sim_pulses_set(SIM_SOC, SIM_FLOW, 0);
	sleep_ms(600);
	tally = listen_for(self->fd, 1100);
	EXPECT_EQ(tally->last[self->flow].value, tally->first[self->flow].value);
	EXPECT_GE(tally->samples[self->flow], 2);
	EXPECT_EQ((uint32_t)tally->last[self->flow].value - at_first,
		  pulses_on(SIM_SOC, SIM_FLOW) - before);
}

TEST_F(pulse, one_litre_a_minute_is_right_to_1_percent_in_each_interval)
{
	const struct hydropon_record *before = NULL;
	const struct tally *tally;
	double worst = 0;
	unsigned int n = 0;

	/* A YF-S201: 7.5 Hz, so that an interval has 3 or 4 pulses; the times of the edges
	 * tell more than their number does.
	 */
	sim_pulses_set(SIM_SOC, SIM_FLOW, 7500);
	sleep_ms(1000);
	tally = listen_for(self->fd, 20000);
	for (size_t i = 0; i < tally->n; i++) {
		const struct hydropon_record *r = &tally->records[i];

		if (r->type != HYDROPON_REC_PULSE || r->channel != self->flow)
			continue;
		if (before) {
			double hz = (r->value - before->value) / ((double)(r->aux - before->aux) / 1e9);

			EXPECT_NEAR(hz, 7.5, 0.075);
			worst = hz - 7.5 > worst ? hz - 7.5 : 7.5 - hz > worst ? 7.5 - hz : worst;
			n++;
		}
		before = r;
	}
	EXPECT_GE(n, 38);
	harness_note("%u intervals, at most %.3f %% off", n, worst / 7.5 * 100);
}

TEST_F(pulse, eight_meters_at_225_hz_lose_no_pulse_under_load)
{
	uint32_t wire[SIM_ZONES], told[SIM_ZONES];
	const struct tally *tally;
	struct load load;

	stop_and_settle(self);
	tally = listen_for(self->fd, 600);
	for (unsigned int i = 0; i < SIM_ZONES; i++) {
		wire[i] = pulses_on(SIM_METERS, i);
		told[i] = (uint32_t)tally->last[self->zone[i]].value;
	}
	load_start(&load, 8);
	for (unsigned int i = 0; i < SIM_ZONES; i++)
		sim_pulses_set(SIM_METERS, i, 225000);
	tally = listen_for(self->fd, 10000);
	for (unsigned int i = 0; i < SIM_ZONES; i++)
		expect_steady(tally, self->zone[i], ZONE_INTERVAL_MS, 10000);
	load_stop(&load);
	stop_and_settle(self);
	tally = listen_for(self->fd, 600);
	for (unsigned int i = 0; i < SIM_ZONES; i++) {
		uint32_t pulses = pulses_on(SIM_METERS, i) - wire[i];

		EXPECT_GE(pulses, 2200);
		EXPECT_EQ((uint32_t)tally->last[self->zone[i]].value - told[i], pulses);
	}
}

TEST_F_TIMEOUT(pulse, a_storm_of_20_khz_is_masked_and_told_and_nobody_else_notices, 60)
{
	uint32_t storm = self->zone[7], wire[SIM_ZONES], told[SIM_ZONES], counted_in_storm;
	const struct hydropon_record *last = NULL;
	uint64_t start_ns, end_ns;
	const struct tally *tally;

	arm(self->fd);
	ASSERT_EQ(lease(self->fd, self->pump, true, 1500), 0);
	stop_and_settle(self);
	ASSERT_EQ(lease(self->fd, self->pump, true, 1500), 0);
	tally = listen_holding(self->fd, 600, self->pump);
	for (unsigned int i = 0; i < SIM_ZONES; i++) {
		wire[i] = pulses_on(SIM_METERS, i);
		told[i] = (uint32_t)tally->last[self->zone[i]].value;
	}
	for (unsigned int i = 0; i < 7; i++)
		sim_pulses_set(SIM_METERS, i, 225000);
	sim_record_clear(SIM_SOC);
	start_ns = clock_boot_ns();
	sim_pulses_set(SIM_METERS, 7, STORM_HZ_MILLI);
	tally = listen_holding(self->fd, 4000, self->pump);
	sim_pulses_set(SIM_METERS, 7, 0);
	end_ns = clock_boot_ns();

	/* Each interval of the storm says so. */
	for (size_t i = 0; i < tally->n; i++) {
		const struct hydropon_record *r = &tally->records[i];

		if (r->type != HYDROPON_REC_PULSE || r->channel != storm)
			continue;
		EXPECT_EQ(r->status, -EOVERFLOW);
		last = r;
	}
	ASSERT_TRUE(last != NULL);
	/* Masked for the rest of each 100 ms. */
	counted_in_storm = (uint32_t)last->value - told[7];
	EXPECT_LE(counted_in_storm, (end_ns - start_ns) / (100 * MS) * (WINDOW_EDGES(ZONE_MAX_HZ) + 1));
	EXPECT_GE(counted_in_storm, 30 * WINDOW_EDGES(ZONE_MAX_HZ));
	EXPECT_GE(pulses_on(SIM_METERS, 7) - wire[7], storm_edges(4000));
	harness_note("%u of %u pulses counted", counted_in_storm, pulses_on(SIM_METERS, 7) - wire[7]);

	for (unsigned int i = 0; i < 7; i++)
		expect_steady(tally, self->zone[i], ZONE_INTERVAL_MS, 4000);
	expect_steady(tally, self->ec, 100, 4000);
	expect_steady(tally, self->ph, 100, 4000);
	EXPECT_EQ(tally->missed, 0);
	EXPECT_EQ(tally->refused, 0);
	EXPECT_EQ(count_transitions(SIM_SOC, SIM_PUMP, start_ns), 0);

	/* Over: at most the interval that it ended in is flagged, and the next one counts. */
	sim_pulses_set(SIM_METERS, 7, 20000);
	listen_holding(self->fd, 600 + ZONE_INTERVAL_MS, self->pump);
	tally = listen_holding(self->fd, 3000, self->pump);
	expect_steady(tally, storm, ZONE_INTERVAL_MS, 3000);
	EXPECT_NEAR(counted(tally, storm), 20.0 * (tally->samples[storm] - 1) / 2, 1);
	EXPECT_EQ(count_transitions(SIM_SOC, SIM_PUMP, start_ns), 0);

	stop_and_settle(self);
	tally = listen_for(self->fd, 600);
	for (unsigned int i = 0; i < 7; i++)
		EXPECT_EQ((uint32_t)tally->last[self->zone[i]].value - told[i],
			  pulses_on(SIM_METERS, i) - wire[i]);
}

TEST_F_TIMEOUT(pulse, a_storm_delays_no_fail_safe, 60)
{
	uint64_t beat_ns, off_ns;
	struct hydropon_record beat;
	struct load load;

	arm(self->fd);
	for (unsigned int i = 0; i < SIM_ZONES; i++)
		sim_pulses_set(SIM_METERS, i, STORM_HZ_MILLI);
	load_start(&load, 4);
	sleep_ms(1000);
	beat = newest_beat(self->fd);
	ASSERT_EQ(set_output(self->fd, self->pump, true, (uint32_t)beat.value, 1000), 0);
	beat_ns = beat.time_ns;
	sleep_ms(1500);
	off_ns = last_transition(SIM_SOC, SIM_PUMP).ns;
	load_stop(&load);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 0);
	EXPECT_GE(off_ns, beat_ns + 1000 * MS);
	EXPECT_LE(off_ns, beat_ns + 1010 * MS);
	harness_note("eight storms: safe %lld us after the lease",
		     ((long long)(off_ns - beat_ns) - 1000 * MS) / 1000);
}

/* The next reading of a channel. */
static struct hydropon_record next_reading(int fd, uint32_t channel, int timeout_ms)
{
	struct hydropon_record record = { 0 };
	uint64_t end_ns = clock_boot_ns() + (uint64_t)timeout_ms * MS;

	while (clock_boot_ns() < end_ns) {
		while (read(fd, &record, sizeof(record)) == sizeof(record))
			if (record.type == HYDROPON_REC_PULSE && record.channel == channel)
				return record;
		sleep_ms(5);
	}
	harness_fail(__FILE__, __LINE__, "channel %u says nothing in %d ms", channel, timeout_ms);
	return record;
}

TEST_F_TIMEOUT(pulse, a_storm_in_a_long_interval_is_masked_within_a_beat, 60)
{
	struct hydropon_record before, during, after;
	uint32_t wire;

	sim_pulses_set(SIM_METERS, SIM_WATER_METER, 0);
	before = next_reading(self->fd, self->water, WATER_INTERVAL_MS + 1000);
	wire = pulses_on(SIM_METERS, SIM_WATER_METER);
	sleep_ms(1000);
	sim_pulses_set(SIM_METERS, SIM_WATER_METER, STORM_HZ_MILLI);
	sleep_ms(1000);
	sim_pulses_set(SIM_METERS, SIM_WATER_METER, 0);
	wire = pulses_on(SIM_METERS, SIM_WATER_METER) - wire;
	EXPECT_GE(wire, storm_edges(950));
	during = next_reading(self->fd, self->water, WATER_INTERVAL_MS + 1000);
	EXPECT_EQ(during.status, -EOVERFLOW);
	EXPECT_LE((uint32_t)during.value - (uint32_t)before.value,
		  12 * (WINDOW_EDGES(WATER_MAX_HZ) + 1));
	EXPECT_NEAR(during.time_ns - before.time_ns, WATER_INTERVAL_MS * MS, 1 * MS);
	/* The next interval is whole again. */
	wire = pulses_on(SIM_METERS, SIM_WATER_METER);
	sim_pulses_set(SIM_METERS, SIM_WATER_METER, 10000);
	sleep_ms(5000);
	sim_pulses_set(SIM_METERS, SIM_WATER_METER, 0);
	wire = pulses_on(SIM_METERS, SIM_WATER_METER) - wire;
	after = next_reading(self->fd, self->water, WATER_INTERVAL_MS + 1000);
	EXPECT_EQ(after.status, 0);
	EXPECT_EQ((uint32_t)after.value - (uint32_t)during.value, wire);
	EXPECT_GE(wire, 49);
}

TEST_F(pulse, a_rate_above_max_hz_is_flagged_before_it_is_masked)
{
	const struct tally *tally;
	uint32_t wire, told;

	stop_and_settle(self);
	tally = listen_for(self->fd, 600);
	wire = pulses_on(SIM_METERS, 0);
	told = (uint32_t)tally->last[self->zone[0]].value;
	/* 30 edges in 100 ms: the machine does not mind, but the wire cannot mean it. */
	sim_pulses_set(SIM_METERS, 0, 300000);
	sim_pulses_set(SIM_METERS, 1, ZONE_MAX_HZ * 1000);
	sleep_ms(600);
	tally = listen_for(self->fd, 5000);
	EXPECT_GE(tally->samples[self->zone[0]], 9);
	EXPECT_EQ(tally->errors[self->zone[0]], tally->samples[self->zone[0]]);
	EXPECT_EQ(tally->last[self->zone[0]].status, -EOVERFLOW);
	/* At max-hz itself every interval is good. */
	expect_steady(tally, self->zone[1], ZONE_INTERVAL_MS, 5000);
	stop_and_settle(self);
	tally = listen_for(self->fd, 600);
	EXPECT_EQ((uint32_t)tally->last[self->zone[0]].value - told, pulses_on(SIM_METERS, 0) - wire);
}

/* Takes the CPU from everything that is no interrupt, kernel threads included. */
static pid_t hog_cpu(int ms)
{
	pid_t pid = fork();

	if (!pid) {
		struct sched_param first = { .sched_priority = 90 };
		uint64_t end_ns = clock_boot_ns() + (uint64_t)ms * MS;

		if (sched_setscheduler(0, SCHED_FIFO, &first))
			_exit(1);
		while (clock_boot_ns() < end_ns)
			;
		_exit(0);
	}
	return pid;
}

TEST_F(pulse, what_is_masked_for_want_of_a_thread_is_flagged_for_as_long)
{
	const struct hydropon_record *before = NULL;
	unsigned int good = 0, flagged = 0;
	const struct tally *tally;
	int status;
	pid_t hog;

	stop_and_settle(self);
	cpus_use(1);
	write_text("/proc/sys/kernel/sched_rt_runtime_us", "-1");
	/* A short storm, and the thread that would end its masking gets no CPU. */
	drain(self->fd);
	sim_pulses_set(SIM_METERS, 2, STORM_HZ_MILLI);
	sleep_ms(20);
	sim_pulses_set(SIM_METERS, 2, 100000);
	hog = hog_cpu(1800);
	ASSERT_EQ(waitpid(hog, &status, 0), hog);
	EXPECT_EQ(status, 0);
	write_text("/proc/sys/kernel/sched_rt_runtime_us", "950000");
	cpus_use(2);
	tally = listen_on(self->fd, 2000);
	for (size_t i = 0; i < tally->n; i++) {
		const struct hydropon_record *r = &tally->records[i];

		if (r->type != HYDROPON_REC_PULSE || r->channel != self->zone[2])
			continue;
		if (before && !r->status) {
			double span_s = (double)(r->time_ns - before->time_ns) / 1e9;

			EXPECT_NEAR((uint32_t)r->value - (uint32_t)before->value, 100 * span_s, 1.5);
			good++;
		}
		flagged += r->status == -EOVERFLOW;
		before = r;
	}
	/* The one it began in, those that were masked throughout, the one it ended in. */
	EXPECT_GE(flagged, 3);
	EXPECT_GE(good, 3);
	harness_note("%u intervals flagged, %u good", flagged, good);
}

TEST_F(pulse, what_a_suspended_system_did_not_count_is_flagged)
{
	const struct hydropon_record *before = NULL;
	const struct tally *tally;
	unsigned int flagged = 0, good = 0;
	uint64_t start_ns, woken_ns;

	sim_pulses_set(SIM_METERS, 0, 100000);
	sleep_ms(1100);
	drain(self->fd);
	start_ns = clock_boot_ns();
	suspend_for(5);
	woken_ns = clock_boot_ns();
	tally = listen_on(self->fd, 2000);
	for (size_t i = 0; i < tally->n; i++) {
		const struct hydropon_record *r = &tally->records[i];

		if (r->type != HYDROPON_REC_PULSE || r->channel != self->zone[0])
			continue;
		flagged += r->status == -EINTR;
		good += r->status == 0;
		/* It slept since the one before. */
		if (r->time_ns > (before ? before->time_ns : start_ns) + 2 * ZONE_INTERVAL_MS * MS)
			EXPECT_EQ(r->status, -EINTR);
		if (r->time_ns > woken_ns + 500 * MS)
			EXPECT_EQ(r->status, 0);
		/* A good one counts from a record of after the sleep. */
		if (!r->status && before)
			EXPECT_NEAR((uint32_t)r->value - (uint32_t)before->value,
				    100 * (double)(r->time_ns - before->time_ns) / 1e9, 1.5);
		before = r;
	}
	EXPECT_GE(flagged, 1);
	EXPECT_GE(good, 2);
	/* Ticks that an idle CPU of this machine still has in its sleep say the same. */
	EXPECT_GE(flagged + tally->missed_by[self->zone[0]], 9);
}

TEST_F(pulse, unbinding_a_masked_input_leaves_its_line_usable)
{
	const struct tally *tally;

	for (int i = 0; i < 20; i++) {
		sim_pulses_set(SIM_METERS, 3, STORM_HZ_MILLI);
		/* Masked, being let in, and counting. */
		sleep_ms(3 + 7 * i);
		unbind("hydropon-pulse", "hydropon:zone-4");
		bind("hydropon-pulse", "hydropon:zone-4");
	}
	sim_pulses_set(SIM_METERS, 3, 100000);
	sleep_ms(1100);
	tally = listen_for(self->fd, 2000);
	expect_steady(tally, self->zone[3], ZONE_INTERVAL_MS, 2000);
	EXPECT_NEAR(counted(tally, self->zone[3]), 50 * (tally->samples[self->zone[3]] - 1), 1);
}
