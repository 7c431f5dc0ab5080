// SPDX-License-Identifier: GPL-2.0-only
/*
 * hydropond: samples, judges, holds the leases of the outputs, and spools.
 *
 * Threads: main (here), spool, log, and one for each bus. Main touches no disk, no network and no journal
 * once the loop runs: whoever is stuck there must not cost an output its lease.
 */
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <systemd/sd-event.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/log.h"
#include "base/options.h"
#include "control/calibrator.h"
#include "control/forwarder.h"
#include "control/notify.h"
#include "control/protocol.h"
#include "control/server.h"
#include "control/status.h"
#include "protect/turn.h"
#include "spool/spooler.h"

#define TURN_MS 100		/* at the latest; the stream wakes the loop earlier */
#define SPOOL_STOP_MS 2000
#define SOURCES_STOP_MS 1000
#define SESSIONS_MASK 0x3fffffff
#define REALTIME_PRIORITY 10	/* kernel threads of buses and interrupts, at 50, come first */

struct daemon {
	struct conf *conf;
	struct channels *channels;
	struct outputs *outputs;
	struct stream *stream;
	struct forwarder *forwarder;
	struct calibrator *calibrator;
	struct spooler *spooler;
	struct sources *sources;
	struct turn turn;
	struct status_sources status;
	struct protocol protocol;
	struct server *server;
	sd_event *event;
	sd_event_source *turn_timer, *stream_io;
	bool is_ready_told, protection_told, was_protected;
};

/* Returns how many records were read. */
static size_t take_turn(struct daemon *daemon)
{
	const struct clock_pair now = clock_pair_now(daemon->conf->trusts_clock);
	size_t records;
	bool is_protected;

	calibrator_run(daemon->calibrator, &now);
	records = turn_run(&daemon->turn);
	is_protected = turn_is_protected(&daemon->turn);

	if (!daemon->protection_told || is_protected != daemon->was_protected)
		daemon->protection_told =
			notify_send("STATUS=%s%s", is_protected ? "Outputs are protected by " :
				    "Outputs are NOT protected, waiting for ",
				    daemon->conf->device);
	daemon->was_protected = is_protected;
	if (!daemon->is_ready_told)
		daemon->is_ready_told = notify_send("READY=1");
	notify_watchdog(&daemon->turn, clock_boot_ns());
	spooler_set_power(daemon->spooler, is_protected && daemon->turn.info.has_power_good);
	sd_event_source_set_time_relative(daemon->turn_timer, TURN_MS * 1000);
	return records;
}

static int on_turn_timer(sd_event_source *source, uint64_t now_us, void *data)
{
	take_turn(data);
	return 0;
}

static int on_stream(sd_event_source *source, int fd, uint32_t events, void *data)
{
	struct daemon *daemon = data;

	if (!take_turn(daemon) && events & (EPOLLHUP | EPOLLERR) &&
	    stream_fd(daemon->stream) == fd)
		turn_close(&daemon->turn, -ENODEV);
	return 0;
}

static int on_readings(sd_event_source *source, int fd, uint32_t events, void *data)
{
	take_turn(data);
	return 0;
}

static void on_sample(void *data, const struct sample *sample)
{
	struct daemon *daemon = data;

	spooler_push(daemon->spooler, sample);
}

static void on_opened(void *data, int fd)
{
	struct daemon *daemon = data;
	int error = sd_event_add_io(daemon->event, &daemon->stream_io, fd, EPOLLIN, on_stream,
				    daemon);

	if (error >= 0)
		error = sd_event_source_set_priority(daemon->stream_io,
						     SD_EVENT_PRIORITY_IMPORTANT);
	if (error < 0)
		log_error("the stream is only read every %d ms: %s", TURN_MS,
			  strerrordesc_np(-error));
}

static void on_closing(void *data)
{
	struct daemon *daemon = data;

	daemon->stream_io = sd_event_source_disable_unref(daemon->stream_io);
}

static void on_event(void *data, const struct event *event)
{
	struct daemon *daemon = data;

	spooler_push_event(daemon->spooler, event);
}

static void on_urgent(void *data)
{
	struct daemon *daemon = data;

	spooler_commit_soon(daemon->spooler);
}

