// SPDX-License-Identifier: GPL-2.0-only
#include "control/calibrator.h"

#include <errno.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <json-c/json.h>

#include "base/clock.h"
#include "base/field.h"
#include "base/file.h"
#include "base/log.h"
#include "base/sealed_lines.h"
#include "base/thread.h"
#include "channel/settle.h"
#include "control/session_keeper.h"

#define FILE_NAME "hydropon-calibrations 1"
#define SETTLE_MOST_MS (5 * 60 * 1000ULL)
#define DAY_MS 86400000.0
#define PATH_SIZE (CONF_PATH_MAX + HYDROPON_NAME_MAX + 16)
/* A year of one a day and more; and its file is far from the largest one that is read. */
#define VERSIONS_MAX 512

struct slot {
	struct calibration_record *versions;	/* ascending; the last one holds */
	size_t versions_n;
	char *lines;			/* what the file has; NULL: nothing */
	bool is_damaged;		/* the file; then versions is empty */
	int read_error;			/* -errno: nobody knows what is in it; the same */
	uint32_t highest;		/* of all versions there were */
	uint32_t session;		/* 0: none */
	uint64_t silent_ns;		/* then the session ends */
	char who[CALIBRATION_TEXT];
	bool is_found;			/* the session is of an earlier hydropond, nobody spoke yet */
	bool was_found;			/* one that was found has been taken over by it */
	int keep_error;			/* why the newest session did not begin */
	enum calibrator_state state;
	int error;
	bool is_settling;		/* its session is over, and the probe on its way */
	struct settle *settling;	/* NULL: no memory, or no reading since; then the time counts */
	uint64_t settle_from_ns;	/* since the end of the session */
	bool is_expired;
	double known_age_ms;		/* of the newest version, at the least ... */
	uint64_t known_ns;		/* ... then; BOOTTIME */
};

/* What is to be written, one at a time. */
struct job {
	bool is_asked, is_written;	/* with the lock held */
	int error;			/* the same */
	size_t channel;
	char *lines;			/* the whole of the file from then on */
	bool is_damaged;		/* keeps what is there aside */
	struct calibration_record record;
};

struct calibrator {
	const struct conf *conf;
	struct turn *turn;
	struct session_keeper *keeper;
	uint32_t sessions;
	uint64_t next_expiry_ns;
	pthread_mutex_t lock;
	struct job job;
	struct slot slots[HYDROPON_MAX_CHANNELS];
};

static void path_of(const struct calibrator *calibrator, size_t channel, char path[PATH_SIZE])
{
	snprintf(path, PATH_SIZE, "%s/calibration/%s", calibrator->conf->state_dir,
		 calibrator->conf->channels[channel].name);
}

static const struct calibration_record *newest(const struct slot *slot)
{
	return slot->versions_n ? &slot->versions[slot->versions_n - 1] : NULL;
}

static const struct calibration_record *find_version(const struct slot *slot, uint32_t version)
{
	for (size_t i = 0; i < slot->versions_n; i++)
		if (slot->versions[i].version == version)
			return &slot->versions[i];
	return NULL;
}

static int add_version(struct slot *slot, const struct calibration_record *record)
{
	struct calibration_record *versions =
		reallocarray(slot->versions, slot->versions_n + 1, sizeof(*versions));

	if (!versions)
		return -ENOMEM;
	slot->versions = versions;
	slot->versions[slot->versions_n++] = *record;
	return 0;
}

/* -EBADMSG: a line is no version of this channel, or they are not ascending; -ENOMEM. */
static int read_versions(struct slot *slot, const struct conf_channel *conf)
{
	struct calibration_record record;
	bool is_whole = true;

	for (const char *at = slot->lines; at && *at;) {
		size_t length = strcspn(at, "\n");

		if (calibration_record_parse(at, length, conf, &record)) {
			is_whole &= record.version > slot->highest;
			if (record.version > slot->highest)
				slot->highest = record.version;
			if (is_whole && add_version(slot, &record))
				return -ENOMEM;
		} else {
			is_whole = false;
		}
		at += length + (at[length] == '\n');
	}
	return is_whole && slot->versions_n <= VERSIONS_MAX ? 0 : -EBADMSG;
}

