// SPDX-License-Identifier: GPL-2.0-only
/* Words for what the kernel says, all of them and no others. */
#include "harness.h"

#include <syslog.h>

#include <linux/hydropon.h>

#include "protect/cause.h"
#include "protect/terms.h"

TEST(every_cause_has_words_of_its_own)
{
	for (uint32_t i = 0; i <= HYDROPON_CAUSE_CLEARED; i++) {
		EXPECT_STREQ(cause_text_of_name(cause_name(i)), cause_text(i));
		EXPECT_LE(strlen(cause_text(i)), 40);	/* a column of the table */
		for (uint32_t j = 0; j < i; j++)
			EXPECT_TRUE(strcmp(cause_name(i), cause_name(j)) &&
				    strcmp(cause_text(i), cause_text(j)));
	}
	EXPECT_STREQ(cause_name(HYDROPON_CAUSE_CLEARED + 1), "unknown");
	EXPECT_CONTAINS(cause_text(HYDROPON_CAUSE_CLEARED + 1), "does not know");
	EXPECT_STREQ(cause_text_of_name("unheard-of"), "unheard-of");
}

TEST(what_forces_an_output_is_stronger_than_a_lease)
{
	static const struct {
		enum hydropon_cause cause;
		bool is_stronger, is_alarm;
	} cases[] = {
		{ HYDROPON_CAUSE_PROBE, false, false }, { HYDROPON_CAUSE_LEASE, false, false },
		{ HYDROPON_CAUSE_RELEASED, false, false }, { HYDROPON_CAUSE_EXPIRED, false, false },
		{ HYDROPON_CAUSE_CLOSED, false, false }, { HYDROPON_CAUSE_SHED, true, false },
		{ HYDROPON_CAUSE_RESTORED, false, false }, { HYDROPON_CAUSE_SHUTDOWN, false, false },
		{ HYDROPON_CAUSE_UNBIND, false, false }, { HYDROPON_CAUSE_WELDED, true, true },
		{ HYDROPON_CAUSE_TRIP_OFF, true, true }, { HYDROPON_CAUSE_MANUAL_OFF, true, false },
		{ HYDROPON_CAUSE_MAX_ON, true, true }, { HYDROPON_CAUSE_BUDGET, true, true },
		{ HYDROPON_CAUSE_TRIP_ON, true, true }, { HYDROPON_CAUSE_TRIP_SAFE, true, true },
		{ HYDROPON_CAUSE_MANUAL_ON, false, false }, { HYDROPON_CAUSE_NEED, false, false },
		{ HYDROPON_CAUSE_SUSPEND, false, false }, { HYDROPON_CAUSE_REPLACED, false, false },
		{ HYDROPON_CAUSE_CLEARED, false, false },
	};

	EXPECT_EQ(sizeof(cases) / sizeof(cases[0]), HYDROPON_CAUSE_CLEARED + 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		EXPECT_EQ(cause_is_stronger(cases[i].cause), cases[i].is_stronger);
		EXPECT_EQ(cause_priority(cases[i].cause),
			  cases[i].is_alarm ? LOG_WARNING : LOG_NOTICE);
	}
	EXPECT_FALSE(cause_is_stronger(HYDROPON_CAUSE_CLEARED + 1));
}

TEST(bits_become_words)
{
	static const struct {
		uint32_t bit;
		const char *name;
	} latches[] = {
		{ HYDROPON_TRIP_OFF, "trip-off" }, { HYDROPON_TRIP_ON, "trip-on" },
		{ HYDROPON_TRIP_SAFE, "trip-safe" },
		{ HYDROPON_TRIP_OFF << HYDROPON_TRIP_PASS_SHIFT, "trip-off-unless-held" },
		{ HYDROPON_TRIP_ON << HYDROPON_TRIP_PASS_SHIFT, "trip-on-unless-held" },
		{ HYDROPON_TRIP_SAFE << HYDROPON_TRIP_PASS_SHIFT, "trip-safe-unless-held" },
		{ HYDROPON_LATCH_WELDED, "welded" }, { HYDROPON_LATCH_BUDGET, "budget" },
		{ 1u << 31, "unknown" },
	}, faults[] = {
		{ 1 << HYDROPON_FAULT_WELDED, "welded" },
		{ 1 << HYDROPON_FAULT_NOT_CLOSING, "not-closing" },
		{ 1 << HYDROPON_FAULT_SWITCH, "switch" },
		{ 1 << HYDROPON_FAULT_SWITCH_STORM, "switch-storm" },
		{ 1 << HYDROPON_FAULT_POWER_STORM, "power-storm" }, { 1, "unknown" },
		{ 1u << 31, "unknown" },
	};
	const char *names[TERMS_MAX];

	for (size_t i = 0; i < sizeof(latches) / sizeof(latches[0]); i++) {
		ASSERT_EQ(latch_names(latches[i].bit, names), 1);
		EXPECT_STREQ(names[0], latches[i].name);
	}
	EXPECT_EQ(latch_names(HYDROPON_LATCHES, names), 8);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		ASSERT_EQ(fault_names(faults[i].bit, names), 1);
		EXPECT_STREQ(names[0], faults[i].name);
	}
	EXPECT_EQ(fault_names(0, names), 0);
	EXPECT_EQ(fault_names(UINT32_MAX, names), 32);
	EXPECT_LE(latch_names(UINT32_MAX, names), TERMS_MAX);
}

TEST(a_switch_has_three_positions)
{
	EXPECT_STREQ(manual_name(HYDROPON_MANUAL_AUTO), "auto");
	EXPECT_STREQ(manual_name(HYDROPON_MANUAL_ON), "on");
	EXPECT_STREQ(manual_name(HYDROPON_MANUAL_OFF), "off");
	EXPECT_STREQ(manual_name(3), "unknown");
}
