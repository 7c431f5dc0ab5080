// SPDX-License-Identifier: GPL-2.0-only
#include "protect/turn.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "protect/tell.h"

#define RECORDS_AT_ONCE 128
#define LOST_TELL_MS 10000
/* For as long may a supply hold up after mains power was lost; what it gives is used. */
#define POWER_URGENT_NS (5 * NS_PER_SEC)
#define CLOCK_TELL_MS 10000
#define MINUTE_NS (60 * (int64_t)NS_PER_SEC)

void turn_start(struct turn *turn, const struct conf *conf, struct stream *stream,
		struct channels *channels, struct outputs *outputs,
		const struct turn_hooks *hooks, void *data)
{
	uint8_t boot_id[KEEP_BOOT_ID_BYTES];

	*turn = (struct turn){
		.conf = conf,
		.stream = stream,
		.channels = channels,
		.outputs = outputs,
		.hooks = hooks,
		.data = data,
		.events_ns = -MINUTE_NS,
		.started_ns = clock_boot_ns(),
	};
	clock_boot_id(boot_id);
	keep_begin(&turn->keep, boot_id);
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

/* A minute's share may be used at once; after that one comes each second. */
static bool may_give_event(struct turn *turn, uint64_t now_ns)
{
	if (turn->events_ns < (int64_t)now_ns - MINUTE_NS)
		turn->events_ns = (int64_t)now_ns - MINUTE_NS;
	if (turn->events_ns + MINUTE_NS / EVENTS_A_MINUTE > (int64_t)now_ns) {
		turn->events_left_out++;
		return false;
	}
	turn->events_ns += MINUTE_NS / EVENTS_A_MINUTE;
	return true;
}

/* @time_ns: BOOTTIME of it. */
static void give_event(struct turn *turn, uint64_t time_ns, const char *name, const char *subject,
		       const struct event_number *numbers, size_t n)
{
	struct clock_pair now = clock_pair_now(turn->conf->trusts_clock);
	struct event event = {
		.boot_ns = time_ns < now.boot_ns ? time_ns : now.boot_ns,
		.clk = now.is_set ? 0 : CLK_UNSET,
		.name = name,
		.numbers_n = n,
	};

	if (!turn->hooks->event || !may_give_event(turn, now.boot_ns))
		return;
	event.wall_ms = now.wall_ms - (int64_t)((now.boot_ns - event.boot_ns) / NS_PER_MS);
	snprintf(event.subject, sizeof(event.subject), "%s", subject ? subject : "");
	memcpy(event.numbers, numbers, n * sizeof(*numbers));
	if (turn->events_left_out && event.numbers_n < EVENT_NUMBERS) {
		event.numbers[event.numbers_n++] =
			(struct event_number){ "left_out", (int64_t)turn->events_left_out };
		turn->events_left_out = 0;
	}
	turn->hooks->event(turn->data, &event);
}

/* The last argument: what a struct event_number is initialized with, each in parentheses. */
#define EVENT(turn, time_ns, name, subject, ...) do {					\
	const struct event_number numbers_[] = { __VA_ARGS__ };				\
											\
	give_event(turn, time_ns, name, subject, numbers_,				\
		   sizeof(numbers_) / sizeof(numbers_[0]));				\
} while (0)

void turn_event(struct turn *turn, const char *name, const char *subject,
		const struct event_number *numbers, size_t n)
{
	give_event(turn, clock_boot_ns(), name, subject, numbers, n);
}

void turn_enter(struct turn *turn, size_t channel, double value, uint64_t for_ms)
{
	const struct clock_pair now = clock_pair_now(turn->conf->trusts_clock);
	const struct event_number numbers[] = { { "thousandths", llround(value * 1000) },
						{ "for_ms", (int64_t)for_ms } };
	struct sample sample;

	channels_enter(turn->channels, channel, value, now.boot_ns + for_ms * NS_PER_MS, &now,
		       &sample);
	turn->hooks->sample(turn->data, &sample);
	turn_event(turn, "enter", turn->conf->channels[channel].name, numbers, 2);
}

/* Channels are judged by what outputs do as well. @index: in the configuration, or -1. */
static void tell_driver(struct turn *turn, int index, uint64_t at_ns)
{
	const struct output *output;

	if (index < 0)
		return;
	output = outputs_get(turn->outputs, (size_t)index);
	channels_tell_output(turn->channels, (size_t)index,
			     output->kernel >= 0 && output->info.present, output->info.on, at_ns);
}

