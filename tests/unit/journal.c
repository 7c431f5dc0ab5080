// SPDX-License-Identifier: GPL-2.0-only
/* The journal on a disk that is cut at every change, once and twice: what was committed is
 * there, what is there was committed or about to be, and each record once.
 */
#include "harness.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "spool/journal_reader.h"
#include "spool/segments.h"
#include "support/disk_model.h"
#include "support/random.h"
#include "support/scratch.h"

#define SERIES 4
#define SLOTS 12
#define SEGMENT (10 * PAGE_BYTES)

static uint32_t below(uint64_t *rng, uint32_t n)
{
	return (uint32_t)(random_next(rng) % n);
}

/* The first byte of a context is the decimals, the others are whatever. */
static bool test_series(const uint8_t *bytes, size_t size, struct journal_series *series)
{
	if (!size || bytes[0] > 9)
		return false;
	series->n = SERIES;
	memset(series->decimals, bytes[0], SERIES);
	return true;
}

static uint64_t test_id(void)
{
	return 0x1122334455667788;
}

/* Every other note. */
static bool is_kept(const uint8_t *bytes, size_t size)
{
	uint64_t number;

	memcpy(&number, bytes, sizeof(number));
	return number % 2;
}

static const uint8_t context_a[] = "\2 the first", context_b[] = "\3 another one";

static struct journal_config test_config(const uint8_t *context, size_t size)
{
	return (struct journal_config){
		.context = { context, size, test_series },
		.max_bytes = journal_min_bytes(SLOTS, SEGMENT) + SEGMENT,
		.slots_pages = SLOTS,
		.segment_bytes = SEGMENT,
		.new_id = test_id,
		.is_kept = is_kept,
	};
}

/* Each record is known by its number. */
static bool is_note(uint64_t number)
{
	return number % 23 == 7;
}

static uint32_t note_at(uint64_t number, uint8_t bytes[NOTE_BYTES_MAX])
{
	uint32_t size = 8 + (uint32_t)(number % 300);

	memset(bytes, (int)(number % 251), size);
	memcpy(bytes, &number, 8);
	return size;
}

static struct sample sample_at(uint64_t number)
{
	bool is_bad = number % 29 == 3;

	return (struct sample){
		.channel = (uint16_t)(number % SERIES),
		.boot_ns = number / SERIES * 1000000,
		.wall_ms = 1700000000000 + (int64_t)(number / SERIES),
		.raw = is_bad ? -EIO : (int32_t)(number * 7 % 65536),
		.value = is_bad ? 0 : (double)(number * 7 % 65536) / 100,
		.q = is_bad ? Q_BAD_READ : Q_GOOD,
	};
}

static bool is_sample(const struct sample *found, uint64_t number)
{
	const struct sample want = sample_at(number);

	return found->channel == want.channel && found->boot_ns == want.boot_ns &&
	       found->wall_ms == want.wall_ms && found->raw == want.raw && found->q == want.q &&
	       fabs(found->value - want.value) < 1e-9;
}

static uint64_t samples_before(uint64_t number)
{
	return number - (number + 22 - 7) / 23;
}

/* Commits the next records, at most @n of them. */
static int commit_next(struct journal *journal, uint64_t number, uint32_t n, uint32_t *done)
{
	static struct sample samples[JOURNAL_COMMIT_SAMPLES];
	uint8_t note[NOTE_BYTES_MAX];

	*done = 1;
	if (is_note(number))
		return journal_note(journal, note, note_at(number, note));
	for (*done = 0; *done < n && !is_note(number + *done); ++*done)
		samples[*done] = sample_at(number + *done);
	return journal_append(journal, samples, *done);
}

/* What a reader of a journal has found. */
struct found {
	uint64_t first, end;	/* without a hole between, but for what was given up */
	uint64_t given_up;
	uint64_t kept, newest_kept, newest_gone;	/* notes to be kept before the oldest segment */
	const char *wrong;
	uint64_t at;
};

