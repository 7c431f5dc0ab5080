// SPDX-License-Identifier: GPL-2.0-only
#include "control/protocol.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "base/clock.h"
#include "base/words.h"

#define REQUEST_DEPTH 8

__attribute__((format(printf, 1, 2)))
static struct json_object *new_error(const char *format, ...)
{
	struct json_object *answer = json_object_new_object();
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	json_object_object_add(answer, "ok", json_object_new_boolean(false));
	json_object_object_add(answer, "error", json_object_new_string(text));
	return answer;
}

/* Why an output will not leave its safe state now; @text is empty if nothing stands
 * in the way. */
static void explain(const struct turn *turn, const struct output *output, char *text, size_t size)
{
	*text = 0;
	if (!turn_is_protected(turn))
		snprintf(text, size, "will wait for the kernel device %s", turn->conf->device);
	else if (output->kernel < 0)
		snprintf(text, size, "the device tree has no output of this name");
	else if (!output->present)
		snprintf(text, size, "will wait for its device, which is gone");
	else if (output->want_on == output->safe_on)
		return;
	else if (!turn->info.armed)
		snprintf(text, size, "the kernel refuses to arm, outputs stay safe");
	else if (output->waits_for >= 0)
		snprintf(text, size, "will wait for %s: no good reading",
			 turn->conf->channels[output->waits_for].name);
	else if (output->sheds && turn->info.shedding)
		snprintf(text, size, "will wait for mains power: lost or not yet stable");
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
	turn_run(protocol->turn);
	return new_output_answer(protocol, outputs_get(protocol->turn->outputs, (size_t)index));
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

static struct json_object *perform(const struct protocol *protocol, struct json_object *request,
				   bool may_control)
{
	struct json_object *cmd = json_object_object_get(request, "cmd");
	const char *name = json_object_is_type(cmd, json_type_string) ?
			   json_object_get_string(cmd) : "";
	bool is_set = !strcmp(name, "set"), is_release = !strcmp(name, "release");
	struct json_object *refusal;

	if (!strcmp(name, "status"))
		return status_build(protocol->sources);
	if (!is_set && !is_release)
		return new_error("\"cmd\" must be \"status\", \"set\" or \"release\"");
	if (!may_control)
		return new_error("this socket is read only; use control.sock");
	refusal = refuse_late(request);
	if (refusal)
		return refusal;
	return is_set ? set(protocol, request) : release(protocol, request);
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

char *protocol_answer(const struct protocol *protocol, const char *line, size_t length,
		      bool may_control)
{
	struct json_object *request = parse(line, length), *answer;

	if (!request)
		return protocol_error("a request is one JSON object, such as {\"cmd\":\"status\"}");
	answer = perform(protocol, request, may_control);
	json_object_put(request);
	return to_line(answer);
}
