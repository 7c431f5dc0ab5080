// SPDX-License-Identifier: GPL-2.0-only
/*
 * spool-fill CONF SECONDS [full]: a spool as if hydropond had sampled a farm for so long up to now, as
 * many of its channels as the configuration has. "full": of numbers that no codec makes
 * small, until the bound is near. Then it is opened again; prints what there is as JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bench/farm.h"
#include "spool/spool.h"

#define SECONDS_EACH 40		/* of a commit: quicker than by the second, and the same blocks */

static void die(const char *what, int error)
{
	fprintf(stderr, "spool-fill: %s: %s\n", what, strerror(-error));
	exit(1);
}

static void blur(struct sample *samples, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		samples[i].raw = (int32_t)(farm_below(1u << 31) * 2);
		samples[i].value = (double)farm_below(1u << 31) / 1000;
	}
}

static void fill(struct spool *spool, const struct conf *conf, unsigned int seconds, bool is_full)
{
	static struct sample samples[SECONDS_EACH * FARM_CHANNELS];
	const size_t channels = conf->channels_n;
	const uint64_t max_bytes = conf->spool_max_bytes;
	int64_t begin_ms = clock_wall_ms() - (seconds + 100) * 1000ll;
	struct journal_stats stats = { 0 };

	_Static_assert(SECONDS_EACH * FARM_CHANNELS <= SPOOL_BATCH_SAMPLES, "one commit");
	for (unsigned int second = 0; second < seconds; second += SECONDS_EACH) {
		int error;

		/* The channels of one second are overwritten by the next one's from the last that
		 * is wanted on.
		 */
		for (unsigned int i = 0; i < SECONDS_EACH; i++)
			farm_measure(second + i, begin_ms, samples + i * channels);
		if (is_full)
			blur(samples, SECONDS_EACH * channels);
		error = spool_append(spool, samples, SECONDS_EACH * channels);
		if (error)
			die("append", error);
		/* Its minute, not that of the clock here. */
		spool_tend(spool, clock_boot_ns() + second * NS_PER_SEC);
		if (spool_block_error(spool))
			die("block", spool_block_error(spool));
		spool_stats(spool, &stats);
		if (is_full && stats.bytes > max_bytes - max_bytes / 32)
			break;
	}
}

int main(int argc, char **argv)
{
	struct journal_stats stats;
	uint64_t begin_ns;
	struct spool *spool;
	struct conf *conf;
	int error;

	if (argc < 3) {
		fprintf(stderr, "usage: spool-fill CONF SECONDS [full]\n");
		return 2;
	}
	conf = conf_load(argv[1], stderr);
	if (!conf || !conf->channels_n || conf->channels_n > FARM_CHANNELS)
		return 1;
	error = spool_open(conf, false, &spool);
	if (error)
		die("open", error);
	fill(spool, conf, (unsigned int)atoi(argv[2]), argc > 3);
	spool_close(spool);
	begin_ns = clock_boot_ns();
	error = spool_open(conf, false, &spool);
	if (error)
		die("open again", error);
	begin_ns = clock_boot_ns() - begin_ns;
	spool_stats(spool, &stats);
	printf("{\"samples\": %llu, \"bytes\": %llu, \"open_ms\": %.1f}\n",
	       (unsigned long long)stats.samples, (unsigned long long)stats.bytes,
	       (double)begin_ns / 1e6);
	spool_close(spool);
	conf_free(conf);
	return 0;
}