static void check_batch(const struct journal_batch *batch, struct found *found)
{
	const struct pending *records = batch->records;
	uint32_t note = 0, sample = 0;
	uint8_t bytes[NOTE_BYTES_MAX];

	if (batch->samples != samples_before(batch->first))
		found->wrong = "samples before a batch";
	for (uint64_t number = batch->first; number < batch->first + pending_records(records);
	     number++) {
		found->at = number;
		if (is_note(number)) {
			uint32_t size = note_at(number, bytes);

			if (note == records->notes_n || records->notes[note].before != sample ||
			    records->notes[note].size != size ||
			    memcmp(records->notes[note].bytes, bytes, size))
				found->wrong = "a note";
			note++;
		} else {
			if (sample == records->samples_n ||
			    !is_sample(&records->samples[sample], number))
				found->wrong = "a sample";
			sample++;
		}
		if (found->wrong)
			return;
	}
}

/* What is to be kept, and is not there any more. */
static void look_into_hole(const struct journal_hole *hole, struct found *found)
{
	for (uint64_t number = hole->first; number < hole->end; number++)
		if (is_note(number) && number % 2)
			found->newest_gone = number + 1;
}

static struct found read_all(struct disk *disk, const struct journal_mark *mark)
{
	uint64_t first = 0, samples;
	struct journal_reader *reader = journal_reader_open(disk, test_series);
	struct journal_batch batch;
	struct journal_hole hole;
	struct found found = { 0 };
	int error = journal_reader_refresh(reader, mark);

	if (error)
		found.wrong = strerror(-error);
	else
		journal_reader_first(reader, &first, &samples);
	while (!found.wrong && found.end < mark->records) {
		found.at = found.end;
		error = journal_reader_get(reader, found.end, &batch, &hole);
		if (error == -ENODATA && hole.is_given_up && hole.end > found.end &&
		    hole.samples_end == samples_before(hole.end)) {
			look_into_hole(&hole, &found);
			found.given_up += hole.end - found.end;
			found.end = hole.end;
		} else if (error) {
			found.wrong = error == -ENODATA ? "a hole" : strerror(-error);
		} else {
			check_batch(&batch, &found);
			if (batch.first < first) {
				found.kept++;
				found.newest_kept = batch.first + 1;
			}
			found.end = batch.first + pending_records(batch.records);
		}
	}
	journal_reader_close(reader);
	return found;
}

/* One state of the disk after another, and what had been promised by then. */
struct campaign {
	uint64_t rng;
	struct model *model;
	struct journal *journal;
	struct journal_config config;
	uint64_t committed, begun;	/* records */
	uint64_t states, second_cuts, wanted;
	unsigned int per_change;	/* of the cuts that are drawn */
	bool reads_fail;
	bool keeps;			/* it must have the newest note that is to be kept */
	uint64_t kept;			/* times that a note was found which outlived its segment */
	bool is_failed;
};

static bool verify(struct campaign *c, struct model *image, bool may_cut, const char *what);

struct second {
	struct campaign *campaign;
	struct model *image;
};

static void cut_again(void *data)
{
	struct second *second = data;
	struct campaign *c = second->campaign;
	struct model *image;

	if (below(&c->rng, 16) || c->is_failed)
		return;
	image = model_cut(second->image, (enum model_cut)below(&c->rng, MODEL_CUTS),
			  random_next(&c->rng));
	c->second_cuts++;
	verify(c, image, false, "a second cut");
	model_free(image);
}

static bool give_up_campaign(struct campaign *c, const char *what, const char *why, uint64_t at)
{
	harness_fail(__FILE__, __LINE__,
		     "%s: %s at record %llu; %llu committed, %llu begun, after %llu states", what,
		     why, (unsigned long long)at, (unsigned long long)c->committed,
		     (unsigned long long)c->begun, (unsigned long long)c->states);
	c->is_failed = true;
	return false;
}

