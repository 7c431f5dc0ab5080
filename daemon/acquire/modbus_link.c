// SPDX-License-Identifier: GPL-2.0-only
#include "acquire/modbus_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acquire/serial.h"
#include "base/clock.h"

/* Modbus over Serial Line V1.02, 2.5.1.1: 3.5 characters between frames, 1.75 ms from 19200 on. */
#define FRAME_GAP_CHARACTERS_X2 7
#define FRAME_GAP_MIN_NS 1750000
#define BABBLE_NS (20 * NS_PER_MS)
#define DRAIN_BYTE_TIMEOUTS 4
/* A wait of the kernel is as long as this at most, whatever was asked: a clock that jumps through
 * a suspend is then looked at again.
 */
#define WAIT_MAX_NS NS_PER_SEC

struct modbus_link {
	const struct conf_bus *conf;
	struct modbus_frame *frame;
	int fd, stop_fd;
};

enum wait {
	WAIT_READY,
	WAIT_TIMEOUT,
	WAIT_STOPPED,
};

struct modbus_link *modbus_link_new(const struct conf_bus *conf, int stop_fd)
{
	struct modbus_link *link = calloc(1, sizeof(*link));

	if (!link)
		return NULL;
	link->conf = conf;
	link->fd = -1;
	link->stop_fd = stop_fd;
	link->frame = modbus_frame_new(conf->kind);
	if (link->frame)
		return link;
	free(link);
	return NULL;
}

void modbus_link_free(struct modbus_link *link)
{
	if (!link)
		return;
	modbus_link_close(link);
	modbus_frame_free(link->frame);
	free(link);
}

bool modbus_link_is_open(const struct modbus_link *link)
{
	return link->fd >= 0;
}

static bool is_tcp(const struct modbus_link *link)
{
	return link->conf->kind == BUS_MODBUS_TCP;
}

/* Until @fd has one of @events, or an error, which the next call on it then tells. */
static enum wait wait_for(const struct modbus_link *link, int fd, short events, uint64_t until_ns)
{
	struct pollfd polled[] = {
		{ .fd = link->stop_fd, .events = POLLIN },
		{ .fd = fd, .events = events },
	};

	for (;;) {
		uint64_t now_ns = clock_boot_ns();
		uint64_t left_ns = until_ns > now_ns ? until_ns - now_ns : 0;
		struct timespec left;
		int n;

		if (left_ns > WAIT_MAX_NS)
			left_ns = WAIT_MAX_NS;
		left = (struct timespec){ .tv_sec = (time_t)(left_ns / NS_PER_SEC),
					  .tv_nsec = (long)(left_ns % NS_PER_SEC) };
		n = ppoll(polled, 2, &left, NULL);
		if (n > 0 && polled[0].revents)
			return WAIT_STOPPED;
		if (n > 0)
			return WAIT_READY;
		if (clock_boot_ns() >= until_ns)
			return WAIT_TIMEOUT;
	}
}

static socklen_t parse_address(const struct conf_bus *conf, struct sockaddr_storage *to)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;

	*to = (struct sockaddr_storage){ 0 };
	if (inet_pton(AF_INET, conf->address, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)conf->port);
		return sizeof(*v4);
	}
	inet_pton(AF_INET6, conf->address, &v6->sin6_addr);
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)conf->port);
	return sizeof(*v6);
}

/* 0 once the connection stands, or -errno. */
static int await_connection(const struct modbus_link *link, int fd)
{
	socklen_t size = sizeof(int);
	int error;

	switch (wait_for(link, fd, POLLOUT, clock_boot_ns() + MODBUS_CONNECT_MS * NS_PER_MS)) {
	case WAIT_STOPPED:
		return -ECANCELED;
	case WAIT_TIMEOUT:
		return -ETIMEDOUT;
	case WAIT_READY:
		break;
	}
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) ? -errno : -error;
}

