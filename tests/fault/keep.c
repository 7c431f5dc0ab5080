// SPDX-License-Identifier: GPL-2.0-only
/*
 * What hydropond keeps of outputs: it is killed, and the guard forgets all it has counted, as by a power
 * cut. dose-b has 4 s in any 20 s.
 */
#include "fault/hydropond.h"

#define SNIPPET "/etc/hydropon/hydropon.conf.d/dose-b.conf"
#define SPOOL "/var/lib/hydropon/spool"
#define BUDGET_MS 4000
#define WINDOW_MS 20000
#define BROWN_OUTS 6

FIXTURE(keep) { pid_t pid; };

/* The guard knows nothing of it any more. */
static void forget(void)
{
	rebind("hydropon-output", "hydropon:dose-b");
}

FIXTURE_SETUP(keep)
{
	FILE *file;

	unlink(LOG);
	good_wires();
	power_is_good();
	mkdir("/etc/hydropon/hydropon.conf.d", 0755);
	file = fopen(SNIPPET, "w");
	ASSERT_TRUE(file != NULL);
	fputs("[output dose-b]\nwant = off\nlease = 1 s\n", file);
	fclose(file);
	/* A new card, whatever ran on this gateway before. */
	EXPECT_EQ(system("rm -rf " SPOOL), 0);
	forget();
	self->pid = start();
	ASSERT_GT(self->pid, 0);
}

FIXTURE_TEARDOWN(keep)
{
	stop(self->pid, SIGTERM);
	unlink(SNIPPET);
	good_wires();
	forget();
}

static struct hydropon_output_info dose_info(void)
{
	int fd = open(DEVICE, O_RDONLY | O_CLOEXEC);
	struct hydropon_output_info info = output_info(fd, (uint32_t)find_output(fd, "dose-b"));

	close(fd);
	return info;
}

static void wait_restored(void)
{
	for (int i = 0; i < 50 && !dose_info().restored; i++)
		sleep_ms(100);
	EXPECT_TRUE(dose_info().restored);
}

static bool wait_on(long timeout_ms)
{
	for (long i = 0; i < timeout_ms / 20; i++) {
		if (sim_output_level(SIM_PANEL, SIM_DOSE) == 1)
			return true;
		sleep_ms(20);
	}
	return false;
}

static bool log_has(const char *text)
{
	char command[256];

	snprintf(command, sizeof(command), "grep -q '%s' " LOG, text);
	return !system(command);
}

TEST_F_TIMEOUT(keep, brown_outs_while_dosing_never_dose_beyond_the_budget, 200)
{
	uint64_t begin_ns = clock_boot_ns();
	unsigned int doses = 0;
	int64_t worst_ns;

	/* What it used before nobody knows. */
	wait_restored();
	EXPECT_TRUE(log_has("dose-b: what it used of its budget before is not known"));
	for (int i = 0; i < BROWN_OUTS; i++) {
		ctl("set dose-b on --for 10m", 0);
		if (wait_on(i % 3 ? 4000 : 40000)) {
			doses++;
			sleep_ms(200 + i * 370 % 1200);
		}
		stop(self->pid, SIGKILL);
		forget();
		self->pid = start();
	}
	EXPECT_TRUE(log_has("of its budget of 4 s count as used, by what was kept of it"));
	worst_ns = worst_on_ns(SIM_PANEL, SIM_DOSE, begin_ns, WINDOW_MS * MS);
	EXPECT_GE(doses, 2);
	EXPECT_GT(worst_ns, 100 * MS);
	harness_note("%u doses in %d brown-outs", doses, BROWN_OUTS);
	hazard("H36", "6 brown-outs of a hydropond that doses", "dose-b on in the worst window over all boots",
	       worst_ns, BUDGET_MS * MS);
}

TEST_F_TIMEOUT(keep, a_latch_lasts_until_it_is_reset, 200)
{
	/* It runs out while it is on; max-on wants a command each 1.5 s. */
	for (int i = 0; i < 100 && !(dose_info().latched & HYDROPON_LATCH_BUDGET); i++) {
		ctl("set dose-b on --for 10m", 0);
		sleep_ms(500);
	}
	EXPECT_TRUE(dose_info().latched & HYDROPON_LATCH_BUDGET);
	sleep_ms(500);
	stop(self->pid, SIGKILL);
	forget();
	EXPECT_FALSE(dose_info().latched);
	self->pid = start();
	wait_restored();
	EXPECT_TRUE(dose_info().latched & HYDROPON_LATCH_BUDGET);
	EXPECT_TRUE(log_has("dose-b: it is latched as before"));
	sleep_ms(WINDOW_MS + 2000);
	ctl("reset dose-b", 0);
	EXPECT_FALSE(dose_info().latched);
	sleep_ms(500);
	stop(self->pid, SIGKILL);
	forget();
	self->pid = start();
	wait_restored();
	EXPECT_FALSE(dose_info().latched);
}
