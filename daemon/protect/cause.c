// SPDX-License-Identifier: GPL-2.0-only
#include "protect/cause.h"

#include <stddef.h>
#include <string.h>
#include <syslog.h>

#include <linux/hydropon.h>

static const struct {
	const char *name, *text;
	bool is_stronger, is_alarm;
} causes[] = {
	[HYDROPON_CAUSE_PROBE] = { "probe", "safe since it was probed" },
	[HYDROPON_CAUSE_LEASE] = { "lease", "held by a lease" },
	[HYDROPON_CAUSE_RELEASED] = { "released", "hydropond released it" },
	[HYDROPON_CAUSE_EXPIRED] = { "expired", "its lease was not renewed in time" },
	[HYDROPON_CAUSE_CLOSED] = { "closed", "hydropond closed the device or died" },
	[HYDROPON_CAUSE_SHED] = { "shed", "forced off, mains power was lost", true },
	[HYDROPON_CAUSE_RESTORED] = { "restored", "safe, mains power is back" },
	[HYDROPON_CAUSE_SHUTDOWN] = { "shutdown", "the system is going down" },
	[HYDROPON_CAUSE_UNBIND] = { "unbind", "its driver let go of the line" },
	[HYDROPON_CAUSE_WELDED] = { "welded", "latched off, its relay was on unasked", true, true },
	[HYDROPON_CAUSE_TRIP_OFF] = { "trip-off", "forced off by an interlock", true, true },
	[HYDROPON_CAUSE_MANUAL_OFF] = { "manual-off", "forced off, its switch is at OFF", true },
	[HYDROPON_CAUSE_MAX_ON] = { "max-on", "forced off, on for as long as it may be", true, true },
	[HYDROPON_CAUSE_BUDGET] = { "budget", "forced off, its budget is spent", true, true },
	[HYDROPON_CAUSE_TRIP_ON] = { "trip-on", "forced on by an interlock", true, true },
	[HYDROPON_CAUSE_TRIP_SAFE] = { "trip-safe", "held safe by an interlock", true, true },
	[HYDROPON_CAUSE_MANUAL_ON] = { "manual-on", "on, its switch is at ON" },
	[HYDROPON_CAUSE_NEED] = { "need", "safe, a channel it needs went stale" },
	[HYDROPON_CAUSE_SUSPEND] = { "suspend", "safe, the system was suspended" },
	[HYDROPON_CAUSE_REPLACED] = { "replaced", "safe, the interlocks were replaced" },
	[HYDROPON_CAUSE_CLEARED] = { "cleared", "safe, what held it is over" },
};

#define CAUSES (sizeof(causes) / sizeof(causes[0]))

const char *cause_name(uint32_t cause)
{
	return cause < CAUSES ? causes[cause].name : "unknown";
}

const char *cause_text(uint32_t cause)
{
	return cause < CAUSES ? causes[cause].text : "for a cause that this version does not know";
}

const char *cause_text_of_name(const char *name)
{
	for (size_t i = 0; i < CAUSES; i++)
		if (!strcmp(causes[i].name, name))
			return causes[i].text;
	return name;
}

bool cause_is_stronger(uint32_t cause)
{
	return cause < CAUSES && causes[cause].is_stronger;
}

int cause_priority(uint32_t cause)
{
	return cause < CAUSES && causes[cause].is_alarm ? LOG_WARNING : LOG_NOTICE;
}
