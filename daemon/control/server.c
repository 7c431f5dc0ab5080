// SPDX-License-Identifier: GPL-2.0-only
#include "control/server.h"

#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/protocol.h"

#define GROUP_NAME "hydropon"
#define SECOND_US 1000000
#define REST_US (SERVER_REST_MS * 1000)

struct client {
	struct listener *listener;
	struct client *next;
	int fd;
	sd_event_source *io;
	sd_event_source *more;		/* another line is in @in already */
	uint64_t active_ns;		/* BOOTTIME of the newest complete request */
	bool last_answer;		/* close when the answer has been taken */
	char *out;
	size_t out_n, out_sent;
	size_t in_n;
	char in[SERVER_REQUEST_MAX + 1];	/* the newline */
};

struct listener {
	struct server *server;
	const char *name;
	mode_t mode;
	bool may_control;
	int fd;
	bool bound;			/* the socket at @path is ours to remove */
	bool failure_told;
	sd_event_source *io;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	struct client *clients;
	size_t clients_n;
};

struct server {
	sd_event *event;
	const char *run_dir;
	uint32_t idle_ms;
	server_answer *answer;
	void *data;
	sd_event_source *second, *rest;
	unsigned int budget;		/* dispatches until the next rest; 0: it rests */
	int64_t served;			/* dispatches since the start */
	struct listener listeners[2];
};

static void client_close(struct client *client)
{
	struct client **link = &client->listener->clients;

	while (*link != client)
		link = &(*link)->next;
	*link = client->next;
	client->listener->clients_n--;
	sd_event_source_disable_unref(client->more);
	sd_event_source_disable_unref(client->io);
	close(client->fd);
	free(client->out);
	free(client);
}

