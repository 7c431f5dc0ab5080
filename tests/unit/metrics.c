// SPDX-License-Identifier: GPL-2.0-only
#include "harness.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "control/metrics.h"

#define STATUS										\
	"{\"ok\":true,\"gateway\":\"greenhouse\",\"site\":\"home\",\"version\":\"1\\\"2\\\\3\\n\","	\
	"\"uptime_s\":12,\"protected\":true,\"armed\":false,\"master_closed\":null,"		\
	"\"power\":{\"good\":true,\"shedding\":false},"					\
	"\"channels\":[{\"name\":\"ph-a\",\"unit\":\"pH\",\"value\":6.125,\"q\":0,\"age_ms\":250,"	\
	"\"samples\":18446744073709551615,\"bad\":0},"					\
	"{\"name\":\"ec-a\",\"unit\":\"uS/cm\",\"value\":null,\"q\":100,\"samples\":7,\"bad\":7}],"	\
	"\"outputs\":[{\"name\":\"pump\",\"on\":true,\"safe_on\":false,\"want_on\":true,"	\
	"\"held\":false,\"refused\":3}],"							\
	"\"stream\":{\"records\":100,\"lost\":0,\"missed\":2},"				\
	"\"spool\":{\"produced\":99,\"pending\":1,\"refused_queue\":4,\"refused_error\":5,"	\
	"\"bytes\":4096,\"commit_last_us\":6500,\"stuck_ms\":0,\"error\":null,"		\
	"\"block_error\":\"Input/output error\","						\
	"\"clock\":{\"set\":false,\"boot\":3,\"clk\":1}},"					\
	"\"stores\":{\"stores\":[{\"name\":\"vm\",\"state\":\"ok\",\"produced\":20,"		\
	"\"delivered\":10,\"queued\":3,\"set_aside\":1,\"dropped\":{\"spool full\":4,"		\
	"\"no date\":2},\"lag_ms\":1500,\"last_ok_ms\":null},"				\
	"{\"name\":\"cloud\",\"state\":\"backoff\",\"produced\":20,\"delivered\":20,"		\
	"\"queued\":1,\"set_aside\":0,\"dropped\":{}}]},"					\
	"\"forwarder\":{\"running\":true}}"

static char *text_of(const char *json)
{
	struct json_object *status = json_tokener_parse(json);
	char *text;

	ASSERT_TRUE(status != NULL);
	text = metrics_text(status);
	json_object_put(status);
	ASSERT_TRUE(text != NULL);
	return text;
}

TEST(tells_what_the_status_tells)
{
	static const char *const lines[] = {
		"hydropon_build_info{gateway=\"greenhouse\",site=\"home\",version=\"1\\\"2\\\\3\\n\"} 1\n",
		"# TYPE hydropon_uptime_seconds gauge\n# UNIT hydropon_uptime_seconds seconds\n",
		"\nhydropon_uptime_seconds 12\n",
		"\nhydropon_protected 1\n",
		"\nhydropon_armed 0\n",
		"\nhydropon_power_good 1\n",
		"\nhydropon_clock_set 0\n",
		"\nhydropon_clock_number 1\n",
		"\nhydropon_channel_value{channel=\"ph-a\",unit=\"pH\"} 6.125\n#",
		"\nhydropon_channel_quality{channel=\"ph-a\"} 0\n"
		"hydropon_channel_quality{channel=\"ec-a\"} 100\n",
		"\nhydropon_channel_age_seconds{channel=\"ph-a\"} 0.25\n",
		"# TYPE hydropon_channel_samples counter\n",
		"\nhydropon_channel_samples_total{channel=\"ph-a\"} 18446744073709551615\n",
		"\nhydropon_output_on{output=\"pump\"} 1\n",
		"\nhydropon_output_refused_total{output=\"pump\"} 3\n",
		"\nhydropon_stream_missed_ticks_total 2\n",
		"\nhydropon_spool_samples_total 99\n",
		"\nhydropon_spool_commit_last_seconds 0.0065\n",
		"\nhydropon_spool_refused_total{cause=\"queue full\"} 4\n"
		"hydropon_spool_refused_total{cause=\"error\"} 5\n",
		"\nhydropon_spool_failing{what=\"commit\"} 0\n"
		"hydropon_spool_failing{what=\"block\"} 1\n",
		"\nhydropon_store_ok{store=\"vm\"} 1\nhydropon_store_ok{store=\"cloud\"} 0\n",
		"\nhydropon_store_lag_seconds{store=\"vm\"} 1.5\n#",
		"\nhydropon_store_dropped_total{store=\"vm\",cause=\"spool full\"} 4\n"
		"hydropon_store_dropped_total{store=\"vm\",cause=\"no date\"} 2\n",
		/* The sum of the second one does not add up. */
		"\nhydropon_store_uncounted{store=\"vm\"} 0\n"
		"hydropon_store_uncounted{store=\"cloud\"} -1\n",
		"\nhydropon_forwarder_running 1\n",
	};
	char *text = text_of(STATUS);

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		EXPECT_CONTAINS(text, lines[i]);
	EXPECT_TRUE(strstr(text, "master_closed") == NULL);
	EXPECT_TRUE(strstr(text, "last_ok") == NULL);
	free(text);
}

