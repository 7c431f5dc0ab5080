// SPDX-License-Identifier: GPL-2.0-only
/* What a controller that means harm may try, and what once worked. */
#include <pthread.h>

#include "device.h"
#include "lines.h"

/* Lines of gpio-panel. */
enum { DOSE_B = 5, DOSE_B_ON = 6, DOSE_B_OFF = 7 };

FIXTURE(hostile) { int fd; };

FIXTURE_SETUP(hostile)
{
	power_is_good();
	self->fd = device_open(O_RDWR | O_NONBLOCK);
	ASSERT_GE(self->fd, 0);
	arm(self->fd);
}

FIXTURE_TEARDOWN(hostile)
{
	sim_input_set("gpio-panel", DOSE_B_ON, false);
	sim_write("gpio-bus/errno", 0);
	sim_write("gpio-bus/latency_us", 0);
	if (self->fd >= 0)
		close(self->fd);
	wait_for_device();
}

/* An open controller with a fresh gateway: the budget of dose-b is unspent. */
static void fresh_gateway(struct fixture_hostile *self)
{
	close(self->fd);
	rebind("hydropon-gateway", "hydropon");
	wait_for_device();
	power_is_good();
	self->fd = device_open(O_RDWR | O_NONBLOCK);
	ASSERT_GE(self->fd, 0);
	arm(self->fd);
}

static void *unbind_gateway(void *unused)
{
	unbind("hydropon-gateway", "hydropon");
	return unused;
}

TEST_F(hostile, commands_during_the_end_move_no_output)
{
	uint64_t ended_ns = 0;
	pthread_t thread;
	int dose, fill, let_go = 0;

	fresh_gateway(self);
	dose = find_output(self->fd, "dose-b");
	fill = find_output(self->fd, "fill");
	/* The operator holds the switch, and the end has to wait for a bus. */
	sim_input_set("gpio-panel", DOSE_B_ON, true);
	sim_write("gpio-bus/latency_us", 400000);
	ASSERT_EQ(lease(self->fd, fill, true, 2000), 0);
	sleep_ms(100);
	ASSERT_EQ(line_level("gpio-panel", DOSE_B), 1);
	ASSERT_EQ(pthread_create(&thread, NULL, unbind_gateway, NULL), 0);
	for (;;) {
		struct hydropon_info info = { 0 };

		if (ioctl(self->fd, HYDROPON_IOC_INFO, &info))
			break;
		if (!info.terminal)
			continue;
		if (!ended_ns)
			ended_ns = clock_boot_ns();
		let_go += !set_output(self->fd, dose, false, 0, 0);
	}
	pthread_join(thread, NULL);
	EXPECT_GE(let_go, 50);
	EXPECT_EQ(line_level("gpio-panel", DOSE_B), 0);
	EXPECT_LE(last_transition("gpio-panel", DOSE_B).ns, ended_ns);
	bind("hydropon-gateway", "hydropon");
	close(self->fd);
	self->fd = -1;
}

static bool is_failed_write(const struct hydropon_record *record, const void *unused)
{
	return record->type == HYDROPON_REC_OUTPUT && record->status == -EREMOTEIO;
}

TEST_F(hostile, a_first_write_that_fails_is_told_of_its_own_output)
{
	int fill = find_output(self->fd, "fill");
	struct hydropon_record record = { 0 };

	ASSERT_NE(fill, 0);
	unbind("hydropon-output", "hydropon:fill");
	sim_write("gpio-bus/errno", EREMOTEIO);
	sleep_ms(50);
	drain(self->fd);
	bind("hydropon-output", "hydropon:fill");
	ASSERT_TRUE(read_until(self->fd, is_failed_write, NULL, &record, 2000));
	EXPECT_EQ(record.channel, fill);
}

/* The entry is always true: @output is at @level while @waits_for is on, or off. */
static struct hydropon_interlock always(int fd, const char *output, int level,
					const char *waits_for, uint8_t flags)
{
	return (struct hydropon_interlock) {
		.channel = channel_info(fd, "ph-a").index,
		.output = (uint32_t)find_output(fd, output),
		.while_output = (uint32_t)find_output(fd, waits_for),
		.compare = HYDROPON_ABOVE, .threshold = INT64_MIN, .level = (uint8_t)level,
		.flags = flags,
	};
}

