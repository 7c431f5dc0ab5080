/* SPDX-License-Identifier: GPL-2.0-only */
/* Gzip, level 1, of text that comes in pieces. One compressor serves all stores; each
 * has an output of its own, as its bytes are needed until the store has answered. */
#ifndef HYDROPON_GZIP_H
#define HYDROPON_GZIP_H

#include <stddef.h>
#include <stdint.h>

struct gzip;

/* All 0 to begin with; grows and is used again. free(bytes) in the end. */
struct gzip_output {
	uint8_t *bytes;
	size_t size, capacity;
};

/* NULL: out of memory. */
struct gzip *gzip_new(void);
void gzip_free(struct gzip *gzip);

void gzip_begin(struct gzip *gzip, struct gzip_output *output);
/* 0 or -ENOMEM. */
int gzip_put(struct gzip *gzip, const void *text, size_t size);
/* After it the output is a whole gzip stream. 0 or -ENOMEM. */
int gzip_end(struct gzip *gzip);

#endif
