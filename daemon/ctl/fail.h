/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef HYDROPON_FAIL_H
#define HYDROPON_FAIL_H

enum exit_code { EXIT_OK = 0, EXIT_REFUSED = 1, EXIT_USAGE = 2, EXIT_UNREACHABLE = 3 };

/* Says on stderr what is wrong, and returns @code. */
int fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
