// SPDX-License-Identifier: GPL-2.0-only
/* What the forwarder does with each answer, and with each fault of spool, disk and store. */
#include "support/catch_log.h"
#include "support/forward_rig.h"

#include "spool/point.h"

#include <signal.h>
#include <sys/resource.h>

#include <json-c/json.h>

#include "forward/backoff.h"
#include "spool/mark.h"

TEST_F(forward, delivers_everything_in_order)
{
	struct store_report after;

	for (int i = 0; i < 20; i++)
		ASSERT_EQ(rig_append(&self->rig, 50), 0);
	start(self);
	turn_until_idle(self);
	ASSERT_EQ(rig_append(&self->rig, 7), 0);
	turn_requests(self, 1);
	after = report(self);
	EXPECT_EQ(after.cursor.delivered, 1007);
	EXPECT_EQ(after.state, STORE_OK);
	EXPECT_TRUE(after.error == NULL);
	EXPECT_EQ(after.lag_ms, 0);
	EXPECT_GT(after.last_ok_ms, 0);
	expect_stored(self, 0, 1007);
	/* The backlog in one request, the rest in another. */
	EXPECT_EQ(http_requests(self->server), 2);
	EXPECT_TRUE(was_stored(self, "hydropon,channel=ph-a,clk=0,gateway=greenhouse,quantity=ph,"
			"site=home,unit=pH value=0.000,q=0i 1690000000000\n"
			"hydropon,channel=ec-a,clk=0,gateway=greenhouse,quantity=ec,"
			"site=home,unit=uS/cm value=1.0,q=0i 1690000000001\n"));
}

TEST_F(forward, writes_as_the_stores_want_it)
{
	ASSERT_EQ(rig_append(&self->rig, 1), 0);
	start(self);
	turn_until_idle(self);
	EXPECT_TRUE(was_asked(self, "POST /write?db=tank&p=s3cret&precision=ms HTTP/1.1\r\n"));
	EXPECT_TRUE(was_asked(self, "\r\nContent-Encoding: gzip\r\n"));
	EXPECT_CONTAINS(self->server->last_head, "\r\nContent-Type: text/plain; charset=utf-8\r\n");
	EXPECT_TRUE(was_asked(self, "\r\nAuthorization: Basic Z3Jvd2VyOnMzY3JldA==\r\n"));
}

TEST_F(forward, sends_no_more_lines_at_once_than_it_may)
{
	self->rig.conf.stores[0].batch_lines = 30;
	ASSERT_EQ(rig_append(&self->rig, 100), 0);
	ASSERT_EQ(rig_append(&self->rig, 11), 0);
	start(self);
	turn_until_idle(self);
	EXPECT_EQ(http_requests(self->server), 4);
	expect_stored(self, 0, 111);
}

TEST_F(forward, sends_no_more_bytes_at_once_than_it_may)
{
	self->rig.conf.stores[0].batch_lines = 100000;
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(rig_append(&self->rig, SPOOL_BATCH_SAMPLES), 0);
	start(self);
	turn_until_idle(self);
	EXPECT_EQ(http_requests(self->server), 2);
	expect_stored(self, 0, 4 * SPOOL_BATCH_SAMPLES);
}

TEST_F(forward, goes_on_where_it_was_after_a_restart)
{
	self->rig.conf.stores[0].batch_lines = 7;
	ASSERT_EQ(rig_append(&self->rig, 100), 0);
	start(self);
	for (int i = 0; i < 3; i++)
		turn_once(self);
	restart(self);
	EXPECT_EQ(report(self).cursor.delivered, 21);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.delivered, 100);
	expect_stored(self, 0, 100);
}

TEST_F(forward, waits_for_a_spool)
{
	struct store_report after;

	rig_close(&self->rig);
	scratch_remove(self->rig.folder);
	unlink(self->rig.mark);
	start(self);
	turn(self);
	after = report(self);
	EXPECT_EQ(after.state, STORE_WAITING);
	EXPECT_CONTAINS(after.error, "start hydropond");
	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	turn_until_idle(self);
	turn_until_idle(self);
	EXPECT_EQ(report(self).state, STORE_OK);
	EXPECT_EQ(report(self).cursor.delivered, 10);
}

TEST_F(forward, delivers_without_a_mark)
{
	ASSERT_EQ(rig_append_block(&self->rig, 10), 0);
	unlink(self->rig.mark);
	start(self);
	turn_until_idle(self);
	expect_stored(self, 0, 10);
	restart(self);
	turn(self);
	turn(self);
	EXPECT_EQ(http_requests(self->server), 1);
}

/* Answers that say nothing about the lines: all is kept, and the sentence helps. */
static const struct {
	int status;
	const char *sentence;
} kept[] = {
	{ 200, "login page" },
	{ 201, "answers 204" },
	{ 301, "redirects" },
	{ 302, "redirects" },
	{ 401, "credentials" },
	{ 403, "right to" },
	{ 404, "create the database" },
	{ 405, "takes no writes" },
	{ 408, "no answer of a store" },
	{ 429, "too often" },
	{ 500, "in trouble" },
	{ 503, "in trouble" },
};

TEST_F(forward, keeps_all_unless_it_was_stored)
{
	/* Where a redirect would lead is the same server, and would be counted. */
	LOCKED(self, self->headers = "Location: /write\r\n");
	LOCKED(self, self->body = "so\tit says");
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	start(self);
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		struct store_report after;
		unsigned int before = http_requests(self->server);

		LOCKED(self, self->status = kept[i].status);
		turn_requests(self, 1);
		EXPECT_EQ(http_requests(self->server), before + 1);
		after = report(self);
		EXPECT_EQ(after.state, STORE_BACKOFF);
		EXPECT_EQ(cursor_queued(&after.cursor), 10);
		EXPECT_CONTAINS(after.error, kept[i].sentence);
		EXPECT_CONTAINS(after.error, "(it said: so it says)");
	}
	LOCKED(self, self->status = 204);
	LOCKED(self, self->body = NULL);
	turn_until_idle(self);
	expect_stored(self, 0, 10);
	EXPECT_TRUE(report(self).error == NULL);
}

