// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every state that an output can reach, and every way on from it.
 *
 * The abstraction. One output, with what the guard keeps around it: who is armed, the beats,
 * what is at an end. Around that everything that can happen, in any order: a lease is set by
 * beats of several ages, let go of, closed, replaced; the system suspends, resumes, shuts
 * down; interlocks of each level trip and end, latching or not, passed by the switch or not;
 * the switch is turned; power is shed; a need goes stale; a relay welds; latches are reset; a
 * budget is restored. Time goes on by one tick, or without a look in between to one tick
 * before the deadline that was returned, to it, and to one tick after it (a timer that is
 * late). Something else may happen at the deadline before the timer is seen.
 *
 * A millisecond of the code is one tick here, and its constants are a few ticks, so that the
 * states are finite (see walk.h).
 *
 * What is judged, after every step, from histories of its own (oracle.h), not from what the guard
 * remembers:
 *	- away from safe only by a lease that lives, a trip to on, or a switch at ON
 *	- never on past a trip to off, shed, a switch at OFF, a weld, max-on or the budget, but
 *	  for the tick by which the timer was late
 *	- a lease that was ended by anything never comes back without a SET
 *	- no lease within min-off of the time before; each refusal by its documented errno
 *	- the level is the one that the header documents, and the cause is that level's
 *	- nothing changes before the deadline that was returned, whenever one looks
 *	- deciding again at the same time changes nothing
 */
#include "../../kmod/guard/decide.h"

#undef HYDROPON_MS_NS
#define HYDROPON_MS_NS 1ULL
#undef HYDROPON_BUDGET_GRAIN_NS
#define HYDROPON_BUDGET_GRAIN_NS 2ULL
#undef HYDROPON_USES
#define HYDROPON_USES places	/* up to 32: some walks have few, so that uses are joined */

static unsigned int places;

#include "../../kmod/guard/decide.c"
#include "support/oracle.h"

enum op {
	OP_TICK, OP_BEFORE, OP_DEADLINE, OP_LATE, OP_FOREVER, OP_UNSEEN,
	OP_SET_0, OP_SET_1, OP_SET_3, OP_SET_4, OP_RELEASE,
	OP_CLOSE, OP_REPLACE, OP_ARM, OP_SUSPEND, OP_RESUME, OP_SHUTDOWN,
	OP_AUTO, OP_ON, OP_OFF, OP_SHED, OP_NEED, OP_WELD,
	OP_TRIP_0, OP_TRIP_1, OP_TRIP_2, OP_TRIP_3, OP_RESET,
	OP_RESTORE_NONE, OP_RESTORE_SOME, OP_RESTORE_ALL, OP_RESTORE_OVERLAP,
	OPS,
};

#define TRIPS 4

struct world {
	__u64 now_ns, next_ns;
	struct hydropon_output_state state;
	__u64 forced_ns;	/* a lease takes a beat from after that */
	bool armed, unseen;	/* the guard has not yet looked at this time */
	enum hydropon_cause end;
	enum hydropon_manual manual;
	bool shedding, needs_stale, weld, welded, tripping[TRIPS], latched[TRIPS];
	struct oracle seen;
};

#include "support/walk.h"

#define LEASE 4
#define FOREVER 40	/* nothing looks further back than so many ticks */

/* One walk: what is declared, and what happens. */
struct scene {
	const char *name;
	struct hydropon_limits limits;
	unsigned int places;	/* 0: enough for all */
	struct {
		enum hydropon_level level;
		bool passes, latches;
	} trips[TRIPS];
	unsigned int trips_n, trips_at_once;
	bool turns_on, turns_off;	/* the switch */
	bool sheds, needs, welds, resets, closes, suspends, ends, restores;
};

static const struct scene *scene;
static bool causes[32], refusals[256];

static const char *op_name(unsigned int op)
{
	static const char *const names[] = {
		"a tick", "until before the deadline", "until the deadline", "past the deadline",
		"for ever", "the deadline, unseen", "set", "set by a beat of 1",
		"set by a beat of 3", "set by a beat of 4", "let go", "close", "replace", "arm",
		"suspend", "resume", "shut down",
		"switch to auto", "switch to on", "switch to off", "power", "need", "relay",
		"trip 0", "trip 1", "trip 2", "trip 3", "reset",
		"restore none", "restore some", "restore all", "restore overlapping",
	};

	return names[op];
}

