/* SPDX-License-Identifier: GPL-2.0-only */
/* What root does beside them: spoils the wires, mends them, and looks at the outputs. */
#ifndef HYDROPON_TESTS_SPOIL_H
#define HYDROPON_TESTS_SPOIL_H

#include "calls.h"
#include "kmod/lines.h"

static inline void rebind_an_output(struct rng *rng)
{
	static const char *const names[] = {
		"hydropon:pump-a", "hydropon:air-a", "hydropon:fill", "hydropon:dose-b",
		"hydropon:circ-b", "hydropon:valve-b",
	};
	const char *name = names[below(rng, 6)];

	unbind("hydropon-output", name);
	if (one_in(rng, 2))
		usleep(below(rng, 2000));
	bind("hydropon-output", name);
}

static inline void fail_a_wire(struct rng *rng)
{
	static const char *const chips[] = { "i2c/adc-48", "i2c-b/adc-49", "i2c/adc-4a", "i2c/lux-23" };
	static const unsigned int rates[] = { 0, 7500, 225000, 2000000 };
	static const int errors[] = { 0, 0, EIO, EREMOTEIO, ETIMEDOUT };
	static const unsigned int contacts[] = { 2, 3, 6, 7 };
	char path[64];

	switch (below(rng, 16)) {
	case 0:
	case 1:
		sim_write("gpio-bus/errno", errors[below(rng, 5)]);
		break;
	case 2:
		sim_write("gpio-bus/latency_us", one_in(rng, 2) ? 0 : below(rng, 5000));
		break;
	case 3:
	case 4:
		sim_input_set("gpio-panel", contacts[below(rng, 4)], one_in(rng, 3));
		break;
	case 5:
		sim_write(one_in(rng, 2) ? "gpio-panel/stuck4" : "gpio-panel/stuck9", one_in(rng, 3));
		break;
	case 6:
		sim_pulses_set(SIM_SOC, SIM_FLOW, rates[below(rng, 4)]);
		break;
	case 7:
		snprintf(path, sizeof(path), "%s/errno", chips[below(rng, 4)]);
		sim_write(path, errors[below(rng, 5)]);
		break;
	case 8:
		snprintf(path, sizeof(path), "%s/absent", chips[below(rng, 4)]);
		sim_write(path, one_in(rng, 3));
		break;
	case 9:
		snprintf(path, sizeof(path), "%s/ain0_uv", chips[below(rng, 3)]);
		sim_write(path, below(rng, 2000000));
		break;
	case 10:
		/* chatter, on contacts of switches */
		sim_pulses_set("gpio-panel", contacts[below(rng, 4)], one_in(rng, 4) ? 1000000 : 0);
		break;
	case 11:
		/* dips and losses once most of it is over: what is shed stays so for long */
		if (atomic_load(&shared->done) < shared->wanted / 4 * 3)
			break;
		sim_input_set(SIM_SOC, SIM_POWER_GOOD, false);
		if (one_in(rng, 16))
			usleep(30000);
		sim_input_set(SIM_SOC, SIM_POWER_GOOD, true);
		break;
	case 12:
		rebind_an_output(rng);
		break;
	default:
		usleep(below(rng, 4000));
	}
}

static inline void mend_wires(void)
{
	static const char *const faults[] = {
		"gpio-bus/errno", "gpio-bus/latency_us", "gpio-panel/stuck4", "gpio-panel/stuck9",
		"gpio-panel/hz_milli2", "gpio-panel/hz_milli3", "gpio-panel/hz_milli6",
		"gpio-panel/hz_milli7", "gpio-panel/line2", "gpio-panel/line3", "gpio-panel/line6",
		"gpio-panel/line7", "gpio-soc/hz_milli8", "i2c/adc-48/errno", "i2c/adc-48/absent",
		"i2c-b/adc-49/errno", "i2c-b/adc-49/absent", "i2c/adc-4a/errno", "i2c/adc-4a/absent",
		"i2c/lux-23/errno", "i2c/lux-23/absent",
	};

	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++)
		EXPECT_EQ(sim_write(faults[i], 0), 0);
}

