// SPDX-License-Identifier: GPL-2.0-only
/* The wrong nodes of tests/sim/wrong.dtso: one line each, and no harm to the others. */
#include <stdio.h>

#include "device.h"

static const struct wrong {
	const char *device;
	const char *driver;
	const char *line;
} wrong[] = {
	{ "no-gateway", "sampler",
	  "ENODEV: io-channel-names: \"alone\" is not below a gateway" },
	{ "hydropon:no-interval", "sampler",
	  "EINVAL: hydropon,interval-ms: missing; say 10 .. 3600000" },
	{ "hydropon:short-interval", "sampler",
	  "EINVAL: hydropon,interval-ms: 9 is not within 10 .. 3600000" },
	{ "hydropon:long-interval", "sampler",
	  "EINVAL: hydropon,interval-ms: 3600001 is not within 10 .. 3600000" },
	{ "hydropon:two-intervals", "sampler",
	  "EINVAL: hydropon,interval-ms: not one number; say 10 .. 3600000" },
	{ "hydropon:text-interval", "sampler",
	  "EINVAL: hydropon,interval-ms: not one number; say 10 .. 3600000" },
	{ "hydropon:no-channels", "sampler",
	  "EINVAL: io-channels: missing, or not channels of an IIO device" },
	{ "hydropon:no-iio-device", "sampler",
	  "EINVAL: io-channels: missing, or not channels of an IIO device" },
	{ "hydropon:no-such-channel", "sampler",
	  "EINVAL: io-channels: entry 1: 9 is not within 0 .. 8" },
	{ "hydropon:no-reading", "sampler",
	  "EINVAL: io-channels: entry 0 can be read neither raw nor processed" },
	{ "hydropon:two-devices", "sampler",
	  "EINVAL: io-channels: entry 1 is of another device than entry 0; use a node for each device" },
	{ "hydropon:no-names", "sampler",
	  "EINVAL: io-channel-names: 0 names are not one for each of 1 io-channels" },
	{ "hydropon:few-names", "sampler",
	  "EINVAL: io-channel-names: 1 names are not one for each of 2 io-channels" },
	{ "hydropon:empty-name", "sampler",
	  "EINVAL: io-channel-names: \"\" is not of 1 .. 31 bytes" },
	{ "hydropon:long-name", "sampler",
	  "EINVAL: io-channel-names: \"a-name-of-two-and-thirty-letters\" is not of 1 .. 31 bytes" },
	{ "hydropon:same-name", "sampler",
	  "EEXIST: io-channel-names: \"wrong\" is taken by another channel" },
	{ "hydropon:pulse-no-interval", "pulse",
	  "EINVAL: hydropon,interval-ms: missing; say 10 .. 3600000" },
	{ "hydropon:pulse-no-hz", "pulse",
	  "EINVAL: hydropon,max-hz: 0 is not within 1 .. 10000" },
	{ "hydropon:pulse-high-hz", "pulse",
	  "EINVAL: hydropon,max-hz: 10001 is not within 1 .. 10000" },
	{ "hydropon:pulse-no-line", "pulse", "EINVAL: pulse-gpios: 0 lines; say 1" },
	{ "hydropon:pulse-two-lines", "pulse", "EINVAL: pulse-gpios: 2 lines; say 1" },
	{ "hydropon:pulse-bus-line", "pulse",
	  "EINVAL: pulse-gpios: a line behind a bus loses pulses; use a SoC line" },
	{ "hydropon:pulse-taken-line", "pulse",
	  "EBUSY: pulse-gpios: cannot get the line: not there, or taken" },
	{ "hydropon:a-pulse-of-two-and-thirty-letter", "pulse",
	  "EINVAL: name of the node: \"a-pulse-of-two-and-thirty-letter\" is not of 1 .. 31 bytes" },
};

/* Lines of the kernel's log that are about a device of ours, and those that are @whole. */
static void count_lines(const char *about, const char *whole, unsigned int *all, unsigned int *right)
{
	char line[1024];
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t n;

	*all = 0;
	*right = 0;
	ASSERT_GE(fd, 0);
	while ((n = read(fd, line, sizeof(line) - 1)) > 0 || errno == EPIPE) {
		char *text, *end;

		if (n <= 0)
			continue;
		line[n] = '\0';
		text = strchr(line, ';');
		end = text ? strchr(text, '\n') : NULL;
		if (!end)
			continue;
		*end = '\0';
		/* 6.11 and newer repeat the error for each driver that fails. */
		if (!strstr(text, about) || strstr(text, ": probe with driver "))
			continue;
		(*all)++;
		*right += !strcmp(text + 1, whole);
	}
	close(fd);
}

TEST(a_wrong_property_is_one_line_and_an_absent_device)
{
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct wrong *w = &wrong[i];
		char about[128], whole[512], path[128];
		unsigned int all, right;

		snprintf(about, sizeof(about), " %s: ", w->device);
		snprintf(whole, sizeof(whole), "hydropon-%s %s: error -%s", w->driver, w->device,
			 w->line);
		count_lines(about, whole, &all, &right);
		if (!right || all != right)
			harness_fail(__FILE__, __LINE__, "%u of %u lines are \"%s\"", right, all, whole);
		snprintf(path, sizeof(path), "/sys/bus/platform/devices/%s", w->device);
		EXPECT_EQ(access(path, F_OK), 0);
		snprintf(path, sizeof(path), "/sys/bus/platform/devices/%s/driver", w->device);
		EXPECT_NE(access(path, F_OK), 0);
	}
}

TEST(wrong_nodes_harm_no_other)
{
	static const char *const names[] = {
		"ph-a", "level-a", "ec-a", "water-a", "light-a", "light-b", "leaf-a", "flow-a",
		"zone-1", "zone-2", "zone-3", "zone-4", "zone-5", "zone-6", "zone-7", "zone-8",
		"water-meter",
	};
	int fd = device_open(O_RDONLY);

	ASSERT_GE(fd, 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		EXPECT_EQ(channel_info(fd, names[i]).present, 1);
	close(fd);
}