TEST_F(hostile, two_outputs_cannot_be_made_to_switch_each_other_for_ever)
{
	struct hydropon_interlock circle[] = {
		always(self->fd, "pump-a", HYDROPON_LEVEL_ON, "lights", HYDROPON_WHILE_OFF),
		always(self->fd, "lights", HYDROPON_LEVEL_ON, "pump-a", 0),
	};
	struct hydropon_interlocks table = { .n = 2, .entries = (uintptr_t)circle };
	uint64_t since_ns;

	EXPECT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_INTERLOCKS, &table), EINVAL);
	EXPECT_EQ(table.bad, 1);
	/* at a pace that a relay bears it is the controller's own affair */
	circle[0].release_ms = 1000;
	since_ns = clock_boot_ns();
	ASSERT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_INTERLOCKS, &table), 0);
	sleep_ms(3000);
	EXPECT_LE(count_transitions(SIM_SOC, SIM_PUMP, since_ns), 8);
	table.n = 0;
	ASSERT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_INTERLOCKS, &table), 0);
	EXPECT_EQ(line_level(SIM_SOC, SIM_PUMP), 0);
	EXPECT_EQ(line_level(SIM_SOC, SIM_LIGHTS), 0);
}

/* Every byte that is answered is the kernel's, and those that mean nothing are 0. */
TEST_F(hostile, answers_carry_nothing_of_the_kernels_stack)
{
	struct hydropon_interlock entry = always(self->fd, "lights", HYDROPON_LEVEL_SAFE, "fill", 0);
	struct hydropon_interlocks table = { .n = 1, .entries = (uintptr_t)&entry };
	struct hydropon_info info = { 0 };
	struct hydropon_record record;

	ASSERT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_INTERLOCKS, &table), 0);
	memset(&info, 0xa5, sizeof(info));
	ASSERT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_INFO, &info), 0);
	EXPECT_EQ(info.reserved, 0);
	for (uint32_t i = 0; i < info.outputs; i++) {
		struct hydropon_output_info output;

		memset(&output, 0xa5, sizeof(output));
		output.index = i;
		ASSERT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_OUTPUT, &output), 0);
		EXPECT_EQ(output.reserved[0] | output.reserved[1] | output.reserved2, 0);
		for (size_t c = strlen(output.name); c < sizeof(output.name); c++)
			EXPECT_EQ(output.name[c], 0);
	}
	for (uint32_t i = 0; i < info.channels; i++) {
		struct hydropon_channel_info channel;

		memset(&channel, 0xa5, sizeof(channel));
		channel.index = i;
		ASSERT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_CHANNEL, &channel), 0);
		EXPECT_LE(channel.present, 1);
		for (size_t c = strlen(channel.name); c < sizeof(channel.name); c++)
			EXPECT_EQ(channel.name[c], 0);
	}
	for (uint32_t i = 0; i < info.interlocks; i++) {
		struct hydropon_interlock_info interlock;

		memset(&interlock, 0xa5, sizeof(interlock));
		interlock.index = i;
		ASSERT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_INTERLOCK, &interlock), 0);
		EXPECT_EQ(interlock.reserved[0] | interlock.reserved[1], 0);
		EXPECT_EQ(memcmp(&interlock.interlock, &entry, sizeof(entry)), 0);
	}
	/* records: what a type does not use is 0 */
	for (int i = 0; i < 20; i++) {
		record = next_of_type(self->fd, HYDROPON_REC_BEAT);
		EXPECT_EQ(record.channel, 0);
		EXPECT_EQ(record.flags, 0);
		EXPECT_EQ(record.status, 0);
		EXPECT_EQ(record.aux, 0);
	}
	table.n = 0;
	EXPECT_EQ(ioctl_errno(self->fd, HYDROPON_IOC_INTERLOCKS, &table), 0);
}
