// SPDX-License-Identifier: GPL-2.0-only
#include "control/describe.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "base/clock.h"
#include "base/field.h"
#include "protect/cause.h"
#include "protect/terms.h"

/* null unless @is: there is nothing of the kind. */
static void add_bool_if(struct json_object *object, const char *key, bool is, bool value)
{
	json_object_object_add(object, key, is ? json_object_new_boolean(value) : NULL);
}

static void add_count_if(struct json_object *object, const char *key, bool is, uint64_t value)
{
	json_object_object_add(object, key, is ? json_object_new_uint64(value) : NULL);
}

static void add_words(struct json_object *object, const char *key, const char *const *words,
		      size_t count)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < count; i++)
		json_object_array_add(array, json_object_new_string(words[i]));
	json_object_object_add(object, key, array);
}

void describe_gateway(struct json_object *object, const struct hydropon_info *info)
{
	struct json_object *power = json_object_new_object();

	field_put_bool(object, "armed", info->armed);
	field_put_bool(object, "terminal", info->terminal);
	field_put_bool(object, "master_closed", info->master);
	field_put_count(object, "interlocks", info->interlocks);
	field_put_bool(power, "present", info->has_power_good);
	field_put_bool(power, "good", info->power_good);
	field_put_bool(power, "storm", info->power_storm);
	field_put_bool(power, "shedding", info->shedding);
	field_put_count(power, "shed_left_ms", info->shed_left_ms);
	json_object_object_add(object, "power", power);
}

static void describe_latches(struct json_object *object, const struct hydropon_output_info *info)
{
	const char *words[TERMS_MAX];

	add_words(object, "latched", words, latch_names(info->latched, words));
	add_words(object, "tripping", words, latch_names(info->trips, words));
	add_count_if(object, "trip_id", (info->latched | info->trips) &
		     (HYDROPON_TRIP_LEVELS | HYDROPON_TRIP_LEVELS << HYDROPON_TRIP_PASS_SHIFT),
		     info->trip_id);
	add_words(object, "faults", words, fault_names(info->faults, words));
}

static void describe_limits(struct json_object *object, const struct hydropon_output_info *info,
			    bool known)
{
	add_count_if(object, "max_on_ms", info->max_on_ms, info->max_on_ms);
	add_count_if(object, "min_off_ms", known, info->min_off_ms);
	add_count_if(object, "budget_ms", info->budget_ms, info->budget_ms);
	add_count_if(object, "budget_window_ms", info->budget_ms, info->budget_window_ms);
	add_count_if(object, "budget_left_ms", info->budget_ms, info->budget_left_ms);
}

/* Of a device that is gone the kernel has nothing to tell but zeros. */
void describe_output(struct json_object *object, const struct hydropon_output_info *info,
		     bool known, uint64_t now_ns)
{
	static const struct hydropon_output_info nothing = { .feedback = HYDROPON_NO_FEEDBACK };
	uint64_t age_ns;

	if (!known)
		info = &nothing;
	age_ns = now_ns > info->changed_ns ? now_ns - info->changed_ns : 0;
	field_put_bool(object, "present", known);
	add_bool_if(object, "on", known, info->on);
	add_bool_if(object, "safe_on", known, info->safe_on);
	field_put_string(object, "cause", known ? cause_name(info->cause) : NULL);
	add_bool_if(object, "held", known, cause_is_stronger(info->cause));
	add_count_if(object, "changed_ago_ms", known, age_ns / NS_PER_MS);
	field_put_bool(object, "switching", info->line_status == -EINPROGRESS);
	if (info->line_status && info->line_status != -EINPROGRESS)
		field_put_error(object, "line_error", info->line_status);
	describe_latches(object, info);
	field_put_string(object, "switch", known ? manual_name(info->manual) : NULL);
	add_bool_if(object, "feedback", info->feedback != HYDROPON_NO_FEEDBACK, info->feedback);
	describe_limits(object, info, known);
	add_bool_if(object, "restored", known, info->restored);
	add_bool_if(object, "behind_master", known, info->behind_master);
}