static void on_keep(void *data, const struct keep_note *note)
{
	struct daemon *daemon = data;

	spooler_keep(daemon->spooler, note);
}

static bool is_kept(void *data)
{
	struct daemon *daemon = data;

	return spooler_is_kept(daemon->spooler);
}

static int on_kept(void *data, struct keep_note *note)
{
	struct daemon *daemon = data;

	return spooler_kept(daemon->spooler, note);
}

static const struct turn_hooks turn_hooks = {
	.sample = on_sample,
	.opened = on_opened,
	.closing = on_closing,
	.urgent = on_urgent,
	.event = on_event,
	.keep = on_keep,
	.is_kept = is_kept,
	.kept = on_kept,
};

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *data)
{
	log_notice("stopping: %s", sigdescr_np((int)info->ssi_signo));
	notify_send("STOPPING=1\nSTATUS=Stopping");
	return sd_event_exit(sd_event_source_get_event(source), 0);
}

static char *on_request(void *data, const char *line, size_t length, bool may_control)
{
	return protocol_answer(data, line, length, may_control);
}

static void on_spool_second(void *data)
{
	struct daemon *daemon = data;

	forwarder_read(daemon->forwarder);
	calibrator_write(daemon->calibrator);
}

static size_t on_spool_health(void *data, struct point *points, size_t max)
{
	struct daemon *daemon = data;

	return forwarder_health(daemon->forwarder, points, max);
}

static const struct spooler_hooks spooler_hooks = {
	.each_second = on_spool_second,
	.health = on_spool_health,
};

/* Before the threads: they inherit the mask. */
static void block_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Under a limit MCL_FUTURE would make later allocations fail. */
static bool may_lock_all(void)
{
	const struct rlimit unlimited = { RLIM_INFINITY, RLIM_INFINITY };
	struct rlimit limit;

	return (!getrlimit(RLIMIT_MEMLOCK, &limit) && limit.rlim_cur == RLIM_INFINITY) ||
	       !setrlimit(RLIMIT_MEMLOCK, &unlimited);
}

/* What is mapped now is read in as a whole: no page of the program may have to come from a card
 * that is stuck. Later memory is locked as it is used: what the threads set aside is much.
 */
static void lock_memory(void)
{
	if (!may_lock_all() || mlockall(MCL_CURRENT) < 0 ||
	    mlockall(MCL_FUTURE | MCL_ONFAULT) < 0)
		log_info("running without locked memory: %s", strerrordesc_np(errno));
}

/* After the threads: none of them shall run before the main loop does. */
static void become_realtime(void)
{
	struct sched_param param = { .sched_priority = REALTIME_PRIORITY };

	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param) < 0)
		log_info("running without realtime priority: %s", strerrordesc_np(errno));
}

/* All that needs no thread and no socket. */
static int make_parts(struct daemon *daemon)
{
	daemon->channels = channels_new(daemon->conf);
	daemon->outputs = outputs_new(daemon->conf);
	daemon->stream = stream_new(daemon->conf->device, NULL);
	daemon->forwarder = forwarder_new(daemon->conf->run_dir);
	if (!daemon->channels || !daemon->outputs || !daemon->stream || !daemon->forwarder)
		return -ENOMEM;
	turn_start(&daemon->turn, daemon->conf, daemon->stream, daemon->channels, daemon->outputs,
		   &turn_hooks, daemon);
	/* So many are not begun in the milliseconds between two starts. */
	daemon->calibrator = calibrator_new(daemon->conf, &daemon->turn,
					    clock_boot_ns() / NS_PER_MS & SESSIONS_MASK);
	if (!daemon->calibrator)
		return -ENOMEM;
	daemon->status = (struct status_sources){
		.conf = daemon->conf,
		.turn = &daemon->turn,
		.forwarder = daemon->forwarder,
		.calibrator = daemon->calibrator,
		.started_ns = clock_boot_ns(),
	};
	daemon->protocol = (struct protocol){ .sources = &daemon->status, .turn = &daemon->turn };
	return 0;
}

