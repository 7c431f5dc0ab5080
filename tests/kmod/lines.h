/* SPDX-License-Identifier: GPL-2.0-only */
/* The recorded lines of the virtual gateway, and its drivers' comings and goings. */
#ifndef HYDROPON_TESTS_LINES_H
#define HYDROPON_TESTS_LINES_H

#include <sys/stat.h>

#include "device.h"

static inline struct sim_transition last_transition(const char *chip, unsigned int line)
{
	struct sim_transition last = { 0 };
	int ret = sim_transition_last(chip, line, &last);

	if (ret)
		harness_fail(__FILE__, __LINE__, "%s line %u: %s", chip, line, strerror(-ret));
	return last;
}

static inline int line_level(const char *chip, unsigned int line)
{
	return last_transition(chip, line).level;
}

static inline int count_transitions(const char *chip, unsigned int line, uint64_t since_ns)
{
	struct sim_transition *all;
	size_t n;
	int count = 0;

	if (sim_record_read(chip, &all, &n)) {
		harness_fail(__FILE__, __LINE__, "%s: no record", chip);
		return -1;
	}
	for (size_t i = 0; i < n; i++)
		count += all[i].line == line && all[i].ns >= since_ns;
	free(all);
	return count;
}

/* The one that checks itself: see tests/qemu/debug-kernel.sh. */
static inline bool is_debug_kernel(void)
{
	char text[1024] = "";
	FILE *file = fopen("/proc/cmdline", "r");

	if (!file || !fgets(text, sizeof(text), file))
		harness_fail(__FILE__, __LINE__, "cannot read /proc/cmdline");
	if (file)
		fclose(file);
	return strstr(text, "rig.debug") != NULL;
}

#define STORM_HZ_MILLI 20000000		/* 20 kHz */

/* Of the pulses that make such a storm, how many a wire had in @ms at least: a kernel that
 * checks itself makes fewer.
 */
static inline uint32_t storm_edges(unsigned int ms)
{
	return ms * (is_debug_kernel() ? 2 : 19);
}

/* The first transition to @level at or after @from_ns. */
static inline struct sim_transition first_transition(const char *chip, unsigned int line,
						     bool level, uint64_t from_ns)
{
	struct sim_transition found = { 0 };
	int ret = sim_transition_first(chip, line, level, from_ns, &found);

	if (ret)
		harness_fail(__FILE__, __LINE__, "%s line %u never became %d: %s", chip, line, level,
			     strerror(-ret));
	return found;
}

/* Lines for the table of tests/hazards.awk: what was injected, what happened, by when; each
 * within its bound, which is twice as long on the kernel that checks itself. Texts hold no colon.
 */
static inline void hazard(const char *row, const char *injected, const char *what,
			  int64_t took_ns, int64_t bound_ns)
{
	bound_ns *= is_debug_kernel() ? 2 : 1;
	harness_note("hazard %s: %s: %s: %.3f ms, bound %.3f ms", row, injected, what,
		     (double)took_ns / 1e6, (double)bound_ns / 1e6);
	EXPECT_GE(took_ns, 0);
	EXPECT_LE(took_ns, bound_ns);
}

static inline void hazard_count(const char *row, const char *injected, const char *what,
				long long count, long long bound)
{
	harness_note("hazard %s: %s: %s: %lld, bound %lld", row, injected, what, count, bound);
	EXPECT_LE(count, bound);
}

static inline void hazard_share(const char *row, const char *injected, const char *what,
				double percent, double least)
{
	harness_note("hazard %s: %s: %s: %.1f %%, at least %.1f %%", row, injected, what, percent,
		     least);
	EXPECT_TRUE(percent >= least);
}

/* Outputs of the virtual gateway. */
#define OUTPUTS 9

struct wanted_output { int output; int cause; };

static inline bool is_output_with_cause(const struct hydropon_record *record, const void *data)
{
	const struct wanted_output *wanted = data;

	return record->type == HYDROPON_REC_OUTPUT && record->channel == wanted->output &&
	       record->aux == wanted->cause;
}

static inline struct hydropon_record output_record(int fd, int output, int cause)
{
	struct wanted_output wanted = { output, cause };
	struct hydropon_record record = { 0 };

	if (!read_until(fd, is_output_with_cause, &wanted, &record, 3000))
		harness_fail(__FILE__, __LINE__, "output %d never told cause %d", output, cause);
	return record;
}

static inline void wait_for_device(void)
{
	const char *missing = "it cannot be opened";
	struct stat st;

	/* Long where machines are slow: only the races have a clock that goes on meanwhile. */
	for (int i = 0; i < 6000; i++) {
		int fd = device_open(O_RDONLY);

		if (fd >= 0) {
			bool all = true;
			struct hydropon_info info = device_info(fd);

			for (uint32_t o = 0; o < info.outputs; o++)
				all = all && output_info(fd, o).present;
			close(fd);
			missing = all && info.outputs == OUTPUTS ? "udev has not been there" :
								   "not all outputs are there";
			if (all && info.outputs == OUTPUTS && !stat(DEVICE, &st) && st.st_gid)
				return;
		}
		sleep_ms(20);
	}
	harness_fail(__FILE__, __LINE__, "%s did not come back: %s", DEVICE, missing);
}

