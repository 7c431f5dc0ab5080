// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/proof.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "base/words.h"
#include "ctl/fail.h"
#include "base/field.h"
#include "ctl/table.h"
#include "protect/cause.h"

#define POLL_MS 10
#define AWAY_SLACK_MS (PROOF_MOVE_MS + 1000)	/* of the override beside --for */
#define AT_REST_MS 10000	/* an override to the safe state, so that nothing else moves it */

struct test {
	const struct proof_world *world;
	const char *output;
	uint64_t for_ms;
	char device[256];
	struct hydropon_output_info info;	/* newest */
	bool safe_on;
	bool level;			/* what it should be now: on or off */
	uint64_t moved_ns;		/* since when it is */
	bool is_overridden;		/* by this test */
	bool is_interrupted;
	bool has_failed;
	int code;			/* why hydropond could not be asked any more */
};

static const char *level_name(bool on)
{
	return on ? "on" : "off";
}

static uint64_t ms_since(const struct test *test, uint64_t then_ns)
{
	uint64_t now_ns = test->world->now_ns(test->world->data);

	return now_ns > then_ns ? (now_ns - then_ns) / NS_PER_MS : 0;
}

__attribute__((format(printf, 3, 4)))
static void tell(const struct test *test, enum mark mark, const char *format, ...)
{
	char text[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	mark_print(test->world->out, test->world->colour, mark, "%s: %s", test->output, text);
	fflush(test->world->out);
}

#define tell_failure(test, ...)								\
	do {										\
		(test)->has_failed = true;						\
		tell(test, MARK_BAD, __VA_ARGS__);					\
	} while (0)

/* What hydropond says of the output, borrowed from @status; NULL, and told, if nothing. */
static struct json_object *find_output(const struct test *test, struct json_object *status)
{
	const char *names[HYDROPON_MAX_OUTPUTS];
	size_t count = field_length(status, "outputs");
	char list[400];

	for (size_t i = 0; i < count; i++) {
		struct json_object *output = field_element(status, "outputs", i);

		if (!strcmp(field_text(output, "name"), test->output))
			return output;
		if (i < HYDROPON_MAX_OUTPUTS)
			names[i] = field_text(output, "name");
	}
	words_list(names, count < HYDROPON_MAX_OUTPUTS ? count : HYDROPON_MAX_OUTPUTS, list,
		   sizeof(list));
	fail(EXIT_REFUSED, "no such output; there are: %s", list);
	return NULL;
}

/* The first of its needs that is not good, or NULL. */
static const char *find_bad_need(struct json_object *output)
{
	for (size_t i = 0; i < field_length(output, "needs"); i++) {
		struct json_object *need = field_element(output, "needs", i);

		if (!field_is_true(need, "good"))
			return field_text(need, "channel");
	}
	return field_string(output, "stale_need");
}

/* What stands in the way of an override, as hydropond knows it. */
static int judge_status(const struct test *test, struct json_object *status)
{
	struct json_object *output;
	const char *name = test->output, *need;

	if (!field_is_true(status, "protected") || !field_is_true(status, "armed"))
		return fail(EXIT_REFUSED, "%s cannot move: the kernel device is not open or not "
			    "armed; see \"hydroponctl status\"", name);
	output = find_output(test, status);
	if (!output)
		return EXIT_REFUSED;
	if (!field_is_true(output, "present"))
		return fail(EXIT_REFUSED, "%s cannot move: its device is gone", name);
	if (field(output, "override"))
		return fail(EXIT_REFUSED, "%s has an override; end it first: hydroponctl release %s",
			    name, name);
	if (field_length(output, "latched"))
		return fail(EXIT_REFUSED, "%s is latched; see to the reason, then: hydroponctl "
			    "reset %s", name, name);
	if (field_is_true(output, "held"))
		return fail(EXIT_REFUSED, "%s is held by something stronger: %s", name,
			    cause_text_of_name(field_text(output, "cause")));
	if (field_is_true(output, "overran"))
		return fail(EXIT_REFUSED, "%s was on for as long as it may be; command it first: "
			    "hydroponctl set %s on", name, name);
	if (strcmp(field_text(output, "switch"), "auto"))
		return fail(EXIT_REFUSED, "%s is held by its switch, which is at %s; set it to auto",
			    name, field_text(output, "switch"));
	need = find_bad_need(output);
	if (need)
		return fail(EXIT_REFUSED, "%s would not move: it needs %s, which has no good "
			    "reading", name, need);
	return EXIT_OK;
}

/* What the test would use up, as the kernel knows it. */
static int judge_limits(const struct test *test)
{
	const struct hydropon_output_info *info = &test->info;
	uint64_t longest_ms = test->for_ms + AWAY_SLACK_MS;
	char time[32];

	if (test->safe_on)
		return EXIT_OK;
	if (info->max_on_ms && longest_ms > info->max_on_ms)
		return fail(EXIT_REFUSED, "%s may be on for %s at most; choose a shorter --for, or "
			    "test it by hand", test->output,
			    duration_text(info->max_on_ms, time, sizeof(time)));
	if (info->budget_ms && longest_ms > info->budget_left_ms)
		return fail(EXIT_REFUSED, "%s has %s left of its budget, and is latched if that runs "
			    "out; choose a shorter --for, or wait", test->output,
			    duration_text(info->budget_left_ms, time, sizeof(time)));
	return EXIT_OK;
}

/* Whether it may move, and what it is now. */
static int judge(struct test *test)
{
	const struct proof_world *world = test->world;
	struct json_object *status;
	int code = world->status(world->data, &status), error;

	if (code)
		return code;
	code = judge_status(test, status);
	snprintf(test->device, sizeof(test->device), "%s", field_text(status, "device"));
	json_object_put(status);
	if (code)
		return code;
	error = world->kernel(world->data, test->device, test->output, &test->info);
	if (error)
		return fail(EXIT_REFUSED, "the kernel cannot be asked, %s: %s%s", test->device,
			    strerrordesc_np(-error), error == -EACCES ?
			    "; join group hydropon or use sudo" : "");
	test->safe_on = test->info.safe_on;
	return judge_limits(test);
}

static bool is_at_level(const struct test *test)
{
	return test->info.present && test->info.on == test->level && !test->info.line_status;
}

static bool has_feedback(const struct test *test)
{
	return test->info.feedback != HYDROPON_NO_FEEDBACK;
}

static bool is_relay_at_level(const struct test *test)
{
	return test->info.feedback == test->level;
}

/* False, and told, if the kernel does not say. */
static bool look(struct test *test)
{
	const struct proof_world *world = test->world;
	int error = world->kernel(world->data, test->device, test->output, &test->info);

	if (error)
		tell_failure(test, "the kernel does not say any more what it is: %s",
			     strerrordesc_np(-error));
	return !error;
}

enum outcome { REACHED, TOO_LATE, TOLD };	/* or interrupted */

/* Until @is_reached, for at most @limit_ms from @from_ns. */
static enum outcome await(struct test *test, bool (*is_reached)(const struct test *test),
			  uint64_t from_ns, uint64_t limit_ms)
{
	const struct proof_world *world = test->world;

	for (;;) {
		if (!look(test))
			return TOLD;
		if (is_reached(test))
			return REACHED;
		if (ms_since(test, from_ns) >= limit_ms)
			return TOO_LATE;
		test->is_interrupted = world->wait(world->data, POLL_MS);
		if (test->is_interrupted)
			return TOLD;
	}
}

/* What hydropond knows of why it is not where it should be. */
static void tell_not_there(struct test *test)
{
	const struct proof_world *world = test->world;
	struct json_object *status = NULL, *output;
	const char *why = cause_text(test->info.cause);
	int line = test->info.line_status;

	if (!test->info.present) {
		tell_failure(test, "its device is gone");
	} else if (test->info.on == test->level) {
		tell_failure(test, "it should be %s, and its line is not written after %d ms: %s",
			     level_name(test->level), PROOF_MOVE_MS, line == -EINPROGRESS ?
			     "its bus does not answer" : strerrordesc_np(-line));
	} else if (!world->status(world->data, &status)) {
		output = find_output(test, status);
		if (field_string(output, "set_error"))
			why = field_string(output, "set_error");
		tell_failure(test, "it is not %s after %d ms: %s", level_name(test->level),
			     PROOF_MOVE_MS, why);
		json_object_put(status);
	} else {
		tell_failure(test, "it is not %s after %d ms: %s", level_name(test->level),
			     PROOF_MOVE_MS, why);
	}
}

/* The relay, once the line is written. */
static void check_relay(struct test *test)
{
	if (!has_feedback(test)) {
		tell(test, MARK_WARN, "no feedback wire: look at the relay, it should be %s",
		     level_name(test->level));
		return;
	}
	switch (await(test, is_relay_at_level, test->moved_ns, PROOF_FEEDBACK_MS)) {
	case REACHED:
		tell(test, MARK_NONE, "the feedback wire says %s after %" PRIu64 " ms",
		     level_name(test->level), ms_since(test, test->moved_ns));
		break;
	case TOO_LATE:
		tell_failure(test, "the feedback wire does not say %s after %d ms",
			     level_name(test->level), PROOF_FEEDBACK_MS);
		break;
	case TOLD:
		break;
	}
}

/* By an override, as a person would. False: it is not there. */
static bool move(struct test *test, bool on, uint64_t for_ms)
{
	const struct proof_world *world = test->world;
	uint64_t from_ns = world->now_ns(world->data);

	test->code = world->set(world->data, test->output, on, for_ms);
	if (test->code)
		return false;
	test->is_overridden = true;
	test->level = on;
	switch (await(test, is_at_level, from_ns, PROOF_MOVE_MS)) {
	case REACHED:
		test->moved_ns = world->now_ns(world->data);
		tell(test, MARK_NONE, "%s after %" PRIu64 " ms, its line is written",
		     level_name(on), ms_since(test, from_ns));
		check_relay(test);
		return !test->is_interrupted;
	case TOO_LATE:
		tell_not_there(test);
		return false;
	case TOLD:
		break;
	}
	return false;
}

/* Until it was away for as long as was asked for; or something else took it back. */
static void hold(struct test *test)
{
	const struct proof_world *world = test->world;
	bool is_relay_watched = has_feedback(test) && is_relay_at_level(test);

	while (ms_since(test, test->moved_ns) < test->for_ms) {
		test->is_interrupted = world->wait(world->data, POLL_MS);
		if (test->is_interrupted || !look(test))
			return;
		if (!is_at_level(test)) {
			tell_failure(test, "it did not stay %s, after %" PRIu64 " ms: %s",
				     level_name(test->level), ms_since(test, test->moved_ns),
				     test->info.on == test->level ?
				     "its line cannot be written" : cause_text(test->info.cause));
			return;
		}
		if (is_relay_watched && !is_relay_at_level(test)) {
			tell_failure(test, "the feedback wire says %s before it was told to",
				     level_name(!test->level));
			is_relay_watched = false;
		}
	}
}

static bool rest(struct test *test)
{
	const struct proof_world *world = test->world;
	uint64_t min_off_ns = test->info.min_off_ms * NS_PER_MS;
	uint64_t rested_ms = ms_since(test, test->info.changed_ns);
	char time[32];

	if (test->safe_on || rested_ms * NS_PER_MS >= min_off_ns)
		return true;
	tell(test, MARK_NONE, "its pause (min-off) lasts for another %s",
	     duration_text(test->info.min_off_ms - rested_ms, time, sizeof(time)));
	while (!test->is_interrupted && ms_since(test, test->info.changed_ns) * NS_PER_MS < min_off_ns)
		test->is_interrupted = world->wait(world->data, POLL_MS);
	return !test->is_interrupted;
}

/* At rest in its safe state, and the relay as well. */
static bool begin(struct test *test)
{
	uint64_t now_ns = test->world->now_ns(test->world->data);

	test->level = test->safe_on;
	if (test->info.on != test->safe_on) {
		if (!move(test, test->safe_on, test->info.min_off_ms + AT_REST_MS))
			return false;
	} else if (has_feedback(test) &&
		   await(test, is_relay_at_level, now_ns, PROOF_FEEDBACK_MS) == TOO_LATE) {
		tell_failure(test, "the feedback wire says %s before anything has moved",
			     level_name(!test->safe_on));
	}
	return !test->has_failed && !test->is_interrupted && rest(test);
}

/* Whatever came before: safe, and in nobody's hands. */
static void end(struct test *test)
{
	const struct proof_world *world = test->world;
	int code;

	if (!test->is_overridden && test->is_interrupted)
		tell_failure(test, "interrupted, nothing was moved");
	if (!test->is_overridden)
		return;
	if (!test->is_interrupted && !test->code && test->level != test->safe_on)
		move(test, test->safe_on, AT_REST_MS);
	code = world->release(world->data, test->output);
	if (code) {
		tell_failure(test, "its override could not be ended, and ends by itself");
		test->code = code;
	} else if (test->is_interrupted) {
		tell_failure(test, "interrupted; its override is ended");
	} else {
		tell(test, MARK_NONE, "its override is ended, what is wanted rules again");
	}
}

int proof(const struct proof_world *world, const char *output, uint64_t for_ms)
{
	struct test test = { .world = world, .output = output, .for_ms = for_ms };
	bool away_on;
	int code = judge(&test);

	if (code)
		return code;
	away_on = !test.safe_on;
	if (!world->confirm(world->data, output, away_on, for_ms))
		return fail(EXIT_REFUSED, "nothing was moved");
	/* A person may have taken time to answer. */
	code = judge(&test);
	if (code)
		return code;
	if (begin(&test) && move(&test, away_on, for_ms + AWAY_SLACK_MS))
		hold(&test);
	end(&test);
	if (test.code)
		return test.code;
	if (test.has_failed) {
		tell(&test, MARK_BAD, "the proof test FAILED");
		return EXIT_REFUSED;
	}
	tell(&test, MARK_NONE, "the proof test held");
	return EXIT_OK;
}