/* What its calibration leaves of the quality. */
static enum quality doubt_of(const struct slot *slot)
{
	if (slot->session || slot->is_settling)
		return Q_UNCERTAIN_CALIBRATING;
	if (slot->is_damaged || slot->read_error)
		return Q_UNCERTAIN_CALIBRATION;
	return slot->is_expired ? Q_UNCERTAIN_EXPIRED : Q_GOOD;
}

static void put_doubt(struct calibrator *calibrator, size_t channel, uint64_t now_ns)
{
	channels_doubt(calibrator->turn->channels, channel, doubt_of(&calibrator->slots[channel]),
		       now_ns);
}

struct conf_channel calibrator_conf(const struct calibrator *calibrator, size_t channel)
{
	const struct calibration_record *record = newest(&calibrator->slots[channel]);
	struct conf_channel conf = calibrator->conf->channels[channel];

	if (record)
		calibration_record_apply(record, &conf);
	return conf;
}

/* The samples from now on are by that version: whoever reads the spool finds it there. */
static void tell_version(struct calibrator *calibrator, size_t channel)
{
	const struct event_number version = { "version", calibrator_version(calibrator, channel) };

	turn_event(calibrator->turn, "calibration", calibrator->conf->channels[channel].name,
		   &version, 1);
}

static void hold(struct calibrator *calibrator, size_t channel, uint64_t now_ns)
{
	const struct conf_channel conf = calibrator_conf(calibrator, channel);

	channels_calibrate(calibrator->turn->channels, channel, &conf, now_ns);
}

/*
 * Of what is damaged another one may take the place. What could not be read may be whole: a new one
 * would take a good history's place, and give its numbers out once more.
 */
static void doubt_file(struct calibrator *calibrator, size_t channel, const char *path, int error)
{
	struct slot *slot = &calibrator->slots[channel];
	const char *name = calibrator->conf->channels[channel].name;

	if (error == -EBADMSG)
		log_error("%s: its calibration cannot be read (%s: it is damaged, or of another "
			  "quantity): it goes by the configuration, and is uncertain, so that nothing "
			  "that needs it is switched; calibrate it: hydroponctl calibrate %s; or remove "
			  "that file, if the configuration is right", name, path, name);
	else
		log_error("%s: its calibration cannot be read (%s: %s): it goes by the configuration, "
			  "and is uncertain, so that nothing that needs it is switched, and none is "
			  "stored; see that hydropond can read that file, and restart it", name, path,
			  strerrordesc_np(-error));
	slot->is_damaged = error == -EBADMSG;
	slot->read_error = slot->is_damaged ? 0 : error;
	slot->versions_n = 0;
	free(slot->lines);
	slot->lines = NULL;
	put_doubt(calibrator, channel, 0);
}

static void load(struct calibrator *calibrator, size_t channel)
{
	const struct conf_channel *conf = &calibrator->conf->channels[channel];
	struct slot *slot = &calibrator->slots[channel];
	char path[PATH_SIZE];
	int error, parse_error;

	/* What a transmitter gives is no mV any more. */
	if (conf->is_direct)
		return;
	path_of(calibrator, channel, path);
	error = sealed_lines_read(path, FILE_NAME, &slot->lines);
	if (error == -ENOENT)
		return;
	/* Of what is damaged at least the numbers, so that none is given out twice. */
	parse_error = read_versions(slot, conf);
	if (error || parse_error) {
		doubt_file(calibrator, channel, path, error ? error : parse_error);
		return;
	}
	if (!slot->versions_n)
		return;
	slot->known_ns = clock_boot_ns();
	hold(calibrator, channel, 0);
	log_info("%s: calibration %u is in use, not what the configuration says", conf->name,
		 newest(slot)->version);
}

