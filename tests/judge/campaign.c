// SPDX-License-Identifier: GPL-2.0-only
/*
 * The judgement on the tank model, faster than time passes, with faults put in by a seed: how many
 * of each kind are found, how soon, under which name, and how often there is an alarm without a
 * fault. Everything goes the way of a sample, from record to quality, with the defaults of a
 * configuration; a doser acts on what is GOOD. Fails where the aims are missed.
 *
 *	campaign DAYS SEED	of channels; KTAP
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "channel/channel.h"
#include "channel/judgement.h"
#include "sim/model.h"
#include "support/random.h"

#define TANK_DAYS 8
#define DAY_S 86400
#define WARM_UP_S (6 * 3600)
#define PLANT_PACE 0.003		/* 0.5 pH, 130 uS/cm and 2.6 cm a day */
#define FAULT_EVERY_S (0.5 * DAY_S)	/* of a channel, in the mean, beside the pause */
#define PAUSE_S (6 * 3600)
#define SLOW_GRACE_S (6 * 3600)
#define GRACE_S 1800			/* after a fault its verdict may last */
#define EPISODE_S 600			/* alarms this near are one */
#define START_S 100
#define SOON_S 600
#define LSB_UV 62.5

enum { PH_A, PH_B, EC_A, EC_B, WATER, LEVEL, LIGHT, FLOW, CHANNELS };
enum { PUMP, PH_DOWN, NUTRIENT, FILL, LIGHTS, OUTPUTS };

static const char conf_text[] =
	"[gateway]\nname = a\nsite = b\n"
	"[channel ph-a]\nquantity = ph\nbuffer-1 = 7 at 1500 mV\nbuffer-2 = 4 at 1677.477 mV\n"
	"temperature = water\nmin = 3\nmax = 10\ntwin = ph-b\n"
	"pump = pump\ndoser = ph-down, fill\n"
	"[channel ph-b]\nquantity = ph\nbuffer-1 = 7 at 1500 mV\nbuffer-2 = 4 at 1677.477 mV\n"
	"temperature = water\nmin = 3\nmax = 10\ntwin = ph-a\npump = pump\ndoser = ph-down, fill\n"
	/* Ends of the converter, as in the example: 2048 mV is no reading. */
	"[channel ec-a]\nquantity = ec\ncell-constant = 1 /cm\nus-per-mv = 2 uS/mV\n"
	"temperature = water\nmax = 4000 uS/cm\n"
	"twin = ec-b\npump = pump\ndoser = nutrient, fill\n"
	"[channel ec-b]\nquantity = ec\ncell-constant = 1 /cm\nus-per-mv = 2 uS/mV\n"
	"temperature = water\nmax = 4000 uS/cm\n"
	"twin = ec-a\npump = pump\ndoser = nutrient, fill\n"
	"[channel water]\nquantity = temperature\nzero = 500 mV\nscale = 10 mV/C\n"
	"min = 5\nmax = 45\n"
	"[channel level]\nquantity = level\nzero = 0 mV\nscale = 40 mV/cm\n"
	"min = 0.5\nmax = 49\npump = pump\n"
	"[channel light]\nquantity = light\nlit-by = lights\n"
	"[channel flow]\nquantity = flow\npulses-per-litre = 450\npump = pump\n"
	"[output pump]\nwant = on\n[output ph-down]\nwant = off\n[output nutrient]\nwant = off\n"
	"[output fill]\nwant = off\n[output lights]\nwant = on\n";

enum kind {
	STUCK, STUCK_LEVEL, SPIKE, OUT_OF_RANGE, DEAD_READ, DEAD_SILENT, DEAD_RAIL, NOISE, STEP,
	NO_FLOW, DARK, GROUND_LOOP, EMPTY, LEAK, DRIFT, KINDS,
};

#define ALL ((1U << CHANNELS) - 1)
#define PROBES (1U << PH_A | 1U << PH_B | 1U << EC_A | 1U << EC_B)
#define CONVERTED (PROBES | 1U << WATER | 1U << LEVEL)

