// SPDX-License-Identifier: GPL-2.0-only
#include "control/metrics.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum type { GAUGE, COUNTER };

/* A number or truth value of the status document. */
struct metric {
	const char *name;
	enum type type;
	const char *help;
	const char *part;	/* the object that has it, NULL: the document itself */
	const char *key;
	double scale;		/* 0: as it is */
};

static const struct metric metrics[] = {
	{ "hydropon_uptime_seconds", GAUGE, "Since hydropond was started.", NULL, "uptime_s", 0 },
	{ "hydropon_protected", GAUGE, "1: the kernel guards the outputs for hydropond.", NULL,
	  "protected", 0 },
	{ "hydropon_armed", GAUGE, "1: the kernel takes leases.", NULL, "armed", 0 },
	{ "hydropon_master_closed", GAUGE, "0: a weld has opened the master contactor.", NULL,
	  "master_closed", 0 },
	{ "hydropon_power_good", GAUGE, "Mains power.", "power", "good", 0 },
	{ "hydropon_power_shedding", GAUGE, "1: outputs are forced off for want of power.", "power",
	  "shedding", 0 },
	{ "hydropon_clock_set", GAUGE, "0: samples wait for the clock to be set.", "spool.clock",
	  "set", 0 },
	{ "hydropon_clock_number", GAUGE, "The tag clk of new samples.", "spool.clock", "clk", 0 },
	{ "hydropon_boot", GAUGE, "Number of the boot.", "spool.clock", "boot", 0 },
	{ "hydropon_clock_steps", COUNTER, "Times that the wall clock was set.", NULL,
	  "clock_steps", 0 },
	{ "hydropon_log_dropped", COUNTER, "Messages that the log did not take.", NULL,
	  "log_dropped", 0 },
	{ "hydropon_stream_records", COUNTER, "Read from the kernel.", "stream", "records", 0 },
	{ "hydropon_stream_lost", COUNTER, "Records that the kernel had no room for.", "stream",
	  "lost", 0 },
	{ "hydropon_stream_missed_ticks", COUNTER, "Readings that samplers left out.", "stream",
	  "missed", 0 },
	{ "hydropon_spool_samples", COUNTER, "Committed, over the life of the spool.", "spool",
	  "produced", 0 },
	{ "hydropon_spool_pending", GAUGE, "Samples in memory, to be committed.", "spool",
	  "pending", 0 },
	{ "hydropon_spool_refused_events", COUNTER, "Events that there was no room for.", "spool",
	  "refused_events", 0 },
	{ "hydropon_spool_lost", GAUGE, "Records that an opening did not find any more.", "spool",
	  "lost", 0 },
	{ "hydropon_spool_bytes", GAUGE, "On disk.", "spool", "bytes", 0 },
	{ "hydropon_spool_max_bytes", GAUGE, "The bound of that.", "spool", "max_bytes", 0 },
	{ "hydropon_spool_commits", COUNTER, "Made durable at once.", "spool", "commits", 0 },
	{ "hydropon_spool_blocks", COUNTER, "Of some commits each.", "spool", "blocks", 0 },
	{ "hydropon_spool_commit_last_seconds", GAUGE, "The newest commit took so long.", "spool",
	  "commit_last_us", 1e-6 },
	{ "hydropon_spool_commit_max_seconds", GAUGE, "The longest commit.", "spool",
	  "commit_max_us", 1e-6 },
	{ "hydropon_spool_stuck_seconds", GAUGE, "Nothing could be committed for so long.",
	  "spool", "stuck_ms", 1e-3 },
	{ "hydropon_forwarder_running", GAUGE, "1: hydropon-forward reports.", "forwarder",
	  "running", 0 },
};

/* A number or truth value of each element of an array. */
struct metrics_of {
	const char *array;	/* path of it */
	const char *label;	/* filled with the element's name */
	const struct metric *list;
	size_t n;
};

static const struct metric of_channel[] = {
	{ "hydropon_channel_value", GAUGE, "The newest reading, if it is not bad.", NULL, "value", 0 },
	{ "hydropon_channel_quality", GAUGE, "0 good, below 100 uncertain, above bad.", NULL, "q", 0 },
	{ "hydropon_channel_age_seconds", GAUGE, "Since the newest record.", NULL, "age_ms", 1e-3 },
	{ "hydropon_channel_samples", COUNTER, "Taken.", NULL, "samples", 0 },
	{ "hydropon_channel_bad_samples", COUNTER, "Without a value.", NULL, "bad", 0 },
};

static const struct metric of_output[] = {
	{ "hydropon_output_on", GAUGE, "As the kernel has decided.", NULL, "on", 0 },
	{ "hydropon_output_safe_on", GAUGE, "Its safe state.", NULL, "safe_on", 0 },
	{ "hydropon_output_want_on", GAUGE, "What is wanted.", NULL, "want_on", 0 },
	{ "hydropon_output_held", GAUGE, "1: something stronger than what is wanted decides.", NULL,
	  "held", 0 },
	{ "hydropon_output_refused", COUNTER, "Orders that the kernel has refused.", NULL,
	  "refused", 0 },
};

