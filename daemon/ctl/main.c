// SPDX-License-Identifier: GPL-2.0-only
/* hydroponctl: shows what hydropond knows, and overrides outputs for a while. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/units.h"
#include "ctl/client.h"
#include "ctl/field.h"
#include "ctl/kernel.h"
#include "ctl/show.h"
#include "ctl/table.h"
#include "ctl/watch.h"

enum exit_code { EXIT_OK = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 3 };

#define STATUS_REQUEST "{\"cmd\":\"status\"}\n"
#define INTERVAL_MIN_MS 100
#define INTERVAL_MAX_MS 3600000

struct options {
	const char *socket_dir, *device;
	const char *duration;		/* of set, NULL: left to hydropond */
	const char *interval;		/* of watch, NULL: 1 s */
	bool json, colour;
};

/* In seconds, which may be left out. */
static const struct units units_duration = {
	.list = (const struct unit[]){ { "ms", 1e-3, false },
				       { "s", 1, false },
				       { "m", 60, false },
				       { "min", 60, true },
				       { "h", 3600, false },
				       { NULL, 0, false } },
	.bare = true,
};

static int usage(FILE *out)
{
	fputs("Usage: hydroponctl [OPTION...] COMMAND\n"
	      "\n"
	      "  status                         what is sampled, held and kept, problems first\n"
	      "  status --json                  the same for programs, one line\n"
	      "  watch [--interval TIME]        the status again and again (1 s)\n"
	      "  set OUTPUT on|off [--for TIME] override an output (for 10 m, at most 24 h)\n"
	      "  release OUTPUT                 end the override\n"
	      "\n"
	      "TIME is 30, 30s, 5m or 2h.\n"
	      "\n"
	      "      --socket-dir DIR  where the sockets of hydropond are (/run/hydropon)\n"
	      "      --device PATH     asked when hydropond does not answer (/dev/hydropon0)\n"
	      "      --version         print the version and exit\n"
	      "  -h, --help            print this and exit\n"
	      "\n"
	      "Exit codes: 0 done, 1 refused, 2 wrong usage, 3 hydropond cannot be reached.\n",
	      out);
	return out == stdout ? EXIT_OK : EXIT_USAGE;
}

__attribute__((format(printf, 2, 3)))
static int fail(int code, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	text_clean(text);
	fprintf(stderr, "hydroponctl: %s\n", text);
	return code;
}

/* False, and told, if @text is no time between the bounds. */
static bool parse_time(const char *option, const char *text, double min_ms, double max_ms,
		       uint64_t *ms)
{
	char why[256];
	double seconds;

	if (!units_parse(&units_duration, text, &seconds, why, sizeof(why))) {
		fail(EXIT_USAGE, "%s: %s, such as 30s, 5m or 2h", option, why);
		return false;
	}
	if (!(seconds * 1000 >= min_ms && seconds * 1000 <= max_ms)) {
		fail(EXIT_USAGE, "%s: \"%s\" is not between %g s and %g h; choose another", option,
		     text, min_ms / 1000, max_ms / 3600000);
		return false;
	}
	*ms = (uint64_t)(seconds * 1000 + 0.5);
	return true;
}

/* hydropond does not answer, but the guard may. */
static void draw_kernel(FILE *out, const struct options *options, int error)
{
	struct kernel_view *view = malloc(sizeof(*view));
	char why[512];

	client_explain(error, options->socket_dir, "status.sock", why, sizeof(why));
	mark_print(out, options->colour, MARK_BAD, "%s", why);
	if (!view)
		return;
	error = kernel_read(options->device, view);
	if (error) {
		mark_print(out, options->colour, MARK_BAD,
			   "the state of the outputs is not known here: %s: %s%s", options->device,
			   strerrordesc_np(-error), error == -EACCES ?
			   "; join group hydropon or use sudo" : "");
	} else {
		mark_print(out, options->colour, MARK_NONE, "the kernel guard %s holds:",
			   options->device);
		kernel_show(out, view, options->colour);
	}
	free(view);
}

/* Draws the status, or the kernel's view. Returns the exit code. */
static int draw(FILE *out, const struct options *options)
{
	struct json_object *status;
	int error = client_ask(options->socket_dir, "status.sock", STATUS_REQUEST, &status);
	int code = EXIT_OK;

	if (error) {
		draw_kernel(out, options, error);
		return EXIT_UNREACHABLE;
	}
	if (field_is_true(status, "ok")) {
		show_status(out, status, options->colour);
	} else {
		mark_print(out, options->colour, MARK_BAD, "hydropond refuses: %s",
			   field_text(status, "error"));
		code = EXIT_REFUSED;
	}
	json_object_put(status);
	return code;
}

static void draw_again(FILE *out, void *data)
{
	draw(out, data);
}

/* What went wrong with @error on @socket. */
static int unreachable(const struct options *options, const char *socket, int error)
{
	char why[512];

	client_explain(error, options->socket_dir, socket, why, sizeof(why));
	return fail(EXIT_UNREACHABLE, "%s", why);
}

