// SPDX-License-Identifier: GPL-2.0-only
#include "control/request.h"

#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "base/words.h"
#include "control/answer.h"

/* Names come from our own configuration, so that nothing of the request is echoed. */
static struct json_object *new_unknown_channel(const struct conf *conf)
{
	const char *names[HYDROPON_MAX_CHANNELS];
	char list[400];

	for (size_t i = 0; i < conf->channels_n; i++)
		names[i] = conf->channels[i].name;
	words_list(names, conf->channels_n, list, sizeof(list));
	return new_error("no such channel; there are: %s", list);
}

struct json_object *request_channel(const struct conf *conf, struct json_object *request,
				    size_t *index)
{
	struct json_object *name = json_object_object_get(request, "channel");
	int found;

	if (!json_object_is_type(name, json_type_string))
		return new_error("\"channel\" must be the name of a channel");
	found = conf_find_channel(conf, json_object_get_string(name));
	if (found < 0 || (int)strlen(json_object_get_string(name)) !=
			 json_object_get_string_len(name))
		return new_unknown_channel(conf);
	*index = (size_t)found;
	return NULL;
}

struct json_object *request_who(struct json_object *request, char who[REQUEST_WHO])
{
	struct json_object *given = json_object_object_get(request, "who");
	const char *text = given ? json_object_get_string(given) : "nobody named";

	if (given && (!json_object_is_type(given, json_type_string) || strlen(text) >= REQUEST_WHO))
		return new_error("\"who\" must be a name of at most %d characters",
				 REQUEST_WHO - 1);
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return new_error("\"who\" holds a character that cannot be printed");
	snprintf(who, REQUEST_WHO, "%s", text);
	return NULL;
}
