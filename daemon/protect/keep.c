// SPDX-License-Identifier: GPL-2.0-only
#include "protect/keep.h"

#include <stddef.h>
#include <string.h>

#include "base/log.h"

/* A tenth of the budget at a time, but some leases at least, so that a dose is not broken by the disk. */
#define QUANTUM_SHARE 10
#define QUANTUM_LEASES 2
#define QUANTUM_EXTRA_MS 2000
/* What is reserved is given back when it was off so long, or was not on at all. */
#define OFF_NS (5 * NS_PER_SEC)
#define UNUSED_NS (60 * NS_PER_SEC)
/* A note is made again while there is something to be counted, but no more often. */
#define OLD_NS (600 * NS_PER_SEC)
/* The guard counts what was used for up to a fifteenth of the window longer. */
#define WINDOW_PARTS 15
/* Of one use: two of them fit. */
#define USED_MAX_MS (UINT32_MAX / 4)

void keep_begin(struct keep *keep, const uint8_t boot_id[KEEP_BOOT_ID_BYTES])
{
	memset(keep, 0, sizeof(*keep));
	memcpy(keep->boot_id, boot_id, KEEP_BOOT_ID_BYTES);
}

/* Its place in the list, or -1. */
static int place_of(const struct keep *keep, const char *name)
{
	for (int i = 0; i < HYDROPON_MAX_OUTPUTS; i++)
		if (*name && !strncmp(keep->list[i].name, name, HYDROPON_NAME_MAX))
			return i;
	return -1;
}

static struct keep_output *find(struct keep *keep, const char *name)
{
	int place = place_of(keep, name);

	return place < 0 ? NULL : &keep->list[place];
}

/* A free place, or that of one that has nothing to be kept. */
static struct keep_output *add(struct keep *keep, const char *name)
{
	struct keep_output *output = NULL;

	for (int i = 0; i < HYDROPON_MAX_OUTPUTS && !output; i++)
		if (!*keep->list[i].name)
			output = &keep->list[i];
	for (int i = 0; i < HYDROPON_MAX_OUTPUTS && !output; i++)
		if (!keep->list[i].latched && (!keep->list[i].taken_ns || !keep->list[i].budget_ms))
			output = &keep->list[i];
	if (!output) {
		log_error("%.*s: what it does is not kept should its device go away and come "
			  "back: %d other outputs are kept already, reset those that are latched",
			  HYDROPON_NAME_MAX, name, HYDROPON_MAX_OUTPUTS);
		return NULL;
	}
	*output = (struct keep_output){ 0 };
	memcpy(output->name, name, HYDROPON_NAME_MAX);
	output->name[HYDROPON_NAME_MAX - 1] = 0;
	return output;
}

static uint32_t quantum_ms(const struct keep_output *output)
{
	uint32_t least = QUANTUM_LEASES * output->lease_ms + QUANTUM_EXTRA_MS;
	uint32_t share = output->budget_ms / QUANTUM_SHARE;

	return share > least ? share : least;
}

static int64_t ms_of(uint64_t ns)
{
	return (int64_t)(ns / NS_PER_MS);
}

static uint64_t used_ms(const struct keep_output *output)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < output->uses_n; i++)
		sum += output->uses[i].used_ms;
	return sum;
}

/* Those that the guard does not count any more. */
static void forget_old(struct keep_output *output, int64_t now_ms)
{
	int64_t window_ms = (int64_t)output->window_ms + output->window_ms / WINDOW_PARTS;
	size_t old = 0;

	while (old < output->uses_n && output->uses[old].end_ms < now_ms - window_ms)
		old++;
	output->uses_n -= old;
	memmove(output->uses, output->uses + old, output->uses_n * sizeof(output->uses[0]));
}

static void join_oldest(struct keep_output *output)
{
	uint64_t sum = (uint64_t)output->uses[0].used_ms + output->uses[1].used_ms;

	output->uses[1].used_ms = sum < USED_MAX_MS ? (uint32_t)sum : USED_MAX_MS;
	output->uses_n--;
	memmove(output->uses, output->uses + 1, output->uses_n * sizeof(output->uses[0]));
}

