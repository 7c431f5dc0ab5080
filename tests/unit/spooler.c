// SPDX-License-Identifier: GPL-2.0-only
#include <dirent.h>
#include <fcntl.h>

#include "support/disk_faults.h"
#include "support/spool_rig.h"

#include "base/clock.h"
#include "base/thread.h"
#include "spool/dates.h"
#include "spool/spooler.h"

FIXTURE(spooler) {
	struct spool_rig rig;
	struct spooler *spooler;
	uint64_t pushed;
	atomic_int seconds;
};
FIXTURE_SETUP(spooler) { rig_make(&self->rig); }
FIXTURE_TEARDOWN(spooler)
{
	disk_faults.hang_fdatasync = false;
	spooler_stop(self->spooler, 5000);
	rig_remove(&self->rig);
}

static void on_second(void *data)
{
	struct fixture_spooler *self = data;

	self->seconds++;
}

static const struct spooler_hooks spooler_hooks = { .each_second = on_second };

/* To be called before start(): nothing is committed for its time. */
static void commit_by_hand(struct fixture_spooler *self)
{
	self->rig.conf.commit_ms = 60000;
	self->rig.conf.hold_up_ms = 60000;
}

static void start(struct fixture_spooler *self)
{
	self->spooler = spooler_start(&self->rig.conf, &spooler_hooks, self);
	ASSERT_TRUE(self->spooler != NULL);
	spooler_set_power(self->spooler, true);
}

static void stop(struct fixture_spooler *self)
{
	spooler_stop(self->spooler, 5000);
	self->spooler = NULL;
}

/* Returns how many of them were taken; a refused number is given again. */
static uint64_t push(struct fixture_spooler *self, uint64_t n)
{
	uint64_t taken = 0;

	for (uint64_t i = 0; i < n; i++) {
		struct sample sample = rig_sample(self->pushed);

		if (spooler_push(self->spooler, &sample)) {
			self->pushed++;
			taken++;
		}
	}
	return taken;
}

static struct spooler_stats stats(struct fixture_spooler *self)
{
	struct spooler_stats out;

	spooler_stats(self->spooler, &out);
	return out;
}

static bool wait_produced(struct fixture_spooler *self, uint64_t produced, uint32_t timeout_ms)
{
	uint64_t until_ns = clock_boot_ns() + timeout_ms * NS_PER_MS;

	while (stats(self).produced < produced && clock_boot_ns() < until_ns)
		poll(NULL, 0, 5);
	return stats(self).produced == produced;
}

static bool wait_error(struct fixture_spooler *self, int error)
{
	uint64_t until_ns = clock_boot_ns() + 5 * NS_PER_SEC;

	while (stats(self).error != error && clock_boot_ns() < until_ns)
		poll(NULL, 0, 5);
	return stats(self).error == error;
}

TEST_F(spooler, commits_within_its_period)
{
	struct spooler_stats after;
	struct rig_found found;

	start(self);
	EXPECT_EQ(push(self, 10), 10);
	EXPECT_TRUE(wait_produced(self, 10, 2000));
	EXPECT_EQ(push(self, 5), 5);
	EXPECT_TRUE(wait_produced(self, 15, 2000));
	after = stats(self);
	EXPECT_EQ(after.error, 0);
	EXPECT_EQ(after.pending, 0);
	EXPECT_GE(after.commits, 2);
	EXPECT_LE(after.commit_last_us, after.commit_max_us);
	EXPECT_GT(after.bytes, scratch_size(self->rig.slots));
	EXPECT_LE(after.bytes, after.max_bytes);
	EXPECT_EQ(after.max_bytes, self->rig.conf.spool_max_bytes);
	EXPECT_EQ(after.refused_queue + after.refused_error, 0);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.samples, 15);
	EXPECT_EQ(found.wrong, 0);
}

TEST_F(spooler, commits_what_is_queued_when_stopped)
{
	struct rig_found found;

	commit_by_hand(self);
	start(self);
	EXPECT_EQ(push(self, 3 * SPOOL_BATCH_SAMPLES + 7), 3 * SPOOL_BATCH_SAMPLES + 7);
	stop(self);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.samples, 3 * SPOOL_BATCH_SAMPLES + 7);
	EXPECT_EQ(found.wrong, 0);
}

