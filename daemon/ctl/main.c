// SPDX-License-Identifier: GPL-2.0-only
/* hydroponctl: shows what hydropond knows and keeps, overrides outputs for a while, and tests
 * them.
 */
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/units.h"
#include "control/metrics.h"
#include "ctl/client.h"
#include "ctl/command.h"
#include "ctl/explain.h"
#include "ctl/fail.h"
#include "base/field.h"
#include "ctl/kernel.h"
#include "ctl/proof.h"
#include "ctl/show.h"
#include "ctl/spool.h"
#include "ctl/table.h"
#include "ctl/watch.h"

#define INTERVAL_MIN_MS 100
#define INTERVAL_MAX_MS 3600000

enum {
	OPTION_SOCKET_DIR = 256, OPTION_DEVICE, OPTION_FOR, OPTION_INTERVAL, OPTION_JSON,
	OPTION_YES, OPTION_BY, OPTION_DIR, OPTION_FROM, OPTION_TO, OPTION_CHANNEL, OPTION_CSV,
	OPTION_EVERY, OPTION_VERSION,
	OPTION_POINTS, OPTION_TEMPERATURE, OPTION_LOT, OPTION_ABORT, OPTION_UNDO, OPTION_HISTORY,
};

struct options {
	struct command_line line;
	const char *duration;		/* of set, enter and proof, NULL: left to them */
	const char *by;			/* of enter, NULL: who sits there */
	const char *interval;		/* of watch, NULL: 1 s */
	bool json, yes;
	struct calibrate_options calibrate;
	int calibrate_action;		/* OPTION_ABORT, OPTION_UNDO, OPTION_HISTORY; 0: to calibrate */
	const char *calibrate_option;	/* the last one that belongs to calibrate, NULL: none */
	struct spool_options spool;
	const char *every;		/* of history, NULL: as it fits */
	const char *spool_option;	/* the last one that belongs to spool and history, NULL: none */
	const char *span_option;	/* and of them to spool export and history */
	const char *channel_option;	/* and to spool export alone */
};

/* In seconds, which may be left out. */
static const struct units units_duration = {
	.list = (const struct unit[]){ { "ms", 1e-3, false },
				       { "s", 1, false },
				       { "m", 60, false },
				       { "min", 60, true },
				       { "h", 3600, false },
				       { "d", 86400, false },
				       { NULL, 0, false } },
	.bare = true,
};

static int usage(FILE *out)
{
	fputs("Usage: hydroponctl [OPTION...] COMMAND\n"
	      "\n"
	      "  status                         what is sampled, held and kept, problems first\n"
	      "  status --json                  the same for programs, one line\n"
	      "  explain CHANNEL [--json]       why it is judged as it is, and what to do\n"
	      "  metrics                        its numbers as OpenMetrics text, as for Prometheus\n"
	      "  watch [--interval TIME]        the status again and again (1 s)\n"
	      "  set OUTPUT on|off [--for TIME] override an output (for 10 m, at most 24 h)\n"
	      "  release OUTPUT                 end the override\n"
	      "  enter CHANNEL VALUE [--by NAME] [--for TIME]\n"
	      "                                 what you have measured (for 4 h, at most 7 d)\n"
	      "  reset OUTPUT                   end what is latched, once its reason is over\n"
	      "  proof OUTPUT [--for TIME] [--yes]  move it and back, and see that it does (3 s)\n"
	      "  calibrate CHANNEL [--points LIST] [--temperature 22.5C] [--lot TEXT] [--yes]\n"
	      "                                 with buffers, standards or a reference, step by step\n"
	      "  calibrate CHANNEL --undo | --history [--json] | --abort\n"
	      "                                 go back to the one before; all of them; end a session\n"
	      "  history [CHANNEL]... [--from WHEN] [--to WHEN] [--every TIME] [--csv]\n"
	      "                                 what was measured: min, mean, max (the last day)\n"
	      "  events [--from WHEN] [--to WHEN] [--csv]\n"
	      "                                 what happened: outputs, trips, faults, commands, power\n"
	      "  spool [show]                   what is kept: how much, since when, in which files\n"
	      "  spool check                    read all of it, and tell every damaged place\n"
	      "  spool export [--from WHEN] [--to WHEN] [--channel NAME]... [--csv]\n"
	      "                                 print samples as line protocol or CSV\n"
	      "  spool copy DIR                 copy all of it, as to a stick, while hydropond goes on\n"
	      "  spool import DIR               deliver such a copy to the stores of this gateway\n"
	      "\n"
	      "TIME is 30, 30s, 5m, 2h or 1d. WHEN is 2026-11-28T10:00 (behind it Z: UTC), or -2h.\n"
	      "\n"
	      "      --socket-dir DIR  where the sockets of hydropond are (/run/hydropon)\n"
	      "      --device PATH     asked when hydropond does not answer (/dev/hydropon0)\n"
	      "  -c, --config FILE     tells where the spool is (" CONF_DEFAULT_PATH ")\n"
	      "      --dir DIR         the folder of the spool itself, as on a card in a reader\n"
	      "      --version         print the version and exit\n"
	      "  -h, --help            print this and exit\n"
	      "\n"
	      "Exit codes: 0 done, 1 refused, 2 wrong usage, 3 hydropond cannot be reached;\n"
	      "of spool, history and events: 0 good, 1 damaged or not all printed, 2 cannot be read or wrong usage.\n",
	      out);
	return out == stdout ? EXIT_OK : EXIT_USAGE;
}

