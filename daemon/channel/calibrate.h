/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From what a sensor gives to the channel's quantity, as it is at the temperature
 * of the measurement. Pure functions; any thread. The result can be infinite or
 * NaN only if the input is.
 */
#ifndef HYDROPON_CALIBRATE_H
#define HYDROPON_CALIBRATE_H

#include <stdint.h>

#include "base/conf.h"

/*
 * @reading: in the unit of the IIO device, mV for a voltage input.
 *
 * ph: on the line through both buffers, as if at buffer_c. Its slope is
 * (mV2 - mV1) / (pH2 - pH1). (Two-point calibration: DIN 19268.) Of three, on the line
 * of the side of the middle one that the reading is on.
 * ec: cell_per_cm * us_per_mv * (mV - zero_mv). The cell constant times the conductance is the
 * conductivity; calibrate with a standard of 1413 uS/cm or 12.88 mS/cm at 25 C
 * (KCl; OIML R 56).
 * temperature, level, humidity, ppfd: (mV - zero_mv) / mv_per_unit.
 * light: as the device gives it, times the factor of its calibration.
 * voltage: as the device gives it.
 * flow is made from pulses: NaN.
 */
double calibrate(const struct conf_channel *conf, double reading);

/*
 * The mean flow in L/min of @pulses in @interval_ns, by the meter's K-factor in
 * pulses per litre. @interval_ns must not be 0.
 */
double calibrate_flow(const struct conf_channel *conf, uint32_t pulses, uint64_t interval_ns);

#endif
