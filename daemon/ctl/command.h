/* SPDX-License-Identifier: GPL-2.0-only */
/* The commands that change an output. Each tells what came of it, and returns the exit
 * code. */
#ifndef HYDROPON_COMMAND_H
#define HYDROPON_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json_types.h>

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
int command_release(const struct command_line *line, const char *output);
int command_reset(const struct command_line *line, const char *output);
/* @is_confirmed: nobody is asked. */
int command_proof(const struct command_line *line, const char *output, uint64_t for_ms,
		  bool is_confirmed);

#endif