static const struct {
	const char *name;
	unsigned int channels;		/* where it can be */
	unsigned int lasts_s;
	double within_s;		/* found later is not found */
	double least;			/* share that must be found; 0: reported only */
} kinds[KINDS] = {
	[STUCK] = { "stuck", (CONVERTED | 1U << LIGHT) & ~(1U << LEVEL), 3600, SOON_S, 0.99 },
	/* Told while the pump runs: here for 45 minutes of each hour. */
	[STUCK_LEVEL] = { "stuck: level", 1U << LEVEL, 3600, 1800, 0.99 },
	[SPIKE] = { "spike", CONVERTED, 1, 1, 0.99 },
	[OUT_OF_RANGE] = { "out of range", CONVERTED, 1800, SOON_S, 0.99 },
	[DEAD_READ] = { "dead: read fails", CONVERTED | 1U << LIGHT, 1800, SOON_S, 0.99 },
	[DEAD_SILENT] = { "dead: silent", ALL, 1800, SOON_S, 0.99 },
	[DEAD_RAIL] = { "dead: 0 V", CONVERTED, 1800, SOON_S, 0.99 },
	[NOISE] = { "noise", CONVERTED, 1800, SOON_S, 0 },
	[STEP] = { "step", CONVERTED, 3600, SOON_S, 0 },
	[NO_FLOW] = { "no flow", 1U << FLOW, 7200, 3 * 3600, 0 },
	[DARK] = { "lamp broken", 1U << LIGHT, DAY_S, DAY_S, 0 },
	[GROUND_LOOP] = { "ground loop", PROBES, DAY_S, DAY_S, 0 },
	[EMPTY] = { "canister empty", 1U << PH_A | 1U << EC_A, DAY_S * 3 / 2, DAY_S * 3 / 2, 0 },
	[LEAK] = { "doser leaks", 1U << PH_A | 1U << EC_A, 3600, 2 * 3600, 0 },
	[DRIFT] = { "drift 0.3 pH/week", 0, 7 * DAY_S, 7 * DAY_S, 0.99 },
};

struct fault {
	enum kind kind;
	int channel;
	unsigned int from_s, to_s;
	double size;
	bool is_found;
	double delay_s;
	uint8_t q;
};

struct tally {
	unsigned int put, found, by_q[256];
	double delay_sum_s, delay_max_s;
};

struct tank {
	struct model model;
	struct model_outputs outputs;
	struct conf *conf;
	struct channels *channels;
	uint64_t random;
	unsigned int now_s;
	struct fault faults[CHANNELS];	/* the newest of each channel */
	bool has_fault[CHANNELS];
	unsigned int next_fault_s[CHANNELS];
	double held[CHANNELS];		/* as read when it got stuck */
	double offset_b[2], wander_b[2];	/* second probes of pH and EC */
	double pulses;
	unsigned int until_s[OUTPUTS], next_dose_s[OUTPUTS];
	bool has_drift;
	unsigned int alarm_s[CHANNELS];	/* last second of a false alarm; 0: none */
};

static struct tally tallies[KINDS];
static unsigned int false_alarms, false_by_q[256];
static double channel_days, quiet_days;
static bool is_telling;

static double uniform(struct tank *tank)
{
	return ((double)(random_next(&tank->random) >> 11) + 0.5) * 0x1p-53;
}

static double between(struct tank *tank, double low, double high)
{
	return low + (high - low) * uniform(tank);
}

static double normal(struct tank *tank)
{
	return sqrt(-2 * log(uniform(tank))) * cos(2 * M_PI * uniform(tank));
}

static double sign(struct tank *tank)
{
	return random_next(&tank->random) & 1 ? 1 : -1;
}

static bool is_active(const struct tank *tank, int channel, enum kind kind)
{
	const struct fault *fault = &tank->faults[channel];

	return tank->has_fault[channel] && fault->kind == kind && tank->now_s >= fault->from_s &&
	       tank->now_s < fault->to_s;
}

/* Sizes in each channel's unit, from what a grower would mind to what is gross. */
static double draw_size(struct tank *tank, enum kind kind, int channel)
{
	static const double least[CHANNELS] = { 0.5, 0.5, 150, 150, 3, 5, 0, 0 };
	static const double most[CHANNELS] = { 3, 3, 1000, 1000, 15, 20, 0, 0 };

	switch (kind) {
	case SPIKE:
	case STEP:
		return sign(tank) * between(tank, least[channel], most[channel]);
	case NOISE:
		return between(tank, 0.5, 1.5) * least[channel];
	case GROUND_LOOP:
		return sign(tank) * between(tank, 0.35, 1.5) * least[channel];
	default:
		return 0;
	}
}

