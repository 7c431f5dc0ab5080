// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/show.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/field.h"
#include "ctl/show_output.h"

#define DAY_MS 86400000LL
#define EXPIRES_SOON_DAYS 21

/* A card that is busy with itself answers before this. */
#define STUCK_MS 3000

/* Whether the outputs are in the kernel's hands. */
static void find_protection_problems(struct problems *problems, struct json_object *status)
{
	if (!field_is_true(status, "protected")) {
		problem(problems, MARK_BAD, "outputs are NOT protected: %s: %s",
			field_text(status, "device"), field_text(status, "device_error"));
		return;
	}
	if (!field_is_true(status, "terminal") && !field_is_true(status, "armed"))
		problem(problems, MARK_BAD, "outputs stay safe: the kernel refuses to arm");
	find_gateway_problems(problems, status);
}

static void find_spool_problems(struct problems *problems, struct json_object *status)
{
	struct json_object *spool = field(status, "spool"), *stream = field(status, "stream");
	struct json_object *clock = field(spool, "clock");
	uint64_t queue = field_count(spool, "refused_queue"),
		 error = field_count(spool, "refused_error"), lost = field_count(stream, "lost");

	if (field_string(spool, "error"))
		problem(problems, MARK_BAD, "nothing is kept: the spool fails: %s",
			field_string(spool, "error"));
	if (field_string(spool, "block_error"))
		problem(problems, MARK_BAD, "the spool takes samples for some minutes only: no block "
			"can be written: %s", field_string(spool, "block_error"));
	if (clock && !field_is_true(clock, "set"))
		problem(problems, MARK_WARN, "the clock was not set since boot: samples are kept, "
			"and dated and sent once it is. See timedatectl; where there is no time "
			"server, hydropon.conf(5), [time]");
	if (field_count(spool, "stuck_ms") > STUCK_MS)
		problem(problems, MARK_BAD, "the spool is stuck for %" PRIu64 " s: the disk does "
			"not answer; samples wait in memory", field_count(spool, "stuck_ms") / 1000);
	if (queue || error)
		problem(problems, MARK_WARN, "lost before commit since the start: %" PRIu64
			" I/O error, %" PRIu64 " queue full", error, queue);
	if (field_count(spool, "refused_events"))
		problem(problems, MARK_WARN, "events lost before commit since the start: %" PRIu64,
			field_count(spool, "refused_events"));
	if (field_count(spool, "lost"))
		problem(problems, MARK_WARN, "the spool was damaged when it was opened: up to %"
			PRIu64 " samples are lost; check the disk (dmesg, fsck)",
			field_count(spool, "lost"));
	if (lost)
		problem(problems, MARK_WARN, "%" PRIu64 " records of the stream were lost, %" PRIu64
			" of them urgent", lost, field_count(stream, "lost_urgent"));
	if (field_count(status, "log_dropped"))
		problem(problems, MARK_WARN, "%" PRIu64 " messages of the log were dropped",
			field_count(status, "log_dropped"));
}

/* Before it expires a person should know. */
static void find_calibration_problem(struct problems *problems, struct json_object *channel)
{
	struct json_object *calibration = field(channel, "calibration");
	const char *name = field_text(channel, "name"), *who = field_string(calibration, "calibrating");

	if (who)
		problem(problems, MARK_WARN, "%s: %s calibrates it; what needs it stays in its safe state",
			name, who);
	else if (field_string(calibration, "read_error"))
		problem(problems, MARK_WARN, "%s: its calibration cannot be read: %s; see to its file and "
			"restart hydropond", name, field_string(calibration, "read_error"));
	else if (field_is_true(calibration, "damaged") || field_is_true(calibration, "expired"))
		problem(problems, MARK_WARN, "%s: its calibration %s; hydroponctl calibrate %s", name,
			field_is_true(calibration, "damaged") ? "cannot be read" : "has expired", name);
	else if (field_is_true(calibration, "due"))
		problem(problems, MARK_WARN, "%s: its calibration is due; hydroponctl calibrate %s", name,
			name);
}

static struct table *show_channels(struct problems *problems, struct json_object *status)
{
	static const char *const titles[] = { "CHANNEL", "VALUE", "UNIT", "QUALITY", "AGE" };
	struct table *table = table_new("lrllr", titles);

