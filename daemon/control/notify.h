/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words to the service manager, as sd_notify(3) sends them, but without ever waiting:
 * sd_notify() blocks while the manager's queue is full, and a manager that is stuck
 * (on the same card as everything else, say) must not take the main loop with it.
 */
#ifndef HYDROPON_NOTIFY_H
#define HYDROPON_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "protect/turn.h"

#define NOTIFY_BEAT_MS 2000

/* Takes NOTIFY_SOCKET and WATCHDOG_USEC from the environment. Without them nothing is
 * ever sent. */
void notify_start(void);
/* @format: "READY=1", "STATUS=...". False: it did not fit the manager's queue and is
 * lost. */
bool notify_send(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* After every turn: sends WATCHDOG=1 at half the time that is allowed, while
 * notify_is_alive(). */
void notify_watchdog(const struct turn *turn, uint64_t now_boot_ns);
/* While the device is open leases must be judged: a beat of the last NOTIFY_BEAT_MS was
 * read. There are none when the system is going down. */
bool notify_is_alive(const struct turn *turn, uint64_t now_boot_ns);

#endif
