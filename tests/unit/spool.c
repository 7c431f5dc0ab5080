// SPDX-License-Identifier: GPL-2.0-only
#include "support/disk_faults.h"
#include "support/spool_rig.h"

#include <sys/resource.h>
#include <signal.h>

#include "spool/mark.h"

#define SMALL_MAX 2048

FIXTURE(spool) { struct spool_rig rig; };
FIXTURE_SETUP(spool) { rig_make(&self->rig); }
FIXTURE_TEARDOWN(spool) { rig_remove(&self->rig); }

TEST_F(spool, gives_back_what_was_committed)
{
	struct rig_found found;

	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 5), 0);
	ASSERT_EQ(rig_append(&self->rig, 1), 0);
	ASSERT_EQ(rig_append(&self->rig, SPOOL_BATCH_SAMPLES), 0);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.samples, 6 + SPOOL_BATCH_SAMPLES);
	EXPECT_EQ(found.wrong, 0);
	EXPECT_EQ(found.bad_places, 0);
	EXPECT_EQ(spool_produced(self->rig.spool), 6 + SPOOL_BATCH_SAMPLES);
	EXPECT_EQ(spool_bytes(self->rig.spool), scratch_size(self->rig.log));
}

TEST_F(spool, goes_on_counting_when_opened_again)
{
	struct rig_found found;
	uint64_t id;

	rig_open(&self->rig);
	id = spool_id(self->rig.spool);
	ASSERT_EQ(rig_append(&self->rig, 5), 0);
	rig_close(&self->rig);

	rig_open(&self->rig);
	EXPECT_EQ(spool_id(self->rig.spool), id);
	EXPECT_EQ(spool_produced(self->rig.spool), 5);
	ASSERT_EQ(rig_append(&self->rig, 2), 0);
	EXPECT_EQ(spool_produced(self->rig.spool), 7);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.samples, 7);
	EXPECT_EQ(found.wrong, 0);
}

TEST_F(spool, belongs_to_one_writer)
{
	struct spool *second;

	rig_open(&self->rig);
	EXPECT_EQ(spool_open(&self->rig.conf, &second), -EBUSY);
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

TEST_F(spool, writes_a_schema_only_when_the_series_change)
{
	struct rig_found found;
	uint64_t bytes;

	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 4), 0);
	bytes = spool_bytes(self->rig.spool);
	rig_close(&self->rig);
	rig_open(&self->rig);
	EXPECT_EQ(spool_bytes(self->rig.spool), bytes);
	rig_close(&self->rig);

	snprintf(self->rig.conf.channels[1].name, HYDROPON_NAME_MAX, "ec-b");
	rig_open(&self->rig);
	EXPECT_GT(spool_bytes(self->rig.spool), bytes);
	ASSERT_EQ(rig_append(&self->rig, 3), 0);
	rig_close(&self->rig);

	/* Back to the first ones: the last schema counts, not any. */
	snprintf(self->rig.conf.channels[1].name, HYDROPON_NAME_MAX, "ec-a");
	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 3), 0);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.samples, 10);
	/* Number 4, the only one of its channel between, has the other name. */
	EXPECT_EQ(found.wrong, 1);
}

TEST_F(spool, is_full_at_its_bound_and_keeps_the_old)
{
	struct rig_found found;

	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	rig_close(&self->rig);
	self->rig.conf.spool_max_bytes = (uint64_t)scratch_size(self->rig.log) +
		SPOOL_BATCH_HEADER_BYTES + 2 * SPOOL_SAMPLE_BYTES;
	rig_open(&self->rig);
	EXPECT_TRUE(spool_has_room(self->rig.spool, 2));
	EXPECT_FALSE(spool_has_room(self->rig.spool, 3));
	ASSERT_EQ(rig_append(&self->rig, 2), 0);
	EXPECT_FALSE(spool_has_room(self->rig.spool, 1));
	EXPECT_EQ(spool_bytes(self->rig.spool), self->rig.conf.spool_max_bytes);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.samples, 12);
	EXPECT_EQ(found.wrong, 0);
}

