// SPDX-License-Identifier: GPL-2.0-only
#include "spool/spooler.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crc32c.h"
#include "base/log.h"
#include "base/queue.h"
#include "base/thread.h"
#include "spool/spool.h"
#include "spool/spool_clock.h"

#define QUEUE_SAMPLES 65536
#define QUEUE_EVENTS 256
/* The longest of so many is what one in a thousand takes. */
#define COMMITS_JUDGED 1000
#define STACK_BYTES (192 * 1024)
#define RETRY_NS NS_PER_SEC
/* By then the kernel's device has been opened, if it is there. */
#define HURRY_TOLD_NS (10 * NS_PER_SEC)
#define URGENT_EVERY_NS (200 * NS_PER_MS)
/* So often, a second apart, is an open tried that cannot read. */
#define READ_TRIES 10

struct spooler {
	const struct conf *conf;
	struct spooler_hooks hooks;
	void *data;
	pthread_t thread;
	struct queue *queue, *events;
	int wake_fd, done_fd;
	atomic_bool stopping;
	atomic_bool is_woken;		/* the queue is filling up and the thread was told */
	atomic_bool is_urgent;		/* what is queued is wanted on the disk */
	atomic_bool is_failing;		/* the spool does not take anything now */
	atomic_bool is_power_watched;
	_Atomic uint64_t trying_ns;	/* since when it is tried to commit or open; 0: not now */
	sem_t ready;			/* the thread has files of its own */
	_Atomic uint64_t refused_queue, refused_error, refused_events;
	uint64_t started_ns;

	/* The thread's own. */
	struct spool *spool;		/* NULL until it could be opened */
	struct spool_clock clock;
	bool is_open;			/* and not to be recovered first */
	unsigned int unreadable;	/* opens in a row that gave EIO */
	int told_error;
	uint64_t retry_ns;
	size_t batch_n;			/* taken from the queue and not committed yet */
	struct sample batch[SPOOL_BATCH_SAMPLES];
	size_t notes_n;			/* the same of events */
	struct journal_note notes[JOURNAL_COMMIT_NOTES];
	unsigned int keep_blocks;	/* made since what is kept was written */
	uint64_t keep_generation;	/* of the segment that it may be in */
	bool is_keep_known;		/* what an earlier hydropond kept was looked for */
	uint32_t conf_crc;
	uint32_t commit_us[COMMITS_JUDGED];	/* the newest ones; 0: not so many yet */
	unsigned int commit_at;
	bool is_hurried;		/* commit_ms would not be safe, and the log knows */

	/* Written by the thread, with the lock held. */
	pthread_mutex_t lock;
	struct spooler_stats stats;
	struct keep_note found;		/* in the spool, as it was opened first, */
	int found_error;		/* or why there is none */
	/* Of the main thread, with the lock held. */
	struct journal_note keep;	/* the newest; size 0: none */
	_Atomic uint64_t keep_asked, keep_written;	/* how often */
};

static const char *remedy_of(int error)
{
	switch (error) {
	case -ENOSPC:
	case -EDQUOT:
		return "Free space on that disk";
	case -EROFS:
		return "The disk was made read-only, usually after an error: see dmesg, repair or "
		       "replace it";
	case -EACCES:
	case -EPERM:
		return "Make the directory belong to the user that hydropond runs as";
	case -EBUSY:
		return "Another hydropond writes there: stop it";
	case -EPROTONOSUPPORT:
		return "A later version of Hydropon wrote it: install that one, or move the "
		       "directory away";
	case -ENODEV:
	case -ESTALE:
		return "Somebody has moved or removed it while hydropond was running: what was "
		       "committed there is where it is now";
	case -ENOENT:
	case -ENOTDIR:
		return "Create the directory above it, or correct state-dir";
	default:
		return "See dmesg, repair or replace the disk";
	}
}

