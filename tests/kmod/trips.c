// SPDX-License-Identifier: GPL-2.0-only
/* Interlocks as a farm has them: a probe out of water, a pump without flow, flow without a
 * pump.
 */
#include "interlocks.h"

#define TICK_MS 100		/* the interval of ec-a */
#define FLOW_MS 500		/* the interval of flow-a */
#define BEAT_NS (HYDROPON_BEAT_MS * MS)
#define GOOD_UV 800000
#define DRY_UV 50000		/* 0.1 mS/cm */
#define FLOW_HZ_MILLI 50000
#define NO_FLOW_HZ_MILLI 5000

FIXTURE(trips) { struct controller c; int pump, nutrient, heat, fill; uint32_t ec, flow; };

FIXTURE_SETUP(trips)
{
	good_wires();
	power_is_good();
	rebind("hydropon-output", "hydropon:valve-b");
	controller_open(&self->c);
	self->pump = find_output(self->c.fd, "pump-a");
	self->nutrient = find_output(self->c.fd, "nutrient");
	self->heat = find_output(self->c.fd, "valve-b");
	self->fill = find_output(self->c.fd, "fill");
	self->ec = channel_info(self->c.fd, "ec-a").index;
	self->flow = channel_info(self->c.fd, "flow-a").index;
	run_ms(&self->c, 300);
}

FIXTURE_TEARDOWN(trips)
{
	good_wires();
	load_table(self->c.fd, NULL, 0, NULL);
	for (uint32_t i = 0; i < OUTPUTS; i++)
		ioctl(self->c.fd, HYDROPON_IOC_RESET, &i);
	controller_close(&self->c);
}

static struct hydropon_interlock rule(uint32_t id, uint32_t channel, int output, int compare,
				      int level, int64_t threshold, uint32_t hold_ms)
{
	return (struct hydropon_interlock){
		.id = id, .channel = channel, .output = (uint32_t)output,
		.while_output = HYDROPON_NONE, .compare = (__u8)compare, .level = (__u8)level,
		.threshold = threshold, .hold_ms = hold_ms,
	};
}

TEST_F_TIMEOUT(trips, a_probe_out_of_water_stops_the_doser_after_three_ticks, 120)
{
	/* 0.2 mS/cm are 100 mV here. */
	struct hydropon_interlock dry = rule(12, self->ec, self->nutrient, HYDROPON_BELOW,
					     HYDROPON_LEVEL_SAFE, raw_nano(100000), 2 * TICK_MS);
	struct sim_transition off, on;
	uint64_t dry_ns, wet_ns;
	unsigned int samples;

	dry.stale_ms = 1000;
	dry.release_ms = 60000;
	load(&self->c, &dry, 1);
	ASSERT_TRUE(hold(&self->c, self->nutrient));
	/* Two ticks out of the water are a splash. */
	samples = self->c.samples[self->ec];
	while (self->c.samples[self->ec] == samples)
		turn(&self->c, 1);
	sim_write("i2c-b/adc-49/ain0_uv", DRY_UV);
	run_ms(&self->c, 2 * TICK_MS - 20);
	sim_write("i2c-b/adc-49/ain0_uv", GOOD_UV);
	run_ms(&self->c, 500);
	EXPECT_EQ(line_level(SIM_SOC, SIM_NUTRIENT), 1);

	samples = self->c.samples[self->ec];
	while (self->c.samples[self->ec] == samples)
		turn(&self->c, 1);
	dry_ns = clock_boot_ns();
	sim_write("i2c-b/adc-49/ain0_uv", DRY_UV);
	run_ms(&self->c, 600);
	off = last_transition(SIM_SOC, SIM_NUTRIENT);
	EXPECT_EQ(off.level, 0);
	EXPECT_GE(off.ns, dry_ns + 2 * TICK_MS * MS);
	/* a conversion of the chip lies between a voltage and its reading */
	hazard("H12", "EC below 0.2 mS/cm", "nutrient safe", (int64_t)(off.ns - dry_ns),
	       3 * TICK_MS * MS + 20 * MS);
	EXPECT_EQ(self->c.error[self->nutrient], EBUSY);

	/* EC must be back for 60 s; a splash in between starts that anew. */
	sim_write("i2c-b/adc-49/ain0_uv", GOOD_UV);
	run_ms(&self->c, 5000);
	sim_write("i2c-b/adc-49/ain0_uv", DRY_UV);
	run_ms(&self->c, 200);
	wet_ns = clock_boot_ns();
	sim_write("i2c-b/adc-49/ain0_uv", GOOD_UV);
	run_ms(&self->c, 61500);
	on = first_transition(SIM_SOC, SIM_NUTRIENT, true, dry_ns);
	EXPECT_GE(on.ns, wet_ns + 60000 * MS);
	EXPECT_LE(on.ns, wet_ns + (60000 + 3 * TICK_MS) * MS + BEAT_NS);
}

