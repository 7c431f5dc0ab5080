// SPDX-License-Identifier: GPL-2.0-only
/* The keys of a [channel NAME] section and what they must be to each other. */
#include <math.h>
#include <string.h>

#include "base/conf_value.h"
#include "base/nernst.h"
#include "base/quantity.h"
#include "base/words.h"

#define STALE_MIN_MS 200
#define STALE_MAX_MS 3600e3
#define DECIMALS_MAX 6
#define DAY_MS 86400e3
#define BUFFERS_APART_PH 1.0
#define BUFFER_MAX_MV 10e3

/* Electrode slope of what an ideal one has; below or above it is worn out or the
 * buffers were wrong (the verdict "fail" of makers of pH meters). */
#define SLOPE_MIN_PERCENT 85.0
#define SLOPE_MAX_PERCENT 105.0

#define FOR(quantity) (1U << QUANTITY_##quantity)

struct buffer {
	double ph, mv;
};

struct conf_channel *conf_section_channel(struct conf_reader *reader)
{
	return &reader->conf->channels[conf_find_channel(reader->conf, reader->section->name)];
}

void conf_read_bound(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	const struct quantity_traits *traits = quantity_traits(conf_section_channel(reader)->quantity);

	conf_parse_number(reader, reader->setting->value, traits->units, traits->lowest,
			  traits->highest, field);
}

/* "4.01 at 1677.3 mV" */
static bool parse_buffer(struct conf_reader *reader, struct buffer *buffer)
{
	const char *value = reader->setting->value, *at = strstr(value, " at ");
	char ph[64];

	if (!at || at - value >= (ptrdiff_t)sizeof(ph)) {
		conf_mistake(reader->tree, reader->section, reader->setting,
			     "\"%s\" is not a buffer; write its pH and what was read in it, as in "
			     "\"4.01 at 1677.3 mV\"", value);
		return false;
	}
	snprintf(ph, sizeof(ph), "%.*s", (int)(at - value), value);
	return conf_parse_number(reader, ph, &units_ph, 0, 14, &buffer->ph) &&
	       conf_parse_number(reader, at + strlen(" at ") + strspn(at + strlen(" at "), " "),
				 &units_voltage, -BUFFER_MAX_MV, BUFFER_MAX_MV, &buffer->mv);
}

static void read_buffer(struct conf_reader *reader, unsigned int index)
{
	struct conf_channel *channel = conf_section_channel(reader);
	struct buffer buffer;

	if (!parse_buffer(reader, &buffer))
		return;
	channel->buffer_ph[index] = buffer.ph;
	channel->buffer_mv[index] = buffer.mv;
}

static void read_buffer_1(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	read_buffer(reader, 0);
}

static void read_buffer_2(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	read_buffer(reader, 1);
}

/* A scale of nothing would make every reading infinite. */
static void read_scale(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	double scale;

	if (!conf_parse_number(reader, reader->setting->value, key->units, key->min, key->max,
			       &scale))
		return;
	if (scale == 0)
		conf_mistake(reader->tree, reader->section, reader->setting,
			     "the scale cannot be 0; write how much the voltage changes for each "
			     "%s", strchr(key->units->list->name, '/') + 1);
	else
		*(double *)field = scale;
}

static void read_temperature(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	int index = conf_parse_channel(reader, reader->setting->value);
	const struct conf_channel *channel;

	if (index < 0)
		return;
	channel = &reader->conf->channels[index];
	if (reader->is_quantity_wrong[index])
		return;
	if (channel->quantity != QUANTITY_TEMPERATURE)
		conf_mistake(reader->tree, reader->section, reader->setting,
			     "channel \"%s\" measures %s; name one with quantity temperature",
			     channel->name, quantity_name(channel->quantity));
	else
		*(int *)field = index;
}

