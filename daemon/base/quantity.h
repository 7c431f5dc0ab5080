/* SPDX-License-Identifier: GPL-2.0-only */
/* What is known about each quantity that a channel can measure. Any thread. */
#ifndef HYDROPON_QUANTITY_H
#define HYDROPON_QUANTITY_H

#include "base/conf.h"
#include "base/units.h"

struct quantity_traits {
	const char *name, *unit;
	const struct units *units;
	int decimals;
	double min, max;	/* a channel's bounds unless it names others */
	double lowest, highest;	/* what it may name */
	const char *example_min, *example_max;	/* of a tank */
};

const struct quantity_traits *quantity_traits(enum quantity quantity);
/* False: there is no such quantity. */
bool quantity_find(const char *name, enum quantity *quantity);
/* All of them, for words.h; those that can be measured come first. */
extern const char *const quantity_names[];
extern const size_t quantities_n, quantities_measured_n;
/* Those that can be derived. */
extern const char *const quantity_derived_names[];
extern const size_t quantities_derived_n;

#endif
