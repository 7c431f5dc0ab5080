// SPDX-License-Identifier: GPL-2.0-only
/*
 * The tank below the simulated wires. Reads the relays, steps the model ten times a
 * second, and writes what the probes say. Or replays a recording instead.
 */
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "grower.h"
#include "model.h"
#include "pace.h"
#include "replay.h"
#include "sim.h"

#define STEP_S 0.1
#define STEP_NS (PACE_NS_PER_S / 10)
#define REPLAY_PH 6.0
#define REPLAY_LEVEL_CM 25.0
#define REPLAY_WATER_C 25.0
#define REPLAY_MILLILUX 10000000

struct options {
	uint64_t seed;
	double duration_s;	/* 0: until a signal */
	bool control;
	const char *replay_path;
	size_t rows_max;
	double rate_hz;
	const char *log_path;
};

static volatile sig_atomic_t stop;

static void on_signal(int number)
{
	stop = 1;
}

static bool relay_is_on(const char *chip, unsigned int line)
{
	return sim_output_level(chip, line) == 1;
}

/* A relay whose line is gone has dropped out. */
static void outputs_read(struct model_outputs *outputs)
{
	*outputs = (struct model_outputs){
		.pump = relay_is_on(SIM_SOC, SIM_PUMP),
		.air = relay_is_on(SIM_SOC, SIM_AIR),
		.ph_down = relay_is_on(SIM_SOC, SIM_PH_DOWN),
		.nutrient = relay_is_on(SIM_SOC, SIM_NUTRIENT),
		.lights = relay_is_on(SIM_SOC, SIM_LIGHTS),
		.fill = relay_is_on(SIM_BUS, SIM_FILL),
	};
}

/* Returns how many of the wires could not be written. */
static unsigned int readings_write(const struct model_readings *readings)
{
	return !!sim_write("i2c/adc-48/ain0_uv", readings->ph_uv) +
	       !!sim_write("i2c/adc-48/ain1_uv", readings->level_uv) +
	       !!sim_write("i2c-b/adc-49/ain0_uv", readings->ec_uv) +
	       !!sim_write("i2c/adc-4a/ain0_uv", readings->water_uv) +
	       !!sim_write("i2c/lux-23/millilux", readings->millilux) +
	       !!sim_pulses_set(SIM_SOC, SIM_FLOW, readings->flow_hz_milli);
}

static void tank_run(const struct options *options)
{
	uint64_t at_ns = pace_now_ns(), end_ns = UINT64_MAX;
	unsigned long long steps = 0, not_written = 0;
	struct model_readings readings;
	struct model_outputs outputs;
	struct grower grower;
	struct model model;

	model_init(&model, options->seed);
	grower_init(&grower, at_ns);
	if (options->duration_s > 0)
		end_ns = at_ns + (uint64_t)(options->duration_s * 1e9);

	while (!stop && at_ns < end_ns) {
		uint64_t now_ns;

		outputs_read(&outputs);
		model_step(&model, &outputs, STEP_S);
		model_read(&model, &readings);
		not_written += readings_write(&readings);
		steps++;
		now_ns = pace_now_ns();
		if (options->control)
			grower_turn(&grower, &readings, now_ns);
		at_ns += STEP_NS;
		/* A machine that stood still for a second does not live it again. */
		if (at_ns + PACE_NS_PER_S < now_ns)
			at_ns = now_ns;
		while (!stop && pace_sleep_until(at_ns) == -EINTR)
			;
	}
	if (options->control)
		grower_end(&grower);
	printf("tank: %llu steps, seed %llu, %llu writes to wires that were not there\n", steps,
	       (unsigned long long)options->seed, not_written);
}