TEST_F(forward, keeps_all_when_the_connection_fails)
{
	unsigned short port = self->server->port;

	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	start(self);
	LOCKED(self, self->closes = true);
	turn_requests(self, 1);
	EXPECT_CONTAINS(report(self).error, "connection broke");
	LOCKED(self, self->closes = false);
	LOCKED(self, self->breaks_off = true);
	LOCKED(self, self->status = 500);
	turn_requests(self, 1);
	EXPECT_CONTAINS(report(self).error, "connection broke");
	/* A 400 whose end is missing may be anybody's. */
	LOCKED(self, self->status = 400);
	turn_requests(self, 1);
	EXPECT_CONTAINS(report(self).error, "connection broke");
	EXPECT_EQ(queued(self), 10);

	http_stop(self->server);
	self->server = NULL;
	for (int i = 0; i < 10; i++)
		turn(self);
	EXPECT_CONTAINS(report(self).error, "no connection");
	EXPECT_EQ(report(self).state, STORE_BACKOFF);
	EXPECT_EQ(queued(self), 10);

	self->breaks_off = false;
	self->status = 204;
	self->server = http_start(port, answer_as_told, self);
	turn_until_idle(self);
	expect_stored(self, 0, 10);
}

TEST_F(forward, keeps_all_when_the_head_of_the_answer_is_cut)
{
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	start(self);
	LOCKED(self, self->breaks_off = true);
	turn_requests(self, 1);
	EXPECT_EQ(report(self).cursor.delivered, 0);
	EXPECT_CONTAINS(report(self).error, "connection broke");
	/* The empty line of another answer does not count. */
	LOCKED(self, self->continues = true);
	turn_requests(self, 1);
	EXPECT_EQ(report(self).cursor.delivered, 0);
	LOCKED(self, self->breaks_off = false);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.delivered, 10);
}

/* A header that goes on from that of the answer before: libcurl of Debian 12 follows it there, where
 * it was freed. AddressSanitizer sees it.
 */
TEST_F(forward, takes_no_header_for_one_of_the_answer_before)
{
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	start(self);
	LOCKED(self, self->status = 503, self->body = "busy", self->headers = "Retry-After: 1\r\n");
	turn_requests(self, 1);
	LOCKED(self, self->status = 302, self->headers = " h: a\r\n h\r\n");
	for (int i = 0; i < 5; i++) {
		turn_requests(self, 1);
		EXPECT_EQ(queued(self), 10);
	}
	LOCKED(self, self->status = 204, self->headers = NULL, self->body = NULL);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.delivered, 10);
}

TEST_F(forward, gives_up_on_a_store_that_says_nothing)
{
	uint64_t before_ns;

	self->rig.conf.stores[0].timeout_ms = 300;
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	start(self);
	LOCKED(self, self->hangs = true);
	before_ns = clock_boot_ns();
	turn_requests(self, 1);
	EXPECT_LT(clock_boot_ns() - before_ns, 3 * NS_PER_SEC);
	EXPECT_CONTAINS(report(self).error, "no answer in time");
	EXPECT_EQ(queued(self), 10);
}

TEST_F(forward, pauses_longer_and_longer)
{
	uint64_t last = 0;

	LOCKED(self, self->status = 500);
	ASSERT_EQ(rig_append(&self->rig, 1), 0);
	start(self);
	for (int i = 0; i < 10; i++) {
		turn_requests(self, 1);
		EXPECT_GE(self->paused_ms, BACKOFF_MIN_MS);
		EXPECT_LE(self->paused_ms, BACKOFF_MAX_MS);
		last = self->paused_ms;
	}
	EXPECT_GE(last, BACKOFF_MAX_MS / 2);
	LOCKED(self, self->status = 204);
	turn_until_idle(self);
	LOCKED(self, self->status = 500);
	ASSERT_EQ(rig_append(&self->rig, 1), 0);
	turn_requests(self, 1);
	EXPECT_LE(self->paused_ms, BACKOFF_MIN_MS);
}

TEST_F(forward, comes_back_when_the_server_asks_it_to)
{
	LOCKED(self, self->status = 503);
	ASSERT_EQ(rig_append(&self->rig, 1), 0);
	start(self);
	LOCKED(self, self->headers = "Retry-After: 120\r\n");
	turn_requests(self, 1);
	EXPECT_EQ(self->paused_ms, 120000);
	LOCKED(self, self->headers = "Retry-After: 86400\r\n");
	turn_requests(self, 1);
	EXPECT_EQ(self->paused_ms, BACKOFF_RETRY_AFTER_MAX_MS);
	LOCKED(self, self->headers = "Retry-After: 18446744073709551615\r\n");
	turn_requests(self, 1);
	EXPECT_LE(self->paused_ms, BACKOFF_RETRY_AFTER_MAX_MS);
	LOCKED(self, self->headers = "Retry-After: soon\r\n");
	turn_requests(self, 1);
	EXPECT_LE(self->paused_ms, BACKOFF_MAX_MS);
}

/* As InfluxDB does: one bad line, and the whole request is refused. */
static struct http_answer refuse_some(void *data, const char *lines, size_t n)
{
	struct fixture_forward *self = data;

	for (size_t i = 0; i < 4; i++) {
		char stamp[32];

		snprintf(stamp, sizeof(stamp), " %lld\n", (long long)self->refused[i]);
		if (self->refused[i] && strstr(lines, stamp))
			return (struct http_answer){ .status = i % 2 ? 422 : 400,
						     .body = "unable to parse\nline" };
	}
	return (struct http_answer){ .status = 204 };
}

static void read_set_aside(struct fixture_forward *self, char *out, size_t size)
{
	char path[SCRATCH_PATH_MAX + 64];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/state/set-aside/local.lp", self->rig.dir);
	n = scratch_read(path, out, size - 1);
	out[n > 0 ? n : 0] = 0;
}

TEST_F(forward, sets_aside_only_what_is_refused_alone)
{
	struct store_report after;
	char text[4096];

	deliver_one(self);
	/* The first after it, two neighbours, and the last. */
	LOCKED(self, self->refused[0] = RIG_WALL_MS + 1);
	LOCKED(self, self->refused[1] = RIG_WALL_MS + 500);
	LOCKED(self, self->refused[2] = RIG_WALL_MS + 501);
	LOCKED(self, self->refused[3] = RIG_WALL_MS + 999);
	script(self, refuse_some);
	ASSERT_EQ(rig_append(&self->rig, 999), 0);
	turn_until_idle(self);
	after = report(self);
	EXPECT_EQ(after.cursor.set_aside, 4);
	EXPECT_EQ(after.cursor.delivered, 996);
	EXPECT_EQ(cursor_queued(&after.cursor), 0);
	/* A thousand lines are halved ten times, and the rest is sent. */
	EXPECT_LE(http_requests(self->server), 4 * 11);
	expect_stored(self, 0, 1000);
	read_set_aside(self, text, sizeof(text));
	EXPECT_CONTAINS(text, "# answered 400: it refuses a line (it said: unable to parse line)\n"
			"hydropon,channel=ec-a,clk=0,gateway=greenhouse,quantity=ec,site=home,"
			"unit=uS/cm value=1.0,q=0i 1690000000001\n");
	EXPECT_CONTAINS(text, "q=0i 1690000000500\n# ");
	EXPECT_CONTAINS(text, "q=0i 1690000000501\n# ");
	EXPECT_CONTAINS(text, "q=0i 1690000000999\n");
	EXPECT_TRUE(strstr(text, "q=0i 1690000000502") == NULL);
	EXPECT_EQ(self->pauses, 1);
	/* And then all at once again. */
	ASSERT_EQ(rig_append(&self->rig, 300), 0);
	turn_once(self);
	EXPECT_EQ(queued(self), 0);
}

