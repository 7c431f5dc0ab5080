/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All sources of a configuration beside the kernel's stream: a thread for each bus. Main thread
 * only; nothing here waits but sources_stop().
 */
#ifndef HYDROPON_SOURCES_H
#define HYDROPON_SOURCES_H

#include "acquire/bus.h"

struct sources;

/* @conf must outlive it. NULL: no memory, files or threads left. */
struct sources *sources_start(const struct conf *conf);
/* Readable while there may be readings; sources_pop() ends that. */
int sources_fd(const struct sources *sources);
/* At most @max of them; returns how many. */
size_t sources_pop(struct sources *sources, struct source_reading *readings, size_t max);
/* Of bus @index of the configuration. */
struct bus *sources_bus(const struct sources *sources, size_t index);
/* For at most @timeout_ms, all together. NULL is allowed. */
void sources_stop(struct sources *sources, uint32_t timeout_ms);

#endif