TEST_F(spooler, goes_on_counting_after_a_restart)
{
	start(self);
	push(self, 10);
	stop(self);
	start(self);
	push(self, 10);
	EXPECT_TRUE(wait_produced(self, 20, 2000));
	EXPECT_EQ(rig_read(&self->rig).wrong, 0);
}

TEST_F(spooler, commits_at_once_when_it_is_urgent)
{
	commit_by_hand(self);
	start(self);
	for (uint64_t n = 10; n <= 30; n += 10) {
		push(self, 10);
		spooler_commit_soon(self->spooler);
		EXPECT_TRUE(wait_produced(self, n, 5000));
	}
}

TEST_F(spooler, commits_five_times_a_second_at_most)
{
	uint64_t start_ns, most;

	disk_faults.skip = true;
	commit_by_hand(self);
	start(self);
	start_ns = clock_boot_ns();
	for (int i = 0; i < 150; i++) {
		push(self, 1);
		spooler_commit_soon(self->spooler);
		poll(NULL, 0, 10);
	}
	most = 2 + (clock_boot_ns() - start_ns) / (200 * NS_PER_MS);
	EXPECT_LE(stats(self).commits, most);
	EXPECT_GE(stats(self).commits, 1);
	EXPECT_TRUE(wait_produced(self, 150, 5000));
	disk_faults.skip = false;
}

TEST_F(spooler, commits_early_when_the_queue_fills)
{
	commit_by_hand(self);
	start(self);
	EXPECT_EQ(push(self, 40000), 40000);
	EXPECT_TRUE(wait_produced(self, 40000, 5000) || stats(self).produced > 30000);
}

TEST_F(spooler, refuses_and_counts_when_the_disk_hangs)
{
	struct spooler_stats after;
	uint64_t taken;

	start(self);
	EXPECT_EQ(push(self, 1), 1);
	EXPECT_TRUE(wait_produced(self, 1, 2000));
	disk_faults.hang_fdatasync = true;
	/* A hundred thousand answers: one that waited for the disk would never come. */
	taken = push(self, 100000);
	after = stats(self);
	EXPECT_GT(after.refused_queue, 0);
	EXPECT_EQ(after.refused_error, 0);
	EXPECT_EQ(taken + after.refused_queue, 100000);
	EXPECT_EQ(after.pending, taken);
	disk_faults.hang_fdatasync = false;
	EXPECT_TRUE(wait_produced(self, 1 + taken, 10000));
	EXPECT_EQ(stats(self).pending, 0);
	EXPECT_EQ(rig_read(&self->rig).wrong, 0);
}

#if !THREAD_SHARES_FILES
/* The id of the thread of that name, 0 if there is none. */
static int find_thread(const char *wanted)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *entry;
	int found = 0;

	while (tasks && !found && (entry = readdir(tasks))) {
		char path[512], name[32] = "";
		FILE *comm;

		snprintf(path, sizeof(path), "/proc/self/task/%s/comm", entry->d_name);
		comm = fopen(path, "r");
		if (!comm)
			continue;
		if (fgets(name, sizeof(name), comm) && !strcmp(strtok(name, "\n"), wanted))
			found = atoi(entry->d_name);
		fclose(comm);
	}
	closedir(tasks);
	return found;
}

/* A thread that hangs on its card must not keep the device of the outputs open. */
TEST_F(spooler, has_none_of_the_files_that_are_opened_after_it)
{
	char path[64], target[64];
	int device, tid;

	start(self);
	device = open("/dev/null", O_RDONLY | O_CLOEXEC);
	ASSERT_GE(device, 0);
	tid = find_thread("spool");
	ASSERT_GT(tid, 0);
	snprintf(path, sizeof(path), "/proc/self/task/%d/fd/%d", tid, device);
	if (readlink(path, target, sizeof(target) - 1) > 0)
		EXPECT_NE(strncmp(target, "/dev/null", 9), 0);
	close(device);
}
#endif

