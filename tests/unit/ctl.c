// SPDX-License-Identifier: GPL-2.0-only
/* What hydroponctl prints, and the program itself against the real hydropond. */
#include "unit/process.h"

#include <pty.h>

#include <json-c/json.h>

#include "ctl/explain.h"
#include "ctl/kernel.h"
#include "ctl/show.h"
#include "ctl/table.h"

#define CLIENT_MS 10000		/* hydroponctl gives up after 3 s */

/* A healthy site; the tests replace parts of it. */
#define POWER "\"power\":{\"present\":true,\"good\":true,\"shedding\":false,\"shed_left_ms\":0}"
#define CHANNEL "{\"name\":\"ph-a\",\"unit\":\"pH\",\"decimals\":2,\"value\":6.1234,\"q\":0," \
	"\"quality\":\"good\",\"age_ms\":120}"
#define OUTPUT "{\"name\":\"pump-a\",\"present\":true,\"on\":true,\"safe_on\":false," \
	"\"want_on\":true,\"cause\":\"lease\",\"changed_ago_ms\":192000,\"lease_left_ms\":1900," \
	"\"override\":null," \
	"\"needs\":[{\"channel\":\"ph-a\",\"good\":true}]}"
#define STORE "{\"name\":\"main\",\"state\":\"ok\",\"last_error\":null,\"produced\":100," \
	"\"delivered\":90,\"queued\":7,\"set_aside\":0,\"dropped\":{\"retention\":3}," \
	"\"lag_ms\":800}"
#define STATUS(power, channel, output, store)						\
	"{\"ok\":true,\"gateway\":\"greenhouse\",\"site\":\"home\",\"version\":\"1\"," \
	"\"uptime_s\":7,\"device\":\"/dev/hydropon0\",\"protected\":true,\"armed\":true," \
	power "," \
	"\"channels\":[" channel "],\"outputs\":[" output "],\"stream\":{\"lost\":0}," \
	"\"spool\":{\"produced\":100,\"pending\":2,\"bytes\":1048576,\"max_bytes\":1073741824," \
	"\"commit_last_us\":4200,\"commit_max_us\":88000,\"error\":null}," \
	"\"forwarder\":{\"configured\":1,\"running\":true}," \
	"\"stores\":{\"stores\":[" store "]},\"log_dropped\":0}"

static char shown[65536];

static const char *show(const char *json, bool colour)
{
	struct json_object *status = json_tokener_parse(json);
	FILE *out = fmemopen(shown, sizeof(shown), "w");

	ASSERT_TRUE(status != NULL);
	show_status(out, status, colour);
	fclose(out);
	json_object_put(status);
	return shown;
}

/* The first line that contains @part. */
static const char *line_with(const char *text, const char *part)
{
	static char line[1024];
	const char *found = strstr(text, part);
	size_t n;

	if (!found)
		return "";
	while (found > text && found[-1] != '\n')
		found--;
	n = strcspn(found, "\n");
	snprintf(line, sizeof(line), "%.*s", (int)n, found);
	return line;
}

static bool is_before(const char *text, const char *part, const char *place)
{
	const char *found = strstr(text, part);

	return found && found < place;
}

static const char *show_explanation(const char *json)
{
	struct json_object *answer = json_tokener_parse(json);
	FILE *out = fmemopen(shown, sizeof(shown), "w");

	ASSERT_TRUE(answer != NULL);
	explain_show(out, answer, false);
	fclose(out);
	json_object_put(answer);
	return shown;
}

TEST(explains_a_channel_with_each_test)
{
	show_explanation("{\"ok\":true,\"channel\":\"ph-a\",\"unit\":\"pH\",\"decimals\":2,"
		"\"value\":6.1234,\"q\":5,\"quality\":\"stuck\",\"since_ms\":42000,"
		"\"remedy\":\"restart it\",\"checks\":["
		"{\"name\":\"spike\",\"q\":2,\"state\":\"fine\",\"seen\":0.01,\"limit\":0.3,"
		"\"what\":\"off by, and most\",\"since_ms\":null},"
		"{\"name\":\"stuck\",\"q\":5,\"state\":\"fault\",\"seen\":342,\"limit\":300,"
		"\"what\":\"s the same\",\"since_ms\":42000},"
		"{\"name\":\"outvoted\",\"q\":7,\"state\":\"none\",\"seen\":null,"
		"\"limit\":null,\"what\":null,\"since_ms\":null}]}");
	EXPECT_CONTAINS(shown, "~ ph-a: uncertain, stuck for 42 s, 6.12 pH\n");
	EXPECT_CONTAINS(shown, "what to do: restart it\n");
	EXPECT_CONTAINS(line_with(shown, "342"), "stuck");
	EXPECT_CONTAINS(line_with(shown, "342"), "300");
	EXPECT_CONTAINS(line_with(shown, "342"), "42 s");
	EXPECT_CONTAINS(line_with(shown, "off by"), "fine");
	EXPECT_CONTAINS(line_with(shown, "outvoted"), "-");
}

TEST(explains_what_is_not_known_as_such)
{
	EXPECT_CONTAINS(show_explanation("{}"), "?: ?, no value\n");
	EXPECT_CONTAINS(show_explanation("{\"q\":101,\"checks\":[3]}"), "! ?: bad, ?, no value\n");
}

TEST(durations_are_for_people)
{
	static const struct {
		uint64_t ms;
		const char *text;
	} cases[] = {
		{ 0, "0.0 s" }, { 950, "0.9 s" }, { 9999, "9.9 s" }, { 10000, "10 s" },
		{ 59999, "59 s" }, { 60000, "1 min" }, { 200000, "3 min 20 s" },
		{ 7380000, "2 h 03 min" }, { 273600000, "3 d 4 h" },
	};
	char text[32];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		EXPECT_STREQ(duration_text(cases[i].ms, text, sizeof(text)), cases[i].text);
}

TEST(text_from_elsewhere_is_cleaned)
{
	char text[] = "a\033[2Jb\n\x7f\xc2\x9b\xff\xc3\xa4\xe2\x82";

	text_clean(text);
	EXPECT_STREQ(text, "a?[2Jb???" "??\xc3\xa4??");
	EXPECT_EQ(text_width("\xc3\xa4\xe2\x82\xac!"), 3);
}

