// SPDX-License-Identifier: GPL-2.0-only
#include "forward/forward.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "forward/post.h"
#include "forward/report.h"

struct forward {
	const struct conf *conf;
	struct store_tools tools;
	struct store *stores[CONF_MAX_STORES];
	int lock_fd;
	uint64_t refresh_ns;		/* when to look at the spool again */
	int spool_error;
	uint64_t report_ns;		/* when to write the report again, changed or not */
	uint64_t reported_changes;
	bool report_failed;
};

/* Two forwarders would deliver twice and overwrite each other's cursors. */
static int lock_cursors(const struct conf *conf)
{
	char path[CONF_PATH_MAX + 16];
	int fd, error;

	snprintf(path, sizeof(path), "%s/cursors", conf->state_dir);
	error = dir_make(conf->state_dir);
	if (!error)
		error = dir_make(path);
	if (error)
		return error;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (!flock(fd, LOCK_EX | LOCK_NB))
		return fd;
	error = errno == EWOULDBLOCK ? -EBUSY : -errno;
	close(fd);
	return error;
}

struct forward *forward_new(const struct conf *conf)
{
	return forward_new_of(conf, NULL);
}

struct forward *forward_new_of(const struct conf *conf, const char *dir)
{
	struct forward *forward = calloc(1, sizeof(*forward));
	uint32_t random = 0;

	if (!forward)
		goto err_memory;
	forward->conf = conf;
	forward->lock_fd = lock_cursors(conf);
	if (forward->lock_fd < 0) {
		log_error("%s/cursors cannot be used: %s. %s", conf->state_dir,
			  strerror(-forward->lock_fd), forward->lock_fd == -EBUSY ?
			  "Another hydropon-forward works there: stop it" :
			  "Make the directory belong to the user that hydropon-forward runs as");
		goto err_free;
	}
	forward->spool_error = -ENOENT;
	forward->reported_changes = UINT64_MAX;
	forward->tools.conf = conf;
	forward->tools.packing.sends_estimates = conf->sends_estimates;
	forward->tools.packing.reader = dir ? spool_reader_look(dir, NULL) :
					      spool_reader_open(conf->state_dir, conf->run_dir);
	forward->tools.packing.gzip = gzip_new();
	forward->tools.multi = curl_multi_init();
	if (!forward->tools.packing.reader || !forward->tools.packing.gzip || !forward->tools.multi)
		goto err_memory;
	for (size_t i = 0; i < conf->stores_n; i++) {
		if (getrandom(&random, sizeof(random), GRND_NONBLOCK) != sizeof(random) || !random)
			random = (uint32_t)clock_boot_ns() | 1;
		forward->stores[i] = store_new(&conf->stores[i], &forward->tools, random);
		if (!forward->stores[i])
			goto err_free;
	}
	return forward;

err_memory:
	log_error("out of memory");
err_free:
	forward_free(forward);
	return NULL;
}

void forward_free(struct forward *forward)
{
	if (!forward)
		return;
	for (size_t i = 0; i < CONF_MAX_STORES; i++)
		store_free(forward->stores[i]);
	curl_multi_cleanup(forward->tools.multi);
	gzip_free(forward->tools.packing.gzip);
	spool_reader_close(forward->tools.packing.reader);
	if (forward->lock_fd >= 0)
		close(forward->lock_fd);
	free(forward);
}

static void finish_requests(struct forward *forward, uint64_t now_ns)
{
	int running, left;
	CURLMsg *message;

	curl_multi_perform(forward->tools.multi, &running);
	while ((message = curl_multi_info_read(forward->tools.multi, &left))) {
		CURLcode code = message->data.result;

		if (message->msg == CURLMSG_DONE)
			post_done(message->easy_handle, code, now_ns);
	}
}

static void refresh_spool(struct forward *forward, uint64_t now_ns)
{
	if (now_ns < forward->refresh_ns)
		return;
	forward->spool_error = spool_reader_refresh(forward->tools.packing.reader);
	forward->refresh_ns = now_ns + FORWARD_POLL_MS * NS_PER_MS;
}

static void write_report(struct forward *forward, uint64_t now_ns)
{
	struct store_report reports[CONF_MAX_STORES];
	int64_t wall_ms = clock_wall_ms();
	uint64_t changes = 0;
	int error;

	for (size_t i = 0; i < forward->conf->stores_n; i++)
		changes += store_changes(forward->stores[i]);
	if (changes == forward->reported_changes && now_ns < forward->report_ns)
		return;
	for (size_t i = 0; i < forward->conf->stores_n; i++)
		store_report(forward->stores[i], wall_ms, &reports[i]);
	error = report_write(forward->conf->run_dir, wall_ms, reports, forward->conf->stores_n);
	if (error && !forward->report_failed)
		log_warning("%s/forward/forward.json cannot be written: %s; the status will not "
			    "show the stores. Check that the folder exists and belongs to "
			    "hydropon-forward: systemd-tmpfiles --create makes it",
			    forward->conf->run_dir, strerror(-error));
	forward->report_failed = error != 0;
	forward->reported_changes = changes;
	forward->report_ns = now_ns + NS_PER_SEC;
}

void forward_turn(struct forward *forward, bool may_send, uint64_t now_ns)
{
	finish_requests(forward, now_ns);
	if (may_send) {
		refresh_spool(forward, now_ns);
		for (size_t i = 0; i < forward->conf->stores_n; i++)
			store_turn(forward->stores[i], forward->spool_error, now_ns);
	}
	write_report(forward, now_ns);
}

void forward_wait(struct forward *forward, int fd, uint32_t timeout_ms)
{
	struct curl_waitfd wait = { .fd = fd, .events = CURL_WAIT_POLLIN };

	curl_multi_poll(forward->tools.multi, &wait, fd >= 0 ? 1 : 0, (int)timeout_ms, NULL);
}

bool forward_is_busy(const struct forward *forward)
{
	for (size_t i = 0; i < forward->conf->stores_n; i++)
		if (store_is_busy(forward->stores[i]))
			return true;
	return false;
}

size_t forward_stores(const struct forward *forward)
{
	return forward->conf->stores_n;
}

const struct store *forward_store(const struct forward *forward, size_t index)
{
	return forward->stores[index];
}
