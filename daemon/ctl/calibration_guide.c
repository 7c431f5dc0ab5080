// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/guide.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/clock.h"
#include "base/quantity.h"
#include "base/units.h"
#include "base/field.h"

/* With the unit: 72 would be taken for hot water. */
static const struct units celsius = {
	.list = (const struct unit[]){{ "C", 1, false }, { "\302\260C", 1, true }, { NULL, 0, false }},
};

void guide_tell(const struct guide *guide, enum mark mark, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	mark_print(guide->world->out, guide->world->colour, mark, "%s: %s", guide->options->channel,
		   text);
	fflush(guide->world->out);
}

bool guide_goes_on(const struct guide *guide)
{
	return !guide->code && !guide->is_interrupted;
}

bool guide_has_bottles(const struct guide *guide)
{
	return guide->quantity == QUANTITY_PH || guide->quantity == QUANTITY_EC;
}

struct json_object *guide_request(const struct guide *guide, const char *action)
{
	struct json_object *request = json_object_new_object();

	json_object_object_add(request, "cmd", json_object_new_string("calibrate"));
	json_object_object_add(request, "do", json_object_new_string(action));
	json_object_object_add(request, "channel", json_object_new_string(guide->options->channel));
	json_object_object_add(request, "who", json_object_new_string(guide->options->who));
	if (guide->session)
		json_object_object_add(request, "session", json_object_new_uint64(guide->session));
	return request;
}

/* Puts @request. NULL, and told: it was refused, or nobody answers. */
struct json_object *guide_ask(struct guide *guide, struct json_object *request)
{
	struct json_object *answer = NULL;
	int code = guide->world->ask(guide->world->data, request, &answer);

	guide->word_ns = guide->world->now_ns(guide->world->data);
	if (!code)
		return answer;
	guide->code = code;
	return NULL;
}

/* So that hydropond knows that somebody is there. */
void guide_give_word(struct guide *guide)
{
	uint64_t now_ns = guide->world->now_ns(guide->world->data);

	if (now_ns - guide->word_ns >= CALIBRATE_WORD_MS * NS_PER_MS)
		json_object_put(guide_ask(guide, guide_request(guide, "keep")));
}

/* What is written on a line. False: interrupted. */
bool guide_prompt(struct guide *guide, const char *question, char *text, size_t size)
{
	int is_read;

	fprintf(guide->world->out, "%s ", question);
	fflush(guide->world->out);
	do {
		is_read =
			guide->world->read_line(guide->world->data, CALIBRATE_LOOK_MS, text, size);
		if (is_read < 0)
			guide->is_interrupted = true;
		else
			guide_give_word(guide);
	} while (!is_read && guide_goes_on(guide));
	return guide_goes_on(guide);
}

double guide_number(struct json_object *object, const char *key)
{
	return field_is_number(object, key) ? json_object_get_double(field(object, key)) : NAN;
}

struct json_object *guide_channel(struct json_object *status, const char *name)
{
	for (size_t i = 0; i < field_length(status, "channels"); i++) {
		struct json_object *channel = field_element(status, "channels", i);

		if (!strcmp(field_text(channel, "name"), name))
			return channel;
	}
	return NULL;
}

const struct buffer *guide_buffer(const struct guide *guide, double label)
{
	return guide->quantity == QUANTITY_PH ? buffer_find_ph(label) : buffer_find_ec(label);
}

static void add_number(struct json_object *object, const char *key, double value)
{
	if (!isnan(value))
		json_object_object_add(object, key, json_object_new_double(value));
}

static struct json_object *new_points(const struct guide *guide)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < guide->n; i++) {
		struct json_object *object = json_object_new_object();
		const struct guide_point *point = &guide->points[i];
		const char *label = isnan(point->label) ? "reference"
				    : point->label == GUIDE_DRY
					    ? "dry"
					    : buffer_name(guide_buffer(guide, point->label));

