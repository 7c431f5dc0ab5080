/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * InfluxDB line protocol, as every store here takes it, in one line:
 *
 *	hydropon,channel=ph-a,clk=0,gateway=greenhouse,quantity=ph,site=home,unit=pH
 *		value=6.123,q=0i 1690000000123
 *
 * Stamps are milliseconds (precision=ms in the URL). Tags are sorted; one without
 * a value is left out, as the protocol has no empty tag. A bad sample has no value. clk is 0; a
 * higher number where the wall clock was set back, so that the same time comes twice; "est" for
 * stamps that are what a clock said which nobody had set.
 */
#ifndef HYDROPON_LINE_PROTOCOL_H
#define HYDROPON_LINE_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/sample.h"
#include "spool/point.h"
#include "spool/schema.h"

/* No line is longer, the newline at its end and a NUL included. */
#define LINE_MAX_BYTES 2048

/*
 * Writes a line with its newline and a NUL; returns its length without the NUL.
 * sample->channel must be a series of @schema. *@not_finite is set if a value was
 * left out that should have been there but is no number.
 */
size_t line_put(char out[LINE_MAX_BYTES], const struct spool_schema *schema,
		const struct sample *sample, bool *not_finite);
/* The same of a point, such as
 *
 *	hydropon_event,clk=0,event=trip,gateway=greenhouse,site=home,subject=pump-a on=1i 1690000000123
 */
size_t point_line_put(char out[LINE_MAX_BYTES], const struct spool_schema *schema,
		      const struct point *point);
/* A finite value as it stands there, with a NUL; returns its length without that. */
enum { VALUE_MAX_BYTES = 64 };
size_t value_put(char out[VALUE_MAX_BYTES], const struct spool_series *series, double value);

#endif
