/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One version in the history of a channel's calibrations: who did what when, what was read, and
 * what the channel goes by since. As one line of JSON (docs/calibration.md). Pure; any thread.
 */
#ifndef HYDROPON_CALIBRATION_RECORD_H
#define HYDROPON_CALIBRATION_RECORD_H

#include <json-c/json_types.h>

#include "channel/calibration.h"

enum { CALIBRATION_TEXT = 48 };

struct calibration_note {
	char label[CALIBRATION_TEXT];	/* of the bottle: "4.01", "1413 uS/cm", "dry" */
	char lot[CALIBRATION_TEXT];	/* of the bottle, may be empty */
	char celsius_from[CALIBRATION_TEXT];	/* the channel it is of, or "by hand" */
	double spread;			/* of the reading while it was settled, NaN: not known */
};

struct calibration_record {
	uint32_t version;		/* 1, 2, ...; 0: the configuration */
	uint32_t previous;		/* the version before it that an undo goes to */
	bool is_undo;			/* it goes by an earlier version, returns_to, again */
	uint32_t returns_to;
	int64_t made_ms;		/* wall clock */
	bool is_dated;			/* that clock had been set */
	char who[CALIBRATION_TEXT];
	enum quantity quantity;
	size_t n;			/* 0 of an undo */
	struct calibration_point points[CALIBRATION_POINTS];
	struct calibration_note notes[CALIBRATION_POINTS];
	/* conf: only what a calibration sets of it; not if it goes by the configuration */
	struct calibration_solution solution;
	bool is_by_configuration;
};

/* To be put. */
struct json_object *calibration_record_describe(const struct calibration_record *record);
/* One line without its newline. False: it is none, or @record of another quantity than @conf. */
bool calibration_record_parse(const char *line, size_t length, const struct conf_channel *conf,
			      struct calibration_record *record);
/* @conf, of the configuration, as it is by that version. */
void calibration_record_apply(const struct calibration_record *record, struct conf_channel *conf);

/* "points" of a record or of a request. False: @why says what is wrong with it. */
bool calibration_points_parse(struct json_object *array, struct calibration_record *record,
			      char *why, size_t why_size);

#endif
