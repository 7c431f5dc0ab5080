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
	[QUANTITY_TDS] = { "tds", "ppm", &units_tds, 1, 0, 14e3, 0, 350e3, "30 ppm", "2500 ppm" },
	[QUANTITY_DLI] = { "dli", "mol/m2", &units_dli, 3, 0, 100, 0, 200,
			   "0 mol/m2", "80 mol/m2" },
	[QUANTITY_VOLUME] = { "volume", "L", &units_volume, 2, 0, 1e9, 0, 1e9, "0 L", "100000 L" },
	[QUANTITY_VPD] = { "vpd", "kPa", &units_vpd, 3, 0, 10, 0, 50, "0.1 kPa", "4 kPa" },
	[QUANTITY_DOSE] = { "dose", "ml", &units_dose, 2, 0, 1e6, 0, 1e9, "0 ml", "500 ml" },
	/* A day can have 25 hours. */
	[QUANTITY_ON_TIME] = { "on-time", "s", &units_on_time, 1, 0, 90e3, 0, 90e3,
			       "0 s", "600 s" },
};

const char *const quantity_names[] = {
	"ph", "ec", "temperature", "light", "flow", "level", "voltage", "humidity", "ppfd",
	"tds", "dli", "volume", "vpd", "dose", "on-time",
};

const size_t quantities_n = sizeof(traits) / sizeof(traits[0]);
const size_t quantities_measured_n = QUANTITY_TDS;
const char *const quantity_derived_names[] = {
	"ppfd", "tds", "dli", "volume", "vpd", "dose", "on-time",
};
const size_t quantities_derived_n =
	sizeof(quantity_derived_names) / sizeof(quantity_derived_names[0]);

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