static void describe(const struct world *world, char *text, size_t size)
{
	snprintf(text, size, "%s by %u, held by %u, and should be %s by %u",
		 world->state.on ? "on" : "off", world->state.cause, world->state.held_by,
		 world->seen.on ? "on" : "off", world->seen.cause);
}

/* Keys */

static unsigned char *put_history(unsigned char *to, __u64 history)
{
	to = put(to, history & 0xff);
	return put(to, history >> 8);
}

static __u64 get_history(const unsigned char *from)
{
	return from[0] | (__u64)from[1] << 8;
}

static __s64 use_ago(const struct world *world, unsigned int i)
{
	return (__s64)(world->now_ns - world->state.uses[i].end_ns);
}

static void pack(const struct world *world, unsigned char *to)
{
	const struct hydropon_limits *limits = &scene->limits;
	const struct hydropon_output_state *state = &world->state;
	const struct oracle *seen = &world->seen;
	__u64 now_ns = world->now_ns;
	unsigned int trips = 0, old = 0;

	to = put_ahead(to, now_ns, state->lease_expiry_ns);
	to = put_ago(to, now_ns, state->since_ns, state->on ? limits->max_on_ns + limits->window_ns :
							      limits->min_off_ns + 1);
	to = put_ahead(to, now_ns, state->budget_check_ns);
	to = put(to, state->cause);
	to = put(to, state->held_by);
	to = put(to, state->latched & 0xff);
	to = put(to, state->latched >> 8);
	to = put(to, state->on | state->end_on << 1 | state->restored << 2 | state->overrun << 3 |
			     state->spent << 4 | state->pressed << 5);
	to = put_ahead(to, now_ns, world->next_ns);
	to = put_ago(to, now_ns, world->forced_ns, LEASE);
	to = put(to, world->end);
	to = put(to, world->manual | world->armed << 2 | world->shedding << 3 |
			     world->needs_stale << 4 | world->weld << 5 | world->welded << 6 |
			     world->unseen << 7);
	for (int i = 0; i < TRIPS; i++)
		trips |= world->tripping[i] << i | world->latched[i] << (i + 4);
	to = put(to, trips);

	to = put_ahead(to, now_ns, seen->lease_until);
	to = put_history(to, seen->history);
	to = put_history(to, seen->kept[0]);
	to = put_history(to, seen->kept[1]);
	to = put(to, seen->on_for);
	to = put(to, seen->off_for);
	to = put(to, seen->cause);
	to = put(to, seen->on | seen->reached_max << 1 | seen->pressed << 2 | seen->over << 3 |
			     seen->budget_latched << 4 | seen->restored << 5);

	/* Old uses that have left the window are not told apart: nothing looks at them. */
	while (old < state->uses_n && use_ago(world, old) >= (__s64)limits->window_ns)
		old++;
	to = put(to, state->uses_n - old);
	for (unsigned int i = old; i < state->uses_n; i++) {
		/* one that was joined may end in the future */
		to = put(to, (__u64)(use_ago(world, i) + 64));
		to = put(to, now_ns - state->uses[i].first_ns);
		to = put(to, state->uses[i].used_ns);
	}
}

