/* SPDX-License-Identifier: GPL-2.0-only */
/* Small files that are read and replaced as a whole, and the syncing that this takes. */
#ifndef HYDROPON_FILE_H
#define HYDROPON_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Reads a file of at most @size bytes, following no link and waiting for nobody. Returns
 * how many there were; -EISDIR or -EINVAL if it is no file, -EFBIG if it is larger, or
 * -errno. */
ssize_t file_read(const char *path, void *data, size_t size);

/*
 * A sealed file has a size that never changes, and tells whether it is whole: FILE_MAGIC
 * bytes of a name, the CRC32C of all that follows, and from FILE_SEAL on the content.
 */
enum { FILE_MAGIC = 4, FILE_SEAL = 8 };
void file_seal(const char *magic, uint8_t *bytes, size_t size);
/* 0; -ENOENT; -EBADMSG if it is not such a file; or -errno. */
int file_read_sealed(const char *path, const char *magic, uint8_t *bytes, size_t size);

/*
 * Replaces @path by @size bytes with mode 0644: a reader sees the old or the new
 * content, never a part. The way is by PATH.new, of which a crash may leave one.
 * Returns 0 or -errno; then @path is as it was.
 */
int file_replace(const char *path, const void *data, size_t size);
/* The same, and durable (file and directory) once 0 is returned. */
int file_replace_durable(const char *path, const void *data, size_t size);
/* Writes all of it, going on after signals. 0 or -errno. */
int file_write_all(int fd, const void *data, size_t size);
/* Makes the entries of a directory durable. 0 or -errno. */
int dir_sync(const char *path);
/* Makes a directory with mode 0750, durably; 0 also if it is there already. */
int dir_make(const char *path);

#endif