static void note_error(struct spooler *spooler, int error)
{
	spooler->is_open = false;
	/* It is another directory that is to be opened. */
	if (error == -ENODEV) {
		spool_close(spooler->spool);
		spooler->spool = NULL;
	}
	if (!atomic_load(&spooler->trying_ns))
		atomic_store(&spooler->trying_ns, clock_boot_ns());
	spooler->retry_ns = clock_boot_ns() + RETRY_NS;
	atomic_store(&spooler->is_failing, true);

	pthread_mutex_lock(&spooler->lock);
	spooler->stats.error = error;
	pthread_mutex_unlock(&spooler->lock);

	if (error != spooler->told_error)
		log_error("spool: nothing can be stored in %s/spool: %s. %s. It is tried again "
			  "every second, and up to %d samples wait in memory",
			  spooler->conf->state_dir, strerror(-error), remedy_of(error),
			  QUEUE_SAMPLES);
	spooler->told_error = error;
}

static void note_success(struct spooler *spooler)
{
	struct journal_stats stats;

	spool_stats(spooler->spool, &stats);
	atomic_store(&spooler->is_failing, false);
	atomic_store(&spooler->trying_ns, 0);

	pthread_mutex_lock(&spooler->lock);
	spooler->stats.error = 0;
	spooler->stats.pending = spooler->batch_n;
	spooler->stats.produced = stats.samples;
	spooler->stats.bytes = stats.bytes;
	spooler->stats.blocks = stats.blocks;
	spooler->stats.lost = stats.lost_records;
	spooler->stats.block_error = spool_block_error(spooler->spool);
	spooler->stats.is_clock_set = spooler->clock.keeper.note.is_set;
	spooler->stats.boot = spooler->clock.keeper.note.boot;
	spooler->stats.clk = spooler->clock.keeper.note.clk;
	pthread_mutex_unlock(&spooler->lock);

	if (spooler->told_error)
		log_notice("spool: samples are stored in %s/spool again", spooler->conf->state_dir);
	spooler->told_error = 0;
}

/* What an earlier hydropond kept, in the first spool that could be opened: another one that is opened later
 * has nothing that this one does not know.
 */
static int find_keep(struct spooler *spooler)
{
	struct keep_note found = { 0 };
	int error;

	/* Another spool does not hold it yet. */
	spooler->keep_blocks = SPOOL_KEEP_BLOCKS;
	if (spooler->is_keep_known)
		return 0;
	error = spool_find_keep(spooler->spool, &found);
	if (error && error != -ENOENT && error != -EBADMSG)
		return error;
	spooler->is_keep_known = true;
	pthread_mutex_lock(&spooler->lock);
	spooler->found = found;
	spooler->found_error = error;
	pthread_mutex_unlock(&spooler->lock);
	return 0;
}

static bool is_keep_asked(const struct spooler *spooler)
{
	return atomic_load(&spooler->keep_asked) != atomic_load(&spooler->keep_written);
}

/* What is kept goes before all else. */
static int put_keep(struct spooler *spooler)
{
	struct journal_note note;
	uint64_t asked;
	int error;

	/* That of a segment goes with it. */
	if (!is_keep_asked(spooler) && spooler->keep_blocks < SPOOL_KEEP_BLOCKS &&
	    spooler->keep_generation == spool_generation(spooler->spool))
		return 0;
	pthread_mutex_lock(&spooler->lock);
	note = spooler->keep;
	asked = atomic_load(&spooler->keep_asked);
	pthread_mutex_unlock(&spooler->lock);
	if (!note.size)
		return 0;
	error = spool_note(spooler->spool, note.bytes, note.size);
	if (error)
		return error;
	spooler->keep_blocks = 0;
	spooler->keep_generation = spool_generation(spooler->spool);
	atomic_store(&spooler->keep_written, asked);
	return 0;
}

/* The time since the first try without success tells whether the disk still answers. */
static void begin_try(struct spooler *spooler)
{
	if (!atomic_load(&spooler->trying_ns))
		atomic_store(&spooler->trying_ns, clock_boot_ns());
}

static void open_spool(struct spooler *spooler)
{
	bool is_another = !spooler->spool;
	int error;

	begin_try(spooler);
	error = spooler->spool ? spool_recover(spooler->spool) :
				 spool_open(spooler->conf, spooler->unreadable >= READ_TRIES,
					    &spooler->spool);
	if (!error && is_another) {
		error = spool_clock_open(&spooler->clock, spooler->spool);
		if (!error)
			error = find_keep(spooler);
		if (error) {
			spool_close(spooler->spool);
			spooler->spool = NULL;
		}
	}
	spooler->unreadable = error == -EIO ? spooler->unreadable + 1 : 0;
	if (error) {
		note_error(spooler, error);
		return;
	}
	spooler->is_open = true;
	/* A disk that is full opens well: what failed before must succeed first. */
	if (!spooler->batch_n)
		note_success(spooler);
}

