// SPDX-License-Identifier: GPL-2.0-only
/* What outputs do when the controller or a CPU goes the hard way. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "device.h"
#include "lines.h"

#define BOUND_NS (10 * MS)
#define LEASE_MS 1000

static void pin_to(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	EXPECT_EQ(sched_setaffinity(0, sizeof(set), &set), 0);
}

/* A controller in a process of its own, pinned to @cpu, which renews for as long as it can;
 * its first lease is given when this returns.
 */
static pid_t start_controller(int cpu)
{
	int ready[2];
	char byte;
	pid_t pid;

	power_is_good();
	ASSERT_EQ(pipe(ready), 0);
	pid = fork();
	if (!pid) {
		int fd, pump;

		pin_to(cpu);
		fd = device_open(O_RDWR | O_NONBLOCK);
		pump = find_output(fd, "pump-a");
		arm(fd);
		for (int round = 0;; round++) {
			lease(fd, pump, true, LEASE_MS);
			if (round == 0 && write(ready[1], "x", 1) != 1)
				_exit(1);
		}
	}
	close(ready[1]);
	ASSERT_EQ(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 1);
	return pid;
}

static void expect_off_within(uint64_t since_ns, const char *row, const char *injected)
{
	struct sim_transition last = last_transition(SIM_SOC, SIM_PUMP);

	EXPECT_EQ(last.level, 0);
	EXPECT_GE(last.ns, since_ns);
	hazard(row, injected, "pump-a safe", (int64_t)(last.ns - since_ns), LEASE_MS * MS + BOUND_NS);
}

TEST(a_controller_that_the_kernel_kills_for_memory_leaves_nothing_on)
{
	pid_t pid = start_controller(0);
	char path[64], text[16];
	uint64_t since_ns;
	int status;

	snprintf(path, sizeof(path), "/proc/%d/oom_score_adj", (int)pid);
	snprintf(text, sizeof(text), "1000");
	write_text(path, text);
	since_ns = clock_boot_ns();
	write_text("/proc/sysrq-trigger", "f");
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	sleep_ms(LEASE_MS + 50);
	expect_off_within(since_ns, "H1", "the controller is killed for want of memory");
}

static uint64_t spin_ns;

static void *spin(void *ms)
{
	pin_to(0);
	spin_ns = clock_boot_ns();
	sim_write("crash/spin_ms", *(long *)ms);
	return NULL;
}

TEST(a_cpu_that_spins_with_interrupts_on_keeps_no_output_on)
{
	pid_t pid = start_controller(0);
	long ms = 3000;
	pthread_t spinner;

	/* The controller cannot run any more, and nobody else on its CPU. */
	ASSERT_EQ(pthread_create(&spinner, NULL, spin, &ms), 0);
	pin_to(1);
	sleep_ms(LEASE_MS + 500);
	expect_off_within(spin_ns, "H2", "the CPU of the controller spins in the kernel");
	pthread_join(spinner, NULL);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

TEST(nothing_that_holds_the_lock_of_a_chip_for_a_while_breaks_anything)
{
	pid_t pid = start_controller(1);
	uint64_t since_ns;

	pin_to(0);
	since_ns = clock_boot_ns();
	sim_write("gpio-soc/hold_lock_ms", 300);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	sleep_ms(50);
	EXPECT_EQ(last_transition(SIM_SOC, SIM_PUMP).level, 0);
	EXPECT_GE(last_transition(SIM_SOC, SIM_PUMP).ns, since_ns);
}
