/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Outputs: what each of them should do, and whether its lease is renewed now. No
 * I/O and no clock of its own: the caller sends the orders and tells how they went.
 * Main thread only.
 *
 *   wanted    `want` of the configuration, or the override while one lasts
 *   towards safe   released at once, needs no beat
 *   away from safe renewed, once per beat, only in a turn that judged all needs GOOD
 *
 * What the kernel holds by something stronger than a lease is not asked for. An output
 * that was on for as long as it may be (max-on) stays off until a command: an override,
 * its end by request, or a change of what is wanted. Then the kernel is told that the
 * output is let go, and it may leave its safe state again. The kernel remembers that for a
 * daemon that was restarted; one that starts and wants the safe state lets go as well.
 *
 * Outputs leave their safe state one at a time, OUTPUT_STAGGER_MS apart, in the order
 * of the configuration, so that no return of power makes all of them draw their
 * inrush current at once.
 */
#ifndef HYDROPON_OUTPUT_H
#define HYDROPON_OUTPUT_H

#include "base/conf.h"

#define OUTPUT_STAGGER_MS 500
#define OUTPUT_OVERRIDE_DEFAULT_MS (10 * 60 * 1000ULL)
#define OUTPUT_OVERRIDE_MAX_MS (24 * 3600 * 1000ULL)

struct output {
	const struct conf_output *conf;
	int kernel;			/* index in the kernel, -1 while unknown */
	/* as the kernel says, kept up by OUTPUT records; all zero while kernel is -1 */
	struct hydropon_output_info info;
	uint32_t lease_ms;		/* of the configuration, at most what the kernel takes */
	uint64_t lease_until_ns;	/* 0: no lease */
	/* as decided in the newest turn */
	bool want_on;
	int waits_for;			/* channel that is needed and not good, -1: none */
	bool override_active, override_on;
	uint64_t override_until_ns;
	bool is_unkept;			/* what it would use is not durably reserved */
	bool overran;			/* max-on was reached: off until a command */
	/* inside */
	bool commanded;			/* there was one since, or it begins with one */
	bool begins;			/* no turn has seen it yet */
	bool holding, has_tried;
	uint32_t tried_beat;
	int line_ended;			/* of the newest write that has ended */
	int error;			/* of the newest order, 0 or -errno */
};

/* What one turn of the main loop has read and judged. */
struct output_turn {
	uint64_t now_ns;	/* BOOTTIME */
	const bool *good;	/* by channel index of the configuration */
	const bool *may_use;	/* by output index: its lease is reserved; NULL: all may */
	bool has_beat;		/* a beat was read in this turn, and SET is allowed */
	uint32_t beat;		/* the newest one */
	uint64_t beat_ns;
	bool shedding;
};

struct outputs;

/* One per output of @conf, which must outlive it. NULL: out of memory. */
struct outputs *outputs_new(const struct conf *conf);
void outputs_free(struct outputs *outputs);
size_t outputs_count(const struct outputs *outputs);
const struct output *outputs_get(const struct outputs *outputs, size_t index);

/* Takes what the kernel says of an output, found by its name: at open, when it comes
 * or goes, and once a second. Returns its index in the configuration, or -1. */
int outputs_bind(struct outputs *outputs, const struct hydropon_output_info *info,
		 uint64_t now_ns);
/* The device was closed: nothing is known of any output. */
void outputs_unbind(struct outputs *outputs);
/* The output's device went, and may be back already. Ends its override: whoever gave it
 * does not expect that the output starts when its device is connected again. */
void outputs_lose(struct outputs *outputs, size_t index);
/* Takes an OUTPUT record. Returns the index in the configuration, or -1. @line_changed:
 * writes to its line began to fail or to succeed. */
int outputs_take(struct outputs *outputs, const struct hydropon_record *record,
		 bool *line_changed);

/* @for_ms: 1 .. OUTPUT_OVERRIDE_MAX_MS, else -ERANGE. Replaces an older override. */
int outputs_override(struct outputs *outputs, size_t index, bool on, uint64_t for_ms,
		     uint64_t now_ns);
/* -ENOENT if there is none. */
int outputs_release(struct outputs *outputs, size_t index);

/* To be called for every output in every turn, in order. True: @set is to be sent,
 * and outputs_done() to be called with what came of it (0 or -errno). */
bool outputs_decide(struct outputs *outputs, size_t index, const struct output_turn *turn,
		    struct hydropon_set *set);
void outputs_done(struct outputs *outputs, size_t index, const struct output_turn *turn,
		  const struct hydropon_set *set, int error);
/* What keeps the kernel from setting it away from its safe state, for people: why it
 * refused the newest order, or what it would refuse the next one for. False: nothing. */
bool output_refusal(const struct output *output, char *text, size_t size);

#endif
