// SPDX-License-Identifier: GPL-2.0-only
/*
 * The spool on a real file system, whose disk is cut.
 *
 *	spool-cut record DIR DEVICE AT COMMITS SEED
 *		commits samples to the spool and cursors below DIR, makes blocks, and opens it
 *		again now and then; after each of these writes at byte AT of DEVICE, past its
 *		file system, what is done: "HCUT", then the samples that are committed and what
 *		the cursor has passed (u64 each)
 *	spool-cut feed DIR SAMPLES MS
 *		opens the spool, and goes on to so many samples, a commit every MS
 *	spool-cut verify DIR COMMITTED PASSED
 *		opens what a cut has left, and reads it all: at least so much must be there, and
 *		nothing that was not recorded; takes some more. Prints what it found in a line
 *	spool-cut tear DIR COMMITTED PASSED
 *		the same, with a byte of what was committed last changed before: it must fail
 *
 * CUT_RUN is the folder of the mark (/run/hydropon): no cut leaves one behind. CUT_SKIPPED is a
 * call that does nothing while it records.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/pack.h"
#include "forward/cursor.h"
#include "spool/reader.h"
#include "spool/spool.h"
#include "support/random.h"

#define CHANNELS 4
#define COMMIT_MAX 200
#define SECTOR 4096

static struct conf conf = { .gateway = "cut", .channels_n = CHANNELS };
static const char *skipped = "";	/* fdatasync or fsync: it does nothing */

/* Faults that the cuts must find. */
int fdatasync(int fd)
{
	return strcmp(skipped, "fdatasync") ? (int)syscall(SYS_fdatasync, fd) : 0;
}

int fsync(int fd)
{
	return strcmp(skipped, "fsync") ? (int)syscall(SYS_fsync, fd) : 0;
}

static int fail(const char *what, long long a, long long b)
{
	printf("cut: %s: %lld, %lld\n", what, a, b);
	return 1;
}

static void configure(const char *dir)
{
	const char *run = getenv("CUT_RUN");

	snprintf(conf.state_dir, sizeof(conf.state_dir), "%s/state", dir);
	snprintf(conf.run_dir, sizeof(conf.run_dir), "%s", run ? run : "/run/hydropon");
	conf.spool_max_bytes = SPOOL_MIN_BYTES;
	for (int i = 0; i < CHANNELS; i++) {
		snprintf(conf.channels[i].name, sizeof(conf.channels[i].name), "c-%d", i);
		conf.channels[i].decimals = 2;
	}
}

/* Each sample is known by its number; noise in it, so that segments are full soon. */
static struct sample sample_at(uint64_t number)
{
	uint64_t rng = number + 1, noise = random_next(&rng);

	return (struct sample){
		.channel = (uint16_t)(number % CHANNELS),
		.boot_ns = number * NS_PER_MS,
		.wall_ms = (int64_t)(1700000000000 + number),
		.raw = (int32_t)(noise >> 33),
		.value = (double)(noise >> 50),
		.q = Q_GOOD,
	};
}

static bool is_sample(const struct sample *found, uint64_t number)
{
	const struct sample want = sample_at(number);

	return found->channel == want.channel && found->boot_ns == want.boot_ns &&
	       found->wall_ms == want.wall_ms && found->raw == want.raw &&
	       found->value == want.value && found->q == want.q;
}

static int commit(struct spool *spool, uint64_t *next, uint32_t n)
{
	static struct sample samples[COMMIT_MAX];
	int error;

	for (uint32_t i = 0; i < n; i++)
		samples[i] = sample_at(*next + i);
	error = spool_append(spool, samples, n);
	if (!error)
		*next += n;
	return error;
}

static int tell(int device, off_t at, uint64_t committed, uint64_t passed)
{
	static uint8_t page[SECTOR] __attribute__((aligned(SECTOR)));

	memcpy(page, "HCUT", 4);
	put_le64(page + 8, committed);
	put_le64(page + 16, passed);
	return pwrite(device, page, sizeof(page), at) == sizeof(page) ? 0 : -errno;
}

static void cursor_path(char path[CONF_PATH_MAX + 16])
{
	snprintf(path, CONF_PATH_MAX + 16, "%s/cursor", conf.state_dir);
}

static int record(const char *device, off_t at, unsigned int commits, uint64_t rng)
{
	int fd = open(device, O_WRONLY | O_DIRECT | O_CLOEXEC), error;
	struct cursor cursor = { .id = 1 };
	char path[CONF_PATH_MAX + 16];
	struct spool *spool;
	uint64_t next = 0, now_ns = clock_boot_ns();

	if (fd < 0)
		return fail("the device cannot be opened", errno, 0);
	error = spool_open(&conf, false, &spool);
	cursor_path(path);
	while (!error && commits--) {
		error = commit(spool, &next, 1 + (uint32_t)(random_next(&rng) % COMMIT_MAX));
		if (!error && !(random_next(&rng) % 7)) {
			cursor.record = cursor.passed = cursor.known = next;
			error = cursor_save(path, &cursor);
		}
		if (!error)
			error = tell(fd, at, next, cursor.passed);
		if (!error && !(random_next(&rng) % 13))
			spool_tend(spool, now_ns += 3600 * NS_PER_SEC);
		if (!error && !(random_next(&rng) % 200)) {
			spool_close(spool);
			error = spool_open(&conf, false, &spool);
		}
	}
	if (error)
		return fail("recording", error, (long long)next);
	spool_close(spool);
	close(fd);
	printf("cut: recorded %llu samples\n", (unsigned long long)next);
	return 0;
}

