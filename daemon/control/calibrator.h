/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The calibrations of a gateway's channels: those that are kept, in
 * <state_dir>/calibration/NAME, and the one that is being made. docs/calibration.md describes
 * the files.
 *
 *   load    before the loop: the newest version of each channel replaces what its configuration
 *           says; a file that is damaged makes the channel uncertain until it is calibrated again,
 *           one that cannot be read until hydropond can read it
 *   resume  a session that hydropond did not end goes on (control/session_keeper.h)
 *   begin   the channel is not GOOD any more, so that no output that needs it leaves its safe
 *           state; nor is one that is compensated by it. Only once calibrator_is_kept() may the
 *           probe leave its place: before, a restart makes it GOOD again
 *   store   hands a new version over to another thread, which alone touches the disk; it holds
 *           once it is durable, and never before
 *   end     the channel is good again with the next sample, one of pH or EC once its reading has
 *           settled (channel/settle.h) or after 5 minutes; a silence of CALIBRATOR_SILENCE_MS is
 *           an end, too
 *
 * Main thread only, but for calibrator_write().
 */
#ifndef HYDROPON_CALIBRATOR_H
#define HYDROPON_CALIBRATOR_H

#include <json-c/json_types.h>

#include "channel/calibration_record.h"
#include "protect/turn.h"

#define CALIBRATOR_SILENCE_MS (10 * 60 * 1000ULL)
#define CALIBRATOR_SHOWN 32	/* versions in a history that is asked for, the newest */

struct calibrator;

enum calibrator_state {
	CALIBRATOR_IDLE,	/* nothing was to be stored since */
	CALIBRATOR_STORING,
	CALIBRATOR_STORED,	/* the newest one is durable, and holds */
	CALIBRATOR_FAILED,	/* it is not, and never will be */
};

/*
 * @turn, and its channels, must outlive it. Reads the files. The first session has the number after
 * @sessions, which another hydropond before this one should not have given: a client of that must not
 * pass for one of this. NULL: out of memory.
 */
struct calibrator *calibrator_new(const struct conf *conf, struct turn *turn, uint32_t sessions);
/* Not while a thread may be in calibrator_write(). */
void calibrator_free(struct calibrator *calibrator);

/* In every turn: takes what was written, ends what fell silent, sees what expires. */
void calibrator_run(struct calibrator *calibrator, const struct clock_pair *now);
/* From another thread: writes what there is to write. */
void calibrator_write(struct calibrator *calibrator);

/*
 * Begins a session and returns its number, or 0: another one, of calibrator_who(), has it. One of
 * an earlier hydropond that nobody has spoken of since is taken over. @who: of the person, is
 * copied.
 */
uint32_t calibrator_begin(struct calibrator *calibrator, size_t channel, const char *who,
			  uint64_t now_ns);
/* The session that there is outlives hydropond and the machine. */
bool calibrator_is_kept(const struct calibrator *calibrator, size_t channel);
/* -errno: why the newest session could not be kept, so that it is over; 0: it was. */
int calibrator_keep_error(const struct calibrator *calibrator, size_t channel);
/* -errno: its history could not be read, so that none may be stored; 0: it was, or is damaged. */
int calibrator_read_error(const struct calibrator *calibrator, size_t channel);
/* A word from its client. False: there is no such session any more. */
bool calibrator_keep(struct calibrator *calibrator, size_t channel, uint32_t session,
		     uint64_t now_ns);
/* @session: 0: whichever there is. False: none. */
bool calibrator_end(struct calibrator *calibrator, size_t channel, uint32_t session,
		    uint64_t now_ns);
/* Who calibrates the channel, or NULL: nobody. */
const char *calibrator_who(const struct calibrator *calibrator, size_t channel);

/* Fills the solution of @record by its points. False: refused, the solution says why. */
bool calibrator_solve(const struct calibrator *calibrator, size_t channel,
		      struct calibration_record *record);
/* Stores what was solved. 0: it is on its way; -EBUSY: another one is; -EFBIG: the history is
 * full; -ENOMEM;
 * or calibrator_read_error(). */
int calibrator_store(struct calibrator *calibrator, size_t channel,
		     struct calibration_record *record, const struct clock_pair *now);
/* A new version that goes by the one before the newest. -ENOENT: the configuration rules;
 * or as calibrator_store(). */
int calibrator_undo(struct calibrator *calibrator, size_t channel, const char *who,
		    const struct clock_pair *now);
/* Of the newest store or undo. @error: -errno of CALIBRATOR_FAILED. */
enum calibrator_state calibrator_state(const struct calibrator *calibrator, size_t channel,
				       int *error);

/* What the channel goes by now. */
struct conf_channel calibrator_conf(const struct calibrator *calibrator, size_t channel);
/* The version that holds; 0: the configuration. */
uint32_t calibrator_version(const struct calibrator *calibrator, size_t channel);
/* For the status document: to be put. */
struct json_object *calibrator_describe(const struct calibrator *calibrator, size_t channel,
					const struct clock_pair *now);
/* An array, the newest first, to be put. */
struct json_object *calibrator_history(const struct calibrator *calibrator, size_t channel);

#endif