static int append_batch(struct spooler *spooler)
{
	uint64_t before_ns = clock_boot_ns(), us;
	int error;

	begin_try(spooler);
	error = spool_clock_commit(&spooler->clock, spooler->spool);
	if (!error)
		error = put_keep(spooler);
	if (!error && spooler->batch_n)
		error = spool_append(spooler->spool, spooler->batch, spooler->batch_n);
	if (error)
		return error;
	us = (clock_boot_ns() - before_ns) / 1000;
	spooler->commit_us[spooler->commit_at] = us < UINT32_MAX ? (uint32_t)us : UINT32_MAX;
	spooler->commit_at = (spooler->commit_at + 1) % COMMITS_JUDGED;
	spooler->batch_n = 0;
	if (spooler->notes_n)
		error = spool_notes(spooler->spool, spooler->notes, spooler->notes_n);
	if (error)
		return error;
	spooler->notes_n = 0;

	pthread_mutex_lock(&spooler->lock);
	spooler->stats.commits++;
	spooler->stats.commit_last_us = us;
	if (us > spooler->stats.commit_max_us)
		spooler->stats.commit_max_us = us;
	pthread_mutex_unlock(&spooler->lock);
	note_success(spooler);
	return 0;
}

static struct journal_note note_of(const struct point *point)
{
	struct journal_note note;

	note.size = (uint32_t)point_put(note.bytes, point);
	return note;
}

/* Stamped once, as samples are. */
static void take_events(struct spooler *spooler)
{
	struct event event;

	while (spooler->notes_n < JOURNAL_COMMIT_NOTES && queue_pop(spooler->events, &event, 1)) {
		struct point point = point_new(POINT_EVENT);

		point.boot_ns = event.boot_ns;
		point.wall_ms = event.wall_ms;
		point.clk = event.clk;
		point_tag(&point, "event", event.name);
		point_tag(&point, "subject", event.subject);
		for (size_t i = 0; i < event.numbers_n; i++)
			point_field(&point, event.numbers[i].key, event.numbers[i].value);
		timekeeper_stamp_point(&spooler->clock.keeper, &point);
		spooler->notes[spooler->notes_n++] = note_of(&point);
	}
}

static void put_up(struct spooler *spooler, struct point *point)
{
	struct spooler_stats stats;

	spooler_stats(spooler, &stats);
	*point = point_new("hydropon_up");
	point_field(point, "boot", stats.boot);
	point_field(point, "uptime_s",
		    (int64_t)((clock_boot_ns() - spooler->started_ns) / NS_PER_SEC));
	point_field(point, "config", spooler->conf_crc);
	point_field(point, "samples", (int64_t)stats.produced);
	point_field(point, "refused", (int64_t)(stats.refused_queue + stats.refused_error));
	point_field(point, "events_refused", (int64_t)stats.refused_events);
	point_field(point, "pending", (int64_t)stats.pending);
	point_field(point, "bytes", (int64_t)stats.bytes);
	point_field(point, "max_bytes", (int64_t)stats.max_bytes);
	point_field(point, "commits", (int64_t)stats.commits);
	point_field(point, "commit_max_us", (int64_t)stats.commit_max_us);
	point_field(point, "lost", (int64_t)stats.lost);
	point_field(point, "clk", stats.clk);
	point_field(point, "log_dropped", (int64_t)log_dropped());
}

/* A block ends with how the gateway is, and at the very end with the time. */
static int end_block(struct spooler *spooler)
{
	struct point points[JOURNAL_COMMIT_NOTES - 1];
	struct journal_note *notes = spooler->notes;
	struct clock_pair now = clock_pair_now(spooler->conf->trusts_clock);
	struct journal_stats stats;
	size_t n = 1;
	int error;

	put_up(spooler, &points[0]);
	if (spooler->hooks.health)
		n += spooler->hooks.health(spooler->data, points + 1, JOURNAL_COMMIT_NOTES - 2);
	for (size_t i = 0; i < n; i++) {
		points[i].boot_ns = now.boot_ns;
		points[i].wall_ms = now.wall_ms;
		points[i].clk = now.is_set ? 0 : CLK_UNSET;
		timekeeper_stamp_point(&spooler->clock.keeper, &points[i]);
		notes[i] = note_of(&points[i]);
	}
	spooler->keep_blocks++;
	error = spool_clock_commit(&spooler->clock, spooler->spool);
	if (!error)
		error = put_keep(spooler);
	if (error)
		return error;
	spool_stats(spooler->spool, &stats);
	notes[n].size = (uint32_t)spool_clock_end_block(&spooler->clock, notes[n].bytes,
							stats.records + n);
	return spool_notes(spooler->spool, notes, n + 1);
}

