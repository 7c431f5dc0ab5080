/* SPDX-License-Identifier: GPL-2.0-only */
/* Threads that may hang in a device while the main loop must go on. */
#ifndef HYDROPON_THREAD_H
#define HYDROPON_THREAD_H

#include <pthread.h>
#include <stddef.h>

/* ThreadSanitizer knows one table of files a process, and takes two for a race. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define THREAD_SHARES_FILES 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define THREAD_SHARES_FILES 1
#endif
#ifndef THREAD_SHARES_FILES
#define THREAD_SHARES_FILES 0
#endif

/* Starts @run(@data) with all signals blocked. 0, or a positive errno as pthread_create(). */
int thread_start(pthread_t *thread, const char *name, size_t stack_bytes, void *(*run)(void *),
		 void *data);
/*
 * For the thread itself: files of its own. One that hangs in its device outlives SIGKILL, and
 * would keep open what the main thread has open, the device of the outputs too. 0 or -errno.
 */
int thread_own_files(void);
/* With inheritance: the main thread may run at a real-time priority. 0 or a positive errno. */
int thread_make_lock(pthread_mutex_t *lock);

#endif
