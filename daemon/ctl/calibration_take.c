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
#include "channel/settle.h"
#include "base/field.h"

#define FLOW_PULSES 20
#define FLOW_STILL_MS 5000

static const struct units litres = {
	.list = (const struct unit[]){{ "mL", 1e-3, false },
				      { "ml", 1e-3, true },
				      { "L", 1, false },
				      { "l", 1, true },
				      { NULL, 0, false }},
	.bare = true,
};

/* What hydropond says of the channel now. */
struct look {
	bool is_there;
	double reading, celsius; /* NaN: not known */
	uint64_t at_ns;
	char quality[32], celsius_quality[32];
};

/* A temperature that is not good now is none. */
static void look_at_temperature(const struct guide *guide, struct json_object *status,
				struct look *look)
{
	struct json_object *channel = guide_channel(status, guide->celsius_from);

	look->celsius = guide->celsius;
	if (!isnan(guide->celsius) || !*guide->celsius_from)
		return;
	if (field_is_number(channel, "q") && !field_count(channel, "q"))
		look->celsius = guide_number(channel, "value");
	snprintf(look->celsius_quality, sizeof(look->celsius_quality), "%s",
		 field_text(channel, "quality"));
}

/* False: hydropond does not answer. */
static bool look(struct guide *guide, struct look *look)
{
	struct json_object *status, *channel;
	int code = guide->world->status(guide->world->data, &status);
	uint64_t age_ns;

	*look = (struct look){ .reading = NAN, .celsius = NAN };
	if (code) {
		guide->code = code;
		return false;
	}
	channel = guide_channel(status, guide->options->channel);
	look->is_there = field_is_true(channel, "present");
	look->reading = guide_number(channel, "reading");
	age_ns = field_count(channel, "reading_age_ms") * NS_PER_MS;
	look->at_ns = field_count(status, "boot_ns") - age_ns;
	snprintf(look->quality, sizeof(look->quality), "%s", field_text(channel, "quality"));
	look_at_temperature(guide, status, look);
	json_object_put(status);
	return true;
}

double guide_reading(struct guide *guide)
{
	struct look now;

	return look(guide, &now) ? now.reading : NAN;
}

