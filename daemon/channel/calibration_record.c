// SPDX-License-Identifier: GPL-2.0-only
#include "channel/calibration_record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/field.h"
#include "base/quantity.h"

#define LINE_DEPTH 8
#define RECORD_VERSION 1

/* Readable digits, and all of them: what is parsed again is the same number. */
static void add_number(struct json_object *object, const char *key, double value)
{
	char digits[32];

	if (!isfinite(value)) {
		json_object_object_add(object, key, NULL);
		return;
	}
	snprintf(digits, sizeof(digits), "%.9g", value);
	if (strtod(digits, NULL) != value)
		snprintf(digits, sizeof(digits), "%.17g", value);
	json_object_object_add(object, key, json_object_new_double_s(value, digits));
}

static void add_array(struct json_object *object, const char *key, const double *values, size_t n)
{
	struct json_object *array = json_object_new_array(), *holder = json_object_new_object();

	for (size_t i = 0; i < n; i++) {
		add_number(holder, "x", values[i]);
		json_object_array_add(array, json_object_get(json_object_object_get(holder, "x")));
	}
	json_object_put(holder);
	json_object_object_add(object, key, array);
}

static struct json_object *new_points(const struct calibration_record *record)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < record->n; i++) {
		struct json_object *point = json_object_new_object();

		add_number(point, "reference", record->points[i].reference);
		add_number(point, "reading", record->points[i].reading);
		add_number(point, "celsius", record->points[i].celsius);
		add_number(point, "spread", record->notes[i].spread);
		field_put_string(point, "label", record->notes[i].label);
		field_put_string(point, "lot", record->notes[i].lot);
		field_put_string(point, "celsius_from", record->notes[i].celsius_from);
		json_object_array_add(array, point);
	}
	return array;
}

static struct json_object *new_by(const struct calibration_record *record)
{
	const struct conf_channel *conf = &record->solution.conf;
	struct json_object *by = json_object_new_object();
	size_t buffers = conf->has_third_buffer ? 3 : 2;

	switch (record->quantity) {
	case QUANTITY_PH:
		add_array(by, "buffer_ph", conf->buffer_ph, buffers);
		add_array(by, "buffer_mv", conf->buffer_mv, buffers);
		add_number(by, "buffer_c", conf->buffer_c);
		break;
	case QUANTITY_EC:
		add_number(by, "us_cm_per_mv", conf->cell_per_cm * conf->us_per_mv);
		add_number(by, "zero_mv", conf->zero_mv);
		break;
	case QUANTITY_TEMPERATURE:
	case QUANTITY_LEVEL:
	case QUANTITY_HUMIDITY:
		add_number(by, "zero_mv", conf->zero_mv);
		break;
	case QUANTITY_LIGHT:
		add_number(by, "light_factor", conf->light_factor);
		break;
	case QUANTITY_FLOW:
		add_number(by, "pulses_per_litre", conf->pulses_per_litre);
		break;
	case QUANTITY_DOSE:
		add_number(by, "ml_per_s", conf->ml_per_s);
		break;
	default:
		break;
	}
	return by;
}

struct json_object *calibration_record_describe(const struct calibration_record *record)
{
	const struct calibration_solution *solution = &record->solution;
	struct json_object *object = json_object_new_object();

	field_put_count(object, "format", RECORD_VERSION);
	field_put_count(object, "version", record->version);
	field_put_count(object, "previous", record->previous);
	json_object_object_add(object, "returns_to", record->is_undo ?
			       json_object_new_uint64(record->returns_to) : NULL);
	field_put_string(object, "quantity", quantity_name(record->quantity));
	json_object_object_add(object, "made_ms", json_object_new_int64(record->made_ms));
	field_put_bool(object, "dated", record->is_dated);
	field_put_string(object, "who", record->who);
	field_put_string(object, "verdict", verdict_name(solution->verdict));
	field_put_string(object, "words", solution->words);
	add_number(object, "slope_percent", solution->slope_percent);
	add_number(object, "acid_percent", solution->acid_percent);
	add_number(object, "alkaline_percent", solution->alkaline_percent);
	add_number(object, "offset", solution->offset);
	add_number(object, "residual", solution->residual);
	json_object_object_add(object, "points", new_points(record));
	json_object_object_add(object, "by", record->is_by_configuration ? NULL : new_by(record));
	return object;
}