/* Opens what a cut has left, reads it, goes on, and reads it once more. */
static bool verify(struct campaign *c, struct model *image, bool may_cut, const char *what)
{
	struct second second = { c, image };
	uint64_t committed = c->committed, begun = c->begun;
	struct journal_stats stats;
	struct journal_mark mark;
	struct journal *journal;
	struct found found;
	uint32_t n;
	int error;

	c->states++;
	if (may_cut)
		model_on_change(image, cut_again, &second);
	/* A page that cannot be read once may be read the next time. */
	model_faults(image)->read_fails = c->reads_fail ? 400 : 0;
	for (int tries = 0; tries < 100; tries++) {
		error = journal_open(model_disk(image), &c->config, &journal);
		if (error != -EIO)
			break;
	}
	model_faults(image)->read_fails = 0;
	model_on_change(image, NULL, NULL);
	if (error)
		return give_up_campaign(c, what, strerror(-error), 0);
	for (int pass = 0; pass < 2; pass++) {
		journal_stats(journal, &stats);
		journal_mark(journal, &mark);
		if (stats.records < committed || stats.records > begun)
			error = give_up_campaign(c, what, "records are lost or invented",
						 stats.records) ? 0 : -1;
		else if (stats.lost_records || stats.bad_places)
			error = give_up_campaign(c, what, "corruption is told of",
						 stats.lost_records) ? 0 : -1;
		else if (model_bytes(image) > c->config.max_bytes)
			error = give_up_campaign(c, what, "it is larger than it may be",
						 stats.bytes) ? 0 : -1;
		if (error)
			break;
		found = read_all(model_disk(image), &mark);
		if (found.wrong) {
			give_up_campaign(c, what, found.wrong, found.at);
			break;
		}
		c->kept += found.kept;
		if (c->keeps && found.newest_gone > found.newest_kept) {
			give_up_campaign(c, what, "the newest note to be kept is gone",
					 found.newest_gone - 1);
			break;
		}
		if (pass || below(&c->rng, 4))
			break;
		for (int i = 0; i < 3; i++) {
			committed = begun = stats.records;
			if (commit_next(journal, stats.records, 1 + below(&c->rng, 30), &n))
				give_up_campaign(c, what, "it takes nothing more", stats.records);
			stats.records += n;
			committed = begun = stats.records;
		}
		if (below(&c->rng, 2))
			journal_block(journal);
	}
	journal_close(journal);
	return !c->is_failed;
}

static void cut_here(void *data)
{
	static const enum model_cut always[] = { MODEL_NONE, MODEL_ALL, MODEL_LAST_TORN };
	struct campaign *c = data;
	unsigned int n = 3 + c->per_change;

	for (unsigned int i = 0; i < n && !c->is_failed; i++) {
		enum model_cut cut = i < 3 ? always[i] :
			(enum model_cut)(MODEL_SECTORS + below(&c->rng, 3));
		struct model *image = model_cut(c->model, cut, random_next(&c->rng));

		verify(c, image, true, "a cut");
		model_free(image);
	}
}

/* Opens it again, in the same or in another configuration. */
static void reopen(struct campaign *c, bool changes)
{
	int error;

	journal_close(c->journal);
	if (changes && below(&c->rng, 2)) {
		bool is_a = c->config.context.bytes == context_a;

		c->config = is_a ? test_config(context_b, sizeof(context_b)) :
				   test_config(context_a, sizeof(context_a));
		c->config.max_bytes = journal_min_bytes(SLOTS, SEGMENT) + below(&c->rng, 4) * SEGMENT;
	}
	error = journal_open(model_disk(c->model), &c->config, &c->journal);
	if (error) {
		c->journal = NULL;
		give_up_campaign(c, "the run", strerror(-error), 0);
	}
}

static void step(struct campaign *c, bool has_faults)
{
	uint32_t n = 1 + below(&c->rng, below(&c->rng, 8) ? 12 : 200), done = 0;
	int error;

	/* What is begun is as much as there can be after a cut from here on. */
	for (done = 0; done < n && (!done || !is_note(c->committed + done)); done++)
		if (is_note(c->committed))
			n = 1;
	c->begun = c->committed + done;
	error = commit_next(c->journal, c->committed, n, &done);
	if (!error)
		c->committed += done;
	else if (!has_faults)
		give_up_campaign(c, "the run", strerror(-error), c->committed);
	for (int tries = 0; error && tries < 100; tries++)
		error = journal_recover(c->journal);
	if (!below(&c->rng, 9) || journal_is_filling(c->journal)) {
		error = journal_block(c->journal);
		if (error && !has_faults)
			give_up_campaign(c, "the run", strerror(-error), c->committed);
	}
}

/* To where each new segment takes the place of an old one. */
static void fill_up(struct campaign *c, bool has_faults)
{
	struct journal_mark mark;
	uint64_t end = c->committed + 2000;

	model_on_change(c->model, NULL, NULL);
	while (!c->is_failed && c->committed < end)
		step(c, has_faults);
	for (int tries = 0; journal_recover(c->journal) && tries < 100; tries++)
		;
	journal_mark(c->journal, &mark);
	EXPECT_GT(read_all(model_disk(c->model), &mark).given_up, 0);
	model_on_change(c->model, cut_here, c);
}

