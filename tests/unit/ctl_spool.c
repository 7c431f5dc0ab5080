// SPDX-License-Identifier: GPL-2.0-only
/* hydroponctl spool and history, the program itself, on spools of every kind; and what it reads
 * them by.
 */
#include "unit/process.h"

#include <dirent.h>
#include <math.h>
#include <pty.h>

#include "support/random.h"
#include "support/spool_rig.h"

#include "base/crc32c.h"
#include "base/pack.h"
#include "ctl/stamp.h"
#include "spool/point.h"
#include "spool/frame.h"

#define RUN_MS 20000
#define ARGUMENTS 12
#define STARTS "2023-07-22T04:26:40"	/* RIG_WALL_MS */

FIXTURE(ctl_spool)
{
	struct spool_rig rig;
	char program[PATH_MAX], config[PATH_MAX];
	const char *command;		/* spool, or history */
	bool has_writer;		/* that changes the files meanwhile */
	char out[1 << 20], err[4096];
};

FIXTURE_SETUP(ctl_spool)
{
	char text[1024];

	setenv("TZ", "UTC", 1);
	self->command = "spool";
	rig_make(&self->rig);
	program_path("hydroponctl", self->program, sizeof(self->program));
	snprintf(text, sizeof(text), "[gateway]\nname = greenhouse\nsite = home\n"
		 "run-dir = %s/run\nstate-dir = %s/state\n", self->rig.dir, self->rig.dir);
	file_put(self->rig.dir, "hydropon.conf", text);
	snprintf(self->config, sizeof(self->config), "--config=%s/hydropon.conf", self->rig.dir);
}

FIXTURE_TEARDOWN(ctl_spool) { rig_remove(&self->rig); }

/* Of names, sizes, times of change and bytes of all files in the folder. */
static uint64_t folder_sum(const struct spool_rig *rig)
{
	static uint8_t bytes[1 << 16];
	DIR *dir = opendir(rig->folder);
	struct dirent *entry;
	uint64_t sum = 0;

	while (dir && (entry = readdir(dir))) {
		char path[PATH_MAX];
		struct stat status;
		int fd;
		ssize_t n;
		uint64_t file;

		snprintf(path, sizeof(path), "%s/%s", rig->folder, entry->d_name);
		if (stat(path, &status) || !S_ISREG(status.st_mode))
			continue;
		file = crc32c(entry->d_name, strlen(entry->d_name)) + (uint64_t)status.st_size +
		       (uint64_t)status.st_mtim.tv_sec * NS_PER_SEC +
		       (uint64_t)status.st_mtim.tv_nsec;
		fd = open(path, O_RDONLY | O_CLOEXEC);
		while ((n = read(fd, bytes, sizeof(bytes))) > 0)
			file = file * 31 + crc32c(bytes, (size_t)n);
		close(fd);
		sum += file;
	}
	if (dir)
		closedir(dir);
	return sum;
}

static void read_all(int fd, char *to, size_t size)
{
	ssize_t n = pread(fd, to, size - 1, 0);

	to[n > 0 ? n : 0] = 0;
	close(fd);
}

static int temporary_file(void)
{
	char path[] = "/tmp/hydropon-test-XXXXXX";
	int fd = mkstemp(path);

	ASSERT_GE(fd, 0);
	unlink(path);
	return fd;
}

/* hydroponctl COMMAND ARGUMENTS, with its output in @out_fd and @err_fd; its exit code. */
static int run_to(struct fixture_ctl_spool *self, const char *const *arguments, int out_fd,
		  int err_fd)
{
	char *all[ARGUMENTS + 3] = { self->program, (char *)self->command };
	pid_t pid;

	for (size_t i = 0; arguments[i]; i++)
		all[2 + i] = (char *)arguments[i];
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(out_fd, STDOUT_FILENO);
		dup2(err_fd, STDERR_FILENO);
		execv(all[0], all);
		_exit(127);
	}
	return process_wait(pid, RUN_MS);
}

/* The same with its output in the fixture. It never changes the folder. */
static int run_list(struct fixture_ctl_spool *self, const char *const *arguments)
{
	int out = temporary_file(), err = temporary_file(), code;
	uint64_t before = folder_sum(&self->rig);

	code = run_to(self, arguments, out, err);
	EXPECT_TRUE(self->has_writer || folder_sum(&self->rig) == before);
	read_all(out, self->out, sizeof(self->out));
	read_all(err, self->err, sizeof(self->err));
	return code;
}

#define run(self, ...) run_list(self, (const char *const[]){ __VA_ARGS__, NULL })

static size_t lines_of(const char *text)
{
	size_t n = 0;

	while ((text = strchr(text, '\n'))) {
		text++;
		n++;
	}
	return n;
}

static size_t longest_line(const char *text)
{
	size_t longest = 0;

	while (*text) {
		size_t n = strcspn(text, "\n");

		longest = n > longest ? n : longest;
		text += n + (text[n] == '\n');
	}
	return longest;
}

/* Three blocks of 1000 samples, at pages 2, ... of the first segment, and 500 in the ring. */
static void fill(struct fixture_ctl_spool *self)
{
	rig_open(&self->rig);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(rig_append_block(&self->rig, 1000), 0);
	ASSERT_EQ(rig_append(&self->rig, 300), 0);
	ASSERT_EQ(rig_append(&self->rig, 200), 0);
}

/* As on a card in a reader. */
static void take_card_out(struct fixture_ctl_spool *self)
{
	rig_close(&self->rig);
	ASSERT_EQ(unlink(self->rig.mark), 0);
}

/* Where in a file the @n-th frame of a kind begins that is of this spool. */
static long long frame_place(const char *path, enum frame_kind kind, unsigned int n,
			     struct frame *frame)
{
	uint8_t header[FRAME_HEADER_BYTES];
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	for (long long at = PAGE_BYTES; pread(fd, header, sizeof(header), at) == sizeof(header);
	     at += PAGE_BYTES)
		if (frame_get(header, frame) && frame->kind == kind && !n--) {
			close(fd);
			return at;
		}
	close(fd);
	return -1;
}

