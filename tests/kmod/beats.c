// SPDX-License-Identifier: GPL-2.0-only
/* Beats and leases: a dead controller never outlives its lease, and one that reads and judges
 * in order is never refused into a trip.
 *
 * Where beats begin is random, so that no test meets the wrap of their number by itself:
 * beat/first of the simulated wires sets it.
 */
#include <signal.h>
#include <sys/wait.h>

#include "controller.h"

#define LEASE_MS 1000
#define BOUND_NS (10 * MS)

FIXTURE(beats) { struct controller c; int pump, valve; };

FIXTURE_SETUP(beats)
{
	good_wires();
	power_is_good();
	controller_open(&self->c);
	self->pump = find_output(self->c.fd, "pump-a");
	self->valve = find_output(self->c.fd, "valve-b");
	self->c.lease_ms = LEASE_MS;
}

FIXTURE_TEARDOWN(beats)
{
	sim_write("beat/first", -1);
	good_wires();
	controller_close(&self->c);
	sim_record_clear(SIM_PANEL);
}

static struct hydropon_output_info pump_info(const struct fixture_beats *self)
{
	return output_info(self->c.fd, (uint32_t)self->pump);
}

static struct hydropon_record next_beat(struct fixture_beats *self)
{
	self->c.has_beat = false;
	while (!self->c.has_beat)
		turn(&self->c, 5);
	return self->c.beat;
}

static void wait_until(uint64_t ns)
{
	struct timespec at = { (time_t)((ns - MS / 2) / 1000000000), (long)((ns - MS / 2) % 1000000000) };

	clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &at, NULL);
	while (clock_boot_ns() < ns)
		;
}

TEST_F(beats, a_beat_renews_until_its_lease_would_be_over)
{
	struct hydropon_record beat = next_beat(self);
	uint64_t due_ns = beat.time_ns + LEASE_MS * MS;
	struct sim_transition on, off;

	wait_until(due_ns - MS);
	EXPECT_EQ(set_output(self->c.fd, self->pump, true, (uint32_t)beat.value, LEASE_MS), 0);
	wait_until(due_ns + MS);
	EXPECT_EQ(set_output(self->c.fd, self->pump, true, (uint32_t)beat.value, LEASE_MS), ESTALE);
	on = first_transition(SIM_SOC, SIM_PUMP, true, due_ns - MS);
	off = first_transition(SIM_SOC, SIM_PUMP, false, on.ns);
	EXPECT_LE(on.ns, due_ns);
	EXPECT_GE(off.ns, due_ns);
	EXPECT_LE(off.ns, due_ns + BOUND_NS);
	EXPECT_EQ(count_transitions(SIM_SOC, SIM_PUMP, due_ns - MS), 2);
}

TEST_F(beats, repeats_change_nothing_and_refusals_are_counted)
{
	struct hydropon_record old = next_beat(self), beat = next_beat(self);
	uint64_t refused = pump_info(self).refused;
	uint32_t newest = (uint32_t)beat.value;

	EXPECT_EQ(set_output(self->c.fd, self->pump, true, newest, LEASE_MS), 0);
	for (int i = 0; i < 5; i++) {
		sleep_ms(50);
		EXPECT_EQ(set_output(self->c.fd, self->pump, true, newest, LEASE_MS), 0);
		EXPECT_EQ(set_output(self->c.fd, self->pump, true, (uint32_t)old.value, LEASE_MS), 0);
	}
	EXPECT_EQ(pump_info(self).refused, refused);
	/* A beat that is not there yet, however far ahead, and one long gone. */
	EXPECT_EQ(set_output(self->c.fd, self->pump, true, newest + 20, LEASE_MS), EINVAL);
	EXPECT_EQ(set_output(self->c.fd, self->pump, true, newest + 0x7fffffff, LEASE_MS), EINVAL);
	EXPECT_EQ(set_output(self->c.fd, self->pump, true, newest - 0x7ffffff0, LEASE_MS), ESTALE);
	EXPECT_EQ(set_output(self->c.fd, self->pump, true, newest - 128, LEASE_MS), ESTALE);
	EXPECT_EQ(pump_info(self).refused, refused + 4);
	sleep_ms(LEASE_MS);
	EXPECT_GE(last_transition(SIM_SOC, SIM_PUMP).ns, beat.time_ns + LEASE_MS * MS);
	EXPECT_LE(last_transition(SIM_SOC, SIM_PUMP).ns, beat.time_ns + LEASE_MS * MS + BOUND_NS);
}

