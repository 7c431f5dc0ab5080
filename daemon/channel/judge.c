// SPDX-License-Identifier: GPL-2.0-only
#include "channel/judge.h"

#include <math.h>

#include "base/clock.h"

enum quality judge_value(const struct conf_channel *conf, double value,
			 const struct temperature *temperature)
{
	if (temperature && !temperature->is_known)
		return Q_BAD_NOT_READY;
	if (!isfinite(value) || value < conf->min || value > conf->max)
		return Q_BAD_RANGE;
	if (temperature && !temperature->is_good)
		return Q_UNCERTAIN_TEMPERATURE;
	return Q_GOOD;
}

bool judge_is_stale(const struct conf_channel *conf, uint64_t then_ns, uint64_t now_ns)
{
	/* Records can be newer than the clock was when the turn began. */
	if (then_ns > now_ns)
		return then_ns - now_ns > NS_PER_SEC;
	return now_ns - then_ns > conf->stale_ms * NS_PER_MS;
}
