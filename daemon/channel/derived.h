/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A derived channel: from the samples of others, or from what an output does, to its value and
 * quality. No I/O, no clock of its own. Main thread only.
 *
 * A value is never better than what it follows from, and has its reason. Totals add up what was
 * GOOD and nothing else; a total that has not seen more than may_miss of its time is
 * Q_UNCERTAIN_INCOMPLETE.
 *
 *   dli, dose, on-time	of the local day so far: Q_BAD_NOT_READY while no clock says which day
 *			it is; may_miss is a share of 24 h
 *   volume		since the first sample after the start; may_miss is a share of the time since
 *
 * All begin at 0 when hydropond starts: then the day until then is missing.
 */
#ifndef HYDROPON_DERIVED_H
#define HYDROPON_DERIVED_H

#include "base/conf.h"
#include "base/sample.h"
#include "channel/total.h"

/* All zero at the beginning. */
struct derivation {
	struct total total;
	uint64_t begun_ns;		/* volume: of the first sample, good or not; 0: none */
	uint64_t good_ns;		/* of the newest sample, if it was good; else 0 */
	double good;			/* its value */
	struct output_total output;
	struct output_total whole;	/* in seconds since the start, of no day */
	bool has_output;		/* its device is there */
};

struct derived_sources {
	const struct sample *from;
	const struct sample *humidity;	/* NULL: not of this quantity */
	uint64_t interval_ns;		/* a flow is the mean over it; 0: not known */
	uint32_t stale_ms;		/* a longer time between two samples is a gap */
};

/* Takes sources->from, of which each is to be told once. The quality; @value if that has one. */
enum quality derived_take(struct derivation *derivation, const struct conf_channel *conf,
			  const struct derived_sources *sources, double *value);

/* What the output is at @at_ns. @day: at that time; NULL: no clock says. */
void derived_take_output(struct derivation *derivation, const struct conf_channel *conf,
			 const struct output_level *level, uint64_t at_ns,
			 const struct local_day *day);
enum quality derived_total_output(struct derivation *derivation, const struct conf_channel *conf,
				  const struct local_day *day, double *value);

#endif
