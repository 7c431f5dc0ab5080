/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Takes the place of fsync(), fdatasync(), pread() and renameat() in a test program: they
 * can be made to fail or to hang, and a test that opens thousands of files need not wait
 * for the disk_faults.
 */
#ifndef HYDROPON_TEST_DISK_FAULTS_H
#define HYDROPON_TEST_DISK_FAULTS_H

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

struct {
	atomic_bool skip;		/* no disk: success at once */
	atomic_int fail_fdatasync;	/* so many of the next ones give EIO */
	atomic_bool hang_fdatasync;
	atomic_int fdatasyncs, fsyncs;
	atomic_int fdatasync_ms;	/* each takes so long */
	off_t bad_from, bad_to;		/* of any file, gives EIO when read */
	atomic_int bad_reads;		/* so many times */
	atomic_int fail_rename;		/* so many of the next ones give EIO */
} disk_faults;

int fsync(int fd)
{
	disk_faults.fsyncs++;
	return disk_faults.skip ? 0 : (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	disk_faults.fdatasyncs++;
	while (disk_faults.hang_fdatasync)
		poll(NULL, 0, 10);
	if (disk_faults.fdatasync_ms)
		poll(NULL, 0, disk_faults.fdatasync_ms);
	if (disk_faults.fail_fdatasync > 0) {
		disk_faults.fail_fdatasync--;
		errno = EIO;
		return -1;
	}
	return disk_faults.skip ? 0 : (int)syscall(SYS_fdatasync, fd);
}

ssize_t pread(int fd, void *to, size_t size, off_t at)
{
	if (disk_faults.bad_reads > 0 && at < disk_faults.bad_to && at + (off_t)size > disk_faults.bad_from) {
		disk_faults.bad_reads--;
		errno = EIO;
		return -1;
	}
	return syscall(SYS_pread64, fd, to, size, at);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
	if (disk_faults.fail_rename > 0) {
		disk_faults.fail_rename--;
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_renameat2, from_fd, from, to_fd, to, 0);
}

#endif
