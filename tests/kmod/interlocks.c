// SPDX-License-Identifier: GPL-2.0-only
/* The table of interlocks: how it is replaced, what its entries judge, and which level they
 * put their output to. The reading is ec-a, in steps of its converter; outputs are circ-b,
 * which is declared on, valve-b and dose-b.
 */
#include <glob.h>

#include "interlocks.h"

#define GOOD_UV 800000
#define LOW_UV 100000
#define INTERVAL_MS 100
#define BEAT_NS (HYDROPON_BEAT_MS * MS)

FIXTURE(interlocks) { struct controller c; int circ, valve, dose; uint32_t ec, flow; };

FIXTURE_SETUP(interlocks)
{
	good_wires();
	power_is_good();
	rebind("hydropon-output", "hydropon:circ-b");
	rebind("hydropon-output", "hydropon:valve-b");
	rebind("hydropon-output", "hydropon:dose-b");
	controller_open(&self->c);
	self->circ = find_output(self->c.fd, "circ-b");
	self->valve = find_output(self->c.fd, "valve-b");
	self->dose = find_output(self->c.fd, "dose-b");
	self->ec = channel_info(self->c.fd, "ec-a").index;
	self->flow = channel_info(self->c.fd, "flow-a").index;
	run_ms(&self->c, 200);
}

FIXTURE_TEARDOWN(interlocks)
{
	static const char *const contacts[] = { "gpio-panel/line2", "gpio-panel/line3",
						"gpio-panel/line6", "gpio-panel/line7" };

	for (size_t i = 0; i < 4; i++)
		sim_write(contacts[i], 0);
	good_wires();
	load_table(self->c.fd, NULL, 0, NULL);
	for (uint32_t i = 0; i < OUTPUTS; i++)
		ioctl(self->c.fd, HYDROPON_IOC_RESET, &i);
	controller_close(&self->c);
	sim_record_clear(SIM_PANEL);
}

static void set_ec(long microvolts)
{
	EXPECT_EQ(sim_write("i2c-b/adc-49/ain0_uv", microvolts), 0);
}

/* EC below half of what is good has circ-b off. */
static struct hydropon_interlock low_ec(const struct fixture_interlocks *self)
{
	return (struct hydropon_interlock){
		.id = 100, .channel = self->ec, .output = (uint32_t)self->circ,
		.while_output = HYDROPON_NONE, .compare = HYDROPON_BELOW,
		.level = HYDROPON_LEVEL_OFF, .threshold = raw_nano(GOOD_UV / 2),
	};
}

static struct hydropon_output_info circ_info(const struct fixture_interlocks *self)
{
	return output_info(self->c.fd, (uint32_t)self->circ);
}

static int circ_level(void)
{
	return sim_output_level(SIM_PANEL, SIM_CIRC);
}

TEST_F(interlocks, a_table_is_replaced_as_a_whole_and_disarms)
{
	struct hydropon_interlock table[2] = { low_ec(self), low_ec(self) };
	struct hydropon_interlock_info past = { .index = 2 }, info;
	uint64_t begin_ns;
	int onlooker;

	ASSERT_TRUE(hold(&self->c, self->valve));
	begin_ns = clock_boot_ns();
	table[1].id = 101;
	table[1].level = HYDROPON_LEVEL_SAFE;
	EXPECT_EQ(load_table(self->c.fd, table, 2, NULL), 0);
	EXPECT_EQ(line_level(SIM_PANEL, SIM_VALVE), 0);
	read_all(&self->c);
	told_cause(&self->c, self->valve, HYDROPON_CAUSE_REPLACED, begin_ns);
	EXPECT_EQ(device_info(self->c.fd).armed, 0);
	EXPECT_EQ(device_info(self->c.fd).interlocks, 2);
	EXPECT_EQ(lease(self->c.fd, self->valve, true, 2000), EPERM);
	EXPECT_EQ(interlock_info(self->c.fd, 1).interlock.id, 101);
	info = interlock_info(self->c.fd, 0);
	EXPECT_EQ(memcmp(&info.interlock, &table[0], sizeof(table[0])), 0);
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_INTERLOCK, &past), EINVAL);
	/* Anyone may look at it, and only the controller changes it. */
	onlooker = device_open(O_RDONLY);
	EXPECT_EQ(interlock_info(onlooker, 1).interlock.id, 101);
	EXPECT_EQ(load_table(onlooker, NULL, 0, NULL), EPERM);
	close(onlooker);
	/* A beat from before says nothing of the new table. */
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_ARM, NULL), 0);
	EXPECT_EQ(set_output(self->c.fd, self->valve, true, (uint32_t)self->c.beat.value - 1, 2000),
		  ESTALE);
	EXPECT_EQ(lease(self->c.fd, self->valve, true, 2000), 0);
	EXPECT_EQ(load_table(self->c.fd, NULL, 0, NULL), 0);
	EXPECT_EQ(device_info(self->c.fd).interlocks, 0);
}

