/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Calibrates a channel with a person at the terminal, or with a script. hydropond judges what was
 * read, stores it and holds the outputs; here it is seen when a reading has settled, and what to do
 * next is said. Nothing is stored that was not agreed to. A session is left only if the probe may
 * still be in a bottle: after an interruption, or if a script moves it.
 */
#ifndef HYDROPON_CALIBRATION_GUIDE_H
#define HYDROPON_CALIBRATION_GUIDE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <json-c/json_types.h>

#define CALIBRATE_LOOK_MS 500
#define CALIBRATE_PATIENCE_MS (10 * 60 * 1000)	/* for a reading to settle */
#define CALIBRATE_STORE_MS 30000
#define CALIBRATE_WORD_MS 30000	/* so often does hydropond hear that somebody is there */

/* What it works with, so that it can be tested itself. Functions that return an exit code (0: done)
 * have told what went wrong. */
struct calibrate_world {
	void *data;
	FILE *out;
	bool colour;
	bool is_screen;			/* a line may be written over */
	/* hydropond's status document, to be put */
	int (*status)(void *data, struct json_object **status);
	/* puts @request; @answer is to be put. */
	int (*ask)(void *data, struct json_object *request, struct json_object **answer);
	/* asks, and waits for a line or an interruption for at most @ms; -1: interrupted, or nobody is
	 * there; 0: not yet; 1: @text is what was written */
	int (*read_line)(void *data, uint64_t ms, char *text, size_t size);
	uint64_t (*now_ns)(void *data);		/* BOOTTIME */
	bool (*wait)(void *data, uint64_t ms);	/* true: it was interrupted */
};

struct calibrate_options {
	const char *channel, *who;
	const char *points;		/* "7,4,10", "dry,1413", "22.4"; NULL: asked for */
	const char *temperature;	/* of buffers and standards, "22.5C"; NULL: by the channel's */
	const char *lot;		/* of the bottles; NULL: not known */
	bool is_confirmed;		/* nobody is asked */
};

/* The exit code. */
int calibration_guide(const struct calibrate_world *world, const struct calibrate_options *options);

#endif