void turn_close(struct turn *turn, int error)
{
	bool was_open = turn_is_protected(turn);

	if (was_open)
		turn->hooks->closing(turn->data);
	stream_close(turn->stream);
	channels_unbind(turn->channels);
	outputs_unbind(turn->outputs);
	for (size_t i = 0; i < outputs_count(turn->outputs); i++)
		tell_driver(turn, (int)i, clock_boot_ns());
	keep_lose(&turn->keep, clock_boot_ns());
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

/* What was kept of an output that has been probed, for the kernel. */
static int restore(struct turn *turn, const struct hydropon_output_info *info)
{
	bool is_known;
	const struct hydropon_restore kept = keep_restore(&turn->keep, info, clock_boot_ns(), &is_known);
	int error = stream_restore(turn->stream, &kept);

	if (!error)
		tell_restored(info, &kept, is_known);
	if (!error || error == -EALREADY)
		return 0;
	if (error != turn->restore_error)
		log_error("outputs stay safe, %s refuses what was kept of %.*s: %s",
			  turn->conf->device, HYDROPON_NAME_MAX, info->name,
			  strerrordesc_np(-error));
	turn->restore_error = error;
	return error;
}

/* What the kernel says of an output, by its index there. */
static int read_output(struct turn *turn, uint32_t index, struct hydropon_output_info *info)
{
	int error = stream_output(turn->stream, index, info);

	info->name[HYDROPON_NAME_MAX - 1] = 0;
	if (error)
		return error;
	/* What it did before it was probed again counts. */
	keep_take(&turn->keep, info, clock_boot_ns());
	if (!info->present || info->restored || !turn->keep.is_loaded || restore(turn, info))
		return 0;
	error = stream_output(turn->stream, index, info);
	info->name[HYDROPON_NAME_MAX - 1] = 0;
	if (!error)
		keep_take(&turn->keep, info, clock_boot_ns());
	return error;
}

static int bind_output(struct turn *turn, uint32_t index)
{
	struct hydropon_output_info info;
	int found;

	if (read_output(turn, index, &info))
		return -1;
	found = outputs_bind(turn->outputs, &info, clock_boot_ns());
	tell_driver(turn, found, info.changed_ns);
	if (found < 0 && info.present)
		log_info("output %s is not in the configuration, it stays %s", info.name,
			 info.safe_on ? "on" : "off");
	return found;
}

/* The truth about all outputs: counters for the status, and what no record has told. */
static void read_outputs(struct turn *turn, uint64_t now_ns)
{
	struct hydropon_output_info info;

	for (uint32_t i = 0; i < turn->info.outputs; i++)
		if (!read_output(turn, i, &info))
			tell_driver(turn, outputs_bind(turn->outputs, &info, now_ns),
				    info.changed_ns);
}

static const char *arm_error_text(int error)
{
	switch (-error) {
	case ESHUTDOWN:
		return "the system is going down";
	case EBUSY:
		return "the system is being suspended";
	case EAGAIN:
		return "an output waits for what was kept of it";
	default:
		return strerrordesc_np(-error);
	}
}

static void arm(struct turn *turn)
{
	int error;

	if (!turn->keep.is_loaded)
		return;
	error = stream_arm(turn->stream);

	/* One has come since they were read. */
	if (error == -EAGAIN) {
		read_outputs(turn, clock_boot_ns());
		error = stream_arm(turn->stream);
	}
	if (error && error != turn->arm_error)
		log_warning("outputs stay safe, %s refuses to arm: %s", turn->conf->device,
			    arm_error_text(error));
	turn->arm_error = error;
	turn->info.armed = !error;
}

static void tell_missing(const struct turn *turn)
{
	for (size_t i = 0; i < channels_count(turn->channels); i++)
		if (turn->conf->channels[i].source == SOURCE_KERNEL &&
		    !turn->conf->channels[i].is_derived &&
		    channels_get(turn->channels, i)->kernel < 0)
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
	turn->arm_error = turn->restore_error = 0;
	turn->has_time = false;
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

/* Once a second, and when a record tells of more than readings. */
static void refresh(struct turn *turn, uint64_t now_ns)
{
	const struct hydropon_info before = turn->info;
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
	read_outputs(turn, now_ns);
	if (turn->info.armed)
		return;
	arm(turn);
	if (turn->info.armed)
		log_notice("%s is armed", turn->conf->device);
}

/* A record told of something that has more to it than fits a record. */
static void refresh_soon(struct turn *turn)
{
	turn->next_refresh_ns = 0;
}

/* To the channels that are its totals. */
static void total_output(struct turn *turn, size_t index, uint64_t at_ns,
			 const struct clock_pair *now)
{
	const struct output *output = outputs_get(turn->outputs, index);
	const struct output_level level = {
		.is_known = output->kernel >= 0 && output->info.present,
		.on = output->info.on,
		.changed_ns = output->info.changed_ns,
	};

	for (size_t i = 0; i < turn->conf->channels_n; i++)
		if (turn->conf->channels[i].is_derived &&
		    turn->conf->channels[i].output == (int)index)
			channels_take_output(turn->channels, i, &level, at_ns, now);
}

static void take_output(struct turn *turn, const struct hydropon_record *record,
			const struct clock_pair *now)
{
	bool line_changed;
	int index = outputs_take(turn->outputs, record, &line_changed);

	tell_driver(turn, index, record->time_ns);
	if (index >= 0) {
		total_output(turn, (size_t)index, record->time_ns, now);
		tell_output(turn->conf->outputs[index].name, record, line_changed);
		EVENT(turn, record->time_ns, "output", turn->conf->outputs[index].name,
		      { "on", record->value }, { "cause", record->aux },
		      { "error", -record->status });
	}
	refresh_soon(turn);
}

static void give_wires(struct turn *turn, const struct hydropon_record *record, const char *name)
{
	switch (record->type) {
	case HYDROPON_REC_FAULT:
		if (record->flags == HYDROPON_FAULT_POWER_STORM)
			name = NULL;
		EVENT(turn, record->time_ns, "fault", name, { "on", record->value },
		      { "fault", record->flags });
		break;
	case HYDROPON_REC_TRIP:
		EVENT(turn, record->time_ns, "trip", name, { "on", record->value },
		      { "interlock", record->aux }, { "level", record->flags });
		break;
	default:
		EVENT(turn, record->time_ns, "switch", name, { "position", record->value });
	}
}

/* Of an output that is not in the configuration as well. */
static void take_event(struct turn *turn, const struct hydropon_record *record)
{
	struct hydropon_output_info info;
	bool is_known = !read_output(turn, record->channel, &info);

	if (record->type == HYDROPON_REC_FAULT && record->flags == HYDROPON_FAULT_POWER_STORM)
		tell_fault(NULL, record);
	else if (is_known && record->type == HYDROPON_REC_FAULT)
		tell_fault(&info, record);
	else if (is_known && record->type == HYDROPON_REC_TRIP)
		tell_trip(info.name, record);
	else if (is_known)
		tell_manual(info.name, record);
	give_wires(turn, record, is_known ? info.name : NULL);
	if (record->type == HYDROPON_REC_FAULT ||
	    (record->type == HYDROPON_REC_TRIP && record->value))
		turn->urgent_until_ns = clock_boot_ns();
	refresh_soon(turn);
}

static void take_time(struct turn *turn, const struct hydropon_record *record)
{
	int64_t ahead_ns = record->aux - (int64_t)record->time_ns;
	int64_t moved_ns = turn->has_time ? ahead_ns - turn->wall_ahead_ns : 0;

	turn->wall_ahead_ns = ahead_ns;
	turn->has_time = true;
	if (!record->value)
		return;
	turn->clock_steps++;
	if (record->time_ns < turn->next_clock_tell_ns)
		return;
	turn->next_clock_tell_ns = record->time_ns + CLOCK_TELL_MS * NS_PER_MS;
	tell_clock(moved_ns);
}

static void tell_presence(struct turn *turn, const struct hydropon_record *record,
			  const char *name)
{
	log_notice("%s: its device %s", name, record->value ? "is there" : "is gone");
	EVENT(turn, record->time_ns, "device", name, { "on", record->value });
}

static void take_presence(struct turn *turn, const struct hydropon_record *record)
{
	bool is_output = record->flags == HYDROPON_KIND_OUTPUT;
	int index = is_output ? bind_output(turn, record->channel)
			      : bind_channel(turn, record->channel);

	if (is_output && index >= 0 && !record->value)
		outputs_lose(turn->outputs, (size_t)index);
	if (index >= 0)
		tell_presence(turn, record, is_output ? turn->conf->outputs[index].name :
							turn->conf->channels[index].name);
}

static void take_power(struct turn *turn, const struct hydropon_record *record)
{
	turn->info.power_good = record->value != 0;
	turn->info.shedding = record->aux != 0;
	turn->info.shed_left_ms = 0;	/* until the next refresh */
	if (!record->value)
		turn->urgent_until_ns = clock_boot_ns() + POWER_URGENT_NS;
	tell_power(record);
	EVENT(turn, record->time_ns, "power", NULL, { "on", record->value },
	      { "shedding", record->aux });
}

static void take_lost(struct turn *turn, const struct hydropon_record *record)
{
	turn->lost += (uint32_t)record->value;
	if (record->time_ns < turn->next_lost_ns)
		return;
	turn->next_lost_ns = record->time_ns + LOST_TELL_MS * NS_PER_MS;
	log_warning("%llu records of the stream were lost, the machine is too busy",
		    (unsigned long long)(turn->lost - turn->lost_told));
	EVENT(turn, record->time_ns, "lost", NULL,
	      { "records", (int64_t)(turn->lost - turn->lost_told) });
	turn->lost_told = turn->lost;
}

/* And what follows from it. */
static void give_sample(struct turn *turn, const struct sample *sample,
			const struct clock_pair *now)
{
	struct sample derived;

	turn->hooks->sample(turn->data, sample);
	for (size_t i = 0; i < channels_count(turn->channels); i++)
		if (channels_derive(turn->channels, i, sample, now, &derived))
			give_sample(turn, &derived, now);
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
			give_sample(turn, &sample, now);
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
		take_output(turn, record, now);
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
	case HYDROPON_REC_TRIP:
	case HYDROPON_REC_MANUAL:
	case HYDROPON_REC_FAULT:
		take_event(turn, record);
		break;
	case HYDROPON_REC_TIME:
		take_time(turn, record);
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
		now = clock_pair_now(turn->conf->trusts_clock);
		for (int i = 0; i < n; i++)
			take_record(turn, &records[i], &now);
		total += n > 0 ? (size_t)n : 0;
	} while (n == RECORDS_AT_ONCE && total < TURN_RECORDS_MAX);
	if (n < 0)
		turn_close(turn, n);
	return total;
}

/* What does not fit in one turn waits for the next. */
static void read_sources(struct turn *turn)
{
	struct source_reading readings[RECORDS_AT_ONCE];
	size_t total = 0, n;

	if (!turn->sources)
		return;
	do {
		struct clock_pair now;
		struct sample sample;

		n = sources_pop(turn->sources, readings, RECORDS_AT_ONCE);
		now = clock_pair_now(turn->conf->trusts_clock);
		for (size_t i = 0; i < n; i++)
			if (channels_take_reading(turn->channels, &readings[i], &now, &sample))
				give_sample(turn, &sample, &now);
		total += n;
	} while (n == RECORDS_AT_ONCE && total < TURN_READINGS_MAX);
}

static void judge_channels(struct turn *turn, bool *good)
{
	struct clock_pair now = clock_pair_now(turn->conf->trusts_clock);
	struct sample sample;

	for (size_t i = 0; i < outputs_count(turn->outputs); i++)
		total_output(turn, i, now.boot_ns, &now);
	for (size_t i = 0; i < channels_count(turn->channels); i++) {
		const struct conf_channel *conf = &turn->conf->channels[i];

		if (channels_expire(turn->channels, i, &now, &sample) ||
		    (conf->is_derived && conf->output >= 0 &&
		     channels_total(turn->channels, i, &now, &sample)))
			give_sample(turn, &sample, &now);
	}
	for (size_t i = 0; i < channels_count(turn->channels); i++)
		good[i] = channels_is_good(turn->channels, i, now.boot_ns);
}

/* Once: what is kept of outputs since before this process. */
static void learn_kept(struct turn *turn, uint64_t now_ns)
{
	struct keep_note note = { 0 };
	struct clock_pair now;
	int error = -ENOENT;

	if (turn->keep.is_loaded)
		return;
	if (turn->hooks->kept)
		error = turn->hooks->kept(turn->data, &note);
	if (error == -EAGAIN && now_ns < turn->started_ns + TURN_KEPT_WAIT_MS * NS_PER_MS)
		return;
	if (error == -EAGAIN || error == -EBADMSG)
		log_error("what was kept of outputs %s: all of each budget counts as used just now, and "
			  "outputs that were latched may not be; look at them", error == -EAGAIN ?
			  "cannot be read, as the spool cannot be opened" :
			  "may be lost, as the spool is damaged");
	if (error == -EBADMSG)
		for (size_t i = 0; i < note.n; i++)
			note.entries[i].has_budget = false;
	now = clock_pair_now(turn->conf->trusts_clock);
	keep_load(&turn->keep, error && error != -EBADMSG ? NULL : &note, &now);
	refresh_soon(turn);
}

static void take_kept(struct turn *turn)
{
	if (turn->keep.is_on_its_way && turn->hooks->is_kept(turn->data))
		keep_written(&turn->keep, clock_boot_ns());
}

static void put_kept(struct turn *turn)
{
	struct keep_note note;
	struct clock_pair now;

	if (!turn->hooks->keep || !keep_is_due(&turn->keep, clock_boot_ns()))
		return;
	now = clock_pair_now(turn->conf->trusts_clock);
	keep_put(&turn->keep, &note, &now);
	turn->hooks->keep(turn->data, &note);
}

void turn_end(struct turn *turn)
{
	keep_end(&turn->keep, clock_boot_ns());
	put_kept(turn);
}

static bool may_use(const struct turn *turn, const struct output *output, uint64_t now_ns)
{
	return !turn->hooks->keep || output->kernel < 0 ||
	       keep_may_use(&turn->keep, &output->info, output->lease_ms, now_ns);
}

static void order_outputs(struct turn *turn, const bool *good)
{
	bool may[HYDROPON_MAX_OUTPUTS];
	const struct output_turn judged = {
		.now_ns = clock_boot_ns(),
		.good = good,
		.may_use = may,
		.has_beat = turn->has_beat && turn->info.armed,
		.beat = turn->beat,
		.beat_ns = turn->beat_ns,
		.shedding = turn->info.shedding,
	};
	struct hydropon_set set;

	for (size_t i = 0; i < outputs_count(turn->outputs); i++) {
		const struct output *output = outputs_get(turn->outputs, i);
		bool is_order;
		int error;

		may[i] = may_use(turn, output, judged.now_ns);
		is_order = outputs_decide(turn->outputs, i, &judged, &set);
		if (output->is_unkept)
			keep_want(&turn->keep, &output->info, output->lease_ms);
		if (!is_order)
			continue;
		error = stream_set(turn->stream, &set);
		if (!error && (bool)set.on != (bool)output->info.safe_on)
			keep_set(&turn->keep, &output->info);
		outputs_done(turn->outputs, i, &judged, &set, error);
		/* Disarmed, or an output that was probed again: the next turn sees to it. */
		if (error == -EPERM)
			refresh_soon(turn);
	}
}

int turn_reset(struct turn *turn, size_t index)
{
	const struct output *output = outputs_get(turn->outputs, index);
	int error;

	if (output->kernel < 0)
		return -ENODEV;
	error = stream_reset(turn->stream, (uint32_t)output->kernel);
	if (!error && output->info.latched)
		log_notice("%s: reset by request", output->conf->name);
	bind_output(turn, (uint32_t)output->kernel);
	return error;
}

size_t turn_run(struct turn *turn)
{
	bool good[HYDROPON_MAX_CHANNELS] = { false };
	uint64_t now_ns = clock_boot_ns();
	size_t records = 0;

	learn_kept(turn, now_ns);
	take_kept(turn);
	if (!turn_is_protected(turn) && now_ns >= turn->next_open_ns)
		open_device(turn);
	if (turn_is_protected(turn))
		records = read_records(turn);
	if (turn_is_protected(turn))
		refresh(turn, now_ns);
	read_sources(turn);
	judge_channels(turn, good);
	order_outputs(turn, good);
	put_kept(turn);
	if (now_ns <= turn->urgent_until_ns && turn->hooks->urgent)
		turn->hooks->urgent(turn->data);
	return records;
}