TEST_F(spooler, tells_for_how_long_the_disk_has_been_stuck)
{
	start(self);
	push(self, 10);
	while (stats(self).produced < 10)
		usleep(10000);
	EXPECT_EQ(stats(self).stuck_ms, 0);
	disk_faults.hang_fdatasync = true;
	push(self, 10);
	while (stats(self).stuck_ms < 300)
		usleep(10000);
	disk_faults.hang_fdatasync = false;
	while (stats(self).produced < 20)
		usleep(10000);
	while (stats(self).stuck_ms)
		usleep(10000);
}

TEST_F(spooler, gives_up_stopping_when_the_disk_hangs)
{
	static struct spooler *volatile abandoned;	/* its thread still uses it */
	uint64_t before_ns;

	start(self);
	push(self, 1);
	EXPECT_TRUE(wait_produced(self, 1, 2000));
	disk_faults.hang_fdatasync = true;
	push(self, 1);
	before_ns = clock_boot_ns();
	abandoned = self->spooler;
	self->spooler = NULL;
	spooler_stop(abandoned, 200);
	EXPECT_GE(clock_boot_ns() - before_ns, 150 * NS_PER_MS);
}

TEST_F(spooler, loses_and_repeats_nothing_over_failed_fdatasyncs)
{
	struct spooler_stats after;
	struct rig_found found;

	start(self);
	push(self, 10);
	EXPECT_TRUE(wait_produced(self, 10, 2000));
	disk_faults.fail_fdatasync = 2;
	push(self, 10);
	EXPECT_TRUE(wait_error(self, -EIO));
	push(self, 10);
	EXPECT_TRUE(wait_produced(self, 30, 10000));
	after = stats(self);
	EXPECT_EQ(after.error, 0);
	EXPECT_EQ(after.refused_queue + after.refused_error, 0);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.samples, 30);
	EXPECT_EQ(found.wrong, 0);
}

TEST_F(spooler, counts_as_error_what_a_failing_disk_costs)
{
	struct spooler_stats after;
	uint64_t taken;

	start(self);
	push(self, 1);
	EXPECT_TRUE(wait_produced(self, 1, 2000));
	disk_faults.fail_fdatasync = 1000000;
	push(self, 1);
	EXPECT_TRUE(wait_error(self, -EIO));
	taken = push(self, 100000);
	after = stats(self);
	EXPECT_GT(after.refused_error, 0);
	EXPECT_EQ(after.refused_queue, 0);
	EXPECT_EQ(taken + after.refused_error, 100000);
	EXPECT_EQ(after.pending, taken + 1);
	disk_faults.fail_fdatasync = 0;
	EXPECT_TRUE(wait_produced(self, taken + 2, 10000));
	EXPECT_EQ(rig_read(&self->rig).wrong, 0);
}

TEST_F(spooler, waits_for_a_place_to_store)
{
	char state_dir[CONF_PATH_MAX];

	snprintf(state_dir, sizeof(state_dir), "%s/later", self->rig.dir);
	snprintf(self->rig.conf.state_dir, sizeof(self->rig.conf.state_dir), "%s/later/state",
		 self->rig.dir);
	start(self);
	push(self, 10);
	EXPECT_TRUE(wait_error(self, -ENOENT));
	ASSERT_EQ(mkdir(state_dir, 0700), 0);
	EXPECT_TRUE(wait_produced(self, 10, 5000));
	EXPECT_EQ(stats(self).error, 0);
}

TEST_F(spooler, stays_within_its_bound_and_keeps_the_newest)
{
	struct spooler_stats after;
	struct rig_found found;
	uint64_t all = 0;

	disk_faults.skip = true;
	self->rig.conf.spool_max_bytes = SPOOL_MIN_BYTES;
	start(self);
	/* Noise that takes bytes: some 5 million of them in all. */
	for (int i = 0; i < 40; i++) {
		all += push(self, 20000);
		while (stats(self).pending > 20000)
			poll(NULL, 0, 1);
	}
	EXPECT_TRUE(wait_produced(self, all, 20000));
	after = stats(self);
	EXPECT_EQ(all, 800000);
	EXPECT_LE(after.bytes, SPOOL_MIN_BYTES);
	EXPECT_EQ(after.lost, 0);
	EXPECT_EQ(after.error, 0);
	EXPECT_EQ(after.refused_queue + after.refused_error, 0);
	stop(self);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.error, 0);
	EXPECT_GT(found.samples, 0);
	EXPECT_EQ(found.first + found.samples, all);
	EXPECT_EQ(found.missing + found.wrong, 0);
	disk_faults.skip = false;
}