/* Uses that are close to each other are one, which ended when the last of them did. */
static void add_use(struct keep_output *output, int64_t end_ms, uint64_t ms)
{
	int64_t close_ms = output->window_ms / WINDOW_PARTS / 2;
	size_t n = output->uses_n;

	if (!ms)
		return;
	if (ms > USED_MAX_MS)
		ms = USED_MAX_MS;
	if (n && end_ms - output->uses[n - 1].end_ms < close_ms &&
	    output->uses[n - 1].used_ms <= USED_MAX_MS) {
		output->uses[n - 1].end_ms = end_ms;
		output->uses[n - 1].used_ms += (uint32_t)ms;
		return;
	}
	if (n == KEEP_USES)
		join_oldest(output);
	output->uses[output->uses_n].end_ms = end_ms;
	output->uses[output->uses_n++].used_ms = (uint32_t)ms;
}

/*
 * What the guard does not count is taken off the oldest: ends are never too early, nor is anything too
 * short, so that what is left tells at least as much of any time as was used in it.
 */
static void trim(struct keep_output *output, uint64_t spent_ms)
{
	uint64_t sum = used_ms(output), excess = sum > spent_ms ? sum - spent_ms : 0;

	while (excess && output->uses_n) {
		uint64_t cut = output->uses[0].used_ms < excess ? output->uses[0].used_ms : excess;

		output->uses[0].used_ms -= (uint32_t)cut;
		excess -= cut;
		if (output->uses[0].used_ms)
			break;
		output->uses_n--;
		memmove(output->uses, output->uses + 1, output->uses_n * sizeof(output->uses[0]));
	}
}

/* Whose device has gone is not heard of, and one that was gone has lost what the guard counted. */
static void lose(struct keep_output *output, uint64_t now_ns)
{
	if (output->taken_ns && output->was_on && output->budget_ms) {
		uint64_t ms = (now_ns - output->taken_ns) / NS_PER_MS + 1;

		add_use(output, ms_of(now_ns), ms);
		output->since_ms += ms;
	}
	output->taken_ns = 0;
	output->was_on = false;
	output->is_restored = false;
}

/* How long it was on since it was heard of, or somewhat longer. */
static uint64_t on_ns(const struct keep_output *output, const struct hydropon_output_info *info,
		      uint64_t now_ns)
{
	uint64_t all = now_ns - output->taken_ns, changed = info->changed_ns;

	if (output->was_on == (bool)info->on && info->changes == output->changes)
		return info->on ? all : 0;
	/* A single change tells itself when it was. */
	if (info->changes == output->changes + 1 && changed >= output->taken_ns && changed <= now_ns)
		return output->was_on && info->on ? all : output->was_on ? changed - output->taken_ns :
		       info->on ? now_ns - changed : 0;
	return all;
}

static void take_budget(struct keep_output *output, const struct hydropon_output_info *info,
			uint64_t now_ns)
{
	uint64_t spent = info->budget_ms > info->budget_left_ms ?
			 info->budget_ms - info->budget_left_ms : 0, used, sum;
	bool is_first = !output->taken_ns;

	output->budget_ms = info->budget_ms;
	output->window_ms = info->budget_window_ms;
	/* The guard has counted all along, and knows better than the note of an earlier hydropond. */
	if (is_first && !output->is_restored)
		output->uses_n = 0;
	output->is_changed |= !output->is_known;
	output->is_known = true;
	forget_old(output, ms_of(now_ns));
	used = is_first ? 0 : (on_ns(output, info, now_ns) + NS_PER_MS - 1) / NS_PER_MS;
	sum = used_ms(output) + used;
	if (spent > sum)
		used += spent - sum;
	add_use(output, ms_of(now_ns), used);
	trim(output, spent);
	if (!is_first || output->is_restored)
		output->since_ms += used;
	if (info->on || !output->off_ns)
		output->off_ns = now_ns;
	if (info->on && output->since_ms + output->lease_ms + quantum_ms(output) / 2 >
			output->reserved_ms)
		output->is_wanted = true;
	output->was_on = info->on;
	output->changes = info->changes;
	output->taken_ns = now_ns;
}

void keep_take(struct keep *keep, const struct hydropon_output_info *info, uint64_t now_ns)
{
	struct keep_output *output = find(keep, info->name);

	if (!info->present || !info->restored) {
		if (output)
			lose(output, now_ns);
		return;
	}
	if (!output && !info->latched && !info->budget_ms)
		return;
	if (!output)
		output = add(keep, info->name);
	if (!output)
		return;
	output->is_changed |= output->latched != info->latched;
	output->latched = info->latched;
	if (info->budget_ms) {
		take_budget(output, info, now_ns);
	} else {
		output->budget_ms = 0;
		output->taken_ns = now_ns;
	}
}

