// SPDX-License-Identifier: GPL-2.0-only
#include "base/queue.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE 64

/* head and tail only ever grow; their difference is the fill. */
struct queue {
	size_t item_size, capacity;
	_Alignas(CACHE_LINE) atomic_size_t tail;	/* producer */
	_Atomic uint64_t refused;			/* producer */
	_Alignas(CACHE_LINE) atomic_size_t head;	/* consumer */
	_Alignas(CACHE_LINE) unsigned char items[];
};

struct queue *queue_new(size_t item_size, size_t capacity)
{
	struct queue *queue;
	size_t bytes;

	if (!item_size || !capacity || capacity & (capacity - 1) ||
	    __builtin_mul_overflow(item_size, capacity, &bytes) ||
	    __builtin_add_overflow(bytes, sizeof(*queue) + CACHE_LINE - 1, &bytes))
		return NULL;
	queue = aligned_alloc(CACHE_LINE, bytes & ~(size_t)(CACHE_LINE - 1));
	if (!queue)
		return NULL;
	queue->item_size = item_size;
	queue->capacity = capacity;
	atomic_init(&queue->tail, 0);
	atomic_init(&queue->head, 0);
	atomic_init(&queue->refused, 0);
	return queue;
}

void queue_free(struct queue *queue)
{
	free(queue);
}

static unsigned char *item_at(struct queue *queue, size_t position)
{
	return queue->items + (position & (queue->capacity - 1)) * queue->item_size;
}

bool queue_push(struct queue *queue, const void *item)
{
	size_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);
	/* The consumer's copies out of a slot come before we write it again. */
	size_t head = atomic_load_explicit(&queue->head, memory_order_acquire);

	if (tail - head == queue->capacity) {
		atomic_fetch_add_explicit(&queue->refused, 1, memory_order_relaxed);
		return false;
	}
	memcpy(item_at(queue, tail), item, queue->item_size);
	atomic_store_explicit(&queue->tail, tail + 1, memory_order_release);
	return true;
}

size_t queue_pop(struct queue *queue, void *items, size_t max)
{
	size_t head = atomic_load_explicit(&queue->head, memory_order_relaxed);
	/* The producer's copies into the slots come before we read them. */
	size_t tail = atomic_load_explicit(&queue->tail, memory_order_acquire);
	size_t n = tail - head < max ? tail - head : max;
	unsigned char *to = items;

	for (size_t i = 0; i < n; i++)
		memcpy(to + i * queue->item_size, item_at(queue, head + i), queue->item_size);
	atomic_store_explicit(&queue->head, head + n, memory_order_release);
	return n;
}

size_t queue_count(const struct queue *queue)
{
	/* Head first: it never overtakes the tail that is read after it. */
	size_t head = atomic_load_explicit(&queue->head, memory_order_acquire);
	size_t tail = atomic_load_explicit(&queue->tail, memory_order_acquire);
	size_t n = tail - head;

	return n < queue->capacity ? n : queue->capacity;
}

size_t queue_capacity(const struct queue *queue)
{
	return queue->capacity;
}

uint64_t queue_refused(const struct queue *queue)
{
	return atomic_load_explicit(&queue->refused, memory_order_relaxed);
}
