/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The simplest grower: watches the readings and asks hydropond for outputs, by
 * `hydroponctl set OUTPUT on --for TIME`. Never waits for an answer: a command that
 * takes longer than 3 s is killed.
 */
#ifndef HYDROPON_TESTS_GROWER_H
#define HYDROPON_TESTS_GROWER_H

#include <stdint.h>
#include <sys/types.h>

#include "model.h"

enum grower_task {
	GROWER_PH_DOWN,
	GROWER_NUTRIENT,
	GROWER_FILL,
	GROWER_LIGHTS,
	GROWER_TASKS,
};

struct grower {
	const char *hydroponctl;	/* a path, or a name to be found in PATH */
	uint64_t start_ns;
	struct grower_command {
		pid_t pid;		/* 0: none under way */
		uint64_t kill_ns;
		uint64_t not_before_ns;	/* of the next one */
		unsigned int asked, failed;
	} commands[GROWER_TASKS];
};

/* $HYDROPONCTL or hydroponctl. */
void grower_init(struct grower *grower, uint64_t now_ns);
/* Reaps what has ended, kills what is late, and asks for what is wanted now. */
void grower_turn(struct grower *grower, const struct model_readings *readings, uint64_t now_ns);
/* Kills and reaps what is still under way, and prints the counts. */
void grower_end(struct grower *grower);

#endif
