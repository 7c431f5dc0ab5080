// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/show_output.h"

#include <inttypes.h>
#include <string.h>

#include "base/field.h"
#include "protect/cause.h"

const char *time_text(struct json_object *object, const char *key, char *text)
{
	if (!field_is_number(object, key))
		return strcpy(text, "never");
	return duration_text(field_count(object, key), text, TIME_SIZE);
}

void find_gateway_problems(struct problems *problems, struct json_object *status)
{
	struct json_object *power = field(status, "power");
	char time[TIME_SIZE];

	if (field_is_true(status, "terminal"))
		problem(problems, MARK_WARN, "the system is going down, outputs stay safe");
	if (!field_is_true(power, "good"))
		problem(problems, MARK_BAD, "mains power is LOST%s",
			field_is_true(power, "shedding") ? ", outputs of the shed set are off" :
							   "");
	else if (field_is_true(power, "shedding"))
		problem(problems, MARK_WARN,
			"mains power is back, outputs of the shed set stay off "
			"until it was stable for another %s",
			time_text(power, "shed_left_ms", time));
	if (field_is_true(power, "storm"))
		problem(problems, MARK_BAD,
			"the power-good line chatters: mains power counts as lost; see its wires");
	if (field(status, "master_closed") && !field_is_true(status, "master_closed"))
		problem(problems, MARK_BAD, "the MASTER CONTACTOR is open: the relay of an output "
			"behind it was on without being told");
}

static const char *on_text(struct json_object *object, const char *key)
{
	if (!json_object_is_type(field(object, key), json_type_boolean))
		return "?";
	return field_is_true(object, key) ? "on" : "off";
}

static bool has_word(struct json_object *object, const char *key, const char *word)
{
	for (size_t i = 0; i < field_length(object, key); i++) {
		struct json_object *element = field_element(object, key, i);

		if (json_object_is_type(element, json_type_string) &&
		    !strcmp(json_object_get_string(element), word))
			return true;
	}
	return false;
}

/* A latch that begins so: "trip-off", "trip-off-unless-held". */
static bool has_trip(struct json_object *output, const char *key, const char *trip)
{
	char held[48];

	snprintf(held, sizeof(held), "%s-unless-held", trip);
	return has_word(output, key, trip) || has_word(output, key, held);
}

static bool is_cause(struct json_object *output, const char *cause)
{
	return !strcmp(field_text(output, "cause"), cause);
}

/* It is not as it is wanted; unknown to the kernel alone. */
static bool is_unwanted(struct json_object *output)
{
	return field(output, "want_on") &&
	       strcmp(on_text(output, "on"), on_text(output, "want_on"));
}

static bool wants_away(struct json_object *output)
{
	return field(output, "want_on") &&
	       strcmp(on_text(output, "want_on"), on_text(output, "safe_on"));
}

/* The needs that are not good, in words; empty if all are, or if none matters now. */
static const char *waits_text(struct json_object *output, char *text, size_t size)
{
	size_t used = 0;

	*text = 0;
	if (!wants_away(output))
		return text;
	for (size_t i = 0; i < field_length(output, "needs") && used < size; i++) {
		struct json_object *need = field_element(output, "needs", i);

		if (!field_is_true(need, "good"))
			used += (size_t)snprintf(text + used, size - used, "%s%s", used ? ", " : "",
						 field_text(need, "channel"));
	}
	return text;
}

static const char *override_text(struct json_object *output, char *text, size_t size)
{
	struct json_object *override = field(output, "override");
	char time[TIME_SIZE];

	*text = 0;
	if (json_object_is_type(override, json_type_object))
		snprintf(text, size, "%s, %s", on_text(override, "on"),
			 time_text(override, "left_ms", time));
	return text;
}

static const char *budget_text(struct json_object *output, char *text, size_t size)
{
	char left[TIME_SIZE], whole[TIME_SIZE];

	*text = 0;
	if (field_is_number(output, "budget_ms"))
		snprintf(text, size, "%s of %s", time_text(output, "budget_left_ms", left),
			 time_text(output, "budget_ms", whole));
	return text;
}