TEST_F(spooler, goes_on_in_another_directory_when_its_own_is_moved_away)
{
	char moved[SCRATCH_PATH_MAX + 64];
	struct rig_found found;

	start(self);
	push(self, 10);
	EXPECT_TRUE(wait_produced(self, 10, 2000));
	snprintf(moved, sizeof(moved), "%s.moved", self->rig.folder);
	ASSERT_EQ(rename(self->rig.folder, moved), 0);
	self->rig.base = self->pushed;
	push(self, 7);
	while (stats(self).produced != 7)
		usleep(10000);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.samples, 7);
	EXPECT_EQ(found.wrong, 0);
}

/* The disk fails, a person removes the folder as it is told to; the spool never comes back. */
TEST_F(spooler, goes_on_in_another_directory_when_its_own_is_removed_while_it_recovers)
{
	start(self);
	push(self, 10);
	ASSERT_TRUE(wait_produced(self, 10, 2000));
	/* The ring first, as rm -r may; then the rest. */
	ASSERT_EQ(unlink(self->rig.slots), 0);
	push(self, 10);
	ASSERT_TRUE(wait_error(self, -ESTALE));
	scratch_remove(self->rig.folder);
	push(self, 10);
	EXPECT_TRUE(wait_produced(self, 20, 5000));
	EXPECT_EQ(stats(self).error, 0);
}

TEST_F(spooler, refuses_a_sample_of_no_channel)
{
	struct sample sample = rig_sample(0);

	start(self);
	sample.channel = RIG_CHANNELS;
	EXPECT_FALSE(spooler_push(self->spooler, &sample));
	EXPECT_EQ(stats(self).refused_error, 1);
}

TEST_F(spooler, calls_about_once_a_second)
{
	start(self);
	poll(NULL, 0, 2500);
	stop(self);
	EXPECT_GE(self->seconds, 1);
	EXPECT_LE(self->seconds, 3);
}

#define BOOT_WALL_MS 1790000000000LL

/* Ten more, a second apart, of a boot that began at BOOT_WALL_MS. */
static void push_timed(struct fixture_spooler *self, bool is_set)
{
	for (int i = 0; i < 10; i++) {
		struct sample sample = rig_sample(self->pushed++);

		sample.boot_ns = self->pushed * NS_PER_SEC;
		sample.wall_ms = (int64_t)self->pushed * 1000 + (is_set ? BOOT_WALL_MS : 0);
		sample.clk = is_set ? 0 : CLK_UNSET;
		ASSERT_TRUE(spooler_push(self->spooler, &sample));
	}
	EXPECT_TRUE(wait_produced(self, self->pushed, 5000));
}

/* Expects @samples, each dated so that the first is a second after BOOT_WALL_MS, and so on;
 * returns the number of notes.
 */
static unsigned int expect_dated(struct fixture_spooler *self, uint64_t samples)
{
	struct spool_reader *reader = spool_reader_open(self->rig.conf.state_dir,
							self->rig.conf.run_dir);
	struct dates dates = { 0 };
	struct journal_hole hole;
	struct spool_batch batch;
	unsigned int notes = 0;
	uint64_t n = 0;

	ASSERT_EQ(spool_reader_refresh(reader), 0);
	ASSERT_EQ(dates_refresh(&dates, reader), 0);
	for (uint64_t at = 0; at < spool_reader_view(reader)->records; at++) {
		const struct sample *sample;
		struct sample dated;

		ASSERT_EQ(spool_reader_get(reader, at, &batch, &hole), 0);
		sample = pending_sample(batch.records, (uint32_t)(at - batch.first));
		if (!sample) {
			notes++;
			continue;
		}
		EXPECT_TRUE(dates_cover(&dates, reader, at));
		EXPECT_EQ(dates_find(&dates, at, sample, &dated), DATE_KNOWN);
		EXPECT_EQ(dated.wall_ms, BOOT_WALL_MS + (int64_t)++n * 1000);
		EXPECT_EQ(dated.clk, 0);
	}
	EXPECT_EQ(n, samples);
	spool_reader_close(reader);
	return notes;
}

