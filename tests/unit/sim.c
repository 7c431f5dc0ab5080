// SPDX-License-Identifier: GPL-2.0-only
#include "harness.h"

#include <sys/stat.h>

#include "../sim/sim.c"

/* A folder that looks like the module's, of plain files. */
FIXTURE(wires) {
	char root[64];
	struct sim_transition *list;
	size_t n;
};

static void put(const char *root, const char *name, const char *text)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	file = fopen(path, "w");
	ASSERT_TRUE(file);
	fputs(text, file);
	fclose(file);
}

FIXTURE_SETUP(wires)
{
	char path[128];

	strcpy(self->root, "/tmp/hydropon-wires-XXXXXX");
	ASSERT_TRUE(mkdtemp(self->root));
	snprintf(path, sizeof(path), "%s/gpio-soc", self->root);
	ASSERT_EQ(mkdir(path, 0700), 0);
	put(self->root, "gpio-soc/record_lost", "0\n");
	put(self->root, "gpio-soc/record",
	    "100 0 0 init\n200 1 1 init\n300 0 1\n400 0 0\n500 0 1\n600 1 in\n");
	put(self->root, "gpio-soc/line3", "1\n");
	sim_use_root(self->root);
}

FIXTURE_TEARDOWN(wires)
{
	static const char *const names[] = {
		"gpio-soc/record", "gpio-soc/record_lost", "gpio-soc/line3", "gpio-soc", "",
	};
	char path[128];

	free(self->list);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", self->root, names[i]);
		remove(path);
	}
}

TEST_F(wires, gives_the_level_of_a_line)
{
	EXPECT_EQ(sim_output_level(SIM_SOC, 3), 1);
	EXPECT_EQ(sim_input_set(SIM_SOC, 3, false), 0);
	EXPECT_EQ(sim_output_level(SIM_SOC, 3), 0);
	EXPECT_EQ(sim_output_level(SIM_SOC, 4), -ENOENT);
}

TEST_F(wires, reads_the_record)
{
	ASSERT_EQ(sim_record_read(SIM_SOC, &self->list, &self->n), 0);
	ASSERT_EQ(self->n, 6);
	EXPECT_EQ(self->list[1].ns, 200);
	EXPECT_EQ(self->list[1].line, 1);
	EXPECT_TRUE(self->list[1].level);
	EXPECT_TRUE(self->list[1].is_init);
	EXPECT_FALSE(self->list[2].is_init);
	EXPECT_TRUE(self->list[5].is_input);
}

TEST_F(wires, finds_transitions)
{
	struct sim_transition found;

	EXPECT_EQ(sim_transition_first(SIM_SOC, 0, true, 0, &found), 0);
	EXPECT_EQ(found.ns, 300);
	EXPECT_EQ(sim_transition_first(SIM_SOC, 0, true, 301, &found), 0);
	EXPECT_EQ(found.ns, 500);
	EXPECT_EQ(sim_transition_first(SIM_SOC, 0, true, 501, &found), -ENODATA);
	EXPECT_EQ(sim_transition_last(SIM_SOC, 1, &found), 0);
	EXPECT_TRUE(found.is_input);
	EXPECT_EQ(sim_transition_last(SIM_SOC, 2, &found), -ENODATA);
}

TEST_F(wires, an_overwritten_record_proves_nothing)
{
	put(self->root, "gpio-soc/record_lost", "1\n");
	EXPECT_EQ(sim_record_read(SIM_SOC, &self->list, &self->n), -EOVERFLOW);
	EXPECT_EQ(self->n, 0);
}

TEST(refuses_what_the_module_does_not_write)
{
	static const char *const wrong[] = {
		"", "1", "1 2", "1 2 3", "1 2 out", "1 2 1 int", "1 2 1 init 4", "x 2 1",
	};
	struct sim_transition transition;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		EXPECT_EQ(sim_transition_parse(wrong[i], &transition), -EBADMSG);
}
