// SPDX-License-Identifier: GPL-2.0-only
#include "acquire/sources.h"

#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "acquire/ezo_bus.h"
#include "acquire/modbus_bus.h"
#include "base/clock.h"

#define STOP_MS 2000

struct sources {
	int wake_fd;
	size_t first;		/* whose turn it is to be popped first */
	size_t buses_n;
	struct bus *buses[CONF_MAX_BUSES];
};

static struct bus *start_bus(const struct conf *conf, size_t index, int wake_fd)
{
	if (conf->buses[index].kind == BUS_EZO)
		return ezo_bus_start(conf, (int)index, wake_fd);
	return modbus_bus_start(conf, (int)index, wake_fd);
}

struct sources *sources_start(const struct conf *conf)
{
	struct sources *sources = calloc(1, sizeof(*sources));

	if (!sources)
		return NULL;
	sources->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (sources->wake_fd < 0) {
		free(sources);
		return NULL;
	}
	for (size_t i = 0; i < conf->buses_n; i++) {
		sources->buses[i] = start_bus(conf, i, sources->wake_fd);
		if (!sources->buses[i]) {
			sources_stop(sources, STOP_MS);
			return NULL;
		}
		sources->buses_n++;
	}
	return sources;
}

int sources_fd(const struct sources *sources)
{
	return sources->wake_fd;
}

size_t sources_pop(struct sources *sources, struct source_reading *readings, size_t max)
{
	size_t n = 0;

	/* First: what comes after that is told anew. */
	eventfd_read(sources->wake_fd, &(eventfd_t){ 0 });
	for (size_t i = 0; i < sources->buses_n && n < max; i++)
		n += bus_pop(sources->buses[(sources->first + i) % sources->buses_n],
			     readings + n, max - n);
	if (sources->buses_n)
		sources->first = (sources->first + 1) % sources->buses_n;
	/* There may be more. */
	if (n == max)
		eventfd_write(sources->wake_fd, 1);
	return n;
}

struct bus *sources_bus(const struct sources *sources, size_t index)
{
	return sources->buses[index];
}

void sources_stop(struct sources *sources, uint32_t timeout_ms)
{
	uint64_t until_ns = clock_boot_ns() + timeout_ms * NS_PER_MS;
	bool have_all_ended = true;

	if (!sources)
		return;
	for (size_t i = 0; i < sources->buses_n; i++)
		bus_tell_to_end(sources->buses[i]);
	for (size_t i = 0; i < sources->buses_n; i++)
		have_all_ended &= bus_end(sources->buses[i], until_ns);
	/* A thread that was left behind may still write to it. */
	if (have_all_ended)
		close(sources->wake_fd);
	free(sources);
}
