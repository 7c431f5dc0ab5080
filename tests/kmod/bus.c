// SPDX-License-Identifier: GPL-2.0-only
/* Buses that fail: an output on an expander, a probe that hangs. Nobody else waits. */
#include "controller.h"

#define REPORT_NS (1000 * MS)
#define BOUND_NS (10 * MS)
#define NEED_MS 500		/* of dose-b for ec-a */

FIXTURE(bus) { struct controller c; int fill, pump, dose; };

FIXTURE_SETUP(bus)
{
	good_wires();
	power_is_good();
	rebind("hydropon-output", "hydropon:dose-b");
	controller_open(&self->c);
	self->fill = find_output(self->c.fd, "fill");
	self->pump = find_output(self->c.fd, "pump-a");
	self->dose = find_output(self->c.fd, "dose-b");
	run_ms(&self->c, 300);
}

FIXTURE_TEARDOWN(bus)
{
	sim_write("gpio-bus/deaf", 0);
	good_wires();
	controller_close(&self->c);
	sleep_ms(300);
	EXPECT_EQ(sim_output_level(SIM_BUS, SIM_FILL), 0);
}

static struct hydropon_output_info fill_info(const struct fixture_bus *self)
{
	return output_info(self->c.fd, (uint32_t)self->fill);
}

/* The first record that says how a write to the expander has ended. */
static struct hydropon_record told_status(const struct fixture_bus *self, int status,
					  uint64_t from_ns)
{
	for (size_t i = 0; i < self->c.told_n; i++)
		if (self->c.told[i].type == HYDROPON_REC_OUTPUT &&
		    self->c.told[i].channel == self->fill && self->c.told[i].time_ns >= from_ns &&
		    self->c.told[i].status == status)
			return self->c.told[i];
	harness_fail(__FILE__, __LINE__, "fill never told status %d", status);
	return (struct hydropon_record){ 0 };
}

/* An output of the SoC goes off and on while the bus is at work. */
static void expect_pump_prompt(struct fixture_bus *self, const char *fault)
{
	int64_t worst_ns = 0;

	for (int i = 0; i < 3; i++) {
		uint64_t asked_ns = clock_boot_ns();

		EXPECT_EQ(set_output(self->c.fd, self->pump, false, 0, 0), 0);
		EXPECT_EQ(set_output(self->c.fd, self->pump, true, (uint32_t)self->c.beat.value, 2000), 0);
		for (int level = 0; level <= 1; level++) {
			int64_t took_ns = (int64_t)(first_transition(SIM_SOC, SIM_PUMP, level,
								     asked_ns).ns - asked_ns);

			worst_ns = took_ns > worst_ns ? took_ns : worst_ns;
		}
		run_ms(&self->c, 130);
	}
	hazard("H21", fault, "pump-a switched meanwhile", worst_ns, BOUND_NS);
}

/* The expander takes no write, in one way or another, and then does again. */
static void fails_at_on(struct fixture_bus *self, const char *fault, const char *file,
			long value, int status)
{
	struct hydropon_record bad, good;
	uint64_t set_ns, cured_ns;

	ASSERT_TRUE(hold(&self->c, self->pump));
	sim_write(file, value);
	ASSERT_TRUE(hold(&self->c, self->fill));
	set_ns = self->c.beat.time_ns;
	run_ms(&self->c, 1200);
	bad = told_status(self, status, set_ns);
	hazard("H21", fault, "fill reported", (int64_t)(bad.time_ns - set_ns), REPORT_NS);
	EXPECT_EQ(fill_info(self).line_status, status);
	EXPECT_EQ(sim_output_level(SIM_BUS, SIM_FILL), 0);
	expect_pump_prompt(self, fault);
	/* told once, however often it is tried */
	EXPECT_EQ(count_told(&self->c, HYDROPON_REC_OUTPUT, self->fill, bad.time_ns), 1);

	cured_ns = clock_boot_ns();
	sim_write(file, 0);
	run_ms(&self->c, 400);
	good = told_status(self, 0, cured_ns);
	hazard("H21", fault, "fill on once the bus takes it",
	       (int64_t)(last_transition(SIM_BUS, SIM_FILL).ns - cured_ns), REPORT_NS);
	EXPECT_EQ(good.value, 1);
	EXPECT_EQ(sim_output_level(SIM_BUS, SIM_FILL), 1);
	EXPECT_EQ(fill_info(self).line_status, 0);
}

TEST_F(bus, a_write_that_fails_is_told_and_tried_again)
{
	fails_at_on(self, "writes answer with EREMOTEIO", "gpio-bus/errno", EREMOTEIO, -EREMOTEIO);
}

TEST_F(bus, a_line_that_reads_back_otherwise_is_told_and_tried_again)
{
	fails_at_on(self, "writes do nothing, the read-back differs", "gpio-bus/deaf", 1, -EIO);
}

