// SPDX-License-Identifier: GPL-2.0-only
/* A dosing pump runs for a while into a measuring cylinder. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include <json-c/json.h>

#include "base/clock.h"
#include "base/field.h"
#include "ctl/guide.h"

#define RUN_MS 30000
#define RUN_LEAST_MS 6000
#define SLACK_MS 1000		/* between its end and what the kernel would end it by */
#define STILL_MS 3000		/* then it has ended */

/* The output of the status, borrowed; NULL: there is none. */
static struct json_object *find_output(const struct guide *guide, struct json_object *status)
{
	for (size_t i = 0; i < field_length(status, "outputs"); i++) {
		struct json_object *output = field_element(status, "outputs", i);

		if (!strcmp(field_text(output, "name"), guide->output))
			return output;
	}
	return NULL;
}

/* So long as its limits leave it: running into its budget would latch it. */
static uint64_t longest_run_ms(struct json_object *output)
{
	static const char *const limits[] = { "max_on_ms", "budget_left_ms" };
	uint64_t run_ms = RUN_MS;

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		uint64_t limit_ms = field_count(output, limits[i]);

		if (!field_is_number(output, limits[i]))
			continue;
		limit_ms = limit_ms > SLACK_MS ? limit_ms - SLACK_MS : 0;
		run_ms = run_ms < limit_ms ? run_ms : limit_ms;
	}
	return run_ms;
}

/* For how long it may run; 0, and told: not at all. */
static uint64_t may_run_ms(struct guide *guide)
{
	struct json_object *status, *output;
	uint64_t run_ms = 0;
	int code = guide->world->status(guide->world->data, &status);

	if (code) {
		guide->code = code;
		return 0;
	}
	output = find_output(guide, status);
	if (!field_is_true(output, "present"))
		give_up(guide, "%s has no device now", guide->output);
	else if (field_is_true(output, "safe_on") || field_is_true(output, "want_on") ||
		 field_is_true(output, "on") || field(output, "override"))
		give_up(guide, "%s is on, is to be on, or has an override: it must be off, so that it "
			"runs for a known time; see \"hydroponctl status\"", guide->output);
	else if (longest_run_ms(output) < RUN_LEAST_MS)
		give_up(guide, "%s may not run for %d s now, by its limits; wait, or measure it by "
			"hand", guide->output, RUN_LEAST_MS / 1000);
	else
		run_ms = longest_run_ms(output);
	json_object_put(status);
	return run_ms;
}

static bool start_pump(struct guide *guide, uint64_t run_ms)
{
	struct json_object *request = json_object_new_object(), *answer;

	json_object_object_add(request, "cmd", json_object_new_string("set"));
	json_object_object_add(request, "output", json_object_new_string(guide->output));
	json_object_object_add(request, "on", json_object_new_boolean(true));
	json_object_object_add(request, "for_ms", json_object_new_uint64(run_ms));
	/* An answer that was lost may be to a command that was not. */
	guide->is_running = true;
	answer = guide_ask(guide, request);
	json_object_put(answer);
	return answer != NULL;
}

void guide_stop_pump(struct guide *guide)
{
	struct json_object *request, *answer = NULL;

	if (!guide->is_running)
		return;
	guide->is_running = false;
	request = json_object_new_object();
	json_object_object_add(request, "cmd", json_object_new_string("release"));
	json_object_object_add(request, "output", json_object_new_string(guide->output));
	if (!guide->world->ask(guide->world->data, request, &answer))
		json_object_put(answer);
}

/* Until it has stood still for a while after it was started. */
static double await_end(struct guide *guide, double first, uint64_t run_ms)
{
	uint64_t from_ns = guide->world->now_ns(guide->world->data), still_ns = from_ns;
	double seconds = 0;

	for (;;) {
		double reading = guide_reading(guide);
		uint64_t now_ns = guide->world->now_ns(guide->world->data);

		if (!isnan(reading) && reading - first != seconds)
			still_ns = now_ns;
		seconds = isnan(reading) ? seconds : reading - first;
		if (!guide_goes_on(guide) || now_ns - still_ns >= STILL_MS * NS_PER_MS)
			return seconds;
		if (now_ns - from_ns > (run_ms + 2 * STILL_MS) * NS_PER_MS)
			give_up(guide, "%s does not end; it is let go", guide->output);
		else
			guide->is_interrupted = guide->world->wait(guide->world->data,
								   CALIBRATE_LOOK_MS);
	}
}

void guide_take_dose(struct guide *guide)
{
	char question[128], text[16];
	double first, seconds;
	uint64_t run_ms;

	snprintf(question, sizeof(question), "Fill the hose, put its end into a measuring cylinder, "
		 "and press Enter; %s then runs:", guide->output);
	if (!guide->options->is_confirmed && !guide_prompt(guide, question, text, sizeof(text)))
		return;
	guide->is_away = true;
	run_ms = may_run_ms(guide);
	first = run_ms ? guide_reading(guide) : NAN;
	if (isnan(first)) {
		give_up(guide, "it is not known for how long %s is on", guide->output);
		return;
	}
	guide_tell(guide, MARK_NONE, "%s runs for %.0f s", guide->output, (double)run_ms / 1000);
	if (!start_pump(guide, run_ms))
		return;
	seconds = await_end(guide, first, run_ms);
	guide_stop_pump(guide);
	if (!guide_goes_on(guide))
		return;
	if (seconds <= 0) {
		give_up(guide, "%s did not run; \"hydroponctl status\" says what holds it",
			guide->output);
		return;
	}
	guide_tell(guide, MARK_NONE, "%s was on for %.2f s", guide->output, seconds);
	guide->points[0] = (struct guide_point){ .label = NAN, .reading = seconds,
						.celsius = NAN, .spread = NAN };
	guide_take_reference(guide, "How many ml was that?");
}