static void unpack(const unsigned char *from, struct world *world)
{
	struct hydropon_output_state *state = &world->state;
	struct oracle *seen = &world->seen;
	unsigned int bits;

	memset(world, 0, sizeof(*world));
	world->now_ns = WALK_NOW;
	state->lease_expiry_ns = get_ahead(*from++, 0);
	state->since_ns = WALK_NOW - *from++;
	state->budget_check_ns = get_ahead(*from++, 0);
	state->cause = *from++;
	state->held_by = *from++;
	state->latched = from[0] | (__u32)from[1] << 8;
	bits = from[2];
	from += 3;
	state->on = bits & 1;
	state->end_on = bits & 2;
	state->restored = bits & 4;
	state->overrun = bits & 8;
	state->spent = bits & 16;
	state->pressed = bits & 32;
	world->next_ns = get_ahead(*from++, WALK_NOW);
	world->forced_ns = WALK_NOW - *from++;
	world->end = *from++;
	bits = *from++;
	world->manual = bits & 3;
	world->armed = bits & 4;
	world->shedding = bits & 8;
	world->needs_stale = bits & 16;
	world->weld = bits & 32;
	world->welded = bits & 64;
	world->unseen = bits & 128;
	bits = *from++;
	for (int i = 0; i < TRIPS; i++) {
		world->tripping[i] = bits >> i & 1;
		world->latched[i] = bits >> (i + 4) & 1;
	}

	seen->lease_until = get_ahead(*from++, 0);
	seen->history = get_history(from);
	seen->kept[0] = get_history(from + 2);
	seen->kept[1] = get_history(from + 4);
	seen->on_for = from[6];
	seen->off_for = from[7];
	seen->cause = from[8];
	bits = from[9];
	from += 10;
	seen->on = bits & 1;
	seen->reached_max = bits & 2;
	seen->pressed = bits & 4;
	seen->over = bits & 8;
	seen->budget_latched = bits & 16;
	seen->restored = bits & 32;
	seen->exact = !scene->places;

	state->uses_n = *from++;
	for (unsigned int i = 0; i < state->uses_n; i++) {
		state->uses[i].end_ns = WALK_NOW + 64 - *from++;
		state->uses[i].first_ns = WALK_NOW - *from++;
		state->uses[i].used_ns = *from++;
	}
}

/* Judging */

static bool is_tripped(const struct world *world, enum hydropon_level level)
{
	for (unsigned int i = 0; i < scene->trips_n; i++)
		if (scene->trips[i].level == level && (world->tripping[i] || world->latched[i]) &&
		    !(scene->trips[i].passes && world->manual == HYDROPON_MANUAL_ON))
			return true;
	return false;
}

static struct facts facts_of(const struct world *world, enum hydropon_cause let_go)
{
	return (struct facts){
		.off = is_tripped(world, HYDROPON_LEVEL_OFF),
		.on = is_tripped(world, HYDROPON_LEVEL_ON),
		.safe = is_tripped(world, HYDROPON_LEVEL_SAFE),
		.shed = world->shedding && scene->limits.shed,
		.welded = world->welded, .needs_stale = world->needs_stale,
		.manual = world->manual, .let_go = let_go, .end = world->end,
	};
}

static struct hydropon_inputs inputs_of(const struct world *world, enum hydropon_cause let_go)
{
	struct hydropon_inputs inputs = {
		.let_go = let_go, .manual = world->manual, .shedding = world->shedding,
		.needs_stale = world->needs_stale,
		.latching = world->weld ? HYDROPON_LATCH_WELDED : 0,
	};

	for (unsigned int i = 0; i < scene->trips_n; i++) {
		__u32 bit = 1U << (scene->trips[i].level - 1);

		if (scene->trips[i].passes)
			bit <<= HYDROPON_TRIP_PASS_SHIFT;
		if (world->tripping[i])
			inputs.trips |= bit;
		if (world->tripping[i] && scene->trips[i].latches)
			inputs.latching |= bit;
	}
	return inputs;
}

/* Decides, as the guard does after whatever happens, and judges. */
static void evaluate(struct world *world, enum hydropon_cause once)
{
	enum hydropon_cause let_go = world->end ? world->end : once;
	struct hydropon_inputs inputs = inputs_of(world, let_go);
	const char *wrong;
	struct facts facts;

	world->unseen = false;
	world->next_ns = hydropon_decide(&scene->limits, &world->state, &inputs, world->now_ns);

	for (unsigned int i = 0; i < scene->trips_n; i++)
		world->latched[i] |= world->tripping[i] && scene->trips[i].latches;
	world->welded |= world->weld;
	facts = facts_of(world, let_go);
	wrong = oracle_expect(&world->seen, &scene->limits, &facts, &world->state, world->now_ns);
	JUDGE(!wrong, wrong);
	wrong = oracle_safety(&world->seen, &scene->limits, &facts, world->state.on, world->now_ns);
	JUDGE(!wrong, wrong);
	JUDGE(hydropon_may_lease(&scene->limits, &world->state, world->now_ns) ==
	      oracle_refusal(&world->seen, &scene->limits, &facts), "refusing for another reason");
	if (world->state.held_by)
		world->forced_ns = world->now_ns;
	causes[world->state.cause] = true;
}

