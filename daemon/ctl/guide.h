/* SPDX-License-Identifier: GPL-2.0-only */
/* A calibration on its way, of calibration_guide.c and calibration_take.c alone. */
#ifndef HYDROPON_GUIDE_H
#define HYDROPON_GUIDE_H

#include <json-c/json_types.h>

#include "base/buffers.h"
#include "channel/calibration.h"
#include "ctl/calibration_guide.h"
#include "ctl/fail.h"
#include "ctl/table.h"

#define GUIDE_DRY (-1.0)	/* among the labels that are asked for */

struct guide_point {
	double label;		/* as the bottle says it; NaN: it is no bottle */
	double reference, reading, celsius, spread;
};

struct guide {
	const struct calibrate_world *world;
	const struct calibrate_options *options;
	enum quantity quantity;
	const char *unit;
	uint64_t session;
	uint64_t word_ns;		/* when hydropond heard of it last */
	bool is_interrupted;
	int code;			/* why it could not go on */
	char celsius_from[48];		/* a channel, or "by hand"; empty: nobody asks for it */
	double celsius;			/* by hand, else NaN */
	char output[32];		/* of a dose: the pump */
	bool is_running;		/* it has an override of ours */
	bool is_away;			/* the probe may be in a bottle, or the hose in a cylinder */
	double labels[CALIBRATION_POINTS];	/* asked for by --points, in this order */
	size_t labels_n;
	struct guide_point points[CALIBRATION_POINTS];
	size_t n;
};

/* About the channel; by @mark. */
void guide_tell(const struct guide *guide, enum mark mark, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* It cannot go on. Once: what comes after it follows from it. */
#define give_up(guide, ...)								\
	do {										\
		if (!(guide)->code && !(guide)->is_interrupted)				\
			guide_tell(guide, MARK_BAD, __VA_ARGS__);				\
		(guide)->code = (guide)->code ? (guide)->code : EXIT_REFUSED;			\
	} while (0)

/* Nothing has gone wrong, and nobody has interrupted. */
bool guide_goes_on(const struct guide *guide);
/* What stands in bottles and has a temperature: pH, EC. */
bool guide_has_bottles(const struct guide *guide);
/* The buffer or standard of that label, or NULL. */
const struct buffer *guide_buffer(const struct guide *guide, double label);

/* A request with what all of them have, to be handed to guide_ask(). */
struct json_object *guide_request(const struct guide *guide, const char *action);
/* Puts @request. The answer, to be put; NULL, and told: it was refused, or nobody answers. */
struct json_object *guide_ask(struct guide *guide, struct json_object *request);
/* So that hydropond knows that somebody is there: now and then. */
void guide_give_word(struct guide *guide);
/* What is written on a line. False: interrupted. */
bool guide_prompt(struct guide *guide, const char *question, char *text, size_t size);
/* NaN: it is not there, or is no number. */
double guide_number(struct json_object *object, const char *key);
/* Of the status document, borrowed; NULL: there is none. */
struct json_object *guide_channel(struct json_object *status, const char *name);

/* Fill guide->points; what they lack when they return, guide_goes_on() tells. */
void guide_take_bottles(struct guide *guide);
void guide_take_comparison(struct guide *guide);
void guide_take_volume(struct guide *guide);
/* Runs the pump by an override, which passes over nothing. guide_stop_pump() ends that. */
void guide_take_dose(struct guide *guide);
void guide_stop_pump(struct guide *guide);

/* For guide_take_dose(): of calibration_take.c. */
void guide_take_reference(struct guide *guide, const char *question);
/* The channel's reading now; NaN: it has none, or hydropond does not answer (then guide->code). */
double guide_reading(struct guide *guide);

#endif