TEST_F(interlocks, an_entry_that_makes_no_sense_changes_nothing)
{
	static struct hydropon_interlock table[HYDROPON_MAX_INTERLOCKS + 1];
	struct hydropon_interlock good = low_ec(self), wrong[18];
	size_t n = 0;
	uint32_t bad;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		wrong[i] = good;
	wrong[n++].channel = device_info(self->c.fd).channels;
	wrong[n++].channel = UINT32_MAX;
	wrong[n++].output = OUTPUTS;
	wrong[n++].output = HYDROPON_NONE;
	wrong[n++].while_output = OUTPUTS;
	wrong[n++].compare = 0;
	wrong[n++].compare = 3;
	wrong[n++].level = 0;
	wrong[n++].level = 4;
	wrong[n++].flags = 1 << 3;
	wrong[n++].flags = 1 << 7;
	wrong[n++].flags = HYDROPON_WHILE_OFF;	/* of no output */
	wrong[n++].reserved = 1;
	wrong[n++].hold_ms = HYDROPON_INTERLOCK_MAX_MS + 1;
	wrong[n++].stale_ms = HYDROPON_INTERLOCK_MAX_MS + 1;
	wrong[n++].release_ms = UINT32_MAX;
	/* these two would switch at every beat */
	wrong[n++].while_output = good.output;
	wrong[n].while_output = good.output;
	wrong[n++].release_ms = 999;
	ASSERT_EQ(n, sizeof(wrong) / sizeof(wrong[0]));

	load(&self->c, &good, 1);
	ASSERT_TRUE(hold(&self->c, self->valve));
	for (size_t i = 0; i < n; i++) {
		/* the bad entry is named, wherever it stands */
		for (size_t j = 0; j <= i; j++)
			table[j] = good;
		table[i] = wrong[i];
		EXPECT_EQ(load_table(self->c.fd, table, (uint32_t)i + 1, &bad), EINVAL);
		EXPECT_EQ(bad, i);
		turn(&self->c, 0);
	}
	for (size_t i = 0; i <= HYDROPON_MAX_INTERLOCKS; i++)
		table[i] = good;
	EXPECT_EQ(load_table(self->c.fd, table, HYDROPON_MAX_INTERLOCKS + 1, &bad), EINVAL);
	EXPECT_EQ(bad, HYDROPON_MAX_INTERLOCKS);
	EXPECT_EQ(load_table(self->c.fd, (void *)8, 1, NULL), EFAULT);
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_INTERLOCKS, (void *)8), EFAULT);
	EXPECT_EQ(device_info(self->c.fd).armed, 1);
	EXPECT_EQ(device_info(self->c.fd).interlocks, 1);
	EXPECT_EQ(line_level(SIM_PANEL, SIM_VALVE), 1);
	/* a whole table of 64 is taken */
	EXPECT_EQ(load_table(self->c.fd, table, HYDROPON_MAX_INTERLOCKS, &bad), 0);
	EXPECT_EQ(device_info(self->c.fd).interlocks, HYDROPON_MAX_INTERLOCKS);
}

