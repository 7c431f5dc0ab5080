// SPDX-License-Identifier: GPL-2.0-only
#include "acquire/modbus_bus.h"

#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "acquire/modbus_link.h"
#include "acquire/modbus_value.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/queue.h"
#include "base/thread.h"

#define QUEUE_READINGS 1024
#define STACK_BYTES (128 * 1024)
#define RETRY_NS NS_PER_SEC
#define REOPEN_NS (200 * NS_PER_MS)	/* after an opening that went well */
#define TELL_NS (60 * NS_PER_SEC)

struct modbus_bus {
	const struct conf *conf;
	const struct conf_bus *bus;
	pthread_t thread;
	struct queue *queue;
	int wake_fd, stop_fd, done_fd;
	sem_t ready;		/* the thread has files of its own */

	/* The thread's own. */
	struct modbus_link *link;
	uint64_t open_ns;	/* it is opened again not before */
	int told_error;		/* of the bus */
	struct {
		int error;	/* that was told */
		uint64_t ns;	/* when */
	} told[CONF_MAX_SLAVES];

	/* Written by the thread, with the lock held. */
	pthread_mutex_t lock;
	struct modbus_poll poll;
	struct modbus_bus_stats stats;
};

static const char *remedy_of(int error)
{
	switch (-error) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return "plug it in, or correct device in the configuration";
	case EACCES:
	case EPERM:
		return "let the user of hydropond into the group of the device, dialout";
	case EBUSY:
		return "end the other program that uses it";
	case ENOTTY:
		return "it is no serial line, correct device in the configuration";
	case EOPNOTSUPP:
		return "its driver has no RS-485 mode; where the converter switches by itself, "
		       "remove rs485 from the configuration";
	case ENETUNREACH:
	case EAFNOSUPPORT:
		return "let hydropond into the field network (docs/sources.md)";
	default:
		return "see to the cable and the device at its other end";
	}
}

static const char *place_of(const struct conf_bus *bus)
{
	return bus->kind == BUS_MODBUS_TCP ? bus->address : bus->device;
}

static void note_link(struct modbus_bus *bus, int error)
{
	pthread_mutex_lock(&bus->lock);
	bus->stats.opens += !error;
	bus->stats.is_open = !error;
	bus->stats.error = error;
	pthread_mutex_unlock(&bus->lock);
	if (error && error != bus->told_error)
		log_warning("bus %s: %s: %s; %s", bus->bus->name, place_of(bus->bus),
			    strerrordesc_np(-error), remedy_of(error));
	else if (!error && bus->told_error)
		log_notice("bus %s: %s is there again", bus->bus->name, place_of(bus->bus));
	bus->told_error = error;
}

static void open_link(struct modbus_bus *bus)
{
	uint64_t now_ns = clock_boot_ns();
	int error;

	if (now_ns < bus->open_ns)
		return;
	error = modbus_link_open(bus->link);
	if (error == -ECANCELED)
		return;
	bus->open_ns = clock_boot_ns() + (error ? RETRY_NS : REOPEN_NS);
	note_link(bus, error);
}

static void push(struct modbus_bus *bus, const struct source_reading *reading)
{
	if (queue_push(bus->queue, reading))
		return;
	pthread_mutex_lock(&bus->lock);
	bus->stats.refused++;
	pthread_mutex_unlock(&bus->lock);
}

/* The same for each channel of a request: there is nothing to be had of it. */
static void give_error(struct modbus_bus *bus, int request, int error)
{
	const struct modbus_request *asked = &bus->poll.plan.requests[request];
	uint64_t now_ns = clock_boot_ns();

	for (size_t i = 0; i < asked->channels_n; i++) {
		const struct source_reading reading = {
			.boot_ns = now_ns, .error = error, .raw = error,
			.channel = bus->poll.plan.channels[asked->channels_from + i],
		};

		push(bus, &reading);
	}
	eventfd_write(bus->wake_fd, 1);
}

static void give_answer(struct modbus_bus *bus, int request, const struct modbus_answer *answer,
			uint64_t time_ns)
{
	const struct modbus_request *asked = &bus->poll.plan.requests[request];

	for (size_t i = 0; i < asked->channels_n; i++) {
		uint16_t channel = bus->poll.plan.channels[asked->channels_from + i];
		const struct conf_register *reg = &bus->conf->channels[channel].reg;
		uint16_t words[CONF_VALUE_BYTES / 2];
		struct modbus_value value;
		struct source_reading reading;

		modbus_answer_words(answer, reg->table, reg->address - asked->first,
				    modbus_value_width(reg), words);
		value = modbus_value(reg, words);
		reading = (struct source_reading){ .boot_ns = time_ns, .number = value.number,
						   .raw = value.raw, .channel = channel };
		push(bus, &reading);
	}
	eventfd_write(bus->wake_fd, 1);
}