/* No flow while the pump is on: dosers safe and heat off at once, which is hold + one beat. */
static void load_no_flow(struct fixture_trips *self, uint32_t hold_ms)
{
	struct hydropon_interlock table[2] = {
		rule(130, self->flow, self->nutrient, HYDROPON_BELOW, HYDROPON_LEVEL_SAFE,
		     NO_FLOW_HZ_MILLI, hold_ms),
		rule(131, self->flow, self->heat, HYDROPON_BELOW, HYDROPON_LEVEL_OFF,
		     NO_FLOW_HZ_MILLI, hold_ms),
	};

	for (int i = 0; i < 2; i++) {
		table[i].while_output = (uint32_t)self->pump;
		table[i].stale_ms = 3 * FLOW_MS;
	}
	load(&self->c, table, 2);
}

TEST_F(trips, a_pump_without_flow_stops_dosers_and_heat)
{
	struct sim_transition on;

	load_no_flow(self, 2000);
	ASSERT_TRUE(hold(&self->c, self->nutrient));
	ASSERT_TRUE(hold(&self->c, self->heat));
	run_ms(&self->c, 2500);
	EXPECT_EQ(line_level(SIM_SOC, SIM_NUTRIENT), 1);
	ASSERT_TRUE(hold(&self->c, self->pump));
	run_ms(&self->c, 2500);
	on = last_transition(SIM_SOC, SIM_PUMP);
	EXPECT_EQ(on.level, 1);
	EXPECT_EQ(line_level(SIM_SOC, SIM_NUTRIENT), 0);
	EXPECT_EQ(line_level(SIM_PANEL, SIM_VALVE), 0);
	EXPECT_GE(last_transition(SIM_SOC, SIM_NUTRIENT).ns, on.ns + 1999 * MS);
	hazard("H13", "a pump goes on without flow, hold 2 s", "nutrient safe",
	       (int64_t)(last_transition(SIM_SOC, SIM_NUTRIENT).ns - on.ns), 2000 * MS + BEAT_NS);
	hazard("H13", "a pump goes on without flow, hold 2 s", "heat off",
	       (int64_t)(last_transition(SIM_PANEL, SIM_VALVE).ns - on.ns), 2000 * MS + BEAT_NS);
}

TEST_F(trips, a_flow_that_begins_in_time_stops_nothing_and_one_that_ends_does)
{
	struct sim_transition off;
	uint64_t end_ns;

	load_no_flow(self, 1000);
	ASSERT_TRUE(hold(&self->c, self->nutrient));
	ASSERT_TRUE(hold(&self->c, self->heat));
	ASSERT_TRUE(hold(&self->c, self->pump));
	run_ms(&self->c, 200);
	sim_write("gpio-soc/hz_milli8", FLOW_HZ_MILLI);
	run_ms(&self->c, 4000);
	EXPECT_EQ(line_level(SIM_SOC, SIM_NUTRIENT), 1);
	EXPECT_EQ(line_level(SIM_PANEL, SIM_VALVE), 1);
	end_ns = clock_boot_ns();
	sim_write("gpio-soc/hz_milli8", 0);
	run_ms(&self->c, 2500);
	off = last_transition(SIM_SOC, SIM_NUTRIENT);
	EXPECT_EQ(off.level, 0);
	EXPECT_GE(off.ns, end_ns + 1000 * MS);
	/* The record after the last pulse may still show flow; the next one does not. */
	hazard("H13", "flow ends under a pump, hold 1 s, interval 500 ms", "nutrient safe",
	       (int64_t)(off.ns - end_ns), (1000 + 2 * FLOW_MS) * MS + BEAT_NS);
	hazard("H13", "flow ends under a pump, hold 1 s, interval 500 ms", "heat off",
	       (int64_t)(last_transition(SIM_PANEL, SIM_VALVE).ns - end_ns),
	       (1000 + 2 * FLOW_MS) * MS + BEAT_NS);
	/* A slow flow is one, however rarely a pulse comes. */
	sim_write("gpio-soc/hz_milli8", NO_FLOW_HZ_MILLI * 2);
	run_ms(&self->c, 1500);
	EXPECT_EQ(line_level(SIM_SOC, SIM_NUTRIENT), 1);
	sim_write("gpio-soc/hz_milli8", NO_FLOW_HZ_MILLI / 2);
	run_ms(&self->c, 2500);
	EXPECT_EQ(line_level(SIM_SOC, SIM_NUTRIENT), 0);
	/* and a meter that says nothing is none */
	sim_write("gpio-soc/hz_milli8", FLOW_HZ_MILLI);
	run_ms(&self->c, 1500);
	EXPECT_EQ(line_level(SIM_SOC, SIM_NUTRIENT), 1);
	unbind("hydropon-pulse", "hydropon:flow-a");
	run_ms(&self->c, 3 * FLOW_MS + 300);
	EXPECT_EQ(line_level(SIM_SOC, SIM_NUTRIENT), 0);
	bind("hydropon-pulse", "hydropon:flow-a");
}

