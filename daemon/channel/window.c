// SPDX-License-Identifier: GPL-2.0-only
#include "channel/window.h"

#define INTERVAL_WEIGHT 0.1

void window_see(struct window *window, uint64_t at_ns)
{
	double since_ns;

	if (window->seen_ns && at_ns > window->seen_ns) {
		since_ns = (double)(at_ns - window->seen_ns);
		/* One gap is no rhythm. */
		if (window->interval_ns && since_ns > 3 * window->interval_ns)
			since_ns = 3 * window->interval_ns;
		window->interval_ns += window->interval_ns ?
			(since_ns - window->interval_ns) * INTERVAL_WEIGHT : since_ns;
	}
	if (at_ns > window->seen_ns)
		window->seen_ns = at_ns;
}

bool window_take(struct window *window, uint64_t at_ns, double value)
{
	uint64_t minute = at_ns / WINDOW_MINUTE_NS;
	struct window_minute *slot = &window->minutes[minute % WINDOW_MINUTES];
	bool is_first = !slot->n || slot->minute != minute;

	window->recent[window->recent_next] = value;
	window->recent_next = (window->recent_next + 1) % WINDOW_RECENT;
	window->recent_n += window->recent_n < WINDOW_RECENT;
	if (at_ns > window->newest_ns)
		window->newest_ns = at_ns;
	/* A record that comes an hour late is no reason to forget a newer minute. */
	if (slot->n && slot->minute > minute)
		return false;
	if (is_first)
		*slot = (struct window_minute){ .minute = minute };
	slot->sum += value;
	slot->n++;
	return is_first;
}

void window_forget_recent(struct window *window)
{
	window->recent_n = 0;
	window->recent_next = 0;
}

bool window_reference(const struct window *window, double *value)
{
	double sorted[WINDOW_RECENT];
	size_t n = window->recent_n;

	for (size_t i = 0; i < n; i++) {
		size_t at = i;

		for (; at && sorted[at - 1] > window->recent[i]; at--)
			sorted[at] = sorted[at - 1];
		sorted[at] = window->recent[i];
	}
	if (n)
		*value = n % 2 ? sorted[n / 2] : (sorted[n / 2 - 1] + sorted[n / 2]) / 2;
	return n;
}

bool window_mean(const struct window *window, uint64_t now_ns, unsigned int ago,
		 unsigned int minutes, double *mean)
{
	uint64_t now = now_ns / WINDOW_MINUTE_NS;
	double sum = 0;
	uint64_t n = 0;

	for (unsigned int i = ago; i < ago + minutes && i < WINDOW_MINUTES && i <= now; i++) {
		const struct window_minute *slot = &window->minutes[(now - i) % WINDOW_MINUTES];

		if (!slot->n || slot->minute != now - i)
			continue;
		sum += slot->sum;
		n += slot->n;
	}
	if (n)
		*mean = sum / (double)n;
	return n;
}
