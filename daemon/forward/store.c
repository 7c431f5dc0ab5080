// SPDX-License-Identifier: GPL-2.0-only
#include "forward/store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "forward/backoff.h"
#include "forward/endpoint.h"
#include "forward/parcel.h"
#include "forward/post.h"
#include "forward/secret.h"
#include "forward/set_aside.h"

#define STORE_PATH_MAX (CONF_PATH_MAX + 64)
#define SET_ASIDE_TOLD_EVERY_NS (60 * NS_PER_SEC)
/* A place that cannot be read so often, with pauses between, is taken for damaged. */
#define UNREADABLE_TRIES 5
/* The writer may be faster than a reader for some turns, but not for long. */
#define STALE_TRIES 10
#define HOLES_MAX 1000		/* that are passed in a turn */
#define CLOCK_EVERY_NS NS_PER_SEC
/* So much of what refused requests carried may be forgotten by a restart. */
#define UNSAVED_BYTES_MAX 65536
#define HOUR_MS 3600000
#define DAY_MS (24 * HOUR_MS)
#define DAY_NS (24 * 3600 * NS_PER_SEC)
#define EXPIRES_SOON_MS (21LL * DAY_MS)

struct store {
	const struct conf_store *conf;
	struct store_tools *tools;
	char public_url[CONF_URL_MAX];
	char cursor_path[STORE_PATH_MAX], set_aside_path[STORE_PATH_MAX];
	struct cursor cursor;
	bool is_loaded;			/* the cursor; nothing is done before */
	bool is_lost;			/* its cursor was damaged: all is sent again */
	unsigned int unreadable;	/* tries in a row to read there that gave EIO */
	uint64_t rewound_from;		/* a place where the cursor did not fit, and 1; 0: none */
	unsigned int stale;		/* tries in a row that gave nothing, though there is more */

	struct canary *canary;
	struct post *post;
	bool is_busy;
	struct parcel parcel;		/* under way, or the newest */
	size_t limit;			/* lines in a request; 413 lowers it, 204 raises it */
	size_t suspects;		/* next so many lines, one of which is refused */
	unsigned int refused_in_row;	/* set aside since anything was stored */
	bool has_accepted;		/* anything since start: its path is right */
	/* What is new goes first while more is queued than two batches hold. */
	bool has_live;			/* it begins here: */
	uint64_t live_record, live_passed;
	bool is_live;			/* the parcel is of it */
	bool was_live;			/* the one before was */
	bool is_in_order;		/* it was refused: all in its order until that is over */
	bool is_probe;			/* the parcel is a line behind one that was refused */
	uint64_t probe_at;		/* so many lines behind it, 0: no probe is to be sent */
	uint64_t probe_next;

	struct backoff backoff;
	uint64_t retry_ns;
	uint64_t send_ns;		/* when to send what is less than a batch */
	uint64_t begun_ns;		/* when the newest request began */
	uint64_t drain_ns;		/* when the next of what has waited may begin */
	uint64_t unsaved_bytes;		/* counted, and not in the file of the cursor */
	bool waits_for_month;		/* its data budget is spent */
	bool is_month_told;		/* that only what is new is sent */
	uint64_t set_aside_told_ns, beyond_told_ns, expiry_told_ns;
	enum store_state state;
	char error[384];
	uint64_t changes;
	uint64_t not_finite;
	uint64_t untold_full;		/* dropped for room, since that was told */
	bool is_undated_told;
	bool is_uncounted_told;
	bool waits_for_clock;
	bool is_oldest_known;		/* of the queued ones: */
	int64_t oldest_wall_ms;
	int64_t last_ok_ms;
};

static void set_state(struct store *store, enum store_state state, const char *error)
{
	if (state == store->state && !strcmp(error, store->error))
		return;
	if (*error && strcmp(error, store->error))
		log_warning("store %s, %s: %s; %llu samples wait in the spool", store->conf->name,
			    store->public_url, error,
			    (unsigned long long)cursor_queued(&store->cursor));
	else if (!*error && store->state == STORE_BACKOFF)
		log_notice("store %s, %s: takes samples again", store->conf->name,
			   store->public_url);
	store->state = state;
	snprintf(store->error, sizeof(store->error), "%s", error);
	store->changes++;
}

