// SPDX-License-Identifier: GPL-2.0-only
/* The auxiliary contact of a relay, and the master contactor. valve-b is supplied through it;
 * circ-b is declared on, so that its weld is where it is meant to be.
 */
#include "controller.h"

#define FEEDBACK_MS 500
#define BOUND_NS ((FEEDBACK_MS + HYDROPON_BEAT_MS) * MS)

FIXTURE(feedback) { struct controller c; int valve, circ, pump; };

FIXTURE_SETUP(feedback)
{
	good_wires();
	power_is_good();
	rebind("hydropon-output", "hydropon:valve-b");
	rebind("hydropon-output", "hydropon:circ-b");
	controller_open(&self->c);
	self->valve = find_output(self->c.fd, "valve-b");
	self->circ = find_output(self->c.fd, "circ-b");
	self->pump = find_output(self->c.fd, "pump-a");
	ASSERT_TRUE(hold(&self->c, self->pump));
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_MASTER), 1);
}

FIXTURE_TEARDOWN(feedback)
{
	uint32_t valve = (uint32_t)self->valve;

	sim_write("gpio-panel/stuck9", 0);
	sim_write("gpio-panel/stuck4", 0);
	run_ms(&self->c, 200);
	ioctl(self->c.fd, HYDROPON_IOC_RESET, &valve);
	controller_close(&self->c);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_MASTER), 1);
}

static struct hydropon_output_info valve_info(const struct fixture_feedback *self)
{
	return output_info(self->c.fd, (uint32_t)self->valve);
}

static void expect_fault(struct fixture_feedback *self, int output, int fault, bool begins,
			 uint64_t from_ns, int64_t within_ns)
{
	struct hydropon_record record = told(&self->c, HYDROPON_REC_FAULT, output, from_ns);

	EXPECT_EQ(record.flags, fault);
	EXPECT_EQ(record.value, begins);
	EXPECT_LE(record.time_ns, from_ns + (uint64_t)within_ns);
}

TEST_F(feedback, says_what_the_relay_does)
{
	EXPECT_EQ(valve_info(self).feedback, 0);
	ASSERT_TRUE(hold(&self->c, self->valve));
	EXPECT_EQ(valve_info(self).feedback, 1);
	EXPECT_EQ(output_info(self->c.fd, (uint32_t)self->circ).feedback, 1);
	EXPECT_EQ(output_info(self->c.fd, (uint32_t)self->pump).feedback, HYDROPON_NO_FEEDBACK);
	run_ms(&self->c, 1000);
	EXPECT_EQ(valve_info(self).faults, 0);
}

TEST_F(feedback, a_weld_opens_the_master_contactor_until_a_person_resets_it)
{
	uint32_t valve = (uint32_t)self->valve;
	struct sim_transition off, open;
	uint64_t pump_ns, free_ns;

	ASSERT_TRUE(hold(&self->c, self->valve));
	run_ms(&self->c, 300);
	pump_ns = clock_boot_ns();
	sim_write("gpio-panel/stuck9", 1);
	self->c.wanted[self->valve] = false;
	let_go(&self->c, self->valve);
	off = last_transition(SIM_PANEL, SIM_VALVE);
	EXPECT_EQ(off.level, 0);
	run_ms(&self->c, 1000);
	open = last_transition(SIM_PANEL, SIM_MASTER);
	EXPECT_EQ(open.level, 0);
	EXPECT_GE(open.ns, off.ns + FEEDBACK_MS * MS);
	hazard("H27", "a relay stays on when it is told off", "master contactor open",
	       (int64_t)(open.ns - off.ns), BOUND_NS);
	expect_fault(self, self->valve, HYDROPON_FAULT_WELDED, true, off.ns, BOUND_NS);
	EXPECT_EQ(told_cause(&self->c, self->valve, HYDROPON_CAUSE_WELDED, off.ns).value, 0);
	EXPECT_EQ(valve_info(self).latched, HYDROPON_LATCH_WELDED);
	EXPECT_EQ(valve_info(self).faults, 1 << HYDROPON_FAULT_WELDED);
	EXPECT_EQ(device_info(self->c.fd).master, 0);
	EXPECT_EQ(lease(self->c.fd, self->valve, true, 2000), EBUSY);
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_RESET, &valve), EBUSY);
	/* Nobody else is touched. */
	EXPECT_EQ(count_transitions(SIM_SOC, SIM_PUMP, pump_ns), 0);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_CIRC), 1);

	/* It stays open when the relay is loose again, and the controller is another. */
	free_ns = clock_boot_ns();
	sim_write("gpio-panel/stuck9", 0);
	run_ms(&self->c, 300);
	expect_fault(self, self->valve, HYDROPON_FAULT_WELDED, false, free_ns, HYDROPON_BEAT_MS * MS);
	controller_close(&self->c);
	controller_open(&self->c);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_MASTER), 0);
	EXPECT_EQ(valve_info(self).faults, 0);
	EXPECT_EQ(lease(self->c.fd, self->valve, true, 2000), EBUSY);
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_RESET, &valve), 0);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_MASTER), 1);
	EXPECT_EQ(device_info(self->c.fd).master, 1);
	EXPECT_TRUE(hold(&self->c, self->valve));
}