TEST_F(ctl_spool, shows_what_hydropond_keeps_just_now)
{
	fill(self);
	EXPECT_EQ(run(self, self->config), 0);
	EXPECT_CONTAINS(self->out, "  greenhouse at home, spool ");
	EXPECT_CONTAINS(self->out, "  hydropond writes there\n");
	EXPECT_CONTAINS(self->out, "  records   0 to 3500: 3500, 3500 of them samples\n");
	EXPECT_CONTAINS(self->out, "  oldest    " STARTS "+00:00\n");
	EXPECT_CONTAINS(self->out, "  newest    2023-07-22T04:26:43+00:00\n");
	EXPECT_CONTAINS(self->out, " of 1.0 GiB\n");
	EXPECT_CONTAINS(self->out, "  ring      500 records that are in no block yet\n");
	EXPECT_CONTAINS(self->out, "  segment-00000           1             0     3000  ");
	EXPECT_CONTAINS(self->out, " newest\n");
	EXPECT_CONTAINS(self->out, " ready\n");
	EXPECT_STREQ(self->err, "");
	EXPECT_LE(longest_line(self->out), 80);
	EXPECT_EQ(run(self, "show", self->config), 0);
	EXPECT_CONTAINS(self->out, "3500 of them samples");
}

TEST_F(ctl_spool, shows_what_a_day_is_made_of)
{
	struct sample sample = rig_sample(0);

	rig_open(&self->rig);
	ASSERT_EQ(spool_append(self->rig.spool, &sample, 1), 0);
	sample.wall_ms += 43200000;
	ASSERT_EQ(spool_append(self->rig.spool, &sample, 1), 0);
	EXPECT_EQ(run(self, self->config), 0);
	EXPECT_CONTAINS(self->out, "  a day     about 4 samples\n");
}

TEST_F(ctl_spool, shows_what_was_given_up)
{
	self->rig.conf.spool_max_bytes = SPOOL_MIN_BYTES;
	rig_open(&self->rig);
	/* Many small blocks, a page each. */
	while (!rig_stats(&self->rig).lost_records && self->rig.next < 1100)
		ASSERT_EQ(rig_append_block(&self->rig, 1), 0);
	EXPECT_EQ(run(self, self->config), 0);
	EXPECT_CONTAINS(self->out, "  given up  0 to ");
	EXPECT_TRUE(strstr(self->out, "damaged") == NULL);
	EXPECT_EQ(run(self, "check", self->config), 0);
	EXPECT_EQ(run(self, "export", self->config), 0);
	EXPECT_LT(lines_of(self->out), 1100);
	EXPECT_GT(lines_of(self->out), 100);
}

/* @n small segments with one block each, of 100 samples. */
static void make_segments(struct fixture_ctl_spool *self, unsigned int n)
{
	static uint8_t bytes[4 * PAGE_BYTES];
	struct segment_head head = { .bytes = sizeof(bytes) };
	struct frame context, block;
	char path[PATH_MAX];

	rig_open(&self->rig);
	ASSERT_EQ(rig_append_block(&self->rig, 100), 0);
	take_card_out(self);
	ASSERT_EQ(scratch_read(self->rig.segment, bytes, sizeof(bytes)), sizeof(bytes));
	ASSERT_TRUE(frame_get(bytes + PAGE_BYTES, &context));
	ASSERT_TRUE(frame_get(bytes + 2 * PAGE_BYTES, &block));
	head.id = block.id;
	for (unsigned int i = 0; i < n; i++) {
		head.generation = context.salt = block.salt = i + 1;
		context.first = context.samples = context.blocked = 100 * i;
		block.first = block.samples = block.blocked = 100 * i;
		segment_head_put(bytes, &head);
		frame_seal(bytes + PAGE_BYTES, &context);
		frame_seal(bytes + 2 * PAGE_BYTES, &block);
		snprintf(path, sizeof(path), "%s/segment-%05u", self->rig.folder, i);
		scratch_write(path, bytes, sizeof(bytes));
	}
}

TEST_F(ctl_spool, folds_many_segments_but_none_that_is_damaged)
{
	char path[PATH_MAX];

	make_segments(self, 20);
	EXPECT_EQ(run(self, "--dir", self->rig.folder), 0);
	EXPECT_CONTAINS(self->out, "  (10 files)                          200     1000  160.0 KiB  "
			"full\n");
	/* The empty line before it, its titles, and the rows. */
	EXPECT_EQ(lines_of(strstr(self->out, "\n\n")), 2 + 1 + 2 + 1 + 8);
	EXPECT_EQ(run(self, "check", "--dir", self->rig.folder), 0);
	EXPECT_CONTAINS(self->out, "  2000 records were read");
	snprintf(path, sizeof(path), "%s/segment-00005", self->rig.folder);
	rig_damage(path, 17);
	EXPECT_EQ(run(self, "--dir", self->rig.folder), 0);
	EXPECT_CONTAINS(self->out, "\n! segment-00005           6           500      100  16.0 KiB  "
			"head damaged\n");
	EXPECT_CONTAINS(self->out, "  (3 files) ");
	EXPECT_CONTAINS(self->out, "  (6 files) ");
	EXPECT_EQ(run(self, "check", "--dir", self->rig.folder), 1);
	EXPECT_CONTAINS(self->out, "! segment-00005, byte 0: its head is damaged, no record is missing\n");
}

TEST_F(ctl_spool, tells_a_segment_that_is_gone)
{
	char path[PATH_MAX];

	make_segments(self, 4);
	snprintf(path, sizeof(path), "%s/segment-00001", self->rig.folder);
	ASSERT_EQ(unlink(path), 0);
	EXPECT_EQ(run(self, "check", "--dir", self->rig.folder), 1);
	EXPECT_CONTAINS(self->out, "! segment-00000, byte 12288: 100 records are missing, from 100 on\n");
	EXPECT_CONTAINS(self->out, "  300 records were read");
}

