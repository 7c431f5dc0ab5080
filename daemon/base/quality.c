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
	case Q_UNCERTAIN_SPIKE:
		return "spike";
	case Q_UNCERTAIN_RATE:
		return "rate of change";
	case Q_UNCERTAIN_NOISE:
		return "noise";
	case Q_UNCERTAIN_STUCK:
		return "stuck";
	case Q_UNCERTAIN_DISAGREEMENT:
		return "disagreement";
	case Q_UNCERTAIN_OUTVOTED:
		return "outvoted";
	case Q_UNCERTAIN_NO_RESPONSE:
		return "no response to doses";
	case Q_UNCERTAIN_UNDOSED:
		return "moved without a dose";
	case Q_UNCERTAIN_FLOW:
		return "flow against pump";
	case Q_UNCERTAIN_LIGHT:
		return "dark under the lamp";
	case Q_UNCERTAIN_GROUND_LOOP:
		return "ground loop";
	case Q_UNCERTAIN_PROBE_AGE:
		return "probe age";
	case Q_UNCERTAIN_WARM_UP:
		return "warm-up";
	case Q_UNCERTAIN_OVERRIDE:
		return "out of service";
	case Q_UNCERTAIN_INCOMPLETE:
		return "incomplete";
	case Q_UNCERTAIN_ENTERED:
		return "entered by hand";
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
	case Q_BAD_CODE:
		return "answer code";
	case Q_BAD_NO_SIGNAL:
		return "no signal";
	}
	return quality_has_value(q) ? "uncertain" : "bad";
}
