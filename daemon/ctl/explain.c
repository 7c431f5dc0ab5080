// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/fail.h"
#include "base/field.h"
#include "ctl/table.h"

static enum mark mark_of(uint64_t q)
{
	return !q ? MARK_NONE : q < 100 ? MARK_WARN : MARK_BAD;
}

static const char *since(struct json_object *object, char *text, size_t size)
{
	return field_is_number(object, "since_ms") ?
	       duration_text(field_count(object, "since_ms"), text, size) : "";
}

static void show_verdict(FILE *out, struct json_object *answer, bool colour)
{
	uint64_t q = field_count(answer, "q"), decimals = field_count(answer, "decimals");
	char time[32], value[64] = "no value";

	if (field_is_number(answer, "value"))
		snprintf(value, sizeof(value), "%.*f %s", decimals < 10 ? (int)decimals : 9,
			 json_object_get_double(field(answer, "value")),
			 field_text(answer, "unit"));
	since(answer, time, sizeof(time));
	mark_print(out, colour, mark_of(q), "%s: %s%s%s%s, %s", field_text(answer, "channel"),
		   !q ? "" : q < 100 ? "uncertain, " : "bad, ", field_text(answer, "quality"),
		   field_is_number(answer, "since_ms") ? " for " : "",
		   field_is_number(answer, "since_ms") ? time : "", value);
	if (field_string(answer, "remedy"))
		mark_print(out, colour, MARK_NONE, "what to do: %s",
			   field_string(answer, "remedy"));
}

static void add_number(struct table *table, struct json_object *check, const char *key)
{
	if (field_is_number(check, key))
		table_cell(table, "%.4g", json_object_get_double(field(check, key)));
	else
		table_cell(table, "%s", "");
}

static void add_check(struct table *table, struct json_object *check)
{
	const char *state = field_text(check, "state"), *what = field_string(check, "what");
	bool is_fault = !strcmp(state, "fault") || !strcmp(state, "held");
	char time[32];

	table_row(table, is_fault ? mark_of(field_count(check, "q")) : MARK_NONE);
	table_cell(table, "%s", field_text(check, "name"));
	table_cell(table, "%s", !strcmp(state, "none") ? "-" : state);
	add_number(table, check, "seen");
	add_number(table, check, "limit");
	table_cell(table, "%s", what ? what : "");
	table_cell(table, "%s", since(check, time, sizeof(time)));
}

void explain_show(FILE *out, struct json_object *answer, bool colour)
{
	static const char *const titles[] = { "TEST", "FINDS", "SEEN", "LIMIT", "WHICH ARE",
					      "SINCE" };
	struct table *table = table_new("llrrlr", titles);

	show_verdict(out, answer, colour);
	for (size_t i = 0; table && i < field_length(answer, "checks"); i++)
		add_check(table, field_element(answer, "checks", i));
	if (table && table->rows > 1) {
		fputc('\n', out);
		table_print(table, out, colour);
	}
	free(table);
}

/* Sends the request. 0, or -errno of client_ask(). */
static int ask(const struct command_line *line, const char *channel, struct json_object **answer)
{
	struct json_object *request = json_object_new_object();
	char *text = NULL;
	int error = -ENOMEM;

	json_object_object_add(request, "cmd", json_object_new_string("explain"));
	json_object_object_add(request, "channel", json_object_new_string(channel));
	if (asprintf(&text, "%s\n",
		     json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN)) > 0)
		error = client_ask(line->socket_dir, "status.sock", text, answer);
	free(text);
	json_object_put(request);
	return error;
}

int explain(const struct command_line *line, const char *channel, bool as_json)
{
	struct json_object *answer;
	int error = ask(line, channel, &answer), code = EXIT_OK;
	char why[512];

	if (error) {
		client_explain(error, line->socket_dir, "status.sock", why, sizeof(why));
		return fail(EXIT_UNREACHABLE, "%s", why);
	}
	if (!field_is_true(answer, "ok"))
		code = fail(EXIT_REFUSED, "hydropond refuses: %s", field_text(answer, "error"));
	else if (as_json)
		puts(json_object_to_json_string_ext(answer, JSON_C_TO_STRING_PLAIN |
						    JSON_C_TO_STRING_NOSLASHESCAPE));
	else
		explain_show(stdout, answer, line->colour);
	json_object_put(answer);
	return code;
}