TEST_F(spool, opens_with_a_new_series_while_full)
{
	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	rig_close(&self->rig);
	/* Room for a sample, but not for the schema that it needs. */
	self->rig.conf.spool_max_bytes = (uint64_t)scratch_size(self->rig.log) +
		SPOOL_BATCH_HEADER_BYTES + SPOOL_SAMPLE_BYTES;
	snprintf(self->rig.conf.channels[1].name, HYDROPON_NAME_MAX, "ec-b");
	rig_open(&self->rig);
	EXPECT_LE(scratch_size(self->rig.log), (long long)self->rig.conf.spool_max_bytes);
	EXPECT_FALSE(spool_has_room(self->rig.spool, 1));
	self->rig.conf.spool_max_bytes += 4096;
	EXPECT_TRUE(spool_has_room(self->rig.spool, 1));
	EXPECT_EQ(rig_append(&self->rig, 1), 0);
}

/* A small spool: its bytes, and how many samples are whole at each length of it. */
struct small {
	uint8_t bytes[SMALL_MAX];
	size_t size;
	unsigned int whole[SMALL_MAX + 1];
	size_t batch_at[8], batches;
};

static void make_small(struct spool_rig *rig, struct small *small)
{
	static const size_t counts[] = { 1, 3, 2, 1 };
	size_t done = 0, at;

	rig_open(rig);
	at = (size_t)scratch_size(rig->log);
	for (size_t i = 0; i < sizeof(counts) / sizeof(*counts); i++) {
		small->batch_at[small->batches++] = at;
		ASSERT_EQ(rig_append(rig, counts[i]), 0);
		for (size_t end = (size_t)scratch_size(rig->log); at < end; at++)
			small->whole[at] = (unsigned int)done;
		done += counts[i];
	}
	small->whole[at] = (unsigned int)done;
	rig_close(rig);
	small->size = (size_t)scratch_read(rig->log, small->bytes, sizeof(small->bytes));
	ASSERT_EQ(small->size, at);
	ASSERT_LT(small->size, SMALL_MAX);
}

/* As after a power cut: the mark was in memory. */
static void put_back(struct spool_rig *rig, const uint8_t *bytes, size_t size)
{
	unlink(rig->mark);
	unlink(rig->quarantined);
	scratch_write(rig->log, bytes, size);
}

TEST_F_TIMEOUT(spool, survives_truncation_at_every_byte, 120)
{
	static struct small small;

	disk.skip = true;
	make_small(&self->rig, &small);
	for (size_t size = 0; size <= small.size; size++) {
		unsigned int whole = small.whole[size];
		struct rig_found found;

		put_back(&self->rig, small.bytes, size);
		found = rig_read(&self->rig);
		EXPECT_EQ(found.samples, whole);
		EXPECT_EQ(found.wrong, 0);

		rig_open(&self->rig);
		EXPECT_EQ(spool_produced(self->rig.spool), whole);
		self->rig.next = whole;
		ASSERT_EQ(rig_append(&self->rig, 2), 0);
		rig_close(&self->rig);
		found = rig_read(&self->rig);
		EXPECT_EQ(found.samples, whole + 2);
		EXPECT_EQ(found.wrong, 0);
		EXPECT_EQ(found.bad_places, 0);
		/* Only a header that is there in part is no torn tail. */
		EXPECT_EQ(scratch_size(self->rig.quarantined),
			  size && size < SPOOL_HEADER_BYTES ? (long long)size : -1);
	}
}

TEST_F_TIMEOUT(spool, survives_every_flipped_bit, 300)
{
	static struct small small;
	uint64_t torn = 0, quarantined = 0;

	disk.skip = true;
	make_small(&self->rig, &small);
	for (size_t bit = 0; bit < small.size * 8; bit++) {
		size_t place = bit / 8, last = small.batch_at[small.batches - 1];
		struct rig_found found;
		unsigned int before = 0;

		for (size_t i = 0; i < small.batches; i++)
			if (place >= small.batch_at[i])
				before = small.whole[small.batch_at[i]];
		small.bytes[place] ^= 1u << bit % 8;
		put_back(&self->rig, small.bytes, small.size);
		found = rig_read(&self->rig);
		EXPECT_EQ(found.wrong, 0);
		EXPECT_EQ(found.samples, place < SPOOL_HEADER_BYTES ? 0 : before);

		rig_open(&self->rig);
		if (place >= last) {
			torn++;
			EXPECT_EQ(spool_produced(self->rig.spool), before);
			EXPECT_EQ(scratch_size(self->rig.quarantined), -1);
		} else {
			quarantined++;
			/* Every later good batch was seen: the sum is known to the end. */
			EXPECT_EQ(spool_produced(self->rig.spool), small.whole[small.size]);
			EXPECT_EQ(scratch_size(self->rig.quarantined), (long long)small.size);
		}
		rig_close(&self->rig);
		small.bytes[place] ^= 1u << bit % 8;
	}
	harness_note("%llu taken as torn tail, %llu quarantined", (unsigned long long)torn,
		     (unsigned long long)quarantined);
}

