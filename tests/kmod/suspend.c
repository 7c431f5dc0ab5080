// SPDX-License-Identifier: GPL-2.0-only
/* The system sleeps: outputs are safe before it does, and nothing is armed when it wakes.
 * Devices are suspended and resumed, and no further: the kernel's own test mode.
 */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>

#include "controller.h"

#define BOUND_NS (10 * MS)

FIXTURE(suspend) { struct controller c; int pump, valve, circ, fill; };

FIXTURE_SETUP(suspend)
{
	good_wires();
	power_is_good();
	controller_open(&self->c);
	self->pump = find_output(self->c.fd, "pump-a");
	self->valve = find_output(self->c.fd, "valve-b");
	self->circ = find_output(self->c.fd, "circ-b");
	self->fill = find_output(self->c.fd, "fill");
	write_text("/sys/power/pm_test", "devices");
	/* seconds that it pretends to sleep */
	write_text("/sys/module/suspend/parameters/pm_test_delay", "0");
	/* The first time the kernel makes itself a console before it tells anyone. */
	write_text("/sys/power/state", "freeze");
	write_text("/sys/module/suspend/parameters/pm_test_delay", "1");
	arm(self->c.fd);
}

FIXTURE_TEARDOWN(suspend)
{
	unsigned int *flows = &self->c.samples[channel_info(self->c.fd, "flow-a").index];
	unsigned int before;
	uint64_t end_ns = clock_boot_ns() + 3000 * MS;

	/* What was counted in an interval with a sleep in it is no reading, and a rate takes two:
	 * who comes next finds everything as it was.
	 */
	read_all(&self->c);
	for (before = *flows; *flows < before + 2 && clock_boot_ns() < end_ns;)
		turn(&self->c, 10);
	EXPECT_GE(*flows, before + 2);
	write_text("/sys/power/pm_test", "none");
	sim_write("gpio-panel/forgets", 0);
	sim_write("gpio-soc/forgets", 0);
	controller_close(&self->c);
}

/* A time that the simulated wires have noted. */
static uint64_t sim_ns(const char *path)
{
	long long ns = 0;

	EXPECT_EQ(sim_read(path, &ns), 0);
	return (uint64_t)ns;
}

static void expect_suspended_safe(struct fixture_suspend *self, const char *state)
{
	uint64_t sleep_ns, told_ns, awake_ns;
	int64_t worst_ns = 0;
	uint32_t before;
	int error;
	char injected[48];
	static const struct { const char *chip; unsigned int line; bool level; } lines[] = {
		{ SIM_SOC, SIM_PUMP, false }, { SIM_PANEL, SIM_VALVE, false },
		{ SIM_PANEL, SIM_CIRC, true }, { SIM_BUS, SIM_FILL, false },
	};

	ASSERT_TRUE(hold(&self->c, self->pump));
	ASSERT_TRUE(hold(&self->c, self->valve));
	ASSERT_TRUE(hold(&self->c, self->circ));
	ASSERT_TRUE(hold(&self->c, self->fill));
	run_ms(&self->c, 200);
	before = (uint32_t)self->c.beat.value;
	sleep_ns = clock_boot_ns();
	write_text("/sys/power/state", state);
	awake_ns = clock_boot_ns();
	EXPECT_GE(awake_ns - sleep_ns, 900 * MS);
	/* The kernel writes back its file systems before it tells anybody. */
	told_ns = sim_ns("sleeps_ns");
	EXPECT_GE(told_ns, sleep_ns);
	EXPECT_LE(told_ns, awake_ns);
	snprintf(injected, sizeof(injected), "suspend to %s", state);
	for (size_t i = 0; i < 4; i++) {
		struct sim_transition safe = last_transition(lines[i].chip, lines[i].line);
		int64_t took_ns = (int64_t)(safe.ns - told_ns);

		EXPECT_EQ(safe.level, lines[i].level);
		EXPECT_EQ(count_transitions(lines[i].chip, lines[i].line, sleep_ns), 1);
		worst_ns = took_ns > worst_ns ? took_ns : worst_ns;
	}
	hazard("H3", injected, "4 outputs safe", worst_ns, BOUND_NS);
	/* Awake, and not armed; what was judged before is older than the sleep. */
	EXPECT_EQ(device_info(self->c.fd).armed, 0);
	EXPECT_EQ(device_info(self->c.fd).terminal, 0);
	EXPECT_EQ(set_output(self->c.fd, self->pump, true, before, 2000), EPERM);
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_ARM, NULL), 0);
	EXPECT_EQ(set_output(self->c.fd, self->pump, true, before, 2000), ESTALE);
	read_all(&self->c);
	told_cause(&self->c, self->pump, HYDROPON_CAUSE_SUSPEND, sleep_ns);
	told_cause(&self->c, self->circ, HYDROPON_CAUSE_SUSPEND, sleep_ns);
	/* No beat from before, or from within, the sleep switches anything on. One that came
	 * between the kernel's waking and ours may.
	 */
	error = set_output(self->c.fd, self->pump, true, (uint32_t)self->c.beat.value, 2000);
	if (self->c.beat.time_ns <= told_ns)
		EXPECT_EQ(error, ESTALE);
	else if (self->c.beat.time_ns >= awake_ns)
		EXPECT_EQ(error, 0);
	else
		EXPECT_TRUE(!error || error == ESTALE);
	EXPECT_TRUE(hold(&self->c, self->pump));
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 1);
}