static int open_connection(const struct modbus_link *link)
{
	struct sockaddr_storage to;
	socklen_t size = parse_address(link->conf, &to);
	int fd = socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error = 0;

	if (fd < 0)
		return -errno;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	if (connect(fd, (struct sockaddr *)&to, size))
		error = errno == EINPROGRESS ? await_connection(link, fd) : -errno;
	if (!error)
		return fd;
	close(fd);
	return error;
}

int modbus_link_open(struct modbus_link *link)
{
	int fd;

	modbus_link_close(link);
	fd = is_tcp(link) ? open_connection(link) : serial_open(link->conf);
	if (fd < 0)
		return fd;
	link->fd = fd;
	return 0;
}

void modbus_link_close(struct modbus_link *link)
{
	if (link->fd < 0)
		return;
	if (is_tcp(link))
		close(link->fd);
	else
		serial_close(link->fd);
	link->fd = -1;
}

static uint64_t wire_ns(const struct modbus_link *link, size_t n)
{
	return is_tcp(link) ? 0 : serial_wire_ns(link->conf, n);
}

/* The silence that is between two frames. */
static uint64_t frame_gap_ns(const struct modbus_link *link)
{
	uint64_t gap_ns;

	if (is_tcp(link))
		return 0;
	gap_ns = serial_wire_ns(link->conf, FRAME_GAP_CHARACTERS_X2) / 2;
	return gap_ns > FRAME_GAP_MIN_NS ? gap_ns : FRAME_GAP_MIN_NS;
}

/* How an attempt ended; false if it is not over. */
static bool end(struct modbus_result *result, enum modbus_outcome outcome, int error)
{
	result->outcome = outcome;
	result->error = error;
	return true;
}

/* More of what there is to read; 0: nothing for now. */
static ssize_t receive(const struct modbus_link *link, uint8_t *bytes, size_t size)
{
	ssize_t n = read(link->fd, bytes, size);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n < 0)
		return -errno;
	return n ? n : is_tcp(link) ? -ECONNRESET : -ENODEV;
}

/*
 * Throws away what comes until nothing has come for @silent_ns, for at most @limit_ns. Returns
 * how many bytes came, or -errno: -EBUSY: there is no end to it.
 */
static int drain(const struct modbus_link *link, uint64_t silent_ns, uint64_t limit_ns)
{
	uint64_t limit = clock_boot_ns() + limit_ns;
	uint8_t bytes[MODBUS_FRAME_MAX];
	int drained = 0;

	for (;;) {
		ssize_t n;

		switch (wait_for(link, link->fd, POLLIN, clock_boot_ns() + silent_ns)) {
		case WAIT_STOPPED:
			return -ECANCELED;
		case WAIT_TIMEOUT:
			return drained;
		case WAIT_READY:
			break;
		}
		n = receive(link, bytes, sizeof(bytes));
		if (n < 0)
			return (int)n;
		drained += (int)n;
		if (clock_boot_ns() >= limit)
			return -EBUSY;
	}
}

/* Silence before a question, and nothing left of what was before. True: it is over already. */
static bool begin(const struct modbus_link *link, struct modbus_result *result)
{
	int drained = drain(link, frame_gap_ns(link), BABBLE_NS + frame_gap_ns(link));

	if (drained == -ECANCELED)
		return end(result, MODBUS_STOPPED, drained);
	if (drained == -EBUSY)
		return end(result, MODBUS_GARBLED, drained);
	if (drained < 0)
		return end(result, MODBUS_LINK_LOST, drained);
	result->foreign += drained > 0;
	return false;
}

static bool send_all(const struct modbus_link *link, const uint8_t *bytes, size_t n,
		     uint64_t until_ns, struct modbus_result *result)
{
	while (n) {
		ssize_t sent = is_tcp(link) ? send(link->fd, bytes, n, MSG_NOSIGNAL) :
					      write(link->fd, bytes, n);

		if (sent > 0) {
			bytes += sent;
			n -= (size_t)sent;
			continue;
		}
		if (sent < 0 && errno != EAGAIN && errno != EINTR)
			return end(result, MODBUS_LINK_LOST, -errno);
		switch (wait_for(link, link->fd, POLLOUT, until_ns)) {
		case WAIT_STOPPED:
			return end(result, MODBUS_STOPPED, -ECANCELED);
		case WAIT_TIMEOUT:
			return end(result, MODBUS_LINK_LOST, -ETIMEDOUT);
		case WAIT_READY:
			break;
		}
	}
	return false;
}

