// SPDX-License-Identifier: GPL-2.0-only
#include "base/options.h"

#include <getopt.h>
#include <stdio.h>

#include "base/conf.h"

enum { EXIT_SAID = 0, EXIT_USAGE = 2 };

static void usage(FILE *out, const char *name, const char *purpose, bool has_import)
{
	fprintf(out, "Usage: %s [-c FILE] [--check%s]\n"
		"%s\n"
		"\n"
		"  -c, --config FILE  instead of " CONF_DEFAULT_PATH "\n"
		"      --check        read the configuration, say what is wrong with it, and exit\n"
		"%s"
		"      --version      print the version and exit\n"
		"  -h, --help         print this and exit\n"
		"\n"
		"It runs in the foreground; %s(8) tells the rest.\n", name,
		has_import ? " | --import DIR" : "", purpose, has_import ?
		"      --import DIR   deliver the spool of another gateway that is there, and exit\n" : "",
		name);
}

bool options_read(int argc, char **argv, const char *name, const char *purpose,
		  bool has_import, struct options *options, int *status)
{
	enum { OPTION_CHECK = 256, OPTION_VERSION, OPTION_IMPORT };
	static const struct option known[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "check", no_argument, NULL, OPTION_CHECK },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ "help", no_argument, NULL, 'h' },
		{ "import", required_argument, NULL, OPTION_IMPORT },
		{ 0 },
	};
	int option;

	*options = (struct options){ .conf_path = CONF_DEFAULT_PATH };
	*status = EXIT_SAID;
	while ((option = getopt_long(argc, argv, "c:h", known, NULL)) >= 0) {
		switch (option) {
		case 'c':
			options->conf_path = optarg;
			break;
		case OPTION_CHECK:
			options->only_check = true;
			break;
		case OPTION_IMPORT:
			if (!has_import)
				goto wrong;
			options->import_dir = optarg;
			break;
		case OPTION_VERSION:
			printf("%s " HYDROPON_VERSION "\n", name);
			return false;
		case 'h':
			usage(stdout, name, purpose, has_import);
			return false;
		default:
			goto wrong;
		}
	}
	if (optind == argc)
		return true;
wrong:
	usage(stderr, name, purpose, has_import);
	*status = EXIT_USAGE;
	return false;
}