/* False, and told, if @text is no time between the bounds. */
static bool parse_time(const char *option, const char *text, double min_ms, double max_ms,
		       uint64_t *ms)
{
	char why[256], least[32], most[32];
	double seconds;

	if (!units_parse(&units_duration, text, &seconds, why, sizeof(why))) {
		fail(EXIT_USAGE, "%s: %s, such as 30s, 5m or 2h", option, why);
		return false;
	}
	if (!(seconds * 1000 >= min_ms && seconds * 1000 <= max_ms)) {
		units_format(&units_time, min_ms, least, sizeof(least));
		units_format(&units_time, max_ms, most, sizeof(most));
		fail(EXIT_USAGE, "%s: \"%s\" is not between %s and %s; choose another", option,
		     text, least, most);
		return false;
	}
	*ms = (uint64_t)(seconds * 1000 + 0.5);
	return true;
}

/* hydropond does not answer, but the guard may. */
static void draw_kernel(FILE *out, const struct command_line *line, int error)
{
	struct kernel_view *view = malloc(sizeof(*view));
	char why[512];

	client_explain(error, line->socket_dir, "status.sock", why, sizeof(why));
	mark_print(out, line->colour, MARK_BAD, "%s", why);
	if (!view)
		return;
	error = kernel_read(line->device, view);
	if (error) {
		mark_print(out, line->colour, MARK_BAD,
			   "the state of the outputs is not known here: %s: %s%s", line->device,
			   strerrordesc_np(-error), error == -EACCES ?
			   "; join group hydropon or use sudo" : "");
	} else {
		mark_print(out, line->colour, MARK_NONE, "the kernel guard %s holds:",
			   line->device);
		kernel_show(out, view, line->colour);
	}
	free(view);
}