TEST(columns_line_up_and_empty_ones_go)
{
	static const char *const titles[] = { "NAME", "VALUE", "NOTHING", "UNIT" };
	struct table *table = table_new("lrll", titles);
	char text[512];
	FILE *out = fmemopen(text, sizeof(text), "w");

	table_row(table, MARK_NONE);
	table_cell(table, "\xc3\xa4");
	table_cell(table, "1.5");
	table_cell(table, "%s", "");
	table_cell(table, "C");
	table_row(table, MARK_BAD);
	table_cell(table, "long-name");
	table_cell(table, "1234.5");
	table_print(table, out, false);
	fclose(out);
	EXPECT_STREQ(text, "  NAME        VALUE  UNIT\n"
			   "  \xc3\xa4             1.5  C\n"
			   "! long-name  1234.5\n");
	free(table);
}

TEST(a_table_that_is_too_long_says_so)
{
	static const char *const titles[] = { "NAME" };
	struct table *table = table_new("l", titles);
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (int i = 0; i < 2 * TABLE_ROWS; i++) {
		table_row(table, MARK_NONE);
		table_cell(table, "row-%d", i);
	}
	table_print(table, out, false);
	fclose(out);
	EXPECT_CONTAINS(text, "are left out");
	free(text);
	free(table);
}

TEST(a_screen_is_cut_by_characters_and_not_by_colours)
{
	char text[128];
	FILE *out = fmemopen(text, sizeof(text), "w");

	text_print_cut(out, "\033[31m\xc3\xa4\xc3\xb6\xc3\xbc\033[0m\nsecond\nthird\n", 2, 2, "$");
	fclose(out);
	EXPECT_STREQ(text, "\033[31m\xc3\xa4\xc3\xb6\033[0m$\nse$");
}

TEST(a_healthy_site_shows_no_problem)
{
	const char *text = show(STATUS(POWER, CHANNEL, OUTPUT, STORE), false);

	EXPECT_CONTAINS(text, "  greenhouse at home, hydropond 1 up for 7.0 s, mains good, "
			"outputs protected\n");
	EXPECT_TRUE(strstr(text, "! ") == NULL);
	EXPECT_TRUE(strstr(text, "~ ") == NULL);
	EXPECT_TRUE(strchr(text, '\033') == NULL);
	EXPECT_CONTAINS(line_with(text, "ph-a"), "6.12  pH    good     0.1 s");
	EXPECT_CONTAINS(line_with(text, "pump-a"), "on     3 min 12 s  held by a lease, 1.9 s left");
	EXPECT_CONTAINS(line_with(text, "  main"), "3 retention");
	EXPECT_CONTAINS(text, "spool: 100 samples committed, 2 waiting, 1.0 MiB of 1.0 GiB, "
			"commit 4.2 ms (longest 88.0 ms)");
}

TEST(problems_come_first)
{
	const char *text = show(STATUS(
		"\"power\":{\"present\":true,\"good\":false,\"shedding\":true}",
		"{\"name\":\"ph-a\",\"unit\":\"pH\",\"value\":null,\"q\":100,"
		"\"quality\":\"read error\",\"error\":\"Connection timed out\",\"age_ms\":15000}",
		"{\"name\":\"pump-a\",\"present\":true,\"on\":false,\"safe_on\":false,"
		"\"want_on\":true,\"cause\":\"shed\",\"held\":true,\"changed_ago_ms\":1,"
		"\"override\":{\"on\":true,\"left_ms\":48000},"
		"\"needs\":[{\"channel\":\"ph-a\",\"good\":false}]}", STORE), false);
	const char *table = strstr(text, "OUTPUT");

	ASSERT_TRUE(table != NULL);
	EXPECT_TRUE(is_before(text, "! mains power is LOST, outputs of the shed set", table));
	EXPECT_TRUE(is_before(text, "! ph-a: read error: Connection timed out, last heard of "
			      "before 15 s", table));
	EXPECT_TRUE(is_before(text, "! pump-a is off and should be on: forced off, mains power was "
			      "lost", table));
	EXPECT_CONTAINS(line_with(table, "pump-a"), "! pump-a");
	EXPECT_CONTAINS(line_with(table, "pump-a"), "forced off, mains power was lost");
	EXPECT_CONTAINS(line_with(table, "pump-a"), "forced off, mains power was lost  on, 48 s");
	EXPECT_CONTAINS(line_with(strstr(table, "CHANNEL"), "ph-a"), "      -  pH");
}

/* An output as it is while nothing is wrong, and what is said of it beside. */
#define FILL(more) "{\"name\":\"fill\",\"present\":true,\"on\":false,\"safe_on\":false,"	\
	"\"want_on\":false,\"cause\":\"released\",\"held\":false,\"changed_ago_ms\":5000,"	\
	"\"latched\":[],\"tripping\":[],\"faults\":[],\"switch\":\"auto\"," more "}"

