/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A bounded queue of fixed-size items from one producer thread to one consumer
 * thread. Neither ever waits. What does not fit is refused and counted.
 */
#ifndef HYDROPON_QUEUE_H
#define HYDROPON_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue;

/* @capacity: a power of two. NULL: out of memory, or another number. */
struct queue *queue_new(size_t item_size, size_t capacity);
/* Neither thread may use it any more. */
void queue_free(struct queue *queue);
/* Producer. Copies @item in; false and counted if there is no room. */
bool queue_push(struct queue *queue, const void *item);
/* Consumer. Moves at most @max items to @items; returns how many. */
size_t queue_pop(struct queue *queue, void *items, size_t max);
/* Any thread. Exact for the producer (at most) and the consumer (at least). */
size_t queue_count(const struct queue *queue);
size_t queue_capacity(const struct queue *queue);
/* Any thread. */
uint64_t queue_refused(const struct queue *queue);

#endif
