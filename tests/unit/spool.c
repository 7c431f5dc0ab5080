// SPDX-License-Identifier: GPL-2.0-only
/* The spool of hydropond on a disk_faults. That nothing is lost at any cut is shown in journal.c. */
#include <dirent.h>
#include <sys/stat.h>

#include "support/disk_faults.h"
#include "support/spool_rig.h"

#include "base/crc32c.h"
#include "base/pack.h"
#include "spool/mark.h"

FIXTURE(spool) { struct spool_rig rig; };
FIXTURE_SETUP(spool) { rig_make(&self->rig); }
FIXTURE_TEARDOWN(spool) { rig_remove(&self->rig); }

static struct journal_mark mark_of(struct spool_rig *rig)
{
	struct journal_mark mark = { 0 };

	EXPECT_EQ(spool_mark_read(rig->conf.run_dir, &mark), 0);
	return mark;
}

#define EXPECT_FOUND(rig, first_, samples_)				\
	do {								\
		struct rig_found found = rig_read(rig);			\
									\
		EXPECT_EQ(found.error, 0);				\
		EXPECT_EQ(found.first, first_);				\
		EXPECT_EQ(found.samples, samples_);			\
		EXPECT_EQ(found.wrong, 0);				\
		EXPECT_EQ(found.missing, 0);				\
	} while (0)

TEST_F(spool, gives_back_what_was_committed)
{
	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 5), 0);
	ASSERT_EQ(rig_append_block(&self->rig, 1), 0);
	EXPECT_EQ(rig_stats(&self->rig).blocked, 6);
	ASSERT_EQ(rig_append(&self->rig, SPOOL_BATCH_SAMPLES), 0);
	EXPECT_FOUND(&self->rig, 0, 6 + SPOOL_BATCH_SAMPLES);
	EXPECT_EQ(rig_stats(&self->rig).samples, 6 + SPOOL_BATCH_SAMPLES);
}

TEST_F(spool, goes_on_counting_when_opened_again)
{
	uint64_t id;

	rig_open(&self->rig);
	id = mark_of(&self->rig).id;
	ASSERT_EQ(rig_append(&self->rig, 5), 0);
	rig_close(&self->rig);

	rig_open(&self->rig);
	EXPECT_EQ(mark_of(&self->rig).id, id);
	EXPECT_EQ(rig_stats(&self->rig).samples, 5);
	ASSERT_EQ(rig_append(&self->rig, 2), 0);
	EXPECT_EQ(rig_stats(&self->rig).samples, 7);
	EXPECT_FOUND(&self->rig, 0, 7);
}

TEST_F(spool, belongs_to_one_writer)
{
	struct spool *second;

	rig_open(&self->rig);
	EXPECT_EQ(spool_open(&self->rig.conf, false, &second), -EBUSY);
}

TEST_F(spool, refuses_what_it_cannot_name)
{
	struct sample sample = rig_sample(0);

	rig_open(&self->rig);
	sample.channel = RIG_CHANNELS;
	EXPECT_EQ(spool_append(self->rig.spool, &sample, 1), -EINVAL);
	EXPECT_EQ(spool_append(self->rig.spool, &sample, 0), -EINVAL);
	EXPECT_EQ(spool_append(self->rig.spool, &sample, SPOOL_BATCH_SAMPLES + 1), -EINVAL);
	EXPECT_EQ(rig_append(&self->rig, 1), 0);
}

TEST_F(spool, names_samples_as_when_they_were_taken)
{
	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 4), 0);
	rig_close(&self->rig);

	snprintf(self->rig.conf.channels[1].name, HYDROPON_NAME_MAX, "ec-b");
	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 3), 0);
	rig_close(&self->rig);

	/* Back to the first ones: what was said last counts, not any. */
	snprintf(self->rig.conf.channels[1].name, HYDROPON_NAME_MAX, "ec-a");
	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 3), 0);
	EXPECT_EQ(rig_read(&self->rig).samples, 10);
	/* Number 4, the only one of its channel between, has the other name. */
	EXPECT_EQ(rig_read(&self->rig).wrong, 1);
}