TEST_F(ctl_spool, does_not_take_for_damage_what_was_given_up)
{
	struct segment_head head;
	uint8_t page[PAGE_BYTES];
	char path[PATH_MAX];
	int fd;

	make_segments(self, 4);
	snprintf(path, sizeof(path), "%s/segment-00001", self->rig.folder);
	ASSERT_EQ(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/segment-00003", self->rig.folder);
	fd = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_EQ(pread(fd, page, sizeof(page), 0), sizeof(page));
	ASSERT_TRUE(segment_head_get(page, &head));
	head.gaps_n = 1;
	head.gaps[0] = (struct gap){ .first = 100, .end = 200, .samples = 90 };
	segment_head_put(page, &head);
	ASSERT_EQ(pwrite(fd, page, sizeof(page), 0), sizeof(page));
	close(fd);
	EXPECT_EQ(run(self, "check", "--dir", self->rig.folder), 0);
	EXPECT_CONTAINS(self->out, "  300 records were read");
	EXPECT_EQ(run(self, "--dir", self->rig.folder), 0);
	EXPECT_CONTAINS(self->out, "  given up  100 to 200 for room, 90 of them samples\n");
	EXPECT_EQ(run(self, "export", "--dir", self->rig.folder), 0);
	EXPECT_EQ(lines_of(self->out), 300);
	EXPECT_CONTAINS(self->err, "100 records were given up for room");
}

TEST_F(ctl_spool, shows_one_without_a_record)
{
	rig_open(&self->rig);
	EXPECT_EQ(run(self, self->config), 0);
	EXPECT_CONTAINS(self->out, "  records   0 to 0: 0, 0 of them samples\n");
	EXPECT_CONTAINS(self->out, "  oldest    -\n");
	EXPECT_EQ(run(self, "check", self->config), 0);
	EXPECT_EQ(run(self, "export", self->config), 0);
	EXPECT_STREQ(self->out, "");
}

TEST_F(ctl_spool, reads_blocks_and_ring_of_a_card)
{
	fill(self);
	take_card_out(self);
	EXPECT_EQ(run(self, "--dir", self->rig.folder), 0);
	EXPECT_CONTAINS(self->out, "  nobody writes there\n");
	EXPECT_CONTAINS(self->out, "  records   0 to 3500: 3500, 3500 of them samples\n");
	EXPECT_CONTAINS(self->out, "  ring      500 records");
	EXPECT_CONTAINS(self->out, "  newest    2023-07-22T04:26:43+00:00\n");
	EXPECT_EQ(run(self, "check", "--dir", self->rig.folder), 0);
	EXPECT_CONTAINS(self->out, "  3500 records were read, 3500 of them samples\n");
	EXPECT_EQ(run(self, "export", "--dir", self->rig.folder), 0);
	EXPECT_EQ(lines_of(self->out), 3500);
	EXPECT_CONTAINS(self->out, "q=0i 1690000000000\n");
	EXPECT_CONTAINS(self->out, "q=0i 1690000003499\n");
}

/* With what is in blocks by now before, between and behind what is not. */
TEST_F(ctl_spool, reads_a_ring_that_went_around)
{
	rig_open(&self->rig);
	while (self->rig.next < 250)
		ASSERT_EQ(rig_append_block(&self->rig, 1), 0);
	while (self->rig.next < 270)
		ASSERT_EQ(rig_append(&self->rig, 1), 0);
	take_card_out(self);
	EXPECT_EQ(run(self, "check", "--dir", self->rig.folder), 0);
	EXPECT_CONTAINS(self->out, "  270 records were read, 270 of them samples\n");
	EXPECT_EQ(run(self, "export", "--dir", self->rig.folder), 0);
	EXPECT_EQ(lines_of(self->out), 270);
}

/* As after a block that failed, and is on the disk all the same. */
TEST_F(ctl_spool, takes_the_rest_of_a_commit_that_the_blocks_cut)
{
	uint8_t page[PAGE_BYTES];
	struct frame frame;
	long long at;
	int fd;

	rig_open(&self->rig);
	ASSERT_EQ(rig_append_block(&self->rig, 5), 0);
	ASSERT_EQ(rig_append(&self->rig, 4), 0);
	take_card_out(self);
	at = frame_place(self->rig.slots, FRAME_COMMIT, 1, &frame);
	ASSERT_EQ(frame.first, 5);
	fd = open(self->rig.slots, O_RDWR | O_CLOEXEC);
	ASSERT_EQ(pread(fd, page, sizeof(page), at), sizeof(page));
	frame.first = frame.samples = frame.blocked = 3;
	frame_seal(page, &frame);
	ASSERT_EQ(pwrite(fd, page, sizeof(page), at), sizeof(page));
	close(fd);
	EXPECT_EQ(run(self, "check", "--dir", self->rig.folder), 0);
	EXPECT_CONTAINS(self->out, "  7 records were read, 7 of them samples\n");
	EXPECT_EQ(run(self, "export", "--dir", self->rig.folder), 0);
	EXPECT_EQ(lines_of(self->out), 7);
}

TEST_F(ctl_spool, reads_no_ring_under_a_hydropond_without_its_mark)
{
	fill(self);
	EXPECT_EQ(run(self, "--dir", self->rig.folder), 0);
	EXPECT_CONTAINS(self->out, "~ hydropond writes there: blocks only, leave out --dir\n");
	EXPECT_CONTAINS(self->out, "  records   0 to 3000: ");
	EXPECT_CONTAINS(self->out, "  ring      not read\n");
	EXPECT_EQ(run(self, "export", "--dir", self->rig.folder), 0);
	EXPECT_EQ(lines_of(self->out), 3000);
	EXPECT_CONTAINS(self->err, "leave out --dir");
	ASSERT_EQ(unlink(self->rig.mark), 0);
	EXPECT_EQ(run(self, "check", self->config), 0);
	EXPECT_CONTAINS(self->out, "left no mark: blocks only");
	EXPECT_CONTAINS(self->out, "  3000 records were read");
}

TEST_F(ctl_spool, does_not_keep_hydropond_out)
{
	struct spool_reader *reader = spool_reader_look(self->rig.folder, NULL);
	struct spool_batch batch;
	struct journal_hole hole;

	fill(self);
	take_card_out(self);
	ASSERT_EQ(spool_reader_refresh(reader), 0);
	EXPECT_TRUE(spool_reader_view(reader)->is_unattended);
	EXPECT_EQ(spool_reader_view(reader)->records, 3500);
	EXPECT_EQ(spool_reader_get(reader, 3400, &batch, &hole), 0);
	EXPECT_EQ(batch.first, 3300);
	/* It begins to write, and goes around its ring. */
	rig_open(&self->rig);
	for (int i = 0; i < 300; i++)
		ASSERT_EQ(rig_append_block(&self->rig, 1), 0);
	EXPECT_EQ(spool_reader_get(reader, 3000, &batch, &hole), -EAGAIN);
	ASSERT_EQ(spool_reader_refresh(reader), 0);
	EXPECT_FALSE(spool_reader_view(reader)->is_unattended);
	EXPECT_EQ(spool_reader_get(reader, 3000, &batch, &hole), 0);
	EXPECT_EQ(batch.first, 3000);
	spool_reader_close(reader);
}

TEST_F(ctl_spool, looks_beside_a_real_hydropond)
{
	pid_t pid = hydropond_start(self->rig.dir);

	self->has_writer = true;
	for (int i = 0; i < 500 && access(self->rig.mark, F_OK); i++)
		sleep_ms(10);
	EXPECT_EQ(run(self, self->config), 0);
	EXPECT_CONTAINS(self->out, "  hydropond writes there\n");
	EXPECT_CONTAINS(self->out, "  segment-00000  ");
	EXPECT_EQ(run(self, "check", self->config), 0);
	EXPECT_EQ(hydropond_stop(pid), 0);
	self->has_writer = false;
	EXPECT_EQ(run(self, self->config), 0);
	EXPECT_CONTAINS(self->out, "  nobody writes there\n");
}

TEST_F(ctl_spool, tells_a_damaged_block)
{
	char line[128];
	struct frame frame;
	long long at;

	fill(self);
	at = frame_place(self->rig.segment, FRAME_BLOCK, 1, &frame);
	rig_damage(self->rig.segment, at + 100);
	EXPECT_EQ(run(self, "check", self->config), 1);
	snprintf(line, sizeof(line), "! segment-00000, byte %lld: 1000 records are missing, from "
		 "1000 on\n", at);
	EXPECT_CONTAINS(self->out, line);
	EXPECT_CONTAINS(self->out, "  2500 records were read");
	EXPECT_CONTAINS(self->out, "! DAMAGED in 1 places, 1000 records are missing: ");
	EXPECT_CONTAINS(self->out, "hydropond opens it by itself");
	EXPECT_CONTAINS(self->out, "dmesg");
	EXPECT_CONTAINS(self->out, "fsck");
	EXPECT_EQ(run(self, self->config), 0);
	EXPECT_CONTAINS(self->out, "! damaged   in 1 places: hydroponctl spool check");
	EXPECT_EQ(run(self, "export", self->config), 1);
	EXPECT_EQ(lines_of(self->out), 2500);
	EXPECT_CONTAINS(self->err, "1000 records are missing");
	take_card_out(self);
	EXPECT_EQ(run(self, "check", "--dir", self->rig.folder), 1);
	EXPECT_CONTAINS(self->out, line);
	EXPECT_CONTAINS(self->out, "  2500 records were read");
}

/* The ring holds yet what is in it, and an opening takes it from there. */
TEST_F(ctl_spool, finds_the_newest_block_in_the_ring)
{
	struct frame frame;

	fill(self);
	rig_damage(self->rig.segment, frame_place(self->rig.segment, FRAME_BLOCK, 2, &frame) + 100);
	EXPECT_EQ(run(self, "check", self->config), 1);
	EXPECT_CONTAINS(self->out, ": 1000 records are missing, from 2000 on\n");
	take_card_out(self);
	EXPECT_EQ(run(self, "check", "--dir", self->rig.folder), 0);
	EXPECT_CONTAINS(self->out, "  3500 records were read");
	rig_open(&self->rig);
	EXPECT_EQ(rig_stats(&self->rig).lost_records, 0);
	EXPECT_EQ(rig_stats(&self->rig).records, 3500);
}

TEST_F(ctl_spool, tells_damage_of_which_nothing_is_missing)
{
	char line[128];
	struct frame frame;
	long long at;

	/* The same context twice, with another one between. */
	for (int i = 0; i < 3; i++) {
		rig_name_channel(&self->rig.conf.channels[1], i == 1 ? "ec-b" : "ec-a",
				 QUANTITY_EC, 1);
		rig_open(&self->rig);
		ASSERT_EQ(rig_append_block(&self->rig, 100), 0);
		rig_close(&self->rig);
	}
	at = frame_place(self->rig.segment, FRAME_CONTEXT, 0, &frame);
	rig_damage(self->rig.segment, at + 80);
	rig_damage(self->rig.slots, 20);
	EXPECT_EQ(run(self, "check", self->config), 1);
	snprintf(line, sizeof(line), "! segment-00000, byte %lld: damaged, no record is missing\n",
		 at);
	EXPECT_CONTAINS(self->out, line);
	EXPECT_CONTAINS(self->out, "! slots, byte 0: its head is damaged, no record is missing\n");
	EXPECT_CONTAINS(self->out, "! DAMAGED in 2 places, 0 records are missing");
	EXPECT_EQ(run(self, "export", self->config), 0);
	EXPECT_EQ(lines_of(self->out), 300);
	EXPECT_EQ(run(self, self->config), 0);
	EXPECT_CONTAINS(self->out, "! ring      its head is damaged\n");
}

TEST_F(ctl_spool, tells_a_damaged_commit_and_a_lost_ring)
{
	char line[128];
	struct frame frame;
	long long at, next;

	fill(self);
	rig_close(&self->rig);
	at = frame_place(self->rig.slots, FRAME_COMMIT, 3, &frame);
	ASSERT_EQ(frame.first, 3000);
	next = frame_place(self->rig.slots, FRAME_COMMIT, 4, &frame);
	rig_damage(self->rig.slots, at + 90);
	EXPECT_EQ(run(self, "check", "--dir", self->rig.folder), 1);
	snprintf(line, sizeof(line), "! slots, byte %lld: 300 records are missing, from 3000 on\n",
		 next);
	EXPECT_CONTAINS(self->out, line);
	EXPECT_CONTAINS(self->out, "  3200 records were read");
	/* Of the newest only the mark knows. */
	rig_damage(self->rig.slots, at + 90);
	rig_damage(self->rig.slots, next + 90);
	EXPECT_EQ(run(self, "check", "--dir", self->rig.folder), 0);
	EXPECT_EQ(run(self, "check", self->config), 1);
	EXPECT_CONTAINS(self->out, ": 200 records are missing, from 3300 on\n");
	ASSERT_EQ(unlink(self->rig.slots), 0);
	EXPECT_EQ(run(self, "check", "--dir", self->rig.folder), 1);
	EXPECT_CONTAINS(self->out, "! slots: it is gone");
	EXPECT_EQ(run(self, "--dir", self->rig.folder), 0);
	EXPECT_CONTAINS(self->out, "! ring      it is gone");
}

TEST_F(ctl_spool, says_where_there_is_none)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/none", self->rig.dir);
	EXPECT_EQ(run(self, "check", "--dir", path), 2);
	EXPECT_CONTAINS(self->err, "/none cannot be read: No such file or directory; ");
	EXPECT_CONTAINS(self->err, "--dir");
	EXPECT_EQ(run(self, self->config), 2);
	EXPECT_CONTAINS(self->err, "/state/spool cannot be read: No such file");
	EXPECT_EQ(run(self, "export", "--dir", self->rig.dir), 2);
	EXPECT_CONTAINS(self->err, "there is no spool in ");
	snprintf(path, sizeof(path), "%s/hydropon.conf", self->rig.dir);
	EXPECT_EQ(run(self, "--dir", path), 2);
	EXPECT_CONTAINS(self->err, "Not a directory");
	EXPECT_EQ(run(self, "--config", "/nowhere/hydropon.conf"), 2);
	EXPECT_CONTAINS(self->err, "/nowhere/hydropon.conf");
	EXPECT_CONTAINS(self->err, "or name the folder by --dir");
	EXPECT_STREQ(self->out, "");
}

