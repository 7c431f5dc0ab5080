// SPDX-License-Identifier: GPL-2.0-only
/* IIO channels and pulse inputs, through Debian's own drivers. */
#include "device.h"
#include "lines.h"

FIXTURE(sampler) { int fd; uint32_t ph, level, ec, water, light, flow; };

FIXTURE_SETUP(sampler)
{
	power_is_good();
	self->fd = device_open(O_RDWR | O_NONBLOCK);
	ASSERT_GE(self->fd, 0);
	self->ph = channel_info(self->fd, "ph-a").index;
	self->level = channel_info(self->fd, "level-a").index;
	self->ec = channel_info(self->fd, "ec-a").index;
	self->water = channel_info(self->fd, "water-a").index;
	self->light = channel_info(self->fd, "light-a").index;
	self->flow = channel_info(self->fd, "flow-a").index;
}

FIXTURE_TEARDOWN(sampler)
{
	static const char *const chips[] = { "i2c/adc-48", "i2c-b/adc-49", "i2c/adc-4a", "i2c/lux-23" };
	char path[64];

	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof(path), "%s/errno", chips[i]);
		sim_write(path, 0);
		snprintf(path, sizeof(path), "%s/latency_us", chips[i]);
		sim_write(path, 0);
		snprintf(path, sizeof(path), "%s/absent", chips[i]);
		sim_write(path, 0);
	}
	sim_write("gpio-soc/hz_milli8", 0);
	close(self->fd);
}

/* What a second of the stream held. */
struct tally {
	unsigned int samples[HYDROPON_MAX_CHANNELS], errors[HYDROPON_MAX_CHANNELS];
	unsigned int missed, lost;
	struct hydropon_record last[HYDROPON_MAX_CHANNELS];	/* SAMPLE or PULSE */
	struct hydropon_record first[HYDROPON_MAX_CHANNELS];
	uint32_t next_seq;
	bool has_seq, seq_broken;
};

static void count(struct tally *tally, const struct hydropon_record *r)
{
	if (tally->has_seq && r->seq != tally->next_seq)
		tally->seq_broken = true;
	tally->has_seq = true;
	tally->next_seq = r->seq + 1;
	if (r->type == HYDROPON_REC_MISSED)
		tally->missed += (unsigned int)r->value;
	if (r->type == HYDROPON_REC_LOST)
		tally->lost += (unsigned int)r->value;
	if (r->type != HYDROPON_REC_SAMPLE && r->type != HYDROPON_REC_PULSE)
		return;
	if (!tally->samples[r->channel]++)
		tally->first[r->channel] = *r;
	tally->errors[r->channel] += r->status != 0;
	tally->last[r->channel] = *r;
}

static struct tally *listen_for(int fd, int ms)
{
	static struct tally tally;
	uint64_t end_ns = clock_boot_ns() + (uint64_t)ms * MS;
	struct hydropon_record records[64];

	drain(fd);
	tally = (struct tally){ 0 };
	while (clock_boot_ns() < end_ns) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (poll(&p, 1, 20) < 0)
			break;
		while ((n = read(fd, records, sizeof(records))) > 0)
			for (size_t i = 0; i < (size_t)n / sizeof(records[0]); i++)
				count(&tally, &records[i]);
	}
	EXPECT_FALSE(tally.seq_broken);
	return &tally;
}

TEST_F(sampler, a_voltage_at_the_pin_is_the_value_in_the_stream)
{
	static const long microvolts[] = { 0, 1000000, 62500, 2047000 };
	struct hydropon_record scale;
	struct tally *tally;

	/* Told again to each controller, before the first sample. */
	close(self->fd);
	self->fd = device_open(O_RDWR | O_NONBLOCK);
	do
		scale = next_of_type(self->fd, HYDROPON_REC_SCALE);
	while (scale.type && scale.channel != self->ec);
	EXPECT_EQ(scale.flags, HYDROPON_VAL_FRACTION_LOG2);
	EXPECT_EQ(scale.value, 2048);
	EXPECT_EQ(scale.aux, 15);
	for (size_t i = 0; i < 4; i++) {
		sim_write("i2c-b/adc-49/ain0_uv", microvolts[i]);
		sleep_ms(250);
		tally = listen_for(self->fd, 250);
		EXPECT_EQ(tally->last[self->ec].flags, HYDROPON_VAL_INT);
		EXPECT_NEAR(tally->last[self->ec].value * 2048.0 / 32768, microvolts[i] / 1000.0, 0.0626);
	}
}

