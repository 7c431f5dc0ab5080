// SPDX-License-Identifier: GPL-2.0-only
/* The guard, judged by the lines that the simulated wires recorded. */
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "device.h"
#include "lines.h"

/* Promise 1 on lines of the SoC. */
#define BOUND_NS (10 * MS)
#define LEASE_MS 1000

FIXTURE(guard) { int fd, pump, air, fill, lights; };

FIXTURE_SETUP(guard)
{
	power_is_good();
	self->fd = device_open(O_RDWR | O_NONBLOCK);
	ASSERT_GE(self->fd, 0);
	self->pump = find_output(self->fd, "pump-a");
	self->air = find_output(self->fd, "air-a");
	self->fill = find_output(self->fd, "fill");
	self->lights = find_output(self->fd, "lights");
	arm(self->fd);
}

FIXTURE_TEARDOWN(guard)
{
	sim_write("gpio-bus/errno", 0);
	sim_write("gpio-bus/latency_us", 0);
	if (self->fd >= 0)
		close(self->fd);
}

TEST(device_is_for_the_group_alone)
{
	struct stat st;

	ASSERT_EQ(stat(DEVICE, &st), 0);
	EXPECT_EQ(st.st_mode & 07777, 0660);
	EXPECT_EQ(st.st_gid, 990);
	EXPECT_EQ(st.st_uid, 0);
}

TEST(outputs_are_safe_from_the_first_instant)
{
	struct sim_transition *all;
	size_t n;

	/* The first thing each line ever did was to take its safe level as an output. */
	ASSERT_EQ(sim_record_read(SIM_SOC, &all, &n), 0);
	for (unsigned int line = SIM_PUMP; line <= SIM_LIGHTS; line++) {
		size_t first = 0;

		while (first < n && all[first].line != line)
			first++;
		ASSERT_LT(first, n);
		EXPECT_TRUE(all[first].is_init);
		EXPECT_EQ(all[first].level, line == SIM_AIR);
	}
	free(all);
}

TEST(onlooker_sees_and_may_not_touch)
{
	int fd = device_open(O_RDONLY), second;
	struct hydropon_stream stream = { 16, 50 };
	struct hydropon_record record;
	int pump;

	ASSERT_GE(fd, 0);
	EXPECT_EQ(device_info(fd).abi_version, HYDROPON_ABI_VERSION);
	EXPECT_EQ(device_info(fd).controlled, 0);
	pump = find_output(fd, "pump-a");
	EXPECT_EQ(read(fd, &record, sizeof(record)), -1);
	EXPECT_EQ(errno, EPERM);
	EXPECT_EQ(ioctl_errno(fd, HYDROPON_IOC_ARM, NULL), EPERM);
	EXPECT_EQ(ioctl_errno(fd, HYDROPON_IOC_STREAM, &stream), EPERM);
	EXPECT_EQ(set_output(fd, pump, true, 0, LEASE_MS), EPERM);
	EXPECT_EQ(ioctl_errno(fd, _IO(HYDROPON_IOC_MAGIC, 99), NULL), ENOTTY);
	second = device_open(O_RDONLY);
	EXPECT_GE(second, 0);
	close(second);
	close(fd);
	EXPECT_EQ(device_open(O_WRONLY), -1);
	EXPECT_EQ(errno, EINVAL);
}

TEST_F(guard, has_one_controller)
{
	EXPECT_EQ(device_open(O_RDWR), -1);
	EXPECT_EQ(errno, EBUSY);
	EXPECT_EQ(device_info(self->fd).controlled, 1);
	EXPECT_EQ(device_info(self->fd).armed, 1);
	close(self->fd);
	self->fd = device_open(O_RDWR | O_NONBLOCK);
	ASSERT_GE(self->fd, 0);
	EXPECT_EQ(device_info(self->fd).armed, 0);
	EXPECT_EQ(lease(self->fd, self->pump, true, LEASE_MS), EPERM);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 0);
}

