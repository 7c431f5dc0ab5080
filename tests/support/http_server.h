/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A scripted store on 127.0.0.1, in a thread of the test. Each request is unpacked
 * and given to a script, which says what to answer; the lines of what it answers with
 * 204 are kept in the order in which they came.
 */
#ifndef HYDROPON_TEST_HTTP_SERVER_H
#define HYDROPON_TEST_HTTP_SERVER_H

#include "harness.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <zlib.h>

#define HTTP_TEXT_MAX (4u << 20)
#define HTTP_SILENCE_MS 5000

struct http_answer {
	int status;
	const char *headers;	/* more of them, each with \r\n; NULL: none */
	const char *body;	/* NULL: none */
	bool continues;		/* says 100 first */
	bool breaks_off;	/* promises more than it sends */
	bool closes;		/* without a word */
	bool hangs;		/* says nothing until the client gives up */
	bool forgets;		/* 204, but the lines are not kept */
};

/* @lines: the text of the request, NUL-terminated. */
typedef struct http_answer (*http_script)(void *data, const char *lines, size_t lines_n);

/* Answers a GET, by its request line and headers. */
typedef struct http_answer (*http_ask)(void *data, const char *head);

struct http_server {
	int listen_fd, stop_fd;
	unsigned short port;
	pthread_t thread;
	http_script script;
	http_ask ask;		/* NULL: 404 */
	void *data;
	pthread_mutex_t lock;	/* for what follows */
	unsigned int requests;
	char last_head[2048];	/* request line and headers */
	char *stored;		/* NUL-terminated */
	size_t stored_n;
	char packed[HTTP_TEXT_MAX / 4], text[HTTP_TEXT_MAX];
};

static bool http_readable(struct http_server *server, int fd)
{
	struct pollfd fds[2] = { { .fd = fd, .events = POLLIN },
				 { .fd = server->stop_fd, .events = POLLIN } };

	return poll(fds, 2, HTTP_SILENCE_MS) > 0 && !fds[1].revents;
}

/* Reads head and body; returns the body's size, or -1. */
static ssize_t http_read_request(struct http_server *server, int fd, char *head, size_t head_max)
{
	size_t n = 0, wanted = 0, body = 0;
	char *end = NULL, *length;

	while (!end) {
		ssize_t got = http_readable(server, fd) ? read(fd, head + n, head_max - 1 - n) : -1;

		if (got <= 0)
			return -1;
		n += (size_t)got;
		head[n] = 0;
		end = strstr(head, "\r\n\r\n");
	}
	length = strcasestr(head, "\r\nContent-Length:");
	if (length)
		wanted = strtoul(length + 17, NULL, 10);
	if (wanted > sizeof(server->packed))
		return -1;
	body = n - (size_t)(end + 4 - head);
	memcpy(server->packed, end + 4, body);
	end[2] = 0;
	while (body < wanted) {
		ssize_t got = http_readable(server, fd) ?
			read(fd, server->packed + body, wanted - body) : -1;

		if (got <= 0)
			return -1;
		body += (size_t)got;
	}
	return (ssize_t)body;
}

/* Returns the size of the text, or -1 if it is not one whole gzip stream. */
static ssize_t http_unpack(struct http_server *server, size_t packed)
{
	z_stream stream = { .next_in = (Bytef *)server->packed, .avail_in = (uInt)packed,
			    .next_out = (Bytef *)server->text, .avail_out = HTTP_TEXT_MAX - 1 };
	int result;

	if (inflateInit2(&stream, 15 + 16) != Z_OK)
		return -1;
	result = inflate(&stream, Z_FINISH);
	inflateEnd(&stream);
	if (result != Z_STREAM_END || stream.avail_in)
		return -1;
	server->text[stream.total_out] = 0;
	return (ssize_t)stream.total_out;
}

static void http_keep(struct http_server *server, size_t n)
{
	server->stored = realloc(server->stored, server->stored_n + n + 1);
	memcpy(server->stored + server->stored_n, server->text, n + 1);
	server->stored_n += n;
}

/* All of it, unless nobody listens any more. */
static void http_send_all(int fd, const char *bytes, size_t n)
{
	while (n) {
		ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);

		if (sent <= 0)
			return;
		bytes += sent;
		n -= (size_t)sent;
	}
}

