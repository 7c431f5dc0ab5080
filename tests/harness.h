/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kselftest-style harness. Each test runs in a process of its own, with a
 * timeout, and is reported in KTAP.
 *
 *	TEST(adds_up)				{ EXPECT_EQ(2 + 2, 4); }
 *
 *	FIXTURE(spool)				{ char dir[64]; };
 *	FIXTURE_SETUP(spool)			{ ... self->dir ... }
 *	FIXTURE_TEARDOWN(spool)			{ ... }
 *	TEST_F(spool, survives_a_torn_tail)	{ ... self->dir ... }
 *	TEST_F_TIMEOUT(spool, slow_one, 60)	{ ... }
 *
 * EXPECT_* notes a failure and goes on, ASSERT_* ends the test (the teardown
 * still runs). Integers are compared as long long, doubles by EXPECT_NEAR.
 * SKIP(reason) ends the test as skipped: for what this machine cannot do.
 *
 * A test program is one file with its TESTs; harness.c holds main(). Its arguments
 * are names of tests to run (all without), and --list.
 */
#ifndef HYDROPON_HARNESS_H
#define HYDROPON_HARNESS_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#define HARNESS_TIMEOUT_S 30

struct harness_test {
	const char *name;
	void (*run)(void);
	unsigned int timeout_s;
	struct harness_test *next;
};