static int tend(struct spooler *spooler)
{
	uint64_t now_ns = clock_boot_ns();
	int error = 0;

	/* While blocks fail the ring has no room for a note with each try. */
	if (!spool_block_error(spooler->spool) && spool_is_block_due(spooler->spool, now_ns))
		error = end_block(spooler);
	if (!error)
		spool_tend(spooler->spool, now_ns);
	return error;
}

/* Commits what is queued, until the spool fails; what comes meanwhile waits for its own time. */
static void commit_queue(struct spooler *spooler)
{
	atomic_store(&spooler->is_woken, false);
	while (spooler->is_open) {
		bool is_last = false;
		int error;

		if (!spooler->batch_n) {
			pthread_mutex_lock(&spooler->lock);
			spooler->batch_n = queue_pop(spooler->queue, spooler->batch,
						     SPOOL_BATCH_SAMPLES);
			spooler->stats.pending = spooler->batch_n;
			pthread_mutex_unlock(&spooler->lock);
			is_last = spooler->batch_n < SPOOL_BATCH_SAMPLES;
			spool_clock_stamp(&spooler->clock, spooler->batch, spooler->batch_n);
		}
		if (!spooler->notes_n)
			take_events(spooler);
		is_last = is_last && spooler->notes_n < JOURNAL_COMMIT_NOTES;
		if (!spooler->batch_n && !spooler->notes_n && !is_keep_asked(spooler))
			return;
		error = append_batch(spooler);
		if (!error)
			error = tend(spooler);
		if (error)
			note_error(spooler, error);
		else if (is_last)
			return;
	}
}

static uint64_t earlier(uint64_t a_ns, uint64_t b_ns)
{
	return a_ns < b_ns ? a_ns : b_ns;
}

static void wait_until(struct spooler *spooler, uint64_t until_ns)
{
	struct pollfd wake = { .fd = spooler->wake_fd, .events = POLLIN };
	uint64_t now_ns = clock_boot_ns(), drained;
	struct timespec left = { 0 };

	if (until_ns > now_ns) {
		left.tv_sec = (time_t)((until_ns - now_ns) / NS_PER_SEC);
		left.tv_nsec = (long)((until_ns - now_ns) % NS_PER_SEC);
	}
	if (ppoll(&wake, 1, &left, NULL) > 0 &&
	    read(spooler->wake_fd, &drained, sizeof(drained)) < 0 && errno != EAGAIN)
		log_error("spool: eventfd: %s", strerror(errno));
}

/*
 * Longer than a second only where a fall of power-good is heard of, and the supply then lasts for
 * twice as long as a commit may take.
 */
static const char *why_hurry(const struct spooler *spooler)
{
	uint64_t longest_us = 0;

	if (!atomic_load(&spooler->is_power_watched))
		return "there is no power-good line";
	for (size_t i = 0; i < COMMITS_JUDGED; i++)
		if (spooler->commit_us[i] > longest_us)
			longest_us = spooler->commit_us[i];
	if (2 * longest_us > spooler->conf->hold_up_ms * 1000ULL)
		return "twice the longest commit is longer than hold-up";
	return NULL;
}

static uint64_t commit_every_ns(struct spooler *spooler)
{
	const uint32_t wanted_ms = spooler->conf->commit_ms;
	const char *why = wanted_ms > CONF_COMMIT_MS ? why_hurry(spooler) : NULL;
	uint32_t every_ms = why ? CONF_COMMIT_MS : wanted_ms;

	if (why && !spooler->is_hurried && clock_boot_ns() > spooler->started_ns + HURRY_TOLD_NS)
		log_warning("spool: commits come every second, and not every %u ms: %s, and a power "
			    "cut would cost more", wanted_ms, why);
	spooler->is_hurried = why && clock_boot_ns() > spooler->started_ns + HURRY_TOLD_NS;
	pthread_mutex_lock(&spooler->lock);
	spooler->stats.commit_every_ms = every_ms;
	pthread_mutex_unlock(&spooler->lock);
	return every_ms * NS_PER_MS;
}

