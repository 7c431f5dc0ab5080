// SPDX-License-Identifier: GPL-2.0-only
/* Registers to numbers: every type in every order, and parts of them. */
#include "harness.h"

#include <math.h>
#include <stdio.h>

#include "acquire/modbus_value.h"

static struct conf_register reg(enum conf_number type, const char *order)
{
	struct conf_register reg = { .type = type, .multiply = 1 };

	for (size_t i = 0; order[i]; i++)
		reg.order[i] = (uint8_t)(order[i] - 'a');
	return reg;
}

static double number(const struct conf_register *reg, const uint16_t *words)
{
	return modbus_value(reg, words).number;
}

TEST(a_register_is_two_bytes_the_more_significant_first)
{
	struct conf_register plain = reg(NUMBER_U16, "ab"), swapped = reg(NUMBER_U16, "ba");
	const uint16_t words[] = { 0x1234 };

	EXPECT_NEAR(number(&plain, words), 0x1234, 0);
	EXPECT_NEAR(number(&swapped, words), 0x3412, 0);
	EXPECT_EQ(modbus_value(&plain, words).raw, 0x1234);
	EXPECT_EQ(modbus_value_width(&plain), 1);
}

TEST(integers_have_their_sign)
{
	const uint16_t ones[] = { 0xffff, 0xffff, 0xffff, 0xfffe };
	struct conf_register s16 = reg(NUMBER_S16, "ab"), u16 = reg(NUMBER_U16, "ab");
	struct conf_register s32 = reg(NUMBER_S32, "abcd"), u32 = reg(NUMBER_U32, "abcd");
	struct conf_register s64 = reg(NUMBER_S64, "abcdefgh"), u64 = reg(NUMBER_U64, "abcdefgh");

	EXPECT_NEAR(number(&s16, ones), -1, 0);
	EXPECT_NEAR(number(&u16, ones), 65535, 0);
	EXPECT_NEAR(number(&s32, ones), -1, 0);
	EXPECT_NEAR(number(&u32, ones), 4294967295.0, 0);
	EXPECT_NEAR(number(&s64, ones), -2, 0);
	EXPECT_NEAR(number(&u64, ones), 18446744073709551614.0, 0);
	EXPECT_EQ(modbus_value(&s64, ones).raw, -2);
	EXPECT_EQ(modbus_value_width(&s32), 2);
	EXPECT_EQ(modbus_value_width(&u64), 4);
}

/* The four orders that makers have, of 0x0a0b0c0d. */
TEST(a_word_of_two_registers_comes_in_four_orders)
{
	static const struct {
		const char *order;
		uint16_t words[2];
	} orders[] = {
		{ "abcd", { 0x0a0b, 0x0c0d } },
		{ "cdab", { 0x0c0d, 0x0a0b } },
		{ "badc", { 0x0b0a, 0x0d0c } },
		{ "dcba", { 0x0d0c, 0x0b0a } },
	};

	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		struct conf_register u32 = reg(NUMBER_U32, orders[i].order);

		EXPECT_EQ((long long)number(&u32, orders[i].words), 0x0a0b0c0d);
	}
}

/* What one of each order makes of the bytes a .. h, all 40320 of them. */
static void permute(char *order, size_t n, unsigned long *tried)
{
	uint8_t wire[8];
	uint16_t words[4];
	struct conf_register u64;

	for (size_t i = 0; i < n; i++) {
		char swap = order[i];

		order[i] = order[n - 1];
		order[n - 1] = swap;
		permute(order, n - 1, tried);
		order[n - 1] = order[i];
		order[i] = swap;
	}
	if (n)
		return;
	for (size_t i = 0; i < 8; i++)
		wire[i] = (uint8_t)(order[i] - 'a' + 1);
	for (size_t i = 0; i < 4; i++)
		words[i] = (uint16_t)(wire[2 * i] << 8 | wire[2 * i + 1]);
	u64 = reg(NUMBER_U64, order);
	if (modbus_value(&u64, words).raw != 0x05060708 ||
	    number(&u64, words) != (double)0x0102030405060708)
		harness_fail(__FILE__, __LINE__, "order %s gives %a", order, number(&u64, words));
	++*tried;
}

