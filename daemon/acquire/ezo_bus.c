// SPDX-License-Identifier: GPL-2.0-only
#include "acquire/ezo_bus.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "acquire/ezo_poll.h"
#include "base/clock.h"
#include "base/log.h"

#define RETRY_NS NS_PER_SEC
#define TELL_NS (60 * NS_PER_SEC)
#define RAW_A_UNIT 1000		/* boards give three decimals at most */

struct ezo_bus {
	struct bus base;
	const struct conf *conf;
	const struct ezo_wire *wire;
	void *data;		/* of the wire */
	int fd;			/* that, of i2c-dev */

	/* The thread's own. */
	bool is_open;
	uint64_t open_ns;	/* it is opened again not before */
	struct {
		int error;	/* that was told */
		uint64_t ns;	/* when */
		unsigned int sets;
	} told[CONF_MAX_EZOS];

	/* Written by the thread, with the lock held. */
	struct ezo_poll poll;
};

static const char *remedy_of(int error)
{
	switch (-error) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return "switch I2C on and load i2c-dev, or correct device in the configuration";
	case EACCES:
	case EPERM:
		return "let hydropond have it (hydropond-i2c.conf, docs/sources.md)";
	case ENOTTY:
	case EOPNOTSUPP:
		return "it is no I2C bus, correct device in the configuration";
	default:
		return "see to the bus";
	}
}

/* The same for each channel of a board. */
static void give(struct ezo_bus *bus, int device, struct source_reading reading)
{
	for (size_t i = 0; i < bus->conf->channels_n; i++) {
		if (bus->conf->channels[i].source != SOURCE_EZO ||
		    bus->conf->channels[i].ezo != device)
			continue;
		reading.channel = (uint16_t)i;
		bus_push(&bus->base, &reading);
	}
	bus_wake(&bus->base);
}

static void give_error(struct ezo_bus *bus, int device, int error)
{
	give(bus, device, (struct source_reading){ .boot_ns = clock_boot_ns(), .error = error,
						   .raw = error });
}

static void give_number(struct ezo_bus *bus, int device, const struct ezo_result *result,
			uint64_t time_ns)
{
	double raw = round(result->number * RAW_A_UNIT);

	give(bus, device, (struct source_reading){
		.boot_ns = time_ns,
		.number = result->number,
		.raw = raw >= INT32_MAX ? INT32_MAX : raw <= INT32_MIN ? INT32_MIN : (int32_t)raw,
		.is_anew = result->is_anew,
	});
}

static void tell_failure(struct ezo_bus *bus, int device, const char *said, int error,
			 uint64_t now_ns)
{
	const struct conf_ezo *conf = &bus->conf->ezos[device];

	if (error == bus->told[device].error && now_ns < bus->told[device].ns + TELL_NS)
		return;
	bus->told[device].error = error;
	bus->told[device].ns = now_ns;
	log_warning("board %s (%s, address %u) on bus %s: %s%s%s%s; %s", conf->name,
		    conf_ezo_kind_name(conf->kind), conf->address, bus->base.conf->name,
		    strerrordesc_np(-error), *said ? ", it said \"" : "", said, *said ? "\"" : "",
		    ezo_board_remedy(conf->kind, error));
}

static void tell_number(struct ezo_bus *bus, int device)
{
	const struct conf_ezo *conf = &bus->conf->ezos[device];
	unsigned int sets = bus->poll.devices[device].board.sets;

	if (bus->told[device].error)
		log_notice("board %s on bus %s answers again", conf->name, bus->base.conf->name);
	bus->told[device].error = 0;
	if (sets != bus->told[device].sets)
		log_warning("board %s on bus %s was set to compensate to another temperature than "
			    "25 C, and was set back; see what else writes to it", conf->name,
			    bus->base.conf->name);
	bus->told[device].sets = sets;
}

static void lose(struct ezo_bus *bus, int error)
{
	bus->wire->close(bus->data);
	bus->is_open = false;
	bus->open_ns = clock_boot_ns() + RETRY_NS;
	bus_note_open(&bus->base, error);
}

