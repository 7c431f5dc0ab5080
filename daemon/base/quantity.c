// SPDX-License-Identifier: GPL-2.0-only
#include "base/quantity.h"

#include <math.h>
#include <string.h>

static const struct quantity_traits traits[] = {
	[QUANTITY_PH] = { "ph", "pH", &units_ph, 3, 0, 14, 0, 14, "3", "10" },
	[QUANTITY_EC] = { "ec", "uS/cm", &units_conductivity, 1, 0, 20e3, 0, 500e3,
			  "50 uS/cm", "4000 uS/cm" },
	[QUANTITY_TEMPERATURE] = { "temperature", "C", &units_temperature, 2, -5, 60, -55, 150,
				   "5 C", "45 C" },
	[QUANTITY_LIGHT] = { "light", "lx", &units_light, 1, 0, 200e3, 0, 1e6,
			     "1 lx", "100000 lx" },
	[QUANTITY_FLOW] = { "flow", "L/min", &units_flow, 2, 0, 60, 0, 10e3,
			    "1 L/min", "30 L/min" },
	[QUANTITY_LEVEL] = { "level", "cm", &units_level, 2, 0, 1000, -1000, 100e3,
			     "0.5 cm", "49 cm" },
	[QUANTITY_VOLTAGE] = { "voltage", "mV", &units_voltage, 3, -INFINITY, INFINITY, -1e6, 1e6,
			       "100 mV", "2000 mV" },
	[QUANTITY_HUMIDITY] = { "humidity", "%", &units_humidity, 1, 0, 100, 0, 100,
				"5 %", "99 %" },
	[QUANTITY_PPFD] = { "ppfd", "umol/m2/s", &units_ppfd, 1, 0, 3000, 0, 10e3,
			    "1 umol/m2/s", "2500 umol/m2/s" },
};

const char *const quantity_names[] = {
	"ph", "ec", "temperature", "light", "flow", "level", "voltage", "humidity", "ppfd",
};

const size_t quantities_n = sizeof(traits) / sizeof(traits[0]);

_Static_assert(sizeof(quantity_names) / sizeof(quantity_names[0]) ==
	       sizeof(traits) / sizeof(traits[0]), "each quantity has one name");

const struct quantity_traits *quantity_traits(enum quantity quantity)
{
	return &traits[quantity];
}

const char *quantity_name(enum quantity quantity)
{
	return traits[quantity].name;
}

const char *quantity_unit(enum quantity quantity)
{
	return traits[quantity].unit;
}

bool quantity_find(const char *name, enum quantity *quantity)
{
	for (size_t i = 0; i < quantities_n; i++) {
		if (!strcmp(traits[i].name, name)) {
			*quantity = (enum quantity)i;
			return true;
		}
	}
	return false;
}