/* Beside a reader that has looked before, in the very segment that goes on. */
TEST_F(spool, tells_a_reader_of_another_name)
{
	struct spool_reader *reader;
	struct journal_hole hole;
	struct spool_batch batch;

	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 4), 0);
	reader = spool_reader_open(self->rig.conf.state_dir, self->rig.conf.run_dir);
	ASSERT_EQ(spool_reader_refresh(reader), 0);
	ASSERT_EQ(spool_reader_get(reader, 3, &batch, &hole), 0);
	rig_close(&self->rig);
	snprintf(self->rig.conf.channels[1].name, HYDROPON_NAME_MAX, "ec-b");
	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 3), 0);
	for (int i = 0, error = -EAGAIN; error; i++) {
		ASSERT_LT(i, 3);
		ASSERT_EQ(spool_reader_refresh(reader), 0);
		error = spool_reader_get(reader, 4, &batch, &hole);
	}
	EXPECT_EQ(batch.first, 4);
	EXPECT_STREQ(batch.schema->series[1].channel, "ec-b");
	spool_reader_close(reader);
}

static long long bytes_in(const char *folder)
{
	DIR *dir = opendir(folder);
	struct dirent *entry;
	long long bytes = 0;

	while (dir && (entry = readdir(dir))) {
		char path[SCRATCH_PATH_MAX + 300];

		snprintf(path, sizeof(path), "%s/%s", folder, entry->d_name);
		if (*entry->d_name != '.')
			bytes += scratch_size(path);
	}
	closedir(dir);
	return bytes;
}

/* Values that no codec makes small, so that few samples fill a spool. */
static void fill(struct spool_rig *rig, uint64_t samples)
{
	static struct sample batch[SPOOL_BATCH_SAMPLES];
	unsigned int random = 1;

	for (uint64_t n = 0; n < samples; n += SPOOL_BATCH_SAMPLES) {
		for (size_t i = 0; i < SPOOL_BATCH_SAMPLES; i++) {
			batch[i] = rig_sample(rig->next + i);
			batch[i].raw = (int32_t)((uint32_t)rand_r(&random) * 2);
			batch[i].wall_ms += rand_r(&random);
		}
		ASSERT_EQ(spool_append(rig->spool, batch, SPOOL_BATCH_SAMPLES), 0);
		rig->next += SPOOL_BATCH_SAMPLES;
		spool_tend(rig->spool, clock_boot_ns());
	}
}

TEST_F(spool, gives_up_the_oldest_at_its_bound)
{
	struct rig_found found;

	disk_faults.skip = true;
	self->rig.conf.spool_max_bytes = SPOOL_MIN_BYTES;
	rig_open(&self->rig);
	fill(&self->rig, 400000);
	EXPECT_LE(bytes_in(self->rig.folder), SPOOL_MIN_BYTES);
	EXPECT_LE(rig_stats(&self->rig).bytes, SPOOL_MIN_BYTES);
	EXPECT_GT(rig_stats(&self->rig).bytes, SPOOL_MIN_BYTES / 2);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.error, 0);
	EXPECT_GT(found.first, 0);
	EXPECT_GT(found.samples, 40000);
	EXPECT_EQ(found.first + found.samples, rig_stats(&self->rig).samples);
	disk_faults.skip = false;
}

TEST_F(spool, gives_up_more_when_its_bound_becomes_smaller)
{
	struct rig_found found;
	uint64_t all;

	disk_faults.skip = true;
	self->rig.conf.spool_max_bytes = 16 << 20;
	rig_open(&self->rig);
	fill(&self->rig, 1000000);
	EXPECT_GT(bytes_in(self->rig.folder), 8 << 20);
	all = rig_stats(&self->rig).samples;
	rig_close(&self->rig);
	self->rig.conf.spool_max_bytes = 6 << 20;
	rig_open(&self->rig);
	EXPECT_LE(bytes_in(self->rig.folder), 6 << 20);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.error, 0);
	EXPECT_GT(found.samples, 0);
	EXPECT_EQ(found.missing, 0);
	EXPECT_EQ(found.first + found.samples, all);
	/* And larger segments again, where there were small ones. */
	rig_close(&self->rig);
	self->rig.conf.spool_max_bytes = 9 << 20;
	rig_open(&self->rig);
	fill(&self->rig, 1000000);
	EXPECT_LE(bytes_in(self->rig.folder), 9 << 20);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.first + found.samples, rig_stats(&self->rig).samples);
	disk_faults.skip = false;
}

