/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every bus has, whatever is spoken on it: a thread that alone waits for its devices, a
 * bounded queue from there to the main loop, an end in bounded time, and counters that anybody may
 * look at. A kind of bus (modbus_bus.c, ezo_bus.c) has a struct bus as its first member.
 */
#ifndef HYDROPON_BUS_H
#define HYDROPON_BUS_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>

#include "acquire/source.h"
#include "base/conf.h"

struct bus_stats {
	bool is_open;
	int error;		/* why it is not open, or 0 */
	uint64_t opens;		/* times that it was opened */
	uint64_t refused;	/* readings lost since the main loop did not take them */
};

/* Of a device on a bus, since the start. */
struct device_stats {
	uint64_t requests;		/* made, repetitions included */
	uint64_t answers;		/* good ones */
	uint64_t silent, garbled, exceptions;
	uint64_t missed;		/* times that a request was due and not made */
	uint64_t foreign;
	uint64_t response_last_ns, response_sum_ns, response_max_ns;	/* of the answers */
	uint64_t retry_ns;		/* while is_open: the next probe is not before */
	int error;			/* 0: the newest request was answered */
	bool is_open;			/* its breaker: it is asked only now and then */
};

struct bus;

struct bus_kind {
	/* The thread. Returns soon after stop_fd has become readable. */
	void (*run)(struct bus *bus);
	/* With the lock held. False: no channel is read from it. */
	bool (*device)(const struct bus *bus, int device, struct device_stats *stats);
	/* What a person can do about it that the bus could not be opened. */
	const char *(*remedy)(int error);
	/* Of all that is the kind's own, the struct included. */
	void (*free)(struct bus *bus);
};

struct bus {
	const struct bus_kind *kind;
	const struct conf_bus *conf;
	pthread_t thread;
	struct queue *queue;
	int wake_fd, stop_fd, done_fd;
	sem_t ready;		/* the thread has files of its own */
	int told_error;		/* the thread's own: why it is not open */

	/* The kind's counters too are written by the thread with the lock held. */
	pthread_mutex_t lock;
	struct bus_stats stats;
};

/*
 * For a kind. @wake_fd: an eventfd to which is written when there are readings. 0 or -errno: no
 * memory or files left, and nothing to be undone.
 */
int bus_begin(struct bus *bus, const struct bus_kind *kind, const struct conf_bus *conf,
	      int wake_fd);
/* What bus_begin() has made, where no thread could be started. */
void bus_undo(struct bus *bus);
/* Starts the thread; 0 or -errno. */
int bus_start(struct bus *bus);
/* The thread: a reading for the main loop, and that there are some. */
void bus_push(struct bus *bus, const struct source_reading *reading);
void bus_wake(struct bus *bus);
/* The thread: waits for @until_ns (CLOCK_BOOTTIME). False: it shall end. */
bool bus_rest(struct bus *bus, uint64_t until_ns);
/* The thread: it was opened, or could not be, with -errno. Is told when it changes. */
void bus_note_open(struct bus *bus, int error);
/* Its device, or the address over TCP. */
const char *bus_place(const struct bus *bus);

/* Main thread. At most @max readings; never waits. */
size_t bus_pop(struct bus *bus, struct source_reading *readings, size_t max);
/* Any thread; they hold a lock for the time of a copy. @device: index in the configuration of what
 * its kind has. False: no channel is read from it.
 */
void bus_stats(struct bus *bus, struct bus_stats *stats);
bool bus_device_stats(struct bus *bus, int device, struct device_stats *stats);
/* Tells the thread to end, and waits for that until @until_ns (CLOCK_BOOTTIME). False: it is stuck
 * in its device, and was left behind with all that it uses.
 */
void bus_tell_to_end(struct bus *bus);
bool bus_end(struct bus *bus, uint64_t until_ns);

#endif