TEST_F(sampler, two_channels_of_one_chip_are_not_mixed_up)
{
	struct tally *tally;

	sim_write("i2c/adc-48/ain0_uv", 1500000);
	sim_write("i2c/adc-48/ain1_uv", 400000);
	sleep_ms(250);
	tally = listen_for(self->fd, 1000);
	EXPECT_EQ(tally->last[self->ph].value, 24000);
	EXPECT_EQ(tally->last[self->level].value, 6400);
	sim_write("i2c/adc-48/ain1_uv", 800000);
	sleep_ms(250);
	tally = listen_for(self->fd, 300);
	EXPECT_EQ(tally->last[self->ph].value, 24000);
	EXPECT_EQ(tally->last[self->level].value, 12800);
}

TEST_F(sampler, light_is_read_in_lux)
{
	struct tally *tally;

	sim_write("i2c/lux-23/millilux", 12000000);
	sleep_ms(1200);
	tally = listen_for(self->fd, 1200);
	/* bh1750: scale is 1/1.2 lx at the default measurement time */
	EXPECT_NEAR(tally->last[self->light].value / 1.2, 12000, 2);
}

TEST_F(sampler, keeps_its_interval_to_the_microsecond)
{
	struct tally *tally = listen_for(self->fd, 2000);
	uint64_t span_ns = tally->last[self->ec].time_ns - tally->first[self->ec].time_ns;
	unsigned int intervals = tally->samples[self->ec] - 1;

	EXPECT_GE(tally->samples[self->ec], 19);
	EXPECT_LE(tally->samples[self->ec], 21);
	EXPECT_NEAR((double)span_ns / intervals, 100e6, 100e3);
	EXPECT_EQ(tally->missed, 0);
	EXPECT_EQ(tally->lost, 0);
	EXPECT_EQ(channel_info(self->fd, "ec-a").interval_ms, 100);
	EXPECT_EQ(channel_info(self->fd, "ec-a").kind, HYDROPON_KIND_IIO);
}

TEST_F(sampler, a_failed_read_is_an_errno_and_never_a_number)
{
	struct tally *tally;
	uint64_t errors = channel_info(self->fd, "ec-a").errors;

	sim_write("i2c-b/adc-49/ain0_uv", 1000000);
	sim_write("i2c-b/adc-49/errno", ETIMEDOUT);
	sleep_ms(150);
	tally = listen_for(self->fd, 1000);
	EXPECT_GE(tally->samples[self->ec], 9);
	EXPECT_EQ(tally->errors[self->ec], tally->samples[self->ec]);
	EXPECT_EQ(tally->last[self->ec].status, -ETIMEDOUT);
	EXPECT_EQ(tally->last[self->ec].value, 0);
	/* The others go on at their rate. */
	EXPECT_GE(tally->samples[self->ph], 9);
	EXPECT_EQ(tally->errors[self->ph], 0);
	EXPECT_GT(channel_info(self->fd, "ec-a").errors, errors);

	sim_write("i2c-b/adc-49/errno", 0);
	sleep_ms(150);
	tally = listen_for(self->fd, 500);
	EXPECT_EQ(tally->errors[self->ec], 0);
	EXPECT_EQ(tally->last[self->ec].value, 16000);
}

TEST_F(sampler, an_absent_chip_is_told_and_recovers)
{
	struct tally *tally;

	sim_write("i2c/adc-4a/absent", 1);
	sleep_ms(150);
	tally = listen_for(self->fd, 500);
	EXPECT_EQ(tally->errors[self->water], tally->samples[self->water]);
	EXPECT_EQ(tally->last[self->water].status, -ENXIO);
	EXPECT_EQ(tally->errors[self->ec], 0);
	sim_write("i2c/adc-4a/absent", 0);
	sleep_ms(150);
	EXPECT_EQ(listen_for(self->fd, 500)->errors[self->water], 0);
}

TEST_F(sampler, a_slow_chip_delays_itself_alone)
{
	struct tally *tally;

	sim_write("i2c-b/adc-49/latency_us", 100000);
	sleep_ms(500);
	tally = listen_for(self->fd, 2000);
	EXPECT_GT(tally->missed, 0);
	EXPECT_LT(tally->samples[self->ec], 15);
	EXPECT_GE(tally->samples[self->ph], 19);
	EXPECT_GE(tally->samples[self->water], 19);
}

