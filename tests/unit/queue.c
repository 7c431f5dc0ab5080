// SPDX-License-Identifier: GPL-2.0-only
#include "harness.h"

#include <pthread.h>
#include <sched.h>

#include "base/queue.h"

TEST(gives_back_in_order_what_it_took)
{
	struct queue *queue = queue_new(sizeof(int), 4);
	int items[4];

	ASSERT_TRUE(queue != NULL);
	EXPECT_EQ(queue_capacity(queue), 4);
	for (int round = 0; round < 10; round++) {
		for (int i = 0; i < 3; i++) {
			int item = round * 3 + i;

			EXPECT_TRUE(queue_push(queue, &item));
		}
		EXPECT_EQ(queue_count(queue), 3);
		EXPECT_EQ(queue_pop(queue, items, 2), 2);
		EXPECT_EQ(queue_pop(queue, items + 2, 2), 1);
		for (int i = 0; i < 3; i++)
			EXPECT_EQ(items[i], round * 3 + i);
		EXPECT_EQ(queue_count(queue), 0);
	}
	queue_free(queue);
}

TEST(refuses_and_counts_what_does_not_fit)
{
	struct queue *queue = queue_new(sizeof(int), 2);
	int items[2], item = 1;

	EXPECT_TRUE(queue_push(queue, &item));
	item = 2;
	EXPECT_TRUE(queue_push(queue, &item));
	item = 3;
	EXPECT_FALSE(queue_push(queue, &item));
	EXPECT_FALSE(queue_push(queue, &item));
	EXPECT_EQ(queue_refused(queue), 2);
	EXPECT_EQ(queue_count(queue), 2);
	EXPECT_EQ(queue_pop(queue, items, 2), 2);
	EXPECT_EQ(items[0], 1);
	EXPECT_EQ(items[1], 2);
	EXPECT_TRUE(queue_push(queue, &item));
	EXPECT_EQ(queue_refused(queue), 2);
	queue_free(queue);
}

TEST(takes_only_a_power_of_two)
{
	EXPECT_TRUE(queue_new(8, 0) == NULL);
	EXPECT_TRUE(queue_new(8, 3) == NULL);
	EXPECT_TRUE(queue_new(0, 4) == NULL);
	EXPECT_TRUE(queue_new(SIZE_MAX / 2, 4) == NULL);
}

#define MANY 200000

/* Two words that must be seen together. */
struct pair {
	long number, twice;
};

static void *produce(void *data)
{
	struct queue *queue = data;

	for (long i = 0; i < MANY; i++) {
		struct pair pair = { i, 2 * i };

		while (!queue_push(queue, &pair))
			sched_yield();
	}
	return NULL;
}

TEST(passes_between_two_threads_in_order_and_whole)
{
	struct queue *queue = queue_new(sizeof(struct pair), 64);
	struct pair pairs[16];
	long next = 0, wrong = 0;
	pthread_t producer;

	ASSERT_EQ(pthread_create(&producer, NULL, produce, queue), 0);
	while (next < MANY) {
		size_t n = queue_pop(queue, pairs, 16);

		for (size_t i = 0; i < n; i++, next++)
			if (pairs[i].number != next || pairs[i].twice != 2 * next)
				wrong++;
		EXPECT_LE(queue_count(queue), 64);
		if (!n)
			sched_yield();
	}
	pthread_join(producer, NULL);
	EXPECT_EQ(wrong, 0);
	EXPECT_EQ(queue_count(queue), 0);
	queue_free(queue);
}