/* Mains power good, and nothing shed. */
static inline void power_is_good(void)
{
	int fd;

	sim_write("gpio-soc/line9", 1);
	wait_for_device();
	fd = device_open(O_RDONLY);
	for (int i = 0; i < 1200 && device_info(fd).shedding; i++)
		sleep_ms(10);
	EXPECT_EQ(device_info(fd).shedding, 0);
	close(fd);
}

static inline int restore(int fd, uint32_t output, uint32_t latched)
{
	struct hydropon_restore kept = { .output = output, .latched = latched };

	return ioctl_errno(fd, HYDROPON_IOC_RESTORE, &kept);
}

/* Arms; outputs that were probed anew have nothing to remember. */
static inline void arm(int fd)
{
	uint32_t outputs = device_info(fd).outputs;

	for (uint32_t i = 0; i < outputs; i++)
		if (output_info(fd, i).present && !output_info(fd, i).restored)
			EXPECT_EQ(restore(fd, i, 0), 0);
	EXPECT_EQ(ioctl_errno(fd, HYDROPON_IOC_ARM, NULL), 0);
}

static inline void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		harness_fail(__FILE__, __LINE__, "cannot write \"%s\" to %s: %s", text, path,
			     strerror(errno));
	if (fd >= 0)
		close(fd);
}

static inline void unbind(const char *driver, const char *device)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/%s/unbind", driver);
	write_text(path, device);
}

static inline void bind(const char *driver, const char *device)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/%s/bind", driver);
	write_text(path, device);
}

/* A device that knows nothing any more of what was. */
static inline void rebind(const char *driver, const char *device)
{
	unbind(driver, device);
	bind(driver, device);
}

/* Every chip answers, and what outputs need has a reading. */
static inline void good_wires(void)
{
	static const struct { const char *path; long long value; } wires[] = {
		{ "i2c/adc-48/ain0_uv", 1559159 },	/* pH 6.0 at 25 C */
		{ "i2c/adc-48/ain1_uv", 1200000 },	/* 30 cm */
		{ "i2c-b/adc-49/ain0_uv", 800000 },	/* 1600 uS/cm */
		{ "i2c/adc-4a/ain0_uv", 750000 },	/* 25 C */
		{ "i2c/lux-23/millilux", 1000000 },
		{ "i2c/adc-48/errno", 0 }, { "i2c-b/adc-49/errno", 0 }, { "i2c/adc-4a/errno", 0 },
		{ "i2c/adc-48/absent", 0 }, { "i2c-b/adc-49/absent", 0 },
		{ "i2c/adc-48/latency_us", 0 }, { "i2c-b/adc-49/latency_us", 0 },
		{ "gpio-bus/errno", 0 }, { "gpio-bus/latency_us", 0 }, { "gpio-soc/hz_milli8", 0 },
	};

	for (size_t i = 0; i < sizeof(wires) / sizeof(wires[0]); i++)
		EXPECT_EQ(sim_write(wires[i].path, wires[i].value), 0);
}

/* How long a line was at 1 between two times. */
static inline int64_t on_ns(const struct sim_transition *all, size_t n, unsigned int line,
			    uint64_t from_ns, uint64_t to_ns)
{
	uint64_t since_ns = from_ns;
	bool on = false;
	int64_t sum_ns = 0;

	for (size_t i = 0; i < n && all[i].ns < to_ns; i++) {
		if (all[i].line != line)
			continue;
		if (all[i].ns > since_ns) {
			sum_ns += on ? (int64_t)(all[i].ns - since_ns) : 0;
			since_ns = all[i].ns;
		}
		on = all[i].level;
	}
	return sum_ns + (on ? (int64_t)(to_ns - since_ns) : 0);
}

/* The most that any window holds, and since @from_ns: one that ends as the line goes to 0. */
static inline int64_t worst_on_ns(const char *chip, unsigned int line, uint64_t from_ns,
				  uint64_t window_ns)
{
	struct sim_transition *all;
	int64_t worst_ns = 0;
	size_t n;

	if (sim_record_read(chip, &all, &n)) {
		harness_fail(__FILE__, __LINE__, "no record");
		return -1;
	}
	for (size_t i = 0; i < n; i++) {
		uint64_t end_ns = all[i].ns;
		int64_t sum_ns;

		if (all[i].line != line || all[i].level || end_ns < from_ns)
			continue;
		sum_ns = on_ns(all, n, line,
			       end_ns > from_ns + window_ns ? end_ns - window_ns : from_ns, end_ns);
		worst_ns = sum_ns > worst_ns ? sum_ns : worst_ns;
	}
	free(all);
	return worst_ns;
}

#endif