/* As InfluxDB 1.6 does: what is older than its retention policy is not stored, all else is. */
static struct http_answer keep_from(void *data, const char *lines, size_t n)
{
	static char text[128];
	struct fixture_forward *self = data;
	unsigned int beyond = 0;

	for (const char *line = lines; *line; line = strchr(line, '\n') + 1) {
		const char *end = strchr(line, '\n');

		while (end[-1] != ' ')
			end--;
		beyond += atoll(end) < self->refused[0];
	}
	if (!beyond)
		return (struct http_answer){ .status = 204 };
	snprintf(text, sizeof(text),
		 "{\"error\":\"partial write: points beyond retention policy dropped=%u\"}", beyond);
	return (struct http_answer){ .status = 400, .body = text };
}

TEST_F(forward, counts_what_is_beyond_retention)
{
	script(self, keep_from);
	self->refused[0] = RIG_WALL_MS + 130;
	for (int i = 0; i < 4; i++)
		ASSERT_EQ(rig_append(&self->rig, 50), 0);
	self->rig.conf.stores[0].batch_lines = 60;
	start(self);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.delivered, 70);
	EXPECT_EQ(report(self).cursor.dropped_beyond, 130);
	EXPECT_EQ(report(self).cursor.set_aside, 0);
	EXPECT_EQ(http_requests(self->server), 4);
	EXPECT_EQ(self->pauses, 0);
}

/* It says so of what was sampled just now: that must be its own clock. */
TEST_F(forward, keeps_what_is_new_whatever_the_store_says_of_its_age)
{
	struct sample sample = rig_sample(0);

	LOCKED(self, self->status = 422, self->body =
	       "{\"code\":\"unprocessable entity\",\"message\":\"failure writing points to database: "
	       "partial write: points beyond retention policy dropped=1\"}");
	sample.wall_ms = clock_wall_ms();
	ASSERT_EQ(spool_append(self->rig.spool, &sample, 1), 0);
	start(self);
	turn_requests(self, 3);
	EXPECT_EQ(queued(self), 1);
	EXPECT_EQ(report(self).state, STORE_BACKOFF);
	EXPECT_CONTAINS(report(self).error, "samples of this hour are older than it keeps any; check "
			"its clock");
	LOCKED(self, self->status = 204, self->body = NULL);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.delivered, 1);
}

TEST_F(forward, forgets_a_suspicion_that_does_not_come_true)
{
	LOCKED(self, self->status = 400);
	ASSERT_EQ(rig_append(&self->rig, 100), 0);
	start(self);
	turn_once(self);
	LOCKED(self, self->status = 204);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.set_aside, 0);
	ASSERT_EQ(rig_append(&self->rig, 100), 0);
	turn_once(self);
	EXPECT_EQ(queued(self), 0);
	expect_stored(self, 0, 200);
}

TEST_F(forward, goes_slowly_when_everything_is_refused)
{
	struct store_report after;

	deliver_one(self);
	LOCKED(self, self->status = 400);
	ASSERT_EQ(rig_append(&self->rig, 64), 0);
	turn_requests(self, 60);
	after = report(self);
	EXPECT_EQ(after.state, STORE_BACKOFF);
	/* Six or seven requests a line, and a pause after every line but the first. */
	EXPECT_LE(after.cursor.set_aside, 10);
	EXPECT_GE(self->pauses + 1, after.cursor.set_aside);
	EXPECT_GT(self->paused_ms, BACKOFF_MIN_MS);
}

TEST_F(forward, keeps_a_refused_line_that_cannot_be_set_aside)
{
	char path[SCRATCH_PATH_MAX + 64];

	deliver_one(self);
	LOCKED(self, self->status = 400);
	ASSERT_EQ(rig_append(&self->rig, 1), 0);
	snprintf(path, sizeof(path), "%s/state/set-aside/local.lp", self->rig.dir);
	ASSERT_EQ(mkdir(path, 0700), 0);
	turn_requests(self, 1);
	EXPECT_EQ(report(self).state, STORE_BACKOFF);
	EXPECT_EQ(report(self).cursor.set_aside, 0);
	EXPECT_EQ(queued(self), 1);
	EXPECT_CONTAINS(report(self).error, "cannot be set aside");
	rmdir(path);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.set_aside, 1);
}

TEST_F(forward, does_not_glue_to_a_line_that_was_torn)
{
	char path[SCRATCH_PATH_MAX + 64], text[2048];

	deliver_one(self);
	LOCKED(self, self->status = 400);
	ASSERT_EQ(rig_append(&self->rig, 1), 0);
	snprintf(path, sizeof(path), "%s/state/set-aside/local.lp", self->rig.dir);
	scratch_write(path, "# answered 400\nhydropon,cha", 27);
	turn_until_idle(self);
	read_set_aside(self, text, sizeof(text));
	EXPECT_CONTAINS(text, "hydropon,cha\n# answered 400: ");
}

static struct http_answer refuse_long(void *data, const char *lines, size_t n)
{
	struct fixture_forward *self = data;
	size_t count = 0;

	for (const char *c = lines; *c; c++)
		count += *c == '\n';
	return (struct http_answer){ .status = count > self->line_max ? 413 : 204 };
}