TEST_F(beats, one_that_is_written_is_refused_until_it_is_there)
{
	struct hydropon_record beat = next_beat(self);

	/* Guessing the next number renews nothing. */
	EXPECT_EQ(set_output(self->c.fd, self->pump, true, (uint32_t)beat.value + 1, LEASE_MS), EINVAL);
	wait_until(beat.time_ns + (HYDROPON_BEAT_MS + 2) * MS);
	EXPECT_EQ(set_output(self->c.fd, self->pump, true, (uint32_t)beat.value + 1, LEASE_MS), 0);
}

TEST_F(beats, one_from_before_a_reset_is_stale)
{
	uint32_t pump = (uint32_t)self->pump;
	struct hydropon_record before;

	controller_close(&self->c);
	rebind("hydropon-output", "hydropon:pump-a");
	controller_take_over(&self->c, O_NONBLOCK);
	EXPECT_EQ(restore(self->c.fd, pump, HYDROPON_TRIP_SAFE), 0);
	arm(self->c.fd);
	before = next_beat(self);
	EXPECT_EQ(set_output(self->c.fd, self->pump, true, (uint32_t)before.value, LEASE_MS), EBUSY);
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_RESET, &pump), 0);
	EXPECT_EQ(set_output(self->c.fd, self->pump, true, (uint32_t)before.value, LEASE_MS), ESTALE);
	EXPECT_EQ(sim_output_level(SIM_SOC, SIM_PUMP), 0);
	EXPECT_EQ(set_output(self->c.fd, self->pump, true, (uint32_t)next_beat(self).value, LEASE_MS), 0);
	/* A reset where nothing is latched is one as well. */
	EXPECT_EQ(set_output(self->c.fd, self->pump, false, 0, 0), 0);
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_RESET, &pump), 0);
	EXPECT_EQ(set_output(self->c.fd, self->pump, true, (uint32_t)self->c.beat.value, LEASE_MS), ESTALE);
}

TEST_F(beats, their_number_wraps_unnoticed)
{
	uint32_t before;
	uint64_t begin_ns;

	controller_close(&self->c);
	ASSERT_EQ(sim_write("beat/first", UINT32_MAX - 25), 0);
	controller_open(&self->c);
	self->c.lease_ms = LEASE_MS;
	EXPECT_EQ((uint32_t)next_beat(self).value, UINT32_MAX - 24);
	begin_ns = clock_boot_ns();
	ASSERT_TRUE(hold(&self->c, self->pump));
	while ((uint32_t)self->c.beat.value < UINT32_MAX - 1)
		turn(&self->c, 10);
	before = (uint32_t)self->c.beat.value;
	EXPECT_EQ(set_output(self->c.fd, self->pump, true, before + 10, LEASE_MS), EINVAL);
	run_ms(&self->c, 300);
	EXPECT_LE((uint32_t)self->c.beat.value, 5);
	EXPECT_EQ(set_output(self->c.fd, self->pump, true, before, LEASE_MS), 0);
	run_ms(&self->c, 2000);
	EXPECT_EQ(set_output(self->c.fd, self->pump, true, before, LEASE_MS), ESTALE);
	EXPECT_EQ(self->c.refused[self->pump], 0);
	EXPECT_EQ(count_transitions(SIM_SOC, SIM_PUMP, begin_ns), 1);
	/* Numbers that none of this open had, on the other side of the wrap. */
	EXPECT_EQ(set_output(self->c.fd, self->pump, true, UINT32_MAX - 26, LEASE_MS), ESTALE);
	self->c.wanted[self->pump] = false;
	sleep_ms(LEASE_MS);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 0);
}

