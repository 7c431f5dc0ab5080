// SPDX-License-Identifier: GPL-2.0-only
#include "base/sealed_lines.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/crc32c.h"
#include "base/file.h"

#define HEAD_MAX 64

/* "hydropon-calibrations 1 0a1b2c3d\n" */
static int make_head(const char *name, const char *lines, char head[HEAD_MAX])
{
	return snprintf(head, HEAD_MAX, "%s %08x\n", name, crc32c(lines, strlen(lines)));
}

static bool is_whole(const char *text, size_t size, const char *name)
{
	const char *end = strchr(text, '\n');
	char head[HEAD_MAX];
	size_t length;

	if (!end || strlen(text) != size)
		return false;
	length = (size_t)make_head(name, end + 1, head);
	return length == (size_t)(end + 1 - text) && !memcmp(text, head, length) &&
	       text[size - 1] == '\n';
}

int sealed_lines_read(const char *path, const char *name, char **lines)
{
	char *text, *end;
	struct stat status;
	ssize_t n;
	int error = 0;

	*lines = NULL;
	/* Not what could be: malloc() would keep it, and hydropond lock it. */
	if (stat(path, &status))
		return -errno;
	if (status.st_size > SEALED_LINES_MAX)
		return -EBADMSG;
	text = malloc((size_t)status.st_size + 1);
	if (!text)
		return -ENOMEM;
	n = file_read(path, text, (size_t)status.st_size);
	if (n < 0) {
		free(text);
		return n == -EFBIG || n == -EINVAL || n == -EISDIR || n == -ELOOP ? -EBADMSG : (int)n;
	}
	text[n] = 0;
	if (!is_whole(text, (size_t)n, name))
		error = -EBADMSG;
	end = strchr(text, '\n');
	if (end)
		*lines = strdup(end + 1);
	free(text);
	return end && !*lines ? -ENOMEM : error;
}

int sealed_lines_write(const char *path, const char *name, const char *lines)
{
	char head[HEAD_MAX], *text = NULL;
	int n, error;

	make_head(name, lines, head);
	n = asprintf(&text, "%s%s", head, lines);
	if (n < 0)
		return -ENOMEM;
	error = n > SEALED_LINES_MAX ? -EFBIG : file_replace_durable(path, text, (size_t)n);
	free(text);
	return error;
}
