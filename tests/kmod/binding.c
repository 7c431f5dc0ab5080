// SPDX-License-Identifier: GPL-2.0-only
/* Drivers that come and go: outputs are safe before anything is taken apart, and from the
 * first instant that they are there.
 */
#include <pthread.h>

#include "controller.h"

#define BOUND_NS (10 * MS)

FIXTURE(binding) { struct controller c; };

/* What each line is while nobody may move it. */
static const struct safe_line { const char *output, *chip; unsigned int line; bool level; } lines[] = {
	{ "pump-a", SIM_SOC, SIM_PUMP, false }, { "air-a", SIM_SOC, SIM_AIR, true },
	{ "ph-down", SIM_SOC, SIM_PH_DOWN, false }, { "nutrient", SIM_SOC, SIM_NUTRIENT, false },
	{ "lights", SIM_SOC, SIM_LIGHTS, false }, { "circ-b", SIM_PANEL, SIM_CIRC, true },
	{ "dose-b", SIM_PANEL, SIM_DOSE, false }, { "valve-b", SIM_PANEL, SIM_VALVE, false },
	{ "fill", SIM_BUS, SIM_FILL, false },
};

#define LINES_N (sizeof(lines) / sizeof(lines[0]))

FIXTURE_SETUP(binding)
{
	good_wires();
	power_is_good();
	controller_open(&self->c);
}

FIXTURE_TEARDOWN(binding)
{
	good_wires();
	controller_close(&self->c);
	power_is_good();
}

static void hold_all(struct fixture_binding *self)
{
	for (size_t i = 0; i < LINES_N; i++)
		ASSERT_TRUE(hold(&self->c, find_output(self->c.fd, lines[i].output)));
	run_ms(&self->c, 100);
	for (size_t i = 0; i < LINES_N; i++)
		EXPECT_EQ(sim_output_level(lines[i].chip, lines[i].line), !lines[i].level);
}

/* Every line went safe within its time, and has not moved since. */
static void expect_all_safe(const char *row, const char *injected, uint64_t since_ns)
{
	int64_t worst_ns = 0;

	for (size_t i = 0; i < LINES_N; i++) {
		struct sim_transition safe = last_transition(lines[i].chip, lines[i].line);
		int64_t took_ns = (int64_t)(safe.ns - since_ns);

		EXPECT_EQ(safe.level, lines[i].level);
		EXPECT_EQ(count_transitions(lines[i].chip, lines[i].line, since_ns), 1);
		worst_ns = took_ns > worst_ns ? took_ns : worst_ns;
	}
	hazard(row, injected, "all 9 outputs safe", worst_ns, BOUND_NS);
}

static void *unbind_gateway(void *done_ns)
{
	unbind("hydropon-gateway", "hydropon");
	*(uint64_t *)done_ns = clock_boot_ns();
	return NULL;
}

TEST_F(binding, unbinding_during_a_hung_read_has_the_outputs_safe_first)
{
	uint64_t unbind_ns, done_ns = 0;
	pthread_t thread;

	hold_all(self);
	sim_write("i2c/adc-48/latency_us", 5000000);
	run_ms(&self->c, 150);
	unbind_ns = clock_boot_ns();
	ASSERT_EQ(pthread_create(&thread, NULL, unbind_gateway, &done_ns), 0);
	sleep_ms(50);
	expect_all_safe("H3", "unbind during a read that hangs", unbind_ns);
	/* Nothing is armed again while the unbind waits. */
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_ARM, NULL), ESHUTDOWN);
	EXPECT_NE(set_output(self->c.fd, find_output(self->c.fd, "pump-a"), true,
			     (uint32_t)self->c.beat.value, 2000), 0);
	EXPECT_EQ(device_info(self->c.fd).terminal, 1);
	sim_write("i2c/adc-48/latency_us", 0);
	pthread_join(thread, NULL);
	EXPECT_GE(done_ns, unbind_ns + 1000 * MS);
	harness_note("the unbind itself took %llu ms",
		     (unsigned long long)((done_ns - unbind_ns) / MS));
	hazard_count("H3", "unbind during a read that hangs", "outputs that moved afterwards",
		     count_transitions(SIM_SOC, SIM_PUMP, unbind_ns + BOUND_NS) +
		     count_transitions(SIM_PANEL, SIM_VALVE, unbind_ns + BOUND_NS), 0);
	bind("hydropon-gateway", "hydropon");
}

TEST_F(binding, unbinding_has_every_output_safe_within_its_time)
{
	uint64_t unbind_ns;

	hold_all(self);
	unbind_ns = clock_boot_ns();
	unbind("hydropon-gateway", "hydropon");
	expect_all_safe("H3", "unbind", unbind_ns);
	bind("hydropon-gateway", "hydropon");
}

