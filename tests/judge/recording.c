// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recordings through the judgement alone, each column as a channel with the defaults of its
 * quantity: how many readings are not GOOD and why, and whether an answer code that was stored as
 * a number was ever GOOD or has reached a compensation.
 *
 *	recording [--list] FILE.csv...		KTAP; without files there is nothing to see
 *
 * The first column is the time, "2022-09-03T22:05". Of the others, ph... is pH, ec... is
 * conductivity in uS/cm, ..._c is a temperature; whatever else has no quantity of ours and is only
 * carried along. The temperature of the water, water_c, compensates a second EC channel.
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "channel/channel.h"
#include "channel/judgement.h"

#define COLUMNS 16
#define LINE 4096
#define MV_PER_PH 59.159

/* What loggers have stored for want of a value. */
static const double codes[] = { 255, 254, 85, 127, -127, 65535 };

struct column {
	char name[64];
	int channel;		/* -1: none of ours */
	bool has_last;
	double last;		/* newest reading that is no code */
	unsigned int n, by_q[256], codes, good_codes;
};

struct recording {
	const char *path;
	struct column columns[COLUMNS];
	size_t columns_n;
	int ec, water, compensated;	/* channels, -1: none */
	struct conf *conf;
	struct channels *channels;
	struct clock_pair now;
	double good_water[2];		/* least and greatest */
	unsigned int wrong_compensations;
	bool is_listing;
};

static int add_channel(FILE *conf, int *n, const char *section)
{
	fprintf(conf, "[channel c%d]\nstale-for = 1200 s\n%s\n", *n, section);
	return (*n)++;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), end_length = strlen(end);

	return length >= end_length && !strcmp(text + length - end_length, end);
}

static void add_column(struct recording *recording, FILE *conf, int *n, struct column *column)
{
	const char *ec = "quantity = ec\ncell-constant = 1 /cm\nus-per-mv = 1 uS/mV\n"
			 "compensate = no";

	column->channel = -1;
	if (!strncmp(column->name, "ph", 2)) {
		column->channel = add_channel(conf, n, "quantity = ph\nbuffer-1 = 7 at 0 mV\n"
			"buffer-2 = 4 at 177.477 mV\ncompensate = no");
	} else if (!strncmp(column->name, "ec", 2)) {
		column->channel = recording->ec = add_channel(conf, n, ec);
	} else if (ends_with(column->name, "_c")) {
		column->channel = add_channel(conf, n, "quantity = temperature\nzero = 0 mV\n"
					      "scale = 1 mV/C\nmin = -5\nmax = 60");
		if (!strncmp(column->name, "water", 5))
			recording->water = column->channel;
	}
}

/* Reads the header, and makes the configuration for what it names. */
static bool begin(struct recording *recording, char *header)
{
	char path[] = "/tmp/hydropon-recording-XXXXXX", section[256];
	int fd = mkstemp(path), n = 0;
	FILE *conf = fd < 0 ? NULL : fdopen(fd, "w");
	char *name;

	if (!conf)
		return false;
	fputs("[gateway]\nname = a\nsite = b\n", conf);
	recording->ec = recording->water = recording->compensated = -1;
	strsep(&header, ",");
	while ((name = strsep(&header, ",\r\n")) && *name && recording->columns_n < COLUMNS) {
		struct column *column = &recording->columns[recording->columns_n++];

		snprintf(column->name, sizeof(column->name), "%s", name);
		add_column(recording, conf, &n, column);
	}
	if (recording->ec >= 0 && recording->water >= 0) {
		snprintf(section, sizeof(section), "quantity = ec\ncell-constant = 1 /cm\n"
			 "us-per-mv = 1 uS/mV\ntemperature = c%d\nmin = 0 uS/cm\nmax = 20000 uS/cm",
			 recording->water);
		recording->compensated = add_channel(conf, &n, section);
	}
	fclose(conf);
	recording->conf = conf_load(path, stderr);
	unlink(path);
	recording->channels = recording->conf ? channels_new(recording->conf) : NULL;
	return recording->channels != NULL;
}

static void bind_all(struct recording *recording)
{
	struct sample sample;

	for (size_t i = 0; i < recording->conf->channels_n; i++) {
		struct hydropon_channel_info info = { .index = (__u32)i, .present = 1 };
		const struct hydropon_record scale = {
			.type = HYDROPON_REC_SCALE, .value = 1, .channel = (__u16)i,
		};

		snprintf((char *)info.name, sizeof(info.name), "c%zu", i);
		channels_bind(recording->channels, &info);
		channels_take(recording->channels, &scale, &recording->now, &sample);
	}
}

static struct sample give(struct recording *recording, int channel, double reading)
{
	struct hydropon_record record = {
		.type = HYDROPON_REC_SAMPLE, .channel = (__u16)channel, .flags = HYDROPON_VAL_MICRO,
		.time_ns = recording->now.boot_ns,
	};
	struct sample sample = { .q = Q_BAD_NOT_READY };
	long long micro = llround(reading * 1e6);

	if (recording->conf->channels[channel].quantity == QUANTITY_PH)
		micro = llround((7 - reading) * MV_PER_PH * 1e6);
	record.value = (__s32)(micro / 1000000);
	record.aux = micro % 1000000;
	channels_take(recording->channels, &record, &recording->now, &sample);
	return sample;
}

/* In water a number is a code if nothing near it was read before. */
static bool is_code(const struct recording *recording, struct column *column, double reading)
{
	const struct conf_channel *conf = &recording->conf->channels[column->channel];
	bool is_far = !column->has_last || fabs(reading - column->last) > conf->judge.step;

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (reading == codes[i] && is_far)
			return true;
	column->last = reading;
	column->has_last = true;
	return false;
}