TEST_F_TIMEOUT(spool, reads_past_every_flipped_bit_below_the_mark, 120)
{
	static struct small small;
	static uint8_t mark[64];
	ssize_t mark_size;

	disk.skip = true;
	make_small(&self->rig, &small);
	mark_size = scratch_read(self->rig.mark, mark, sizeof(mark));
	ASSERT_GT(mark_size, 0);
	for (size_t bit = small.batch_at[0] * 8; bit < small.size * 8; bit++) {
		size_t place = bit / 8, hit = 0, next;
		struct rig_found found;

		for (size_t i = 0; i < small.batches; i++)
			if (place >= small.batch_at[i])
				hit = i;
		small.bytes[place] ^= 1u << bit % 8;
		put_back(&self->rig, small.bytes, small.size);
		scratch_write(self->rig.mark, mark, (size_t)mark_size);
		found = rig_read(&self->rig);
		EXPECT_EQ(found.wrong, 0);
		EXPECT_EQ(found.bad_places, 1);
		next = hit + 1 < small.batches ? small.batch_at[hit + 1] : small.size;
		EXPECT_EQ(found.samples, small.whole[small.size] -
			  (small.whole[next] - small.whole[small.batch_at[hit]]));
		small.bytes[place] ^= 1u << bit % 8;
	}
}

TEST_F(spool, takes_garbage_after_the_last_batch_for_a_torn_tail)
{
	static struct small small;
	struct rig_found found;

	make_small(&self->rig, &small);
	memset(small.bytes + small.size, 0, 300);
	memcpy(small.bytes + small.size + 100, "HSPB", 4);
	put_back(&self->rig, small.bytes, small.size + 300);
	rig_open(&self->rig);
	EXPECT_EQ(scratch_size(self->rig.log), (long long)small.size);
	EXPECT_EQ(scratch_size(self->rig.quarantined), -1);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.samples, small.whole[small.size]);
}

TEST_F(spool, does_not_take_a_batch_twice)
{
	static struct small small;
	size_t length;

	make_small(&self->rig, &small);
	length = small.size - small.batch_at[3];
	memcpy(small.bytes + small.size, small.bytes + small.batch_at[3], length);
	put_back(&self->rig, small.bytes, small.size + length);
	EXPECT_EQ(rig_read(&self->rig).samples, 7);
	rig_open(&self->rig);
	EXPECT_EQ(spool_produced(self->rig.spool), 7);
	EXPECT_EQ(scratch_size(self->rig.log), (long long)small.size);
}

TEST_F(spool, finds_a_batch_wherever_the_search_begins)
{
	static uint8_t buffer[SPOOL_BATCH_MAX];
	struct spool_batch_header header;
	uint64_t place, end;
	int fd;

	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 300), 0);
	place = (uint64_t)scratch_size(self->rig.log);
	ASSERT_EQ(rig_append(&self->rig, 2), 0);
	end = (uint64_t)scratch_size(self->rig.log);
	fd = open(self->rig.log, O_RDONLY | O_CLOEXEC);
	ASSERT_GE(fd, 0);
	for (uint64_t before = 0; before < 9000; before++) {
		uint64_t offset = place - before;

		ASSERT_EQ(spool_batch_find(fd, &offset, end, 0, UINT64_MAX, buffer, &header), 0);
		EXPECT_EQ(offset, place);
		EXPECT_EQ(header.count, 2);
	}
	/* With a budget it takes more calls, and comes to the same. */
	for (uint64_t offset = place - 9000, calls = 1;; calls++) {
		int error = spool_batch_find(fd, &offset, end, 0, 1, buffer, &header);

		if (error == -EAGAIN)
			continue;
		EXPECT_EQ(error, 0);
		EXPECT_EQ(offset, place);
		EXPECT_EQ(calls, 3);
		break;
	}
	close(fd);
}

