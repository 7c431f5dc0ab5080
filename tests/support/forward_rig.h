/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The forwarder against a spool on disk and a scripted store. Its time is the test's
 * own, so that pauses of minutes take none; only the network is real.
 */
#ifndef HYDROPON_TEST_FORWARD_RIG_H
#define HYDROPON_TEST_FORWARD_RIG_H

#include "support/disk_faults.h"
#include "support/http_server.h"
#include "support/spool_rig.h"

#include "base/clock.h"
#include "forward/forward.h"

#define TURN_NS (FORWARD_POLL_MS * NS_PER_MS)
#define TURNS_MAX 20000

FIXTURE(forward) {
	struct spool_rig rig;
	struct http_server *server;
	struct forward *forward;
	uint64_t now_ns;
	uint64_t paused_ms;		/* the newest pause that was skipped */
	unsigned int pauses;
	/* for the scripts; the server's thread reads them with its lock held */
	int status;
	const char *headers, *body;
	bool closes, continues, breaks_off, hangs;
	int64_t refused[4];		/* stamps of lines that are refused, 0: none */
	size_t line_max;		/* a request of more lines is too large, 0: none is */
	unsigned int random;
};

/* Does something to what the scripts look at, while they do not. */
#define LOCKED(self, ...)						\
	do {								\
		pthread_mutex_lock(&(self)->server->lock);		\
		__VA_ARGS__;						\
		pthread_mutex_unlock(&(self)->server->lock);		\
	} while (0)

static inline struct http_answer answer_as_told(void *data, const char *lines, size_t n)
{
	struct fixture_forward *self = data;

	return (struct http_answer){
		.status = self->status, .headers = self->headers, .body = self->body,
		.closes = self->closes, .continues = self->continues,
		.breaks_off = self->breaks_off, .hangs = self->hangs,
	};
}

FIXTURE_SETUP(forward)
{
	unsetenv("http_proxy");
	disk_faults.skip = true;
	rig_make(&self->rig);
	self->status = 204;
	self->now_ns = 1;
	self->server = http_start(0, answer_as_told, self);
	self->rig.conf.stores_n = 1;
	self->rig.conf.stores[0] = (struct conf_store){
		.name = "local", .batch_lines = 5000, .timeout_ms = 2000, .begins_at_oldest = true,
	};
	snprintf(self->rig.conf.stores[0].url, CONF_URL_MAX,
		 "http://grower:s3cret@127.0.0.1:%u/write?db=tank&p=s3cret", self->server->port);
	rig_open(&self->rig);
}

FIXTURE_TEARDOWN(forward)
{
	forward_free(self->forward);
	http_stop(self->server);
	rig_remove(&self->rig);
}

static inline void script(struct fixture_forward *self, http_script answer)
{
	LOCKED(self, self->server->script = answer);
}

static inline bool was_stored(struct fixture_forward *self, const char *text)
{
	bool is_there;

	LOCKED(self, is_there = strstr(self->server->stored, text) != NULL);
	return is_there;
}

/* In the head of the newest request. */
static inline bool was_asked(struct fixture_forward *self, const char *text)
{
	bool is_there;

	LOCKED(self, is_there = strstr(self->server->last_head, text) != NULL);
	return is_there;
}

static inline struct store_report report(struct fixture_forward *self)
{
	struct store_report out;

	store_report(forward_store(self->forward, 0), 0, &out);
	return out;
}

static inline uint64_t dropped(const struct store_report *report)
{
	return report->cursor.dropped_full + report->cursor.dropped_corrupt +
	       report->cursor.dropped_replaced + report->cursor.dropped_undated +
	       report->cursor.dropped_beyond;
}

static inline uint64_t queued(struct fixture_forward *self)
{
	struct store_report now = report(self);

	return cursor_queued(&now.cursor);
}

static inline uint64_t produced(struct fixture_forward *self)
{
	struct store_report now = report(self);

	return cursor_produced(&now.cursor);
}

