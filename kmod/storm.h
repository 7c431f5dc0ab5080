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
 * @maskings: how often it was masked
 * @unmasking: the masking whose end the thread has been asked for
 * @unmasked: the masking that has ended; equal to @maskings while it is not masked
 * @unmask: lets it in
 */
struct hydropon_storm {
	int irq;
	u32 limit;
	u32 edges;
	u32 windows_left;
	u32 maskings;
	u32 unmasking;
	u32 unmasked;
	struct work_struct unmask;
};

/* Until the thread has really let it in: what comes meanwhile is not seen. */
static inline bool hydropon_storm_masked(const struct hydropon_storm *storm)
{
	return READ_ONCE(storm->unmasked) != storm->maskings;
}

static inline void hydropon_storm_unmask(struct work_struct *work)
{
	struct hydropon_storm *storm = container_of(work, struct hydropon_storm, unmask);
	/* No edge comes through, so that the number stands still until it is let in. */
	u32 masking = READ_ONCE(storm->maskings);

	enable_irq(storm->irq);
	/* If the next storm has masked it since, this ends only the masking before. */
	WRITE_ONCE(storm->unmasked, masking);
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
	if (hydropon_storm_masked(storm)) {
		/* It has come through, before the thread could say that it does again. */
		WRITE_ONCE(storm->unmasked, storm->maskings);
		storm->edges = 0;
	}
	if (++storm->edges <= storm->limit)
		return false;
	WRITE_ONCE(storm->maskings, storm->maskings + 1);
	storm->windows_left = windows;
	disable_irq_nosync(storm->irq);
	return true;
}

/* At the end of a window, under the owner's lock. True if it is masked. */
static inline bool hydropon_storm_window(struct hydropon_storm *storm)
{
	storm->edges = 0;
	if (!hydropon_storm_masked(storm))
		return false;
	if (storm->windows_left) {
		storm->windows_left--;
	} else if (storm->unmasking != storm->maskings) {
		storm->unmasking = storm->maskings;
		schedule_work(&storm->unmask);
	}
	return true;
}

/* Nothing calls window any more, and an edge starts no timer that would; free_irq()
 * follows.
 */
static inline void hydropon_storm_stop(struct hydropon_storm *storm)
{
	cancel_work_sync(&storm->unmask);
}

#endif