static void back_off(struct store *store, const char *error, uint64_t retry_after_s,
		     uint64_t now_ns)
{
	store->retry_ns = now_ns + backoff_fail_ms(&store->backoff, retry_after_s) * NS_PER_MS;
	set_state(store, STORE_BACKOFF, error);
}

/*
 * A cursor that cannot be written keeps nothing back: what was stored is then only
 * sent once more after a restart. Returns the sentence for the report.
 */
static const char *save_cursor(struct store *store, char *out, size_t size)
{
	int error = cursor_save(store->cursor_path, &store->cursor);

	store->changes++;
	if (!error)
		store->unsaved_bytes = 0;
	*out = 0;
	if (error)
		snprintf(out, size, "its cursor cannot be written: %s; a restart of the forwarder "
			 "would send again what was delivered since. Check the disk and the owner "
			 "of the cursors directory", strerror(-error));
	return out;
}

static void save_cursor_and_tell(struct store *store)
{
	char error[sizeof(store->error)];

	set_state(store, store->state, save_cursor(store, error, sizeof(error)));
}

static int load_cursor(struct store *store)
{
	char bad_path[STORE_PATH_MAX + 16];
	int error = cursor_load(store->cursor_path, &store->cursor);

	if (error == -ENOENT)
		return 0;
	if (error == -EBADMSG) {
		snprintf(bad_path, sizeof(bad_path), "%s.corrupt", store->cursor_path);
		log_error("store %s: the cursor %s is damaged. It was moved to %s, and everything "
			  "in the spool is sent again; check the disk (dmesg, fsck)",
			  store->conf->name, store->cursor_path, bad_path);
		store->cursor = (struct cursor){ 0 };
		store->is_lost = true;
		if (rename(store->cursor_path, bad_path))
			return -errno;
		return 0;
	}
	return error;
}

static void name_paths(struct store *store)
{
	const char *state_dir = store->tools->conf->state_dir;

	snprintf(store->cursor_path, sizeof(store->cursor_path), "%s/cursors/%s", state_dir,
		 store->conf->name);
	snprintf(store->set_aside_path, sizeof(store->set_aside_path), "%s/set-aside/%s.lp",
		 state_dir, store->conf->name);
}

/* What one store cannot have must not keep the others from theirs: it is tried again. */
static bool load(struct store *store, uint64_t now_ns)
{
	char sentence[sizeof(store->error)], dir[CONF_PATH_MAX + 16];
	const char *failed = dir;
	int error;

	if (now_ns < store->retry_ns)
		return false;
	snprintf(dir, sizeof(dir), "%s/set-aside", store->tools->conf->state_dir);
	error = dir_make(dir);
	if (!error) {
		failed = store->cursor_path;
		error = load_cursor(store);
	}
	if (error) {
		snprintf(sentence, sizeof(sentence), "%.200s cannot be used: %.60s; make it belong to the "
			 "user that hydropon-forward runs as, and check the disk", failed,
			 strerror(-error));
		back_off(store, sentence, 0, now_ns);
		return false;
	}
	store->is_loaded = true;
	store->retry_ns = 0;
	backoff_succeed(&store->backoff);
	set_state(store, STORE_OK, "");
	return true;
}

static void on_finished(void *owner, CURLcode code, uint64_t now_ns);

struct store *store_new(const struct conf_store *conf, struct store_tools *tools, uint32_t random)
{
	struct store *store = calloc(1, sizeof(*store));
	char url[ENDPOINT_URL_MAX];

	if (!store)
		goto err_tell;
	store->conf = conf;
	store->tools = tools;
	store->limit = conf->batch_lines;
	store->backoff.random = random;
	store->probe_next = 1;
	secret_public_url(conf->url, store->public_url, sizeof(store->public_url));
	name_paths(store);
	endpoint_url(conf, url);
	store->post = post_new(tools->multi, conf, url, on_finished, store);
	store->canary = canary_new(tools->multi, tools->packing.gzip, tools->conf, conf, url);
	if (store->post && store->canary) {
		load(store, 0);
		return store;
	}

err_tell:
	log_error("store %s: out of memory, or its url is none that can be used: check it",
		  conf->name);
	store_free(store);
	return NULL;
}