static void want_kept(struct calibrator *calibrator, size_t channel)
{
	const struct slot *slot = &calibrator->slots[channel];
	struct session session = { .number = slot->session };

	snprintf(session.who, sizeof(session.who), "%s", slot->session ? slot->who : "");
	session_keeper_want(calibrator->keeper, channel, &session);
}

/* hydropond ended in the midst of it: the probe may still be in a bottle. */
static void resume(struct calibrator *calibrator, size_t channel, uint64_t now_ns)
{
	const struct session found = session_keeper_wanted(calibrator->keeper, channel);
	struct slot *slot = &calibrator->slots[channel];

	if (!found.number)
		return;
	slot->session = found.number;
	slot->is_found = true;
	slot->silent_ns = now_ns + CALIBRATOR_SILENCE_MS * NS_PER_MS;
	snprintf(slot->who, sizeof(slot->who), "%s", found.who);
	if (found.number != SESSION_UNREADABLE && found.number > calibrator->sessions)
		calibrator->sessions = found.number;
	put_doubt(calibrator, channel, now_ns);
	log_warning("%s: %s was calibrating it when hydropond ended; what needs it stays in its safe "
		    "state for %llu min, unless somebody goes on: hydroponctl calibrate %s; or, once "
		    "the probe is in its place: hydroponctl calibrate %s --abort",
		    calibrator->conf->channels[channel].name, slot->who,
		    CALIBRATOR_SILENCE_MS / 60000, calibrator->conf->channels[channel].name,
		    calibrator->conf->channels[channel].name);
}

struct calibrator *calibrator_new(const struct conf *conf, struct turn *turn, uint32_t sessions)
{
	struct calibrator *calibrator = calloc(1, sizeof(*calibrator));

	if (!calibrator)
		return NULL;
	calibrator->conf = conf;
	calibrator->turn = turn;
	calibrator->sessions = sessions;
	calibrator->keeper = session_keeper_new(conf);
	if (!calibrator->keeper)
		goto err_free;
	if (thread_make_lock(&calibrator->lock))
		goto err_free_keeper;
	for (size_t i = 0; i < conf->channels_n; i++) {
		load(calibrator, i);
		resume(calibrator, i, clock_boot_ns());
	}
	return calibrator;

err_free_keeper:
	session_keeper_free(calibrator->keeper);
err_free:
	free(calibrator);
	return NULL;
}

void calibrator_free(struct calibrator *calibrator)
{
	if (!calibrator)
		return;
	for (size_t i = 0; i < calibrator->conf->channels_n; i++) {
		free(calibrator->slots[i].versions);
		free(calibrator->slots[i].lines);
		free(calibrator->slots[i].settling);
	}
	free(calibrator->job.lines);
	session_keeper_free(calibrator->keeper);
	pthread_mutex_destroy(&calibrator->lock);
	free(calibrator);
}

/*
 * By a second name, and not by renaming it: without a file the channel would be good by its
 * configuration, if the new one cannot be written or the power fails before it is.
 */
static int keep_aside(const char *path)
{
	char aside[PATH_SIZE + 16];

	snprintf(aside, sizeof(aside), "%s.damaged", path);
	if (unlink(aside) && errno != ENOENT)
		return -errno;
	return link(path, aside) && errno != ENOENT ? -errno : 0;
}

/* The lock is not held while the disk is waited for: main looks at the job in every turn. */
static void write_job(struct calibrator *calibrator)
{
	struct job *job = &calibrator->job;
	char path[PATH_SIZE], dir[PATH_SIZE];
	bool is_asked;
	int error;

	pthread_mutex_lock(&calibrator->lock);
	is_asked = job->is_asked && !job->is_written;
	pthread_mutex_unlock(&calibrator->lock);
	if (!is_asked)
		return;
	path_of(calibrator, job->channel, path);
	snprintf(dir, sizeof(dir), "%s/calibration", calibrator->conf->state_dir);
	error = dir_make(calibrator->conf->state_dir);
	if (!error)
		error = dir_make(dir);
	if (!error && job->is_damaged)
		error = keep_aside(path);
	if (!error)
		error = sealed_lines_write(path, FILE_NAME, job->lines);
	pthread_mutex_lock(&calibrator->lock);
	job->error = error;
	job->is_written = true;
	pthread_mutex_unlock(&calibrator->lock);
}

