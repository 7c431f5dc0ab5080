/* SPDX-License-Identifier: GPL-2.0-only */
/* Lines that a store refuses even alone: kept for a person to look at. */
#ifndef HYDROPON_SET_ASIDE_H
#define HYDROPON_SET_ASIDE_H

/* It shares the disk with the spool. */
#define SET_ASIDE_BYTES_MAX (16 << 20)

/*
 * Appends @line (with its newline) to the file at @path, under a comment with
 * @reason. Durable once 0 is returned; -EFBIG if the file would grow beyond its bound;
 * else -errno.
 */
int set_aside(const char *path, const char *line, const char *reason);

#endif
