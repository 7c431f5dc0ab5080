// SPDX-License-Identifier: GPL-2.0-only
#include "control/protocol.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "base/clock.h"
#include "base/units.h"
#include "base/words.h"
#include "control/answer.h"
#include "control/calibrate_command.h"
#include "control/enter.h"
#include "control/explain.h"
#include "control/metrics.h"
#include "protect/cause.h"
#include "protect/terms.h"

#define REQUEST_DEPTH 8

/* Why an output will not leave its safe state now; @text is empty if nothing stands
 * in the way. */
static void explain(const struct turn *turn, const struct output *output, char *text, size_t size)
{
	const struct hydropon_output_info *info = &output->info;
	char refusal[256];

	*text = 0;
	if (!turn_is_protected(turn))
		snprintf(text, size, "will wait for the kernel device %s", turn->conf->device);
	else if (output->kernel < 0)
		snprintf(text, size, "the device tree has no output of this name");
	else if (!info->present)
		snprintf(text, size, "will wait for its device, which is gone");
	else if (output->want_on == (bool)info->safe_on)
		return;
	else if (!turn->info.armed)
		snprintf(text, size, "the kernel refuses to arm, outputs stay safe");
	else if (info->latched)
		snprintf(text, size, "will wait, since it is latched, for: hydroponctl reset %s",
			 output->conf->name);
	else if (output->waits_for >= 0)
		snprintf(text, size, "will wait for %s: no good reading",
			 turn->conf->channels[output->waits_for].name);
	else if (info->shed && turn->info.shedding)
		snprintf(text, size, "will wait for mains power: lost or not yet stable");
	else if (cause_is_stronger(info->cause))
		snprintf(text, size, "will wait: %s", cause_text(info->cause));
	else if (output_refusal(output, refusal, sizeof(refusal)))
		snprintf(text, size, "will wait: %s", refusal);
}

static struct json_object *new_output_answer(const struct protocol *protocol,
					     const struct output *output)
{
	struct json_object *answer = json_object_new_object();
	char note[CONF_PATH_MAX + 64];

	explain(protocol->turn, output, note, sizeof(note));
	json_object_object_add(answer, "ok", json_object_new_boolean(true));
	json_object_object_add(answer, "output", json_object_new_string(output->conf->name));
	json_object_object_add(answer, "want_on", json_object_new_boolean(output->want_on));
	if (*note)
		json_object_object_add(answer, "note", json_object_new_string(note));
	return answer;
}

/* Names come from our own configuration, so that nothing of the request is echoed. */
static struct json_object *new_unknown_output(const struct conf *conf)
{
	const char *names[HYDROPON_MAX_OUTPUTS];
	char list[400];

	if (!conf->outputs_n)
		return new_error("no such output; the configuration has none");
	for (size_t i = 0; i < conf->outputs_n; i++)
		names[i] = conf->outputs[i].name;
	words_list(names, conf->outputs_n, list, sizeof(list));
	return new_error("no such output; there are: %s", list);
}

/* Index of the output that the request names, or -1 with @answer set. */
static int find_output(const struct protocol *protocol, struct json_object *request,
		       struct json_object **answer)
{
	const struct conf *conf = protocol->sources->conf;
	struct json_object *name = json_object_object_get(request, "output");
	int index;

	if (!json_object_is_type(name, json_type_string)) {
		*answer = new_error("\"output\" must be the name of an output");
		return -1;
	}
	index = conf_find_output(conf, json_object_get_string(name));
	if (index < 0 || strlen(json_object_get_string(name)) !=
			 (size_t)json_object_get_string_len(name)) {
		*answer = new_unknown_output(conf);
		return -1;
	}
	return index;
}

/* What people have ordered is kept beside what was measured. */
static void give_command(const struct protocol *protocol, const char *name, size_t output,
			 struct event_number first, struct event_number second)
{
	const struct event_number numbers[] = { first, second };

	turn_event(protocol->turn, name, protocol->sources->conf->outputs[output].name, numbers,
		   second.key ? 2 : 1);
}

static struct json_object *set(const struct protocol *protocol, struct json_object *request)
{
	struct json_object *on = json_object_object_get(request, "on"), *for_ms, *answer;
	uint64_t ms = OUTPUT_OVERRIDE_DEFAULT_MS;
	int index = find_output(protocol, request, &answer);

