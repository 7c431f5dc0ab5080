// SPDX-License-Identifier: GPL-2.0-only
/*
 * The forwarder and samples that were taken before the clock was set. Their boot begins at
 * RIG_WALL_MS, so that those which are dated have the stamps that the rig wants.
 */
#include "support/forward_rig.h"

#include "spool/time_note.h"

static struct time_note new_note(void)
{
	return (struct time_note){ .boot = 1, .top_ms = INT64_MIN };
}

static struct time_boot *add_boot(struct time_note *note, uint64_t first, enum time_proof proof)
{
	struct time_boot *boot = &note->boots[note->boots_n++];

	*boot = (struct time_boot){
		.first = first, .number = (uint32_t)note->boots_n, .proof = proof,
		.ahead_ms = proof == TIME_BY_CLOCK || proof == TIME_BY_RTC ? RIG_WALL_MS : 0,
	};
	return boot;
}

static uint64_t records(const struct fixture_forward *self)
{
	return rig_stats(&self->rig).records;
}

/* Returns its record. */
static uint64_t append_note(struct fixture_forward *self, const struct time_note *note)
{
	uint8_t bytes[NOTE_BYTES_MAX];
	size_t size = time_note_put(bytes, note);

	ASSERT_EQ(spool_note(self->rig.spool, bytes, size), 0);
	return records(self) - 1;
}

/* The next @n samples, taken while the clock said @wall_ms since its boot. */
static void append_unset(struct fixture_forward *self, size_t n, int64_t wall_ms)
{
	static struct sample samples[SPOOL_BATCH_SAMPLES];

	for (size_t i = 0; i < n; i++) {
		samples[i] = rig_sample(self->rig.next + i);
		samples[i].wall_ms += wall_ms - RIG_WALL_MS;
		samples[i].clk = CLK_UNSET;
	}
	ASSERT_EQ(spool_append(self->rig.spool, samples, n), 0);
	self->rig.next += n;
}

static void turns(struct fixture_forward *self, int n)
{
	while (n--)
		turn(self);
}

static void expect_waiting(struct fixture_forward *self, uint64_t samples)
{
	struct store_report now = report(self);

	EXPECT_EQ(now.state, STORE_WAITING);
	ASSERT_TRUE(now.error != NULL);
	EXPECT_CONTAINS(now.error, "waiting for the clock");
	EXPECT_EQ(queued(self), samples);
}

TEST_F(forward, waits_for_the_clock_and_dates_what_came_before)
{
	struct time_note note = new_note();
	unsigned int requests;

	add_boot(&note, 0, TIME_WAITS);
	append_note(self, &note);
	append_unset(self, 50, 0);
	start(self);
	turns(self, 10);
	expect_waiting(self, 50);
	EXPECT_EQ(http_requests(self->server), 0);
	append_unset(self, 50, 0);
	rig_block(&self->rig);
	append_unset(self, 10, 0);
	turns(self, 10);
	expect_waiting(self, 110);
	/* Restarts change nothing. */
	restart(self);
	turns(self, 10);
	expect_waiting(self, 110);
	EXPECT_EQ(http_requests(self->server), 0);
	note.boots_n = 0;
	add_boot(&note, 0, TIME_BY_CLOCK);
	append_note(self, &note);
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	turn_until_idle(self);
	EXPECT_EQ(report(self).state, STORE_OK);
	EXPECT_EQ(report(self).cursor.delivered, 120);
	expect_stored(self, 0, 120);
	EXPECT_TRUE(was_stored(self, ",clk=0,"));
	requests = http_requests(self->server);
	turns(self, 10);
	EXPECT_EQ(http_requests(self->server), requests);
}

TEST_F(forward, tells_of_waiting_for_the_clock_once)
{
	struct time_note note = new_note();
	uint64_t changes;

	add_boot(&note, 0, TIME_WAITS);
	append_note(self, &note);
	append_unset(self, 50, 0);
	start(self);
	turns(self, 10);
	changes = store_changes(forward_store(self->forward, 0));
	turns(self, 100);
	EXPECT_EQ(store_changes(forward_store(self->forward, 0)), changes);
}