TEST_F(spool, finds_the_next_batch_behind_bytes_that_look_like_one)
{
	struct sample sample = rig_sample(0);
	struct rig_found found;
	long long place;

	rig_open(&self->rig);
	place = scratch_size(self->rig.log);
	memcpy(&sample.boot_ns, "\0\0HSPB\0\0", 8);
	ASSERT_EQ(spool_append(self->rig.spool, &sample, 1), 0);
	self->rig.next = 1;
	ASSERT_EQ(rig_append(&self->rig, 2), 0);
	rig_damage(self->rig.log, place);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.bad_places, 1);
	EXPECT_EQ(found.samples, 2);
	EXPECT_EQ(found.wrong, 0);
	rig_close(&self->rig);
	unlink(self->rig.mark);
	rig_open(&self->rig);
	EXPECT_GT(scratch_size(self->rig.quarantined), 0);
	EXPECT_EQ(spool_produced(self->rig.spool), 3);
}

TEST_F(spool, does_not_take_batches_of_another_spool)
{
	static struct small small;
	struct rig_found found;

	make_small(&self->rig, &small);
	/* Another id, and a header that is right for it. */
	spool_header_put(small.bytes, &(struct spool_header){ .id = 42 });
	put_back(&self->rig, small.bytes, small.size);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.samples, 0);
	rig_open(&self->rig);
	EXPECT_EQ(spool_produced(self->rig.spool), 0);
}

TEST_F(spool, quarantines_each_damaged_file_under_a_name_of_its_own)
{
	static struct small small;
	char second[SCRATCH_PATH_MAX + 32];
	uint64_t id;

	make_small(&self->rig, &small);
	small.bytes[small.batch_at[1] + 60] ^= 1;
	put_back(&self->rig, small.bytes, small.size);
	rig_open(&self->rig);
	id = spool_id(self->rig.spool);
	EXPECT_EQ(spool_produced(self->rig.spool), 7);
	rig_close(&self->rig);

	scratch_write(self->rig.log, small.bytes, small.size);
	rig_open(&self->rig);
	EXPECT_NE(spool_id(self->rig.spool), id);
	EXPECT_EQ(scratch_size(self->rig.quarantined), (long long)small.size);
	snprintf(second, sizeof(second), "%s/state/spool/log.corrupt-2", self->rig.dir);
	EXPECT_EQ(scratch_size(second), (long long)small.size);
}

TEST_F(spool, takes_a_loss_below_the_mark_for_damage)
{
	static struct small small;

	make_small(&self->rig, &small);
	/* The last batch is bad, but the mark says that it was committed. */
	small.bytes[small.size - 1] ^= 1;
	scratch_write(self->rig.log, small.bytes, small.size);
	rig_open(&self->rig);
	EXPECT_EQ(scratch_size(self->rig.quarantined), (long long)small.size);
	EXPECT_EQ(spool_produced(self->rig.spool), 7);
}

TEST_F(spool, keeps_a_whole_batch_that_the_mark_does_not_know)
{
	struct rig_found found;
	static uint8_t mark[64];
	ssize_t size;

	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 3), 0);
	size = scratch_read(self->rig.mark, mark, sizeof(mark));
	ASSERT_EQ(rig_append(&self->rig, 2), 0);
	rig_close(&self->rig);
	/* Killed between fdatasync and mark. */
	scratch_write(self->rig.mark, mark, (size_t)size);
	EXPECT_EQ(rig_read(&self->rig).samples, 3);
	rig_open(&self->rig);
	EXPECT_EQ(spool_produced(self->rig.spool), 5);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.samples, 5);
	EXPECT_EQ(found.wrong, 0);
}