void harness_register(struct harness_test *test);
void harness_fail(const char *file, int line, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* A line for whoever reads the output. */
void harness_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void harness_skip(const char *reason) __attribute__((noreturn));
/* Leaves the body of the test; used by ASSERT_*. */
void harness_abort(void) __attribute__((noreturn));
/* Runs setup, body and teardown; used by TEST_F. */
void harness_fixture(void (*setup)(void *), void (*body)(void *), void (*teardown)(void *),
		     void *self);

#define HARNESS_TEST_(id, function, seconds)						\
	static struct harness_test harness_test_##id = {				\
		.name = #id, .run = function, .timeout_s = seconds,			\
	};										\
	__attribute__((constructor)) static void harness_add_##id(void)			\
	{										\
		harness_register(&harness_test_##id);					\
	}

#define TEST_TIMEOUT(id, seconds)							\
	static void test_##id(void);							\
	HARNESS_TEST_(id, test_##id, seconds)						\
	static void test_##id(void)
#define TEST(id) TEST_TIMEOUT(id, HARNESS_TIMEOUT_S)

#define FIXTURE(fixture) struct fixture_##fixture
#define FIXTURE_SETUP(fixture)								\
	static void fixture##_setup(struct fixture_##fixture *self);			\
	static void fixture##_setup_(void *self) { fixture##_setup(self); }		\
	static void fixture##_setup(struct fixture_##fixture *self __attribute__((unused)))
#define FIXTURE_TEARDOWN(fixture)							\
	static void fixture##_teardown(struct fixture_##fixture *self);			\
	static void fixture##_teardown_(void *self) { fixture##_teardown(self); }	\
	static void fixture##_teardown(struct fixture_##fixture *self __attribute__((unused)))

#define TEST_F_TIMEOUT(fixture, id, seconds)						\
	static void test_##fixture##_##id(struct fixture_##fixture *self);		\
	static void body_##fixture##_##id(void *self) { test_##fixture##_##id(self); }	\
	static void run_##fixture##_##id(void)						\
	{										\
		static struct fixture_##fixture self;					\
											\
		harness_fixture(fixture##_setup_, body_##fixture##_##id,		\
				fixture##_teardown_, &self);				\
	}										\
	HARNESS_TEST_(fixture##_##id, run_##fixture##_##id, seconds)			\
	static void test_##fixture##_##id(struct fixture_##fixture *self __attribute__((unused)))
#define TEST_F(fixture, id) TEST_F_TIMEOUT(fixture, id, HARNESS_TIMEOUT_S)

#define SKIP(reason) harness_skip(reason)

#define HARNESS_COMPARE_(a, op, b, fatal)						\
	do {										\
		long long harness_a = (long long)(a), harness_b = (long long)(b);	\
											\
		if (!(harness_a op harness_b)) {					\
			harness_fail(__FILE__, __LINE__, "%s %s %s: %lld, %lld",	\
				     #a, #op, #b, harness_a, harness_b);		\
			if (fatal)							\
				harness_abort();					\
		}									\
	} while (0)

#define HARNESS_TRUE_(condition, wanted, fatal)						\
	do {										\
		if (((condition) ? true : false) != (wanted)) {					\
			harness_fail(__FILE__, __LINE__, "%s is not %s", #condition,	\
				     (wanted) ? "true" : "false");			\
			if (fatal)							\
				harness_abort();					\
		}									\
	} while (0)

#define HARNESS_STR_(a, b, fatal)							\
	do {										\
		const char *harness_a = (a), *harness_b = (b);				\
											\
		if (!harness_a || !harness_b || strcmp(harness_a, harness_b)) {		\
			harness_fail(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #a,	\
				     harness_a ? harness_a : "(null)",			\
				     harness_b ? harness_b : "(null)");			\
			if (fatal)							\
				harness_abort();					\
		}									\
	} while (0)

/* The string @haystack contains @needle. */
#define HARNESS_CONTAINS_(haystack, needle, fatal)					\
	do {										\
		const char *harness_a = (haystack), *harness_b = (needle);		\
											\
		if (!harness_a || !strstr(harness_a, harness_b)) {			\
			harness_fail(__FILE__, __LINE__, "no \"%s\" in \"%s\"", harness_b,	\
				     harness_a ? harness_a : "(null)");			\
			if (fatal)							\
				harness_abort();					\
		}									\
	} while (0)

#define HARNESS_NEAR_(a, b, within, fatal)						\
	do {										\
		double harness_a = (a), harness_b = (b), harness_d = harness_a - harness_b;	\
											\
		if (!(harness_d <= (within) && -harness_d <= (within))) {		\
			harness_fail(__FILE__, __LINE__, "%s is %.9g, not %.9g +- %.9g", #a,	\
				     harness_a, harness_b, (double)(within));		\
			if (fatal)							\
				harness_abort();					\
		}									\
	} while (0)

#define EXPECT_EQ(a, b) HARNESS_COMPARE_(a, ==, b, false)
#define EXPECT_NE(a, b) HARNESS_COMPARE_(a, !=, b, false)
#define EXPECT_LT(a, b) HARNESS_COMPARE_(a, <, b, false)
#define EXPECT_LE(a, b) HARNESS_COMPARE_(a, <=, b, false)
#define EXPECT_GT(a, b) HARNESS_COMPARE_(a, >, b, false)
#define EXPECT_GE(a, b) HARNESS_COMPARE_(a, >=, b, false)
#define EXPECT_TRUE(c) HARNESS_TRUE_(c, true, false)
#define EXPECT_FALSE(c) HARNESS_TRUE_(c, false, false)
#define EXPECT_STREQ(a, b) HARNESS_STR_(a, b, false)
#define EXPECT_CONTAINS(a, b) HARNESS_CONTAINS_(a, b, false)
#define EXPECT_NEAR(a, b, within) HARNESS_NEAR_(a, b, within, false)
#define ASSERT_EQ(a, b) HARNESS_COMPARE_(a, ==, b, true)
#define ASSERT_NE(a, b) HARNESS_COMPARE_(a, !=, b, true)
#define ASSERT_LT(a, b) HARNESS_COMPARE_(a, <, b, true)
#define ASSERT_LE(a, b) HARNESS_COMPARE_(a, <=, b, true)
#define ASSERT_GT(a, b) HARNESS_COMPARE_(a, >, b, true)
#define ASSERT_GE(a, b) HARNESS_COMPARE_(a, >=, b, true)
#define ASSERT_TRUE(c) HARNESS_TRUE_(c, true, true)
#define ASSERT_FALSE(c) HARNESS_TRUE_(c, false, true)
#define ASSERT_STREQ(a, b) HARNESS_STR_(a, b, true)
#define ASSERT_CONTAINS(a, b) HARNESS_CONTAINS_(a, b, true)

#endif
