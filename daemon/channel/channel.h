/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Channels: from a record of the stream to a value with a unit and a quality.
 * No I/O, no clock of its own, no allocation after channels_new(). Main thread
 * only.
 */
#ifndef HYDROPON_CHANNEL_H
#define HYDROPON_CHANNEL_H

#include "acquire/source.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/sample.h"
#include "channel/check.h"
#include "channel/total.h"

struct channel {
	const struct conf_channel *conf;	/* as it is calibrated now */
	uint16_t index;			/* in the configuration */
	int kernel;			/* index in the kernel, -1 while unknown or gone */
	bool answers;			/* of another source: its newest reading was no error */
	struct sample last;		/* newest sample, Q_BAD_NOT_READY before the first */
	uint64_t heard_ns;		/* BOOTTIME of the newest record, good or not */
	uint64_t samples, bad;		/* since start */
	/* newest reading before any calibration: in the unit of the device, mV for a voltage input;
	 * of a flow meter its pulses, which wrap at 2^32; of a total of an output its seconds on,
	 * since the start */
	double reading;
	uint64_t reading_ns;		/* BOOTTIME of it; 0: none, or the newest one failed */
	uint64_t interval_ns;		/* of a flow meter: its newest value is the mean over it */
	/* inside */
	double scale, offset;
	bool has_scale;
	uint32_t pulses;
	uint64_t pulses_ns;
	bool has_pulses;
	uint64_t stale_told_ns;
	uint64_t until_ns;		/* of source manual: it holds until then; 0: no number */
};

struct channels;

/* One per channel of @conf, which must outlive it. NULL: out of memory. */
struct channels *channels_new(const struct conf *conf);
void channels_free(struct channels *channels);
size_t channels_count(const struct channels *channels);
const struct channel *channels_get(const struct channels *channels, size_t index);

/* Tells the kernel's index of a channel by its name, or that its device is gone;
 * forgets scale, pulses and the newest sample. Returns the channel's index in the
 * configuration, or -1 if it is not in it. */
int channels_bind(struct channels *channels, const struct hydropon_channel_info *info);
/* The same, where @info is not what is known already. */
void channels_check(struct channels *channels, const struct hydropon_channel_info *info);
/* Forgets all kernel indices (the device was reopened). */
void channels_unbind(struct channels *channels);

/*
 * Takes a SAMPLE, SCALE, OFFSET or PULSE record. Returns true and fills @out if it
 * gave a sample. Records of unknown channels are ignored. wall_ms is what the wall clock
 * said or would have said then, and clk is 0 or CLK_UNSET: the spool makes stamps of them.
 */
bool channels_take(struct channels *channels, const struct hydropon_record *record,
		   const struct clock_pair *now, struct sample *out);

/* Takes a reading of another source, which always gives a sample. One of a channel that is the
 * kernel's is ignored, and false.
 */
bool channels_take_reading(struct channels *channels, const struct source_reading *read,
			   const struct clock_pair *now, struct sample *out);

/*
 * Takes what a person has entered for a channel of source manual, which is never good: whoever
 * entered it is gone when the tank is not as it was. At @until_ns (CLOCK_BOOTTIME) it is stale.
 */
void channels_enter(struct channels *channels, size_t index, double value, uint64_t until_ns,
		    const struct clock_pair *now, struct sample *out);

/* Whether its device is there, as far as its source knows. */
bool channel_is_present(const struct channel *channel);

/*
 * To be called for every channel @index with every sample that was given: true, and fills @out, if
 * the channel is derived from that of @source. What follows from @out in turn is asked for in the
 * same way; no channel follows from itself. The sample has the time of @source, and is never better
 * than what it is derived from.
 */
bool channels_derive(struct channels *channels, size_t index, const struct sample *source,
		     const struct clock_pair *now, struct sample *out);
/*
 * Of a channel that is a total of an output: what the output is at @at_ns. To be told in every
 * turn, and of every change.
 */
void channels_take_output(struct channels *channels, size_t index,
			  const struct output_level *level, uint64_t at_ns,
			  const struct clock_pair *now);
/* And its sample: true once a second. */
bool channels_total(struct channels *channels, size_t index, const struct clock_pair *now,
		    struct sample *out);

/*
 * To be called for every channel in every turn. Returns true and fills @out
 * (Q_BAD_STALE) when the channel has gone stale, and again every stale_ms while it
 * stays so. A derived channel goes stale with what it is derived from.
 */
bool channels_expire(struct channels *channels, size_t index,
		     const struct clock_pair *now, struct sample *out);

/*
 * From now on the channel goes by @conf, which is copied: of the configuration, but for what a
 * calibration sets of it. What was measured up to @now_ns is not GOOD any more.
 */
void channels_calibrate(struct channels *channels, size_t index, const struct conf_channel *conf,
			uint64_t now_ns);
/*
 * Why not even a good reading of the channel is to be relied on: an uncertain quality, from the
 * newest sample on. Q_GOOD: nothing any more; after Q_UNCERTAIN_CALIBRATING that takes a sample
 * measured after @now_ns.
 */
void channels_doubt(struct channels *channels, size_t index, enum quality doubt, uint64_t now_ns);
/* What an output does, by its index in the configuration, for the tests that compare a channel
 * with it. @at_ns: BOOTTIME of the switch. To be called when it is known, changes, or is lost. */
void channels_tell_output(struct channels *channels, size_t output, bool is_known, bool is_on,
			  uint64_t at_ns);
/* Why it is judged as it is. */
const struct judgement *channels_judgement(const struct channels *channels, size_t index);

/* Its device is there; all that it is derived from is. */
bool channels_is_present(const struct channels *channels, size_t index);
/* Good now: its device is there, the newest sample GOOD and not older than stale_ms; and so is all
 * that it is derived from. */
bool channels_is_good(const struct channels *channels, size_t index, uint64_t now_boot_ns);

#endif
