// SPDX-License-Identifier: GPL-2.0-only
#include "spool/delivered.h"

void delivered_all(struct delivered *delivered)
{
	delivered->n = 1;
	delivered->ranges[0] = (struct delivered_range){ 0, UINT64_MAX };
}

void delivered_meet(struct delivered *delivered, const struct delivered_range *ranges, size_t n)
{
	const struct delivered before = *delivered;
	size_t i = 0, j = 0;

	delivered->n = 0;
	while (i < before.n && j < n && delivered->n < DELIVERED_MAX) {
		const struct delivered_range *a = &before.ranges[i], *b = &ranges[j];
		uint64_t first = a->first > b->first ? a->first : b->first;
		uint64_t end = a->end < b->end ? a->end : b->end;

		if (first < end)
			delivered->ranges[delivered->n++] = (struct delivered_range){ first, end };
		if (a->end < b->end)
			i++;
		else
			j++;
	}
}

bool delivered_holds(const struct delivered *delivered, uint64_t first, uint64_t end)
{
	for (size_t i = 0; i < delivered->n; i++)
		if (delivered->ranges[i].first <= first && delivered->ranges[i].end >= end)
			return true;
	return false;
}
