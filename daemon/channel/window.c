// SPDX-License-Identifier: GPL-2.0-only
#include "channel/window.h"

#include <math.h>

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

/* NULL: nothing was taken in it. */
static const struct window_minute *find_minute(const struct window *window, uint64_t minute)
{
	const struct window_minute *slot = &window->minutes[minute % WINDOW_MINUTES];

	return slot->n && slot->minute == minute ? slot : NULL;
}

bool window_means(const struct window *a, const struct window *b, uint64_t now_ns,
		  unsigned int minutes, double *mean_a, double *mean_b)
{
	uint64_t now = now_ns / WINDOW_MINUTE_NS;
	double sum_a = 0, sum_b = 0, n = 0;

	for (unsigned int i = 0; i < minutes && i < WINDOW_MINUTES && i <= now; i++) {
		const struct window_minute *of_a = find_minute(a, now - i);
		const struct window_minute *of_b = find_minute(b, now - i);
		double weight = of_a && of_b ? fmin(of_a->n, of_b->n) : 0;

		if (!weight)
			continue;
		sum_a += weight * of_a->sum / of_a->n;
		sum_b += weight * of_b->sum / of_b->n;
		n += weight;
	}
	if (!n)
		return false;
	*mean_a = sum_a / n;
	*mean_b = sum_b / n;
	return true;
}

bool window_mean(const struct window *window, uint64_t now_ns, unsigned int ago,
		 unsigned int minutes, double *mean)
{
	uint64_t now = now_ns / WINDOW_MINUTE_NS;
	double sum = 0;
	uint64_t n = 0;

	for (unsigned int i = ago; i < ago + minutes && i < WINDOW_MINUTES && i <= now; i++) {
		const struct window_minute *slot = find_minute(window, now - i);

		if (!slot)
			continue;
		sum += slot->sum;
		n += slot->n;
	}
	if (n)
		*mean = sum / (double)n;
	return n;
}
