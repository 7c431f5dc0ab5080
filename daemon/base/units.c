// SPDX-License-Identifier: GPL-2.0-only
#include "base/units.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MICRO_SIGN "\302\265"
#define GREEK_MU "\316\274"
#define DEGREE_SIGN "\302\260"

#define UNITS(id, is_bare, ...)								\
	const struct units units_##id = {						\
		.list = (const struct unit[]){ __VA_ARGS__ __VA_OPT__(,) { NULL, 0, false } },	\
		.bare = is_bare,							\
	}

UNITS(none, true);
UNITS(time, false, { "ms", 1, false }, { "s", 1e3, false }, { "min", 60e3, false },
      { "h", 3600e3, false });
UNITS(days, false, { "h", 1.0 / 24, false }, { "d", 1, false });
UNITS(bytes, true, { "B", 1, false }, { "KiB", 1024.0, false },
      { "MiB", 1024.0 * 1024, false }, { "GiB", 1024.0 * 1024 * 1024, false });
UNITS(rate, false, { "B/s", 1, false }, { "KiB/s", 1024.0, false },
      { "MiB/s", 1024.0 * 1024, false });
UNITS(ph, true, { "pH", 1, false });
UNITS(conductivity, false, { "uS/cm", 1, false }, { MICRO_SIGN "S/cm", 1, true },
      { GREEK_MU "S/cm", 1, true }, { "mS/cm", 1e3, false });
UNITS(temperature, true, { "C", 1, false }, { DEGREE_SIGN "C", 1, true });
UNITS(light, true, { "lx", 1, false }, { "lux", 1, true });
UNITS(flow, true, { "L/min", 1, false }, { "l/min", 1, true });
UNITS(level, true, { "cm", 1, false });
UNITS(voltage, true, { "mV", 1, false });
UNITS(humidity, true, { "%", 1, false });
UNITS(ppfd, true, { "umol/m2/s", 1, false }, { MICRO_SIGN "mol/m2/s", 1, true },
      { GREEK_MU "mol/m2/s", 1, true });
UNITS(tds, true, { "ppm", 1, false }, { "mg/L", 1, true });
UNITS(dli, true, { "mol/m2", 1, false });
UNITS(volume, false, { "ml", 1e-3, false }, { "mL", 1e-3, true }, { "L", 1, false },
      { "l", 1, true }, { "m3", 1e3, false });
UNITS(vpd, true, { "kPa", 1, false });
UNITS(dose, true, { "ml", 1, false }, { "mL", 1, true }, { "L", 1e3, false }, { "l", 1e3, true });
UNITS(on_time, false, { "s", 1, false }, { "min", 60, false }, { "h", 3600, false });
UNITS(ml_per_s, false, { "ml/s", 1, false }, { "mL/s", 1, true }, { "ml/min", 1.0 / 60, true },
      { "mL/min", 1.0 / 60, true });
UNITS(share, false, { "%", 0.01, false });
UNITS(per_cm, true, { "/cm", 1, false });
UNITS(us_per_mv, true, { "uS/mV", 1, false }, { MICRO_SIGN "S/mV", 1, true },
      { GREEK_MU "S/mV", 1, true });
UNITS(per_c, false, { "%/C", 0.01, false }, { "%/" DEGREE_SIGN "C", 0.01, true },
      { "/C", 1, false }, { "/" DEGREE_SIGN "C", 1, true });
UNITS(mv_per_c, true, { "mV/C", 1, false }, { "mV/" DEGREE_SIGN "C", 1, true });
UNITS(mv_per_cm, true, { "mV/cm", 1, false });
UNITS(mv_per_percent, true, { "mV/%", 1, false });
UNITS(mv_per_umol, true, { "mV/umol/m2/s", 1, false });
UNITS(pulses_per_litre, true, { "pulses/L", 1, false }, { "/L", 1, true });

static const struct unit *next_offered(const struct unit *unit)
{
	while (unit->name && unit->is_alias)
		unit++;
	return unit;
}

/* "ms, s, min or h" */
static void list_units(const struct units *units, char *text, size_t size)
{
	size_t used = 0;

	text[0] = 0;
	for (const struct unit *unit = next_offered(units->list); unit->name && used < size;) {
		const struct unit *next = next_offered(unit + 1);

		used += (size_t)snprintf(text + used, size - used, "%s%s", unit->name,
					 !next->name ? "" :
					 next_offered(next + 1)->name ? ", " : " or ");
		unit = next;
	}
}

static bool find_unit(const struct units *units, const char *name, double *factor)
{
	for (const struct unit *unit = units->list; unit->name; unit++) {
		if (!strcmp(unit->name, name)) {
			*factor = unit->factor;
			return true;
		}
	}
	return false;
}

/* strtod() also takes what no person means: hexadecimal, "nan", "infinity". */
static const char *parse_decimal(const char *text, double *number)
{
	char *end;

	if (strspn(text, "+-.0123456789") == 0)
		return NULL;
	*number = strtod(text, &end);
	for (const char *c = text; c < end; c++)
		if (isalpha((unsigned char)*c) && *c != 'e' && *c != 'E')
			return NULL;
	return end > text && isfinite(*number) ? end : NULL;
}

bool units_parse(const struct units *units, const char *text, double *number, char *why,
		 size_t why_size)
{
	char names[64];
	const char *rest = parse_decimal(text, number);
	double factor = 1;

	list_units(units, names, sizeof(names));
	if (!rest) {
		snprintf(why, why_size, "\"%s\" is not a number; write one%s%s", text,
			 names[0] ? " in " : "", names);
		return false;
	}
	if (*rest == ',') {
		snprintf(why, why_size, "\"%s\" has a comma; write the number with a decimal point",
			 text);
		return false;
	}
	rest += strspn(rest, " \t");
	if (!*rest && !units->bare) {
		snprintf(why, why_size, "\"%s\" has no unit; write it in %s", text, names);
		return false;
	}
	if (*rest && !names[0]) {
		snprintf(why, why_size, "\"%s\" is more than a number; remove \"%s\"", text, rest);
		return false;
	}
	if (*rest && !find_unit(units, rest, &factor)) {
		snprintf(why, why_size, "\"%s\" is not in a unit that fits; write it in %s", text,
			 names);
		return false;
	}
	*number *= factor;
	return true;
}

void units_format(const struct units *units, double number, char *text, size_t size)
{
	const struct unit *best = next_offered(units->list);

	for (const struct unit *unit = best; unit->name; unit = next_offered(unit + 1))
		if (fabs(number) >= unit->factor)
			best = unit;
	if (best->name)
		snprintf(text, size, "%g %s", number / best->factor, best->name);
	else
		snprintf(text, size, "%g", number);
}
