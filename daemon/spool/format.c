// SPDX-License-Identifier: GPL-2.0-only
#include "spool/format.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/pack.h"

#define FILE_MAGIC "HYDROPSP"
#define BATCH_MAGIC "HSPB"
#define MAGIC_BYTES 4
#define FILE_VERSION 1
#define FIND_WINDOW 4096

/* Where the part begins that a CRC covers. */
enum { HEADER_COVERED = 16, BATCH_COVERED = 8 };

void spool_header_put(uint8_t to[SPOOL_HEADER_BYTES], const struct spool_header *header)
{
	memset(to, 0, SPOOL_HEADER_BYTES);
	memcpy(to, FILE_MAGIC, 8);
	put_le32(to + 8, FILE_VERSION);
	put_le64(to + 16, header->id);
	put_le64(to + 24, header->start);
	put_le32(to + 12, crc32c(to + HEADER_COVERED, SPOOL_HEADER_BYTES - HEADER_COVERED));
}

bool spool_header_get(const uint8_t from[SPOOL_HEADER_BYTES], struct spool_header *header)
{
	if (memcmp(from, FILE_MAGIC, 8) || get_le32(from + 8) != FILE_VERSION ||
	    get_le32(from + 12) !=
		    crc32c(from + HEADER_COVERED, SPOOL_HEADER_BYTES - HEADER_COVERED))
		return false;
	header->id = get_le64(from + 16);
	header->start = get_le64(from + 24);
	return header->id != 0;
}

void spool_batch_seal(uint8_t *batch, const struct spool_batch_header *header)
{
	memcpy(batch, BATCH_MAGIC, MAGIC_BYTES);
	put_le32(batch + 8, header->length);
	put_le16(batch + 12, (uint16_t)header->kind);
	put_le16(batch + 14, 0);
	put_le64(batch + 16, header->id);
	put_le64(batch + 24, header->sequence);
	put_le64(batch + 32, header->produced);
	put_le64(batch + 40, header->schema);
	put_le32(batch + 48, header->count);
	put_le32(batch + 52, 0);
	put_le32(batch + 4, crc32c(batch + BATCH_COVERED, header->length - BATCH_COVERED));
}

bool spool_batch_header_get(const uint8_t *from, struct spool_batch_header *header)
{
	uint16_t kind = get_le16(from + 12);

	if (memcmp(from, BATCH_MAGIC, MAGIC_BYTES))
		return false;
	header->length = get_le32(from + 8);
	header->kind = (enum spool_kind)kind;
	header->id = get_le64(from + 16);
	header->sequence = get_le64(from + 24);
	header->produced = get_le64(from + 32);
	header->schema = get_le64(from + 40);
	header->count = get_le32(from + 48);

	switch (kind) {
	case SPOOL_SCHEMA:
		return !header->count && header->length > SPOOL_BATCH_HEADER_BYTES &&
		       header->length <= SPOOL_SCHEMA_MAX;
	case SPOOL_SAMPLES:
		return header->count && header->count <= SPOOL_BATCH_SAMPLES &&
		       header->produced >= header->count &&
		       header->length ==
			       SPOOL_BATCH_HEADER_BYTES + header->count * SPOOL_SAMPLE_BYTES;
	default:
		return false;
	}
}

bool spool_batch_is_whole(const uint8_t *batch, const struct spool_batch_header *header)
{
	return get_le32(batch + 4) ==
	       crc32c(batch + BATCH_COVERED, header->length - BATCH_COVERED);
}

void spool_sample_put(uint8_t to[SPOOL_SAMPLE_BYTES], const struct sample *sample)
{
	put_le64(to, (uint64_t)sample->wall_ms);
	put_le64(to + 8, sample->boot_ns);
	put_le_double(to + 16, sample->value);
	put_le32(to + 24, (uint32_t)sample->raw);
	put_le16(to + 28, sample->channel);
	to[30] = sample->q;
	to[31] = 0;
}

void spool_sample_get(const uint8_t from[SPOOL_SAMPLE_BYTES], struct sample *sample)
{
	sample->wall_ms = (int64_t)get_le64(from);
	sample->boot_ns = get_le64(from + 8);
	sample->value = get_le_double(from + 16);
	sample->raw = (int32_t)get_le32(from + 24);
	sample->channel = get_le16(from + 28);
	sample->q = from[30];
}

_Static_assert(2 * 64 + 2 + HYDROPON_MAX_CHANNELS * (HYDROPON_NAME_MAX + 2 * 16 + 1) <=
	       SPOOL_SCHEMA_MAX - SPOOL_BATCH_HEADER_BYTES, "a full schema fits");

/* @size is that of the reader's array: what it could not take is not written. */
static uint8_t *put_text(uint8_t *to, const char *text, size_t size)
{
	size_t n = strnlen(text, size - 1);

	*to = (uint8_t)n;
	memcpy(to + 1, text, n);
	return to + 1 + n;
}