/* Draws the status, or the kernel's view. Returns the exit code. */
static int draw(FILE *out, const struct command_line *line)
{
	struct json_object *status;
	int error = client_ask(line->socket_dir, "status.sock", COMMAND_STATUS, &status);
	int code = EXIT_OK;

	if (error) {
		draw_kernel(out, line, error);
		return EXIT_UNREACHABLE;
	}
	if (field_is_true(status, "ok")) {
		show_status(out, status, line->colour);
	} else {
		mark_print(out, line->colour, MARK_BAD, "hydropond refuses: %s",
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

static int status_json(const struct options *options)
{
	struct json_object *status;
	int code = command_ask_status(&options->line, &status);

	if (code)
		return code;
	code = field_is_true(status, "ok") ? EXIT_OK : EXIT_REFUSED;
	puts(json_object_to_json_string_ext(status, JSON_C_TO_STRING_PLAIN |
						    JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(status);
	return code;
}

static int print_metrics(const struct options *options)
{
	struct json_object *status;
	int code = command_ask_status(&options->line, &status);
	char *text;

	if (code)
		return code;
	text = metrics_text(status);
	if (!field_is_true(status, "ok"))
		code = fail(EXIT_REFUSED, "hydropond refuses: %s", field_text(status, "error"));
	else if (!text)
		code = fail(EXIT_REFUSED, "out of memory");
	else
		fputs(text, stdout);
	free(text);
	json_object_put(status);
	return code;
}

static int run_set(const struct options *options, char **arguments, int count)
{
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
	return command_set(&options->line, arguments[0], on, ms);
}

static int run_enter(const struct options *options, char **arguments, int count)
{
	uint64_t ms = 0;

	if (count != 2)
		return fail(EXIT_USAGE, "enter takes the name of a channel and a number with its unit, as "
			    "in hydroponctl enter ph-a 6.1 or hydroponctl enter ec-a \"1.4 mS/cm\"");
	if (options->duration && !parse_time("--for", options->duration, 1, 7 * 24 * 3600e3, &ms))
		return EXIT_USAGE;
	return command_enter(&options->line, arguments[0], arguments[1], options->by, ms);
}

static int run_proof(const struct options *options, char **arguments, int count)
{
	uint64_t ms = PROOF_DEFAULT_MS;

	if (count != 1)
		return usage(stderr);
	if (options->duration &&
	    !parse_time("--for", options->duration, PROOF_MIN_MS, PROOF_MAX_MS, &ms))
		return EXIT_USAGE;
	return command_proof(&options->line, arguments[0], ms, options->yes);
}

static int run_calibrate(struct options *options, char **arguments, int count)
{
	const char *channel = count ? arguments[0] : "ph-a";

	if (count != 1)
		return fail(EXIT_USAGE, "calibrate takes one channel: hydroponctl calibrate %s",
			    channel);
	switch (options->calibrate_action) {
	case OPTION_ABORT:
		return command_calibrate_abort(&options->line, channel);
	case OPTION_UNDO:
		return command_calibrate_undo(&options->line, channel);
	case OPTION_HISTORY:
		return command_calibrate_history(&options->line, channel, options->json);
	default:
		options->calibrate.channel = channel;
		options->calibrate.is_confirmed = options->yes;
		return command_calibrate(&options->line, &options->calibrate);
	}
}

static int run_watch(struct options *options)
{
	uint64_t interval_ms = 1000;

	if (options->interval && !parse_time("--interval", options->interval, INTERVAL_MIN_MS,
					     INTERVAL_MAX_MS, &interval_ms))
		return EXIT_USAGE;
	return watch(draw_again, &options->line, interval_ms);
}

static int run_history(struct options *options, char **arguments, int count)
{
	struct spool_options *spool = &options->spool;

	if (options->channel_option)
		return fail(EXIT_USAGE, "--channel belongs to spool export; write the channel by itself: "
			    "hydroponctl history %s", spool->channels[0]);
	if (options->every && !parse_time("--every", options->every, 1000, 366 * 86400e3,
					  &spool->every_ms))
		return EXIT_USAGE;
	if ((size_t)count > sizeof(spool->channels) / sizeof(spool->channels[0]))
		return fail(EXIT_USAGE, "these are more channels than there can be");
	for (int i = 0; i < count; i++)
		spool->channels[spool->channels_n++] = arguments[i];
	return spool_history(spool);
}

static int run_events(const struct options *options, int count)
{
	if (options->channel_option)
		return fail(EXIT_USAGE, "--channel belongs to spool export; leave it out");
	return count == 1 ? spool_events(&options->spool) : usage(stderr);
}

static int run_spool(const struct options *options, char **arguments, int count)
{
	const char *what = count ? arguments[0] : "show";

	if (strcmp(what, "export") && (options->span_option || options->channel_option))
		return fail(EXIT_USAGE, "%s belongs to spool export%s; leave it out",
			    options->channel_option ? options->channel_option : options->span_option,
			    options->channel_option ? "" : ", history and events");
	if (!strcmp(what, "copy") || !strcmp(what, "import")) {
		if (count != 2)
			return fail(EXIT_USAGE, "spool %s takes one folder: hydroponctl spool %s "
				    "/media/stick/spool", what, what);
		return *what == 'c' ? spool_copy(&options->spool, arguments[1]) :
				      spool_import(&options->spool, arguments[1]);
	}
	if (count > 1)
		return usage(stderr);
	if (!strcmp(what, "show"))
		return spool_show(&options->spool);
	if (!strcmp(what, "check"))
		return spool_check(&options->spool);
	if (!strcmp(what, "export"))
		return spool_export(&options->spool);
	return fail(EXIT_USAGE, "spool has no command \"%s\"; there are show, check, export, "
		    "copy and import", what);
}

/* Those that come with a wrong number of words here. */
static bool takes_output(const char *command)
{
	return !strcmp(command, "release") || !strcmp(command, "reset");
}

static bool is_command(const char *command)
{
	return takes_output(command) || !strcmp(command, "status") || !strcmp(command, "metrics") ||
	       !strcmp(command, "watch");
}

static int run(struct options *options, char **arguments, int count)
{
	const char *command = count ? arguments[0] : "";

	if (strcmp(command, "set") && strcmp(command, "proof") && strcmp(command, "enter") &&
	    options->duration)
		return fail(EXIT_USAGE, "--for belongs to set, enter and proof; leave it out");
	if (strcmp(command, "enter") && options->by)
		return fail(EXIT_USAGE, "--by belongs to enter; leave it out");
	if (strcmp(command, "watch") && options->interval)
		return fail(EXIT_USAGE, "--interval belongs to watch; leave it out");
	if (strcmp(command, "status") && strcmp(command, "explain") && options->json &&
	    options->calibrate_action != OPTION_HISTORY)
		return fail(EXIT_USAGE, "--json belongs to status, explain and calibrate --history; leave "
			    "it out");
	if (strcmp(command, "proof") && strcmp(command, "calibrate") && options->yes)
		return fail(EXIT_USAGE, "--yes belongs to proof and calibrate; leave it out");
	if (strcmp(command, "calibrate") && options->calibrate_option)
		return fail(EXIT_USAGE, "%s belongs to calibrate; leave it out",
			    options->calibrate_option);
	if (strcmp(command, "history") && options->every)
		return fail(EXIT_USAGE, "--every belongs to history; leave it out");
	if (strcmp(command, "spool") && strcmp(command, "history") && strcmp(command, "events") &&
	    options->spool_option)
		return fail(EXIT_USAGE, "%s belongs to spool, history and events; leave it out",
			    options->spool_option);
	if (!strcmp(command, "status") && count == 1)
		return options->json ? status_json(options) : draw(stdout, &options->line);
	if (!strcmp(command, "explain") && count == 2)
		return explain(&options->line, arguments[1], options->json);
	if (!strcmp(command, "metrics") && count == 1)
		return print_metrics(options);
	if (!strcmp(command, "watch") && count == 1)
		return run_watch(options);
	if (!strcmp(command, "set"))
		return run_set(options, arguments + 1, count - 1);
	if (!strcmp(command, "enter"))
		return run_enter(options, arguments + 1, count - 1);
	if (!strcmp(command, "release") && count == 2)
		return command_release(&options->line, arguments[1]);
	if (!strcmp(command, "reset") && count == 2)
		return command_reset(&options->line, arguments[1]);
	if (!strcmp(command, "proof"))
		return run_proof(options, arguments + 1, count - 1);
	if (!strcmp(command, "calibrate"))
		return run_calibrate(options, arguments + 1, count - 1);
	if (!strcmp(command, "history"))
		return run_history(options, arguments + 1, count - 1);
	if (!strcmp(command, "events"))
		return run_events(options, count);
	if (!strcmp(command, "spool"))
		return run_spool(options, arguments + 1, count - 1);
	if (!strcmp(command, "explain"))
		return fail(EXIT_USAGE, "explain takes the name of one channel; hydroponctl --help "
			    "shows how");
	if (is_command(command))
		return fail(EXIT_USAGE, "%s takes %s; hydroponctl --help shows how", command,
			    takes_output(command) ? "the name of one output" : "nothing more");
	if (count)
		return fail(EXIT_USAGE, "there is no command \"%s\"; hydroponctl --help shows them",
			    command);
	return usage(stderr);
}

/* The options of calibrate alone. False: it is none. */
static bool take_calibrate_option(struct options *options, int option, const char *argument)
{
	switch (option) {
	case OPTION_POINTS:
		options->calibrate_option = "--points";
		options->calibrate.points = argument;
		return true;
	case OPTION_TEMPERATURE:
		options->calibrate_option = "--temperature";
		options->calibrate.temperature = argument;
		return true;
	case OPTION_LOT:
		options->calibrate_option = "--lot";
		options->calibrate.lot = argument;
		return true;
	case OPTION_ABORT:
	case OPTION_UNDO:
	case OPTION_HISTORY:
		options->calibrate_option = option == OPTION_ABORT ? "--abort" :
					    option == OPTION_UNDO ? "--undo" : "--history";
		options->calibrate_action = option;
		return true;
	default:
		return false;
	}
}

/* The options of spool and history alone. False: it is none, or one too many. */
static bool take_spool_option(struct options *options, int option, const char *argument)
{
	static const struct {
		int option;
		const char *name;
		bool is_of_span, is_of_channels;
	} known[] = {
		{ 'c', "--config", false, false },
		{ OPTION_DIR, "--dir", false, false },
		{ OPTION_FROM, "--from", true, false },
		{ OPTION_TO, "--to", true, false },
		{ OPTION_CHANNEL, "--channel", false, true },
		{ OPTION_CSV, "--csv", true, false },
	};
	struct spool_options *spool = &options->spool;

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].option == option) {
			options->spool_option = known[i].name;
			if (known[i].is_of_span)
				options->span_option = known[i].name;
			if (known[i].is_of_channels)
				options->channel_option = known[i].name;
		}
	switch (option) {
	case 'c':
		spool->conf_path = argument;
		return true;
	case OPTION_DIR:
		spool->dir = argument;
		return true;
	case OPTION_FROM:
		spool->from = argument;
		return true;
	case OPTION_TO:
		spool->to = argument;
		return true;
	case OPTION_CSV:
		spool->csv = true;
		return true;
	case OPTION_CHANNEL:
		if (spool->channels_n == sizeof(spool->channels) / sizeof(spool->channels[0]))
			return false;
		spool->channels[spool->channels_n++] = argument;
		return true;
	default:
		return false;
	}
}

int main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "socket-dir", required_argument, NULL, OPTION_SOCKET_DIR },
		{ "device", required_argument, NULL, OPTION_DEVICE },
		{ "for", required_argument, NULL, OPTION_FOR },
		{ "interval", required_argument, NULL, OPTION_INTERVAL },
		{ "json", no_argument, NULL, OPTION_JSON },
		{ "yes", no_argument, NULL, OPTION_YES },
		{ "by", required_argument, NULL, OPTION_BY },
		{ "config", required_argument, NULL, 'c' },
		{ "dir", required_argument, NULL, OPTION_DIR },
		{ "from", required_argument, NULL, OPTION_FROM },
		{ "to", required_argument, NULL, OPTION_TO },
		{ "channel", required_argument, NULL, OPTION_CHANNEL },
		{ "csv", no_argument, NULL, OPTION_CSV },
		{ "every", required_argument, NULL, OPTION_EVERY },
		{ "points", required_argument, NULL, OPTION_POINTS },
		{ "temperature", required_argument, NULL, OPTION_TEMPERATURE },
		{ "lot", required_argument, NULL, OPTION_LOT },
		{ "abort", no_argument, NULL, OPTION_ABORT },
		{ "undo", no_argument, NULL, OPTION_UNDO },
		{ "history", no_argument, NULL, OPTION_HISTORY },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct options options = {
		.line = {
			.socket_dir = "/run/hydropon",
			.device = "/dev/hydropon0",
			.colour = isatty(STDOUT_FILENO) &&
				  !(getenv("NO_COLOR") && *getenv("NO_COLOR")),
		},
		.spool.conf_path = CONF_DEFAULT_PATH,
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:h", long_options, NULL)) >= 0) {
		switch (option) {
		case OPTION_SOCKET_DIR:
			options.line.socket_dir = optarg;
			break;
		case OPTION_DEVICE:
			options.line.device = optarg;
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
		case OPTION_BY:
			options.by = optarg;
			break;
		case OPTION_YES:
			options.yes = true;
			break;
		case OPTION_EVERY:
			options.every = optarg;
			break;
		case OPTION_VERSION:
			puts("hydroponctl " HYDROPON_VERSION);
			return EXIT_OK;
		case 'h':
			return usage(stdout);
		default:
			if (!take_calibrate_option(&options, option, optarg) &&
			    !take_spool_option(&options, option, optarg))
				return usage(stderr);
		}
	}
	options.spool.colour = options.line.colour;
	return run(&options, argv + optind, argc - optind);
}