static const struct metric of_store[] = {
	{ "hydropon_store_produced", COUNTER, "Samples for this store.", NULL, "produced", 0 },
	{ "hydropon_store_delivered", COUNTER, "Samples that it has stored.", NULL, "delivered", 0 },
	{ "hydropon_store_queued", GAUGE, "Samples that wait for it.", NULL, "queued", 0 },
	{ "hydropon_store_set_aside", COUNTER, "Samples that it refuses.", NULL, "set_aside", 0 },
	{ "hydropon_store_lag_seconds", GAUGE, "Age of the oldest that waits.", NULL, "lag_ms", 1e-3 },
	{ "hydropon_store_certificate_expires_timestamp_seconds", GAUGE,
	  "When the certificate that it has shown expires.", NULL, "certificate_expires_ms", 1e-3 },
	{ "hydropon_store_month_bytes", GAUGE, "What its line has carried this month.", NULL,
	  "month_bytes", 0 },
	{ "hydropon_store_monthly_data_bytes", GAUGE, "What that may carry in a month.", NULL,
	  "monthly_data_bytes", 0 },
	{ "hydropon_store_last_ok_timestamp_seconds", GAUGE, "When it took something last.", NULL,
	  "last_ok_ms", 1e-3 },
};

static const struct metrics_of arrays[] = {
	{ "channels", "channel", of_channel, COUNT(of_channel) },
	{ "outputs", "output", of_output, COUNT(of_output) },
	{ "stores.stores", "store", of_store, COUNT(of_store) },
};

/* @path: keys with dots between, NULL or "": @object itself. NULL if there is nothing. */
static struct json_object *find(struct json_object *object, const char *path)
{
	char keys[64], *rest = keys, *key;

	snprintf(keys, sizeof(keys), "%s", path ? path : "");
	while (*keys && (key = strsep(&rest, "."))) {
		struct json_object *value = NULL;

		if (json_object_is_type(object, json_type_object))
			json_object_object_get_ex(object, key, &value);
		object = value;
	}
	return object;
}

static bool is_number(struct json_object *value)
{
	enum json_type type = json_object_get_type(value);

	return type == json_type_int || type == json_type_double || type == json_type_boolean;
}

static void put_family(FILE *out, const char *name, enum type type, const char *help)
{
	static const char *const units[] = { "seconds", "bytes" };
	size_t length = strlen(name);

	fprintf(out, "# TYPE %s %s\n", name, type == COUNTER ? "counter" : "gauge");
	for (size_t i = 0; i < COUNT(units); i++) {
		size_t n = strlen(units[i]);

		if (length > n && name[length - n - 1] == '_' && !strcmp(name + length - n, units[i]))
			fprintf(out, "# UNIT %s %s\n", name, units[i]);
	}
	fprintf(out, "# HELP %s %s\n", name, help);
}

static void put_label(FILE *out, const char *label, const char *value)
{
	fprintf(out, "%s=\"", label);
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			fputc('\\', out);
		if (*value == '\n')
			fputs("\\n", out);
		else
			fputc(*value, out);
	}
	fputc('"', out);
}

static void put_number(FILE *out, struct json_object *value, double scale)
{
	if (json_object_is_type(value, json_type_boolean))
		fprintf(out, " %d\n", json_object_get_boolean(value) != 0);
	else if (json_object_is_type(value, json_type_int) && !scale)
		fprintf(out, " %" PRIu64 "\n", json_object_get_uint64(value));
	else
		fprintf(out, " %.9g\n", json_object_get_double(value) * (scale ? scale : 1));
}

