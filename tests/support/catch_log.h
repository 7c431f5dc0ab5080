/* SPDX-License-Identifier: GPL-2.0-only */
/* What is written to stderr, where the log goes without a journal, to be looked at. */
#ifndef HYDROPON_TEST_CATCH_LOG_H
#define HYDROPON_TEST_CATCH_LOG_H

#include "harness.h"

#include <sys/mman.h>
#include <unistd.h>

/* From here on; a file of its own, to be closed. */
static inline int catch_log(void)
{
	int fd = memfd_create("log", MFD_CLOEXEC);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(dup2(fd, STDERR_FILENO), STDERR_FILENO);
	return fd;
}

/* All of it until now, in a buffer that the next call reuses. */
static inline const char *log_text(int log)
{
	static char text[65536];
	ssize_t n = pread(log, text, sizeof(text) - 1, 0);

	ASSERT_GE(n, 0);
	text[n] = 0;
	return text;
}

/* How often @part was logged. */
static inline unsigned int logged(int log, const char *part)
{
	unsigned int times = 0;

	for (const char *at = strstr(log_text(log), part); at; at = strstr(at + 1, part))
		times++;
	return times;
}

#endif
