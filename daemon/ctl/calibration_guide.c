// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/calibration_guide.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffers.h"
#include "base/clock.h"
#include "base/quantity.h"
#include "base/units.h"
#include "channel/calibration.h"
#include "channel/settle.h"
#include "ctl/fail.h"
#include "ctl/field.h"
#include "ctl/table.h"

#define FLOW_PULSES 20
#define FLOW_STILL_MS 5000
#define DRY (-1.0)	/* among the labels that are asked for */

static const struct units litres = {
	.list = (const struct unit[]){ { "mL", 1e-3, false }, { "ml", 1e-3, true },
				       { "L", 1, false }, { "l", 1, true }, { NULL, 0, false } },
	.bare = true,
};
/* With the unit: 72 would be taken for hot water. */
static const struct units celsius = {
	.list = (const struct unit[]){ { "C", 1, false }, { "\302\260C", 1, true },
				       { NULL, 0, false } },
};

struct point {
	double label;		/* as the bottle says it; NaN: it is no bottle */
	double reference, reading, celsius, spread;
};

struct job {
	const struct calibrate_world *world;
	const struct calibrate_options *options;
	enum quantity quantity;
	const char *unit;
	uint64_t session;
	uint64_t word_ns;		/* when hydropond heard of it last */
	bool is_interrupted;
	int code;			/* why it could not go on */
	char celsius_from[48];		/* a channel, or "by hand"; empty: nobody asks for it */
	double celsius;			/* by hand, else NaN */
	double labels[CALIBRATION_POINTS];	/* asked for by --points, in this order */
	size_t labels_n;
	struct point points[CALIBRATION_POINTS];
	size_t n;
};

/* What hydropond says of the channel now. */
struct look {
	bool is_there;
	double reading, celsius;	/* NaN: not known */
	uint64_t at_ns;
	char quality[32], celsius_quality[32];
};

__attribute__((format(printf, 3, 4)))
static void tell(const struct job *job, enum mark mark, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	mark_print(job->world->out, job->world->colour, mark, "%s: %s", job->options->channel, text);
	fflush(job->world->out);
}

/* It cannot go on. Once: what comes after it follows from it. */
#define give_up(job, ...)								\
	do {										\
		if (!(job)->code && !(job)->is_interrupted)				\
			tell(job, MARK_BAD, __VA_ARGS__);				\
		(job)->code = (job)->code ? (job)->code : EXIT_REFUSED;			\
	} while (0)

static bool goes_on(const struct job *job)
{
	return !job->code && !job->is_interrupted;
}

static bool has_bottles(const struct job *job)
{
	return job->quantity == QUANTITY_PH || job->quantity == QUANTITY_EC;
}

static struct json_object *new_request(const struct job *job, const char *action)
{
	struct json_object *request = json_object_new_object();

	json_object_object_add(request, "cmd", json_object_new_string("calibrate"));
	json_object_object_add(request, "do", json_object_new_string(action));
	json_object_object_add(request, "channel", json_object_new_string(job->options->channel));
	json_object_object_add(request, "who", json_object_new_string(job->options->who));
	if (job->session)
		json_object_object_add(request, "session", json_object_new_uint64(job->session));
	return request;
}

/* Puts @request. NULL, and told: it was refused, or nobody answers. */
static struct json_object *ask(struct job *job, struct json_object *request)
{
	struct json_object *answer = NULL;
	int code = job->world->ask(job->world->data, request, &answer);

	job->word_ns = job->world->now_ns(job->world->data);
	if (!code)
		return answer;
	job->code = code;
	return NULL;
}

/* So that hydropond knows that somebody is there. */
static void give_word(struct job *job)
{
	uint64_t now_ns = job->world->now_ns(job->world->data);

	if (now_ns - job->word_ns >= CALIBRATE_WORD_MS * NS_PER_MS)
		json_object_put(ask(job, new_request(job, "keep")));
}

