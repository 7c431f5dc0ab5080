// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the tests once for each mutant of what they test, in a process of its own. The first
 * failure is enough.
 *
 *	PROGRAM MUTANT...	a line for each: "MUTANT what found it", or "MUTANT"
 */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define CPU_S 2	/* a mutant may loop for ever */

/* What is tested asks this for which mutant it is; 0: for none. */
int hydropon_mutant;

static struct harness_test *tests, **tests_end = &tests;
static const struct harness_test *running;

void harness_register(struct harness_test *test)
{
	*tests_end = test;
	tests_end = &test->next;
}

void harness_fail(const char *file, int line, const char *format, ...)
{
	printf("%d %s\n", hydropon_mutant, running->name);
	fflush(stdout);
	_exit(1);
}

void harness_note(const char *format, ...)
{
}

void harness_skip(const char *reason)
{
	harness_fail(NULL, 0, "skipped");
	abort();
}

void harness_abort(void)
{
	harness_fail(NULL, 0, "aborted");
	abort();
}

void harness_fixture(void (*setup)(void *), void (*body)(void *), void (*teardown)(void *),
		     void *self)
{
	setup(self);
	body(self);
	teardown(self);
}

static void run(int mutant)
{
	const struct rlimit cpu = { CPU_S, CPU_S }, core = { 0, 0 };
	int status;
	pid_t pid = fork();

	if (pid < 0) {
		perror("fork");
		exit(2);
	}
	if (!pid) {
		setrlimit(RLIMIT_CPU, &cpu);
		setrlimit(RLIMIT_CORE, &core);
		hydropon_mutant = mutant;
		for (running = tests; running; running = running->next)
			running->run();
		printf("%d\n", mutant);
		fflush(stdout);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	if (WIFSIGNALED(status))
		printf("%d signal %d\n", mutant, WTERMSIG(status));
	fflush(stdout);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		run(atoi(argv[i]));
	return tests ? 0 : 2;
}
