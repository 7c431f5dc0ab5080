/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hydroponctl spool: looks at the folder of a spool by itself, whether hydropond runs or not,
 * and never writes there. Each command tells what came of it, and returns the exit code.
 */
#ifndef HYDROPON_CTL_SPOOL_H
#define HYDROPON_CTL_SPOOL_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "spool/dates.h"
#include "spool/reader.h"

/* Beside EXIT_OK. */
enum spool_exit {
	SPOOL_DAMAGED = 1,	/* or not all could be written */
	SPOOL_UNREADABLE = 2,	/* or wrong usage */
};

struct spool_options {
	const char *conf_path;
	const char *dir;		/* NULL: that of the configuration */
	/* of export and history */
	const char *from, *to;		/* NULL: all there is */
	const char *channels[HYDROPON_MAX_CHANNELS];	/* none: all */
	size_t channels_n;
	bool csv;
	uint64_t every_ms;		/* of history: a row; 0: as it fits */
	bool colour;
};

/* A spool that is being read, to its end as of the opening. */
struct spool_source {
	char dir[PATH_MAX];		/* of its files */
	char run_dir[CONF_PATH_MAX];	/* "": no mark is looked for */
	uint64_t max_bytes;		/* 0: not known */
	struct spool_reader *reader;
	struct spool_view view;		/* as of the opening */
	struct dates dates;		/* of spool_source_date() */
	void (*tell)(void *data, const struct journal_damage *damage);
	void *tell_data;
};

/* 0, or an exit code after telling. */
int spool_source_open(struct spool_source *source, const struct spool_options *options);
void spool_source_close(struct spool_source *source);
/* Looks how far it goes by now, for a while if hydropond is just at work there. 0 or -errno. */
int spool_source_refresh(struct spool_source *source);
/* Looks for dates of what was sampled before the clock was set. Where they cannot be found it has
 * none. What damage it comes by is not told again.
 */
void spool_source_date(struct spool_source *source);
/* From here on @tell is called for damage. */
void spool_source_tell(struct spool_source *source,
		       void (*tell)(void *data, const struct journal_damage *damage), void *data);
/*
 * What is at record *@at, which becomes the one after it: 0 and @batch, in which record r is at
 * r - batch->first; -ENODATA and @hole; -ENOENT: the end; or -errno.
 */
int spool_source_next(struct spool_source *source, uint64_t *at, struct spool_batch *batch,
		      struct journal_hole *hole);
/* Says what went wrong with it. SPOOL_UNREADABLE */
int spool_source_fail(const struct spool_source *source, int error);
/* What the folder is just now for: "hydropond writes it", ... */
const char *spool_source_state(const struct spool_source *source);
/* Whether all that was printed could be; told if not. */
bool spool_is_printed(void);

int spool_show(const struct spool_options *options);
int spool_check(const struct spool_options *options);
int spool_export(const struct spool_options *options);
/* To the folder @to, which is made or empty, while hydropond goes on; what is there then is checked. */
int spool_copy(const struct spool_options *options, const char *to);
/* Has hydropon-forward deliver the spool in the folder @from. Does not return if that can be started. */
int spool_import(const struct spool_options *options, const char *from);
/* hydroponctl events */
int spool_events(const struct spool_options *options);
/* hydroponctl history */
int spool_history(const struct spool_options *options);

#endif
