/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line of the daemons. */
#ifndef HYDROPON_OPTIONS_H
#define HYDROPON_OPTIONS_H

#include <stdbool.h>

struct options {
	const char *conf_path;
	bool only_check;	/* judge the configuration, and exit */
	const char *import_dir;	/* the spool of another gateway to be delivered; NULL: none */
};

/* @name: the program, @purpose: what it does, in a sentence. @has_import: it knows --import. True: go on with @options.
 * False: all was said; exit with *@status. */
bool options_read(int argc, char **argv, const char *name, const char *purpose,
		  bool has_import, struct options *options, int *status);

#endif
