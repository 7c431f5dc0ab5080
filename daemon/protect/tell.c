// SPDX-License-Identifier: GPL-2.0-only
#include "protect/tell.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/units.h"
#include "base/words.h"
#include "protect/cause.h"
#include "protect/terms.h"

static const char *level_name(int32_t on)
{
	return on ? "on" : "off";
}

void tell_output(const char *output, const struct hydropon_record *record, bool line_changed)
{
	uint32_t cause = (uint32_t)record->aux;

	if (line_changed && record->status)
		log_warning("%s: writing %s to its line failed: %s", output,
			    level_name(record->value), strerrordesc_np(-record->status));
	else if (line_changed)
		log_notice("%s: its line can be written again", output);
	else if (cause == HYDROPON_CAUSE_MAX_ON)
		log_warning("%s: off, it was on for as long as it may be (hydropon,max-on-ms); it "
			    "stays off until a command, such as: hydroponctl set %s on", output,
			    output);
	else
		log_msg(cause_priority(cause), "%s: %s, %s", output, level_name(record->value),
			cause_text(cause));
}

void tell_power(const struct hydropon_record *record)
{
	if (!record->value)
		log_warning("mains power is lost%s",
			    record->aux ? ", outputs of the shed set are off" : "");
	else if (record->aux)
		log_notice("mains power is back, the shed set stays off until it is stable");
	else
		log_notice("mains power is stable");
}

void tell_trip(const char *output, const struct hydropon_record *record)
{
	unsigned int id = (unsigned int)record->aux;
	const char *what = record->flags == HYDROPON_LEVEL_OFF ? "forces it off" :
			   record->flags == HYDROPON_LEVEL_ON ? "forces it on" : "holds it safe";

	if (!record->value)
		log_notice("%s: interlock %u does not trip any more", output, id);
	else
		log_warning("%s: interlock %u trips and %s%s", output, id, what,
			    record->status ? ": its channel has no good reading" : "");
}

void tell_manual(const char *output, const struct hydropon_record *record)
{
	log_notice("%s: its switch is at %s", output, manual_name((unsigned int)record->value));
}

static void tell_fault_begins(const struct hydropon_output_info *info, unsigned int fault)
{
	const char *name = info->name;

	switch (fault) {
	case HYDROPON_FAULT_WELDED:
		if (info->safe_on)
			log_error("%s: its relay is on without being told: welded, or somebody "
				  "else drives it; see the wiring", name);
		else
			log_error("%s: its relay is on without being told: welded, or somebody "
				  "else drives it; the output is latched off%s, see the wiring, "
				  "then: hydroponctl reset %s", name, info->behind_master ?
				  " and the master contactor is open" : "", name);
		break;
	case HYDROPON_FAULT_NOT_CLOSING:
		log_warning("%s: its relay does not close: the feedback wire says off while it is "
			    "on; see its coil, its supply and that wire", name);
		break;
	case HYDROPON_FAULT_SWITCH:
		log_warning("%s: both contacts of its switch are closed, which no switch does: it "
			    "counts as auto; see its wires", name);
		break;
	case HYDROPON_FAULT_SWITCH_STORM:
		log_warning("%s: the contacts of its switch chatter: it counts as auto; see its "
			    "wires", name);
		break;
	default:
		log_warning("%s: its wires have a fault that this version does not know (%u)", name,
			    fault);
	}
}

static void tell_fault_ends(const char *output, unsigned int fault)
{
	switch (fault) {
	case HYDROPON_FAULT_WELDED:
		log_notice("%s: its relay is as it was told again", output);
		break;
	case HYDROPON_FAULT_NOT_CLOSING:
		log_notice("%s: its relay closes again, or is not told to", output);
		break;
	default:
		log_notice("%s: the contacts of its switch are in order again", output);
	}
}

void tell_fault(const struct hydropon_output_info *info, const struct hydropon_record *record)
{
	if (info && record->value)
		tell_fault_begins(info, record->flags);
	else if (info)
		tell_fault_ends(info->name, record->flags);
	else if (record->value)
		log_warning("the power-good line chatters: mains power counts as lost; see its "
			    "wires");
	else
		log_notice("the power-good line is still again");
}

void tell_clock(int64_t moved_ns)
{
	int64_t moved_ms = llabs(moved_ns) / (int64_t)NS_PER_MS;
	char text[32];

	units_format(&units_time, (double)moved_ms, text, sizeof(text));
	if (moved_ns)
		log_notice("the wall clock was set %s by %s", moved_ns < 0 ? "back" : "forward",
			   text);
	else
		log_notice("the wall clock was set");
}

void tell_restored(const struct hydropon_output_info *info, const struct hydropon_restore *kept,
		   bool is_known)
{
	uint64_t used_ms = 0;
	const char *names[TERMS_MAX];
	char text[256];

	if (kept->latched) {
		words_list(names, latch_names(kept->latched, names), text, sizeof(text));
		log_warning("%s: it is latched as before: %s", info->name,
			    text);
	}
	for (uint32_t i = 0; i < kept->uses_n; i++)
		used_ms += kept->uses[i].used_ms;
	if (is_known && used_ms) {
		char budget[32];

		units_format(&units_time, (double)used_ms, text, sizeof(text));
		units_format(&units_time, info->budget_ms, budget, sizeof(budget));
		log_notice("%s: %s of its budget of %s count as used, by what was kept of it",
			   info->name, text, budget);
	} else if (!is_known) {
		units_format(&units_time, info->budget_window_ms, text, sizeof(text));
		log_notice("%s: what it used of its budget before is not known, so that all of it "
			   "counts as used just now; it comes back as the window of %s passes",
			   info->name, text);
	}
}
