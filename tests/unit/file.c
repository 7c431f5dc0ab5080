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

TEST(only_a_file_of_the_right_size_is_read)
{
	char dir[64], path[80], link_path[80], bytes[8];

	directory_make(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/file", dir);
	snprintf(link_path, sizeof(link_path), "%s/link", dir);
	EXPECT_EQ(file_read(path, bytes, sizeof(bytes)), -ENOENT);
	file_put(dir, "file", "12345678");
	EXPECT_EQ(file_read(path, bytes, sizeof(bytes)), 8);
	EXPECT_EQ(memcmp(bytes, "12345678", 8), 0);
	EXPECT_EQ(file_read(path, bytes, 7), -EFBIG);
	ASSERT_EQ(symlink(path, link_path), 0);
	EXPECT_EQ(file_read(link_path, bytes, sizeof(bytes)), -ELOOP);
	EXPECT_EQ(file_read(dir, bytes, sizeof(bytes)), -EISDIR);
	unlink(path);
	ASSERT_EQ(mkfifo(path, 0600), 0);
	EXPECT_EQ(file_read(path, bytes, sizeof(bytes)), -EINVAL);
	directory_remove(dir);
}

TEST(a_seal_shows_every_change)
{
	uint8_t bytes[12] = "........abcd", back[12];
	char dir[64], path[80];

	directory_make(dir, sizeof(dir));
	snprintf(path, sizeof(path), "%s/file", dir);
	EXPECT_EQ(file_read_sealed(path, "TEST", back, sizeof(back)), -ENOENT);
	file_seal("TEST", bytes, sizeof(bytes));
	ASSERT_EQ(file_replace(path, bytes, sizeof(bytes)), 0);
	ASSERT_EQ(file_read_sealed(path, "TEST", back, sizeof(back)), 0);
	EXPECT_EQ(memcmp(back, bytes, sizeof(bytes)), 0);
	EXPECT_EQ(file_read_sealed(path, "MINE", back, sizeof(back)), -EBADMSG);
	EXPECT_EQ(file_read_sealed(path, "TEST", back, sizeof(back) - 1), -EBADMSG);
	EXPECT_EQ(file_read_sealed(dir, "TEST", back, sizeof(back)), -EISDIR);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] ^= 1;
		ASSERT_EQ(file_replace(path, bytes, sizeof(bytes)), 0);
		EXPECT_EQ(file_read_sealed(path, "TEST", back, sizeof(back)), -EBADMSG);
		bytes[i] ^= 1;
	}
	directory_remove(dir);
}