/* A controller in a process of its own, which does everything right for as long as it runs. */
static pid_t start_process(struct fixture_beats *self)
{
	int ready[2];
	char byte;
	pid_t pid;

	controller_close(&self->c);
	ASSERT_EQ(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		controller_open(&self->c);
		self->c.lease_ms = LEASE_MS;
		if (!hold(&self->c, self->pump) || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			turn(&self->c, 100);
	}
	close(ready[1]);
	EXPECT_EQ(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

TEST_F(beats, a_controller_that_was_stopped_for_10_s_goes_on_where_it_may)
{
	pid_t pid = start_process(self);
	struct sim_transition off, on;
	uint64_t stop_ns, go_ns;
	int onlooker = device_open(O_RDONLY);

	sleep_ms(1500);
	stop_ns = clock_boot_ns();
	kill(pid, SIGSTOP);
	sleep_ms(10000);
	off = last_transition(SIM_SOC, SIM_PUMP);
	EXPECT_EQ(off.level, 0);
	EXPECT_GE(off.ns, stop_ns);
	hazard("H2", "SIGSTOP of a controller for 10 s", "pump-a safe", (int64_t)(off.ns - stop_ns),
	       LEASE_MS * MS + BOUND_NS);
	go_ns = clock_boot_ns();
	kill(pid, SIGCONT);
	sleep_ms(1000);
	/* Not by a beat of its backlog, but as soon as it has read it. */
	on = last_transition(SIM_SOC, SIM_PUMP);
	EXPECT_EQ(on.level, 1);
	EXPECT_GE(on.ns, go_ns);
	EXPECT_LE(on.ns, go_ns + 2 * HYDROPON_BEAT_MS * MS);
	sleep_ms(3000);
	EXPECT_EQ(count_transitions(SIM_SOC, SIM_PUMP, stop_ns), 2);
	EXPECT_EQ(output_info(onlooker, (uint32_t)self->pump).latched, 0);
	close(onlooker);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	EXPECT_EQ(sim_output_level(SIM_SOC, SIM_PUMP), 0);
}

TEST_F(beats, a_crash_loop_leaves_nothing_on)
{
	int64_t worst_ns = 0;
	uint64_t kill_ns = 0;

	for (int i = 0; i < 8; i++) {
		pid_t pid = start_process(self);
		struct sim_transition off;

		/* Nothing came on between two of them. */
		EXPECT_EQ(count_transitions(SIM_SOC, SIM_PUMP, kill_ns ? kill_ns : UINT64_MAX),
			  kill_ns ? 2 : 0);
		sleep_ms(150 + 70 * i);
		kill_ns = clock_boot_ns();
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		off = last_transition(SIM_SOC, SIM_PUMP);
		EXPECT_EQ(off.level, 0);
		EXPECT_GE(off.ns, kill_ns);
		worst_ns = (int64_t)(off.ns - kill_ns) > worst_ns ? (int64_t)(off.ns - kill_ns) : worst_ns;
	}
	hazard("H33", "a controller is killed 8 times", "pump-a safe", worst_ns,
	       LEASE_MS * MS + BOUND_NS);
}

/* Writes urgent records until so many are unread. */
static void fill(struct fixture_beats *self, uint64_t records)
{
	uint32_t beat = (uint32_t)next_beat(self).value;
	uint64_t read = device_info(self->c.fd).records;

	for (uint64_t n = read; n + 2 < read + records; n = device_info(self->c.fd).records) {
		ASSERT_EQ(set_output(self->c.fd, self->valve, true, beat, 2000), 0);
		ASSERT_EQ(set_output(self->c.fd, self->valve, false, 0, 0), 0);
	}
}

TEST_F_TIMEOUT(beats, those_that_found_no_room_were_never_there, 60)
{
	struct hydropon_record last;
	uint64_t full_ns, lost;
	int onlooker;

	ASSERT_TRUE(hold(&self->c, self->pump));
	fill(self, device_info(self->c.fd).ring_records - HYDROPON_RING_RESERVED);
	/* Nothing is read for a while, and beats are dropped with the rest. */
	sleep_ms(2000);
	lost = device_info(self->c.fd).lost;
	EXPECT_GE(lost, 50);
	full_ns = clock_boot_ns();
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 0);
	/* The newest that was emitted is from before: none of those that were lost can be named. */
	read_all(&self->c);
	last = self->c.beat;
	EXPECT_LT(last.time_ns, full_ns - 1500 * MS);
	EXPECT_EQ(set_output(self->c.fd, self->pump, true, (uint32_t)last.value, LEASE_MS), ESTALE);
	EXPECT_EQ(set_output(self->c.fd, self->pump, true, (uint32_t)last.value + 5, LEASE_MS), EINVAL);
	/* and the next one is the next number */
	EXPECT_EQ((uint32_t)next_beat(self).value, (uint32_t)last.value + 1);
	EXPECT_EQ(self->c.error[self->pump], 0);
	EXPECT_LE(last_transition(SIM_SOC, SIM_PUMP).ns, full_ns + 300 * MS);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 1);
	onlooker = device_open(O_RDONLY);
	EXPECT_EQ(output_info(onlooker, (uint32_t)self->pump).latched, 0);
	close(onlooker);
}

TEST_F(beats, a_controller_behind_its_backlog_loses_its_leases_and_gets_them_back)
{
	struct hydropon_record record;
	uint64_t slow_ns, end_ns;
	unsigned int given = 0, refused = 0;
	int64_t latest_ns = 0;

	/* 20 records a second of about 50. */
	ASSERT_TRUE(hold(&self->c, self->pump));
	slow_ns = clock_boot_ns();
	for (end_ns = slow_ns + 4000 * MS; clock_boot_ns() < end_ns; sleep_ms(50)) {
		if (read(self->c.fd, &record, sizeof(record)) != sizeof(record))
			continue;
		take_record(&self->c, &record);
		if (record.type != HYDROPON_REC_BEAT)
			continue;
		renew(&self->c, self->pump);
		if (!self->c.error[self->pump]) {
			given++;
			latest_ns = (int64_t)record.time_ns;
		} else {
			EXPECT_EQ(self->c.error[self->pump], ESTALE);
			refused++;
		}
	}
	/* How many fit before it is behind depends on what else the stream has. */
	EXPECT_GE(given, 1);
	EXPECT_GE(refused, 2);
	/* None of these leases reached further than its beat. */
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 0);
	EXPECT_LE(last_transition(SIM_SOC, SIM_PUMP).ns,
		  (uint64_t)latest_ns + LEASE_MS * MS + BOUND_NS);
	run_ms(&self->c, 1000);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 1);
	EXPECT_EQ(pump_info(self).latched, 0);
}

