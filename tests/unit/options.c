// SPDX-License-Identifier: GPL-2.0-only
/* The command line of the daemons. */
#include "harness.h"

#include <getopt.h>
#include <stdio.h>

#include "base/conf.h"
#include "base/options.h"

static struct options options;
static int status;
static bool has_import;

static bool read_list(char **arguments)
{
	int count = 0;

	while (arguments[count])
		count++;
	optind = 0;
	return options_read(count, arguments, "tester", "Tests.", has_import, &options, &status);
}

#define read_options(...) read_list((char *[]){ "tester", ##__VA_ARGS__, NULL })

TEST(what_is_asked_for_is_done)
{
	EXPECT_TRUE(read_options());
	EXPECT_STREQ(options.conf_path, CONF_DEFAULT_PATH);
	EXPECT_FALSE(options.only_check);
	EXPECT_EQ(status, 0);
	EXPECT_TRUE(read_options("--check", "-c", "/a"));
	EXPECT_STREQ(options.conf_path, "/a");
	EXPECT_TRUE(options.only_check);
	EXPECT_TRUE(read_options("--config=/b"));
	EXPECT_STREQ(options.conf_path, "/b");
	EXPECT_FALSE(options.only_check);
}

TEST(help_and_version_are_no_mistake_and_all_else_is)
{
	EXPECT_FALSE(read_options("--help"));
	EXPECT_EQ(status, 0);
	EXPECT_FALSE(read_options("--version"));
	EXPECT_EQ(status, 0);
	EXPECT_FALSE(read_options("--dance"));
	EXPECT_EQ(status, 2);
	EXPECT_FALSE(read_options("-c"));
	EXPECT_EQ(status, 2);
	EXPECT_FALSE(read_options("--check", "more"));
	EXPECT_EQ(status, 2);
}

TEST(an_import_is_for_those_who_know_it)
{
	EXPECT_FALSE(read_options("--import", "/media/stick"));
	EXPECT_EQ(status, 2);
	has_import = true;
	EXPECT_TRUE(read_options("--import", "/media/stick"));
	EXPECT_STREQ(options.import_dir, "/media/stick");
	EXPECT_FALSE(read_options("--import"));
	EXPECT_EQ(status, 2);
	EXPECT_TRUE(read_options());
	EXPECT_TRUE(options.import_dir == NULL);
}
