// SPDX-License-Identifier: GPL-2.0-only
#include "spool/spool.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "forward/cursor.h"
#include "spool/mark.h"
#include "spool/point.h"
#include "spool/schema.h"
#include "spool/search_back.h"

#define BLOCK_EVERY_NS (60 * NS_PER_SEC)
#define BLOCK_RETRY_NS NS_PER_SEC
/* A segment is an eighth of what there is, within these. */
#define SEGMENT_BYTES_MIN (256u << 10)
#define SEGMENT_BYTES_MAX (4u << 20)

struct spool {
	const struct conf *conf;
	char dir[PATH_MAX];
	struct disk *disk;
	struct journal_config config;
	struct journal *journal;
	uint8_t schema[SPOOL_SCHEMA_MAX];
	uint64_t block_ns;		/* when the next block is due */
	int block_error;		/* that was told */
	bool mark_is_stuck;
	bool is_cursor_told;		/* that one cannot be read */
};

static uint64_t random_id(void)
{
	uint64_t id = 0;

	while (!id)
		if (getrandom(&id, sizeof(id), 0) != sizeof(id))
			id = clock_boot_ns();
	return id;
}

static uint32_t segment_bytes(uint64_t max_bytes)
{
	uint64_t bytes = max_bytes / 8;

	if (bytes < SEGMENT_BYTES_MIN)
		bytes = SEGMENT_BYTES_MIN;
	if (bytes > SEGMENT_BYTES_MAX)
		bytes = SEGMENT_BYTES_MAX;
	return (uint32_t)bytes / PAGE_BYTES * PAGE_BYTES;
}

/* Without a mark the reader waits: it then trusts blocks alone. */
static void publish(struct spool *spool)
{
	struct journal_mark mark;
	int error;

	journal_mark(spool->journal, &mark);
	error = spool_mark_publish(spool->conf->run_dir, &mark);
	if (error && !spool->mark_is_stuck)
		log_error("spool: the mark %s/spool.committed cannot be written: %s; the forwarder "
			  "does not see what is new. Check that the directory is there, belongs to "
			  "hydropond and has room", spool->conf->run_dir, strerror(-error));
	spool->mark_is_stuck = error != 0;
}

static void tell_damage(const struct spool *spool)
{
	struct journal_stats stats;

	journal_stats(spool->journal, &stats);
	if (stats.lost_records)
		log_error("spool: %s is damaged: up to %llu samples that had been committed are "
			  "lost. All that could be read is kept. Check the disk (dmesg, fsck)",
			  spool->dir, (unsigned long long)stats.lost_records);
	else if (stats.bad_places)
		log_warning("spool: %s is damaged in %u places. All that could be read is kept; what "
			    "a store had not had of the others counts as dropped (spool corrupt). "
			    "Check the disk (dmesg, fsck)", spool->dir, stats.bad_places);
}

/* What a store has had, by its cursor; nothing if that cannot be read, or is of another spool. */
static size_t read_cursor(struct spool *spool, const char *store, uint64_t id,
			  struct delivered_range ranges[1 + CURSOR_RANGES])
{
	char path[PATH_MAX];
	struct cursor cursor;
	size_t n = 1;
	int error;

	snprintf(path, sizeof(path), "%s/cursors/%s", spool->conf->state_dir, store);
	error = cursor_load(path, &cursor);
	if (error && error != -ENOENT && error != -EBADMSG && !spool->is_cursor_told) {
		spool->is_cursor_told = true;
		log_warning("spool: %s cannot be read: %s; when the spool is full the oldest goes, also "
			    "what this store has not had. systemd-tmpfiles --create gives its directory "
			    "owner and mode", path, strerror(-error));
	}
	if (error || cursor.id != id)
		return 0;
	ranges[0] = (struct delivered_range){ 0, cursor.record };
	for (uint64_t i = 0; i < cursor.ranges_n; i++)
		ranges[n++] = (struct delivered_range){ cursor.ranges[i].first,
							cursor.ranges[i].end };
	return n;
}

/* Of the stores that there are: one that was removed keeps nothing back. Without any it is all, of which
 * the oldest goes first.
 */
static void find_delivered(void *data, uint64_t id, struct delivered *out)
{
	struct spool *spool = data;
	struct delivered_range ranges[1 + CURSOR_RANGES];

	delivered_all(out);
	for (size_t i = 0; i < spool->conf->stores_n; i++)
		delivered_meet(out, ranges,
			       read_cursor(spool, spool->conf->stores[i].name, id, ranges));
}

static void configure(struct spool *spool, bool passes_unreadable)
{
	uint64_t max_bytes = spool->conf->spool_max_bytes;
	struct journal_mark mark;

	spool->config = (struct journal_config){
		.context = {
			.bytes = spool->schema,
			.size = spool_schema_put(spool->schema, spool->conf),
			.series = spool_schema_series,
		},
		.max_bytes = max_bytes,
		.slots_pages = JOURNAL_SLOTS,
		.segment_bytes = segment_bytes(max_bytes),
		.new_id = random_id,
		.is_kept = point_is_event,
		.delivered = find_delivered,
		.delivered_data = spool,
		.passes_unreadable = passes_unreadable,
	};
	if (!spool_mark_read(spool->conf->run_dir, &mark)) {
		spool->config.known.id = mark.id;
		spool->config.known.records = mark.records;
		spool->config.known.samples = mark.samples;
	}
}