TEST_F(interlocks, a_trip_that_lasts_does_not_pause_while_the_table_is_replaced)
{
	struct hydropon_interlock table[2] = { low_ec(self), low_ec(self) };
	uint64_t begin_ns, trip_ns;

	table[0].hold_ms = 1000;
	table[1].id = 7;
	table[1].compare = HYDROPON_ABOVE;
	table[1].threshold = raw_nano(2000000);
	load(&self->c, table, 1);
	set_ec(LOW_UV);
	begin_ns = clock_boot_ns();
	run_ms(&self->c, 700);
	/* The time that its condition has lasted is carried over ... */
	load(&self->c, table, 2);
	run_ms(&self->c, 700);
	trip_ns = last_transition(SIM_PANEL, SIM_CIRC).ns;
	EXPECT_EQ(circ_level(), 0);
	EXPECT_GE(trip_ns, begin_ns + 1000 * MS);
	EXPECT_LE(trip_ns, begin_ns + 1000 * MS + 2 * INTERVAL_MS * MS);
	/* ... and so is its trip, at another place of the table. */
	table[1] = table[0];
	table[0].id = 8;
	table[0].threshold = 0;
	load(&self->c, table, 2);
	run_ms(&self->c, 300);
	EXPECT_EQ(count_transitions(SIM_PANEL, SIM_CIRC, trip_ns), 1);
	EXPECT_EQ(count_told(&self->c, HYDROPON_REC_TRIP, self->circ, begin_ns), 1);
	/* One that differs begins anew. */
	table[1].hold_ms = 900;
	load(&self->c, table, 2);
	EXPECT_EQ(circ_level(), 1);
	run_ms(&self->c, 800);
	EXPECT_EQ(circ_level(), 1);
	run_ms(&self->c, 200);
	EXPECT_EQ(circ_level(), 0);
}

TEST_F(interlocks, a_threshold_is_the_raw_reading_and_compares_exactly)
{
	struct hydropon_interlock one = low_ec(self);
	static const struct { int compare; int64_t step; bool trips; } cases[] = {
		{ HYDROPON_BELOW, 0, false }, { HYDROPON_BELOW, 1, true }, { HYDROPON_BELOW, -1, false },
		{ HYDROPON_ABOVE, 0, false }, { HYDROPON_ABOVE, -1, true }, { HYDROPON_ABOVE, 1, false },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		one.compare = (__u8)cases[i].compare;
		one.threshold = raw_nano(GOOD_UV) + cases[i].step;
		load(&self->c, &one, 1);
		EXPECT_EQ(interlock_info(self->c.fd, 0).tripping, cases[i].trips);
		EXPECT_EQ(circ_level(), !cases[i].trips);
	}
}

