/* SPDX-License-Identifier: GPL-2.0-only */
/* What an answer to a write means: the one place that knows HTTP's numbers. */
#ifndef HYDROPON_ANSWER_H
#define HYDROPON_ANSWER_H

#include <stddef.h>
#include <stdint.h>

#include <curl/curl.h>

#define ANSWER_BODY_MAX 200

struct answer {
	CURLcode code;		/* of the transfer */
	long status;		/* of HTTP, when the code is CURLE_OK */
	uint64_t retry_after_s;	/* 0: not asked for */
	char body[ANSWER_BODY_MAX];	/* its beginning, printable ASCII only */
};

enum verdict {
	VERDICT_STORED,		/* 204, and nothing else */
	VERDICT_BEYOND,		/* stored, but for points that are older than it keeps any */
	VERDICT_REFUSED,	/* at least one of the lines is not to its liking */
	VERDICT_TOO_LARGE,
	VERDICT_KEEP,		/* says nothing about the lines: keep them, come again */
};

enum verdict answer_judge(const struct answer *answer);
/* How many points were beyond the store's retention, by VERDICT_BEYOND. */
uint64_t answer_beyond(const struct answer *answer);
/* One sentence: what it said, and what to do. */
void answer_explain(const struct answer *answer, char *out, size_t size);

#endif
