// SPDX-License-Identifier: GPL-2.0-only
#include "protect/output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "protect/cause.h"

struct outputs {
	const struct conf *conf;
	uint64_t next_start_ns;		/* no output leaves safe before this */
	size_t count;
	struct output list[];
};

static const char *level_name(bool on)
{
	return on ? "on" : "off";
}

struct outputs *outputs_new(const struct conf *conf)
{
	struct outputs *outputs = calloc(1, sizeof(*outputs) +
					 conf->outputs_n * sizeof(outputs->list[0]));

	if (!outputs)
		return NULL;
	outputs->conf = conf;
	outputs->count = conf->outputs_n;
	for (size_t i = 0; i < outputs->count; i++) {
		outputs->list[i].conf = &conf->outputs[i];
		outputs->list[i].want_on = conf->outputs[i].want_on;
	}
	outputs_unbind(outputs);
	return outputs;
}

void outputs_free(struct outputs *outputs)
{
	free(outputs);
}

size_t outputs_count(const struct outputs *outputs)
{
	return outputs->count;
}

const struct output *outputs_get(const struct outputs *outputs, size_t index)
{
	return &outputs->list[index];
}

void outputs_lose(struct outputs *outputs, size_t index)
{
	struct output *output = &outputs->list[index];

	if (!output->override_active)
		return;
	output->override_active = false;
	log_notice("%s: override ended, its device went away", output->conf->name);
}

/* Whether max-on was reached is told by the cause alone; pressing its switch again is a
 * command as well. */
static void take_cause(struct output *output)
{
	if (output->info.cause == HYDROPON_CAUSE_MAX_ON)
		output->overran = true;
	else if (output->info.cause == HYDROPON_CAUSE_MANUAL_ON)
		output->overran = output->commanded = false;
}

int outputs_bind(struct outputs *outputs, const struct hydropon_output_info *info,
		 uint64_t now_ns)
{
	char name[HYDROPON_NAME_MAX];
	struct output *output;
	int index;

	memcpy(name, info->name, sizeof(name));
	name[sizeof(name) - 1] = 0;
	index = conf_find_output(outputs->conf, name);
	if (index < 0)
		return -1;
	output = &outputs->list[index];
	/* Its state has begun anew: the one that it was set for is no more. */
	if (output->info.present && (!info->present || (info->cause == HYDROPON_CAUSE_PROBE &&
							info->changed_ns > output->info.changed_ns)))
		outputs_lose(outputs, (size_t)index);
	if (!output->info.present && info->present && output->conf->lease_ms > info->lease_max_ms)
		log_warning("%s: lease of %u ms is longer than the device tree allows, using %u ms",
			    name, output->conf->lease_ms, info->lease_max_ms);
	output->begins |= !output->info.present && info->present;
	output->kernel = (int)info->index;
	output->info = *info;
	output->lease_ms = output->conf->lease_ms < info->lease_max_ms ?
			   output->conf->lease_ms : info->lease_max_ms;
	if (info->line_status != -EINPROGRESS)
		output->line_ended = info->line_status;
	take_cause(output);
	output->lease_until_ns = info->lease_left_ms ?
				 now_ns + info->lease_left_ms * NS_PER_MS : 0;
	output->holding = info->present && info->lease_left_ms;
	return index;
}

void outputs_unbind(struct outputs *outputs)
{
	for (size_t i = 0; i < outputs->count; i++) {
		struct output *output = &outputs->list[i];

		if (output->info.present)
			outputs_lose(outputs, i);
		output->kernel = -1;
		output->info = (struct hydropon_output_info){ 0 };
		output->holding = false;
		output->has_tried = false;
		output->lease_until_ns = 0;
		output->waits_for = -1;
		output->error = 0;
	}
}