static double get_number(struct json_object *object, const char *key)
{
	struct json_object *value = json_object_object_get(object, key);

	return json_object_is_type(value, json_type_double) ||
	       json_object_is_type(value, json_type_int) ? json_object_get_double(value) : NAN;
}

static bool get_count(struct json_object *object, const char *key, uint32_t *count)
{
	struct json_object *value = json_object_object_get(object, key);

	if (!json_object_is_type(value, json_type_int) || json_object_get_int64(value) < 0 ||
	    json_object_get_int64(value) > UINT32_MAX)
		return false;
	*count = (uint32_t)json_object_get_int64(value);
	return true;
}

/* What is not there is empty; what cannot be printed or is too long is refused. */
static bool get_text(struct json_object *object, const char *key, char *text, size_t size)
{
	struct json_object *value = json_object_object_get(object, key);
	const char *from;

	*text = 0;
	if (!value)
		return true;
	if (!json_object_is_type(value, json_type_string))
		return false;
	from = json_object_get_string(value);
	if (strlen(from) >= size || (int)strlen(from) != json_object_get_string_len(value))
		return false;
	for (const char *c = from; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return false;
	snprintf(text, size, "%s", from);
	return true;
}

static bool get_array(struct json_object *object, const char *key, double *values, size_t n)
{
	struct json_object *array = json_object_object_get(object, key);

	if (!json_object_is_type(array, json_type_array) || json_object_array_length(array) != n)
		return false;
	for (size_t i = 0; i < n; i++) {
		values[i] = json_object_get_double(json_object_array_get_idx(array, i));
		if (!isfinite(values[i]))
			return false;
	}
	return true;
}

static bool get_buffers(struct json_object *by, struct conf_channel *conf)
{
	size_t n = json_object_array_length(json_object_object_get(by, "buffer_ph"));

	conf->has_third_buffer = n == 3;
	conf->buffer_c = get_number(by, "buffer_c");
	if (n < 2 || n > CONF_MAX_BUFFERS || !get_array(by, "buffer_ph", conf->buffer_ph, n) ||
	    !get_array(by, "buffer_mv", conf->buffer_mv, n) || !(conf->buffer_c >= 0))
		return false;
	for (size_t i = 0; i + 1 < n; i++)
		if (conf->buffer_ph[i] == conf->buffer_ph[i + 1] ||
		    conf->buffer_mv[i] == conf->buffer_mv[i + 1])
			return false;
	return true;
}

static bool get_by(struct json_object *by, struct calibration_record *record)
{
	struct conf_channel *conf = &record->solution.conf;

	record->is_by_configuration = !by;
	if (!by)
		return record->is_undo && !record->returns_to;
	if (!json_object_is_type(by, json_type_object))
		return false;
	switch (record->quantity) {
	case QUANTITY_PH:
		return json_object_is_type(json_object_object_get(by, "buffer_ph"),
					   json_type_array) && get_buffers(by, conf);
	case QUANTITY_EC:
		/* The gain of the front end is not its business: that of the configuration stays. */
		conf->cell_per_cm = get_number(by, "us_cm_per_mv") / conf->us_per_mv;
		conf->zero_mv = get_number(by, "zero_mv");
		return isfinite(conf->cell_per_cm) && conf->cell_per_cm != 0 &&
		       isfinite(conf->zero_mv);
	case QUANTITY_TEMPERATURE:
	case QUANTITY_LEVEL:
	case QUANTITY_HUMIDITY:
		conf->zero_mv = get_number(by, "zero_mv");
		return isfinite(conf->zero_mv);
	case QUANTITY_LIGHT:
		conf->light_factor = get_number(by, "light_factor");
		return conf->light_factor > 0;
	case QUANTITY_FLOW:
		conf->pulses_per_litre = get_number(by, "pulses_per_litre");
		return conf->pulses_per_litre > 0;
	case QUANTITY_DOSE:
		conf->ml_per_s = get_number(by, "ml_per_s");
		return conf->ml_per_s > 0;
	default:
		break;
	}
	return false;
}

static bool get_verdict(struct json_object *object, enum verdict *verdict)
{
	const char *name = json_object_get_string(json_object_object_get(object, "verdict"));

	for (*verdict = VERDICT_GOOD; *verdict < VERDICT_REFUSED; ++*verdict)
		if (name && !strcmp(name, verdict_name(*verdict)))
			return true;
	return false;
}

static bool get_heads(struct json_object *object, struct calibration_record *record)
{
	struct json_object *made = json_object_object_get(object, "made_ms");
	const char *quantity = json_object_get_string(json_object_object_get(object, "quantity"));
	enum quantity found;
	uint32_t format;

	record->is_undo = get_count(object, "returns_to", &record->returns_to);
	record->made_ms = json_object_get_int64(made);
	record->is_dated = json_object_get_boolean(json_object_object_get(object, "dated"));
	return get_count(object, "format", &format) && format == RECORD_VERSION &&
	       get_count(object, "version", &record->version) && record->version &&
	       get_count(object, "previous", &record->previous) &&
	       record->previous < record->version && quantity && quantity_find(quantity, &found) &&
	       found == record->quantity && json_object_is_type(made, json_type_int) &&
	       get_text(object, "who", record->who, sizeof(record->who));
}

static bool get_solution(struct json_object *object, struct calibration_record *record)
{
	struct calibration_solution *solution = &record->solution;
	char why[128];

	solution->slope_percent = get_number(object, "slope_percent");
	solution->acid_percent = get_number(object, "acid_percent");
	solution->alkaline_percent = get_number(object, "alkaline_percent");
	solution->offset = get_number(object, "offset");
	solution->residual = get_number(object, "residual");
	return get_verdict(object, &solution->verdict) &&
	       get_text(object, "words", solution->words, sizeof(solution->words)) &&
	       (record->is_undo ||
		calibration_points_parse(json_object_object_get(object, "points"), record, why,
					 sizeof(why))) &&
	       get_by(json_object_object_get(object, "by"), record);
}

bool calibration_record_parse(const char *line, size_t length, const struct conf_channel *conf,
			      struct calibration_record *record)
{
	struct json_tokener *tokener = json_tokener_new_ex(LINE_DEPTH);
	struct json_object *object;
	bool is_record;

	if (!tokener)
		return false;
	*record = (struct calibration_record){ .quantity = conf->quantity,
					       .solution.conf = *conf };
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, line, (int)length);
	is_record = json_object_is_type(object, json_type_object) &&
		    json_tokener_get_parse_end(tokener) == length &&
		    get_heads(object, record) && get_solution(object, record);
	json_object_put(object);
	json_tokener_free(tokener);
	return is_record;
}

