/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An interrupt that comes more often than its wire can mean is masked, so that it takes
 * the machine's time from nothing else, and let in again from a thread.
 *
 * Of the owner's making: a lock around edge and window, and a timer that calls window.
 */
#ifndef HYDROPON_STORM_H
#define HYDROPON_STORM_H

#include <linux/interrupt.h>
#include <linux/workqueue.h>

/**
 * struct hydropon_storm - the watch over one interrupt
 * @irq: its number
 * @limit: edges in one window that are still believed
 * @edges: in this window
 * @windows_left: that it stays masked
 * @masked: it is masked, or about to be let in again
 * @unmask: lets it in
 */
struct hydropon_storm {
	int irq;
	u32 limit;
	u32 edges;
	u32 windows_left;
	bool masked;
	struct work_struct unmask;
};

static inline void hydropon_storm_unmask(struct work_struct *work)
{
	enable_irq(container_of(work, struct hydropon_storm, unmask)->irq);
}

static inline void hydropon_storm_init(struct hydropon_storm *storm, int irq, u32 limit)
{
	storm->irq = irq;
	storm->limit = limit;
	INIT_WORK(&storm->unmask, hydropon_storm_unmask);
}

/* In the hard interrupt, under the owner's lock. @windows: to stay masked for, beside the
 * running one. True if a storm begins here.
 */
static inline bool hydropon_storm_edge(struct hydropon_storm *storm, u32 windows)
{
	if (storm->masked || ++storm->edges <= storm->limit)
		return false;
	storm->masked = true;
	storm->windows_left = windows;
	disable_irq_nosync(storm->irq);
	return true;
}

/* At the end of a window, under the owner's lock. True if it was masked in it. */
static inline bool hydropon_storm_window(struct hydropon_storm *storm)
{
	bool masked = storm->masked;

	storm->edges = 0;
	if (!masked || storm->windows_left--)
		return masked;
	storm->windows_left = 0;
	storm->masked = false;
	schedule_work(&storm->unmask);
	return true;
}

/* Nothing calls edge or window any more; free_irq() follows. */
static inline void hydropon_storm_stop(struct hydropon_storm *storm)
{
	cancel_work_sync(&storm->unmask);
}

#endif