/* What is written on a line. False: interrupted. */
static bool prompt(struct job *job, const char *question, char *text, size_t size)
{
	int is_read;

	fprintf(job->world->out, "%s ", question);
	fflush(job->world->out);
	do {
		is_read = job->world->read_line(job->world->data, CALIBRATE_LOOK_MS, text, size);
		if (is_read < 0)
			job->is_interrupted = true;
		else
			give_word(job);
	} while (!is_read && goes_on(job));
	return goes_on(job);
}

static double number_of(struct json_object *object, const char *key)
{
	return field_is_number(object, key) ? json_object_get_double(field(object, key)) : NAN;
}

static struct json_object *find_channel(struct json_object *status, const char *name)
{
	for (size_t i = 0; i < field_length(status, "channels"); i++) {
		struct json_object *channel = field_element(status, "channels", i);

		if (!strcmp(field_text(channel, "name"), name))
			return channel;
	}
	return NULL;
}

/* A temperature that is not good now is none. */
static void look_at_temperature(const struct job *job, struct json_object *status,
				struct look *look)
{
	struct json_object *channel = find_channel(status, job->celsius_from);

	look->celsius = job->celsius;
	if (!isnan(job->celsius) || !*job->celsius_from)
		return;
	if (field_is_number(channel, "q") && !field_count(channel, "q"))
		look->celsius = number_of(channel, "value");
	snprintf(look->celsius_quality, sizeof(look->celsius_quality), "%s",
		 field_text(channel, "quality"));
}

/* False: hydropond does not answer. */
static bool look(struct job *job, struct look *look)
{
	struct json_object *status, *channel;
	int code = job->world->status(job->world->data, &status);
	uint64_t age_ns;

	*look = (struct look){ .reading = NAN, .celsius = NAN };
	if (code) {
		job->code = code;
		return false;
	}
	channel = find_channel(status, job->options->channel);
	look->is_there = field_is_true(channel, "present");
	look->reading = number_of(channel, "reading");
	age_ns = field_count(channel, "reading_age_ms") * NS_PER_MS;
	look->at_ns = field_count(status, "boot_ns") - age_ns;
	snprintf(look->quality, sizeof(look->quality), "%s", field_text(channel, "quality"));
	look_at_temperature(job, status, look);
	json_object_put(status);
	return true;
}

/* One line that is written over; on what is no screen, only @is_last. */
__attribute__((format(printf, 3, 4)))
static void show(const struct job *job, bool is_last, const char *format, ...)
{
	const struct calibrate_world *world = job->world;
	char text[256];
	va_list arguments;

	if (!world->is_screen && !is_last)
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	text_clean(text);
	fprintf(world->out, world->is_screen ? "\r\033[K  %s%s" : "  %s%s", text,
		is_last ? "\n" : "");
	fflush(world->out);
}

static const char *reading_unit(const struct job *job)
{
	return job->quantity == QUANTITY_LIGHT ? "lx" : "mV";
}

static void show_settling(const struct job *job, const struct look *now,
			  const struct settle_state *state)
{
	char water[32] = "";

	if (!isnan(now->celsius))
		snprintf(water, sizeof(water), "  %.1f C", now->celsius);
	if (!now->is_there || isnan(now->reading))
		show(job, false, "no reading: %s", now->is_there ? now->quality :
		     "its device is gone");
	else if (*job->celsius_from && isnan(now->celsius))
		show(job, false, "%.1f mV, but %s is %s", now->reading, job->celsius_from,
		     now->celsius_quality);
	else if (state->drifts)
		show(job, false, "%.1f %s%s  still drifting, %+.1f a minute", now->reading,
		     reading_unit(job), water, state->drift_a_min);
	else if (state->is_settled)
		show(job, true, "%.1f %s%s  settled: within %.1f for %.0f s", state->mean,
		     reading_unit(job), water, state->spread, (double)state->held_ms / 1000);
	else
		show(job, false, "%.1f %s%s  %2.0f s left  within %.1f, %+.1f a minute",
		     now->reading, reading_unit(job), water, ceil((double)state->left_ms / 1000),
		     state->spread, state->drift_a_min);
}

