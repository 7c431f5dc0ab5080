// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/spool.h"

#include <errno.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "ctl/fail.h"
#include "ctl/table.h"
#include "spool/slots.h"

#define TRIES 5
#define CHUNK_BYTES (256u << 10)

struct copy {
	struct spool_source source;
	const char *to;
	uint8_t *buffer;
	uint64_t bytes;
};

static int copy_bytes(struct copy *copy, int from, int to)
{
	ssize_t got;

	while ((got = read(from, copy->buffer, CHUNK_BYTES)) > 0) {
		int error = file_write_all(to, copy->buffer, (size_t)got);

		if (error)
			return error;
		copy->bytes += (uint64_t)got;
	}
	return got < 0 ? -errno : 0;
}

/* A file whole, and durable. */
static int copy_file(struct copy *copy, const char *name)
{
	char path[PATH_MAX + 64];
	int from, to, error;

	snprintf(path, sizeof(path), "%s/%s", copy->source.dir, name);
	from = open(path, O_RDONLY | O_CLOEXEC);
	if (from < 0)
		return -errno;
	snprintf(path, sizeof(path), "%s/%s", copy->to, name);
	to = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	error = to < 0 ? -errno : copy_bytes(copy, from, to);
	if (!error && fsync(to))
		error = -errno;
	if (to >= 0)
		close(to);
	close(from);
	return error;
}

/* The same again if it was begun anew meanwhile. */
static int copy_segment(struct copy *copy, const struct segments *segments,
			const struct segment *segment)
{
	uint8_t page[PAGE_BYTES];
	char name[DISK_NAME_MAX];
	int handle, error = 0;

	segment_name(name, segment->file);
	for (int i = 0; i < TRIES && !error; i++) {
		error = copy_file(copy, name);
		handle = error ? error : segment_open(segments, segment);
		if (handle < 0)
			return handle;
		error = segment_check(segments, handle, segment, page);
		disk_close(segments->disk, handle);
		if (error != -ESTALE)
			return error;
		error = 0;
	}
	return 0;
}

/*
 * The ring first: what leaves it for a block while the segments are copied is in both, and nothing is in
 * neither.
 */
static int copy_all(struct copy *copy)
{
	const struct segments *segments;
	int error = copy_file(copy, SLOTS_NAME);

	if (error)
		return error;
	error = spool_source_refresh(&copy->source);
	if (error)
		return error;
	segments = journal_reader_segments(spool_reader_journal(copy->source.reader));
	for (unsigned int i = 0; segments && i < segments->n && !error; i++)
		if (segments->list[i].has_frames && !segments->list[i].is_foreign)
			error = copy_segment(copy, segments, &segments->list[i]);
	return error ? error : dir_sync(copy->to);
}

static bool is_empty(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	bool empty = dir != NULL;

	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			empty = false;
	if (dir)
		closedir(dir);
	return empty;
}

int spool_copy(const struct spool_options *options, const char *to)
{
	struct copy copy = { .to = to, .buffer = malloc(CHUNK_BYTES) };
	struct spool_options check = { .dir = to, .colour = options->colour };
	char bytes[32];
	int code, error;

	if (!copy.buffer)
		return fail(SPOOL_DAMAGED, "out of memory; end what else runs here, and try again");
	code = spool_source_open(&copy.source, options);
	if (code)
		goto out;
	error = dir_make(to);
	if (!error && !is_empty(to))
		error = -ENOTEMPTY;
	if (!error)
		error = copy_all(&copy);
	spool_source_close(&copy.source);
	if (error) {
		code = fail(SPOOL_DAMAGED, "%s cannot be copied to %s: %s; name an empty folder on a disk "
			    "that has room", copy.source.dir, to, strerror(-error));
		goto out;
	}
	printf("%s was copied to %s; this is what is there:\n", bytes_text(copy.bytes, bytes, sizeof(bytes)),
	       to);
	code = spool_check(&check);
out:
	free(copy.buffer);
	return code;
}
