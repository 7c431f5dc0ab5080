// SPDX-License-Identifier: GPL-2.0-only
/* Mains power: what is shed when it is lost, and for how long. In the virtual gateway power
 * must be stable for 10 s, on a farm for 30.
 */
#include "storm.h"

#define DEBOUNCE_MS 10
#define RESTORE_MS 10000
#define FLICKER_MS 600000
#define BEAT_NS (HYDROPON_BEAT_MS * MS)

FIXTURE(power) { struct controller c; int pump, valve; };

static void mains(bool good)
{
	EXPECT_EQ(sim_input_set(SIM_SOC, SIM_POWER_GOOD, good), 0);
}

FIXTURE_SETUP(power)
{
	good_wires();
	mains(true);
	/* It has not seen power flicker yet. */
	rebind("hydropon-gateway", "hydropon");
	power_is_good();
	controller_open(&self->c);
	self->pump = find_output(self->c.fd, "pump-a");
	self->valve = find_output(self->c.fd, "valve-b");
	run_ms(&self->c, 400);
}

FIXTURE_TEARDOWN(power)
{
	sim_pulses_set(SIM_SOC, SIM_POWER_GOOD, 0);
	controller_close(&self->c);
	mains(true);
	rebind("hydropon-gateway", "hydropon");
	wait_for_device();
}

static const struct shed_line { const char *output, *chip; unsigned int line; bool bus; } shed[] = {
	{ "pump-a", SIM_SOC, SIM_PUMP, false }, { "ph-down", SIM_SOC, SIM_PH_DOWN, false },
	{ "nutrient", SIM_SOC, SIM_NUTRIENT, false }, { "lights", SIM_SOC, SIM_LIGHTS, false },
	{ "valve-b", SIM_PANEL, SIM_VALVE, false }, { "fill", SIM_BUS, SIM_FILL, true },
};

#define SHED_N (sizeof(shed) / sizeof(shed[0]))

static void hold_all(struct fixture_power *self)
{
	for (size_t i = 0; i < SHED_N; i++)
		ASSERT_TRUE(hold(&self->c, find_output(self->c.fd, shed[i].output)));
	ASSERT_TRUE(hold(&self->c, find_output(self->c.fd, "air-a")));
	ASSERT_TRUE(hold(&self->c, find_output(self->c.fd, "circ-b")));
	run_ms(&self->c, 200);
}

TEST_F(power, its_loss_sheds_what_is_declared_and_nothing_else)
{
	uint64_t lost_ns;

	hold_all(self);
	lost_ns = clock_boot_ns();
	mains(false);
	run_ms(&self->c, 300);
	for (size_t i = 0; i < SHED_N; i++) {
		struct sim_transition off = last_transition(shed[i].chip, shed[i].line);
		char what[32];

		snprintf(what, sizeof(what), "%s off", shed[i].output);
		EXPECT_EQ(off.level, 0);
		EXPECT_GE(off.ns, lost_ns + DEBOUNCE_MS * MS);
		hazard("H5", "mains lost", what, (int64_t)(off.ns - lost_ns),
		       (DEBOUNCE_MS + 1 + (shed[i].bus ? 50 : 0)) * MS);
	}
	/* Their leases go on. */
	EXPECT_EQ(count_transitions(SIM_SOC, SIM_AIR, lost_ns), 0);
	EXPECT_EQ(count_transitions(SIM_PANEL, SIM_CIRC, lost_ns), 0);
	EXPECT_EQ(device_info(self->c.fd).shedding, 1);
	EXPECT_EQ(device_info(self->c.fd).sheds, 1);
	EXPECT_EQ(device_info(self->c.fd).shed_left_ms, 0);
	EXPECT_EQ(self->c.error[self->valve], EBUSY);
	EXPECT_EQ(told_cause(&self->c, self->valve, HYDROPON_CAUSE_SHED, lost_ns).value, 0);
}