/* Waits until the reading has settled: @point has it, and the temperature. */
static bool settle(struct job *job, struct point *point)
{
	uint64_t from_ns = job->world->now_ns(job->world->data);
	struct settle_limits limits;
	struct settle *settling = calloc(1, sizeof(*settling));
	struct settle_state state = { 0 };
	struct look now = { 0 };
	bool begins = true;

	if (!settling)
		give_up(job, "out of memory");
	while (goes_on(job) && !state.is_settled && look(job, &now)) {
		if (!isnan(now.reading) && begins) {
			limits = settle_limits_of(job->quantity, now.reading);
			settle_begin(settling, &limits);
			begins = false;
		}
		if (isnan(now.reading) || !now.is_there ||
		    (*job->celsius_from && isnan(now.celsius)))
			settle_break(settling);
		else
			settle_take(settling, now.at_ns, now.reading);
		state = settle_judge(settling);
		show_settling(job, &now, &state);
		if (state.is_settled)
			break;
		give_word(job);
		if (job->world->now_ns(job->world->data) - from_ns > CALIBRATE_PATIENCE_MS * NS_PER_MS)
			give_up(job, "the reading does not settle: within %.1f %s for %.0f s, drifting "
				"%+.1f a minute; see to the probe, its cable, and whether it is wet",
				state.spread, reading_unit(job), (double)state.held_ms / 1000,
				state.drift_a_min);
		else if (job->world->wait(job->world->data, CALIBRATE_LOOK_MS))
			job->is_interrupted = true;
	}
	*point = (struct point){ .label = NAN, .reading = state.mean, .spread = state.spread,
				 .celsius = now.celsius };
	free(settling);
	return goes_on(job);
}

static void list_labels(const struct job *job, const double *labels, size_t n, char *text, size_t size)
{
	size_t used = 0;

	*text = 0;
	for (size_t i = 0; i < n && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, job->quantity == QUANTITY_PH ?
					 "%s%.2f" : "%s%.0f uS/cm", i ? " or " : "", labels[i]);
}

/* The bottle that the probe stands in is one of @labels: NaN, and told, if it is none or not sure. */
static double recognise(struct job *job, const struct point *point, const double *labels, size_t n)
{
	struct json_object *request = new_request(job, "recognise"), *answer, *known;
	struct json_object *array = json_object_new_array();
	char list[128], found[128];
	double candidates[8], seen, label = NAN;
	size_t found_n;

	for (size_t i = 0; i < n; i++)
		json_object_array_add(array, json_object_new_double(labels[i]));
	json_object_object_add(request, "labels", array);
	json_object_object_add(request, "reading", json_object_new_double(point->reading));
	json_object_object_add(request, "celsius", json_object_new_double(point->celsius));
	if (job->n) {
		known = json_object_new_object();
		json_object_object_add(known, "reference",
				       json_object_new_double(job->points[0].reference));
		json_object_object_add(known, "reading",
				       json_object_new_double(job->points[0].reading));
		json_object_object_add(request, "known", known);
	}
	answer = ask(job, request);
	if (!answer)
		return NAN;
	found_n = field_length(answer, "found");
	for (size_t i = 0; i < found_n && i < 8; i++)
		candidates[i] = json_object_get_double(field_element(answer, "found", i));
	seen = number_of(answer, "seen");
	json_object_put(answer);
	list_labels(job, labels, n, list, sizeof(list));
	list_labels(job, candidates, found_n < 8 ? found_n : 8, found, sizeof(found));
	if (found_n == 1)
		label = candidates[0];
	else if (found_n)
		tell(job, MARK_BAD, "%.1f mV could be %s; say which with --points", point->reading, found);
	else
		tell(job, MARK_BAD, "%.1f mV at %.1f C is not %s: it looks like %.2f %s by the "
		     "calibration until now; see which bottle it is, and whether it is fresh",
		     point->reading, point->celsius, list, seen, job->unit);
	return label;
}

