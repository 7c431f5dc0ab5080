// SPDX-License-Identifier: GPL-2.0-only
#include "harness.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

#define PROGRAM "log: "		/* of this test program */
#define STUCK_FILL 'x'

/* stderr is a pipe that the test reads, or does not. */
FIXTURE(log)
{
	int reader;
	char text[1 << 20];
};

FIXTURE_SETUP(log)
{
	int ends[2];

	unsetenv("JOURNAL_STREAM");
	ASSERT_EQ(pipe(ends), 0);
	ASSERT_TRUE(dup2(ends[1], STDERR_FILENO) == STDERR_FILENO);
	close(ends[1]);
	self->reader = ends[0];
}

FIXTURE_TEARDOWN(log)
{
	close(self->reader);
}

/* Whatever comes until nothing has come for @quiet_ms. */
static const char *drain(struct fixture_log *self, int quiet_ms)
{
	struct pollfd pollfd = { .fd = self->reader, .events = POLLIN };
	size_t used = 0;

	while (used < sizeof(self->text) - 1 && poll(&pollfd, 1, quiet_ms) > 0) {
		ssize_t n = read(self->reader, self->text + used, sizeof(self->text) - 1 - used);

		if (n <= 0)
			break;
		used += (size_t)n;
	}
	self->text[used] = 0;
	return self->text;
}

static void fill_stderr(void)
{
	int flags = fcntl(STDERR_FILENO, F_GETFL);
	char fill[4096];

	memset(fill, STUCK_FILL, sizeof(fill));
	ASSERT_EQ(fcntl(STDERR_FILENO, F_SETFL, flags | O_NONBLOCK), 0);
	while (write(STDERR_FILENO, fill, sizeof(fill)) > 0)
		;
	while (write(STDERR_FILENO, fill, 1) > 0)
		;
	ASSERT_EQ(errno, EAGAIN);
	ASSERT_EQ(fcntl(STDERR_FILENO, F_SETFL, flags), 0);
}

static uint64_t since_ms(uint64_t start_ns)
{
	return (clock_boot_ns() - start_ns) / NS_PER_MS;
}

TEST_F(log, writes_a_line_with_the_name_of_the_program)
{
	log_error("channel %s: %d", "ph-a", 7);
	EXPECT_STREQ(drain(self, 10), PROGRAM "channel ph-a: 7\n");
}

TEST_F(log, leaves_out_what_is_less_urgent)
{
	log_debug("no");
	log_info("yes");
	log_set_level(LOG_ERR);
	log_warning("no");
	log_set_level(LOG_DEBUG);
	log_debug("now");
	EXPECT_STREQ(drain(self, 10), PROGRAM "yes\n" PROGRAM "now\n");
}

TEST_F(log, one_message_is_one_line)
{
	log_error("a\nb\r\033[2Jc");
	EXPECT_STREQ(drain(self, 10), PROGRAM "a b  [2Jc\n");
}

TEST_F(log, cuts_a_long_message)
{
	char text[2000];
	const char *line;

	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = 0;
	log_error("%s", text);
	line = drain(self, 10);
	EXPECT_EQ(strlen(line), strlen(PROGRAM) + 511 + 1);
	EXPECT_STREQ(line + strlen(line) - 5, "a...\n");
}

TEST_F(log, keeps_the_order_through_the_queue)
{
	char expected[8192] = "";

	ASSERT_EQ(log_start(), 0);
	EXPECT_EQ(log_start(), -EALREADY);
	for (int i = 0; i < 200; i++) {
		log_info("message %d", i);
		sprintf(expected + strlen(expected), PROGRAM "message %d\n", i);
	}
	log_stop();
	log_info("after");
	strcat(expected, PROGRAM "after\n");
	EXPECT_STREQ(drain(self, 10), expected);
	EXPECT_EQ(log_dropped(), 0);
}

