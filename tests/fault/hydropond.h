/* SPDX-License-Identifier: GPL-2.0-only */
/* hydropond and hydroponctl as a test runs them on the virtual gateway. */
#ifndef HYDROPON_TESTS_FAULT_HYDROPOND_H
#define HYDROPON_TESTS_FAULT_HYDROPOND_H

#include <signal.h>
#include <sys/wait.h>

#include "kmod/device.h"
#include "kmod/lines.h"

#define LOG "/tmp/hydropond.log"

/* The last lines of hydropond's log, for whoever reads a failure. */
static inline void show_log(void)
{
	char text[8192], *line;
	FILE *log = fopen(LOG, "r");
	size_t n;

	if (!log)
		return;
	(void)!fseek(log, -4096, SEEK_END);	/* a shorter log is read from its start */
	n = fread(text, 1, sizeof(text) - 1, log);
	text[n] = 0;
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		harness_note("log: %s", line);
	fclose(log);
}

static inline pid_t start(void)
{
	pid_t pid = fork();

	if (!pid) {
		int log = open(LOG, O_WRONLY | O_CREAT | O_APPEND, 0644);

		setpgid(0, 0);
		dup2(log, 1);
		dup2(log, 2);
		execl("/usr/sbin/hydropond", "hydropond", NULL);
		_exit(127);
	}
	/* It is there when it answers. */
	for (int i = 0; i < 100; i++) {
		if (!system("hydroponctl status >/dev/null 2>&1"))
			return pid;
		sleep_ms(50);
	}
	harness_fail(__FILE__, __LINE__, "hydropond does not answer");
	show_log();
	return pid;
}

static inline bool wait_level(const char *chip, unsigned int line, int level, long timeout_ms)
{
	for (long i = 0; i < timeout_ms / 10; i++) {
		if (sim_output_level(chip, line) == level)
			return true;
		sleep_ms(10);
	}
	harness_fail(__FILE__, __LINE__, "%s line %u is not %d after %ld ms", chip, line, level,
		     timeout_ms);
	show_log();
	return false;
}

static inline void ctl(const char *arguments, int expected)
{
	char command[256];
	int status;

	snprintf(command, sizeof(command), "hydroponctl %s >>" LOG " 2>&1", arguments);
	status = system(command);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != expected) {
		harness_fail(__FILE__, __LINE__, "hydroponctl %s: status %d", arguments,
			     WEXITSTATUS(status));
		show_log();
	}
}

static inline void read_status(char *text, size_t size)
{
	FILE *pipe = popen("hydroponctl status --json", "r");

	text[fread(text, 1, size - 1, pipe)] = 0;
	pclose(pipe);
}

static inline void stop(pid_t pid, int signal)
{
	if (pid <= 0)
		return;
	kill(pid, signal);
	kill(pid, SIGCONT);
	waitpid(pid, NULL, 0);
}

#endif