TEST_F(ctl_spool, leaves_a_later_version_alone)
{
	uint8_t page[PAGE_BYTES];
	int fd;

	fill(self);
	rig_close(&self->rig);
	fd = open(self->rig.segment, O_RDWR | O_CLOEXEC);
	ASSERT_EQ(pread(fd, page, sizeof(page), 0), sizeof(page));
	put_le32(page + 8, 5);
	put_le32(page + 12, crc32c(page + 16, sizeof(page) - 16));
	ASSERT_EQ(pwrite(fd, page, sizeof(page), 0), sizeof(page));
	close(fd);
	EXPECT_EQ(run(self, "check", "--dir", self->rig.folder), 2);
	EXPECT_CONTAINS(self->err, "a later version of Hydropon wrote it");
}

TEST_F(ctl_spool, exports_what_is_asked_for)
{
	fill(self);
	EXPECT_EQ(run(self, "export", self->config, "--from", "2023-07-22T04:26:41Z", "--to",
		      "2023-07-22T04:26:42"), 0);
	EXPECT_EQ(lines_of(self->out), 1000);
	EXPECT_EQ(strncmp(self->out, "hydropon,channel=ec-a,clk=0,gateway=greenhouse,quantity=ec,site=home,"
			  "unit=uS/cm value=1000.0,q=0i 1690000001000\n", 104), 0);
	EXPECT_CONTAINS(self->out, "q=0i 1690000001999\n");
	EXPECT_EQ(run(self, "export", self->config, "--channel", "ph-a"), 0);
	EXPECT_EQ(lines_of(self->out), 1167);
	EXPECT_TRUE(strstr(self->out, "ec-a") == NULL);
	EXPECT_EQ(run(self, "export", self->config, "--channel", "ph-a", "--channel", "ec-a",
		      "--from", "2023-07-22T04:26:43Z"), 0);
	EXPECT_EQ(lines_of(self->out), 334);
	EXPECT_EQ(run(self, "export", self->config, "--from=-2h"), 0);
	EXPECT_STREQ(self->out, "");
	EXPECT_EQ(run(self, "export", self->config, "--to", "-7d"), 0);
	EXPECT_EQ(lines_of(self->out), 3500);
	EXPECT_EQ(run(self, "export", self->config, "--channel", "ph-b"), 1);
	EXPECT_CONTAINS(self->err, "no channel \"ph-b\" was there; there are: ph-a, ec-a, water-a");
}

