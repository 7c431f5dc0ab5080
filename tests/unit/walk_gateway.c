// SPDX-License-Identifier: GPL-2.0-only
/*
 * Two outputs and what they hang on, together: a circulation pump that is safe on, and a doser
 * that is safe off, must not be on for long, and needs the flow's channel. From lines and
 * readings to outcomes, through everything that decides.
 *
 * The abstraction. An interlock stops the doser while the pump is on and there is no flow, or
 * no reading of it; one that latches stops the pump for a leak, but for its switch. Power is
 * lost, returns and flickers; the contacts of the pump's switch close and open one by one; the
 * doser's relay sticks. Leases are set and let go of. All steps are made in the order in which
 * one follows from the other, as the guard makes them at every event. Time is as in walk.c.
 *
 * What is judged is each verdict on the way (from counters of ticks, not from what the guard
 * remembers), each outcome (oracle.h, from these verdicts), and that nothing at all changes
 * before the deadline that was returned.
 */
#include "../../kmod/guard/decide.h"

#undef HYDROPON_MS_NS
#define HYDROPON_MS_NS 1ULL
#undef HYDROPON_BUDGET_GRAIN_NS
#define HYDROPON_BUDGET_GRAIN_NS 2ULL
#undef HYDROPON_FLICKER_NS
#define HYDROPON_FLICKER_NS 4
#undef HYDROPON_SWITCH_DEBOUNCE_NS
#define HYDROPON_SWITCH_DEBOUNCE_NS 2
#undef HYDROPON_FEEDBACK_NS
#define HYDROPON_FEEDBACK_NS 3

#include "../../kmod/guard/decide.c"
#include "../../kmod/guard/interlock.c"
#include "../../kmod/guard/sense.c"
#include "support/oracle.h"

enum op {
	OP_TICK, OP_BEFORE, OP_DEADLINE, OP_LATE, OP_FOREVER,
	OP_SET_PUMP, OP_SET_PUMP_OLD, OP_RELEASE_PUMP, OP_SET_DOSER, OP_SET_DOSER_OLD,
	OP_RELEASE_DOSER, OP_CLOSE, OP_FLOW, OP_NO_FLOW, OP_NO_READING, OP_LEAK, OP_RESET_PUMP,
	OP_POWER, OP_FLICKER, OP_CONTACT_ON, OP_CONTACT_OFF, OP_STICK, OP_RESET_DOSER,
	OPS,
};

enum { PUMP, DOSER, OUTPUTS };

/* Verdicts, and for how many ticks what they rest on has lasted. */
struct verdicts {
	unsigned int power_for, contacts_for, contradicts_for, true_for, false_for, read_for;
	bool shedding, broken, sticks, stopped, stale, need, ever_read;
	enum hydropon_manual manual;
};

struct world {
	__u64 now_ns, next_ns;
	struct hydropon_output_state outputs[OUTPUTS];
	struct hydropon_power power;
	struct hydropon_switch position;
	struct hydropon_feedback feedback;
	struct hydropon_reading flow;
	struct hydropon_interlock_state rule;
	__u64 forced_ns[OUTPUTS];
	bool leak, leaked, good, on_closed, off_closed, stuck, welded;
	struct oracle seen[OUTPUTS];
	struct verdicts should;
};

#include "support/walk.h"

#define LEASE 4
#define NEED 4
#define DEBOUNCE 2
#define RESTORE 4
#define HOLD 2
#define STALE 5
#define RELEASE 3
#define FOREVER 20

static const struct hydropon_limits limits[OUTPUTS] = {
	[PUMP] = { .safe_on = true, .shed = true },
	[DOSER] = { .shed = true, .max_on_ns = 6, .min_off_ns = 2 },
};

static const struct hydropon_interlock no_flow = {
	.channel = 0, .output = DOSER, .while_output = PUMP, .compare = HYDROPON_BELOW,
	.level = HYDROPON_LEVEL_OFF, .threshold = 1, .hold_ms = HOLD, .stale_ms = STALE,
	.release_ms = RELEASE,
};

/* What happens in a walk, beside leases. */
struct scene {
	const char *name;
	bool flow, no_flow, no_reading, leaks, power, has_switch, sticks;
};

static const struct scene *scene;
static bool causes[OUTPUTS][32];