void calibrator_write(struct calibrator *calibrator)
{
	session_keeper_write(calibrator->keeper);
	write_job(calibrator);
}

static void take_success(struct calibrator *calibrator, uint64_t now_ns)
{
	struct job *job = &calibrator->job;
	struct slot *slot = &calibrator->slots[job->channel];

	slot->error = add_version(slot, &job->record);
	slot->state = slot->error ? CALIBRATOR_FAILED : CALIBRATOR_STORED;
	if (slot->error)
		return;
	free(slot->lines);
	slot->lines = job->lines;
	job->lines = NULL;
	slot->highest = job->record.version;
	slot->is_damaged = slot->is_expired = false;
	slot->known_age_ms = 0;
	slot->known_ns = now_ns;
	hold(calibrator, job->channel, now_ns);
	put_doubt(calibrator, job->channel, now_ns);
	log_notice("%s: calibration %u by %s holds: %s",
		   calibrator->conf->channels[job->channel].name, job->record.version,
		   job->record.who, job->record.solution.words);
	tell_version(calibrator, job->channel);
}

static void take_written(struct calibrator *calibrator, uint64_t now_ns)
{
	struct job *job = &calibrator->job;
	struct slot *slot = &calibrator->slots[job->channel];
	bool is_written;

	pthread_mutex_lock(&calibrator->lock);
	is_written = job->is_written;
	pthread_mutex_unlock(&calibrator->lock);
	if (!is_written)
		return;
	if (!job->error) {
		take_success(calibrator, now_ns);
	} else {
		slot->state = CALIBRATOR_FAILED;
		slot->error = job->error;
		log_error("%s: its calibration cannot be stored: %s; the one before holds",
			  calibrator->conf->channels[job->channel].name,
			  strerrordesc_np(-job->error));
	}
	free(job->lines);
	job->lines = NULL;
	pthread_mutex_lock(&calibrator->lock);
	job->is_asked = job->is_written = false;
	pthread_mutex_unlock(&calibrator->lock);
}

/* -1: not known: it is by the configuration, or no clock was set when it was made or is now. */
static double age_ms(const struct slot *slot, const struct clock_pair *now)
{
	const struct calibration_record *record = newest(slot);

	if (!record || record->is_by_configuration || !record->is_dated || !now->is_set)
		return -1;
	return now->wall_ms > record->made_ms ? (double)(now->wall_ms - record->made_ms) : 0;
}

/*
 * A clock that is not set says nothing of age, and makes nothing younger: from when it was known, or
 * from when the version was loaded or stored, the time of BOOTTIME counts.
 */
static double least_age_ms(struct slot *slot, const struct clock_pair *now)
{
	const struct calibration_record *record = newest(slot);
	double age = age_ms(slot, now);

	if (!record || record->is_by_configuration)
		return -1;
	if (age < 0)
		return slot->known_age_ms + (double)(now->boot_ns - slot->known_ns) / NS_PER_MS;
	slot->known_age_ms = age;
	slot->known_ns = now->boot_ns;
	return age;
}

static void see_expiry(struct calibrator *calibrator, size_t channel,
		       const struct clock_pair *now)
{
	const struct conf_channel *conf = &calibrator->conf->channels[channel];
	struct slot *slot = &calibrator->slots[channel];
	bool was = slot->is_expired;

	slot->is_expired = conf->calibration_expires_d > 0 &&
			   least_age_ms(slot, now) > conf->calibration_expires_d * DAY_MS;
	if (slot->is_expired == was)
		return;
	put_doubt(calibrator, channel, now->boot_ns);
	if (slot->is_expired)
		log_warning("%s: its calibration is older than %g d, so that it is uncertain, and "
			    "nothing that needs it is switched: hydroponctl calibrate %s", conf->name,
			    conf->calibration_expires_d, conf->name);
}