/* The I2C device at 0x49: the number of its bus is not ours to choose. */
static const char *adc_b(void)
{
	static char name[16];

	for (int bus = 0; bus < 16; bus++) {
		char path[64];

		snprintf(name, sizeof(name), "%d-0049", bus);
		snprintf(path, sizeof(path), "/sys/bus/i2c/devices/%s", name);
		if (!access(path, F_OK))
			return name;
	}
	harness_fail(__FILE__, __LINE__, "no I2C device at 0x49");
	return "";
}

static int iio_number(const char *device)
{
	for (int number = 0; number < 16; number++) {
		char path[96];

		snprintf(path, sizeof(path), "/sys/bus/i2c/devices/%s/iio:device%d", device, number);
		if (!access(path, F_OK))
			return number;
	}
	harness_fail(__FILE__, __LINE__, "%s has no IIO device", device);
	return -1;
}

TEST_F(sampler, a_driver_that_leaves_takes_its_channel_and_returns_it)
{
	struct tally *tally;

	write_text("/sys/bus/i2c/drivers/ads1015/unbind", adc_b());
	sleep_ms(100);
	EXPECT_EQ(channel_info(self->fd, "ec-a").present, 0);
	tally = listen_for(self->fd, 500);
	EXPECT_EQ(tally->samples[self->ec], 0);
	EXPECT_GE(tally->samples[self->ph], 4);
	EXPECT_GE(tally->samples[self->water], 4);
	write_text("/sys/bus/i2c/drivers/ads1015/bind", adc_b());
	for (int i = 0; i < 100 && !channel_info(self->fd, "ec-a").present; i++)
		sleep_ms(20);
	EXPECT_EQ(channel_info(self->fd, "ec-a").index, self->ec);
	tally = listen_for(self->fd, 500);
	EXPECT_GE(tally->samples[self->ec], 4);
	EXPECT_EQ(tally->errors[self->ec], 0);
}

TEST_F(sampler, pulses_are_counted_one_by_one)
{
	struct tally *tally;
	uint32_t pulses;
	uint64_t span_ns;

	sim_write("gpio-soc/hz_milli8", 45000);
	sleep_ms(600);
	tally = listen_for(self->fd, 4000);
	pulses = (uint32_t)tally->last[self->flow].value - (uint32_t)tally->first[self->flow].value;
	span_ns = tally->last[self->flow].time_ns - tally->first[self->flow].time_ns;
	EXPECT_NEAR(pulses, 45.0 * (double)span_ns / 1e9, 1.0);
	EXPECT_GE(tally->samples[self->flow], 7);
	/* The last edge is told with its own time. */
	EXPECT_LE((uint64_t)tally->last[self->flow].aux, tally->last[self->flow].time_ns);
	EXPECT_GE((uint64_t)tally->last[self->flow].aux, tally->last[self->flow].time_ns - 23 * MS);
	sim_write("gpio-soc/hz_milli8", 0);
	sleep_ms(600);
	tally = listen_for(self->fd, 1100);
	EXPECT_EQ(tally->last[self->flow].value, tally->first[self->flow].value);
	EXPECT_GE(tally->samples[self->flow], 2);
}

TEST_F(sampler, a_new_gain_is_told_before_the_first_sample_that_has_it)
{
	static struct hydropon_record records[8192];
	char path[96];
	size_t n = 0;
	ssize_t got;
	double scale = 0;
	int changes = 0;

	sim_write("i2c-b/adc-49/ain0_uv", 1000000);
	sleep_ms(250);
	close(self->fd);
	self->fd = device_open(O_RDWR | O_NONBLOCK);
	snprintf(path, sizeof(path), "/sys/bus/i2c/devices/%s/iio:device%d/in_voltage0_scale",
		 adc_b(), iio_number(adc_b()));
	sleep_ms(500);
	write_text(path, "0.125");
	sleep_ms(500);
	write_text(path, "0.0625");
	sleep_ms(500);
	while (n < 8192 && (got = read(self->fd, records + n, sizeof(records[0]) * 64)) > 0)
		n += (size_t)got / sizeof(records[0]);
	for (size_t i = 0; i < n; i++) {
		const struct hydropon_record *r = &records[i];

		if (r->channel != self->ec)
			continue;
		if (r->type == HYDROPON_REC_SCALE) {
			scale = r->value / (double)(1 << r->aux);
			changes++;
		}
		if (r->type == HYDROPON_REC_SAMPLE) {
			ASSERT_GT(scale * 1e6, 0);
			EXPECT_NEAR(r->value * scale, 1000.0, 0.2);
		}
	}
	EXPECT_EQ(changes, 3);
}