	if (index < 0)
		return answer;
	if (!json_object_is_type(on, json_type_boolean))
		return new_error("\"on\" must be true or false");
	if (json_object_object_get_ex(request, "for_ms", &for_ms)) {
		if (!json_object_is_type(for_ms, json_type_int) ||
		    json_object_get_int64(for_ms) < 1 ||
		    json_object_get_int64(for_ms) > (int64_t)OUTPUT_OVERRIDE_MAX_MS)
			return new_error("\"for_ms\" must be a whole number, 1 to %llu (24 h)",
					 OUTPUT_OVERRIDE_MAX_MS);
		ms = (uint64_t)json_object_get_int64(for_ms);
	}
	outputs_override(protocol->turn->outputs, (size_t)index, json_object_get_boolean(on), ms,
			 clock_boot_ns());
	give_command(protocol, "set", (size_t)index,
		     (struct event_number){ "on", json_object_get_boolean(on) },
		     (struct event_number){ "for_ms", (int64_t)ms });
	turn_run(protocol->turn);
	answer = new_output_answer(protocol, outputs_get(protocol->turn->outputs, (size_t)index));
	json_object_object_add(answer, "for_ms", json_object_new_uint64(ms));
	return answer;
}

static struct json_object *release(const struct protocol *protocol, struct json_object *request)
{
	struct json_object *answer;
	int index = find_output(protocol, request, &answer);

	if (index < 0)
		return answer;
	if (outputs_release(protocol->turn->outputs, (size_t)index) == -ENOENT)
		return new_error("%s has no override that could be released",
				 protocol->sources->conf->outputs[index].name);
	give_command(protocol, "release", (size_t)index, (struct event_number){ "on", 0 },
		     (struct event_number){ NULL, 0 });
	turn_run(protocol->turn);
	return new_output_answer(protocol, outputs_get(protocol->turn->outputs, (size_t)index));
}

/* What keeps an output latched, and what to do about it. */
static void explain_latch(const struct hydropon_output_info *info, char *text, size_t size)
{
	char window[32];

	units_format(&units_time, info->budget_window_ms, window, sizeof(window));
	if (info->latched & HYDROPON_LATCH_WELDED && info->faults & 1u << HYDROPON_FAULT_WELDED)
		snprintf(text, size, "its relay is still on; switch off what feeds it, see the "
			 "wiring, and reset it again");
	else if (info->latched & info->trips)
		snprintf(text, size, "interlock %u still trips; see to what it watches, and reset "
			 "it again", info->trip_id);
	else if (info->latched & HYDROPON_LATCH_BUDGET)
		snprintf(text, size, "its budget is still spent; reset it again when more of its "
			 "window of %s has passed", window);
	else
		snprintf(text, size, "what latched it lasts; see \"hydroponctl status\", and reset "
			 "it again");
}

static struct json_object *reset(const struct protocol *protocol, struct json_object *request)
{
	struct json_object *answer, *ended = json_object_new_array();
	const char *words[TERMS_MAX], *name;
	const struct output *output;
	char text[256];
	size_t words_n;
	int error, index = find_output(protocol, request, &answer);

	if (index < 0)
		goto out;
	output = outputs_get(protocol->turn->outputs, (size_t)index);
	name = output->conf->name;
	words_n = latch_names(output->info.latched, words);
	for (size_t i = 0; i < words_n; i++)
		json_object_array_add(ended, json_object_new_string(words[i]));
	error = turn_reset(protocol->turn, (size_t)index);
	if (error == -EBUSY) {
		explain_latch(&output->info, text, sizeof(text));
		answer = new_error("%s stays latched: %s", name, text);
	} else if (error) {
		answer = new_error("%s cannot be reset: %s", name, error == -ENODEV ?
				   "its device is gone" : strerrordesc_np(-error));
	} else if (!words_n) {
		answer = new_error("nothing of %s is latched", name);
	} else {
		give_command(protocol, "reset", (size_t)index, (struct event_number){ "ended", (int64_t)words_n },
			     (struct event_number){ NULL, 0 });
		turn_run(protocol->turn);
		answer = new_output_answer(protocol, output);
		json_object_object_add(answer, "ended", json_object_get(ended));
	}
out:
	json_object_put(ended);
	return answer;
}

/* Why a channel is judged as it is. */
static struct json_object *explain_channel(const struct protocol *protocol,
					   struct json_object *request)
{
	const struct conf *conf = protocol->sources->conf;
	struct json_object *name = json_object_object_get(request, "channel");
	const char *names[HYDROPON_MAX_CHANNELS];
	char list[400];
	int index = -1;

