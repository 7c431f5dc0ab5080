// SPDX-License-Identifier: GPL-2.0-only
#include "acquire/ezo_answer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"
#define NUMBER_MAX 12		/* characters; "-1023.000", "500000.00" */

enum { CODE_SUCCESS = 1, CODE_SYNTAX = 2, CODE_PENDING = 254, CODE_NO_DATA = 255 };

int ezo_answer_text(const uint8_t bytes[EZO_ANSWER_BYTES], char text[EZO_TEXT])
{
	size_t n = 0;

	switch (bytes[0]) {
	case CODE_SUCCESS:
		break;
	case CODE_SYNTAX:
		return -EINVAL;
	case CODE_PENDING:
		return -EAGAIN;
	case CODE_NO_DATA:
		return -ENODATA;
	default:
		return -EBADMSG;
	}
	while (n < EZO_ANSWER_BYTES - 1 && bytes[1 + n] >= ' ' && bytes[1 + n] < 0x7f)
		n++;
	/* What is not ended by a NUL was cut off, or disturbed. */
	if (n == EZO_ANSWER_BYTES - 1 || bytes[1 + n])
		return -EBADMSG;
	memcpy(text, bytes + 1, n + 1);
	return 0;
}

/* Nothing but a sign, digits and a point among them: strtod() alone would take "nan" as well. */
static size_t number_length(const char *text)
{
	size_t sign = *text == '-', whole = strspn(text + sign, DIGITS), part = 0;

	if (text[sign + whole] == '.') {
		part = strspn(text + sign + whole + 1, DIGITS);
		if (!part)
			return 0;
		part++;
	}
	return whole && sign + whole + part <= NUMBER_MAX ? sign + whole + part : 0;
}

int ezo_answer_numbers(const char *text, double numbers[EZO_NUMBERS_MAX])
{
	for (int n = 0; n < EZO_NUMBERS_MAX; n++) {
		size_t length = number_length(text);

		if (!length || (text[length] && text[length] != ','))
			return -EBADMSG;
		numbers[n] = strtod(text, NULL);
		if (!text[length])
			return n + 1;
		text += length + 1;
	}
	return -EBADMSG;
}

const char *ezo_answer_to(const char *text, const char *command)
{
	size_t length = strlen(command);

	if (*text++ != '?')
		return NULL;
	text += *text == ',';
	return !strncasecmp(text, command, length) && text[length] == ',' ? text + length + 1 : NULL;
}
