// SPDX-License-Identifier: GPL-2.0-only
/* hydropond under a service manager that this test plays. */
#include "unit/process.h"

#include <stdarg.h>

#include "control/notify.h"

#define WATCHDOG_MS 1000

FIXTURE(notify)
{
	char dir[64];
	char socket[96], watchdog[32];
	int fd;
	pid_t pid;
};

FIXTURE_SETUP(notify)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char *const environment[] = { self->socket, self->watchdog, NULL };

	directory_make(self->dir, sizeof(self->dir));
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", self->dir);
	self->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ASSERT_EQ(bind(self->fd, (struct sockaddr *)&address, sizeof(address)), 0);
	snprintf(self->socket, sizeof(self->socket), "NOTIFY_SOCKET=%.70s", address.sun_path);
	snprintf(self->watchdog, sizeof(self->watchdog), "WATCHDOG_USEC=%d", WATCHDOG_MS * 1000);
	self->pid = hydropond_launch(self->dir, environment);
}

FIXTURE_TEARDOWN(notify)
{
	kill(self->pid, SIGKILL);
	directory_remove(self->dir);
}

/* The next word that begins with @prefix, or false once @timeout_ms have passed. */
static bool hears(struct fixture_notify *self, const char *prefix, unsigned int timeout_ms)
{
	uint64_t deadline_ns = clock_boot_ns() + timeout_ms * NS_PER_MS, now_ns;

	while ((now_ns = clock_boot_ns()) < deadline_ns) {
		struct pollfd poll_fd = { .fd = self->fd, .events = POLLIN };
		char text[512];
		ssize_t n;

		if (poll(&poll_fd, 1, (int)((deadline_ns - now_ns) / NS_PER_MS) + 1) <= 0)
			continue;
		n = recv(self->fd, text, sizeof(text) - 1, 0);
		ASSERT_GT(n, 0);
		text[n] = 0;
		if (!strncmp(text, prefix, strlen(prefix)))
			return true;
	}
	return false;
}

static void forget(struct fixture_notify *self)
{
	char text[512];

	while (recv(self->fd, text, sizeof(text), MSG_DONTWAIT) >= 0)
		;
}

TEST_F(notify, is_ready_then_alive_then_stopping)
{
	ASSERT_TRUE(hears(self, "STATUS=Outputs are NOT protected", PROCESS_WAIT_MS));
	ASSERT_TRUE(hears(self, "READY=1", PROCESS_WAIT_MS));
	for (int i = 0; i < 4; i++)
		EXPECT_TRUE(hears(self, "WATCHDOG=1", WATCHDOG_MS));
	kill(self->pid, SIGTERM);
	EXPECT_TRUE(hears(self, "STOPPING=1", PROCESS_WAIT_MS));
	EXPECT_EQ(process_wait(self->pid, PROCESS_WAIT_MS), 0);
}

TEST_F(notify, a_stopped_loop_is_not_alive)
{
	ASSERT_TRUE(hears(self, "WATCHDOG=1", PROCESS_WAIT_MS));
	kill(self->pid, SIGSTOP);
	sleep_ms(50);
	forget(self);
	EXPECT_FALSE(hears(self, "WATCHDOG=1", 2 * WATCHDOG_MS));
	kill(self->pid, SIGCONT);
	EXPECT_TRUE(hears(self, "WATCHDOG=1", WATCHDOG_MS));
}

/* Nobody reads from here on, and the manager's queue is full. */
static void fill(struct fixture_notify *self)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/notify", self->dir);
	while (sendto(fd, "X", 1, 0, (struct sockaddr *)&address, sizeof(address)) == 1)
		;
	EXPECT_EQ(errno, EAGAIN);
	close(fd);
}

TEST_F(notify, what_did_not_fit_is_said_again)
{
	/* half of it is far longer than this test waits */
	char *const environment[] = { self->socket, "WATCHDOG_USEC=120000000", NULL };
	int fd;

	kill(self->pid, SIGKILL);
	ASSERT_EQ(process_wait(self->pid, PROCESS_WAIT_MS), 128 + SIGKILL);
	fill(self);
	self->pid = hydropond_launch(self->dir, environment);
	for (int i = 0; (fd = socket_connect(self->dir, "status.sock")) < 0 && i < 1000; i++)
		sleep_ms(20);
	ASSERT_GE(fd, 0);
	close(fd);
	sleep_ms(500);		/* several turns */
	forget(self);
	EXPECT_TRUE(hears(self, "READY=1", 5000));
	EXPECT_TRUE(hears(self, "WATCHDOG=1", 5000));
}

/* A device that is open and says nothing. */
static int silent_open(const char *path, int flags, ...)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

static int silent_ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;

	va_start(arguments, request);
	if (request == HYDROPON_IOC_INFO)
		*va_arg(arguments, struct hydropon_info *) =
			(struct hydropon_info){ .abi_version = HYDROPON_ABI_VERSION };
	va_end(arguments);
	return 0;
}

TEST(alive_is_who_reads_beats)
{
	const struct stream_device device = { silent_open, close, read, silent_ioctl };
	struct turn turn = { .stream = stream_new("none", &device) };
	uint64_t now_ns = 1000 * NS_PER_SEC;

	EXPECT_TRUE(notify_is_alive(&turn, now_ns));	/* nothing could be read */
	ASSERT_EQ(stream_open(turn.stream, &turn.info), 0);
	EXPECT_FALSE(notify_is_alive(&turn, now_ns));
	turn.beat_ns = now_ns;
	EXPECT_TRUE(notify_is_alive(&turn, now_ns + 1900 * NS_PER_MS));
	EXPECT_FALSE(notify_is_alive(&turn, now_ns + 2100 * NS_PER_MS));
	turn.info.terminal = 1;
	EXPECT_TRUE(notify_is_alive(&turn, now_ns + 2100 * NS_PER_MS));
	stream_free(turn.stream);
}

TEST_F(notify, a_manager_that_is_stuck_holds_up_nothing)
{
	char answer[16] = "";
	int fd;

	ASSERT_TRUE(hears(self, "READY=1", PROCESS_WAIT_MS));
	fill(self);
	sleep_ms(2 * WATCHDOG_MS);	/* several words that do not fit */
	fd = socket_connect(self->dir, "status.sock");
	ASSERT_GE(fd, 0);
	ASSERT_EQ(write(fd, "{}\n", 3), 3);
	{
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

		ASSERT_EQ(poll(&poll_fd, 1, 5000), 1);
	}
	ASSERT_GT(read(fd, answer, sizeof(answer) - 1), 0);
	EXPECT_CONTAINS(answer, "{\"ok\":false");
	close(fd);
}