static inline void expect_balance(struct fixture_forward *self)
{
	struct store_report now = report(self);

	EXPECT_EQ(cursor_produced(&now.cursor), now.cursor.delivered + now.cursor.set_aside +
		  dropped(&now) + cursor_queued(&now.cursor));
}

static inline void start(struct fixture_forward *self)
{
	self->forward = forward_new(&self->rig.conf);
	ASSERT_TRUE(self->forward != NULL);
}

static inline void restart(struct fixture_forward *self)
{
	forward_free(self->forward);
	start(self);
}

/* One turn; a pause of the store is over as soon as it begins. */
static inline void turn(struct fixture_forward *self)
{
	const struct store *store = forward_store(self->forward, 0);
	uint64_t retry_ns;

	forward_turn(self->forward, true, self->now_ns);
	expect_balance(self);
	if (store_is_busy(store)) {
		forward_wait(self->forward, -1, 100);
		return;
	}
	self->now_ns += TURN_NS;
	retry_ns = store_retry_ns(store);
	if (retry_ns > self->now_ns) {
		self->paused_ms = (retry_ns - self->now_ns + TURN_NS) / NS_PER_MS;
		self->pauses++;
		self->now_ns = retry_ns;
	}
}

static inline void turn_until_idle(struct fixture_forward *self)
{
	unsigned int turns = 0;

	do {
		turn(self);
	} while ((queued(self) ||
		  store_is_busy(forward_store(self->forward, 0))) && ++turns < TURNS_MAX);
	EXPECT_LT(turns, TURNS_MAX);
}

static inline void finish_request(struct fixture_forward *self)
{
	while (store_is_busy(forward_store(self->forward, 0))) {
		forward_wait(self->forward, -1, 100);
		forward_turn(self->forward, false, self->now_ns);
	}
}

/* One request, and its answer. */
static inline void turn_once(struct fixture_forward *self)
{
	const struct store *store = forward_store(self->forward, 0);

	while (!store_is_busy(store))
		turn(self);
	finish_request(self);
}

/* Until the store has been asked @n more times and has answered. */
static inline void turn_requests(struct fixture_forward *self, unsigned int n)
{
	unsigned int wanted = http_requests(self->server) + n, turns = 0;

	do {
		turn(self);
	} while ((http_requests(self->server) < wanted ||
		  store_is_busy(forward_store(self->forward, 0))) && ++turns < TURNS_MAX);
	EXPECT_LT(turns, TURNS_MAX);
}

/* The first sample, so that the store is known to take lines. */
static inline void deliver_one(struct fixture_forward *self)
{
	ASSERT_EQ(rig_append(&self->rig, 1), 0);
	start(self);
	turn_until_idle(self);
}

static inline void skip_refused(struct fixture_forward *self, uint64_t *number)
{
	for (size_t i = 0; i < 4; i++)
		if (RIG_WALL_MS + (int64_t)*number == self->refused[i])
			(*number)++;
}

/*
 * Checks that the stamps of what was stored are those of samples @from .. @to - 1,
 * each once and in order, less those that were refused.
 */
static inline void expect_stored(struct fixture_forward *self, uint64_t from, uint64_t to)
{
	uint64_t number = from, wrong = 0;
	char *line, *end;

	pthread_mutex_lock(&self->server->lock);
	line = self->server->stored;
	for (; (end = strchr(line, '\n')); line = end + 1) {
		char *stamp;

		*end = 0;
		stamp = strrchr(line, ' ');
		skip_refused(self, &number);
		if (!stamp || atoll(stamp) != RIG_WALL_MS + (int64_t)number)
			wrong++;
		number++;
		*end = '\n';
	}
	skip_refused(self, &number);
	pthread_mutex_unlock(&self->server->lock);
	EXPECT_EQ(wrong, 0);
	EXPECT_EQ(number, to);
}

#endif