static const char *op_name(unsigned int op)
{
	static const char *const names[] = {
		"a tick", "until before the deadline", "until the deadline", "past the deadline",
		"for ever", "stop the pump", "stop the pump by an old beat", "let go of the pump",
		"dose", "dose by an old beat", "let go of the doser", "close", "flow", "no flow",
		"no reading", "leak", "reset the pump", "power", "flicker", "contact ON",
		"contact OFF", "stick", "reset the doser",
	};

	return names[op];
}

static void describe(const struct world *world, char *text, size_t size)
{
	snprintf(text, size, "pump %d by %u (%d by %u), doser %d by %u (%d by %u)",
		 world->outputs[PUMP].on, world->outputs[PUMP].cause, world->seen[PUMP].on,
		 world->seen[PUMP].cause, world->outputs[DOSER].on, world->outputs[DOSER].cause,
		 world->seen[DOSER].on, world->seen[DOSER].cause);
}

static unsigned char *pack_output(const struct world *world, unsigned int i, unsigned char *to)
{
	const struct hydropon_output_state *state = &world->outputs[i];
	const struct oracle *seen = &world->seen[i];

	to = put_ahead(to, world->now_ns, state->lease_expiry_ns);
	to = put_ago(to, world->now_ns, state->since_ns, state->on ? limits[i].max_on_ns :
								    limits[i].min_off_ns);
	to = put(to, state->cause);
	to = put(to, state->held_by);
	to = put(to, state->latched & 0xff);
	to = put(to, state->latched >> 8);
	to = put(to, state->on | state->end_on << 1 | state->overrun << 3 | state->pressed << 5);
	to = put_ago(to, world->now_ns, world->forced_ns[i], LEASE);
	to = put_ahead(to, world->now_ns, seen->lease_until);
	to = put(to, seen->on_for);
	to = put(to, seen->off_for);
	to = put(to, seen->cause);
	return put(to, seen->on | seen->reached_max << 1 | seen->pressed << 2);
}

static const unsigned char *unpack_output(const unsigned char *from, struct world *world,
					  unsigned int i)
{
	struct hydropon_output_state *state = &world->outputs[i];
	struct oracle *seen = &world->seen[i];

	state->restored = true;
	state->lease_expiry_ns = get_ahead(from[0], 0);
	state->since_ns = WALK_NOW - from[1];
	state->cause = from[2];
	state->held_by = from[3];
	state->latched = from[4] | (__u32)from[5] << 8;
	state->on = from[6] & 1;
	state->end_on = from[6] & 2;
	state->overrun = from[6] & 8;
	state->pressed = from[6] & 32;
	world->forced_ns[i] = WALK_NOW - from[7];
	seen->restored = seen->exact = true;
	seen->lease_until = get_ahead(from[8], 0);
	seen->on_for = from[9];
	seen->off_for = from[10];
	seen->cause = from[11];
	seen->on = from[12] & 1;
	seen->reached_max = from[12] & 2;
	seen->pressed = from[12] & 4;
	return from + 13;
}

static void pack(const struct world *world, unsigned char *to)
{
	const struct verdicts *should = &world->should;
	__u64 now_ns = world->now_ns;

	to = pack_output(world, PUMP, to);
	to = pack_output(world, DOSER, to);
	to = put_ahead(to, now_ns, world->next_ns);
	to = put_ago(to, now_ns, world->power.since_ns, RESTORE);
	to = put_ago(to, now_ns, world->position.since_ns, DEBOUNCE);
	to = put_ago(to, now_ns, world->feedback.differs ? world->feedback.since_ns : now_ns,
		     HYDROPON_FEEDBACK_NS);
	to = put_since(to, now_ns, world->flow.good_ns, STALE);
	to = put_ago(to, now_ns, world->rule.loaded_ns, STALE);
	to = put_since(to, now_ns, world->rule.since_ns, HOLD);
	to = put_since(to, now_ns, world->rule.tripping ? world->rule.false_since_ns : 0, RELEASE);
	to = put(to, world->power.good | world->power.shedding << 1 | world->good << 2 |
			     world->leak << 3 | world->leaked << 4 | world->stuck << 5 |
			     world->welded << 6);
	to = put(to, world->position.on_closed | world->position.off_closed << 1 |
			     world->position.manual << 2 | world->position.broken << 4 |
			     world->on_closed << 5 | world->off_closed << 6);
	to = put(to, world->feedback.differs | world->feedback.fault << 1 |
			     world->feedback.told_on << 2 | world->flow.good << 3 |
			     (__u64)world->flow.value << 4 | world->rule.tripping << 5 |
			     world->rule.stale << 6);
	to = put(to, should->power_for);
	to = put(to, should->contacts_for);
	to = put(to, should->contradicts_for);
	to = put(to, should->true_for);
	to = put(to, should->false_for);
	to = put(to, should->read_for);
	to = put(to, should->shedding | should->broken << 1 | should->sticks << 2 |
			     should->stopped << 3 | should->stale << 4 | should->need << 5 |
			     should->ever_read << 6);
	put(to, should->manual);
}