TEST_F(forward, sends_less_at_once_to_a_store_that_takes_little)
{
	LOCKED(self, self->line_max = 9);
	script(self, refuse_long);
	ASSERT_EQ(rig_append(&self->rig, 100), 0);
	start(self);
	turn_until_idle(self);
	EXPECT_EQ(self->pauses, 0);
	expect_stored(self, 0, 100);
	/* 100, 50, 25 and 12 are too many; then 6 is taken 17 times, and 12 tried between. */
	EXPECT_LE(http_requests(self->server), 4 + 2 * 17);
	LOCKED(self, self->line_max = 0);
	ASSERT_EQ(rig_append(&self->rig, 1), 0);
	turn_requests(self, 1);
	EXPECT_EQ(queued(self), 1);
	EXPECT_CONTAINS(report(self).error, "too large");
	/* It becomes larger: the lines go all at once again. */
	LOCKED(self, self->line_max = 1000);
	turn_until_idle(self);
	for (int i = 0; i < 9; i++) {
		ASSERT_EQ(rig_append(&self->rig, 1), 0);
		turn_once(self);
	}
	ASSERT_EQ(rig_append(&self->rig, 500), 0);
	turn_once(self);
	EXPECT_EQ(queued(self), 0);
}

TEST_F(forward, sets_nothing_aside_for_a_store_that_takes_no_line)
{
	LOCKED(self, self->status = 400);
	LOCKED(self, self->body = "unsupported path");
	ASSERT_EQ(rig_append(&self->rig, 20), 0);
	start(self);
	turn_requests(self, 60);
	EXPECT_EQ(report(self).cursor.set_aside, 0);
	EXPECT_EQ(queued(self), 20);
	EXPECT_EQ(report(self).state, STORE_BACKOFF);
	EXPECT_CONTAINS(report(self).error, "it refuses every line; check the path of the url");
	EXPECT_GE(self->pauses, 20);
	LOCKED(self, self->status = 204);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.delivered, 20);
}

TEST_F(forward, tries_another_line_before_it_sets_the_first_aside)
{
	LOCKED(self, self->refused[0] = RIG_WALL_MS);
	LOCKED(self, self->refused[1] = RIG_WALL_MS + 1);
	LOCKED(self, self->refused[2] = RIG_WALL_MS + 2);
	script(self, refuse_some);
	ASSERT_EQ(rig_append(&self->rig, 20), 0);
	start(self);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.set_aside, 3);
	EXPECT_EQ(report(self).cursor.delivered, 17);
}

TEST_F(forward, bounds_what_is_set_aside)
{
	char path[SCRATCH_PATH_MAX + 64];

	deliver_one(self);
	snprintf(path, sizeof(path), "%s/state/set-aside/local.lp", self->rig.dir);
	scratch_write(path, "", 0);
	ASSERT_EQ(truncate(path, (16 << 20) - 20), 0);
	LOCKED(self, self->status = 400);
	ASSERT_EQ(rig_append(&self->rig, 1), 0);
	turn_requests(self, 1);
	EXPECT_EQ(report(self).state, STORE_BACKOFF);
	EXPECT_EQ(queued(self), 1);
	EXPECT_CONTAINS(report(self).error, "full");
	EXPECT_EQ(scratch_size(path), (16 << 20) - 20);
	unlink(path);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.set_aside, 1);
}

TEST_F(forward, leaves_no_torn_line_when_the_disk_is_full)
{
	char path[SCRATCH_PATH_MAX + 64];
	struct rlimit limit, old;

	deliver_one(self);
	snprintf(path, sizeof(path), "%s/state/set-aside/local.lp", self->rig.dir);
	scratch_write(path, "", 0);
	ASSERT_EQ(truncate(path, 100000), 0);
	signal(SIGXFSZ, SIG_IGN);
	LOCKED(self, self->status = 400);
	ASSERT_EQ(rig_append(&self->rig, 1), 0);
	ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = 100020;
	ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &limit), 0);
	turn_requests(self, 1);
	EXPECT_EQ(scratch_size(path), 100000);
	EXPECT_EQ(queued(self), 1);
	ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &old), 0);
}

/* Three blocks of a page each, behind a head and the schema; the second cannot be read. */
static void make_unreadable_block(struct fixture_forward *self, int reads)
{
	disk_faults.bad_from = 3 * PAGE_BYTES + 80;
	disk_faults.bad_to = disk_faults.bad_from + 1;
	ASSERT_EQ(rig_append_block(&self->rig, 10), 0);
	ASSERT_EQ(rig_append_block(&self->rig, 200), 0);
	ASSERT_EQ(rig_append_block(&self->rig, 5), 0);
	start(self);
	disk_faults.bad_reads = reads;
}

TEST_F(forward, waits_for_a_place_that_cannot_be_read_for_a_while)
{
	self->rig.conf.stores[0].batch_lines = 10;
	make_unreadable_block(self, 3);
	turn_once(self);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.delivered, 215);
	EXPECT_EQ(report(self).cursor.dropped_corrupt, 0);
	expect_stored(self, 0, 215);
}

TEST_F(forward, counts_what_stays_unreadable_as_dropped)
{
	make_unreadable_block(self, 1000000);
	for (int i = 0; i < 30; i++)
		turn(self);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.delivered, 15);
	EXPECT_EQ(report(self).cursor.dropped_corrupt, 200);
}

/* Numbers of what was stored so far, from @from on; returns how many. */
static size_t stored_numbers(struct fixture_forward *self, uint64_t *numbers, size_t max)
{
	char *line, *end;
	size_t n = 0;

	pthread_mutex_lock(&self->server->lock);
	line = self->server->stored;
	for (; line && (end = strchr(line, '\n')) && n < max; line = end + 1) {
		*end = 0;
		numbers[n++] = (uint64_t)(atoll(strrchr(line, ' ')) - RIG_WALL_MS);
		*end = '\n';
	}
	pthread_mutex_unlock(&self->server->lock);
	return n;
}

/* Each but those that were refused, in whatever order. */
static void expect_each_once(struct fixture_forward *self, uint64_t to)
{
	static uint64_t numbers[20000];
	static uint8_t seen[20000];
	size_t n = stored_numbers(self, numbers, 20000), wrong = 0, refused = 0;

	memset(seen, 0, sizeof(seen));
	for (size_t i = 0; i < 4; i++)
		if (self->refused[i]) {
			seen[self->refused[i] - RIG_WALL_MS] = 1;
			refused++;
		}
	for (size_t i = 0; i < n; i++)
		wrong += numbers[i] >= to || seen[numbers[i]]++;
	EXPECT_EQ(wrong, 0);
	EXPECT_EQ(n + refused, to);
}

/* A bad day: everything at random, by a seed that is told. */
static struct http_answer answer_at_random(void *data, const char *lines, size_t n)
{
	struct fixture_forward *self = data;
	unsigned int dice = (unsigned int)rand_r(&self->random) >> 8;

