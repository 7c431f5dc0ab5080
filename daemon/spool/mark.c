// SPDX-License-Identifier: GPL-2.0-only
#include "spool/mark.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/file.h"
#include "base/pack.h"

#define MAGIC "HSPM"

enum { MARK_BYTES = 32, MARK_COVERED = 8 };

static int mark_path(char *out, size_t size, const char *run_dir)
{
	int n = snprintf(out, size, "%s/spool.committed", run_dir);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int spool_mark_publish(const char *run_dir, const struct spool_mark *mark)
{
	uint8_t bytes[MARK_BYTES];
	char path[PATH_MAX];
	int error = mark_path(path, sizeof(path), run_dir);

	if (error)
		return error;
	memcpy(bytes, MAGIC, 4);
	put_le64(bytes + 8, mark->id);
	put_le64(bytes + 16, mark->offset);
	put_le64(bytes + 24, mark->produced);
	put_le32(bytes + 4, crc32c(bytes + MARK_COVERED, MARK_BYTES - MARK_COVERED));
	return file_replace(path, bytes, sizeof(bytes));
}

int spool_mark_read(const char *run_dir, struct spool_mark *mark)
{
	uint8_t bytes[MARK_BYTES + 1];
	char path[PATH_MAX];
	ssize_t n;
	int fd, error = mark_path(path, sizeof(path), run_dir);

	if (error)
		return error;
	/* O_NONBLOCK: whatever lies there, opening it does not wait. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	n = read(fd, bytes, sizeof(bytes));
	error = n < 0 ? -errno : 0;
	close(fd);
	if (error)
		return error;
	if (n != MARK_BYTES || memcmp(bytes, MAGIC, 4) ||
	    get_le32(bytes + 4) != crc32c(bytes + MARK_COVERED, MARK_BYTES - MARK_COVERED))
		return -EBADMSG;
	mark->id = get_le64(bytes + 8);
	mark->offset = get_le64(bytes + 16);
	mark->produced = get_le64(bytes + 24);
	return 0;
}