static void run_campaign(struct campaign *c, bool has_faults)
{
	bool is_full = false;

	while (!c->is_failed && c->states < c->wanted) {
		if (!is_full && c->states > c->wanted / 2) {
			is_full = true;
			fill_up(c, has_faults);
		}
		step(c, has_faults);
		if (!below(&c->rng, has_faults ? 200 : 25) && !c->is_failed && !c->keeps) {
			model_faults(c->model)->sync_fails = 0;
			model_faults(c->model)->write_fails = 0;
			reopen(c, true);
			if (has_faults) {
				model_faults(c->model)->sync_fails = 7;
				model_faults(c->model)->write_fails = 31;
			}
		}
	}
	harness_note("%llu states, %llu of them after a second cut; %llu records in %llu changes",
		     (unsigned long long)c->states, (unsigned long long)c->second_cuts,
		     (unsigned long long)c->committed,
		     (unsigned long long)model_changes(c->model));
	harness_note("%llu times a note was there that outlived its segment",
		     (unsigned long long)c->kept);
	/* A few states are over before anything is given up. */
	if (is_full || c->keeps)
		EXPECT_GT(c->kept, 0);
}

FIXTURE(journal) { struct campaign c; };

FIXTURE_SETUP(journal)
{
	struct campaign *c = &self->c;

	*c = (struct campaign){ .rng = number_from("HYDROPON_SEED", 1), .per_change = 3 };
	c->wanted = number_from("HYDROPON_STATES", 600);
	c->model = model_new(random_next(&c->rng));
	c->config = test_config(context_a, sizeof(context_a));
}

FIXTURE_TEARDOWN(journal)
{
	journal_close(self->c.journal);
	model_free(self->c.model);
}

static void expect_all(struct campaign *c)
{
	struct journal_mark mark;
	struct found found;

	journal_mark(c->journal, &mark);
	EXPECT_EQ(mark.records, c->committed);
	found = read_all(model_disk(c->model), &mark);
	if (found.wrong)
		harness_fail(__FILE__, __LINE__, "%s at %llu", found.wrong,
			     (unsigned long long)found.at);
	EXPECT_EQ(found.end, c->committed);
}

TEST_F(journal, gives_back_what_was_committed)
{
	struct campaign *c = &self->c;

	ASSERT_EQ(journal_open(model_disk(c->model), &c->config, &c->journal), 0);
	for (int i = 0; i < 400 && !c->is_failed; i++) {
		step(c, false);
		if (i % 10 == 0)
			expect_all(c);
	}
	expect_all(c);
	reopen(c, false);
	expect_all(c);
}

/* The same in a folder of a real file system. */
TEST(journal_lives_in_a_folder)
{
	struct campaign c = { .rng = 3, .config = test_config(context_a, sizeof(context_a)) };
	struct disk *disk, *second;
	struct journal_mark mark;
	struct found found;
	char path[SCRATCH_PATH_MAX];
	uint32_t n;

	scratch_make(path);
	ASSERT_EQ(disk_open_folder(path, true, &disk), 0);
	EXPECT_EQ(disk_open_folder(path, true, &second), -EBUSY);
	for (int opening = 0; opening < 3; opening++) {
		ASSERT_EQ(journal_open(disk, &c.config, &c.journal), 0);
		for (int i = 0; i < 150; i++) {
			ASSERT_EQ(commit_next(c.journal, c.committed, 1 + below(&c.rng, 40), &n), 0);
			c.committed += n;
			if (i % 7 == 0)
				ASSERT_EQ(journal_block(c.journal), 0);
		}
		journal_mark(c.journal, &mark);
		EXPECT_EQ(mark.records, c.committed);
		ASSERT_EQ(disk_open_folder(path, false, &second), 0);
		found = read_all(second, &mark);
		if (found.wrong)
			harness_fail(__FILE__, __LINE__, "%s at %llu", found.wrong,
				     (unsigned long long)found.at);
		EXPECT_EQ(found.end, c.committed);
		disk_close_folder(second);
		journal_close(c.journal);
	}
	EXPECT_GE(found.given_up, 1);
	disk_close_folder(disk);
	scratch_remove(path);
}