TEST_F(ctl_spool, exports_points_beside_samples)
{
	struct point point = point_new("hydropon_event");
	uint8_t bytes[NOTE_BYTES_MAX];

	point_tag(&point, "event", "power");
	point_field(&point, "on", 0);
	point.wall_ms = RIG_WALL_MS + 1;
	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 1), 0);
	ASSERT_EQ(spool_note(self->rig.spool, bytes, point_put(bytes, &point)), 0);
	EXPECT_EQ(run(self, "export", self->config), 0);
	EXPECT_EQ(lines_of(self->out), 2);
	EXPECT_CONTAINS(self->out, "\nhydropon_event,clk=0,event=power,gateway=greenhouse,site=home on=0i "
				   "1690000000001\n");
	EXPECT_EQ(run(self, "export", self->config, "--channel", "ph-a"), 0);
	EXPECT_EQ(lines_of(self->out), 1);
	EXPECT_EQ(run(self, "export", self->config, "--csv"), 0);
	EXPECT_EQ(lines_of(self->out), 2);
	EXPECT_EQ(run(self, "export", self->config, "--from", "2024-01-01"), 0);
	EXPECT_STREQ(self->out, "");
}

TEST_F(ctl_spool, exports_csv)
{
	struct sample samples[3] = { rig_sample(0), rig_sample(1), rig_sample(2) };

	samples[1].q = Q_BAD_READ;
	samples[1].raw = -5;
	snprintf(self->rig.conf.channels[2].name, HYDROPON_NAME_MAX, "water, \"a\"");
	rig_open(&self->rig);
	ASSERT_EQ(spool_append(self->rig.spool, samples, 3), 0);
	EXPECT_EQ(run(self, "export", "--csv", self->config), 0);
	EXPECT_STREQ(self->out,
		     "time,channel,quantity,unit,value,quality,raw,clk\n"
		     STARTS ".000Z,ph-a,ph,pH,0.000,good,-100,0\n"
		     STARTS ".001Z,ec-a,ec,uS/cm,,read error,-5,0\n"
		     STARTS ".002Z,\"water, \"\"a\"\"\",temperature,C,2.00,good,-98,0\n");
	EXPECT_EQ(run(self, "export", "--csv", "--from=-1h", self->config), 0);
	EXPECT_STREQ(self->out, "time,channel,quantity,unit,value,quality,raw,clk\n");
}

/* Three samples of a boot that nothing dates, then three of one whose clock was set later. */
static void fill_undated(struct fixture_ctl_spool *self)
{
	struct time_note note = { .boot = 2, .is_set = true, .boots_n = 2 };
	uint8_t bytes[NOTE_BYTES_MAX];
	struct sample samples[6];

	for (int i = 0; i < 6; i++) {
		samples[i] = rig_sample((uint64_t)i);
		samples[i].wall_ms = i;
		samples[i].clk = CLK_UNSET;
	}
	rig_open(&self->rig);
	ASSERT_EQ(spool_append(self->rig.spool, samples, 3), 0);
	note.boots[0] = (struct time_boot){ .number = 1, .proof = TIME_NEVER };
	note.boots[1] = (struct time_boot){ .first = 3, .number = 2, .proof = TIME_BY_CLOCK,
					    .ahead_ms = RIG_WALL_MS };
	ASSERT_EQ(spool_note(self->rig.spool, bytes, time_note_put(bytes, &note)), 0);
	ASSERT_EQ(spool_append(self->rig.spool, samples + 3, 3), 0);
}

