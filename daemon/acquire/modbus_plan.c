// SPDX-License-Identifier: GPL-2.0-only
#include "acquire/modbus_plan.h"

#include <stdlib.h>

#include "acquire/modbus_value.h"

#define ORDER(a, b) (((a) > (b)) - ((a) < (b)))

static int by_place(const void *a, const void *b, void *data)
{
	const struct conf *conf = data;
	const struct conf_register *left = &conf->channels[*(const uint16_t *)a].reg;
	const struct conf_register *right = &conf->channels[*(const uint16_t *)b].reg;
	int order = ORDER(left->slave, right->slave);

	if (!order)
		order = ORDER(left->table, right->table);
	if (!order)
		order = ORDER(left->interval_ms, right->interval_ms);
	return order ? order : ORDER(left->address, right->address);
}

static uint32_t most(enum conf_table table)
{
	return conf_table_has_bits(table) ? MODBUS_PLAN_BITS : MODBUS_PLAN_REGISTERS;
}

/* What may be read for nothing, in registers or bits. */
static uint32_t fill_of(const struct conf *conf, const struct modbus_request *request)
{
	uint32_t fill = conf->slaves[request->slave].fill;

	return conf_table_has_bits(request->table) ? fill * MODBUS_PLAN_BITS_A_REGISTER : fill;
}

/* Adds a channel to a request that lies before it; false: it wants a request of its own. */
static bool join(const struct conf *conf, struct modbus_request *request, uint32_t *filled,
		 const struct conf_register *reg)
{
	uint32_t end = request->first + request->count;
	uint32_t gap = reg->address > end ? reg->address - end : 0;
	uint32_t new_end = reg->address + modbus_value_width(reg);

	if (new_end < end)
		new_end = end;
	if (request->slave != reg->slave || request->table != reg->table ||
	    request->interval_ms != reg->interval_ms ||
	    new_end - request->first > most(reg->table) ||
	    *filled + gap > fill_of(conf, request))
		return false;
	*filled += gap;
	request->count = new_end - request->first;
	request->channels_n++;
	return true;
}

void modbus_plan_make(struct modbus_plan *plan, const struct conf *conf, int bus)
{
	struct modbus_request *request = NULL;
	uint32_t filled = 0;

	*plan = (struct modbus_plan){ 0 };
	for (size_t i = 0; i < conf->channels_n; i++)
		if (conf->channels[i].source == SOURCE_MODBUS &&
		    conf->slaves[conf->channels[i].reg.slave].bus == bus)
			plan->channels[plan->channels_n++] = (uint16_t)i;
	qsort_r(plan->channels, plan->channels_n, sizeof(plan->channels[0]), by_place,
		(void *)conf);
	for (size_t i = 0; i < plan->channels_n; i++) {
		const struct conf_register *reg = &conf->channels[plan->channels[i]].reg;

		if (request && join(conf, request, &filled, reg))
			continue;
		request = &plan->requests[plan->requests_n++];
		*request = (struct modbus_request){
			.slave = reg->slave, .table = reg->table, .first = reg->address,
			.count = modbus_value_width(reg), .interval_ms = reg->interval_ms,
			.channels_from = i, .channels_n = 1,
		};
		filled = 0;
	}
}
