/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the journal asks of the disk: the files of one folder, by name. All I/O of the journal
 * goes through here, so that a test can take the place of the disk, and end it anywhere.
 *
 * A write is durable once sync() of its file has returned 0 after it; a name (created, renamed
 * or removed) once sync_names() has. Between the two anything may be true after a cut: all of
 * a write, none, or any of its sectors.
 */
#ifndef HYDROPON_DISK_H
#define HYDROPON_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DISK_NAME_MAX 32

struct disk;

/* Everything returns 0 or more, or -errno. */
struct disk_ops {
	/* A handle. @create: makes an empty one if there is none. -ENOENT without. */
	int (*open)(struct disk *disk, const char *name, bool create);
	void (*close)(struct disk *disk, int handle);
	/* All of @size bytes, or -ENODATA beyond the end. */
	int (*read)(struct disk *disk, int handle, void *to, size_t size, uint64_t at);
	int (*write)(struct disk *disk, int handle, const void *from, size_t size, uint64_t at);
	int (*sync)(struct disk *disk, int handle);
	/* What was written and is not dirty any more is read from the disk from here on. */
	void (*forget)(struct disk *disk, int handle);
	/* Makes it @size bytes long, and has the disk set them aside. */
	int (*allocate)(struct disk *disk, int handle, uint64_t size);
	int64_t (*size)(struct disk *disk, int handle);
	int (*rename)(struct disk *disk, const char *from, const char *to);
	int (*remove)(struct disk *disk, const char *name);
	int (*sync_names)(struct disk *disk);
	/* Whether @name is still that of this file: nobody has moved or removed it. */
	bool (*is_named)(struct disk *disk, int handle, const char *name);
	/* Calls @name for each file; ends with its first answer that is not 0. */
	int (*list)(struct disk *disk, int (*name)(void *data, const char *name), void *data);
};

struct disk {
	const struct disk_ops *ops;
};

static inline int disk_open(struct disk *disk, const char *name, bool create)
{
	return disk->ops->open(disk, name, create);
}

/* @handle: of disk_open(), or less than 0 for none. */
static inline void disk_close(struct disk *disk, int handle)
{
	if (handle >= 0)
		disk->ops->close(disk, handle);
}

static inline int disk_read(struct disk *disk, int handle, void *to, size_t size, uint64_t at)
{
	return disk->ops->read(disk, handle, to, size, at);
}

static inline int disk_write(struct disk *disk, int handle, const void *from, size_t size,
			     uint64_t at)
{
	return disk->ops->write(disk, handle, from, size, at);
}

static inline int disk_sync(struct disk *disk, int handle)
{
	return disk->ops->sync(disk, handle);
}

static inline void disk_forget(struct disk *disk, int handle)
{
	disk->ops->forget(disk, handle);
}

static inline int disk_allocate(struct disk *disk, int handle, uint64_t size)
{
	return disk->ops->allocate(disk, handle, size);
}

static inline int64_t disk_size(struct disk *disk, int handle)
{
	return disk->ops->size(disk, handle);
}

static inline int disk_rename(struct disk *disk, const char *from, const char *to)
{
	return disk->ops->rename(disk, from, to);
}

static inline int disk_remove(struct disk *disk, const char *name)
{
	return disk->ops->remove(disk, name);
}

static inline int disk_sync_names(struct disk *disk)
{
	return disk->ops->sync_names(disk);
}

static inline bool disk_is_named(struct disk *disk, int handle, const char *name)
{
	return disk->ops->is_named(disk, handle, name);
}

static inline int disk_list(struct disk *disk, int (*name)(void *data, const char *name),
			    void *data)
{
	return disk->ops->list(disk, name, data);
}

/*
 * The folder @path, which must be there. @is_writer: holds a lock on it until it is closed;
 * -EBUSY if another process does. 0 or -errno.
 */
int disk_open_folder(const char *path, bool is_writer, struct disk **out);
void disk_close_folder(struct disk *disk);
/*
 * For one who reads a folder that nobody may write meanwhile: 0; -EBUSY if somebody has it to
 * write; or -errno. Until disk_let_writers_in() a writer gets -EBUSY: be brief.
 */
int disk_keep_writers_out(struct disk *disk);
void disk_let_writers_in(struct disk *disk);
/* Whether it is still the folder at @path: nobody has moved or removed it. */
bool disk_folder_is_at(const struct disk *disk, const char *path);

#endif
