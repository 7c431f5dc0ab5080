// SPDX-License-Identifier: GPL-2.0-only
#include "protect/turn.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "protect/cause.h"

#define RECORDS_AT_ONCE 128
#define LOST_TELL_MS 10000

static struct clock_pair clock_pair_now(void)
{
	return (struct clock_pair){ .boot_ns = clock_boot_ns(), .wall_ms = clock_wall_ms() };
}

void turn_start(struct turn *turn, const struct conf *conf, struct stream *stream,
		struct channels *channels, struct outputs *outputs,
		const struct turn_hooks *hooks, void *data)
{
	*turn = (struct turn){
		.conf = conf,
		.stream = stream,
		.channels = channels,
		.outputs = outputs,
		.hooks = hooks,
		.data = data,
	};
}

static const char *remedy(int error)
{
	switch (-error) {
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return "load hydropon-guard and check the device tree";
	case EBUSY:
		return "end the other program that controls it";
	case EACCES:
	case EPERM:
		return "let this user into group hydropon";
	case EPROTO:
		return "install module and daemon of one release";
	default:
		return "check device in the configuration";
	}
}

void turn_close(struct turn *turn, int error)
{
	bool was_open = turn_is_protected(turn);

	if (was_open)
		turn->hooks->closing(turn->data);
	stream_close(turn->stream);
	channels_unbind(turn->channels);
	outputs_unbind(turn->outputs);
	memset(&turn->info, 0, sizeof(turn->info));
	turn->has_beat = false;
	turn->next_open_ns = clock_boot_ns() + TURN_RETRY_MS * NS_PER_MS;
	if (error && (was_open || error != turn->open_error))
		log_warning("outputs are not protected: %s: %s; %s", turn->conf->device,
			    strerrordesc_np(-error), remedy(error));
	turn->open_error = error;
}

/* Returns the index in the configuration, or -1. */
static int bind_channel(struct turn *turn, uint32_t index)
{
	struct hydropon_channel_info info;
	int found;

	if (stream_channel(turn->stream, index, &info))
		return -1;
	found = channels_bind(turn->channels, &info);
	if (found < 0)
		log_info("channel %.*s is not in the configuration, its readings are not kept",
			 HYDROPON_NAME_MAX - 1, info.name);
	return found;
}

static int bind_output(struct turn *turn, uint32_t index)
{
	struct hydropon_output_info info;
	int found;

	if (stream_output(turn->stream, index, &info))
		return -1;
	found = outputs_bind(turn->outputs, &info, clock_boot_ns());
	if (found < 0 && info.present)
		log_info("output %.*s is not in the configuration, it stays %s",
			 HYDROPON_NAME_MAX - 1, info.name, info.safe_on ? "on" : "off");
	return found;
}

static void arm(struct turn *turn)
{
	int error = stream_arm(turn->stream);

	if (error && error != turn->arm_error)
		log_warning("outputs stay safe, %s refuses to arm: %s", turn->conf->device,
			    error == -ESHUTDOWN ? "the system is going down" :
						  strerrordesc_np(-error));
	turn->arm_error = error;
	turn->info.armed = !error;
}

static void tell_missing(const struct turn *turn)
{
	for (size_t i = 0; i < channels_count(turn->channels); i++)
		if (channels_get(turn->channels, i)->kernel < 0)
			log_warning("channel %s: %s has none of that name, check the device tree",
				    turn->conf->channels[i].name, turn->conf->device);
	for (size_t i = 0; i < outputs_count(turn->outputs); i++)
		if (outputs_get(turn->outputs, i)->kernel < 0)
			log_warning("output %s: %s has none of that name, check the device tree",
				    turn->conf->outputs[i].name, turn->conf->device);
}

static void open_device(struct turn *turn)
{
	int error = stream_open(turn->stream, &turn->info);

	if (error) {
		turn_close(turn, error);
		return;
	}
	turn->open_error = 0;
	turn->arm_error = 0;
	turn->lost_told = turn->lost;
	turn->next_refresh_ns = clock_boot_ns() + TURN_REFRESH_MS * NS_PER_MS;
	for (uint32_t i = 0; i < turn->info.channels; i++)
		bind_channel(turn, i);
	for (uint32_t i = 0; i < turn->info.outputs; i++)
		bind_output(turn, i);
	tell_missing(turn);
	arm(turn);
	log_notice("%s is open: %u channels, %u outputs", turn->conf->device,
		   turn->info.channels, turn->info.outputs);
	if (turn->info.shedding)
		log_notice("mains power is lost or unstable, outputs of the shed set stay off");
	turn->hooks->opened(turn->data, stream_fd(turn->stream));
}

/* The truth about all channels, should records of their coming and going have been lost. */
static void check_channels(struct turn *turn)
{
	struct hydropon_channel_info info;

	for (uint32_t i = 0; i < turn->info.channels; i++)
		if (!stream_channel(turn->stream, i, &info))
			channels_check(turn->channels, &info);
}

/* Once a second: counters for the status, and the truth, should records have been lost. */
static void refresh(struct turn *turn, uint64_t now_ns)
{
	const struct hydropon_info before = turn->info;
	struct hydropon_output_info info;
	int error;

	if (now_ns < turn->next_refresh_ns)
		return;
	turn->next_refresh_ns = now_ns + TURN_REFRESH_MS * NS_PER_MS;
	error = stream_info(turn->stream, &turn->info);
	if (error) {
		turn_close(turn, error);
		return;
	}
	if (turn->info.lost_urgent != before.lost_urgent ||
	    turn->info.channels > before.channels)
		check_channels(turn);
	for (uint32_t i = 0; i < turn->info.outputs; i++)
		if (!stream_output(turn->stream, i, &info))
			outputs_bind(turn->outputs, &info, now_ns);
	if (!turn->info.armed)
		arm(turn);
}

