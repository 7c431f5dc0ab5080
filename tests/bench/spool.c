// SPDX-License-Identifier: GPL-2.0-only
/* spool-bench FOLDER SECONDS: 80 channels at 1 Hz, committed every second, by the journal and by
 * SQLite (WAL, synchronous=FULL) in the same folder; and as line protocol in gzip by the minute.
 * Bytes to the device are those of its counters, so that of all who write to it.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>
#include <zlib.h>

#include "base/file.h"
#include "bench/farm.h"
#include "spool/journal_reader.h"

#define SERIES FARM_CHANNELS
#define SEGMENT (4u << 20)

static char folder[256];
static unsigned int seconds;

static void die(const char *what, int error)
{
	fprintf(stderr, "spool-bench: %s: %s\n", what, strerror(error < 0 ? -error : error));
	exit(1);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Bytes that were written to the device below the folder, or 0 if nobody counts them. */
static uint64_t device_bytes(void)
{
	unsigned long long sectors = 0;
	struct stat status;
	char path[64];
	FILE *file;

	sync();
	if (stat(folder, &status))
		return 0;
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/stat", major(status.st_dev),
		 minor(status.st_dev));
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (fscanf(file, "%*u %*u %*u %*u %*u %*u %llu", &sectors) != 1)
		sectors = 0;
	fclose(file);
	return sectors * 512;
}

