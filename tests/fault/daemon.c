// SPDX-License-Identifier: GPL-2.0-only
/* hydropond on the virtual gateway, and what its outputs do when things go wrong. */
#include "fault/hydropond.h"

#define LEASE_NS (2000 * MS)
#define BOUND_NS (10 * MS)
#define BEAT_NS (100 * MS)

FIXTURE(daemon) { pid_t pid; };

/* Each output away from its safe state. */
static void everything_away(void)
{
	ctl("set air-a off --for 5m", 0);
	ctl("set ph-down on --for 5m", 0);
	ctl("set nutrient on --for 5m", 0);
	ctl("set lights on --for 5m", 0);
	ctl("set fill on --for 5m", 0);
	wait_level(SIM_SOC, SIM_PUMP, 1, 5000);
	wait_level(SIM_SOC, SIM_AIR, 0, 5000);
	wait_level(SIM_SOC, SIM_PH_DOWN, 1, 5000);
	wait_level(SIM_SOC, SIM_NUTRIENT, 1, 5000);
	wait_level(SIM_SOC, SIM_LIGHTS, 1, 5000);
	wait_level(SIM_BUS, SIM_FILL, 1, 5000);
}

/* @row: of the hazard list, or NULL. */
static void expect_all_safe(const char *row, const char *injected, uint64_t since_ns,
			    uint64_t within_ns)
{
	uint64_t slowest_ns = 0;

	for (unsigned int line = SIM_PUMP; line <= SIM_LIGHTS; line++) {
		struct sim_transition seen = last_transition(SIM_SOC, line);

		EXPECT_EQ(seen.level, line == SIM_AIR);
		EXPECT_GE(seen.ns, since_ns);
		EXPECT_LE(seen.ns, since_ns + within_ns);
		if (seen.ns - since_ns > slowest_ns)
			slowest_ns = seen.ns - since_ns;
	}
	/* one bus timeout more */
	EXPECT_EQ(last_transition(SIM_BUS, SIM_FILL).level, 0);
	EXPECT_LE(last_transition(SIM_BUS, SIM_FILL).ns, since_ns + within_ns + 50 * MS);
	if (row)
		hazard(row, injected, "outputs of the SoC safe", (int64_t)slowest_ns, (int64_t)within_ns);
}

FIXTURE_SETUP(daemon)
{
	unlink(LOG);
	good_wires();
	power_is_good();
	self->pid = start();
	ASSERT_GT(self->pid, 0);
}

FIXTURE_TEARDOWN(daemon)
{
	stop(self->pid, SIGTERM);
	good_wires();
}

TEST_F(daemon, runs_the_pump_once_its_need_is_known)
{
	struct sim_transition seen;
	uint64_t good_ns;

	stop(self->pid, SIGTERM);
	sim_write("i2c/adc-48/errno", EREMOTEIO);
	self->pid = start();
	sleep_ms(3000);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 0);
	EXPECT_EQ(line_level(SIM_SOC, SIM_AIR), 1);
	good_ns = clock_boot_ns();
	sim_write("i2c/adc-48/errno", 0);
	wait_level(SIM_SOC, SIM_PUMP, 1, 3000);
	seen = last_transition(SIM_SOC, SIM_PUMP);
	EXPECT_GE(seen.ns, good_ns);
}

TEST_F(daemon, killed_leaves_everything_safe)
{
	uint64_t killed_ns;

	everything_away();
	killed_ns = clock_boot_ns();
	stop(self->pid, SIGKILL);
	self->pid = 0;
	sleep_ms(2100);
	expect_all_safe("H1", "SIGKILL of hydropond", killed_ns, LEASE_NS + BOUND_NS);
	/* and what was overridden does not come back with it */
	self->pid = start();
	wait_level(SIM_SOC, SIM_PUMP, 1, 8000);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PH_DOWN), 0);
	EXPECT_EQ(line_level(SIM_BUS, SIM_FILL), 0);
}

