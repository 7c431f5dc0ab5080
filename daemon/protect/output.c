// SPDX-License-Identifier: GPL-2.0-only
#include "protect/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

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
	if (output->present && (!info->present || (info->cause == HYDROPON_CAUSE_PROBE &&
						   info->changed_ns > output->changed_ns)))
		outputs_lose(outputs, (size_t)index);
	if (!output->present && info->present && output->conf->lease_ms > info->lease_max_ms)
		log_warning("%s: lease of %u ms is longer than the device tree allows, using %u ms",
			    name, output->conf->lease_ms, info->lease_max_ms);
	output->kernel = (int)info->index;
	output->present = info->present;
	output->safe_on = info->safe_on;
	output->sheds = info->shed;
	output->on = info->on;
	output->lease_ms = output->conf->lease_ms < info->lease_max_ms ?
			   output->conf->lease_ms : info->lease_max_ms;
	output->cause = info->cause;
	output->changed_ns = info->changed_ns;
	output->line_status = info->line_status;
	if (info->line_status != -EINPROGRESS)
		output->line_ended = info->line_status;
	output->refused = info->refused;
	output->lease_until_ns = info->lease_left_ms ?
				 now_ns + info->lease_left_ms * NS_PER_MS : 0;
	output->holding = info->present && info->lease_left_ms;
	return index;
}

void outputs_unbind(struct outputs *outputs)
{
	for (size_t i = 0; i < outputs->count; i++) {
		struct output *output = &outputs->list[i];

		if (output->present)
			outputs_lose(outputs, i);
		output->kernel = -1;
		output->present = false;
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
		if (record->time_ns < output->changed_ns)
			return (int)i;
		*line_changed = record->status != -EINPROGRESS &&
				record->status != output->line_ended;
		output->line_status = record->status;
		if (record->status != -EINPROGRESS)
			output->line_ended = record->status;
		/* No new cause: it tells of a write, and of the level that was written, which
		 * may be older than the decision that is known already. */
		if (record->aux == output->cause)
			return (int)i;
		output->on = record->value;
		output->cause = (uint32_t)record->aux;
		output->changed_ns = record->time_ns;
		output->holding = output->cause == HYDROPON_CAUSE_LEASE;
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
			   level_name(output->safe_on), outputs->conf->channels[waits_for].name);
	output->waits_for = away ? waits_for : -1;
}

bool outputs_decide(struct outputs *outputs, size_t index, const struct output_turn *turn,
		    struct hydropon_set *set)
{
	struct output *output = &outputs->list[index];
	bool away;

	expire_override(output, turn->now_ns);
	output->want_on = output->override_active ? output->override_on : output->conf->want_on;
	if (output->kernel < 0 || !output->present)
		return false;
	away = output->want_on != output->safe_on;
	judge_needs(outputs, output, turn->good, away);

	*set = (struct hydropon_set){ .output = (uint32_t)output->kernel, .on = output->safe_on };
	if (!away || output->waits_for >= 0)
		return output->holding;

	if (!turn->has_beat || (output->has_tried && output->tried_beat == turn->beat))
		return false;
	if (turn->shedding && output->sheds)
		return false;
	if (!output->holding && turn->now_ns < outputs->next_start_ns)
		return false;
	output->has_tried = true;
	output->tried_beat = turn->beat;
	set->on = output->want_on;
	set->beat = turn->beat;
	set->lease_ms = output->lease_ms;
	return true;
}

const char *output_error_text(int error)
{
	switch (-error) {
	case EBUSY:
		return "mains power is lost or not yet stable";
	case ESTALE:
		return "the kernel found the beat too old";
	case ENODEV:
		return "its device is gone";
	case ESHUTDOWN:
		return "the system is going down";
	case ERANGE:
		return "the kernel refuses its lease";
	default:
		return strerrordesc_np(-error) ? strerrordesc_np(-error) : "unknown error";
	}
}

/* Once per change of the answer, so that a lasting refusal is told once. */
static void tell_answer(const struct output *output, bool on, int error)
{
	const char *name = output->conf->name, *level = level_name(on);

	switch (-error) {
	case 0:
		log_info("%s: the kernel takes orders again", name);
		break;
	case EBUSY:
		log_info("%s: not %s while mains power is lost or not yet stable", name, level);
		break;
	case ESTALE:
		log_info("%s: not %s by a beat that is too old, trying with the next one", name,
			 level);
		break;
	case ENODEV:
		log_warning("%s: not %s, its device is gone", name, level);
		break;
	case ESHUTDOWN:
		log_notice("%s: not %s, the system is going down", name, level);
		break;
	case ERANGE:
		log_error("%s: the kernel refuses a lease of %u ms, change lease of the output",
			  name, output->lease_ms);
		break;
	default:
		log_error("%s: the kernel refuses to set it %s: %s", name, level,
			  strerrordesc_np(-error));
	}
}

void outputs_done(struct outputs *outputs, size_t index, const struct output_turn *turn,
		  const struct hydropon_set *set, int error)
{
	struct output *output = &outputs->list[index];
	bool away = (bool)set->on != output->safe_on;

	if (error != output->error)
		tell_answer(output, set->on, error);
	output->error = error;
	if (error) {
		output->refused++;
		if (error == -ENODEV)
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
	}
	output->holding = away;
}