TEST(what_is_wrong_with_an_output_catches_the_eye)
{
	static const struct {
		const char *more;	/* replaces what FILL says */
		const char *problem, *remedy, *row;
	} cases[] = {
		{ "\"latched\":[\"welded\"],\"cause\":\"welded\",\"held\":true",
		  "! fill is LATCHED OFF: its relay was on without being told (welded, or driven by "
		  "others)\n", "!    see the wiring, then: hydroponctl reset fill\n",
		  "! fill    off    5.0 s  latched off, its relay was on unasked" },
		{ "\"latched\":[\"welded\"],\"faults\":[\"welded\"],\"cause\":\"welded\"",
		  "! fill is LATCHED OFF: its relay is ON without being told (welded, or driven by "
		  "others)\n", "!    see the wiring, then: hydroponctl reset fill\n",
		  "! fill    off?   5.0 s  its relay is ON without being told" },
		{ "\"faults\":[\"welded\"],\"safe_on\":true",
		  "! fill: its relay is ON without being told (welded, or driven by others); see the "
		  "wiring\n", NULL, "! fill    off?   5.0 s  its relay is ON without being told" },
		{ "\"faults\":[\"not-closing\"],\"on\":true,\"want_on\":true,\"cause\":\"lease\"",
		  "! fill: its relay does not close; see its coil, its supply and the feedback wire\n",
		  NULL, "! fill    on?    5.0 s  its relay does not close" },
		{ "\"faults\":[\"switch\"]",
		  "! fill: both contacts of its switch are closed: it counts as auto; see its wires\n",
		  NULL, "! fill    off    5.0 s  hydropond released it" },
		{ "\"faults\":[\"switch-storm\"]",
		  "! fill: the contacts of its switch chatter: it counts as auto; see its wires\n",
		  NULL, "! fill    off    5.0 s  hydropond released it" },
		{ "\"latched\":[\"budget\"],\"cause\":\"budget\",\"held\":true",
		  "! fill is LATCHED OFF: its budget ran out while it was on\n",
		  "!    see why it needed so much, then: hydroponctl reset fill\n",
		  "! fill    off    5.0 s  latched off, its budget ran out" },
		{ "\"latched\":[\"trip-off-unless-held\"],\"trip_id\":7,\"cause\":\"trip-off\"",
		  "! fill is LATCHED OFF by interlock 7\n",
		  "!    see to what it watches, then: hydroponctl reset fill\n",
		  "! fill    off    5.0 s  latched off by interlock 7" },
		{ "\"latched\":[\"trip-on\"],\"trip_id\":8,\"cause\":\"trip-on\",\"on\":true",
		  "! fill is LATCHED ON by interlock 8\n", NULL,
		  "! fill    on     5.0 s  latched on by interlock 8" },
		{ "\"latched\":[\"trip-safe\"],\"trip_id\":9,\"cause\":\"trip-safe\"",
		  "! fill is LATCHED SAFE by interlock 9\n", NULL,
		  "! fill    off    5.0 s  latched safe by interlock 9" },
		{ "\"want_on\":true,\"cause\":\"trip-off\",\"held\":true,\"trip_id\":7,"
		  "\"tripping\":[\"trip-off\"]",
		  "! fill is off and should be on: forced off by interlock 7\n", NULL,
		  "! fill    off    5.0 s  forced off by interlock 7" },
		{ "\"want_on\":true,\"cause\":\"max-on\",\"held\":true,\"overran\":true",
		  "! fill is off and should be on: forced off, it was on for too long\n",
		  "!    to let it on again: hydroponctl set fill on\n",
		  "! fill    off    5.0 s  forced off, it was on for too long" },
		{ "\"want_on\":true,\"cause\":\"manual-off\",\"held\":true,\"switch\":\"off\"",
		  "~ fill is off and should be on: forced off, its switch is at OFF\n", NULL,
		  "~ fill    off    5.0 s  forced off, its switch is at OFF" },
		{ "\"on\":true,\"cause\":\"manual-on\",\"switch\":\"on\"",
		  "~ fill is on and should be off: on, its switch is at ON\n", NULL,
		  "~ fill    on     5.0 s  on, its switch is at ON" },
		{ "\"want_on\":true,\"needs\":[{\"channel\":\"level\",\"good\":false},"
		  "{\"channel\":\"flow\",\"good\":false}]",
		  "! fill is off and should be on: waits for level, flow\n", NULL,
		  "! fill    off    5.0 s  waits for level, flow" },
		{ "\"want_on\":true,\"set_error\":\"its budget is spent\"",
		  "! fill is off and should be on: its budget is spent\n", NULL,
		  "! fill    off    5.0 s  its budget is spent" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char status[4096];
		const char *text, *table;

		snprintf(status, sizeof(status), STATUS(POWER, CHANNEL, FILL("%s"), STORE),
			 cases[i].more);
		text = show(status, false);
		table = strstr(text, "OUTPUT");
		ASSERT_TRUE(table != NULL);
		EXPECT_CONTAINS(text, cases[i].problem);
		EXPECT_TRUE(is_before(text, cases[i].problem, table));
		if (cases[i].remedy)
			EXPECT_CONTAINS(text, cases[i].remedy);
		EXPECT_STREQ(line_with(table, "fill"), cases[i].row);
	}
}

TEST(an_interlock_that_trips_where_nothing_else_is_wanted_is_worth_knowing)
{
	const char *text = show(STATUS(POWER, CHANNEL,
		FILL("\"tripping\":[\"trip-off\"],\"trip_id\":3,\"cause\":\"trip-off\""), STORE),
		false);

	EXPECT_TRUE(strstr(text, "! ") == NULL);
	EXPECT_CONTAINS(text, "~ fill    off    5.0 s  forced off by interlock 3\n");
}

TEST(a_budget_says_what_is_left_of_it)
{
	const char *text = show(STATUS(POWER, CHANNEL, FILL("\"budget_ms\":60000,"
		"\"budget_window_ms\":3600000,\"budget_left_ms\":12000"), STORE), false);

	EXPECT_CONTAINS(text, "WHY                    BUDGET LEFT\n");
	EXPECT_CONTAINS(text, "hydropond released it  12 s of 1 min\n");
	text = show(STATUS(POWER, CHANNEL, FILL("\"budget_ms\":null"), STORE), false);
	EXPECT_TRUE(strstr(text, "BUDGET") == NULL);
}

TEST(wires_of_the_gateway_come_first)
{
	const char *text = show(STATUS("\"power\":{\"present\":true,\"good\":false,"
		"\"storm\":true},\"master_closed\":false", CHANNEL, OUTPUT, STORE), false);

	EXPECT_CONTAINS(text, "! the power-good line chatters: mains power counts as lost");
	EXPECT_CONTAINS(text, "! the MASTER CONTACTOR is open");
	text = show(STATUS(POWER ",\"master_closed\":true", CHANNEL, OUTPUT, STORE), false);
	EXPECT_TRUE(strstr(text, "! ") == NULL);
}

/* A bad night: the widest of what can stand in each column, with a long name. */
TEST(the_table_stays_within_a_hundred_columns)
{
	const char *text = show(STATUS(POWER, CHANNEL,
		"{\"name\":\"nutrient-a\",\"present\":true,\"on\":true,\"safe_on\":false,"
		"\"want_on\":true,\"cause\":\"lease\",\"held\":false,\"changed_ago_ms\":3540000,"
		"\"lease_left_ms\":1900,\"budget_ms\":60000,\"budget_left_ms\":12000,"
		"\"override\":{\"on\":true,\"left_ms\":599000}},"
		"{\"name\":\"ph-down\",\"present\":true,\"on\":false,\"safe_on\":false,"
		"\"want_on\":false,\"cause\":\"welded\",\"held\":true,\"changed_ago_ms\":3000,"
		"\"latched\":[\"welded\"],\"faults\":[\"welded\"],\"lease_left_ms\":0},"
		"{\"name\":\"circulation\",\"present\":true,\"on\":false,\"safe_on\":false,"
		"\"want_on\":true,\"cause\":\"max-on\",\"held\":true,\"overran\":true,"
		"\"changed_ago_ms\":300000,\"lease_left_ms\":0}", STORE), false);
	size_t longest = 0;

	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (strcspn(line, "\n") > longest)
			longest = strcspn(line, "\n");
	}
	harness_note("longest line: %zu", longest);
	EXPECT_LE(longest, 100);
}