static int status_json(const struct options *options)
{
	struct json_object *status;
	int error = client_ask(options->socket_dir, "status.sock", STATUS_REQUEST, &status), code;

	if (error)
		return unreachable(options, "status.sock", error);
	code = field_is_true(status, "ok") ? EXIT_OK : EXIT_REFUSED;
	puts(json_object_to_json_string_ext(status, JSON_C_TO_STRING_PLAIN |
						    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(status);
	return code;
}

/* Sends @request, puts it, and tells what came of it. */
static int control(const struct options *options, struct json_object *request, const char *done)
{
	struct json_object *answer;
	const char *note;
	char *line = NULL;
	int error = -ENOMEM, code = EXIT_OK;

	/* After it was told to have failed it must not happen. */
	json_object_object_add(request, "until_boot_ns",
			       json_object_new_uint64(clock_boot_ns() +
						      CLIENT_TIMEOUT_MS * NS_PER_MS));
	if (asprintf(&line, "%s\n",
		     json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN)) > 0)
		error = client_ask(options->socket_dir, "control.sock", line, &answer);
	free(line);
	json_object_put(request);
	if (error)
		return unreachable(options, "control.sock", error);
	note = field_string(answer, "note");
	if (!field_is_true(answer, "ok"))
		code = fail(EXIT_REFUSED, "hydropond refuses: %s", field_text(answer, "error"));
	else
		mark_print(stdout, options->colour, note ? MARK_WARN : MARK_NONE, "%s%s%s", done,
			   note ? "; " : "", note ? note : "");
	json_object_put(answer);
	return code;
}

static struct json_object *new_request(const char *cmd, const char *output)
{
	struct json_object *request = json_object_new_object();

	json_object_object_add(request, "cmd", json_object_new_string(cmd));
	json_object_object_add(request, "output", json_object_new_string(output));
	return request;
}

static int command_set(const struct options *options, char **arguments, int count)
{
	struct json_object *request;
	char done[256], time[32];
	uint64_t ms = 0;
	bool on;

	if (count != 2)
		return usage(stderr);
	on = !strcmp(arguments[1], "on");
	if (!on && strcmp(arguments[1], "off"))
		return fail(EXIT_USAGE, "\"%s\" is neither on nor off; write hydroponctl set %s on",
			    arguments[1], arguments[0]);
	if (options->duration && !parse_time("--for", options->duration, 1, 24 * 3600e3, &ms))
		return EXIT_USAGE;
	request = new_request("set", arguments[0]);
	json_object_object_add(request, "on", json_object_new_boolean(on));
	if (ms)
		json_object_object_add(request, "for_ms", json_object_new_uint64(ms));
	snprintf(done, sizeof(done), "%.64s: %s for %s", arguments[0], on ? "on" : "off",
		 ms ? duration_text(ms, time, sizeof(time)) : "10 min");
	return control(options, request, done);
}

static int command_release(const struct options *options, char **arguments, int count)
{
	char done[256];

	if (count != 1)
		return usage(stderr);
	snprintf(done, sizeof(done), "%.64s: the override is over", arguments[0]);
	return control(options, new_request("release", arguments[0]), done);
}

static int command_watch(struct options *options)
{
	uint64_t interval_ms = 1000;

	if (options->interval && !parse_time("--interval", options->interval, INTERVAL_MIN_MS,
					     INTERVAL_MAX_MS, &interval_ms))
		return EXIT_USAGE;
	return watch(draw_again, options, interval_ms);
}

static int run(struct options *options, char **arguments, int count)
{
	const char *command = count ? arguments[0] : "";

	if (strcmp(command, "set") && options->duration)
		return fail(EXIT_USAGE, "--for belongs to set; leave it out");
	if (strcmp(command, "watch") && options->interval)
		return fail(EXIT_USAGE, "--interval belongs to watch; leave it out");
	if (strcmp(command, "status") && options->json)
		return fail(EXIT_USAGE, "--json belongs to status; leave it out");
	if (!strcmp(command, "status") && count == 1)
		return options->json ? status_json(options) : draw(stdout, options);
	if (!strcmp(command, "watch") && count == 1)
		return command_watch(options);
	if (!strcmp(command, "set"))
		return command_set(options, arguments + 1, count - 1);
	if (!strcmp(command, "release"))
		return command_release(options, arguments + 1, count - 1);
	return usage(stderr);
}

int main(int argc, char **argv)
{
	enum { OPTION_SOCKET_DIR = 256, OPTION_DEVICE, OPTION_FOR, OPTION_INTERVAL, OPTION_JSON,
	       OPTION_VERSION };
	static const struct option long_options[] = {
		{ "socket-dir", required_argument, NULL, OPTION_SOCKET_DIR },
		{ "device", required_argument, NULL, OPTION_DEVICE },
		{ "for", required_argument, NULL, OPTION_FOR },
		{ "interval", required_argument, NULL, OPTION_INTERVAL },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct options options = {
		.socket_dir = "/run/hydropon",
		.device = "/dev/hydropon0",
		.colour = isatty(STDOUT_FILENO) && !(getenv("NO_COLOR") && *getenv("NO_COLOR")),
	};
	int option;

	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) >= 0) {
		switch (option) {
		case OPTION_SOCKET_DIR:
			options.socket_dir = optarg;
			break;
		case OPTION_DEVICE:
			options.device = optarg;
			break;
		case OPTION_FOR:
			options.duration = optarg;
			break;
		case OPTION_INTERVAL:
			options.interval = optarg;
			break;
		case OPTION_JSON:
			options.json = true;
			break;
		case OPTION_VERSION:
			puts("hydroponctl " HYDROPON_VERSION);
			return EXIT_OK;
		case 'h':
			return usage(stdout);
		default:
			return usage(stderr);
		}
	}
	return run(&options, argv + optind, argc - optind);
}
