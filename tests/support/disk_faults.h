/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Takes the place of fsync() and fdatasync() in a test program: they can be made to
 * fail or to hang, and a test that opens thousands of files need not wait for the disk.
 */
#ifndef HYDROPON_TEST_DISK_FAULTS_H
#define HYDROPON_TEST_DISK_FAULTS_H

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

static struct {
	atomic_bool skip;		/* no disk: success at once */
	atomic_int fail_fdatasync;	/* so many of the next ones give EIO */
	atomic_bool hang_fdatasync;
	atomic_int fdatasyncs, fsyncs;
} disk;

int fsync(int fd)
{
	disk.fsyncs++;
	return disk.skip ? 0 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	disk.fdatasyncs++;
	while (disk.hang_fdatasync)
		poll(NULL, 0, 10);
	if (disk.fail_fdatasync > 0) {
		disk.fail_fdatasync--;
		errno = EIO;
		return -1;
	}
	return disk.skip ? 0 : (int)syscall(SYS_fdatasync, fd);
}

#endif
