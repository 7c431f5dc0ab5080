// SPDX-License-Identifier: GPL-2.0-only
#include "forward/import.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "forward/forward.h"

#define TELL_NS (2 * NS_PER_SEC)
/* What waits so long for what only a running hydropond could give waits in vain. */
#define IN_VAIN_NS (10 * NS_PER_SEC)
#define LOOKS 20

/* Its id, by which what is kept of it is named. 0 or -errno. */
static int read_id(const char *dir, uint64_t *id)
{
	struct spool_reader *reader = spool_reader_look(dir, NULL);
	int error = reader ? -EAGAIN : -ENOMEM;

	for (int i = 0; i < LOOKS && error == -EAGAIN; i++) {
		if (i)
			poll(NULL, 0, FORWARD_POLL_MS);
		error = spool_reader_refresh(reader);
	}
	if (!error)
		*id = spool_reader_view(reader)->id;
	spool_reader_close(reader);
	return error;
}

/* The configuration with a state of its own. NULL after telling. */
static struct conf *conf_for(const struct conf *conf, uint64_t id)
{
	struct conf *own = malloc(sizeof(*own));
	char path[CONF_PATH_MAX + 16];
	int n, error;

	if (!own) {
		log_error("out of memory");
		return NULL;
	}
	*own = *conf;
	snprintf(path, sizeof(path), "%s/cursors", conf->state_dir);
	error = dir_make(path);
	n = snprintf(own->state_dir, sizeof(own->state_dir), "%s/cursors/import-%016" PRIx64,
		     conf->state_dir, id);
	if (n < 0 || (size_t)n >= sizeof(own->state_dir))
		error = -ENAMETOOLONG;
	if (!error)
		error = dir_make(own->state_dir);
	if (error) {
		log_error("%s cannot be made: %s; run this as the user of hydropon-forward: sudo -u "
			  "hydropon-forward hydropon-forward --import ...", own->state_dir,
			  strerror(-error));
		free(own);
		return NULL;
	}
	memcpy(own->run_dir, own->state_dir, sizeof(own->run_dir));
	for (size_t i = 0; i < own->stores_n; i++)
		own->stores[i].begins_at_oldest = true;
	return own;
}

struct progress {
	uint64_t told_ns, moved_ns;
	uint64_t done;			/* of all stores, when it moved last */
};

static void tell(const struct forward *forward)
{
	for (size_t i = 0; i < forward_stores(forward); i++) {
		struct store_report report;

		store_report(forward_store(forward, i), clock_wall_ms(), &report);
		fprintf(stderr, "store %s: %" PRIu64 " of %" PRIu64 " samples delivered%s%s\n", report.name,
			report.cursor.delivered, cursor_produced(&report.cursor),
			report.error ? "; " : "", report.error ? report.error : "");
	}
}

/* Whether there is nothing more to do, now or ever. */
static bool is_over(const struct forward *forward, struct progress *progress, uint64_t now_ns)
{
	uint64_t done = 0;
	bool all_wait = true, is_idle = true;

	for (size_t i = 0; i < forward_stores(forward); i++) {
		struct store_report report;

		store_report(forward_store(forward, i), 0, &report);
		done += cursor_produced(&report.cursor) - cursor_queued(&report.cursor);
		is_idle = is_idle && report.cursor.id && !cursor_queued(&report.cursor);
		all_wait = all_wait && (report.state == STORE_WAITING ||
				  (report.cursor.id && !cursor_queued(&report.cursor)));
	}
	if (done != progress->done)
		progress->moved_ns = now_ns;
	progress->done = done;
	if (now_ns >= progress->told_ns + TELL_NS && progress->moved_ns >= progress->told_ns) {
		tell(forward);
		progress->told_ns = now_ns;
	}
	return !forward_is_busy(forward) &&
	       (is_idle || (all_wait && now_ns >= progress->moved_ns + IN_VAIN_NS));
}

/* Of every store: everything. */
static int judge(const struct forward *forward)
{
	int code = 0;

	for (size_t i = 0; i < forward_stores(forward); i++) {
		struct store_report report;

		store_report(forward_store(forward, i), 0, &report);
		if (!report.cursor.id || report.cursor.delivered != cursor_produced(&report.cursor))
			code = 1;
	}
	return code;
}

static bool waits(const struct forward *forward)
{
	for (size_t i = 0; i < forward_stores(forward); i++) {
		struct store_report report;

		store_report(forward_store(forward, i), 0, &report);
		if (report.state == STORE_WAITING)
			return true;
	}
	return false;
}

static bool is_told_to_end(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) > 0;
}

static int deliver(struct forward *forward, int signal_fd)
{
	struct progress progress = { .told_ns = clock_boot_ns(), .moved_ns = clock_boot_ns() };
	int code;

	while (!is_told_to_end(signal_fd)) {
		forward_turn(forward, true, clock_boot_ns());
		if (is_over(forward, &progress, clock_boot_ns()))
			break;
		forward_wait(forward, signal_fd, FORWARD_POLL_MS);
	}
	tell(forward);
	code = judge(forward);
	if (code && waits(forward))
		log_error("samples are left that were taken before the clock of their gateway was set; "
			  "copy its spool again once that was set, or write estimate = yes in [time]");
	else if (code)
		log_error("not all was delivered; the same command goes on from there");
	return code;
}

int import(const struct conf *conf, const char *dir, int signal_fd)
{
	struct forward *forward = NULL;
	struct conf *own = NULL;
	uint64_t id;
	int error = read_id(dir, &id), code = 1;

	if (error)
		log_error("%s cannot be read as a spool: %s; name the folder that holds slots and "
			  "segment-00000", dir, strerror(-error));
	else if (!conf->stores_n)
		log_error("no store is configured: add a [store NAME] section");
	else
		own = conf_for(conf, id);
	if (own)
		forward = forward_new_of(own, dir);
	if (forward)
		code = deliver(forward, signal_fd);
	forward_free(forward);
	free(own);
	return code;
}