static const struct buffer *find_buffer(const struct job *job, double label)
{
	return job->quantity == QUANTITY_PH ? buffer_find_ph(label) : buffer_find_ec(label);
}

/* The bottles that may come next: the one that was asked for, or all of the usual ones. */
static size_t next_labels(const struct job *job, double labels[8])
{
	static const double usual[] = { 7.00, 4.01, 10.01 };
	size_t n = 0;

	if (job->labels_n) {
		labels[0] = job->labels[job->n];
		return 1;
	}
	if (job->quantity == QUANTITY_EC)
		for (size_t i = 0; i < ec_standards_n; i++)
			labels[n++] = buffer_nominal(ec_standards[i]);
	else
		for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
			labels[n++] = usual[i];
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < job->n; j++)
			if (labels[i] == job->points[j].label)
				labels[i--] = labels[--n];
	return n;
}

/* Takes the point that the probe stands in; false: it is none of @labels, and told. */
static bool take_bottle(struct job *job, const double *labels, size_t n)
{
	struct point *point = &job->points[job->n];
	bool is_dry = n == 1 && labels[0] == DRY;

	if (!settle(job, point))
		return false;
	point->label = is_dry ? DRY : recognise(job, point, labels, n);
	if (isnan(point->label))
		return false;
	point->reference = is_dry ? 0 : buffer_value(find_buffer(job, point->label), point->celsius);
	if (isnan(point->reference)) {
		give_up(job, "nobody has measured %s at %.1f C; bring it nearer to 25 C",
			buffer_name(find_buffer(job, point->label)), point->celsius);
		return false;
	}
	if (is_dry)
		tell(job, MARK_NONE, "dry: %.1f mV", point->reading);
	else
		tell(job, MARK_NONE, "%s recognised: it is %.*f at %.1f C",
		     buffer_name(find_buffer(job, point->label)),
		     job->quantity == QUANTITY_PH ? 2 : 0, point->reference, point->celsius);
	job->n++;
	return true;
}

/* What to do for the next bottle. False: there is none any more, or interrupted. */
static bool ask_for_bottle(struct job *job, const double *labels, size_t n)
{
	char list[128], question[256], text[16];
	bool is_dry = n == 1 && labels[0] == DRY;

	if (job->options->is_confirmed)
		return true;
	list_labels(job, labels, n, list, sizeof(list));
	if (is_dry)
		snprintf(question, sizeof(question), "Rinse the probe, dry it, hold it in the air, and "
			 "press Enter:");
	else
		snprintf(question, sizeof(question), "Rinse the probe, put it into %s, and press "
			 "Enter%s:", list, job->n && !job->labels_n ? " (d and Enter: no more)" : "");
	return prompt(job, question, text, sizeof(text)) && (*text != 'd' || !job->n);
}

static void take_bottles(struct job *job)
{
	size_t most = job->labels_n ? job->labels_n : CALIBRATION_POINTS;
	uint64_t from_ns = job->world->now_ns(job->world->data);

	while (job->n < most && goes_on(job)) {
		double labels[8];
		size_t n = next_labels(job, labels);
		bool is_first_dry = job->quantity == QUANTITY_EC && !job->n && !job->labels_n;

		if (is_first_dry) {
			labels[0] = DRY;
			n = 1;
		}
		if (!n || !ask_for_bottle(job, labels, n))
			break;
		if (take_bottle(job, labels, n) || !job->options->is_confirmed)
			continue;
		/* A script moves the probe while we wait. */
		if (job->world->now_ns(job->world->data) - from_ns > CALIBRATE_PATIENCE_MS * NS_PER_MS)
			give_up(job, "the bottle that was to come did not come");
	}
	if (goes_on(job) && !job->n)
		give_up(job, "nothing was measured");
}