/* To where not even one of the old segments fits. */
TEST_F(spool, keeps_to_the_least_bound)
{
	struct rig_found found;

	disk_faults.skip = true;
	rig_open(&self->rig);
	fill(&self->rig, 4 * SPOOL_BATCH_SAMPLES);
	rig_close(&self->rig);
	self->rig.conf.spool_max_bytes = SPOOL_MIN_BYTES;
	rig_open(&self->rig);
	EXPECT_LE(bytes_in(self->rig.folder), SPOOL_MIN_BYTES);
	fill(&self->rig, 400000);
	EXPECT_LE(bytes_in(self->rig.folder), SPOOL_MIN_BYTES);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.error, 0);
	EXPECT_EQ(found.first + found.samples, rig_stats(&self->rig).samples);
	EXPECT_EQ(rig_stats(&self->rig).lost_records, 0);
	disk_faults.skip = false;
}

TEST_F(spool, tells_what_it_gave_up_from_what_is_damaged)
{
	struct spool_reader *reader;
	struct journal_hole hole;
	struct spool_batch batch;

	disk_faults.skip = true;
	self->rig.conf.spool_max_bytes = SPOOL_MIN_BYTES;
	rig_open(&self->rig);
	fill(&self->rig, 400000);
	reader = spool_reader_open(self->rig.conf.state_dir, self->rig.conf.run_dir);
	ASSERT_EQ(spool_reader_refresh(reader), 0);
	ASSERT_EQ(spool_reader_get(reader, 0, &batch, &hole), -ENODATA);
	EXPECT_EQ(hole.first, 0);
	EXPECT_EQ(hole.end, spool_reader_view(reader)->first);
	EXPECT_EQ(hole.samples_end, spool_reader_view(reader)->start);
	EXPECT_TRUE(hole.is_given_up);
	spool_reader_close(reader);
	disk_faults.skip = false;
}

TEST_F(spool, reads_past_a_damaged_block)
{
	struct rig_found found;

	rig_open(&self->rig);
	/* A head, the schema, and a block a page. */
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(rig_append_block(&self->rig, 10), 0);
	rig_damage(self->rig.segment, 4 * PAGE_BYTES + 80);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.error, 0);
	EXPECT_EQ(found.samples, 30);
	EXPECT_EQ(found.missing, 10);
	EXPECT_EQ(found.wrong, 0);
	rig_close(&self->rig);
	rig_open(&self->rig);
	EXPECT_EQ(rig_stats(&self->rig).samples, 40);
	EXPECT_EQ(rig_stats(&self->rig).bad_places, 1);
}

TEST_F(spool, loses_nothing_with_the_head_of_its_ring)
{
	uint64_t id;

	rig_open(&self->rig);
	id = mark_of(&self->rig).id;
	ASSERT_EQ(rig_append_block(&self->rig, 10), 0);
	ASSERT_EQ(rig_append(&self->rig, 20), 0);
	ASSERT_EQ(rig_append(&self->rig, 5), 0);
	rig_close(&self->rig);
	unlink(self->rig.mark);
	rig_damage(self->rig.slots, 20);
	rig_open(&self->rig);
	EXPECT_EQ(rig_stats(&self->rig).samples, 35);
	EXPECT_EQ(rig_stats(&self->rig).lost_records, 0);
	EXPECT_EQ(rig_stats(&self->rig).bad_places, 1);
	EXPECT_EQ(mark_of(&self->rig).id, id);
	ASSERT_EQ(rig_append(&self->rig, 5), 0);
	EXPECT_FOUND(&self->rig, 0, 40);
	rig_close(&self->rig);
	rig_open(&self->rig);
	EXPECT_EQ(rig_stats(&self->rig).bad_places, 0);
	EXPECT_EQ(rig_stats(&self->rig).samples, 40);
}

/* The head of the ring is the only thing that has the id. */
TEST_F(spool, finds_its_id_in_commits_alone)
{
	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 20), 0);
	rig_close(&self->rig);
	unlink(self->rig.segment);
	rig_damage(self->rig.slots, 20);
	rig_open(&self->rig);
	EXPECT_EQ(rig_stats(&self->rig).samples, 20);
	EXPECT_FOUND(&self->rig, 0, 20);
}