/* A session that a restart would end has not begun. What one that was found locks stays locked. */
static void see_kept(struct calibrator *calibrator, size_t channel, uint64_t now_ns)
{
	struct slot *slot = &calibrator->slots[channel];
	int error;

	if (!slot->session ||
	    session_keeper_wanted(calibrator->keeper, channel).number != slot->session ||
	    session_keeper_state(calibrator->keeper, channel, &error) != SESSION_FAILED)
		return;
	slot->keep_error = error;
	log_error("%s: that it is being calibrated cannot be kept: %s; the session is over",
		  calibrator->conf->channels[channel].name, strerrordesc_np(-error));
	if (slot->was_found) {
		slot->session = ++calibrator->sessions;
		slot->is_found = true;
	} else {
		calibrator_end(calibrator, channel, 0, now_ns);
	}
}

static void stop_settling(struct slot *slot)
{
	slot->is_settling = false;
	free(slot->settling);
	slot->settling = NULL;
}

/* Out of pH 7 an electrode takes minutes to a tank of 5.8, and reads good values on its way. */
static void begin_settling(struct calibrator *calibrator, size_t channel, uint64_t now_ns)
{
	enum quantity quantity = calibrator->conf->channels[channel].quantity;
	struct slot *slot = &calibrator->slots[channel];

	stop_settling(slot);
	if (quantity != QUANTITY_PH && quantity != QUANTITY_EC)
		return;
	slot->is_settling = true;
	slot->settle_from_ns = now_ns;
}

static bool has_settled(struct slot *slot, const struct channel *channel)
{
	struct settle_limits limits;

	if (!channel->reading_ns) {
		if (slot->settling)
			settle_break(slot->settling);
		return false;
	}
	if (channel->reading_ns <= slot->settle_from_ns)
		return false;
	if (!slot->settling) {
		slot->settling = calloc(1, sizeof(*slot->settling));
		if (!slot->settling)
			return false;
		limits = settle_limits_of(channel->conf->quantity, channel->reading);
		settle_begin(slot->settling, &limits);
	}
	settle_take(slot->settling, channel->reading_ns, channel->reading);
	return settle_judge(slot->settling).is_settled;
}

static void see_settling(struct calibrator *calibrator, size_t channel, uint64_t now_ns)
{
	struct slot *slot = &calibrator->slots[channel];

	if (!slot->is_settling ||
	    (!has_settled(slot, channels_get(calibrator->turn->channels, channel)) &&
	     now_ns < slot->settle_from_ns + SETTLE_MOST_MS * NS_PER_MS))
		return;
	stop_settling(slot);
	put_doubt(calibrator, channel, now_ns);
}

void calibrator_run(struct calibrator *calibrator, const struct clock_pair *now)
{
	take_written(calibrator, now->boot_ns);
	for (size_t i = 0; i < calibrator->conf->channels_n; i++) {
		struct slot *slot = &calibrator->slots[i];

		see_kept(calibrator, i, now->boot_ns);
		see_settling(calibrator, i, now->boot_ns);
		if (!slot->session || now->boot_ns < slot->silent_ns)
			continue;
		log_warning("%s: whoever calibrated it (%s) was silent for %llu min: the session is "
			    "over; see whether the probe is back in its place",
			    calibrator->conf->channels[i].name, slot->who,
			    CALIBRATOR_SILENCE_MS / 60000);
		calibrator_end(calibrator, i, 0, now->boot_ns);
	}
	if (now->boot_ns < calibrator->next_expiry_ns)
		return;
	/* With the first of them each version that holds is told, to those that read the spool. */
	for (size_t i = 0; i < calibrator->conf->channels_n; i++) {
		see_expiry(calibrator, i, now);
		if (!calibrator->next_expiry_ns && calibrator->slots[i].versions_n)
			tell_version(calibrator, i);
	}
	calibrator->next_expiry_ns = now->boot_ns + NS_PER_SEC;
}

