/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A disk in memory that knows what would be left of it if the power were cut now: what was
 * synced, and of what was not any sectors of 512 bytes, or garbage where a page was being
 * written; of names a part of their changes, in order.
 */
#ifndef HYDROPON_TESTS_DISK_MODEL_H
#define HYDROPON_TESTS_DISK_MODEL_H

#include "spool/disk.h"

struct model;

/* What becomes of what was not synced. */
enum model_cut {
	MODEL_NONE,		/* all of it is lost */
	MODEL_ALL,		/* all of it is there */
	MODEL_SECTORS,		/* any sectors of it */
	MODEL_PAGES,		/* any pages of it, whole */
	MODEL_GARBAGE,		/* any sectors, and garbage in some of its pages */
	MODEL_LAST_TORN,		/* all of it, but the last write is torn at a sector */
	MODEL_CUTS
};

/* What the disk and its driver do wrong. After a sync that failed the next one succeeds, and
 * what the first had lost stays lost, as with Linux.
 */
struct model_faults {
	bool no_sync;		/* says that it has synced, and has not */
	bool no_names;		/* the same of names */
	bool data_fails;	/* a sync fails where more was written than a first page */
	bool keeps_all;		/* a sync that fails has written everything */
	/* One in so many of these fails with EIO; 0: none. */
	unsigned int read_fails, write_fails, sync_fails, names_fail;
};

struct model *model_new(uint64_t seed);
void model_free(struct model *model);
struct disk *model_disk(struct model *model);
struct model_faults *model_faults(struct model *model);
/* Called before each change and each sync: a power cut here. NULL for none. */
void model_on_change(struct model *model, void (*hook)(void *data), void *data);
/* Another disk, as this one would be after a cut. */
struct model *model_cut(const struct model *model, enum model_cut cut, uint64_t seed);
/* Changes and syncs so far. */
uint64_t model_changes(const struct model *model);
/* Bytes of all files. */
uint64_t model_bytes(const struct model *model);
/* Inverts one bit of a file as it is on the disk and in memory; false beyond its end. */
bool model_flip(struct model *model, const char *name, uint64_t bit);
/* Cuts a file to @size bytes; false if it is not longer. */
bool model_truncate(struct model *model, const char *name, uint64_t size);
/* The name of file @i, or NULL. */
const char *model_name(struct model *model, int i);
uint64_t model_file_bytes(struct model *model, const char *name);

#endif
