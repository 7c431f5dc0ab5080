// SPDX-License-Identifier: GPL-2.0-only
#include "decide.h"

__u64 hydropon_power_step(struct hydropon_power *power, bool good, bool edge, __u64 now_ns)
{
	__u64 deadline_ns;

	if (good != power->good || (edge && power->shedding)) {
		power->good = good;
		power->since_ns = now_ns;
	}
	if (power->good != power->shedding)
		return HYDROPON_NEVER;

	deadline_ns = power->since_ns + (power->good ? power->restore_ns : power->debounce_ns);
	if (now_ns < deadline_ns)
		return deadline_ns;
	power->shedding = !power->shedding;
	return HYDROPON_NEVER;
}

static enum hydropon_cause why_safe(const struct hydropon_output_state *output,
				    enum hydropon_cause let_go)
{
	bool final = let_go == HYDROPON_CAUSE_SHUTDOWN || let_go == HYDROPON_CAUSE_UNBIND;

	if (final || (let_go && output->cause == HYDROPON_CAUSE_LEASE))
		return let_go;
	if (output->cause == HYDROPON_CAUSE_LEASE)
		return HYDROPON_CAUSE_EXPIRED;
	if (output->cause == HYDROPON_CAUSE_SHED)
		return HYDROPON_CAUSE_RESTORED;
	return output->cause;
}

__u64 hydropon_decide(struct hydropon_output_state *output, bool shedding,
		      enum hydropon_cause let_go, __u64 now_ns)
{
	bool shed = shedding && output->shed;

	if (shed || let_go || now_ns >= output->lease_expiry_ns)
		output->lease_expiry_ns = 0;

	if (shed) {
		output->on = false;
		output->cause = HYDROPON_CAUSE_SHED;
	} else if (output->lease_expiry_ns) {
		output->on = !output->safe_on;
		output->cause = HYDROPON_CAUSE_LEASE;
	} else {
		output->on = output->safe_on;
		output->cause = why_safe(output, let_go);
	}
	return output->lease_expiry_ns ? output->lease_expiry_ns : HYDROPON_NEVER;
}
