// SPDX-License-Identifier: GPL-2.0-only
#include "base/sample.h"

const char *quality_name(uint8_t q)
{
	switch ((enum quality)q) {
	case Q_GOOD:
		return "good";
	case Q_UNCERTAIN_TEMPERATURE:
		return "temperature";
	case Q_UNCERTAIN_CALIBRATING:
		return "calibrating";
	case Q_UNCERTAIN_CALIBRATION:
		return "calibration unknown";
	case Q_UNCERTAIN_EXPIRED:
		return "calibration expired";
	case Q_BAD_READ:
		return "read error";
	case Q_BAD_RANGE:
		return "out of range";
	case Q_BAD_STALE:
		return "stale";
	case Q_BAD_NOT_READY:
		return "not ready";
	case Q_BAD_STORM:
		return "pulse storm";
	}
	return quality_has_value(q) ? "uncertain" : "bad";
}