int spool_open(const struct conf *conf, bool passes_unreadable, struct spool **out)
{
	struct spool *spool = calloc(1, sizeof(*spool));
	int n, error;

	if (!spool)
		return -ENOMEM;
	spool->conf = conf;
	n = snprintf(spool->dir, sizeof(spool->dir), "%s/spool", conf->state_dir);
	error = n < 0 || (size_t)n >= sizeof(spool->dir) ? -ENAMETOOLONG : 0;
	if (!error)
		error = dir_make(conf->state_dir);
	if (!error)
		error = dir_make(spool->dir);
	if (!error)
		error = disk_open_folder(spool->dir, true, &spool->disk);
	if (error)
		goto err_close;
	configure(spool, passes_unreadable);
	error = journal_open(spool->disk, &spool->config, &spool->journal);
	if (error)
		goto err_close;
	spool->block_ns = clock_boot_ns() + BLOCK_EVERY_NS;
	tell_damage(spool);
	publish(spool);
	*out = spool;
	return 0;

err_close:
	spool_close(spool);
	return error;
}

void spool_close(struct spool *spool)
{
	if (!spool)
		return;
	journal_close(spool->journal);
	disk_close_folder(spool->disk);
	free(spool);
}

int spool_append(struct spool *spool, const struct sample *samples, size_t n)
{
	int error;

	/* One that somebody moved away or removed must not swallow samples unseen. */
	if (!disk_folder_is_at(spool->disk, spool->dir))
		return -ENODEV;
	error = journal_append(spool->journal, samples, n);
	if (!error)
		publish(spool);
	return error;
}

int spool_note(struct spool *spool, const void *bytes, size_t size)
{
	int error;

	if (!disk_folder_is_at(spool->disk, spool->dir))
		return -ENODEV;
	error = journal_note(spool->journal, bytes, size);
	if (!error)
		publish(spool);
	return error;
}

int spool_notes(struct spool *spool, const struct journal_note *notes, size_t n)
{
	int error;

	if (!disk_folder_is_at(spool->disk, spool->dir))
		return -ENODEV;
	error = journal_notes(spool->journal, notes, n);
	if (!error)
		publish(spool);
	return error;
}

int spool_recover(struct spool *spool)
{
	int error;

	if (!disk_folder_is_at(spool->disk, spool->dir))
		return -ENODEV;
	error = journal_recover(spool->journal);
	if (!error)
		publish(spool);
	return error;
}

bool spool_is_block_due(const struct spool *spool, uint64_t now_ns)
{
	return now_ns >= spool->block_ns ||
	       (!spool->block_error && journal_is_filling(spool->journal));
}

void spool_tend(struct spool *spool, uint64_t now_ns)
{
	int error;

	if (!spool_is_block_due(spool, now_ns))
		return;
	error = journal_block(spool->journal);
	spool->block_ns = now_ns + (error ? BLOCK_RETRY_NS : BLOCK_EVERY_NS);
	if (error && error != spool->block_error)
		log_error("spool: a block cannot be written in %s: %s. It is tried again every "
			  "second, and samples are kept in its ring meanwhile, as far as that goes", spool->dir,
			  strerror(-error));
	else if (!error && spool->block_error)
		log_notice("spool: blocks are written in %s again", spool->dir);
	spool->block_error = error;
	if (!error)
		publish(spool);
}

uint64_t spool_generation(const struct spool *spool)
{
	struct journal_mark mark;

	journal_mark(spool->journal, &mark);
	return mark.current;
}

/* A reader of what was committed. 0; -ENOENT: that is nothing; or -errno. */
static int look_back(const struct spool *spool, struct journal_reader **out)
{
	struct journal_reader *reader = journal_reader_open(spool->disk, spool_schema_series);
	struct journal_mark mark;
	int error = reader ? 0 : -ENOMEM;

	journal_mark(spool->journal, &mark);
	if (!error && !mark.records)
		error = -ENOENT;
	if (!error) {
		journal_reader_pass_unreadable(reader, spool->config.passes_unreadable);
		error = journal_reader_refresh(reader, &mark);
	}
	if (error) {
		journal_reader_close(reader);
		return error;
	}
	*out = reader;
	return 0;
}

int spool_find_time(struct spool *spool, struct time_found *found)
{
	struct journal_reader *reader;
	int error = look_back(spool, &reader);

	*found = (struct time_found){ .top_ms = INT64_MIN };
	if (error)
		return error == -ENOENT ? 0 : error;
	error = time_search(reader, found);
	journal_reader_close(reader);
	return error;
}

struct keep_search {
	struct keep_note *note;
	bool is_found;
};

static bool look_for_keep(void *data, const struct journal_batch *batch)
{
	struct keep_search *search = data;

	for (uint32_t i = batch->records->notes_n; i > 0 && !search->is_found; i--) {
		const struct pending_note *note = &batch->records->notes[i - 1];

		search->is_found = keep_note_get(note->bytes, note->size, search->note);
	}
	return search->is_found;
}

int spool_find_keep(struct spool *spool, struct keep_note *found)
{
	struct keep_search search = { .note = found };
	struct journal_reader *reader;
	bool over_damage = false;
	int error = look_back(spool, &reader);

	*found = (struct keep_note){ 0 };
	if (error)
		return error;
	error = search_back(reader, SPOOL_KEEP_BLOCKS + 1, look_for_keep, &search, &over_damage);
	journal_reader_close(reader);
	/* What looked like one for a while is nothing. */
	if (!search.is_found)
		*found = (struct keep_note){ 0 };
	if (error)
		return error;
	return over_damage ? -EBADMSG : search.is_found ? 0 : -ENOENT;
}

int spool_block_error(const struct spool *spool)
{
	return spool->block_error;
}

void spool_stats(const struct spool *spool, struct journal_stats *out)
{
	journal_stats(spool->journal, out);
}