TEST_F(sampler, reader_is_woken_by_watermark_or_latency)
{
	struct hydropon_stream stream = { 1000, 700 };
	struct pollfd p = { .fd = self->fd, .events = POLLIN };
	struct hydropon_record records[256];
	uint64_t start_ns, waited_ns;
	ssize_t n;

	ASSERT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_STREAM, &stream), 0);
	drain(self->fd);
	start_ns = clock_boot_ns();
	ASSERT_EQ(poll(&p, 1, 5000), 1);
	waited_ns = clock_boot_ns() - start_ns;
	EXPECT_GE(waited_ns, 690 * MS);
	EXPECT_LE(waited_ns, 830 * MS);

	stream = (struct hydropon_stream){ 20, 10000 };
	ASSERT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_STREAM, &stream), 0);
	drain(self->fd);
	ASSERT_EQ(poll(&p, 1, 5000), 1);
	n = read(self->fd, records, sizeof(records));
	EXPECT_GE(n / (ssize_t)sizeof(records[0]), 20);
	EXPECT_LE(n / (ssize_t)sizeof(records[0]), 30);
	EXPECT_EQ(n % (ssize_t)sizeof(records[0]), 0);
}

TEST_F(sampler, urgent_records_wake_at_once)
{
	struct hydropon_stream stream = { 2048, 10000 };
	struct pollfd p = { .fd = self->fd, .events = POLLIN };
	uint64_t start_ns;

	ASSERT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_STREAM, &stream), 0);
	drain(self->fd);
	sim_write("gpio-soc/line9", 0);
	start_ns = clock_boot_ns();
	ASSERT_EQ(poll(&p, 1, 5000), 1);
	EXPECT_LE(clock_boot_ns() - start_ns, 5 * MS);
	sim_write("gpio-soc/line9", 1);
}

TEST_F_TIMEOUT(sampler, a_stalled_reader_is_told_what_it_lost, 240)
{
	static struct hydropon_record records[8192];
	struct hydropon_info info;
	unsigned long long told = 0;
	bool power_told = false;
	double scale = 0.0625;
	char path[96];
	size_t n = 0, after_lost = 0;
	uint32_t seq;
	ssize_t got;

	sim_write("i2c-b/adc-49/ain0_uv", 1000000);
	sleep_ms(500);
	drain(self->fd);
	/* About 60 records a second against 4096 slots. */
	for (int i = 0; i < 200 && !device_info(self->fd).lost; i++)
		sleep_ms(1000);
	sleep_ms(2000);
	info = device_info(self->fd);
	ASSERT_GT(info.lost, 0);
	EXPECT_EQ(info.lost_urgent, 0);
	/* A new gain while nothing fits: it is told before the first sample that has it. */
	snprintf(path, sizeof(path), "/sys/bus/i2c/devices/%s/iio:device%d/in_voltage0_scale",
		 adc_b(), iio_number(adc_b()));
	write_text(path, "0.125");
	sleep_ms(500);
	/* An urgent record still finds room. */
	sim_write("gpio-soc/line9", 0);
	sim_write("gpio-soc/line9", 1);
	sleep_ms(5);
	EXPECT_EQ(device_info(self->fd).lost_urgent, 0);

	while (n < 8192 && (got = read(self->fd, records + n, (8192 - n) * sizeof(records[0]))) > 0)
		n += (size_t)got / sizeof(records[0]);
	/* What came after the gap. */
	sleep_ms(1000);
	while (n < 8192 && (got = read(self->fd, records + n, (8192 - n) * sizeof(records[0]))) > 0)
		n += (size_t)got / sizeof(records[0]);
	seq = records[0].seq;
	for (size_t i = 0; i < n; i++) {
		EXPECT_EQ(records[i].seq, seq + i);
		if (records[i].type == HYDROPON_REC_LOST) {
			told += (unsigned long long)records[i].value;
			after_lost = n - i;
		}
		power_told = power_told || records[i].type == HYDROPON_REC_POWER;
		if (records[i].channel != self->ec)
			continue;
		if (records[i].type == HYDROPON_REC_SCALE)
			scale = records[i].value / (double)(1 << records[i].aux);
		if (records[i].type == HYDROPON_REC_SAMPLE)
			EXPECT_NEAR(records[i].value * scale, 1000.0, 0.2);
	}
	EXPECT_NEAR(scale, 0.125, 1e-9);
	write_text(path, "0.0625");
	EXPECT_EQ(told, device_info(self->fd).lost);
	EXPECT_GT(after_lost, 1);
	EXPECT_TRUE(power_told);
	harness_note("%llu lost and told, %zu read", told, n);
}
