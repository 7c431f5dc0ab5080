/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One turn of the main loop, the way from evidence to leases:
 *
 *   read   all records there are, at most TURN_RECORDS_MAX, and what other sources have read
 *   judge  each sample, then each channel's age
 *   renew  the leases whose needs were all judged GOOD, naming the newest beat
 *          that was read in this very turn
 *
 * A turn that reads no beat renews nothing, and no beat is named before every record
 * in front of it was judged. What remains after TURN_RECORDS_MAX waits for the next
 * turn; beats out of a backlog are old, and the kernel gives short leases for them or
 * none. Opens the device, and opens it again once a second while it is away. Restores
 * each output that has been probed (protect/keep.h), arms, and arms again when the kernel
 * has disarmed. Until it is known what an earlier hydropond has kept, or for TURN_KEPT_WAIT_MS, nothing is
 * restored, and so nothing armed. Main thread only; never blocks.
 */
#ifndef HYDROPON_TURN_H
#define HYDROPON_TURN_H

#include "acquire/sources.h"
#include "acquire/stream.h"
#include "base/event.h"
#include "base/sample.h"
#include "channel/channel.h"
#include "protect/keep.h"
#include "protect/output.h"

#define TURN_RECORDS_MAX 4096
#define TURN_READINGS_MAX 1024
#define EVENTS_A_MINUTE 60
#define TURN_RETRY_MS 1000
#define TURN_REFRESH_MS 1000
#define TURN_KEPT_WAIT_MS 5000

struct turn_hooks {
	void (*sample)(void *data, const struct sample *sample);
	void (*opened)(void *data, int fd);
	void (*closing)(void *data);	/* @fd is still open */
	/* What was sampled shall be durable now: mains power was lost a moment ago, or an
	 * interlock or a fault has tripped. NULL: nobody wants to know.
	 */
	void (*urgent)(void *data);
	/* For the stores. At most EVENTS_A_MINUTE in the long run; those that are left out are
	 * counted in the next one. NULL: nobody wants to know.
	 */
	void (*event)(void *data, const struct event *event);
	/*
	 * What is kept of outputs (protect/keep.h): a note that shall be durable at once; whether the newest
	 * is; and the one of an earlier hydropond: 0, -EAGAIN: nobody knows yet, -ENOENT: there is none, or
	 * -EBADMSG: it is damaged, what was used of budgets is not known. All NULL: nothing is kept.
	 */
	void (*keep)(void *data, const struct keep_note *note);
	bool (*is_kept)(void *data);
	int (*kept)(void *data, struct keep_note *note);
};

struct turn {
	const struct conf *conf;
	struct stream *stream;
	struct sources *sources;	/* set after turn_start(); NULL: none but the stream */
	struct channels *channels;
	struct outputs *outputs;
	const struct turn_hooks *hooks;
	void *data;			/* for the hooks */

	/* for the status document */
	struct hydropon_info info;	/* newest; all zero while the device is closed */
	int open_error;			/* 0 while open, else -errno of the newest try */
	uint64_t missed;		/* ticks that samplers left out, since start */
	uint64_t clock_steps;		/* times that the wall clock was set, since start */

	/* inside */
	uint64_t next_open_ns, next_refresh_ns;
	int arm_error, restore_error;
	uint64_t started_ns;
	struct keep keep;
	uint64_t urgent_until_ns;	/* power was lost: this turn, and those up to then */
	int64_t wall_ahead_ns;		/* wall time minus BOOTTIME at the newest TIME */
	bool has_time;
	uint64_t next_clock_tell_ns;
	uint64_t lost, lost_told, next_lost_ns;
	int64_t events_ns;		/* the time up to which events have used their share */
	uint64_t events_left_out;
	bool has_beat;
	uint32_t beat;
	uint64_t beat_ns;
};

/* The caller owns what is handed over. */
void turn_start(struct turn *turn, const struct conf *conf, struct stream *stream,
		struct channels *channels, struct outputs *outputs,
		const struct turn_hooks *hooks, void *data);
/* Returns how many records were read. */
size_t turn_run(struct turn *turn);
/* What a person has entered for a channel of source manual, to the hooks: its sample and event. */
void turn_enter(struct turn *turn, size_t channel, double value, uint64_t for_ms);
/* Gives an event of now to the hook. @subject: NULL: the gateway itself. */
void turn_event(struct turn *turn, const char *name, const char *subject,
		const struct event_number *numbers, size_t n);
/* Ends the latches of an output, by its index in the configuration, and reads what the
 * kernel then says of it. 0; -EBUSY: what latched it lasts; -ENODEV: the device is not
 * open, or has no such output; or -errno. */
int turn_reset(struct turn *turn, size_t output);
/* hydropond ends, the device is closed: what is kept is written for the last time. */
void turn_end(struct turn *turn);
/* Closes the device, which puts all outputs into their safe state. @error says why. */
void turn_close(struct turn *turn, int error);

static inline bool turn_is_protected(const struct turn *turn)
{
	return stream_fd(turn->stream) >= 0;
}

#endif
