// SPDX-License-Identifier: GPL-2.0-only
/* The limits of the wired equipment: max-on, min-off and the budget of a doser. They hold
 * whatever the controller wants, and whoever it is.
 */
#include <sys/timex.h>

#include "interlocks.h"

#define MAX_ON_MS 1500
#define MIN_OFF_MS 300
#define BUDGET_MS 4000
#define WINDOW_MS 20000
#define EXACT_NS (10 * MS)

FIXTURE(limits) { struct controller c; int dose; uint64_t begin_ns; };

static void new_dose(void)
{
	rebind("hydropon-output", "hydropon:dose-b");
}

FIXTURE_SETUP(limits)
{
	good_wires();
	power_is_good();
	new_dose();
	self->begin_ns = clock_boot_ns();
	controller_take_over(&self->c, O_NONBLOCK);
	self->dose = find_output(self->c.fd, "dose-b");
}

FIXTURE_TEARDOWN(limits)
{
	controller_close(&self->c);
	new_dose();
}

static struct hydropon_output_info dose_info(const struct fixture_limits *self)
{
	return output_info(self->c.fd, (uint32_t)self->dose);
}

static int64_t worst_window_ns(uint64_t from_ns)
{
	return worst_on_ns(SIM_PANEL, SIM_DOSE, from_ns, WINDOW_MS * MS);
}

/* A controller that wants the doser on for ever, and takes every way that there is. */
static void insist(struct fixture_limits *self, long ms)
{
	uint64_t end_ns = clock_boot_ns() + (uint64_t)ms * MS;
	uint32_t index = (uint32_t)self->dose;

	self->c.wanted[self->dose] = true;
	while (clock_boot_ns() < end_ns) {
		run_ms(&self->c, 20);
		if (self->c.error[self->dose] == ETIME)
			let_go(&self->c, self->dose);
		else if (self->c.error[self->dose] == EDQUOT)
			ioctl(self->c.fd, HYDROPON_IOC_RESET, &index);
	}
}

TEST_F(limits, max_on_ends_a_lease_that_is_renewed_until_the_next_command)
{
	struct sim_transition on, off;
	struct hydropon_record told_off;

	arm(self->c.fd);
	ASSERT_TRUE(hold(&self->c, self->dose));
	run_ms(&self->c, MAX_ON_MS + 500);
	on = first_transition(SIM_PANEL, SIM_DOSE, true, self->begin_ns);
	off = first_transition(SIM_PANEL, SIM_DOSE, false, on.ns);
	EXPECT_GE(off.ns - on.ns, MAX_ON_MS * MS - MS);
	hazard("H17", "a lease renewed past max-on of 1500 ms", "dose-b off",
	       (int64_t)(off.ns - on.ns), MAX_ON_MS * MS + EXACT_NS);
	told_off = told(&self->c, HYDROPON_REC_OUTPUT, self->dose, on.ns);
	EXPECT_EQ(told_off.aux, HYDROPON_CAUSE_MAX_ON);
	EXPECT_EQ(told_off.value, 0);
	EXPECT_LE(told_off.time_ns, off.ns);

	/* Nothing but a command counts: not a renewal, and not the time that passes. */
	EXPECT_EQ(self->c.error[self->dose], ETIME);
	run_ms(&self->c, 2000);
	EXPECT_EQ(self->c.error[self->dose], ETIME);
	EXPECT_EQ(count_transitions(SIM_PANEL, SIM_DOSE, on.ns), 2);
	let_go(&self->c, self->dose);
	EXPECT_EQ(dose_info(self).cause, HYDROPON_CAUSE_CLEARED);
	ASSERT_TRUE(hold(&self->c, self->dose));
	EXPECT_EQ(line_level(SIM_PANEL, SIM_DOSE), 1);
}

