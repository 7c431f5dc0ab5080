/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What flows from the sources to the rules, the spool and the stores. Passed by
 * value; owns nothing.
 */
#ifndef HYDROPON_SAMPLE_H
#define HYDROPON_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

/* Quality of a sample: 0 good, 1-99 uncertain, 100 and up bad, by reason. The
 * numbers are stored and sent: never reuse one. */
enum quality {
	Q_GOOD = 0,
	Q_UNCERTAIN_TEMPERATURE = 1,	/* compensated without a good temperature */
	Q_UNCERTAIN_SPIKE = 2,		/* further from what was read before than can be */
	Q_UNCERTAIN_RATE = 3,		/* has stepped, or moves faster than can be */
	Q_UNCERTAIN_NOISE = 4,
	Q_UNCERTAIN_STUCK = 5,		/* the same for too long */
	Q_UNCERTAIN_DISAGREEMENT = 6,	/* differs from its twin, nobody knows who is right */
	Q_UNCERTAIN_OUTVOTED = 7,	/* two twins agree, and it differs from both */
	Q_UNCERTAIN_NO_RESPONSE = 8,	/* doses do not move it any more */
	Q_UNCERTAIN_UNDOSED = 9,	/* moved without a dose */
	Q_UNCERTAIN_FLOW = 10,		/* none while the pump runs, or some while it rests */
	Q_UNCERTAIN_LIGHT = 11,		/* dark while the lamp is on */
	Q_UNCERTAIN_GROUND_LOOP = 12,	/* steps to and fro with the pump */
	Q_UNCERTAIN_PROBE_AGE = 13,
	Q_UNCERTAIN_WARM_UP = 14,
	Q_UNCERTAIN_OVERRIDE = 17,	/* a person has taken it out of service */
	Q_UNCERTAIN_CALIBRATING = 40,	/* it is being calibrated, or was when it was measured */
	Q_UNCERTAIN_CALIBRATION = 41,	/* its calibration cannot be read */
	Q_UNCERTAIN_EXPIRED = 42,	/* its calibration is too old */
	Q_UNCERTAIN_INCOMPLETE = 60,	/* a total that has not seen enough of its time */
	Q_UNCERTAIN_ENTERED = 70,	/* a person has entered it */
	Q_BAD_READ = 100,		/* the read failed: errno in sample.raw */
	Q_BAD_RANGE = 101,		/* outside the channel's min .. max */
	Q_BAD_STALE = 102,		/* no reading for longer than stale-for */
	Q_BAD_NOT_READY = 103,		/* no scale, no first reading or no interval yet */
	Q_BAD_STORM = 104,		/* more edges than the input may have: not all were counted */
	Q_BAD_CODE = 105,		/* what a device answers in place of a value */
	Q_BAD_NO_SIGNAL = 106,		/* as of a probe in the air, or a broken wire */
};

static inline bool quality_is_good(uint8_t q) { return q == Q_GOOD; }
static inline bool quality_has_value(uint8_t q) { return q < 100; }
/* The worse one of two, @a if neither is: bad before uncertain before good. */
static inline enum quality quality_worse(uint8_t a, uint8_t b)
{
	int rank_a = quality_has_value(a) ? !quality_is_good(a) : 2;
	int rank_b = quality_has_value(b) ? !quality_is_good(b) : 2;

	return (enum quality)(rank_b > rank_a ? b : a);
}
/* Short name for people: "good", "temperature", "read error", ... Never NULL. */
const char *quality_name(uint8_t q);

/*
 * The clock that a stamp is by. A clock that was set back gets another number, so that the same
 * time coming again is not taken for the time that was: 0, 1, ... CLK_MAX. By CLK_UNSET the wall
 * clock had not been set since boot, and the stamp is only what it said.
 */
enum { CLK_UNSET = -1, CLK_MAX = 126 };

struct sample {
	uint64_t boot_ns;	/* CLOCK_BOOTTIME of the measurement */
	int64_t wall_ms;	/* CLOCK_REALTIME of the measurement; unique per channel and clk */
	double value;		/* in the channel's unit; 0 and meaningless when bad */
	int32_t raw;		/* as read; -errno when the read failed */
	uint16_t channel;	/* index in the configuration, not in the kernel */
	uint8_t q;		/* enum quality */
	int8_t clk;		/* of wall_ms */
};

/* Stamps that can be kept are in -WALL_MS_LIMIT ... WALL_MS_LIMIT - 1: to the year 6429. */
#define WALL_MS_LIMIT (1LL << 47)

#endif