TEST(an_output_without_its_device_is_not_known)
{
	const char *text = show(STATUS(POWER, CHANNEL,
		"{\"name\":\"fill\",\"present\":false,\"on\":false,\"safe_on\":false,"
		"\"want_on\":false,\"cause\":\"probe\",\"changed_ago_ms\":5}", STORE), false);

	EXPECT_CONTAINS(text, "! fill: its device is gone\n");
	EXPECT_CONTAINS(line_with(strstr(text, "OUTPUT"), "fill"),
			"! fill    ?      its device is gone");
}

TEST(a_line_that_fails_makes_the_state_doubtful)
{
	const char *text = show(STATUS(POWER, CHANNEL,
		"{\"name\":\"fill\",\"present\":true,\"on\":false,\"safe_on\":false,"
		"\"want_on\":false,\"cause\":\"released\",\"changed_ago_ms\":5,"
		"\"line_error\":\"Input/output error\"}", STORE), false);
	const char *line = line_with(strstr(text, "OUTPUT"), "fill");

	EXPECT_CONTAINS(line, "off?");
	EXPECT_CONTAINS(line, "writing to its line failed: Input/output error; the relay may "
			"still be on");
	EXPECT_CONTAINS(text, "! fill: writing to its line failed");
}

TEST(a_line_that_is_being_written_is_no_problem)
{
	const char *text = show(STATUS(POWER, CHANNEL,
		"{\"name\":\"fill\",\"present\":true,\"on\":true,\"safe_on\":false,"
		"\"want_on\":true,\"cause\":\"lease\",\"changed_ago_ms\":5,\"switching\":true}",
		STORE), false);

	EXPECT_CONTAINS(line_with(text, "fill"), "  fill    on, switching");
	EXPECT_TRUE(strstr(text, "! ") == NULL);
}

TEST(a_refusal_of_the_kernel_is_the_reason)
{
	const char *text = show(STATUS(POWER, CHANNEL,
		"{\"name\":\"fill\",\"present\":true,\"on\":false,\"safe_on\":false,"
		"\"want_on\":true,\"cause\":\"probe\",\"changed_ago_ms\":5,"
		"\"set_error\":\"the kernel refuses its lease\"}", STORE), false);

	EXPECT_CONTAINS(text, "! fill is off and should be on: the kernel refuses its lease\n");
	EXPECT_CONTAINS(line_with(strstr(text, "OUTPUT"), "fill"), "the kernel refuses its lease");
}

TEST(tells_that_the_spool_writes_no_blocks)
{
	show("{\"protected\":true,\"spool\":{\"block_error\":\"Input/output error\"}}", false);
	EXPECT_CONTAINS(shown, "no block can be written: Input/output error");
	show("{\"protected\":true,\"spool\":{\"lost\":12}}", false);
	EXPECT_CONTAINS(shown, "up to 12 samples are lost");
	show("{\"protected\":true,\"spool\":{\"block_error\":null,\"lost\":0}}", false);
	EXPECT_TRUE(!strstr(shown, "block") && !strstr(shown, "lost"));
}

TEST(a_stuck_spool_is_told)
{
	show("{\"protected\":true,\"spool\":{\"stuck_ms\":8200}}", false);
	EXPECT_CONTAINS(shown, "! the spool is stuck for 8 s: the disk does not answer; samples "
			"wait in memory\n");
	show("{\"protected\":true,\"spool\":{\"stuck_ms\":2900}}", false);
	EXPECT_TRUE(strstr(shown, "stuck") == NULL);
}

TEST(a_certificate_that_expires_soon_is_told)
{
	char json[256];

	for (int days = 10; days < 40; days += 20) {
		snprintf(json, sizeof(json), "{\"protected\":true,\"stores\":{\"stores\":[{\"name\":\"vm\","
			 "\"state\":\"ok\",\"certificate_expires_ms\":%lld}]}}",
			 (long long)(clock_wall_ms() + days * 86400000LL + 3600000));
		show(json, false);
		EXPECT_EQ(strstr(shown, "store vm: its certificate expires in 10 days") != NULL,
			  days == 10);
		EXPECT_EQ(strstr(shown, "expires") != NULL, days == 10);
	}
}

TEST(a_store_that_has_points_twice_is_told)
{
	show("{\"protected\":true,\"stores\":{\"stores\":[{\"name\":\"vm\",\"state\":\"ok\","
	     "\"repeated\":\"twice\"}]}}", false);
	EXPECT_CONTAINS(shown, "~ store vm: it has a point that comes twice two times; run it with "
			"-dedup.minScrapeInterval=1ms\n");
	show("{\"protected\":true,\"stores\":{\"stores\":[{\"name\":\"vm\",\"state\":\"ok\","
	     "\"repeated\":\"once\"}]}}", false);
	EXPECT_TRUE(strstr(shown, "twice") == NULL);
}

TEST(what_a_line_may_carry_is_shown)
{
#define MONTH(used) "{\"protected\":true,\"stores\":{\"stores\":[{\"name\":\"vm\"," \
	"\"state\":\"ok\",\"month_bytes\":" used ",\"monthly_data_bytes\":1048576}]}}"
	show(MONTH("524288"), false);
	EXPECT_CONTAINS(shown, "store vm: 512.0 KiB of 1.0 MiB sent this month\n");
	EXPECT_TRUE(strstr(shown, "monthly-data") == NULL);
	show(MONTH("838861"), false);
	EXPECT_CONTAINS(shown, "~ store vm: most of its monthly-data is used, the rest is for what is new\n");
	show("{\"protected\":true,\"stores\":{\"stores\":[{\"name\":\"vm\",\"state\":\"ok\","
	     "\"month_bytes\":7,\"monthly_data_bytes\":null}]}}", false);
	EXPECT_TRUE(strstr(shown, "this month") == NULL);
}

