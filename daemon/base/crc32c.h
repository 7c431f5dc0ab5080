/* SPDX-License-Identifier: GPL-2.0-only */
/* CRC32C (Castagnoli, RFC 3720 appendix B.4; polynomial 0x1edc6f41, reflected). */
#ifndef HYDROPON_CRC32C_H
#define HYDROPON_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(const void *data, size_t size);

#endif