TEST_F(spooler, dates_samples_once_the_clock_is_set)
{
	struct spooler_stats now;

	start(self);
	push_timed(self, false);
	now = stats(self);
	EXPECT_EQ(now.boot, 1);
	EXPECT_FALSE(now.is_clock_set);
	/* Whoever comes after it in this boot knows of it. */
	stop(self);
	start(self);
	push_timed(self, false);
	EXPECT_EQ(stats(self).boot, 1);
	push_timed(self, true);
	now = stats(self);
	EXPECT_TRUE(now.is_clock_set);
	EXPECT_EQ(now.clk, 0);
	EXPECT_EQ(expect_dated(self, 30), 3);
	/* Synchronized no more, but still right. */
	stop(self);
	start(self);
	for (int i = 0; i < 10; i++) {
		struct sample sample = rig_sample(self->pushed++);

		sample.boot_ns = self->pushed * NS_PER_SEC;
		sample.wall_ms = BOOT_WALL_MS + (int64_t)self->pushed * 1000;
		sample.clk = CLK_UNSET;
		spooler_push(self->spooler, &sample);
	}
	EXPECT_TRUE(wait_produced(self, 40, 5000));
	EXPECT_TRUE(stats(self).is_clock_set);
	EXPECT_EQ(expect_dated(self, 40), 4);
}

/* A block that the ring asks for ends with a note, so that the next opening has not far to look. */
TEST_F(spooler, ends_its_blocks_with_a_note)
{
	struct spool_reader *reader;
	struct journal_hole hole;
	struct spool_batch batch;

	start(self);
	self->rig.conf.commit_ms = 1;
	for (int i = 0; i < 200 && !stats(self).blocks; i++)
		push_timed(self, true);
	EXPECT_GE(stats(self).blocks, 1);
	reader = spool_reader_open(self->rig.conf.state_dir, self->rig.conf.run_dir);
	ASSERT_EQ(spool_reader_refresh(reader), 0);
	ASSERT_EQ(spool_reader_get(reader, 0, &batch, &hole), 0);
	ASSERT_GE(batch.records->notes_n, 2);
	EXPECT_EQ(batch.records->notes[batch.records->notes_n - 1].before,
		  batch.records->samples_n);
	spool_reader_close(reader);
}

/* All points of the spool, in order; returns how many. */
static size_t read_points(struct fixture_spooler *self, struct point *points, size_t max)
{
	struct spool_reader *reader = spool_reader_open(self->rig.conf.state_dir,
							self->rig.conf.run_dir);
	struct journal_hole hole;
	struct spool_batch batch;
	size_t n = 0;

	ASSERT_EQ(spool_reader_refresh(reader), 0);
	for (uint64_t at = 0; n < max && at < spool_reader_view(reader)->records; at++) {
		const struct pending_note *note;

		ASSERT_EQ(spool_reader_get(reader, at, &batch, &hole), 0);
		note = pending_note(batch.records, (uint32_t)(at - batch.first));
		n += note && point_get(note->bytes, note->size, &points[n]);
	}
	spool_reader_close(reader);
	return n;
}

static bool wait_commits(struct fixture_spooler *self, uint64_t commits)
{
	uint64_t until_ns = clock_boot_ns() + 5 * NS_PER_SEC;

	while (stats(self).commits < commits && clock_boot_ns() < until_ns)
		poll(NULL, 0, 5);
	return stats(self).commits >= commits;
}