static inline void *spoil_wires(void *seed)
{
	struct rng rng = { *(uint64_t *)seed };

	while (!is_over()) {
		if (atomic_load(&shared->quiet))
			usleep(1000);
		else
			fail_a_wire(&rng);
	}
	return NULL;
}

/* Whether an output with that cause is on; -1: any. */
static inline int cause_is_on(const struct hydropon_output_info *info)
{
	switch (info->cause) {
	case HYDROPON_CAUSE_LEASE:
		return !info->safe_on;
	case HYDROPON_CAUSE_SHED:
	case HYDROPON_CAUSE_WELDED:
	case HYDROPON_CAUSE_TRIP_OFF:
	case HYDROPON_CAUSE_MANUAL_OFF:
	case HYDROPON_CAUSE_MAX_ON:
	case HYDROPON_CAUSE_BUDGET:
		return 0;
	case HYDROPON_CAUSE_TRIP_ON:
	case HYDROPON_CAUSE_MANUAL_ON:
		return 1;
	default:
		return info->safe_on;
	}
}

static inline void check_output(const struct hydropon_output_info *info)
{
	if (!info->present)
		return;
	if (info->cause > HYDROPON_CAUSE_CLEARED || info->on != cause_is_on(info))
		fail("%s: on %u with cause %u", info->name, info->on, info->cause);
	/* Only a switch at ON is stronger, and leaves it. */
	if (info->lease_left_ms && info->cause != HYDROPON_CAUSE_LEASE &&
	    info->cause != HYDROPON_CAUSE_MANUAL_ON)
		fail("%s: cause %u with %u ms of a lease", info->name, info->cause,
		     info->lease_left_ms);
	if (info->lease_left_ms > info->lease_max_ms)
		fail("%s: a lease of %u ms", info->name, info->lease_left_ms);
	if ((info->latched & ~(uint32_t)HYDROPON_LATCHES) || info->manual > HYDROPON_MANUAL_OFF ||
	    info->budget_left_ms > info->budget_ms || (info->faults & ~0x1e))
		fail("%s: latched %x, manual %u, budget %u of %u, faults %x", info->name,
		     info->latched, info->manual, info->budget_left_ms, info->budget_ms,
		     info->faults);
	if (info->cause == HYDROPON_CAUSE_LEASE && !info->restored)
		fail("%s: a lease, and not restored", info->name);
}

/* Looks at the device as an onlooker would; how many outputs are on by a lease. */
static inline int look(int fd)
{
	struct hydropon_info info;
	int leased = 0;

	if (ioctl(fd, HYDROPON_IOC_INFO, &info)) {
		fail("INFO: %s", strerror(errno));
		return 0;
	}
	if (info.abi_version != HYDROPON_ABI_VERSION || info.beat_ms != HYDROPON_BEAT_MS ||
	    info.outputs != OUTPUTS || info.channels > HYDROPON_MAX_CHANNELS ||
	    info.interlocks > HYDROPON_MAX_INTERLOCKS || info.lost_urgent > info.lost ||
	    (info.armed | info.terminal | info.power_good | info.shedding | info.controlled |
	     info.master | info.power_storm) > 1 || info.terminal)
		fail("INFO makes no sense: %u outputs, %u channels, %llu of %llu lost", info.outputs,
		     info.channels, (unsigned long long)info.lost_urgent,
		     (unsigned long long)info.lost);
	for (uint32_t i = 0; i < info.outputs; i++) {
		struct hydropon_output_info output = { .index = i };

		if (ioctl(fd, HYDROPON_IOC_OUTPUT, &output))
			fail("OUTPUT %u: %s", i, strerror(errno));
		check_output(&output);
		leased += output.cause == HYDROPON_CAUSE_LEASE;
	}
	return leased;
}

#endif
