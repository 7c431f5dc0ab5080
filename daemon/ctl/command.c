// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/command.h"

#include <errno.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/client.h"
#include "ctl/fail.h"
#include "base/field.h"
#include "ctl/kernel.h"
#include "ctl/proof.h"
#include "ctl/signals.h"
#include "ctl/stamp.h"
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

/* Who sits there, also behind sudo. */
static const char *person(void)
{
	const char *name = getenv("SUDO_USER");
	const struct passwd *user = name && *name ? NULL : getpwuid(getuid());

	return name && *name ? name : user ? user->pw_name : "unknown";
}

int command_enter(const struct command_line *line, const char *channel, const char *value,
		  const char *who, uint64_t for_ms)
{
	struct json_object *request = json_object_new_object(), *answer;
	char text[256], time[32];
	int code;

	json_object_object_add(request, "cmd", json_object_new_string("enter"));
	json_object_object_add(request, "channel", json_object_new_string(channel));
	json_object_object_add(request, "value", json_object_new_string(value));
	json_object_object_add(request, "who", json_object_new_string(who ? who : person()));
	if (for_ms)
		json_object_object_add(request, "for_ms", json_object_new_uint64(for_ms));
	code = ask(line, request, &answer);
	if (code)
		return code;
	snprintf(text, sizeof(text), "%.64s: %.9g %s, for %s; it lets no output leave its safe state",
		 channel, json_object_get_double(field(answer, "value")), field_text(answer, "unit"),
		 duration_text(field_count(answer, "for_ms"), time, sizeof(time)));
	return done(line, answer, text);
}

static int calibrate_status(void *data, struct json_object **status)
{
	return command_ask_status(data, status);
}

static int calibrate_ask(void *data, struct json_object *request, struct json_object **answer)
{
	return ask(data, request, answer);
}

/* Ctrl-C ends the wait for a line as any other. */
static int calibrate_read_line(void *data, uint64_t ms, char *text, size_t size)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };

	while (!poll(&in, 1, 0)) {
		uint64_t step_ms = ms < 50 ? ms : 50;

		if (signals_wait(step_ms))
			return -1;
		if (!(ms -= step_ms))
			return 0;
	}
	if (!fgets(text, (int)size, stdin))
		return -1;
	text[strcspn(text, "\n")] = 0;
	return 1;
}

static uint64_t calibrate_now_ns(void *data)
{
	return clock_boot_ns();
}

static bool calibrate_wait(void *data, uint64_t ms)
{
	return signals_wait(ms);
}

int command_calibrate(const struct command_line *line, struct calibrate_options *options)
{
	const struct calibrate_world world = {
		.data = (void *)line,
		.out = stdout,
		.colour = line->colour,
		.is_screen = isatty(STDOUT_FILENO),
		.status = calibrate_status,
		.ask = calibrate_ask,
		.read_line = calibrate_read_line,
		.now_ns = calibrate_now_ns,
		.wait = calibrate_wait,
	};

	if (!options->is_confirmed && !isatty(STDIN_FILENO))
		return fail(EXIT_USAGE, "nobody can be asked here; say --yes and --points if a script "
			    "moves the probe");
	options->who = person();
	signals_catch();
	/* A reader that goes away must not leave the session open. */
	signal(SIGPIPE, SIG_IGN);
	setvbuf(stdin, NULL, _IONBF, 0);
	return calibration_guide(&world, options);
}

static struct json_object *new_calibrate(const char *channel, const char *action)
{
	struct json_object *request = json_object_new_object();

	json_object_object_add(request, "cmd", json_object_new_string("calibrate"));
	json_object_object_add(request, "do", json_object_new_string(action));
	json_object_object_add(request, "channel", json_object_new_string(channel));
	json_object_object_add(request, "who", json_object_new_string(person()));
	return request;
}

