// SPDX-License-Identifier: GPL-2.0-only
#include "control/calibrate_command.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "base/clock.h"
#include "base/field.h"
#include "control/answer.h"
#include "control/calibrator.h"
#include "control/request.h"

#define CANDIDATES_MAX 8

struct command {
	const struct status_sources *sources;
	struct calibrator *calibrator;
	struct json_object *request;
	size_t channel;
	const char *name;		/* of it */
	uint32_t session;		/* 0: the request has none */
	char who[REQUEST_WHO];
	struct clock_pair now;
};

/* The outputs that stay in their safe state while the channel is not good. */
static struct json_object *new_locks(const struct command *command)
{
	struct json_object *array = json_object_new_array();
	const struct conf *conf = command->sources->conf;

	for (size_t i = 0; i < conf->outputs_n; i++) {
		const struct conf_output *output = &conf->outputs[i];
		bool is_locked = false;

		for (size_t j = 0; j < output->needs_n; j++)
			is_locked |= conf_rests_on(conf, (size_t)output->needs[j],
						   command->channel);
		if (is_locked)
			json_object_array_add(array, json_object_new_string(output->name));
	}
	return array;
}

static struct json_object *new_answer(const struct command *command)
{
	static const char *const states[] = {
		[CALIBRATOR_IDLE] = "idle", [CALIBRATOR_STORING] = "storing",
		[CALIBRATOR_STORED] = "stored", [CALIBRATOR_FAILED] = "failed",
	};
	struct json_object *answer = json_object_new_object();
	enum calibrator_state state;
	int error;

	state = calibrator_state(command->calibrator, command->channel, &error);
	field_put_bool(answer, "ok", true);
	field_put_string(answer, "channel", command->name);
	field_put_bool(answer, "kept", calibrator_is_kept(command->calibrator, command->channel));
	field_put_string(answer, "state", states[state]);
	field_put_error(answer, "store_error", state == CALIBRATOR_FAILED ? error : 0);
	field_put_count(answer, "version", calibrator_version(command->calibrator,
							     command->channel));
	return answer;
}

static struct json_object *new_no_session(const struct command *command)
{
	const char *who = calibrator_who(command->calibrator, command->channel);
	int error = calibrator_keep_error(command->calibrator, command->channel);

	if (error)
		return new_error("that %s is being calibrated cannot be kept (%s), and a restart would "
				 "forget it; see to the disk of state-dir, then begin again",
				 command->name, strerrordesc_np(-error));
	if (who)
		return new_error("%s is being calibrated by %s, not by this session", command->name,
				 who);
	return new_error("nobody calibrates %s; the session is over, begin another one",
			 command->name);
}

/* NULL: it was read. */
static struct json_object *new_unread(const struct command *command)
{
	int error = calibrator_read_error(command->calibrator, command->channel);

	return error ? new_error("what is kept of %s in calibration/ of state-dir could not be read "
				 "(%s), and a new one would take its place; see that hydropond can read "
				 "that file, and restart it", command->name, strerrordesc_np(-error)) :
		       NULL;
}

static struct json_object *begin(struct command *command)
{
	const struct conf_channel *conf = &command->sources->conf->channels[command->channel];
	struct json_object *answer;
	uint32_t session;

	if (conf->source == SOURCE_MANUAL)
		return new_error("%s is entered by hand: there is nothing to calibrate", command->name);
	if (conf->is_direct)
		return new_error("%s is measured by a transmitter that gives %s: calibrate it there; or "
				 "have it give mV, and write the keys of its quantity into [channel %s]",
				 command->name, quantity_unit(conf->quantity), command->name);
	if (conf->is_derived && conf->from >= 0)
		return new_error("%s is derived from %s; calibrate that", command->name,
				 command->sources->conf->channels[conf->from].name);
	if (!calibration_is_possible(conf->quantity))
		return new_error("%s is %s as its configuration says: there is nothing to calibrate",
				 command->name, quantity_name(conf->quantity));
	answer = new_unread(command);
	if (answer)
		return answer;
	session = calibrator_begin(command->calibrator, command->channel, command->who,
				   command->now.boot_ns);
	if (!session)
		return new_error("%s is being calibrated by %s; end that first: hydroponctl "
				 "calibrate %s --abort", command->name,
				 calibrator_who(command->calibrator, command->channel), command->name);
	turn_run(command->sources->turn);
	answer = new_answer(command);
	field_put_count(answer, "session", session);
	field_put_count(answer, "silence_ms", CALIBRATOR_SILENCE_MS);
	json_object_object_add(answer, "locks", new_locks(command));
	return answer;
}

