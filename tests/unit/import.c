// SPDX-License-Identifier: GPL-2.0-only
/* The spool of another gateway is delivered to the stores of this one. */
#include "harness.h"

#include <sys/eventfd.h>

#include "support/forward_rig.h"

#include "forward/import.h"

/* A spool that was carried here: its own state, its name, and no hydropond. */
static struct spool_rig there;
static int signal_fd;

static void carry(struct fixture_forward *self)
{
	rig_make(&there);
	snprintf(there.conf.gateway, sizeof(there.conf.gateway), "far-house");
	rig_open(&there);
	ASSERT_EQ(rig_append_block(&there, 500), 0);
	ASSERT_EQ(rig_append(&there, 250), 0);
	rig_close(&there);
	signal_fd = eventfd(0, EFD_CLOEXEC);
	self->rig.conf.stores[0].batch_lines = 100;
	self->rig.conf.stores[0].begins_at_oldest = false;
}

static void put_away(void)
{
	close(signal_fd);
	rig_remove(&there);
}

static int run(struct fixture_forward *self)
{
	return import(&self->rig.conf, there.folder, signal_fd);
}

TEST_F(forward, import_delivers_all_of_it_once_and_under_its_name)
{
	char path[CONF_PATH_MAX + 32];
	unsigned int requests;

	carry(self);
	snprintf(path, sizeof(path), "%s/cursors/local", self->rig.conf.state_dir);
	EXPECT_EQ(run(self), 0);
	expect_stored(self, 0, 750);
	EXPECT_TRUE(was_stored(self, "gateway=far-house"));
	EXPECT_FALSE(was_stored(self, "gateway=greenhouse"));
	requests = http_requests(self->server);
	EXPECT_EQ(run(self), 0);
	EXPECT_EQ(http_requests(self->server), requests);
	/* Nothing of it is among what this gateway delivers. */
	EXPECT_EQ(access(path, F_OK), -1);
	snprintf(path, sizeof(path), "%s/forward/forward.json", self->rig.conf.run_dir);
	EXPECT_EQ(access(path, F_OK), -1);
	put_away();
}

/* The 401st sample ends it. */
static struct http_answer stop_at_400(void *data, const char *lines, size_t n)
{
	struct fixture_forward *self = data;

	if (strstr(lines, "1690000000400\n"))
		eventfd_write(signal_fd, 1);
	return answer_as_told(self, lines, n);
}

TEST_F(forward, import_goes_on_where_it_was_broken_off)
{
	uint64_t drained;

	carry(self);
	LOCKED(self, self->server->script = stop_at_400; self->server->data = self);
	EXPECT_EQ(run(self), 1);
	LOCKED(self, self->server->script = answer_as_told;
	       self->server->data = self);
	ASSERT_EQ(read(signal_fd, &drained, sizeof(drained)), sizeof(drained));
	EXPECT_EQ(run(self), 0);
	/* A batch whose answer was not waited for comes twice, as the same points. */
	EXPECT_TRUE(was_stored(self, " 1690000000749\n"));
	EXPECT_TRUE(was_stored(self, " 1690000000000\n"));
	put_away();
}

TEST_F(forward, import_says_what_is_wrong)
{
	carry(self);
	rig_remove(&there);
	rig_make(&there);
	EXPECT_EQ(run(self), 1);
	self->rig.conf.stores_n = 0;
	rig_open(&there);
	rig_close(&there);
	EXPECT_EQ(run(self), 1);
	put_away();
}

TEST_F(forward, import_of_an_empty_spool_all_is_delivered)
{
	carry(self);
	rig_remove(&there);
	rig_make(&there);
	rig_open(&there);
	rig_close(&there);
	EXPECT_EQ(run(self), 0);
	EXPECT_EQ(http_requests(self->server), 0);
	put_away();
}

TEST_F_TIMEOUT(forward, import_does_not_wait_for_a_clock_that_nobody_sets, 60)
{
	struct sample sample = rig_sample(750);

	carry(self);
	sample.clk = CLK_UNSET;
	rig_open(&there);
	ASSERT_EQ(spool_append(there.spool, &sample, 1), 0);
	rig_close(&there);
	EXPECT_EQ(run(self), 1);
	expect_stored(self, 0, 750);
	put_away();
}
