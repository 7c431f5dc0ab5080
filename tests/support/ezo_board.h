/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An I2C bus with EZO boards as their data sheets describe them, and with what can go wrong with
 * one. Its time is the test's own, unless it is told to go by the clock.
 */
#ifndef HYDROPON_TEST_EZO_BOARD_H
#define HYDROPON_TEST_EZO_BOARD_H

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acquire/ezo_wire.h"
#include "base/clock.h"

#define EZO_BOARDS_MAX 8
#define EZO_FOR_EVER (UINT64_MAX / 2)

struct ezo_sim_board {
	uint32_t address;
	const char *kind;		/* as it says itself: "pH", "EC", "RTD", "FLO" */
	double value, others[3];	/* what it reads, and what its further outputs give */
	const char *outputs, *unit;	/* of EC and FLO, of RTD and FLO */
	double celsius;			/* it compensates to that */
	uint32_t read_ms;
	/* Faults. */
	int error;			/* of every transfer, as when it is absent: -ENXIO */
	uint64_t error_takes_ns;
	uint64_t late_ns;		/* longer over a reading than its data sheet says */
	const char *reads_as;		/* instead of its value */
	const uint8_t *raw;		/* EZO_ANSWER_BYTES that it gives instead of a reading */
	bool is_stubborn;		/* it does not take a temperature */
	bool is_cut;			/* the end of its answers is lost */
	/* What was seen. */
	unsigned int asked, readings, sets;	/* commands, "R", "T,n" among them */
	uint64_t first_asked_ns, last_read_ns;
	/* inside */
	bool is_busy;
	uint64_t ready_ns;
	uint8_t code;
	char text[EZO_TEXT];
};

struct ezo_sim {
	bool goes_by_clock;
	uint64_t now_ns;		/* unless it does */
	uint64_t transfer_ns;		/* what one takes */
	int open_error, error;		/* of the bus itself */
	pthread_mutex_t lock;
	unsigned int opens, closes;
	size_t boards_n;
	struct ezo_sim_board boards[EZO_BOARDS_MAX];
};

static inline uint64_t ezo_sim_now(const struct ezo_sim *sim)
{
	return sim->goes_by_clock ? clock_boot_ns() : sim->now_ns;
}

static inline struct ezo_sim_board *ezo_sim_add(struct ezo_sim *sim, uint32_t address,
						const char *kind, double value)
{
	struct ezo_sim_board *board = &sim->boards[sim->boards_n++];

	*board = (struct ezo_sim_board){
		.address = address, .kind = kind, .value = value, .celsius = 25,
		.outputs = !strcmp(kind, "FLO") ? "TV,FR" : "EC",
		.unit = !strcmp(kind, "FLO") ? "m" : "c",
		.read_ms = !strcmp(kind, "pH") ? 900 : !strcmp(kind, "FLO") ? 300 : 600,
	};
	return board;
}

/* What it reads, compensated as it was told to: EC by 1.9 %/C, which is not in the data sheet. */
static inline double ezo_sim_value(const struct ezo_sim_board *board)
{
	if (!strcmp(board->kind, "EC"))
		return board->value / (1 + 0.019 * (board->celsius - 25));
	return board->value;
}

static inline void ezo_sim_reading(struct ezo_sim_board *board)
{
	const char *outputs = board->outputs;
	size_t used = 0, other = 0;

	if (board->reads_as) {
		snprintf(board->text, sizeof(board->text), "%s", board->reads_as);
		return;
	}
	if (strcmp(board->kind, "EC") && strcmp(board->kind, "FLO")) {
		snprintf(board->text, sizeof(board->text), "%.3f", ezo_sim_value(board));
		return;
	}
	board->text[0] = 0;
	while (*outputs) {
		size_t length = strcspn(outputs, ",");
		bool is_value = !strncmp(outputs, "EC", length) || !strncmp(outputs, "FR", length);

		used += (size_t)snprintf(board->text + used, sizeof(board->text) - used, "%s%.2f",
					 used ? "," : "",
					 is_value ? ezo_sim_value(board) : board->others[other++]);
		outputs += length + (outputs[length] == ',');
	}
}