TEST_F_TIMEOUT(journal, loses_and_invents_nothing_at_any_cut, 3600)
{
	struct campaign *c = &self->c;

	model_on_change(c->model, cut_here, c);
	ASSERT_EQ(journal_open(model_disk(c->model), &c->config, &c->journal), 0);
	run_campaign(c, false);
	EXPECT_GE(c->second_cuts, c->wanted / 100);
}

/* What is given up for room at its bound: of a disk that fails, or a bound that becomes smaller, a
 * crash may cost them.
 */
TEST_F_TIMEOUT(journal, keeps_notes_of_what_is_given_up_at_any_cut, 3600)
{
	struct campaign *c = &self->c;

	c->keeps = true;
	ASSERT_EQ(journal_open(model_disk(c->model), &c->config, &c->journal), 0);
	fill_up(c, false);
	run_campaign(c, false);
}

TEST_F_TIMEOUT(journal, loses_and_invents_nothing_while_the_disk_fails, 3600)
{
	struct campaign *c = &self->c;

	ASSERT_EQ(journal_open(model_disk(c->model), &c->config, &c->journal), 0);
	model_faults(c->model)->sync_fails = 7;
	model_faults(c->model)->write_fails = 31;
	c->reads_fail = true;
	model_on_change(c->model, cut_here, c);
	run_campaign(c, true);
}

static void commit_some(struct campaign *c, uint32_t commits)
{
	for (uint32_t n, i = 0; i < commits; i++) {
		ASSERT_EQ(commit_next(c->journal, c->committed, 6, &n), 0);
		c->committed += n;
	}
	c->begun = c->committed;
}

/* A commit that fails, and another ring in the place of the one that it failed on. */
static void replace_ring(struct campaign *c)
{
	uint32_t n;

	model_faults(c->model)->sync_fails = 1;
	EXPECT_EQ(commit_next(c->journal, c->committed, 6, &n), -EIO);
	model_faults(c->model)->sync_fails = 0;
}

TEST_F(journal, goes_on_where_a_failed_block_ends_amid_a_commit)
{
	struct campaign *c = &self->c;

	ASSERT_EQ(journal_open(model_disk(c->model), &c->config, &c->journal), 0);
	commit_some(c, 3);
	model_faults(c->model)->keeps_all = true;
	model_faults(c->model)->sync_fails = 1;
	EXPECT_EQ(journal_block(c->journal), -EIO);
	model_faults(c->model)->sync_fails = 0;
	commit_some(c, 2);
	/* All that is pending becomes one commit of the new ring. */
	replace_ring(c);
	ASSERT_EQ(journal_recover(c->journal), 0);
	reopen(c, false);
	expect_all(c);
	commit_some(c, 3);
	reopen(c, false);
	expect_all(c);
}

TEST_F(journal, makes_names_durable_that_a_killed_writer_left)
{
	struct campaign *c = &self->c;
	struct model *left;

	ASSERT_EQ(journal_open(model_disk(c->model), &c->config, &c->journal), 0);
	commit_some(c, 3);
	replace_ring(c);
	model_faults(c->model)->names_fail = 1;
	EXPECT_EQ(journal_recover(c->journal), -EIO);
	model_faults(c->model)->names_fail = 0;
	/* The new ring has its name in memory, as after a kill. */
	reopen(c, false);
	commit_some(c, 5);
	left = model_cut(c->model, MODEL_NONE, 1);
	journal_close(c->journal);
	model_free(c->model);
	c->model = left;
	ASSERT_EQ(journal_open(model_disk(c->model), &c->config, &c->journal), 0);
	expect_all(c);
}

TEST_F(journal, explains_its_blocks_though_the_context_before_them_is_damaged)
{
	struct campaign *c = &self->c;

	ASSERT_EQ(journal_open(model_disk(c->model), &c->config, &c->journal), 0);
	commit_some(c, 4);
	ASSERT_EQ(journal_block(c->journal), 0);
	commit_some(c, 4);
	/* into the context, on the first page after the head */
	ASSERT_TRUE(model_flip(c->model, "segment-00000", 8 * (PAGE_BYTES + 80)));
	reopen(c, false);
	expect_all(c);
	commit_some(c, 4);
	EXPECT_EQ(journal_block(c->journal), 0);
	expect_all(c);
}

