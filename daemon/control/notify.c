// SPDX-License-Identifier: GPL-2.0-only
#include "control/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"

static int notify_fd = -1;
static uint64_t watchdog_ns, next_watchdog_ns;

void notify_start(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	uint64_t watchdog_us = 0;
	size_t length;

	if (!path || !*path)
		return;
	length = strlen(path);
	if (length >= sizeof(address.sun_path)) {
		log_warning("NOTIFY_SOCKET is too long, the service manager hears nothing");
		return;
	}
	memcpy(address.sun_path, path, length);
	if (*path == '@')
		address.sun_path[0] = 0;
	notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (notify_fd >= 0 &&
	    connect(notify_fd, (struct sockaddr *)&address,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) < 0) {
		log_warning("the service manager does not hear on %s: %s", path,
			    strerrordesc_np(errno));
		close(notify_fd);
		notify_fd = -1;
	}
	if (sd_watchdog_enabled(0, &watchdog_us) > 0)
		watchdog_ns = watchdog_us * 1000;
}

bool notify_send(const char *format, ...)
{
	char text[256];
	va_list arguments;
	int n;

	if (notify_fd < 0)
		return true;
	va_start(arguments, format);
	n = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return n > 0 &&
	       send(notify_fd, text, n < (int)sizeof(text) ? (size_t)n : sizeof(text) - 1,
		    MSG_NOSIGNAL | MSG_DONTWAIT) >= 0;
}

bool notify_is_alive(const struct turn *turn, uint64_t now_boot_ns)
{
	return !turn_is_protected(turn) || turn->info.terminal ||
	       now_boot_ns <= turn->beat_ns + NOTIFY_BEAT_MS * NS_PER_MS;
}

void notify_watchdog(const struct turn *turn, uint64_t now_boot_ns)
{
	if (!watchdog_ns || now_boot_ns < next_watchdog_ns || !notify_is_alive(turn, now_boot_ns))
		return;
	if (notify_send("WATCHDOG=1"))
		next_watchdog_ns = now_boot_ns + watchdog_ns / 2;
}