		add_number(object, "reference", point->reference);
		add_number(object, "reading", point->reading);
		add_number(object, "celsius", point->celsius);
		add_number(object, "spread", point->spread);
		json_object_object_add(object, "label", json_object_new_string(label));
		json_object_object_add(object, "lot",
				       json_object_new_string(
					       guide->options->lot ? guide->options->lot : ""));
		json_object_object_add(object, "celsius_from",
				       json_object_new_string(guide->celsius_from));
		json_object_array_add(array, object);
	}
	return array;
}

static struct json_object *ask_with_points(struct guide *guide, const char *action)
{
	struct json_object *request = guide_request(guide, action);

	json_object_object_add(request, "points", new_points(guide));
	return guide_ask(guide, request);
}

static void show_number(const struct guide *guide, struct json_object *solution, const char *key,
			const char *name, const char *unit)
{
	double value = guide_number(solution, key);

	if (!isnan(value))
		fprintf(guide->world->out, "    %-14s %8.2f %s\n", name, value, unit);
}

/* False: refused, or nobody wants it. */
static bool agree(struct guide *guide)
{
	struct json_object *answer = ask_with_points(guide, "solve"), *solution;
	bool is_ph = guide->quantity == QUANTITY_PH, is_worn;
	char text[16];

	if (!answer)
		return false;
	solution = field(answer, "solution");
	is_worn = strcmp(field_text(solution, "verdict"), verdict_name(VERDICT_GOOD));
	show_number(guide, solution, "slope_percent", is_ph ? "slope" : "factor", "%");
	show_number(guide, solution, "acid_percent", "  acid side", "%");
	show_number(guide, solution, "alkaline_percent", "  alkaline side", "%");
	show_number(guide, solution, "offset", "offset", is_ph ? "mV" : guide->unit);
	show_number(guide, solution, "residual", "residual", guide->unit);
	guide_tell(guide, is_worn ? MARK_WARN : MARK_NONE, "%s: %s", is_worn ? "WORN" : "GOOD",
		   field_text(solution, "words"));
	json_object_put(answer);
	if (guide->options->is_confirmed)
		return true;
	if (!guide_prompt(guide, "Store it? [y/N]", text, sizeof(text)))
		return false;
	return *text == 'y' || *text == 'Y';
}

/* True: it is durable, and holds. */
static bool store(struct guide *guide)
{
	struct json_object *answer = ask_with_points(guide, "store");
	uint64_t from_ns = guide->world->now_ns(guide->world->data);

	while (answer) {
		const char *state = field_text(answer, "state");
		uint64_t waited_ns = guide->world->now_ns(guide->world->data) - from_ns;

		if (!strcmp(state, "stored")) {
			guide_tell(guide, MARK_NONE,
				   "stored as calibration %llu; to go back: hydroponctl "
				   "calibrate %s --undo",
				   (unsigned long long)field_count(answer, "version"),
				   guide->options->channel);
			json_object_put(answer);
			return true;
		}
		if (strcmp(state, "storing"))
			give_up(guide,
				"it could not be stored: %s; the calibration until now holds",
				field_text(answer, "store_error"));
		else if (waited_ns > CALIBRATE_STORE_MS * NS_PER_MS)
			give_up(guide,
				"the disk does not take it; it holds only once it does, see: "
				"hydroponctl calibrate %s --history",
				guide->options->channel);
		else if (guide->world->wait(guide->world->data, CALIBRATE_LOOK_MS))
			guide->is_interrupted = true;
		json_object_put(answer);
		answer = guide_goes_on(guide) ? guide_ask(guide, guide_request(guide, "keep"))
					      : NULL;
	}
	if (guide->is_interrupted)
		guide_tell(guide, MARK_WARN,
			   "it is being stored all the same; see: hydroponctl calibrate %s "
			   "--history",
			   guide->options->channel);
	return false;
}

