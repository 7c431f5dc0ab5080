/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Modbus slaves of the test's own, at the other end of a pseudo terminal or of a connection, in a
 * thread. They do whatever is asked of them that a real one would not. Their checksum is of
 * another make than the one that is tested. Register N of each holds N * 10, and a bit is 1
 * if its number is a multiple of 3.
 */
#ifndef HYDROPON_TEST_MODBUS_SLAVE_H
#define HYDROPON_TEST_MODBUS_SLAVE_H

#include "harness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <pty.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum manner {
	GOOD,
	SILENT,
	LATE,			/* by late_ms */
	NOISE_THEN_LATE,	/* the same, after a byte that is nobody's */
	PARTIAL,		/* half of its answer, and no more */
	DRIBBLING,		/* a byte each 20 ms, without an end */
	WRONG_SLAVE,		/* another one answers, and it does not */
	FOREIGN_ONLY,		/* another one answers, without an end */
	PADDED,			/* over TCP: its frame is longer than its answer */
	FOREIGN_FIRST,		/* another one answers, and then it does */
	STALE_FIRST,		/* the answer to a longer question, and then its own */
	WRONG_CRC,
	WRONG_CRC_ONCE,
	BABBLING,		/* noise, without an end */
	REFUSING,		/* exception 2 */
	BUSY,			/* exception 6 */
	WRONG_TRANSACTION,	/* over TCP */
	HANGING_UP,		/* over TCP: closes after its answer */
};

#define LINE_SLAVES 16

struct line {
	int master, slave;		/* of the pseudo terminal */
	char path[128];			/* of its slave's end */
	int listener;			/* over TCP, else -1 */
	uint16_t port;			/* 0: any */
	int stop;
	pthread_t thread;
	bool has_echo;
	unsigned int baud;		/* 0: no time on the wire */
	_Atomic unsigned int late_ms;
	_Atomic enum manner manners[LINE_SLAVES];
	_Atomic unsigned int asked[LINE_SLAVES];	/* how often */
};

static inline uint16_t line_crc(const uint8_t *bytes, size_t n)
{
	uint16_t crc = 0xffff;

	for (size_t i = 0; i < n; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? (uint16_t)(crc >> 1 ^ 0xa001) : (uint16_t)(crc >> 1);
	}
	return crc;
}

/* False once the line shall end. */
static inline bool line_sleep(struct line *line, unsigned int us)
{
	struct pollfd stop = { .fd = line->stop, .events = POLLIN };
	struct timespec time = { us / 1000000, us % 1000000 * 1000L };

	return ppoll(&stop, 1, &time, NULL) == 0;
}

/* As long as @n characters take. */
static inline void line_carry(struct line *line, size_t n)
{
	if (line->baud)
		line_sleep(line, (unsigned int)(n * 10 * 1000000 / line->baud));
}

static inline void line_write(struct line *line, int fd, const uint8_t *bytes, size_t n)
{
	line_carry(line, n);
	/* What nobody takes is lost, as on a wire. */
	if (write(fd, bytes, n) != (ssize_t)n)
		return;
}

/* The answer of slave @address without its checksum; returns its length. */
static inline size_t line_answer(uint8_t *answer, const uint8_t *question, uint8_t address)
{
	unsigned int first = question[2] << 8 | question[3], count = question[4] << 8 | question[5];
	bool has_bits = question[1] <= 2;
	size_t n = has_bits ? (count + 7) / 8 : 2 * count;

	answer[0] = address;
	answer[1] = question[1];
	answer[2] = (uint8_t)n;
	memset(answer + 3, 0, n);
	for (unsigned int i = 0; i < count; i++) {
		if (has_bits) {
			answer[3 + i / 8] |= (uint8_t)(((first + i) % 3 == 0) << i % 8);
		} else {
			answer[3 + 2 * i] = (uint8_t)((first + i) * 10 >> 8);
			answer[4 + 2 * i] = (uint8_t)((first + i) * 10);
		}
	}
	return 3 + n;
}

/* Adds what the line has around it. */
static inline void line_send(struct line *line, int fd, const uint8_t *body, size_t n,
			     const uint8_t *header, int error)
{
	uint8_t frame[300];
	uint16_t crc;

	if (header) {
		memcpy(frame, header, 6);
		frame[1] = (uint8_t)(frame[1] + error);
		frame[4] = (uint8_t)(n >> 8);
		frame[5] = (uint8_t)n;
		memcpy(frame + 6, body, n);
		line_write(line, fd, frame, n + 6);
		return;
	}
	memcpy(frame, body, n);
	crc = (uint16_t)(line_crc(body, n) + error);
	frame[n] = (uint8_t)crc;
	frame[n + 1] = (uint8_t)(crc >> 8);
	line_write(line, fd, frame, n + 2);
}

static inline void line_refuse(struct line *line, int fd, const uint8_t *question, uint8_t code,
			       const uint8_t *header)
{
	const uint8_t body[] = { question[0], (uint8_t)(question[1] | 0x80), code };

	line_send(line, fd, body, sizeof(body), header, 0);
}

