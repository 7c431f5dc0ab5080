// SPDX-License-Identifier: GPL-2.0-only
/* An output: which level it is at, and what its limits leave. */
#include "decide.h"

#ifdef __KERNEL__
#include <linux/errno.h>
#else
#include <errno.h>
#endif

/* How long ago a time on ended. Two that were joined may end later than now. */
static __u64 ended_ago(const struct hydropon_used *use, __u64 now_ns)
{
	__s64 ago_ns = now_ns - use->end_ns;

	return ago_ns > 0 ? ago_ns : 0;
}

/* The part of a time on that lies within the window before now. */
static __u64 within_window(const struct hydropon_limits *limits, __u64 ago_ns, __u64 used_ns)
{
	return ago_ns < limits->window_ns ?
	       hydropon_earlier(used_ns, limits->window_ns - ago_ns) : 0;
}

__u64 hydropon_budget_left(const struct hydropon_limits *limits,
			   const struct hydropon_output_state *state, __u64 now_ns)
{
	__u64 used_ns = 0;
	__u32 i;

	if (!limits->budget_ns)
		return HYDROPON_NEVER;
	for (i = 0; i < state->uses_n; i++)
		used_ns += within_window(limits, ended_ago(&state->uses[i], now_ns),
					 state->uses[i].used_ns);
	if (state->on)
		used_ns += within_window(limits, 0, now_ns - state->since_ns);
	return limits->budget_ns - hydropon_earlier(used_ns, limits->budget_ns);
}

/* Two times become one that counts for longer: never for shorter. Where they overlap, as
 * times that were only reserved may, the second one comes after the first.
 */
static void join(const struct hydropon_used *first, struct hydropon_used *second)
{
	__u64 end_ns = first->end_ns + second->used_ns;

	if ((__s64)(end_ns - second->end_ns) > 0)
		second->end_ns = end_ns;
	second->used_ns += first->used_ns;
	second->first_ns = first->first_ns;
}

/* Joins the two neighbours that lie closest together, so that none counts for longer than
 * a fifteenth of the window more than it should, however many there are.
 */
static void make_room(struct hydropon_output_state *state)
{
	__u32 i, closest = 1;

	for (i = 2; i < state->uses_n; i++)
		if (state->uses[i].end_ns - state->uses[i - 1].first_ns <
		    state->uses[closest].end_ns - state->uses[closest - 1].first_ns)
			closest = i;
	join(&state->uses[closest - 1], &state->uses[closest]);
	for (i = closest; i < state->uses_n; i++)
		state->uses[i - 1] = state->uses[i];
	state->uses_n--;
}

static void add_use(struct hydropon_output_state *state, __u64 end_ns, __u64 used_ns)
{
	if (state->uses_n == HYDROPON_USES)
		make_room(state);
	state->uses[state->uses_n].end_ns = end_ns;
	state->uses[state->uses_n].first_ns = end_ns;
	state->uses[state->uses_n].used_ns = used_ns;
	state->uses_n++;
}

static void drop_old_uses(const struct hydropon_limits *limits,
			  struct hydropon_output_state *state, __u64 now_ns)
{
	__u32 i, old = 0;

	while (old < state->uses_n && ended_ago(&state->uses[old], now_ns) >= limits->window_ns)
		old++;
	for (i = old; i < state->uses_n; i++)
		state->uses[i - old] = state->uses[i];
	state->uses_n -= old;
}

/* When a budget that is spent has a grain again, as what was used leaves the window. It
 * cannot shrink while the output is off, so that bisection finds the instant.
 */
static __u64 unspent_at(const struct hydropon_limits *limits,
			const struct hydropon_output_state *state, __u64 now_ns)
{
	__u64 after_ns = now_ns, at_ns = now_ns + limits->window_ns, middle_ns;

	while (at_ns - after_ns > 1) {
		middle_ns = after_ns + (at_ns - after_ns) / 2;
		if (hydropon_budget_left(limits, state, middle_ns) < HYDROPON_BUDGET_GRAIN_NS)
			after_ns = middle_ns;
		else
			at_ns = middle_ns;
	}
	return at_ns;
}

static void check_budget(const struct hydropon_limits *limits,
			 struct hydropon_output_state *state, __u64 now_ns)
{
	__u64 left_ns;

	if (!limits->budget_ns || now_ns < state->budget_check_ns)
		return;
	left_ns = hydropon_budget_left(limits, state, now_ns);
	state->spent = left_ns < HYDROPON_BUDGET_GRAIN_NS;
	if (state->on) {
		state->budget_check_ns = now_ns + left_ns;
		if (state->spent)
			state->latched |= HYDROPON_LATCH_BUDGET;
	} else {
		state->budget_check_ns = state->spent ? unspent_at(limits, state, now_ns) :
							HYDROPON_NEVER;
	}
}

