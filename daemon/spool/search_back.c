// SPDX-License-Identifier: GPL-2.0-only
#include "spool/search_back.h"

#include <errno.h>

/* The last batch before record @at. 0, -ENODATA if there is none, or -errno. *@over_damage is set
 * if records between were not given up, and are not there.
 */
static int batch_before(struct journal_reader *reader, uint64_t first, uint64_t at,
			struct journal_batch *batch, bool *over_damage)
{
	uint64_t probe = at - 1, step = 1, next;
	struct journal_hole hole;
	int error;

	if (at <= first)
		return -ENODATA;
	/* Back over a hole, of which only the end is told ... */
	while ((error = journal_reader_get(reader, probe, batch, &hole)) == -ENODATA) {
		*over_damage = *over_damage || !hole.is_given_up;
		if (probe == first)
			return -ENODATA;
		probe = probe - first > step ? probe - step : first;
		step *= 2;
	}
	/* ... and on to the end of what is there. */
	while (!error) {
		next = batch->first + pending_records(batch->records);
		if (next >= at)
			return 0;
		probe = next - 1;
		error = journal_reader_get(reader, next, batch, &hole);
		while (error == -ENODATA && hole.end < at)
			error = journal_reader_get(reader, hole.end, batch, &hole);
	}
	return error == -ENODATA ? journal_reader_get(reader, probe, batch, &hole) : error;
}

int search_back(struct journal_reader *reader, unsigned int blocks_max,
		bool (*look)(void *data, const struct journal_batch *batch), void *data,
		bool *over_damage)
{
	struct journal_batch batch;
	struct journal_mark mark;
	unsigned int blocks = 0, ring = 0;
	uint64_t first, samples, at;

	journal_reader_mark(reader, &mark);
	journal_reader_first(reader, &first, &samples);
	at = mark.records;
	while (blocks < blocks_max && ring <= JOURNAL_SLOTS) {
		int error = batch_before(reader, first, at, &batch, over_damage);

		if (error)
			return error == -ENODATA ? 0 : error;
		if (look(data, &batch))
			return 0;
		at = batch.first;
		*(at < mark.blocked ? &blocks : &ring) += 1;
	}
	return 0;
}