/* "yes" is what was there before there was another way. */
static void read_compensate(struct conf_reader *reader, const struct conf_key *key, void *field)
{
	struct conf_channel *channel = conf_section_channel(reader);
	const char *value = reader->setting->value;
	bool is_natural_water = !strcmp(value, "natural-water");

	if (!is_natural_water && strcmp(value, "linear") && strcmp(value, "yes") &&
	    strcmp(value, "no")) {
		conf_mistake(reader->tree, reader->section, reader->setting,
			     "\"%s\" is no compensation; write linear, natural-water or no", value);
		return;
	}
	channel->compensate = strcmp(value, "no") != 0;
	channel->is_natural_water = is_natural_water;
}
#define CHANNEL(member) CONF_FIELD(struct conf_channel, member)

static const struct conf_key keys[] = {
	{ .name = "quantity" },	/* read before */
	{ .name = "derive" },	/* then it is read by others */
	{ .name = "min", .read = conf_read_bound, CHANNEL(min) },
	{ .name = "max", .read = conf_read_bound, CHANNEL(max) },
	{ .name = "stale-for", .read = conf_read_u32, CHANNEL(stale_ms), .units = &units_time,
	  .min = STALE_MIN_MS, .max = STALE_MAX_MS },
	{ .name = "decimals", .read = conf_read_int, CHANNEL(decimals), .units = &units_none,
	  .min = 0, .max = DECIMALS_MAX },
	{ .name = "calibration-due", .read = conf_read_number, CHANNEL(calibration_due_d),
	  .units = &units_days, .min = 0, .max = 3650 },
	{ .name = "calibration-expires", .read = conf_read_number, CHANNEL(calibration_expires_d),
	  .units = &units_days, .min = 0, .max = 3650 },
	{ .name = "temperature", .read = read_temperature, CHANNEL(temperature),
	  .quantities = FOR(PH) | FOR(EC) },
	{ .name = "compensate", .read = conf_read_yes_no, CHANNEL(compensate),
	  .quantities = FOR(PH) },
	{ .name = "compensate", .read = read_compensate, .quantities = FOR(EC) },
	{ .name = "buffer-1", .read = read_buffer_1, .quantities = FOR(PH),
	  .is_required = true, .example = "7.00 at 1500.0 mV" },
	{ .name = "buffer-2", .read = read_buffer_2, .quantities = FOR(PH),
	  .is_required = true, .example = "4.01 at 1676.9 mV" },
	{ .name = "buffer-temperature", .read = conf_read_number, CHANNEL(buffer_c),
	  .quantities = FOR(PH), .units = &units_temperature, .min = 0, .max = 100 },
	{ .name = "cell-constant", .read = conf_read_number, CHANNEL(cell_per_cm),
	  .quantities = FOR(EC), .is_required = true, .example = "1.0 /cm",
	  .units = &units_per_cm, .min = 0.001, .max = 100 },
	{ .name = "us-per-mv", .read = conf_read_number, CHANNEL(us_per_mv),
	  .quantities = FOR(EC), .is_required = true, .example = "2.0 uS/mV",
	  .units = &units_us_per_mv, .min = 1e-6, .max = 1e6 },
	{ .name = "alpha", .read = conf_read_number, CHANNEL(alpha_per_c),
	  .quantities = FOR(EC), .units = &units_per_c, .min = 0, .max = 0.1 },
	{ .name = "zero", .read = conf_read_number, CHANNEL(zero_mv),
	  .quantities = FOR(TEMPERATURE) | FOR(LEVEL) | FOR(HUMIDITY) | FOR(PPFD),
	  .is_required = true,
	  .example = "500 mV", .units = &units_voltage, .min = -1e6, .max = 1e6 },
	{ .name = "scale", .read = read_scale, CHANNEL(mv_per_unit),
	  .quantities = FOR(TEMPERATURE), .is_required = true, .example = "10 mV/C",
	  .units = &units_mv_per_c, .min = -1e6, .max = 1e6 },
	{ .name = "scale", .read = read_scale, CHANNEL(mv_per_unit),
	  .quantities = FOR(LEVEL), .is_required = true, .example = "40 mV/cm",
	  .units = &units_mv_per_cm, .min = -1e6, .max = 1e6 },
	{ .name = "scale", .read = read_scale, CHANNEL(mv_per_unit),
	  .quantities = FOR(HUMIDITY), .is_required = true, .example = "10 mV/%",
	  .units = &units_mv_per_percent, .min = -1e6, .max = 1e6 },
	{ .name = "scale", .read = read_scale, CHANNEL(mv_per_unit),
	  .quantities = FOR(PPFD), .is_required = true, .example = "0.2 mV/umol/m2/s",
	  .units = &units_mv_per_umol, .min = -1e6, .max = 1e6 },
	{ .name = "pulses-per-litre", .read = conf_read_number, CHANNEL(pulses_per_litre),
	  .quantities = FOR(FLOW), .is_required = true, .example = "450",
	  .units = &units_pulses_per_litre, .min = 0.01, .max = 1e6 },

	/* judgement */
	{ .name = "judge", .read = conf_read_yes_no, CHANNEL(judge.is_wanted) },
	{ .name = "max-step", .read = conf_read_limit, CHANNEL(judge.step) },
	{ .name = "max-rate", .read = conf_read_limit, CHANNEL(judge.rate_per_min) },
	{ .name = "max-noise", .read = conf_read_limit, CHANNEL(judge.noise) },
	{ .name = "stuck-for", .read = conf_read_stuck_for, CHANNEL(judge.stuck_ms),
	  .units = &units_time, .min = 10e3, .max = 30 * DAY_MS },
	{ .name = "no-signal-below", .read = conf_read_limit, CHANNEL(judge.no_signal_below),
	  .quantities = FOR(EC) },
	{ .name = "twin", .read = conf_read_twins, CHANNEL(judge.twins) },
	{ .name = "twin-within", .read = conf_read_limit, CHANNEL(judge.twin_within) },
	{ .name = "pump", .read = conf_read_driver, CHANNEL(judge.pump),
	  .quantities = FOR(PH) | FOR(EC) | FOR(FLOW) | FOR(LEVEL) },
	{ .name = "doser", .read = conf_read_dosers, CHANNEL(judge.dosers),
	  .quantities = FOR(PH) | FOR(EC) },
	{ .name = "max-undosed", .read = conf_read_limit, CHANNEL(judge.moved),
	  .quantities = FOR(PH) | FOR(EC) },
	{ .name = "flow-least", .read = conf_read_limit, CHANNEL(judge.flow_least),
	  .quantities = FOR(FLOW) },
	{ .name = "lit-by", .read = conf_read_driver, CHANNEL(judge.lamp),
	  .quantities = FOR(LIGHT) },
	{ .name = "lit-least", .read = conf_read_limit, CHANNEL(judge.lit_least),
	  .quantities = FOR(LIGHT) },
	{ .name = "warm-up", .read = conf_read_u32, CHANNEL(judge.warm_up_ms),
	  .units = &units_time, .min = 0, .max = DAY_MS },
	{ .name = "probe-since", .read = conf_read_date, CHANNEL(judge.probe_since_ms) },
	{ .name = "probe-life", .read = conf_read_u32, CHANNEL(judge.probe_life_days),
	  .units = &units_days, .min = 1, .max = 3660 },
	{ .name = "out-of-service", .read = conf_read_yes_no, CHANNEL(judge.is_out_of_service) },
	{ .name = "source", .read = conf_source_read, CHANNEL(source) },
	{ .name = "ezo", .read = conf_ezo_read_name, CHANNEL(ezo) },
	{ .name = "slave", .read = conf_register_read_slave, CHANNEL(reg.slave) },
	{ .name = "table", .read = conf_register_read_table, CHANNEL(reg.table) },
	{ .name = "register", .read = conf_read_u32, CHANNEL(reg.address),
	  .units = &units_none, .min = 0, .max = 65535 },
	{ .name = "type", .read = conf_register_read_type, CHANNEL(reg.type) },
	{ .name = "order" },	/* read after the type */
	{ .name = "bits" },
	{ .name = "multiply", .read = conf_register_read_multiply, CHANNEL(reg.multiply),
	  .units = &units_none, .min = -1e9, .max = 1e9 },
	{ .name = "add", .read = conf_read_number, CHANNEL(reg.add), .units = &units_none,
	  .min = -1e9, .max = 1e9 },
	{ .name = "interval", .read = conf_read_u32, CHANNEL(reg.interval_ms),
	  .units = &units_time, .min = 50, .max = 3600e3 },
};