/* A crash loop: each controller wants it on, and none lets go of it. */
TEST_F_TIMEOUT(limits, max_on_outlasts_the_controllers_that_reach_it, 30)
{
	uint32_t index = (uint32_t)self->dose;
	struct sim_transition off;

	arm(self->c.fd);
	ASSERT_TRUE(hold(&self->c, self->dose));
	run_ms(&self->c, MAX_ON_MS + 200);
	EXPECT_EQ(self->c.error[self->dose], ETIME);
	off = last_transition(SIM_PANEL, SIM_DOSE);
	EXPECT_EQ(off.level, 0);
	for (int i = 0; i < 5; i++) {
		controller_close(&self->c);
		EXPECT_EQ(line_level(SIM_PANEL, SIM_DOSE), 0);
		sleep_ms(MIN_OFF_MS);
		controller_open(&self->c);
		EXPECT_EQ(dose_info(self).cause, HYDROPON_CAUSE_MAX_ON);
		EXPECT_EQ(lease(self->c.fd, self->dose, true, 2000), ETIME);
		self->c.wanted[self->dose] = true;
		run_ms(&self->c, 500);
		EXPECT_EQ(self->c.error[self->dose], ETIME);
	}
	EXPECT_EQ(count_transitions(SIM_PANEL, SIM_DOSE, off.ns), 1);

	hazard("H17", "5 controllers that die after max-on of 1500 ms, and want it on", "dose-b on",
	       worst_window_ns(self->begin_ns), MAX_ON_MS * MS + EXACT_NS);

	/* A new table of interlocks, and a reset, are none of its commands either. */
	load(&self->c, NULL, 0);
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_RESET, &index), 0);
	run_ms(&self->c, 500);
	EXPECT_EQ(self->c.error[self->dose], ETIME);
	EXPECT_EQ(count_transitions(SIM_PANEL, SIM_DOSE, off.ns), 1);

	let_go(&self->c, self->dose);
	EXPECT_EQ(dose_info(self).cause, HYDROPON_CAUSE_CLEARED);
	ASSERT_TRUE(hold(&self->c, self->dose));
	EXPECT_EQ(line_level(SIM_PANEL, SIM_DOSE), 1);
}

TEST_F(limits, a_pause_is_never_shorter_than_min_off)
{
	uint64_t off_ns, since_ns = self->begin_ns;
	int early = 0;

	/* Counted from probe as well: the relay may have been on until then. */
	arm(self->c.fd);
	for (int i = 0; i < 3; i++) {
		off_ns = i ? last_transition(SIM_PANEL, SIM_DOSE).ns : since_ns;
		self->c.wanted[self->dose] = true;
		self->c.error[self->dose] = EAGAIN;
		while (self->c.error[self->dose]) {
			turn(&self->c, 10);
			early += self->c.error[self->dose] == EAGAIN;
			ASSERT_LE(clock_boot_ns(), off_ns + 1000 * MS);
		}
		EXPECT_GE(last_transition(SIM_PANEL, SIM_DOSE).ns, off_ns + MIN_OFF_MS * MS - 20 * MS * !i);
		EXPECT_LE(last_transition(SIM_PANEL, SIM_DOSE).ns,
			  off_ns + (MIN_OFF_MS + 2 * HYDROPON_BEAT_MS) * MS);
		run_ms(&self->c, 200);
		let_go(&self->c, self->dose);
		self->c.wanted[self->dose] = false;
	}
	EXPECT_GE(early, 3);
}

TEST_F_TIMEOUT(limits, a_budget_is_exact_over_every_window, 90)
{
	uint64_t first_on_ns;
	uint32_t index = (uint32_t)self->dose;
	int64_t used_ns;

	arm(self->c.fd);
	EXPECT_EQ(dose_info(self).budget_left_ms, BUDGET_MS);
	insist(self, 8000);
	/* Spent, off and latched. */
	first_on_ns = first_transition(SIM_PANEL, SIM_DOSE, true, self->begin_ns).ns;
	used_ns = worst_window_ns(self->begin_ns);
	EXPECT_GE(used_ns, (BUDGET_MS - 2) * MS);
	hazard("H15", "a controller that wants to dose for ever", "dose-b on in the first window",
	       used_ns, BUDGET_MS * MS + EXACT_NS);
	EXPECT_EQ(self->c.error[self->dose], EDQUOT);
	EXPECT_EQ(told_cause(&self->c, self->dose, HYDROPON_CAUSE_BUDGET, first_on_ns).value, 0);
	EXPECT_EQ(dose_info(self).latched, HYDROPON_LATCH_BUDGET);
	EXPECT_EQ(dose_info(self).budget_left_ms, 0);
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_RESET, &index), EBUSY);

	/* Until the first dose leaves the window; then its latch is still there. */
	self->c.wanted[self->dose] = false;
	run_until(&self->c, first_on_ns + (WINDOW_MS - 10) * MS);
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_RESET, &index), EBUSY);
	run_until(&self->c, first_on_ns + (WINDOW_MS + 10) * MS);
	EXPECT_EQ(dose_info(self).latched, HYDROPON_LATCH_BUDGET);
	EXPECT_EQ(dose_info(self).cause, HYDROPON_CAUSE_BUDGET);
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_RESET, &index), 0);
	EXPECT_EQ(dose_info(self).latched, 0);
	EXPECT_EQ(line_level(SIM_PANEL, SIM_DOSE), 0);
}

/* Ten years ahead or back. */
static void step_clock(int years)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	now.tv_sec += years * 365LL * 86400;
	EXPECT_EQ(clock_settime(CLOCK_REALTIME, &now), 0);
}