static void put_fault(struct tank *tank, int channel, enum kind kind, unsigned int from_s)
{
	tank->faults[channel] = (struct fault){
		.kind = kind, .channel = channel, .from_s = from_s,
		.to_s = from_s + kinds[kind].lasts_s, .size = draw_size(tank, kind, channel),
	};
	if (is_telling)
		printf("# fault: %s on channel %d at %u s, size %g\n", kinds[kind].name, channel,
		       from_s, tank->faults[channel].size);
	tank->has_fault[channel] = true;
	tank->held[channel] = NAN;
}

static void note_fault(const struct fault *fault)
{
	struct tally *tally = &tallies[fault->kind];

	tally->put++;
	tally->by_q[fault->q]++;
	if (is_telling && !fault->is_found)
		printf("# missed: %s on channel %d at %u s, size %g\n", kinds[fault->kind].name,
		       fault->channel, fault->from_s, fault->size);
	if (!fault->is_found)
		return;
	tally->found++;
	tally->delay_sum_s += fault->delay_s;
	tally->delay_max_s = fmax(tally->delay_max_s, fault->delay_s);
}

/* How long a verdict may last after its fault. */
static unsigned int grace_s(const struct fault *fault)
{
	bool is_slow = fault->kind == GROUND_LOOP || fault->kind == EMPTY;

	return is_slow ? SLOW_GRACE_S : fault->kind == LEAK || fault->kind == NO_FLOW ||
	       fault->kind == DARK || fault->kind == STEP ? 2 * 3600 : GRACE_S;
}

static void schedule(struct tank *tank, int channel)
{
	enum kind kind;

	if (tank->has_fault[channel] &&
	    tank->now_s == tank->faults[channel].to_s + grace_s(&tank->faults[channel])) {
		note_fault(&tank->faults[channel]);
		tank->has_fault[channel] = false;
	}
	if (tank->has_fault[channel] || tank->now_s < tank->next_fault_s[channel] ||
	    (tank->has_drift && channel <= PH_B))
		return;
	do
		kind = (enum kind)(random_next(&tank->random) % KINDS);
	while (!(kinds[kind].channels & 1U << channel));
	tank->next_fault_s[channel] = tank->now_s + PAUSE_S + kinds[kind].lasts_s +
				      (unsigned int)(-FAULT_EVERY_S * log(uniform(tank)));
	/* One that would not end in time is none. */
	if (tank->now_s + kinds[kind].lasts_s + PAUSE_S < TANK_DAYS * DAY_S)
		put_fault(tank, channel, kind, tank->now_s);
}

/* What the probe itself makes of the truth. */
static double spoil(struct tank *tank, int channel, double value)
{
	const struct fault *fault = &tank->faults[channel];

	if (is_active(tank, channel, SPIKE) || is_active(tank, channel, STEP))
		value += fault->size;
	if (is_active(tank, channel, NOISE))
		value += fault->size * normal(tank);
	if (is_active(tank, channel, GROUND_LOOP) && tank->outputs.pump)
		value += fault->size;
	if (is_active(tank, channel, DRIFT))
		value += 0.3 * (tank->now_s - fault->from_s) / (7.0 * DAY_S);
	return value;
}

static void give(struct tank *tank, int channel, struct hydropon_record record)
{
	const uint64_t jitter_ns = random_next(&tank->random) % (2 * NS_PER_MS);
	const uint64_t now_ns = (START_S + tank->now_s) * NS_PER_SEC;
	const struct clock_pair now = { now_ns + 2 * NS_PER_MS, 1800000000000, true };
	struct sample sample;

	if (is_active(tank, channel, DEAD_SILENT))
		return;
	record.channel = (__u16)channel;
	record.time_ns = now_ns + jitter_ns;
	if (is_active(tank, channel, DEAD_READ))
		record.status = -EIO;
	channels_take(tank->channels, &record, &now, &sample);
}

static void give_raw(struct tank *tank, int channel, double raw)
{
	if (is_active(tank, channel, STUCK) || is_active(tank, channel, STUCK_LEVEL)) {
		if (isnan(tank->held[channel]))
			tank->held[channel] = raw;
		raw = tank->held[channel];
	}
	give(tank, channel, (struct hydropon_record){ .type = HYDROPON_REC_SAMPLE,
						      .value = (__s32)raw });
}