void store_free(struct store *store)
{
	if (!store)
		return;
	post_free(store->post);
	canary_free(store->canary);
	free(store->parcel.body.bytes);
	free(store);
}

/* What is in the spool no more, the store will never have. */
static void drop(struct store *store, const struct journal_hole *hole)
{
	struct cursor *cursor = &store->cursor;
	uint64_t lost = cursor_drop(cursor, hole->end, hole->samples_end);

	*(hole->is_given_up ? &cursor->dropped_full : &cursor->dropped_corrupt) += lost;
	store->is_oldest_known = false;
	store->changes++;
	if (hole->is_given_up) {
		store->untold_full += lost;
		return;
	}
	if (!lost)
		return;
	log_error("store %s: the spool is damaged; %llu samples cannot be read and count as dropped "
		  "(spool corrupt). Check the disk (dmesg, fsck)", store->conf->name,
		  (unsigned long long)lost);
	save_cursor_and_tell(store);
}

/* Once it is passed: there are events in it that were kept, and each ends a hole. */
static void tell_full(struct store *store)
{
	if (!store->untold_full)
		return;
	log_error("store %s: %llu samples had to go to keep the spool within max-bytes before this "
		  "store took them; they count as dropped (spool full)", store->conf->name,
		  (unsigned long long)store->untold_full);
	store->untold_full = 0;
	save_cursor_and_tell(store);
}

/* Sent again to no avail: what the spool counts before this place is right. */
static void adopt(struct store *store, uint64_t passed)
{
	struct cursor *cursor = &store->cursor;

	cursor_forget_ranges(cursor);
	if (passed > cursor->passed)
		cursor->dropped_corrupt += passed - cursor->passed;
	else
		cursor->earlier += cursor->passed - passed;
	if (cursor->start > passed) {
		cursor->earlier -= cursor->start - passed;
		cursor->start = passed;
	}
	cursor->passed = passed;
	if (cursor->known < passed)
		cursor->known = passed;
	save_cursor_and_tell(store);
}

static void rewind_cursor(struct store *store, const struct spool_view *view)
{
	store->rewound_from = store->cursor.record + 1;
	cursor_rewind(&store->cursor, view);
	store->is_oldest_known = false;
	log_warning("store %s: its cursor fits no place in this spool; all of the spool is sent "
		    "again", store->conf->name);
	save_cursor_and_tell(store);
}

static int pass_unreadable(struct store *store, struct spool_batch *batch,
			   struct journal_hole *hole)
{
	int error = spool_reader_pass(store->tools->packing.reader, store->cursor.record, batch,
				      hole);

	if (error == -ENODATA)
		drop(store, hole);
	return error;
}

/* Brings the cursor to records that it fits. 0, or -errno: nothing to send now. */
static int place_cursor(struct store *store, const struct spool_view *view)
{
	struct spool_reader *reader = store->tools->packing.reader;
	struct cursor *cursor = &store->cursor;
	struct journal_hole hole;
	struct spool_batch batch;
	uint64_t passed;
	int error, holes = 0;

	do {
		error = spool_reader_get(reader, cursor->record, &batch, &hole);
		if (error == -ENODATA)
			drop(store, &hole);
	} while (error == -ENODATA && hole.is_given_up && ++holes < HOLES_MAX);
	if (error == -EIO && ++store->unreadable >= UNREADABLE_TRIES)
		error = pass_unreadable(store, &batch, &hole);
	if (error != -EIO)
		store->unreadable = 0;
	store->stale = error == -EAGAIN && cursor->record < view->records ? store->stale + 1 : 0;
	if (error == -ENODATA)
		return -EAGAIN;
	if (cursor->record >= view->first)
		tell_full(store);
	if (error)
		return error;
	passed = pending_samples(batch.records, 0, (uint32_t)(cursor->record - batch.first));
	passed += batch.before;
	if (passed == cursor->passed)
		return 0;
	if (store->rewound_from == cursor->record + 1)
		adopt(store, passed);
	else
		rewind_cursor(store, view);
	return -EAGAIN;
}

static size_t next_limit(const struct store *store)
{
	size_t half = store->suspects > 1 ? store->suspects / 2 : store->suspects;

	return half && half < store->limit ? half : store->limit;
}