TEST_F(spool, uses_no_number_again_that_a_lost_ring_had)
{
	struct rig_found found;
	uint64_t samples;

	rig_open(&self->rig);
	ASSERT_EQ(rig_append_block(&self->rig, 10), 0);
	ASSERT_EQ(rig_append(&self->rig, 20), 0);
	rig_close(&self->rig);
	/* After a reboot: nobody knows how much it held. */
	unlink(self->rig.mark);
	unlink(self->rig.slots);
	rig_open(&self->rig);
	samples = rig_stats(&self->rig).samples;
	EXPECT_GE(samples, 30);
	EXPECT_EQ(samples, 10 + rig_stats(&self->rig).lost_records - PENDING_NOTES);
	self->rig.next = samples;
	ASSERT_EQ(rig_append(&self->rig, 5), 0);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.samples, 15);
	EXPECT_EQ(found.wrong, 0);
	EXPECT_EQ(found.missing, samples - 10);
}

TEST_F(spool, knows_from_the_mark_what_a_lost_ring_had)
{
	struct rig_found found;

	rig_open(&self->rig);
	ASSERT_EQ(rig_append_block(&self->rig, 10), 0);
	ASSERT_EQ(rig_append(&self->rig, 20), 0);
	rig_close(&self->rig);
	unlink(self->rig.slots);
	rig_open(&self->rig);
	EXPECT_EQ(rig_stats(&self->rig).samples, 30);
	EXPECT_EQ(rig_stats(&self->rig).lost_records, 20);
	ASSERT_EQ(rig_append(&self->rig, 5), 0);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.samples, 15);
	EXPECT_EQ(found.missing, 20);
	EXPECT_EQ(found.wrong, 0);
}

TEST_F(spool, is_not_read_beyond_the_mark)
{
	struct journal_mark mark;

	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	mark = mark_of(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	ASSERT_EQ(spool_mark_publish(self->rig.conf.run_dir, &mark), 0);
	EXPECT_FOUND(&self->rig, 0, 10);
}

TEST_F(spool, is_read_without_a_mark_as_far_as_its_blocks)
{
	rig_open(&self->rig);
	ASSERT_EQ(rig_append_block(&self->rig, 10), 0);
	ASSERT_EQ(rig_append(&self->rig, 5), 0);
	unlink(self->rig.mark);
	EXPECT_FOUND(&self->rig, 0, 10);
}

TEST_F(spool, takes_no_mark_that_is_damaged)
{
	uint8_t bytes[128];
	ssize_t size;

	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	size = scratch_read(self->rig.mark, bytes, sizeof(bytes));
	ASSERT_EQ(size, 80);
	for (ssize_t bit = 0; bit < 8 * size; bit++) {
		bytes[bit / 8] ^= 1u << bit % 8;
		scratch_write(self->rig.mark, bytes, (size_t)size);
		EXPECT_EQ(rig_read(&self->rig).error, -EBADMSG);
		bytes[bit / 8] ^= 1u << bit % 8;
	}
	scratch_write(self->rig.mark, bytes, (size_t)size - 1);
	EXPECT_EQ(rig_read(&self->rig).error, -EBADMSG);
}

TEST_F(spool, waits_for_files_that_the_mark_means)
{
	struct journal_mark mark;

	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	mark = mark_of(&self->rig);
	mark.id++;
	ASSERT_EQ(spool_mark_publish(self->rig.conf.run_dir, &mark), 0);
	EXPECT_EQ(rig_read(&self->rig).error, -EAGAIN);
}

/* What one store was told must reach the next look, whatever another one asks between. */
TEST_F(spool, looks_again_where_a_segment_went_though_another_asks_between)
{
	struct spool_reader *reader;
	struct journal_hole hole;
	struct spool_batch batch;
	uint64_t first;

	disk_faults.skip = true;
	self->rig.conf.spool_max_bytes = SPOOL_MIN_BYTES;
	rig_open(&self->rig);
	fill(&self->rig, 20 * SPOOL_BATCH_SAMPLES);
	rig_block(&self->rig);
	unlink(self->rig.mark);
	reader = spool_reader_open(self->rig.conf.state_dir, self->rig.conf.run_dir);
	ASSERT_EQ(spool_reader_refresh(reader), 0);
	first = spool_reader_view(reader)->first;
	ASSERT_EQ(unlink(self->rig.segment), 0);
	EXPECT_EQ(spool_reader_get(reader, first, &batch, &hole), -EAGAIN);
	EXPECT_EQ(spool_reader_get(reader, first + 1, &batch, &hole), -EAGAIN);
	ASSERT_EQ(spool_reader_refresh(reader), 0);
	EXPECT_EQ(spool_reader_get(reader, first, &batch, &hole), -ENODATA);
	spool_reader_close(reader);
	disk_faults.skip = false;
}

TEST_F(spool, keeps_its_ring_though_the_names_it_was_written_under_are_damaged)
{
	rig_open(&self->rig);
	ASSERT_EQ(rig_append_block(&self->rig, 3), 0);
	rig_close(&self->rig);
	snprintf(self->rig.conf.channels[1].name, HYDROPON_NAME_MAX, "ec-b");
	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 6), 0);
	rig_close(&self->rig);
	/* A head, the old names, the block, and the new names. */
	rig_damage(self->rig.segment, 3 * PAGE_BYTES + 80);
	rig_open(&self->rig);
	EXPECT_EQ(rig_stats(&self->rig).samples, 9);
	EXPECT_EQ(rig_stats(&self->rig).lost_records, 0);
	EXPECT_GE(rig_stats(&self->rig).bad_places, 1);
	/* Number 1 has the old name. */
	EXPECT_EQ(rig_read(&self->rig).samples, 9);
	EXPECT_EQ(rig_read(&self->rig).wrong, 1);
}