TEST(a_clock_that_was_not_set_is_told)
{
	show("{\"protected\":true,\"spool\":{\"clock\":{\"set\":false,\"boot\":2,\"clk\":0}}}", false);
	EXPECT_CONTAINS(shown, "~ the clock was not set since boot: samples are kept, and dated and "
			"sent once it is.");
	EXPECT_CONTAINS(shown, "timedatectl");
	show("{\"protected\":true,\"spool\":{\"clock\":{\"set\":true,\"boot\":2,\"clk\":0}}}", false);
	EXPECT_TRUE(strstr(shown, "clock") == NULL);
	show("{\"protected\":true,\"spool\":{\"clock\":null}}", false);
	EXPECT_TRUE(strstr(shown, "clock") == NULL);
}

TEST(a_system_that_goes_down_does_not_look_protected)
{
	const char *text = show(STATUS(POWER ",\"terminal\":true", CHANNEL, OUTPUT, STORE), false);

	EXPECT_TRUE(strstr(text, "outputs protected") == NULL);
	EXPECT_CONTAINS(text, "~ the system is going down, outputs stay safe\n");
}

TEST(a_sum_that_does_not_add_up_is_told)
{
	const char *text = show(STATUS(POWER, CHANNEL, OUTPUT,
		"{\"name\":\"main\",\"state\":\"ok\",\"produced\":100,\"delivered\":98,"
		"\"queued\":1,\"set_aside\":0,\"dropped\":{}}"), false);

	EXPECT_CONTAINS(text, "! store main: its sum does not add up");
}

TEST(a_store_in_trouble_is_told)
{
	const char *text = show(STATUS(POWER, CHANNEL, OUTPUT,
		"{\"name\":\"main\",\"state\":\"backoff\",\"last_error\":\"connection refused\","
		"\"produced\":5,\"delivered\":1,\"queued\":2,"
		"\"set_aside\":2,\"dropped\":{}}"), false);

	EXPECT_CONTAINS(text, "~ store main: backoff: connection refused");
	EXPECT_CONTAINS(text, "~ store main refused 2 lines");
	text = show(STATUS(POWER, CHANNEL, OUTPUT, "{\"name\":\"main\",\"state\":\"ok\","
		"\"last_error\":\"the cursor cannot be written\"}"), false);
	EXPECT_CONTAINS(text, "~ store main: ok: the cursor cannot be written");
}

#define CALIBRATED(what) "{\"name\":\"ph-a\",\"unit\":\"pH\",\"decimals\":2,\"value\":6.1234," \
	"\"q\":0,\"quality\":\"good\",\"age_ms\":120,\"calibration\":{" what "}}"

TEST(a_calibration_that_is_due_is_a_problem)
{
	EXPECT_CONTAINS(show(STATUS(POWER, CALIBRATED("\"due\":true,\"expired\":false"), OUTPUT, STORE),
			     false), "~ ph-a: its calibration is due; hydroponctl calibrate ph-a\n");
	EXPECT_CONTAINS(show(STATUS(POWER, CALIBRATED("\"due\":true,\"expired\":true"), OUTPUT, STORE),
			     false), "~ ph-a: its calibration has expired");
	EXPECT_CONTAINS(show(STATUS(POWER, CALIBRATED("\"damaged\":true"), OUTPUT, STORE), false),
			"~ ph-a: its calibration cannot be read");
	EXPECT_CONTAINS(show(STATUS(POWER, CALIBRATED("\"read_error\":\"I/O error\""), OUTPUT, STORE),
			     false), "~ ph-a: its calibration cannot be read: I/O error; see to its");
	EXPECT_CONTAINS(show(STATUS(POWER, CALIBRATED("\"calibrating\":\"anna\""), OUTPUT, STORE),
			     false), "~ ph-a: anna calibrates it");
	EXPECT_TRUE(strstr(show(STATUS(POWER, CALIBRATED("\"due\":false,\"version\":3"), OUTPUT, STORE),
				false), "calibra") == NULL);
}

TEST(colours_only_if_asked_for)
{
	const char *text = show(STATUS("\"power\":{}", CHANNEL, OUTPUT, STORE), true);

	EXPECT_CONTAINS(text, "\033[31m! mains power is LOST\033[0m\n");
}

TEST(any_document_is_shown_somehow)
{
	static const char *const documents[] = {
		"{}", "{\"outputs\":7,\"channels\":{},\"stores\":[],\"power\":null}",
		"{\"outputs\":[7,null,{},{\"needs\":3,\"override\":5,\"on\":\"yes\"}]}",
		"{\"channels\":[[],{\"value\":\"x\",\"decimals\":99999}]}",
		"{\"stores\":{\"stores\":[null,{\"dropped\":7},{\"dropped\":{\"x\":\"y\"}}]}}",
		"{\"gateway\":\"\\u001b[2J\",\"channels\":[{\"value\":1e308,\"decimals\":-5}]}",
	};

	for (size_t i = 0; i < sizeof(documents) / sizeof(documents[0]); i++) {
		EXPECT_GT(strlen(show(documents[i], false)), 0);
		EXPECT_TRUE(strchr(shown, '\033') == NULL);
	}
}

