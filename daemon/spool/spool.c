// SPDX-License-Identifier: GPL-2.0-only
#include "spool/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "spool/format.h"
#include "spool/mark.h"

#define LOG_NAME "log"
#define LOG_NEW_NAME "log.new"
#define QUARANTINE_MAX 1000
/* So often, a second apart, is an open tried that cannot read. */
#define READ_TRIES 10

struct spool {
	const struct conf *conf;
	char dir[PATH_MAX];
	int dir_fd, fd;			/* fd: -1 between a failure and recovery */
	dev_t device;
	ino_t inode;
	struct spool_header header;
	uint64_t end;			/* of the last committed batch */
	uint64_t produced;
	uint64_t next_sequence;
	uint64_t schema_at;		/* offset of the last schema, 0: none yet */
	bool schema_is_current;
	bool mark_is_stuck;
	uint8_t schema[SPOOL_SCHEMA_MAX];	/* of the configuration */
	size_t schema_size;
	uint8_t buffer[SPOOL_BATCH_MAX];
};

/* What is known to be committed from before the file was opened. */
struct known {
	bool any;
	bool exact;		/* from this very process: nothing more was committed */
	struct spool_mark mark;
};

static void forget_log(struct spool *spool)
{
	if (spool->fd >= 0)
		close(spool->fd);
	spool->fd = -1;
}

static int remember_inode(struct spool *spool)
{
	struct stat status;

	if (fstat(spool->fd, &status))
		return -errno;
	spool->device = status.st_dev;
	spool->inode = status.st_ino;
	return 0;
}

/* A log that somebody moved away or removed must not swallow samples unseen. */
static int check_in_place(const struct spool *spool)
{
	struct stat status;

	if (fstatat(spool->dir_fd, LOG_NAME, &status, AT_SYMLINK_NOFOLLOW))
		return -errno;
	return status.st_dev == spool->device && status.st_ino == spool->inode ? 0 : -ESTALE;
}

static void begin_at(struct spool *spool, uint64_t start)
{
	spool->end = SPOOL_HEADER_BYTES;
	spool->produced = start;
	spool->next_sequence = 0;
	spool->schema_at = 0;
	spool->schema_is_current = false;
}