TEST_F(spool, is_begun_durably)
{
	int before = disk_faults.fsyncs;

	rig_open(&self->rig);
	/* State and spool directories, the segments, and the rename of the ring. */
	EXPECT_GE(disk_faults.fsyncs - before, 4);
}

TEST_F(spool, commits_each_batch_by_one_fdatasync)
{
	int before;

	rig_open(&self->rig);
	before = disk_faults.fdatasyncs;
	ASSERT_EQ(rig_append(&self->rig, 1), 0);
	ASSERT_EQ(rig_append(&self->rig, 1000), 0);
	EXPECT_EQ(disk_faults.fdatasyncs - before, 2);
}

TEST_F(spool, commits_nothing_twice_after_a_failed_fdatasync)
{
	uint64_t id;

	rig_open(&self->rig);
	id = mark_of(&self->rig).id;
	ASSERT_EQ(rig_append(&self->rig, 3), 0);
	disk_faults.fail_fdatasync = 1;
	EXPECT_EQ(rig_append(&self->rig, 2), -EIO);
	EXPECT_EQ(rig_stats(&self->rig).samples, 3);
	EXPECT_FOUND(&self->rig, 0, 3);
	/* Not before there is another ring. */
	EXPECT_EQ(rig_append(&self->rig, 2), -EBADF);
	ASSERT_EQ(spool_recover(self->rig.spool), 0);
	ASSERT_EQ(rig_append(&self->rig, 2), 0);
	EXPECT_EQ(rig_stats(&self->rig).samples, 5);
	EXPECT_EQ(mark_of(&self->rig).id, id);
	EXPECT_FOUND(&self->rig, 0, 5);
}

TEST_F(spool, notices_that_its_ring_was_removed)
{
	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 3), 0);
	ASSERT_EQ(unlink(self->rig.slots), 0);
	EXPECT_EQ(rig_append(&self->rig, 2), -ESTALE);
	ASSERT_EQ(spool_recover(self->rig.spool), 0);
	ASSERT_EQ(rig_append(&self->rig, 2), 0);
	EXPECT_FOUND(&self->rig, 0, 5);
}