TEST_F(interlocks, hold_and_release_are_kept_to_the_millisecond)
{
	struct hydropon_interlock one = low_ec(self);
	struct sim_transition off, on;
	struct hydropon_record trip;
	uint64_t low_ns, good_ns;

	one.hold_ms = 450;
	one.release_ms = 750;
	load(&self->c, &one, 1);
	/* Low for less than the hold time: nothing. */
	set_ec(LOW_UV);
	run_ms(&self->c, 300);
	set_ec(GOOD_UV);
	run_ms(&self->c, 700);
	EXPECT_EQ(circ_level(), 1);

	low_ns = clock_boot_ns();
	set_ec(LOW_UV);
	run_ms(&self->c, 900);
	off = last_transition(SIM_PANEL, SIM_CIRC);
	trip = told(&self->c, HYDROPON_REC_TRIP, self->circ, low_ns);
	EXPECT_EQ(off.level, 0);
	EXPECT_EQ(trip.value, 1);
	EXPECT_EQ(trip.aux, 100);
	EXPECT_EQ(trip.flags, HYDROPON_LEVEL_OFF);
	EXPECT_EQ(trip.status, 0);
	EXPECT_GE(off.ns, low_ns + 450 * MS);
	EXPECT_LE(off.ns, low_ns + (450 + INTERVAL_MS + 20) * MS);
	EXPECT_EQ(circ_info(self).trips, HYDROPON_TRIP_OFF);
	EXPECT_EQ(circ_info(self).trip_id, 100);
	EXPECT_EQ(circ_info(self).cause, HYDROPON_CAUSE_TRIP_OFF);

	good_ns = clock_boot_ns();
	set_ec(GOOD_UV);
	run_ms(&self->c, 1200);
	on = last_transition(SIM_PANEL, SIM_CIRC);
	EXPECT_EQ(on.level, 1);
	EXPECT_GE(on.ns, good_ns + 750 * MS);
	EXPECT_LE(on.ns, good_ns + (750 + INTERVAL_MS + 20) * MS);
	EXPECT_EQ(told(&self->c, HYDROPON_REC_TRIP, self->circ, good_ns).value, 0);
	EXPECT_EQ(circ_info(self).cause, HYDROPON_CAUSE_CLEARED);
	EXPECT_EQ(circ_info(self).trips, 0);
}

TEST_F(interlocks, a_channel_without_a_good_reading_trips_when_it_is_stale)
{
	struct hydropon_interlock table[2] = { low_ec(self), low_ec(self) };
	struct sim_transition off;
	struct hydropon_record trip;
	uint64_t bad_ns;

	table[0].stale_ms = 400;
	/* no stale-for: a bad reading makes the condition false */
	table[1].id = 101;
	table[1].output = (uint32_t)self->valve;
	table[1].level = HYDROPON_LEVEL_ON;
	set_ec(LOW_UV);
	run_ms(&self->c, 200);
	load(&self->c, table, 2);
	EXPECT_EQ(circ_level(), 0);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_VALVE), 1);
	set_ec(GOOD_UV);
	run_ms(&self->c, 200);
	EXPECT_EQ(circ_level(), 1);

	bad_ns = clock_boot_ns();
	sim_write("i2c-b/adc-49/errno", EREMOTEIO);
	run_ms(&self->c, 600);
	off = last_transition(SIM_PANEL, SIM_CIRC);
	EXPECT_EQ(off.level, 0);
	EXPECT_GE(off.ns, bad_ns + (400 - INTERVAL_MS - 20) * MS);
	EXPECT_LE(off.ns, bad_ns + 400 * MS + BEAT_NS);
	trip = told(&self->c, HYDROPON_REC_TRIP, self->circ, bad_ns);
	EXPECT_EQ(trip.value, 1);
	EXPECT_EQ(trip.status, -ESTALE);
	EXPECT_EQ(interlock_info(self->c.fd, 0).stale, 1);
	EXPECT_EQ(interlock_info(self->c.fd, 1).tripping, 0);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_VALVE), 0);
	/* also by a sampler that says nothing at all */
	sim_write("i2c-b/adc-49/errno", 0);
	run_ms(&self->c, 300);
	EXPECT_EQ(circ_level(), 1);
	unbind("hydropon-sampler", "hydropon:probe-b");
	run_ms(&self->c, 600);
	EXPECT_EQ(circ_level(), 0);
	bind("hydropon-sampler", "hydropon:probe-b");
	run_ms(&self->c, 400);
	EXPECT_EQ(circ_level(), 1);
}