static const char *text_of(struct json_object *object, const char *key)
{
	struct json_object *value = find(object, key);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

static const char *suffix(enum type type)
{
	return type == COUNTER ? "_total" : "";
}

static void put_metric(FILE *out, struct json_object *status, const struct metric *metric)
{
	struct json_object *value = find(find(status, metric->part), metric->key);

	if (!is_number(value))
		return;
	put_family(out, metric->name, metric->type, metric->help);
	fprintf(out, "%s%s", metric->name, suffix(metric->type));
	put_number(out, value, metric->scale);
}

static void put_of_each(FILE *out, struct json_object *status, const struct metrics_of *of,
			const struct metric *metric)
{
	struct json_object *array = find(status, of->array);
	size_t n = json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
	bool is_begun = false;

	for (size_t i = 0; i < n; i++) {
		struct json_object *element = json_object_array_get_idx(array, i);
		struct json_object *value = find(element, metric->key);

		if (!is_number(value))
			continue;
		if (!is_begun)
			put_family(out, metric->name, metric->type, metric->help);
		is_begun = true;
		fprintf(out, "%s%s{", metric->name, suffix(metric->type));
		put_label(out, of->label, text_of(element, "name"));
		if (!strcmp(metric->name, "hydropon_channel_value")) {
			fputc(',', out);
			put_label(out, "unit", text_of(element, "unit"));
		}
		fputc('}', out);
		put_number(out, value, metric->scale);
	}
}

static void put_build(FILE *out, struct json_object *status)
{
	fputs("# TYPE hydropon_build info\n# HELP hydropon_build What runs where.\n"
	      "hydropon_build_info{", out);
	put_label(out, "gateway", text_of(status, "gateway"));
	fputc(',', out);
	put_label(out, "site", text_of(status, "site"));
	fputc(',', out);
	put_label(out, "version", text_of(status, "version"));
	fputs("} 1\n", out);
}

static void put_refused(FILE *out, struct json_object *status)
{
	static const struct { const char *key, *cause; } causes[] = {
		{ "refused_queue", "queue full" }, { "refused_error", "error" },
	};

	put_family(out, "hydropon_spool_refused", COUNTER, "Samples lost before they were committed.");
	for (size_t i = 0; i < COUNT(causes); i++) {
		struct json_object *value = find(find(status, "spool"), causes[i].key);

		if (is_number(value)) {
			fputs("hydropon_spool_refused_total{", out);
			put_label(out, "cause", causes[i].cause);
			fputc('}', out);
			put_number(out, value, 0);
		}
	}
}

/* 1 where there is an error's text. */
static void put_failing(FILE *out, struct json_object *status)
{
	static const struct { const char *key, *what; } parts[] = {
		{ "error", "commit" }, { "block_error", "block" },
	};

	put_family(out, "hydropon_spool_failing", GAUGE, "1: the newest one has failed.");
	for (size_t i = 0; i < COUNT(parts); i++) {
		fputs("hydropon_spool_failing{", out);
		put_label(out, "what", parts[i].what);
		fprintf(out, "} %d\n", *text_of(find(status, "spool"), parts[i].key) != 0);
	}
}

static void put_of_store(FILE *out, struct json_object *store, const char *name)
{
	fprintf(out, "%s{", name);
	put_label(out, "store", text_of(store, "name"));
}

/* produced less all that became of them: 0, or something is not counted. */
static int64_t difference(struct json_object *store)
{
	struct json_object *dropped = find(store, "dropped");
	int64_t sum = json_object_get_int64(find(store, "produced")) -
		      json_object_get_int64(find(store, "delivered")) -
		      json_object_get_int64(find(store, "queued")) -
		      json_object_get_int64(find(store, "set_aside"));

	if (!json_object_is_type(dropped, json_type_object))
		return sum;
	json_object_object_foreach(dropped, cause, count) {
		(void)cause;
		sum -= json_object_get_int64(count);
	}
	return sum;
}

static void put_stores(FILE *out, struct json_object *status)
{
	struct json_object *stores = find(status, "stores.stores");
	size_t n = json_object_is_type(stores, json_type_array) ? json_object_array_length(stores) : 0;

	if (!n)
		return;
	put_family(out, "hydropon_store_ok", GAUGE, "0: it is waited for.");
	for (size_t i = 0; i < n; i++) {
		struct json_object *store = json_object_array_get_idx(stores, i);

		put_of_store(out, store, "hydropon_store_ok");
		fprintf(out, "} %d\n", !strcmp(text_of(store, "state"), "ok"));
	}
	put_family(out, "hydropon_store_uncounted", GAUGE, "Produced, and nowhere: 0, or it is a fault.");
	for (size_t i = 0; i < n; i++) {
		struct json_object *store = json_object_array_get_idx(stores, i);

		put_of_store(out, store, "hydropon_store_uncounted");
		fprintf(out, "} %" PRId64 "\n", difference(store));
	}
	put_family(out, "hydropon_store_dropped", COUNTER, "Samples that it will never have.");
	for (size_t i = 0; i < n; i++) {
		struct json_object *store = json_object_array_get_idx(stores, i);
		struct json_object *dropped = find(store, "dropped");

		if (!json_object_is_type(dropped, json_type_object))
			continue;
		json_object_object_foreach(dropped, cause, count) {
			if (!is_number(count))
				continue;
			put_of_store(out, store, "hydropon_store_dropped_total");
			fputc(',', out);
			put_label(out, "cause", cause);
			fputc('}', out);
			put_number(out, count, 0);
		}
	}
}

char *metrics_text(struct json_object *status)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	put_build(out, status);
	for (size_t i = 0; i < COUNT(metrics); i++)
		put_metric(out, status, &metrics[i]);
	put_refused(out, status);
	put_failing(out, status);
	for (size_t i = 0; i < COUNT(arrays); i++)
		for (size_t j = 0; j < arrays[i].n; j++)
			put_of_each(out, status, &arrays[i], &arrays[i].list[j]);
	put_stores(out, status);
	fputs("# EOF\n", out);
	if (!fclose(out))
		return text;
	free(text);
	return NULL;
}