	for (size_t i = 0; table && i < field_length(status, "channels"); i++) {
		struct json_object *channel = field_element(status, "channels", i);
		uint64_t q = field_count(channel, "q"), decimals = field_count(channel, "decimals");
		const char *error = field_string(channel, "error");
		char quality[128], age[TIME_SIZE];

		snprintf(quality, sizeof(quality), error ? "%s: %s" : "%s",
			 field_text(channel, "quality"), error);
		time_text(channel, "age_ms", age);
		if (q)
			problem(problems, q < 100 ? MARK_WARN : MARK_BAD, "%s: %s%s%s",
				field_text(channel, "name"), quality,
				field(channel, "age_ms") ? ", last heard of before " :
							   ", never heard of",
				field(channel, "age_ms") ? age : "");
		find_calibration_problem(problems, channel);
		table_row(table, !q ? MARK_NONE : q < 100 ? MARK_WARN : MARK_BAD);
		table_cell(table, "%s", field_text(channel, "name"));
		if (field_is_number(channel, "value"))
			table_cell(table, "%.*f", decimals < 10 ? (int)decimals : 9,
				   json_object_get_double(field(channel, "value")));
		else
			table_cell(table, "-");
		table_cell(table, "%s", field_text(channel, "unit"));
		table_cell(table, "%s", quality);
		table_cell(table, "%s", age);
	}
	return table;
}

static const char *response_text(struct json_object *slave, char *text, size_t size)
{
	struct json_object *response = field(slave, "response_ms");

	if (!field_is_number(response, "last"))
		return "-";
	snprintf(text, size, "%.0f / %.0f / %.0f ms",
		 json_object_get_double(field(response, "last")),
		 json_object_get_double(field(response, "mean")),
		 json_object_get_double(field(response, "max")));
	return text;
}

static void show_slave(struct problems *problems, struct table *table, struct json_object *bus,
		       struct json_object *slave)
{
	const char *state = field_text(slave, "state"), *error = field_string(slave, "error");
	bool is_ok = !strcmp(state, "ok");
	char response[64], retry[TIME_SIZE];

	if (!strcmp(state, "not asked"))
		problem(problems, MARK_BAD, "%s %s on bus %s does not answer: %s; asked again in %s",
			field_string(slave, "kind") ? "board" : "slave",
			field_text(slave, "name"), field_text(bus, "name"), error ? error : "?",
			time_text(slave, "retry_ms", retry));
	table_row(table, is_ok ? MARK_NONE : MARK_WARN);
	table_cell(table, "%s", field_text(bus, "name"));
	table_cell(table, "%s", field_text(slave, "name"));
	table_cell(table, error ? "%s: %s" : "%s", state, error);
	table_cell(table, "%s", response_text(slave, response, sizeof(response)));
	table_cell(table, "%" PRIu64, field_count(slave, "requests"));
	table_cell(table, "%" PRIu64 " / %" PRIu64 " / %" PRIu64, field_count(slave, "silent"),
		   field_count(slave, "garbled"), field_count(slave, "exceptions"));
	table_cell(table, "%" PRIu64, field_count(slave, "missed"));
}

static struct table *show_buses(struct problems *problems, struct json_object *status)
{
	static const char *const titles[] = { "BUS", "DEVICE", "STATE", "RESPONSE LAST / MEAN / MAX",
					      "REQUESTS", "SILENT / GARBLED / REFUSED", "MISSED" };
	struct table *table = table_new("lllrrrr", titles);

	for (size_t i = 0; table && i < field_length(status, "buses"); i++) {
		struct json_object *bus = field_element(status, "buses", i);

		if (!field_is_true(bus, "open"))
			problem(problems, MARK_BAD, "bus %s: %s: %s", field_text(bus, "name"),
				field_text(bus, "device"), field_string(bus, "error") ?
				field_string(bus, "error") : "not open yet");
		if (field_count(bus, "refused"))
			problem(problems, MARK_WARN, "bus %s: %" PRIu64 " readings were lost, the "
				"machine is too busy", field_text(bus, "name"),
				field_count(bus, "refused"));
		for (size_t j = 0; j < field_length(bus, "slaves"); j++)
			show_slave(problems, table, bus, field_element(bus, "slaves", j));
	}
	return table;
}

