// SPDX-License-Identifier: GPL-2.0-only
#include "acquire/bus.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/queue.h"
#include "base/thread.h"

#define QUEUE_READINGS 1024
#define REST_MAX_NS (3600 * NS_PER_SEC)
#define STACK_BYTES (128 * 1024)

int bus_begin(struct bus *bus, const struct bus_kind *kind, const struct conf_bus *conf,
	      int wake_fd)
{
	bus->kind = kind;
	bus->conf = conf;
	bus->wake_fd = wake_fd;
	bus->queue = queue_new(sizeof(struct source_reading), QUEUE_READINGS);
	if (!bus->queue)
		return -ENOMEM;
	bus->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (bus->stop_fd < 0)
		goto err_free_queue;
	bus->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (bus->done_fd < 0)
		goto err_close_stop;
	if (thread_make_lock(&bus->lock))
		goto err_close_done;
	if (sem_init(&bus->ready, 0, 0))
		goto err_destroy_lock;
	return 0;

err_destroy_lock:
	pthread_mutex_destroy(&bus->lock);
err_close_done:
	close(bus->done_fd);
err_close_stop:
	close(bus->stop_fd);
err_free_queue:
	queue_free(bus->queue);
	return -ENOMEM;
}

void bus_undo(struct bus *bus)
{
	sem_destroy(&bus->ready);
	pthread_mutex_destroy(&bus->lock);
	close(bus->done_fd);
	close(bus->stop_fd);
	queue_free(bus->queue);
}

static void *bus_run(void *data)
{
	struct bus *bus = data;

	if (thread_own_files())
		log_warning("bus %s: no files of its own; should its device hang while hydropond "
			    "is killed, outputs are safe only when their leases are over",
			    bus->conf->name);
	sem_post(&bus->ready);
	bus->kind->run(bus);
	eventfd_write(bus->done_fd, 1);
	return NULL;
}

int bus_start(struct bus *bus)
{
	char name[16];
	int error;

	snprintf(name, sizeof(name), "bus %.11s", bus->conf->name);
	error = thread_start(&bus->thread, name, STACK_BYTES, bus_run, bus);
	if (error)
		return -error;
	/* Whatever the caller opens from here on is not the thread's. */
	while (sem_wait(&bus->ready) && errno == EINTR)
		;
	return 0;
}

void bus_push(struct bus *bus, const struct source_reading *reading)
{
	if (queue_push(bus->queue, reading))
		return;
	pthread_mutex_lock(&bus->lock);
	bus->stats.refused++;
	pthread_mutex_unlock(&bus->lock);
}

void bus_wake(struct bus *bus)
{
	eventfd_write(bus->wake_fd, 1);
}

bool bus_rest(struct bus *bus, uint64_t until_ns)
{
	struct pollfd stop = { .fd = bus->stop_fd, .events = POLLIN };

	for (;;) {
		uint64_t now_ns = clock_boot_ns();
		uint64_t left_ns = until_ns > now_ns ? until_ns - now_ns : 0;
		struct timespec left;

		if (left_ns > REST_MAX_NS)
			left_ns = REST_MAX_NS;
		left = (struct timespec){ .tv_sec = (time_t)(left_ns / NS_PER_SEC),
					  .tv_nsec = (long)(left_ns % NS_PER_SEC) };
		if (ppoll(&stop, 1, &left, NULL) > 0)
			return false;
		if (clock_boot_ns() >= until_ns)
			return true;
	}
}

const char *bus_place(const struct bus *bus)
{
	return bus->conf->kind == BUS_MODBUS_TCP ? bus->conf->address : bus->conf->device;
}

void bus_note_open(struct bus *bus, int error)
{
	pthread_mutex_lock(&bus->lock);
	bus->stats.opens += !error;
	bus->stats.is_open = !error;
	bus->stats.error = error;
	pthread_mutex_unlock(&bus->lock);
	if (error && error != bus->told_error)
		log_warning("bus %s: %s: %s; %s", bus->conf->name, bus_place(bus),
			    strerrordesc_np(-error), bus->kind->remedy(error));
	else if (!error && bus->told_error)
		log_notice("bus %s: %s is there again", bus->conf->name, bus_place(bus));
	bus->told_error = error;
}

size_t bus_pop(struct bus *bus, struct source_reading *readings, size_t max)
{
	return queue_pop(bus->queue, readings, max);
}

void bus_stats(struct bus *bus, struct bus_stats *stats)
{
	pthread_mutex_lock(&bus->lock);
	*stats = bus->stats;
	pthread_mutex_unlock(&bus->lock);
}

bool bus_device_stats(struct bus *bus, int device, struct device_stats *stats)
{
	bool is_used;

	pthread_mutex_lock(&bus->lock);
	is_used = bus->kind->device(bus, device, stats);
	pthread_mutex_unlock(&bus->lock);
	return is_used;
}

void bus_tell_to_end(struct bus *bus)
{
	eventfd_write(bus->stop_fd, 1);
}

bool bus_end(struct bus *bus, uint64_t until_ns)
{
	struct pollfd done = { .fd = bus->done_fd, .events = POLLIN };
	int n;

	do {
		uint64_t now_ns = clock_boot_ns();

		n = poll(&done, 1, until_ns > now_ns ? (int)((until_ns - now_ns) / NS_PER_MS) : 0);
	} while (n < 0 && errno == EINTR);
	if (n <= 0) {
		log_error("bus %s: %s does not let go", bus->conf->name, bus_place(bus));
		pthread_detach(bus->thread);
		return false;
	}
	pthread_join(bus->thread, NULL);
	bus_undo(bus);
	bus->kind->free(bus);
	return true;
}