	switch (dice % 12) {
	case 0:
		return (struct http_answer){ .status = 500 };
	case 1:
		return (struct http_answer){ .closes = true };
	case 2:
		return (struct http_answer){ .status = 200, .body = "log in" };
	case 3:
		return (struct http_answer){ .status = 503, .headers = "Retry-After: 3\r\n" };
	case 4:
		return (struct http_answer){ .status = 404, .breaks_off = true };
	case 5:
		return (struct http_answer){ .status = 413 };
	case 6:
		return (struct http_answer){ .status = 302, .headers = "Location: /\r\n" };
	default:
		return refuse_some(data, lines, n);
	}
}

/* Where a forwarder that has just begun would have to try another line first. */
static bool is_at_refused(struct fixture_forward *self)
{
	int64_t stamp = RIG_WALL_MS + (int64_t)report(self).cursor.passed;

	return stamp == self->refused[0] || stamp == self->refused[1];
}

static void have_a_bad_day(struct fixture_forward *self, unsigned int seed)
{
	struct store_report after;

	LOCKED(self, self->random = seed);
	self->rig.conf.stores[0].batch_lines = 40;
	LOCKED(self, self->refused[0] = RIG_WALL_MS + 17);
	LOCKED(self, self->refused[1] = RIG_WALL_MS + 404);
	script(self, answer_at_random);
	start(self);
	while (self->rig.next < 1000) {
		ASSERT_EQ(rig_append(&self->rig, 1 + (unsigned int)rand_r(&seed) % 30), 0);
		for (unsigned int i = (unsigned int)rand_r(&seed) % 8; i; i--)
			turn(self);
		/* Never while a request is under way: its answer would not be known. */
		if (!(rand_r(&seed) % 10) && !store_is_busy(forward_store(self->forward, 0)) &&
		    !is_at_refused(self))
			restart(self);
	}
	/* What was appended last need not have been looked at yet. */
	turn_until_idle(self);
	after = report(self);
	EXPECT_EQ(after.cursor.delivered, self->rig.next - 2);
	EXPECT_EQ(after.cursor.set_aside, 2);
	EXPECT_EQ(dropped(&after), 0);
	EXPECT_EQ(cursor_produced(&after.cursor), self->rig.next);
	expect_each_once(self, self->rig.next);
}

TEST_F_TIMEOUT(forward, delivers_once_through_a_bad_day, 120)
{
	harness_note("seed 1");
	have_a_bad_day(self, 1);
}

TEST_F_TIMEOUT(forward, delivers_once_through_another_bad_day, 120)
{
	harness_note("seed 20230117");
	have_a_bad_day(self, 20230117);
}

TEST_F(forward, counts_what_is_damaged_in_the_spool_and_goes_on)
{
	struct store_report after;

	ASSERT_EQ(rig_append_block(&self->rig, 10), 0);
	ASSERT_EQ(rig_append_block(&self->rig, 5), 0);
	ASSERT_EQ(rig_append_block(&self->rig, 3), 0);
	rig_damage(self->rig.segment, 3 * PAGE_BYTES + 80);
	start(self);
	turn_until_idle(self);
	after = report(self);
	EXPECT_EQ(after.cursor.delivered, 13);
	EXPECT_EQ(after.cursor.dropped_corrupt, 5);
	EXPECT_EQ(cursor_queued(&after.cursor), 0);
}

/* hydropond still has in memory what the ring lost. */
TEST_F(forward, waits_at_a_damaged_end_for_the_block_of_it)
{
	struct store_report after;
	uint64_t changes;

	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	ASSERT_EQ(rig_append(&self->rig, 5), 0);
	/* The second page of the ring. */
	rig_damage(self->rig.slots, 2 * PAGE_BYTES + 80);
	start(self);
	for (int i = 0; i < 20; i++)
		turn(self);
	after = report(self);
	EXPECT_EQ(after.cursor.delivered, 10);
	EXPECT_EQ(cursor_queued(&after.cursor), 5);
	EXPECT_EQ(after.state, STORE_WAITING);
	changes = store_changes(forward_store(self->forward, 0));
	turn(self);
	turn(self);
	EXPECT_EQ(store_changes(forward_store(self->forward, 0)), changes);
	rig_block(&self->rig);
	turn_until_idle(self);
	after = report(self);
	EXPECT_EQ(after.cursor.delivered, 15);
	EXPECT_EQ(after.cursor.dropped_corrupt, 0);
	EXPECT_EQ(after.state, STORE_OK);
	expect_stored(self, 0, 15);
}

TEST_F(forward, counts_as_dropped_what_was_queued_in_a_replaced_spool)
{
	char moved[SCRATCH_PATH_MAX + 64];
	struct store_report after;

	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	start(self);
	turn_until_idle(self);
	LOCKED(self, self->status = 500);
	ASSERT_EQ(rig_append(&self->rig, 5), 0);
	turn_requests(self, 1);
	rig_close(&self->rig);
	snprintf(moved, sizeof(moved), "%s.moved", self->rig.folder);
	ASSERT_EQ(rename(self->rig.folder, moved), 0);
	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 4), 0);
	LOCKED(self, self->status = 204);
	turn_until_idle(self);
	after = report(self);
	EXPECT_EQ(after.cursor.dropped_replaced, 5);
	EXPECT_EQ(after.cursor.delivered, 14);
	EXPECT_EQ(cursor_produced(&after.cursor), 19);
	restart(self);
	turn(self);
	EXPECT_EQ(produced(self), 19);
}

/* Whatever its status says: who does that is no store. */
TEST_F(forward, reads_no_answer_without_an_end)
{
	static char body[3 << 20];

	memset(body, 'x', sizeof(body) - 1);
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	start(self);
	LOCKED(self, self->status = 400; self->body = body);
	turn_requests(self, 1);
	EXPECT_CONTAINS(report(self).error, "answer goes on without an end");
	EXPECT_LT(report(self).cursor.allowance.bytes, sizeof(body) - (1 << 20));
	EXPECT_EQ(queued(self), 10);
	LOCKED(self, self->status = 204; self->body = NULL);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.delivered, 10);
}

/* A store that is down for longer than the spool is long. */
TEST_F(forward, counts_as_dropped_what_went_for_room)
{
	struct store_report after;
	uint64_t first;

	rig_close(&self->rig);
	self->rig.conf.spool_max_bytes = SPOOL_MIN_BYTES;
	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	start(self);
	turn_until_idle(self);
	LOCKED(self, self->status = 500);
	while (!(first = rig_read(&self->rig).first))
		for (int i = 0; i < 40; i++) {
			ASSERT_EQ(rig_append_block(&self->rig, 100), 0);
			turn(self);
		}
	LOCKED(self, self->status = 204);
	turn(self);
	turn_until_idle(self);
	turn_until_idle(self);
	after = report(self);
	EXPECT_EQ(after.cursor.dropped_full, first - 10);
	EXPECT_EQ(after.cursor.delivered, 10 + self->rig.next - first);
	EXPECT_EQ(after.cursor.dropped_corrupt, 0);
	EXPECT_EQ(cursor_produced(&after.cursor), self->rig.next);
}

