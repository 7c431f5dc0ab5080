// SPDX-License-Identifier: GPL-2.0-only
#include "base/crc32c.h"

#define POLYNOMIAL_REFLECTED 0x82f63b78u

static uint32_t table[256];

__attribute__((constructor)) static void fill_table(void)
{
	for (uint32_t byte = 0; byte < 256; byte++) {
		uint32_t crc = byte;

		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL_REFLECTED : 0);
		table[byte] = crc;
	}
}

uint32_t crc32c(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint32_t crc = ~0u;

	for (size_t i = 0; i < size; i++)
		crc = table[(crc ^ bytes[i]) & 0xff] ^ crc >> 8;
	return ~crc;
}
