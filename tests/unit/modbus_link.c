// SPDX-License-Identifier: GPL-2.0-only
/* One question and its answer, with slaves that answer in all the wrong ways. */
#include "harness.h"

#include <errno.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "acquire/modbus_link.h"
#include "base/clock.h"
#include "support/modbus_slave.h"

/* A machine that is busy may be late; what must time out waits for less. */
#define PATIENT_MS 4000
#define HASTY_MS 100

FIXTURE(link)
{
	struct line line;
	struct conf_bus bus;
	struct conf_slave slave;
	struct modbus_link *link;
	int stop_fd;
	struct modbus_question question;
	struct modbus_answer answer;
	struct modbus_result result;
};

FIXTURE_SETUP(link)
{
	self->bus = (struct conf_bus){ .kind = BUS_MODBUS_RTU, .baud = 9600, .stop_bits = 1,
				       .address = "127.0.0.1" };
	self->slave = (struct conf_slave){ .address = 1, .response_timeout_ms = PATIENT_MS,
					   .byte_timeout_ms = 200 };
	self->question = (struct modbus_question){ .slave = 1, .first = 100, .count = 3 };
	self->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
}

FIXTURE_TEARDOWN(link)
{
	modbus_link_free(self->link);
	line_end(&self->line);
	close(self->stop_fd);
}

static void open_line(struct fixture_link *self)
{
	line_begin(&self->line);
	snprintf(self->bus.device, sizeof(self->bus.device), "%s", self->line.path);
	self->link = modbus_link_new(&self->bus, self->stop_fd);
	ASSERT_TRUE(self->link != NULL);
	ASSERT_EQ(modbus_link_open(self->link), 0);
}

static void open_tcp(struct fixture_link *self)
{
	line_begin_tcp(&self->line);
	self->bus.kind = BUS_MODBUS_TCP;
	self->bus.port = self->line.port;
	self->link = modbus_link_new(&self->bus, self->stop_fd);
	ASSERT_TRUE(self->link != NULL);
	ASSERT_EQ(modbus_link_open(self->link), 0);
}

static void ask(struct fixture_link *self, enum manner manner)
{
	atomic_store(&self->line.manners[1], manner);
	modbus_link_ask(self->link, &self->slave, &self->question, &self->answer, &self->result);
}

static void expect(struct fixture_link *self, enum modbus_outcome outcome, int error)
{
	EXPECT_EQ(self->result.outcome, outcome);
	EXPECT_EQ(self->result.error, error);
	EXPECT_GE(self->result.done_ns, self->result.begun_ns);
}

static void expect_answer(struct fixture_link *self)
{
	uint16_t words[3] = { 0 };

	expect(self, MODBUS_ANSWERED, 0);
	EXPECT_EQ(self->answer.bytes, 6);
	modbus_answer_words(&self->answer, TABLE_HOLDING, 0, 3, words);
	for (unsigned int i = 0; i < 3; i++)
		EXPECT_EQ(words[i], (self->question.first + i) * 10);
}

/* All is well again, and nothing is left of what was before. */
static void expect_recovery(struct fixture_link *self)
{
	atomic_store(&self->line.manners[1], GOOD);
	self->slave.response_timeout_ms = PATIENT_MS;
	self->question.first = 200;
	if (!modbus_link_is_open(self->link))
		ASSERT_EQ(modbus_link_open(self->link), 0);
	ask(self, GOOD);
	expect_answer(self);
}

TEST_F(link, registers_are_read)
{
	open_line(self);
	ask(self, GOOD);
	expect_answer(self);
	EXPECT_EQ(self->result.foreign, 0);
	EXPECT_LE(self->result.response_ns, self->result.done_ns - self->result.begun_ns);
}

TEST_F(link, all_four_tables_are_read)
{
	uint16_t bits[20];

	open_line(self);
	self->question.table = TABLE_INPUT;
	ask(self, GOOD);
	expect_answer(self);
	for (int i = 0; i < 2; i++) {
		self->question.table = i ? TABLE_COIL : TABLE_DISCRETE;
		self->question.count = 20;
		ask(self, GOOD);
		expect(self, MODBUS_ANSWERED, 0);
		modbus_answer_words(&self->answer, self->question.table, 0, 20, bits);
		for (unsigned int j = 0; j < 20; j++)
			EXPECT_EQ(bits[j], (100 + j) % 3 == 0);
	}
}

TEST_F(link, the_longest_answers_are_read)
{
	uint16_t words[125], bits[2000];

	open_line(self);
	self->question.count = 125;
	ask(self, GOOD);
	expect(self, MODBUS_ANSWERED, 0);
	modbus_answer_words(&self->answer, TABLE_HOLDING, 124, 1, words);
	EXPECT_EQ(words[0], 2240);
	self->question.table = TABLE_COIL;
	self->question.count = 2000;
	ask(self, GOOD);
	expect(self, MODBUS_ANSWERED, 0);
	modbus_answer_words(&self->answer, TABLE_COIL, 0, 2000, bits);
	EXPECT_EQ(bits[1999], 2099 % 3 == 0);
	EXPECT_EQ(bits[1997], 2097 % 3 == 0);
}