/* What the kernel says of one output, and the row and lines that come of it. */
TEST(the_kernels_view_of_an_output)
{
	static const struct {
		struct hydropon_output_info info;
		const char *row, *problem;
	} cases[] = {
		{ { .present = 1, .cause = HYDROPON_CAUSE_PROBE },
		  "  fill    off    5.0 s  safe since it was probed", NULL },
		{ { .present = 0 }, "! fill    ?      its device is gone",
		  "! fill: its device is gone\n" },
		{ { .present = 1, .on = 1, .cause = HYDROPON_CAUSE_LEASE, .lease_left_ms = 1900 },
		  "~ fill    on     5.0 s  held by a lease, 1.9 s left", NULL },
		{ { .present = 1, .safe_on = 1, .cause = HYDROPON_CAUSE_LEASE, .lease_left_ms = 900 },
		  "~ fill    off    5.0 s  held by a lease, 0.9 s left", NULL },
		{ { .present = 1, .cause = HYDROPON_CAUSE_CLOSED, .line_status = -EINPROGRESS },
		  "  fill    off, switching  5.0 s  hydropond closed the device or died", NULL },
		{ { .present = 1, .cause = HYDROPON_CAUSE_CLOSED, .line_status = -EIO },
		  "! fill    off?   5.0 s  writing to its line failed: Input/output error; the relay "
		  "may still be on", "! fill: writing to its line failed: Input/output error; the relay "
		  "may still be on\n" },
		{ { .present = 1, .cause = HYDROPON_CAUSE_WELDED, .latched = HYDROPON_LATCH_WELDED,
		    .feedback = 1, .faults = 1 << HYDROPON_FAULT_WELDED },
		  "! fill    off?   5.0 s  its relay is ON without being told",
		  "! fill is LATCHED OFF: its relay is ON without being told" },
		{ { .present = 1, .cause = HYDROPON_CAUSE_TRIP_SAFE, .trips = HYDROPON_TRIP_SAFE,
		    .trip_id = 5 }, "~ fill    off    5.0 s  held safe by interlock 5", NULL },
		{ { .present = 1, .on = 1, .cause = HYDROPON_CAUSE_MANUAL_ON,
		    .manual = HYDROPON_MANUAL_ON },
		  "~ fill    on     5.0 s  on, its switch is at ON", NULL },
		{ { .present = 1, .cause = HYDROPON_CAUSE_BUDGET, .budget_ms = 60000 },
		  "  fill    off    5.0 s  forced off, its budget is not known  0.0 s of 1 min", NULL },
		{ { .present = 1, .cause = HYDROPON_CAUSE_BUDGET, .budget_ms = 60000, .restored = 1 },
		  "  fill    off    5.0 s  forced off, its budget is spent  0.0 s of 1 min", NULL },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static struct kernel_view view;
		FILE *out = fmemopen(shown, sizeof(shown), "w");
		const char *table;

		view = (struct kernel_view){ .info = { .outputs = 1, .power_good = 1, .master = 1 },
					     .now_ns = 10 * NS_PER_SEC };
		view.outputs[0] = cases[i].info;
		snprintf(view.outputs[0].name, sizeof(view.outputs[0].name), "fill");
		view.outputs[0].changed_ns = 5 * NS_PER_SEC;
		kernel_show(out, &view, false);
		fclose(out);
		table = strstr(shown, "OUTPUT");
		ASSERT_TRUE(table != NULL);
		EXPECT_STREQ(line_with(table, "fill"), cases[i].row);
		if (cases[i].problem)
			EXPECT_TRUE(is_before(shown, cases[i].problem, table));
		else
			EXPECT_TRUE(table == strstr(shown, "\n  OUTPUT") + 3);
		/* what only hydropond knows is not made up */
		EXPECT_TRUE(strstr(shown, "should be") == NULL);
	}
}

TEST(the_kernels_view_tells_of_the_gateway)
{
	static struct kernel_view view = { .info = { .power_storm = 1, .terminal = 1 } };
	FILE *out = fmemopen(shown, sizeof(shown), "w");

	kernel_show(out, &view, false);
	fclose(out);
	EXPECT_CONTAINS(shown, "~ the system is going down, outputs stay safe\n");
	EXPECT_CONTAINS(shown, "! mains power is LOST\n");
	EXPECT_CONTAINS(shown, "! the power-good line chatters");
	EXPECT_CONTAINS(shown, "! the MASTER CONTACTOR is open");
}

TEST(the_kernels_view_tells_states_and_causes)
{
	static struct kernel_view view = {
		.info = { .channels = 1, .outputs = 2, .has_power_good = 1, .shedding = 1,
			  .power_good = 1, .shed_left_ms = 8000 },
		.channels = { { .name = "ph-a" } },
		.outputs = {
			{ .name = "pump-a", .present = 1, .cause = HYDROPON_CAUSE_CLOSED,
			  .changed_ns = 5 * NS_PER_SEC },
			{ .name = "air-a", .present = 1, .safe_on = 1, .on = 1 },
		},
		.now_ns = 10 * NS_PER_SEC,
	};
	FILE *out = fmemopen(shown, sizeof(shown), "w");

	kernel_show(out, &view, false);
	fclose(out);
	EXPECT_CONTAINS(shown, "mains power is back");
	EXPECT_CONTAINS(shown, "stable for another 8.0 s");
	EXPECT_CONTAINS(shown, "! channel ph-a: its device is gone");
	EXPECT_CONTAINS(line_with(shown, "pump-a"),
			"off    5.0 s  hydropond closed the device or died");
	EXPECT_CONTAINS(line_with(shown, "air-a"), "on      10 s  safe since it was probed");
}

FIXTURE(ctl)
{
	char dir[64];
	pid_t pid;
	char out[65536];
	char socket_dir[96], device[96], program[PATH_MAX];
};

FIXTURE_SETUP(ctl)
{
	directory_make(self->dir, sizeof(self->dir));
	snprintf(self->socket_dir, sizeof(self->socket_dir), "--socket-dir=%s/run", self->dir);
	snprintf(self->device, sizeof(self->device), "--device=%s/none", self->dir);
	program_path("hydroponctl", self->program, sizeof(self->program));
	self->pid = hydropond_start(self->dir);
}

FIXTURE_TEARDOWN(ctl)
{
	if (self->pid > 0)
		EXPECT_EQ(hydropond_stop(self->pid), 0);
	directory_remove(self->dir);
}

#define ARGUMENTS 8

/* hydroponctl with its output in @out_fd. */
static pid_t start(struct fixture_ctl *self, const char *const *arguments, int out_fd)
{
	char *all[ARGUMENTS + 4] = { self->program, self->socket_dir, self->device };

	for (size_t i = 0; arguments[i]; i++)
		all[3 + i] = (char *)arguments[i];
	return process_start(all, NULL, out_fd);
}

