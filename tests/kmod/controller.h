/* SPDX-License-Identifier: GPL-2.0-only */
/* A controller as hydropond is one: it reads the stream in order, and by each beat that it
 * has read it renews what it wants away from its declared safe state.
 */
#ifndef HYDROPON_TESTS_CONTROLLER_H
#define HYDROPON_TESTS_CONTROLLER_H

#include "device.h"
#include "lines.h"

#define TOLD_MAX 4096

struct controller {
	int fd;
	uint32_t lease_ms;
	bool safe_on[OUTPUTS];
	bool wanted[OUTPUTS];
	int error[OUTPUTS];		/* of the newest SET */
	unsigned int refused[OUTPUTS];
	bool has_beat;
	struct hydropon_record beat;	/* the newest */
	struct hydropon_record told[TOLD_MAX];	/* but for readings and beats */
	size_t told_n;
	unsigned int samples[HYDROPON_MAX_CHANNELS];	/* good readings */
};

static inline void controller_take_over(struct controller *c, int flags)
{
	struct hydropon_info info;

	*c = (struct controller){ .fd = device_open(O_RDWR | flags), .lease_ms = 2000 };
	if (c->fd < 0) {
		harness_fail(__FILE__, __LINE__, "%s: %s", DEVICE, strerror(errno));
		return;
	}
	info = device_info(c->fd);
	for (uint32_t i = 0; i < info.outputs; i++)
		c->safe_on[i] = output_info(c->fd, i).safe_on;
}

static inline void controller_open(struct controller *c)
{
	controller_take_over(c, O_NONBLOCK);
	arm(c->fd);
}

static inline void controller_close(struct controller *c)
{
	if (c->fd >= 0)
		close(c->fd);
	c->fd = -1;
}

static inline void renew(struct controller *c, int output)
{
	c->error[output] = set_output(c->fd, output, !c->safe_on[output], (uint32_t)c->beat.value,
				      c->lease_ms);
	c->refused[output] += c->error[output] != 0;
}

static inline void let_go(struct controller *c, int output)
{
	EXPECT_EQ(set_output(c->fd, output, c->safe_on[output], 0, 0), 0);
	c->error[output] = 0;
}

static inline void take_record(struct controller *c, const struct hydropon_record *record)
{
	switch (record->type) {
	case HYDROPON_REC_BEAT:
		c->beat = *record;
		c->has_beat = true;
		break;
	case HYDROPON_REC_SAMPLE:
	case HYDROPON_REC_PULSE:
		c->samples[record->channel] += !record->status;
		break;
	default:
		if (c->told_n < TOLD_MAX)
			c->told[c->told_n++] = *record;
	}
}

/* Reads what there is. True if a beat was among it. */
static inline bool read_all(struct controller *c)
{
	struct hydropon_record records[128];
	bool beat = false;
	ssize_t n;

	while ((n = read(c->fd, records, sizeof(records))) > 0)
		for (size_t i = 0; i < (size_t)n / sizeof(records[0]); i++) {
			beat = beat || records[i].type == HYDROPON_REC_BEAT;
			take_record(c, &records[i]);
		}
	return beat;
}

/* One turn: what there is within @timeout_ms is read, and a new beat renews. */
static inline void turn(struct controller *c, int timeout_ms)
{
	struct pollfd p = { .fd = c->fd, .events = POLLIN };

	poll(&p, 1, timeout_ms);
	if (!read_all(c))
		return;
	for (int i = 0; i < OUTPUTS; i++)
		if (c->wanted[i])
			renew(c, i);
}

static inline void run_until(struct controller *c, uint64_t end_ns)
{
	uint64_t now_ns;

	while ((now_ns = clock_boot_ns()) < end_ns)
		turn(c, (int)((end_ns - now_ns) / MS) + 1);
}

static inline void run_ms(struct controller *c, long ms)
{
	run_until(c, clock_boot_ns() + (uint64_t)ms * MS);
}

/* Holds it by the next beats until it is away from safe; false after 1 s. */
static inline bool hold(struct controller *c, int output)
{
	uint64_t end_ns = clock_boot_ns() + 1000 * MS;

	c->wanted[output] = true;
	c->error[output] = EAGAIN;
	while (c->error[output] && clock_boot_ns() < end_ns)
		turn(c, 10);
	if (c->error[output])
		harness_fail(__FILE__, __LINE__, "output %d: %s", output,
			     strerror(c->error[output]));
	return !c->error[output];
}

/* The first record of @type about @channel from @from_ns on, or one of type 0. */
static inline struct hydropon_record told(const struct controller *c, int type, int channel,
					  uint64_t from_ns)
{
	for (size_t i = 0; i < c->told_n; i++)
		if (c->told[i].type == type && c->told[i].channel == channel &&
		    c->told[i].time_ns >= from_ns)
			return c->told[i];
	return (struct hydropon_record){ 0 };
}

static inline size_t count_told(const struct controller *c, int type, int channel,
				uint64_t from_ns)
{
	size_t n = 0;

	for (size_t i = 0; i < c->told_n; i++)
		n += c->told[i].type == type && c->told[i].channel == channel &&
		     c->told[i].time_ns >= from_ns;
	return n;
}

/* That an output changed for that reason, and when. */
static inline struct hydropon_record told_cause(const struct controller *c, int output,
						int cause, uint64_t from_ns)
{
	char others[256] = "";
	size_t length = 0;

	for (size_t i = 0; i < c->told_n; i++) {
		const struct hydropon_record *r = &c->told[i];

		if (r->type != HYDROPON_REC_OUTPUT || r->channel != output || r->time_ns < from_ns)
			continue;
		if (r->aux == cause)
			return *r;
		if (length < sizeof(others) - 32)
			length += (size_t)snprintf(others + length, sizeof(others) - length,
						   " %lld=%lld", (long long)r->aux,
						   (long long)r->value);
	}
	harness_fail(__FILE__, __LINE__, "output %d never told cause %d, but%s", output, cause,
		     length ? others : " nothing");
	return (struct hydropon_record){ 0 };
}

#endif