/* "22.4", in the channel's unit, or litres. */
static bool parse_reference(struct job *job, const char *text, double *reference)
{
	const struct units *units = job->quantity == QUANTITY_FLOW ? &litres :
				    quantity_traits(job->quantity)->units;
	char why[256];

	if (units_parse(units, text, reference, why, sizeof(why)))
		return true;
	tell(job, MARK_BAD, "%s", why);
	return false;
}

/* What another instrument says. */
static void take_reference(struct job *job, const char *question)
{
	struct point *point = &job->points[0];
	char text[32];

	if (job->options->points) {
		if (!parse_reference(job, job->options->points, &point->reference))
			job->code = EXIT_USAGE;
	} else {
		do
			if (!prompt(job, question, text, sizeof(text)))
				return;
		while (!parse_reference(job, text, &point->reference));
	}
	job->n = 1;
}

static void take_comparison(struct job *job)
{
	char question[128], text[16];

	snprintf(question, sizeof(question), "Put the reference beside the sensor, and press Enter:");
	if (!job->options->is_confirmed && !prompt(job, question, text, sizeof(text)))
		return;
	if (!settle(job, &job->points[0]))
		return;
	snprintf(question, sizeof(question), "What does the reference say, in %s?", job->unit);
	take_reference(job, question);
}

/* From the first pulse until there are no more. */
static void take_volume(struct job *job)
{
	uint64_t still_ns = job->world->now_ns(job->world->data), from_ns = still_ns;
	struct look now;
	uint32_t first = 0, pulses = 0;
	bool has_first = false;

	tell(job, MARK_NONE, "let a measured volume run through the meter; it is counted until the "
	     "water has stood still for %d s", FLOW_STILL_MS / 1000);
	while (goes_on(job) && look(job, &now)) {
		uint64_t now_ns = job->world->now_ns(job->world->data);

		if (!isnan(now.reading)) {
			uint32_t count = (uint32_t)now.reading;

			first = has_first ? first : count;
			has_first = true;
			if (count - first != pulses)
				still_ns = now_ns;
			pulses = count - first;
		}
		show(job, false, "%u pulses%s", pulses, isnan(now.reading) ? ", no reading" : "");
		if (pulses >= FLOW_PULSES && now_ns - still_ns >= FLOW_STILL_MS * NS_PER_MS)
			break;
		if (now_ns - from_ns > CALIBRATE_PATIENCE_MS * NS_PER_MS)
			give_up(job, "%u pulses, and no end of it; see to the meter", pulses);
		give_word(job);
		if (goes_on(job) && job->world->wait(job->world->data, CALIBRATE_LOOK_MS))
			job->is_interrupted = true;
	}
	if (!goes_on(job))
		return;
	show(job, true, "%u pulses", pulses);
	job->points[0] = (struct point){ .label = NAN, .reading = pulses, .celsius = NAN,
					 .spread = NAN };
	take_reference(job, "How many litres was that?");
}

static void add_number(struct json_object *object, const char *key, double value)
{
	if (!isnan(value))
		json_object_object_add(object, key, json_object_new_double(value));
}

static struct json_object *new_points(const struct job *job)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < job->n; i++) {
		struct json_object *object = json_object_new_object();
		const struct point *point = &job->points[i];
		const char *label = isnan(point->label) ? "reference" : point->label == DRY ? "dry" :
				    buffer_name(find_buffer(job, point->label));

		add_number(object, "reference", point->reference);
		add_number(object, "reading", point->reading);
		add_number(object, "celsius", point->celsius);
		add_number(object, "spread", point->spread);
		json_object_object_add(object, "label", json_object_new_string(label));
		json_object_object_add(object, "lot", json_object_new_string(job->options->lot ?
									     job->options->lot : ""));
		json_object_object_add(object, "celsius_from",
				       json_object_new_string(job->celsius_from));
		json_object_array_add(array, object);
	}
	return array;
}

static struct json_object *ask_with_points(struct job *job, const char *action)
{
	struct json_object *request = new_request(job, action);

