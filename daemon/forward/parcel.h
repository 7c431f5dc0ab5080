/* SPDX-License-Identifier: GPL-2.0-only */
/* The samples that go into one request. */
#ifndef HYDROPON_PARCEL_H
#define HYDROPON_PARCEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "forward/cursor.h"
#include "forward/gzip.h"
#include "forward/line_protocol.h"
#include "spool/dates.h"
#include "spool/reader.h"

/* Of text, before it is compressed. */
#define PARCEL_BYTES_MAX (1u << 20)

/* Where it is packed, the same for all parcels of a process. */
struct packing {
	struct spool_reader *reader;
	struct gzip *gzip;
	struct dates dates;
	bool sends_estimates;		/* of stamps that nothing proves */
};

/* All 0 to begin with; free(body.bytes) in the end. */
struct parcel {
	struct gzip_output body;
	size_t count;			/* lines */
	size_t points;			/* of these, of points; the others are of a sample each */
	size_t not_finite;		/* of these, without a value because it is no number */
	size_t undated;			/* passed over: nothing will ever tell their time */
	bool waits_for_clock;		/* it ends before a sample that has no date yet */
	int date_error;			/* 0, or -errno: it ends there since dates cannot be read */
	uint64_t record, passed;	/* as in the cursor, once they are stored */
	int64_t first_wall_ms;
	char line[LINE_MAX_BYTES];	/* the last one */
};

/*
 * Packs at most @limit samples and points that follow the place of @cursor, before record @until, and at
 * most PARCEL_BYTES_MAX of text; stops before what is not committed, not good or not dated
 * yet. 0, also
 * if there are none; or -ENOMEM.
 */
int parcel_fill(struct parcel *parcel, const struct cursor *cursor, struct packing *packing,
		size_t limit, uint64_t until);
/* Moves @at over the next @n samples. False: there are none behind them to be read now. */
bool parcel_skip(struct cursor *at, struct spool_reader *reader, uint64_t n);

#endif
