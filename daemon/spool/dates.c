// SPDX-License-Identifier: GPL-2.0-only
#include "spool/dates.h"

#include <errno.h>

#include "base/clock.h"
#include "spool/time_search.h"

/* So often, with pauses between, before a place is taken for damaged. */
#define UNREADABLE_TRIES 5

int dates_refresh(struct dates *dates, struct spool_reader *reader)
{
	const struct spool_view *view = spool_reader_view(reader);
	struct time_found found;
	int error;

	if (!view)
		return -EAGAIN;
	error = spool_reader_find_time(reader, dates->unreadable >= UNREADABLE_TRIES, &found);
	dates->unreadable = error == -EIO ? dates->unreadable + 1 : 0;
	if (error)
		return error;
	dates->id = view->id;
	dates->until = view->records;
	/* Beyond damage there may be another boot, of which nothing is known until the next note. */
	dates->has_note = found.has_note && found.has_boots && !found.is_over_damage;
	if (dates->has_note)
		dates->note = found.note;
	return 0;
}

bool dates_cover(const struct dates *dates, const struct spool_reader *reader, uint64_t record)
{
	const struct spool_view *view = spool_reader_view(reader);

	return view && dates->id == view->id && record < dates->until;
}

/* The boot of a record; NULL if there is nothing about it. */
static const struct time_boot *boot_of(const struct time_note *note, uint64_t record)
{
	const struct time_boot *found = NULL;

	for (size_t i = 0; i < note->boots_n && note->boots[i].first <= record; i++)
		found = &note->boots[i];
	return found;
}

enum date dates_find(const struct dates *dates, uint64_t record, const struct sample *sample,
		     struct sample *dated)
{
	const struct time_boot *boot;

	*dated = *sample;
	if (sample->clk != CLK_UNSET)
		return DATE_KNOWN;
	if (!dates->has_note)
		return DATE_WAITS;
	boot = boot_of(&dates->note, record);
	if (!boot || boot->proof == TIME_NEVER)
		return DATE_NEVER;
	if (boot->proof == TIME_WAITS)
		return DATE_WAITS;
	dated->wall_ms = (int64_t)(sample->boot_ns / NS_PER_MS) + boot->ahead_ms;
	dated->clk = boot->clk;
	return DATE_KNOWN;
}
