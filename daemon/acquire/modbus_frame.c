// SPDX-License-Identifier: GPL-2.0-only
#include "acquire/modbus_frame.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <modbus/modbus.h>

#define TCP_HEADER 6		/* transaction, protocol and length, before the unit */
#define CRC_BYTES 2
#define EXCEPTION_BIT 0x80

struct modbus_frame {
	bool is_tcp;
	modbus_t *library;
	int library_end, our_end;
	uint16_t transaction;	/* of the newest question over TCP */
};

struct modbus_frame *modbus_frame_new(enum conf_bus_kind kind)
{
	struct modbus_frame *frame = calloc(1, sizeof(*frame));
	int ends[2];

	if (!frame)
		return NULL;
	frame->is_tcp = kind == BUS_MODBUS_TCP;
	/* Neither is ever connected by the library. */
	frame->library = frame->is_tcp ? modbus_new_tcp("127.0.0.1", MODBUS_TCP_DEFAULT_PORT) :
					 modbus_new_rtu("/dev/null", 9600, 'N', 8, 1);
	if (!frame->library)
		goto err_free;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends))
		goto err_free_library;
	frame->library_end = ends[0];
	frame->our_end = ends[1];
	if (modbus_set_socket(frame->library, frame->library_end) ||
	    modbus_set_error_recovery(frame->library, MODBUS_ERROR_RECOVERY_NONE) ||
	    /* All bytes are there before it looks. */
	    modbus_set_response_timeout(frame->library, 0, 1) ||
	    modbus_set_byte_timeout(frame->library, 0, 1))
		goto err_close;
	return frame;

err_close:
	close(frame->our_end);
	close(frame->library_end);
err_free_library:
	modbus_free(frame->library);
err_free:
	free(frame);
	return NULL;
}

void modbus_frame_free(struct modbus_frame *frame)
{
	if (!frame)
		return;
	close(frame->our_end);
	close(frame->library_end);
	modbus_free(frame->library);
	free(frame);
}

static uint8_t function_of(enum conf_table table)
{
	switch (table) {
	case TABLE_COIL:
		return MODBUS_FC_READ_COILS;
	case TABLE_DISCRETE:
		return MODBUS_FC_READ_DISCRETE_INPUTS;
	case TABLE_INPUT:
		return MODBUS_FC_READ_INPUT_REGISTERS;
	case TABLE_HOLDING:
		break;
	}
	return MODBUS_FC_READ_HOLDING_REGISTERS;
}

static size_t data_bytes(const struct modbus_question *question)
{
	return conf_table_has_bits(question->table) ? (question->count + 7U) / 8 :
						      2U * question->count;
}

/* What a check that failed has left. */
static void empty(int end)
{
	uint8_t bytes[MODBUS_FRAME_MAX];

	while (recv(end, bytes, sizeof(bytes), 0) > 0)
		;
}

int modbus_frame_ask(struct modbus_frame *frame, const struct modbus_question *question,
		     uint8_t bytes[MODBUS_FRAME_MAX])
{
	const uint8_t raw[] = {
		question->slave, function_of(question->table),
		(uint8_t)(question->first >> 8), (uint8_t)question->first,
		(uint8_t)(question->count >> 8), (uint8_t)question->count,
	};
	ssize_t n;

	empty(frame->our_end);
	if (modbus_send_raw_request(frame->library, raw, sizeof(raw)) < 0)
		return errno < MODBUS_ENOBASE ? -errno : -EPROTO;
	n = recv(frame->our_end, bytes, MODBUS_FRAME_MAX, 0);
	if (n <= 0)
		return -EPROTO;
	if (frame->is_tcp) {
		/* A raw request always has number 0. */
		frame->transaction++;
		bytes[0] = (uint8_t)(frame->transaction >> 8);
		bytes[1] = (uint8_t)frame->transaction;
	}
	return (int)n;
}

size_t modbus_frame_expected(const struct modbus_frame *frame,
			     const struct modbus_question *question)
{
	/* address, function, count */
	return 3 + data_bytes(question) + (frame->is_tcp ? TCP_HEADER : CRC_BYTES);
}

static size_t bounded(size_t length)
{
	return length < MODBUS_FRAME_MAX ? length : MODBUS_FRAME_MAX;
}

