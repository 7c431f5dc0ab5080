// SPDX-License-Identifier: GPL-2.0-only
/* EZO boards on a bus whose time is the test's own: what is had of them, and when. */
#include "harness.h"

#include "acquire/ezo_poll.h"
#include "support/ezo_board.h"

#define SECOND NS_PER_SEC
#define START (1000 * SECOND)

FIXTURE(ezo)
{
	struct conf conf;
	struct ezo_sim sim;
	struct ezo_poll poll;
	struct {
		unsigned int good, bad, anew;
		double number, lowest, highest;
		int error;
		uint64_t ns;		/* of the newest number */
	} had[EZO_BOARDS_MAX];
	unsigned int transfers;
};

FIXTURE_SETUP(ezo)
{
	self->sim = (struct ezo_sim){ .now_ns = START, .transfer_ns = 4 * NS_PER_MS };
	pthread_mutex_init(&self->sim.lock, NULL);
	self->conf.buses_n = 1;
	self->conf.buses[0].kind = BUS_EZO;
}

FIXTURE_TEARDOWN(ezo)
{
	pthread_mutex_destroy(&self->sim.lock);
}

static const enum quantity quantities[] = {
	[EZO_PH] = QUANTITY_PH, [EZO_EC] = QUANTITY_EC, [EZO_RTD] = QUANTITY_TEMPERATURE,
	[EZO_FLOW] = QUANTITY_FLOW,
};

/* A board as it is wired and, in the configuration, as it should be. */
static struct ezo_sim_board *add(struct fixture_ezo *self, enum conf_ezo_kind kind, double value)
{
	static const char *const names[] = {
		[EZO_PH] = "pH", [EZO_EC] = "EC", [EZO_RTD] = "RTD", [EZO_FLOW] = "FLO",
	};
	struct conf *conf = &self->conf;
	uint32_t address = 99 + (uint32_t)conf->ezos_n;

	conf->channels[conf->channels_n++] = (struct conf_channel){
		.source = SOURCE_EZO, .ezo = (int)conf->ezos_n, .quantity = quantities[kind],
	};
	conf->ezos[conf->ezos_n++] = (struct conf_ezo){
		.kind = kind, .address = address, .interval_ms = 1000,
	};
	return ezo_sim_add(&self->sim, address, names[kind], value);
}

static void begin(struct fixture_ezo *self)
{
	ezo_poll_begin(&self->poll, &self->conf, 0, self->sim.now_ns);
}

static void take(struct fixture_ezo *self, int device, const struct ezo_result *result)
{
	if (result->outcome == EZO_FAILED || result->outcome == EZO_LOST) {
		self->had[device].bad++;
		self->had[device].error = result->error;
	} else if (result->outcome == EZO_NUMBER) {
		if (!self->had[device].good++)
			self->had[device].lowest = self->had[device].highest = result->number;
		self->had[device].number = result->number;
		self->had[device].anew += result->is_anew;
		self->had[device].ns = self->sim.now_ns;
		if (result->number < self->had[device].lowest)
			self->had[device].lowest = result->number;
		if (result->number > self->had[device].highest)
			self->had[device].highest = result->number;
	}
}

/* As the bus's thread does it, for @ms. */
static void pass(struct fixture_ezo *self, uint64_t ms)
{
	uint64_t end_ns = self->sim.now_ns + ms * NS_PER_MS, until_ns, begun_ns;
	uint8_t bytes[EZO_ANSWER_BYTES] = { 0 };
	struct ezo_result result;
	struct ezo_action action;
	int error, skipped;

	while (self->sim.now_ns < end_ns) {
		while ((skipped = ezo_poll_skip(&self->poll, self->sim.now_ns)) >= 0)
			take(self, skipped, &(struct ezo_result){
				.outcome = EZO_FAILED,
				.error = self->poll.devices[skipped].stats.error });
		if (!ezo_poll_next(&self->poll, self->sim.now_ns, &action, &until_ns)) {
			ASSERT_GT(until_ns, self->sim.now_ns);
			/* Devices that are not asked are due in between. */
			if (until_ns > self->sim.now_ns + 100 * NS_PER_MS)
				until_ns = self->sim.now_ns + 100 * NS_PER_MS;
			self->sim.now_ns = until_ns;
			continue;
		}
		begun_ns = self->sim.now_ns;
		error = action.command ? ezo_sim_write(&self->sim, action.address, action.command) :
					 ezo_sim_read(&self->sim, action.address, bytes);
		self->transfers++;
		ezo_poll_done(&self->poll, &action, error, bytes, begun_ns, self->sim.now_ns,
			      &result);
		take(self, action.device, &result);
	}
}

