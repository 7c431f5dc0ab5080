// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/fail.h"

#include <stdarg.h>
#include <stdio.h>

#include "ctl/table.h"

int fail(int code, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	text_clean(text);
	fprintf(stderr, "hydroponctl: %s\n", text);
	return code;
}