TEST_F(binding, the_module_of_a_chip_that_goes_takes_its_outputs_along_when_they_are_safe)
{
	uint64_t unbind_ns;

	hold_all(self);
	unbind_ns = clock_boot_ns();
	unbind("hydropon-sim-gpio", "gpio-bus");
	run_ms(&self->c, 200);
	EXPECT_EQ(output_info(self->c.fd, (uint32_t)find_output(self->c.fd, "fill")).present, 0);
	EXPECT_EQ(count_transitions(SIM_PANEL, SIM_VALVE, unbind_ns), 0);
	EXPECT_EQ(count_transitions(SIM_SOC, SIM_PUMP, unbind_ns), 0);
	bind("hydropon-sim-gpio", "gpio-bus");
}

/* A line's first transition makes it an output, at its safe level; and it stays so. */
static void expect_no_glitch(const char *chip, const char *when)
{
	struct sim_transition *all;
	size_t n;

	ASSERT_EQ(sim_record_read(chip, &all, &n), 0);
	for (size_t i = 0; i < LINES_N; i++) {
		size_t seen = 0;

		if (strcmp(lines[i].chip, chip))
			continue;
		for (size_t j = 0; j < n; j++) {
			if (all[j].line != lines[i].line)
				continue;
			if (!seen++)
				EXPECT_TRUE(all[j].is_init);
			if (all[j].level != lines[i].level)
				harness_fail(__FILE__, __LINE__, "%s was %d %s", lines[i].output,
					     all[j].level, when);
		}
		EXPECT_EQ(seen, 1);
	}
	free(all);
}

/* It may find that something it needs is not there. */
static void probe_gateway(void)
{
	int fd = open("/sys/bus/platform/drivers_probe", O_WRONLY | O_CLOEXEC);

	EXPECT_TRUE(fd >= 0 && (write(fd, "hydropon", 8) == 8 || errno == EINVAL));
	close(fd);
}

/* A chip that is new has lines that are inputs, and a record that is empty. */
TEST_F(binding, lines_are_safe_from_the_first_instant_whenever_their_chip_comes)
{
	static const char *const chips[] = { SIM_BUS, SIM_PANEL, SIM_SOC };

	controller_close(&self->c);
	for (size_t i = 0; i < 3; i++) {
		/* the gateway looks for a chip that is not there yet */
		unbind("hydropon-gateway", "hydropon");
		unbind("hydropon-sim-gpio", chips[i]);
		probe_gateway();
		sleep_ms(300);
		EXPECT_EQ(access(DEVICE, F_OK), strcmp(chips[i], SIM_BUS) ? -1 : 0);
		if (!strcmp(chips[i], SIM_BUS)) {
			int fd = device_open(O_RDWR | O_NONBLOCK);
			int pump = find_output(fd, "pump-a");

			/* what is there works without what is not */
			arm(fd);
			EXPECT_EQ(lease(fd, pump, true, 2000), 0);
			EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 1);
			close(fd);
		}
		bind("hydropon-sim-gpio", chips[i]);
		if (!strcmp(chips[i], SIM_SOC))
			sim_input_set(SIM_SOC, SIM_POWER_GOOD, true);
		for (int j = 0; j < 100 && access("/sys/bus/platform/drivers/hydropon-gateway/hydropon", F_OK); j++)
			sleep_ms(20);
		EXPECT_EQ(access("/sys/bus/platform/drivers/hydropon-gateway/hydropon", F_OK), 0);
		wait_for_device();
		sleep_ms(1000);
		expect_no_glitch(chips[i], "when its chip came late");
	}
	EXPECT_EQ(first_transition(SIM_PANEL, SIM_MASTER, true, 0).is_init, true);
}

TEST_F(binding, lines_stay_safe_when_their_outputs_come_again)
{
	uint64_t begin_ns = clock_boot_ns();

	controller_close(&self->c);
	for (int i = 0; i < 3; i++) {
		rebind("hydropon-gateway", "hydropon");
		wait_for_device();
		sleep_ms(300);
	}
	for (size_t i = 0; i < LINES_N; i++) {
		char device[32];

		snprintf(device, sizeof(device), "hydropon:%s", lines[i].output);
		rebind("hydropon-output", device);
	}
	wait_for_device();
	for (size_t i = 0; i < LINES_N; i++)
		EXPECT_EQ(count_transitions(lines[i].chip, lines[i].line, begin_ns), 0);
	EXPECT_EQ(count_transitions(SIM_PANEL, SIM_MASTER, begin_ns), 0);
}
