/* SPDX-License-Identifier: GPL-2.0-only */
/* The status again and again, in place on a terminal, until a signal ends it. */
#ifndef HYDROPON_WATCH_H
#define HYDROPON_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* Calls @draw every @interval_ms and shows what it wrote. Returns the exit code. */
int watch(void (*draw)(FILE *out, void *data), void *data, uint64_t interval_ms);

#endif