static int feed(uint64_t samples, uint32_t pause_ms)
{
	uint64_t rng = clock_boot_ns(), next;
	struct journal_stats stats;
	struct spool *spool;
	int error = spool_open(&conf, false, &spool);

	if (error)
		return fail("it does not open", error, 0);
	spool_stats(spool, &stats);
	next = stats.samples;
	while (!error && next < samples) {
		uint64_t n = 1 + random_next(&rng) % 40;

		error = commit(spool, &next, (uint32_t)(n < samples - next ? n : samples - next));
		spool_tend(spool, clock_boot_ns());
		usleep(pause_ms * 1000);
	}
	spool_close(spool);
	return error ? fail("feeding", error, (long long)next) : 0;
}

/* Of the ring, in a page that holds the newest commit. */
static int change_newest(void)
{
	char path[CONF_PATH_MAX + 32];
	uint64_t newest = 0;
	off_t at = -1, size;
	uint8_t page[SECTOR];
	int fd;

	snprintf(path, sizeof(path), "%s/spool/slots", conf.state_dir);
	fd = open(path, O_RDWR | O_CLOEXEC);
	size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	for (off_t i = SECTOR; i < size; i += SECTOR)
		if (pread(fd, page, sizeof(page), i) == sizeof(page) && !memcmp(page, "HSFR", 4) &&
		    get_le64(page + 40) >= newest) {
			newest = get_le64(page + 40);
			at = i;
		}
	if (at < 0 || pread(fd, page, sizeof(page), at) != sizeof(page))
		return fail("there is no commit to be changed", 0, 0);
	page[100] ^= 1;
	if (pwrite(fd, page, sizeof(page), at) != sizeof(page))
		return fail("it cannot be changed", errno, 0);
	close(fd);
	return 0;
}

/* Reads from the oldest record to @end. */
static int read_all(uint64_t end, uint64_t *first)
{
	struct spool_reader *reader = spool_reader_open(conf.state_dir, conf.run_dir);
	int error = spool_reader_refresh(reader);
	const struct spool_view *view = spool_reader_view(reader);
	struct journal_hole hole;
	struct spool_batch batch;
	uint64_t at = 0;

	if (error || !view)
		return fail("it cannot be read", error, 0);
	*first = at = view->first;
	if (view->records != end)
		return fail("it is read to another end", (long long)view->records, (long long)end);
	while (at < end) {
		const struct sample *sample;

		error = spool_reader_get(reader, at, &batch, &hole);
		if (error)
			return fail("a record cannot be read", error, (long long)at);
		sample = pending_sample(batch.records, (uint32_t)(at - batch.first));
		if (!sample || !is_sample(sample, at))
			return fail("a record is another one", (long long)at, 0);
		at++;
	}
	spool_reader_close(reader);
	return 0;
}

static int verify(uint64_t committed, uint64_t passed)
{
	struct cursor cursor = { 0 };
	char path[CONF_PATH_MAX + 16];
	struct journal_stats stats;
	uint64_t start_ns = clock_boot_ns(), open_ns, next, first;
	struct spool *spool;
	int error = spool_open(&conf, false, &spool);

	if (error)
		return fail("it does not open", error, 0);
	open_ns = clock_boot_ns() - start_ns;
	spool_stats(spool, &stats);
	if (stats.samples < committed)
		return fail("samples are lost", (long long)stats.samples, (long long)committed);
	if (stats.samples > committed + COMMIT_MAX)
		return fail("samples are invented", (long long)stats.samples, (long long)committed);
	if (stats.lost_records || stats.bad_places)
		return fail("it tells of damage", (long long)stats.lost_records, stats.bad_places);
	if (read_all(stats.samples, &first))
		return 1;
	cursor_path(path);
	error = cursor_load(path, &cursor);
	if (error && (error != -ENOENT || passed))
		return fail("the cursor cannot be read", error, (long long)passed);
	if (cursor.passed < passed)
		return fail("the cursor is an old one", (long long)cursor.passed, (long long)passed);
	if (cursor.record > stats.samples)
		return fail("the cursor is ahead of the spool", (long long)cursor.record,
			    (long long)stats.samples);
	next = stats.samples;
	for (int i = 0; i < 3 && !error; i++)
		error = commit(spool, &next, 50);
	if (error && error != -ENOENT)
		return fail("it takes nothing more", error, 0);
	spool_close(spool);
	printf("cut: good, %llu samples from %llu on, opened in %.1f ms\n",
	       (unsigned long long)stats.samples, (unsigned long long)first,
	       (double)open_ns / NS_PER_MS);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 5)
		return fail("usage: spool-cut record DIR DEVICE AT COMMITS SEED | spool-cut "
			    "feed DIR SAMPLES MS | spool-cut verify|tear DIR COMMITTED PASSED", argc, 0);
	configure(argv[2]);
	if (getenv("CUT_SKIPPED"))
		skipped = getenv("CUT_SKIPPED");
	if (!strcmp(argv[1], "record") && argc == 7)
		return record(argv[3], (off_t)atoll(argv[4]), (unsigned int)atoi(argv[5]),
			      strtoull(argv[6], NULL, 10));
	if (!strcmp(argv[1], "feed"))
		return feed(strtoull(argv[3], NULL, 10), (uint32_t)atoi(argv[4]));
	if (!strcmp(argv[1], "tear") && change_newest())
		return 1;
	return verify(strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
}