size_t modbus_frame_length(const struct modbus_frame *frame, const uint8_t *bytes, size_t n)
{
	if (frame->is_tcp)
		return n < TCP_HEADER ? 0 :
		       bounded(TCP_HEADER + ((size_t)bytes[4] << 8 | bytes[5]));
	if (n < 3)
		return 0;
	if (bytes[1] & EXCEPTION_BIT)
		return 3 + CRC_BYTES;
	if (bytes[1] <= MODBUS_FC_READ_INPUT_REGISTERS)
		return bounded(3 + (size_t)bytes[2] + CRC_BYTES);
	/* What answers to writing have, which only another master can have asked for. */
	return 6 + CRC_BYTES;
}

/* Modbus Application Protocol V1.1b3, 7. */
static int exception_error(uint8_t code)
{
	switch (code) {
	case MODBUS_EXCEPTION_ILLEGAL_FUNCTION:
		return -EOPNOTSUPP;
	case MODBUS_EXCEPTION_ILLEGAL_DATA_ADDRESS:
		return -ENXIO;
	case MODBUS_EXCEPTION_ILLEGAL_DATA_VALUE:
		return -EINVAL;
	case MODBUS_EXCEPTION_ACKNOWLEDGE:
	case MODBUS_EXCEPTION_SLAVE_OR_SERVER_BUSY:
		return -EBUSY;
	case MODBUS_EXCEPTION_GATEWAY_PATH:
	case MODBUS_EXCEPTION_GATEWAY_TARGET:
		return -EHOSTUNREACH;
	default:
		return -EREMOTEIO;
	}
}

/* The library's word on the checksum and the length. It returns 0 for another slave. */
static int check(struct modbus_frame *frame, uint8_t slave, const uint8_t *bytes, size_t n)
{
	uint8_t checked[MODBUS_FRAME_MAX];

	empty(frame->library_end);
	if ((!frame->is_tcp && modbus_set_slave(frame->library, slave)) ||
	    send(frame->our_end, bytes, n, MSG_NOSIGNAL) != (ssize_t)n)
		return -EPROTO;
	return modbus_receive_confirmation(frame->library, checked);
}

static bool is_other_transaction(const struct modbus_frame *frame, const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]) != frame->transaction;
}

enum modbus_verdict modbus_frame_judge(struct modbus_frame *frame,
				       const struct modbus_question *question,
				       const uint8_t *bytes, size_t n,
				       struct modbus_answer *answer, int *error)
{
	const uint8_t *body = bytes + (frame->is_tcp ? TCP_HEADER : 0);
	uint8_t function = function_of(question->table);
	bool is_exception;
	int checked;

	*error = 0;
	if (n < (size_t)(body - bytes) + 3 || (frame->is_tcp && (bytes[2] || bytes[3])))
		return MODBUS_VERDICT_BROKEN;
	/* As an answer of whoever has sent it: noise is nobody's. */
	checked = check(frame, body[0], bytes, n);
	if (checked != (int)n)
		return MODBUS_VERDICT_BROKEN;
	is_exception = body[1] & EXCEPTION_BIT;
	if (body[0] != question->slave || (body[1] & ~EXCEPTION_BIT) != function ||
	    (frame->is_tcp && is_other_transaction(frame, bytes)))
		return MODBUS_VERDICT_FOREIGN;
	if (is_exception) {
		*error = exception_error(body[2]);
		return MODBUS_VERDICT_EXCEPTION;
	}
	/* Of another length, it is what an earlier question was to be told. */
	if (n != modbus_frame_expected(frame, question))
		return MODBUS_VERDICT_FOREIGN;
	answer->bytes = body[2];
	memcpy(answer->data, body + 3, answer->bytes);
	return MODBUS_VERDICT_ANSWER;
}

void modbus_answer_words(const struct modbus_answer *answer, enum conf_table table, size_t offset,
			 size_t n, uint16_t *words)
{
	for (size_t i = offset; i < offset + n; i++)
		*words++ = conf_table_has_bits(table) ? answer->data[i / 8] >> (i % 8) & 1 :
			   (uint16_t)(answer->data[2 * i] << 8 | answer->data[2 * i + 1]);
}
