// SPDX-License-Identifier: GPL-2.0-only
#include "acquire/ezo_board.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define REFERENCE_C 25.0
#define REFERENCE_WITHIN_C 0.051	/* boards show one or two decimals */
#define COMMAND_MS 300

static const struct {
	const char *names[2];		/* as it says itself */
	const char *output, *unit;	/* commands; NULL: it has no choice */
	const char *unit_query;
	const char *wanted;		/* among its outputs */
	bool has_temperature;
	uint32_t read_ms;
} kinds[] = {
	[EZO_PH] = { .names = { "pH" }, .has_temperature = true, .read_ms = 900 },
	[EZO_EC] = { .names = { "EC" }, .output = "O", .wanted = "EC", .has_temperature = true,
		     .read_ms = 600 },
	[EZO_RTD] = { .names = { "RTD" }, .unit = "S", .unit_query = "S,?", .read_ms = 600 },
	[EZO_FLOW] = { .names = { "FLO", "FLOW" }, .output = "O", .wanted = "FR", .unit = "Frp",
		       .unit_query = "Frp,?", .read_ms = 300 },
};

const char *ezo_board_command(const struct ezo_board *board, enum conf_ezo_kind kind)
{
	switch (board->step) {
	case EZO_STEP_IDENTIFY:
		return "I";
	case EZO_STEP_OUTPUTS:
		return "O,?";
	case EZO_STEP_UNIT:
		return kinds[kind].unit_query;
	case EZO_STEP_TEMPERATURE:
		return "T,?";
	case EZO_STEP_SET:
		return "T,25.0";
	case EZO_STEP_READ:
		break;
	}
	return "R";
}

uint32_t ezo_board_wait_ms(const struct ezo_board *board, enum conf_ezo_kind kind)
{
	return board->step == EZO_STEP_READ ? kinds[kind].read_ms : COMMAND_MS;
}

/* Past what a board of its kind does not have. */
static void step_to(struct ezo_board *board, enum conf_ezo_kind kind, enum ezo_step step)
{
	if (step == EZO_STEP_OUTPUTS && !kinds[kind].output)
		step = EZO_STEP_UNIT;
	if (step == EZO_STEP_UNIT && !kinds[kind].unit)
		step = EZO_STEP_TEMPERATURE;
	if (step == EZO_STEP_TEMPERATURE && !kinds[kind].has_temperature)
		step = EZO_STEP_READ;
	board->step = step;
}

/* "pH,2.12" */
static int take_identity(struct ezo_board *board, enum conf_ezo_kind kind, const char *text)
{
	const char *is = ezo_answer_to(text, "I");
	size_t length = is ? strcspn(is, ",") : 0;

	if (!length)
		return -EBADMSG;
	for (size_t i = 0; i < 2 && kinds[kind].names[i]; i++) {
		if (strlen(kinds[kind].names[i]) != length ||
		    strncasecmp(kinds[kind].names[i], is, length))
			continue;
		step_to(board, kind, EZO_STEP_OUTPUTS);
		return 0;
	}
	return -EMEDIUMTYPE;
}

/* "EC,TDS,S,SG": what is switched on, in the order in which the numbers come. */
static int take_outputs(struct ezo_board *board, enum conf_ezo_kind kind, const char *text)
{
	const char *outputs = ezo_answer_to(text, kinds[kind].output);
	unsigned int n = 0, wanted = EZO_NUMBERS_MAX;

	if (!outputs)
		return -EBADMSG;
	while (*outputs) {
		size_t length = strcspn(outputs, ",");

		if (length == strlen(kinds[kind].wanted) &&
		    !strncasecmp(outputs, kinds[kind].wanted, length))
			wanted = n;
		n++;
		outputs += length + (outputs[length] == ',');
	}
	if (n > EZO_NUMBERS_MAX || wanted >= n)
		return -ENOMSG;
	board->fields = n;
	board->field = wanted;
	step_to(board, kind, EZO_STEP_UNIT);
	return 0;
}