static void load_uses(struct keep_output *output, const struct keep_entry *entry, int64_t note_ms,
		      int64_t end_ms)
{
	if (!entry->has_budget)
		return;
	output->is_known = true;
	for (size_t i = 0; i < entry->uses_n; i++) {
		output->uses[output->uses_n].end_ms = note_ms - entry->uses[i].ago_ms;
		output->uses[output->uses_n++].used_ms = entry->uses[i].used_ms;
	}
	if (entry->reserved_ms && output->uses_n == KEEP_USES)
		join_oldest(output);
	if (entry->reserved_ms) {
		output->uses[output->uses_n].end_ms = end_ms;
		output->uses[output->uses_n++].used_ms = entry->reserved_ms;
	}
}

void keep_load(struct keep *keep, const struct keep_note *note, const struct clock_pair *now)
{
	int64_t now_ms = ms_of(now->boot_ns), note_ms = 0, end_ms = 0;

	keep->is_loaded = true;
	if (!note)
		return;
	if (!memcmp(note->boot_id, keep->boot_id, KEEP_BOOT_ID_BYTES) && note->boot_ns <= now->boot_ns) {
		note_ms = ms_of(note->boot_ns);
		end_ms = now_ms;
	} else if (note->is_set && now->is_set && now->wall_ms - note->wall_ms > now_ms) {
		note_ms = now_ms - (now->wall_ms - note->wall_ms);
	}
	/* What was reserved may have been used up to the end of that boot, of which nothing tells. */
	for (size_t i = 0; i < note->n; i++) {
		const struct keep_entry *entry = &note->entries[i];
		struct keep_output *output = find(keep, entry->name);

		if (!output && (entry->latched || entry->has_budget))
			output = add(keep, entry->name);
		if (!output)
			continue;
		output->latched |= entry->latched;
		/* Soon there shall be a note of this process: it alone writes it again and again. */
		output->is_changed = true;
		if (!output->is_known)
			load_uses(output, entry, note_ms, end_ms);
	}
}

struct hydropon_restore keep_restore(struct keep *keep, const struct hydropon_output_info *info,
				     uint64_t now_ns, bool *is_known)
{
	struct hydropon_restore kept = { .output = info->index };
	struct keep_output *output = find(keep, info->name);
	int64_t now_ms = ms_of(now_ns);

	if (output)
		kept.latched = output->latched & HYDROPON_LATCHES;
	*is_known = !info->budget_ms || (output && output->is_known);
	if (!*is_known) {
		kept.uses_n = 1;
		kept.uses[0].used_ms = info->budget_ms;
	}
	if (output && info->budget_ms) {
		output->is_restored = true;
		output->window_ms = info->budget_window_ms;
		forget_old(output, now_ms);
	}
	for (size_t i = 0; *is_known && info->budget_ms && i < output->uses_n; i++) {
		int64_t ago_ms = now_ms - output->uses[i].end_ms;
		uint32_t used = output->uses[i].used_ms;

		kept.uses[kept.uses_n].ago_ms = ago_ms > 0 ? (uint32_t)ago_ms : 0;
		kept.uses[kept.uses_n++].used_ms = used < info->budget_ms ? used : info->budget_ms;
	}
	return kept;
}

bool keep_may_use(const struct keep *keep, const struct hydropon_output_info *info,
		  uint32_t lease_ms, uint64_t now_ns)
{
	int place = place_of(keep, info->name);
	const struct keep_output *output = place < 0 ? NULL : &keep->list[place];
	uint64_t since_ms;

	if (!info->budget_ms)
		return true;
	if (!output || !output->taken_ns)
		return false;
	/* It may have been on since it was heard of. */
	since_ms = output->since_ms + (uint64_t)(ms_of(now_ns) - ms_of(output->taken_ns));
	/* By the note that is on its way as well: whichever the power cut leaves must tell. */
	if (keep->is_on_its_way &&
	    since_ms - output->put_since_ms + lease_ms > output->put_reserved_ms)
		return false;
	return since_ms + lease_ms <= output->reserved_ms;
}

void keep_want(struct keep *keep, const struct hydropon_output_info *info, uint32_t lease_ms)
{
	struct keep_output *output = find(keep, info->name);

	/* Nothing is to be reserved of one that the guard does not count yet, or of which it gives nothing. */
	if (!output || !output->taken_ns || !output->budget_ms || !info->budget_left_ms)
		return;
	output->is_wanted = true;
	if (lease_ms > output->lease_ms)
		output->lease_ms = lease_ms;
}

