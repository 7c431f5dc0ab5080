/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Text for a terminal: marks, durations, columns that line up. Everything that came
 * from elsewhere is cleaned of control characters before it is printed.
 */
#ifndef HYDROPON_TABLE_H
#define HYDROPON_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TABLE_COLUMNS 8
#define TABLE_ROWS 72
#define TABLE_CELL 160		/* bytes, the NUL included */

enum mark {
	MARK_NONE,
	MARK_WARN,	/* "~": someone should know */
	MARK_BAD,	/* "!": not as it should be */
};

struct table {
	size_t columns, rows, cells;	/* @cells: of the newest row */
	const char *right;		/* a letter a column: 'r' for right-aligned */
	bool full;
	enum mark marks[TABLE_ROWS];
	char text[TABLE_ROWS][TABLE_COLUMNS][TABLE_CELL];
};

/* @titles: the first row. NULL: out of memory. To be freed with free(). */
struct table *table_new(const char *alignment, const char *const *titles);
/* Begins a row; rows past TABLE_ROWS are left out, and that is said. */
void table_row(struct table *table, enum mark mark);
void table_cell(struct table *table, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Columns without any content are left out. */
void table_print(const struct table *table, FILE *out, bool colour);

/* A line with its mark in front. */
void mark_print(FILE *out, bool colour, enum mark mark, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* "0.4 s", "12 s", "3 min 20 s", "2 h 03 min", "3 d 4 h" */
const char *duration_text(uint64_t ms, char *text, size_t size);
/* "12 B", "1.5 MiB" */
const char *bytes_text(uint64_t bytes, char *text, size_t size);
/* Control characters and what is not UTF-8 become '?'. */
void text_clean(char *text);
/* Columns on the screen, counting each character as one. */
size_t text_width(const char *text);
/* Prints @text as far as @columns and @rows go; escape sequences take no room. */
void text_print_cut(FILE *out, const char *text, size_t columns, size_t rows, const char *line_end);

#endif