TEST_F(interlocks, a_condition_counts_only_while_its_output_is_so)
{
	struct hydropon_interlock one = low_ec(self);

	one.while_output = (uint32_t)self->valve;
	set_ec(LOW_UV);
	run_ms(&self->c, 200);
	load(&self->c, &one, 1);
	run_ms(&self->c, 300);
	EXPECT_EQ(circ_level(), 1);
	ASSERT_TRUE(hold(&self->c, self->valve));
	EXPECT_EQ(circ_level(), 0);
	let_go(&self->c, self->valve);
	EXPECT_EQ(circ_level(), 1);
	self->c.wanted[self->valve] = false;

	one.flags = HYDROPON_WHILE_OFF;
	load(&self->c, &one, 1);
	EXPECT_EQ(circ_level(), 0);
	ASSERT_TRUE(hold(&self->c, self->valve));
	EXPECT_EQ(circ_level(), 1);
	/* One that is gone is neither on nor off. */
	unbind("hydropon-output", "hydropon:valve-b");
	EXPECT_EQ(circ_level(), 1);
	bind("hydropon-output", "hydropon:valve-b");
	EXPECT_EQ(circ_level(), 0);
}

TEST_F(interlocks, levels_are_off_before_on_before_safe_before_a_lease)
{
	struct hydropon_interlock table[3] = { low_ec(self), low_ec(self), low_ec(self) };
	static const int levels[] = { HYDROPON_LEVEL_SAFE, HYDROPON_LEVEL_ON, HYDROPON_LEVEL_OFF };
	static const int causes[] = { HYDROPON_CAUSE_TRIP_SAFE, HYDROPON_CAUSE_TRIP_ON,
				      HYDROPON_CAUSE_TRIP_OFF };

	for (uint32_t i = 0; i < 3; i++) {
		table[i].id = i;
		table[i].level = (__u8)levels[i];
	}
	set_ec(LOW_UV);
	run_ms(&self->c, 200);
	for (int on_safe = 0; on_safe <= 1; on_safe++) {
		int output = on_safe ? self->circ : self->valve;
		unsigned int line = on_safe ? SIM_CIRC : SIM_VALVE;

		for (uint32_t i = 0; i < 3; i++)
			table[i].output = (uint32_t)output;
		for (uint32_t n = 1; n <= 3; n++) {
			load(&self->c, NULL, 0);
			ASSERT_TRUE(hold(&self->c, output));
			EXPECT_EQ(sim_output_level(SIM_PANEL, line), !on_safe);
			load(&self->c, table, n);
			EXPECT_EQ(sim_output_level(SIM_PANEL, line), n == 3 ? 0 : n == 2 ? 1 : on_safe);
			EXPECT_EQ(output_info(self->c.fd, (uint32_t)output).cause, causes[n - 1]);
			EXPECT_EQ(output_info(self->c.fd, (uint32_t)output).trips, (1 << 2) | (n > 1 ? 1 << 1 : 0) | (n > 2));
			EXPECT_EQ(lease(self->c.fd, output, !on_safe, 2000), EBUSY);
			self->c.wanted[output] = false;
		}
	}
}

TEST_F(interlocks, a_latch_ends_by_reset_alone_and_not_while_its_reason_lasts)
{
	struct hydropon_interlock one = low_ec(self);
	uint32_t circ = (uint32_t)self->circ;
	uint32_t none = OUTPUTS;

	one.flags = HYDROPON_LATCHING;
	load(&self->c, &one, 1);
	set_ec(LOW_UV);
	run_ms(&self->c, 250);
	EXPECT_EQ(circ_info(self).latched, HYDROPON_TRIP_OFF);
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_RESET, &circ), EBUSY);
	set_ec(GOOD_UV);
	run_ms(&self->c, 250);
	EXPECT_EQ(circ_info(self).trips, 0);
	EXPECT_EQ(circ_level(), 0);
	/* Neither another table nor another controller clears it. */
	load(&self->c, NULL, 0);
	EXPECT_EQ(circ_level(), 0);
	controller_close(&self->c);
	controller_open(&self->c);
	EXPECT_EQ(circ_info(self).latched, HYDROPON_TRIP_OFF);
	EXPECT_EQ(circ_level(), 0);
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_RESET, &none), EINVAL);
	EXPECT_EQ(ioctl_errno(self->c.fd, HYDROPON_IOC_RESET, &circ), 0);
	EXPECT_EQ(circ_level(), 1);
	EXPECT_EQ(circ_info(self).latched, 0);
}

