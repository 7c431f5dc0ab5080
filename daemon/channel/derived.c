// SPDX-License-Identifier: GPL-2.0-only
#include "channel/derived.h"

#include <math.h>

#include "channel/derive.h"
#include "channel/judge.h"

#define DAY_NS (24 * 3600 * NS_PER_SEC)
#define MOL_PER_UMOL 1e-6
#define S_PER_MIN 60.0

/* By which time a good sample follows on a good one; 0: there is a gap. */
static uint64_t follows_by(const struct derivation *derivation,
			   const struct derived_sources *sources)
{
	uint64_t boot_ns = sources->from->boot_ns, good_ns = derivation->good_ns;

	if (!good_ns || !quality_is_good(sources->from->q) || boot_ns <= good_ns ||
	    boot_ns - good_ns > sources->stale_ms * NS_PER_MS)
		return 0;
	return boot_ns - good_ns;
}

static void remember(struct derivation *derivation, const struct sample *from)
{
	derivation->good_ns = quality_is_good(from->q) ? from->boot_ns : 0;
	derivation->good = from->value;
}

static double missing_of_day(const struct total *total, const struct local_day *day)
{
	return total_missing(total, day->since_ns, DAY_NS);
}

/* A line from each sample to the next. How much of the day is missing. */
static double take_light(struct derivation *derivation, const struct derived_sources *sources)
{
	const struct local_day day = clock_local_day(sources->from->wall_ms);
	uint64_t ns = follows_by(derivation, sources);

	total_turn_day(&derivation->total, &day);
	if (ns)
		total_add(&derivation->total,
			  MOL_PER_UMOL * (derivation->good + sources->from->value) / 2, ns,
			  day.since_ns);
	remember(derivation, sources->from);
	return missing_of_day(&derivation->total, &day);
}

/* A flow is a mean over what was before it. How much of the time since it began is missing. */
static double take_flow(struct derivation *derivation, const struct derived_sources *sources)
{
	const struct sample *from = sources->from;
	uint64_t ns = sources->interval_ns, elapsed_ns;

	if (!derivation->begun_ns)
		derivation->begun_ns = from->boot_ns;
	elapsed_ns = from->boot_ns > derivation->begun_ns ? from->boot_ns - derivation->begun_ns : 0;
	if (!ns)
		ns = follows_by(derivation, sources);
	if (quality_is_good(from->q))
		total_add(&derivation->total, from->value / S_PER_MIN, ns, elapsed_ns);
	remember(derivation, from);
	return total_missing(&derivation->total, elapsed_ns, elapsed_ns);
}

/* The value that follows; NaN: none, as it is not known which day it is. */
static double derive(struct derivation *derivation, const struct conf_channel *conf,
		     const struct derived_sources *sources, double *missing)
{
	const struct sample *from = sources->from;

	switch (conf->quantity) {
	case QUANTITY_TDS:
		return derive_tds(from->value, conf->factor);
	case QUANTITY_PPFD:
		return derive_ppfd(from->value, conf->factor);
	case QUANTITY_VPD:
		return derive_vpd(from->value, sources->humidity->value);
	case QUANTITY_VOLUME:
		*missing = take_flow(derivation, sources);
		return derivation->total.sum;
	case QUANTITY_DLI:
		if (from->clk == CLK_UNSET) {
			derivation->good_ns = 0;
			return NAN;
		}
		*missing = take_light(derivation, sources);
		return derivation->total.sum;
	default:
		return NAN;
	}
}

static enum quality judge_total(const struct conf_channel *conf, enum quality q, double value,
				double missing)
{
	enum quality judged = judge_value(conf, value, NULL);

	if (judged == Q_GOOD && missing > conf->may_miss)
		judged = Q_UNCERTAIN_INCOMPLETE;
	return quality_worse(q, judged);
}

enum quality derived_take(struct derivation *derivation, const struct conf_channel *conf,
			  const struct derived_sources *sources, double *value)
{
	enum quality q = sources->humidity ?
			 quality_worse(sources->from->q, sources->humidity->q) :
			 (enum quality)sources->from->q;
	double missing = 0;

	*value = derive(derivation, conf, sources, &missing);
	if (!quality_has_value(q))
		return q;
	if (conf->quantity == QUANTITY_DLI && isnan(*value))
		return Q_BAD_NOT_READY;
	return judge_total(conf, q, *value, missing);
}

void derived_take_output(struct derivation *derivation, const struct conf_channel *conf,
			 const struct output_level *level, uint64_t at_ns,
			 const struct local_day *day)
{
	double rate = conf->quantity == QUANTITY_DOSE ? conf->ml_per_s : 1;

	derivation->has_output = level->is_known;
	output_total_take(&derivation->whole, level, 1, at_ns, UINT64_MAX);
	if (!day) {
		output_total_break(&derivation->output);
		return;
	}
	total_turn_day(&derivation->output.total, day);
	output_total_take(&derivation->output, level, rate, at_ns, day->since_ns);
}

enum quality derived_total_output(struct derivation *derivation, const struct conf_channel *conf,
				  const struct local_day *day, double *value)
{
	const struct output_total *output = &derivation->output;

	if (!day || !output->level.is_known)
		return Q_BAD_NOT_READY;
	total_turn_day(&derivation->output.total, day);
	*value = output->total.sum;
	return judge_total(conf, Q_GOOD, *value, missing_of_day(&output->total, day));
}
