// SPDX-License-Identifier: GPL-2.0-only
/* Replacing files where others may have put something in the way. */
#include "unit/process.h"

#include "base/file.h"

static void expect_text(const char *path, const char *text)
{
	char found[16] = "";
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	ASSERT_GE(fd, 0);
	EXPECT_GE(read(fd, found, sizeof(found) - 1), 0);
	EXPECT_STREQ(found, text);
	close(fd);
}

TEST(nothing_in_the_temporary_files_place_is_used)
{
	char dir[64], path[80], new_path[96], other[96];

	directory_make(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/file", dir);
	snprintf(new_path, sizeof(new_path), "%s.new", path);
	snprintf(other, sizeof(other), "%s/other", dir);
	file_put(dir, "other", "theirs");

	ASSERT_EQ(mkfifo(new_path, 0666), 0);
	EXPECT_EQ(file_replace(path, "one", 3), 0);
	expect_text(path, "one");
	ASSERT_EQ(symlink(other, new_path), 0);
	EXPECT_EQ(file_replace(path, "two", 3), 0);
	expect_text(path, "two");
	ASSERT_EQ(link(other, new_path), 0);
	EXPECT_EQ(file_replace_durable(path, "three", 5), 0);
	expect_text(path, "three");
	expect_text(other, "theirs");
	EXPECT_EQ(access(new_path, F_OK), -1);
	directory_remove(dir);
}
