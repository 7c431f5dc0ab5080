// SPDX-License-Identifier: GPL-2.0-only
#include "channel/judgement.h"

#include <string.h>

/* What a test finds, and how long that holds. */
static void settle(const struct check *check, struct check_state *state, enum finding found,
		   uint64_t at_ns)
{
	if (found != FINDING_SAME)
		state->found = found;
	if (found == FINDING_FAULT) {
		if (!state->is_fault)
			state->since_ns = at_ns;
		state->is_fault = true;
		state->fault_ns = at_ns;
	} else if (found != FINDING_SAME || check->hold_ms) {
		uint64_t ago_ns = at_ns > state->fault_ns ? at_ns - state->fault_ns : 0;

		/* A test that looks seldom is not answered by time alone. */
		if (state->is_fault && state->found != FINDING_FAULT &&
		    ago_ns >= check->hold_ms * NS_PER_MS)
			state->is_fault = false;
	}
}

static bool is_for(const struct check *check, enum quantity quantity)
{
	return !check->quantities || check->quantities & 1U << quantity;
}

static void run(struct judgement *judgement, struct look *look, size_t i)
{
	look->asked = checks[i].q;
	settle(&checks[i], &judgement->states[i],
	       checks[i].look(look, judgement, &judgement->states[i]), look->at_ns);
}

/* Those that need no value. False: it has none, and nothing more can be asked. */
static bool run_bad(struct judgement *judgement, struct look *look, size_t *next)
{
	bool is_bad = false;

	for (*next = 0; *next < checks_n && !quality_has_value((uint8_t)checks[*next].q); ++*next) {
		/* What a sample is for one reason it need not be for another. */
		if (is_bad)
			judgement->states[*next].is_fault = false;
		else
			run(judgement, look, *next);
		is_bad |= judgement->states[*next].is_fault;
	}
	return !is_bad;
}

static enum quality verdict(const struct judgement *judgement, enum quantity quantity)
{
	for (size_t i = 0; i < checks_n; i++)
		if (judgement->states[i].is_fault && is_for(&checks[i], quantity))
			return checks[i].q;
	return Q_GOOD;
}

enum quality judgement_take(struct judgement *judgement, struct look *look)
{
	uint8_t before = judgement->q;
	size_t next;

	if (!judgement->begun_ns && quality_has_value((uint8_t)look->given))
		judgement->begun_ns = look->at_ns;
	look->begins_minute = false;
	if (run_bad(judgement, look, &next)) {
		window_see(&judgement->window, look->at_ns);
		judgement->was_read = false;
		for (size_t i = next; i < checks_n; i++) {
			/* A probe on its way from bottle to bottle says nothing of the tank. */
			if (look->doubt == Q_UNCERTAIN_CALIBRATING && checks[i].look != check_doubt)
				continue;
			if (is_for(&checks[i], look->conf->quantity))
				run(judgement, look, i);
			/* The spike's row says whether others may be compared with it. */
			if (checks[i].q == Q_UNCERTAIN_SPIKE && judgement->was_read)
				look->begins_minute = window_take(&judgement->window, look->at_ns,
								  look->value);
		}
	}
	judgement->q = (uint8_t)verdict(judgement, look->conf->quantity);
	if (judgement->q != before || !judgement->changed_ns)
		judgement->changed_ns = look->at_ns;
	return judgement->q;
}

void judgement_forget(struct judgement *judgement)
{
	memset(&judgement->window, 0, sizeof(judgement->window));
	memset(judgement->states, 0, sizeof(judgement->states));
	memset(&judgement->spike, 0, sizeof(judgement->spike));
	memset(&judgement->noise, 0, sizeof(judgement->noise));
	memset(&judgement->ground, 0, sizeof(judgement->ground));
	judgement->dose.is_open = false;
}

void judgement_begin(struct judgement *judgement)
{
	judgement->begun_ns = 0;
}

const struct check *check_find(uint8_t q)
{
	for (size_t i = 0; i < checks_n; i++)
		if (checks[i].q == q)
			return &checks[i];
	return NULL;
}
