// SPDX-License-Identifier: GPL-2.0-only
#include "harness.h"

#include <math.h>
#include <stdio.h>

#include "forward/line_protocol.h"

static struct spool_schema schema = {
	.gateway = "greenhouse",
	.site = "home",
	.series_n = 2,
	.series = { { "ph-a", "ph", "pH", 3 }, { "ec-a", "ec", "uS/cm", 0 } },
};

static struct sample ph = { .wall_ms = 1690000000123, .value = 6.1234, .channel = 0, .q = Q_GOOD };

static const char *line_of(const struct sample *sample, bool *not_finite)
{
	static char out[LINE_MAX_BYTES];
	size_t length = line_put(out, &schema, sample, not_finite);

	EXPECT_EQ(length, strlen(out));
	return out;
}

#define HEAD "hydropon,channel=ph-a,clk=0,gateway=greenhouse,quantity=ph,site=home,unit=pH"

#define EXPECT_LINE(sample, line)						\
	do {									\
		bool not_finite = false;					\
										\
		EXPECT_STREQ(line_of(&(sample), &not_finite), line);		\
		EXPECT_FALSE(not_finite);					\
	} while (0)

TEST(writes_the_schema_of_the_stores)
{
	struct sample ec = { .wall_ms = 5, .value = 1413.4, .channel = 1, .q = Q_GOOD };

	EXPECT_LINE(ph, "hydropon,channel=ph-a,clk=0,gateway=greenhouse,quantity=ph,site=home,unit=pH "
		    "value=6.123,q=0i 1690000000123\n");
	EXPECT_LINE(ec, "hydropon,channel=ec-a,clk=0,gateway=greenhouse,quantity=ec,site=home,unit=uS/cm "
		    "value=1413,q=0i 5\n");
}

TEST(leaves_out_the_value_of_a_bad_sample)
{
	struct sample sample = ph;

	sample.q = Q_BAD_READ;
	EXPECT_LINE(sample, HEAD " q=100i 1690000000123\n");
	sample.q = Q_UNCERTAIN_TEMPERATURE;
	EXPECT_LINE(sample, HEAD " value=6.123,q=1i 1690000000123\n");
}

TEST(never_sends_what_is_no_number)
{
	const double values[] = { NAN, INFINITY, -INFINITY };

	for (size_t i = 0; i < 3; i++) {
		struct sample sample = ph;
		bool not_finite = false;

		sample.value = values[i];
		EXPECT_STREQ(line_of(&sample, &not_finite),
			     HEAD " q=0i 1690000000123\n");
		EXPECT_TRUE(not_finite);
		/* Of a bad sample the value means nothing, so nothing is missing. */
		sample.q = Q_BAD_RANGE;
		not_finite = false;
		line_of(&sample, &not_finite);
		EXPECT_FALSE(not_finite);
	}
}

TEST(keeps_huge_values_short)
{
	struct sample sample = ph;
	bool not_finite = false;

	sample.value = -1.7976931348623157e308;
	EXPECT_CONTAINS(line_of(&sample, &not_finite), " value=-1.7976931348623157e+308,q=0i ");
	sample.value = 999999999999999.0;
	EXPECT_CONTAINS(line_of(&sample, &not_finite), " value=999999999999999.000,q=0i ");
	sample.value = -0.25;
	EXPECT_CONTAINS(line_of(&sample, &not_finite), " value=-0.250,q=0i ");
	sample.wall_ms = INT64_MIN;
	EXPECT_CONTAINS(line_of(&sample, &not_finite), " -9223372036854775808\n");
}

static const struct {
	const char *site, *tag;
} escapes[] = {
	{ "home", ",site=home," },
	{ "a b", ",site=a\\ b," },
	{ "a,b", ",site=a\\,b," },
	{ "a=b", ",site=a\\=b," },
	{ " ,=", ",site=\\ \\,\\=," },
	{ "a\\b", ",site=a\\b," },
	{ "a\\", ",site=a_," },
	{ "a\\\\", ",site=a__," },
	{ "a\\\\b", ",site=a_\\b," },
	{ "a\\ b", ",site=a_\\ b," },
	{ "a\\,b", ",site=a_\\,b," },
	{ "a\\=b", ",site=a_\\=b," },
	{ "a\nb", ",site=a_b," },
	{ "a\tb\x7f", ",site=a_b_," },
	{ "\"q\" 'x'", ",site=\"q\"\\ 'x'," },
	{ "S\xc3\xbc" "d", ",site=S\xc3\xbc" "d," },
	{ "", ",quantity=ph,unit=pH " },
};

TEST(escapes_tag_values)
{
	for (size_t i = 0; i < sizeof(escapes) / sizeof(*escapes); i++) {
		bool not_finite;

		snprintf(schema.site, sizeof(schema.site), "%s", escapes[i].site);
		EXPECT_CONTAINS(line_of(&ph, &not_finite), escapes[i].tag);
	}
}

TEST(fits_the_longest_line)
{
	struct sample sample = { .wall_ms = INT64_MIN, .value = -999999999999999.5, .q = Q_GOOD };
	struct spool_series *series = &schema.series[0];
	bool not_finite;

	memset(schema.gateway, ' ', sizeof(schema.gateway) - 1);
	memset(schema.site, ' ', sizeof(schema.site) - 1);
	memset(series->channel, ' ', sizeof(series->channel) - 1);
	memset(series->quantity, ' ', sizeof(series->quantity) - 1);
	memset(series->unit, ' ', sizeof(series->unit) - 1);
	series->decimals = SPOOL_DECIMALS_MAX;
	EXPECT_LT(strlen(line_of(&sample, &not_finite)), LINE_MAX_BYTES);
}