/* What the forwarder saw of an earlier boot says nothing of one that has begun since. */
TEST_F(forward, dates_no_boot_by_the_clock_of_another)
{
	struct time_note note = new_note();

	add_boot(&note, 0, TIME_BY_CLOCK);
	append_note(self, &note);
	append_unset(self, 20, 0);
	start(self);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.delivered, 20);
	add_boot(&note, records(self), TIME_WAITS);
	append_note(self, &note);
	append_unset(self, 20, 0);
	turns(self, 20);
	expect_waiting(self, 20);
	EXPECT_EQ(report(self).cursor.delivered, 20);
	note.boots[1].proof = TIME_BY_RTC;
	note.boots[1].ahead_ms = RIG_WALL_MS;
	note.boots[1].clk = 1;
	append_note(self, &note);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.delivered, 40);
	expect_stored(self, 0, 40);
	EXPECT_TRUE(was_stored(self, ",clk=1,"));
}

/* A short note, as there is one at the end of each block, names the one that has the boots. */
TEST_F(forward, finds_the_boots_behind_a_short_note)
{
	struct time_note note = new_note();

	add_boot(&note, 0, TIME_BY_CLOCK);
	note.boots_at = append_note(self, &note);
	append_unset(self, 50, 0);
	note.is_short = true;
	for (int i = 0; i < 20; i++) {
		append_unset(self, 5, 0);
		append_note(self, &note);
		rig_block(&self->rig);
	}
	append_unset(self, 5, 0);
	start(self);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.delivered, 155);
	expect_stored(self, 0, 155);
}

TEST_F(forward, counts_what_nothing_dates_and_goes_on)
{
	struct time_note note = new_note();

	add_boot(&note, 0, TIME_NEVER);
	append_unset(self, 30, 0);
	add_boot(&note, records(self), TIME_BY_CLOCK);
	append_unset(self, 30, 0);
	add_boot(&note, records(self), TIME_NEVER);
	append_unset(self, 30, 0);
	append_note(self, &note);
	ASSERT_EQ(rig_append(&self->rig, 30), 0);
	start(self);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.delivered, 60);
	EXPECT_EQ(report(self).cursor.dropped_undated, 60);
	EXPECT_EQ(produced(self), 120);
	expect_balance(self);
	/* It was counted durably. */
	restart(self);
	turns(self, 5);
	EXPECT_EQ(report(self).cursor.dropped_undated, 60);
	EXPECT_EQ(report(self).cursor.delivered, 60);
}

TEST_F(forward, passes_what_nothing_dates_without_a_request)
{
	struct time_note note = new_note();

	add_boot(&note, 0, TIME_NEVER);
	append_unset(self, 30, 0);
	append_note(self, &note);
	start(self);
	turn_until_idle(self);
	EXPECT_EQ(http_requests(self->server), 0);
	EXPECT_EQ(report(self).cursor.dropped_undated, 30);
	restart(self);
	turns(self, 5);
	EXPECT_EQ(report(self).cursor.dropped_undated, 30);
}

/* Notes of these boots went with the segment they were in. */
TEST_F(forward, counts_what_is_older_than_all_boots_there_are)
{
	struct time_note note = new_note();

	append_unset(self, 30, 0);
	add_boot(&note, records(self), TIME_BY_CLOCK);
	append_note(self, &note);
	append_unset(self, 30, 0);
	start(self);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.dropped_undated, 30);
	EXPECT_EQ(report(self).cursor.delivered, 30);
	expect_stored(self, 30, 60);
}

TEST_F(forward, sends_estimates_where_they_are_wanted)
{
	struct time_note note = new_note();

	self->rig.conf.sends_estimates = true;
	add_boot(&note, 0, TIME_NEVER);
	append_unset(self, 30, CLOCK_EARLIEST_MS);
	append_unset(self, 30, 0);
	append_note(self, &note);
	start(self);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.delivered, 30);
	EXPECT_EQ(report(self).cursor.dropped_undated, 30);
	EXPECT_TRUE(was_stored(self, "hydropon,channel=ph-a,clk=est,gateway=greenhouse,quantity=ph,"
				     "site=home,unit=pH value=0.000,q=0i 1767225600000\n"));
}