TEST_F(ezo, each_kind_is_read)
{
	add(self, EZO_PH, 6.123);
	add(self, EZO_EC, 1413);
	add(self, EZO_RTD, 21.5);
	add(self, EZO_FLOW, 3.25);
	begin(self);
	pass(self, 10000);
	EXPECT_NEAR(self->had[0].number, 6.123, 1e-9);
	EXPECT_NEAR(self->had[1].number, 1413, 1e-9);
	EXPECT_NEAR(self->had[2].number, 21.5, 1e-9);
	EXPECT_NEAR(self->had[3].number, 3.25, 1e-9);
	for (int i = 0; i < 4; i++) {
		EXPECT_EQ(self->had[i].bad, 0);
		EXPECT_EQ(self->had[i].anew, 1);
		EXPECT_EQ(self->poll.devices[i].stats.error, 0);
	}
}

/* One after the other, eight would take 7 s for what they have a second for. */
TEST_F(ezo, boards_are_at_their_answers_at_the_same_time)
{
	for (int i = 0; i < EZO_BOARDS_MAX; i++)
		add(self, EZO_PH, 6 + i);
	begin(self);
	pass(self, 120000);
	for (int i = 0; i < EZO_BOARDS_MAX; i++) {
		EXPECT_GE(self->had[i].good, 110);
		EXPECT_EQ(self->had[i].bad, 0);
		EXPECT_NEAR(self->had[i].number, 6 + i, 1e-9);
		/* It was not asked whether it is ready before it can be. */
		EXPECT_EQ(self->poll.devices[i].stats.silent, 0);
	}
}

TEST_F(ezo, a_board_is_not_read_before_its_time)
{
	add(self, EZO_PH, 6);
	begin(self);
	pass(self, 60000);
	EXPECT_GE(self->poll.devices[0].stats.response_max_ns, 900 * NS_PER_MS);
	/* Two transfers a question. */
	EXPECT_EQ(self->transfers / 2, self->poll.devices[0].stats.requests);
}

TEST_F(ezo, a_slow_answer_is_waited_for)
{
	add(self, EZO_PH, 6)->late_ns = 700 * NS_PER_MS;
	begin(self);
	pass(self, 20000);
	EXPECT_GE(self->had[0].good, 9);
	EXPECT_EQ(self->had[0].bad, 0);
}

TEST_F(ezo, one_that_is_at_it_for_ever_fails_in_bounded_time)
{
	add(self, EZO_PH, 6)->late_ns = EZO_FOR_EVER;
	begin(self);
	pass(self, 3000);
	EXPECT_EQ(self->had[0].good, 0);
	EXPECT_EQ(self->had[0].bad, 1);
	EXPECT_EQ(self->had[0].error, -ETIMEDOUT);
	EXPECT_LT(self->transfers, 40);
	pass(self, 60000);
	EXPECT_EQ(self->had[0].good, 0);
	EXPECT_TRUE(self->poll.devices[0].stats.is_open);
}

TEST_F(ezo, a_board_of_another_kind_is_never_read)
{
	struct ezo_sim_board *board = add(self, EZO_PH, 6);

	board->kind = "ORP";
	begin(self);
	pass(self, 30000);
	EXPECT_EQ(self->had[0].good, 0);
	EXPECT_GE(self->had[0].bad, 20);
	EXPECT_EQ(self->had[0].error, -EMEDIUMTYPE);
	EXPECT_EQ(board->readings, 0);
	EXPECT_EQ(board->sets, 0);
	EXPECT_EQ(self->poll.devices[0].stats.exceptions, self->had[0].bad);
	/* It has answered: it is asked on at each interval. */
	EXPECT_FALSE(self->poll.devices[0].stats.is_open);
}

TEST_F(ezo, one_that_is_changed_for_another_kind_is_noticed)
{
	struct ezo_sim_board *board = add(self, EZO_PH, 6);

	begin(self);
	pass(self, 10000);
	board->kind = "RTD";
	board->value = 21;
	board->error = -ENXIO;
	pass(self, 1500);
	board->error = 0;
	pass(self, 30000);
	EXPECT_NEAR(self->had[0].highest, 6, 1e-9);
	EXPECT_EQ(self->had[0].error, -EMEDIUMTYPE);
}

TEST_F(ezo, the_temperature_is_set_before_the_first_reading)
{
	struct ezo_sim_board *board = add(self, EZO_EC, 1413);

	board->celsius = 19.5;
	begin(self);
	pass(self, 10000);
	EXPECT_NEAR(board->celsius, 25, 0);
	EXPECT_EQ(board->sets, 1);
	EXPECT_NEAR(self->had[0].lowest, 1413, 1e-6);
	EXPECT_NEAR(self->had[0].highest, 1413, 1e-6);
	EXPECT_EQ(self->poll.devices[0].board.sets, 1);
}

