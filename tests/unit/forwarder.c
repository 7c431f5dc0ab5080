// SPDX-License-Identifier: GPL-2.0-only
/* How the stores are, as hydropond keeps it: from what the forwarder reports. */
#include "support/scratch.h"

#include <stdio.h>
#include <unistd.h>

#include "control/forwarder.h"

#define STORE(name, more) "{\"name\":\"" name "\",\"produced\":9,\"delivered\":5,\"queued\":1,\"set_aside\":0,"	\
	"\"dropped\":{\"spool full\":1,\"no date\":2}," more "}"

FIXTURE(forwarder) {
	char dir[SCRATCH_PATH_MAX], folder[SCRATCH_PATH_MAX + 16], path[SCRATCH_PATH_MAX + 32];
	struct forwarder *forwarder;
	struct point points[CONF_MAX_STORES];
};
FIXTURE_SETUP(forwarder)
{
	scratch_make(self->dir);
	snprintf(self->folder, sizeof(self->folder), "%s/forward", self->dir);
	snprintf(self->path, sizeof(self->path), "%s/forward/forward.json", self->dir);
	mkdir(self->folder, 0700);
	self->forwarder = forwarder_new(self->dir);
}
FIXTURE_TEARDOWN(forwarder)
{
	forwarder_free(self->forwarder);
	scratch_remove(self->dir);
}

/* What comes of a report of process @pid; returns the number of points. */
static size_t report(struct fixture_forwarder *self, int pid, const char *stores)
{
	char text[4096];

	snprintf(text, sizeof(text), "{\"pid\":%d,\"updated_ms\":1,\"stores\":[%s]}", pid, stores);
	scratch_write(self->path, text, strlen(text));
	forwarder_read(self->forwarder);
	return forwarder_health(self->forwarder, self->points, CONF_MAX_STORES);
}

static int64_t field(const struct point *point, const char *key)
{
	for (size_t i = 0; i < point->fields_n; i++)
		if (!strcmp(point->fields[i].key, key))
			return point->fields[i].value;
	return -1;
}

TEST_F(forwarder, makes_a_point_of_each_store)
{
	ASSERT_EQ(report(self, getpid(), STORE("vm", "\"state\":\"ok\",\"lag_ms\":null") ","
			 STORE("cloud", "\"state\":\"backoff\",\"lag_ms\":1500")), 2);
	EXPECT_STREQ(self->points[0].measurement, "hydropon_store");
	EXPECT_STREQ(self->points[0].tags[0].value, "vm");
	EXPECT_EQ(field(&self->points[0], "produced"), 9);
	EXPECT_EQ(field(&self->points[0], "delivered"), 5);
	EXPECT_EQ(field(&self->points[0], "dropped"), 3);
	EXPECT_EQ(field(&self->points[0], "ok"), 1);
	EXPECT_EQ(field(&self->points[0], "lag_ms"), -1);
	EXPECT_STREQ(self->points[1].tags[0].value, "cloud");
	EXPECT_EQ(field(&self->points[1], "ok"), 0);
	EXPECT_EQ(field(&self->points[1], "lag_ms"), 1500);
}

TEST_F(forwarder, says_nothing_of_stores_without_a_forwarder_or_a_name)
{
	/* There is no such process. */
	EXPECT_EQ(report(self, INT32_MAX, STORE("vm", "\"state\":\"ok\"")), 0);
	EXPECT_EQ(report(self, getpid(), "1,null,{\"name\":5},{},[]," STORE("a b", "\"x\":1")), 0);
	EXPECT_EQ(report(self, getpid(), STORE("vm", "\"state\":7,\"lag_ms\":\"x\"")), 1);
	EXPECT_EQ(field(&self->points[0], "ok"), 0);
	unlink(self->path);
	forwarder_read(self->forwarder);
	EXPECT_EQ(forwarder_health(self->forwarder, self->points, CONF_MAX_STORES), 0);
}
