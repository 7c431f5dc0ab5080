/* SPDX-License-Identifier: GPL-2.0-only */
/* Fields of JSON objects: read of one that may lack them or have them in another type, and put. */
#ifndef HYDROPON_FIELD_H
#define HYDROPON_FIELD_H

#include <stdbool.h>
#include <stdint.h>

#include <json-c/json.h>

/* NULL is null. */
void field_put_string(struct json_object *object, const char *key, const char *value);
void field_put_bool(struct json_object *object, const char *key, bool value);
void field_put_count(struct json_object *object, const char *key, uint64_t value);
/* In words; null for 0. */
void field_put_error(struct json_object *object, const char *key, int error);
/* With short digits: json-c would print 6.123 with 17 of them. NULL, null: not finite. */
struct json_object *field_new_number(double value);

static inline struct json_object *field(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	if (json_object_is_type(object, json_type_object))
		json_object_object_get_ex(object, key, &value);
	return value;
}

/* NULL if it is not a string. */
static inline const char *field_string(struct json_object *object, const char *key)
{
	struct json_object *value = field(object, key);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : NULL;
}

static inline const char *field_text(struct json_object *object, const char *key)
{
	const char *text = field_string(object, key);

	return text ? text : "?";
}

static inline uint64_t field_count(struct json_object *object, const char *key)
{
	return json_object_get_uint64(field(object, key));
}

static inline bool field_is_number(struct json_object *object, const char *key)
{
	enum json_type type = json_object_get_type(field(object, key));

	return type == json_type_int || type == json_type_double;
}

static inline bool field_is_true(struct json_object *object, const char *key)
{
	struct json_object *value = field(object, key);

	return json_object_is_type(value, json_type_boolean) && json_object_get_boolean(value);
}

/* How many elements an array has; 0 if it is none. */
static inline size_t field_length(struct json_object *object, const char *key)
{
	struct json_object *value = field(object, key);

	return json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 0;
}

static inline struct json_object *field_element(struct json_object *object, const char *key,
						size_t index)
{
	return json_object_array_get_idx(field(object, key), index);
}

#endif