TEST_F(interlocks, a_switch_held_at_on_passes_only_what_says_so)
{
	struct hydropon_interlock one = low_ec(self);

	one.output = (uint32_t)self->dose;
	set_ec(LOW_UV);
	run_ms(&self->c, 200);
	load(&self->c, &one, 1);
	sim_write("gpio-panel/line6", 1);
	run_ms(&self->c, 100);
	EXPECT_EQ(output_info(self->c.fd, one.output).manual, HYDROPON_MANUAL_ON);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_DOSE), 0);
	EXPECT_EQ(output_info(self->c.fd, one.output).trips, HYDROPON_TRIP_OFF);

	one.flags = HYDROPON_HOLD_PASSES;
	load(&self->c, &one, 1);
	EXPECT_EQ(output_info(self->c.fd, one.output).trips,
		  HYDROPON_TRIP_OFF << HYDROPON_TRIP_PASS_SHIFT);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_DOSE), 1);
	EXPECT_EQ(output_info(self->c.fd, one.output).cause, HYDROPON_CAUSE_MANUAL_ON);
	/* let go of: it holds again at once */
	sim_write("gpio-panel/line6", 0);
	EXPECT_EQ(sim_output_level(SIM_PANEL, SIM_DOSE), 0);
	EXPECT_EQ(output_info(self->c.fd, one.output).cause, HYDROPON_CAUSE_TRIP_OFF);
	EXPECT_EQ(lease(self->c.fd, self->dose, true, 2000), EBUSY);
}

TEST_F(interlocks, a_changed_scale_makes_a_channel_stale_until_the_table_is_replaced)
{
	struct hydropon_interlock one = low_ec(self);
	char text[32] = "";
	glob_t found;
	FILE *file;

	ASSERT_EQ(glob("/sys/bus/i2c/devices/*-0049/iio:device*/in_voltage0_scale", 0, NULL, &found), 0);
	file = fopen(found.gl_pathv[0], "r");
	ASSERT_TRUE(file && fgets(text, sizeof(text), file));
	fclose(file);
	one.stale_ms = 5000;
	load(&self->c, &one, 1);
	EXPECT_EQ(circ_level(), 1);
	write_text(found.gl_pathv[0], "0.125");
	run_ms(&self->c, 300);
	EXPECT_EQ(circ_level(), 0);
	EXPECT_EQ(interlock_info(self->c.fd, 0).stale, 1);
	/* Back again is a change as well. */
	write_text(found.gl_pathv[0], text);
	run_ms(&self->c, 300);
	EXPECT_EQ(circ_level(), 0);
	load(&self->c, &one, 1);
	run_ms(&self->c, 100);
	EXPECT_EQ(circ_level(), 1);
	globfree(&found);
}

TEST_F(interlocks, rates_of_pulses_compare_with_millihertz)
{
	struct hydropon_interlock one = low_ec(self);
	static const struct { int compare; int64_t millihertz; bool trips; } cases[] = {
		{ HYDROPON_BELOW, 49500, false }, { HYDROPON_BELOW, 50500, true },
		{ HYDROPON_ABOVE, 50500, false }, { HYDROPON_ABOVE, 49500, true },
		{ HYDROPON_ABOVE, INT64_MAX, false }, { HYDROPON_BELOW, INT64_MAX, true },
		{ HYDROPON_ABOVE, -1, true }, { HYDROPON_BELOW, 0, false },
	};

	sim_write("gpio-soc/hz_milli8", 50000);
	run_ms(&self->c, 1600);
	one.channel = self->flow;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		one.compare = (__u8)cases[i].compare;
		one.threshold = cases[i].millihertz;
		load(&self->c, &one, 1);
		EXPECT_EQ(interlock_info(self->c.fd, 0).tripping, cases[i].trips);
	}
}