/* A context may be on the disk though its sync has failed. Its file is begun anew, and the power
 * cut while that is written: no record was in it.
 */
TEST_F(journal, calls_a_head_no_damage_that_was_being_written)
{
	struct campaign *c = &self->c;
	struct journal_stats stats;

	ASSERT_EQ(journal_open(model_disk(c->model), &c->config, &c->journal), 0);
	commit_some(c, 3);
	model_faults(c->model)->keeps_all = true;
	model_faults(c->model)->data_fails = true;
	EXPECT_EQ(journal_block(c->journal), -EIO);
	EXPECT_EQ(journal_block(c->journal), -EIO);
	model_faults(c->model)->data_fails = false;
	ASSERT_TRUE(model_flip(c->model, "segment-00001", 8 * 24));
	reopen(c, false);
	journal_stats(c->journal, &stats);
	EXPECT_EQ(stats.bad_places, 0);
	expect_all(c);
}

/* What is there is not given up because a card takes nothing now. */
TEST_F(journal, keeps_what_is_there_while_nothing_can_be_synced)
{
	struct campaign *c = &self->c;
	struct journal_mark mark;
	struct found before, after;

	ASSERT_EQ(journal_open(model_disk(c->model), &c->config, &c->journal), 0);
	for (int i = 0; i < 300; i++)
		step(c, false);
	commit_some(c, 1);
	journal_mark(c->journal, &mark);
	before = read_all(model_disk(c->model), &mark);
	model_faults(c->model)->data_fails = true;
	for (int i = 0; i < 50; i++)
		EXPECT_EQ(journal_block(c->journal), -EIO);
	model_faults(c->model)->data_fails = false;
	journal_mark(c->journal, &mark);
	after = read_all(model_disk(c->model), &mark);
	EXPECT_TRUE(!after.wrong);
	/* one may have been given up for the segment that was to come */
	EXPECT_LE(after.given_up, before.given_up + (before.end - before.given_up) / 2);
	EXPECT_EQ(journal_block(c->journal), 0);
	expect_all(c);
}

/* Below its bound, on a full disk, with a file that failed once: it holds nothing and is
 * as long as is needed, and yet nothing is stored.
 */
static int (*real_allocate)(struct disk *disk, int handle, uint64_t size);
static bool is_full;
static int allocate_full(struct disk *disk, int handle, uint64_t size)
{
	int64_t now = disk->ops->size(disk, handle);

	if (is_full && (now < 0 || (uint64_t)now < size))
		return -ENOSPC;
	return real_allocate(disk, handle, size);
}

TEST_F(journal, uses_a_file_again_that_failed_once_when_the_disk_is_full)
{
	struct campaign *c = &self->c;
	struct disk *disk = model_disk(c->model);
	struct disk_ops ops = *disk->ops;
	const struct disk_ops *before = disk->ops;
	int error = 0;

	real_allocate = ops.allocate;
	ops.allocate = allocate_full;
	disk->ops = &ops;
	is_full = false;
	c->config.max_bytes += 20 * SEGMENT;		/* the bound is far away */
	ASSERT_EQ(journal_open(disk, &c->config, &c->journal), 0);
	for (int i = 0; i < 60; i++)
		step(c, false);
	is_full = true;
	/* Blocks until the next segment begins, whose first sync fails once. */
	commit_some(c, 1);
	model_faults(c->model)->data_fails = true;
	EXPECT_EQ(journal_block(c->journal), -EIO);
	EXPECT_NE(journal_block(c->journal), 0);
	model_faults(c->model)->data_fails = false;
	for (int i = 0; i < 20 && (i == 0 || error); i++)
		error = journal_block(c->journal);
	EXPECT_EQ(error, 0);
	disk->ops = before;
	is_full = false;
}

/* One file of which pages cannot be read, or not be synced. */
static struct {
	struct disk_ops ops;
	const struct disk_ops *real;
	char name[DISK_NAME_MAX];
	int handle;
	bool no_read, no_sync;
} bad_file;

static int bad_open(struct disk *disk, const char *name, bool create)
{
	int handle = bad_file.real->open(disk, name, create);

	if (handle >= 0 && !strcmp(name, bad_file.name))
		bad_file.handle = handle;
	return handle;
}