void calibration_record_apply(const struct calibration_record *record, struct conf_channel *conf)
{
	const struct conf_channel *by = &record->solution.conf;

	if (!record->version || record->is_by_configuration)
		return;
	memcpy(conf->buffer_ph, by->buffer_ph, sizeof(conf->buffer_ph));
	memcpy(conf->buffer_mv, by->buffer_mv, sizeof(conf->buffer_mv));
	conf->buffer_c = by->buffer_c;
	conf->has_third_buffer = by->has_third_buffer;
	conf->cell_per_cm = by->cell_per_cm;
	conf->zero_mv = by->zero_mv;
	conf->light_factor = by->light_factor;
	conf->pulses_per_litre = by->pulses_per_litre;
	conf->ml_per_s = by->ml_per_s;
}

bool calibration_points_parse(struct json_object *array, struct calibration_record *record,
			      char *why, size_t why_size)
{
	size_t n = json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;

	if (!n || n > CALIBRATION_POINTS) {
		snprintf(why, why_size, "\"points\" must be an array of 1 to %d points",
			 CALIBRATION_POINTS);
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		struct json_object *from = json_object_array_get_idx(array, i);
		struct calibration_point *point = &record->points[i];
		struct calibration_note *note = &record->notes[i];

		if (!json_object_is_type(from, json_type_object)) {
			snprintf(why, why_size, "a point must be an object");
			return false;
		}
		point->reference = get_number(from, "reference");
		point->reading = get_number(from, "reading");
		point->celsius = get_number(from, "celsius");
		note->spread = get_number(from, "spread");
		if (!isfinite(point->reference) || !isfinite(point->reading) ||
		    !get_text(from, "label", note->label, sizeof(note->label)) ||
		    !get_text(from, "lot", note->lot, sizeof(note->lot)) ||
		    !get_text(from, "celsius_from", note->celsius_from,
			      sizeof(note->celsius_from))) {
			snprintf(why, why_size, "a point must have the numbers \"reference\" and "
				 "\"reading\", and texts of at most %d characters",
				 CALIBRATION_TEXT - 1);
			return false;
		}
	}
	record->n = n;
	return true;
}