/* One line that is written over; on what is no screen, only @is_last. */
__attribute__((format(printf, 3, 4))) static void show(const struct guide *guide, bool is_last,
						       const char *format, ...)
{
	const struct calibrate_world *world = guide->world;
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

static const char *reading_unit(const struct guide *guide)
{
	return guide->quantity == QUANTITY_LIGHT ? "lx" : "mV";
}

static void show_settling(const struct guide *guide, const struct look *now,
			  const struct settle_state *state)
{
	char water[32] = "";

	if (!isnan(now->celsius))
		snprintf(water, sizeof(water), "  %.1f C", now->celsius);
	if (!now->is_there || isnan(now->reading))
		show(guide, false, "no reading: %s",
		     now->is_there ? now->quality : "its device is gone");
	else if (*guide->celsius_from && isnan(now->celsius))
		show(guide, false, "%.1f mV, but %s is %s", now->reading, guide->celsius_from,
		     now->celsius_quality);
	else if (state->drifts)
		show(guide, false, "%.1f %s%s  still drifting, %+.1f a minute", now->reading,
		     reading_unit(guide), water, state->drift_a_min);
	else if (state->is_settled)
		show(guide, true, "%.1f %s%s  settled: within %.1f for %.0f s", state->mean,
		     reading_unit(guide), water, state->spread, (double)state->held_ms / 1000);
	else
		show(guide, false, "%.1f %s%s  %2.0f s left  within %.1f, %+.1f a minute",
		     now->reading, reading_unit(guide), water, ceil((double)state->left_ms / 1000),
		     state->spread, state->drift_a_min);
}

/* Waits until the reading has settled: @point has it, and the temperature. */
static bool settle(struct guide *guide, struct guide_point *point)
{
	uint64_t from_ns = guide->world->now_ns(guide->world->data);
	struct settle_limits limits;
	struct settle *settling = calloc(1, sizeof(*settling));
	struct settle_state state = { 0 };
	struct look now = { 0 };
	bool begins = true;

	if (!settling)
		give_up(guide, "out of memory");
	while (guide_goes_on(guide) && !state.is_settled && look(guide, &now)) {
		if (!isnan(now.reading) && begins) {
			limits = settle_limits_of(guide->quantity, now.reading);
			settle_begin(settling, &limits);
			begins = false;
		}
		if (isnan(now.reading) || !now.is_there ||
		    (*guide->celsius_from && isnan(now.celsius)))
			settle_break(settling);
		else
			settle_take(settling, now.at_ns, now.reading);
		state = settle_judge(settling);
		show_settling(guide, &now, &state);
		if (state.is_settled)
			break;
		guide_give_word(guide);
		if (guide->world->now_ns(guide->world->data) - from_ns >
		    CALIBRATE_PATIENCE_MS * NS_PER_MS)
			give_up(guide,
				"the reading does not settle: within %.1f %s for %.0f s, drifting "
				"%+.1f a minute; see to the probe, its cable, and whether it is wet",
				state.spread, reading_unit(guide), (double)state.held_ms / 1000,
				state.drift_a_min);
		else if (guide->world->wait(guide->world->data, CALIBRATE_LOOK_MS))
			guide->is_interrupted = true;
	}
	*point = (struct guide_point){ .label = NAN,
				      .reading = state.mean,
				      .spread = state.spread,
				      .celsius = now.celsius };
	free(settling);
	return guide_goes_on(guide);
}

static void list_labels(const struct guide *guide, const double *labels, size_t n, char *text,
			size_t size)
{
	size_t used = 0;

	*text = 0;
	for (size_t i = 0; i < n && used < size; i++)
		used += (size_t)snprintf(text + used, size - used,
					 guide->quantity == QUANTITY_PH ? "%s%.2f" : "%s%.0f uS/cm",
					 i ? " or " : "", labels[i]);
}

/* The one of @labels that the probe stands in; NaN, and told, if it is none, or not sure. */
static double recognise(struct guide *guide, const struct guide_point *point, const double *labels,
			size_t n)
{
	struct json_object *request = guide_request(guide, "recognise"), *answer, *known;
	struct json_object *array = json_object_new_array();
	char list[128], found[128];
	double candidates[8], seen, label = NAN;
	size_t found_n;

	for (size_t i = 0; i < n; i++)
		json_object_array_add(array, json_object_new_double(labels[i]));
	json_object_object_add(request, "labels", array);
	json_object_object_add(request, "reading", json_object_new_double(point->reading));
	json_object_object_add(request, "celsius", json_object_new_double(point->celsius));
	if (guide->n) {
		known = json_object_new_object();
		json_object_object_add(known, "reference",
				       json_object_new_double(guide->points[0].reference));
		json_object_object_add(known, "reading",
				       json_object_new_double(guide->points[0].reading));
		json_object_object_add(request, "known", known);
	}
	answer = guide_ask(guide, request);
	if (!answer)
		return NAN;
	found_n = field_length(answer, "found");
	for (size_t i = 0; i < found_n && i < 8; i++)
		candidates[i] = json_object_get_double(field_element(answer, "found", i));
	seen = guide_number(answer, "seen");
	json_object_put(answer);
	list_labels(guide, labels, n, list, sizeof(list));
	list_labels(guide, candidates, found_n < 8 ? found_n : 8, found, sizeof(found));
	if (found_n == 1)
		label = candidates[0];
	else if (found_n)
		guide_tell(guide, MARK_BAD, "%.1f mV could be %s; say which with --points",
			   point->reading, found);
	else
		guide_tell(guide, MARK_BAD,
			   "%.1f mV at %.1f C is not %s: it looks like %.2f %s by the "
			   "calibration until now; see which bottle it is, and whether it is fresh",
			   point->reading, point->celsius, list, seen, guide->unit);
	return label;
}

static bool has_been(const struct guide *guide, double label)
{
	for (size_t i = 0; i < guide->n; i++)
		if (guide->points[i].label == label)
			return true;
	return false;
}

/* The bottles that may come next: the one that was asked for, or all of the usual ones. */
static size_t next_labels(const struct guide *guide, double labels[8])
{
	static const double usual[] = { 7.00, 4.01, 10.01 };
	size_t n = 0;

	if (guide->labels_n) {
		labels[0] = guide->labels[guide->n];
		return 1;
	}
	if (guide->quantity == QUANTITY_EC) {
		for (size_t i = 0; i < ec_standards_n; i++)
			if (!has_been(guide, buffer_nominal(ec_standards[i])))
				labels[n++] = buffer_nominal(ec_standards[i]);
		return n;
	}
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (!has_been(guide, usual[i]))
			labels[n++] = usual[i];
	return n;
}

/* Takes the point that the probe stands in; false: it is none of @labels, and told. */
static bool take_bottle(struct guide *guide, const double *labels, size_t n)
{
	struct guide_point *point = &guide->points[guide->n];
	bool is_dry = n == 1 && labels[0] == GUIDE_DRY;

	if (!settle(guide, point))
		return false;
	point->label = is_dry ? GUIDE_DRY : recognise(guide, point, labels, n);
	if (isnan(point->label))
		return false;
	point->reference =
		is_dry ? 0 : buffer_value(guide_buffer(guide, point->label), point->celsius);
	if (isnan(point->reference)) {
		give_up(guide, "nobody has measured %s at %.1f C; bring it nearer to 25 C",
			buffer_name(guide_buffer(guide, point->label)), point->celsius);
		return false;
	}
	if (is_dry)
		guide_tell(guide, MARK_NONE, "dry: %.1f mV", point->reading);
	else
		guide_tell(guide, MARK_NONE, "%s recognised: it is %.*f at %.1f C",
			   buffer_name(guide_buffer(guide, point->label)),
			   guide->quantity == QUANTITY_PH ? 2 : 0, point->reference,
			   point->celsius);
	guide->n++;
	return true;
}

/* What to do for the next bottle. False: there is none any more, or interrupted. */
static bool ask_for_bottle(struct guide *guide, const double *labels, size_t n)
{
	char list[128], question[256], text[16];
	bool is_dry = n == 1 && labels[0] == GUIDE_DRY;

	if (guide->options->is_confirmed)
		return true;
	list_labels(guide, labels, n, list, sizeof(list));
	if (is_dry)
		snprintf(question, sizeof(question),
			 "Rinse the probe, dry it, hold it in the air, and "
			 "press Enter:");
	else
		snprintf(question, sizeof(question),
			 "Rinse the probe, put it into %s, and press "
			 "Enter%s:",
			 list, guide->n && !guide->labels_n ? " (d and Enter: no more)" : "");
	return guide_prompt(guide, question, text, sizeof(text)) && (*text != 'd' || !guide->n);
}

void guide_take_bottles(struct guide *guide)
{
	size_t most = guide->labels_n ? guide->labels_n : CALIBRATION_POINTS;
	uint64_t from_ns = guide->world->now_ns(guide->world->data);

	while (guide->n < most && guide_goes_on(guide)) {
		double labels[8];
		size_t n = next_labels(guide, labels);
		bool is_first_dry = guide->quantity == QUANTITY_EC && !guide->n && !guide->labels_n;

		if (is_first_dry) {
			labels[0] = GUIDE_DRY;
			n = 1;
		}
		if (!n || !ask_for_bottle(guide, labels, n))
			break;
		guide->is_away = true;
		if (take_bottle(guide, labels, n) || !guide->options->is_confirmed)
			continue;
		/* A script moves the probe while we wait. */
		if (guide->world->now_ns(guide->world->data) - from_ns >
		    CALIBRATE_PATIENCE_MS * NS_PER_MS)
			give_up(guide, "the bottle that was to come did not come");
	}
	if (guide_goes_on(guide) && !guide->n)
		give_up(guide, "nothing was measured");
}

/* "22.4", in the channel's unit, or litres. */
static bool parse_reference(struct guide *guide, const char *text, double *reference)
{
	const struct units *units = guide->quantity == QUANTITY_FLOW
					    ? &litres
					    : quantity_traits(guide->quantity)->units;
	char why[256];

	if (units_parse(units, text, reference, why, sizeof(why)))
		return true;
	guide_tell(guide, MARK_BAD, "%s", why);
	return false;
}

/* What another instrument says. */
void guide_take_reference(struct guide *guide, const char *question)
{
	struct guide_point *point = &guide->points[0];
	char text[32];

	if (guide->options->points) {
		if (!parse_reference(guide, guide->options->points, &point->reference))
			guide->code = EXIT_USAGE;
	} else {
		do
			if (!guide_prompt(guide, question, text, sizeof(text)))
				return;
		while (!parse_reference(guide, text, &point->reference));
	}
	guide->n = 1;
}

void guide_take_comparison(struct guide *guide)
{
	char question[128], text[16];

	snprintf(question, sizeof(question),
		 "Put the reference beside the sensor, and press Enter:");
	if (!guide->options->is_confirmed && !guide_prompt(guide, question, text, sizeof(text)))
		return;
	if (!settle(guide, &guide->points[0]))
		return;
	/* A person may have brought the sensor to the reference. */
	guide->is_away = !guide->options->is_confirmed;
	snprintf(question, sizeof(question), "What does the reference say, in %s?", guide->unit);
	guide_take_reference(guide, question);
}

/* From the first pulse until there are no more. */
void guide_take_volume(struct guide *guide)
{
	uint64_t still_ns = guide->world->now_ns(guide->world->data), from_ns = still_ns;
	struct look now;
	uint32_t first = 0, pulses = 0;
	bool has_first = false;

	guide_tell(guide, MARK_NONE,
		   "let a measured volume run through the meter; it is counted "
		   "until the water has stood still for %d s",
		   FLOW_STILL_MS / 1000);
	while (guide_goes_on(guide) && look(guide, &now)) {
		uint64_t now_ns = guide->world->now_ns(guide->world->data);

		if (!isnan(now.reading)) {
			uint32_t count = (uint32_t)now.reading;

			first = has_first ? first : count;
			has_first = true;
			if (count - first != pulses)
				still_ns = now_ns;
			pulses = count - first;
		}
		show(guide, false, "%u pulses%s", pulses, isnan(now.reading) ? ", no reading" : "");
		if (pulses >= FLOW_PULSES && now_ns - still_ns >= FLOW_STILL_MS * NS_PER_MS)
			break;
		if (now_ns - from_ns > CALIBRATE_PATIENCE_MS * NS_PER_MS)
			give_up(guide, "%u pulses, and no end of it; see to the meter", pulses);
		guide_give_word(guide);
		if (guide_goes_on(guide) &&
		    guide->world->wait(guide->world->data, CALIBRATE_LOOK_MS))
			guide->is_interrupted = true;
	}
	if (!guide_goes_on(guide))
		return;
	show(guide, true, "%u pulses", pulses);
	guide->points[0] = (struct guide_point){ .label = NAN,
						.reading = pulses,
						.celsius = NAN,
						.spread = NAN };
	guide_take_reference(guide, "How many litres was that?");
}
