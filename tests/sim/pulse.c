// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pulses on an input line: hz_milliN is the rate of whole periods in millihertz, 0
 * for none. The edges lie on an exact raster, whatever the timer's lateness: half
 * a period is a fraction, and its rest is carried. A change of the rate keeps the
 * phase, so that a flow meter that is set ten times a second loses no pulse. pulsesN:
 * how many there were, to compare with what somebody has counted.
 */
#include "compat.h"
#include "gpio.h"

#include <linux/debugfs.h>
#include <linux/irqdesc.h>
#include <linux/math64.h>

#define HZ_MILLI_MAX 100000000	/* 100 kHz */
/* A machine that is further behind loses pulses rather than all its time. */
#define EDGES_BEHIND_MAX 64
#define PHASE_SHIFT 20

static enum hrtimer_restart pulse_expired(struct hrtimer *timer)
{
	struct sim_line *line = container_of(timer, struct sim_line, pulse.timer);
	struct sim_pulse *pulse = &line->pulse;
	u64 now_ns = ktime_get_boottime_ns();

	if (!READ_ONCE(line->outside))
		atomic_inc(&pulse->pulses);
	if (sim_line_drive(line, !READ_ONCE(line->outside)))
		generic_handle_domain_irq(line->gpio->chip.irq.domain, line->offset);

	if (now_ns > pulse->next_ns + EDGES_BEHIND_MAX * pulse->half_ns)
		pulse->next_ns = now_ns;
	pulse->next_ns += pulse->half_ns;
	pulse->carry += pulse->half_rest;
	if (pulse->carry >= pulse->hz_milli) {
		pulse->carry -= pulse->hz_milli;
		pulse->next_ns++;
	}
	hrtimer_set_expires(timer, ns_to_ktime(pulse->next_ns));
	return HRTIMER_RESTART;
}

/* Time to the next edge at a new half period, at the same phase as before. */
static u64 pulse_rescale_ns(const struct sim_pulse *pulse, u64 half_ns, u64 now_ns)
{
	u64 left_ns;

	if (!pulse->hz_milli)
		return half_ns;
	if (pulse->next_ns <= now_ns)
		return 0;
	left_ns = min(pulse->next_ns - now_ns, pulse->half_ns);
	return div64_u64(left_ns << PHASE_SHIFT, pulse->half_ns) * half_ns >> PHASE_SHIFT;
}

static int pulse_get(void *data, u64 *value)
{
	const struct sim_line *line = data;

	*value = READ_ONCE(line->pulse.hz_milli);
	return 0;
}

static int pulse_set(void *data, u64 value)
{
	struct sim_line *line = data;
	struct sim_pulse *pulse = &line->pulse;

	if (value > HZ_MILLI_MAX)
		return -ERANGE;

	mutex_lock(&line->gpio->pulse_lock);
	if (value == pulse->hz_milli)
		goto unlock;
	hrtimer_cancel(&pulse->timer);
	if (value) {
		u64 now_ns = ktime_get_boottime_ns();
		u32 rest;
		u64 half_ns = div_u64_rem(500ULL * NSEC_PER_SEC, value, &rest);

		pulse->next_ns = now_ns + pulse_rescale_ns(pulse, half_ns, now_ns);
		pulse->half_ns = half_ns;
		pulse->half_rest = rest;
		pulse->carry = 0;
	}
	WRITE_ONCE(pulse->hz_milli, value);
	if (value)
		hrtimer_start(&pulse->timer, ns_to_ktime(pulse->next_ns), HRTIMER_MODE_ABS_HARD);
unlock:
	mutex_unlock(&line->gpio->pulse_lock);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(pulse_fops, pulse_get, pulse_set, "%llu\n");

void sim_pulse_init(struct sim_line *line)
{
	sim_hrtimer_setup(&line->pulse.timer, pulse_expired, CLOCK_BOOTTIME,
			  HRTIMER_MODE_ABS_HARD);
}

void sim_pulse_stop(struct sim_line *line)
{
	hrtimer_cancel(&line->pulse.timer);
}

void sim_pulse_create_file(struct sim_line *line, struct dentry *folder)
{
	char name[16];

	snprintf(name, sizeof(name), "hz_milli%u", line->offset);
	debugfs_create_file_unsafe(name, 0600, folder, line, &pulse_fops);
	snprintf(name, sizeof(name), "pulses%u", line->offset);
	debugfs_create_atomic_t(name, 0400, folder, &line->pulse.pulses);
}
