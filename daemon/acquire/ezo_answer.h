/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an EZO board of Atlas Scientific answers over I2C: a code, text, and a NUL (its data sheets,
 * "Requesting data" and "Response codes"). All of it, or none: the code is no number, and a number
 * of which a part is missing is another one. Pure; any thread.
 */
#ifndef HYDROPON_EZO_ANSWER_H
#define HYDROPON_EZO_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#define EZO_ANSWER_BYTES 40	/* the longest is an EC board's with all that it can measure */
#define EZO_TEXT EZO_ANSWER_BYTES
#define EZO_NUMBERS_MAX 4

/*
 * The text of an answer, which may be empty, and 0. -EAGAIN: it is still at it. -EINVAL: it has not
 * understood. -ENODATA: it knows of no question. -EBADMSG: that is no answer.
 */
int ezo_answer_text(const uint8_t bytes[EZO_ANSWER_BYTES], char text[EZO_TEXT]);
/*
 * The numbers of "7.12" or "1413,706,0.69", and how many there are; -EBADMSG if anything
 * in it is none, or there are more than EZO_NUMBERS_MAX.
 */
int ezo_answer_numbers(const char *text, double numbers[EZO_NUMBERS_MAX]);
/*
 * What comes behind "?T," for @command "T", as for some commands behind "?,O,"; NULL: it is the
 * answer to something else.
 */
const char *ezo_answer_to(const char *text, const char *command);

#endif