TEST_F_TIMEOUT(limits, a_budget_survives_controllers_and_clocks, 90)
{
	int64_t worst_ns;

	arm(self->c.fd);
	for (int i = 0; i < 12; i++) {
		insist(self, i % 3 * 1000 + 2500);
		controller_close(&self->c);
		if (i % 4 == 1)
			step_clock(i == 1 ? 10 : -10);
		controller_open(&self->c);
	}
	worst_ns = worst_window_ns(self->begin_ns);
	/* and what there is of it can be used */
	EXPECT_GE(worst_ns, (BUDGET_MS - 50) * MS);
	hazard("H15", "12 controllers and clock steps of 10 years", "dose-b on in the worst window",
	       worst_ns, BUDGET_MS * MS + EXACT_NS);
}

TEST_F(limits, nothing_is_armed_and_a_budget_counts_as_spent_until_its_restore)
{
	struct hydropon_output_info info;

	info = dose_info(self);
	EXPECT_EQ(info.restored, 0);
	EXPECT_EQ(info.budget_left_ms, 0);
	EXPECT_EQ(info.cause, HYDROPON_CAUSE_BUDGET);
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_ARM, NULL), EAGAIN);
	EXPECT_EQ(device_info(self->c.fd).armed, 0);
	EXPECT_EQ(lease(self->c.fd, self->dose, true, 2000), EPERM);
	/* A person's hand does not get it on either. */
	sim_write("gpio-panel/line6", 1);
	sleep_ms(200);
	EXPECT_EQ(dose_info(self).manual, HYDROPON_MANUAL_ON);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_DOSE), 0);
	sim_write("gpio-panel/line6", 0);
	sleep_ms(100);
	EXPECT_EQ(restore(self->c.fd, (uint32_t)self->dose, 0), 0);
	EXPECT_EQ(dose_info(self).budget_left_ms, BUDGET_MS);
	arm(self->c.fd);
	EXPECT_TRUE(hold(&self->c, self->dose));
}

TEST_F(limits, what_was_kept_is_taken_off_the_budget)
{
	struct hydropon_restore kept = {
		.output = (uint32_t)self->dose, .uses_n = 3,
		/* the oldest has left the window, but for its last second */
		.uses = { { 25000, 4000 }, { 19000, 3000 }, { 500, 2000 } },
	};
	struct sim_transition on, off;
	uint64_t restored_ns;
	int64_t left_ms, since_ms;

	restored_ns = clock_boot_ns();
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_RESTORE, &kept), 0);
	left_ms = dose_info(self).budget_left_ms;
	/* That last second is leaving meanwhile. */
	since_ms = (int64_t)(clock_boot_ns() - restored_ns) / MS + 1;
	EXPECT_GE(left_ms, BUDGET_MS - 1000 - 2000);
	EXPECT_LE(left_ms, BUDGET_MS - 1000 - 2000 + since_ms);
	EXPECT_LE(since_ms, 100);
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_RESTORE, &kept), EALREADY);
	EXPECT_LE(dose_info(self).budget_left_ms, BUDGET_MS - 1000 - 2000 + 200);
	arm(self->c.fd);
	/* A second later that one is gone as well. */
	run_ms(&self->c, 1100);
	EXPECT_EQ(dose_info(self).budget_left_ms, BUDGET_MS - 2000);
	insist(self, 4500);
	on = first_transition(SIM_PANEL, SIM_DOSE, true, self->begin_ns);
	off = first_transition(SIM_PANEL, SIM_DOSE, false, on.ns);
	EXPECT_GE(off.ns - on.ns, MAX_ON_MS * MS - MS);
	EXPECT_EQ(dose_info(self).latched, HYDROPON_LATCH_BUDGET);
	hazard("H15", "RESTORE says that 2000 ms were used", "dose-b on before it is latched",
	       worst_window_ns(self->begin_ns), (BUDGET_MS - 2000) * MS + EXACT_NS);
	EXPECT_GE(worst_window_ns(self->begin_ns), (BUDGET_MS - 2002) * MS);
}

TEST_F(limits, a_restore_that_makes_no_sense_changes_nothing)
{
	uint32_t output = (uint32_t)self->dose;
	struct hydropon_restore bad[] = {
		{ .output = output, .uses_n = HYDROPON_MAX_USES + 1 },
		{ .output = output, .reserved = 1 },
		{ .output = output, .latched = 1 << 3 },
		{ .output = output, .latched = 1u << 31 },
		{ .output = output, .uses_n = 2, .uses = { { 100, 10 }, { 101, 10 } } },
		{ .output = OUTPUTS },
		{ .output = UINT32_MAX },
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_RESTORE, &bad[i]), EINVAL);
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_RESTORE, (void *)8), EFAULT);
	EXPECT_EQ(dose_info(self).restored, 0);
	unbind("hydropon-output", "hydropon:dose-b");
	EXPECT_EQ(restore(self->c.fd, output, 0), ENODEV);
	bind("hydropon-output", "hydropon:dose-b");
}