	if (json_object_is_type(name, json_type_string) &&
	    strlen(json_object_get_string(name)) == (size_t)json_object_get_string_len(name))
		index = conf_find_channel(conf, json_object_get_string(name));
	if (index >= 0)
		return explain_build(protocol->turn->channels, (size_t)index, clock_boot_ns());
	if (!conf->channels_n)
		return new_error("no such channel; the configuration has none");
	for (size_t i = 0; i < conf->channels_n; i++)
		names[i] = conf->channels[i].name;
	words_list(names, conf->channels_n, list, sizeof(list));
	return new_error("no such channel; there are: %s", list);
}

/*
 * Who sent a command and gave up waiting has told a person that it failed: it must not
 * happen later. NULL: it is in time. Absent: there is no limit.
 */
static struct json_object *refuse_late(struct json_object *request)
{
	struct json_object *until;

	if (!json_object_object_get_ex(request, "until_boot_ns", &until))
		return NULL;
	if (!json_object_is_type(until, json_type_int) || json_object_get_int64(until) < 0)
		return new_error("\"until_boot_ns\" must be a time of CLOCK_BOOTTIME");
	if (clock_boot_ns() > json_object_get_uint64(until))
		return new_error("this command came too late, nothing has changed; send it again");
	return NULL;
}

static struct json_object *calibrate(const struct protocol *protocol, struct json_object *request)
{
	return calibrate_command(protocol->sources, request);
}

static struct json_object *enter(const struct protocol *protocol, struct json_object *request)
{
	return enter_command(protocol->turn, request);
}

static struct json_object *perform(const struct protocol *protocol, struct json_object *request,
				   bool may_control)
{
	static const struct {
		const char *name;
		struct json_object *(*perform)(const struct protocol *protocol,
					       struct json_object *request);
	} commands[] = { { "set", set }, { "release", release }, { "reset", reset },
			{ "calibrate", calibrate }, { "enter", enter } };
	struct json_object *cmd = json_object_object_get(request, "cmd"), *refusal;
	const char *name = json_object_is_type(cmd, json_type_string) ?
			   json_object_get_string(cmd) : "";

	if (!strcmp(name, "status"))
		return status_build(protocol->sources);
	if (!strcmp(name, "explain"))
		return explain_channel(protocol, request);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(name, commands[i].name))
			continue;
		if (!may_control)
			return new_error("this socket is read only; use control.sock");
		refusal = refuse_late(request);
		return refusal ? refusal : commands[i].perform(protocol, request);
	}
	return new_error("\"cmd\" must be \"status\", \"explain\", \"set\", \"release\", \"reset\", "
			 "\"calibrate\" or \"enter\"");
}

/* An object and nothing after it, or NULL. */
static struct json_object *parse(const char *line, size_t length)
{
	struct json_tokener *tokener = json_tokener_new_ex(REQUEST_DEPTH);
	struct json_object *request;

	if (!tokener)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	request = json_tokener_parse_ex(tokener, line, (int)length);
	if (!json_object_is_type(request, json_type_object) ||
	    json_tokener_get_parse_end(tokener) != length) {
		json_object_put(request);
		request = NULL;
	}
	json_tokener_free(tokener);
	return request;
}

/* Puts @answer. */
static char *to_line(struct json_object *answer)
{
	char *line = NULL;

	if (asprintf(&line, "%s\n", json_object_to_json_string_ext(answer,
				JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)) < 0)
		line = NULL;
	json_object_put(answer);
	return line;
}

char *protocol_error(const char *sentence)
{
	return to_line(new_error("%s", sentence));
}

/* For whoever scrapes: text, and no JSON. */
static char *metrics(const struct protocol *protocol)
{
	struct json_object *status = status_build(protocol->sources);
	char *text = metrics_text(status);

	json_object_put(status);
	return text;
}

char *protocol_answer(const struct protocol *protocol, const char *line, size_t length,
		      bool may_control)
{
	struct json_object *request, *answer;

	if (length == strlen("metrics") && !memcmp(line, "metrics", length))
		return metrics(protocol);
	request = parse(line, length);
	if (!request)
		return protocol_error("a request is one JSON object, such as {\"cmd\":\"status\"}");
	answer = perform(protocol, request, may_control);
	json_object_put(request);
	return to_line(answer);
}
