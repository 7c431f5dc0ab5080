/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recording played to the ADCs: a CSV file whose header names the columns
 * ec_us_cm and water_c. EC goes to i2c-b/adc-49, water to i2c/adc-4a, as their front
 * ends give it; an empty field makes that ADC absent for the row.
 */
#ifndef HYDROPON_TESTS_REPLAY_H
#define HYDROPON_TESTS_REPLAY_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct replay_row {
	bool has_ec, has_water;
	long long ec_uv, water_uv;
};

struct replay {
	struct replay_row *rows;
	size_t n;
};

/*
 * Reads @path, at most @rows_max rows (0: all). Mistakes go to @errors with file
 * and line. 0 or -errno.
 */
int replay_load(struct replay *replay, const char *path, size_t rows_max, FILE *errors);
void replay_free(struct replay *replay);
/*
 * Writes @rate_hz rows a second to the simulated ADCs, and to @log (or NULL) a line
 * for each row: "BOOTTIME_NS ROW EC_UV WATER_UV", rows from 0, "-" for an absent
 * ADC, the time when the row was there in full. Returns when all is played or *@stop
 * is set: 0, or -errno of a write that failed.
 */
int replay_play(const struct replay *replay, double rate_hz, FILE *log,
		const volatile sig_atomic_t *stop);

#endif
