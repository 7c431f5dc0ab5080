/* SPDX-License-Identifier: GPL-2.0-only */
/* Words for people: what they may have meant, what they can choose from. */
#ifndef HYDROPON_WORDS_H
#define HYDROPON_WORDS_H

#include <stddef.h>

/* The one of @words that @word is a slip of, or NULL if none is near enough. */
const char *words_nearest(const char *word, const char *const *words, size_t count);
/* "a, b, c", cut with "..." if it does not fit. */
void words_list(const char *const *words, size_t count, char *text, size_t size);

#endif