/* A converter's channel, by what is at its pin. */
static void give_pin(struct tank *tank, int channel, double mv)
{
	double raw = round(mv * 1000 / LSB_UV + 2 * normal(tank));

	if (is_active(tank, channel, OUT_OF_RANGE))
		raw = 2047.9 * 1000 / LSB_UV;
	if (is_active(tank, channel, DEAD_RAIL))
		raw = round(fabs(normal(tank)));
	give_raw(tank, channel, raw);
}

static double wander(struct tank *tank, double *at, double deviation)
{
	const double step = 1 - exp(-1 / 600.0);

	*at += -*at * step + deviation * sqrt(step * (2 - step)) * normal(tank);
	return *at;
}

static void give_ec(struct tank *tank, int channel, double ec25)
{
	double ec = spoil(tank, channel, ec25) * (1 + 0.02 * (tank->model.water_c - 25));

	give_pin(tank, channel, front_end_ec_mv(fmax(ec, 0)));
}

static void give_ph(struct tank *tank, int channel, double ph)
{
	give_pin(tank, channel, front_end_ph_mv(spoil(tank, channel, ph), tank->model.water_c));
}

static void give_all(struct tank *tank)
{
	const struct model *model = &tank->model;
	struct model_readings readings;
	bool flows;

	model_read(&tank->model, &readings);
	give_pin(tank, WATER, front_end_water_mv(spoil(tank, WATER, readings.water_c)));
	give_ph(tank, PH_A, readings.ph);
	give_ph(tank, PH_B, model->ph + tank->offset_b[0] + 0.005 * normal(tank) +
		wander(tank, &tank->wander_b[0], 0.01));
	give_ec(tank, EC_A, readings.ec25_us_cm);
	give_ec(tank, EC_B, model->ec25_us_cm + tank->offset_b[1] +
		wander(tank, &tank->wander_b[1], 3));
	give_pin(tank, LEVEL, front_end_level_mv(spoil(tank, LEVEL, readings.level_cm)));
	give_raw(tank, LIGHT, round(is_active(tank, LIGHT, DARK) ? 150 / 0.8333 + normal(tank) :
				    (double)readings.millilux / 833.3));
	flows = !is_active(tank, FLOW, NO_FLOW);
	tank->pulses += flows ? readings.flow_hz_milli / 1000.0 : 0;
	give(tank, FLOW, (struct hydropon_record){ .type = HYDROPON_REC_PULSE,
		.value = (__s32)(uint32_t)tank->pulses });
}

static void set_output(struct tank *tank, int output, bool *is_on, bool on)
{
	*is_on = on;
	channels_tell_output(tank->channels, (size_t)output, true, on,
			     (START_S + tank->now_s) * NS_PER_SEC);
}

/* A dose where a good reading asks for it, at most every quarter of an hour. */
static void dose(struct tank *tank, int output, bool *is_on, int channel, bool is_low,
		 double bound, unsigned int seconds)
{
	const struct channel *by = channels_get(tank->channels, (size_t)channel);
	uint64_t now_ns = (START_S + tank->now_s) * NS_PER_SEC;

	if (*is_on && tank->now_s >= tank->until_s[output])
		set_output(tank, output, is_on, false);
	if (tank->now_s < tank->next_dose_s[output] ||
	    !channels_is_good(tank->channels, (size_t)channel, now_ns) ||
	    (is_low ? by->last.value >= bound : by->last.value <= bound))
		return;
	tank->next_dose_s[output] = tank->now_s + 900;
	tank->until_s[output] = tank->now_s + seconds;
	set_output(tank, output, is_on, true);
}

static void control(struct tank *tank)
{
	struct model_outputs *outputs = &tank->outputs;
	unsigned int second = tank->now_s % DAY_S;
	bool pump = tank->now_s % 3600 < 2700, lights = second >= 6 * 3600 && second < 22 * 3600;

	if (outputs->pump != pump || !tank->now_s)
		set_output(tank, PUMP, &outputs->pump, pump);
	if (outputs->lights != lights || !tank->now_s)
		set_output(tank, LIGHTS, &outputs->lights, lights);
	dose(tank, PH_DOWN, &outputs->ph_down, PH_A, false, 6.2, 2);
	dose(tank, NUTRIENT, &outputs->nutrient, EC_A, true, 1500, 2);
	dose(tank, FILL, &outputs->fill, LEVEL, true, 25, 5);
}

