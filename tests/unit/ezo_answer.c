// SPDX-License-Identifier: GPL-2.0-only
/* What of an EZO board's bytes is a number, and what is none. */
#include "harness.h"

#include <errno.h>

#include "acquire/ezo_answer.h"

static int text_of(const void *bytes, size_t n, char text[EZO_TEXT])
{
	uint8_t all[EZO_ANSWER_BYTES] = { 0 };

	memcpy(all, bytes, n);
	return ezo_answer_text(all, text);
}

#define TEXT_OF(literal) text_of(literal, sizeof(literal) - 1, text)

TEST(an_answer_is_a_code_and_text)
{
	char text[EZO_TEXT] = "before";

	EXPECT_EQ(TEXT_OF("\1""7.123"), 0);
	EXPECT_STREQ(text, "7.123");
	EXPECT_EQ(TEXT_OF("\1"), 0);
	EXPECT_STREQ(text, "");
	/* What a bus without a driver on it reads behind the end. */
	EXPECT_EQ(TEXT_OF("\1""7.1\0\377\377\377\377"), 0);
	EXPECT_STREQ(text, "7.1");
}

TEST(a_code_is_never_text)
{
	char text[EZO_TEXT] = "before";

	EXPECT_EQ(TEXT_OF("\2"), -EINVAL);
	EXPECT_EQ(TEXT_OF("\376"), -EAGAIN);
	EXPECT_EQ(TEXT_OF("\377"), -ENODATA);
	EXPECT_EQ(TEXT_OF("\0"), -EBADMSG);
	EXPECT_EQ(TEXT_OF("7.123"), -EBADMSG);
	EXPECT_EQ(TEXT_OF("\3""7.123"), -EBADMSG);
	EXPECT_EQ(TEXT_OF("\201""7.123"), -EBADMSG);
	EXPECT_STREQ(text, "before");
}

TEST(a_text_that_was_cut_off_or_disturbed_is_none)
{
	uint8_t bytes[EZO_ANSWER_BYTES];
	char text[EZO_TEXT] = "before";

	EXPECT_EQ(TEXT_OF("\1""7.\377\377"), -EBADMSG);
	EXPECT_EQ(TEXT_OF("\1""7.\2643"), -EBADMSG);
	EXPECT_EQ(TEXT_OF("\1""7.1\r\n"), -EBADMSG);
	memset(bytes, '1', sizeof(bytes));
	bytes[0] = 1;
	EXPECT_EQ(ezo_answer_text(bytes, text), -EBADMSG);
	bytes[EZO_ANSWER_BYTES - 1] = 0;
	EXPECT_EQ(ezo_answer_text(bytes, text), 0);
	EXPECT_EQ(strlen(text), EZO_ANSWER_BYTES - 2);
}

TEST(numbers_are_read_whole)
{
	double numbers[EZO_NUMBERS_MAX];

	EXPECT_EQ(ezo_answer_numbers("7.123", numbers), 1);
	EXPECT_NEAR(numbers[0], 7.123, 0);
	EXPECT_EQ(ezo_answer_numbers("-1023.000", numbers), 1);
	EXPECT_NEAR(numbers[0], -1023, 0);
	EXPECT_EQ(ezo_answer_numbers("1413,706,0.69,1.000", numbers), 4);
	EXPECT_NEAR(numbers[0], 1413, 0);
	EXPECT_NEAR(numbers[3], 1, 0);
}

TEST(what_is_no_number_is_none)
{
	static const char *const texts[] = {
		"", "nan", "inf", "-", ".", "7.", ".5", "1e3", "0x10", " 7", "7 ", "+7", "--7",
		"7.1.2", "7,", ",7", "7,,8", "7;8", "*OK", "?T,25.0", "1,2,3,4,5", "1234567890123",
		"7.12a",
	};
	double numbers[EZO_NUMBERS_MAX];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		int n = ezo_answer_numbers(texts[i], numbers);

		if (n != -EBADMSG)
			harness_fail(__FILE__, __LINE__, "\"%s\" gives %d", texts[i], n);
	}
}

TEST(an_answer_names_its_question)
{
	EXPECT_STREQ(ezo_answer_to("?T,25.0", "T"), "25.0");
	EXPECT_STREQ(ezo_answer_to("?,O,EC,TDS", "O"), "EC,TDS");
	EXPECT_STREQ(ezo_answer_to("?i,pH,1.98", "I"), "pH,1.98");
	EXPECT_TRUE(!ezo_answer_to("?TV,1", "T"));
	EXPECT_TRUE(!ezo_answer_to("?T", "T"));
	EXPECT_TRUE(!ezo_answer_to("7.12", "T"));
	EXPECT_TRUE(!ezo_answer_to("", "T"));
}