TEST_F(ctl_spool, dates_what_was_sampled_before_the_clock_was_set)
{
	fill_undated(self);
	EXPECT_EQ(run(self, "export", "--csv", self->config), 0);
	EXPECT_STREQ(self->out,
		     "time,channel,quantity,unit,value,quality,raw,clk\n"
		     "1970-01-01T00:00:00.000Z,ph-a,ph,pH,0.000,good,-100,unset\n"
		     "1970-01-01T00:00:00.001Z,ec-a,ec,uS/cm,1.0,good,-99,unset\n"
		     "1970-01-01T00:00:00.002Z,water-a,temperature,C,2.00,good,-98,unset\n"
		     STARTS ".003Z,ph-a,ph,pH,3.000,good,-97,0\n"
		     STARTS ".004Z,ec-a,ec,uS/cm,4.0,good,-96,0\n"
		     STARTS ".005Z,water-a,temperature,C,5.00,good,-95,0\n");
	EXPECT_STREQ(self->err, "");
	EXPECT_EQ(run(self, "export", "--csv", self->config, "--to", "2024-01-01"), 0);
	EXPECT_EQ(lines_of(self->out), 4);
	EXPECT_CONTAINS(self->err, "3 samples were taken before the clock was set, and have no date");
	EXPECT_EQ(run(self, "export", self->config), 0);
	EXPECT_EQ(lines_of(self->out), 3);
	EXPECT_CONTAINS(self->err, "3 samples were taken before the clock was set, and have no date");
	EXPECT_EQ(run(self, self->config), 0);
	EXPECT_CONTAINS(self->out, "oldest    2023-07-22T");
	EXPECT_CONTAINS(self->out, "time      boot 2, clk=0: the clock is set\n");
	EXPECT_CONTAINS(self->out, "undated   nothing tells when what was sampled in 1 boot was\n");
	/* The card in another reader. */
	rig_close(&self->rig);
	EXPECT_EQ(run(self, "export", "--dir", self->rig.folder), 0);
	EXPECT_EQ(lines_of(self->out), 3);
}

/* Each segment is some days; they are passed over unread, which a damaged one shows. */
TEST_F(ctl_spool, passes_over_days_that_nobody_asked_for)
{
	static struct sample samples[SPOOL_BATCH_SAMPLES];
	uint64_t random = 1;
	struct frame frame;
	int64_t wall_ms = RIG_WALL_MS;
	char text[STAMP_SIZE], until[STAMP_SIZE];

	self->rig.conf.spool_max_bytes = 8 << 20;
	rig_open(&self->rig);
	for (int block = 0; block < 45; block++) {
		for (int i = 0; i < SPOOL_BATCH_SAMPLES; i++, wall_ms += 60000) {
			samples[i] = rig_sample(0);
			samples[i].wall_ms = wall_ms;
			samples[i].value = (double)(random_next(&random) >> 1);
			samples[i].raw = (int32_t)random_next(&random);
		}
		ASSERT_EQ(spool_append(self->rig.spool, samples, SPOOL_BATCH_SAMPLES), 0);
		rig_block(&self->rig);
	}
	EXPECT_EQ(run(self, self->config), 0);
	EXPECT_CONTAINS(self->out, "segment-00002           3 ");
	EXPECT_TRUE(strstr(self->out, "given up") == NULL);
	rig_damage(self->rig.segment, frame_place(self->rig.segment, FRAME_BLOCK, 2, &frame) + 100);
	EXPECT_EQ(run(self, "check", self->config), 1);
	/* The last five days of it, and a day amid it. */
	stamp_utc(wall_ms - 5 * 86400000LL, text);
	EXPECT_EQ(run(self, "export", self->config, "--from", text), 0);
	EXPECT_EQ(lines_of(self->out), 5 * 1440);
	stamp_utc(wall_ms - 35 * 86400000LL, text);
	stamp_utc(wall_ms - 34 * 86400000LL, until);
	EXPECT_EQ(run(self, "export", self->config, "--from", text, "--to", until), 0);
	EXPECT_EQ(lines_of(self->out), 1440);
}

TEST_F(ctl_spool, refuses_what_it_does_not_understand)
{
	static const struct {
		const char *arguments[4];
		const char *text;
	} cases[] = {
		{ { "mend" }, "spool has no command \"mend\"; there are show, check, export, copy and import" },
		{ { "show", "all" }, "Usage: hydroponctl" },
		{ { "show", "--csv" }, "--csv belongs to spool export, history and events; leave it out" },
		{ { "check", "--from", "-2h" }, "--from belongs to spool export, history and events; leave it out" },
		{ { "--for", "2s" }, "--for belongs to set, enter and proof; leave it out" },
		{ { "export", "--channel" }, "Usage: hydroponctl" },
		{ { "export", "--from", "yesterday" }, "--from: \"yesterday\" is no time; write it as" },
		{ { "export", "--to", "2023-02-30" }, "--to: \"2023-02-30\" is no time" },
		{ { "export", "--to", "-2x" }, "is no time" },
		{ { "export", "--to", "2023-02-03T10:00ZZ" }, "is no time" },
		{ { "export", "--from=-1h", "--to=-2h" }, "--from is not before --to" },
	};

	fill(self);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		EXPECT_EQ(run_list(self, cases[i].arguments), 2);
		EXPECT_CONTAINS(self->err, cases[i].text);
		EXPECT_STREQ(self->out, "");
	}
}

TEST_F(ctl_spool, says_when_the_output_is_full)
{
	static const char *const commands[] = { "export", "show", "check" };

	fill(self);
	for (size_t i = 0; i < 3; i++) {
		const char *const arguments[] = { commands[i], self->config, NULL };
		int full = open("/dev/full", O_WRONLY | O_CLOEXEC), err = temporary_file();

		ASSERT_GE(full, 0);
		EXPECT_EQ(run_to(self, arguments, full, err), i < 2 ? 1 : 2);
		close(full);
		read_all(err, self->err, sizeof(self->err));
		EXPECT_CONTAINS(self->err, "not all could be written to the standard output: No space "
				"left on device; ");
	}
}

TEST_F(ctl_spool, tells_a_terminal_how_far_it_is)
{
	const char *const arguments[] = { "check", self->config, NULL };
	int terminal, err, out = temporary_file();
	ssize_t n;

	fill(self);
	ASSERT_EQ(openpty(&terminal, &err, NULL, NULL, NULL), 0);
	EXPECT_EQ(run_to(self, arguments, out, err), 0);
	n = read(terminal, self->err, sizeof(self->err) - 1);
	self->err[n > 0 ? n : 0] = 0;
	EXPECT_CONTAINS(self->err, "\r\033[K  28 % read");
	EXPECT_CONTAINS(self->err, "\r\033[K  100 % read\r\033[K");
	read_all(out, self->out, sizeof(self->out));
	EXPECT_TRUE(strstr(self->out, "%") == NULL);
}

