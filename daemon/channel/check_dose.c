// SPDX-License-Identifier: GPL-2.0-only
#include "channel/check.h"

#include <math.h>

/*
 * What a second of dosing does is learned from the first doses. Three in a row that do less than
 * a quarter of that: the canister is empty, the tube is off, or the probe sees nothing any more.
 */
#define SETTLE_NS (10 * WINDOW_MINUTE_NS)
#define MEAN_MINUTES 3
#define LEARN_DOSES 5
#define SHARE_LEAST 0.25
#define MISSES 3
#define WEIGHT 0.2
/* A channel that is doubted gets no dose that could clear it: now and then one more is tried. */
#define RETRY_NS (60 * WINDOW_MINUTE_NS)

/*
 * Which dosers have run since the sample before, as bits: a dose of 3 s has come and gone between
 * two readings of a minute.
 */
static unsigned int take_runs(const struct look *look, struct judgement *judgement)
{
	unsigned int ran = 0;

	for (size_t i = 0; i < CONF_MAX_DOSERS && look->dosers[i]; i++) {
		uint64_t on_ns = driver_on_ns(look->dosers[i], look->at_ns);

		if (on_ns <= judgement->dose.run_ns[i])
			continue;
		if (judgement->dose.was_known)
			ran |= 1U << i;
		judgement->dose.run_ns[i] = on_ns;
	}
	judgement->dose.was_known = true;
	return ran;
}

/* Before the dose is what was there up to the sample before it. */
static void begin(struct judgement *judgement, uint64_t on_ns)
{
	judgement->dose.is_open = window_mean(&judgement->window, judgement->dose.last_ns, 0,
					      MEAN_MINUTES, &judgement->dose.before);
	judgement->dose.on_ns = on_ns;
	judgement->dose.is_disturbed = false;
}

static void learn(struct judgement *judgement, double per_s)
{
	if (judgement->dose.learned < LEARN_DOSES) {
		judgement->dose.learned++;
		judgement->dose.per_s += (per_s - judgement->dose.per_s) /
					 judgement->dose.learned;
	} else {
		judgement->dose.per_s += (per_s - judgement->dose.per_s) * WEIGHT;
	}
	judgement->dose.misses = 0;
}

static void miss(struct judgement *judgement, uint64_t at_ns)
{
	judgement->dose.misses++;
	judgement->dose.missed_ns = at_ns;
}

static bool is_missing(struct judgement *judgement, uint64_t at_ns)
{
	if (judgement->dose.misses < MISSES)
		return false;
	if (at_ns - judgement->dose.missed_ns < RETRY_NS)
		return true;
	judgement->dose.misses = MISSES - 1;
	return false;
}

/* The dose has had its time: what came of it? */
static enum finding weigh(const struct look *look, struct judgement *judgement,
			  struct check_state *state)
{
	double dosed_s = (double)(driver_on_ns(look->dosers[0], look->at_ns) -
				  judgement->dose.on_ns) / NS_PER_SEC;
	double expected = judgement->dose.per_s * dosed_s, after;

	judgement->dose.is_open = false;
	if (judgement->dose.is_disturbed || !(dosed_s > 0) ||
	    !window_mean(&judgement->window, look->at_ns, 0, MEAN_MINUTES, &after))
		return FINDING_SAME;
	if (judgement->dose.learned < LEARN_DOSES) {
		learn(judgement, (after - judgement->dose.before) / dosed_s);
		return FINDING_NONE;
	}
	/* Too small to be told from what the tank does by itself, but not to be learned from. */
	if (fabs(expected) < check_movement(&look->conf->judge)) {
		learn(judgement, (after - judgement->dose.before) / dosed_s);
		return FINDING_SAME;
	}
	state->seen = (after - judgement->dose.before) / expected;
	state->limit = SHARE_LEAST;
	if (state->seen < SHARE_LEAST)
		miss(judgement, look->at_ns);
	else
		learn(judgement, (after - judgement->dose.before) / dosed_s);
	return judgement->dose.misses >= MISSES ? FINDING_FAULT : FINDING_FINE;
}

enum finding check_dose(const struct look *look, struct judgement *judgement,
			struct check_state *state)
{
	const struct driver *doser = look->dosers[0];
	uint64_t before_ns = judgement->dose.run_ns[0];
	enum finding same = FINDING_SAME;
	unsigned int ran;

	if (!doser || !doser->is_known || !look->conf->judge.moved) {
		judgement->dose.was_known = false;
		return FINDING_NONE;
	}
	if (judgement->dose.misses >= MISSES)
		same = is_missing(judgement, look->at_ns) ? FINDING_FAULT : FINDING_FINE;
	ran = take_runs(look, judgement);
	if (ran & 1 && !judgement->dose.is_open)
		begin(judgement, before_ns);
	judgement->dose.last_ns = look->at_ns;
	judgement->dose.is_disturbed |= ran > 1;
	/* A reading that is doubted for another reason says nothing of the dose. */
	judgement->dose.is_disturbed |= judgement->q != Q_GOOD &&
					judgement->q != Q_UNCERTAIN_NO_RESPONSE;
	if (ran & 1)
		judgement->dose.ended_ns = look->at_ns;
	if (!judgement->dose.is_open || look->at_ns - judgement->dose.ended_ns < SETTLE_NS)
		return same;
	return weigh(look, judgement, state);
}
