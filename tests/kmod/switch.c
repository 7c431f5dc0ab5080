// SPDX-License-Identifier: GPL-2.0-only
/* The operator's switch of an output: hold to run, locked off, and what is broken. */
#include "storm.h"

#define DEBOUNCE_MS 50
#define BOUND_NS (10 * MS)
#define MAX_ON_MS 1500		/* of dose-b */
#define BUDGET_MS 4000
#define WINDOW_MS 20000

FIXTURE(switch) { struct controller c; int dose, circ, pump; uint64_t begin_ns; };

static void contact(unsigned int line, bool closed)
{
	EXPECT_EQ(sim_input_set(SIM_PANEL, line, closed), 0);
}

FIXTURE_SETUP(switch)
{
	good_wires();
	power_is_good();
	rebind("hydropon-output", "hydropon:dose-b");
	self->begin_ns = clock_boot_ns();
	controller_open(&self->c);
	self->dose = find_output(self->c.fd, "dose-b");
	self->circ = find_output(self->c.fd, "circ-b");
	self->pump = find_output(self->c.fd, "pump-a");
	run_ms(&self->c, 400);
}

FIXTURE_TEARDOWN(switch)
{
	for (unsigned int line = SIM_CIRC_ON; line <= SIM_DOSE_OFF; line++) {
		if (line == SIM_CIRC_FEEDBACK || line == SIM_DOSE)
			continue;
		sim_pulses_set(SIM_PANEL, line, 0);
		contact(line, false);
	}
	controller_close(&self->c);
	sleep_ms(100);
}

static struct hydropon_output_info info(const struct fixture_switch *self, int output)
{
	return output_info(self->c.fd, (uint32_t)output);
}

static int dose_level(void)
{
	return sim_output_level(SIM_PANEL, SIM_DOSE);
}

TEST_F(switch, hold_to_run_is_on_after_its_debounce_and_off_at_once)
{
	uint64_t press_ns, release_ns;
	struct hydropon_record manual;

	press_ns = clock_boot_ns();
	contact(SIM_DOSE_ON, true);
	run_ms(&self->c, 300);
	EXPECT_EQ(dose_level(), 1);
	EXPECT_GE(last_transition(SIM_PANEL, SIM_DOSE).ns, press_ns + DEBOUNCE_MS * MS);
	EXPECT_LE(last_transition(SIM_PANEL, SIM_DOSE).ns, press_ns + DEBOUNCE_MS * MS + BOUND_NS);
	EXPECT_EQ(info(self, self->dose).cause, HYDROPON_CAUSE_MANUAL_ON);
	EXPECT_EQ(info(self, self->dose).manual, HYDROPON_MANUAL_ON);
	manual = told(&self->c, HYDROPON_REC_MANUAL, self->dose, press_ns);
	EXPECT_EQ(manual.value, HYDROPON_MANUAL_ON);
	release_ns = clock_boot_ns();
	contact(SIM_DOSE_ON, false);
	EXPECT_EQ(dose_level(), 0);
	EXPECT_LE(last_transition(SIM_PANEL, SIM_DOSE).ns, release_ns + BOUND_NS);
	run_ms(&self->c, 100);
	manual = told(&self->c, HYDROPON_REC_MANUAL, self->dose, release_ns);
	EXPECT_EQ(manual.value, HYDROPON_MANUAL_AUTO);
	EXPECT_EQ(info(self, self->dose).cause, HYDROPON_CAUSE_CLEARED);
}

TEST_F(switch, it_works_without_a_controller)
{
	controller_close(&self->c);
	contact(SIM_DOSE_ON, true);
	sleep_ms(100);
	EXPECT_EQ(dose_level(), 1);
	contact(SIM_DOSE_ON, false);
	EXPECT_EQ(dose_level(), 0);
	contact(SIM_CIRC_OFF, true);
	sleep_ms(100);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_CIRC), 0);
	contact(SIM_CIRC_OFF, false);
	sleep_ms(100);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_CIRC), 1);
}