TEST_F(guard, an_onlooker_renews_nothing_while_another_controls)
{
	struct hydropon_record beat = newest_beat(self->fd);
	int onlooker = device_open(O_RDONLY);

	EXPECT_EQ(set_output(onlooker, self->pump, true, (uint32_t)beat.value, 2000), EPERM);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 0);
	ASSERT_EQ(set_output(self->fd, self->pump, true, (uint32_t)beat.value, 2000), 0);
	EXPECT_EQ(set_output(onlooker, self->pump, false, 0, 0), EPERM);
	/* and its close ends nobody's lease */
	close(onlooker);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 1);
}

TEST_F(guard, refuses_bad_arguments)
{
	struct hydropon_output_info info = { .index = 10000 };
	struct hydropon_channel_info channel = { .index = 10000 };
	struct hydropon_stream streams[] = { { 0, 50 }, { 1u << 31, 50 }, { 32, 0 }, { 32, 10001 } };
	struct hydropon_record record;
	uint32_t beat = (uint32_t)newest_beat(self->fd).value;

	EXPECT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_OUTPUT, &info), EINVAL);
	EXPECT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_CHANNEL, &channel), EINVAL);
	EXPECT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_SET, (void *)8), EFAULT);
	EXPECT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_INFO, (void *)8), EFAULT);
	for (size_t i = 0; i < 4; i++)
		EXPECT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_STREAM, &streams[i]), ERANGE);
	EXPECT_EQ(read(self->fd, &record, sizeof(record) - 1), -1);
	EXPECT_EQ(errno, EINVAL);
	EXPECT_EQ(set_output(self->fd, 10000, true, beat, LEASE_MS), EINVAL);
	EXPECT_EQ(set_output(self->fd, self->pump, true, beat, 899), ERANGE);
	EXPECT_EQ(set_output(self->fd, self->pump, true, beat, 2001), ERANGE);
	EXPECT_EQ(set_output(self->fd, self->pump, true, beat + 1000, LEASE_MS), EINVAL);
	EXPECT_EQ(set_output(self->fd, self->pump, true, beat - 1000, LEASE_MS), ESTALE);
	EXPECT_EQ(output_info(self->fd, (uint32_t)self->pump).on, 0);
	EXPECT_GE(output_info(self->fd, (uint32_t)self->pump).refused, 4);
}

TEST_F(guard, wants_a_latency_that_fits_the_lease)
{
	struct hydropon_stream stream = { 32, 200 };

	ASSERT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_STREAM, &stream), 0);
	EXPECT_EQ(lease(self->fd, self->pump, true, 1199), ERANGE);
	EXPECT_EQ(lease(self->fd, self->pump, true, 1200), 0);
}

TEST_F(guard, takes_only_beats_of_this_open)
{
	uint32_t old;

	old = (uint32_t)newest_beat(self->fd).value;
	close(self->fd);
	self->fd = device_open(O_RDWR | O_NONBLOCK);
	ASSERT_GE(self->fd, 0);
	arm(self->fd);
	EXPECT_NE(set_output(self->fd, self->pump, true, old, LEASE_MS), 0);
	newest_beat(self->fd);
	EXPECT_NE(set_output(self->fd, self->pump, true, old, LEASE_MS), 0);
	/* Nor by a number that would have been a beat of the last seconds. */
	old = (uint32_t)newest_beat(self->fd).value - 10;
	for (uint32_t beat = old; beat > old - 130; beat--)
		EXPECT_EQ(set_output(self->fd, self->pump, true, beat, 2000), ESTALE);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 0);
}

TEST_F(guard, output_lives_as_long_as_its_lease)
{
	struct hydropon_record beat = newest_beat(self->fd), off;
	uint64_t due_ns = beat.time_ns + LEASE_MS * MS;
	struct sim_transition seen;

	ASSERT_EQ(set_output(self->fd, self->pump, true, (uint32_t)beat.value, LEASE_MS), 0);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 1);
	EXPECT_EQ(output_info(self->fd, (uint32_t)self->pump).cause, HYDROPON_CAUSE_LEASE);
	sleep_ms(LEASE_MS + 50);
	seen = last_transition(SIM_SOC, SIM_PUMP);
	EXPECT_EQ(seen.level, 0);
	EXPECT_GE(seen.ns, due_ns);
	EXPECT_LE(seen.ns, due_ns + BOUND_NS);
	harness_note("late by %llu us", (unsigned long long)(seen.ns - due_ns) / 1000);
	off = output_record(self->fd, self->pump, HYDROPON_CAUSE_EXPIRED);
	EXPECT_EQ(off.value, 0);
	EXPECT_EQ(output_info(self->fd, (uint32_t)self->pump).cause, HYDROPON_CAUSE_EXPIRED);
}