TEST_F(daemon, hung_leaves_everything_safe)
{
	uint64_t stopped_ns;

	everything_away();
	stopped_ns = clock_boot_ns();
	kill(self->pid, SIGSTOP);
	sleep_ms(2200);
	expect_all_safe("H2", "SIGSTOP of hydropond", stopped_ns, LEASE_NS + BOUND_NS);
	kill(self->pid, SIGCONT);
	wait_level(SIM_SOC, SIM_PUMP, 1, 3000);
}

TEST_F(daemon, told_to_end_leaves_everything_safe)
{
	uint64_t told_ns;
	int status;

	everything_away();
	told_ns = clock_boot_ns();
	kill(self->pid, SIGTERM);
	ASSERT_EQ(waitpid(self->pid, &status, 0), self->pid);
	self->pid = 0;
	EXPECT_TRUE(WIFEXITED(status));
	EXPECT_EQ(WEXITSTATUS(status), 0);
	sleep_ms(100);
	expect_all_safe(NULL, "SIGTERM of hydropond", told_ns, 200 * MS);
}

TEST_F(daemon, a_dead_probe_stops_its_doser_and_nothing_else)
{
	char status[65536], *ec;
	uint64_t dead_ns;

	everything_away();
	dead_ns = clock_boot_ns();
	sim_write("i2c-b/adc-49/errno", EREMOTEIO);
	wait_level(SIM_SOC, SIM_NUTRIENT, 0, 3000);
	/* the next tick of the sampler, and the turn that judges it */
	EXPECT_LE(last_transition(SIM_SOC, SIM_NUTRIENT).ns, dead_ns + 2 * BEAT_NS);
	harness_note("doser off %.1f ms after the first failed read could begin",
		     (double)(last_transition(SIM_SOC, SIM_NUTRIENT).ns - dead_ns) / 1e6);
	sleep_ms(3000);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 1);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PH_DOWN), 1);
	EXPECT_EQ(line_level(SIM_SOC, SIM_LIGHTS), 1);
	read_status(status, sizeof(status));
	EXPECT_CONTAINS(status, "read error");
	/* not a zero, not the last number: none */
	ec = strstr(status, "\"ec-a\"");
	ASSERT_TRUE(ec != NULL);
	ASSERT_TRUE(strstr(ec, "\"value\":") != NULL);
	EXPECT_EQ(strncmp(strstr(ec, "\"value\":"), "\"value\":null", 12), 0);
	sim_write("i2c-b/adc-49/errno", 0);
	wait_level(SIM_SOC, SIM_NUTRIENT, 1, 3000);
}

TEST_F(daemon, a_probe_that_hangs_stops_its_doser_when_it_is_stale)
{
	uint64_t hung_ns;

	everything_away();
	sim_write("i2c-b/adc-49/latency_us", 20000000);
	hung_ns = clock_boot_ns();
	wait_level(SIM_SOC, SIM_NUTRIENT, 0, 6000);
	/* In the device tree stale-for is 1 s, before hydropond's own; one tick may have been
	 * read before.
	 */
	EXPECT_GE(last_transition(SIM_SOC, SIM_NUTRIENT).ns, hung_ns + 800 * MS);
	EXPECT_LE(last_transition(SIM_SOC, SIM_NUTRIENT).ns, hung_ns + 1000 * MS + 2 * BEAT_NS);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 1);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PH_DOWN), 1);
	sim_write("i2c-b/adc-49/latency_us", 0);
	wait_level(SIM_SOC, SIM_NUTRIENT, 1, 30000);
}

TEST_F(daemon, a_reading_out_of_range_stops_its_doser)
{
	everything_away();
	sim_write("i2c-b/adc-49/ain0_uv", 2040000);	/* 4080 uS/cm: past max */
	wait_level(SIM_SOC, SIM_NUTRIENT, 0, 3000);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 1);
}

