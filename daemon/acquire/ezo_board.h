/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The talk with an EZO board: what it is asked next, and what its answer means. Before it is read
 * it must be of the kind that the configuration says, and its settings such that the number means
 * what the channel takes it for. They are asked for again now and then: whoever else is on the bus
 * can change them. None is changed that the board keeps without power, and of the others only the
 * temperature to which it compensates: that must be 25 C, at which it does not. No I/O, no clock.
 */
#ifndef HYDROPON_EZO_BOARD_H
#define HYDROPON_EZO_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "acquire/ezo_answer.h"
#include "base/conf.h"

enum ezo_step {
	EZO_STEP_IDENTIFY,
	EZO_STEP_OUTPUTS,	/* which numbers a reading has */
	EZO_STEP_UNIT,		/* in which unit they are */
	EZO_STEP_TEMPERATURE,	/* what it compensates to */
	EZO_STEP_SET,
	EZO_STEP_READ,
};

/* All zero: nothing is known of it. */
struct ezo_board {
	enum ezo_step step;
	unsigned int fields, field;	/* numbers of a reading; which is wanted */
	double factor;			/* to the unit of the channel */
	bool was_set;			/* since its settings were last looked at */
	unsigned int sets;		/* how often its temperature was found changed */
	char said[EZO_TEXT];		/* what it answered last */
};

/* What to write to it now, and how long it takes over that, by its data sheet. */
const char *ezo_board_command(const struct ezo_board *board, enum conf_ezo_kind kind);
uint32_t ezo_board_wait_ms(const struct ezo_board *board, enum conf_ezo_kind kind);
/*
 * Takes the text of its answer. 1: *number is the reading; 0: it is to be asked on. -EBADMSG: that
 * answers something else. -EMEDIUMTYPE: it is of another kind. -ENOMSG: it does not give what the
 * channel measures. -EDOM: not in a unit that is known. -EPROTO: it does not take its setting.
 */
int ezo_board_take(struct ezo_board *board, enum conf_ezo_kind kind, const char *text,
		   double *number);
/* It may be another one now, or be set in another way: all is asked before the next reading. */
void ezo_board_forget(struct ezo_board *board);
/* What a person can do about @error of ezo_board_take(). */
const char *ezo_board_remedy(enum conf_ezo_kind kind, int error);

#endif
