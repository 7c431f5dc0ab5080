// SPDX-License-Identifier: GPL-2.0-only
#include "control/forwarder.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/clock.h"
#include "base/conf.h"
#include "base/file.h"
#include "base/log.h"

struct forwarder {
	char path[CONF_PATH_MAX + 32];
	/* spool thread */
	char text[FORWARDER_FILE_MAX];
	int64_t updated_ms;
	uint64_t changed_ns;		/* BOOTTIME at which updated_ms was seen to change */
	bool bad_told;
	size_t health_n;
	struct point health[CONF_MAX_STORES];
	/* both, under the lock */
	pthread_mutex_t lock;
	struct json_object *fresh;	/* parsed, not yet taken over */
	bool running;
	/* main thread */
	struct json_object *taken;
};

struct forwarder *forwarder_new(const char *run_dir)
{
	struct forwarder *forwarder = calloc(1, sizeof(*forwarder));
	pthread_mutexattr_t inherit;

	if (!forwarder)
		return NULL;
	snprintf(forwarder->path, sizeof(forwarder->path), "%s/forward/forward.json", run_dir);
	/* main is SCHED_FIFO and must not wait for whoever preempts the spool thread */
	pthread_mutexattr_init(&inherit);
	pthread_mutexattr_setprotocol(&inherit, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&forwarder->lock, &inherit);
	pthread_mutexattr_destroy(&inherit);
	return forwarder;
}

void forwarder_free(struct forwarder *forwarder)
{
	if (!forwarder)
		return;
	pthread_mutex_destroy(&forwarder->lock);
	json_object_put(forwarder->fresh);
	json_object_put(forwarder->taken);
	free(forwarder);
}

static struct json_object *parse(const char *text, size_t length)
{
	struct json_tokener *tokener = json_tokener_new_ex(8);
	struct json_object *object, *stores;

	if (!tokener)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8 |
					JSON_TOKENER_ALLOW_TRAILING_CHARS);
	object = json_tokener_parse_ex(tokener, text, (int)length);
	json_tokener_free(tokener);
	if (json_object_is_type(object, json_type_object) &&
	    json_object_object_get_ex(object, "stores", &stores) &&
	    json_object_is_type(stores, json_type_array))
		return object;
	json_object_put(object);
	return NULL;
}

static int64_t get_integer(struct json_object *object, const char *key)
{
	return json_object_get_int64(json_object_object_get(object, key));
}

/* Fresh by BOOTTIME since the stamp was seen to change: the stamp itself is wall time. */
static bool judge_running(struct forwarder *forwarder, struct json_object *object)
{
	uint64_t now_ns = clock_boot_ns();
	int64_t updated_ms = get_integer(object, "updated_ms"), pid = get_integer(object, "pid");

	if (updated_ms != forwarder->updated_ms || !forwarder->changed_ns) {
		forwarder->updated_ms = updated_ms;
		forwarder->changed_ns = now_ns;
	}
	if (now_ns - forwarder->changed_ns > FORWARDER_SILENT_MS * NS_PER_MS)
		return false;
	return pid > 1 && pid <= INT32_MAX && (!kill((pid_t)pid, 0) || errno == EPERM);
}

static void add_dropped(struct point *point, struct json_object *dropped)
{
	int64_t sum = 0;

	if (json_object_is_type(dropped, json_type_object)) {
		json_object_object_foreach(dropped, cause, count) {
			(void)cause;
			sum += json_object_get_int64(count);
		}
	}
	point_field(point, "dropped", sum);
}

static void take_health(struct forwarder *forwarder, struct json_object *stores)
{
	static const char *const keys[] = { "produced", "delivered", "queued", "set_aside", "lag_ms" };
	size_t n = json_object_array_length(stores);

	forwarder->health_n = 0;
	for (size_t i = 0; i < n && forwarder->health_n < CONF_MAX_STORES; i++) {
		struct json_object *store = json_object_array_get_idx(stores, i), *name, *value;
		struct point *point = &forwarder->health[forwarder->health_n];

		name = json_object_is_type(store, json_type_object) ?
		       json_object_object_get(store, "name") : NULL;
		if (!json_object_is_type(name, json_type_string))
			continue;
		*point = point_new("hydropon_store");
		point_tag(point, "store", json_object_get_string(name));
		for (size_t k = 0; k < sizeof(keys) / sizeof(keys[0]); k++)
			if (json_object_is_type(value = json_object_object_get(store, keys[k]),
						json_type_int))
				point_field(point, keys[k], json_object_get_int64(value));
		add_dropped(point, json_object_object_get(store, "dropped"));
		value = json_object_object_get(store, "state");
		point_field(point, "ok", json_object_is_type(value, json_type_string) &&
			    !strcmp(json_object_get_string(value), "ok"));
		forwarder->health_n += point->tags_n;
	}
}

size_t forwarder_health(struct forwarder *forwarder, struct point *points, size_t max)
{
	size_t n = forwarder->health_n < max ? forwarder->health_n : max;

	memcpy(points, forwarder->health, n * sizeof(*points));
	return n;
}

void forwarder_read(struct forwarder *forwarder)
{
	ssize_t n = file_read(forwarder->path, forwarder->text, sizeof(forwarder->text));
	struct json_object *object = n > 0 ? parse(forwarder->text, (size_t)n) : NULL;
	bool running = object && judge_running(forwarder, object);

	if (!object && n != -ENOENT && !forwarder->bad_told)
		log_warning("%s cannot be used: %s; restart hydropon-forward", forwarder->path,
			    n < 0 ? strerrordesc_np((int)-n) :
				    "it is not what the forwarder writes");
	forwarder->bad_told = !object && n != -ENOENT;
	forwarder->health_n = 0;
	if (running)
		take_health(forwarder, json_object_object_get(object, "stores"));

	pthread_mutex_lock(&forwarder->lock);
	forwarder->running = running;
	if (object) {
		struct json_object *old = forwarder->fresh;

		forwarder->fresh = object;
		object = old;
	}
	pthread_mutex_unlock(&forwarder->lock);
	json_object_put(object);
}

struct json_object *forwarder_get(struct forwarder *forwarder, bool *running)
{
	struct json_object *fresh;

	pthread_mutex_lock(&forwarder->lock);
	fresh = forwarder->fresh;
	forwarder->fresh = NULL;
	*running = forwarder->running;
	pthread_mutex_unlock(&forwarder->lock);
	if (fresh) {
		json_object_put(forwarder->taken);
		forwarder->taken = fresh;
	}
	return forwarder->taken;
}