/* The name of the family that a line belongs to, in @name. */
static void family_of(const char *line, char *name, size_t size)
{
	static const char *const suffixes[] = { "_total", "_info" };
	const char *begin = *line == '#' ? line + strlen("# TYPE ") : line;
	size_t length = strcspn(begin, " {\n");

	snprintf(name, size, "%.*s", (int)length, begin);
	for (size_t i = 0; *line != '#' && i < 2; i++) {
		size_t n = strlen(suffixes[i]);

		if (length > n && !strcmp(name + length - n, suffixes[i]))
			name[length - n] = 0;
	}
}

/* As the specification wants it: each family at one place, its type first, no sample twice. */
static void expect_well_formed(const char *text)
{
	char seen[8192] = "", family[128] = "", name[128], samples[16384] = "";

	while (strncmp(text, "# EOF\n", 6)) {
		const char *end = strchr(text, '\n');
		char line[512];

		ASSERT_TRUE(end != NULL);
		snprintf(line, sizeof(line), "%.*s", (int)(end - text), text);
		family_of(line, name, sizeof(name));
		if (!strncmp(line, "# TYPE ", 7)) {
			char mark[160];

			snprintf(family, sizeof(family), "%s", name);
			snprintf(mark, sizeof(mark), "<%s>", name);
			EXPECT_TRUE(strstr(seen, mark) == NULL);
			strcat(seen, mark);
		}
		EXPECT_STREQ(name, family);
		if (*line != '#') {
			char *number = strrchr(line, ' ');

			ASSERT_TRUE(number != NULL);
			EXPECT_TRUE(isdigit(number[1]) || number[1] == '-');
			*number = 0;
			strcat(line, "|");
			EXPECT_TRUE(strstr(samples, line) == NULL);
			strcat(samples, line);
		}
		text = end + 1;
	}
	EXPECT_STREQ(text, "# EOF\n");
}

TEST(is_well_formed_whatever_the_status_is)
{
	static const char *const statuses[] = {
		STATUS, "{}", "[]", "null", "{\"channels\":{},\"stores\":[],\"spool\":1}",
		"{\"stores\":{\"stores\":[1,null,{\"name\":5,\"dropped\":[]},{\"dropped\":{\"a\":\"b\"}}]}}",
		"{\"channels\":[null,{\"name\":\"x\",\"value\":\"5\",\"q\":{}}]}",
	};

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		struct json_object *status = json_tokener_parse(statuses[i]);
		char *text = metrics_text(status);

		ASSERT_TRUE(text != NULL);
		/* Stores without a name are not told apart: that is the forwarder's affair. */
		if (i != 5)
			expect_well_formed(text);
		free(text);
		json_object_put(status);
	}
}