TEST_F(log, can_be_started_again)
{
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(log_start(), 0);
		log_info("%d", i);
		log_stop();
		log_stop();
	}
	EXPECT_STREQ(drain(self, 10), PROGRAM "0\n" PROGRAM "1\n" PROGRAM "2\n");
}

TEST_F(log, a_stuck_reader_delays_nobody_and_is_told_what_it_missed)
{
	uint64_t lost, told = 0;
	const char *text;

	fill_stderr();
	ASSERT_EQ(log_start(), 0);
	/* Nobody reads yet: one call that waited for the reader would never end. */
	for (int i = 0; i < 1000; i++)
		log_info("message %d", i);
	lost = log_dropped();
	/* The queue, and the one message that the thread holds. */
	EXPECT_GE(lost, 1000 - 256 - 1);
	EXPECT_LE(lost, 1000 - 256);

	text = drain(self, 200);
	EXPECT_CONTAINS(text, "x" PROGRAM "message 0\n");
	EXPECT_CONTAINS(text, "\n" PROGRAM "message 255\n");
	/* In one notice or in more, none of them twice. */
	for (const char *notice = text; (notice = strstr(notice, " log messages were lost")); notice++) {
		const char *number = notice;

		while (number > text && isdigit((unsigned char)number[-1]))
			number--;
		told += strtoull(number, NULL, 10);
	}
	EXPECT_EQ(told, lost);
	EXPECT_TRUE(strstr(text, "message 999\n") == NULL);
	log_info("room again");
	EXPECT_STREQ(drain(self, 200), PROGRAM "room again\n");
	EXPECT_EQ(log_dropped(), lost);
	log_stop();
}

TEST_F(log, stops_within_its_time_though_stuck)
{
	uint64_t start_ns;

	fill_stderr();
	ASSERT_EQ(log_start(), 0);
	log_info("held");
	log_info("queued");
	start_ns = clock_boot_ns();
	log_stop();
	EXPECT_GE(since_ms(start_ns), 900);
	/* Whoever has something to say on the way out must not get stuck as well. */
	log_error("late");
	EXPECT_EQ(log_dropped(), 1);
}

TEST_F(log, a_reader_that_is_gone_kills_nobody)
{
	ASSERT_EQ(log_start(), 0);
	close(self->reader);
	log_info("to nobody");
	log_stop();
	EXPECT_EQ(log_dropped(), 1);
}

static void *chatter(void *name)
{
	for (int i = 0; i < 50; i++)
		log_info("%s %d", (const char *)name, i);
	return NULL;
}

TEST_F(log, any_thread_may_write)
{
	pthread_t threads[4];
	const char *text;
	int lines = 0;

	ASSERT_EQ(log_start(), 0);
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(pthread_create(&threads[i], NULL, chatter, "thread"), 0);
	for (int i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	log_stop();
	text = drain(self, 10);
	for (const char *c = text; *c; c++)
		lines += *c == '\n';
	EXPECT_EQ(lines, 200);
}

/* A shell inside a service hands JOURNAL_STREAM on to what has another stderr. */
TEST_F(log, believes_journal_stream_only_if_stderr_is_the_journal)
{
	setenv("JOURNAL_STREAM", "1:2", 1);
	log_error("to stderr");
	EXPECT_STREQ(drain(self, 10), PROGRAM "to stderr\n");
	setenv("JOURNAL_STREAM", "nonsense", 1);
	log_error("to stderr");
	EXPECT_STREQ(drain(self, 10), PROGRAM "to stderr\n");
}

TEST_F(log, writes_to_the_journal_if_stderr_is_the_journal)
{
	struct stat status;
	char stream[64];

	ASSERT_EQ(fstat(STDERR_FILENO, &status), 0);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)status.st_dev,
		 (unsigned long long)status.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_error("to the journal, or nowhere if there is none");
	EXPECT_STREQ(drain(self, 10), "");
	EXPECT_EQ(log_dropped(), 0);
}