TEST_F(link, silence_is_a_timeout)
{
	open_line(self);
	self->slave.response_timeout_ms = HASTY_MS;
	ask(self, SILENT);
	expect(self, MODBUS_SILENT, -ETIMEDOUT);
	EXPECT_GE(self->result.done_ns - self->result.begun_ns, HASTY_MS * NS_PER_MS);
	expect_recovery(self);
}

TEST_F(link, half_an_answer_is_none)
{
	open_line(self);
	ask(self, PARTIAL);
	expect(self, MODBUS_GARBLED, -EBADMSG);
	expect_recovery(self);
}

TEST_F(link, a_wrong_checksum_is_no_answer)
{
	open_line(self);
	ask(self, WRONG_CRC);
	expect(self, MODBUS_GARBLED, -EBADMSG);
	expect_recovery(self);
}

/* It stays the question's turn until its time is over. */
TEST_F(link, the_answer_of_another_slave_is_not_ours)
{
	open_line(self);
	self->slave.response_timeout_ms = HASTY_MS;
	ask(self, WRONG_SLAVE);
	expect(self, MODBUS_SILENT, -ETIMEDOUT);
	EXPECT_EQ(self->result.foreign, 1);
	expect_recovery(self);
}

TEST_F(link, after_the_answer_of_another_slave_ours_is_heard)
{
	open_line(self);
	ask(self, FOREIGN_FIRST);
	expect_answer(self);
	EXPECT_EQ(self->result.foreign, 1);
}

TEST_F(link, the_answer_to_another_question_is_not_ours)
{
	open_line(self);
	ask(self, STALE_FIRST);
	expect_answer(self);
	EXPECT_EQ(self->result.foreign, 1);
}

/* Else it would pass for the answer to the next question, and so on. */
TEST_F(link, the_answer_behind_noise_is_waited_for_and_thrown_away)
{
	open_line(self);
	self->slave.response_timeout_ms = 2000;
	self->slave.byte_timeout_ms = 50;
	atomic_store(&self->line.late_ms, 400);
	ask(self, NOISE_THEN_LATE);
	expect(self, MODBUS_GARBLED, -EBADMSG);
	expect_recovery(self);
	EXPECT_EQ(self->result.foreign, 0);
}

TEST_F(link, what_comes_too_late_is_thrown_away)
{
	open_line(self);
	self->slave.response_timeout_ms = HASTY_MS;
	self->slave.byte_timeout_ms = 5;
	atomic_store(&self->line.late_ms, 400);
	ask(self, LATE);
	expect(self, MODBUS_SILENT, -ETIMEDOUT);
	/* The late answer is there when the next question is asked. */
	while (poll(&(struct pollfd){ .fd = self->line.slave, .events = POLLIN }, 1, 100) <= 0)
		;
	expect_recovery(self);
	EXPECT_EQ(self->result.foreign, 1);
}

TEST_F(link, what_comes_a_little_late_is_waited_for_and_thrown_away)
{
	open_line(self);
	self->slave.response_timeout_ms = HASTY_MS;
	self->slave.byte_timeout_ms = 2000;
	atomic_store(&self->line.late_ms, 300);
	ask(self, LATE);
	expect(self, MODBUS_SILENT, -ETIMEDOUT);
	expect_recovery(self);
	EXPECT_EQ(self->result.foreign, 0);
}

TEST_F(link, an_exception_is_told_by_its_meaning)
{
	open_line(self);
	ask(self, REFUSING);
	expect(self, MODBUS_EXCEPTION, -ENXIO);
	ask(self, BUSY);
	expect(self, MODBUS_EXCEPTION, -EBUSY);
	expect_recovery(self);
}

/* Neither noise without an end nor a byte now and then keeps the thread. */
TEST_F(link, babble_has_an_end)
{
	open_line(self);
	ask(self, BABBLING);
	EXPECT_EQ(self->result.outcome, MODBUS_GARBLED);
	modbus_link_ask(self->link, &self->slave, &self->question, &self->answer, &self->result);
	EXPECT_EQ(self->result.outcome, MODBUS_GARBLED);
	atomic_store(&self->line.manners[1], GOOD);
	line_sleep(&self->line, 100000);
	expect_recovery(self);
}

TEST_F(link, dribble_has_an_end)
{
	open_line(self);
	self->slave.response_timeout_ms = HASTY_MS;
	ask(self, DRIBBLING);
	EXPECT_NE(self->result.outcome, MODBUS_ANSWERED);
	EXPECT_LT(atomic_load(&self->line.asked[1]), 2);
	/* 250 bytes would have taken 5 s */
	EXPECT_LT(self->result.done_ns - self->result.begun_ns, 4 * NS_PER_SEC);
}

/* Always something to read, and never what was asked for. */
TEST_F(link, another_slave_without_an_end_has_an_end)
{
	open_line(self);
	self->slave.response_timeout_ms = HASTY_MS;
	ask(self, FOREIGN_ONLY);
	EXPECT_NE(self->result.outcome, MODBUS_ANSWERED);
	atomic_store(&self->line.manners[1], GOOD);
	line_sleep(&self->line, 100000);
	expect_recovery(self);
}