/* @question: without what the line has around it. False: the connection shall be closed. */
static inline bool line_serve(struct line *line, int fd, const uint8_t *question,
			      const uint8_t *header)
{
	uint8_t address = question[0] % LINE_SLAVES, body[300], other[6], noise[16];
	enum manner manner = atomic_load(&line->manners[address]);
	size_t n = line_answer(body, question, question[0]);

	atomic_fetch_add(&line->asked[address], 1);
	switch (manner) {
	case SILENT:
		return true;
	case NOISE_THEN_LATE:
		line_write(line, fd, (const uint8_t[]){ 0 }, 1);
		/* fallthrough */
	case LATE:
		line_sleep(line, atomic_load(&line->late_ms) * 1000);
		break;
	case PARTIAL:
		line_write(line, fd, body, n / 2);
		return true;
	case DRIBBLING:
		/* Long enough for a whole answer to come. */
		body[2] = 250;
		for (size_t i = 0; i < 250 && line_sleep(line, 20000); i++)
			line_write(line, fd, body + (i < 3 ? i : 3), 1);
		return true;
	case WRONG_SLAVE:
		body[0]++;
		break;
	case FOREIGN_ONLY:
		body[0]++;
		while (line_sleep(line, 0) &&
		       atomic_load(&line->manners[address]) == FOREIGN_ONLY)
			line_send(line, fd, body, n, header, 0);
		return true;
	case PADDED:
		n += 4;
		break;
	case FOREIGN_FIRST:
		body[0]++;
		line_send(line, fd, body, n, header, 0);
		body[0]--;
		break;
	case STALE_FIRST:
		memcpy(other, question, sizeof(other));
		other[5]++;
		n = line_answer(body, other, question[0]);
		line_send(line, fd, body, n, header, header ? -1 : 0);
		n = line_answer(body, question, question[0]);
		break;
	case WRONG_CRC:
	case WRONG_TRANSACTION:
		line_send(line, fd, body, n, header, 1);
		return true;
	case WRONG_CRC_ONCE:
		atomic_store(&line->manners[address], GOOD);
		line_send(line, fd, body, n, header, 1);
		return true;
	case BABBLING:
		memset(noise, 0xa5, sizeof(noise));
		while (line_sleep(line, 1000) &&
		       atomic_load(&line->manners[address]) == BABBLING)
			line_write(line, fd, noise, sizeof(noise));
		return true;
	case REFUSING:
		line_refuse(line, fd, question, 2, header);
		return true;
	case BUSY:
		line_refuse(line, fd, question, 6, header);
		return true;
	case HANGING_UP:
	case GOOD:
		break;
	}
	line_send(line, fd, body, n, header, 0);
	return manner != HANGING_UP;
}

/* All of @n bytes; false: there are no more. */
static inline bool line_read(struct line *line, int fd, uint8_t *bytes, size_t n)
{
	while (n) {
		struct pollfd polled[] = { { .fd = line->stop, .events = POLLIN },
					   { .fd = fd, .events = POLLIN } };
		ssize_t got;

		if (poll(polled, 2, -1) < 0 || polled[0].revents)
			return false;
		got = read(fd, bytes, n);
		if (got <= 0)
			return false;
		bytes += got;
		n -= (size_t)got;
	}
	return true;
}

static inline void *line_run(void *data)
{
	struct line *line = data;
	uint8_t question[8];

	while (line_read(line, line->master, question, sizeof(question))) {
		line_carry(line, sizeof(question));
		if (line->has_echo)
			line_write(line, line->master, question, sizeof(question));
		EXPECT_EQ(line_crc(question, 6), question[6] | question[7] << 8);
		line_serve(line, line->master, question, NULL);
	}
	return NULL;
}

static inline void *line_run_tcp(void *data)
{
	struct line *line = data;

	for (;;) {
		struct pollfd polled[] = { { .fd = line->stop, .events = POLLIN },
					   { .fd = line->listener, .events = POLLIN } };
		uint8_t question[12];
		int fd;

		if (poll(polled, 2, -1) < 0 || polled[0].revents)
			return NULL;
		fd = accept(line->listener, NULL, NULL);
		while (line_read(line, fd, question, sizeof(question)) &&
		       line_serve(line, fd, question + 6, question))
			;
		close(fd);
	}
}

static inline void line_begin(struct line *line)
{
	struct termios raw;

	ASSERT_EQ(openpty(&line->master, &line->slave, line->path, NULL, NULL), 0);
	ASSERT_EQ(tcgetattr(line->slave, &raw), 0);
	cfmakeraw(&raw);
	ASSERT_EQ(tcsetattr(line->slave, TCSANOW, &raw), 0);
	fcntl(line->master, F_SETFL, O_NONBLOCK);
	line->listener = -1;
	line->stop = eventfd(0, EFD_CLOEXEC);
	ASSERT_EQ(pthread_create(&line->thread, NULL, line_run, line), 0);
}

static inline void line_begin_tcp(struct line *line)
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof(at);

	at.sin_port = htons(line->port);
	line->master = line->slave = -1;
	line->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	setsockopt(line->listener, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int));
	ASSERT_EQ(bind(line->listener, (struct sockaddr *)&at, size), 0);
	ASSERT_EQ(listen(line->listener, 8), 0);
	ASSERT_EQ(getsockname(line->listener, (struct sockaddr *)&at, &size), 0);
	line->port = ntohs(at.sin_port);
	line->stop = eventfd(0, EFD_CLOEXEC);
	ASSERT_EQ(pthread_create(&line->thread, NULL, line_run_tcp, line), 0);
}

/* The plug is pulled: whoever has the other end open hears of it. */
static inline void line_end(struct line *line)
{
	if (!line->stop)
		return;
	eventfd_write(line->stop, 1);
	pthread_join(line->thread, NULL);
	close(line->stop);
	line->stop = 0;
	if (line->listener >= 0)
		close(line->listener);
	if (line->master >= 0) {
		close(line->master);
		close(line->slave);
	}
}

#endif
