// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each allocation that probe and open make fails once: the first of them, then the second,
 * and so on until there is none left to fail. /proc/self/fail-nth of the debug kernel fails
 * the N-th of this task, whoever makes it: the driver core, gpiolib, IIO or a driver of ours.
 *
 * After each the kernel's log is searched. What such a failure leaked is found by the
 * verdict, which comes after all tests.
 */
#include "kmod/device.h"
#include "kmod/lines.h"

#define FAIL_NTH "/proc/thread-self/fail-nth"
#define FAULTS "/sys/kernel/debug/"
#define SITES_MAX 20000

static int log_fd = -1;

static void set_fault(const char *file, const char *value)
{
	char path[96];

	snprintf(path, sizeof(path), FAULTS "%s", file);
	write_text(path, value);
}

/* Every allocation may fail, also one that may sleep or that is of high memory, and is not
 * told of.
 */
static void prepare(void)
{
	struct stat st;

	ASSERT_EQ(stat(FAIL_NTH, &st), 0);
	set_fault("failslab/ignore-gfp-wait", "N");
	set_fault("failslab/verbose", "0");
	set_fault("fail_page_alloc/ignore-gfp-wait", "N");
	set_fault("fail_page_alloc/ignore-gfp-highmem", "N");
	set_fault("fail_page_alloc/min-order", "0");
	set_fault("fail_page_alloc/verbose", "0");
	/* The verdict then knows where a failed allocation in the log comes from. */
	close(open("/run/allocations-fail", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	power_is_good();
	/* It would look at each device that comes and goes here. */
	ASSERT_EQ(system("udevadm control --exit"), 0);
	log_fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ASSERT_GE(log_fd, 0);
	ASSERT_EQ(lseek(log_fd, 0, SEEK_END), 0);
}

static void finish(void)
{
	ASSERT_EQ(system("/usr/lib/systemd/systemd-udevd --daemon --resolve-names=early && "
			 "udevadm trigger --action=add --subsystem-match=misc && "
			 "udevadm settle --timeout=30"), 0);
	wait_for_device();
	power_is_good();
}

/* What the kernel has said since it was last asked must not be the tale of a fault. */
static void search_log(const char *what, int nth)
{
	static const char *const tales[] = {
		"WARNING:", "BUG:", "KASAN", "UBSAN", "ODEBUG", "Oops", "Unable to handle",
		"refcount_t", "leaks",
	};
	char record[8192];
	ssize_t n;

	while ((n = read(log_fd, record, sizeof(record) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		if (n < 0)
			continue;
		record[n] = 0;
		for (size_t i = 0; i < sizeof(tales) / sizeof(tales[0]); i++)
			if (strstr(record, tales[i]))
				harness_fail(__FILE__, __LINE__, "%s, allocation %d: %s", what, nth,
					     record);
	}
}

static void arm_fault(int fd, int nth)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%d", nth);

	ASSERT_EQ(pwrite(fd, text, (size_t)n, 0), n);
}

/* True if the fault has happened. */
static bool disarm_fault(int fd)
{
	char text[16] = "";
	bool left;

	ASSERT_GT(pread(fd, text, sizeof(text) - 1, 0), 0);
	left = atoi(text) != 0;
	ASSERT_EQ(pwrite(fd, "0", 1, 0), 1);
	return !left;
}

struct site {
	const char *what;
	/* Does it; 0 or -errno. Must allocate nothing by itself. */
	int (*attempt)(const struct site *site);
	/* As before the attempt, whether it succeeded or not. */
	void (*undo)(const struct site *site, int ret);
	const char *driver, *device;
	int bind_fd;
	int open_flags;
};

/* Fails the first, the second ... allocation of @site until none is left. */
static void fail_each(struct site *site)
{
	int fd = open(FAIL_NTH, O_RDWR | O_CLOEXEC), nth, refused = 0;
	bool happened = true;

	ASSERT_GE(fd, 0);
	for (nth = 1; happened && nth < SITES_MAX; nth++) {
		int ret;

		arm_fault(fd, nth);
		ret = site->attempt(site);
		happened = disarm_fault(fd);
		refused += ret < 0;
		/* What could be done without is no error; but then nothing else is. */
		if (ret < 0 && !(happened && ret == -ENOMEM))
			harness_fail(__FILE__, __LINE__, "%s, allocation %d: %s", site->what, nth,
				     strerror(-ret));
		site->undo(site, ret);
		search_log(site->what, nth);
	}
	EXPECT_FALSE(happened);
	EXPECT_GT(refused, 0);
	harness_note("%s: %d allocations failed one at a time, %d of them were told", site->what,
		     nth - 2, refused);
	close(fd);
}

static bool is_bound(const struct site *site)
{
	char path[160];

	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/%s/%s", site->driver, site->device);
	return !access(path, F_OK);
}

static int attempt_bind(const struct site *site)
{
	return write(site->bind_fd, site->device, strlen(site->device)) < 0 ? -errno : 0;
}

static void undo_bind(const struct site *site, int ret)
{
	EXPECT_EQ(is_bound(site), ret == 0);
	if (is_bound(site))
		unbind(site->driver, site->device);
}

/* Whether devices that come are given to their drivers. */
static void set_autoprobe(bool is_on)
{
	write_text("/sys/bus/platform/drivers_autoprobe", is_on ? "1" : "0");
}

/* @has_children: each of them is a device of its own, whose probe is left to the other tests. */
static void fail_each_of_bind(const char *driver, const char *device, bool has_children)
{
	struct site site = {
		.what = device, .attempt = attempt_bind, .undo = undo_bind,
		.driver = driver, .device = device,
	};
	char path[128];

	prepare();
	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/%s/bind", driver);
	site.bind_fd = open(path, O_WRONLY | O_CLOEXEC);
	ASSERT_GE(site.bind_fd, 0);
	unbind(driver, device);
	set_autoprobe(!has_children);
	fail_each(&site);
	set_autoprobe(true);
	/* And then all is as it was. */
	bind(driver, device);
	finish();
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 0);
	EXPECT_EQ(line_level(SIM_SOC, SIM_AIR), 1);
	close(site.bind_fd);
}

TEST_TIMEOUT(an_output_whose_probe_lacks_memory, 600)
{
	fail_each_of_bind("hydropon-output", "hydropon:pump-a", false);
}

TEST_TIMEOUT(an_output_behind_a_bus_whose_probe_lacks_memory, 600)
{
	fail_each_of_bind("hydropon-output", "hydropon:fill", false);
}

TEST_TIMEOUT(a_sampler_whose_probe_lacks_memory, 600)
{
	fail_each_of_bind("hydropon-sampler", "hydropon:probe-a", false);
}

TEST_TIMEOUT(a_pulse_input_whose_probe_lacks_memory, 600)
{
	fail_each_of_bind("hydropon-pulse", "hydropon:flow-a", false);
}

TEST_TIMEOUT(a_gateway_whose_probe_lacks_memory, 3600)
{
	fail_each_of_bind("hydropon-gateway", "hydropon", true);
}

static int attempt_open(const struct site *site)
{
	int fd = device_open(site->open_flags);

	return fd < 0 ? -errno : fd;
}

static void undo_open(const struct site *site, int ret)
{
	if (ret >= 0)
		close(ret);
}

TEST(an_open_that_lacks_memory)
{
	static const int flags[] = { O_RDONLY, O_RDWR | O_NONBLOCK };

	prepare();
	for (size_t i = 0; i < 2; i++) {
		struct site site = {
			.what = i ? "open of a controller" : "open of an onlooker",
			.attempt = attempt_open, .undo = undo_open, .open_flags = flags[i],
		};
		int fd;

		fail_each(&site);
		/* No failure has left the device taken. */
		fd = device_open(O_RDWR | O_NONBLOCK);
		EXPECT_GE(fd, 0);
		close(fd);
	}
	finish();
}
