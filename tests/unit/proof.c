// SPDX-License-Identifier: GPL-2.0-only
/* The proof test, on an output of the test's own whose wires can be cut. */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <json-c/json.h>

#include "base/clock.h"
#include "ctl/fail.h"
#include "ctl/proof.h"
#include "support/catch_log.h"

#define NEVER UINT64_MAX
#define START_NS (1000 * NS_PER_SEC)
#define COMMANDS_MAX 8

/* What the status document says of the output, by default. */
#define GOOD "\"present\":true,\"override\":null,\"latched\":[],\"held\":false,\"overran\":false," \
	"\"switch\":\"auto\",\"needs\":[{\"channel\":\"ph\",\"good\":true}],\"stale_need\":null"

FIXTURE(proof)
{
	/* the wires */
	bool safe_on, want_on, has_feedback, sticks_on;
	uint64_t decide_ms, write_ms, relay_ms;	/* each takes so long; NEVER: it does not */
	uint64_t relay_off_ms;			/* the same, for off; 0: as relay_ms */
	int line_status;			/* of every write */
	uint64_t trip_at_ns;			/* something stronger forces it to safe */
	uint64_t drop_at_ns;			/* the feedback wire breaks */
	uint64_t break_at_ns;			/* the line fails */
	uint64_t gone_at_ns;			/* the kernel does not answer any more */
	/* what happens from outside */
	uint64_t interrupt_at_ns, dead_at_ns;	/* Ctrl-C; hydropond dies */
	bool declines;
	const char *status;			/* after the name, of hydropond's document */
	const char *status_after_confirm;
	const char *set_error;
	bool unprotected;
	/* what it is */
	uint64_t now_ns;
	struct hydropon_output_info info;
	bool command_on, relay_on, is_overridden;
	uint64_t command_ns, override_until_ns, written_ns, relay_ns;
	/* what was done */
	char commands[COMMANDS_MAX][64];
	size_t commands_n;
	bool was_away;
	char *text;
	size_t size;
	struct proof_world world;
};

/* Lets the wires follow until now. */
static void follow(struct fixture_proof *self)
{
	struct hydropon_output_info *info = &self->info;
	bool wanted = self->command_on;

	if (self->is_overridden && self->now_ns >= self->override_until_ns) {
		self->is_overridden = false;
		self->command_ns = self->override_until_ns;
	}
	if (!self->is_overridden)
		wanted = self->want_on;
	if (self->now_ns >= self->trip_at_ns) {
		wanted = self->safe_on;
		info->cause = HYDROPON_CAUSE_TRIP_OFF;
	}
	if (wanted != info->on && self->decide_ms != NEVER && !(info->on && self->sticks_on) &&
	    (self->now_ns >= self->trip_at_ns ||
	     self->now_ns >= self->command_ns + self->decide_ms * NS_PER_MS)) {
		info->on = wanted;
		info->changed_ns = self->now_ns;
		info->line_status = -EINPROGRESS;
		self->written_ns = self->write_ms == NEVER ? NEVER :
				   self->now_ns + self->write_ms * NS_PER_MS;
	}
	if (info->line_status && self->now_ns >= self->written_ns) {
		uint64_t relay_ms = !info->on && self->relay_off_ms ? self->relay_off_ms :
								      self->relay_ms;

		info->line_status = self->line_status;
		self->relay_ns = relay_ms == NEVER ? NEVER : self->now_ns + relay_ms * NS_PER_MS;
		self->written_ns = NEVER;
	}
	if (self->now_ns >= self->break_at_ns)
		info->line_status = -EIO;
	if (self->now_ns >= self->relay_ns) {
		self->relay_on = info->on;
		self->relay_ns = NEVER;
	}
	info->feedback = !self->has_feedback ? HYDROPON_NO_FEEDBACK :
			 self->now_ns >= self->drop_at_ns ? 0 : self->relay_on;
	self->was_away |= info->on != self->safe_on;
}

