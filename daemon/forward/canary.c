// SPDX-License-Identifier: GPL-2.0-only
#include "forward/canary.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/clock.h"
#include "base/log.h"
#include "forward/endpoint.h"
#include "forward/line_protocol.h"
#include "forward/post.h"

/* VictoriaMetrics shows a point after a second or two; two looks must agree. */
#define LOOK_NS (5 * NS_PER_SEC)
#define LOOKS_MAX 6
#define AGAIN_NS (24 * 3600 * NS_PER_SEC)
#define AFTER_FAILURE_NS (3600 * NS_PER_SEC)

enum step { STEP_WRITE, STEP_WRITE_AGAIN, STEP_LOOK };

struct canary {
	const struct conf *conf;
	const struct conf_store *store;
	struct gzip *gzip;
	struct post *post;
	struct gzip_output body;
	enum step step;
	bool is_busy;
	uint64_t next_ns;
	int64_t stamp_ms;
	unsigned int looks;
	int seen;			/* in the last look: so many */
	enum repeated repeated;
	uint64_t bytes;
};

static void on_finished(void *owner, CURLcode code, uint64_t now_ns);

struct canary *canary_new(CURLM *multi, struct gzip *gzip, const struct conf *conf,
			  const struct conf_store *store, const char *url)
{
	struct canary *canary = calloc(1, sizeof(*canary));

	if (!canary)
		return NULL;
	canary->conf = conf;
	canary->store = store;
	canary->gzip = gzip;
	if (store->kind != STORE_VICTORIAMETRICS) {
		canary->repeated = store->kind == STORE_LINE_PROTOCOL ? REPEATED_UNKNOWN :
									REPEATED_ONCE;
		return canary;
	}
	canary->post = post_new(multi, store, url, on_finished, canary);
	if (canary->post)
		return canary;
	free(canary);
	return NULL;
}

void canary_free(struct canary *canary)
{
	if (!canary)
		return;
	post_free(canary->post);
	free(canary->body.bytes);
	free(canary);
}

static void begin_again(struct canary *canary, uint64_t at_ns)
{
	canary->step = STEP_WRITE;
	canary->next_ns = at_ns;
	canary->looks = 0;
	canary->seen = 0;
}

static int pack(struct canary *canary)
{
	static struct spool_schema schema;
	char line[LINE_MAX_BYTES];
	struct point point = point_new("hydropon_canary");
	int error;

	snprintf(schema.gateway, sizeof(schema.gateway), "%s", canary->conf->gateway);
	snprintf(schema.site, sizeof(schema.site), "%s", canary->conf->site);
	point.wall_ms = canary->stamp_ms;
	point.clk = 0;
	point_field(&point, "value", 1);
	gzip_begin(canary->gzip, &canary->body);
	error = gzip_put(canary->gzip, line, point_line_put(line, &schema, &point));
	return error ? error : gzip_end(canary->gzip);
}

static int start_write(struct canary *canary)
{
	int error;

	if (canary->step == STEP_WRITE)
		canary->stamp_ms = clock_wall_ms();
	error = pack(canary);
	return error ? error : post_start(canary->post, canary->body.bytes, canary->body.size);
}

/* Its series is told from others by the gateway, as far as a query needs to. */
static int start_look(struct canary *canary)
{
	char url[ENDPOINT_URL_MAX];

	endpoint_export_url(canary->store, "hydropon_canary_value", canary->conf->gateway,
			    canary->stamp_ms, url);
	return post_ask(canary->post, url);
}

void canary_turn(struct canary *canary, uint64_t now_ns)
{
	int error;

	if (!canary->post || canary->is_busy || now_ns < canary->next_ns ||
	    !clock_is_plausible(clock_wall_ms()))
		return;
	if (post_authorize(canary->post)) {
		begin_again(canary, now_ns + AFTER_FAILURE_NS);
		return;
	}
	error = canary->step == STEP_LOOK ? start_look(canary) : start_write(canary);
	if (error)
		begin_again(canary, now_ns + AFTER_FAILURE_NS);
	canary->is_busy = !error;
}

static void conclude(struct canary *canary, enum repeated repeated, uint64_t now_ns)
{
	if (repeated == REPEATED_TWICE && canary->repeated != REPEATED_TWICE)
		log_warning("store %s: it has a point that comes twice two times, so that sums and "
			    "counts are too great after a cut connection or a power cut; run "
			    "VictoriaMetrics with -dedup.minScrapeInterval=1ms", canary->store->name);
	else if (repeated == REPEATED_ONCE && canary->repeated == REPEATED_TWICE)
		log_notice("store %s: it has a point that comes twice once now", canary->store->name);
	canary->repeated = repeated;
	begin_again(canary, now_ns + AGAIN_NS);
}

static void take_look(struct canary *canary, uint64_t now_ns)
{
	int seen = canary_count(post_body(canary->post), canary->stamp_ms);

	canary->looks++;
	canary->next_ns = now_ns + LOOK_NS;
	if (seen > 0 && seen == canary->seen)
		conclude(canary, seen == 1 ? REPEATED_ONCE : REPEATED_TWICE, now_ns);
	else if (seen < 0 || canary->looks == LOOKS_MAX)
		begin_again(canary, now_ns + AFTER_FAILURE_NS);
	else
		canary->seen = seen;
}

static void on_finished(void *owner, CURLcode code, uint64_t now_ns)
{
	struct canary *canary = owner;
	struct answer answer;

	post_finish(canary->post, code, &answer);
	canary->is_busy = false;
	canary->bytes += post_bytes(canary->post);
	if (answer.code != CURLE_OK || answer.status != (canary->step == STEP_LOOK ? 200 : 204)) {
		begin_again(canary, now_ns + AFTER_FAILURE_NS);
	} else if (canary->step == STEP_LOOK) {
		take_look(canary, now_ns);
	} else {
		canary->step = canary->step == STEP_WRITE ? STEP_WRITE_AGAIN : STEP_LOOK;
		canary->next_ns = now_ns + (canary->step == STEP_LOOK ? LOOK_NS : 0);
	}
}

enum repeated canary_repeated(const struct canary *canary)
{
	return canary->repeated;
}

uint64_t canary_take_bytes(struct canary *canary)
{
	uint64_t bytes = canary->bytes;

	canary->bytes = 0;
	return bytes;
}

/* One JSON object a line, of a series each: only that with one line is ours. An empty answer has none. */
int canary_count(const char *text, int64_t stamp_ms)
{
	struct json_object *series, *stamps = NULL;
	int count = 0;

	if (!text[strspn(text, " ")])
		return 0;
	series = json_tokener_parse(text);
	if (!json_object_is_type(series, json_type_object) ||
	    !json_object_object_get_ex(series, "timestamps", &stamps) ||
	    !json_object_is_type(stamps, json_type_array)) {
		json_object_put(series);
		return -1;
	}
	for (size_t i = 0; i < json_object_array_length(stamps); i++)
		count += json_object_get_int64(json_object_array_get_idx(stamps, i)) == stamp_ms;
	json_object_put(series);
	return count;
}
