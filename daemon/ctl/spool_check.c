// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/spool.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl/fail.h"
#include "ctl/table.h"

struct check {
	struct spool_source source;
	bool colour;
	bool has_terminal;
	unsigned int percent;		/* that was shown */
	uint64_t places, missing;	/* damaged, and records */
	uint64_t records, samples;	/* read */
};

static void hide_progress(const struct check *check)
{
	if (check->has_terminal)
		fputs("\r\033[K", stderr);
}

static void show_progress(struct check *check, uint64_t at)
{
	const struct spool_view *view = &check->source.view;
	uint64_t all = view->records - view->first;
	unsigned int percent = all ? (unsigned int)(100.0 * (double)(at - view->first) /
						    (double)all) : 100;

	if (!check->has_terminal || percent == check->percent)
		return;
	check->percent = percent;
	fprintf(stderr, "\r\033[K  %u %% read", percent);
}

#define tell_place(check, ...)								\
	do {										\
		(check)->places++;							\
		hide_progress(check);							\
		mark_print(stdout, (check)->colour, MARK_BAD, __VA_ARGS__);		\
	} while (0)

static void tell_damage(void *data, const struct journal_damage *damage)
{
	struct check *check = data;

	check->missing += damage->records;
	if (damage->records)
		tell_place(check, "%s, byte %" PRIu64 ": %" PRIu64 " records are missing, from %"
			   PRIu64 " on", damage->file, damage->at, damage->records, damage->first);
	else
		tell_place(check, "%s, byte %" PRIu64 ": damaged, no record is missing",
			   damage->file, damage->at);
}

static void check_heads(struct check *check, struct journal_reader *journal)
{
	const struct segments *segments = journal_reader_segments(journal);
	struct journal_mark mark;
	char name[DISK_NAME_MAX];

	journal_reader_mark(journal, &mark);
	for (unsigned int i = 0; i < segments->n; i++) {
		const struct segment *segment = &segments->list[i];

		segment_name(name, segment->file);
		if (segment->is_foreign)
			mark_print(stdout, check->colour, MARK_WARN,
				   "%s: of another spool, or not to be read: it is left alone", name);
		else if (segment->has_frames &&
			 segments_head_is_damaged(segments, (int)i, mark.blocked))
			tell_place(check, "%s, byte 0: its head is damaged, no record is missing",
				   name);
	}
}

static void check_ring(struct check *check, const struct leftover *leftover)
{
	if (leftover->slots.handle < 0)
		tell_place(check, SLOTS_NAME ": it is gone, and what was committed last with it");
	else if (!leftover->has_head)
		tell_place(check, SLOTS_NAME ", byte 0: its head is damaged, no record is missing");
	if (leftover->slots.unreadable)
		tell_place(check, SLOTS_NAME ": %u pages cannot be read: what was committed last may "
			   "be missing", leftover->slots.unreadable);
}

/* 0, or what the reading ended with. */
static int read_all(struct check *check)
{
	uint64_t at = check->source.view.first;
	struct journal_hole hole;
	struct spool_batch batch;
	int error;

	for (;;) {
		uint64_t begin = at;

		error = spool_source_next(&check->source, &at, &batch, &hole);
		if (!error) {
			uint32_t from = (uint32_t)(begin - batch.first);

			check->records += at - begin;
			check->samples += pending_samples(batch.records, from,
							  pending_records(batch.records));
		} else if (error != -ENODATA) {
			return error == -ENOENT ? 0 : error;
		}
		show_progress(check, at);
	}
}

static int tell_verdict(const struct check *check)
{
	const struct spool_view *view = &check->source.view;

	if (!view->is_unattended && !view->is_marked)
		mark_print(stdout, check->colour, MARK_WARN, "%s: %s", check->source.dir,
			   spool_source_state(&check->source));
	mark_print(stdout, check->colour, MARK_NONE, "%" PRIu64 " records were read, %" PRIu64
		   " of them samples", check->records, check->samples);
	if (!check->places) {
		mark_print(stdout, check->colour, MARK_NONE, "good: %s", check->source.dir);
		return EXIT_OK;
	}
	mark_print(stdout, check->colour, MARK_BAD, "DAMAGED in %" PRIu64 " places, %" PRIu64
		   " records are missing: %s", check->places, check->missing, check->source.dir);
	mark_print(stdout, check->colour, MARK_NONE,
		   "hydropond opens it by itself and keeps all that can be read: leave the");
	mark_print(stdout, check->colour, MARK_NONE,
		   "files as they are. What did that to the disk? See dmesg, and use fsck.");
	return SPOOL_DAMAGED;
}

int spool_check(const struct spool_options *options)
{
	struct check check = { .colour = options->colour, .has_terminal = isatty(STDERR_FILENO),
			       .percent = UINT32_MAX };
	struct journal_reader *journal;
	int code = spool_source_open(&check.source, options), error;

	if (code)
		return code;
	journal = spool_reader_journal(check.source.reader);
	check_heads(&check, journal);
	if (journal_reader_leftover(journal))
		check_ring(&check, journal_reader_leftover(journal));
	spool_source_tell(&check.source, tell_damage, &check);
	error = read_all(&check);
	hide_progress(&check);
	code = error ? spool_source_fail(&check.source, error) : tell_verdict(&check);
	spool_source_close(&check.source);
	return spool_is_printed() ? code : SPOOL_UNREADABLE;
}