TEST_F(feedback, a_relay_that_is_slow_is_not_welded)
{
	uint64_t off_ns;

	ASSERT_TRUE(hold(&self->c, self->valve));
	sim_write("gpio-panel/stuck9", 1);
	self->c.wanted[self->valve] = false;
	let_go(&self->c, self->valve);
	off_ns = clock_boot_ns();
	run_ms(&self->c, FEEDBACK_MS - 50);
	sim_write("gpio-panel/stuck9", 0);
	run_ms(&self->c, 500);
	EXPECT_EQ(count_told(&self->c, HYDROPON_REC_FAULT, self->valve, off_ns), 0);
	EXPECT_EQ(valve_info(self).latched, 0);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_MASTER), 1);
}

TEST_F(feedback, a_relay_that_does_not_close_is_an_alarm_and_no_more)
{
	struct sim_transition on;

	sim_write("gpio-panel/stuck9", 1);
	ASSERT_TRUE(hold(&self->c, self->valve));
	on = last_transition(SIM_PANEL, SIM_VALVE);
	run_ms(&self->c, 1000);
	expect_fault(self, self->valve, HYDROPON_FAULT_NOT_CLOSING, true, on.ns, BOUND_NS);
	EXPECT_EQ(count_transitions(SIM_PANEL, SIM_VALVE, on.ns), 1);
	EXPECT_EQ(self->c.error[self->valve], 0);
	EXPECT_EQ(valve_info(self).latched, 0);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_MASTER), 1);
	sim_write("gpio-panel/stuck9", 0);
	run_ms(&self->c, 200);
	EXPECT_EQ(valve_info(self).faults, 0);
}

TEST_F(feedback, a_weld_of_an_output_that_is_declared_on_is_an_alarm_and_no_more)
{
	struct sim_transition off;

	sim_write("gpio-panel/stuck4", 1);
	ASSERT_TRUE(hold(&self->c, self->circ));
	off = last_transition(SIM_PANEL, SIM_CIRC);
	EXPECT_EQ(off.level, 0);
	run_ms(&self->c, 1000);
	expect_fault(self, self->circ, HYDROPON_FAULT_WELDED, true, off.ns, BOUND_NS);
	EXPECT_EQ(count_transitions(SIM_PANEL, SIM_CIRC, off.ns), 1);
	EXPECT_EQ(output_info(self->c.fd, (uint32_t)self->circ).latched, 0);
	EXPECT_EQ(self->c.error[self->circ], 0);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_MASTER), 1);
}

TEST_F(feedback, somebody_else_who_opens_the_valve_is_cut_off)
{
	struct sim_transition open;
	uint64_t other_ns;

	/* A second controller drives the relay: ours is off. */
	run_ms(&self->c, 500);
	other_ns = clock_boot_ns();
	EXPECT_EQ(sim_input_set(SIM_PANEL, SIM_VALVE_FEEDBACK, true), 0);
	run_ms(&self->c, 1000);
	open = last_transition(SIM_PANEL, SIM_MASTER);
	EXPECT_EQ(open.level, 0);
	EXPECT_GE(open.ns, other_ns + FEEDBACK_MS * MS);
	hazard("H34", "another master switches the valve on", "master contactor open",
	       (int64_t)(open.ns - other_ns), BOUND_NS);
	expect_fault(self, self->valve, HYDROPON_FAULT_WELDED, true, other_ns, BOUND_NS);
	EXPECT_EQ(valve_info(self).latched, HYDROPON_LATCH_WELDED);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_VALVE), 0);
	EXPECT_EQ(sim_input_set(SIM_PANEL, SIM_VALVE_FEEDBACK, false), 0);
}

TEST_F(feedback, a_weld_that_was_kept_opens_the_master_contactor_again)
{
	uint32_t valve = (uint32_t)self->valve;

	controller_close(&self->c);
	rebind("hydropon-output", "hydropon:valve-b");
	controller_take_over(&self->c, O_NONBLOCK);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_MASTER), 1);
	EXPECT_EQ(restore(self->c.fd, valve, HYDROPON_LATCH_WELDED), 0);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_MASTER), 0);
	EXPECT_EQ(valve_info(self).cause, HYDROPON_CAUSE_WELDED);
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_RESET, &valve), 0);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_MASTER), 1);
}

TEST_F(feedback, a_weld_is_seen_without_a_controller)
{
	uint64_t off_ns;

	ASSERT_TRUE(hold(&self->c, self->valve));
	sim_write("gpio-panel/stuck9", 1);
	off_ns = clock_boot_ns();
	controller_close(&self->c);
	sleep_ms(800);
	EXPECT_EQ(last_transition(SIM_PANEL, SIM_MASTER).level, 0);
	hazard("H27", "a relay stays on when its controller dies", "master contactor open",
	       (int64_t)(last_transition(SIM_PANEL, SIM_MASTER).ns - off_ns), BOUND_NS);
	controller_open(&self->c);
}