TEST_F(switch, a_contact_that_bounces_switches_once)
{
	uint64_t press_ns = clock_boot_ns();

	for (int i = 0; i < 7; i++) {
		contact(SIM_DOSE_ON, !(i % 2));
		sleep_ms(3);
	}
	run_ms(&self->c, 200);
	EXPECT_EQ(dose_level(), 1);
	EXPECT_EQ(count_transitions(SIM_PANEL, SIM_DOSE, press_ns), 1);
	EXPECT_EQ(count_told(&self->c, HYDROPON_REC_MANUAL, self->dose, press_ns), 1);
	EXPECT_EQ(info(self, self->dose).faults, 0);
}

TEST_F(switch, locked_off_is_stronger_than_a_lease_and_what_was_judged_before_is_stale)
{
	uint64_t lock_ns;
	uint32_t before;

	ASSERT_TRUE(hold(&self->c, self->dose));
	lock_ns = clock_boot_ns();
	contact(SIM_DOSE_OFF, true);
	run_ms(&self->c, 300);
	EXPECT_EQ(dose_level(), 0);
	EXPECT_LE(last_transition(SIM_PANEL, SIM_DOSE).ns, lock_ns + DEBOUNCE_MS * MS + BOUND_NS);
	EXPECT_EQ(told_cause(&self->c, self->dose, HYDROPON_CAUSE_MANUAL_OFF, lock_ns).value, 0);
	EXPECT_EQ(self->c.error[self->dose], EBUSY);
	run_ms(&self->c, 500);
	before = (uint32_t)self->c.beat.value;
	self->c.wanted[self->dose] = false;
	contact(SIM_DOSE_OFF, false);
	sleep_ms(DEBOUNCE_MS + 10);
	EXPECT_EQ(info(self, self->dose).manual, HYDROPON_MANUAL_AUTO);
	EXPECT_EQ(set_output(self->c.fd, self->dose, true, before, 2000), ESTALE);
	EXPECT_EQ(dose_level(), 0);
	EXPECT_TRUE(hold(&self->c, self->dose));
}

TEST_F(switch, of_an_output_that_is_declared_on_beats_leases_too)
{
	ASSERT_TRUE(hold(&self->c, self->circ));
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_CIRC), 0);
	contact(SIM_CIRC_ON, true);
	run_ms(&self->c, 200);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_CIRC), 1);
	EXPECT_EQ(info(self, self->circ).cause, HYDROPON_CAUSE_MANUAL_ON);
	/* The lease goes on beside it. */
	contact(SIM_CIRC_ON, false);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_CIRC), 0);
	self->c.wanted[self->circ] = false;
	let_go(&self->c, self->circ);
	contact(SIM_CIRC_OFF, true);
	run_ms(&self->c, 200);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_CIRC), 0);
	EXPECT_EQ(info(self, self->circ).cause, HYDROPON_CAUSE_MANUAL_OFF);
}

TEST_F(switch, both_contacts_are_a_broken_wire_and_auto)
{
	struct hydropon_record fault;
	uint64_t broken_ns;

	ASSERT_TRUE(hold(&self->c, self->dose));
	broken_ns = clock_boot_ns();
	contact(SIM_DOSE_ON, true);
	contact(SIM_DOSE_OFF, true);
	run_ms(&self->c, 300);
	EXPECT_EQ(info(self, self->dose).faults, 1 << HYDROPON_FAULT_SWITCH);
	EXPECT_EQ(info(self, self->dose).manual, HYDROPON_MANUAL_AUTO);
	fault = told(&self->c, HYDROPON_REC_FAULT, self->dose, broken_ns);
	EXPECT_EQ(fault.flags, HYDROPON_FAULT_SWITCH);
	EXPECT_EQ(fault.value, 1);
	/* The controller has it. */
	EXPECT_EQ(count_transitions(SIM_PANEL, SIM_DOSE, broken_ns), 0);
	EXPECT_EQ(self->c.error[self->dose], 0);
	contact(SIM_DOSE_OFF, false);
	run_ms(&self->c, 200);
	EXPECT_EQ(info(self, self->dose).faults, 0);
	EXPECT_EQ(info(self, self->dose).manual, HYDROPON_MANUAL_ON);
}