static void unpack(const unsigned char *from, struct world *world)
{
	struct verdicts *should = &world->should;

	memset(world, 0, sizeof(*world));
	world->now_ns = WALK_NOW;
	from = unpack_output(from, world, PUMP);
	from = unpack_output(from, world, DOSER);
	world->next_ns = get_ahead(from[0], WALK_NOW);
	world->power.debounce_ns = DEBOUNCE;
	world->power.restore_ns = RESTORE;
	world->power.since_ns = WALK_NOW - from[1];
	world->position.since_ns = WALK_NOW - from[2];
	world->feedback.since_ns = WALK_NOW - from[3];
	world->flow.good_ns = get_since(from[4]);
	world->rule.loaded_ns = WALK_NOW - from[5];
	world->rule.since_ns = get_since(from[6]);
	world->rule.false_since_ns = get_since(from[7]);
	world->power.good = from[8] & 1;
	world->power.shedding = from[8] & 2;
	world->good = from[8] & 4;
	world->leak = from[8] & 8;
	world->leaked = from[8] & 16;
	world->stuck = from[8] & 32;
	world->welded = from[8] & 64;
	world->position.on_closed = from[9] & 1;
	world->position.off_closed = from[9] & 2;
	world->position.manual = from[9] >> 2 & 3;
	world->position.broken = from[9] & 16;
	world->on_closed = from[9] & 32;
	world->off_closed = from[9] & 64;
	world->feedback.differs = from[10] & 1;
	world->feedback.fault = from[10] & 2;
	world->feedback.told_on = from[10] & 4;
	world->flow.good = from[10] & 8;
	world->flow.value = from[10] >> 4 & 1;
	world->rule.tripping = from[10] & 32;
	world->rule.stale = from[10] & 64;
	should->power_for = from[11];
	should->contacts_for = from[12];
	should->contradicts_for = from[13];
	should->true_for = from[14];
	should->false_for = from[15];
	should->read_for = from[16];
	should->shedding = from[17] & 1;
	should->broken = from[17] & 2;
	should->sticks = from[17] & 4;
	should->stopped = from[17] & 8;
	should->stale = from[17] & 16;
	should->need = from[17] & 32;
	should->ever_read = from[17] & 64;
	should->manual = from[18];
}

/* The guard */

static __u64 decide(struct world *world, unsigned int i, struct hydropon_inputs *inputs,
		    enum hydropon_cause let_go)
{
	inputs->let_go = let_go;
	inputs->shedding = world->power.shedding;
	return hydropon_decide(&limits[i], &world->outputs[i], inputs, world->now_ns);
}

static __u64 step_relay(struct world *world)
{
	bool told_on = world->outputs[DOSER].on;

	return hydropon_feedback_step(&world->feedback, told_on, told_on || world->stuck,
				      world->now_ns);
}

/* Brings everything up to now, in the order in which one follows from the other. */
static void guard(struct world *world, bool edge, enum hydropon_cause pump_let_go,
		  enum hydropon_cause doser_let_go)
{
	__u64 now_ns = world->now_ns, need_ns = world->flow.good_ns + NEED, next_ns;
	struct hydropon_inputs pump = { 0 }, doser = { 0 };

