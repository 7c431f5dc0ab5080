// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/signals.h"

#include <signal.h>
#include <stddef.h>
#include <time.h>

static sigset_t caught(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGWINCH);
	return signals;
}

void signals_catch(void)
{
	const sigset_t signals = caught();

	sigprocmask(SIG_BLOCK, &signals, NULL);
}

bool signals_wait(uint64_t ms)
{
	const sigset_t signals = caught();
	const struct timespec time = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_nsec = (long)(ms % 1000) * 1000000,
	};
	int signal = sigtimedwait(&signals, NULL, &time);

	return signal > 0 && signal != SIGWINCH;
}