TEST(a_word_of_four_registers_comes_in_any_order)
{
	char order[] = "abcdefgh";
	unsigned long tried = 0;

	permute(order, 8, &tried);
	EXPECT_EQ(tried, 40320);
}

TEST(floats_of_both_sizes_are_read)
{
	const uint16_t seven[] = { 0x40e3, 0x3333 }, swapped[] = { 0x3333, 0x40e3 };
	const uint16_t pi[] = { 0x4009, 0x21fb, 0x5444, 0x2d18 };
	struct conf_register f32 = reg(NUMBER_F32, "abcd"), f32_swapped = reg(NUMBER_F32, "cdab");
	struct conf_register f64 = reg(NUMBER_F64, "abcdefgh");

	EXPECT_NEAR(number(&f32, seven), 7.1, 1e-6);
	EXPECT_NEAR(number(&f32_swapped, swapped), 7.1, 1e-6);
	EXPECT_NEAR(number(&f64, pi), 3.141592653589793, 0);
}

/* It is the judge's to call it bad, not ours to make a number of it. */
TEST(a_float_that_is_no_number_stays_none)
{
	const uint16_t nan_words[] = { 0x7fc0, 0 }, infinite[] = { 0x7f80, 0 };
	struct conf_register f32 = reg(NUMBER_F32, "abcd");

	EXPECT_TRUE(isnan(number(&f32, nan_words)));
	EXPECT_TRUE(isinf(number(&f32, infinite)));
}

TEST(a_part_of_an_integer_has_no_sign)
{
	const uint16_t words[] = { 0xa5f0, 0x8001 };
	struct conf_register u16 = reg(NUMBER_S16, "ab"), u32 = reg(NUMBER_U32, "abcd");

	u16.first_bit = 12;
	u16.bits = 4;
	EXPECT_NEAR(number(&u16, words), 0xa, 0);
	u16.first_bit = 0;
	EXPECT_NEAR(number(&u16, words), 0, 0);
	u16.first_bit = 15;
	u16.bits = 1;
	EXPECT_NEAR(number(&u16, words), 1, 0);
	u32.first_bit = 15;
	u32.bits = 2;
	EXPECT_NEAR(number(&u32, words), 1, 0);
}

TEST(all_bits_of_the_widest_can_be_meant)
{
	const uint16_t words[] = { 0x8000, 0, 0, 0 };
	struct conf_register u64 = reg(NUMBER_S64, "abcdefgh");

	u64.bits = 64;
	EXPECT_NEAR(number(&u64, words), 9223372036854775808.0, 0);
	u64.first_bit = 63;
	u64.bits = 1;
	EXPECT_NEAR(number(&u64, words), 1, 0);
}

TEST(numbers_are_multiplied_and_added_to)
{
	const uint16_t words[] = { 701 };
	struct conf_register u16 = reg(NUMBER_U16, "ab");

	u16.multiply = 0.01;
	u16.add = -1;
	EXPECT_NEAR(number(&u16, words), 6.01, 1e-12);
	EXPECT_EQ(modbus_value(&u16, words).raw, 701);
}

TEST(a_coil_is_0_or_1)
{
	const uint16_t on[] = { 1 }, off[] = { 0 };
	struct conf_register coil = { .table = TABLE_COIL, .type = NUMBER_F64, .multiply = 1 };

	EXPECT_NEAR(number(&coil, on), 1, 0);
	EXPECT_NEAR(number(&coil, off), 0, 0);
	EXPECT_EQ(modbus_value_width(&coil), 1);
	coil.table = TABLE_DISCRETE;
	EXPECT_EQ(modbus_value_width(&coil), 1);
}
