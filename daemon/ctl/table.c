// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/table.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define BOLD "\033[1m"
#define RED "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

static const char *mark_colour(enum mark mark)
{
	return mark == MARK_BAD ? RED : mark == MARK_WARN ? YELLOW : "";
}

static const char *mark_letter(enum mark mark)
{
	return mark == MARK_BAD ? "! " : mark == MARK_WARN ? "~ " : "  ";
}

static bool is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Length of the printable UTF-8 character at @text, or 0. */
static size_t character_length(const char *text)
{
	unsigned char first = (unsigned char)*text;
	size_t length = first < 0x80 ? 1 : first >= 0xc2 && first < 0xe0 ? 2 :
			(first & 0xf0) == 0xe0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;

	if (first < 0x20 || first == 0x7f)
		return 0;
	for (size_t i = 1; i < length; i++)
		if (!is_continuation(text[i]))
			return 0;
	/* C1 controls, which some terminals obey */
	if (first == 0xc2 && (unsigned char)text[1] < 0xa0)
		return 0;
	return length;
}

void text_clean(char *text)
{
	while (*text) {
		size_t length = character_length(text);

		if (!length)
			*text = '?';
		text += length ? length : 1;
	}
}

size_t text_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += !is_continuation(*text);
	return width;
}

const char *duration_text(uint64_t ms, char *text, size_t size)
{
	uint64_t s = ms / 1000;

	if (ms < 10000)
		snprintf(text, size, "%" PRIu64 ".%" PRIu64 " s", s, ms % 1000 / 100);
	else if (s < 60)
		snprintf(text, size, "%" PRIu64 " s", s);
	else if (s < 3600 && s % 60)
		snprintf(text, size, "%" PRIu64 " min %" PRIu64 " s", s / 60, s % 60);
	else if (s < 3600)
		snprintf(text, size, "%" PRIu64 " min", s / 60);
	else if (s < 86400)
		snprintf(text, size, "%" PRIu64 " h %02" PRIu64 " min", s / 3600, s / 60 % 60);
	else
		snprintf(text, size, "%" PRIu64 " d %" PRIu64 " h", s / 86400, s / 3600 % 24);
	return text;
}

const char *bytes_text(uint64_t bytes, char *text, size_t size)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB" };
	double number = (double)bytes;
	size_t unit = 0;

	while (number >= 1024 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		number /= 1024;
		unit++;
	}
	snprintf(text, size, "%.*f %s", unit ? 1 : 0, number, units[unit]);
	return text;
}

struct table *table_new(const char *alignment, const char *const *titles)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->columns = strlen(alignment);
	table->right = alignment;
	table_row(table, MARK_NONE);
	for (size_t i = 0; i < table->columns; i++)
		table_cell(table, "%s", titles[i]);
	return table;
}

void table_row(struct table *table, enum mark mark)
{
	table->full = table->rows == TABLE_ROWS;
	if (table->full)
		return;
	table->marks[table->rows++] = mark;
	table->cells = 0;
}

void table_cell(struct table *table, const char *format, ...)
{
	va_list arguments;
	char *cell;

	if (table->full || table->cells == table->columns)
		return;
	cell = table->text[table->rows - 1][table->cells++];
	va_start(arguments, format);
	vsnprintf(cell, TABLE_CELL, format, arguments);
	va_end(arguments);
	text_clean(cell);
}

static void row_print(const struct table *table, size_t row, const size_t *widths, FILE *out,
		      bool colour)
{
	const char *style = !row ? BOLD : mark_colour(table->marks[row]);
	size_t behind = 0;	/* padding is held back, so that no line ends in blanks */

	fprintf(out, "%s%s", colour ? style : "", mark_letter(table->marks[row]));
	for (size_t i = 0; i < table->columns; i++) {
		const char *cell = table->text[row][i];
		size_t pad = widths[i] - text_width(cell);

		if (!widths[i])
			continue;
		if (table->right[i] == 'r')
			behind += pad;
		if (*cell) {
			fprintf(out, "%*s%s", (int)behind, "", cell);
			behind = 0;
		}
		if (table->right[i] != 'r')
			behind += pad;
		behind += 2;
	}
	fprintf(out, "%s\n", colour && *style ? PLAIN : "");
}

void table_print(const struct table *table, FILE *out, bool colour)
{
	size_t widths[TABLE_COLUMNS] = { 0 };

	for (size_t column = 0; column < table->columns; column++) {
		bool has_content = false;

		for (size_t row = 0; row < table->rows; row++) {
			size_t width = text_width(table->text[row][column]);

			if (width > widths[column])
				widths[column] = width;
			has_content |= row && width;
		}
		if (!has_content)
			widths[column] = 0;
	}
	for (size_t row = 0; row < table->rows; row++)
		row_print(table, row, widths, out, colour);
	if (table->full)
		mark_print(out, colour, MARK_WARN, "more of them are left out here");
}

void mark_print(FILE *out, bool colour, enum mark mark, const char *format, ...)
{
	const char *style = mark_colour(mark);
	char text[1024];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	text_clean(text);
	fprintf(out, "%s%s%s%s\n", colour ? style : "", mark_letter(mark), text,
		colour && *style ? PLAIN : "");
}

/* Length of the escape sequence at @text, or 0. */
static size_t escape_length(const char *text)
{
	size_t length = strcspn(text, "m");

	return *text != '\033' ? 0 : text[length] ? length + 1 : length;
}

void text_print_cut(FILE *out, const char *text, size_t columns, size_t rows, const char *line_end)
{
	size_t column = 0;

	while (*text && rows) {
		size_t escape = escape_length(text);

		if (escape) {
			fwrite(text, 1, escape, out);
			text += escape;
			continue;
		}
		if (*text == '\n') {
			rows--;
			column = 0;
			fprintf(out, "%s%s", line_end, rows && text[1] ? "\n" : "");
			text++;
			continue;
		}
		column += !is_continuation(*text);
		if (column <= columns)
			putc(*text, out);
		text++;
	}
}