size_t spool_schema_put(uint8_t *to, const struct conf *conf)
{
	const struct spool_schema *schema;
	const struct spool_series *series;
	uint8_t *at = to;

	at = put_text(at, conf->gateway, sizeof(schema->gateway));
	at = put_text(at, conf->site, sizeof(schema->site));
	put_le16(at, (uint16_t)conf->channels_n);
	at += 2;
	for (size_t i = 0; i < conf->channels_n; i++) {
		const struct conf_channel *channel = &conf->channels[i];

		int decimals = channel->decimals < 0 ? 0 : channel->decimals;

		at = put_text(at, channel->name, sizeof(series->channel));
		at = put_text(at, quantity_name(channel->quantity), sizeof(series->quantity));
		at = put_text(at, quantity_unit(channel->quantity), sizeof(series->unit));
		*at++ = (uint8_t)(decimals < SPOOL_DECIMALS_MAX ? decimals : SPOOL_DECIMALS_MAX);
	}
	return (size_t)(at - to);
}

struct bytes {
	const uint8_t *at, *end;
};

static bool get_text(struct bytes *in, char *to, size_t size)
{
	size_t n;

	if (in->at == in->end)
		return false;
	n = *in->at++;
	if (n >= size || n > (size_t)(in->end - in->at) || memchr(in->at, 0, n))
		return false;
	memcpy(to, in->at, n);
	to[n] = 0;
	in->at += n;
	return true;
}

bool spool_schema_get(const uint8_t *from, size_t size, struct spool_schema *schema)
{
	struct bytes in = { from, from + size };

	if (!get_text(&in, schema->gateway, sizeof(schema->gateway)) ||
	    !get_text(&in, schema->site, sizeof(schema->site)) || in.end - in.at < 2)
		return false;
	schema->series_n = get_le16(in.at);
	in.at += 2;
	if (schema->series_n > HYDROPON_MAX_CHANNELS)
		return false;
	for (size_t i = 0; i < schema->series_n; i++) {
		struct spool_series *series = &schema->series[i];

		if (!get_text(&in, series->channel, sizeof(series->channel)) ||
		    !get_text(&in, series->quantity, sizeof(series->quantity)) ||
		    !get_text(&in, series->unit, sizeof(series->unit)) || in.at == in.end ||
		    *in.at > SPOOL_DECIMALS_MAX)
			return false;
		series->decimals = *in.at++;
	}
	return in.at == in.end;
}

/* 0, -ENODATA if the file ends before, or -errno. */
static int read_all(int fd, uint64_t offset, uint8_t *to, size_t size)
{
	while (size) {
		ssize_t n = pread(fd, to, size, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (!n)
			return -ENODATA;
		to += n;
		offset += (uint64_t)n;
		size -= (size_t)n;
	}
	return 0;
}

int spool_batch_read(int fd, uint64_t offset, uint64_t end, uint64_t id, uint8_t *buffer,
		     size_t capacity, struct spool_batch_header *header)
{
	int error;

	if (offset > end || end - offset < SPOOL_BATCH_HEADER_BYTES)
		return -EBADMSG;
	error = read_all(fd, offset, buffer, SPOOL_BATCH_HEADER_BYTES);
	if (error)
		goto out;
	if (!spool_batch_header_get(buffer, header) || (id && header->id != id) ||
	    header->length > capacity || header->length > end - offset)
		return -EBADMSG;
	error = read_all(fd, offset + SPOOL_BATCH_HEADER_BYTES, buffer + SPOOL_BATCH_HEADER_BYTES,
			 header->length - SPOOL_BATCH_HEADER_BYTES);
	if (!error && !spool_batch_is_whole(buffer, header))
		error = -EBADMSG;
out:
	return error == -ENODATA ? -EBADMSG : error;
}

int spool_batch_find(int fd, uint64_t *offset, uint64_t end, uint64_t id, uint64_t budget,
		     uint8_t *buffer, struct spool_batch_header *header)
{
	uint8_t window[FIND_WINDOW];
	uint64_t looked_at = 0;

	while (*offset < end && end - *offset >= SPOOL_BATCH_HEADER_BYTES) {
		uint64_t left = end - *offset;
		size_t n = left < sizeof(window) ? (size_t)left : sizeof(window);
		size_t to_page = FIND_WINDOW - *offset % FIND_WINDOW;
		const uint8_t *magic;
		int error;

		if (looked_at >= budget)
			return -EAGAIN;
		error = read_all(fd, *offset, window, n);
		if (error == -EIO && n > to_page) {
			n = to_page;	/* only the next page may be bad */
			error = read_all(fd, *offset, window, n);
		}
		looked_at += n;
		if (error == -EIO) {
			*offset += n;
			continue;
		}
		if (error)
			return error;
		magic = memmem(window, n, BATCH_MAGIC, MAGIC_BYTES);
		if (!magic) {
			*offset += n > MAGIC_BYTES - 1 ? n - (MAGIC_BYTES - 1) : n;
			continue;
		}
		*offset += (uint64_t)(magic - window);
		error = spool_batch_read(fd, *offset, end, id, buffer, SPOOL_BATCH_MAX, header);
		if (error != -EBADMSG && error != -EIO)
			return error;
		looked_at += SPOOL_BATCH_MAX;
		(*offset)++;
	}
	return -ENODATA;
}
