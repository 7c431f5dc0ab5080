// SPDX-License-Identifier: GPL-2.0-only
#include "spool/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
	struct disk disk;
	int fd;
	bool is_writer;
};

static int folder_fd(const struct disk *disk)
{
	return ((const struct folder *)disk)->fd;
}

static int folder_open(struct disk *disk, const char *name, bool create)
{
	bool is_writer = ((const struct folder *)disk)->is_writer;
	int flags = (is_writer ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	struct stat status;
	int fd, error;

	fd = openat(folder_fd(disk), name, flags | (create ? O_CREAT : 0), 0640);
	if (fd < 0)
		return -errno;
	if (!fstat(fd, &status) && S_ISREG(status.st_mode))
		return fd;
	error = S_ISREG(status.st_mode) ? -errno : -EINVAL;
	close(fd);
	return error;
}

static void folder_close(struct disk *disk, int handle)
{
	(void)disk;
	close(handle);
}

static int folder_read(struct disk *disk, int handle, void *to, size_t size, uint64_t at)
{
	uint8_t *bytes = to;

	(void)disk;
	while (size) {
		ssize_t n = pread(handle, bytes, size, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ENODATA;
		bytes += n;
		at += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

static int folder_write(struct disk *disk, int handle, const void *from, size_t size, uint64_t at)
{
	const uint8_t *bytes = from;

	(void)disk;
	while (size) {
		ssize_t n = pwrite(handle, bytes, size, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		bytes += n;
		at += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

static int folder_sync(struct disk *disk, int handle)
{
	(void)disk;
	return fdatasync(handle) ? -errno : 0;
}

static void folder_forget(struct disk *disk, int handle)
{
	(void)disk;
	posix_fadvise(handle, 0, 0, POSIX_FADV_DONTNEED);
}

/* Where the file system cannot set bytes aside, zeros do; those it also has written once. */
static int folder_allocate(struct disk *disk, int handle, uint64_t size)
{
	static const uint8_t zeros[16384];
	struct stat status;
	uint64_t at;
	int error;

	if (fstat(handle, &status))
		return -errno;
	if ((uint64_t)status.st_size > size && ftruncate(handle, (off_t)size))
		return -errno;
	error = posix_fallocate(handle, 0, (off_t)size);
	if (!error || (error != EOPNOTSUPP && error != EINVAL))
		return -error;
	for (at = (uint64_t)status.st_size; at < size; at += sizeof(zeros)) {
		size_t n = size - at < sizeof(zeros) ? (size_t)(size - at) : sizeof(zeros);

		error = folder_write(disk, handle, zeros, n, at);
		if (error)
			return error;
	}
	return 0;
}

static int64_t folder_size(struct disk *disk, int handle)
{
	struct stat status;

	(void)disk;
	return fstat(handle, &status) ? -errno : status.st_size;
}

static int folder_rename(struct disk *disk, const char *from, const char *to)
{
	int fd = folder_fd(disk);

	return renameat(fd, from, fd, to) ? -errno : 0;
}

static int folder_remove(struct disk *disk, const char *name)
{
	return unlinkat(folder_fd(disk), name, 0) ? -errno : 0;
}

static int folder_sync_names(struct disk *disk)
{
	return fsync(folder_fd(disk)) ? -errno : 0;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool folder_is_named(struct disk *disk, int handle, const char *name)
{
	struct stat file, named;

	return !fstat(handle, &file) &&
	       !fstatat(folder_fd(disk), name, &named, AT_SYMLINK_NOFOLLOW) && is_same(&file, &named);
}

static int folder_list(struct disk *disk, int (*name)(void *data, const char *name), void *data)
{
	int fd = openat(folder_fd(disk), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), result = 0;
	struct dirent *entry;
	DIR *dir;

	if (fd < 0)
		return -errno;
	dir = fdopendir(fd);
	if (!dir) {
		result = -errno;
		close(fd);
		return result;
	}
	for (errno = 0; !result && (entry = readdir(dir)); errno = 0)
		if (strlen(entry->d_name) < DISK_NAME_MAX)
			result = name(data, entry->d_name);
	if (!result && errno)
		result = -errno;
	closedir(dir);
	return result;
}

static const struct disk_ops folder_ops = {
	.open = folder_open,
	.close = folder_close,
	.read = folder_read,
	.write = folder_write,
	.sync = folder_sync,
	.forget = folder_forget,
	.allocate = folder_allocate,
	.size = folder_size,
	.rename = folder_rename,
	.remove = folder_remove,
	.sync_names = folder_sync_names,
	.is_named = folder_is_named,
	.list = folder_list,
};

static int lock(struct disk *disk, int operation)
{
	if (!flock(folder_fd(disk), operation | LOCK_NB))
		return 0;
	return errno == EWOULDBLOCK ? -EBUSY : -errno;
}

int disk_open_folder(const char *path, bool is_writer, struct disk **out)
{
	struct folder *folder = calloc(1, sizeof(*folder));
	int error;

	if (!folder)
		return -ENOMEM;
	folder->disk.ops = &folder_ops;
	folder->is_writer = is_writer;
	folder->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder->fd < 0) {
		error = -errno;
		goto err_free;
	}
	error = is_writer ? lock(&folder->disk, LOCK_EX) : 0;
	if (error)
		goto err_close;
	*out = &folder->disk;
	return 0;

err_close:
	close(folder->fd);
err_free:
	free(folder);
	return error;
}

void disk_close_folder(struct disk *disk)
{
	struct folder *folder = (struct folder *)disk;

	if (!folder)
		return;
	close(folder->fd);
	free(folder);
}

int disk_keep_writers_out(struct disk *disk)
{
	return lock(disk, LOCK_SH);
}

void disk_let_writers_in(struct disk *disk)
{
	flock(folder_fd(disk), LOCK_UN);
}

bool disk_folder_is_at(const struct disk *disk, const char *path)
{
	struct stat folder, at;

	return !fstat(folder_fd(disk), &folder) && !stat(path, &at) && is_same(&folder, &at);
}
