// SPDX-License-Identifier: GPL-2.0-only
#include "base/field.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

void field_put_string(struct json_object *object, const char *key, const char *value)
{
	json_object_object_add(object, key, value ? json_object_new_string(value) : NULL);
}

void field_put_bool(struct json_object *object, const char *key, bool value)
{
	json_object_object_add(object, key, json_object_new_boolean(value));
}

void field_put_count(struct json_object *object, const char *key, uint64_t value)
{
	json_object_object_add(object, key, json_object_new_uint64(value));
}

struct json_object *field_new_number(double value)
{
	char digits[32];

	if (!isfinite(value))
		return NULL;
	snprintf(digits, sizeof(digits), "%.9g", value);
	return json_object_new_double_s(value, digits);
}

void field_put_error(struct json_object *object, const char *key, int error)
{
	const char *text = strerrordesc_np(-error);

	field_put_string(object, key, !error ? NULL : text ? text : "unknown error");
}