static void look(const struct world *world)
{
	struct hydropon_inputs inputs = inputs_of(world, world->end);
	struct hydropon_output_state again = world->state;
	__u64 next_ns = hydropon_decide(&scene->limits, &again, &inputs, world->now_ns);

	if (world->unseen)
		return;
	JUDGE(next_ns == world->next_ns && !memcmp(&again, &world->state, sizeof(again)),
	      "deciding otherwise the second time");
	JUDGE(next_ns > world->now_ns, "asking to be looked at again at once");
	for (__u64 t = world->now_ns + 1; t < next_ns && t <= world->now_ns + FOREVER; t++) {
		again = world->state;
		hydropon_decide(&scene->limits, &again, &inputs, t);
		JUDGE(again.on == world->state.on && again.cause == world->state.cause &&
		      again.held_by == world->state.held_by, "changing before its deadline");
	}
}

/* What happens */

static bool pass(struct world *world, __u64 ticks, bool late)
{
	world->now_ns += ticks;
	oracle_pass(&world->seen, &scene->limits, (unsigned int)ticks, late);
	evaluate(world, 0);
	return true;
}

/* As HYDROPON_IOC_SET does it. */
static bool set(struct world *world, __u64 beat_age)
{
	__u64 beat_ns = world->now_ns - beat_age, expiry_ns = beat_ns + LEASE;
	int error = hydropon_may_lease(&scene->limits, &world->state, world->now_ns);

	if (!error && (beat_ns <= world->forced_ns || expiry_ns <= world->now_ns))
		error = -ESTALE;
	if (!world->armed)
		error = world->end == HYDROPON_CAUSE_SHUTDOWN ? -ESHUTDOWN : -EPERM;
	refusals[-error] = true;
	if (error)
		return false;
	if (expiry_ns > world->state.lease_expiry_ns)
		world->state.lease_expiry_ns = expiry_ns;
	if (expiry_ns > world->seen.lease_until)
		world->seen.lease_until = expiry_ns;
	evaluate(world, 0);
	JUDGE(world->state.lease_expiry_ns >= expiry_ns, "without the lease that was accepted");
	JUDGE(world->state.cause == HYDROPON_CAUSE_LEASE ||
	      world->state.cause == HYDROPON_CAUSE_MANUAL_ON, "not following its lease");
	return true;
}

static bool reset(struct world *world)
{
	struct hydropon_inputs inputs = inputs_of(world, 0);
	bool lasts = world->weld;
	int ret;

	for (unsigned int i = 0; i < scene->trips_n; i++)
		lasts |= world->latched[i] && world->tripping[i];
	lasts |= world->seen.budget_latched &&
		 oracle_is_spent(&world->seen, &scene->limits, world->state.spent);

	ret = hydropon_reset(&scene->limits, &world->state, inputs.trips | inputs.latching,
			     world->now_ns);
	JUDGE(ret == (lasts ? -EBUSY : 0), "reset while it lasts, or not although it is over");
	if (!ret) {
		memset(world->latched, 0, sizeof(world->latched));
		world->welded = world->seen.budget_latched = false;
		world->forced_ns = world->now_ns;
	}
	evaluate(world, 0);
	return true;
}

static bool restore(struct world *world, unsigned int kind)
{
	static const struct hydropon_restore kinds[] = {
		{ .uses_n = 0 },
		{ .uses_n = 2, .uses = { { 6, 2 }, { 1, 1 } } },
		{ .uses_n = 1, .uses = { { 0, 5 } } },
		{ .uses_n = 2, .uses = { { 4, 3 }, { 3, 3 } } },
	};
	const struct hydropon_restore *kept = &kinds[kind];
	int ret = hydropon_restore(&scene->limits, &world->state, kept, world->now_ns);

	JUDGE(ret == (world->seen.restored ? -EALREADY : 0), "restored twice, or not at all");
	for (unsigned int i = 0; !ret && i < kept->uses_n; i++) {
		world->seen.kept[i] = ((1ULL << kept->uses[i].used_ms) - 1) << kept->uses[i].ago_ms;
		world->seen.over = true;
	}
	world->seen.restored = true;
	evaluate(world, 0);
	return true;
}

