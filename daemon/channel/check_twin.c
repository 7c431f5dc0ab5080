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

/* Means of the channel itself and of the twins that have a vote. Returns how many these are. */
static size_t take_means(const struct look *look, const struct judgement *judgement,
			 double *mean, double *others)
{
	size_t n = 0;

	if (!window_mean(&judgement->window, look->at_ns, 0, MEAN_MINUTES, mean))
		return 0;
	for (size_t i = 0; i < CONF_MAX_TWINS && look->twins[i]; i++)
		if (has_vote(look->twins[i]) &&
		    window_mean(&look->twins[i]->window, look->at_ns, 0, MEAN_MINUTES, &others[n]))
			n++;
	return n;
}

/* Once a minute. @agree: how many of @n others are near enough. */
static enum finding compare(const struct look *look, const struct judgement *judgement,
			    struct check_state *state, size_t *agree, bool *others_agree)
{
	double mean, others[CONF_MAX_TWINS], limit = look->conf->judge.twin_within;
	size_t n;

	if (!limit || !look->twins[0])
		return FINDING_NONE;
	if (!look->begins_minute)
		return FINDING_SAME;
	n = take_means(look, judgement, &mean, others);
	if (!n)
		return FINDING_NONE;
	*others_agree = n == 2 && fabs(others[0] - others[1]) <= limit;
	state->limit = state->is_fault ? limit * LEAVE : limit;
	state->seen = INFINITY;
	*agree = 0;
	for (size_t i = 0; i < n; i++) {
		state->seen = fmin(state->seen, fabs(mean - others[i]));
		*agree += fabs(mean - others[i]) <= state->limit;
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
