// SPDX-License-Identifier: GPL-2.0-only
#include "spool/timekeeper.h"

#include <string.h>

#include "base/clock.h"

/* For a clock that is set back by no more than this stamps wait: a leap second, and what
 * rounding adds.
 */
#define SET_BACK_MS 1500
#define NEVER INT64_MIN
/* Of a boot that is in no note yet. */
#define FIRST_UNKNOWN UINT64_MAX

static void forget_stamps(struct timekeeper *keeper, int64_t top_ms)
{
	keeper->note.top_ms = top_ms;
	for (size_t i = 0; i < TIMEKEEPER_SERIES; i++)
		keeper->last_ms[i] = top_ms;
}

void timekeeper_begin(struct timekeeper *keeper, const uint8_t boot_id[TIME_BOOT_ID_BYTES])
{
	*keeper = (struct timekeeper){ .note.boot = 1 };
	memcpy(keeper->note.boot_id, boot_id, TIME_BOOT_ID_BYTES);
	forget_stamps(keeper, NEVER);
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

static void add_boot(struct timekeeper *keeper)
{
	struct time_note *note = &keeper->note;

	if (note->boots_n == TIME_BOOTS) {
		note->boots_n--;
		memmove(note->boots, note->boots + 1, note->boots_n * sizeof(*note->boots));
	}
	note->boots[note->boots_n++] = (struct time_boot){
		.first = FIRST_UNKNOWN,
		.number = note->boot,
		.rtc_ahead_ms = keeper->rtc_ahead_ms,
		.rtc_first_s = keeper->rtc_first_s,
		.rtc_last_s = note->rtc_s,
	};
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
	bool is_dated[TIME_BOOTS] = { false };
	int64_t earliest_ms = INT64_MAX;

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
		is_dated[i] = true;
		if (boot->ahead_ms < earliest_ms)
			earliest_ms = boot->ahead_ms;
	}
	/* No stamp of theirs may be one that another sample has. */
	if (earliest_ms <= note->top_ms)
		begin_clk(keeper);
	for (size_t i = 0; i < note->boots_n; i++)
		if (is_dated[i])
			note->boots[i].clk = note->clk;
}

void timekeeper_open(struct timekeeper *keeper, const struct time_note *found, int8_t clk,
		     int64_t top_ms)
{
	struct time_note *note = &keeper->note;

	note->boots_n = 0;
	note->boot = 1;
	keeper->is_due = true;
	if (found) {
		bool is_same = !memcmp(found->boot_id, note->boot_id, TIME_BOOT_ID_BYTES);

		note->boot = is_same ? found->boot : found->boot + 1;
		note->boots_n = found->boots_n;
		memcpy(note->boots, found->boots, found->boots_n * sizeof(*found->boots));
		note->is_set = note->is_set || (is_same && found->is_set);
		if (note->boots_n && last_boot(note)->number == found->boot &&
		    last_boot(note)->rtc_last_s < found->rtc_s)
			last_boot(note)->rtc_last_s = found->rtc_s;
		if (found->clk > clk || (found->clk == clk && found->top_ms > top_ms)) {
			clk = found->clk;
			top_ms = found->top_ms;
		}
	}
	if (clk > note->clk || (clk == note->clk && top_ms > note->top_ms)) {
		note->clk = clk;
		forget_stamps(keeper, top_ms);
	}
	/* Samples of this boot that another spool has, or that wait to be committed. */
	if (keeper->has_unset && !this_boot(keeper))
		add_boot(keeper);
	if (note->is_set && keeper->has_ahead)
		settle(keeper, keeper->ahead_ms);
}

void timekeeper_take_rtc(struct timekeeper *keeper, uint64_t boot_ns, int64_t rtc_s)
{
	struct time_boot *boot = this_boot(keeper);

	if (keeper->note.is_set || rtc_s < CLOCK_EARLIEST_MS / 1000)
		return;
	if (!keeper->rtc_first_s) {
		keeper->rtc_first_s = rtc_s;
		/* It has no more than whole seconds: on average half of one is over. */
		keeper->rtc_ahead_ms = rtc_s * 1000 + 500 - (int64_t)(boot_ns / NS_PER_MS);
	}
	keeper->note.rtc_s = rtc_s;
	if (!boot)
		return;
	if (!boot->rtc_first_s) {
		boot->rtc_first_s = rtc_s;
		boot->rtc_ahead_ms = rtc_s * 1000 + 500 - (int64_t)(boot_ns / NS_PER_MS);
	}
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

static void stamp_set(struct timekeeper *keeper, struct sample *sample)
{
	int64_t wall_ms = wall_of(keeper, sample), *last_ms = &keeper->last_ms[sample->channel];
	int64_t ahead_ms = wall_ms - (int64_t)(sample->boot_ns / NS_PER_MS);

	if (!keeper->note.is_set || !keeper->has_ahead) {
		keeper->is_due = keeper->is_due || !keeper->note.is_set;
		keeper->note.is_set = true;
		settle(keeper, ahead_ms);
	}
	if ((keeper->has_ahead && ahead_ms < keeper->ahead_ms - SET_BACK_MS) ||
	    (*last_ms != NEVER && wall_ms < *last_ms - SET_BACK_MS))
		begin_clk(keeper);
	keeper->has_ahead = true;
	keeper->ahead_ms = ahead_ms;
	if (*last_ms != NEVER && wall_ms <= *last_ms)
		wall_ms = *last_ms + 1;
	*last_ms = wall_ms;
	if (wall_ms > keeper->note.top_ms)
		keeper->note.top_ms = wall_ms;
	sample->wall_ms = wall_ms;
	sample->clk = keeper->note.clk;
}

void timekeeper_stamp(struct timekeeper *keeper, struct sample *samples, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		bool is_set = samples[i].clk != CLK_UNSET || keeper->note.is_set;

		/* Known to have been set, but not yet to what, and now it makes no sense. */
		if (!keeper->has_ahead && !clock_is_plausible(samples[i].wall_ms))
			is_set = false;
		if (is_set) {
			stamp_set(keeper, &samples[i]);
			continue;
		}
		samples[i].clk = CLK_UNSET;
		keeper->has_unset = true;
		if (!this_boot(keeper))
			add_boot(keeper);
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
