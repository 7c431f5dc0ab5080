// SPDX-License-Identifier: GPL-2.0-only
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/pack.h"

ssize_t file_read(const char *path, void *data, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	struct stat stat;
	ssize_t n = -1;

	if (fd < 0)
		return -errno;
	if (!fstat(fd, &stat)) {
		if (S_ISREG(stat.st_mode) && (uintmax_t)stat.st_size <= size)
			n = read(fd, data, size);
		else
			errno = S_ISREG(stat.st_mode) ? EFBIG :
				S_ISDIR(stat.st_mode) ? EISDIR : EINVAL;
	}
	if (n < 0)
		n = -errno;
	close(fd);
	return n;
}

static uint32_t seal_of(const uint8_t *bytes, size_t size)
{
	return crc32c(bytes + FILE_SEAL, size - FILE_SEAL);
}

void file_seal(const char *magic, uint8_t *bytes, size_t size)
{
	memcpy(bytes, magic, FILE_MAGIC);
	put_le32(bytes + FILE_MAGIC, seal_of(bytes, size));
}

int file_read_sealed(const char *path, const char *magic, uint8_t *bytes, size_t size)
{
	ssize_t n = file_read(path, bytes, size);

	if (n < 0 && n != -EFBIG)
		return (int)n;
	return n == (ssize_t)size && !memcmp(bytes, magic, FILE_MAGIC) &&
	       get_le32(bytes + FILE_MAGIC) == seal_of(bytes, size) ? 0 : -EBADMSG;
}

int file_write_all(int fd, const void *data, size_t size)
{
	const char *from = data;

	while (size) {
		ssize_t n = write(fd, from, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		from += n;
		size -= (size_t)n;
	}
	return 0;
}

/* The directory that @path is in, with its slash; "." if it names none. */
static int parent_of(const char *path, char *out, size_t size)
{
	const char *slash = strrchr(path, '/');
	int length = slash ? (int)(slash - path + 1) : 1;
	int n = snprintf(out, size, "%.*s", length, slash ? path : ".");

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

static int write_new(const char *path, const void *data, size_t size, bool durable)
{
	int fd, error;

	/* A crash may have left it; and a FIFO, a link or a file of others is not used. */
	unlink(path);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
	if (fd < 0)
		return -errno;
	error = file_write_all(fd, data, size);
	if (!error && durable && fsync(fd))
		error = -errno;
	if (close(fd) && !error)
		error = -errno;
	return error;
}

static int replace(const char *path, const void *data, size_t size, bool durable)
{
	char new_path[PATH_MAX], parent[PATH_MAX];
	int n = snprintf(new_path, sizeof(new_path), "%s.new", path);
	int error;

	if (n < 0 || (size_t)n >= sizeof(new_path))
		return -ENAMETOOLONG;
	error = parent_of(path, parent, sizeof(parent));
	if (error)
		return error;
	error = write_new(new_path, data, size, durable);
	if (error)
		goto err_unlink;
	if (rename(new_path, path)) {
		error = -errno;
		goto err_unlink;
	}
	return durable ? dir_sync(parent) : 0;

err_unlink:
	unlink(new_path);
	return error;
}

int file_replace(const char *path, const void *data, size_t size)
{
	return replace(path, data, size, false);
}

int file_replace_durable(const char *path, const void *data, size_t size)
{
	return replace(path, data, size, true);
}

int dir_sync(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int error = 0;

	if (fd < 0)
		return -errno;
	if (fsync(fd))
		error = -errno;
	close(fd);
	return error;
}

int dir_make(const char *path)
{
	char parent[PATH_MAX];
	int error = parent_of(path, parent, sizeof(parent));

	if (error)
		return error;
	if (mkdir(path, 0750))
		return errno == EEXIST ? 0 : -errno;
	return dir_sync(parent);
}