/* Runs it; the exit code. What it printed is in self->out. */
static int run_list(struct fixture_ctl *self, const char *const *arguments)
{
	int pipe_fds[2];
	size_t used = 0;
	ssize_t n;
	pid_t pid;

	ASSERT_EQ(pipe2(pipe_fds, O_CLOEXEC), 0);
	pid = start(self, arguments, pipe_fds[1]);
	close(pipe_fds[1]);
	while ((n = read(pipe_fds[0], self->out + used, sizeof(self->out) - 1 - used)) > 0)
		used += (size_t)n;
	self->out[used] = 0;
	close(pipe_fds[0]);
	return process_wait(pid, CLIENT_MS);
}

#define run(self, ...) run_list(self, (const char *const[]){ __VA_ARGS__, NULL })

TEST_F(ctl, shows_the_status)
{
	EXPECT_EQ(run(self, "status"), 0);
	EXPECT_CONTAINS(self->out, "greenhouse at home");
	EXPECT_CONTAINS(self->out, "! outputs are NOT protected");
	EXPECT_TRUE(strchr(self->out, '\033') == NULL);
	EXPECT_EQ(run(self, "status", "--json"), 0);
	EXPECT_CONTAINS(self->out, "{\"ok\":true,\"gateway\":\"greenhouse\"");
	EXPECT_EQ(strcspn(self->out, "\n"), strlen(self->out) - 1);
}

TEST_F(ctl, sets_and_releases)
{
	EXPECT_EQ(run(self, "set", "pump", "on", "--for", "2h"), 0);
	EXPECT_CONTAINS(self->out, "~ pump: on for 2 h 00 min; will wait for the kernel device");
	EXPECT_EQ(run(self, "status"), 0);
	EXPECT_CONTAINS(line_with(self->out, "! pump "), "on, 1 h 59 min");
	EXPECT_EQ(run(self, "set", "pump", "off"), 0);
	sleep_ms(5);
	EXPECT_EQ(run(self, "status", "--json"), 0);
	/* of 600 s */
	EXPECT_CONTAINS(self->out, "\"override\":{\"on\":false,\"left_ms\":59");
	EXPECT_EQ(run(self, "release", "pump"), 0);
	EXPECT_EQ(run(self, "status", "--json"), 0);
	EXPECT_TRUE(strstr(self->out, "\"left_ms\"") == NULL);
}

TEST_F(ctl, says_why_it_was_refused)
{
	EXPECT_EQ(run(self, "set", "heater", "on"), 1);
	EXPECT_CONTAINS(self->out, "hydropond refuses: no such output; there are: pump, air");
	EXPECT_EQ(run(self, "release", "pump"), 1);
	EXPECT_CONTAINS(self->out, "no override");
	EXPECT_EQ(run(self, "reset", "pump"), 1);
	EXPECT_CONTAINS(self->out, "hydropond refuses: pump cannot be reset: its device is gone");
}

TEST_F(ctl, proves_nothing_without_the_device)
{
	EXPECT_EQ(run(self, "proof", "pump", "--yes"), 1);
	EXPECT_CONTAINS(self->out, "pump cannot move: the kernel device is not open");
	EXPECT_EQ(run(self, "status", "--json"), 0);
	EXPECT_TRUE(strstr(self->out, "\"left_ms\"") == NULL);
}

TEST_F(ctl, proves_nothing_where_nobody_can_be_asked)
{
	int input = dup(STDIN_FILENO), nothing = open("/dev/null", O_RDONLY);

	dup2(nothing, STDIN_FILENO);
	EXPECT_EQ(run(self, "proof", "pump"), 2);
	EXPECT_CONTAINS(self->out, "say --yes if that may be");
	dup2(input, STDIN_FILENO);
	EXPECT_EQ(run(self, "proof", "pump", "--yes", "--for", "61s"), 2);
	EXPECT_CONTAINS(self->out, "\"61s\" is not between 1 s and 1 min; choose another");
	EXPECT_EQ(run(self, "proof", "pump", "--yes", "--for", "0.5s"), 2);
	EXPECT_EQ(run(self, "set", "pump", "on", "--yes"), 2);
	EXPECT_CONTAINS(self->out, "--yes belongs to proof");
}

TEST_F(ctl, times_have_units_and_bounds)
{
	static const struct {
		const char *time, *milliseconds;
	} good[] = {
		{ "30", "30000" }, { "30s", "30000" }, { "5m", "300000" }, { "2h", "7200000" },
		{ "1.5 min", "90000" }, { "250ms", "250" }, { "24h", "86400000" },
	};
	static const char *const bad[] = {
		"", "0", "-5", "25h", "5d", "five", "1e99", "nan", "5m3",
	};

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char wanted[32], left[32];

		EXPECT_EQ(run(self, "set", "air", "off", "--for", good[i].time), 0);
		EXPECT_EQ(run(self, "status", "--json"), 0);
		/* a little of it has gone by */
		snprintf(wanted, sizeof(wanted), "%s", good[i].milliseconds);
		if (strlen(wanted) < 4)
			continue;
		EXPECT_TRUE(strstr(self->out, "\"left_ms\":") != NULL);
		snprintf(left, sizeof(left), "%.12s", strstr(self->out, "\"left_ms\":") + 10);
		EXPECT_LE(atoll(left), atoll(wanted));
		EXPECT_GT(atoll(left), atoll(wanted) - 5000);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		EXPECT_EQ(run(self, "set", "air", "off", "--for", bad[i]), 2);
		EXPECT_CONTAINS(self->out, "hydroponctl: --for: ");
	}
}

TEST_F(ctl, prints_metrics)
{
	EXPECT_EQ(run(self, "metrics"), 0);
	EXPECT_CONTAINS(self->out, "hydropon_build_info{gateway=");
	EXPECT_CONTAINS(self->out, "\nhydropon_spool_samples_total ");
	EXPECT_CONTAINS(self->out, "\n# EOF\n");
}