static int by_size(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

struct cost {
	double bytes_a_sample, device_a_commit;
	double p50_us, p99_us;
	double read_m_s;		/* million samples a second, all read back */
	double open_ms;
};

static void take_latencies(struct cost *cost, uint64_t *ns)
{
	qsort(ns, seconds, sizeof(*ns), by_size);
	cost->p50_us = (double)ns[seconds / 2] / 1000;
	cost->p99_us = (double)ns[seconds * 99ul / 100] / 1000;
}

static bool bench_series(const uint8_t *bytes, size_t size, struct journal_series *series)
{
	(void)bytes;
	(void)size;
	series->n = SERIES;
	memset(series->decimals, 3, SERIES);
	return true;
}

static uint64_t bench_id(void)
{
	return 7;
}

/* Of the files of segments, what frames take. */
static double bytes_at_rest(struct disk *disk)
{
	uint64_t sum = 0;
	uint8_t page[PAGE_BYTES];
	struct frame frame;
	char name[32];

	for (int file = 0;; file++) {
		int handle;

		snprintf(name, sizeof(name), "segment-%05d", file);
		handle = disk_open(disk, name, false);
		if (handle < 0)
			return (double)sum;
		for (uint64_t at = PAGE_BYTES; !disk_read(disk, handle, page, sizeof(page), at) &&
		     frame_get(page, &frame); at += pages_bytes(frame.length))
			sum += pages_bytes(frame.length);
		disk_close(disk, handle);
	}
}

static void read_journal(struct disk *disk, struct journal *journal, struct cost *cost)
{
	struct journal_reader *reader = journal_reader_open(disk, bench_series);
	struct journal_batch batch;
	struct journal_hole hole;
	struct journal_mark mark;
	uint64_t began_ns = now_ns(), at = 0;

	journal_mark(journal, &mark);
	if (!reader || journal_reader_refresh(reader, &mark))
		die("reading the journal", EIO);
	while (at < mark.records) {
		int error = journal_reader_get(reader, at, &batch, &hole);

		if (error)
			die("reading the journal", error);
		at += pending_records(batch.records);
	}
	cost->read_m_s = (double)at / (double)(now_ns() - began_ns) * 1000;
	journal_reader_close(reader);
}

static struct cost run_journal(uint64_t *ns)
{
	static const uint8_t context[1500] = { 1 };
	const struct journal_config config = {
		.context = { context, sizeof(context), bench_series },
		.max_bytes = 1u << 30,
		.slots_pages = JOURNAL_SLOTS,
		.segment_bytes = SEGMENT,
		.new_id = bench_id,
	};
	struct sample samples[SERIES];
	struct cost cost = { 0 };
	struct journal *journal;
	struct disk *disk;
	char path[300];
	uint64_t before;
	int error;

	snprintf(path, sizeof(path), "%s/journal", folder);
	error = dir_make(path);
	if (!error)
		error = disk_open_folder(path, true, &disk);
	if (!error)
		error = journal_open(disk, &config, &journal);
	if (error)
		die(path, error);
	before = device_bytes();
	for (unsigned int second = 0; second < seconds; second++) {
		uint64_t began_ns;

		farm_measure(second, FARM_BEGIN_MS, samples);
		began_ns = now_ns();
		error = journal_append(journal, samples, SERIES);
		ns[second] = now_ns() - began_ns;
		if (!error && second % 60 == 59)
			error = journal_block(journal);
		if (error)
			die("the journal", error);
	}
	cost.device_a_commit = (double)(device_bytes() - before) / seconds;
	take_latencies(&cost, ns);
	cost.bytes_a_sample = bytes_at_rest(disk) / ((double)(seconds / 60) * 60 * SERIES);
	read_journal(disk, journal, &cost);
	journal_close(journal);
	before = now_ns();
	if (journal_open(disk, &config, &journal))
		die("opening the journal again", EIO);
	cost.open_ms = (double)(now_ns() - before) / 1e6;
	journal_close(journal);
	disk_close_folder(disk);
	return cost;
}

static void ask(sqlite3 *db, const char *sql)
{
	char *message = NULL;

	if (sqlite3_exec(db, sql, NULL, NULL, &message) != SQLITE_OK) {
		fprintf(stderr, "spool-bench: %s: %s\n", sql, message);
		exit(1);
	}
}

static void insert(sqlite3_stmt *statement, const struct sample *sample)
{
	sqlite3_bind_int(statement, 1, sample->channel);
	sqlite3_bind_int64(statement, 2, (sqlite3_int64)(sample->boot_ns / 1000000));
	sqlite3_bind_int64(statement, 3, sample->wall_ms);
	sqlite3_bind_double(statement, 4, sample->value);
	sqlite3_bind_int(statement, 5, sample->raw);
	sqlite3_bind_int(statement, 6, sample->q);
	sqlite3_step(statement);
	sqlite3_reset(statement);
}

static struct cost run_sqlite(uint64_t *ns)
{
	struct sample samples[SERIES];
	struct cost cost = { 0 };
	sqlite3_stmt *statement;
	struct stat status;
	char path[300];
	sqlite3 *db;
	uint64_t before, n = 0;

	snprintf(path, sizeof(path), "%s/sqlite", folder);
	if (sqlite3_open(path, &db) != SQLITE_OK)
		die(path, EIO);
	ask(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
		"CREATE TABLE samples (channel INTEGER, boot INTEGER, wall INTEGER, value REAL,"
		" raw INTEGER, q INTEGER)");
	sqlite3_prepare_v2(db, "INSERT INTO samples VALUES (?, ?, ?, ?, ?, ?)", -1, &statement, NULL);
	before = device_bytes();
	for (unsigned int second = 0; second < seconds; second++) {
		uint64_t began_ns;

		farm_measure(second, FARM_BEGIN_MS, samples);
		began_ns = now_ns();
		ask(db, "BEGIN");
		for (int i = 0; i < SERIES; i++)
			insert(statement, &samples[i]);
		ask(db, "COMMIT");
		ns[second] = now_ns() - began_ns;
	}
	cost.device_a_commit = (double)(device_bytes() - before) / seconds;
	take_latencies(&cost, ns);
	sqlite3_finalize(statement);
	ask(db, "PRAGMA wal_checkpoint(TRUNCATE)");
	if (stat(path, &status))
		die(path, errno);
	cost.bytes_a_sample = (double)status.st_size / ((double)seconds * SERIES);
	before = now_ns();
	sqlite3_prepare_v2(db, "SELECT channel, boot, wall, value, raw, q FROM samples", -1,
			   &statement, NULL);
	while (sqlite3_step(statement) == SQLITE_ROW) {
		sqlite3_column_double(statement, 3);
		n++;
	}
	cost.read_m_s = (double)n / (double)(now_ns() - before) * 1000;
	sqlite3_finalize(statement);
	sqlite3_close(db);
	return cost;
}

/* Bytes of a sample in line protocol, gzip -1, a minute at a time. */
static double run_gzip(void)
{
	static char text[60 * SERIES * 128];
	static uint8_t packed[sizeof(text)];
	struct sample samples[SERIES];
	size_t length = 0, sum = 0;

	for (unsigned int second = 0; second < seconds / 60 * 60; second++) {
		farm_measure(second, FARM_BEGIN_MS, samples);
		for (int i = 0; i < SERIES; i++)
			length += (size_t)snprintf(text + length, 128,
				"hydropon,channel=ch-%d,gateway=greenhouse,quantity=ph,site=home,"
				"unit=pH value=%.3f,q=0i %lld\n", i, samples[i].value,
				(long long)samples[i].wall_ms);
		if (second % 60 == 59) {
			uLongf size = sizeof(packed);

			if (compress2(packed, &size, (const Bytef *)text, length, 1) != Z_OK)
				die("zlib", ENOMEM);
			sum += size;
			length = 0;
		}
	}
	return (double)sum / ((double)(seconds / 60) * 60 * SERIES);
}

static void tell(const char *what, double ours, double theirs, const char *unit)
{
	printf("bench-spool: %-42s %10.2f %10.2f %-8s", what, ours, theirs, unit);
	if (theirs > 0)
		printf(" ours / theirs %.3f", ours / theirs);
	putchar('\n');
}

int main(int argc, char **argv)
{
	struct cost journal, sqlite;
	uint64_t *ns;

	if (argc != 3 || (seconds = (unsigned int)atoi(argv[2])) < 60) {
		fprintf(stderr, "usage: spool-bench FOLDER SECONDS\nFOLDER is made if need be; at "
			"least 60 SECONDS are recorded, as fast as the disk takes them.\n");
		return 2;
	}
	snprintf(folder, sizeof(folder), "%s", argv[1]);
	ns = calloc(seconds, sizeof(*ns));
	if (!ns || dir_make(folder))
		die(folder, errno);
	journal = run_journal(ns);
	sqlite = run_sqlite(ns);
	printf("bench-spool: %d channels at 1 Hz, %u s, a commit each; the journal, and SQLite "
	       "in WAL mode, synchronous=FULL\n", SERIES, seconds);
	tell("bytes of a sample at rest", journal.bytes_a_sample, sqlite.bytes_a_sample, "B");
	tell("  beside gzip -1 of line protocol", journal.bytes_a_sample, run_gzip(), "B");
	tell("bytes to the device, a commit", journal.device_a_commit, sqlite.device_a_commit, "B");
	tell("commit, p50", journal.p50_us, sqlite.p50_us, "us");
	tell("commit, p99", journal.p99_us, sqlite.p99_us, "us");
	tell("all read back", journal.read_m_s, sqlite.read_m_s, "M/s");
	printf("bench-spool: opened again in %.1f ms\n", journal.open_ms);
	free(ns);
	return 0;
}
