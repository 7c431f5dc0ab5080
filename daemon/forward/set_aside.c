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
#include "base/log.h"
#include "forward/line_protocol.h"

/* A power cut may have left a part of a line, which must not run into the next. */
static int ends_within_line(int fd, off_t size, bool *within)
{
	char last = '\n';

	if (size && pread(fd, &last, 1, size - 1) != 1)
		return -EIO;
	*within = last != '\n';
	return 0;
}

int set_aside(const char *path, const char *line, const char *reason)
{
	char text[LINE_MAX_BYTES + 512], parent[PATH_MAX];
	struct stat status;
	bool within = false;
	int fd, n, error;

	fd = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (fd < 0)
		return -errno;
	error = fstat(fd, &status) ? -errno : ends_within_line(fd, status.st_size, &within);
	if (error)
		goto out;
	n = snprintf(text, sizeof(text), "%s# %.400s\n%s", within ? "\n" : "", reason, line);
	if (status.st_size + n > SET_ASIDE_BYTES_MAX) {
		error = -EFBIG;
		goto out;
	}
	error = file_write_all(fd, text, (size_t)n);
	if (!error && fsync(fd))
		error = -errno;
	/* The line will come again; half of it is not to stay, nor the whole twice. */
	if (error && ftruncate(fd, status.st_size))
		log_warning("%s may end in a part of a line: %s", path, strerror(errno));
	if (!error) {
		snprintf(parent, sizeof(parent), "%s", path);
		error = dir_sync(dirname(parent));
	}
out:
	close(fd);
	return error;
}