TEST_F(guard, renewing_extends_and_never_shortens)
{
	struct hydropon_record old = newest_beat(self->fd), beat = old;

	ASSERT_EQ(set_output(self->fd, self->pump, true, (uint32_t)old.value, LEASE_MS), 0);
	for (int i = 0; i < 15; i++) {
		beat = next_of_type(self->fd, HYDROPON_REC_BEAT);
		ASSERT_EQ(set_output(self->fd, self->pump, true, (uint32_t)beat.value, LEASE_MS), 0);
	}
	/* An older beat changes nothing. */
	ASSERT_EQ(set_output(self->fd, self->pump, true, (uint32_t)beat.value - 2, LEASE_MS), 0);
	sleep_ms(LEASE_MS + 50);
	EXPECT_EQ(count_transitions(SIM_SOC, SIM_PUMP, old.time_ns), 2);
	EXPECT_GE(last_transition(SIM_SOC, SIM_PUMP).ns, beat.time_ns + LEASE_MS * MS);
	EXPECT_LE(last_transition(SIM_SOC, SIM_PUMP).ns,
		  beat.time_ns + LEASE_MS * MS + BOUND_NS);
}

TEST_F(guard, a_stale_beat_renews_nothing)
{
	struct hydropon_record beat = newest_beat(self->fd);

	sleep_ms(LEASE_MS + 1);
	EXPECT_EQ(set_output(self->fd, self->pump, true, (uint32_t)beat.value, LEASE_MS), ESTALE);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 0);
	/* The same beat still carries a longer lease. */
	EXPECT_EQ(set_output(self->fd, self->pump, true, (uint32_t)beat.value, 2000), 0);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 1);
}

TEST_F(guard, letting_go_needs_no_beat)
{
	ASSERT_EQ(lease(self->fd, self->pump, true, LEASE_MS), 0);
	EXPECT_EQ(set_output(self->fd, self->pump, false, 0, 0), 0);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 0);
	EXPECT_EQ(output_info(self->fd, (uint32_t)self->pump).cause, HYDROPON_CAUSE_RELEASED);
	EXPECT_EQ(output_info(self->fd, (uint32_t)self->pump).lease_left_ms, 0);
}

TEST_F(guard, a_lease_holds_an_on_safe_output_off)
{
	struct hydropon_record beat = newest_beat(self->fd);
	struct sim_transition seen;

	EXPECT_EQ(line_level(SIM_SOC, SIM_AIR), 1);
	ASSERT_EQ(set_output(self->fd, self->air, false, (uint32_t)beat.value, LEASE_MS), 0);
	EXPECT_EQ(line_level(SIM_SOC, SIM_AIR), 0);
	sleep_ms(LEASE_MS + 50);
	seen = last_transition(SIM_SOC, SIM_AIR);
	EXPECT_EQ(seen.level, 1);
	EXPECT_LE(seen.ns, beat.time_ns + LEASE_MS * MS + BOUND_NS);
}

TEST_F(guard, close_is_safe_at_once)
{
	uint64_t closed_ns;

	ASSERT_EQ(lease(self->fd, self->pump, true, 2000), 0);
	closed_ns = clock_boot_ns();
	close(self->fd);
	self->fd = -1;
	EXPECT_EQ(last_transition(SIM_SOC, SIM_PUMP).level, 0);
	EXPECT_LE(last_transition(SIM_SOC, SIM_PUMP).ns, closed_ns + BOUND_NS);
}

