// SPDX-License-Identifier: GPL-2.0-only
/* Each call of docs/bad-input.md: the errno that the page says, and nothing else. */
#include <pthread.h>
#include <sys/mman.h>

#include "device.h"
#include "lines.h"
#include "page.h"

static const char *const errno_names[] = {
	[0] = "0", [EPERM] = "EPERM", [ENOENT] = "ENOENT", [EBADF] = "EBADF", [EAGAIN] = "EAGAIN",
	[EFAULT] = "EFAULT", [EBUSY] = "EBUSY", [EEXIST] = "EEXIST", [ENODEV] = "ENODEV",
	[EINVAL] = "EINVAL", [ENOTTY] = "ENOTTY", [ESPIPE] = "ESPIPE", [ERANGE] = "ERANGE",
	[ESHUTDOWN] = "ESHUTDOWN", [EALREADY] = "EALREADY", [ESTALE] = "ESTALE",
};

static const char *errno_name(int error)
{
	bool known = error >= 0 && (size_t)error < sizeof(errno_names) / sizeof(*errno_names) &&
		     errno_names[error];

	return known ? errno_names[error] : strerror(error);
}

/* Two pages: one of the caller's, and one that is nobody's. */
static char *two_pages(void)
{
	static char *pages;
	long size = sysconf(_SC_PAGESIZE);

	if (!pages) {
		pages = mmap(NULL, 2 * (size_t)size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		mprotect(pages + size, (size_t)size, PROT_NONE);
	}
	return pages;
}

/* The last @size bytes before what is nobody's. */
static void *at_the_end(size_t size)
{
	return two_pages() + sysconf(_SC_PAGESIZE) - size;
}

static void *read_only(const void *from, size_t size)
{
	char *page = mmap(NULL, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	memcpy(page, from, size);
	mprotect(page, (size_t)sysconf(_SC_PAGESIZE), PROT_READ);
	return page;
}

static int call(bool failed)
{
	return failed ? errno : 0;
}

static struct hydropon_interlock interlock_on(int fd, const char *output)
{
	return (struct hydropon_interlock) {
		.id = 7, .output = (uint32_t)find_output(fd, output), .while_output = HYDROPON_NONE,
		.compare = HYDROPON_ABOVE, .level = HYDROPON_LEVEL_OFF, .threshold = INT64_MAX,
	};
}

static int replace(int fd, const struct hydropon_interlock *entries, uint32_t n, uint32_t *bad)
{
	struct hydropon_interlocks table = { .n = n, .bad = 999, .entries = (uintptr_t)entries };
	int ret = ioctl_errno(fd, HYDROPON_IOC_INTERLOCKS, &table);

	if (bad)
		*bad = table.bad;
	return ret;
}

/* Who may call, and when */

struct caller {
	int fd;
	uint32_t output;	/* an output of which safe is off */
	uint32_t beat;
};

static int set(const struct caller *caller, bool on)
{
	return set_output(caller->fd, (int)caller->output, on, caller->beat, 1000);
}

static int call_info(struct caller *caller)
{
	struct hydropon_info info;

	return ioctl_errno(caller->fd, HYDROPON_IOC_INFO, &info);
}

static int call_channel(struct caller *caller)
{
	struct hydropon_channel_info info = { .index = 0 };

	return ioctl_errno(caller->fd, HYDROPON_IOC_CHANNEL, &info);
}

static int call_output(struct caller *caller)
{
	struct hydropon_output_info info = { .index = caller->output };

	return ioctl_errno(caller->fd, HYDROPON_IOC_OUTPUT, &info);
}

static int call_interlock(struct caller *caller)
{
	struct hydropon_interlock_info info = { .index = 0 };

	return ioctl_errno(caller->fd, HYDROPON_IOC_INTERLOCK, &info);
}

static int call_stream(struct caller *caller)
{
	struct hydropon_stream stream = { 32, 50 };

	return ioctl_errno(caller->fd, HYDROPON_IOC_STREAM, &stream);
}

static int call_set_away(struct caller *caller)
{
	return set(caller, true);
}

static int call_set_safe(struct caller *caller)
{
	return set(caller, false);
}

static int call_arm(struct caller *caller)
{
	return ioctl_errno(caller->fd, HYDROPON_IOC_ARM, NULL);
}

static int call_restore(struct caller *caller)
{
	return restore(caller->fd, caller->output, 0);
}

static int call_reset(struct caller *caller)
{
	return ioctl_errno(caller->fd, HYDROPON_IOC_RESET, &caller->output);
}

static int call_interlocks(struct caller *caller)
{
	return replace(caller->fd, NULL, 0, NULL);
}

static int call_unknown(struct caller *caller)
{
	return ioctl_errno(caller->fd, _IO(HYDROPON_IOC_MAGIC, 10), NULL);
}

/* What is still buffered, and then what comes after. */
static int call_read(struct caller *caller)
{
	struct pollfd p = { .fd = caller->fd, .events = POLLIN };
	struct hydropon_record records[64];
	ssize_t n;

	if (poll(&p, 1, 1000) < 0)
		return errno;
	do
		n = read(caller->fd, records, sizeof(records));
	while (n > 0 && (p.revents & POLLHUP));
	return call(n < 0);
}

static int call_write(struct caller *caller)
{
	return call(write(caller->fd, caller, sizeof(*caller)) < 0);
}

static int call_pread(struct caller *caller)
{
	struct hydropon_record record;

	return call(pread(caller->fd, &record, sizeof(record), 0) < 0);
}

static int call_lseek(struct caller *caller)
{
	return call(lseek(caller->fd, 0, SEEK_SET) < 0);
}

static int call_mmap(struct caller *caller)
{
	return call(mmap(NULL, 4096, PROT_READ, MAP_SHARED, caller->fd, 0) == MAP_FAILED);
}

static int open_and_close(int flags)
{
	int fd = device_open(flags);

	if (fd < 0)
		return errno;
	close(fd);
	return 0;
}

static int call_open_control(struct caller *caller)
{
	return open_and_close(O_RDWR);
}

static int call_open_onlooker(struct caller *caller)
{
	return open_and_close(O_RDONLY);
}

static const struct { const char *name; int (*make)(struct caller *caller); } calls[] = {
	{ "INFO", call_info }, { "CHANNEL", call_channel }, { "OUTPUT", call_output },
	{ "INTERLOCK", call_interlock }, { "STREAM", call_stream },
	{ "SET away from safe", call_set_away }, { "SET to safe", call_set_safe },
	{ "ARM", call_arm }, { "RESTORE", call_restore }, { "RESET", call_reset },
	{ "INTERLOCKS", call_interlocks }, { "another number", call_unknown },
	{ "read", call_read }, { "write", call_write }, { "pread", call_pread },
	{ "lseek", call_lseek }, { "mmap", call_mmap },
	{ "open to control it as well", call_open_control },
	{ "open to look on", call_open_onlooker },
};
#define CALLS (sizeof(calls) / sizeof(*calls))

enum state { ONLOOKER, CONTROLLER, NOT_RESTORED, NOT_ARMED, ENDING, GONE, STATES };

static const char *const state_names[STATES] = {
	"onlooker", "controller", "not restored", "not armed", "ending", "gone",
};

/* What the page says: errno_said[call][state]. */
static char errno_said[CALLS][STATES][16];

static void read_matrix(void)
{
	struct page_row row = { 0 };
	FILE *page = fopen(PAGE, "r");
	size_t rows = 0;

	ASSERT_TRUE(page);
	while (page_next(page, &row)) {
		if (strcmp(row.heading, "Who may call, and when"))
			continue;
		ASSERT_LT(rows, CALLS);
		EXPECT_STREQ(row.cells[0], calls[rows].name);
		ASSERT_EQ(row.cells_n, 1 + STATES);
		for (int s = 0; s < STATES; s++)
			snprintf(errno_said[rows][s], sizeof(errno_said[0][0]), "%.15s",
				 row.cells[1 + s]);
		rows++;
	}
	fclose(page);
	ASSERT_EQ(rows, CALLS);
}

static void expect_said(size_t c, enum state state, struct caller *caller)
{
	int error = calls[c].make(caller);

	if (strcmp(errno_name(error), errno_said[c][state]))
		harness_fail(__FILE__, __LINE__, "%s, %s: %s, the page says %s", calls[c].name,
			     state_names[state], errno_name(error), errno_said[c][state]);
}

/* A controller that has done everything, and a table that does nothing. */
static struct caller controller(void)
{
	struct caller caller = { .fd = device_open(O_RDWR | O_NONBLOCK) };
	struct hydropon_interlock harmless;

	ASSERT_GE(caller.fd, 0);
	caller.output = (uint32_t)find_output(caller.fd, "pump-a");
	harmless = interlock_on(caller.fd, "lights");
	ASSERT_EQ(replace(caller.fd, &harmless, 1, NULL), 0);
	arm(caller.fd);
	caller.beat = (uint32_t)newest_beat(caller.fd).value;
	return caller;
}

TEST_TIMEOUT(each_state_allows_what_the_page_says, 90)
{
	read_matrix();
	power_is_good();
	for (size_t c = 0; c < CALLS; c++) {
		struct caller caller = controller(), onlooker = caller;
		struct hydropon_interlock harmless = interlock_on(caller.fd, "lights");

		onlooker.fd = device_open(O_RDONLY | O_NONBLOCK);
		expect_said(c, ONLOOKER, &onlooker);
		close(onlooker.fd);
		expect_said(c, CONTROLLER, &caller);
		close(caller.fd);

		caller = controller();
		EXPECT_EQ(replace(caller.fd, &harmless, 1, NULL), 0);
		expect_said(c, NOT_ARMED, &caller);
		close(caller.fd);

		caller = controller();
		rebind("hydropon-output", "hydropon:pump-a");
		caller.beat = (uint32_t)newest_beat(caller.fd).value;
		expect_said(c, NOT_RESTORED, &caller);
		close(caller.fd);
	}
}

static void *unbind_gateway(void *unused)
{
	unbind("hydropon-gateway", "hydropon");
	return unused;
}

TEST(a_gateway_that_ends_and_one_that_is_gone_allow_what_the_page_says)
{
	struct caller caller;
	pthread_t thread;
	int fill;

	read_matrix();
	power_is_good();
	caller = controller();
	fill = find_output(caller.fd, "fill");
	/* The end waits for a bus, for a second at most. */
	sim_write("gpio-bus/latency_us", 900000);
	ASSERT_EQ(lease(caller.fd, fill, true, 2000), 0);
	sleep_ms(50);
	ASSERT_EQ(pthread_create(&thread, NULL, unbind_gateway, NULL), 0);
	for (int i = 0; i < 500 && !device_info(caller.fd).terminal; i++)
		sleep_ms(1);
	for (size_t c = 0; c < CALLS; c++)
		expect_said(c, ENDING, &caller);
	EXPECT_EQ(call_info(&caller), 0);
	pthread_join(thread, NULL);
	for (size_t c = 0; c < CALLS; c++)
		expect_said(c, GONE, &caller);
	close(caller.fd);
	sim_write("gpio-bus/latency_us", 0);
	bind("hydropon-gateway", "hydropon");
	wait_for_device();
}

/* Wrong arguments */

FIXTURE(wrong) {
	int fd;
	uint32_t pump, first_beat, old_beat, beat;
	struct hydropon_info info;
	uint64_t since_ns;
};

FIXTURE_SETUP(wrong)
{
	struct hydropon_interlock harmless;
	struct hydropon_record beat;

	power_is_good();
	self->fd = device_open(O_RDWR | O_NONBLOCK);
	ASSERT_GE(self->fd, 0);
	self->pump = (uint32_t)find_output(self->fd, "pump-a");
	harmless = interlock_on(self->fd, "lights");
	EXPECT_EQ(replace(self->fd, &harmless, 1, NULL), 0);
	arm(self->fd);
	self->info = device_info(self->fd);
	self->since_ns = clock_boot_ns();
	self->first_beat = (uint32_t)next_of_type(self->fd, HYDROPON_REC_BEAT).value;
	beat = next_of_type(self->fd, HYDROPON_REC_BEAT);
	self->old_beat = (uint32_t)beat.value;
	do
		self->beat = (uint32_t)next_of_type(self->fd, HYDROPON_REC_BEAT).value;
	while (clock_boot_ns() < beat.time_ns + 950 * MS);
}

FIXTURE_TEARDOWN(wrong)
{
	EXPECT_EQ(replace(self->fd, NULL, 0, NULL), 0);
	close(self->fd);
	bind("hydropon-output", "hydropon:lights");
	wait_for_device();
}

/* No address, one below the first page, one of the kernel's, one past the end of memory. */
static int nobodys(struct fixture_wrong *self, unsigned long request)
{
	static const uintptr_t addresses[] = {
		0, 8, 0xffff800010000000, (uintptr_t)-8, 0x8000000000000000, 1ULL << 52,
	};
	int error = EFAULT;

	for (size_t i = 0; i < sizeof(addresses) / sizeof(*addresses) && error == EFAULT; i++) {
		/* through a volatile, lest the compiler know that they are bad */
		volatile uintptr_t address = addresses[i];

		error = ioctl_errno(self->fd, request, (void *)address);
	}
	return error;
}

static int short_by_one(struct fixture_wrong *self, unsigned long request)
{
	size_t size = _IOC_SIZE(request) - 1;

	memset(at_the_end(size), 0, size);
	return ioctl_errno(self->fd, request, at_the_end(size));
}

static int on_read_only(struct fixture_wrong *self, unsigned long request)
{
	static const char zeros[256];

	return ioctl_errno(self->fd, request, read_only(zeros, _IOC_SIZE(request)));
}

#define ADDRESS_CASES(name)								\
	static int name##_nobodys(struct fixture_wrong *self)				\
	{ return nobodys(self, HYDROPON_IOC_##name); }					\
	static int name##_short(struct fixture_wrong *self)				\
	{ return short_by_one(self, HYDROPON_IOC_##name); }
ADDRESS_CASES(INFO)
ADDRESS_CASES(CHANNEL)
ADDRESS_CASES(OUTPUT)
ADDRESS_CASES(INTERLOCK)
ADDRESS_CASES(STREAM)
ADDRESS_CASES(SET)
ADDRESS_CASES(RESTORE)
ADDRESS_CASES(RESET)

#define READ_ONLY_CASE(name)								\
	static int name##_read_only(struct fixture_wrong *self)				\
	{ return on_read_only(self, HYDROPON_IOC_##name); }
READ_ONLY_CASE(INFO)
READ_ONLY_CASE(CHANNEL)
READ_ONLY_CASE(OUTPUT)
READ_ONLY_CASE(INTERLOCK)

static int open_write_only(struct fixture_wrong *self)
{
	return open_and_close(O_WRONLY);
}

static int open_neither(struct fixture_wrong *self)
{
	return open_and_close(O_ACCMODE);
}

static int read_less(struct fixture_wrong *self)
{
	char room[sizeof(struct hydropon_record) - 1];

	return call(read(self->fd, room, sizeof(room)) < 0);
}

/* What a failed read did not give is given by the next one. */
static int read_nowhere(struct fixture_wrong *self)
{
	struct hydropon_record before, after;
	volatile uintptr_t nowhere = 8;
	int error;

	next_of_type(self->fd, HYDROPON_REC_BEAT);
	before = next_of_type(self->fd, HYDROPON_REC_BEAT);
	sleep_ms(150);
	error = call(read(self->fd, (void *)nowhere, 4096) < 0);
	/* two records, and room for one and a half */
	EXPECT_EQ(call(read(self->fd, at_the_end(48), 64) < 0), EFAULT);
	EXPECT_EQ(read(self->fd, &after, sizeof(after)), sizeof(after));
	EXPECT_EQ(after.seq, before.seq + 1);
	return error;
}

static int info_other_size(struct fixture_wrong *self)
{
	char room[256];
	int error = ioctl_errno(self->fd, _IOC(_IOC_READ, HYDROPON_IOC_MAGIC, 0, 71), room);

	return error == ENOTTY ?
	       ioctl_errno(self->fd, _IOC(_IOC_READ, HYDROPON_IOC_MAGIC, 0, 73), room) : error;
}

/* All structures that begin with an index. */
static int at_index(struct fixture_wrong *self, unsigned long request, uint32_t index)
{
	uint32_t room[64] = { index };

	return ioctl_errno(self->fd, request, room);
}

static int channel_past(struct fixture_wrong *self)
{
	return at_index(self, HYDROPON_IOC_CHANNEL, self->info.channels);
}

static int channel_max(struct fixture_wrong *self)
{
	return at_index(self, HYDROPON_IOC_CHANNEL, UINT32_MAX);
}

static int output_past(struct fixture_wrong *self)
{
	return at_index(self, HYDROPON_IOC_OUTPUT, self->info.outputs);
}

static int output_max(struct fixture_wrong *self)
{
	return at_index(self, HYDROPON_IOC_OUTPUT, UINT32_MAX);
}

static int interlock_past(struct fixture_wrong *self)
{
	return at_index(self, HYDROPON_IOC_INTERLOCK, self->info.interlocks);
}

static int interlock_max(struct fixture_wrong *self)
{
	return at_index(self, HYDROPON_IOC_INTERLOCK, UINT32_MAX);
}

static int stream(struct fixture_wrong *self, uint32_t watermark, uint32_t max_latency_ms)
{
	struct hydropon_stream asked = { watermark, max_latency_ms };

	return ioctl_errno(self->fd, HYDROPON_IOC_STREAM, &asked);
}

static int stream_no_watermark(struct fixture_wrong *self)
{
	return stream(self, 0, 50);
}

static int stream_high_watermark(struct fixture_wrong *self)
{
	return stream(self, self->info.ring_records / 2 + 1, 50);
}

static int stream_no_latency(struct fixture_wrong *self)
{
	return stream(self, 32, 0);
}

static int stream_long_latency(struct fixture_wrong *self)
{
	return stream(self, 32, 10001);
}

static int set_with(struct fixture_wrong *self, uint32_t output, uint32_t on, uint32_t beat,
		    uint32_t lease_ms)
{
	struct hydropon_set asked = { output, on, beat, lease_ms };

	return ioctl_errno(self->fd, HYDROPON_IOC_SET, &asked);
}

static int set_past(struct fixture_wrong *self)
{
	return set_with(self, self->info.outputs, 1, self->beat, 1000);
}

static int set_max(struct fixture_wrong *self)
{
	return set_with(self, UINT32_MAX, 0, self->beat, 1000);
}

static int set_on_2(struct fixture_wrong *self)
{
	return set_with(self, self->pump, 2, self->beat, 1000);
}

static int set_future(struct fixture_wrong *self)
{
	int error = set_with(self, self->pump, 1, self->beat + 100, 1000);

	return error == EINVAL ?
	       set_with(self, self->pump, 1, self->beat + INT32_MAX, 1000) : error;
}

static int set_before_open(struct fixture_wrong *self)
{
	return set_with(self, self->pump, 1, self->first_beat - 1, 2000);
}

static int set_old(struct fixture_wrong *self)
{
	return set_with(self, self->pump, 1, self->old_beat, HYDROPON_LEASE_MIN_MS);
}

static int set_short(struct fixture_wrong *self)
{
	return set_with(self, self->pump, 1, self->beat, HYDROPON_LEASE_MIN_MS - 1);
}

static int set_long(struct fixture_wrong *self)
{
	int error = set_with(self, self->pump, 1, self->beat,
			     output_info(self->fd, self->pump).lease_max_ms + 1);

	return error == ERANGE ? set_with(self, self->pump, 1, self->beat, UINT32_MAX) : error;
}

static int set_short_for_latency(struct fixture_wrong *self)
{
	int error;

	EXPECT_EQ(stream(self, 32, 400), 0);
	error = set_with(self, self->pump, 1, self->beat, 1799);
	EXPECT_EQ(stream(self, 32, 50), 0);
	return error;
}

/* An output without a device; the teardown gives it back. */
static uint32_t gone_output(struct fixture_wrong *self)
{
	uint32_t lights = (uint32_t)find_output(self->fd, "lights");

	if (output_info(self->fd, lights).present)
		unbind("hydropon-output", "hydropon:lights");
	return lights;
}

static int set_gone(struct fixture_wrong *self)
{
	return set_with(self, gone_output(self), 1, self->beat, 1000);
}

static int set_gone_safe(struct fixture_wrong *self)
{
	return set_with(self, gone_output(self), 0, self->beat, 1000);
}

static int restore_with(struct fixture_wrong *self, struct hydropon_restore kept)
{
	int error;

	rebind("hydropon-output", "hydropon:pump-a");
	kept.output = self->pump;
	error = ioctl_errno(self->fd, HYDROPON_IOC_RESTORE, &kept);
	/* it changed nothing */
	EXPECT_EQ(output_info(self->fd, self->pump).restored, 0);
	EXPECT_EQ(output_info(self->fd, self->pump).latched, 0);
	arm(self->fd);
	return error;
}

static int restore_past(struct fixture_wrong *self)
{
	return restore(self->fd, self->info.outputs, 0);
}

static int restore_again(struct fixture_wrong *self)
{
	return restore(self->fd, self->pump, 0);
}

static int restore_no_latch(struct fixture_wrong *self)
{
	for (int bit = 0; bit < 32; bit++)
		if (!(HYDROPON_LATCHES & (1U << bit)) &&
		    restore_with(self, (struct hydropon_restore) { .latched = 1U << bit }) != EINVAL)
			return 0;
	return EINVAL;
}

static int restore_17_uses(struct fixture_wrong *self)
{
	int error = restore_with(self, (struct hydropon_restore) { .uses_n = HYDROPON_MAX_USES + 1 });

	return error == EINVAL ?
	       restore_with(self, (struct hydropon_restore) { .uses_n = UINT32_MAX }) : error;
}

static int restore_reserved(struct fixture_wrong *self)
{
	return restore_with(self, (struct hydropon_restore) { .reserved = 1 });
}

static int restore_newest_first(struct fixture_wrong *self)
{
	return restore_with(self, (struct hydropon_restore) {
		.uses_n = 2, .uses = { { 1, 1 }, { 2, 1 } },
	});
}

static int restore_gone(struct fixture_wrong *self)
{
	return restore(self->fd, gone_output(self), 0);
}

static int reset_past(struct fixture_wrong *self)
{
	return at_index(self, HYDROPON_IOC_RESET, self->info.outputs);
}

static int reset_max(struct fixture_wrong *self)
{
	return at_index(self, HYDROPON_IOC_RESET, UINT32_MAX);
}

static int reset_gone(struct fixture_wrong *self)
{
	return at_index(self, HYDROPON_IOC_RESET, gone_output(self));
}

static int reset_lasting(struct fixture_wrong *self)
{
	struct hydropon_interlock trips = interlock_on(self->fd, "ph-down"), harmless = trips;
	int error;

	trips.threshold = INT64_MIN;
	trips.flags = HYDROPON_LATCHING;
	trips.channel = channel_info(self->fd, "ph-a").index;
	EXPECT_EQ(replace(self->fd, &trips, 1, NULL), 0);
	sleep_ms(300);
	error = at_index(self, HYDROPON_IOC_RESET, trips.output);
	EXPECT_EQ(output_info(self->fd, trips.output).latched, HYDROPON_TRIP_OFF);
	EXPECT_EQ(replace(self->fd, &harmless, 1, NULL), 0);
	EXPECT_EQ(at_index(self, HYDROPON_IOC_RESET, trips.output), 0);
	EXPECT_EQ(output_info(self->fd, trips.output).latched, 0);
	arm(self->fd);
	return error;
}

static int interlocks_nobodys(struct fixture_wrong *self)
{
	return nobodys(self, HYDROPON_IOC_INTERLOCKS);
}

static int interlocks_read_only(struct fixture_wrong *self)
{
	struct hydropon_interlocks asked = { .n = 65 };

	return ioctl_errno(self->fd, HYDROPON_IOC_INTERLOCKS, read_only(&asked, sizeof(asked)));
}

static int interlocks_nowhere(struct fixture_wrong *self)
{
	struct hydropon_interlock *last = at_the_end(sizeof(*last));
	int error = replace(self->fd, (void *)8, 1, NULL);

	*last = interlock_on(self->fd, "lights");
	/* the first entry is the caller's, the second is nobody's */
	return error == EFAULT ? replace(self->fd, last, 2, NULL) : error;
}

static int expect_bad(int error, uint32_t bad, uint32_t wanted)
{
	EXPECT_EQ(bad, wanted);
	return error;
}

static int interlocks_65(struct fixture_wrong *self)
{
	uint32_t bad;
	int error = replace(self->fd, (void *)8, 65, &bad);

	return expect_bad(error, bad, 64);
}

static int interlocks_max(struct fixture_wrong *self)
{
	uint32_t bad;
	int error = replace(self->fd, (void *)8, UINT32_MAX, &bad);

	return expect_bad(error, bad, 64);
}

/* A good entry, and one that @change makes bad. */
static int second(struct fixture_wrong *self,
		  void (*change)(const struct fixture_wrong *self, struct hydropon_interlock *entry))
{
	struct hydropon_interlock table[2];
	struct hydropon_interlock_info kept = { .index = 0 };
	uint32_t bad;
	int error;

	table[0] = interlock_on(self->fd, "lights");
	table[0].while_output = (uint32_t)find_output(self->fd, "fill");
	table[1] = interlock_on(self->fd, "fill");
	change(self, &table[1]);
	error = expect_bad(replace(self->fd, table, 2, &bad), bad, 1);
	EXPECT_EQ(device_info(self->fd).interlocks, 1);
	EXPECT_EQ(device_info(self->fd).armed, 1);
	EXPECT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_INTERLOCK, &kept), 0);
	EXPECT_EQ(kept.interlock.while_output, HYDROPON_NONE);
	return error;
}

#define SECOND_CASE(name, ...)								\
	static void change_##name(const struct fixture_wrong *self,			\
				  struct hydropon_interlock *entry)			\
	{ __VA_ARGS__; }								\
	static int second_##name(struct fixture_wrong *self)				\
	{ return second(self, change_##name); }
SECOND_CASE(channel, entry->channel = self->info.channels)
SECOND_CASE(output, entry->output = self->info.outputs)
SECOND_CASE(while_output, entry->while_output = self->info.outputs)
SECOND_CASE(compare_0, entry->compare = 0)
SECOND_CASE(compare_3, entry->compare = 3)
SECOND_CASE(level_0, entry->level = 0)
SECOND_CASE(level_4, entry->level = 4)
SECOND_CASE(flags, entry->flags = 8)
SECOND_CASE(while_off, entry->flags = HYDROPON_WHILE_OFF)
SECOND_CASE(reserved, entry->reserved = 1)
SECOND_CASE(hold, entry->hold_ms = HYDROPON_INTERLOCK_MAX_MS + 1)
SECOND_CASE(stale, entry->stale_ms = HYDROPON_INTERLOCK_MAX_MS + 1)
SECOND_CASE(release, entry->release_ms = HYDROPON_INTERLOCK_MAX_MS + 1)
SECOND_CASE(own, entry->while_output = entry->output; entry->release_ms = 999)
SECOND_CASE(circle, entry->while_output = (uint32_t)find_output(self->fd, "lights"))

static const struct { const char *call, *argument; int (*make)(struct fixture_wrong *self); } cases[] = {
	{ "open", "only for writing", open_write_only },
	{ "open", "neither for reading nor for writing", open_neither },
	{ "read", "room for less than a record", read_less },
	{ "read", "an address that is not the caller's", read_nowhere },
	{ "INFO", "an address that is not the caller's", INFO_nobodys },
	{ "INFO", "memory that cannot be written", INFO_read_only },
	{ "INFO", "one byte less than the structure", INFO_short },
	{ "INFO", "a structure of another size", info_other_size },
	{ "CHANNEL", "an address that is not the caller's", CHANNEL_nobodys },
	{ "CHANNEL", "memory that cannot be written", CHANNEL_read_only },
	{ "CHANNEL", "one byte less than the structure", CHANNEL_short },
	{ "CHANNEL", "index of one more than there are", channel_past },
	{ "CHANNEL", "the highest index there could be", channel_max },
	{ "OUTPUT", "an address that is not the caller's", OUTPUT_nobodys },
	{ "OUTPUT", "memory that cannot be written", OUTPUT_read_only },
	{ "OUTPUT", "one byte less than the structure", OUTPUT_short },
	{ "OUTPUT", "index of one more than there are", output_past },
	{ "OUTPUT", "the highest index there could be", output_max },
	{ "INTERLOCK", "an address that is not the caller's", INTERLOCK_nobodys },
	{ "INTERLOCK", "memory that cannot be written", INTERLOCK_read_only },
	{ "INTERLOCK", "one byte less than the structure", INTERLOCK_short },
	{ "INTERLOCK", "index of one more than there are", interlock_past },
	{ "INTERLOCK", "the highest index there could be", interlock_max },
	{ "STREAM", "an address that is not the caller's", STREAM_nobodys },
	{ "STREAM", "one byte less than the structure", STREAM_short },
	{ "STREAM", "watermark 0", stream_no_watermark },
	{ "STREAM", "watermark of more than half the stream", stream_high_watermark },
	{ "STREAM", "max_latency_ms 0", stream_no_latency },
	{ "STREAM", "max_latency_ms 10001", stream_long_latency },
	{ "SET", "an address that is not the caller's", SET_nobodys },
	{ "SET", "one byte less than the structure", SET_short },
	{ "SET", "output of one more than there are", set_past },
	{ "SET", "the highest output there could be", set_max },
	{ "SET", "on 2", set_on_2 },
	{ "SET", "a beat that is not there yet", set_future },
	{ "SET", "a beat of before the open", set_before_open },
	{ "SET", "a beat as old as the lease", set_old },
	{ "SET", "lease_ms 899", set_short },
	{ "SET", "lease_ms above lease_max_ms", set_long },
	{ "SET", "lease_ms less than three times the latency", set_short_for_latency },
	{ "SET", "an output whose device is gone", set_gone },
	{ "SET", "to safe, an output whose device is gone", set_gone_safe },
	{ "RESTORE", "an address that is not the caller's", RESTORE_nobodys },
	{ "RESTORE", "one byte less than the structure", RESTORE_short },
	{ "RESTORE", "output of one more than there are", restore_past },
	{ "RESTORE", "a second time", restore_again },
	{ "RESTORE", "latched with a bit that is no latch", restore_no_latch },
	{ "RESTORE", "uses_n 17", restore_17_uses },
	{ "RESTORE", "reserved not 0", restore_reserved },
	{ "RESTORE", "uses with the newest first", restore_newest_first },
	{ "RESTORE", "an output whose device is gone", restore_gone },
	{ "RESET", "an address that is not the caller's", RESET_nobodys },
	{ "RESET", "one byte less than the number", RESET_short },
	{ "RESET", "output of one more than there are", reset_past },
	{ "RESET", "the highest output there could be", reset_max },
	{ "RESET", "an output whose device is gone", reset_gone },
	{ "RESET", "a latch whose interlock still trips", reset_lasting },
	{ "INTERLOCKS", "an address that is not the caller's", interlocks_nobodys },
	{ "INTERLOCKS", "memory that cannot be written, and a bad entry", interlocks_read_only },
	{ "INTERLOCKS", "entries at an address that is not the caller's", interlocks_nowhere },
	{ "INTERLOCKS", "n 65, whatever entries say: bad 64", interlocks_65 },
	{ "INTERLOCKS", "the highest n there could be: bad 64", interlocks_max },
	{ "INTERLOCKS", "the second entry with channel of one more than there are: bad 1", second_channel },
	{ "INTERLOCKS", "the second entry with output of one more than there are: bad 1", second_output },
	{ "INTERLOCKS", "the second entry with while_output of one more than there are: bad 1", second_while_output },
	{ "INTERLOCKS", "the second entry with compare 0: bad 1", second_compare_0 },
	{ "INTERLOCKS", "the second entry with compare 3: bad 1", second_compare_3 },
	{ "INTERLOCKS", "the second entry with level 0: bad 1", second_level_0 },
	{ "INTERLOCKS", "the second entry with level 4: bad 1", second_level_4 },
	{ "INTERLOCKS", "the second entry with flags 8: bad 1", second_flags },
	{ "INTERLOCKS", "the second entry with WHILE_OFF of no output: bad 1", second_while_off },
	{ "INTERLOCKS", "the second entry with reserved not 0: bad 1", second_reserved },
	{ "INTERLOCKS", "the second entry with hold_ms 3600001: bad 1", second_hold },
	{ "INTERLOCKS", "the second entry with stale_ms 3600001: bad 1", second_stale },
	{ "INTERLOCKS", "the second entry with release_ms 3600001: bad 1", second_release },
	{ "INTERLOCKS", "the second entry on its own while_output, release_ms 999: bad 1", second_own },
	{ "INTERLOCKS", "the second entry closes a circle: bad 1", second_circle },
};
#define CASES (sizeof(cases) / sizeof(*cases))

TEST_F_TIMEOUT(wrong, arguments_give_the_errno_of_the_page_and_change_nothing, 120)
{
	static const char *const chips[] = { "gpio-soc", "gpio-bus", "gpio-panel" };
	struct page_row row = { 0 };
	FILE *page = fopen(PAGE, "r");
	size_t rows = 0;

	ASSERT_TRUE(page);
	while (page_next(page, &row)) {
		int error;

		if (strcmp(row.heading, "Wrong arguments"))
			continue;
		ASSERT_LT(rows, CASES);
		ASSERT_EQ(row.cells_n, 3);
		EXPECT_STREQ(row.cells[0], cases[rows].call);
		EXPECT_STREQ(row.cells[1], cases[rows].argument);
		error = cases[rows].make(self);
		if (strcmp(errno_name(error), row.cells[2]))
			harness_fail(__FILE__, __LINE__, "%s, %s: %s, the page says %s",
				     cases[rows].call, cases[rows].argument, errno_name(error),
				     row.cells[2]);
		rows++;
	}
	fclose(page);
	EXPECT_EQ(rows, CASES);
	harness_note("%zu wrong arguments", rows);
	EXPECT_EQ(device_info(self->fd).armed, 1);
	for (size_t chip = 0; chip < 3; chip++)
		for (unsigned int line = 0; line < 16; line++)
			EXPECT_EQ(count_transitions(chips[chip], line, self->since_ns), 0);
}
