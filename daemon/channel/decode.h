/* SPDX-License-Identifier: GPL-2.0-only */
/* From the two integers of a record to the number that IIO means by them. */
#ifndef HYDROPON_DECODE_H
#define HYDROPON_DECODE_H

#include <stdbool.h>

#include <linux/hydropon.h>

/*
 * By record->flags, enum hydropon_value_format. False, and @number untouched, if
 * the record says that its read failed or if its parts make no number: an unknown
 * format, a division by 0, a fraction part or a shift beyond its range.
 */
bool decode_number(const struct hydropon_record *record, double *number);

#endif