/* "7,4,10" or "dry,1413" */
static bool parse_labels(struct guide *guide)
{
	char text[128], *rest = text, *word;

	if (!guide_has_bottles(guide) || !guide->options->points)
		return true;
	snprintf(text, sizeof(text), "%s", guide->options->points);
	while ((word = strsep(&rest, ","))) {
		bool is_dry = guide->quantity == QUANTITY_EC && !strcmp(word, "dry");
		double label = is_dry ? GUIDE_DRY : strtod(word, NULL);

		if (!is_dry && !guide_buffer(guide, label)) {
			fail(EXIT_USAGE,
			     "--points: \"%s\" is no bottle that is known; there are %s", word,
			     guide->quantity == QUANTITY_PH
				     ? "1.68, 4.01, 6.86, 7.00, 9.18 and 10.01"
				     : "dry, 84, 1413 and 12880");
			return false;
		}
		if (guide->labels_n == CALIBRATION_POINTS) {
			fail(EXIT_USAGE, "--points: these are more than %d", CALIBRATION_POINTS);
			return false;
		}
		guide->labels[guide->labels_n++] =
			is_dry ? GUIDE_DRY : buffer_nominal(guide_buffer(guide, label));
	}
	return true;
}

/* "22.5C" */
static bool parse_temperature(struct guide *guide)
{
	char why[256];

	if (!guide->options->temperature)
		return true;
	if (!units_parse(&celsius, guide->options->temperature, &guide->celsius, why,
			 sizeof(why))) {
		fail(EXIT_USAGE, "--temperature: %s, such as 22.5C", why);
		return false;
	}
	snprintf(guide->celsius_from, sizeof(guide->celsius_from), "by hand");
	return true;
}

/* What the channel is; an exit code, told. */
static int meet(struct guide *guide)
{
	const char *name = guide->options->channel, *from;
	struct json_object *status, *channel;
	int code = guide->world->status(guide->world->data, &status);

	if (code)
		return code;
	channel = guide_channel(status, name);
	from = field_string(channel, "temperature_from");
	if (!channel)
		code = fail(EXIT_REFUSED,
			    "there is no channel \"%s\"; hydroponctl status shows them", name);
	else if (!quantity_find(field_text(channel, "quantity"), &guide->quantity))
		code = fail(EXIT_REFUSED, "%s measures what this hydroponctl does not know", name);
	else if (!field_is_true(channel, "present"))
		code = fail(EXIT_REFUSED, "%s has no device now; see \"hydroponctl status\"", name);
	guide->unit = quantity_unit(guide->quantity);
	if (!code && guide->quantity == QUANTITY_DOSE)
		snprintf(guide->output, sizeof(guide->output), "%s",
			 json_object_get_string(field_element(channel, "derived_from", 0)));
	guide->celsius = NAN;
	if (!code && (!parse_labels(guide) || !parse_temperature(guide)))
		code = EXIT_USAGE;
	if (!code && guide_has_bottles(guide) && !*guide->celsius_from && from)
		snprintf(guide->celsius_from, sizeof(guide->celsius_from), "%s", from);
	if (!code && guide_has_bottles(guide) && !*guide->celsius_from)
		code = fail(EXIT_USAGE,
			    "%s has no channel for its temperature, and what is in a bottle "
			    "depends on it; say --temperature 22.5C",
			    name);
	if (!code && guide->options->is_confirmed && !guide->options->points)
		code = fail(EXIT_USAGE, "with --yes nobody is asked; say --points, such as %s",
			    guide->quantity == QUANTITY_PH   ? "7,4"
			    : guide->quantity == QUANTITY_EC ? "1413"
							     : "22.4");
	json_object_put(status);
	return code;
}