TEST_F(limits, latches_that_were_kept_hold_until_their_reset)
{
	uint32_t circ = (uint32_t)find_output(self->c.fd, "circ-b"), dose = (uint32_t)self->dose;

	/* An output that is declared on, and was latched off. */
	rebind("hydropon-output", "hydropon:circ-b");
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_CIRC), 1);
	EXPECT_EQ(restore(self->c.fd, circ, HYDROPON_TRIP_OFF), 0);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_CIRC), 0);
	EXPECT_EQ(output_info(self->c.fd, circ).cause, HYDROPON_CAUSE_TRIP_OFF);
	EXPECT_EQ(output_info(self->c.fd, circ).latched, HYDROPON_TRIP_OFF);
	EXPECT_EQ(restore(self->c.fd, dose, HYDROPON_LATCH_BUDGET), 0);
	arm(self->c.fd);
	run_ms(&self->c, 500);
	EXPECT_EQ(lease(self->c.fd, self->dose, true, 2000), EDQUOT);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_CIRC), 0);
	/* What latched them is not there any more. */
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_RESET, &circ), 0);
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_RESET, &dose), 0);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_CIRC), 1);
	EXPECT_EQ(output_info(self->c.fd, circ).cause, HYDROPON_CAUSE_CLEARED);
	EXPECT_TRUE(hold(&self->c, self->dose));
}

/* What hydropond keeps on its disk of each dose, before it begins. */
struct reserved {
	uint64_t end_ns;
	uint32_t ms;
};

#define DOSE_MS 1000	/* the lease that it is given, so that no dose is longer */
#define BOOTS 30

static void restore_reserved(struct fixture_limits *self, const struct reserved *all, size_t n)
{
	struct hydropon_restore kept = { .output = (uint32_t)self->dose };
	uint64_t now_ns = clock_boot_ns();

	for (size_t i = n > HYDROPON_MAX_USES ? n - HYDROPON_MAX_USES : 0; i < n; i++) {
		struct hydropon_use *use = &kept.uses[kept.uses_n++];

		use->ago_ms = all[i].end_ns < now_ns ? (uint32_t)((now_ns - all[i].end_ns) / MS) : 0;
		use->used_ms = all[i].ms;
	}
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_RESTORE, &kept), 0);
}

TEST_F_TIMEOUT(limits, a_brown_out_loop_never_doses_beyond_the_cap, 90)
{
	struct reserved reserved[2 * BOOTS];
	unsigned int doses = 0, refusals = 0;
	int64_t worst_ns;
	size_t n = 0;

	controller_close(&self->c);
	for (int boot = 0; boot < BOOTS; boot++) {
		/* The guard and the controller know nothing any more but what was kept. */
		new_dose();
		controller_take_over(&self->c, O_NONBLOCK);
		self->c.lease_ms = DOSE_MS;
		restore_reserved(self, reserved, n);
		arm(self->c.fd);
		for (int dose = 0; dose < 2; dose++) {
			/* Reserved, and then begun; power is cut at any time of it. */
			reserved[n++] = (struct reserved){ clock_boot_ns() + 1500 * MS, DOSE_MS };
			self->c.error[self->dose] = EAGAIN;
			self->c.wanted[self->dose] = true;
			for (int i = 0; i < 80 && self->c.error[self->dose] == EAGAIN; i++)
				turn(&self->c, 10);
			self->c.wanted[self->dose] = false;
			doses += !self->c.error[self->dose];
			if (self->c.error[self->dose]) {
				refusals++;
				n--;
				run_ms(&self->c, 1000);
				break;
			}
			run_ms(&self->c, dose ? 100 + boot * 370 % 850 : 900);
			if (!dose)
				let_go(&self->c, self->dose);
		}
		controller_close(&self->c);
	}
	worst_ns = worst_window_ns(self->begin_ns);
	/* Without what was kept it would have been more. */
	EXPECT_GE(doses, 6);
	EXPECT_GE(refusals, 4);
	EXPECT_GE(worst_ns, 2000 * MS);
	harness_note("%u doses, %u refused in %d boots", doses, refusals, BOOTS);
	hazard("H36", "30 brown-outs while dosing", "dose-b on in the worst window over all boots",
	       worst_ns, BUDGET_MS * MS);
	new_dose();
	controller_take_over(&self->c, O_NONBLOCK);
}