TEST_F(spool, is_not_read_beyond_the_mark)
{
	static struct small small;
	struct spool_mark mark;
	struct rig_found found;

	make_small(&self->rig, &small);
	ASSERT_EQ(spool_mark_read(self->rig.conf.run_dir, &mark), 0);
	EXPECT_EQ(mark.produced, 7);
	EXPECT_EQ(mark.offset, small.size);
	mark.offset = small.batch_at[2];
	mark.produced = small.whole[mark.offset];
	ASSERT_EQ(spool_mark_publish(self->rig.conf.run_dir, &mark), 0);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.samples, mark.produced);
	EXPECT_EQ(found.bad_places, 0);

	mark.id++;
	ASSERT_EQ(spool_mark_publish(self->rig.conf.run_dir, &mark), 0);
	EXPECT_EQ(rig_read(&self->rig).error, -EAGAIN);
	scratch_write(self->rig.mark, "nonsense", 8);
	EXPECT_EQ(rig_read(&self->rig).error, -EBADMSG);
}

TEST_F(spool, is_begun_durably)
{
	int before = disk.fsyncs;

	rig_open(&self->rig);
	/* State and spool directories, the file, and the rename in its directory. */
	EXPECT_GE(disk.fsyncs - before, 4);
}

TEST_F(spool, commits_each_batch_by_one_fdatasync)
{
	int before;

	rig_open(&self->rig);
	before = disk.fdatasyncs;
	ASSERT_EQ(rig_append(&self->rig, 1), 0);
	ASSERT_EQ(rig_append(&self->rig, 1000), 0);
	EXPECT_EQ(disk.fdatasyncs - before, 2);
}

TEST_F(spool, commits_nothing_twice_after_a_failed_fdatasync)
{
	struct rig_found found;
	uint64_t id;

	rig_open(&self->rig);
	id = spool_id(self->rig.spool);
	ASSERT_EQ(rig_append(&self->rig, 3), 0);
	disk.fail_fdatasync = 1;
	EXPECT_EQ(rig_append(&self->rig, 2), -EIO);
	EXPECT_EQ(spool_produced(self->rig.spool), 3);
	EXPECT_EQ(rig_read(&self->rig).samples, 3);
	/* Not before the file was opened anew. */
	EXPECT_EQ(rig_append(&self->rig, 2), -EBADF);
	ASSERT_EQ(spool_recover(self->rig.spool), 0);
	ASSERT_EQ(rig_append(&self->rig, 2), 0);
	EXPECT_EQ(spool_produced(self->rig.spool), 5);
	EXPECT_EQ(spool_id(self->rig.spool), id);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.samples, 5);
	EXPECT_EQ(found.wrong, 0);
	EXPECT_EQ(scratch_size(self->rig.quarantined), -1);
}

TEST_F(spool, cuts_off_what_a_failed_write_left)
{
	struct rlimit limit, old;
	struct rig_found found;

	signal(SIGXFSZ, SIG_IGN);
	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 3), 0);
	ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = (rlim_t)scratch_size(self->rig.log) + 70;
	ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
	EXPECT_EQ(rig_append(&self->rig, 5), -EFBIG);
	EXPECT_EQ(scratch_size(self->rig.log), (long long)limit.rlim_cur);
	ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
	ASSERT_EQ(spool_recover(self->rig.spool), 0);
	EXPECT_EQ(scratch_size(self->rig.log), (long long)limit.rlim_cur - 70);
	ASSERT_EQ(rig_append(&self->rig, 5), 0);
	found = rig_read(&self->rig);
	EXPECT_EQ(found.samples, 8);
	EXPECT_EQ(found.wrong, 0);
}

TEST_F(spool, notices_that_its_file_was_moved_away)
{
	uint64_t id;

	rig_open(&self->rig);
	id = spool_id(self->rig.spool);
	ASSERT_EQ(rig_append(&self->rig, 3), 0);
	ASSERT_EQ(rename(self->rig.log, self->rig.quarantined), 0);
	EXPECT_NE(rig_append(&self->rig, 2), 0);
	ASSERT_EQ(spool_recover(self->rig.spool), 0);
	EXPECT_NE(spool_id(self->rig.spool), id);
	ASSERT_EQ(rig_append(&self->rig, 2), 0);
	EXPECT_EQ(spool_produced(self->rig.spool), 5);
	EXPECT_EQ(rig_read(&self->rig).samples, 2);
}