uint32_t calibrator_begin(struct calibrator *calibrator, size_t channel, const char *who,
			  uint64_t now_ns)
{
	struct slot *slot = &calibrator->slots[channel];

	/* One that was found has no client any more; the channel must not be good in between. */
	if (slot->session && !slot->is_found)
		return 0;
	slot->was_found = slot->is_found;
	slot->is_found = false;
	slot->keep_error = 0;
	stop_settling(slot);
	slot->session = ++calibrator->sessions;
	slot->silent_ns = now_ns + CALIBRATOR_SILENCE_MS * NS_PER_MS;
	slot->state = slot->state == CALIBRATOR_STORING ? CALIBRATOR_STORING : CALIBRATOR_IDLE;
	snprintf(slot->who, sizeof(slot->who), "%s", who);
	want_kept(calibrator, channel);
	put_doubt(calibrator, channel, now_ns);
	log_notice("%s: %s calibrates it; what needs it stays in its safe state",
		   calibrator->conf->channels[channel].name, slot->who);
	return slot->session;
}

bool calibrator_keep(struct calibrator *calibrator, size_t channel, uint32_t session,
		     uint64_t now_ns)
{
	struct slot *slot = &calibrator->slots[channel];

	if (!slot->session || slot->session != session)
		return false;
	slot->is_found = false;
	slot->silent_ns = now_ns + CALIBRATOR_SILENCE_MS * NS_PER_MS;
	return true;
}

bool calibrator_end(struct calibrator *calibrator, size_t channel, uint32_t session,
		    uint64_t now_ns)
{
	struct slot *slot = &calibrator->slots[channel];

	if (!slot->session || (session && slot->session != session))
		return false;
	slot->session = 0;
	slot->is_found = false;
	begin_settling(calibrator, channel, now_ns);
	want_kept(calibrator, channel);
	put_doubt(calibrator, channel, now_ns);
	log_notice("%s: it is not being calibrated any more",
		   calibrator->conf->channels[channel].name);
	return true;
}

bool calibrator_is_kept(const struct calibrator *calibrator, size_t channel)
{
	int error;

	return calibrator->slots[channel].session &&
	       session_keeper_state(calibrator->keeper, channel, &error) == SESSION_KEPT;
}

int calibrator_read_error(const struct calibrator *calibrator, size_t channel)
{
	return calibrator->slots[channel].read_error;
}

int calibrator_keep_error(const struct calibrator *calibrator, size_t channel)
{
	return calibrator->slots[channel].keep_error;
}

const char *calibrator_who(const struct calibrator *calibrator, size_t channel)
{
	return calibrator->slots[channel].session ? calibrator->slots[channel].who : NULL;
}