TEST_F(spool, notices_that_its_segment_was_removed)
{
	struct rig_found found;

	rig_open(&self->rig);
	ASSERT_EQ(rig_append_block(&self->rig, 3), 0);
	ASSERT_EQ(unlink(self->rig.segment), 0);
	ASSERT_EQ(rig_append(&self->rig, 2), 0);
	rig_block(&self->rig);
	EXPECT_EQ(rig_stats(&self->rig).blocked, 3);
	rig_block(&self->rig);
	EXPECT_EQ(rig_stats(&self->rig).blocked, 5);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.first, 3);
	EXPECT_EQ(found.samples, 2);
	EXPECT_EQ(found.wrong, 0);
}

TEST_F(spool, notices_that_its_folder_was_moved_away)
{
	char moved[SCRATCH_PATH_MAX + 64];

	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 3), 0);
	snprintf(moved, sizeof(moved), "%s.moved", self->rig.folder);
	ASSERT_EQ(rename(self->rig.folder, moved), 0);
	EXPECT_EQ(rig_append(&self->rig, 2), -ENODEV);
}

TEST_F(spool, stores_without_a_mark_too)
{
	snprintf(self->rig.conf.run_dir, CONF_PATH_MAX, "%s/nowhere", self->rig.dir);
	rig_open(&self->rig);
	EXPECT_EQ(rig_append_block(&self->rig, 3), 0);
	EXPECT_EQ(rig_read(&self->rig).samples, 3);
}

TEST_F(spool, goes_on_when_its_blocks_cannot_be_written_for_a_while)
{
	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 3), 0);
	disk_faults.fail_fdatasync = 1;
	rig_block(&self->rig);
	EXPECT_EQ(rig_stats(&self->rig).blocked, 0);
	EXPECT_EQ(spool_block_error(self->rig.spool), -EIO);
	ASSERT_EQ(rig_append(&self->rig, 3), 0);
	rig_block(&self->rig);
	EXPECT_EQ(spool_block_error(self->rig.spool), 0);
	EXPECT_EQ(rig_stats(&self->rig).blocked, 6);
	EXPECT_FOUND(&self->rig, 0, 6);
}

TEST_F(spool, is_not_given_up_because_it_cannot_be_read_for_a_while)
{
	uint64_t id;

	rig_open(&self->rig);
	id = mark_of(&self->rig).id;
	ASSERT_EQ(rig_append_block(&self->rig, 3), 0);
	ASSERT_EQ(rig_append(&self->rig, 3), 0);
	rig_close(&self->rig);
	/* The schema in the segment, and the first page of the ring. */
	disk_faults.bad_from = PAGE_BYTES;
	disk_faults.bad_to = PAGE_BYTES + 1;
	disk_faults.bad_reads = 3;
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(spool_open(&self->rig.conf, false, &self->rig.spool), -EIO);
	rig_open(&self->rig);
	EXPECT_EQ(mark_of(&self->rig).id, id);
	EXPECT_EQ(rig_stats(&self->rig).samples, 6);
	rig_close(&self->rig);

	/* But a disk that stays so must not stop it for good: what it gives is kept. */
	disk_faults.bad_reads = 1000;
	EXPECT_EQ(spool_open(&self->rig.conf, false, &self->rig.spool), -EIO);
	ASSERT_EQ(spool_open(&self->rig.conf, true, &self->rig.spool), 0);
	EXPECT_EQ(mark_of(&self->rig).id, id);
	EXPECT_EQ(rig_stats(&self->rig).samples, 6);
	EXPECT_GT(rig_stats(&self->rig).bad_places, 0);
	ASSERT_EQ(rig_append_block(&self->rig, 3), 0);
	disk_faults.bad_reads = 0;
	EXPECT_EQ(rig_read(&self->rig).wrong, 0);
}

/* Of a version to come: its head is whole, and not ours. */
TEST_F(spool, leaves_alone_what_a_later_version_wrote)
{
	uint8_t page[PAGE_BYTES];
	int fd;

	rig_open(&self->rig);
	ASSERT_EQ(rig_append_block(&self->rig, 3), 0);
	rig_close(&self->rig);
	for (int i = 0; i < 2; i++) {
		fd = open(i ? self->rig.segment : self->rig.slots, O_RDWR | O_CLOEXEC);
		ASSERT_GE(fd, 0);
		ASSERT_EQ(pread(fd, page, sizeof(page), 0), PAGE_BYTES);
		page[8] = 5;
		ASSERT_EQ(pwrite(fd, page, sizeof(page), 0), PAGE_BYTES);
		EXPECT_EQ(spool_open(&self->rig.conf, true, &self->rig.spool), -EPROTONOSUPPORT);
		page[8] = 2;
		ASSERT_EQ(pwrite(fd, page, sizeof(page), 0), PAGE_BYTES);
		close(fd);
	}
	rig_open(&self->rig);
	EXPECT_FOUND(&self->rig, 0, 3);
}