TEST_F(spool, stores_without_a_mark_too)
{
	snprintf(self->rig.conf.run_dir, CONF_PATH_MAX, "%s/nowhere", self->rig.dir);
	rig_open(&self->rig);
	EXPECT_EQ(rig_append(&self->rig, 3), 0);
	EXPECT_EQ(rig_read(&self->rig).samples, 3);
}

TEST_F(spool, does_not_count_what_was_not_committed_when_it_recovers)
{
	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 3), 0);
	disk.fail_fdatasync = 1;
	EXPECT_EQ(rig_append(&self->rig, 2), -EIO);
	rig_damage(self->rig.log, scratch_size(self->rig.log) - 2 * SPOOL_SAMPLE_BYTES -
		   SPOOL_BATCH_HEADER_BYTES - 10);
	ASSERT_EQ(spool_recover(self->rig.spool), 0);
	EXPECT_GT(scratch_size(self->rig.quarantined), 0);
	EXPECT_EQ(spool_produced(self->rig.spool), 3);
}

TEST_F(spool, is_not_given_up_because_it_cannot_be_read_for_a_while)
{
	uint64_t id;

	rig_open(&self->rig);
	id = spool_id(self->rig.spool);
	ASSERT_EQ(rig_append(&self->rig, 3), 0);
	rig_close(&self->rig);
	disk.bad_to = SPOOL_HEADER_BYTES + 1;
	disk.bad_reads = 3;
	for (int i = 0; i < 3; i++)
		EXPECT_EQ(spool_open(&self->rig.conf, &self->rig.spool), -EIO);
	rig_open(&self->rig);
	EXPECT_EQ(spool_id(self->rig.spool), id);
	EXPECT_EQ(spool_produced(self->rig.spool), 3);
	rig_close(&self->rig);

	/* But a disk that stays so must not stop it for good. */
	disk.bad_from = SPOOL_HEADER_BYTES;
	disk.bad_reads = 1000;
	for (int i = 0; i < 9; i++)
		EXPECT_EQ(spool_open(&self->rig.conf, &self->rig.spool), -EIO);
	rig_open(&self->rig);
	EXPECT_NE(spool_id(self->rig.spool), id);
	EXPECT_EQ(spool_produced(self->rig.spool), 3);
}

TEST_F(spool, has_a_log_at_every_moment_of_a_quarantine)
{
	static struct small small;
	char second[SCRATCH_PATH_MAX + 32];

	make_small(&self->rig, &small);
	small.bytes[small.batch_at[1] + 60] ^= 1;
	put_back(&self->rig, small.bytes, small.size);
	disk.fail_rename = 1;
	EXPECT_EQ(spool_open(&self->rig.conf, &self->rig.spool), -EIO);
	EXPECT_EQ(scratch_size(self->rig.log), (long long)small.size);
	EXPECT_EQ(scratch_size(self->rig.quarantined), (long long)small.size);
	rig_open(&self->rig);
	EXPECT_EQ(spool_produced(self->rig.spool), 7);
	EXPECT_EQ(scratch_size(self->rig.quarantined), (long long)small.size);
	snprintf(second, sizeof(second), "%s/state/spool/log.corrupt-2", self->rig.dir);
	EXPECT_EQ(scratch_size(second), -1);
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
	bytes[7] = 0;
	EXPECT_FALSE(spool_schema_get(bytes, size, &schema));
	bytes[4] = 0xff;
	EXPECT_FALSE(spool_schema_get(bytes, size, &schema));
}

/* A channel of 31 characters is the longest; one more would need the NUL's place. */
TEST(takes_no_text_that_is_too_long)
{
	uint8_t bytes[] = "\1g\1s\1\0\37" "0123456789012345678901234567890" "\2ph\2pH\3.";
	struct spool_schema schema;
	const size_t size = sizeof(bytes) - 2;

	ASSERT_TRUE(spool_schema_get(bytes, size, &schema));
	EXPECT_EQ(strlen(schema.series[0].channel), 31);
	memmove(bytes + 8, bytes + 7, size - 7);
	bytes[6] = 32;
	EXPECT_FALSE(spool_schema_get(bytes, size + 1, &schema));
}
