/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A file of lines that only grows, and that tells whether it is whole: its first line has a name
 * and the CRC32C of all that follows. It is replaced as a whole, so that a power cut leaves the
 * old or the new one; a file that does not fit its CRC was damaged by something else.
 */
#ifndef HYDROPON_SEALED_LINES_H
#define HYDROPON_SEALED_LINES_H

#include <stddef.h>

#define SEALED_LINES_MAX (1024 * 1024)	/* bytes of a file */

/*
 * Reads @path. 0: @lines is what follows the first line, NUL-terminated, to be freed; each line
 * ends with a newline. -ENOENT; -EBADMSG: it is damaged, and @lines is what there is all the same,
 * to be freed, or NULL; or -errno.
 */
int sealed_lines_read(const char *path, const char *name, char **lines);
/* Replaces @path by @lines, each ended by a newline; durable once 0 is returned, else as it was. */
int sealed_lines_write(const char *path, const char *name, const char *lines);

#endif