static bool trip(struct world *world, unsigned int i)
{
	unsigned int n = 0;

	for (unsigned int j = 0; j < scene->trips_n; j++)
		n += world->tripping[j];
	if (i >= scene->trips_n || (n == scene->trips_at_once && !world->tripping[i]))
		return false;
	world->tripping[i] = !world->tripping[i];
	evaluate(world, 0);
	return true;
}

static bool turn(struct world *world, enum hydropon_manual manual, bool may)
{
	if (!may || world->manual == manual)
		return false;
	world->manual = manual;
	evaluate(world, 0);
	return true;
}

static bool toggle(struct world *world, bool *what, bool may)
{
	if (!may)
		return false;
	*what = !*what;
	evaluate(world, 0);
	return true;
}

static bool let_go(struct world *world, enum hydropon_cause cause, bool may)
{
	if (!may)
		return false;
	world->armed &= cause == HYDROPON_CAUSE_RELEASED;
	if (cause == HYDROPON_CAUSE_SUSPEND || cause == HYDROPON_CAUSE_SHUTDOWN)
		world->end = cause;
	evaluate(world, cause);
	return true;
}

static bool happen(struct world *world, unsigned int op)
{
	bool is_due = world->next_ns != HYDROPON_NEVER;
	__u64 left_ns = world->next_ns - world->now_ns;

	/* No time on is shorter than a tick, or there were endlessly many within a window. */
	if (scene->limits.budget_ns && op > OP_UNSEEN && world->state.since_ns == world->now_ns)
		return false;
	/* The guard looks before it answers; what moves lines and leases may come first. */
	if (world->unseen && (op <= OP_ARM || op >= OP_RESET) && op != OP_RELEASE &&
	    op != OP_CLOSE && op != OP_REPLACE)
		return false;
	world->seen.late = false;
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
	case OP_UNSEEN:
		if (!is_due)
			return false;
		world->now_ns += left_ns;
		oracle_pass(&world->seen, &scene->limits, (unsigned int)left_ns, false);
		world->unseen = true;
		return true;
	case OP_SET_0:
		return set(world, 0);
	case OP_SET_1:
		return set(world, 1);
	case OP_SET_3:
		return set(world, 3);
	case OP_SET_4:
		return set(world, 4);
	case OP_RELEASE:
		return let_go(world, HYDROPON_CAUSE_RELEASED, true);
	case OP_CLOSE:
		return let_go(world, HYDROPON_CAUSE_CLOSED, scene->closes);
	case OP_REPLACE:
		return let_go(world, HYDROPON_CAUSE_REPLACED, scene->closes);
	case OP_ARM:
		if (world->armed || world->end || !world->seen.restored)
			return false;
		world->armed = true;
		return true;
	case OP_SUSPEND:
		return let_go(world, HYDROPON_CAUSE_SUSPEND, scene->suspends && !world->end);
	case OP_RESUME:
		if (world->end != HYDROPON_CAUSE_SUSPEND)
			return false;
		world->end = 0;
		evaluate(world, 0);
		return true;
	case OP_SHUTDOWN:
		return let_go(world, HYDROPON_CAUSE_SHUTDOWN,
			      scene->ends && world->end != HYDROPON_CAUSE_SHUTDOWN);
	case OP_AUTO:
		return turn(world, HYDROPON_MANUAL_AUTO, true);
	case OP_ON:
		return turn(world, HYDROPON_MANUAL_ON, scene->turns_on);
	case OP_OFF:
		return turn(world, HYDROPON_MANUAL_OFF, scene->turns_off);
	case OP_SHED:
		return toggle(world, &world->shedding, scene->sheds);
	case OP_NEED:
		return toggle(world, &world->needs_stale, scene->needs);
	case OP_WELD:
		return toggle(world, &world->weld, scene->welds);
	case OP_TRIP_0:
	case OP_TRIP_1:
	case OP_TRIP_2:
	case OP_TRIP_3:
		return trip(world, op - OP_TRIP_0);
	case OP_RESET:
		return scene->resets && reset(world);
	default:
		return scene->restores && restore(world, op - OP_RESTORE_NONE);
	}
}