/* Before that a restart of hydropond would make the probe in its bottle good. */
static void await_kept(struct guide *guide, bool is_kept)
{
	uint64_t start_ns = guide->world->now_ns(guide->world->data);

	while (!is_kept && guide_goes_on(guide)) {
		struct json_object *answer;

		if (guide->world->now_ns(guide->world->data) - start_ns >=
		    CALIBRATE_STORE_MS * NS_PER_MS) {
			give_up(guide, "hydropond has not kept for %d s that it is being calibrated: "
				"its disk is stuck", CALIBRATE_STORE_MS / 1000);
			return;
		}
		guide->is_interrupted = guide->world->wait(guide->world->data, CALIBRATE_LOOK_MS);
		if (guide->is_interrupted)
			return;
		answer = guide_ask(guide, guide_request(guide, "keep"));
		is_kept = field_is_true(answer, "kept");
		json_object_put(answer);
	}
}

static bool begin(struct guide *guide)
{
	struct json_object *answer = guide_ask(guide, guide_request(guide, "begin"));
	bool is_kept;
	size_t locks;

	if (!answer)
		return false;
	is_kept = field_is_true(answer, "kept");
	guide->session = field_count(answer, "session");
	locks = field_length(answer, "locks");
	for (size_t i = 0; i < locks; i++)
		guide_tell(guide, MARK_NONE, "%s stays in its safe state until this is over",
			   json_object_get_string(field_element(answer, "locks", i)));
	json_object_put(answer);
	await_kept(guide, is_kept);
	return true;
}

/*
 * Only a person can tell that the probe is out of its bottle. A script tells by --abort; so does
 * whoever interrupted, since nobody may be there to be asked.
 */
static bool is_back(struct guide *guide)
{
	char text[16];

	if (!guide->is_away)
		return true;
	if (guide->options->is_confirmed || guide->is_interrupted)
		return false;
	return guide_prompt(guide, guide->quantity == QUANTITY_DOSE ?
			    "Put the hose back into its place, and press Enter:" :
			    "Put the probe back into its place, and press Enter:", text, sizeof(text));
}

static void tell_end(const struct guide *guide, bool is_stored, bool is_ended)
{
	if (!is_stored)
		guide_tell(guide, MARK_WARN, "nothing was changed");
	else if (is_ended)
		guide_tell(guide, MARK_NONE,
			   "done; what needs it goes on %s", guide_has_bottles(guide) ?
			   "once its reading has settled, in 5 minutes at most" :
			   "with the next good reading");
	if (!is_ended)
		guide_tell(guide, MARK_WARN,
			   "the session is open, and what needs it stays in its safe state; once it is "
			   "back in its place: hydroponctl calibrate %s --abort",
			   guide->options->channel);
}

/* A session is left only if what is calibrated may not be in its place. */
static void end(struct guide *guide, bool is_stored)
{
	int code = guide->code;
	struct json_object *answer = NULL;
	bool is_ended;

	/* Ctrl-C came in the middle of a line. */
	if (guide->is_interrupted)
		fputc('\n', guide->world->out);
	guide_stop_pump(guide);
	/* What was refused is no reason not to ask. */
	guide->code = 0;
	is_ended = is_back(guide);
	guide->code = code ? code : guide->code;
	if (is_ended && !guide->world->ask(guide->world->data, guide_request(guide, "end"), &answer))
		json_object_put(answer);
	tell_end(guide, is_stored, is_ended);
}

static void take_points(struct guide *guide)
{
	if (guide_has_bottles(guide))
		guide_take_bottles(guide);
	else if (guide->quantity == QUANTITY_FLOW)
		guide_take_volume(guide);
	else if (guide->quantity == QUANTITY_DOSE)
		guide_take_dose(guide);
	else
		guide_take_comparison(guide);
}

int calibration_guide(const struct calibrate_world *world, const struct calibrate_options *options)
{
	struct guide guide = { .world = world, .options = options };
	bool is_stored;
	int code = meet(&guide);

	if (code)
		return code;
	if (!begin(&guide))
		return guide.code;
	if (guide_goes_on(&guide))
		take_points(&guide);
	is_stored = guide_goes_on(&guide) && agree(&guide) && store(&guide);
	end(&guide, is_stored);
	return is_stored ? EXIT_OK : guide.code ? guide.code : EXIT_REFUSED;
}