static struct json_object *keep(struct command *command)
{
	if (!calibrator_keep(command->calibrator, command->channel, command->session,
			     command->now.boot_ns))
		return new_no_session(command);
	return new_answer(command);
}

static struct json_object *end(struct command *command)
{
	if (!calibrator_end(command->calibrator, command->channel, command->session,
			    command->now.boot_ns))
		return new_no_session(command);
	return new_answer(command);
}

static struct json_object *new_store_error(const struct command *command, int error,
					   const struct calibration_record *record)
{
	if (calibrator_read_error(command->calibrator, command->channel) == error)
		return new_unread(command);
	if (error == -ERANGE)
		return new_error("%s", record->solution.words);
	if (error == -EBUSY)
		return new_error("another calibration is being written; try again in a second");
	if (error == -EFBIG)
		return new_error("the history of %s is full; move its file in calibration/ away, and "
				 "restart hydropond", command->name);
	return new_error("out of memory; nothing was stored");
}

/* What was read, solved; and stored, unless it is only to be seen. */
static struct json_object *store_or_solve(struct command *command, bool is_stored)
{
	struct calibration_record record = { .version = 0 };
	struct json_object *answer;
	char why[256];
	int error = 0;

	if (!calibrator_keep(command->calibrator, command->channel, command->session,
			     command->now.boot_ns))
		return new_no_session(command);
	if (!calibration_points_parse(json_object_object_get(command->request, "points"), &record,
				      why, sizeof(why)))
		return new_error("%s", why);
	snprintf(record.who, sizeof(record.who), "%s", command->who);
	if (!calibrator_solve(command->calibrator, command->channel, &record))
		error = -ERANGE;
	else if (is_stored)
		error = calibrator_store(command->calibrator, command->channel, &record,
					 &command->now);
	if (error)
		return new_store_error(command, error, &record);
	answer = new_answer(command);
	json_object_object_add(answer, "solution", calibration_record_describe(&record));
	return answer;
}

static struct json_object *solve(struct command *command)
{
	return store_or_solve(command, false);
}

static struct json_object *store(struct command *command)
{
	return store_or_solve(command, true);
}

static double number_of(struct json_object *object, const char *key)
{
	struct json_object *value = json_object_object_get(object, key);

	return json_object_is_type(value, json_type_double) ||
	       json_object_is_type(value, json_type_int) ? json_object_get_double(value) : NAN;
}

/* The bottles that the request names by what they are at 25 C. */
static size_t find_candidates(struct json_object *labels, bool is_ph,
			      const struct buffer *candidates[CANDIDATES_MAX])
{
	size_t n = json_object_is_type(labels, json_type_array) ? json_object_array_length(labels) :
		   0, found = 0;

	for (size_t i = 0; i < n && found < CANDIDATES_MAX; i++) {
		double label = json_object_get_double(json_object_array_get_idx(labels, i));

		candidates[found] = is_ph ? buffer_find_ph(label) : buffer_find_ec(label);
		found += candidates[found] != NULL;
	}
	return found;
}