TEST_F(ezo, a_temperature_that_is_right_is_not_written)
{
	struct ezo_sim_board *board = add(self, EZO_PH, 6);

	begin(self);
	pass(self, 120000);
	EXPECT_EQ(board->sets, 0);
}

TEST_F(ezo, a_temperature_that_is_changed_meanwhile_is_set_back)
{
	struct ezo_sim_board *board = add(self, EZO_EC, 1413);

	begin(self);
	pass(self, 10000);
	board->celsius = 19.5;
	pass(self, EZO_CHECK_MS + 3000);
	EXPECT_NEAR(board->celsius, 25, 0);
	EXPECT_NEAR(self->had[0].number, 1413, 1e-6);
	EXPECT_EQ(self->poll.devices[0].board.sets, 1);
}

TEST_F(ezo, after_a_failure_its_temperature_is_looked_at_first)
{
	struct ezo_sim_board *board = add(self, EZO_EC, 1413);

	begin(self);
	pass(self, 10000);
	board->error = -ENXIO;
	pass(self, 1500);
	board->error = 0;
	board->celsius = 20;
	pass(self, 5000);
	EXPECT_NEAR(self->had[0].highest, 1413, 1e-6);
	EXPECT_EQ(board->sets, 1);
}

TEST_F(ezo, one_that_does_not_take_its_temperature_is_not_read)
{
	struct ezo_sim_board *board = add(self, EZO_PH, 6);

	board->celsius = 20;
	board->is_stubborn = true;
	begin(self);
	pass(self, 10000);
	EXPECT_EQ(board->readings, 0);
	EXPECT_EQ(self->had[0].error, -EPROTO);
}

TEST_F(ezo, of_several_outputs_the_conductivity_is_taken)
{
	struct ezo_sim_board *board = add(self, EZO_EC, 1413);

	board->outputs = "EC,TDS,S,SG";
	memcpy(board->others, (double[]){ 706, 0.69, 1 }, sizeof(board->others));
	board = add(self, EZO_FLOW, 4);
	board->others[0] = 1234;
	begin(self);
	pass(self, 5000);
	EXPECT_NEAR(self->had[0].number, 1413, 1e-9);
	EXPECT_NEAR(self->had[1].number, 4, 1e-9);
}

TEST_F(ezo, a_board_that_gives_something_else_is_not_read)
{
	struct ezo_sim_board *board = add(self, EZO_EC, 1413);

	board->outputs = "TDS,SG";
	board->others[0] = 706;
	begin(self);
	pass(self, 5000);
	EXPECT_EQ(board->readings, 0);
	EXPECT_EQ(self->had[0].error, -ENOMSG);
}

TEST_F(ezo, outputs_that_are_changed_meanwhile_give_no_wrong_number)
{
	struct ezo_sim_board *board = add(self, EZO_EC, 1413);

	begin(self);
	pass(self, 10000);
	board->outputs = "EC,TDS";
	board->others[0] = 706;
	pass(self, 5000);
	EXPECT_EQ(self->had[0].bad, 1);
	EXPECT_EQ(self->had[0].error, -EBADMSG);
	EXPECT_NEAR(self->had[0].lowest, 1413, 1e-9);
	EXPECT_GE(self->had[0].good, 8);
}

TEST_F(ezo, units_are_known_or_refused)
{
	struct ezo_sim_board *water = add(self, EZO_RTD, 70.7), *flow = add(self, EZO_FLOW, 0.05);

	water->unit = "f";
	flow->unit = "s";
	begin(self);
	pass(self, 5000);
	EXPECT_EQ(water->readings, 0);
	EXPECT_EQ(self->had[0].error, -EDOM);
	EXPECT_NEAR(self->had[1].number, 3, 1e-9);
	flow->unit = "h";
	flow->value = 180;
	pass(self, 2 * EZO_CHECK_MS);
	EXPECT_NEAR(self->had[1].number, 3, 1e-9);
}

/* Each is a failure, none a number, and when it is over there are numbers again. */
TEST_F(ezo, an_odd_answer_is_never_a_number)
{
	static const char *const texts[] = { "", "nan", "6.1,7.2", "6.", "*ER", "6.1e0", "?T,25.0" };
	static const uint8_t raws[][EZO_ANSWER_BYTES] = {
		{ 255 }, { 2 }, { 0 }, { 255, '6' }, { 6, '6', '.', '1' }, { 1, '6', 0xb1 },
		{ 1, '2', '5', '5', '.', '0', 0xff },
	};
	struct ezo_sim_board *board = add(self, EZO_PH, 6.1);
	unsigned int bad = 0;

	begin(self);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) + sizeof(raws) / sizeof(raws[0]); i++) {
		unsigned int good;

		board->reads_as = NULL;
		board->raw = NULL;
		pass(self, 10000);
		good = self->had[0].good;
		EXPECT_GT(good, 0);
		/* From here on, and not of a reading that is under way. */
		pass(self, 0);
		if (i < sizeof(texts) / sizeof(texts[0]))
			board->reads_as = texts[i];
		else
			board->raw = raws[i - sizeof(texts) / sizeof(texts[0])];
		pass(self, 4000);
		EXPECT_LE(self->had[0].good, good + 1);
		EXPECT_GT(self->had[0].bad, bad);
		bad = self->had[0].bad;
	}
	EXPECT_NEAR(self->had[0].lowest, 6.1, 1e-9);
	EXPECT_NEAR(self->had[0].highest, 6.1, 1e-9);
}