static inline void ezo_sim_command(struct ezo_sim_board *board, const char *command)
{
	board->code = 1;
	board->text[0] = 0;
	if (!strcmp(command, "I"))
		snprintf(board->text, sizeof(board->text), "?I,%s,2.12", board->kind);
	else if (!strcmp(command, "R"))
		ezo_sim_reading(board);
	else if (!strcmp(command, "T,?"))
		snprintf(board->text, sizeof(board->text), "?T,%.2f", board->celsius);
	else if (!strncmp(command, "T,", 2))
		board->celsius = board->is_stubborn ? board->celsius : atof(command + 2);
	else if (!strcmp(command, "O,?"))
		snprintf(board->text, sizeof(board->text), "?,O,%s", board->outputs);
	else if (!strcmp(command, "S,?") || !strcmp(command, "Frp,?"))
		snprintf(board->text, sizeof(board->text), "?%.*s,%s",
			 (int)strcspn(command, ","), command, board->unit);
	else
		board->code = 2;
}

static inline struct ezo_sim_board *ezo_sim_find(struct ezo_sim *sim, uint32_t address, int *error)
{
	*error = sim->error ? sim->error : -ENXIO;
	sim->now_ns += sim->transfer_ns;
	for (size_t i = 0; !sim->error && i < sim->boards_n; i++) {
		if (sim->boards[i].address != address)
			continue;
		*error = sim->boards[i].error;
		if (*error)
			sim->now_ns += sim->boards[i].error_takes_ns;
		return &sim->boards[i];
	}
	return NULL;
}

static inline int ezo_sim_write(void *data, uint32_t address, const char *command)
{
	struct ezo_sim *sim = data;
	struct ezo_sim_board *board;
	uint64_t wait_ns = 300 * NS_PER_MS;
	int error;

	pthread_mutex_lock(&sim->lock);
	board = ezo_sim_find(sim, address, &error);
	if (!error) {
		bool is_reading = !strcmp(command, "R");

		if (!board->asked++)
			board->first_asked_ns = ezo_sim_now(sim);
		board->readings += is_reading;
		board->sets += !strncmp(command, "T,", 2) && command[2] != '?';
		ezo_sim_command(board, command);
		if (is_reading)
			wait_ns = board->read_ms * NS_PER_MS + board->late_ns;
		board->is_busy = true;
		board->ready_ns = ezo_sim_now(sim) + wait_ns;
	}
	pthread_mutex_unlock(&sim->lock);
	return error;
}

static inline int ezo_sim_read(void *data, uint32_t address, uint8_t bytes[EZO_ANSWER_BYTES])
{
	struct ezo_sim *sim = data;
	struct ezo_sim_board *board;
	int error;

	pthread_mutex_lock(&sim->lock);
	board = ezo_sim_find(sim, address, &error);
	if (!error) {
		memset(bytes, 0, EZO_ANSWER_BYTES);
		board->last_read_ns = ezo_sim_now(sim);
		if (!board->is_busy)
			bytes[0] = 255;
		else if (ezo_sim_now(sim) < board->ready_ns)
			bytes[0] = 254;
		else if (board->raw && board->text[0] != '?')
			memcpy(bytes, board->raw, EZO_ANSWER_BYTES);
		else
			snprintf((char *)bytes, EZO_ANSWER_BYTES, "%c%.*s", board->code,
				 EZO_ANSWER_BYTES - 2, board->text);
		if (board->is_cut && bytes[0] == 1)
			memset(bytes + strlen((char *)bytes), 0xff,
			       EZO_ANSWER_BYTES - strlen((char *)bytes));
	}
	pthread_mutex_unlock(&sim->lock);
	return error;
}

static inline int ezo_sim_open(void *data, const struct conf_bus *conf)
{
	struct ezo_sim *sim = data;
	int error;

	pthread_mutex_lock(&sim->lock);
	error = sim->open_error;
	sim->opens += !error;
	pthread_mutex_unlock(&sim->lock);
	return error;
}

static inline void ezo_sim_close(void *data)
{
	struct ezo_sim *sim = data;

	pthread_mutex_lock(&sim->lock);
	sim->closes++;
	pthread_mutex_unlock(&sim->lock);
}

static const struct ezo_wire ezo_sim_wire = {
	.open = ezo_sim_open, .close = ezo_sim_close,
	.write = ezo_sim_write, .read = ezo_sim_read,
};

#endif