/* After max-on a command counts, and nothing else: the controller lets go of it, or its switch
 * is pressed again. That the controller goes away is none, or one that comes back again and
 * again had the output on for ever; neither is a trip that begins, which a reading at its
 * threshold does all the time. A press at the very end gives no more time without a pause.
 */
static void check_max_on(const struct hydropon_limits *limits,
			 struct hydropon_output_state *state,
			 const struct hydropon_inputs *inputs, __u32 trips, __u64 now_ns)
{
	bool pressed = inputs->manual == HYDROPON_MANUAL_ON;
	/* Nobody lets go for the one who holds the switch, nor for a trip. */
	bool released = inputs->let_go == HYDROPON_CAUSE_RELEASED && !pressed &&
			!(trips & HYDROPON_TRIP_ON);

	if (released || (pressed && !state->pressed))
		state->overrun = false;
	if (state->on && !released && limits->max_on_ns &&
	    now_ns >= state->since_ns + limits->max_on_ns)
		state->overrun = true;
	state->pressed = pressed;
}

/* Nobody is there any more to switch it. */
static bool is_end(enum hydropon_cause let_go)
{
	return let_go == HYDROPON_CAUSE_SUSPEND || let_go == HYDROPON_CAUSE_SHUTDOWN ||
	       let_go == HYDROPON_CAUSE_UNBIND;
}

static enum hydropon_cause forced_off(const struct hydropon_limits *limits,
				      const struct hydropon_output_state *state,
				      const struct hydropon_inputs *inputs, __u32 trips)
{
	if (state->latched & HYDROPON_LATCH_WELDED)
		return HYDROPON_CAUSE_WELDED;
	if (trips & HYDROPON_TRIP_OFF)
		return HYDROPON_CAUSE_TRIP_OFF;
	if (inputs->shedding && limits->shed)
		return HYDROPON_CAUSE_SHED;
	if (inputs->manual == HYDROPON_MANUAL_OFF)
		return HYDROPON_CAUSE_MANUAL_OFF;
	if (state->overrun)
		return HYDROPON_CAUSE_MAX_ON;
	if (limits->budget_ns && (!state->restored || state->spent ||
				  (state->latched & HYDROPON_LATCH_BUDGET)))
		return HYDROPON_CAUSE_BUDGET;
	return 0;
}

/* Why an output without a lease, and with nothing stronger, is at its declared state. */
static enum hydropon_cause why_safe(const struct hydropon_output_state *state,
				    const struct hydropon_inputs *inputs)
{
	if (is_end(inputs->let_go))
		return inputs->let_go;
	switch (state->cause) {
	case HYDROPON_CAUSE_LEASE:
		if (inputs->let_go)
			return inputs->let_go;
		return inputs->needs_stale ? HYDROPON_CAUSE_NEED : HYDROPON_CAUSE_EXPIRED;
	case HYDROPON_CAUSE_SHED:
		return HYDROPON_CAUSE_RESTORED;
	case HYDROPON_CAUSE_WELDED:
	case HYDROPON_CAUSE_TRIP_OFF:
	case HYDROPON_CAUSE_MANUAL_OFF:
	case HYDROPON_CAUSE_MAX_ON:
	case HYDROPON_CAUSE_BUDGET:
	case HYDROPON_CAUSE_TRIP_ON:
	case HYDROPON_CAUSE_TRIP_SAFE:
	case HYDROPON_CAUSE_MANUAL_ON:
		return HYDROPON_CAUSE_CLEARED;
	default:
		return state->cause;
	}
}

/* Trips and latches that hold, as bits of HYDROPON_TRIP_LEVELS. */
static __u32 trips_that_hold(const struct hydropon_output_state *state,
			     const struct hydropon_inputs *inputs)
{
	__u32 trips = inputs->trips | state->latched;

	if (inputs->manual != HYDROPON_MANUAL_ON)
		trips |= trips >> HYDROPON_TRIP_PASS_SHIFT;
	return trips & HYDROPON_TRIP_LEVELS;
}

static void switch_to(const struct hydropon_limits *limits, struct hydropon_output_state *state,
		      bool on, __u64 now_ns)
{
	if (on == state->on)
		return;
	if (limits->budget_ns && state->on) {
		drop_old_uses(limits, state, now_ns);
		add_use(state, now_ns, now_ns - state->since_ns);
	}
	state->on = on;
	state->since_ns = now_ns;
	state->budget_check_ns = 0;
}

static __u64 next_deadline(const struct hydropon_limits *limits,
			   const struct hydropon_output_state *state)
{
	__u64 next_ns = HYDROPON_NEVER;

	if (state->lease_expiry_ns)
		next_ns = state->lease_expiry_ns;
	if (state->on && limits->max_on_ns)
		next_ns = hydropon_earlier(next_ns, state->since_ns + limits->max_on_ns);
	if (limits->budget_ns)
		next_ns = hydropon_earlier(next_ns, state->budget_check_ns);
	return next_ns;
}