/* A controller in a process of its own, which renews for as long as it lives. */
static pid_t start_controller(struct fixture_guard *self)
{
	int ready[2];
	char byte;
	pid_t pid;

	close(self->fd);
	self->fd = -1;
	ASSERT_EQ(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		int fd = device_open(O_RDWR | O_NONBLOCK);

		ioctl(fd, HYDROPON_IOC_ARM);
		for (;;) {
			lease(fd, self->pump, true, LEASE_MS);
			if (write(ready[1], "x", 1) != 1)
				_exit(1);
		}
	}
	close(ready[1]);
	EXPECT_EQ(read(ready[0], &byte, 1), 1);
	/* ready[0] stays open, so that the child's writes go on. */
	return pid;
}

TEST_F(guard, a_killed_controller_leaves_nothing_on)
{
	pid_t pid = start_controller(self);
	uint64_t killed_ns;

	sleep_ms(LEASE_MS * 2);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 1);
	killed_ns = clock_boot_ns();
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	sleep_ms(LEASE_MS + 50);
	EXPECT_EQ(last_transition(SIM_SOC, SIM_PUMP).level, 0);
	EXPECT_GE(last_transition(SIM_SOC, SIM_PUMP).ns, killed_ns);
	hazard("H1", "SIGKILL of a controller", "pump-a safe",
	       (int64_t)(last_transition(SIM_SOC, SIM_PUMP).ns - killed_ns), LEASE_MS * MS + BOUND_NS);
}

TEST_F(guard, a_stopped_controller_leaves_nothing_on)
{
	pid_t pid = start_controller(self);
	uint64_t stopped_ns;

	sleep_ms(LEASE_MS * 2);
	stopped_ns = clock_boot_ns();
	kill(pid, SIGSTOP);
	sleep_ms(LEASE_MS + 200);
	EXPECT_EQ(last_transition(SIM_SOC, SIM_PUMP).level, 0);
	EXPECT_GE(last_transition(SIM_SOC, SIM_PUMP).ns, stopped_ns);
	EXPECT_LE(last_transition(SIM_SOC, SIM_PUMP).ns, stopped_ns + LEASE_MS * MS + BOUND_NS);
	/* It wakes with a backlog: what it names first is too old to switch anything on. */
	kill(pid, SIGCONT);
	sleep_ms(500);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST_F_TIMEOUT(guard, sheds_and_restores, 60)
{
	struct hydropon_record power;
	uint64_t lost_ns, back_ns;
	uint32_t before;

	ASSERT_EQ(lease(self->fd, self->pump, true, 2000), 0);
	ASSERT_EQ(lease(self->fd, self->fill, true, 2000), 0);
	sleep_ms(20);
	drain(self->fd);
	lost_ns = clock_boot_ns();
	sim_write("gpio-soc/line9", 0);
	sleep_ms(50);
	EXPECT_EQ(last_transition(SIM_SOC, SIM_PUMP).level, 0);
	EXPECT_GE(last_transition(SIM_SOC, SIM_PUMP).ns, lost_ns + 10 * MS);
	EXPECT_LE(last_transition(SIM_SOC, SIM_PUMP).ns, lost_ns + 11 * MS + MS);
	EXPECT_EQ(line_level(SIM_BUS, SIM_FILL), 0);
	EXPECT_EQ(line_level(SIM_SOC, SIM_AIR), 1);
	harness_note("shed %llu us after the edge",
		     (unsigned long long)(last_transition(SIM_SOC, SIM_PUMP).ns - lost_ns) / 1000);
	power = next_of_type(self->fd, HYDROPON_REC_POWER);
	EXPECT_EQ(power.value, 0);
	EXPECT_EQ(power.aux, 0);
	power = next_of_type(self->fd, HYDROPON_REC_POWER);
	EXPECT_EQ(power.aux, 1);
	EXPECT_EQ(lease(self->fd, self->pump, true, 2000), EBUSY);
	EXPECT_EQ(device_info(self->fd).shedding, 1);
	before = (uint32_t)newest_beat(self->fd).value;

	sim_write("gpio-soc/line9", 1);
	back_ns = clock_boot_ns();
	sleep_ms(5000);
	/* A flicker starts the wait anew. */
	sim_write("gpio-soc/line9", 0);
	sim_write("gpio-soc/line9", 1);
	sleep_ms(6000);
	EXPECT_EQ(lease(self->fd, self->pump, true, 2000), EBUSY);
	sleep_ms(4100);
	EXPECT_EQ(device_info(self->fd).shedding, 0);
	EXPECT_EQ(output_info(self->fd, (uint32_t)self->pump).cause, HYDROPON_CAUSE_RESTORED);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 0);
	EXPECT_EQ(set_output(self->fd, self->pump, true, before, 2000), ESTALE);
	EXPECT_EQ(lease(self->fd, self->pump, true, 2000), 0);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 1);
	EXPECT_GE(last_transition(SIM_SOC, SIM_PUMP).ns, back_ns + 15000 * MS);
}