/* Where what is new begins, or that it has no lane of its own now. */
static void follow_live(struct store *store, const struct spool_view *view)
{
	const struct cursor *cursor = &store->cursor;
	const uint64_t batch = store->conf->batch_lines;
	const struct cursor_range *last = cursor->ranges_n ?
		&cursor->ranges[cursor->ranges_n - 1] : NULL;

	if (cursor_queued(cursor) <= batch)
		store->is_in_order = false;
	/* It was caught up with, or has itself fallen behind. */
	if (store->has_live && (cursor->record >= store->live_record ||
				view->samples - store->live_passed > 2 * batch))
		store->has_live = false;
	if (store->has_live || store->is_in_order || store->suspects || store->probe_at ||
	    !store->has_accepted || cursor_queued(cursor) <= 2 * batch)
		return;
	store->live_record = view->records;
	store->live_passed = view->samples;
	if (last && view->samples - last->passed_end <= batch) {
		store->live_record = last->end;
		store->live_passed = last->passed_end;
	}
	store->has_live = cursor_may_deliver_ahead(cursor, store->live_record);
}

/* Every other request may be of what is new. */
static bool is_live_next(const struct store *store, const struct spool_view *view)
{
	return store->has_live && !store->was_live && !store->suspects && !store->probe_at &&
	       view->records > store->live_record;
}

/* Told once: it may be many, and all for one reason. */
static void count_left_out(struct store *store)
{
	store->not_finite += store->parcel.not_finite;
	if (!store->parcel.undated)
		return;
	if (!store->is_undated_told)
		log_warning("store %s: samples of a boot in which the clock was never set have no "
			    "date, and count as dropped (no date). They stay in the spool: "
			    "hydroponctl spool export shows them; estimate = yes in [time] would "
			    "send such by what the clock said", store->conf->name);
	store->is_undated_told = true;
	store->cursor.dropped_undated += store->parcel.undated;
}

/* The cursor passes the parcel, whose samples were counted already. */
static void pass_parcel(struct store *store)
{
	if (store->cursor.known < store->parcel.passed)
		store->cursor.known = store->parcel.passed;
	cursor_move(&store->cursor, store->parcel.record, store->parcel.passed);
	count_left_out(store);
	store->is_oldest_known = false;
}

static void pass_live(struct store *store)
{
	const struct cursor_range range = {
		store->live_record, store->parcel.record, store->live_passed, store->parcel.passed,
	};

	cursor_deliver_ahead(&store->cursor, &range);
	store->live_record = range.end;
	store->live_passed = range.passed_end;
	count_left_out(store);
}

/* Nothing is sent with a stamp that would have to be taken back. */
static void wait_for_clock(struct store *store, uint64_t now_ns)
{
	store->waits_for_clock = true;
	store->retry_ns = now_ns + CLOCK_EVERY_NS;
	set_state(store, STORE_WAITING, "waiting for the clock, which was not set since boot; see "
		  "timedatectl. Where no time server can be reached, set it by hand and write "
		  "trust = clock in [time]");
}

static const char *explain_spool(int error)
{
	switch (error) {
	case -ENOENT:
		return "there is no spool yet; start hydropond";
	case -EAGAIN:
		return "hydropond is replacing the spool";
	case -ESTALE:
		return "what hydropond tells of the spool is old: it cannot write to its run "
		       "directory; free space there";
	case -EBADMSG:
		return "the spool cannot be read as such; start hydropond, which repairs it";
	case -EPROTONOSUPPORT:
		return "a later version of Hydropon wrote the spool; install that one";
	case -EACCES:
		return "the spool may not be read; run systemd-tmpfiles --create, which gives it "
		       "its owner and mode";
	default:
		return "the spool cannot be read; see dmesg, repair or replace the disk";
	}
}

static void cannot_probe(struct store *store, uint64_t now_ns)
{
	store->probe_at = 0;
	store->probe_next = 1;
	back_off(store, "it refuses a line, and no other could be tried", 0, now_ns);
}

static bool is_secure(const struct store *store)
{
	return !strncasecmp(store->conf->url, "https:", strlen("https:"));
}

