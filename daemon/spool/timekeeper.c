// SPDX-License-Identifier: GPL-2.0-only
#include "spool/timekeeper.h"

#include <string.h>

#include "base/clock.h"

/* For a clock that is set back by no more than this stamps wait: a leap second, and what
 * rounding adds.
 */
#define SET_BACK_MS 1500
#define NEVER INT64_MIN
/* An RTC that moves by more than this in a boot was set: it has whole seconds, and its crystal
 * drifts by less than one in that many.
 */
#define RTC_MOVES_MS 2000
#define RTC_DRIFTS 5000
#define RTC_WAS_SET UINT32_MAX
/* Of a boot that is in no note yet. */
#define FIRST_UNKNOWN UINT64_MAX

static void forget_stamps(struct timekeeper *keeper, int64_t top_ms)
{
	keeper->note.top_ms = top_ms;
	keeper->top_ahead_ms = NEVER;
	for (size_t i = 0; i < TIMEKEEPER_SERIES; i++)
		keeper->last_ms[i] = top_ms;
}

void timekeeper_begin(struct timekeeper *keeper, const uint8_t boot_id[TIME_BOOT_ID_BYTES])
{
	*keeper = (struct timekeeper){ .note.boot = 1 };
	memcpy(keeper->note.boot_id, boot_id, TIME_BOOT_ID_BYTES);
	forget_stamps(keeper, NEVER);
	for (size_t i = 0; i < TIMEKEEPER_SERIES; i++)
		keeper->unset_ms[i] = -1;
}

static struct time_boot *last_boot(struct time_note *note)
{
	return &note->boots[note->boots_n - 1];
}

static struct time_boot *this_boot(struct timekeeper *keeper)
{
	struct time_note *note = &keeper->note;

	return note->boots_n && last_boot(note)->number == note->boot ? last_boot(note) : NULL;
}

static struct time_boot *add_boot(struct time_note *note)
{
	if (note->boots_n == TIME_BOOTS) {
		note->boots_n--;
		memmove(note->boots, note->boots + 1, note->boots_n * sizeof(*note->boots));
	}
	note->boots[note->boots_n] = (struct time_boot){ .first = FIRST_UNKNOWN };
	return &note->boots[note->boots_n++];
}

static void add_this_boot(struct timekeeper *keeper)
{
	struct time_boot *boot = add_boot(&keeper->note);

	boot->number = keeper->note.boot;
	boot->rtc_ahead_ms = keeper->rtc_ahead_ms;
	boot->rtc_first_s = keeper->rtc_first_s;
	boot->rtc_last_s = keeper->note.rtc_s;
	keeper->is_due = true;
}

static void begin_clk(struct timekeeper *keeper)
{
	if (keeper->note.clk < CLK_MAX)
		keeper->note.clk++;
	forget_stamps(keeper, NEVER);
	keeper->is_due = true;
}

/* Whether the RTC went on from boot @i to this one, which is the last. */
static bool has_rtc_counted(const struct time_note *note, size_t i)
{
	for (; i < note->boots_n; i++) {
		const struct time_boot *boot = &note->boots[i];

		if (!boot->rtc_first_s || boot->rtc_last_s < boot->rtc_first_s)
			return false;
		if (i + 1 < note->boots_n && boot[1].rtc_first_s < boot->rtc_last_s)
			return false;
	}
	return true;
}

/* All that can ever be told of the boots that wait; @ahead_ms is of this one. */
static void settle(struct timekeeper *keeper, int64_t ahead_ms)
{
	struct time_note *note = &keeper->note;
	const struct time_boot *this = this_boot(keeper);
	int64_t end_ms = note->top_ms;

	for (size_t i = 0; i < note->boots_n; i++) {
		struct time_boot *boot = &note->boots[i];

		if (boot->proof != TIME_WAITS)
			continue;
		keeper->is_due = true;
		if (boot == this) {
			boot->proof = TIME_BY_CLOCK;
			boot->ahead_ms = ahead_ms;
		} else if (this && has_rtc_counted(note, i)) {
			boot->proof = TIME_BY_RTC;
			boot->ahead_ms = boot->rtc_ahead_ms + ahead_ms - this->rtc_ahead_ms;
		} else {
			boot->proof = TIME_NEVER;
			continue;
		}
		/* No stamp of it may be one that another sample has. */
		if (boot->ahead_ms <= end_ms)
			begin_clk(keeper);
		boot->clk = note->clk;
		end_ms = boot->ahead_ms + boot->end_ms;
	}
	/* What is stamped from now on comes after what was dated so. */
	for (size_t i = 0; this && i < TIMEKEEPER_SERIES; i++)
		if (keeper->unset_ms[i] >= 0 && keeper->last_ms[i] < keeper->unset_ms[i] + ahead_ms)
			keeper->last_ms[i] = keeper->unset_ms[i] + ahead_ms;
}