TEST_F(suspend, outputs_are_safe_before_it_and_disarmed_after_it)
{
	expect_suspended_safe(self, "freeze");
}

TEST_F(suspend, to_memory_is_no_other)
{
	expect_suspended_safe(self, "mem");
}

TEST_F(suspend, lines_that_their_chip_has_forgotten_are_written_again)
{
	uint64_t sleep_ns = clock_boot_ns();

	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_CIRC), 1);
	sim_write("gpio-panel/forgets", 1);
	sim_write("gpio-soc/forgets", 1);
	write_text("/sys/power/state", "freeze");
	/* They were at 0 when their chip woke. */
	EXPECT_EQ(count_transitions(SIM_PANEL, SIM_CIRC, sleep_ns), 2);
	EXPECT_EQ(count_transitions(SIM_PANEL, SIM_MASTER, sleep_ns), 2);
	EXPECT_EQ(count_transitions(SIM_SOC, SIM_AIR, sleep_ns), 2);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_CIRC), 1);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_MASTER), 1);
	EXPECT_EQ(sim_output_level(SIM_SOC, SIM_AIR), 1);
}

/* A controller that sets and arms as often as it can, whatever it is told. @arms: also arms. */
static pid_t start_racer(struct fixture_suspend *self, bool arms)
{
	int ready[2];
	char byte;
	pid_t pid;

	controller_close(&self->c);
	ASSERT_EQ(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		controller_open(&self->c);
		if (!hold(&self->c, self->pump) || write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;) {
			if (arms)
				ioctl(self->c.fd, HYDROPON_IOC_ARM);
			read_all(&self->c);
			renew(&self->c, self->pump);
			renew(&self->c, self->valve);
		}
	}
	close(ready[1]);
	EXPECT_EQ(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

/* How often a line was away from off while the system slept or was about to. */
static int count_on(const char *chip, unsigned int line, uint64_t from_ns, uint64_t to_ns)
{
	struct sim_transition *all;
	int count = 0;
	size_t n;

	if (sim_record_read(chip, &all, &n))
		return -1;
	for (size_t i = 0; i < n; i++)
		count += all[i].line == line && all[i].level && all[i].ns > from_ns && all[i].ns < to_ns;
	free(all);
	return count;
}

TEST_F_TIMEOUT(suspend, a_controller_that_races_it_never_wins, 60)
{
	struct sim_transition off;
	int wins = 0;

	write_text("/sys/module/suspend/parameters/pm_test_delay", "0");
	for (int arms = 0; arms <= 1; arms++) {
		for (int i = 0; i < 5; i++) {
			pid_t pid = start_racer(self, arms);
			uint64_t sleep_ns, woke_ns, awake_ns;

			sleep_ms(150 + 13 * i);
			EXPECT_EQ(sim_output_level(SIM_SOC, SIM_PUMP), 1);
			sleep_ns = clock_boot_ns();
			write_text("/sys/power/state", "freeze");
			awake_ns = clock_boot_ns();
			off = first_transition(SIM_SOC, SIM_PUMP, false, sleep_ns);
			woke_ns = sim_ns("woke_ns");
			EXPECT_GE(woke_ns, off.ns);
			EXPECT_LE(woke_ns, awake_ns);
			EXPECT_LE(off.ns, sim_ns("sleeps_ns") + BOUND_NS);
			sleep_ms(400);
			/* Once off it is off until the system is awake; without ARM for good. */
			wins += count_on(SIM_SOC, SIM_PUMP, off.ns, arms ? woke_ns : UINT64_MAX);
			wins += count_on(SIM_PANEL, SIM_VALVE, off.ns, arms ? woke_ns : UINT64_MAX);
			EXPECT_EQ(sim_output_level(SIM_SOC, SIM_PUMP), arms);
			kill(pid, SIGKILL);
			waitpid(pid, NULL, 0);
		}
	}
	hazard_count("H3", "a controller races 10 suspends", "outputs on once they were safe", wins, 0);
	controller_open(&self->c);
}
