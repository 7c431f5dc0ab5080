/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A spool in a scratch directory, with samples that tell by themselves which they
 * are: number i has the stamp RIG_WALL_MS + i, so that order, loss, repetition and
 * damage show wherever they come out.
 */
#ifndef HYDROPON_TEST_SPOOL_RIG_H
#define HYDROPON_TEST_SPOOL_RIG_H

#include "support/scratch.h"

#include "base/conf.h"
#include "base/sample.h"
#include "spool/format.h"
#include "spool/reader.h"
#include "spool/spool.h"

#define RIG_WALL_MS 1690000000000LL
#define RIG_CHANNELS 3

struct spool_rig {
	char dir[SCRATCH_PATH_MAX];
	char log[SCRATCH_PATH_MAX + 32], quarantined[SCRATCH_PATH_MAX + 32];
	char mark[SCRATCH_PATH_MAX + 32];
	struct conf conf;
	struct spool *spool;
	uint64_t next;		/* number of the next sample */
};

static void rig_name_channel(struct conf_channel *channel, const char *name,
			     enum quantity quantity, int decimals)
{
	snprintf(channel->name, sizeof(channel->name), "%s", name);
	channel->quantity = quantity;
	channel->decimals = decimals;
}

__attribute__((unused)) static void rig_make(struct spool_rig *rig)
{
	struct conf *conf = &rig->conf;

	memset(rig, 0, sizeof(*rig));
	scratch_make(rig->dir);
	snprintf(rig->log, sizeof(rig->log), "%s/state/spool/log", rig->dir);
	snprintf(rig->quarantined, sizeof(rig->quarantined), "%s/state/spool/log.corrupt-1",
		 rig->dir);
	snprintf(rig->mark, sizeof(rig->mark), "%s/run/spool.committed", rig->dir);
	snprintf(conf->state_dir, sizeof(conf->state_dir), "%s/state", rig->dir);
	snprintf(conf->run_dir, sizeof(conf->run_dir), "%s/run", rig->dir);
	mkdir(conf->run_dir, 0700);
	snprintf(conf->gateway, sizeof(conf->gateway), "greenhouse");
	snprintf(conf->site, sizeof(conf->site), "home");
	conf->spool_max_bytes = 64 << 20;
	conf->commit_ms = 20;
	rig_name_channel(&conf->channels[0], "ph-a", QUANTITY_PH, 3);
	rig_name_channel(&conf->channels[1], "ec-a", QUANTITY_EC, 1);
	rig_name_channel(&conf->channels[2], "water-a", QUANTITY_TEMPERATURE, 2);
	conf->channels_n = RIG_CHANNELS;
}

__attribute__((unused)) static void rig_remove(struct spool_rig *rig)
{
	spool_close(rig->spool);
	scratch_remove(rig->dir);
}

static struct sample rig_sample(uint64_t number)
{
	return (struct sample){
		.boot_ns = number * 1000,
		.wall_ms = RIG_WALL_MS + (int64_t)number,
		.value = (double)number / 8,
		.raw = (int32_t)number - 100,
		.channel = number % RIG_CHANNELS,
		.q = Q_GOOD,
	};
}

__attribute__((unused)) static void rig_open(struct spool_rig *rig)
{
	ASSERT_EQ(spool_open(&rig->conf, &rig->spool), 0);
}

__attribute__((unused)) static void rig_close(struct spool_rig *rig)
{
	spool_close(rig->spool);
	rig->spool = NULL;
}

/* One batch of the next @n samples. */
__attribute__((unused)) static int rig_append(struct spool_rig *rig, size_t n)
{
	static struct sample samples[SPOOL_BATCH_SAMPLES];
	int error;

	for (size_t i = 0; i < n; i++)
		samples[i] = rig_sample(rig->next + i);
	error = spool_append(rig->spool, samples, n);
	if (!error)
		rig->next += n;
	return error;
}

/* Flips a bit in the byte at @place. */
__attribute__((unused)) static void rig_damage(const char *path, long long place)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	uint8_t byte;

	ASSERT_GE(fd, 0);
	ASSERT_EQ(pread(fd, &byte, 1, place), 1);
	byte ^= 1;
	ASSERT_EQ(pwrite(fd, &byte, 1, place), 1);
	close(fd);
}

static bool rig_is_sample(const struct sample *sample, uint64_t number)
{
	struct sample wanted = rig_sample(number);

	return sample->boot_ns == wanted.boot_ns && sample->wall_ms == wanted.wall_ms &&
	       sample->value == wanted.value && sample->raw == wanted.raw &&
	       sample->channel == wanted.channel && sample->q == wanted.q;
}

/* What was found by reading all there is. */
struct rig_found {
	uint64_t samples;
	uint64_t wrong;		/* not the one that belongs to its number */
	uint64_t bad_places;
	int error;		/* of the refresh */
};

/*
 * Reads as the forwarder does, going past bad places.
 */
__attribute__((unused)) static struct rig_found rig_read(const struct spool_rig *rig)
{
	struct spool_reader *reader = spool_reader_open(rig->conf.state_dir, rig->conf.run_dir);
	struct rig_found found = { .error = spool_reader_refresh(reader) };
	const struct spool_view *view = spool_reader_view(reader);
	uint64_t offset = view ? view->first : 0;
	struct spool_batch batch;
	int error = view ? 0 : found.error;

	while (view && error != -EAGAIN && error != -ENODATA) {
		error = spool_reader_next(reader, &offset, &batch);
		if (error == -EBADMSG) {
			found.bad_places++;
			error = spool_reader_skip(reader, &offset, &batch);
		}
		if (error)
			continue;
		for (size_t i = 0; i < batch.count; i++) {
			struct sample sample;

			spool_sample_get(batch.samples + i * SPOOL_SAMPLE_BYTES, &sample);
			found.samples++;
			if (!rig_is_sample(&sample, batch.before + i) ||
			    strcmp(batch.schema->series[sample.channel].channel,
				   rig->conf.channels[sample.channel].name))
				found.wrong++;
		}
		offset = batch.next;
	}
	spool_reader_close(reader);
	return found;
}

#endif
