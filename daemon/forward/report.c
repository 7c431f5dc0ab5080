// SPDX-License-Identifier: GPL-2.0-only
#include "forward/report.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <json-c/json.h>

#include "base/file.h"

const char *store_state_name(enum store_state state)
{
	static const char *const names[] = {
		[STORE_OK] = "ok",
		[STORE_BACKOFF] = "backoff",
		[STORE_WAITING] = "waiting",
	};

	return names[state];
}

/* NULL: not known */
static const char *repeated_name(enum repeated repeated)
{
	return repeated == REPEATED_ONCE ? "once" : repeated == REPEATED_TWICE ? "twice" : NULL;
}

static void add(struct json_object *object, const char *key, struct json_object *value)
{
	json_object_object_add(object, key, value);
}

static void add_count(struct json_object *object, const char *key, uint64_t value)
{
	add(object, key, json_object_new_uint64(value));
}

static void add_text(struct json_object *object, const char *key, const char *text)
{
	add(object, key, text ? json_object_new_string(text) : NULL);
}

/* A JSON null where the value is not known. */
static void add_ms(struct json_object *object, const char *key, int64_t ms, bool is_known)
{
	add(object, key, is_known ? json_object_new_int64(ms) : NULL);
}

static struct json_object *dropped_object(const struct cursor *cursor)
{
	struct json_object *dropped = json_object_new_object();

	if (cursor->dropped_full)
		add_count(dropped, "spool full", cursor->dropped_full);
	if (cursor->dropped_corrupt)
		add_count(dropped, "spool corrupt", cursor->dropped_corrupt);
	if (cursor->dropped_replaced)
		add_count(dropped, "spool replaced", cursor->dropped_replaced);
	if (cursor->dropped_undated)
		add_count(dropped, "no date", cursor->dropped_undated);
	if (cursor->dropped_beyond)
		add_count(dropped, "beyond retention", cursor->dropped_beyond);
	return dropped;
}

static struct json_object *store_object(const struct store_report *report)
{
	const struct cursor *cursor = &report->cursor;
	struct json_object *store = json_object_new_object();

	add_text(store, "name", report->name);
	add_text(store, "url", report->url);
	add_text(store, "state", store_state_name(report->state));
	add_text(store, "last_error", report->error);
	add_count(store, "produced", cursor_produced(cursor));
	add_count(store, "delivered", cursor->delivered);
	add_count(store, "queued", cursor_queued(cursor));
	add_count(store, "set_aside", cursor->set_aside);
	add(store, "dropped", dropped_object(cursor));
	add_count(store, "not_finite", report->not_finite);
	add_ms(store, "lag_ms", report->lag_ms, report->lag_ms >= 0);
	add_ms(store, "last_ok_ms", report->last_ok_ms, report->last_ok_ms > 0);
	add_ms(store, "certificate_expires_ms", report->expires_ms, report->expires_ms > 0);
	add_text(store, "repeated", repeated_name(report->repeated));
	add_count(store, "month_bytes", cursor->allowance.bytes);
	add(store, "monthly_data_bytes", report->monthly_bytes ?
	    json_object_new_uint64(report->monthly_bytes) : NULL);
	return store;
}

int report_write(const char *run_dir, int64_t wall_ms, const struct store_report *stores, size_t n)
{
	struct json_object *root = json_object_new_object(), *list = json_object_new_array();
	char path[CONF_PATH_MAX + 32];
	const char *text;
	size_t length;
	int error = -ENOMEM;

	/* There already, where the run directory is not ours to write. */
	snprintf(path, sizeof(path), "%s/forward", run_dir);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/forward/forward.json", run_dir);
	add(root, "pid", json_object_new_int64(getpid()));
	add(root, "updated_ms", json_object_new_int64(wall_ms));
	add(root, "stores", list);
	for (size_t i = 0; i < n; i++)
		json_object_array_add(list, store_object(&stores[i]));
	text = json_object_to_json_string_length(root, JSON_C_TO_STRING_PLAIN, &length);
	if (text)
		error = file_replace(path, text, length);
	json_object_put(root);
	return error;
}
