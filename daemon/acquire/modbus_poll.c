// SPDX-License-Identifier: GPL-2.0-only
#include "acquire/modbus_poll.h"

#include <errno.h>

#include "base/clock.h"

static uint64_t interval_ns(const struct modbus_poll *poll, int request)
{
	return poll->plan.requests[request].interval_ms * NS_PER_MS;
}

static struct modbus_slave_state *slave_of(const struct modbus_poll *poll, int request)
{
	return (struct modbus_slave_state *)&poll->slaves[poll->plan.requests[request].slave];
}

static bool is_open(const struct modbus_poll *poll, int request)
{
	return slave_of(poll, request)->breaker.is_open;
}

void modbus_poll_begin(struct modbus_poll *poll, const struct conf *conf, int bus, uint64_t now_ns)
{
	*poll = (struct modbus_poll){ .conf = conf };
	modbus_plan_make(&poll->plan, conf, bus);
	for (size_t i = 0; i < poll->plan.requests_n; i++) {
		poll->due_ns[i] = poll->since_ns[i] = now_ns;
		slave_of(poll, (int)i)->is_used = true;
	}
}

/* Until when its slave must not be asked; 0: at any time. */
static uint64_t barred_until(const struct modbus_poll *poll, int request)
{
	const struct modbus_slave_state *slave = slave_of(poll, request);
	uint64_t until_ns = breaker_until(&slave->breaker, &poll->probing);

	return until_ns > slave->quiet_ns ? until_ns : slave->quiet_ns;
}

/* For a probe it does not matter which request is due: its slave's turn is what counts, or the
 * first of many dead slaves would be the only one that is probed.
 */
static uint64_t waiting_since(const struct modbus_poll *poll, int request)
{
	const struct modbus_slave_state *slave = slave_of(poll, request);

	return slave->breaker.is_open ? slave->breaker.probe_ns : poll->since_ns[request];
}

int modbus_poll_next(const struct modbus_poll *poll, uint64_t now_ns, uint64_t *until_ns)
{
	uint64_t oldest_ns = UINT64_MAX;
	int next = -1;

	*until_ns = UINT64_MAX;
	for (int i = 0; i < (int)poll->plan.requests_n; i++) {
		uint64_t barred_ns = barred_until(poll, i), since_ns = waiting_since(poll, i);
		uint64_t due_ns = is_open(poll, i) ? since_ns : poll->due_ns[i];
		uint64_t ready_ns = barred_ns > due_ns ? barred_ns : due_ns;

		if (ready_ns < *until_ns)
			*until_ns = ready_ns;
		if (ready_ns <= now_ns && since_ns < oldest_ns) {
			oldest_ns = since_ns;
			next = i;
		}
	}
	return next;
}

/* To the next tick of the grid; ticks that are a whole interval ago are missed. */
static void advance(struct modbus_poll *poll, int request, uint64_t now_ns)
{
	uint64_t interval = interval_ns(poll, request), *due_ns = &poll->due_ns[request];

	/* A probe may come before its time. */
	if (*due_ns > now_ns)
		return;
	*due_ns += interval;
	if (*due_ns + interval <= now_ns) {
		uint64_t ticks = (now_ns - *due_ns) / interval;

		slave_of(poll, request)->stats.missed += ticks;
		*due_ns += ticks * interval;
	}
}

static void count(struct device_stats *stats, const struct modbus_result *result)
{
	stats->requests++;
	stats->foreign += result->foreign;
	stats->error = result->error;
	switch (result->outcome) {
	case MODBUS_ANSWERED:
		stats->answers++;
		stats->response_last_ns = result->response_ns;
		stats->response_sum_ns += result->response_ns;
		if (result->response_ns > stats->response_max_ns)
			stats->response_max_ns = result->response_ns;
		break;
	case MODBUS_EXCEPTION:
		stats->exceptions++;
		break;
	case MODBUS_SILENT:
		stats->silent++;
		break;
	case MODBUS_GARBLED:
		stats->garbled++;
		break;
	case MODBUS_LINK_LOST:
	case MODBUS_STOPPED:
		break;
	}
}

/* A disturbed answer is no sign of a dead slave: once more, if all was well before. */
static bool may_repeat(const struct modbus_slave_state *slave, const struct modbus_result *result)
{
	return result->outcome == MODBUS_GARBLED && !slave->is_repeated &&
	       !slave->breaker.failures;
}

bool modbus_poll_done(struct modbus_poll *poll, int request, const struct modbus_result *result)
{
	struct modbus_slave_state *slave = slave_of(poll, request);
	const struct conf_slave *conf = &poll->conf->slaves[poll->plan.requests[request].slave];
	bool repeats = may_repeat(slave, result);

	count(&slave->stats, result);
	slave->is_repeated = repeats;
	if (repeats)
		return false;
	/* A gateway that cannot reach the slave has spoken in its place. */
	if (result->outcome == MODBUS_ANSWERED ||
	    (result->outcome == MODBUS_EXCEPTION && result->error != -EHOSTUNREACH))
		breaker_good(&slave->breaker);
	else if (result->outcome != MODBUS_LINK_LOST && result->outcome != MODBUS_STOPPED)
		breaker_bad(&slave->breaker, &poll->probing, result->done_ns,
			    result->done_ns - result->begun_ns);
	if (result->outcome == MODBUS_SILENT)
		slave->quiet_ns = result->done_ns + conf->response_timeout_ms * NS_PER_MS;
	slave->stats.is_open = slave->breaker.is_open;
	slave->stats.retry_ns = breaker_until(&slave->breaker, &poll->probing);
	advance(poll, request, result->done_ns);
	/* Who has just been served is not first again, however late it is: others are as late. */
	poll->since_ns[request] = poll->due_ns[request] > result->done_ns ?
				  poll->due_ns[request] : result->done_ns;
	return true;
}

int modbus_poll_skip(struct modbus_poll *poll, uint64_t now_ns)
{
	for (int i = 0; i < (int)poll->plan.requests_n; i++) {
		if (poll->due_ns[i] + interval_ns(poll, i) > now_ns)
			continue;
		slave_of(poll, i)->stats.missed++;
		advance(poll, i, now_ns);
		return i;
	}
	return -1;
}

int modbus_poll_pass(struct modbus_poll *poll, uint64_t now_ns, uint64_t *until_ns)
{
	*until_ns = UINT64_MAX;
	for (int i = 0; i < (int)poll->plan.requests_n; i++) {
		if (poll->due_ns[i] <= now_ns) {
			slave_of(poll, i)->stats.missed++;
			advance(poll, i, now_ns);
			return i;
		}
		if (poll->due_ns[i] < *until_ns)
			*until_ns = poll->due_ns[i];
	}
	return -1;
}
