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
#include "control/describe.h"
#include "ctl/show.h"

static int read_all(int fd, struct kernel_view *view)
{
	if (ioctl(fd, HYDROPON_IOC_INFO, &view->info) < 0)
		return -errno;
	if (view->info.abi_version != HYDROPON_ABI_VERSION ||
	    view->info.channels > HYDROPON_MAX_CHANNELS ||
	    view->info.outputs > HYDROPON_MAX_OUTPUTS)
		return -EPROTO;
	for (uint32_t i = 0; i < view->info.channels; i++) {
		view->channels[i].index = i;
		if (ioctl(fd, HYDROPON_IOC_CHANNEL, &view->channels[i]) < 0)
			return -errno;
		view->channels[i].name[HYDROPON_NAME_MAX - 1] = 0;
	}
	for (uint32_t i = 0; i < view->info.outputs; i++) {
		view->outputs[i].index = i;
		if (ioctl(fd, HYDROPON_IOC_OUTPUT, &view->outputs[i]) < 0)
			return -errno;
		view->outputs[i].name[HYDROPON_NAME_MAX - 1] = 0;
	}
	return 0;
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

/* In the form of the status document, as far as the kernel can say it. */
static struct json_object *describe(const struct kernel_view *view)
{
	struct json_object *document = json_object_new_object(),
			   *channels = json_object_new_array(),
			   *outputs = json_object_new_array();

	describe_gateway(document, &view->info);
	for (uint32_t i = 0; i < view->info.channels; i++) {
		struct json_object *channel = json_object_new_object();

		describe_string(channel, "name", view->channels[i].name);
		describe_bool(channel, "present", view->channels[i].present);
		json_object_array_add(channels, channel);
	}
	for (uint32_t i = 0; i < view->info.outputs; i++) {
		const struct hydropon_output_info *info = &view->outputs[i];
		struct json_object *output = json_object_new_object();

		describe_string(output, "name", info->name);
		describe_output(output, info, info->present, view->now_ns);
		describe_count(output, "lease_left_ms", info->lease_left_ms);
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