/* Which bottle the probe stands in. */
static struct json_object *recognise(struct command *command)
{
	const struct conf_channel conf = calibrator_conf(command->calibrator, command->channel);
	const struct buffer *candidates[CANDIDATES_MAX];
	struct json_object *request = command->request, *found, *answer;
	struct json_object *known = json_object_object_get(request, "known");
	const struct calibration_point before = { number_of(known, "reference"),
						  number_of(known, "reading"), NAN };
	double reading = number_of(request, "reading"), celsius = number_of(request, "celsius");
	bool is_ph = conf.quantity == QUANTITY_PH;
	struct recognition seen;
	size_t n;

	if (!is_ph && conf.quantity != QUANTITY_EC)
		return new_error("only pH and EC have buffers and standards");
	n = find_candidates(json_object_object_get(request, "labels"), is_ph, candidates);
	if (!n || !isfinite(reading) || !isfinite(celsius))
		return new_error("\"labels\" must name buffers or standards that are known; "
				 "\"reading\" and \"celsius\" must be numbers");
	if (is_ph)
		recognise_ph(&conf, candidates, n, reading, celsius,
			     isfinite(before.reference) && isfinite(before.reading) ? &before : NULL,
			     &seen);
	else
		recognise_ec(&conf, candidates, n, reading, celsius, &seen);
	answer = new_answer(command);
	found = json_object_new_array();
	for (size_t i = 0; i < seen.n; i++)
		json_object_array_add(found,
				      field_new_number(buffer_nominal(seen.found[i])));
	json_object_object_add(answer, "found", found);
	json_object_object_add(answer, "seen", field_new_number(seen.seen));
	return answer;
}

static struct json_object *undo(struct command *command)
{
	const char *who = calibrator_who(command->calibrator, command->channel);
	int error;

	if (who)
		return new_error("%s is being calibrated by %s; end that first: hydroponctl "
				 "calibrate %s --abort", command->name, who, command->name);
	error = calibrator_undo(command->calibrator, command->channel, command->who, &command->now);
	if (error == -ENOENT)
		return new_error("%s goes by its configuration; there is nothing to undo",
				 command->name);
	return error ? new_store_error(command, error, NULL) : new_answer(command);
}

static struct json_object *history(struct command *command)
{
	struct json_object *answer = new_answer(command);

	json_object_object_add(answer, "history",
			       calibrator_history(command->calibrator, command->channel));
	return answer;
}

/* NULL: all of it could be read. */
static struct json_object *read_request(struct command *command)
{
	const struct conf *conf = command->sources->conf;
	struct json_object *session = json_object_object_get(command->request, "session");
	struct json_object *refusal = request_channel(conf, command->request, &command->channel);

	if (refusal)
		return refusal;
	command->name = conf->channels[command->channel].name;
	if (session && (!json_object_is_type(session, json_type_int) ||
			json_object_get_int64(session) < 1 ||
			json_object_get_int64(session) > UINT32_MAX))
		return new_error("\"session\" must be the number that begin gave");
	command->session = (uint32_t)json_object_get_int64(session);
	return request_who(command->request, command->who);
}

struct json_object *calibrate_command(const struct status_sources *sources,
				      struct json_object *request)
{
	static const struct {
		const char *name;
		struct json_object *(*perform)(struct command *command);
	} actions[] = {
		{ "begin", begin }, { "keep", keep }, { "recognise", recognise },
		{ "solve", solve }, { "store", store },
		{ "end", end }, { "undo", undo }, { "history", history },
	};
	struct json_object *action = json_object_object_get(request, "do"), *refusal;
	const char *name = json_object_is_type(action, json_type_string) ?
			   json_object_get_string(action) : "";
	struct command command = {
		.sources = sources,
		.calibrator = sources->calibrator,
		.request = request,
		.now = clock_pair_now(sources->conf->trusts_clock),
	};

	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		if (strcmp(name, actions[i].name))
			continue;
		refusal = read_request(&command);
		return refusal ? refusal : actions[i].perform(&command);
	}
	return new_error("\"do\" must be \"begin\", \"keep\", \"recognise\", \"solve\", \"store\", "
			 "\"end\", \"undo\" or \"history\"");
}
