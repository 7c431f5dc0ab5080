/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Walks every state that a world can reach, breadth first, so that what fails is shown by a
 * shortest way to it.
 *
 * A world is kept as a key of bytes, in which times are distances from now, cut off where
 * nothing looks any further; it is unpacked at WALK_NOW for each step. What a key does not
 * tell apart is one state.
 *
 * The test declares struct world and the number of its steps, OPS, before it includes this,
 * and defines the functions declared below. HYDROPON_WALK=N in the environment ends each
 * walk after N states.
 */
#ifndef HYDROPON_WALK_H
#define HYDROPON_WALK_H

#include "../../kmod/guard/decide.h"
#include "harness.h"

#include <stdio.h>
#include <stdlib.h>

#define WALK_NOW 1000
#define WALK_KEY 112
#define WALK_TIMEOUT_S 120
#define WALK_STATES 500000
#define WALK_STATES_SANITIZED 20000

static void pack(const struct world *world, unsigned char *key);
static void unpack(const unsigned char *key, struct world *world);
/* One thing happens; false where it cannot happen here. */
static bool happen(struct world *world, unsigned int op);
/* Judges a state that is new, beside the judgements of each step. */
static void look(const struct world *world);
static void describe(const struct world *world, char *text, size_t size);
static const char *op_name(unsigned int op);

static struct {
	const char *name;
	unsigned char (*keys)[WALK_KEY];	/* in the order in which they were found */
	struct { unsigned int parent, op; } *ways;
	unsigned int *table;			/* hashed; index + 1 */
	unsigned int n, limit, table_size, at, op;
	unsigned long long steps;
} walk;

static void walk_fail(const char *what, const struct world *world)
{
	unsigned int way[48], n = 0, at = walk.at;
	char after[700] = " nothing", is[160];
	size_t length = 0;

	if (walk.op < OPS)
		way[n++] = walk.op;
	for (; at && n < 48; at = walk.ways[at].parent)
		way[n++] = walk.ways[at].op;
	while (n-- && length < sizeof(after) - 1)
		length += (size_t)snprintf(after + length, sizeof(after) - length, "%s %s",
					   length ? "," : "", op_name(way[n]));
	describe(world, is, sizeof(is));
	harness_fail(__FILE__, __LINE__, "%s: %s; it is %s; after%s", walk.name, what, is, after);
	harness_abort();
}

/* @world is what the function at hand calls so. */
#define JUDGE(condition, what)				\
	do {						\
		if (!(condition))			\
			walk_fail(what, world);		\
	} while (0)

static unsigned char *put(unsigned char *to, __u64 value)
{
	if (value > 255) {
		fprintf(stderr, "walk: %llu does not fit a byte\n", (unsigned long long)value);
		abort();
	}
	*to = (unsigned char)value;
	return to + 1;
}

/* How long ago, cut off. */
static unsigned char *put_ago(unsigned char *to, const __u64 now_ns, __u64 time_ns, __u64 longest)
{
	return put(to, hydropon_earlier(now_ns - time_ns, longest));
}

/* In how long: 0 is over, 255 never. */
static unsigned char *put_ahead(unsigned char *to, __u64 now_ns, __u64 time_ns)
{
	if (time_ns == HYDROPON_NEVER)
		return put(to, 255);
	return put(to, time_ns > now_ns ? time_ns - now_ns : 0);
}

static __u64 get_ahead(unsigned int ticks, __u64 over)
{
	return ticks == 255 ? HYDROPON_NEVER : ticks ? WALK_NOW + ticks : over;
}

/* A time for which 0 means that there is none. */
static inline unsigned char *put_since(unsigned char *to, __u64 now_ns, __u64 time_ns, __u64 longest)
{
	return time_ns ? put_ago(to, now_ns, time_ns, longest) : put(to, 255);
}

static inline __u64 get_since(unsigned int ticks)
{
	return ticks == 255 ? 0 : WALK_NOW - ticks;
}

static bool walk_find(const unsigned char *key)
{
	__u64 hash = 1469598103934665603ULL;
	unsigned int slot;

	for (int i = 0; i < WALK_KEY; i += 8) {
		__u64 word;

		memcpy(&word, key + i, 8);
		hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 29;
	}
	for (slot = (unsigned int)hash & (walk.table_size - 1); walk.table[slot];
	     slot = (slot + 1) & (walk.table_size - 1))
		if (!memcmp(walk.keys[walk.table[slot] - 1], key, WALK_KEY))
			return true;
	walk.table[slot] = walk.n + 1;
	memcpy(walk.keys[walk.n], key, WALK_KEY);
	walk.ways[walk.n].parent = walk.at;
	walk.ways[walk.n++].op = walk.op;
	return false;
}

static unsigned int walk_limit(void)
{
	const char *text = getenv("HYDROPON_WALK");

	if (text && atoi(text) > 0)
		return (unsigned int)atoi(text);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	return WALK_STATES_SANITIZED;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
	return WALK_STATES_SANITIZED;
#endif
#endif
	return WALK_STATES;
}

/* Walks from @first until no state is new; true if that was before the limit. There must be
 * @at_least so many, or the steps do not lead anywhere.
 */
static bool walk_from(const char *name, const struct world *first, unsigned int at_least)
{
	unsigned char key[WALK_KEY];
	struct world world, next;
	bool all;

	memset(&walk, 0, sizeof(walk));
	walk.name = name;
	walk.limit = walk_limit();
	walk.op = OPS;
	for (walk.table_size = 1; walk.table_size < 2 * (walk.limit + OPS); walk.table_size *= 2)
		;
	walk.keys = malloc((walk.limit + OPS) * sizeof(*walk.keys));
	walk.ways = malloc((walk.limit + OPS) * sizeof(*walk.ways));
	walk.table = calloc(walk.table_size, sizeof(*walk.table));
	ASSERT_TRUE(walk.keys && walk.ways && walk.table);

	memset(key, 0, sizeof(key));
	pack(first, key);
	walk_find(key);
	look(first);
	for (walk.at = 0; walk.at < walk.n && walk.n < walk.limit; walk.at++) {
		unpack(walk.keys[walk.at], &world);
		for (walk.op = 0; walk.op < OPS; walk.op++) {
			next = world;
			if (!happen(&next, walk.op))
				continue;
			walk.steps++;
			memset(key, 0, sizeof(key));
			pack(&next, key);
			if (!walk_find(key))
				look(&next);
		}
	}
	all = walk.at == walk.n;
	harness_note("%s: %u states, %llu steps%s", name, walk.n, walk.steps,
		     all ? "" : "; ended before it knew all");
	EXPECT_GE(walk.n, hydropon_earlier(at_least, walk.limit));
	free(walk.keys);
	free(walk.ways);
	free(walk.table);
	return all;
}

#endif