	json_object_object_add(request, "points", new_points(job));
	return ask(job, request);
}

static void show_number(const struct job *job, struct json_object *solution, const char *key,
			const char *name, const char *unit)
{
	double value = number_of(solution, key);

	if (!isnan(value))
		fprintf(job->world->out, "    %-14s %8.2f %s\n", name, value, unit);
}

/* False: refused, or nobody wants it. */
static bool agree(struct job *job)
{
	struct json_object *answer = ask_with_points(job, "solve"), *solution;
	bool is_ph = job->quantity == QUANTITY_PH, is_worn;
	char text[16];

	if (!answer)
		return false;
	solution = field(answer, "solution");
	is_worn = strcmp(field_text(solution, "verdict"), verdict_name(VERDICT_GOOD));
	show_number(job, solution, "slope_percent", is_ph ? "slope" : "factor", "%");
	show_number(job, solution, "acid_percent", "  acid side", "%");
	show_number(job, solution, "alkaline_percent", "  alkaline side", "%");
	show_number(job, solution, "offset", "offset", is_ph ? "mV" : job->unit);
	show_number(job, solution, "residual", "residual", job->unit);
	tell(job, is_worn ? MARK_WARN : MARK_NONE, "%s: %s", is_worn ? "WORN" : "GOOD",
	     field_text(solution, "words"));
	json_object_put(answer);
	if (job->options->is_confirmed)
		return true;
	if (!prompt(job, "Store it? [y/N]", text, sizeof(text)))
		return false;
	return *text == 'y' || *text == 'Y';
}

/* True: it is durable, and holds. */
static bool store(struct job *job)
{
	struct json_object *answer = ask_with_points(job, "store");
	uint64_t from_ns = job->world->now_ns(job->world->data);

	while (answer) {
		const char *state = field_text(answer, "state");
		uint64_t waited_ns = job->world->now_ns(job->world->data) - from_ns;

		if (!strcmp(state, "stored")) {
			tell(job, MARK_NONE, "stored as calibration %llu; to go back: hydroponctl "
			     "calibrate %s --undo",
			     (unsigned long long)field_count(answer, "version"),
			     job->options->channel);
			json_object_put(answer);
			return true;
		}
		if (strcmp(state, "storing"))
			give_up(job, "it could not be stored: %s; the calibration until now holds",
				field_text(answer, "store_error"));
		else if (waited_ns > CALIBRATE_STORE_MS * NS_PER_MS)
			give_up(job, "the disk does not take it; it holds only once it does, see: "
				"hydroponctl calibrate %s --history", job->options->channel);
		else if (job->world->wait(job->world->data, CALIBRATE_LOOK_MS))
			job->is_interrupted = true;
		json_object_put(answer);
		answer = goes_on(job) ? ask(job, new_request(job, "keep")) : NULL;
	}
	if (job->is_interrupted)
		tell(job, MARK_WARN, "it is being stored all the same; see: hydroponctl calibrate %s "
		     "--history", job->options->channel);
	return false;
}

/* "7,4,10" or "dry,1413" */
static bool parse_labels(struct job *job)
{
	char text[128], *rest = text, *word;

	if (!has_bottles(job) || !job->options->points)
		return true;
	snprintf(text, sizeof(text), "%s", job->options->points);
	while ((word = strsep(&rest, ","))) {
		bool is_dry = job->quantity == QUANTITY_EC && !strcmp(word, "dry");
		double label = is_dry ? DRY : strtod(word, NULL);

		if (!is_dry && !find_buffer(job, label)) {
			fail(EXIT_USAGE, "--points: \"%s\" is no bottle that is known; there are %s",
			     word, job->quantity == QUANTITY_PH ?
			     "1.68, 4.01, 6.86, 7.00, 9.18 and 10.01" : "dry, 84, 1413 and 12880");
			return false;
		}
		if (job->labels_n == CALIBRATION_POINTS) {
			fail(EXIT_USAGE, "--points: these are more than %d", CALIBRATION_POINTS);
			return false;
		}
		job->labels[job->labels_n++] = is_dry ? DRY : buffer_nominal(find_buffer(job, label));
	}
	return true;
}