/* What was found is not all: nothing from there on is known of. */
static void distrust(struct timekeeper *keeper, const struct time_found *found)
{
	struct time_boot *boot = add_boot(&keeper->note);

	boot->first = found->has_note ? found->at + 1 : 0;
	boot->proof = TIME_NEVER;
	begin_clk(keeper);
}

static void take_note(struct timekeeper *keeper, const struct time_found *found)
{
	struct time_note *note = &keeper->note;
	bool is_same = !memcmp(found->note.boot_id, note->boot_id, TIME_BOOT_ID_BYTES);
	struct time_boot *last;

	note->boot = is_same ? found->note.boot : found->note.boot + 1;
	note->boots_n = found->note.boots_n;
	memcpy(note->boots, found->note.boots, note->boots_n * sizeof(*note->boots));
	note->is_set = note->is_set || (is_same && found->note.is_set);
	last = note->boots_n ? last_boot(note) : NULL;
	if (!last || last->number != found->note.boot)
		return;
	if (last->rtc_last_s < found->note.rtc_s)
		last->rtc_last_s = found->note.rtc_s;
	if (!is_same)
		last->end_ms = (int64_t)(found->last_boot_ns / NS_PER_MS);
}

void timekeeper_open(struct timekeeper *keeper, const struct time_found *found)
{
	struct time_note *note = &keeper->note;
	int64_t top_ms = found ? found->top_ms : NEVER;
	int8_t clk = found ? found->clk : 0;

	note->boots_n = 0;
	note->boot = 1;
	keeper->is_due = true;
	if (found && found->has_note) {
		take_note(keeper, found);
		if (found->note.clk > clk || (found->note.clk == clk && found->note.top_ms > top_ms)) {
			clk = found->note.clk;
			top_ms = found->note.top_ms;
		}
	}
	if (clk > note->clk || (clk == note->clk && top_ms > note->top_ms)) {
		note->clk = clk;
		forget_stamps(keeper, top_ms);
	}
	if (found && found->is_over_damage)
		distrust(keeper, found);
	/* Samples of this boot that another spool has, or that wait to be committed. */
	if (keeper->has_unset && !this_boot(keeper))
		add_this_boot(keeper);
	if (note->is_set && keeper->has_ahead)
		settle(keeper, keeper->ahead_ms);
}

/* Whether somebody has set it since @first_ahead_ms, and not only its crystal moved it. */
static bool is_rtc_moved(int64_t ahead_ms, int64_t first_ahead_ms, uint64_t boot_ns)
{
	int64_t moved_ms = ahead_ms - first_ahead_ms;
	int64_t most_ms = RTC_MOVES_MS + (int64_t)(boot_ns / NS_PER_MS) / RTC_DRIFTS;

	return moved_ms > most_ms || moved_ms < -most_ms;
}

void timekeeper_take_rtc(struct timekeeper *keeper, uint64_t boot_ns, uint32_t rtc_s)
{
	/* It has no more than whole seconds: on average half of one is over. */
	int64_t ahead_ms = (int64_t)rtc_s * 1000 + 500 - (int64_t)(boot_ns / NS_PER_MS);
	struct time_boot *boot = this_boot(keeper);

	if (keeper->note.is_set || rtc_s < CLOCK_EARLIEST_MS / 1000)
		return;
	if (boot && boot->rtc_first_s && !keeper->rtc_first_s) {
		keeper->rtc_first_s = boot->rtc_first_s;
		keeper->rtc_ahead_ms = boot->rtc_ahead_ms;
	}
	if (!keeper->rtc_first_s) {
		keeper->rtc_first_s = rtc_s;
		keeper->rtc_ahead_ms = ahead_ms;
	} else if (keeper->rtc_first_s != RTC_WAS_SET &&
		   is_rtc_moved(ahead_ms, keeper->rtc_ahead_ms, boot_ns)) {
		keeper->rtc_first_s = RTC_WAS_SET;
		keeper->is_due = boot != NULL;
	}
	keeper->note.rtc_s = rtc_s;
	if (!boot)
		return;
	boot->rtc_first_s = keeper->rtc_first_s;
	boot->rtc_ahead_ms = keeper->rtc_ahead_ms;
	boot->rtc_last_s = rtc_s;
}