TEST_F(bus, an_off_that_does_not_take_is_told_and_tried_until_it_does)
{
	struct hydropon_record bad;
	uint64_t off_ns, cured_ns;

	ASSERT_TRUE(hold(&self->c, self->pump));
	ASSERT_TRUE(hold(&self->c, self->fill));
	run_ms(&self->c, 300);
	EXPECT_EQ(sim_output_level(SIM_BUS, SIM_FILL), 1);
	sim_write("gpio-bus/deaf", 1);
	self->c.wanted[self->fill] = false;
	off_ns = clock_boot_ns();
	let_go(&self->c, self->fill);
	run_ms(&self->c, 1500);
	bad = told_status(self, -EIO, off_ns);
	hazard("H21", "an OFF does nothing, the read-back differs", "fill reported",
	       (int64_t)(bad.time_ns - off_ns), REPORT_NS);
	EXPECT_EQ(fill_info(self).on, 0);
	EXPECT_EQ(fill_info(self).line_status, -EIO);
	EXPECT_EQ(sim_output_level(SIM_BUS, SIM_FILL), 1);
	cured_ns = clock_boot_ns();
	sim_write("gpio-bus/deaf", 0);
	run_ms(&self->c, 400);
	EXPECT_EQ(last_transition(SIM_BUS, SIM_FILL).level, 0);
	EXPECT_LE(last_transition(SIM_BUS, SIM_FILL).ns, cured_ns + 200 * MS);
}

TEST_F(bus, an_expander_that_is_gone_is_told_and_delays_nobody)
{
	uint64_t gone_ns;

	ASSERT_TRUE(hold(&self->c, self->pump));
	ASSERT_TRUE(hold(&self->c, self->fill));
	run_ms(&self->c, 200);
	gone_ns = clock_boot_ns();
	unbind("hydropon-sim-gpio", "gpio-bus");
	run_ms(&self->c, 300);
	hazard("H21", "the expander is unbound", "fill reported",
	       (int64_t)(told(&self->c, HYDROPON_REC_CHANNEL, self->fill, gone_ns).time_ns - gone_ns),
	       REPORT_NS);
	EXPECT_EQ(told_cause(&self->c, self->fill, HYDROPON_CAUSE_UNBIND, gone_ns).value, 0);
	EXPECT_EQ(fill_info(self).present, 0);
	EXPECT_EQ(self->c.error[self->fill], ENODEV);
	expect_pump_prompt(self, "the expander is unbound");
	EXPECT_EQ(self->c.error[self->pump], 0);
	self->c.wanted[self->fill] = false;
	bind("hydropon-sim-gpio", "gpio-bus");
	for (int i = 0; i < 100 && !fill_info(self).present; i++)
		run_ms(&self->c, 20);
	EXPECT_EQ(fill_info(self).present, 1);
}

TEST_F(bus, a_probe_that_hangs_takes_nobody_along)
{
	static const char *const others[] = { "ph-a", "level-a", "water-a", "light-a", "flow-a" };
	unsigned int before[HYDROPON_MAX_CHANNELS];
	double worst = 100;
	uint64_t hung_ns;

	ASSERT_TRUE(hold(&self->c, self->pump));
	ASSERT_TRUE(hold(&self->c, self->dose));
	run_ms(&self->c, 300);
	memcpy(before, self->c.samples, sizeof(before));
	hung_ns = clock_boot_ns();
	sim_write("i2c-b/adc-49/latency_us", 5000000);
	run_ms(&self->c, 5000);
	for (size_t i = 0; i < 5; i++) {
		struct hydropon_channel_info channel = channel_info(self->c.fd, others[i]);
		double share = 100.0 * (self->c.samples[channel.index] - before[channel.index]) *
			       channel.interval_ms / 5000;

		worst = share < worst ? share : worst;
	}
	hazard_share("H20", "a chip of another bus hangs for 5 s", "readings of the worst channel",
		     worst, 95);
	EXPECT_EQ(last_transition(SIM_PANEL, SIM_DOSE).level, 0);
	hazard("H20", "the chip of ec-a hangs for 5 s", "dose-b safe",
	       (int64_t)(last_transition(SIM_PANEL, SIM_DOSE).ns - hung_ns),
	       (NEED_MS + HYDROPON_BEAT_MS) * MS);
	EXPECT_EQ(told_cause(&self->c, self->dose, HYDROPON_CAUSE_NEED, hung_ns).value, 0);
	EXPECT_EQ(count_transitions(SIM_SOC, SIM_PUMP, hung_ns), 0);
	EXPECT_EQ(self->c.error[self->pump], 0);
	/* by itself; who still wants it on when its channel is back would reach max-on */
	self->c.wanted[self->dose] = false;
	sim_write("i2c-b/adc-49/latency_us", 0);
	run_ms(&self->c, 6000);
	EXPECT_TRUE(hold(&self->c, self->dose));
	EXPECT_EQ(line_level(SIM_PANEL, SIM_DOSE), 1);
}
