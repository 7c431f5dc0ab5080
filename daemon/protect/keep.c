// SPDX-License-Identifier: GPL-2.0-only
#include "protect/keep.h"

#include <stddef.h>
#include <string.h>

#include "base/log.h"

static int find(const struct keep *keep, const char *name)
{
	for (int i = 0; i < HYDROPON_MAX_OUTPUTS; i++)
		if (!strncmp(keep->list[i].name, name, HYDROPON_NAME_MAX))
			return i;
	return -1;
}

/* A place that says nothing, or -1. */
static int find_free(const struct keep *keep)
{
	for (int i = 0; i < HYDROPON_MAX_OUTPUTS; i++)
		if (!keep->list[i].latched)
			return i;
	return -1;
}

void keep_take(struct keep *keep, const struct hydropon_output_info *info)
{
	int place;

	if (!info->present || !info->restored)
		return;
	place = find(keep, info->name);
	if (place < 0 && !info->latched)
		return;
	if (place < 0)
		place = find_free(keep);
	if (place < 0) {
		log_error("%.*s: its latch would not be known if its device went away and came "
			  "back: %d latched outputs are kept already, reset them",
			  HYDROPON_NAME_MAX, info->name, HYDROPON_MAX_OUTPUTS);
		return;
	}
	memcpy(keep->list[place].name, info->name, HYDROPON_NAME_MAX);
	keep->list[place].latched = info->latched;
}

struct hydropon_restore keep_restore(const struct keep *keep,
				     const struct hydropon_output_info *info)
{
	struct hydropon_restore kept = { .output = info->index };
	int place = find(keep, info->name);

	if (place >= 0)
		kept.latched = keep->list[place].latched & HYDROPON_LATCHES;
	if (info->budget_ms) {
		kept.uses_n = 1;
		kept.uses[0].used_ms = info->budget_ms;
	}
	return kept;
}