int outputs_take(struct outputs *outputs, const struct hydropon_record *record,
		 bool *line_changed)
{
	*line_changed = false;
	for (size_t i = 0; i < outputs->count; i++) {
		struct output *output = &outputs->list[i];

		if (output->kernel != record->channel)
			continue;
		/* outputs_bind() may know more already than a record that waited */
		if (record->time_ns < output->info.changed_ns)
			return (int)i;
		*line_changed = record->status != -EINPROGRESS &&
				record->status != output->line_ended;
		output->info.line_status = record->status;
		if (record->status != -EINPROGRESS)
			output->line_ended = record->status;
		/* No new cause: it tells of a write, and of the level that was written, which
		 * may be older than the decision that is known already. */
		if (record->aux == output->info.cause)
			return (int)i;
		output->info.on = record->value != 0;
		output->info.cause = (uint32_t)record->aux;
		output->info.changed_ns = record->time_ns;
		take_cause(output);
		/* A switch at ON leaves a lease alive below it. */
		if (output->info.cause != HYDROPON_CAUSE_MANUAL_ON)
			output->holding = output->info.cause == HYDROPON_CAUSE_LEASE;
		if (!output->holding)
			output->lease_until_ns = 0;
		return (int)i;
	}
	return -1;
}

int outputs_override(struct outputs *outputs, size_t index, bool on, uint64_t for_ms,
		     uint64_t now_ns)
{
	struct output *output = &outputs->list[index];

	if (!for_ms || for_ms > OUTPUT_OVERRIDE_MAX_MS)
		return -ERANGE;
	output->override_active = true;
	output->commanded = output->overran;
	output->override_on = on;
	output->override_until_ns = now_ns + for_ms * NS_PER_MS;
	log_notice("%s: override %s for %llu s", output->conf->name, level_name(on),
		   (unsigned long long)(for_ms + 999) / 1000);
	return 0;
}

int outputs_release(struct outputs *outputs, size_t index)
{
	struct output *output = &outputs->list[index];

	if (!output->override_active)
		return -ENOENT;
	output->override_active = false;
	output->commanded = output->overran;
	log_notice("%s: override ended by request", output->conf->name);
	return 0;
}

static void expire_override(struct output *output, uint64_t now_ns)
{
	if (!output->override_active || now_ns < output->override_until_ns)
		return;
	output->override_active = false;
	log_notice("%s: override is over", output->conf->name);
}

static void judge_want(struct output *output, uint64_t now_ns)
{
	bool want_on;

	expire_override(output, now_ns);
	want_on = output->override_active ? output->override_on : output->conf->want_on;
	if (want_on != output->want_on)
		output->commanded = output->overran;
	output->want_on = want_on;
}

/* It is there from now on. That its safe state is wanted is a command as well: it lets go of
 * what max-on held off under an earlier controller, also where something stronger hides that.
 */
static void judge_beginning(struct output *output, bool away)
{
	if (output->begins && !away && output->info.max_on_ms)
		output->commanded = true;
	if (output->begins && away && output->overran)
		log_warning("%s: stays %s, it was on for as long as it may be "
			    "(hydropon,max-on-ms) before; until a command, such as: "
			    "hydroponctl set %s on", output->conf->name,
			    level_name(output->info.safe_on), output->conf->name);
	output->begins = false;
}

/* The first need that is not good, or -1. Told when it begins to matter. */
static void judge_needs(const struct outputs *outputs, struct output *output,
			const bool *good, bool away)
{
	int waits_for = -1;

	for (size_t i = 0; i < output->conf->needs_n && waits_for < 0; i++)
		if (!good[output->conf->needs[i]])
			waits_for = output->conf->needs[i];
	if (waits_for >= 0 && away && output->waits_for < 0)
		log_notice("%s: %s %s: %s has no good reading", output->conf->name,
			   output->holding ? "released to" : "stays",
			   level_name(output->info.safe_on), outputs->conf->channels[waits_for].name);
	output->waits_for = away ? waits_for : -1;
}

/* Before it begins that is no more than a moment. */
static void tell_unkept(const struct output *output)
{
	if (output->holding)
		log_warning("%s: released to %s: what it uses of its budget cannot be written to the "
			    "spool, and would be forgotten with the power", output->conf->name,
			    level_name(output->info.safe_on));
}

bool outputs_decide(struct outputs *outputs, size_t index, const struct output_turn *turn,
		    struct hydropon_set *set)
{
	struct output *output = &outputs->list[index];
	const struct hydropon_output_info *info = &output->info;
	bool away;

	judge_want(output, turn->now_ns);
	if (output->kernel < 0 || !info->present)
		return false;
	away = output->want_on != (bool)info->safe_on;
	judge_beginning(output, away);
	judge_needs(outputs, output, turn->good, away);

	*set = (struct hydropon_set){ .output = (uint32_t)output->kernel, .on = info->safe_on };
	if (output->commanded)
		return true;
	output->is_unkept = false;
	if (output->overran || !away || output->waits_for >= 0)
		return output->holding;

