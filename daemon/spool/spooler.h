/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The spool thread of hydropond: takes samples from the main thread through a
 * bounded queue and commits them to the spool once every commit_ms.
 */
#ifndef HYDROPON_SPOOLER_H
#define HYDROPON_SPOOLER_H

#include "base/conf.h"
#include "base/event.h"
#include "base/sample.h"
#include "spool/keep_note.h"
#include "spool/point.h"
#include "spool/time_note.h"

struct spooler;

struct spooler_stats {
	uint64_t produced;		/* samples committed, over the life of the spool */
	uint64_t refused_queue;		/* lost before commit since start: queue full */
	uint64_t refused_error;		/* lost before commit since start: I/O error */
	uint64_t refused_events;	/* the same of events: queue full */
	uint64_t pending;		/* in the queue, not yet committed */
	uint64_t bytes, max_bytes;
	uint64_t blocks;		/* made since start */
	uint64_t lost;			/* found by opening: committed, and not there any more */
	uint64_t commits, commit_last_us, commit_max_us;
	int error;			/* 0, or -errno of the newest commit or open */
	int block_error;		/* 0, or -errno of the newest block */
	uint64_t stuck_ms;		/* 0, or how long nothing could be committed */
	uint32_t commit_every_ms;	/* commit_ms, or 1000 where that would not be safe */
	bool is_clock_set;		/* in this boot; else what is sampled waits for that */
	uint32_t boot;			/* its number; 0: not known yet */
	int clk;			/* of the newest stamp */
};

/* Called from the thread. */
struct spooler_hooks {
	void (*each_second)(void *data);	/* about that; NULL: nobody wants it */
	/* Once a minute: how the rest is, at most @max points without a time; returns how many.
	 * NULL: nobody knows.
	 */
	size_t (*health)(void *data, struct point *points, size_t max);
};

/*
 * Starts the thread; it opens <state_dir>/spool, and tries again every second
 * while that fails. @hooks: NULL: none. NULL: out of memory or no thread.
 */
struct spooler *spooler_start(const struct conf *conf, const struct spooler_hooks *hooks,
			      void *data);
/* Main thread. Never blocks; false and counted if the queue is full. */
bool spooler_push(struct spooler *spooler, const struct sample *sample);
/* The same of an event; what does not fit is counted in the health of the gateway. */
bool spooler_push_event(struct spooler *spooler, const struct event *event);
/* Main thread. Whether the gateway has a power-good line: then spooler_commit_soon() will be called
 * when it falls. Until it is called there is none.
 */
void spooler_set_power(struct spooler *spooler, bool is_watched);
/* Main thread. Commits what is queued at once, but five times a second at most. Never blocks. */
void spooler_commit_soon(struct spooler *spooler);
/*
 * Main thread. What is kept of outputs, to be durable at once. It is written again now and then, so that
 * an opening finds it. Never blocks.
 */
void spooler_keep(struct spooler *spooler, const struct keep_note *note);
/* Main thread. Whether the newest of these is durable. */
bool spooler_is_kept(struct spooler *spooler);
/* Main thread. What the spool held of that when it was opened first. 0; -EAGAIN: it is not open yet; -ENOENT:
 * nothing; -EBADMSG: it is damaged, and something newer than @note may be lost, or all of it.
 */
int spooler_kept(struct spooler *spooler, struct keep_note *note);
/* Any thread; holds a lock for the time of a copy. */
void spooler_stats(struct spooler *spooler, struct spooler_stats *out);
/* Commits what is queued and ends the thread; gives up after @timeout_ms. */
void spooler_stop(struct spooler *spooler, uint32_t timeout_ms);

#endif