static void run_until_stopped(struct spooler *spooler)
{
	uint64_t last_ns = clock_boot_ns(), second_ns = last_ns + NS_PER_SEC, urgent_ns = 0;
	bool is_urgent = false;

	while (!atomic_load(&spooler->stopping)) {
		uint64_t commit_ns = last_ns + commit_every_ns(spooler), now_ns;

		is_urgent = atomic_exchange(&spooler->is_urgent, false) || is_urgent;
		if (is_urgent)
			commit_ns = earlier(commit_ns, urgent_ns);
		wait_until(spooler, earlier(second_ns,
					    spooler->is_open ? commit_ns : spooler->retry_ns));
		now_ns = clock_boot_ns();
		if (!spooler->is_open && now_ns >= spooler->retry_ns) {
			open_spool(spooler);
			commit_ns = now_ns;
		}
		if (spooler->is_open &&
		    (now_ns >= commit_ns || atomic_load(&spooler->is_woken))) {
			commit_queue(spooler);
			last_ns = now_ns;
			is_urgent = false;
			urgent_ns = now_ns + URGENT_EVERY_NS;
		}
		if (now_ns >= second_ns) {
			if (spooler->hooks.each_second)
				spooler->hooks.each_second(spooler->data);
			second_ns = now_ns + NS_PER_SEC;
		}
	}
}

static void *spooler_run(void *data)
{
	struct spooler *spooler = data;
	uint64_t lost;

	if (thread_own_files())
		log_warning("spool: no files of its own: %s; should the disk hang while hydropond "
			    "is killed, outputs are safe only when their leases are over",
			    strerror(errno));
	sem_post(&spooler->ready);
	spool_clock_begin(&spooler->clock, spooler->conf);
	open_spool(spooler);
	run_until_stopped(spooler);
	if (!spooler->is_open)
		open_spool(spooler);
	commit_queue(spooler);
	if (spooler->notes_n + queue_count(spooler->events))
		log_error("spool: %zu events could not be stored before the end and are lost",
			  spooler->notes_n + queue_count(spooler->events));
	lost = spooler->batch_n + queue_count(spooler->queue);
	if (lost)
		log_error("spool: %llu samples could not be stored before the end and are lost",
			  (unsigned long long)lost);
	spool_close(spooler->spool);
	eventfd_write(spooler->done_fd, 1);
	return NULL;
}

struct spooler *spooler_start(const struct conf *conf, const struct spooler_hooks *hooks,
			      void *data)
{
	struct spooler *spooler = calloc(1, sizeof(*spooler));

	if (!spooler)
		return NULL;
	spooler->conf = conf;
	if (hooks)
		spooler->hooks = *hooks;
	spooler->data = data;
	spooler->started_ns = clock_boot_ns();
	/* Not of the stores: a login may be in a URL, and a checksum helps whoever guesses it. */
	spooler->conf_crc = crc32c(conf, offsetof(struct conf, stores));
	spooler->stats.max_bytes = conf->spool_max_bytes;
	spooler->found_error = -EAGAIN;
	spooler->queue = queue_new(sizeof(struct sample), QUEUE_SAMPLES);
	if (!spooler->queue)
		goto err_free;
	spooler->events = queue_new(sizeof(struct event), QUEUE_EVENTS);
	if (!spooler->events)
		goto err_free_queue;
	spooler->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (spooler->wake_fd < 0)
		goto err_free_events;
	spooler->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (spooler->done_fd < 0)
		goto err_close_wake;
	if (thread_make_lock(&spooler->lock))
		goto err_close_done;
	if (sem_init(&spooler->ready, 0, 0))
		goto err_destroy_lock;
	if (thread_start(&spooler->thread, "spool", STACK_BYTES, spooler_run, spooler))
		goto err_destroy_ready;
	/* Whatever the caller opens from here on is not the thread's. */
	while (sem_wait(&spooler->ready) && errno == EINTR)
		;
	return spooler;

err_destroy_ready:
	sem_destroy(&spooler->ready);
err_destroy_lock:
	pthread_mutex_destroy(&spooler->lock);
err_close_done:
	close(spooler->done_fd);
err_close_wake:
	close(spooler->wake_fd);
err_free_events:
	queue_free(spooler->events);
err_free_queue:
	queue_free(spooler->queue);
err_free:
	free(spooler);
	return NULL;
}

