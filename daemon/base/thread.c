// SPDX-License-Identifier: GPL-2.0-only
#include "base/thread.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>

int thread_start(pthread_t *thread, const char *name, size_t stack_bytes, void *(*run)(void *),
		 void *data)
{
	pthread_attr_t attributes;
	sigset_t all, old;
	int error = pthread_attr_init(&attributes);

	if (error)
		return error;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	error = pthread_attr_setstacksize(&attributes, stack_bytes);
	if (!error)
		error = pthread_create(thread, &attributes, run, data);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attributes);
	if (!error)
		pthread_setname_np(*thread, name);
	return error;
}

int thread_own_files(void)
{
	return !THREAD_SHARES_FILES && unshare(CLONE_FILES) ? -errno : 0;
}

int thread_make_lock(pthread_mutex_t *lock)
{
	pthread_mutexattr_t attributes;
	int error = pthread_mutexattr_init(&attributes);

	if (error)
		return error;
	error = pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
	if (!error)
		error = pthread_mutex_init(lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
	return error;
}