static void settle(const struct hydropon_limits *limits, struct hydropon_output_state *state,
		   const struct hydropon_inputs *inputs, __u64 now_ns)
{
	__u32 trips = trips_that_hold(state, inputs);
	enum hydropon_cause stronger;
	bool on = false;

	check_max_on(limits, state, inputs, trips, now_ns);
	check_budget(limits, state, now_ns);

	stronger = forced_off(limits, state, inputs, trips);
	state->end_on = !stronger && limits->safe_on;
	if (!stronger && !is_end(inputs->let_go)) {
		if (trips & HYDROPON_TRIP_ON) {
			stronger = HYDROPON_CAUSE_TRIP_ON;
			on = true;
		} else if (trips & HYDROPON_TRIP_SAFE) {
			stronger = HYDROPON_CAUSE_TRIP_SAFE;
			on = limits->safe_on;
		}
	}
	state->held_by = stronger;
	if (!stronger && inputs->needs_stale)
		state->held_by = HYDROPON_CAUSE_NEED;

	if (state->held_by || inputs->let_go || now_ns >= state->lease_expiry_ns)
		state->lease_expiry_ns = 0;

	if (stronger) {
		state->cause = stronger;
	} else if (inputs->manual == HYDROPON_MANUAL_ON && !is_end(inputs->let_go)) {
		on = true;
		state->cause = HYDROPON_CAUSE_MANUAL_ON;
	} else if (state->lease_expiry_ns) {
		on = !limits->safe_on;
		state->cause = HYDROPON_CAUSE_LEASE;
	} else {
		on = limits->safe_on;
		state->cause = why_safe(state, inputs);
	}
	switch_to(limits, state, on, now_ns);
}

__u64 hydropon_decide(const struct hydropon_limits *limits, struct hydropon_output_state *state,
		      const struct hydropon_inputs *inputs, __u64 now_ns)
{
	bool was_on = state->on;

	state->latched |= inputs->latching;
	settle(limits, state, inputs, now_ns);
	/* When its budget is to be looked at again, and what that says, is up to @on. */
	if (state->on != was_on)
		settle(limits, state, inputs, now_ns);
	return next_deadline(limits, state);
}

int hydropon_may_lease(const struct hydropon_limits *limits,
		       const struct hydropon_output_state *state, __u64 now_ns)
{
	switch (state->held_by) {
	case 0:
		break;
	case HYDROPON_CAUSE_NEED:
		return -ENODATA;
	case HYDROPON_CAUSE_MAX_ON:
		return -ETIME;
	case HYDROPON_CAUSE_BUDGET:
		return -EDQUOT;
	default:
		return -EBUSY;
	}
	if (!state->on && now_ns < state->since_ns + limits->min_off_ns)
		return -EAGAIN;
	return 0;
}

/* What a controller has kept must be in order, and within what a BOOTTIME can tell. */
static bool is_sensible(const struct hydropon_restore *kept)
{
	__u32 i;

	if (kept->uses_n > HYDROPON_MAX_USES || kept->reserved ||
	    (kept->latched & ~(__u32)HYDROPON_LATCHES))
		return false;
	for (i = 1; i < kept->uses_n; i++)
		if (kept->uses[i].ago_ms > kept->uses[i - 1].ago_ms)
			return false;
	return true;
}

int hydropon_restore(const struct hydropon_limits *limits, struct hydropon_output_state *state,
		     const struct hydropon_restore *kept, __u64 now_ns)
{
	__u32 i;

	if (state->restored)
		return -EALREADY;
	if (!is_sensible(kept))
		return -EINVAL;
	state->restored = true;
	state->latched |= kept->latched;
	/* No use is newer: until now the output was forced off. Without a budget there is no
	 * window that one could lie in.
	 */
	for (i = 0; i < kept->uses_n; i++) {
		__u64 ago_ns = kept->uses[i].ago_ms * HYDROPON_MS_NS;
		__u64 used_ns = kept->uses[i].used_ms * HYDROPON_MS_NS;

		/* BOOTTIME begins at boot; what ended before that wraps, as differences do. */
		if (ago_ns < limits->window_ns)
			add_use(state, now_ns - ago_ns,
				hydropon_earlier(used_ns, limits->window_ns));
	}
	state->budget_check_ns = 0;
	return 0;
}

int hydropon_reset(const struct hydropon_limits *limits, struct hydropon_output_state *state,
		   __u32 lasting, __u64 now_ns)
{
	if (state->latched & lasting)
		return -EBUSY;
	if ((state->latched & HYDROPON_LATCH_BUDGET) &&
	    hydropon_budget_left(limits, state, now_ns) < HYDROPON_BUDGET_GRAIN_NS)
		return -EBUSY;
	state->latched = 0;
	return 0;
}
