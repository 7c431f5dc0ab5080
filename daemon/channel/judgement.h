/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The judgement of one channel: each sample goes through all tests of checks.c, and the first
 * that finds a fault, bad ones before uncertain ones, names its quality. No clock, no I/O, no
 * allocation; constant time per sample. Zeroed memory is a judgement that has seen nothing. Main
 * thread only.
 */
#ifndef HYDROPON_JUDGEMENT_H
#define HYDROPON_JUDGEMENT_H

#include "channel/check.h"

/* Judges a sample and remembers it. Fills in the rest of @look. */
enum quality judgement_take(struct judgement *judgement, struct look *look);
/* Its device has come anew: it warms up again. What is known of its ways stays. */
void judgement_begin(struct judgement *judgement);
/* What was read before is no measure any more, as after a calibration. What doses do stays. */
void judgement_forget(struct judgement *judgement);
/* The row of checks.c that names @q, or NULL: good, or none of ours. */
const struct check *check_find(uint8_t q);

#endif