int command_calibrate_abort(const struct command_line *line, const char *channel)
{
	struct json_object *answer;
	int code = ask(line, new_calibrate(channel, "end"), &answer);

	if (code)
		return code;
	json_object_put(answer);
	mark_print(stdout, line->colour, MARK_WARN, "%.64s: it is not being calibrated any more; see "
		   "that the probe is back in its place", channel);
	return EXIT_OK;
}

/* hydropond answers before it is on the disk. */
static int await_stored(const struct command_line *line, const char *channel,
			struct json_object **answer)
{
	uint64_t from_ns = clock_boot_ns();
	int code = EXIT_OK;

	while (!code && !strcmp(field_text(*answer, "state"), "storing")) {
		json_object_put(*answer);
		*answer = NULL;
		if (clock_boot_ns() - from_ns > CALIBRATE_STORE_MS * NS_PER_MS)
			return fail(EXIT_REFUSED, "the disk does not take it; it holds only once it does");
		poll(NULL, 0, CALIBRATE_LOOK_MS);
		code = ask(line, new_calibrate(channel, "history"), answer);
	}
	if (!code && strcmp(field_text(*answer, "state"), "stored"))
		code = fail(EXIT_REFUSED, "it could not be stored: %s", field_text(*answer, "store_error"));
	return code;
}

int command_calibrate_undo(const struct command_line *line, const char *channel)
{
	struct json_object *answer, *newest;
	int code = ask(line, new_calibrate(channel, "undo"), &answer);

	if (!code)
		code = await_stored(line, channel, &answer);
	if (code)
		return code;
	newest = field_element(answer, "history", 0);
	if (field_count(newest, "returns_to"))
		mark_print(stdout, line->colour, MARK_NONE, "%.64s: it goes by calibration %llu again",
			   channel, (unsigned long long)field_count(newest, "returns_to"));
	else
		mark_print(stdout, line->colour, MARK_NONE, "%.64s: it goes by the configuration again",
			   channel);
	json_object_put(answer);
	return EXIT_OK;
}

static void show_version(const struct command_line *line, struct json_object *version)
{
	const char *verdict = field_text(version, "verdict");
	char when[STAMP_SIZE];

	stamp_local(json_object_get_int64(field(version, "made_ms")), when);
	mark_print(stdout, line->colour, strcmp(verdict, "good") ? MARK_WARN : MARK_NONE,
		   "%3llu  %s%s  %s  %s: %s", (unsigned long long)field_count(version, "version"),
		   when, field_is_true(version, "dated") ? "" : " (clock not set)",
		   field_text(version, "who"), verdict, field_text(version, "words"));
	if (field_is_number(version, "returns_to"))
		printf("       goes back to %llu\n",
		       (unsigned long long)field_count(version, "returns_to"));
	for (size_t i = 0; i < field_length(version, "points"); i++) {
		struct json_object *point = field_element(version, "points", i);
		char text[256];

		snprintf(text, sizeof(text), "%s%s%s: %.6g read as %.6g",
			 field_text(point, "label"), *field_text(point, "lot") ? ", lot " : "",
			 field_text(point, "lot"), json_object_get_double(field(point, "reference")),
			 json_object_get_double(field(point, "reading")));
		text_clean(text);
		printf("       %s", text);
		if (field_is_number(point, "celsius"))
			printf(" at %.1f C", json_object_get_double(field(point, "celsius")));
		putchar('\n');
	}
}

int command_calibrate_history(const struct command_line *line, const char *channel, bool is_json)
{
	struct json_object *answer;
	int code = ask(line, new_calibrate(channel, "history"), &answer);
	size_t n;

	if (code)
		return code;
	n = field_length(answer, "history");
	if (is_json)
		puts(json_object_to_json_string_ext(field(answer, "history"), JSON_C_TO_STRING_PLAIN));
	else if (!n)
		printf("%s goes by its configuration; it was never calibrated\n", channel);
	for (size_t i = 0; i < n && !is_json; i++)
		show_version(line, field_element(answer, "history", i));
	json_object_put(answer);
	return EXIT_OK;
}