TEST_F(daemon, an_override_ends_by_itself)
{
	uint64_t set_ns;

	wait_level(SIM_SOC, SIM_PUMP, 1, 5000);
	set_ns = clock_boot_ns();
	ctl("set lights on --for 3s", 0);
	wait_level(SIM_SOC, SIM_LIGHTS, 1, 2000);
	wait_level(SIM_SOC, SIM_LIGHTS, 0, 5000);
	EXPECT_GE(last_transition(SIM_SOC, SIM_LIGHTS).ns, set_ns + 3000 * MS);
	EXPECT_LE(last_transition(SIM_SOC, SIM_LIGHTS).ns, set_ns + 3600 * MS);
	ctl("set pump-a off --for 2s", 0);
	wait_level(SIM_SOC, SIM_PUMP, 0, 2000);
	wait_level(SIM_SOC, SIM_PUMP, 1, 5000);
	ctl("set no-such-output on --for 3s", 1);
}

TEST_F_TIMEOUT(daemon, sheds_and_comes_back_one_after_the_other, 60)
{
	uint64_t lost_ns;

	everything_away();
	lost_ns = clock_boot_ns();
	sim_write("gpio-soc/line9", 0);
	wait_level(SIM_SOC, SIM_PUMP, 0, 1000);
	for (unsigned int line = SIM_PUMP; line <= SIM_LIGHTS; line++) {
		if (line == SIM_AIR)
			continue;
		EXPECT_EQ(line_level(SIM_SOC, line), 0);
		EXPECT_LE(last_transition(SIM_SOC, line).ns, lost_ns + 12 * MS);
	}
	EXPECT_EQ(line_level(SIM_SOC, SIM_AIR), 0);	/* its lease goes on */
	sleep_ms(1000);
	sim_write("gpio-soc/line9", 1);
	wait_level(SIM_SOC, SIM_PUMP, 1, 15000);
	wait_level(SIM_SOC, SIM_LIGHTS, 1, 15000);
	EXPECT_GE(last_transition(SIM_SOC, SIM_LIGHTS).ns,
		  last_transition(SIM_SOC, SIM_PUMP).ns + 400 * MS);
}

TEST_F(daemon, survives_a_gateway_that_goes_and_returns)
{
	wait_level(SIM_SOC, SIM_PUMP, 1, 5000);
	unbind("hydropon-gateway", "hydropon");
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 0);
	sleep_ms(500);
	bind("hydropon-gateway", "hydropon");
	wait_level(SIM_SOC, SIM_PUMP, 1, 15000);
}

TEST_F(daemon, a_stuck_disk_stops_no_output)
{
	struct sim_transition before;
	char status[65536];

	wait_level(SIM_SOC, SIM_PUMP, 1, 5000);
	stop(self->pid, SIGTERM);
	/* The spool cannot be opened: its folder is a file. */
	ASSERT_EQ(rename("/var/lib/hydropon/spool", "/var/lib/hydropon/spool.kept"), 0);
	close(open("/var/lib/hydropon/spool", O_WRONLY | O_CREAT, 0644));
	self->pid = start();
	wait_level(SIM_SOC, SIM_PUMP, 1, 8000);
	before = last_transition(SIM_SOC, SIM_PUMP);
	sleep_ms(5000);
	EXPECT_EQ(last_transition(SIM_SOC, SIM_PUMP).ns, before.ns);
	read_status(status, sizeof(status));
	EXPECT_CONTAINS(status, "\"pending\"");
	unlink("/var/lib/hydropon/spool");
	ASSERT_EQ(rename("/var/lib/hydropon/spool.kept", "/var/lib/hydropon/spool"), 0);
	sleep_ms(3000);
	EXPECT_EQ(last_transition(SIM_SOC, SIM_PUMP).ns, before.ns);
}

TEST_F(daemon, stays_small)
{
	char path[64], line[256];
	unsigned long private_kb = 0, kb;
	FILE *rollup;

	wait_level(SIM_SOC, SIM_PUMP, 1, 5000);
	sleep_ms(5000);
	snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", self->pid);
	rollup = fopen(path, "r");
	ASSERT_TRUE(rollup != NULL);
	while (fgets(line, sizeof(line), rollup))
		if (sscanf(line, "Private_Clean: %lu", &kb) == 1 ||
		    sscanf(line, "Private_Dirty: %lu", &kb) == 1)
			private_kb += kb;
	fclose(rollup);
	harness_note("hydropond has %lu KiB private", private_kb);
	EXPECT_GT(private_kb, 0);
	EXPECT_LT(private_kb, 8192);
}
