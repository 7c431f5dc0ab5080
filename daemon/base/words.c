// SPDX-License-Identifier: GPL-2.0-only
#include "base/words.h"

#include <stdio.h>
#include <string.h>

#define LONGEST_WORD 48	/* longer ones are nobody's slip */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Letters to insert, delete, replace or swap with a neighbour (optimal string
 * alignment). Three rows of the table are enough, for the swaps look two back.
 */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][LONGEST_WORD + 1], a_n = strlen(a), b_n = strlen(b);
	size_t *above = rows[0], *row = rows[1], *two_above = rows[2];

	for (size_t j = 0; j <= b_n; j++)
		above[j] = j;
	for (size_t i = 1; i <= a_n; i++) {
		size_t *spare = two_above;

		row[0] = i;
		for (size_t j = 1; j <= b_n; j++) {
			row[j] = least(above[j - 1] + (a[i - 1] != b[j - 1]),
				       least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], two_above[j - 2] + 1);
		}
		two_above = above;
		above = row;
		row = spare;
	}
	return above[b_n];
}

const char *words_nearest(const char *word, const char *const *words, size_t count)
{
	const char *nearest = NULL;
	size_t length = strlen(word), best = length / 3 + 2;

	if (length > LONGEST_WORD)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t d;

		if (strlen(words[i]) > LONGEST_WORD)
			continue;
		d = distance(word, words[i]);
		if (d < best && d < length) {
			best = d;
			nearest = words[i];
		}
	}
	return nearest;
}

void words_list(const char *const *words, size_t count, char *text, size_t size)
{
	size_t used = 0;

	text[0] = 0;
	for (size_t i = 0; i < count; i++) {
		int n = snprintf(text + used, size - used, "%s%s", i ? ", " : "", words[i]);

		if ((size_t)n >= size - used) {
			memcpy(text + size - sizeof("..."), "...", sizeof("..."));
			return;
		}
		used += (size_t)n;
	}
}