static int get_status(void *data, struct json_object **status)
{
	struct fixture_proof *self = data;
	char text[2048];

	if (self->now_ns >= self->dead_at_ns)
		return EXIT_UNREACHABLE;
	snprintf(text, sizeof(text), "{\"ok\":true,\"device\":\"/dev/test\",\"protected\":%s,"
		 "\"armed\":true,\"outputs\":[{\"name\":\"air\"},{\"name\":\"pump\",%s%s%s%s}]}",
		 self->unprotected ? "false" : "true", self->status,
		 self->set_error ? ",\"set_error\":\"" : "", self->set_error ? self->set_error : "",
		 self->set_error ? "\"" : "");
	*status = json_tokener_parse(text);
	ASSERT_TRUE(*status != NULL);
	return EXIT_OK;
}

static int get_kernel(void *data, const char *device, const char *output,
		      struct hydropon_output_info *info)
{
	struct fixture_proof *self = data;

	EXPECT_STREQ(device, "/dev/test");
	EXPECT_STREQ(output, "pump");
	follow(self);
	*info = self->info;
	return self->now_ns >= self->gone_at_ns ? -EACCES : 0;
}

static int command(struct fixture_proof *self, const char *text)
{
	ASSERT_LT(self->commands_n, COMMANDS_MAX);
	snprintf(self->commands[self->commands_n++], sizeof(self->commands[0]), "%s", text);
	follow(self);
	self->command_ns = self->now_ns;
	return self->now_ns >= self->dead_at_ns ? EXIT_UNREACHABLE : EXIT_OK;
}

static int do_set(void *data, const char *output, bool on, uint64_t for_ms)
{
	struct fixture_proof *self = data;
	char text[64];
	int code;

	snprintf(text, sizeof(text), "%s %s %llu", output, on ? "on" : "off",
		 (unsigned long long)for_ms);
	code = command(self, text);
	if (!code) {
		self->is_overridden = true;
		self->command_on = on;
		self->override_until_ns = self->now_ns + for_ms * NS_PER_MS;
	}
	return code;
}

static int do_release(void *data, const char *output)
{
	struct fixture_proof *self = data;
	int code = command(self, "release");

	if (!code)
		self->is_overridden = false;
	return code;
}

static bool do_confirm(void *data, const char *output, bool on, uint64_t for_ms)
{
	struct fixture_proof *self = data;

	EXPECT_EQ(on, !self->safe_on);
	if (self->status_after_confirm)
		self->status = self->status_after_confirm;
	return !self->declines;
}

static uint64_t get_now(void *data)
{
	return ((struct fixture_proof *)data)->now_ns;
}

static bool do_wait(void *data, uint64_t ms)
{
	struct fixture_proof *self = data;

	self->now_ns += ms * NS_PER_MS;
	follow(self);
	if (self->now_ns < self->interrupt_at_ns)
		return false;
	self->interrupt_at_ns = NEVER;	/* a signal comes once */
	return true;
}

FIXTURE_SETUP(proof)
{
	self->has_feedback = true;
	self->decide_ms = 80;
	self->write_ms = 20;
	self->relay_ms = 30;
	self->trip_at_ns = self->break_at_ns = self->drop_at_ns = self->gone_at_ns = self->interrupt_at_ns = NEVER;
	self->dead_at_ns = self->written_ns = self->relay_ns = NEVER;
	self->now_ns = START_NS;
	self->status = GOOD;
	self->info = (struct hydropon_output_info){ .present = 1, .name = "pump" };
	self->world = (struct proof_world){
		.data = self,
		.out = open_memstream(&self->text, &self->size),
		.status = get_status, .kernel = get_kernel, .set = do_set, .release = do_release,
		.confirm = do_confirm, .now_ns = get_now, .wait = do_wait,
	};
}

FIXTURE_TEARDOWN(proof)
{
	fclose(self->world.out);
	free(self->text);
}

/* It is on as long as nobody overrides it. */
static void want_on(struct fixture_proof *self)
{
	self->want_on = true;
	self->info.on = 1;
	self->relay_on = true;
}

static int run(struct fixture_proof *self)
{
	int code = proof(&self->world, "pump", 3000);

	fflush(self->world.out);
	return code;
}

