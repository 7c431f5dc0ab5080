/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tests of which a judgement is made. Each is a small file check_NAME.c with one function,
 * and a row in checks.c; what it must remember is in struct judgement. A test looks at one
 * sample at a time, in constant time, and has no clock but the samples' own. Main thread only.
 */
#ifndef HYDROPON_CHECK_H
#define HYDROPON_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/sample.h"
#include "channel/window.h"

#define CHECKS_MAX 32
#define CHECK_STUCK_DAYS 8
/* For so long after its pump or lamp was switched a reading may do what it wants. */
#define DRIVER_SETTLE_NS (15 * NS_PER_SEC)

/* What is known of an output that acts on what a channel measures. */
struct driver {
	bool is_known, is_on;
	uint64_t changed_ns;	/* BOOTTIME of its last switch */
	uint64_t on_ns;		/* on for so long in all, up to that switch */
};

struct judgement;

/* One sample, and what there is to judge it by. */
struct look {
	const struct conf_channel *conf;
	uint64_t at_ns;			/* BOOTTIME of the sample */
	int64_t wall_ms;
	bool is_wall_set;
	enum quality given;		/* by its reading, its bounds and its temperature */
	double value;
	double plain;			/* not compensated: moves as the sensor does */
	enum quality doubt;		/* by its calibration; Q_GOOD: none */
	const struct driver *pump, *lamp;		/* NULL: none is named */
	const struct driver *dosers[CONF_MAX_DOSERS];	/* NULL ends them */
	const struct judgement *twins[CONF_MAX_TWINS];	/* likewise */
	/* Filled in by the judgement: */
	bool begins_minute;		/* the minute before it is complete */
	enum quality asked;		/* of the row that looks */
};

enum finding {
	FINDING_NONE,		/* not configured, or too little is known */
	FINDING_SAME,		/* not looked at this time */
	FINDING_FINE,
	FINDING_FAULT,
};

/* What a test has last found; for explain and for its own hysteresis. */
struct check_state {
	enum finding found;
	bool is_fault;		/* now, or it was less than the hold time ago */
	uint64_t since_ns;	/* of the fault */
	uint64_t fault_ns;	/* when it was last found */
	double seen, limit;	/* in the channel's unit, or as the test's text says */
};

struct check {
	const char *name;
	enum quality q;
	unsigned int quantities;	/* bits 1 << QUANTITY_*; 0: any */
	uint32_t hold_ms;		/* a fault lasts at least this long after it was found */
	enum finding (*look)(const struct look *look, struct judgement *judgement,
			     struct check_state *state);
	const char *seen;		/* what seen and limit are, for people; NULL: nothing */
	const char *remedy;
};

/* Bad ones first; the first that finds a fault names the quality. */
extern const struct check checks[];
extern const size_t checks_n;

struct judgement {
	struct window window;
	struct check_state states[CHECKS_MAX];
	uint64_t begun_ns;		/* first sample since its device came; 0: none yet */
	uint64_t changed_ns;		/* since when q is what it is */
	uint8_t q;
	bool was_read;			/* the newest sample had a value worth comparing */
	/* What tests remember. */
	struct {
		double value;		/* of those that are off together */
		uint64_t since_ns, last_ns;
		unsigned int n;
		uint64_t stepped_ns;	/* they were the new level; 0: never */
		double stepped_by;
	} spike;
	struct {
		double last[2];
		unsigned int n;
		double mean;		/* of the size of second differences */
		double mean_n;
	} noise;
	struct {
		double value, last_move, lsb;
		uint64_t since_ns, last_ns;
		uint64_t run_n;		/* readings of the same value */
		double mean_run, back, wide;
		unsigned int moves;
		uint64_t longest_ns[CHECK_STUCK_DAYS][2];	/* runs, by day */
		uint64_t day;
	} stuck;
	struct {
		bool was_known, is_open, is_disturbed;
		double before;
		uint64_t on_ns, ended_ns;
		uint64_t run_ns[CONF_MAX_DOSERS];	/* each doser, up to the sample before */
		uint64_t last_ns;	/* that sample */
		double per_s;		/* what a second of dosing does */
		unsigned int learned, misses;
		uint64_t missed_ns;
	} dose;
	struct {
		bool was_on, is_known, waits;
		double before, sum;
		unsigned int n;
		double step[2];		/* at off, at on */
		unsigned int steps_n[2];
	} ground;
};

/* How long a driver has been as it is; 0 if not known. */
static inline uint64_t driver_for_ns(const struct driver *driver, uint64_t at_ns)
{
	return driver && driver->is_known && at_ns > driver->changed_ns ?
	       at_ns - driver->changed_ns : 0;
}

/* For how long it was on until @at_ns, since the start. */
static inline uint64_t driver_on_ns(const struct driver *driver, uint64_t at_ns)
{
	return driver->on_ns + (driver->is_on ? driver_for_ns(driver, at_ns) : 0);
}

/* How much a reading may differ from what was taken last, by the time between them. */
double check_allowance(const struct look *look, const struct judgement *judgement);
/* Flow and light jump with what drives them: false while nobody can say what they may do. */
bool check_is_steady(const struct look *look);
/* Size of what can be called a movement: a fifth of what is too much without a dose. */
static inline double check_movement(const struct conf_judge *conf) { return conf->moved / 5; }

enum finding check_given(const struct look *look, struct judgement *judgement,
			 struct check_state *state);
enum finding check_range(const struct look *look, struct judgement *judgement,
			 struct check_state *state);
enum finding check_code(const struct look *look, struct judgement *judgement,
			struct check_state *state);
enum finding check_signal(const struct look *look, struct judgement *judgement,
			  struct check_state *state);
enum finding check_spike(const struct look *look, struct judgement *judgement,
			 struct check_state *state);
enum finding check_rate(const struct look *look, struct judgement *judgement,
			struct check_state *state);
enum finding check_noise(const struct look *look, struct judgement *judgement,
			 struct check_state *state);
enum finding check_stuck(const struct look *look, struct judgement *judgement,
			 struct check_state *state);
enum finding check_outvoted(const struct look *look, struct judgement *judgement,
			    struct check_state *state);
enum finding check_disagreement(const struct look *look, struct judgement *judgement,
				struct check_state *state);
enum finding check_dose(const struct look *look, struct judgement *judgement,
			struct check_state *state);
enum finding check_undosed(const struct look *look, struct judgement *judgement,
			   struct check_state *state);
enum finding check_flow(const struct look *look, struct judgement *judgement,
			struct check_state *state);
enum finding check_light(const struct look *look, struct judgement *judgement,
			 struct check_state *state);
enum finding check_ground(const struct look *look, struct judgement *judgement,
			  struct check_state *state);
enum finding check_doubt(const struct look *look, struct judgement *judgement,
			 struct check_state *state);
enum finding check_upkeep(const struct look *look, struct judgement *judgement,
			  struct check_state *state);

#endif