/* Its relay does not do what it is told, as far as the feedback wire says. */
static bool is_relay_wrong(struct json_object *output)
{
	return has_word(output, "faults", "welded") || has_word(output, "faults", "not-closing");
}

static enum mark output_mark(struct json_object *output)
{
	bool is_by_hand = is_cause(output, "manual-on") || is_cause(output, "manual-off");

	if (!field_is_true(output, "present") || field(output, "line_error") ||
	    field_length(output, "latched") || field_length(output, "faults") ||
	    (is_unwanted(output) && !is_by_hand))
		return MARK_BAD;
	if (field(output, "override") || is_by_hand || field_length(output, "tripping"))
		return MARK_WARN;
	/* Without hydropond nobody renews its lease. */
	if (!field(output, "want_on") && strcmp(on_text(output, "on"), on_text(output, "safe_on")))
		return MARK_WARN;
	return MARK_NONE;
}

/* "on", or "on?" where the kernel has decided so and the line or the relay has not
 * followed. */
static const char *state_text(struct json_object *output, char *text, size_t size)
{
	snprintf(text, size, "%s%s", on_text(output, "on"),
		 field_string(output, "line_error") || is_relay_wrong(output) ? "?" :
		 field_is_true(output, "switching") ? ", switching" : "");
	return text;
}

/* Causes of which more is known than their name. */
static void cause_detail(struct json_object *output, char *text, size_t size)
{
	static const struct {
		const char *cause, *forced, *latched;
	} trips[] = {
		{ "trip-off", "forced off", "latched off" },
		{ "trip-on", "forced on", "latched on" },
		{ "trip-safe", "held safe", "latched safe" },
	};
	char lease[TIME_SIZE];

	for (size_t i = 0; i < sizeof(trips) / sizeof(trips[0]); i++)
		if (is_cause(output, trips[i].cause) && field_is_number(output, "trip_id")) {
			snprintf(text, size, "%s by interlock %" PRIu64,
				 has_trip(output, "latched", trips[i].cause) ? trips[i].latched :
									       trips[i].forced,
				 field_count(output, "trip_id"));
			return;
		}
	if (is_cause(output, "lease") && field_count(output, "lease_left_ms"))
		snprintf(text, size, "held by a lease, %s left",
			 time_text(output, "lease_left_ms", lease));
	else if (is_cause(output, "budget") && has_word(output, "latched", "budget"))
		snprintf(text, size, "latched off, its budget ran out");
	else if (is_cause(output, "budget") && field(output, "restored") &&
		 !field_is_true(output, "restored"))
		snprintf(text, size, "forced off, its budget is not known");
	else
		snprintf(text, size, "%s", cause_text_of_name(field_text(output, "cause")));
}

/* Why it is as it is. A refusal explains more than what happened before it, but an
 * output that waits for a channel was not asked for. */
static const char *why_text(struct json_object *output, bool is_protected, char *text,
			    size_t size)
{
	const char *on = on_text(output, "on"), *line = field_string(output, "line_error"),
		   *refusal = field_string(output, "set_error");
	char waits[128];

	if (!field_is_true(output, "present"))
		snprintf(text, size, "%s", is_protected ? "its device is gone" :
							  "not known, outputs are not protected");
	else if (line)
		snprintf(text, size, "writing to its line failed: %s; the relay may still be %s",
			 line, strcmp(on, "on") ? "on" : "off");
	else if (has_word(output, "faults", "welded"))
		snprintf(text, size, "its relay is ON without being told");
	else if (has_word(output, "faults", "not-closing"))
		snprintf(text, size, "its relay does not close");
	else if (is_unwanted(output) && !field_is_true(output, "held") &&
		 *waits_text(output, waits, sizeof(waits)))
		snprintf(text, size, "waits for %s", waits);
	else if (is_unwanted(output) && !field_is_true(output, "held") && refusal)
		snprintf(text, size, "%s", refusal);
	else
		cause_detail(output, text, size);
	return text;
}

