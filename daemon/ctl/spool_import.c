// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/spool.h"

#include <errno.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/fail.h"

#define PROGRAM "hydropon-forward"

/* Where it is installed, as seen from where this program is; or beside it. */
static const char *const places[] = { "../sbin/" PROGRAM, PROGRAM };

int spool_import(const struct spool_options *options, const char *from)
{
	char self[PATH_MAX / 2], path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *dir;

	if (options->dir)
		return fail(SPOOL_UNREADABLE, "--dir is where a spool is read by all other commands; write "
			    "hydroponctl spool import %s", options->dir);
	self[n > 0 ? n : 0] = 0;
	dir = dirname(self);
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, places[i]);
		execl(path, PROGRAM, "--config", options->conf_path, "--import", from, (char *)NULL);
	}
	return fail(SPOOL_UNREADABLE, "hydropon-forward, which delivers it, cannot be started: %s; "
		    "reinstall Hydropon", strerror(errno));
}
