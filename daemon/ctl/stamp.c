// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/stamp.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/units.h"

#define EXAMPLES "write it as 2026-11-28T10:00 (local time), 2026-11-28T09:00Z, -2h or -7d"

static const struct units units_ago = {
	.list = (const struct unit[]){ { "s", 1e3, false },
				       { "min", 60e3, false },
				       { "m", 60e3, true },
				       { "h", 3600e3, false },
				       { "d", 86400e3, false },
				       { NULL, 0, false } },
};

static bool parse_ago(const char *text, int64_t now_ms, int64_t *ms)
{
	char why[256];
	double ago_ms;

	if (!units_parse(&units_ago, text, &ago_ms, why, sizeof(why)) || ago_ms < 0 ||
	    ago_ms > (double)now_ms)
		return false;
	*ms = now_ms - (int64_t)ago_ms;
	return true;
}

/* ":30" or ":30.123" */
static const char *parse_seconds(const char *text, struct tm *tm, int *rest)
{
	const char *end = strptime(text, ":%S", tm);
	int digit = 100;

	if (!end)
		return text;
	if (*end != '.')
		return end;
	for (end++; *end >= '0' && *end <= '9'; end++, digit /= 10)
		*rest += (*end - '0') * digit;
	return end;
}

bool stamp_parse(const char *text, int64_t now_ms, int64_t *ms, char *why, size_t why_size)
{
	struct tm tm = { .tm_isdst = -1 }, again;
	const char *end;
	int rest = 0;
	bool is_utc;
	time_t time;

	snprintf(why, why_size, "\"%s\" is no time; " EXAMPLES, text);
	if (*text == '-')
		return parse_ago(text + 1, now_ms, ms);
	end = strptime(text, "%Y-%m-%d", &tm);
	if (!end)
		return false;
	if (*end == 'T' || *end == ' ') {
		end = strptime(end + 1, "%H:%M", &tm);
		if (!end)
			return false;
		end = parse_seconds(end, &tm, &rest);
	}
	is_utc = *end == 'Z';
	if (end[is_utc])
		return false;
	again = tm;
	time = is_utc ? timegm(&again) : mktime(&again);
	/* The 30th of February would be a day in March. */
	if (again.tm_mday != tm.tm_mday)
		return false;
	*ms = (int64_t)time * 1000 + rest;
	return true;
}

/* Seconds, and the milliseconds after them, also before 1970. */
static time_t split(int64_t ms, int *rest)
{
	time_t time = (time_t)(ms / 1000);

	*rest = (int)(ms % 1000);
	if (*rest >= 0)
		return time;
	*rest += 1000;
	return time - 1;
}

const char *stamp_local(int64_t ms, char text[STAMP_SIZE])
{
	struct tm tm;
	int rest;
	time_t time = split(ms, &rest);
	size_t n = localtime_r(&time, &tm) ? strftime(text, STAMP_SIZE, "%FT%T%z", &tm) : 0;

	if (n < 5 || n + 1 >= STAMP_SIZE) {
		snprintf(text, STAMP_SIZE, "%" PRId64 " ms", ms);
		return text;
	}
	memmove(text + n - 1, text + n - 2, 3);
	text[n - 2] = ':';
	return text;
}

const char *stamp_utc(int64_t ms, char text[STAMP_SIZE])
{
	struct tm tm;
	int rest;
	time_t time = split(ms, &rest);
	size_t n = gmtime_r(&time, &tm) ? strftime(text, STAMP_SIZE - 5, "%FT%T", &tm) : 0;

	if (n)
		snprintf(text + n, STAMP_SIZE - n, ".%03dZ", rest);
	else
		snprintf(text, STAMP_SIZE, "%" PRId64, ms);
	return text;
}