/* None is sent while the clock may still tell better. */
TEST_F(forward, estimates_nothing_before_it_must)
{
	struct time_note note = new_note();

	self->rig.conf.sends_estimates = true;
	add_boot(&note, 0, TIME_WAITS);
	append_note(self, &note);
	append_unset(self, 30, CLOCK_EARLIEST_MS);
	start(self);
	turns(self, 10);
	expect_waiting(self, 30);
}

TEST_F(forward, waits_where_no_note_tells_of_time)
{
	append_unset(self, 30, 0);
	start(self);
	turns(self, 10);
	expect_waiting(self, 30);
}

/* Points: what is no sample. They are not among the samples that are counted. */
static void append_point(struct fixture_forward *self, const char *subject, int64_t wall_ms, int8_t clk)
{
	struct point point = point_new("hydropon_event");
	uint8_t bytes[NOTE_BYTES_MAX];

	point_tag(&point, "event", "trip");
	point_tag(&point, "subject", subject);
	point_field(&point, "on", 1);
	point.wall_ms = wall_ms;
	point.boot_ns = 77 * NS_PER_MS;
	point.clk = clk;
	ASSERT_EQ(spool_note(self->rig.spool, bytes, point_put(bytes, &point)), 0);
}

TEST_F(forward, delivers_points_beside_samples)
{
	append_point(self, "pump-a", RIG_WALL_MS + 1, 0);
	start(self);
	turn_requests(self, 1);
	EXPECT_TRUE(was_stored(self, "hydropon_event,clk=0,event=trip,gateway=greenhouse,site=home,"
				     "subject=pump-a on=1i 1690000000001\n"));
	EXPECT_EQ(report(self).cursor.delivered, 0);
	EXPECT_EQ(http_requests(self->server), 1);
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	append_point(self, "pump-b", RIG_WALL_MS + 2, 3);
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	turn_until_idle(self);
	turns(self, 5);
	EXPECT_EQ(report(self).cursor.delivered, 20);
	EXPECT_TRUE(was_stored(self, "hydropon_event,clk=3,event=trip,gateway=greenhouse,site=home,"
				     "subject=pump-b on=1i 1690000000002\n"));
	expect_balance(self);
}

TEST_F(forward, dates_points_as_samples)
{
	struct time_note note = new_note();

	add_boot(&note, 0, TIME_WAITS);
	append_note(self, &note);
	append_point(self, "pump-a", 5, CLK_UNSET);
	start(self);
	turns(self, 10);
	EXPECT_EQ(http_requests(self->server), 0);
	note.boots[0].proof = TIME_BY_CLOCK;
	note.boots[0].ahead_ms = RIG_WALL_MS;
	append_note(self, &note);
	turn_requests(self, 1);
	EXPECT_TRUE(was_stored(self, "subject=pump-a on=1i 1690000000077\n"));
	/* What nothing dates is left out, and is no sample that is missing. */
	note.boots[0].proof = TIME_NEVER;
	add_boot(&note, records(self), TIME_NEVER);
	append_note(self, &note);
	append_point(self, "pump-b", 5, CLK_UNSET);
	ASSERT_EQ(rig_append(&self->rig, 1), 0);
	turn_until_idle(self);
	EXPECT_FALSE(was_stored(self, "pump-b"));
	EXPECT_EQ(report(self).cursor.dropped_undated, 0);
	EXPECT_EQ(report(self).cursor.delivered, 1);
}

static struct http_answer refuse_points(void *data, const char *lines, size_t n)
{
	return (struct http_answer){ .status = strstr(lines, "hydropon_event") ? 400 : 204 };
}

/* A store that takes no points: they are set aside, and are no samples that were. */
TEST_F(forward, sets_a_refused_point_aside)
{
	script(self, refuse_points);
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	append_point(self, "pump-a", RIG_WALL_MS + 5, 0);
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	start(self);
	turn_until_idle(self);
	turns(self, 20);
	EXPECT_EQ(report(self).cursor.delivered, 20);
	EXPECT_EQ(report(self).cursor.set_aside, 0);
	expect_balance(self);
	expect_stored(self, 0, 20);
}