static int make_loop(struct daemon *daemon)
{
	int error = sd_event_new(&daemon->event);

	if (error >= 0)
		error = sd_event_add_signal(daemon->event, NULL, SIGTERM, on_signal, NULL);
	if (error >= 0)
		error = sd_event_add_signal(daemon->event, NULL, SIGINT, on_signal, NULL);
	if (error >= 0)
		error = sd_event_add_time_relative(daemon->event, &daemon->turn_timer,
						   CLOCK_BOOTTIME, 0, 1000, on_turn_timer, daemon);
	if (error >= 0)
		error = sd_event_source_set_enabled(daemon->turn_timer, SD_EVENT_ON);
	if (error >= 0)
		error = sd_event_source_set_priority(daemon->turn_timer,
						     SD_EVENT_PRIORITY_IMPORTANT);
	return error < 0 ? error : 0;
}

static void tell_daemon(struct daemon *daemon, bool begins)
{
	const struct event_number on = { "on", begins };

	turn_event(&daemon->turn, "hydropond", NULL, &on, 1);
}

/* Before the device is opened, which none of their threads shall have as well. */
static int start_sources(struct daemon *daemon)
{
	int error;

	daemon->sources = sources_start(daemon->conf);
	if (!daemon->sources) {
		log_error("cannot start the threads of the buses: no memory or no thread left");
		return -ENOMEM;
	}
	daemon->turn.sources = daemon->sources;
	error = sd_event_add_io(daemon->event, NULL, sources_fd(daemon->sources), EPOLLIN,
				on_readings, daemon);
	if (error < 0)
		log_error("cannot start: %s", strerrordesc_np(-error));
	return error < 0 ? error : 0;
}

static int run(struct daemon *daemon)
{
	int error = make_parts(daemon);

	if (!error)
		error = make_loop(daemon);
	if (error) {
		log_error("cannot start: %s", strerrordesc_np(-error));
		return error;
	}
	error = server_start(&daemon->server, daemon->event, daemon->conf->run_dir, SERVER_IDLE_MS,
			     on_request, &daemon->protocol);
	if (error)
		return error;
	lock_memory();
	daemon->spooler = spooler_start(daemon->conf, &spooler_hooks, daemon);
	if (!daemon->spooler) {
		log_error("cannot start the spool thread: no memory or no thread left");
		return -ENOMEM;
	}
	daemon->status.spooler = daemon->spooler;
	error = start_sources(daemon);
	if (error)
		return error;
	become_realtime();
	tell_daemon(daemon, true);
	take_turn(daemon);
	error = sd_event_loop(daemon->event);
	if (error < 0)
		log_error("the main loop failed: %s", strerrordesc_np(-error));
	return error;
}

/*
 * Outputs first: closing the device is what puts them into their safe state. The
 * configuration, the calibrations and what the forwarder said are left to the exit: a spool
 * thread that is stuck on its card may still be looking at them.
 */
static void stop(struct daemon *daemon)
{
	if (daemon->stream && stream_fd(daemon->stream) >= 0)
		turn_close(&daemon->turn, 0);
	server_stop(daemon->server);
	daemon->turn.sources = NULL;
	sources_stop(daemon->sources, SOURCES_STOP_MS);
	if (daemon->spooler) {
		turn_end(&daemon->turn);
		tell_daemon(daemon, false);
		spooler_stop(daemon->spooler, SPOOL_STOP_MS);
	}
	sd_event_source_disable_unref(daemon->turn_timer);
	sd_event_unref(daemon->event);
	stream_free(daemon->stream);
	outputs_free(daemon->outputs);
	channels_free(daemon->channels);
}

int main(int argc, char **argv)
{
	static struct daemon daemon;
	struct options options;
	int error;

	if (!options_read(argc, argv, "hydropond", "Samples the channels of a gateway, holds the "
			  "leases of its outputs, and spools.", false, &options, &error))
		return error;
	daemon.conf = conf_load(options.conf_path, stderr);
	if (!daemon.conf)
		return 1;
	if (options.only_check) {
		printf("configuration is good: %zu channels, %zu outputs, %zu stores\n",
		       daemon.conf->channels_n, daemon.conf->outputs_n, daemon.conf->stores_n);
		conf_free(daemon.conf);
		return 0;
	}
	block_signals();
	error = log_start();
	if (error) {
		log_error("cannot start the log thread: %s", strerrordesc_np(-error));
		conf_free(daemon.conf);
		return 1;
	}
	notify_start();
	error = run(&daemon);
	stop(&daemon);
	log_stop();
	return error < 0 ? 1 : 0;
}
