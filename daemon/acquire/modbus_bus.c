// SPDX-License-Identifier: GPL-2.0-only
#include "acquire/modbus_bus.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "acquire/modbus_link.h"
#include "acquire/modbus_poll.h"
#include "acquire/modbus_value.h"
#include "base/clock.h"
#include "base/log.h"

#define RETRY_NS NS_PER_SEC
#define REOPEN_NS (200 * NS_PER_MS)	/* after an opening that went well */
#define TELL_NS (60 * NS_PER_SEC)

struct modbus_bus {
	struct bus base;
	const struct conf *conf;

	/* The thread's own. */
	struct modbus_link *link;
	uint64_t open_ns;	/* it is opened again not before */
	struct {
		int error;	/* that was told */
		uint64_t ns;	/* when */
	} told[CONF_MAX_SLAVES];

	/* Written by the thread, with the lock held. */
	struct modbus_poll poll;
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
	bus_note_open(&bus->base, error);
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

		bus_push(&bus->base, &reading);
	}
	bus_wake(&bus->base);
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
		bus_push(&bus->base, &reading);
	}
	bus_wake(&bus->base);
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
			    "until it does", conf->name, bus->base.conf->name,
			    strerrordesc_np(-result->error));
	else if (!is_open && was_open)
		log_notice("slave %s on bus %s answers again", conf->name, bus->base.conf->name);
	if (result->outcome == MODBUS_EXCEPTION &&
	    (result->error != bus->told[slave].error ||
	     result->done_ns > bus->told[slave].ns + TELL_NS)) {
		log_warning("slave %s on bus %s refuses what it is asked for: %s; %s", conf->name,
			    bus->base.conf->name, strerrordesc_np(-result->error),
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
	pthread_mutex_lock(&bus->base.lock);
	is_final = modbus_poll_done(&bus->poll, request, &result);
	pthread_mutex_unlock(&bus->base.lock);
	if (result.outcome == MODBUS_LINK_LOST) {
		bus->open_ns = result.done_ns + RETRY_NS;
		bus_note_open(&bus->base, result.error);
	}
	tell_slave(bus, asked->slave, was_open, &result);
	if (result.outcome == MODBUS_ANSWERED)
		/* It is as old as the slave's answer was on its way, if not older. */
		give_answer(bus, request, &answer, result.done_ns - result.response_ns);
	else if (is_final)
		give_error(bus, request, result.error);
}

/* A request that is not made at all; -1: there is none of these. */
static int give_up(struct modbus_bus *bus, bool is_open, uint64_t *until_ns)
{
	uint64_t now_ns = clock_boot_ns();
	int request;

	pthread_mutex_lock(&bus->base.lock);
	request = is_open ? modbus_poll_skip(&bus->poll, now_ns) :
			    modbus_poll_pass(&bus->poll, now_ns, until_ns);
	pthread_mutex_unlock(&bus->base.lock);
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
	if (!bus->base.told_error)
		return bus->open_ns;
	while ((request = give_up(bus, false, &until_ns)) >= 0)
		give_error(bus, request, bus->base.told_error);
	return until_ns < bus->open_ns ? until_ns : bus->open_ns;
}

static void run(struct bus *base)
{
	struct modbus_bus *bus = (struct modbus_bus *)base;
	uint64_t until_ns = 0;

	while (bus_rest(base, until_ns)) {
		if (!modbus_link_is_open(bus->link))
			open_link(bus);
		until_ns = modbus_link_is_open(bus->link) ? serve(bus) : serve_nobody(bus);
	}
	modbus_link_close(bus->link);
}

static bool slave_stats(const struct bus *base, int slave, struct device_stats *stats)
{
	const struct modbus_bus *bus = (const struct modbus_bus *)base;

	*stats = bus->poll.slaves[slave].stats;
	return bus->poll.slaves[slave].is_used;
}

static void free_bus(struct bus *base)
{
	struct modbus_bus *bus = (struct modbus_bus *)base;

	modbus_link_free(bus->link);
	free(bus);
}

static const struct bus_kind kind = {
	.run = run,
	.device = slave_stats,
	.remedy = remedy_of,
	.free = free_bus,
};

struct bus *modbus_bus_start(const struct conf *conf, int index, int wake_fd)
{
	struct modbus_bus *bus = calloc(1, sizeof(*bus));

	if (!bus)
		return NULL;
	bus->conf = conf;
	modbus_poll_begin(&bus->poll, conf, index, clock_boot_ns());
	if (bus_begin(&bus->base, &kind, &conf->buses[index], wake_fd))
		goto err_free;
	bus->link = modbus_link_new(&conf->buses[index], bus->base.stop_fd);
	if (!bus->link)
		goto err_undo;
	if (bus_start(&bus->base))
		goto err_free_link;
	return &bus->base;

err_free_link:
	modbus_link_free(bus->link);
err_undo:
	bus_undo(&bus->base);
err_free:
	free(bus);
	return NULL;
}