TEST_F(ctl, wrong_usage_is_two)
{
	EXPECT_EQ(run(self, "dance"), 2);
	EXPECT_CONTAINS(self->out, "there is no command \"dance\"; hydroponctl --help shows them");
	EXPECT_EQ(run(self, "status", "more"), 2);
	EXPECT_CONTAINS(self->out, "status takes nothing more");
	EXPECT_EQ(run(self, "set", "pump"), 2);
	EXPECT_EQ(run(self, "set", "pump", "up"), 2);
	EXPECT_CONTAINS(self->out, "\"up\" is neither on nor off");
	EXPECT_EQ(run(self, "release"), 2);
	EXPECT_EQ(run(self, "reset"), 2);
	EXPECT_CONTAINS(self->out, "reset takes the name of one output");
	EXPECT_EQ(run(self, "proof"), 2);
	EXPECT_EQ(run(self, "--no-such-option"), 2);
	EXPECT_EQ(run(self, "status", "--for", "5m"), 2);
	EXPECT_EQ(run(self, "watch", "--interval", "0"), 2);
	EXPECT_EQ(run(self, "--help"), 0);
	EXPECT_EQ(run(self, "--version"), 0);
}

TEST_F(ctl, says_that_hydropond_is_not_running)
{
	EXPECT_EQ(hydropond_stop(self->pid), 0);
	self->pid = 0;
	EXPECT_EQ(run(self, "status"), 3);
	EXPECT_CONTAINS(self->out, "! hydropond is not running");
	EXPECT_CONTAINS(self->out, "! the state of the outputs is not known here");
	EXPECT_EQ(run(self, "status", "--json"), 3);
	EXPECT_EQ(run(self, "proof", "pump", "--yes"), 3);
	EXPECT_EQ(run(self, "reset", "pump"), 3);
	EXPECT_EQ(run(self, "set", "pump", "on"), 3);
	EXPECT_CONTAINS(self->out, "systemctl start hydropond");
}

TEST_F(ctl, says_that_hydropond_hangs)
{
	uint64_t start_ns = clock_boot_ns();

	kill(self->pid, SIGSTOP);
	EXPECT_EQ(run(self, "status"), 3);
	EXPECT_CONTAINS(self->out, "! hydropond does not answer");
	EXPECT_LT(clock_boot_ns() - start_ns, CLIENT_MS * NS_PER_MS);
}

TEST_F(ctl, what_it_reported_as_failed_does_not_happen_later)
{
	kill(self->pid, SIGSTOP);
	EXPECT_EQ(run(self, "set", "pump", "on"), 3);
	EXPECT_CONTAINS(self->out, "hydropond does not answer");
	kill(self->pid, SIGCONT);
	sleep_ms(1000);
	EXPECT_EQ(run(self, "status", "--json"), 0);
	EXPECT_TRUE(strstr(self->out, "\"left_ms\"") == NULL);
}

/* What comes out of @fd until @needle has come, or false. */
static bool sees(struct fixture_ctl *self, int fd, const char *needle)
{
	uint64_t deadline_ns = clock_boot_ns() + CLIENT_MS * NS_PER_MS;
	size_t used = 0;

	while (clock_boot_ns() < deadline_ns && used < sizeof(self->out) - 1) {
		struct pollfd poll_fd = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (poll(&poll_fd, 1, 100) != 1)
			continue;
		n = read(fd, self->out + used, sizeof(self->out) - 1 - used);
		if (n <= 0)
			return false;
		used += (size_t)n;
		self->out[used] = 0;
		if (strstr(self->out, needle))
			return true;
	}
	return false;
}

TEST_F(ctl, watch_redraws_in_place_through_death_and_return)
{
	const char *const arguments[] = { "watch", "--interval", "0.1", NULL };
	struct winsize size = { .ws_row = 10, .ws_col = 40 };
	int screen, terminal;
	pid_t pid;

	ASSERT_EQ(openpty(&screen, &terminal, NULL, NULL, &size), 0);
	pid = start(self, arguments, terminal);
	close(terminal);
	ASSERT_TRUE(sees(self, screen, "\033[H  greenhouse at home, hydropond 0.1 up f"));
	EXPECT_CONTAINS(self->out, "\033[?25l");
	EXPECT_TRUE(sees(self, screen, "\033[J"));
	EXPECT_TRUE(strstr(self->out, "up fo") == NULL);	/* the screen has 40 columns */
	kill(self->pid, SIGKILL);
	ASSERT_EQ(process_wait(self->pid, PROCESS_WAIT_MS), 128 + SIGKILL);
	EXPECT_TRUE(sees(self, screen, "hydropond is not running"));
	self->pid = hydropond_start(self->dir);
	EXPECT_TRUE(sees(self, screen, "greenhouse at home"));
	kill(pid, SIGINT);
	EXPECT_TRUE(sees(self, screen, "\033[?25h"));
	EXPECT_EQ(process_wait(pid, CLIENT_MS), 0);
	close(screen);
}

TEST_F(ctl, watch_into_a_pipe_is_plain)
{
	const char *const arguments[] = { "watch", "--interval", "0.1", NULL };
	int pipe_fds[2];
	pid_t pid;

	ASSERT_EQ(pipe2(pipe_fds, O_CLOEXEC), 0);
	pid = start(self, arguments, pipe_fds[1]);
	close(pipe_fds[1]);
	EXPECT_TRUE(sees(self, pipe_fds[0], "spool: "));
	EXPECT_TRUE(sees(self, pipe_fds[0], "spool: "));
	EXPECT_TRUE(strchr(self->out, '\033') == NULL);
	kill(pid, SIGTERM);
	EXPECT_EQ(process_wait(pid, CLIENT_MS), 0);
	close(pipe_fds[0]);
}

TEST_F(ctl, check_judges_the_configuration_alone)
{
	char program[PATH_MAX], conf[128], text[512] = "";
	char *const arguments[] = { program, "--check", "--config", conf, NULL };
	int pipe_fds[2];
	pid_t pid;

	program_path("hydropond", program, sizeof(program));
	snprintf(conf, sizeof(conf), "%s/hydropon.conf", self->dir);
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(pipe2(pipe_fds, O_CLOEXEC), 0);
		pid = process_start(arguments, NULL, pipe_fds[1]);
		close(pipe_fds[1]);
		EXPECT_EQ(process_wait(pid, PROCESS_WAIT_MS), i);
		EXPECT_GT(read(pipe_fds[0], text, sizeof(text) - 1), 0);
		EXPECT_CONTAINS(text, i ? "wnat" : "configuration is good: 1 channels, 2 outputs, "
				"0 stores");
		close(pipe_fds[0]);
		file_put(self->dir, "hydropon.conf", "[output pump]\nwnat = on\n");
	}
}
