/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The bytes of the spool; docs/spool-format.md describes them. Everything that is
 * read is taken as hostile: a get function returns false rather than a value that
 * breaks a limit below.
 */
#ifndef HYDROPON_SPOOL_FORMAT_H
#define HYDROPON_SPOOL_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"
#include "base/sample.h"

enum {
	SPOOL_HEADER_BYTES = 40,
	SPOOL_BATCH_HEADER_BYTES = 56,
	SPOOL_SAMPLE_BYTES = 32,
	SPOOL_BATCH_SAMPLES = 4096,
	SPOOL_BATCH_MAX = SPOOL_BATCH_HEADER_BYTES + SPOOL_BATCH_SAMPLES * SPOOL_SAMPLE_BYTES,
	SPOOL_SCHEMA_MAX = 8192,	/* a schema batch, header included */
	SPOOL_DECIMALS_MAX = 9,
};

struct spool_header {
	uint64_t id;
	uint64_t start;		/* samples committed before this file was begun */
};

enum spool_kind {
	SPOOL_SCHEMA = 1,
	SPOOL_SAMPLES = 2,
};

struct spool_batch_header {
	uint32_t length;	/* of the batch, header included */
	enum spool_kind kind;
	uint64_t id;
	uint64_t sequence;
	uint64_t produced;	/* up to and including this batch */
	uint64_t schema;	/* offset of the schema batch that applies */
	uint32_t count;		/* samples in it */
};

struct spool_series {
	char channel[HYDROPON_NAME_MAX];
	char quantity[16];
	char unit[16];
	int decimals;
};

struct spool_schema {
	char gateway[64], site[64];
	size_t series_n;
	struct spool_series series[HYDROPON_MAX_CHANNELS];
};

void spool_header_put(uint8_t to[SPOOL_HEADER_BYTES], const struct spool_header *header);
bool spool_header_get(const uint8_t from[SPOOL_HEADER_BYTES], struct spool_header *header);

/* Fills in the header before a payload that is in place already, CRC and all. */
void spool_batch_seal(uint8_t *batch, const struct spool_batch_header *header);
/* Checks what the header alone can tell: magic and limits, not the CRC. */
bool spool_batch_header_get(const uint8_t *from, struct spool_batch_header *header);
/* Checks the CRC of a whole batch. */
bool spool_batch_is_whole(const uint8_t *batch, const struct spool_batch_header *header);

void spool_sample_put(uint8_t to[SPOOL_SAMPLE_BYTES], const struct sample *sample);
void spool_sample_get(const uint8_t from[SPOOL_SAMPLE_BYTES], struct sample *sample);

/* The schema of @conf as payload; returns its size, at most SPOOL_SCHEMA_MAX less
 * the batch header. */
size_t spool_schema_put(uint8_t *to, const struct conf *conf);
bool spool_schema_get(const uint8_t *from, size_t size, struct spool_schema *schema);

/*
 * Reads the batch at @offset of @fd, which must end at or before @end, into @buffer
 * of @capacity bytes, and checks it and its id. Returns 0; -EBADMSG if there is no
 * good and whole batch there; or -errno of the read.
 */
int spool_batch_read(int fd, uint64_t offset, uint64_t end, uint64_t id, uint8_t *buffer,
		     size_t capacity, struct spool_batch_header *header);

/*
 * Looks for the next good batch of spool @id (0: of any) that begins at or after
 * *@offset and ends at or before @end. @budget bounds the bytes to look at in this
 * call; what cannot be read (EIO) is passed. Returns 0 with *@offset, @buffer (SPOOL_BATCH_MAX) and @header of it;
 * -ENODATA if there is none; -EAGAIN with *@offset where to go on; or -errno.
 */
int spool_batch_find(int fd, uint64_t *offset, uint64_t end, uint64_t id, uint64_t budget,
		     uint8_t *buffer, struct spool_batch_header *header);

#endif
