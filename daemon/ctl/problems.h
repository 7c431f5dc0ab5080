/* SPDX-License-Identifier: GPL-2.0-only */
/* What is not as it should be: collected while all is looked at, shown in front of it. */
#ifndef HYDROPON_PROBLEMS_H
#define HYDROPON_PROBLEMS_H

#include "ctl/table.h"

struct problems {
	FILE *out;
	bool colour;
	size_t count;
};

#define problem(problems, mark, ...)							\
	do {										\
		(problems)->count++;							\
		mark_print((problems)->out, (problems)->colour, mark, __VA_ARGS__);	\
	} while (0)

#endif
