// SPDX-License-Identifier: GPL-2.0-only
#include "control/session_keeper.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/sealed_lines.h"
#include "base/thread.h"

#define FILE_NAME "hydropon-session 1"
#define PATH_SIZE (CONF_PATH_MAX + HYDROPON_NAME_MAX + 32)

struct slot {
	struct session wanted;	/* only main changes it, with the lock held */
	/* with the lock held */
	uint32_t kept;		/* number of the session that the file is of; 0: there is none */
	bool is_unsure;		/* whether there is a file, and of which session */
	uint32_t failed;	/* number of the session that could not be written */
	int error;
};

struct session_keeper {
	const struct conf *conf;
	pthread_mutex_t lock;
	struct slot slots[HYDROPON_MAX_CHANNELS];
};

static void path_of(const struct session_keeper *keeper, size_t channel, char path[PATH_SIZE])
{
	/* A name has no dot: it is no other channel's history. */
	snprintf(path, PATH_SIZE, "%s/calibration/%s.session", keeper->conf->state_dir,
		 keeper->conf->channels[channel].name);
}

/* "3 anna\n" */
static bool parse(const char *lines, struct session *session)
{
	int used = 0;

	*session = (struct session){ .number = 0 };
	if (sscanf(lines, "%" SCNu32 " %n", &session->number, &used) != 1 || !session->number ||
	    session->number == SESSION_UNREADABLE || !used)
		return false;
	snprintf(session->who, sizeof(session->who), "%.*s", (int)strcspn(lines + used, "\n"),
		 lines + used);
	return true;
}

/* Whatever is there and cannot be read was put there by somebody who has begun. */
static void find(struct session_keeper *keeper, size_t channel)
{
	struct slot *slot = &keeper->slots[channel];
	char path[PATH_SIZE], *lines;
	int error;

	path_of(keeper, channel, path);
	error = sealed_lines_read(path, FILE_NAME, &lines);
	if (error != -ENOENT && error != -ENOTDIR && (error || !parse(lines, &slot->wanted)))
		slot->wanted = (struct session){ SESSION_UNREADABLE, "somebody, it cannot be read who" };
	slot->kept = slot->wanted.number;
	free(lines);
}

struct session_keeper *session_keeper_new(const struct conf *conf)
{
	struct session_keeper *keeper = calloc(1, sizeof(*keeper));

	if (!keeper)
		return NULL;
	keeper->conf = conf;
	if (thread_make_lock(&keeper->lock)) {
		free(keeper);
		return NULL;
	}
	for (size_t i = 0; i < conf->channels_n; i++)
		find(keeper, i);
	return keeper;
}

void session_keeper_free(struct session_keeper *keeper)
{
	if (!keeper)
		return;
	pthread_mutex_destroy(&keeper->lock);
	free(keeper);
}

struct session session_keeper_wanted(const struct session_keeper *keeper, size_t channel)
{
	return keeper->slots[channel].wanted;
}

void session_keeper_want(struct session_keeper *keeper, size_t channel,
			 const struct session *session)
{
	pthread_mutex_lock(&keeper->lock);
	keeper->slots[channel].wanted = *session;
	pthread_mutex_unlock(&keeper->lock);
}

enum session_state session_keeper_state(struct session_keeper *keeper, size_t channel, int *error)
{
	const struct slot *slot = &keeper->slots[channel];
	enum session_state state = SESSION_PENDING;

	pthread_mutex_lock(&keeper->lock);
	if (slot->failed == slot->wanted.number && slot->failed)
		state = SESSION_FAILED;
	else if (slot->kept == slot->wanted.number && !slot->is_unsure)
		state = SESSION_KEPT;
	*error = slot->error;
	pthread_mutex_unlock(&keeper->lock);
	return state;
}

static int write_file(const struct session_keeper *keeper, const char *path,
		      const struct session *session)
{
	char line[CALIBRATION_TEXT + 16], dir[PATH_SIZE];
	int error = dir_make(keeper->conf->state_dir);

	snprintf(dir, sizeof(dir), "%s/calibration", keeper->conf->state_dir);
	snprintf(line, sizeof(line), "%" PRIu32 " %s\n", session->number, session->who);
	if (!error)
		error = dir_make(dir);
	return error ? error : sealed_lines_write(path, FILE_NAME, line);
}

static int remove_file(const struct session_keeper *keeper, const char *path)
{
	char dir[PATH_SIZE];

	if (unlink(path))
		return errno == ENOENT || errno == ENOTDIR ? 0 : -errno;
	snprintf(dir, sizeof(dir), "%s/calibration", keeper->conf->state_dir);
	return dir_sync(dir);
}

/* A file that cannot be removed is tried again each second, and told of once. */
static void take_result(struct session_keeper *keeper, size_t channel, uint32_t number, int error)
{
	struct slot *slot = &keeper->slots[channel];
	bool is_news;

	pthread_mutex_lock(&keeper->lock);
	is_news = error && error != slot->error;
	slot->error = error;
	slot->is_unsure = error != 0;
	slot->kept = error ? slot->kept : number;
	slot->failed = error ? number : 0;
	pthread_mutex_unlock(&keeper->lock);
	if (is_news && !number)
		log_error("%s: that its calibration is over cannot be kept: %s; after a restart it counts "
			  "as being calibrated", keeper->conf->channels[channel].name,
			  strerrordesc_np(-error));
}

/* The lock is not held while the disk is waited for. */
static void write_one(struct session_keeper *keeper, size_t channel)
{
	const struct slot *slot = &keeper->slots[channel];
	struct session wanted;
	char path[PATH_SIZE];
	bool is_due;

	pthread_mutex_lock(&keeper->lock);
	wanted = slot->wanted;
	is_due = (slot->kept != wanted.number || slot->is_unsure) &&
		 (!wanted.number || slot->failed != wanted.number);
	pthread_mutex_unlock(&keeper->lock);
	if (!is_due)
		return;
	path_of(keeper, channel, path);
	take_result(keeper, channel, wanted.number, wanted.number ?
		    write_file(keeper, path, &wanted) : remove_file(keeper, path));
}

void session_keeper_write(struct session_keeper *keeper)
{
	for (size_t i = 0; i < keeper->conf->channels_n; i++)
		write_one(keeper, i);
}
