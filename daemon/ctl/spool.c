// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/spool.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "ctl/fail.h"

/* hydropond goes on under a reader: so often it is looked again. */
#define TRIES 20
#define PAUSE_MS 100

static const char *remedy_of(int error)
{
	switch (error) {
	case -ENOENT:
		return "hydropond makes one when it starts; correct state-dir, or name the folder "
		       "that holds slots and segment-00000 by --dir";
	case -ENOTDIR:
		return "name the folder that holds slots and segment-00000";
	case -EACCES:
	case -EPERM:
		return "join group hydropon, or use sudo";
	case -EPROTONOSUPPORT:
		return "a later version of Hydropon wrote it: use the hydroponctl of that one";
	case -EAGAIN:
		return "hydropond is replacing it, or its ring cannot be read: try again in a "
		       "minute, and see hydroponctl status";
	case -ESTALE:
		return "it was replaced by another one meanwhile: try again";
	case -EBADMSG:
		return "the mark of hydropond beside its sockets is damaged: it writes another one "
		       "within a second, or restart it";
	case -ENOMEM:
		return "end what else runs here, and try again";
	default:
		return "see dmesg; try the card in another reader";
	}
}

static const char *reason_of(int error)
{
	return error == -EPROTONOSUPPORT ? "it is not known here" :
	       error == -EAGAIN ? "it is not whole just now" :
	       error == -EBADMSG ? "nothing tells how far it goes" : strerror(-error);
}

int spool_source_fail(const struct spool_source *source, int error)
{
	struct stat status;

	if (error == -ENOENT && !stat(source->dir, &status))
		return fail(SPOOL_UNREADABLE, "there is no spool in %s; %s", source->dir,
			    remedy_of(error));
	return fail(SPOOL_UNREADABLE, "%s cannot be read: %s; %s", source->dir, reason_of(error),
		    remedy_of(error));
}

static bool find_folder(struct spool_source *source, const struct spool_options *options)
{
	struct conf *conf;

	if (options->dir) {
		snprintf(source->dir, sizeof(source->dir), "%s", options->dir);
		return true;
	}
	conf = conf_load(options->conf_path, stderr);
	if (!conf) {
		fail(SPOOL_UNREADABLE, "the configuration does not tell where the spool is; correct "
		     "it, use sudo if it may not be read, or name the folder by --dir");
		return false;
	}
	snprintf(source->dir, sizeof(source->dir), "%s/spool", conf->state_dir);
	snprintf(source->run_dir, sizeof(source->run_dir), "%s", conf->run_dir);
	source->max_bytes = conf->spool_max_bytes;
	conf_free(conf);
	return true;
}

int spool_source_refresh(struct spool_source *source)
{
	int error = -EAGAIN;

	for (int i = 0; i < TRIES; i++) {
		error = spool_reader_refresh(source->reader);
		if (error != -EAGAIN && error != -EBADMSG)
			break;
		poll(NULL, 0, PAUSE_MS);
	}
	if (!error)
		journal_reader_tell(spool_reader_journal(source->reader), source->tell,
				    source->tell_data);
	return error;
}

int spool_source_open(struct spool_source *source, const struct spool_options *options)
{
	int error;

	memset(source, 0, sizeof(*source));
	if (!find_folder(source, options))
		return SPOOL_UNREADABLE;
	source->reader = spool_reader_look(source->dir, options->dir ? NULL : source->run_dir);
	error = source->reader ? spool_source_refresh(source) : -ENOMEM;
	if (error) {
		spool_source_close(source);
		return spool_source_fail(source, error);
	}
	source->view = *spool_reader_view(source->reader);
	return EXIT_OK;
}

void spool_source_date(struct spool_source *source)
{
	dates_refresh(&source->dates, source->reader);
}

void spool_source_close(struct spool_source *source)
{
	spool_reader_close(source->reader);
	source->reader = NULL;
}

void spool_source_tell(struct spool_source *source,
		       void (*tell)(void *data, const struct journal_damage *damage), void *data)
{
	source->tell = tell;
	source->tell_data = data;
	journal_reader_tell(spool_reader_journal(source->reader), tell, data);
}

int spool_source_next(struct spool_source *source, uint64_t *at, struct spool_batch *batch,
		      struct journal_hole *hole)
{
	for (int i = 0; i < TRIES; i++) {
		const struct spool_view *view = spool_reader_view(source->reader);
		int error = -EAGAIN;

		if (view && view->id != source->view.id)
			return -ESTALE;
		/* Without a mark it may be less by now than it was. */
		if (*at >= source->view.records || (view && *at >= view->records))
			return -ENOENT;
		if (view)
			error = spool_reader_get(source->reader, *at, batch, hole);
		if (!error)
			*at = batch->first + pending_records(batch->records);
		else if (error == -ENODATA)
			*at = hole->end;
		if (error != -EAGAIN)
			return error;
		if (i)
			poll(NULL, 0, PAUSE_MS);
		error = spool_source_refresh(source);
		if (error)
			return error;
	}
	return -EAGAIN;
}

const char *spool_source_state(const struct spool_source *source)
{
	if (source->view.is_unattended)
		return "nobody writes there";
	if (source->view.is_marked)
		return "hydropond writes there";
	return *source->run_dir ? "hydropond writes there, and left no mark: blocks only" :
				  "hydropond writes there: blocks only, leave out --dir";
}

bool spool_is_printed(void)
{
	int error;

	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return true;
	error = errno;
	fail(SPOOL_DAMAGED, "not all could be written to the standard output: %s; make room there, "
	     "and try again", strerror(error ? error : EIO));
	return false;
}