static void reject_quantity(struct conf_reader *reader, const struct conf_setting *setting)
{
	const char *meant = words_nearest(setting->value, quantity_names, quantities_measured_n);
	enum quantity derived;
	char list[128];

	words_list(quantity_names, quantities_measured_n, list, sizeof(list));
	if (quantity_find(setting->value, &derived)) {
		conf_mistake(reader->tree, reader->section, setting,
			     "%s is not measured but derived; write \"derive = %s\" in place of it",
			     setting->value, setting->value);
		return;
	}
	if (meant)
		conf_mistake(reader->tree, reader->section, setting,
			     "there is no quantity \"%s\"; did you mean \"%s\"?", setting->value,
			     meant);
	else
		conf_mistake(reader->tree, reader->section, setting,
			     "there is no quantity \"%s\"; write one of %s", setting->value, list);
}

static bool read_derived_quantity(struct conf_reader *reader, const struct conf_setting *setting,
				  enum quantity *quantity)
{
	const char *meant = words_nearest(setting->value, quantity_derived_names,
					  quantities_derived_n);
	char list[128];

	for (size_t i = 0; i < quantities_derived_n; i++)
		if (!strcmp(setting->value, quantity_derived_names[i]))
			return quantity_find(setting->value, quantity);
	words_list(quantity_derived_names, quantities_derived_n, list, sizeof(list));
	if (meant)
		conf_mistake(reader->tree, reader->section, setting,
			     "\"%s\" cannot be derived; did you mean \"%s\"?", setting->value, meant);
	else
		conf_mistake(reader->tree, reader->section, setting,
			     "\"%s\" cannot be derived; write one of %s", setting->value, list);
	return false;
}