TEST_F(trips, flow_that_does_not_end_with_its_pump_shuts_the_supply_for_good)
{
	const uint32_t drain_back_ms = 3000;
	struct hydropon_interlock table[3] = {
		rule(140, self->flow, self->pump, HYDROPON_ABOVE, HYDROPON_LEVEL_OFF, 1000,
		     drain_back_ms),
		rule(141, self->flow, self->heat, HYDROPON_ABOVE, HYDROPON_LEVEL_OFF, 1000,
		     drain_back_ms),
		rule(142, self->flow, self->nutrient, HYDROPON_ABOVE, HYDROPON_LEVEL_SAFE, 1000,
		     drain_back_ms),
	};
	uint32_t pump = (uint32_t)self->pump, supply = (uint32_t)self->heat;
	uint64_t stop_ns;

	for (int i = 0; i < 3; i++) {
		table[i].while_output = pump;
		table[i].flags = HYDROPON_WHILE_OFF | (i < 2 ? HYDROPON_LATCHING : 0);
	}
	load(&self->c, table, 3);
	sim_write("gpio-soc/hz_milli8", FLOW_HZ_MILLI);
	ASSERT_TRUE(hold(&self->c, self->pump));
	ASSERT_TRUE(hold(&self->c, self->heat));	/* the zone's supply */
	ASSERT_TRUE(hold(&self->c, self->nutrient));
	run_ms(&self->c, 1500);
	/* What drains back within its time is no leak. That it has ended, by a threshold of 1 Hz,
	 * is known after a second without an edge, at the end of an interval: 1.5 s later at most.
	 */
	self->c.wanted[self->pump] = false;
	let_go(&self->c, self->pump);
	run_ms(&self->c, drain_back_ms - 1000 - FLOW_MS - 100);
	sim_write("gpio-soc/hz_milli8", 0);
	run_ms(&self->c, 3500);
	EXPECT_EQ(line_level(SIM_PANEL, SIM_VALVE), 1);

	sim_write("gpio-soc/hz_milli8", FLOW_HZ_MILLI);
	ASSERT_TRUE(hold(&self->c, self->pump));
	run_ms(&self->c, 1500);
	self->c.wanted[self->pump] = false;
	let_go(&self->c, self->pump);
	stop_ns = last_transition(SIM_SOC, SIM_PUMP).ns;
	run_ms(&self->c, drain_back_ms + 300);
	EXPECT_EQ(line_level(SIM_PANEL, SIM_VALVE), 0);
	EXPECT_EQ(line_level(SIM_SOC, SIM_NUTRIENT), 0);
	EXPECT_GE(last_transition(SIM_PANEL, SIM_VALVE).ns, stop_ns + (drain_back_ms - 1) * MS);
	hazard("H14", "flow goes on behind a pump that is off, drain-back 3 s", "supply off",
	       (int64_t)(last_transition(SIM_PANEL, SIM_VALVE).ns - stop_ns),
	       drain_back_ms * MS + BEAT_NS);
	hazard("H14", "flow goes on behind a pump that is off, drain-back 3 s", "nutrient safe",
	       (int64_t)(last_transition(SIM_SOC, SIM_NUTRIENT).ns - stop_ns),
	       drain_back_ms * MS + BEAT_NS);
	/* A person looks at it: not while it flows, and the pump is latched off as well. */
	EXPECT_EQ(lease(self->c.fd, self->pump, true, 2000), EBUSY);
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_RESET, &supply), EBUSY);
	sim_write("gpio-soc/hz_milli8", 0);
	run_ms(&self->c, 2500);
	EXPECT_EQ(line_level(SIM_SOC, SIM_NUTRIENT), 1);
	EXPECT_EQ(line_level(SIM_PANEL, SIM_VALVE), 0);
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_RESET, &supply), 0);
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_RESET, &pump), 0);
	run_ms(&self->c, 300);
	EXPECT_EQ(line_level(SIM_PANEL, SIM_VALVE), 1);
}