static void add_event(struct fixture_forward *self, const char *subject)
{
	struct point point = point_new(POINT_EVENT);
	uint8_t bytes[NOTE_BYTES_MAX];

	point.boot_ns = self->rig.next * NS_PER_MS;
	point.wall_ms = RIG_WALL_MS + (int64_t)self->rig.next;
	point_tag(&point, "event", "trip");
	point_tag(&point, "subject", subject);
	point_field(&point, "on", 0);
	ASSERT_EQ(spool_note(self->rig.spool, bytes, point_put(bytes, &point)), 0);
}

/* And still it has every event of that time. */
TEST_F(forward, delivers_events_of_what_went_for_room)
{
	struct store_report after;
	uint64_t first;

	rig_close(&self->rig);
	self->rig.conf.spool_max_bytes = SPOOL_MIN_BYTES;
	rig_open(&self->rig);
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	add_event(self, "seen-before");
	start(self);
	turn_until_idle(self);
	LOCKED(self, self->status = 500);
	add_event(self, "pump-a");
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	add_event(self, "pump-b");
	while (!(first = rig_read(&self->rig).first))
		for (int i = 0; i < 40; i++)
			ASSERT_EQ(rig_append_block(&self->rig, 100), 0);
	/* It is over, but the first two segments have gone. */
	while (rig_read(&self->rig).first == first)
		ASSERT_EQ(rig_append_block(&self->rig, 100), 0);
	turn(self);
	LOCKED(self, self->status = 204);
	for (int i = 0; i < 8; i++)
		turn_until_idle(self);
	EXPECT_TRUE(was_stored(self, "subject=pump-a "));
	EXPECT_TRUE(was_stored(self, "subject=pump-b "));
	after = report(self);
	EXPECT_GT(after.cursor.dropped_full, 10);
	EXPECT_EQ(after.cursor.dropped_corrupt, 0);
	EXPECT_EQ(cursor_queued(&after.cursor), 0);
	EXPECT_EQ(after.cursor.delivered + after.cursor.dropped_full, self->rig.next);
	EXPECT_EQ(cursor_produced(&after.cursor), self->rig.next);
}

/* /run was full for long, so the mark is older than the oldest segment. */
TEST_F(forward, waits_for_a_mark_that_is_older_than_all_there_is)
{
	static struct sample batch[SPOOL_BATCH_SAMPLES];
	struct journal_mark old;
	struct store_report now;
	unsigned int random = 1;

	rig_close(&self->rig);
	self->rig.conf.spool_max_bytes = SPOOL_MIN_BYTES;
	rig_open(&self->rig);
	ASSERT_EQ(rig_append_block(&self->rig, 90), 0);
	ASSERT_EQ(spool_mark_read(self->rig.conf.run_dir, &old), 0);
	for (uint64_t n = 0; n < 400000; n += SPOOL_BATCH_SAMPLES) {
		for (size_t i = 0; i < SPOOL_BATCH_SAMPLES; i++) {
			batch[i] = rig_sample(self->rig.next + i);
			batch[i].raw = (int32_t)((uint32_t)rand_r(&random) * 2);
			batch[i].wall_ms += rand_r(&random);
		}
		ASSERT_EQ(spool_append(self->rig.spool, batch, SPOOL_BATCH_SAMPLES), 0);
		self->rig.next += SPOOL_BATCH_SAMPLES;
		spool_tend(self->rig.spool, clock_boot_ns());
	}
	ASSERT_EQ(spool_mark_publish(self->rig.conf.run_dir, &old), 0);
	start(self);
	for (int i = 0; i < 50; i++)
		turn(self);
	now = report(self);
	EXPECT_LE(cursor_queued(&now.cursor), self->rig.next);
	EXPECT_LE(cursor_produced(&now.cursor), self->rig.next);
	EXPECT_LE(now.cursor.passed, now.cursor.known);
	EXPECT_EQ(now.state, STORE_WAITING);
	EXPECT_CONTAINS(now.error, "run directory");
	/* What it leaves must be a cursor. */
	restart(self);
	for (int i = 0; i < 5; i++)
		turn(self);
}

static bool has_stored(struct fixture_forward *self, uint64_t number)
{
	static uint64_t numbers[20000];
	size_t n = stored_numbers(self, numbers, 20000);

	for (size_t i = 0; i < n; i++)
		if (numbers[i] == number)
			return true;
	return false;
}

/* A store that was down, and comes back with much to be sent. */
static void make_backlog(struct fixture_forward *self, unsigned int samples)
{
	self->rig.conf.stores[0].batch_lines = 50;
	deliver_one(self);
	LOCKED(self, self->status = 500);
	for (unsigned int i = 0; i < samples; i += 10)
		ASSERT_EQ(rig_append(&self->rig, 10), 0);
	rig_block(&self->rig);
	turn_requests(self, 1);
	LOCKED(self, self->status = 204);
	turn_once(self);
}

TEST_F(forward, sends_what_is_new_before_what_is_old)
{
	uint64_t late = 0, newest = 0;
	unsigned int wanted;

	make_backlog(self, 5000);
	for (int i = 0; i < 15; i++) {
		turn(self);
		newest = self->rig.next;
		ASSERT_EQ(rig_append(&self->rig, 5), 0);
		self->now_ns += TURN_NS;
		/* The one that is under way, one more of old ones, and then it. */
		wanted = http_requests(self->server) + 3;
		for (int j = 0; j < 1000 && http_requests(self->server) < wanted; j++)
			turn(self);
		late += !has_stored(self, newest);
	}
	EXPECT_EQ(late, 0);
	EXPECT_GT(queued(self), 500);
	/* Its place is kept over a restart. */
	finish_request(self);
	restart(self);
	turn_until_idle(self);
	expect_each_once(self, self->rig.next);
	EXPECT_EQ(report(self).cursor.delivered, self->rig.next);
	EXPECT_EQ(report(self).cursor.ranges_n, 0);
}

TEST_F(forward, finds_a_refused_line_of_what_is_new_in_its_turn)
{
	make_backlog(self, 2000);
	turn(self);
	LOCKED(self, self->refused[0] = RIG_WALL_MS + (int64_t)self->rig.next + 2);
	script(self, refuse_some);
	ASSERT_EQ(rig_append(&self->rig, 5), 0);
	self->now_ns += TURN_NS;
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.set_aside, 1);
	EXPECT_EQ(report(self).cursor.delivered, self->rig.next - 1);
}

