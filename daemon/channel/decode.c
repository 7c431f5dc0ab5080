// SPDX-License-Identifier: GPL-2.0-only
#include "channel/decode.h"

#include <math.h>

#define SHIFT_MAX 62

/* IIO writes -0.5 as (0, -500000) and -1.5 as (-1, 500000). */
static bool decode_decimal(const struct hydropon_record *record, long parts, double *number)
{
	bool is_negative = record->value < 0 || record->aux < 0;
	double size;

	if (record->aux <= -parts || record->aux >= parts)
		return false;
	size = fabs((double)record->value) + fabs((double)record->aux) / (double)parts;
	*number = is_negative ? -size : size;
	return true;
}

bool decode_number(const struct hydropon_record *record, double *number)
{
	if (record->status)
		return false;
	switch ((enum hydropon_value_format)record->flags) {
	case HYDROPON_VAL_INT:
		*number = record->value;
		return true;
	case HYDROPON_VAL_MICRO:
		return decode_decimal(record, 1000000L, number);
	case HYDROPON_VAL_NANO:
		return decode_decimal(record, 1000000000L, number);
	case HYDROPON_VAL_FRACTION:
		if (!record->aux)
			return false;
		*number = (double)record->value / (double)record->aux;
		return true;
	case HYDROPON_VAL_FRACTION_LOG2:
		if (record->aux < 0 || record->aux > SHIFT_MAX)
			return false;
		*number = ldexp(record->value, -(int)record->aux);
		return true;
	}
	return false;
}
