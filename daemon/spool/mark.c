// SPDX-License-Identifier: GPL-2.0-only
#include "spool/mark.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>

#include "base/file.h"
#include "base/pack.h"

#define MAGIC "HSM2"

enum { MARK_FIELDS = 9, MARK_BYTES = FILE_SEAL + 8 * MARK_FIELDS };

static int mark_path(char *out, size_t size, const char *run_dir)
{
	int n = snprintf(out, size, "%s/spool.committed", run_dir);

	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

int spool_mark_publish(const char *run_dir, const struct journal_mark *mark)
{
	const uint64_t fields[MARK_FIELDS] = {
		mark->id, mark->records, mark->samples, mark->blocked, mark->blocked_samples,
		mark->generation, mark->current, mark->slot, mark->slots_used,
	};
	uint8_t bytes[MARK_BYTES];
	char path[PATH_MAX];
	int error = mark_path(path, sizeof(path), run_dir);

	if (error)
		return error;
	for (size_t i = 0; i < MARK_FIELDS; i++)
		put_le64(bytes + FILE_SEAL + 8 * i, fields[i]);
	file_seal(MAGIC, bytes, sizeof(bytes));
	return file_replace(path, bytes, sizeof(bytes));
}

int spool_mark_read(const char *run_dir, struct journal_mark *mark)
{
	uint64_t fields[MARK_FIELDS];
	uint8_t bytes[MARK_BYTES];
	char path[PATH_MAX];
	int error = mark_path(path, sizeof(path), run_dir);

	if (!error)
		error = file_read_sealed(path, MAGIC, bytes, sizeof(bytes));
	if (error)
		return error;
	for (size_t i = 0; i < MARK_FIELDS; i++)
		fields[i] = get_le64(bytes + FILE_SEAL + 8 * i);
	*mark = (struct journal_mark){
		.id = fields[0],
		.records = fields[1],
		.samples = fields[2],
		.blocked = fields[3],
		.blocked_samples = fields[4],
		.generation = fields[5],
		.current = fields[6],
		.slot = (uint32_t)fields[7],
		.slots_used = (uint32_t)fields[8],
	};
	return mark->blocked <= mark->records && mark->samples <= mark->records &&
	       mark->blocked_samples <= mark->samples ? 0 : -EBADMSG;
}