/* A controller that wants the pump on all the time: when does it get it? */
static uint64_t pump_back_ns(struct fixture_power *self, uint64_t from_ns, long within_ms)
{
	self->c.wanted[self->pump] = true;
	run_ms(&self->c, within_ms);
	return first_transition(SIM_SOC, SIM_PUMP, true, from_ns).ns;
}

TEST_F_TIMEOUT(power, it_must_be_stable_before_anything_is_on_again, 60)
{
	uint64_t back_ns, on_ns;

	ASSERT_TRUE(hold(&self->c, self->pump));
	mains(false);
	run_ms(&self->c, 2000);
	mains(true);
	run_ms(&self->c, 9000);
	EXPECT_EQ(device_info(self->c.fd).shedding, 1);
	EXPECT_LE(device_info(self->c.fd).shed_left_ms, 1000);
	EXPECT_GE(device_info(self->c.fd).shed_left_ms, 900);
	/* too short to shed anew, and long enough to begin the wait anew */
	mains(false);
	sleep_ms(1);
	mains(true);
	back_ns = clock_boot_ns();
	on_ns = pump_back_ns(self, back_ns, RESTORE_MS + 500);
	EXPECT_GE(on_ns, back_ns + RESTORE_MS * MS);
	hazard("H24", "power returns after a flicker, 10 s to be stable", "pump-a may be on again",
	       (int64_t)(on_ns - back_ns), RESTORE_MS * MS + 2 * BEAT_NS);
	EXPECT_EQ(count_transitions(SIM_SOC, SIM_PUMP, back_ns), 1);
}

/* Power is lost so many times, each time for longer than the debounce. */
static uint64_t flicker(struct fixture_power *self, int times)
{
	for (int i = 0; i < times; i++) {
		mains(false);
		run_ms(&self->c, 60);
		EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 0);
		mains(true);
		run_ms(&self->c, 60);
	}
	mains(true);
	return clock_boot_ns();
}

TEST_F_TIMEOUT(power, nine_flickers_hold_the_shed_no_longer, 60)
{
	uint64_t back_ns, on_ns;

	ASSERT_TRUE(hold(&self->c, self->pump));
	back_ns = flicker(self, 9) - 60 * MS;
	on_ns = pump_back_ns(self, back_ns, RESTORE_MS + 500);
	EXPECT_LE(on_ns, back_ns + RESTORE_MS * MS + 2 * BEAT_NS);
}

TEST_F_TIMEOUT(power, ten_flickers_hold_the_shed_for_ten_minutes, 900)
{
	static const char *const samplers[] = { "hydropon:probe-a", "hydropon:probe-b",
						"hydropon:probe-c", "hydropon:light" };
	uint64_t back_ns, on_ns;
	uint32_t left_ms;

	ASSERT_TRUE(hold(&self->c, self->pump));
	back_ns = flicker(self, 10) - 60 * MS;
	left_ms = device_info(self->c.fd).shed_left_ms;
	EXPECT_LE(left_ms, FLICKER_MS);
	EXPECT_GE(left_ms, FLICKER_MS - 200);
	/* Ten minutes are long: nothing is sampled meanwhile, and nobody asks for the pump. */
	for (size_t i = 0; i < 4; i++)
		unbind("hydropon-sampler", samplers[i]);
	controller_close(&self->c);
	sleep_ms(FLICKER_MS - 2000);
	controller_open(&self->c);
	EXPECT_EQ(device_info(self->c.fd).shedding, 1);
	on_ns = pump_back_ns(self, back_ns, 2500);
	EXPECT_GE(on_ns, back_ns + (FLICKER_MS - 1) * MS);
	hazard("H24", "ten flickers, 10 min to be stable", "pump-a may be on again",
	       (int64_t)(on_ns - back_ns), FLICKER_MS * MS + 2 * BEAT_NS);
	EXPECT_EQ(count_transitions(SIM_SOC, SIM_PUMP, back_ns), 1);
}