static void take_output(struct turn *turn, const struct hydropon_record *record)
{
	bool line_changed;
	int index = outputs_take(turn->outputs, record, &line_changed);
	const char *name;

	if (index < 0)
		return;
	name = turn->conf->outputs[index].name;
	if (line_changed && record->status)
		log_warning("%s: writing %s to its line failed: %s", name,
			    record->value ? "on" : "off", strerrordesc_np(-record->status));
	else if (line_changed)
		log_notice("%s: its line can be written again", name);
	else
		log_notice("%s: %s, %s", name, record->value ? "on" : "off",
			   cause_text((uint32_t)record->aux));
}

static void take_presence(struct turn *turn, const struct hydropon_record *record)
{
	bool is_output = record->flags == HYDROPON_KIND_OUTPUT;
	int index = is_output ? bind_output(turn, record->channel)
			      : bind_channel(turn, record->channel);

	if (is_output && index >= 0 && !record->value)
		outputs_lose(turn->outputs, (size_t)index);
	if (index >= 0)
		log_notice("%s: its device %s",
			   is_output ? turn->conf->outputs[index].name
				     : turn->conf->channels[index].name,
			   record->value ? "is there" : "is gone");
}

static void take_power(struct turn *turn, const struct hydropon_record *record)
{
	turn->info.power_good = record->value != 0;
	turn->info.shedding = record->aux != 0;
	turn->info.shed_left_ms = 0;	/* until the next refresh */
	if (!record->value)
		log_warning("mains power is lost%s",
			    record->aux ? ", outputs of the shed set are off" : "");
	else if (record->aux)
		log_notice("mains power is back, the shed set stays off until it is stable");
	else
		log_notice("mains power is stable");
}

static void take_lost(struct turn *turn, const struct hydropon_record *record)
{
	turn->lost += (uint32_t)record->value;
	if (record->time_ns < turn->next_lost_ns)
		return;
	turn->next_lost_ns = record->time_ns + LOST_TELL_MS * NS_PER_MS;
	log_warning("%llu records of the stream were lost, the machine is too busy",
		    (unsigned long long)(turn->lost - turn->lost_told));
	turn->lost_told = turn->lost;
}

static void take_record(struct turn *turn, const struct hydropon_record *record,
			const struct clock_pair *now)
{
	struct sample sample;

	switch (record->type) {
	case HYDROPON_REC_SAMPLE:
	case HYDROPON_REC_SCALE:
	case HYDROPON_REC_OFFSET:
	case HYDROPON_REC_PULSE:
		if (channels_take(turn->channels, record, now, &sample))
			turn->hooks->sample(turn->data, &sample);
		break;
	case HYDROPON_REC_MISSED:
		turn->missed += (uint32_t)record->value;
		break;
	case HYDROPON_REC_BEAT:
		turn->has_beat = true;
		turn->beat = (uint32_t)record->value;
		turn->beat_ns = record->time_ns;
		break;
	case HYDROPON_REC_OUTPUT:
		take_output(turn, record);
		break;
	case HYDROPON_REC_POWER:
		take_power(turn, record);
		break;
	case HYDROPON_REC_CHANNEL:
		take_presence(turn, record);
		break;
	case HYDROPON_REC_LOST:
		take_lost(turn, record);
		break;
	}
}

static size_t read_records(struct turn *turn)
{
	struct hydropon_record records[RECORDS_AT_ONCE];
	size_t total = 0;
	int n;

	turn->has_beat = false;
	do {
		struct clock_pair now;

		n = stream_read(turn->stream, records, RECORDS_AT_ONCE);
		now = clock_pair_now();
		for (int i = 0; i < n; i++)
			take_record(turn, &records[i], &now);
		total += n > 0 ? (size_t)n : 0;
	} while (n == RECORDS_AT_ONCE && total < TURN_RECORDS_MAX);
	if (n < 0)
		turn_close(turn, n);
	return total;
}

static void judge_channels(struct turn *turn, bool *good)
{
	struct clock_pair now = clock_pair_now();
	struct sample sample;

	for (size_t i = 0; i < channels_count(turn->channels); i++) {
		if (channels_expire(turn->channels, i, &now, &sample))
			turn->hooks->sample(turn->data, &sample);
		good[i] = channels_is_good(turn->channels, i, now.boot_ns);
	}
}

static void order_outputs(struct turn *turn, const bool *good)
{
	const struct output_turn judged = {
		.now_ns = clock_boot_ns(),
		.good = good,
		.has_beat = turn->has_beat && turn->info.armed,
		.beat = turn->beat,
		.beat_ns = turn->beat_ns,
		.shedding = turn->info.shedding,
	};
	struct hydropon_set set;

	for (size_t i = 0; i < outputs_count(turn->outputs); i++)
		if (outputs_decide(turn->outputs, i, &judged, &set))
			outputs_done(turn->outputs, i, &judged, &set,
				     stream_set(turn->stream, &set));
}

size_t turn_run(struct turn *turn)
{
	bool good[HYDROPON_MAX_CHANNELS] = { false };
	uint64_t now_ns = clock_boot_ns();
	size_t records = 0;

	if (!turn_is_protected(turn) && now_ns >= turn->next_open_ns)
		open_device(turn);
	if (turn_is_protected(turn))
		records = read_records(turn);
	if (turn_is_protected(turn))
		refresh(turn, now_ns);
	judge_channels(turn, good);
	order_outputs(turn, good);
	return records;
}
