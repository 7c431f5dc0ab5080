/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's device as its controller sees it: opened without blocking, read in
 * batches. Owns the file descriptor and knows nothing of what the records mean.
 * Main thread only. Functions return 0 or -errno unless they say otherwise; on a
 * closed stream they return -ENODEV.
 */
#ifndef HYDROPON_STREAM_H
#define HYDROPON_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <linux/hydropon.h>

#define STREAM_WATERMARK 256	/* records; at the usual rates the latency wakes first */
#define STREAM_LATENCY_MS 50

/* The system calls, so that a test can stand in for the kernel. */
struct stream_device {
	int (*open)(const char *path, int flags, ...);
	int (*close)(int fd);
	ssize_t (*read)(int fd, void *buffer, size_t size);
	int (*ioctl)(int fd, unsigned long request, ...);
};

struct stream;

/* @path must outlive the stream. @device NULL: the real calls. NULL: out of memory. */
struct stream *stream_new(const char *path, const struct stream_device *device);
/* Closes it first. */
void stream_free(struct stream *stream);

/* -EPROTO if the module speaks another version of the contract, -ENOTTY if @path is
 * not a Hydropon device, -EBUSY if there is a controller already. */
int stream_open(struct stream *stream, struct hydropon_info *info);
void stream_close(struct stream *stream);
/* -1 while closed. */
int stream_fd(const struct stream *stream);

int stream_info(struct stream *stream, struct hydropon_info *info);
int stream_channel(struct stream *stream, uint32_t index, struct hydropon_channel_info *info);
int stream_output(struct stream *stream, uint32_t index, struct hydropon_output_info *info);
int stream_restore(struct stream *stream, const struct hydropon_restore *kept);
int stream_arm(struct stream *stream);
int stream_set(struct stream *stream, const struct hydropon_set *set);
/* @output: its index in the kernel */
int stream_reset(struct stream *stream, uint32_t output);
/* How many records were read, at most @max; 0: there are none now; or -errno. */
int stream_read(struct stream *stream, struct hydropon_record *records, size_t max);

#endif