bool spooler_push(struct spooler *spooler, const struct sample *sample)
{
	if (sample->channel >= spooler->conf->channels_n) {
		atomic_fetch_add(&spooler->refused_error, 1);
		return false;
	}
	if (!queue_push(spooler->queue, sample)) {
		atomic_fetch_add(atomic_load(&spooler->is_failing) ? &spooler->refused_error :
								     &spooler->refused_queue, 1);
		return false;
	}
	if (queue_count(spooler->queue) >= QUEUE_SAMPLES / 2 &&
	    !atomic_exchange(&spooler->is_woken, true))
		eventfd_write(spooler->wake_fd, 1);
	return true;
}

bool spooler_push_event(struct spooler *spooler, const struct event *event)
{
	if (queue_push(spooler->events, event))
		return true;
	atomic_fetch_add(&spooler->refused_events, 1);
	return false;
}

void spooler_set_power(struct spooler *spooler, bool is_watched)
{
	atomic_store(&spooler->is_power_watched, is_watched);
}

void spooler_commit_soon(struct spooler *spooler)
{
	if (!atomic_exchange(&spooler->is_urgent, true))
		eventfd_write(spooler->wake_fd, 1);
}

void spooler_keep(struct spooler *spooler, const struct keep_note *note)
{
	pthread_mutex_lock(&spooler->lock);
	spooler->keep.size = (uint32_t)keep_note_put(spooler->keep.bytes, note);
	atomic_fetch_add(&spooler->keep_asked, 1);
	pthread_mutex_unlock(&spooler->lock);
	spooler_commit_soon(spooler);
}

bool spooler_is_kept(struct spooler *spooler)
{
	return !is_keep_asked(spooler);
}

int spooler_kept(struct spooler *spooler, struct keep_note *note)
{
	int error;

	pthread_mutex_lock(&spooler->lock);
	error = spooler->found_error;
	*note = spooler->found;
	pthread_mutex_unlock(&spooler->lock);
	return error;
}

void spooler_stats(struct spooler *spooler, struct spooler_stats *out)
{
	uint64_t trying_ns;

	pthread_mutex_lock(&spooler->lock);
	*out = spooler->stats;
	out->pending += queue_count(spooler->queue);
	pthread_mutex_unlock(&spooler->lock);
	out->refused_queue = atomic_load(&spooler->refused_queue);
	out->refused_error = atomic_load(&spooler->refused_error);
	out->refused_events = atomic_load(&spooler->refused_events);
	trying_ns = atomic_load(&spooler->trying_ns);
	out->stuck_ms = trying_ns ? (clock_boot_ns() - trying_ns) / NS_PER_MS : 0;
}

void spooler_stop(struct spooler *spooler, uint32_t timeout_ms)
{
	struct pollfd done;
	uint64_t until_ns = clock_boot_ns() + timeout_ms * NS_PER_MS;
	int n;

	if (!spooler)
		return;
	atomic_store(&spooler->stopping, true);
	eventfd_write(spooler->wake_fd, 1);
	done = (struct pollfd){ .fd = spooler->done_fd, .events = POLLIN };
	do {
		uint64_t now_ns = clock_boot_ns();
		uint64_t left_ms = until_ns > now_ns ? (until_ns - now_ns) / NS_PER_MS : 0;

		n = poll(&done, 1, (int)left_ms);
	} while (n < 0 && errno == EINTR);
	if (n <= 0) {
		/* The thread is stuck in a system call and still uses all of it. */
		log_error("spool: the disk did not answer within %u ms; what was not committed "
			  "is lost", timeout_ms);
		pthread_detach(spooler->thread);
		return;
	}
	pthread_join(spooler->thread, NULL);
	pthread_mutex_destroy(&spooler->lock);
	sem_destroy(&spooler->ready);
	close(spooler->done_fd);
	close(spooler->wake_fd);
	queue_free(spooler->events);
	queue_free(spooler->queue);
	free(spooler);
}
