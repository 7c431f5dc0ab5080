// SPDX-License-Identifier: GPL-2.0-only
#include "acquire/ezo_poll.h"

#include <errno.h>

#include "base/clock.h"

void ezo_poll_begin(struct ezo_poll *poll, const struct conf *conf, int bus, uint64_t now_ns)
{
	*poll = (struct ezo_poll){ .conf = conf };
	for (size_t i = 0; i < conf->channels_n; i++) {
		const struct conf_channel *channel = &conf->channels[i];
		struct ezo_device *device;

		if (channel->source != SOURCE_EZO || conf->ezos[channel->ezo].bus != bus)
			continue;
		device = &poll->devices[channel->ezo];
		device->is_used = device->is_anew = true;
		device->due_ns = now_ns;
	}
}

static uint64_t ready_at(const struct ezo_poll *poll, const struct ezo_device *device)
{
	if (device->is_in_turn)
		return device->ready_ns;
	/* A probe may come before its time, and long after. */
	if (device->breaker.is_open)
		return breaker_until(&device->breaker, &poll->probing);
	return device->due_ns;
}

bool ezo_poll_next(const struct ezo_poll *poll, uint64_t now_ns, struct ezo_action *action,
		   uint64_t *until_ns)
{
	const struct ezo_device *device;
	int first = -1;

	*until_ns = UINT64_MAX;
	for (int i = 0; i < (int)poll->conf->ezos_n; i++) {
		uint64_t ready_ns = ready_at(poll, &poll->devices[i]);

		if (!poll->devices[i].is_used || ready_ns >= *until_ns)
			continue;
		*until_ns = ready_ns;
		first = i;
	}
	if (first < 0 || *until_ns > now_ns)
		return false;
	device = &poll->devices[first];
	*action = (struct ezo_action){
		.device = first,
		.address = poll->conf->ezos[first].address,
		.command = device->is_asked ? NULL :
			   ezo_board_command(&device->board, poll->conf->ezos[first].kind),
	};
	return true;
}

/* To the next tick of the grid; ticks that are a whole interval ago are missed. */
static void advance(const struct ezo_poll *poll, struct ezo_device *device, uint64_t now_ns)
{
	uint64_t interval = poll->conf->ezos[device - poll->devices].interval_ms * NS_PER_MS;

	/* A probe may come before its time. */
	if (device->due_ns > now_ns)
		return;
	device->due_ns += interval;
	if (device->due_ns + interval <= now_ns) {
		uint64_t ticks = (now_ns - device->due_ns) / interval;

		device->stats.missed += ticks;
		device->due_ns += ticks * interval;
	}
}

static void end_turn(struct ezo_poll *poll, struct ezo_device *device, uint64_t now_ns)
{
	device->is_in_turn = device->is_asked = false;
	device->stats.is_open = device->breaker.is_open;
	device->stats.retry_ns = breaker_until(&device->breaker, &poll->probing);
	advance(poll, device, now_ns);
}

/* It has answered, and cannot be read as it is. */
static bool is_refusal(int error)
{
	return error == -EINVAL || error == -EMEDIUMTYPE || error == -ENOMSG || error == -EDOM ||
	       error == -EPROTO;
}

/* The adapter itself is gone. */
static bool is_loss(int error)
{
	return error == -ENODEV || error == -ESHUTDOWN || error == -EBADF;
}

static void fail(struct ezo_poll *poll, struct ezo_device *device, int error, uint64_t now_ns,
		 struct ezo_result *result)
{
	*result = (struct ezo_result){ .outcome = is_loss(error) ? EZO_LOST : EZO_FAILED,
				       .error = error };
	device->stats.error = error;
	if (is_refusal(error)) {
		device->stats.exceptions++;
		breaker_good(&device->breaker);
	} else if (!is_loss(error)) {
		device->stats.garbled += error == -EBADMSG;
		device->stats.silent += error != -EBADMSG;
		device->is_anew |= breaker_bad(&device->breaker, &poll->probing, now_ns,
					       device->busy_ns);
	}
	ezo_board_forget(&device->board);
	end_turn(poll, device, now_ns);
}

static void begin_turn(struct ezo_device *device, uint64_t now_ns)
{
	if (device->is_in_turn)
		return;
	device->is_in_turn = true;
	device->busy_ns = 0;
}