	if (!turn->has_beat || (output->has_tried && output->tried_beat == turn->beat))
		return false;
	if (cause_is_stronger(info->cause) || (turn->shedding && info->shed))
		return false;
	if (!output->holding && turn->now_ns < outputs->next_start_ns)
		return false;
	if (turn->may_use && !turn->may_use[index]) {
		tell_unkept(output);
		output->is_unkept = true;
		return output->holding;
	}
	output->has_tried = true;
	output->tried_beat = turn->beat;
	set->on = output->want_on;
	set->beat = turn->beat;
	set->lease_ms = output->lease_ms;
	return true;
}

/* Why the kernel refuses to set an output away from its safe state, by the -errno. */
static const char *error_text(int error)
{
	switch (-error) {
	case EBUSY:
		return "something stronger holds it";
	case ENODATA:
		return "a channel that it needs is stale";
	case ETIME:
		return "it was on for as long as it may be, and waits for a command";
	case EDQUOT:
		return "its budget is spent";
	case EAGAIN:
		return "its pause (min-off) is not over yet";
	case EPERM:
		return "the kernel is not armed";
	case ESTALE:
		return "the kernel found the beat too old";
	case ENODEV:
		return "its device is gone";
	case ESHUTDOWN:
		return "the system is going down";
	case ERANGE:
		return "the kernel refuses its lease, change lease of the output";
	default:
		return strerrordesc_np(-error) ? strerrordesc_np(-error) : "unknown error";
	}
}

bool output_refusal(const struct output *output, char *text, size_t size)
{
	if (output->overran)
		snprintf(text, size, "%s", error_text(-ETIME));
	else if (output->is_unkept && !output->info.budget_left_ms)
		snprintf(text, size, "%s", error_text(-EDQUOT));
	else if (output->is_unkept)
		snprintf(text, size, "what it would use of its budget is not on the disk yet");
	else if (output->error == -EBUSY && cause_is_stronger(output->info.cause))
		snprintf(text, size, "%s: %s", error_text(-EBUSY), cause_text(output->info.cause));
	else if (output->error)
		snprintf(text, size, "%s", error_text(output->error));
	return output->overran || output->is_unkept || output->error;
}

/* What passes by itself is worth a line, no more. */
static int error_priority(int error)
{
	switch (-error) {
	case EBUSY:
	case ESTALE:
	case EAGAIN:
	case EPERM:
		return LOG_INFO;
	case ENODATA:
	case ESHUTDOWN:
		return LOG_NOTICE;
	case ETIME:
	case EDQUOT:
	case ENODEV:
		return LOG_WARNING;
	default:
		return LOG_ERR;
	}
}

/* Once per change of the answer, so that a lasting refusal is told once. */
static void tell_answer(const struct output *output, bool on, int error)
{
	if (error)
		log_msg(error_priority(error), "%s: not %s: %s", output->conf->name, level_name(on),
			error_text(error));
	else
		log_info("%s: the kernel takes orders again", output->conf->name);
}

void outputs_done(struct outputs *outputs, size_t index, const struct output_turn *turn,
		  const struct hydropon_set *set, int error)
{
	struct output *output = &outputs->list[index];
	bool away = (bool)set->on != (bool)output->info.safe_on;

	if (error != output->error)
		tell_answer(output, set->on, error);
	output->error = error;
	if (error) {
		output->info.refused++;
		output->overran |= error == -ETIME;
		/* After max-on it is off already, and to let go of it would be a command. */
		if (error == -ENODEV || error == -ETIME)
			output->holding = false;
		return;
	}
	if (away) {
		uint64_t until_ns = turn->beat_ns + set->lease_ms * NS_PER_MS;

		if (!output->holding)
			outputs->next_start_ns = turn->now_ns + OUTPUT_STAGGER_MS * NS_PER_MS;
		if (until_ns > output->lease_until_ns)
			output->lease_until_ns = until_ns;
	} else {
		output->lease_until_ns = 0;
		/* Its record comes later. What else may hold it is told by the next answer. */
		if (output->commanded && output->info.cause == HYDROPON_CAUSE_MAX_ON)
			output->info.cause = HYDROPON_CAUSE_CLEARED;
		if (output->commanded)
			output->overran = output->commanded = false;
	}
	output->holding = away;
}