static bool is_backlog(const struct store *store)
{
	return cursor_queued(&store->cursor) > 2 * (uint64_t)store->conf->batch_lines;
}

static const char *month_end(const struct store *store, char *text, size_t size)
{
	int64_t now_ms = clock_wall_ms();
	time_t next = (time_t)(allowance_next_ms(now_ms, store->conf->month_begins) / 1000);
	struct tm tm;

	if (!clock_is_plausible(now_ms) || !localtime_r(&next, &tm) || !strftime(text, size, "%F", &tm))
		snprintf(text, size, "the next month");
	return text;
}

static void wait_for_month(struct store *store)
{
	char end[32], sentence[sizeof(store->error)];

	store->waits_for_month = true;
	snprintf(sentence, sizeof(sentence), "the monthly-data of this store is used up, all is kept "
		 "in the spool; it goes on with %s, or with more monthly-data",
		 month_end(store, end, sizeof(end)));
	set_state(store, STORE_WAITING, sentence);
}

static void tell_month(struct store *store)
{
	char end[32];

	if (store->is_month_told)
		return;
	store->is_month_told = true;
	log_warning("store %s: %d %% of its monthly-data is used. The rest is for what is new; what "
		    "has waited goes on with %s", store->conf->name, ALLOWANCE_BACKLOG_PERCENT,
		    month_end(store, end, sizeof(end)));
}

/*
 * Whether its line may be used for what would be sent next. What has waited has the drain rate,
 * and must leave some of the month to what is new.
 */
static bool may_send(struct store *store, const struct spool_view *view, uint64_t now_ns)
{
	const struct conf_store *conf = store->conf;
	enum allowance_left left;
	bool is_month;

	allowance_follow(&store->cursor.allowance, conf, clock_wall_ms());
	left = allowance_left(&store->cursor.allowance, conf);
	if (left == ALLOWANCE_NOTHING) {
		wait_for_month(store);
		return false;
	}
	if (store->waits_for_month)
		set_state(store, STORE_OK, "");
	store->waits_for_month = false;
	if (left == ALLOWANCE_ALL)
		store->is_month_told = false;
	/* Without a lane of its own what is new comes only behind what has waited. */
	is_month = left == ALLOWANCE_NEW_ONLY && store->has_live && !store->suspects &&
		   !store->probe_at;
	if (!is_backlog(store) || (!is_month && now_ns >= store->drain_ns))
		return true;
	if (is_month)
		tell_month(store);
	store->was_live = false;
	return is_live_next(store, view) &&
	       (now_ns >= store->send_ns ||
		view->samples - store->live_passed >= conf->batch_lines);
}

static void count_bytes(struct store *store)
{
	uint64_t bytes = post_bytes(store->post) + canary_take_bytes(store->canary);

	store->cursor.allowance.bytes += bytes;
	store->unsaved_bytes += bytes;
	if (!store->is_live)
		store->drain_ns = store->begun_ns + allowance_drain_ns(store->conf, bytes);
}

static void send_next(struct store *store, const struct spool_view *view, uint64_t now_ns)
{
	struct parcel *parcel = &store->parcel;
	struct cursor from = store->cursor;
	size_t limit = next_limit(store);
	const char *wrong;
	int error;

	/* No certificate is good in 1970. */
	if (is_secure(store) && !clock_is_plausible(clock_wall_ms())) {
		wait_for_clock(store, now_ns);
		return;
	}
	/* Each time: a secret may be changed without a restart. */
	wrong = post_authorize(store->post);
	if (wrong) {
		back_off(store, wrong, 0, now_ns);
		return;
	}
	store->is_probe = store->probe_at > 0;
	store->is_live = is_live_next(store, view);
	if (store->is_live) {
		from.record = store->live_record;
		from.passed = store->live_passed;
		from.ranges_n = 0;
	}
	if (store->is_probe) {
		if (!parcel_skip(&from, store->tools->packing.reader, store->probe_at)) {
			cannot_probe(store, now_ns);
			return;
		}
		store->probe_at = 0;
		limit = 1;
	}
	error = parcel_fill(parcel, &from, &store->tools->packing, limit, cursor_next_range(&from));
	if (!error && parcel->count)
		error = post_start(store->post, parcel->body.bytes, parcel->body.size);
	if (error) {
		back_off(store, "a request could not be made: out of memory", 0, now_ns);
		return;
	}
	if (store->waits_for_clock && !parcel->waits_for_clock) {
		store->waits_for_clock = false;
		set_state(store, STORE_OK, "");
	}
	store->is_busy = parcel->count > 0;
	store->begun_ns = now_ns;
	store->was_live = store->is_live;
	store->send_ns = now_ns + store->conf->send_every_ms * NS_PER_MS;
	if (store->is_live)
		return;
	/* Notes alone are nothing to send, nor is what nothing dates. */
	if (!parcel->count && !store->is_probe) {
		pass_parcel(store);
		if (parcel->undated)
			save_cursor_and_tell(store);
		else if (parcel->waits_for_clock)
			wait_for_clock(store, now_ns);
		else if (parcel->date_error && parcel->date_error != -EAGAIN)
			back_off(store, explain_spool(parcel->date_error), 0, now_ns);
	} else if (!parcel->count) {
		cannot_probe(store, now_ns);
	}
	store->is_oldest_known = store->is_busy && !store->is_probe;
	store->oldest_wall_ms = parcel->first_wall_ms;
}