/* False after telling why not. */
static bool read_quantity(struct conf_reader *reader, enum quantity *quantity)
{
	const struct conf_setting *setting = conf_section_find(reader->section, "quantity");
	const struct conf_setting *derive = conf_section_find(reader->section, "derive");
	char list[128];

	if (derive && setting) {
		conf_mistake(reader->tree, reader->section, setting,
			     "it is derived, which says its quantity; remove this line, or derive");
		return false;
	}
	if (derive)
		return read_derived_quantity(reader, derive, quantity);
	if (setting && quantity_find(setting->value, quantity) &&
	    (size_t)*quantity < quantities_measured_n)
		return true;
	words_list(quantity_names, quantities_measured_n, list, sizeof(list));
	if (setting)
		reject_quantity(reader, setting);
	else
		conf_mistake(reader->tree, reader->section, NULL,
			     "quantity is missing; add \"quantity = ...\" with one of %s", list);
	return false;
}

static void set_defaults(struct conf_channel *channel, enum quantity quantity)
{
	const struct quantity_traits *traits = quantity_traits(quantity);

	channel->quantity = quantity;
	channel->min = traits->min;
	channel->max = traits->max;
	channel->decimals = traits->decimals;
	channel->stale_ms = 3000;
	channel->temperature = channel->from = channel->humidity = channel->output = -1;
	channel->compensate = quantity == QUANTITY_PH || quantity == QUANTITY_EC;
	channel->buffer_ph[0] = channel->buffer_ph[1] = NAN;
	channel->buffer_c = 25;
	channel->alpha_per_c = 0.02;
	channel->calibration_due_d = quantity == QUANTITY_PH ? 30 : quantity == QUANTITY_EC ? 90 : 0;
	channel->may_miss = 0.02;
	conf_judge_defaults(quantity, &channel->judge);
	channel->judge.is_wanted = true;
	conf_register_begin(&channel->reg);
	channel->ezo = -1;
}

