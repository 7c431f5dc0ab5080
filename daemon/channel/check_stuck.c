// SPDX-License-Identifier: GPL-2.0-only
#include "channel/check.h"

#include <math.h>

/*
 * A sensor with noise of several steps of its resolution cannot give the same number for
 * minutes; one whose resolution is coarser than its noise can, for a night. So what is stuck
 * depends on how the channel moves when it is well, and that is learned: how long its runs of
 * the same number are, whether moves go to and fro as noise does, and whether they are wider than
 * one step, as dithering between two numbers is not. Until that is known, and for sensors that
 * are calm by nature, it takes CALM_NS.
 *
 * A pH or EC that has not moved at all since the start is another thing: water with plants and
 * dosers moves by itself. It gets UNMOVED times stuck-for to do so once.
 */
#define CALM_NS (3 * 24 * 3600 * NS_PER_SEC)
#define DAY_NS (24 * 3600 * NS_PER_SEC)
#define LEARN_MOVES 200
#define LEARN_WEIGHT (1.0 / 128)
#define RUN_MAX 4.0		/* mean run of a lively channel, in readings */
#define BACK_LEAST 0.2
#define WIDE_LEAST 0.2
#define LEAST_N 20
#define UNMOVED 12

static void keep_longest(uint64_t longest[2], uint64_t run_ns)
{
	if (run_ns > longest[0]) {
		longest[1] = longest[0];
		longest[0] = run_ns;
	} else if (run_ns > longest[1]) {
		longest[1] = run_ns;
	}
}

/* The second one of a week: a single long run may be what nearly was a fault. */
static uint64_t longest_ns(const struct judgement *judgement)
{
	uint64_t longest[2] = { 0, 0 };

	for (size_t i = 0; i < CHECK_STUCK_DAYS; i++) {
		keep_longest(longest, judgement->stuck.longest_ns[i][0]);
		keep_longest(longest, judgement->stuck.longest_ns[i][1]);
	}
	return longest[1];
}

static bool moves_by_nature(enum quantity quantity)
{
	return quantity == QUANTITY_PH || quantity == QUANTITY_EC;
}

static double limit_ns(const struct look *look, const struct judgement *judgement)
{
	double stuck_ns = look->conf->judge.stuck_ms * (double)NS_PER_MS;
	double limit = fmax(stuck_ns, LEAST_N * judgement->window.interval_ns);
	bool is_lively = judgement->stuck.moves >= LEARN_MOVES &&
			 judgement->stuck.mean_run <= RUN_MAX &&
			 judgement->stuck.back >= BACK_LEAST &&
			 judgement->stuck.wide >= WIDE_LEAST &&
			 (double)longest_ns(judgement) <= limit / 2;

	if (is_lively)
		return limit;
	if (!judgement->stuck.moves && moves_by_nature(look->conf->quantity))
		return fmax(limit, fmin(UNMOVED * stuck_ns, (double)CALM_NS));
	return fmax(limit, (double)CALM_NS);
}

static void remember_run(struct judgement *judgement, uint64_t at_ns, uint64_t run_ns)
{
	uint64_t day = at_ns / DAY_NS;
	uint64_t *longest = judgement->stuck.longest_ns[day % CHECK_STUCK_DAYS];

	if (day != judgement->stuck.day)
		longest[0] = longest[1] = 0;
	judgement->stuck.day = day;
	keep_longest(longest, run_ns);
}

/*
 * A run has ended with a move. What was stuck teaches nothing about how it is when it is well, but
 * that it moves at all.
 */
static void learn(struct judgement *judgement, double move, uint64_t at_ns, bool was_stuck)
{
	double weight = LEARN_WEIGHT;
	bool is_back = move * judgement->stuck.last_move < 0;

	if (was_stuck) {
		judgement->stuck.moves += !judgement->stuck.moves;
		return;
	}
	judgement->stuck.moves += judgement->stuck.moves < LEARN_MOVES;
	if (judgement->stuck.moves < 1 / LEARN_WEIGHT)
		weight = 1.0 / judgement->stuck.moves;
	if (!judgement->stuck.lsb || fabs(move) < judgement->stuck.lsb)
		judgement->stuck.lsb = fabs(move);
	judgement->stuck.mean_run += ((double)judgement->stuck.run_n -
				      judgement->stuck.mean_run) * weight;
	judgement->stuck.back += (is_back - judgement->stuck.back) * weight;
	judgement->stuck.wide += ((fabs(move) > 1.5 * judgement->stuck.lsb) -
				  judgement->stuck.wide) * weight;
	judgement->stuck.last_move = move;
	remember_run(judgement, at_ns, at_ns - judgement->stuck.since_ns);
}

static void begin_run(const struct look *look, struct judgement *judgement)
{
	judgement->stuck.value = look->plain;
	judgement->stuck.since_ns = look->at_ns;
	judgement->stuck.run_n = 1;
}

/* Still water, the dark and a pipe without flow may be constant. */
static bool may_be_constant(const struct look *look)
{
	if (look->conf->quantity == QUANTITY_LEVEL)
		return !driver_for_ns(look->pump, look->at_ns) || !look->pump->is_on;
	return look->conf->judge.stuck_above && look->plain < look->conf->judge.stuck_above;
}

/*
 * The same number once more. Over a gap the run goes on, but nobody knows that it stayed: what was
 * stuck is stuck still, and a well probe has had no longer run.
 */
static void go_on(struct judgement *judgement, uint64_t gap_ns)
{
	judgement->stuck.run_n++;
	judgement->stuck.since_ns += gap_ns;
}

/* Another number. Over a gap it is no move: a device that has come anew may be stuck elsewhere. */
static void end_run(const struct look *look, struct judgement *judgement, bool is_gap,
		    bool was_stuck)
{
	if (!is_gap)
		learn(judgement, look->plain - judgement->stuck.value, look->at_ns, was_stuck);
	begin_run(look, judgement);
}

enum finding check_stuck(const struct look *look, struct judgement *judgement,
			 struct check_state *state)
{
	uint64_t since_ns = look->at_ns - judgement->stuck.last_ns;
	bool is_gap = (double)since_ns > 10 * judgement->window.interval_ns;
	bool is_same = judgement->stuck.run_n && look->plain == judgement->stuck.value;

	if (!look->conf->judge.stuck_ms)
		return FINDING_NONE;
	if (look->at_ns < judgement->stuck.last_ns)
		return FINDING_SAME;
	judgement->stuck.last_ns = look->at_ns;
	/* What it has made others do, as a pump that stands now, is no cure. */
	if (!(is_same && state->is_fault) &&
	    (!judgement->stuck.run_n || may_be_constant(look))) {
		begin_run(look, judgement);
		return FINDING_NONE;
	}
	if (is_same)
		go_on(judgement, is_gap ? since_ns : 0);
	else
		end_run(look, judgement, is_gap, state->is_fault);
	state->seen = (double)(look->at_ns - judgement->stuck.since_ns) / NS_PER_SEC;
	state->limit = limit_ns(look, judgement) / NS_PER_SEC;
	if (is_same && state->is_fault)
		return FINDING_FAULT;
	return judgement->stuck.run_n >= LEAST_N && state->seen > state->limit ?
	       FINDING_FAULT : FINDING_FINE;
}
