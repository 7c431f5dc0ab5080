// SPDX-License-Identifier: GPL-2.0-only
/* The record stream: a ring that many write and one reads. */
#include <linux/poll.h>
#include <linux/uaccess.h>
#include <linux/vmalloc.h>

#include "guard.h"

#define DEFAULT_WATERMARK	32
#define DEFAULT_MAX_LATENCY_NS	(50 * (u64)NSEC_PER_MSEC)

int hydropon_ring_init(struct hydropon_ring *ring)
{
	ring->records = vcalloc(RING_RECORDS, sizeof(*ring->records));
	ring->written_ns = vcalloc(RING_RECORDS, sizeof(*ring->written_ns));
	if (ring->records && ring->written_ns)
		return 0;
	hydropon_ring_free(ring);
	return -ENOMEM;
}

void hydropon_ring_free(struct hydropon_ring *ring)
{
	vfree(ring->records);
	vfree(ring->written_ns);
}

/* What wakes the reader at once. */
static bool is_urgent(const struct hydropon_record *record)
{
	switch (record->type) {
	case HYDROPON_REC_OUTPUT:
	case HYDROPON_REC_POWER:
	case HYDROPON_REC_CHANNEL:
	case HYDROPON_REC_TRIP:
	case HYDROPON_REC_MANUAL:
	case HYDROPON_REC_FAULT:
		return true;
	default:
		return false;
	}
}

static void put(struct hydropon_ring *ring, const struct hydropon_record *record, u64 now_ns)
{
	struct hydropon_record *slot = &ring->records[ring->head % RING_RECORDS];

	*slot = *record;
	slot->seq = ring->seq++;
	ring->written_ns[ring->head % RING_RECORDS] = now_ns;
	ring->written++;
	/* The reader takes what is below head without the lock. */
	smp_store_release(&ring->head, ring->head + 1);
}

/* Must hold gateway->lock. Counts a record as lost. */
void hydropon_ring_drop(struct hydropon_ring *ring)
{
	ring->lost++;
	ring->lost_untold++;
}

/* Must hold gateway->lock. False if the record did not fit, and was counted as lost.
 * Without a controller there is nobody to tell.
 */
bool hydropon_ring_push(struct hydropon_gateway *gateway, const struct hydropon_record *record,
			u64 now_ns)
{
	struct hydropon_ring *ring = &gateway->ring;
	u32 used = ring->head - READ_ONCE(ring->tail);
	bool urgent = is_urgent(record);
	u32 wanted = 1 + (ring->lost_untold != 0);
	bool reserved = urgent || record->type == HYDROPON_REC_TIME;
	u32 limit = reserved ? RING_RECORDS : RING_RECORDS - HYDROPON_RING_RESERVED;

	if (!gateway->controlled)
		return true;
	if (used + wanted > limit) {
		hydropon_ring_drop(ring);
		ring->lost_urgent += urgent;
		return false;
	}
	if (!used)
		ring->told = false;
	if (ring->lost_untold) {
		struct hydropon_record lost = {
			.time_ns = now_ns,
			.type = HYDROPON_REC_LOST,
			.value = ring->lost_untold,
		};

		put(ring, &lost, now_ns);
		ring->lost_untold = 0;
	}
	put(ring, record, now_ns);
	if (urgent) {
		ring->urgent = true;
		ring->told = false;
	}
	return true;
}

/* When the oldest unread record has waited long enough. There must be one. */
static u64 latency_deadline(const struct hydropon_ring *ring)
{
	return ring->written_ns[READ_ONCE(ring->tail) % RING_RECORDS] + ring->max_latency_ns;
}

/* Must hold gateway->lock. */
bool hydropon_ring_ready(const struct hydropon_ring *ring, u64 now_ns)
{
	u32 used = ring->head - READ_ONCE(ring->tail);

	return used && (ring->urgent || used >= ring->watermark ||
			now_ns >= latency_deadline(ring));
}

/* Must hold gateway->lock. Wakes the reader once when it is time; returns when to
 * look again at the latest.
 */
u64 hydropon_ring_step(struct hydropon_gateway *gateway, u64 now_ns)
{
	struct hydropon_ring *ring = &gateway->ring;

	if (ring->told || ring->head == READ_ONCE(ring->tail))
		return HYDROPON_NEVER;
	if (!hydropon_ring_ready(ring, now_ns))
		return latency_deadline(ring);
	ring->told = true;
	irq_work_queue(&gateway->wake);
	return HYDROPON_NEVER;
}

/* Must hold gateway->lock. What was there belonged to an earlier controller. */
void hydropon_ring_open(struct hydropon_gateway *gateway, u32 first_beat)
{
	struct hydropon_ring *ring = &gateway->ring;

	ring->head = 0;
	ring->tail = 0;
	ring->seq = 0;
	ring->watermark = DEFAULT_WATERMARK;
	ring->max_latency_ns = DEFAULT_MAX_LATENCY_NS;
	ring->lost_untold = 0;
	ring->written = 0;
	ring->lost = 0;
	ring->lost_urgent = 0;
	ring->urgent = false;
	ring->told = false;
	gateway->beats.newest = first_beat;
	gateway->beats.emitted = 0;
	gateway->time_next_ns = 0;

	for (u32 i = 0; i < gateway->channels_n; i++) {
		struct hydropon_channel *channel = gateway->channels[i];

		channel->scale_untold = channel->scale.type;
		channel->offset_untold = channel->offset.type;
	}
}

/* Must hold gateway->read. Returns bytes, or 0 if there is nothing. */
ssize_t hydropon_ring_read(struct hydropon_gateway *gateway, char __user *to, size_t size)
{
	struct hydropon_ring *ring = &gateway->ring;
	/* what put() released */
	u32 head = smp_load_acquire(&ring->head);
	u32 tail = ring->tail;
	u32 n = min_t(size_t, head - tail, size / sizeof(*ring->records));
	u32 start = tail % RING_RECORDS;
	u32 first = min(n, RING_RECORDS - start);
	unsigned long flags;
	u64 now_ns;

	if (copy_to_user(to, &ring->records[start], first * sizeof(*ring->records)) ||
	    copy_to_user(to + first * sizeof(*ring->records), ring->records,
			 (n - first) * sizeof(*ring->records)))
		return -EFAULT;

	raw_spin_lock_irqsave(&gateway->lock, flags);
	now_ns = hydropon_now();
	/* The copy is done before the slots are free again. */
	smp_store_release(&ring->tail, tail + n);
	ring->told = false;
	/* An urgent record behind the part that was read keeps its urgency. */
	if (ring->head == ring->tail)
		ring->urgent = false;
	hydropon_evaluate_stream(gateway, now_ns);
	raw_spin_unlock_irqrestore(&gateway->lock, flags);
	return n * sizeof(*ring->records);
}