TEST(stamps_are_read_as_they_are_written)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{ "2023-07-22T04:26:40Z", RIG_WALL_MS },
		{ "2023-07-22 04:26:40Z", RIG_WALL_MS },
		{ "2023-07-22T04:26:40.123Z", RIG_WALL_MS + 123 },
		{ "2023-07-22T06:26:40.5", RIG_WALL_MS + 500 },
		{ "2023-07-22T06:26:40", RIG_WALL_MS },
		{ "2023-07-22T06:26", RIG_WALL_MS - 40000 },
		{ "2023-07-22", RIG_WALL_MS - 23200000 },
		{ "-0s", RIG_WALL_MS },
		{ "-90s", RIG_WALL_MS - 90000 },
		{ "-5m", RIG_WALL_MS - 300000 },
		{ "-2h", RIG_WALL_MS - 7200000 },
		{ "-7d", RIG_WALL_MS - 604800000 },
	};
	char text[STAMP_SIZE], why[256];
	int64_t ms;

	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		EXPECT_TRUE(stamp_parse(cases[i].text, RIG_WALL_MS, &ms, why, sizeof(why)));
		EXPECT_EQ(ms, cases[i].ms);
	}
	EXPECT_STREQ(stamp_local(RIG_WALL_MS + 999, text), "2023-07-22T06:26:40+02:00");
	EXPECT_STREQ(stamp_utc(RIG_WALL_MS + 7, text), STARTS ".007Z");
	EXPECT_STREQ(stamp_utc(-1, text), "1969-12-31T23:59:59.999Z");
	EXPECT_STREQ(stamp_utc(INT64_MAX, text), "292278994-08-17T07:12:55.807Z");
	EXPECT_STREQ(stamp_utc(INT64_MIN, text), "-292275055-05-16T16:47:04.192Z");
}

static void add_event(struct fixture_ctl_spool *self, const char *name, const char *subject,
		      const char *key, int64_t value)
{
	struct point point = point_new(POINT_EVENT);
	uint8_t bytes[NOTE_BYTES_MAX];

	point.wall_ms = RIG_WALL_MS + (int64_t)self->rig.next;
	point_tag(&point, "event", name);
	point_tag(&point, "subject", subject);
	point_field(&point, "on", 0);
	point_field(&point, key, value);
	ASSERT_EQ(spool_note(self->rig.spool, bytes, point_put(bytes, &point)), 0);
}

TEST_F(ctl_spool, events_tell_what_happened_though_it_was_given_up)
{
	self->command = "events";
	self->rig.conf.spool_max_bytes = SPOOL_MIN_BYTES;
	rig_open(&self->rig);
	EXPECT_EQ(rig_append_block(&self->rig, 1), 0);
	EXPECT_EQ(run(self, self->config), 0);
	EXPECT_STREQ(self->out, "");
	EXPECT_CONTAINS(self->err, "nothing happened in that time");
	add_event(self, "output", "pump-a", "cause", HYDROPON_CAUSE_SHED);
	while (!rig_read(&self->rig).first)
		ASSERT_EQ(rig_append_block(&self->rig, 1), 0);
	add_event(self, "set", "pump-a", "for_ms", 600000);
	add_event(self, "power", "", "shedding", 1);
	EXPECT_EQ(run(self, self->config), 0);
	EXPECT_EQ(lines_of(self->out), 4);
	EXPECT_CONTAINS(self->out, STARTS "+00:00  output    pump-a        off: forced off, mains power was lost\n");
	EXPECT_CONTAINS(self->out, "  set       pump-a        off, for 10 min");
	EXPECT_CONTAINS(self->out, "  power     the gateway   off, shedding 1\n");
	EXPECT_STREQ(self->err, "");
	EXPECT_EQ(run(self, self->config, "--csv", "--to", "2023-07-22T04:26:40.200Z"), 0);
	EXPECT_STREQ(self->out, "time,event,subject,what\n"
		     "2023-07-22T04:26:40.001Z,output,pump-a,\"off: forced off, mains power was lost\"\n");
	EXPECT_EQ(run(self, self->config, "--channel", "ph-a"), 2);
	EXPECT_CONTAINS(self->err, "--channel belongs to spool export");
	/* And the export has it beside the samples. */
	self->command = "spool";
	EXPECT_EQ(run(self, "export", self->config), 0);
	EXPECT_CONTAINS(self->out, "hydropon_event,clk=0,event=output,");
}

/* Three channels from 04:26:40.000 on, a sample each ms, whose value is its number. */
TEST_F(ctl_spool, history_tells_the_last_day_of_each_channel)
{
	self->command = "history";
	fill(self);
	EXPECT_EQ(run(self, self->config), 0);
	EXPECT_CONTAINS(self->out, "from " STARTS "+00:00 to 2023-07-22T04:26:43+00:00\n");
	EXPECT_CONTAINS(self->out, "  ph-a      1749.000 pH  0.000  07-22 04:26  3498.000  "
			"07-22 04:26     1167\n");
	EXPECT_CONTAINS(self->out, "  water-a     1749.50 C   2.00  07-22 04:26   3497.00  "
			"07-22 04:26     1166\n");
	EXPECT_EQ(lines_of(self->out), 5);
	EXPECT_STREQ(self->err, "");
}

TEST_F(ctl_spool, history_sums_up_rows)
{
	self->command = "history";
	fill(self);
	EXPECT_EQ(run(self, self->config, "ph-a"), 0);
	EXPECT_STREQ(self->out,
		     "ph-a in pH, a row is 1 s\n"
		     "  from                      min      mean       max  samples  0.000       3498.000\n"
		     "  2023-07-22 04:26:40     0.000   499.500   999.000      334  ---*--\n"
		     "  2023-07-22 04:26:41  1002.000  1500.000  1998.000      333       ---*---\n"
		     "  2023-07-22 04:26:42  2001.000  2499.000  2997.000      333             ---*--\n"
		     "  2023-07-22 04:26:43  3000.000  3249.000  3498.000      167                  --*-\n");
	EXPECT_EQ(run(self, self->config, "ph-a", "water-a", "--every=1h", "--csv"), 0);
	EXPECT_STREQ(self->out, "time,channel,quantity,unit,min,mean,max,last,samples,without,uncertain\n"
		     "2023-07-22T04:00:00.000Z,ph-a,ph,pH,0.000,1749.000,3498.000,3498.000,1167,0,0\n"
		     "2023-07-22T04:00:00.000Z,water-a,temperature,C,2.00,1749.50,3497.00,3497.00,"
		     "1166,0,0\n");
	/* The bounds hold to the millisecond, whatever the rows are. */
	EXPECT_EQ(run(self, self->config, "ph-a", "--every=1m", "--csv", "--from=" STARTS ".003",
		      "--to=" STARTS ".009"), 0);
	EXPECT_CONTAINS(self->out, "T04:26:00.000Z,ph-a,ph,pH,3.000,4.500,6.000,6.000,2,0,0\n");
}

