// SPDX-License-Identifier: GPL-2.0-only
#include "spool/mark.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/file.h"
#include "base/pack.h"

#define MAGIC "HSPM"

enum { MARK_BYTES = 32 };

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
	put_le64(bytes + 8, mark->id);
	put_le64(bytes + 16, mark->offset);
	put_le64(bytes + 24, mark->produced);
	file_seal(MAGIC, bytes, sizeof(bytes));
	return file_replace(path, bytes, sizeof(bytes));
}

int spool_mark_read(const char *run_dir, struct spool_mark *mark)
{
	uint8_t bytes[MARK_BYTES];
	char path[PATH_MAX];
	int error = mark_path(path, sizeof(path), run_dir);

	if (!error)
		error = file_read_sealed(path, MAGIC, bytes, sizeof(bytes));
	if (error)
		return error;
	mark->id = get_le64(bytes + 8);
	mark->offset = get_le64(bytes + 16);
	mark->produced = get_le64(bytes + 24);
	return 0;
}
