// SPDX-License-Identifier: GPL-2.0-only
#include "protect/cause.h"

#include <stddef.h>
#include <string.h>
#include <syslog.h>

#include <linux/hydropon.h>

/* Beside a lease: STRONGER ends it, and of an ALARM somebody must know as well. */
enum weight { WEAK, STRONGER, ALARM };

static const struct {
	const char *name, *text;
	enum weight weight;
} causes[] = {
	[HYDROPON_CAUSE_PROBE] = { "probe", "safe since it was probed", WEAK },
	[HYDROPON_CAUSE_LEASE] = { "lease", "held by a lease", WEAK },
	[HYDROPON_CAUSE_RELEASED] = { "released", "hydropond released it", WEAK },
	[HYDROPON_CAUSE_EXPIRED] = { "expired", "its lease was not renewed in time", WEAK },
	[HYDROPON_CAUSE_CLOSED] = { "closed", "hydropond closed the device or died", WEAK },
	[HYDROPON_CAUSE_SHED] = { "shed", "forced off, mains power was lost", STRONGER },
	[HYDROPON_CAUSE_RESTORED] = { "restored", "safe, mains power is back", WEAK },
	[HYDROPON_CAUSE_SHUTDOWN] = { "shutdown", "the system is going down", WEAK },
	[HYDROPON_CAUSE_UNBIND] = { "unbind", "its driver let go of the line", WEAK },
	[HYDROPON_CAUSE_WELDED] = { "welded", "latched off, its relay was on unasked", ALARM },
	[HYDROPON_CAUSE_TRIP_OFF] = { "trip-off", "forced off by an interlock", ALARM },
	[HYDROPON_CAUSE_MANUAL_OFF] = { "manual-off", "forced off, its switch is at OFF", STRONGER },
	[HYDROPON_CAUSE_MAX_ON] = { "max-on", "forced off, it was on for too long", ALARM },
	[HYDROPON_CAUSE_BUDGET] = { "budget", "forced off, its budget is spent", ALARM },
	[HYDROPON_CAUSE_TRIP_ON] = { "trip-on", "forced on by an interlock", ALARM },
	[HYDROPON_CAUSE_TRIP_SAFE] = { "trip-safe", "held safe by an interlock", ALARM },
	[HYDROPON_CAUSE_MANUAL_ON] = { "manual-on", "on, its switch is at ON", WEAK },
	[HYDROPON_CAUSE_NEED] = { "need", "safe, a channel it needs went stale", WEAK },
	[HYDROPON_CAUSE_SUSPEND] = { "suspend", "safe, the system was suspended", WEAK },
	[HYDROPON_CAUSE_REPLACED] = { "replaced", "safe, the interlocks were replaced", WEAK },
	[HYDROPON_CAUSE_CLEARED] = { "cleared", "safe, what held it is over", WEAK },
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
	return cause < CAUSES && causes[cause].weight != WEAK;
}

int cause_priority(uint32_t cause)
{
	return cause < CAUSES && causes[cause].weight == ALARM ? LOG_WARNING : LOG_NOTICE;
}
