// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/command.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/client.h"
#include "ctl/fail.h"
#include "ctl/field.h"
#include "ctl/kernel.h"
#include "ctl/proof.h"
#include "ctl/signals.h"
#include "ctl/table.h"

/* What went wrong with @error on @socket. */
static int unreachable(const struct command_line *line, const char *socket, int error)
{
	char why[512];

	client_explain(error, line->socket_dir, socket, why, sizeof(why));
	return fail(EXIT_UNREACHABLE, "%s", why);
}

int command_ask_status(const struct command_line *line, struct json_object **status)
{
	int error = client_ask(line->socket_dir, "status.sock", COMMAND_STATUS, status);

	return error ? unreachable(line, "status.sock", error) : EXIT_OK;
}

/* Sends @request, and puts it. EXIT_OK: @answer, to be put, says that it is done. */
static int ask(const struct command_line *line, struct json_object *request,
	       struct json_object **answer)
{
	char *text = NULL;
	int error = -ENOMEM, code = EXIT_OK;

	/* After it was told to have failed it must not happen. */
	json_object_object_add(request, "until_boot_ns",
			       json_object_new_uint64(clock_boot_ns() +
						      CLIENT_TIMEOUT_MS * NS_PER_MS));
	if (asprintf(&text, "%s\n",
		     json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN)) > 0)
		error = client_ask(line->socket_dir, "control.sock", text, answer);
	free(text);
	json_object_put(request);
	if (error)
		return unreachable(line, "control.sock", error);
	if (!field_is_true(*answer, "ok")) {
		code = fail(EXIT_REFUSED, "hydropond refuses: %s", field_text(*answer, "error"));
		json_object_put(*answer);
	}
	return code;
}

static struct json_object *new_request(const char *cmd, const char *output)
{
	struct json_object *request = json_object_new_object();

	json_object_object_add(request, "cmd", json_object_new_string(cmd));
	json_object_object_add(request, "output", json_object_new_string(output));
	return request;
}

static struct json_object *new_set(const char *output, bool on, uint64_t for_ms)
{
	struct json_object *request = new_request("set", output);

	json_object_object_add(request, "on", json_object_new_boolean(on));
	if (for_ms)
		json_object_object_add(request, "for_ms", json_object_new_uint64(for_ms));
	return request;
}

/* Puts @answer. */
static int done(const struct command_line *line, struct json_object *answer, const char *text)
{
	const char *note = field_string(answer, "note");

	mark_print(stdout, line->colour, note ? MARK_WARN : MARK_NONE, "%s%s%s", text,
		   note ? "; " : "", note ? note : "");
	json_object_put(answer);
	return EXIT_OK;
}

int command_set(const struct command_line *line, const char *output, bool on, uint64_t for_ms)
{
	struct json_object *answer;
	char text[256], time[32];
	int code = ask(line, new_set(output, on, for_ms), &answer);

	if (code)
		return code;
	snprintf(text, sizeof(text), "%.64s: %s for %s", output, on ? "on" : "off",
		 for_ms ? duration_text(for_ms, time, sizeof(time)) : "10 min");
	return done(line, answer, text);
}

int command_release(const struct command_line *line, const char *output)
{
	struct json_object *answer;
	char text[256];
	int code = ask(line, new_request("release", output), &answer);

	if (code)
		return code;
	snprintf(text, sizeof(text), "%.64s: the override is over", output);
	return done(line, answer, text);
}

int command_reset(const struct command_line *line, const char *output)
{
	struct json_object *answer;
	char text[256];
	int code = ask(line, new_request("reset", output), &answer);

	if (code)
		return code;
	snprintf(text, sizeof(text), "%.64s: nothing is latched any more; it is wanted %s", output,
		 field_is_true(answer, "want_on") ? "on" : "off");
	return done(line, answer, text);
}

static int proof_status(void *data, struct json_object **status)
{
	return command_ask_status(data, status);
}

static int proof_kernel(void *data, const char *device, const char *output,
			struct hydropon_output_info *info)
{
	return kernel_read_output(device, output, info);
}

static int proof_set(void *data, const char *output, bool on, uint64_t for_ms)
{
	struct json_object *answer;
	int code = ask(data, new_set(output, on, for_ms), &answer);

	if (!code)
		json_object_put(answer);
	return code;
}

static int proof_release(void *data, const char *output)
{
	struct json_object *answer;
	int code = ask(data, new_request("release", output), &answer);

	if (!code)
		json_object_put(answer);
	return code;
}

/* Asks whoever sits at the terminal. From the yes on, Ctrl-C ends the test in order. */
static bool proof_confirm(void *data, const char *output, bool on, uint64_t for_ms)
{
	char time[32], answer[16] = "";

	printf("%s will be switched %s for %s. Is everybody clear of it? [y/N] ", output,
	       on ? "ON" : "OFF", duration_text(for_ms, time, sizeof(time)));
	fflush(stdout);
	if (!fgets(answer, sizeof(answer), stdin) || (*answer != 'y' && *answer != 'Y'))
		return false;
	signals_catch();
	return true;
}

static bool proof_is_confirmed(void *data, const char *output, bool on, uint64_t for_ms)
{
	signals_catch();
	return true;
}

static uint64_t proof_now_ns(void *data)
{
	return clock_boot_ns();
}

static bool proof_wait(void *data, uint64_t ms)
{
	return signals_wait(ms);
}

int command_proof(const struct command_line *line, const char *output, uint64_t for_ms,
		  bool is_confirmed)
{
	const struct proof_world world = {
		.data = (void *)line,
		.out = stdout,
		.colour = line->colour,
		.status = proof_status,
		.kernel = proof_kernel,
		.set = proof_set,
		.release = proof_release,
		.confirm = is_confirmed ? proof_is_confirmed : proof_confirm,
		.now_ns = proof_now_ns,
		.wait = proof_wait,
	};

	if (!is_confirmed && !isatty(STDIN_FILENO))
		return fail(EXIT_USAGE, "proof really moves the output, and nobody can be asked "
			    "here; say --yes if that may be");
	/* A reader that goes away must not keep the override from being ended. */
	signal(SIGPIPE, SIG_IGN);
	return proof(&world, output, for_ms);
}