static void bad_close(struct disk *disk, int handle)
{
	if (handle == bad_file.handle)
		bad_file.handle = -1;
	bad_file.real->close(disk, handle);
}

static int bad_read(struct disk *disk, int handle, void *to, size_t size, uint64_t at)
{
	return bad_file.no_read && handle == bad_file.handle ? -EIO :
	       bad_file.real->read(disk, handle, to, size, at);
}

static int bad_sync(struct disk *disk, int handle)
{
	return bad_file.no_sync && handle == bad_file.handle ? -EIO :
	       bad_file.real->sync(disk, handle);
}

/* What comes in its place is elsewhere on the disk. */
static int bad_remove(struct disk *disk, const char *name)
{
	if (!strcmp(name, bad_file.name))
		*bad_file.name = 0;
	return bad_file.real->remove(disk, name);
}

static void bad_begin(struct disk *disk)
{
	memset(&bad_file, 0, sizeof(bad_file));
	bad_file.handle = -1;
	bad_file.real = disk->ops;
	bad_file.ops = *disk->ops;
	bad_file.ops.open = bad_open;
	bad_file.ops.close = bad_close;
	bad_file.ops.read = bad_read;
	bad_file.ops.sync = bad_sync;
	bad_file.ops.remove = bad_remove;
	disk->ops = &bad_file.ops;
}

/* At the bound, one file that cannot be written; the others are good. */
TEST_F(journal, goes_on_beside_one_file_that_cannot_be_written)
{
	struct campaign *c = &self->c;
	struct disk *disk = model_disk(c->model);
	int error = 0, failed = 0;
	uint32_t n;

	bad_begin(disk);
	ASSERT_EQ(journal_open(disk, &c->config, &c->journal), 0);
	for (int i = 0; i < 300; i++)
		step(c, false);
	snprintf(bad_file.name, sizeof(bad_file.name), "segment-00001");
	bad_file.no_sync = true;
	for (int i = 0; i < 400; i++) {
		error = commit_next(c->journal, c->committed, 5, &n);
		if (!error)
			c->committed += n;
		failed = error || journal_block(c->journal) ? failed + 1 : 0;
	}
	EXPECT_EQ(error, 0);
	EXPECT_LT(failed, 50);
	disk->ops = bad_file.real;
	c->begun = c->committed;
}

/* The ready segment cannot be read at one start, and can be at the next one. */
TEST_F(journal, gives_no_generation_twice_after_a_head_that_could_not_be_read)
{
	struct campaign *c = &self->c;
	struct disk *disk = model_disk(c->model);
	struct segments segments;
	struct segments_end *end = malloc(sizeof(*end));
	uint8_t *buffer = malloc(FRAME_BYTES_MAX);
	const struct segments_limits limits = { SEGMENT, 100 * SEGMENT };

	bad_begin(disk);
	c->config.max_bytes += 20 * SEGMENT;
	ASSERT_EQ(journal_open(disk, &c->config, &c->journal), 0);
	for (int i = 0; i < 60; i++)
		step(c, false);
	journal_close(c->journal);
	c->journal = NULL;
	ASSERT_EQ(segments_open(&segments, disk, 0, &limits, false, buffer, end), 0);
	ASSERT_FALSE(segments.list[segments.n - 1].has_frames);
	segment_name(bad_file.name, segments.list[segments.n - 1].file);
	segments_close(&segments);
	/* Ten tries later ... */
	bad_file.no_read = true;
	c->config.passes_unreadable = true;
	ASSERT_EQ(journal_open(disk, &c->config, &c->journal), 0);
	for (int i = 0; i < 60; i++)
		step(c, false);
	journal_close(c->journal);
	c->journal = NULL;
	/* ... and another day. */
	bad_file.no_read = false;
	c->config.passes_unreadable = false;
	ASSERT_EQ(segments_open(&segments, disk, 0, &limits, false, buffer, end), 0);
	for (unsigned int i = 1; i < segments.n; i++)
		EXPECT_LT(segments.list[i - 1].generation, segments.list[i].generation);
	segments_close(&segments);
	ASSERT_EQ(journal_open(disk, &c->config, &c->journal), 0);
	for (int i = 0; i < 60; i++)
		step(c, false);
	expect_all(c);
	disk->ops = bad_file.real;
	free(end);
	free(buffer);
}

