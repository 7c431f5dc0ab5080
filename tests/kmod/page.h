/* SPDX-License-Identifier: GPL-2.0-only */
/* The tables of docs/bad-input.md, row by row. */
#ifndef HYDROPON_TESTS_PAGE_H
#define HYDROPON_TESTS_PAGE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE "/tests/bad-input.md"
#define PAGE_CELLS 8

struct page_row {
	char heading[128];	/* of the section */
	char parent[64];	/* of its device tree: the node above */
	char compatible[32];
	char cells[PAGE_CELLS][512];	/* without their backticks */
	int cells_n;
};

/* From "  `text` " to "text". */
static inline void page_cell(char *to, size_t size, const char *from, const char *end)
{
	while (from < end && (*from == ' ' || *from == '`'))
		from++;
	while (end > from && (end[-1] == ' ' || end[-1] == '`'))
		end--;
	snprintf(to, size, "%.*s", (int)(end - from), from);
}

static inline void page_split(struct page_row *row, const char *line)
{
	row->cells_n = 0;
	for (const char *from = line + 1, *end; (end = strchr(from, '|')); from = end + 1)
		if (row->cells_n < PAGE_CELLS)
			page_cell(row->cells[row->cells_n++], sizeof(row->cells[0]), from, end);
}

/* The next row whose first cell is in backticks; false at the end. @row begins as zeros. */
static inline bool page_next(FILE *page, struct page_row *row)
{
	char line[2048];

	while (fgets(line, sizeof(line), page)) {
		line[strcspn(line, "\n")] = '\0';
		if (!strncmp(line, "## ", 3) || !strncmp(line, "### ", 4)) {
			page_cell(row->heading, sizeof(row->heading), strchr(line, ' '),
				  line + strlen(line));
			row->parent[0] = '\0';
		} else if (sscanf(line, "/* below %63s", row->parent) == 1) {
			continue;
		} else if (sscanf(line, "compatible = \"%31[^\"]", row->compatible) == 1) {
			continue;
		} else if (!strncmp(line, "| `", 3)) {
			page_split(row, line);
			return true;
		}
	}
	return false;
}

#endif