TEST_F(link, an_echo_is_eaten)
{
	self->bus.has_echo = true;
	self->line.has_echo = true;
	open_line(self);
	ask(self, GOOD);
	expect_answer(self);
	self->slave.response_timeout_ms = HASTY_MS;
	ask(self, SILENT);
	expect(self, MODBUS_SILENT, -ETIMEDOUT);
	expect_recovery(self);
}

TEST_F(link, a_missing_echo_is_told)
{
	self->bus.has_echo = true;
	open_line(self);
	ask(self, GOOD);
	expect(self, MODBUS_GARBLED, -ECOMM);
}

TEST_F(link, an_echo_that_nobody_knows_of_is_no_answer)
{
	self->line.has_echo = true;
	open_line(self);
	self->slave.response_timeout_ms = HASTY_MS;
	ask(self, GOOD);
	EXPECT_NE(self->result.outcome, MODBUS_ANSWERED);
}

TEST_F(link, a_line_that_was_pulled_is_lost)
{
	open_line(self);
	ask(self, GOOD);
	line_end(&self->line);
	ask(self, GOOD);
	EXPECT_EQ(self->result.outcome, MODBUS_LINK_LOST);
	EXPECT_FALSE(modbus_link_is_open(self->link));
	EXPECT_LT(modbus_link_open(self->link), 0);
}

TEST_F(link, a_stop_ends_every_wait)
{
	open_line(self);
	self->slave.response_timeout_ms = 3600000;
	eventfd_write(self->stop_fd, 1);
	ask(self, SILENT);
	expect(self, MODBUS_STOPPED, -ECANCELED);
}

TEST_F(link, nobody_else_has_the_line)
{
	int status;
	pid_t pid;

	open_line(self);
	ASSERT_EQ(chmod(self->line.path, 0666), 0);
	pid = fork();
	if (!pid) {
		/* The superuser is let in. */
		if (!geteuid() && setuid(65534))
			_exit(1);
		_exit(open(self->line.path, O_RDWR | O_NOCTTY) < 0 && errno == EBUSY ? 0 : 2);
	}
	ASSERT_EQ(waitpid(pid, &status, 0), pid);
	EXPECT_EQ(status, 0);
}

TEST_F(link, a_device_that_is_no_line_is_told)
{
	snprintf(self->bus.device, sizeof(self->bus.device), "/dev/null");
	self->link = modbus_link_new(&self->bus, self->stop_fd);
	EXPECT_EQ(modbus_link_open(self->link), -ENOTTY);
	snprintf(self->bus.device, sizeof(self->bus.device), "/dev/serial/by-id/none");
	EXPECT_EQ(modbus_link_open(self->link), -ENOENT);
}

/* The kernel's pseudo terminals have none. */
TEST_F(link, a_line_without_rs485_is_told)
{
	line_begin(&self->line);
	snprintf(self->bus.device, sizeof(self->bus.device), "%s", self->line.path);
	self->bus.has_rs485 = true;
	self->link = modbus_link_new(&self->bus, self->stop_fd);
	EXPECT_EQ(modbus_link_open(self->link), -EOPNOTSUPP);
}

TEST_F(link, tcp_is_read)
{
	open_tcp(self);
	ask(self, GOOD);
	expect_answer(self);
	ask(self, REFUSING);
	expect(self, MODBUS_EXCEPTION, -ENXIO);
	expect_recovery(self);
}

TEST_F(link, over_tcp_the_answer_to_another_question_is_not_ours)
{
	open_tcp(self);
	ask(self, STALE_FIRST);
	expect_answer(self);
	EXPECT_EQ(self->result.foreign, 1);
	self->slave.response_timeout_ms = HASTY_MS;
	ask(self, WRONG_TRANSACTION);
	expect(self, MODBUS_SILENT, -ETIMEDOUT);
	expect_recovery(self);
}

TEST_F(link, over_tcp_a_frame_is_as_long_as_its_answer)
{
	open_tcp(self);
	ask(self, PADDED);
	expect(self, MODBUS_GARBLED, -EBADMSG);
	expect_recovery(self);
}

/* What comes late comes to nobody. */
TEST_F(link, a_connection_that_was_silent_is_closed)
{
	open_tcp(self);
	self->slave.response_timeout_ms = HASTY_MS;
	ask(self, SILENT);
	expect(self, MODBUS_SILENT, -ETIMEDOUT);
	EXPECT_FALSE(modbus_link_is_open(self->link));
	expect_recovery(self);
}

TEST_F(link, a_gateway_that_hangs_up_is_called_again)
{
	open_tcp(self);
	for (int i = 0; i < 3; i++) {
		ask(self, HANGING_UP);
		expect_answer(self);
		/* Until it has. */
		line_sleep(&self->line, 50000);
	}
}

TEST_F(link, a_gateway_that_is_not_there_is_told)
{
	open_tcp(self);
	line_end(&self->line);
	ask(self, GOOD);
	EXPECT_EQ(self->result.outcome, MODBUS_LINK_LOST);
	EXPECT_EQ(modbus_link_open(self->link), -ECONNREFUSED);
}
