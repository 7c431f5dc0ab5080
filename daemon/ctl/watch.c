// SPDX-License-Identifier: GPL-2.0-only
#include "ctl/watch.h"

#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ctl/signals.h"
#include "ctl/table.h"

#define HOME "\033[H"
#define CLEAR_LINE "\033[K"
#define CLEAR_BELOW "\033[J"
#define HIDE_CURSOR "\033[?25l"
#define SHOW_CURSOR "\033[?25h"

/* In place, cut to the screen as it is now: it may have been resized. */
static void draw_screen(const char *text)
{
	struct winsize size = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || !size.ws_col || !size.ws_row)
		size = (struct winsize){ .ws_col = 80, .ws_row = 24 };
	fputs(HOME, stdout);
	text_print_cut(stdout, text, size.ws_col, size.ws_row, CLEAR_LINE);
	fputs(CLEAR_BELOW, stdout);
}

/* False: not even the memory for the text. */
static bool draw_once(void (*draw)(FILE *out, void *data), void *data, bool on_screen)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return false;
	draw(out, data);
	fclose(out);
	if (on_screen)
		draw_screen(text);
	else
		printf("%s\n", text);
	free(text);
	return true;
}

int watch(void (*draw)(FILE *out, void *data), void *data, uint64_t interval_ms)
{
	bool on_screen = isatty(STDOUT_FILENO), fine;

	signals_catch();
	if (on_screen)
		fputs(HIDE_CURSOR HOME CLEAR_BELOW, stdout);
	do
		fine = draw_once(draw, data, on_screen) && !fflush(stdout);
	while (fine && !signals_wait(interval_ms));
	if (on_screen)
		fputs("\r\n" SHOW_CURSOR, stdout);
	fflush(stdout);
	return fine ? 0 : 1;
}