/* "12 refused, 3 too old" and their sum. */
static uint64_t dropped_text(struct json_object *store, char *text, size_t size)
{
	struct json_object *dropped = field(store, "dropped");
	uint64_t sum = 0;
	size_t used = 0;

	*text = 0;
	if (!json_object_is_type(dropped, json_type_object))
		return 0;
	json_object_object_foreach(dropped, cause, count) {
		sum += json_object_get_uint64(count);
		if (json_object_get_uint64(count) && used < size)
			used += (size_t)snprintf(text + used, size - used, "%s%" PRIu64 " %s",
						 used ? ", " : "", json_object_get_uint64(count),
						 cause);
	}
	if (!sum)
		snprintf(text, size, "0");
	return sum;
}

static void find_store_problems(struct problems *problems, struct json_object *store, bool adds_up)
{
	const char *name = field_text(store, "name"), *state = field_text(store, "state"),
		   *error = field_string(store, "last_error");

	if (strcmp(state, "ok") || (error && *error))
		problem(problems, MARK_WARN, "store %s: %s%s%s", name, state,
			error && *error ? ": " : "", error ? error : "");
	if (!strcmp(field_text(store, "repeated"), "twice"))
		problem(problems, MARK_WARN, "store %s: it has a point that comes twice two times; run "
			"it with -dedup.minScrapeInterval=1ms", name);
	if (!adds_up)
		problem(problems, MARK_BAD, "store %s: its sum does not add up", name);
	if (field_is_number(store, "certificate_expires_ms")) {
		int64_t left_ms = json_object_get_int64(field(store, "certificate_expires_ms")) -
				  clock_wall_ms();

		if (left_ms < EXPIRES_SOON_DAYS * DAY_MS)
			problem(problems, MARK_WARN, "store %s: its certificate expires in %lld day%s",
				name, (long long)(left_ms / DAY_MS),
				left_ms / DAY_MS == 1 ? "" : "s");
	}
	if (field_count(store, "monthly_data_bytes") && !strcmp(state, "ok") &&
	    field_count(store, "month_bytes") >= field_count(store, "monthly_data_bytes") / 5 * 4)
		problem(problems, MARK_WARN, "store %s: most of its monthly-data is used, the rest is "
			"for what is new", name);
	if (field_count(store, "set_aside"))
		problem(problems, MARK_WARN,
			"store %s refused %" PRIu64 " lines, they are set aside", name,
			field_count(store, "set_aside"));
}

static struct table *show_stores(struct problems *problems, struct json_object *status)
{
	static const char *const titles[] = { "STORE", "STATE", "PRODUCED", "= DELIVERED",
					      "+ QUEUED", "+ SET ASIDE", "+ DROPPED", "LAG" };
	struct json_object *stores = field(status, "stores");
	struct table *table = table_new("llrrrrrr", titles);

	for (size_t i = 0; table && i < field_length(stores, "stores"); i++) {
		struct json_object *store = field_element(stores, "stores", i);
		uint64_t produced = field_count(store, "produced"), sum;
		char dropped[128], lag[TIME_SIZE];
		bool adds_up;

		sum = field_count(store, "delivered") + field_count(store, "queued") +
		      field_count(store, "set_aside") +
		      dropped_text(store, dropped, sizeof(dropped));
		adds_up = sum == produced;
		find_store_problems(problems, store, adds_up);
		table_row(table, !adds_up ? MARK_BAD :
				 strcmp(field_text(store, "state"), "ok") ? MARK_WARN : MARK_NONE);
		table_cell(table, "%s", field_text(store, "name"));
		table_cell(table, "%s", field_text(store, "state"));
		table_cell(table, "%" PRIu64 "%s", produced, adds_up ? "" : " (does not add up)");
		table_cell(table, "%" PRIu64, field_count(store, "delivered"));
		table_cell(table, "%" PRIu64, field_count(store, "queued"));
		table_cell(table, "%" PRIu64, field_count(store, "set_aside"));
		table_cell(table, "%s", dropped);
		table_cell(table, "%s", field_is_number(store, "lag_ms") ?
					time_text(store, "lag_ms", lag) : "-");
	}
	return table;
}

static void find_forwarder_problem(struct problems *problems, struct json_object *status)
{
	struct json_object *forwarder = field(status, "forwarder");

	if (field_count(forwarder, "configured") && !field_is_true(forwarder, "running"))
		problem(problems, MARK_WARN, "hydropon-forward is not running: nothing reaches the "
			"stores, everything is kept in the spool");
}