/* The walks */

static bool go(const struct scene *played, unsigned int at_least)
{
	struct world world = { .now_ns = WALK_NOW, .forced_ns = WALK_NOW };

	scene = played;
	places = scene->places ? scene->places : 32;
	memset(causes, 0, sizeof(causes));
	memset(refusals, 0, sizeof(refusals));
	world.state.on = world.seen.on = scene->limits.safe_on;
	world.state.since_ns = WALK_NOW;
	world.state.restored = world.seen.restored = !scene->restores;
	world.seen.exact = !scene->places;
	evaluate(&world, 0);
	return walk_from(scene->name, &world, at_least);
}

/* Of a walk that knows all: there was each of these causes, and each of these refusals. */
#define EXPECT_SEEN(seen, ...)							\
	do {									\
		static const int wanted[] = { __VA_ARGS__ };			\
										\
		for (size_t i = 0; i < sizeof(wanted) / sizeof(*wanted); i++)	\
			if (!seen[wanted[i]])					\
				harness_fail(__FILE__, __LINE__,		\
					     "%s: no %s %d", scene->name, #seen, wanted[i]); \
	} while (0)

TEST_TIMEOUT(an_output_that_is_safe_off_with_max_on_and_min_off, WALK_TIMEOUT_S)
{
	static const struct scene doser = {
		.name = "safe off", .limits = { .max_on_ns = 6, .min_off_ns = 3, .shed = true },
		.trips = { { .level = HYDROPON_LEVEL_OFF, .latches = true },
			   { .level = HYDROPON_LEVEL_OFF, .passes = true }, { .level = HYDROPON_LEVEL_ON },
			   { .level = HYDROPON_LEVEL_SAFE } },
		.trips_n = 4, .trips_at_once = 2, .turns_on = true, .turns_off = true,
		.sheds = true, .needs = true, .welds = true, .resets = true, .closes = true,
		.suspends = true, .ends = true,
	};

	if (!go(&doser, 20000))
		return;
	EXPECT_SEEN(causes, HYDROPON_CAUSE_PROBE, HYDROPON_CAUSE_LEASE, HYDROPON_CAUSE_RELEASED,
		    HYDROPON_CAUSE_EXPIRED, HYDROPON_CAUSE_CLOSED, HYDROPON_CAUSE_SHED,
		    HYDROPON_CAUSE_RESTORED, HYDROPON_CAUSE_SHUTDOWN, HYDROPON_CAUSE_WELDED,
		    HYDROPON_CAUSE_TRIP_OFF, HYDROPON_CAUSE_MANUAL_OFF, HYDROPON_CAUSE_MAX_ON,
		    HYDROPON_CAUSE_TRIP_ON, HYDROPON_CAUSE_TRIP_SAFE, HYDROPON_CAUSE_MANUAL_ON,
		    HYDROPON_CAUSE_NEED, HYDROPON_CAUSE_SUSPEND, HYDROPON_CAUSE_REPLACED,
		    HYDROPON_CAUSE_CLEARED);
	EXPECT_SEEN(refusals, 0, ESHUTDOWN, EPERM, ESTALE, EBUSY, ENODATA, ETIME, EAGAIN);
}

TEST_TIMEOUT(an_output_that_is_safe_on, WALK_TIMEOUT_S)
{
	static const struct scene pump = {
		.name = "safe on", .limits = { .safe_on = true, .shed = true },
		.trips = { { .level = HYDROPON_LEVEL_OFF, .latches = true },
			   { .level = HYDROPON_LEVEL_OFF, .passes = true },
			   { .level = HYDROPON_LEVEL_ON, .passes = true }, { .level = HYDROPON_LEVEL_SAFE } },
		.trips_n = 4, .trips_at_once = 4, .turns_on = true, .turns_off = true, .sheds = true,
		.needs = true, .welds = true, .resets = true, .closes = true, .suspends = true,
		.ends = true,
	};

	if (!go(&pump, 5000))
		return;
	EXPECT_SEEN(causes, HYDROPON_CAUSE_PROBE, HYDROPON_CAUSE_LEASE, HYDROPON_CAUSE_RELEASED,
		    HYDROPON_CAUSE_EXPIRED, HYDROPON_CAUSE_CLOSED, HYDROPON_CAUSE_SHED,
		    HYDROPON_CAUSE_RESTORED, HYDROPON_CAUSE_SHUTDOWN, HYDROPON_CAUSE_WELDED,
		    HYDROPON_CAUSE_TRIP_OFF, HYDROPON_CAUSE_MANUAL_OFF, HYDROPON_CAUSE_TRIP_ON,
		    HYDROPON_CAUSE_TRIP_SAFE, HYDROPON_CAUSE_MANUAL_ON, HYDROPON_CAUSE_NEED,
		    HYDROPON_CAUSE_SUSPEND, HYDROPON_CAUSE_REPLACED, HYDROPON_CAUSE_CLEARED);
	EXPECT_SEEN(refusals, 0, ESHUTDOWN, EPERM, ESTALE, EBUSY, ENODATA);
}

TEST_TIMEOUT(an_output_with_latching_trips_to_on_and_to_safe, WALK_TIMEOUT_S)
{
	static const struct scene heater = {
		.name = "latching trips", .limits = { .max_on_ns = 6, .min_off_ns = 3 },
		.trips = { { .level = HYDROPON_LEVEL_ON, .passes = true, .latches = true },
			   { .level = HYDROPON_LEVEL_ON },
			   { .level = HYDROPON_LEVEL_SAFE, .passes = true, .latches = true } },
		.trips_n = 3, .trips_at_once = 3, .turns_on = true, .resets = true, .suspends = true,
	};

	if (!go(&heater, 3000))
		return;
	EXPECT_SEEN(causes, HYDROPON_CAUSE_MAX_ON, HYDROPON_CAUSE_TRIP_ON, HYDROPON_CAUSE_TRIP_SAFE,
		    HYDROPON_CAUSE_MANUAL_ON, HYDROPON_CAUSE_SUSPEND);
}

TEST_TIMEOUT(an_output_with_a_budget, WALK_TIMEOUT_S)
{
	static const struct scene doser = {
		.name = "budget", .limits = { .budget_ns = 5, .window_ns = 12 },
		.trips = { { .level = HYDROPON_LEVEL_ON } }, .trips_n = 1, .trips_at_once = 1,
		.turns_on = true, .resets = true,
	};

	if (!go(&doser, 30000))
		return;
	EXPECT_SEEN(causes, HYDROPON_CAUSE_LEASE, HYDROPON_CAUSE_EXPIRED, HYDROPON_CAUSE_BUDGET,
		    HYDROPON_CAUSE_MANUAL_ON, HYDROPON_CAUSE_CLEARED);
	EXPECT_SEEN(refusals, 0, EDQUOT, EPERM);
}

TEST_TIMEOUT(an_output_with_a_budget_that_was_restored, WALK_TIMEOUT_S)
{
	static const struct scene doser = {
		.name = "restored budget",
		.limits = { .budget_ns = 5, .window_ns = 12, .max_on_ns = 4, .min_off_ns = 2 },
		.turns_on = true, .resets = true, .restores = true,
	};

	if (!go(&doser, 30000))
		return;
	EXPECT_SEEN(causes, HYDROPON_CAUSE_LEASE, HYDROPON_CAUSE_EXPIRED, HYDROPON_CAUSE_BUDGET,
		    HYDROPON_CAUSE_MANUAL_ON, HYDROPON_CAUSE_CLEARED);
	EXPECT_SEEN(refusals, 0, EDQUOT, EPERM);
}

TEST_TIMEOUT(an_output_with_a_budget_whose_uses_are_joined, WALK_TIMEOUT_S)
{
	static const struct scene doser = {
		.name = "joined uses", .limits = { .budget_ns = 6, .window_ns = 12 }, .places = 4,
		.turns_on = true, .resets = true, .restores = true,
	};

	if (!go(&doser, 100000))
		return;
	EXPECT_SEEN(causes, HYDROPON_CAUSE_LEASE, HYDROPON_CAUSE_EXPIRED, HYDROPON_CAUSE_BUDGET,
		    HYDROPON_CAUSE_MANUAL_ON, HYDROPON_CAUSE_CLEARED);
	EXPECT_SEEN(refusals, 0, EDQUOT, EPERM);
}