/* In nobody's hands. */
static void expect_ended(struct fixture_proof *self)
{
	EXPECT_FALSE(self->is_overridden);
	ASSERT_GT(self->commands_n, 0);
	EXPECT_STREQ(self->commands[self->commands_n - 1], "release");
}

static void expect_failed(struct fixture_proof *self, const char *why)
{
	EXPECT_EQ(run(self), EXIT_REFUSED);
	EXPECT_CONTAINS(self->text, why);
	EXPECT_CONTAINS(self->text, "! pump: the proof test FAILED\n");
	EXPECT_TRUE(strstr(self->text, "test held") == NULL);
	expect_ended(self);
}

TEST_F(proof, moves_it_and_back_and_ends)
{
	EXPECT_EQ(run(self), EXIT_OK);
	EXPECT_STREQ(self->text,
		     "  pump: on after 100 ms, its line is written\n"
		     "  pump: the feedback wire says on after 30 ms\n"
		     "  pump: off after 100 ms, its line is written\n"
		     "  pump: the feedback wire says off after 30 ms\n"
		     "  pump: its override is ended, what is wanted rules again\n"
		     "  pump: the proof test held\n");
	ASSERT_EQ(self->commands_n, 3);
	EXPECT_STREQ(self->commands[0], "pump on 6000");
	EXPECT_STREQ(self->commands[1], "pump off 10000");
	expect_ended(self);
	/* on for as long as was asked for, from when its line was written */
	EXPECT_NEAR((double)(self->now_ns - START_NS) / NS_PER_MS, 100 + 3000 + 100 + 30, 10);
}

TEST_F(proof, without_a_feedback_wire_a_person_has_to_look)
{
	self->has_feedback = false;
	EXPECT_EQ(run(self), EXIT_OK);
	EXPECT_CONTAINS(self->text, "~ pump: no feedback wire: look at the relay, it should be on\n");
	EXPECT_CONTAINS(self->text, "~ pump: no feedback wire: look at the relay, it should be off\n");
}

TEST_F(proof, what_runs_is_stopped_first_and_runs_again)
{
	want_on(self);
	EXPECT_EQ(run(self), EXIT_OK);
	ASSERT_EQ(self->commands_n, 4);
	EXPECT_STREQ(self->commands[0], "pump off 10000");
	EXPECT_STREQ(self->commands[1], "pump on 6000");
	EXPECT_STREQ(self->commands[2], "pump off 10000");
	expect_ended(self);
	do_wait(self, 200);
	EXPECT_TRUE(self->info.on);
}

TEST_F(proof, what_is_safe_on_is_moved_off)
{
	self->safe_on = true;
	self->info.safe_on = 1;
	self->info.max_on_ms = 1;	/* of no matter to it */
	want_on(self);
	EXPECT_EQ(run(self), EXIT_OK);
	ASSERT_EQ(self->commands_n, 3);
	EXPECT_STREQ(self->commands[0], "pump off 6000");
	EXPECT_STREQ(self->commands[1], "pump on 10000");
}

TEST_F(proof, waits_for_its_pause)
{
	self->info.min_off_ms = 15000;
	self->info.changed_ns = START_NS - 5 * NS_PER_SEC;
	EXPECT_EQ(run(self), EXIT_OK);
	EXPECT_CONTAINS(self->text, "  pump: its pause (min-off) lasts for another 10 s\n");
	EXPECT_NEAR((double)(self->now_ns - START_NS) / NS_PER_MS, 10000 + 3230, 20);
}

TEST_F(proof, what_was_just_stopped_pauses_as_well)
{
	want_on(self);
	self->info.min_off_ms = 15000;
	EXPECT_EQ(run(self), EXIT_OK);
	EXPECT_STREQ(self->commands[0], "pump off 25000");
	EXPECT_GT(self->now_ns - START_NS, 18 * NS_PER_SEC);
}

static void expect_refused(struct fixture_proof *self, const char *why)
{
	int log = catch_log();

	EXPECT_EQ(run(self), EXIT_REFUSED);
	EXPECT_EQ(self->commands_n, 0);
	EXPECT_FALSE(self->was_away && !self->want_on);
	EXPECT_EQ(logged(log, why), 1);
	close(log);
}

