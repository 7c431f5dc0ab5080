// SPDX-License-Identifier: GPL-2.0-only
/* The channels that an output needs: without a good reading of each it is safe, whatever the
 * controller says of them.
 */
#include "controller.h"

#define EC_STALE_MS 500		/* of dose-b for ec-a */
#define FLOW_STALE_MS 1500	/* of dose-b for flow-a */
#define PH_STALE_MS 1000	/* of ph-down for ph-a */
#define BEAT_NS (HYDROPON_BEAT_MS * MS)

FIXTURE(needs) { struct controller c; int dose, ph_down; uint32_t ec, ph, flow; };

FIXTURE_SETUP(needs)
{
	good_wires();
	power_is_good();
	rebind("hydropon-output", "hydropon:dose-b");
	controller_open(&self->c);
	self->dose = find_output(self->c.fd, "dose-b");
	self->ph_down = find_output(self->c.fd, "ph-down");
	self->ec = channel_info(self->c.fd, "ec-a").index;
	self->ph = channel_info(self->c.fd, "ph-a").index;
	self->flow = channel_info(self->c.fd, "flow-a").index;
}

FIXTURE_TEARDOWN(needs)
{
	good_wires();
	controller_close(&self->c);
}

static uint32_t stale_need(const struct fixture_needs *self, int output)
{
	return output_info(self->c.fd, (uint32_t)output).stale_need;
}

/* It was on until its need was stale; judged from the fault on. */
static void expect_safe(struct fixture_needs *self, const char *fault, uint64_t fault_ns,
			const char *what, const char *chip, unsigned int line, int output,
			int64_t stale_ns)
{
	struct sim_transition off = last_transition(chip, line);

	EXPECT_EQ(off.level, 0);
	EXPECT_GE(off.ns, fault_ns);
	hazard("H10", fault, what, (int64_t)(off.ns - fault_ns), stale_ns + BEAT_NS);
	EXPECT_EQ(told_cause(&self->c, output, HYDROPON_CAUSE_NEED, fault_ns).value, 0);
	EXPECT_EQ(self->c.error[output], ENODATA);
}

/* It is on again only by a beat that is younger than the reading. */
static void expect_return(struct fixture_needs *self, int output)
{
	uint64_t end_ns = clock_boot_ns() + 5000 * MS;
	uint32_t before = (uint32_t)self->c.beat.value;

	self->c.wanted[output] = false;
	while (clock_boot_ns() < end_ns) {
		turn(&self->c, 5);
		if (stale_need(self, output) == HYDROPON_NONE)
			break;
		before = (uint32_t)self->c.beat.value;
	}
	ASSERT_EQ(stale_need(self, output), HYDROPON_NONE);
	EXPECT_EQ(set_output(self->c.fd, output, true, before, 2000), ESTALE);
	EXPECT_EQ(output_info(self->c.fd, (uint32_t)output).on, 0);
	EXPECT_TRUE(hold(&self->c, output));
	EXPECT_EQ(output_info(self->c.fd, (uint32_t)output).on, 1);
}

/* The fault begins while the doser is on, just after a good reading. */
static void probe_fails(struct fixture_needs *self, const char *name, const char *file, long value)
{
	char path[64];
	uint64_t fault_ns;
	unsigned int samples;

	ASSERT_TRUE(hold(&self->c, self->dose));
	run_ms(&self->c, 250);
	EXPECT_EQ(line_level(SIM_PANEL, SIM_DOSE), 1);
	samples = self->c.samples[self->ec];
	while (self->c.samples[self->ec] == samples)
		turn(&self->c, 1);
	snprintf(path, sizeof(path), "i2c-b/adc-49/%s", file);
	fault_ns = clock_boot_ns();
	sim_write(path, value);
	run_ms(&self->c, EC_STALE_MS + 400);
	expect_safe(self, name, fault_ns, "dose-b safe", SIM_PANEL, SIM_DOSE, self->dose,
		    EC_STALE_MS * MS);
	/* until then a missing reading is only a missing one */
	EXPECT_GE(last_transition(SIM_PANEL, SIM_DOSE).ns, fault_ns + (EC_STALE_MS - 110) * MS);
	EXPECT_EQ(stale_need(self, self->dose), self->ec);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PH_DOWN), 1);
	sim_write(path, 0);
	expect_return(self, self->dose);
}

TEST_F(needs, a_probe_that_answers_with_an_error_stops_its_doser)
{
	ASSERT_TRUE(hold(&self->c, self->ph_down));
	probe_fails(self, "the probe answers with EREMOTEIO", "errno", EREMOTEIO);
}