/* What is being received. */
struct inbox {
	uint8_t bytes[MODBUS_FRAME_MAX];
	size_t n;
	uint64_t first_by_ns;	/* nothing may have come until then */
	uint64_t last_by_ns;	/* no more is waited for */
	uint64_t newest_ns;	/* when something came last */
};

/* Waits for more; true: there is no more, and the result says why. */
static bool await(const struct modbus_link *link, const struct conf_slave *slave,
		  struct inbox *inbox, struct modbus_result *result)
{
	uint64_t until_ns = inbox->n ? inbox->newest_ns + slave->byte_timeout_ms * NS_PER_MS :
				       inbox->first_by_ns;
	ssize_t n;

	if (until_ns > inbox->last_by_ns)
		until_ns = inbox->last_by_ns;
	switch (wait_for(link, link->fd, POLLIN, until_ns)) {
	case WAIT_STOPPED:
		return end(result, MODBUS_STOPPED, -ECANCELED);
	case WAIT_TIMEOUT:
		return inbox->n ? end(result, MODBUS_GARBLED, -EBADMSG) :
				  end(result, MODBUS_SILENT, -ETIMEDOUT);
	case WAIT_READY:
		break;
	}
	n = receive(link, inbox->bytes + inbox->n, sizeof(inbox->bytes) - inbox->n);
	if (n < 0)
		return end(result, MODBUS_LINK_LOST, (int)n);
	inbox->newest_ns = clock_boot_ns();
	/* With a line that always has something, waiting never times out. */
	if (inbox->newest_ns > inbox->last_by_ns)
		return end(result, MODBUS_GARBLED, -EBADMSG);
	inbox->n += (size_t)n;
	return false;
}

static void remove_first(struct inbox *inbox, size_t n)
{
	inbox->n -= n;
	memmove(inbox->bytes, inbox->bytes + n, inbox->n);
}

/* A transceiver that hears itself gives back the question first. */
static bool eat_echo(const struct modbus_link *link, const struct conf_slave *slave,
		     const uint8_t *question, size_t n, struct inbox *inbox,
		     struct modbus_result *result)
{
	while (inbox->n < n)
		if (await(link, slave, inbox, result)) {
			/* Not even ourselves are heard: that is no fault of the slave's. */
			if (result->outcome == MODBUS_SILENT)
				end(result, MODBUS_GARBLED, -ECOMM);
			return true;
		}
	if (memcmp(inbox->bytes, question, n))
		return end(result, MODBUS_GARBLED, -ECOMM);
	remove_first(inbox, n);
	return false;
}

/* Looks at the frames that are there as a whole. */
static bool judge(const struct modbus_link *link, const struct modbus_question *question,
		  struct inbox *inbox, struct modbus_answer *answer, struct modbus_result *result)
{
	size_t length = modbus_frame_length(link->frame, inbox->bytes, inbox->n);
	int error;

	while (length && inbox->n >= length) {
		switch (modbus_frame_judge(link->frame, question, inbox->bytes, length, answer,
					   &error)) {
		case MODBUS_VERDICT_ANSWER:
			return end(result, MODBUS_ANSWERED, 0);
		case MODBUS_VERDICT_EXCEPTION:
			return end(result, MODBUS_EXCEPTION, error);
		case MODBUS_VERDICT_BROKEN:
			return end(result, MODBUS_GARBLED, -EBADMSG);
		case MODBUS_VERDICT_FOREIGN:
			result->foreign++;
			remove_first(inbox, length);
			break;
		}
		length = modbus_frame_length(link->frame, inbox->bytes, inbox->n);
	}
	return false;
}

