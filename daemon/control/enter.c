// SPDX-License-Identifier: GPL-2.0-only
#include "control/enter.h"

#include <math.h>
#include <stdio.h>

#include <json-c/json.h>

#include "base/field.h"
#include "base/log.h"
#include "base/quantity.h"
#include "control/answer.h"
#include "control/request.h"

/* A number in the channel's unit, or text with a unit as in the configuration. */
static struct json_object *read_value(const struct conf_channel *conf, struct json_object *request,
				      double *value)
{
	const struct quantity_traits *traits = quantity_traits(conf->quantity);
	struct json_object *given = json_object_object_get(request, "value");
	double least, most;
	char why[256];

	if (json_object_is_type(given, json_type_double) ||
	    json_object_is_type(given, json_type_int))
		*value = json_object_get_double(given);
	else if (!json_object_is_type(given, json_type_string))
		return new_error("\"value\" must be a number in %s, or text with a unit", traits->unit);
	else if (!units_parse(traits->units, json_object_get_string(given), value, why,
			      sizeof(why)))
		return new_error("%s", why);
	least = fmax(conf->min, traits->lowest);
	most = fmin(conf->max, traits->highest);
	if (!(*value >= least && *value <= most))
		return new_error("%s takes %g to %g %s; measure again, or change min and max of the "
				 "channel", conf->name, least, most, traits->unit);
	return NULL;
}

static struct json_object *read_time(struct json_object *request, uint64_t *ms)
{
	struct json_object *for_ms;

	*ms = ENTER_DEFAULT_MS;
	if (!json_object_object_get_ex(request, "for_ms", &for_ms))
		return NULL;
	if (!json_object_is_type(for_ms, json_type_int) || json_object_get_int64(for_ms) < 1 ||
	    json_object_get_int64(for_ms) > (int64_t)ENTER_MAX_MS)
		return new_error("\"for_ms\" must be a whole number, 1 to %llu (7 d)", ENTER_MAX_MS);
	*ms = (uint64_t)json_object_get_int64(for_ms);
	return NULL;
}

struct json_object *enter_command(struct turn *turn, struct json_object *request)
{
	const struct conf_channel *conf;
	struct json_object *answer;
	char who[REQUEST_WHO];
	double value = 0;
	uint64_t for_ms;
	size_t channel;

	answer = request_channel(turn->conf, request, &channel);
	if (answer)
		return answer;
	conf = &turn->conf->channels[channel];
	if (conf->source != SOURCE_MANUAL)
		return new_error("%s is measured (source %s), and nothing can be entered for it; "
				 "write a channel of its own with \"source = manual\"", conf->name,
				 conf_source_name(conf->source));
	answer = read_value(conf, request, &value);
	if (!answer)
		answer = read_time(request, &for_ms);
	if (!answer)
		answer = request_who(request, who);
	if (answer)
		return answer;
	turn_enter(turn, channel, value, for_ms);
	log_notice("%s: %g %s entered by %s", conf->name, value, quantity_unit(conf->quantity), who);
	answer = json_object_new_object();
	field_put_bool(answer, "ok", true);
	field_put_string(answer, "channel", conf->name);
	json_object_object_add(answer, "value", field_new_number(value));
	field_put_string(answer, "unit", quantity_unit(conf->quantity));
	field_put_count(answer, "for_ms", for_ms);
	return answer;
}