TEST_F(forward, delivers_all_once_through_many_outages)
{
	unsigned int seed = 5;

	harness_note("seed %u", seed);
	make_backlog(self, 2000);
	while (self->rig.next < 12000) {
		LOCKED(self, self->status = rand_r(&seed) % 3 ? 204 : 503);
		for (int i = 0; i < 6; i++) {
			ASSERT_EQ(rig_append(&self->rig, 1 + (size_t)rand_r(&seed) % 100), 0);
			turn(self);
			turn(self);
		}
		if (!(rand_r(&seed) % 8))
			rig_block(&self->rig);
		/* Never while a request is under way: its answer would not be known. */
		if (!(rand_r(&seed) % 10) && !store_is_busy(forward_store(self->forward, 0)))
			restart(self);
	}
	LOCKED(self, self->status = 204);
	turn(self);
	turn_until_idle(self);
	turn_until_idle(self);
	expect_each_once(self, self->rig.next);
	EXPECT_EQ(report(self).cursor.delivered, self->rig.next);
}

TEST_F(forward, sends_all_again_when_its_cursor_is_damaged)
{
	char path[SCRATCH_PATH_MAX + 64];
	struct store_report after;

	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	start(self);
	turn_until_idle(self);
	snprintf(path, sizeof(path), "%s/state/cursors/local", self->rig.dir);
	rig_damage(path, 20);
	restart(self);
	turn_until_idle(self);
	after = report(self);
	EXPECT_EQ(after.cursor.delivered, 10);
	EXPECT_EQ(http_requests(self->server), 2);
	snprintf(path, sizeof(path), "%s/state/cursors/local.corrupt", self->rig.dir);
	EXPECT_EQ(scratch_size(path), 648);
}

TEST_F(forward, tells_of_a_sum_that_does_not_add_up)
{
	struct cursor cursor;
	char path[CONF_PATH_MAX + 64];
	int log;

	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	start(self);
	turn_until_idle(self);
	forward_free(self->forward);
	self->forward = NULL;
	snprintf(path, sizeof(path), "%s/cursors/local", self->rig.conf.state_dir);
	ASSERT_EQ(cursor_load(path, &cursor), 0);
	EXPECT_EQ(cursor_uncounted(&cursor), 0);
	cursor.delivered -= 3;
	EXPECT_EQ(cursor_uncounted(&cursor), 3);
	ASSERT_EQ(cursor_save(path, &cursor), 0);
	log = catch_log();
	start(self);
	for (int i = 0; i < 10; i++) {
		forward_turn(self->forward, true, self->now_ns);
		self->now_ns += TURN_NS;
	}
	EXPECT_EQ(logged(log, "its sum does not add up: 3 samples"), 1);
	close(log);
}

TEST_F(forward, sends_all_again_when_its_cursor_fits_nowhere)
{
	char path[SCRATCH_PATH_MAX + 64];
	struct cursor cursor;
	struct store_report after;

	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	self->rig.conf.stores[0].batch_lines = 5;
	start(self);
	turn_once(self);
	forward_free(self->forward);
	self->forward = NULL;
	snprintf(path, sizeof(path), "%s/state/cursors/local", self->rig.dir);
	ASSERT_EQ(cursor_load(path, &cursor), 0);
	cursor.record++;
	ASSERT_EQ(cursor_save(path, &cursor), 0);
	start(self);
	turn_until_idle(self);
	after = report(self);
	EXPECT_EQ(after.cursor.delivered, 25);
	EXPECT_EQ(cursor_produced(&after.cursor), 25);
	EXPECT_EQ(dropped(&after), 0);
}

TEST_F(forward, delivers_although_its_cursor_cannot_be_written)
{
	char path[SCRATCH_PATH_MAX + 64];

	start(self);
	snprintf(path, sizeof(path), "%s/state/cursors/local.new", self->rig.dir);
	ASSERT_EQ(mkdir(path, 0700), 0);
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.delivered, 10);
	EXPECT_EQ(report(self).state, STORE_OK);
	EXPECT_CONTAINS(report(self).error, "cursor cannot be written");
	rmdir(path);
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	turn_requests(self, 1);
	EXPECT_TRUE(report(self).error == NULL);
}

TEST_F(forward, leaves_out_values_that_are_no_numbers_and_counts_them)
{
	struct sample sample = rig_sample(0);

	sample.value = 0.0 / 0.0;
	ASSERT_EQ(spool_append(self->rig.spool, &sample, 1), 0);
	start(self);
	LOCKED(self, self->status = 500);
	turn_requests(self, 3);
	LOCKED(self, self->status = 204);
	turn_until_idle(self);
	EXPECT_EQ(report(self).not_finite, 1);
	EXPECT_TRUE(was_stored(self, ",unit=pH q=0i 1690000000000\n"));
}

TEST_F(forward, works_alone)
{
	start(self);
	EXPECT_TRUE(forward_new(&self->rig.conf) == NULL);
}

TEST_F(forward, delivers_to_one_store_while_another_is_down)
{
	struct store_report up, down;

	self->rig.conf.stores_n = 2;
	self->rig.conf.stores[1] = self->rig.conf.stores[0];
	snprintf(self->rig.conf.stores[1].name, HYDROPON_NAME_MAX, "remote");
	/* Nothing listens on port 1. */
	snprintf(self->rig.conf.stores[1].url, CONF_URL_MAX, "http://127.0.0.1:1/write");
	for (int i = 0; i < 10; i++)
		ASSERT_EQ(rig_append(&self->rig, 10), 0);
	start(self);
	for (int i = 0; i < 20; i++)
		turn(self);
	store_report(forward_store(self->forward, 0), 0, &up);
	store_report(forward_store(self->forward, 1), 0, &down);
	EXPECT_EQ(up.cursor.delivered, 100);
	EXPECT_EQ(down.cursor.delivered, 0);
	EXPECT_EQ(cursor_queued(&down.cursor), 100);
	EXPECT_EQ(down.state, STORE_BACKOFF);
	expect_stored(self, 0, 100);
}

