// SPDX-License-Identifier: GPL-2.0-only
#include "forward/set_aside.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "forward/line_protocol.h"

/* A power cut may have left a part of a line, which must not run into the next. */
static int ends_within_line(int fd, bool *within)
{
	struct stat status;
	char last = '\n';

	if (fstat(fd, &status))
		return -errno;
	if (status.st_size && pread(fd, &last, 1, status.st_size - 1) != 1)
		return -EIO;
	*within = last != '\n';
	return 0;
}

int set_aside(const char *path, const char *line, const char *reason)
{
	char text[LINE_MAX_BYTES + 512], parent[PATH_MAX];
	bool within = false;
	int fd, n, error;

	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return -errno;
	error = ends_within_line(fd, &within);
	if (error)
		goto out;
	n = snprintf(text, sizeof(text), "%s# %.400s\n%s", within ? "\n" : "", reason, line);
	error = file_write_all(fd, text, (size_t)n);
	if (!error && fsync(fd))
		error = -errno;
	if (!error) {
		snprintf(parent, sizeof(parent), "%s", path);
		error = dir_sync(dirname(parent));
	}
out:
	close(fd);
	return error;
}
