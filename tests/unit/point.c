// SPDX-License-Identifier: GPL-2.0-only
#include "harness.h"

#include <stdio.h>
#include <string.h>

#include "forward/line_protocol.h"
#include "spool/point.h"

#define WALL_MS 1790000000123LL

static struct point some(void)
{
	struct point point = point_new("hydropon_event");

	point.boot_ns = 5;
	point.wall_ms = WALL_MS;
	point.clk = 2;
	point_tag(&point, "event", "trip-off");
	point_tag(&point, "subject", "pump-a");
	point_field(&point, "on", 0);
	point_field(&point, "cause", -7);
	return point;
}

TEST(a_point_is_read_as_it_was_written)
{
	struct point point = some(), read;
	uint8_t bytes[NOTE_BYTES_MAX];
	size_t size = point_put(bytes, &point);

	ASSERT_TRUE(point_get(bytes, size, &read));
	EXPECT_EQ(memcmp(&point, &read, sizeof(point)), 0);
	for (size_t i = 0; i < size; i++)
		EXPECT_FALSE(point_get(bytes, i, &read));
	bytes[size] = 0;
	EXPECT_FALSE(point_get(bytes, size + 1, &read));
	/* A NUL amid the name. */
	bytes[25] = 0;
	EXPECT_FALSE(point_get(bytes, size, &read));
}

TEST(a_point_takes_words_only_and_no_more_than_it_holds)
{
	struct point point = point_new("m");
	char key[POINT_WORD + 2];

	memset(key, 'a', sizeof(key) - 1);
	key[sizeof(key) - 1] = 0;
	point_tag(&point, "store", "a b");
	point_tag(&point, "store", "");
	point_tag(&point, "store", key);
	point_tag(&point, "=", "a");
	EXPECT_EQ(point.tags_n, 0);
	for (int i = 0; i < 2 * POINT_FIELDS; i++) {
		snprintf(key, sizeof(key), "f%d", i);
		point_tag(&point, key, "v");
		point_field(&point, key, i);
	}
	EXPECT_EQ(point.tags_n, POINT_TAGS);
	EXPECT_EQ(point.fields_n, POINT_FIELDS);
}

/* Whatever the bytes are: what is read is whole, and makes a line. */
TEST(bytes_of_any_kind_are_read_or_refused)
{
	static const struct spool_schema schema = { .gateway = "g", .site = "s" };
	struct point point = some(), read;
	uint8_t bytes[NOTE_BYTES_MAX], wrong[NOTE_BYTES_MAX];
	size_t size = point_put(bytes, &point);
	char line[LINE_MAX_BYTES];

	for (size_t at = 0; at < size; at++)
		for (unsigned int value = 0; value < 256; value++) {
			memcpy(wrong, bytes, size);
			wrong[at] = (uint8_t)value;
			if (!point_get(wrong, size, &read))
				continue;
			EXPECT_LT(point_line_put(line, &schema, &read), sizeof(line));
			EXPECT_TRUE(strpbrk(read.measurement, " ,\n") == NULL);
		}
}

TEST(a_point_is_a_line_with_its_tags_in_order)
{
	static const struct spool_schema schema = { .gateway = "house 3", .site = "farm" };
	struct point point = some();
	char line[LINE_MAX_BYTES];

	EXPECT_EQ(point_line_put(line, &schema, &point), strlen(line));
	EXPECT_STREQ(line, "hydropon_event,clk=2,event=trip-off,gateway=house\\ 3,site=farm,"
		     "subject=pump-a on=0i,cause=-7i 1790000000123\n");
	point = point_new("hydropon_up");
	point_field(&point, "boot", 3);
	EXPECT_EQ(point_line_put(line, &schema, &point), strlen(line));
	EXPECT_STREQ(line, "hydropon_up,clk=0,gateway=house\\ 3,site=farm boot=3i 0\n");
}

/* The longest that there can be. */
TEST(the_longest_point_fits_its_note_and_its_line)
{
	struct spool_schema schema = { 0 };
	struct point point = { .measurement = "", .tags_n = POINT_TAGS, .fields_n = POINT_FIELDS,
			       .wall_ms = INT64_MIN, .clk = -128 };
	uint8_t bytes[NOTE_BYTES_MAX];
	char line[LINE_MAX_BYTES];

	memset(schema.gateway, ',', sizeof(schema.gateway) - 1);
	memset(schema.site, ' ', sizeof(schema.site) - 1);
	memset(point.measurement, 'm', POINT_WORD - 1);
	for (size_t i = 0; i < POINT_TAGS; i++) {
		memset(point.tags[i].key, 'k', POINT_WORD - 1);
		memset(point.tags[i].value, 'v', POINT_WORD - 1);
	}
	for (size_t i = 0; i < POINT_FIELDS; i++) {
		memset(point.fields[i].key, 'f', POINT_WORD - 1);
		point.fields[i].value = INT64_MIN;
	}
	EXPECT_LE(point_put(bytes, &point), NOTE_BYTES_MAX);
	EXPECT_LT(point_line_put(line, &schema, &point), LINE_MAX_BYTES);
}
