/* SPDX-License-Identifier: GPL-2.0-only */
/* Numbers in files: little endian at any address, whatever the machine. */
#ifndef HYDROPON_PACK_H
#define HYDROPON_PACK_H

#include <stdint.h>
#include <string.h>

static inline void put_le16(uint8_t *to, uint16_t value)
{
	to[0] = (uint8_t)value;
	to[1] = (uint8_t)(value >> 8);
}

static inline void put_le32(uint8_t *to, uint32_t value)
{
	put_le16(to, (uint16_t)value);
	put_le16(to + 2, (uint16_t)(value >> 16));
}

static inline void put_le64(uint8_t *to, uint64_t value)
{
	put_le32(to, (uint32_t)value);
	put_le32(to + 4, (uint32_t)(value >> 32));
}

static inline uint16_t get_le16(const uint8_t *from)
{
	return (uint16_t)(from[0] | from[1] << 8);
}

static inline uint32_t get_le32(const uint8_t *from)
{
	return get_le16(from) | (uint32_t)get_le16(from + 2) << 16;
}

static inline uint64_t get_le64(const uint8_t *from)
{
	return get_le32(from) | (uint64_t)get_le32(from + 4) << 32;
}

static inline void put_le_double(uint8_t *to, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	put_le64(to, bits);
}

static inline double get_le_double(const uint8_t *from)
{
	uint64_t bits = get_le64(from);
	double value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

#endif
