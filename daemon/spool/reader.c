// SPDX-License-Identifier: GPL-2.0-only
#include "spool/reader.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spool/mark.h"

struct spool_reader {
	char dir[PATH_MAX], run_dir[CONF_PATH_MAX];
	struct disk *disk;		/* NULL: none */
	struct journal_reader *journal;
	bool is_onlooker;		/* of spool_reader_look() */
	bool is_viewed;
	bool is_stale;			/* the writer has gone on since */
	struct spool_view view;
	uint8_t context[CONTEXT_BYTES_MAX];	/* of the schema, size 0: of none */
	size_t context_size;
	struct spool_schema schema;
};

struct spool_reader *spool_reader_open(const char *state_dir, const char *run_dir)
{
	struct spool_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	snprintf(reader->dir, sizeof(reader->dir), "%s/spool", state_dir);
	snprintf(reader->run_dir, sizeof(reader->run_dir), "%s", run_dir);
	return reader;
}

struct spool_reader *spool_reader_look(const char *dir, const char *run_dir)
{
	struct spool_reader *reader = calloc(1, sizeof(*reader));

	if (!reader)
		return NULL;
	snprintf(reader->dir, sizeof(reader->dir), "%s", dir);
	snprintf(reader->run_dir, sizeof(reader->run_dir), "%s", run_dir ? run_dir : "");
	reader->is_onlooker = true;
	return reader;
}

static void leave_folder(struct spool_reader *reader)
{
	journal_reader_close(reader->journal);
	reader->journal = NULL;
	disk_close_folder(reader->disk);
	reader->disk = NULL;
	reader->view = (struct spool_view){ 0 };
}

void spool_reader_close(struct spool_reader *reader)
{
	if (!reader)
		return;
	leave_folder(reader);
	free(reader);
}

/* Opens the folder if none is open, or if another one is in its place. */
static int enter_folder(struct spool_reader *reader)
{
	int error;

	if (reader->disk && disk_folder_is_at(reader->disk, reader->dir))
		return 0;
	leave_folder(reader);
	error = disk_open_folder(reader->dir, false, &reader->disk);
	if (error)
		return error;
	reader->journal = journal_reader_open(reader->disk, spool_schema_series);
	if (reader->journal) {
		journal_reader_pass_unreadable(reader->journal, reader->is_onlooker);
		return 0;
	}
	leave_folder(reader);
	return -ENOMEM;
}

static int read_mark(const struct spool_reader *reader, struct journal_mark *mark)
{
	return *reader->run_dir ? spool_mark_read(reader->run_dir, mark) : -ENOENT;
}

static void take_view(struct spool_reader *reader, bool is_marked, bool is_unattended)
{
	struct spool_view *view = &reader->view;
	struct journal_mark mark;

	journal_reader_mark(reader->journal, &mark);
	view->id = mark.id;
	view->records = mark.records;
	view->samples = mark.samples;
	view->is_marked = is_marked;
	view->is_unattended = is_unattended;
	journal_reader_first(reader->journal, &view->first, &view->start);
	reader->is_viewed = true;
}

/* With writers kept out. */
static int refresh_unattended(struct spool_reader *reader)
{
	struct journal_mark mark;
	bool is_known = !read_mark(reader, &mark);
	int error = journal_reader_refresh_unattended(reader->journal, is_known ? &mark : NULL);

	if (!error)
		take_view(reader, false, true);
	return error;
}

int spool_reader_refresh(struct spool_reader *reader)
{
	struct spool_view *view = &reader->view;
	struct journal_mark mark;
	int error = enter_folder(reader), mark_error;

	reader->is_viewed = false;
	if (error)
		return error;
	if (reader->is_onlooker && !disk_keep_writers_out(reader->disk)) {
		error = refresh_unattended(reader);
		disk_let_writers_in(reader->disk);
		return error;
	}
	mark_error = read_mark(reader, &mark);
	if (mark_error && mark_error != -ENOENT)
		return mark_error;
	/* Without a mark nobody writes, and what was seen once stays. */
	if (!mark_error || !view->id || view->is_marked || reader->is_stale || reader->is_onlooker)
		error = journal_reader_refresh(reader->journal, mark_error ? NULL : &mark);
	reader->is_stale = false;
	if (error) {
		*view = (struct spool_view){ 0 };
		/* Files of a spool that the mark does not mean. */
		return error == -ESTALE || (error == -ENOENT && !mark_error) ? -EAGAIN : error;
	}
	take_view(reader, !mark_error, false);
	/* The mark is older than all there is. */
	if (view->first > view->records) {
		*view = (struct spool_view){ 0 };
		reader->is_viewed = false;
		return -ESTALE;
	}
	return 0;
}

const struct spool_view *spool_reader_view(const struct spool_reader *reader)
{
	return reader->is_viewed ? &reader->view : NULL;
}

struct journal_reader *spool_reader_journal(struct spool_reader *reader)
{
	return reader->journal;
}

static int take_schema(struct spool_reader *reader, const struct journal_batch *batch)
{
	if (batch->context_size == reader->context_size &&
	    !memcmp(batch->context, reader->context, batch->context_size))
		return 0;
	reader->context_size = 0;
	if (!spool_schema_get(batch->context, batch->context_size, &reader->schema))
		return -EBADMSG;
	memcpy(reader->context, batch->context, batch->context_size);
	reader->context_size = batch->context_size;
	return 0;
}

int spool_reader_get(struct spool_reader *reader, uint64_t at, struct spool_batch *batch,
		     struct journal_hole *hole)
{
	struct journal_batch found;
	int error;

	if (!reader->is_viewed)
		return -EAGAIN;
	error = journal_reader_get(reader->journal, at, &found, hole);
	if (!error)
		error = take_schema(reader, &found);
	reader->is_stale = reader->is_stale || error == -ESTALE;
	if (error)
		return error == -ESTALE ? -EAGAIN : error;
	*batch = (struct spool_batch){ found.first, found.samples, found.records, &reader->schema };
	return 0;
}

int spool_reader_pass(struct spool_reader *reader, uint64_t at, struct spool_batch *batch,
		      struct journal_hole *hole)
{
	int error;

	if (!reader->is_viewed)
		return -EAGAIN;
	journal_reader_pass_unreadable(reader->journal, true);
	error = spool_reader_get(reader, at, batch, hole);
	journal_reader_pass_unreadable(reader->journal, reader->is_onlooker);
	return error;
}

int spool_reader_find_time(struct spool_reader *reader, bool passes_unreadable,
			   struct time_found *found)
{
	int error;

	if (!reader->is_viewed)
		return -EAGAIN;
	journal_reader_pass_unreadable(reader->journal, passes_unreadable || reader->is_onlooker);
	error = time_search(reader->journal, found);
	journal_reader_pass_unreadable(reader->journal, reader->is_onlooker);
	reader->is_stale = reader->is_stale || error == -ESTALE;
	return error == -ESTALE ? -EAGAIN : error;
}