TEST_F(guard, ignores_a_dip_shorter_than_the_debounce)
{
	ASSERT_EQ(lease(self->fd, self->pump, true, 2000), 0);
	sim_write("gpio-soc/line9", 0);
	sleep_ms(4);
	sim_write("gpio-soc/line9", 1);
	sleep_ms(50);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 1);
	EXPECT_EQ(device_info(self->fd).shedding, 0);
}

TEST_F(guard, a_failing_bus_is_told_and_retried_and_holds_up_nobody)
{
	struct hydropon_record record;
	uint64_t before_ns;

	sim_write("gpio-bus/errno", 121);
	ASSERT_EQ(lease(self->fd, self->fill, true, 2000), 0);
	do
		record = next_of_type(self->fd, HYDROPON_REC_OUTPUT);
	while (record.type && !(record.channel == self->fill && record.status));
	EXPECT_EQ(record.status, -121);
	EXPECT_EQ(output_info(self->fd, (uint32_t)self->fill).line_status, -121);

	/* A bus that takes 300 ms for a write, and an output of the SoC beside it. */
	sim_write("gpio-bus/latency_us", 300000);
	before_ns = clock_boot_ns();
	ASSERT_EQ(lease(self->fd, self->pump, true, 2000), 0);
	EXPECT_EQ(set_output(self->fd, self->pump, false, 0, 0), 0);
	EXPECT_LE(last_transition(SIM_SOC, SIM_PUMP).ns, before_ns + 300 * MS);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 0);
	sim_write("gpio-bus/latency_us", 0);

	sim_write("gpio-bus/errno", 0);
	ASSERT_EQ(lease(self->fd, self->fill, true, 2000), 0);
	sleep_ms(900);
	EXPECT_EQ(output_info(self->fd, (uint32_t)self->fill).line_status, 0);
	EXPECT_EQ(line_level(SIM_BUS, SIM_FILL), 1);
	EXPECT_EQ(set_output(self->fd, self->fill, false, 0, 0), 0);
	sleep_ms(100);
	EXPECT_EQ(line_level(SIM_BUS, SIM_FILL), 0);
}

TEST_F(guard, an_unbound_output_is_safe_and_returns_safe)
{
	int fd = self->fd;
	uint32_t before;

	ASSERT_EQ(lease(fd, self->pump, true, 2000), 0);
	before = (uint32_t)newest_beat(fd).value;
	unbind("hydropon-output", "hydropon:pump-a");
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 0);
	EXPECT_EQ(output_info(fd, (uint32_t)self->pump).present, 0);
	EXPECT_STREQ(output_info(fd, (uint32_t)self->pump).name, "pump-a");
	EXPECT_EQ(set_output(fd, self->pump, true, 0, 2000), ENODEV);
	EXPECT_EQ(lease(fd, self->lights, true, 2000), 0);
	bind("hydropon-output", "hydropon:pump-a");
	EXPECT_EQ(find_output(fd, "pump-a"), self->pump);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 0);
	EXPECT_EQ(output_info(fd, (uint32_t)self->pump).on, 0);
	/* What was judged before it returned says nothing of it. */
	/* What was kept of it must be given back before it moves. */
	EXPECT_EQ(lease(fd, self->pump, true, 2000), EPERM);
	EXPECT_EQ(restore(fd, (uint32_t)self->pump, 0), 0);
	EXPECT_EQ(restore(fd, (uint32_t)self->pump, 0), EALREADY);
	EXPECT_EQ(set_output(fd, self->pump, true, before, 2000), ESTALE);
	EXPECT_EQ(lease(fd, self->pump, true, 2000), 0);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 1);
}