	next_ns = hydropon_power_step(&world->power, world->good, edge, now_ns);
	next_ns = hydropon_earlier(next_ns, hydropon_switch_step(&world->position, world->on_closed,
								 world->off_closed, false, now_ns));
	pump.manual = world->position.manual;
	if (world->leak)
		pump.trips = pump.latching = HYDROPON_TRIP_OFF << HYDROPON_TRIP_PASS_SHIFT;
	next_ns = hydropon_earlier(next_ns, decide(world, PUMP, &pump, pump_let_go));

	next_ns = hydropon_earlier(next_ns, hydropon_interlock_step(&no_flow, &world->rule,
								    &world->flow,
								    world->outputs[PUMP].on,
								    now_ns));
	step_relay(world);
	doser.trips = world->rule.tripping ? hydropon_interlock_bit(&no_flow) : 0;
	doser.latching = world->feedback.fault && !world->outputs[DOSER].on ?
			 HYDROPON_LATCH_WELDED : 0;
	doser.needs_stale = !world->flow.good_ns || now_ns >= need_ns;
	if (!doser.needs_stale)
		next_ns = hydropon_earlier(next_ns, need_ns);
	next_ns = hydropon_earlier(next_ns, decide(world, DOSER, &doser, doser_let_go));
	world->next_ns = hydropon_earlier(next_ns, step_relay(world));
}

/* Judging */

static unsigned int longer(unsigned int ticks, __u64 by, unsigned int longest)
{
	return (unsigned int)hydropon_earlier(ticks + by, longest);
}

/* Time has passed with everything as it was. */
static void verdicts_pass(struct world *world, unsigned int ticks, bool late)
{
	struct verdicts *should = &world->should;
	bool told_on = world->outputs[DOSER].on;
	bool was_true = should->true_for != 255, was_false = should->false_for != 255;

	should->power_for = longer(should->power_for, ticks, RESTORE);
	should->contacts_for = longer(should->contacts_for, ticks, DEBOUNCE);
	if (!told_on && world->stuck)
		should->contradicts_for = longer(should->contradicts_for, ticks,
						 HYDROPON_FEEDBACK_NS);
	if (was_true)
		should->true_for = longer(should->true_for, ticks, HOLD);
	if (was_false)
		should->false_for = longer(should->false_for, ticks, RELEASE);
	should->read_for = longer(should->read_for, ticks, STALE);
	for (unsigned int i = 0; i < OUTPUTS; i++)
		oracle_pass(&world->seen[i], &limits[i], ticks, late);
}

static void judge_power_and_switch(struct world *world)
{
	struct verdicts *should = &world->should;
	bool is_on = world->on_closed && !world->off_closed;

	if (!world->good && should->power_for >= DEBOUNCE)
		should->shedding = true;
	else if (world->good && should->power_for >= RESTORE)
		should->shedding = false;
	JUDGE(world->power.shedding == should->shedding, "shedding, or not, against its power");

	if (should->manual == HYDROPON_MANUAL_ON && !is_on)
		should->manual = HYDROPON_MANUAL_AUTO;
	if (should->contacts_for >= DEBOUNCE) {
		should->broken = world->on_closed && world->off_closed;
		should->manual = is_on ? HYDROPON_MANUAL_ON :
				 world->off_closed && !world->on_closed ? HYDROPON_MANUAL_OFF :
									  HYDROPON_MANUAL_AUTO;
	}
	JUDGE(world->position.manual == should->manual, "of another position than its contacts");
	JUDGE(world->position.broken == should->broken, "broken, or not, against its contacts");
}

/* 255 ticks: not at all. */
static void judge_rule(struct world *world)
{
	struct verdicts *should = &world->should;
	bool applies = world->outputs[PUMP].on, stale = applies && should->read_for >= STALE;
	bool is_known = should->ever_read && (world->flow.good || !stale);
	bool is_true = applies && is_known && !world->flow.value;

	should->true_for = is_true ? should->true_for == 255 ? 0 : should->true_for : 255;
	if (stale || is_true)
		should->false_for = 255;
	else if (should->false_for == 255)
		should->false_for = 0;
	if (stale || (is_true && should->true_for >= HOLD)) {
		should->stopped = true;
		should->stale = stale;
	} else if (!is_true && should->false_for >= RELEASE) {
		should->stopped = should->stale = false;
	}
	JUDGE(world->rule.tripping == should->stopped, "tripped, or not, against its readings");
	JUDGE(world->rule.stale == should->stale, "stale, or not, against its readings");
	should->need = !should->ever_read || should->read_for >= NEED;
}

