// SPDX-License-Identifier: GPL-2.0-only
#include "harness.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { VERDICT_PASS = 0, VERDICT_FAIL = 1, VERDICT_SKIP = 4 };

static struct harness_test *tests, **tests_end = &tests;
static volatile bool failed;
static jmp_buf leave_body;
static bool in_body;

void harness_register(struct harness_test *test)
{
	*tests_end = test;
	tests_end = &test->next;
}

__attribute__((format(printf, 2, 0)))
static void print_line(const char *prefix, const char *format, va_list arguments)
{
	char text[1024];

	vsnprintf(text, sizeof(text), format, arguments);
	for (char *c = text; *c; c++)
		if (*c == '\n')
			*c = ' ';
	printf("# %s%s\n", prefix, text);
	fflush(stdout);
}

void harness_fail(const char *file, int line, const char *format, ...)
{
	char prefix[256];
	va_list arguments;

	failed = true;
	snprintf(prefix, sizeof(prefix), "%s:%d: ", file, line);
	va_start(arguments, format);
	print_line(prefix, format, arguments);
	va_end(arguments);
}

void harness_note(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	print_line("", format, arguments);
	va_end(arguments);
}

void harness_skip(const char *reason)
{
	printf("# skipped: %s\n", reason);
	fflush(stdout);
	_exit(VERDICT_SKIP);
}

void harness_abort(void)
{
	if (in_body)
		longjmp(leave_body, 1);
	fflush(stdout);
	exit(VERDICT_FAIL);
}

void harness_fixture(void (*setup)(void *), void (*body)(void *), void (*teardown)(void *),
		     void *self)
{
	setup(self);
	in_body = true;
	if (!failed && !setjmp(leave_body))
		body(self);
	in_body = false;
	teardown(self);
}

/* Waits for @pid for at most @timeout_s; kills its process group past that. */
static int wait_for(pid_t pid, unsigned int timeout_s, bool *timed_out)
{
	sigset_t child;
	struct timespec left = { .tv_sec = timeout_s };
	int status;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	*timed_out = false;
	for (;;) {
		struct timespec before, after;
		long long left_ns;

		if (waitpid(pid, &status, WNOHANG) == pid)
			break;
		clock_gettime(CLOCK_MONOTONIC, &before);
		if (sigtimedwait(&child, NULL, &left) < 0 && errno == EAGAIN) {
			*timed_out = true;
			kill(-pid, SIGKILL);
			waitpid(pid, &status, 0);
			break;
		}
		clock_gettime(CLOCK_MONOTONIC, &after);
		left_ns = (left.tv_sec - (after.tv_sec - before.tv_sec)) * 1000000000LL +
			  left.tv_nsec - (after.tv_nsec - before.tv_nsec);
		if (left_ns < 0)
			left_ns = 0;
		left.tv_sec = left_ns / 1000000000;
		left.tv_nsec = left_ns % 1000000000;
	}
	kill(-pid, SIGKILL);	/* whatever the test left behind in its group */
	return status;
}

static void run_test(unsigned int number, const struct harness_test *test, bool *all_passed)
{
	bool timed_out;
	int status;
	pid_t pid = fork();

	if (pid < 0) {
		printf("not ok %u %s # fork: %s\n", number, test->name, strerror(errno));
		*all_passed = false;
		return;
	}
	if (!pid) {
		sigset_t none;

		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		setpgid(0, 0);
		test->run();
		fflush(stdout);
		exit(failed ? VERDICT_FAIL : VERDICT_PASS);
	}
	setpgid(pid, pid);
	status = wait_for(pid, test->timeout_s, &timed_out);

	if (timed_out)
		printf("not ok %u %s # timed out after %u s\n", number, test->name, test->timeout_s);
	else if (WIFSIGNALED(status))
		printf("not ok %u %s # killed by signal %d\n", number, test->name, WTERMSIG(status));
	else if (WEXITSTATUS(status) == VERDICT_SKIP)
		printf("ok %u %s # SKIP\n", number, test->name);
	else if (WEXITSTATUS(status))
		printf("not ok %u %s\n", number, test->name);
	else
		printf("ok %u %s\n", number, test->name);
	fflush(stdout);
	if (timed_out || !WIFEXITED(status) ||
	    (WEXITSTATUS(status) && WEXITSTATUS(status) != VERDICT_SKIP))
		*all_passed = false;
}

static bool is_wanted(const struct harness_test *test, int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (!strcmp(argv[i], test->name))
			return true;
	return argc < 2;
}

int main(int argc, char **argv)
{
	unsigned int wanted = 0, number = 0;
	bool all_passed = true;
	sigset_t child;

	if (argc == 2 && !strcmp(argv[1], "--list")) {
		for (const struct harness_test *test = tests; test; test = test->next)
			puts(test->name);
		return 0;
	}
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);

	for (const struct harness_test *test = tests; test; test = test->next)
		wanted += is_wanted(test, argc, argv);
	printf("KTAP version 1\n1..%u\n", wanted);
	fflush(stdout);
	for (const struct harness_test *test = tests; test; test = test->next)
		if (is_wanted(test, argc, argv))
			run_test(++number, test, &all_passed);
	if (!wanted) {
		fprintf(stderr, "no such test\n");
		return 2;
	}
	return all_passed ? 0 : 1;
}
