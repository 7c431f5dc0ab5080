/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Time in the spool of hydropond: the timekeeper with its RTC, its notes and what the log hears
 * of it. One thread, that of the spool.
 */
#ifndef HYDROPON_SPOOL_CLOCK_H
#define HYDROPON_SPOOL_CLOCK_H

#include "spool/spool.h"
#include "spool/timekeeper.h"

struct spool_clock {
	const struct conf *conf;
	struct timekeeper keeper;
	bool is_open;			/* it knows what a spool knew */
	bool was_set;			/* when the log heard of it */
	int8_t told_clk;
	uint64_t full_ns;		/* when the next note with all boots is due */
	uint64_t generation;		/* of the segment that the newest of these may be in */
};

/* @conf must outlive it. */
void spool_clock_begin(struct spool_clock *clock, const struct conf *conf);
/* After each opening of a spool. 0, or -errno: it cannot be read, and must not be used so. */
int spool_clock_open(struct spool_clock *clock, struct spool *spool);
/* Stamps samples in place: each once, before they are appended, in their order. */
void spool_clock_stamp(struct spool_clock *clock, struct sample *samples, size_t n);
/* To be called before what was stamped is appended. 0, or as spool_append(). */
int spool_clock_commit(struct spool_clock *clock, struct spool *spool);
/* The note that a block ends with, as record @record: returns its size. Nothing may be due. */
size_t spool_clock_end_block(struct spool_clock *clock, uint8_t to[NOTE_BYTES_MAX],
			     uint64_t record);

#endif
