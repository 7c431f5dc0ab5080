// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <json-c/json.h>

#include "base/clock.h"
#include "base/field.h"
#include "control/describe.h"
#include "ctl/show.h"

static int read_info(int fd, struct hydropon_info *info)
{
	if (ioctl(fd, HYDROPON_IOC_INFO, info) < 0)
		return -errno;
	return info->abi_version != HYDROPON_ABI_VERSION ||
	       info->channels > HYDROPON_MAX_CHANNELS || info->outputs > HYDROPON_MAX_OUTPUTS ?
	       -EPROTO : 0;
}

static int read_output(int fd, uint32_t index, struct hydropon_output_info *output)
{
	*output = (struct hydropon_output_info){ .index = index };
	if (ioctl(fd, HYDROPON_IOC_OUTPUT, output) < 0)
		return -errno;
	output->name[HYDROPON_NAME_MAX - 1] = 0;
	return 0;
}

static int read_all(int fd, struct kernel_view *view)
{
	int error = read_info(fd, &view->info);

	if (error)
		return error;
	for (uint32_t i = 0; i < view->info.channels; i++) {
		view->channels[i].index = i;
		if (ioctl(fd, HYDROPON_IOC_CHANNEL, &view->channels[i]) < 0)
			return -errno;
		view->channels[i].name[HYDROPON_NAME_MAX - 1] = 0;
	}
	for (uint32_t i = 0; !error && i < view->info.outputs; i++)
		error = read_output(fd, i, &view->outputs[i]);
	return error;
}

int kernel_read(const char *path, struct kernel_view *view)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error;

	if (fd < 0)
		return -errno;
	memset(view, 0, sizeof(*view));
	error = read_all(fd, view);
	view->now_ns = clock_boot_ns();
	close(fd);
	return error;
}

int kernel_read_output(const char *path, const char *name, struct hydropon_output_info *output)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), error;
	struct hydropon_info info = { 0 };

	if (fd < 0)
		return -errno;
	error = read_info(fd, &info);
	for (uint32_t i = 0; !error && i < info.outputs; i++) {
		error = read_output(fd, i, output);
		if (!error && !strcmp(output->name, name))
			goto out;
	}
	if (!error)
		error = -ENOENT;
out:
	close(fd);
	return error;
}

/* In the form of the status document, as far as the kernel can say it. */
static struct json_object *describe(const struct kernel_view *view)
{
	struct json_object *document = json_object_new_object(),
			   *channels = json_object_new_array(),
			   *outputs = json_object_new_array();

	describe_gateway(document, &view->info);
	for (uint32_t i = 0; i < view->info.channels; i++) {
		struct json_object *channel = json_object_new_object();

		field_put_string(channel, "name", view->channels[i].name);
		field_put_bool(channel, "present", view->channels[i].present);
		json_object_array_add(channels, channel);
	}
	for (uint32_t i = 0; i < view->info.outputs; i++) {
		const struct hydropon_output_info *info = &view->outputs[i];
		struct json_object *output = json_object_new_object();

		field_put_string(output, "name", info->name);
		describe_output(output, info, info->present, view->now_ns);
		field_put_count(output, "lease_left_ms", info->lease_left_ms);
		json_object_array_add(outputs, output);
	}
	json_object_object_add(document, "channels", channels);
	json_object_object_add(document, "outputs", outputs);
	return document;
}

void kernel_show(FILE *out, const struct kernel_view *view, bool colour)
{
	struct json_object *document = describe(view);

	show_kernel(out, document, colour);
	json_object_put(document);
}
