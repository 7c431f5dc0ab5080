// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/client.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <json-c/json.h>

#include "base/clock.h"

#define RETRY_MS 20

static int left_ms(uint64_t deadline_ns)
{
	uint64_t now_ns = clock_boot_ns();

	return now_ns < deadline_ns ? (int)((deadline_ns - now_ns) / NS_PER_MS) + 1 : 0;
}

/* Waits until @events or the deadline. */
static int wait_for(int fd, short events, uint64_t deadline_ns)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };
	int n = poll(&poll_fd, 1, left_ms(deadline_ns));

	if (n < 0 && errno != EINTR)
		return -errno;
	return left_ms(deadline_ns) ? 0 : -ETIMEDOUT;
}

static int client_connect(const char *dir, const char *name, uint64_t deadline_ns)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd, error;

	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s/%s", dir, name) >=
	    (int)sizeof(address.sun_path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	/* EAGAIN: its queue of clients is full, for the moment or because it hangs */
	while (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		error = errno == EAGAIN ? 0 : -errno;
		if (!error && left_ms(deadline_ns) < RETRY_MS)
			error = -ETIMEDOUT;
		if (error) {
			close(fd);
			return error;
		}
		poll(NULL, 0, RETRY_MS);
	}
	return fd;
}

static int client_send(int fd, const char *text, uint64_t deadline_ns)
{
	size_t left = strlen(text);

	while (left) {
		ssize_t n = send(fd, text, left, MSG_NOSIGNAL);

		if (n < 0) {
			int error = errno == EAGAIN || errno == EINTR ?
				    wait_for(fd, POLLOUT, deadline_ns) : -errno;

			/* It closed already, and has perhaps said why. */
			if (error == -EPIPE)
				return 0;
			if (error)
				return error;
			continue;
		}
		text += n;
		left -= (size_t)n;
	}
	return 0;
}

/* One line without its newline, to be freed. */
static int client_receive(int fd, char **line, uint64_t deadline_ns)
{
	size_t room = 0, used = 0;
	char *text = NULL, *end = NULL;
	int error = 0;

	while (!error && !end) {
		ssize_t n;

		if (used == room) {
			char *more = room < CLIENT_ANSWER_MAX ? realloc(text, room + 65536) : NULL;

			if (!more) {
				error = -EPROTO;
				break;
			}
			text = more;
			room += 65536;
		}
		n = recv(fd, text + used, room - used, 0);
		if (n > 0) {
			end = memchr(text + used, '\n', (size_t)n);
			used += (size_t)n;
		} else if (!n) {
			error = -EPROTO;
		} else if (errno == EAGAIN || errno == EINTR) {
			error = wait_for(fd, POLLIN, deadline_ns);
		} else {
			error = -errno;
		}
	}
	if (error) {
		free(text);
		return error;
	}
	*end = 0;
	*line = text;
	return 0;
}

int client_ask(const char *dir, const char *name, const char *request,
	       struct json_object **answer)
{
	uint64_t deadline_ns = clock_boot_ns() + CLIENT_TIMEOUT_MS * NS_PER_MS;
	int fd = client_connect(dir, name, deadline_ns), error;
	char *line;

	if (fd < 0)
		return fd;
	error = client_send(fd, request, deadline_ns);
	if (!error)
		error = client_receive(fd, &line, deadline_ns);
	close(fd);
	if (error)
		return error;
	*answer = json_tokener_parse(line);
	free(line);
	if (json_object_is_type(*answer, json_type_object))
		return 0;
	json_object_put(*answer);
	return -EPROTO;
}

void client_explain(int error, const char *dir, const char *name, char *text, size_t size)
{
	switch (-error) {
	case ENOENT:
	case ECONNREFUSED:
		snprintf(text, size,
			 "hydropond is not running (nobody listens on %s/%s); start it with "
			 "\"systemctl start hydropond\", or name its run-dir with --socket-dir",
			 dir, name);
		break;
	case ETIMEDOUT:
		snprintf(text, size, "hydropond does not answer within %d s; restart it with "
			 "\"systemctl restart hydropond\"", CLIENT_TIMEOUT_MS / 1000);
		break;
	case EACCES:
	case EPERM:
		snprintf(text, size, "%s/%s is not for this user; join group hydropon or use sudo",
			 dir, name);
		break;
	default:
		snprintf(text, size,
			 "%s/%s does not answer as hydropond does: %s; restart hydropond", dir,
			 name, strerrordesc_np(-error));
	}
}
