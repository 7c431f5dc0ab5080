/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hydropond and hydroponctl as real processes, in a directory of the test's own and
 * without a device. The programs are those of the build that the test belongs to, or
 * of the folder that HYDROPON_PROGRAMS names.
 */
#ifndef HYDROPON_TEST_PROCESS_H
#define HYDROPON_TEST_PROCESS_H

#include "harness.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

#define PROCESS_WAIT_MS 20000	/* sanitizers on a busy machine */

static inline void program_path(const char *name, char *path, size_t size)
{
	const char *folder = getenv("HYDROPON_PROGRAMS");
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	ASSERT_GT(n, 0);
	self[n] = 0;
	/* $(O)/tests/unit/NAME */
	snprintf(path, size, "%s/%s", folder ? folder : dirname(dirname(dirname(self))), name);
	if (access(path, X_OK))
		harness_note("%s is not built, \"make programs\" first", path);
	ASSERT_EQ(access(path, X_OK), 0);
}

static inline int remove_entry(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
	return remove(path);
}

static inline void directory_make(char *path, size_t size)
{
	snprintf(path, size, "/tmp/hydropon-test-XXXXXX");
	ASSERT_TRUE(mkdtemp(path) != NULL);
}

static inline void directory_remove(const char *path)
{
	nftw(path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static inline void file_put(const char *dir, const char *name, const char *text)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	file = fopen(path, "we");
	ASSERT_TRUE(file != NULL);
	fputs(text, file);
	ASSERT_EQ(fclose(file), 0);
}

static inline void sleep_ms(unsigned int ms)
{
	poll(NULL, 0, (int)ms);
}

/* A child that dies with the test. Its output goes to @out_fd if that is not -1. */
static inline pid_t process_start(char *const *arguments, char *const *environment, int out_fd)
{
	pid_t pid = fork();

	ASSERT_GE(pid, 0);
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (out_fd >= 0) {
			dup2(out_fd, STDOUT_FILENO);
			dup2(out_fd, STDERR_FILENO);
		}
		for (; environment && *environment; environment++)
			putenv(*environment);
		execv(arguments[0], arguments);
		_exit(127);
	}
	return pid;
}

/* The exit code, 128 + the signal, or -1 if it does not end in time. */
static inline int process_wait(pid_t pid, unsigned int timeout_ms)
{
	uint64_t deadline_ns = clock_boot_ns() + timeout_ms * NS_PER_MS;
	int status;

	while (!waitpid(pid, &status, WNOHANG)) {
		if (clock_boot_ns() > deadline_ns)
			return -1;
		sleep_ms(10);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* -1 and errno if nobody listens. */
static inline int socket_connect(const char *dir, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ASSERT_GE(fd, 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.60s/run/%s", dir, name);
	if (!connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	close(fd);
	return -1;
}

/* hydropond, with its configuration in @dir/hydropon.conf and its sockets in @dir/run. */
static inline pid_t hydropond_launch(const char *dir, char *const *environment)
{
	char program[PATH_MAX], conf[PATH_MAX], text[1024];
	char *const arguments[] = { program, "-c", conf, NULL };

	program_path("hydropond", program, sizeof(program));
	snprintf(conf, sizeof(conf), "%s/state", dir);
	mkdir(conf, 0700);
	snprintf(text, sizeof(text),
		 "[gateway]\nname = greenhouse\nsite = home\ndevice = %s/none\n"
		 "run-dir = %s/run\nstate-dir = %s/state\n"
		 "[channel water]\nquantity = temperature\nzero = 500 mV\nscale = 10 mV/C\n"
		 "min = 5 C\nmax = 45 C\n"
		 "[output pump]\nwant = off\nneeds = water\n"
		 "[output air]\nwant = on\n", dir, dir, dir);
	file_put(dir, "hydropon.conf", text);
	snprintf(conf, sizeof(conf), "%s/hydropon.conf", dir);
	return process_start(arguments, environment, -1);
}

/* The same, once it listens. */
static inline pid_t hydropond_start(const char *dir)
{
	pid_t pid = hydropond_launch(dir, NULL);
	uint64_t deadline_ns = clock_boot_ns() + PROCESS_WAIT_MS * NS_PER_MS;
	int fd;

	while ((fd = socket_connect(dir, "control.sock")) < 0) {
		ASSERT_LT(clock_boot_ns(), deadline_ns);
		ASSERT_EQ(kill(pid, 0), 0);
		sleep_ms(10);
	}
	close(fd);
	return pid;
}

/* Ends it as systemd does; the exit code. */
static inline int hydropond_stop(pid_t pid)
{
	kill(pid, SIGCONT);
	kill(pid, SIGTERM);
	return process_wait(pid, PROCESS_WAIT_MS);
}

#endif
