/* SPDX-License-Identifier: GPL-2.0-only */
/* For tests in the guest: the records of a while, counted by channel, and load. */
#ifndef HYDROPON_TESTS_RECORDS_H
#define HYDROPON_TESTS_RECORDS_H

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

#include "device.h"
#include "lines.h"

#define RECORDS_MAX 32768
#define NO_OUTPUT (-1)

/* What the stream held. A reading is a SAMPLE or a PULSE. */
struct tally {
	struct hydropon_record records[RECORDS_MAX];
	size_t n;
	unsigned int samples[HYDROPON_MAX_CHANNELS], errors[HYDROPON_MAX_CHANNELS];
	unsigned int missed, missed_by[HYDROPON_MAX_CHANNELS], missed_records[HYDROPON_MAX_CHANNELS];
	unsigned int lost;
	uint64_t longest_gap_ns[HYDROPON_MAX_CHANNELS];	/* between the times of two readings */
	struct hydropon_record first[HYDROPON_MAX_CHANNELS], last[HYDROPON_MAX_CHANNELS];
	unsigned int refused;	/* renewals of the lease that was to be held */
	uint32_t next_seq;
	bool has_seq, seq_broken;
};

static inline void count(struct tally *tally, const struct hydropon_record *r)
{
	struct hydropon_record *last = &tally->last[r->channel];

	if (tally->n < RECORDS_MAX)
		tally->records[tally->n++] = *r;
	if (tally->has_seq && r->seq != tally->next_seq)
		tally->seq_broken = true;
	tally->has_seq = true;
	tally->next_seq = r->seq + 1;
	if (r->type == HYDROPON_REC_MISSED) {
		tally->missed += (unsigned int)r->value;
		tally->missed_by[r->channel] += (unsigned int)r->value;
		tally->missed_records[r->channel]++;
	}
	if (r->type == HYDROPON_REC_LOST)
		tally->lost += (unsigned int)r->value;
	if (r->type != HYDROPON_REC_SAMPLE && r->type != HYDROPON_REC_PULSE)
		return;
	if (!tally->samples[r->channel]++)
		tally->first[r->channel] = *r;
	else if (r->time_ns - last->time_ns > tally->longest_gap_ns[r->channel])
		tally->longest_gap_ns[r->channel] = r->time_ns - last->time_ns;
	tally->errors[r->channel] += r->status != 0;
	*last = *r;
}

/* Listens for @ms to what the stream holds already and what comes, and keeps @output away
 * from its safe state meanwhile.
 */
static inline struct tally *listen_on_holding(int fd, int ms, int output)
{
	static struct tally tally;
	uint64_t end_ns = clock_boot_ns() + (uint64_t)ms * MS;
	struct hydropon_record records[64];

	memset(&tally, 0, sizeof(tally));
	while (clock_boot_ns() < end_ns) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		uint32_t beat = 0;
		bool has_beat = false;
		ssize_t n;

		if (poll(&p, 1, 20) < 0)
			break;
		while ((n = read(fd, records, sizeof(records))) > 0)
			for (size_t i = 0; i < (size_t)n / sizeof(records[0]); i++) {
				count(&tally, &records[i]);
				if (records[i].type != HYDROPON_REC_BEAT)
					continue;
				has_beat = true;
				beat = (uint32_t)records[i].value;
			}
		if (output != NO_OUTPUT && has_beat)
			tally.refused += set_output(fd, output, true, beat, 1500) != 0;
	}
	EXPECT_FALSE(tally.seq_broken);
	EXPECT_EQ(tally.lost, 0);
	return &tally;
}

static inline struct tally *listen_on(int fd, int ms)
{
	return listen_on_holding(fd, ms, NO_OUTPUT);
}

/* Listens from now on. */
static inline struct tally *listen_holding(int fd, int ms, int output)
{
	drain(fd);
	return listen_on_holding(fd, ms, output);
}

static inline struct tally *listen_for(int fd, int ms)
{
	return listen_holding(fd, ms, NO_OUTPUT);
}

static inline bool has_channel(int fd, const char *name)
{
	struct hydropon_info info = device_info(fd);

	for (uint32_t i = 0; i < info.channels; i++) {
		struct hydropon_channel_info channel = { .index = i };

		EXPECT_EQ(ioctl_errno(fd, HYDROPON_IOC_CHANNEL, &channel), 0);
		if (!strcmp(channel.name, name))
			return true;
	}
	return false;
}

/* The channel has kept at least 95 % of its rate in @ms, each reading good. */
static inline void expect_steady(const struct tally *tally, uint32_t channel, int interval_ms, int ms)
{
	EXPECT_GE(tally->samples[channel] * 100, 95 * (unsigned int)(ms / interval_ms));
	EXPECT_EQ(tally->errors[channel], 0);
	EXPECT_EQ(tally->missed_by[channel], 0);
	EXPECT_LT(tally->longest_gap_ns[channel], (uint64_t)interval_ms * MS * 3 / 2);
}

/* Suspends to idle until the RTC wakes the system up. */
static inline void suspend_for(int s)
{
	char alarm[16];

	snprintf(alarm, sizeof(alarm), "+%d", s);
	write_text("/sys/class/rtc/rtc0/wakealarm", alarm);
	write_text("/sys/power/state", "freeze");
}

/* One CPU for all from now on: under -icount the second one starves while the first has
 * always something to do.
 */
static inline void cpus_use(int n)
{
	write_text("/sys/devices/system/cpu/cpu1/online", n > 1 ? "1" : "0");
}

/* Processes that do nothing but use the one CPU. */
struct load { pid_t pids[16]; int n; };

static inline void load_start(struct load *load, int n)
{
	cpus_use(1);
	for (load->n = 0; load->n < n; load->n++) {
		pid_t pid = fork();

		if (!pid)
			for (;;)
				;
		ASSERT_GT(pid, 0);
		load->pids[load->n] = pid;
	}
}

static inline void load_stop(struct load *load)
{
	for (int i = 0; i < load->n; i++) {
		kill(load->pids[i], SIGKILL);
		waitpid(load->pids[i], NULL, 0);
	}
	load->n = 0;
	cpus_use(2);
}

#endif