static void list(const struct recording *recording, const struct column *column,
		 const char *time, double reading, const struct sample *sample)
{
	const struct judgement *judgement =
		channels_judgement(recording->channels, (size_t)column->channel);

	printf("# judge: %s %s %g: %s", time, column->name, reading, quality_name(sample->q));
	for (size_t i = 0; i < checks_n; i++)
		if (checks[i].q == sample->q && checks[i].seen)
			printf(" (%s: %g, %g)", checks[i].seen, judgement->states[i].seen,
			       judgement->states[i].limit);
	putchar('\n');
}

/* The temperature that an EC was compensated by must be one that was GOOD. */
static void check_compensation(struct recording *recording, double ec)
{
	struct sample sample = give(recording, recording->compensated, ec);
	double celsius;

	if (!quality_has_value(sample.q) || !(sample.value > 0))
		return;
	celsius = 25 + (ec / sample.value - 1) / 0.02;
	if (!(celsius > recording->good_water[0] - 1e-3 &&
	      celsius < recording->good_water[1] + 1e-3))
		recording->wrong_compensations++;
}

static void take(struct recording *recording, struct column *column, const char *time,
		 double reading)
{
	struct sample sample;

	if (column->channel < 0)
		return;
	sample = give(recording, column->channel, reading);
	column->n++;
	column->by_q[sample.q]++;
	if (is_code(recording, column, reading)) {
		column->codes++;
		column->good_codes += quality_is_good(sample.q);
	}
	if (column->channel == recording->water && quality_is_good(sample.q)) {
		recording->good_water[0] = fmin(recording->good_water[0], sample.value);
		recording->good_water[1] = fmax(recording->good_water[1], sample.value);
	}
	if (column->channel == recording->ec && recording->compensated >= 0)
		check_compensation(recording, reading);
	if (recording->is_listing && !quality_is_good(sample.q))
		list(recording, column, time, reading, &sample);
}

static bool take_row(struct recording *recording, char *line)
{
	char *rest = line, *time = strsep(&rest, ","), *field;
	struct tm tm = { 0 };
	struct sample sample;

	if (!time || !strptime(time, "%Y-%m-%dT%H:%M", &tm))
		return false;
	recording->now.wall_ms = (int64_t)timegm(&tm) * 1000;
	recording->now.boot_ns = (uint64_t)timegm(&tm) * NS_PER_SEC;
	for (size_t i = 0; i < recording->conf->channels_n; i++)
		channels_expire(recording->channels, i, &recording->now, &sample);
	for (size_t i = 0; i < recording->columns_n && (field = strsep(&rest, ",\r\n")); i++) {
		char *end;
		double reading = strtod(field, &end);

		if (end != field)
			take(recording, &recording->columns[i], time, reading);
	}
	return true;
}

static bool report(const struct recording *recording, int *number)
{
	const char *base = strrchr(recording->path, '/') ? strrchr(recording->path, '/') + 1 :
			   recording->path;
	unsigned int good_codes = 0, all_codes = 0;

	for (size_t i = 0; i < recording->columns_n; i++) {
		const struct column *column = &recording->columns[i];

		if (column->channel < 0)
			continue;
		printf("# judge: %s %s: %u readings", base, column->name, column->n);
		for (int q = 0; q < 256; q++)
			if (column->by_q[q])
				printf(", %u %s", column->by_q[q], quality_name((uint8_t)q));
		printf("; %u answer codes\n", column->codes);
		good_codes += column->good_codes;
		all_codes += column->codes;
	}
	printf("%sok %d none of %u answer codes of %s is good\n", good_codes ? "not " : "",
	       ++*number, all_codes, base);
	printf("%sok %d none of them compensates in %s\n",
	       recording->wrong_compensations ? "not " : "", ++*number, base);
	return !good_codes && !recording->wrong_compensations;
}

static bool replay(const char *path, bool is_listing, int *number)
{
	struct recording recording = {
		.path = path, .is_listing = is_listing,
		.good_water = { INFINITY, -INFINITY }, .now.is_set = true,
	};
	char line[LINE];
	FILE *file = fopen(path, "re");
	bool is_well = false;

	if (!file) {
		printf("not ok %d %s: %s\n", ++*number, path, strerror(errno));
		return false;
	}
	if (!fgets(line, sizeof(line), file) || !begin(&recording, line)) {
		printf("not ok %d %s has no header that can be read\n", ++*number, path);
		goto err_close;
	}
	bind_all(&recording);
	while (fgets(line, sizeof(line), file))
		if (!take_row(&recording, line))
			break;
	is_well = feof(file) && report(&recording, number);
	if (!feof(file))
		printf("not ok %d %s: a row has no time: %s\n", ++*number, path, line);
	channels_free(recording.channels);
	conf_free(recording.conf);
err_close:
	fclose(file);
	return is_well;
}

int main(int argc, char **argv)
{
	bool is_listing = argc > 1 && !strcmp(argv[1], "--list"), is_well = true;
	int number = 0, seen = 0;

	puts("KTAP version 1");
	for (int i = 1 + is_listing; i < argc; i++) {
		/* A pattern that the shell found nothing for. */
		if (strchr(argv[i], '*'))
			continue;
		seen++;
		is_well &= replay(argv[i], is_listing, &number);
	}
	if (!seen)
		puts("ok 1 recordings # SKIP there are none");
	printf("1..%d\n", seen ? number : 1);
	return is_well ? 0 : 1;
}
