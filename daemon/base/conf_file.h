/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One configuration file: its sections and keys with their line numbers. The
 * grammar is inih's, the numbers and the mistakes are ours.
 */
#ifndef HYDROPON_CONF_FILE_H
#define HYDROPON_CONF_FILE_H

#define CONF_LINE_MAX 1024		/* characters, the end of line not counted */
#define CONF_FILE_MAX_BYTES (1024 * 1024)
#define CONF_SECTION_MAX 47		/* what inih takes without cutting it */

/* Strings are valid during the call only. */
struct conf_file_sink {
	void (*section)(void *data, unsigned int line, const char *title);
	void (*key)(void *data, unsigned int line, const char *key, const char *value);
	/* @line is 0 if the mistake is the file's as a whole. */
	void (*mistake)(void *data, unsigned int line, const char *sentence);
};

/* Reads all of @path, or as much as makes sense. Not reentrant. */
void conf_file_read(const char *path, const struct conf_file_sink *sink, void *data);

#endif