void conf_channel_begin(struct conf_reader *reader, struct conf_channel *channel)
{
	enum quantity quantity = QUANTITY_PH;
	bool is_right = read_quantity(reader, &quantity);

	reader->is_quantity_wrong[channel - reader->conf->channels] = !is_right;
	set_defaults(channel, is_right ? quantity : QUANTITY_PH);
	channel->is_derived = conf_section_find(reader->section, "derive") != NULL;
}

void conf_check_bounds(struct conf_reader *reader, const struct conf_channel *channel)
{
	const struct conf_setting *setting = conf_section_find(reader->section, "max");

	if (channel->min < channel->max)
		return;
	if (!setting)
		setting = conf_section_find(reader->section, "min");
	conf_mistake(reader->tree, reader->section, setting,
		     "min is %g and max is %g %s; make min the smaller one", channel->min,
		     channel->max, quantity_unit(channel->quantity));
}

static void check_buffers(struct conf_reader *reader, const struct conf_channel *channel)
{
	const struct conf_setting *setting = conf_section_find(reader->section, "buffer-2");
	double apart_ph = channel->buffer_ph[1] - channel->buffer_ph[0];
	double ideal = nernst_mv_per_ph(channel->buffer_c), slope, percent;

	if (!setting || isnan(apart_ph))
		return;
	if (fabs(apart_ph) < BUFFERS_APART_PH) {
		conf_mistake(reader->tree, reader->section, setting,
			     "the buffers are %.2f pH apart; use two that are at least %.0f pH "
			     "apart, such as 7.00 and 4.01", fabs(apart_ph), BUFFERS_APART_PH);
		return;
	}
	slope = (channel->buffer_mv[1] - channel->buffer_mv[0]) / apart_ph;
	percent = 100 * slope / ideal;
	if (percent >= SLOPE_MIN_PERCENT && percent <= SLOPE_MAX_PERCENT)
		return;
	/* Adding 0 makes 0 of -0, which would read strangely. */
	conf_mistake(reader->tree, reader->section, setting,
		     "the buffers give a slope of %.2f mV/pH, %.1f %% of the %.2f mV/pH of an "
		     "ideal electrode at %g C, not %.0f to %.0f %%; %s", slope + 0.0,
		     percent + 0.0, ideal, channel->buffer_c, SLOPE_MIN_PERCENT,
		     SLOPE_MAX_PERCENT, percent < 0 ? "see whether the two were swapped" :
		     "calibrate again with fresh buffers, and renew the electrode if that does "
		     "not help");
}

static void check_calibration(struct conf_reader *reader, const struct conf_channel *channel)
{
	const struct conf_setting *setting = conf_section_find(reader->section,
							       "calibration-expires");

	if (setting && channel->calibration_expires_d > 0 &&
	    channel->calibration_expires_d < channel->calibration_due_d)
		conf_mistake(reader->tree, reader->section, setting,
			     "it is due after %g d, and would have expired before; write a longer "
			     "time, or a shorter calibration-due", channel->calibration_due_d);
}

static void check_compensation(struct conf_reader *reader, struct conf_channel *channel)
{
	const struct conf *conf = reader->conf;
	const char *candidate = NULL;

	if (channel->is_natural_water && conf_section_find(reader->section, "alpha"))
		conf_mistake(reader->tree, reader->section,
			     conf_section_find(reader->section, "alpha"),
			     "natural-water goes by a table of its own; remove alpha, or write "
			     "\"compensate = linear\"");
	if (!channel->compensate) {
		channel->temperature = -1;
		return;
	}
	/* A wrong name has been told. */
	if (conf_section_find(reader->section, "temperature"))
		return;
	for (size_t i = conf->channels_n; i-- > 0;)
		if (!reader->is_quantity_wrong[i] &&
		    conf->channels[i].quantity == QUANTITY_TEMPERATURE)
			candidate = conf->channels[i].name;
	conf_mistake(reader->tree, reader->section, NULL,
		     "%s is compensated for temperature, but no channel is named for it; add "
		     "\"temperature = %s\"%s, or \"compensate = no\"",
		     quantity_name(channel->quantity), candidate ? candidate : "NAME",
		     candidate ? "" : " and a section [channel NAME] with quantity temperature");
}