TEST_F(proof, is_refused_while_something_stands_in_the_way)
{
	static const struct {
		const char *status, *why;
	} cases[] = {
		{ "\"present\":false", "pump cannot move: its device is gone" },
		{ GOOD ",\"override\":{\"on\":true,\"left_ms\":1}",
		  "pump has an override; end it first: hydroponctl release pump" },
		{ GOOD ",\"latched\":[\"welded\"]", "pump is latched; see to the reason, then: "
		  "hydroponctl reset pump" },
		{ GOOD ",\"held\":true,\"cause\":\"trip-off\"",
		  "pump is held by something stronger: forced off by an interlock" },
		{ GOOD ",\"overran\":true", "pump was on for as long as it may be" },
		{ GOOD ",\"switch\":\"on\"", "pump is held by its switch, which is at on" },
		{ GOOD ",\"needs\":[{\"channel\":\"ec\",\"good\":false}]",
		  "it needs ec, which has no good reading" },
		{ GOOD ",\"stale_need\":\"flow\"", "it needs flow, which has no good reading" },
		{ "\"name\":\"other\"", "no such output; there are: air, other" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		self->status = cases[i].status;
		expect_refused(self, cases[i].why);
		/* and so it is while the person was asked */
		self->status = GOOD;
		self->status_after_confirm = cases[i].status;
		expect_refused(self, cases[i].why);
		self->status_after_confirm = NULL;
	}
	self->status = GOOD;
	self->unprotected = true;
	expect_refused(self, "the kernel device is not open or not armed");
}

TEST_F(proof, is_refused_where_it_would_use_up_what_may_be_used)
{
	self->info.max_on_ms = 5999;
	expect_refused(self, "pump may be on for 5.9 s at most");
	self->info.max_on_ms = 6000;
	self->info.budget_ms = 60000;
	self->info.budget_left_ms = 5999;
	expect_refused(self, "pump has 5.9 s left of its budget");
	self->info.budget_left_ms = 6000;
	EXPECT_EQ(run(self), EXIT_OK);
}

TEST_F(proof, is_refused_where_the_kernel_cannot_be_asked)
{
	self->gone_at_ns = START_NS;
	expect_refused(self, "the kernel cannot be asked, /dev/test: Permission denied; join group "
		       "hydropon");
}

TEST_F(proof, moves_nothing_that_a_person_does_not_want)
{
	self->declines = true;
	expect_refused(self, "nothing was moved");
}

TEST_F(proof, without_hydropond_moves_nothing)
{
	self->dead_at_ns = START_NS;
	EXPECT_EQ(run(self), EXIT_UNREACHABLE);
	EXPECT_EQ(self->commands_n, 0);
}

TEST_F(proof, fails_where_it_does_not_move)
{
	self->decide_ms = NEVER;
	self->set_error = "its budget is spent";
	expect_failed(self, "! pump: it is not on after 2000 ms: its budget is spent\n");
	EXPECT_FALSE(self->was_away);
}

TEST_F(proof, fails_where_its_line_cannot_be_written)
{
	self->line_status = -EIO;
	expect_failed(self, "! pump: it should be on, and its line is not written after 2000 ms: "
		      "Input/output error\n");
	/* nor is it known to be safe again */
	EXPECT_CONTAINS(self->text, "! pump: it should be off, and its line is not written");
}

TEST_F(proof, fails_where_its_bus_does_not_answer)
{
	self->write_ms = NEVER;
	expect_failed(self, "its line is not written after 2000 ms: its bus does not answer\n");
}

TEST_F(proof, fails_where_the_relay_does_not_close)
{
	self->relay_ms = NEVER;
	expect_failed(self, "! pump: the feedback wire does not say on after 500 ms\n");
	/* It is held nevertheless, for whoever looks at it. */
	EXPECT_GT(self->now_ns - START_NS, 3 * NS_PER_SEC);
}

TEST_F(proof, fails_where_the_relay_does_not_open)
{
	self->relay_off_ms = NEVER;
	expect_failed(self, "! pump: the feedback wire does not say off after 500 ms\n");
}

TEST_F(proof, fails_where_the_relay_lets_go_too_soon)
{
	self->drop_at_ns = START_NS + 2 * NS_PER_SEC;
	expect_failed(self, "! pump: the feedback wire says off before it was told to\n");
	EXPECT_TRUE(strstr(strstr(self->text, "before it was told") + 1, "before it was told") ==
		    NULL);	/* once */
}

TEST_F(proof, fails_where_the_relay_is_on_beforehand)
{
	self->relay_on = true;
	EXPECT_EQ(run(self), EXIT_REFUSED);
	EXPECT_CONTAINS(self->text, "! pump: the feedback wire says on before anything has moved\n");
	EXPECT_EQ(self->commands_n, 0);
}

TEST_F(proof, fails_where_something_stronger_takes_it)
{
	self->trip_at_ns = START_NS + NS_PER_SEC;
	expect_failed(self, "! pump: it did not stay on, after 900 ms: forced off by an interlock\n");
}

TEST_F(proof, fails_where_its_line_fails_on_the_way)
{
	self->break_at_ns = START_NS + NS_PER_SEC;
	expect_failed(self, "! pump: it did not stay on, after 900 ms: its line cannot be written\n");
}

TEST_F(proof, fails_where_it_does_not_return)
{
	self->sticks_on = true;
	self->info.cause = HYDROPON_CAUSE_LEASE;
	expect_failed(self, "! pump: it is not off after 2000 ms: held by a lease\n");
}

TEST_F(proof, fails_where_the_kernel_falls_silent)
{
	self->gone_at_ns = START_NS + NS_PER_SEC;
	expect_failed(self, "! pump: the kernel does not say any more what it is: Permission denied\n");
}

TEST_F(proof, whenever_it_is_interrupted_the_override_is_ended)
{
	/* at each time at which it can be waiting */
	for (unsigned int ms = 10; ms <= 3200; ms += 10) {
		uint64_t until_ns = START_NS + (ms + 10) * NS_PER_MS;

		self->now_ns = START_NS;
		self->interrupt_at_ns = START_NS + ms * NS_PER_MS;
		self->commands_n = 0;
		self->command_ns = 0;
		self->info = (struct hydropon_output_info){ .present = 1, .name = "pump" };
		self->written_ns = self->relay_ns = NEVER;
		self->relay_on = false;
		EXPECT_EQ(run(self), EXIT_REFUSED);
		EXPECT_CONTAINS(self->text, "interrupted; its override is ended\n");
		expect_ended(self);
		EXPECT_LE(self->now_ns, until_ns);
		/* ended, and not led to its end */
		EXPECT_LE(self->commands_n, ms < 3100 ? 2 : 3);
	}
}

TEST_F(proof, interrupted_in_its_pause_it_has_moved_nothing)
{
	self->info.min_off_ms = 15000;
	self->info.changed_ns = START_NS;
	self->interrupt_at_ns = START_NS + NS_PER_SEC;
	EXPECT_EQ(run(self), EXIT_REFUSED);
	EXPECT_CONTAINS(self->text, "! pump: interrupted, nothing was moved\n");
	EXPECT_EQ(self->commands_n, 0);
}

TEST_F(proof, interrupted_while_the_relay_is_awaited_it_has_moved_nothing)
{
	self->relay_on = true;
	self->interrupt_at_ns = START_NS + 100 * NS_PER_MS;
	EXPECT_EQ(run(self), EXIT_REFUSED);
	EXPECT_EQ(self->commands_n, 0);
}

TEST_F(proof, without_hydropond_on_the_way_it_cannot_be_ended_and_says_so)
{
	self->dead_at_ns = START_NS + 2 * NS_PER_SEC;
	EXPECT_EQ(run(self), EXIT_UNREACHABLE);
	EXPECT_CONTAINS(self->text, "! pump: its override could not be ended, and ends by itself\n");
	do_wait(self, 6000);
	do_wait(self, 100);
	EXPECT_FALSE(self->info.on);
}
