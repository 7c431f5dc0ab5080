// SPDX-License-Identifier: GPL-2.0-only
#include "harness.h"

#include "base/crc32c.h"

/* RFC 3720, appendix B.4; the first is the check value of the CRC catalogues. */
TEST(gives_the_published_values)
{
	static const unsigned char read_pdu[48] = {
		[0] = 0x01, [1] = 0xc0, [16] = 0x14, [22] = 0x04, [27] = 0x14, [31] = 0x18,
		[32] = 0x28, [40] = 0x02,
	};
	unsigned char bytes[32];

	EXPECT_EQ(crc32c("123456789", 9), 0xe3069283);
	memset(bytes, 0, sizeof(bytes));
	EXPECT_EQ(crc32c(bytes, sizeof(bytes)), 0x8a9136aa);
	memset(bytes, 0xff, sizeof(bytes));
	EXPECT_EQ(crc32c(bytes, sizeof(bytes)), 0x62a8ab43);
	for (int i = 0; i < 32; i++)
		bytes[i] = (unsigned char)i;
	EXPECT_EQ(crc32c(bytes, sizeof(bytes)), 0x46dd794e);
	for (int i = 0; i < 32; i++)
		bytes[i] = (unsigned char)(31 - i);
	EXPECT_EQ(crc32c(bytes, sizeof(bytes)), 0x113fdb5c);
	EXPECT_EQ(crc32c(read_pdu, sizeof(read_pdu)), 0xd9963a56);
}

TEST(of_nothing_is_zero)
{
	EXPECT_EQ(crc32c("", 0), 0);
}
