/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The proof test of an output: really moves it away from its safe state for a while, by
 * an override as any other, and back, and looks at what the kernel says of its line and
 * its feedback wire. It ends as it began, whatever happens on the way: the override lasts
 * no longer than the test needs, and is released at the end.
 */
#ifndef HYDROPON_PROOF_H
#define HYDROPON_PROOF_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <json-c/json_types.h>
#include <linux/hydropon.h>

#define PROOF_DEFAULT_MS 3000
#define PROOF_MIN_MS 1000
#define PROOF_MAX_MS 60000
#define PROOF_MOVE_MS 2000	/* from the command until the line is as it says */
#define PROOF_FEEDBACK_MS 500	/* and from then until the relay is */

/* What the test works with, so that it can be tested itself. Functions that return an
 * exit code (0: done) have told what went wrong. */
struct proof_world {
	void *data;
	FILE *out;
	bool colour;
	/* hydropond's status document, to be put */
	int (*status)(void *data, struct json_object **status);
	/* what the kernel says now of an output of @device, by its name: 0 or -errno */
	int (*kernel)(void *data, const char *device, const char *output,
		      struct hydropon_output_info *info);
	int (*set)(void *data, const char *output, bool on, uint64_t for_ms);
	int (*release)(void *data, const char *output);
	/* whether a person wants @on for @for_ms */
	bool (*confirm)(void *data, const char *output, bool on, uint64_t for_ms);
	uint64_t (*now_ns)(void *data);		/* BOOTTIME */
	bool (*wait)(void *data, uint64_t ms);	/* true: it was interrupted */
};

/* The exit code: 0 if all held. @for_ms: PROOF_MIN_MS .. PROOF_MAX_MS */
int proof(const struct proof_world *world, const char *output, uint64_t for_ms);

#endif