/* A write is on its way when the driver is told to let go. */
TEST_F(guard, unbinding_waits_for_a_write_that_is_under_way)
{
	for (int whole = 0; whole <= 1; whole++) {
		sim_write("gpio-bus/latency_us", 300000);
		ASSERT_EQ(lease(self->fd, self->fill, true, 2000), 0);
		sleep_ms(50);
		unbind(whole ? "hydropon-gateway" : "hydropon-output",
		       whole ? "hydropon" : "hydropon:fill");
		EXPECT_EQ(line_level(SIM_BUS, SIM_FILL), 0);
		sim_write("gpio-bus/latency_us", 0);
		bind(whole ? "hydropon-gateway" : "hydropon-output",
		     whole ? "hydropon" : "hydropon:fill");
		close(self->fd);
		wait_for_device();
		self->fd = device_open(O_RDWR | O_NONBLOCK);
		arm(self->fd);
	}
	/* A write that takes longer than anyone waits for it. */
	sim_write("gpio-bus/latency_us", 1500000);
	ASSERT_EQ(lease(self->fd, self->fill, true, 2000), 0);
	sleep_ms(50);
	unbind("hydropon-output", "hydropon:fill");
	EXPECT_EQ(line_level(SIM_BUS, SIM_FILL), 0);
	sim_write("gpio-bus/latency_us", 0);
	bind("hydropon-output", "hydropon:fill");
}

TEST_F(guard, unbinding_makes_no_output_wait_for_a_bus)
{
	uint64_t unbound_ns;

	ASSERT_EQ(lease(self->fd, self->pump, true, 2000), 0);
	ASSERT_EQ(lease(self->fd, self->fill, true, 2000), 0);
	sleep_ms(50);
	sim_write("gpio-bus/latency_us", 500000);
	unbound_ns = clock_boot_ns();
	unbind("hydropon-gateway", "hydropon");
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 0);
	EXPECT_LE(last_transition(SIM_SOC, SIM_PUMP).ns, unbound_ns + BOUND_NS);
	EXPECT_EQ(line_level(SIM_BUS, SIM_FILL), 0);
	sim_write("gpio-bus/latency_us", 0);
	bind("hydropon-gateway", "hydropon");
	wait_for_device();
}

TEST_F(guard, a_failed_write_does_not_put_off_the_way_to_safe)
{
	uint64_t released_ns;

	ASSERT_EQ(lease(self->fd, self->fill, true, 2000), 0);
	sleep_ms(50);
	ASSERT_EQ(line_level(SIM_BUS, SIM_FILL), 1);
	ASSERT_EQ(set_output(self->fd, self->fill, false, 0, 0), 0);
	sleep_ms(50);
	/* An ON that takes 200 ms and fails; OFF is wanted while it is under way. */
	sim_write("gpio-bus/latency_us", 200000);
	sim_write("gpio-bus/errno", EREMOTEIO);
	ASSERT_EQ(lease(self->fd, self->fill, true, 2000), 0);
	sleep_ms(20);
	released_ns = clock_boot_ns();
	ASSERT_EQ(set_output(self->fd, self->fill, false, 0, 0), 0);
	for (int i = 0; i < 100 && !output_info(self->fd, (uint32_t)self->fill).line_status; i++)
		sleep_ms(5);
	/* The ON has failed. The OFF follows it at once and takes 200 ms itself. */
	sim_write("gpio-bus/errno", 0);
	for (int i = 0; i < 100 && output_info(self->fd, (uint32_t)self->fill).line_status; i++)
		sleep_ms(5);
	EXPECT_LE(clock_boot_ns() - released_ns, (180 + 200 + 40) * MS);
	EXPECT_EQ(output_info(self->fd, (uint32_t)self->fill).line_status, 0);
	EXPECT_EQ(line_level(SIM_BUS, SIM_FILL), 0);
}