void keep_set(struct keep *keep, const struct hydropon_output_info *info)
{
	struct keep_output *output = find(keep, info->name);

	if (output && output->taken_ns && output->budget_ms)
		output->was_on = true;
}

/* It was off for so long that what is left of its share is free again. */
static bool is_given_back(const struct keep_output *output, uint64_t now_ns)
{
	return output->reserved_ms && !output->was_on && !output->is_wanted && output->off_ns &&
	       now_ns >= output->off_ns + OFF_NS;
}

/* Time with power counts as far as a note tells of it. */
static bool is_old(const struct keep *keep, const struct keep_output *output, uint64_t now_ns)
{
	uint64_t every_ns = output->window_ms / WINDOW_PARTS * NS_PER_MS;

	return output->uses_n && output->taken_ns &&
	       now_ns >= keep->put_ns + (every_ns > OLD_NS ? every_ns : OLD_NS);
}

bool keep_is_due(const struct keep *keep, uint64_t now_ns)
{
	if (!keep->is_loaded || keep->is_on_its_way)
		return false;
	for (int i = 0; i < HYDROPON_MAX_OUTPUTS; i++) {
		const struct keep_output *output = &keep->list[i];

		if (*output->name && (output->is_changed || output->is_wanted ||
				      is_given_back(output, now_ns) || is_old(keep, output, now_ns)))
			return true;
	}
	return false;
}

static void put_output(struct keep_output *output, struct keep_entry *entry, uint64_t now_ns)
{
	int64_t now_ms = ms_of(now_ns);

	memcpy(entry->name, output->name, sizeof(entry->name));
	entry->latched = output->latched & HYDROPON_LATCHES;
	entry->has_budget = output->is_known;
	output->put_since_ms = output->since_ms;
	output->put_reserved_ms = 0;
	output->is_changed = false;
	if (output->budget_ms && (output->is_wanted || output->was_on ||
				  (output->reserved_ms && output->taken_ns &&
				   !is_given_back(output, now_ns))))
		output->put_reserved_ms = quantum_ms(output);
	entry->reserved_ms = (uint32_t)output->put_reserved_ms;
	for (size_t i = 0; i < output->uses_n; i++) {
		int64_t ago_ms = now_ms - output->uses[i].end_ms;

		entry->uses[i].ago_ms = ago_ms < 0 ? 0 : ago_ms > UINT32_MAX ? UINT32_MAX :
					(uint32_t)ago_ms;
		entry->uses[i].used_ms = output->uses[i].used_ms;
	}
	entry->uses_n = output->uses_n;
}

void keep_put(struct keep *keep, struct keep_note *note, const struct clock_pair *now)
{
	*note = (struct keep_note){ .is_set = now->is_set, .boot_ns = now->boot_ns,
				    .wall_ms = now->wall_ms };
	memcpy(note->boot_id, keep->boot_id, KEEP_BOOT_ID_BYTES);
	for (int i = 0; i < HYDROPON_MAX_OUTPUTS; i++)
		if (*keep->list[i].name)
			put_output(&keep->list[i], &note->entries[note->n++], now->boot_ns);
	keep->is_on_its_way = true;
	keep->put_ns = now->boot_ns;
}

void keep_written(struct keep *keep, uint64_t now_ns)
{
	keep->is_on_its_way = false;
	for (int i = 0; i < HYDROPON_MAX_OUTPUTS; i++) {
		struct keep_output *output = &keep->list[i];

		output->reserved_ms = output->put_reserved_ms;
		output->since_ms -= output->put_since_ms < output->since_ms ? output->put_since_ms :
									       output->since_ms;
		output->put_since_ms = 0;
		/* What is to begin may begin now; until then nobody has used it. */
		if (output->reserved_ms && output->is_wanted && !output->was_on)
			output->off_ns = now_ns + UNUSED_NS - OFF_NS;
		if (output->reserved_ms)
			output->is_wanted = false;
	}
}

void keep_lose(struct keep *keep, uint64_t now_ns)
{
	for (int i = 0; i < HYDROPON_MAX_OUTPUTS; i++)
		lose(&keep->list[i], now_ns);
}

void keep_end(struct keep *keep, uint64_t now_ns)
{
	keep_lose(keep, now_ns);
	keep->is_on_its_way = false;
	for (int i = 0; i < HYDROPON_MAX_OUTPUTS; i++) {
		struct keep_output *output = &keep->list[i];

		output->is_wanted = false;
		output->is_changed |= output->put_reserved_ms || output->reserved_ms;
	}
}