/* The scale of a thermometer, or what a meter counts litres by. */
static int take_unit(struct ezo_board *board, enum conf_ezo_kind kind, const char *text)
{
	const char *unit = ezo_answer_to(text, kinds[kind].unit);

	if (!unit)
		return -EBADMSG;
	if (kind == EZO_RTD && !strcasecmp(unit, "c"))
		board->factor = 1;
	else if (kind == EZO_FLOW && !strcasecmp(unit, "s"))
		board->factor = 60;
	else if (kind == EZO_FLOW && !strcasecmp(unit, "m"))
		board->factor = 1;
	else if (kind == EZO_FLOW && !strcasecmp(unit, "h"))
		board->factor = 1.0 / 60;
	else
		return -EDOM;
	step_to(board, kind, EZO_STEP_TEMPERATURE);
	return 0;
}

static int take_temperature(struct ezo_board *board, const char *text)
{
	const char *celsius = ezo_answer_to(text, "T");
	double numbers[EZO_NUMBERS_MAX];

	if (!celsius || ezo_answer_numbers(celsius, numbers) != 1)
		return -EBADMSG;
	if (fabs(numbers[0] - REFERENCE_C) < REFERENCE_WITHIN_C) {
		board->step = EZO_STEP_READ;
		return 0;
	}
	if (board->was_set)
		return -EPROTO;
	board->sets++;
	board->step = EZO_STEP_SET;
	return 0;
}

static int take_reading(struct ezo_board *board, const char *text, double *number)
{
	double numbers[EZO_NUMBERS_MAX];
	int n = ezo_answer_numbers(text, numbers);

	if (n < 0)
		return n;
	if ((unsigned int)n != (board->fields ? board->fields : 1))
		return -EBADMSG;
	*number = numbers[board->field] * (board->factor != 0 ? board->factor : 1);
	board->was_set = false;
	return 1;
}

int ezo_board_take(struct ezo_board *board, enum conf_ezo_kind kind, const char *text,
		   double *number)
{
	snprintf(board->said, sizeof(board->said), "%s", text);
	switch (board->step) {
	case EZO_STEP_IDENTIFY:
		return take_identity(board, kind, text);
	case EZO_STEP_OUTPUTS:
		return take_outputs(board, kind, text);
	case EZO_STEP_UNIT:
		return take_unit(board, kind, text);
	case EZO_STEP_TEMPERATURE:
		return take_temperature(board, text);
	case EZO_STEP_SET:
		/* A setting is answered with a code alone; what it is now is asked, not believed. */
		if (*text)
			return -EBADMSG;
		board->was_set = true;
		board->step = EZO_STEP_TEMPERATURE;
		return 0;
	case EZO_STEP_READ:
		break;
	}
	return take_reading(board, text, number);
}

void ezo_board_forget(struct ezo_board *board)
{
	*board = (struct ezo_board){ .sets = board->sets };
}

const char *ezo_board_remedy(enum conf_ezo_kind kind, int error)
{
	switch (-error) {
	case EMEDIUMTYPE:
		return "it is of another kind; correct kind or address in its section";
	case ENOMSG:
		return kind == EZO_EC ? "it does not give EC; send it \"O,EC,1\"" :
					"it does not give the flow rate; send it \"O,FR,1\"";
	case EDOM:
		return kind == EZO_RTD ? "it does not give C; send it \"S,c\"" :
					 "its flow rate is not by s, m or h; send it \"Frp,m\"";
	case EPROTO:
		return "it does not keep 25 C as what it compensates to; see what else sets it";
	case EINVAL:
		return "it does not understand that; its firmware may be too old";
	case ETIMEDOUT:
		return "it is at it for ever; switch its power off and on";
	case EBADMSG:
	case ENODATA:
		return "see to its wiring and its power";
	default:
		return "see whether it is in I2C mode (its light is blue), its wiring and its address";
	}
}
