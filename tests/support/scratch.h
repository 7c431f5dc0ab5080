/* SPDX-License-Identifier: GPL-2.0-only */
/* Scratch directories of a test, and small files in them. */
#ifndef HYDROPON_TEST_SCRATCH_H
#define HYDROPON_TEST_SCRATCH_H

#include "harness.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SCRATCH_PATH_MAX 64

__attribute__((unused)) static void scratch_make(char dir[SCRATCH_PATH_MAX])
{
	strcpy(dir, "/tmp/hydropon-test-XXXXXX");
	ASSERT_TRUE(mkdtemp(dir) != NULL);
}

static int scratch_remove_one(const char *path, const struct stat *status, int flag,
			      struct FTW *position)
{
	return remove(path);
}

__attribute__((unused)) static void scratch_remove(const char *dir)
{
	nftw(dir, scratch_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Returns the size, at most @size; -1 if the file is not there. */
__attribute__((unused)) static ssize_t scratch_read(const char *path, void *to, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -1;
	n = read(fd, to, size);
	close(fd);
	return n;
}

__attribute__((unused)) static void scratch_write(const char *path, const void *from, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	ASSERT_GE(fd, 0);
	ASSERT_EQ(write(fd, from, size), (ssize_t)size);
	close(fd);
}

__attribute__((unused)) static long long scratch_size(const char *path)
{
	struct stat status;

	return stat(path, &status) ? -1 : (long long)status.st_size;
}

#endif