static void print_heading(FILE *out, struct json_object *status, bool colour)
{
	struct json_object *power = field(status, "power");
	const char *mains = !field_is_true(status, "protected") ? "mains not known" :
			    !field_is_true(power, "present") ? "no power-good line" :
			    !field_is_true(power, "good") ? "mains LOST" :
			    field_is_true(power, "shedding") ? "mains unstable" : "mains good";
	char time[TIME_SIZE];

	mark_print(out, colour, MARK_NONE, "%s at %s, hydropond %s up for %s, %s, %s",
		   field_text(status, "gateway"), field_text(status, "site"),
		   field_text(status, "version"),
		   duration_text(field_count(status, "uptime_s") * 1000, time, sizeof(time)),
		   mains, !field_is_true(status, "protected") ? "outputs NOT protected" :
		   field_is_true(status, "terminal") ? "outputs stay safe" :
		   field_is_true(status, "armed") ? "outputs protected" : "outputs not armed");
}

static void print_spool(FILE *out, struct json_object *status, bool colour)
{
	struct json_object *spool = field(status, "spool");
	char bytes[32], max[32];

	bytes_text(field_count(spool, "bytes"), bytes, sizeof(bytes));
	bytes_text(field_count(spool, "max_bytes"), max, sizeof(max));
	mark_print(out, colour, MARK_NONE, "spool: %" PRIu64 " samples committed, %" PRIu64
		   " waiting, %s of %s, commit %.1f ms (longest %.1f ms)",
		   field_count(spool, "produced"), field_count(spool, "pending"), bytes, max,
		   (double)field_count(spool, "commit_last_us") / 1000,
		   (double)field_count(spool, "commit_max_us") / 1000);
}

static void print_data(FILE *out, struct json_object *status, bool colour)
{
	struct json_object *stores = field(status, "stores");

	for (size_t i = 0; i < field_length(stores, "stores"); i++) {
		struct json_object *store = field_element(stores, "stores", i);
		char used[32], all[32];

		if (!field_count(store, "monthly_data_bytes"))
			continue;
		bytes_text(field_count(store, "month_bytes"), used, sizeof(used));
		bytes_text(field_count(store, "monthly_data_bytes"), all, sizeof(all));
		mark_print(out, colour, MARK_NONE, "store %s: %s of %s sent this month",
			   field_text(store, "name"), used, all);
	}
}

/* Frees the table. */
static void print_table(FILE *out, struct table *table, bool colour)
{
	if (table && table->rows > 1) {
		fputc('\n', out);
		table_print(table, out, colour);
	}
	free(table);
}

void show_kernel(FILE *out, struct json_object *document, bool colour)
{
	struct problems problems = { .out = out, .colour = colour };
	struct table *outputs;

	find_gateway_problems(&problems, document);
	for (size_t i = 0; i < field_length(document, "channels"); i++) {
		struct json_object *channel = field_element(document, "channels", i);

		if (!field_is_true(channel, "present"))
			problem(&problems, MARK_BAD, "channel %s: its device is gone",
				field_text(channel, "name"));
	}
	outputs = show_outputs(&problems, document, true);
	print_table(out, outputs, colour);
}

void show_status(FILE *out, struct json_object *status, bool colour)
{
	char *text = NULL;
	size_t size;
	struct problems problems = { .out = open_memstream(&text, &size), .colour = colour };
	struct table *outputs, *channels, *buses, *stores;

	if (!problems.out)
		return;
	find_protection_problems(&problems, status);
	outputs = show_outputs(&problems, status, field_is_true(status, "protected"));
	channels = show_channels(&problems, status);
	buses = show_buses(&problems, status);
	find_spool_problems(&problems, status);
	find_forwarder_problem(&problems, status);
	stores = show_stores(&problems, status);
	fclose(problems.out);

	print_heading(out, status, colour);
	if (problems.count)
		fprintf(out, "\n%s", text);
	free(text);
	print_table(out, outputs, colour);
	print_table(out, channels, colour);
	print_table(out, buses, colour);
	fputc('\n', out);
	print_spool(out, status, colour);
	print_table(out, stores, colour);
	print_data(out, status, colour);
}