/* A slave gives what its maker has calibrated, unless the channel says how to do that; a board
 * of Atlas Scientific always what was calibrated in it.
 */
static bool is_direct(struct conf_reader *reader)
{
	if (conf_section_find(reader->section, "ezo") ||
	    conf_section_find(reader->section, "source"))
		return true;
	if (!conf_section_find(reader->section, "slave"))
		return false;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i].is_required && conf_section_find(reader->section, keys[i].name))
			return false;
	return true;
}

static void check_flow(struct conf_reader *reader, const struct conf_channel *channel)
{
	if (channel->source != SOURCE_KERNEL && channel->quantity == QUANTITY_FLOW &&
	    !channel->is_direct)
		conf_mistake(reader->tree, reader->section,
			     conf_section_find(reader->section, "pulses-per-litre"),
			     "the pulses of a slave cannot be counted; remove it, and make its "
			     "number L/min with multiply");
}

/* A transmitter that gives pH or conductivity mostly knows the temperature itself: twice compensated
 * is wrong.
 */
static void settle_compensation(struct conf_reader *reader, struct conf_channel *channel)
{
	if (channel->source == SOURCE_MODBUS && channel->is_direct &&
	    !conf_section_find(reader->section, "compensate") &&
	    !conf_section_find(reader->section, "temperature"))
		channel->compensate = false;
}

/* How often it is read; 0: by the kernel, or by nobody. */
static uint32_t interval_ms_of(const struct conf *conf, const struct conf_channel *channel)
{
	switch (channel->source) {
	case SOURCE_MODBUS:
		return channel->reg.interval_ms;
	case SOURCE_EZO:
		return channel->ezo >= 0 ? conf->ezos[channel->ezo].interval_ms : 0;
	case SOURCE_KERNEL:
	case SOURCE_MANUAL:
		break;
	}
	return 0;
}

void conf_channel_settle_age(struct conf_reader *reader, struct conf_channel *channel)
{
	const struct conf_setting *stale = conf_section_find(reader->section, "stale-for");
	uint32_t interval_ms = interval_ms_of(reader->conf, channel);

	if (stale && channel->stale_ms < interval_ms)
		conf_mistake(reader->tree, reader->section, stale,
			     "it is read every %u ms, so that it would be stale between two readings; "
			     "make stale-for twice as long as interval, or more", interval_ms);
	if (!stale && channel->stale_ms < 5 * (interval_ms / 2))
		channel->stale_ms = 5 * (interval_ms / 2);
}

/* A person's meter compensates, and a number an hour says nothing of noise and rates. */
static void become_manual(struct conf_channel *channel)
{
	channel->compensate = false;
	channel->judge.is_wanted = false;
	channel->stale_ms = STALE_MAX_MS;	/* how often it is told that there is none */
}

void conf_channel_read(struct conf_reader *reader, struct conf_channel *channel)
{
	if (reader->is_quantity_wrong[channel - reader->conf->channels])
		return;
	channel->is_direct = reader->is_direct = is_direct(reader);
	conf_read_section(reader, keys, sizeof(keys) / sizeof(keys[0]), (int)channel->quantity,
			  channel);
	reader->is_direct = false;
	if (channel->source == SOURCE_MANUAL)
		become_manual(channel);
	else if (conf_section_find(reader->section, "ezo"))
		channel->source = SOURCE_EZO;
	conf_register_read(reader, channel);
	settle_compensation(reader, channel);
	check_flow(reader, channel);
	conf_check_bounds(reader, channel);
	if (channel->quantity == QUANTITY_PH)
		check_buffers(reader, channel);
	check_compensation(reader, channel);
	check_calibration(reader, channel);
	if (!channel->judge.is_wanted)
		conf_judge_off(&channel->judge);
}