TEST_F(spooler, keeps_events_as_points)
{
	struct event event = {
		.name = "trip", .subject = "pump-a", .clk = 0, .boot_ns = clock_boot_ns(),
		.wall_ms = clock_wall_ms(), .numbers_n = 2,
		.numbers = { { "on", 1 }, { "interlock", 7 } },
	};
	struct point points[64];
	size_t n, events = 0;
	int64_t last_ms = 0;

	start(self);
	for (int i = 0; i < 40; i++)
		EXPECT_TRUE(spooler_push_event(self->spooler, &event));
	EXPECT_TRUE(wait_commits(self, 1));
	push_timed(self, true);
	stop(self);
	/* So many ask for a block, which ends with how the gateway is. */
	n = read_points(self, points, 64);
	for (size_t i = 0; i < n; i++) {
		if (strcmp(points[i].measurement, "hydropon_event"))
			continue;
		EXPECT_STREQ(points[i].tags[0].value, "trip");
		EXPECT_STREQ(points[i].tags[1].value, "pump-a");
		EXPECT_EQ(points[i].fields[1].value, 7);
		EXPECT_GE(points[i].wall_ms, event.wall_ms + (int64_t)events++);
		EXPECT_GT(points[i].wall_ms, last_ms);
		last_ms = points[i].wall_ms;
	}
	EXPECT_EQ(events, 40);
	EXPECT_EQ(rig_read(&self->rig).samples, 10);
}

TEST_F(spooler, counts_events_that_it_has_no_room_for)
{
	struct event event = { .name = "trip", .numbers_n = 1, .numbers = { { "on", 1 } } };
	unsigned int taken = 0;

	scratch_write(self->rig.conf.state_dir, "", 0);
	start(self);
	for (int i = 0; i < 1000; i++)
		taken += spooler_push_event(self->spooler, &event);
	EXPECT_EQ(taken, 256);
}

static size_t tell_health(void *data, struct point *points, size_t max)
{
	EXPECT_GE(max, CONF_MAX_STORES);
	points[0] = point_new("hydropon_store");
	point_tag(&points[0], "store", "vm");
	point_field(&points[0], "queued", 12);
	return 1;
}

/* How the gateway is comes with each block, before the note of time. */
TEST_F(spooler, tells_how_the_gateway_is)
{
	static const struct spooler_hooks with_health = { .health = tell_health };
	struct point points[64];
	size_t n;

	self->rig.conf.commit_ms = 1;
	self->spooler = spooler_start(&self->rig.conf, &with_health, self);
	ASSERT_TRUE(self->spooler != NULL);
	for (int i = 0; i < 200 && !stats(self).blocks; i++)
		push_timed(self, true);
	EXPECT_GE(stats(self).blocks, 1);
	n = read_points(self, points, 64);
	ASSERT_GE(n, 2);
	EXPECT_STREQ(points[0].measurement, "hydropon_up");
	EXPECT_STREQ(points[0].fields[0].key, "boot");
	EXPECT_EQ(points[0].fields[0].value, 1);
	EXPECT_STREQ(points[0].fields[3].key, "samples");
	EXPECT_GE(points[0].fields[3].value, 100);
	EXPECT_STREQ(points[1].measurement, "hydropon_store");
	EXPECT_EQ(points[1].fields[0].value, 12);
	EXPECT_EQ(points[1].wall_ms, points[0].wall_ms + 1);
}

/* Until a power-good line is known of, and while commits take longer than the supply lasts. */
TEST_F(spooler, commits_each_second_where_longer_would_not_be_safe)
{
	uint64_t begin_ns;

	self->rig.conf.commit_ms = 60000;
	self->rig.conf.hold_up_ms = 1000;
	start(self);
	push(self, 10);
	poll(NULL, 0, 2500);
	EXPECT_EQ(stats(self).produced, 0);
	EXPECT_EQ(stats(self).commit_every_ms, 60000);
	spooler_set_power(self->spooler, false);
	EXPECT_TRUE(wait_produced(self, 10, 5000));
	EXPECT_EQ(stats(self).commit_every_ms, 1000);
	spooler_set_power(self->spooler, true);
	begin_ns = clock_boot_ns();
	/* One commit that takes 600 ms is too long for a supply that lasts a second. */
	disk_faults.fdatasync_ms = 600;
	push(self, 10);
	spooler_commit_soon(self->spooler);
	EXPECT_TRUE(wait_produced(self, 20, 5000));
	disk_faults.fdatasync_ms = 0;
	EXPECT_GE(clock_boot_ns() - begin_ns, 500 * NS_PER_MS);
	push(self, 10);
	EXPECT_TRUE(wait_produced(self, 30, 5000));
	EXPECT_EQ(stats(self).commit_every_ms, 1000);
}

