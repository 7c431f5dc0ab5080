// SPDX-License-Identifier: GPL-2.0-only
#include "spool/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/pack.h"
#include "spool/mark.h"

/* What one call may read without a mark, or in search of a good batch. */
#define TURN_BYTES (8u << 20)

struct spool_reader {
	char log_path[PATH_MAX], run_dir[CONF_PATH_MAX];
	int fd;				/* -1: none */
	dev_t device;
	ino_t inode;
	bool is_viewed;
	struct spool_view view;
	uint64_t schema_at;		/* 0: none read */
	struct spool_schema schema;
	uint8_t schema_buffer[SPOOL_SCHEMA_MAX];
	uint8_t buffer[SPOOL_BATCH_MAX];
};

struct spool_reader *spool_reader_open(const char *state_dir, const char *run_dir)
{
	struct spool_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	reader->fd = -1;
	snprintf(reader->log_path, sizeof(reader->log_path), "%s/spool/log", state_dir);
	snprintf(reader->run_dir, sizeof(reader->run_dir), "%s", run_dir);
	return reader;
}

static void forget_log(struct spool_reader *reader)
{
	if (reader->fd >= 0)
		close(reader->fd);
	reader->fd = -1;
	reader->is_viewed = false;
	reader->schema_at = 0;
}

void spool_reader_close(struct spool_reader *reader)
{
	if (!reader)
		return;
	forget_log(reader);
	free(reader);
}

static int open_log(struct spool_reader *reader)
{
	uint8_t bytes[SPOOL_HEADER_BYTES];
	struct spool_header header;
	struct stat status;
	int error = -EBADMSG;

	forget_log(reader);
	reader->fd = open(reader->log_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (reader->fd < 0)
		return -errno;
	if (fstat(reader->fd, &status)) {
		error = -errno;
		goto err_forget;
	}
	if (!S_ISREG(status.st_mode) ||
	    pread(reader->fd, bytes, sizeof(bytes), 0) != sizeof(bytes) ||
	    !spool_header_get(bytes, &header))
		goto err_forget;
	reader->device = status.st_dev;
	reader->inode = status.st_ino;
	reader->view = (struct spool_view){
		.id = header.id,
		.start = header.start,
		.first = SPOOL_HEADER_BYTES,
		.end = SPOOL_HEADER_BYTES,
		.produced = header.start,
	};
	return 0;

err_forget:
	forget_log(reader);
	return error;
}

/* Opens the log if none is open, or if another one is in its place. */
static int follow_log(struct spool_reader *reader)
{
	struct stat status;

	if (stat(reader->log_path, &status)) {
		int error = -errno;

		forget_log(reader);
		return error;
	}
	if (reader->fd >= 0 && status.st_dev == reader->device && status.st_ino == reader->inode)
		return 0;
	return open_log(reader);
}

/* Without a mark: goes on over the batches for as long as they are good. */
static int walk(struct spool_reader *reader)
{
	struct spool_view *view = &reader->view;
	uint64_t stop = view->end + TURN_BYTES;
	struct spool_batch_header batch;
	struct stat status;

	if (fstat(reader->fd, &status))
		return -errno;
	while (view->end < stop) {
		int error = spool_batch_read(reader->fd, view->end, (uint64_t)status.st_size,
					     view->id, reader->buffer, sizeof(reader->buffer),
					     &batch);

		if (error == -EBADMSG || (!error && batch.produced != view->produced + batch.count))
			return 0;
		if (error)
			return error;
		view->end += batch.length;
		view->produced = batch.produced;
	}
	return 0;
}

int spool_reader_refresh(struct spool_reader *reader)
{
	struct spool_mark mark;
	int error, mark_error;

	reader->is_viewed = false;
	mark_error = spool_mark_read(reader->run_dir, &mark);
	if (mark_error && mark_error != -ENOENT)
		return mark_error;
	error = follow_log(reader);
	if (error)
		return error;
	if (mark_error) {
		error = walk(reader);
	} else if (mark.id != reader->view.id) {
		error = -EAGAIN;
	} else if (mark.offset < reader->view.first || mark.produced < reader->view.start) {
		error = -EBADMSG;
	} else {
		reader->view.end = mark.offset;
		reader->view.produced = mark.produced;
	}
	reader->view.is_marked = !mark_error;
	reader->is_viewed = !error;
	return error;
}

const struct spool_view *spool_reader_view(const struct spool_reader *reader)
{
	return reader->is_viewed ? &reader->view : NULL;
}

static int read_schema(struct spool_reader *reader, uint64_t at, uint64_t before)
{
	struct spool_batch_header batch;
	int error;

	if (at && at == reader->schema_at)
		return 0;
	reader->schema_at = 0;
	if (at < reader->view.first || at >= before)
		return -EBADMSG;
	error = spool_batch_read(reader->fd, at, before, reader->view.id, reader->schema_buffer,
				 sizeof(reader->schema_buffer), &batch);
	if (error)
		return error;
	if (batch.kind != SPOOL_SCHEMA ||
	    !spool_schema_get(reader->schema_buffer + SPOOL_BATCH_HEADER_BYTES,
			      batch.length - SPOOL_BATCH_HEADER_BYTES, &reader->schema))
		return -EBADMSG;
	reader->schema_at = at;
	return 0;
}

/* Makes a batch of what is in the buffer; -EBADMSG if its samples have no names. */
static int take(struct spool_reader *reader, uint64_t offset,
		const struct spool_batch_header *header, struct spool_batch *batch)
{
	const uint8_t *samples = reader->buffer + SPOOL_BATCH_HEADER_BYTES;
	int error;

	if (header->produced - header->count < reader->view.start ||
	    header->produced > reader->view.produced)
		return -EBADMSG;
	error = read_schema(reader, header->schema, offset);
	if (error)
		return error;
	for (size_t i = 0; i < header->count; i++) {
		struct sample sample;

		spool_sample_get(samples + i * SPOOL_SAMPLE_BYTES, &sample);
		if (sample.channel >= reader->schema.series_n)
			return -EBADMSG;
	}
	*batch = (struct spool_batch){
		.offset = offset,
		.next = offset + header->length,
		.before = header->produced - header->count,
		.count = header->count,
		.samples = samples,
		.schema = &reader->schema,
	};
	return 0;
}

int spool_reader_next(struct spool_reader *reader, uint64_t *offset, struct spool_batch *batch)
{
	struct spool_batch_header header;
	int error;

	if (!reader->is_viewed)
		return -EAGAIN;
	for (;;) {
		if (*offset == reader->view.end)
			return -EAGAIN;
		error = spool_batch_read(reader->fd, *offset, reader->view.end, reader->view.id,
					 reader->buffer, sizeof(reader->buffer), &header);
		if (error)
			return error;
		if (header.kind == SPOOL_SAMPLES)
			return take(reader, *offset, &header, batch);
		*offset += header.length;
	}
}

int spool_reader_skip(struct spool_reader *reader, uint64_t *offset, struct spool_batch *batch)
{
	struct spool_batch_header header;
	uint64_t at = *offset + 1, stop = at + TURN_BYTES;
	int error;

	if (!reader->is_viewed)
		return -EAGAIN;
	while (at < stop) {
		error = spool_batch_find(reader->fd, &at, reader->view.end, reader->view.id,
					 TURN_BYTES, reader->buffer, &header);
		if (error) {
			*offset = at - 1;
			return error;
		}
		*offset = at;
		if (header.kind == SPOOL_SAMPLES && !take(reader, at, &header, batch))
			return 0;
		at++;
	}
	return -EAGAIN;
}