static void judge_output(struct world *world, unsigned int i, struct facts *facts)
{
	struct hydropon_output_state *state = &world->outputs[i];
	const char *wrong;

	facts->shed = world->should.shedding;
	wrong = oracle_expect(&world->seen[i], &limits[i], facts, state, world->now_ns);
	JUDGE(!wrong, wrong);
	wrong = oracle_safety(&world->seen[i], &limits[i], facts, state->on, world->now_ns);
	JUDGE(!wrong, wrong);
	JUDGE(hydropon_may_lease(&limits[i], state, world->now_ns) ==
	      oracle_refusal(&world->seen[i], &limits[i], facts), "refusing for another reason");
	if (state->held_by)
		world->forced_ns[i] = world->now_ns;
	causes[i][state->cause] = true;
}

static void evaluate_with(struct world *world, bool edge, enum hydropon_cause pump_let_go,
			  enum hydropon_cause doser_let_go)
{
	struct verdicts *should = &world->should;
	struct facts pump = { .let_go = pump_let_go }, doser = { .let_go = doser_let_go };
	bool was_told_on = world->outputs[DOSER].on;

	guard(world, edge, pump_let_go, doser_let_go);

	judge_power_and_switch(world);
	world->leaked |= world->leak;
	pump.manual = should->manual;
	pump.off = world->leaked && should->manual != HYDROPON_MANUAL_ON;
	judge_output(world, PUMP, &pump);

	judge_rule(world);
	/* On unasked: the relay sticks, and the doser is off. */
	if (was_told_on || !world->stuck)
		should->contradicts_for = 0;
	world->welded |= should->contradicts_for >= HYDROPON_FEEDBACK_NS;
	doser.off = should->stopped;
	doser.welded = world->welded;
	doser.needs_stale = should->need;
	judge_output(world, DOSER, &doser);

	/* And once more, from end to end. */
	JUDGE(!world->outputs[DOSER].on || should->read_for < NEED, "dosing without a reading");
	JUDGE(!world->outputs[DOSER].on || should->true_for < HOLD || should->true_for == 255,
	      "dosing without flow");
	JUDGE(world->good || should->power_for < DEBOUNCE ||
	      (!world->outputs[PUMP].on && !world->outputs[DOSER].on), "on without mains power");
	JUDGE(!world->outputs[PUMP].on || !world->leak || world->on_closed, "pumping into a leak");
}

static void evaluate(struct world *world)
{
	evaluate_with(world, false, 0, 0);
}

/* Looks as the guard does, without judging. */
static bool is_unchanged(const struct world *world, __u64 now_ns)
{
	struct world later = *world;
	const struct hydropon_output_state *state = later.outputs, *was = world->outputs;

	later.now_ns = now_ns;
	guard(&later, false, 0, 0);
	for (unsigned int i = 0; i < OUTPUTS; i++)
		if (state[i].on != was[i].on || state[i].cause != was[i].cause ||
		    state[i].held_by != was[i].held_by)
			return false;
	if (now_ns == world->now_ns && later.next_ns != world->next_ns)
		return false;
	return later.power.shedding == world->power.shedding &&
	       later.position.manual == world->position.manual &&
	       later.position.broken == world->position.broken &&
	       later.feedback.fault == world->feedback.fault &&
	       later.rule.tripping == world->rule.tripping &&
	       later.rule.stale == world->rule.stale;
}

static void look(const struct world *world)
{
	JUDGE(is_unchanged(world, world->now_ns), "deciding otherwise the second time");
	JUDGE(world->next_ns > world->now_ns, "asking to be looked at again at once");
	for (__u64 t = world->now_ns + 1; t < world->next_ns && t <= world->now_ns + FOREVER; t++)
		JUDGE(is_unchanged(world, t), "changing before its deadline");
}

/* What happens */

static bool pass(struct world *world, __u64 ticks, bool late)
{
	verdicts_pass(world, (unsigned int)ticks, late);
	world->now_ns += ticks;
	evaluate(world);
	return true;
}

