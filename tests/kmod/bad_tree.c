// SPDX-License-Identifier: GPL-2.0-only
/* Each wrong node of docs/bad-input.md: refused with its line, and no other harmed. */
#include <dirent.h>
#include <limits.h>

#include "device.h"
#include "page.h"

#define DEVICES "/sys/bus/platform/devices/"

static char *kernel_log;

static void read_kernel_log(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	size_t length = 0, room = 1 << 20;
	ssize_t n;

	ASSERT_GE(fd, 0);
	kernel_log = malloc(room);
	ASSERT_TRUE(kernel_log);
	/* One record a read; what was overwritten meanwhile is told as EPIPE. */
	while ((n = read(fd, kernel_log + length, room - length - 1)) > 0 || errno == EPIPE)
		length += n > 0 ? (size_t)n : 0;
	EXPECT_EQ(errno, EAGAIN);
	kernel_log[length] = '\0';
	close(fd);
}

/* What our drivers have said of @device, but for the driver core's own line on the failure. */
static int count_lines(const char *driver, const char *device, char *last, size_t size)
{
	char about[768];
	int count = 0;

	snprintf(about, sizeof(about), ";%s %s: ", driver, device);
	for (const char *at = kernel_log; (at = strstr(at, about)); ) {
		at += strlen(about);
		if (!strncmp(at, "probe with driver", 17))
			continue;
		snprintf(last, size, "%.*s", (int)strcspn(at, "\n"), at);
		count++;
	}
	return count;
}

static int errno_of(const char *name)
{
	static const struct { const char *name; int value; } known[] = {
		{ "EINVAL", EINVAL }, { "EBUSY", EBUSY }, { "EEXIST", EEXIST },
		{ "ENOSPC", ENOSPC }, { "ENODEV", ENODEV },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(known[i].name, name))
			return known[i].value;
	harness_fail(__FILE__, __LINE__, "no errno %s", name);
	return 0;
}

static bool is_bound(const char *device)
{
	char path[768];

	snprintf(path, sizeof(path), DEVICES "%s/driver", device);
	return !access(path, F_OK);
}

/* A device that waits is in a list, with what it waits for. */
static void check_waits(const char *driver, const char *device, const char *says)
{
	static char list[65536];
	int fd = open("/sys/kernel/debug/devices_deferred", O_RDONLY | O_CLOEXEC);
	ssize_t length = read(fd, list, sizeof(list) - 1);
	char whole[1400];

	ASSERT_GE(length, 0);
	list[length] = '\0';
	close(fd);
	snprintf(whole, sizeof(whole), "%s\t%s: %s\n", device, driver, says);
	if (!strstr(list, whole))
		harness_fail(__FILE__, __LINE__, "nobody waits as \"%s\"", whole);
}

static void check_row(const struct page_row *row)
{
	const char *name = row->cells[0], *code = row->cells[2], *says = row->cells[3];
	char device[640], driver[64], path[768], said[1024] = "", by_name[1100], by_number[1100];
	int lines;

	snprintf(device, sizeof(device), "%s%s%s", row->parent + 1, row->parent[1] ? ":" : "", name);
	snprintf(driver, sizeof(driver), "hydropon-%s", strchr(row->compatible, ',') + 1);
	snprintf(path, sizeof(path), DEVICES "%s", device);
	if (access(path, F_OK))
		harness_fail(__FILE__, __LINE__, "%s is not in the device tree", device);
	if (is_bound(device))
		harness_fail(__FILE__, __LINE__, "%s was taken", device);
	if (!strcmp(code, "EPROBE_DEFER")) {
		check_waits(driver, device, says);
		return;
	}
	lines = count_lines(driver, device, said, sizeof(said));
	snprintf(by_name, sizeof(by_name), "error -%s: %s", code, says);
	snprintf(by_number, sizeof(by_number), "error -%d: %s", errno_of(code), says);
	/* Two where the driver came while its devices did: the driver core may then try twice. */
	if (lines < 1 || lines > 2 || (strcmp(said, by_name) && strcmp(said, by_number)))
		harness_fail(__FILE__, __LINE__, "%s: %d lines, \"%s\" instead of \"%s\"", device,
			     lines, said, by_name);
}

TEST(what_is_wrong_is_refused_with_its_line)
{
	struct page_row row = { 0 };
	FILE *page = fopen(PAGE, "r");
	int rows = 0;

	ASSERT_TRUE(page);
	read_kernel_log();
	while (page_next(page, &row)) {
		if (!row.parent[0])
			continue;
		ASSERT_EQ(row.cells_n, 4);
		check_row(&row);
		rows++;
	}
	fclose(page);
	EXPECT_GE(rows, 100);
	harness_note("%d wrong nodes", rows);
}

TEST(what_is_right_beside_it_works)
{
	static const char *const good[] = {
		"hydropon-bad", "hydropon-bad:good-output", "hydropon-bad:good-probe",
		"hydropon-bad:good-flow", "hydropon-bad:twin@2", "hydropon-plain",
		"hydropon-plain:other-probe", "hydropon-many", "hydropon-many:many-0",
		"hydropon-many:many-31", "hydropon",
	};
	struct dirent *entry;
	DIR *devices;

	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		if (!is_bound(good[i]))
			harness_fail(__FILE__, __LINE__, "%s has no driver", good[i]);
	/* and all of the gateway that has nothing wrong in it; the chip of probe-d is late */
	devices = opendir(DEVICES);
	ASSERT_TRUE(devices);
	while ((entry = readdir(devices)))
		if (!strncmp(entry->d_name, "hydropon:", 9) && strcmp(entry->d_name, "hydropon:probe-d") &&
		    !is_bound(entry->d_name))
			harness_fail(__FILE__, __LINE__, "%s has no driver", entry->d_name);
	closedir(devices);
}

/* The device of the gateway of that name. */
static int open_gateway(const char *gateway)
{
	char path[64], target[PATH_MAX];

	for (int i = 0; i < 16; i++) {
		ssize_t n;

		snprintf(path, sizeof(path), "/sys/class/misc/hydropon%d/device", i);
		n = readlink(path, target, sizeof(target) - 1);
		if (n < 0)
			continue;
		target[n] = '\0';
		if (strcmp(strrchr(target, '/') + 1, gateway))
			continue;
		snprintf(path, sizeof(path), "/dev/hydropon%d", i);
		return open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	}
	return -ENOENT;
}

TEST(an_output_beside_wrong_ones_can_be_switched)
{
	int fd = open_gateway("hydropon-bad"), output;
	struct hydropon_info info;

	ASSERT_GE(fd, 0);
	info = device_info(fd);
	/* good-output and twin: the wrong ones have no index */
	EXPECT_EQ(info.outputs, 2);
	output = find_output(fd, "good-output");
	for (uint32_t i = 0; i < info.outputs; i++) {
		struct hydropon_restore kept = { .output = i };

		EXPECT_EQ(ioctl_errno(fd, HYDROPON_IOC_RESTORE, &kept), 0);
	}
	EXPECT_EQ(ioctl_errno(fd, HYDROPON_IOC_ARM, NULL), 0);
	EXPECT_EQ(lease(fd, output, true, 1000), 0);
	EXPECT_EQ(sim_output_level("gpio-bad", 15), 1);
	close(fd);
	EXPECT_EQ(sim_output_level("gpio-bad", 15), 0);
	fd = open_gateway("hydropon-many");
	ASSERT_GE(fd, 0);
	EXPECT_EQ(device_info(fd).outputs, HYDROPON_MAX_OUTPUTS);
	close(fd);
}
