/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words to the service manager, as sd_notify(3) sends them, but without ever waiting:
 * sd_notify() blocks while the manager's queue is full, and a manager that is stuck
 * (on the same card as everything else, say) must not take the main loop with it.
 */
#ifndef HYDROPON_NOTIFY_H
#define HYDROPON_NOTIFY_H

#include <stdint.h>

/* Takes NOTIFY_SOCKET and WATCHDOG_USEC from the environment. Without them nothing is
 * ever sent. */
void notify_start(void);
/* @format: "READY=1", "STATUS=...". What does not fit the manager's queue is lost. */
void notify_send(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* To be called in every turn: sends WATCHDOG=1 at half the time that is allowed. */
void notify_watchdog(uint64_t now_boot_ns);

#endif