/* What a slave's exception asks its reader to do. */
static const char *exception_remedy(int error)
{
	switch (-error) {
	case ENXIO:
	case EINVAL:
		return "it has not all of these registers; correct them, or make its fill smaller";
	case EOPNOTSUPP:
		return "it has no such table; correct table";
	case EHOSTUNREACH:
		return "the gateway does not reach it";
	default:
		return "see its manual";
	}
}

static void tell_slave(struct modbus_bus *bus, int slave, bool was_open,
		       const struct modbus_result *result)
{
	const struct conf_slave *conf = &bus->conf->slaves[slave];
	bool is_open = bus->poll.slaves[slave].breaker.is_open;

	if (is_open && !was_open)
		log_warning("slave %s on bus %s does not answer: %s; it is asked only now and then "
			    "until it does", conf->name, bus->bus->name,
			    strerrordesc_np(-result->error));
	else if (!is_open && was_open)
		log_notice("slave %s on bus %s answers again", conf->name, bus->bus->name);
	if (result->outcome == MODBUS_EXCEPTION &&
	    (result->error != bus->told[slave].error ||
	     result->done_ns > bus->told[slave].ns + TELL_NS)) {
		log_warning("slave %s on bus %s refuses what it is asked for: %s; %s", conf->name,
			    bus->bus->name, strerrordesc_np(-result->error),
			    exception_remedy(result->error));
		bus->told[slave].error = result->error;
		bus->told[slave].ns = result->done_ns;
	}
}

static void make_request(struct modbus_bus *bus, int request)
{
	const struct modbus_request *asked = &bus->poll.plan.requests[request];
	const struct conf_slave *slave = &bus->conf->slaves[asked->slave];
	const struct modbus_question question = {
		.slave = (uint8_t)slave->address, .table = asked->table,
		.first = (uint16_t)asked->first, .count = (uint16_t)asked->count,
	};
	bool was_open = bus->poll.slaves[asked->slave].breaker.is_open, is_final;
	struct modbus_answer answer;
	struct modbus_result result;

	modbus_link_ask(bus->link, slave, &question, &answer, &result);
	if (result.outcome == MODBUS_STOPPED)
		return;
	pthread_mutex_lock(&bus->lock);
	is_final = modbus_poll_done(&bus->poll, request, &result);
	pthread_mutex_unlock(&bus->lock);
	if (result.outcome == MODBUS_LINK_LOST) {
		bus->open_ns = result.done_ns + RETRY_NS;
		note_link(bus, result.error);
	}
	tell_slave(bus, asked->slave, was_open, &result);
	if (result.outcome == MODBUS_ANSWERED)
		give_answer(bus, request, &answer, result.done_ns);
	else if (is_final)
		give_error(bus, request, result.error);
}

/* A request that is not made at all; -1: there is none of these. */
static int give_up(struct modbus_bus *bus, bool is_open, uint64_t *until_ns)
{
	uint64_t now_ns = clock_boot_ns();
	int request;

	pthread_mutex_lock(&bus->lock);
	request = is_open ? modbus_poll_skip(&bus->poll, now_ns) :
			    modbus_poll_pass(&bus->poll, now_ns, until_ns);
	pthread_mutex_unlock(&bus->lock);
	return request;
}

/* Gives up what is too late, and asks for the next; returns when to look again. */
static uint64_t serve(struct modbus_bus *bus)
{
	uint64_t until_ns;
	int request;

	while ((request = give_up(bus, true, NULL)) >= 0) {
		const struct modbus_slave_state *slave =
			&bus->poll.slaves[bus->poll.plan.requests[request].slave];

		/* A bus that is too slow makes its channels stale, and nothing else. */
		if (slave->breaker.is_open)
			give_error(bus, request, slave->stats.error);
	}
	request = modbus_poll_next(&bus->poll, clock_boot_ns(), &until_ns);
	if (request < 0)
		return until_ns;
	make_request(bus, request);
	return 0;
}

/* The same without a line: all that is due is given up. */
static uint64_t serve_nobody(struct modbus_bus *bus)
{
	uint64_t until_ns;
	int request;

	/* It was closed on purpose, and is about to be opened again. */
	if (!bus->told_error)
		return bus->open_ns;
	while ((request = give_up(bus, false, &until_ns)) >= 0)
		give_error(bus, request, bus->told_error);
	return until_ns < bus->open_ns ? until_ns : bus->open_ns;
}

