// SPDX-License-Identifier: GPL-2.0-only
#include "protect/terms.h"

#include <linux/hydropon.h>

static const char *const fault_words[] = {
	[HYDROPON_FAULT_WELDED] = "welded",
	[HYDROPON_FAULT_NOT_CLOSING] = "not-closing",
	[HYDROPON_FAULT_SWITCH] = "switch",
	[HYDROPON_FAULT_SWITCH_STORM] = "switch-storm",
	[HYDROPON_FAULT_POWER_STORM] = "power-storm",
};

static const char *const manuals[] = {
	[HYDROPON_MANUAL_AUTO] = "auto",
	[HYDROPON_MANUAL_ON] = "on",
	[HYDROPON_MANUAL_OFF] = "off",
};

static const struct {
	uint32_t bit;
	const char *name;
} latches[] = {
	{ HYDROPON_TRIP_OFF, "trip-off" },
	{ HYDROPON_TRIP_ON, "trip-on" },
	{ HYDROPON_TRIP_SAFE, "trip-safe" },
	{ HYDROPON_TRIP_OFF << HYDROPON_TRIP_PASS_SHIFT, "trip-off-unless-held" },
	{ HYDROPON_TRIP_ON << HYDROPON_TRIP_PASS_SHIFT, "trip-on-unless-held" },
	{ HYDROPON_TRIP_SAFE << HYDROPON_TRIP_PASS_SHIFT, "trip-safe-unless-held" },
	{ HYDROPON_LATCH_WELDED, "welded" },
	{ HYDROPON_LATCH_BUDGET, "budget" },
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *fault_name(unsigned int fault)
{
	return fault < COUNT(fault_words) && fault_words[fault] ? fault_words[fault] : "unknown";
}

const char *manual_name(unsigned int manual)
{
	return manual < COUNT(manuals) ? manuals[manual] : "unknown";
}

size_t fault_names(uint32_t faults, const char *names[TERMS_MAX])
{
	size_t count = 0;

	for (unsigned int fault = 0; fault < 32; fault++)
		if (faults & 1u << fault)
			names[count++] = fault_name(fault);
	return count;
}

size_t latch_names(uint32_t bits, const char *names[TERMS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < COUNT(latches); i++)
		if (bits & latches[i].bit)
			names[count++] = latches[i].name;
	if (bits & ~(uint32_t)HYDROPON_LATCHES)
		names[count++] = "unknown";
	return count;
}