TEST_F(ctl_spool, history_tells_where_there_are_no_samples)
{
	struct sample sample = rig_sample(0);

	self->command = "history";
	rig_open(&self->rig);
	ASSERT_EQ(spool_append(self->rig.spool, &sample, 1), 0);
	sample.wall_ms += 3600000;
	sample.q = Q_BAD_READ;
	ASSERT_EQ(spool_append(self->rig.spool, &sample, 1), 0);
	sample.wall_ms += 3 * 3600000;
	sample.q = Q_UNCERTAIN_TEMPERATURE;
	ASSERT_EQ(spool_append(self->rig.spool, &sample, 1), 0);
	sample.wall_ms += 1;
	sample.value = NAN;
	ASSERT_EQ(spool_append(self->rig.spool, &sample, 1), 0);
	EXPECT_EQ(run(self, self->config, "ph-a", "--every=1h"), 0);
	EXPECT_CONTAINS(self->out, "  2023-07-22 04:00    0.000    0.000    0.000        1        0"
			"          0  *\n");
	EXPECT_CONTAINS(self->out, "! 2023-07-22 05:00                                   0        1"
			"          0\n");
	EXPECT_CONTAINS(self->out, "! 2023-07-22 06:00  no samples before 2023-07-22 08:00\n");
	EXPECT_CONTAINS(self->out, "~ 2023-07-22 08:00    0.000    0.000    0.000        1        1"
			"          1  *\n");
	/* Local days begin where the people live. */
	setenv("TZ", "XST-05:30", 1);
	EXPECT_EQ(run(self, self->config, "ph-a", "--every=1d"), 0);
	EXPECT_CONTAINS(self->out, "~ 2023-07-22    0.000    0.000    0.000        2        2");
	EXPECT_EQ(run(self, self->config, "ph-a", "--every=1d", "--csv"), 0);
	EXPECT_CONTAINS(self->out, "2023-07-21T18:30:00.000Z,ph-a,");
}

/* Whatever a spool holds. */
TEST_F(ctl_spool, history_draws_any_numbers)
{
	static const double values[] = { 1e308, -1e308, 1e-310, 0, 5e-324, 1.7e308, -5e-324 };

	self->command = "history";
	rig_open(&self->rig);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct sample sample = rig_sample(3 * i);

		sample.value = values[i];
		sample.wall_ms += (int64_t)i * 1000;
		ASSERT_EQ(spool_append(self->rig.spool, &sample, 1), 0);
		EXPECT_EQ(run(self, self->config, "ph-a", "--every=1s"), 0);
	}
}

TEST_F(ctl_spool, history_counts_what_has_no_date)
{
	struct sample sample = rig_sample(0);

	self->command = "history";
	rig_open(&self->rig);
	ASSERT_EQ(spool_append(self->rig.spool, &sample, 1), 0);
	sample.clk = CLK_UNSET;
	ASSERT_EQ(spool_append(self->rig.spool, &sample, 1), 0);
	EXPECT_EQ(run(self, self->config), 0);
	EXPECT_CONTAINS(self->out, "  ph-a     0.000 pH  0.000  07-22 04:26  0.000  07-22 04:26        1\n");
	EXPECT_CONTAINS(self->err, "hydroponctl: 1 samples were taken before the clock was set, and have "
			"no date; they are not counted\n");
}

TEST_F(ctl_spool, history_refuses_what_it_does_not_understand)
{
	self->command = "history";
	fill(self);
	EXPECT_EQ(run(self, self->config, "ph-b"), 1);
	EXPECT_CONTAINS(self->err, "no channel \"ph-b\" was there; there are: ph-a, ec-a, water-a");
	EXPECT_EQ(run(self, self->config, "--channel=ph-a"), 2);
	EXPECT_CONTAINS(self->err, "write the channel by itself: hydroponctl history ph-a");
	EXPECT_EQ(run(self, self->config, "--every=1ms"), 2);
	EXPECT_CONTAINS(self->err, "--every: \"1ms\" is not between 1 s and ");
	EXPECT_EQ(run(self, self->config, "--every=1s", "--from=2010-01-01"), 2);
	EXPECT_CONTAINS(self->err, "--every 1 s makes more than 100000 rows of ");
	EXPECT_EQ(run(self, self->config, "--from=-1h"), 2);
	EXPECT_CONTAINS(self->err, "--from -1h is after the newest sample, which is of "
			"2023-07-22T04:26:43+00:00");
	EXPECT_EQ(run(self, self->config, "--to=2020-01-01"), 1);
	EXPECT_CONTAINS(self->err, "there are no samples of that time; hydroponctl spool show tells");
	self->command = "status";
	EXPECT_EQ(run(self, "--every=1m"), 2);
	EXPECT_CONTAINS(self->err, "--every belongs to history; leave it out");
}

/* While hydropond, this process, goes on writing: the ring and all blocks. */
TEST_F(ctl_spool, copies_what_hydropond_keeps_just_now)
{
	char to[SCRATCH_PATH_MAX + 16];
	size_t lines;

	fill(self);
	snprintf(to, sizeof(to), "%s/stick", self->rig.dir);
	EXPECT_EQ(run(self, "copy", to, self->config), 0);
	EXPECT_CONTAINS(self->out, " was copied to ");
	EXPECT_CONTAINS(self->out, "  3500 records were read");
	EXPECT_STREQ(self->err, "");
	EXPECT_EQ(run(self, "export", self->config), 0);
	lines = lines_of(self->out);
	EXPECT_EQ(run(self, "export", "--dir", to), 0);
	EXPECT_EQ(lines_of(self->out), lines);
	/* It is another spool's place now, or anything's. */
	EXPECT_EQ(run(self, "copy", to, self->config), 1);
	EXPECT_CONTAINS(self->err, "Directory not empty; name an empty folder");
	EXPECT_EQ(run(self, "copy", "/proc/none/stick", self->config), 1);
	EXPECT_CONTAINS(self->err, "cannot be copied to /proc/none/stick");
	EXPECT_EQ(run(self, "copy"), 2);
	EXPECT_CONTAINS(self->err, "spool copy takes one folder");
}

TEST_F(ctl_spool, has_the_forwarder_import)
{
	/* It is started, and reads the configuration. */
	EXPECT_EQ(run(self, "import", "/nowhere", self->config), 1);
	EXPECT_CONTAINS(self->err, "/nowhere cannot be read as a spool: No such file or directory; name the "
			"folder that holds slots and segment-00000");
	EXPECT_EQ(run(self, "import", "--dir", "/nowhere"), 2);
	EXPECT_EQ(run(self, "import", "/nowhere", "--dir", "/nowhere"), 2);
	EXPECT_CONTAINS(self->err, "write hydroponctl spool import /nowhere");
}