/* On-time of the doser since @from_ns, no window. */
static int64_t longest_on_ns(uint64_t from_ns, int64_t *sum_ns)
{
	struct sim_transition *all;
	int64_t longest_ns = 0;
	uint64_t on_ns = 0;
	size_t n;

	*sum_ns = 0;
	if (sim_record_read(SIM_PANEL, &all, &n))
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (all[i].line != SIM_DOSE || all[i].ns < from_ns)
			continue;
		if (all[i].level) {
			on_ns = all[i].ns;
		} else if (on_ns) {
			int64_t lasted_ns = (int64_t)(all[i].ns - on_ns);

			*sum_ns += lasted_ns;
			longest_ns = lasted_ns > longest_ns ? lasted_ns : longest_ns;
		}
	}
	free(all);
	return longest_ns;
}

TEST_F_TIMEOUT(switch, a_switch_that_is_forgotten_at_on_passes_no_limit, 60)
{
	uint64_t press_ns = clock_boot_ns();
	int64_t longest_ns, sum_ns;

	contact(SIM_DOSE_ON, true);
	run_ms(&self->c, 30000);
	EXPECT_EQ(dose_level(), 0);
	EXPECT_EQ(info(self, self->dose).cause, HYDROPON_CAUSE_MAX_ON);
	EXPECT_EQ(count_transitions(SIM_PANEL, SIM_DOSE, press_ns), 2);
	longest_ns = longest_on_ns(press_ns, &sum_ns);
	EXPECT_GE(longest_ns, (MAX_ON_MS - 1) * MS);
	hazard("H22", "the switch of a doser forgotten at ON", "dose-b on", longest_ns,
	       MAX_ON_MS * MS + BOUND_NS);
	/* Pressed again and again, by someone who means it. */
	contact(SIM_DOSE_ON, false);
	run_ms(&self->c, 500);
	press_ns = clock_boot_ns();
	for (int i = 0; i < 9; i++) {
		contact(SIM_DOSE_ON, true);
		run_ms(&self->c, 1200);
		contact(SIM_DOSE_ON, false);
		run_ms(&self->c, 200);
	}
	longest_on_ns(press_ns, &sum_ns);
	EXPECT_GE(sum_ns, (BUDGET_MS - 2) * MS);
	EXPECT_EQ(info(self, self->dose).latched, HYDROPON_LATCH_BUDGET);
	hazard("H22", "the switch of a doser pressed 9 times", "dose-b on in the window", sum_ns,
	       BUDGET_MS * MS + BOUND_NS);
}

TEST_F(switch, an_override_that_nobody_renews_ends_with_its_lease)
{
	struct hydropon_record beat;
	struct sim_transition off;

	ASSERT_TRUE(hold(&self->c, self->pump));
	run_ms(&self->c, 1000);
	beat = self->c.beat;
	self->c.wanted[self->pump] = false;
	run_ms(&self->c, 2200);
	off = last_transition(SIM_SOC, SIM_PUMP);
	EXPECT_EQ(off.level, 0);
	hazard("H22", "an override of the controller forgotten, lease 2 s", "pump-a off",
	       (int64_t)(off.ns - beat.time_ns), 2000 * MS + BOUND_NS);
}

/* Others go on as they are, at their full rates. */
static void expect_unharmed(struct fixture_switch *self, uint64_t begin_ns,
			    const unsigned int *before, long ms)
{
	static const char *const names[] = { "ph-a", "level-a", "ec-a", "water-a", "light-a" };
	double worst = 100;

	for (size_t i = 0; i < 5; i++) {
		struct hydropon_channel_info channel = channel_info(self->c.fd, names[i]);
		unsigned int wanted = (unsigned int)ms / channel.interval_ms;
		double share = 100.0 * (self->c.samples[channel.index] - before[channel.index]) / wanted;

		worst = share < worst ? share : worst;
	}
	hazard_share("H20", "20 kHz on the contact of a switch", "readings of the worst channel",
		     worst, 95);
	EXPECT_EQ(count_transitions(SIM_SOC, SIM_PUMP, begin_ns), 0);
	EXPECT_EQ(count_transitions(SIM_PANEL, SIM_CIRC, begin_ns), 0);
	EXPECT_EQ(self->c.error[self->pump], 0);
	EXPECT_EQ(self->c.error[self->circ], 0);
}