/* False: the spool may not be read as far as the cursor now. */
static bool follow_spool(struct store *store, const struct spool_view *view)
{
	uint64_t known = store->cursor.known, before = store->cursor.dropped_replaced;

	switch (cursor_follow(&store->cursor, view,
			      store->conf->begins_at_oldest || store->is_lost)) {
	case CURSOR_FITS:
		if (store->cursor.known != known)
			store->changes++;
		return true;
	case CURSOR_AHEAD:
		return false;
	case CURSOR_BEGUN:
		break;
	case CURSOR_REPLACED:
		log_error("store %s: the spool was replaced; %llu samples that were queued in the "
			  "old one count as dropped (spool replaced). hydropond's log tells why, "
			  "and where the old one is", store->conf->name,
			  (unsigned long long)(store->cursor.dropped_replaced - before));
		break;
	case CURSOR_REWOUND:
		log_error("store %s: the spool has lost samples that were committed; all that it "
			  "holds is sent again, and what was queued beyond counts as dropped "
			  "(spool corrupt). Check the disk (dmesg, fsck)", store->conf->name);
		break;
	}
	store->is_oldest_known = false;
	store->has_live = false;
	store->suspects = 0;
	store->probe_at = 0;
	save_cursor_and_tell(store);
	return true;
}

/* Whether it is worth waiting for more, so that fewer requests go out. */
static bool is_gathering(const struct store *store, uint64_t now_ns)
{
	return now_ns < store->send_ns && !store->suspects && !store->probe_at &&
	       cursor_queued(&store->cursor) < store->conf->batch_lines;
}

/* The one fault that nothing else would show. */
static void check_sum(struct store *store)
{
	int64_t uncounted = cursor_uncounted(&store->cursor);

	if (!uncounted || store->is_uncounted_told)
		return;
	store->is_uncounted_told = true;
	log_error("store %s: its sum does not add up: %lld samples were produced and are neither "
		  "delivered, queued, set aside nor dropped. This is a fault of Hydropon or of the "
		  "disk: keep %s, and report it", store->conf->name, (long long)uncounted,
		  store->cursor_path);
}

void store_turn(struct store *store, int spool_error, uint64_t now_ns)
{
	const struct spool_view *view = spool_reader_view(store->tools->packing.reader);
	int error;

	if (store->is_busy || (!store->is_loaded && !load(store, now_ns)))
		return;
	if (!view) {
		set_state(store, STORE_WAITING, explain_spool(spool_error));
		return;
	}
	if (!follow_spool(store, view) || now_ns < store->retry_ns)
		return;
	check_sum(store);
	error = place_cursor(store, view);
	if (store->stale >= STALE_TRIES)
		set_state(store, STORE_WAITING, "the newest end of the spool cannot be read; it is "
			  "sent from the block that hydropond makes of it within a minute");
	else if (store->state == STORE_WAITING && !store->waits_for_clock && !store->waits_for_month &&
		 (!error || error == -EAGAIN))
		set_state(store, STORE_OK, "");
	if (store->has_accepted && !store->waits_for_month)
		canary_turn(store->canary, now_ns);
	follow_live(store, view);
	if (!error && !is_gathering(store, now_ns) && may_send(store, view, now_ns))
		send_next(store, view, now_ns);
	else if (error && error != -EAGAIN)
		back_off(store, explain_spool(error), 0, now_ns);
}