TEST_F(interlocks, they_work_on_when_the_controller_is_dead)
{
	struct hydropon_interlock one = low_ec(self);
	uint64_t low_ns;
	int onlooker;

	one.flags = HYDROPON_LATCHING;
	one.stale_ms = 1000;
	load(&self->c, &one, 1);
	controller_close(&self->c);
	sleep_ms(1500);
	EXPECT_EQ(circ_level(), 1);
	low_ns = clock_boot_ns();
	set_ec(LOW_UV);
	sleep_ms(300);
	EXPECT_EQ(circ_level(), 0);
	EXPECT_GE(last_transition(SIM_PANEL, SIM_CIRC).ns, low_ns);
	EXPECT_LE(last_transition(SIM_PANEL, SIM_CIRC).ns, low_ns + (INTERVAL_MS + 20) * MS);
	onlooker = device_open(O_RDONLY);
	EXPECT_EQ(output_info(onlooker, (uint32_t)self->circ).cause, HYDROPON_CAUSE_TRIP_OFF);
	EXPECT_EQ(output_info(onlooker, (uint32_t)self->circ).latched, HYDROPON_TRIP_OFF);
	close(onlooker);
	controller_open(&self->c);
}

TEST_F(interlocks, a_full_stream_hides_no_trip)
{
	struct hydropon_interlock one = low_ec(self);
	uint64_t records = device_info(self->c.fd).ring_records - HYDROPON_RING_RESERVED, low_ns;
	struct hydropon_record trip, off;
	uint32_t beat;

	load(&self->c, &one, 1);
	self->c.has_beat = false;
	while (!self->c.has_beat)
		turn(&self->c, 5);
	beat = (uint32_t)self->c.beat.value;
	/* as far as readings go, then some that are dropped */
	for (uint64_t n = device_info(self->c.fd).records + records;
	     device_info(self->c.fd).records + 2 < n;) {
		ASSERT_EQ(set_output(self->c.fd, self->valve, true, beat, 2000), 0);
		ASSERT_EQ(set_output(self->c.fd, self->valve, false, 0, 0), 0);
	}
	sleep_ms(500);
	EXPECT_GE(device_info(self->c.fd).lost, 10);
	EXPECT_EQ(device_info(self->c.fd).lost_urgent, 0);
	low_ns = clock_boot_ns();
	set_ec(LOW_UV);
	sleep_ms(500);
	/* The line, the status and the records say so. */
	EXPECT_EQ(circ_level(), 0);
	EXPECT_EQ(circ_info(self).cause, HYDROPON_CAUSE_TRIP_OFF);
	EXPECT_EQ(circ_info(self).trips, HYDROPON_TRIP_OFF);
	EXPECT_EQ(device_info(self->c.fd).lost_urgent, 0);
	self->c.told_n = 0;
	for (bool found = false; !found;) {
		struct hydropon_record record;

		ASSERT_EQ(read(self->c.fd, &record, sizeof(record)), sizeof(record));
		if (record.time_ns < low_ns)
			continue;
		take_record(&self->c, &record);
		found = record.type == HYDROPON_REC_OUTPUT && record.channel == self->circ;
	}
	trip = told(&self->c, HYDROPON_REC_TRIP, self->circ, low_ns);
	off = told_cause(&self->c, self->circ, HYDROPON_CAUSE_TRIP_OFF, low_ns);
	EXPECT_EQ(trip.value, 1);
	EXPECT_EQ(off.value, 0);
	/* what was dropped before is told before them */
	EXPECT_EQ(told(&self->c, HYDROPON_REC_LOST, 0, low_ns).seq + 1, trip.seq);
	EXPECT_EQ(trip.seq + 1, off.seq);
}