static void receive_answer(const struct modbus_link *link, const struct conf_slave *slave,
			   const struct modbus_question *question, struct inbox *inbox,
			   struct modbus_answer *answer, struct modbus_result *result)
{
	uint64_t asked_ns = inbox->first_by_ns - slave->response_timeout_ms * NS_PER_MS;
	uint64_t first_ns = 0;

	/* Something may have come with the echo. */
	if (inbox->n)
		first_ns = inbox->newest_ns;
	while (!judge(link, question, inbox, answer, result)) {
		bool was_empty = !inbox->n;

		if (await(link, slave, inbox, result))
			return;
		if (was_empty)
			first_ns = inbox->newest_ns;
	}
	result->response_ns = first_ns > asked_ns ? first_ns - asked_ns : 0;
}

/* Gateways close connections that nobody has used for a while: that is no failure yet. */
static bool connect_again(struct modbus_link *link, struct modbus_result *result)
{
	int error;

	if (!is_tcp(link) || result->outcome != MODBUS_LINK_LOST)
		return false;
	error = modbus_link_open(link);
	if (error)
		return !end(result, error == -ECANCELED ? MODBUS_STOPPED : MODBUS_LINK_LOST, error);
	return true;
}

static void converse(struct modbus_link *link, const struct conf_slave *slave,
		     const struct modbus_question *question, struct modbus_answer *answer,
		     struct modbus_result *result)
{
	uint8_t bytes[MODBUS_FRAME_MAX];
	int n = modbus_frame_ask(link->frame, question, bytes);
	struct inbox inbox = { .n = 0 };
	uint64_t asked_ns;

	if (n < 0) {
		end(result, MODBUS_GARBLED, n);
		return;
	}
	if (begin(link, result) && !connect_again(link, result))
		return;
	if (send_all(link, bytes, (size_t)n, clock_boot_ns() + NS_PER_SEC, result))
		return;
	asked_ns = clock_boot_ns() + wire_ns(link, (size_t)n);
	inbox.first_by_ns = asked_ns + slave->response_timeout_ms * NS_PER_MS;
	inbox.last_by_ns = inbox.first_by_ns + slave->byte_timeout_ms * NS_PER_MS +
			   2 * wire_ns(link, modbus_frame_expected(link->frame, question));
	if (link->conf->has_echo && eat_echo(link, slave, bytes, (size_t)n, &inbox, result))
		return;
	receive_answer(link, slave, question, &inbox, answer, result);
}

/* Nothing of this question shall be there when the next one is asked. */
static void clear(struct modbus_link *link, const struct conf_slave *slave,
		  struct modbus_result *result)
{
	uint64_t silent_ns = slave->byte_timeout_ms * NS_PER_MS, limit_ns, now_ns = clock_boot_ns();
	uint64_t answer_by_ns = result->begun_ns + slave->response_timeout_ms * NS_PER_MS;
	int drained;

	if (is_tcp(link)) {
		modbus_link_close(link);
		return;
	}
	limit_ns = DRAIN_BYTE_TIMEOUTS * silent_ns;
	/* What came may have been noise: the answer itself, still on its way, would pass for that to
	 * the next question.
	 */
	if (result->outcome == MODBUS_GARBLED && answer_by_ns > now_ns + silent_ns) {
		silent_ns = answer_by_ns - now_ns;
		limit_ns += silent_ns;
	}
	drained = drain(link, silent_ns, limit_ns);
	if (drained == -ECANCELED)
		end(result, MODBUS_STOPPED, drained);
	else if (drained < 0 && drained != -EBUSY)
		end(result, MODBUS_LINK_LOST, drained);
}

void modbus_link_ask(struct modbus_link *link, const struct conf_slave *slave,
		     const struct modbus_question *question, struct modbus_answer *answer,
		     struct modbus_result *result)
{
	*result = (struct modbus_result){ .begun_ns = clock_boot_ns() };
	converse(link, slave, question, answer, result);
	if (result->outcome == MODBUS_SILENT || result->outcome == MODBUS_GARBLED)
		clear(link, slave, result);
	if (result->outcome == MODBUS_LINK_LOST)
		modbus_link_close(link);
	result->done_ns = clock_boot_ns();
}
