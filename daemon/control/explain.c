// SPDX-License-Identifier: GPL-2.0-only
#include "control/explain.h"

#include <json-c/json.h>

#include "base/field.h"
#include "channel/judgement.h"

static uint64_t ms_since(uint64_t then_ns, uint64_t now_ns)
{
	return now_ns > then_ns ? (now_ns - then_ns) / NS_PER_MS : 0;
}

static const char *state_name(const struct check_state *state)
{
	if (state->is_fault)
		return state->found == FINDING_FAULT ? "fault" : "held";
	switch (state->found) {
	case FINDING_FAULT:
	case FINDING_FINE:
		return "fine";
	case FINDING_NONE:
	case FINDING_SAME:
		break;
	}
	return "none";
}

static struct json_object *new_check(const struct check *check, const struct check_state *state,
				     uint64_t now_ns)
{
	bool has_seen = check->seen && (state->is_fault || state->found == FINDING_FINE);
	struct json_object *object = json_object_new_object();

	field_put_string(object, "name", check->name);
	field_put_count(object, "q", (uint64_t)check->q);
	field_put_string(object, "state", state_name(state));
	json_object_object_add(object, "seen", has_seen ? field_new_number(state->seen) : NULL);
	json_object_object_add(object, "limit", has_seen ? field_new_number(state->limit) : NULL);
	field_put_string(object, "what", has_seen ? check->seen : NULL);
	json_object_object_add(object, "since_ms", state->is_fault ?
			       json_object_new_uint64(ms_since(state->since_ns, now_ns)) : NULL);
	return object;
}

static struct json_object *new_checks(const struct judgement *judgement, enum quantity quantity,
				      uint64_t now_ns)
{
	struct json_object *array = json_object_new_array();

	for (size_t i = 0; i < checks_n; i++)
		if (!checks[i].quantities || checks[i].quantities & 1U << quantity)
			json_object_array_add(array, new_check(&checks[i], &judgement->states[i],
							       now_ns));
	return array;
}

struct json_object *explain_build(const struct channels *channels, size_t index, uint64_t now_ns)
{
	const struct channel *channel = channels_get(channels, index);
	const struct judgement *judgement = channels_judgement(channels, index);
	const struct check *check = check_find(channel->last.q);
	struct json_object *object = json_object_new_object();

	field_put_bool(object, "ok", true);
	field_put_string(object, "channel", channel->conf->name);
	field_put_string(object, "unit", quantity_unit(channel->conf->quantity));
	json_object_object_add(object, "decimals", json_object_new_int(channel->conf->decimals));
	json_object_object_add(object, "value", quality_has_value(channel->last.q) ?
			       field_new_number(channel->last.value) : NULL);
	field_put_count(object, "q", channel->last.q);
	field_put_string(object, "quality", quality_name(channel->last.q));
	json_object_object_add(object, "since_ms", judgement->changed_ns ?
		json_object_new_uint64(ms_since(judgement->changed_ns, now_ns)) : NULL);
	field_put_string(object, "remedy", check ? check->remedy : NULL);
	json_object_object_add(object, "checks",
			       new_checks(judgement, channel->conf->quantity, now_ns));
	return object;
}
