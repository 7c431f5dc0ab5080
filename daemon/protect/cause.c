// SPDX-License-Identifier: GPL-2.0-only
#include "protect/cause.h"

#include <stddef.h>
#include <string.h>

#include <linux/hydropon.h>

static const struct {
	const char *name, *text;
} causes[] = {
	[HYDROPON_CAUSE_PROBE] = { "probe", "safe since it was probed" },
	[HYDROPON_CAUSE_LEASE] = { "lease", "held by a lease" },
	[HYDROPON_CAUSE_RELEASED] = { "released", "hydropond released it" },
	[HYDROPON_CAUSE_EXPIRED] = { "expired", "its lease was not renewed in time" },
	[HYDROPON_CAUSE_CLOSED] = { "closed", "hydropond closed the device or died" },
	[HYDROPON_CAUSE_SHED] = { "shed", "forced off, mains power was lost" },
	[HYDROPON_CAUSE_RESTORED] = { "restored", "safe, mains power is back" },
	[HYDROPON_CAUSE_SHUTDOWN] = { "shutdown", "the system is going down" },
	[HYDROPON_CAUSE_UNBIND] = { "unbind", "its driver let go of the line" },
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