TEST_F(guard, an_off_that_fails_is_not_told_as_good)
{
	struct hydropon_record record;

	ASSERT_EQ(lease(self->fd, self->fill, true, LEASE_MS), 0);
	sleep_ms(50);
	ASSERT_EQ(line_level(SIM_BUS, SIM_FILL), 1);
	sim_write("gpio-bus/errno", EREMOTEIO);
	/* The bus is known to be bad before the lease is over. */
	ASSERT_EQ(set_output(self->fd, self->fill, false, 0, 0), 0);
	sleep_ms(50);
	ASSERT_EQ(lease(self->fd, self->fill, true, LEASE_MS), 0);
	record = output_record(self->fd, self->fill, HYDROPON_CAUSE_EXPIRED);
	EXPECT_EQ(record.value, 0);
	EXPECT_EQ(record.status, -EREMOTEIO);
	sim_write("gpio-bus/errno", 0);
	sleep_ms(200);
	EXPECT_EQ(line_level(SIM_BUS, SIM_FILL), 0);
}

TEST_F(guard, a_bus_that_fails_at_probe_does_not_leave_the_line_unguarded)
{
	unbind("hydropon-output", "hydropon:fill");
	sim_write("gpio-bus/errno", EREMOTEIO);
	bind("hydropon-output", "hydropon:fill");
	sleep_ms(100);
	EXPECT_EQ(output_info(self->fd, (uint32_t)self->fill).present, 1);
	EXPECT_EQ(output_info(self->fd, (uint32_t)self->fill).line_status, -EREMOTEIO);
	sim_write("gpio-bus/errno", 0);
	sleep_ms(200);
	EXPECT_EQ(output_info(self->fd, (uint32_t)self->fill).line_status, 0);
	EXPECT_EQ(sim_output_level(SIM_BUS, SIM_FILL), 0);
}

TEST_F(guard, a_controller_of_all_lines_may_leave_and_return)
{
	/*
	 * Twice: links of the first time are the driver core's, later ones our own. The core
	 * forgets to probe a gateway again whose link it first made for its children.
	 */
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(lease(self->fd, self->pump, true, 2000), 0);
		unbind("hydropon-sim-gpio", "gpio-soc");
		sleep_ms(300);
		close(self->fd);
		bind("hydropon-sim-gpio", "gpio-soc");
		sim_write("gpio-soc/line9", 1);
		if (access("/sys/bus/platform/drivers/hydropon-gateway/hydropon", F_OK))
			bind("hydropon-gateway", "hydropon");
		wait_for_device();
		power_is_good();
		EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 0);
		EXPECT_EQ(line_level(SIM_SOC, SIM_AIR), 1);
		self->fd = device_open(O_RDWR | O_NONBLOCK);
		arm(self->fd);
	}
}

TEST_F(guard, an_unbound_gateway_is_safe_first)
{
	struct pollfd p = { .fd = self->fd, .events = POLLIN };
	struct hydropon_record records[64];
	struct hydropon_info info;
	ssize_t n;

	ASSERT_EQ(lease(self->fd, self->pump, true, 2000), 0);
	ASSERT_EQ(lease(self->fd, self->fill, true, 2000), 0);
	sleep_ms(50);
	EXPECT_EQ(line_level(SIM_BUS, SIM_FILL), 1);
	unbind("hydropon-gateway", "hydropon");
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 0);
	EXPECT_EQ(line_level(SIM_BUS, SIM_FILL), 0);
	EXPECT_EQ(line_level(SIM_SOC, SIM_AIR), 1);
	EXPECT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_INFO, &info), ENODEV);
	EXPECT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_ARM, NULL), ENODEV);
	EXPECT_EQ(poll(&p, 1, 0), 1);
	EXPECT_TRUE(p.revents & POLLHUP);
	do
		n = read(self->fd, records, sizeof(records));
	while (n > 0);
	EXPECT_EQ(errno, ENODEV);
	bind("hydropon-gateway", "hydropon");
	close(self->fd);
	wait_for_device();
	self->fd = device_open(O_RDWR | O_NONBLOCK);
	EXPECT_GE(self->fd, 0);
}