static void http_send(int fd, const struct http_answer *answer)
{
	const char *body = answer->body ? answer->body : "";
	char head[1024];
	int n;

	n = snprintf(head, sizeof(head), "%sHTTP/1.1 %d Scripted\r\n%s",
		     answer->continues ? "HTTP/1.1 100 Continue\r\n\r\n" : "", answer->status,
		     answer->headers ? answer->headers : "");
	if (answer->status != 204)
		n += snprintf(head + n, sizeof(head) - (size_t)n, "Content-Length: %zu\r\n",
			      strlen(body) + (answer->breaks_off ? 100 : 0));
	n += snprintf(head + n, sizeof(head) - (size_t)n, "Connection: close\r\n%s",
		      answer->breaks_off && answer->status == 204 ? "" : "\r\n");
	http_send_all(fd, head, (size_t)n);
	http_send_all(fd, body, strlen(body));
}

/* With the lock held. */
static struct http_answer http_judge(struct http_server *server, const char *head, ssize_t packed)
{
	struct http_answer answer = { .status = 500, .body = "not gzip" };
	ssize_t n;

	if (!strncmp(head, "GET ", 4))
		return server->ask ? server->ask(server->data, head) :
				     (struct http_answer){ .status = 404 };
	n = http_unpack(server, (size_t)packed);
	if (n >= 0)
		answer = server->script(server->data, server->text, (size_t)n);
	if (answer.status == 204 && !answer.closes && !answer.hangs && !answer.forgets)
		http_keep(server, (size_t)n);
	return answer;
}

static void http_serve(struct http_server *server, int fd)
{
	struct http_answer answer;
	char head[4096];
	ssize_t packed = http_read_request(server, fd, head, sizeof(head));

	if (packed < 0)
		return;
	pthread_mutex_lock(&server->lock);
	server->requests++;
	snprintf(server->last_head, sizeof(server->last_head), "%.*s",
		 (int)sizeof(server->last_head) - 1, head);
	answer = http_judge(server, head, packed);
	pthread_mutex_unlock(&server->lock);
	if (answer.hangs)
		http_readable(server, fd);
	else if (!answer.closes)
		http_send(fd, &answer);
}

static void *http_run(void *data)
{
	struct http_server *server = data;
	struct pollfd fds[2] = { { .fd = server->listen_fd, .events = POLLIN },
				 { .fd = server->stop_fd, .events = POLLIN } };

	while (poll(fds, 2, -1) > 0 && !fds[1].revents) {
		int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0)
			continue;
		http_serve(server, fd);
		close(fd);
	}
	return NULL;
}

/* @port: 0, or that of a server that was stopped. */
__attribute__((unused)) static struct http_server *http_start(unsigned short port,
							      http_script script, void *data)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct http_server *server = calloc(1, sizeof(*server));
	socklen_t size = sizeof(address);
	int yes = 1;

	ASSERT_TRUE(server != NULL);
	server->script = script;
	server->data = data;
	server->stored = calloc(1, 1);
	pthread_mutex_init(&server->lock, NULL);
	server->stop_fd = eventfd(0, EFD_CLOEXEC);
	server->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ASSERT_GE(server->listen_fd, 0);
	setsockopt(server->listen_fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	ASSERT_EQ(bind(server->listen_fd, (struct sockaddr *)&address, sizeof(address)), 0);
	ASSERT_EQ(listen(server->listen_fd, 16), 0);
	ASSERT_EQ(getsockname(server->listen_fd, (struct sockaddr *)&address, &size), 0);
	server->port = ntohs(address.sin_port);
	ASSERT_EQ(pthread_create(&server->thread, NULL, http_run, server), 0);
	return server;
}

__attribute__((unused)) static void http_stop(struct http_server *server)
{
	if (!server)
		return;
	eventfd_write(server->stop_fd, 1);
	pthread_join(server->thread, NULL);
	close(server->listen_fd);
	close(server->stop_fd);
	free(server->stored);
	free(server);
}

__attribute__((unused)) static unsigned int http_requests(struct http_server *server)
{
	unsigned int requests;

	pthread_mutex_lock(&server->lock);
	requests = server->requests;
	pthread_mutex_unlock(&server->lock);
	return requests;
}

#endif