static bool set(struct world *world, unsigned int i, __u64 beat_age)
{
	__u64 beat_ns = world->now_ns - beat_age, expiry_ns = beat_ns + LEASE;
	struct hydropon_output_state *state = &world->outputs[i];

	if (beat_ns <= world->forced_ns[i] || hydropon_may_lease(&limits[i], state, world->now_ns))
		return false;
	if (expiry_ns > state->lease_expiry_ns)
		state->lease_expiry_ns = expiry_ns;
	if (expiry_ns > world->seen[i].lease_until)
		world->seen[i].lease_until = expiry_ns;
	evaluate(world);
	JUDGE(state->cause == HYDROPON_CAUSE_LEASE || state->cause == HYDROPON_CAUSE_MANUAL_ON,
	      "not following its lease");
	return true;
}

static bool let_go(struct world *world, enum hydropon_cause pump, enum hydropon_cause doser)
{
	evaluate_with(world, false, pump, doser);
	return true;
}

static bool read_flow(struct world *world, bool good, bool flow)
{
	world->flow.good = good;
	if (good) {
		world->flow.good_ns = world->now_ns;
		world->flow.value = flow;
		world->should.ever_read = true;
		world->should.read_for = 0;
	}
	evaluate(world);
	return true;
}

static bool reset(struct world *world, unsigned int i)
{
	bool lasts = i == PUMP ? world->leak && world->leaked :
				 world->welded && world->stuck && !world->outputs[DOSER].on &&
				 world->should.contradicts_for >= HYDROPON_FEEDBACK_NS;
	__u32 lasting = 0;
	int ret;

	if (i == PUMP && world->leak)
		lasting = HYDROPON_TRIP_OFF << HYDROPON_TRIP_PASS_SHIFT;
	if (i == DOSER && world->feedback.fault && !world->outputs[DOSER].on)
		lasting = HYDROPON_LATCH_WELDED;
	ret = hydropon_reset(&limits[i], &world->outputs[i], lasting, world->now_ns);
	JUDGE(ret == (lasts ? -EBUSY : 0), "reset while it lasts, or not although it is over");
	if (!ret) {
		world->forced_ns[i] = world->now_ns;
		if (i == PUMP)
			world->leaked = false;
		else
			world->welded = false;
	}
	evaluate(world);
	return true;
}

static bool change(struct world *world, bool *what, bool may, unsigned int *since)
{
	if (!may)
		return false;
	*what = !*what;
	if (since)
		*since = 0;
	evaluate_with(world, what == &world->good, 0, 0);
	return true;
}

static bool happen(struct world *world, unsigned int op)
{
	bool is_due = world->next_ns != HYDROPON_NEVER;
	__u64 left_ns = world->next_ns - world->now_ns;

	switch (op) {
	case OP_TICK:
		return pass(world, 1, false);
	case OP_BEFORE:
		return is_due && left_ns > 2 && pass(world, left_ns - 1, false);
	case OP_DEADLINE:
		return is_due && left_ns > 1 && pass(world, left_ns, false);
	case OP_LATE:
		return is_due && pass(world, left_ns + 1, true);
	case OP_FOREVER:
		return !is_due && pass(world, FOREVER, false);
	case OP_SET_PUMP:
		return set(world, PUMP, 0);
	case OP_SET_PUMP_OLD:
		return set(world, PUMP, 3);
	case OP_RELEASE_PUMP:
		return let_go(world, HYDROPON_CAUSE_RELEASED, 0);
	case OP_SET_DOSER:
		return set(world, DOSER, 0);
	case OP_SET_DOSER_OLD:
		return set(world, DOSER, 3);
	case OP_RELEASE_DOSER:
		return let_go(world, 0, HYDROPON_CAUSE_RELEASED);
	case OP_CLOSE:
		return let_go(world, HYDROPON_CAUSE_CLOSED, HYDROPON_CAUSE_CLOSED);
	case OP_FLOW:
		return scene->flow && read_flow(world, true, true);
	case OP_NO_FLOW:
		return scene->no_flow && read_flow(world, true, false);
	case OP_NO_READING:
		return scene->no_reading && read_flow(world, false, false);
	case OP_LEAK:
		return change(world, &world->leak, scene->leaks, NULL);
	case OP_RESET_PUMP:
		return scene->leaks && reset(world, PUMP);
	case OP_POWER:
		return change(world, &world->good, scene->power, &world->should.power_for);
	case OP_FLICKER:
		if (!scene->power)
			return false;
		/* seen by its edge only: what returns waits anew */
		if (world->should.shedding)
			world->should.power_for = 0;
		evaluate_with(world, true, 0, 0);
		return true;
	case OP_CONTACT_ON:
		return change(world, &world->on_closed, scene->has_switch, &world->should.contacts_for);
	case OP_CONTACT_OFF:
		return change(world, &world->off_closed, scene->has_switch, &world->should.contacts_for);
	case OP_STICK:
		return change(world, &world->stuck, scene->sticks, NULL);
	default:
		return scene->sticks && reset(world, DOSER);
	}
}

