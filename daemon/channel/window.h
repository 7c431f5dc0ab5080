/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a channel has read lately: the newest values as they were, and a mean for each minute of
 * the last hour, however often it is read. Bounded, no allocation; time is that of the samples.
 * Main thread only.
 */
#ifndef HYDROPON_WINDOW_H
#define HYDROPON_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WINDOW_RECENT 5
#define WINDOW_MINUTES 64
#define WINDOW_MINUTE_NS 60000000000ULL

struct window_minute {
	uint64_t minute;	/* BOOTTIME / WINDOW_MINUTE_NS */
	double sum;
	uint32_t n;		/* 0: there was none */
};

struct window {
	double recent[WINDOW_RECENT];
	size_t recent_n, recent_next;
	uint64_t newest_ns;	/* of what was taken; 0: nothing yet */
	struct window_minute minutes[WINDOW_MINUTES];
	double interval_ns;	/* between readings, smoothed; 0: not known yet */
	uint64_t seen_ns;	/* newest reading, taken or not */
};

/* To be called for each reading with a value, before it is judged. A reading that is not newer
 * than the last one gives no interval. */
void window_see(struct window *window, uint64_t at_ns);
/* Takes a value that may serve as what others are compared with. True: it is the first one of a
 * minute, so that the one before is complete. */
bool window_take(struct window *window, uint64_t at_ns, double value);
/* The level has changed for good: newest values from before it are no measure any more. */
void window_forget_recent(struct window *window);
/* Median of the newest values. False: there is none. */
bool window_reference(const struct window *window, double *value);
/* Means of the minutes, as below, in which both have taken something. False: there is none. */
bool window_means(const struct window *a, const struct window *b, uint64_t now_ns,
		  unsigned int minutes, double *mean_a, double *mean_b);
/* Mean of what was taken in @minutes minutes, of which the last one began @ago minutes before
 * the minute of @now_ns. False: nothing was. */
bool window_mean(const struct window *window, uint64_t now_ns, unsigned int ago,
		 unsigned int minutes, double *mean);

#endif
