// SPDX-License-Identifier: GPL-2.0-only
#include "channel/check.h"

#include <math.h>

#define MEAN_MINUTES 10
#define LEAVE 0.8		/* of the limit */

/* One that is wrong for a reason of its own has no vote. */
static bool has_vote(const struct judgement *twin)
{
	return twin->q == Q_GOOD || twin->q == Q_UNCERTAIN_DISAGREEMENT ||
	       twin->q == Q_UNCERTAIN_OUTVOTED;
}

/*
 * How far two are apart, by the minutes that both were read in: water moves, and one of them may
 * have been away. Those read less than once a minute need not have a minute in common.
 */
static bool compare_two(const struct window *a, const struct window *b, uint64_t at_ns,
			double *apart)
{
	bool is_slow = a->interval_ns > WINDOW_MINUTE_NS || b->interval_ns > WINDOW_MINUTE_NS;
	double mean_a, mean_b;

	if (is_slow ? !window_mean(a, at_ns, 0, MEAN_MINUTES, &mean_a) ||
		      !window_mean(b, at_ns, 0, MEAN_MINUTES, &mean_b) :
		      !window_means(a, b, at_ns, MEAN_MINUTES, &mean_a, &mean_b))
		return false;
	*apart = fabs(mean_a - mean_b);
	return true;
}

/* Twins with a vote, and how far each is from the channel. Returns how many these are. */
static size_t take_twins(const struct look *look, const struct judgement *judgement,
			 const struct window **twins, double *apart)
{
	size_t n = 0;

	for (size_t i = 0; i < CONF_MAX_TWINS && look->twins[i]; i++) {
		twins[n] = &look->twins[i]->window;
		if (has_vote(look->twins[i]) &&
		    compare_two(&judgement->window, twins[n], look->at_ns, &apart[n]))
			n++;
	}
	return n;
}

/* Once a minute. @agree: how many of @n others are near enough. */
static enum finding compare(const struct look *look, const struct judgement *judgement,
			    struct check_state *state, size_t *agree, bool *others_agree)
{
	const struct window *twins[CONF_MAX_TWINS];
	double apart[CONF_MAX_TWINS], others, limit = look->conf->judge.twin_within;
	size_t n;

	if (!limit || !look->twins[0])
		return FINDING_NONE;
	if (!look->begins_minute)
		return FINDING_SAME;
	n = take_twins(look, judgement, twins, apart);
	if (!n)
		return FINDING_NONE;
	*others_agree = n == 2 && compare_two(twins[0], twins[1], look->at_ns, &others) &&
			others <= limit;
	state->limit = state->is_fault ? limit * LEAVE : limit;
	state->seen = INFINITY;
	*agree = 0;
	for (size_t i = 0; i < n; i++) {
		state->seen = fmin(state->seen, apart[i]);
		*agree += apart[i] <= state->limit;
	}
	return FINDING_FINE;
}

enum finding check_outvoted(const struct look *look, struct judgement *judgement,
			    struct check_state *state)
{
	bool others_agree;
	size_t agree;
	enum finding found = compare(look, judgement, state, &agree, &others_agree);

	return found == FINDING_FINE && !agree && others_agree ? FINDING_FAULT : found;
}

enum finding check_disagreement(const struct look *look, struct judgement *judgement,
				struct check_state *state)
{
	bool others_agree;
	size_t agree;
	enum finding found = compare(look, judgement, state, &agree, &others_agree);

	return found == FINDING_FINE && !agree && !others_agree ? FINDING_FAULT : found;
}
