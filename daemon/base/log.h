/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Messages to the journal (when started by systemd: JOURNAL_STREAM is set) or to
 * stderr. After log_start() a thread of its own writes them, through a bounded
 * queue, so that a stuck journald delays nobody; messages that did not fit are
 * counted and the count is told when there is room again. Before log_start() and
 * after log_stop() messages are written at once.
 */
#ifndef HYDROPON_LOG_H
#define HYDROPON_LOG_H

#include <stdint.h>
#include <syslog.h>

/* @priority: LOG_ERR .. LOG_DEBUG of syslog.h. Never blocks after log_start(). */
void log_msg(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_msg(LOG_ERR, __VA_ARGS__)
#define log_warning(...) log_msg(LOG_WARNING, __VA_ARGS__)
#define log_notice(...) log_msg(LOG_NOTICE, __VA_ARGS__)
#define log_info(...) log_msg(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_msg(LOG_DEBUG, __VA_ARGS__)

/* Messages less urgent than @priority are not written. Default LOG_INFO. */
void log_set_level(int priority);
/* Starts the thread. 0 or -errno. Call it after fork and before other threads. */
int log_start(void);
/* Writes what is queued, for at most a second, and ends the thread. */
void log_stop(void);
/* Messages dropped since the start because the queue was full. */
uint64_t log_dropped(void);

#endif