TEST_F(forward, delivers_to_one_store_while_the_cursor_of_another_is_unreadable)
{
	char path[SCRATCH_PATH_MAX + 64];
	struct store_report other;

	self->rig.conf.stores_n = 2;
	self->rig.conf.stores[1] = self->rig.conf.stores[0];
	snprintf(self->rig.conf.stores[1].name, HYDROPON_NAME_MAX, "remote");
	snprintf(path, sizeof(path), "%s/state/cursors", self->rig.dir);
	ASSERT_EQ(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/state/cursors/remote", self->rig.dir);
	ASSERT_EQ(mkdir(path, 0700), 0);
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	start(self);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.delivered, 10);
	store_report(forward_store(self->forward, 1), 0, &other);
	EXPECT_EQ(other.state, STORE_BACKOFF);
	EXPECT_CONTAINS(other.error, "cursors/remote cannot be used");
	rmdir(path);
	self->now_ns += 60 * NS_PER_SEC;
	for (int i = 0; i < 20; i++) {
		turn(self);
		forward_wait(self->forward, -1, 100);
	}
	store_report(forward_store(self->forward, 1), 0, &other);
	EXPECT_EQ(other.cursor.delivered, 10);
}

TEST_F(forward, sends_nothing_new_while_it_stops)
{
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	start(self);
	for (int i = 0; i < 5; i++)
		forward_turn(self->forward, false, self->now_ns += TURN_NS);
	EXPECT_FALSE(forward_is_busy(self->forward));
	EXPECT_EQ(http_requests(self->server), 0);
}

static struct json_object *read_report(struct fixture_forward *self, char *text, size_t size)
{
	char path[SCRATCH_PATH_MAX + 32];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/run/forward/forward.json", self->rig.dir);
	n = scratch_read(path, text, size - 1);
	text[n > 0 ? n : 0] = 0;
	return json_tokener_parse(text);
}

static const char *text_of(struct json_object *object, const char *key)
{
	return json_object_get_string(json_object_object_get(object, key));
}

TEST_F(forward, tells_what_it_does_and_no_secrets)
{
	struct json_object *root, *store;
	char text[4096], url[64];

	LOCKED(self, self->status = 404);
	/* What VictoriaMetrics and proxies do. */
	LOCKED(self, self->body = "no /write?db=tank&p=s3cret&precision=ms for grower, "
				  "Basic Z3Jvd2VyOnMzY3JldA==");
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	start(self);
	turn_requests(self, 1);
	turn(self);
	root = read_report(self, text, sizeof(text));
	ASSERT_TRUE(root != NULL);
	EXPECT_TRUE(strstr(text, "s3cret") == NULL);
	EXPECT_TRUE(strstr(text, "grower") == NULL);
	EXPECT_TRUE(strstr(text, "Z3Jvd2Vy") == NULL);
	EXPECT_TRUE(strstr(text, "tank") == NULL);
	EXPECT_EQ(json_object_get_int64(json_object_object_get(root, "pid")), getpid());
	EXPECT_NEAR((double)json_object_get_int64(json_object_object_get(root, "updated_ms")),
		    (double)clock_wall_ms(), 10000);
	store = json_object_array_get_idx(json_object_object_get(root, "stores"), 0);
	snprintf(url, sizeof(url), "http://127.0.0.1:%u/write", self->server->port);
	EXPECT_STREQ(text_of(store, "url"), url);
	EXPECT_STREQ(text_of(store, "name"), "local");
	EXPECT_STREQ(text_of(store, "state"), "backoff");
	EXPECT_CONTAINS(text_of(store, "last_error"), "create the database");
	EXPECT_STREQ(text_of(store, "produced"), "10");
	EXPECT_STREQ(text_of(store, "queued"), "10");
	EXPECT_STREQ(text_of(store, "delivered"), "0");
	EXPECT_STREQ(text_of(store, "set_aside"), "0");
	EXPECT_STREQ(text_of(store, "dropped"), "{ }");
	EXPECT_GT(json_object_get_int64(json_object_object_get(store, "lag_ms")), 0);
	EXPECT_TRUE(text_of(store, "last_ok_ms") == NULL);
	json_object_put(root);

	LOCKED(self, self->status = 204);
	turn_until_idle(self);
	turn(self);
	root = read_report(self, text, sizeof(text));
	store = json_object_array_get_idx(json_object_object_get(root, "stores"), 0);
	EXPECT_STREQ(text_of(store, "state"), "ok");
	EXPECT_TRUE(text_of(store, "last_error") == NULL);
	EXPECT_STREQ(text_of(store, "delivered"), "10");
	EXPECT_STREQ(text_of(store, "lag_ms"), "0");
	EXPECT_TRUE(text_of(store, "last_ok_ms") != NULL);
	json_object_put(root);
}

TEST_F(forward, waits_for_more_when_it_may)
{
	struct conf_store *conf = &self->rig.conf.stores[0];

	conf->send_every_ms = 10000;
	conf->batch_lines = 100;
	ASSERT_EQ(rig_append(&self->rig, 3), 0);
	start(self);
	turn_until_idle(self);
	EXPECT_EQ(http_requests(self->server), 1);
	for (int i = 0; i < 5; i++) {
		ASSERT_EQ(rig_append(&self->rig, 3), 0);
		turn(self);
	}
	EXPECT_EQ(http_requests(self->server), 1);
	self->now_ns += 10 * NS_PER_SEC;
	turn_until_idle(self);
	EXPECT_EQ(http_requests(self->server), 2);
	/* What fills a batch goes at once. */
	ASSERT_EQ(rig_append(&self->rig, 200), 0);
	turn_requests(self, 2);
	EXPECT_EQ(queued(self), 0);
}

TEST_F(forward, begins_with_what_comes_now)
{
	self->rig.conf.stores[0].begins_at_oldest = false;
	ASSERT_EQ(rig_append(&self->rig, 30), 0);
	start(self);
	for (int i = 0; i < 5; i++)
		turn(self);
	EXPECT_EQ(http_requests(self->server), 0);
	restart(self);
	ASSERT_EQ(rig_append(&self->rig, 5), 0);
	turn(self);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.delivered, 5);
	EXPECT_EQ(produced(self), 5);
	expect_stored(self, 30, 35);
}

TEST(pauses_within_their_limits)
{
	struct backoff backoff = { .random = 1 };
	uint32_t full_ms = BACKOFF_MIN_MS;

	for (int i = 0; i < 1000; i++) {
		uint32_t wait_ms = backoff_fail_ms(&backoff, 0);

		EXPECT_GE(wait_ms, BACKOFF_MIN_MS);
		EXPECT_LE(wait_ms, full_ms);
		EXPECT_GE(wait_ms, full_ms / 2);
		full_ms = full_ms * 2 < BACKOFF_MAX_MS ? full_ms * 2 : BACKOFF_MAX_MS;
	}
}
