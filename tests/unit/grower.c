// SPDX-License-Identifier: GPL-2.0-only
#include "harness.h"

#include <sys/stat.h>

#include "../sim/grower.c"

/* A hydroponctl that notes how it was called, and for "fill" hangs. */
FIXTURE(grower) {
	char folder[64], program[96], calls[96];
	struct grower grower;
	uint64_t now_ns;
};

static const struct model_readings content = {
	.ph = 6.0, .ec25_us_cm = 1600, .level_cm = 30,
};

FIXTURE_SETUP(grower)
{
	FILE *file;

	strcpy(self->folder, "/tmp/hydropon-grower-XXXXXX");
	ASSERT_TRUE(mkdtemp(self->folder));
	snprintf(self->program, sizeof(self->program), "%s/hydroponctl", self->folder);
	snprintf(self->calls, sizeof(self->calls), "%s/calls", self->folder);
	file = fopen(self->program, "w");
	ASSERT_TRUE(file);
	fprintf(file, "#!/bin/sh\necho \"$*\" >> %s\n[ $2 = fill ] && exec sleep 60\n"
		"[ $2 != nutrient ]\n", self->calls);
	fclose(file);
	chmod(self->program, 0700);
	setenv("HYDROPONCTL", self->program, 1);
	self->now_ns = pace_now_ns();
	grower_init(&self->grower, self->now_ns);
}

FIXTURE_TEARDOWN(grower)
{
	grower_end(&self->grower);
	unlink(self->program);
	unlink(self->calls);
	rmdir(self->folder);
}

/* Lets @seconds of the grower's time pass; waits at most 10 s for what it started. */
static void pass(struct fixture_grower *self, const struct model_readings *readings,
		 double seconds)
{
	self->now_ns += (uint64_t)(seconds * 1e9);
	grower_turn(&self->grower, readings, self->now_ns);
	for (int i = 0; i < 1000; i++) {
		bool busy = false;

		for (int task = 0; task < GROWER_TASKS; task++)
			busy |= self->grower.commands[task].pid && task != GROWER_FILL;
		if (!busy)
			return;
		pace_sleep_until(pace_now_ns() + PACE_NS_PER_S / 100);
		for (enum grower_task task = 0; task < GROWER_TASKS; task++)
			if (self->grower.commands[task].pid)
				command_check(&self->grower, task, self->now_ns);
	}
	harness_fail(__FILE__, __LINE__, "a command did not end");
}

static const char *calls(struct fixture_grower *self)
{
	static char text[4096];
	FILE *file = fopen(self->calls, "r");
	size_t length = file ? fread(text, 1, sizeof(text) - 1, file) : 0;

	text[length] = '\0';
	if (file)
		fclose(file);
	return text;
}

TEST_F(grower, only_lights_a_content_tank)
{
	pass(self, &content, 0);
	EXPECT_STREQ(calls(self), "set lights on --for 60s\n");
}

TEST_F(grower, tells_the_lights_again_and_lets_them_rest)
{
	pass(self, &content, 0);
	pass(self, &content, 5);
	pass(self, &content, 20);
	pass(self, &content, 40);
	EXPECT_STREQ(calls(self), "set lights on --for 60s\nset lights on --for 35s\n");
	pass(self, &content, 16);
	EXPECT_CONTAINS(calls(self), "--for 59s");
}

TEST_F(grower, doses_acid_at_most_every_20_s)
{
	struct model_readings alkaline = content;

	alkaline.ph = 6.21;
	pass(self, &alkaline, 65);
	pass(self, &alkaline, 10);
	EXPECT_STREQ(calls(self), "set ph-down on --for 2s\n");
	pass(self, &alkaline, 11);
	EXPECT_EQ(self->grower.commands[GROWER_PH_DOWN].asked, 2);
}

TEST_F(grower, asks_again_soon_after_a_refusal)
{
	struct model_readings hungry = content;

	hungry.ec25_us_cm = 1499;
	pass(self, &hungry, 65);
	EXPECT_EQ(self->grower.commands[GROWER_NUTRIENT].failed, 1);
	pass(self, &hungry, 1.1);
	EXPECT_EQ(self->grower.commands[GROWER_NUTRIENT].asked, 2);
}

TEST_F(grower, kills_a_command_that_hangs)
{
	struct model_readings low = content;

	low.level_cm = 24;
	pass(self, &low, 65);
	ASSERT_TRUE(self->grower.commands[GROWER_FILL].pid);
	pass(self, &content, 2.9);
	ASSERT_TRUE(self->grower.commands[GROWER_FILL].pid);
	pass(self, &content, 0.2);
	for (int i = 0; i < 100 && self->grower.commands[GROWER_FILL].pid; i++) {
		pace_sleep_until(pace_now_ns() + PACE_NS_PER_S / 100);
		grower_turn(&self->grower, &content, self->now_ns);
	}
	EXPECT_EQ(self->grower.commands[GROWER_FILL].pid, 0);
	EXPECT_EQ(self->grower.commands[GROWER_FILL].failed, 1);
}