static int found(struct fixture_spooler *self, struct keep_note *note)
{
	int error = -EAGAIN;

	for (int i = 0; i < 1000 && error == -EAGAIN; i++) {
		error = spooler_kept(self->spooler, note);
		if (error == -EAGAIN)
			poll(NULL, 0, 5);
	}
	return error;
}

static bool wait_kept(struct fixture_spooler *self)
{
	for (int i = 0; i < 400 && !spooler_is_kept(self->spooler); i++)
		poll(NULL, 0, 5);
	return spooler_is_kept(self->spooler);
}

static struct keep_note latched(uint32_t latches)
{
	struct keep_note note = { .boot_ns = 7, .n = 1 };

	snprintf(note.entries[0].name, sizeof(note.entries[0].name), "pump-a");
	note.entries[0].latched = latches;
	return note;
}

TEST_F(spooler, keeps_what_is_to_be_kept_of_outputs)
{
	struct keep_note note = latched(HYDROPON_LATCH_WELDED), back;

	/* It waits for no commit. */
	commit_by_hand(self);
	start(self);
	EXPECT_EQ(found(self, &back), -ENOENT);
	EXPECT_TRUE(spooler_is_kept(self->spooler));
	spooler_keep(self->spooler, &note);
	EXPECT_TRUE(wait_kept(self));
	note = latched(HYDROPON_TRIP_OFF);
	spooler_keep(self->spooler, &note);
	EXPECT_TRUE(wait_kept(self));
	/* What is committed later is between it and the end. */
	push(self, 100);
	stop(self);
	start(self);
	ASSERT_EQ(found(self, &back), 0);
	EXPECT_EQ(back.n, 1);
	EXPECT_EQ(back.entries[0].latched, HYDROPON_TRIP_OFF);
	EXPECT_EQ(back.boot_ns, 7);
}

TEST_F(spooler, says_of_nothing_that_it_is_kept_while_the_disk_fails)
{
	struct keep_note note = latched(HYDROPON_LATCH_WELDED), back;

	start(self);
	EXPECT_EQ(found(self, &back), -ENOENT);
	disk_faults.fail_fdatasync = EIO;
	spooler_keep(self->spooler, &note);
	poll(NULL, 0, 400);
	EXPECT_FALSE(spooler_is_kept(self->spooler));
	disk_faults.fail_fdatasync = 0;
	for (int i = 0; i < 10 && !spooler_is_kept(self->spooler); i++)
		wait_kept(self);
	EXPECT_TRUE(spooler_is_kept(self->spooler));
	stop(self);
	start(self);
	ASSERT_EQ(found(self, &back), 0);
	EXPECT_EQ(back.entries[0].latched, HYDROPON_LATCH_WELDED);
}

TEST_F(spooler, knows_not_what_is_kept_while_there_is_no_spool)
{
	struct keep_note back;
	char path[SCRATCH_PATH_MAX + 8];

	snprintf(path, sizeof(path), "%s/state", self->rig.dir);
	close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	start(self);
	EXPECT_TRUE(wait_error(self, -ENOTDIR) || wait_error(self, -EEXIST));
	EXPECT_EQ(spooler_kept(self->spooler, &back), -EAGAIN);
	unlink(path);
	EXPECT_EQ(found(self, &back), -ENOENT);
}

/* However many blocks come after it. */
TEST_F(spooler, writes_again_what_is_kept)
{
	struct keep_note note = latched(HYDROPON_LATCH_WELDED), back;

	start(self);
	EXPECT_EQ(found(self, &back), -ENOENT);
	spooler_keep(self->spooler, &note);
	EXPECT_TRUE(wait_kept(self));
	stop(self);
	/* So many blocks without it are too many: they are not looked through. */
	rig_open(&self->rig);
	for (int i = 0; i < SPOOL_KEEP_BLOCKS - 2; i++)
		ASSERT_EQ(rig_append_block(&self->rig, 10), 0);
	rig_close(&self->rig);
	start(self);
	ASSERT_EQ(found(self, &back), 0);
	stop(self);
	rig_open(&self->rig);
	for (int i = 0; i < 5; i++)
		ASSERT_EQ(rig_append_block(&self->rig, 10), 0);
	rig_close(&self->rig);
	start(self);
	EXPECT_EQ(found(self, &back), -ENOENT);
}
