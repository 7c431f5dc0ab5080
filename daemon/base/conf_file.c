// SPDX-License-Identifier: GPL-2.0-only
#include "base/conf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ini.h>

#define BLANKS " \t"
#define COMMENTS "#;"

/*
 * Debian builds inih without line numbers, and it tells neither of a section
 * without keys nor of any but the first line that it cannot read. So it is fed one
 * line at a time: a line that is not blank and has led to no call is a mistake, and
 * after each section line comes one of our own, with a key that no file can have,
 * for control characters are refused.
 */
#define SECTION_MARK "\001"
#define SECTION_MARK_LINE SECTION_MARK "=\n"
/* Stands for a section whose line was wrong: its keys belong to nobody. */
#define SECTION_BROKEN "\001"
#define SECTION_BROKEN_LINE "[" SECTION_BROKEN "]\n"

enum line_kind { LINE_READ, LINE_NONE, LINE_TOO_LONG, LINE_NOT_TEXT };

struct reading {
	FILE *file;
	const struct conf_file_sink *sink;
	void *data;
	unsigned int line;
	bool is_mark_due;
	bool is_unanswered;	/* inih has made nothing of this line yet */
};

static void mistake(const struct reading *reading, const char *sentence)
{
	reading->sink->mistake(reading->data, reading->line, sentence);
}

/* At most CONF_LINE_MAX characters, without the end of line. Eats the rest. */
static enum line_kind read_line(FILE *file, char *text)
{
	size_t length = 0;
	int c;

	while ((c = getc(file)) != EOF && c != '\n') {
		if ((c < ' ' && c != '\t' && c != '\r') || c == 0x7f)
			return LINE_NOT_TEXT;
		if (length <= CONF_LINE_MAX)
			text[length++] = (char)c;
	}
	if (c == EOF && !length)
		return LINE_NONE;
	if (length && text[length - 1] == '\r')
		length--;
	if (length > CONF_LINE_MAX)
		return LINE_TOO_LONG;
	text[length] = 0;
	return LINE_READ;
}

/* A comment begins the line or follows a blank. */
static bool is_comment(const char *line, const char *c)
{
	return strchr(COMMENTS, *c) && (c == line || strchr(BLANKS, c[-1]));
}

/* NULL if @line, which begins with "[", is a whole section line. */
static const char *section_mistake(const char *line)
{
	const char *end = line + 1;

	while (*end && *end != ']' && !is_comment(line, end))
		end++;
	if (*end != ']')
		return "the \"[\" is not closed; write [SECTION] or [SECTION NAME]";
	if (end - line - 1 > CONF_SECTION_MAX)
		return "the section's name is too long; a name has at most 31 characters";
	end += 1 + strspn(end + 1, BLANKS);
	if (*end && !strchr(COMMENTS, *end))
		return "there is text after the \"]\"; put it on a line of its own";
	return NULL;
}

static void end_line(struct reading *reading)
{
	if (reading->is_unanswered)
		mistake(reading, "neither [SECTION] nor KEY = VALUE; "
			"correct it or put # in front of it");
	reading->is_unanswered = false;
}

/* The next line that says something, without leading blanks; NULL at the end. */
static const char *next_line(struct reading *reading, char *text)
{
	static const char bom[] = "\357\273\277";

	for (;;) {
		enum line_kind kind = read_line(reading->file, text);
		const char *line = text;

		if (kind == LINE_NONE)
			return NULL;
		reading->line++;
		if (kind == LINE_NOT_TEXT) {
			mistake(reading, "not a text file: there is a control character; "
				"give a file as in hydropon.conf(5)");
			return NULL;
		}
		if (kind == LINE_TOO_LONG) {
			mistake(reading, "the line is longer than 1024 characters; shorten it");
			continue;
		}
		if (reading->line == 1 && !strncmp(line, bom, strlen(bom)))
			line += strlen(bom);
		line += strspn(line, BLANKS);
		if (*line && !strchr(COMMENTS, *line))
			return line;
	}
}

/* The fgets() that inih reads with. */
static char *feed_line(char *out, int size, void *stream)
{
	struct reading *reading = stream;
	char text[CONF_LINE_MAX + 2];
	const char *line, *wrong;

	if (reading->is_mark_due) {
		reading->is_mark_due = false;
		snprintf(out, (size_t)size, "%s", SECTION_MARK_LINE);
		return out;
	}
	end_line(reading);
	line = next_line(reading, text);
	if (!line)
		return NULL;
	if (*line != '[') {
		reading->is_unanswered = true;
		snprintf(out, (size_t)size, "%s\n", line);
		return out;
	}
	wrong = section_mistake(line);
	if (wrong)
		mistake(reading, wrong);
	else
		reading->is_mark_due = true;
	snprintf(out, (size_t)size, "%s\n", wrong ? SECTION_BROKEN_LINE : line);
	return out;
}

static int take_key(void *user, const char *section, const char *key, const char *value)
{
	struct reading *reading = user;

	reading->is_unanswered = false;
	if (!strcmp(section, SECTION_BROKEN))
		return 1;
	if (!strcmp(key, SECTION_MARK))
		reading->sink->section(reading->data, reading->line, section);
	else if (!*section)
		mistake(reading, "a key before the first [SECTION]; put it into one");
	else
		reading->sink->key(reading->data, reading->line, key, value);
	return 1;
}

static FILE *open_text(const char *path, char *why, size_t why_size)
{
	/* O_NONBLOCK: a FIFO in the place of the file must not hang the start. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;
	FILE *file = NULL;

	if (fd < 0) {
		snprintf(why, why_size, "cannot be opened: %s; see that it exists and that this "
			 "user may read it", strerror(errno));
		return NULL;
	}
	if (fstat(fd, &status))
		snprintf(why, why_size, "cannot be examined: %s; check the disk", strerror(errno));
	else if (S_ISDIR(status.st_mode))
		snprintf(why, why_size, "is a directory; name the file in it");
	else if (!S_ISREG(status.st_mode))
		snprintf(why, why_size, "is not a regular file; put a text file there");
	else if (status.st_size > CONF_FILE_MAX_BYTES)
		snprintf(why, why_size, "is larger than 1 MiB; that is no configuration");
	else if (!(file = fdopen(fd, "r")))
		snprintf(why, why_size, "cannot be read: %s; free some memory", strerror(errno));
	if (!file)
		close(fd);
	return file;
}

void conf_file_read(const char *path, const struct conf_file_sink *sink, void *data)
{
	struct reading reading = { .sink = sink, .data = data };
	char why[256];

	reading.file = open_text(path, why, sizeof(why));
	if (!reading.file) {
		sink->mistake(data, 0, why);
		return;
	}
	/* Room for the line, its end and what inih wants beyond that. */
	ini_max_line = CONF_LINE_MAX + 8;
	ini_allow_multiline = false;
	ini_inline_comment_prefixes = (char *)COMMENTS;
	ini_parse_stream(feed_line, &reading, take_key, &reading);
	if (ferror(reading.file)) {
		snprintf(why, sizeof(why), "cannot be read to its end: %s; check the disk",
			 strerror(EIO));
		sink->mistake(data, 0, why);
	}
	fclose(reading.file);
}
