/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands that change an output. Each tells what came of it, and returns the exit
 * code. */
#ifndef HYDROPON_COMMAND_H
#define HYDROPON_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json_types.h>

#include "ctl/calibration_guide.h"

/* The request for the status document. */
#define COMMAND_STATUS "{\"cmd\":\"status\"}\n"

/* Whom to ask, and how to show it. */
struct command_line {
	const char *socket_dir, *device;
	bool colour;
};

/* hydropond's status document, to be put, whatever it says; an exit code, told if it is
 * not EXIT_OK. */
int command_ask_status(const struct command_line *line, struct json_object **status);

/* @for_ms: 0: as long as hydropond does it by itself */
int command_set(const struct command_line *line, const char *output, bool on, uint64_t for_ms);
/* @value: as it was typed; @who: NULL: who sits there; @for_ms: as above. */
int command_enter(const struct command_line *line, const char *channel, const char *value,
		  const char *who, uint64_t for_ms);
int command_release(const struct command_line *line, const char *output);
int command_reset(const struct command_line *line, const char *output);
/* Begins, stores and ends a calibration as a person or a script wants it. */
int command_calibrate(const struct command_line *line, struct calibrate_options *options);
/* Ends whoever's session; goes back to the calibration before; shows the history of a channel. */
int command_calibrate_abort(const struct command_line *line, const char *channel);
int command_calibrate_undo(const struct command_line *line, const char *channel);
int command_calibrate_history(const struct command_line *line, const char *channel, bool is_json);
/* @is_confirmed: nobody is asked. */
int command_proof(const struct command_line *line, const char *output, uint64_t for_ms,
		  bool is_confirmed);

#endif