/* The generation that the head of a file tells; 0: there is no such file. */
static uint64_t generation_of(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	uint8_t page[64];
	uint64_t generation = 0;

	if (fd >= 0 && pread(fd, page, sizeof(page), 0) == sizeof(page))
		generation = get_le64(page + 24);
	if (fd >= 0)
		close(fd);
	return generation;
}

/* The file of that generation; 0: of the lowest there is. */
static void find_segment(struct spool_rig *rig, uint64_t generation, char path[SCRATCH_PATH_MAX + 64])
{
	uint64_t lowest = UINT64_MAX;

	for (int i = 0; i < 64; i++) {
		char name[SCRATCH_PATH_MAX + 64];
		uint64_t found;

		snprintf(name, sizeof(name), "%s/segment-%05d", rig->folder, i);
		found = generation_of(name);
		if (!found || found >= lowest || (generation && found != generation))
			continue;
		lowest = found;
		memcpy(path, name, sizeof(name));
	}
	ASSERT_TRUE(lowest != UINT64_MAX);
}

/* Root deletes the oldest segment to make room; at the bound nothing is ever stored again. */
TEST_F(spool, goes_on_at_its_bound_when_the_oldest_segment_was_removed)
{
	char path[SCRATCH_PATH_MAX + 64];

	disk_faults.skip = true;
	self->rig.conf.spool_max_bytes = SPOOL_MIN_BYTES;
	rig_open(&self->rig);
	fill(&self->rig, 400000);
	find_segment(&self->rig, 0, path);
	ASSERT_EQ(unlink(path), 0);
	fill(&self->rig, 400000);
	disk_faults.skip = false;
}

/* The same with the one that is ready (highest generation). */
TEST_F(spool, goes_on_at_its_bound_when_the_ready_segment_was_removed)
{
	char path[SCRATCH_PATH_MAX + 64];
	struct journal_mark mark;

	disk_faults.skip = true;
	self->rig.conf.spool_max_bytes = SPOOL_MIN_BYTES;
	rig_open(&self->rig);
	fill(&self->rig, 400000);
	mark = mark_of(&self->rig);
	find_segment(&self->rig, mark.generation, path);
	ASSERT_EQ(unlink(path), 0);
	ASSERT_TRUE(mark.generation != mark.current);
	fill(&self->rig, 40960);
	for (int i = 0, error = -1; error; i++) {
		struct sample sample = rig_sample(self->rig.next);

		ASSERT_LT(i, 50);
		rig_block(&self->rig);
		error = spool_append(self->rig.spool, &sample, 1);
	}
	fill(&self->rig, 400000);
	disk_faults.skip = false;
}

/* The numbers that were passed over are forgotten if the power goes before a commit. */
TEST_F(spool, uses_no_number_again_though_the_power_went_twice)
{
	uint64_t records;

	rig_open(&self->rig);
	ASSERT_EQ(rig_append_block(&self->rig, 10), 0);
	ASSERT_EQ(rig_append(&self->rig, 20), 0);
	rig_close(&self->rig);
	/* reboot, and the ring is gone: a store has had 30 */
	unlink(self->rig.mark);
	unlink(self->rig.slots);
	rig_open(&self->rig);
	records = rig_stats(&self->rig).records;
	ASSERT_GE(records, 30);
	ASSERT_EQ(mark_of(&self->rig).records, records);
	rig_close(&self->rig);
	/* the power is cut before the first commit */
	unlink(self->rig.mark);
	rig_open(&self->rig);
	EXPECT_GE(rig_stats(&self->rig).records, records);
	EXPECT_GE(rig_stats(&self->rig).records, 30);
}