/* "22.5C" */
static bool parse_temperature(struct job *job)
{
	char why[256];

	if (!job->options->temperature)
		return true;
	if (!units_parse(&celsius, job->options->temperature, &job->celsius, why, sizeof(why))) {
		fail(EXIT_USAGE, "--temperature: %s, such as 22.5C", why);
		return false;
	}
	snprintf(job->celsius_from, sizeof(job->celsius_from), "by hand");
	return true;
}

/* What the channel is; an exit code, told. */
static int meet(struct job *job)
{
	const char *name = job->options->channel, *from;
	struct json_object *status, *channel;
	int code = job->world->status(job->world->data, &status);

	if (code)
		return code;
	channel = find_channel(status, name);
	from = field_string(channel, "temperature_from");
	if (!channel)
		code = fail(EXIT_REFUSED, "there is no channel \"%s\"; hydroponctl status shows them", name);
	else if (!quantity_find(field_text(channel, "quantity"), &job->quantity))
		code = fail(EXIT_REFUSED, "%s measures what this hydroponctl does not know", name);
	else if (!field_is_true(channel, "present"))
		code = fail(EXIT_REFUSED, "%s has no device now; see \"hydroponctl status\"", name);
	job->unit = quantity_unit(job->quantity);
	job->celsius = NAN;
	if (!code && (!parse_labels(job) || !parse_temperature(job)))
		code = EXIT_USAGE;
	if (!code && has_bottles(job) && !*job->celsius_from && from)
		snprintf(job->celsius_from, sizeof(job->celsius_from), "%s", from);
	if (!code && has_bottles(job) && !*job->celsius_from)
		code = fail(EXIT_USAGE, "%s has no channel for its temperature, and what is in a bottle "
			    "depends on it; say --temperature 22.5C", name);
	if (!code && job->options->is_confirmed && !job->options->points)
		code = fail(EXIT_USAGE, "with --yes nobody is asked; say --points, such as %s",
			    job->quantity == QUANTITY_PH ? "7,4" : job->quantity == QUANTITY_EC ?
			    "1413" : "22.4");
	json_object_put(status);
	return code;
}

static bool begin(struct job *job)
{
	struct json_object *answer = ask(job, new_request(job, "begin"));
	size_t locks;

	if (!answer)
		return false;
	job->session = field_count(answer, "session");
	locks = field_length(answer, "locks");
	for (size_t i = 0; i < locks; i++)
		tell(job, MARK_NONE, "%s stays in its safe state until this is over",
		     json_object_get_string(field_element(answer, "locks", i)));
	json_object_put(answer);
	return true;
}

/* However it went: no session is left. */
static void end(struct job *job, bool is_stored)
{
	struct json_object *answer = NULL;
	char text[16];

	if (is_stored && !job->options->is_confirmed)
		prompt(job, "Put the probe back into its place, and press Enter:", text, sizeof(text));
	if (!job->world->ask(job->world->data, new_request(job, "end"), &answer))
		json_object_put(answer);
	if (is_stored)
		tell(job, MARK_NONE, "done; what needs it goes on with the next good reading");
	else
		tell(job, MARK_WARN, "nothing was changed");
}

int calibration_guide(const struct calibrate_world *world, const struct calibrate_options *options)
{
	struct job job = { .world = world, .options = options };
	bool is_stored;
	int code = meet(&job);

	if (code)
		return code;
	if (!begin(&job))
		return job.code;
	if (has_bottles(&job))
		take_bottles(&job);
	else if (job.quantity == QUANTITY_FLOW)
		take_volume(&job);
	else
		take_comparison(&job);
	is_stored = goes_on(&job) && agree(&job) && store(&job);
	end(&job, is_stored);
	return is_stored ? EXIT_OK : job.code ? job.code : EXIT_REFUSED;
}