/* Alone at the end: there is no line behind it that could be tried. */
TEST_F(forward, keeps_a_refused_point_of_a_store_that_takes_nothing)
{
	script(self, refuse_points);
	append_point(self, "pump-a", RIG_WALL_MS + 5, 0);
	start(self);
	turn_requests(self, 3);
	EXPECT_EQ(report(self).state, STORE_BACKOFF);
	EXPECT_CONTAINS(report(self).error, "it refuses every line");
	ASSERT_EQ(rig_append(&self->rig, 10), 0);
	turns(self, 2);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.delivered, 10);
}

/* The one line that could show whether the store takes any waits itself. */
TEST_F(forward, pauses_where_no_other_line_can_be_tried)
{
	struct time_note note = new_note();
	unsigned int requests;

	LOCKED(self, self->status = 400);
	ASSERT_EQ(rig_append(&self->rig, 1), 0);
	add_boot(&note, records(self), TIME_WAITS);
	append_note(self, &note);
	append_unset(self, 10, 0);
	start(self);
	for (int i = 0; i < TURNS_MAX && self->pauses < 5; i++)
		turn(self);
	EXPECT_EQ(report(self).state, STORE_BACKOFF);
	EXPECT_CONTAINS(report(self).error, "it refuses a line, and no other could be tried");
	EXPECT_GE(self->pauses, 5);
	requests = http_requests(self->server);
	EXPECT_LE(requests, 2 * self->pauses + 2);
}

/* Where records are missing there may have been another boot. */
TEST_F(forward, dates_nothing_over_damage)
{
	struct time_note note = new_note();

	add_boot(&note, 0, TIME_BY_CLOCK);
	append_note(self, &note);
	append_unset(self, 10, 0);
	rig_block(&self->rig);
	add_boot(&note, records(self), TIME_WAITS);
	append_note(self, &note);
	append_unset(self, 10, 0);
	rig_block(&self->rig);
	append_unset(self, 10, 0);
	/* The block with the note of the second boot. */
	rig_damage(self->rig.segment, 3 * PAGE_BYTES + 100);
	start(self);
	turns(self, 40);
	EXPECT_EQ(report(self).cursor.delivered, 0);
	EXPECT_EQ(http_requests(self->server), 0);
	/* Until one comes behind it. */
	append_note(self, &note);
	turn_requests(self, 1);
	EXPECT_EQ(report(self).cursor.delivered, 10);
	EXPECT_EQ(queued(self), 10);
}

/* The note that has the boots went with its segment, or is damaged: the next one will tell. */
TEST_F(forward, waits_where_a_short_note_has_lost_its_boots)
{
	struct time_note note = new_note();

	add_boot(&note, 0, TIME_WAITS);
	append_unset(self, 10, 0);
	note.is_short = true;
	note.boots_at = 3;
	append_note(self, &note);
	start(self);
	turns(self, 20);
	expect_waiting(self, 10);
	note.is_short = false;
	note.boots[0].proof = TIME_BY_CLOCK;
	note.boots[0].ahead_ms = RIG_WALL_MS;
	append_note(self, &note);
	turns(self, 2);
	turn_until_idle(self);
	expect_stored(self, 0, 10);
}

/* What was known of the boots of one spool says nothing of those of another. */
TEST_F(forward, dates_nothing_by_a_spool_that_was_replaced)
{
	struct time_note note = new_note();

	add_boot(&note, 0, TIME_BY_CLOCK);
	append_note(self, &note);
	append_unset(self, 50, 0);
	start(self);
	turn_until_idle(self);
	EXPECT_EQ(report(self).cursor.delivered, 50);
	rig_close(&self->rig);
	scratch_remove(self->rig.folder);
	self->rig.next = 0;
	rig_open(&self->rig);
	append_unset(self, 20, 0);
	turns(self, 20);
	expect_waiting(self, 20);
	EXPECT_EQ(report(self).cursor.delivered, 50);
}