/* An unreadable page of the ring that nobody needs costs 16384 samples at each start. */
TEST_F(spool, loses_no_more_at_each_start_by_one_bad_page_of_the_ring)
{
	struct stat before, after;
	uint64_t records;

	self->rig.conf.spool_max_bytes = SPOOL_MIN_BYTES;
	rig_open(&self->rig);
	ASSERT_EQ(rig_append_block(&self->rig, 10), 0);
	rig_close(&self->rig);
	disk_faults.bad_from = 255 * PAGE_BYTES;	/* only the ring is so long */
	disk_faults.bad_to = 255 * PAGE_BYTES + 1;
	disk_faults.bad_reads = 1000000;
	unlink(self->rig.mark);
	ASSERT_EQ(stat(self->rig.slots, &before), 0);
	ASSERT_EQ(spool_open(&self->rig.conf, true, &self->rig.spool), 0);
	records = rig_stats(&self->rig).records;
	ASSERT_EQ(rig_append_block(&self->rig, 10), 0);
	rig_close(&self->rig);
	/* Another ring has other pages of the disk. */
	ASSERT_EQ(stat(self->rig.slots, &after), 0);
	if (after.st_ino != before.st_ino)
		disk_faults.bad_reads = 0;
	unlink(self->rig.mark);
	ASSERT_EQ(spool_open(&self->rig.conf, true, &self->rig.spool), 0);
	disk_faults.bad_reads = 0;
	EXPECT_EQ(rig_stats(&self->rig).records, records + 10);
}

/* Recovering in a folder that is not there any more. */
TEST_F(spool, notices_when_it_recovers_that_its_folder_is_gone)
{
	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 3), 0);
	ASSERT_EQ(unlink(self->rig.slots), 0);
	EXPECT_EQ(rig_append(&self->rig, 2), -ESTALE);
	scratch_remove(self->rig.folder);
	EXPECT_EQ(spool_recover(self->rig.spool), -ENODEV);
}

/* A schema whose texts and decimals are cut, too long or out of range. */
TEST(takes_no_schema_that_breaks_a_limit)
{
	struct conf conf = { .gateway = "g", .site = "s", .channels_n = 1 };
	struct spool_schema schema;
	uint8_t bytes[SPOOL_SCHEMA_MAX];
	size_t size;

	rig_name_channel(&conf.channels[0], "ph-a", QUANTITY_PH, 3);
	size = spool_schema_put(bytes, &conf);
	ASSERT_TRUE(spool_schema_get(bytes, size, &schema));
	EXPECT_EQ(schema.series_n, 1);
	EXPECT_STREQ(schema.series[0].channel, "ph-a");
	EXPECT_STREQ(schema.series[0].quantity, "ph");
	EXPECT_STREQ(schema.series[0].unit, "pH");
	EXPECT_EQ(schema.series[0].decimals, 3);
	for (size_t n = 0; n < size; n++)
		EXPECT_FALSE(spool_schema_get(bytes, n, &schema));
	EXPECT_FALSE(spool_schema_get(bytes, size + 1, &schema));
	bytes[size - 1] = SPOOL_DECIMALS_MAX + 1;
	EXPECT_FALSE(spool_schema_get(bytes, size, &schema));
	bytes[size - 1] = 3;
	bytes[8] = 0;
	EXPECT_FALSE(spool_schema_get(bytes, size, &schema));
	bytes[8] = 1;
	bytes[5] = 0xff;
	EXPECT_FALSE(spool_schema_get(bytes, size, &schema));
	bytes[5] = 1;
	bytes[0]++;
	EXPECT_FALSE(spool_schema_get(bytes, size, &schema));
}

/* A channel of 31 characters is the longest; one more would need the NUL's place. */
TEST(takes_no_text_that_is_too_long)
{
	uint8_t bytes[] = "\1\1g\1s\1\0\37" "0123456789012345678901234567890" "\2ph\2pH\3.";
	struct spool_schema schema;
	const size_t size = sizeof(bytes) - 2;

	ASSERT_TRUE(spool_schema_get(bytes, size, &schema));
	EXPECT_EQ(strlen(schema.series[0].channel), 31);
	memmove(bytes + 9, bytes + 8, size - 8);
	bytes[7] = 32;
	EXPECT_FALSE(spool_schema_get(bytes, size + 1, &schema));
}