TEST_F(power, a_gateway_that_comes_up_on_battery_sheds_from_the_beginning)
{
	uint64_t begin_ns;

	controller_close(&self->c);
	unbind("hydropon-gateway", "hydropon");
	mains(false);
	begin_ns = clock_boot_ns();
	bind("hydropon-gateway", "hydropon");
	wait_for_device();
	controller_open(&self->c);
	EXPECT_EQ(device_info(self->c.fd).shedding, 1);
	self->c.wanted[self->pump] = true;
	self->c.wanted[self->valve] = true;
	run_ms(&self->c, 1000);
	EXPECT_EQ(self->c.error[self->pump], EBUSY);
	EXPECT_EQ(count_transitions(SIM_SOC, SIM_PUMP, begin_ns), 0);
	EXPECT_EQ(count_transitions(SIM_PANEL, SIM_VALVE, begin_ns), 0);
	/* what may run on the battery does */
	EXPECT_TRUE(hold(&self->c, find_output(self->c.fd, "air-a")));
}

TEST_F_TIMEOUT(power, a_power_good_line_in_a_storm_counts_as_lost, 60)
{
	int air = find_output(self->c.fd, "air-a"), circ = find_output(self->c.fd, "circ-b");
	struct sim_transition off;
	struct hydropon_record fault;
	uint64_t begin_ns, end_ns, on_ns;
	long long interrupts;

	hold_all(self);
	interrupts = count_interrupts("hydropon0");
	begin_ns = clock_boot_ns();
	set_storm(SIM_SOC, SIM_POWER_GOOD, STORM_HZ_MILLI);
	run_until(&self->c, begin_ns + 3000 * MS);
	interrupts = count_interrupts("hydropon0") - interrupts;
	EXPECT_GE(interrupts, 20);
	hazard_count("H35", "20 kHz on power-good for 3 s", "interrupts", interrupts, 100);
	off = last_transition(SIM_SOC, SIM_PUMP);
	EXPECT_EQ(off.level, 0);
	EXPECT_EQ(line_level(SIM_PANEL, SIM_VALVE), 0);
	hazard("H35", "20 kHz on power-good", "pump-a shed", (int64_t)(off.ns - begin_ns),
	       DEBOUNCE_MS * MS + 5 * MS);
	fault = told(&self->c, HYDROPON_REC_FAULT, 0, begin_ns);
	EXPECT_EQ(fault.flags, HYDROPON_FAULT_POWER_STORM);
	EXPECT_EQ(fault.value, 1);
	EXPECT_EQ(count_told(&self->c, HYDROPON_REC_FAULT, 0, begin_ns), 1);
	EXPECT_EQ(device_info(self->c.fd).power_storm, 1);
	EXPECT_EQ(device_info(self->c.fd).power_good, 0);
	/* once a beat at the most */
	EXPECT_LE(count_told(&self->c, HYDROPON_REC_POWER, 0, begin_ns), 31);
	EXPECT_EQ(count_transitions(SIM_SOC, SIM_AIR, begin_ns), 0);
	EXPECT_EQ(count_transitions(SIM_PANEL, SIM_CIRC, begin_ns), 0);
	EXPECT_EQ(self->c.error[air], 0);
	EXPECT_EQ(self->c.error[circ], 0);

	set_storm(SIM_SOC, SIM_POWER_GOOD, 0);
	mains(true);
	end_ns = clock_boot_ns();
	on_ns = pump_back_ns(self, end_ns, RESTORE_MS + STORM_OVER_MS + 500);
	fault = told(&self->c, HYDROPON_REC_FAULT, 0, end_ns);
	EXPECT_EQ(fault.value, 0);
	hazard("H35", "20 kHz on power-good", "over by itself", (int64_t)(fault.time_ns - end_ns),
	       STORM_OVER_MS * MS);
	EXPECT_GE(on_ns, end_ns + RESTORE_MS * MS);
	EXPECT_LE(on_ns, fault.time_ns + RESTORE_MS * MS + 2 * BEAT_NS);
}