/* Told now and then: after a long outage it may be most of the backlog. */
static void drop_beyond(struct store *store, uint64_t n, uint64_t now_ns)
{
	store->cursor.dropped_beyond += n;
	if (!n || (store->beyond_told_ns && now_ns < store->beyond_told_ns + SET_ASIDE_TOLD_EVERY_NS))
		return;
	store->beyond_told_ns = now_ns;
	log_warning("store %s: samples are older than it keeps any, %llu in all, and count as "
		    "dropped (beyond retention); lengthen its retention policy if they are wanted. "
		    "hydroponctl spool export still has them", store->conf->name,
		    (unsigned long long)store->cursor.dropped_beyond);
}

/* While there is still time to do something about it. */
static void check_certificate(struct store *store, uint64_t now_ns)
{
	int64_t left_ms = post_expires_s(store->post) * 1000 - clock_wall_ms();

	if (!post_expires_s(store->post) || left_ms > EXPIRES_SOON_MS ||
	    (store->expiry_told_ns && now_ns < store->expiry_told_ns + DAY_NS))
		return;
	store->expiry_told_ns = now_ns;
	log_warning("store %s: its certificate expires in %lld day%s; renew it on the store, or "
		    "nothing will be delivered after that", store->conf->name,
		    (long long)(left_ms / DAY_MS), left_ms / DAY_MS == 1 ? "" : "s");
}

/* @beyond: lines of it that the store did not keep for their age. */
static void accept_parcel(struct store *store, uint64_t beyond, uint64_t now_ns)
{
	char error[sizeof(store->error)];
	size_t count = store->parcel.count, samples = count - store->parcel.points;

	if (!store->is_live) {
		store->suspects -= store->suspects < count ? store->suspects : count;
		store->refused_in_row = 0;
	}
	store->has_accepted = true;
	store->limit = store->limit < store->conf->batch_lines / 2 ? store->limit * 2 :
								     store->conf->batch_lines;
	if (beyond > samples)
		beyond = samples;
	store->cursor.delivered += samples - beyond;
	drop_beyond(store, beyond, now_ns);
	check_certificate(store, now_ns);
	store->last_ok_ms = clock_wall_ms();
	store->retry_ns = 0;
	backoff_succeed(&store->backoff);
	if (store->is_live)
		pass_live(store);
	else
		pass_parcel(store);
	set_state(store, STORE_OK, save_cursor(store, error, sizeof(error)));
}

static void tell_set_aside(struct store *store, const char *reason, uint64_t now_ns)
{
	if (store->set_aside_told_ns && now_ns < store->set_aside_told_ns + SET_ASIDE_TOLD_EVERY_NS)
		return;
	store->set_aside_told_ns = now_ns;
	log_warning("store %s: a line was set aside, %llu in all: %s. See %s", store->conf->name,
		    (unsigned long long)store->cursor.set_aside, reason, store->set_aside_path);
}

/*
 * A path that is mistyped makes some servers refuse every line. So one is only set aside
 * by a store that takes others: a line behind it is tried, further away each time. What
 * is taken so comes once more in its turn, as the same point.
 */
static void suspect_url(struct store *store, const struct answer *answer, uint64_t now_ns)
{
	char reason[sizeof(store->error) - 80], sentence[sizeof(store->error)];
	uint64_t queued = cursor_queued(&store->cursor);
	uint64_t behind = queued ? queued - 1 : 0;

	store->suspects = 1;
	if (!store->is_probe && behind) {
		store->probe_at = store->probe_next < behind ? store->probe_next : behind;
		store->probe_next = store->probe_at < behind ? store->probe_at * 2 : 1;
		return;
	}
	answer_explain(answer, reason, sizeof(reason));
	snprintf(sentence, sizeof(sentence), "it refuses every line; check the path of the url. "
		 "It %s", reason);
	back_off(store, sentence, 0, now_ns);
}