/* Leaves a durable, empty log under its temporary name, open. */
static int prepare_log(struct spool *spool, uint64_t start)
{
	uint8_t bytes[SPOOL_HEADER_BYTES];
	int error;

	spool->header = (struct spool_header){ .start = start };
	while (!spool->header.id)
		if (getrandom(&spool->header.id, sizeof(spool->header.id), 0) !=
		    sizeof(spool->header.id))
			return -EIO;
	spool_header_put(bytes, &spool->header);

	forget_log(spool);
	spool->fd = openat(spool->dir_fd, LOG_NEW_NAME,
			   O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (spool->fd < 0)
		return -errno;
	error = file_write_all(spool->fd, bytes, sizeof(bytes));
	if (!error && fsync(spool->fd))
		error = -errno;
	return error;
}

static int adopt_log(struct spool *spool)
{
	if (renameat(spool->dir_fd, LOG_NEW_NAME, spool->dir_fd, LOG_NAME) ||
	    fsync(spool->dir_fd))
		return -errno;
	begin_at(spool, spool->header.start);
	return 0;
}

static int create_log(struct spool *spool, uint64_t start)
{
	int error = prepare_log(spool, start);

	return error ? error : adopt_log(spool);
}

/* Another name beside the first one, so that there is a log at all times. */
static int link_log(struct spool *spool, char *name, size_t size)
{
	struct stat status, other;

	if (fstatat(spool->dir_fd, LOG_NAME, &status, AT_SYMLINK_NOFOLLOW))
		return -errno;
	for (int n = 1; n <= QUARANTINE_MAX; n++) {
		snprintf(name, size, LOG_NAME ".corrupt-%d", n);
		if (!linkat(spool->dir_fd, LOG_NAME, spool->dir_fd, name, 0))
			return 0;
		if (errno != EEXIST)
			return -errno;
		/* Linked by a try that came no further. */
		if (!fstatat(spool->dir_fd, name, &other, AT_SYMLINK_NOFOLLOW) &&
		    other.st_dev == status.st_dev && other.st_ino == status.st_ino)
			return 0;
	}
	log_error("spool: %s holds %d damaged spools already; move them elsewhere and replace "
		  "the disk", spool->dir, QUARANTINE_MAX);
	return -ENOSPC;
}

static bool follows(const struct spool *spool, const struct spool_batch_header *batch,
		    uint64_t offset)
{
	return batch->sequence == spool->next_sequence &&
	       batch->produced == spool->produced + batch->count &&
	       batch->schema == (batch->kind == SPOOL_SCHEMA ? offset : spool->schema_at);
}

static void pass(struct spool *spool, const struct spool_batch_header *batch)
{
	const uint8_t *payload = spool->buffer + SPOOL_BATCH_HEADER_BYTES;

	if (batch->kind == SPOOL_SCHEMA) {
		size_t size = batch->length - SPOOL_BATCH_HEADER_BYTES;

		spool->schema_at = spool->end;
		spool->schema_is_current = size == spool->schema_size &&
					   !memcmp(payload, spool->schema, size);
	}
	spool->end += batch->length;
	spool->produced = batch->produced;
	spool->next_sequence = batch->sequence + 1;
}

/* Passes all good batches up to @end. 0, -EBADMSG at a bad one, or -errno. */
static int scan(struct spool *spool, uint64_t end)
{
	struct spool_batch_header batch;

	begin_at(spool, spool->header.start);
	while (spool->end < end) {
		int error = spool_batch_read(spool->fd, spool->end, end, spool->header.id,
					     spool->buffer, sizeof(spool->buffer), &batch);

		if (error)
			return error;
		if (!follows(spool, &batch, spool->end))
			return -EBADMSG;
		pass(spool, &batch);
	}
	return 0;
}

/*
 * Raises *@produced to the highest sum in good batches at or after @offset, whatever
 * lies between. 0; -ENODATA if there is no such batch; or -errno.
 */
static int find_later(struct spool *spool, uint64_t offset, uint64_t size, uint64_t id,
		      uint64_t *produced)
{
	struct spool_batch_header batch;
	int error, result = -ENODATA;

	for (;;) {
		error = spool_batch_find(spool->fd, &offset, size, id, UINT64_MAX, spool->buffer,
					 &batch);
		if (error)
			return error == -ENODATA ? result : error;
		result = 0;
		if (batch.produced > *produced)
			*produced = batch.produced;
		offset += batch.length;
	}
}

/* The new log takes the old one's place at once: a full disk or a kill changes nothing. */
static int begin_new(struct spool *spool, uint64_t bad_at, uint64_t size, uint64_t start)
{
	char name[32];
	int error = prepare_log(spool, start);

	if (!error)
		error = link_log(spool, name, sizeof(name));
	if (!error && fsync(spool->dir_fd))
		error = -errno;
	if (!error)
		error = adopt_log(spool);
	if (error)
		return error;
	log_error("spool: %s/" LOG_NAME " is damaged at byte %llu of %llu. It was moved to %s and "
		  "a new spool begun; what stores had not received from it they count as dropped "
		  "(spool replaced). Check the disk (dmesg, fsck), and keep that file if its "
		  "samples are wanted", spool->dir, (unsigned long long)bad_at,
		  (unsigned long long)size, name);
	return 0;
}

static int cut_tail(struct spool *spool, uint64_t size, bool exact)
{
	if (size == spool->end)
		return 0;
	if (ftruncate(spool->fd, (off_t)spool->end) || fsync(spool->fd))
		return -errno;
	log_notice("spool: %llu bytes after the last %s of %s/" LOG_NAME " were cut off",
		   (unsigned long long)(size - spool->end),
		   exact ? "commit" : "whole batch (it was being written when power or hydropond "
				      "ended)", spool->dir);
	return 0;
}

/*
 * Whether to try again before the file is given up: a cable or a lack of memory is no
 * damage to it. The count outlives the spool, which a failed open frees.
 */
static bool may_pass(int error)
{
	static unsigned int tries;

	if (!error || error == -EBADMSG) {
		tries = 0;
		return false;
	}
	if (error == -ENOMEM || ++tries < READ_TRIES)
		return true;
	tries = 0;
	return false;
}

/* 0, -EBADMSG if it is no header, or -errno. */
static int read_header(struct spool *spool)
{
	uint8_t bytes[SPOOL_HEADER_BYTES];
	ssize_t n = pread(spool->fd, bytes, sizeof(bytes), 0);

	if (n < 0)
		return -errno;
	return n == sizeof(bytes) && spool_header_get(bytes, &spool->header) ? 0 : -EBADMSG;
}

static int load_log(struct spool *spool, uint64_t size, const struct known *known)
{
	uint64_t start = known->any ? known->mark.produced : 0;
	bool is_known, is_damaged;
	int error, later;

	error = read_header(spool);
	if (error && may_pass(error))
		return error;
	if (error) {
		later = known->exact ? -ENODATA : find_later(spool, 0, size, 0, &start);
		return later == -ENOMEM ? later : begin_new(spool, 0, size, start);
	}

	is_known = known->any && known->mark.id == spool->header.id;
	error = scan(spool, is_known && known->exact && known->mark.offset < size ?
			    known->mark.offset : size);
	if (may_pass(error))
		return error;
	is_damaged = (error && error != -EBADMSG) || (is_known && spool->end < known->mark.offset);
	/* What is beyond the mark was not committed, and comes again. */
	if (is_known && known->exact)
		return is_damaged ? begin_new(spool, spool->end, size, start) :
				    cut_tail(spool, size, true);

	if (!is_known || start < spool->produced)
		start = spool->produced;
	later = find_later(spool, spool->end + 1, size, spool->header.id, &start);
	if (later == -ENOMEM)
		return later;
	if (later != -ENODATA)
		is_damaged = true;
	return is_damaged ? begin_new(spool, spool->end, size, start) :
			    cut_tail(spool, size, false);
}

static int commit(struct spool *spool, enum spool_kind kind, uint32_t count, size_t payload);

static int write_schema(struct spool *spool)
{
	if (spool->schema_is_current)
		return 0;
	memcpy(spool->buffer + SPOOL_BATCH_HEADER_BYTES, spool->schema, spool->schema_size);
	return commit(spool, SPOOL_SCHEMA, 0, spool->schema_size);
}

static void publish(struct spool *spool)
{
	const struct spool_mark mark = { spool->header.id, spool->end, spool->produced };
	int error = spool_mark_publish(spool->conf->run_dir, &mark);

	if (error && !spool->mark_is_stuck)
		log_warning("spool: %s/spool.committed cannot be written: %s. Samples are safe, "
			    "but the forwarder waits; check that the directory exists and belongs "
			    "to hydropon", spool->conf->run_dir, strerror(-error));
	spool->mark_is_stuck = error != 0;
}

static int open_log(struct spool *spool, const struct known *known)
{
	uint64_t start = known->any ? known->mark.produced : 0;
	struct stat status;

	spool->fd = openat(spool->dir_fd, LOG_NAME, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (spool->fd < 0 && errno != ENOENT)
		return -errno;
	if (spool->fd < 0)
		return create_log(spool, start);
	if (fstat(spool->fd, &status))
		return -errno;
	if (!S_ISREG(status.st_mode))
		return -EINVAL;
	if (!status.st_size)
		return create_log(spool, start);
	/*
	 * After a failed write-back the page cache may show what the disk does not have,
	 * in clean pages: what is read below must come from the disk.
	 */
	if (fsync(spool->fd))
		return -errno;
	posix_fadvise(spool->fd, 0, 0, POSIX_FADV_DONTNEED);
	return load_log(spool, (uint64_t)status.st_size, known);
}

static int open_known(struct spool *spool, const struct known *known)
{
	size_t schema_length = SPOOL_BATCH_HEADER_BYTES + spool->schema_size;
	int error = open_log(spool, known);

	if (!error)
		error = remember_inode(spool);
	if (!error && spool->end + schema_length <= spool->conf->spool_max_bytes)
		error = write_schema(spool);
	if (error)
		forget_log(spool);
	else
		publish(spool);
	return error;
}

int spool_open(const struct conf *conf, struct spool **out)
{
	struct known known = { 0 };
	struct spool *spool;
	int n, error;

	spool = calloc(1, sizeof(*spool));
	if (!spool)
		return -ENOMEM;
	spool->conf = conf;
	spool->fd = -1;
	spool->schema_size = spool_schema_put(spool->schema, conf);
	n = snprintf(spool->dir, sizeof(spool->dir), "%s/spool", conf->state_dir);
	error = n < 0 || (size_t)n >= sizeof(spool->dir) ? -ENAMETOOLONG : 0;
	if (!error)
		error = dir_make(conf->state_dir);
	if (!error)
		error = dir_make(spool->dir);
	if (error)
		goto err_free;

	spool->dir_fd = open(spool->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (spool->dir_fd < 0) {
		error = -errno;
		goto err_free;
	}
	if (flock(spool->dir_fd, LOCK_EX | LOCK_NB)) {
		error = errno == EWOULDBLOCK ? -EBUSY : -errno;
		goto err_close_dir;
	}
	known.any = !spool_mark_read(conf->run_dir, &known.mark);
	error = open_known(spool, &known);
	if (error)
		goto err_close_dir;
	*out = spool;
	return 0;

err_close_dir:
	close(spool->dir_fd);
err_free:
	free(spool);
	return error;
}

void spool_close(struct spool *spool)
{
	if (!spool)
		return;
	forget_log(spool);
	close(spool->dir_fd);
	free(spool);
}

int spool_recover(struct spool *spool)
{
	const struct known known = {
		.any = true,
		.exact = true,
		.mark = { spool->header.id, spool->end, spool->produced },
	};
	int error;

	forget_log(spool);
	error = open_known(spool, &known);
	if (error) {
		/* A half-done scan is not what is known. */
		spool->header.id = known.mark.id;
		spool->end = known.mark.offset;
		spool->produced = known.mark.produced;
	}
	return error;
}

bool spool_has_room(const struct spool *spool, size_t n)
{
	uint64_t length = SPOOL_BATCH_HEADER_BYTES + (uint64_t)n * SPOOL_SAMPLE_BYTES;

	if (!spool->schema_is_current)
		length += SPOOL_BATCH_HEADER_BYTES + spool->schema_size;
	return spool->end + length <= spool->conf->spool_max_bytes;
}

static int write_at(int fd, const uint8_t *from, size_t size, uint64_t offset)
{
	while (size) {
		ssize_t n = pwrite(fd, from, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -EIO;
		from += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

/* Commits the batch whose payload is in the buffer. */
static int commit(struct spool *spool, enum spool_kind kind, uint32_t count, size_t payload)
{
	const struct spool_batch_header batch = {
		.length = (uint32_t)(SPOOL_BATCH_HEADER_BYTES + payload),
		.kind = kind,
		.id = spool->header.id,
		.sequence = spool->next_sequence,
		.produced = spool->produced + count,
		.schema = kind == SPOOL_SCHEMA ? spool->end : spool->schema_at,
		.count = count,
	};
	int error = check_in_place(spool);

	if (error)
		return error;
	spool_batch_seal(spool->buffer, &batch);
	error = write_at(spool->fd, spool->buffer, batch.length, spool->end);
	if (!error && fdatasync(spool->fd))
		error = -errno;
	if (error)
		return error;
	pass(spool, &batch);
	return 0;
}

int spool_append(struct spool *spool, const struct sample *samples, size_t n)
{
	uint8_t *payload = spool->buffer + SPOOL_BATCH_HEADER_BYTES;
	int error;

	if (!n || n > SPOOL_BATCH_SAMPLES)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (samples[i].channel >= spool->conf->channels_n)
			return -EINVAL;
	if (spool->fd < 0)
		return -EBADF;
	error = write_schema(spool);
	if (error)
		goto err_forget;
	for (size_t i = 0; i < n; i++)
		spool_sample_put(payload + i * SPOOL_SAMPLE_BYTES, &samples[i]);
	error = commit(spool, SPOOL_SAMPLES, (uint32_t)n, n * SPOOL_SAMPLE_BYTES);
	if (error)
		goto err_forget;
	publish(spool);
	return 0;

err_forget:
	/* Its next fdatasync would report success over the lost pages. */
	forget_log(spool);
	return error;
}

uint64_t spool_id(const struct spool *spool)
{
	return spool->header.id;
}

uint64_t spool_produced(const struct spool *spool)
{
	return spool->produced;
}

uint64_t spool_bytes(const struct spool *spool)
{
	return spool->end;
}