TEST_F_TIMEOUT(beats, a_controller_that_reads_as_rarely_as_it_may_is_never_refused, 60)
{
	/* lease >= 3 * (max-latency + 2 beats) */
	struct hydropon_stream stream = { 2048, 466 };
	uint64_t begin_ns;

	self->c.lease_ms = 2000;
	controller_close(&self->c);
	controller_take_over(&self->c, 0);
	arm(self->c.fd);
	ASSERT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_STREAM, &stream), 0);
	for (int quiet = 0; quiet <= 1; quiet++) {
		/* At last no channel says anything for ten seconds: only beats come. */
		if (quiet) {
			unbind("hydropon-sampler", "hydropon:probe-a");
			unbind("hydropon-sampler", "hydropon:probe-b");
			unbind("hydropon-sampler", "hydropon:probe-c");
			unbind("hydropon-sampler", "hydropon:light");
			unbind("hydropon-pulse", "hydropon:flow-a");
		}
		begin_ns = clock_boot_ns();
		while (clock_boot_ns() < begin_ns + 10000 * MS) {
			struct hydropon_record records[128];
			/* Blocks until the stream says that it is time. */
			ssize_t n = read(self->c.fd, records, sizeof(records));

			ASSERT_GT(n, 0);
			for (size_t i = 0; i < (size_t)n / sizeof(records[0]); i++)
				take_record(&self->c, &records[i]);
			renew(&self->c, self->pump);
			/* the time that judging takes */
			sleep_ms(150);
		}
		EXPECT_EQ(count_transitions(SIM_SOC, SIM_PUMP, begin_ns), !quiet);
		EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 1);
	}
	EXPECT_EQ(self->c.refused[self->pump], 0);
	bind("hydropon-sampler", "hydropon:probe-a");
	bind("hydropon-sampler", "hydropon:probe-b");
	bind("hydropon-sampler", "hydropon:probe-c");
	bind("hydropon-sampler", "hydropon:light");
	bind("hydropon-pulse", "hydropon:flow-a");
}