/* False: the client is gone. */
static bool client_flush(struct client *client)
{
	while (client->out_sent < client->out_n) {
		ssize_t n = send(client->fd, client->out + client->out_sent,
				 client->out_n - client->out_sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		client->out_sent += (size_t)n;
	}
	free(client->out);
	client->out = NULL;
	client->out_n = client->out_sent = 0;
	return !client->last_answer;
}

static void client_say(struct client *client, char *text)
{
	client->out = text;
	client->out_n = text ? strlen(text) : 0;
	client->out_sent = 0;
	if (!text)
		client->last_answer = true;
}

static char *client_line_end(struct client *client)
{
	return memchr(client->in, '\n', client->in_n);
}

/* Answers at most one line. */
static void client_serve(struct client *client)
{
	struct server *server = client->listener->server;
	char *end = client_line_end(client);

	if (!end) {
		if (client->in_n == sizeof(client->in)) {
			client->last_answer = true;
			client_say(client, protocol_error("the request is longer than 4096 bytes"));
		}
		return;
	}
	client->active_ns = clock_boot_ns();
	client_say(client, server->answer(server->data, client->in, (size_t)(end - client->in),
					  client->listener->may_control));
	client->in_n -= (size_t)(end + 1 - client->in);
	memmove(client->in, end + 1, client->in_n);
}

/* False: nothing will come any more. Called when all that came before is answered. */
static bool client_receive(struct client *client)
{
	ssize_t n = recv(client->fd, client->in + client->in_n,
			 sizeof(client->in) - client->in_n, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	client->in_n += (size_t)n;
	return n;
}

/* Asks for what the client waits for next: room, itself, or input; or for nothing
 * while the server rests. False if that failed. */
static bool client_await(struct client *client)
{
	bool rests = !client->listener->server->budget;
	bool waits_for_room = client->out, has_line = client_line_end(client);

	return sd_event_source_set_io_events(client->io, waits_for_room ? EPOLLOUT :
						has_line ? 0 : EPOLLIN) >= 0 &&
	       sd_event_source_set_enabled(client->io, rests ? SD_EVENT_OFF : SD_EVENT_ON) >= 0 &&
	       sd_event_source_set_enabled(client->more, !rests && !waits_for_room && has_line ?
						SD_EVENT_ONESHOT : SD_EVENT_OFF) >= 0;
}

static void client_step(struct client *client)
{
	if (!client->out)
		client_serve(client);
	if (!client_flush(client) || !client_await(client))
		client_close(client);
}

/* Begins or ends the rest of all listeners and clients. */
static void server_await(struct server *server)
{
	for (size_t i = 0; i < 2; i++) {
		struct client *client = server->listeners[i].clients;

		sd_event_source_set_enabled(server->listeners[i].io,
					    server->budget ? SD_EVENT_ON : SD_EVENT_OFF);
		while (client) {
			struct client *next = client->next;

			if (!client_await(client))
				sd_event_source_set_enabled(client->io, SD_EVENT_OFF);
			client = next;
		}
	}
}

static int server_on_rested(sd_event_source *source, uint64_t now_us, void *data)
{
	struct server *server = data;

	server->budget = SERVER_BUDGET;
	server_await(server);
	return 0;
}

/*
 * Every dispatch is paid for, whether it brings a request, a connection or one byte.
 * Who was served last is served again after all others that wait.
 */
static int64_t server_spend(struct server *server)
{
	server->served++;
	if (server->budget && !--server->budget) {
		sd_event_source_set_time_relative(server->rest, REST_US);
		sd_event_source_set_enabled(server->rest, SD_EVENT_ONESHOT);
		server_await(server);
	}
	return SD_EVENT_PRIORITY_IDLE + server->served;
}

static void client_spend(struct client *client)
{
	int64_t priority = server_spend(client->listener->server);

	sd_event_source_set_priority(client->io, priority);
	sd_event_source_set_priority(client->more, priority);
}

static int client_on_more(sd_event_source *source, void *data)
{
	client_spend(data);
	client_step(data);
	return 0;
}

static int client_on_io(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct client *client = data;

	client_spend(client);
	if (events & (EPOLLHUP | EPOLLERR) && !(events & EPOLLIN)) {
		client_close(client);
		return 0;
	}
	if (events & EPOLLIN && !client->out && !client_line_end(client) &&
	    !client_receive(client)) {
		client_close(client);
		return 0;
	}
	client_step(client);
	return 0;
}

static int client_add(struct listener *listener, int fd)
{
	struct client *client = calloc(1, sizeof(*client));
	struct server *server = listener->server;
	int64_t priority = SD_EVENT_PRIORITY_IDLE + server->served;
	int error;

	if (!client)
		return -ENOMEM;
	client->listener = listener;
	client->fd = fd;
	client->active_ns = clock_boot_ns();
	error = sd_event_add_io(server->event, &client->io, fd, EPOLLIN, client_on_io, client);
	if (error < 0)
		goto err_free;
	error = sd_event_add_defer(server->event, &client->more, client_on_more, client);
	if (error < 0)
		goto err_io;
	sd_event_source_set_priority(client->io, priority);
	sd_event_source_set_priority(client->more, priority);
	if (!client_await(client)) {
		error = -EIO;
		goto err_more;
	}
	client->next = listener->clients;
	listener->clients = client;
	listener->clients_n++;
	return 0;

err_more:
	sd_event_source_disable_unref(client->more);
err_io:
	sd_event_source_disable_unref(client->io);
err_free:
	free(client);
	return error;
}

static void refuse(int fd)
{
	char *text = protocol_error("too many clients, try again later");

	if (text)
		send(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT);
	free(text);
}

static int listener_on_io(sd_event_source *source, int listen_fd, uint32_t events, void *data)
{
	struct listener *listener = data;
	int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	sd_event_source_set_priority(source, server_spend(listener->server));
	if (fd < 0) {
		/* Out of descriptors the socket stays readable: rest until the next second. */
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
			sd_event_source_set_enabled(source, SD_EVENT_OFF);
		return 0;
	}
	if (listener->clients_n == SERVER_CLIENTS_MAX || client_add(listener, fd) < 0) {
		refuse(fd);
		close(fd);
	}
	return 0;
}

/* Removes a socket that nobody listens on; -EADDRINUSE if another hydropond does. */
static int remove_stale(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), error;

	if (fd < 0)
		return -errno;
	error = connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? errno : 0;
	close(fd);
	switch (error) {
	case ENOENT:		/* nothing, or a link that leads nowhere */
	case ECONNREFUSED:
		return unlink(address->sun_path) < 0 && errno != ENOENT ? -errno : 0;
	case 0:
	case EAGAIN:
		return -EADDRINUSE;
	default:
		return -error;
	}
}

static void give_to_group(const struct listener *listener)
{
	struct group *group = getgrnam(GROUP_NAME);

	if (!group)
		log_info("there is no group %s, only this user can use %s", GROUP_NAME,
			 listener->path);
	else if (chown(listener->path, (uid_t)-1, group->gr_gid) < 0)
		log_warning("%s: cannot be given to group %s: %s", listener->path, GROUP_NAME,
			    strerrordesc_np(errno));
}

static int listener_bind(struct listener *listener, const struct sockaddr_un *address)
{
	/* closed to others until the group is right */
	mode_t old = umask(0177);
	int error = bind(listener->fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ?
		    -errno : 0;

	umask(old);
	if (error)
		return error;
	listener->bound = true;
	if (listener->may_control)
		give_to_group(listener);
	if (chmod(listener->path, listener->mode) < 0 ||
	    listen(listener->fd, SERVER_CLIENTS_MAX) < 0)
		return -errno;
	return 0;
}

static int listener_open(struct listener *listener, const char *run_dir)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int error;

	if (snprintf(listener->path, sizeof(listener->path), "%s/%s", run_dir, listener->name) >=
	    (int)sizeof(listener->path))
		return -ENAMETOOLONG;
	memcpy(address.sun_path, listener->path, sizeof(address.sun_path));
	if (mkdir(run_dir, 0755) < 0 && errno != EEXIST)
		return -errno;
	error = remove_stale(&address);
	if (error)
		return error;
	listener->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return -errno;
	error = listener_bind(listener, &address);
	if (error)
		return error;
	error = sd_event_add_io(listener->server->event, &listener->io, listener->fd, EPOLLIN,
				listener_on_io, listener);
	if (error >= 0)
		error = sd_event_source_set_priority(listener->io, SD_EVENT_PRIORITY_IDLE +
						     listener->server->served);
	return error < 0 ? error : 0;
}

static void listener_close(struct listener *listener)
{
	listener->io = sd_event_source_disable_unref(listener->io);
	if (listener->fd >= 0)
		close(listener->fd);
	listener->fd = -1;
	if (listener->bound)
		unlink(listener->path);
	listener->bound = false;
}

/* To be called again after an error, which is told once. */
static int listener_start(struct listener *listener)
{
	int error = listener_open(listener, listener->server->run_dir);

	if (error) {
		listener_close(listener);
		if (!listener->failure_told)
			log_error("cannot listen on %s: %s; trying again every second",
				  listener->path, strerrordesc_np(-error));
	} else if (listener->failure_told) {
		log_notice("listening on %s", listener->path);
	}
	listener->failure_told = error;
	return error;
}

static int server_on_second(sd_event_source *source, uint64_t now_us, void *data)
{
	struct server *server = data;
	uint64_t now_ns = clock_boot_ns();

	for (size_t i = 0; i < 2; i++) {
		struct client *client = server->listeners[i].clients;

		while (client) {
			struct client *next = client->next;

			if (now_ns - client->active_ns > server->idle_ms * NS_PER_MS)
				client_close(client);
			client = next;
		}
		if (!server->listeners[i].io)
			listener_start(&server->listeners[i]);
	}
	server_await(server);
	sd_event_source_set_time_relative(source, SECOND_US);
	return 0;
}

static int server_add_timers(struct server *server)
{
	int error = sd_event_add_time_relative(server->event, &server->second, CLOCK_BOOTTIME,
					       SECOND_US, SECOND_US / 10, server_on_second,
					       server);

	if (error >= 0)
		error = sd_event_source_set_enabled(server->second, SD_EVENT_ON);
	if (error >= 0)
		error = sd_event_add_time_relative(server->event, &server->rest, CLOCK_BOOTTIME,
						   REST_US, REST_US / 10, server_on_rested,
						   server);
	if (error >= 0)
		error = sd_event_source_set_enabled(server->rest, SD_EVENT_OFF);
	return error < 0 ? error : 0;
}

int server_start(struct server **started, sd_event *event, const char *run_dir,
		 uint32_t idle_ms, server_answer *answer, void *data)
{
	struct server *server = calloc(1, sizeof(*server));
	int error;

	if (!server)
		return -ENOMEM;
	server->event = event;
	server->run_dir = run_dir;
	server->idle_ms = idle_ms;
	server->answer = answer;
	server->data = data;
	server->budget = SERVER_BUDGET;
	server->listeners[0] = (struct listener){ .server = server, .name = "status.sock",
						  .mode = 0666, .fd = -1 };
	server->listeners[1] = (struct listener){ .server = server, .name = "control.sock",
						  .mode = 0660, .fd = -1, .may_control = true };
	error = server_add_timers(server);
	if (error)
		log_error("cannot make timers: %s", strerrordesc_np(-error));
	for (size_t i = 0; !error && i < 2; i++)
		if (listener_start(&server->listeners[i]) == -EADDRINUSE)
			error = -EADDRINUSE;
	if (error) {
		server_stop(server);
		return error;
	}
	*started = server;
	return 0;
}

void server_stop(struct server *server)
{
	if (!server)
		return;
	sd_event_source_disable_unref(server->second);
	sd_event_source_disable_unref(server->rest);
	for (size_t i = 0; i < 2; i++) {
		struct listener *listener = &server->listeners[i];

		while (listener->clients)
			client_close(listener->clients);
		listener_close(listener);
	}
	free(server);
}