static void run_until_stopped(struct modbus_bus *bus)
{
	uint64_t until_ns = 0;

	while (modbus_link_rest(bus->link, until_ns)) {
		if (!modbus_link_is_open(bus->link))
			open_link(bus);
		until_ns = modbus_link_is_open(bus->link) ? serve(bus) : serve_nobody(bus);
	}
}

static void *bus_run(void *data)
{
	struct modbus_bus *bus = data;

	if (thread_own_files())
		log_warning("bus %s: no files of its own; should its device hang while hydropond "
			    "is killed, outputs are safe only when their leases are over",
			    bus->bus->name);
	sem_post(&bus->ready);
	run_until_stopped(bus);
	modbus_link_close(bus->link);
	eventfd_write(bus->done_fd, 1);
	return NULL;
}

struct modbus_bus *modbus_bus_start(const struct conf *conf, int index, int wake_fd)
{
	struct modbus_bus *bus = calloc(1, sizeof(*bus));
	char name[16];

	if (!bus)
		return NULL;
	bus->conf = conf;
	bus->bus = &conf->buses[index];
	bus->wake_fd = wake_fd;
	modbus_poll_begin(&bus->poll, conf, index, clock_boot_ns());
	bus->queue = queue_new(sizeof(struct source_reading), QUEUE_READINGS);
	if (!bus->queue)
		goto err_free;
	bus->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (bus->stop_fd < 0)
		goto err_free_queue;
	bus->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (bus->done_fd < 0)
		goto err_close_stop;
	bus->link = modbus_link_new(bus->bus, bus->stop_fd);
	if (!bus->link)
		goto err_close_done;
	if (thread_make_lock(&bus->lock))
		goto err_free_link;
	if (sem_init(&bus->ready, 0, 0))
		goto err_destroy_lock;
	snprintf(name, sizeof(name), "bus %.11s", bus->bus->name);
	if (thread_start(&bus->thread, name, STACK_BYTES, bus_run, bus))
		goto err_destroy_ready;
	/* Whatever the caller opens from here on is not the thread's. */
	while (sem_wait(&bus->ready) && errno == EINTR)
		;
	return bus;

err_destroy_ready:
	sem_destroy(&bus->ready);
err_destroy_lock:
	pthread_mutex_destroy(&bus->lock);
err_free_link:
	modbus_link_free(bus->link);
err_close_done:
	close(bus->done_fd);
err_close_stop:
	close(bus->stop_fd);
err_free_queue:
	queue_free(bus->queue);
err_free:
	free(bus);
	return NULL;
}

size_t modbus_bus_pop(struct modbus_bus *bus, struct source_reading *readings, size_t max)
{
	return queue_pop(bus->queue, readings, max);
}

void modbus_bus_stats(struct modbus_bus *bus, struct modbus_bus_stats *stats)
{
	pthread_mutex_lock(&bus->lock);
	*stats = bus->stats;
	pthread_mutex_unlock(&bus->lock);
}

bool modbus_bus_slave_stats(struct modbus_bus *bus, int slave, struct modbus_slave_stats *stats)
{
	bool is_used;

	pthread_mutex_lock(&bus->lock);
	*stats = bus->poll.slaves[slave].stats;
	is_used = bus->poll.slaves[slave].is_used;
	pthread_mutex_unlock(&bus->lock);
	return is_used;
}

void modbus_bus_tell_to_end(struct modbus_bus *bus)
{
	eventfd_write(bus->stop_fd, 1);
}

bool modbus_bus_end(struct modbus_bus *bus, uint64_t until_ns)
{
	struct pollfd done = { .fd = bus->done_fd, .events = POLLIN };
	int n;

	do {
		uint64_t now_ns = clock_boot_ns();

		n = poll(&done, 1, until_ns > now_ns ? (int)((until_ns - now_ns) / NS_PER_MS) : 0);
	} while (n < 0 && errno == EINTR);
	if (n <= 0) {
		log_error("bus %s: %s does not let go", bus->bus->name, place_of(bus->bus));
		pthread_detach(bus->thread);
		return false;
	}
	pthread_join(bus->thread, NULL);
	sem_destroy(&bus->ready);
	pthread_mutex_destroy(&bus->lock);
	modbus_link_free(bus->link);
	close(bus->done_fd);
	close(bus->stop_fd);
	queue_free(bus->queue);
	free(bus);
	return true;
}