/* The tank itself, with what is wrong with its dosers. */
static void step(struct tank *tank)
{
	struct model_outputs real = tank->outputs;
	double leak_s = 1.0 / 240;	/* of a second's dose: 1.1 pH, 450 uS/cm an hour */

	real.ph_down &= !is_active(tank, PH_A, EMPTY);
	real.nutrient &= !is_active(tank, EC_A, EMPTY);
	if (is_active(tank, PH_A, LEAK))
		tank->model.ph_unmixed -= 0.075 * leak_s;
	if (is_active(tank, EC_A, LEAK))
		tank->model.ec_unmixed_us_cm += 30 * leak_s;
	model_step(&tank->model, &real, 1);
}

/* What is doubted because of another channel's fault is no false alarm of this one. */
static bool is_companion(const struct tank *tank, int channel, uint8_t q)
{
	static const int twins[CHANNELS] = { PH_B, PH_A, EC_B, EC_A, -1, -1, -1, -1 };
	static const int first[CHANNELS] = { PH_A, PH_A, EC_A, EC_A, -1, -1, -1, -1 };

	if (q == Q_UNCERTAIN_DISAGREEMENT && twins[channel] >= 0)
		return tank->has_fault[twins[channel]];
	if (channel <= EC_B && tank->has_fault[WATER] &&
	    (q == Q_UNCERTAIN_TEMPERATURE || q == Q_UNCERTAIN_SPIKE || q == Q_UNCERTAIN_RATE ||
	     q == Q_UNCERTAIN_UNDOSED))
		return true;	/* a step of the temperature, believed after ten minutes */
	/* The doser is the same one, and what it does is the water's for both. */
	if (first[channel] >= 0 && tank->has_fault[first[channel]])
		return tank->faults[first[channel]].kind == EMPTY ||
		       tank->faults[first[channel]].kind == LEAK;
	return false;
}

static void see_alarm(struct tank *tank, int channel, uint8_t q)
{
	if (!tank->alarm_s[channel] || tank->now_s > tank->alarm_s[channel] + EPISODE_S) {
		false_alarms++;
		false_by_q[q]++;
		if (is_telling)
			printf("# false alarm: %s on channel %d at %u s\n", quality_name(q),
			       channel, tank->now_s);
	}
	tank->alarm_s[channel] = tank->now_s;
}

static void watch(struct tank *tank, int channel)
{
	uint8_t q = channels_get(tank->channels, (size_t)channel)->last.q;
	struct fault *fault = &tank->faults[channel];

	if (!tank->has_fault[channel])
		quiet_days += 1.0 / DAY_S;
	if (quality_is_good(q))
		return;
	if (!tank->has_fault[channel]) {
		if (tank->now_s > 10 && !is_companion(tank, channel, q))
			see_alarm(tank, channel, q);
		return;
	}
	/* What another channel's fault has done is not found here. */
	if (fault->is_found || q == Q_UNCERTAIN_TEMPERATURE ||
	    (q == Q_UNCERTAIN_DISAGREEMENT && is_companion(tank, channel, q)))
		return;
	if (tank->now_s - fault->from_s > kinds[fault->kind].within_s)
		return;
	fault->is_found = true;
	fault->delay_s = tank->now_s - fault->from_s;
	fault->q = q;
}

static void run_second(struct tank *tank)
{
	const struct clock_pair now = { (START_S + tank->now_s) * NS_PER_SEC + 5 * NS_PER_MS,
					1800000000000, true };
	struct sample sample;

	for (int i = 0; i < CHANNELS; i++)
		schedule(tank, i);
	control(tank);
	step(tank);
	give_all(tank);
	for (int i = 0; i < CHANNELS; i++) {
		channels_expire(tank->channels, (size_t)i, &now, &sample);
		watch(tank, i);
	}
}

static void bind_all(struct tank *tank)
{
	const struct clock_pair now = { START_S * NS_PER_SEC, 1800000000000, true };
	struct hydropon_record scale = { .type = HYDROPON_REC_SCALE, .value = 1, .aux = 16,
					 .flags = HYDROPON_VAL_FRACTION };
	struct sample sample;

	for (size_t i = 0; i < CHANNELS; i++) {
		struct hydropon_channel_info info = { .index = (__u32)i, .present = 1 };

		snprintf((char *)info.name, sizeof(info.name), "%s", tank->conf->channels[i].name);
		channels_bind(tank->channels, &info);
		scale.channel = (__u16)i;
		if (i == LIGHT)
			scale = (struct hydropon_record){ .type = HYDROPON_REC_SCALE, .value = 5,
				.aux = 6, .channel = LIGHT, .flags = HYDROPON_VAL_FRACTION };
		channels_take(tank->channels, &scale, &now, &sample);
	}
	for (size_t i = 0; i < OUTPUTS; i++)
		channels_tell_output(tank->channels, i, true, false, NS_PER_SEC);
}