/* What the recording has no column for stays as it is. */
static int constants_write(void)
{
	int ret = sim_write("i2c/adc-48/ain0_uv",
			    llround(1000 * front_end_ph_mv(REPLAY_PH, REPLAY_WATER_C)));

	if (!ret)
		ret = sim_write("i2c/adc-48/ain1_uv",
				llround(1000 * front_end_level_mv(REPLAY_LEVEL_CM)));
	if (!ret)
		ret = sim_write("i2c/lux-23/millilux", REPLAY_MILLILUX);
	return ret;
}

static int replay_run(const struct options *options)
{
	struct replay replay;
	FILE *log = NULL;
	int ret = replay_load(&replay, options->replay_path, options->rows_max, stderr);

	if (ret)
		return ret;
	if (options->log_path) {
		log = fopen(options->log_path, "we");
		if (!log) {
			ret = -errno;
			fprintf(stderr, "tank: %s: %s\n", options->log_path, strerror(errno));
			goto err_free_replay;
		}
		setvbuf(log, NULL, _IOLBF, BUFSIZ);
	}
	ret = constants_write();
	if (!ret)
		ret = replay_play(&replay, options->rate_hz, log, &stop);
	if (ret)
		fprintf(stderr, "tank: the simulated wires: %s; is hydropon-sim.ko loaded and "
			"debugfs mounted?\n", strerror(-ret));
	else
		printf("tank: replayed %zu rows of %s\n", replay.n, options->replay_path);
	if (log && (ferror(log) | fclose(log)) && !ret) {
		fprintf(stderr, "tank: %s: could not be written in full\n", options->log_path);
		ret = -EIO;
	}
err_free_replay:
	replay_free(&replay);
	return ret;
}

static void usage(FILE *file)
{
	fputs("tank [--seed N] [--duration S] [--control] [--sim DIR]\n"
	      "tank --replay FILE.csv [--rows N] [--rate HZ] [--log FILE] [--sim DIR]\n"
	      "\n"
	      "--control   be the grower too: dose, fill and light by hydroponctl\n"
	      "            ($HYDROPONCTL, or hydroponctl in PATH)\n"
	      "--sim DIR   in place of " SIM_ROOT "\n", file);
}

static double number_parse(const char *text, const char *option, double low, double high)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= low && value <= high)) {
		fprintf(stderr, "tank: --%s %s: wants a number from %g to %g\n", option, text, low,
			high);
		exit(2);
	}
	return value;
}

static void options_parse(struct options *options, int argc, char **argv)
{
	static const struct option names[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "duration", required_argument, NULL, 'd' },
		{ "control", no_argument, NULL, 'c' },
		{ "replay", required_argument, NULL, 'r' },
		{ "rows", required_argument, NULL, 'n' },
		{ "rate", required_argument, NULL, 'z' },
		{ "log", required_argument, NULL, 'l' },
		{ "sim", required_argument, NULL, 'S' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int option;

	*options = (struct options){ .seed = 1, .rate_hz = 10 };
	while ((option = getopt_long(argc, argv, "", names, NULL)) != -1) {
		switch (option) {
		case 's':
			options->seed = (uint64_t)number_parse(optarg, "seed", 0, 1e15);
			break;
		case 'd':
			options->duration_s = number_parse(optarg, "duration", 0, 1e9);
			break;
		case 'c':
			options->control = true;
			break;
		case 'r':
			options->replay_path = optarg;
			break;
		case 'n':
			options->rows_max = (size_t)number_parse(optarg, "rows", 1, 1e7);
			break;
		case 'z':
			options->rate_hz = number_parse(optarg, "rate", 0.001, 1000);
			break;
		case 'l':
			options->log_path = optarg;
			break;
		case 'S':
			sim_use_root(optarg);
			break;
		case 'h':
			usage(stdout);
			exit(0);
		default:
			usage(stderr);
			exit(2);
		}
	}
	if (optind < argc) {
		usage(stderr);
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct options options;

	options_parse(&options, argc, argv);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ);
	if (options.replay_path)
		return replay_run(&options) ? 1 : 0;
	tank_run(&options);
	return 0;
}
