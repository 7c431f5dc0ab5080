// SPDX-License-Identifier: GPL-2.0-only
#include "spool/spool_clock.h"

#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"

/* A note that was given up with its segment must not be the only one with the boots. */
#define FULL_EVERY_NS (3600 * NS_PER_SEC)

void spool_clock_begin(struct spool_clock *clock, const struct conf *conf)
{
	uint8_t id[TIME_BOOT_ID_BYTES];

	*clock = (struct spool_clock){ .conf = conf };
	if (!clock_boot_id(id))
		log_warning("time: the boot has no name: after each restart of hydropond the "
			    "clock counts as not set until a server sets it; let hydropond read "
			    "/proc/sys/kernel/random/boot_id");
	timekeeper_begin(&clock->keeper, id);
}

/* What the RTC counted from is the kernel's affair once the clock is set. */
static void read_rtc(struct spool_clock *clock)
{
	char path[64];
	unsigned long rtc_s;
	FILE *file;

	if (clock->keeper.note.is_set)
		return;
	snprintf(path, sizeof(path), "/sys/class/rtc/%s/since_epoch", clock->conf->rtc);
	file = fopen(path, "re");
	if (!file)
		return;
	/* A chip that has lost its power says so by an error. */
	if (fscanf(file, "%lu", &rtc_s) == 1 && rtc_s < UINT32_MAX)
		timekeeper_take_rtc(&clock->keeper, clock_boot_ns(), (uint32_t)rtc_s);
	fclose(file);
}

int spool_clock_open(struct spool_clock *clock, struct spool *spool)
{
	struct time_found found;
	int error = spool_find_time(spool, &found);

	if (error)
		return error;
	timekeeper_open(&clock->keeper, &found);
	clock->was_set = clock->is_open ? clock->was_set : clock->keeper.note.is_set;
	clock->told_clk = clock->keeper.note.clk;
	clock->is_open = true;
	read_rtc(clock);
	return 0;
}

static void tell(struct spool_clock *clock)
{
	const struct time_note *note = &clock->keeper.note;
	unsigned int never = 0, by_rtc = 0;

	if (note->clk != clock->told_clk)
		log_warning("time: the clock was set back; from here on samples are those of "
			    "clk=%d, so that none takes the place of an earlier one", note->clk);
	clock->told_clk = note->clk;
	if (clock->was_set || !note->is_set)
		return;
	clock->was_set = true;
	for (size_t i = 0; i < note->boots_n; i++) {
		never += note->boots[i].proof == TIME_NEVER;
		by_rtc += note->boots[i].proof == TIME_BY_RTC;
	}
	log_notice("time: the clock is set; what was sampled since boot %u began is dated by it",
		   note->boot);
	if (by_rtc)
		log_notice("time: boots before that had no clock and are dated by the RTC: %u",
			   by_rtc);
	if (never)
		log_warning("time: boots before that had no clock and that nothing dates: %u; what "
			    "was sampled in them stays in the spool, and goes to no store unless "
			    "estimate = yes is set in [time]. A real-time clock with a battery "
			    "prevents it", never);
}

void spool_clock_stamp(struct spool_clock *clock, struct sample *samples, size_t n)
{
	timekeeper_stamp(&clock->keeper, samples, n);
	tell(clock);
}

int spool_clock_commit(struct spool_clock *clock, struct spool *spool)
{
	uint64_t now_ns = clock_boot_ns();
	uint8_t bytes[NOTE_BYTES_MAX];
	struct journal_stats stats;
	size_t size;
	int error;

	/* Those of a segment go with it. */
	if (!clock->keeper.is_due && now_ns < clock->full_ns &&
	    (!clock->keeper.note.boots_n || clock->generation == spool_generation(spool)))
		return 0;
	spool_stats(spool, &stats);
	size = timekeeper_put(&clock->keeper, bytes, stats.records, now_ns, clock_wall_ms(), false);
	error = spool_note(spool, bytes, size);
	if (error)
		return error;
	timekeeper_written(&clock->keeper, stats.records);
	clock->full_ns = now_ns + FULL_EVERY_NS;
	clock->generation = spool_generation(spool);
	return 0;
}

size_t spool_clock_end_block(struct spool_clock *clock, uint8_t to[NOTE_BYTES_MAX],
			     uint64_t record)
{
	read_rtc(clock);
	return timekeeper_put(&clock->keeper, to, record, clock_boot_ns(), clock_wall_ms(), true);
}