/* Small, with blocks in several segments, and commits in the ring. */
static void fill(struct campaign *c)
{
	c->rng = 7;
	ASSERT_EQ(journal_open(model_disk(c->model), &c->config, &c->journal), 0);
	for (int i = 0; i < 150; i++)
		step(c, false);
	for (int i = 0; i < 3; i++) {
		uint32_t n;

		ASSERT_EQ(commit_next(c->journal, c->committed, 5, &n), 0);
		c->committed += n;
	}
	c->begun = c->committed;
	journal_close(c->journal);
	c->journal = NULL;
}

/* What is read of a damaged journal is right, or told to be missing; and it takes more. */
static void expect_honest(struct campaign *c, struct model *damaged, const char *name, uint64_t at)
{
	struct journal_reader *reader = NULL;
	struct journal_batch batch;
	struct journal_hole hole;
	struct journal_stats stats;
	struct journal_mark mark;
	struct journal *journal;
	struct found found = { 0 };
	uint64_t next = 0;
	uint32_t n;
	int error = journal_open(model_disk(damaged), &c->config, &journal);

	if (error) {
		harness_fail(__FILE__, __LINE__, "%s, %llu: %s", name, (unsigned long long)at,
			     strerror(-error));
		c->is_failed = true;
		return;
	}
	journal_stats(journal, &stats);
	/* Numbers are passed over where nobody knows how many were lost. */
	if (stats.records > c->begun && stats.records - c->begun > stats.lost_records)
		found.wrong = "records are invented";
	if (!found.wrong && commit_next(journal, stats.records, 5, &n))
		found.wrong = "it takes nothing more";
	journal_mark(journal, &mark);
	reader = journal_reader_open(model_disk(damaged), test_series);
	if (!found.wrong && journal_reader_refresh(reader, &mark))
		found.wrong = "it cannot be read";
	while (!found.wrong && next < mark.records) {
		error = journal_reader_get(reader, next, &batch, &hole);
		found.at = next;
		if (error == -ENODATA && hole.first == next && hole.end > next) {
			next = hole.end;
		} else if (error) {
			found.wrong = strerror(-error);
		} else {
			check_batch(&batch, &found);
			next = batch.first + pending_records(batch.records);
			/* What is counted may be off where records were lost. */
			if (found.wrong && !strcmp(found.wrong, "samples before a batch") &&
			    (stats.lost_records || stats.bad_places))
				found.wrong = NULL;
		}
	}
	if (found.wrong) {
		harness_fail(__FILE__, __LINE__, "%s, %llu: %s at record %llu of %llu", name,
			     (unsigned long long)at, found.wrong, (unsigned long long)found.at,
			     (unsigned long long)mark.records);
		c->is_failed = true;
	}
	journal_reader_close(reader);
	journal_close(journal);
}

TEST_F_TIMEOUT(journal, tells_of_every_bit_that_is_flipped_or_does_not_need_it, 3600)
{
	struct campaign *c = &self->c;
	uint64_t bits, step_bits = number_from("HYDROPON_FLIP_STEP", 1999), tried = 0;
	const char *name;

	fill(c);
	for (int i = 0; (name = model_name(c->model, i)) && !c->is_failed; i++) {
		bits = 8 * model_file_bytes(c->model, name);
		for (uint64_t bit = 0; bit < bits && !c->is_failed; bit += step_bits) {
			struct model *damaged = model_cut(c->model, MODEL_ALL, 1);

			model_flip(damaged, name, bit);
			expect_honest(c, damaged, name, bit);
			model_free(damaged);
			tried++;
		}
	}
	harness_note("%llu bits flipped", (unsigned long long)tried);
	EXPECT_GE(tried, 200);
}

TEST_F_TIMEOUT(journal, opens_whatever_is_cut_off, 3600)
{
	struct campaign *c = &self->c;
	uint64_t bytes;
	const char *name;

	fill(c);
	for (int i = 0; (name = model_name(c->model, i)) && !c->is_failed; i++) {
		bytes = model_file_bytes(c->model, name);
		for (uint64_t size = 0; size < bytes && !c->is_failed; size += 3067) {
			struct model *damaged = model_cut(c->model, MODEL_ALL, 1);

			ASSERT_TRUE(model_truncate(damaged, name, size));
			expect_honest(c, damaged, name, size);
			model_free(damaged);
		}
	}
}
