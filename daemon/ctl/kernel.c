// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "ctl/table.h"
#include "protect/cause.h"

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
	}
	for (uint32_t i = 0; i < view->info.outputs; i++) {
		view->outputs[i].index = i;
		if (ioctl(fd, HYDROPON_IOC_OUTPUT, &view->outputs[i]) < 0)
			return -errno;
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

static void show_outputs(FILE *out, const struct kernel_view *view, bool colour)
{
	static const char *const titles[] = { "OUTPUT", "STATE", "SINCE", "WHY", "LEASE" };
	struct table *table = table_new("llrlr", titles);

	for (uint32_t i = 0; table && i < view->info.outputs; i++) {
		const struct hydropon_output_info *output = &view->outputs[i];
		uint64_t since_ns = view->now_ns > output->changed_ns ?
				    view->now_ns - output->changed_ns : 0;
		bool is_switching = output->line_status == -EINPROGRESS;
		bool has_failed = output->line_status && !is_switching;
		char since[32], lease[32];

		table_row(table, !output->present || has_failed ? MARK_BAD :
				 output->on != output->safe_on ? MARK_WARN : MARK_NONE);
		table_cell(table, "%.*s", HYDROPON_NAME_MAX, output->name);
		/* Of an output whose device is gone the kernel knows the name alone. */
		table_cell(table, "%s%s", !output->present ? "?" : output->on ? "on" : "off",
			   has_failed ? "?" : is_switching ? ", switching" : "");
		table_cell(table, "%s", !output->present ? "" :
			   duration_text(since_ns / NS_PER_MS, since, sizeof(since)));
		table_cell(table, "%s%s", !output->present ? "its device is gone" :
			   cause_text(output->cause),
			   has_failed ? "; writing to its line fails, the relay may be otherwise" : "");
		table_cell(table, "%s", output->lease_left_ms ?
			   duration_text(output->lease_left_ms, lease, sizeof(lease)) : "");
	}
	if (table)
		table_print(table, out, colour);
	free(table);
}

static void show_channels(FILE *out, const struct kernel_view *view, bool colour)
{
	for (uint32_t i = 0; i < view->info.channels; i++)
		if (!view->channels[i].present)
			mark_print(out, colour, MARK_BAD, "channel %.*s: its device is gone",
				   HYDROPON_NAME_MAX, view->channels[i].name);
}

void kernel_show(FILE *out, const struct kernel_view *view, bool colour)
{
	const struct hydropon_info *info = &view->info;
	char time[32];

	if (info->terminal)
		mark_print(out, colour, MARK_WARN, "the system is going down, outputs stay safe");
	if (!info->power_good)
		mark_print(out, colour, MARK_BAD, "mains power is LOST%s",
			   info->shedding ? ", outputs of the shed set are off" : "");
	else if (info->shedding)
		mark_print(out, colour, MARK_WARN,
			   "mains power is back, outputs of the shed set stay "
			   "off until it was stable for another %s",
			   duration_text(info->shed_left_ms, time, sizeof(time)));
	show_channels(out, view, colour);
	show_outputs(out, view, colour);
}
