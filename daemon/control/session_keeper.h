/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which channels are being calibrated, kept on the disk in <state_dir>/calibration/NAME.session,
 * so that neither a restart of hydropond nor one of the machine makes a probe in a bottle GOOD.
 * docs/calibration.md describes the files. In state_dir, as run_dir is gone after a reboot; so
 * another thread than main's writes them, and a session has only begun once its file is durable.
 *
 * Main thread only, but for session_keeper_write().
 */
#ifndef HYDROPON_SESSION_KEEPER_H
#define HYDROPON_SESSION_KEEPER_H

#include "channel/calibration_record.h"

/* Of a file that cannot be read: somebody has begun, nobody knows who. */
#define SESSION_UNREADABLE UINT32_MAX

struct session {
	uint32_t number;		/* 0: none */
	char who[CALIBRATION_TEXT];
};

enum session_state {
	SESSION_PENDING,	/* not written yet */
	SESSION_KEPT,		/* durable */
	SESSION_FAILED,		/* it could not be written, and will not be tried again */
};

struct session_keeper;

/* @conf must outlive it. Reads the files. NULL: out of memory. */
struct session_keeper *session_keeper_new(const struct conf *conf);
/* Not while a thread may be in session_keeper_write(). */
void session_keeper_free(struct session_keeper *keeper);

/* What is wanted of a channel now: after session_keeper_new() what was found. */
struct session session_keeper_wanted(const struct session_keeper *keeper, size_t channel);
/* @session->number 0: its file is to go. */
void session_keeper_want(struct session_keeper *keeper, size_t channel,
			 const struct session *session);
/* Of the session that is wanted. @error: -errno of SESSION_FAILED. */
enum session_state session_keeper_state(struct session_keeper *keeper, size_t channel, int *error);
/* From another thread: makes the files as they are wanted. */
void session_keeper_write(struct session_keeper *keeper);

#endif