/*
 * More than one in a row without anything stored between may mean that the server
 * refuses whatever it gets. Then they go one by one, with pauses, for a person to see
 * it before the whole spool is set aside.
 */
static void set_parcel_aside(struct store *store, const struct answer *answer, uint64_t now_ns)
{
	char reason[sizeof(store->error)], sentence[sizeof(store->error)];
	int error;

	answer_explain(answer, reason, sizeof(reason));
	error = set_aside(store->set_aside_path, store->parcel.line, reason);
	if (error) {
		snprintf(sentence, sizeof(sentence), "it refuses a line, and that cannot be set "
			 "aside: %s", error == -EFBIG ?
			 "the file of these lines is full; look at it, and move it away" :
			 "check the disk and the owner of the set-aside directory");
		back_off(store, sentence, 0, now_ns);
		return;
	}
	store->suspects = 0;
	/* The sum is of samples alone. */
	store->cursor.set_aside += !store->parcel.points;
	pass_parcel(store);
	tell_set_aside(store, reason, now_ns);
	if (store->refused_in_row++) {
		save_cursor_and_tell(store);
		back_off(store, reason, 0, now_ns);
	} else {
		set_state(store, STORE_OK, save_cursor(store, sentence, sizeof(sentence)));
	}
}

static void on_finished(void *owner, CURLcode code, uint64_t now_ns)
{
	struct store *store = owner;
	char sentence[sizeof(store->error)];
	struct answer answer;
	size_t count = store->parcel.count;

	post_finish(store->post, code, &answer);
	count_bytes(store);
	post_hide(store->post, answer.body, sizeof(answer.body));
	store->is_busy = false;
	switch (answer_judge(&answer)) {
	case VERDICT_BEYOND:
		/* No store keeps for less than that: it is its clock, or its policy, that is wrong. */
		if (store->parcel.first_wall_ms > clock_wall_ms() - HOUR_MS)
			break;
		/* fallthrough */
	case VERDICT_STORED:
		if (store->is_probe) {
			store->has_accepted = true;
			store->retry_ns = 0;
			backoff_succeed(&store->backoff);
		} else {
			accept_parcel(store, answer_beyond(&answer), now_ns);
		}
		return;
	case VERDICT_REFUSED:
		if (store->is_live) {
			/* Which line it is is found when its turn comes. */
			store->has_live = false;
			store->is_in_order = true;
		} else if (count > 1) {
			store->suspects = count;
		} else if (!store->has_accepted) {
			suspect_url(store, &answer, now_ns);
		} else {
			set_parcel_aside(store, &answer, now_ns);
		}
		return;
	case VERDICT_TOO_LARGE:
		if (count > 1) {
			store->limit = count / 2;
			return;
		}
		break;
	case VERDICT_KEEP:
		break;
	}
	answer_explain(&answer, sentence, sizeof(sentence));
	back_off(store, sentence, answer.retry_after_s, now_ns);
	/* What it has to say is the answer, not how the cursor is. */
	if (store->unsaved_bytes >= UNSAVED_BYTES_MAX)
		save_cursor(store, sentence, sizeof(sentence));
}

bool store_is_busy(const struct store *store)
{
	return store->is_busy;
}

uint64_t store_retry_ns(const struct store *store)
{
	return store->retry_ns;
}

uint64_t store_changes(const struct store *store)
{
	return store->changes;
}

void store_report(const struct store *store, int64_t wall_ms, struct store_report *report)
{
	*report = (struct store_report){
		.name = store->conf->name,
		.url = store->public_url,
		.state = store->state,
		.error = *store->error ? store->error : NULL,
		.cursor = store->cursor,
		.not_finite = store->not_finite,
		.lag_ms = -1,
		.last_ok_ms = store->last_ok_ms,
		.expires_ms = post_expires_s(store->post) * 1000,
		.repeated = canary_repeated(store->canary),
		.monthly_bytes = store->conf->monthly_bytes,
	};
	if (!store->is_loaded)
		return;
	if (!cursor_queued(&store->cursor))
		report->lag_ms = 0;
	else if (store->is_oldest_known)
		report->lag_ms = wall_ms > store->oldest_wall_ms ?
					 wall_ms - store->oldest_wall_ms : 0;
}