static void transfer(struct ezo_bus *bus, const struct ezo_action *action)
{
	uint8_t bytes[EZO_ANSWER_BYTES] = { 0 };
	uint64_t begun_ns = clock_boot_ns(), done_ns;
	struct ezo_result result;
	char said[EZO_TEXT];
	int error;

	if (action->command)
		error = bus->wire->write(bus->data, action->address, action->command);
	else
		error = bus->wire->read(bus->data, action->address, bytes);
	done_ns = clock_boot_ns();
	pthread_mutex_lock(&bus->base.lock);
	ezo_poll_done(&bus->poll, action, error, bytes, begun_ns, done_ns, &result);
	pthread_mutex_unlock(&bus->base.lock);
	if (error || ezo_answer_text(bytes, said))
		*said = 0;
	if (result.outcome == EZO_NUMBER) {
		give_number(bus, action->device, &result, done_ns);
		tell_number(bus, action->device);
	} else if (result.outcome != EZO_GOES_ON) {
		give_error(bus, action->device, result.error);
		tell_failure(bus, action->device, said, result.error, done_ns);
	}
	if (result.outcome == EZO_LOST)
		lose(bus, result.error);
}

static int give_up(struct ezo_bus *bus, uint64_t *until_ns)
{
	uint64_t now_ns = clock_boot_ns();
	int device;

	pthread_mutex_lock(&bus->base.lock);
	device = bus->is_open ? ezo_poll_skip(&bus->poll, now_ns) :
				ezo_poll_pass(&bus->poll, now_ns, until_ns);
	pthread_mutex_unlock(&bus->base.lock);
	return device;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* One transfer, or none; returns when to look again. */
static uint64_t serve(struct ezo_bus *bus)
{
	struct ezo_action action;
	uint64_t until_ns, told_ns = UINT64_MAX;
	int device;

	while ((device = give_up(bus, NULL)) >= 0)
		give_error(bus, device, bus->poll.devices[device].stats.error);
	if (ezo_poll_next(&bus->poll, clock_boot_ns(), &action, &until_ns)) {
		transfer(bus, &action);
		return 0;
	}
	/* One that is not asked is due all the same: its channels are told so. */
	for (size_t i = 0; i < bus->conf->ezos_n; i++)
		if (bus->poll.devices[i].is_used && bus->poll.devices[i].breaker.is_open)
			told_ns = earlier(told_ns, bus->poll.devices[i].due_ns);
	return earlier(until_ns, told_ns);
}

static uint64_t serve_nobody(struct ezo_bus *bus)
{
	uint64_t until_ns;
	int device;

	while ((device = give_up(bus, &until_ns)) >= 0)
		give_error(bus, device, bus->base.told_error);
	return earlier(until_ns, bus->open_ns);
}

static void open_bus(struct ezo_bus *bus)
{
	int error;

	if (clock_boot_ns() < bus->open_ns)
		return;
	error = bus->wire->open(bus->data, bus->base.conf);
	bus->is_open = !error;
	bus->open_ns = clock_boot_ns() + RETRY_NS;
	bus_note_open(&bus->base, error);
}

static void run(struct bus *base)
{
	struct ezo_bus *bus = (struct ezo_bus *)base;
	uint64_t until_ns = 0;

	while (bus_rest(base, until_ns)) {
		if (!bus->is_open)
			open_bus(bus);
		until_ns = bus->is_open ? serve(bus) : serve_nobody(bus);
	}
	bus->wire->close(bus->data);
}

static bool board_stats(const struct bus *base, int board, struct device_stats *stats)
{
	const struct ezo_bus *bus = (const struct ezo_bus *)base;

	*stats = bus->poll.devices[board].stats;
	return bus->poll.devices[board].is_used;
}

static void free_bus(struct bus *base)
{
	free(base);
}

static const struct bus_kind kind = {
	.run = run,
	.device = board_stats,
	.remedy = remedy_of,
	.free = free_bus,
};

struct bus *ezo_bus_start_on(const struct conf *conf, int index, int wake_fd,
			     const struct ezo_wire *wire, void *data)
{
	struct ezo_bus *bus = calloc(1, sizeof(*bus));

	if (!bus)
		return NULL;
	bus->conf = conf;
	bus->wire = wire;
	bus->fd = -1;
	bus->data = data ? data : &bus->fd;
	ezo_poll_begin(&bus->poll, conf, index, clock_boot_ns());
	if (bus_begin(&bus->base, &kind, &conf->buses[index], wake_fd))
		goto err_free;
	if (bus_start(&bus->base))
		goto err_undo;
	return &bus->base;

err_undo:
	bus_undo(&bus->base);
err_free:
	free(bus);
	return NULL;
}

struct bus *ezo_bus_start(const struct conf *conf, int index, int wake_fd)
{
	return ezo_bus_start_on(conf, index, wake_fd, &ezo_wire_i2c, NULL);
}
