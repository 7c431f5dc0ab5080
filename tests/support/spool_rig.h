/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A spool in a scratch directory, with samples that tell by themselves which they
 * are: number i has the stamp RIG_WALL_MS + i, so that order, loss, repetition and
 * damage show wherever they come out.
 */
#ifndef HYDROPON_TEST_SPOOL_RIG_H
#define HYDROPON_TEST_SPOOL_RIG_H

#include "support/scratch.h"

#include "base/clock.h"
#include "base/conf.h"
#include "base/sample.h"
#include "spool/reader.h"
#include "spool/spool.h"

#define RIG_WALL_MS 1690000000000LL
#define RIG_CHANNELS 3

struct spool_rig {
	char dir[SCRATCH_PATH_MAX];
	char folder[SCRATCH_PATH_MAX + 32], slots[SCRATCH_PATH_MAX + 32];
	char segment[SCRATCH_PATH_MAX + 32];	/* the first */
	char mark[SCRATCH_PATH_MAX + 32];
	struct conf conf;
	struct spool *spool;
	uint64_t next;		/* number of the next sample */
	uint64_t base;		/* of the first one in this spool */
	uint64_t block_ns;	/* the time of its blocks goes faster */
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
	snprintf(rig->folder, sizeof(rig->folder), "%s/state/spool", rig->dir);
	snprintf(rig->slots, sizeof(rig->slots), "%s/state/spool/slots", rig->dir);
	snprintf(rig->segment, sizeof(rig->segment), "%s/state/spool/segment-00000", rig->dir);
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
		.boot_ns = number * NS_PER_MS,
		.wall_ms = RIG_WALL_MS + (int64_t)number,
		.value = (double)number,
		.raw = (int32_t)number - 100,
		.channel = number % RIG_CHANNELS,
		.q = Q_GOOD,
	};
}

__attribute__((unused)) static void rig_open(struct spool_rig *rig)
{
	ASSERT_EQ(spool_open(&rig->conf, false, &rig->spool), 0);
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

/* A block of what was committed since the last one. */
__attribute__((unused)) static void rig_block(struct spool_rig *rig)
{
	rig->block_ns += 3600 * NS_PER_SEC;
	spool_tend(rig->spool, clock_boot_ns() + rig->block_ns);
}

/* A batch, in a block of its own. */
__attribute__((unused)) static int rig_append_block(struct spool_rig *rig, size_t n)
{
	int error = rig_append(rig, n);

	rig_block(rig);
	return error;
}

__attribute__((unused)) static struct journal_stats rig_stats(const struct spool_rig *rig)
{
	struct journal_stats stats;

	spool_stats(rig->spool, &stats);
	return stats;
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

/* What was found by reading all there is; notes are passed over. */
struct rig_found {
	uint64_t samples;
	uint64_t wrong;		/* not the one that belongs to its number */
	uint64_t first;		/* the oldest there is */
	uint64_t missing;	/* in holes behind it */
	int error;		/* of the refresh, or of what ended the reading */
};

/* Reads as the forwarder does. */
__attribute__((unused)) static struct rig_found rig_read(const struct spool_rig *rig)
{
	struct spool_reader *reader = spool_reader_open(rig->conf.state_dir, rig->conf.run_dir);
	struct rig_found found = { .error = spool_reader_refresh(reader) };
	const struct spool_view *view = spool_reader_view(reader);
	uint64_t at = view ? view->first : 0, number = view ? view->start : 0;
	struct journal_hole hole;
	struct spool_batch batch;

	found.first = number;
	while (view && at < view->records && !found.error) {
		int error = spool_reader_get(reader, at, &batch, &hole);

		if (error == -ENODATA) {
			found.missing += hole.samples_end - number;
			number = hole.samples_end;
			at = hole.end;
			continue;
		}
		found.error = error;
		for (; !error && at < batch.first + pending_records(batch.records); at++) {
			const struct sample *sample = pending_sample(batch.records,
								     (uint32_t)(at - batch.first));

			if (!sample)
				continue;
			found.samples++;
			if (!rig_is_sample(sample, rig->base + number++) ||
			    strcmp(batch.schema->series[sample->channel].channel,
				   rig->conf.channels[sample->channel].name))
				found.wrong++;
		}
	}
	spool_reader_close(reader);
	return found;
}

#endif