static void find_latches(struct problems *problems, struct json_object *output)
{
	static const struct {
		const char *trip, *state;
	} trips[] = { { "trip-off", "OFF" }, { "trip-on", "ON" }, { "trip-safe", "SAFE" } };
	const char *name = field_text(output, "name");

	if (has_word(output, "latched", "welded")) {
		problem(problems, MARK_BAD, "%s is LATCHED OFF: its relay %s", name,
			has_word(output, "faults", "welded") ?
			"is ON without being told (welded, or driven by others)" :
			"was on without being told (welded, or driven by others)");
		problem(problems, MARK_BAD, "   see the wiring, then: hydroponctl reset %s", name);
	}
	if (has_word(output, "latched", "budget")) {
		problem(problems, MARK_BAD, "%s is LATCHED OFF: its budget ran out while it was on",
			name);
		problem(problems, MARK_BAD, "   see why it needed so much, then: hydroponctl reset %s",
			name);
	}
	for (size_t i = 0; i < sizeof(trips) / sizeof(trips[0]); i++) {
		if (!has_trip(output, "latched", trips[i].trip))
			continue;
		problem(problems, MARK_BAD, "%s is LATCHED %s by interlock %" PRIu64, name,
			trips[i].state, field_count(output, "trip_id"));
		problem(problems, MARK_BAD, "   see to what it watches, then: hydroponctl reset %s",
			name);
	}
}

static void find_faults(struct problems *problems, struct json_object *output)
{
	const char *name = field_text(output, "name");

	if (has_word(output, "faults", "welded") && !has_word(output, "latched", "welded"))
		problem(problems, MARK_BAD, "%s: its relay is ON without being told (welded, or "
			"driven by others); see the wiring", name);
	if (has_word(output, "faults", "not-closing"))
		problem(problems, MARK_BAD, "%s: its relay does not close; see its coil, its supply "
			"and the feedback wire", name);
	if (has_word(output, "faults", "switch"))
		problem(problems, MARK_BAD, "%s: both contacts of its switch are closed: it counts as "
			"auto; see its wires", name);
	if (has_word(output, "faults", "switch-storm"))
		problem(problems, MARK_BAD, "%s: the contacts of its switch chatter: it counts as "
			"auto; see its wires", name);
}

static void find_output_problems(struct problems *problems, struct json_object *output)
{
	const char *name = field_text(output, "name"), *on = on_text(output, "on");
	enum mark mark = output_mark(output);
	char why[256];

	why_text(output, true, why, sizeof(why));
	if (!field_is_true(output, "present") || field_string(output, "line_error"))
		problem(problems, MARK_BAD, "%s: %s", name, why);
	find_latches(problems, output);
	find_faults(problems, output);
	if (field_is_true(output, "present") && is_unwanted(output) && !is_relay_wrong(output) &&
	    !field_string(output, "line_error") && !field_length(output, "latched"))
		problem(problems, mark, "%s is %s and should be %s: %s", name, on,
			on_text(output, "want_on"), why);
	if (field_is_true(output, "overran"))
		problem(problems, mark, "   to let it on again: hydroponctl set %s on", name);
}

struct table *show_outputs(struct problems *problems, struct json_object *status,
			   bool is_protected)
{
	static const char *const titles[] = { "OUTPUT", "STATE", "SINCE", "WHY", "OVERRIDE FOR",
					      "BUDGET LEFT" };
	struct table *table = table_new("llrlll", titles);

	for (size_t i = 0; table && i < field_length(status, "outputs"); i++) {
		struct json_object *output = field_element(status, "outputs", i);
		bool known = field_is_true(output, "present");
		char since[TIME_SIZE], state[TIME_SIZE], why[256], override[64], budget[80];

		if (is_protected)
			find_output_problems(problems, output);
		table_row(table, output_mark(output));
		table_cell(table, "%s", field_text(output, "name"));
		table_cell(table, "%s", known ? state_text(output, state, sizeof(state)) : "?");
		table_cell(table, "%s", known ? time_text(output, "changed_ago_ms", since) : "");
		table_cell(table, "%s", why_text(output, is_protected, why, sizeof(why)));
		table_cell(table, "%s", override_text(output, override, sizeof(override)));
		table_cell(table, "%s", budget_text(output, budget, sizeof(budget)));
	}
	return table;
}