/* The wall clock was right once: if it makes no sense any more it is taken to have gone on. */
static int64_t wall_of(const struct timekeeper *keeper, const struct sample *sample)
{
	int64_t boot_ms = (int64_t)(sample->boot_ns / NS_PER_MS);

	if (keeper->has_ahead && !clock_is_plausible(sample->wall_ms))
		return boot_ms + keeper->ahead_ms;
	return sample->wall_ms;
}

/*
 * The kernel moves the wall clock against BOOTTIME by steps alone: both are slewed. So a step back
 * shows there, however late a reading comes; only where nothing is known of the steps before, the
 * stamps themselves tell.
 */
static bool is_set_back(const struct timekeeper *keeper, int64_t ahead_ms, int64_t wall_ms,
			int64_t last_ms)
{
	if (keeper->top_ahead_ms != NEVER)
		return ahead_ms < keeper->top_ahead_ms - SET_BACK_MS;
	return last_ms != NEVER && wall_ms < last_ms - SET_BACK_MS;
}

static void stamp_set(struct timekeeper *keeper, struct sample *sample)
{
	int64_t wall_ms = wall_of(keeper, sample), *last_ms = &keeper->last_ms[sample->channel];
	int64_t ahead_ms = wall_ms - (int64_t)(sample->boot_ns / NS_PER_MS);

	if (!keeper->note.is_set || !keeper->has_ahead) {
		keeper->is_due = keeper->is_due || !keeper->note.is_set;
		keeper->note.is_set = true;
		settle(keeper, ahead_ms);
	}
	if (is_set_back(keeper, ahead_ms, wall_ms, *last_ms))
		begin_clk(keeper);
	keeper->has_ahead = true;
	keeper->ahead_ms = ahead_ms;
	if (ahead_ms > keeper->top_ahead_ms)
		keeper->top_ahead_ms = ahead_ms;
	if (*last_ms != NEVER && wall_ms <= *last_ms)
		wall_ms = *last_ms + 1;
	*last_ms = wall_ms;
	if (wall_ms > keeper->note.top_ms)
		keeper->note.top_ms = wall_ms;
	sample->wall_ms = wall_ms;
	sample->clk = keeper->note.clk;
}

/* Its BOOTTIME will become its stamp. */
static void leave_unset(struct timekeeper *keeper, struct sample *sample)
{
	int64_t *unset_ms = &keeper->unset_ms[sample->channel];
	int64_t boot_ms = (int64_t)(sample->boot_ns / NS_PER_MS);

	if (boot_ms <= *unset_ms) {
		boot_ms = *unset_ms + 1;
		sample->boot_ns = (uint64_t)boot_ms * NS_PER_MS;
	}
	*unset_ms = boot_ms;
	sample->clk = CLK_UNSET;
	keeper->has_unset = true;
	if (!this_boot(keeper))
		add_this_boot(keeper);
}

void timekeeper_stamp(struct timekeeper *keeper, struct sample *samples, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool is_set = samples[i].clk != CLK_UNSET || keeper->note.is_set;

		/* Known to have been set, but not yet to what, and now it makes no sense. */
		if (!keeper->has_ahead && !clock_is_plausible(samples[i].wall_ms))
			is_set = false;
		if (is_set)
			stamp_set(keeper, &samples[i]);
		else
			leave_unset(keeper, &samples[i]);
	}
}

void timekeeper_stamp_point(struct timekeeper *keeper, struct point *point)
{
	uint64_t later_ns = keeper->point_ns + NS_PER_MS;
	struct sample sample = { .channel = TIMEKEEPER_POINTS, .clk = point->clk };

	if (point->boot_ns < later_ns) {
		point->wall_ms += (int64_t)((later_ns - point->boot_ns) / NS_PER_MS);
		point->boot_ns = later_ns;
	}
	keeper->point_ns = point->boot_ns;
	sample.boot_ns = point->boot_ns;
	sample.wall_ms = point->wall_ms;
	timekeeper_stamp(keeper, &sample, 1);
	point->wall_ms = sample.wall_ms;
	point->clk = sample.clk;
}

size_t timekeeper_put(struct timekeeper *keeper, uint8_t to[NOTE_BYTES_MAX], uint64_t record,
		      uint64_t boot_ns, int64_t wall_ms, bool is_short)
{
	struct time_note *note = &keeper->note;

	note->boot_ns = boot_ns;
	note->wall_ms = wall_ms;
	note->is_short = is_short;
	for (size_t i = 0; i < note->boots_n; i++)
		if (note->boots[i].first == FIRST_UNKNOWN)
			note->boots[i].first = record;
	return time_note_put(to, note);
}

void timekeeper_written(struct timekeeper *keeper, uint64_t record)
{
	keeper->note.boots_at = record;
	keeper->is_due = false;
}