/* Hands @record over as the next version. */
static int post(struct calibrator *calibrator, size_t channel, struct calibration_record *record,
		const struct clock_pair *now)
{
	struct slot *slot = &calibrator->slots[channel];
	struct job *job = &calibrator->job;
	struct json_object *object;
	char *lines = NULL;
	int n;

	if (slot->read_error)
		return slot->read_error;
	/* Only main sets is_asked, and takes it back. */
	if (job->is_asked)
		return -EBUSY;
	if (slot->versions_n == VERSIONS_MAX)
		return -EFBIG;
	record->version = slot->highest + 1;
	record->made_ms = now->wall_ms;
	record->is_dated = now->is_set;
	object = calibration_record_describe(record);
	n = asprintf(&lines, "%s%s\n", slot->lines ? slot->lines : "",
		     json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
	json_object_put(object);
	if (n < 0)
		return -ENOMEM;
	slot->state = CALIBRATOR_STORING;
	job->channel = channel;
	job->lines = lines;
	job->is_damaged = slot->is_damaged;
	job->record = *record;
	pthread_mutex_lock(&calibrator->lock);
	job->is_asked = true;
	job->is_written = false;
	pthread_mutex_unlock(&calibrator->lock);
	return 0;
}

bool calibrator_solve(const struct calibrator *calibrator, size_t channel,
		      struct calibration_record *record)
{
	const struct conf_channel *base = &calibrator->conf->channels[channel];
	const struct conf_channel current = calibrator_conf(calibrator, channel);

	record->quantity = base->quantity;
	record->previous = calibrator_version(calibrator, channel);
	record->is_undo = record->is_by_configuration = false;
	return calibration_solve(base, &current, record->points, record->n, &record->solution);
}

int calibrator_store(struct calibrator *calibrator, size_t channel,
		     struct calibration_record *record, const struct clock_pair *now)
{
	return post(calibrator, channel, record, now);
}

int calibrator_undo(struct calibrator *calibrator, size_t channel, const char *who,
		    const struct clock_pair *now)
{
	struct slot *slot = &calibrator->slots[channel];
	const struct calibration_record *holds = newest(slot), *before;
	struct calibration_record record;

	if (slot->read_error)
		return slot->read_error;
	if (!holds || holds->is_by_configuration)
		return -ENOENT;
	before = find_version(slot, holds->previous);
	if (before) {
		record = *before;
		record.n = 0;
	} else {
		record = (struct calibration_record){
			.quantity = holds->quantity,
			.is_by_configuration = true,
			.solution = {
				.conf = calibrator->conf->channels[channel],
				.slope_percent = NAN, .acid_percent = NAN, .alkaline_percent = NAN,
				.offset = NAN, .residual = NAN,
			},
		};
		snprintf(record.solution.words, sizeof(record.solution.words),
			 "it goes by the configuration");
	}
	record.is_undo = true;
	record.returns_to = before ? before->version : 0;
	record.previous = before ? before->previous : 0;
	snprintf(record.who, sizeof(record.who), "%s", who);
	return post(calibrator, channel, &record, now);
}

enum calibrator_state calibrator_state(const struct calibrator *calibrator, size_t channel,
				       int *error)
{
	*error = calibrator->slots[channel].error;
	return calibrator->slots[channel].state;
}

uint32_t calibrator_version(const struct calibrator *calibrator, size_t channel)
{
	const struct calibration_record *record = newest(&calibrator->slots[channel]);

	return record ? record->version : 0;
}

struct json_object *calibrator_describe(const struct calibrator *calibrator, size_t channel,
					const struct clock_pair *now)
{
	const struct conf_channel *conf = &calibrator->conf->channels[channel];
	const struct slot *slot = &calibrator->slots[channel];
	const struct calibration_record *record = newest(slot);
	struct json_object *object = json_object_new_object();
	double age = age_ms(slot, now), due_ms = conf->calibration_due_d * DAY_MS;

	field_put_count(object, "version", record ? record->version : 0);
	field_put_string(object, "verdict", record && !record->is_by_configuration ?
			verdict_name(record->solution.verdict) : NULL);
	field_put_bool(object, "damaged", slot->is_damaged);
	field_put_error(object, "read_error", slot->read_error);
	field_put_bool(object, "expired", slot->is_expired);
	field_put_bool(object, "due", due_ms > 0 && age >= due_ms);
	json_object_object_add(object, "age_ms", age >= 0 ?
			       json_object_new_uint64((uint64_t)age) : NULL);
	json_object_object_add(object, "due_ms", age >= 0 && due_ms > 0 ?
			       json_object_new_int64(record->made_ms + (int64_t)due_ms) : NULL);
	field_put_bool(object, "settling", slot->is_settling);
	field_put_string(object, "calibrating", calibrator_who(calibrator, channel));
	return object;
}

struct json_object *calibrator_history(const struct calibrator *calibrator, size_t channel)
{
	const struct slot *slot = &calibrator->slots[channel];
	struct json_object *array = json_object_new_array();

	for (size_t i = slot->versions_n; i-- > 0 && slot->versions_n - i <= CALIBRATOR_SHOWN;)
		json_object_array_add(array, calibration_record_describe(&slot->versions[i]));
	return array;
}
