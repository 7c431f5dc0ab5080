// SPDX-License-Identifier: GPL-2.0-only
#include "channel/check.h"

#define FOR(quantity) (1U << QUANTITY_##quantity)
#define MIN_MS(minutes) ((minutes) * 60000U)

const struct check checks[] = {
	{ "read error", Q_BAD_READ, 0, 0, check_given, NULL,
	  "see the probe's cable, its supply and dmesg" },
	{ "stale", Q_BAD_STALE, 0, 0, check_given, NULL,
	  "no reading comes: see the device, its bus and its address" },
	{ "not ready", Q_BAD_NOT_READY, 0, 0, check_given, NULL,
	  "wait for the first readings of it and of its temperature; if it lasts, see the "
	  "channel's device in the device tree" },
	{ "pulse storm", Q_BAD_STORM, 0, 0, check_given, NULL,
	  "the line chatters: see its shield and pull-up" },
	{ "out of range", Q_BAD_RANGE, 0, 0, check_range, "value and bound",
	  "measure by hand; if the tank is well, the probe is dry, broken or unplugged" },
	{ "answer code", Q_BAD_CODE, 0, 0, check_code, "number and what was read before",
	  "the device has no value: see its probe, and the program between it and here" },
	{ "no signal", Q_BAD_NO_SIGNAL, 0, 0, check_signal, "value and least",
	  "is the probe in the water, and its cable whole?" },
	{ "calibrating", Q_UNCERTAIN_CALIBRATING, 0, 0, check_doubt, NULL,
	  "whoever calibrates it ends that; else hydroponctl calibrate, and --abort" },
	{ "out of service", Q_UNCERTAIN_OVERRIDE, 0, 0, check_upkeep, NULL,
	  "put it back: remove out-of-service from its section" },
	{ "entered by hand", Q_UNCERTAIN_ENTERED, 0, 0, check_doubt, NULL,
	  "none: it is shown and stored, and lets no output leave its safe state" },
	{ "calibration unknown", Q_UNCERTAIN_CALIBRATION, 0, 0, check_doubt, NULL,
	  "the file of its calibrations cannot be read: calibrate it" },
	{ "calibration expired", Q_UNCERTAIN_EXPIRED, 0, 0, check_doubt, NULL, "calibrate it" },
	{ "flow against pump", Q_UNCERTAIN_FLOW, FOR(FLOW), MIN_MS(10), check_flow,
	  "value and least", "none: see pump, valve, filter and meter; some while it is off: its "
	  "relay or a siphon" },
	{ "dark under the lamp", Q_UNCERTAIN_LIGHT, FOR(LIGHT), MIN_MS(10), check_light,
	  "value and least", "see lamp, contactor and sensor" },
	{ "stuck", Q_UNCERTAIN_STUCK, 0, 0, check_stuck, "s the same, and longest",
	  "take the probe out of the water: a reading that stays is the device's, restart it" },
	{ "spike", Q_UNCERTAIN_SPIKE, 0, 0, check_spike, "off by, and most",
	  "one now and then is no harm; many: see connector, ground and shield" },
	{ "rate of change", Q_UNCERTAIN_RATE, 0, MIN_MS(10), check_rate, "a minute, and most",
	  "was the water changed, or something added by hand? If not, see the probe" },
	{ "noise", Q_UNCERTAIN_NOISE, 0, MIN_MS(1), check_noise, "standard deviation, and most",
	  "see connector, ground and shield, air bubbles at the probe" },
	{ "outvoted", Q_UNCERTAIN_OUTVOTED, 0, MIN_MS(10), check_outvoted,
	  "apart from the nearest twin, and most", "clean and calibrate this one" },
	{ "disagreement", Q_UNCERTAIN_DISAGREEMENT, 0, MIN_MS(10), check_disagreement,
	  "apart from the nearest twin, and most",
	  "measure by hand: which one is right? Clean and calibrate the other" },
	{ "no response to doses", Q_UNCERTAIN_NO_RESPONSE, FOR(PH) | FOR(EC), 0, check_dose,
	  "share of what a dose does, and least",
	  "is the canister empty, the tube off, the probe dead?" },
	{ "moved without a dose", Q_UNCERTAIN_UNDOSED, FOR(PH) | FOR(EC), MIN_MS(30),
	  check_undosed, "in half an hour, and most",
	  "does a doser leak, or has someone added something? If not, see the probe" },
	{ "ground loop", Q_UNCERTAIN_GROUND_LOOP, FOR(PH) | FOR(EC), MIN_MS(10), check_ground,
	  "step with the pump, and most", "isolate the probe's front end, earth the water, see the "
	  "pump's insulation" },
	{ "warm-up", Q_UNCERTAIN_WARM_UP, 0, 0, check_upkeep, "s, and wanted", "wait" },
	{ "probe age", Q_UNCERTAIN_PROBE_AGE, 0, 0, check_upkeep, "days, and life",
	  "renew the probe, and probe-since" },
	{ "temperature", Q_UNCERTAIN_TEMPERATURE, FOR(PH) | FOR(EC), 0, check_given, NULL,
	  "see to the channel that measures the temperature" },
};

const size_t checks_n = sizeof(checks) / sizeof(checks[0]);

_Static_assert(sizeof(checks) / sizeof(checks[0]) <= CHECKS_MAX, "each row has a state");
