// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/csv.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ctl/table.h"

void csv_put_text(const char *text)
{
	char clean[64];
	bool is_quoted;

	snprintf(clean, sizeof(clean), "%s", text);
	text_clean(clean);
	is_quoted = strpbrk(clean, ",\"") != NULL;
	if (is_quoted)
		putchar('"');
	for (const char *c = clean; *c; c++) {
		if (*c == '"')
			putchar('"');
		putchar(*c);
	}
	if (is_quoted)
		putchar('"');
	putchar(',');
}
