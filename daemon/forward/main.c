// SPDX-License-Identifier: GPL-2.0-only
/*
 * hydropon-forward: reads the spool of hydropond and delivers it to the stores. It
 * has the network and no device, and nothing that a store says moves an output.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <curl/curl.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/options.h"
#include "forward/forward.h"
#include "forward/import.h"

/* For the answers to what is under way when it is told to end. */
#define STOP_MS 3000

/* SIGTERM and SIGINT are read from it. -errno if it cannot be had. */
static int open_signals(void)
{
	sigset_t signals;
	int fd;

	/* A server that closes early is an error of that request, not our end. */
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static bool is_told_to_end(int signal_fd)
{
	struct signalfd_siginfo info;

	return read(signal_fd, &info, sizeof(info)) == sizeof(info);
}

struct watchdog {
	uint64_t every_ns;	/* 0: nobody watches */
	uint64_t next_ns;
};

static void watchdog_ping(struct watchdog *watchdog, uint64_t now_ns)
{
	if (!watchdog->every_ns || now_ns < watchdog->next_ns)
		return;
	sd_notify(0, "WATCHDOG=1");
	watchdog->next_ns = now_ns + watchdog->every_ns;
}

static void run(struct forward *forward, int signal_fd)
{
	struct watchdog watchdog = { 0 };
	uint64_t watchdog_us = 0, stop_ns;

	if (sd_watchdog_enabled(0, &watchdog_us) > 0)
		watchdog.every_ns = watchdog_us * 1000 / 3;
	sd_notify(0, "READY=1");
	while (!is_told_to_end(signal_fd)) {
		watchdog_ping(&watchdog, clock_boot_ns());
		forward_turn(forward, true, clock_boot_ns());
		forward_wait(forward, signal_fd, FORWARD_POLL_MS);
	}
	sd_notify(0, "STOPPING=1");
	stop_ns = clock_boot_ns() + STOP_MS * NS_PER_MS;
	do {
		forward_turn(forward, false, clock_boot_ns());
		if (forward_is_busy(forward))
			forward_wait(forward, -1, FORWARD_POLL_MS);
	} while (forward_is_busy(forward) && clock_boot_ns() < stop_ns);
}

static int forward_stores_of(const struct conf *conf, const char *import_dir)
{
	struct forward *forward;
	int signal_fd = open_signals();
	int status = 1, error;

	if (signal_fd < 0) {
		log_error("signals cannot be read: %s", strerror(-signal_fd));
		return 1;
	}
	error = log_start();
	if (error) {
		log_error("cannot start the log thread: %s", strerror(-error));
		close(signal_fd);
		return 1;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
		log_error("libcurl does not start: reinstall its package");
		goto out_log;
	}
	if (!conf->stores_n && !import_dir)
		log_notice("no store is configured: add a [store NAME] section to have samples "
			   "delivered");
	if (import_dir) {
		status = import(conf, import_dir, signal_fd);
		goto out_curl;
	}
	forward = forward_new(conf);
	if (forward) {
		run(forward, signal_fd);
		forward_free(forward);
		status = 0;
	}
out_curl:
	curl_global_cleanup();
out_log:
	close(signal_fd);
	log_stop();
	return status;
}

int main(int argc, char **argv)
{
	struct options options;
	struct conf *conf;
	int status;

	if (!options_read(argc, argv, "hydropon-forward",
			  "Delivers the samples in the spool of hydropond to the stores.",
			  true, &options, &status))
		return status;
	conf = conf_load(options.conf_path, stderr);
	if (!conf)
		return 1;
	if (options.only_check)
		printf("configuration is good: %zu stores\n", conf->stores_n);
	else
		status = forward_stores_of(conf, options.import_dir);
	conf_free(conf);
	return status;
}
