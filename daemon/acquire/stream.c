// SPDX-License-Identifier: GPL-2.0-only
#include "acquire/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

struct stream {
	const char *path;
	const struct stream_device *device;
	int fd;
};

static const struct stream_device real_device = {
	.open = open,
	.close = close,
	.read = read,
	.ioctl = ioctl,
};

struct stream *stream_new(const char *path, const struct stream_device *device)
{
	struct stream *stream = calloc(1, sizeof(*stream));

	if (!stream)
		return NULL;
	stream->path = path;
	stream->device = device ? device : &real_device;
	stream->fd = -1;
	return stream;
}

void stream_free(struct stream *stream)
{
	if (!stream)
		return;
	stream_close(stream);
	free(stream);
}

int stream_fd(const struct stream *stream)
{
	return stream->fd;
}

static int stream_call(struct stream *stream, unsigned long request, void *argument)
{
	if (stream->fd < 0)
		return -ENODEV;
	return stream->device->ioctl(stream->fd, request, argument) < 0 ? -errno : 0;
}

int stream_open(struct stream *stream, struct hydropon_info *info)
{
	struct hydropon_stream wake = { .max_latency_ms = STREAM_LATENCY_MS };
	int error;

	stream_close(stream);
	stream->fd = stream->device->open(stream->path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (stream->fd < 0)
		return -errno;
	error = stream_info(stream, info);
	if (error)
		goto err_close;
	error = -EPROTO;
	if (info->abi_version != HYDROPON_ABI_VERSION ||
	    info->channels > HYDROPON_MAX_CHANNELS || info->outputs > HYDROPON_MAX_OUTPUTS)
		goto err_close;
	wake.watermark = info->ring_records / 2 < STREAM_WATERMARK ?
			 info->ring_records / 2 : STREAM_WATERMARK;
	error = stream_call(stream, HYDROPON_IOC_STREAM, &wake);
	if (error)
		goto err_close;
	return 0;

err_close:
	stream_close(stream);
	return error;
}

void stream_close(struct stream *stream)
{
	if (stream->fd >= 0)
		stream->device->close(stream->fd);
	stream->fd = -1;
}

int stream_info(struct stream *stream, struct hydropon_info *info)
{
	return stream_call(stream, HYDROPON_IOC_INFO, info);
}

int stream_channel(struct stream *stream, uint32_t index, struct hydropon_channel_info *info)
{
	*info = (struct hydropon_channel_info){ .index = index };
	return stream_call(stream, HYDROPON_IOC_CHANNEL, info);
}

int stream_output(struct stream *stream, uint32_t index, struct hydropon_output_info *info)
{
	*info = (struct hydropon_output_info){ .index = index };
	return stream_call(stream, HYDROPON_IOC_OUTPUT, info);
}

int stream_restore(struct stream *stream, const struct hydropon_restore *kept)
{
	return stream_call(stream, HYDROPON_IOC_RESTORE, (void *)kept);
}

int stream_arm(struct stream *stream)
{
	return stream_call(stream, HYDROPON_IOC_ARM, NULL);
}

int stream_set(struct stream *stream, const struct hydropon_set *set)
{
	return stream_call(stream, HYDROPON_IOC_SET, (void *)set);
}

int stream_reset(struct stream *stream, uint32_t output)
{
	return stream_call(stream, HYDROPON_IOC_RESET, &output);
}

int stream_read(struct stream *stream, struct hydropon_record *records, size_t max)
{
	ssize_t n;

	if (stream->fd < 0)
		return -ENODEV;
	n = stream->device->read(stream->fd, records, max * sizeof(*records));
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	return (int)((size_t)n / sizeof(*records));
}
