// SPDX-License-Identifier: GPL-2.0-only
/* The harness judges everything else, so it is judged first. */
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static bool is_child(const char *part)
{
	return getenv("HARNESS_PART") && !strcmp(getenv("HARNESS_PART"), part);
}

/* These are only run as children of judges_each_way_to_end, below. */
TEST(part_passes) { EXPECT_EQ(1, 1); }
TEST(part_expects) { EXPECT_EQ(is_child("yes") ? 2 : 1, 1); }
TEST(part_asserts)
{
	if (!is_child("yes"))
		return;
	ASSERT_TRUE(false);
	puts("# went on after an assertion");
}
TEST(part_crashes)
{
	if (is_child("yes"))
		abort();
}
TEST_TIMEOUT(part_hangs, 1)
{
	if (is_child("yes"))
		pause();
}

FIXTURE(part) { int value; };
FIXTURE_SETUP(part) { self->value = 7; }
FIXTURE_TEARDOWN(part) { printf("# teardown %d\n", self->value); }
TEST_F(part, tears_down)
{
	ASSERT_EQ(self->value, is_child("yes") ? 8 : 7);
}

static void run_part(const char *name, char *out, size_t size)
{
	char self[256], command[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	FILE *pipe;

	ASSERT_GT(n, 0);
	self[n] = 0;
	snprintf(command, sizeof(command), "HARNESS_PART=yes '%s' %s; echo \"exit $?\"", self, name);
	pipe = popen(command, "r");
	ASSERT_TRUE(pipe != NULL);
	out[fread(out, 1, size - 1, pipe)] = 0;
	pclose(pipe);
}

TEST(judges_each_way_to_end)
{
	char out[4096];

	run_part("part_passes", out, sizeof(out));
	EXPECT_CONTAINS(out, "\nok 1 part_passes");
	EXPECT_CONTAINS(out, "exit 0");
	run_part("part_expects", out, sizeof(out));
	EXPECT_CONTAINS(out, "\nnot ok 1 part_expects");
	EXPECT_CONTAINS(out, "exit 1");
	run_part("part_asserts", out, sizeof(out));
	EXPECT_CONTAINS(out, "\nnot ok 1 part_asserts");
	EXPECT_TRUE(strstr(out, "went on") == NULL);
	run_part("part_crashes", out, sizeof(out));
	EXPECT_CONTAINS(out, "killed by signal 6");
	EXPECT_CONTAINS(out, "exit 1");
	run_part("part_hangs", out, sizeof(out));
	EXPECT_CONTAINS(out, "timed out after 1 s");
	run_part("part_tears_down", out, sizeof(out));
	EXPECT_CONTAINS(out, "# teardown 7");
	EXPECT_CONTAINS(out, "\nnot ok 1 part_tears_down");
	run_part("no_such_test", out, sizeof(out));
	EXPECT_CONTAINS(out, "exit 2");
}