TEST_F(needs, a_probe_that_is_not_there_stops_its_doser)
{
	ASSERT_TRUE(hold(&self->c, self->ph_down));
	probe_fails(self, "the probe does not acknowledge", "absent", 1);
}

TEST_F(needs, a_probe_that_hangs_stops_its_doser)
{
	ASSERT_TRUE(hold(&self->c, self->ph_down));
	probe_fails(self, "a reading takes 3 s", "latency_us", 3000000);
}

TEST_F(needs, a_probe_of_the_other_doser_stops_only_that_one)
{
	unsigned int refused;
	uint64_t fault_ns;

	ASSERT_TRUE(hold(&self->c, self->ph_down));
	ASSERT_TRUE(hold(&self->c, self->dose));
	run_ms(&self->c, 100);
	refused = self->c.refused[self->dose];
	fault_ns = clock_boot_ns();
	sim_write("i2c/adc-48/errno", EREMOTEIO);
	run_ms(&self->c, PH_STALE_MS + 200);
	EXPECT_EQ(line_level(SIM_PANEL, SIM_DOSE), 1);
	expect_safe(self, "the pH probe answers with EREMOTEIO", fault_ns, "ph-down safe", SIM_SOC,
		    SIM_PH_DOWN, self->ph_down, PH_STALE_MS * MS);
	EXPECT_EQ(self->c.refused[self->dose], refused);
	sim_write("i2c/adc-48/errno", 0);
	expect_return(self, self->ph_down);
}

TEST_F(needs, a_sampler_that_is_unbound_stops_its_doser)
{
	uint64_t gone_ns;

	ASSERT_TRUE(hold(&self->c, self->dose));
	run_ms(&self->c, 200);
	gone_ns = clock_boot_ns();
	unbind("hydropon-sampler", "hydropon:probe-b");
	run_ms(&self->c, EC_STALE_MS + 300);
	expect_safe(self, "the sampler is unbound", gone_ns, "dose-b safe", SIM_PANEL, SIM_DOSE,
		    self->dose, EC_STALE_MS * MS);
	/* It keeps its index, and its absence is told. */
	EXPECT_EQ(stale_need(self, self->dose), self->ec);
	EXPECT_EQ(channel_info(self->c.fd, "ec-a").present, 0);
	EXPECT_EQ(told(&self->c, HYDROPON_REC_CHANNEL, (int)self->ec, gone_ns).value, 0);
	bind("hydropon-sampler", "hydropon:probe-b");
	expect_return(self, self->dose);
}

TEST_F(needs, a_flow_meter_that_is_unbound_stops_the_doser)
{
	unsigned int told_n;
	uint64_t gone_ns;

	/* Shorter than max-on: the doser begins while the last count is still fresh. */
	for (told_n = self->c.samples[self->flow]; self->c.samples[self->flow] == told_n;)
		turn(&self->c, 5);
	gone_ns = clock_boot_ns();
	unbind("hydropon-pulse", "hydropon:flow-a");
	run_ms(&self->c, 600);
	ASSERT_TRUE(hold(&self->c, self->dose));
	run_until(&self->c, gone_ns + (FLOW_STALE_MS + 200) * MS);
	expect_safe(self, "the flow meter is unbound", gone_ns, "dose-b safe", SIM_PANEL, SIM_DOSE,
		    self->dose, FLOW_STALE_MS * MS);
	EXPECT_EQ(stale_need(self, self->dose), self->flow);
	bind("hydropon-pulse", "hydropon:flow-a");
	/* A rate wants two records. */
	run_ms(&self->c, 1200);
	EXPECT_TRUE(hold(&self->c, self->dose));
}

TEST_F(needs, an_output_without_its_channel_waits_for_it_from_probe_on)
{
	controller_close(&self->c);
	unbind("hydropon-sampler", "hydropon:probe-b");
	rebind("hydropon-gateway", "hydropon");
	/* It has not been there since the gateway was probed, and has an index all the same. */
	for (int i = 0; i < 100 && access(DEVICE, F_OK); i++)
		sleep_ms(20);
	unbind("hydropon-sampler", "hydropon:probe-b");
	rebind("hydropon-output", "hydropon:dose-b");
	power_is_good();
	controller_open(&self->c);
	self->dose = find_output(self->c.fd, "dose-b");
	run_ms(&self->c, 600);
	EXPECT_EQ(stale_need(self, self->dose), channel_info(self->c.fd, "ec-a").index);
	EXPECT_EQ(lease(self->c.fd, self->dose, true, 2000), ENODATA);
	bind("hydropon-sampler", "hydropon:probe-b");
	run_ms(&self->c, 1200);
	EXPECT_TRUE(hold(&self->c, self->dose));
}