/* Eight days of one tank. */
static void run_tank(struct conf *conf, uint64_t seed, unsigned int number)
{
	static struct tank tank;

	tank = (struct tank){ .conf = conf, .channels = channels_new(conf),
			      .random = seed * 1000003 + number, .has_drift = number % 2 == 0 };
	model_init(&tank.model, random_next(&tank.random));
	tank.model.pace = PLANT_PACE;
	tank.offset_b[0] = between(&tank, -0.05, 0.05);
	tank.offset_b[1] = between(&tank, -25, 25);
	bind_all(&tank);
	for (int i = 0; i < CHANNELS; i++)
		tank.next_fault_s[i] = WARM_UP_S +
				       (unsigned int)(-FAULT_EVERY_S * log(uniform(&tank)));
	if (tank.has_drift)
		put_fault(&tank, PH_A, DRIFT, WARM_UP_S);
	for (; tank.now_s < TANK_DAYS * DAY_S; tank.now_s++)
		run_second(&tank);
	for (int i = 0; i < CHANNELS; i++)
		if (tank.has_fault[i])
			note_fault(&tank.faults[i]);
	channel_days += CHANNELS * TANK_DAYS;
	channels_free(tank.channels);
}

static struct conf *load_conf(void)
{
	char path[] = "/tmp/hydropon-campaign-XXXXXX";
	int fd = mkstemp(path);
	struct conf *conf = NULL;

	if (fd >= 0 && write(fd, conf_text, sizeof(conf_text) - 1) == sizeof(conf_text) - 1)
		conf = conf_load(path, stderr);
	if (fd >= 0)
		close(fd);
	unlink(path);
	return conf;
}

static void report_kind(enum kind kind, int number)
{
	const struct tally *tally = &tallies[kind];
	double share = tally->put ? (double)tally->found / tally->put : 1;

	printf("# judge: %-18s %5u put, %5u found, %6.2f %%, after %8.1f s (at most %.0f s):",
	       kinds[kind].name, tally->put, tally->found, 100 * share,
	       tally->found ? tally->delay_sum_s / tally->found : 0, tally->delay_max_s);
	for (int q = 0; q < 256; q++)
		if (tally->by_q[q])
			printf(" %s %u%s", q ? quality_name((uint8_t)q) : "NOT FOUND",
			       tally->by_q[q], ";");
	printf("\n%sok %d %s is found%s\n", share >= kinds[kind].least ? "" : "not ", number,
	       kinds[kind].name, kinds[kind].least ? "" : " (reported only)");
}

static bool report(void)
{
	double months = quiet_days / 30.44, each = months ? false_alarms / months : 0;
	bool is_well = each < 1;

	printf("# judge: %.0f channel-days, %.1f channel-months of them without a fault\n",
	       channel_days, months);
	for (int i = 0; i < KINDS; i++) {
		const struct tally *tally = &tallies[i];

		report_kind((enum kind)i, i + 1);
		is_well &= !tally->put || (double)tally->found >= kinds[i].least * tally->put;
	}
	printf("# judge: %u false alarms, %.2f a channel-month:", false_alarms, each);
	for (int q = 1; q < 256; q++)
		if (false_by_q[q])
			printf(" %s %u;", quality_name((uint8_t)q), false_by_q[q]);
	printf("\n%sok %d less than one false alarm a channel-month\n", each < 1 ? "" : "not ",
	       KINDS + 1);
	return is_well;
}

int main(int argc, char **argv)
{
	double days = argc > 1 ? strtod(argv[1], NULL) : 1000;
	uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 0) : 1;
	struct conf *conf = load_conf();

	if (!conf || !(days > 0)) {
		fputs("campaign DAYS SEED\n", stderr);
		return 2;
	}
	is_telling = getenv("HYDROPON_TELL") != NULL;
	printf("KTAP version 1\n1..%d\n# judge: seed %llu\n", KINDS + 1, (unsigned long long)seed);
	for (unsigned int i = 0; channel_days < days; i++)
		run_tank(conf, seed, i);
	conf_free(conf);
	return report() ? 0 : 1;
}