static bool go(const struct scene *played, unsigned int at_least)
{
	struct world world = {
		.now_ns = WALK_NOW, .good = true,
		.power = { .debounce_ns = DEBOUNCE, .restore_ns = RESTORE, .since_ns = WALK_NOW,
			   .good = true },
		.position.since_ns = WALK_NOW, .rule.loaded_ns = WALK_NOW,
		.forced_ns = { WALK_NOW, WALK_NOW },
		.should = { .true_for = 255, .false_for = 255 },
	};

	scene = played;
	memset(causes, 0, sizeof(causes));
	for (unsigned int i = 0; i < OUTPUTS; i++) {
		world.outputs[i].on = world.seen[i].on = limits[i].safe_on;
		world.outputs[i].since_ns = WALK_NOW;
		world.outputs[i].restored = world.seen[i].restored = world.seen[i].exact = true;
	}
	evaluate(&world);
	return walk_from(scene->name, &world, at_least);
}

/* Of a walk that knows all: each of these came about. */
#define EXPECT_SEEN(output, ...)						\
	do {									\
		static const int wanted[] = { __VA_ARGS__ };			\
										\
		for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)	\
			if (!causes[output][wanted[i]])				\
				harness_fail(__FILE__, __LINE__, "%s: no cause %d of %s", \
					     scene->name, wanted[i], #output);	\
	} while (0)

TEST_TIMEOUT(a_pump_and_a_doser_by_readings_and_leaks, WALK_TIMEOUT_S)
{
	static const struct scene readings = {
		.name = "readings", .flow = true, .no_flow = true, .no_reading = true, .leaks = true,
	};

	if (!go(&readings, 200000))
		return;
	EXPECT_SEEN(PUMP, HYDROPON_CAUSE_LEASE, HYDROPON_CAUSE_TRIP_OFF);
	EXPECT_SEEN(DOSER, HYDROPON_CAUSE_LEASE, HYDROPON_CAUSE_TRIP_OFF, HYDROPON_CAUSE_MAX_ON,
		    HYDROPON_CAUSE_NEED);
}

TEST_TIMEOUT(a_pump_and_a_doser_through_power_losses, WALK_TIMEOUT_S)
{
	static const struct scene power = { .name = "power", .flow = true, .power = true };

	if (!go(&power, 50000))
		return;
	EXPECT_SEEN(PUMP, HYDROPON_CAUSE_LEASE, HYDROPON_CAUSE_SHED, HYDROPON_CAUSE_RESTORED);
	EXPECT_SEEN(DOSER, HYDROPON_CAUSE_LEASE, HYDROPON_CAUSE_SHED, HYDROPON_CAUSE_RESTORED);
}

TEST_TIMEOUT(a_pump_and_a_doser_with_a_switch, WALK_TIMEOUT_S)
{
	static const struct scene contacts = {
		.name = "switch", .leaks = true, .has_switch = true, .power = true,
	};

	if (!go(&contacts, 30000))
		return;
	EXPECT_SEEN(PUMP, HYDROPON_CAUSE_TRIP_OFF, HYDROPON_CAUSE_MANUAL_ON,
		    HYDROPON_CAUSE_MANUAL_OFF, HYDROPON_CAUSE_SHED);
}

TEST_TIMEOUT(a_pump_and_a_doser_whose_relay_sticks, WALK_TIMEOUT_S)
{
	static const struct scene relay = { .name = "relay", .flow = true, .sticks = true };

	if (!go(&relay, 30000))
		return;
	EXPECT_SEEN(DOSER, HYDROPON_CAUSE_LEASE, HYDROPON_CAUSE_WELDED, HYDROPON_CAUSE_MAX_ON);
}