static void storm_on(struct fixture_switch *self, unsigned int line, bool leased)
{
	unsigned int before[HYDROPON_MAX_CHANNELS];
	struct hydropon_record fault;
	uint64_t begin_ns, end_ns;
	const long ms = 3000;
	long long interrupts;

	ASSERT_TRUE(hold(&self->c, self->pump));
	ASSERT_TRUE(hold(&self->c, self->circ));
	self->c.wanted[self->dose] = leased;
	run_ms(&self->c, 300);
	memcpy(before, self->c.samples, sizeof(before));
	interrupts = count_interrupts("dose-b");
	begin_ns = clock_boot_ns();
	set_storm(SIM_PANEL, line, STORM_HZ_MILLI);
	run_until(&self->c, begin_ns + (uint64_t)ms * MS);
	/* Of 120 000 edges; a mask lasts for a second. */
	interrupts = count_interrupts("dose-b") - interrupts;
	EXPECT_GE(interrupts, 20);
	hazard_count("H35", line == SIM_DOSE_ON ? "20 kHz on the ON contact for 3 s" :
						  "20 kHz on the OFF contact for 3 s",
		     "interrupts", interrupts, 100);
	/* Auto: off without a lease, and at its limit with one. */
	EXPECT_EQ(info(self, self->dose).manual, HYDROPON_MANUAL_AUTO);
	EXPECT_EQ(info(self, self->dose).faults, 1 << HYDROPON_FAULT_SWITCH_STORM);
	EXPECT_EQ(count_transitions(SIM_PANEL, SIM_DOSE, begin_ns), leased);
	EXPECT_EQ(count_told(&self->c, HYDROPON_REC_MANUAL, self->dose, begin_ns), 0);
	EXPECT_EQ(count_told(&self->c, HYDROPON_REC_FAULT, self->dose, begin_ns), 1);
	fault = told(&self->c, HYDROPON_REC_FAULT, self->dose, begin_ns);
	EXPECT_EQ(fault.flags, HYDROPON_FAULT_SWITCH_STORM);
	EXPECT_EQ(fault.value, 1);
	hazard("H35", line == SIM_DOSE_ON ? "20 kHz on the ON contact" : "20 kHz on the OFF contact",
	       "the storm told", (int64_t)(fault.time_ns - begin_ns), HYDROPON_BEAT_MS * MS);
	expect_unharmed(self, begin_ns, before, ms);

	end_ns = clock_boot_ns();
	set_storm(SIM_PANEL, line, 0);
	contact(line, false);
	run_ms(&self->c, STORM_OVER_MS + 200);
	fault = told(&self->c, HYDROPON_REC_FAULT, self->dose, end_ns);
	EXPECT_EQ(fault.value, 0);
	hazard("H35", line == SIM_DOSE_ON ? "20 kHz on the ON contact" : "20 kHz on the OFF contact",
	       "over by itself", (int64_t)(fault.time_ns - end_ns), STORM_OVER_MS * MS);
	EXPECT_EQ(info(self, self->dose).faults, 0);
	/* and the switch works again */
	contact(SIM_DOSE_OFF, true);
	run_ms(&self->c, 100);
	EXPECT_EQ(info(self, self->dose).manual, HYDROPON_MANUAL_OFF);
}

TEST_F(switch, an_on_contact_in_a_storm_runs_nothing)
{
	storm_on(self, SIM_DOSE_ON, false);
}

TEST_F(switch, an_off_contact_in_a_storm_stops_nothing)
{
	storm_on(self, SIM_DOSE_OFF, true);
}
