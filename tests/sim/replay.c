// SPDX-License-Identifier: GPL-2.0-only
#include "replay.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"
#include "pace.h"
#include "sim.h"

#define ROWS_LIMIT 10000000

struct columns {
	int ec, water;
};

/* The next field of *@rest, which is cut there; NULL after the last one. */
static char *field_next(char **rest)
{
	return strsep(rest, ",");
}

static int header_parse(char *line, struct columns *columns)
{
	char *name;

	*columns = (struct columns){ -1, -1 };
	for (int i = 0; (name = field_next(&line)); i++) {
		if (!strcmp(name, "ec_us_cm"))
			columns->ec = i;
		else if (!strcmp(name, "water_c"))
			columns->water = i;
	}
	return columns->ec < 0 || columns->water < 0 ? -EINVAL : 0;
}

/* *@has is false for an empty field. */
static int field_parse(const char *field, bool *has, double *value)
{
	char *end;

	*has = *field;
	if (!*has)
		return 0;
	*value = strtod(field, &end);
	return end == field || *end || !isfinite(*value) || fabs(*value) > 1e5 ? -EINVAL : 0;
}

static int row_parse(char *line, const struct columns *columns, struct replay_row *row)
{
	double ec_us_cm = 0, water_c = 0;
	char *field;
	int ret = 0;

	*row = (struct replay_row){ 0 };
	for (int i = 0; !ret && (field = field_next(&line)); i++) {
		if (i == columns->ec)
			ret = field_parse(field, &row->has_ec, &ec_us_cm);
		else if (i == columns->water)
			ret = field_parse(field, &row->has_water, &water_c);
	}
	row->ec_uv = llround(1000 * front_end_ec_mv(ec_us_cm));
	row->water_uv = llround(1000 * front_end_water_mv(water_c));
	return ret;
}

static int row_append(struct replay *replay, size_t *room, const struct replay_row *row)
{
	if (replay->n == *room) {
		size_t larger = *room ? 2 * *room : 1024;
		struct replay_row *grown = reallocarray(replay->rows, larger, sizeof(*row));

		if (!grown)
			return -ENOMEM;
		replay->rows = grown;
		*room = larger;
	}
	replay->rows[replay->n++] = *row;
	return 0;
}

static int file_parse(struct replay *replay, FILE *file, const char *path, size_t rows_max,
		      FILE *errors)
{
	struct columns columns;
	struct replay_row row;
	char line[4096];
	size_t room = 0;
	int ret = 0;

	if (!fgets(line, sizeof(line), file))
		line[0] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	ret = header_parse(line, &columns);
	if (ret) {
		fprintf(errors, "%s:1: wants columns named ec_us_cm and water_c\n", path);
		return ret;
	}
	while (!ret && replay->n < rows_max && fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\r\n")] = '\0';
		ret = row_parse(line, &columns, &row);
		if (ret)
			fprintf(errors, "%s:%zu: a field of ec_us_cm or water_c is not a number\n",
				path, replay->n + 2);
		else
			ret = row_append(replay, &room, &row);
	}
	if (!ret && ferror(file))
		ret = -EIO;
	return ret;
}

int replay_load(struct replay *replay, const char *path, size_t rows_max, FILE *errors)
{
	FILE *file = fopen(path, "re");
	int ret;

	*replay = (struct replay){ 0 };
	if (!file) {
		ret = -errno;
		fprintf(errors, "%s: %s\n", path, strerror(errno));
		return ret;
	}
	if (!rows_max || rows_max > ROWS_LIMIT)
		rows_max = ROWS_LIMIT;
	ret = file_parse(replay, file, path, rows_max, errors);
	fclose(file);
	if (ret)
		replay_free(replay);
	return ret;
}

void replay_free(struct replay *replay)
{
	free(replay->rows);
	*replay = (struct replay){ 0 };
}

static int adc_write(const char *chip, bool has, long long uv)
{
	char path[64];
	int ret = 0;

	if (has) {
		snprintf(path, sizeof(path), "%s/ain0_uv", chip);
		ret = sim_write(path, uv);
		if (ret)
			return ret;
	}
	snprintf(path, sizeof(path), "%s/absent", chip);
	return sim_write(path, !has);
}

static void log_value(FILE *log, bool has, long long uv)
{
	if (has)
		fprintf(log, " %lld", uv);
	else
		fputs(" -", log);
}

int replay_play(const struct replay *replay, double rate_hz, FILE *log,
		const volatile sig_atomic_t *stop)
{
	uint64_t period_ns = (uint64_t)(1e9 / rate_hz);
	uint64_t at_ns = pace_now_ns() + period_ns;

	for (size_t i = 0; i < replay->n; i++) {
		const struct replay_row *row = &replay->rows[i];
		uint64_t now_ns;
		int ret;

		while (!*stop && pace_sleep_until(at_ns) == -EINTR)
			;
		if (*stop)
			return 0;
		ret = adc_write("i2c-b/adc-49", row->has_ec, row->ec_uv);
		if (!ret)
			ret = adc_write("i2c/adc-4a", row->has_water, row->water_uv);
		if (ret)
			return ret;
		now_ns = pace_now_ns();
		if (log) {
			fprintf(log, "%llu %zu", (unsigned long long)now_ns, i);
			log_value(log, row->has_ec, row->ec_uv);
			log_value(log, row->has_water, row->water_uv);
			fputc('\n', log);
		}
		/* After a stall each row still gets most of its time on the wire. */
		at_ns += period_ns;
		if (at_ns < now_ns + period_ns - period_ns / 4)
			at_ns = now_ns + period_ns;
	}
	return 0;
}