TEST_F(ezo, an_answer_without_its_end_is_never_a_number)
{
	add(self, EZO_PH, 6.1)->is_cut = true;
	begin(self);
	pass(self, 20000);
	EXPECT_EQ(self->had[0].good, 0);
	EXPECT_EQ(self->had[0].error, -EBADMSG);
	EXPECT_GT(self->poll.devices[0].stats.garbled, 2);
}

TEST_F(ezo, one_that_is_absent_fails_at_each_interval)
{
	add(self, EZO_PH, 6)->error = -ENXIO;
	begin(self);
	pass(self, 60000);
	EXPECT_GE(self->had[0].bad, 59);
	EXPECT_LE(self->had[0].bad, 70);
	EXPECT_EQ(self->had[0].error, -ENXIO);
	EXPECT_TRUE(self->poll.devices[0].stats.is_open);
	/* Three, and then 1, 2, 4, 8, 16, 30 s later. */
	EXPECT_LE(self->transfers, 10);
}

TEST_F(ezo, one_that_comes_back_is_read_again_and_is_new)
{
	struct ezo_sim_board *board = add(self, EZO_PH, 6);
	unsigned int before;

	begin(self);
	pass(self, 10000);
	board->error = -ENXIO;
	pass(self, 30000);
	before = self->had[0].good;
	board->error = 0;
	pass(self, 32000);
	EXPECT_GT(self->had[0].good, before);
	EXPECT_EQ(self->had[0].anew, 2);
}

/* Boards that hold the bus until its adapter gives up, at each transfer. */
TEST_F(ezo, boards_that_hold_the_bus_cost_the_others_little)
{
	add(self, EZO_PH, 7);
	add(self, EZO_EC, 1413);
	for (int i = 2; i < EZO_BOARDS_MAX; i++) {
		struct ezo_sim_board *dead = add(self, EZO_PH, 6);

		dead->error = -ETIMEDOUT;
		dead->error_takes_ns = SECOND;
	}
	begin(self);
	pass(self, 600000);
	harness_note("of what was due of the healthy ones %.1f and %.1f %% was had",
		     self->had[0].good / 6.0, self->had[1].good / 6.0);
	/* 18 s until all are given up, then at most 4 %. */
	EXPECT_GE(self->had[0].good, 570);
	EXPECT_GE(self->had[1].good, 570);
	EXPECT_EQ(self->had[0].bad, 0);
}

TEST_F(ezo, a_bus_that_is_gone_is_told_apart_from_a_board)
{
	uint64_t until_ns;

	add(self, EZO_PH, 6);
	begin(self);
	pass(self, 5000);
	self->sim.error = -ENODEV;
	pass(self, 1000);
	EXPECT_EQ(self->had[0].error, -ENODEV);
	EXPECT_EQ(self->poll.devices[0].breaker.failures, 0);
	/* As long as it is, what is due is given up. */
	self->sim.now_ns += 5 * SECOND;
	EXPECT_EQ(ezo_poll_pass(&self->poll, self->sim.now_ns, &until_ns), 0);
	/* What is a whole interval ago is given up at once, and the newest by itself. */
	ezo_poll_pass(&self->poll, self->sim.now_ns, &until_ns);
	EXPECT_EQ(ezo_poll_pass(&self->poll, self->sim.now_ns, &until_ns), -1);
	EXPECT_GT(until_ns, self->sim.now_ns);
	EXPECT_LE(until_ns, self->sim.now_ns + SECOND);
	self->sim.error = 0;
	pass(self, 4000);
	EXPECT_EQ(self->poll.devices[0].stats.error, 0);
}

TEST_F(ezo, only_boards_of_this_bus_that_a_channel_names_are_asked)
{
	struct ezo_sim_board *mine = add(self, EZO_PH, 6), *others = add(self, EZO_PH, 7);
	struct ezo_sim_board *unused = add(self, EZO_PH, 8);

	self->conf.ezos[1].bus = 1;
	self->conf.channels_n = 2;
	begin(self);
	pass(self, 5000);
	EXPECT_GT(mine->asked, 0);
	EXPECT_EQ(others->asked, 0);
	EXPECT_EQ(unused->asked, 0);
}