static void wrote(struct ezo_device *device, enum conf_ezo_kind kind, uint64_t now_ns)
{
	device->is_asked = true;
	device->asked_ns = now_ns;
	device->ready_ns = now_ns + ezo_board_wait_ms(&device->board, kind) * NS_PER_MS;
	device->end_ns = device->ready_ns + EZO_LATE_MS * NS_PER_MS;
}

static void count_answer(struct device_stats *stats, uint64_t response_ns)
{
	stats->answers++;
	stats->response_last_ns = response_ns;
	stats->response_sum_ns += response_ns;
	if (response_ns > stats->response_max_ns)
		stats->response_max_ns = response_ns;
}

static void give_number(struct ezo_poll *poll, struct ezo_device *device, double number,
			uint64_t now_ns, struct ezo_result *result)
{
	*result = (struct ezo_result){ .outcome = EZO_NUMBER, .number = number,
				       .is_anew = device->is_anew };
	device->is_anew = false;
	device->stats.error = 0;
	breaker_good(&device->breaker);
	if (now_ns >= device->checked_ns + EZO_CHECK_MS * NS_PER_MS)
		ezo_board_forget(&device->board);
	end_turn(poll, device, now_ns);
}

/* Returns 0 or what it fails with. */
static int read_answer(struct ezo_poll *poll, struct ezo_device *device, enum conf_ezo_kind kind,
		       const uint8_t bytes[EZO_ANSWER_BYTES], uint64_t now_ns,
		       struct ezo_result *result)
{
	bool is_first = device->board.step == EZO_STEP_IDENTIFY;
	char text[EZO_TEXT];
	double number;
	int taken = ezo_answer_text(bytes, text);

	if (taken == -EAGAIN) {
		device->ready_ns = now_ns + EZO_AGAIN_MS * NS_PER_MS;
		return now_ns < device->end_ns ? 0 : -ETIMEDOUT;
	}
	if (taken < 0)
		return taken;
	taken = ezo_board_take(&device->board, kind, text, &number);
	if (taken < 0)
		return taken;
	count_answer(&device->stats, now_ns - device->asked_ns);
	device->is_asked = false;
	device->ready_ns = now_ns;
	if (is_first)
		device->checked_ns = now_ns;
	if (taken)
		give_number(poll, device, number, now_ns, result);
	return 0;
}

void ezo_poll_done(struct ezo_poll *poll, const struct ezo_action *action, int error,
		   const uint8_t bytes[EZO_ANSWER_BYTES], uint64_t begun_ns, uint64_t done_ns,
		   struct ezo_result *result)
{
	struct ezo_device *device = &poll->devices[action->device];
	enum conf_ezo_kind kind = poll->conf->ezos[action->device].kind;

	*result = (struct ezo_result){ .outcome = EZO_GOES_ON };
	begin_turn(device, begun_ns);
	device->busy_ns += done_ns - begun_ns;
	device->stats.requests += action->command != NULL;
	if (!error && action->command)
		wrote(device, kind, done_ns);
	else if (!error)
		error = read_answer(poll, device, kind, bytes, done_ns, result);
	if (error)
		fail(poll, device, error, done_ns, result);
}

int ezo_poll_skip(struct ezo_poll *poll, uint64_t now_ns)
{
	for (size_t i = 0; i < poll->conf->ezos_n; i++) {
		struct ezo_device *device = &poll->devices[i];

		if (!device->is_used || !device->breaker.is_open || device->due_ns > now_ns)
			continue;
		device->stats.missed++;
		advance(poll, device, now_ns);
		return (int)i;
	}
	return -1;
}

int ezo_poll_pass(struct ezo_poll *poll, uint64_t now_ns, uint64_t *until_ns)
{
	*until_ns = UINT64_MAX;
	for (size_t i = 0; i < poll->conf->ezos_n; i++) {
		struct ezo_device *device = &poll->devices[i];

		if (!device->is_used)
			continue;
		/* Whatever it was asked before is asked anew when the bus is there again. */
		device->is_in_turn = device->is_asked = false;
		ezo_board_forget(&device->board);
		if (device->due_ns <= now_ns) {
			device->stats.missed++;
			advance(poll, device, now_ns);
			return (int)i;
		}
		if (device->due_ns < *until_ns)
			*until_ns = device->due_ns;
	}
	return -1;
}