static void *read_blocking(void *fd)
{
	struct hydropon_record records[4096];

	while (read(*(int *)fd, records, sizeof(records)) > 0)
		;
	return (void *)(intptr_t)errno;
}

TEST_F(guard, unbinding_wakes_a_blocked_reader)
{
	struct hydropon_stream stream = { 2048, 10000 };
	pthread_t reader;
	void *result;
	int fd;

	close(self->fd);
	fd = device_open(O_RDWR);
	ASSERT_EQ(ioctl_errno(fd, HYDROPON_IOC_STREAM, &stream), 0);
	ASSERT_EQ(pthread_create(&reader, NULL, read_blocking, &fd), 0);
	sleep_ms(100);
	unbind("hydropon-gateway", "hydropon");
	ASSERT_EQ(pthread_join(reader, &result), 0);
	EXPECT_EQ((intptr_t)result, ENODEV);
	close(fd);
	bind("hydropon-gateway", "hydropon");
	wait_for_device();
	self->fd = -1;
}

TEST_F(guard, an_expander_that_goes_takes_its_output_along_and_brings_it_back)
{
	int fd = self->fd;

	ASSERT_EQ(lease(fd, self->pump, true, 2000), 0);
	unbind("hydropon-sim-gpio", "gpio-bus");
	EXPECT_EQ(output_info(fd, (uint32_t)self->fill).present, 0);
	EXPECT_EQ(output_info(fd, (uint32_t)self->pump).on, 1);
	EXPECT_EQ(lease(fd, self->pump, true, 2000), 0);
	bind("hydropon-sim-gpio", "gpio-bus");
	for (int i = 0; i < 100 && !output_info(fd, (uint32_t)self->fill).present; i++)
		sleep_ms(20);
	EXPECT_EQ(output_info(fd, (uint32_t)self->fill).present, 1);
	EXPECT_EQ(restore(fd, (uint32_t)self->fill, 0), 0);
	ASSERT_EQ(lease(fd, self->fill, true, 2000), 0);
	sleep_ms(50);
	EXPECT_EQ(line_level(SIM_BUS, SIM_FILL), 1);
}

TEST_F(guard, a_write_under_way_is_told_as_such)
{
	sim_write("gpio-bus/latency_us", 300000);
	ASSERT_EQ(lease(self->fd, self->fill, true, 2000), 0);
	sleep_ms(50);
	EXPECT_EQ(output_info(self->fd, (uint32_t)self->fill).on, 1);
	EXPECT_EQ(output_info(self->fd, (uint32_t)self->fill).line_status, -EINPROGRESS);
	sleep_ms(400);
	EXPECT_EQ(output_info(self->fd, (uint32_t)self->fill).line_status, 0);
	sim_write("gpio-bus/latency_us", 0);
}

TEST_F(guard, an_output_that_must_be_off_is_not_switched_on_by_its_probe)
{
	uint32_t circ = (uint32_t)find_output(self->fd, "circ-b");
	uint64_t since_ns;

	/* Declared on, and its switch is locked off. */
	sim_write("gpio-panel/line3", 1);
	sleep_ms(100);
	EXPECT_EQ(output_info(self->fd, circ).cause, HYDROPON_CAUSE_MANUAL_OFF);
	since_ns = clock_boot_ns();
	unbind("hydropon-output", "hydropon:circ-b");
	bind("hydropon-output", "hydropon:circ-b");
	sleep_ms(100);
	EXPECT_EQ(output_info(self->fd, circ).on, 0);
	EXPECT_EQ(count_transitions("gpio-panel", 1, since_ns), 0);
	sim_write("gpio-panel/line3", 0);
	sleep_ms(100);
	EXPECT_EQ(line_level("gpio-panel", 1), 1);
}
