/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which requests read the channels of a bus: channels of one slave, one table and one interval
 * whose registers are neighbours, or nearly so, share a request. Pure; any thread.
 */
#ifndef HYDROPON_MODBUS_PLAN_H
#define HYDROPON_MODBUS_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/conf.h"

/* What one request may ask for: Modbus Application Protocol V1.1b3, 6.1 to 6.4. */
#define MODBUS_PLAN_REGISTERS 125
#define MODBUS_PLAN_BITS 2000
/* A register that is read for nothing costs as much of the wire as so many bits. */
#define MODBUS_PLAN_BITS_A_REGISTER 16

struct modbus_request {
	int slave;			/* index in the configuration */
	enum conf_table table;
	uint32_t first, count;		/* registers or bits */
	uint32_t interval_ms;
	size_t channels_from, channels_n;	/* in modbus_plan.channels */
};

struct modbus_plan {
	size_t requests_n;
	struct modbus_request requests[HYDROPON_MAX_CHANNELS];
	size_t channels_n;
	uint16_t channels[HYDROPON_MAX_CHANNELS];	/* indices in the configuration */
};

/* In a request no number is torn apart, and at most the slave's fill is read for nothing. */
void modbus_plan_make(struct modbus_plan *plan, const struct conf *conf, int bus);

#endif
